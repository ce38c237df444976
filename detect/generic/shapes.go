package generic

import "bytes"

func isLetterOrUnder(c byte) bool { return isLetter(c) || c == '_' }

func containsAny(s []byte, parts ...string) bool {
	for _, p := range parts {
		if bytes.Contains(s, []byte(p)) {
			return true
		}
	}
	return false
}

// containsFold is containsAny for parts in lower case, whatever the case of s.
func containsFold(s []byte, parts ...string) bool {
	var buf [64]byte
	return containsAny(lower(buf[:0], s), parts...)
}

func isUUID(s []byte) bool {
	if len(s) == 38 && s[0] == '{' {
		s = s[1:37]
	}
	if len(s) != 36 {
		return false
	}
	for i, c := range s {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (c == '-') || !dash && !isLetter(c) && !isDigit(c) {
			return false
		}
	}
	return true
}

// isDate holds for 2026-01-31, 31.01.2026 and times that begin so.
func isDate(s []byte) bool {
	if len(s) < 8 || len(s) > 32 {
		return false
	}
	year := func(b []byte) bool {
		return (b[0] == '1' && b[1] == '9' || b[0] == '2' && b[1] == '0') && isDigit(b[2]) && isDigit(b[3])
	}
	sep := func(c byte) bool { return c == '-' || c == '/' || c == '.' }
	return year(s) && sep(s[4]) && isDigit(s[5]) || len(s) >= 10 && isDigit(s[0]) && sep(s[2]) && sep(s[5]) && year(s[6:])
}

func isPath(s []byte, n *chars) bool {
	switch {
	case n.blank > 0 || n.slash == 0 && n.back == 0:
		return dotFile(s)
	case s[0] == '/' && n.slash > 0 && n.base == 0, s[0] == '.' && len(s) > 1 && (s[1] == '/' || s[1] == '.'), s[0] == '~':
		return true
	case n.slash > 0 && n.base == 0 && n.digit*5 <= len(s):
		return true
	}
	return len(s) > 2 && s[1] == ':' && (s[2] == '\\' || s[2] == '/')
}

// dotFile reports whether s ends as the names of files do.
func dotFile(s []byte) bool {
	i := bytes.LastIndexByte(s, '.')
	if i < 0 || len(s)-i < 3 || len(s)-i > 6 {
		return false
	}
	switch string(s[i+1:]) {
	case "pem", "key", "crt", "cer", "json", "yml", "yaml", "txt", "php", "html", "htm", "js", "ts", "py", "rb", "go", "java", "xml",
		"conf", "cfg", "ini", "properties", "jks", "p12", "pfx", "csv", "db", "sql", "log", "png", "svg", "css", "md", "sh", "toml", "asc", "pub", "enc", "gpg":
		return true
	}
	return false
}

// hexNumber holds for 0x7f and 0xdead_beef.
func hexNumber(s []byte) bool {
	if len(s) < 3 || s[0] != '0' || s[1]|0x20 != 'x' || len(s) > 22 {
		return false
	}
	for _, c := range s[2:] {
		if !isHexByte(c) && c != '_' {
			return false
		}
	}
	return true
}

// isCamel reports whether s is words of letters joined by capitals.
func isCamel(s []byte) bool {
	ups := 0
	for i := 1; i < len(s); i++ {
		if isUpper(s[i]) && isLower(s[i-1]) {
			ups++
		}
	}
	return ups > 0 && ups*4 <= len(s)
}

// isKeyID holds for the id and the fingerprint of an OpenPGP key: 8, 16 or 40 hexadecimal digits with capitals.
func isKeyID(s []byte, n *chars) bool {
	return (len(s) == 8 || len(s) == 16 || len(s) == 40) && n.hex == len(s) && n.lower == 0 && n.upper > 0 && n.digit > 0
}

// countArrows counts the bytes of -> in s.
func countArrows(s []byte) int { return 2 * bytes.Count(s, []byte("->")) }

// isVariable holds for $NAME, $name->x, @name, %NAME%, :name.
func isVariable(s []byte) bool {
	switch {
	case len(s) > 1 && (s[0] == '$' || s[0] == '@') && (isLetterOrUnder(s[1]) || s[1] == '{' || s[1] == '('):
	case s[0] == '%' && s[len(s)-1] == '%':
		return true
	case s[0] == ':' && isLetterOrUnder(s[1]):
	case s[0] == '_' && s[1] == '_' && s[len(s)-1] == '_':
		return true
	default:
		return false
	}
	for _, c := range s[1:] {
		if !isLetterOrUnder(c) && !isDigit(c) && c != '.' && c != '-' && c != '>' && c != '{' && c != '}' && c != ':' {
			return false
		}
	}
	return true
}

