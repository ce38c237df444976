package history

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/pack"
)

// A tree is remembered as a list of ops that make its entries out of those of its delta base. Most
// trees need three: copy, one new entry, copy. Entries that can never matter, such as files without
// findings, are only counted.
//
// What an entry names is a child: a number below Store.Len() is an object; the others are problems,
// such as an object that is absent.
type op struct {
	kind uint32 // and, for opBlob and opTree, the number of the name in the lower bits
	arg  uint32
}

const (
	opCopy uint32 = iota << 30 // entries kind&opName up to arg of the base
	opSkip                     // arg entries that do not matter
	opBlob                     // a labelled blob arg, or a problem
	opTree                     // a tree arg, or a problem

	opKind uint32 = 3 << 30
	opName uint32 = 1<<30 - 1
)

// treeRec is a tree as scanned. Its ops reach up to those of the next tree. The base is the last tree
// before it with a depth one smaller; at depth 0 there is none.
type treeRec struct {
	num   pack.Num
	ops   uint32
	depth uint16
}

// maxDepth bounds the chains of deltas that are followed: a tree deeper down is read as if it were
// stored whole. git makes chains of 50 and, on request, up to 4095.
const maxDepth = 500

// scanner visits trees for one worker. Trees are in the order of the walk: each directly after its base
// or after others derived from that base.
type scanner struct {
	store   *pack.Store
	hashLen int
	labels  map[pack.Num]uint32
	sieve   sieve
	repo    Repo

	trees []treeRec
	ops   []op
	names map[string]uint32
	// problems are what children from store.Len() on stand for; absent tells which one an absent id is.
	problems []source.Problem
	absent   map[pack.ID]uint32
	skipped  map[pack.Num]source.Problem // trees that could not be read

	chain []uint32 // the last tree at each depth, up to the current one's
	known []idPair // blobs seen lately that are in the store; by hash
	free  []*bounds
}

// bounds is where the entries of a tree start, and where the last one ends. It is the state of the walk.
type bounds struct {
	owner *scanner
	tree  uint32
	depth int
	at    []uint32 // never empty
}

type idPair [2]uint64

const knownLen = 1 << 15

func newScanner(r Repo, labels map[pack.Num]uint32, s sieve) *scanner {
	return &scanner{
		repo: r, store: r.Store, hashLen: r.Store.HashLen(), labels: labels, sieve: s,
		names: map[string]uint32{}, absent: map[pack.ID]uint32{}, skipped: map[pack.Num]source.Problem{},
		known: make([]idPair, knownLen),
	}
}

// Visit takes note of a tree.
func (s *scanner) Visit(o pack.Object, base *bounds) *bounds {
	b := s.take()
	b.depth = 0
	if base != nil && base.owner == s && base.depth < min(maxDepth, len(s.chain)) && s.chain[base.depth] == base.tree {
		b.depth = base.depth + 1
	} else {
		base = nil
	}
	s.chain = append(s.chain[:b.depth], b.tree)
	s.trees = append(s.trees, treeRec{o.Num, uint32(len(s.ops)), uint16(b.depth)})
	var ok bool
	if base == nil {
		_, ok = s.fresh(o.Data, 0, len(o.Data), b)
	} else {
		ok = s.derive(o, base.at, b)
	}
	if !ok {
		p := s.problem(treeProblem(s.store.ID(o.Num), errMalformed))
		s.ops = append(s.ops, op{opTree | s.name(nil), p})
	}
	return b
}

// Done takes back the state of a tree that is no base of others any more.
func (s *scanner) Done(b *bounds) { s.free = append(s.free, b) }

// Skip takes note of a tree that cannot be read.
func (s *scanner) Skip(n pack.Num, t pack.Type, p source.Problem) { s.skipped[n] = p }

func (s *scanner) take() *bounds {
	b := new(bounds)
	if n := len(s.free); n > 0 {
		b, s.free = s.free[n-1], s.free[:n-1]
	}
	b.owner, b.tree, b.at = s, uint32(len(s.trees)), append(b.at[:0], 0)
	return b
}

// derive takes note of the entries of a tree that has a base with entries at the positions base. An
// entry that lies in one run and starts where one of the base's starts is that one: what an entry
// is follows from its own bytes. So only entries that touch the edges of runs are parsed.
func (s *scanner) derive(o pack.Object, base []uint32, b *bounds) bool {
	pos := 0
	for _, r := range o.Runs {
		var ok bool
		if pos, ok = s.fresh(o.Data, pos, r.Target, b); !ok {
			return false
		}
		for end := r.Target + r.Len; pos < end; {
			from := r.Base + pos - r.Target
			i, ok := slices.BinarySearch(base, uint32(from))
			if ok {
				j := lastBound(base, i, r.Base+r.Len)
				s.copy(base, i, j, pos, b)
				pos += int(base[j]) - from
			}
			if pos >= end {
				break
			}
			if pos, ok = s.fresh(o.Data, pos, pos+1, b); !ok {
				return false
			}
		}
	}
	_, ok := s.fresh(o.Data, pos, len(o.Data), b)
	return ok
}

// lastBound returns the last j, from i on, with base[j] <= end. It tries the end first: most runs go far.
func lastBound(base []uint32, i, end int) int {
	if last := len(base) - 1; int(base[last]) <= end {
		return last
	}
	j, ok := slices.BinarySearch(base[i:], uint32(end))
	if !ok {
		j--
	}
	return i + j
}

