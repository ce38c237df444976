package pack

import (
	"cmp"
	"math/bits"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
)

// table is the delta forest of a store: one entry for each copy of each object, in pack order, so that neighbours in a pack are
// neighbours in memory. It is built by the first Walk and kept.
type table struct {
	entries []entry
}

// entry is one copy of an object: where it is and what it is based on. Only the preferred copy of an object is built. As
// base it stands for all others: what several packs need is built once, and deltas may stand on bases in other packs.
type entry struct {
	loc   location
	num   Num
	len   uint32 // bytes up to the next entry of the pack; noLen when they are too many to count here
	base  uint32 // entry of the delta base, or none
	typ   Type   // 0 when it cannot be told
	flags entryFlags
}

type entryFlags uint8

const (
	odd    entryFlags = 1 << iota // to be read by a Reader: loose, damaged, or based on something that is not in the table
	spare                         // another copy is preferred: this entry is no part of the forest
	typed                         // typ is final
	onPath                        // on the chain that is being followed
)

const (
	none  = 1<<32 - 1
	noLen = 1<<32 - 1
)

// packOrder is the entries of one pack sorted by offset.
type packOrder struct {
	keys    []uint64 // offset << posBits | position in the index
	posBits int
	nums    []Num  // by position in the index; nil when position and number are the same
	first   int    // the pack's first entry in the table
	end     uint64 // offsets from here on cannot be right
}

// outside stands for all offsets that cannot be right.
func (o *packOrder) outside() uint64 { return 1<<(64-o.posBits) - 1 }

// known returns off, or outside.
func (o *packOrder) known(off uint64) uint64 {
	if off >= o.end {
		return o.outside()
	}
	return off
}

func (o *packOrder) offset(k int) uint64 { return o.keys[k] >> o.posBits }
func (o *packOrder) pos(k int) int       { return int(o.keys[k] & (1<<o.posBits - 1)) }
func (o *packOrder) num(k int) Num {
	if o.nums == nil {
		return Num(o.pos(k))
	}
	return o.nums[o.pos(k)]
}

