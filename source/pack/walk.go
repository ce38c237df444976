package pack

import (
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/straykey/straykey/delta"
	"github.com/straykey/straykey/source"
)

// WalkOptions says what a [Walk] visits.
type WalkOptions struct {
	Want TypeSet // types to visit
	// Filter, if not nil, leaves only the objects for which it is true. It is called by one goroutine before the first
	// Visit, once for each object of a wanted type; those of unknown type are not asked about.
	Filter   func(Num) bool
	Workers  int       // number of goroutines; 0 means GOMAXPROCS
	Progress *Progress // if not nil, counts as the walk goes on
}

// Progress counts what a walk has done so far. Its fields may be read at any time.
type Progress struct {
	Total   atomic.Int64 // objects to visit; 0 until known
	Objects atomic.Int64 // objects visited or skipped so far
	Bytes   atomic.Int64 // bytes of the objects visited so far
}

// poolBytes is how many bytes of unused buffers all workers of a walk may keep together.
const poolBytes = 64 << 20

// Walk visits every object of the wanted types exactly once, however many packs hold it.
// newVisitor is called once for each worker, before any object is visited; the visitors are
// returned in that order, also on error.
//
// An object that is stored as a delta is visited while its base is at hand, and soon after it. Which worker visits which object
// is not determined; what is visited, and with which Runs, is. A base that is not to be visited, or could not be, is no base to
// its derived objects: they are visited without Runs.
//
// Objects that cannot be read are given to Skip and are no error. Those of unknown type are given to Skip whatever
// types are wanted. The error is that of ctx.
func Walk[S any](ctx context.Context, s *Store, o WalkOptions, newVisitor func() Visitor[S]) ([]Visitor[S], error) {
	workers := o.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	progress := o.Progress
	if progress == nil {
		progress = new(Progress)
	}
	visitors := make([]Visitor[S], workers)
	for i := range visitors {
		visitors[i] = newVisitor()
	}
	if err := ctx.Err(); err != nil {
		return visitors, err
	}
	table := s.forest()
	plan := newPlan(table, o.Want, o.Filter)
	progress.Total.Store(plan.total)

	var stop atomic.Bool
	defer context.AfterFunc(ctx, func() { stop.Store(true) })()
	var next atomic.Int64
	var wg sync.WaitGroup
	for _, v := range visitors {
		wg.Go(func() {
			w := walker[S]{builder: newBuilder(s, poolBytes/workers), table: table, plan: plan, visitor: v, progress: progress, stop: &stop}
			defer w.report()
			defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // for mapped files, see catchFault
			for !stop.Load() {
				i := int(next.Add(1)) - 1
				if i >= len(plan.roots) {
					return
				}
				w.family(plan.roots[i])
			}
		})
	}
	wg.Wait()
	return visitors, ctx.Err()
}

// walker is one worker of a Walk.
type walker[S any] struct {
	*builder
	table    *table
	plan     *plan
	visitor  Visitor[S]
	stack    []step[S] // bases that have children left to visit
	progress *Progress
	stop     *atomic.Bool

	objects, bytes int64 // done since the last report
}

// step is an object whose descendants are being visited.
type step[S any] struct {
	entry   uint32
	next    uint32 // next child, as in node
	data    []byte // from the pool
	state   S
	visited bool          // state is valid
	failed  source.Reason // why there is no data; empty when there is
}

// family visits the objects of one delta tree, depth first.
func (w *walker[S]) family(root uint32) {
	w.stack = w.stack[:0]
	at := w.open(root, nil)
	for !w.stop.Load() {
		if at.next == 0 {
			w.close(&at)
			if len(w.stack) == 0 {
				return
			}
			last := len(w.stack) - 1
			at = w.stack[last]
			w.stack[last] = step[S]{}
			w.stack = w.stack[:last]
			continue
		}
		child := at.next - 1
		at.next = w.plan.nodes[child].next
		down := w.open(child, &at)
		if at.next == 0 {
			w.close(&at) // nothing else is based on it
		} else {
			w.stack = append(w.stack, at)
		}
		at = down
	}
}

// open builds an object on its base and visits it.
func (w *walker[S]) open(i uint32, base *step[S]) step[S] {
	e, n := &w.table.entries[i], &w.plan.nodes[i]
	at := step[S]{entry: i, next: n.child}
	var from []byte
	var err error
	if base != nil {
		from = base.data
		if base.failed != "" {
			err = errBase{w.s.ID(w.table.entries[base.entry].num), base.failed}
		}
	}
	isDelta := false
	if err == nil {
		at.data, isDelta, err = w.build(e, from, n.child != 0)
	}
	if err != nil && !errors.As(err, new(errTooLarge)) && len(w.s.otherCopies(e.num)) > 0 {
		at.data, isDelta, err = w.readOdd(e)
	}
	if err == nil && uint64(len(at.data)) > uint64(w.s.maxObject) {
		// Needed as a base only.
		w.skip(e, n, errTooLarge{uint64(len(at.data)), uint64(w.s.maxObject)})
		return at
	}
	if large := (errTooLarge{}); errors.As(err, &large) {
		err = errTooLarge{large.size, uint64(w.s.maxObject)} // also of what may be larger, as others are built on it
	}
	if err != nil {
		at.failed = w.skip(e, n, err)
		return at
	}
	if !n.visit {
		return at
	}
	o := Object{Num: e.num, Type: e.typ, Data: at.data}
	var state S
	if isDelta && base.visited {
		o.Runs, state = w.runs, base.state
	}
	at.state, at.visited = w.visitor.Visit(o, state), true
	w.count(len(at.data))
	return at
}

