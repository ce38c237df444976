package generic

import (
	"bytes"
	"encoding/base64"
	"unicode"
	"unicode/utf8"
)

// A Secret of Kubernetes says itself that what it holds is secret, whatever its members are called:
//
//	apiVersion: v1                  {"apiVersion": "v1", "kind": "Secret",
//	kind: Secret                     "data": {"foo": "c2VjcmV0"}}
//	data:
//	  foo: c2VjcmV0 (base64)
//	stringData:
//	  bar: a secret as it is
//
// The anchor is its kind, from which the mapping around it is read in both directions: data may stand before it, and a list
// has many. A part between two kinds is
// read for these only, for a Secret holds no other: a text of many kinds would be read as often. Of its members only those count that are one line of text, or bytes of the length of a key: what is
// longer, as certificates and whole files are, is found by what it holds itself.

// manifestReach is how far from its kind a Secret is read.
const manifestReach = 16 << 10

// maxMembers bounds the members of a Secret that are read, and maxKeyBytes those that are no text.
const (
	maxMembers  = 200
	minKeyBytes = 16
	maxKeyBytes = 128
)

// manifestQuick reports whether the anchor, which ends in Secret, is the whole kind.
func manifestQuick(b []byte, lo, hi int) bool {
	if !bytes.HasPrefix(b[lo:hi], []byte("kind")) || !bytes.HasSuffix(b[lo:hi], []byte("Secret")) || !startsWord(b, 0, lo) {
		return false
	}
	return hi == len(b) || !isNameByte(b[hi]) && b[hi] != '.' && b[hi] != '-' && b[hi] != '/'
}

// manifests finds the members of the Secret whose kind stands at the anchor.
func manifests(out []Candidate, t *Text, lo, _ int) []Candidate {
	m := manifest{b: t.B[:t.Hi], lo: t.Lo, torn: !t.LineStart, cut: t.Hi < len(t.B), out: out}
	if b := t.B; lo > t.Lo && b[lo-1] == '"' && bytes.IndexByte(b[lo:min(t.Hi, lo+len("kind\""))], '"') >= 0 {
		m.object(lo - 1)
	} else {
		m.mapping(lo)
	}
	return m.out
}

// maxColumn is the deepest column in which the keys of a Secret begin.
const maxColumn = 40

// manifest reads a Secret.
type manifest struct {
	b    []byte // up to the end of what may be looked at
	lo   int    // and where that begins
	torn bool   // which is within a line
	cut  bool   // the text goes on behind b
	out  []Candidate
	n    int
}

// add takes in a member. Encoded ones are in base64, which may be wrapped.
func (m *manifest) add(name, value Span, q Quote, encoded bool) {
	if m.n++; m.n > maxMembers || name.Len() == 0 || name.Len() > maxName || value.Len() < minValue || value.Len() > 2*maxValue {
		return
	}
	c := Candidate{
		Group: groupOf(name.of(m.b)), Op: OpColon, Quote: q, Name: name, Value: value, Start: name.Lo, End: value.Hi, Apart: true,
	}
	plain, neutral := value.of(m.b), c.Group == ID
	if c.Group == Salt || neutral && tellsOther(name.of(m.b)) {
		return
	}
	if neutral {
		c.Group, c.As = Password, "password"
	}
	if encoded {
		bin, ok := unwrap(plain)
		if !ok {
			return
		}
		if text, ok := oneLine(bin); ok {
			plain, c.Plain = text, text
		} else if utf8.Valid(bin) || len(bin) < minKeyBytes || len(bin) > maxKeyBytes || bytes.IndexByte(plain, '\n') >= 0 {
			return
		} else if neutral {
			c.Group, c.As = Secret, "secret_key"
		}
	}
	if neutral && public(plain) {
		return
	}
	if len(plain) < minValue || len(plain) > maxValue || control(plain) || plainly(plain) || stock(plain, nil) || isWrapped(plain) {
		return
	}
	m.out = append(m.out, c)
}

// tellsOther reports whether the last word of a name says that the value is no secret: who or where somebody is, a certificate.
func tellsOther(name []byte) bool {
	last := wordNone
	known := knownWords()
	splitName(name, func(w []byte) {
		if last = known.words[string(w)].kind; isOneOf(w, "user", "login", "account", "mail", "server", "crt", "cert", "ca", "region", "issuer", "tenant", "realm") {
			last = wordPublic
		}
	})
	switch last {
	case wordPlace, wordUser, wordPublic, wordNumber, wordFlag, wordID, wordDescr:
		return true
	}
	return false
}

