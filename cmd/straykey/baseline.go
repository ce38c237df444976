package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/policy"
	"github.com/straykey/straykey/report"
)

// baselineFlags is what the user typed for the commands of baselines.
type baselineFlags struct {
	scan   scanFlags
	from   string
	force  bool
	reason string
	owner  string
	until  string
	json   string
}

const baselineLong = `A baseline lists the credentials that are known, by fingerprint, so that only new ones count. Where
they stand does not matter: a file may be renamed, indented or get other line ends, and commits may be squashed or rebased.
One that changes in a single character, and another one at an old place, is new.

It is a text file, sorted, one entry a line, ` + policy.BaselineFile + ` at the root of the repository; commit it. One file elsewhere
(--baseline FILE) may serve several repositories: their entries say repo=NAME.`

func newBaselineCommand(env *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "baseline",
		Short: "Keep a list of what is known, so that only what is new counts",
		Long: baselineLong + `

Exit codes:
  0  done
  1  audit: some entries are not in order
  2  incomplete: something could not be read
  3  wrong usage or configuration`,
		Example: `  straykey baseline create
  straykey baseline audit`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usageError("no command %q; straykey baseline --help lists them, for example: straykey baseline create", args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newBaselineMake(env, "create", "Write a baseline of all that is found now", `Scan as straykey scan does and write what is found, and is neither ignored nor allowed, to the baseline.

`+baselineLong, runBaselineCreate),
		newBaselineMake(env, "update", "Add to the baseline what is found and not in it", `Scan as straykey scan does and add to the baseline what is found, and is neither ignored nor allowed.
Entries that are there stay as they are; prune removes those that nothing is found of.`, runBaselineUpdate),
		newBaselineLook(env, "audit", "List entries that have expired, or that nothing is found of", `List the entries of the baseline and of the ignore file that should go: what is stale (its fingerprint is not found any more),
unused (nothing is found at its path and of its rule), expired, or, in the ignore file, without a reason.

Exit codes:
  0  every entry is in order
  1  some are not
  2  incomplete: something could not be read, so that an entry may be needed after all
  3  wrong usage or configuration`, runBaselineAudit),
		newBaselineLook(env, "prune", "Remove entries that have expired, or that nothing is found of", `Remove from the baseline the entries that are stale (the fingerprint is not found any more) or have expired. Nothing
is removed where something could not be read. Scan with the same --confidence, --class and rules as when the baseline was made.

Exit codes:
  0  pruned
  2  incomplete: something could not be read, and nothing was removed
  3  wrong usage or configuration`, runBaselinePrune),
	)
	return cmd
}

// baselineRun is what one of the commands does.
type baselineRun func(ctx context.Context, env *environment, f *baselineFlags) error

// newBaselineMake returns a command that writes entries.
func newBaselineMake(env *environment, name, short, long string, run baselineRun) *cobra.Command {
	f := &baselineFlags{}
	cmd := newBaselineSub(env, f, name, short, long+`

Exit codes:
  0  written
  2  incomplete: something could not be read; what was found is written all the same
  3  wrong usage or configuration`, run, notOfBaselines)
	fl := cmd.Flags()
	fl.StringVar(&f.reason, "reason", "", "why these need not count, as `TEXT` in each new entry")
	fl.StringVar(&f.owner, "owner", "", "who answers for them, as `NAME` in each new entry")
	fl.StringVar(&f.until, "until", "", "the last `DAY` on which new entries count, such as 2027-01-31")
	if name == "create" {
		fl.BoolVar(&f.force, "force", false, "replace a baseline that is there")
	}
	return cmd
}

// newBaselineLook returns a command that compares entries with all that is found.
func newBaselineLook(env *environment, name, short, long string, run baselineRun) *cobra.Command {
	f := &baselineFlags{}
	cmd := newBaselineSub(env, f, name, short, long, run, append(slices.Clone(notOfBaselines), notOfAudits...))
	if name == "audit" {
		cmd.Flags().StringVarP(&f.json, "format", "f", "text", "text or json")
	}
	return cmd
}

// Flags of a scan that the commands of baselines do not have: they write no report, and nobody is asked. What sees but a part of
// the repository does not tell what is gone.
var (
	notOfBaselines = []string{
		"verify", "fail-on", "format", "output", "report", "show-secrets", "verbose", "quiet", "color", "exit-code", "no-suppress",
		"policy-ref", "accept-new-suppressions",
	}
	notOfAudits = []string{"staged", "range", "since", "branch", "no-unreachable", "no-messages", "only", "skip"}
)

func newBaselineSub(env *environment, f *baselineFlags, name, short, long string, run baselineRun, without []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:     name + " [PATH]",
		Short:   short,
		Long:    long,
		Example: "  straykey baseline " + name + "\n  straykey baseline " + name + " --from report.json --baseline FILE",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError("a baseline is of one repository at a time, for example: straykey baseline %s .", name)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			f.scan.paths = args
			f.scan.archiveDepthSet = cmd.Flags().Changed("max-archive-depth")
			return run(cmd.Context(), env, f)
		},
	}
	asking := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(askFlags).add(asking)
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.from, "from", "", "take what is found from a `REPORT` in the JSON format instead of a scan")
	addScanFlags(fl, &f.scan, func(flag string) bool { return !slices.Contains(without, flag) && asking.Lookup(flag) == nil })
	return cmd
}

