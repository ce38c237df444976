package detect

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"mime/quotedprintable"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/delta"
	"github.com/straykey/straykey/rules"
)

// testRules are rules of every style: a direct token, one with two alternatives, a
// token that needs a regular expression, an assigned value, a plain expression, a wide one.
func testRules() *rules.Set {
	return &rules.Set{Rules: []*rules.Rule{
		{ID: "token", Token: `tok_[0-9a-z]{12}`},
		{ID: "two", Token: `(?:left|right)-[0-9A-F]{8,10}`},
		{ID: "backtrack", Token: `bt_[a-z]{2,9}z[a-z]{2}`},
		{ID: "assigned", Assigned: `[0-9a-f]{16}`, Keywords: []string{"acme"}, Family: "acme"},
		{ID: "assigned-regex", Assigned: `[a-z]+(?:[0-9][a-z]+)*9`, Keywords: []string{"widget"}},
		{ID: "first", Regex: `^(bt_[a-z]{3,9})`, Keywords: []string{"bt_"}},
		{ID: "plain", Regex: `secret[ ]?=[ ]?"([^"]{6,30}?)"`},
		{ID: "wide", Regex: `-----BEGIN T-----([A-Z\s]{8,200})-----END T-----`, Multiline: true, Reach: 600},
		{ID: "password", Detector: "password", Keywords: []string{"pass"}, Weak: true},
		{ID: "entry", Detector: "entry", Keywords: []string{"value:", "value>"}, Weak: true},
		{ID: "weak", Regex: `pass(?:word)?\s*[:=]\s*(\S{6,40})`, Weak: true, Entropy: 2},
		{ID: "near-lines", Regex: `\.[a-z]{3}[0-9]`, Required: []rules.Required{{ID: "token", WithinLines: new(2)}}},
		{ID: "near-columns", Regex: `(?:left)-[0-9A-F]{3}`, Required: []rules.Required{{ID: "wide", WithinLines: new(9), WithinColumns: new(30)}}},
	}}
}

