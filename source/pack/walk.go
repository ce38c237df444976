package pack

import (
	"context"
	"sync/atomic"
)

// WalkOptions says what a [Walk] visits.
type WalkOptions struct {
	Want     TypeSet        // types to visit
	Filter   func(Num) bool // if not nil, visit only objects for which it is true; called before the first Visit, by one goroutine
	Workers  int            // number of goroutines; 0 means GOMAXPROCS
	Progress *Progress      // if not nil, counts as the walk goes on
}

// Progress counts what a walk has done so far. Its fields may be read at any time.
type Progress struct {
	Total   atomic.Int64 // objects to visit; 0 until known
	Objects atomic.Int64 // objects visited or skipped so far
	Bytes   atomic.Int64 // bytes of the objects visited so far
}

// Walk visits every object of the wanted types exactly once, however many packs hold it.
// newVisitor is called once for each worker, before any object is visited; the visitors are
// returned in that order, also on error.
//
// Objects that are stored as deltas are visited right after others with the same base. Which
// worker visits which object is not determined; what is visited, and with which Runs, is.
//
// Objects that cannot be read are given to Skip and are no error. The error is that of ctx.
func Walk[S any](ctx context.Context, s *Store, o WalkOptions, newVisitor func() Visitor[S]) ([]Visitor[S], error) {
	return nil, nil
}
