package detect

import "bytes"

// placeholder reports whether a value that a name alone makes a secret is plainly none: a
// template, a reference, a word that says "put yours here", one character
// repeated or counted up. It is used for assigned and weak rules only; of what
// carries a provider's own prefix, only what is filled up is told by its looks.
func placeholder(v []byte) bool {
	if len(v) == 0 || monotonous(v) || counting(v) || alphabet(v) || credentialName(v) || mailAddress(v) || fieldName(v) || maskedUUID(v) {
		return true
	}
	switch {
	case v[0] == '$', v[0] == '<', v[0] == '%' && v[len(v)-1] == '%', v[0] == '{', v[0] == '[':
		return true
	}
	lower := bytes.ToLower(v)
	for _, w := range placeholderWords {
		// A word inside a long random value proves nothing: the rest must be short.
		if i := bytes.Index(lower, w); i >= 0 && len(v)-len(w) < 12 {
			return true
		}
	}
	return false
}

var placeholderWords = [][]byte{
	[]byte("example"), []byte("changeme"), []byte("change-me"), []byte("change_me"), []byte("placeholder"), []byte("your-"),
	[]byte("your_"), []byte("yourpass"), []byte("yourkey"), []byte("insert"), []byte("replace"), []byte("redacted"),
	[]byte("dummy"), []byte("xxxx"), []byte("****"), []byte("...."), []byte("null"), []byte("undefined"), []byte("${"), []byte("{{"),
}

// filled reports whether a token was filled up with one character, as in ghp_xxxxxxxxxxxxxxxx. Bytes of zeros and of ones, which
// stand in binary formats, are A and / or _ in base64, and what pads a value is =.
func filled(v []byte) bool {
	const longest = 11 // of equal hexadecimal digits one random token in 10^11 has more
	run := 0
	for i, c := range v {
		switch {
		case c == 'A' || c == '/' || c == '_' || c == '-' || c == '=':
			run = 0
		case i > 0 && c == v[i-1]:
			run++
		default:
			run = 1
		}
		if run > longest {
			return true
		}
	}
	return false
}

// alphabet reports whether v is a long string in which no byte stands twice. One in 500 random strings of
// 28 letters and digits is, fewer of longer ones; the alphabets of encodings all are.
func alphabet(v []byte) bool {
	if len(v) < 28 {
		return false
	}
	var seen class
	for _, c := range v {
		if seen.has(c) {
			return false
		}
		seen.add(c)
	}
	return true
}

// credentialName reports whether v is the name of a credential and not its value: words, joined or not, of
// which the last says what it is, as in aws_secret_access_key, auth0-client-secret and API_TOKEN.
func credentialName(v []byte) bool {
	lower := bytes.ToLower(v)
	digits := 0
	for _, c := range lower {
		switch {
		case '0' <= c && c <= '9':
			digits++
		case 'a' <= c && c <= 'z', c == '_', c == '-', c == '.':
		default:
			return false
		}
	}
	if digits > 2 || bytes.IndexFunc(v, isLower) >= 0 && bytes.IndexFunc(v, isUpper) >= 0 {
		return false
	}
	for _, w := range credentialWords {
		if bytes.HasSuffix(lower, w) {
			return true
		}
	}
	return false
}

// maskedUUID reports whether v is a UUID that documents print: one character in each group, 00000000-1111-2222-3333-444444444444.
func maskedUUID(v []byte) bool {
	const length, groups = 36, 5
	parts := bytes.Split(v, []byte{'-'})
	if len(v) != length || len(parts) != groups {
		return false
	}
	for _, part := range parts {
		if len(part) == 0 || bytes.Count(part, part[:1]) != len(part) {
			return false
		}
	}
	return true
}

// fieldName reports whether v is the name of the next field: letters and a colon.
func fieldName(v []byte) bool {
	n := len(v) - 1
	return v[n] == ':' && bytes.IndexFunc(v[:n], func(r rune) bool { return !isLower(r) && !isUpper(r) && r != '_' }) < 0
}

func isLower(r rune) bool { return 'a' <= r && r <= 'z' }
func isUpper(r rune) bool { return 'A' <= r && r <= 'Z' }

var credentialWords = [][]byte{
	[]byte("key"), []byte("token"), []byte("secret"), []byte("password"), []byte("passwd"), []byte("passphrase"),
	[]byte("credential"), []byte("credentials"), []byte("auth"), []byte("_id"), []byte("-id"),
}

// mailAddress reports whether v is an e-mail address under one of the common domains.
func mailAddress(v []byte) bool {
	at := bytes.IndexByte(v, '@')
	if at <= 0 {
		return false
	}
	domain := v[at+1:]
	for i, c := range domain {
		if !(isWord(c) || c == '-' || c == '.' && i > 0) {
			return false
		}
	}
	for _, end := range []string{".com", ".org", ".net", ".io", ".dev", ".edu"} {
		if bytes.HasSuffix(domain, []byte(end)) {
			return true
		}
	}
	return false
}

// monotonous reports whether v has at most two different bytes.
func monotonous(v []byte) bool {
	a, b := v[0], v[0]
	for _, c := range v {
		if c != a && c != b {
			if b != a {
				return false
			}
			b = c
		}
	}
	return true
}

// counting reports whether v counts up or down from byte to byte, as 123456 and abcdef do.
func counting(v []byte) bool {
	steps := 0
	for i := 1; i < len(v); i++ {
		d := int(v[i]) - int(v[i-1])
		if d == 1 || d == -1 || d == -9 { // 9 to 0
			steps++
		}
	}
	return steps*4 >= (len(v)-1)*3
}
