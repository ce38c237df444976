package ruletest

import (
	"maps"
	"regexp"
	"regexp/syntax"
	"slices"
	"sync"

	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/rules/sample"
)

// missKind says in what a near miss differs from a credential of its rule.
type missKind string

// The kinds. What a rule would find if it asked for less in one respect is a miss in that respect.
const (
	missPlaceholder missKind = "placeholder" // or a reference
	missCheck       missKind = "checksum"    // or entropy, or an allowlist
	missLength      missKind = "length"
	missAlphabet    missKind = "alphabet"
	missName        missKind = "name"
	missOther       missKind = "counterpart" // another prefix or form: what is public, an id, a token of another kind
)

// placeholders are what stands where a value is to be put in.
var placeholders = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?im)^\.{3}$|x{6,}|\*{6,}|0{12,}|\byour?[-_ ]|[=:"' ]\$\{?[a-z(]|:\$[a-z]|[=:" (]<[a-z_ -]+>|changeme|placeholder|\bput |process\.env|os\.environ\b[^=]*$|getenv|` + regexp.QuoteMeta(sample.Placeholder))
})

// relaxed are variants of a rule that ask for less, by what they no longer ask for.
type relaxed struct {
	kind missKind
	scan *detect.Scanner
}

// relax returns the variants of a rule with an expression, from the least relaxed on.
func relax(r *rules.Rule) ([]relaxed, error) {
	key, expr := expression(r)
	re := parse(expr)
	if re == nil {
		return nil, nil
	}
	variants := []struct {
		kind             missKind
		length, alphabet bool
		names            bool
	}{
		{kind: missCheck},
		{kind: missAlphabet, alphabet: true},
		{kind: missName, names: true},
		{kind: missLength, length: true},
		{kind: missAlphabet, length: true, alphabet: true},
	}
	var out []relaxed
	for _, v := range variants {
		if v.names && len(r.Names) == 0 {
			continue
		}
		c := *r
		c.Proof, c.Entropy, c.Allowlists, c.Required, c.Path, c.Weak = "", 0, nil, nil, "", false
		if v.names {
			c.Names = nil
		}
		less := loosen(parse(expr), v.length, v.alphabet).String()
		switch key {
		case "regex":
			c.Regex = less
		case "token":
			c.Token = less
		default:
			c.Assigned = less
		}
		engine, err := detect.New(&rules.Set{Rules: []*rules.Rule{&c}}, detect.Options{Now: now})
		if err != nil {
			return nil, err
		}
		out = append(out, relaxed{v.kind, engine.NewScanner()})
	}
	return out, nil
}

// kindsOfMisses returns the kinds of a rule's negatives, sorted; nil for a rule without an expression, as which no text nearly looks.
func kindsOfMisses(r *rules.Rule) ([]missKind, error) {
	variants, err := relax(r)
	if err != nil || variants == nil {
		return nil, err
	}
	list, err := sample.Negatives(r)
	if err != nil {
		return nil, err
	}
	kinds := map[missKind]bool{}
	for _, s := range list {
		kinds[kindOfMiss(variants, s.Text)] = true
	}
	return slices.Sorted(maps.Keys(kinds)), nil
}

// kindOfMiss tells in what a text is a near miss of the rule whose variants these are.
func kindOfMiss(variants []relaxed, text string) missKind {
	if placeholders().MatchString(text) {
		return missPlaceholder
	}
	for _, v := range variants {
		if !v.scan.Scan([]byte(text)).Empty() {
			return v.kind
		}
	}
	return missOther
}

// loosen returns an expression whose repetitions of a class go on for as long as they like, or whose classes take all that
// does not end a value.
func loosen(re *syntax.Regexp, length, alphabet bool) *syntax.Regexp {
	for i, sub := range re.Sub {
		re.Sub[i] = loosen(sub, length, alphabet)
	}
	switch {
	case re.Op == syntax.OpRepeat && length:
		re.Op, re.Min, re.Max = syntax.OpPlus, 0, 0
	case re.Op == syntax.OpCharClass && alphabet:
		re.Rune = []rune{'!', '!', '#', '&', '(', ';', '=', '=', '?', '_', 'a', '~'}
	}
	return re
}
