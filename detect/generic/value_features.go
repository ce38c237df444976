package generic

import (
	"bytes"
	"math"
)

// lengths are the upper bounds of the steps of a value's length.
var lengths = [...]int{5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 21, 24, 31, 32, 39, 40, 47, 63, 64, 99, 199}

const nLengths = feature(len(lengths)) + 1

var lengthNames = [nLengths]string{
	"5", "6", "7", "8", "9", "10", "11", "13", "15", "17", "19", "21", "24", "31", "32", "39", "40", "47", "63", "64", "99", "199", "more",
}

// The characters of a value.
const (
	charsDigits feature = iota
	charsLower
	charsUpper
	charsCapital // Word
	charsLetters
	charsHex // with digits, in one case
	charsLowerDigits
	charsUpperDigits
	charsMixed      // letters of both cases and digits
	charsWord       // with _ or -
	charsDotted     // with . or :
	charsBase64     // with + / or = at the end
	charsPrintable  // other symbols
	charsSpaced     // with blanks
	charsForeign    // beyond ASCII
	charsControlled // escapes, \x00
	nCharsets
)

var charsetNames = [nCharsets]string{
	"digits", "lower", "upper", "capital", "letters", "hex", "lower-digits", "upper-digits", "mixed", "word", "dotted", "base64",
	"printable", "spaced", "foreign", "escaped",
}

const (
	nEntropies   = 10
	nLetterSteps = 12
)

// entropyNames: bits by which the entropy falls short of the most that the length allows.
var entropyNames = [nEntropies]string{"0", "0.1", "0.2", "0.3", "0.4", "0.6", "0.8", "1.1", "1.5", "more"}

var entropySteps = [nEntropies - 1]float64{0.001, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.1, 1.5}

// letterNames: how surprising the letters are as text, in bits a letter.
var letterNames = [nLetterSteps]string{"none", "2.2", "2.6", "3", "3.4", "3.8", "4.2", "4.6", "5.1", "5.7", "6.5", "more"}

var letterSteps = [nLetterSteps - 2]float64{2.2, 2.6, 3, 3.4, 3.8, 4.2, 4.6, 5.1, 5.7, 6.5}

// chars counts what a value is made of.
type chars struct {
	lower, upper, digit, hex, under, dash, dot, colon, slash, base, blank, high, back, other int
	changes                                                                                  int // between letters, digits and the rest
}

func charsOf(v []byte) (n chars) {
	kind, before := 0, 0
	for _, c := range v {
		switch {
		case isLower(c):
			n.lower++
			kind = 1
		case isUpper(c):
			n.upper++
			kind = 1
		case isDigit(c):
			n.digit++
			kind = 2
		default:
			kind = 3
			switch c {
			case '_':
				n.under++
			case '-':
				n.dash++
			case '.':
				n.dot++
			case ':':
				n.colon++
			case '/':
				n.slash++
			case '+', '=':
				n.base++
			case ' ', '\t':
				n.blank++
			case '\\':
				n.back++
			default:
				if c >= 0x80 {
					n.high++
				} else {
					n.other++
				}
			}
		}
		if isHexByte(c) {
			n.hex++
		}
		if before != 0 && kind != before {
			n.changes++
		}
		before = kind
	}
	return n
}

