package repotest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// actionStep is a step of action.yml.
type actionStep struct {
	id  string
	run string
	env map[string]string // to expressions
}

// actionSteps reads the steps of action.yml, which has one line for each run and each variable.
func actionSteps(t *testing.T) []actionStep {
	t.Helper()
	_, steps, ok := strings.Cut(read(t, "action.yml"), "\n  steps:\n")
	if !ok {
		t.Fatal("action.yml has no steps")
	}
	var out []actionStep
	for line := range strings.Lines(steps) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch {
		case strings.HasPrefix(key, "- "):
			out = append(out, actionStep{env: map[string]string{}})
		case len(out) == 0:
		case key == "id":
			out[len(out)-1].id = value
		case key == "run":
			out[len(out)-1].run = value
		case strings.HasPrefix(line, "        ") && value != "":
			out[len(out)-1].env[key] = value
		}
	}
	return out
}

// What somebody else may have written gets into a script as a variable or not at all; nothing of others' is used.
func TestActionInterpolatesNothing(t *testing.T) {
	text := read(t, "action.yml")
	used := map[string]bool{}
	for _, s := range actionSteps(t) {
		if s.run == "" || strings.Contains(s.run, "${{") {
			t.Errorf("step %s runs %q", s.id, s.run)
		}
		for name, value := range s.env {
			if !regexp.MustCompile(`^\$\{\{ (inputs\.[a-z-]+|github\.action_ref|steps\.install\.outputs\.binary) \}\}$`).MatchString(value) {
				t.Errorf("step %s: %s is %s", s.id, name, value)
			}
			used[strings.Trim(value, "${} ")] = true
		}
	}
	if strings.Contains(text, "uses:") || strings.Contains(text, "docker") {
		t.Error("the action needs others")
	}
	_, inputs, _ := strings.Cut(text, "\ninputs:\n")
	inputs, _, _ = strings.Cut(inputs, "\noutputs:\n")
	for _, m := range regexp.MustCompile(`(?m)^  ([a-z-]+):$`).FindAllStringSubmatch(inputs, -1) {
		if !used["inputs."+m[1]] {
			t.Errorf("input %s reaches no step", m[1])
		}
	}
}

// action runs a step of action.yml as a runner does, with what its variables stand for given by name.
func action(t *testing.T, id string, vars map[string]string) (code int, printed, outputs string) {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("needs bash")
	}
	top, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	temp := t.TempDir()
	file := filepath.Join(temp, "output")
	cmd := exec.Command(bash, "--noprofile", "--norc", "-eo", "pipefail", "-c", "")
	cmd.Env = []string{
		"HOME=" + temp, "RUNNER_TEMP=" + temp, "GITHUB_OUTPUT=" + file, "GITHUB_ACTION_PATH=" + top, "PATH=" + os.Getenv("PATH"),
		"RUNNER_OS=Linux", "RUNNER_ARCH=X64",
	}
	for name, value := range vars {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	for _, s := range actionSteps(t) {
		if s.id == id {
			cmd.Args[len(cmd.Args)-1] = s.run
		}
	}
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(file)
	return cmd.ProcessState.ExitCode(), string(out), string(text)
}

