//go:build unix

package files

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/straykey/straykey/source"
)

// TestSpecialFiles: neither a pipe without a writer nor a socket hold the walk up.
func TestSpecialFiles(t *testing.T) {
	root, err := os.MkdirTemp("", "files") //nolint:usetesting // short: the path of a socket is limited
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	write(t, root, map[string]string{"plain": "x"})
	pipe := filepath.Join(root, "pipe")
	if err := syscall.Mkfifo(pipe, 0o666); err != nil {
		t.Skip(err)
	}
	l, err := net.Listen("unix", filepath.Join(root, "socket"))
	if err != nil {
		t.Skip(err)
	}
	defer l.Close()

	got, coverage := collect(t, root, Options{})
	if diff := cmp.Diff(map[string]string{"plain": "x"}, got); diff != "" {
		t.Error(diff)
	}
	want := []source.KindCount{{Kind: "file", Found: 3, Scanned: 1, Skipped: 2, ScannedBytes: 1}}
	if diff := cmp.Diff(want, coverage.Kinds()); diff != "" {
		t.Error(diff)
	}
	if !coverage.Complete() {
		t.Error("special files make the run incomplete")
	}
	var r reader
	if _, err := r.read(&file{path: pipe}); !errors.Is(err, errNotRegular) {
		t.Errorf("a file that became a pipe: got %v, want %v", err, errNotRegular)
	}
}

// TestNamedPipe: a pipe that the user names is read, as from <(command) in a shell.
func TestNamedPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o666); err != nil {
		t.Skip(err)
	}
	go func() {
		_ = os.WriteFile(pipe, []byte("through a pipe"), 0)
	}()
	got, _ := collect(t, pipe, Options{})
	if diff := cmp.Diff(map[string]string{"pipe": "through a pipe"}, got); diff != "" {
		t.Error(diff)
	}
}
