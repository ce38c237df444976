package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// told writes down what a visitor is told.
type told struct {
	all     []string
	members []string
	texts   int
	bytes   int
}

func (v *told) Member(name string) { v.members = append(v.members, name) }

func (v *told) Text(name string, p Piece) {
	v.texts++
	v.bytes += p.Hi - p.Lo
	v.all = append(v.all, fmt.Sprintf("%s: %.20s", name, p.Data))
}

func (v *told) Skipped(name string, why Why, detail string) {
	v.all = append(v.all, fmt.Sprintf("%s skipped (%d): %s", name, why, detail))
}

func read(data []byte, l Limits) *told {
	v := &told{}
	r := Reader{Limits: l}
	r.Read(data, v)
	return v
}

// file is a member to be.
type file struct {
	name string
	data []byte
}

func text(name, data string) file { return file{name, []byte(data)} }

func zipOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		m, err := w.Create(f.name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = m.Write(f.data)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f.name, Size: int64(len(f.data)), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write(f.data)
	}
	_ = w.Close()
	return b.Bytes()
}

func gzipOf(t testing.TB, name string, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Name = name
	_, _ = w.Write(data)
	_ = w.Close()
	return b.Bytes()
}

func packed(t testing.TB, data []byte, writer func(io.Writer) (io.WriteCloser, error)) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := writer(&b)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(data)
	_ = w.Close()
	return b.Bytes()
}

