package history

import (
	"cmp"
	"context"
	"encoding/binary"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/pack"
)

// forest is all trees, with those of their entries that lead to labelled blobs or to problems.
type forest struct {
	store    *pack.Store
	names    []string // sorted
	groves   []grove
	at       []treeID // tree of each object
	trees    int
	problems map[uint32]source.Problem // by child, see op
}

// treeID numbers the trees of all groves.
type treeID uint32

const noTree = ^treeID(0)

// grove is the trees that one worker has visited.
type grove struct {
	first  treeID
	trees  []treeRec
	ops    []byte
	fresh  []freshEntry
	lists  []uint32         // of each tree, the list of its entries that matter
	list   interner[uint32] // lists of chunks of entries, see chunked
	chunks interner[entry]
}

// entry is an entry of a tree: its name, and what is there. Its key orders entries by name, and a blob
// before a tree of the same name.
type entry uint64

func makeEntry(name uint32, dir bool, value uint32) entry {
	e := entry(name)<<33 | entry(value)
	if dir {
		e |= 1 << 32
	}
	return e
}

func (e entry) key() uint32   { return uint32(e >> 32) }
func (e entry) name() uint32  { return uint32(e >> 33) }
func (e entry) dir() bool     { return e>>32&1 != 0 }
func (e entry) value() uint32 { return uint32(e) }

// plant walks over all trees and finds the entries that matter.
func plant(ctx context.Context, r Repo, q Query) (*forest, error) {
	scanners, err := scan(ctx, r, q, nil)
	if err != nil {
		return nil, err
	}
	lost := map[pack.ID]bool{}
	for _, s := range scanners {
		maps.Copy(lost, s.lost)
	}
	if len(lost) > 0 {
		// Now that it is known which blobs are absent, find out where they should be. This is rare.
		if scanners, err = scan(ctx, r, q, lost); err != nil {
			return nil, err
		}
	}
	f := &forest{store: r.Store, at: make([]treeID, r.Store.Len()), problems: map[uint32]source.Problem{}}
	f.join(scanners)
	f.grow(&q)
	return f, nil
}

// scan walks over all trees, with known missing blobs or, if nil, looking for them.
func scan(ctx context.Context, r Repo, q Query, missing map[pack.ID]bool) ([]*scanner, error) {
	s := newSieve(r.Store, q.Labels, missing)
	visitors, err := pack.Walk(ctx, r.Store, pack.WalkOptions{
		Want: pack.Types(pack.Tree), Workers: q.Workers, Progress: q.Walk,
	}, func() pack.Visitor[*bounds] { return newScanner(r, &q, missing, s) })
	if err != nil {
		return nil, err
	}
	scanners := make([]*scanner, len(visitors))
	var wg sync.WaitGroup
	for i, v := range visitors {
		scanners[i] = v.(*scanner)
		wg.Go(scanners[i].answer)
	}
	wg.Wait()
	return scanners, nil
}

// join makes what the scanners have found one: names and problems get common numbers.
func (f *forest) join(scanners []*scanner) {
	objects := uint32(len(f.at))
	for i := range f.at {
		f.at[i] = noTree
	}
	for _, s := range scanners {
		for name := range s.names {
			f.names = append(f.names, name)
		}
		for n, p := range s.skipped {
			f.problems[uint32(n)] = p
		}
	}
	slices.Sort(f.names)
	f.names = slices.Compact(f.names)
	number := make(map[string]uint32, len(f.names))
	for i, name := range f.names {
		number[name] = uint32(i)
	}
	byWhat := map[string]uint32{}
	for _, s := range scanners {
		names := make([]uint32, len(s.names))
		for name, n := range s.names {
			names[n] = number[name]
		}
		problems := make([]uint32, len(s.problems))
		for i, p := range s.problems {
			child, ok := byWhat[p.What]
			if !ok {
				child = objects + uint32(len(byWhat))
				byWhat[p.What] = child
				f.problems[child] = p
			}
			problems[i] = child
		}
		for i := range s.fresh {
			e := &s.fresh[i]
			e.name = names[e.name]
			if e.child >= objects && e.child != noChild {
				e.child = problems[e.child-objects]
			}
		}
		for i, t := range s.trees {
			f.at[t.num] = treeID(f.trees + i)
		}
		f.groves = append(f.groves, grove{first: treeID(f.trees), trees: s.trees, ops: s.ops, fresh: s.fresh})
		f.trees += len(s.trees)
	}
}

