package history

import (
	"cmp"
	"slices"

	"github.com/straykey/straykey/source/pack"
)

// signatures gives each tree a number that stands for what it holds: which label at which path. Trees
// with equal signatures hold the same, so nearly all commits have the signature of their parent.
//
// A signature is a list of chunks of entries, as in a grove, but the value of an entry is a label,
// or the signature of a tree. Signature 0 holds nothing.
type signatures struct {
	*forest
	q *Query

	chunks    interner[entry]
	lists     interner[uint32]
	chunkSize []extent // by chunk
	size      []extent // by signature
	merged    map[[2]uint32]uint32

	// What became of the groves' lists and chunks: unknown (0), busy, unfit, or 1+number.
	ofList  [][]uint32
	ofChunk [][]uint32

	// cut is the entries that had to be left out of lists, see the package comment.
	cut map[listRef]map[entry]bool

	entries []entry // scratch, used as stacks
	list    []uint32
}

type listRef struct {
	grove int
	list  uint32
}

const (
	busy  = ^uint32(0)     // being made: met again only in a cycle of trees
	unfit = ^uint32(0) - 1 // the chunk cannot be translated alone
)

// extent is how much a tree or a part of one holds.
type extent struct {
	hits   uint64 // labels at paths
	weight uint64 // bytes of their paths
	levels int    // of trees down to the deepest of them
}

// below is the extent of an entry, given what is below.
func (x extent) below(name string) extent {
	return extent{x.hits, x.weight + x.hits*uint64(len(name)+1), x.levels + 1}
}

func (x *extent) add(y extent) {
	x.hits += y.hits
	x.weight += y.weight
	x.levels = max(x.levels, y.levels)
}

func (x extent) tooMuch() bool { return x.weight > maxWeight || x.levels > maxLevels }

func newSignatures(f *forest, q *Query) *signatures {
	s := &signatures{
		forest: f, q: q, merged: map[[2]uint32]uint32{}, cut: map[listRef]map[entry]bool{},
		chunkSize: make([]extent, 1), size: make([]extent, 1),
	}
	for i := range f.groves {
		s.ofList = append(s.ofList, make([]uint32, f.groves[i].list.len()))
		s.ofChunk = append(s.ofChunk, make([]uint32, f.groves[i].chunks.len()))
	}
	return s
}

// of returns the signature of a tree; of any other object, 0.
func (s *signatures) of(tree pack.Num) uint32 {
	if tree == NoCommit {
		return 0
	}
	sig, _ := s.child(uint32(tree), 0)
	return sig
}

// child returns the signature of a child; false if it is not known because it is in a cycle, or too
// deep to look at.
func (s *signatures) child(child uint32, nesting int) (uint32, bool) {
	if int(child) >= len(s.at) || s.at[child] == noTree {
		return 0, true
	}
	g, list := s.forest.list(s.at[child])
	if list == 0 {
		return 0, true
	}
	if nesting > maxNesting {
		return 0, false
	}
	switch made := s.ofList[g][list]; made {
	case busy:
		return 0, false
	case 0:
		s.ofList[g][list] = busy
		sig := s.make(listRef{g, list}, nesting)
		s.ofList[g][list] = sig + 1
		return sig, true
	default:
		return made - 1, true
	}
}

// make makes the signature of a list, chunk by chunk if possible.
func (s *signatures) make(l listRef, nesting int) uint32 {
	from := len(s.list)
	defer func() { s.list = s.list[:from] }()
	var size extent
	for _, c := range s.groves[l.grove].list.get(l.list) {
		made := s.ofChunk[l.grove][c]
		if made == 0 {
			made = s.translate(l.grove, c, nesting)
			s.ofChunk[l.grove][c] = made
		}
		if made == unfit {
			return s.makeSlowly(l, nesting)
		}
		if made > 1 {
			s.list = append(s.list, made-1)
			size.add(s.chunkSize[made-1])
		}
	}
	if size.tooMuch() {
		return s.makeSlowly(l, nesting)
	}
	return s.intern(s.list[from:], size)
}

func (s *signatures) intern(list []uint32, size extent) uint32 {
	sig := s.lists.add(list)
	if int(sig) == len(s.size) {
		s.size = append(s.size, size)
	}
	return sig
}

