package generic

import (
	"bytes"
	"strings"
)

// assigned returns a Find that reads what is assigned to a name whose words say that it is of a group:
//
//	name op value
//
// in programming languages, YAML, JSON, TOML, XML, .env and ini files, shell, command lines, URL
// queries and prose.
func assigned(g Group) func([]Candidate, *Text, int, int) []Candidate {
	return func(out []Candidate, t *Text, lo, hi int) []Candidate {
		lo, hi = trimAnchor(t.B, lo, hi)
		a := assignment{b: t.B[:t.Hi], lo: t.Lo}
		a.name.Hi = nameEnd(a.b, hi)
		if !a.operator(a.name.Hi) {
			return out
		}
		a.name.Lo = nameStart(a.b, t.Lo, lo)
		if a.name.Len() > maxName || groupOf(a.name.of(a.b)) != g || !a.place() {
			return out
		}
		group, as := g, ""
		if g == Auth && a.pair() {
			group, as = Password, Password.String()
		} else if !a.readValue() {
			return out
		}
		a.unwrap()
		if !a.settle() || a.noSecret(g) || g == Token && signedRequest(t, a.name, a.value) {
			return out
		}
		return append(out, Candidate{
			Group: group, As: as, Op: a.op, Quote: a.quote, Wrapped: a.wrapped,
			Name: a.name, Value: a.value, Start: a.name.Lo, End: a.value.Hi,
		})
	}
}

// assignedQuick reports whether an operator follows the name that the key word b[lo:hi] stands in.
func assignedQuick(b []byte, lo, hi int) bool {
	lo, hi = trimAnchor(b, lo, hi)
	i := nameEnd(b, hi)
	if i < len(b) && isBlank(b[i]) {
		// What most often follows a key word in text is another word.
		for i < len(b) && isBlank(b[i]) {
			i++
		}
	}
	if i == len(b) {
		return false
	}
	switch b[i] {
	case '\n', '\r', ';', '.', '/', '+', '%', '^', '~', '#', '{':
		return false
	}
	return keywordAt(b, max(0, lo-maxName), len(b), lo, hi)
}

// noLetter are the bytes that may follow key: no letters but the s of keys.
func noLetter() (set [4]uint64) {
	for c := range 256 {
		if !isLetter(byte(c)) || c == 's' {
			set[c>>6] |= 1 << (c & 63)
		}
	}
	return set
}

// nameEnd returns where the name that b[:i] ends in goes on to.
func nameEnd(b []byte, i int) int {
	for end := min(len(b), i+maxName); i < end; i++ {
		c := b[i]
		switch {
		case isNameByte(c):
		case (c == '.' || c == '-') && i+1 < len(b) && isNameByte(b[i+1]):
		default:
			return i
		}
	}
	return i
}

// nameStart returns where the name that holds b[i] begins.
func nameStart(b []byte, lo, i int) int {
	for lo = max(lo, i-maxName); i > lo; i-- {
		c := b[i-1]
		if isNameByte(c) || (c == '.' || c == '-') && i-1 > lo && isNameByte(b[i-2]) {
			continue
		}
		break
	}
	return i
}

