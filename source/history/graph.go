package history

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/pack"
)

// Graph is all commits of a repository, in order. It is not changed after [NewGraph] and may be used
// concurrently.
type Graph struct {
	repo Repo

	// Commits are named by their position in the order of the package comment. The first reachable of
	// them are reachable.
	num       []pack.Num
	tree      []pack.Num // NoCommit if absent
	time      []int64
	first     []uint32 // parents of commit i are parents[first[i]:first[i+1]], as positions
	parents   []uint32
	reachable int

	sorted []numPos              // commits by number
	tags   map[pack.Num]pack.Num // tag object to what it names
	refs   []refTip              // by name
	head   int                   // position of HEAD's commit; -1 if there is none

	tagRefs  map[pack.Num][]string // refs that lead to a tag object, sorted
	problems []source.Problem
}

type numPos struct {
	num pack.Num
	pos uint32
}

// refTip is what a ref leads to once tags are peeled off.
type refTip struct {
	name string
	num  pack.Num // NoCommit if absent
	pos  int      // of the commit; -1 if it is none
}

// RefList is the refs from which something can be reached.
type RefList struct {
	Names []string // sorted; possibly not all
	Count int      // of all
}

// NewGraph puts together what the collectors have gathered. They must have seen every commit and tag
// of the store, and are of no use afterwards.
func NewGraph(r Repo, collectors ...*Collector) *Graph {
	g := &Graph{repo: r, tags: map[pack.Num]pack.Num{}, tagRefs: map[pack.Num][]string{}, head: -1}
	var d draft
	d.gather(r, collectors)
	for _, c := range collectors {
		for _, t := range c.tags {
			g.tags[t.from] = t.to
		}
	}
	g.refs = make([]refTip, len(r.Refs))
	roots := make([]uint32, 0, len(r.Refs))
	for i, ref := range r.Refs {
		g.refs[i] = refTip{name: ref.Name, num: NoCommit, pos: -1}
		if n, ok := r.Store.Find(ref.ID); ok {
			g.refs[i].num = g.peel(n, func(tag pack.Num) {
				g.tagRefs[tag] = append(g.tagRefs[tag], ref.Name)
			})
		} else {
			g.problems = append(g.problems, absentObject(g.repo, ref.ID, ref.Name))
		}
		if rank, ok := d.rank(g.refs[i].num); ok {
			roots = append(roots, rank)
		}
	}
	for _, names := range g.tagRefs {
		slices.Sort(names)
	}
	slices.SortFunc(g.refs, func(a, b refTip) int { return cmp.Compare(a.name, b.name) })
	order, reachable := d.order(roots)
	g.adopt(&d, order, reachable)
	for i := range g.refs {
		t := &g.refs[i]
		if pos, ok := g.position(t.num); ok {
			t.pos = int(pos)
			if t.name == "HEAD" {
				g.head = int(pos)
			}
		}
	}
	g.judge(collectors)
	return g
}

// peel follows tags to what they name, and returns NoCommit if that is absent. seen is told each tag.
func (g *Graph) peel(n pack.Num, seen func(pack.Num)) pack.Num {
	// A tag cannot name itself, however indirectly, unless ids are forged.
	for range len(g.tags) + 1 {
		to, ok := g.tags[n]
		if !ok {
			return n
		}
		seen(n)
		n = to
	}
	return NoCommit
}

// adopt takes the commits over in order, renaming them from ranks to positions.
func (g *Graph) adopt(d *draft, order []uint32, reachable int) {
	n := len(order)
	pos := make([]uint32, n)
	for p, rank := range order {
		pos[rank] = uint32(p)
	}
	g.reachable = reachable
	g.num, g.tree, g.time = make([]pack.Num, n), make([]pack.Num, n), make([]int64, n)
	g.first = make([]uint32, n+1)
	g.parents = make([]uint32, 0, len(d.parents))
	g.sorted = make([]numPos, n)
	for p, rank := range order {
		c := d.commits[rank]
		g.num[p], g.tree[p], g.time[p] = c.num, c.tree, c.time
		for _, parent := range d.parents[c.from:c.to] {
			g.parents = append(g.parents, pos[parent])
		}
		g.first[p+1] = uint32(len(g.parents))
		g.sorted[p] = numPos{c.num, uint32(p)}
	}
	slices.SortFunc(g.sorted, func(a, b numPos) int { return cmp.Compare(a.num, b.num) })
}

// judge keeps those of the collectors' troubles that concern what can be reached.
func (g *Graph) judge(collectors []*Collector) {
	shallow := map[pack.Num]bool{}
	for _, id := range g.repo.Shallow {
		if n, ok := g.repo.Store.Find(id); ok {
			shallow[n] = true
		}
	}
	told := map[pack.ID]bool{}
	for _, c := range collectors {
		for _, a := range c.absent {
			if told[a.id] || a.parent && shallow[a.by] || !g.Reachable(a.by) {
				continue
			}
			told[a.id] = true
			g.problems = append(g.problems, absentObject(g.repo, a.id, ""))
		}
		for _, t := range c.problems {
			if g.Reachable(t.at) {
				g.problems = append(g.problems, t.Problem)
			}
		}
	}
}

