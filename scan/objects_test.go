package scan

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/repo"
	"github.com/straykey/straykey/source/repo/gittest"
)

// What a scan of the history found is found again by its objects alone, messages included.
func TestObjectsFindAgain(t *testing.T) {
	dir, _ := plant(t)
	path := dir.Path
	want := scanHistory(t, path, newOptions(t))
	r, err := repo.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	empty, err := repo.Open(gittest.Init(t).Path)
	if err != nil {
		t.Fatal(err)
	}
	repos := []*repo.Repo{empty, r}
	var list []Object
	for _, f := range want {
		o := f.Occurrences[0]
		list = append(list, Object{o.Object, o.Path})
	}
	var b correlate.Builder
	o := newOptions(t)
	if err := Objects(t.Context(), repos, list, &b, o); err != nil {
		t.Fatal(err)
	}
	got, _, err := b.Findings(t.Context(), nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	again := map[string]bool{}
	for _, f := range got {
		again[f.Fingerprint] = true
	}
	for _, f := range want {
		if !again[f.Fingerprint] {
			t.Errorf("%s at %s is not found again", f.Rule.ID, placeOf(f.Occurrences[0]))
		}
	}
	if !o.Coverage.Complete() {
		t.Errorf("incomplete: %v", o.Coverage.Problems())
	}

	absent := newOptions(t)
	list = []Object{{ID: "00000000000000000000000000000000000000ff", Path: "gone.txt"}}
	if err := Objects(t.Context(), repos, list, &b, absent); err != nil || absent.Coverage.Reasons()[source.Absent] != 1 {
		t.Errorf("an absent object: %v, %v", err, absent.Coverage.Problems())
	}
}

// Files are found again by their paths below the directory that was scanned, and none that lies outside of it is read.
func TestPathsStayInside(t *testing.T) {
	dir := t.TempDir()
	inside := filepath.Join(dir, "repo", "conf")
	if err := os.MkdirAll(inside, 0o755); err != nil {
		t.Fatal(err)
	}
	keys := newTokens("paths")
	for name, token := range map[string]string{filepath.Join(inside, "app.env"): keys.next(), filepath.Join(dir, "other.env"): keys.next()} {
		if err := os.WriteFile(name, []byte("TOKEN="+token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var b correlate.Builder
	o := newOptions(t)
	if err := Paths(t.Context(), filepath.Join(dir, "repo"), []string{"conf/app.env", "../other.env", "gone.env"}, &b, o); err != nil {
		t.Fatal(err)
	}
	found, _, err := b.Findings(t.Context(), nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || found[0].Occurrences[0].Path != "conf/app.env" {
		t.Errorf("found %v", describeFindings(found))
	}
	if o.Coverage.Reasons()[source.Unreadable] != 2 {
		t.Errorf("problems: %v", o.Coverage.Problems())
	}
}
