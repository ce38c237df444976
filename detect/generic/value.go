package generic

import "bytes"

// readValue reads the value that begins at a.at.
func (a *assignment) readValue() bool {
	i := a.at
	if a.op == OpElement {
		return a.element(i)
	}
	for depth := 0; depth < 4; depth++ {
		open := a.openers(i)
		if a.wrapped && open > i && a.b[i] == '[' { // a list, as of the words of a command: check_output(["pwgen", "-s"])
			return false
		}
		i = open
		if a.numbers(i) {
			return true
		}
		if a.quotedValue(i) {
			return a.value.Len() >= minValue
		}
		n := a.call(i)
		if n < 0 {
			return false
		}
		if n == 0 {
			break
		}
		a.wrapped = true
		i = n
	}
	if a.op == OpCall || a.op == OpComma || a.wrapped {
		return false // an argument that is no literal
	}
	return a.bareValue(i)
}

// pair reads a user and a password in brackets, as Python's requests take them: auth=("user", "v").
func (a *assignment) pair() bool {
	if a.byteAt(a.at) != '(' {
		return false
	}
	user, password := assignment{b: a.b}, assignment{b: a.b}
	if !user.quotedValue(a.blanks(a.at + 1)) {
		return false
	}
	comma := a.blanks(user.value.Hi + 1)
	if a.byteAt(comma) != ',' || !password.quotedValue(a.blanks(comma+1)) || password.value.Len() < minValue ||
		a.byteAt(a.blanks(password.value.Hi+1)) != ')' {
		return false
	}
	a.quote, a.value = password.quote, password.value
	return true
}

// openers skips what may stand before a quoted value: brackets and the prefixes of strings.
func (a *assignment) openers(i int) int {
	for n := 0; n < 3; n++ {
		c := a.byteAt(i)
		if c == '{' {
			if n := a.blanks(i + 1); a.attribute(n) > 0 {
				i = a.blanks(a.attribute(n))
				continue
			}
		}
		if (c == '(' || c == '[' || c == '{') && (quoteOf(a.byteAt(a.blanks(i+1))) != Bare) {
			i = a.blanks(i + 1)
			continue
		}
		if quoteOf(a.byteAt(i+1)) != Bare && (c == '@' || c == '$' || isStringPrefix(c)) {
			i++
			continue
		}
		break
	}
	return i
}

func isStringPrefix(c byte) bool {
	switch c {
	case 'b', 'r', 'u', 'f', 'B', 'R', 'U', 'L', 's':
		return true
	}
	return false
}

// quotedValue reads a value in quotes.
func (a *assignment) quotedValue(i int) bool {
	slashes := 0
	for a.byteAt(i+slashes) == '\\' && slashes < 7 {
		slashes++
	}
	q := quoteOf(a.byteAt(i + slashes))
	if q == Bare {
		return a.entityQuoted(i)
	}
	mark := a.b[i+slashes]
	start := i + slashes + 1
	if slashes == 0 && a.byteAt(start) == mark && a.byteAt(start+1) == mark { // """v"""
		start += 2
	}
	limit := min(len(a.b), start+maxValue)
	for j := start; j < limit; j++ {
		switch c := a.b[j]; {
		case c == '\\' && slashes == 0:
			j++
		case c == '\\':
			n := 0
			for j+n < limit && a.b[j+n] == '\\' {
				n++
			}
			if n <= slashes && a.byteAt(j+n) == mark {
				a.quote, a.value = Escaped, Span{start, j}
				return true
			}
			j += n
		case c == mark:
			a.quote, a.value = q, Span{start, j}
			if slashes > 0 {
				a.quote = Escaped
			}
			return true
		}
	}
	return a.openEnded(start, limit)
}

// openEnded takes the rest of a line for a value whose closing quote stands on another line, if it is long
// and of one piece.
func (a *assignment) openEnded(start, limit int) bool {
	const least = 20
	end := start
	for end < limit && !endsBare(a.b[end]) {
		end++
	}
	if end-start < least || a.byteAt(end) != '\n' && a.byteAt(end) != '\r' {
		return false
	}
	a.quote, a.value = Bare, Span{start, end}
	return true
}

// numbers reads an array of byte values: []byte{13, 124, 91, …}, [0x0d, 0x7c, …].
func (a *assignment) numbers(i int) bool {
	for n := 0; n < 24 && (isNameByte(a.byteAt(i)) || a.byteAt(i) == '[' || a.byteAt(i) == ']' || a.byteAt(i) == ' '); n++ {
		i++
	}
	if a.byteAt(i) == '{' || a.byteAt(i) == '(' {
		i++
	}
	for i > a.at && isNameByte(a.b[i-1]) {
		i--
	}
	start, end, count := i, i, 0
	for ; i < min(len(a.b), start+maxValue); i++ {
		switch c := a.b[i]; {
		case isHexByte(c) || c == 'x':
			end = i + 1
		case c == ',':
			count++
		case isBlank(c):
		default:
			i = len(a.b)
		}
	}
	if count < leastNumbers || start == a.at {
		return false
	}
	a.quote, a.value, a.wrapped = Bare, Span{start, end}, true
	return true
}

