package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/straykey/straykey/rules"
)

// carryRules carries the configuration of gitleaks or betterleaks over.
func (m *Migration) carryRules(tool Tool, name string) {
	f, ok := m.readRules(tool, name, 0)
	if !ok {
		return
	}
	m.from = append(m.from, name)
	at := rules.Position{File: name, Line: 1}
	own := map[string]bool{}
	for _, t := range f.rules {
		own[t.text("id")] = true
	}
	switch {
	case f.useDefault:
		m.config.onBuiltin = true
		m.changed(tool, at, "[extend] useDefault = true", "straykey's built-in rules take the place of those of "+string(tool)+", and the paths that its default configuration leaves out (lock files, pictures, node_modules) are scanned",
			"write [[allowlists]] paths for what is not to be scanned")
	case len(f.rules) == 0:
		m.config.onBuiltin = true
		m.changed(tool, at, "no rules and no [extend]", string(tool)+" looks for nothing under this configuration; straykey's built-in rules are used", "")
	case m.config.onBuiltin:
		m.changed(tool, at, "no [extend] useDefault", "straykey's built-in rules are in force as well, because those of another tool here were", "migrate one of them only, with --from, if that is too much")
	default:
		m.carried(tool, at, "no [extend] useDefault", "only the rules of the file are in force, as before; useDefault = true adds straykey's")
	}
	m.config.comments = append(m.config.comments, f.comments...)
	for _, d := range f.disabled {
		m.disable(tool, d.item, own)
	}
	for _, t := range f.rules {
		m.carryRule(f, t)
	}
	for _, t := range f.allowlists {
		m.carryGlobal(f, t, own)
	}
	for _, x := range f.filters {
		m.carryFilter(f, x, own)
	}
}

// notKnown says why a key has no effect.
const notKnown = "not a key of the format; the other tool passes over it"

// disable carries an element of disabledRules.
func (m *Migration) disable(tool Tool, it item, own map[string]bool) {
	what := "disabledRules: " + shortName(it.text)
	ids, known := m.ours(it.text)
	switch {
	case !m.config.onBuiltin:
		m.unneeded(tool, it.at, what, "no rules but those of the file are in force")
	case len(ids) > 0:
		m.carried(tool, it.at, what, renamed(it.text, ids))
		for _, id := range ids {
			m.addDisabled(item{text: id, above: it.above, comment: it.comment, at: it.at})
			it.above, it.comment = nil, ""
		}
	case known:
		m.unneeded(tool, it.at, what, "straykey has no rule of its own for it")
	default:
		m.unneeded(tool, it.at, what, "neither straykey nor gitleaks 8.30 has a rule of this id")
	}
}

func (m *Migration) addDisabled(it item) {
	if !slices.ContainsFunc(m.config.disabled, func(have item) bool { return have.text == it.text }) {
		m.config.disabled = append(m.config.disabled, it)
	}
}

// ours returns what an id of the other tool means among the built-in rules, and whether the tool is known to have it.
func (m *Migration) ours(id string) (ids []string, known bool) {
	for _, g := range m.gitleaks {
		if g.ID == id {
			return m.present(g.Same), true
		}
	}
	if m.builtin.Rule(id) != nil {
		return []string{id}, true
	}
	for _, r := range m.builtin.Rules {
		if slices.Contains(r.Aliases, id) {
			ids = append(ids, r.ID)
		}
	}
	return ids, len(ids) > 0
}

func (m *Migration) present(ids []string) []string {
	var out []string
	for _, id := range ids {
		if m.builtin.Rule(id) != nil {
			out = append(out, id)
		}
	}
	return out
}

// renamed says what a rule is here, if it is not called the same.
func renamed(id string, ids []string) string {
	if len(ids) == 1 && ids[0] == id {
		return ""
	}
	return "here " + strings.Join(ids, ", ")
}

