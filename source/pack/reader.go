package pack

import (
	"bufio"
	"bytes"
	"cmp"
	"container/list"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strconv"

	"github.com/straykey/straykey/delta"
)

const (
	// baseFactor is how many times larger than the limit an object may be that is only needed as a base.
	baseFactor = 16
	// readerCache is the size of a Reader's cache in bytes.
	readerCache = 16 << 20
)

// Reader reads single objects. It is not safe for concurrent use; make one for each goroutine.
type Reader struct {
	s     *Store
	plain bool     // inflates with the standard library alone
	fast  inflater // of its own; what it refuses zlib has the last word on
	zlib  stdInflater
	file  *bufio.Reader // for loose objects
	loose []byte        // a loose object's file
	hash  hash.Hash
	sum   []byte
	chain []link
	delta []byte
	runs  []delta.Run
	forms *copyForms
	cache baseCache
}

// link is one delta of a chain: where it is in its pack.
type link struct {
	loc  location
	size uint64
	data []byte // its zlib stream and what follows
}

// NewReader returns a reader with a small cache of its own.
func (s *Store) NewReader() *Reader {
	r := s.NewPlainReader()
	r.plain = false
	return r
}

// NewPlainReader returns a reader that inflates with compress/zlib alone: the obviously right path, which others
// are compared with.
func (s *Store) NewPlainReader() *Reader {
	r := &Reader{s: s, plain: true, forms: newCopyForms(), hash: sha1.New(), cache: baseCache{limit: readerCache}}
	if s.hashLen == sha256.Size {
		r.hash = sha256.New()
	}
	return r
}

// Read returns an object's type and content. The content is valid until the next call of Read and
// must not be written to. An object that cannot be read gives an error of type [*ObjectError], and its type
// only if it is merely too large.
//
// Of an object that is in the store several times, the first copy that is sound is returned.
func (r *Reader) Read(n Num) (Type, []byte, error) {
	var t Type
	var data []byte
	err := r.eachCopy(n, func(loc location) (err error) {
		t, data, err = r.readAt(loc, uint64(r.s.maxObject))
		if err != nil {
			return err
		}
		return r.verify(n, t, data)
	})
	switch {
	case err == nil:
		return t, data, nil
	case errors.As(err, new(errTooLarge)):
		return t, nil, err
	}
	return 0, nil, err
}

// PackOrder returns all objects in the order in which they are stored. Reading many of them in this order finds most bases
// still in the Reader's cache.
func (s *Store) PackOrder() []Num {
	order := make([]Num, s.Len())
	for i := range order {
		order[i] = Num(i)
	}
	slices.SortFunc(order, s.ComparePlace)
	return order
}

// ComparePlace puts objects in the order of PackOrder.
func (s *Store) ComparePlace(a, b Num) int { return cmp.Compare(s.locs[a], s.locs[b]) }

