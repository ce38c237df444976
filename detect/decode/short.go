package decode

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"unicode"
	"unicode/utf8"
)

// The lengths of values that are too short for a run and are decoded where their name says that they are secrets, and the
// shortest text that one may stand for.
const (
	minShort     = 8
	minShortHex  = 12
	minShortText = 5
)

// Short decodes a value that is no run: base64, with its padding or without, or hex, that stands for text. Hardly any word does:
// of six random bytes one in four hundred is printable, and without padding the bits left over must be zero. A line end
// behind the text, as echo writes one, is left out.
func Short(value []byte) (text []byte, kind Kind, ok bool) {
	if len(value) < minShort || len(value) >= minRun {
		return nil, None, false
	}
	var buf [minRun]byte // hardly any value is decoded to its end
	if len(value) >= minShortHex {
		if n, err := hex.Decode(buf[:], value); err == nil {
			text, ok = shortText(buf[:n])
			return bytes.Clone(text), Hex, ok
		}
	}
	encodings := &padded
	if len(value)%4 != 0 {
		encodings = &unpadded
	}
	for _, encoding := range encodings {
		if n, err := encoding.Decode(buf[:], value); err == nil {
			text, ok = shortText(buf[:n])
			return bytes.Clone(text), Base64, ok
		}
	}
	return nil, None, false
}

// The alphabets of base64, with and without padding.
var (
	padded   = [...]*base64.Encoding{base64.StdEncoding.Strict(), base64.URLEncoding.Strict()}
	unpadded = [...]*base64.Encoding{base64.RawStdEncoding.Strict(), base64.RawURLEncoding.Strict()}
)

// shortText returns what of decoded bytes is text, if all of it is and there is a letter in it.
func shortText(b []byte) ([]byte, bool) {
	b = bytes.TrimRight(b, "\r\n")
	letter := false
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 || !unicode.IsPrint(r) {
			return nil, false
		}
		letter = letter || unicode.IsLetter(r)
		i += n
	}
	return b, letter && len(b) >= minShortText
}