// translate makes a chunk of a signature out of one of a grove, and returns 1 more than its number.
func (s *signatures) translate(grove int, chunk uint32, nesting int) uint32 {
	from := len(s.entries)
	defer func() { s.entries = s.entries[:from] }()
	var size extent
	for _, e := range s.groves[grove].chunks.get(chunk) {
		t, below, ok := s.entry(e, nesting)
		if !ok {
			return unfit
		}
		if t.value() == 0 {
			continue
		}
		if last := len(s.entries) - 1; last >= from && s.entries[last].key() == t.key() {
			return unfit // a name that stands for several things takes more care
		}
		s.entries = append(s.entries, t)
		size.add(below)
	}
	if size.tooMuch() {
		return unfit
	}
	c := s.chunks.add(s.entries[from:])
	if int(c) == len(s.chunkSize) {
		s.chunkSize = append(s.chunkSize, size)
	}
	return c + 1
}

// entry translates an entry. Its value is 0 if nothing is there.
func (s *signatures) entry(e entry, nesting int) (entry, extent, bool) {
	name := s.names[e.name()]
	if !e.dir() {
		label := s.labelOf(s.q, e.value())
		return makeEntry(e.name(), false, label), extent{1, uint64(len(name)), 1}, true
	}
	sig, ok := s.child(e.value(), nesting+1)
	return makeEntry(e.name(), true, sig), s.size[sig].below(name), ok
}

// makeSlowly makes the signature of a list entry by entry. It leaves out what is too much.
func (s *signatures) makeSlowly(l listRef, nesting int) uint32 {
	var entries []entry
	var size extent
	for e := range s.groves[l.grove].entries(l.list) {
		t, below, ok := s.entry(e, nesting)
		if ok && t.value() == 0 {
			continue
		}
		sum := size
		sum.add(below)
		if !ok || sum.tooMuch() {
			if s.cut[l] == nil {
				s.cut[l] = map[entry]bool{}
			}
			s.cut[l][e] = true
			continue
		}
		size = sum
		entries = append(entries, t)
	}
	return s.internEntries(s.unite(entries), size)
}

func (s *signatures) internEntries(entries []entry, size extent) uint32 {
	var list []uint32
	list = chunked(entries, list, &s.chunks)
	for len(s.chunkSize) < s.chunks.len() {
		s.chunkSize = append(s.chunkSize, extent{})
	}
	for _, c := range list {
		s.chunkSize[c] = s.measure(s.chunks.get(c))
	}
	return s.intern(list, size)
}

func (s *signatures) measure(entries []entry) extent {
	var size extent
	for _, e := range entries {
		below := extent{1, uint64(len(s.names[e.name()])), 1}
		if e.dir() {
			below = s.size[e.value()].below(s.names[e.name()])
		}
		size.add(below)
	}
	return size
}

// unite makes one entry of those for trees of the same name, and drops duplicates.
func (s *signatures) unite(entries []entry) []entry {
	slices.Sort(entries)
	entries = slices.Compact(entries)
	out := entries[:0]
	for _, e := range entries {
		if last := len(out) - 1; last >= 0 && e.dir() && out[last].key() == e.key() {
			out[last] = makeEntry(e.name(), true, s.merge(out[last].value(), e.value()))
			continue
		}
		out = append(out, e)
	}
	return out
}

// merge returns the signature of what either of two holds.
func (s *signatures) merge(a, b uint32) uint32 {
	if a == b {
		return a
	}
	k := [2]uint32{min(a, b), max(a, b)}
	if sig, ok := s.merged[k]; ok {
		return sig
	}
	var entries []entry
	for _, sig := range k {
		for _, c := range s.lists.get(sig) {
			entries = append(entries, s.chunks.get(c)...)
		}
	}
	entries = s.unite(entries)
	sig := s.internEntries(entries, s.measure(entries))
	s.merged[k] = sig
	return sig
}

// entries goes through a list of entries.
func (g *grove) entries(list uint32) func(yield func(entry) bool) {
	return func(yield func(entry) bool) {
		for _, c := range g.list.get(list) {
			for _, e := range g.chunks.get(c) {
				if !yield(e) {
					return
				}
			}
		}
	}
}

// find calls do with the values of all entries of a list with the key.
func (g *grove) find(list, key uint32, do func(value uint32)) {
	// Entries of one key are in one chunk, and it is the first that does not end before them.
	chunks := g.list.get(list)
	i, _ := slices.BinarySearchFunc(chunks, key, func(c, key uint32) int {
		entries := g.chunks.get(c)
		return cmp.Compare(entries[len(entries)-1].key(), key)
	})
	if i == len(chunks) {
		return
	}
	entries := g.chunks.get(chunks[i])
	j, _ := slices.BinarySearchFunc(entries, key, func(e entry, key uint32) int { return cmp.Compare(e.key(), key) })
	for ; j < len(entries) && entries[j].key() == key; j++ {
		do(entries[j].value())
	}
}
