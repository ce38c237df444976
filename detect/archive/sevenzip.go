package archive

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"unicode/utf16"
)

// The 7z format, as far as it is needed. The file begins with a signature header, which says where the header stands:
//
//	6 bytes signature, 2 of version, 4 CRC of the 20 bytes that follow
//	8 offset of the header, counted from byte 32; 8 its length; 4 its CRC
//
// Packed streams stand between the two. The header is a tree of properties, each of which begins with a byte that says what
// it is. It may itself be packed, and then what stands in its place says how.
//
//	Header       = 01 [02 archive properties] [03 streams] [04 streams] [05 files] 00
//	PackedHeader = 17 streams
//	streams      = [06 packs] [07 folders] [08 substreams] 00
//	packs        = position, count, [09 sizes] [0A digests] 00
//	folders      = 0B count 00 folder… 0C sizes [0A digests] 00
//	substreams   = [0D counts by folder] [09 sizes, of each folder all but the last] [0A digests] 00
//	files        = count (property, length, data)… 00
//
// A folder is a chain of coders that unpacks to one stream, its files one after the other. Nothing of the header is taken
// apart into memory: what is repeated is walked by cursors, all of which go forward together.
const (
	sevenSignature = "7z\xBC\xAF\x27\x1C"
	sevenStart     = 32 // length of the signature header

	sevenEnd          = 0x00
	sevenHeader       = 0x01
	sevenProperties   = 0x02
	sevenAdditional   = 0x03
	sevenMain         = 0x04
	sevenFiles        = 0x05
	sevenPacks        = 0x06
	sevenFolders      = 0x07
	sevenSubstreams   = 0x08
	sevenSizes        = 0x09
	sevenDigests      = 0x0A
	sevenFolder       = 0x0B
	sevenUnpacked     = 0x0C
	sevenCounts       = 0x0D
	sevenEmptyStreams = 0x0E
	sevenEmptyFiles   = 0x0F
	sevenNames        = 0x11
	sevenPackedHeader = 0x17
)

// The limits of a header that has been unpacked, and of the coders of a folder.
const (
	maxSevenHeader = 16 << 20
	maxSevenCoders = 8
)

var errSeven = errors.New("no 7z archive")

// sevenCursor reads a header. After the first error all it reads is zero.
type sevenCursor struct {
	data   []byte
	failed bool
}

func (c *sevenCursor) take(n uint64) []byte {
	if c.failed || n > uint64(len(c.data)) {
		c.failed = true
		return nil
	}
	out := c.data[:n]
	c.data = c.data[n:]
	return out
}

