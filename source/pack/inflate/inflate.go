// Package inflate decodes the zlib streams of a git object store: pack entries
// and loose objects (RFC 1950 around RFC 1951).
//
// It knows two things compress/zlib cannot assume. The whole input is in memory
// (a mapped pack), so bits are fetched eight bytes at a time instead of through
// an io.Reader. And the size of the output is known (a pack entry and a loose
// object begin with it), so bytes are decoded straight into the caller's buffer,
// which is also the window, instead of into a window that is copied from.
//
// Most streams of a pack are short: deltas and trees of a few hundred bytes. For
// those, building the Huffman tables costs more than decoding with them, so the
// tables are sized to the longest code actually used and filled by doubling.
//
// A stream is accepted exactly when compress/zlib accepts it and yields as many
// bytes as were asked for, with one exception: a stream that wants a preset
// dictionary is refused, whichever dictionary it names. git writes none.
package inflate

import (
	"encoding/binary"
	"errors"
)

// The ways a stream can be refused. [Decoder.Zlib] returns them as they are.
var (
	// ErrHeader: the first two bytes do not announce a deflate stream without dictionary.
	ErrHeader = errors.New("inflate: not a zlib header")
	// ErrCorrupt: the stream breaks a rule of the format.
	ErrCorrupt = errors.New("inflate: corrupt deflate data")
	// ErrTruncated: the input ends before the stream does.
	ErrTruncated = errors.New("inflate: input ends inside the stream")
	// ErrSize: the stream holds fewer or more bytes than were asked for.
	ErrSize = errors.New("inflate: size differs from the announced one")
	// ErrChecksum: the Adler-32 of the output is not the one in the trailer.
	ErrChecksum = errors.New("inflate: wrong checksum")
)

// A Decoder inflates one stream after another. The zero value is ready to use. It
// holds 16 KiB of tables and allocates nothing; use one per goroutine.
type Decoder struct {
	// SkipChecksum leaves the Adler-32 trailer unread, though it must be there. For
	// callers that verify the object id, which says more.
	SkipChecksum bool

	in   input
	out  int  // bytes of dst written
	slow bool // leaves fast aside, which does not tell how far it came when it fails
	lit  huffman
	dist huffman

	litTable  [litEntries]entry
	distTable [distEntries]entry
	tables    // what does not change between streams

	lengths [maxLit + maxDist]uint8 // code lengths of the block at hand
	scratch scratch
}

// input is the position in the compressed bytes. Bits are taken from the low end
// of buf. Bits of buf above n may be set; they are then those of the bytes at
// src[pos], so that reading these bytes again with or changes nothing.
type input struct {
	src []byte
	pos int
	buf uint64
	n   uint
}

// Zlib inflates the stream at the start of src, which must yield exactly len(dst)
// bytes, into dst. It returns how many bytes of src the stream occupies, trailer
// included; src may be longer. After an error dst holds garbage and consumed is 0.
// dst and src must not overlap.
func (d *Decoder) Zlib(dst, src []byte) (consumed int, err error) {
	if len(src) < 2 {
		return 0, ErrTruncated
	}
	// RFC 1950 §2.2: method 8, window of at most 32 KiB, FDICT clear, FCHECK right.
	if src[0]&0x0f != 8 || src[0]>>4 > 7 || src[1]&0x20 != 0 || binary.BigEndian.Uint16(src)%31 != 0 {
		return 0, ErrHeader
	}
	n, err := d.deflate(dst, src[2:])
	if err != nil {
		return 0, err
	}
	end := 2 + n
	if len(src)-end < 4 {
		return 0, ErrTruncated
	}
	if !d.SkipChecksum && binary.BigEndian.Uint32(src[end:]) != adler32(dst) {
		return 0, ErrChecksum
	}
	return end + 4, nil
}

// Start inflates the beginning of the stream at the start of src, which need not be all of it, and returns how many bytes of dst
// it has filled: all of them, but for up to a few hundred at the end that come as one piece, or fewer if the stream or src ends
// before. What is wrong with a stream Start does not tell.
func (d *Decoder) Start(dst, src []byte) int {
	d.out, d.slow = 0, true
	if len(src) > 2 {
		_, _ = d.deflate(dst, src[2:])
	}
	d.slow = false
	return d.out
}

// deflate inflates the raw deflate stream at the start of src and returns its length.
func (d *Decoder) deflate(dst, src []byte) (int, error) {
	d.tables.build(&d.scratch)
	d.in = input{src: src}
	d.out = 0
	for final := false; !final; {
		d.in.refill()
		if d.in.n < 3 {
			return 0, ErrTruncated
		}
		header := d.in.take(3)
		final = header&1 != 0
		if err := d.block(header>>1, dst); err != nil {
			d.in.src = nil
			return 0, err
		}
	}
	d.in.src = nil // do not keep a mapping alive
	if d.out != len(dst) {
		return 0, ErrSize
	}
	return d.in.pos - int(d.in.n/8), nil
}

