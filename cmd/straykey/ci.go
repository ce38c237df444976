package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/straykey/straykey/ci"
	"github.com/straykey/straykey/policy"
	"github.com/straykey/straykey/report"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/repo"
)

// ciFlags is what the user typed.
type ciFlags struct {
	scan          scanFlags
	system, event string
	base, head    string
	defaultBranch string
	fetch, plan   bool
	sarif, gitlab string
	noAnnotations bool
	noSummary     bool
	comments      bool
	dir           string
}

// gitlabReport is where GitLab's documentation has jobs put their report of secret detection.
const gitlabReport = "gl-secret-detection-report.json"

// notInCI are the flags of scan that ci has no use for: the event says what is scanned, and where reports go, and nothing
// prints a secret into the log of a service.
func notInCI() []string {
	return []string{
		"files", "staged", "range", "since", "branch", "no-unreachable", "no-gitignore", "engine", "no-cache",
		"format", "output", "show-secrets", "no-progress", "egress-plan",
	}
}

func newCICommand(env *environment) *cobra.Command {
	var f ciFlags
	cmd := &cobra.Command{
		Use:   "ci [DIR]",
		Short: "Scan what a pull request, a push or a schedule is about, as the service says",
		Long: `Scan, in continuous integration, the commits that an event is about. Which ones these
are is read from the variables of GitHub Actions (and its event file), GitLab CI, Azure
Pipelines, Bitbucket, Jenkins, Buildkite and CircleCI; anywhere else --base and --head say.

  a pull or merge request, a merge group   what it adds to its base
  a push to a branch, a tag                what is new and not on the default branch
  a push to the default branch             what is new since the commit before
  a schedule, or a run started by hand     the whole history

Configuration, ignore files, baseline and allow comments are those of the base or the
default branch: a change cannot suppress what it brings.

Where the checkout is too shallow for that, nothing passes: the code is 2, and the message
says what to set. With --fetch straykey fetches what it needs instead, with git and the
credentials of the checkout.

On GitHub findings become annotations, a table in the job's summary and, with
--review-comments, comments in the pull request (GITHUB_TOKEN with pull-requests: write).
On GitLab they are written to ` + gitlabReport + `.

` + exitCodesHelp,
		Example: `  straykey ci
  straykey ci --fetch --sarif straykey.sarif
  straykey ci --base origin/main --head HEAD
  straykey ci --plan`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.dir = "."
			if len(args) > 0 {
				f.dir = args[0]
			}
			f.scan.archiveDepthSet = cmd.Flags().Changed("max-archive-depth")
			if err := f.scan.checkAsking(cmd.Flags()); err != nil {
				return err
			}
			return runCI(cmd.Context(), env, &f)
		},
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.base, "base", "", "compare with `REV` instead of what the service says, and take the policy from there")
	fl.StringVar(&f.head, "head", "", "judge `REV` instead of what the service says")
	fl.StringVar(&f.defaultBranch, "default-branch", "", "the `NAME` of the default branch, where the service does not tell it")
	fl.BoolVar(&f.fetch, "fetch", false, "fetch what the checkout lacks from its remote origin")
	fl.BoolVar(&f.plan, "plan", false, "say what would be scanned, and do not scan")
	fl.StringVar(&f.sarif, "sarif", "", "write SARIF to `FILE`, too")
	fl.StringVar(&f.gitlab, "gitlab-report", "", "write GitLab's report to `FILE`, too (default on GitLab: "+gitlabReport+")")
	fl.BoolVar(&f.noAnnotations, "no-annotations", false, "GitHub: no annotations")
	fl.BoolVar(&f.noSummary, "no-summary", false, "GitHub: no table in the summary of the job")
	fl.BoolVar(&f.comments, "review-comments", false, "GitHub: comment on the lines of the pull request, once each")
	fl.StringVar(&f.system, "system", "", "the service: "+strings.Join(systemNames(), ", ")+" (default: told by its variables)")
	fl.StringVar(&f.event, "event", "", "GitHub: read the event from `FILE` instead of $GITHUB_EVENT_PATH")
	all := pflag.NewFlagSet("scan", pflag.ContinueOnError)
	all.SortFlags = false
	f.scan.add(all)
	all.VisitAll(func(flag *pflag.Flag) {
		if !slices.Contains(notInCI(), flag.Name) {
			fl.AddFlag(flag)
		}
	})
	f.scan.given = fl // a configuration sets no flag that is not there
	return cmd
}

func systemNames() []string {
	var out []string
	for _, s := range ci.Systems() {
		out = append(out, string(s))
	}
	return out
}

// ciRun is one run of straykey ci.
type ciRun struct {
	env   *environment
	flags *ciFlags
	event ci.Event
	plan  *ci.Plan // nil until there is one

	report *report.Report // nil until there is one
}

