package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// gitEnv is the whole environment of the git binary apart from what inheritedEnv names. Each line
// closes a way in which a repository, or the user's own settings, could run a program or reach a network.
var gitEnv = [...]string{
	"GIT_CONFIG_NOSYSTEM=1", // no configuration but the repository's own…
	"GIT_CONFIG_SYSTEM=" + os.DevNull,
	"GIT_CONFIG_GLOBAL=" + os.DevNull,
	"GIT_ATTR_NOSYSTEM=1",
	"GIT_NO_LAZY_FETCH=1",      // no fetch of absent objects in a partial clone (git 2.44 and newer)…
	"GIT_ALLOW_PROTOCOL=none",  // …and for older ones no transport at all; overrides protocol.* of the repository
	"GIT_NO_REPLACE_OBJECTS=1", // objects are what their ids say
	"GIT_OPTIONAL_LOCKS=0",     // write nothing
	"GIT_TERMINAL_PROMPT=0",
	"GIT_PAGER=cat",
	"GIT_EDITOR=false",
	"GIT_ASKPASS=false",
	"LC_ALL=C",
}

// gitConfig is given on the command line, where it overrides the repository's own configuration.
var gitConfig = [...]string{
	"core.fsmonitor=false",
	"core.hooksPath=" + os.DevNull,
	"core.attributesFile=" + os.DevNull,
	"core.excludesFile=" + os.DevNull,
	"protocol.allow=never",
	"log.showSignature=false",
	"submodule.recurse=false",
}

// inheritedEnv names what the operating system needs to start a program.
var inheritedEnv = [...]string{"PATH", "PATHEXT", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR"}

// Git runs the git binary on the repository and returns what it printed. It is for plumbing
// commands that only read; it sees no configuration but the repository's own, runs no hook and no
// fsmonitor, and fetches nothing. index names the index file if it is not the repository's own.
func (r *Repo) Git(ctx context.Context, index string, args ...string) ([]byte, error) {
	return runGit(ctx, r.GitDir, index, args...)
}

func runGit(ctx context.Context, gitDir, index string, args ...string) ([]byte, error) {
	bin, err := exec.LookPath("git")
	if err != nil {
		return nil, errors.New("the git program is needed to read this repository, and is not in PATH")
	}
	// An explicit --git-dir also spares git's refusal of repositories that belong to others: it
	// protects against what is switched off here.
	// The work tree is not looked at; naming the current directory keeps git from taking that, with a
	// core.worktree above it, for a sub-directory to which to confine what it lists.
	full := []string{"--git-dir=" + gitDir, "--work-tree=.", "--no-pager", "--literal-pathspecs"}
	for _, c := range gitConfig {
		full = append(full, "-c", c)
	}
	cmd := exec.CommandContext(ctx, bin, append(full, args...)...)
	cmd.Dir = gitDir
	cmd.Env = append(cmd.Env, gitEnv[:]...)
	for _, name := range inheritedEnv {
		if v, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	if index != "" {
		if index, err = filepath.Abs(index); err != nil {
			return nil, err
		}
		cmd.Env = append(cmd.Env, "GIT_INDEX_FILE="+index)
	}
	out, err := cmd.Output()
	if err != nil {
		return nil, GitError(ctx, args[0], err)
	}
	return out, nil
}

// GitError is the error of a git process: it says which command failed, with one line of what it complained about: the last that tells what ended it,
// as warnings come before, or else the first. The rest may be as long as the repository wants.
func GitError(ctx context.Context, command string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return fmt.Errorf("running git %s: %w", command, err)
	}
	var line []byte
	for l := range bytes.Lines(exit.Stderr) {
		if line == nil || bytes.HasPrefix(l, []byte("fatal: ")) || bytes.HasPrefix(l, []byte("error: ")) {
			line = bytes.TrimSpace(l)
		}
	}
	return fmt.Errorf("git %s: %w: %q", command, err, strings.ToValidUTF8(string(line[:min(len(line), 200)]), "?"))
}
