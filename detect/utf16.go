package detect

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// Plain returns the text that matches refer to: text itself, or its decoded form if
// it is UTF-16 or UTF-32, with or without a byte order mark. The decoded form has no mark.
func Plain(text []byte) (plain []byte, decoded bool) {
	if order := utf32Order(text); order != nil {
		return decodeUTF32(text, order), true
	}
	order := utf16Order(text)
	if order == nil {
		return text, false
	}
	return decodeUTF16(text, order), true
}

func isPlain(text []byte) bool { return utf32Order(text) == nil && utf16Order(text) == nil }

// mark is a byte order mark in UTF-8.
const mark = "\uFEFF"

// markLen returns the length of the byte order mark that a text in UTF-8 begins with; 0 if it has none.
func markLen(text []byte) int {
	if len(text) >= len(mark) && string(text[:len(mark)]) == mark {
		return len(mark)
	}
	return 0
}

// utf32Order is utf16Order for UTF-32. Without a mark all of the first characters must be Latin.
func utf32Order(text []byte) binary.ByteOrder {
	if len(text) < 8 || text[0] != 0 && text[2] != 0 { // one of the two is zero in either order
		return nil
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		first := order.Uint32(text)
		if first == 0xFEFF {
			return order
		}
		latin := len(text)%4 == 0
		for i := 0; latin && i < min(len(text), utf16Sample); i += 4 {
			c := order.Uint32(text[i:])
			latin = ' ' <= c && c < 0x100 || c == '\n' || c == '\r' || c == '\t'
		}
		if latin {
			return order
		}
	}
	return nil
}

func decodeUTF32(text []byte, order binary.ByteOrder) []byte {
	out := make([]byte, 0, len(text)/4)
	for i := 0; i+3 < len(text); i += 4 {
		out = utf8.AppendRune(out, rune(order.Uint32(text[i:])&0x7FFFFFFF))
	}
	return out[markLen(out):]
}

// utf16Sample is how many bytes tell UTF-16 without a mark from a binary file.
const utf16Sample = 512

// utf16Order returns the byte order if text is UTF-16, nil if it is not. Without a mark
// it goes by the zero bytes: in text that is mostly Latin they stand in nearly every
// high byte and in no low one.
func utf16Order(text []byte) binary.ByteOrder {
	if len(text) < 4 {
		return nil
	}
	switch {
	case text[0] == 0xFF && text[1] == 0xFE && !(text[2] == 0 && text[3] == 0): // not UTF-32
		return binary.LittleEndian
	case text[0] == 0xFE && text[1] == 0xFF:
		return binary.BigEndian
	}
	sample := text[:min(len(text), utf16Sample)&^1]
	if bytes.IndexByte(sample, 0) < 0 {
		return nil
	}
	var zeros [2]int
	for i, c := range sample {
		if c == 0 {
			zeros[i&1]++
		}
	}
	half := len(sample) / 2
	switch {
	case zeros[0] == 0 && zeros[1] >= half*9/10:
		return binary.LittleEndian
	case zeros[1] == 0 && zeros[0] >= half*9/10:
		return binary.BigEndian
	}
	return nil
}

func decodeUTF16(text []byte, order binary.ByteOrder) []byte {
	out := make([]byte, 0, len(text)/2)
	for i := 0; i+1 < len(text); i += 2 {
		r := rune(order.Uint16(text[i:]))
		if utf16.IsSurrogate(r) && i+3 < len(text) {
			if full := utf16.DecodeRune(r, rune(order.Uint16(text[i+2:]))); full != utf8.RuneError {
				r = full
				i += 2
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return out[markLen(out):]
}
