package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/straykey/straykey/detect/archive"
	"github.com/straykey/straykey/report"
)

// scanFlags is what the user typed; scanPlan (plan.go) is what is done.
type scanFlags struct {
	files, staged, noGitignore bool
	ranges                     []string
	since, branch              string
	noUnreachable, noMessages  bool
	engine                     string
	jobs                       int
	timeout                    time.Duration
	maxBlobSize                string
	archiveDepth               int
	archiveDepthSet            bool
	rules                      string
	only, skip                 []string
	confidence, class          string
	format, template, output   string
	reports                    []string
	showSecrets, noProgress    bool
	color                      string
	quiet, verbose             bool
	allowIncomplete            bool
	exitCode                   int
	noCache                    bool
	cacheDir                   string
	verify                     bool
	ask                        askFlags
	failOn                     string
	hook                       *hookRun // what a hook is to look at; nil: this is none
	head                       string   // of ci: id of the commit that is judged; empty: HEAD
	tags                       []string // of ci: ids of annotated tags to scan beside ranges
	paths                      []string

	// What only the commands in the place of gitleaks ask for.
	gitleaks    *gitleaksFlags
	unstaged    bool // scan what the work tree changes against the index
	decodeDepth int  // as detect.Options.DecodeDepth
	policy      policyFlags
	given       *pflag.FlagSet // which of them were given
}

func newScanCommand(env *environment) *cobra.Command {
	var f scanFlags
	cmd := &cobra.Command{
		Use:   "scan [PATH|-]...",
		Short: "Find credentials in a repository's whole history, in staged changes, or in files",
		Long: `Scan what PATH is (the current directory if none is given):

  a git repository   the whole history, all objects: every version of every file on
                     every branch, stashes, notes, the messages of commits and tags,
                     and what no ref reaches any more. A worktree, a bare repository,
                     a linked worktree, a submodule or a directory in one.
  another directory  its files (also with --files)
  a file, or -       that file, or standard input

The scanned repository is not trusted: none of its hooks, filters or settings is run,
and nothing is fetched.

A scan of the history leaves in a cache directory which objects it has read, never a
secret, so that the next one reads only what is new. --no-cache does without.

` + exitCodesHelp + `
When something could not be read the code is 2, with or without findings. --exit-code
changes the code for findings. With --verify --fail-on active only what is known to live
counts; if then an issuer could not be asked, the code is 2.`,
		Example: `  straykey scan
  straykey scan --staged
  straykey scan --range origin/main..HEAD --format sarif -o straykey.sarif
  straykey scan --files --report json=report.json src/
  straykey scan --verify --fail-on active
  git show HEAD:config.yml | straykey scan -`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.paths = args
			f.archiveDepthSet = cmd.Flags().Changed("max-archive-depth")
			if err := f.checkAsking(cmd.Flags()); err != nil {
				return err
			}
			if err := f.ask.checkPlan(f.format, f.output+strings.Join(f.reports, "")); err != nil {
				return err
			}
			return runScan(cmd.Context(), env, &f)
		},
	}
	f.add(cmd.Flags())
	return cmd
}

// add adds the flags of a scan.
func (f *scanFlags) add(fl *pflag.FlagSet) {
	f.given = fl
	fl.SortFlags = false
	fl.BoolVar(&f.files, "files", false, "scan files, also where there is a repository")
	fl.BoolVar(&f.staged, "staged", false, "scan what is staged for the next commit")
	fl.StringArrayVar(&f.ranges, "range", nil, "scan what the commits of `A..B`, A...B or a single REV change (repeatable)")
	fl.StringVar(&f.since, "since", "", "history: only what was introduced since `DATE` (2026-01-31, 30d, \"2 weeks ago\")")
	fl.StringVar(&f.branch, "branch", "", "history: only what `REF` reaches")
	fl.BoolVar(&f.noUnreachable, "no-unreachable", false, "history: leave out what no ref reaches")
	fl.BoolVar(&f.noMessages, "no-messages", false, "history, ranges: leave out the messages of commits and tags")
	fl.BoolVar(&f.noGitignore, "no-gitignore", false, "files: scan ignored files too")
	fl.StringVar(&f.engine, "engine", "delta", "history: delta reads only what is new in each object; full reads all of it, slowly, for comparison")
	fl.BoolVar(&f.noCache, "no-cache", false, "history: read everything again, and keep nothing for the next scan")
	fl.StringVar(&f.cacheDir, "cache-dir", "", "history: keep what has been read in `DIR` (default $STRAYKEY_CACHE, or straykey in the user's cache directory)")
	f.addDetection(fl)
	fl.BoolVar(&f.verify, "verify", false, "ask issuers whether what is found still opens anything (straykey verify --help has the rules)")
	addFailOn(fl, &f.failOn, "any")
	f.ask.add(fl)
	addFormat(fl, &f.format, &f.template)
	fl.StringVarP(&f.output, "output", "o", "", "write the report to `FILE` instead of standard output")
	fl.StringArrayVar(&f.reports, "report", nil, "write one more report, as `FORMAT=FILE` (repeatable)")
	fl.BoolVar(&f.showSecrets, "show-secrets", false, "write secrets as they are")
	fl.BoolVar(&f.noProgress, "no-progress", false, "show no progress bar")
	fl.StringVar(&f.color, "color", "auto", "auto, always or never; auto obeys NO_COLOR and CLICOLOR_FORCE")
	fl.BoolVarP(&f.quiet, "quiet", "q", false, "no progress and no summary line; print nothing at all when nothing is found")
	fl.BoolVarP(&f.verbose, "verbose", "v", false, "text: name every place and everything that was skipped")
	fl.BoolVar(&f.allowIncomplete, "allow-incomplete", false, "do not exit with 2 when something could not be read")
	fl.IntVar(&f.exitCode, "exit-code", exitFindings, "exit code for findings")
}

