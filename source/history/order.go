package history

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/straykey/straykey/source/pack"
)

// draft is the commits before they are in order. A commit is named by its rank: by committer time, then
// by id. Its parents are parents[from:to].
type draft struct {
	commits []commit
	parents []uint32
	byNum   []uint32 // rank+1 of each commit among all objects; 0 for others
}

// gather takes the commits out of the collectors.
func (d *draft) gather(r Repo, collectors []*Collector) {
	var parents []pack.Num
	for _, c := range collectors {
		at := uint32(len(parents))
		for _, rec := range c.commits {
			rec.from, rec.to = rec.from+at, rec.to+at
			d.commits = append(d.commits, rec)
		}
		parents = append(parents, c.parents...)
	}
	slices.SortFunc(d.commits, func(a, b commit) int {
		return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.num, b.num))
	})
	d.byNum = make([]uint32, r.Store.Len())
	for i, c := range d.commits {
		d.byNum[c.num] = uint32(i) + 1
	}
	for _, id := range r.Shallow {
		if n, ok := r.Store.Find(id); ok {
			if rank, ok := d.rank(n); ok {
				d.commits[rank].to = d.commits[rank].from
			}
		}
	}
	d.parents = make([]uint32, 0, len(parents))
	for i := range d.commits {
		c := &d.commits[i]
		from := uint32(len(d.parents))
		for _, p := range parents[c.from:c.to] {
			if rank, ok := d.rank(p); ok { // an unreadable commit, or no commit at all
				d.parents = append(d.parents, rank)
			}
		}
		c.from, c.to = from, uint32(len(d.parents))
	}
}

func (d *draft) rank(n pack.Num) (uint32, bool) {
	if n == NoCommit || d.byNum[n] == 0 {
		return 0, false
	}
	return d.byNum[n] - 1, true
}

// order returns the ranks of all commits in the order of the package comment, and how many of them can
// be reached from roots.
func (d *draft) order(roots []uint32) ([]uint32, int) {
	reached := d.closure(roots)
	s := sorter{draft: d, order: make([]uint32, 0, len(d.commits)), waits: make([]uint32, len(d.commits))}
	s.linkChildren()
	s.run(func(rank uint32) bool { return reached.has(rank) })
	reachable := len(s.order)
	s.run(func(rank uint32) bool { return !reached.has(rank) })
	return s.order, reachable
}

func (d *draft) closure(roots []uint32) set {
	seen := newSet(len(d.commits))
	todo := slices.Clone(roots)
	for len(todo) > 0 {
		rank := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen.has(rank) {
			continue
		}
		seen.add(rank)
		c := d.commits[rank]
		todo = append(todo, d.parents[c.from:c.to]...)
	}
	return seen
}

// sorter sorts commits topologically.
type sorter struct {
	*draft
	order    []uint32
	waits    []uint32 // parents that are not in order yet
	first    []uint32 // children of rank r are children[first[r]:first[r+1]]
	children []uint32
}

func (s *sorter) linkChildren() {
	n := len(s.commits)
	s.first = make([]uint32, n+2)
	for _, p := range s.parents {
		s.first[p+2]++
	}
	for i := 2; i < len(s.first); i++ {
		s.first[i] += s.first[i-1]
	}
	// first[p+1] is where the next child of p goes; when all are there it is where those of p+1 start.
	s.children = make([]uint32, len(s.parents))
	for i, c := range s.commits {
		s.waits[i] = c.to - c.from
		for _, p := range s.parents[c.from:c.to] {
			s.children[s.first[p+1]] = uint32(i)
			s.first[p+1]++
		}
	}
}

// run appends the commits in a set to the order. Their parents outside of the set must be in the order
// already.
func (s *sorter) run(in func(uint32) bool) {
	ready := newQueue(len(s.commits))
	held := newSet(len(s.commits)) // in the set, and not yet in order
	for rank := range uint32(len(s.commits)) {
		if in(rank) {
			held.add(rank)
			if s.waits[rank] == 0 {
				ready.push(rank)
			}
		}
	}
	emit := func(rank uint32) {
		held.remove(rank)
		s.order = append(s.order, rank)
		for _, child := range s.children[s.first[rank]:s.first[rank+1]] {
			s.waits[child]--
			if s.waits[child] == 0 && held.has(child) {
				ready.push(child)
			}
		}
	}
	for rank, ok := ready.pop(); ok; rank, ok = ready.pop() {
		emit(rank)
	}
	// What is left is in a cycle or descends from one: ids are forged, and any order will do.
	for rank := range uint32(len(s.commits)) {
		if held.has(rank) {
			emit(rank)
		}
	}
}

// set is a set of small numbers.
type set []uint64

func newSet(n int) set { return make(set, (n+63)/64) }

func (s set) has(i uint32) bool { return s[i/64]>>(i%64)&1 != 0 }
func (s set) add(i uint32)      { s[i/64] |= 1 << (i % 64) }
func (s set) remove(i uint32)   { s[i/64] &^= 1 << (i % 64) }

// queue hands out the smallest of the numbers in it. Each level has a bit for each word of the level
// below that is not empty.
type queue []set

func newQueue(n int) queue {
	q := queue{newSet(max(n, 1))}
	for len(q[len(q)-1]) > 1 {
		q = append(q, newSet(len(q[len(q)-1])))
	}
	return q
}

func (q queue) push(i uint32) {
	for _, level := range q {
		level.add(i)
		i /= 64
	}
}

func (q queue) pop() (uint32, bool) {
	top := len(q) - 1
	if q[top][0] == 0 {
		return 0, false
	}
	i := uint32(0)
	for l := top; l >= 0; l-- {
		i = i*64 + uint32(bits.TrailingZeros64(q[l][i]))
	}
	for j, l := i, 0; l <= top; l++ {
		q[l].remove(j)
		if q[l][j/64] != 0 {
			break
		}
		j /= 64
	}
	return i, true
}
