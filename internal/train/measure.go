package main

import (
	"fmt"
	"slices"

	"github.com/straykey/straykey/rules"
)

// result is what the scorer says of a set of findings.
type result struct {
	tp, fp, fn, unlabelled                    int
	precision, recall, f1, strict, strictPrec float64
	macro                                     float64
}

// measure counts what findings hit. With class credentials, units of identifiers and rules for them are
// left out.
func measure(c *corpus, all bool, reported func(*sample) bool) result {
	type place struct {
		path string
		line int
	}
	found, wrong, unlabelled := map[*unit]bool{}, map[*unit]bool{}, map[place]bool{}
	for _, s := range c.samples {
		if !all && s.rule.Class == rules.Identifiers || !reported(s) {
			continue
		}
		if s.finds(found) {
			continue
		}
		for _, u := range s.units {
			wrong[u] = true
		}
		if len(s.units) == 0 {
			unlabelled[place{s.path, s.line}] = true
		}
	}
	var r result
	type tally struct{ tp, fn int }
	repos := map[string]*tally{}
	for _, list := range c.units {
		for _, u := range list {
			if !all && u.identifier() {
				continue
			}
			if !u.positive {
				if wrong[u] {
					r.fp++
				}
				continue
			}
			t := repos[repoOf(u.path)]
			if t == nil {
				t = &tally{}
				repos[repoOf(u.path)] = t
			}
			if found[u] {
				r.tp++
				t.tp++
			} else {
				r.fn++
				t.fn++
			}
		}
	}
	r.unlabelled = len(unlabelled)
	r.precision, r.recall = ratio(r.tp, r.tp+r.fp), ratio(r.tp, r.tp+r.fn)
	r.strictPrec = ratio(r.tp, r.tp+r.fp+r.unlabelled)
	r.f1, r.strict = harmonic(r.precision, r.recall), harmonic(r.strictPrec, r.recall)
	var recalls []float64
	for _, t := range repos {
		recalls = append(recalls, ratio(t.tp, t.tp+t.fn))
	}
	slices.Sort(recalls) // for one order of summing
	for _, x := range recalls {
		r.macro += x / float64(len(recalls))
	}
	return r
}

func (r result) String() string {
	return fmt.Sprintf("tp %4d fp %4d fn %4d unlabelled %4d   precision %.4f recall %.4f F1 %.4f   strict precision %.4f F1 %.4f   macro recall %.4f",
		r.tp, r.fp, r.fn, r.unlabelled, r.precision, r.recall, r.f1, r.strictPrec, r.strict, r.macro)
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

func harmonic(p, r float64) float64 {
	if p+r == 0 {
		return 0
	}
	return 2 * p * r / (p + r)
}
