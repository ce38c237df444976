package inflate

import "encoding/binary"

// adler32 returns the Adler-32 checksum of p (RFC 1950 §8.2), like hash/adler32 but
// eight bytes at a time.
//
// The checksum is b<<16|a with a = 1 + the sum of all bytes and b = the sum of all
// values a has had, both modulo 65521. A word is split into its even and odd bytes,
// each byte in a lane of 16 bits, and added to lanes that are folded into a and b
// every 16 words, before a lane can overflow: lanes grow to 16·255, and prefix, the
// sum of what the lanes were before each word, to 2·255·(0+1+…+15) = 61200.
func adler32(p []byte) uint32 {
	const (
		words   = 16
		lanes   = 0x00ff00ff00ff00ff
		modulus = 65521
	)
	a, b := uint64(1), uint64(0)
	for len(p) >= 8*words {
		// Grows a by at most 128·255 and b by 128·a + 128·129/2·255 a round; 64-bit sums
		// cannot overflow, but a is multiplied by ever more rounds: reduce in between.
		n := min(len(p)/(8*words), 1024)
		for range n {
			chunk := p[: 8*words : 8*words]
			p = p[8*words:]
			var even, odd, prefix uint64
			for i := 0; i < 8*words; i += 8 {
				w := binary.LittleEndian.Uint64(chunk[i : i+8])
				prefix += even
				prefix += odd
				even += w & lanes
				odd += w >> 8 & lanes
			}
			// Byte i of a word is counted 8-i times by the end of its word. A product's top
			// lane is the lanes' weighted sum: 4,3,2,1 for even/2, 7,5,3,1 for odd.
			pairs := prefix&0x0000ffff0000ffff + prefix>>16&0x0000ffff0000ffff
			b += 8 * words * a
			b += 8 * (pairs&0xffffffff + pairs>>32)
			b += 2*((even*0x0004_0003_0002_0001)>>48) + (odd*0x0007_0005_0003_0001)>>48
			a += ((even + odd) * 0x0001_0001_0001_0001) >> 48
		}
		a %= modulus
		b %= modulus
	}
	for _, c := range p { // fewer than 128: no overflow
		a += uint64(c)
		b += a
	}
	return uint32(b%modulus<<16 | a%modulus)
}
