package pack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/straykey/straykey/source"
)

// repo is a repository made by real git for a test.
type repo struct {
	t   testing.TB
	dir string
}

// newRepo makes an empty repository, sealed off from the user's configuration.
func newRepo(t testing.TB, initArgs ...string) *repo {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	r := &repo{t, t.TempDir()}
	r.git(append([]string{"init", "-q"}, initArgs...)...)
	return r
}

func (r *repo) objects() string { return filepath.Join(r.dir, ".git", "objects") }

// git runs git in the repository and returns what it prints.
func (r *repo) git(args ...string) string {
	r.t.Helper()
	return r.gitInput("", args...)
}

func (r *repo) gitInput(stdin string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = r.dir
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + r.dir, "TMPDIR=" + os.TempDir(), "LC_ALL=C",
		"GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_AUTHOR_DATE=2020-01-01T00:00:00Z",
		"GIT_COMMITTER_NAME=C", "GIT_COMMITTER_EMAIL=c@example.com", "GIT_COMMITTER_DATE=2020-01-01T00:00:00Z",
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

// grow commits n changes to a few text files, so that there are deltas worth making; the same seed gives the same commits.
func (r *repo) grow(n int, seed uint64) {
	r.t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 1))
	files := make([][]string, 5)
	for i := range files {
		for range 200 {
			files[i] = append(files[i], fmt.Sprintf("line %x of file %d", rnd.Uint64(), i))
		}
	}
	var in strings.Builder
	ref := strings.TrimSpace(r.git("symbolic-ref", "HEAD"))
	for c := range n {
		f := rnd.IntN(len(files))
		lines := files[f]
		for range 1 + rnd.IntN(4) {
			at := rnd.IntN(len(lines))
			switch rnd.IntN(4) {
			case 0:
				lines[at] = fmt.Sprintf("changed %x", rnd.Uint64())
			case 1:
				lines = slices.Insert(lines, at, fmt.Sprintf("new %x", rnd.Uint64()))
			case 2:
				lines = slices.Delete(lines, at, at+1)
			case 3: // move a block
				to := min(at+20, len(lines))
				block := slices.Clone(lines[at:to])
				lines = append(slices.Delete(lines, at, to), block...)
			}
		}
		files[f] = lines
		fmt.Fprintf(&in, "commit %s\ncommitter C <c@example.com> %d +0000\ndata 9\nchange %02d", ref, 1600000000+c, c%100)
		if c == 0 && r.hasCommits() {
			fmt.Fprintf(&in, "from %s^0\n", ref)
		}
		for i, lines := range files {
			text := strings.Join(lines, "\n")
			fmt.Fprintf(&in, "M 100644 inline dir%d/file%d.txt\ndata %d\n%s\n", i%2, i, len(text), text)
		}
	}
	// Without a limit the objects come to be loose; a tag of its own keeps each seed's.
	fmt.Fprintf(&in, "tag v%d\nfrom %s\ntagger C <c@example.com> 1600000000 +0000\ndata 5\na tag\n", seed, ref)
	r.gitInput(in.String(), "-c", "fastimport.unpackLimit=1000000", "fast-import", "--quiet", "--force")
	r.git("reset", "-q", "--hard")
}

func (r *repo) hasCommits() bool {
	r.t.Helper()
	return r.git("for-each-ref", "refs/heads") != ""
}