// block inflates the block whose header was just read (RFC 1951 §3.2.3).
func (d *Decoder) block(kind uint64, dst []byte) error {
	switch kind {
	case 0:
		return d.stored(dst)
	case 1:
		d.lit = huffman{d.fixedLit[:], fixedLitBits}
		d.dist = huffman{d.fixedDist[:], fixedDistBits}
	case 2:
		if err := d.readCodes(); err != nil {
			return err
		}
	default:
		return ErrCorrupt
	}
	if d.slow {
		return d.careful(dst)
	}
	done, err := d.fast(dst)
	if done || err != nil {
		return err
	}
	return d.careful(dst)
}

// stored copies a block that is not compressed (RFC 1951 §3.2.4).
func (d *Decoder) stored(dst []byte) error {
	in := &d.in
	pos := in.pos - int(in.n/8) // the rest of the current byte is padding
	*in = input{src: in.src, pos: pos}
	if len(in.src)-pos < 4 {
		return ErrTruncated
	}
	n := int(binary.LittleEndian.Uint16(in.src[pos:]))
	if n != int(^binary.LittleEndian.Uint16(in.src[pos+2:])) {
		return ErrCorrupt
	}
	pos += 4
	if n > len(dst)-d.out {
		d.out += copy(dst[d.out:], in.src[pos:])
		return ErrSize
	}
	if n > len(in.src)-pos {
		return ErrTruncated
	}
	copy(dst[d.out:], in.src[pos:pos+n])
	d.out += n
	in.pos = pos + n
	return nil
}

// refill tops buf up to at least 56 bits, or to all that is left.
func (in *input) refill() {
	if len(in.src)-in.pos >= 8 {
		in.buf |= binary.LittleEndian.Uint64(in.src[in.pos:]) << (in.n & 63)
		in.pos += int((63 - in.n) / 8)
		in.n |= 56
		return
	}
	for in.n < 56 && in.pos < len(in.src) {
		in.buf |= uint64(in.src[in.pos]) << in.n
		in.pos++
		in.n += 8
	}
}

// take returns the next n bits, which the caller knows are there.
func (in *input) take(n uint) uint64 {
	v := in.buf & (1<<(n&63) - 1)
	in.buf >>= n & 63
	in.n -= n
	return v
}

// codeOrder is the order in which the lengths of the code-length code are sent
// (RFC 1951 §3.2.7).
var codeOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readCodes reads the two Huffman codes of a dynamic block (RFC 1951 §3.2.7) and
// builds their tables.
func (d *Decoder) readCodes() error {
	in := &d.in
	in.refill()
	if in.n < 14 {
		return ErrTruncated
	}
	nlit := int(in.take(5)) + 257
	ndist := int(in.take(5)) + 1
	ncode := int(in.take(4)) + 4
	if nlit > maxLit || ndist > maxDist {
		return ErrCorrupt
	}
	var lengths [19]uint8
	in.refill() // 56 bits; 19 lengths of 3 bits are 57
	for _, sym := range codeOrder[:ncode] {
		if in.n < 3 {
			if in.refill(); in.n < 3 {
				return ErrTruncated
			}
		}
		lengths[sym] = uint8(in.take(3))
	}
	var pre codeLengthTable
	if !pre.build(&lengths) {
		return ErrCorrupt
	}
	if err := d.readLengths(&pre, nlit+ndist); err != nil {
		return err
	}
	var ok bool
	if d.lit, ok = buildHuffman(d.litTable[:], litBits, d.lengths[:nlit], d.litBase[:], &d.scratch); !ok {
		return ErrCorrupt
	}
	if d.dist, ok = buildHuffman(d.distTable[:], distBits, d.lengths[nlit:nlit+ndist], d.distBase[:], &d.scratch); !ok {
		return ErrCorrupt
	}
	return nil
}

// readLengths reads n code lengths into d.lengths.
func (d *Decoder) readLengths(pre *codeLengthTable, n int) error {
	in := &d.in
	lengths := d.lengths[:n]
	for i := 0; i < len(lengths); {
		if in.n < 14 { // the longest code and its extra bits
			in.refill()
		}
		e := pre[in.buf&(1<<codeLengthBits-1)]
		sym := e >> 3
		size := uint(e & 7)
		if size > in.n {
			return ErrTruncated
		}
		if sym < 16 {
			if size == 0 {
				return ErrCorrupt
			}
			in.buf >>= size
			in.n -= size
			lengths[i] = sym
			i++
			continue
		}
		var value uint8
		var extra uint
		repeat := 3
		switch sym {
		case 16:
			if i == 0 {
				return ErrCorrupt
			}
			value, extra = lengths[i-1], 2
		case 17:
			extra = 3
		default:
			extra, repeat = 7, 11
		}
		if size+extra > in.n {
			return ErrTruncated
		}
		in.take(size)
		repeat += int(in.take(extra))
		if repeat > len(lengths)-i {
			return ErrCorrupt
		}
		run := lengths[i : i+repeat]
		i += repeat
		if value == 0 {
			clear(run)
			continue
		}
		for j := range run {
			run[j] = value
		}
	}
	return nil
}
