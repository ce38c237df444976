package generic

import "bytes"

// The detectors of url.go, header.go, command.go, query.go and call.go know places that a format or a command sets
// aside for secrets. They share how a value is read there.

// maxSpan bounds how far from its anchor a place is looked for, so that nothing depends on more than Context.
const maxSpan = 400

// window returns the line from at on, at most maxSpan bytes of it, and whether that is not all of it.
func (t *Text) window(at int) (b []byte, cut bool) {
	hi := min(t.Hi, at+maxSpan)
	return t.B[:hi], hi < t.Hi
}

// argument reads the word or the string that begins at b[i]: in quotes, also escaped ones, or up to what ends a
// word of a shell. It returns where the text goes on.
func argument(b []byte, i int) (v Span, q Quote, end int, ok bool) {
	a := assignment{b: b}
	if q := quoteOf(a.byteAt(i)); q != Bare || a.byteAt(i) == '\\' {
		if !a.quotedValue(i) {
			return v, q, i, false
		}
		end = a.value.Hi + 1
		for end < len(b) && (b[end-1] == '\\' || b[end] == '\\') {
			end++
		}
		return a.value, a.quote, min(end, len(b)), true
	}
	j := i
	for j < len(b) && !endsWord(b[j]) {
		j++
	}
	return Span{i, j}, Bare, j, j > i
}

// endsWord reports whether a byte ends a word of a shell.
func endsWord(c byte) bool {
	switch c {
	case ' ', '\t', '\r', '\n', '"', '\'', '`', ';', '|', '&', ')', '<', '>', '\\':
		return true
	}
	return false
}

// plainly reports values that are no secrets whatever their letters: references, templates, patterns, pieces of
// code around a variable.
func plainly(v []byte) bool {
	switch v[0] {
	case '<', '{', '[', '$', ':':
		return true
	case '%':
		if v[len(v)-1] == '%' {
			return true
		}
	case '+', '.':
		if len(v) > 1 && isBlank(v[1]) {
			return true
		}
	}
	return containsAny(v, "${", "{{", "#{", "$(", "<%", "%(", "%s", "%v", "%d", "%@", "{}", "{0}", "[^", ".*", ".+", "...", "` +", "' +", "\" +", "' .", "\" .", "***")
}

// stock reports values that stand where everybody's examples have theirs, and those that only repeat the user or
// one character.
func stock(value, user []byte) bool {
	if len(user) > 0 && bytes.EqualFold(value, user) || isMask(value) {
		return true
	}
	if hasFold(value, 0, "your-") || hasFold(value, 0, "your_") {
		return true
	}
	if isOneOf(user, "scott") && hasFold(value, 0, "tiger") { // the account of Oracle's examples
		return true
	}
	return isOneOf(value, "pass", "password", "passwd", "passwort", "secret", "example", "changeme", "change_me", "change-me", "guest", "test",
		"admin", "root", "user", "username", "token", "postgres", "mysql", "redis", "mypass", "mypassword", "my_password", "my-password", "yourpassword",
		"your_password", "your-password", "user_password", "userpass", "somepassword", "open sesame",
		"opensesame", "foo", "bar", "baz", "foobar", "p@ssword", "p@ssw0rd", "passw0rd", "p4ssw0rd", "letmein", "hunter2")
}

// blanksIn skips blanks.
func blanksIn(b []byte, i int) int {
	for i < len(b) && isBlank(b[i]) {
		i++
	}
	return i
}

// hasWord reports whether a word, in lower case, stands at b[i], in any case, and no letter or digit follows.
func hasWord(b []byte, i int, word string) bool {
	return hasFold(b, i, word) && (i+len(word) == len(b) || !isLetter(b[i+len(word)]) && !isDigit(b[i+len(word)]) && b[i+len(word)] != '_')
}

// hasFold reports whether a text in lower case stands at b[i], in any case.
func hasFold(b []byte, i int, text string) bool {
	if i < 0 || i+len(text) > len(b) {
		return false
	}
	for k := range len(text) {
		c := b[i+k]
		if isUpper(c) {
			c |= 0x20
		}
		if c != text[k] {
			return false
		}
	}
	return true
}

// hasSuffixFold reports whether b ends in a text in lower case, in any case.
func hasSuffixFold(b []byte, text string) bool { return hasFold(b, len(b)-len(text), text) }

// indexFold returns where a text in lower case stands in b[lo:hi], in any case, or -1.
func indexFold(b []byte, lo, hi int, text string) int {
	for i := lo; i+len(text) <= hi; i++ {
		if (b[i] == text[0] || isUpper(b[i]) && b[i]|0x20 == text[0]) && hasFold(b, i, text) {
			return i
		}
	}
	return -1
}

// startsWord reports whether no letter, digit or _ stands before b[i].
func startsWord(b []byte, lo, i int) bool {
	return i <= lo || !isLetter(b[i-1]) && !isDigit(b[i-1]) && b[i-1] != '_'
}

// trimSpan takes blanks off both ends.
func trimSpan(b []byte, s Span) Span {
	for s.Lo < s.Hi && isBlank(b[s.Lo]) {
		s.Lo++
	}
	for s.Lo < s.Hi && isBlank(b[s.Hi-1]) {
		s.Hi--
	}
	return s
}

// isOneOf reports whether v is one of the words, in any case.
func isOneOf(v []byte, words ...string) bool {
	for _, w := range words {
		if bytes.EqualFold(v, []byte(w)) {
			return true
		}
	}
	return false
}