// find returns which entry starts at an offset. It searches backwards from entry i in growing steps, because bases are
// most often near.
func (o *packOrder) find(off uint64, i int) (int, bool) {
	step := 1
	for i > 0 && o.offset(i) > off {
		i, step = max(i-step, 0), 2*step
	}
	lo, hi := i, min(i+step, len(o.keys))
	for lo < hi { // written out: a third of the time of slices.BinarySearchFunc, half a million times
		if mid := int(uint(lo+hi) / 2); o.offset(mid) < off {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, lo < len(o.keys) && o.offset(lo) == off
}

// forest returns the store's table.
func (s *Store) forest() *table {
	s.tableOnce.Do(s.buildTable)
	return &s.table
}

func (s *Store) buildTable() {
	f := forester{s: s, orders: make([]packOrder, len(s.packs))}
	packed := 0
	for i, p := range s.packs {
		f.orders[i] = s.order(p)
		f.orders[i].first = packed
		packed += p.idx.n
	}
	f.entries = make([]entry, packed, packed+s.loose.Len())
	for n, loc := range s.locs {
		if loc.pack() == looseStore {
			f.entries = append(f.entries, entry{loc: loc, num: Num(n), base: none, flags: odd})
		}
	}
	f.loose = len(f.entries) - packed
	for i := range s.packs {
		parallel(s.packs[i].idx.n, 1<<13, func(from, to int) { f.readHeaders(i, from, to) })
	}
	parallel(f.loose, 1<<6, func(from, to int) { s.readOdd(f.entries[packed+from : packed+to]) })
	for i := range f.entries[:packed] {
		if e := &f.entries[i]; e.flags&(odd|spare) == odd {
			s.readOdd(f.entries[i : i+1])
		}
	}
	f.resolveTypes()
	s.table.entries = f.entries
}

// forester builds a table.
type forester struct {
	s       *Store
	orders  []packOrder // by pack
	entries []entry     // of all packs, then of the loose objects
	loose   int         // number of loose objects whose preferred copy is loose
}

// parallel calls f with consecutive parts of the numbers below n from as many goroutines as there are processors.
func parallel(n, part int, f func(from, to int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (n+part-1)/part) {
		wg.Go(func() {
			for {
				to := int(next.Add(int64(part)))
				from := to - part
				if from >= n {
					return
				}
				f(from, min(to, n))
			}
		})
	}
	wg.Wait()
}

// order sorts the entries of a pack by offset.
func (s *Store) order(p *packFile) packOrder {
	n := p.idx.n
	o := packOrder{keys: make([]uint64, n), posBits: bits.Len(uint(n))}
	o.end = min(p.end, o.outside())
	for i := range n {
		off, ok := p.idx.offset(i)
		if !ok {
			off = o.outside()
		}
		o.keys[i] = o.known(off)<<o.posBits | uint64(i)
	}
	sortKeys(o.keys, o.posBits, bits.Len64(o.end))
	if n == s.Len() && len(s.copies) == 0 {
		return o
	}
	o.nums = make([]Num, n)
	num := Num(0)
	for i := range n { // both lists are sorted
		for string(s.id(num)) != string(p.idx.id(i)) {
			num++
		}
		o.nums[i] = num
	}
	return o
}

// sortKeys sorts by the bits from low on, of which high count; a larger number counts as the largest. It is a radix sort, since
// a pack has a million entries and comparing takes five times as long. Equal keys keep their order.
func sortKeys(keys []uint64, low, high int) {
	const digit = 11
	limit := uint64(1)<<high - 1
	from, to := keys, make([]uint64, len(keys))
	for shift := 0; shift < high; shift += digit {
		var start [1<<digit + 1]uint32
		rank := func(key uint64) uint64 { return min(key>>low, limit) >> shift & (1<<digit - 1) }
		for _, k := range from {
			start[rank(k)+1]++
		}
		for i := 1; i < len(start); i++ {
			start[i] += start[i-1]
		}
		for _, k := range from {
			r := rank(k)
			to[start[r]] = k
			start[r]++
		}
		from, to = to, from
	}
	copy(keys, from)
}

// readHeaders fills in a range of the entries of one pack from their headers. Every entry's checksum is compared here, not
// when it is inflated: with a damaged header an object could pass for one of another type and never be looked at.
func (f *forester) readHeaders(pack, from, to int) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	o := &f.orders[pack]
	crcs := f.crcs(pack, from, to)
	for k := from; k < to; k++ {
		e := &f.entries[o.first+k]
		*e = entry{loc: makeLocation(pack, o.offset(k)), num: o.num(k), base: none}
		if o.nums != nil && !f.preferred(pack, k) {
			e.flags = spare
			continue
		}
		if err := f.readHeader(pack, k, e, crcs[k-from]); err != nil {
			e.flags |= odd
		}
	}
}

// crcs returns the checksums of a range of entries, zeros when the index has none. Gathering them in a loop of their own lets the
// processor wait for many at a time: in pack order they are all over the index.
func (f *forester) crcs(pack, from, to int) []uint32 {
	crcs := make([]uint32, to-from)
	idx, o := f.s.packs[pack].idx, &f.orders[pack]
	if idx.crcs != nil {
		for i := range crcs {
			crcs[i] = idx.crc(o.pos(from + i))
		}
	}
	return crcs
}

// preferred reports whether the k-th entry of a pack is the copy of its object that is to be read.
func (f *forester) preferred(pack, k int) bool {
	o := &f.orders[pack]
	n, off := o.num(k), o.offset(k)
	if loc := f.s.locs[n]; loc.pack() != pack || o.known(loc.offset()) != off {
		return false
	}
	return k == 0 || o.offset(k-1) != off || o.num(k-1) != n // an index may list an object twice
}

// entryOf returns the entry of the preferred copy of a packed object.
func (f *forester) entryOf(n Num) uint32 {
	loc := f.s.locs[n]
	if loc.pack() == looseStore {
		loose := f.entries[len(f.entries)-f.loose:]
		at, _ := slices.BinarySearchFunc(loose, n, func(e entry, n Num) int { return cmp.Compare(e.num, n) })
		return uint32(len(f.entries) - f.loose + at)
	}
	o := &f.orders[loc.pack()]
	off := o.known(loc.offset())
	k, _ := slices.BinarySearch(o.keys, off<<o.posBits)
	for o.num(k) != n {
		k++ // an index may give several objects one place
	}
	return uint32(o.first + k)
}

func (f *forester) readHeader(pack, k int, e *entry, crc uint32) (err error) {
	defer catchFault(&err)
	p, o := f.s.packs[pack], &f.orders[pack]
	off := e.loc.offset()
	h, b, err := p.entry(off, f.s.hashLen)
	if err != nil {
		return err
	}
	for next := k + 1; next < len(o.keys); next++ {
		if end := o.offset(next); end > off {
			b = b[:min(uint64(len(b)), end-off)]
			break
		}
	}
	e.len = uint32(min(uint64(len(b)), noLen))
	if p.idx.crcs != nil {
		if err := checkCRC(b, crc); err != nil {
			return err
		}
	}
	switch h.kind {
	case ofsDelta:
		at, ok := o.find(h.base, k)
		if !ok {
			return errBaseOffset
		}
		e.base = uint32(o.first + at)
	case refDelta:
		n, ok := f.s.FindBytes(b[h.baseRef:][:f.s.hashLen])
		if !ok {
			return errNoBase{}
		}
		e.base = f.entryOf(n)
	default:
		e.typ = Type(h.kind)
	}
	return nil
}

// readOdd finds out the type of entries that are to be read by a Reader. Those that it cannot read keep type 0: even
// the type in their header may be wrong.
func (s *Store) readOdd(part []entry) {
	var r *Reader
	for i := range part {
		e := &part[i]
		if r == nil {
			r = s.NewReader()
		}
		if e.loc.pack() == looseStore {
			e.typ, _, _ = r.Header(e.num)
			continue
		}
		t, _, err := r.Read(e.num)
		if err != nil {
			t = 0
		}
		e.typ, e.base = t, none
	}
}

// resolveTypes gives every delta the type of the object at the end of its chain. A chain that comes back to itself
// is cut; only damaged or hostile packs have one.
func (f *forester) resolveTypes() {
	entries := f.entries
	var path []uint32
	for i := range entries {
		path = path[:0]
		at := uint32(i)
		for entries[at].base != none && entries[at].flags&(typed|onPath) == 0 {
			entries[at].flags |= onPath
			path = append(path, at)
			if base := &entries[entries[at].base]; base.flags&spare != 0 {
				entries[at].base = f.entryOf(base.num)
			}
			at = entries[at].base
		}
		if entries[at].flags&onPath != 0 {
			entries[at].flags |= odd
			f.s.readOdd(entries[at : at+1])
		}
		entries[at].flags |= typed
		for _, p := range path {
			entries[p].typ = entries[at].typ
			entries[p].flags = entries[p].flags&^onPath | typed
		}
	}
}

// packedBytes returns the bytes of an entry from its header on; there may be more than belong to it.
func (s *Store) packedBytes(e *entry) ([]byte, entryHeader, error) {
	h, b, err := s.packs[e.loc.pack()].entry(e.loc.offset(), s.hashLen)
	if err == nil && e.len != noLen {
		b = b[:min(len(b), int(e.len))]
	}
	if err == nil && h.size/maxRatio > uint64(len(b)) {
		err = errLie
	}
	return b, h, err
}
