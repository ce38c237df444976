package archive

import (
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"io"
	"strings"

	"github.com/klauspost/compress/flate"
)

// The zip format, as far as it is needed: a directory at the end names each member and where its local header
// stands, behind which is its data. It is read entry by entry, since a directory of a million entries costs
// its author fifty megabytes and nothing at all once it is packed itself.
const (
	zipEnd       = "PK\x05\x06"
	zipEnd64     = "PK\x06\x06"
	zipLocate64  = "PK\x06\x07"
	zipEntry     = "PK\x01\x02"
	zipLocal     = "PK\x03\x04"
	zipSigned    = "PK\x05\x05" // a signature of the directory, at its end
	zipEndLen    = 22
	zipEntryLen  = 46
	zipLocalLen  = 30
	zipCommentIn = 1<<16 + zipEndLen // where the end record may begin, from the end
)

// The methods of compression.
const (
	zipStored  = 0
	zipDeflate = 8
	zipBzip2   = 12
	zipLZMA    = 14
	zipZstd    = 93
	zipXz      = 95
)

var errZip = errors.New("no zip directory")

// zipMember is an entry of the directory.
type zipMember struct {
	name      string
	method    uint16
	encrypted bool
	ended     bool // LZMA: what is packed says where it ends
	packed    int64
	unpacked  int64
	local     int64 // where its local header stands
}

// zip reads the members of a zip archive.
func (r *Reader) zip(name string, data []byte, depth int) {
	dir, base, err := zipDirectory(data)
	if err != nil {
		r.failed(name, err)
		return
	}
	if m, _, ok := parseZipEntry(dir); ok && isProgram(data) {
		if start := m.local + base; start > 0 && start < int64(len(data)) {
			r.textOf(name, data[:start])
		}
	}
	read := int64(0)
	for len(dir) > 0 && !r.over {
		m, n, ok := parseZipEntry(dir)
		if !ok {
			if !bytes.HasPrefix(dir, []byte(zipSigned)) {
				r.v.Skipped(name, Broken, "its directory is damaged")
			}
			return
		}
		dir = dir[n:]
		if strings.HasSuffix(m.name, "/") {
			continue
		}
		inner := join(name, m.name)
		if !r.count(name, inner) {
			return
		}
		if m.encrypted {
			r.v.Skipped(inner, Encrypted, needsPassword)
			continue
		}
		packed, ok := m.data(data, base)
		if !ok {
			r.v.Skipped(inner, Broken, "its data is not in the archive")
			continue
		}
		// Entries that share their data are a bomb: the data of all of them is no more than there is.
		if read += int64(len(packed)); read > int64(len(data)) {
			r.over = true
			r.v.Skipped(name, Limit, "members share their data")
			return
		}
		r.zipMember(inner, &m, packed, depth+1)
	}
}

func (r *Reader) zipMember(name string, m *zipMember, packed []byte, depth int) {
	in := &counter{in: bytes.NewReader(packed)}
	out := &meter{r: r, packed: &in.n, weight: weightFast}
	switch m.method {
	case zipStored:
		r.work += int64(len(packed))
		r.open(name, packed, depth)
		return
	case zipDeflate:
		z := r.takeInflater(in)
		defer r.putInflater(z)
		out.in = z
	case zipBzip2:
		out.in, out.weight = bzip2.NewReader(in), weightSlow
	case zipZstd:
		z, release, err := r.newZstd(in)
		if err != nil {
			r.failed(name, err)
			return
		}
		defer release()
		out.in = z
	case zipXz:
		z := newXz(r, in)
		defer z.close()
		out.in, out.weight = guard{z}, weightSlow
	case zipLZMA:
		z, release, err := r.zipLZMA(m, in)
		if err != nil {
			r.failed(name, err)
			return
		}
		defer release()
		out.in, out.weight = guard{z}, weightSlow
	default:
		r.failed(name, errMethod)
		return
	}
	r.openStream(name, out, depth)
}

// zipLZMA returns the reader of a member that is packed by LZMA: behind two bytes of a version and the length of the
// properties stand these, and then what is packed.
func (r *Reader) zipLZMA(m *zipMember, in io.Reader) (out io.Reader, release func(), err error) {
	const size = 5
	head := make([]byte, 4+size)
	if _, err := io.ReadFull(in, head); err != nil {
		return nil, nil, err
	}
	if binary.LittleEndian.Uint16(head[2:]) != size || m.unpacked < 0 {
		return nil, nil, errMethod
	}
	out, _, release, err = r.lzma(head[4:], m.unpacked, m.ended, in)
	return out, release, err
}

