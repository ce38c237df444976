package revs_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
	"github.com/straykey/straykey/source/repo/gittest"
	"github.com/straykey/straykey/source/revs"
)

func newWalker(t testing.TB, d gittest.Dir) *revs.Walker {
	t.Helper()
	r, err := repo.Open(d.Path)
	if err != nil {
		t.Fatal(err)
	}
	store, err := pack.Open(r.ObjectsDir(), pack.Options{HashLen: r.HashLen})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return revs.NewWalker(r, store)
}

func list(t testing.TB, w *revs.Walker, specs ...string) revs.List {
	t.Helper()
	r, err := w.Parse(specs...)
	if err != nil {
		t.Fatal(err)
	}
	l, err := w.Commits(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func hexIDs(l revs.List) []string {
	var ids []string
	for _, c := range l.Commits {
		ids = append(ids, c.ID.String())
	}
	return ids
}

// history makes n commits with random parents, files and, if skewed, random dates. Branch bN is commit N.
func history(t *testing.T, rnd *rand.Rand, n int, skewed bool, args ...string) gittest.Dir {
	d := gittest.Init(t, args...)
	digits := 40
	if slices.Contains(args, "--object-format=sha256") {
		digits = 64
	}
	names := []string{"a", "b", "dir/a", "dir/b", "dir/sub/c", "dir.x", "other/a", "other/sub/b", "new"}
	modes := []string{"100644", "100644", "100644", "100755", "120000"}
	var in strings.Builder
	for i := range n {
		date := 1_700_000_000 + 100*i
		if skewed {
			date = 1_700_000_000 + rnd.IntN(100_000)
		}
		fmt.Fprintf(&in, "commit refs/heads/b%d\nmark :%d\ncommitter C <c@example.com> %d +0000\ndata 1\nx\n", i, i+1, date)
		var parents []int
		for range rnd.IntN(4) {
			if p := i - 1 - rnd.IntN(8); p >= 0 && !slices.Contains(parents, p) {
				parents = append(parents, p)
			}
		}
		for j, p := range parents {
			fmt.Fprintf(&in, "%s :%d\n", []string{"from", "merge"}[min(j, 1)], p+1)
		}
		for range rnd.IntN(5) {
			name := names[rnd.IntN(len(names))]
			switch rnd.IntN(6) {
			case 0:
				fmt.Fprintf(&in, "D %s\n", name)
			case 1:
				fmt.Fprintf(&in, "M 160000 %0*x %s\n", digits, 1+rnd.IntN(3), name)
			case 2:
				fmt.Fprintf(&in, "M 100644 inline %s/below\ndata 1\n%d\n", name, rnd.IntN(4))
			default:
				fmt.Fprintf(&in, "M %s inline %s\ndata 1\n%d\n", modes[rnd.IntN(len(modes))], name, rnd.IntN(4))
			}
		}
		in.WriteString("\n")
	}
	d.In(in.String(), "fast-import", "--quiet", "--force")
	return d
}

// ancestors returns what each commit reaches, itself included, worked out without regard to dates.
func ancestors(d gittest.Dir) map[string]map[string]bool {
	reach := map[string]map[string]bool{}
	lines := strings.Split(d.Git("rev-list", "--all", "--topo-order", "--reverse", "--parents"), "\n")
	for _, line := range lines {
		ids := strings.Fields(line)
		set := map[string]bool{ids[0]: true}
		for _, p := range ids[1:] {
			maps.Copy(set, reach[p])
		}
		reach[ids[0]] = set
	}
	return reach
}

// writeGraph gives a repository of history a commit-graph: none, a whole one, one of the older half only, or
// a chain of files.
func writeGraph(d gittest.Dir, kind int) {
	_ = os.Remove(filepath.Join(d.Path, ".git/objects/info/commit-graph")) // of git gc
	half := d.Git("rev-parse", "b30")
	switch kind {
	case 1:
		d.Git("commit-graph", "write", "--reachable", "--changed-paths")
	case 2:
		d.In(half, "commit-graph", "write", "--stdin-commits")
	case 3:
		d.In(half, "commit-graph", "write", "--stdin-commits", "--split=no-merge")
		d.Git("commit-graph", "write", "--reachable", "--split=no-merge")
	}
}

func TestCommits(t *testing.T) {
	seeds := uint64(16)
	if testing.Short() {
		seeds = 4
	}
	for seed := range seeds {
		skewed := seed%2 == 1
		rnd := rand.New(rand.NewPCG(seed, 5))
		const n = 60
		d := history(t, rnd, n, skewed)
		if seed%4 < 2 {
			d.Git("gc", "-q")
		}
		writeGraph(d, int(seed/4))
		reach := ancestors(d)
		w := newWalker(t, d)
		branch := func() string { return fmt.Sprintf("b%d", rnd.IntN(n)) }
		of := func(name string) map[string]bool { return reach[d.Git("rev-parse", name)] }
		for i := range 25 {
			a, b, c, e := branch(), branch(), branch(), branch()
			var specs []string
			var included func(id string) bool
			A, B, C, E := of(a), of(b), of(c), of(e)
			switch i % 5 {
			case 0, 1:
				specs = []string{a + ".." + b}
				included = func(id string) bool { return B[id] && !A[id] }
			case 2:
				specs = []string{a + "..." + b}
				included = func(id string) bool { return A[id] != B[id] }
			case 3:
				specs = []string{a + ".." + b, c + ".." + e}
				included = func(id string) bool { return (B[id] || E[id]) && !A[id] && !C[id] }
			case 4:
				specs = []string{a, "^" + b, c}
				included = func(id string) bool { return (A[id] || C[id]) && !B[id] }
			}
			var want []string
			for id := range reach {
				if included(id) {
					want = append(want, id)
				}
			}
			l := list(t, w, specs...)
			got := hexIDs(l)
			opts := []cmp.Option{cmpopts.SortSlices(strings.Compare), cmpopts.EquateEmpty()}
			if diff := cmp.Diff(want, got, opts...); diff != "" {
				t.Errorf("seed %d, %s: %s", seed, specs, diff)
			}
			if !skewed { // git is not exact when clocks are wrong
				fromGit := strings.Fields(d.Git(append([]string{"rev-list", "--date-order"}, specs...)...))
				if diff := cmp.Diff(fromGit, got, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("seed %d, %s, order: %s", seed, specs, diff)
				}
			}
			position := map[pack.ID]int{}
			for i, c := range l.Commits {
				position[c.ID] = i
			}
			for i, c := range l.Commits {
				for _, p := range c.Parents {
					if at, ok := position[p]; ok && at < i {
						t.Errorf("seed %d, %s: %v comes before its child", seed, specs, p)
					}
				}
			}
		}
	}
}

func TestParse(t *testing.T) {
	d := gittest.Init(t)
	c1 := d.Commit("f", "1")
	c2 := d.Commit("f", "2")
	c3 := d.Commit("f", "3")
	d.Git("tag", "-a", "-m", "t", "v1", c1)
	w := newWalker(t, d)
	for _, tt := range []struct {
		specs string
		want  []string
	}{
		{"HEAD", []string{c3}},
		{"HEAD~1", []string{c2}},
		{"HEAD^!", []string{c3}},
		{"HEAD v1", []string{c3, c1}},
		{"v1..", []string{c3, c2}},
		{"..HEAD~1", nil},
		{"HEAD~1..v1", nil},
		{"v1...main", []string{c3, c2}},
		{"main ^v1", []string{c3, c2}},
		{"main^! ^v1", []string{c3}},
		{"v1^! ^main", nil},
		{"HEAD~1..HEAD v1", []string{c3}},
		{"v1..HEAD HEAD", []string{c3, c2}},
		{c1 + ".." + c2[:9], []string{c2}},
	} {
		if diff := cmp.Diff(tt.want, hexIDs(list(t, w, strings.Fields(tt.specs)...))); diff != "" {
			t.Errorf("%s: %s", tt.specs, diff)
		}
	}
	for spec, want := range map[string]string{
		"":             "want a revision",
		"^":            "want a revision",
		"^HEAD":        "no commits are asked for",
		"nope..HEAD":   `range "nope..HEAD": revision "nope"`,
		"HEAD..HEAD:f": "want a commit",
		"HEAD^@":       "not understood",
		"HEAD^{tree}":  "is a tree",
	} {
		if r, err := w.Parse(spec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) = %v, %v; want an error with %q", spec, r, err, want)
		}
	}
	if _, err := w.Parse(); err == nil {
		t.Error("Parse() accepts nothing")
	}
}

// tree is what a commit holds: path to "mode id".
func tree(d gittest.Dir, commit string) map[string][2]string {
	files := map[string][2]string{}
	out := d.Git("ls-tree", "-r", "-z", commit)
	for _, line := range strings.Split(strings.TrimSuffix(out, "\x00"), "\x00") {
		if meta, path, ok := strings.Cut(line, "\t"); ok {
			f := strings.Fields(meta)
			if f[1] == "blob" {
				files[path] = [2]string{f[0], f[2]}
			}
		}
	}
	return files
}

type change struct {
	Mode, New string
	Old       []string
}

func TestChanges(t *testing.T) {
	for seed, args := range [][]string{nil, {"--object-format=sha1"}, {"--object-format=sha256"}} {
		rnd := rand.New(rand.NewPCG(uint64(seed), 9))
		d := history(t, rnd, 40, false, args...)
		if seed == 1 {
			d.Git("gc", "-q")
		}
		w := newWalker(t, d)
		merges := 0
		for _, c := range list(t, w, allBranches(40)...).Commits {
			diff, err := w.Changes(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if len(diff.Problems) > 0 {
				t.Error(diff.Problems)
			}
			if len(c.Parents) > 1 && len(diff.Changes) > 0 {
				merges++
			}
			checkChanges(t, d, c, diff)
		}
		if merges < 3 {
			t.Errorf("only %d merges changed something", merges)
		}
	}
}

func allBranches(n int) []string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("b%d", i))
	}
	return names
}