func newTestEngine(t testing.TB, set *rules.Set) *Engine {
	t.Helper()
	e, err := New(set, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// piece returns a random part of a text: a secret, its prefix, or what surrounds secrets.
func piece(r *rand.Rand) string {
	word := func(set string, n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = set[r.IntN(len(set))]
		}
		return string(b)
	}
	const lower, hexes = "abcdefghijklmnopqrstuvwxyz0123456789", "0123456789abcdef"
	switch r.IntN(26) {
	case 25:
		return "\uFEFF" // at the start of a text it is a mark
	case 0, 1:
		return "tok_" + word(lower, 11+r.IntN(3))
	case 2:
		return "left-" + word("0123456789ABCDEF", 7+r.IntN(5))
	case 3:
		return "bt_" + word("abyz", 4+r.IntN(9))
	case 4, 5:
		return "my_acme_key" + []string{" = ", ": '", "\":\"", "\n"}[r.IntN(4)] + word(hexes, 15+r.IntN(3))
	case 6:
		return "widget=" + word("ab12", 5) + "9"
	case 7:
		return `secret = "` + word(lower+" ", r.IntN(40)) + `"`
	case 8:
		return "-----BEGIN T-----\n" + word("ABC\n", 5+r.IntN(60)) + "-----END T-----"
	case 9:
		return "-----BEGIN T-----"
	case 10:
		return "-----END T-----"
	case 11:
		return "password: " + word(lower, 3+r.IntN(10))
	case 12:
		return " # straykey:allow because"
	case 13:
		return "\n// straykey:allow=token reason\n"
	case 14:
		return word("x", 1+r.IntN(3000))
	case 15, 16, 17:
		return "\n"
	case 18:
		return "\r\n"
	case 19:
		return "_"
	case 20:
		return []string{"\n- name: ", "\n  name: "}[r.IntN(2)] + []string{"DB_PASSWORD", "API_TOKEN", "USER"}[r.IntN(3)] + []string{"\n", "\r\n"}[r.IntN(2)]
	case 21:
		return []string{"  value: ", "value: \"", "<value>"}[r.IntN(3)] + word(lower, 3+r.IntN(20))
	case 22:
		return "<name>password</name>"
	default:
		return " " + word(lower+" .;(){}", r.IntN(60))
	}
}

// encodedPiece returns a random piece in some encoding.
func encodedPiece(r *rand.Rand) string {
	var inner strings.Builder
	for range 1 + r.IntN(4) {
		inner.WriteString(piece(r))
	}
	return encodeAs(r, inner.String(), 1+r.IntN(2))
}

// encodeAs encodes a text once or several times, in random ways.
func encodeAs(r *rand.Rand, text string, times int) string {
	for range times {
		switch r.IntN(10) {
		case 0:
			text = base64.StdEncoding.EncodeToString([]byte(text))
		case 1:
			text = base64.RawURLEncoding.EncodeToString([]byte(text))
		case 2, 3:
			text = wrap(base64.StdEncoding.EncodeToString([]byte(text)), 40+4*r.IntN(10), []string{"\n", "\r\n", "\n  ", `\n`}[r.IntN(4)])
		case 4:
			text = hex.EncodeToString([]byte(text))
		case 5:
			text = url.QueryEscape(text)
		case 6:
			text = escapeSome(r, text, func(c byte) string { return fmt.Sprintf(`\u%04x`, c) })
		case 7:
			text = escapeSome(r, text, func(c byte) string { return fmt.Sprintf("&#%d;", c) })
		case 8:
			text = escapeSome(r, text, func(c byte) string { return fmt.Sprintf(`\u{%x}`, c) })
		case 9:
			var b strings.Builder
			w := quotedprintable.NewWriter(&b)
			_, _ = w.Write([]byte(text))
			_ = w.Close()
			text = "Content-Transfer-Encoding: quoted-printable\n\n" + b.String() + []string{"\n--", ""}[r.IntN(2)]
		}
	}
	return text
}

// escapeSome writes all characters, or those that are no letters or digits, as escape does.
func escapeSome(r *rand.Rand, text string, escape func(byte) string) string {
	all := r.IntN(2) == 0
	var b strings.Builder
	for _, c := range []byte(text) {
		if c != '\n' && c != '\r' && (all || !isWord(c)) {
			b.WriteString(escape(c))
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func wrap(text string, width int, lineEnd string) string {
	var b strings.Builder
	for ; len(text) > width; text = text[width:] {
		b.WriteString(text[:width] + lineEnd)
	}
	return b.String() + text
}

func randomText(r *rand.Rand, pieces int) []byte {
	var b bytes.Buffer
	for range pieces {
		if r.IntN(4) == 0 {
			b.WriteString(encodedPiece(r))
		} else {
			b.WriteString(piece(r))
		}
	}
	return b.Bytes()
}

// randomEdit makes a target out of base the way a delta does, with the runs.
func randomEdit(r *rand.Rand, base []byte) ([]byte, []delta.Run) {
	var target []byte
	var runs []delta.Run
	copyRun := func(lo, hi int) {
		if lo >= hi {
			return
		}
		if n := len(runs); n > 0 && runs[n-1].Base+runs[n-1].Len == lo && runs[n-1].Target+runs[n-1].Len == len(target) {
			runs[n-1].Len += hi - lo
		} else {
			runs = append(runs, delta.Run{Base: lo, Target: len(target), Len: hi - lo})
		}
		target = append(target, base[lo:hi]...)
	}
	at := 0
	for at < len(base) {
		hi := min(len(base), at+1+r.IntN(len(base)))
		switch r.IntN(7) {
		case 0: // delete a few bytes
			at = min(len(base), at+r.IntN(20))
		case 1: // delete much
			at = hi
		case 2: // insert
			if r.IntN(3) == 0 {
				target = append(target, encodedPiece(r)...)
			} else {
				target = append(target, piece(r)...)
			}
		case 3: // copy from somewhere else
			lo := r.IntN(len(base))
			copyRun(lo, min(len(base), lo+r.IntN(400)))
		default:
			copyRun(at, hi)
			at = hi
		}
		if len(target) > 1<<20 {
			break
		}
	}
	return target, runs
}

func describe(e *Engine, f *Facts) []string {
	var out []string
	for _, m := range f.Matches() {
		out = append(out, fmt.Sprintf("%s %d-%d %d-%d %q allowed=%q group=%d via=%v inner=%v", m.Rule.ID, m.Start, m.End, m.SecretStart, m.SecretEnd, m.Secret, m.Allowed, m.Group, m.Via, m.inner))
		if m.line > 0 {
			out = append(out, fmt.Sprintf("  at %d:%d", m.line, m.column))
		}
	}
	for _, m := range e.Keep(f.Matches(), "a.txt", "") {
		out = append(out, fmt.Sprintf("kept %s %d", m.Rule.ID, m.Start))
	}
	for _, skip := range f.Skips() {
		out = append(out, fmt.Sprint("skipped ", skip))
	}
	return out
}

// TestUpdateEqualsScan is the contract of the delta engine: whatever an edit does
// to a secret, reading only the seams finds what reading everything finds.
func TestUpdateEqualsScan(t *testing.T) {
	e := newTestEngine(t, testRules())
	s, plain := e.NewScanner(), e.NewScanner()
	plain.Measure() // remembers no lines
	rounds := 1000
	if testing.Short() {
		rounds = 100
	}
	found, decoded := 0, 0
	for seed := range rounds {
		r := rand.New(rand.NewPCG(uint64(seed), 7))
		text := randomText(r, 1+r.IntN(40))
		facts := s.Scan(text)
		for range 6 {
			target, runs := randomEdit(r, text)
			got := s.Update(target, facts, runs)
			want := plain.Scan(target)
			for _, m := range want.Matches() {
				found++
				if len(m.Via) > 0 {
					decoded++
				}
			}
			if diff := cmp.Diff(describe(e, want), describe(e, got)); diff != "" {
				t.Fatalf("seed %d: -scan +update:\n%s", seed, diff)
			}
			text, facts = target, got
		}
	}
	if found < rounds || decoded < rounds {
		t.Fatalf("only %d matches, %d of them decoded, in %d rounds: the texts test nothing", found, decoded, rounds)
	}
}

// TestUpdateReadsLittle checks that the property above is not bought by scanning everything.
func TestUpdateReadsLittle(t *testing.T) {
	line := strings.Repeat("some source code; ", 4) + "\n"
	base := []byte(strings.Repeat(line, 10_000))
	target := append([]byte("new line\n"), base...)
	read := 0
	for _, p := range new(Scanner).seams(target, []delta.Run{{Base: 0, Target: 9, Len: len(base)}}) {
		read += p.hi - p.lo
	}
	if read > 1000 {
		t.Errorf("update reads %d bytes for a change of 9", read)
	}
}

// TestSeams compares the seams with what their definition gives, byte by byte.
func TestSeams(t *testing.T) {
	if testing.Short() {
		t.Skip("compares with the definition, byte by byte")
	}
	rnd := rand.New(rand.NewPCG(5, 6))
	var s Scanner
	for range 300 {
		target := make([]byte, rnd.IntN(12*lineReach))
		for i := range target {
			target[i] = 'x'
		}
		for range rnd.IntN(200) {
			if len(target) > 0 {
				// Some line ends are close together, some far apart.
				target[rnd.IntN(1+rnd.IntN(len(target)))] = '\n'
			}
		}
		var runs []delta.Run
		for at := 0; at < len(target); {
			n := 1 + rnd.IntN(len(target)-at)
			if rnd.IntN(2) == 0 {
				n = min(n, 40)
			}
			if rnd.IntN(3) > 0 {
				runs = append(runs, delta.Run{Base: 7, Target: at, Len: n})
			}
			at += n
		}
		want := make([]bool, len(target))
		for i, at := 0, 0; i <= len(runs); i++ {
			next := len(target)
			if i < len(runs) {
				next = runs[i].Target
			}
			lo := max(0, at-seamReach)
			if k := bytes.LastIndexByte(target[lo:at], '\n'); k >= 0 {
				lo += k + 1
			}
			hi, cut := next, false
			for range 2 {
				end := min(len(target), hi+seamReach)
				if k := bytes.IndexByte(target[hi:end], '\n'); k >= 0 && !cut {
					hi += k + 1
				} else if !cut {
					hi, cut = end, true
				}
			}
			for k := lo; k < hi; k++ {
				want[k] = true
			}
			if i < len(runs) {
				at = runs[i].Target + runs[i].Len
			}
		}
		got, end := make([]bool, len(target)), -1
		for _, p := range s.seams(target, runs) {
			if p.lo <= end {
				t.Fatalf("seams touch or are out of order: %v", s.seams(target, runs))
			}
			for end = p.hi; p.lo < p.hi; p.lo++ {
				got[p.lo] = true
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("runs %v: -want +got\n%s", runs, diff)
		}
	}
}

// On a long line, each match is found from every anchor near it. Repetitions do not use up the
// matches that are kept: nothing is lost silently.
func TestRepetitionsAreNoOverflow(t *testing.T) {
	e := newTestEngine(t, &rules.Set{Rules: []*rules.Rule{{ID: "open", Regex: `zzkey(?:-[a-z]+)*_([0-9]{6});`}}})
	var text strings.Builder
	const n = 600
	for i := range n {
		fmt.Fprintf(&text, "zzkey_%06d;", i)
	}
	facts := e.NewScanner().Scan([]byte(text.String()))
	if got := len(facts.Matches()); got != n || facts.Overflow() {
		t.Errorf("%d matches, overflow %v; want %d, false", got, facts.Overflow(), n)
	}
}

// Of too many matches the first in the text are kept, in whatever order they are found.
func TestOverflowKeepsTheFirst(t *testing.T) {
	e := newTestEngine(t, testRules())
	var text strings.Builder
	for i := range 5 * maxMatches {
		fmt.Fprintf(&text, "tok_%012d\n", i+1) // zeros alone are a placeholder
	}
	facts := e.NewScanner().Scan([]byte(text.String()))
	matches := facts.Matches()
	if !facts.Overflow() || len(matches) != maxMatches {
		t.Fatalf("%d matches, overflow %v; want %d, true", len(matches), facts.Overflow(), maxMatches)
	}
	if want := fmt.Sprintf("tok_%012d", maxMatches); matches[maxMatches-1].Secret != want {
		t.Errorf("the last one kept is %s, want %s", matches[maxMatches-1].Secret, want)
	}
}
