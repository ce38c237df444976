package hooktest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/straykey/straykey/detect/proof/forge"
	"github.com/straykey/straykey/internal/built"
)

const (
	root  = "../.."
	tools = root + "/.cache/hooktest" // where install.sh puts them
)

// tool returns the absolute path of a program that install.sh has got.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(tools, filepath.FromSlash(name)))
	if err == nil {
		_, err = os.Stat(path)
	}
	switch {
	case err == nil:
		return path
	case os.Getenv("STRAYKEY_REQUIRE_HOOK_TOOLS") != "":
		t.Fatalf("%s is required: %v", name, err)
	}
	t.Skipf("needs %s: run internal/hooktest/install.sh", name)
	return ""
}

// desk is where one developer works: a directory of repositories, and what all their programs are told.
type desk struct {
	t   *testing.T
	dir string
	env []string
}

// newDesk puts straykey and other programs in PATH.
func newDesk(t *testing.T, programs ...string) *desk {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Dir(built.Straykey(t))
	for _, p := range programs {
		path += string(os.PathListSeparator) + filepath.Dir(p)
	}
	d := &desk{t: t, dir: dir}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "GIT_") && !strings.HasPrefix(v, "PRE_COMMIT_") && !strings.HasPrefix(v, "HUSKY") && !strings.HasPrefix(v, "LEFTHOOK") {
			d.env = append(d.env, v)
		}
	}
	d.env = append(d.env, "PATH="+path+string(os.PathListSeparator)+os.Getenv("PATH"), "PRE_COMMIT_HOME="+filepath.Join(dir, "pre-commit"),
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_TERMINAL_PROMPT=0", "GIT_EDITOR=true",
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com")
	return d
}

