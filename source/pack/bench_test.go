//go:build unix

package pack

import (
	"context"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/straykey/straykey/source/pack/inflate"
)

// The benchmarks run on the objects directories in STRAYKEY_BENCH_OBJECTS, separated like PATH.
func benchStores(b *testing.B, f func(b *testing.B, dir string)) {
	dirs := os.Getenv("STRAYKEY_BENCH_OBJECTS")
	if dirs == "" {
		b.Skip("STRAYKEY_BENCH_OBJECTS is not set")
	}
	for _, dir := range filepath.SplitList(dirs) {
		name := strings.ReplaceAll(strings.TrimSuffix(strings.TrimSuffix(dir, "/objects"), "/repo"), "/", "_")
		b.Run(name, func(b *testing.B) { f(b, dir) })
	}
}

// cpu returns the processor time used so far: what can be compared on a machine that others use too.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func reportCPU(b *testing.B, since time.Duration) {
	b.ReportMetric(float64((cpu()-since).Milliseconds())/float64(b.N), "cpu-ms/op")
}

func BenchmarkOpen(b *testing.B) {
	benchStores(b, func(b *testing.B, dir string) {
		defer reportCPU(b, cpu())
		for b.Loop() {
			s, err := Open(dir, Options{})
			if err != nil {
				b.Fatal(err)
			}
			s.Close()
		}
	})
}

func BenchmarkForest(b *testing.B) {
	benchStores(b, func(b *testing.B, dir string) {
		s := openStore(b, dir, Options{})
		defer reportCPU(b, cpu())
		for b.Loop() {
			s.tableOnce = sync.Once{}
			s.forest()
		}
	})
}

func BenchmarkPlan(b *testing.B) {
	benchStores(b, func(b *testing.B, dir string) {
		s := openStore(b, dir, Options{})
		t := s.forest()
		defer reportCPU(b, cpu())
		for b.Loop() {
			newPlan(t, Types(Blob), nil)
		}
	})
}

// BenchmarkCRC compares the checksums of all entries, as reading the headers does.
func BenchmarkCRC(b *testing.B) {
	benchStores(b, func(b *testing.B, dir string) {
		s := openStore(b, dir, Options{})
		t := s.forest()
		defer reportCPU(b, cpu())
		for b.Loop() {
			parallel(len(t.entries), 1<<10, func(from, to int) {
				for _, e := range t.entries[from:to] {
					if e.flags&odd != 0 {
						continue
					}
					packed, _, err := s.packedBytes(&e)
					if err != nil {
						b.Error(err)
						return
					}
					crc32.ChecksumIEEE(packed)
				}
			})
		}
	})
}

// BenchmarkWalk walks all blobs, opening included.
func BenchmarkWalk(b *testing.B) {
	benchStores(b, func(b *testing.B, dir string) {
		b.ReportAllocs()
		var p Progress
		defer reportCPU(b, cpu())
		for b.Loop() {
			s, err := Open(dir, Options{})
			if err != nil {
				b.Fatal(err)
			}
			p = Progress{}
			v, err := Walk(context.Background(), s, WalkOptions{Want: Types(Blob), Progress: &p}, newCounter)
			if err != nil {
				b.Fatal(err)
			}
			for _, v := range v {
				if n := v.(*counter).skipped; n > 0 {
					b.Fatalf("%d skipped", n)
				}
			}
			s.Close()
		}
		b.ReportMetric(float64(p.Objects.Load()), "objects")
		b.ReportMetric(float64(p.Bytes.Load())/1e6, "MB")
	})
}

// BenchmarkInflate inflates the entries of all blobs and does nothing with them: the lower limit of BenchmarkWalk.
func BenchmarkInflate(b *testing.B) {
	benchStores(b, func(b *testing.B, dir string) {
		s := openStore(b, dir, Options{})
		t := s.forest()
		var total atomic.Int64
		defer reportCPU(b, cpu())
		for b.Loop() {
			total.Store(0)
			parallel(len(t.entries), 1<<10, func(from, to int) {
				part := t.entries[from:to]
				z := inflater{inflate.Decoder{SkipChecksum: true}}
				var buf []byte
				bytes := 0
				for i := range part {
					e := &part[i]
					if e.typ != Blob || e.flags&odd != 0 {
						continue
					}
					packed, h, err := s.packedBytes(e)
					if err != nil {
						b.Error(err)
						return
					}
					if uint64(cap(buf)) < h.size {
						buf = make([]byte, h.size)
					}
					if err := z.inflate(buf[:h.size], packed[h.len:]); err != nil {
						b.Error(err)
						return
					}
					bytes += int(h.size)
				}
				total.Add(int64(bytes))
			})
		}
		b.ReportMetric(float64(total.Load())/1e6, "MB")
		runtime.KeepAlive(s)
	})
}
