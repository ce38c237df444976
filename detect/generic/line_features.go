package generic

import "bytes"

// What holds of the line and the line before.
const (
	lineComment feature = iota
	lineTest            // assert, expect, should, mock
	lineFunction
	lineImport
	lineReturn
	lineCompare
	lineLookup
	lineFormat
	linePrint
	lineThrow
	lineURL
	lineUser       // a user name stands on the line
	lineUserBefore // or on the line before
	lineHost
	lineHostBefore
	lineExample
	lineExampleBefore
	lineSQL
	lineShell
	lineHTML
	lineJSON
	lineLong
	lineList
	lineType // class, struct, interface
	lineCode
	lineTranslate
	lineHash
	lineMarkdown
	lineHexBefore // the line before holds a long hexadecimal value, as vectors for tests do
	lineHexBeside // or the line itself, besides the value
	lineBadge     // a picture that shows the state of something: the token in its address is for everybody
	nLines
)

var lineNames = [nLines]string{
	"comment", "test", "function", "import", "return", "compare", "look-up", "format", "print", "throw", "url", "user", "user-before",
	"host", "host-before", "example", "example-before", "sql", "shell", "html", "json", "long", "list-item", "type", "code",
	"translation", "hash", "markdown", "hex-before", "hex-beside", "badge",
}

// What stands after the value.
const (
	afterEnd feature = iota
	afterComma
	afterSemicolon
	afterParen
	afterBrace
	afterPlus
	afterMethod
	afterWords
	afterQuery
	afterElement
	afterCompare
	afterOther
	nAfters
)

var afterNames = [nAfters]string{
	"end", "comma", "semicolon", "paren", "brace", "plus", "method", "words", "query", "element", "operator", "other",
}

// What stands before the name on its line.
const (
	beforeNothing feature = iota
	beforeWord
	beforeBrace
	beforeParen
	beforeComma
	beforeQuote
	beforeQuery
	beforeDash
	beforeElement
	beforeOther
	nBefores
)

var beforeNames = [nBefores]string{
	"nothing", "word", "brace", "paren", "comma", "quote", "query", "dash", "element", "other",
}

// lineSigns are the words that tell the features of a line, in lower case.
var lineSigns = [...]struct {
	f     feature
	words []string
}{
	{lineTest, []string{"assert", "expect", "should", "mock", "stub", "given", "verify("}},
	{lineFunction, []string{"def ", "func ", "function", "fn ", "public void", "lambda", "=> {"}},
	{lineImport, []string{"import ", "require(", "include", "using "}},
	{lineReturn, []string{"return "}},
	{lineCompare, []string{"==", "!=", "if ", "unless ", "when "}},
	{lineLookup, []string{"env", "getprop", "config.get", "get(", "fetch("}},
	{lineFormat, []string{"printf", "format", "%s", "{}", "interpolat"}},
	{linePrint, []string{"print", "echo", "log", "console", "puts"}},
	{lineThrow, []string{"throw", "raise", "error", "exception", "panic", "warn"}},
	{lineURL, []string{"://"}},
	{lineSQL, []string{"select ", "insert ", "update ", "create user", "create role", "alter ", "identified", "grant "}},
	{lineShell, []string{"export ", "curl ", "docker ", "mysql ", "psql ", "./", "$ ", "--", "sudo "}},
	{lineHTML, []string{"</", "/>", "<input", "<div", "<span", "<td", "type="}},
	{lineType, []string{"class ", "struct ", "interface ", "enum ", "@property", "typedef", "private ", "static "}},
	{lineTranslate, []string{"i18n", "t('", "_(\"", "_('", "translate", "gettext"}},
	{lineHash, []string{"sha", "md5", "bcrypt", "hash", "digest", "checksum", "integrity"}},
	{lineBadge, []string{"badge"}},
	{lineUser, []string{"user", "login", "email", "account", "client_id", "clientid", "consumer_key", "username"}},
	{lineHost, []string{"host", "server", "localhost", "port", "database", "url"}},
	{lineExample, []string{"example", "e.g.", "sample", "placeholder", "your", "replace", "dummy", "default", "fake", "change"}},
}

// describeLine adds what the candidate's own line and the line before say.
func (v *Verdict) describeLine(t *Text, c *Candidate, prev []byte) {
	lo, hi := t.Lo, t.Hi
	line := t.B[lo:hi]
	if hi-lo > 300 {
		v.has.add(fLine + lineLong)
	}
	var buf [2*Context + maxName + maxValue]byte
	low := lower(buf[:0], line)
	value := c.Value.Lo - lo
	// What the value itself holds says nothing of its line.
	for i := value; i < c.Value.Hi-lo; i++ {
		low[i] = 0
	}
	var inLine pairs
	inLine.fill(low)
	for i := range lineSigns {
		s := &lineSigns[i]
		v.has.addIf(inLine.containsAny(low, s.words...), fLine+s.f)
	}
	v.has.addIf(longHex(low), fLine+lineHexBeside)
	trimmed := bytes.TrimLeft(low, " \t")
	v.has.addIf(isComment(trimmed), fLine+lineComment)
	v.has.addIf(bytes.HasPrefix(trimmed, []byte("- ")), fLine+lineList)
	v.has.addIf(bytes.HasPrefix(trimmed, []byte("\"")) || bytes.HasPrefix(trimmed, []byte("{\"")), fLine+lineJSON)
	v.has.addIf(bytes.HasPrefix(trimmed, []byte("| ")) || bytes.Contains(low, []byte("](")) || bytes.Contains(low, []byte("**")), fLine+lineMarkdown)
	end := bytes.TrimRight(low, " \t\r")
	if n := len(end); n > 0 {
		v.has.addIf(end[n-1] == ';' || end[n-1] == '{' || end[n-1] == ')', fLine+lineCode)
	}
	if len(prev) > 0 {
		low := lower(buf[:0], prev)
		var before pairs
		before.fill(low)
		v.has.addIf(longHex(low), fLine+lineHexBefore)
		v.has.addIf(before.containsAny(low, "user", "login", "email", "account", "client"), fLine+lineUserBefore)
		v.has.addIf(before.containsAny(low, "host", "server", "port", "url", "database"), fLine+lineHostBefore)
		v.has.addIf(before.containsAny(low, "example", "sample", "placeholder", "your", "replace", "dummy", "default"), fLine+lineExampleBefore)
	}
	v.after(t, c)
	v.before(t, c)
}

