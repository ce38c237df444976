package inflate

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

// A stream is a zlib stream and the size of what it holds.
type stream struct {
	src  []byte // may go on behind the stream
	size int
}

// BenchmarkPack inflates the entries of the pack that STRAYKEY_BENCH_PACK names: all of
// them, and by size of their output. Up to 200,000 entries are taken, evenly over the pack.
func BenchmarkPack(b *testing.B) {
	path := os.Getenv("STRAYKEY_BENCH_PACK")
	if path == "" {
		b.Skip("set STRAYKEY_BENCH_PACK to a .pack file that has its .idx beside it")
	}
	streams, err := packStreams(path, 200_000)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("all", func(b *testing.B) { compareDecoders(b, streams) })
	limits := []int{0, 64, 256, 1024, 4096, 16384, math.MaxInt}
	for i, low := range limits[:len(limits)-1] {
		var some []stream
		for _, s := range streams {
			if s.size >= low && s.size < limits[i+1] {
				some = append(some, s)
			}
		}
		b.Run(fmt.Sprintf("from-%d", low), func(b *testing.B) { compareDecoders(b, some) })
	}
}

func BenchmarkSynthetic(b *testing.B) {
	rng := rand.New(rand.NewPCG(11, 12))
	for _, size := range []int{50, 200, 1000, 10_000, 100_000} {
		var streams []stream
		for range 1 + 1_000_000/size {
			streams = append(streams, stream{compress(b, source(rng, size), 6), size})
		}
		b.Run(fmt.Sprintf("size-%d", size), func(b *testing.B) { compareDecoders(b, streams) })
	}
}

// compareDecoders inflates all streams once an iteration.
func compareDecoders(b *testing.B, streams []stream) {
	total, largest := int64(0), 0
	for _, s := range streams {
		total += int64(s.size)
		largest = max(largest, s.size)
	}
	buf := make([]byte, largest)
	run := func(name string, inflate func(stream) error) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(total)
			for b.Loop() {
				for _, s := range streams {
					if err := inflate(s); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(streams)), "ns/stream")
		})
	}
	var in bytes.Reader
	std, err := zlib.NewReader(bytes.NewReader([]byte{0x78, 0x9c, 3, 0, 0, 0, 0, 1}))
	if err != nil {
		b.Fatal(err)
	}
	run("compress-zlib", func(s stream) error {
		in.Reset(s.src)
		if err := std.(zlib.Resetter).Reset(&in, nil); err != nil {
			return err
		}
		if _, err := io.ReadFull(std, buf[:s.size]); err != nil {
			return err
		}
		if n, err := std.Read(buf[:1]); n != 0 || err != io.EOF {
			return fmt.Errorf("read %d bytes behind the end: %w", n, err)
		}
		return nil
	})
	var d, fast Decoder
	run("inflate", func(s stream) error {
		_, err := d.Zlib(buf[:s.size], s.src)
		return err
	})
	fast.SkipChecksum = true
	run("inflate-no-checksum", func(s stream) error {
		_, err := fast.Zlib(buf[:s.size], s.src)
		return err
	})
}

func BenchmarkAdler32(b *testing.B) {
	data := source(rand.New(rand.NewPCG(13, 14)), 100_000)
	for _, n := range []int{100, 1000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.SetBytes(int64(n))
			for b.Loop() {
				adler32(data[:n])
			}
		})
	}
}

// packStreams reads where entries start from the version 2 index beside the pack
// (gitformat-pack(5)) and their sizes from their headers.
func packStreams(path string, most int) ([]stream, error) {
	pack, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	idx, err := os.ReadFile(path[:len(path)-len("pack")] + "idx")
	if err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint32(idx[8+255*4:]))
	table := idx[8+256*4+n*24:] // behind the ids and their CRCs
	offsets := make([]int, n)
	for i := range offsets {
		offsets[i] = int(binary.BigEndian.Uint32(table[4*i:]))
		if offsets[i]>>31 != 0 {
			return nil, fmt.Errorf("%s: larger than 2 GiB", path)
		}
	}
	slices.Sort(offsets)
	var out []stream
	for i := 0; i < n; i += 1 + n/most {
		at := offsets[i]
		c := pack[at]
		kind, size := c>>4&7, int(c&15)
		at++
		for shift := 4; c&0x80 != 0; shift += 7 {
			c = pack[at]
			at++
			size |= int(c&0x7f) << shift
		}
		switch kind {
		case 6: // base by offset
			for pack[at]&0x80 != 0 {
				at++
			}
			at++
		case 7: // base by id
			at += 20
		}
		out = append(out, stream{pack[at:], size})
	}
	return out, nil
}