// checkChanges compares with what follows from the trees, and with git diff-tree.
func checkChanges(t *testing.T, d gittest.Dir, c revs.Commit, diff repo.Diff) {
	t.Helper()
	id := c.ID.String()
	now := tree(d, id)
	var before []map[string][2]string
	for _, p := range c.Parents {
		before = append(before, tree(d, p.String()))
	}
	want := map[string]change{}
	for path, f := range now {
		ch := change{Mode: f[0], New: f[1]}
		for _, parent := range before {
			if old, ok := parent[path]; ok && !slices.Contains(ch.Old, old[1]) {
				ch.Old = append(ch.Old, old[1])
			}
		}
		if !slices.Contains(ch.Old, f[1]) {
			want[path] = ch
		}
	}
	wantGone := map[string]bool{}
	if len(want) > 0 {
		for _, parent := range before {
			for path, f := range parent {
				if _, ok := now[path]; !ok {
					wantGone[f[1]] = true
				}
			}
		}
	}
	got := map[string]change{}
	for i, ch := range diff.Changes {
		if i > 0 && ch.Path <= diff.Changes[i-1].Path {
			t.Errorf("%s: %q after %q", id, ch.Path, diff.Changes[i-1].Path)
		}
		g := change{Mode: fmt.Sprintf("%o", ch.Mode), New: ch.New.String()}
		for _, old := range ch.Old {
			g.Old = append(g.Old, old.String())
		}
		got[ch.Path] = g
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: %s", id, diff)
	}
	gone := map[string]bool{}
	for _, g := range diff.Gone {
		gone[g.ID.String()] = true
	}
	if diff := cmp.Diff(wantGone, gone); diff != "" {
		t.Errorf("%s, gone: %s", id, diff)
	}

	// git: each change is one against every parent (-m), for merges also in the combined diff (-c).
	perParent := map[string]int{}
	fields := strings.Split(d.Git("diff-tree", "-r", "-m", "--root", "--no-renames", "--no-commit-id", "--name-only", "-z", id), "\x00")
	for _, path := range fields {
		perParent[path]++
	}
	combined := strings.Split(d.Git("diff-tree", "-r", "-c", "--root", "--no-renames", "--no-commit-id", "--name-only", "-z", id), "\x00")
	for path := range got {
		if perParent[path] != max(len(c.Parents), 1) || !slices.Contains(combined, path) {
			t.Errorf("%s: git does not see that %q changed", id, path)
		}
	}
}