// copy takes over entries i up to j of the base, the first of which is at pos now.
func (s *scanner) copy(base []uint32, i, j, pos int, b *bounds) {
	if i == j {
		return
	}
	n := len(b.at) - 1
	b.at = slices.Grow(b.at, j-i)[:n+1+j-i]
	to, from := b.at[n:], base[i:j+1]
	shift := uint32(pos) - base[i]
	for k := range to {
		to[k] = from[k] + shift
	}
	if last := len(s.ops) - 1; s.inTree(last) && s.ops[last].kind&opKind == opCopy && s.ops[last].arg == uint32(i) {
		s.ops[last].arg = uint32(j)
		return
	}
	s.ops = append(s.ops, op{opCopy | uint32(i), uint32(j)})
}

// fresh parses entries from pos until one ends at end or behind it. It returns where that is, and false
// at a malformed entry.
func (s *scanner) fresh(data []byte, pos, end int, b *bounds) (int, bool) {
	for pos < end {
		e, ok := parseEntry(data[pos:], s.hashLen)
		if !ok {
			return pos, false
		}
		s.entry(e)
		pos += e.size
		b.at = append(b.at, uint32(pos))
	}
	return pos, true
}

// inTree reports whether an op is of the current tree.
func (s *scanner) inTree(i int) bool { return i >= int(s.trees[len(s.trees)-1].ops) }

// entry takes note of a new entry.
func (s *scanner) entry(e treeEntry) {
	child, kind := noChild, opTree
	switch {
	case e.mode&pack.ModeKind == pack.ModeDir:
		child = s.child(e.id)
	case pack.IsBlobMode(e.mode):
		child, kind = s.blob(e.id), opBlob
	}
	if child != noChild {
		s.ops = append(s.ops, op{kind | s.name(e.name), child})
		return
	}
	if last := len(s.ops) - 1; s.inTree(last) && s.ops[last].kind == opSkip {
		s.ops[last].arg++
		return
	}
	s.ops = append(s.ops, op{opSkip, 1})
}

// noChild stands for a child that does not matter.
const noChild = ^uint32(0)

// blob returns the child of an entry for a blob.
func (s *scanner) blob(id []byte) uint32 {
	if s.sieve.has(id) {
		if n, ok := s.store.FindBytes(id); ok && s.labels[n] != 0 {
			return uint32(n)
		}
	}
	if s.present(id) {
		return noChild
	}
	return s.child(id)
}

// present reports whether a blob is in the store. Most have been asked for before.
func (s *scanner) present(id []byte) bool {
	k := idPair{binary.NativeEndian.Uint64(id), binary.NativeEndian.Uint64(id[8:])}
	at := &s.known[k[0]%knownLen]
	if *at == k {
		return true
	}
	if _, ok := s.store.FindBytes(id); !ok {
		return false
	}
	*at = k
	return true
}

// child returns the number of an object, or that of the problem that it is absent. What a partial
// clone has left out is only noted: it may be most of the repository.
func (s *scanner) child(id []byte) uint32 {
	if n, ok := s.store.FindBytes(id); ok {
		return uint32(n)
	}
	c, ok := s.absent[pack.ID(id)]
	if !ok {
		c = s.problem(absentObject(s.repo, pack.ID(id), ""))
		if s.repo.Promisor {
			c = noChild
		}
		s.absent[pack.ID(id)] = c
	}
	return c
}

func (s *scanner) problem(p source.Problem) uint32 {
	s.problems = append(s.problems, p)
	return uint32(s.store.Len() + len(s.problems) - 1)
}

// name returns the number of a name, for this scanner.
func (s *scanner) name(b []byte) uint32 {
	n, ok := s.names[string(b)]
	if !ok {
		n = uint32(len(s.names))
		s.names[string(b)] = n
	}
	return n
}

// treeEntry is one entry of a tree; name and id are parts of the tree's data.
type treeEntry struct {
	mode     uint32
	name, id []byte
	size     int
}

// parseEntry parses the first entry of data: an octal mode, a space, a name, NUL and the raw id. A name with a
// slash is malformed, as it is for git.
func parseEntry(data []byte, hashLen int) (treeEntry, bool) {
	var e treeEntry
	i := 0
	for ; i < len(data) && data[i] != ' '; i++ {
		c := data[i]
		if c < '0' || c > '7' || i > 6 {
			return e, false
		}
		e.mode = e.mode<<3 | uint32(c-'0')
	}
	if i == 0 || i == len(data) {
		return e, false
	}
	rest := data[i+1:]
	n := bytes.IndexByte(rest, 0)
	if n <= 0 || len(rest) < n+1+hashLen || bytes.IndexByte(rest[:n], '/') >= 0 {
		return e, false
	}
	e.name, e.id, e.size = rest[:n], rest[n+1:n+1+hashLen], i+1+n+1+hashLen
	return e, true
}

// sieve tells most ids that are not in a set from those that are.
type sieve struct {
	bits  []uint64
	shift int
}

// newSieve makes a sieve that lets a few in a hundred wrong ids through.
func newSieve(store *pack.Store, labels map[pack.Num]uint32) sieve {
	shift := 64 - 16
	for 1<<(64-shift) < 32*len(labels) {
		shift--
	}
	s := sieve{make([]uint64, 1<<(64-shift)/64), shift}
	for n := range labels {
		h := s.hash([]byte(store.ID(n)))
		s.bits[h/64] |= 1 << (h % 64)
	}
	return s
}

func (s sieve) hash(id []byte) uint64 { return binary.BigEndian.Uint64(id) >> s.shift }

func (s sieve) has(id []byte) bool {
	h := s.hash(id)
	return s.bits[h/64]>>(h%64)&1 != 0
}
