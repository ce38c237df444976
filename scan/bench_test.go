package scan

import (
	"context"
	"os"
	"testing"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/repo"
)

// BenchmarkHistory scans the repository that STRAYKEY_BENCH_REPO names.
func BenchmarkHistory(b *testing.B) {
	path := os.Getenv("STRAYKEY_BENCH_REPO")
	if path == "" {
		b.Skip("set STRAYKEY_BENCH_REPO to a repository")
	}
	for b.Loop() {
		r, err := repo.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		o := newOptions(b)
		o.Coverage = &source.Coverage{}
		var findings correlate.Builder
		if _, err := History(context.Background(), r, &findings, o); err != nil {
			b.Fatal(err)
		}
	}
}