// absentObject is the problem that an object is not there.
func absentObject(r Repo, id pack.ID, where string) source.Problem {
	p := source.Problem{Reason: source.Absent, What: id.String(), Where: where, Detail: "referred to, but not in the object store"}
	if r.Promisor {
		p.Reason, p.Detail = source.Promised, "left out by a partial clone"
	}
	return p
}

// position returns the position of a commit.
func (g *Graph) position(n pack.Num) (uint32, bool) {
	i, ok := slices.BinarySearchFunc(g.sorted, n, func(e numPos, n pack.Num) int { return cmp.Compare(e.num, n) })
	if !ok {
		return 0, false
	}
	return g.sorted[i].pos, true
}

func (g *Graph) parentsOf(pos uint32) []uint32 { return g.parents[g.first[pos]:g.first[pos+1]] }

// Len returns the number of commits.
func (g *Graph) Len() int { return len(g.num) }

// Position returns the rank of a commit in the order of the package comment.
func (g *Graph) Position(commit pack.Num) (int, bool) {
	pos, ok := g.position(commit)
	return int(pos), ok
}

// Reachable reports whether some ref leads to a commit or tag object.
func (g *Graph) Reachable(n pack.Num) bool {
	if pos, ok := g.position(n); ok {
		return int(pos) < g.reachable
	}
	return len(g.tagRefs[n]) > 0
}

// InHead returns those of the commits that HEAD reaches.
func (g *Graph) InHead(commits []pack.Num) map[pack.Num]bool {
	in := map[pack.Num]bool{}
	if g.head < 0 {
		return in
	}
	seen := g.closure([]uint32{uint32(g.head)})
	for _, n := range commits {
		if pos, ok := g.position(n); ok && seen.has(pos) {
			in[n] = true
		}
	}
	return in
}

// TagRefs returns the refs that lead to a tag object, directly or by way of other tags; at most limit of
// them by name.
func (g *Graph) TagRefs(tag pack.Num, limit int) RefList {
	names := g.tagRefs[tag]
	return RefList{slices.Clone(names[:min(limit, len(names))]), len(names)}
}

// CommitRefs returns, for each commit, the refs from which it can be reached; at most limit of
// them by name. It is much cheaper to ask for many commits at once.
func (g *Graph) CommitRefs(commits []pack.Num, limit int) []RefList {
	groups := make([][]uint32, len(commits))
	for i, n := range commits {
		if pos, ok := g.position(n); ok {
			groups[i] = []uint32{pos}
		}
	}
	return g.refsOf(groups, limit)
}

// Problems returns what commits and tags that can be reached refer to and is not there, and those that
// are malformed.
func (g *Graph) Problems() []source.Problem { return slices.Clone(g.problems) }

// refsOf returns, for each group of commits, the refs from which one of them can be reached. It takes
// 64 groups at a time through the graph: each commit has what its parents have.
func (g *Graph) refsOf(groups [][]uint32, limit int) []RefList {
	lists := make([]RefList, len(groups))
	// Nothing is to be done below the first commit of a batch, so put those that start late together.
	byStart := make([]uint32, 0, len(groups))
	for i, group := range groups {
		if len(group) > 0 {
			byStart = append(byStart, uint32(i))
		}
	}
	slices.SortStableFunc(byStart, func(a, b uint32) int {
		return cmp.Compare(slices.Min(groups[a]), slices.Min(groups[b]))
	})
	reach := make([]uint64, len(g.num))
	for batch := range slices.Chunk(byStart, 64) {
		g.spread(groups, batch, reach)
		g.listRefs(batch, reach, lists, limit)
	}
	return lists
}

// spread sets bit i of each commit from which one of groups[batch[i]] can be reached, and clears all others.
func (g *Graph) spread(groups [][]uint32, batch []uint32, reach []uint64) {
	clear(reach)
	start := len(reach)
	for i, group := range batch {
		for _, pos := range groups[group] {
			reach[pos] |= 1 << i
			start = min(start, int(pos))
		}
	}
	for pos := start; pos < len(reach); pos++ {
		for _, parent := range g.parentsOf(uint32(pos)) {
			reach[pos] |= reach[parent]
		}
	}
}

// listRefs adds each ref to the lists of the groups of a batch that it reaches.
func (g *Graph) listRefs(batch []uint32, reach []uint64, lists []RefList, limit int) {
	for _, ref := range g.refs {
		if ref.pos < 0 {
			continue
		}
		for w := reach[ref.pos]; w != 0; w &= w - 1 {
			l := &lists[batch[bits.TrailingZeros64(w)]]
			l.Count++
			if len(l.Names) < limit {
				l.Names = append(l.Names, ref.name)
			}
		}
	}
}

// closure returns the commits that can be reached from some.
func (g *Graph) closure(from []uint32) set {
	seen := newSet(len(g.num))
	for _, pos := range from {
		seen.add(pos)
	}
	// Parents have smaller positions, except in cycles, which only forged ids can make.
	for pos := len(g.num) - 1; pos >= 0; pos-- {
		if seen.has(uint32(pos)) {
			for _, parent := range g.parentsOf(uint32(pos)) {
				seen.add(parent)
			}
		}
	}
	return seen
}
