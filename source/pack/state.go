package pack

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
)

// State tells the files of a store from others: of each pack and index path, size, time of the last change and the
// checksum at its end, of each loose object path, size and time. Two stores of equal state number the same
// objects in the same way, unless somebody changed a file and set its time back, or a disk lost bits: the contents
// are not read.
type State struct {
	Sum   [sha256.Size]byte
	store *Store
	loose []uint64 // marks, by position in Store.loose
}

// Mark tells the file of a loose object from an earlier or later one; it is never 0. Objects in packs have the mark 0.
func (s *State) Mark(n Num) uint64 {
	if loc := s.store.locs[n]; loc.pack() == looseStore {
		return s.loose[loc.offset()]
	}
	return 0
}

// State looks at the files of the store as they are now. The error is that of a file that is gone since the
// store was opened.
func (s *Store) State() (state *State, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer catchFault(&err)
	state = &State{store: s, loose: make([]uint64, s.loose.Len())}
	w := stateWriter{h: sha256.New()}
	w.number(int64(s.hashLen), int64(s.Len()), int64(len(s.packs)), int64(s.loose.Len()), int64(len(s.problems)))
	for _, p := range s.packs {
		w.file(p.path)
		w.bytes(p.data[max(0, len(p.data)-s.hashLen):])
		if p.idx.packSum == nil { // a pack without an index of its own
			w.file(filepath.Join(filepath.Dir(p.path), "multi-pack-index"))
			continue
		}
		w.file(strings.TrimSuffix(p.path, ".pack") + ".idx")
		w.bytes(p.idx.packSum)
	}
	for i := range state.loose {
		size, time := w.file(s.loosePath(i))
		state.loose[i] = uint64(time)<<16 ^ uint64(size) | 1<<63
	}
	for _, p := range s.problems {
		w.text(fmt.Sprintf("%q", p))
	}
	w.h.Sum(state.Sum[:0])
	return state, w.err
}

// stateWriter writes things so that no two lists of them give the same bytes. It keeps its first error.
type stateWriter struct {
	h   hash.Hash
	err error
}

func (w *stateWriter) number(list ...int64) {
	var b [8]byte
	for _, n := range list {
		binary.BigEndian.PutUint64(b[:], uint64(n))
		w.h.Write(b[:])
	}
}

func (w *stateWriter) bytes(b []byte) {
	w.number(int64(len(b)))
	w.h.Write(b)
}

func (w *stateWriter) text(s string) { w.bytes([]byte(s)) }

func (w *stateWriter) file(path string) (size, time int64) {
	if w.err != nil {
		return 0, 0
	}
	info, err := os.Stat(path)
	if err != nil {
		w.err = err
		return 0, 0
	}
	size, time = info.Size(), info.ModTime().UnixNano()
	w.text(path)
	w.number(size, time)
	return size, time
}

// Guarded reports whether damage to an object is noticed by every [Walk], also by one that does not visit it: its
// packed bytes are compared with the checksum that the pack's index gives. A damaged one has no known type, and so is
// visited or skipped whatever [WalkOptions.Filter] says.
func (s *Store) Guarded(n Num) bool {
	pack := s.locs[n].pack()
	return pack != looseStore && !s.packs[pack].needsProof()
}

// FindAll returns the numbers of the objects with the given ids, which stand one after the other in order;
// -1 for those that are not in the store. It is a merge of two lists, much cheaper than as many searches.
func (s *Store) FindAll(ids []byte) []int64 {
	found := make([]int64, len(ids)/s.hashLen)
	at := 0
	for i := range found {
		id := ids[i*s.hashLen:][:s.hashLen]
		found[i] = -1
		for at < s.Len() && string(s.id(Num(at))) < string(id) {
			at++
		}
		if at < s.Len() && string(s.id(Num(at))) == string(id) {
			found[i] = int64(at)
		}
	}
	return found
}

// AppendIDs appends the raw ids of objects to buf.
func (s *Store) AppendIDs(buf []byte, objects []Num) []byte {
	buf = slices.Grow(buf, len(objects)*s.hashLen)
	for _, n := range objects {
		buf = append(buf, s.id(n)...)
	}
	return buf
}