// baselineWork is a baseline with what was found.
type baselineWork struct {
	plan     *scanPlan
	target   *targetPolicy
	path     string // of the baseline
	within   bool   // it lies in the repository
	found    []correlate.Finding
	complete bool
}

// open finds the baseline and what is to be compared with it: for a new one what counts, else (all) whatever is found.
func (f *baselineFlags) open(ctx context.Context, env *environment, all bool) (*baselineWork, error) {
	named := f.scan.policy.baseline
	f.scan.policy.baseline, f.scan.policy.noBaseline = "", true
	f.scan.format, f.scan.color = "text", "never"
	p, err := newScanPlan(env, &f.scan)
	if err != nil {
		return nil, err
	}
	defer p.close()
	f.scan.verify = false
	w := &baselineWork{plan: p, target: p.policies[0], path: named}
	if named == "" {
		if w.target.place.Bare {
			return nil, usageError("%s has no work tree; say where the baseline is with --baseline FILE", p.targets[0])
		}
		w.path = filepath.Join(w.target.place.Root, policy.BaselineFile)
	}
	w.within = !w.target.place.Bare && isInside(w.target.place.Root, w.path)
	if f.from != "" {
		return w, w.read(f.from, all)
	}
	f.scan.policy.noSuppress = all
	stop := p.showProgress(env)
	r, err := p.scan(ctx)
	stop()
	if err != nil {
		return nil, err
	}
	w.found, w.complete = r.Findings, r.Coverage.Complete() || f.scan.allowIncomplete
	if !w.complete {
		fmt.Fprintln(env.stderr, "straykey: incomplete: "+report.Escape(firstProblem(r.Coverage)))
	}
	return w, nil
}

// read takes what was found from a report. A baseline that was in force when it was made takes nothing away from a new one.
func (w *baselineWork) read(name string, all bool) error {
	in, err := os.Open(name)
	if err != nil {
		return usageError("--from: cannot read %s: %w", name, cause(err))
	}
	defer in.Close()
	doc, err := report.ReadJSON(in)
	if err != nil {
		return usageError("--from: %s: %w", name, err)
	}
	w.found = append(doc.Findings(), doc.Suppressed(func(by report.Suppression) bool { return all || by == report.Baseline })...)
	for i := range w.found {
		if r := w.plan.set.Rule(w.found[i].Rule.ID); r != nil {
			w.found[i].Rule = r
		}
	}
	w.complete = doc.Complete() || w.plan.flags.allowIncomplete
	return nil
}

// load reads the baseline; nil: there is none.
func (w *baselineWork) load() (*policy.Baseline, error) {
	data, err := policy.ReadUser(w.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, usageError("baseline %s: %w", w.path, cause(err))
	}
	b, err := policy.ParseBaseline(w.shown(), data)
	if err != nil {
		return nil, usageError("%w", err)
	}
	return b, nil
}

// shown is the name of the baseline in messages.
func (w *baselineWork) shown() string {
	if rel, ok := insideOf(w.target.place.Root, w.path); ok && w.within {
		return w.target.shown(rel)
	}
	return w.path
}

// save writes the baseline, whole or not at all. Unlike a report it is for all who may read the repository.
func (w *baselineWork) save(b *policy.Baseline) error {
	mode := fs.FileMode(0o644)
	if info, err := os.Lstat(w.path); err == nil {
		mode = info.Mode().Perm()
	}
	text := b.Bytes()
	if have, err := policy.ReadUser(w.path); err == nil && bytes.Equal(have, text) {
		return nil
	}
	file, err := report.Create(w.path)
	if err != nil {
		return usageError("%w", err)
	}
	defer file.Abort()
	if _, err := file.Write(text); err != nil {
		return fmt.Errorf("write %s: %w", w.path, err)
	}
	if err := file.Commit(); err != nil {
		return err
	}
	return os.Chmod(w.path, mode)
}

// stamp is what new entries say.
func (f *baselineFlags) stamp(w *baselineWork) (policy.Stamp, error) {
	s := policy.Stamp{Reason: f.reason, Owner: f.owner, Since: time.Now()}
	if !w.within || f.scan.policy.repo != "" {
		s.Repo = w.target.scope.Repo
	}
	if f.until != "" {
		day, err := time.Parse(time.DateOnly, f.until)
		if err != nil {
			return s, usageError("--until is a day such as 2027-01-31, not %q, for example: straykey baseline create --until 2027-01-31", f.until)
		}
		s.Until = day
	}
	return s, nil
}