// isMask reports whether s has at most two different characters, or a run of four.
func isMask(s []byte) bool {
	distinct, run := 0, 1
	var seen [4]uint64
	for i, c := range s {
		if seen[c>>6]>>(c&63)&1 == 0 {
			seen[c>>6] |= 1 << (c & 63)
			distinct++
		}
		if i > 0 && c == s[i-1] {
			if run++; run >= 4 {
				return true
			}
		} else {
			run = 1
		}
	}
	return distinct <= 2
}

// isCounting reports whether most of s counts up or down, character by character, every other one (a1b2c3d4), or in pairs of
// hexadecimal digits: 00010203.
func isCounting(s []byte) bool {
	return countsBy(s, 1)*5 >= (len(s)-1)*3 || len(s) > 6 && countsBy(s, 2)*5 >= (len(s)-2)*4 || hexCounting(s)
}

// countsBy returns how often a character of s and the one n after it follow one another in the alphabet or as digits.
func countsBy(s []byte, n int) (steps int) {
	for i := n; i < len(s); i++ {
		if d := int(s[i]) - int(s[i-n]); d == 1 || d == -1 || d == -9 {
			steps++
		}
	}
	return steps
}

// hexCounting reports whether the bytes that s stands for in hexadecimal count up or down.
func hexCounting(s []byte) bool {
	const least = 4 // bytes
	if len(s) < 2*least || len(s)%2 != 0 {
		return false
	}
	steps, last := 0, 0
	for i := 0; i < len(s); i += 2 {
		if !isHexByte(s[i]) || !isHexByte(s[i+1]) {
			return false
		}
		b := hexDigit(s[i])<<4 | hexDigit(s[i+1])
		if d := b - last; i > 0 && (d == 1 || d == -1 || d == 0x11 || d == -0x11) {
			steps++
		}
		last = b
	}
	return steps*5 >= (len(s)/2-1)*4
}

func hexDigit(c byte) int {
	if isDigit(c) {
		return int(c - '0')
	}
	return int(c|0x20-'a') + 10
}

func isLiteral(s []byte) bool {
	var buf [16]byte
	if len(s) > 12 {
		return false
	}
	switch string(lower(buf[:0], s)) {
	case "true", "false", "null", "none", "undefined", "nil", "yes", "no", "string", "boolean", "number", "object", "bytes", "void",
		"self", "this", "required", "optional", "default", "enabled", "disabled", "auto", "static", "private", "public", "return", "function", "lambda",
		"anonymous":
		return true
	}
	return isScheme(s)
}

// isScheme reports whether s is the name of a scheme of authentication.
func isScheme(s []byte) bool {
	return isOneOf(s, "basic", "bearer", "digest", "ntlm", "negotiate", "gss-negotiate", "kerberos", "gssapi", "cram-md5", "digest-md5", "scram-sha-1",
		"scram-sha-256", "xoauth2", "oauthbearer", "aws4-hmac-sha256", "vapid", "hoba", "mutual")
}

// percentEscaped reports whether s holds %3D and the like.
func percentEscaped(s []byte) bool {
	for i := 0; i+2 < len(s); i++ {
		if s[i] == '%' && isHexByte(s[i+1]) && isHexByte(s[i+2]) {
			return true
		}
	}
	return false
}

// repeats reports whether s is one part again and again: abcabc, 12341234.
func repeats(s []byte) bool {
	for p := 1; p <= len(s)/2 && p <= 32; p++ {
		if bytes.Equal(s[p:], s[:len(s)-p]) {
			return true
		}
	}
	return false
}

// isVersion reports whether s is or ends in a version: 1.2.3, name:1.2, v1.2.3-rc1.
func isVersion(s []byte) bool {
	for i := 0; i+2 < len(s); i++ {
		if !isDigit(s[i]) || s[i+1] != '.' || !isDigit(s[i+2]) {
			continue
		}
		for _, c := range s[i:] {
			if !isDigit(c) && c != '.' && c != '-' && c != '+' && c != 'x' && c != 'r' && c != 'c' && c != 'v' {
				return false
			}
		}
		j := i
		for j > 0 && isDigit(s[j-1]) {
			j--
		}
		return j == 0 || bytes.IndexByte([]byte(":-v@=/^~<> "), s[j-1]) >= 0
	}
	return false
}
