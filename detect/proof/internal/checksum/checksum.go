// Package checksum holds the checksum schemes that issuers put into their
// tokens. Package proof checks tokens with it and package forge makes them, so
// that each scheme is written down once.
//
// Most issuers follow GitHub: a CRC-32 (IEEE 802.3) of part of the token,
// written in a positional number system at its end. Azure uses Marvin32 with
// a seed per kind of key (marvin.go, azure.go).
package checksum

import (
	"encoding/hex"
	"hash/crc32"
)

// The alphabets in which issuers write numbers, lowest digit first.
const (
	Base62      = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	Base62Lower = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	Base36      = "0123456789abcdefghijklmnopqrstuvwxyz"
)

// MaxDigits is the widest number that Digits writes.
const MaxDigits = 16

// CRC32 returns the IEEE CRC-32 of s.
func CRC32(s string) uint32 { return crc32.ChecksumIEEE([]byte(s)) }

// CRC16 returns the CRC-16 of b as XMODEM and NATS compute it: polynomial 0x1021, no reflection, start 0.
func CRC16(b []byte) (sum uint16) {
	for _, c := range b {
		sum ^= uint16(c) << 8
		for range 8 {
			high := sum&0x8000 != 0
			if sum <<= 1; high {
				sum ^= 0x1021
			}
		}
	}
	return sum
}

// Digits writes n with the digits of alphabet, most significant first, padded
// on the left with the zero digit to width, which is at most MaxDigits. Higher
// digits that do not fit are dropped.
func Digits(n uint32, alphabet string, width int) string {
	var buf [MaxDigits]byte
	v, base := uint64(n), uint64(len(alphabet))
	for i := width - 1; i >= 0; i-- {
		buf[i] = alphabet[v%base]
		v /= base
	}
	return string(buf[:width])
}

// LittleEndianHex writes the bytes of n, lowest first, in lower-case hex.
func LittleEndianHex(n uint32) string {
	return hex.EncodeToString([]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)})
}

// BigEndianHex writes n as eight lower-case hex digits.
func BigEndianHex(n uint32) string { return Digits(n, "0123456789abcdef", 8) }

// The masks that tell the two kinds of 52-character Azure DevOps PAT apart.
const (
	DevOpsUser        uint32 = 0xE0B9692D
	DevOpsApplication uint32 = 0x1019F92E
)

// devOpsChecksumAt lists which of the 32 bytes of a legacy Azure DevOps PAT hold
// its checksum, most significant first.
var devOpsChecksumAt = [4]int{2, 7, 8, 22}

// DevOpsLegacy returns the checksum that stands in the 32 decoded bytes of an
// Azure DevOps PAT and the plain CRC-32 of the 28 others. In a real token the
// two differ by one of the masks above.
func DevOpsLegacy(token *[32]byte) (stored, crc uint32) {
	rest := make([]byte, 0, 28)
	for i, b := range token {
		if isDevOpsChecksum(i) {
			stored = stored<<8 | uint32(b)
		} else {
			rest = append(rest, b)
		}
	}
	return stored, crc32.ChecksumIEEE(rest)
}

// SetDevOpsLegacy writes the checksum for mask into token.
func SetDevOpsLegacy(token *[32]byte, mask uint32) {
	_, crc := DevOpsLegacy(token)
	for i, at := range devOpsChecksumAt {
		token[at] = byte((crc ^ mask) >> (24 - 8*i))
	}
}

func isDevOpsChecksum(i int) bool {
	for _, at := range devOpsChecksumAt {
		if i == at {
			return true
		}
	}
	return false
}
