package archive

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/nwaples/rardecode/v2"
)

// Reader reads one archive after the other, and keeps buffers between them. It must not be used by two
// goroutines at once.
type Reader struct {
	Limits
	v       Visitor
	work    int64
	budget  int64 // of work
	members int
	most    int   // members
	held    int64 // bytes of Limits.Memory in use
	over    bool  // a limit ended it all

	leaf      []byte
	inflaters []io.ReadCloser // not in use
}

// Read calls v for what is in an archive, and returns the work it was: the bytes unpacked, weighted. It reports
// whether anything was read of it.
func (r *Reader) Read(data []byte, v Visitor) (work int64, ok bool) {
	size := int64(len(data))
	r.v, r.work, r.members, r.held, r.over = v, 0, 0, 0, false
	r.budget, r.most = r.Bytes+size*r.Growth, r.Members+int(size*r.Growth>>10)
	r.open("", data, 1)
	r.v = nil
	return r.work, r.members > 0
}

// Weights of a byte that is unpacked, by how long it takes.
const (
	weightFast = 1 // deflate, zstd, copies
	weightSlow = 6 // bzip2, lzma, rar
)

// maxIdle is how often a decoder may give nothing before it counts as broken.
const maxIdle = 100

// meter counts what is unpacked from a stream against the budget.
type meter struct {
	r      *Reader
	in     io.Reader
	packed *int64 // read so far of what it is unpacked from; nil: it is not packed
	out    int64
	weight int64
	idle   int // reads that gave nothing
}

func (m *meter) Read(p []byte) (int, error) {
	if m.r.over || m.r.work >= m.r.budget {
		m.r.over = true
		return 0, errBudget
	}
	if m.packed != nil && m.out > 1<<20 && m.out > m.r.Ratio**m.packed {
		return 0, errRatio
	}
	if most := (m.r.budget-m.r.work)/m.weight + 1; int64(len(p)) > most {
		p = p[:most]
	}
	n, err := m.in.Read(p)
	if m.idle++; n > 0 {
		m.idle = 0
	}
	if m.idle > maxIdle && err == nil {
		err = io.ErrNoProgress
	}
	m.out += int64(n)
	m.r.work += int64(n) * m.weight
	return n, err
}

// guard turns a panic of a decoder that is not ours into an error: each of them was written for archives
// that somebody wants to open.
type guard struct{ in io.Reader }

func (g guard) Read(p []byte) (n int, err error) {
	defer guarded(&err)
	return g.in.Read(p)
}

func guarded(err *error) {
	if r := recover(); r != nil {
		*err = errDecoder
	}
}

var errDecoder = errors.New("the decoder gave up")

// nextRar is Next, guarded.
func nextRar(z *rardecode.Reader) (h *rardecode.FileHeader, err error) {
	defer guarded(&err)
	return z.Next()
}

// counter counts what is read of a packed stream.
type counter struct {
	in io.Reader
	n  int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	c.n += int64(n)
	return n, err
}

// open reads a member, or the archive itself, that is in memory.
func (r *Reader) open(name string, data []byte, depth int) {
	format := SniffWhole(data)
	switch {
	case format == None:
		r.textOf(name, data)
	case depth > r.Depth:
		r.tooDeep(name)
		r.textOf(name, data)
	case format == Zip:
		r.zip(name, data, depth)
	case format == Rar:
		r.rar(name, data, depth)
	case format == SevenZip:
		r.sevenZip(name, data, depth)
	default:
		r.stream(name, format, bufio.NewReaderSize(bytes.NewReader(data), sniffLen), depth)
	}
}

// openStream reads a member that comes as a stream.
func (r *Reader) openStream(name string, in io.Reader, depth int) {
	b := bufio.NewReaderSize(in, 4<<10)
	head, _ := b.Peek(sniffLen)
	format := Sniff(head)
	if format == None && isProgram(head) {
		if head, _ = b.Peek(b.Size()); bytes.Contains(head, []byte(zipLocal)) {
			format = Zip // perhaps
		}
	}
	switch {
	case format == None:
		r.text(name, b)
	case depth > r.Depth:
		r.tooDeep(name)
		r.text(name, b)
	case format == Zip || format == Rar || format == SevenZip:
		// Such an archive is read from its end; of a part nothing could be.
		data, err := r.whole(b)
		if err != nil {
			r.failed(name, err)
			return
		}
		r.held += int64(len(data))
		r.open(name, data, depth)
		r.held -= int64(len(data))
	default:
		r.stream(name, format, b, depth)
	}
}

// whole reads what can only be read as a whole. Who keeps it counts it in r.held.
func (r *Reader) whole(in io.Reader) ([]byte, error) {
	most := r.Memory - r.held
	data, err := io.ReadAll(io.LimitReader(in, most+1))
	if err == nil && int64(len(data)) > most {
		err = errMemory
	}
	return data, err
}

