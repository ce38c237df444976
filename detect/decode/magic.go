package decode

import "bytes"

// magics returns how the formats begin that hold text in another form.
func magics() [11]string {
	return [...]string{
		"\x1F\x8B\x08",       // gzip
		"PK\x03\x04",         // zip
		"BZh",                // bzip2
		"\x28\xB5\x2F\xFD",   // zstd
		"\xFD7zXZ\x00",       // xz
		"7z\xBC\xAF\x27\x1C", // 7z
		"Rar!\x1A\x07",       // rar
		"\xEF\xBB\xBF",       // UTF-8 with a mark
		"\xFF\xFE",           // UTF-16
		"\xFE\xFF",
		"\x00\x00\xFE\xFF", // UTF-32; in the other order it begins as UTF-16
	}
}

// maybeMagic reports whether c may be the first byte of what is no text but may hold some.
func maybeMagic(c byte) bool {
	switch c {
	case 0, 0x1F, 'P', 0x28, 0xFD, '7', 'R', 0xEF, 0xFF, 0xFE, 0x78:
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

// looksWide reports whether data is Latin text in UTF-16, as PowerShell's -EncodedCommand is, or in UTF-32, in either order.
func looksWide(data []byte) bool {
	return len(data) >= 8 && (everySo(data, 2, 0) || everySo(data, 2, 1) || everySo(data, 4, 0) || everySo(data, 4, 3))
}

// everySo reports whether of so many bytes the one at a place is printable and the others are zero, again and again.
func everySo(data []byte, many, place int) bool {
	for i, c := range data {
		if i%many == place && !printable(c) || i%many != place && c != 0 {
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
