package pack

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/straykey/straykey/source"
)

// DefaultMaxObject is the size of the largest object read when Options.MaxObject is 0.
const DefaultMaxObject = 128 << 20

// maxObjects is how many objects a store can hold: numbers above are taken for other uses.
const maxObjects = 1<<31 - 2

// Options says how a store is opened.
type Options struct {
	HashLen   int   // length of an id in bytes: 20 (SHA-1, also when 0) or 32 (SHA-256)
	MaxObject int64 // objects larger than this many bytes are not read; 0 means DefaultMaxObject

	Alternates []string // objects directories besides those that the directory itself borrows from
}

// Store is all objects of a repository: its packs, loose objects, and those of its alternates. It is
// safe for concurrent use until Close.
type Store struct {
	hashLen   int
	maxObject int64
	dirs      []string // objects directories: the repository's own, then alternates
	packs     []*packFile
	loose     looseList
	problems  []source.Problem
	unmaps    []func() error

	ids    []byte     // all ids in order; a view of the mapped index when there is only one
	locs   []location // by Num: the copy that is read first
	copies []copyOf   // further copies, sorted by Num
	fanout []uint32   // by the first 16 bits of an id: how many ids are below or there

	tableOnce sync.Once
	table     table
}

// packFile is a mapped pack with its index.
type packFile struct {
	path    string
	data    []byte
	end     uint64 // where the entries end and the trailer starts
	idx     *index
	suspect bool // the index may be of another pack
}

// needsProof reports whether an object built from the pack is to be compared with its id: nothing else would tell
// that it is damaged or not the one that the index means.
func (p *packFile) needsProof() bool { return p.suspect || p.idx.crcs == nil }

// location says where a copy of an object is: the number of the pack above, the offset in it below. For loose
// objects the pack is looseStore and the offset a position in Store.loose.
type location uint64

const (
	offsetBits = 48
	looseStore = 1<<(64-offsetBits) - 1
	maxPacks   = looseStore
)

func makeLocation(pack int, off uint64) location {
	return location(uint64(pack)<<offsetBits | off&(1<<offsetBits-1))
}

func (l location) pack() int      { return int(l >> offsetBits) }
func (l location) offset() uint64 { return uint64(l) & (1<<offsetBits - 1) }

// copyOf is one more copy of an object.
type copyOf struct {
	num Num
	loc location
}

// Open opens the objects directory of a repository (usually .git/objects). Packs, indexes and
// alternates that cannot be read are left out and told by Problems; an error is returned only when
// dir itself cannot be read or the options make no sense.
func Open(dir string, o Options) (*Store, error) {
	if o.HashLen == 0 {
		o.HashLen = 20
	}
	if o.MaxObject == 0 {
		o.MaxObject = DefaultMaxObject
	}
	if o.HashLen != 20 && o.HashLen != 32 {
		return nil, fmt.Errorf("open objects: ids of %d bytes: want 20 (SHA-1) or 32 (SHA-256)", o.HashLen)
	}
	if o.MaxObject < 0 {
		return nil, fmt.Errorf("open objects: size limit %d is negative", o.MaxObject)
	}
	o.MaxObject = min(o.MaxObject, math.MaxInt/(4*baseFactor)) // so that multiples of it are an int
	if _, err := os.ReadDir(dir); err != nil {
		return nil, fmt.Errorf("open objects: %w", err)
	}
	s := &Store{hashLen: o.HashLen, maxObject: o.MaxObject, loose: looseList{hashLen: o.HashLen}}
	s.dirs = s.alternates(dir, o.Alternates)
	for i, d := range s.dirs {
		s.openPacks(filepath.Join(d, "pack"))
		s.listLoose(i, d)
	}
	s.merge()
	return s, nil
}

// Close releases the mapped files. It must not be called while the store is in use; calling it twice does
// no harm. Data from Readers and Visitors is a copy and stays valid.
func (s *Store) Close() error {
	var errs []error
	for _, unmap := range s.unmaps {
		errs = append(errs, unmap())
	}
	*s = Store{hashLen: s.hashLen, maxObject: s.maxObject, fanout: make([]uint32, 1<<16)}
	return errors.Join(errs...)
}

// Len returns the number of distinct objects.
func (s *Store) Len() int { return len(s.locs) }

// HashLen returns the length of the store's object ids in bytes.
func (s *Store) HashLen() int { return s.hashLen }

// ID returns an object's id. n must be less than Len().
func (s *Store) ID(n Num) ID { return ID(s.id(n)) }

func (s *Store) id(n Num) []byte { return s.ids[int(n)*s.hashLen:][:s.hashLen:s.hashLen] }

