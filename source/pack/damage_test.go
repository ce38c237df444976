package pack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/straykey/straykey/source"
)

// packed makes a repository with one pack and nothing else, and returns it with its contents.
func packed(t *testing.T, repackArgs ...string) (*repo, map[string]string) {
	t.Helper()
	r := newRepo(t)
	r.grow(40, 1)
	r.git(append([]string{"-c", "repack.writeBitmaps=false", "repack", "-adfq"}, repackArgs...)...)
	return r, r.contents()
}

// edit changes a file's bytes.
func edit(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil { // git makes packs read-only
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(b), 0o644); err != nil {
		t.Fatal(err)
	}
}

// checkDamaged makes sure that every object is either told with its true content or skipped, by Reader and Walk alike.
// It returns what Walk saw.
func checkDamaged(t *testing.T, s *Store, want map[string]string) *recorder {
	t.Helper()
	readers, walked := read(t, s), walk(t, s, WalkOptions{Want: allTypes, Workers: 2})
	for _, r := range []*recorder{readers, walked} {
		for id, c := range want {
			got, ok := r.contents[id]
			_, skipped := r.skipped[id]
			if ok == skipped {
				t.Errorf("%s: visited %t, skipped %t", id, ok, skipped)
			}
			if ok && got != c {
				t.Errorf("%s was visited with wrong content", id)
			}
		}
		for id, p := range r.skipped {
			if p.What != id || p.Where == "" || p.Detail == "" || p.Reason == "" {
				t.Errorf("problem of %s lacks something: %+v", id, p)
			}
		}
	}
	compare(t, "Reader and Walk", readers.contents, walked.contents)
	return walked
}

func TestDamagedEntry(t *testing.T) {
	for _, version := range []string{"1", "2"} {
		t.Run("index version "+version, func(t *testing.T) {
			r, want := packed(t)
			pack := r.glob("pack/*.pack")
			idx := strings.TrimSuffix(pack, ".pack") + ".idx"
			removeAll(t, idx)
			r.git("index-pack", "--index-version="+version, "-o", idx, pack)
			whole, err := os.ReadFile(pack)
			if err != nil {
				t.Fatal(err)
			}
			rnd := rand.New(rand.NewPCG(1, 2))
			for range 30 {
				at := packHeaderLen + rnd.IntN(len(whole)-packHeaderLen-20)
				edit(t, pack, func([]byte) []byte {
					b := bytes.Clone(whole)
					b[at] ^= 1 << rnd.IntN(8)
					return b
				})
				s := openStore(t, r.objects(), Options{})
				walked := checkDamaged(t, s, want)
				if version == "2" && len(walked.skipped) == 0 {
					t.Errorf("a flipped bit at %d went unnoticed", at)
				}
				if len(walked.skipped) > len(want)/2 {
					t.Errorf("a flipped bit at %d cost %d of %d objects", at, len(walked.skipped), len(want))
				}
			}
		})
	}
}

func TestDamagedEntryWithAnotherCopy(t *testing.T) {
	r, want := packed(t)
	first := r.glob("pack/*.pack")
	objects := r.git("rev-list", "--objects", "--all", "--no-object-names")
	r.gitInput(objects, "pack-objects", "-q", "--depth=3", "--no-reuse-delta", filepath.Join(r.objects(), "pack", "other"))
	edit(t, first, func(b []byte) []byte {
		for at := 100; at < len(b)-20; at += 500 {
			b[at] ^= 0x55
		}
		return b
	})
	s := openStore(t, r.objects(), Options{})
	walked := checkDamaged(t, s, want)
	if len(walked.skipped) > 0 {
		t.Errorf("skipped although there is a sound copy: %v", walked.skipped)
	}
}

