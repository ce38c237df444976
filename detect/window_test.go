package detect

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/rules"
)

// Reading a text at its windows finds what reading all of it finds.
func TestScanWindowsEqualsScan(t *testing.T) {
	e := newTestEngine(t, testRules())
	rounds := 2000
	if testing.Short() {
		rounds = 200
	}
	found, decoded := 0, 0
	for seed := range rounds {
		r := rand.New(rand.NewPCG(uint64(seed), 8))
		text := randomText(r, 1+r.IntN(60))
		facts := e.NewScanner().Scan(text)
		windows, ok := facts.Windows()
		if !ok {
			t.Fatalf("seed %d: plain text has no windows", seed)
		}
		for _, m := range facts.Matches() {
			found++
			if len(m.Via) > 0 {
				decoded++
			}
		}
		// That something was not read to its end is told when all is read, and the windows are only what led to the matches.
		matches := func(f *Facts) []string {
			return slices.DeleteFunc(describe(e, f), func(s string) bool { return strings.HasPrefix(s, "skipped ") })
		}
		got := e.NewScanner().ScanWindows(text, windows)
		if diff := cmp.Diff(matches(facts), matches(got)); diff != "" {
			t.Fatalf("seed %d: -scan +windows:\n%s", seed, diff)
		}
	}
	if found < rounds || decoded < rounds/2 {
		t.Fatalf("only %d matches, %d of them decoded, in %d rounds: the texts test nothing", found, decoded, rounds)
	}
}

// A match may be far from the anchor that led to it, and its window holds both.
func TestWindowHoldsAnchor(t *testing.T) {
	e := newTestEngine(t, &rules.Set{Rules: []*rules.Rule{
		{ID: "far", Regex: `<([a-z]{9})>`, Keywords: []string{"acmekey"}, Multiline: true, Reach: 2000},
	}})
	text := []byte(strings.Repeat("\n", 500) + "acmekey:\n" + strings.Repeat("-\n", 450) + "<abcdefghi>" + strings.Repeat("\n", 500))
	facts := e.NewScanner().Scan(text)
	windows, _ := facts.Windows()
	if got := len(e.NewScanner().ScanWindows(text, windows).Matches()); len(facts.Matches()) != 1 || got != 1 {
		t.Errorf("%d matches in the windows, %d in all, want 1", got, len(facts.Matches()))
	}
}

// Windows that are none of the text do no harm, and a text without local reach has none.
func TestWindowsOfOtherTexts(t *testing.T) {
	e := newTestEngine(t, testRules())
	text := []byte("x = tok_0123456789ab\n")
	for _, windows := range [][]Window{{{0, 100}}, {{5, 9}, {2, 12}}, {{9, 5}}, {{-3, 5}}, {{4, 4}, {4, 4}}} {
		if n := len(e.NewScanner().ScanWindows(text, windows).Matches()); n != 1 {
			t.Errorf("%v: %d matches, want 1", windows, n)
		}
	}
	wide := append([]byte{0xFF, 0xFE}, bytes.Join(bytes.Split(text, nil), []byte{0})...)
	wide = append(wide, 0)
	facts := e.NewScanner().Scan(wide)
	if _, ok := facts.Windows(); ok || facts.Empty() {
		t.Errorf("a text in UTF-16 with %d matches has windows: %t", len(facts.Matches()), ok)
	}
	if n := len(e.NewScanner().ScanWindows(wide, []Window{{3, 9}}).Matches()); n != 1 {
		t.Errorf("UTF-16: %d matches, want 1", n)
	}
}

// BenchmarkScanWindows reads one line of 10,000.
func BenchmarkScanWindows(b *testing.B) {
	e := newTestEngine(b, testRules())
	line := strings.Repeat("some source code; ", 4) + "\n"
	text := []byte(strings.Repeat(line, 5000) + "x = tok_0123456789ab\n" + strings.Repeat(line, 5000))
	s := e.NewScanner()
	windows, _ := s.Scan(text).Windows()
	for b.Loop() {
		s.ScanWindows(text, windows)
	}
}
