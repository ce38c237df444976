package history

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/pack"
)

// Naive answers a query like [Attribute], by way of whole trees and one commit after the other. It
// shares no code with Attribute, [Collector] or [Graph], so that comparing them means something.
func Naive(ctx context.Context, r Repo, q Query) (Result, error) {
	n := &naive{
		Repo: r, q: q, ctx: ctx, reader: r.Store.NewPlainReader(),
		commits: map[pack.Num]*naiveCommit{}, tags: map[pack.Num]pack.Num{}, trees: map[pack.Num]bool{},
		flat: map[pack.Num]*flatTree{}, held: map[pack.Num]map[key]pack.Num{}, problems: map[string]source.Problem{}, creds: map[naiveLabel][]uint32{},
	}
	n.readAll()
	n.sort()
	places := n.placeCommits()
	if ctx.Err() != nil {
		return Result{}, ctx.Err()
	}
	n.placeTargets(places)
	n.placeDangling(places)
	return n.result(places), nil
}

type naive struct {
	Repo
	q      Query
	ctx    context.Context
	reader *pack.Reader

	commits map[pack.Num]*naiveCommit
	order   []*naiveCommit // in scope, reachable ones first
	tags    map[pack.Num]pack.Num
	trees   map[pack.Num]bool

	flat     map[pack.Num]*flatTree
	held     map[pack.Num]map[key]pack.Num // by tree
	creds    map[naiveLabel][]uint32
	problems map[string]source.Problem // by What
}

type naiveCommit struct {
	num       pack.Num
	index     int      // among all commits
	tree      pack.Num // NoCommit if absent
	parents   []*naiveCommit
	time      int64
	reachable bool
}

type naiveLabel struct {
	label uint32
	path  string
}

// key names a place.
type key struct {
	cred uint32
	path string
}

// readAll reads all commits and tags, and learns which objects are trees.
func (n *naive) readAll() {
	headers := map[pack.Num]pack.CommitHeader{}
	for num := range pack.Num(n.Store.Len()) {
		if n.ctx.Err() != nil {
			return
		}
		switch typ, _, _ := n.reader.Header(num); typ {
		case pack.Tree:
			n.trees[num] = true
		case pack.Tag:
			n.tags[num] = NoCommit
			if _, data, err := n.reader.Read(num); err == nil {
				line, _, _ := strings.Cut(string(data), "\n")
				if id, err := pack.ParseID(strings.TrimPrefix(line, "object ")); err == nil {
					n.tags[num] = n.find(id)
				}
			}
		case pack.Commit:
			_, data, err := n.reader.Read(num)
			if err != nil {
				continue
			}
			c := &naiveCommit{num: num, index: len(n.commits), tree: NoCommit}
			n.commits[num] = c
			if h, err := pack.ParseCommit(data); err == nil {
				headers[num] = h
				c.tree, c.time = n.find(h.Tree), h.Time
			}
		}
	}
	for num, h := range headers {
		if slices.Contains(n.Shallow, n.Store.ID(num)) {
			continue
		}
		for _, id := range h.Parents {
			if p := n.commits[n.find(id)]; p != nil {
				n.commits[num].parents = append(n.commits[num].parents, p)
			}
		}
	}
}

func (n *naive) find(id pack.ID) pack.Num {
	if num, ok := n.Store.Find(id); ok {
		return num
	}
	return NoCommit
}

// peel returns what an object is when all tags are taken off.
func (n *naive) peel(id pack.ID) pack.Num {
	num := n.find(id)
	for range len(n.tags) + 1 {
		to, ok := n.tags[num]
		if !ok {
			return num
		}
		num = to
	}
	return NoCommit
}

// ancestors reports, by index, which commits can be reached from some objects, by way of tags.
func (n *naive) ancestors(ids ...pack.ID) []bool {
	seen := make([]bool, len(n.commits))
	var todo []*naiveCommit
	for _, id := range ids {
		if c := n.commits[n.peel(id)]; c != nil {
			todo = append(todo, c)
		}
	}
	for len(todo) > 0 {
		c := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !seen[c.index] {
			seen[c.index] = true
			todo = append(todo, c.parents...)
		}
	}
	return seen
}

