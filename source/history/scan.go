package history

import (
	"bytes"
	"encoding/binary"

	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/pack"
)

// A tree is remembered by what makes its entries out of those of its delta base: a list of ops, most
// often to copy some, to take a new one, to copy the rest. Entries are known by the position of their
// first byte. New entries that can never matter, such as files without findings, are skipped.
//
// An op is an unsigned varint: a number of bytes of the tree, times 4, plus one of these. Varints are
// those of encoding/binary.
const (
	// opCopy takes the entries in as many bytes of the base. A signed varint follows: where in the base
	// they start, less where the previous opCopy of the tree ended.
	opCopy = iota
	opSkip // entries that do not matter
	opNew  // one entry, the next of those in scanner.fresh
)

// freshEntry is an entry that a tree does not have from its base.
//
// What an entry names is a child: a number below Store.Len() is an object; the others are problems,
// such as an object that is absent.
type freshEntry struct {
	name  uint32
	dir   bool
	child uint32
}

// noChild stands for a child that does not matter.
const noChild = ^uint32(0)

// treeRec is a tree as scanned. Its ops and fresh entries reach up to those of the next tree. The base
// is the last tree before it with a depth one smaller; at depth 0 there is none.
type treeRec struct {
	num   pack.Num
	ops   uint32
	fresh uint32
	depth uint16
}

// maxDepth bounds the chains of deltas that are followed: a tree deeper down is read as if it were
// stored whole. git makes chains of 50 and, on request, up to 4095.
const maxDepth = 500

// scanner visits trees for one worker. Trees are in the order of the walk: each directly after its base
// or after others derived from that base.
type scanner struct {
	repo    Repo
	store   *pack.Store
	hashLen int
	q       *Query
	missing map[pack.ID]bool // blobs that are known to be absent; nil: look for them
	sieve   sieve            // has what has a label or is missing

	trees []treeRec
	ops   []byte
	fresh []freshEntry
	names map[string]uint32
	named map[string]bool // answers of Query.Named
	// problems are what children from store.Len() on stand for; absent tells which one an absent id is.
	problems []source.Problem
	absent   map[pack.ID]uint32
	lost     map[pack.ID]bool            // blobs found to be absent
	skipped  map[pack.Num]source.Problem // trees that could not be read

	op    uint64    // kind of the op that is being made
	size  int       // bytes of it
	from  int       // of opCopy
	ended int       // where in the base the last opCopy ended
	chain []uint32  // the last tree at each depth, up to the current one's
	free  []*bounds // for reuse
	asked questions
}

// bounds is the state of the walk: where the entries of a tree start, and where the last one ends.
type bounds struct {
	owner *scanner
	tree  uint32
	depth int
	at    bitmap // a bit for each byte
}

func newScanner(r Repo, q *Query, missing map[pack.ID]bool, s sieve) *scanner {
	return &scanner{
		repo: r, store: r.Store, hashLen: r.Store.HashLen(), q: q, missing: missing, sieve: s,
		names: map[string]uint32{}, named: map[string]bool{}, absent: map[pack.ID]uint32{}, lost: map[pack.ID]bool{}, skipped: map[pack.Num]source.Problem{},
	}
}

// Visit takes note of a tree.
func (s *scanner) Visit(o pack.Object, base *bounds) *bounds {
	b := s.take(len(o.Data))
	b.depth = 0
	if base != nil && base.owner == s && base.depth < min(maxDepth, len(s.chain)) && s.chain[base.depth] == base.tree {
		b.depth = base.depth + 1
	} else {
		base = nil
	}
	s.chain = append(s.chain[:b.depth], b.tree)
	s.trees = append(s.trees, treeRec{o.Num, uint32(len(s.ops)), uint32(len(s.fresh)), uint16(b.depth)})
	s.op, s.size, s.ended = opSkip, 0, 0
	var ok bool
	if base == nil {
		_, ok = s.parse(o.Data, 0, len(o.Data), b)
	} else {
		ok = s.derive(o, base.at, b)
	}
	if !ok {
		s.flush()
		s.add(opNew, 0)
		s.fresh = append(s.fresh, freshEntry{s.name(nil), true, s.problem(treeProblem(s.store.ID(o.Num), errMalformed))})
	}
	s.flush()
	return b
}

// Done takes back the state of a tree that is no base of others any more.
func (s *scanner) Done(b *bounds) { s.free = append(s.free, b) }

// Skip takes note of a tree that cannot be read.
func (s *scanner) Skip(n pack.Num, _ pack.Type, p source.Problem) { s.skipped[n] = p }

// take returns the state for a tree of some size.
func (s *scanner) take(size int) *bounds {
	b := new(bounds)
	if n := len(s.free); n > 0 {
		b, s.free = s.free[n-1], s.free[:n-1]
	}
	b.owner, b.tree, b.at = s, uint32(len(s.trees)), b.at.empty(size+1)
	b.at.set(0)
	return b
}

