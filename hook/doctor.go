package hook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// State is how a check went.
type State string

// The states of a check.
const (
	Passed  State = "ok"
	Warned  State = "warning" // the gate holds, something is not as it should be
	Failed  State = "failed"  // the gate is open, or cannot be told to be closed
	Skipped State = "skipped"
)

// Check is one thing that a doctor looked at.
type Check struct {
	Name   string
	State  State
	Detail string
	Fix    string // what to do, if anything
}

// Doctor examines the hooks of a repository.
type Doctor struct {
	Repo    *Repo
	Version string // of this straykey
	Program string // this straykey, absolute
	Getenv  func(name string) string
	Temp    string // where to make the temporary clones; empty: the system's directory for that
}

// Examine looks at the hooks, and then tries them: it commits, and where there is a hook for that pushes, a credential that is
// made for it, in a temporary clone in which git runs the hooks of this repository. The repository itself is only read. each is
// called for every check as it is done.
func (d *Doctor) Examine(ctx context.Context, each func(Check)) error {
	status := d.Repo.Read()
	for _, c := range d.environment() {
		each(c)
	}
	tried := []string{PreCommit, PrePush}
	if d.Repo.Bare() {
		tried = []string{PreReceive}
	}
	var present []string
	for _, h := range status.Hooks {
		if !slices.Contains(tried, h.Name) {
			continue
		}
		checks := d.look(ctx, h)
		for _, c := range checks {
			each(c)
		}
		if h.By != "" && h.Executable {
			present = append(present, h.Name)
		}
	}
	if len(present) == 0 {
		return nil
	}
	return d.try(ctx, present, each)
}

// environment tells of variables that switch hooks off.
func (d *Doctor) environment() []Check {
	var list []Check
	for _, v := range []struct {
		name, does string
		on         func(string) bool
	}{
		{"SKIP", "makes pre-commit leave out straykey", func(s string) bool { return strings.Contains(s, "straykey") }},
		{"HUSKY", "switches husky off", func(s string) bool { return s == "0" }},
		{"HUSKY_SKIP_HOOKS", "switches husky off", func(s string) bool { return s != "" }},
		{"LEFTHOOK", "switches lefthook off", func(s string) bool { return s == "0" || s == "false" }},
		{"LEFTHOOK_EXCLUDE", "makes lefthook leave out straykey", func(s string) bool { return strings.Contains(s, "straykey") }},
	} {
		if value := d.Getenv(v.name); v.on(value) {
			list = append(list, Check{"environment", Warned, fmt.Sprintf("%s=%s %s", v.name, value, v.does), "unset " + v.name})
		}
	}
	return list
}

// look says of a hook what can be seen without running it.
func (d *Doctor) look(ctx context.Context, h HookStatus) []Check {
	check := func(state State, detail, fix string) Check { return Check{h.Name, state, detail, fix} }
	install := "straykey hook install " + h.Name
	var list []Check
	if h.Elsewhere != "" {
		state := Failed
		if h.Guarded() {
			state = Warned
		}
		list = append(list, check(state, fmt.Sprintf("%s never runs: core.hooksPath in %s makes git look in %s", h.Elsewhere, d.Repo.HooksPath.Origin, d.Repo.HooksDir), install))
	}
	if h.Idle != "" {
		list = append(list, check(Failed, fmt.Sprintf("the configuration of %s calls straykey, but git does not call %[1]s", h.Idle), Manager{Name: h.Idle}.Activate(h.Name)))
	}
	switch {
	case h.By == "" && h.Name == PrePush:
		if h.Elsewhere == "" && h.Idle == "" {
			list = append(list, check(Skipped, "there is none; commits made with --no-verify, or by a rebase, are pushed without a check", install))
		}
		return list
	case h.By == "":
		if h.Elsewhere == "" && h.Idle == "" {
			list = append(list, check(Failed, "there is none at "+h.Path, install))
		}
		return list
	case !h.Executable:
		return append(list, check(Failed, h.Path+" is not executable, and git passes over it", "chmod +x "+h.Path))
	case !h.Guarded() && h.Idle == "":
		list = append(list, check(Warned, fmt.Sprintf("%s is of %s, and nothing in it names straykey", h.Path, h.By), install+" (keeps that hook and runs it first)"))
	case h.At != "":
		list = append(list, check(Passed, "installed at "+h.At, ""))
		list = append(list, d.lookAtScript(ctx, h, install)...)
	case h.Via != "":
		list = append(list, check(Passed, "called by "+h.Via+" from "+h.Path, ""))
	default:
		list = append(list, check(Passed, h.Path+" calls straykey", ""))
	}
	return list
}

