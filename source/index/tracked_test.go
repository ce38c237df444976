package index_test

import (
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/source/index"
	"github.com/straykey/straykey/source/repo"
	"github.com/straykey/straykey/source/repo/gittest"
)

// Tracked paths are what git ls-files prints, and the directories above them, in every form of an index.
func TestTracked(t *testing.T) {
	convert := map[string][]string{
		"v2": {"update-index", "--index-version", "2"}, "v4": {"update-index", "--index-version", "4"},
		"split": {"update-index", "--split-index"}, "split, work tree above": {"update-index", "--split-index"},
		"sparse": {"sparse-checkout", "set", "--cone", "--sparse-index", "dir"},
	}
	notes := map[string]string{
		"split": "split index: read with the git program", "split, work tree above": "split index: read with the git program",
		"sparse": "sparse index: read with the git program",
	}
	for name, args := range convert {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := gittest.Init(t)
			base(d)
			d.Commit("x", "1", "x.y", "1", "x-/y", "1", "deep/er/f", "1", "deep.er", "1", "ü \"q\" \n", "1")
			d.Git("update-index", "--add", "--cacheinfo", "160000,"+d.Git("rev-parse", "HEAD")+",modules/m")
			d.Git("commit", "-q", "-m", "module")
			d.Git(args...)
			if strings.Contains(name, "work tree above") {
				d.Git("config", "core.worktree", "..")
			}
			list, err := d.Try("", "ls-files", "-z")
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]bool{
				"": false, "none": false, "d": false, "dir/": false, "x/y": false, "x-": true, "x.": false, "deep/e": false, "zzz": false,
				"/x": false, "X": false, "modules/m/f": false,
			}
			for _, p := range strings.Split(strings.TrimSuffix(list, "\x00"), "\x00") {
				for ; p != "."; p = path.Dir(p) {
					want[p] = true
				}
			}
			r, err := repo.Open(d.Path)
			if err != nil {
				t.Fatal(err)
			}
			paths, err := index.Tracked(t.Context(), r, index.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]bool{}
			for p := range want {
				got[p] = paths.Has(p)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if got := strings.Join(paths.Notes, "\n"); got != notes[name] {
				t.Errorf("notes %q", got)
			}
		})
	}
}

func TestTrackedNoIndex(t *testing.T) {
	r, err := repo.Open(gittest.Init(t).Path)
	if err != nil {
		t.Fatal(err)
	}
	paths, err := index.Tracked(t.Context(), r, index.Options{})
	if err != nil || paths.Has("a") || paths.Has("") {
		t.Error(paths, err)
	}
}
