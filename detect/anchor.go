package detect

import (
	_ "embed"
	"encoding/binary"
	"math"
	"math/bits"
)

// anchorFinder finds all occurrences of many literals in one pass, ASCII case
// folded. It slides over the text and looks up the hash of each four-byte gram in a
// table of bytes, which stays in the second-level cache: nearly all positions end
// there. A gram that is set leads to the few literals it may belong to, which
// are compared in full. Each literal is entered once, by its rarest gram.
type anchorFinder struct {
	slots    [1 << hashBits]uint8   // by hash of gram: the bits of the entries, see slotNumber
	heads    [1 << chainBits]uint16 // by low bits of the hash: 1 + index of first entry
	entries  []gramEntry
	literals []string // lower case
	short    []int    // the literals that are shorter than a gram
}

type gramEntry struct {
	gram    uint32 // folded, to tell literals from others of the same hash
	literal uint16
	offset  uint16 // of the gram in the literal
	next    uint16 // 1 + index of the next entry of the same head
}

const (
	gramLen = 4
	// minAnchor is the shortest literal that selects: shorter ones stand everywhere.
	minAnchor = 3
	foldMask  = 0x2020202020202020
	gramMul   = 0x9E3779B1 // 2^32/φ: multiplicative hashing
	// hashBits is a compromise. A byte for each hash takes half the instructions of a bit, and 256 KiB are looked
	// up as fast as 64, out of the second-level cache; with 17 bits there are half as many candidates again.
	hashBits  = 18
	hashShift = 32 - hashBits
	chainBits = 15
)

func gramHash(gram uint32) uint32 { return gram * gramMul >> hashShift }

// slotNumber is three more bits of the hash: the number of a bit in a slot. They tell seven in eight of those grams apart that
// share a slot with one that is looked for.
func slotNumber(gram uint32) uint32 { return gram * gramMul >> (hashShift - 3) & 7 }

