package index

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// build writes an index without checksum.
func build(version uint32, hashLen int, paths ...string) []byte {
	data := binary.BigEndian.AppendUint32([]byte("DIRC"), version)
	data = binary.BigEndian.AppendUint32(data, uint32(len(paths)))
	before := ""
	for _, p := range paths {
		start := len(data)
		data = append(data, make([]byte, statLen)...)
		binary.BigEndian.PutUint32(data[start+modeAt:], 0o100644)
		data = append(data, bytes.Repeat([]byte{1}, hashLen)...)
		data = binary.BigEndian.AppendUint16(data, uint16(min(len(p), flagNameLen)))
		if version == 4 {
			data = append(data, byte(len(before))) // all of it is cut
			data = append(append(data, p...), 0)
			before = p
			continue
		}
		data = append(data, p...)
		data = append(data, make([]byte, 8-(len(data)-start)%8)...)
	}
	return append(data, make([]byte, hashLen)...)
}

func FuzzIndex(f *testing.F) {
	for _, hashLen := range []int{20, 32} {
		f.Add(build(2, hashLen, "a", "a/b", "c"), hashLen == 32)
		f.Add(build(4, hashLen, "a", "a/b", "c"), hashLen == 32)
		ext := build(3, hashLen, "a")
		ext = append(ext[:len(ext)-hashLen], "TREE\x00\x00\x00\x1a\x001 0\n"...)
		f.Add(append(append(ext, bytes.Repeat([]byte{7}, 20)...), make([]byte, hashLen)...), hashLen == 32)
	}
	f.Fuzz(func(t *testing.T, data []byte, sha256 bool) {
		hashLen := 20
		if sha256 {
			hashLen = 32
		}
		if len(data) > hashLen { // otherwise the checksum ends it all
			clear(data[len(data)-hashLen:])
		}
		parsed, err := parse(data, hashLen)
		if err != nil {
			return
		}
		total := 0
		for i, e := range parsed.entries {
			total += len(e.path)
			if len(e.path) == 0 || len(e.id) != hashLen || bytes.IndexByte(e.path, 0) >= 0 {
				t.Fatalf("entry %d: %q %x", i, e.path, e.id)
			}
			if i > 0 && bytes.Compare(parsed.entries[i-1].path, e.path) > 0 {
				t.Fatalf("%q after %q", e.path, parsed.entries[i-1].path)
			}
		}
		if total > maxRatio*len(data) {
			t.Fatalf("%d bytes of paths from %d bytes", total, len(data))
		}
	})
}

// A small version 4 index whose paths grow with every entry is refused before it fills the memory.
func TestPathBomb(t *testing.T) {
	data := build(4, 20)
	data = data[:headerLen]
	const count = 20_000
	binary.BigEndian.PutUint32(data[8:], count)
	for range count {
		start := len(data)
		data = append(data, make([]byte, statLen+20+2)...)
		binary.BigEndian.PutUint32(data[start+modeAt:], 0o100644)
		data = append(data, 0, 'a', 0) // cut nothing, add a letter
	}
	data = append(data, make([]byte, 20)...)
	if _, err := parse(data, 20); err == nil {
		t.Error("no error")
	}
}