// public reports whether a value under a name that tells nothing is an address, a path, or a name made of words and numbers.
func public(v []byte) bool {
	if v[0] == '/' || bytes.Contains(v, []byte("://")) || mailAddress(v) {
		return true
	}
	for i, c := range v {
		switch {
		case isLower(c) && i > 0 && isDigit(v[i-1]), isDigit(c) && i > 0 && isLower(v[i-1]):
			return false
		case !isLower(c) && !isDigit(c) && c != '-' && c != '_' && c != '.':
			return false
		}
	}
	return bytes.IndexFunc(v, unicode.IsLetter) >= 0
}

// mailAddress reports whether a value is an address of electronic mail, by its looks.
func mailAddress(v []byte) bool {
	user, host, ok := bytes.Cut(v, []byte("@"))
	if !ok || len(user) == 0 || bytes.IndexByte(host, '.') <= 0 {
		return false
	}
	return bytes.IndexFunc(host, func(r rune) bool { return r > '~' || !isNameByte(byte(r)) && r != '.' && r != '-' }) < 0
}

// unwrap decodes base64 that may stand on several lines.
func unwrap(value []byte) ([]byte, bool) {
	out := make([]byte, base64.StdEncoding.DecodedLen(len(value)))
	n, err := base64.StdEncoding.Strict().Decode(out, bytes.ReplaceAll(value, []byte(" "), nil)) // which passes over line ends itself
	return out[:n], err == nil && n > 0
}

