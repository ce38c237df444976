package generic

import "bytes"

// noSecret reports assignments that are none, or whose value is no secret by its form, whatever name and value look like.
func (a *assignment) noSecret(g Group) bool {
	name, value := a.name.of(a.b), a.value.of(a.b)
	switch {
	case a.listed(), a.labels(), a.prose(), a.typeName(), a.asks(), a.statement(), a.resetLink(), a.passing():
		return true
	case control(value), onlyEscapes(value), shortTicket(name, value), a.cutShort():
		return true
	}
	switch g {
	case Auth:
		return isScheme(value) || otherMember(name)
	case Key:
		return isVerifierKey(value) || storageKey(name, value)
	case Token:
		return a.quote != Bare && isOneOf(name, "token") && isCapitals(value) || a.hidden()
	}
	return false
}

// listed reports whether name and value are members of a list of three and more: ['user', 'passwd', 'group', 'shadow'].
func (a *assignment) listed() bool {
	if a.op != OpComma || a.quote == Bare || a.name.Lo == a.lo {
		return false
	}
	switch a.byteBefore(a.name.Lo - 1) {
	case '[', '{', ',':
		return a.byteAt(a.blanks(a.value.Hi+1)) == ','
	}
	return false
}

// labels reports whether name and value are the labels of a block: resource "aws_key_pair" "deployer" {
func (a *assignment) labels() bool {
	return a.op == OpSpace && a.quoted && a.quote == Double && a.byteAt(a.blanks(a.value.Hi+1)) == '{'
}

// prose reports whether the name is a verb among words, pass "x" to the function, or a noun that is counted, first pass: count the lines.
func (a *assignment) prose() bool {
	if !isOneOf(a.name.of(a.b), "pass", "passes") {
		return false
	}
	switch a.op {
	case OpSpace:
		return isNameByte(a.byteBefore(a.name.Lo)) || isBlank(a.byteAt(a.value.Hi+1)) && isLetter(a.byteAt(a.blanks(a.value.Hi+1)))
	case OpColon:
		before := bytes.TrimRight(a.b[a.lo:a.name.Lo], " \t")
		return len(before) < a.name.Lo-a.lo && isOneOf(before[nameStart(before, 0, len(before)):], "first", "second", "third", "one", "two", "single", "next", "last", "final")
	}
	return false
}

// typeName reports whether what looks like a name is that of a type: 'struct passwd', 'Event::Pass'.
func (a *assignment) typeName() bool {
	before := a.b[a.lo:a.name.Lo]
	if !a.quoted {
		return false
	}
	return bytes.HasSuffix(before, []byte("struct ")) ||
		bytes.HasSuffix(before, []byte("::")) && a.name.Len() > 1 && isUpper(a.b[a.name.Lo]) && isLower(a.b[a.name.Lo+1])
}

// asks reports whether a call asks something of what is named, and sets nothing: keys.Contains("x").
func (a *assignment) asks() bool {
	name := a.name.of(a.b)
	dot := bytes.LastIndexByte(name, '.')
	return a.op == OpCall && dot >= 0 && isOneOf(name[dot+1:], "contains", "containskey", "has", "haskey", "includes", "startswith", "endswith", "indexof")
}

// statement reports whether the line is a statement of a program that copies a variable to a member, as in token.value = other;
func (a *assignment) statement() bool {
	if a.op != OpAssign || a.quote != Bare || a.wrapped || bytes.IndexByte(a.name.of(a.b), '.') < 0 || !isBlank(a.byteAt(a.name.Hi)) ||
		a.byteBefore(a.name.Lo) != '\n' || a.byteAt(a.value.Hi) != ';' {
		return false
	}
	for _, c := range a.value.of(a.b) {
		if !isLetterOrUnder(c) {
			return false
		}
	}
	rest := bytes.TrimSpace(a.b[a.value.Hi+1 : min(len(a.b), a.value.Hi+Context)])
	return len(rest) == 0 || bytes.HasPrefix(rest, []byte("/*")) || bytes.HasPrefix(rest, []byte("//"))
}

// resetLink reports whether the name is of the page of an address on which a password is set anew, and the value what its mail has been sent
// for, which is good once: https://acme.io/reset-password=v.
func (a *assignment) resetLink() bool {
	if a.op != OpAssign || a.quote != Bare || a.name.Lo == a.lo {
		return false
	}
	switch a.b[a.name.Lo-1] {
	case '/', '?', '&':
		return isOneOf(a.name.of(a.b), "reset-password", "reset_password", "resetpassword", "password-reset", "password_reset", "forgot-password")
	}
	return false
}

