package pack

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/straykey/straykey/delta"
)

func FuzzIndex(f *testing.F) {
	_, idx := packBytes([]rawEntry{{idOf(Blob, "a"), wholeEntry("a")}, {idOf(Blob, "b"), wholeEntry("b")}})
	f.Add(idx, false)
	f.Add(idx, true)
	f.Add(make([]byte, fanoutLen+40), false) // version 1, no objects
	f.Add([]byte{}, false)
	one := make([]byte, fanoutLen, fanoutLen+64)
	for i := 3; i < fanoutLen; i += 4 {
		one[i] = 1
	}
	f.Add(append(one, make([]byte, 64)...), false) // version 1, one object
	f.Fuzz(func(t *testing.T, data []byte, sha256 bool) {
		hashLen := 20
		if sha256 {
			hashLen = 32
		}
		x, err := parseIndex(data, hashLen)
		if err != nil {
			return
		}
		checkIndex(t, x)
	})
}

// checkIndex calls all methods for all objects.
func checkIndex(t *testing.T, x *index) {
	t.Helper()
	for i := range x.n {
		x.offset(i)
		if x.crcs != nil {
			x.crc(i)
		}
		if i > 0 && bytes.Compare(x.id(i-1), x.id(i)) > 0 {
			t.Fatalf("ids %d and %d are not in order", i-1, i)
		}
		if at, ok := x.find(x.id(i)); !ok || !bytes.Equal(x.id(at), x.id(i)) {
			t.Fatalf("id %d is not found", i)
		}
	}
}

// midxBytes makes a multi-pack-index by gitformat-pack(5), with 64-bit offsets for those of 2 GiB and more.
func midxBytes(packs []string, objects []midxObject) []byte {
	var names, fanout, ids, offsets, large []byte
	for _, p := range packs {
		names = append(append(names, p...), 0)
	}
	for i := range 256 {
		n := 0
		for _, o := range objects {
			if int(o.id[0]) <= i {
				n++
			}
		}
		fanout = binary.BigEndian.AppendUint32(fanout, uint32(n))
	}
	for _, o := range objects {
		ids = append(ids, o.id...)
		off := uint32(o.off)
		if o.off >= 1<<31 {
			off = 1<<31 | uint32(len(large)/8)
			large = binary.BigEndian.AppendUint64(large, o.off)
		}
		offsets = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(offsets, o.pack), off)
	}
	chunks := []struct {
		name string
		data []byte
	}{{"PNAM", names}, {"OIDF", fanout}, {"OIDL", ids}, {"OOFF", offsets}, {"LOFF", large}}
	b := []byte{'M', 'I', 'D', 'X', 1, 1, byte(len(chunks)), 0}
	b = binary.BigEndian.AppendUint32(b, uint32(len(packs)))
	at := uint64(len(b) + 12*(len(chunks)+1))
	for _, c := range chunks {
		b = binary.BigEndian.AppendUint64(append(b, c.name...), at)
		at += uint64(len(c.data))
	}
	b = binary.BigEndian.AppendUint64(append(b, 0, 0, 0, 0), at)
	for _, c := range chunks {
		b = append(b, c.data...)
	}
	return append(b, make([]byte, 20)...) // its own checksum is not read
}

type midxObject struct {
	id   ID
	pack uint32
	off  uint64
}

func TestMidx(t *testing.T) {
	objects := []midxObject{{idOf(Blob, "b"), 1, 12}, {idOf(Blob, "a"), 0, 5 << 30}}
	if objects[0].id > objects[1].id {
		objects[0], objects[1] = objects[1], objects[0]
	}
	m, err := parseMidx(midxBytes([]string{"pack-x.idx", "pack-y.idx"}, objects), 20)
	if err != nil {
		t.Fatal(err)
	}
	for number, name := range []string{"pack-x", "pack-y"} {
		x, ok := m.indexOf(name)
		if !ok || x.n != 1 {
			t.Fatalf("index of %s: %t, %+v", name, ok, x)
		}
		for _, o := range objects {
			i, ok := x.find([]byte(o.id))
			if ok != (int(o.pack) == number) {
				t.Errorf("%s in %s: %t", o.id, name, ok)
			}
			if !ok {
				continue
			}
			if off, ok := x.offset(i); !ok || off != o.off {
				t.Errorf("%s is at %d, %t: want %d", o.id, off, ok, o.off)
			}
		}
	}
	if _, ok := m.indexOf("pack-z"); ok {
		t.Error("there is an index of a pack that was not named")
	}
}

func FuzzMidx(f *testing.F) {
	f.Add(midxBytes([]string{"pack-x.idx"}, []midxObject{{idOf(Blob, "a"), 0, 12}}))
	f.Add(midxBytes([]string{"pack-x.idx", "pack-y.idx"}, []midxObject{{idOf(Blob, "a"), 1, 3 << 30}}))
	f.Add(midxBytes(nil, nil))
	f.Add([]byte("MIDX"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseMidx(data, 20)
		if err != nil {
			return
		}
		total := 0
		seen := map[string]bool{}
		for _, p := range m.packs {
			x, ok := m.indexOf(p)
			if !ok {
				t.Fatalf("no index of %q", p)
			}
			checkIndex(t, x)
			if !seen[p] {
				total += x.n
			}
			seen[p] = true
		}
		if total > m.all.n {
			t.Fatalf("%d objects in the packs, %d in all", total, m.all.n)
		}
	})
}

