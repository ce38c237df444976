package release

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const (
	version = "1.2.3"
	// design: a download that a hook's user waits for.
	maxBinary = 45 << 20
	allEnv    = "STRAYKEY_RELEASE_ALL"
)

// root is the work tree that the tests are in.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// run runs a program in a directory and returns what it prints to standard output.
func run(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, stderr.Bytes())
	}
	return string(out)
}

func goreleaser(t *testing.T, dir string, args ...string) {
	t.Helper()
	args = append([]string{"tool", "-modfile=" + filepath.Join(root(t), "tools", "release", "go.mod"), "goreleaser"}, args...)
	run(t, dir, []string{"GITHUB_TOKEN=", "TAP_TOKEN="}, "go", args...)
}

func TestConfiguration(t *testing.T) { goreleaser(t, root(t), "check") }

// tagged makes a repository of the work tree as it is, changes that are not committed included, with one commit that is
// tagged as a release. Equal work trees give equal commits.
func tagged(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range strings.Split(strings.TrimSuffix(run(t, root(t), nil, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"), "\x00"), "\x00") {
		err := copyFile(filepath.Join(dir, name), filepath.Join(root(t), name))
		if err != nil && !errors.Is(err, os.ErrNotExist) { // deleted, and not yet committed
			t.Fatal(err)
		}
	}
	env := []string{
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_AUTHOR_NAME=Ann Author", "GIT_AUTHOR_EMAIL=ann@example.com", "GIT_AUTHOR_DATE=2026-01-02T03:04:05Z",
		"GIT_COMMITTER_NAME=Ann Author", "GIT_COMMITTER_EMAIL=ann@example.com", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z",
	}
	for _, args := range [][]string{
		{"init", "-q", "-b", "main"},
		{"remote", "add", "origin", "https://github.com/straykey/straykey"},
		{"add", "--all"},
		{"commit", "-q", "-m", "Release"},
		{"tag", "v" + version},
	} {
		run(t, dir, env, "git", args...)
	}
	return dir
}

func copyFile(to, from string) error {
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return err
	}
	return os.WriteFile(to, text, info.Mode().Perm())
}

// build makes a release in a repository and returns the directory of its files. It is for this machine only, unless
// STRAYKEY_RELEASE_ALL is set: each of the other systems takes minutes to compile.
func build(t *testing.T, dir string) string {
	t.Helper()
	config := filepath.Join(t.TempDir(), "goreleaser.yaml")
	text, err := os.ReadFile(filepath.Join(dir, ".goreleaser.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv(allEnv) == "" {
		for from, to := range map[string]string{
			"goos: [linux, darwin, windows]": "goos: [" + runtime.GOOS + "]",
			"goarch: [amd64, arm64]":         "goarch: [" + runtime.GOARCH + "]",
		} {
			if !bytes.Contains(text, []byte(from)) {
				t.Fatalf(".goreleaser.yaml has no %q", from)
			}
			text = bytes.ReplaceAll(text, []byte(from), []byte(to))
		}
		// Scoop's manifest needs an archive for Windows.
		before, rest, _ := bytes.Cut(text, []byte("\nscoops:\n"))
		_, after, ok := bytes.Cut(rest, []byte("\nchangelog:\n"))
		if !ok {
			t.Fatal("no scoops before changelog in .goreleaser.yaml")
		}
		text = slices.Concat(before, []byte("\nchangelog:\n"), after)
	}
	if err := os.WriteFile(config, text, 0o666); err != nil {
		t.Fatal(err)
	}
	// Signing and the list of modules need programs and a network that the workflow has.
	goreleaser(t, dir, "release", "--clean", "--config", config, "--skip=publish,announce,sign,sbom")
	return filepath.Join(dir, "dist")
}

// artifact is what goreleaser says of a file that it made.
type artifact struct {
	Name, Path, Goos, Goarch, Type string
}

func artifacts(t *testing.T, dist string) []artifact {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dist, "artifacts.json"))
	if err != nil {
		t.Fatal(err)
	}
	var out []artifact
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRelease(t *testing.T) {
	first := tagged(t)
	dist := build(t, first)
	t.Run("installed by the action", func(t *testing.T) { installed(t, dist) })
	t.Run("sizes", func(t *testing.T) { sizes(t, first, dist) })
	t.Run("archive", func(t *testing.T) { archive(t, dist) })
	t.Run("deb", func(t *testing.T) { deb(t, dist) })
	t.Run("npm", func(t *testing.T) { npm(t, dist) })
	t.Run("the same again", func(t *testing.T) { again(t, first, dist) })
}

// installed has the action's script install the release from a server on this machine.
func installed(t *testing.T, dist string) {
	system := map[string]string{"linux": "Linux", "darwin": "macOS", "windows": "Windows"}[runtime.GOOS]
	machine := map[string]string{"amd64": "X64", "arm64": "ARM64"}[runtime.GOARCH]
	server := httptest.NewServer(http.StripPrefix("/v"+version, http.FileServer(http.Dir(dist))))
	defer server.Close()
	dir := t.TempDir()
	outputs := filepath.Join(dir, "outputs")
	run(t, dir, []string{
		"STRAYKEY_RELEASES=" + server.URL, "STRAYKEY_VERSION=v" + version, "STRAYKEY_ATTESTATION=skip",
		"RUNNER_OS=" + system, "RUNNER_ARCH=" + machine, "RUNNER_TEMP=" + dir, "RUNNER_TOOL_CACHE=" + filepath.Join(dir, "tools"),
		"GITHUB_OUTPUT=" + outputs,
	}, "bash", filepath.Join(root(t), "action", "install.sh"))
	text, err := os.ReadFile(outputs)
	if err != nil {
		t.Fatal(err)
	}
	program, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "binary=")
	if !ok {
		t.Fatalf("outputs: %q", text)
	}
	if got := run(t, dir, nil, program, "version"); !strings.HasPrefix(got, "straykey "+version+"\n") {
		t.Errorf("version: %q", got)
	}
	// What other runners download has the names that the script makes.
	for _, a := range artifacts(t, dist) {
		kind := map[bool]string{true: "zip", false: "tar.gz"}[a.Goos == "windows"]
		if want := fmt.Sprintf("straykey_%s_%s_%s.%s", version, a.Goos, a.Goarch, kind); a.Type == "Archive" && a.Name != want {
			t.Errorf("archive %s, the action downloads %s", a.Name, want)
		}
	}
}

