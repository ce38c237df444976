// Package gitleaks reads what teams that used gitleaks 8.30 have: its rule ids, its .gitleaksignore files and its
// JSON reports, which are its baselines, the options of its --log-opts, and the addresses it links to. The list of
// its rules and what they are here is in package rules, which needs it to read its configuration.
//
// It only reads. What a match means is for the caller to decide.
package gitleaks

import (
	"fmt"
	"slices"

	"github.com/straykey/straykey/rules"
)

// Names knows which rules an id of gitleaks means.
type Names struct {
	rules []rules.GitleaksRule
	byID  map[string]*rules.GitleaksRule
	known map[string]bool // ids of ours that gitleaks has a rule for
}

// NewNames returns the names that gitleaks 8.30.1 has.
func NewNames() *Names {
	n := &Names{rules: rules.GitleaksRules(), byID: map[string]*rules.GitleaksRule{}, known: map[string]bool{}}
	for i := range n.rules {
		g := &n.rules[i]
		n.byID[g.ID] = g
		for _, ours := range g.Same {
			n.known[ours] = true
		}
	}
	return n
}

// Cover reports whether a finding of rule r is one that an ignore file or a baseline names by id: the rule's own id, or
// one under which gitleaks reports such a credential. A rule that a file of the user's defines has no other name.
func (n *Names) Cover(id string, r *rules.Rule) bool {
	if r.ID == id {
		return true
	}
	g := n.byID[id]
	if g == nil || r.Source.Line > 0 {
		return false
	}
	return slices.Contains(g.Same, r.ID) || slices.Contains(g.Also, r.ID) || g.Unknown && !n.known[r.ID]
}

// Only returns the set with no other rules than those that ids of gitleaks, or of the set, mean. An id that means none is
// an error.
func (n *Names) Only(set *rules.Set, ids []string) (*rules.Set, error) {
	var ours []string
	for _, id := range ids {
		found := n.in(set, id)
		if len(found) == 0 && n.byID[id] != nil {
			return nil, fmt.Errorf("straykey has no rule of its own for gitleaks' %s, or the configuration disables it; leave it out", id)
		}
		if len(found) == 0 {
			found = []string{id} // which the set knows, or says that it does not
		}
		ours = append(ours, found...)
	}
	return set.Only(ours)
}

// in returns the rules of a set that an id of gitleaks means, if the set has not a rule of that id from the user.
func (n *Names) in(set *rules.Set, id string) []string {
	if r := set.Rule(id); r != nil && r.Source.Line > 0 || n.byID[id] == nil {
		return nil
	}
	var found []string
	for _, ours := range n.byID[id].Same {
		if r := set.Rule(ours); r != nil && !r.SkipReport {
			found = append(found, ours)
		}
	}
	return found
}
