package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/repo/gittest"
)

// tree writes files below a new directory: contents by path; "->target" makes a symbolic
// link, a path that ends in a slash an empty directory.
func tree(t testing.TB, contents map[string]string) string {
	t.Helper()
	root := t.TempDir()
	write(t, root, contents)
	return root
}

func write(t testing.TB, root string, contents map[string]string) {
	t.Helper()
	for path, data := range contents {
		full := filepath.Join(root, filepath.FromSlash(path))
		dir := filepath.Dir(full)
		if strings.HasSuffix(path, "/") {
			dir = full
		}
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, ok := strings.CutPrefix(data, "->"); ok {
			if err = os.Symlink(target, full); err != nil && runtime.GOOS == "windows" {
				t.Skip("needs symbolic links:", err)
			}
		} else if dir != full {
			err = os.WriteFile(full, []byte(data), 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// collect walks and returns the texts by path.
func collect(t testing.TB, root string, o Options) (map[string]string, *source.Coverage) {
	t.Helper()
	var coverage source.Coverage
	var mu sync.Mutex
	got := map[string]string{}
	err := Walk(t.Context(), root, o, &coverage, func(worker int, text Text) {
		mu.Lock()
		defer mu.Unlock()
		if _, twice := got[text.Path]; twice || text.Kind != "file" || worker < 0 || worker >= max(1, o.Jobs) {
			t.Errorf("%s, kind %q, worker %d, seen before: %t", text.Path, text.Kind, worker, twice)
		}
		got[text.Path] = string(text.Data)
	})
	if err != nil {
		t.Fatal(err)
	}
	return got, &coverage
}

func TestWalk(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 3<<20/16)
	want := map[string]string{
		"a":                 "text of a",
		"empty":             "",
		"b/c":               "deeper",
		"b/d/e/f":           "deepest",
		"b/naïve name ☃":    "any bytes",
		"big":               big,
		"medium":            big[:minBuffer],
		"link":              "->a",
		"b/dir-link":        "->../b",
		"loop":              "->loop",
		"dangling":          "->/nowhere/at all",
		"out":               "->../../..",
		"not a .git":        "x",
		".github/workflows": "on: push",
	}
	root := tree(t, want)
	write(t, root, map[string]string{".git/config": "skipped", ".git/objects/ab/cd": "skipped", "sub/.git": "gitdir: skipped", "sub/x/": ""})
	bytes := 0
	for path, data := range want {
		want[path] = strings.TrimPrefix(data, "->")
		bytes += len(want[path])
	}
	for _, jobs := range []int{0, 1, 2, 8} {
		for _, root := range []string{root, root + string(filepath.Separator)} {
			got, coverage := collect(t, root, Options{Jobs: jobs})
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%d jobs, -want +got:\n%s", jobs, diff)
			}
			counts := []source.KindCount{{Kind: "file", Found: int64(len(want)), Scanned: int64(len(want)), ScannedBytes: int64(bytes)}}
			if diff := cmp.Diff(counts, coverage.Kinds()); diff != "" {
				t.Errorf("%d jobs, coverage -want +got:\n%s", jobs, diff)
			}
		}
	}
}

func TestRelativeRoots(t *testing.T) {
	root := tree(t, map[string]string{"a/b/c": "1", ".gitignore": "/a/no\n", "a/no": "2"})
	t.Chdir(filepath.Join(root, "a"))
	for path, want := range map[string][]string{
		".":      {"b/c", "no"}, // in no repository, the .gitignore above means nothing
		"./":     {"b/c", "no"},
		"b":      {"c"},
		"..":     {".gitignore", "a/b/c"},
		"b/../b": {"c"},
		"b/c":    {"c"},
	} {
		got, _ := collect(t, path, Options{Jobs: 2})
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(got))); diff != "" {
			t.Errorf("root %s, -want +got:\n%s", path, diff)
		}
	}
}