func sizes(t *testing.T, dir, dist string) {
	built := 0
	for _, a := range artifacts(t, dist) {
		if a.Type != "Binary" {
			continue
		}
		built++
		info, err := os.Stat(filepath.Join(dir, a.Path))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s/%s: %.1f MB", a.Goos, a.Goarch, float64(info.Size())/1e6)
		if info.Size() > maxBinary {
			t.Errorf("%s/%s has %d bytes, at most %d are wanted", a.Goos, a.Goarch, info.Size(), maxBinary)
		}
	}
	want := 1
	if os.Getenv(allEnv) != "" {
		want = 6
	}
	if built != want {
		t.Errorf("%d programs, want %d", built, want)
	}
}

// members lists a tar.gz.
func members(t *testing.T, file string) []string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, h.Name)
	}
}

// What the cask names has to be in the archive; people look for the rest.
func archive(t *testing.T, dist string) {
	if runtime.GOOS == "windows" {
		t.Skip("a zip")
	}
	got := members(t, filepath.Join(dist, fmt.Sprintf("straykey_%s_%s_%s.tar.gz", version, runtime.GOOS, runtime.GOARCH)))
	for _, want := range []string{
		"straykey", "LICENSE", "README.md", "CHANGELOG.md", "man/straykey.1.gz", "man/straykey-scan.1.gz", "man/straykey-ci.1.gz", "man/straykey-hook.1.gz",
		"completions/straykey.bash", "completions/_straykey", "completions/straykey.fish", "completions/straykey.ps1",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no %s among %q", want, got)
		}
	}
	cask, err := os.ReadFile(filepath.Join(dist, "homebrew", "Casks", "straykey.rb"))
	if err != nil {
		t.Skip("no cask without archives for macOS or Linux")
	}
	for line := range strings.Lines(string(cask)) {
		kind, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		if kind == "manpage" || strings.HasSuffix(kind, "_completion") {
			if file = strings.Trim(file, `"`); !slices.Contains(got, file) {
				t.Errorf("the cask names %s, which is not in the archive", file)
			}
		}
	}
}

