package generic

import "bytes"

// settle decides what only the value tells of its place, and reports whether it is one.
func (a *assignment) settle() bool {
	value := a.value.of(a.b)
	switch {
	case a.told:
		return bytes.IndexByte(value, ' ') < 0 && (a.quote == Back || !onlyLetters(value))
	case a.op == OpComma:
		if a.setter() {
			a.op = OpAssign
			return true
		}
		return a.quoted
	case a.op == OpElement && a.quoted:
		return bytes.IndexByte(value, ' ') < 0 && (!onlyLetters(value) || a.inSettings())
	}
	return true
}

// setter reports whether name and value are the arguments of a function that sets what the name says, perhaps after what it is set
// of: define('DB_PASSWORD', 'v'), env.put(Context.SECURITY_CREDENTIALS, "v"), curl_easy_setopt(curl, CURLOPT_PASSWORD, "v").
func (a *assignment) setter() bool {
	if a.byteAt(a.blanks(a.value.Hi+1)) != ')' {
		return false
	}
	i := a.name.Lo
	if a.quoted {
		if i == a.lo || quoteOf(a.b[i-1]) == Bare {
			return false
		}
		i--
	}
	i = a.backOverBlanks(i)
	if i > a.lo && a.b[i-1] == ',' {
		i = nameStart(a.b, a.lo, a.backOverBlanks(i-1))
		i = a.backOverBlanks(i)
	}
	if i == a.lo || a.b[i-1] != '(' {
		return false
	}
	end := a.backOverBlanks(i - 1)
	start := end
	for start > a.lo && isNameByte(a.b[start-1]) {
		start--
	}
	var buf [maxName]byte
	callee := lower(buf[:0], a.b[max(start, end-maxName):end])
	for _, w := range [...]string{"set", "put", "add", "define", "append", "header"} {
		if bytes.HasPrefix(callee, []byte(w)) || bytes.HasSuffix(callee, []byte(w)) {
			return true
		}
	}
	return bytes.HasSuffix(callee, []byte("setopt")) || bytes.HasSuffix(callee, []byte("env"))
}

// backOverBlanks goes back from b[i] over blanks.
func (a *assignment) backOverBlanks(i int) int {
	for i > a.lo && isBlank(a.b[i-1]) {
		i--
	}
	return i
}

// namesElement reports whether the name in quotes is what an element of XML is called: <property name="password">v</property>.
func (a *assignment) namesElement() bool {
	before := a.b[a.lo : a.name.Lo-1]
	return hasSuffixFold(before, "name=") || hasSuffixFold(before, "key=")
}

// inSettings reports whether the element is one that settings are made of. Others are texts that are shown: <string name="password">.
func (a *assignment) inSettings() bool {
	before := a.b[a.lo:a.name.Lo]
	tag := bytes.LastIndexByte(before, '<')
	return tag >= 0 && isOneOf(before[tag+1:nameEnd(before, tag+1)], "property", "param", "parameter", "entry", "setting", "prop", "env")
}

// arraySize returns where the ] stands of the size of an array in C that begins at b[i], or 0: [32], [MAX_LEN + 1]. One digit is an index.
func (a *assignment) arraySize(i int) int {
	j := i + 1
	for j < len(a.b) && j < i+maxType && (isUpper(a.b[j]) || isDigit(a.b[j]) || a.b[j] == '_' || a.b[j] == '+' || isBlank(a.b[j])) {
		j++
	}
	if j < i+3 || a.byteAt(j) != ']' {
		return 0
	}
	return j
}

// typedInto returns where the argument begins of a call at b[i] that types a value into the field of the name, or 0:
// find_element(By.ID, "password").send_keys("v").
func (a *assignment) typedInto(i int) int {
	for _, w := range [...]string{".send_keys(", ".sendkeys(", ".type(", ".fill(", ".setvalue(", ".val("} {
		if hasFold(a.b, i, w) && quoteOf(a.byteAt(i+len(w))) != Bare {
			return i + len(w)
		}
	}
	return 0
}

// words returns where the value begins if it stands behind the words of a sentence or of an attribute at b[i]: the password is "v",
// I fill in "password" with "v", <Pass encoding="base64">v; or 0.
func (a *assignment) words(i int) int {
	const encoded = `encoding="base64">`
	for _, w := range [...]string{"is ", "with "} {
		if n := i + len(w); hasFold(a.b, i, w) && quoteOf(a.byteAt(n)) != Bare && a.quoted == (w == "with ") {
			a.told = true
			return n
		}
	}
	if !a.quoted && bytes.HasPrefix(a.b[i:], []byte(encoded)) {
		a.op = OpElement
		return i + len(encoded)
	}
	return 0
}

// laterDefault returns where the default begins of an option of Python's argparse and click, behind other arguments; or 0:
// add_argument("--password", type=str, default="v").
func (a *assignment) laterDefault(i int) int {
	const reach, word = 80, "default="
	rest := a.b[i:min(len(a.b), i+reach)]
	n := bytes.Index(rest, []byte(word))
	if n <= 0 || !isBlank(rest[n-1]) && rest[n-1] != ',' || bytes.ContainsAny(rest[:n], "(){}[]:;") {
		return 0
	}
	return i + n + len(word)
}

// kindOfSecret skips the digit by which routers say how a secret is written: password 7 v.
func (a *assignment) kindOfSecret(i int) int {
	if isDigit(a.byteAt(i)) && isBlank(a.byteAt(i+1)) && isOneOf(a.name.of(a.b), "password", "secret", "key") {
		return a.blanks(i + 1)
	}
	return i
}

// fromEnvironment reports whether a name, with what stands before it, is of a variable of the environment: process.env.SECRET, ENV['SECRET'.
func fromEnvironment(b []byte) bool {
	i := nameStart(b, 0, len(b))
	if i < len(b) && containsFold(b[i:], "env.") {
		return true
	}
	return i > 0 && quoteOf(b[i-1]) != Bare && hasSuffixFold(b[:i-1], "env[")
}

// unwrap takes the default out of a reference to a variable: ${1:-v}, ${MYSQL:v}. Where the name of the variable has a key word, that
// finds the same.
func (a *assignment) unwrap() {
	v := a.value.of(a.b)
	if len(v) < 2 || v[0] != '$' || v[1] != '{' {
		return
	}
	colon := bytes.IndexByte(v, ':')
	if colon < 3 || bytes.IndexFunc(v[2:colon], func(r rune) bool { return r >= 0x80 || !isNameByte(byte(r)) && r != '.' && r != '-' }) >= 0 ||
		groupOf(v[2:colon]) != ID {
		return
	}
	lo := colon + 1
	if lo < len(v) && (v[lo] == '-' || v[lo] == '=') {
		lo++
	}
	hi := len(v)
	if a.quote != Bare {
		if v[hi-1] != '}' {
			return
		}
		hi--
	}
	if hi-lo < minValue || v[lo] == '$' || v[lo] == '?' || v[lo] == '+' {
		return
	}
	a.value = Span{a.value.Lo + lo, a.value.Lo + hi}
}
