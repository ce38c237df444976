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
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/nwaples/rardecode/v2"
	"github.com/ulikunitz/xz"
)

// Reader reads one archive after the other, and keeps buffers between them. It must not be used by two
// goroutines at once.
type Reader struct {
	Limits
	v       Visitor
	work    int64
	members int
	over    bool // a limit ended it all

	leaf      []byte
	inflaters []io.ReadCloser // not in use
}

// Read calls v for what is in an archive, and returns the work it was: the bytes unpacked, weighted. It reports
// whether anything was read of it.
func (r *Reader) Read(data []byte, v Visitor) (work int64, ok bool) {
	r.v, r.work, r.members, r.over = v, 0, 0, false
	r.open("", data, 1)
	r.v = nil
	return r.work, r.members > 0
}

// Weights of a byte that is unpacked, by how long it takes.
const (
	weightFast = 1 // deflate, zstd, copies
	weightSlow = 6 // bzip2, lzma, rar
)

// meter counts what is unpacked from a stream against the budget.
type meter struct {
	r      *Reader
	in     io.Reader
	packed *int64 // read so far of what it is unpacked from; nil: it is not packed
	out    int64
	weight int64
}

func (m *meter) Read(p []byte) (int, error) {
	if m.r.over || m.r.work >= m.r.Bytes {
		m.r.over = true
		return 0, errBudget
	}
	if m.packed != nil && m.out > 1<<20 && m.out > m.r.Ratio**m.packed {
		return 0, errRatio
	}
	if most := (m.r.Bytes-m.r.work)/m.weight + 1; int64(len(p)) > most {
		p = p[:most]
	}
	n, err := m.in.Read(p)
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
	format := Sniff(data)
	switch {
	case format == None:
		r.v.Text(name, data)
	case format == SevenZip:
		r.v.Skipped(name, Unsupported, unsupported7z)
	case depth > r.Depth:
		r.tooDeep(name)
		r.v.Text(name, data)
	case format == Zip:
		r.zip(name, data, depth)
	case format == Rar:
		r.rar(name, data, depth)
	default:
		r.stream(name, format, bufio.NewReaderSize(bytes.NewReader(data), sniffLen), depth)
	}
}

// openStream reads a member that comes as a stream.
func (r *Reader) openStream(name string, in io.Reader, depth int) {
	b := bufio.NewReaderSize(in, 4<<10)
	head, _ := b.Peek(sniffLen)
	format := Sniff(head)
	if format == SevenZip {
		r.v.Skipped(name, Unsupported, unsupported7z)
		return
	}
	if format == None || depth > r.Depth {
		if format != None {
			r.tooDeep(name)
		}
		data, err := r.readLeaf(b)
		if len(data) > 0 || err == nil {
			r.v.Text(name, data)
		}
		r.failed(name, err)
		return
	}
	if format != Zip && format != Rar {
		r.stream(name, format, b, depth)
		return
	}
	// Such an archive is read from its end; of a part nothing could be.
	data, err := io.ReadAll(io.LimitReader(b, r.Member+1))
	if int64(len(data)) > r.Member {
		err = errMember(r.Member)
	}
	if err != nil {
		r.failed(name, err)
		return
	}
	r.open(name, data, depth)
}

// unsupported7z: the readers there are may take gigabytes for a file of a few bytes.
const unsupported7z = "7z archives are not opened"

// stream reads a tar or a compressed stream.
func (r *Reader) stream(name string, format Format, b *bufio.Reader, depth int) {
	if format == Tar {
		r.tar(name, b, depth)
		return
	}
	in := &counter{in: b}
	out, inner, err := r.decompressor(format, in)
	if err != nil {
		r.failed(name, err)
		return
	}
	weight := int64(weightFast)
	if format == Bzip2 || format == Xz {
		weight = weightSlow
	}
	inside := bufio.NewReaderSize(&meter{r: r, in: out, packed: &in.n, weight: weight}, 64<<10)
	head, err := inside.Peek(sniffLen)
	if len(head) == 0 && err != nil && !errors.Is(err, io.EOF) {
		r.failed(name, err)
		return
	}
	if Sniff(head) == Tar { // a .tgz is one archive
		r.tar(name, inside, depth)
		return
	}
	if !r.count(name) {
		return
	}
	r.openStream(join(name, inner), inside, depth+1)
}

// maxDictionary is the most memory a decoder may take.
const maxDictionary = 32 << 20

// decompressor returns the reader of a stream, and what the stream says it is called.
func (r *Reader) decompressor(format Format, in io.Reader) (out io.Reader, name string, err error) {
	switch format {
	case Gzip:
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, "", err
		}
		if z.Name == "" {
			return z, unnamed, nil
		}
		return z, path.Base(z.Name), nil
	case Bzip2:
		return bzip2.NewReader(in), unnamed, nil
	case Zstd:
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxDictionary))
		if err != nil {
			return nil, "", err
		}
		return z.IOReadCloser(), unnamed, nil
	case Xz:
		b := bufio.NewReaderSize(in, 64)
		if head, _ := b.Peek(24); xzDictionary(head) > maxDictionary {
			return nil, "", errDictionary
		}
		z, err := newXz(b)
		return guard{z}, unnamed, err
	}
	return nil, "", fmt.Errorf("no reader for %s", format)
}

