package inflate

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"errors"
	"fmt"
	stdadler "hash/adler32"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// sample is plaintext of one kind.
type sample struct {
	name string
	data []byte
}

// samples returns texts of many sizes and kinds, the same on each call.
func samples() []sample {
	rng := rand.New(rand.NewPCG(1, 2))
	random := func(n, symbols int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rng.IntN(symbols))
		}
		return b
	}
	out := []sample{{"empty", nil}}
	for _, n := range []int{1, 2, 3, 7, 8, 9, 15, 16, 17, 63, 100, 257, 258, 259, 1000, 5000, 70000} {
		out = append(out,
			sample{fmt.Sprintf("zeros-%d", n), make([]byte, n)},
			sample{fmt.Sprintf("random-%d", n), random(n, 256)},
			sample{fmt.Sprintf("binary-%d", n), random(n, 2)},
			sample{fmt.Sprintf("letters-%d", n), random(n, 50)},
			sample{fmt.Sprintf("source-%d", n), source(rng, n)},
			sample{fmt.Sprintf("skewed-%d", n), skewed(rng, n)},
		)
		for _, period := range []int{2, 3, 5, 7, 11, 300} {
			unit := random(period, 256)
			b := bytes.Repeat(unit, n/period+1)[:n]
			out = append(out, sample{fmt.Sprintf("period-%d-%d", period, n), b})
		}
	}
	return append(out, sample{"source-300k", source(rng, 300_000)})
}

// source returns n bytes that look like a program.
func source(rng *rand.Rand, n int) []byte {
	words := strings.Fields("if err != nil { return func the a int string struct } for range len := = == && " +
		"commit tree object buffer offset // and of to delta base reader name value test case")
	var b bytes.Buffer
	for b.Len() < n {
		b.WriteString(strings.Repeat("\t", rng.IntN(4)))
		for range 2 + rng.IntN(9) {
			fmt.Fprintf(&b, "%s ", words[rng.IntN(len(words))])
		}
		if rng.IntN(4) == 0 {
			fmt.Fprintf(&b, "%x", rng.Uint64())
		}
		b.WriteByte('\n')
	}
	return b.Bytes()[:n]
}

// skewed returns bytes whose frequencies fall by half from one to the next: long codes.
func skewed(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(min(rng.ExpFloat64()*8, 255))
	}
	return b
}

