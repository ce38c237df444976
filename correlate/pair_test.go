package correlate

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/rules"
)

// pairEngine has an id with a secret and a session, and a rule that goes alone.
func pairEngine(t *testing.T) *detect.Engine {
	t.Helper()
	e, err := detect.New(&rules.Set{Rules: []*rules.Rule{
		{ID: "id", Token: `ident_[a-z0-9]{2}`, Pair: []string{"secret", "session"}, Confidence: rules.MediumConfidence},
		{ID: "other", Token: `other_[a-z0-9]{2}`},
		{ID: "secret", Token: `secret_[a-z0-9]{2}`, Confidence: rules.MediumConfidence},
		{ID: "session", Token: `session_[a-z0-9]{2}`},
	}}, detect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestPairs(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string // id, secret, scope, lines between
	}{
		{"alone", "ident_a1", nil},
		{"two that do not pair", "ident_a1 other_a1", nil},
		{"one line", "ident_a1:secret_b1", []string{"ident_a1 secret_b1 line 0"}},
		{"secret first", "secret_b1\nident_a1", []string{"ident_a1 secret_b1 block 1"}},
		{"three", "ident_a1\nsecret_b1\nsession_c1", []string{"ident_a1 secret_b1 block 1", "ident_a1 session_c1 block 2"}},
		{"empty line", "ident_a1\n \t\r\nsecret_b1", []string{"ident_a1 secret_b1 file 2"}},
		{"YAML documents", "ident_a1\n---\nsecret_b1", []string{"ident_a1 secret_b1 file 2"}},
		{"profiles", "[one]\nident_a1\nsecret_b1\n\n[two]\nident_a2\nsecret_b2\n", []string{"ident_a1 secret_b1 block 1", "ident_a2 secret_b2 block 1"}},
		{"profiles, other order", "ident_a1\nsecret_b1\nsecret_b2\nident_a2\n", []string{"ident_a1 secret_b1 block 1", "ident_a2 secret_b2 block 1"}},
		{"the block before the nearer line", "ident_a1\n\nsecret_b1\n.\n.\n.\n.\nident_a2", []string{"ident_a2 secret_b1 block 5"}},
		{"brackets", `[{"k":"ident_a1","s":"secret_b1"},{"s":"secret_b2","k":"ident_a2"}]`, []string{"ident_a1 secret_b1 line 0", "ident_a2 secret_b2 line 0"}},
		{"other brackets", `[{"k":"ident_a1"},{"s":"secret_b1"}]`, []string{"ident_a1 secret_b1 file 0"}},
		{"inner brackets", "{ident_a1,\n{secret_b1}}", []string{"ident_a1 secret_b1 block 1"}},
		{"brackets never closed", strings.Repeat("{", 200) + "ident_a1 secret_b1", []string{"ident_a1 secret_b1 line 0"}},
		{"brackets never opened", "}}}ident_a1}\nsecret_b1", []string{"ident_a1 secret_b1 block 1"}},
		{"one secret, two ids", "ident_a1\nident_a2\nsecret_b1", []string{"ident_a2 secret_b1 block 1"}},
		{"far on one line", "ident_a1" + strings.Repeat(" ", lineReach) + "secret_b1", []string{"ident_a1 secret_b1 block 0"}},
		{"very far", "ident_a1" + strings.Repeat(" ", blockReach) + "secret_b1", []string{"ident_a1 secret_b1 file 0"}},
		{"in one encoded text", "data: " + base64.StdEncoding.EncodeToString([]byte("one:\nident_a1\nsecret_b1\ntwo:\nident_a2\nsecret_b2\n")), []string{
			"ident_a1 secret_b1 line 0", "ident_a2 secret_b2 line 0",
		}},
		{"file", "ident_a1\n\n" + strings.Repeat("x\n", 5000) + "secret_b1", []string{"ident_a1 secret_b1 file 5002"}},
	}
	e := pairEngine(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			halves := e.Halves(e.NewScanner().Scan([]byte(tt.text)).Matches(), "", "")
			var got []string
			for _, p := range Pairs([]byte(tt.text), halves) {
				got = append(got, fmt.Sprintf("%s %s %s %d", p.of[0].Secret, p.of[1].Secret, p.scope, p.lines()))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if (len(tt.want) > 0) != MayPair(halves) {
				t.Errorf("MayPair = %v", MayPair(halves))
			}
		})
	}
}

// Many halves must not cost all combinations.
func TestPairsOfADump(t *testing.T) {
	var text strings.Builder
	for i := range 3 * maxHalves {
		fmt.Fprintf(&text, "ident_%c%c secret_%c%c ", 'a'+i%26, 'a'+i/26%26, 'a'+i%26, 'a'+i/26%26)
	}
	e := pairEngine(t)
	halves := e.Halves(e.NewScanner().Scan([]byte(text.String())).Matches(), "", "")
	start := time.Now()
	if n := len(Pairs([]byte(text.String()), halves)); n == 0 || n > maxHalves {
		t.Errorf("%d pairs", n)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("took %v", d)
	}
}

