package generic

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"slices"
	"strings"
	"sync"
)

// What a value is made of, as far as words go: for the doubt whether it is in use. Whether it is a credential at all does not
// depend on these features, or no password of words would be one.
const (
	madeWords     feature = iota // words and little else
	madeSomeWords                // words for the greater part
	madeLeet                     // words in which digits and signs stand for letters
	madeStock                    // a word that people write where a secret would stand, digits and signs at its end apart
	madeText                     // base64 of words, or of a user and a password of words
	madePublished                // a value that a standard or a manual has in its examples
	madeReserved                 // the password of a URL whose host is set aside for examples and tests
	nMade
)

var madeNames = [nMade]string{"words", "some-words", "leet", "stock", "base64-words", "published", "reserved-host"}

// describeMade adds what the value is made of.
func (v *Verdict) describeMade(t *Text, c *Candidate) {
	value := c.Value.of(t.B)
	v.has.addIf(isPublished(value), fMade+madePublished)
	v.has.addIf(c.Group == URL && reservedHost(t.B[c.Value.Hi:max(c.Value.Hi, c.End)]), fMade+madeReserved)
	words, leet := wordsIn(value)
	v.has.addIf(words*10 >= wordy || likeWords(value), fMade+madeWords)
	v.has.addIf(words*10 < wordy && words*2 >= 1, fMade+madeSomeWords)
	v.has.addIf(leet, fMade+madeLeet)
	v.has.addIf(isStock(value), fMade+madeStock)
	v.has.addIf(textOfWords(value), fMade+madeText)
}

// Wordy reports whether a secret is common words, as they stand, backwards, with digits for letters, or in base64, after a user perhaps, or
// keys that lie side by side.
func Wordy(secret []byte) bool {
	words, leet := wordsIn(secret)
	return words*10 >= wordy || likeWords(secret) || leet || isStock(secret) || textOfWords(secret)
}

// published are secrets that standards print in their examples, and what many a test and manual has from there: of RFC 6749, 6750, 5849,
// 6265, 6455, 7636, 7515 and 6238, and the seed that readers of the last are tried with; then the hashes of nothing.
var published = sync.OnceValue(func() map[string]bool {
	list := map[string]bool{}
	for v := range strings.FieldsSeq(`
2YotnFZFEjr1zCsicMWpAA tGzv3JOkF0XG5Qx2TlKWIA 7Fjfp0ZBr1KtDRbnfVdmIw gX1fBat3bV SplxlOBeZQQYbYS6WxSbIA A3ddj3w
czZCaGRSa3F0MzpnWDFmQmF0M2JW czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3
mF_9.B5f-4.1JqM vF9dft4qmT
kd94hf93k423kf44 dpf43f3p2l4k3l03 nnch734d00sl2jdk pfkkdhi9sl3r5s00 hh5s93j4hdidpola hdhd0244k9j7ao03 9djdj82h48djs9d2
kkk9d7dh3k39sjv7 hfdp7dh39dks9884 74KNZJeDHnMBp0EMJ9ZHt/XKycU= 74KNZJeDHnMBp0EMJ9ZHt%2FXKycU%3D bYT5CMsGcbgUdFHObYMEfcx6bsw=
bYT5CMsGcbgUdFHObYMEfcx6bsw%3D r6/TJjbCOr97/+UU0NsvSne7s5g= r6%2FTJjbCOr97%2F%2BUU0NsvSne7s5g%3D
31d4d96e407aad42 dGhlIHNhbXBsZSBub25jZQ== dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk
AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow
GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ JBSWY3DPEHPK3PXP
d41d8cd98f00b204e9800998ecf8427e da39a3ee5e6b4b0d3255bfef95601890afd80709 2jmj7l5rSw0yVb/vlWAYkK/YBwk=
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=`) {
		list[v] = true
	}
	return list
})

// isPublished reports whether s is one of the published examples.
func isPublished(s []byte) bool { return published()[string(s)] }