// stream reads a tar or a compressed stream.
func (r *Reader) stream(name string, format Format, b *bufio.Reader, depth int) {
	if format == Tar {
		r.tar(name, b, depth)
		return
	}
	in := &counter{in: b}
	out, inner, release, err := r.decompressor(format, in)
	if err != nil {
		r.failed(name, err)
		return
	}
	weight := int64(weightFast)
	if format == Bzip2 || format == Xz {
		weight = weightSlow
	}
	defer release()
	inside := bufio.NewReaderSize(&meter{r: r, in: out, packed: &in.n, weight: weight}, 64<<10)
	head, err := inside.Peek(sniffLen)
	if r.over || len(head) == 0 && err != nil && !errors.Is(err, io.EOF) {
		r.failed(name, err)
		return
	}
	if Sniff(head) == Tar { // a .tgz is one archive
		r.tar(name, inside, depth)
		return
	}
	inner = join(name, inner)
	if !r.count(name, inner) {
		return
	}
	r.openStream(inner, inside, depth+1)
}

// decompressor returns the reader of a stream, what the stream says it is called, and what to call when it was read.
func (r *Reader) decompressor(format Format, in io.Reader) (out io.Reader, name string, release func(), err error) {
	nothing := func() {}
	switch format {
	case Gzip:
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, "", nil, err
		}
		if z.Name == "" {
			return z, Unnamed, nothing, nil
		}
		return z, path.Base(z.Name), nothing, nil
	case Bzip2:
		return bzip2.NewReader(in), Unnamed, nothing, nil
	case Zstd:
		z, release, err := r.newZstd(in)
		return z, Unnamed, release, err
	case Xz:
		z := newXz(r, in)
		return guard{z}, Unnamed, z.close, nil
	}
	return nil, "", nil, fmt.Errorf("no reader for %s", format)
}

// newZstd returns the reader of a zstd stream. How far back it refers is said in each of its frames, so the memory for it
// is kept for all that a frame may say.
func (r *Reader) newZstd(in io.Reader) (out io.Reader, release func(), err error) {
	const window = 8 << 20 // what all decoders must have, says the format
	most := max(r.Memory-r.held, 1<<10)
	var head zstd.Header
	b := bufio.NewReaderSize(in, 64)
	first, _ := b.Peek(zstd.HeaderMaxSize)
	if head.Decode(first) == nil && head.WindowSize > window {
		most = min(most, int64(head.WindowSize))
	} else {
		most = min(most, window)
	}
	drop, err := r.holdDictionary(most)
	if err != nil {
		return nil, nil, err
	}
	z, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(uint64(most)))
	if err != nil {
		drop()
		return nil, nil, err
	}
	return z, func() { z.Close(); drop() }, nil
}

// holdDictionary takes memory for a decoder, until release is called. To clear it is work, too.
func (r *Reader) holdDictionary(size int64) (release func(), err error) {
	if size > r.Memory-r.held {
		return nil, errMemory
	}
	const clearing = 16 // how much faster it is to clear a byte than to unpack one
	r.held += size
	r.work += size / clearing
	return func() { r.held -= size }, nil
}

// lzma2Dictionary returns the size of the dictionary that the properties of LZMA2 ask for.
func lzma2Dictionary(properties byte) int64 {
	bits := properties & 0x3F
	if bits > 40 {
		return 1 << 32
	}
	return int64(2|bits&1) << (bits/2 + 11)
}

// tar reads the members of a tar.
func (r *Reader) tar(name string, in io.Reader, depth int) {
	tape := &tape{r: r, in: in}
	t := tar.NewReader(tape)
	sparse := "" // the sparse member before this one
	for !r.over {
		h, err := t.Next()
		if tape.running {
			r.sparse(sparse, tape, depth+1)
		}
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			r.failed(name, err)
			return
		}
		if h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeCont && h.Typeflag != tar.TypeGNUSparse {
			continue
		}
		inner := join(name, h.Name)
		if !r.count(name, inner) {
			return
		}
		if isSparse(h) {
			sparse = inner
			tape.start()
			continue
		}
		r.openStream(inner, &meter{r: r, in: t, weight: weightFast}, depth+1)
	}
}

// isSparse reports whether a member may have holes, the zeros of which stand nowhere in the tar.
func isSparse(h *tar.Header) bool {
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return h.Typeflag == tar.TypeGNUSparse
}

// tape keeps what a tar reader passes over. Reading a sparse member through the reader would make up its holes, which may be
// terabytes; passing over it reads what is there, and up to the end of the next header, which does no harm.
type tape struct {
	r       *Reader
	in      io.Reader
	running bool
	kept    []byte
	cut     bool // more was passed over than is kept
}

func (t *tape) start() { t.running, t.kept, t.cut = true, t.kept[:0], false }

func (t *tape) Read(p []byte) (int, error) {
	n, err := t.in.Read(p)
	if t.running {
		room := min(int64(n), max(0, t.r.Memory-t.r.held-int64(len(t.kept))))
		t.kept = append(t.kept, p[:room]...)
		t.cut = t.cut || room < int64(n)
		t.r.work += int64(n) * weightFast
	}
	return n, err
}