// newXz is xz.NewReader, guarded.
func newXz(in io.Reader) (z *xz.Reader, err error) {
	defer guarded(&err)
	return xz.NewReader(in)
}

var errDictionary = errors.New("it needs more memory to be unpacked than is given")

// xzDictionary returns the size of the dictionary that the first block of an xz file asks for, which begins
// with the stream header (12 bytes), the block header's size and flags, optional sizes, and the filter.
func xzDictionary(head []byte) int64 {
	for i := 14; i+2 < len(head); i++ {
		if head[i] == 0x21 && head[i+1] == 1 { // LZMA2, one byte of properties
			bits := head[i+2] & 0x3F
			if bits > 40 {
				return 1 << 32
			}
			return int64(2|bits&1) << (bits/2 + 11)
		}
	}
	return 0
}

// tar reads the members of a tar.
func (r *Reader) tar(name string, in io.Reader, depth int) {
	tape := &tape{r: r, in: in}
	t := tar.NewReader(tape)
	sparse := "" // the sparse member before this one
	for !r.over {
		h, err := t.Next()
		if tape.running {
			r.sparse(join(name, sparse), tape, depth+1)
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
		if !r.count(name) {
			return
		}
		if isSparse(h) {
			sparse = h.Name
			tape.start()
			continue
		}
		r.openStream(join(name, h.Name), &meter{r: r, in: t, weight: weightFast}, depth+1)
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
		room := min(int64(n), t.r.Member-int64(len(t.kept)))
		t.kept = append(t.kept, p[:room]...)
		t.cut = t.cut || room < int64(n)
		t.r.work += int64(n) * weightFast
	}
	return n, err
}

// sparse reads a sparse member that is on the tape, without its holes.
func (r *Reader) sparse(name string, t *tape, depth int) {
	t.running = false
	if r.work >= r.Bytes {
		r.over = true
		r.failed(name, errBudget)
		return
	}
	if t.cut {
		r.failed(name, errMember(r.Member))
	}
	r.open(name, t.kept, depth)
}

// rar reads the members of a rar archive.
func (r *Reader) rar(name string, data []byte, depth int) {
	in := &counter{in: bytes.NewReader(data)}
	z, err := newRar(in)
	for err == nil && !r.over {
		var h *rardecode.FileHeader
		if h, err = nextRar(z); err != nil {
			break
		}
		switch {
		case h.IsDir:
			continue
		case h.Encrypted || h.HeaderEncrypted:
			r.members++
			r.v.Skipped(join(name, h.Name), Encrypted, "a password is needed")
			continue
		}
		if !r.count(name) {
			return
		}
		r.openStream(join(name, h.Name), &meter{r: r, in: guard{z}, packed: &in.n, weight: weightSlow}, depth+1)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		r.failed(name, err)
	}
}

// newRar is rardecode.NewReader, guarded.
func newRar(in io.Reader) (z *rardecode.Reader, err error) {
	defer guarded(&err)
	return rardecode.NewReader(in, rardecode.MaxDictionarySize(maxDictionary))
}

// count counts a member of the archive named so, and reports whether it may be read.
func (r *Reader) count(name string) bool {
	if r.over {
		return false
	}
	if r.members++; r.members > r.Members {
		r.over = true
		r.v.Skipped(name, Limit, fmt.Sprintf("only the first %d members were read", r.Members))
		return false
	}
	return true
}

type errMember int64

func (e errMember) Error() string {
	return fmt.Sprintf("of a member no more than %d bytes are read", int64(e))
}

// readLeaf reads a member, as far as members are read. The data is valid until the next call.
func (r *Reader) readLeaf(in io.Reader) ([]byte, error) {
	r.leaf = r.leaf[:0]
	for {
		if len(r.leaf) == cap(r.leaf) {
			r.leaf = append(r.leaf, 0)[:len(r.leaf)]
		}
		most := min(cap(r.leaf), int(r.Member)+1)
		n, err := in.Read(r.leaf[len(r.leaf):most])
		r.leaf = r.leaf[:len(r.leaf)+n]
		if int64(len(r.leaf)) > r.Member {
			r.leaf = r.leaf[:r.Member]
			return r.leaf, errMember(r.Member)
		}
		if errors.Is(err, io.EOF) {
			return r.leaf, nil
		}
		if err != nil {
			return r.leaf, err
		}
	}
}

func (r *Reader) tooDeep(name string) {
	r.v.Skipped(name, Limit, fmt.Sprintf("archives are opened %d deep", r.Depth))
}

// failed tells what went wrong with a member, if something did.
func (r *Reader) failed(name string, err error) {
	var member errMember
	switch {
	case err == nil:
	case r.over:
		r.v.Skipped(name, Limit, errBudget.Error())
	case errors.Is(err, rardecode.ErrArchiveEncrypted), errors.Is(err, rardecode.ErrArchivedFileEncrypted):
		r.v.Skipped(name, Encrypted, "a password is needed")
	case errors.Is(err, errBudget), errors.Is(err, errRatio), errors.Is(err, errDictionary), errors.Is(err, rardecode.ErrDictionaryTooLarge), errors.Is(err, zstd.ErrWindowSizeExceeded), errors.As(err, &member):
		r.v.Skipped(name, Limit, err.Error())
	default:
		r.v.Skipped(name, Broken, "cannot be unpacked")
	}
}
