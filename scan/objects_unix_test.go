//go:build unix

package scan

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/source"
)

// A pipe that has come to stand where a finding was is not waited for.
func TestPathsOpenNoPipe(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "app.env"), 0o600); err != nil {
		t.Skip(err)
	}
	o := newOptions(t)
	done := make(chan error, 1)
	go func() {
		var b correlate.Builder
		done <- Paths(t.Context(), dir, []string{"app.env"}, &b, o)
	}()
	select {
	case err := <-done:
		if err != nil || o.Coverage.Reasons()[source.Unreadable] != 1 {
			t.Errorf("%v, %v", err, o.Coverage.Problems())
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it waits for a writer")
	}
}
