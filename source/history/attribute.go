package history

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/straykey/straykey/source/pack"
)

// Attribute answers a query. It walks over all trees of the store once, then works in memory only.
// The error is that of ctx.
func Attribute(ctx context.Context, g *Graph, q Query) (Result, error) {
	f, err := plant(ctx, g.repo, q)
	if err != nil {
		return Result{}, err
	}
	a := newAttribution(g, q, f)
	v := newVisit(f, a.sigs)
	var wg sync.WaitGroup
	wg.Go(func() { a.visitCommits(v, 0) }) // a part that needs nothing of what follows
	err = a.compare(ctx)
	wg.Wait()
	if err != nil {
		return Result{}, err
	}
	a.findLast()
	a.findHead()
	places := a.places()
	problems := v.told()
	a.placeTargets(places, v.blobs)
	a.visitCommits(v, 1)
	a.placeDangling(places, v)
	return Result{places.sorted(), problems}, nil
}

// attribution is the state of Attribute once the trees have been walked.
type attribution struct {
	*Graph
	q     Query
	f     *forest
	sigs  *signatures
	diff  *differ
	scope set      // the commits that count
	root  []uint32 // signature of each commit's tree

	spans  []span
	spanAt map[uint64]uint32 // by path and credential
	intros []intro           // in order of commits
}

// span is what becomes of a credential at a path.
type span struct {
	cred, path    uint32
	last, removed [2]int32 // among reachable and among unreachable commits; -1: none
	inHead        bool
}

// intro says that a commit introduces what a span is about.
type intro struct{ span, commit uint32 }

func newAttribution(g *Graph, q Query, f *forest) *attribution {
	a := &attribution{Graph: g, q: q, f: f, sigs: newSignatures(f, &q), spanAt: map[uint64]uint32{}}
	a.diff = &differ{signatures: a.sigs, paths: newPaths(f.names), resolve: q.Resolve, creds: map[uint64][]uint32{}}
	a.scope = g.inScope(q.Filter)
	a.root = make([]uint32, len(g.num))
	for c := range a.root {
		if a.scope.has(uint32(c)) || c == g.head {
			a.root[c] = a.sigs.of(g.tree[c])
		}
	}
	return a
}

// inScope returns the commits that a filter lets count.
func (g *Graph) inScope(f Filter) set {
	scope := newSet(len(g.num))
	if f.Tips == nil {
		for c := range g.num {
			scope.add(uint32(c))
		}
	} else {
		var tips []uint32
		for _, id := range f.Tips {
			if n, ok := g.repo.Store.Find(id); ok {
				if pos, ok := g.position(g.peel(n, func(pack.Num) {})); ok {
					tips = append(tips, pos)
				}
			}
		}
		scope = g.closure(tips)
	}
	if f.NoUnreachable {
		for c := g.reachable; c < len(g.num); c++ {
			scope.remove(uint32(c))
		}
	}
	return scope
}

// kind tells reachable commits, 0, from unreachable ones, 1.
func (g *Graph) kind(commit uint32) int {
	if int(commit) < g.reachable {
		return 0
	}
	return 1
}

// span returns the number of the span of a credential at a path.
func (a *attribution) span(cred, path uint32) uint32 {
	k := uint64(path)<<32 | uint64(cred)
	i, ok := a.spanAt[k]
	if !ok {
		i = uint32(len(a.spans))
		a.spanAt[k] = i
		a.spans = append(a.spans, span{cred: cred, path: path, last: [2]int32{-1, -1}, removed: [2]int32{-1, -1}})
	}
	return i
}

// compare compares the tree of each commit with those of its parents.
func (a *attribution) compare(ctx context.Context) error {
	for c := range uint32(len(a.num)) {
		if c%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if a.scope.has(c) {
			a.compareCommit(c)
		}
	}
	return nil
}

func (a *attribution) compareCommit(c uint32) {
	var buf [8]uint32
	theirs, same := buf[:0], true
	for _, p := range a.parentsOf(c) {
		theirs = append(theirs, a.root[p])
		same = same && a.root[p] == a.root[c]
	}
	if same && len(theirs) > 0 {
		return
	}
	a.diff.minus(0, a.root[c], theirs, func(cred, path uint32) {
		a.intros = append(a.intros, intro{a.span(cred, path), c})
	})
	kind := a.kind(c)
	for _, p := range a.parentsOf(c) {
		if a.kind(p) != kind {
			continue // an unreachable commit does not remove anything from the reachable ones
		}
		a.diff.minus(0, a.root[p], a.root[c:c+1], func(cred, path uint32) {
			s := &a.spans[a.span(cred, path)]
			s.last[kind] = max(s.last[kind], int32(p))
			s.removed[kind] = max(s.removed[kind], int32(c))
		})
	}
}

// findLast finds the last commits that hold something. Such a commit either has been found already, as a parent
// of one that does not hold it any more, or has no children.
func (a *attribution) findLast() {
	parent := newSet(len(a.num))
	for c := range uint32(len(a.num)) {
		if a.scope.has(c) {
			for _, p := range a.parentsOf(c) {
				if a.kind(p) == a.kind(c) {
					parent.add(p)
				}
			}
		}
	}
	// From the last commit on, so that whatever has been looked at need not be looked at again.
	var seen [2]map[uint64]bool
	seen[0], seen[1] = map[uint64]bool{}, map[uint64]bool{}
	for c := len(a.num) - 1; c >= 0; c-- {
		if !a.scope.has(uint32(c)) || parent.has(uint32(c)) {
			continue
		}
		kind := a.kind(uint32(c))
		a.diff.each(0, a.root[c], func(path, chunk uint32) bool {
			k := uint64(path)<<32 | uint64(chunk)
			if seen[kind][k] {
				return true
			}
			seen[kind][k] = true
			return false
		}, func(cred, path uint32) {
			s := &a.spans[a.span(cred, path)]
			s.last[kind] = max(s.last[kind], int32(c))
		})
	}
}