// close ends the use of an object.
func (w *walker[S]) close(at *step[S]) {
	if at.visited {
		w.visitor.Done(at.state)
	}
	if at.data != nil {
		w.pool.put(at.data)
	}
}

// skip tells why an object is not visited, and returns the reason.
func (w *walker[S]) skip(e *entry, n *node, err error) source.Reason {
	p := w.s.objectProblem(e.num, e.loc, err)
	if n.visit {
		w.visitor.Skip(e.num, e.typ, p)
		w.count(0)
	}
	return p.Reason
}

// count adds an object to the progress, from time to time: the counters are shared by all workers.
func (w *walker[S]) count(bytes int) {
	w.objects++
	w.bytes += int64(bytes)
	if w.objects >= 256 || w.bytes >= 1<<20 {
		w.report()
	}
}

func (w *walker[S]) report() {
	w.progress.Objects.Add(w.objects)
	w.progress.Bytes.Add(w.bytes)
	w.objects, w.bytes = 0, 0
}

// builder builds objects for one worker.
type builder struct {
	s      *Store
	pool   pool
	zlib   inflater
	reader *Reader // made when there is need
	delta  []byte
	runs   []delta.Run // of the object built last
	forms  *copyForms
}

func newBuilder(s *Store, poolLimit int) *builder {
	return &builder{s: s, pool: pool{limit: poolLimit}, runs: make([]delta.Run, 0, 64), forms: newCopyForms()}
}

// build builds the object of an entry in a buffer of the pool. base is the content of the entry's base, if it has one. An
// object that others are built on may be larger than the limit. isDelta says that b.runs tells what it has from its base.
func (b *builder) build(e *entry, base []byte, isBase bool) (data []byte, isDelta bool, err error) {
	if e.flags&odd != 0 {
		return b.readOdd(e)
	}
	defer catchFault(&err)
	packed, h, err := b.s.packedBytes(e)
	if err != nil {
		return nil, false, err
	}
	limit := uint64(b.s.maxObject)
	if isBase {
		limit *= baseFactor
	}
	// The packed bytes have been compared with the index's CRC-32 already, by readHeader. Adler-32 on top of it
	// would cost 3.5 % of a walk, and find only what was wrong before it was packed.
	b.zlib.SkipChecksum = b.s.packs[e.loc.pack()].idx.crcs != nil
	if !h.isDelta() {
		if h.size > limit {
			return nil, false, errTooLarge{h.size, limit}
		}
		data = b.pool.get(int(h.size))
		err = b.zlib.inflate(data, packed[h.len:])
	} else {
		isDelta = true
		data, err = b.patch(h, packed, base, limit)
	}
	if err == nil && b.s.packs[e.loc.pack()].needsProof() {
		err = b.verify(e, data)
	}
	return data, isDelta, err
}

// patch applies a delta to its base.
func (b *builder) patch(h entryHeader, packed, base []byte, limit uint64) ([]byte, error) {
	// Whether anything is built on the object this time does not count here, or its own size would be told one time and that of
	// its delta another.
	if h.size > 2*uint64(b.s.maxObject)*baseFactor {
		return nil, errTooLarge{h.size, limit}
	}
	if uint64(cap(b.delta)) < h.size {
		b.delta = make([]byte, h.size+h.size/4)
	}
	d := b.delta[:h.size]
	if err := b.zlib.inflate(d, packed[h.len:]); err != nil {
		return nil, err
	}
	size, ops, err := b.forms.checkDelta(d, len(base), limit)
	if err != nil {
		return nil, err
	}
	data := b.pool.get(size)
	b.runs, err = b.forms.apply(data, base, ops, b.runs[:0])
	return data, err
}

// readOdd reads an object without regard to the delta forest.
func (b *builder) readOdd(e *entry) (data []byte, isDelta bool, err error) {
	_, content, err := b.oddReader().Read(e.num)
	if err != nil {
		return nil, false, err
	}
	data = b.pool.get(len(content))
	copy(data, content)
	return data, false, nil
}

func (b *builder) oddReader() *Reader {
	if b.reader == nil {
		b.reader = b.s.NewPlainReader()
	}
	return b.reader
}

// verify compares an object with its id.
func (b *builder) verify(e *entry, data []byte) error {
	return b.oddReader().verify(e.num, e.typ, data)
}