// grow finds the trees that matter and makes the lists of their entries.
func (f *forest) grow(q *Query) {
	marks := newMarks(len(f.at) + len(f.problems))
	for n := range q.Labels {
		marks.set(uint32(n))
	}
	if q.Named != nil {
		f.markNamed(marks)
	}
	f.findNoTrees()
	for child := range f.problems {
		marks.set(child)
	}
	// A tree matters if something in it does, or in its base: to know better takes longer than to make
	// some lists that hold nothing. Each pass takes this at least one level up.
	for more := true; more; {
		var changed atomic.Bool
		f.each(func(g *grove) {
			if g.mark(marks) {
				changed.Store(true)
			}
		})
		more = changed.Load()
	}
	f.each(func(g *grove) { g.keep(marks) })
	for i := range f.groves {
		f.groves[i].ops, f.groves[i].fresh = nil, nil
	}
}

// markNamed marks the blobs that scanners let through, some for their names.
func (f *forest) markNamed(m marks) {
	for _, g := range f.groves {
		for _, e := range g.fresh {
			if !e.dir && e.child != noChild {
				m.set(e.child)
			}
		}
	}
}

// findNoTrees makes problems of objects that an entry says are trees and that are not.
func (f *forest) findNoTrees() {
	for _, g := range f.groves {
		for _, e := range g.fresh {
			if !e.dir || f.isProblem(e.child) || f.tree(e.child) != noTree {
				continue
			}
			if _, ok := f.problems[e.child]; !ok {
				f.problems[e.child] = treeProblem(f.store.ID(pack.Num(e.child)), errNotTree)
			}
		}
	}
}

// tree returns the tree that a child is, if it is one.
func (f *forest) tree(child uint32) treeID {
	if int(child) >= len(f.at) {
		return noTree
	}
	return f.at[child]
}

// labelOf returns the label of a child that is no tree. A problem has none, whatever its name.
func (f *forest) labelOf(q *Query, child uint32) uint32 {
	if f.isProblem(child) {
		return 0
	}
	return q.label(pack.Num(child))
}

// isProblem reports whether a child is no object and stands for a problem only.
func (f *forest) isProblem(child uint32) bool {
	return int(child) >= len(f.at)
}

// each calls do for all groves at once.
func (f *forest) each(do func(*grove)) {
	var wg sync.WaitGroup
	for i := range f.groves {
		wg.Go(func() { do(&f.groves[i]) })
	}
	wg.Wait()
}

// marks is a set of children that may be added to concurrently.
type marks []atomic.Uint64

func newMarks(n int) marks { return make(marks, n/64+1) }

func (m marks) has(i uint32) bool { return i != noChild && m[i/64].Load()>>(i%64)&1 != 0 }
func (m marks) set(i uint32)      { m[i/64].Or(1 << (i % 64)) }

// mark marks the trees that have a marked entry, or whose base has or had one. It reports whether it found any.
func (g *grove) mark(m marks) bool {
	found := false
	var chain [maxDepth + 1]bool // whether the bases of the current tree are marked and, last, the tree itself
	for t := range g.trees {
		rec := &g.trees[t]
		is := m.has(uint32(rec.num))
		if !is {
			is = rec.depth > 0 && chain[rec.depth-1] || slices.ContainsFunc(g.freshOf(t), func(e freshEntry) bool { return m.has(e.child) })
			if is {
				m.set(uint32(rec.num))
				found = true
			}
		}
		chain[rec.depth] = is
	}
	return found
}

func (g *grove) freshOf(t int) []freshEntry {
	if t+1 == len(g.trees) {
		return g.fresh[g.trees[t].fresh:]
	}
	return g.fresh[g.trees[t].fresh:g.trees[t+1].fresh]
}

