package files

import (
	"os"
	"testing"

	"github.com/straykey/straykey/source"
)

// BenchmarkWalk reads the tree that STRAYKEY_BENCH_TREE names and does nothing with the texts.
func BenchmarkWalk(b *testing.B) {
	root := os.Getenv("STRAYKEY_BENCH_TREE")
	if root == "" {
		b.Skip("set STRAYKEY_BENCH_TREE to a directory")
	}
	for _, bm := range []struct {
		name string
		o    Options
	}{
		{"one-job", Options{Jobs: 1}},
		{"two-jobs", Options{Jobs: 2}},
		{"no-gitignore", Options{Jobs: 2, NoGitignore: true}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			var files int64
			for b.Loop() {
				var coverage source.Coverage
				if err := Walk(b.Context(), root, bm.o, &coverage, func(int, Text) {}); err != nil {
					b.Fatal(err)
				}
				for _, k := range coverage.Kinds() {
					if k.Kind == kindFile {
						files = k.Scanned
						b.SetBytes(k.ScannedBytes)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(files), "ns/file")
		})
	}
}