// release serves a release whose binary is a shell script, and counts what is asked for.
func release(t *testing.T, version string, list func(sum string) string) (url string, asked func(path string) int, sum string) {
	t.Helper()
	script := []byte("#!/bin/sh\necho fake straykey \"$@\"\n")
	var archive bytes.Buffer
	z := gzip.NewWriter(&archive)
	w := tar.NewWriter(z)
	err := w.WriteHeader(&tar.Header{Name: "straykey", Mode: 0o755, Size: int64(len(script))})
	if err == nil {
		_, err = w.Write(script)
	}
	if err = firstError(err, w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	sum = fmt.Sprintf("%x", sha256.Sum256(archive.Bytes()))
	name := "straykey_" + strings.TrimPrefix(version, "v")
	var mu sync.Mutex
	count := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		count[r.URL.Path]++
		mu.Unlock()
		switch r.URL.Path {
		case "/" + version + "/" + name + "_linux_amd64.tar.gz":
			_, _ = w.Write(archive.Bytes())
		case "/" + version + "/checksums.txt":
			fmt.Fprintln(w, list(sum))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	asked = func(path string) int {
		mu.Lock()
		defer mu.Unlock()
		return count[path]
	}
	return server.URL, asked, sum
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestActionInstall installs from a release on this machine.
func TestActionInstall(t *testing.T) {
	const archive = "straykey_1.2.3_linux_amd64.tar.gz"
	whole := func(sum string) string {
		return strings.Repeat("0", 64) + "  straykey_1.2.3_darwin_arm64.tar.gz\n" + sum + "  " + archive
	}
	noGH := t.TempDir() // a gh that must not be asked
	for _, tool := range []string{"bash", "mktemp", "curl", "awk", "tr", "mkdir", "cp", "mv", "tar", "gzip", "sha256sum", "cut", "dirname", "sh", "cat"} {
		if full, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s", tool)
		} else if err := os.Symlink(full, filepath.Join(noGH, tool)); err != nil {
			t.Fatal(err)
		}
	}
	gh := func(code int) string {
		dir := t.TempDir()
		script := fmt.Sprintf("#!/bin/sh\necho gh \"$@\"\nexit %d\n", code)
		if err := os.WriteFile(filepath.Join(dir, "gh"), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
		return dir + ":" + noGH
	}
	for _, c := range []struct {
		name string
		list func(string) string
		vars map[string]string
		code int
		want string
	}{
		{"a release", whole, nil, 0, "the attestation of the release was not verified"},
		{"the release that the action is pinned to", whole, map[string]string{"STRAYKEY_VERSION": "", "STRAYKEY_ACTION_REF": "v1.2.3"}, 0, "fake straykey version"},
		{"attested", whole, map[string]string{"PATH": gh(0), "GH_TOKEN": "t"}, 0, "gh attestation verify"},
		{"not attested", whole, map[string]string{"PATH": gh(1), "GH_TOKEN": "t"}, 3, "the attestation of " + archive + " does not hold"},
		{"attestation required, no gh", whole, map[string]string{"STRAYKEY_ATTESTATION": "require"}, 3, "needs gh and a token"},
		{"another checksum in the list", func(string) string { return strings.Repeat("a", 64) + "  " + archive }, nil, 3, "is not that of the release"},
		{"no checksum in the list", func(sum string) string { return sum + "  other.tar.gz" }, nil, 3, "is not in the release"},
		{"another checksum pinned", whole, map[string]string{"STRAYKEY_CHECKSUM": strings.Repeat("b", 64)}, 3, "is not that of the release"},
		{"a checksum that is none", whole, map[string]string{"STRAYKEY_CHECKSUM": "abc"}, 3, "is not in the release"},
		{"another operating system", whole, map[string]string{"RUNNER_OS": "Plan9"}, 3, "no release for this operating system"},
		{"another architecture", whole, map[string]string{"RUNNER_ARCH": "ARM"}, 3, "no release for this architecture"},
		{"a release that is not there", whole, map[string]string{"STRAYKEY_VERSION": "v9.9.9"}, 3, "could not download"},
		{"a version that climbs", whole, map[string]string{"STRAYKEY_VERSION": "v1.2.3/../../x"}, 3, "version is a release"},
		{"a version that runs something", whole, map[string]string{"STRAYKEY_VERSION": "$(touch x)"}, 3, "version is a release"},
		{"latest", whole, map[string]string{"STRAYKEY_VERSION": "latest"}, 3, "version is a release"},
	} {
		t.Run(c.name, func(t *testing.T) {
			url, _, _ := release(t, "v1.2.3", c.list)
			vars := map[string]string{"STRAYKEY_VERSION": "v1.2.3", "STRAYKEY_RELEASES": url, "PATH": noGH}
			for name, value := range c.vars {
				vars[name] = value
			}
			code, printed, outputs := action(t, "install", vars)
			if code != c.code || !strings.Contains(printed, c.want) {
				t.Errorf("exit code %d, want %d and %q:\n%s", code, c.code, c.want, printed)
			}
			if (code == 0) != strings.HasPrefix(outputs, "binary=/") {
				t.Errorf("outputs %q", outputs)
			}
		})
	}
}

// An archive that an earlier run has kept is not fetched again, and not believed either.
func TestActionCache(t *testing.T) {
	url, asked, sum := release(t, "v1.2.3", func(sum string) string { return sum + "  straykey_1.2.3_linux_amd64.tar.gz" })
	cache := t.TempDir()
	vars := map[string]string{"STRAYKEY_VERSION": "v1.2.3", "STRAYKEY_RELEASES": url, "STRAYKEY_ATTESTATION": "skip", "RUNNER_TOOL_CACHE": cache}
	kept := filepath.Join(cache, "straykey", "v1.2.3", "straykey_1.2.3_linux_amd64.tar.gz")
	for i, want := range []int{1, 1, 2} {
		if i == 2 {
			if err := os.WriteFile(kept, []byte("something else"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if code, printed, _ := action(t, "install", vars); code != 0 {
			t.Fatalf("exit code %d\n%s", code, printed)
		}
		if got := asked("/v1.2.3/" + filepath.Base(kept)); got != want {
			t.Errorf("run %d: the archive was fetched %d times, want %d", i+1, got, want)
		}
	}
	if text, err := os.ReadFile(kept); err != nil || fmt.Sprintf("%x", sha256.Sum256(text)) != sum {
		t.Errorf("the archive that is kept is not that of the release: %v", err)
	}
}

// TestActionScan checks what straykey is called with: each input is one argument, whatever stands in it.
func TestActionScan(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "straykey")
	if err := os.WriteFile(binary, []byte("#!/bin/sh\nfor a; do echo \"<$a>\"; done\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		vars map[string]string
		code int
		want string
	}{
		{"nothing said", nil, 1, "<ci> <--fetch> <--> <.>"},
		{"all", map[string]string{
			"STRAYKEY_FETCH": "false", "STRAYKEY_COMMENT": "true", "STRAYKEY_SUMMARY": "false", "STRAYKEY_SARIF": "my out.sarif",
			"STRAYKEY_FAIL_ON": "none", "STRAYKEY_PATH": "-x", "STRAYKEY_ARGS": "--confidence=high\r\n\n--skip=a b;$(id)`id`\n",
		}, 1, "<ci> <--review-comments> <--no-summary> <--sarif=my out.sarif> <--exit-code=0> <--confidence=high> <--skip=a b;$(id)`id`> <--> <-x>"},
		{"neither true nor false", map[string]string{"STRAYKEY_FETCH": "yes"}, 3, "::error title=straykey::fetch is true or false"},
		{"a word that is none", map[string]string{"STRAYKEY_FAIL_ON": "never"}, 3, "::error title=straykey::fail-on is any or none; with args: --verify, args can have --fail-on=active"},
	} {
		t.Run(c.name, func(t *testing.T) {
			vars := map[string]string{"STRAYKEY_BINARY": binary}
			for name, value := range c.vars {
				vars[name] = value
			}
			code, printed, _ := action(t, "scan", vars)
			if got := strings.Join(strings.Split(strings.TrimSpace(printed), "\n"), " "); code != c.code || got != c.want {
				t.Errorf("exit code %d, %s\nwant %d, %s", code, got, c.code, c.want)
			}
		})
	}
}

// Until there is a release, and for who pins the action by a commit, it is built from its own checkout.
func TestActionSource(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	cache, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE", "GOPROXY").Output()
	if err != nil {
		t.Skip("needs go")
	}
	dirs := strings.Split(string(cache), "\n")
	code, printed, outputs := action(t, "install", map[string]string{
		"STRAYKEY_ACTION_REF": "main", "GOCACHE": dirs[0], "GOMODCACHE": dirs[1], "GOPROXY": dirs[2], "GOFLAGS": "-buildvcs=false",
	})
	if code != 0 || !strings.HasPrefix(outputs, "binary=/") {
		t.Fatalf("exit code %d, outputs %q\n%s", code, outputs, printed)
	}
}