// sort puts the commits in scope in order: reachable ones, then unreachable ones.
func (n *naive) sort() {
	var ids []pack.ID
	for _, r := range n.Refs {
		ids = append(ids, r.ID)
	}
	reachable := n.ancestors(ids...)
	scope := n.ancestors(n.q.Filter.Tips...)
	var sets [2][]*naiveCommit
	for _, c := range n.commits {
		c.reachable = reachable[c.index]
		if n.q.Filter.Tips != nil && !scope[c.index] {
			continue
		}
		if c.reachable {
			sets[0] = append(sets[0], c)
		} else if !n.q.Filter.NoUnreachable {
			sets[1] = append(sets[1], c)
		}
	}
	done := map[*naiveCommit]bool{}
	for _, set := range sets {
		n.sortSet(set, done)
	}
}

func (n *naive) sortSet(set []*naiveCommit, done map[*naiveCommit]bool) {
	children := map[*naiveCommit][]*naiveCommit{}
	waits := map[*naiveCommit]int{}
	var ready commitHeap
	for _, c := range set {
		for _, p := range c.parents {
			if !done[p] {
				waits[c]++
				children[p] = append(children[p], c)
			}
		}
		if waits[c] == 0 {
			heap.Push(&ready, c)
		}
	}
	for len(ready) > 0 {
		c := heap.Pop(&ready).(*naiveCommit)
		done[c] = true
		n.order = append(n.order, c)
		for _, child := range children[c] {
			waits[child]--
			if waits[child] == 0 {
				heap.Push(&ready, child)
			}
		}
	}
}

// commitHeap has the oldest commit on top.
type commitHeap []*naiveCommit

func (h commitHeap) Len() int { return len(h) }
func (h commitHeap) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(h[i].time, h[j].time), cmp.Compare(h[i].num, h[j].num)) < 0
}
func (h commitHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *commitHeap) Push(x any)   { *h = append(*h, x.(*naiveCommit)) }
func (h *commitHeap) Pop() any {
	old := *h
	c := old[len(old)-1]
	*h = old[:len(old)-1]
	return c
}

// flatTree is the labelled blobs below a tree.
type flatTree struct {
	hits     []hit
	weight   int  // bytes of their paths
	levels   int  // of trees down to the deepest of them
	busy     bool // being made
	children []pack.Num
	troubles []source.Problem
}

type hit struct {
	path string
	blob pack.Num
}

// flatten lists the labelled blobs below a tree.
func (n *naive) flatten(tree pack.Num, nesting int) *flatTree {
	if f := n.flat[tree]; f != nil {
		return f
	}
	f := &flatTree{busy: true}
	n.flat[tree] = f
	entries, err := n.entries(tree)
	if err != nil {
		f.trouble(problemOf(err, n.Store.ID(tree)))
	}
	for _, e := range entries {
		child := n.find(e.id)
		matters := e.dir || child == NoCommit || n.matters(child, e.name)
		switch {
		case strings.Contains(e.name, "/") && matters:
			f.trouble(treeProblem(e.id, errSlash))
		case child == NoCommit:
			f.trouble(absentObject(n.Repo, e.id, ""))
		case !e.dir:
			if matters && !f.add(e.name, &flatTree{hits: []hit{{"", child}}, weight: -1}) {
				f.trouble(treeProblem(n.Store.ID(tree), errTooMany))
			}
		default:
			if nesting == maxNesting || !f.add(e.name, n.flatten(child, nesting+1)) {
				f.trouble(treeProblem(n.Store.ID(tree), errTooMany))
				continue
			}
			f.children = append(f.children, child)
		}
	}
	f.busy = false
	return f
}

// matters reports whether a blob has findings because of what it holds or how it is named.
func (n *naive) matters(blob pack.Num, name string) bool {
	return n.q.Labels[blob] != 0 || n.q.Named != nil && n.q.Named(name)
}

func (f *flatTree) trouble(p source.Problem) { f.troubles = append(f.troubles, p) }

