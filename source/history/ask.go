package history

import (
	"encoding/binary"

	"github.com/straykey/straykey/source/pack"
)

// questions collects ids to be looked up together. Looking up a million ids in any order takes a second,
// waiting for memory; in about the order in which they are stored, a tenth of it.
type questions struct {
	ids    []byte
	about  []uint32 // of each id, the fresh entry that is to get its number; noEntry if only absence matters
	lately []idPair // blobs asked for lately, by hash
}

type idPair [2]uint64

const (
	noEntry   = ^uint32(0)
	askLen    = 1 << 16
	latelyLen = 1 << 14
)

// ask has the number of a tree put in a fresh entry, later.
func (s *scanner) ask(id []byte, about uint32) {
	if len(s.asked.about) == askLen {
		s.answer()
	}
	s.asked.ids = append(s.asked.ids, id...)
	s.asked.about = append(s.asked.about, about)
}

// askOnce has it checked, later, whether a blob is in the store, unless that was asked lately.
func (s *scanner) askOnce(id []byte) {
	if s.asked.lately == nil {
		s.asked.lately = make([]idPair, latelyLen)
	}
	k := idPair{binary.NativeEndian.Uint64(id), binary.NativeEndian.Uint64(id[8:])}
	if at := &s.asked.lately[k[0]%latelyLen]; *at != k || k == (idPair{}) {
		*at = k
		s.ask(id, noEntry)
	}
}

// answer looks all ids up. What a partial clone has left out is only noted: it may be most of the repository.
func (s *scanner) answer() {
	for _, i := range s.byPrefix() {
		id := s.asked.ids[i*s.hashLen:][:s.hashLen]
		about := s.asked.about[i]
		child := noChild
		if n, ok := s.store.FindBytes(id); ok {
			child = uint32(n)
		} else if about == noEntry && !s.repo.Promisor {
			s.lost[pack.ID(id)] = true
		} else if c := s.absentChild(id); !s.repo.Promisor {
			child = c
		}
		if about != noEntry {
			s.fresh[about].child = child
		}
	}
	s.asked.ids, s.asked.about = s.asked.ids[:0], s.asked.about[:0]
}

// byPrefix returns the questions, roughly in the order of their ids.
func (s *scanner) byPrefix() []int {
	prefix := func(i int) int { return int(binary.BigEndian.Uint16(s.asked.ids[i*s.hashLen:])) >> 4 }
	var next [1 << 12]int
	for i := range s.asked.about {
		next[prefix(i)]++
	}
	sum := 0
	for i, n := range next {
		next[i] = sum
		sum += n
	}
	order := make([]int, sum)
	for i := range s.asked.about {
		p := prefix(i)
		order[next[p]] = i
		next[p]++
	}
	return order
}
