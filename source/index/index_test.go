package index_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/straykey/straykey/source/index"
	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
	"github.com/straykey/straykey/source/repo/gittest"
)

// staged runs Staged on the repository around a directory.
func staged(t testing.TB, o repo.Options, file string) repo.Diff {
	t.Helper()
	r, err := repo.OpenWith(o)
	if err != nil {
		t.Fatal(err)
	}
	store, err := pack.Open(r.ObjectsDir(), pack.Options{HashLen: r.HashLen})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	d, err := index.Staged(t.Context(), r, store, store.NewReader(), index.Options{File: file})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// describe writes a diff as lines "path mode (stage): new <- old" with the contents of the blobs, and "gone path: content".
func describe(d gittest.Dir, diff repo.Diff) []string {
	content := func(id pack.ID) string { return d.Git("cat-file", "blob", id.String()) }
	var lines []string
	for _, c := range diff.Changes {
		line := fmt.Sprintf("%s %o", c.Path, c.Mode)
		if c.Stage > 0 {
			line += fmt.Sprintf(" (%d)", c.Stage)
		}
		line += ": " + content(c.New)
		for _, old := range c.Old {
			line += " <- " + content(old)
		}
		lines = append(lines, line)
	}
	for _, g := range diff.Gone {
		lines = append(lines, "gone "+g.Path+": "+content(g.ID))
	}
	for _, p := range diff.Problems {
		lines = append(lines, fmt.Sprintf("problem %v", p))
	}
	return lines
}

// base is what HEAD holds in the scenarios.
func base(d gittest.Dir) {
	d.Commit("a", "a", "dir/b", "b", "dir/sub/c", "c", "dir-x", "x", "dir.y", "y", "other/d", "d", "run.sh", "run")
}

var scenarios = []struct {
	name  string
	stage func(t *testing.T, d gittest.Dir)
	want  []string
}{
	{"nothing", func(*testing.T, gittest.Dir) {}, nil},
	{"only the work tree", func(_ *testing.T, d gittest.Dir) { d.Write("a", "unstaged") }, nil},
	{"modified", func(_ *testing.T, d gittest.Dir) { d.Write("a", "a2"); d.Git("add", "a") }, []string{"a 100644: a2 <- a"}},
	{"staged, then changed again", func(_ *testing.T, d gittest.Dir) {
		d.Write("a", "a2")
		d.Git("add", "a")
		d.Write("a", "a3")
	}, []string{"a 100644: a2 <- a"}},
	{"modified below", func(_ *testing.T, d gittest.Dir) { d.Write("dir/sub/c", "c2"); d.Git("add", ".") }, []string{"dir/sub/c 100644: c2 <- c"}},
	{"added", func(_ *testing.T, d gittest.Dir) {
		d.Write("dir/new", "n")
		d.Write("fresh/e/f", "f")
		d.Write("zz", "z")
		d.Git("add", ".")
	}, []string{"dir/new 100644: n", "fresh/e/f 100644: f", "zz 100644: z"}},
	{"deleted only", func(_ *testing.T, d gittest.Dir) { d.Git("rm", "-q", "-r", "a", "dir") }, nil},
	{"deleted and added", func(_ *testing.T, d gittest.Dir) {
		d.Git("rm", "-q", "-r", "a", "dir")
		d.Write("new", "n")
		d.Git("add", ".")
	}, []string{"new 100644: n", "gone a: a", "gone dir/b: b", "gone dir/sub/c: c"}},
	{"renamed", func(_ *testing.T, d gittest.Dir) { d.Git("mv", "a", "dir/z") }, []string{"dir/z 100644: a", "gone a: a"}},
	{
		"directory renamed", func(_ *testing.T, d gittest.Dir) { d.Git("mv", "dir", "moved") },
		[]string{"moved/b 100644: b", "moved/sub/c 100644: c", "gone dir/b: b", "gone dir/sub/c: c"},
	},
	{"mode", func(_ *testing.T, d gittest.Dir) { d.Git("update-index", "--chmod=+x", "run.sh") }, nil},
	{"mode and content", func(_ *testing.T, d gittest.Dir) {
		d.Write("run.sh", "run2")
		d.Git("add", ".")
		d.Git("update-index", "--chmod=+x", "run.sh")
	}, []string{"run.sh 100755: run2 <- run"}},
	{"file to symbolic link", func(t *testing.T, d gittest.Dir) {
		os.Remove(filepath.Join(d.Path, "a"))
		if err := os.Symlink("target", filepath.Join(d.Path, "a")); err != nil {
			t.Skip(err)
		}
		d.Git("add", "a")
	}, []string{"a 120000: target <- a"}},
	{"file to directory", func(_ *testing.T, d gittest.Dir) {
		d.Git("rm", "-q", "a")
		d.Write("a/in", "in")
		d.Git("add", ".")
	}, []string{"a/in 100644: in", "gone a: a"}},
	{"directory to file", func(_ *testing.T, d gittest.Dir) {
		d.Git("rm", "-q", "-r", "dir")
		d.Write("dir", "file")
		d.Git("add", ".")
	}, []string{"dir 100644: file", "gone dir/b: b", "gone dir/sub/c: c"}},
	{"intent to add", func(_ *testing.T, d gittest.Dir) {
		d.Write("dir/later", "later")
		d.Git("add", "-N", "dir/later")
		d.Write("now", "now")
		d.Git("add", "now")
	}, []string{"now 100644: now"}},
	{"skip-worktree and assume-unchanged", func(_ *testing.T, d gittest.Dir) {
		d.Write("a", "a2")
		d.Git("add", "a")
		d.Git("update-index", "--skip-worktree", "a")
		d.Git("update-index", "--assume-unchanged", "dir/b")
	}, []string{"a 100644: a2 <- a"}},
	{"gitlink for a file", func(_ *testing.T, d gittest.Dir) {
		d.Git("update-index", "--cacheinfo", "160000,"+d.Git("rev-parse", "HEAD")+",a")
		d.Git("update-index", "--add", "--cacheinfo", "160000,"+d.Git("rev-parse", "HEAD")+",modules/m")
		d.Write("b", "b")
		d.Git("add", "b")
	}, []string{"b 100644: b", "gone a: a"}},
	{"conflict", func(_ *testing.T, d gittest.Dir) {
		d.Git("checkout", "-q", "-b", "side")
		d.Commit("a", "theirs", "s", "side")
		d.Git("checkout", "-q", "main")
		d.Commit("a", "ours")
		_, _ = d.Try("", "merge", "-q", "side")
	}, []string{"a 100644 (1): a <- ours", "a 100644 (3): theirs <- ours"}},
	{"merge being concluded", func(_ *testing.T, d gittest.Dir) {
		d.Git("checkout", "-q", "-b", "side")
		d.Commit("a", "theirs", "dir/b", "theirs too", "dir/new", "side")
		d.Git("checkout", "-q", "main")
		d.Commit("a", "ours")
		_, _ = d.Try("", "merge", "-q", "side")
		d.Write("a", "resolved")
		d.Write("dir/extra", "extra")
		d.Git("add", "a", "dir/extra")
	}, []string{"a 100644: resolved <- ours <- theirs", "dir/extra 100644: extra"}},
	{"move out of the other side", func(_ *testing.T, d gittest.Dir) {
		d.Git("checkout", "-q", "-b", "side")
		d.Commit("theirs", "theirs", "both", "both")
		d.Git("checkout", "-q", "main")
		d.Commit("a", "ours")
		d.Git("merge", "-q", "--no-commit", "side")
		d.Git("mv", "theirs", "moved")
		d.Git("rm", "-qf", "dir/b")
	}, []string{"moved 100644: theirs", "gone dir/b: b", "gone theirs: theirs"}},
	{"conflict of names only", func(_ *testing.T, d gittest.Dir) {
		d.Git("checkout", "-q", "-b", "side")
		d.Git("rm", "-q", "a")
		d.Commit()
		d.Git("checkout", "-q", "main")
		d.Commit("a", "ours")
		_, _ = d.Try("", "merge", "-q", "side")
	}, []string{"a 100644 (1): a <- ours"}},
	{"unusual names", func(_ *testing.T, d gittest.Dir) {
		d.Write("dir/ü \"q\" \\ \n\t", "u")
		d.Git("add", ".")
	}, []string{"dir/ü \"q\" \\ \n\t 100644: u"}},
	{"long name", func(_ *testing.T, d gittest.Dir) {
		d.Git("config", "core.longpaths", "true")
		d.In(fmt.Sprintf("100644 %s\t%s\n", d.In("long", "hash-object", "-w", "--stdin"), longName), "update-index", "--index-info")
	}, []string{longName + " 100644: long"}},
}

// longName is longer than the index has bits for.
var longName = strings.Repeat("long/", 1000) + "name"

var variants = []struct {
	name    string
	init    []string
	convert func(d gittest.Dir) // between the base and the staged change
	note    string
}{
	{"v2", nil, func(gittest.Dir) {}, ""},
	{"v4", nil, func(d gittest.Dir) { d.Git("update-index", "--index-version", "4") }, ""},
	{"sha256", []string{"--object-format=sha256"}, func(gittest.Dir) {}, ""},
	{"without checksum", nil, func(d gittest.Dir) { d.Git("config", "index.skipHash", "true") }, ""},
	{"more extensions", nil, func(d gittest.Dir) {
		d.Git("update-index", "--untracked-cache")
		d.Git("config", "index.threads", "2")
	}, ""},
	{"packed", nil, func(d gittest.Dir) { d.Git("gc", "-q") }, ""},
	{"split", nil, func(d gittest.Dir) { d.Git("update-index", "--split-index") }, "split index"},
}

func TestStaged(t *testing.T) {
	for _, v := range variants {
		start := gittest.Init(t, v.init...)
		base(start)
		v.convert(start)
		for _, s := range scenarios {
			t.Run(v.name+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				d := start.Copy(t)
				s.stage(t, d)
				got := staged(t, repo.Options{Path: d.Path}, "")
				if diff := cmp.Diff(s.want, describe(d, got)); diff != "" {
					t.Error(diff)
				}
				if v.note == "" && got.Notes != nil || v.note != "" && !strings.Contains(strings.Join(got.Notes, "\n"), v.note) {
					t.Errorf("notes %q", got.Notes)
				}
			})
		}
	}
}