// takeInflater returns a reader of a deflate stream. A member may be an archive of which members are
// inflated meanwhile.
func (r *Reader) takeInflater(in io.Reader) io.ReadCloser {
	if n := len(r.inflaters); n > 0 {
		z := r.inflaters[n-1]
		r.inflaters = r.inflaters[:n-1]
		if reset, ok := z.(flate.Resetter); ok && reset.Reset(in, nil) == nil {
			return z
		}
	}
	return flate.NewReader(in)
}

func (r *Reader) putInflater(z io.ReadCloser) { r.inflaters = append(r.inflaters, z) }

// zipDirectory returns the directory of a zip archive, and where the offsets in it count from: data may stand
// before an archive.
func zipDirectory(data []byte) (dir []byte, base int64, err error) {
	tail := data[max(0, len(data)-zipCommentIn):]
	at := bytes.LastIndex(tail, []byte(zipEnd))
	if at < 0 || len(tail)-at < zipEndLen {
		return nil, 0, errZip
	}
	end := int64(len(data) - len(tail) + at)
	record := tail[at:]
	size := int64(binary.LittleEndian.Uint32(record[12:]))
	offset := int64(binary.LittleEndian.Uint32(record[16:]))
	if at64 := end - 20; (size == 1<<32-1 || offset == 1<<32-1) && at64 >= 0 && string(data[at64:at64+4]) == zipLocate64 {
		place := binary.LittleEndian.Uint64(data[at64+8:])
		if place <= uint64(len(data)) && int64(len(data))-int64(place) >= 56 && string(data[place:place+4]) == zipEnd64 {
			size, offset = int64(binary.LittleEndian.Uint64(data[place+40:])), int64(binary.LittleEndian.Uint64(data[place+48:]))
			end = int64(place)
		}
	}
	if size < 0 || offset < 0 || size > end || offset > end-size {
		return nil, 0, errZip
	}
	return data[end-size : end], end - size - offset, nil
}

// parseZipEntry reads the first entry of a directory, and returns how long it is.
func parseZipEntry(dir []byte) (m zipMember, n int, ok bool) {
	if len(dir) < zipEntryLen || string(dir[:4]) != zipEntry {
		return m, 0, false
	}
	nameLen, extraLen, commentLen := int(binary.LittleEndian.Uint16(dir[28:])), int(binary.LittleEndian.Uint16(dir[30:])), int(binary.LittleEndian.Uint16(dir[32:]))
	if n = zipEntryLen + nameLen + extraLen + commentLen; n > len(dir) {
		return m, 0, false
	}
	m = zipMember{
		name:      string(dir[zipEntryLen : zipEntryLen+nameLen]),
		method:    binary.LittleEndian.Uint16(dir[10:]),
		encrypted: dir[8]&1 != 0,
		ended:     dir[8]&2 != 0,
		packed:    int64(binary.LittleEndian.Uint32(dir[20:])),
		unpacked:  int64(binary.LittleEndian.Uint32(dir[24:])),
		local:     int64(binary.LittleEndian.Uint32(dir[42:])),
	}
	m.long(dir[zipEntryLen+nameLen : zipEntryLen+nameLen+extraLen])
	return m, n, true
}

// long reads the sizes of more than 32 bits from the extra fields: of those that do not fit into the
// entry, in this order.
func (m *zipMember) long(extra []byte) {
	for len(extra) >= 4 {
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if extra = extra[4:]; n > len(extra) {
			return
		}
		if id == 1 {
			field := extra[:n]
			for _, n := range []*int64{&m.unpacked, &m.packed, &m.local} {
				if *n == 1<<32-1 && len(field) >= 8 {
					*n = int64(binary.LittleEndian.Uint64(field))
					field = field[8:]
				}
			}
		}
		extra = extra[n:]
	}
}

// data returns the packed data of a member.
func (m *zipMember) data(archive []byte, base int64) ([]byte, bool) {
	size := int64(len(archive))
	at := m.local + base
	if m.local < 0 || base < 0 || at < 0 || at > size-zipLocalLen || string(archive[at:at+4]) != zipLocal {
		return nil, false
	}
	at += zipLocalLen + int64(binary.LittleEndian.Uint16(archive[at+26:])) + int64(binary.LittleEndian.Uint16(archive[at+28:]))
	if m.packed < 0 || at > size || m.packed > size-at {
		return nil, false
	}
	return archive[at : at+m.packed], true
}