func TestNamedRoot(t *testing.T) {
	root := tree(t, map[string]string{"dir/file": "text", "to-file": "->dir/file", "to-dir": "->dir", "dangling": "->nothing"})
	for name, want := range map[string]map[string]string{
		"dir/file": {"file": "text"},
		"to-file":  {"to-file": "text"},
		"to-dir":   {"file": "text"},
	} {
		got, _ := collect(t, filepath.Join(root, name), Options{})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for _, name := range []string{"missing", "dangling", "dir/file/below"} {
		err := Walk(t.Context(), filepath.Join(root, name), Options{}, new(source.Coverage), func(int, Text) { t.Error("emitted") })
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestMaxSize(t *testing.T) {
	root := tree(t, map[string]string{"at": "12345", "over": "123456", "under": "1"})
	got, coverage := collect(t, root, Options{MaxSize: 5})
	if diff := cmp.Diff([]string{"at", "under"}, slices.Sorted(maps.Keys(got))); diff != "" {
		t.Error(diff)
	}
	want := []source.Problem{{Reason: source.TooLarge, What: "over", Detail: "more than 5 bytes"}}
	if diff := cmp.Diff(want, coverage.Problems()); diff != "" {
		t.Error(diff)
	}
}

func TestIgnored(t *testing.T) {
	contents := map[string]string{
		".gitignore":                  "*.log\nbuild/\n/secret\n!keep.log\nvendor/**\n!vendor/mine/\n",
		"a.log":                       "",
		"keep.log":                    "",
		"build/out":                   "",
		"build/deep/tracked":          "",
		"secret/x":                    "",
		"sub/secret/x":                "",
		"sub/.gitignore":              "!*.log\nbuild\n",
		"sub/a.log":                   "",
		"sub/build":                   "",
		"vendor/mine/x":               "",
		"vendor/other":                "",
		"nested/.git/HEAD":            "ref: refs/heads/main\n",
		"nested/.git/info/exclude":    "excluded\n",
		"nested/a.log":                "", // another repository, which does not ignore logs
		"nested/excluded":             "",
		"worktree/.git":               "gitdir: ../.gits/worktrees/w\n",
		"worktree/excluded":           "",
		".gits/worktrees/w/commondir": "../..\n",
		".gits/worktrees/w/HEAD":      "",
		".gits/info/exclude":          "excluded\n",
	}
	root := tree(t, contents)
	gits := []string{".gits/info/exclude", ".gits/worktrees/w/HEAD", ".gits/worktrees/w/commondir"}
	plain := append(gits, ".gitignore", "keep.log", "nested/a.log", "sub/.gitignore", "sub/a.log", "sub/secret/x")
	all := append(gits, slices.DeleteFunc(slices.Collect(maps.Keys(contents)), func(p string) bool {
		return strings.Contains(p, ".git/") || strings.HasSuffix(p, ".git") || strings.HasPrefix(p, ".gits")
	})...)
	index := []string{"build/deep/tracked", "a.log"}
	tracked := func(path string) bool {
		return slices.ContainsFunc(index, func(p string) bool { return p == path || strings.HasPrefix(p, path+"/") })
	}
	for _, tt := range []struct {
		name string
		o    Options
		want []string
	}{
		{"rules", Options{}, plain},
		{"no rules", Options{NoGitignore: true}, all},
		{"tracked", Options{Tracked: tracked}, append(slices.Clone(plain), index...)},
	} {
		got, coverage := collect(t, root, tt.o)
		if diff := cmp.Diff(slices.Sorted(slices.Values(tt.want)), slices.Sorted(maps.Keys(got))); diff != "" {
			t.Errorf("%s, -want +got:\n%s", tt.name, diff)
		}
		if !coverage.Complete() {
			t.Errorf("%s: incomplete: %v", tt.name, coverage.Problems())
		}
		if n := coverage.Reasons()[source.Ignored]; (n == 0) != tt.o.NoGitignore {
			t.Errorf("%s: %d ignored", tt.name, n)
		}
	}
}

// TestRulesAbove: in a sub-directory of a repository, the rules from above hold.
func TestRulesAbove(t *testing.T) {
	root := tree(t, map[string]string{
		".git/HEAD": "", ".git/info/exclude": "excluded\n/a/b/here\n",
		".gitignore": "*.log\n", "a/.gitignore": "b/too\n", "a/b/.gitignore": "!kept.log\n",
		"a/b/x.log": "", "a/b/kept.log": "", "a/b/too": "", "a/b/c/too": "", "a/b/here": "", "a/b/c/here": "", "a/b/excluded": "",
	})
	got, _ := collect(t, filepath.Join(root, "a", "b"), Options{})
	want := []string{".gitignore", "c/here", "c/too", "kept.log"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestAgainstGit compares what is walked with what git lists, in random trees with random
// ignore files.
func TestAgainstGit(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	names := []string{"a", "b", "ab", "abc", "a.o", "b.c", "B", "x-y", "[a]", "a b", " a", "#a", "!a", "é", "a\\b", "foo", "bar"}
	parts := []string{"a", "b", "c", "ab", "*", "**", "?", "[ab]", "[!a]", "[^b]", "[a-c]", "[[:alpha:]]", "[]a]", "[a", "\\a", "\\*", "\\[", ".o", "foo", "bar", "***", " ", "\\ ", "é", "B", "x"}
	pick := func(from []string) string { return from[rng.IntN(len(from))] }
	pattern := func() string {
		var b strings.Builder
		if rng.IntN(4) == 0 {
			b.WriteString("!")
		}
		if rng.IntN(5) == 0 {
			b.WriteString("/")
		}
		for i := range 1 + rng.IntN(3) {
			if i > 0 {
				b.WriteString("/")
			}
			switch rng.IntN(4) {
			case 0:
				b.WriteString("**")
			case 1:
				b.WriteString(pick(names))
			default:
				// git takes two stars after a plain beginning, as in "a**/b", for those that
				// cross slashes, against gitignore(5): leave them out.
				part := ""
				for range 1 + rng.IntN(3) {
					part += pick(parts)
				}
				for strings.Trim(part, "*") != "" && strings.Contains(part, "**") {
					part = strings.ReplaceAll(part, "**", "*")
				}
				b.WriteString(part)
			}
		}
		if rng.IntN(4) == 0 {
			b.WriteString("/")
		}
		return b.String() + []string{"\n", "\n", "\r\n", " \n", "\n\n#c\n"}[rng.IntN(5)]
	}
	rounds := 100
	if testing.Short() {
		rounds = 20
	}
	for round := range rounds {
		contents := map[string]string{}
		var dirs []string
		for _, depth := range []int{0, 1, 1, 2, 2, 3, 4} {
			dir := ""
			for range depth {
				dir += pick(names) + "/"
			}
			for range 6 {
				contents[dir+pick(names)] = "x"
			}
			dirs = append(dirs, dir)
		}
		// A path cannot be both a file and a directory.
		for path := range contents {
			for p := range contents {
				if strings.HasPrefix(p, path+"/") {
					delete(contents, path)
				}
			}
		}
		for _, dir := range []string{"", pick(dirs), pick(dirs)} {
			if _, file := contents[strings.TrimSuffix(dir, "/")]; !file {
				for range 1 + rng.IntN(5) {
					contents[dir+".gitignore"] += pattern()
				}
			}
		}
		d := gittest.Init(t)
		write(t, d.Path, contents)
		paths := slices.Sorted(maps.Keys(contents))
		var index []string
		for range 3 {
			index = append(index, pick(paths))
		}
		d.Git(append([]string{"add", "-f", "--"}, literals(index)...)...)

		list, err := d.Try("", "ls-files", "-z", "--others", "--exclude-standard", "--cached")
		if err != nil {
			t.Fatal(err)
		}
		want := strings.Split(strings.TrimSuffix(list, "\x00"), "\x00")
		slices.Sort(want)
		want = slices.Compact(want)
		tracked := func(path string) bool {
			return slices.ContainsFunc(index, func(p string) bool { return p == path || strings.HasPrefix(p, path+"/") })
		}
		got, _ := collect(t, d.Path, Options{Jobs: 2, Tracked: tracked})
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(got))); diff != "" {
			var rules strings.Builder
			for _, p := range paths {
				if strings.HasSuffix(p, ".gitignore") {
					fmt.Fprintf(&rules, "%s: %q\n", p, contents[p])
				}
			}
			t.Fatalf("round %d, index %q\n%s-git +walk:\n%s", round, index, &rules, diff)
		}
	}
}

// literals makes pathspecs that mean just these paths.
func literals(paths []string) []string {
	out := make([]string, len(paths))
	for i, p := range paths {
		out[i] = ":(literal)" + p
	}
	return out
}

// TestVanished: files removed once the first text is emitted.
func TestVanished(t *testing.T) {
	contents := map[string]string{}
	for i := range 50 {
		contents[fmt.Sprint("f", i)] = "x"
	}
	root := tree(t, contents)
	var coverage source.Coverage
	n := 0
	err := Walk(t.Context(), root, Options{}, &coverage, func(_ int, text Text) {
		if n++; n == 1 {
			for path := range contents {
				if err := os.Remove(filepath.Join(root, path)); err != nil {
					t.Error(err)
				}
			}
		}
	})
	if err != nil || n != 1 || coverage.Complete() {
		t.Errorf("%d emitted, %v, complete: %t", n, err, coverage.Complete())
	}
	k := coverage.Kinds()[0]
	if gone := coverage.Reasons()[source.Absent]; k.Found != k.Scanned+k.Skipped || gone != k.Skipped || gone == 0 {
		t.Errorf("%+v, %d gone", k, gone)
	}
}

// TestUnreadable: paths too long for the system, which fail for every user; permissions
// do not for root.
func TestUnreadable(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("PATH_MAX is 4096 on linux")
	}
	base := tree(t, map[string]string{"plain": "x"})
	dir, err := os.OpenRoot(base)
	if err != nil {
		t.Fatal(err)
	}
	path := base
	for len(path) < 3900 {
		name := strings.Repeat("d", min(200, 4000-len(path)-1))
		path += "/" + name
		dir = mkdir(t, dir, name)
	}
	name := strings.Repeat("f", 4096-len(path)-1)
	for _, f := range []string{"ok", name} {
		if err := dir.WriteFile(f, []byte("x"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	mkdir(t, dir, strings.Repeat("e", len(name))).Close()

	got, coverage := collect(t, base, Options{Jobs: 2})
	if len(got) != 2 {
		t.Errorf("%d texts, want 2", len(got))
	}
	if diff := cmp.Diff(map[source.Reason]int64{source.Unreadable: 2}, coverage.Reasons()); diff != "" {
		t.Error(diff)
	}
	want := []source.KindCount{{Kind: "directory", Found: 1, Skipped: 1}, {Kind: "file", Found: 3, Scanned: 2, Skipped: 1, ScannedBytes: 2}}
	if diff := cmp.Diff(want, coverage.Kinds()); diff != "" {
		t.Error(diff)
	}
	for _, p := range coverage.Problems() {
		if p.Detail != "file name too long" || !strings.HasPrefix(p.What, "ddd") {
			t.Errorf("%+v", p)
		}
	}
}

func mkdir(t *testing.T, in *os.Root, name string) *os.Root {
	t.Helper()
	if err := in.Mkdir(name, 0o777); err != nil {
		t.Fatal(err)
	}
	sub, err := in.OpenRoot(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sub.Close() })
	return sub
}

func TestPermissionDenied(t *testing.T) {
	if os.Getuid() <= 0 {
		t.Skip("root may read everything")
	}
	root := tree(t, map[string]string{"no": "x", "dir/x": "x", "yes": "x"})
	for _, p := range []string{"no", "dir"} {
		if err := os.Chmod(filepath.Join(root, p), 0); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(root, "dir"), 0o700) })
	got, coverage := collect(t, root, Options{})
	if len(got) != 1 || coverage.Reasons()[source.Unreadable] != 2 {
		t.Errorf("%v, %v", got, coverage.Problems())
	}
}

func TestCancelled(t *testing.T) {
	contents := map[string]string{}
	for i := range 1000 {
		contents[fmt.Sprintf("d%d/f%d", i%10, i)] = "x"
	}
	root := tree(t, contents)
	ctx, cancel := context.WithCancel(t.Context())
	var coverage source.Coverage
	err := Walk(ctx, root, Options{Jobs: 1}, &coverage, func(int, Text) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if k := coverage.Kinds()[0]; k.Scanned != 1 {
		t.Errorf("%+v", k)
	}
}

// growing never ends, whatever its size was said to be.
type growing struct{}

func (growing) Read(p []byte) (int, error) { return copy(p, "more and "), nil }

func TestReadAll(t *testing.T) {
	text := strings.Repeat("text ", 50000)
	broken := errors.New("broken")
	tests := []struct {
		name string
		from io.Reader
		size int64
		max  int64
		want string
		err  error
	}{
		{"exact", strings.NewReader(text), int64(len(text)), 0, text, nil},
		{"at the limit", strings.NewReader(text), int64(len(text)), int64(len(text)), text, nil},
		{"grown", strings.NewReader(text), 10, 0, text, nil},
		{"shrunk", strings.NewReader("short"), 1 << 20, 0, "short", nil},
		{"no size", strings.NewReader(text), 0, 0, text, nil},
		{"sparse", strings.NewReader("short"), 1 << 62, 0, "short", nil},
		{"byte by byte", iotest.OneByteReader(strings.NewReader(text[:100])), 100, 0, text[:100], nil},
		{"grown over the limit", growing{}, 10, 1000, "", errTooLarge},
		{"over the limit", strings.NewReader(text), int64(len(text)), 1000, "", errTooLarge},
		{"error", io.MultiReader(strings.NewReader("part"), iotest.ErrReader(broken)), 100, 0, "", broken},
		{"after an error", strings.NewReader("x"), 1, 0, "x", nil},
	}
	var r reader
	for _, tt := range tests {
		r.max = tt.max
		got, err := r.readAll(tt.from, tt.size, false)
		if !errors.Is(err, tt.err) || !bytes.Equal(got, []byte(tt.want)) {
			t.Errorf("%s: %d bytes, %v; want %d, %v", tt.name, len(got), err, len(tt.want), tt.err)
		}
	}
}

// A regular file is read until it gives less than it could; the first few bytes of another say nothing of its end.
func TestReadToTheEnd(t *testing.T) {
	parts := func() io.Reader {
		return io.MultiReader(strings.NewReader("1234"), strings.NewReader("5678"), iotest.ErrReader(errors.New("asked once more")))
	}
	for _, tt := range []struct {
		name    string
		size    int64
		regular bool
		want    string
	}{
		{"all", 8, true, "12345678"},
		{"a file that grows", 3, true, ""},
		{"no regular file", 8, false, ""},
	} {
		var r reader
		if got, err := r.readAll(parts(), tt.size, tt.regular); string(got) != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s: %q, %v; want %q", tt.name, got, err, tt.want)
		}
	}
}

// TestReplaced: what was a file when listed is something else when opened.
func TestReplaced(t *testing.T) {
	root := tree(t, map[string]string{"dir/x": "x", "link": "->dir/x"})
	var r reader
	if _, err := r.read(&file{path: filepath.Join(root, "dir")}); err == nil {
		t.Error("read a directory")
	}
	if _, err := r.read(&file{path: filepath.Join(root, "dir", "x"), link: true}); err == nil {
		t.Error("read a file as a link")
	}
	if runtime.GOOS == "windows" {
		return
	}
	if data, err := r.read(&file{path: filepath.Join(root, "link")}); err == nil {
		t.Errorf("followed a link to %q", data)
	}
	if _, err := r.read(&file{path: filepath.Join(root, "gone")}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want %v", err, fs.ErrNotExist)
	}
}