func TestStagedSparse(t *testing.T) {
	d := gittest.Init(t)
	base(d)
	d.Git("sparse-checkout", "set", "--cone", "--sparse-index", "dir")
	d.Write("dir/b", "b2")
	d.Git("add", "dir/b")
	got := staged(t, repo.Options{Path: d.Path}, "")
	if diff := cmp.Diff([]string{"dir/b 100644: b2 <- b"}, describe(d, got)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"sparse index: read with the git program"}, got.Notes); diff != "" {
		t.Error(diff)
	}
}

// Before the first commit everything is new, with and without a native reader.
func TestStagedUnborn(t *testing.T) {
	for _, split := range []bool{false, true} {
		d := gittest.Init(t)
		want := []string(nil)
		if diff := cmp.Diff(want, describe(d, staged(t, repo.Options{Path: d.Path}, ""))); diff != "" {
			t.Error(diff)
		}
		if split {
			d.Git("update-index", "--split-index")
		}
		d.Write("a/b", "1")
		d.Write("c", "2")
		d.Git("add", ".")
		want = []string{"a/b 100644: 1", "c 100644: 2"}
		if diff := cmp.Diff(want, describe(d, staged(t, repo.Options{Path: d.Path}, ""))); diff != "" {
			t.Error(diff)
		}
	}
}

