package rules

import (
	"fmt"
	"strings"
)

// Error is one thing that is wrong in a rule file.
type Error struct {
	Pos  Position
	Rule string // id of the rule it stands in, if it stands in one and the id is known
	Key  string // the key as TOML spells it, e.g. "entropy" or "allowlists[1].regexes[0]"; may be empty
	Msg  string // what is wrong and what was expected, one line
}

// Error returns "file:line: rule "id": key: message"; parts that are not known
// are left out.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Pos.String())
	if e.Rule != "" {
		fmt.Fprintf(&b, ": rule %s", quote(e.Rule))
	}
	if e.Key != "" {
		b.WriteString(": " + e.Key)
	}
	b.WriteString(": " + e.Msg)
	return b.String()
}

// String returns "file:line", or the file alone if the line is not known.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// Errors are all the things wrong in a rule file and in the files it extends, in
// the order of the text. [Load] returns it; it unwraps to its elements.
type Errors []*Error

// maxErrorLines bounds what Errors prints: after that many lines, nobody reads on.
const maxErrorLines = 20

// Error returns one line for each error, up to twenty.
func (e Errors) Error() string {
	lines := make([]string, 0, len(e))
	for i, one := range e {
		if i == maxErrorLines {
			lines = append(lines, fmt.Sprintf("and %d more", len(e)-i))
			break
		}
		lines = append(lines, one.Error())
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the errors one by one.
func (e Errors) Unwrap() []error {
	out := make([]error, len(e))
	for i, one := range e {
		out[i] = one
	}
	return out
}

// maxQuoted is the longest value an error repeats. Rule files hold secrets (in
// allowlists, or pasted in the wrong place); names and words are shorter.
const maxQuoted = 40

// quote returns a short value in quotes, with control characters escaped, and
// only the length of a long one.
func quote(s string) string {
	if len(s) > maxQuoted {
		return fmt.Sprintf("(a text of %d bytes)", len(s))
	}
	return fmt.Sprintf("%q", s)
}