func runCI(ctx context.Context, env *environment, f *ciFlags) error {
	c := &ciRun{env: env, flags: f}
	err := c.judge(ctx)
	if f.plan {
		return err
	}
	return errors.Join(err, c.writeOutputs(codeOf(err)))
}

func (c *ciRun) judge(ctx context.Context) error {
	if err := c.readEvent(); err != nil {
		return err
	}
	if err := c.makePlan(ctx); err != nil {
		return err
	}
	if c.flags.plan {
		return c.tellPlan()
	}
	return c.scan(ctx)
}

// readEvent finds out what the run is about.
func (c *ciRun) readEvent() error {
	f, getenv := c.flags, c.env.getenv
	system := ci.System(f.system)
	if f.system == "" {
		system = ci.Detect(getenv)
	}
	c.event.System = system // whatever else is wrong, later steps are told on GitHub
	var payload []byte
	var err error
	byHand := f.base != "" && f.head != "" // then an event of which nothing is known is no obstacle
	if file := cmp.Or(f.event, getenv("GITHUB_EVENT_PATH")); system == ci.GitHub && !byHand {
		if payload, err = repo.ReadFile(file, ci.MaxPayload); err != nil {
			return usageError("event of GitHub: %w; GITHUB_EVENT_PATH or --event names the file, for example: straykey ci --event event.json", err)
		}
	}
	if byHand {
		c.event = ci.Event{System: system}
	} else {
		event, err := ci.Read(system, getenv, payload)
		if err != nil {
			return usageError("%w, for example: straykey ci --base origin/main --head HEAD", err)
		}
		c.event = event
	}
	e := &c.event
	if f.defaultBranch != "" {
		if err := e.SetDefault(f.defaultBranch); err != nil {
			return usageError("--default-branch: %w, for example: straykey ci --default-branch main", err)
		}
	}
	if f.base == "" && f.head == "" {
		if system == ci.None {
			return usageError("this is no service for continuous integration that straykey knows; say what to scan, for example: straykey ci --base origin/main --head HEAD")
		}
		return nil
	}
	if err := e.Compare(f.base, f.head); err != nil {
		return usageError("%w, for example: straykey ci --base origin/main --head HEAD", err)
	}
	return nil
}

// makePlan finds out what that means here, and fetches what is lacking if it may.
func (c *ciRun) makePlan(ctx context.Context) (err error) {
	c.plan, err = c.planFor(ctx)
	if errors.Is(err, repo.ErrNotRepository) {
		return usageError("%s is in no git repository: check it out before straykey ci", c.flags.dir)
	}
	return err
}

func (c *ciRun) planFor(ctx context.Context) (*ci.Plan, error) {
	if c.flags.fetch {
		return ci.Complete(ctx, c.event, c.flags.dir)
	}
	checkout, err := ci.Open(c.flags.dir)
	if err != nil {
		return nil, err
	}
	plan, err := ci.NewPlan(ctx, c.event, checkout)
	return plan, errors.Join(err, checkout.Close())
}

// tellPlan prints the plan, for --plan.
func (c *ciRun) tellPlan() error {
	p, w := c.plan, c.env.stdout
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%-8s %s\n", name, report.Escape(value))
		}
	}
	line("system", string(c.event.System))
	line("event", c.event.Name)
	line("scan", p.Why)
	line("range", strings.Join(p.Ranges, " "))
	line("head", p.Head)
	line("tag", p.Tag)
	line("policy", cmp.Or(p.Policy, "none"))
	for _, note := range p.Notes {
		line("note", note)
	}
	if p.IsComplete() {
		return nil
	}
	line("lacking", p.Advice(c.event))
	return &exitError{code: exitIncomplete}
}

// scan scans what the plan says, and writes reports.
func (c *ciRun) scan(ctx context.Context) error {
	switch {
	case c.plan.Nothing:
		fmt.Fprintln(c.env.stdout, "straykey: "+c.plan.Why)
		return nil
	case len(c.plan.Missing) > 0:
		return c.lacking()
	}
	f := &c.flags.scan
	f.paths, f.format, f.noCache, f.noProgress = []string{c.flags.dir}, "text", f.cacheDir == "", true
	f.ranges, f.branch, f.head = c.plan.Ranges, c.plan.Branch, c.plan.Head
	if c.plan.Tag != "" {
		f.tags = []string{c.plan.Tag}
	}
	f.reports = append(f.reports, c.files()...)
	c.trust(&f.policy)
	p, err := newScanPlan(c.env, f)
	if err != nil {
		return err
	}
	defer p.close()
	p.notes = append(p.notes, c.notes()...)
	err = p.run(ctx, c.env, func(r *report.Report) error {
		if c.plan.Shallow {
			r.Coverage.Problem(source.Problem{Reason: source.Absent, What: "history", Detail: c.plan.Advice(c.event)})
		}
		c.report = r
		return c.write(ctx, p, r)
	})
	if c.plan.Shallow && codeOf(err) == exitIncomplete && !f.allowIncomplete {
		fmt.Fprintln(c.env.stderr, "straykey: "+report.Escape(c.plan.Advice(c.event)))
	}
	return err
}

