package index

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/straykey/straykey/source/repo"
)

// The index file (gitformat-index(5)): a header "DIRC", version, number of entries; the entries,
// sorted by path and stage; extensions, each a signature, a size and that many bytes; a checksum of it all,
// which is zero if index.skipHash is set. Numbers are big-endian.

const (
	headerLen = 12
	statLen   = 40 // times, device, inode, mode, uid, gid, size: 4 bytes each, times have two
	modeAt    = 24 // of the mode in the above

	flagExtended   = 0x4000 // version 3 and up: 16 more flags follow
	flagStage      = 0x3000
	stageShift     = 12
	flagNameLen    = 0x0fff // length of the path, or all ones for that and longer
	flagIntentAdd  = 0x2000 // of the extended flags
	extensionFixed = 8      // signature and size
)

// maxRatio bounds the size of the paths of a version 4 index, as a multiple of the file's: an entry takes over
// the path before it, so a small hostile file could make paths of unlimited length.
const maxRatio = 16

// errNeedsGit says that the index has parts that only the git program reads.
type errNeedsGit string

func (e errNeedsGit) Error() string { return string(e) }

var errTruncated = errors.New("is cut short")

// entry is one path of the index. Its slices are part of the file's bytes.
type entry struct {
	path      []byte
	id        []byte
	mode      uint32
	stage     uint8
	intentAdd bool // git add -N: a path without content yet
}

// file is a parsed index.
type file struct {
	entries []entry
	tree    *cacheTree // nil: none, or not usable
}

// cacheTree says what tree object a directory of the index would become, as far as known.
type cacheTree struct {
	name     []byte
	entries  int    // number of index entries below; -1: not known
	id       []byte // if entries ≥ 0
	children []*cacheTree
}

// child returns the cache tree of a sub-directory, or nil.
func (t *cacheTree) child(name []byte) *cacheTree {
	if t == nil {
		return nil
	}
	i, ok := slices.BinarySearchFunc(t.children, name, func(c *cacheTree, name []byte) int { return bytes.Compare(c.name, name) })
	if !ok {
		return nil
	}
	return t.children[i]
}

// parse reads an index. The result refers to data.
func parse(data []byte, hashLen int) (*file, error) {
	if len(data) < headerLen+hashLen || string(data[:4]) != "DIRC" {
		return nil, errors.New("is not a git index")
	}
	version, count := binary.BigEndian.Uint32(data[4:]), int(binary.BigEndian.Uint32(data[8:]))
	if version < 2 || version > 4 {
		return nil, fmt.Errorf("has version %d: this program reads 2, 3 and 4", version)
	}
	if err := verify(data, hashLen); err != nil {
		return nil, err
	}
	body := data[:len(data)-hashLen]
	p := parser{data: body, pos: headerLen, hashLen: hashLen, version: int(version), maxPaths: maxRatio * len(data)}
	f := &file{}
	var err error
	if f.entries, err = p.entries(count); err != nil {
		return nil, err
	}
	if f.tree, err = p.extensions(); err != nil {
		return nil, err
	}
	// Only now: a split index has entries without paths.
	if err := inOrder(f.entries); err != nil {
		return nil, err
	}
	return f, nil
}

// verify checks the checksum, unless it is all zero.
func verify(data []byte, hashLen int) error {
	body, want := data[:len(data)-hashLen], data[len(data)-hashLen:]
	if bytes.Count(want, []byte{0}) == len(want) {
		return nil
	}
	var got []byte
	if hashLen == sha256.Size {
		sum := sha256.Sum256(body)
		got = sum[:]
	} else {
		sum := sha1.Sum(body)
		got = sum[:]
	}
	if !bytes.Equal(got, want) {
		return errors.New("does not have its checksum: it is damaged")
	}
	return nil
}

type parser struct {
	data     []byte
	pos      int
	hashLen  int
	version  int
	paths    []byte // of version 4
	maxPaths int
}

func (p *parser) entries(count int) ([]entry, error) {
	// count is not to be trusted with an allocation.
	if smallest := statLen + p.hashLen + 3; count < 0 || count > len(p.data)/smallest {
		return nil, errTruncated
	}
	entries := make([]entry, count)
	if p.version == 4 {
		p.paths = make([]byte, 0, len(p.data)) // usually enough
	}
	for i := range entries {
		var before *entry
		if i > 0 {
			before = &entries[i-1]
		}
		if err := p.entry(&entries[i], before); err != nil {
			return nil, fmt.Errorf("entry %d: %w", i, err)
		}
	}
	return entries, nil
}

func (p *parser) entry(e, before *entry) error {
	d := p.data[p.pos:]
	fixed := statLen + p.hashLen + 2
	if len(d) < fixed {
		return errTruncated
	}
	e.mode = binary.BigEndian.Uint32(d[modeAt:])
	e.id = d[statLen : statLen+p.hashLen : statLen+p.hashLen]
	flags := binary.BigEndian.Uint16(d[statLen+p.hashLen:])
	e.stage = uint8(flags & flagStage >> stageShift)
	if p.version >= 3 && flags&flagExtended != 0 {
		if len(d) < fixed+2 {
			return errTruncated
		}
		e.intentAdd = binary.BigEndian.Uint16(d[fixed:])&flagIntentAdd != 0
		fixed += 2
	}
	if p.version == 4 {
		return p.compressedPath(e, before, d[fixed:], fixed)
	}
	return p.path(e, d, fixed, int(flags&flagNameLen))
}

