package history

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
)

// The benchmarks, and TestTwinsOnRealRepository, want a real repository (its git directory) in
// STRAYKEY_TEST_REPO.

func realRepo(tb testing.TB) Repo {
	tb.Helper()
	dir := os.Getenv("STRAYKEY_TEST_REPO")
	if dir == "" {
		tb.Skip("STRAYKEY_TEST_REPO names no repository")
	}
	s, err := pack.Open(filepath.Join(dir, "objects"), pack.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	cmd := exec.Command("git", "for-each-ref", "--format=%(objectname) %(refname)")
	cmd.Env = append(os.Environ(), "GIT_DIR="+dir)
	out, err := cmd.Output()
	if err != nil {
		tb.Fatal(err)
	}
	promised, _ := filepath.Glob(filepath.Join(dir, "objects/pack/*.promisor"))
	r := Repo{Store: s, Promisor: len(promised) > 0}
	for _, l := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		id, name, _ := strings.Cut(l, " ")
		r.Refs = append(r.Refs, repo.Ref{Name: name, ID: parseID(tb, id)})
		if name == "refs/heads/master" || name == "refs/heads/main" || name == "refs/heads/unstable" {
			r.Refs = append(r.Refs, repo.Ref{Name: "HEAD", ID: parseID(tb, id)})
		}
	}
	return r
}

// randomQuery gives labels to some blobs, for 50 credentials.
func randomQuery(r Repo, blobs int) Query {
	q := Query{Labels: map[pack.Num]uint32{}, MaxRefs: 10}
	q.Resolve = func(label uint32, path string) []uint32 {
		if label%10 == 0 {
			return []uint32{label, label + 1}
		}
		return []uint32{label}
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	reader := r.Store.NewReader()
	for range 100 * blobs {
		if len(q.Labels) == blobs {
			break
		}
		n := pack.Num(rnd.IntN(r.Store.Len()))
		if typ, _, err := reader.Header(n); err == nil && typ == pack.Blob {
			q.Labels[n] = rnd.Uint32N(50) + 1
		}
	}
	return q
}

func BenchmarkAttribute(b *testing.B) {
	r := realRepo(b)
	g := graphOf(b, r)
	for _, blobs := range []int{50, 500, 5000, 50000} {
		b.Run(strconv.Itoa(blobs), func(b *testing.B) {
			q := randomQuery(r, blobs)
			b.ReportAllocs()
			for b.Loop() {
				res, err := Attribute(context.Background(), g, q)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(res.Places)), "places")
			}
		})
	}
}

func BenchmarkPlant(b *testing.B) {
	r := realRepo(b)
	q := randomQuery(r, 5000)
	for b.Loop() {
		if _, err := plant(context.Background(), r, q); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkWalk is what the walk over the trees costs by itself.
func BenchmarkWalk(b *testing.B) {
	r := realRepo(b)
	for b.Loop() {
		_, err := pack.Walk(context.Background(), r.Store, pack.WalkOptions{Want: pack.Types(pack.Tree)},
			func() pack.Visitor[struct{}] { return nothing{} })
		if err != nil {
			b.Fatal(err)
		}
	}
}

type nothing struct{}

func (nothing) Visit(pack.Object, struct{}) struct{}     { return struct{}{} }
func (nothing) Done(struct{})                            {}
func (nothing) Skip(pack.Num, pack.Type, source.Problem) {}

// BenchmarkGraph collects all commits and puts them in order.
func BenchmarkGraph(b *testing.B) {
	r := realRepo(b)
	for b.Loop() {
		graphOf(b, r)
	}
}

// TestTwinsOnRealRepository compares the twins on a real repository.
func TestTwinsOnRealRepository(t *testing.T) {
	r := realRepo(t)
	res := compareTwins(t, r, randomQuery(r, 2000))
	t.Logf("%d commits, %d places, %d problems", graphOf(t, r).Len(), len(res.Places), len(res.Problems))
}
