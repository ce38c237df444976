package detect

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"regexp/syntax"
	"strings"
	"testing"

	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/rules/sample"
)

// TestPrefilterPassesMatches holds the prefilter of each rule that has an expression against that expression, on the rule's
// samples, on others', and on parts of both: what does not pass must not match.
func TestPrefilterPassesMatches(t *testing.T) {
	if testing.Short() {
		t.Skip("tries every sample of every rule")
	}
	set, err := rules.Catalog(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	samples := map[*rules.Rule][]string{}
	var texts []string
	for _, r := range set.Rules {
		for _, list := range []func(*rules.Rule) ([]sample.Sample, error){sample.Positives, sample.Negatives} {
			found, err := list(r)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range found {
				samples[r] = append(samples[r], s.Text)
				texts = append(texts, s.Text)
			}
		}
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	stopped, matched := 0, 0
	for _, r := range set.Rules {
		c := &compiledRule{Rule: r}
		if err := c.prepare(nil); err != nil {
			t.Fatal(err)
		}
		if c.expr == "" {
			continue
		}
		re := regexp.MustCompile(c.expr)
		mine := append([]string(nil), samples[r]...)
		for range 20 {
			mine = append(mine, texts[rnd.IntN(len(texts))])
		}
		for _, text := range mine {
			lo := rnd.IntN(len(text) + 1)
			hi := lo + rnd.IntN(len(text)-lo+1)
			for _, part := range []string{text, strings.ToUpper(text), text[lo:], text[:hi], text[lo:hi]} {
				passes, matches := c.needs().passes([]byte(part)), re.MatchString(part)
				switch {
				case matches && !passes:
					t.Errorf("%s: the prefilter stops %q", r.ID, part)
				case matches:
					matched++
				case !passes:
					stopped++
				}
			}
		}
	}
	if stopped < 1000 || matched < 1000 {
		t.Errorf("%d texts stopped, %d matched: this tests little", stopped, matched)
	}
}

func TestPrefilter(t *testing.T) {
	for _, x := range []struct{ expr, anchors, want string }{
		{`\bkty\b[^{}]*?"d":"([A-Za-z0-9_-]{40,})"`, "kty", `40 ["d":"]`},
		{`[0-9]{20}|[a-f]{18,30}`, "", `18`},
		{`(?:[0-9]{9}){9}`, "", `0`},
		{`"type":"account".*"-----BEGIN KEY`, "account", `0 ["type":"account"]`},
		{`\baccount[0-9]?=`, "account", `0`},
		{`(?:abc[0-9]+xyz|zzz[0-9]+abcd)`, "", `0 [abc abcd]`},
		{`[a-z]*x{3,}(?:one|two)?`, "", `0`},
	} {
		parsed, err := syntax.Parse(x.expr, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		p := newPrefilter(parsed, strings.Fields(x.anchors))
		got := fmt.Sprint(p.least)
		if p.words != nil {
			got = fmt.Sprint(p.least, " ", p.words)
		}
		if got != x.want {
			t.Errorf("%s: needs %s, want %s", x.expr, got, x.want)
		}
	}
}

func TestHasRun(t *testing.T) {
	var digits class
	for b := '0'; b <= '9'; b++ {
		digits.add(byte(b))
	}
	rnd := rand.New(rand.NewPCG(7, 8))
	for range 5000 {
		text := make([]byte, rnd.IntN(40))
		for i := range text {
			text[i] = "0123456789x"[rnd.IntN(11)]
		}
		n := 1 + rnd.IntN(12)
		want := regexp.MustCompile(fmt.Sprintf("[0-9]{%d}", n)).Match(text)
		if got := findRun(text, &digits, n) >= 0; got != want {
			t.Fatalf("%q: run of %d: %v, want %v", text, n, got, want)
		}
	}
}

// What is known of a text from windows that overlap changes no answer.
func TestPrefilterRemembers(t *testing.T) {
	filters := []prefilter{{words: []string{"abc", "cabba"}}, {least: 4}, {least: 3, words: []string{"bca"}}}
	for i := range filters {
		filters[i].run.add('a')
		filters[i].run.add('b')
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		text := make([]byte, 40)
		for i := range text {
			text[i] = "abcdef"[r.IntN(6)]
		}
		for i := range filters {
			p, known, lo := &filters[i], sightings{}, 0
			for range 12 {
				hi := min(len(text), lo+r.IntN(20))
				if got, want := p.passesIn(text, lo, hi, &known), p.passes(text[lo:hi]); got != want {
					t.Fatalf("filter %d, %s from %d to %d: %v, want %v", i, text, lo, hi, got, want)
				}
				lo = max(0, min(len(text), lo+r.IntN(8)-1))
			}
		}
	}
}
