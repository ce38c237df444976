package revs

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gogit "github.com/go-git/go-git/v5/plumbing/format/commitgraph/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
	"github.com/straykey/straykey/source/repo/gittest"
)

// line makes n commits one after the other, and a branch off the middle that ends in a merge.
func line(t testing.TB, n int, args ...string) gittest.Dir {
	d := gittest.Init(t, args...)
	var in strings.Builder
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&in, "commit refs/heads/main\nmark :%d\ncommitter C <c@example.com> %d +0000\ndata 1\nx\n", i, 1_600_000_000+i)
		if i == n && n > 4 {
			fmt.Fprintf(&in, "merge :%d\n", n/2)
		}
		fmt.Fprintf(&in, "M 100644 inline f\ndata 5\n%05d\n", i)
	}
	d.In(in.String(), "fast-import", "--quiet")
	return d
}

func objectsDir(d gittest.Dir) string { return filepath.Join(d.Path, ".git", "objects") }

// TestGenerations: the generation of each commit is one more than the largest of its parents'.
func TestGenerations(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		for _, split := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, split %t", format, split), func(t *testing.T) {
				t.Parallel()
				d := line(t, 300, "--object-format="+format)
				if split {
					d.In(d.Git("rev-parse", "main~50"), "commit-graph", "write", "--stdin-commits", "--split=no-merge")
					d.Git("commit-graph", "write", "--reachable", "--split=no-merge")
				} else {
					d.Git("commit-graph", "write", "--reachable")
				}
				later := d.Commit("g", "not in the graph")
				want := map[string]uint32{later: unknownGeneration}
				for _, commit := range strings.Split(d.Git("rev-list", "--parents", "--topo-order", "--reverse", "main~1"), "\n") {
					ids := strings.Fields(commit)
					want[ids[0]] = 1
					for _, p := range ids[1:] {
						want[ids[0]] = max(want[ids[0]], want[p]+1)
					}
				}
				g := openGenerations(objectsDir(d), len(gittest.ID(t, later)))
				defer g.close()
				got := map[string]uint32{}
				for id := range want {
					got[id] = g.of(gittest.ID(t, id))
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
				for _, id := range []pack.ID{"", "short", pack.ID(strings.Repeat("\xff", 20)), pack.ID(strings.Repeat("\x00", 32))} {
					if n := g.of(id); n != unknownGeneration {
						t.Errorf("%v has generation %d", id, n)
					}
				}
				if format == "sha1" && !split {
					againstGoGit(t, d, got)
				}
			})
		}
	}
}

// againstGoGit compares with go-git, which reads commit-graphs of sha1.
func againstGoGit(t *testing.T, d gittest.Dir, want map[string]uint32) {
	t.Helper()
	f, err := os.Open(filepath.Join(objectsDir(d), "info", graphFile))
	if err != nil {
		t.Fatal(err)
	}
	graph, err := gogit.OpenFileIndex(f)
	if err != nil {
		t.Fatal(err)
	}
	defer graph.Close()
	for i, id := range graph.Hashes() {
		c, err := graph.GetCommitDataByIndex(uint32(i))
		if err != nil || uint64(want[id.String()]) != c.Generation {
			t.Errorf("%v: generation %d, go-git says %d, %v", id, want[id.String()], c.Generation, err)
		}
	}
}

