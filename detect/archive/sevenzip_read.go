package archive

import (
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"io"
	"math"

	"github.com/ulikunitz/xz/lzma"
)

// The methods of coders. What is missing, above all PPMd and BCJ2, is told as unsupported.
const (
	sevenCopy    = 0x00
	sevenDelta   = 0x03
	sevenLZMA    = 0x030101
	sevenLZMA2   = 0x21
	sevenDeflate = 0x040108
	sevenBzip2   = 0x040202
	sevenZstd    = 0x04F71101
	sevenAES     = 0x06F10701
)

// isBranchFilter reports whether a method rewrites addresses in machine code and leaves all else as it is. It is not
// undone: text has no such instructions.
func isBranchFilter(method uint64) bool {
	switch method {
	case 4, 5, 6, 7, 8, 9, 0xA, 0xB, // x86, PowerPC, Itanium, ARM, Thumb, SPARC, ARM64, RISC-V
		0x03030103, 0x03030205, 0x03030401, 0x03030501, 0x03030701, 0x03030805: // their older numbers
		return true
	}
	return false
}

// maxPackedHeaders is how often a header may be packed. Once is usual.
const maxPackedHeaders = 3

// sevenZip reads the members of a 7z archive.
func (r *Reader) sevenZip(name string, data []byte, depth int) {
	header, err := sevenHeaderOf(data)
	for range maxPackedHeaders {
		if err != nil || len(header) == 0 || header[0] != sevenPackedHeader {
			break
		}
		if header, err = r.unpackSevenHeader(data, header); err == nil {
			r.held += int64(len(header))
			defer func(n int) { r.held -= int64(n) }(len(header))
		}
	}
	if err != nil {
		r.failed(name, err)
		return
	}
	if len(header) == 0 { // an empty archive
		return
	}
	c := &sevenCursor{data: header}
	c.expect(sevenHeader)
	var streams sevenStreams
	var files sevenFileList
	for id := c.byte(); id != sevenEnd && !c.failed; id = c.byte() {
		switch id {
		case sevenProperties:
			for c.byte() != sevenEnd && !c.failed {
				c.take(c.number())
			}
		case sevenAdditional:
			c.streams()
		case sevenMain:
			streams = c.streams()
		case sevenFiles:
			files = c.files()
		default:
			c.failed = true
		}
	}
	if c.failed {
		r.failed(name, errSeven)
		return
	}
	w := sevenWalk{r: r, name: name, depth: depth, data: data, streams: streams, files: files, at: streams.position}
	w.walk()
}

// unpackSevenHeader returns what a packed header unpacks to.
func (r *Reader) unpackSevenHeader(data, header []byte) ([]byte, error) {
	c := &sevenCursor{data: header[1:]}
	s := c.streams()
	if c.failed || s.nFolders != 1 {
		return nil, errSeven
	}
	w := sevenWalk{r: r, data: data, streams: s, at: s.position}
	f := w.folder()
	if w.failed() {
		return nil, errSeven
	}
	if f.size > maxSevenHeader {
		return nil, errMemory
	}
	in, release, err := r.sevenFolder(f)
	if err != nil {
		return nil, err
	}
	defer release()
	return r.whole(in)
}

// sevenWalk goes through the folders of an archive and its files, both of which stand in the same order.
type sevenWalk struct {
	r       *Reader
	name    string
	depth   int
	data    []byte
	streams sevenStreams
	files   sevenFileList
	at      int64 // the next packed stream, from the end of the signature header
}

// sevenPacked is a folder with what it unpacks.
type sevenPacked struct {
	sevenFolderInfo
	packed []byte
	sizes  []int64 // of what each coder gives
	size   int64   // of what the folder gives
}

func (w *sevenWalk) failed() bool {
	s := &w.streams
	return s.folders.failed || s.unpacked.failed || s.packs.failed || s.counts.failed || s.fileSizes.failed
}

// folder reads the next folder.
func (w *sevenWalk) folder() sevenPacked {
	s := &w.streams
	f := sevenPacked{sevenFolderInfo: s.folders.folder()}
	for range f.outs {
		f.sizes = append(f.sizes, s.unpacked.size())
	}
	if f.end < len(f.sizes) {
		f.size = f.sizes[f.end]
	}
	body := w.data[sevenStart:]
	for i := range f.packs {
		size := s.packs.size()
		if w.at > int64(len(body)) || size > int64(len(body))-w.at {
			s.packs.failed = true
		}
		if s.packs.failed {
			break
		}
		if i == 0 {
			f.packed = body[w.at : w.at+size]
		}
		w.at += size
	}
	return f
}

func (w *sevenWalk) walk() {
	for range w.streams.nFolders {
		f := w.folder()
		n := 1
		if w.streams.counted {
			n = w.streams.counts.smallNumber(w.files.n)
		}
		if w.failed() {
			w.r.failed(w.name, errSeven)
			return
		}
		if n > 0 && !w.members(f, n) {
			return
		}
	}
	for {
		if _, ok := w.nextFile(); !ok {
			return
		}
	}
}

// nextFile returns the name of the next file that has a stream. Those before it are empty.
func (w *sevenWalk) nextFile() (name string, ok bool) {
	for !w.r.over {
		f, ok := w.files.next()
		if !ok {
			return "", false
		}
		name := join(w.name, f.name)
		switch {
		case !f.empty:
			return name, true
		case f.file && w.r.count(w.name, name):
			w.r.v.Text(name, Piece{})
		}
	}
	return "", false
}

