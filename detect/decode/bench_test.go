package decode

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkRuns is what looking for base64 and hex costs in source code, where there is hardly any.
func BenchmarkRuns(b *testing.B) {
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		b.Skip("needs the go command, to find the standard library's source")
	}
	var text bytes.Buffer
	root := filepath.Join(strings.TrimSpace(string(goroot)), "src", "net")
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".go") {
			data, _ := os.ReadFile(path)
			text.Write(data)
		}
		return nil
	})
	if text.Len() < 1<<20 {
		b.Skip("the standard library's source is not installed")
	}
	r := NewRunner()
	b.SetBytes(int64(text.Len()))
	n := 0
	for b.Loop() {
		n = 0
		r.Begin(text.Bytes())
		r.Find(0, text.Len(), func(Span) { n++ })
	}
	b.ReportMetric(float64(n)/float64(text.Len()>>20), "runs/MiB")
}
