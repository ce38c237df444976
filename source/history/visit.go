package history

import (
	"cmp"
	"slices"

	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/pack"
)

// visit is what has been seen on the way through trees, entry by entry instead of by signature.
type visit struct {
	f        *forest
	sigs     *signatures
	trees    set                       // by treeID
	chunks   []set                     // by grove and number
	blobs    set                       // labelled ones, by object
	problems map[string]source.Problem // by What
}

func newVisit(f *forest, sigs *signatures) *visit {
	v := &visit{f: f, sigs: sigs, trees: newSet(f.trees), blobs: newSet(len(f.at)), problems: map[string]source.Problem{}}
	for i := range f.groves {
		v.chunks = append(v.chunks, newSet(f.groves[i].chunks.len()))
	}
	return v
}

// tree goes through a tree and all trees below it. Their signatures must have been made.
func (v *visit) tree(root pack.Num) {
	todo := []uint32{uint32(root)}
	for len(todo) > 0 {
		child := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		t := v.f.tree(child)
		if t == noTree {
			v.note(child)
			continue
		}
		if v.trees.has(uint32(t)) {
			continue
		}
		v.trees.add(uint32(t))
		todo = v.list(t, child, todo)
	}
}

// list goes through the entries of a tree and adds its trees to a list.
func (v *visit) list(t treeID, num uint32, todo []uint32) []uint32 {
	grove, list := v.f.list(t)
	g := &v.f.groves[grove]
	cut := v.sigs.cut[listRef{grove, list}]
	if cut != nil {
		id := v.f.store.ID(pack.Num(num))
		v.problems[id.String()] = treeProblem(id, errTooMany)
	}
	for _, c := range g.list.get(list) {
		if cut == nil {
			if v.chunks[grove].has(c) {
				continue
			}
			v.chunks[grove].add(c)
		}
		for _, e := range g.chunks.get(c) {
			switch {
			case cut[e]:
			case e.dir():
				todo = append(todo, e.value())
			case v.f.isProblem(e.value()):
				v.note(e.value())
			default:
				v.blobs.add(e.value())
			}
		}
	}
	return todo
}

// note takes note of a child that is no tree although an entry or a commit says so, or of another problem.
func (v *visit) note(child uint32) {
	p, ok := v.f.problems[child]
	if !ok {
		p = treeProblem(v.f.store.ID(pack.Num(child)), errNotTree)
	}
	v.problems[p.What] = p
}

// told returns the problems so far, and everything promised.
func (v *visit) told() []source.Problem {
	var list []source.Problem
	for _, p := range v.f.problems {
		if p.Reason == source.Promised {
			v.problems[p.What] = p
		}
	}
	for _, p := range v.problems {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b source.Problem) int { return cmp.Compare(a.What, b.What) })
	return list
}

// visitCommits goes through the trees of all reachable (0) or unreachable (1) commits in scope.
func (a *attribution) visitCommits(v *visit, kind int) {
	for c, tree := range a.tree {
		if tree != NoCommit && a.scope.has(uint32(c)) && a.kind(uint32(c)) == kind {
			v.tree(tree)
		}
	}
}

// expand calls emit for each labelled blob below a tree, unless skip says that a tree below need not be looked at.
func (a *attribution) expand(tree, path uint32, skip func(treeID) bool, emit func(path uint32, blob pack.Num)) {
	t := a.f.tree(tree)
	if t == noTree || skip(t) {
		return
	}
	grove, list := a.f.list(t)
	cut := a.sigs.cut[listRef{grove, list}]
	for e := range a.f.groves[grove].entries(list) {
		switch {
		case cut[e] || !e.dir() && a.f.isProblem(e.value()):
		case e.dir():
			a.expand(e.value(), a.diff.paths.child(path, e.name()), skip, emit)
		default:
			emit(a.diff.paths.child(path, e.name()), pack.Num(e.value()))
		}
	}
}

// target is a tree or blob that refs or tips lead to.
type target struct {
	num  pack.Num
	refs []string
}