// sparse reads a sparse member that is on the tape, without its holes.
func (r *Reader) sparse(name string, t *tape, depth int) {
	t.running = false
	if r.work >= r.budget {
		r.over = true
		r.failed(name, errBudget)
		return
	}
	if t.cut {
		r.failed(name, errMemory)
	}
	r.held += int64(len(t.kept))
	r.open(name, t.kept, depth)
	r.held -= int64(len(t.kept))
}

// rar reads the members of a rar archive.
func (r *Reader) rar(name string, data []byte, depth int) {
	in := &counter{in: bytes.NewReader(data)}
	dictionary := (r.Memory - r.held) / 2
	release, err := r.holdDictionary(dictionary)
	if err != nil {
		r.failed(name, err)
		return
	}
	defer release()
	z, err := newRar(in, max(dictionary, 1))
	for err == nil && !r.over {
		var h *rardecode.FileHeader
		if h, err = nextRar(z); err != nil {
			break
		}
		if h.IsDir {
			continue
		}
		inner := join(name, h.Name)
		if !r.count(name, inner) {
			return
		}
		if h.Encrypted || h.HeaderEncrypted {
			r.v.Skipped(inner, Encrypted, needsPassword)
			continue
		}
		r.openStream(inner, &meter{r: r, in: guard{z}, packed: &in.n, weight: weightSlow}, depth+1)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		r.failed(name, err)
	}
}

// newRar is rardecode.NewReader, guarded.
func newRar(in io.Reader, dictionary int64) (z *rardecode.Reader, err error) {
	defer guarded(&err)
	return rardecode.NewReader(in, rardecode.MaxDictionarySize(dictionary))
}

// count counts a member of an archive, and reports whether it may be read.
func (r *Reader) count(archive, member string) bool {
	if r.over {
		return false
	}
	if r.members++; r.members > r.most {
		r.over = true
		r.v.Skipped(archive, Limit, fmt.Sprintf("only the first %d members were read", r.most))
		return false
	}
	r.v.Member(member)
	return true
}

// textOf is text for a member that is in memory.
func (r *Reader) textOf(name string, data []byte) {
	if len(data) <= maxPiece {
		r.v.Text(name, Piece{Data: data, Hi: len(data)})
		return
	}
	r.text(name, bytes.NewReader(data))
}

// text gives a member that is no archive to the visitor, piece by piece.
func (r *Reader) text(name string, in io.Reader) {
	p := Piece{Data: r.leaf[:0]}
	for {
		data, err := fill(p.Data, in)
		if r.leaf = data; err == nil {
			p.Data, p.Hi = data, pieceEnd(data)
			r.v.Text(name, p)
			next := p.Next()
			p.Data, p.Lo, p.At = data[:copy(data, data[next:])], p.Hi-next, p.At+int64(next)
			continue
		}
		if p.Data, p.Hi = data, len(data); p.Hi > p.Lo || errors.Is(err, io.EOF) {
			r.v.Text(name, p)
		}
		if !errors.Is(err, io.EOF) {
			r.failed(name, err)
		}
		return
	}
}

// fill appends to data what it reads, until this is as long as a piece, or an error or the end (io.EOF) comes.
func fill(data []byte, in io.Reader) ([]byte, error) {
	for len(data) < maxPiece {
		if len(data) == cap(data) {
			data = slices.Grow(data, min(max(len(data), 4<<10), maxPiece-len(data)))
		}
		n, err := in.Read(data[len(data):min(cap(data), maxPiece)])
		data = data[:len(data)+n]
		if err != nil {
			return data, err
		}
	}
	return data, nil
}

// pieceEnd returns where a piece that is followed by another one ends: if possible with a line, since what stands on one line
// is seen together.
func pieceEnd(data []byte) int {
	const most = 64 << 10 // of a line
	end := len(data) - Margin
	if i := bytes.LastIndexByte(data[end-most:end], '\n'); i >= 0 {
		return end - most + i + 1
	}
	return end
}

func (r *Reader) tooDeep(name string) {
	r.v.Skipped(name, Limit, fmt.Sprintf("archives are opened %d deep", r.Depth))
}

const needsPassword = "a password is needed"

// errMethod: there is no reader for it.
var errMethod = errors.New("it is compressed in a way that is not known")

// failed tells what went wrong with a member.
func (r *Reader) failed(name string, err error) {
	switch {
	case r.over:
		r.v.Skipped(name, Limit, errBudget.Error())
	case errors.Is(err, errPassword), errors.Is(err, rardecode.ErrArchiveEncrypted), errors.Is(err, rardecode.ErrArchivedFileEncrypted):
		r.v.Skipped(name, Encrypted, needsPassword)
	case errors.Is(err, errBudget), errors.Is(err, errRatio), errors.Is(err, errMemory):
		r.v.Skipped(name, Limit, err.Error())
	case errors.Is(err, rardecode.ErrDictionaryTooLarge), errors.Is(err, zstd.ErrWindowSizeExceeded):
		r.v.Skipped(name, Limit, errMemory.Error())
	case errors.Is(err, errMethod):
		r.v.Skipped(name, Unsupported, err.Error())
	default:
		r.v.Skipped(name, Broken, "cannot be unpacked")
	}
}