func isHexByte(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

func (n *chars) charset(v []byte) feature {
	letters := n.lower + n.upper
	size := len(v)
	switch {
	case n.digit == size:
		return charsDigits
	case n.lower == size:
		return charsLower
	case n.upper == size:
		return charsUpper
	case letters == size && n.upper == 1 && isUpper(v[0]):
		return charsCapital
	case letters == size:
		return charsLetters
	case n.hex == size && (n.lower == 0 || n.upper == 0):
		return charsHex
	case n.lower+n.digit == size:
		return charsLowerDigits
	case n.upper+n.digit == size:
		return charsUpperDigits
	case letters+n.digit == size:
		return charsMixed
	case n.high > 0:
		return charsForeign
	case n.blank > 0:
		return charsSpaced
	case n.back > 0:
		return charsControlled
	case letters+n.digit+n.under+n.dash == size:
		return charsWord
	case n.other == 0 && n.colon+n.dot == 0:
		return charsBase64
	case n.other == 0 && n.base == 0:
		return charsDotted
	}
	return charsPrintable
}

// describeValue adds what the value looks like.
func (v *Verdict) describeValue(t *Text, c *Candidate) {
	value := c.Value.of(t.B)
	n := charsOf(value)
	step := 0
	for step < len(lengths) && len(value) > lengths[step] {
		step++
	}
	v.has.add(fLength + feature(step))
	v.has.add(fCharset + n.charset(value))
	v.has.addStep(fDigits, digitStep(n.digit, len(value)), 6)
	v.entropy(value)
	surprise, letters := surprise(value)
	if letters < 3 {
		v.has.add(fLetters)
	} else {
		v.has.addStep(fLetters+1, stepOf(letterSteps[:], surprise), nLetterSteps-1)
	}
	v.shape(value, &n)
	v.words(value, c.Name.of(t.B))
}

func digitStep(digits, size int) int {
	switch {
	case digits == 0:
		return 0
	case digits == size:
		return 5
	case digits*10 <= size:
		return 1
	case digits*4 <= size:
		return 2
	case digits*2 <= size:
		return 3
	}
	return 4
}

// stepOf returns the number of bounds that x is over.
func stepOf(bounds []float64, x float64) int {
	n := 0
	for n < len(bounds) && x > bounds[n] {
		n++
	}
	return n
}

// entropy adds how far the value's entropy is from the most that its length and alphabet allow.
func (v *Verdict) entropy(value []byte) {
	var count [256]uint16
	for _, c := range value {
		count[c]++
	}
	size := float64(len(value))
	h := 0.0
	for _, c := range value {
		if k := float64(count[c]); k > 0 {
			h -= k / size * math.Log2(k/size)
			count[c] = 0
		}
	}
	most := math.Log2(size)
	switch cs := v.charset(); cs {
	case charsHex:
		most = min(most, 4)
	case charsDigits:
		most = min(most, math.Log2(10))
	case charsLower, charsUpper, charsCapital:
		most = min(most, 4.3)
	default:
		most = min(most, 5.2)
	}
	v.has.addStep(fEntropy, stepOf(entropySteps[:], most-h), nEntropies)
}

func (v *Verdict) charset() feature {
	for f := range nCharsets {
		if v.has.has(fCharset + f) {
			return f
		}
	}
	return charsPrintable
}

// Shapes a value can have.
const (
	shapeUUID feature = iota
	shapeHash         // 32, 40, 64, 96 or 128 hexadecimal digits
	shapeDate
	shapePath
	shapeURL
	shapeMail
	shapeVersion
	shapeNumber
	shapeConst     // UPPER_SNAKE
	shapeSnake     // lower_snake of letters
	shapeKebab     // lower-kebab of letters
	shapeCamel     // camelCase of letters
	shapeMember    // a.b, a->b, a::b
	shapeIndex     // a[b], a{b}
	shapeTemplate  // holds ${…}, {{…}}, #{…}, %(…)
	shapeAngle     // <…>
	shapeVariable  // $NAME, @name, %NAME%
	shapeFormat    // %s, %d, {}, {0}
	shapeMask      // one or two different characters, or a run of four
	shapeCounting  // 12345, abcdef
	shapeKeyboard  // qwerty, asdf
	shapeSentence  // three words or more
	shapeTwoWords  // two
	shapeLiteral   // true, None, nil
	shapeJWT       // eyJ…
	shapePEM       // -----BEGIN
	shapeMarkup    // < > in it
	shapeCode      // brackets, semicolons, operators
	shapeEllipsis  // …
	shapeEscape    // \n, \x
	shapeColon     // :symbol, key:value
	shapeBang      // ends in ! ? or .
	shapeDollar    // holds $ @ ! # % ^ & * among letters
	shapeRegex     // \w, [a-z], ^…$, (.*)
	shapeEquals    // equals its name
	shapeInName    // is part of its name, or holds it
	shapeKeyword   // holds a key word
	shapeOnlyKeys  // key words and nothing else
	shapeStock     // a word people write where a secret would stand
	shapeOnlyStock // such words and nothing else
	shapeChanges   // changes often between letters, digits and the rest
	shapeBase64    // length divides by four and ends in =
	shapeList      // commas
	shapeEscaped   // %3D
	shapeRepeated  // a part of it stands twice
	shapeNumbers   // a list of numbers
	shapeProse     // words of letters, the first one with a capital
	shapePattern   // a regular expression: classes, groups, counts
	shapeSlot      // little but templates: ghp_{{alnum 36}}
	shapeText      // base64 of a text
	shapeCrypt     // the hash of a password, or a ciphertext: $6$…, {bcrypt}…, ENC(…)
	shapeCodes     // nothing but escapes: \u3299\ufe0f
	shapeHexNumber // 0x7f, -0x1
	shapeDigest    // a hash that names its function: sha256:…, sha512-…
	shapeKeyID     // the id of an OpenPGP key
	nShapes
)

var shapeNames = [nShapes]string{
	"uuid", "hash", "date", "path", "url", "mail", "version", "number", "const", "snake", "kebab", "camel", "member", "index",
	"template", "angle", "variable", "format", "mask", "counting", "keyboard", "sentence", "two-words", "literal", "jwt", "pem",
	"markup", "code", "ellipsis", "escape", "colon", "bang", "symbols", "regex", "equals-name", "in-name", "keyword",
	"only-keywords", "stock", "only-stock", "changes", "base64", "list", "percent", "repeated", "numbers", "prose",
	"pattern", "slot", "base64-text", "crypt", "codes", "hex-number", "digest", "key-id",
}

// shape adds the shapes of the value.
func (v *Verdict) shape(s []byte, n *chars) {
	add := func(ok bool, f feature) { v.has.addIf(ok, fShape+f) }
	size := len(s)
	letters := n.lower + n.upper
	add(isUUID(s), shapeUUID)
	add(n.hex == size && (size == 32 || size == 40 || size == 64 || size == 96 || size == 128), shapeHash)
	add(isDate(s), shapeDate)
	add(isPath(s, n), shapePath)
	add(bytes.Contains(s, []byte("://")) || bytes.HasPrefix(s, []byte("www.")), shapeURL)
	at := bytes.IndexByte(s, '@')
	add(at > 0 && bytes.IndexByte(s[at:], '.') > 0 && n.blank == 0, shapeMail)
	add(isVersion(s), shapeVersion)
	add(n.digit+n.dot+n.dash+n.under == size || hexNumber(s), shapeNumber)
	words := n.under+n.dash+n.dot+n.blank+n.colon > 0
	add(n.upper > 0 && n.lower == 0 && n.upper+n.under+n.digit == size && n.digit < 3 && n.under > 0, shapeConst)
	add(n.lower > 0 && n.upper == 0 && n.lower+n.under+n.digit == size && n.digit < 3 && n.under > 0, shapeSnake)
	add(n.lower > 0 && n.lower+n.upper+n.dash+n.digit == size && n.digit < 3 && n.dash > 0, shapeKebab)
	add(!words && letters+n.digit == size && n.digit < 3 && isCamel(s), shapeCamel)
	add(letters+n.under+n.dot+n.colon+n.digit+countArrows(s) == size && (n.dot+n.colon > 0 || countArrows(s) > 0) && isLetterOrUnder(s[0]) && n.digit < 3, shapeMember)
	add(isLetterOrUnder(s[0]) && bytes.ContainsAny(s, "[{"), shapeIndex)
	add(n.digit > 0 && bytes.Count(s, []byte(",")) >= leastNumbers, shapeNumbers)
	add(n.blank > 0 && n.digit+n.under+n.slash+n.base+n.back == 0 && (isUpper(s[0]) || s[0] >= 0x80) ||
		n.high*3 > size && n.digit == 0, shapeProse)
	add(containsAny(s, "${", "{{", "#{", "%(", "<%", "$(", "@{", "[[", "%{", "}}"), shapeTemplate)
	add(s[0] == '<' || s[size-1] == '>' || bytes.HasPrefix(s, []byte("&lt;")), shapeAngle)
	add(isVariable(s), shapeVariable)
	add(containsAny(s, "%s", "%d", "%v", "{}", "{0}", "%@", "%i", "%x"), shapeFormat)
	add(isMask(s), shapeMask)
	add(isCounting(s), shapeCounting)
	add(containsFold(s, "qwert", "asdf", "zxcv", "azerty", "qaz", "1q2w"), shapeKeyboard)
	add(n.blank > 1, shapeSentence)
	add(n.blank == 1, shapeTwoWords)
	add(isLiteral(s), shapeLiteral)
	add(bytes.HasPrefix(s, []byte("eyJ")), shapeJWT)
	add(bytes.HasPrefix(s, []byte("-----")), shapePEM)
	add(bytes.IndexByte(s, '<') >= 0 && bytes.IndexByte(s, '>') >= 0, shapeMarkup)
	add(bytes.ContainsAny(s, "(){};"), shapeCode)
	add(containsAny(s, "...", "…"), shapeEllipsis)
	add(n.back > 0, shapeEscape)
	add(n.colon > 0, shapeColon)
	add(s[size-1] == '!' || s[size-1] == '?' || s[size-1] == '.', shapeBang)
	add(n.other > 0 && letters+n.digit > n.other && n.blank == 0, shapeDollar)
	add(containsAny(s, "\\w", "\\d", "\\s", "[a-z", "[A-Z", "[0-9", ".*", ".+", "[^"), shapeRegex)
	add(n.changes*3 > size, shapeChanges)
	add(size%4 == 0 && s[size-1] == '=' && n.blank == 0, shapeBase64)
	add(bytes.IndexByte(s, ',') >= 0, shapeList)
	add(percentEscaped(s), shapeEscaped)
	add(repeats(s), shapeRepeated)
	add(isPattern(s), shapePattern)
	add(isSlot(s), shapeSlot)
	add(isCrypt(s), shapeCrypt)
	add(n.back > 0 && onlyCodes(s), shapeCodes)
	add(isDigest(s), shapeDigest)
	add(isKeyID(s, n), shapeKeyID)
	add(hexNumber(bytes.TrimPrefix(s, []byte("-"))), shapeHexNumber)
	var buf [maxText]byte
	_, text := base64Text(buf[:], s, n)
	add(text, shapeText)
}
