package migrate

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/straykey/straykey/rules"
)

// detector is a custom detector of trufflehog.
type detector struct {
	at                              rules.Position
	name, primary                   string
	keywords                        []item
	regexes                         []namedRegex
	entropy                         float64
	words, excludeMatch, excludeCap []item
}

type namedRegex struct {
	name string
	item
}

// readDetectors reads a configuration of trufflehog.
func (m *Migration) readDetectors(f source) {
	data, ok := m.data(f, "the configuration")
	if !ok {
		return
	}
	root, err := readYAML(f.name, data)
	if err != nil {
		m.drop(f.tool, rules.Position{File: f.name}, "the configuration", err.Error(), "mend the file and migrate again")
		return
	}
	ours := false
	for _, p := range root.pairs() {
		switch p.key {
		case "detectors":
			ours = true
			for _, d := range p.value.elements() {
				m.carryDetector(f, m.readDetector(f, d))
			}
		case "sources":
			ours = true
			m.drop(f.tool, p.at, "sources", "straykey is told on its command line what to scan", "straykey scan PATH..., one target or several")
		}
	}
	if ours {
		m.from = append(m.from, f.name)
	}
}

func (m *Migration) readDetector(f source, n node) detector {
	d := detector{at: n.at()}
	for _, p := range n.pairs() {
		k, at, v := p.key, p.at, p.value
		what := "detector " + shortName(d.name) + ": " + k
		switch k {
		case "name":
			d.name = v.text()
		case "keywords":
			d.keywords = v.texts()
		case "regex":
			for _, re := range v.pairs() {
				d.regexes = append(d.regexes, namedRegex{re.key, item{text: re.value.text(), at: re.value.at()}})
			}
			slices.SortFunc(d.regexes, func(a, b namedRegex) int { return strings.Compare(a.name, b.name) })
		case "primary_regex_name":
			d.primary = v.text()
		case "entropy":
			if _, err := fmt.Sscanf(v.text(), "%g", &d.entropy); err != nil {
				m.drop(f.tool, at, what, "it is no number", "")
			}
		case "exclude_words":
			d.words = v.texts()
		case "exclude_regexes_match":
			d.excludeMatch = v.texts()
		case "exclude_regexes_capture":
			d.excludeCap = v.texts()
		case "validations":
			m.drop(f.tool, at, what, "straykey has no check for kinds of characters", "where the expression alone finds too much, add entropy or an allowlist, for example regexes = ['''^[a-z]+$''']")
		case "verify":
			m.drop(f.tool, at, what, "straykey sends credentials to no web hook", "write [rules.verify], see docs/rules.md, with the request that the hook makes")
		case "description":
		default:
			m.drop(f.tool, at, what, "unknown key", "leave it out")
		}
	}
	return d
}

// idOf makes the id of a rule of a name: words of small letters, "HogToken" is hog-token.
func idOf(parts ...string) string {
	words := regexp.MustCompile(`([a-z0-9])([A-Z])`).ReplaceAllString(strings.Join(parts, "-"), "$1-$2")
	return strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(words), "-"), "-")
}