// carryRule carries one of [[rules]]. gitleaks matches a whole file, straykey a line unless told otherwise.
func (m *Migration) carryRule(f *ruleFile, t *table) {
	id := t.text("id")
	at := t.at("", -1)
	what := "rule " + shortName(id)
	shaped := t.text("regex") != "" || t.text("path") != ""
	ids := m.adjusted(f.tool, t, what, shaped)
	if len(ids) == 0 {
		return
	}
	n := len(m.Report.Items)
	b := block{header: "[[rules]]", comments: t.file.above(at.Line), tool: f.tool, at: at, what: what}
	var targeted []block
	b.keys, b.inner, targeted = m.ruleKeys(f, t, what)
	if reach, ok := rules.Spans(t.text("regex")); ok {
		b.keys = append(b.keys, key{"multiline", true, at}, key{"reach", reach, at})
		m.changed(f.tool, at, what, fmt.Sprintf("a match that crosses lines stands within %d bytes of its keyword", reach), "raise reach in the rule if it is to look farther, up to 65536")
	}
	if !shaped && len(b.keys) == 0 && len(ids) > 1 && len(b.inner) > 0 {
		// It only adds allowlists to what are several rules here: they are written once.
		b.inner[0].comments = append(b.comments, b.inner[0].comments...)
		for _, x := range b.inner {
			x.header = "[[allowlists]]"
			targeted = append(targeted, x)
		}
	} else {
		m.addRules(f.tool, b, ids, t.at("id", -1), shaped)
	}
	for _, x := range targeted {
		x.keys = append(x.keys, key{"targetRules", elements(ids, at), at})
		m.config.blocks = append(m.config.blocks, x)
	}
	if len(m.Report.Items) == n {
		why := ""
		if !shaped {
			why = renamed(id, ids)
		}
		m.carried(f.tool, at, what, why)
	}
}

// addRules adds a rule under each of several ids.
func (m *Migration) addRules(tool Tool, b block, ids []string, at rules.Position, shaped bool) {
	for i, id := range ids {
		one := b
		if i > 0 {
			one.comments = nil
		}
		one.keys = append([]key{{"id", id, at}}, b.keys...)
		if r := m.builtin.Rule(id); !shaped && r != nil && r.Detector != "" {
			one.keys = m.withoutEntropy(tool, one.keys, b.what)
		}
		m.config.blocks = append(m.config.blocks, one)
	}
}

// adjusted returns which rules one of [[rules]] defines or adjusts; none: it has no effect here, which is reported.
func (m *Migration) adjusted(tool Tool, t *table, what string, shaped bool) []string {
	id, at := t.text("id"), t.at("", -1)
	if !m.config.onBuiltin {
		return []string{id}
	}
	theirs, known := m.ours(id)
	switch {
	case shaped:
		// The rule takes the place of all that straykey has for it.
		for _, other := range theirs {
			if other != id {
				m.addDisabled(item{text: other, at: at})
			}
		}
		return []string{id}
	case len(theirs) == 0 && known:
		m.unneeded(tool, at, what, "it adjusts a rule that straykey has no counterpart of")
	case len(theirs) == 0:
		m.drop(tool, at, what, "it has neither regex nor path, and there is no rule of this id to adjust", "say what it is to match")
	}
	return theirs
}

// withoutEntropy leaves out what cannot be said of a rule that judges the secret itself.
func (m *Migration) withoutEntropy(tool Tool, keys []key, what string) []key {
	return slices.DeleteFunc(keys, func(k key) bool {
		if k.name != "entropy" && k.name != "secretGroup" {
			return false
		}
		m.drop(tool, k.at, what+": "+k.name, "straykey's generic rules weigh more than the entropy of a value", `leave it out, or write confidence = "high" into [scan] to report less`)
		return true
	})
}

func elements(texts []string, at rules.Position) []item {
	var out []item
	for _, s := range texts {
		out = append(out, item{text: s, at: at})
	}
	return out
}

// ruleKeys returns the keys and inner tables of a rule, and what its filter says as allowlists for it alone.
func (m *Migration) ruleKeys(f *ruleFile, t *table, what string) (keys []key, inner, targeted []block) {
	names := map[string]string{
		"description": "description", "regex": "regex", "path": "path", "secretgroup": "secretGroup", "entropy": "entropy",
		"keywords": "keywords", "tags": "tags", "skipreport": "skipReport",
	}
	order := []string{"description", "regex", "path", "secretgroup", "entropy", "keywords", "tags", "skipreport"}
	for _, k := range order {
		if v, ok := t.values[k]; ok {
			keys = append(keys, m.plain(t, k, names[k], v))
		}
	}
	for _, k := range t.keys() {
		at := t.at(k, -1)
		switch {
		case names[k] != "" || k == "id" || k == "allowlist" || k == "allowlists" || k == "required":
		case k == "filter":
			more, blocks := m.ruleFilter(f, t, what)
			keys = append(keys, more...)
			targeted = append(targeted, blocks...)
		case k == "validate" || k == "analyze":
			m.drop(f.tool, at, what+": "+k, "straykey runs no expressions of a rule file", "write [rules.verify], see docs/rules.md, or leave the check to straykey's own rule for this credential")
		case k == "tokenefficiency":
			if on, _ := t.values[k].(bool); on {
				m.drop(f.tool, at, what+": tokenEfficiency", "straykey does not count the tokens of a language model", "write entropy = 3.5, or an allowlist with stopwords")
			}
		case k == "specificity":
			m.drop(f.tool, at, what+": specificity", "rules of your own file all report", "write weak = true in the rule that is to yield to others")
		default:
			m.unneeded(f.tool, at, what+": "+shortName(k), notKnown)
		}
	}
	for _, a := range append(t.tables("allowlist"), t.tables("allowlists")...) {
		inner = append(inner, m.allowlist(f, a, "[[rules.allowlists]]", what+": allowlist"))
	}
	for _, r := range t.tables("required") {
		b := block{header: "[[rules.required]]", comments: t.file.above(r.at("", -1).Line), at: r.at("", -1)}
		for _, k := range r.keys() {
			name := map[string]string{"id": "id", "withinlines": "withinLines", "withincolumns": "withinColumns"}[k]
			if name == "" {
				m.drop(f.tool, r.at(k, -1), what+": required "+shortName(k), "not a key of a required rule", "leave it out")
				continue
			}
			b.keys = append(b.keys, m.plain(r, k, name, r.values[k]))
		}
		inner = append(inner, b)
	}
	return keys, inner, targeted
}