// leastNumbers is how many commas make a list of numbers a key.
const leastNumbers = 8

// entityQuoted reads a value in &quot;.
func (a *assignment) entityQuoted(i int) bool {
	const mark = "&quot;"
	if !bytes.HasPrefix(a.b[min(i, len(a.b)):], []byte(mark)) {
		return false
	}
	start := i + len(mark)
	n := bytes.Index(a.b[start:min(len(a.b), start+maxValue)], []byte(mark))
	if n < 0 {
		return false
	}
	a.quote, a.value = Escaped, Span{start, start + n}
	return true
}

// call returns where the arguments begin of a call that stands at i, or 0 if none does. Of a look-up with a
// default it is where the default begins; -1 if a look-up has none.
func (a *assignment) call(i int) int {
	j := i
	for end := min(len(a.b), i+maxName); j < end; j++ {
		if c := a.b[j]; !isNameByte(c) && c != '.' && c != '[' && c != ']' && c != ':' && c != ' ' {
			break
		}
		if a.b[j] == ' ' && string(a.b[i:j]) != "new" && string(a.b[i:j]) != "await" {
			break
		}
	}
	if j == i || a.byteAt(j) != '(' {
		return 0
	}
	args := a.blanks(j + 1)
	callee := bytes.ToLower(a.b[i:j])
	if bytes.Contains(callee, []byte("getpw")) { // the entry of a user, getpwnam("daemon")
		return -1
	}
	if !bytes.Contains(callee, []byte("env")) && !bytes.HasSuffix(callee, []byte("get")) && !bytes.HasSuffix(callee, []byte("fetch")) {
		return args
	}
	inner := assignment{b: a.b, lo: a.lo}
	if !inner.quotedValue(args) {
		return -1
	}
	k := a.blanks(inner.value.Hi + 1)
	if a.byteAt(k) != ',' {
		return -1
	}
	return a.blanks(k + 1)
}

// bareValue reads a value without quotes.
func (a *assignment) bareValue(i int) bool {
	if (a.op == OpArrow) && i > 0 && a.b[i-1] == '>' {
		return false // a member: passwd->name
	}
	limit := min(len(a.b), i+maxValue)
	j := i + schemeLen(a.b[i:limit])
	for j < limit && !endsBare(a.b[j]) {
		j++
	}
	if j == limit && limit < len(a.b) {
		return false
	}
	if n := a.alternative(j); n > 0 && a.quotedValue(n) {
		return a.value.Len() >= minValue
	}
	if a.byteAt(j) == '(' || a.byteAt(j) == '[' && j > i {
		return false
	}
	for j > i && (a.b[j-1] == '.' || a.b[j-1] == ':' || a.b[j-1] == '*') {
		j--
	}
	a.quote, a.value = Bare, Span{i, j}
	return j-i >= minValue && a.b[j-1] != '[' && a.b[j-1] != '{'
}

// schemeLen returns the length of the name of a scheme in braces that a hash begins with, as {SSHA512} does; or 0.
func schemeLen(b []byte) int {
	const longest = 16
	if len(b) == 0 || b[0] != '{' {
		return 0
	}
	i := 1
	for i < min(len(b), longest) && (isNameByte(b[i]) || b[i] == '-') {
		i++
	}
	if i < 4 || i+1 >= len(b) || b[i] != '}' || endsBare(b[i+1]) {
		return 0
	}
	return i + 1
}

// bareEnds are the bytes that end a value without quotes. A table: up to maxValue bytes are asked for at every anchor.
var bareEnds = [256]bool{
	' ': true, '\t': true, '\r': true, '\n': true, '"': true, '\'': true, '`': true, ',': true, ';': true, ')': true,
	']': true, '}': true, '<': true, '>': true, '\\': true, '|': true, '&': true, '(': true,
}

func endsBare(c byte) bool { return bareEnds[c] }

// alternative returns where the default begins in look-up || "default", or 0.
func (a *assignment) alternative(i int) int {
	for a.byteAt(i) == ']' || quoteOf(a.byteAt(i)) != Bare {
		i++
	}
	i = a.blanks(i)
	for _, w := range [...]string{"|| ", "or ", "?? ", "?: "} {
		if bytes.HasPrefix(a.b[min(i, len(a.b)):], []byte(w)) {
			return a.blanks(i + len(w))
		}
	}
	return 0
}

// element reads the text of an XML element.
func (a *assignment) element(i int) bool {
	limit := min(len(a.b), i+maxValue)
	n := bytes.IndexByte(a.b[i:limit], '<')
	if n < minValue {
		return false
	}
	a.quote, a.value = Bare, Span{i, i + n}
	return true
}
