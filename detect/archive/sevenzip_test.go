package archive

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/ulikunitz/xz/lzma"
)

// sevenWriter writes what headers of 7z archives are made of.
type sevenWriter struct{ bytes.Buffer }

func (w *sevenWriter) bytes(bs ...byte) *sevenWriter {
	_, _ = w.Write(bs)
	return w
}

// number writes a number in its longest form.
func (w *sevenWriter) number(n uint64) *sevenWriter {
	return w.bytes(0xFF).bytes(binary.LittleEndian.AppendUint64(nil, n)...)
}

// sevenFileOf puts a file together of packed streams and a header.
func sevenFileOf(packed, header []byte) []byte {
	start := binary.LittleEndian.AppendUint64(nil, uint64(len(packed)))
	start = binary.LittleEndian.AppendUint64(start, uint64(len(header)))
	start = binary.LittleEndian.AppendUint32(start, crc32.ChecksumIEEE(header))
	data := append([]byte(sevenSignature), 0, 4)
	data = binary.LittleEndian.AppendUint32(data, crc32.ChecksumIEEE(start))
	return append(append(append(data, start...), packed...), header...)
}

// sevenStreamsOf are the streams of one folder with one coder.
func sevenStreamsOf(packed int, coder []byte, sizes ...int64) []byte {
	var w sevenWriter
	total := int64(0)
	for _, n := range sizes {
		total += n
	}
	w.bytes(sevenPacks).number(0).number(1).bytes(sevenSizes).number(uint64(packed)).bytes(sevenEnd)
	w.bytes(sevenFolders, sevenFolder).number(1).bytes(0).bytes(coder...)
	w.bytes(sevenUnpacked).number(uint64(total)).bytes(sevenEnd)
	w.bytes(sevenSubstreams, sevenCounts).number(uint64(len(sizes)))
	if len(sizes) > 1 {
		w.bytes(sevenSizes)
		for _, n := range sizes[:len(sizes)-1] {
			w.number(uint64(n))
		}
	}
	return w.bytes(sevenEnd, sevenEnd).Bytes()
}

// sevenHeaderWith is the header of an archive with these streams and names.
func sevenHeaderWith(streams []byte, names ...string) []byte {
	var w, units sevenWriter
	for _, name := range names {
		for _, u := range append(utf16.Encode([]rune(name)), 0) {
			units.bytes(byte(u), byte(u>>8))
		}
	}
	w.bytes(sevenHeader, sevenMain).bytes(streams...)
	w.bytes(sevenFiles).number(uint64(len(names))).bytes(sevenNames).number(uint64(units.Len() + 1)).bytes(0).bytes(units.Bytes()...)
	return w.bytes(sevenEnd, sevenEnd).Bytes()
}

func coderCopy() []byte { return []byte{1, 0x01, sevenCopy} }

// coderLZMA2 is LZMA2 with the largest dictionary there is.
func coderLZMA2() []byte { return []byte{1, 0x21, sevenLZMA2, 1, 40} }

// sevenOf is an archive of files that are not compressed.
func sevenOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var packed []byte
	var names []string
	var sizes []int64
	for _, f := range files {
		packed, names, sizes = append(packed, f.data...), append(names, f.name), append(sizes, int64(len(f.data)))
	}
	return sevenFileOf(packed, sevenHeaderWith(sevenStreamsOf(len(packed), coderCopy(), sizes...), names...))
}

