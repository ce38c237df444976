package generic

import (
	"bytes"
)

// What holds of a name.
const (
	nameEnds      feature = iota // its last word is the key word
	nameBegins                   // its first word is
	nameOnly                     // it is nothing else
	nameTwo                      // it has key words of two groups
	nameGlued                    // the key word is joined to other letters
	nameQuoted                   // it stands in quotes
	nameOption                   // it begins with -
	nameSigil                    // it begins with $, @ or :
	nameMember                   // it is a member of something: x.name, x->name, x["name"]
	nameQuery                    // it begins with ? or &
	nameLineStart                // it is the first of its line
	nName
)

var nameNames = [nName]string{
	"ends-in-keyword", "begins-with-keyword", "is-keyword", "two-keywords", "glued", "quoted", "option", "sigil", "member",
	"query", "line-start",
}

// keywordKind is a key word, or several of the same meaning.
type keywordKind feature

const (
	kwPassword keywordKind = iota
	kwPass
	kwPwd
	kwForeign
	kwSecret
	kwToken
	kwKey
	kwAuth
	kwCred
	kwSalt
	kwNonce
	nKeywordKinds
)

var keywordKindNames = [nKeywordKinds]string{
	"password", "pass", "pwd", "foreign", "secret", "token", "key", "auth", "cred", "salt", "nonce",
}

// The ways to write a name.
const (
	styleLower feature = iota
	styleUpper
	styleCapital
	styleCamel
	styleSnake
	styleUpperSnake
	styleKebab
	styleDotted
	styleOther
	nStyles
)

var styleNames = [nStyles]string{"lower", "upper", "capital", "camel", "snake", "upper-snake", "kebab", "dotted", "other"}

// wordKind is what a word in a name says of the value.
type wordKind feature

const (
	wordNone wordKind = iota
	wordKey           // a key word
	wordStrong
	wordPlace
	wordDescr
	wordUser
	wordHash
	wordNumber
	wordFlag
	wordText
	wordPublic
	wordID
	wordData
	wordLexer
	wordExample
	wordNew
	wordWrong
	wordType
	nWordKinds
)

var wordKindNames = [nWordKinds]string{
	"none", "keyword", "strong", "place", "description", "user", "hash", "number", "flag", "text", "public", "id", "data",
	"lexer", "example", "new", "wrong", "type",
}

// kindWords are the words of each kind; a word that several have is of the first.
var kindWords = [nWordKinds]string{
	wordKey:     "kennwort contrase contrasena senha wachtwoord motdepasse mdp clave psw pswd psk passe passord haslo heslo jelszo lozinka sifre parola salasana losenord adgangskode password passwords passwd pass pwd passphrase passcode passwort secret secrets token tokens key keys auth oauth oauth2 authorization credential credentials cred creds salt nonce jwt pw bearer",
	wordStrong:  "api apikey access private master encryption signing sign client consumer app application admin root db database server service bearer refresh session bot deploy personal user account aws azure gcp github gitlab slack stripe twilio google facebook twitter smtp mail ftp ssh mysql postgres redis mongo ldap proxy login cookie webhook shared hmac aes otp totp license storage connection",
	wordPlace:   "file filename path dir directory folder url uri endpoint host hostname server store keystore location address domain port socket bucket registry vault env environment variable var arn ref link page route",
	wordDescr:   "name code codes label title field type kind format mode scope provider method algorithm alg class service manager handler factory prefix suffix header param parameter attribute attr property prop option setting settings config configuration policy source status state strategy driver module plugin column table index group role action event entity model schema",
	wordUser:    "user username login email mail owner account",
	wordHash:    "hash hashed digest encrypted encoded md5 sha sha1 sha256 sha512 bcrypt crypt checksum signature fingerprint cipher hex base64 b64",
	wordNumber:  "length len size count max min maximum minimum ttl expires expire expiry expiration expired lifetime timeout time date age offset version limit num number bits bytes duration interval days hours minutes seconds total level order position rounds iterations cost",
	wordFlag:    "stdin mandatory match matching matches enabled enable disabled disable required require requires valid is has use uses using allow allows allowed reset forgot forgotten change changed confirm confirmed update updated verify verified validate validation check checked need needs without show hide visible supported generate generated missing expired remember can should",
	wordText:    "message msg error errors hint placeholder tooltip description help text prompt question info warning caption subject body instruction instructions button success failed failure",
	wordPublic:  "public pub publishable anon recv",
	wordID:      "id ids uuid guid kid sid identifier alias aliases selector",
	wordData:    "primary foreign partition sort cache map dict object translation redis row col hash query route json yaml item items list array set data value values pair pairs entry entries node registry lookup unique composite storage key_of press down up code event arrow shortcut",
	wordLexer:   "tokenizer tokenize csrf xsrf authenticity next page continuation sync cancellation parser lexer syntax keyword identifier literal cursor pagination start end stop unknown eof cls sep pad mask",
	wordExample: "test tests testing fake dummy example sample mock demo foo bar baz stub my your default",
	wordNew:     "new old current previous prev next temp tmp temporary initial other another repeat repeated confirmation again second first",
	wordWrong:   "wrong invalid bad incorrect broken unknown empty no not missing weak short blank null nil",
	wordType:    "string str int bool boolean byte bytes char object pattern regex regexp rule rules validator input output form view component controller helper util utils dialog screen widget button icon element",
}