// reservedHost reports whether the host behind the @ that rest begins with is one that nobody can own (RFC 2606).
func reservedHost(rest []byte) bool {
	host, ok := bytes.CutPrefix(rest, []byte("@"))
	if !ok {
		return false
	}
	end := 0
	for end < len(host) && (isLetter(host[end]) || isDigit(host[end]) || host[end] == '.' || host[end] == '-') {
		end++
	}
	host = host[:end]
	for _, name := range [...]string{"example.com", "example.org", "example.net", "example.edu", ".example", ".test", ".invalid"} {
		if !hasSuffixFold(host, name) {
			continue
		}
		if before := len(host) - len(name); name[0] == '.' || before == 0 || host[before-1] == '.' {
			return true
		}
	}
	return false
}

// textOfWords reports whether s is base64 of words, or of a user and a password of words.
func textOfWords(s []byte) bool {
	s = s[bytes.LastIndexByte(s, ' ')+1:] // the word of a scheme stands before it
	if len(s) == 0 {
		return false
	}
	n := charsOf(s)
	var buf [maxText]byte
	text, ok := base64Text(buf[:], s, &n)
	if !ok {
		return false
	}
	secret := text[bytes.LastIndexByte(text, ':')+1:]
	words, leet := wordsIn(secret)
	return words*2 >= 1 || leet || isStock(secret)
}

// isStock reports whether s is a stock word, digits and signs at its end and a short prefix apart, or reads as password:
// changeme, secret1!, gho_none, dbPa$$word.
func isStock(s []byte) bool {
	var buf [24]byte
	if len(s) > len(buf) {
		return false
	}
	if readsPassword(s) {
		return true
	}
	low := lower(buf[:0], s)
	known := knownWords().words
	if known[string(low)].stock {
		return true
	}
	low = bytes.TrimRight(low, "0123456789!?.#$*_-")
	const longestPrefix = 4
	i := bytes.IndexAny(low, "_-") + 1
	return known[string(low)].stock || i > 0 && i <= longestPrefix+1 && known[string(low[i:])].stock
}

// readsPassword reports whether the word password, or the most of it, stands in s with digits and signs for its letters.
func readsPassword(s []byte) bool {
	for i := 0; i+4 < len(s); i++ {
		if s[i]|0x20 == 'p' && (s[i+1]|0x20 == 'a' || s[i+1] == '4' || s[i+1] == '@') && likeS(s[i+2]) && likeS(s[i+3]) && s[i+4]|0x20 == 'w' {
			return true
		}
	}
	return false
}

// likeWords reports whether s comes to mind as easily as a word.
func likeWords(s []byte) bool { return isBackwards(s) || isWalk(s) || saysPassword(s) }

// isBackwards reports whether s is a word of the dictionary read from its end: terces.
func isBackwards(s []byte) bool {
	const shortest, longest = 4, 14
	if len(s) < shortest || len(s) > longest {
		return false
	}
	var buf [longest]byte
	word := lower(buf[:0], s)
	slices.Reverse(word)
	return dictionary()[string(word)]
}

