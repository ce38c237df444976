package pack

import (
	"io"
	"testing"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

// TestAgainstGoGit reads generated repositories with go-git and compares all objects. It knows
// neither sha256 nor indexes of version 1 nor the multi-pack-index: of these the tests against git take care.
func TestAgainstGoGit(t *testing.T) {
	layouts := map[string]func(r *repo){
		"loose":  func(*repo) {},
		"packed": func(r *repo) { r.git("gc", "-q") },
		"long chains": func(r *repo) {
			r.git("repack", "-q", "-adf", "--depth=250", "--window=50")
		},
		"ref deltas": func(r *repo) {
			r.git("-c", "repack.useDeltaBaseOffset=false", "repack", "-q", "-adf")
		},
		"packs and loose": func(r *repo) {
			r.git("repack", "-q", "-d")
			r.grow(5, 8)
			r.git("repack", "-q", "-d")
			r.grow(5, 9)
		},
	}
	for name, layout := range layouts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRepo(t)
			r.grow(30, 7)
			layout(r)
			want := contentsByGoGit(t, r.dir+"/.git")
			s := openStore(t, r.objects(), Options{HashLen: 20})
			got := map[string]string{}
			reader := s.NewReader()
			for n := range Num(s.Len()) {
				typ, size, err := reader.Header(n)
				if err != nil {
					t.Fatal(err)
				}
				_, data, err := reader.Read(n)
				if err != nil || int64(len(data)) != size {
					t.Fatalf("%v: %d bytes, its header says %d: %v", s.ID(n), len(data), size, err)
				}
				got[s.ID(n).String()] = typ.String() + " " + string(data)
			}
			if len(want) < 100 {
				t.Errorf("only %d objects", len(want))
			}
			compare(t, "objects", got, want)
		})
	}
}

// contentsByGoGit returns all objects, as type and content, by id.
func contentsByGoGit(t *testing.T, gitDir string) map[string]string {
	t.Helper()
	storage := filesystem.NewStorage(osfs.New(gitDir), cache.NewObjectLRUDefault())
	defer storage.Close()
	objects, err := storage.IterEncodedObjects(plumbing.AnyObject)
	if err != nil {
		t.Fatal(err)
	}
	contents := map[string]string{}
	err = objects.ForEach(func(o plumbing.EncodedObject) error {
		r, err := o.Reader()
		if err != nil {
			return err
		}
		defer r.Close()
		data, err := io.ReadAll(r)
		contents[o.Hash().String()] = o.Type().String() + " " + string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return contents
}