func deb(t *testing.T, dist string) {
	if _, err := exec.LookPath("dpkg-deb"); err != nil || runtime.GOOS != "linux" {
		t.Skip("not on Debian")
	}
	dir := t.TempDir()
	run(t, dir, nil, "dpkg-deb", "--extract", filepath.Join(dist, fmt.Sprintf("straykey_%s_%s.deb", version, runtime.GOARCH)), dir)
	if got := run(t, dir, nil, filepath.Join(dir, "usr", "bin", "straykey"), "version"); !strings.HasPrefix(got, "straykey "+version+"\n") {
		t.Errorf("version: %q", got)
	}
	for _, want := range []string{
		"usr/share/man/man1/straykey-scan.1.gz", "usr/share/bash-completion/completions/straykey", "usr/share/zsh/site-functions/_straykey",
		"usr/share/fish/vendor_completions.d/straykey.fish", "usr/share/doc/straykey/copyright",
	} {
		if _, err := os.Stat(filepath.Join(dir, want)); err != nil {
			t.Error(err)
		}
	}
}

// npm makes the packages; internal/repotest installs some.
func npm(t *testing.T, dist string) {
	if _, err := exec.LookPath("npm"); err != nil || os.Getenv(allEnv) == "" {
		t.Skip("needs npm, and the programs for all systems")
	}
	out := filepath.Join(t.TempDir(), "npm")
	run(t, dist, nil, "node", filepath.Join(root(t), "npm", "pack.mjs"), dist, out)
	tarballs, err := filepath.Glob(filepath.Join(out, "*-"+version+".tgz"))
	if err != nil || len(tarballs) != 7 {
		t.Errorf("packages: %q, %v", tarballs, err)
	}
}

// again makes the release a second time, elsewhere, and the program as docs/install.md says.
func again(t *testing.T, first, dist string) {
	second := tagged(t)
	sum := func(file string) string {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%x", sha256.Sum256(text))
	}
	for _, a := range artifacts(t, dist) {
		if a.Type == "Binary" && a.Goos == runtime.GOOS && a.Goarch == runtime.GOARCH {
			run(t, second, []string{"CGO_ENABLED=0"}, "go", "build", "-trimpath", "-ldflags", "-s -w -X main.stampedVersion="+version, "-o", "again", "./cmd/straykey")
			if sum(filepath.Join(second, "again")) != sum(filepath.Join(first, a.Path)) {
				t.Error("go build gives another program than the release has")
			}
			if err := os.Remove(filepath.Join(second, "again")); err != nil {
				t.Fatal(err)
			}
		}
	}
	dist2 := build(t, second)
	if a, b := sum(filepath.Join(dist, "checksums.txt")), sum(filepath.Join(dist2, "checksums.txt")); a != b {
		for _, x := range artifacts(t, dist) {
			if info, err := os.Stat(filepath.Join(first, x.Path)); err != nil || info.IsDir() {
				continue
			}
			if sum(filepath.Join(first, x.Path)) != sum(filepath.Join(second, x.Path)) {
				t.Errorf("%s is not the same when it is built again", x.Name)
			}
		}
	}
}
