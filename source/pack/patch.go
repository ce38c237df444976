package pack

import (
	"encoding/binary"
	"math/bits"

	"github.com/straykey/straykey/delta"
)

// deltaHeader reads the sizes of base and result from the start of a delta and returns the instructions after them.
func deltaHeader(d []byte) (base, result uint64, ops []byte, err error) {
	if base, d, err = deltaSize(d); err != nil {
		return 0, 0, nil, err
	}
	result, ops, err = deltaSize(d)
	return base, result, ops, err
}

// deltaSize reads 7 bits a byte, least significant first; the top bit says that more follow.
func deltaSize(d []byte) (size uint64, rest []byte, err error) {
	for i, c := range d {
		if i > 8 {
			break
		}
		size |= uint64(c&0x7f) << (7 * i)
		if c&0x80 == 0 {
			return size, d[i+1:], nil
		}
	}
	return 0, nil, errDelta
}

// copyForm tells how to take a copy instruction apart: bits 0 to 3 of its first byte say which bytes of the offset follow,
// bits 4 to 6 which of the size. Nearly always those of each are the low ones, so both can be cut out of one eight-byte load.
type copyForm struct {
	len      uint8 // bytes that follow
	plain    bool  // the form is as said; otherwise only len is valid
	sizeAt   uint8 // in bits
	offMask  uint32
	sizeMask uint32
}

// copyForms is indexed by the low 7 bits of the instruction.
type copyForms [128]copyForm

func newCopyForms() *copyForms {
	var forms copyForms
	for op := range forms {
		off, size := uint32(op&15), uint32(op>>4)
		offLen, sizeLen := bits.OnesCount32(off), bits.OnesCount32(size)
		forms[op] = copyForm{
			len:      uint8(offLen + sizeLen),
			plain:    off == 1<<offLen-1 && size == 1<<sizeLen-1,
			sizeAt:   uint8(8 * offLen),
			offMask:  uint32(1<<(8*offLen) - 1),
			sizeMask: uint32(1<<(8*sizeLen) - 1),
		}
	}
	return &forms
}

// copyOp reads a copy instruction whose first byte is op. ok is false when it is cut off.
func (f *copyForms) copyOp(op byte, ops []byte) (from, n uint64, rest []byte, ok bool) {
	form := &f[op&0x7f]
	if len(ops) >= 8 && form.plain {
		v := binary.LittleEndian.Uint64(ops)
		from, n = v&uint64(form.offMask), v>>form.sizeAt&uint64(form.sizeMask)
	} else if from, n, ok = copyOpSlow(op, ops); !ok {
		return 0, 0, nil, false
	}
	if n == 0 {
		n = 0x10000
	}
	return from, n, ops[form.len:], true
}

func copyOpSlow(op byte, ops []byte) (from, n uint64, ok bool) {
	var v uint64
	i := 0
	for bit := range 7 {
		if op>>bit&1 == 0 {
			continue
		}
		if i == len(ops) {
			return 0, 0, false
		}
		v |= uint64(ops[i]) << (8 * bit)
		i++
	}
	return v & (1<<32 - 1), v >> 32, true
}

// apply builds the result of a delta's instructions in dst, which must be exactly as long as the delta says, and appends to
// runs what dst has from base. After an error dst and runs hold garbage.
func (f *copyForms) apply(dst, base, ops []byte, runs []delta.Run) ([]delta.Run, error) {
	at := 0           // bytes of dst so far
	var run delta.Run // the copies so far that have no gap between them
	for len(ops) > 0 {
		op := ops[0]
		ops = ops[1:]
		if op&0x80 == 0 {
			n := int(op) // 0 is reserved
			if n == 0 || n > len(ops) || n > len(dst)-at {
				return runs, errDelta
			}
			at += copy(dst[at:], ops[:n])
			ops = ops[n:]
			continue
		}
		from, n, rest, ok := f.copyOp(op, ops)
		if !ok || from > uint64(len(base)) || n > uint64(len(base))-from || n > uint64(len(dst)-at) {
			return runs, errDelta
		}
		ops = rest
		copy(dst[at:], base[from:from+n])
		if run.Target+run.Len != at || run.Base+run.Len != int(from) {
			if run.Len > 0 {
				runs = append(runs, run)
			}
			run = delta.Run{Base: int(from), Target: at}
		}
		run.Len += int(n)
		at += int(n)
	}
	if run.Len > 0 {
		runs = append(runs, run)
	}
	if at != len(dst) {
		return runs, errDelta
	}
	return runs, nil
}

// resultLen returns how many bytes a delta's instructions make, whatever the delta says. It is asked before a large
// buffer is taken.
func (f *copyForms) resultLen(ops []byte) (size uint64, err error) {
	for len(ops) > 0 {
		op := ops[0]
		ops = ops[1:]
		if op&0x80 == 0 {
			if op == 0 || int(op) > len(ops) {
				return 0, errDelta
			}
			size += uint64(op)
			ops = ops[op:]
			continue
		}
		_, n, rest, ok := f.copyOp(op, ops)
		if !ok {
			return 0, errDelta
		}
		size += n
		ops = rest
	}
	return size, nil
}

// largeResult is the size from which on a delta's announced result is not believed.
const largeResult = 1 << 20

// checkDelta reads the header of a delta, makes sure that it fits its base and the limit, and returns the
// size of its result and its instructions.
func (f *copyForms) checkDelta(d []byte, base int, limit uint64) (size int, ops []byte, err error) {
	baseSize, result, ops, err := deltaHeader(d)
	switch {
	case err != nil:
		return 0, nil, err
	case baseSize != uint64(base):
		return 0, nil, errDeltaBase
	case result > limit:
		return 0, nil, errTooLarge{result, limit}
	}
	if result > largeResult {
		made, err := f.resultLen(ops)
		if err != nil {
			return 0, nil, err
		}
		if made != result {
			return 0, nil, errDelta
		}
	}
	return int(result), ops, nil
}