// addDetection adds the flags that say how texts are looked at, wherever they come from.
func (f *scanFlags) addDetection(fl *pflag.FlagSet) {
	fl.IntVar(&f.jobs, "jobs", runtime.GOMAXPROCS(0), "goroutines that scan")
	fl.DurationVar(&f.timeout, "timeout", 0, "stop after this time, for example 10m, with an incomplete report")
	fl.StringVar(&f.maxBlobSize, "max-blob-size", "", "skip larger texts, for example 50MB (default 128MiB, and then the run is incomplete)")
	fl.IntVar(&f.archiveDepth, "max-archive-depth", archive.DefaultLimits().Depth, "open archives within archives to this depth; 0 opens none (if given, what unpacking limits cut off does not make the run incomplete)")
	fl.StringVar(&f.rules, "rules", "", "rules to use instead of the built-in ones: a TOML `FILE`, also in gitleaks' format")
	addPolicyFlags(fl, &f.policy)
	fl.StringSliceVar(&f.only, "only", nil, "use only these `RULE`s (ids, repeatable)")
	fl.StringSliceVar(&f.skip, "skip", nil, "leave out these `RULE`s (ids, repeatable)")
	fl.StringVar(&f.confidence, "confidence", "medium", "least confidence of what is reported: low, medium or high")
	fl.StringVar(&f.class, "class", "credentials", "what to look for: credentials, identifiers (UUIDs, salts, buckets) or all")
}

// runScan scans what the flags say, writes the reports and returns the outcome as an exit code.
func runScan(ctx context.Context, env *environment, f *scanFlags) error {
	p, err := newScanPlan(env, f)
	if err != nil {
		return err
	}
	defer p.close()
	return p.run(ctx, env, func(r *report.Report) error { return p.write(env, r) })
}

// run scans, asks issuers if it is to, has the report written and returns the outcome.
func (p *scanPlan) run(ctx context.Context, env *environment, write func(*report.Report) error) error {
	f := p.flags
	var asker *asker
	if f.verify {
		var err error
		if asker, err = f.ask.asker(env, p.targets...); err != nil {
			return err
		}
		defer asker.close()
	}
	if f.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.timeout)
		defer cancel()
	}
	started := time.Now()
	stop := p.showProgress(env)
	r, err := p.scan(ctx)
	if err == nil && asker != nil {
		asker.certificates = p.certificates(ctx, r)
	}
	stop()
	if err != nil {
		return err
	}
	if f.ask.plan {
		if err := asker.writePlan(env.stdout, f.format, r.Findings); err != nil {
			return err
		}
		return p.incomplete(env, r, true)
	}
	var unkept error // a log or a cache; the report is written all the same
	if asker != nil {
		unkept = asker.ask(ctx, r)
	}
	r.Run.Started, r.Run.Duration = started.UTC().Truncate(time.Second), time.Since(started)
	if err := errors.Join(write(r), unkept); err != nil {
		return err
	}
	return p.outcome(env, r)
}

// outcome turns a report into an exit code.
func (p *scanPlan) outcome(env *environment, r *report.Report) error {
	if err := p.incomplete(env, r, p.toFile()); err != nil {
		return err
	}
	return verdictOutcome(r, p.flags.failOn, p.flags.allowIncomplete, p.flags.exitCode)
}

// incomplete is the outcome if something could not be read or asked; nil if everything could. If people do not see the
// report, they are told why.
func (p *scanPlan) incomplete(env *environment, r *report.Report, unseen bool) error {
	if r.Coverage.Complete() || p.flags.allowIncomplete {
		return nil
	}
	if unseen {
		fmt.Fprintln(env.stderr, "straykey: incomplete: "+report.Escape(firstProblem(r.Coverage)))
	}
	return &exitError{code: exitIncomplete}
}