// Header returns an object's type and size without reading all of it. Nothing but
// the size fields is checked.
func (r *Reader) Header(n Num) (Type, int64, error) {
	var t Type
	var size uint64
	err := r.eachCopy(n, func(loc location) (err error) {
		t, size, err = r.headerAt(loc)
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	return t, int64(size), nil
}

// eachCopy tries the copies of an object until one is read without error, and returns the first error otherwise.
func (r *Reader) eachCopy(n Num, read func(location) error) error {
	if int(n) >= r.s.Len() {
		return fmt.Errorf("read object number %d: the store has %d", n, r.s.Len())
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	loc := r.s.locs[n]
	err := read(loc)
	if err == nil {
		return nil
	}
	for _, other := range r.s.otherCopies(n) {
		if read(other.loc) == nil {
			return nil
		}
	}
	return &ObjectError{Problem: r.s.objectProblem(n, loc, err), cause: err}
}

// verify compares an object with its id.
func (r *Reader) verify(n Num, t Type, data []byte) error {
	r.hash.Reset()
	var header [32]byte
	h := append(header[:0], t.String()...)
	h = append(h, ' ')
	h = strconv.AppendInt(h, int64(len(data)), 10)
	h = append(h, 0)
	r.hash.Write(h)
	r.hash.Write(data)
	if r.sum = r.hash.Sum(r.sum[:0]); !bytes.Equal(r.sum, r.s.id(n)) {
		return errHash
	}
	return nil
}

// readAt reads one copy of an object of at most limit bytes.
func (r *Reader) readAt(loc location, limit uint64) (t Type, data []byte, err error) {
	defer catchFault(&err)
	r.chain = r.chain[:0]
	t, data, loc, err = r.root(loc, limit)
	for i := len(r.chain) - 1; i >= 0 && err == nil; i-- {
		max := limit
		if i > 0 {
			max *= baseFactor
		}
		r.cache.add(loc, t, data)
		data, err = r.patch(r.chain[i], data, max)
		loc = r.chain[i].loc
	}
	if err == nil {
		r.cache.add(loc, t, data)
	}
	return t, data, err
}

// root follows the deltas of a chain, collecting them in r.chain, to an object that is whole or in the cache, and
// returns that.
func (r *Reader) root(loc location, limit uint64) (Type, []byte, location, error) {
	for {
		if t, data, ok := r.cache.get(loc); ok {
			if len(r.chain) == 0 && uint64(len(data)) > limit {
				return t, nil, loc, errTooLarge{uint64(len(data)), limit}
			}
			return t, data, loc, nil
		}
		if len(r.chain) > 0 {
			limit = uint64(r.s.maxObject) * baseFactor
		}
		if loc.pack() == looseStore {
			t, data, err := r.readLoose(r.s.loosePath(int(loc.offset())), limit)
			return t, data, loc, err
		}
		p := r.s.packs[loc.pack()]
		h, b, err := p.entry(loc.offset(), r.s.hashLen)
		if err != nil {
			return 0, nil, loc, err
		}
		if !h.isDelta() {
			if h.size > limit {
				return Type(h.kind), nil, loc, errTooLarge{h.size, limit}
			}
			data := make([]byte, h.size)
			err := r.inflate(data, b[h.len:])
			return Type(h.kind), data, loc, err
		}
		if h.size > 2*uint64(r.s.maxObject)*baseFactor {
			return 0, nil, loc, errTooLarge{h.size, limit}
		}
		if len(r.chain) > r.s.maxChain() {
			return 0, nil, loc, errChain
		}
		r.chain = append(r.chain, link{loc: loc, size: h.size, data: b[h.len:]})
		if loc, err = r.s.baseOf(loc, h, b); err != nil {
			return 0, nil, loc, err
		}
	}
}

// maxChain is more than how many deltas can stand on one another without a cycle. git writes up to 4095, but
// accepts any number. With a multi-pack-index there may be some that no index has.
func (s *Store) maxChain() int { return len(s.locs) + len(s.copies) + 1<<16 }

// baseOf returns where the base of the delta at loc is. A base that is named by id is looked for in the same pack
// first: there the chain comes to an end, which copies in several packs that refer to one another might not.
func (s *Store) baseOf(loc location, h entryHeader, b []byte) (location, error) {
	if h.kind == ofsDelta {
		return makeLocation(loc.pack(), h.base), nil
	}
	id := b[h.baseRef:][:s.hashLen]
	if i, ok := s.packs[loc.pack()].idx.find(id); ok {
		return s.locate(loc.pack(), i), nil
	}
	if n, ok := s.FindBytes(id); ok {
		return s.locs[n], nil
	}
	return 0, errNoBase{ID(id)}
}

// inflate fills dst with the stream at the start of src.
func (r *Reader) inflate(dst, src []byte) error {
	if r.plain {
		return r.zlib.inflate(dst, src)
	}
	return r.fast.inflate(dst, src)
}

// patch applies one delta to its base.
func (r *Reader) patch(l link, base []byte, limit uint64) ([]byte, error) {
	if uint64(cap(r.delta)) < l.size {
		r.delta = make([]byte, l.size)
	}
	d := r.delta[:l.size]
	if err := r.inflate(d, l.data); err != nil {
		return nil, err
	}
	size, ops, err := r.forms.checkDelta(d, len(base), limit)
	if err != nil {
		return nil, err
	}
	data := make([]byte, size)
	r.runs, err = r.forms.apply(data, base, ops, r.runs[:0])
	return data, err
}

// headerAt returns the type and size of one copy of an object.
func (r *Reader) headerAt(loc location) (t Type, size uint64, err error) {
	defer catchFault(&err)
	for depth := range r.s.maxChain() {
		if loc.pack() == looseStore {
			t, looseSize, err := r.looseHeader(r.s.loosePath(int(loc.offset())))
			if depth == 0 {
				size = looseSize
			}
			return t, size, err
		}
		h, b, err := r.s.packs[loc.pack()].entry(loc.offset(), r.s.hashLen)
		if err != nil {
			return 0, 0, err
		}
		if depth == 0 {
			if size, err = r.resultSize(h, b); err != nil {
				return 0, 0, err
			}
		}
		if !h.isDelta() {
			return Type(h.kind), size, nil
		}
		if loc, err = r.s.baseOf(loc, h, b); err != nil {
			return 0, 0, err
		}
	}
	return 0, 0, errChain
}

// resultSize returns the size of the object that an entry makes; for a delta that is in its first bytes.
func (r *Reader) resultSize(h entryHeader, b []byte) (uint64, error) {
	if !h.isDelta() {
		return h.size, nil
	}
	var start [20]byte
	n, err := r.zlib.inflateStart(start[:min(h.size, 20)], b[h.len:])
	if err != nil {
		return 0, err
	}
	_, size, _, err := deltaHeader(start[:n])
	return size, err
}

// openLoose opens a loose object, reads its header from the zlib stream and leaves the stream at its content.
func (r *Reader) openLoose(path string) (f *os.File, t Type, size uint64, err error) {
	f, fileSize, err := openRegular(path)
	if err != nil {
		return nil, 0, 0, err
	}
	if r.file == nil {
		r.file = bufio.NewReaderSize(nil, 64<<10)
	}
	r.file.Reset(f)
	if err = r.zlib.reset(r.file); err == nil {
		t, size, err = looseHeader(r.zlib.z)
	}
	if err == nil && size/maxRatio > uint64(fileSize) {
		err = errLie
	}
	if err != nil {
		return nil, 0, 0, errors.Join(err, f.Close())
	}
	return f, t, size, nil
}

// looseHeader reads "type size NUL", as gitformat-loose(5) describes it.
func looseHeader(z io.Reader) (Type, uint64, error) {
	var buf [maxLooseHeader]byte
	n := 0
	for {
		if n == len(buf) {
			return 0, 0, errLoose
		}
		if _, err := io.ReadFull(z, buf[n:n+1]); err != nil {
			return 0, 0, noEOF(err)
		}
		if buf[n] == 0 {
			break
		}
		n++
	}
	return parseLooseHeader(buf[:n])
}

// maxLooseHeader is more than the longest header of a loose object.
const maxLooseHeader = 32

// parseLooseHeader reads "type size".
func parseLooseHeader(header []byte) (Type, uint64, error) {
	word, digits, _ := bytes.Cut(header, []byte{' '})
	size, err := strconv.ParseUint(string(digits), 10, 63)
	if err != nil {
		return 0, 0, errLoose
	}
	for t := Commit; t <= Tag; t++ {
		if t.String() == string(word) {
			return t, size, nil
		}
	}
	return 0, 0, errLoose
}

func (r *Reader) looseHeader(path string) (Type, uint64, error) {
	f, t, size, err := r.openLoose(path)
	if err != nil {
		return 0, 0, err
	}
	return t, size, f.Close()
}

func (r *Reader) readLoose(path string, limit uint64) (t Type, data []byte, err error) {
	if !r.plain {
		if t, data, ok := r.readLooseFast(path, limit); ok {
			return t, data, nil
		}
	}
	f, t, size, err := r.openLoose(path)
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if size > limit {
		return t, nil, errTooLarge{size, limit}
	}
	data = make([]byte, size)
	if _, err := io.ReadFull(r.zlib.z, data); err != nil {
		return 0, nil, noEOF(err)
	}
	return t, data, r.zlib.atEnd()
}

// readLooseFast reads a loose object that is as it should be, with the file in memory.
func (r *Reader) readLooseFast(path string, limit uint64) (t Type, data []byte, ok bool) {
	f, fileSize, err := openRegular(path)
	if err != nil {
		return 0, nil, false
	}
	defer f.Close()
	// Deflate makes nothing larger by more than a few bytes in a thousand.
	if uint64(fileSize) > limit+limit>>6+1<<10 {
		return 0, nil, false
	}
	r.loose = slices.Grow(r.loose[:0], int(fileSize))[:fileSize]
	if _, err := io.ReadFull(f, r.loose); err != nil {
		return 0, nil, false
	}
	var start [2 * maxLooseHeader]byte
	header, _, ok := bytes.Cut(start[:r.fast.Start(start[:], r.loose)], []byte{0})
	if !ok {
		return 0, nil, false
	}
	t, size, err := parseLooseHeader(header)
	if err != nil || size > limit || size/maxRatio > uint64(fileSize) {
		return 0, nil, false
	}
	whole := make([]byte, len(header)+1+int(size))
	if _, err := r.fast.Zlib(whole, r.loose); err != nil {
		return 0, nil, false
	}
	return t, whole[len(header)+1:], true
}

// baseCache keeps the objects read last, up to a number of bytes.
type baseCache struct {
	limit, size int
	order       list.List // of *cached, most recently used first
	byLoc       map[location]*list.Element
}

type cached struct {
	loc  location
	t    Type
	data []byte
}

func (c *baseCache) get(loc location) (Type, []byte, bool) {
	e, ok := c.byLoc[loc]
	if !ok {
		return 0, nil, false
	}
	c.order.MoveToFront(e)
	o := e.Value.(*cached)
	return o.t, o.data, true
}

func (c *baseCache) add(loc location, t Type, data []byte) {
	if _, ok := c.byLoc[loc]; ok || len(data) > c.limit {
		return
	}
	if c.byLoc == nil {
		c.byLoc = map[location]*list.Element{}
	}
	c.byLoc[loc] = c.order.PushFront(&cached{loc, t, data})
	for c.size += len(data); c.size > c.limit; {
		last := c.order.Remove(c.order.Back()).(*cached)
		delete(c.byLoc, last.loc)
		c.size -= len(last.data)
	}
}