func deflate(t testing.TB, data []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func compress(t testing.TB, data []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestZlib(t *testing.T) {
	var d Decoder
	for _, s := range samples() {
		for level := flate.HuffmanOnly; level <= flate.BestCompression; level++ {
			stream := compress(t, s.data, level)
			for _, behind := range []int{0, 1, 7, 20, 300} {
				src := append(stream[:len(stream):len(stream)], bytes.Repeat([]byte{0xa5}, behind)...)
				dst := make([]byte, len(s.data))
				n, err := d.Zlib(dst, src)
				if err != nil || n != len(stream) || !bytes.Equal(dst, s.data) {
					t.Fatalf("%s, level %d, %d bytes behind: consumed %d of %d, %v, output right: %t",
						s.name, level, behind, n, len(stream), err, bytes.Equal(dst, s.data))
				}
			}
		}
	}
}

// TestNeighbours: what stands around dst in its array is not touched.
func TestNeighbours(t *testing.T) {
	var d Decoder
	for _, s := range samples() {
		stream := compress(t, s.data, 9)
		array := bytes.Repeat([]byte{0x5a}, len(s.data)+200)
		want := bytes.Clone(array)
		copy(want[100:], s.data)
		if _, err := d.Zlib(array[100:100+len(s.data)], append(stream, make([]byte, 64)...)); err != nil {
			t.Fatal(s.name, err)
		}
		if !bytes.Equal(array, want) {
			t.Fatalf("%s: wrote outside dst", s.name)
		}
	}
}

func TestSize(t *testing.T) {
	var d Decoder
	for _, s := range samples() {
		for _, level := range []int{0, 1, 6} {
			stream := compress(t, s.data, level)
			for _, delta := range []int{-300, -9, -8, -2, -1, 1, 2, 8, 300} {
				n := len(s.data) + delta
				if n < 0 {
					continue
				}
				if _, err := d.Zlib(make([]byte, n), stream); !errors.Is(err, ErrSize) {
					t.Fatalf("%s, level %d, %d bytes for %d: %v, want ErrSize", s.name, level, n, len(s.data), err)
				}
			}
		}
	}
}

func TestTruncated(t *testing.T) {
	var d Decoder
	for _, s := range samples() {
		if len(s.data) > 6000 {
			continue
		}
		for _, level := range []int{0, 1, 6} {
			stream := compress(t, s.data, level)
			dst := make([]byte, len(s.data))
			for n := range stream {
				if _, err := d.Zlib(dst, stream[:n:n]); !errors.Is(err, ErrTruncated) {
					t.Fatalf("%s, level %d, %d bytes of %d: %v, want ErrTruncated", s.name, level, n, len(stream), err)
				}
			}
		}
	}
}

// TestDamaged flips bits of raw deflate streams and wants what compress/flate makes of them.
func TestDamaged(t *testing.T) {
	var d Decoder
	ref := newReference()
	rng := rand.New(rand.NewPCG(3, 4))
	for _, s := range samples() {
		if len(s.data) > 6000 {
			continue
		}
		for _, level := range []int{0, 1, 6, flate.HuffmanOnly} {
			stream := deflate(t, s.data, level)
			// Every bit of the beginning, where the headers are, and some of the rest.
			for i := range min(8*len(stream), 300) {
				bit := i
				if i >= 250 {
					bit = rng.IntN(8 * len(stream))
				}
				stream[bit/8] ^= 1 << (bit % 8)
				ref.compare(t, &d, len(s.data), stream)
				stream[bit/8] ^= 1 << (bit % 8)
			}
		}
	}
}

// reference decodes with compress/flate.
type reference struct{ r io.ReadCloser }

func newReference() *reference { return &reference{flate.NewReader(bytes.NewReader(nil))} }

// inflate returns at most size+1 bytes of the raw stream at the start of src, how long
// that stream is, and whether it is a good one of exactly size bytes.
func (ref *reference) inflate(t testing.TB, size int, src []byte) (out []byte, consumed int, ok bool) {
	in := bytes.NewReader(src)
	if err := ref.r.(flate.Resetter).Reset(in, nil); err != nil {
		t.Fatal(err)
	}
	out = make([]byte, size+1)
	n, err := io.ReadFull(ref.r, out)
	return out[:n], len(src) - in.Len(), errors.Is(err, io.ErrUnexpectedEOF) && n == size && ref.r.Close() == nil ||
		errors.Is(err, io.EOF) && size == 0
}

// compare inflates a raw deflate stream with d and with compress/flate.
func (ref *reference) compare(t testing.TB, d *Decoder, size int, stream []byte) {
	t.Helper()
	want, wantN, wantOK := ref.inflate(t, size, stream)
	dst := make([]byte, size)
	n, err := d.deflate(dst, stream)
	if (err == nil) != wantOK {
		t.Fatalf("stream %x, size %d: error %v; compress/flate accepts: %t (%d bytes)", stream, size, err, wantOK, len(want))
	}
	if err != nil {
		for _, known := range []error{ErrCorrupt, ErrTruncated, ErrSize} {
			if errors.Is(err, known) {
				return
			}
		}
		t.Fatalf("stream %x, size %d: unexpected error %v", stream, size, err)
	}
	if n != wantN || !bytes.Equal(dst, want) {
		t.Fatalf("stream %x, size %d: consumed %d, compress/flate %d; output equal: %t", stream, size, n, wantN, bytes.Equal(dst, want))
	}
}

func TestHeader(t *testing.T) {
	var d Decoder
	ref, err := zlib.NewReader(bytes.NewReader(compress(t, nil, 6)))
	if err != nil {
		t.Fatal(err)
	}
	body := compress(t, []byte("x"), 6)[2:]
	for cmf := range 256 {
		for flg := range 256 {
			stream := append([]byte{byte(cmf), byte(flg)}, body...)
			wantOK := ref.(zlib.Resetter).Reset(bytes.NewReader(stream), nil) == nil
			_, err := d.Zlib(make([]byte, 1), stream)
			if (err == nil) != wantOK || err != nil && !errors.Is(err, ErrHeader) {
				t.Fatalf("header %02x%02x: %v; compress/zlib accepts: %t", cmf, flg, err, wantOK)
			}
		}
	}
}

func TestChecksum(t *testing.T) {
	data := []byte("what a checksum is for")
	stream := compress(t, data, 6)
	stream[len(stream)-1] ^= 1
	dst := make([]byte, len(data))
	var d Decoder
	if _, err := d.Zlib(dst, stream); !errors.Is(err, ErrChecksum) {
		t.Errorf("got %v, want ErrChecksum", err)
	}
	d.SkipChecksum = true
	if n, err := d.Zlib(dst, stream); err != nil || n != len(stream) || !bytes.Equal(dst, data) {
		t.Errorf("SkipChecksum: consumed %d, %v, %q", n, err, dst)
	}
	if _, err := d.Zlib(dst, stream[:len(stream)-1]); !errors.Is(err, ErrTruncated) {
		t.Errorf("SkipChecksum, trailer cut: got %v, want ErrTruncated", err)
	}
}

// bitWriter writes deflate streams that no compressor would.
type bitWriter struct {
	out  []byte
	used uint
}

func (w *bitWriter) bits(v uint32, n uint) *bitWriter {
	for i := range n {
		if w.used%8 == 0 {
			w.out = append(w.out, 0)
		}
		w.out[len(w.out)-1] |= byte(v>>i&1) << (w.used % 8)
		w.used++
	}
	return w
}

// dynamic starts a final dynamic block with the given code lengths for literals and
// distances, each sent as a plain 4-bit code of itself.
func dynamic(lit, dist []uint8) *bitWriter {
	w := new(bitWriter).bits(1, 1).bits(2, 2)
	w.bits(uint32(len(lit)-257), 5).bits(uint32(len(dist)-1), 5).bits(15, 4)
	for _, sym := range codeOrder {
		if sym < 16 {
			w.bits(4, 3)
		} else {
			w.bits(0, 3)
		}
	}
	for _, n := range append(lit[:len(lit):len(lit)], dist...) {
		w.bits(reversed(uint32(n), 4), 4)
	}
	return w
}

func reversed(v uint32, n uint) (r uint32) {
	for range n {
		r = r<<1 | v&1
		v >>= 1
	}
	return r
}

// literals returns 257 or more literal/length code lengths, all 0 but for those given.
func literals(size int, lengths map[int]uint8) []uint8 {
	out := make([]uint8, size)
	for sym, n := range lengths {
		out[sym] = n
	}
	return out
}

func TestCodes(t *testing.T) {
	// A complete code with one symbol of each length and two of the longest.
	ladder := func(size, first int) []uint8 {
		lengths := map[int]uint8{256: 15}
		for n := 1; n <= 15; n++ {
			lengths[first+n] = uint8(n)
		}
		return literals(size, lengths)
	}
	ladderDist := []uint8{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15}
	tests := []struct {
		name string
		in   *bitWriter
		size int
		want error
	}{
		{"only end of block", dynamic(literals(257, map[int]uint8{256: 1}), []uint8{0}).bits(0, 1), 0, nil},
		{"the other half of a code of one", dynamic(literals(257, map[int]uint8{256: 1}), []uint8{0}).bits(1, 1).bits(0, 20), 0, ErrCorrupt},
		{"one literal and end", dynamic(literals(257, map[int]uint8{65: 1, 256: 1}), []uint8{0}).bits(0, 3).bits(1, 1), 3, nil},
		{"one distance code", dynamic(literals(258, map[int]uint8{65: 1, 256: 2, 257: 2}), []uint8{1}).bits(0, 1).bits(3, 2).bits(0, 1).bits(1, 2), 4, nil},
		{"the other half of one distance code", dynamic(literals(258, map[int]uint8{65: 1, 256: 2, 257: 2}), []uint8{1}).bits(0, 1).bits(3, 2).bits(1, 1).bits(1, 2), 4, ErrCorrupt},
		{"match without distance codes", dynamic(literals(258, map[int]uint8{65: 1, 256: 2, 257: 2}), []uint8{0}).bits(0, 1).bits(3, 2).bits(0, 40), 4, ErrCorrupt},
		{"distance before the start", dynamic(literals(258, map[int]uint8{65: 1, 256: 2, 257: 2}), []uint8{1, 1}).bits(0, 1).bits(3, 2).bits(1, 1).bits(1, 2), 4, ErrCorrupt},
		{"no codes at all", dynamic(literals(257, nil), []uint8{0}).bits(0, 40), 0, ErrCorrupt},
		{"no end of block", dynamic(literals(257, map[int]uint8{65: 1, 66: 1}), []uint8{0}).bits(0, 4), 7, ErrTruncated},
		{"literals over-subscribed", dynamic(literals(257, map[int]uint8{65: 1, 66: 1, 256: 1}), []uint8{0}).bits(0, 40), 0, ErrCorrupt},
		{"literals incomplete", dynamic(literals(257, map[int]uint8{65: 1, 256: 2}), []uint8{0}).bits(0, 40), 0, ErrCorrupt},
		{"a single literal of two bits", dynamic(literals(257, map[int]uint8{256: 2}), []uint8{0}).bits(0, 40), 0, ErrCorrupt},
		{"distances over-subscribed", dynamic(literals(257, map[int]uint8{256: 1}), []uint8{1, 1, 1}).bits(0, 40), 0, ErrCorrupt},
		{"distances incomplete", dynamic(literals(257, map[int]uint8{256: 1}), []uint8{1, 2}).bits(0, 40), 0, ErrCorrupt},
		{"too many literals", dynamic(literals(287, map[int]uint8{256: 1}), []uint8{0}).bits(0, 40), 0, ErrCorrupt},
		{"too many distances", dynamic(literals(257, map[int]uint8{256: 1}), make([]uint8, 31)).bits(0, 40), 0, ErrCorrupt},
		{"literals of all lengths", dynamic(ladder(257, 0), []uint8{0}).
			bits(1, 2).bits(1<<9-1, 10).bits(1<<10-1, 11).bits(1<<13-1, 14).bits(1<<14-1, 15).bits(1<<15-1, 15), 5, nil},
		{"the same with input behind", dynamic(ladder(257, 0), []uint8{0}).
			bits(1, 2).bits(1<<9-1, 10).bits(1<<10-1, 11).bits(1<<13-1, 14).bits(1<<14-1, 15).bits(1<<15-1, 15).bits(0, 400), 5, nil},
		{"distances of all lengths", dynamic(literals(258, map[int]uint8{65: 1, 256: 2, 257: 2}), ladderDist).
			bits(0, 300).bits(3, 2).bits(1<<14-1, 15).bits(0, 6).bits(3, 2).bits(1<<8-1, 9).bits(0, 3).bits(1, 2), 306, nil},
		{"the same with input behind", dynamic(literals(258, map[int]uint8{65: 1, 256: 2, 257: 2}), ladderDist).
			bits(0, 300).bits(3, 2).bits(1<<14-1, 15).bits(0, 6).bits(3, 2).bits(1<<8-1, 9).bits(0, 3).bits(1, 2).bits(0, 400), 306, nil},
		{"repeat before the first length", new(bitWriter).bits(1, 1).bits(2, 2).bits(0, 14).bits(1, 3).bits(1, 3).bits(0, 200), 0, ErrCorrupt},
		{"reserved block type", new(bitWriter).bits(7, 3).bits(0, 64), 0, ErrCorrupt},
		{"fixed, length symbol 286", new(bitWriter).bits(3, 3).bits(reversed(0b11000110, 8), 8).bits(0, 64), 3, ErrCorrupt},
		{"fixed, distance symbol 30", new(bitWriter).bits(3, 3).bits(reversed(0b00110000, 8), 8).bits(reversed(1, 7), 7).bits(reversed(30, 5), 5).bits(0, 64), 4, ErrCorrupt},
		{"stored, wrong complement", new(bitWriter).bits(1, 8).bits(1, 16).bits(0xffff, 16).bits(0, 64), 1, ErrCorrupt},
		{"empty blocks behind the output", new(bitWriter).bits(0, 8).bits(0, 16).bits(0xffff, 16).bits(2, 3).bits(0, 7).bits(1, 6).bits(0, 16).bits(0xffff, 16), 0, nil},
	}
	var d Decoder
	ref := newReference()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := d.deflate(make([]byte, tt.size), tt.in.out); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			ref.compare(t, &d, tt.size, tt.in.out)
		})
	}
}