func lzma2Of(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := lzma.NewWriter2(&b)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(data)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The archives in testdata were made by 7-Zip 26.02 of the same files: 7z a NAME.7z -m0=METHOD ., with -ms=off, -p or
// -mhe=on where the name says so.
func TestSevenZip(t *testing.T) {
	all := []string{"conf/app.env: A=1\n", "conf/empty: ", "z.txt: 1\n2\n3\n4\n5\n6\n7\n8\n9\n10", "über.txt: first line\nsecond li"}
	const unknown, password = " skipped (3): it is compressed in a way that is not known", " skipped (1): a password is needed"
	each := func(suffix string) []string {
		return []string{"conf/app.env" + suffix, "conf/empty: ", "z.txt" + suffix, "über.txt" + suffix}
	}
	for name, want := range map[string][]string{
		"lzma2": all, "lzma": all, "deflate": all, "bzip2": all, "copy": all, "bcj": all, "delta": all, "nonsolid": all,
		"ppmd": each(unknown), "bcj2": each(unknown), "aes": each(password),
		"aesheader": {password},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata", name+".7z"))
			if err != nil {
				t.Fatal(err)
			}
			got := sorted(read(data, DefaultLimits()).all)
			if diff := cmp.Diff(sorted(want), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// What is damaged ends in a word about it: as much as can be read is.
func TestSevenZipDamaged(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "copy.7z"))
	if err != nil {
		t.Fatal(err)
	}
	one := lzma2Of(t, []byte("A=1"))
	twice := sevenOf(t, text("a", "A=1"), text("b", "B=2"))
	short := sevenFileOf([]byte("A=1"), sevenHeaderWith(sevenStreamsOf(3, coderCopy(), 3, 5), "a", "b"))
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"cut off", data[:len(data)-3], " skipped (2)"},
		{"in the header", flip(data, len(data)-5), " skipped (2)"},
		{"in the signature header", flip(data, 14), " skipped (2)"},
		{"in the checksum", flip(data, 8), " skipped (2)"},
		{"a dictionary beyond all memory, and not needed", sevenFileOf(one, sevenHeaderWith(sevenStreamsOf(len(one), coderLZMA2(), 3), "a")), "a: A=1"},
		{"short stream", short, "a: A=1|b: |b skipped (2)"},
		{"no damage", twice, "a: A=1|b: B=2"},
	} {
		got := strings.ReplaceAll(strings.Join(read(tt.data, DefaultLimits()).all, "|"), ": cannot be unpacked", "")
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func flip(data []byte, at int) []byte {
	data = bytes.Clone(data)
	data[at] ^= 0x55
	return data
}

// A few bytes that ask for gigabytes are refused before they get them.
func TestSevenZipBombs(t *testing.T) {
	zeros := lzma2Of(t, make([]byte, 64<<20))
	packedHeader := func(coder []byte, packed []byte, size int64) []byte {
		return sevenFileOf(packed, append([]byte{sevenPackedHeader}, sevenStreamsOf(len(packed), coder, size)...))
	}
	var many sevenWriter
	many.bytes(sevenHeader, sevenFiles).number(4 << 20).bytes(bytes.Repeat([]byte{0}, 8<<20)...)
	huge := sevenHeaderWith(sevenStreamsOf(len(zeros), coderLZMA2(), 64<<20), "zeros")
	chain := []byte{2, 0x21, sevenLZMA2, 1, 40, 0x21, sevenLZMA2, 1, 40, 1, 0}
	var twice sevenWriter
	twice.bytes(sevenPacks).number(0).number(1).bytes(sevenSizes).number(uint64(len(zeros))).bytes(sevenEnd)
	twice.bytes(sevenFolders, sevenFolder).number(1).bytes(0).bytes(chain...)
	twice.bytes(sevenUnpacked).number(1<<40).number(1<<40).bytes(sevenEnd, sevenEnd)
	limits := Limits{Depth: 4, Members: 1000, Bytes: 32 << 20, Memory: 8 << 20, Ratio: 250}
	for name, data := range map[string][]byte{
		"zeros":                    sevenFileOf(zeros, huge),
		"dictionary":               sevenFileOf([]byte{1, 0, 0, 'x', 0}, sevenHeaderWith(sevenStreamsOf(5, coderLZMA2(), 1<<40), "a")),
		"packed header":            packedHeader(coderLZMA2(), zeros, 64<<20),
		"packed header, terabytes": packedHeader(coderCopy(), []byte("x"), 1<<40),
		"many files":               sevenFileOf(nil, many.Bytes()),
		"one coder after another":  sevenFileOf(zeros, sevenHeaderWith(twice.Bytes(), "a")),
		"files":                    sevenOf(t, slicesOf(text("x", "y"), 5000)...),
	} {
		t.Run(name, func(t *testing.T) {
			v, work, taken, _ := measured(limits, data)
			if work > limits.Bytes+1<<20+int64(len(data)) {
				t.Errorf("%d bytes unpacked", work)
			}
			if taken > 96<<20 {
				t.Errorf("%d bytes taken", taken)
			}
			if all := strings.Join(v.all, "\n"); !strings.Contains(all, "skipped (0)") && name != "many files" {
				t.Errorf("nothing was cut off: %.200s", all)
			}
		})
	}
}

// measured reads an archive and tells what it took: work, bytes and time.
func measured(l Limits, data []byte) (v *told, work int64, taken uint64, spent time.Duration) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	v = &told{}
	r := Reader{Limits: l}
	work, _ = r.Read(data, v)
	spent = time.Since(start)
	runtime.ReadMemStats(&after)
	return v, work, after.TotalAlloc - before.TotalAlloc, spent
}

func sorted(list []string) []string {
	out := append([]string(nil), list...)
	for i := range out {
		for j := i; j > 0 && out[j] < out[j-1]; j-- {
			out[j], out[j-1] = out[j-1], out[j]
		}
	}
	return out
}

// Numbers of all lengths are read as the format has them.
func TestSevenNumbers(t *testing.T) {
	for _, tt := range []struct {
		data string
		want uint64
	}{
		{"\x00", 0},
		{"\x7F", 127},
		{"\x80\xFF", 255},
		{"\x81\x02", 258},
		{"\xC0\x34\x12", 0x1234},
		{"\xC5\x34\x12", 0x51234},
		{"\xFE\x01\x02\x03\x04\x05\x06\x07", 0x07060504030201},
		{"\xFF\x01\x02\x03\x04\x05\x06\x07\x08", 0x0807060504030201},
		{"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", math.MaxUint64},
	} {
		c := sevenCursor{data: []byte(tt.data)}
		if got := c.number(); got != tt.want || c.failed || len(c.data) != 0 {
			t.Errorf("%x: %x, failed %v, %d bytes left", tt.data, got, c.failed, len(c.data))
		}
		c = sevenCursor{data: []byte(tt.data[:len(tt.data)-1])}
		if c.number(); !c.failed {
			t.Errorf("%x without its last byte is read", tt.data)
		}
	}
}

// FuzzSevenZip: whatever a header says, with its checksums right, neither work nor memory nor time exceed what they may.
func FuzzSevenZip(f *testing.F) {
	seeds, err := filepath.Glob(filepath.Join("testdata", "*.7z"))
	if err != nil || len(seeds) < 10 {
		f.Fatalf("%d archives in testdata, %v", len(seeds), err)
	}
	for _, name := range seeds {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		header, err := sevenHeaderOf(data)
		if err != nil {
			f.Fatalf("%s: %v", name, err)
		}
		packed := data[sevenStart : len(data)-len(header)]
		f.Add(packed, header, false)
		if header[0] == sevenPackedHeader { // and what it unpacks to
			r := Reader{Limits: DefaultLimits(), v: &told{}, budget: 1 << 20}
			if header, err = r.unpackSevenHeader(data, header); err == nil {
				f.Add(packed, header, false)
				f.Add([]byte{}, header, true)
			}
		}
	}
	f.Add([]byte("A=1B=2"), sevenHeaderWith(sevenStreamsOf(6, coderCopy(), 3, 3), "a", "b"), false)
	limits := Limits{Depth: 3, Members: 100, Bytes: 1 << 20, Memory: 1 << 18, Ratio: 250}
	f.Fuzz(func(t *testing.T, packed, header []byte, pack bool) {
		data := sevenFileOf(packed, header)
		if pack {
			data = sevenFileOf(header, append([]byte{sevenPackedHeader}, sevenStreamsOf(len(header), coderCopy(), int64(len(header)))...))
		}
		v, work, taken, spent := measured(limits, data)
		if v.texts > limits.Members+1 || work > limits.Bytes+1<<18+int64(len(data)) {
			t.Errorf("%d texts, %d work", v.texts, work)
		}
		if taken > 64<<20+100*uint64(len(data)) {
			t.Errorf("%d bytes taken for %d", taken, len(data))
		}
		if spent > 5*time.Second {
			t.Errorf("%v for %d bytes", spent, len(data))
		}
		if len(v.members) > limits.Members {
			t.Errorf("%d members: %s", len(v.members), fmt.Sprint(v.members[:3]))
		}
	})
}