// path reads the path of a version 2 or 3 entry d, padded with 1 to 8 NUL to a multiple of 8 bytes. length
// saves the search for the end.
func (p *parser) path(e *entry, d []byte, fixed, length int) error {
	if length == flagNameLen {
		length = bytes.IndexByte(d[fixed:], 0)
		if length < 0 {
			return errTruncated
		}
	}
	size := (fixed + length + 8) &^ 7
	if len(d) < size {
		return errTruncated
	}
	e.path = d[fixed : fixed+length : fixed+length]
	if d[fixed+length] != 0 || bytes.IndexByte(e.path, 0) >= 0 {
		return errors.New("its path has not the length it says")
	}
	p.pos += size
	return nil
}

// compressedPath reads the path of a version 4 entry: how many bytes to cut from the end of the path
// before it, and what to add instead, ended by NUL.
func (p *parser) compressedPath(e, before *entry, d []byte, fixed int) error {
	cut, n := varint(d)
	var last []byte
	if before != nil {
		last = before.path
	}
	if n == 0 || cut > uint64(len(last)) {
		return errors.New("its path cuts more than there is")
	}
	length := bytes.IndexByte(d[n:], 0)
	if length < 0 {
		return errTruncated
	}
	last = last[:len(last)-int(cut)]
	if len(p.paths)+len(last)+length > p.maxPaths {
		return errors.New("its paths are too long")
	}
	start := len(p.paths)
	// When paths grows, the earlier entries keep their part of the old array.
	p.paths = append(append(p.paths, last...), d[n:n+length]...)
	e.path = p.paths[start:len(p.paths):len(p.paths)]
	p.pos += fixed + n + length + 1
	return nil
}

// varint reads the variable length numbers of packs: 7 bits a byte, most significant first, and one is
// added for each continuation. n is 0 if there is none or it is absurdly large.
func varint(d []byte) (v uint64, n int) {
	for i, b := range d[:min(len(d), 8)] {
		v |= uint64(b & 0x7f)
		if b&0x80 == 0 {
			return v, i + 1
		}
		v = (v + 1) << 7
	}
	return 0, 0
}

// inOrder checks that entries have paths and are sorted by path and stage; comparing trees relies on it.
func inOrder(entries []entry) error {
	before := &entry{}
	for i := range entries {
		e := &entries[i]
		c := bytes.Compare(before.path, e.path)
		if c > 0 || c == 0 && (before.stage == 0 || before.stage >= e.stage) {
			return fmt.Errorf("entry %d is not in order", i)
		}
		before = e
	}
	return nil
}

// extensions reads what follows the entries. An extension whose signature starts with an upper-case
// letter may be passed over.
func (p *parser) extensions() (*cacheTree, error) {
	var tree *cacheTree
	for d := p.data[p.pos:]; len(d) > 0; {
		if len(d) < extensionFixed {
			return nil, errTruncated
		}
		name, size := string(d[:4]), uint64(binary.BigEndian.Uint32(d[4:]))
		if uint64(len(d)-extensionFixed) < size {
			return nil, errTruncated
		}
		content := d[extensionFixed : extensionFixed+size]
		d = d[extensionFixed+size:]
		switch {
		case name == "TREE":
			tree = parseCacheTree(content, p.hashLen)
		case name == "link":
			return nil, errNeedsGit("split index")
		case name == "sdir":
			return nil, errNeedsGit("sparse index")
		case name[0] < 'A' || name[0] > 'Z':
			return nil, fmt.Errorf("has the extension %q, which this program does not know: git update-index --index-version 2 may help", name)
		}
	}
	return tree, nil
}

// parseCacheTree reads the TREE extension: for each directory, top first, its name and NUL, "<number of
// entries> <number of sub-directories>\n", and the tree's id unless the first number is negative. It
// only saves work, so one that makes no sense counts as none.
func parseCacheTree(d []byte, hashLen int) *cacheTree {
	t, rest := parseCacheNode(d, hashLen, 0)
	if len(rest) > 0 {
		return nil
	}
	return t
}

func parseCacheNode(d []byte, hashLen, depth int) (*cacheTree, []byte) {
	name, d, ok1 := bytes.Cut(d, []byte{0})
	line, d, ok2 := bytes.Cut(d, []byte("\n"))
	count, subs, ok3 := bytes.Cut(line, []byte(" "))
	entries, err1 := strconv.Atoi(string(count))
	children, err2 := strconv.Atoi(string(subs))
	if !ok1 || !ok2 || !ok3 || err1 != nil || err2 != nil || depth > repo.MaxDepth {
		return nil, d
	}
	t := &cacheTree{name: name, entries: entries}
	if entries >= 0 {
		if len(d) < hashLen {
			return nil, d
		}
		t.id, d = d[:hashLen:hashLen], d[hashLen:]
	}
	for range children {
		var c *cacheTree
		if c, d = parseCacheNode(d, hashLen, depth+1); c == nil {
			return nil, d
		}
		t.children = append(t.children, c)
	}
	slices.SortFunc(t.children, func(a, b *cacheTree) int { return bytes.Compare(a.name, b.name) })
	return t, d
}
