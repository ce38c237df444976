package inflate

import (
	"encoding/binary"
	"math/bits"
)

const (
	maxCode = 15  // bits of the longest code
	maxLit  = 286 // literal/length symbols a dynamic block may define
	maxDist = 30  // distance symbols

	litBits        = 10
	distBits       = 8
	codeLengthBits = 7
	fixedLitBits   = 9
	fixedDistBits  = 5

	// Room for any complete code. A subtable whose index has k bits holds at least
	// k+1 symbols, and at k = maxCode-litBits it has the most entries a symbol.
	litEntries  = 1<<litBits + maxLit<<(maxCode-litBits)/(maxCode-litBits+1)
	distEntries = 1<<distBits + maxDist<<(maxCode-distBits)/(maxCode-distBits+1)
)

// An entry of a decoding table says what the next bits of the input mean:
//
//	bits 0-5    bits to consume: the code and, for lengths and distances, the extra bits
//	bits 8-11   bits of the code alone
//	bit  13     end of block
//	bit  14     the code is longer than the table's index: see subtable
//	bit  15     special: end of block, subtable, or no such code
//	bits 16-30  the literal, or the base of the length or distance
//	bit  31     literal
//
// A subtable entry has its first index in bits 16-30 and the bits of its index,
// beyond those of the primary table, in bits 8-11.
type entry uint32

const (
	codeShift  = 8
	valueShift = 16

	endOfBlock entry = 1 << 13
	subtable   entry = 1 << 14
	special    entry = 1 << 15
	literal    entry = 1 << 31

	// noCode stands where an incomplete code has no symbol and for the symbols that
	// the fixed codes have and the format does not use.
	noCode = special
)

// used is the number of bits the entry consumes.
func (e entry) used() uint { return uint(e & 63) }

// code is the number of bits of the code alone.
func (e entry) code() uint { return uint(e>>codeShift) & 15 }

// value is the literal or the base of a length or distance.
func (e entry) value() int { return int(e >> valueShift & 0x7fff) }

// huffman is a decoding table: a primary table of 1<<bits entries, then subtables.
type huffman struct {
	table []entry
	bits  uint
}

// lookup finds the entry of the code at the low end of buf.
func (h *huffman) lookup(buf uint64) entry {
	e := h.table[buf&(1<<(h.bits&63)-1)]
	if e&subtable != 0 {
		e = h.table[uint64(e.value())+buf>>(h.bits&63)&(1<<e.code()-1)]
	}
	return e
}

// tables are the parts of a Decoder that are the same for all streams. They are
// built on first use: a start-up that inflates nothing pays nothing.
type tables struct {
	built     bool
	fixedLit  [1 << fixedLitBits]entry
	fixedDist [1 << fixedDistBits]entry

	// Entries without the length of their code, by symbol.
	litBase  [288]entry
	distBase [32]entry
}

func (t *tables) build(s *scratch) {
	if t.built {
		return
	}
	t.built = true
	t.buildBases()
	// RFC 1951 §3.2.6.
	var lengths [288]uint8
	for i := range lengths {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 8
		}
	}
	buildHuffman(t.fixedLit[:], fixedLitBits, lengths[:], t.litBase[:], s)
	for i := range 32 {
		lengths[i] = 5
	}
	buildHuffman(t.fixedDist[:], fixedDistBits, lengths[:32], t.distBase[:], s)
}

// buildBases lays out the symbols of RFC 1951 §3.2.5.
func (t *tables) buildBases() {
	for i := range 256 {
		t.litBase[i] = literal | entry(i)<<valueShift
	}
	t.litBase[256] = special | endOfBlock
	length := 3
	for i := 257; i < 285; i++ {
		extra := 0
		if i >= 265 {
			extra = (i - 261) / 4
		}
		t.litBase[i] = entry(length)<<valueShift | entry(extra)
		length += 1 << extra
	}
	t.litBase[285] = 258 << valueShift
	t.litBase[286], t.litBase[287] = noCode, noCode

	dist := 1
	for i := range maxDist {
		extra := 0
		if i >= 4 {
			extra = i/2 - 1
		}
		t.distBase[i] = entry(dist)<<valueShift | entry(extra)
		dist += 1 << extra
	}
	t.distBase[30], t.distBase[31] = noCode, noCode
}

// scratch is room for buildHuffman to sort in; its contents mean nothing afterwards.
type scratch struct {
	used, sorted [288]uint16
}