// scanned adds what stands in a file that a commit brings.
func scanned(t *testing.T, b *Builder, e *detect.Engine, path, text string, at Occurrence) {
	t.Helper()
	all := e.NewScanner().Scan([]byte(text)).Matches()
	at.Path = path
	b.AddPairs(Pairs([]byte(text), e.Halves(all, path, "")), at.Object, at.Path)
	l := NewLocator(detect.Part{Text: []byte(text)})
	for _, m := range e.Keep(all, path, "") {
		o := at
		l.Locate(&o, m)
		b.Add(m.Credential, o)
	}
}

func partnersOf(t *testing.T, b *Builder) []string {
	t.Helper()
	found, _, err := b.Findings(context.Background(), nil, 2)
	if err != nil {
		t.Fatal(err)
	}
	prints := map[string]string{}
	for _, f := range found {
		prints[f.Fingerprint] = f.Secret
	}
	var out []string
	for _, f := range found {
		for _, p := range f.Partners {
			if p.Secret != prints[p.Fingerprint] {
				t.Errorf("the partner %s of %s has the secret %q", prints[p.Fingerprint], f.Secret, p.Secret)
			}
			out = append(out, fmt.Sprintf("%s (%s): %s %s %d %s:%d", f.Secret, f.Confidence, prints[p.Fingerprint], p.Scope, p.Lines, p.Path, p.Line))
		}
	}
	return out
}

func TestPartners(t *testing.T) {
	one, two := &Commit{ID: "1"}, &Commit{ID: "2"}
	e := pairEngine(t)
	var b Builder
	scanned(t, &b, e, "near.env", "ident_a1\nsecret_b1\n", Occurrence{Kind: "blob", First: one})
	// The same pair further apart, which says less.
	scanned(t, &b, e, "far.env", "ident_a1\n\n\nsecret_b1\n", Occurrence{Kind: "blob", First: one})
	// In files that one commit brings, and in files of different commits.
	scanned(t, &b, e, "conf/prod/id", "ident_a2", Occurrence{Kind: "blob", First: two})
	scanned(t, &b, e, "conf/prod/secret", "secret_b2", Occurrence{Kind: "blob", First: two})
	scanned(t, &b, e, "conf/test/secret", "secret_b3", Occurrence{Kind: "blob", First: two})
	scanned(t, &b, e, "lonely", "ident_a4", Occurrence{Kind: "blob", First: one})
	want := []string{
		"ident_a1 (high): secret_b1 block 1 near.env:2",
		"ident_a2 (medium): secret_b2 commit 0 conf/prod/secret:1",
		"secret_b1 (high): ident_a1 block 1 near.env:1",
		"secret_b2 (medium): ident_a2 commit 0 conf/prod/id:1",
	}
	if diff := cmp.Diff(want, partnersOf(t, &b)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A commit that brings many halves without partners says of none whose it is, and nor must it cost all combinations.
func TestPartnersOfACommitWithMany(t *testing.T) {
	e := pairEngine(t)
	for n, want := range map[int]int{maxInCommit: 2 * maxInCommit, maxInCommit + 1: 0} {
		var b Builder
		at := Occurrence{Kind: "blob", First: &Commit{ID: "1"}}
		for i := range n {
			scanned(t, &b, e, fmt.Sprintf("%d/id", i), fmt.Sprintf("ident_x%c", 'a'+i), at)
			scanned(t, &b, e, fmt.Sprintf("%d/secret", i), fmt.Sprintf("secret_y%c", 'a'+i), at)
		}
		if got := partnersOf(t, &b); len(got) != want {
			t.Errorf("%d halves of each kind have %d partners, want %d: %v", n, len(got), want, got)
		}
	}
}

// A half that is not reported itself is named all the same.
func TestHiddenHalf(t *testing.T) {
	e, err := detect.New(&rules.Set{Rules: []*rules.Rule{
		{ID: "id", Token: `ident_[a-z0-9]{2}`, Pair: []string{"secret"}, SkipReport: true},
		{ID: "secret", Token: `secret_[a-z0-9]{2}`},
	}}, detect.Options{Reported: true})
	if err != nil {
		t.Fatal(err)
	}
	var b Builder
	scanned(t, &b, e, "a", "ident_a1 secret_b1\nident_a2", Occurrence{Kind: "file"})
	found, _, err := b.Findings(context.Background(), nil, 1)
	if err != nil || len(found) != 1 || len(found[0].Partners) != 1 {
		t.Fatalf("findings %v, error %v", found, err)
	}
	p := found[0].Partners[0]
	if p.Rule.ID != "id" || p.Secret != "ident_a1" || p.Fingerprint != Fingerprint(nil, "id", p.Secret) || p.Scope != SameLine || p.Line != 1 || p.Column != 1 {
		t.Errorf("partner %+v", p)
	}
}
