package history

import (
	"cmp"
	"context"
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
	ops    []op
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
	s := newSieve(r.Store, q.Labels)
	visitors, err := pack.Walk(ctx, r.Store, pack.WalkOptions{
		Want: pack.Types(pack.Tree), Workers: q.Workers, Progress: q.Walk,
	}, func() pack.Visitor[*bounds] {
		return newScanner(r, q.Labels, s)
	})
	if err != nil {
		return nil, err
	}
	scanners := make([]*scanner, len(visitors))
	for i, v := range visitors {
		scanners[i] = v.(*scanner)
	}
	f := &forest{store: r.Store, at: make([]treeID, r.Store.Len()), problems: map[uint32]source.Problem{}}
	f.join(scanners)
	f.grow(q.Labels)
	return f, nil
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
		renumber(s.ops, names, problems, objects)
		for i, t := range s.trees {
			f.at[t.num] = treeID(f.trees + i)
		}
		f.groves = append(f.groves, grove{first: treeID(f.trees), trees: s.trees, ops: s.ops})
		f.trees += len(s.trees)
	}
}

func renumber(ops []op, names, problems []uint32, objects uint32) {
	for i := range ops {
		o := &ops[i]
		if kind := o.kind & opKind; kind == opBlob || kind == opTree {
			o.kind = kind | names[o.kind&opName]
			if o.arg >= objects {
				o.arg = problems[o.arg-objects]
			}
		}
	}
}

// grow finds the trees that matter and makes the lists of their entries.
func (f *forest) grow(labels map[pack.Num]uint32) {
	marks := newMarks(len(f.at) + len(f.problems))
	for n := range labels {
		marks.set(uint32(n))
	}
	f.findNoTrees()
	for child := range f.problems {
		marks.set(child)
	}
	// A tree matters if something in it does. Each pass takes this at least one level up.
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
		f.groves[i].ops = nil
	}
}

// findNoTrees makes problems of objects that an entry says are trees and that are not.
func (f *forest) findNoTrees() {
	for _, g := range f.groves {
		for _, o := range g.ops {
			if o.kind&opKind != opTree || f.tree(o.arg) != noTree {
				continue
			}
			if _, ok := f.problems[o.arg]; !ok {
				f.problems[o.arg] = treeProblem(f.store.ID(pack.Num(o.arg)), errNotTree)
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

func (m marks) has(i uint32) bool { return m[i/64].Load()>>(i%64)&1 != 0 }
func (m marks) set(i uint32)      { m[i/64].Or(1 << (i % 64)) }

// indexed is an entry and its index among all entries of its tree.
type indexed struct {
	index uint32
	entry entry
}

// replay goes through the trees in order and makes the list of each one's marked entries out of that of its base. do
// must not keep the lists.
func (g *grove) replay(m marks, do func(tree int, list []indexed, base int, baseList []indexed)) {
	type level struct {
		tree int
		list []indexed
	}
	levels := make([]level, 1, maxDepth+1) // the bases of the current tree and, last, the tree itself
	for t := range g.trees {
		depth := int(g.trees[t].depth)
		if depth == len(levels) {
			levels = append(levels, level{})
		}
		base := level{tree: -1}
		if depth > 0 {
			base = levels[depth-1]
		}
		list := g.apply(g.opsOf(t), base.list, levels[depth].list[:0], m)
		levels[depth] = level{t, list}
		do(t, list, base.tree, base.list)
	}
}

func (g *grove) opsOf(t int) []op {
	if t+1 == len(g.trees) {
		return g.ops[g.trees[t].ops:]
	}
	return g.ops[g.trees[t].ops:g.trees[t+1].ops]
}

// apply appends the marked entries of a tree to a list, given those of its base.
func (g *grove) apply(ops []op, base, list []indexed, m marks) []indexed {
	pos, next := uint32(0), 0
	for _, o := range ops {
		switch o.kind & opKind {
		case opCopy:
			i, j := o.kind&opName, o.arg
			next = seek(base, next, i)
			for ; next < len(base) && base[next].index < j; next++ {
				list = append(list, indexed{base[next].index - i + pos, base[next].entry})
			}
			pos += j - i
		case opSkip:
			pos += o.arg
		default:
			if m.has(o.arg) {
				list = append(list, indexed{pos, makeEntry(o.kind&opName, o.kind&opKind == opTree, o.arg)})
			}
			pos++
		}
	}
	return list
}

// seek returns the first position in the list with an index of at least i. It is mostly at hint or
// little behind.
func seek(list []indexed, hint int, i uint32) int {
	if hint > 0 && list[hint-1].index >= i {
		hint = 0
	}
	for hint < len(list) && list[hint].index < i {
		hint++
	}
	return hint
}

// mark marks the trees in which something is marked. It reports whether it found any.
func (g *grove) mark(m marks) bool {
	found := false
	g.replay(m, func(t int, list []indexed, _ int, _ []indexed) {
		if num := uint32(g.trees[t].num); len(list) > 0 && !m.has(num) {
			m.set(num)
			found = true
		}
	})
	return found
}

// keep makes the lists of all trees.
func (g *grove) keep(m marks) {
	g.lists = make([]uint32, len(g.trees))
	var entries []entry
	var list []uint32
	g.replay(m, func(t int, marked []indexed, base int, baseMarked []indexed) {
		if base >= 0 && slices.EqualFunc(marked, baseMarked, func(a, b indexed) bool { return a.entry == b.entry }) {
			g.lists[t] = g.lists[base]
			return
		}
		entries = entries[:0]
		for _, x := range marked {
			entries = append(entries, x.entry)
		}
		// In a tree, a directory counts as if its name ended in a slash; here, order is by plain name.
		slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.key(), b.key()) })
		list = chunked(entries, list[:0], &g.chunks)
		g.lists[t] = g.list.add(list)
	})
	g.list.release()
	g.chunks.release()
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
