package rules

import (
	"fmt"
	"strconv"
	"strings"
)

// The TOML decoder says on which line a syntax error stands, but not on which
// line a key stands whose value turns out to be wrong. lineIndex finds that: a
// single pass over the text that knows just enough of TOML 1.0 (strings,
// comments, tables, arrays) to name the line of each key and array element.
//
// It runs before the decoder and is also what keeps hostile files from it: the
// decoder recurses once per bracket and does work quadratic in the number of
// parts of a key.

const (
	maxNesting  = 16 // brackets within brackets
	maxKeyParts = 8  // a.b.c
)

// lineIndex maps the path of each key and array element to its line. Paths are
// keys in lower case and element numbers, joined by dots: "rules.2.regex",
// "rules.2.keywords.0".
type lineIndex map[string]int

// line returns the line of the path, or of the nearest enclosing table or array.
func (x lineIndex) line(path string) int {
	for path != "" {
		if n, ok := x[path]; ok {
			return n
		}
		i := strings.LastIndexByte(path, '.')
		if i < 0 {
			return 0
		}
		path = path[:i]
	}
	return 0
}

// indexLines indexes a TOML text as far as it is valid, and returns how far that
// is, to the end of the line. It returns an error for a text the decoder must not see.
func indexLines(src string) (lineIndex, int, *Error) {
	s := &lineScanner{src: src, n: 1, index: lineIndex{}, arrays: map[string]int{}}
	if strings.HasPrefix(src, "\ufeff") {
		s.i = len("\ufeff")
	}
	s.document()
	end := s.i
	if n := strings.IndexByte(src[end:], '\n'); n >= 0 {
		end += n + 1
	} else {
		end = len(src)
	}
	return s.index, end, s.err
}

type lineScanner struct {
	src    string
	i      int // next byte
	n      int // its line, from 1
	index  lineIndex
	arrays map[string]int // tables so far in the array of tables of that path
	err    *Error
}

// document reads headers and assignments until the end or the first thing that is not TOML.
func (s *lineScanner) document() {
	prefix := ""
	for s.err == nil {
		s.space(true)
		if s.i == len(s.src) {
			return
		}
		if s.src[s.i] == '[' {
			var ok bool
			if prefix, ok = s.header(); !ok {
				return
			}
		} else if !s.assignment(prefix, 0) {
			return
		}
	}
}

// header reads [a.b] or [[a.b]] and returns the path of the table it opens.
func (s *lineScanner) header() (string, bool) {
	line := s.n
	s.i++
	array := s.accept('[')
	keys, ok := s.key()
	if !ok || !s.accept(']') || array && !s.accept(']') {
		return "", false
	}
	path := ""
	for i, k := range keys {
		path = join(path, k)
		if i == len(keys)-1 && array {
			s.arrays[path]++
		}
		if n := s.arrays[path]; n > 0 {
			if _, ok := s.index[path]; !ok {
				s.index[path] = line
			}
			path = join(path, strconv.Itoa(n-1))
		}
	}
	if _, ok := s.index[path]; !ok {
		s.index[path] = line
	}
	return path, true
}

// assignment reads key = value in the table of the given path.
func (s *lineScanner) assignment(prefix string, depth int) bool {
	line := s.n
	keys, ok := s.key()
	if !ok || !s.accept('=') {
		return false
	}
	for _, k := range keys {
		prefix = join(prefix, k)
		if _, ok := s.index[prefix]; !ok {
			s.index[prefix] = line
		}
	}
	s.space(false)
	return s.value(prefix, depth)
}