// splitName calls yield for each word of a name, in lower case: camelCase, snake_case, kebab-case, dotted.
func splitName(name []byte, yield func(word []byte)) {
	var buf [maxName]byte
	for i := 0; i < len(name); {
		if !isLetter(name[i]) && !isDigit(name[i]) && name[i] < 0x80 {
			i++
			continue
		}
		j := i + 1
		for j < len(name) && (isLetter(name[j]) || isDigit(name[j]) || name[j] >= 0x80) {
			if isUpper(name[j]) && (isLower(name[j-1]) || isDigit(name[j-1])) ||
				isUpper(name[j]) && j+1 < len(name) && isLower(name[j+1]) && isUpper(name[j-1]) {
				break
			}
			j++
		}
		yield(lower(buf[:0], name[i:j]))
		i = j
	}
}

// describeName adds what the name says.
func (v *Verdict) describeName(t *Text, c *Candidate) {
	name := c.Name.of(t.B)
	if c.As != "" {
		name = []byte(c.As)
	}
	if len(name) == 0 {
		return
	}
	words, keys, last, first := 0, 0, wordNone, wordNone
	var kinds features
	known := knownWords()
	splitName(name, func(w []byte) {
		kind := known.words[string(w)].kind
		if kind == wordNone && len(w) > 1 && isDigit(w[len(w)-1]) {
			kind = known.words[string(bytes.TrimRight(w, "0123456789"))].kind
		}
		if kind == wordNone {
			kind = kindOfEnd(w)
		}
		if words == 0 {
			first = kind
		}
		if kind == wordKey {
			keys++
		}
		kinds.add(feature(kind))
		last = kind
		words++
	})
	if last != wordNone {
		v.has.add(fLastWord + feature(last))
	}
	for k := range kinds.all() {
		if k != feature(wordNone) {
			v.has.add(fWord + k)
		}
	}
	v.has.addIf(last == wordKey, fName+nameEnds)
	v.has.addIf(first == wordKey, fName+nameBegins)
	v.has.addIf(words == 1 && keys == 1, fName+nameOnly)
	v.has.addIf(keys > 1, fName+nameTwo)
	v.has.addIf(keys == 0, fName+nameGlued)
	v.has.addStep(fNameWords, words-1, 4)
	v.has.add(fNameStyle + styleOf(name))
	v.keywordsOf(name)
	v.describeBeforeName(t, c)
}

// kindOfEnd returns what the end of a word says that is joined to others without a sign: pinnedpubkey, PWDHASH.
func kindOfEnd(w []byte) wordKind {
	switch {
	case bytes.HasSuffix(w, []byte("pubkey")) || bytes.HasSuffix(w, []byte("publickey")):
		return wordPublic
	case bytes.HasSuffix(w, []byte("hash")):
		return wordHash
	}
	return wordNone
}

func (v *Verdict) keywordsOf(name []byte) {
	var buf [maxName]byte
	low := lower(buf[:0], name)
	for _, k := range [...]struct {
		text string
		kind keywordKind
	}{
		{"secret", kwSecret},
		{"token", kwToken},
		{"key", kwKey},
		{"auth", kwAuth},
		{"cred", kwCred},
		{"salt", kwSalt},
		{"nonce", kwNonce},
		{"pwd", kwPwd},
	} {
		v.has.addIf(bytes.Contains(low, []byte(k.text)), fKeyword+feature(k.kind))
	}
	switch {
	case bytes.Contains(low, []byte("passw")) || bytes.Contains(low, []byte("passp")):
		v.has.add(fKeyword + feature(kwPassword))
	case bytes.Contains(low, []byte("pass")):
		v.has.add(fKeyword + feature(kwPass))
	case v.Group == Password && !v.has.has(fKeyword+feature(kwPwd)):
		v.has.add(fKeyword + feature(kwForeign))
	}
}

func (v *Verdict) describeBeforeName(t *Text, c *Candidate) {
	i := c.Name.Lo
	for i > t.Lo && isBlank(t.B[i-1]) {
		i--
	}
	if i == t.Lo {
		v.has.add(fName + nameLineStart)
		return
	}
	if i != c.Name.Lo {
		return
	}
	switch p := t.B[i-1]; p {
	case '"', '\'', '`':
		v.has.add(fName + nameQuoted)
	case '-', '/':
		v.has.add(fName + nameOption)
	case '$', '@', ':':
		v.has.add(fName + nameSigil)
	case '>', '.':
		v.has.add(fName + nameMember)
	case '?', '&':
		v.has.add(fName + nameQuery)
	}
	if bytes.IndexByte(c.Name.of(t.B), '.') > 0 {
		v.has.add(fName + nameMember)
	}
}

// styleOf tells how a name is written.
func styleOf(name []byte) feature {
	var uppers, lowers, under, dash, dot int
	for _, c := range name {
		switch {
		case isUpper(c):
			uppers++
		case isLower(c):
			lowers++
		case c == '_':
			under++
		case c == '-':
			dash++
		case c == '.':
			dot++
		}
	}
	switch {
	case dot > 0:
		return styleDotted
	case dash > 0:
		return styleKebab
	case under > 0 && lowers == 0:
		return styleUpperSnake
	case under > 0:
		return styleSnake
	case uppers == 0 && lowers > 0:
		return styleLower
	case lowers == 0 && uppers > 0:
		return styleUpper
	case isUpper(name[0]) && uppers == 1:
		return styleCapital
	case uppers > 0:
		return styleCamel
	}
	return styleOther
}
