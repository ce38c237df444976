package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/straykey/straykey/compat/gitleaks"
	"github.com/straykey/straykey/report"
)

// exitUnknownFlag is how gitleaks answers a long flag that it does not know. A short one is an error like any other.
const exitUnknownFlag = 126

// gitleaksMode says which command of gitleaks was called.
type gitleaksMode int

const (
	gitleaksGit gitleaksMode = iota
	gitleaksDir
	gitleaksStdin
	gitleaksDetect
	gitleaksProtect
)

// gitleaksFlags is what the user typed at a command in the place of gitleaks.
type gitleaksFlags struct {
	mode    gitleaksMode
	targets []string

	// Of some commands.
	source                      string
	logOpts, platform           string
	preCommit, staged           bool
	noGit, pipe, followSymlinks bool

	// Of all.
	config, baseline, ignorePath string
	enableRules                  []string
	exitCode                     int
	ignoreAllow                  bool
	logLevel                     string
	archiveDepth, decodeDepth    int
	maxMegabytes, timeout        int
	redact                       uint
	format, reportPath, template string
	verbose, noColor, noBanner   bool
	diagnostics, diagnosticsDir  string
	redactGiven, ignorePathGiven bool
	reportTemplate               string // the text of the file template
	configFile                   string // the configuration in force; empty: none, or no file
	links                        func(commit, path string, line, endLine int) string
	symlinks                     map[string]string // with --follow-symlinks: the link by the path of the file it leads to
	log                          gitleaks.LogOptions
}

// gitleaksCommands are the commands in the place of gitleaks, with their flags and exit codes.
func gitleaksCommands(env *environment) []*cobra.Command {
	const scansAs = "\nFlags, configuration, reports and exit codes are those of gitleaks 8.30, so that scripts and hooks made for it go on\n" +
		"working; docs/migrating.md lists what is different, and why. `straykey scan` says and can more.\n\n"
	command := func(mode gitleaksMode, use, short, long, example string, own func(*gitleaksFlags, *pflag.FlagSet)) *cobra.Command {
		f := &gitleaksFlags{mode: mode}
		cmd := &cobra.Command{
			Use: use, Short: short, Long: long + scansAs + gitleaksExitCodes, Example: example,
			Args: f.checkArgs,
			RunE: func(cmd *cobra.Command, args []string) error {
				f.redactGiven = cmd.Flags().Changed("redact")
				f.ignorePathGiven = cmd.Flags().Changed("gitleaks-ignore-path")
				return gitleaksError(f.run(cmd.Context(), env, args))
			},
		}
		cmd.Flags().SortFlags = false
		if own != nil {
			own(f, cmd.Flags())
		}
		f.add(cmd.Flags())
		cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
			err, code := fmt.Errorf("%w; see %s --help", err, cmd.CommandPath()), 1
			var unknown *pflag.NotExistError
			if errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "" {
				code = exitUnknownFlag
			}
			return &exitError{code, err}
		})
		return cmd
	}
	dir := command(gitleaksDir, "dir [PATH]...", "In the place of gitleaks dir: find credentials in files",
		"Scan directories and files, ignored ones too.\n", "  straykey dir -f json -r report.json src/", (*gitleaksFlags).addDir)
	dir.Aliases = []string{"directory", "file"}
	detect := command(gitleaksDetect, "detect", "In the place of gitleaks detect: git, dir or stdin by flags",
		"Scan a repository's history, with --no-git its files, with --pipe standard input.\n", "  straykey detect --source . --redact -v", (*gitleaksFlags).addDetect)
	protect := command(gitleaksProtect, "protect", "In the place of gitleaks protect: find credentials that are not committed yet",
		"Scan what is changed in the work tree and not staged, with --staged what is staged for the next commit.\n", "  straykey protect --staged", (*gitleaksFlags).addProtect)
	return []*cobra.Command{
		command(gitleaksGit, "git [REPOSITORY]", "In the place of gitleaks git: find credentials in a repository's history",
			"Scan the history of all refs, or what --log-opts, --pre-commit or --staged choose.\n", "  straykey git --log-opts=\"origin/main..HEAD\" -v", (*gitleaksFlags).addGit),
		dir,
		command(gitleaksStdin, "stdin", "In the place of gitleaks stdin: find credentials in standard input",
			"Scan standard input.\n", "  git show HEAD:config.yml | straykey stdin -v", nil),
		detect,
		protect,
	}
}