func (d *desk) try(in, stdin, name string, args ...string) (string, error) {
	path := name
	for _, v := range d.env { // the last PATH counts
		if list, ok := strings.CutPrefix(v, "PATH="); ok {
			for _, dir := range filepath.SplitList(list) {
				if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Mode().IsRegular() {
					path = filepath.Join(dir, name)
					break
				}
			}
		}
	}
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Env, cmd.Stdin = filepath.Join(d.dir, in), d.env, strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (d *desk) do(t *testing.T, in, name string, args ...string) string {
	t.Helper()
	out, err := d.try(in, "", name, args...)
	if err != nil {
		t.Fatalf("%s %v in %s: %v\n%s", name, args, in, err, out)
	}
	return out
}

func (d *desk) write(t *testing.T, name, text string) {
	t.Helper()
	name = filepath.Join(d.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// refused checks that a command of git, which has a canary before it, ends with straykey's refusal and leaves no commit.
func (d *desk) refused(t *testing.T, in, place, stdin string, args ...string) {
	t.Helper()
	before, _ := d.try(in, "", "git", "rev-parse", "--verify", "-q", "HEAD")
	out, err := d.try(in, stdin, "git", args...)
	if err == nil || !strings.Contains(out, "straykey refuses this") || !strings.Contains(out, place) {
		t.Errorf("git %v in %s: %v, want a refusal that names %s\n%s", args, in, err, place, out)
	}
	if after, _ := d.try(in, "", "git", "rev-parse", "--verify", "-q", "HEAD"); after != before {
		t.Errorf("git %v in %s: there is a commit", args, in)
	}
}

func canary(seed string) string {
	return "TOKEN=" + forge.GitHub(forge.New(seed), "ghp"+"_") + "\n"
}

// publish makes a repository of this one as it is in the work tree, for pre-commit to clone.
func (d *desk) publish(t *testing.T) (rev string) {
	t.Helper()
	list, err := exec.Command("git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Skip("this is no clone: ", err)
	}
	for name := range strings.SplitSeq(strings.Trim(string(list), "\x00"), "\x00") {
		if text, err := os.ReadFile(filepath.Join(root, name)); err == nil {
			d.write(t, "straykey/"+name, string(text))
		}
	}
	d.do(t, "straykey", "git", "init", "-q")
	d.do(t, "straykey", "git", "add", "-A")
	d.do(t, "straykey", "git", "commit", "-q", "-m", "as it is")
	return strings.TrimSpace(d.do(t, "straykey", "git", "rev-parse", "HEAD"))
}

// The real framework, in the places and with the settings in which other hooks have been blind.
func TestPreCommit(t *testing.T) {
	if testing.Short() {
		t.Skip("starts pre-commit many times")
	}
	d := newDesk(t, tool(t, "venv/bin/pre-commit"))
	rev := d.publish(t)
	config := func(id string) string {
		return fmt.Sprintf("exclude: .*\nrepos:\n- repo: %s\n  rev: %s\n  hooks:\n  - id: %s\n", filepath.Join(d.dir, "straykey"), rev, id)
	}
	repo := func(t *testing.T, name, id string) {
		t.Helper()
		d.do(t, ".", "git", "init", "-q", "-b", "main", name)
		d.write(t, name+"/.pre-commit-config.yaml", config(id))
		d.do(t, name, "pre-commit", "install")
		d.do(t, name, "git", "add", ".")
	}
	clean := func(t *testing.T, name string) {
		t.Helper()
		d.write(t, name+"/app.env", "a\nb\nc\n")
		d.do(t, name, "git", "add", "app.env")
		d.do(t, name, "git", "commit", "-q", "-m", "clean")
	}
	t.Run("built from source", func(t *testing.T) {
		for _, name := range []string{"GOMODCACHE", "GOCACHE"} {
			out, err := exec.Command("go", "env", name).Output()
			if err != nil {
				t.Fatal(err)
			}
			d.env = append(d.env, name+"="+strings.TrimSpace(string(out)))
		}
		repo(t, "golang", "straykey")
		clean(t, "golang")
		d.write(t, "golang/key.env", canary(t.Name()))
		d.do(t, "golang", "git", "add", "key.env")
		d.refused(t, "golang", "key.env:1:7", "", "commit", "-m", "leak")
	})
	repo(t, "app", "straykey-system")
	t.Run("first commit", func(t *testing.T) {
		d.write(t, "app/key.env", canary(t.Name()))
		d.do(t, "app", "git", "add", "key.env")
		d.refused(t, "app", "key.env:1:7", "", "commit", "-m", "leak")
		d.do(t, "app", "git", "rm", "-q", "--cached", "key.env")
		clean(t, "app")
	})
	leak := "a\nb\nc\n" + canary("leak")
	t.Run("plain", func(t *testing.T) {
		d.write(t, "app/app.env", leak)
		d.do(t, "app", "git", "add", "app.env")
		d.refused(t, "app", "app.env:4:7", "", "commit", "-m", "leak")
		d.do(t, "app", "git", "reset", "-q")
	})
	t.Run("commit -a", func(t *testing.T) { d.refused(t, "app", "app.env:4:7", "", "commit", "-a", "-m", "leak") })
	t.Run("commit of a path", func(t *testing.T) { d.refused(t, "app", "app.env:4:7", "", "commit", "-m", "leak", "app.env") })
	t.Run("commit -p", func(t *testing.T) { d.refused(t, "app", "app.env:4:7", "y\n", "commit", "-p", "-m", "leak") })
	t.Run("sub-directory", func(t *testing.T) {
		d.write(t, "app/sub/dir/key.env", canary(t.Name()))
		d.do(t, "app/sub/dir", "git", "add", "key.env")
		d.refused(t, "app/sub/dir", "sub/dir/key.env:1:7", "", "commit", "-m", "leak")
		d.do(t, "app", "git", "reset", "-q")
	})
	for _, setting := range []string{"diff.external=true", "diff.noprefix=true", "diff.mnemonicPrefix=true", "diff.x.textconv=true"} {
		t.Run(setting, func(t *testing.T) {
			name, value, _ := strings.Cut(setting, "=")
			d.do(t, "app", "git", "config", name, value)
			d.write(t, "app/.gitattributes", "*.env diff=x\n")
			d.do(t, "app", "git", "add", "app.env", ".gitattributes")
			d.refused(t, "app", "app.env:4:7", "", "commit", "-m", "leak")
			d.do(t, "app", "git", "config", "--unset", name)
			d.do(t, "app", "git", "reset", "-q")
		})
	}
	// The framework run by hand, as continuous integration does.
	t.Run("run --all-files", func(t *testing.T) {
		out, err := d.try("app", "", "pre-commit", "run", "--all-files")
		if err == nil || !strings.Contains(out, "straykey refuses these files") || !strings.Contains(out, "app.env:4:7") {
			t.Errorf("%v\n%s", err, out)
		}
	})
	t.Run("run --from-ref", func(t *testing.T) {
		d.do(t, "app", "git", "switch", "-q", "-c", "leak")
		d.do(t, "app", "git", "commit", "-q", "--no-verify", "-a", "-m", "leak")
		out, err := d.try("app", "", "pre-commit", "run", "--from-ref", "main", "--to-ref", "HEAD")
		if err == nil || !strings.Contains(out, "straykey refuses these commits") || !strings.Contains(out, "app.env:4:7 in") {
			t.Errorf("%v\n%s", err, out)
		}
		d.do(t, "app", "git", "switch", "-q", "main")
		d.write(t, "app/app.env", leak)
	})
	t.Run("pre-push", func(t *testing.T) {
		repo(t, "pushed", "straykey-system-pre-push")
		d.do(t, "pushed", "pre-commit", "install", "--hook-type", "pre-push")
		clean(t, "pushed")
		d.do(t, ".", "git", "init", "-q", "--bare", "server.git")
		d.do(t, "pushed", "git", "push", "-q", "../server.git", "main")
		d.write(t, "pushed/app.env", leak)
		d.do(t, "pushed", "git", "commit", "-q", "--no-verify", "-a", "-m", "leak")
		d.do(t, "pushed", "git", "revert", "--no-edit", "HEAD")
		d.refused(t, "pushed", "app.env:4:7 in", "", "push", "../server.git", "main")
		d.refused(t, "pushed", "app.env:4:7 in", "", "push", "../server.git", "main:topic")
	})
	t.Run("linked worktree", func(t *testing.T) {
		d.do(t, "app", "git", "worktree", "add", "-q", "../linked")
		d.write(t, "linked/app.env", leak)
		d.refused(t, "linked", "app.env:4:7", "", "commit", "-a", "-m", "leak")
	})
	t.Run("submodule", func(t *testing.T) {
		d.do(t, ".", "git", "init", "-q", "outer")
		d.do(t, "outer", "git", "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", filepath.Join(d.dir, "app"), "inner")
		d.do(t, "outer/inner", "pre-commit", "install")
		d.write(t, "outer/inner/app.env", leak)
		d.refused(t, "outer/inner", "app.env:4:7", "", "commit", "-a", "-m", "leak")
	})
	t.Run("100,000 files", func(t *testing.T) {
		repo(t, "large", "straykey-system")
		clean(t, "large")
		blob := strings.TrimSpace(d.do(t, "large", "git", "rev-parse", "HEAD:app.env"))
		var entries, paths strings.Builder
		for i := range 100_000 {
			path := fmt.Sprintf("d%d/d%d/f%d", i/5000, i/50, i)
			fmt.Fprintf(&entries, "100644 %s\t%s\n", blob, path)
			paths.WriteString(path + "\n")
		}
		for args, stdin := range map[string]string{"--index-info": entries.String()} {
			if out, err := d.try("large", stdin, "git", "update-index", args); err != nil {
				t.Fatal(out)
			}
		}
		if out, err := d.try("large", paths.String(), "git", "update-index", "--skip-worktree", "--stdin"); err != nil {
			t.Fatal(out)
		}
		d.do(t, "large", "git", "commit", "-q", "--no-verify", "-m", "many")
		d.write(t, "large/app.env", leak)
		d.refused(t, "large", "app.env:4:7", "", "commit", "-a", "-m", "leak")
	})
	t.Run("doctor", func(t *testing.T) {
		if out := d.do(t, "app", "straykey", "hook", "doctor"); !strings.Contains(out, "a commit with a credential is refused by straykey") {
			t.Error(out)
		}
	})
}

func TestHuskyAndLefthook(t *testing.T) {
	for _, tt := range []struct{ name, program, config string }{
		{"husky", "node_modules/.bin/husky", ".husky/keep"},
		{"lefthook", "node_modules/.bin/lefthook", "lefthook.yml"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			program := tool(t, tt.program)
			d := newDesk(t, program)
			d.do(t, ".", "git", "init", "-q", "app")
			d.write(t, "app/"+tt.config, "")
			if tt.name == "husky" {
				d.do(t, "app", program)
			}
			d.do(t, "app", "straykey", "hook", "install", "pre-commit", "pre-push")
			if tt.name == "lefthook" {
				d.do(t, "app", program, "install", "--force")
			}
			d.write(t, "app/a.txt", "a\n")
			d.do(t, "app", "git", "add", "a.txt")
			d.do(t, "app", "git", "commit", "-q", "-m", "clean")
			d.write(t, "app/key.env", canary(t.Name()))
			d.do(t, "app", "git", "add", "key.env")
			d.refused(t, "app", "key.env:1:7", "", "commit", "-m", "leak")
			d.do(t, "app", "git", "commit", "-q", "--no-verify", "-m", "leak")
			d.do(t, ".", "git", "init", "-q", "--bare", "server.git")
			d.refused(t, "app", "key.env:1:7", "", "push", "../server.git", "HEAD:refs/heads/main")
			d.do(t, "app", "straykey", "hook", "doctor")
			d.do(t, "app", "straykey", "hook", "uninstall")
		})
	}
}
