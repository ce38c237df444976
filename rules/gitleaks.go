package rules

import (
	_ "embed"
	"slices"
	"strings"
)

//go:embed gitleaks.txt
var gitleaksTable string

// GitleaksRule is a rule that gitleaks 8.30.1 has built in, and what it is here.
type GitleaksRule struct {
	ID string
	// Same are the built-in rules that find the same credential. There may be none.
	Same []string
	// Also are rules whose credentials gitleaks reports under this id as well.
	Also []string
	// Unknown says that Also are all rules, too, that gitleaks has no counterpart of.
	Unknown bool
}

// GitleaksRules returns all of them, sorted by id. The list is read anew at each call, which takes a fraction of a
// millisecond: a scan that needs none of it does not pay for it.
func GitleaksRules() []GitleaksRule {
	var all []GitleaksRule
	for line := range strings.Lines(gitleaksTable) {
		if words := strings.Fields(line); len(words) > 0 && words[0] != "#" {
			all = append(all, parseGitleaks(words))
		}
	}
	i := slices.IndexFunc(all, func(g GitleaksRule) bool { return g.ID == "generic-api-key" })
	for k := range all {
		if at := slices.Index(all[k].Also, "generic"); at >= 0 {
			all[k].Also = slices.Replace(all[k].Also, at, at+1, all[i].Same...)
		}
	}
	return all
}

func parseGitleaks(words []string) GitleaksRule {
	g := GitleaksRule{ID: words[0]}
	for _, w := range words[1:] {
		also, isAlso := strings.CutPrefix(w, "~")
		switch {
		case w == "~unknown":
			g.Unknown = true
		case isAlso:
			g.Also = append(g.Also, also)
		case w != "-":
			g.Same = append(g.Same, w)
		}
	}
	return g
}

// gitleaksRules are the rules of GitleaksRules by id, read when they are first asked for.
type gitleaksRules struct{ byID map[string]GitleaksRule }

// same returns the ids of the rules that one of gitleaks means, and whether gitleaks has it.
func (g *gitleaksRules) same(id string) (ids []string, known bool) {
	if g.byID == nil {
		g.byID = map[string]GitleaksRule{}
		for _, r := range GitleaksRules() {
			g.byID[r.ID] = r
		}
	}
	r, known := g.byID[id]
	return r.Same, known
}

// GitleaksID returns what gitleaks calls a rule: for a built-in rule that it has too the id of its own, and else that of
// the rule. All are its rules, as GitleaksRules returns them.
func GitleaksID(all []GitleaksRule, r *Rule) string {
	if r.Source.Line > 0 { // a file of the user's defines it, and whoever wrote that knows it by its id
		return r.ID
	}
	for i := range all {
		if slices.Contains(all[i].Same, r.ID) {
			return all[i].ID
		}
	}
	return r.ID
}