func (d *Doctor) lookAtScript(ctx context.Context, h HookStatus, install string) []Check {
	check := func(state State, detail, fix string) Check { return Check{h.Name, state, detail, fix} }
	var list []Check
	if h.Edited {
		list = append(list, check(Warned, "somebody has changed it", install+" --force"))
	}
	program := h.Script.Program
	if program == "" || !isFile(program) {
		found, err := exec.LookPath("straykey")
		switch {
		case err != nil:
			return append(list, check(Failed, fmt.Sprintf("there is no straykey at %q or in PATH: every commit is refused", program), "install straykey, then "+install))
		case program != "":
			list = append(list, check(Warned, fmt.Sprintf("there is no straykey at %s any more; the one in PATH is used, %s", program, found), install))
		}
		program = found
	}
	if version := versionOf(ctx, program); version != d.Version {
		list = append(list, check(Warned, fmt.Sprintf("it runs straykey %s at %s, and this is %s", version, program, d.Version), install))
	}
	if h.Chained != "" {
		if info, err := os.Stat(h.Chained); err == nil && !executable(info) {
			list = append(list, check(Warned, h.Chained+" was there before and is not run, for it is not executable", "chmod +x "+h.Chained))
		} else {
			list = append(list, check(Passed, "runs "+h.Chained+" first", ""))
		}
	}
	return list
}

// versionOf asks a straykey for its version.
func versionOf(ctx context.Context, program string) string {
	out, err := exec.CommandContext(ctx, program, "version").Output()
	first, _, _ := strings.Cut(string(out), "\n")
	version, ok := strings.CutPrefix(first, "straykey ")
	if err != nil || !ok {
		return "of unknown version"
	}
	return version
}

// try runs the hooks in a clone.
func (d *Doctor) try(ctx context.Context, hooks []string, each func(Check)) (err error) {
	t, err := newTrial(ctx, d)
	if err != nil {
		return err
	}
	defer func() {
		if e := os.RemoveAll(t.dir); err == nil && e != nil {
			err = fmt.Errorf("take the temporary clone away: %w", e)
		}
	}()
	if err := t.plant(ctx, "no credential here\n"); err != nil {
		return err
	}
	for _, name := range hooks {
		if out, err := t.act(ctx, name); err != nil {
			each(Check{name, Warned, "what holds no credential is refused too: " + lastLine(out, err), "see what the hook says: git " + noun(name)})
			if err := t.past(ctx, name); err != nil {
				return err
			}
		}
	}
	if err := t.plant(ctx, canary()); err != nil {
		return err
	}
	if c := t.seen(ctx); c.State != Passed {
		each(c)
		return nil
	}
	for _, name := range hooks {
		out, err := t.act(ctx, name)
		switch {
		case err == nil:
			each(Check{name, Failed, "a " + noun(name) + " with a credential was let through", "straykey hook install " + name})
		case ctx.Err() != nil:
			return ctx.Err()
		case !strings.Contains(out, canaryFile+":"):
			each(Check{name, Failed, "a " + noun(name) + " with a credential was refused, but not by straykey: " + lastLine(out, err), "see what is run before it: straykey hook status"})
		default:
			each(Check{name, Passed, "a " + noun(name) + " with a credential is refused by straykey", ""})
		}
		if err != nil {
			if err := t.past(ctx, name); err != nil {
				return err
			}
		}
	}
	return nil
}

func noun(hook string) string {
	if hook == PreCommit {
		return "commit"
	}
	return "push"
}

// lastLine is the last thing that a program said.
func lastLine(out string, err error) string {
	if lines := strings.Split(strings.TrimSpace(out), "\n"); lines[len(lines)-1] != "" {
		return lines[len(lines)-1]
	}
	return err.Error()
}

// suppression is what a report says of what does not count.
type suppression struct {
	By     string `json:"by"`
	Reason string `json:"reason"`
}

// seen checks that straykey by itself takes what is staged for a credential: if not, a rule or a suppression of the
// repository covers it.
func (t *trial) seen(ctx context.Context) Check {
	const name = "canary"
	out, err := t.run(ctx, t.client, t.program, "scan", "--staged", "--format", "json", "-q")
	var exit *exec.ExitError
	if err == nil {
		var report struct {
			Suppressed []suppression `json:"suppressed"`
		}
		_ = json.Unmarshal([]byte(out), &report)
		for _, s := range report.Suppressed {
			return Check{
				name, Failed, strings.TrimSpace(fmt.Sprintf("a credential in a new file does not count here: %s %s", s.By, s.Reason)),
				"make the patterns in " + strings.Join(policyFiles(), ", ") + " narrower",
			}
		}
		return Check{name, Failed, "straykey does not find a credential in a new file here", "straykey scan --staged --confidence low, with such a file staged, says more"}
	}
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return Check{Name: name, State: Passed}
	}
	return Check{name, Failed, "straykey cannot look at a clone of this repository: " + lastLine(out, err), "straykey scan --staged"}
}

// policyFiles are files at the root of a repository that say what counts.
func policyFiles() []string {
	return []string{".straykey.toml", ".straykeyignore", ".straykey-baseline", ".gitleaks.toml", ".gitleaksignore"}
}

// carried are the files of a work tree that say which hooks run and what counts.
func carried(r *Repo) []string {
	files := append(policyFiles(), "package.json", "lefthook-local.yml", "lefthook-local.yaml")
	for _, m := range FindManagers(r.Top) {
		if m.Name != ByHusky {
			if rel, err := filepath.Rel(r.Top, m.File); err == nil {
				files = append(files, rel)
			}
		}
	}
	return files
}
