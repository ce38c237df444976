package inflate

import "encoding/binary"

// fast decodes symbols of a block while whole words of input can be loaded and the
// literals of a round have room, and leaves the rest to careful. It reports whether
// the block has ended.
//
// A round starts with at least 56 bits: enough for two literals of the primary table
// and a length, but then not for the distance, which may take 28.
func (d *Decoder) fast(dst []byte) (done bool, err error) {
	const (
		inputMargin  = 16 // two loads; the first advances by at most 7
		outputMargin = 3  // literals a round
		distanceBits = maxCode + 13
	)
	src := d.in.src
	pos, buf, n := d.in.pos, d.in.buf, d.in.n
	out := d.out
	lit, dist := d.lit.table, d.dist.table
	litBits, distBits := d.lit.bits&63, d.dist.bits&63
	litMask, distMask := uint64(1)<<litBits-1, uint64(1)<<distBits-1

	for len(src)-pos >= inputMargin && len(dst)-out >= outputMargin {
		buf |= binary.LittleEndian.Uint64(src[pos:pos+8]) << (n & 63)
		pos += int((63 - n) / 8)
		n |= 56

		e := lit[buf&litMask]
		if e&literal != 0 {
			buf >>= e & 63
			n -= e.used()
			dst[out] = byte(e >> valueShift)
			out++
			e = lit[buf&litMask]
			if e&literal != 0 {
				buf >>= e & 63
				n -= e.used()
				dst[out] = byte(e >> valueShift)
				out++
				e = lit[buf&litMask]
				if e&literal != 0 {
					buf >>= e & 63
					n -= e.used()
					dst[out] = byte(e >> valueShift)
					out++
					continue
				}
			}
		}
		if e&special != 0 {
			if e&subtable != 0 {
				e = lit[uint64(e>>valueShift)+buf>>litBits&(1<<e.code()-1)]
			}
			if e&literal != 0 {
				buf >>= e & 63
				n -= e.used()
				dst[out] = byte(e >> valueShift)
				out++
				continue
			}
			if e&special != 0 {
				if e&endOfBlock == 0 {
					return false, ErrCorrupt
				}
				buf >>= e & 63
				n -= e.used()
				done = true
				break
			}
		}
		length := int(e>>valueShift) + int(buf&(1<<(e&63)-1)>>e.code())
		buf >>= e & 63
		n -= e.used()

		if n < distanceBits {
			buf |= binary.LittleEndian.Uint64(src[pos:pos+8]) << (n & 63)
			pos += int((63 - n) / 8)
			n |= 56
		}
		e = dist[buf&distMask]
		if e&special != 0 {
			if e&subtable != 0 {
				e = dist[uint64(e>>valueShift)+buf>>distBits&(1<<e.code()-1)]
			}
			if e&special != 0 {
				return false, ErrCorrupt
			}
		}
		distance := int(e>>valueShift) + int(buf&(1<<(e&63)-1)>>e.code())
		buf >>= e & 63
		n -= e.used()

		if distance > out {
			return false, ErrCorrupt
		}
		if length > len(dst)-out {
			return false, ErrSize
		}
		// Whole words may overshoot the match as long as they stay inside dst: what they
		// leave behind is overwritten. A distance under 8 would read what is not there yet.
		from, end := out-distance, out+length
		if distance >= 8 && len(dst)-end >= 8 {
			for {
				binary.LittleEndian.PutUint64(dst[out:out+8], binary.LittleEndian.Uint64(dst[from:from+8]))
				out += 8
				from += 8
				if out >= end {
					break
				}
			}
		} else {
			copyMatch(dst, out, from, end)
		}
		out = end
	}
	d.in.pos, d.in.buf, d.in.n = pos, buf, n
	d.out = out
	return done, nil
}

// copyMatch fills dst[out:end] from dst[from:], from < out. Where the two overlap the
// bytes repeat.
func copyMatch(dst []byte, out, from, end int) {
	for out < end {
		out += copy(dst[out:end], dst[from:out]) // twice as many bytes each time
	}
}

// careful decodes symbols up to the end of the block, checking before each that the
// bits and the room are there.
func (d *Decoder) careful(dst []byte) error {
	in := &d.in
	for {
		in.refill()
		e := d.lit.lookup(in.buf)
		if e.used() > in.n {
			return ErrTruncated
		}
		if e&(literal|special) == 0 {
			if err := d.match(dst, e); err != nil {
				return err
			}
			continue
		}
		if e&endOfBlock != 0 {
			in.take(e.used())
			return nil
		}
		if e&literal == 0 {
			return ErrCorrupt
		}
		if d.out == len(dst) {
			return ErrSize
		}
		in.take(e.used())
		dst[d.out] = byte(e >> valueShift)
		d.out++
	}
}

// match copies the match whose length is coded by e.
func (d *Decoder) match(dst []byte, e entry) error {
	in := &d.in
	length := e.value() + int(in.take(e.used())>>e.code())
	in.refill()
	e = d.dist.lookup(in.buf)
	if e&special != 0 {
		return ErrCorrupt
	}
	if e.used() > in.n {
		return ErrTruncated
	}
	distance := e.value() + int(in.take(e.used())>>e.code())
	if distance > d.out {
		return ErrCorrupt
	}
	if length > len(dst)-d.out {
		return ErrSize
	}
	copyMatch(dst, d.out, d.out-distance, d.out+length)
	d.out += length
	return nil
}