// gitleaksExitCodes ends the help of these commands.
const gitleaksExitCodes = `Exit codes:
  0    nothing found, everything read
  1    findings (--exit-code changes that), or an error: wrong usage or configuration, or something could not be read
  126  an unknown flag`

func (f *gitleaksFlags) addGit(fl *pflag.FlagSet) {
	f.addLog(fl)
	fl.BoolVar(&f.preCommit, "pre-commit", false, "scan what is changed in the work tree and not staged")
	fl.BoolVar(&f.staged, "staged", false, "scan what is staged for the next commit")
}

func (f *gitleaksFlags) addLog(fl *pflag.FlagSet) {
	fl.StringVar(&f.logOpts, "log-opts", "", "only the commits that git log shows with `OPTIONS`, and their files below the paths after --")
	fl.StringVar(&f.platform, "platform", "", "what to make links for: "+strings.Join(gitleaks.Platforms(), ", ")+" (default: told by the remote origin)")
}

func (f *gitleaksFlags) addDir(fl *pflag.FlagSet) {
	fl.BoolVar(&f.followSymlinks, "follow-symlinks", false, "scan files outside of the directory that links in it lead to")
}

func (f *gitleaksFlags) addDetect(fl *pflag.FlagSet) {
	f.addSource(fl)
	fl.BoolVar(&f.noGit, "no-git", false, "scan files, also where there is a repository")
	fl.BoolVar(&f.pipe, "pipe", false, "scan standard input")
	f.addLog(fl)
	f.addDir(fl)
}

func (f *gitleaksFlags) addProtect(fl *pflag.FlagSet) {
	f.addSource(fl)
	fl.BoolVar(&f.staged, "staged", false, "scan what is staged for the next commit")
	fl.StringVar(&f.logOpts, "log-opts", "", "without effect, as in gitleaks")
}

func (f *gitleaksFlags) addSource(fl *pflag.FlagSet) {
	fl.StringVarP(&f.source, "source", "s", ".", "`PATH` to scan")
}

// add adds the flags that all commands of gitleaks have.
func (f *gitleaksFlags) add(fl *pflag.FlagSet) {
	fl.StringVarP(&f.config, "config", "c", "", "configuration `FILE` (default $GITLEAKS_CONFIG, the content of $GITLEAKS_CONFIG_TOML, .gitleaks.toml in the target, the built-in rules)")
	fl.StringVarP(&f.baseline, "baseline-path", "b", "", "a JSON report, of gitleaks or of these commands, whose findings do not count: `FILE`")
	fl.StringVarP(&f.ignorePath, "gitleaks-ignore-path", "i", ".", ".gitleaksignore `FILE`, or a directory that has one")
	fl.StringSliceVar(&f.enableRules, "enable-rule", nil, "use only these `RULE`s, by ids of gitleaks or of straykey (repeatable)")
	fl.IntVar(&f.exitCode, "exit-code", 1, "exit code for findings")
	fl.BoolVar(&f.ignoreAllow, "ignore-gitleaks-allow", false, "let gitleaks:allow comments suppress nothing")
	fl.StringVarP(&f.format, "report-format", "f", "", "json, csv, junit, sarif or template (default: told by the name of the report)")
	fl.StringVarP(&f.reportPath, "report-path", "r", "", "write a report to `FILE`, or to standard output for -")
	fl.StringVar(&f.template, "report-template", "", "the template of a report: `FILE` (implies -f template)")
	fl.UintVar(&f.redact, "redact", 0, "how many percent of each secret to leave out; without a number all of it, and 0 writes secrets as they are (default: nearly all)")
	fl.Lookup("redact").NoOptDefVal = "100"
	fl.BoolVarP(&f.verbose, "verbose", "v", false, "print every finding on standard output")
	fl.StringVarP(&f.logLevel, "log-level", "l", "info", "trace, debug, info, warn, error or fatal: from error on there is no summary")
	fl.IntVar(&f.maxMegabytes, "max-target-megabytes", 0, "skip larger texts (default: 128 MiB, and then the run is incomplete)")
	fl.IntVar(&f.archiveDepth, "max-archive-depth", 0, "open archives within archives to this depth; 0 opens none")
	fl.IntVar(&f.decodeDepth, "max-decode-depth", 5, "decode encodings within encodings to this depth, but no more than 4; 0 decodes nothing")
	fl.IntVar(&f.timeout, "timeout", 0, "stop after this many seconds; what was found is reported, and the exit code is 1")
	fl.BoolVar(&f.noColor, "no-color", false, "without effect: there is no colour")
	fl.BoolVar(&f.noBanner, "no-banner", false, "without effect: there is no banner")
	fl.StringVar(&f.diagnostics, "diagnostics", "", "write profiles: a list of cpu, mem and trace")
	fl.StringVar(&f.diagnosticsDir, "diagnostics-dir", "", "`DIRECTORY` of the profiles (default: the current one)")
}

