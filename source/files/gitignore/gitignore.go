// Package gitignore reads .gitignore files and says what they exclude, as
// gitignore(5) describes it.
//
// A file is a list of patterns, one a line; the last that matches decides, and one
// that starts with an exclamation mark takes what it matches in again. A pattern
// without a slash, but for one at its end, is matched against names at any depth;
// any other against the path below the directory the file stands in. Names are
// bytes: a question mark is one byte, letters keep their case.
//
// The package looks at one path and one list. That nothing below an excluded
// directory can be taken in again, and that the lists of deeper directories go
// first, is up to the walk that uses it.
//
// Where git's own matcher does more than gitignore(5) says, this one errs towards
// not ignoring: what it ignores is not searched for secrets.
package gitignore

import (
	"bytes"
	"strings"
)

// Verdict is what a list says of a path.
type Verdict uint8

// The possible verdicts.
const (
	Undecided Verdict = iota // no pattern matches
	Ignored
	Included // by a negated pattern: even if a list of less weight ignores it
)

// List is the patterns of one file. It is read-only and may be shared.
type List struct {
	patterns []pattern
	// Most patterns mean one path, or one name at any depth. They are looked up, and the others tried.
	paths, names map[string]last
	tried        []int // places in patterns
}

// last tells which is the last of the patterns that mean the same path or name: 1 and its place, or 0 for none.
type last struct {
	any int
	dir int // of those for directories only
}

// of returns the last that counts for a directory, or for what is none.
func (l last) of(dir bool) int {
	if dir {
		return max(l.any, l.dir)
	}
	return l.any
}

// pattern is one line. Its last segment stands for the entry itself, those before for
// the directories above it.
type pattern struct {
	segments []segment
	path     string // what a pattern with a slash and nothing special in it means; or empty
	anywhere bool   // one segment, for the name of the entry only
	negated  bool
	dirOnly  bool
}

// Parse reads the contents of a .gitignore file. There are no errors: a line that makes
// no sense matches nothing, as in git.
func Parse(data []byte) List {
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // a byte order mark
	var l List
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if line == "" || line[0] == '#' {
			continue
		}
		if p, ok := parsePattern(trimSpaces(line)); ok {
			l.add(p)
		}
	}
	return l
}

func (l *List) add(p pattern) {
	at := len(l.patterns)
	l.patterns = append(l.patterns, p)
	switch {
	case p.path != "":
		l.paths = noted(l.paths, p.path, p.dirOnly, at+1)
	case p.anywhere && p.segments[0].kind == literal:
		l.names = noted(l.names, p.segments[0].text, p.dirOnly, at+1)
	default:
		l.tried = append(l.tried, at)
	}
}

func noted(known map[string]last, word string, dirOnly bool, n int) map[string]last {
	if known == nil {
		known = map[string]last{}
	}
	is := known[word]
	if dirOnly {
		is.dir = n
	} else {
		is.any = n
	}
	known[word] = is
	return known
}

// trimSpaces removes the spaces at the end, but for those after a backslash.
func trimSpaces(s string) string {
	end := 0
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
			end = i + 1
		} else if s[i] != ' ' {
			end = i + 1
		}
	}
	return s[:end]
}

func parsePattern(s string) (pattern, bool) {
	var p pattern
	s, p.negated = strings.CutPrefix(s, "!")
	s, p.dirOnly = strings.CutSuffix(s, "/")
	if !strings.Contains(s, "/") {
		p.anywhere = true
		seg := parseSegment(s)
		if seg.kind == anyDirs {
			seg.kind = glob // "**" means nothing special here
		}
		p.segments = []segment{seg}
		return p, seg.valid()
	}
	s = strings.TrimPrefix(s, "/")
	if !strings.ContainsAny(s, special) {
		p.path = s
		return p, s != ""
	}
	for rest, more := s, true; more; {
		var part string
		part, rest, more = cutSegment(rest)
		seg := parseSegment(part)
		if !seg.valid() {
			return p, false
		}
		p.segments = append(p.segments, seg)
	}
	if p.segments[len(p.segments)-1].kind == anyDirs {
		// "dir/**" is all that is in dir, but not dir.
		p.segments = append(p.segments, parseSegment("*"))
	}
	return p, true
}

// cutSegment splits s at its first slash that is not in a bracket expression. A backslash
// before it means nothing.
func cutSegment(s string) (segment, rest string, more bool) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '/':
			return s[:i], s[i+1:], true
		case '[':
			if n, _ := matchClass(s[i:], 0); n > 0 {
				i += n - 1
			}
		case '\\':
			if i+1 < len(s) && s[i+1] == '/' {
				return s[:i], s[i+2:], true
			}
			i++
		}
	}
	return s, "", false
}

// Empty reports whether the list says nothing of any path.
func (l List) Empty() bool { return len(l.patterns) == 0 }

// Match returns the verdict on a path, which is relative to the directory of the list and
// has slashes between its names.
func (l List) Match(path string, dir bool) Verdict {
	name := path[strings.LastIndexByte(path, '/')+1:]
	decides := max(l.paths[path].of(dir), l.names[name].of(dir))
	for i := len(l.tried) - 1; i >= 0 && l.tried[i] >= decides; i-- {
		p := &l.patterns[l.tried[i]]
		if (dir || !p.dirOnly) && p.match(path, name) {
			decides = l.tried[i] + 1
			break
		}
	}
	switch {
	case decides == 0:
		return Undecided
	case l.patterns[decides-1].negated:
		return Included
	}
	return Ignored
}

// match reports whether a pattern that is not looked up matches.
func (p *pattern) match(path, name string) bool {
	if p.anywhere {
		return p.segments[0].match(name)
	}
	return matchPath(p.segments, path)
}

// matchPath matches the names of a path one by one. After a "**", it first tries the
// rest of the pattern right there, and on failure one name further on. Only the last "**"
// passed needs to be tried again: what stood before it is matched, and the sooner the better.
func matchPath(segments []segment, path string) bool {
	next, at := 0, 0        // in segments, in path
	retry, retryAt := -1, 0 // where to go on after the last "**", and with which name
	for at <= len(path) {   // at == len(path)+1: all names are used up
		if next < len(segments) && segments[next].kind == anyDirs {
			next++
			retry, retryAt = next, at
			continue
		}
		end := nameEnd(path, at)
		if next < len(segments) && segments[next].match(path[at:end]) {
			next++
			at = end + 1
			continue
		}
		if retry < 0 {
			return false
		}
		retryAt = nameEnd(path, retryAt) + 1
		next, at = retry, retryAt
	}
	return next == len(segments)
}

func nameEnd(path string, start int) int {
	if i := strings.IndexByte(path[start:], '/'); i >= 0 {
		return start + i
	}
	return len(path)
}
