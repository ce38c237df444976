package migrate

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/straykey/straykey/rules"
)

// The filters of betterleaks are expressions that say what is left out. Those that allowlists can say are carried over: any
// of several conditions (||), each of which is one or several (&&) of
//
//	matchesAny(X, [...])  containsAny(X, [...])  X == "..."  X in [...]  entropy(finding["secret"]) <= N
//
// where X is finding's secret, match, line or rule_id, or the path or git.sha of attributes. The conditions that are something
// else are left out one by one, which lets more be found, never less.

// atom is one comparison.
type atom struct {
	field string // "secret", "match", "line", "rule_id", "path", "commit"
	// One of these.
	regexes []string
	words   []string // of containsAny
	values  []string // of == and in
	entropy float64  // of entropy() <=
}

// term is a condition: all of its atoms hold. One that is not understood says why.
type term struct {
	atoms  []atom
	offset int // in the expression, in bytes
	bad    string
}

// maxTerms bounds what an expression becomes when it is multiplied out.
const maxTerms = 500

// parseFilter reads an expression as conditions any of which leaves a finding out. It is an error if the whole of it has
// another form.
func parseFilter(src string) ([]term, error) {
	tokens, err := lexFilter(src)
	if err != nil {
		return nil, err
	}
	p := &filterParser{tokens: tokens}
	out := p.or(0)
	if p.err == nil && p.peek().kind != tokenEnd {
		p.fail("something stands behind the end of the expression")
	}
	return out, p.err
}

type tokenKind uint8

const (
	tokenEnd tokenKind = iota
	tokenName
	tokenText
	tokenNumber
	tokenSign
)

type token struct {
	kind tokenKind
	text string
	at   int
}

// lexFilter splits an expression into words, texts, numbers and signs.
func lexFilter(src string) ([]token, error) {
	var out []token
	for i := 0; i < len(src); {
		c := src[i]
		at := i
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
			continue
		case strings.HasPrefix(src[i:], "//"):
			n := strings.IndexByte(src[i:], '\n')
			if n < 0 {
				n = len(src) - i
			}
			i += n
			continue
		case c == '`':
			n := strings.IndexByte(src[i+1:], '`')
			if n < 0 {
				return nil, errors.New("a text is not closed")
			}
			out = append(out, token{tokenText, src[i+1 : i+1+n], at})
			i += n + 2
		case strings.HasPrefix(src[i:], `r"""`): // of the older form of these expressions
			n := strings.Index(src[i+4:], `"""`)
			if n < 0 {
				return nil, errors.New("a text is not closed")
			}
			out = append(out, token{tokenText, src[i+4 : i+4+n], at})
			i += n + 7
		case c == '"' || c == '\'':
			n := quotedLen(src[i:])
			text, err := unquoteFilter(src[i : i+n])
			if err != nil {
				return nil, err
			}
			out = append(out, token{tokenText, text, at})
			i += n
		case c >= '0' && c <= '9':
			for i < len(src) && (src[i] >= '0' && src[i] <= '9' || src[i] == '.') {
				i++
			}
			out = append(out, token{tokenNumber, src[at:i], at})
		case isNameByte(c):
			for i < len(src) && (isNameByte(src[i]) || src[i] >= '0' && src[i] <= '9') {
				i++
			}
			out = append(out, token{tokenName, src[at:i], at})
		default:
			n := 1
			for _, two := range []string{"||", "&&", "<=", ">=", "==", "!=", "??", "?."} {
				if strings.HasPrefix(src[i:], two) {
					n = 2
				}
			}
			out = append(out, token{tokenSign, src[i : i+n], at})
			i += n
		}
	}
	return append(out, token{kind: tokenEnd, at: len(src)}), nil
}

