package generic

import (
	"bytes"
	"math/bits"
)

// keyword is a word that tells the group of a name.
type keyword struct {
	text  string // lower case
	group Group
}

// keywords are the words by which a name says that its value is a secret. The rules' keywords in
// rules/catalog/generic.toml are the same: what is no anchor is never looked at.
var keywords = []keyword{
	{"pass", Password},
	{"pwd", Password},
	{"bindpw", Password},
	{"rootpw", Password},
	{"kennwort", Password},
	{"contrase", Password}, // contraseña
	{"senha", Password},
	{"mot_de_passe", Password},
	{"motdepasse", Password},
	{"wachtwoord", Password},
	{"пароль", Password},
	{"密码", Password},
	{"密碼", Password},
	{"パスワード", Password},
	{"비밀번호", Password},
	{"secret", Secret},
	{"token", Token},
	{"key", Key},
	{"auth", Auth},
	{"cred", Auth},
	{"salt", Salt},
	{"nonce", Salt},
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
		case "word", "words", "wd", "phrase", "wort", "phrases", "worddb", "wordhash", "wrd":
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
			if !bytes.HasPrefix(low[i:], []byte(k.text)) || !keywordAt(name, 0, len(name), i, i+len(k.text)) {
				continue
			}
			if k.group == Token && isAntiForgery(low) {
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
