package pack

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/straykey/straykey/source"
)

// cursor is a position in one sorted list of ids: a pack's index or the loose objects.
type cursor struct {
	pack   int // looseStore for the loose objects
	rank   int // smaller is preferred
	n      int
	id     func(int) []byte
	at     int
	cur    []byte // the id at at
	prefix uint64 // its first bytes, for quick comparison
}

func (c *cursor) load() {
	c.cur = c.id(c.at)
	c.prefix = binary.BigEndian.Uint64(c.cur)
}

// merge numbers the objects: it makes one sorted list of the ids of all packs and of the loose objects, and notes
// where each can be read. Of several copies the one in the pack with most objects is read first: it has most of the
// others that it shares text with. A loose copy comes last.
func (s *Store) merge() {
	slices.SortStableFunc(s.packs, func(a, b *packFile) int {
		return cmp.Or(cmp.Compare(b.idx.n, a.idx.n), cmp.Compare(a.path, b.path))
	})
	var lists []*cursor
	total := 0
	add := func(c cursor) {
		if total += c.n; c.n > 0 {
			lists = append(lists, &c)
		}
	}
	for i, p := range s.packs {
		add(cursor{pack: i, n: p.idx.n, id: p.idx.id})
	}
	add(cursor{pack: looseStore, n: s.loose.Len(), id: s.loose.id})
	if total > maxObjects {
		s.problem(source.Unreadable, s.dirs[0], fmt.Errorf("%d objects: at most %d are supported", total, maxObjects))
		lists = nil
	}
	s.locs = make([]location, 0, total)
	if !s.mergeOne(lists) {
		s.ids = make([]byte, 0, total*s.hashLen)
		s.mergeMany(lists)
	}
	s.fanout = make([]uint32, 1<<16)
	for n := range s.locs {
		s.fanout[binary.BigEndian.Uint16(s.id(Num(n)))]++
	}
	for i := 1; i < len(s.fanout); i++ {
		s.fanout[i] += s.fanout[i-1]
	}
}

// mergeOne is merge for a single pack, the usual state of a clone: the ids stay where they are, in the mapped
// index. It does nothing and returns false when there is more to do.
func (s *Store) mergeOne(lists []*cursor) bool {
	if len(lists) != 1 || lists[0].pack == looseStore {
		return false
	}
	pack := lists[0].pack
	idx := s.packs[pack].idx
	if idx.stride != s.hashLen || !idx.unique {
		return false
	}
	s.ids = idx.ids
	for i := range idx.n {
		s.locs = append(s.locs, s.locate(pack, i))
	}
	return true
}

// mergeMany merges any number of lists. lists must be in order of preference.
func (s *Store) mergeMany(lists []*cursor) {
	for rank, c := range lists {
		c.rank = rank
		c.load()
	}
	h := heap(lists)
	for i := len(h)/2 - 1; i >= 0; i-- {
		h.down(i)
	}
	var last []byte
	for len(h) > 0 {
		c := h[0]
		if bytes.Equal(c.cur, last) {
			s.copies = append(s.copies, copyOf{num: Num(len(s.locs) - 1), loc: s.locate(c.pack, c.at)})
		} else {
			s.ids = append(s.ids, c.cur...)
			s.locs = append(s.locs, s.locate(c.pack, c.at))
			last = c.cur
		}
		if c.at++; c.at < c.n {
			c.load()
		} else {
			h[0] = h[len(h)-1]
			h = h[:len(h)-1]
		}
		h.down(0)
	}
}

// heap is a binary heap of cursors: the one with the smallest id, and of several with the same the preferred one, is
// at 0. With one large list and some small ones, the large one stays there at the cost of two comparisons.
type heap []*cursor

func (h heap) less(i, j int) bool {
	a, b := h[i], h[j]
	if a.prefix != b.prefix {
		return a.prefix < b.prefix
	}
	c := bytes.Compare(a.cur, b.cur)
	return c < 0 || c == 0 && a.rank < b.rank
}

func (h heap) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(h) {
			return
		}
		if child+1 < len(h) && h.less(child+1, child) {
			child++
		}
		if !h.less(child, i) {
			return
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
}

// locate returns where the i-th object of a list is. An offset that cannot be right becomes one past every pack,
// which reading then reports.
func (s *Store) locate(pack, i int) location {
	if pack == looseStore {
		return makeLocation(pack, uint64(i))
	}
	off, ok := s.packs[pack].idx.offset(i)
	if !ok || off >= 1<<offsetBits {
		off = 1<<offsetBits - 1
	}
	return makeLocation(pack, off)
}

// otherCopies returns the copies of an object besides the first.
func (s *Store) otherCopies(n Num) []copyOf {
	from, _ := slices.BinarySearchFunc(s.copies, n, func(c copyOf, n Num) int { return cmp.Compare(c.num, n) })
	to := from
	for to < len(s.copies) && s.copies[to].num == n {
		to++
	}
	return s.copies[from:to]
}