// signedRequest reports whether the line before gives the time of a signed request, whose token is there to make it unlike others and opens
// nothing: timestamp: 1539112500, token: "v", signature: "…".
func signedRequest(t *Text, name Span) bool {
	if !isOneOf(name.of(t.B), "token") {
		return false
	}
	before := bytes.Trim(t.before(), " \t\r,;\"'@:")
	const word = "timestamp"
	if !hasFold(before, 0, word) {
		return false
	}
	value := bytes.Trim(before[len(word):], " \t=:>\"'")
	const least = 9 // the digits of seconds since 1970
	for _, c := range value {
		if !isDigit(c) {
			return false
		}
	}
	return len(value) >= least
}

// passing reports whether the value is what Spring Boot writes to its log when no password is set: a new one at each start.
func (a *assignment) passing() bool {
	return bytes.HasSuffix(a.b[a.lo:a.name.Lo], []byte("Using generated security "))
}

// hidden reports whether the name is of a hidden field of a form: what a page has for the one who looks at it to be sent back, a nonce.
func (a *assignment) hidden() bool {
	before := a.b[max(a.lo, a.name.Lo-Context):a.name.Lo]
	tag := bytes.LastIndexByte(before, '<')
	return tag >= 0 && hasFold(before, tag, "<input") && indexFold(before, tag, len(before), "hidden") >= 0
}

// cutShort reports whether dots stand for the rest of the value: token=9cbaf023…
func (a *assignment) cutShort() bool {
	rest := a.b[a.value.Hi:]
	return a.quote == Bare && (bytes.HasPrefix(rest, []byte("...")) || bytes.HasPrefix(rest, []byte("…")))
}

// otherMember reports whether a name is of a part of credentials that is none itself: credentials.name.
func otherMember(name []byte) bool {
	dot := bytes.LastIndexByte(name, '.')
	return dot >= 0 && isOneOf(name[dot+1:], "name", "host", "hostname", "port", "type", "region", "label")
}

// shortTicket reports whether a value is too short for the cookie of its name, which holds a text that is encrypted and signed.
func shortTicket(name, value []byte) bool {
	return hasSuffixFold(name, "aspxauth") && len(value) < minSession
}

// storageKey reports whether the value of a name like STORAGE_KEY is what a program calls its part of a browser's storage: words,
// numbers and signs between them. The keys of storage accounts are long and random.
func storageKey(name, value []byte) bool {
	if !hasSuffixFold(name, "storage_key") && !hasSuffixFold(name, "storagekey") && !hasSuffixFold(name, "storage-key") {
		return false
	}
	const longest = 40
	signs := 0
	for i, c := range value {
		switch {
		case c == '-' || c == '_' || c == '.' || c == ':' || c == '/' || c == '@':
			signs++
		case !isLetter(c) && !isDigit(c), i > 0 && isDigit(c) && isLetter(value[i-1]) && value[i-1] != 'v':
			return false
		}
	}
	return signs > 0 && len(value) <= longest
}

// isVerifierKey reports whether s is the public key of a signed note, as databases of checksums have them: a name, a hash of four bytes in
// hexadecimal and 33 bytes of base64. The private one begins with PRIVATE+KEY+.
func isVerifierKey(s []byte) bool {
	const hash, key = 8, 44
	i := len(s) - key - hash - len("++")
	if i <= 0 || s[i] != '+' || s[i+1+hash] != '+' || bytes.HasPrefix(s, []byte("PRIVATE+KEY+")) {
		return false
	}
	for _, c := range s[i+1 : i+1+hash] {
		if !isHexByte(c) {
			return false
		}
	}
	for _, c := range s[i+2+hash:] {
		if !isLetter(c) && !isDigit(c) && c != '+' && c != '/' {
			return false
		}
	}
	return true
}

// isCapitals reports whether s is a word of a language in capitals, as lists of tokens have them: BYRADIUS.
func isCapitals(s []byte) bool {
	const longest = 12
	for _, c := range s {
		if !isUpper(c) && c != '_' {
			return false
		}
	}
	return len(s) <= longest
}

// control reports whether a value holds a control character, as what follows a text in a compiled
// message catalogue or program does, or begins a command to a terminal: nobody types one.
func control(value []byte) bool {
	return bytes.IndexFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7F }) >= 0 ||
		bytes.IndexByte(value, '\\') >= 0 && containsFold(value, `\u001b[`, `\x1b[`, `\033[`, `\e[`)
}

// onlyEscapes reports whether s is nothing but escaped signs: \u003c\u003e.
func onlyEscapes(s []byte) bool {
	for len(s) > 0 {
		i := 0
		for i < len(s) && s[i] == '\\' {
			i++
		}
		digits := 4
		if i < len(s) && s[i] == 'x' {
			digits = 2
		} else if i == len(s) || s[i] != 'u' {
			return false
		}
		if i == 0 || i+1+digits > len(s) {
			return false
		}
		r := 0
		for _, c := range s[i+1 : i+1+digits] {
			if !isHexByte(c) {
				return false
			}
			r = r<<4 | hexDigit(c)
		}
		if r >= 0x80 || isLetter(byte(r)) || isDigit(byte(r)) {
			return false
		}
		s = s[i+1+digits:]
	}
	return true
}
