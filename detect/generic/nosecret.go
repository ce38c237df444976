package generic

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"unicode"
)

// noSecret reports assignments that are none, or whose value is no secret by its form, whatever name and value look like.
func (a *assignment) noSecret(g Group) bool {
	name, value := a.name.of(a.b), a.value.of(a.b)
	switch {
	case a.listed(), a.labels(), a.prose(), a.typeName(), a.asks(), a.inPhrase(), a.variable(), a.sameMember(), a.byChance(), a.resetLink(), a.passing(), a.product(), a.keyID(g):
		return true
	case control(value), onlyEscapes(value), none(value), isPublicName(name, value), hasFold(name, 0, "ask-"), shortTicket(name, value), a.cutShort(g):
		return true
	}
	switch g {
	case Auth:
		return isScheme(value) || otherMember(name) || hasSuffixFold(name, "uuid") && isUUID(value)
	case Key:
		return isVerifierKey(value) || storageKey(name, value)
	case Token:
		return a.quote != Bare && isOneOf(name, "token") && isCapitals(value) || a.hidden()
	}
	return false
}

// listed reports whether name and value are members of a list of three and more: ['user', 'passwd', 'group', 'shadow']. The name of
// a plugin of Ansible is none of a value either, nor is that of what stands before a request: lookup('my_password', 'host'), ['auth', 'verified'].
func (a *assignment) listed() bool {
	if a.op != OpComma || a.quote == Bare || a.name.Lo == a.lo {
		return false
	}
	value := a.value.of(a.b)
	if isOneOf(a.name.of(a.b), "auth") && (!mixed(value) || bytes.IndexByte(value, ':') >= 0) || hasSuffixFold(a.b[a.lo:a.name.Lo-1], "lookup(") || hasSuffixFold(a.b[a.lo:a.name.Lo-1], "query(") {
		return true
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

// prose reports whether the name is a verb among words, pass "x" to the function, or a noun that is counted, first pass: count the lines, or
// what a sentence is about: askpass: read the answer. In other languages a word like it means a word, or a key: la parola "x". What
// is no word is a password.
func (a *assignment) prose() bool {
	if a.op == OpColon && a.quote == Bare && isLower(a.b[a.name.Lo]) && onlyLetters(a.value.of(a.b)) && likeName(a.value.of(a.b)) && hasSuffixFold(a.name.of(a.b), "pass") {
		i := a.value.Hi
		if a.byteAt(i) == ',' {
			i++
		}
		if isBlank(a.byteAt(i)) && isLetter(a.byteAt(a.blanks(i))) {
			return true
		}
	}
	if !isOneOf(a.name.of(a.b), "pass", "passes", "parola", "clave") {
		return false
	}
	switch a.op {
	case OpSpace:
		return isNameByte(a.byteBefore(a.name.Lo)) || isBlank(a.byteAt(a.value.Hi+1)) && isLetter(a.byteAt(a.blanks(a.value.Hi+1)))
	case OpColon:
		before := bytes.TrimRight(a.b[a.lo:a.name.Lo], " \t")
		return len(before) < a.name.Lo-a.lo && (a.quote == Back || !mixed(a.value.of(a.b))) && isOneOf(before[nameStart(before, 0, len(before)):], "first", "second", "third", "one", "two", "single", "next", "last", "final")
	}
	return false
}

// typeName reports whether what looks like a name is that of a type: 'struct passwd', 'Event::Pass'.
func (a *assignment) typeName() bool {
	before := a.b[a.lo:a.name.Lo]
	if !a.quoted || mixed(a.value.of(a.b)) {
		return false
	}
	return bytes.HasSuffix(before, []byte("struct ")) ||
		bytes.HasSuffix(before, []byte("::")) && a.name.Len() > 1 && isUpper(a.b[a.name.Lo]) && isLower(a.b[a.name.Lo+1])
}

// mixed reports whether a value has letters and digits, as words and names of things hardly ever have.
func mixed(value []byte) bool {
	c := charsOf(value)
	return c.digit > 0 && c.lower+c.upper > 0
}

// asks reports whether a call asks something of what is named, and sets nothing: keys.Contains("x").
func (a *assignment) asks() bool {
	name := a.name.of(a.b)
	dot := bytes.LastIndexByte(name, '.')
	return a.op == OpCall && dot >= 0 && isOneOf(name[dot+1:], "contains", "containskey", "has", "haskey", "includes", "startswith", "endswith", "indexof")
}

// inPhrase reports whether the name in quotes is the end of a phrase and no name: 'struct passwd', 'pw_gecos', or a text and its
// translation. Two words before it may still be a label: "Old DB password".
func (a *assignment) inPhrase() bool {
	if !a.quoted || a.op != OpComma && a.op != OpColon && a.op != OpArrow || a.name.Lo == a.lo || !isBlank(a.b[a.name.Lo-1]) {
		return false
	}
	most := 2
	if a.op == OpComma {
		most = 0
	} else if mixed(a.value.of(a.b)) { // no text: "Production DB admin password"
		most = 4
	}
	words := 0
	for i := a.name.Lo; i > a.lo && words <= most; {
		for i > a.lo && isBlank(a.b[i-1]) {
			i--
		}
		end := i
		for i > a.lo && !isBlank(a.b[i-1]) && quoteOf(a.b[i-1]) == Bare {
			i--
		}
		if i < end {
			words++
		}
		if i == a.lo || quoteOf(a.b[i-1]) != Bare {
			return words > most
		}
	}
	return words > most
}

// variable reports whether the value is another variable, or a word of a shell: $pass = link in a test, user->auth = CURLAUTH_SIGV4;
// in a language that ends its statements. Strings have quotes there.
func (a *assignment) variable() bool {
	if a.quote != Bare || a.op != OpAssign && a.op != OpCompare || !isBlank(a.b[a.at-1]) {
		return false
	}
	value := a.value.of(a.b)
	if a.byteBefore(a.name.Lo) == '$' || a.byteBefore(a.name.Lo) == '{' {
		return onlyLetters(value) && likeName(value)
	}
	rest := bytes.TrimRight(a.b[a.value.Hi:], " \t\r")
	return len(rest) > 0 && rest[0] == ';' && (len(rest) == 1 || bytes.HasPrefix(bytes.TrimLeft(rest[1:], " \t"), []byte("/"))) &&
		(isIdentifier(value) && likeName(value) || isConstant(value)) && !bytes.ContainsAny(a.b[a.lo:a.name.Lo], "\"'`")
}

// sameMember reports whether the value is a member of the same name of something else: pw := c.pw.
func (a *assignment) sameMember() bool {
	name, value := a.name.of(a.b), a.value.of(a.b)
	dot := bytes.LastIndexByte(value, '.')
	return a.quote == Bare && dot > 0 && bytes.EqualFold(value[dot+1:], name[bytes.LastIndexByte(name, '.')+1:])
}

// byChance reports whether a name of two letters is none: in base85, and in code that has been made short, any two letters stand before a
// sign that assigns.
func (a *assignment) byChance() bool {
	const longest = 300 // of lines that people write
	switch name := a.name.of(a.b); {
	case len(name) != len("pw"):
		return false
	case isLower(name[0]) && isUpper(name[1]):
		return true
	case a.name.Lo == a.lo || isBlank(a.b[a.name.Lo-1]):
		return false
	}
	before := a.b[a.name.Lo-1]
	if quoteOf(before) != Bare || before == '$' || before == '-' || before == '.' {
		return false
	}
	return a.op == OpAssign && a.byteAt(a.name.Hi) == '=' && before != '&' && before != ';' || len(a.b)-a.lo > longest
}

// keyID reports whether a UUID is assigned to the name of an id: api_key_id. The rule for UUIDs names those, an identifier.
func (a *assignment) keyID(g Group) bool {
	return g == Key && (hasSuffixFold(a.name.of(a.b), "_id") || bytes.HasSuffix(a.name.of(a.b), []byte("Id"))) && isUUID(a.value.of(a.b))
}

// isURLStart reports whether v is what stands before a secret in an address that a program puts together: amqp://ci:
func isURLStart(v []byte) bool {
	return bytes.HasSuffix(v, []byte(":")) && bytes.Contains(v, []byte("://"))
}

// isIdentifier reports whether v is a name of a program without digits: a word with digits may be a password in a file of settings.
func isIdentifier(v []byte) bool {
	for _, c := range v {
		if !isLetterOrUnder(c) {
			return false
		}
	}
	return true
}

// likeName reports whether letters are a name as programs have them: short, in parts, or of words. Others are a password in a file of settings
// that ends its lines.
func likeName(v []byte) bool {
	const short = 7
	part, _ := wordsIn(v)
	return len(v) <= short || part >= 0.5 || bytes.IndexByte(v, '_') >= 0
}

// isConstant reports whether v is capitals, digits and at least one _.
func isConstant(v []byte) bool {
	for _, c := range v {
		if !isUpper(c) && !isDigit(c) && c != '_' {
			return false
		}
	}
	return bytes.IndexByte(v, '_') > 0
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
// nothing: timestamp: 1539112500, token: "v", signature: "…". Mailgun's webhooks have such.
func signedRequest(t *Text, name, value Span) bool {
	const length = 50 // of the tokens, all letters and digits
	n := charsOf(value.of(t.B))
	if value.Len() != length || n.lower+n.upper+n.digit != length || !isOneOf(name.of(t.B), "token") {
		return false
	}
	before := bytes.Trim(t.before(), " \t\r,;\"'@:")
	const word = "timestamp"
	if !hasFold(before, 0, word) {
		return false
	}
	digits := bytes.Trim(before[len(word):], " \t=:>\"'")
	const least = 9 // since 1970 in seconds
	return len(digits) >= least && len(bytes.TrimLeft(digits, "0123456789")) == 0
}

// passing reports whether the value is what Spring Boot writes to its log when no password is set: a new one at each start.
func (a *assignment) passing() bool {
	return bytes.HasSuffix(a.b[a.lo:a.name.Lo], []byte("Using generated security "))
}

// product reports whether the name is of a product in a list of those that have vulnerabilities: cpe:2.3:a:acme:omniauth:1.1.3:*.
func (a *assignment) product() bool {
	if a.op != OpColon {
		return false
	}
	start := a.name.Lo
	for start > max(a.lo, a.name.Lo-maxSpan) && !endsWord(a.b[start-1]) {
		start--
	}
	return hasFold(a.b[start:a.name.Lo], 0, "cpe:")
}

// hidden reports whether the name is token and no more than that, of a hidden field of a form: what a page has for the one who looks at it to
// be sent back, a nonce. An access_token there is what it says.
func (a *assignment) hidden() bool {
	if !isOneOf(bytes.Trim(a.name.of(a.b), "_"), "token", "form_token", "formtoken", "form-token") {
		return false
	}
	before := a.b[max(a.lo, a.name.Lo-Context):a.name.Lo]
	tag := bytes.LastIndexByte(before, '<')
	return tag >= 0 && hasFold(before, tag, "<input") && indexFold(before, tag, len(before), "hidden") >= 0
}

// cutShort reports whether dots stand for the rest of the value: token=9cbaf023… Passwords are rarely shown so: of them only hexadecimal, as
// of a hash, is cut; behind others the dots are those of who waits for an answer.
func (a *assignment) cutShort(g Group) bool {
	rest := a.b[a.value.Hi:]
	return a.quote == Bare && (bytes.HasPrefix(rest, []byte("...")) || bytes.HasPrefix(rest, []byte("…"))) && (g != Password || isHexOnly(a.value.of(a.b)))
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
	if !isHexOnly(s[i+1 : i+1+hash]) {
		return false
	}
	for _, c := range s[i+2+hash:] {
		if !isLetter(c) && !isDigit(c) && c != '+' && c != '/' {
			return false
		}
	}
	return true
}

// isHexOnly reports whether s is digits of hexadecimal and nothing else.
func isHexOnly(s []byte) bool {
	return bytes.IndexFunc(s, func(r rune) bool { return r > '~' || !isHexByte(byte(r)) }) < 0
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

// none reports values that are no secrets, whatever they are assigned to: no weight of a name may lift them.
func none(v []byte) bool {
	return isSealed(v) || isEscapedText(v) || isAdvisory(v) || isStab(v) || isURLStart(v) || hasFold(v, 0, "crwdns")
}

// isPublicName reports the names by which tools and standards call what everybody may know: the hashes in a baseline of
// detect-secrets, the public key of a server for Web Push, the names of texts.
func isPublicName(name, value []byte) bool {
	return isOneOf(name, "hashed_secret", "applicationserverkey") || !mixed(value) && isOneOf(name, "translation_key", "translationkey", "i18n_key", "i18nkey")
}

// isSealed reports whether v is a ciphertext of Sealed Secrets: in base64 the length of an RSA ciphertext of 256, 384 or 512 bytes in two
// bytes, the ciphertext, then what AES made of the value and its tag of 16 bytes.
func isSealed(v []byte) bool {
	const tag = 16
	if len(v) < 4 || v[0] != 'A' {
		return false
	}
	var head [3]byte
	if n, err := base64.StdEncoding.Decode(head[:], v[:4]); err != nil || n < 2 {
		return false
	}
	size := int(head[0])<<8 | int(head[1])
	return (size == 256 || size == 384 || size == 512) && len(v)*3/4 >= 2+size+tag && charsOf(v).isBase64(len(v))
}

// isBase64 holds for letters, digits, + / and =.
func (n chars) isBase64(size int) bool { return n.lower+n.upper+n.digit+n.base+n.slash == size }

// isEscapedText reports whether v is a text of another script or with accents, as JSON escapes it: Confirmaci\u00f3n. Nobody writes
// a password so, but translations are.
func isEscapedText(v []byte) bool {
	escaped := 0
	for i := 0; i < len(v); i++ {
		c := v[i]
		if c == '\\' && i+6 <= len(v) && v[i+1] == 'u' {
			r, err := strconv.ParseUint(string(v[i+2:i+6]), 16, 32)
			if err != nil {
				return false
			}
			if r >= 0x80 && (unicode.IsLetter(rune(r)) || unicode.IsMark(rune(r))) {
				escaped++
			}
			i += 5
			continue
		}
		if isDigit(c) {
			return false
		}
	}
	return escaped > 0
}

// isAdvisory reports whether v is the number of a vulnerability: CVE-2015-9284.
func isAdvisory(v []byte) bool {
	const year = 4
	if !hasFold(v, 0, "cve-") || len(v) < len("cve-")+year+2 {
		return false
	}
	for _, c := range v[len("cve-"):] {
		if !isDigit(c) && c != '-' {
			return false
		}
	}
	return true
}

// isStab reports whether v is a type as compilers write it for debuggers in stabs, the number of a type and what it is made of:
// key:132=ar1;0;1;5 and rc4_key_st:T133=s1032x:4,0,32.
func isStab(v []byte) bool {
	i := 0
	for i < len(v) && (v[i] == 't' || v[i] == 'T') && i < 2 {
		i++
	}
	start := i
	for i < len(v) && isDigit(v[i]) {
		i++
	}
	return i > start && i+2 < len(v) && v[i] == '=' && bytes.IndexByte([]byte("arsuef*&"), v[i+1]) >= 0 && (isDigit(v[i+2]) || v[i+1] == 'a')
}

// onlyLetters reports whether v is letters of ASCII and nothing else.
func onlyLetters(v []byte) bool {
	for _, c := range v {
		if !isLetter(c) {
			return false
		}
	}
	return true
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