func FuzzEntryHeader(f *testing.F) {
	f.Add(wholeEntry("content"), uint64(12), false)
	f.Add(refEntry(idOf(Blob, "a"), []byte("delta")), uint64(100), false)
	f.Add(ofsEntry(5000, []byte("delta")), uint64(10000), true)
	f.Add(ofsEntry(5000, []byte("delta")), uint64(10), true)
	f.Add(bytes.Repeat([]byte{0xff}, 40), uint64(1)<<62, false)
	f.Add([]byte{0xe0, 0x80, 0x80}, uint64(1)<<62, false)
	f.Fuzz(func(t *testing.T, b []byte, off uint64, sha256 bool) {
		hashLen := 20
		if sha256 {
			hashLen = 32
		}
		h, err := parseEntryHeader(b, off, hashLen)
		if err != nil {
			return
		}
		if h.len < 1 || h.len > len(b) || h.size>>4 > uint64(len(b))*maxRatio {
			t.Fatalf("%+v of %d bytes", h, len(b))
		}
		switch h.kind {
		case ofsDelta:
			if h.base < packHeaderLen || h.base >= off {
				t.Fatalf("base at %d of an entry at %d", h.base, off)
			}
		case refDelta:
			if h.baseRef+hashLen != h.len {
				t.Fatalf("id of the base at %d, header of %d bytes", h.baseRef, h.len)
			}
		}
	})
}

// applySlowly is a delta applied by the letter of gitformat-pack(5).
func applySlowly(base, d []byte, limit int) ([]byte, bool) {
	baseSize, n := binary.Uvarint(d)
	if n <= 0 || n > 9 || baseSize != uint64(len(base)) {
		return nil, false
	}
	d = d[n:]
	size, n := binary.Uvarint(d)
	if n <= 0 || n > 9 || size > uint64(limit) {
		return nil, false
	}
	d = d[n:]
	out := []byte{}
	next := func() (c byte, ok bool) {
		if len(d) == 0 {
			return 0, false
		}
		c, d = d[0], d[1:]
		return c, true
	}
	for len(d) > 0 {
		op, _ := next()
		if op == 0 {
			return nil, false
		}
		if op < 0x80 {
			for range op {
				c, ok := next()
				if !ok {
					return nil, false
				}
				out = append(out, c)
			}
			continue
		}
		var arg [7]int
		for bit := range arg {
			if op>>bit&1 == 1 {
				c, ok := next()
				if !ok {
					return nil, false
				}
				arg[bit] = int(c)
			}
		}
		from := arg[0] | arg[1]<<8 | arg[2]<<16 | arg[3]<<24
		n := arg[4] | arg[5]<<8 | arg[6]<<16
		if n == 0 {
			n = 0x10000
		}
		if from+n > len(base) || len(out)+n > limit {
			return nil, false
		}
		out = append(out, base[from:from+n]...)
	}
	return out, uint64(len(out)) == size
}

func FuzzDelta(f *testing.F) {
	base := bytes.Repeat([]byte("0123456789abcdef"), 1<<13)
	f.Add(base[:100], deltaOf(100, 20, 0x91, 5, 10, 2, 'x', 'y', 0x90, 8))
	f.Add(base[:100], deltaOf(100, 20, 0x91, 5, 10, 0x91, 15, 10)) // two copies that are one run
	f.Add(base, deltaOf(len(base), 0x10000, 0x80))                 // a size of 0 means 64 KiB
	f.Add(base, deltaOf(len(base), 0x100, 0xa2, 1, 1))             // left out low bytes are 0
	f.Add(base, deltaOf(len(base), len(base), 0xc0, 2))
	f.Add([]byte{}, deltaOf(0, 1, 1, 'x'))
	f.Add([]byte("x"), deltaOf(1, 4<<20, 0x90, 1))
	f.Add([]byte{}, []byte{0, 0})
	forms := newCopyForms()
	f.Fuzz(func(t *testing.T, base, d []byte) {
		const limit = 4 << 20
		want, wantOK := applySlowly(base, d, limit)
		var got []byte
		var runs []delta.Run
		size, ops, err := forms.checkDelta(d, len(base), limit)
		if err == nil {
			got = make([]byte, size)
			runs, err = forms.apply(got, base, ops, nil)
		}
		if (err == nil) != wantOK {
			t.Fatalf("%x: %v, want it to be applied: %t", d, err, wantOK)
		}
		if err != nil {
			return
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("%x: %x, want %x", d, got, want)
		}
		checkRuns(t, Object{Data: got, Runs: runs}, base)
		if made, err := forms.resultLen(ops); err != nil || made != uint64(len(got)) {
			t.Fatalf("%x: resultLen %d, %v: want %d", d, made, err, len(got))
		}
	})
}
