package history

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/source/pack"
)

// TestGraph compares what a graph says with what git says.
func TestGraph(t *testing.T) {
	r := newTestRepo(t)
	s := newScript(42)
	s.commits(60)
	s.refs()
	r.git(s.String(), "fast-import", "--quiet", "--force")
	s.extras(r)
	tagged := r.commit(r.tree(), 5)
	inner := r.put("tag", "object "+tagged+"\ntype commit\ntag x\ntagger a <a@b> 1 +0000\n\nm\n")
	outer := r.put("tag", "object "+inner+"\ntype tag\ntag y\ntagger a <a@b> 1 +0000\n\nm\n")
	loose := r.put("tag", "object "+inner+"\ntype tag\ntag z\ntagger a <a@b> 1 +0000\n\nm\n")
	r.git("", "update-ref", "refs/tags/inner", inner)
	r.git("", "update-ref", "refs/tags/outer", outer)
	heads := strings.Fields(r.git("", "for-each-ref", "--format=%(refname)", "refs/heads"))
	r.git("", "symbolic-ref", "HEAD", heads[0])

	repo := r.open()
	g := graphOf(t, repo)
	lines := func(args ...string) map[string]bool {
		set := map[string]bool{}
		for _, l := range strings.Fields(r.git("", args...)) {
			set[l] = true
		}
		return set
	}
	all, head := lines("rev-list", "--all", "HEAD"), lines("rev-list", "HEAD")
	if g.Len() <= len(all) {
		t.Errorf("got %d commits, want more than the %d reachable ones", g.Len(), len(all))
	}
	inHead := g.InHead(g.num)
	lists := g.CommitRefs(g.num, 1000)
	for i, n := range g.num {
		id := repo.Store.ID(n).String()
		if got := g.Reachable(n); got != all[id] {
			t.Errorf("commit %s is reachable: %v, want %v", id, got, all[id])
		}
		if inHead[n] != head[id] {
			t.Errorf("commit %s is in HEAD: %v, want %v", id, inHead[n], head[id])
		}
		for _, p := range g.parentsOf(uint32(i)) {
			if int(p) >= i {
				t.Errorf("commit %d comes before its parent %d", i, p)
			}
		}
		if i%7 > 0 {
			continue
		}
		want := strings.Fields(r.git("", "for-each-ref", "--format=%(refname)", "--contains", id))
		if head[id] {
			want = append([]string{"HEAD"}, want...)
		}
		if diff := cmp.Diff(RefList{want, len(want)}, lists[i], equateEmpty); diff != "" {
			t.Errorf("refs of %s (-git +got):\n%s", id, diff)
		}
	}
	want := RefList{[]string{"refs/tags/inner"}, 2}
	if diff := cmp.Diff(want, g.TagRefs(num(t, repo.Store, inner), 1)); diff != "" {
		t.Errorf("refs of a tag (-want +got):\n%s", diff)
	}
	if !g.Reachable(num(t, repo.Store, outer)) || g.Reachable(num(t, repo.Store, loose)) {
		t.Error("want the tag with a ref to be reachable, and the one without not")
	}
}

var equateEmpty = cmp.Transformer("empty", func(s []string) []string { return slices.Clip(append([]string{}, s...)) })

// TestQueue takes out in order what was put in.
func TestQueue(t *testing.T) {
	for _, n := range []int{1, 64, 65, 5000, 70000} {
		q := newQueue(n)
		for i := n - 1; i >= 0; i -= 3 {
			q.push(uint32(i))
		}
		for want := (n - 1) % 3; want < n; want += 3 {
			if got, ok := q.pop(); !ok || int(got) != want {
				t.Fatalf("of %d: got %d, %v, want %d", n, got, ok, want)
			}
		}
		if _, ok := q.pop(); ok {
			t.Fatalf("of %d: more came out than was put in", n)
		}
	}
}

// FuzzCommit compares a Collector's reading of a commit with that of package pack.
func FuzzCommit(f *testing.F) {
	r := newTestRepo(f)
	tree := r.tree()
	root := r.commit(tree, 1)
	store := r.open().Store
	f.Add([]byte("tree " + tree + "\nparent " + root + "\nauthor x <y> 1 +0000\ncommitter a > b <c>> 17 +0100\n\nm\n"))
	f.Add([]byte("tree " + tree + "\nparent " + root + "\nparent x\n"))
	f.Add([]byte("tree " + strings.ToUpper(tree) + "\ncommitter <> -5\n"))
	f.Add([]byte("tree " + tree + "\n\ncommitter <> 5\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := NewCollector(store)
		c.Commit(0, data)
		h, err := pack.ParseCommit(data)
		if (err != nil) != (len(c.problems) > 0) {
			t.Fatalf("malformed: %v, want %v", len(c.problems) > 0, err)
		}
		if err != nil {
			return
		}
		find := func(id pack.ID) pack.Num {
			if n, ok := store.Find(id); ok {
				return n
			}
			return NoCommit
		}
		var parents []pack.Num
		for _, id := range h.Parents {
			if n := find(id); n != NoCommit {
				parents = append(parents, n)
			}
		}
		got := c.commits[0]
		if got.tree != find(h.Tree) || got.time != h.Time || !slices.Equal(c.parents[got.from:got.to], parents) {
			t.Fatalf("got %+v with parents %v, want %+v", got, c.parents, h)
		}
	})
}
