// Package gittest makes repositories for tests with the git program, isolated from the user's settings.
package gittest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/straykey/straykey/source/pack"
)

// Dir is a directory in which git is run.
type Dir struct {
	Path string
	Env  []string // beyond the isolated environment
	t    testing.TB
	when *int // of the next commit, so that ids do not depend on the clock
}

// New makes an empty directory. The test is skipped where there is no git.
func New(t testing.TB) Dir {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("needs the git program")
	}
	path, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return Dir{Path: path, t: t, when: new(int)}
}

// Init makes a repository with the branch main.
func Init(t testing.TB, args ...string) Dir {
	t.Helper()
	d := New(t)
	d.Git(append([]string{"init", "-q", "-b", "main"}, args...)...)
	return d
}

// Copy copies the directory with all it holds.
func (d Dir) Copy(t testing.TB) Dir {
	t.Helper()
	c := New(t)
	if err := os.CopyFS(c.Path, os.DirFS(d.Path)); err != nil {
		t.Fatal(err)
	}
	*c.when = *d.when
	return c
}

// Sub returns a directory below d; it is made if it is not there.
func (d Dir) Sub(path string) Dir {
	d.t.Helper()
	d.Path = filepath.Join(d.Path, filepath.FromSlash(path))
	if err := os.MkdirAll(d.Path, 0o777); err != nil {
		d.t.Fatal(err)
	}
	return d
}

// Git runs git and returns what it prints, without white space at the ends.
func (d Dir) Git(args ...string) string {
	d.t.Helper()
	out, err := d.Try("", args...)
	if err != nil {
		d.t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// In runs git with the given standard input.
func (d Dir) In(stdin string, args ...string) string {
	d.t.Helper()
	out, err := d.Try(stdin, args...)
	if err != nil {
		d.t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// Try runs git and returns exactly what it prints. The error includes what it complains about.
func (d Dir) Try(stdin string, args ...string) (string, error) {
	cmd := exec.Command("git", append([]string{"-c", "core.fsmonitor=false", "-c", "protocol.file.allow=always"}, args...)...)
	cmd.Dir = d.Path
	cmd.Stdin = strings.NewReader(stdin)
	*d.when++
	date := fmt.Sprintf("%d +0100", 1_700_000_000+60**d.when)
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + d.Path, "TMPDIR=" + os.TempDir(), "LC_ALL=C",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_TERMINAL_PROMPT=0", "GIT_EDITOR=true",
		"GIT_AUTHOR_NAME=Ann Author", "GIT_AUTHOR_EMAIL=ann@example.com", "GIT_AUTHOR_DATE=" + date,
		"GIT_COMMITTER_NAME=Cam Committer", "GIT_COMMITTER_EMAIL=cam@example.com", "GIT_COMMITTER_DATE=" + date,
	}, d.Env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("git %s: %w\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return string(out), err
}

// Write writes a file and its directories.
func (d Dir) Write(path, content string) {
	d.t.Helper()
	full := filepath.Join(d.Path, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(full), 0o777); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), 0o666); err != nil {
		d.t.Fatal(err)
	}
}

// Commit writes files, given as path and content in turn, commits everything and returns the commit.
func (d Dir) Commit(files ...string) string {
	d.t.Helper()
	for i := 0; i+1 < len(files); i += 2 {
		d.Write(files[i], files[i+1])
	}
	d.Git("add", "-A")
	d.Git("commit", "-q", "--allow-empty", "-m", "commit")
	return d.Git("rev-parse", "HEAD")
}

// ID reads a hexadecimal object id.
func ID(t testing.TB, hex string) pack.ID {
	t.Helper()
	id, err := pack.ParseID(hex)
	if err != nil {
		t.Fatal(err)
	}
	return id
}