func (a *attribution) targets() []target {
	at := map[pack.Num]int{}
	var targets []target
	add := func(n pack.Num) {
		if _, ok := at[n]; !ok && n != NoCommit && (a.f.at[n] != noTree || a.q.Labels[n] != 0) {
			at[n] = len(targets)
			targets = append(targets, target{num: n})
		}
	}
	for _, id := range a.q.Filter.Tips {
		if n, ok := a.repo.Store.Find(id); ok {
			add(a.peel(n, func(pack.Num) {}))
		}
	}
	for _, r := range a.refs {
		if a.q.Filter.Tips == nil {
			add(r.num)
		}
		if i, ok := at[r.num]; ok {
			targets[i].refs = append(targets[i].refs, r.name)
		}
	}
	return targets
}

// placeTargets adds the places of trees and blobs that refs or tips lead to, except for blobs that reachable
// commits hold.
func (a *attribution) placeTargets(places *placeSet, held set) {
	if !a.q.Filter.Since.IsZero() {
		return
	}
	for _, t := range a.targets() {
		seen := map[key]bool{}
		a.blobsOf(t.num, func(path uint32, blob pack.Num) {
			if held.has(uint32(blob)) {
				return
			}
			for _, cred := range a.diff.at(a.q.label(blob), path) {
				k := key{cred, a.diff.paths.string(path)}
				p := places.addNoCommit(k.cred, k.path, blob)
				if !seen[k] {
					seen[k] = true
					for _, name := range t.refs {
						p.addRef(name, a.q.MaxRefs)
					}
				}
			}
		})
	}
}

// blobsOf calls emit for each labelled blob that a target is or holds.
func (a *attribution) blobsOf(n pack.Num, emit func(path uint32, blob pack.Num)) {
	if a.f.at[n] == noTree {
		emit(0, n)
		return
	}
	a.sigs.of(n)
	a.expand(uint32(n), 0, func(treeID) bool { return false }, emit)
}

// placeDangling adds the places of blobs that nothing leads to. v has seen what commits lead to.
func (a *attribution) placeDangling(places *placeSet, v *visit) {
	f := a.q.Filter
	if f.Tips != nil || f.NoUnreachable || !f.Since.IsZero() {
		return
	}
	for _, t := range a.targets() {
		if a.f.at[t.num] == noTree {
			v.blobs.add(uint32(t.num))
		} else {
			v.tree(t.num)
		}
	}
	dangling := a.dangling(v)
	below := newSet(a.f.trees)
	for _, n := range dangling {
		a.sigs.of(n)
		a.childTrees(n, func(t treeID) { below.add(uint32(t)) })
	}
	place := func(path uint32, blob pack.Num) {
		for _, cred := range a.diff.at(a.q.label(blob), path) {
			places.addNoCommit(cred, a.diff.paths.string(path), blob)
		}
	}
	inTree := newSet(len(a.f.at))
	for _, n := range dangling {
		if below.has(uint32(a.f.at[n])) {
			continue
		}
		// Trees that were seen before hold nothing new.
		seen := func(t treeID) bool { return v.trees.has(uint32(t)) }
		a.expand(uint32(n), 0, seen, func(path uint32, blob pack.Num) {
			if !v.blobs.has(uint32(blob)) {
				inTree.add(uint32(blob))
				place(path, blob)
			}
		})
	}
	for blob := range a.q.Labels {
		if !v.blobs.has(uint32(blob)) && !inTree.has(uint32(blob)) {
			place(0, blob)
		}
	}
}

// dangling returns the trees with something in them that have not been seen.
func (a *attribution) dangling(v *visit) []pack.Num {
	var nums []pack.Num
	for _, g := range a.f.groves {
		for i, rec := range g.trees {
			if g.lists[i] != 0 && !v.trees.has(uint32(g.first)+uint32(i)) {
				nums = append(nums, rec.num)
			}
		}
	}
	return nums
}

// childTrees calls do for the trees among the entries of a tree.
func (a *attribution) childTrees(n pack.Num, do func(treeID)) {
	grove, list := a.f.list(a.f.at[n])
	cut := a.sigs.cut[listRef{grove, list}]
	for e := range a.f.groves[grove].entries(list) {
		if e.dir() && !cut[e] {
			if t := a.f.tree(e.value()); t != noTree {
				do(t)
			}
		}
	}
}
