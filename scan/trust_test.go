package scan

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/source/repo"
	"github.com/straykey/straykey/source/repo/gittest"
)

// TestTrust asks a revision about allow comments that it has, has elsewhere, had once, and never had.
func TestTrust(t *testing.T) {
	const allow = " # straykey:allow a reason\n"
	tokens := newTokens(t.Name())
	var secrets [6]string
	for i := range secrets {
		secrets[i] = tokens.next()
	}
	here, moved, once, uncommented, later, deep := secrets[0], secrets[1], secrets[2], secrets[3], secrets[4], secrets[5]
	down := strings.Repeat("d/", maxTrustDepth+1)

	d := gittest.Init(t)
	d.Commit("a.env", here+allow, "moved.env", "\n"+moved+allow, "once.env", once+allow, "bare.env", uncommented+"\nnothing"+allow)
	trusted := d.Commit("once.env", "\n", down+"f", deep+allow)
	d.Commit("b/moved.env", moved+allow, "bare.env", uncommented+allow+"nothing"+allow, "later.env", later+allow)

	r, err := repo.Open(d.Path)
	if err != nil {
		t.Fatal(err)
	}
	o := newOptions(t)
	var b correlate.Builder
	if _, err := History(t.Context(), r, &b, o); err != nil {
		t.Fatal(err)
	}
	_, allowed, err := b.Findings(t.Context(), nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	trust, err := Trust(t.Context(), r, trusted, &b, allowed, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range allowed {
		for k := range allowed[i].Occurrences {
			at := &allowed[i].Occurrences[k]
			path := strings.Replace(at.Path, down, "deep/", 1)
			got = append(got, fmt.Sprintf("%s %t", path, trust.Has(&allowed[i], at)))
		}
	}
	slices.Sort(got)
	want := []string{
		"a.env true",
		"b/moved.env true", // the revision has the comment at the same credential
		"bare.env false",   // it has the credential without one
		"deep/f true",      // not looked at there, but the commit is the revision's own
		"later.env false",
		"moved.env true",
		"once.env true", // a commit of the revision's history wrote it
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(trust.Problems) > 0 {
		t.Errorf("problems: %q", trust.Problems)
	}

	if _, err := Trust(t.Context(), r, "nowhere", &b, allowed, nil, o); err == nil {
		t.Error("a revision that is not there: no error")
	}
}

// TestTrustUnread: what cannot be read in the revision allows nothing, and is named.
func TestTrustUnread(t *testing.T) {
	secret := newTokens(t.Name()).next()
	d := gittest.Init(t)
	d.Commit("a.env", secret+" # straykey:allow a reason\n")
	d.Commit("sub/other.env", secret+" # straykey:allow a reason\n", "a.env", "\n")
	r, err := repo.Open(d.Path)
	if err != nil {
		t.Fatal(err)
	}
	o := newOptions(t)
	var b correlate.Builder
	if _, err := Staged(t.Context(), r, "", &b, o); err != nil {
		t.Fatal(err)
	}
	blob := d.Git("rev-parse", "HEAD:sub/other.env")
	if err := os.Remove(filepath.Join(d.Path, ".git", "objects", blob[:2], blob[2:])); err != nil {
		t.Fatal(err)
	}
	trust, err := Trust(t.Context(), r, "HEAD", &b, nil, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(trust.Problems) != 1 || !strings.HasPrefix(trust.Problems[0], "sub/other.env: ") {
		t.Errorf("problems: %q", trust.Problems)
	}
}
