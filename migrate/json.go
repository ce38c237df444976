package migrate

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// jsonLines returns the lines on which the values of a JSON text begin, as far as it is one, by their paths: names and numbers
// joined by zero bytes.
func jsonLines(data []byte) map[string]int {
	s := &jsonScanner{d: json.NewDecoder(bytes.NewReader(data)), data: data, line: 1, lines: map[string]int{}}
	s.value("", 0)
	return s.lines
}

// maxJSONDepth is deeper than any file that is read here.
const maxJSONDepth = 20

type jsonScanner struct {
	d     *json.Decoder
	data  []byte
	seen  int // bytes of which the lines are counted
	line  int
	lines map[string]int
}

// token reads a token and counts the lines up to its end.
func (s *jsonScanner) token() (json.Token, bool) {
	t, err := s.d.Token()
	end := int(s.d.InputOffset())
	s.line += bytes.Count(s.data[s.seen:end], []byte("\n"))
	s.seen = end
	return t, err == nil
}

func (s *jsonScanner) value(path string, depth int) bool {
	t, ok := s.token()
	if !ok {
		return false
	}
	s.lines[path] = s.line
	open, isOpen := t.(json.Delim)
	if !isOpen {
		return true
	}
	if depth == maxJSONDepth {
		return false
	}
	for n := 0; s.d.More(); n++ {
		name := strconv.Itoa(n)
		if open == '{' {
			t, ok := s.token()
			if !ok {
				return false
			}
			name, _ = t.(string)
		}
		if path != "" {
			name = path + "\x00" + name
		}
		if !s.value(name, depth+1) {
			return false
		}
	}
	_, ok = s.token()
	return ok
}
