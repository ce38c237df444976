package history

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
)

// testRepo is a bare repository made for a test.
type testRepo struct {
	t   testing.TB
	dir string
}

func newTestRepo(t testing.TB) *testRepo {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("needs git to make repositories")
	}
	r := &testRepo{t, t.TempDir()}
	r.git("", "init", "-q", "--bare", "--initial-branch=main")
	return r
}

// git runs git with an input and returns its output without the last line end.
func (r *testRepo) git(input string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b")
	cmd.Stdin = strings.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return strings.TrimSuffix(string(out), "\n")
}

func objectID(typ, data string) string {
	sum := sha1.Sum(fmt.Appendf(nil, "%s %d\x00%s", typ, len(data), data))
	return hex.EncodeToString(sum[:])
}

// put writes an object as a loose file, whatever is in it, and returns its id.
func (r *testRepo) put(typ, data string) string {
	r.t.Helper()
	whole := fmt.Sprintf("%s %d\x00%s", typ, len(data), data)
	id := objectID(typ, data)
	path := filepath.Join(r.dir, "objects", id[:2], id[2:])
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write([]byte(whole))
	_ = z.Close()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	_ = os.Remove(path) // read-only if git wrote it
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		r.t.Fatal(err)
	}
	return id
}

// line is an entry of a tree.
type line struct{ mode, name, id string }

// tree writes a tree with the entries just as given.
func (r *testRepo) tree(lines ...line) string {
	r.t.Helper()
	var b strings.Builder
	for _, l := range lines {
		id, err := hex.DecodeString(l.id)
		if err != nil {
			r.t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %s\x00%s", l.mode, l.name, id)
	}
	return r.put("tree", b.String())
}

// commit writes a commit.
func (r *testRepo) commit(tree string, time int, parents ...string) string {
	r.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "tree %s\n", tree)
	for _, p := range parents {
		fmt.Fprintf(&b, "parent %s\n", p)
	}
	fmt.Fprintf(&b, "author a <a@b> %d +0000\ncommitter a > b <a@b> %d -0130\n\nm\n", time, time)
	return r.put("commit", b.String())
}

func (r *testRepo) remove(id string) {
	r.t.Helper()
	if err := os.Remove(filepath.Join(r.dir, "objects", id[:2], id[2:])); err != nil {
		r.t.Fatal(err)
	}
}

// open opens the repository with its refs.
func (r *testRepo) open() Repo {
	r.t.Helper()
	s, err := pack.Open(filepath.Join(r.dir, "objects"), pack.Options{})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = s.Close() })
	got := Repo{Store: s}
	for _, l := range strings.Split(r.git("", "for-each-ref", "--format=%(objectname) %(refname)"), "\n") {
		if id, name, ok := strings.Cut(l, " "); ok {
			got.Refs = append(got.Refs, repo.Ref{Name: name, ID: parseID(r.t, id)})
		}
	}
	if id := r.git("", "rev-parse", "--revs-only", "HEAD"); id != "" {
		got.Refs = append(got.Refs, repo.Ref{Name: "HEAD", ID: parseID(r.t, id)})
	}
	return got
}

func parseID(t testing.TB, hex string) pack.ID {
	t.Helper()
	id, err := pack.ParseID(hex)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// num returns the number of an object.
func num(t testing.TB, s *pack.Store, hex string) pack.Num {
	t.Helper()
	n, ok := s.Find(parseID(t, hex))
	if !ok {
		t.Fatalf("object %s is not in the store", hex)
	}
	return n
}

// collector is a Collector as a visitor of a walk.
type collector struct{ *Collector }

func (c collector) Visit(o pack.Object, _ struct{}) struct{} {
	if o.Type == pack.Tag {
		c.Tag(o.Num, o.Data)
	} else {
		c.Commit(o.Num, o.Data)
	}
	return struct{}{}
}
func (collector) Done(struct{})                            {}
func (collector) Skip(pack.Num, pack.Type, source.Problem) {}

func graphOf(t testing.TB, r Repo) *Graph {
	t.Helper()
	visitors, err := pack.Walk(context.Background(), r.Store, pack.WalkOptions{Want: pack.Types(pack.Commit, pack.Tag)},
		func() pack.Visitor[struct{}] { return collector{NewCollector(r.Store)} })
	if err != nil {
		t.Fatal(err)
	}
	var cs []*Collector
	for _, v := range visitors {
		cs = append(cs, v.(collector).Collector)
	}
	return NewGraph(r, cs...)
}
