package checksum

import (
	"encoding/binary"
	"math/bits"
)

// Marvin32 returns the 32-bit Marvin hash of data (Microsoft's keyed string
// hash, US patent 8,555,069): the high half of the 64-bit state
// folded onto the low half.
//
// The seed is the eight ASCII characters that name a kind of key, read as a
// big-endian number; seeds of another length are padded or cut to eight.
func Marvin32(seed string, data []byte) uint32 {
	var s [8]byte
	copy(s[:], seed)
	return marvinFold(binary.BigEndian.Uint64(s[:]), data)
}

func marvinFold(seed uint64, data []byte) uint32 {
	lo, hi := marvin(uint32(seed), uint32(seed>>32), data)
	return lo ^ hi
}

// marvin runs the hash over data. The tail of up to three bytes is closed with
// the bit 0x80 behind the last byte, as in MD5.
func marvin(lo, hi uint32, data []byte) (uint32, uint32) {
	for ; len(data) >= 4; data = data[4:] {
		lo, hi = marvinRound(lo+binary.LittleEndian.Uint32(data), hi)
	}
	var tail [4]byte
	tail[copy(tail[:], data)] = 0x80
	lo, hi = marvinRound(lo+binary.LittleEndian.Uint32(tail[:]), hi)
	return marvinRound(lo, hi)
}

func marvinRound(lo, hi uint32) (uint32, uint32) {
	hi ^= lo
	lo = bits.RotateLeft32(lo, 20) + hi
	hi = bits.RotateLeft32(hi, 9) ^ lo
	lo = bits.RotateLeft32(lo, 27) + hi
	return lo, bits.RotateLeft32(hi, 19)
}