func (a *attribution) findHead() {
	if a.head < 0 {
		return
	}
	all := func(uint32, uint32) bool { return false }
	a.diff.each(0, a.root[a.head], all, func(cred, path uint32) { a.spans[a.span(cred, path)].inHead = true })
}

// places makes the places of all spans.
func (a *attribution) places() *placeSet {
	introsOf := a.introsBySpan()
	var groups interner[uint32] // of introducing commits; most spans share theirs with others
	group := make([]uint32, len(a.spans))
	set := &placeSet{limit: a.q.MaxRefs, at: map[key]int{}}
	var spanOf []int
	for i := range a.spans {
		s := &a.spans[i]
		intros := introsOf(i)
		kind := 0
		if s.last[0] < 0 {
			kind = 1
		} else {
			n, _ := slices.BinarySearch(intros, uint32(a.reachable))
			intros = intros[:n]
		}
		group[i] = groups.add(intros)
		first := slices.IndexFunc(intros, func(c uint32) bool {
			return a.q.Filter.Since.IsZero() || a.time[c] >= a.q.Filter.Since.Unix()
		})
		if first < 0 {
			continue
		}
		p := Place{Cred: s.cred, Path: a.diff.paths.string(s.path), InHead: s.inHead, Removed: NoCommit}
		p.First, p.Last = a.num[intros[first]], a.num[s.last[kind]]
		p.Blob = a.blobAt(intros[first], s)
		if s.removed[kind] >= 0 && !s.inHead {
			p.Removed = a.num[s.removed[kind]]
		}
		set.add(p)
		spanOf = append(spanOf, i)
	}
	commits := make([][]uint32, groups.len())
	for i := range commits {
		commits[i] = groups.get(uint32(i))
	}
	refs := a.refsOf(commits, a.q.MaxRefs)
	for i := range set.places {
		l := refs[group[spanOf[i]]]
		p := &set.places[i]
		p.Refs, p.RefCount, p.Reachable = slices.Clone(l.Names), l.Count, l.Count > 0
	}
	return set
}

// introsBySpan sorts the introductions by span; each span's are in the order of commits.
func (a *attribution) introsBySpan() func(span int) []uint32 {
	ends := make([]uint32, len(a.spans)+1)
	for _, in := range a.intros {
		ends[in.span+1]++
	}
	for i := 1; i < len(ends); i++ {
		ends[i] += ends[i-1]
	}
	commits := make([]uint32, len(a.intros))
	next := slices.Clone(ends)
	for _, in := range a.intros {
		commits[next[in.span]] = in.commit
		next[in.span]++
	}
	return func(span int) []uint32 { return commits[ends[span]:ends[span+1]:ends[span+1]] }
}

// blobAt returns the smallest blob that holds a credential at a path of a commit's tree.
func (a *attribution) blobAt(commit uint32, s *span) pack.Num {
	best := NoCommit
	names := a.diff.paths.split(s.path, nil)
	var down func(tree pack.Num, names []uint32)
	down = func(tree pack.Num, names []uint32) {
		if int(tree) >= len(a.f.at) || a.f.at[tree] == noTree {
			return
		}
		g, list := a.f.list(a.f.at[tree])
		cut := a.sigs.cut[listRef{g, list}]
		dir := len(names) > 1
		key := makeEntry(names[0], dir, 0).key()
		a.f.groves[g].find(list, key, func(child uint32) {
			switch {
			case cut[makeEntry(names[0], dir, child)]:
			case dir:
				down(pack.Num(child), names[1:])
			case slices.Contains(a.diff.at(a.f.labelOf(&a.q, child), s.path), s.cred):
				best = min(best, pack.Num(child))
			}
		})
	}
	down(a.tree[commit], names)
	return best
}

// placeSet is places by credential and path.
type placeSet struct {
	places []Place
	at     map[key]int
	limit  int // for Refs
}

func (s *placeSet) add(p Place) *Place {
	s.at[key{p.Cred, p.Path}] = len(s.places)
	s.places = append(s.places, p)
	return &s.places[len(s.places)-1]
}

// addNoCommit adds a place without commits, or finds the one that is there for the same credential and path.
func (s *placeSet) addNoCommit(cred uint32, path string, blob pack.Num) *Place {
	i, ok := s.at[key{cred, path}]
	if !ok {
		return s.add(Place{Cred: cred, Path: path, Blob: blob, First: NoCommit, Last: NoCommit, Removed: NoCommit})
	}
	p := &s.places[i]
	if p.First == NoCommit {
		p.Blob = min(p.Blob, blob)
	}
	return p
}

func (s *placeSet) sorted() []Place {
	slices.SortFunc(s.places, func(a, b Place) int {
		return cmp.Or(cmp.Compare(a.Cred, b.Cred), cmp.Compare(a.Path, b.Path))
	})
	return s.places
}