// checkArgs takes as many arguments as the command of gitleaks.
func (f *gitleaksFlags) checkArgs(cmd *cobra.Command, args []string) error {
	most := map[gitleaksMode]int{gitleaksGit: 1, gitleaksDir: maxGitleaksTargets}[f.mode]
	if len(args) > most {
		return gitleaksError(fmt.Errorf("%s: unexpected argument %q; see %s --help", cmd.CommandPath(), args[most], cmd.CommandPath()))
	}
	return nil
}

const maxGitleaksTargets = 10_000

// gitleaksError gives an error the exit code that gitleaks has for all of them.
func gitleaksError(err error) error {
	var e *exitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e) && e.err == nil:
		return err
	case errors.As(err, &e):
		return &exitError{1, e.err}
	}
	return &exitError{1, err}
}

// run scans what the flags say, writes the report and returns the outcome as an exit code.
func (f *gitleaksFlags) run(ctx context.Context, env *environment, args []string) (err error) {
	if level := strings.ToLower(f.logLevel); !slices.Contains(strings.Fields(gitleaksLevels), level) && level != "err" {
		fmt.Fprintf(env.stderr, "straykey: unknown log level: %s\n", report.Escape(f.logLevel))
		f.logLevel = "info"
	}
	stop, err := startDiagnostics(f.diagnostics, f.diagnosticsDir)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, stop()) }()
	scan, err := f.scanFlags(ctx, env, args)
	if err != nil {
		return err
	}
	p, err := newScanPlan(env, scan)
	if err != nil {
		return err
	}
	defer p.close()
	if scan.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, scan.timeout)
		defer cancel()
	}
	suppress, err := f.suppressions(p.targets)
	if err != nil {
		return err
	}
	r, err := p.scan(ctx)
	if err != nil {
		return err
	}
	f.selectPaths(r)
	if f.ignoreAllow {
		countAllowed(r)
	}
	suppress.apply(r)
	if err := p.write(env, r); err != nil {
		return err
	}
	return f.outcome(env, r)
}

// outcome tells how it went and turns that into an exit code. What could not be read makes the run fail.
func (f *gitleaksFlags) outcome(env *environment, r *report.Report) error {
	places := 0
	for _, found := range r.Findings {
		places += len(found.Occurrences)
	}
	if f.logs("info") {
		for _, note := range r.Run.Notes {
			fmt.Fprintln(env.stderr, "straykey: "+report.Escape(note))
		}
		if n := len(r.Suppressed); n > 0 {
			fmt.Fprintf(env.stderr, "straykey: %s suppressed\n", count(n, "credential"))
		}
		fmt.Fprintln(env.stderr, "straykey: "+oneLine(r))
	}
	switch {
	case places > 0 && f.logs("warn"):
		fmt.Fprintf(env.stderr, "straykey: leaks found: %d\n", places)
	case r.Coverage.Complete() && f.logs("info"):
		fmt.Fprintln(env.stderr, "straykey: no leaks found")
	}
	if !r.Coverage.Complete() {
		return fmt.Errorf("incomplete: %s", firstProblem(r.Coverage))
	}
	if places > 0 && f.exitCode != 0 {
		return &exitError{code: f.exitCode}
	}
	return nil
}

// logs reports whether messages of a level are wanted.
func (f *gitleaksFlags) logs(level string) bool {
	return strings.Index(gitleaksLevels, level) >= strings.Index(gitleaksLevels, strings.ToLower(f.logLevel))
}

// gitleaksLevels are the levels of messages, the least important first.
const gitleaksLevels = "trace debug info warn error fatal"
