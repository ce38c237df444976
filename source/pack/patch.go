package pack

import "github.com/straykey/straykey/delta"

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

// copyOp reads a copy instruction: bits 0 to 3 of op say which bytes of the offset follow, bits 4 to 6 which of the
// size. ok is false when they are cut off.
func copyOp(op byte, ops []byte) (from, n int, rest []byte, ok bool) {
	var v uint64
	i := 0
	for bit := range 7 {
		if op>>bit&1 == 0 {
			continue
		}
		if i == len(ops) {
			return 0, 0, nil, false
		}
		v |= uint64(ops[i]) << (8 * bit)
		i++
	}
	from, n = int(v&(1<<32-1)), int(v>>32)
	if n == 0 {
		n = 0x10000
	}
	return from, n, ops[i:], true
}

// deltaRuns checks the instructions of a delta without applying them, and appends to runs what the result has from its
// base. After it returns nil, applyDelta with the same arguments does not leave the bounds of base and result.
func deltaRuns(runs []delta.Run, ops []byte, base, result int) ([]delta.Run, error) {
	at := 0 // bytes of the result so far
	for len(ops) > 0 {
		op := ops[0]
		ops = ops[1:]
		switch {
		case op&0x80 != 0:
			from, n, rest, ok := copyOp(op, ops)
			if !ok || from < 0 || n > base-from || n > result-at {
				return runs, errDelta
			}
			ops = rest
			if last := len(runs) - 1; last >= 0 && runs[last].Target+runs[last].Len == at && runs[last].Base+runs[last].Len == from {
				runs[last].Len += n
			} else {
				runs = append(runs, delta.Run{Base: from, Target: at, Len: n})
			}
			at += n
		case op != 0:
			n := int(op)
			if n > len(ops) || n > result-at {
				return runs, errDelta
			}
			ops = ops[n:]
			at += n
		default: // reserved
			return runs, errDelta
		}
	}
	if at != result {
		return runs, errDelta
	}
	return runs, nil
}

// applyDelta builds the result of instructions that deltaRuns has accepted.
func applyDelta(dst, base, ops []byte) {
	for len(ops) > 0 {
		op := ops[0]
		ops = ops[1:]
		if op&0x80 != 0 {
			from, n, rest, _ := copyOp(op, ops)
			copy(dst[:n], base[from:])
			dst, ops = dst[n:], rest
		} else {
			n := copy(dst, ops[:op])
			dst, ops = dst[n:], ops[n:]
		}
	}
}
