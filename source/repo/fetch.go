package repo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Fetch says what to fetch from the remote named origin.
type Fetch struct {
	Wants     []string // object ids, and refspecs; none may begin with a dash
	Depth     int      // of new history behind Wants; 0: all of it
	Deepen    int      // by how many commits to move the ends of a shallow clone; 0: not
	Unshallow bool     // get all that a shallow clone left out
}

// fetchConfig is given to git on the command line. Nothing is run besides what carries the transport.
var fetchConfig = [...]string{
	"core.fsmonitor=false",
	"core.hooksPath=" + os.DevNull,
	"gc.auto=0",
	"maintenance.auto=false",
	"fetch.recurseSubmodules=false",
	"fetch.writeCommitGraph=false",
}

// fetchEnv adds to the environment of the process.
var fetchEnv = [...]string{
	"GIT_ALLOW_PROTOCOL=file:git:http:https:ssh", // no helpers that a URL can name
	"GIT_TERMINAL_PROMPT=0",
	"GIT_NO_REPLACE_OBJECTS=1",
	"LC_ALL=C",
}

// Fetch runs git fetch. It is the only place where straykey lets git reach a network, and unlike [Repo.Git] it is as
// trusting as a git fetch typed by hand: with the configuration of the repository and of the user, and with the
// environment, because that is where credentials, proxies and ssh commands are kept. It is for checkouts of a service
// whose configuration the service has written, and only when somebody has asked for it. Hooks, submodules and
// maintenance do not run; objects come in, refs only as refspecs say. What was read of the repository is stale afterwards.
func (r *Repo) Fetch(ctx context.Context, f Fetch) error {
	bin, err := exec.LookPath("git")
	if err != nil {
		return errors.New("the git program is needed to fetch, and is not in PATH")
	}
	args := []string{"--git-dir=" + r.GitDir, "--no-pager"}
	for _, c := range fetchConfig {
		args = append(args, "-c", c)
	}
	args = append(args, "fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--force", "--upload-pack=git-upload-pack")
	switch {
	case f.Unshallow:
		args = append(args, "--unshallow")
	case f.Deepen > 0:
		args = append(args, fmt.Sprintf("--deepen=%d", f.Deepen))
	case f.Depth > 0:
		args = append(args, fmt.Sprintf("--depth=%d", f.Depth))
	}
	args = append(args, "origin")
	for _, want := range f.Wants {
		if want == "" || strings.HasPrefix(want, "-") {
			return fmt.Errorf("fetch %q: not the name of something to fetch", want)
		}
		args = append(args, want)
	}
	cmd := exec.CommandContext(ctx, bin, args...)
	cmd.Dir = r.GitDir
	cmd.Env = append(os.Environ(), fetchEnv[:]...)
	if _, err := cmd.Output(); err != nil {
		return GitError(ctx, "fetch", err)
	}
	return nil
}
