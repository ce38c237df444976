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

// table is the delta forest of a store: one entry for each object, in pack order, so that neighbours in a pack are
// neighbours in memory. It is built by the first Walk and kept.
type table struct {
	entries []entry
}

// entry is one object: where its preferred copy is and what it is based on. Since bases are objects, not places in a
// pack, a base that several packs hold is rebuilt once, and deltas may stand on bases in other packs.
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
	nums    []Num // by position in the index; nil when position and number are the same
}

func (o *packOrder) offset(i int) uint64 { return o.keys[i] >> o.posBits }
func (o *packOrder) pos(i int) int       { return int(o.keys[i] & (1<<o.posBits - 1)) }
func (o *packOrder) num(i int) Num {
	if o.nums == nil {
		return Num(o.pos(i))
	}
	return o.nums[o.pos(i)]
}

// find returns which entry starts at an offset. It searches backwards from entry i in growing steps, because bases are
// most often near.
func (o *packOrder) find(off uint64, i int) (int, bool) {
	step := 1
	for i > 0 && o.offset(i) > off {
		i, step = max(i-step, 0), 2*step
	}
	n := min(step, len(o.keys)-i)
	at, _ := slices.BinarySearchFunc(o.keys[i:i+n], off, func(key, off uint64) int { return cmp.Compare(key>>o.posBits, off) })
	at += i
	return at, at < len(o.keys) && o.offset(at) == off
}

// forest returns the store's table.
func (s *Store) forest() *table {
	s.tableOnce.Do(s.buildTable)
	return &s.table
}

func (s *Store) buildTable() {
	entries := make([]entry, 0, s.Len())
	entryOf := slices.Repeat([]uint32{none}, s.Len()) // by Num
	orders := make([]packOrder, len(s.packs))
	starts := make([]int, len(s.packs)+1)
	for i, p := range s.packs {
		orders[i] = s.order(p)
		o := &orders[i]
		for k := range o.keys {
			n, off := o.num(k), o.offset(k)
			loc := s.locs[n]
			if entryOf[n] != none || loc.pack() != i || off != loc.offset() && (off < p.end || loc.offset() < p.end) {
				continue // another copy is preferred
			}
			entryOf[n] = uint32(len(entries))
			entries = append(entries, entry{loc: loc, num: n, base: none})
		}
		starts[i+1] = len(entries)
	}
	for n, loc := range s.locs {
		if loc.pack() == looseStore {
			entryOf[n] = uint32(len(entries))
			entries = append(entries, entry{loc: loc, num: Num(n), base: none, flags: odd})
		}
	}
	for i := range s.packs {
		parallel(entries[starts[i]:starts[i+1]], 1<<13, func(part []entry) {
			s.readHeaders(i, &orders[i], part, entryOf)
		})
	}
	parallel(entries[starts[len(s.packs)]:], 1<<6, s.readOdd)
	for i := range starts[len(s.packs)] {
		if entries[i].flags&odd != 0 {
			s.readOdd(entries[i : i+1])
		}
	}
	s.table.entries = entries
	s.resolveTypes()
}

// parallel calls f with consecutive parts of entries from as many goroutines as there are processors.
func parallel(entries []entry, part int, f func([]entry)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (len(entries)+part-1)/part) {
		wg.Go(func() {
			for {
				to := int(next.Add(int64(part)))
				from := to - part
				if from >= len(entries) {
					return
				}
				f(entries[from:min(to, len(entries))])
			}
		})
	}
	wg.Wait()
}

// order sorts the entries of a pack by offset.
func (s *Store) order(p *packFile) packOrder {
	n := p.idx.n
	o := packOrder{keys: make([]uint64, n), posBits: bits.Len(uint(n))}
	top := uint64(1)<<(64-o.posBits) - 1
	for i := range n {
		off, ok := p.idx.offset(i)
		if !ok || off > top {
			off = top // past the end of the pack
		}
		o.keys[i] = off<<o.posBits | uint64(i)
	}
	sortKeys(o.keys, o.posBits, bits.Len64(min(p.end, top)))
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

// sortKeys sorts by the bits from low on: a radix sort, since a pack has a million entries and comparing takes five times as
// long. Keys with bits above high come last, in any order.
func sortKeys(keys []uint64, low, high int) {
	const digit = 11
	tmp := make([]uint64, len(keys))
	limit := uint64(1)<<high - 1
	rank := func(key uint64) uint64 { return min(key>>low, limit) }
	swapped := false
	for shift := 0; shift < high; shift += digit {
		var count [1<<digit + 1]int
		for _, k := range keys {
			count[rank(k)>>shift&(1<<digit-1)+1]++
		}
		for i := 1; i < len(count); i++ {
			count[i] += count[i-1]
		}
		for _, k := range keys {
			d := rank(k) >> shift & (1<<digit - 1)
			tmp[count[d]] = k
			count[d]++
		}
		keys, tmp = tmp, keys
		swapped = !swapped
	}
	if swapped {
		copy(tmp, keys)
	}
}

// readHeaders fills in entries of one pack from their headers. Every entry's checksum is compared here, not when it is
// inflated: with a damaged header an object could pass for one of another type and never be looked at.
func (s *Store) readHeaders(pack int, o *packOrder, part []entry, entryOf []uint32) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	if len(part) == 0 {
		return
	}
	k, _ := slices.BinarySearch(o.keys, part[0].loc.offset()<<o.posBits)
	for i := range part {
		e := &part[i]
		for k < len(o.keys)-1 && (o.offset(k) != e.loc.offset() || o.num(k) != e.num) {
			k++
		}
		if err := s.readHeader(pack, o, k, e, entryOf); err != nil {
			e.flags |= odd
		}
	}
}

func (s *Store) readHeader(pack int, o *packOrder, k int, e *entry, entryOf []uint32) (err error) {
	defer catchFault(&err)
	p := s.packs[pack]
	off := e.loc.offset()
	h, b, err := p.entry(off, s.hashLen)
	if err != nil {
		return err
	}
	for next := k + 1; next < len(o.keys); next++ {
		if end := o.offset(next); end > off {
			b = b[:min(uint64(len(b)), end-off)]
			break
		}
	}
	e.len = uint32(min(len(b), noLen))
	if p.idx.crcs != nil {
		if err := checkCRC(b, p.idx.crc(o.pos(k))); err != nil {
			return err
		}
	}
	switch h.kind {
	case ofsDelta:
		at, ok := o.find(h.base, k)
		if !ok {
			return errBaseOffset
		}
		e.base = entryOf[o.num(at)]
	case refDelta:
		n, ok := s.FindBytes(b[h.baseRef:][:s.hashLen])
		if !ok {
			return errNoBase{}
		}
		e.base = entryOf[n]
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

// resolveTypes gives every delta the type of the object at the end of its chain. A chain that comes back to itself is cut: within
// one pack it is damage, over several packs it happens when each pack has the other's base as a delta.
func (s *Store) resolveTypes() {
	entries := s.table.entries
	var path []uint32
	for i := range entries {
		path = path[:0]
		at := uint32(i)
		for entries[at].base != none && entries[at].flags&(typed|onPath) == 0 {
			entries[at].flags |= onPath
			path = append(path, at)
			at = entries[at].base
		}
		if entries[at].flags&onPath != 0 {
			entries[at].flags |= odd
			s.readOdd(entries[at : at+1])
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
