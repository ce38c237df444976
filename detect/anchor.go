package detect

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// anchorFinder finds all occurrences of many literals in one pass, ASCII case
// folded. It slides over the text and looks up each four-byte gram in a bitmap
// of 256 Ki bits, which stays in the first-level cache: nearly all positions end
// there. A gram that is set leads to the few literals it may belong to, which
// are compared in full. Each literal is entered once, by its rarest gram.
type anchorFinder struct {
	bitmap   [1 << (hashBits - 6)]uint64
	heads    []uint16 // hash of gram → 1 + index of first entry
	entries  []gramEntry
	literals []string // lower case
	short    []int    // the literals that are shorter than a gram
}

type gramEntry struct {
	gram    uint32 // folded, to tell literals from others of the same hash
	literal uint16
	offset  uint16 // of the gram in the literal
	next    uint16 // 1 + index of the next entry with the same hash
}

const (
	gramLen = 4
	// minAnchor is the shortest literal that selects: shorter ones stand everywhere.
	minAnchor = 3
	foldMask  = 0x2020202020202020
	gramMul   = 0x9E3779B1 // 2^32/φ: multiplicative hashing
	// hashBits is a compromise: with 2,000 literals, 16 bits make 6.2 % of the positions in
	// source code candidates, 18 bits 2.5 %, and 32 KiB still fit in the cache.
	hashBits  = 18
	hashShift = 32 - hashBits
)

func gramHash(gram uint32) uint32 { return gram * gramMul >> hashShift }

// newAnchorFinder builds the finder. Literals must be distinct, lower case and at
// least minAnchor bytes long. follows tells which bytes can come after a literal, if that is
// known: it is asked for those that are shorter than a gram.
func newAnchorFinder(literals []string, follows func(literal int) (next class, known bool)) *anchorFinder {
	f := &anchorFinder{heads: make([]uint16, 1<<hashBits), literals: literals}
	for i, lit := range literals {
		if len(lit) >= gramLen {
			off := f.rarestGram(lit)
			f.add(binary.LittleEndian.Uint32([]byte(lit[off:off+gramLen]))|foldMask>>32, i, off)
			continue
		}
		f.short = append(f.short, i)
		// Three bytes: enter every fourth byte that can follow. Folding makes two one.
		next, known := follows(i)
		seen := class{}
		for b := 0; b < 256; b++ {
			if known && !next.has(byte(b)) || seen.has(byte(b|0x20)) {
				continue
			}
			seen.add(byte(b | 0x20))
			gram := uint32(lit[0]) | uint32(lit[1])<<8 | uint32(lit[2])<<16 | uint32(b)<<24
			f.add(gram|foldMask>>32, i, 0)
		}
	}
	return f
}

func (f *anchorFinder) add(gram uint32, literal, offset int) {
	h := gramHash(gram)
	f.bitmap[h>>6] |= 1 << (h & 63)
	f.entries = append(f.entries, gramEntry{gram, uint16(literal), uint16(offset), f.heads[h]})
	f.heads[h] = uint16(len(f.entries))
}

// rarestGram returns the offset of the gram of lit that costs least: that is rare in source
// text and does not lead to many literals yet.
func (f *anchorFinder) rarestGram(lit string) int {
	best, bestCost := 0, math.MaxInt
	for off := 0; off+gramLen <= len(lit); off++ {
		cost := 0
		for i := off; i+1 < off+gramLen; i++ {
			cost -= rarity(lit[i], lit[i+1])
		}
		h := gramHash(binary.LittleEndian.Uint32([]byte(lit[off:off+gramLen])) | foldMask>>32)
		for e := f.heads[h]; e != 0; e = f.entries[e-1].next {
			cost++
		}
		if cost < bestCost {
			best, bestCost = off, cost
		}
	}
	return best
}

// The symbols of the table bigrams: letters, digits, and a few kinds of others.
const symbols = 32