func isNameByte(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func unquoteFilter(s string) (string, error) {
	if len(s) >= 2 && s[0] == '\'' && s[len(s)-1] == '\'' {
		inner := strings.ReplaceAll(s[1:len(s)-1], `\'`, `'`)
		s = `"` + strings.ReplaceAll(inner, `"`, `\"`) + `"`
	}
	out, err := strconv.Unquote(s)
	if err != nil {
		return "", errors.New("a text is not closed, or has an unknown escape")
	}
	return out, nil
}

// filterParser is a parser that stops at the first error.
type filterParser struct {
	tokens []token
	i      int
	err    error
}

func (p *filterParser) peek() token { return p.tokens[p.i] }

func (p *filterParser) next() token {
	t := p.tokens[p.i]
	if t.kind != tokenEnd {
		p.i++
	}
	return t
}

func (p *filterParser) sign(texts ...string) bool {
	if t := p.peek(); t.kind != tokenText && t.kind != tokenEnd && slices.Contains(texts, t.text) {
		p.next()
		return true
	}
	return false
}

func (p *filterParser) fail(why string) {
	if p.err == nil {
		p.err = errors.New(why)
	}
}

// or reads conditions any of which has to hold.
func (p *filterParser) or(depth int) []term {
	out := p.and(depth)
	for p.err == nil && p.sign("||", "or") {
		out = append(out, p.and(depth)...)
	}
	return out
}

// and reads conditions all of which have to hold, and multiplies them out.
func (p *filterParser) and(depth int) []term {
	out := p.one(depth)
	for p.err == nil && p.sign("&&", "and") {
		var product []term
		right := p.one(depth)
		for _, a := range out {
			for _, b := range right {
				t := term{offset: a.offset, bad: a.bad}
				if t.bad == "" {
					t.bad = b.bad
				}
				t.atoms = append(slices.Clone(a.atoms), b.atoms...)
				product = append(product, t)
			}
		}
		if len(product) > maxTerms {
			p.fail("it has too many conditions")
		}
		out = product
	}
	return out
}

// one reads a condition in parentheses or a comparison. Of one that is not understood the end is found by its brackets.
func (p *filterParser) one(depth int) []term {
	at := p.peek().at
	if depth > 50 {
		p.fail("it is nested too deeply")
		return nil
	}
	start := p.i
	if p.sign("(") {
		out := p.or(depth + 1)
		if p.err == nil && p.sign(")") && p.ends() {
			return out
		}
		if p.err != nil {
			return nil
		}
		p.i = start // the beginning of something larger, such as a sum
	}
	if a, ok := p.atom(); ok && p.ends() {
		return []term{{atoms: []atom{a}, offset: at}}
	}
	p.i = start
	return []term{{offset: at, bad: p.skip()}}
}

// ends reports whether a condition may end here.
func (p *filterParser) ends() bool {
	t := p.peek()
	return t.kind == tokenEnd || t.kind != tokenText && slices.Contains([]string{"||", "or", "&&", "and", ")"}, t.text)
}

// skip passes over a condition that is not understood, and says what it is.
func (p *filterParser) skip() string {
	depth := 0
	why := "a condition that allowlists cannot say"
	for n := 0; ; n++ {
		t := p.peek()
		if t.kind == tokenEnd || depth == 0 && n > 0 && p.ends() {
			return why
		}
		if t.kind == tokenName {
			switch t.text {
			case "let":
				p.fail("it has variables (let)")
				return why
			case "failsTokenEfficiency":
				why = "straykey does not count the tokens of a language model (failsTokenEfficiency)"
			case "findMatch":
				why = "it works with parts of the text (findMatch)"
			}
		}
		if t.kind == tokenSign {
			switch t.text {
			case "?", ";":
				p.fail("it has a choice (?) or several parts (;)")
				return why
			case "!":
				why = "it negates (!)"
			case "(", "[", "{":
				depth++
			case ")", "]", "}":
				depth--
			}
			if depth < 0 {
				p.fail("a bracket is closed that was not opened")
				return why
			}
		}
		p.next()
	}
}

// atom reads a comparison.
func (p *filterParser) atom() (atom, bool) {
	start := p.i
	if p.sign("filter") && !p.sign(".") {
		return atom{}, false
	}
	switch name := p.peek(); {
	case name.kind == tokenName && (name.text == "matchesAny" || name.text == "containsAny"):
		p.next()
		if !p.sign("(") {
			return atom{}, false
		}
		field, ok := p.field()
		if !ok || !p.sign(",") {
			return atom{}, false
		}
		list, ok := p.list()
		if !ok || !p.sign(")") {
			return atom{}, false
		}
		if name.text == "matchesAny" {
			return atom{field: field, regexes: list}, true
		}
		return atom{field: field, words: list}, true
	case name.kind == tokenName && name.text == "entropy":
		p.next()
		if !p.sign("(") {
			return atom{}, false
		}
		field, ok := p.field()
		if !ok || field != "secret" || !p.sign(")") || !p.sign("<=", "<") {
			return atom{}, false
		}
		t := p.next()
		n, err := strconv.ParseFloat(t.text, 64)
		return atom{field: field, entropy: n}, t.kind == tokenNumber && err == nil && n > 0 && n <= 8
	}
	p.i = start
	field, ok := p.field()
	switch {
	case !ok:
		return atom{}, false
	case p.sign("=="):
		t := p.next()
		return atom{field: field, values: []string{t.text}}, t.kind == tokenText
	case p.sign("in"):
		list, ok := p.list()
		return atom{field: field, values: list}, ok
	}
	return atom{}, false
}

// field reads what is compared: finding["secret"], finding.secret, get(attributes, "path", ""), attributes["path"].
func (p *filterParser) field() (string, bool) {
	if p.sign("get") {
		if !p.sign("(") {
			return "", false
		}
		of := p.next().text
		if !p.sign(",") {
			return "", false
		}
		name := p.next()
		if name.kind != tokenText || !p.sign(",") || p.next().kind != tokenText || !p.sign(")") {
			return "", false
		}
		return fieldName(of, name.text)
	}
	of := p.next()
	if of.kind != tokenName {
		return "", false
	}
	if p.sign(".", "?.") {
		return fieldName(of.text, p.next().text)
	}
	if !p.sign("[") {
		return "", false
	}
	p.sign("?") // of the older form, which has .orValue("") behind it
	name := p.next()
	if name.kind != tokenText || !p.sign("]") {
		return "", false
	}
	switch {
	case p.sign("."):
		if !p.sign("orValue") || !p.sign("(") || p.next().kind != tokenText || !p.sign(")") {
			return "", false
		}
	case p.sign("??"):
		if p.next().kind != tokenText {
			return "", false
		}
	}
	return fieldName(of.text, name.text)
}

func fieldName(of, name string) (string, bool) {
	switch of + "." + name {
	case "finding.secret", "finding.match", "finding.line", "finding.rule_id", "attributes.path":
		return name, true
	case "attributes.git.sha":
		return "commit", true
	}
	return "", false
}

// list reads a list of texts.
func (p *filterParser) list() ([]string, bool) {
	if !p.sign("[") {
		return nil, false
	}
	var out []string
	for !p.sign("]") {
		t := p.next()
		if t.kind != tokenText {
			return nil, false
		}
		out = append(out, t.text)
		if !p.sign(",") && p.peek().text != "]" {
			return nil, false
		}
	}
	return out, len(out) > 0
}

// criteria is a term as an allowlist says it.
type criteria struct {
	paths, commits, regexes, stopWords, rules []string
	target                                    string // of regexes
	entropy                                   float64
	loose                                     bool // words with capital letters, which betterleaks never finds
}

// criteria returns a term as an allowlist says it; the text says why it cannot.
func (t *term) criteria() (criteria, string) {
	var c criteria
	const twice = "two conditions on the same text that both have to hold"
	put := func(to *[]string, list []string) string {
		if len(*to) > 0 {
			return twice
		}
		*to = list
		return ""
	}
	for _, a := range t.atoms {
		regexes := a.regexes
		bad := ""
		switch {
		case a.entropy > 0:
			c.entropy = a.entropy
		case a.words != nil:
			c.loose = c.loose || slices.ContainsFunc(a.words, func(w string) bool { return strings.ToLower(w) != w })
			if a.field == "secret" {
				bad = put(&c.stopWords, a.words)
				break
			}
			for _, w := range a.words {
				regexes = append(regexes, "(?i)"+regexp.QuoteMeta(w))
			}
		case a.values != nil && a.field == "commit":
			bad = put(&c.commits, a.values)
		case a.values != nil && a.field == "rule_id":
			bad = put(&c.rules, a.values)
		case a.values != nil:
			for _, v := range a.values {
				regexes = append(regexes, `\A`+regexp.QuoteMeta(v)+`\z`)
			}
		}
		switch {
		case bad != "":
			return c, bad
		case len(regexes) == 0:
		case a.field == "path":
			bad = put(&c.paths, regexes)
		case a.field == "commit" || a.field == "rule_id":
			bad = "an expression on the id of a commit or rule"
		default:
			c.target = a.field
			bad = put(&c.regexes, regexes)
		}
		if bad != "" {
			return c, bad
		}
	}
	if c.entropy > 0 && len(t.atoms) > 1 {
		return c, "an entropy that counts only together with something else"
	}
	return c, ""
}

// block returns an allowlist that says the criteria.
func (c *criteria) block(header string, at rules.Position) block {
	b := block{header: header, at: at}
	n := 0
	add := func(name string, texts []string) {
		if len(texts) > 0 {
			n++
			b.keys = append(b.keys, key{name, elements(texts, at), at})
		}
	}
	add("paths", c.paths)
	add("commits", c.commits)
	if len(c.regexes) > 0 && c.target != "secret" {
		b.keys = append(b.keys, key{"regexTarget", c.target, at})
	}
	add("regexes", c.regexes)
	add("stopwords", c.stopWords)
	if n > 1 {
		b.keys = append(b.keys, key{"condition", "AND", at})
	}
	return b
}

// terms reads an expression of a key and reports what it cannot carry.
func (m *Migration) terms(f *ruleFile, t *table, k, what string) (out []criteria, at []rules.Position) {
	start := t.at(k, -1)
	list, err := parseFilter(t.text(k))
	if err != nil {
		m.drop(f.tool, start, what, "an expression of another form than straykey reads: "+err.Error(), "say it as [[allowlists]] with paths, regexes or stopwords; until then more is found than before")
		return nil, nil
	}
	for i := range list {
		pos := start
		pos.Line += t.file.opens(start.Line) + strings.Count(t.text(k)[:list[i].offset], "\n")
		c, bad := list[i].criteria()
		if list[i].bad != "" {
			bad = list[i].bad
		}
		if bad != "" {
			m.drop(f.tool, pos, what, bad, "say it as [[allowlists]] with paths, regexes or stopwords; until then more is found than before")
			continue
		}
		if c.loose {
			m.changed(f.tool, pos, what, "words are compared without case here; betterleaks never finds those with capital letters", "")
		}
		out, at = append(out, c), append(at, pos)
	}
	return out, at
}

// carryFilter carries an expression at the top of a file.
func (m *Migration) carryFilter(f *ruleFile, x filter, own map[string]bool) {
	list, at := m.terms(f, x.t, x.key, x.key)
	for i := range list {
		c := &list[i]
		if c.entropy > 0 {
			m.drop(f.tool, at[i], x.key+": entropy", "straykey has no least entropy for all rules", "write entropy = "+fmt.Sprint(c.entropy)+" in the rules that need it")
			continue
		}
		b := c.block("[[allowlists]]", at[i])
		b.tool, b.what = f.tool, x.key
		if len(b.keys) == 0 {
			m.drop(f.tool, at[i], x.key, "it leaves out a whole rule", "write its id into disabledRules")
			continue
		}
		if len(c.rules) > 0 {
			kept := m.targets(f, elements(c.rules, at[i]), own)
			if len(kept) == 0 {
				continue
			}
			b.keys = append(b.keys, key{"targetRules", kept, at[i]})
		}
		m.config.blocks = append(m.config.blocks, b)
		m.carried(f.tool, at[i], x.key, "as an allowlist")
	}
}

// ruleFilter carries the filter of a rule: its entropy, and allowlists for it alone.
func (m *Migration) ruleFilter(f *ruleFile, t *table, what string) (keys []key, blocks []block) {
	list, at := m.terms(f, t, "filter", what+": filter")
	for i := range list {
		c := &list[i]
		switch {
		case c.entropy > 0 && t.values["entropy"] == nil && len(keys) == 0:
			keys = append(keys, key{"entropy", c.entropy, at[i]})
			m.carried(f.tool, at[i], what+": filter", "as entropy")
		case c.entropy > 0:
			m.drop(f.tool, at[i], what+": filter", "a second least entropy", "keep the higher one as entropy")
		case len(c.rules) > 0:
			m.drop(f.tool, at[i], what+": filter", "the id of a rule in the filter of a rule", "leave it out")
		default:
			b := c.block("[[allowlists]]", at[i])
			b.tool, b.what = f.tool, what+": filter"
			blocks = append(blocks, b)
			m.carried(f.tool, at[i], what+": filter", "as an allowlist")
		}
	}
	return keys, blocks
}
