package archive

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"

	"github.com/ulikunitz/xz/lzma"
)

// An xz file is a sequence of streams, and zeros between them. A stream is a header (magic, two bytes of flags that tell
// how blocks are checked, CRC-32 of these), blocks, an index of the blocks that begins with a zero byte, and a footer.
// A block has a header (its length in words less one, flags, sizes if the flags say so, filters, CRC-32), what is packed,
// zeros up to a whole word, and a check.
//
// The library for xz takes memory for a dictionary at each block, as much as its header says and never less than eight
// megabytes: a kilobyte of blocks asks for any amount. So the container is read here, and only LZMA2 by the library.

const (
	xzMagic     = "\xFD7zXZ\x00"
	xzHeaderLen = 12
	xzFooterLen = 12
	xzBlockWork = 2 << 10 // what else a block costs, in bytes unpacked
)

// The filters.
const (
	xzDelta = 0x03
	xzLZMA2 = 0x21
)

var errXz = errors.New("no xz file")

// xzReader reads what an xz file unpacks to. Checks of blocks are passed over: what is damaged is read as far as it goes.
type xzReader struct {
	r        *Reader
	in       xzInput
	checkLen int64
	began    bool      // a stream
	block    io.Reader // nil: between two blocks
	release  func()
	err      error
}

// xzInput counts what is read: blocks end at whole words.
type xzInput struct {
	b *bufio.Reader
	n int64
}

func (in *xzInput) Read(p []byte) (int, error) {
	n, err := in.b.Read(p)
	in.n += int64(n)
	return n, err
}

func (in *xzInput) ReadByte() (byte, error) {
	c, err := in.b.ReadByte()
	if err == nil {
		in.n++
	}
	return c, err
}

func newXz(r *Reader, in io.Reader) *xzReader {
	return &xzReader{r: r, in: xzInput{b: bufio.NewReader(in)}, release: func() {}}
}

// close gives back the memory for the dictionary.
func (z *xzReader) close() {
	z.release()
	z.release = func() {}
}

func (z *xzReader) Read(p []byte) (int, error) {
	for z.err == nil {
		if z.block == nil {
			z.err = unexpected(z.next())
			continue
		}
		n, err := z.block.Read(p)
		if err != nil {
			z.block = nil
			z.close()
			if z.err = err; errors.Is(err, io.EOF) {
				z.err = unexpected(z.pass(-z.in.n&3 + z.checkLen))
			}
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, z.err
}

// errXzEnd is the end where it may be.
var errXzEnd = errors.New("end of the xz file")

// unexpected makes of an end where more should be an error, and of the right one io.EOF.
func unexpected(err error) error {
	switch {
	case errors.Is(err, errXzEnd):
		return io.EOF
	case errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	}
	return err
}

func (z *xzReader) pass(n int64) error {
	_, err := io.CopyN(io.Discard, &z.in, n)
	return err
}

// next goes on to the next block, in this stream or another one.
func (z *xzReader) next() error {
	if !z.began {
		return z.stream()
	}
	words, err := z.in.ReadByte()
	if err != nil {
		return err
	}
	if words == 0 {
		z.began = false
		return z.index()
	}
	head := make([]byte, (int(words)+1)*4)
	head[0] = words
	if _, err := io.ReadFull(&z.in, head[1:]); err != nil {
		return err
	}
	body, sum := head[:len(head)-4], head[len(head)-4:]
	if crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(sum) {
		return errXz
	}
	return z.openBlock(body)
}

// stream reads the header of a stream, and zeros before it.
func (z *xzReader) stream() error {
	first := z.in.n == 0
	for {
		word, err := z.in.b.Peek(4)
		switch {
		case err != nil && len(word) == 0 && !first:
			return errXzEnd
		case err != nil:
			return err
		case string(word) != "\x00\x00\x00\x00" || first:
			head := make([]byte, xzHeaderLen)
			if _, err := io.ReadFull(&z.in, head); err != nil {
				return err
			}
			if string(head[:len(xzMagic)]) != xzMagic {
				return errXz
			}
			// By three kinds of checks, from 1 on: 4, 8, 16, 32, 64 bytes.
			if z.checkLen = 0; head[7]&0xF > 0 {
				z.checkLen = 4 << ((head[7]&0xF - 1) / 3)
			}
			z.began = true
			return nil
		}
		if err := z.pass(4); err != nil {
			return err
		}
	}
}

// index passes over the index, after its first byte, and the footer.
func (z *xzReader) index() error {
	start := z.in.n - 1
	records, err := binary.ReadUvarint(&z.in)
	for range records {
		for range 2 {
			if err == nil {
				_, err = binary.ReadUvarint(&z.in)
			}
		}
		if err != nil {
			return err
		}
	}
	return z.pass(-(z.in.n-start)&3 + 4 + xzFooterLen)
}

// openBlock makes the reader of a block, whose header is given without its checksum.
func (z *xzReader) openBlock(head []byte) error {
	flags, rest := head[1], head[2:]
	number := func() (n uint64, ok bool) {
		n, length := binary.Uvarint(rest)
		if length <= 0 {
			return 0, false
		}
		rest = rest[length:]
		return n, true
	}
	size, ok := uint64(1<<32), true
	if flags&0x40 != 0 {
		_, ok = number() // the size packed
	}
	if flags&0x80 != 0 && ok {
		size, ok = number()
	}
	var deltas []int
	for range flags&3 + 1 {
		if !ok {
			return errXz
		}
		id, okID := number()
		n, okLen := number()
		if !okID || !okLen || n > uint64(len(rest)) {
			return errXz
		}
		properties := rest[:n]
		rest = rest[n:]
		switch {
		case id == xzLZMA2 && n == 1:
			return z.unpack(lzma2Dictionary(properties[0]), size, deltas)
		case id == xzDelta && n == 1:
			deltas = append(deltas, int(properties[0])+1)
		case !isBranchFilter(id):
			return errMethod
		}
	}
	return errXz // the last filter has to pack
}

// unpack makes the reader of a block of that size, if it is known, and undoes filters.
func (z *xzReader) unpack(dictionary int64, size uint64, deltas []int) error {
	if z.r.work >= z.r.budget {
		z.r.over = true
		return errBudget
	}
	dictionary = max(min(dictionary, int64(min(size, 1<<32))), lzma.MinDictCap)
	z.r.work += xzBlockWork
	release, err := z.r.holdDictionary(dictionary)
	if err != nil {
		return err
	}
	z.in.n = 0
	block, err := newLZMA2(&z.in, dictionary)
	if err != nil {
		release()
		return err
	}
	z.block, z.release = block, release
	for i := len(deltas) - 1; i >= 0; i-- {
		z.block = &undelta{in: z.block, distance: deltas[i]}
	}
	return nil
}

// undelta undoes a filter that gives the difference of each byte to the one so many before it.
type undelta struct {
	in       io.Reader
	distance int // 1 to 256
	last     [256]byte
	at       int
}

func (u *undelta) Read(p []byte) (int, error) {
	n, err := u.in.Read(p)
	for i := range p[:n] {
		u.last[u.at] += p[i]
		p[i] = u.last[u.at]
		if u.at++; u.at == u.distance {
			u.at = 0
		}
	}
	return n, err
}
