package hook

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/straykey/straykey/source/repo"
)

// Repo is a repository as git sees it, with the user's configuration.
type Repo struct {
	Top       string // root of the work tree, absolute; empty: bare
	GitDir    string // of this work tree, absolute
	CommonDir string // of all work trees, absolute
	HooksDir  string // where git looks for hooks, absolute; it need not be there

	HooksPath Setting // core.hooksPath; zero: the hooks of the repository
}

// Setting is a value of git's configuration.
type Setting struct {
	Scope  string // local, global, system, worktree, command
	Origin string // as git names it: "file:…"
	Value  string
}

// Open asks git which repository dir is in, and where its hooks are.
func Open(ctx context.Context, dir string) (*Repo, error) {
	// --git-common-dir is relative to the current directory, and --path-format is too new.
	out, err := git(ctx, dir, nil, "rev-parse", "--is-bare-repository", "--absolute-git-dir", "--git-common-dir")
	if err != nil {
		return nil, err
	}
	lines := strings.Split(out, "\n")
	if len(lines) < 3 {
		return nil, fmt.Errorf("git rev-parse in %s: unexpected output %q", dir, out)
	}
	r := &Repo{GitDir: filepath.FromSlash(lines[1])}
	if r.CommonDir, err = absolute(dir, lines[2]); err != nil {
		return nil, err
	}
	if lines[0] != "true" {
		top, err := git(ctx, dir, nil, "rev-parse", "--show-toplevel")
		if err != nil {
			return nil, err
		}
		r.Top = filepath.FromSlash(top)
	}
	if r.HooksPath, err = setting(ctx, dir, "core.hooksPath"); err != nil {
		return nil, err
	}
	r.HooksDir = filepath.Join(r.CommonDir, "hooks")
	if r.HooksPath.Value != "" {
		// Relative to where git runs hooks: the root of the work tree, or a bare repository.
		base := r.Top
		if base == "" {
			base = r.GitDir
		}
		if r.HooksDir, err = absolute(base, r.HooksPath.Value); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Bare reports whether there is no work tree: a repository on a server.
func (r *Repo) Bare() bool { return r.Top == "" }

// Committed reports whether the hooks stand in the work tree, where they are committed with it and shared.
func (r *Repo) Committed() bool {
	return r.Top != "" && inside(r.HooksDir, r.Top) && !inside(r.HooksDir, r.CommonDir) && !inside(r.HooksDir, r.GitDir)
}

// Shared reports whether the hooks serve repositories besides this one: the user or the machine said so.
func (r *Repo) Shared() bool {
	return r.HooksPath.Scope == "global" || r.HooksPath.Scope == "system"
}

func inside(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

func absolute(base, path string) (string, error) {
	path = filepath.FromSlash(path)
	if !filepath.IsAbs(path) {
		path = filepath.Join(base, path)
	}
	return filepath.Abs(path)
}

// setting returns a value of the configuration as a path; zero if there is none.
func setting(ctx context.Context, dir, name string) (Setting, error) {
	out, err := git(ctx, dir, nil, "config", "--null", "--show-scope", "--show-origin", "--type=path", "--get", name)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return Setting{}, nil
	}
	if err != nil {
		return Setting{}, err
	}
	fields := strings.Split(out, "\x00")
	if len(fields) < 3 {
		return Setting{}, fmt.Errorf("git config %s: unexpected output %q", name, out)
	}
	return Setting{fields[0], fields[1], fields[2]}, nil
}

// git runs git and returns what it prints, without the newline at the end. env is added to the environment.
func git(ctx context.Context, dir string, env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.Output()
	if err != nil {
		err = repo.GitError(ctx, args[0], err)
	}
	return strings.TrimSuffix(string(out), "\n"), err
}