func TestShallow(t *testing.T) {
	top := gittest.New(t)
	src := top.Sub("src")
	src.Git("init", "-q", "-b", "main")
	src.Commit("a", "1", "kept", "k")
	boundary := src.Commit("a", "2")
	last := src.Commit("a", "3")
	top.Git("clone", "-q", "--depth=2", "file://"+src.Path, "clone")
	w := newWalker(t, top.Sub("clone"))

	l := list(t, w, "HEAD")
	if diff := cmp.Diff([]string{last}, hexIDs(l)); diff != "" || len(l.Notes) > 0 {
		t.Errorf("%s, notes %q", diff, l.Notes)
	}
	l = list(t, w, "HEAD~1^!", "HEAD")
	if diff := cmp.Diff([]string{last, boundary}, hexIDs(l)); diff != "" {
		t.Error(diff)
	}
	if len(l.Notes) != 1 || !strings.Contains(l.Notes[0], "shallow") || len(l.Problems) > 0 {
		t.Errorf("notes %q, problems %v", l.Notes, l.Problems)
	}
	c := l.Commits[1]
	diff, err := w.Changes(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if !c.Shallow || c.Parents != nil || len(diff.Changes) != 2 || len(diff.Problems) > 0 {
		t.Errorf("boundary commit %+v, changes %v, problems %v", c, diff.Changes, diff.Problems)
	}
}

// Missing objects are Problems and the rest goes on.
func TestMissingObjects(t *testing.T) {
	for _, promised := range []bool{false, true} {
		d := gittest.Init(t)
		d.Commit("a", "1", "dir/b", "1", "dir2/c", "1")
		root := d.Git("rev-parse", "HEAD")
		middle := d.Commit("a", "2", "dir/b", "2")
		last := d.Commit("a", "3", "dir/b", "3", "dir2/c", "2")
		if promised {
			d.Git("config", "remote.o.promisor", "true")
		}
		reason := map[bool]string{false: "absent", true: "promised"}[promised]
		remove := func(id string) {
			if err := os.Remove(filepath.Join(d.Path, ".git/objects", id[:2], id[2:])); err != nil {
				t.Fatal(err)
			}
		}
		gone := []string{d.Git("rev-parse", middle+":dir"), d.Git("rev-parse", last+":dir2")}
		remove(gone[0])
		remove(gone[1])
		w := newWalker(t, d)
		diff, err := w.Changes(t.Context(), list(t, w, last).Commits[0])
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range diff.Changes {
			got = append(got, fmt.Sprintf("%s %d", c.Path, len(c.Old)))
		}
		for _, p := range diff.Problems {
			got = append(got, fmt.Sprintf("%s %s %s", p.Reason, p.What, p.Where))
		}
		slices.Sort(gone)
		want := []string{"a 1", "dir/b 0"}
		for _, id := range gone {
			where := "dir/"
			if id == d.Git("rev-parse", last+":dir2") {
				where = "dir2/"
			}
			want = append(want, fmt.Sprintf("%s %s %s:%s", reason, id, last, where))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}

		// A lost commit: those before it are out of reach, those after it are not.
		remove(middle)
		w = newWalker(t, d)
		l := list(t, w, "main", "^"+root)
		if diff := cmp.Diff([]string{last}, hexIDs(l)); diff != "" {
			t.Error(diff)
		}
		if len(l.Problems) != 1 || l.Problems[0].What != middle || string(l.Problems[0].Reason) != reason {
			t.Errorf("problems %v", l.Problems)
		}
		if diff, err := w.Changes(t.Context(), l.Commits[0]); err != nil || len(diff.Problems) == 0 || len(diff.Changes) != 2 {
			t.Errorf("changes %v, problems %v, error %v", diff.Changes, diff.Problems, err)
		}
	}
}

// Ten directories in ten directories, and so on: ten thousand million paths from ten trees.
func TestTreeBomb(t *testing.T) {
	if testing.Short() {
		t.Skip("compares a million directories")
	}
	d := gittest.Init(t)
	blob := d.In("b", "hash-object", "-w", "--stdin")
	node := d.In(fmt.Sprintf("100644 blob %s\tf\n", blob), "mktree")
	for range 10 {
		var in strings.Builder
		for i := range 10 {
			fmt.Fprintf(&in, "040000 tree %s\td%d\n", node, i)
		}
		node = d.In(in.String(), "mktree")
	}
	bomb := d.Git("commit-tree", "-m", "bomb", node)
	d.Git("update-ref", "refs/heads/main", bomb)
	defused := d.Git("commit-tree", "-m", "defused", "-p", bomb, d.In(fmt.Sprintf("100644 blob %s\tg\n", blob), "mktree"))
	d.Git("update-ref", "refs/heads/main", defused)
	w := newWalker(t, d)
	for _, c := range list(t, w, defused, bomb).Commits {
		diff, err := w.Changes(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if c.ID.String() == defused {
			if len(diff.Changes) != 1 || len(diff.Gone) != 1 || len(diff.Problems) > 0 {
				t.Errorf("defused: %v %v %v", diff.Changes, diff.Gone, diff.Problems)
			}
		} else if len(diff.Changes) == 0 || len(diff.Changes) > 1<<19 || len(diff.Problems) != 1 {
			t.Errorf("bomb: %d changes, problems %v", len(diff.Changes), diff.Problems)
		}
	}
}