// add adds what is below an entry, and returns false if that is too much.
func (f *flatTree) add(name string, child *flatTree) bool {
	if len(child.hits) == 0 && !child.busy {
		return true
	}
	weight := child.weight + len(child.hits)*(len(name)+1)
	if child.busy || child.levels+1 > maxLevels || f.weight+weight > maxWeight {
		return false
	}
	f.weight += weight
	f.levels = max(f.levels, child.levels+1)
	for _, h := range child.hits {
		path := name
		if h.path != "" {
			path += "/" + h.path
		}
		f.hits = append(f.hits, hit{path, h.blob})
	}
	return true
}

type naiveEntry struct {
	name string
	dir  bool
	id   pack.ID
}

// entries reads the files, symbolic links and directories of a tree, by name, files first. It returns those before the first
// malformed one also with an error.
func (n *naive) entries(tree pack.Num) ([]naiveEntry, error) {
	typ, data, err := n.reader.Read(tree)
	if err != nil {
		return nil, err
	}
	if typ != pack.Tree {
		return nil, errNotTree
	}
	var entries []naiveEntry
	it := pack.NewTreeIter(data, n.Store.HashLen())
	for it.Next() {
		if it.IsDir() || it.IsBlob() {
			entries = append(entries, naiveEntry{string(it.Name), it.IsDir(), pack.ID(it.ID)})
		}
	}
	if it.Err() != nil {
		err = errMalformed
	}
	slices.SortStableFunc(entries, func(a, b naiveEntry) int {
		if a.name == b.name && a.dir != b.dir {
			return map[bool]int{false: -1, true: 1}[a.dir]
		}
		return cmp.Compare(a.name, b.name)
	})
	return entries, err
}

func problemOf(err error, id pack.ID) source.Problem {
	var o *pack.ObjectError
	if errors.As(err, &o) {
		return o.Problem
	}
	return treeProblem(id, err)
}

// note tells the problems of a tree and all trees below it.
func (n *naive) note(tree pack.Num, seen map[pack.Num]bool) {
	todo := []pack.Num{tree}
	for len(todo) > 0 {
		tree, todo = todo[len(todo)-1], todo[:len(todo)-1]
		if tree == NoCommit || seen[tree] {
			continue
		}
		seen[tree] = true
		f := n.flatten(tree, 0)
		for _, p := range f.troubles {
			n.problems[p.What] = p
		}
		todo = append(todo, f.children...)
	}
}

// naiveSpan is what becomes of a place over the commits of one kind, reachable or not.
type naiveSpan struct {
	intros        []*naiveCommit
	last, removed pack.Num
}

// holds returns the places that a commit holds.
func (n *naive) holds(c *naiveCommit) map[key]pack.Num {
	if c.tree == NoCommit {
		return nil
	}
	held, ok := n.held[c.tree]
	if !ok {
		held = n.hold(c.tree, func(pack.Num) bool { return true })
		n.held[c.tree] = held
	}
	return held
}

// hold returns the places of some of the labelled blobs of a tree, each with its smallest blob.
func (n *naive) hold(tree pack.Num, want func(blob pack.Num) bool) map[key]pack.Num {
	held := map[key]pack.Num{}
	for _, h := range n.flatten(tree, 0).hits {
		if want(h.blob) {
			n.enter(held, h)
		}
	}
	return held
}

func (n *naive) enter(held map[key]pack.Num, h hit) {
	for _, cred := range n.resolve(n.q.label(h.blob), h.path) {
		k := key{cred, h.path}
		if old, ok := held[k]; !ok || h.blob < old {
			held[k] = h.blob
		}
	}
}

func (n *naive) resolve(label uint32, path string) []uint32 {
	k := naiveLabel{label, path}
	creds, ok := n.creds[k]
	if !ok {
		creds = n.q.Resolve(label, path)
		n.creds[k] = creds
	}
	return creds
}