// pairs is the set of the pairs of neighbouring bytes of a line, hashed. Most of the hundred words that are looked for have
// a pair that the line has not.
type pairs [16]uint64

func pairOf(a, b byte) uint { return (uint(a)*37 + uint(b)) % 1024 }

func (p *pairs) fill(line []byte) {
	for i := 1; i < len(line); i++ {
		n := pairOf(line[i-1], line[i])
		p[n/64] |= 1 << (n % 64)
	}
}

// containsAny is the function containsAny, for words of two bytes and more and the line that p was filled from.
func (p *pairs) containsAny(line []byte, words ...string) bool {
	for _, w := range words {
		if p.hasAll(w) && bytes.Contains(line, []byte(w)) {
			return true
		}
	}
	return false
}

// hasAll reports whether each pair of a word may be in the set.
func (p *pairs) hasAll(word string) bool {
	for i := 1; i < len(word); i++ {
		if n := pairOf(word[i-1], word[i]); p[n/64]>>(n%64)&1 == 0 {
			return false
		}
	}
	return true
}

// longHex reports whether a run of 20 hexadecimal digits stands in a line.
func longHex(line []byte) bool {
	const least = 20
	for i := least - 1; i < len(line); {
		j := i
		for j > i-least && isHexByte(line[j]) {
			j--
		}
		if j == i-least {
			return true
		}
		i = j + least
	}
	return false
}

func isComment(line []byte) bool {
	for _, p := range [...]string{"//", "#", "*", "/*", "--", "<!--", ";", "rem ", "%", "'''", "\"\"\""} {
		if bytes.HasPrefix(line, []byte(p)) {
			return true
		}
	}
	return false
}

// after adds what follows the value.
func (v *Verdict) after(t *Text, c *Candidate) {
	rest := t.B[c.Value.Hi:min(t.Hi, c.Value.Hi+Context)]
	rest = bytes.TrimLeft(rest, "\\")
	if c.Quote != Bare && len(rest) > 0 && c.Value.Hi < t.Hi {
		rest = bytes.TrimLeft(rest, "\"'`")
		rest = bytes.TrimPrefix(rest, []byte("&quot;"))
	}
	blank := len(rest) > 0 && isBlank(rest[0])
	rest = bytes.TrimLeft(rest, " \t\r")
	f := afterOther
	switch {
	case len(rest) == 0:
		f = afterEnd
	case rest[0] == ',':
		f = afterComma
	case rest[0] == ';':
		f = afterSemicolon
	case rest[0] == ')' || rest[0] == ']':
		f = afterParen
	case rest[0] == '}':
		f = afterBrace
	case rest[0] == '+':
		f = afterPlus
	case rest[0] == '.' || rest[0] == '[' || rest[0] == '(':
		f = afterMethod
	case rest[0] == '&':
		f = afterQuery
	case rest[0] == '<' || rest[0] == '>' || rest[0] == '/':
		f = afterElement
	case rest[0] == '=' || rest[0] == '|' || rest[0] == '?' || rest[0] == '*' || rest[0] == '%':
		f = afterCompare
	case blank && isNameByte(rest[0]):
		f = afterWords
	}
	v.has.add(fAfter + f)
}

// before adds what stands before the name.
func (v *Verdict) before(t *Text, c *Candidate) {
	i := c.Start
	for i > t.Lo && isBlank(t.B[i-1]) {
		i--
	}
	f := beforeOther
	switch {
	case i == t.Lo:
		f = beforeNothing
	case isNameByte(t.B[i-1]):
		f = beforeWord
	default:
		switch t.B[i-1] {
		case '{', '[':
			f = beforeBrace
		case '(':
			f = beforeParen
		case ',', ';':
			f = beforeComma
		case '"', '\'', '`', '\\':
			f = beforeQuote
		case '?', '&':
			f = beforeQuery
		case '-':
			f = beforeDash
		case '<', '>':
			f = beforeElement
		}
	}
	v.has.add(fBefore + f)
}

// describe adds what the candidate's name and value say.
func (v *Verdict) describe(t *Text, c *Candidate) {
	v.has.add(fBias)
	v.has.add(fOp + feature(c.Op))
	if c.Quote == Bare {
		v.has.add(fOpBare + feature(c.Op))
	}
	v.has.add(fQuote + feature(c.Quote))
	v.describeName(t, c)
	v.describeValue(t, c)
}
