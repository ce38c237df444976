package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/straykey/straykey/hook"
	"github.com/straykey/straykey/report"
)

// exitOpen is the exit code of hook commands that find, or leave, the gate open.
const exitOpen = 1

const hookExitCodes = `Exit codes:
  0  done, or all is well
  1  a hook is missing, does not look, or has to be put in by hand
  2  something could not be read or written
  3  wrong usage or configuration`

// newHookCommand puts straykey into hooks of git.
func newHookCommand(env *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "hook",
		Short: "Put straykey before commits and pushes, and see whether it stands there",
		Long: `Put straykey before commits and pushes, and see whether it stands there.

` + hookExitCodes,
		Example: `  straykey hook install
  straykey hook doctor`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError("no command %q; straykey hook --help lists them, for example: straykey hook install", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newHookInstallCommand(env), newHookUninstallCommand(env), newHookStatusCommand(env), newHookDoctorCommand(env), newHookRunCommand(env),
	)
	return cmd
}

// hookFlags is what the user typed for install and uninstall.
type hookFlags struct {
	with   string
	dir    string
	shared bool
	force  bool
	from   hook.Source
}

func newHookInstallCommand(env *environment) *cobra.Command {
	var f hookFlags
	cmd := &cobra.Command{
		Use:   "install [pre-commit|pre-push|pre-receive]...",
		Short: "Install hooks: pre-commit unless others are named, in a bare repository pre-receive",
		Long: `Install hooks, so that git asks straykey before a commit (pre-commit), before a push
leaves (pre-push) or, on a server, before one is accepted (pre-receive).

Where git looks for hooks, core.hooksPath included, a script is written; a hook that is
there already is kept, runs first, and its exit code counts. If the work tree is set up
for husky, pre-commit or lefthook, straykey becomes one of their hooks instead, in their
configuration, of which everything else is left as it is. --with decides otherwise.

The script looks for straykey where it is now, then in PATH. If there is none, it refuses
and says so. In a directory that is committed with the work tree it looks in PATH only.

For repositories to come, too: straykey hook install --dir ~/.config/git/template/hooks, then
git config --global init.templateDir ~/.config/git/template.

` + hookExitCodes,
		Example: `  straykey hook install
  straykey hook install pre-commit pre-push
  straykey hook install --with git`,
		Args: hookNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.install(cmd.Context(), env, args)
		},
	}
	f.add(cmd)
	fl := cmd.Flags()
	fl.BoolVar(&f.shared, "shared", false, "also where core.hooksPath of the user or the machine serves all repositories")
	fl.BoolVar(&f.force, "force", false, "replace a script of straykey's that somebody has changed")
	fl.StringVar(&f.from.Repo, "repo", "https://github.com/straykey/straykey", "pre-commit: where it gets straykey from")
	fl.StringVar(&f.from.Rev, "rev", "", "pre-commit: the `REVISION` of it (default the one of this straykey)")
	return cmd
}

func newHookUninstallCommand(env *environment) *cobra.Command {
	var f hookFlags
	cmd := &cobra.Command{
		Use:   "uninstall [pre-commit|pre-push|pre-receive]...",
		Short: "Take hooks away again, all unless some are named",
		Long: `Take away what install has put in, all hooks unless some are named. A hook that was there
before is put back as it was.

` + hookExitCodes,
		Example: `  straykey hook uninstall
  straykey hook uninstall pre-push`,
		Args: hookNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.uninstall(cmd.Context(), env, args)
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&f.force, "force", false, "take away a script of straykey's that somebody has changed")
	return cmd
}

func (f *hookFlags) add(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.with, "with", "auto", "who calls straykey: auto, git, pre-commit, husky or lefthook")
	fl.StringVar(&f.dir, "dir", "", "write scripts into `DIR`, whatever repository this is")
}

// hookNames refuses arguments that name no hook.
func hookNames(cmd *cobra.Command, args []string) error {
	for _, name := range args {
		if !slices.Contains(hook.Names(), name) {
			return usageError("no hook %q; there are %s, for example: %s", name, strings.Join(hook.Names(), ", "), firstExample(cmd))
		}
	}
	return nil
}

func (f *hookFlags) check() error {
	if f.with != "auto" && !slices.Contains(hook.Managers(), f.with) {
		return usageError("--with is auto or one of %s, not %q, for example: straykey hook install --with git", strings.Join(hook.Managers(), ", "), f.with)
	}
	if f.dir != "" && f.with != "auto" && f.with != hook.ByGit {
		return usageError("--dir takes scripts for git; leave out --with %s, for example: straykey hook install --dir hooks", f.with)
	}
	return nil
}