// Find returns the object with the given id.
func (s *Store) Find(id ID) (Num, bool) {
	// Comparing strings with bytes needs no copy this way.
	lo, hi, ok := s.bucket(id)
	if !ok {
		return 0, false
	}
	for lo < hi {
		mid := (lo + hi) / 2
		switch got := s.id(mid); {
		case string(got) == string(id):
			return mid, true
		case string(got) < string(id):
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return 0, false
}

// FindBytes is Find for an id that is not a string yet, such as one in a tree; it allocates nothing.
func (s *Store) FindBytes(id []byte) (Num, bool) {
	if len(id) != s.hashLen {
		return 0, false
	}
	lo, hi := s.bucketOf(binary.BigEndian.Uint16(id))
	for lo < hi {
		mid := (lo + hi) / 2
		switch bytes.Compare(s.id(mid), id) {
		case 0:
			return mid, true
		case -1:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return 0, false
}

// bucket returns the range of objects whose ids start like id; ok is false when id has the wrong length.
func (s *Store) bucket(id ID) (lo, hi Num, ok bool) {
	if len(id) != s.hashLen {
		return 0, 0, false
	}
	lo, hi = s.bucketOf(uint16(id[0])<<8 | uint16(id[1]))
	return lo, hi, true
}

func (s *Store) bucketOf(first uint16) (lo, hi Num) {
	if first > 0 {
		lo = Num(s.fanout[first-1])
	}
	return lo, Num(s.fanout[first])
}

// FindPrefix returns all objects whose hexadecimal id starts with prefix, in order. An empty prefix
// or one with other characters finds nothing.
func (s *Store) FindPrefix(prefix string) []Num {
	if prefix == "" || len(prefix) > 2*s.hashLen {
		return nil
	}
	fill := func(c string) ([]byte, error) {
		return hex.DecodeString(prefix + strings.Repeat(c, 2*s.hashLen-len(prefix)))
	}
	low, err := fill("0")
	if err != nil {
		return nil
	}
	high, err := fill("f")
	if err != nil {
		return nil
	}
	first := sort.Search(s.Len(), func(i int) bool { return bytes.Compare(s.id(Num(i)), low) >= 0 })
	var out []Num
	for n := first; n < s.Len() && bytes.Compare(s.id(Num(n)), high) <= 0; n++ {
		out = append(out, Num(n))
	}
	return out
}

// Problems returns what was found wrong while opening. Trouble with single objects is told
// when they are read.
func (s *Store) Problems() []source.Problem { return slices.Clone(s.problems) }

func (s *Store) problem(r source.Reason, what string, err error) {
	s.problems = append(s.problems, source.Problem{Reason: r, What: what, Detail: err.Error()})
}

// fileProblem tells of a file or directory that could not be opened.
func (s *Store) fileProblem(path string, err error) {
	reason := source.Unreadable
	if errors.Is(err, os.ErrNotExist) {
		reason = source.Absent
	}
	s.problem(reason, path, err)
}

// openPacks opens all packs of a directory. A directory that does not exist has no packs.
func (s *Store) openPacks(dir string) {
	names, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	if err != nil {
		s.fileProblem(dir, err)
		return
	}
	has := map[string]bool{}
	for _, e := range names {
		has[e.Name()] = true
	}
	var multi *midx // read at the first pack that needs it
	for _, e := range names {
		base, isPack := strings.CutSuffix(e.Name(), ".pack")
		if !isPack {
			if base, isIdx := strings.CutSuffix(e.Name(), ".idx"); isIdx && !has[base+".pack"] {
				s.problem(source.Absent, filepath.Join(dir, base+".pack"), errors.New("there is an index, but no pack"))
			}
			continue
		}
		path := filepath.Join(dir, base)
		idx, err := s.mapIndex(path + ".idx")
		if err != nil {
			if multi == nil {
				multi = s.mapMidx(filepath.Join(dir, "multi-pack-index"))
			}
			var ok bool
			if idx, ok = multi.indexOf(base); !ok {
				s.indexProblem(path+".idx", err)
				continue
			}
		}
		s.openPack(path+".pack", idx)
	}
}

// indexProblem tells of an index that could not be used; its pack cannot be read then.
func (s *Store) indexProblem(path string, err error) {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		s.fileProblem(path, err)
		return
	}
	s.problem(source.Corrupt, path, err)
}

func (s *Store) mapIndex(path string) (*index, error) {
	data, unmap, err := mapFile(path)
	if err != nil {
		return nil, err
	}
	x, err := parseIndex(data, s.hashLen)
	if err != nil {
		return nil, errors.Join(err, unmap())
	}
	s.unmaps = append(s.unmaps, unmap)
	return x, nil
}

// mapMidx reads a multi-pack-index. Without one it returns an empty one.
func (s *Store) mapMidx(path string) *midx {
	data, unmap, err := mapFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return &midx{}
	}
	if err != nil {
		s.fileProblem(path, err)
		return &midx{}
	}
	s.unmaps = append(s.unmaps, unmap)
	m, err := parseMidx(data, s.hashLen)
	if err != nil {
		s.problem(source.Corrupt, path, err)
		return &midx{}
	}
	return m
}

// openPack maps a pack and compares it with its index. A pack that is cut short or does not fit its index is
// told, and used all the same: every object in it is checked when it is read.
func (s *Store) openPack(path string, idx *index) {
	if len(s.packs) == maxPacks {
		s.problem(source.Unreadable, path, fmt.Errorf("more than %d packs: run git repack", maxPacks))
		return
	}
	data, unmap, err := mapFile(path)
	if err != nil {
		s.fileProblem(path, err)
		return
	}
	s.unmaps = append(s.unmaps, unmap)
	p := &packFile{path: path, data: data, idx: idx}
	if len(data) < packHeaderLen+s.hashLen || string(data[:4]) != "PACK" {
		s.problem(source.Corrupt, path, errors.New("not a pack, or cut off in its header"))
		return
	}
	p.end = uint64(len(data) - s.hashLen)
	version, count := binary.BigEndian.Uint32(data[4:]), binary.BigEndian.Uint32(data[8:])
	switch {
	case version != 2 && version != 3:
		s.problem(source.Corrupt, path, fmt.Errorf("pack has version %d: only 2 and 3 are known", version))
		return
	case idx.packSum == nil: // an index made of a multi-pack-index has no checksum and may have fewer objects
		p.suspect = true
	case int(count) != idx.n || !bytes.Equal(data[p.end:], idx.packSum):
		p.suspect = true
		p.end = uint64(len(data)) // when the trailer was cut off, the last bytes may be an object's
		s.problem(source.Corrupt, path, errors.New("pack does not end as its index says: it is truncated, or the index is another's"))
	}
	s.packs = append(s.packs, p)
}
