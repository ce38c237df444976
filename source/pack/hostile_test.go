package pack

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"hash/adler32"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/straykey/straykey/source"
)

// rawEntry is a pack entry that git would perhaps not write.
type rawEntry struct {
	id    ID
	bytes []byte
}

// idOf returns the id of an object.
func idOf(t Type, content string) ID {
	sum := sha1.Sum(fmt.Appendf(nil, "%s %d\x00%s", t, len(content), content))
	return ID(sum[:])
}

// deflate makes a zlib stream of one stored block (RFC 1950, RFC 1951 §3.2.4), for tests that need many.
func deflate(content []byte) []byte {
	n := uint16(len(content))
	b := binary.LittleEndian.AppendUint16([]byte{0x78, 0x01, 0x01}, n)
	b = append(binary.LittleEndian.AppendUint16(b, ^n), content...)
	return binary.BigEndian.AppendUint32(b, adler32.Checksum(content))
}

// entryStart is the header of an entry: kind and size.
func entryStart(kind uint8, size int64) []byte {
	b := []byte{kind<<4 | byte(size&15)}
	for size >>= 4; size > 0; size >>= 7 {
		b[len(b)-1] |= 0x80
		b = append(b, byte(size&0x7f))
	}
	return b
}

func wholeEntry(content string) []byte {
	return append(entryStart(uint8(Blob), int64(len(content))), deflate([]byte(content))...)
}

// entryOver is the start of an object just over a limit, with as many bytes as it could be packed in.
func entryOver(limit int) []byte {
	return append(entryStart(uint8(Blob), int64(limit)+1), make([]byte, limit/1000)...)
}

func refEntry(base ID, d []byte) []byte {
	return slices.Concat(entryStart(refDelta, int64(len(d))), []byte(base), deflate(d))
}

// ofsEntry has its base back bytes before it.
func ofsEntry(back int, d []byte) []byte {
	distance := []byte{byte(back & 0x7f)}
	for back >>= 7; back > 0; back >>= 7 {
		back--
		distance = append([]byte{0x80 | byte(back&0x7f)}, distance...)
	}
	return slices.Concat(entryStart(ofsDelta, int64(len(d))), distance, deflate(d))
}

// deltaOf is a delta with the given sizes and instructions.
func deltaOf(base, result int, ops ...byte) []byte {
	d := binary.AppendUvarint(nil, uint64(base))
	return append(binary.AppendUvarint(d, uint64(result)), ops...)
}

// packBytes makes a pack and its index, version 2, of entries.
func packBytes(entries []rawEntry) (pack, idx []byte) {
	pack = binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), uint32(len(entries)))
	type row struct {
		id       ID
		off, crc uint32
	}
	var rows []row
	for _, e := range entries {
		rows = append(rows, row{e.id, uint32(len(pack)), crc32.ChecksumIEEE(e.bytes)})
		pack = append(pack, e.bytes...)
	}
	sum := sha1.Sum(pack)
	pack = append(pack, sum[:]...)

	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(string(a.id), string(b.id)) })
	idx = append(bytes.Clone(idxMagic), 0, 0, 0, 2)
	for i := range 256 {
		n := 0
		for _, r := range rows {
			if int(r.id[0]) <= i {
				n++
			}
		}
		idx = binary.BigEndian.AppendUint32(idx, uint32(n))
	}
	for _, r := range rows {
		idx = append(idx, r.id...)
	}
	for _, r := range rows {
		idx = binary.BigEndian.AppendUint32(idx, r.crc)
	}
	for _, r := range rows {
		idx = binary.BigEndian.AppendUint32(idx, r.off)
	}
	idx = append(idx, sum[:]...)
	sum = sha1.Sum(idx)
	return pack, append(idx, sum[:]...)
}

