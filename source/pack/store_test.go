package pack

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAgainstGit compares all objects of repositories in every shape that git can give them with what git says they are.
func TestAgainstGit(t *testing.T) {
	tests := []struct {
		name       string
		init       []string
		shape      func(t *testing.T, r *repo)
		after      func(t *testing.T, r *repo) // what git itself might not cope with
		wantDeltas bool
		hashLen    int
	}{
		{name: "empty", shape: func(*testing.T, *repo) {}},
		{name: "loose", shape: func(_ *testing.T, r *repo) { r.grow(20, 1) }},
		{name: "packed", wantDeltas: true, shape: func(_ *testing.T, r *repo) {
			r.grow(40, 1)
			r.git("gc", "-q")
		}},
		{name: "aggressive", wantDeltas: true, shape: func(_ *testing.T, r *repo) {
			r.grow(40, 1)
			r.git("gc", "-q", "--aggressive")
		}},
		{name: "depth 250", wantDeltas: true, shape: func(_ *testing.T, r *repo) {
			r.grow(60, 1)
			r.git("repack", "-adfq", "--depth=250", "--window=250")
		}},
		{name: "packed and loose", wantDeltas: true, shape: func(_ *testing.T, r *repo) {
			r.grow(20, 1)
			r.git("repack", "-adfq")
			r.grow(10, 2)
		}},
		{name: "several packs", wantDeltas: true, shape: func(_ *testing.T, r *repo) {
			for seed := range uint64(5) {
				r.grow(10, seed)
				r.git("repack", "-dq")
			}
		}},
		{name: "overlapping packs", wantDeltas: true, shape: func(_ *testing.T, r *repo) {
			r.grow(20, 1)
			r.git("repack", "-aq")
			r.grow(20, 2)
			r.git("repack", "-afq", "--window=50") // keeps the first pack, and all loose objects
			objects := r.git("rev-list", "--objects", "--all", "--no-object-names")
			lines := strings.SplitAfter(objects, "\n")
			r.gitInput(strings.Join(lines[len(lines)/2:], ""), "pack-objects", "-q", "--no-reuse-delta", filepath.Join(r.objects(), "pack", "pack"))
		}},
		{name: "index version 1", wantDeltas: true, shape: func(_ *testing.T, r *repo) {
			r.grow(20, 1)
			r.git("-c", "pack.indexVersion=1", "repack", "-adfq")
		}},
		{name: "64-bit offsets", wantDeltas: true, shape: func(t *testing.T, r *repo) {
			r.grow(20, 1)
			r.git("repack", "-adfq")
			pack := r.glob("pack/*.pack")
			idx := strings.TrimSuffix(pack, ".pack") + ".idx"
			if err := os.Remove(idx); err != nil {
				t.Fatal(err)
			}
			// A limit of 0x100: offsets above it are written in 64 bits.
			r.git("index-pack", "--index-version=2,0x100", "-o", idx, pack)
		}},
		{name: "ref deltas", wantDeltas: true, shape: func(_ *testing.T, r *repo) {
			r.grow(20, 1)
			objects := r.git("rev-list", "--objects", "--all", "--no-object-names")
			r.gitInput(objects, "pack-objects", "-q", filepath.Join(r.objects(), "pack", "pack"))
			r.git("prune-packed", "-q")
		}},
		{name: "multi-pack-index", wantDeltas: true, shape: func(_ *testing.T, r *repo) {
			for seed := range uint64(3) {
				r.grow(10, seed)
				r.git("repack", "-dq")
			}
			r.git("multi-pack-index", "write")
		}},
		{name: "multi-pack-index without idx", wantDeltas: true, shape: func(t *testing.T, r *repo) {
			for seed := range uint64(3) {
				r.grow(10, seed)
				r.git("repack", "-dq")
			}
			r.git("multi-pack-index", "write")
		}, after: func(t *testing.T, r *repo) {
			removeAll(t, filepath.Join(r.objects(), "pack", "*.idx"))
		}},
		{name: "multi-pack-index with 64-bit offsets", wantDeltas: true, shape: func(t *testing.T, r *repo) {
			r.grow(20, 1)
			r.git("repack", "-adfq")
			pack := r.glob("pack/*.pack")
			idx := strings.TrimSuffix(pack, ".pack") + ".idx"
			removeAll(t, idx)
			r.git("index-pack", "--index-version=2,0x100", "-o", idx, pack)
			r.git("multi-pack-index", "write")
		}, after: func(t *testing.T, r *repo) {
			removeAll(t, filepath.Join(r.objects(), "pack", "*.idx"))
		}},
		{name: "sha256", init: []string{"--object-format=sha256"}, wantDeltas: true, hashLen: 32, shape: func(_ *testing.T, r *repo) {
			r.grow(20, 1)
			r.git("gc", "-q")
			r.grow(5, 2)
		}},
		{name: "cruft pack", wantDeltas: true, shape: func(_ *testing.T, r *repo) {
			r.grow(20, 1)
			r.git("reset", "-q", "--hard", "HEAD~5")
			r.git("tag", "-d", "v1")
			r.git("reflog", "expire", "--expire=now", "--all")
			r.git("repack", "-dq", "--cruft")
			r.glob("pack/*.mtimes")
		}},
		{name: "bitmap and rev", wantDeltas: true, shape: func(_ *testing.T, r *repo) {
			r.grow(20, 1)
			r.git("-c", "pack.writeReverseIndex=true", "repack", "-adfbq")
			r.glob("pack/*.bitmap")
		}},
		{name: "alternates", wantDeltas: true, shape: func(t *testing.T, r *repo) {
			lender := newRepo(t)
			lender.grow(20, 1)
			lender.git("gc", "-q")
			lender.grow(3, 2)
			if err := os.RemoveAll(filepath.Join(r.dir, ".git")); err != nil {
				t.Fatal(err)
			}
			r.git("clone", "-q", "--shared", lender.dir, ".")
			r.grow(3, 3)
		}},
		{name: "alternates that borrow from one another", shape: func(t *testing.T, r *repo) {
			other := newRepo(t)
			other.grow(3, 2)
			r.grow(3, 1)
			alternate(t, r.objects(), "# a comment", other.objects(), r.objects())
			rel, err := filepath.Rel(other.objects(), r.objects())
			if err != nil {
				t.Fatal(err)
			}
			alternate(t, other.objects(), rel)
		}},
		{name: "thin pack", wantDeltas: true, shape: func(t *testing.T, r *repo) {
			r.grow(10, 1)
			r.git("repack", "-adfq")
			r.grow(10, 2)
			// What fetch does: the pack is completed with copies of the bases that it lacks.
			thin := r.gitInput("HEAD\n^v1\n", "pack-objects", "-q", "--thin", "--revs", "--stdout")
			r.git("prune", "--expire=now")
			removeLoose(t, r)
			r.gitInput(thin, "index-pack", "--stdin", "--fix-thin")
			r.git("tag", "-d", "v2")
		}},
		{name: "extremes", wantDeltas: true, shape: func(_ *testing.T, r *repo) {
			long := strings.Repeat("0123456789abcdef", 1<<14)
			r.write("empty", "")
			r.write("long", long)
			r.write("long2", long+"end")
			r.write("long3", "start"+long)
			r.write("long4", strings.Repeat(long[:1<<16], 5)+"x")
			r.git("add", ".")
			r.git("commit", "-qm", strings.Repeat("m", 100000))
			r.git("repack", "-adfq")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRepo(t, tt.init...)
			tt.shape(t, r)
			want := r.contents()
			if tt.after != nil {
				tt.after(t, r)
			}
			s := openStore(t, r.objects(), Options{HashLen: tt.hashLen})
			if p := s.Problems(); len(p) > 0 {
				t.Errorf("problems: %v", p)
			}
			if s.Len() != len(want) {
				t.Errorf("%d objects, want %d", s.Len(), len(want))
			}
			readers := read(t, s)
			compare(t, "Reader", readers.contents, want)
			for _, workers := range []int{1, 3} {
				walked := walk(t, s, WalkOptions{Want: allTypes, Workers: workers})
				compare(t, fmt.Sprintf("Walk with %d workers", workers), walked.contents, want)
				if len(walked.skipped) > 0 {
					t.Errorf("skipped: %v", walked.skipped)
				}
				if (walked.deltas > 0) != tt.wantDeltas {
					t.Errorf("%d deltas, want some: %t", walked.deltas, tt.wantDeltas)
				}
				if walked.maxLive > 2+log2(len(want)) {
					t.Errorf("%d objects were needed at one time, of %d", walked.maxLive, len(want))
				}
			}
		})
	}
}

func log2(n int) int {
	l := 0
	for ; n > 1; n /= 2 {
		l++
	}
	return l
}

func removeAll(t *testing.T, pattern string) {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		t.Fatalf("glob %s: %v, %v: want some files", pattern, found, err)
	}
	for _, f := range found {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
}

func removeLoose(t *testing.T, r *repo) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(r.objects(), "[0-9a-f][0-9a-f]"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		if err := os.RemoveAll(f); err != nil {
			t.Fatal(err)
		}
	}
}

// alternate writes info/alternates.
func alternate(t *testing.T, dir string, lines ...string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "info"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "info", "alternates"), []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}