func (g *grove) opsOf(t int) []byte {
	if t+1 == len(g.trees) {
		return g.ops[g.trees[t].ops:]
	}
	return g.ops[g.trees[t].ops:g.trees[t+1].ops]
}

// located is an entry and the position of its first byte in the tree.
type located struct {
	at    int
	entry entry
}

// keep makes the lists of all trees: in order, each out of that of its base.
func (g *grove) keep(m marks) {
	g.lists = make([]uint32, len(g.trees))
	var levels [maxDepth + 1][]located // of the bases of the current tree and, last, the tree itself
	var chain [maxDepth + 1]int
	var entries []entry
	var list []uint32
	for t := range g.trees {
		depth := g.trees[t].depth
		chain[depth] = t
		if !m.has(uint32(g.trees[t].num)) {
			levels[depth] = levels[depth][:0]
			continue
		}
		var base []located
		if depth > 0 {
			base = levels[depth-1]
		}
		all := apply(g.opsOf(t), g.freshOf(t), base, levels[depth][:0], m)
		levels[depth] = all
		if depth > 0 && slices.EqualFunc(all, base, func(a, b located) bool { return a.entry == b.entry }) {
			g.lists[t] = g.lists[chain[depth-1]]
			continue
		}
		entries = entries[:0]
		for _, e := range all {
			entries = append(entries, e.entry)
		}
		// In a tree, a directory counts as if its name ended in a slash; here, order is by plain name.
		if !slices.IsSortedFunc(entries, byKey) {
			slices.SortStableFunc(entries, byKey)
		}
		list = chunked(entries, list[:0], &g.chunks)
		g.lists[t] = g.list.add(list)
	}
	g.list.release()
	g.chunks.release()
}

func byKey(a, b entry) int { return cmp.Compare(a.key(), b.key()) }

// apply appends the marked entries of a tree to a list, given those of its base.
func apply(ops []byte, fresh []freshEntry, base, list []located, m marks) []located {
	pos, next, from := 0, 0, 0
	for len(ops) > 0 {
		v, n := binary.Uvarint(ops)
		ops = ops[n:]
		size := int(v >> 2)
		switch v & 3 {
		case opCopy:
			skip, n := binary.Varint(ops)
			ops = ops[n:]
			from += int(skip)
			next = seek(base, next, from)
			for ; next < len(base) && base[next].at < from+size; next++ {
				list = append(list, located{base[next].at - from + pos, base[next].entry})
			}
			from += size
		case opNew:
			if e := fresh[0]; m.has(e.child) {
				list = append(list, located{pos, makeEntry(e.name, e.dir, e.child)})
			}
			fresh = fresh[1:]
		}
		pos += size
	}
	return list
}

// seek returns the first entry of the list at a position or behind it. It is mostly the hint.
func seek(list []located, hint, at int) int {
	if (hint == 0 || list[hint-1].at < at) && (hint == len(list) || list[hint].at >= at) {
		return hint
	}
	i, _ := slices.BinarySearchFunc(list, at, func(e located, at int) int { return cmp.Compare(e.at, at) })
	return i
}

// chunked appends the numbers of the chunks into which a sorted list of entries is cut. Where it is cut depends
// on the name before only, so that lists that are alike have most of their chunks in common: thousands of versions of
// a long list need little more room than one. Entries of the same key are never parted.
func chunked(entries []entry, list []uint32, chunks *interner[entry]) []uint32 {
	from := 0
	for i := range entries {
		last := i+1 == len(entries)
		if last || entries[i].name()*0x9e3779b1>>28 == 0 && entries[i].key() != entries[i+1].key() {
			list = append(list, chunks.add(entries[from:i+1]))
			from = i + 1
		}
	}
	return list
}

// list returns the grove of a tree and the number of its list of entries there.
func (f *forest) list(t treeID) (g int, list uint32) {
	for g+1 < len(f.groves) && f.groves[g+1].first <= t {
		g++
	}
	return g, f.groves[g].lists[t-f.groves[g].first]
}