// keyRows are the rows of a keyboard, and what is typed with the one at the top and shift.
var keyRows = [...]string{"1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "!@#$%^&*()"}

// keyAt returns where on a keyboard a character is typed.
func keyAt(c byte) (row, column int, ok bool) {
	if isUpper(c) {
		c |= 0x20
	}
	for row, keys := range keyRows {
		if column := strings.IndexByte(keys, c); column >= 0 {
			return row % (len(keyRows) - 1), column, true
		}
	}
	return 0, 0, false
}

// isWalk reports whether s goes over a keyboard from each key to one beside it, q1w2e3, or is long and stays where the hands are more than chance would, as
// when somebody types anything: lkjhasdfkjhlaksjdf.
func isWalk(s []byte) bool {
	const walk, mash = 6, 20
	beside, near := 0, 0
	for i := 1; i < len(s); i++ {
		row, column, ok := keyAt(s[i])
		lastRow, lastColumn, lastOK := keyAt(s[i-1])
		if !ok || !lastOK {
			continue
		}
		rows, columns := max(row-lastRow, lastRow-row), max(column-lastColumn, lastColumn-column)
		if rows <= 1 && columns <= 1 && rows+columns > 0 {
			beside++
		}
		if rows == 0 && row > 0 && columns > 0 && columns <= 2 { // of digits alone a third are as near by chance
			near++
		}
	}
	return len(s) >= walk && beside == len(s)-1 || len(s) >= mash && near*5 >= 2*(len(s)-1)
}

// saysPassword reports whether s is a short name of a password rather than one: userpass, onepw.
func saysPassword(s []byte) bool {
	const longest = 12
	s = bytes.TrimRight(s, "0123456789")
	for _, c := range s {
		if !isLetterOrUnder(c) {
			return false
		}
	}
	return len(s) <= longest && (hasSuffixFold(s, "pass") || hasSuffixFold(s, "pw"))
}

// likeS reports whether people write c for an s.
func likeS(c byte) bool {
	switch c {
	case 's', 'S', '$', '5', '3', 'z', 'Z':
		return true
	}
	return false
}

// wordy is how many tenths of the letters of a value words must cover for it to be made of words.
const wordy = 7

// wordsIn returns what part of s are common words, 0 to 1, and whether that takes reading digits and signs as letters.
func wordsIn(s []byte) (part float64, leet bool) {
	const longest = 40
	if len(s) > longest {
		return 0, false
	}
	part = wordShare(s, false)
	if part*10 >= wordy {
		return part, false
	}
	// A number at the end is one, unless there are more digits that read as letters.
	const many = 3
	trimmed := bytes.TrimRight(s, "0123456789!?.#")
	leet = leetIn(trimmed) > 0 && wordShare(trimmed, true)*10 >= wordy || leetIn(s) >= many && wordShare(s, true)*10 >= wordy
	return part, leet
}

// leetIn counts the digits and signs of s that may stand for letters.
func leetIn(s []byte) (n int) {
	for _, c := range s {
		if leetLetters[c] != 0 {
			n++
		}
	}
	return n
}

// leetLetters are the letters that people write as digits and signs.
var leetLetters = [256]byte{'0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b', '$': 's', '@': 'a', '!': 'i', '^': 'a'}

// wordShare returns what part of s common words cover: of its letters, if they are most of it, and with leet of all that may stand for
// letters as well.
func wordShare(s []byte, leet bool) float64 {
	var buf [64]byte
	w, letters := buf[:0], 0
	best := 0
	flush := func() {
		best += longestWords(w)
		w = w[:0]
	}
	for i, c := range s {
		switch {
		case isLetter(c):
			if isUpper(c) && i > 0 && isLower(s[i-1]) {
				flush()
			}
			w = append(w, c|0x20)
			letters++
		case leet && leetLetters[c] != 0:
			w = append(w, leetLetters[c])
			letters++
		default:
			flush()
		}
	}
	flush()
	if letters == 0 || letters*2 < len(s) {
		return 0
	}
	return float64(best) / float64(letters)
}

// longestWords returns how many letters of w, in lower case, words of the dictionary cover at most.
func longestWords(w []byte) int {
	const shortest, longest = 3, 14
	if len(w) < shortest {
		return 0
	}
	known := dictionary()
	var best [64]int
	for i := 1; i <= len(w); i++ {
		best[i] = best[i-1]
		for n := shortest; n <= min(i, longest); n++ {
			if n == shortest && n != len(w) {
				continue // three letters are a word only by themselves
			}
			if best[i-n]+n > best[i] && known[string(w[i-n:i])] {
				best[i] = best[i-n] + n
			}
		}
	}
	return best[len(w)]
}

// dictionaryText are the words that stand in many packages of code, which bench/clean.sh fetches: see internal/train.
//
//go:embed dictionary.txt
var dictionaryText string

// names are names that passwords are made of: people of many countries, animals, gods and places, seasons, weather, flowers, metals, games and
// food; then what else people think of, in some other languages too, and makers whose products come with their name for a password.
const names = `adam alan albert alex alexander alice amanda amy andrea andrew andy angela anna anne anthony arthur barbara ben benjamin bert
betty bill bob brian bruce carl carlos carol caroline charles charlie chris christian christine claire claudia dan daniel dave david
dennis diana donald donna doris edgar edward elena elizabeth emily emma eric ernest eva eve felix frank fred gary george gerald
gina glenn gordon grace greg hannah harold harry heidi helen henry homer howard hugo irene isaac jack jacob james jane janet jason jean
jeff jennifer jerry jessica jim joan joe john jonathan jordan joseph joshua juan judy julia julian karen karl kate katherine kelly kenneth
kevin kim larry laura lauren lee leo leonard linda lisa louis lucas lucy luke mallory maria marie mark martha martin mary matt matthew max
melissa michael michelle mike monica nancy natalie nathan neil nicholas nick nicole nina noah nora oliver olivia oscar pamela patricia patrick
paul peggy peter phil philip rachel ralph ray rebecca richard rick rob robert robin roger roland ron rose roy ruth ryan sally sam samantha samuel
sandra sara sarah scott sean sharon simon sophia sophie stan stefan stephanie stephen steve steven stuart sue susan sybil ted teresa thomas tim
timothy tina tom tony trent trudy tyler vera victor victoria vincent walter wendy wilfred william xavier yvonne zack zoe
achilles apollo ares artemis athena bender cassandra cerberus cyrano frodo gandalf hades hera hermes loki medusa merlin neptune odin pluto
poseidon sauron thor zeus einstein newton tesla batman superman spiderman snoopy picard spock kirk skywalker yoda vader
bear bird bunny buster cat chicken cow crow dog dolphin donkey dragon duck eagle elephant falcon fish fox frog giraffe goat goose gorilla hamster
horse kitten kitty lion lizard monkey moose mouse otter owl panda panther parrot penguin pig pony puppy rabbit raven robin shark sheep snake
spider tiger turtle whale wolf wombat zebra apple banana cheese cherry coffee cookie ginger honey lemon orange peanut pepper pickle pizza potato
pumpkin sugar strawberry america berlin boston canada chicago dallas denver england europe france germany india italy japan london madrid
mexico moscow paris spain sweden texas tokyo vienna sekret geheim passwort parola clave mdp aladdin sesame barfoo blah bogus honk sooper super
swordfish letmein hunter correct battery staple trustno iloveyou princess sunshine football baseball shadow ninja mustang jesus
autumn winter morning evening sunrise sunset rainbow thunder storm lightning rain flame planet galaxy comet mars venus jupiter saturn river
lake beach ocean swamp jungle mountain island valley forest desert flower garden meadow oak maple willow daisy lily tulip violet silver copper iron steel crystal
emerald sapphire pearl amber sales knight king queen prince wizard warrior angel devil phantom mystery freedom lucky sunny lover dream
soccer hockey tennis golf guitar piano music cinnamon pasta bread butter sandwich burger whiskey vodka wine beer castle tower
aditya ahmed aisha akira aleksandr alejandro alessandro amit amir anders andrei anil anita anjali anton antonio arjun astrid bjorn boris bruno
camila carla carmen catarina chen chloe claudio cristina daniela dariusz deepak diego dimitri dmitri eduardo elif emil enrique erik esther
fatima federico felipe fernando francesca francisco francois gabriel giovanni giulia goran gustavo hans haruto hassan hiroshi ibrahim igor
ingrid ivan javier jens jorge jose jurgen kenji khalid klaus kumar lars leila liam lorenzo luca lucia luis magnus manuel marco mario marta mateo
miguel mohamed mohammed mustafa nadia natasha niels nikolai nuno olga omar pablo paolo pavel pedro pierre pooja priya rafael rahul rajesh ravi
ricardo roberto rohit rosa sakura sanjay sergei sergio shreya sofia stefano sunil sven svetlana takeshi tariq tatiana valentina vijay viktor
vladimir wolfgang yuki yusuf
shiny happy fluffy sneaky spooky funny crazy lazy fuzzy tiny giant evil magic silly pretty lovely awesome epic boring lulz noob pwned haxor
urlaub sommer herbst fruehling sonne schatz liebe hallo hund katze vogel schule soleil bonjour amour azerty doudou chien verano amor hola
gato perro sol estrella estate ciao amore sole segredo tajne haslo heslo wachtwoord lozenord
cisco juniper infoblox fortinet vagrant raspberry zabbix nagios tomcat jboss kibana grafana minio netgear linksys dlink motorola siemens`

var dictionary = sync.OnceValue(func() map[string]bool {
	const enough = 11000
	words := make(map[string]bool, enough) // as large as it becomes: see knownWords
	for _, text := range [...]string{dictionaryText, names, codeWords, libraryWords, stockWords} {
		for w := range strings.FieldsSeq(text) {
			if len(w) > 2 {
				words[w] = true
			}
		}
	}
	return words
})

// isPattern reports whether s is a regular expression: at least two of its signs stand in it, or a class with a count.
// A password may hold one bracket or brace, but hardly a class with a range that is counted.
func isPattern(s []byte) bool {
	signs := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '[':
			end, ranged := classEnd(s, i)
			if end < 0 {
				if ranged {
					return true // the value ends within it, as one without quotes may
				}
				continue
			}
			if ranged {
				signs++
			}
			if ranged && end < len(s) && (s[end] == '{' || s[end] == '+' || s[end] == '*' || s[end] == '?') {
				return true
			}
			i = end - 1
		case c == '{':
			if i > 0 && countEnd(s, i) > 0 {
				signs++
			}
		case c == '(' && i+2 < len(s) && s[i+1] == '?':
			if bytes.IndexByte([]byte(":=!<Pimsx"), s[i+2]) >= 0 {
				signs += 2
			}
		case c == '\\' && i+1 < len(s):
			if bytes.IndexByte([]byte("wWdDsSbB.-[](){}+*?^$/"), s[i+1]) >= 0 {
				signs++
			}
			i++
		case c == '.' && i+1 < len(s) && (s[i+1] == '*' || s[i+1] == '+'):
			signs++
		case c == '^' && i == 0, c == '$' && i == len(s)-1:
			signs++
		}
	}
	return signs >= 2
}