// hostileStore opens a store of packs made of the given entries.
func hostileStore(t *testing.T, o Options, packs ...[]rawEntry) *Store {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "pack"), 0o755); err != nil {
		t.Fatal(err)
	}
	for i, entries := range packs {
		pack, idx := packBytes(entries)
		for ext, content := range map[string][]byte{".pack": pack, ".idx": idx} {
			if err := os.WriteFile(filepath.Join(dir, "pack", fmt.Sprintf("pack-%d%s", i, ext)), content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	s := openStore(t, dir, o)
	if p := s.Problems(); len(p) > 0 {
		t.Fatalf("problems: %v", p)
	}
	return s
}

func TestHostilePacks(t *testing.T) {
	const text = "some content to build on"
	const limit = 2 << 20
	base, other := idOf(Blob, text), idOf(Blob, "other")
	copyAll := deltaOf(len(text), len(text), 0x90, byte(len(text)))
	fake := func(i int) ID { return ID(fmt.Sprintf("%020d", i)) }
	tests := []struct {
		name        string
		packs       [][]rawEntry
		wantRead    int
		wantSkipped int
		wantReason  source.Reason
	}{
		{"sound, twice in one pack", [][]rawEntry{{{base, wholeEntry(text)}, {base, wholeEntry(text)}}}, 1, 0, ""},
		{"delta of itself", [][]rawEntry{{{base, wholeEntry(text)}, {fake(1), refEntry(fake(1), copyAll)}}}, 1, 1, source.Corrupt},
		{"cycle", [][]rawEntry{{{fake(1), refEntry(fake(2), copyAll)}, {fake(2), refEntry(fake(3), copyAll)}, {fake(3), refEntry(fake(1), copyAll)}}}, 0, 3, source.Corrupt},
		{"cycle over two packs", [][]rawEntry{
			{{fake(1), refEntry(fake(2), copyAll)}},
			{{fake(2), refEntry(fake(1), copyAll)}},
		}, 0, 2, source.Corrupt},
		{"base in another pack", [][]rawEntry{
			{{other, refEntry(base, deltaOf(len(text), 5, append([]byte{5}, "other"...)...))}},
			{{base, wholeEntry(text)}},
		}, 2, 0, ""},
		{"base absent", [][]rawEntry{{{fake(1), refEntry(fake(2), copyAll)}}}, 0, 1, source.Absent},
		{"base is no entry", [][]rawEntry{{{base, wholeEntry(text)}, {fake(1), ofsEntry(3, copyAll)}}}, 1, 1, source.Corrupt},
		{"base before the pack", [][]rawEntry{{{fake(1), ofsEntry(100, copyAll)}}}, 0, 1, source.Corrupt},
		{"unknown types", [][]rawEntry{{{fake(1), append(entryStart(0, 1), deflate([]byte("x"))...)}, {fake(2), append(entryStart(5, 1), deflate([]byte("x"))...)}}}, 0, 2, source.Corrupt},
		{"size without end", [][]rawEntry{{{fake(1), bytes.Repeat([]byte{0xff}, 30)}}}, 0, 1, source.Corrupt},
		{"size too small", [][]rawEntry{{{fake(1), append(entryStart(3, 2), deflate([]byte("content"))...)}}}, 0, 1, source.Corrupt},
		{"size too large", [][]rawEntry{{{fake(1), append(entryStart(3, 20), deflate([]byte("content"))...)}}}, 0, 1, source.Corrupt},
		{"size of a bomb", [][]rawEntry{{{fake(1), append(entryStart(3, 1<<40), deflate([]byte("content"))...)}}}, 0, 1, source.Corrupt},
		{"size over the limit", [][]rawEntry{{{fake(1), entryOver(limit)}}}, 0, 1, source.TooLarge},
		{"delta result is a lie", [][]rawEntry{{{base, wholeEntry(text)}, {fake(1), refEntry(base, deltaOf(len(text), 1<<30, 0x90, 1))}}}, 1, 1, source.TooLarge},
		{"delta result is a large lie that others need", [][]rawEntry{{
			{base, wholeEntry(text)},
			{fake(1), refEntry(base, deltaOf(len(text), 15<<17, 0x90, 1))},
			{fake(2), refEntry(fake(1), copyAll)},
		}}, 1, 2, source.Corrupt},
		{"delta of another base size", [][]rawEntry{{{base, wholeEntry(text)}, {fake(1), refEntry(base, deltaOf(3, 3, 0x90, 3))}}}, 1, 1, source.Corrupt},
		{"delta copies past its base", [][]rawEntry{{{base, wholeEntry(text)}, {fake(1), refEntry(base, deltaOf(len(text), 10, 0x91, 20, 10))}}}, 1, 1, source.Corrupt},
		{"delta inserts past its end", [][]rawEntry{{{base, wholeEntry(text)}, {fake(1), refEntry(base, deltaOf(len(text), 10, 10, 'x'))}}}, 1, 1, source.Corrupt},
		{"delta makes too much", [][]rawEntry{{{base, wholeEntry(text)}, {fake(1), refEntry(base, deltaOf(len(text), 1, 2, 'x', 'x'))}}}, 1, 1, source.Corrupt},
		{"delta makes too little", [][]rawEntry{{{base, wholeEntry(text)}, {fake(1), refEntry(base, deltaOf(len(text), 3, 2, 'x', 'x'))}}}, 1, 1, source.Corrupt},
		{"delta with a reserved instruction", [][]rawEntry{{{base, wholeEntry(text)}, {fake(1), refEntry(base, deltaOf(len(text), 1, 0))}}}, 1, 1, source.Corrupt},
		{"delta empty", [][]rawEntry{{{base, wholeEntry(text)}, {fake(1), refEntry(base, nil)}}}, 1, 1, source.Corrupt},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := hostileStore(t, Options{MaxObject: limit}, tt.packs...)
			for who, r := range map[string]*recorder{"Reader": read(t, s), "Walk": walk(t, s, WalkOptions{Want: allTypes})} {
				if len(r.contents) != tt.wantRead || len(r.skipped) != tt.wantSkipped {
					t.Errorf("%s: %d read, %v skipped: want %d and %d", who, len(r.contents), r.skipped, tt.wantRead, tt.wantSkipped)
				}
				for id, p := range r.skipped {
					if p.Reason != tt.wantReason {
						t.Errorf("%s: %s: %v, want %s", who, id, p, tt.wantReason)
					}
				}
			}
		})
	}
}

// TestDeepChain has as many deltas on one another as git would never write.
func TestDeepChain(t *testing.T) {
	const depth = 100000
	content := "0"
	entries := []rawEntry{{idOf(Blob, content), wholeEntry(content)}}
	for i := 1; i < depth; i++ {
		text := fmt.Sprint(i)
		d := deltaOf(len(content), len(text), append([]byte{byte(len(text))}, text...)...)
		entries = append(entries, rawEntry{idOf(Blob, text), ofsEntry(len(entries[i-1].bytes), d)})
		content = text
	}
	s := hostileStore(t, Options{}, entries)
	walked := walk(t, s, WalkOptions{Want: allTypes})
	if len(walked.contents) != depth || len(walked.skipped) > 0 || walked.maxLive > 2 {
		t.Errorf("%d visited, %d skipped, %d live: want %d, 0 and at most 2", len(walked.contents), len(walked.skipped), walked.maxLive, depth)
	}
	n, ok := s.Find(entries[depth-1].id)
	if !ok {
		t.Fatal("the last object is not there")
	}
	if _, data, err := s.NewReader().Read(n); err != nil || string(data) != content {
		t.Errorf("Read = %q, %v: want %q", data, err, content)
	}
}
