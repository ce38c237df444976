package archive

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/ulikunitz/xz"
)

// The archives in testdata were made by XZ Utils 5.4.1 of a tar: with filters, blocks of 2,000 bytes without and of 4,000 bytes with
// their sizes in the headers, several streams and zeros between them; by 7-Zip 26.02 and Python 3.11 as zip archives whose members
// are packed by LZMA and xz; and by bzip2.
func TestOtherTools(t *testing.T) {
	for _, name := range []string{
		"bcj.tar.xz", "delta.tar.xz", "blocks.tar.xz", "sized.tar.xz", "streams.tar.xz", "lzma.zip", "lzmaeos.zip", "xz.zip", "bzip2.tar.bz2",
	} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		v := read(data, DefaultLimits())
		want := []string{"conf/app.env: A=1\n", "z.txt: 1\n2\n3\n4\n5\n6\n7\n8\n9\n10"}
		if diff := cmp.Diff(want, v.all); diff != "" || v.bytes != 4+13893 {
			t.Errorf("%s: %d bytes, -want +got:\n%s", name, v.bytes, diff)
		}
	}
}

// xzOf is an xz file of blocks, which are not compressed, with the byte that says how large a dictionary is.
func xzOf(blocks []string, dictionary byte) []byte {
	sum := func(b []byte) []byte { return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b)) }
	words := func(b []byte) []byte { return append(b, make([]byte, -len(b)&3)...) }
	flags := []byte{0, 0}
	out := append([]byte(xzMagic), sum(flags)...)
	index := binary.AppendUvarint([]byte{0}, uint64(len(blocks)))
	for _, text := range blocks {
		head := []byte{2, 0, xzLZMA2, 1, dictionary, 0, 0, 0}
		block := sum(head)
		if text != "" {
			block = append(append(block, 1, byte((len(text)-1)>>8), byte(len(text)-1)), text...)
		}
		block = append(block, 0)
		index = binary.AppendUvarint(binary.AppendUvarint(index, uint64(len(block))), uint64(len(text)))
		out = append(out, words(block)...)
	}
	index = sum(words(index))
	back := append(binary.LittleEndian.AppendUint32(nil, uint32(len(index)/4-1)), flags...)
	out = append(append(out, index...), crc32Of(back)...)
	return append(append(out, back...), "YZ"...)
}

func crc32Of(b []byte) []byte { return binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)) }

// A few bytes, in whichever block, do not get the memory that they ask for, and blocks without end do not get the time.
func TestXzBombs(t *testing.T) {
	many := func(n int) []string { return strings.Split(strings.Repeat("x", n), "") }
	limits := Limits{Depth: 4, Members: 1000, Bytes: 32 << 20, Memory: 8 << 20, Ratio: 250}
	if z, err := xz.NewReader(bytes.NewReader(xzOf(many(3), 0))); err != nil {
		t.Fatal(err)
	} else if text, err := io.ReadAll(z); err != nil || string(text) != "xxx" {
		t.Fatalf("what xzOf makes is no xz file: %q, %v", text, err)
	}
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"first block", xzOf(many(1), 40), "more memory"},
		{"second block", append(xzOf(many(1), 0), xzOf(many(1), 40)...), "more memory"},
		{"many dictionaries", xzOf(many(5000), 20), "budget"},
		{"many empty blocks", append(xzOf(make([]string, 50_000), 20), xzOf(many(1), 0)...), "budget"},
		{"none", xzOf(many(10), 20), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, work, taken, spent := measured(limits, tt.data)
			if work > limits.Bytes+1<<20 || spent > 5*time.Second {
				t.Errorf("%d bytes of work, %v", work, spent)
			}
			if taken > 1<<30 {
				t.Errorf("%d bytes taken", taken)
			}
			all := strings.Join(v.all, "\n")
			if cut := strings.Contains(all, "skipped (0): "); cut != (tt.want != "") || !strings.Contains(all, tt.want) {
				t.Errorf("cut off because of %q? %.200s", tt.want, all)
			}
		})
	}
}

// FuzzXz: what the library reads is read, and what anybody writes does not get more than the limits.
func FuzzXz(f *testing.F) {
	names, err := filepath.Glob(filepath.Join("testdata", "*.xz"))
	if err != nil || len(names) < 5 {
		f.Fatalf("%d files in testdata, %v", len(names), err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add(xzOf([]string{"one", "two"}, 0))
	f.Add(xzOf([]string{"one"}, 40))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := &Reader{Limits: Limits{Memory: 1 << 20}, budget: 1 << 22}
		z := newXz(r, bytes.NewReader(data))
		defer z.close()
		got, err := io.ReadAll(io.LimitReader(guard{z}, 1<<20))
		if r.held > r.Memory {
			t.Errorf("%d bytes held", r.held)
		}
		if errors.Is(err, errMemory) || errors.Is(err, errBudget) || len(got) == 1<<20 {
			return
		}
		library, theirs := xz.NewReader(bytes.NewReader(data))
		if theirs != nil {
			return
		}
		want, theirs := io.ReadAll(guard{library})
		if errors.Is(err, io.ErrUnexpectedEOF) { // to the library a file may end before a block, too
			err = nil
		}
		if theirs == nil && (err != nil || !bytes.Equal(got, want)) {
			t.Errorf("%d bytes, %v; the library reads %d bytes", len(got), err, len(want))
		}
	})
}