// oneLine returns a text without the line end that echo leaves behind it, if it is one and has but one line.
func oneLine(b []byte) ([]byte, bool) {
	b = bytes.TrimRight(b, "\r\n")
	if !utf8.Valid(b) || bytes.IndexFunc(b, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0 {
		return nil, false
	}
	return b, len(b) > 0
}

// mapping reads the block mapping of YAML whose kind stands at b[at].
func (m *manifest) mapping(at int) {
	if at > m.lo && quoteOf(m.b[at-1]) != Bare {
		at--
	}
	start := m.head(at)
	if start < 0 {
		return // not the first of its line
	}
	column := at - start
	if column > maxColumn {
		return
	}
	first := start
	for !m.begins(first, column) {
		before := m.lineStart(first - 1)
		if before < 0 || !m.within(before, column) || m.isKind(before) {
			break
		}
		first = before
	}
	for line := first; line < len(m.b) && m.within(line, column) && (line == first || !m.begins(line, column) && (line == start || !m.isKind(line))); {
		end := m.lineEnd(line)
		next := end + 1
		if m.column(line, end, true) == column {
			key, rest := m.key(line+column, end)
			if m.content(rest).Len() == 0 && isOneOf(key.of(m.b), "data", "stringData") {
				next = m.members(next, column, hasFold(m.b, key.Lo, "data"))
			}
		}
		line = next
	}
}

// head returns where the line begins that has its first key at b[at]; -1 if something else stands before it.
func (m *manifest) head(at int) int {
	i := at
	for i > m.lo && (m.b[i-1] == ' ' || m.b[i-1] == '-' && m.b[i] == ' ') {
		i--
	}
	if i > m.lo && m.b[i-1] == '\n' || i == m.lo && !m.torn {
		return i
	}
	return -1
}

// isKind reports whether a line says of the mapping it stands in that it is a Secret.
func (m *manifest) isKind(line int) bool {
	end := m.lineEnd(line)
	at := m.column(line, end, true)
	if at == noColumn {
		return false
	}
	key, rest := m.key(line+at, end)
	kind := m.content(rest)
	if kind.Len() > 2 && quoteOf(m.b[kind.Lo]) != Bare {
		kind = Span{kind.Lo + 1, kind.Hi - 1}
	}
	return string(key.of(m.b)) == "kind" && string(kind.of(m.b)) == "Secret"
}

// lineStart returns where the line of b[at] begins; -1 if there is none or not all of it may be looked at.
func (m *manifest) lineStart(at int) int {
	if at < m.lo {
		return -1
	}
	if i := bytes.LastIndexByte(m.b[m.lo:at], '\n'); i >= 0 {
		return m.lo + i + 1
	}
	if m.torn {
		return -1
	}
	return m.lo
}

func (m *manifest) lineEnd(at int) int {
	if i := bytes.IndexByte(m.b[min(at, len(m.b)):], '\n'); i >= 0 {
		return at + i
	}
	return len(m.b)
}

// noColumn is that of a line that belongs to what is around it: there is nothing on it, a comment, or a directive of a template.
const noColumn = 1 << 20

// column returns where the text of a line begins: behind the dash that begins the entry of a list, if it is to be passed over.
func (m *manifest) column(line, end int, dash bool) int {
	i := line
	for i < end && (m.b[i] == ' ' || dash && m.b[i] == '-' && i+1 < end && m.b[i+1] == ' ') {
		i++
	}
	if i == end || m.b[i] == '\r' || m.b[i] == '#' || m.b[i] == '{' && i+1 < end && m.b[i+1] == '{' {
		return noColumn
	}
	return i - line
}

// within reports whether a line belongs to the mapping whose keys begin in a column: it is further in, or has a key there.
func (m *manifest) within(line, column int) bool {
	end := m.lineEnd(line)
	at := m.column(line, end, true)
	if at == column {
		key, _ := m.key(line+at, end)
		return key.Len() > 0
	}
	return at > column
}

// begins reports whether a line is the first of an entry of a list, which is the mapping whose keys begin in a column.
func (m *manifest) begins(line, column int) bool {
	end := m.lineEnd(line)
	return m.column(line, end, true) == column && m.column(line, end, false) < column
}

// key reads a key and the colon behind it, none if there is none. The rest is the line from there on.
func (m *manifest) key(i, end int) (key, rest Span) {
	if i < end && (m.b[i] == '"' || m.b[i] == '\'') {
		n := bytes.IndexByte(m.b[i+1:end], m.b[i])
		if n < 0 {
			return Span{}, Span{}
		}
		key = Span{i + 1, i + 1 + n}
		i = key.Hi + 1
	} else {
		key.Lo = i
		for i < end && (isNameByte(m.b[i]) || m.b[i] == '-' || m.b[i] == '.') {
			i++
		}
		key.Hi = i
	}
	if key.Len() == 0 || i >= end || m.b[i] != ':' || i+1 < end && !isBlank(m.b[i+1]) && m.b[i+1] != '\r' {
		return Span{}, Span{}
	}
	return key, Span{i + 1, end}
}

// content takes blanks and comments off what stands behind a key.
func (m *manifest) content(s Span) Span {
	s = trimSpan(m.b, Span{s.Lo, s.Lo + len(bytes.TrimRight(s.of(m.b), " \t\r"))})
	if s.Len() == 0 {
		return s
	}
	if quoteOf(m.b[s.Lo]) != Bare {
		if i := bytes.IndexByte(m.b[s.Lo+1:s.Hi], m.b[s.Lo]); i >= 0 {
			s.Hi = s.Lo + i + 2
		}
		return s
	}
	if i := bytes.Index(m.b[s.Lo-1:s.Hi], []byte(" #")); i >= 0 {
		s.Hi = s.Lo - 1 + i
	}
	return trimSpan(m.b, Span{s.Lo, max(s.Lo, s.Hi)})
}

// members reads the members of data or stringData, whose key stands in a column of the line before, and returns where the
// mapping goes on.
func (m *manifest) members(line, parent int, encoded bool) int {
	column := -1
	for line < len(m.b) {
		end := m.lineEnd(line)
		at := m.column(line, end, false)
		if at <= parent {
			break
		}
		next := end + 1
		if at < noColumn {
			if column < 0 {
				column = at
			}
			for next < len(m.b) && m.further(next, at) {
				next = m.lineEnd(next) + 1
			}
			if key, rest := m.key(line+at, end); at == column && key.Len() > 0 && (next < len(m.b) || !m.cut) {
				m.scalar(key, rest, Span{end + 1, next}, encoded)
			}
		}
		line = next
	}
	return line
}

// further reports whether a line begins behind a column.
func (m *manifest) further(line, column int) bool {
	at := m.column(line, m.lineEnd(line), false)
	return column < at && at < noColumn
}

// scalar reads the value of a member: behind its key, and on the lines below that are further in.
func (m *manifest) scalar(key, rest, below Span, encoded bool) {
	v := m.content(rest)
	below.Hi = min(below.Hi, len(m.b))
	if more := bytes.TrimSpace(m.b[min(below.Lo, below.Hi):below.Hi]); len(more) > 0 {
		lo := below.Lo + bytes.Index(m.b[below.Lo:below.Hi], more)
		switch block := v.Len() > 0 && (m.b[v.Lo] == '|' || m.b[v.Lo] == '>'); {
		case block || v.Len() == 0:
			v = Span{lo, lo + len(more)}
		case !encoded:
			return
		default:
			v.Hi = lo + len(more)
		}
		if !encoded && bytes.IndexByte(v.of(m.b), '\n') >= 0 {
			return
		}
	}
	q := Bare
	if v.Len() > 1 {
		if q = quoteOf(m.b[v.Lo]); q != Bare && m.b[v.Hi-1] == m.b[v.Lo] {
			v.Lo, v.Hi = v.Lo+1, v.Hi-1
		}
	}
	m.add(key, v, q, encoded)
}

// object reads the object of JSON whose kind, in quotes, stands at b[at].
func (m *manifest) object(at int) {
	m.apart(at)
	open := m.opening(at)
	if open < 0 {
		return
	}
	m.each(open, func(key, value Span) {
		if value.Len() <= 0 || m.b[value.Lo] != '{' {
			return
		}
		encoded := string(key.of(m.b)) == "data"
		if !encoded && string(key.of(m.b)) != "stringData" {
			return
		}
		m.each(value.Lo, func(key, value Span) {
			if value.Len() < 2 || m.b[value.Lo] != '"' || m.b[value.Hi-1] != '"' || bytes.IndexByte(value.of(m.b), '\\') >= 0 {
				return
			}
			m.add(key, Span{value.Lo + 1, value.Hi - 1}, Double, encoded)
		})
	})
}

// apart bounds what is looked at by the kinds of the Secrets before and behind that whose kind, in quotes, stands at b[at].
func (m *manifest) apart(at int) {
	const key = `"kind":`
	isSecret := func(i int) bool {
		return bytes.HasPrefix(bytes.TrimLeft(m.b[i+len(key):min(len(m.b), i+3*len(key))], " "), []byte(`"Secret`))
	}
	for i := at; ; {
		if i = bytes.LastIndex(m.b[m.lo:i], []byte(key)); i < 0 {
			break
		}
		if i += m.lo; isSecret(i) {
			m.lo = i + len(key)
			break
		}
	}
	for i := at + len(key); ; i += len(key) {
		n := bytes.Index(m.b[i:], []byte(key))
		if n < 0 {
			break
		}
		if i += n; isSecret(i) {
			m.b = m.b[:i]
			break
		}
	}
}

// opening returns where the object begins that b[at] stands in, outside of strings; -1 if it may not be looked at.
func (m *manifest) opening(at int) int {
	depth := 0
	for i := at - 1; i >= m.lo; i-- {
		switch m.b[i] {
		case '"':
			for i--; i >= m.lo && (m.b[i] != '"' || m.escaped(i)); i-- {
			}
		case '}', ']':
			depth++
		case '{', '[':
			if depth == 0 {
				return i
			}
			depth--
		}
	}
	return -1
}

// escaped reports whether a backslash makes b[i] a part of a string.
func (m *manifest) escaped(i int) bool {
	n := 0
	for i-n > m.lo && m.b[i-n-1] == '\\' {
		n++
	}
	return n%2 == 1
}

// each calls yield for the members of the object that begins at b[open], as far as it may be looked at.
func (m *manifest) each(open int, yield func(key, value Span)) {
	if m.b[open] != '{' {
		return
	}
	for i := open + 1; ; {
		if i = m.blank(i); i < len(m.b) && m.b[i] == ',' {
			i = m.blank(i + 1)
		}
		if i >= len(m.b) || m.b[i] != '"' {
			return
		}
		end := m.value(i)
		if end < 0 {
			return
		}
		colon := m.blank(end)
		if colon >= len(m.b) || m.b[colon] != ':' {
			return
		}
		value := m.blank(colon + 1)
		after := m.value(value)
		if after < 0 {
			after = len(m.b)
		}
		yield(Span{i + 1, end - 1}, Span{value, after})
		i = after
	}
}

// blank skips blanks and line ends.
func (m *manifest) blank(i int) int {
	for i < len(m.b) && (isBlank(m.b[i]) || m.b[i] == '\n' || m.b[i] == '\r') {
		i++
	}
	return i
}

// value returns where the value of JSON that begins at b[i] ends; -1 if that may not be looked at.
func (m *manifest) value(i int) int {
	depth := 0
	for ; i < len(m.b); i++ {
		switch m.b[i] {
		case '"':
			for i++; i < len(m.b) && m.b[i] != '"'; i++ {
				if m.b[i] == '\\' {
					i++
				}
			}
			if depth == 0 && i < len(m.b) {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
	return -1
}
