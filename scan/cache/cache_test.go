package cache

import (
	"bytes"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/history"
	"github.com/straykey/straykey/source/pack"
)

func someObjects() *Objects {
	return &Objects{
		HashLen: 20, IDs: bytes.Join([][]byte{bytes.Repeat([]byte{1}, 20), bytes.Repeat([]byte{2}, 20), bytes.Repeat([]byte{200}, 20)}, nil),
		Sizes: []uint32{0, 17, math.MaxUint32}, Hits: []uint32{0, 2}, Loose: []Loose{{1, 1 << 63}, {2, 7}},
	}
}

func somePlaces() *Places {
	return &Places{
		Commits: 12,
		Kinds:   []source.KindCount{{Kind: "blob", Found: 5, Scanned: 4, Skipped: 1, ScannedBytes: 1 << 40}, {Kind: "tag"}},
		Problems: []source.Problem{
			{Reason: source.TooLarge, What: "an object", Where: "a pack", Detail: "too large"}, {Reason: source.Promised, What: "x"},
		},
		Blobs: []BlobPlace{
			{
				Place: history.Place{
					Blob: 3, Path: "a/b\xff", First: 0, Last: history.NoCommit - 1, Removed: history.NoCommit,
					InHead: true, Reachable: true, Refs: []string{"HEAD", "refs/heads/x"}, RefCount: 40,
				},
				Kept: 9, Matches: []Match{{0, 5}, {1, 5}, {8, 70_000}},
			},
			{Place: history.Place{Blob: 3, Path: "", First: history.NoCommit, Last: history.NoCommit, Removed: 7}, Kept: 1, Matches: []Match{{0, 0}}},
		},
		Windows: []Windows{{Blob: 3, List: []Window{{Lo: 0, Hi: 0}, {Lo: 5, Hi: 70_100}, {Lo: 70_100, Hi: 70_101}}}, {Blob: 4}},
		Pairs:   []Text{{3, "a"}, {4, ""}},
		Messages: []Message{
			{Num: 1, Type: pack.Commit, InHead: true, Reachable: true, Refs: []string{"refs/heads/x"}, RefCount: 1, Kept: 1},
			{Num: 0, Type: pack.Tag, Kept: 0},
		},
	}
}

func TestRoundTrip(t *testing.T) {
	d := Open(filepath.Join(t.TempDir(), "new", "cache"))
	objects, places, state := Key{1}, Key{2}, State{3}
	if _, ok := d.Objects(objects, 20); ok {
		t.Error("something is in a cache that is not there")
	}
	if err := d.StoreObjects(objects, someObjects()); err != nil {
		t.Fatal(err)
	}
	if err := d.StorePlaces(places, state, somePlaces()); err != nil {
		t.Fatal(err)
	}
	o, ok := d.Objects(objects, 20)
	if diff := cmp.Diff(someObjects(), o); !ok || diff != "" || !o.Equal(someObjects()) {
		t.Errorf("objects, %t: -stored +loaded:\n%s", ok, diff)
	}
	p, ok := d.Places(places, state)
	if diff := cmp.Diff(somePlaces(), p, cmpopts.EquateEmpty()); !ok || diff != "" {
		t.Errorf("places, %t: -stored +loaded:\n%s", ok, diff)
	}
	for name, ok := range map[string]func() bool{
		"another key":   func() bool { _, ok := d.Objects(Key{9}, 20); return ok },
		"another hash":  func() bool { _, ok := d.Objects(objects, 32); return ok },
		"another kind":  func() bool { _, ok := d.Places(objects, State{}); return ok },
		"another state": func() bool { _, ok := d.Places(places, State{4}); return ok },
	} {
		if ok() {
			t.Errorf("what was stored is found for %s", name)
		}
	}
}

// TestDamage changes every byte and cuts at every place: what is not as it was written is not there.
func TestDamage(t *testing.T) {
	d := Open(t.TempDir())
	if err := d.StorePlaces(Key{}, State{}, somePlaces()); err != nil {
		t.Fatal(err)
	}
	name := d.file(kindPlaces, Key{})
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		bad := bytes.Clone(data)
		bad[i] ^= 4
		if _, ok := open(bad, kindPlaces, Key{}, State{}); ok {
			t.Errorf("byte %d may be changed", i)
		}
		if _, ok := open(data[:i], kindPlaces, Key{}, State{}); ok {
			t.Errorf("may be cut after %d bytes", i)
		}
	}
	if _, ok := open(append(data, 0), kindPlaces, Key{}, State{}); ok {
		t.Error("may have more bytes")
	}
}

func TestFilesAreTheUsersAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no modes")
	}
	path := filepath.Join(t.TempDir(), "cache")
	d := Open(path)
	if err := d.StoreObjects(Key{}, someObjects()); err != nil {
		t.Fatal(err)
	}
	modes := map[string]fs.FileMode{path: fs.ModeDir | 0o700, d.file(kindObjects, Key{}): 0o600}
	for name, want := range modes {
		info, err := os.Stat(name)
		if err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v, want %v", name, info.Mode(), err, want)
		}
	}
	for name, mode := range modes {
		if err := os.Chmod(name, mode.Perm()|0o022); err != nil {
			t.Fatal(err)
		}
		if _, ok := d.Objects(Key{}, 20); ok {
			t.Errorf("%s is believed though others can write to it", name)
		}
		if err := d.StoreObjects(Key{1}, someObjects()); mode.IsDir() && err == nil {
			t.Error("written to a directory that others can write to")
		}
		if err := os.Chmod(name, mode.Perm()); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := d.Objects(Key{}, 20); !ok {
		t.Error("not there any more")
	}
}

// TestUnwritable: where nothing can be kept, nothing is, and that is an error for the caller to tell.
func TestUnwritable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, d := range []*Dir{Open(file), Open(filepath.Join(file, "below"))} {
		if err := d.StoreObjects(Key{}, someObjects()); err == nil {
			t.Errorf("stored in %s", d.path)
		}
		if _, ok := d.Objects(Key{}, 20); ok {
			t.Errorf("found in %s", d.path)
		}
	}
}

func TestPrune(t *testing.T) {
	d := Open(t.TempDir())
	now := time.Now()
	add := func(name string, size int64, age time.Duration) {
		t.Helper()
		name = filepath.Join(d.path, name)
		f, err := os.Create(name)
		if err == nil {
			err = f.Truncate(size) // takes no room on most file systems
		}
		if err == nil {
			err = f.Close()
		}
		if err == nil {
			err = os.Chtimes(name, now.Add(-age), now.Add(-age))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	names := []string{"00000000000000000000000000000001.objects", "00000000000000000000000000000002.places", "00000000000000000000000000000003.objects"}
	add(names[0], MaxBytes/2, time.Hour)
	add(names[1], MaxBytes/2, 2*time.Hour)
	add(names[2], MaxBytes/2, 3*time.Hour)
	add("00000000000000000000000000000004.places", 1, MaxAge+time.Hour)
	add(tempName+"1", 1, 2*tempAge)
	add(tempName+"2", 1, 0)
	add("somebody's.objects", MaxBytes, 2*MaxAge)
	d.prune(now)
	var left []string
	entries, err := os.ReadDir(d.path)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if diff := cmp.Diff([]string{names[0], names[1], "somebody's.objects", tempName + "2"}, left); diff != "" {
		t.Errorf("-want +left:\n%s", diff)
	}
}

// TestConcurrentUse: readers find what some writer wrote, whole, and nothing unfinished is left behind.
func TestConcurrentUse(t *testing.T) {
	path := t.TempDir()
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			d := Open(path)
			for range 30 {
				o := someObjects()
				o.Sizes[1] = uint32(w)
				if err := d.StoreObjects(Key{}, o); err != nil {
					t.Error(err)
				}
				if got, ok := d.Objects(Key{}, 20); !ok || got.Sizes[1] > 3 {
					t.Errorf("found %v, %t", got, ok)
				}
			}
		})
	}
	wg.Wait()
	if files, err := filepath.Glob(filepath.Join(path, "*")); err != nil || len(files) != 1 {
		t.Errorf("left behind: %v, %v", files, err)
	}
}

// FuzzParse: whatever is parsed says the same when it is written and parsed again.
func FuzzParse(f *testing.F) {
	f.Add(someObjects().append(nil), true)
	f.Add((&Objects{HashLen: 20}).append(nil), true)
	f.Add(somePlaces().append(nil), false)
	f.Add((&Places{}).append(nil), false)
	f.Fuzz(func(t *testing.T, payload []byte, objects bool) {
		if objects {
			o, err := parseObjects(payload, 20)
			if err != nil {
				return
			}
			if again := o.append(nil); !bytes.Equal(again, payload) {
				t.Errorf("%x is written as %x", payload, again)
			}
			return
		}
		p, err := parsePlaces(payload)
		if err != nil {
			return
		}
		again, err := parsePlaces(p.append(nil))
		if diff := cmp.Diff(p, again, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("%v: -first +again:\n%s", err, diff)
		}
	})
}
