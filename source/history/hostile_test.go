package history

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/pack"
)

// TestOddTrees has trees that git would not write.
func TestOddTrees(t *testing.T) {
	one, two, other := gitBlobID("one"), gitBlobID("two"), gitBlobID("other")
	for _, test := range []struct {
		name     string
		tree     func(r *testRepo) string
		paths    []string // of credential 1, which is in blobs one and two; with a commit unless in parentheses
		problems []source.Reason
	}{
		{"submodule with the id of a blob", func(r *testRepo) string {
			return r.tree(line{"160000", "a", one}, line{"100644", "b", two})
		}, []string{"()", "b"}, nil},
		{"symbolic link and odd modes", func(r *testRepo) string {
			return r.tree(line{"120000", "a", one}, line{"100664", "b", one}, line{"0", "c", one}, line{"0100644", "d", one})
		}, []string{"()", "a", "b", "c", "d"}, nil},
		{"one name for two blobs", func(r *testRepo) string {
			return r.tree(line{"100644", "a", other}, line{"100644", "a", two}, line{"100644", "a", one})
		}, []string{"a"}, nil},
		{"one name for a blob and trees", func(r *testRepo) string {
			sub := r.tree(line{"100644", "x", one})
			sub2 := r.tree(line{"100644", "x", two}, line{"100644", "y", two})
			return r.tree(line{"40000", "a", sub}, line{"100644", "a", two}, line{"40000", "a", sub2}, line{"40000", "a", sub})
		}, []string{"a", "a/x", "a/y"}, nil},
		{"not sorted", func(r *testRepo) string {
			return r.tree(line{"100644", "z", one}, line{"100644", "a", one}, line{"100644", "m", two})
		}, []string{"a", "m", "z"}, nil},
		{"slash in a name", func(r *testRepo) string {
			return r.tree(line{"100644", "a/b", one}, line{"100644", "b", two}, line{"100644", "c/d", other})
		}, []string{"()", "b"}, []source.Reason{source.Corrupt}},
		{"truncated", func(r *testRepo) string {
			id := r.tree(line{"100644", "a", one})
			r.tree(line{"100644", "b", two})
			_, data := readObject(r, id)
			return r.put("tree", data+"100644 b\x00short")
		}, []string{"(b)", "a"}, []source.Reason{source.Corrupt}},
		{
			"garbage", func(r *testRepo) string { return r.put("tree", strings.Repeat("\x00\xff ", 100)) },
			[]string{"()"},
			[]source.Reason{source.Corrupt},
		},
		{"empty", func(r *testRepo) string { return r.put("tree", "") }, []string{"()"}, nil},
		{"blob said to be a tree", func(r *testRepo) string {
			return r.tree(line{"40000", "a", one}, line{"100644", "b", two})
		}, []string{"()", "b"}, []source.Reason{source.Corrupt}},
		{"tree said to be a blob", func(r *testRepo) string {
			return r.tree(line{"100644", "a", r.tree(line{"100644", "x", one})}, line{"100644", "b", two})
		}, []string{"(x)", "b"}, nil},
		{"root is a blob", func(*testRepo) string { return one }, []string{"()"}, []source.Reason{source.Corrupt}},
		{"absent tree", func(r *testRepo) string {
			return r.tree(line{"100644", "a", one}, line{"40000", "b", strings.Repeat("ab", 20)}, line{"40000", "c", strings.Repeat("ab", 20)})
		}, []string{"()", "a"}, []source.Reason{source.Absent}},
		{"absent blob", func(r *testRepo) string {
			sub := r.tree(line{"100644", "x", strings.Repeat("00", 20)})
			return r.tree(line{"100644", "a", one}, line{"100644", "b", two}, line{"40000", "c", sub})
		}, []string{"a", "b"}, []source.Reason{source.Absent}},
		{"bomb", func(r *testRepo) string {
			id := r.tree(line{"100644", "x", one})
			for range 10 {
				var lines []line
				for i := range 10 {
					lines = append(lines, line{"40000", fmt.Sprint(i), id})
				}
				id = r.tree(lines...)
			}
			return r.tree(line{"40000", "bomb", id}, line{"100644", "it", two})
		}, nil, []source.Reason{source.TooLarge}},
		{"very deep", func(r *testRepo) string {
			id := r.tree(line{"100644", "x", one})
			for range 2100 {
				id = r.tree(line{"40000", "d", id})
			}
			return r.tree(line{"40000", "deep", id}, line{"100644", "it", two})
		}, nil, []source.Reason{source.TooLarge}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newTestRepo(t)
			for _, b := range []string{"one", "two", "other"} {
				r.put("blob", b)
			}
			c := r.commit(test.tree(r), 1)
			r.git("", "update-ref", "refs/heads/main", c)
			opened := r.open()
			q := Query{Labels: map[pack.Num]uint32{}, MaxRefs: 3, Resolve: func(uint32, string) []uint32 { return []uint32{1} }}
			q.Labels[num(t, opened.Store, one)] = 1
			q.Labels[num(t, opened.Store, two)] = 2
			if test.name == "bomb" { // in Naive's way of doing it this takes long
				limitedBomb(t, opened, q)
				return
			}
			res := compareTwins(t, opened, q)
			if got := pathsOf(res); test.paths != nil && !slices.Equal(got, test.paths) {
				t.Errorf("got paths %q, want %q", got, test.paths)
			}
			var reasons []source.Reason
			for _, p := range res.Problems {
				reasons = append(reasons, p.Reason)
			}
			if diff := cmp.Diff(test.problems, reasons); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

// pathsOf returns the paths of all places; those without a commit in parentheses.
func pathsOf(res Result) []string {
	var paths []string
	for _, p := range res.Places {
		path := p.Path
		if p.First == NoCommit {
			path = "(" + path + ")"
		}
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}

func limitedBomb(t *testing.T, r Repo, q Query) {
	t.Helper()
	res, err := Attribute(context.Background(), graphOf(t, r), q)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(res.Places); n < 1000 || n > maxWeight {
		t.Errorf("got %d places", n)
	}
	if paths := pathsOf(res); !slices.Contains(paths, "it") {
		t.Error("the file beside the bomb is not found")
	}
	if len(res.Problems) == 0 || res.Problems[0].Reason != source.TooLarge {
		t.Errorf("got problems %v", res.Problems)
	}
}

func readObject(r *testRepo, id string) (pack.Type, string) {
	r.t.Helper()
	s := r.open().Store
	typ, data, err := s.NewReader().Read(num(r.t, s, id))
	if err != nil {
		r.t.Fatal(err)
	}
	return typ, string(data)
}

// TestCycle builds what only forged ids can make: trees that contain each other.
func TestCycle(t *testing.T) {
	f := &forest{at: []treeID{0, 1, 2, noTree}, names: []string{"a", "b"}, trees: 3}
	g := grove{trees: []treeRec{{num: 0}, {num: 1}, {num: 2}}}
	for _, entries := range [][]entry{
		{makeEntry(0, true, 1), makeEntry(1, false, 3)},
		{makeEntry(0, true, 2), makeEntry(1, false, 3)},
		{makeEntry(0, true, 0), makeEntry(1, true, 2)},
	} {
		g.lists = append(g.lists, g.list.add(chunked(entries, nil, &g.chunks)))
	}
	f.groves = []grove{g}
	s := newSignatures(f, &Query{Labels: map[pack.Num]uint32{3: 7}})
	for tree := range pack.Num(3) {
		s.of(tree)
	}
	if size := s.size[s.of(0)]; size.hits != 2 || size.levels != 2 {
		t.Errorf("got %d hits on %d levels, want 2 on 2: b and a/b", size.hits, size.levels)
	}
	if len(s.cut) == 0 {
		t.Error("nothing is said to be left out")
	}
}

// TestMissing removes objects from a history.
func TestMissing(t *testing.T) {
	r := newTestRepo(t)
	blob := r.put("blob", "one")
	sub := r.tree(line{"100644", "x", blob})
	root := r.tree(line{"100644", "a", blob}, line{"40000", "sub", sub})
	empty := r.tree()
	gone := r.tree(line{"100644", "gone", blob})
	first := r.commit(empty, 10)
	second := r.commit(root, 20, first)
	third := r.commit(gone, 30, second)
	fourth := r.commit(empty, 40, third)
	stray := r.commit(r.tree(line{"40000", "s", sub}), 50, fourth)
	r.git("", "update-ref", "refs/heads/main", fourth)
	check := func(t *testing.T, repo Repo, wantGraph, wantTrees []string, first string) {
		t.Helper()
		q := Query{Labels: map[pack.Num]uint32{num(t, repo.Store, blob): 1}, MaxRefs: 3, Resolve: testResolve}
		res := compareTwins(t, repo, q)
		told := func(problems []source.Problem) (what []string) {
			for _, p := range problems {
				what = append(what, p.What)
			}
			slices.Sort(what)
			return what
		}
		if diff := cmp.Diff(wantGraph, told(graphOf(t, repo).Problems())); diff != "" {
			t.Errorf("problems of commits (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(wantTrees, told(res.Problems)); diff != "" {
			t.Errorf("problems of trees (-want +got):\n%s", diff)
		}
		for _, p := range res.Places {
			if p.Path == "a" && p.First != num(t, repo.Store, first) {
				t.Errorf("a is first in %s, want %s", repo.Store.ID(p.First), first)
			}
		}
	}
	r.remove(sub)
	check(t, r.open(), nil, []string{sub}, second)
	r.remove(gone)
	check(t, r.open(), []string{gone}, []string{sub}, second)
	r.remove(first)
	check(t, r.open(), sorted(first, gone), []string{sub}, second)
	shallow := r.open()
	shallow.Shallow = []pack.ID{parseID(t, second)}
	check(t, shallow, []string{gone}, []string{sub}, second)
	shallow.Shallow = []pack.ID{parseID(t, third)}
	check(t, shallow, []string{gone}, nil, second)
	promised := r.open()
	promised.Promisor = true
	check(t, promised, sorted(first, gone), []string{sub}, second)
	_ = stray
}

func sorted(s ...string) []string {
	slices.Sort(s)
	return s
}
