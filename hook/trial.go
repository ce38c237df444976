package hook

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/straykey/straykey/detect/proof/forge"
	"github.com/straykey/straykey/source/repo"
)

// canaryFile is where a canary is planted.
const canaryFile = "straykey-doctor.env"

// trialTime is how long a hook may take.
const trialTime = 5 * time.Minute

// canary is a line with a token that has the form of GitHub's and was never issued.
func canary() string {
	return "GITHUB_TOKEN=" + forge.GitHub(forge.New(rand.Text()), "ghp"+"_") + "\n"
}

// trial is a clone in which git runs the hooks of another repository.
type trial struct {
	dir     string // all of it
	client  string // a work tree
	server  string // bare, the client's origin; for hooks of a push
	program string
	env     []string
}

func newTrial(ctx context.Context, d *Doctor) (*trial, error) {
	dir, err := os.MkdirTemp(d.Temp, "straykey-doctor-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary clone: %w", err)
	}
	t := &trial{dir: dir, client: filepath.Join(dir, "clone"), server: filepath.Join(dir, "server.git"), program: d.Program, env: trialEnv(d.Repo)}
	if err := t.build(ctx, d.Repo); err != nil {
		return nil, errors.Join(fmt.Errorf("make a temporary clone: %w", err), os.RemoveAll(dir))
	}
	return t, nil
}

// trialEnv is the user's environment without what git tells its hooks: that names the user's own repository.
func trialEnv(r *Repo) []string {
	path := os.Getenv("PATH")
	if r.Top != "" { // where husky and lefthook are, if they came by npm
		path = filepath.Join(r.Top, "node_modules", ".bin") + string(os.PathListSeparator) + path
	}
	env := []string{"PATH=" + path}
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		switch {
		case strings.EqualFold(name, "PATH"), strings.HasPrefix(name, "GIT_") && !strings.HasPrefix(name, "GIT_CONFIG"):
		case slices.Contains([]string{"PRE_COMMIT_FROM_REF", "PRE_COMMIT_TO_REF", "PRE_COMMIT_LOCAL_BRANCH", "PRE_COMMIT_REMOTE_NAME"}, name):
		default:
			env = append(env, v)
		}
	}
	return append(env, "GIT_TERMINAL_PROMPT=0", "GIT_EDITOR=true",
		"GIT_AUTHOR_NAME=straykey doctor", "GIT_AUTHOR_EMAIL=doctor@localhost", "GIT_COMMITTER_NAME=straykey doctor", "GIT_COMMITTER_EMAIL=doctor@localhost")
}

// build makes client and server. Objects are shared with the user's repository, and only the files at the top are checked out.
func (t *trial) build(ctx context.Context, r *Repo) error {
	from := r.Top
	if from == "" {
		from = r.GitDir
	}
	hooked, other := t.client, t.server
	if r.Bare() {
		hooked, other = t.server, t.client
	}
	for _, args := range [][]string{
		{"clone", "--quiet", "--shared", "--bare", "--no-tags", "--template=", from, t.server},
		{"clone", "--quiet", "--shared", "--sparse", "--no-tags", "--template=", t.server, t.client},
		{"-C", hooked, "config", "core.hooksPath", r.HooksDir},
		{"-C", other, "config", "core.hooksPath", os.DevNull}, // the user's own may have it too
		{"-C", t.client, "config", "commit.gpgSign", "false"},
		{"-C", t.client, "config", "push.gpgSign", "false"},
	} {
		if err := t.git(ctx, t.dir, args...); err != nil {
			return err
		}
	}
	if r.Bare() {
		return nil
	}
	for _, name := range carried(r) {
		text, err := repo.ReadFile(filepath.Join(r.Top, name), maxHook)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		to := filepath.Join(t.client, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o777), os.WriteFile(to, text, 0o666)); err != nil {
			return err
		}
		add := []string{"add", "--force", "--", name}
		if filepath.Dir(name) != "." { // what is not at the top is not checked out
			add = slices.Insert(add, 1, "--sparse")
		}
		if err := t.git(ctx, t.client, add...); err != nil {
			return err
		}
	}
	return t.past(ctx, PreCommit)
}

// plant stages a file with that text.
func (t *trial) plant(ctx context.Context, text string) error {
	if err := os.WriteFile(filepath.Join(t.client, canaryFile), []byte(text), 0o666); err != nil {
		return err
	}
	return t.git(ctx, t.client, "add", "--force", "--", canaryFile)
}

// act does what a hook stands before, and returns what was said.
func (t *trial) act(ctx context.Context, hook string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, trialTime)
	defer cancel()
	if hook == PreCommit {
		return t.run(ctx, t.client, "git", "commit", "-m", "straykey doctor")
	}
	if err := t.past(ctx, PreCommit); err != nil {
		return "", err
	}
	return t.run(ctx, t.client, "git", t.push()...)
}

// past does the same without the hook, so that what comes next has what it needs.
func (t *trial) past(ctx context.Context, hook string) error {
	switch hook {
	case PreCommit:
		return t.git(ctx, t.client, "commit", "--quiet", "--no-verify", "--allow-empty", "-m", "straykey doctor")
	case PrePush:
		return t.git(ctx, t.client, t.push("--no-verify")...)
	}
	return nil
}

func (t *trial) push(flags ...string) []string {
	return append(append([]string{"push", "--force"}, flags...), "origin", "HEAD:refs/heads/straykey-doctor")
}

func (t *trial) git(ctx context.Context, dir string, args ...string) error {
	out, err := t.run(ctx, dir, "git", args...)
	if err != nil {
		return fmt.Errorf("git %s: %s", args[0], lastLine(out, err))
	}
	return nil
}

// run runs a program and returns what it prints.
func (t *trial) run(ctx context.Context, dir, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = dir, t.env
	cmd.WaitDelay = 5 * time.Second // what a hook has started may hold the pipe
	out, err := cmd.CombinedOutput()
	return string(out), err
}