// buildHuffman fills table for the canonical code with the given lengths, one a
// symbol. base holds the entries of the symbols but for the code's length. The
// primary table gets as many bits as the longest code, but at most maxBits.
//
// It reports false unless the code is complete. As in zlib and compress/flate, two
// incomplete ones pass: no code at all (a block without matches), and a single code
// of one bit. Using what they lack is an error when it happens.
//
// The codes are visited in order of length, so that while codes of n bits are
// placed only the first 1<<n entries exist; passing on to n+1 doubles the table by
// copying. Each entry is thus computed once, and the copies are plain memory moves.
func buildHuffman(table []entry, maxBits uint, lengths []uint8, base []entry, scratch *scratch) (huffman, bool) {
	var count [maxCode + 1]uint16
	used := scratch.used[:0] // symbol<<4 | length of its code
	for i := 0; i < len(lengths); {
		// Short texts use few symbols: skip the others eight at a time.
		if len(lengths)-i >= 8 && binary.LittleEndian.Uint64(lengths[i:]) == 0 {
			i += 8
			continue
		}
		for end := min(i+8, len(lengths)); i < end; i++ {
			if n := lengths[i]; n != 0 {
				count[n&maxCode]++
				used = append(used, uint16(i)<<4|uint16(n))
			}
		}
	}
	longest := uint(maxCode)
	for longest > 0 && count[longest] == 0 {
		longest--
	}
	if longest == 0 {
		table[0] = noCode
		return huffman{table[:1], 0}, true
	}

	// Sort the symbols by length of code; first[n] becomes the end of length n.
	var first [maxCode + 2]uint16
	left := 1 // codes of the current length not yet taken
	for n := uint(1); n <= longest; n++ {
		first[n+1] = first[n] + count[n]
		left = left<<1 - int(count[n])
		if left < 0 {
			return huffman{}, false
		}
	}
	sorted := &scratch.sorted
	for _, u := range used {
		at := &first[u&maxCode]
		sorted[*at] = u >> 4
		*at++
	}
	if left > 0 {
		if longest != 1 {
			return huffman{}, false
		}
		table[0] = base[sorted[0]] + 1<<codeShift + 1
		table[1] = noCode
		return huffman{table[:2], 1}, true
	}

	h := huffman{table, min(maxBits, longest)}
	next := 0         // in sorted
	code := uint32(0) // bit-reversed, as the table is indexed
	size := 1         // of the part of the table that exists
	for n := uint(1); n <= h.bits; n++ {
		copy(table[size:], table[:size])
		size <<= 1
		step := entry(n<<codeShift | n)
		for range count[n] {
			table[code] = base[sorted[next]] + step
			next++
			code = increment(code, n)
		}
	}
	if longest == h.bits {
		h.table = table[:size]
		return h, true
	}
	size = h.addSubtables(size, code, longest, sorted[next:], &count, base)
	h.table = table[:size]
	return h, true
}

// addSubtables places the codes longer than the primary table's index, the first of
// which is code, behind the size entries that exist, and returns the new size.
func (h *huffman) addSubtables(size int, code uint32, longest uint, sorted []uint16, count *[maxCode + 1]uint16, base []entry) int {
	primary := uint32(1)<<h.bits - 1
	prefix := ^uint32(0)
	start, width := size, uint(0)
	for n := h.bits + 1; n <= longest; n++ {
		step := entry(n<<codeShift | n)
		for ; count[n] > 0; count[n]-- {
			if code&primary != prefix {
				prefix = code & primary
				start, width = size, subtableBits(n-h.bits, n, count)
				size += 1 << width
				h.table[prefix] = special | subtable | entry(start)<<valueShift | entry(width)<<codeShift
			}
			e := base[sorted[0]] + step
			sorted = sorted[1:]
			for i := int(code >> h.bits); i < 1<<width; i += 1 << (n - h.bits) {
				h.table[start+i] = e
			}
			code = increment(code, n)
		}
	}
	return size
}

// subtableBits returns the bits of index of a subtable whose first code has n bits,
// width of them beyond the primary table. Codes come in order of length, so the
// subtable is filled by the next codes, and the last of these decides.
func subtableBits(width, n uint, count *[maxCode + 1]uint16) uint {
	filled := int(count[n])
	for filled < 1<<width {
		width++
		n++
		filled = filled<<1 + int(count[n])
	}
	return width
}

// increment returns the code of n bits that follows code, both bit-reversed; 0 after
// the last.
func increment(code uint32, n uint) uint32 {
	zeros := ^code & (1<<n - 1)
	if zeros == 0 {
		return 0
	}
	top := uint32(1) << (bits.Len32(zeros) - 1)
	return code&(top-1) | top
}

// codeLengthTable decodes the code lengths of a dynamic block: the length of the
// code in bits 0-2, the symbol above. 0 is no code.
type codeLengthTable [1 << codeLengthBits]uint8

// build fills the table as buildHuffman does, always at full width: it is 128 bytes.
func (t *codeLengthTable) build(lengths *[19]uint8) bool {
	var first [9]uint8 // first[n+1]: number of codes of at most n bits, 0 bits left out
	for _, n := range lengths {
		first[n&7+1]++
	}
	first[1] = 0
	left := 1
	for n := 1; n <= codeLengthBits; n++ {
		left = left<<1 - int(first[n+1])
		if left < 0 {
			return false
		}
		first[n+1] += first[n]
	}
	// A single code of one bit passes, as in buildHuffman; no code at all would fail
	// at the first length, so it may fail here.
	if total := first[8]; total == 0 || left > 0 && (total > 1 || first[2] == 0) {
		return false
	}
	end := first
	var sorted [19]uint8
	for sym, n := range lengths {
		if n != 0 {
			sorted[first[n&7]] = uint8(sym)
			first[n&7]++
		}
	}
	t[0] = 0
	next, code, size := uint8(0), uint32(0), 1
	for n := uint(1); n <= codeLengthBits; n++ {
		copy(t[size:], t[:size])
		size <<= 1
		for ; next < end[n+1]; next++ {
			t[code&(1<<codeLengthBits-1)] = sorted[next]<<3 | uint8(n)
			code = increment(code, n)
		}
	}
	return true
}