// isNameByte also holds for the bytes of letters beyond ASCII.
func isNameByte(c byte) bool {
	return isLetter(c) || isDigit(c) || c == '_' || c >= 0x80
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isLower(c byte) bool  { return 'a' <= c && c <= 'z' }
func isUpper(c byte) bool  { return 'A' <= c && c <= 'Z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isBlank(c byte) bool  { return c == ' ' || c == '\t' }

func quoteOf(c byte) Quote {
	switch c {
	case '"':
		return Double
	case '\'':
		return Single
	case '`':
		return Back
	}
	return Bare
}

// assignment is what is read around a key word.
type assignment struct {
	b       []byte // the text up to the end of the line
	lo      int
	name    Span
	op      Op
	quote   Quote
	wrapped bool
	value   Span
	at      int  // where the value begins
	quoted  bool // the name stands in quotes
	second  bool // another name stands between: password, err = …
	told    bool // in a sentence: the password is "v"
	instead bool // for what the environment has not: process.env.SECRET || "v"
}

// maxClosers and maxBlanks bound what may stand between a name and its value.
const (
	maxClosers = 8
	maxBlanks  = 32
)

func (a *assignment) blanks(i int) int {
	for n := 0; n < maxBlanks && i < len(a.b) && isBlank(a.b[i]); n++ {
		i++
	}
	return i
}

// byteAt returns a byte, or a line end beyond the text.
func (a *assignment) byteAt(i int) byte {
	if i < len(a.b) {
		return a.b[i]
	}
	return '\n'
}

// operator reads what stands between the name, which ends at i, and the value: closing quotes and
// brackets, a type, and the operator. It fails where nothing is assigned.
func (a *assignment) operator(i int) bool {
	start := i
	i = a.closers(i)
	closed := i
	i = a.blanks(i)
	if a.quoted {
		if n := a.attribute(i); n > 0 {
			a.op, a.at = OpAssign, a.blanks(n)
			return true
		}
	}
	c, next := a.byteAt(i), a.byteAt(i+1)
	switch {
	case c == '=' && next == '>':
		a.op, i = OpArrow, i+2
	case c == '=' && next == '=' || c == '!' && next == '=':
		a.op, i = OpCompare, i+2
		if a.byteAt(i) == '=' {
			i++
		}
	case c == '=' && next == '~':
		return false
	case c == '=':
		a.op, i = OpAssign, i+1
	case next == '=' && (c == ':' || c == '?' || c == '+' || c == '|'):
		a.op, i = OpAssign, i+2
	case c == '|' && next == '|' && a.byteAt(i+2) == '=':
		a.op, i = OpAssign, i+3
	case c == next && (c == '|' || c == '?') && quoteOf(a.byteAt(a.blanks(i+2))) != Bare:
		a.op, a.instead, i = OpAssign, true, i+2
	case c == ':' && next == ':', c == ':' && closed > start && a.b[closed-1] == ']' && isLetter(next): // [type="password"]:focus
		return false
	case c == ':' && next == '/' && a.byteAt(i+2) == '/': // otpauth://
		return false
	case c == ':':
		a.op, i = OpColon, i+1
		if n := a.typed(a.blanks(i)); n > 0 && !twoNames(a.b[a.blanks(i):n-1]) {
			a.op, i = OpAssign, n
		}
	case c == '-' && next == '>':
		a.op, i = OpArrow, i+2
	case c == '<' && next == '-':
		a.op, i = OpAssign, i+2
	case c == '(' && i == start:
		a.op, i = OpCall, i+1
	case c == ',' && a.quoted:
		a.op, i = OpComma, i+1
	case c == ',' && i == start:
		n := a.typed(a.blanks(i + 1))
		switch {
		case n > 0:
			a.op, a.second, i = OpAssign, a.b[n-2] != ':', n
		case !isLower(a.b[i-1]) && quoteOf(a.byteAt(a.blanks(i+1))) != Bare: // perhaps a constant: put(Config.PASSWORD, "v")
			a.op, i = OpComma, i+1
		default:
			return false
		}
	case c == '>' && (i == start || a.quoted):
		a.op, i = OpElement, i+1
	case c == '.' && a.quoted && a.b[i-1] == ')':
		n := a.typedInto(i)
		if n == 0 {
			return false
		}
		a.op, i = OpCall, n
	case c == '|' && i > start:
		a.op, i = OpOther, i+1
	case i > closed:
		a.op = OpSpace
		if n := a.words(i); n > 0 {
			i = n
			break
		}
		if closed > start { // another attribute: for="password" class="…"
			break
		}
		if n := a.typed(i); n > 0 {
			a.op, i = OpAssign, n
		}
	default:
		return false
	}
	a.at = a.blanks(i)
	return a.byteAt(a.at) != '\n'
}

// closers skips what may close a name: quotes, brackets, the marks of Markdown and of optional fields.
func (a *assignment) closers(i int) int {
	for n := 0; n < maxClosers && i < len(a.b); n++ {
		switch c := a.b[i]; {
		case quoteOf(c) != Bare:
			a.quoted = true
		case c == '\\' && quoteOf(a.byteAt(i+1)) != Bare:
		case c == ']' || c == ')' || c == '}' || c == '*':
		case c == '&' && bytes.HasPrefix(a.b[i:], []byte("&quot;")):
			a.quoted = true
			i += len("&quot;") - 1
		case c == '?' && a.byteAt(i+1) == ':' || c == '!' && a.byteAt(i+1) == ':':
		case c == '[' && a.byteAt(i+1) == ']':
			i++
		case c == '[' && n == 0 && a.arraySize(i) > 0:
			i = a.arraySize(i)
		default:
			return i
		}
		i++
	}
	return i
}

// attribute returns where the value begins if the text goes on with another attribute that holds it, as
// in key="password" value="v", "name": "password", "value": "v" and "password" { default = "v" }; or 0.
func (a *assignment) attribute(i int) int {
	if c := a.byteAt(i); c == ',' || c == '{' {
		if n := a.laterDefault(i); n > 0 && c == ',' {
			return n
		}
		i = a.blanks(i + 1)
	}
	quoted := quoteOf(a.byteAt(i)) != Bare
	if quoted {
		i++
	}
	for _, w := range [...]string{"value", "content", "default", "with", "android:value"} {
		if !bytes.HasPrefix(a.b[min(i, len(a.b)):], []byte(w)) {
			continue
		}
		j := i + len(w)
		if quoted != (quoteOf(a.byteAt(j)) != Bare) {
			return 0
		}
		if quoted {
			j++
		}
		j = a.blanks(j)
		if c := a.byteAt(j); c == ':' || c == '=' && a.byteAt(j+1) != '=' && a.byteAt(j+1) != '>' {
			return j + 1
		}
	}
	return 0
}

// maxType and maxTypeWords bound the type between a name and what it is set to: more words are a sentence,
// as in secret to settings [ref=#7].
const (
	maxType      = 48
	maxTypeWords = 2
)

// typed returns where the value begins if a type or another name and an = stand at i, or 0: in
// password: String = "v", var password string = "v", password, err := "v".
func (a *assignment) typed(i int) int {
	start := i
	for end := min(len(a.b), i+maxType); i < end; i++ {
		c := a.b[i]
		switch {
		case isNameByte(c) || c == '.' || c == '<' || c == '>' || c == '[' || c == ']' || c == '|' || c == '?' || c == '&' || isBlank(c):
			if isBlank(c) && a.byteAt(i+1) == '=' && i == start {
				return 0
			}
		case c == ':' && a.byteAt(i+1) == '=' && i > start:
			return i + 2
		case c == '=' && i > start:
			next := a.byteAt(i + 1)
			if next == '=' || next == '>' || next == '~' || a.byteAt(a.blanks(i+1)) == '\n' || isNameByte(next) && isNameByte(a.b[i-1]) ||
				bytes.IndexByte(a.b[start:i], '|') < 0 && len(bytes.Fields(a.b[start:i])) > maxTypeWords {
				return 0
			}
			return i + 1
		default:
			return 0
		}
	}
	return 0
}

// twoNames reports whether what stands before an = is two names and no type: Authorization: Digest username="…".
func twoNames(b []byte) bool {
	b = bytes.TrimRight(b, " \t:")
	i := bytes.IndexAny(b, " \t")
	if i <= 0 || !isNameByte(b[i-1]) {
		return false
	}
	rest := bytes.TrimLeft(b[i:], " \t")
	return isNameByte(rest[0])
}

// place reports whether the operator means an assignment where the name stands. What follows a name after
// a blank is its value on a command line, in a line of two words, or in quotes.
func (a *assignment) place() bool {
	before := byte('\n')
	if a.name.Lo > a.lo {
		before = a.b[a.name.Lo-1]
	}
	switch {
	case a.op == OpCall && hasSuffixFold(a.name.of(a.b), "keys"): // keys to be pressed: feedkeys("ihello"), sendKeys("\t")
		return false
	case a.second: // not an argument and a named one: f(password, errors='strict')
		return a.byteBefore(a.name.Lo) == '\n' && isBlank(a.byteAt(a.name.Hi+1))
	case a.op == OpSpace && hasSuffixFold(a.name.of(a.b), "stdin"): // --password-stdin reads it from elsewhere
		return false
	}
	if a.instead && !fromEnvironment(a.b[a.lo:a.name.Hi]) {
		return false
	}
	switch a.op {
	case OpElement:
		return before == '<' || before == '/' || (before == '"' || before == '\'') && (!a.quoted || a.namesElement())
	case OpSpace:
		if before == '-' || before == '/' || quoteOf(a.byteAt(a.at)) != Bare {
			return true
		}
		a.at = a.kindOfSecret(a.at)
		return a.twoWords()
	}
	return true
}

// byteBefore returns the byte before b[i] and the blanks there, or a line end.
func (a *assignment) byteBefore(i int) byte {
	for i > a.lo && isBlank(a.b[i-1]) {
		i--
	}
	if i == a.lo {
		return '\n'
	}
	return a.b[i-1]
}

// twoWords reports whether the line is a directive and its value: requirepass v, set password v,
// ENV TOKEN v.
func (a *assignment) twoWords() bool {
	i := a.at
	for i < len(a.b) && !isBlank(a.b[i]) {
		i++
	}
	for i < len(a.b) {
		if !isBlank(a.b[i]) && a.b[i] != '\r' {
			return false
		}
		i++
	}
	before := bytes.TrimLeft(a.b[a.lo:a.name.Lo], " \t#;/")
	switch w := string(bytes.ToLower(bytes.TrimRight(before, " \t"))); w {
	case "", "env", "arg", "set", "export", "setenv", "setx", "run export", "define", "enable", "aws configure set", "git config --global",
		"travis env set", "set -x", "set -gx", "set -ux", "set -lx":
		return true
	case "${": // a variable of Robot Framework, which two blanks part from its value
		return isBlank(a.b[a.at-1]) && isBlank(a.b[a.at-2])
	default: // of a user of a router
		return strings.HasPrefix(w, "username ") && isBlank(before[len(before)-1])
	}
}