// classEnd returns where the class ends that begins with the [ at s[i], and whether it holds a range or a negation; -1 if
// none does.
func classEnd(s []byte, i int) (end int, ranged bool) {
	j := i + 1
	if j < len(s) && s[j] == '^' {
		ranged = true
		j++
	}
	for start := j; j < len(s); j++ {
		switch {
		case s[j] == '\\':
			j++
			ranged = true
		case s[j] == ']' && j > start:
			return j + 1, ranged
		case s[j] == '-' && j > start && j+1 < len(s) && isRange(s[j-1], s[j+1]):
			ranged = true
		}
	}
	return -1, ranged
}

// isRange reports whether a and z may be the ends of a range of a class.
func isRange(a, z byte) bool {
	return a < z && (isLower(a) && isLower(z) || isUpper(a) && isUpper(z) || isDigit(a) && isDigit(z))
}

// countEnd returns where a count {2}, {2,} or {2,9} that begins at s[i] ends, or -1.
func countEnd(s []byte, i int) int {
	j, digits := i+1, 0
	for ; j < len(s) && (isDigit(s[j]) || s[j] == ',' && digits > 0); j++ {
		digits++
	}
	if digits == 0 || j == len(s) || s[j] != '}' {
		return -1
	}
	return j + 1
}

// slotMarks open and close the templates of most languages.
var slotMarks = [...][2]string{{"{{", "}}"}, {"${", "}"}, {"#{", "}"}, {"<%", "%>"}, {"$(", ")"}, {"%(", ")s"}, {"@{", "}"}}