func symbolOf(c byte) int {
	switch {
	case 'a' <= c && c <= 'z':
		return int(c - 'a')
	case '0' <= c && c <= '9':
		return 26
	case c == '_':
		return 27
	case c == ' ' || c == '\t' || c == '\n':
		return 28
	case c == '-' || c == '=' || c == '/' || c == '*':
		return 29
	case c == '.' || c == ':' || c == '(' || c == ')' || c == '"':
		return 30
	default:
		return 31
	}
}

// rarity tells how rarely b follows a in source code, in half bits.
func rarity(a, b byte) int {
	return int(bigrams[symbolOf(a)*symbols+symbolOf(b)] - 'A')
}

// find calls hit for each occurrence of a literal that lies in text[lo:hi], in
// order of the literal's selecting gram.
func (f *anchorFinder) find(text []byte, lo, hi int, hit func(literal, pos int)) {
	i := lo
	bm := &f.bitmap
	for ; i+16 <= hi; i += 8 {
		block := text[i : i+16 : i+16]
		w0 := binary.LittleEndian.Uint64(block) | foldMask
		w1 := binary.LittleEndian.Uint64(block[4:]) | foldMask
		h0 := uint32(w0) * gramMul
		h1 := uint32(w0>>8) * gramMul
		h2 := uint32(w0>>16) * gramMul
		h3 := uint32(w0>>24) * gramMul
		h4 := uint32(w1) * gramMul
		h5 := uint32(w1>>8) * gramMul
		h6 := uint32(w1>>16) * gramMul
		h7 := uint32(w1>>24) * gramMul
		m := bm[h0>>(hashShift+6)]>>(h0>>hashShift&63)&1 |
			bm[h1>>(hashShift+6)]>>(h1>>hashShift&63)&1<<1 |
			bm[h2>>(hashShift+6)]>>(h2>>hashShift&63)&1<<2 |
			bm[h3>>(hashShift+6)]>>(h3>>hashShift&63)&1<<3 |
			bm[h4>>(hashShift+6)]>>(h4>>hashShift&63)&1<<4 |
			bm[h5>>(hashShift+6)]>>(h5>>hashShift&63)&1<<5 |
			bm[h6>>(hashShift+6)]>>(h6>>hashShift&63)&1<<6 |
			bm[h7>>(hashShift+6)]>>(h7>>hashShift&63)&1<<7
		for m != 0 {
			k := bits.TrailingZeros64(m)
			m &= m - 1
			f.check(text, lo, hi, i+k, hit)
		}
	}
	for ; i+minAnchor <= hi; i++ {
		f.check(text, lo, hi, i, hit)
	}
}

// check compares the literals that the gram at text[i] may belong to.
func (f *anchorFinder) check(text []byte, lo, hi, i int, hit func(literal, pos int)) {
	if i+gramLen > len(text) {
		f.checkLast(text, lo, i, hit)
		return
	}
	gram := binary.LittleEndian.Uint32(text[i:]) | foldMask>>32
	for e := f.heads[gramHash(gram)]; e != 0; {
		entry := &f.entries[e-1]
		e = entry.next
		if entry.gram != gram {
			continue
		}
		lit := f.literals[entry.literal]
		pos := i - int(entry.offset)
		if pos >= lo && pos+len(lit) <= hi && equalFold(text[pos:pos+len(lit)], lit) {
			hit(int(entry.literal), pos)
		}
	}
}

// checkLast compares the literals of three bytes with the last three of a text: no gram is left there.
func (f *anchorFinder) checkLast(text []byte, lo, i int, hit func(literal, pos int)) {
	if i < lo {
		return
	}
	for _, l := range f.short {
		if lit := f.literals[l]; i+len(lit) == len(text) && equalFold(text[i:], lit) {
			hit(l, i)
		}
	}
}

// equalFold compares text with a lower-case literal of the same length, folding
// ASCII letters only.
func equalFold(text []byte, lower string) bool {
	for i := 0; i < len(lower); i++ {
		if lowerByte(text[i]) != lower[i] {
			return false
		}
	}
	return true
}

func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}