// TestRandomCodes decodes noise with random complete codes, which exercises the
// subtables far more than compressors do.
func TestRandomCodes(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	// complete returns code lengths of a complete code over size symbols, the last of
	// them included: leaves of a binary tree split at random.
	complete := func(size, symbols int) []uint8 {
		leaves := []uint8{0}
		for len(leaves) < symbols {
			i := rng.IntN(len(leaves))
			if rng.IntN(3) > 0 {
				i = len(leaves) - 1 // deep on one side: long codes
			}
			if leaves[i] == maxCode {
				break
			}
			leaves[i]++
			leaves = append(leaves, leaves[i])
		}
		out := make([]uint8, size)
		for i, sym := range rng.Perm(size)[:len(leaves)] {
			out[sym] = leaves[i]
		}
		return out
	}
	var d Decoder
	ref := newReference()
	accepted := 0
	for range 800 {
		nlit := 257 + rng.IntN(30)
		ndist := 1 + rng.IntN(30)
		w := dynamic(complete(nlit, 2+rng.IntN(nlit-1)), complete(ndist, 1+rng.IntN(ndist)))
		for range 200 + rng.IntN(400) {
			w.bits(rng.Uint32(), 32)
		}
		// Learn from compress/flate how much the noise means, then ask for that.
		out, _, _ := ref.inflate(t, 1<<16, w.out)
		ref.compare(t, &d, len(out), w.out)
		if _, _, ok := ref.inflate(t, len(out), w.out); ok {
			accepted++
		}
	}
	if accepted < 50 {
		t.Errorf("only %d streams were good ones: the test does not test", accepted)
	}
}

