package cache

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// Objects is which blobs were scanned.
//
// As a payload: the length of an id, 1 byte; the number of blobs; their ids; their sizes, 4 bytes each; the number
// of hits, and each hit less the one before; the number of loose ones, and of each its position less the one before, and its
// mark, 8 bytes.
type Objects struct {
	HashLen int
	IDs     []byte   // raw, one after the other, in order
	Sizes   []uint32 // of the text in each
	Hits    []uint32 // positions of those in which something matched, in order
	Loose   []Loose  // those that were scanned as loose objects, in order
}

// Loose is a blob that was scanned as a loose object.
type Loose struct {
	At   uint32 // its position
	Mark uint64 // pack.State.Mark of its file
}

// MaxSize is the size of the largest blob that Objects can hold.
const MaxSize = 1<<32 - 1

// Equal reports whether both say the same.
func (o *Objects) Equal(other *Objects) bool {
	return o.HashLen == other.HashLen && bytes.Equal(o.IDs, other.IDs) &&
		slices.Equal(o.Sizes, other.Sizes) && slices.Equal(o.Hits, other.Hits) && slices.Equal(o.Loose, other.Loose)
}

func (o *Objects) append(b []byte) []byte {
	b = append(b, byte(o.HashLen))
	b = appendNumber(b, uint64(len(o.Sizes)))
	b = append(b, o.IDs...)
	for _, size := range o.Sizes {
		b = binary.BigEndian.AppendUint32(b, size)
	}
	b = appendNumber(b, uint64(len(o.Hits)))
	last := uint32(0)
	for _, h := range o.Hits {
		b = appendNumber(b, uint64(h-last))
		last = h
	}
	b = appendNumber(b, uint64(len(o.Loose)))
	last = 0
	for _, l := range o.Loose {
		b = appendNumber(b, uint64(l.At-last))
		b = binary.BigEndian.AppendUint64(b, l.Mark)
		last = l.At
	}
	return b
}

func parseObjects(payload []byte, hashLen int) (*Objects, error) {
	r := &reader{rest: payload}
	if int(r.byte()) != hashLen {
		r.fail()
	}
	n := r.count(hashLen + 4)
	o := &Objects{HashLen: hashLen, IDs: r.bytes(uint64(n * hashLen)), Sizes: make([]uint32, n)}
	for i := 1; i < n && r.err == nil; i++ {
		if bytes.Compare(o.IDs[(i-1)*hashLen:i*hashLen], o.IDs[i*hashLen:(i+1)*hashLen]) >= 0 {
			r.fail()
		}
	}
	if sizes := r.bytes(uint64(4 * n)); r.err == nil {
		for i := range o.Sizes {
			o.Sizes[i] = binary.BigEndian.Uint32(sizes[4*i:])
		}
	}
	o.Hits = make([]uint32, r.count(1))
	last := -1
	for i := range o.Hits {
		last = r.position(last, n)
		o.Hits[i] = uint32(last)
	}
	o.Loose = make([]Loose, r.count(1+8))
	last = -1
	for i := range o.Loose {
		last = r.position(last, n)
		o.Loose[i].At = uint32(last)
		if mark := r.bytes(8); mark != nil {
			o.Loose[i].Mark = binary.BigEndian.Uint64(mark)
		}
	}
	return o, r.end()
}
