package detect

import "bytes"

// An assignment is read from the keyword on:
//
//	keyword rest-of-name closers spaces operator spaces openers value
//
// as in `api_key = "v"`, `"apiKey": "v"`, `<api-key>v</api-key>`, `--api-key v`,
// `\"apiKey\":\"v\"`, `cfg["api_key"] = 'v'`, `setApiKey("v")`. Each part is bounded.
const (
	maxNameRest = 40
	maxClosers  = 4
	maxSpaces   = 12
	maxOperator = 3
)

// valueStart returns where the value assigned to the name that holds
// text[:keywordEnd]'s last bytes begins, or -1 if nothing is assigned.
func valueStart(text []byte, keywordEnd int) int {
	i := skip(text, keywordEnd, maxNameRest, isName)
	nameEnd := i
	i = skip(text, i, maxClosers, func(c byte) bool { return isQuote(c) || c == ']' || c == ')' || c == '}' })
	i = skip(text, i, maxSpaces, isBlank)
	i = skip(text, i, maxOperator, func(c byte) bool { return c == '=' || c == ':' || c == '>' || c == ',' || c == '(' })
	i = skip(text, i, maxSpaces, isBlank)
	i = skip(text, i, 1, func(c byte) bool { return c == '@' })
	if i+1 < len(text) && isStringPrefix(text[i]) && (text[i+1] == '"' || text[i+1] == '\'') {
		i++
	}
	i = skip(text, i, maxClosers, func(c byte) bool { return isQuote(c) || c == '(' || c == '[' || c == '{' })
	if i == nameEnd {
		return -1
	}
	return i
}

// named reports whether the name that holds text[start:end] contains one of the words, which are in lower
// case and have no _ - . in them.
func named(text []byte, start, end int, words []string) bool {
	lo := start
	for lo > 0 && start-lo < maxNameRest && isName(text[lo-1]) {
		lo--
	}
	hi := skip(text, end, maxNameRest, isName)
	name := make([]byte, 0, 4*maxNameRest)
	for _, c := range text[lo:hi] {
		if c != '_' && c != '-' && c != '.' && c != ' ' {
			name = append(name, lowerByte(c))
		}
	}
	for _, w := range words {
		if bytes.Contains(name, []byte(w)) {
			return true
		}
	}
	return false
}

func isName(c byte) bool { return isWord(c) || c == '.' || c == '-' }

func skip(text []byte, i, most int, in func(byte) bool) int {
	for n := 0; n < most && i < len(text) && in(text[i]); n++ {
		i++
	}
	return i
}

func isQuote(c byte) bool { return c == '"' || c == '\'' || c == '`' || c == '\\' }

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// isStringPrefix reports whether c may stand before a quote: b"…" and r'…' in Python and Rust, L"…" in C.
func isStringPrefix(c byte) bool {
	switch c {
	case 'b', 'r', 'u', 'f', 'B', 'R', 'U', 'L':
		return true
	}
	return false
}

// tryAssigned matches the value assigned to the name whose keyword stands at pos.
func (s *Scanner) tryAssigned(t *trial, literal, pos int) {
	c := t.rule
	keywordEnd := pos + len(s.e.finder.literals[literal])
	limit := min(len(s.text), pos+c.reach)
	line := s.text[:limit]
	cut := limit < len(s.text)
	start := valueStart(line, keywordEnd)
	if start < 0 || start >= limit || line[start] == '\n' {
		s.drop(c, pos, stepUnassigned)
		return
	}
	if len(c.Names) > 0 && !named(line, pos, keywordEnd, c.Names) {
		s.drop(c, pos, stepName)
		return
	}
	if i := bytes.IndexByte(line[start:], '\n'); i >= 0 {
		line, cut = line[:start+i], false
	}
	shapes := c.direct()
	if shapes == nil {
		s.assignedRegex(t, line, start, cut, literal, pos)
		return
	}
	for _, shape := range shapes {
		end := shape.match(line, start, nil)
		if end < 0 || end == len(line) && cut || !tokenBounds(s.text, start, end, shape.last) {
			continue
		}
		groups := s.groupBuffer(len(shape.groups))
		shape.match(line, start, groups)
		groups[0], groups[1] = start, end
		s.report(c, groups, literal, pos)
		return
	}
	s.drop(c, pos, stepValue)
}

func (s *Scanner) assignedRegex(t *trial, line []byte, start int, cut bool, literal, pos int) {
	all := s.matches(t.rule, line[start:])
	if len(all) == 0 {
		s.drop(t.rule, pos, stepValue)
		return
	}
	m := all[0]
	for i := range m {
		if m[i] >= 0 {
			m[i] += start
		}
	}
	if m[1] == len(line) && cut || !tokenBounds(s.text, m[0], m[1], nil) {
		s.drop(t.rule, pos, stepBounds)
		return
	}
	s.report(t.rule, m, literal, pos)
}