// isSlot reports whether templates stand in s and little else that could be a secret.
func isSlot(s []byte) bool {
	left, slots := len(s), 0
	for i := 0; i < len(s); {
		n := slotLen(s[i:])
		if n == 0 {
			i++
			continue
		}
		slots++
		left -= n
		i += n
	}
	const most = 24 // what may stand around them: a prefix, a version
	return slots > 0 && left <= most
}

// slotLen returns the length of the template that s begins with, or 0. One that is cut off by the end of the value counts.
func slotLen(s []byte) int {
	for _, m := range slotMarks {
		if !bytes.HasPrefix(s, []byte(m[0])) {
			continue
		}
		if n := bytes.Index(s, []byte(m[1])); n > 0 {
			return n + len(m[1])
		}
		return len(s)
	}
	return 0
}

// Hashed reports whether a secret is the hash of a password, or a ciphertext in a wrap that tells it is one.
func Hashed(secret []byte) bool { return len(secret) > 0 && isCrypt(secret) }

// isCrypt reports whether s is the hash of a password in one of the formats of crypt, or one that names its scheme, or a
// ciphertext in one of the wraps that settings have for them.
func isCrypt(s []byte) bool {
	if isWrapped(s) {
		return true
	}
	if s[0] == '{' {
		if i := bytes.IndexByte(s, '}'); i > 2 && i < 16 {
			s = s[i+1:]
		}
	}
	if len(s) < 20 || s[0] != '$' {
		return false
	}
	i := bytes.IndexByte(s[1:], '$')
	return i > 0 && i < 12 && bytes.IndexByte(s[i+2:], '$') > 0
}