// plain carries a key as it is.
func (m *Migration) plain(t *table, k, name string, v any) key {
	at := t.at(k, -1)
	switch v.(type) {
	case []any:
		return key{name, t.items(k, nil), at}
	case string, bool, int64, float64:
		return key{name, v, at}
	}
	return key{name, fmt.Sprint(v), at} // of a wrong type, which the loader says
}

// allowlist carries an allowlist.
func (m *Migration) allowlist(f *ruleFile, a *table, header, what string) block {
	at := a.at("", -1)
	b := block{header: header, comments: a.file.above(at.Line), tool: f.tool, at: at, what: what}
	names := map[string]string{
		"description": "description", "condition": "condition", "commits": "commits", "paths": "paths", "regextarget": "regexTarget",
		"regexes": "regexes", "stopwords": "stopwords",
	}
	for _, k := range []string{"description", "condition", "paths", "commits", "regextarget", "regexes", "stopwords"} {
		v, ok := a.values[k]
		if !ok {
			continue
		}
		kept := m.plain(a, k, names[k], v)
		if items, isList := kept.value.([]item); isList {
			kept.value = slices.DeleteFunc(items, func(it item) bool { return it.text == "" }) // which gitleaks drops as well
			if len(items) > 0 && len(kept.value.([]item)) == 0 {
				continue
			}
		}
		b.keys = append(b.keys, kept)
	}
	for _, k := range a.keys() {
		if names[k] == "" && k != "targetrules" {
			m.unneeded(f.tool, a.at(k, -1), what+": "+shortName(k), notKnown)
		}
	}
	return b
}

// carryGlobal carries an allowlist for all rules, or for those it names.
func (m *Migration) carryGlobal(f *ruleFile, a *table, own map[string]bool) {
	what := "allowlist"
	if d := a.text("description"); d != "" {
		what += " " + fmt.Sprintf("%q", shortName(d))
	}
	b := m.allowlist(f, a, "[[allowlists]]", what)
	criteria := slices.ContainsFunc(b.keys, func(k key) bool {
		return slices.Contains([]string{"commits", "paths", "regexes", "stopwords"}, k.name) && len(anyItems(k.value)) > 0
	})
	if !criteria {
		m.unneeded(f.tool, b.at, what, "it names nothing")
		return
	}
	if targets := a.items("targetrules", nil); len(targets) > 0 {
		kept := m.targets(f, targets, own)
		if len(kept) == 0 {
			return
		}
		b.keys = append(b.keys, key{"targetRules", kept, a.at("targetrules", -1)})
	}
	m.config.blocks = append(m.config.blocks, b)
	m.carried(f.tool, b.at, what, "")
}

func anyItems(v any) []item {
	switch v := v.(type) {
	case []item:
		return v
	case string:
		if v != "" {
			return []item{{text: v}}
		}
	}
	return nil
}

// targets returns the rules that an allowlist is for, by their ids here.
func (m *Migration) targets(f *ruleFile, targets []item, own map[string]bool) []item {
	var out []item
	for _, it := range targets {
		if own[it.text] {
			out = append(out, it)
			continue
		}
		ids, _ := m.ours(it.text)
		if !m.config.onBuiltin || len(ids) == 0 {
			m.unneeded(f.tool, it.at, "targetRules: "+shortName(it.text), "there is no such rule in force")
			continue
		}
		for _, id := range ids {
			out = append(out, item{text: id, at: it.at})
		}
	}
	return out
}
