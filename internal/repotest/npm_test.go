package repotest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
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
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/detect/proof/forge"
)

// npmProject is a directory to install packages into, with a registry on this machine.
type npmProject struct {
	dir string
	env []string
}

func (p npmProject) command(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), p.env...)
	return cmd
}

// run returns what a command prints, and its exit code.
func (p npmProject) run(t *testing.T, stdin, name string, args ...string) (string, int) {
	t.Helper()
	cmd := p.command(t, name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// machines are those that releases are for, by Go's names, with npm's.
var machines = map[string]string{
	"linux/amd64": "linux-x64", "linux/arm64": "linux-arm64", "darwin/amd64": "darwin-x64", "darwin/arm64": "darwin-arm64",
	"windows/amd64": "win32-x64", "windows/arm64": "win32-arm64",
}

// TestNPM packs a release with the real npm, installs it from a registry, and runs it.
func TestNPM(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	here := machines[runtime.GOOS+"/"+runtime.GOARCH]
	if _, err := exec.LookPath("npm"); err != nil || here == "" {
		t.Skip("needs npm, on a machine that releases are for")
	}
	if runtime.GOOS == "windows" {
		t.Skip("runs scripts of node_modules/.bin as they are")
	}
	tarballs := packNPM(t, fakeDist(t, "1.2.3"))
	p := npmProject{dir: t.TempDir()}
	p.env = []string{
		"npm_config_registry=" + npmRegistry(t, tarballs), "npm_config_cache=" + t.TempDir(), "npm_config_userconfig=" + os.DevNull,
		"npm_config_update_notifier=false", "npm_config_audit=false", "npm_config_fund=false", "npm_config_yes=false",
	}
	if err := os.WriteFile(filepath.Join(p.dir, "package.json"), []byte(`{"name": "project", "private": true}`), 0o666); err != nil {
		t.Fatal(err)
	}
	if out, code := p.run(t, "", "npm", "install", "--ignore-scripts", "--save-dev", "straykey"); code != 0 {
		t.Fatalf("npm install: exit code %d\n%s", code, out)
	}

	var installed []string
	entries, err := os.ReadDir(filepath.Join(p.dir, "node_modules", "@straykey"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		installed = append(installed, e.Name())
	}
	if diff := cmp.Diff([]string{here}, installed); diff != "" {
		t.Errorf("packages with programs (-want +got):\n%s", diff)
	}

	if out, code := p.run(t, "", "npx", "straykey", "version"); code != 0 || !strings.HasPrefix(out, "straykey 1.2.3\n") {
		t.Errorf("npx straykey version: exit code %d\n%s", code, out)
	}
	shim := filepath.Join(p.dir, "node_modules", ".bin", "straykey")
	for _, tt := range []struct {
		name, stdin string
		args        []string
		want        int
	}{
		{"clean", "hello\n", []string{"scan", "-"}, 0},
		{"finding", forge.GitHub(forge.New("npm"), "ghp"+"_") + "\n", []string{"scan", "-"}, 1},
		{"wrong usage", "", []string{"scan", "--no-such-flag"}, 3},
	} {
		if out, code := p.run(t, tt.stdin, shim, tt.args...); code != tt.want {
			t.Errorf("%s: exit code %d, want %d\n%s", tt.name, code, tt.want, out)
		}
	}
	t.Run("terminated", func(t *testing.T) { terminated(t, p, shim) })

	if err := os.RemoveAll(filepath.Join(p.dir, "node_modules", "@straykey")); err != nil {
		t.Fatal(err)
	}
	if out, code := p.run(t, "", shim, "version"); code != 3 || !strings.Contains(out, "@straykey/"+here+" is not installed") {
		t.Errorf("without the program: exit code %d\n%s", code, out)
	}
}

// Who ends the shim ends the program: it is told, and what it says is what counts.
func terminated(t *testing.T, p npmProject, shim string) {
	cmd := p.command(t, shim, "scan", "-")
	cmd.WaitDelay = 5 * time.Second // a program that is left behind holds its output open
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// The program reads what it is given before it ends: more than a pipe holds has been read when this returns.
	if _, err := in.Write(bytes.Repeat([]byte("hello\n"), 100_000)); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	// Standard input stays open: only the signal ends the program.
	err = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 2 {
		t.Errorf("%v, want exit code 2\n%s", err, out.String())
	}
}

// fakeDist makes what goreleaser writes, with the program for this machine and nonsense for the others.
func fakeDist(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	type artifact struct {
		Path   string `json:"path"`
		Goos   string `json:"goos"`
		Goarch string `json:"goarch"`
		Type   string `json:"type"`
	}
	list := []artifact{{Path: "dist/straykey_linux_amd64.tar.gz", Goos: "linux", Goarch: "amd64", Type: "Archive"}}
	for machine := range machines {
		goos, goarch, _ := strings.Cut(machine, "/")
		a := artifact{"dist/" + goos + "_" + goarch + "/straykey", goos, goarch, "Binary"}
		file := filepath.Join(dir, a.Path)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if machine == runtime.GOOS+"/"+runtime.GOARCH {
			build := exec.Command("go", "build", "-ldflags", "-X main.stampedVersion="+version, "-o", file, "./cmd/straykey")
			build.Dir = root
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		} else if err := os.WriteFile(file, []byte("not for this machine"), 0o666); err != nil {
			t.Fatal(err)
		}
		list = append(list, a)
	}
	for name, value := range map[string]any{"artifacts.json": list, "metadata.json": map[string]string{"version": version}} {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "dist", name), text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "dist")
}

// packNPM returns the tarballs.
func packNPM(t *testing.T, dist string) []string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join(root, "npm", "pack.mjs"), dist, out)
	cmd.Env = append(os.Environ(), "npm_config_cache="+t.TempDir(), "npm_config_update_notifier=false")
	if printed, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}
	tarballs, err := filepath.Glob(filepath.Join(out, "*.tgz"))
	if err != nil {
		t.Fatal(err)
	}
	if len(tarballs) != len(machines)+1 {
		t.Fatalf("tarballs: %q", tarballs)
	}
	return tarballs
}

// npmRegistry serves packages as npm's registry does, and returns its address.
func npmRegistry(t *testing.T, tarballs []string) string {
	t.Helper()
	content := map[string][]byte{} // by path; npm asks for @scope%2fname, which a ServeMux takes for one segment
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := content[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(text) // the client is npm, and will say so
	}))
	t.Cleanup(server.Close)
	for i, file := range tarballs {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		manifest := packageJSON(t, text)
		name, version := manifest["name"].(string), manifest["version"].(string)
		sum := sha512.Sum512(text)
		where := fmt.Sprintf("/tarball/%d.tgz", i)
		manifest["dist"] = map[string]string{
			"tarball": server.URL + where, "integrity": "sha512-" + base64.StdEncoding.EncodeToString(sum[:]),
		}
		document, err := json.Marshal(map[string]any{
			"name": name, "dist-tags": map[string]string{"latest": version}, "versions": map[string]any{version: manifest},
		})
		if err != nil {
			t.Fatal(err)
		}
		content[where] = text
		content["/"+name] = document
	}
	return server.URL
}

// packageJSON reads the manifest of a package.
func packageJSON(t *testing.T, tarball []byte) map[string]any {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(tarball))
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err != nil {
			t.Fatalf("package.json: %v", err)
		}
		if h.Name != "package/package.json" {
			continue
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		var manifest map[string]any
		if err := json.Unmarshal(text, &manifest); err != nil {
			t.Fatal(err)
		}
		return manifest
	}
}