// newAnchorFinder builds the finder. Literals must be distinct, lower case and at
// least minAnchor bytes long. follows tells which bytes can come after a literal, if that is
// known: it is asked for those that are shorter than a gram.
func newAnchorFinder(literals []string, follows func(literal int) (next class, known bool)) *anchorFinder {
	f := &anchorFinder{literals: literals, entries: make([]gramEntry, 0, 2*len(literals))}
	// Short literals have little choice, so they come first, and long ones use the slots that are taken.
	for _, i := range ordered(len(literals), func(i int) int { return len(literals[i]) }) {
		lit := literals[i]
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

// ordered returns the numbers from 0 to n-1 in the order of their keys, which are small and not negative, and those of one key
// in their own.
func ordered(n int, key func(i int) int) []int {
	most := 0
	for i := range n {
		most = max(most, key(i))
	}
	counts := make([]int, most+2) // by key, plus 1
	for i := range n {
		counts[key(i)+1]++
	}
	for k := range most {
		counts[k+1] += counts[k]
	}
	out := make([]int, n)
	for i := range n {
		at := &counts[key(i)]
		out[*at] = i
		*at++
	}
	return out
}

func (f *anchorFinder) add(gram uint32, literal, offset int) {
	h := gramHash(gram)
	f.slots[h] |= 1 << slotNumber(gram)
	head := &f.heads[h%uint32(len(f.heads))]
	f.entries = append(f.entries, gramEntry{gram, uint16(literal), uint16(offset), *head})
	*head = uint16(len(f.entries))
}

// rarestGram returns the offset of the gram of lit that costs least: that is rare in source
// text, and of those of one kind one that is looked for anyway.
func (f *anchorFinder) rarestGram(lit string) int {
	best, bestCost := 0, math.MaxInt
	var rare [gramLen - 1]int // of the pairs in the gram, by offset modulo their number
	last := symbolOf(lit[0])
	for end := 1; end < len(lit); end++ {
		next := symbolOf(lit[end])
		rare[end%len(rare)] = rarity(last, next)
		last = next
		off := end + 1 - gramLen
		if off < 0 {
			continue
		}
		h := gramHash(binary.LittleEndian.Uint32([]byte(lit[off:off+gramLen])) | foldMask>>32)
		cost := 1 << (15 - gramClass(h)) // in 2^-23 of all positions
		if f.slots[h] == 0 {
			// Grams that the table has not seen fall on any slot.
			cost += 24
		}
		cost = cost<<8 - rare[0] - rare[1] - rare[2]
		if cost < bestCost {
			best, bestCost = off, cost
		}
	}
	return best
}

// gramClasses says how rare the grams of each hash are in source text of many kinds, in four bits:
// 0 for one position in 2^8 or more, 15 for one in 2^23 or none. TestGramClasses makes it.
//
//go:embed grams.tbl
var gramClasses string

// gramClass tells how rarely source text has a gram of the hash h.
func gramClass(h uint32) int {
	return int(gramClasses[h/2] >> (h % 2 * 4) & 15)
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

// rarity tells how rarely the symbol b follows a in source code, in half bits.
func rarity(a, b int) int { return int(bigrams[a*symbols+b] - 'A') }

// find calls hit for each occurrence of a literal that lies in text[lo:hi], in
// order of the literal's selecting gram.
func (f *anchorFinder) find(text []byte, lo, hi int, hit func(literal, pos int)) {
	const block = 8
	i := lo
	t := &f.slots
	// Eight grams at a time, also where they reach beyond hi.
	for ; i < hi && i+block+gramLen <= len(text); i += block {
		bytes := text[i : i+block+gramLen : i+block+gramLen]
		w0 := binary.LittleEndian.Uint64(bytes) | foldMask
		w1 := binary.LittleEndian.Uint64(bytes[gramLen:]) | foldMask
		if t[uint32(w0)*gramMul>>hashShift]|
			t[uint32(w0>>8)*gramMul>>hashShift]|
			t[uint32(w0>>16)*gramMul>>hashShift]|
			t[uint32(w0>>24)*gramMul>>hashShift]|
			t[uint32(w1)*gramMul>>hashShift]|
			t[uint32(w1>>8)*gramMul>>hashShift]|
			t[uint32(w1>>16)*gramMul>>hashShift]|
			t[uint32(w1>>24)*gramMul>>hashShift] != 0 {
			for mask := f.entered(w0, w1); mask != 0; mask &= mask - 1 {
				k := bits.TrailingZeros32(mask)
				if i+k >= hi {
					break
				}
				f.check(text, lo, hi, i+k, binary.LittleEndian.Uint32(text[i+k:])|foldMask>>32, hit)
			}
		}
	}
	f.checkAll(text, lo, hi, i, min(hi, len(text)-gramLen+1), hit)
	if hi == len(text) {
		f.checkLast(text, lo, len(text)-minAnchor, hit)
	}
}

// entered returns a set of bits: which of the eight grams are entered that begin in w0 and of which the last end in w1, the
// text four bytes on. There is no branch in it: what it would depend on cannot be foretold, and the first look at eight grams has
// told already that it is worth it.
func (f *anchorFinder) entered(w0, w1 uint64) (mask uint32) {
	return f.isEntered(uint32(w0)) | f.isEntered(uint32(w0>>8))<<1 | f.isEntered(uint32(w0>>16))<<2 | f.isEntered(uint32(w0>>24))<<3 |
		f.isEntered(uint32(w1))<<4 | f.isEntered(uint32(w1>>8))<<5 | f.isEntered(uint32(w1>>16))<<6 | f.isEntered(uint32(w1>>24))<<7
}

// isEntered returns 1 for a gram that shares its bit with an entry, else 0.
func (f *anchorFinder) isEntered(gram uint32) uint32 {
	return uint32(f.slots[gramHash(gram)]) >> slotNumber(gram) & 1
}

// checkAll compares the literals that the grams that start in text[i:end] may belong to.
func (f *anchorFinder) checkAll(text []byte, lo, hi, i, end int, hit func(literal, pos int)) {
	for ; i < end; i++ {
		gram := binary.LittleEndian.Uint32(text[i:]) | foldMask>>32
		if f.isEntered(gram) != 0 {
			f.check(text, lo, hi, i, gram, hit)
		}
	}
}

// check compares the literals that the gram at text[i] may belong to.
func (f *anchorFinder) check(text []byte, lo, hi, i int, gram uint32, hit func(literal, pos int)) {
	for e := f.heads[gramHash(gram)%uint32(len(f.heads))]; e != 0; {
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