// trust has the policy taken from where the plan says, unless the user says otherwise. Where it is nowhere, none of the
// repository counts; a configuration from elsewhere does.
func (c *ciRun) trust(f *policyFlags) {
	switch {
	case f.ref != "" || f.noSuppress:
	case c.plan.Policy != "":
		f.ref = c.plan.Policy
	default:
		if place, err := policy.Find(c.flags.dir); err != nil || isWithin(f.config, place.Root) {
			f.config = ""
		}
		f.noSuppress, f.noConfig = true, f.config == ""
		f.ignoreFile, f.baseline, f.accept = "", "", false
	}
}

// files returns the reports that are written besides those that --report asks for.
func (c *ciRun) files() []string {
	var out []string
	if c.flags.sarif != "" {
		out = append(out, "sarif="+c.flags.sarif)
	}
	gitlab := c.flags.gitlab
	if gitlab == "" && c.event.System == ci.GitLab {
		gitlab = gitlabReport
	}
	if gitlab != "" {
		out = append(out, "gitlab="+gitlab)
	}
	return out
}

// notes says in all reports what was scanned, and by whose policy.
func (c *ciRun) notes() []string {
	what := fmt.Sprintf("%s %s: %s", c.event.System, cmp.Or(c.event.Name, "event"), c.plan.Why)
	scanned := "scanned " + cmp.Or(short(strings.Join(c.plan.Ranges, " ")), short(c.plan.Branch), "everything")
	if c.plan.Tag != "" {
		scanned += " and the tag " + short(c.plan.Tag)
	}
	if ref := c.flags.scan.policy.ref; ref != "" {
		scanned += ", by the policy of " + short(ref)
	} else {
		scanned += ", by no policy of the repository"
	}
	return append([]string{what, scanned}, c.plan.Notes...)
}

var fullID = regexp.MustCompile(`\b([0-9a-f]{12})[0-9a-f]{28,52}\b`)

// short abbreviates the ids in a range.
func short(revs string) string { return fullID.ReplaceAllString(revs, "$1") }

// lacking ends a run whose commits are not here. No report is written: an empty one would say that all is well.
func (c *ciRun) lacking() error {
	message := "incomplete: " + c.plan.Advice(c.event)
	for _, note := range c.plan.Notes {
		message += "; " + note
	}
	if c.event.System == ci.GitHub {
		fmt.Fprint(c.env.stdout, ci.Command("error", report.Escape(message)))
		_ = c.appendTo("GITHUB_STEP_SUMMARY", c.flags.noSummary, func(w io.Writer) error {
			_, err := fmt.Fprintln(w, "## straykey: incomplete\n\nThe checkout has not all that was to be scanned. The log of the step says what to set.")
			return err
		})
	}
	return &exitError{exitIncomplete, errors.New(message)}
}

// codeOf returns the code that an error of scan ends with.
func codeOf(err error) int {
	var e *exitError
	switch {
	case err == nil:
		return exitClean
	case errors.As(err, &e):
		return e.code
	}
	return exitIncomplete
}

// writeOutputs tells later steps of a GitHub workflow how it went.
func (c *ciRun) writeOutputs(code int) error {
	nothing := c.plan != nil && c.plan.Nothing
	outputs := []ci.Output{
		{Name: "exit-code", Value: strconv.Itoa(code)},
		{Name: "complete", Value: strconv.FormatBool(nothing || c.report != nil && c.report.Coverage.Complete())},
	}
	count := func(findings, suppressed int) {
		outputs = append(outputs, ci.Output{Name: "findings", Value: strconv.Itoa(findings)}, ci.Output{Name: "suppressed", Value: strconv.Itoa(suppressed)})
	}
	switch {
	case nothing:
		count(0, 0)
	case c.report != nil:
		count(len(c.report.Findings), len(c.report.Suppressed))
		outputs = append(outputs, ci.Output{Name: "sarif", Value: c.flags.sarif})
	}
	err := c.appendTo("GITHUB_OUTPUT", false, func(w io.Writer) error { return ci.WriteOutputs(w, outputs) })
	if err != nil {
		return fmt.Errorf("outputs for later steps: %w", err)
	}
	return nil
}

// appendTo adds to a file that GitHub's runner names by a variable, if it does.
func (c *ciRun) appendTo(variable string, off bool, write func(io.Writer) error) error {
	name := c.env.getenv(variable)
	if off || name == "" || c.event.System != ci.GitHub {
		return nil
	}
	f, err := report.Append(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
