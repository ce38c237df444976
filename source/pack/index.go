package pack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// index tells where the objects of one pack are. It is a view of a mapped .idx file, or was made from a
// multi-pack-index in the same layout.
type index struct {
	n       int
	hashLen int
	ids     []byte // id i is at i*stride
	stride  int
	offsets []byte // offset i is at i*stride4, 4 bytes; with the top bit set it is a position in large
	stride4 int
	large   []byte // 8 bytes each
	crcs    []byte // 4 bytes each; nil when the index has none
	unique  bool   // no id is listed twice
	packSum []byte // the checksum at the end of the pack; nil when the index does not tell
}

var (
	errIndexShort = errors.New("index is truncated")
	errIndexOrder = errors.New("index is not sorted")
)

// idxMagic starts an index of version 2; version 1 has no header.
var idxMagic = []byte("\377tOc")

const fanoutLen = 256 * 4

// parseIndex reads an .idx file, version 1 or 2, as described in gitformat-pack(5). Offsets are not
// checked against the pack.
func parseIndex(data []byte, hashLen int) (*index, error) {
	version := uint32(1)
	if bytes.HasPrefix(data, idxMagic) {
		if len(data) < 8 {
			return nil, errIndexShort
		}
		version = binary.BigEndian.Uint32(data[4:])
		data = data[8:]
	}
	if len(data) < fanoutLen+2*hashLen {
		return nil, errIndexShort
	}
	n, err := fanoutTotal(data[:fanoutLen])
	if err != nil {
		return nil, err
	}
	packSum := data[len(data)-2*hashLen:][:hashLen:hashLen]
	data = data[fanoutLen : len(data)-2*hashLen]
	x := &index{n: n, hashLen: hashLen, packSum: packSum}
	switch version {
	case 1:
		x.stride, x.stride4 = hashLen+4, hashLen+4
		if len(data)/x.stride < n {
			return nil, errIndexShort
		}
		x.offsets = data
		if n > 0 {
			x.ids = data[4:]
		}
	case 2:
		x.stride, x.stride4 = hashLen, 4
		if len(data)/(hashLen+8) < n {
			return nil, errIndexShort
		}
		x.ids, data = data[:n*hashLen], data[n*hashLen:]
		x.crcs, data = data[:n*4], data[n*4:]
		x.offsets, x.large = data[:n*4], data[n*4:]
	default:
		return nil, fmt.Errorf("index has version %d: only 1 and 2 are known", version)
	}
	return x, x.checkOrder()
}

// checkOrder makes sure that the ids are sorted.
func (x *index) checkOrder() error {
	x.unique = true
	last := uint64(0)
	for i := range x.n {
		prefix := binary.BigEndian.Uint64(x.ids[i*x.stride:]) // nearly always enough
		if prefix <= last && i > 0 {
			switch c := bytes.Compare(x.id(i-1), x.id(i)); {
			case c > 0:
				return errIndexOrder
			case c == 0:
				x.unique = false
			}
		}
		last = prefix
	}
	return nil
}

// fanoutTotal checks a fan-out table and returns its last number, which counts the objects.
func fanoutTotal(fanout []byte) (int, error) {
	last := uint32(0)
	for i := 0; i < fanoutLen; i += 4 {
		v := binary.BigEndian.Uint32(fanout[i:])
		if v < last {
			return 0, errIndexOrder
		}
		last = v
	}
	if last > maxObjects {
		return 0, fmt.Errorf("index has %d objects: at most %d are supported", last, maxObjects)
	}
	return int(last), nil
}

// id returns the i-th id, in id order.
func (x *index) id(i int) []byte { return x.ids[i*x.stride:][:x.hashLen:x.hashLen] }

// offset returns where in the pack the i-th object starts; ok is false when the index is corrupt.
func (x *index) offset(i int) (off uint64, ok bool) {
	v := binary.BigEndian.Uint32(x.offsets[i*x.stride4:])
	if v>>31 == 0 || x.stride4 != 4 {
		return uint64(v), true // version 1 has plain 32-bit offsets
	}
	at := uint64(v&^(1<<31)) * 8
	if at+8 > uint64(len(x.large)) {
		return 0, false
	}
	return binary.BigEndian.Uint64(x.large[at:]), true
}

// crc returns the CRC-32 of the i-th object's packed bytes. The index must have crcs.
func (x *index) crc(i int) uint32 { return binary.BigEndian.Uint32(x.crcs[i*4:]) }

// find returns the position of an id.
func (x *index) find(id []byte) (int, bool) {
	lo, hi := 0, x.n
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if bytes.Compare(x.id(mid), id) < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, lo < x.n && bytes.Equal(x.id(lo), id)
}
