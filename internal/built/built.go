// Package built gives tests the program as users have it. A test binary that plays the program will not do where another
// program calls it: a hook does by the path that it was installed with.
package built

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// Straykey builds the program and returns its absolute path. All tests of a repository share one build: it stands below
// .cache, where the go command leaves it as it is unless the sources have changed.
func Straykey(t testing.TB) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var build = sync.OnceValues(func() (path string, err error) {
	root, err := repository()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, ".cache", "built")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	// Packages are tested side by side.
	unlock, err := lockedfile.MutexAt(filepath.Join(dir, "lock")).Lock()
	if err != nil {
		return "", err
	}
	defer unlock()
	path = filepath.Join(dir, "straykey")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	// The version that git would stamp differs from commit to commit, and the program with it.
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", path, "./cmd/straykey")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// repository is the directory of go.mod at or above the one that the go command tests a package in.
func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		above := filepath.Dir(dir)
		if above == dir {
			return "", fmt.Errorf("no go.mod above the directory of the test")
		}
		dir = above
	}
}
