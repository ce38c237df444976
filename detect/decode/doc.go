// Package decode finds the encoded parts of a text and decodes them. It is a pure library: bytes
// in, texts out.
//
// Two kinds of encodings differ in what a place in them means:
//
//   - A run ([Runs]) stands for bytes that cannot be told apart in it: base64, base64url and hex, on one
//     line or wrapped over many as in MIME, PEM and Kubernetes files. A secret in it stands where
//     the run stands.
//   - A unit ([UnitAt]) is text in which single characters are written otherwise: percent-encoding,
//     escapes as in string literals, HTML entities, quoted-printable. What it decodes to keeps a
//     map to where each byte stood. A private key in DER is one, too, and is written in base64.
//
// # What is exact
//
// What a text is found to hold at a place depends on nothing but the bytes that the result names: a
// run's or unit's own, and a few beside it. Whoever knows that these bytes have not changed
// need not look again. So no budget here is shared between two places of one text.
//
// # What is cheap
//
// Nearly all text is not encoded. Runs are found by looking at eight bytes of every sixteen, and given
// up at their first bytes, unless these decode to text or to the head of a known format. Units are
// looked for only where one of their [Marks] stands.
package decode

// A Kind is an encoding.
type Kind uint8

// The encodings of runs and units.
const (
	None Kind = iota
	Base64
	Hex
	Percent
	Escapes
	Entities
	QuotedPrintable
	DER // of private keys, which stands in no text; it becomes base64

	Kinds // their number
)

// String returns the name that reports use.
func (k Kind) String() string {
	switch k {
	case Base64:
		return "base64"
	case Hex:
		return "hex"
	case Percent:
		return "percent"
	case Escapes:
		return "escapes"
	case Entities:
		return "html-entities"
	case QuotedPrintable:
		return "quoted-printable"
	case DER:
		return "der"
	}
	return ""
}

// CrossesLines reports whether units of a kind are no parts of lines.
func (k Kind) CrossesLines() bool { return k == QuotedPrintable || k == DER }

// Span is text[Lo:Hi], which is encoded.
type Span struct {
	Lo, Hi int
	Kind   Kind
	// NeedLo and NeedHi bound what was looked at to find the span; they may lie outside of the text,
	// which says that its start or end counts.
	NeedLo, NeedHi int
}

// classes of bytes, for the tables below.
const (
	inStd = 1 << iota // base64
	inURL             // base64url
	inHex             // either case
)

// tables returns the class of each byte and its value in base64, in both alphabets.
func tables() (class, value [256]uint8) {
	for i := range value {
		value[i] = 0xFF
	}
	set := func(c byte, v, k uint8) {
		class[c] |= k
		if k&(inStd|inURL) != 0 {
			value[c] = v
		}
	}
	for i := range byte(26) {
		set('A'+i, i, inStd|inURL)
		set('a'+i, 26+i, inStd|inURL)
	}
	for i := range byte(10) {
		set('0'+i, 52+i, inStd|inURL|inHex)
	}
	for i := range byte(6) {
		class['a'+i] |= inHex
		class['A'+i] |= inHex
	}
	set('+', 62, inStd)
	set('/', 63, inStd)
	set('-', 62, inURL)
	set('_', 63, inURL)
	return class, value
}

// printable reports whether c stands in plain text.
func printable(c byte) bool { return ' ' <= c && c < 0x7F || c == '\n' || c == '\r' || c == '\t' }