func TestRead(t *testing.T) {
	conf := text("conf/app.env", "A=1")
	inner := file{"b.zip", zipOf(t, conf)}
	xzOf := func(data []byte) []byte {
		return packed(t, data, func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) })
	}
	zstdOf := func(data []byte) []byte {
		return packed(t, data, func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) })
	}
	tests := []struct {
		name string
		data []byte
		want []string
	}{
		{"zip", zipOf(t, conf, text("x", "y")), []string{"conf/app.env: A=1", "x: y"}},
		{"zip with data before it", append([]byte("PK\x03\x04 not the first"), zipOf(t, conf)...), []string{"conf/app.env: A=1"}},
		{"zipapp", append([]byte("#!/usr/bin/env python3\n"), zipOf(t, conf)...), []string{": #!/usr/bin/env pytho", "conf/app.env: A=1"}},
		{"zipapp in tgz", gzipOf(t, "", tarOf(t, file{"a.pyz", append([]byte("#!/bin/sh\n"), zipOf(t, conf)...)}, text("b", "#!/bin/sh\n"))), []string{
			"a.pyz: #!/bin/sh\n", "a.pyz!conf/app.env: A=1", "b: #!/bin/sh\n",
		}},
		{"a program that is none", tarOf(t, text("b", "#!/bin/sh\n"+zipLocal)), []string{"b: #!/bin/sh\n" + zipLocal}},
		{"tar", tarOf(t, conf), []string{"conf/app.env: A=1"}},
		{"tar before POSIX", oldTar(t, conf), []string{"conf/app.env: A=1"}},
		{"tgz before POSIX", gzipOf(t, "", oldTar(t, conf)), []string{"conf/app.env: A=1"}},
		{"tgz", gzipOf(t, "", tarOf(t, conf, inner)), []string{"conf/app.env: A=1", "b.zip!conf/app.env: A=1"}},
		{"tar.xz", xzOf(tarOf(t, conf)), []string{"conf/app.env: A=1"}},
		{"tar.zst", zstdOf(tarOf(t, conf)), []string{"conf/app.env: A=1"}},
		{"gzip with a name", gzipOf(t, "/tmp/a.sql", []byte("A=1")), []string{"a.sql: A=1"}},
		{"gzip without", gzipOf(t, "", []byte("A=1")), []string{"-: A=1"}},
		{"image with layers", tarOf(t, file{"blobs/sha256/1", gzipOf(t, "", tarOf(t, conf))}), []string{"blobs/sha256/1!conf/app.env: A=1"}},
		{"zip in zip in zip", zipOf(t, file{"c.zip", zipOf(t, inner)}), []string{"c.zip!b.zip!conf/app.env: A=1"}},
		{"empty zip", zipOf(t), nil},
		{"damaged directory", damagedDirectory(t, conf, text("x", "y")), []string{"conf/app.env: A=1", " skipped (2): its directory is damaged"}},
		{"method not known", unknownMethod(t, conf), []string{"conf/app.env skipped (3): it is compressed in a way that is not known"}},
		{"7z in zip", zipOf(t, file{"a.7z", sevenOf(t, conf)}, conf), []string{"a.7z!conf/app.env: A=1", "conf/app.env: A=1"}},
		{"7z that is none", zipOf(t, text("a.7z", sevenSignature+" and so on"), conf), []string{"a.7z skipped (2): cannot be unpacked", "conf/app.env: A=1"}},
		{"sparse", sparseTar(t), []string{"disk: begins with some tex", "conf/app.env: A=1"}},
		{"cut off", zipOf(t, conf)[:40], []string{" skipped (2): cannot be unpacked"}},
		{"gzip cut off", gzipOf(t, "", []byte(strings.Repeat("A=1\n", 9)))[:24], []string{"- skipped (2): cannot be unpacked"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := read(tt.data, DefaultLimits()).all
			if tt.name == "gzip cut off" && len(got) == 2 {
				got = got[1:] // what could be read comes first
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// damagedDirectory is a zip of which the second entry of the directory is none.
func damagedDirectory(t *testing.T, files ...file) []byte {
	data := zipOf(t, files...)
	data[bytes.LastIndex(data, []byte(zipEntry))] = 'X'
	return data
}

func unknownMethod(t *testing.T, f file) []byte {
	data := zipOf(t, f)
	data[bytes.Index(data, []byte(zipEntry))+10] = 97
	return data
}

// sparseTar has a member of eight gigabytes, all of them holes but for the first few bytes.
func sparseTar(t *testing.T) []byte {
	data := tarOf(t, text("disk", "begins with some text"), text("conf/app.env", "A=1"))
	head := data[:512]
	head[156] = tar.TypeGNUSparse
	copy(head[257:], "ustar  \x00")
	clear(head[345:])
	for i, n := range []int64{0, 21, 1 << 33, 0} {
		copy(head[386+12*i:], fmt.Sprintf("%011o", n))
	}
	copy(head[483:], fmt.Sprintf("%011o", int64(1<<33)))
	sumTar(head)
	return data
}

// sumTar puts the checksum into the header of a tar.
func sumTar(head []byte) {
	copy(head[148:], "        ")
	sum := 0
	for _, b := range head {
		sum += int(b)
	}
	copy(head[148:], fmt.Sprintf("%06o\x00", sum))
}

// oldTar is a tar without a mark.
func oldTar(t *testing.T, f file) []byte {
	data := tarOf(t, f)
	clear(data[257:512])
	sumTar(data[:512])
	return data
}

// What has the looks of a header and not its checksum is no tar.
func TestOldTarChecksum(t *testing.T) {
	data := oldTar(t, text("conf/app.env", "A=1"))
	if got := Sniff(data); got != Tar {
		t.Errorf("%v, want a tar", got)
	}
	data[0]++
	if got := Sniff(data); got != None {
		t.Errorf("%v, want none", got)
	}
}

func TestEncrypted(t *testing.T) {
	data := zipOf(t, text("secret.txt", "A=1"))
	for _, sig := range []struct {
		mark string
		flag int
	}{{zipLocal, 6}, {zipEntry, 8}} {
		data[bytes.Index(data, []byte(sig.mark))+sig.flag] |= 1
	}
	want := []string{"secret.txt skipped (1): a password is needed"}
	if diff := cmp.Diff(want, read(data, DefaultLimits()).all); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// pieces joins a member that comes in pieces, and checks that each shows what its neighbours are.
type pieces struct {
	t    *testing.T
	text []byte // so far
	n    int
	last Piece
}

func (*pieces) Member(string) {}

func (v *pieces) Skipped(name string, _ Why, detail string) {
	v.t.Errorf("%s skipped: %s", name, detail)
}

func (v *pieces) Text(_ string, p Piece) {
	if v.n++; p.At+int64(p.Lo) != int64(len(v.text)) {
		v.t.Errorf("piece %d begins at %d, want %d", v.n, p.At+int64(p.Lo), len(v.text))
	}
	if !bytes.HasSuffix(v.text, p.Data[:p.Lo]) || v.n > 1 && p.Lo < Margin {
		v.t.Errorf("piece %d shows %d bytes that are not those before it", v.n, p.Lo)
	}
	if shown := v.last.Data[min(v.last.Hi-v.last.Lo, len(v.last.Data)):]; v.n > 1 && (len(shown) < Margin || !bytes.HasPrefix(p.Data[p.Lo:], shown)) {
		v.t.Errorf("the piece before %d has not shown %d bytes of it", v.n, Margin)
	}
	v.text = append(v.text, p.Data[p.Lo:p.Hi]...)
	v.last = p
	v.last.Data = bytes.Clone(p.Data[p.Lo:])
}

// A member that is too long to be in memory comes in pieces, which are cut at line ends where there are some.
func TestPieces(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 66 megabytes several times")
	}
	lines := bytes.Repeat([]byte("0123456789\n"), 66<<20/11)
	for name, text := range map[string][]byte{
		"lines": lines, "one line": bytes.ReplaceAll(lines, []byte("\n"), nil), "one piece": lines[:maxPiece-1],
		"just one piece": lines[:maxPiece], "and a byte": lines[:maxPiece+1],
	} {
		t.Run(name, func(t *testing.T) {
			v := &pieces{t: t}
			r := Reader{Limits: DefaultLimits()}
			r.Limits.Ratio = 1 << 20
			r.Read(gzipOf(t, "a", text), v)
			if !bytes.Equal(v.text, text) {
				t.Errorf("%d bytes in %d pieces, want %d", len(v.text), v.n, len(text))
			}
			if name == "lines" && v.n < 3 {
				t.Errorf("only %d pieces", v.n)
			}
		})
	}
}

// TestBombs: whatever the author does, the work and the memory are bounded, and what is cut off is told.
func TestBombs(t *testing.T) {
	zeros := make([]byte, 64<<20)
	flat := gzipOf(t, "", zeros)
	nested := zipOf(t, file{"0", flat})
	for i := range 8 {
		var files []file
		for j := range 8 {
			files = append(files, file{fmt.Sprintf("%d-%d.zip", i, j), nested})
		}
		nested = zipOf(t, files...)
	}
	limits := Limits{Depth: 4, Members: 1000, Bytes: 32 << 20, Memory: 8 << 20, Ratio: 250}
	tests := []struct {
		name string
		data []byte
		want string // why something was cut off
	}{
		{"gzip of zeros", flat, "far more than it is long"},
		{"zip of zeros", zipOf(t, file{"zeros", zeros}), "far more than it is long"},
		{"zips in zips", nested, "opened 4 deep"},
		{"a million names", manyEntries(1_000_000), "only the first 1000 members"},
		{"members share", sharedEntries(t, 100), "members share their data"},
		{"tar of huge size", hugeTar(t), ""},
		{"gzip in gzip", deepGzip(t, 50), "opened 4 deep"},
		{"many small ones", tarOf(t, slicesOf(text("x", "y"), 5000)...), "only the first 1000 members"},
		{"much that is honest", tarOf(t, slicesOf(file{"x", zeros[:12<<20]}, 4)...), "budget for unpacking"},
		{"whole in memory", gzipOf(t, "", zipOf(t, file{"x", noise(9 << 20)})), "more memory"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, work, taken, _ := measured(limits, tt.data)
			if work > limits.Bytes+1<<20 {
				t.Errorf("%d bytes unpacked", work)
			}
			if taken > 128<<20 {
				t.Errorf("%d bytes taken", taken)
			}
			if v.texts > limits.Members {
				t.Errorf("%d members", v.texts)
			}
			if all := strings.Join(v.all, "\n"); tt.want != "" && (!strings.Contains(all, "skipped (0)") || !strings.Contains(all, tt.want)) {
				t.Errorf("nothing was cut off because of %q, the last is %q", tt.want, v.all[len(v.all)-1])
			}
		})
	}
}

// noise is what cannot be compressed.
func noise(n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{}).Read(data)
	return data
}

func slicesOf(f file, n int) []file {
	out := make([]file, n)
	for i := range out {
		out[i] = f
	}
	return out
}

// manyEntries is a zip directory of empty members without any data.
func manyEntries(n int) []byte {
	entry := make([]byte, zipEntryLen+1)
	copy(entry, zipEntry)
	binary.LittleEndian.PutUint16(entry[28:], 1)
	entry[zipEntryLen] = 'x'
	data := []byte(zipLocal + strings.Repeat("\x00", zipLocalLen-4))
	start := len(data)
	data = append(data, bytes.Repeat(entry, n)...)
	return append(data, zipEndOf(len(data)-start, start)...)
}

func zipEndOf(size, offset int) []byte {
	end := make([]byte, zipEndLen)
	copy(end, zipEnd)
	binary.LittleEndian.PutUint32(end[12:], uint32(size))
	binary.LittleEndian.PutUint32(end[16:], uint32(offset))
	return end
}

// sharedEntries is a zip whose n entries all have the same data.
func sharedEntries(t *testing.T, n int) []byte {
	one := zipOf(t, file{"x", bytes.Repeat([]byte("abc "), 10_000)})
	dir, _, err := zipDirectory(one)
	if err != nil {
		t.Fatal(err)
	}
	at := len(one) - zipEndLen - len(dir)
	data := append([]byte(nil), one[:at]...)
	data = append(data, bytes.Repeat(dir, n)...)
	return append(data, zipEndOf(n*len(dir), at)...)
}

// hugeTar says that its member has a terabyte.
func hugeTar(t *testing.T) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: "huge", Size: 1 << 40, Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write([]byte("begins"))
	return b.Bytes()
}

func deepGzip(t *testing.T, depth int) []byte {
	data := []byte("deep")
	for range depth {
		data = gzipOf(t, "", data)
	}
	return data
}

// FuzzRead: no input makes a reader panic, take more than its limits, or name more members than it may.
func FuzzRead(f *testing.F) {
	f.Add(zipOf(f, text("a", "b"), text("c/d", "e")))
	f.Add(tarOf(f, text("a", "b")))
	f.Add(gzipOf(f, "a", tarOf(f, text("a", "b"))))
	f.Add(gzipOf(f, "", []byte("A=1")))
	f.Add(packed(f, []byte("A=1"), func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) }))
	f.Add(packed(f, []byte("A=1"), func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }))
	f.Add([]byte("BZh91AY&SY\x17\x72\x45\x38\x50\x90\x00\x00\x00\x00"))
	f.Add([]byte("Rar!\x1A\x07\x00\xCF\x90\x73\x00\x00\x0D\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("Rar!\x1A\x07\x01\x00\x33\x92\xB5\xE5\x0A\x01\x05\x06\x00\x05\x01\x01\x80\x80\x00"))
	limits := Limits{Depth: 3, Members: 100, Bytes: 1 << 20, Memory: 1 << 18, Ratio: 250}
	f.Fuzz(func(t *testing.T, data []byte) {
		v := &told{}
		r := Reader{Limits: limits}
		for range 2 { // a reader can be used again
			*v = told{}
			work, _ := r.Read(data, v)
			if v.texts > limits.Members+1 || work > limits.Bytes+1<<17+int64(len(data)) {
				t.Errorf("%d texts, %d work", v.texts, work)
			}
		}
	})
}
