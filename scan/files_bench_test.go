package scan

import (
	"context"
	"os"
	"testing"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/source"
)

// BenchmarkFiles scans the directory that STRAYKEY_BENCH_FILES names, on one core.
func BenchmarkFiles(b *testing.B) {
	root := os.Getenv("STRAYKEY_BENCH_FILES")
	if root == "" {
		b.Skip("set STRAYKEY_BENCH_FILES to a directory")
	}
	for b.Loop() {
		o := newOptions(b)
		o.Coverage, o.Jobs = &source.Coverage{}, 1
		var findings correlate.Builder
		if _, err := Files(context.Background(), root, &findings, o); err != nil {
			b.Fatal(err)
		}
		var bytes int64
		for _, k := range o.Coverage.Kinds() {
			bytes += k.ScannedBytes
		}
		b.SetBytes(bytes)
	}
}