func TestAdler32(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	data := bytes.Repeat([]byte{0xff}, 1<<20)
	for n := 0; n < len(data); n += 1 + n/7 {
		if got, want := adler32(data[:n]), stdadler.Checksum(data[:n]); got != want {
			t.Fatalf("%d bytes 0xff: %08x, want %08x", n, got, want)
		}
	}
	for i := range data {
		data[i] = byte(rng.Uint32())
	}
	for n := range 3000 {
		if got, want := adler32(data[n:2*n]), stdadler.Checksum(data[n:2*n]); got != want {
			t.Fatalf("%d random bytes: %08x, want %08x", n, got, want)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	data := source(rand.New(rand.NewPCG(9, 10)), 50000)
	stream := compress(t, data, 6)
	dst := make([]byte, len(data))
	var d Decoder
	if n := testing.AllocsPerRun(10, func() { _, _ = d.Zlib(dst, stream) }); n != 0 {
		t.Errorf("%v allocations a stream", n)
	}
}

// FuzzInflate wants of any bytes what compress/flate makes of them.
func FuzzInflate(f *testing.F) {
	for _, s := range samples() {
		if len(s.data) > 1000 {
			continue
		}
		for _, level := range []int{0, 1, 6, flate.HuffmanOnly} {
			f.Add(uint16(len(s.data)), deflate(f, s.data, level))
		}
	}
	var d Decoder
	f.Fuzz(func(t *testing.T, size uint16, stream []byte) {
		ref := newReference()
		ref.compare(t, &d, int(size), stream)
		// A damaged stream seldom has the size asked for: ask for what it has.
		if out, _, _ := ref.inflate(t, 1<<16, stream); len(out) <= 1<<16 {
			ref.compare(t, &d, len(out), stream)
		}
	})
}

// TestStart inflates a few bytes of streams that are cut at every place near their start.
func TestStart(t *testing.T) {
	const most = 258 // bytes of one piece
	var d Decoder
	for _, s := range samples() {
		if len(s.data) > 10_000 {
			continue
		}
		for _, level := range []int{0, 1, 6, flate.HuffmanOnly} {
			stream := append([]byte{0x78, 0x9c}, deflate(t, s.data, level)...)
			for _, size := range []int{0, 1, 64, 1000} {
				dst := make([]byte, size)
				n := d.Start(dst, stream)
				if !bytes.HasPrefix(s.data, dst[:n]) || n < min(size, len(s.data))-most {
					t.Errorf("%s, level %d: Start of %d bytes gives %d, or others", s.name, level, size, n)
				}
			}
			for cut := range min(len(stream), 40) {
				dst := make([]byte, 64)
				if n := d.Start(dst, stream[:cut]); !bytes.HasPrefix(s.data, dst[:n]) {
					t.Errorf("%s, level %d, cut at %d: %d bytes, not those of the text", s.name, level, cut, n)
				}
			}
		}
	}
}