// isWrapped reports whether s is a ciphertext in a wrap: ENC(…) and ENC[…] of Jasypt and hiera, {cipher}… of Spring, {…=} of Maven and
// Jenkins, vault:v1:… of Vault.
func isWrapped(s []byte) bool {
	const least = 16
	if len(s) < least {
		return false
	}
	end := s[len(s)-1]
	switch {
	case hasFold(s, 0, "enc(") && end == ')', hasFold(s, 0, "enc[") && end == ']', hasFold(s, 0, "{cipher}"), hasFold(s, 0, "vault:v1:"):
		return true
	case s[0] == '{' && end == '}':
		n := charsOf(s[1 : len(s)-1])
		return n.lower+n.upper+n.digit+n.base+n.slash == len(s)-2 && n.upper > 0 && n.digit > 0 && (len(s)-2)%4 == 0
	}
	return false
}

// isDigest reports whether s begins with the name of a hash function, as integrity fields, image digests and key pins do.
func isDigest(s []byte) bool {
	for _, name := range [...]string{"md5", "sha1", "sha256", "sha384", "sha512"} {
		if i := len(name); i+16 < len(s) && hasFold(s, 0, name) && (s[i] == ':' || s[i] == '-' || s[i] == '/') {
			return true
		}
	}
	return false
}

// onlyCodes reports whether s is nothing but escapes of characters: \u3299\ufe0f.
func onlyCodes(s []byte) bool {
	for i := 0; i < len(s); {
		if s[i] != '\\' || i+1 == len(s) || s[i+1] != 'u' && s[i+1] != 'U' && s[i+1] != 'x' {
			return false
		}
		for i += 2; i < len(s) && isHexByte(s[i]); i++ {
		}
	}
	return true
}

// maxText is the longest base64 that is decoded to see whether a text is in it.
const maxText = 200

// base64Text decodes base64 of a text, printable ASCII and most of it letters, into dst, which has room for maxText bytes.
func base64Text(dst, s []byte, n *chars) (text []byte, ok bool) {
	const least = 8
	if len(s) < least || len(s) > maxText || n.other+n.blank+n.dot+n.colon+n.back+n.high > 0 || n.upper == 0 {
		return nil, false
	}
	s = bytes.TrimRight(s, "=")
	size, err := base64.RawStdEncoding.Decode(dst, s)
	if err != nil {
		return nil, false
	}
	text = dst[:size]
	letters := 0
	for _, c := range text {
		if c < ' ' || c > '~' {
			return nil, false
		}
		if isLetter(c) {
			letters++
		}
	}
	return text, letters*2 >= len(text)
}
