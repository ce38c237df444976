package index_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/straykey/straykey/source/index"
	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
	"github.com/straykey/straykey/source/repo/gittest"
)

// large makes a repository of n files, 20 to a directory, with 10 more staged changes.
func large(b *testing.B, n int) gittest.Dir {
	d := gittest.Init(b)
	blob, other := d.In("text", "hash-object", "-w", "--stdin"), d.In("other", "hash-object", "-w", "--stdin")
	path := func(i int) string {
		return fmt.Sprintf("top%d/middle%d/dir%d/some_file_%d.go", i/10000, i/500, i/20, i)
	}
	var info strings.Builder
	for i := range n {
		fmt.Fprintf(&info, "100644 %s\t%s\n", blob, path(i))
	}
	d.In(info.String(), "update-index", "--index-info")
	d.Git("commit", "-q", "-m", "many")
	d.Git("gc", "-q")
	info.Reset()
	for i := range 10 {
		fmt.Fprintf(&info, "100644 %s\t%s\n", other, path(i*n/10))
	}
	d.In(info.String(), "update-index", "--index-info")
	return d
}

func BenchmarkStaged(b *testing.B) {
	for _, n := range []int{1000, 100_000} {
		d := large(b, n)
		for _, v := range []struct {
			name string
			args []string
		}{
			{"v2", []string{"update-index", "--index-version", "2"}},
			{"v4", []string{"update-index", "--index-version", "4"}},
			{"no cache tree", nil},
		} {
			if v.args != nil {
				d.Git(v.args...)
			} else {
				d.In(d.Git("ls-files", "--stage"), "update-index", "--index-info")
				d.Git("update-index", "--index-version", "2")
			}
			r, err := repo.Open(d.Path)
			if err != nil {
				b.Fatal(err)
			}
			store, err := pack.Open(r.ObjectsDir(), pack.Options{HashLen: r.HashLen})
			if err != nil {
				b.Fatal(err)
			}
			b.Run(fmt.Sprintf("%d/%s", n, v.name), func(b *testing.B) {
				b.ReportAllocs()
				for range b.N {
					diff, err := index.Staged(b.Context(), r, store, store.NewReader(), index.Options{})
					if err != nil || len(diff.Changes) != 10 || len(diff.Problems) > 0 {
						b.Fatal(len(diff.Changes), diff.Problems, err)
					}
				}
			})
			store.Close()
		}
	}
}
