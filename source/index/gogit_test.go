package index

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gogit "github.com/go-git/go-git/v5/plumbing/format/index"
	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/source/repo/gittest"
)

// TestAgainstGoGit reads the same index files with go-git, whose reader served here before it had to read
// sha256 and hostile files.
func TestAgainstGoGit(t *testing.T) {
	type plain struct {
		Path, ID  string
		Mode      uint32
		Stage     int
		IntentAdd bool
	}
	for _, version := range []string{"2", "3", "4"} {
		t.Run("v"+version, func(t *testing.T) {
			d := gittest.Init(t)
			d.Commit("a", "a", "dir/b", "b", "dir/sub/c", "c", "ü \"q\"", "q", strings.Repeat("long", 50), "x")
			d.Git("checkout", "-q", "-b", "side")
			d.Commit("a", "theirs")
			d.Git("checkout", "-q", "main")
			d.Commit("a", "ours")
			_, _ = d.Try("", "merge", "-q", "side") // a conflict
			d.Git("update-index", "--add", "--cacheinfo", "160000,"+d.Git("rev-parse", "HEAD")+",module")
			if version == "3" { // git writes it only where an entry needs it
				d.Write("intent", "to add")
				d.Git("add", "-N", "intent")
			} else {
				d.Git("update-index", "--index-version", version)
			}
			data, err := os.ReadFile(filepath.Join(d.Path, ".git", "index"))
			if err != nil {
				t.Fatal(err)
			}
			if data[7] != version[0]-'0' {
				t.Fatalf("git wrote version %d", data[7])
			}
			var theirs gogit.Index
			if err := gogit.NewDecoder(bytes.NewReader(data)).Decode(&theirs); err != nil {
				t.Fatal(err)
			}
			var want, got []plain
			for _, e := range theirs.Entries {
				want = append(want, plain{e.Name, string(e.Hash[:]), uint32(e.Mode), int(e.Stage), e.IntentToAdd})
			}
			ours, err := parse(data, 20)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range ours.entries {
				got = append(got, plain{string(e.path), string(e.id), e.mode, int(e.stage), e.intentAdd})
			}
			if diff := cmp.Diff(want, got); diff != "" || len(want) < 7 {
				t.Errorf("%d entries, -go-git +ours:\n%s", len(want), diff)
			}
		})
	}
}