// walked returns how many commits were read to tell the range, which is the same with and without a graph.
func walked(t *testing.T, d gittest.Dir, spec string) int {
	t.Helper()
	r, err := repo.Open(d.Path)
	if err != nil {
		t.Fatal(err)
	}
	store, err := pack.Open(r.ObjectsDir(), pack.Options{HashLen: r.HashLen})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	w := NewWalker(r, store)
	set, err := w.Parse(spec)
	if err != nil {
		t.Fatal(err)
	}
	list, err := w.Commits(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range list.Commits {
		got = append(got, c.ID.String())
	}
	if diff := cmp.Diff(strings.Fields(d.Git("rev-list", "--date-order", spec)), got); diff != "" {
		t.Errorf("%s: -git +ours:\n%s", spec, diff)
	}
	return len(w.commits)
}

// TestGraphSparesCommits: with a commit-graph a short range is told without reading what is far below.
func TestGraphSparesCommits(t *testing.T) {
	d := line(t, 3000)
	d.Git("gc", "-q")
	file := filepath.Join(objectsDir(d), "info", graphFile)
	_ = os.Remove(file)
	for _, spec := range []string{"main~10..main~5", "main~1...main~7"} {
		if n := walked(t, d, spec); n < slop {
			t.Errorf("%s: %d commits read without a graph", spec, n)
		}
	}
	d.Git("commit-graph", "write", "--reachable")
	for _, spec := range []string{"main~10..main~5", "main~1...main~7"} {
		if n := walked(t, d, spec); n > 20 {
			t.Errorf("%s: %d commits read with a graph", spec, n)
		}
	}
	// Commits made since stand above the graph.
	d.Git("checkout", "-q", "main")
	d.Commit("new", "1")
	d.Commit("new", "2")
	if n := walked(t, d, "main~1..main"); n > 20 {
		t.Errorf("%d commits read", n)
	}
	if n := walked(t, d, "main~2..main"); n > 20 {
		t.Errorf("%d commits read for a range above the graph", n)
	}
	// What is no graph is none.
	for name, data := range map[string]string{"empty": "", "text": strings.Repeat("no graph\n", 100), "head": "CGPH\x01\x01\x04\x00"} {
		_ = os.Remove(file) // git makes it read-only
		if err := os.WriteFile(file, []byte(data), 0o666); err != nil {
			t.Fatal(err)
		}
		if g := openGenerations(objectsDir(d), 20); len(g.layers) > 0 {
			t.Errorf("%s: taken for a graph", name)
		}
	}
}

// oneCommit is a graph of a commit whose id has these bytes.
func oneCommit(version byte, hashLen int, id byte) []byte {
	chunks := []struct {
		name   string
		length int
	}{{"OIDF", graphFanout}, {"OIDL", hashLen}, {"CDAT", hashLen + graphData}, {"\x00\x00\x00\x00", hashLen}}
	data := []byte{'C', 'G', 'P', 'H', 1, version, 3, 0}
	at := graphHeader + graphEntry*len(chunks)
	for _, c := range chunks {
		data = binary.BigEndian.AppendUint64(append(data, c.name...), uint64(at))
		at += c.length
	}
	for i := range 256 {
		data = append(data, 0, 0, 0, byte(min(1, i/int(id))))
	}
	data = append(data, bytes.Repeat([]byte{id}, hashLen)...)
	return append(data, bytes.Repeat([]byte{0, 0, 0, 4}, 2*hashLen/4+graphData/4)...)
}

func FuzzGraph(f *testing.F) {
	f.Add(oneCommit(1, 20, 7), false, bytes.Repeat([]byte{7}, 20))
	f.Add(oneCommit(2, 32, 200), true, bytes.Repeat([]byte{200}, 32))
	for i, seed := range [][]byte{oneCommit(1, 20, 7), oneCommit(2, 32, 200)} {
		l, err := newGraphLayer(bytes.NewReader(seed), int64(len(seed)), 20+12*i)
		if err != nil || l.generation(pack.ID(bytes.Repeat([]byte{[]byte{7, 200}[i]}, 20+12*i))) != 1 {
			f.Fatal("the seeds are no graphs", err)
		}
	}
	f.Fuzz(func(_ *testing.T, data []byte, sha256 bool, id []byte) {
		hashLen := 20
		if sha256 {
			hashLen = 32
		}
		l, err := newGraphLayer(bytes.NewReader(data), int64(len(data)), hashLen)
		if err == nil {
			l.generation(pack.ID(id))
		}
	})
}