func TestStagedLayouts(t *testing.T) {
	top := gittest.New(t)
	main := top.Sub("main")
	main.Git("init", "-q", "-b", "main")
	base(main)
	main.Git("worktree", "add", "-q", "-b", "linked", "../linked")
	main.Git("submodule", "--quiet", "add", main.Path, "module")
	main.Git("commit", "-q", "-m", "module")
	main.Write("a", "in main")
	main.Git("add", "a")
	linked := top.Sub("linked")
	linked.Write("a", "in linked")
	linked.Git("add", "a")
	module := main.Sub("module")
	module.Write("a", "in module")
	module.Git("add", "a")
	for path, want := range map[string]string{
		"main": "main", "main/dir/sub": "main", "linked": "linked", "linked/other": "linked", "main/module": "module", "main/module/dir": "module",
	} {
		holder := main
		if want == "module" {
			holder = module
		}
		got := describe(holder, staged(t, repo.Options{Path: filepath.Join(top.Path, path)}, ""))
		if diff := cmp.Diff([]string{"a 100644: in " + want + " <- a"}, got); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
}

// A pre-commit hook sees the index of the commit being made, which is not always .git/index.
func TestStagedInHook(t *testing.T) {
	for _, tt := range []struct {
		name   string
		commit []string
		want   []string
	}{
		{"plain", nil, []string{"other/d 100644: staged <- d"}},
		{"all", []string{"-a"}, []string{"a 100644: edited <- a", "other/d 100644: staged <- d"}},
		{"only", []string{"--only", "a"}, []string{"a 100644: edited <- a"}},
		{"include", []string{"--include", "a"}, []string{"a 100644: edited <- a", "other/d 100644: staged <- d"}},
		{"amend", []string{"--amend", "--only", "a"}, []string{"a 100644: edited <- a"}},
	} {
		for _, where := range []string{"work tree", "linked work tree"} {
			t.Run(tt.name+" in a "+where, func(t *testing.T) {
				t.Parallel()
				top := gittest.New(t)
				d := top.Sub("r")
				d.Git("init", "-q", "-b", "main")
				base(d)
				if where == "linked work tree" {
					d.Git("worktree", "add", "-q", "../w")
					d = top.Sub("w")
				}
				// The hook keeps what it is given; exit 1 stops the commit.
				hooks := top.Sub("hooks")
				hooks.Write("pre-commit", "#!/bin/sh\ncp \"$GIT_INDEX_FILE\" '"+top.Path+"/index'\necho \"$GIT_INDEX_FILE\" >'"+top.Path+
					"/name'\necho \"$GIT_DIR\" >'"+top.Path+"/dir'\nexit 1\n")
				if err := os.Chmod(filepath.Join(hooks.Path, "pre-commit"), 0o777); err != nil {
					t.Fatal(err)
				}
				d.Write("a", "edited")
				d.Write("other/d", "staged")
				d.Git("add", "other/d")
				if out, err := d.Try("", append([]string{"-c", "core.hooksPath=" + hooks.Path, "commit", "-m", "x"}, tt.commit...)...); err == nil {
					t.Fatalf("the hook did not run: %s", out)
				}
				read := func(name string) string {
					data, err := os.ReadFile(filepath.Join(top.Path, name))
					if err != nil {
						t.Fatal(err)
					}
					return strings.TrimSpace(string(data))
				}
				if name := read("name"); tt.name == "only" && strings.HasSuffix(name, "/index") {
					t.Errorf("the index of commit --only is %s: the test shows nothing", name)
				}
				o := repo.Options{Path: d.Path, GitDir: read("dir")} // empty in a plain work tree
				got := describe(d, staged(t, o, filepath.Join(top.Path, "index")))
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

func TestStagedErrors(t *testing.T) {
	d := gittest.Init(t)
	base(d)
	file := filepath.Join(d.Path, ".git/index")
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// Without a checksum, so that the test reaches the parser.
	noSum := append(slices.Clone(good[:len(good)-20]), make([]byte, 20)...)
	edit := func(at int, bytes ...byte) []byte {
		data := slices.Clone(noSum)
		copy(data[at:], bytes)
		return data
	}
	tree := strings.Index(string(noSum), "TREE")
	for name, tt := range map[string]struct {
		data []byte
		want string
	}{
		"empty":              {nil, "not a git index"},
		"something else":     {[]byte(strings.Repeat("a secret\n", 20)), "not a git index"},
		"version":            {edit(7, 5), "version 5"},
		"too many entries":   {edit(8, 0xff), "cut short"},
		"one entry too many": {edit(11, 8), "entry 7"},
		"flipped bit":        {append(slices.Clone(good[:40]), append([]byte{good[40] ^ 1}, good[41:]...)...), "damaged"},
		"cut":                {append(slices.Clone(noSum[:200]), make([]byte, 20)...), "cut short"},
		"needed extension":   {edit(tree, []byte("need")...), `"need"`},
		"extension too long": {edit(tree+4, 0xff), "cut short"},
		"out of order":       {edit(12+62, 'z'), "not in order"},
		"length of a path":   {edit(12+61, 9), "path has not the length"},
	} {
		if err := os.WriteFile(file, tt.data, 0o666); err != nil {
			t.Fatal(err)
		}
		r, err := repo.Open(d.Path)
		if err != nil {
			t.Fatal(err)
		}
		store, err := pack.Open(r.ObjectsDir(), pack.Options{HashLen: 20})
		if err != nil {
			t.Fatal(err)
		}
		_, err = index.Staged(t.Context(), r, store, store.NewReader(), index.Options{})
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want an error with %q", name, err, tt.want)
		}
		store.Close()
	}
}

// A tree of HEAD that is missing makes a Problem, and all below it counts as new.
func TestStagedMissingTree(t *testing.T) {
	d := gittest.Init(t)
	base(d)
	tree := d.Git("rev-parse", "HEAD:dir")
	d.Write("dir/b", "b2")
	d.Git("add", ".")
	if err := os.Remove(filepath.Join(d.Path, ".git/objects", tree[:2], tree[2:])); err != nil {
		t.Fatal(err)
	}
	got := describe(d, staged(t, repo.Options{Path: d.Path}, ""))
	want := []string{"dir/b 100644: b2", "dir/sub/c 100644: c", fmt.Sprintf("problem {absent %s dir/ }", tree)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Where git has to read the index and cannot compare it with HEAD either, all of it counts as new.
func TestStagedMissingTreeByGit(t *testing.T) {
	d := gittest.Init(t)
	base(d)
	tree := d.Git("rev-parse", "HEAD:dir")
	d.Write("dir/b", "b2")
	d.Write("later", "")
	d.Git("add", "dir/b")
	d.Git("add", "--intent-to-add", "later")
	d.Git("update-index", "--split-index")
	if err := os.Remove(filepath.Join(d.Path, ".git/objects", tree[:2], tree[2:])); err != nil {
		t.Fatal(err)
	}
	diff := staged(t, repo.Options{Path: d.Path}, "")
	var paths []string
	for _, c := range diff.Changes {
		paths = append(paths, c.Path)
	}
	if !slices.Contains(paths, "dir/b") || !slices.Contains(paths, "dir/sub/c") || slices.Contains(paths, "later") {
		t.Errorf("changes of %v", paths)
	}
	if len(diff.Problems) != 1 || !strings.Contains(diff.Problems[0].Detail, "all of it counts as new") ||
		!strings.Contains(diff.Problems[0].Detail, "fatal: ") {
		t.Errorf("problems %v", diff.Problems)
	}
}

// On random changes of a random tree, Changes and Gone are what git diff-index says, with and without a cache tree.
func TestStagedAgreesWithGit(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	names := []string{"a", "b", "a.b", "a-b", "ab", "c", "a0"}
	d := gittest.Init(t)
	random := func(n int) string {
		var info strings.Builder
		blobs := []string{d.In("1", "hash-object", "-w", "--stdin"), d.In("2", "hash-object", "-w", "--stdin"), d.In("3", "hash-object", "-w", "--stdin")}
		modes := []string{"100644", "100644", "100755", "120000", "160000"}
		for range n {
			path := names[rnd.IntN(len(names))]
			for rnd.IntN(3) > 0 {
				path += "/" + names[rnd.IntN(len(names))]
			}
			mode := modes[rnd.IntN(len(modes))]
			if rnd.IntN(4) == 0 {
				mode = "0"
			}
			fmt.Fprintf(&info, "%s %s\t%s\n", mode, blobs[rnd.IntN(len(blobs))], path)
		}
		return info.String()
	}
	for round := range 25 {
		d.Git("read-tree", "--empty")
		d.In(random(30), "update-index", "--replace", "--index-info")
		d.Git("commit", "-q", "--allow-empty", "-m", "x")
		if round%2 == 0 {
			d.Git("read-tree", "HEAD") // a full cache tree
		}
		d.In(random(4), "update-index", "--replace", "--index-info")
		want := map[string]string{}
		fields := strings.Split(d.Git("diff-index", "--cached", "-r", "-z", "--no-renames", "HEAD"), "\x00")
		for i := 0; i+1 < len(fields); i += 2 {
			f := strings.Fields(fields[i]) // :mode mode id id status
			blob := func(mode string) bool {
				return !strings.HasSuffix(mode, "000000") && !strings.HasSuffix(mode, "160000")
			}
			switch {
			case !blob(f[1]) && blob(f[0]):
				want[fields[i+1]] = "gone " + f[2]
			case blob(f[1]) && !blob(f[0]):
				want[fields[i+1]] = f[3]
			case blob(f[1]) && f[2] != f[3]:
				want[fields[i+1]] = f[3] + " " + f[2]
			}
		}
		diff := staged(t, repo.Options{Path: d.Path}, "")
		got := map[string]string{}
		last := ""
		for _, c := range diff.Changes {
			if c.Path <= last {
				t.Errorf("%q after %q", c.Path, last)
			}
			last = c.Path
			got[c.Path] = c.New.String()
			for _, old := range c.Old {
				got[c.Path] += " " + old.String()
			}
		}
		if len(diff.Changes) == 0 {
			for path, w := range want {
				if strings.HasPrefix(w, "gone ") {
					delete(want, path)
				}
			}
		}
		for _, g := range diff.Gone {
			got[g.Path] = "gone " + g.ID.String()
		}
		// Of equal directories that went away only one is listed.
		goneBlobs := func(m map[string]string) (ids []string) {
			for path, v := range m {
				if strings.HasPrefix(v, "gone ") {
					ids = append(ids, v)
					delete(m, path)
				}
			}
			slices.Sort(ids)
			return slices.Compact(ids)
		}
		if diff := cmp.Diff(goneBlobs(want), goneBlobs(got)); diff != "" {
			t.Errorf("round %d, gone: %s", round, diff)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("round %d: %s", round, diff)
		}
	}
}
