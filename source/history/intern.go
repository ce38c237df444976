package history

import (
	"math/bits"
	"slices"
)

// interner gives equal lists the same number. The empty list is number 0.
type interner[E ~uint32 | ~uint64] struct {
	items []E
	ends  []uint32 // list i is items[ends[i-1]:ends[i]]
	slots []uint32 // hash table of numbers; 0: free
}

// get returns a list. It must not be written to.
func (in *interner[E]) get(id uint32) []E {
	if id == 0 {
		return nil
	}
	return in.items[in.ends[id-1]:in.ends[id]:in.ends[id]]
}

// len returns how many numbers there are.
func (in *interner[E]) len() int { return max(len(in.ends), 1) }

// add returns the number of a list, which is copied if it is new.
func (in *interner[E]) add(list []E) uint32 {
	if len(list) == 0 {
		return 0
	}
	if 4*in.len() >= 3*len(in.slots) {
		in.grow()
	}
	at := in.slot(list)
	if in.slots[at] == 0 {
		in.slots[at] = uint32(len(in.ends))
		in.items = append(in.items, list...)
		in.ends = append(in.ends, uint32(len(in.items)))
	}
	return in.slots[at]
}

// slot returns where the list is in the table, or should be.
func (in *interner[E]) slot(list []E) int {
	h := uint64(len(list))
	for _, e := range list {
		hi, lo := bits.Mul64(h^uint64(e)^0xa0761d6478bd642f, 0xe7037ed1a0b428db)
		h = hi ^ lo
	}
	at := int(h) & (len(in.slots) - 1)
	for in.slots[at] != 0 && !slices.Equal(in.get(in.slots[at]), list) {
		at = (at + 1) & (len(in.slots) - 1)
	}
	return at
}

func (in *interner[E]) grow() {
	if in.ends == nil {
		in.ends = []uint32{0}
	}
	in.slots = make([]uint32, max(2*len(in.slots), 64))
	for id := uint32(1); int(id) < len(in.ends); id++ {
		in.slots[in.slot(in.get(id))] = id
	}
}

// release gives up the table: no list will be added any more.
func (in *interner[E]) release() { in.slots = nil }