func (r *repo) write(name, content string) {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// contents is what git itself says all objects are: by id, type and content.
func (r *repo) contents() map[string]string {
	r.t.Helper()
	out := r.git("cat-file", "--batch-all-objects", "--batch")
	all := map[string]string{}
	for out != "" {
		line, rest, _ := strings.Cut(out, "\n")
		f := strings.Fields(line)
		size, err := strconv.Atoi(f[2])
		if err != nil {
			r.t.Fatalf("git cat-file says %q", line)
		}
		all[f[0]] = f[1] + " " + rest[:size]
		out = rest[size+1:]
	}
	return all
}

// glob returns the only file in the objects directory that matches.
func (r *repo) glob(pattern string) string {
	r.t.Helper()
	found, err := filepath.Glob(filepath.Join(r.objects(), pattern))
	if err != nil || len(found) != 1 {
		r.t.Fatalf("glob %s: %v, %v: want one file", pattern, found, err)
	}
	return found[0]
}

func openStore(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

var allTypes = Types(Commit, Tree, Blob, Tag)

// recorder is a visitor that remembers everything and checks the promises of Walk.
type recorder struct {
	t        testing.TB
	s        *Store
	contents map[string]string
	skipped  map[string]source.Problem
	deltas   int
	live     int // states not done yet
	maxLive  int
}

// recorded is the state of a recorder: the base's Data, and a copy from when it was visited.
type recorded struct {
	num  Num
	data []byte
	copy string
}

func (r *recorder) Visit(o Object, base *recorded) *recorded {
	id := r.s.ID(o.Num).String()
	if _, ok := r.contents[id]; ok {
		r.t.Errorf("%s visited twice", id)
	}
	r.contents[id] = o.Type.String() + " " + string(o.Data)
	if (o.Runs == nil) != (base == nil) {
		r.t.Errorf("%s: Runs %v with base %v", id, o.Runs, base)
	}
	if base != nil {
		r.deltas++
		if string(base.data) != base.copy {
			r.t.Errorf("%s: Data of base %s has changed", id, r.s.ID(base.num))
		}
		checkRuns(r.t, o, base.data)
	}
	r.live++
	r.maxLive = max(r.maxLive, r.live)
	return &recorded{o.Num, o.Data, string(o.Data)}
}

// checkRuns checks what delta.Run promises.
func checkRuns(t testing.TB, o Object, base []byte) {
	at, baseEnd := 0, -1
	for _, run := range o.Runs {
		if run.Len <= 0 || run.Target < at || run.Target+run.Len > len(o.Data) || run.Base < 0 || run.Base+run.Len > len(base) {
			t.Errorf("object %d: run %+v is out of order or bounds", o.Num, run)
			return
		}
		if run.Target == at && run.Base == baseEnd {
			t.Errorf("object %d: run %+v continues the one before", o.Num, run)
		}
		if !bytes.Equal(o.Data[run.Target:][:run.Len], base[run.Base:][:run.Len]) {
			t.Errorf("object %d: run %+v is not what the base has", o.Num, run)
		}
		at, baseEnd = run.Target+run.Len, run.Base+run.Len
	}
}

func (r *recorder) Done(s *recorded) {
	r.live--
	if string(s.data) != s.copy {
		r.t.Errorf("object %d: Data has changed before Done", s.num)
	}
}

func (r *recorder) Skip(n Num, _ Type, p source.Problem) {
	id := r.s.ID(n).String()
	if _, ok := r.skipped[id]; ok {
		r.t.Errorf("%s skipped twice", id)
	}
	r.skipped[id] = p
}

// walked is what several recorders saw together.
func walk(t testing.TB, s *Store, o WalkOptions) *recorder {
	t.Helper()
	visitors, err := Walk(context.Background(), s, o, func() Visitor[*recorded] {
		return &recorder{t: t, s: s, contents: map[string]string{}, skipped: map[string]source.Problem{}}
	})
	if err != nil {
		t.Fatal(err)
	}
	all := visitors[0].(*recorder)
	for _, v := range visitors {
		r := v.(*recorder)
		if r.live != 0 {
			t.Errorf("%d states were never done", r.live)
		}
		if r == all {
			continue
		}
		for id, c := range r.contents {
			if _, ok := all.contents[id]; ok {
				t.Errorf("%s visited by two workers", id)
			}
			all.contents[id] = c
		}
		for id, p := range r.skipped {
			all.skipped[id] = p
		}
		all.deltas += r.deltas
		all.maxLive = max(all.maxLive, r.maxLive)
	}
	return all
}

// read reads all objects with a plain Reader, and makes sure that the fast one finds the same.
func read(t testing.TB, s *Store) *recorder {
	t.Helper()
	all := &recorder{contents: map[string]string{}, skipped: map[string]source.Problem{}}
	r, fast := s.NewPlainReader(), s.NewReader()
	order := s.PackOrder()
	if len(order) != s.Len() {
		t.Errorf("PackOrder has %d objects, want %d", len(order), s.Len())
	}
	for _, n := range order {
		id := s.ID(n)
		if got, ok := s.Find(id); !ok || got != n {
			t.Errorf("Find(%s) = %d, %t: want %d", id, got, ok, n)
		}
		typ, data, err := r.Read(n)
		fastType, fastData, fastErr := fast.Read(n)
		if fastType != typ || !bytes.Equal(fastData, data) || fmt.Sprint(fastErr) != fmt.Sprint(err) {
			t.Errorf("Read(%s) = %v, %d bytes, %v with the fast reader: want %v, %d, %v", id, fastType, len(fastData), fastErr, typ, len(data), err)
		}
		if err != nil {
			var p *ObjectError
			if !errors.As(err, &p) {
				t.Fatalf("Read(%s): %v is no ObjectError", id, err)
			}
			all.skipped[id.String()] = p.Problem
			continue
		}
		all.contents[id.String()] = typ.String() + " " + string(data)
		headType, size, err := r.Header(n)
		if err != nil || headType != typ || size != int64(len(data)) {
			t.Errorf("Header(%s) = %v, %d, %v: want %v, %d", id, headType, size, err, typ, len(data))
		}
	}
	return all
}

// compare reports where two sets of objects differ, by id only: contents are long.
func compare(t testing.TB, what string, got, want map[string]string) {
	t.Helper()
	for id, c := range want {
		switch g, ok := got[id]; {
		case !ok:
			t.Errorf("%s: %s is missing", what, id)
		case g != c:
			t.Errorf("%s: %s has other content (%d bytes, want %d)", what, id, len(g), len(c))
		}
	}
	for id := range got {
		if _, ok := want[id]; !ok {
			t.Errorf("%s: %s is not an object", what, id)
		}
	}
}

// counter is a visitor that does nothing.
type counter struct{ objects, skipped int }

func (c *counter) Visit(Object, struct{}) struct{} { c.objects++; return struct{}{} }
func (*counter) Done(struct{})                     {}
func (c *counter) Skip(Num, Type, source.Problem)  { c.skipped++ }
func newCounter() Visitor[struct{}]                { return new(counter) }