// carryDetector makes a rule of a detector, and one more for each further expression, which has to match as well.
func (m *Migration) carryDetector(f source, d detector) {
	what := "detector " + shortName(d.name)
	id := idOf(d.name)
	if id == "" || len(d.regexes) == 0 {
		m.drop(f.tool, d.at, what, "it has no name or no regex", "say what it is to find")
		return
	}
	if m.builtin.Rule(id) != nil {
		id += "-custom"
	}
	first := max(0, slices.IndexFunc(d.regexes, func(r namedRegex) bool { return r.name == d.primary }))
	var blocks []block
	for i, r := range d.regexes {
		one := id
		if i != first {
			one = idOf(id, r.name)
		}
		b := block{header: "[[rules]]", tool: f.tool, at: d.at, what: what, keys: []key{
			{"id", one, d.at}, {"description", printable(d.name), d.at}, {"regex", r.text, r.at},
		}}
		if groups := captures(r.text); groups > 0 {
			b.keys = append(b.keys, key{"secretGroup", 1, r.at})
		}
		if len(d.keywords) > 0 && i == first {
			b.keys = append(b.keys, key{"keywords", d.keywords, d.keywords[0].at})
		}
		if d.entropy > 0 {
			b.keys = append(b.keys, key{"entropy", d.entropy, d.at})
		}
		if reach, ok := rules.Spans(r.text); ok {
			b.keys = append(b.keys, key{"multiline", true, r.at}, key{"reach", reach, r.at})
			m.changed(f.tool, r.at, what, fmt.Sprintf("a match that crosses lines stands within %d bytes of its keyword", reach), "raise reach in the rule if it is to look farther, up to 65536")
		}
		for _, a := range []struct {
			key, target string
			list        []item
		}{{"regexes", "match", d.excludeMatch}, {"regexes", "secret", d.excludeCap}, {"stopwords", "", d.words}} {
			if len(a.list) == 0 {
				continue
			}
			x := block{header: "[[rules.allowlists]]", at: a.list[0].at}
			if a.target == "match" {
				x.keys = append(x.keys, key{"regexTarget", a.target, x.at})
			}
			x.keys = append(x.keys, key{a.key, a.list, x.at})
			b.inner = append(b.inner, x)
		}
		if i != first {
			b.keys = append(b.keys, key{"skipReport", true, r.at})
		}
		blocks = append(blocks, b)
	}
	for i, r := range d.regexes {
		if i != first {
			other := blocks[i].keys[0].value
			blocks[first].inner = append(blocks[first].inner, block{header: "[[rules.required]]", at: r.at, keys: []key{{"id", other, r.at}}})
		}
	}
	m.config.blocks = append(m.config.blocks, blocks...)
	switch {
	case len(d.regexes) > 1:
		m.changed(f.tool, d.at, what, "rule "+id+", which needs what the other expressions find in the same text; trufflehog reports each combination of them, straykey the one of "+d.regexes[first].name, "")
	case len(d.keywords) > 0 && !standsIn(d.keywords, d.regexes[first].text):
		m.changed(f.tool, d.at, what, "rule "+id+"; a match counts near its keyword (2 KiB of its line), trufflehog has both anywhere in about 10 KiB", "raise reach in the rule if it is to look farther, up to 65536")
		first := m.lastRule(id)
		first.keys = append(first.keys, key{"reach", 10240, d.at})
	default:
		m.carried(f.tool, d.at, what, "rule "+id)
	}
}

// lastRule returns the block of a rule that was just added.
func (m *Migration) lastRule(id string) *block {
	for i := len(m.config.blocks) - 1; ; i-- {
		if b := &m.config.blocks[i]; len(b.keys) > 0 && b.keys[0].value == id {
			return b
		}
	}
}

// captures returns how many groups an expression has.
func captures(regex string) int {
	re, err := regexp.Compile(regex)
	if err != nil {
		return 0 // the loader says what is wrong
	}
	return re.NumSubexp()
}

// standsIn reports whether an expression spells one of the keywords out.
func standsIn(keywords []item, regex string) bool {
	return slices.ContainsFunc(keywords, func(k item) bool {
		return strings.Contains(strings.ToLower(regex), strings.ToLower(k.text))
	})
}

// readExcludes reads a file of --exclude-paths.
func (m *Migration) readExcludes(f source) {
	data, ok := m.data(f, "the paths to exclude")
	if !ok {
		return
	}
	b := block{header: "[[allowlists]]", tool: f.tool, what: "paths to exclude", at: rules.Position{File: f.name, Line: 1}}
	var paths []item
	above := []string(nil)
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		line = strings.TrimSpace(line)
		at := rules.Position{File: f.name, Line: n}
		switch {
		case line == "":
			above = nil
		case line[0] == '#':
			above = append(above, line[1:])
		default:
			if _, err := regexp.Compile(line); err != nil {
				m.drop(f.tool, at, "a path to exclude", "it is no regular expression as Go has them", "write it anew")
				continue
			}
			paths = append(paths, item{text: line, above: above, at: at})
			above = nil
		}
	}
	if len(paths) == 0 {
		return
	}
	b.keys = []key{{"description", "paths that trufflehog leaves out", b.at}, {"paths", paths, b.at}}
	m.config.blocks = append(m.config.blocks, b)
	m.from = append(m.from, f.name)
	m.changed(f.tool, b.at, fmt.Sprintf("%d paths to exclude", len(paths)), "the expressions are of paths from the root of the repository; trufflehog filesystem compares the path as it was given", "")
}