// key reads a key of one or more parts and returns them in lower case.
func (s *lineScanner) key() ([]string, bool) {
	var parts []string
	for {
		s.space(false)
		start := s.i
		if s.i < len(s.src) && (s.src[s.i] == '"' || s.src[s.i] == '\'') {
			if !s.quoted() {
				return nil, false
			}
			parts = append(parts, strings.ToLower(s.src[start+1:s.i-1]))
		} else {
			for s.i < len(s.src) && isBare(s.src[s.i]) {
				s.i++
			}
			if s.i == start {
				return nil, false
			}
			parts = append(parts, strings.ToLower(s.src[start:s.i]))
		}
		if len(parts) > maxKeyParts {
			s.err = &Error{Pos: Position{Line: s.n}, Msg: fmt.Sprintf("a key of more than %d parts; no key of a rule file has more than three, e.g. [rules.allowlists]", maxKeyParts)}
			return nil, false
		}
		s.space(false)
		if !s.accept('.') {
			return parts, true
		}
	}
}

// value reads a value; the elements of arrays and the keys of inline tables get their lines.
func (s *lineScanner) value(path string, depth int) bool {
	if depth > maxNesting {
		s.err = &Error{Pos: Position{Line: s.n}, Msg: fmt.Sprintf("brackets nested deeper than %d; the deepest value of a rule file is a list of texts, e.g. keywords = [\"token\"]", maxNesting)}
		return false
	}
	if s.i == len(s.src) {
		return false
	}
	switch s.src[s.i] {
	case '"', '\'':
		return s.quoted()
	case '[':
		return s.array(path, depth)
	case '{':
		return s.inlineTable(path, depth)
	}
	start := s.i
	for s.i < len(s.src) && !strings.ContainsRune(",]}#\r\n", rune(s.src[s.i])) {
		s.i++
	}
	return s.i > start
}

func (s *lineScanner) array(path string, depth int) bool {
	s.i++
	for n := 0; ; n++ {
		s.space(true)
		if s.accept(']') {
			return true
		}
		element := join(path, strconv.Itoa(n))
		s.index[element] = s.n
		if !s.value(element, depth+1) {
			return false
		}
		s.space(true)
		if !s.accept(',') {
			return s.accept(']')
		}
	}
}

func (s *lineScanner) inlineTable(path string, depth int) bool {
	s.i++
	for {
		s.space(true)
		if s.accept('}') {
			return true
		}
		if !s.assignment(path, depth+1) {
			return false
		}
		s.space(true)
		if !s.accept(',') {
			return s.accept('}')
		}
	}
}

// quoted skips a string of any of the four kinds.
func (s *lineScanner) quoted() bool {
	q := s.src[s.i]
	long := strings.Repeat(string(q), 3)
	end := string(q)
	if strings.HasPrefix(s.src[s.i:], long) {
		end = long
	}
	for s.i += len(end); s.i < len(s.src); s.i++ {
		switch c := s.src[s.i]; {
		case c == '\\' && q == '"':
			s.i++
			if s.i < len(s.src) && s.src[s.i] == '\n' {
				s.n++
			}
		case c == '\n':
			if end != long {
				return false
			}
			s.n++
		case c == q && strings.HasPrefix(s.src[s.i:], end):
			s.i += len(end)
			// A long string may end in one or two quotes of its own.
			for n := 0; end == long && n < 2 && s.i < len(s.src) && s.src[s.i] == q; n++ {
				s.i++
			}
			return true
		}
	}
	s.i = len(s.src) // an escape at the very end steps beyond it
	return false
}

// space skips blanks and, if lines is true, line ends and comments.
func (s *lineScanner) space(lines bool) {
	for s.i < len(s.src) {
		switch c := s.src[s.i]; {
		case c == ' ' || c == '\t':
			s.i++
		case lines && c == '\n':
			s.n++
			s.i++
		case lines && c == '\r':
			s.i++
		case lines && c == '#':
			end := strings.IndexByte(s.src[s.i:], '\n')
			if end < 0 {
				end = len(s.src) - s.i
			}
			s.i += end
		default:
			return
		}
	}
}

func (s *lineScanner) accept(c byte) bool {
	if s.i < len(s.src) && s.src[s.i] == c {
		s.i++
		return true
	}
	return false
}

func isBare(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c >= 0x80
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
