package decode

import "bytes"

// magics returns how the formats begin that hold text in another form.
func magics() [9]string {
	return [...]string{
		"\x1F\x8B\x08",       // gzip
		"PK\x03\x04",         // zip
		"\x28\xB5\x2F\xFD",   // zstd
		"\xFD7zXZ\x00",       // xz
		"7z\xBC\xAF\x27\x1C", // 7z
		"Rar!\x1A\x07",       // rar
		"\xEF\xBB\xBF",       // UTF-8 with a mark
		"\xFF\xFE",           // UTF-16
		"\xFE\xFF",
	}
}

// maybeMagic reports whether c may be the first byte of what is no text but may hold some.
func maybeMagic(c byte) bool {
	switch c {
	case 0x1F, 'P', 0x28, 0xFD, '7', 'R', 0xEF, 0xFF, 0xFE, 0x78:
		return true
	}
	return ' ' <= c && c < 0x7F // UTF-16
}

// HasMagic reports whether data begins as one of the formats that hold text in another form.
func HasMagic(data []byte) bool {
	for _, m := range magics() {
		if len(data) >= len(m) && string(data[:len(m)]) == m {
			return true
		}
	}
	return IsZlib(data)
}

// IsZlib reports whether data begins as a zlib stream.
func IsZlib(data []byte) bool {
	return len(data) > 2 && data[0] == 0x78 && (uint(data[0])<<8|uint(data[1]))%31 == 0 && data[1]&0x20 == 0
}

// looksUTF16 reports whether data is Latin text in UTF-16, as PowerShell's -EncodedCommand is.
func looksUTF16(data []byte) bool {
	if len(data) < 8 {
		return false
	}
	for i := 0; i+1 < len(data); i += 2 {
		if !printable(data[i]) || data[i+1] != 0 {
			return false
		}
	}
	return true
}

// Texty reports whether data as a whole looks like text: hardly a byte is a control character.
func Texty(data []byte) bool {
	odd := 0
	for _, c := range data {
		if c < ' ' && !printable(c) || c == 0x7F {
			odd++
		}
	}
	return odd*16 <= len(data) && !bytes.Contains(data, []byte("\x00\x00\x00\x00"))
}
