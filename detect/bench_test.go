package detect

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/straykey/straykey/rules"
)

// sourceCode returns about 16 MiB of source text: the standard library's net and go trees.
func sourceCode(tb testing.TB) []byte {
	tb.Helper()
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		tb.Skip("needs the go command, to find the standard library's source")
	}
	var b bytes.Buffer
	for _, dir := range []string{"net", "go", "runtime", "crypto", "cmd/compile/internal"} {
		root := filepath.Join(strings.TrimSpace(string(goroot)), "src", dir)
		_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && strings.HasSuffix(path, ".go") && b.Len() < 16<<20 {
				data, _ := os.ReadFile(path)
				b.Write(data)
			}
			return nil
		})
	}
	if b.Len() < 4<<20 {
		tb.Skip("the standard library's source is not installed")
	}
	return b.Bytes()
}

func builtinEngine(tb testing.TB) *Engine {
	tb.Helper()
	set, err := rules.Builtin()
	if err != nil {
		tb.Fatal(err)
	}
	e, err := New(set, Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// BenchmarkAnchors is the one pass that most text ends in.
func BenchmarkAnchors(b *testing.B) {
	e, text := builtinEngine(b), sourceCode(b)
	b.SetBytes(int64(len(text)))
	n := 0
	for b.Loop() {
		n = 0
		e.finder.find(text, 0, len(text), func(_, _ int) { n++ })
	}
	b.ReportMetric(float64(n)/float64(len(text)>>20), "anchors/MiB")
}

// BenchmarkScan is the whole of detection.
func BenchmarkScan(b *testing.B) {
	e, text := builtinEngine(b), sourceCode(b)
	s := e.NewScanner()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		s.Scan(text)
	}
}

// BenchmarkNew is what a hook pays before the first byte.
func BenchmarkNew(b *testing.B) {
	set, err := rules.Builtin()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := New(set, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