func (c *sevenCursor) byte() byte {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

// number reads a number: the ones that the first byte begins with say how many bytes follow, lowest first, and what is left
// of it stands above these.
func (c *sevenCursor) number() uint64 {
	first := c.byte()
	var v uint64
	mask := byte(0x80)
	for i := range 8 {
		if first&mask == 0 {
			return v | uint64(first&(mask-1))<<(8*i)
		}
		v |= uint64(c.byte()) << (8 * i)
		mask >>= 1
	}
	return v
}

// count reads a number of things each of which takes a byte of the header, at least.
func (c *sevenCursor) count() int {
	return c.smallNumber(len(c.data))
}

// smallNumber reads a number that is no larger than most.
func (c *sevenCursor) smallNumber(most int) int {
	n := c.number()
	if n > uint64(most) {
		c.failed = true
		return 0
	}
	return int(n)
}

// expect reads what can only be one.
func (c *sevenCursor) expect(b byte) { c.failed = c.byte() != b || c.failed }

// size reads a number of bytes.
func (c *sevenCursor) size() int64 {
	n := c.number()
	if n > math.MaxInt64/4 {
		c.failed = true
		return 0
	}
	return int64(n)
}

// numbers passes over n numbers and returns a cursor to them.
func (c *sevenCursor) numbers(n int) sevenCursor {
	from := *c
	for i := 0; i < n && !c.failed; i++ {
		c.number()
	}
	return from.until(c)
}

// until returns what of a cursor stands before another one that has gone on from there.
func (c sevenCursor) until(to *sevenCursor) sevenCursor {
	return sevenCursor{data: c.data[:len(c.data)-len(to.data)]}
}

// digests passes over the checksums of n things, and tells which have one. They are not compared: what is damaged is
// scanned as it is.
func (c *sevenCursor) digests(n int) (defined func(i int) bool) {
	if c.byte() != 0 {
		c.take(4 * uint64(n))
		return func(int) bool { return true }
	}
	bits := c.take(uint64(n+7) / 8)
	for i := range n {
		if bitAt(bits, i) {
			c.take(4)
		}
	}
	return func(i int) bool { return bitAt(bits, i) }
}

// bitAt returns bit i of a vector, whose first is the highest of the first byte. Beyond its end all are zero.
func bitAt(bits []byte, i int) bool { return i>>3 < len(bits) && bits[i>>3]&(0x80>>(i&7)) != 0 }

// sevenStreams are the streams of an archive, or of a packed header.
type sevenStreams struct {
	position  int64       // of the first packed stream, from the end of the signature header
	packs     sevenCursor // their sizes
	nFolders  int
	folders   sevenCursor
	unpacked  sevenCursor // the sizes of what the coders of each folder unpack to
	digested  func(folder int) bool
	counts    sevenCursor // of the files in each folder
	counted   bool        // or else there is one in each
	fileSizes sevenCursor // of all but the last file of each folder
}

func (c *sevenCursor) streams() sevenStreams {
	s := sevenStreams{digested: func(int) bool { return false }}
	for !c.failed {
		switch c.byte() {
		case sevenEnd:
			return s
		case sevenPacks:
			c.packs(&s)
		case sevenFolders:
			c.folders(&s)
		case sevenSubstreams:
			c.substreams(&s)
		default:
			c.failed = true
		}
	}
	return s
}

func (c *sevenCursor) packs(s *sevenStreams) {
	s.position = c.size()
	n := c.count()
	for {
		switch c.byte() {
		case sevenSizes:
			s.packs = c.numbers(n)
		case sevenDigests:
			c.digests(n)
		case sevenEnd:
			return
		default:
			c.failed = true
		}
		if c.failed {
			return
		}
	}
}

func (c *sevenCursor) folders(s *sevenStreams) {
	c.expect(sevenFolder)
	s.nFolders = c.count()
	c.expect(0) // or the folders stand somewhere else, which nobody writes
	from, coders := *c, 0
	for i := 0; i < s.nFolders && !c.failed; i++ {
		coders += c.folder().outs
	}
	s.folders = from.until(c)
	c.expect(sevenUnpacked)
	s.unpacked = c.numbers(coders)
	id := c.byte()
	if id == sevenDigests {
		s.digested = c.digests(s.nFolders)
		id = c.byte()
	}
	c.failed = c.failed || id != sevenEnd
}

func (c *sevenCursor) substreams(s *sevenStreams) {
	id := c.byte()
	if id == sevenCounts {
		s.counts, s.counted = c.numbers(s.nFolders), true
		id = c.byte()
	}
	sizes, digests := 0, 0
	counts := s.counts
	for i := 0; i < s.nFolders && !c.failed; i++ {
		n := 1
		if s.counted {
			n = counts.smallNumber(len(c.data))
			c.failed = c.failed || counts.failed
		}
		sizes += max(0, n-1)
		if n != 1 || !s.digested(i) {
			digests += n
		}
	}
	if id == sevenSizes {
		s.fileSizes = c.numbers(sizes)
		id = c.byte()
	}
	if id == sevenDigests {
		c.digests(digests)
		id = c.byte()
	}
	c.failed = c.failed || id != sevenEnd
}

// sevenFolderInfo is a folder: how its one stream is unpacked.
type sevenFolderInfo struct {
	chain []sevenCoder // in the order in which they unpack; nil: it is no chain
	packs int          // how many packed streams it takes
	outs  int          // how many streams its coders give, each of which has a size
	end   int          // which of them is that of the folder
}

type sevenCoder struct {
	method     uint64
	properties []byte
	number     int // in the folder
}

// folder reads a folder. In a chain, each coder has one stream in and one out, and the number of a stream is that of the coder.
func (c *sevenCursor) folder() sevenFolderInfo {
	var f sevenFolderInfo
	n := c.smallNumber(maxSevenCoders)
	var coders [maxSevenCoders]sevenCoder
	ins, simple := 0, true
	for i := 0; i < n && !c.failed; i++ {
		flags := c.byte()
		coder := sevenCoder{number: i}
		for _, b := range c.take(uint64(flags & 0x0F)) {
			coder.method = coder.method<<8 | uint64(b)
		}
		in, out := 1, 1
		if flags&0x10 != 0 {
			in, out = c.smallNumber(maxSevenCoders), c.smallNumber(maxSevenCoders)
			simple = simple && in == 1 && out == 1
		}
		if flags&0x20 != 0 {
			coder.properties = c.take(c.number())
		}
		ins, f.outs = ins+in, f.outs+out
		coders[i] = coder
	}
	if f.packs = ins - (f.outs - 1); n == 0 || f.outs == 0 || f.packs < 1 {
		c.failed = true
	}
	if c.failed {
		return f
	}
	if !simple {
		c.numbers(2 * (f.outs - 1)) // which stream goes where
		if f.packs > 1 {
			c.numbers(f.packs)
		}
		return f
	}
	var next, before [maxSevenCoders]*sevenCoder // by coder
	for range n - 1 {
		in, out := c.smallNumber(n-1), c.smallNumber(n-1)
		next[out], before[in] = &coders[in], &coders[out]
	}
	for i := range n {
		if before[i] == nil {
			f.chain = chainFrom(&coders[i], next[:])
			break
		}
	}
	if len(f.chain) != n { // a loop, or two ends
		c.failed = true
		return f
	}
	f.end = f.chain[n-1].number
	return f
}

// chainFrom follows coders to their end.
func chainFrom(c *sevenCoder, next []*sevenCoder) (chain []sevenCoder) {
	for c != nil && len(chain) < len(next) {
		chain = append(chain, *c)
		c = next[c.number]
	}
	return chain
}

// sevenFileList walks the files of an archive.
type sevenFileList struct {
	n, at      int
	empties    int
	empty      []byte // bits: which have no stream
	emptyFiles []byte // bits: which of these are files and no directories
	names      []byte // UTF-16, each ended by a zero
}

func (c *sevenCursor) files() sevenFileList {
	f := sevenFileList{n: c.count()}
	for {
		id := c.byte()
		if id == sevenEnd || c.failed {
			return f
		}
		data := c.take(c.number())
		switch {
		case id == sevenEmptyStreams:
			f.empty = data
		case id == sevenEmptyFiles:
			f.emptyFiles = data
		case id == sevenNames && len(data) > 0 && data[0] == 0: // or they stand somewhere else, which nobody writes
			f.names = data[1:]
		}
	}
}

// sevenFile is a file or a directory.
type sevenFile struct {
	name        string
	empty, file bool // a directory is empty and no file
}

func (f *sevenFileList) next() (file sevenFile, ok bool) {
	if f.at == f.n {
		return file, false
	}
	file = sevenFile{name: f.name(), empty: bitAt(f.empty, f.at), file: true}
	if f.at++; file.empty {
		file.file = bitAt(f.emptyFiles, f.empties)
		f.empties++
	}
	return file, true
}

func (f *sevenFileList) name() string {
	var units []uint16
	for len(f.names) >= 2 {
		u := binary.LittleEndian.Uint16(f.names)
		if f.names = f.names[2:]; u == 0 {
			break
		}
		if len(units) < maxName {
			units = append(units, u)
		}
	}
	return string(utf16.Decode(units))
}

// sevenHeaderOf returns the header of an archive, which may be packed.
func sevenHeaderOf(data []byte) ([]byte, error) {
	if len(data) < sevenStart || crc32.ChecksumIEEE(data[12:sevenStart]) != binary.LittleEndian.Uint32(data[8:]) {
		return nil, errSeven
	}
	offset, size := binary.LittleEndian.Uint64(data[12:]), binary.LittleEndian.Uint64(data[20:])
	body := data[sevenStart:]
	if offset > uint64(len(body)) || size > uint64(len(body))-offset {
		return nil, errSeven
	}
	header := body[offset : offset+size]
	if crc32.ChecksumIEEE(header) != binary.LittleEndian.Uint32(data[28:]) {
		return nil, errSeven
	}
	return header, nil
}