// derive takes note of the entries of a tree that has a base with entries at the positions base. Entries
// that lie in one run, the first starting where one of the base's starts, are those of the base: what
// an entry is follows from its own bytes. So only entries that touch the edges of runs are parsed.
func (s *scanner) derive(o pack.Object, base bitmap, b *bounds) bool {
	pos, ok := 0, false
	for _, r := range o.Runs {
		if pos, ok = s.parse(o.Data, pos, r.Target, b); !ok {
			return false
		}
		for end := r.Target + r.Len; pos < end; {
			from := r.Base + pos - r.Target
			if base.has(from) {
				n := base.last(r.Base+r.Len) - from
				b.at.copy(pos, base, from, n)
				s.copy(from, n)
				pos += n
			}
			if pos >= end {
				break
			}
			if pos, ok = s.parse(o.Data, pos, pos+1, b); !ok {
				return false
			}
		}
	}
	_, ok = s.parse(o.Data, pos, len(o.Data), b)
	return ok
}

// parse parses entries from pos until one ends at end or behind it. It returns where that is, and false
// at a malformed entry.
func (s *scanner) parse(data []byte, pos, end int, b *bounds) (int, bool) {
	for pos < end {
		e, ok := parseEntry(data[pos:], s.hashLen)
		if !ok {
			return pos, false
		}
		s.entry(e)
		pos += e.size
		b.at.set(pos)
	}
	return pos, true
}

// entry takes note of a new entry.
func (s *scanner) entry(e treeEntry) {
	dir := e.mode&pack.ModeKind == pack.ModeDir
	child := noChild
	if !dir {
		if pack.IsBlobMode(e.mode) {
			if child = s.blob(e.id); child == noChild && s.q.Named != nil && s.isNamed(e.name) {
				if n, ok := s.store.FindBytes(e.id); ok {
					child = uint32(n)
				}
			}
		}
		if child == noChild {
			s.add(opSkip, e.size)
			return
		}
	}
	s.flush()
	s.add(opNew, e.size)
	switch {
	case bytes.IndexByte(e.name, '/') >= 0:
		child = s.problem(treeProblem(pack.ID(e.id), errSlash))
	case dir:
		s.ask(e.id, uint32(len(s.fresh)))
	}
	s.fresh = append(s.fresh, freshEntry{s.name(e.name), dir, child})
}

// copy takes over the entries in n bytes of the base.
func (s *scanner) copy(from, n int) {
	if n == 0 {
		return
	}
	if s.op != opCopy || s.from+s.size != from {
		s.flush()
		s.from = from
	}
	s.add(opCopy, n)
}

// add makes the current op longer if it is of this kind, and else starts a new one.
func (s *scanner) add(kind uint64, size int) {
	if s.op != kind {
		s.flush()
		s.op = kind
	}
	s.size += size
}

// flush ends the current op.
func (s *scanner) flush() {
	if s.size == 0 && s.op != opNew {
		return
	}
	s.ops = binary.AppendUvarint(s.ops, uint64(s.size)<<2|s.op)
	if s.op == opCopy {
		s.ops = binary.AppendVarint(s.ops, int64(s.from-s.ended))
		s.ended = s.from + s.size
	}
	s.op, s.size = opSkip, 0
}

// blob returns the child of an entry for a blob.
func (s *scanner) blob(id []byte) uint32 {
	if s.sieve.has(id) {
		if n, ok := s.store.FindBytes(id); ok && s.q.Labels[n] != 0 {
			return uint32(n)
		}
		if s.missing[pack.ID(id)] {
			return s.absentChild(id)
		}
	}
	if s.missing == nil {
		s.askOnce(id)
	}
	return noChild
}

// isNamed reports whether files of this name may have findings whatever they hold.
func (s *scanner) isNamed(name []byte) bool {
	is, ok := s.named[string(name)]
	if !ok {
		is = s.q.Named(string(name))
		s.named[string(name)] = is
	}
	return is
}

// absentChild returns the child of an id that is not in the store.
func (s *scanner) absentChild(id []byte) uint32 {
	c, ok := s.absent[pack.ID(id)]
	if !ok {
		c = s.problem(absentObject(s.repo, pack.ID(id), ""))
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

// parseEntry parses the first entry of data: an octal mode, a space, a name, NUL and the raw id.
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
	if n <= 0 || len(rest) < n+1+hashLen {
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

// newSieve makes a sieve that lets few of the wrong ids through.
func newSieve(store *pack.Store, labels map[pack.Num]uint32, missing map[pack.ID]bool) sieve {
	shift := 64 - 16
	for 1<<(64-shift) < 16*(len(labels)+len(missing)) {
		shift--
	}
	s := sieve{make([]uint64, 1<<(64-shift)/64), shift}
	add := func(id pack.ID) {
		for i := range 2 {
			h := binary.BigEndian.Uint64([]byte(id[8*i:])) >> s.shift
			s.bits[h/64] |= 1 << (h % 64)
		}
	}
	for n := range labels {
		add(store.ID(n))
	}
	for id := range missing {
		add(id)
	}
	return s
}

func (s sieve) has(id []byte) bool {
	h := binary.BigEndian.Uint64(id) >> s.shift
	if s.bits[h/64]>>(h%64)&1 == 0 {
		return false
	}
	h = binary.BigEndian.Uint64(id[8:]) >> s.shift
	return s.bits[h/64]>>(h%64)&1 != 0
}