func runBaselineCreate(ctx context.Context, env *environment, f *baselineFlags) error {
	w, err := f.open(ctx, env, false)
	if err != nil {
		return err
	}
	b := &policy.Baseline{}
	if _, err := os.Lstat(w.path); err == nil {
		had, err := w.load()
		if err != nil && !f.force {
			return err
		}
		// What it says of other repositories stays.
		if had != nil {
			b = had
			b.Remove(func(e *policy.Entry) bool { return f.force && w.owns(e) })
		}
		if slices.ContainsFunc(b.Entries, func(e policy.Entry) bool { return w.owns(&e) }) || len(b.Entries) == 0 && !f.force {
			return usageError("%s is there already; straykey baseline update adds to it, and --force replaces it", w.shown())
		}
	}
	return f.extend(env, w, b)
}

// owns reports whether an entry is of the repository at hand.
func (w *baselineWork) owns(e *policy.Entry) bool {
	return e.Repo == w.target.scope.Repo || e.Repo == "" && w.within
}

func runBaselineUpdate(ctx context.Context, env *environment, f *baselineFlags) error {
	w, err := f.open(ctx, env, false)
	if err != nil {
		return err
	}
	b, err := w.load()
	if err != nil {
		return err
	}
	if b == nil {
		return usageError("there is no %s; begin with straykey baseline create", w.shown())
	}
	return f.extend(env, w, b)
}

// extend adds what was found to a baseline.
func (f *baselineFlags) extend(env *environment, w *baselineWork, b *policy.Baseline) error {
	s, err := f.stamp(w)
	if err != nil {
		return err
	}
	n := b.Add(policy.KnownOf(w.found), s)
	if err := w.save(b); err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s: %s added, %d in all\n", w.shown(), count(n, "credential"), len(b.Entries))
	return w.outcome()
}

func (w *baselineWork) outcome() error {
	if !w.complete {
		return &exitError{code: exitIncomplete}
	}
	return nil
}

// audit returns the remarks on the entries in force.
func (f *baselineFlags) audit(ctx context.Context, env *environment) (*baselineWork, *policy.Baseline, []policy.Remark, error) {
	w, err := f.open(ctx, env, true)
	if err != nil {
		return nil, nil, nil, err
	}
	b, err := w.load()
	if err != nil {
		return nil, nil, nil, err
	}
	scope := w.target.scope
	if b != nil {
		scope.Baselines = []*policy.Baseline{b}
	}
	return w, b, scope.Audit(w.found, time.Now(), !w.within, coversGitleaks()), nil
}

// jsonFault is a fault of an entry in the output of audit.
type jsonFault struct {
	Fault policy.Fault `json:"fault"`
	By    policy.By    `json:"by"`
	File  string       `json:"file"`
	Line  int          `json:"line"`
	Entry string       `json:"entry"`
}

func runBaselineAudit(ctx context.Context, env *environment, f *baselineFlags) error {
	if f.json != "text" && f.json != "json" {
		return usageError("--format is text or json, not %q, for example: straykey baseline audit --format json", f.json)
	}
	w, _, remarks, err := f.audit(ctx, env)
	if err != nil {
		return err
	}
	if err := writeFaults(env.stdout, f.json, remarks); err != nil {
		return err
	}
	if err := w.outcome(); err != nil {
		return err
	}
	if len(remarks) > 0 {
		return &exitError{code: exitFindings}
	}
	return nil
}

func writeFaults(w io.Writer, format string, remarks []policy.Remark) error {
	if format == "json" {
		out := make([]jsonFault, len(remarks))
		for i, r := range remarks {
			out[i] = jsonFault{r.Fault, r.By, r.Entry.At.File, r.Entry.At.Line, r.Entry.String()}
		}
		return writeJSON(w, out)
	}
	for _, r := range remarks {
		if _, err := fmt.Fprintf(w, "%s: %s: %s\n", report.Escape(r.Entry.At.String()), r.Fault, report.Escape(r.Entry.String())); err != nil {
			return err
		}
	}
	if len(remarks) == 0 {
		_, err := fmt.Fprintln(w, "every entry is in order")
		return err
	}
	return nil
}

func runBaselinePrune(ctx context.Context, env *environment, f *baselineFlags) error {
	w, b, remarks, err := f.audit(ctx, env)
	if err != nil {
		return err
	}
	if b == nil {
		return usageError("there is no %s; straykey baseline create makes one", w.shown())
	}
	if err := w.outcome(); err != nil {
		return err
	}
	gone := map[*policy.Entry]bool{}
	for _, r := range remarks {
		if r.By == policy.ByBaseline {
			gone[r.Entry] = true
		}
	}
	n := len(b.Entries)
	kept := b.Entries[:0:0]
	for i := range b.Entries {
		if !gone[&b.Entries[i]] {
			kept = append(kept, b.Entries[i])
		}
	}
	b.Entries = kept
	if err := w.save(b); err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s: %s removed, %d left\n", w.shown(), count(n-len(kept), "credential"), len(kept))
	return nil
}