// members reads the n files of a folder. It returns false if nothing more can be read of the archive.
func (w *sevenWalk) members(f sevenPacked, n int) bool {
	r := w.r
	in, release, unreadable := r.sevenFolder(f)
	if unreadable == nil {
		defer release()
	}
	stream := &failing{in: in}
	left := f.size
	for i := range n {
		size := left
		if i < n-1 {
			size = w.streams.fileSizes.size()
		}
		name, ok := w.nextFile()
		if left -= size; !ok || left < 0 || w.failed() {
			if !r.over {
				r.failed(w.name, errSeven)
			}
			return false
		}
		if !r.count(w.name, name) {
			return false
		}
		if unreadable != nil {
			r.failed(name, unreadable)
			continue
		}
		if stream.err != nil { // it was told of the member before
			continue
		}
		part := &io.LimitedReader{R: stream, N: size}
		r.openStream(name, part, w.depth+1)
		if _, err := io.Copy(io.Discard, part); err == nil && part.N > 0 {
			stream.err = io.ErrUnexpectedEOF
			r.failed(name, stream.err)
		}
	}
	return true
}

// failing is a stream that stays failed.
type failing struct {
	in  io.Reader
	err error
}

func (f *failing) Read(p []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	n, err := f.in.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

var errPassword = errors.New(needsPassword)

// sevenFolder returns the reader of what a folder unpacks to, and what to call when it was read. All that a coder gives
// counts as work.
func (r *Reader) sevenFolder(f sevenPacked) (out io.Reader, release func(), err error) {
	var releases []func()
	release = func() {
		for _, release := range releases {
			release()
		}
	}
	in := &counter{in: bytes.NewReader(f.packed)}
	out = in
	if f.chain == nil {
		return nil, nil, errMethod
	}
	for _, c := range f.chain {
		next, weight, done, err := r.sevenCoder(c, f.sizes[c.number], out)
		if err != nil {
			release()
			return nil, nil, err
		}
		releases = append(releases, done)
		out = io.LimitReader(&meter{r: r, in: guard{next}, packed: &in.n, weight: weight}, f.sizes[c.number])
	}
	return out, release, nil
}

// sevenCoder returns the reader of what a coder unpacks to, which is size bytes long.
func (r *Reader) sevenCoder(c sevenCoder, size int64, in io.Reader) (out io.Reader, weight int64, done func(), err error) {
	nothing := func() {}
	switch {
	case c.method == sevenCopy || isBranchFilter(c.method):
		return in, weightFast, nothing, nil
	case c.method == sevenDelta && len(c.properties) == 1:
		return &undelta{in: in, distance: int(c.properties[0]) + 1}, weightFast, nothing, nil
	case c.method == sevenDeflate:
		z := r.takeInflater(in)
		return z, weightFast, func() { r.putInflater(z) }, nil
	case c.method == sevenBzip2:
		return bzip2.NewReader(in), weightSlow, nothing, nil
	case c.method == sevenZstd:
		z, done, err := r.newZstd(in)
		return z, weightFast, done, err
	case c.method == sevenLZMA && len(c.properties) == 5:
		return r.lzma(c.properties, size, false, in)
	case c.method == sevenLZMA2 && len(c.properties) == 1:
		return r.withDictionary(lzma2Dictionary(c.properties[0]), size, func(dictionary int64) (io.Reader, error) {
			return newLZMA2(in, dictionary)
		})
	case c.method == sevenAES:
		return nil, 0, nil, errPassword
	}
	return nil, 0, nil, errMethod
}

// lzma makes the reader of a stream of LZMA with its five bytes of properties. Where it ends is known by the size, or stands in it
// too.
func (r *Reader) lzma(properties []byte, size int64, ended bool, in io.Reader) (io.Reader, int64, func(), error) {
	return r.withDictionary(int64(binary.LittleEndian.Uint32(properties[1:])), size, func(dictionary int64) (io.Reader, error) {
		length := uint64(size)
		if ended {
			length = math.MaxUint64
		}
		// The reader is for files, which begin with these 13 bytes.
		head := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint32(properties[:1:1], uint32(dictionary)), length)
		return newLZMA(io.MultiReader(bytes.NewReader(head), in))
	})
}

// withDictionary makes the reader of a coder with a dictionary. It needs no more of it than there is text.
func (r *Reader) withDictionary(dictionary, size int64, open func(dictionary int64) (io.Reader, error)) (io.Reader, int64, func(), error) {
	dictionary = max(min(dictionary, size), lzma.MinDictCap)
	release, err := r.holdDictionary(dictionary)
	if err != nil {
		return nil, 0, nil, err
	}
	out, err := open(dictionary)
	if err != nil {
		release()
		return nil, 0, nil, err
	}
	return out, weightSlow, release, nil
}

// newLZMA is lzma.NewReader, guarded.
func newLZMA(in io.Reader) (z *lzma.Reader, err error) {
	defer guarded(&err)
	return lzma.NewReader(in)
}

// newLZMA2 is the same for LZMA2.
func newLZMA2(in io.Reader, dictionary int64) (z *lzma.Reader2, err error) {
	defer guarded(&err)
	return lzma.Reader2Config{DictCap: int(dictionary)}.NewReader2(in)
}