func (f *hookFlags) install(ctx context.Context, env *environment, names []string) error {
	if err := f.check(); err != nil {
		return err
	}
	program, err := thisProgram()
	if err != nil {
		return err
	}
	script := hook.Script{Version: version(), Program: program}
	if f.dir != "" {
		return f.installScripts(env, f.dir, script, orDefault(names, hook.PreCommit))
	}
	r, err := hook.Open(ctx, ".")
	if err != nil {
		return usageError("%w; run it in a repository, or name a directory for hooks: straykey hook install --dir DIR", err)
	}
	usual := hook.PreCommit
	if r.Bare() {
		usual = hook.PreReceive
	}
	names = orDefault(names, usual)
	if m, ok := f.manager(r, names); ok {
		return f.installWith(env, r, m, names)
	}
	if f.with != "auto" && f.with != hook.ByGit {
		return usageError("this work tree is not set up for %s; set it up, or install for git: straykey hook install --with git", f.with)
	}
	if r.Shared() && !f.shared {
		return usageError("core.hooksPath in %s makes all repositories use the hooks in %s; straykey hook install --shared installs there; for this one alone: git config core.hooksPath %s",
			r.HooksPath.Origin, r.HooksDir, filepath.Join(r.CommonDir, "hooks"))
	}
	if r.Committed() {
		script.Program = "" // others have it elsewhere
	}
	return f.installScripts(env, r.HooksDir, script, names)
}

func orDefault(names []string, usual string) []string {
	if len(names) == 0 {
		return []string{usual}
	}
	return names
}

// manager returns the tool to install with; false: git itself.
func (f *hookFlags) manager(r *hook.Repo, names []string) (hook.Manager, bool) {
	if f.with == hook.ByGit || slices.Contains(names, hook.PreReceive) {
		return hook.Manager{}, false
	}
	for _, m := range hook.FindManagers(r.Top) {
		if f.with == "auto" || f.with == m.Name {
			return m, true
		}
	}
	return hook.Manager{}, false
}

func (f *hookFlags) installScripts(env *environment, dir string, s hook.Script, names []string) error {
	for _, name := range names {
		s.Hook = name
		in, err := hook.Install(dir, s, f.force)
		if err != nil {
			return err
		}
		done := "installed"
		if in.Before {
			done = "installed again"
		}
		chained := ""
		if in.Chained != "" {
			chained = fmt.Sprintf("; %s, which was there before, runs first", in.Chained)
		}
		say(env.stdout, "%s: %s as %s%s", name, done, in.Path, chained)
	}
	say(env.stdout, "to see that it refuses a credential: straykey hook doctor")
	return nil
}

// installWith adds straykey to the configuration of a manager, or says what belongs there.
func (f *hookFlags) installWith(env *environment, r *hook.Repo, m hook.Manager, names []string) error {
	if m.Name == hook.ByPreCommit && f.from.Rev == "" {
		var ok bool
		if f.from.Rev, ok = revision(version()); !ok {
			return usageError("this straykey (%s) does not know which revision it is; say which one pre-commit is to take, for example: straykey hook install --rev v1.0.0", version())
		}
	}
	byHand := false
	for _, name := range names {
		if m.Calls(name) {
			say(env.stdout, "%s: straykey is in %s already", name, m.File)
			continue
		}
		file, err := m.Add(name, f.from)
		switch {
		case errors.Is(err, hook.ErrByHand):
			byHand = true
			say(env.stderr, "straykey: %v. Add this:\n\n%s", err, m.Stanza(name, f.from))
		case err != nil:
			return err
		default:
			say(env.stdout, "%s: added to %s", name, file)
		}
	}
	for _, h := range r.Read().Hooks {
		if slices.Contains(names, h.Name) && h.Via == "" {
			say(env.stdout, "%s: git does not call %s yet: %s", h.Name, m.Name, m.Activate(h.Name))
		}
	}
	if byHand {
		return &exitError{code: exitOpen}
	}
	return nil
}

func (f *hookFlags) uninstall(ctx context.Context, env *environment, names []string) error {
	if err := f.check(); err != nil {
		return err
	}
	if len(names) == 0 {
		names = hook.Names()
	}
	dir := f.dir
	var managers []hook.Manager
	if dir == "" {
		r, err := hook.Open(ctx, ".")
		if err != nil {
			return usageError("%w; run it in a repository, or name a directory of hooks: straykey hook uninstall --dir DIR", err)
		}
		dir, managers = r.HooksDir, hook.FindManagers(r.Top)
	}
	found := false
	for _, name := range names {
		if f.with == "auto" || f.with == hook.ByGit {
			at, err := hook.Uninstall(dir, name, f.force)
			if err != nil {
				return err
			}
			if at != "" {
				found = true
				say(env.stdout, "%s: taken away from %s", name, at)
			}
		}
		for _, m := range managers {
			if f.with != "auto" && f.with != m.Name {
				continue
			}
			file, err := m.Remove(name)
			if errors.Is(err, hook.ErrByHand) {
				return &exitError{exitOpen, fmt.Errorf("%w: take straykey out of it", err)}
			}
			if err != nil {
				return err
			}
			if file != "" {
				found = true
				say(env.stdout, "%s: taken out of %s", name, file)
			}
		}
	}
	if !found {
		say(env.stdout, "there is no hook of straykey's here")
	}
	return nil
}

