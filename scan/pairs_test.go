package scan

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/repo"
	"github.com/straykey/straykey/source/repo/gittest"
)

// pairing scans with rules of an id and its secret, and lists the pairs of secrets.
func pairing(t *testing.T, scan func(*correlate.Builder, Options) (*Result, error)) []string {
	t.Helper()
	engine, err := detect.New(&rules.Set{Rules: []*rules.Rule{
		{ID: "id", Token: `ident_[a-z0-9]{2}`, Pair: []string{"secret"}},
		{ID: "secret", Token: `secret_[a-z0-9]{2}`},
	}}, detect.Options{Reported: true})
	if err != nil {
		t.Fatal(err)
	}
	var b correlate.Builder
	if _, err := scan(&b, Options{Engine: engine, Coverage: &source.Coverage{}, Jobs: 2, MaxSize: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	found, _, err := b.Findings(context.Background(), nil, 2)
	if err != nil {
		t.Fatal(err)
	}
	secret := map[string]string{}
	for _, f := range found {
		secret[f.Fingerprint] = f.Secret
	}
	var out []string
	for _, f := range found {
		for _, p := range f.Partners {
			out = append(out, fmt.Sprintf("%s %s %s %d %s:%d", f.Secret, secret[p.Fingerprint], p.Scope, p.Lines, p.Path, p.Line))
		}
	}
	slices.Sort(out)
	return out
}

// zipOf makes a zip archive of names and texts.
func zipOf(t *testing.T, members ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i+1 < len(members); i += 2 {
		f, err := w.Create(members[i])
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(f, members[i+1])
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A checkout, its history, and the change that brings it have the same pairs.
func TestPairsAgree(t *testing.T) {
	d := gittest.Init(t)
	d.Write("empty", "")
	d.Git("add", ".")
	d.Git("commit", "-q", "-m", "first")
	d.Write("a.env", "ident_a1\nsecret_a1\n\nident_a2\nsecret_a2\n")
	d.Write("b.json", `[{"k":"ident_b1","s":"secret_b1"},{"s":"secret_b2","k":"ident_b2"}]`+"\n")
	d.Write("c.txt", "ident_c1\n\n\n\nsecret_c1\n")
	d.Write("x.zip", zipOf(t, "d.env", "ident_d1\nsecret_d1\n", "e.env", "\nident_e1\nsecret_e1\n", "f.env", "ident_f1\n"))
	d.Git("add", ".")
	open := func() *repo.Repo {
		r, err := repo.Open(d.Path)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	staged := pairing(t, func(b *correlate.Builder, o Options) (*Result, error) { return Staged(t.Context(), open(), "", b, o) })
	d.Git("commit", "-q", "-m", "second")
	modes := map[string]func(*correlate.Builder, Options) (*Result, error){
		"files":   func(b *correlate.Builder, o Options) (*Result, error) { return Files(t.Context(), d.Path, b, o) },
		"history": func(b *correlate.Builder, o Options) (*Result, error) { return History(t.Context(), open(), b, o) },
		"range": func(b *correlate.Builder, o Options) (*Result, error) {
			return Range(t.Context(), open(), []string{"HEAD"}, b, o)
		},
	}
	if len(staged) != 14 || staged[0] != "ident_a1 secret_a1 block 1 a.env:2" {
		t.Errorf("staged: %q", staged)
	}
	// Members are texts of their own: what stands in two of them is no pair.
	for _, want := range []string{"secret_d1 ident_d1 block 1 x.zip!d.env:1", "ident_e1 secret_e1 block 1 x.zip!e.env:3"} {
		if !slices.Contains(staged, want) {
			t.Errorf("%q is missing in %q", want, staged)
		}
	}
	for name, scan := range modes {
		if diff := cmp.Diff(staged, pairing(t, scan)); diff != "" {
			t.Errorf("-staged +%s:\n%s", name, diff)
		}
	}
}

// Halves that come to stand in one file at different times are a pair, also when it is an old one that comes back.
func TestPairsOverTime(t *testing.T) {
	d := gittest.Init(t)
	commit := func(text string) {
		d.Write("a.env", text)
		d.Git("add", ".")
		d.Git("commit", "-q", "-m", "x")
	}
	commit("ident_a1\n")
	commit("gone\n")
	commit("secret_a1\n")
	commit("x\nident_a1\nsecret_a1\n")
	for _, full := range []bool{false, true} {
		got := pairing(t, func(b *correlate.Builder, o Options) (*Result, error) {
			r, err := repo.Open(d.Path)
			if err != nil {
				t.Fatal(err)
			}
			o.Full = full
			return History(t.Context(), r, b, o)
		})
		want := []string{"ident_a1 secret_a1 block 1 a.env:3", "secret_a1 ident_a1 block 1 a.env:2"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("full %v: -want +got:\n%s", full, diff)
		}
	}
}
