package main

import (
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestDemo(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git")
	}
	dir := filepath.Join(t.TempDir(), "x", "demo")
	var out strings.Builder
	if err := run([]string{dir}, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "12 fake credentials") {
		t.Errorf("output:\n%s", out.String())
	}
	fsck := exec.Command("git", "-C", dir, "fsck", "--full", "--strict")
	if text, err := fsck.CombinedOutput(); err != nil {
		t.Errorf("git fsck: %v\n%s", err, text)
	}
	if err := run([]string{dir}, io.Discard); err == nil {
		t.Error("an existing directory is overwritten")
	}
	if err := run(nil, io.Discard); err == nil {
		t.Error("no directory, no error")
	}
}