func TestDamagedFiles(t *testing.T) {
	tests := []struct {
		name       string
		damage     func(t *testing.T, r *repo, base string) // base is the path of the pack without extension
		wantReason source.Reason
		wantNone   bool // no object can be read
		wantAll    bool // all can
	}{
		{"pack cut in the middle", func(t *testing.T, _ *repo, base string) {
			edit(t, base+".pack", func(b []byte) []byte { return b[:len(b)/2] })
		}, source.Corrupt, false, false},
		{"pack without trailer", func(t *testing.T, _ *repo, base string) {
			edit(t, base+".pack", func(b []byte) []byte { return b[:len(b)-20] })
		}, source.Corrupt, false, true},
		{"pack cut in its header", func(t *testing.T, _ *repo, base string) {
			edit(t, base+".pack", func(b []byte) []byte { return b[:10] })
		}, source.Corrupt, true, false},
		{"pack empty", func(t *testing.T, _ *repo, base string) {
			edit(t, base+".pack", func([]byte) []byte { return nil })
		}, source.Corrupt, true, false},
		{"pack of a later version", func(t *testing.T, _ *repo, base string) {
			edit(t, base+".pack", func(b []byte) []byte { b[7] = 9; return b })
		}, source.Corrupt, true, false},
		{"pack missing", func(t *testing.T, _ *repo, base string) { removeAll(t, base+".pack") }, source.Absent, true, false},
		{"idx missing", func(t *testing.T, _ *repo, base string) { removeAll(t, base+".idx") }, source.Absent, true, false},
		{"idx cut", func(t *testing.T, _ *repo, base string) {
			edit(t, base+".idx", func(b []byte) []byte { return b[:len(b)/2] })
		}, source.Corrupt, true, false},
		{"idx empty", func(t *testing.T, _ *repo, base string) {
			edit(t, base+".idx", func([]byte) []byte { return nil })
		}, source.Corrupt, true, false},
		{"idx of a later version", func(t *testing.T, _ *repo, base string) {
			edit(t, base+".idx", func(b []byte) []byte { b[7] = 9; return b })
		}, source.Corrupt, true, false},
		{"idx not sorted", func(t *testing.T, _ *repo, base string) {
			edit(t, base+".idx", func(b []byte) []byte { b[8+fanoutLen] = 0xff; return b })
		}, source.Corrupt, true, false},
		{"idx of another pack", func(t *testing.T, r *repo, base string) {
			idx, err := os.ReadFile(base + ".idx")
			if err != nil {
				t.Fatal(err)
			}
			removeAll(t, base+".*")
			other := newRepo(t)
			other.grow(3, 7)
			other.git("repack", "-adfq")
			pack, err := os.ReadFile(other.glob("pack/*.pack"))
			if err != nil {
				t.Fatal(err)
			}
			for name, content := range map[string][]byte{base + ".idx": idx, base + ".pack": pack} {
				if err := os.WriteFile(name, content, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}, source.Corrupt, true, false},
		{"idx is a directory", func(t *testing.T, _ *repo, base string) {
			removeAll(t, base+".idx")
			if err := os.Mkdir(base+".idx", 0o755); err != nil {
				t.Fatal(err)
			}
		}, source.Unreadable, true, false},
		{"alternate missing", func(t *testing.T, r *repo, _ string) {
			alternate(t, r.objects(), "/nowhere/at/all")
		}, source.Absent, false, true},
		{"multi-pack-index damaged", func(t *testing.T, r *repo, base string) {
			removeAll(t, base+".idx")
			if err := os.WriteFile(filepath.Join(r.objects(), "pack", "multi-pack-index"), []byte("MIDX\x01\x01"), 0o644); err != nil {
				t.Fatal(err)
			}
		}, source.Corrupt, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, want := packed(t)
			base := strings.TrimSuffix(r.glob("pack/*.pack"), ".pack")
			tt.damage(t, r, base)
			s := openStore(t, r.objects(), Options{})
			if p := s.Problems(); len(p) == 0 || p[0].Reason != tt.wantReason || p[0].What == "" || p[0].Detail == "" {
				t.Errorf("problems %v, want one that is %s", p, tt.wantReason)
			}
			if s.Len() == 0 {
				if !tt.wantNone {
					t.Error("no objects")
				}
				return
			}
			walked := checkDamaged(t, s, want)
			if n := len(walked.contents); (n == 0) != tt.wantNone || (n == len(want)) != tt.wantAll {
				t.Errorf("%d of %d objects were read", n, len(want))
			}
		})
	}
}

func TestDamagedLoose(t *testing.T) {
	r := newRepo(t)
	r.grow(10, 1)
	want := r.contents()
	s := openStore(t, r.objects(), Options{})
	damages := []func([]byte) []byte{
		func(b []byte) []byte { return b[:len(b)-5] },
		func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		func([]byte) []byte { return nil },
		func([]byte) []byte { return []byte("not zlib") },
	}
	for i, damage := range damages {
		edit(t, s.loosePath(i), damage)
	}
	if err := os.Remove(s.loosePath(len(damages))); err != nil {
		t.Fatal(err)
	}
	// An object under another's name.
	edit(t, s.loosePath(len(damages)+1), func([]byte) []byte {
		b, err := os.ReadFile(s.loosePath(len(damages) + 2))
		if err != nil {
			t.Fatal(err)
		}
		return b
	})
	walked := checkDamaged(t, s, want)
	if len(walked.skipped) != len(damages)+2 {
		t.Errorf("%d objects skipped, want %d: %v", len(walked.skipped), len(damages)+2, walked.skipped)
	}
	if got := walked.skipped[s.ID(Num(len(damages))).String()].Reason; got != source.Absent {
		t.Errorf("the missing file is %q, want %q", got, source.Absent)
	}
}

func TestMaxObject(t *testing.T) {
	r := newRepo(t)
	big := strings.Repeat("some text that is to be repeated, line by line\n", 100)
	r.write("a", big+strings.Repeat("x", 300))
	r.git("add", ".")
	r.git("commit", "-qm", "one")
	for i, n := range []int{4000, 2000, 900} { // deltas go from large to small
		r.write(fmt.Sprintf("b%d", i), big[:n])
	}
	noise := rand.New(rand.NewPCG(1, 2))
	var parts []string
	for i := range 8 { // two thirds of each are in the next one, and the rest makes a delta that is large too
		parts = append(parts, fmt.Sprint(noise.Perm(600)))
		r.write(fmt.Sprintf("c%d", i), strings.Join(parts[max(0, i-2):], ""))
	}
	r.git("add", ".")
	r.git("commit", "-qm", "two")
	r.git("repack", "-adfq")
	want := r.contents()
	const limit = 1000
	s := openStore(t, r.objects(), Options{MaxObject: limit})
	walked := checkDamaged(t, s, want)
	for id, c := range want {
		_, content, _ := strings.Cut(c, " ")
		p, skipped := walked.skipped[id]
		if skipped != (len(content) > limit) || skipped && p.Reason != source.TooLarge {
			t.Errorf("%s of %d bytes: skipped %t, %v", id, len(content), skipped, p)
		}
	}
	// The same is told of an object whatever else is asked for.
	for n := range Num(s.Len()) {
		id := s.ID(n).String()
		alone := walk(t, s, WalkOptions{Want: allTypes, Filter: func(m Num) bool { return m == n }}).skipped
		if got, want := alone[id], walked.skipped[id]; got != want {
			t.Errorf("%s: alone %v, with others %v", id, got, want)
		}
	}
	// When the base is too large for that, what is built on it is skipped for the same reason.
	s = openStore(t, r.objects(), Options{MaxObject: 200})
	for id, p := range walk(t, s, WalkOptions{Want: allTypes}).skipped {
		if p.Reason != source.TooLarge {
			t.Errorf("%s: %v, want %s", id, p, source.TooLarge)
		}
	}
}

func TestFilter(t *testing.T) {
	r, want := packed(t)
	s := openStore(t, r.objects(), Options{})
	for _, mod := range []Num{2, 3, 7} {
		some := map[string]string{}
		for n := range Num(s.Len()) {
			if n%mod == 0 {
				some[s.ID(n).String()] = want[s.ID(n).String()]
			}
		}
		var p Progress
		walked := walk(t, s, WalkOptions{Want: allTypes, Progress: &p, Filter: func(n Num) bool { return n%mod == 0 }})
		compare(t, "Walk", walked.contents, some)
		bytes := 0
		for _, c := range some {
			_, content, _ := strings.Cut(c, " ")
			bytes += len(content)
		}
		if total, done, size := p.Total.Load(), p.Objects.Load(), p.Bytes.Load(); total != int64(len(some)) || done != total || size != int64(bytes) {
			t.Errorf("progress %d of %d, %d bytes: want %d, %d bytes", done, total, size, len(some), bytes)
		}
	}
	for typ := Commit; typ <= Tag; typ++ {
		some := map[string]string{}
		for id, c := range want {
			if strings.HasPrefix(c, typ.String()+" ") {
				some[id] = c
			}
		}
		compare(t, typ.String(), walk(t, s, WalkOptions{Want: Types(typ)}).contents, some)
	}
}

func TestLookup(t *testing.T) {
	r, want := packed(t)
	s := openStore(t, r.objects(), Options{})
	for id := range want {
		raw, err := ParseID(id)
		if err != nil {
			t.Fatal(err)
		}
		n, ok := s.Find(raw)
		if m, ok2 := s.FindBytes([]byte(raw)); !ok || !ok2 || n != m {
			t.Errorf("Find(%s) = %d, %t; FindBytes = %d, %t", id, n, ok, m, ok2)
		}
		for _, l := range []int{1, 2, 3, 4, 5, 39, 40} {
			var all []string
			for _, n := range s.FindPrefix(id[:l]) {
				all = append(all, s.ID(n).String())
			}
			count := 0
			for other := range want {
				if strings.HasPrefix(other, id[:l]) {
					count++
				}
			}
			if len(all) != count || !strings.HasPrefix(all[0], id[:l]) {
				t.Errorf("FindPrefix(%s) = %v, want %d ids", id[:l], all, count)
			}
		}
		other := []byte(raw)
		other[19]++
		if n, ok := s.FindBytes(other); ok && want[s.ID(n).String()] == "" {
			t.Errorf("found %x, which is not there", other)
		}
	}
	for _, prefix := range []string{"", "x", "12g", strings.Repeat("0", 41)} {
		if got := s.FindPrefix(prefix); got != nil {
			t.Errorf("FindPrefix(%q) = %v", prefix, got)
		}
	}
	if _, ok := s.Find("short"); ok {
		t.Error("found an id that is too short")
	}
	for _, id := range []string{"", "12", strings.Repeat("0", 39), strings.Repeat("g", 40), strings.Repeat("0", 41)} {
		if got, err := ParseID(id); err == nil {
			t.Errorf("ParseID(%q) = %v", id, got)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "none"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing directory: %v", err)
	}
	if _, err := Open(t.TempDir(), Options{HashLen: 16}); err == nil {
		t.Error("ids of 16 bytes were accepted")
	}
	if _, err := Open(t.TempDir(), Options{MaxObject: -1}); err == nil {
		t.Error("a negative limit was accepted")
	}
}

func TestCloseTwice(t *testing.T) {
	r, _ := packed(t)
	s, err := Open(r.objects(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, ok := s.Find(ID(strings.Repeat("\x00", 20))); ok || s.Len() != 0 {
		t.Error("a closed store has objects")
	}
}

// TestTruncatedWhileMapped cuts a pack after it was mapped, as a failing disk would.
func TestTruncatedWhileMapped(t *testing.T) {
	r, want := packed(t)
	pack := r.glob("pack/*.pack")
	if err := os.Chmod(pack, 0o644); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, r.objects(), Options{})
	if err := os.Truncate(pack, 0); err != nil {
		t.Skip("this system keeps files that are in use:", err)
	}
	walked := walk(t, s, WalkOptions{Want: allTypes})
	if len(walked.skipped) != len(want) {
		t.Fatalf("%d of %d objects skipped", len(walked.skipped), len(want))
	}
	for id, p := range walked.skipped {
		if p.Reason != source.Unreadable {
			t.Fatalf("%s: %v, want %s", id, p, source.Unreadable)
		}
	}
}

// cancelling cancels a walk at its tenth object.
type cancelling struct {
	counter
	cancel func()
	after  int
}

func (c *cancelling) Visit(o Object, s struct{}) struct{} {
	if c.counter.Visit(o, s); c.objects == 10 {
		c.cancel()
		time.Sleep(20 * time.Millisecond) // the walk learns of it in another goroutine
	} else if c.objects > 10 {
		c.after++
	}
	return struct{}{}
}

func TestCancel(t *testing.T) {
	r, _ := packed(t)
	s := openStore(t, r.objects(), Options{})
	ctx, cancel := context.WithCancel(context.Background())
	visitors, err := Walk(ctx, s, WalkOptions{Want: allTypes, Workers: 1}, func() Visitor[struct{}] { return &cancelling{cancel: cancel} })
	if !errors.Is(err, context.Canceled) || len(visitors) != 1 {
		t.Errorf("Walk = %d visitors, %v", len(visitors), err)
	}
	if after := visitors[0].(*cancelling).after; after > 1 {
		t.Errorf("%d objects were visited after the walk was cancelled", after)
	}
	if _, err := Walk(ctx, s, WalkOptions{Want: allTypes}, newCounter); !errors.Is(err, context.Canceled) {
		t.Errorf("Walk of a cancelled context: %v", err)
	}
}
