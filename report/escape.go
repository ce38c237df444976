package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escape returns s as one line of visible characters. The text comes from a
// hostile repository and goes to a terminal or to the log of a CI service, so
// what would move the cursor, change the colour, reorder the line (bidi
// controls), hide in it (zero width) or break it is written as \n, \r, \t,
// \x1b or \u{202e}; bytes that are no UTF-8 are written as \xff. What is
// printable, backslashes included, stays.
//
// GitHub's runner takes "##[" anywhere in a line for a command, and "::" at the
// start of a line, with blanks before it or not: s may come to stand there.
func Escape(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	if rest := strings.TrimLeft(s, " "); strings.HasPrefix(rest, "::") {
		b.WriteString(s[:len(s)-len(rest)] + `\x3a`)
		s = rest[1:]
	}
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '#' && strings.HasPrefix(s[i:], "##["):
			b.WriteString(`\x23`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < utf8.RuneSelf:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u{%x}`, r)
		}
		i += size
	}
	return b.String()
}

// isPlain reports whether s is what most text is: printable ASCII without commands.
func isPlain(s string) bool {
	if s != "" && (s[0] == ':' || s[0] == ' ') {
		return false
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == '#' {
			return false
		}
	}
	return true
}

// escapeCode is Escape for a line of source text, where a tab is a gap.
func escapeCode(s string) string {
	return Escape(strings.ReplaceAll(s, "\t", "    "))
}