// placeCommits makes the places that have commits.
func (n *naive) placeCommits() map[key]*Place {
	spans := [2]map[key]*naiveSpan{{}, {}}
	at := func(c *naiveCommit, k key) *naiveSpan {
		m := spans[0]
		if !c.reachable {
			m = spans[1]
		}
		if m[k] == nil {
			m[k] = &naiveSpan{last: NoCommit, removed: NoCommit}
		}
		return m[k]
	}
	seen := map[pack.Num]bool{}
	for _, c := range n.order {
		if n.ctx.Err() != nil {
			return nil
		}
		if c.reachable {
			n.note(c.tree, seen)
		}
		if len(n.held) > 1000 { // only those of neighbours are wanted again
			clear(n.held)
		}
		held := n.holds(c)
		inParents := map[key]bool{}
		for _, p := range c.parents {
			for k := range n.holds(p) {
				inParents[k] = true
			}
		}
		for k := range held {
			s := at(c, k)
			s.last = c.num
			if !inParents[k] {
				s.intros = append(s.intros, c)
			}
		}
		for k := range inParents {
			if _, ok := held[k]; !ok {
				at(c, k).removed = c.num
			}
		}
	}
	return n.assemble(spans)
}

func (n *naive) assemble(spans [2]map[key]*naiveSpan) map[key]*Place {
	places := map[key]*Place{}
	intros := map[key][]*naiveCommit{}
	head := n.head()
	for _, m := range spans {
		for k, s := range m {
			if s.last == NoCommit || intros[k] != nil { // held by none of these; or by reachable ones
				continue
			}
			intros[k] = s.intros
			p := &Place{Cred: k.cred, Path: k.path, First: NoCommit, Last: s.last, Removed: s.removed}
			for _, c := range s.intros {
				if n.q.Filter.Since.IsZero() || c.time >= n.q.Filter.Since.Unix() {
					p.First, p.Blob = c.num, n.holds(c)[k]
					break
				}
			}
			if p.First == NoCommit {
				continue
			}
			if _, p.InHead = head[k]; p.InHead {
				p.Removed = NoCommit
			}
			places[k] = p
		}
	}
	names := map[pack.ID][]string{}
	for _, r := range n.Refs {
		names[r.ID] = append(names[r.ID], r.Name)
	}
	for id, names := range names {
		reach := n.ancestors(id)
		for k, p := range places {
			// A commit that holds it introduces it or has a parent that holds it, and so on.
			if slices.ContainsFunc(intros[k], func(c *naiveCommit) bool { return reach[c.index] }) {
				for _, name := range names {
					p.addRef(name, n.q.MaxRefs)
				}
			}
		}
	}
	return places
}

func (n *naive) head() map[key]pack.Num {
	for _, r := range n.Refs {
		if c := n.commits[n.peel(r.ID)]; c != nil && r.Name == "HEAD" {
			return n.holds(c)
		}
	}
	return nil
}

func (p *Place) addRef(name string, limit int) {
	p.Reachable = true
	p.RefCount++
	i, _ := slices.BinarySearch(p.Refs, name)
	p.Refs = slices.Insert(p.Refs, i, name)
	if len(p.Refs) > limit {
		p.Refs = p.Refs[:limit]
	}
}

// inCommits returns the labelled blobs that some commits' trees hold.
func (n *naive) inCommits(want func(*naiveCommit) bool) map[pack.Num]bool {
	blobs := map[pack.Num]bool{}
	for _, c := range n.order {
		if c.tree == NoCommit || !want(c) {
			continue
		}
		for _, h := range n.flatten(c.tree, 0).hits {
			blobs[h.blob] = true
		}
	}
	return blobs
}

// placeTargets adds the places of trees and blobs that refs or tips lead to.
func (n *naive) placeTargets(places map[key]*Place) {
	if !n.q.Filter.Since.IsZero() {
		return
	}
	held := n.inCommits(func(c *naiveCommit) bool { return c.reachable })
	refs := map[pack.Num][]string{}
	for _, r := range n.Refs {
		target := n.peel(r.ID)
		refs[target] = append(refs[target], r.Name)
	}
	for target := range n.targets() {
		for k, blob := range n.holdTarget(target, func(b pack.Num) bool { return !held[b] }) {
			p := addNoCommit(places, k, blob)
			for _, name := range refs[target] {
				p.addRef(name, n.q.MaxRefs)
			}
		}
	}
}

