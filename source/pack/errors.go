package pack

import (
	"errors"
	"fmt"
	"os"

	"github.com/straykey/straykey/source"
)

// What can be wrong with an object. The texts follow "object … is corrupt in …:".
var (
	errOffset     = errors.New("the index gives an offset outside of the pack")
	errHeader     = errors.New("its pack entry has a corrupt header")
	errType       = errors.New("its pack entry has an unknown type")
	errBaseOffset = errors.New("its delta base is not where the pack says")
	errLie        = errors.New("its announced size is more than its bytes can hold")
	errCRC        = errors.New("its packed bytes do not have the checksum that the index gives")
	errDelta      = errors.New("its delta is corrupt")
	errDeltaBase  = errors.New("its delta is for a base of another size")
	errChain      = errors.New("its chain of deltas is endless")
	errHash       = errors.New("its content does not have the hash that is its id")
	errLoose      = errors.New("its file does not start with a type and a size")
)

// errTooLarge says that an object, or one needed to build it, is over the limit.
type errTooLarge struct{ size, limit uint64 }

func (e errTooLarge) Error() string {
	return fmt.Sprintf("%d bytes, the limit is %d", e.size, e.limit)
}

// errNoBase says that a delta's base is not in the store.
type errNoBase struct{ id ID }

func (e errNoBase) Error() string { return "its delta base " + e.id.String() + " is not in the store" }

// errBase says that a delta's base cannot be read.
type errBase struct {
	id     ID
	reason source.Reason
}

func (e errBase) Error() string {
	return fmt.Sprintf("its delta base %s is %s", e.id, e.reason)
}

// objectProblem describes what went wrong with a copy of an object.
func (s *Store) objectProblem(n Num, loc location, err error) source.Problem {
	if known := (*ObjectError)(nil); errors.As(err, &known) {
		return known.Problem
	}
	p := source.Problem{Reason: source.Corrupt, What: s.ID(n).String(), Where: s.where(loc), Detail: err.Error()}
	var (
		tooLarge errTooLarge
		noBase   errNoBase
		base     errBase
		pathErr  *os.PathError
	)
	switch {
	case errors.As(err, &tooLarge):
		p.Reason = source.TooLarge
	case errors.As(err, &base):
		p.Reason = base.reason
	case errors.As(err, &noBase), errors.Is(err, os.ErrNotExist):
		p.Reason = source.Absent
	case errors.As(err, &pathErr), errors.Is(err, errFault):
		p.Reason = source.Unreadable
	}
	return p
}

// where names the file that a location is in.
func (s *Store) where(loc location) string {
	if loc.pack() == looseStore {
		return s.loosePath(int(loc.offset()))
	}
	return s.packs[loc.pack()].path
}

// ObjectError says that an object cannot be read, and why.
type ObjectError struct {
	Problem source.Problem // What is the object's id, Where the file

	cause error
}

// Unwrap returns the cause.
func (e *ObjectError) Unwrap() error { return e.cause }

// Error returns the problem in words.
func (e *ObjectError) Error() string {
	p := e.Problem
	s := "object " + p.What + " is " + string(p.Reason)
	if p.Where != "" {
		s += " in " + p.Where
	}
	if p.Detail != "" {
		s += ": " + p.Detail
	}
	return s
}
