package generic

import (
	"bytes"
	"math/bits"
)

// keyword is a word that tells the group of a name.
type keyword struct {
	text  string // lower case
	group Group
	// stands says where in a name the word must stand to be one. Short ones, and those that are parts of other words, must
	// stand alone.
	stands standing
}

type standing uint8

const (
	joined standing = iota // also within a word: dbpass
	alone                  // no letter of the same case stands beside it
	last                   // and it is the last of the name: dbPw, db_pw2; not pw_name
)

// keywords are the words by which a name says that its value is a secret. The rules' keywords in
// rules/catalog/generic.toml are the same: what is no anchor is never looked at.
var keywords = []keyword{
	{"pass", Password, joined},
	{"pwd", Password, joined},
	{"pw", Password, last},
	{"psw", Password, alone},
	{"pswd", Password, alone},
	{"psk", Password, last}, // of WPA and IPsec
	{"bindpw", Password, joined},
	{"rootpw", Password, joined},
	{"kennwort", Password, joined},
	{"contrase", Password, joined}, // contraseña
	{"clave", Password, alone},
	{"senha", Password, joined},
	{"mot_de_passe", Password, joined},
	{"motdepasse", Password, joined},
	{"mdp", Password, alone},
	{"wachtwoord", Password, joined},
	{"lösenord", Password, joined},
	{"losenord", Password, joined},
	{"adgangskode", Password, joined},
	{"salasana", Password, joined},
	{"hasło", Password, joined},
	{"haslo", Password, alone},
	{"heslo", Password, alone},
	{"jelszo", Password, alone},
	{"lozinka", Password, joined},
	{"şifre", Password, joined},
	{"sifre", Password, alone},
	{"parola", Password, alone},
	{"kata_sandi", Password, joined},
	{"katasandi", Password, joined},
	{"пароль", Password, joined},
	{"密码", Password, joined},
	{"密碼", Password, joined},
	{"口令", Password, joined},
	{"パスワード", Password, joined},
	{"비밀번호", Password, joined},
	{"secret", Secret, joined},
	{"token", Token, joined},
	{"key", Key, joined},
	{"auth", Auth, joined},
	{"cred", Auth, joined},
	{"salt", Salt, joined},
	{"nonce", Salt, joined},
}

// fits reports whether the key word, which stands at name[i], stands there as it must.
func (k *keyword) fits(name []byte, i int) bool {
	j := i + len(k.text)
	if k.stands == joined {
		return keywordAt(name, 0, len(name), i, j)
	}
	if j < len(name) && isLetter(name[j]) && isUpper(name[j]) == isUpper(name[j-1]) {
		return false
	}
	if k.stands == last && len(bytes.TrimRight(name[j:], "0123456789_")) > 0 {
		return false
	}
	start := i
	for start > 0 && isLetter(name[start-1]) && isUpper(name[start-1]) == isUpper(name[i]) {
		start--
	}
	if start == i {
		return true
	}
	var buf [maxName]byte
	kind := knownWords().words[string(lower(buf[:0], name[start:i]))].kind
	return k.stands == last && (kind == wordStrong || kind == wordUser) // dbpw
}

// trimAnchor narrows the anchor of a key word to the word: short ones have what stands beside them in it, as pw= has.
func trimAnchor(b []byte, lo, hi int) (int, int) {
	for lo < hi && (!isNameByte(b[lo]) || b[lo] == '_') {
		lo++
	}
	for hi > lo && !isNameByte(b[hi-1]) {
		hi--
	}
	return lo, hi
}

// keywordAt reports whether the key word b[i:j] is a word, or ends or begins one it is often joined
// with. It is what most anchors fail.
func keywordAt(b []byte, lo, hi, i, j int) bool {
	word := b[i:j]
	if j < hi && isLetter(b[j]) && isUpper(b[j]) == isUpper(b[j-1]) {
		n := j
		for n < hi && n < j+16 && isLetter(b[n]) && isUpper(b[n]) == isUpper(b[j]) {
			n++
		}
		if !goesOn(word, b[j:n]) {
			return false
		}
	}
	if i > lo && isLetter(b[i-1]) && isUpper(b[i-1]) == isUpper(b[i]) {
		n := i
		for n > lo && n > i-16 && isLetter(b[n-1]) && isUpper(b[n-1]) == isUpper(b[i]) {
			n--
		}
		return !otherWord(b[n:i], word)
	}
	return true
}

// goesOn reports whether a word that begins with a key word is still one.
func goesOn(word, rest []byte) bool {
	var buf [16]byte
	r := string(lower(buf[:0], rest))
	switch r {
	case "s", "key", "keys", "token", "secret", "value", "id", "hash", "str", "string", "data", "base", "seed", "code", "file", "env":
		return true
	}
	switch word[0] | 0x20 {
	case 'p': // pass, pwd
		switch r {
		case "word", "words", "wd", "phrase", "wort", "phrases", "worddb", "wordhash", "wrd", "w", "e", "ord":
			return true
		}
	case 'a':
		switch r {
		case "orization", "entication", "pass", "password", "pwd":
			return true
		}
	case 'c':
		switch r {
		case "ential", "entials", "ña", "na", "middlewaretoken":
			return true
		}
		return word[len(word)-1] == 'e' // contrase…
	case 's': // secret, salt, senha
		return r == "accesskey" || r == "keybase"
	}
	return false
}

// otherWord reports whether letters before a key word make another word of it: monkey, bypass.
func otherWord(before, word []byte) bool {
	var buf [16]byte
	r := string(lower(buf[:0], before))
	switch word[0] | 0x20 {
	case 'k':
		switch r {
		case "mon", "tur", "hot", "don", "joc", "hoc", "whis", "jer", "kid", "do", "tro":
			return true
		}
	case 'p':
		switch r {
		case "com", "by", "tres", "sur", "over", "under", "en", "multi":
			return true
		}
	case 'c':
		switch r {
		case "sa", "in", "dis", "ac":
			return true
		}
	case 's':
		return r == "ba" || r == "cob"
	case 't':
		return r == "be"
	}
	return false
}

func lower(dst, s []byte) []byte {
	for _, c := range s {
		if isUpper(c) {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}

// groupOf tells the group of a name: that of its last key word, but key is only what nothing else is.
func groupOf(name []byte) Group {
	var buf [maxName]byte
	low := lower(buf[:0], name)
	best := ID
	for i := len(low) - 1; i >= 0; i-- {
		for set := keywordsBy[low[i]]; set != 0; set &= set - 1 {
			k := &keywords[bits.TrailingZeros64(set)]
			if !bytes.HasPrefix(low[i:], []byte(k.text)) || !k.fits(name, i) {
				continue
			}
			if k.group == Token && best != Key && isAntiForgery(low) { // what comes of a key for such tokens, it opens
				return Salt
			}
			if k.group != Key {
				return k.group
			}
			best = Key
		}
	}
	return best
}

// isAntiForgery reports whether a name in lower case is of a token that a form and a session have to show that they belong together. It
// opens nothing: a nonce. One in a header was recorded with the rest of the request, and says more.
func isAntiForgery(name []byte) bool {
	return !hasFold(name, 0, "x-") && containsAny(name, "csrf", "xsrf", "authenticity", "requestverification", "antiforgery")
}

// keywordsBy are the key words by their first byte, as sets of their numbers.
var keywordsBy = func() (sets [256]uint64) {
	for i, k := range keywords {
		sets[k.text[0]] |= 1 << i
	}
	return sets
}()