// addNoCommit returns the place of a key, made if there is none.
func addNoCommit(places map[key]*Place, k key, blob pack.Num) *Place {
	p := places[k]
	if p == nil {
		p = &Place{Cred: k.cred, Path: k.path, Blob: blob, First: NoCommit, Last: NoCommit, Removed: NoCommit}
		places[k] = p
	}
	if p.First == NoCommit {
		p.Blob = min(p.Blob, blob)
	}
	return p
}

// targets returns the trees and labelled blobs that refs lead to, or tips, if there are any.
func (n *naive) targets() map[pack.Num]bool {
	ids := n.q.Filter.Tips
	if ids == nil {
		for _, r := range n.Refs {
			ids = append(ids, r.ID)
		}
	}
	targets := map[pack.Num]bool{}
	for _, id := range ids {
		if num := n.peel(id); n.trees[num] || n.q.Labels[num] != 0 {
			targets[num] = true
		}
	}
	return targets
}

func (n *naive) holdTarget(target pack.Num, want func(pack.Num) bool) map[key]pack.Num {
	if n.trees[target] {
		return n.hold(target, want)
	}
	held := map[key]pack.Num{}
	if want(target) {
		n.enter(held, hit{"", target})
	}
	return held
}

// placeDangling adds the places of blobs that nothing leads to.
func (n *naive) placeDangling(places map[key]*Place) {
	f := n.q.Filter
	if f.Tips != nil || f.NoUnreachable || !f.Since.IsZero() {
		return
	}
	held := n.inCommits(func(*naiveCommit) bool { return true })
	seen := map[pack.Num]bool{}
	for _, c := range n.order {
		n.see(c.tree, seen)
	}
	for target := range n.targets() {
		if !n.trees[target] {
			held[target] = true
			continue
		}
		n.see(target, seen)
		for _, h := range n.flatten(target, 0).hits {
			held[h.blob] = true
		}
	}
	left := func(blob pack.Num) bool { return !held[blob] }
	below := map[pack.Num]bool{}
	for tree := range n.trees {
		if !seen[tree] {
			for _, child := range n.flatten(tree, 0).children {
				below[child] = true
			}
		}
	}
	inTree := map[pack.Num]bool{}
	for tree := range n.trees {
		if seen[tree] || below[tree] {
			continue
		}
		for _, h := range n.flatten(tree, 0).hits {
			inTree[h.blob] = true
		}
		for k, blob := range n.hold(tree, left) {
			addNoCommit(places, k, blob)
		}
	}
	loose := map[key]pack.Num{}
	for blob := range n.q.Labels {
		if left(blob) && !inTree[blob] {
			n.enter(loose, hit{"", blob})
		}
	}
	for k, blob := range loose {
		addNoCommit(places, k, blob)
	}
}

// see adds a tree and all trees below it to a set.
func (n *naive) see(tree pack.Num, seen map[pack.Num]bool) {
	todo := []pack.Num{tree}
	for len(todo) > 0 {
		tree, todo = todo[len(todo)-1], todo[:len(todo)-1]
		if tree != NoCommit && !seen[tree] {
			seen[tree] = true
			todo = append(todo, n.flatten(tree, 0).children...)
		}
	}
}

func (n *naive) result(places map[key]*Place) Result {
	var r Result
	for _, p := range places {
		r.Places = append(r.Places, *p)
	}
	slices.SortFunc(r.Places, func(a, b Place) int {
		return cmp.Or(cmp.Compare(a.Cred, b.Cred), cmp.Compare(a.Path, b.Path))
	})
	for tree := range n.trees {
		if n.Promisor { // what is promised is told whether or not it can be reached
			n.note(tree, map[pack.Num]bool{})
		}
	}
	for _, p := range n.problems {
		r.Problems = append(r.Problems, p)
	}
	slices.SortFunc(r.Problems, func(a, b source.Problem) int { return cmp.Compare(a.What, b.What) })
	return r
}
