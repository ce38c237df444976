package gitignore

import "strings"

// segment is the part of a pattern between two slashes.
type segment struct {
	kind kind
	text string
}

type kind uint8

const (
	glob    kind = iota
	literal      // the name is text
	suffix       // the name ends in text: "*.o"
	anyDirs      // "**": any number of names, none included
	invalid
)

const special = `*?[\`

func parseSegment(s string) segment {
	switch {
	case s == "":
		return segment{invalid, s} // no name is empty
	case !strings.ContainsAny(s, special):
		return segment{literal, s}
	case strings.Trim(s, "*") == "" && len(s) > 1:
		return segment{anyDirs, s}
	case s[0] == '*' && !strings.ContainsAny(s[1:], special):
		return segment{suffix, s[1:]}
	case !wellFormed(s):
		return segment{invalid, s}
	}
	return segment{glob, s}
}

func (s segment) valid() bool { return s.kind != invalid }

func (s segment) match(name string) bool {
	switch s.kind {
	case literal:
		return name == s.text
	case suffix:
		return strings.HasSuffix(name, s.text)
	}
	return matchGlob(s.text, name)
}

// wellFormed reports whether brackets are closed and a backslash has something behind it.
func wellFormed(p string) bool {
	for len(p) > 0 {
		switch p[0] {
		case '[':
			n, _ := matchClass(p, 0)
			if n == 0 {
				return false
			}
			p = p[n:]
		case '\\':
			if len(p) == 1 {
				return false
			}
			p = p[2:]
		default:
			p = p[1:]
		}
	}
	return true
}

// matchGlob matches a name against a well-formed pattern. As in matchPath, only the last
// star needs to be tried again, so the time is at most the product of the lengths.
func matchGlob(p, name string) bool {
	next, at := 0, 0
	retry, retryAt := -1, 0
	for at < len(name) {
		if next < len(p) {
			if p[next] == '*' {
				next++
				retry, retryAt = next, at
				continue
			}
			if n := matchByte(p[next:], name[at]); n > 0 {
				next += n
				at++
				continue
			}
		}
		if retry < 0 {
			return false
		}
		retryAt++
		next, at = retry, retryAt
	}
	return strings.Trim(p[next:], "*") == ""
}

// matchByte matches c against the first element of p, which is no star, and returns the
// element's length, or 0.
func matchByte(p string, c byte) int {
	switch p[0] {
	case '?':
		return 1
	case '[':
		if n, ok := matchClass(p, c); ok {
			return n
		}
		return 0
	case '\\':
		if p[1] == c {
			return 2
		}
		return 0
	}
	if p[0] == c {
		return 1
	}
	return 0
}

// matchClass matches c against the bracket expression at the start of p (POSIX.2 §2.8.3.2,
// with ! or ^ for negation and backslash as escape). It returns the length of the
// expression, 0 if it is malformed.
func matchClass(p string, c byte) (n int, ok bool) {
	i := 1
	negated := i < len(p) && (p[i] == '!' || p[i] == '^')
	if negated {
		i++
	}
	for first := true; ; first = false {
		if i >= len(p) {
			return 0, false
		}
		if p[i] == ']' && !first {
			return i + 1, ok != negated
		}
		if strings.HasPrefix(p[i:], "[:") {
			if end := strings.IndexByte(p[i+2:], ']'); end > 0 && p[i+1+end] == ':' {
				in, known := classes[p[i+2:i+1+end]]
				if !known {
					return 0, false
				}
				ok = ok || in(c)
				i += end + 3
				continue
			}
		}
		low, size := classByte(p[i:])
		if size == 0 {
			return 0, false
		}
		i += size
		high := low
		if i+1 < len(p) && p[i] == '-' && p[i+1] != ']' {
			if high, size = classByte(p[i+1:]); size == 0 {
				return 0, false
			}
			i += 1 + size
		}
		ok = ok || low <= c && c <= high
	}
}

// classByte returns the first byte of a bracket expression's rest, unescaped.
func classByte(p string) (c byte, size int) {
	if p[0] != '\\' {
		return p[0], 1
	}
	if len(p) == 1 {
		return 0, 0
	}
	return p[1], 2
}

// classes are the named classes of POSIX in the C locale.
var classes = map[string]func(byte) bool{
	"alnum":  func(c byte) bool { return isAlpha(c) || isDigit(c) },
	"alpha":  isAlpha,
	"blank":  func(c byte) bool { return c == ' ' || c == '\t' },
	"cntrl":  func(c byte) bool { return c < ' ' || c == 0x7f },
	"digit":  isDigit,
	"graph":  isGraph,
	"lower":  func(c byte) bool { return 'a' <= c && c <= 'z' },
	"print":  func(c byte) bool { return c == ' ' || isGraph(c) },
	"punct":  func(c byte) bool { return isGraph(c) && !isAlpha(c) && !isDigit(c) },
	"space":  func(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' },
	"upper":  func(c byte) bool { return 'A' <= c && c <= 'Z' },
	"xdigit": func(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' },
}

func isAlpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isGraph(c byte) bool { return ' ' < c && c < 0x7f }