func newHookStatusCommand(env *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Say which hooks there are, where, and whose they are",
		Long: `Say which hooks there are, where, and whose they are. Nothing is run; whether they refuse a
credential tells straykey hook doctor.

` + hookExitCodes,
		Example: `  straykey hook status`,
		Args:    noArguments("hook status"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := hook.Open(cmd.Context(), ".")
			if err != nil {
				return usageError("%w; run it in a repository, for example: straykey hook status", err)
			}
			return writeHookStatus(env.stdout, r.Read())
		},
	}
}

func writeHookStatus(w io.Writer, s hook.Status) error {
	why := ""
	if p := s.Repo.HooksPath; p.Value != "" {
		why = fmt.Sprintf(" (core.hooksPath, %s, %s)", p.Scope, p.Origin)
	}
	say(w, "hooks        %s%s", s.Repo.HooksDir, why)
	for _, m := range s.Managers {
		say(w, "set up for   %s: %s", m.Name, m.File)
	}
	guarded := false
	for _, h := range s.Hooks {
		if h.By == "" && s.Repo.Bare() != (h.Name == hook.PreReceive) {
			continue // it is no business of such a repository
		}
		guarded = guarded || h.Guarded()
		say(w, "%-12s %s", h.Name, describeHook(h))
	}
	if !guarded {
		return &exitError{code: exitOpen}
	}
	return nil
}

// describeHook says in a line what git runs.
func describeHook(h hook.HookStatus) string {
	var parts []string
	switch {
	case h.By == "":
		parts = append(parts, "none")
	case h.At == h.Path:
		parts = append(parts, fmt.Sprintf("straykey %s, %s", h.Script.Version, h.At))
	default:
		parts = append(parts, fmt.Sprintf("of %s, %s", h.By, h.Path))
	}
	if h.At != "" && h.At != h.Path {
		parts = append(parts, fmt.Sprintf("runs straykey %s, %s", h.Script.Version, h.At))
	}
	if h.By != "" && !h.Executable {
		parts = append(parts, "not executable: git passes over it")
	}
	if h.Edited {
		parts = append(parts, "changed by somebody")
	}
	if h.Chained != "" {
		parts = append(parts, "runs "+h.Chained+" first")
	}
	if h.Via != "" {
		parts = append(parts, "calls straykey by way of "+h.Via)
	}
	if h.Idle != "" {
		parts = append(parts, "the configuration of "+h.Idle+" calls straykey, and nothing calls "+h.Idle)
	}
	if h.Elsewhere != "" {
		parts = append(parts, h.Elsewhere+" never runs: git looks elsewhere")
	}
	return strings.Join(parts, "; ")
}

func newHookDoctorCommand(env *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Try whether a credential is refused, and say what is wrong with the hooks",
		Long: `Look at the hooks of this repository, and then try them: in a temporary clone, with the
hooks and the configuration of this one, commit a credential that is made up for it and,
if there is a hook for that, push it. It must be refused, by straykey. A commit without a
credential must not be. The repository, its index and its hooks are only read; the hooks run,
those of other tools too, as they would before a commit.

` + hookExitCodes,
		Example: `  straykey hook doctor`,
		Args:    noArguments("hook doctor"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runHookDoctor(cmd.Context(), env)
		},
	}
}

func runHookDoctor(ctx context.Context, env *environment) error {
	r, err := hook.Open(ctx, ".")
	if err != nil {
		return usageError("%w; run it in a repository, for example: straykey hook doctor", err)
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	d := hook.Doctor{Repo: r, Version: version(), Program: program, Getenv: env.getenv}
	open := false
	err = d.Examine(ctx, func(c hook.Check) {
		open = open || c.State == hook.Failed
		say(env.stdout, "%-8s %-12s %s", c.State, c.Name, report.Escape(c.Detail))
		if c.Fix != "" {
			say(env.stdout, "%22s%s", "", report.Escape(c.Fix))
		}
	})
	if err != nil {
		return err
	}
	if open {
		return &exitError{code: exitOpen}
	}
	return nil
}

func noArguments(command string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usageError("%s takes no argument, for example: straykey %[1]s", command)
		}
		return nil
	}
}

// thisProgram is where straykey is, as scripts are to call it: by the name in PATH, if that is this one, which stays the
// same when a package manager installs a new version.
func thisProgram() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	if found, err := exec.LookPath("straykey"); err == nil && sameFile(found, self) {
		return filepath.Abs(found)
	}
	return self, nil
}

// revision returns what pre-commit can check out for a version: the tag of a release, or the commit of a build.
func revision(version string) (string, bool) {
	if m := regexp.MustCompile(`[-.]\d{14}-([0-9a-f]{12})(?:\+.*)?$`).FindStringSubmatch(version); m != nil {
		return m[1], true
	}
	return "v" + version, regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(version)
}

func say(w io.Writer, format string, args ...any) {
	fmt.Fprintf(w, format+"\n", args...)
}
