package revs

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"slices"

	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
)

// slop is how many commits are still looked at when nothing but excluded history is left to walk. Commits
// are walked by their dates, which are not always right: an excluded commit may come late and lead to
// one that was already taken for included. git looks at 5 more. Generations tell when there is no need to;
// without them the rest of the history would have to be read to be sure. Where 1000 commits are not enough,
// some that need not be are examined again, none is missed. They cost about 25 ms.
const slop = 1000

// Commits returns the commits of a range. Commits that are not here are Problems unless the clone is shallow.
func (w *Walker) Commits(ctx context.Context, r Range) (List, error) {
	include, exclude := r.include, r.exclude
	for _, pair := range r.symmetric {
		common, err := w.common(ctx, pair[0], pair[1])
		if err != nil {
			return List{}, err
		}
		include, exclude = append(include, pair[0], pair[1]), append(exclude, common...)
	}
	p := newPainter(w, func(c colour) bool { return c == red })
	for _, id := range exclude {
		p.paint(id, blue)
	}
	for _, id := range include {
		p.paint(id, red)
	}
	// Alone is alone: the parents are not walked.
	for _, id := range r.alone {
		p.add(id).alone = true
	}
	if err := p.run(ctx); err != nil {
		return List{}, err
	}
	return p.list(), nil
}

// common returns commits that both a and b reach, and that reach all others that both reach.
func (w *Walker) common(ctx context.Context, a, b pack.ID) ([]pack.ID, error) {
	p := newPainter(w, func(c colour) bool { return c != red|blue })
	p.paint(a, red)
	p.paint(b, blue)
	if err := p.run(ctx); err != nil {
		return nil, err
	}
	var ids []pack.ID
	for id, n := range p.nodes {
		if n.colour == red|blue {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// colour says from which side a commit can be reached: red for included (or the left side), blue for
// excluded (or the right side).
type colour uint8

const (
	red colour = 1 << iota
	blue
)

// node is a commit during a walk.
type node struct {
	Commit
	colour   colour
	queued   bool
	alone    bool  // asked for by itself
	err      error // cannot be read
	children int   // in the result, not yet listed

	generation uint32 // 0: not looked up yet
}

// painter walks history by date, newest first, and passes each commit's colours on to its parents.
type painter struct {
	w     *Walker
	nodes map[pack.ID]*node
	queue byDate
	open  func(colour) bool // whether the parents of a commit of this colour matter to the result
	opens int               // how many such commits are queued
	late  bool              // a commit that was done has changed colour
}

func newPainter(w *Walker, open func(colour) bool) *painter {
	return &painter{w: w, nodes: map[pack.ID]*node{}, open: open}
}

func (p *painter) add(id pack.ID) *node {
	n := p.nodes[id]
	if n == nil {
		n = &node{}
		n.Commit, n.err = p.w.commit(id)
		n.ID = id
		p.nodes[id] = n
	}
	return n
}

// paint adds colours to a commit and queues it if that is news to its parents.
func (p *painter) paint(id pack.ID, c colour) {
	n := p.add(id)
	if n.colour|c == n.colour {
		return
	}
	if n.queued && p.open(n.colour) {
		p.opens--
	}
	if !n.queued && n.colour != 0 {
		p.late = true
	}
	n.colour |= c
	if p.open(n.colour) {
		p.opens++
	}
	if !n.queued {
		n.queued = true
		heap.Push(&p.queue, n)
	}
}

func (p *painter) run(ctx context.Context) error {
	for p.opens > 0 {
		if err := p.step(ctx); err != nil {
			return err
		}
	}
	// What is still queued opens nothing any more, and matters only if it leads to what was done.
	g := openGenerations(p.w.objects.Repo.ObjectsDir(), p.w.objects.Repo.HashLen)
	defer g.close()
	floor := p.floor(g)
	for left := slop; left > 0 && p.mayReach(g, floor); left-- {
		p.late = false
		if err := p.step(ctx); err != nil {
			return err
		}
		if p.late {
			left = slop
		}
	}
	return nil
}

// step passes on the colours of the newest commit.
func (p *painter) step(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	n := heap.Pop(&p.queue).(*node)
	n.queued = false
	if p.open(n.colour) {
		p.opens--
	}
	for _, parent := range n.Parents {
		p.paint(parent, n.colour)
	}
	return nil
}

// floor returns the lowest generation of the commits in the result. It is that of one whose parents are not
// in it; if there are very many of these, slop is less work, and the floor is the lowest there can be.
func (p *painter) floor(g *generations) uint32 {
	floor := uint32(unknownGeneration)
	bottoms := 0
	for _, n := range p.nodes {
		if !n.alone && (!p.open(n.colour) || slices.ContainsFunc(n.Parents, p.isOpen)) {
			continue
		}
		if bottoms++; bottoms > slop {
			return 0
		}
		floor = min(floor, n.generationIn(g))
	}
	return floor
}

func (p *painter) isOpen(id pack.ID) bool {
	n := p.nodes[id]
	return n != nil && p.open(n.colour)
}

// mayReach reports whether a queued commit may have descended from one of the generation floor or
// a later one. A commit has a higher generation than all its ancestors.
func (p *painter) mayReach(g *generations, floor uint32) bool {
	return slices.ContainsFunc(p.queue, func(n *node) bool {
		at := n.generationIn(g)
		return at > floor || at == unknownGeneration
	})
}

func (n *node) generationIn(g *generations) uint32 {
	if n.generation == 0 {
		n.generation = g.of(n.ID)
	}
	return n.generation
}

// list returns the included commits, children first.
func (p *painter) list() List {
	var l List
	wanted := func(n *node) bool {
		return n.colour == red || n.alone && n.colour&blue == 0
	}
	boundary := 0
	for _, n := range p.nodes {
		if !wanted(n) {
			continue
		}
		if n.err != nil {
			l.Problems = append(l.Problems, repo.Problem(n.err, "history"))
			continue
		}
		if n.Shallow {
			boundary++
		}
		for _, id := range n.Parents {
			if parent := p.nodes[id]; parent != nil {
				parent.children++
			}
		}
	}
	if boundary > 0 {
		l.Notes = append(l.Notes, fmt.Sprintf("shallow clone: commits whose parents are not here, so that all their files count as new: %d", boundary))
	}
	var ready byDate
	for _, n := range p.nodes {
		if wanted(n) && n.err == nil && n.children == 0 {
			heap.Push(&ready, n)
		}
	}
	for len(ready) > 0 {
		n := heap.Pop(&ready).(*node)
		l.Commits = append(l.Commits, n.Commit)
		for _, id := range n.Parents {
			parent := p.nodes[id]
			if parent == nil || !wanted(parent) || parent.err != nil {
				continue
			}
			if parent.children--; parent.children == 0 {
				heap.Push(&ready, parent)
			}
		}
	}
	sortProblems(l.Problems)
	return l
}

// byDate is a heap with the newest commit first; ids decide between equal dates so that the order is
// always the same.
type byDate []*node

func (q byDate) Len() int { return len(q) }

func (q byDate) Less(i, j int) bool {
	if c := cmp.Compare(q[i].Time, q[j].Time); c != 0 {
		return c > 0
	}
	return q[i].ID < q[j].ID
}

func (q byDate) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push implements heap.Interface.
func (q *byDate) Push(n any) { *q = append(*q, n.(*node)) }

// Pop implements heap.Interface.
func (q *byDate) Pop() any {
	old := *q
	n := old[len(old)-1]
	*q = old[:len(old)-1]
	return n
}
