package decode

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxUnit is the longest unit that is decoded, in bytes: in source code a statement or a line, in a mail
// its body.
const maxUnit = 32 << 10

// A Mark is a literal, in lower case, that stands where a unit of its kind is worth decoding.
type Mark struct {
	Literal string
	Kind    Kind
}

// Marks returns the marks of all kinds. They stand for characters that take part in how a secret is
// recognised (letters and digits, = : / " and their like) and are written otherwise. Each is four
// bytes long or more, or rare.
func Marks() []Mark {
	var out []Mark
	add := func(k Kind, literals ...string) {
		for _, l := range literals {
			out = append(out, Mark{l, k})
		}
	}
	add(Percent, "%3d", "%2f", "%2b", "%2d", "%5f", "%3a", "%253")
	add(Escapes, `\u002`, `\u003`, `\u004`, `\u005`, `\u006`, `\u007`, `\u{2`, `\u{3`, `\u{4`, `\u{5`, `\u{6`, `\u{7`, `\u{0`, `:\/\/`)
	add(Entities, "&quot;", "&apos;", "&equals;", "&colon;", "&sol;", "&plus;", "&lowbar;", "&period;", "&commat;",
		"&#x2", "&#x3", "&#x4", "&#x5", "&#x6", "&#x7", "&#3", "&#4", "&#5", "&#6", "&#7", "&#8", "&#9", "&#10", "&#11", "&#12")
	add(QuotedPrintable, "quoted-printable")
	// The beginnings of private keys behind their outer SEQUENCE: PKCS#8 of RSA, elliptic and Edwards curves, PKCS#1, SEC 1.
	add(DER, "\x02\x01\x00\x30\x0d\x06\x09*", "\x02\x01\x00\x30\x13\x06\x07*", "\x02\x01\x00\x30\x10\x06\x07*", "\x02\x01\x00\x30\x05\x06\x03+",
		"\x02\x01\x00\x02\x81", "\x02\x01\x00\x02\x82", "\x02\x01\x01\x04\x20", "\x02\x01\x01\x04\x30", "\x02\x01\x01\x04b")
	for c := byte('0'); c <= 'z'; c++ {
		if isAlnum(c) {
			add(Percent, fmt.Sprintf("%%%02x%%", c))
			add(Escapes, fmt.Sprintf(`\x%02x`, c))
		}
		if c >= 'A' && isAlnum(c) { // in octal, digits look like references of regular expressions
			add(Escapes, fmt.Sprintf(`\%03o`, c))
		}
	}
	return out
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// Units finds the units around marks of one text after the other. It must not be used by two goroutines
// at once.
type Units struct {
	text []byte
	// open is, by kind, a part of the text that is known to hold no bound of a unit: a long line is
	// walked once and not once for each mark on it.
	open [QuotedPrintable]extent
}

// Begin starts on a text.
func (u *Units) Begin(text []byte) { *u = Units{text: text} }

// At returns the unit around a mark of a kind at pos. Of a unit that is too long, ok is false and the span
// is what was looked at.
func (u *Units) At(kind Kind, pos int) (s Span, ok bool) {
	switch kind {
	case QuotedPrintable:
		return u.mail(pos), true
	case DER:
		return u.der(pos)
	}
	open := &u.open[kind]
	if pos < open.lo || pos >= open.hi {
		*open = extent{pos, pos}
	}
	least, most := max(0, pos-maxUnit), min(len(u.text), pos+maxUnit)
	lo, hi := min(open.lo, pos), max(open.hi, pos)
	for lo > least && !bound(kind, u.text, lo-1) {
		lo--
	}
	for hi < most && !bound(kind, u.text, hi) {
		hi++
	}
	*open = extent{lo, hi}
	s = Span{lo, hi, kind, lo - 1, hi + 1}
	if kind == Escapes { // and what tells that the bound is part of no escape, on its line
		for s.NeedLo > max(0, lo-len(longestBraced)) && u.text[s.NeedLo-1] != '\n' {
			s.NeedLo--
		}
	}
	return s, hi-lo <= maxUnit && (lo == 0 || bound(kind, u.text, lo-1)) && (hi == len(u.text) || bound(kind, u.text, hi))
}

// bound reports whether text[i] ends units of a kind. What is assigned and the name it is assigned to stand
// in one line, and in minified text between two braces. Those of \u{41} are none.
func bound(kind Kind, text []byte, i int) bool {
	switch c := text[i]; {
	case c == '\n':
		return true
	case kind == Entities:
		return c == '<' || c == '>'
	case c == '{':
		return kind != Escapes || !bytes.HasSuffix(text[:i], []byte(`\u`))
	case c == '}':
		return kind != Escapes || !closesBraced(text[:i])
	}
	return false
}

// longestBraced is the longest escape with braces.
const longestBraced = `\u{10FFFF}`

// closesBraced reports whether text ends in an escape with braces, but for the last of them.
func closesBraced(text []byte) bool {
	i := len(text)
	for i > 0 && len(text)-i <= len("10FFFF") && isHexDigit(text[i-1]) {
		i--
	}
	return i < len(text) && bytes.HasSuffix(text[:i], []byte(`\u{`))
}

// mail returns the part of a mail from the header line at pos on: to the next boundary, as far as units
// go.
func (u *Units) mail(pos int) Span {
	hi := min(len(u.text), pos+maxUnit)
	need := hi + 1
	if i := bytes.Index(u.text[pos:hi], []byte("\n--")); i >= 0 {
		hi = pos + i
		need = hi + len("\n--")
	}
	return Span{pos, hi, QuotedPrintable, pos - 1, need}
}

// der returns the SEQUENCE whose contents begin at pos. One that is none, or not whole, covers nothing but its head: what looks like the
// head of a long one hides no key in it.
func (u *Units) der(pos int) (s Span, ok bool) {
	const sequence, long = 0x30, 0x80
	for n := 2; n <= 4 && n <= pos; n++ { // the bytes of its head: a tag, a length or how many bytes that has, and these
		head := u.text[pos-n : pos]
		if head[0] != sequence || n == 2 && head[1] >= long || n > 2 && int(head[1]) != long+n-2 {
			continue
		}
		size := 0
		for _, c := range head[min(2, n-1):] {
			size = size<<8 | int(c)
		}
		s = Span{pos - n, pos, DER, pos - n - 1, pos + 1}
		if size < minDER || size > maxUnit {
			return s, false
		}
		s.NeedHi = pos + size + 1
		if pos+size > len(u.text) {
			return s, false
		}
		s.Hi = pos + size
		return s, true
	}
	return Span{pos, pos, DER, pos - 5, pos + 1}, false
}

// minDER is the least length of what is in a private key: of Ed25519 46 bytes.
const minDER = 32

// DecodeUnit appends to dst what a unit decodes to. If at is not nil, the offset in text of each byte appended
// is appended to it, and then that of the end.
func DecodeUnit(dst []byte, at *[]int32, text []byte, s Span) []byte {
	if s.Kind == DER {
		return encodeDER(dst, at, text, s)
	}
	for i := s.Lo; i < s.Hi; {
		n := len(dst)
		step := 0
		switch c := text[i]; {
		case c == '%' && s.Kind == Percent:
			dst, step = percent(dst, text[i:s.Hi])
		case c == '\\' && s.Kind == Escapes:
			dst, step = escape(dst, text[i:s.Hi])
		case c == '&' && s.Kind == Entities:
			dst, step = entity(dst, text[i:s.Hi])
		case c == '=' && s.Kind == QuotedPrintable:
			dst, step = quotedPrintable(dst, text[i:s.Hi])
		}
		if step == 0 {
			dst, step = append(dst, text[i]), 1
		}
		if at != nil {
			for range len(dst) - n {
				*at = append(*at, int32(i))
			}
		}
		i += step
	}
	if at != nil {
		*at = append(*at, int32(s.Hi))
	}
	return dst
}

// encodeDER writes DER as texts hold it, in base64: that is what rules know.
func encodeDER(dst []byte, at *[]int32, text []byte, s Span) []byte {
	n := len(dst)
	dst = base64.StdEncoding.AppendEncode(dst, text[s.Lo:s.Hi])
	if at != nil {
		for i := range len(dst) - n {
			*at = append(*at, int32(min(s.Lo+i/4*3, s.Hi)))
		}
		*at = append(*at, int32(s.Hi))
	}
	return dst
}

// hexNumber reads exactly n hex digits.
func hexNumber(text []byte, n int) (v rune, ok bool) {
	if len(text) < n {
		return 0, false
	}
	for _, c := range text[:n] {
		if !isHexDigit(c) {
			return 0, false
		}
		v = v<<4 | rune(hexValue(c))
	}
	return v, true
}

func isHexDigit(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

// The decoders below read what stands at the start of text, append what it means, and return how long it
// is; 0: it is nothing encoded.

func percent(dst, text []byte) ([]byte, int) {
	v, ok := hexNumber(text[1:], 2)
	if !ok {
		return dst, 0
	}
	return append(dst, byte(v)), 3
}

func quotedPrintable(dst, text []byte) ([]byte, int) {
	switch {
	case bytes.HasPrefix(text, []byte("=\n")):
		return dst, 2
	case bytes.HasPrefix(text, []byte("=\r\n")):
		return dst, 3
	}
	return percent(dst, text)
}

// escape reads an escape of a string literal, as C, Java, JavaScript, JSON, Python and the shell have
// them.
func escape(dst, text []byte) ([]byte, int) {
	if len(text) < 2 {
		return dst, 0
	}
	switch c := text[1]; c {
	case 'n':
		return append(dst, '\n'), 2
	case 'r':
		return append(dst, '\r'), 2
	case 't':
		return append(dst, '\t'), 2
	case '"', '\'', '\\', '/', '`':
		return append(dst, c), 2
	case 'x':
		if v, ok := hexNumber(text[2:], 2); ok {
			return append(dst, byte(v)), 4
		}
	case 'u':
		return unicodeEscape(dst, text)
	case '0', '1', '2', '3':
		if len(text) >= 4 && isOctal(text[2]) && isOctal(text[3]) {
			return append(dst, (c-'0')<<6|(text[2]-'0')<<3|(text[3]-'0')), 4
		}
	}
	return dst, 0
}

func isOctal(c byte) bool { return '0' <= c && c <= '7' }

// unicodeEscape reads \u0041 with its second half if it is a surrogate, or \u{41}.
func unicodeEscape(dst, text []byte) ([]byte, int) {
	if v, ok := hexNumber(text[2:], 4); ok {
		n := 6
		if utf16.IsSurrogate(v) && len(text) > 8 && text[6] == '\\' && text[7] == 'u' {
			if low, ok := hexNumber(text[8:], 4); ok {
				if full := utf16.DecodeRune(v, low); full != utf8.RuneError {
					v, n = full, 12
				}
			}
		}
		return utf8.AppendRune(dst, v), n
	}
	end := bytes.IndexByte(text[:min(len(text), 10)], '}')
	if len(text) < 4 || text[2] != '{' || end < 4 {
		return dst, 0
	}
	if v, ok := hexNumber(text[3:], end-3); ok {
		return utf8.AppendRune(dst, v), end + 1
	}
	return dst, 0
}

// entity reads &#65; &#x41; and the names of ASCII characters.
func entity(dst, text []byte) ([]byte, int) {
	end := bytes.IndexByte(text[:min(len(text), 10)], ';')
	if end < 3 {
		return dst, 0
	}
	if text[1] == '#' {
		v, ok := number(text[2:end])
		if !ok {
			return dst, 0
		}
		return utf8.AppendRune(dst, v), end + 1
	}
	c, ok := namedASCII(string(text[1:end]))
	if !ok {
		return dst, 0
	}
	return append(dst, c), end + 1
}

// namedASCII returns the ASCII character that HTML calls by a name.
func namedASCII(name string) (c byte, ok bool) {
	const names = "!excl \"quot #num $dollar %percnt &amp 'apos (lpar )rpar *ast +plus ,comma .period /sol :colon ;semi <lt =equals >gt ?quest @commat " +
		"[lsqb \\bsol ]rsqb ^Hat _lowbar `grave {lcub |verbar }rcub "
	if name == "nbsp" {
		return ' ', true
	}
	i := strings.Index(names, name+" ")
	if name == "" || i < 1 || i > 1 && names[i-2] != ' ' {
		return 0, false
	}
	return names[i-1], true
}

// number reads the digits of a numeric entity, 65 or x41.
func number(digits []byte) (rune, bool) {
	if len(digits) > 1 && digits[0]|0x20 == 'x' {
		return hexNumber(digits[1:], len(digits)-1)
	}
	v := rune(0)
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + rune(c-'0')
	}
	return v, len(digits) > 0
}
