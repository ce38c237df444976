package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/report"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/rules/ruletest"
	"github.com/straykey/straykey/verify/declared"
)

// newRulesCommand shows and checks rules.
func newRulesCommand(env *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "List, show, check and test rules",
		Long: `List, show, check and test rules: those that a scan would use. They are the built-in ones, with what
.straykey.toml says, or those of a file with --rules.

Exit codes:
  0  done, nothing wrong
  1  lint or test found something wrong
  3  wrong usage, or a rule file that cannot be used`,
		Example: `  straykey rules list
  straykey rules show github-pat-classic
  straykey rules test`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usageError("no command %q; straykey rules --help lists them, for example: straykey rules list", args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newRulesListCommand(env), newRulesShowCommand(env), newRulesLintCommand(env), newRulesTestCommand(env),
		newRulesNewCommand(env), newRulesStatsCommand(env))
	return cmd
}

// formatFlag adds --format to a command and checks it before the command runs.
func formatFlag(cmd *cobra.Command, format *string) {
	cmd.Flags().StringVarP(format, "format", "f", "text", "text or json")
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		if *format != "text" && *format != "json" {
			return usageError("--format: no format %q; there is text and json, for example: %s --format json", *format, cmd.CommandPath())
		}
		return nil
	}
}

// ruleSource is the rule set a rules command works on.
type ruleSource struct {
	set *rules.Set
	own []string // ids of the rules that files define or change; none: all are built in
}

// loadRuleSource reads the rules of --rules, or those of the configuration that a scan of the working directory goes by, before
// its settings leave any out. They come with their samples, which a scan does without.
func loadRuleSource(env *environment, f *scanFlags) (*ruleSource, error) {
	f.fileAlone()
	catalog := sync.OnceValues(func() (*rules.Set, error) { return rules.Catalog(ruleOptions()) })
	p, err := f.rulesPlan(env, catalog, ".")
	if err != nil {
		return nil, err
	}
	set, err := p.ruleSet()
	if err != nil {
		return nil, err
	}
	p.warn(set.Warnings)
	src := &ruleSource{set: set}
	if !p.ownRules {
		return src, nil
	}
	base, err := catalog()
	if err != nil {
		return nil, err
	}
	for _, r := range set.Rules {
		if !slices.Contains(base.Rules, r) {
			src.own = append(src.own, r.ID)
		}
	}
	return src, nil
}

// fileAlone has the rules of --rules looked at without a configuration that was not named: what it leaves out are other rules.
func (f *scanFlags) fileAlone() {
	if f.rules != "" && f.policy.config == "" {
		f.policy.noConfig = true
	}
}

// warn tells on standard error what is to be known of the policy and the rules.
func (p *scanPlan) warn(more []string) {
	for _, w := range append(p.notes, more...) {
		fmt.Fprintln(p.env.stderr, "straykey: warning: "+report.Escape(w))
	}
}

// choose returns the ids to work on: those named, or the files' own. None: all rules.
func (s *ruleSource) choose(named []string) []string {
	if len(named) > 0 {
		return named
	}
	return s.own
}

// count is the number of rules that choose stands for.
func (s *ruleSource) count(chosen []string) int {
	if len(chosen) == 0 {
		return len(s.set.Rules)
	}
	return len(chosen)
}

type rulesListOptions struct {
	scan                       scanFlags
	format, provider, identity string
	checkable, revocable       bool
}

func newRulesListCommand(env *environment) *cobra.Command {
	var o rulesListOptions
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the rules",
		Long: `List the rules, one a line: id, provider, type of identity, severity, offline proof,
whether the issuer can be asked (live, or login if that signs in) and whether it revokes.

Exit codes:
  0  listed
  3  wrong usage, or a rule file that cannot be used`,
		Example: `  straykey rules list
  straykey rules list --provider github --identity personal-access-token
  straykey rules list --checkable --format json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 0 {
				return usageError("rules list takes no argument, not %q, for example: straykey rules list --provider github", args[0])
			}
			return nil
		},
		RunE: func(*cobra.Command, []string) error { return runRulesList(env, &o) },
	}
	addRuleFlags(cmd, &o.scan)
	formatFlag(cmd, &o.format)
	cmd.Flags().StringVar(&o.provider, "provider", "", "only rules whose provider contains `NAME`, in any case")
	cmd.Flags().StringVar(&o.identity, "identity", "", "only rules of this `TYPE` of identity, for example api-key")
	cmd.Flags().BoolVar(&o.checkable, "checkable", false, "only rules whose credentials straykey verify can ask about")
	cmd.Flags().BoolVar(&o.revocable, "revocable", false, "only rules whose credentials straykey revoke can revoke")
	return cmd
}

func runRulesList(env *environment, o *rulesListOptions) error {
	if o.identity != "" {
		if err := checkIdentity(o.identity, "straykey rules list"); err != nil {
			return err
		}
	}
	o.scan.fileAlone()
	p, err := o.scan.rulesPlan(env, nil, ".")
	if err != nil {
		return err
	}
	if err := p.chooseRules(); err != nil {
		return err
	}
	p.warn(nil)
	var list []*rules.Rule
	for _, r := range p.set.Rules {
		if strings.Contains(strings.ToLower(r.Provider), strings.ToLower(o.provider)) &&
			(o.identity == "" || r.Identity == rules.Identity(o.identity)) &&
			(!o.checkable || r.Verify != nil) && (!o.revocable || r.Revoke != nil) {
			list = append(list, r)
		}
	}
	if o.format == "json" {
		return writeJSON(env.stdout, ruleSummaries(list))
	}
	w := tabwriter.NewWriter(env.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tPROVIDER\tIDENTITY\tSEVERITY\tPROOF\tCHECK\tREVOKE")
	for _, r := range list {
		s := newRuleSummary(r)
		revoke := "-"
		if s.Revoke {
			revoke = "yes"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.ID, dash(s.Provider), s.Identity, s.Severity, dash(s.Proof), dash(s.Check), revoke)
	}
	fmt.Fprintf(w, "\n%s\n", count(len(list), "rule"))
	return w.Flush()
}

// checkIdentity refuses a type of identity that there is not. command is one that takes it.
func checkIdentity(word, command string) error {
	var known []string
	for _, i := range rules.Identities() {
		if word == string(i) {
			return nil
		}
		known = append(known, string(i))
	}
	return usageError("--identity: no type %q; there is %s, for example: %s --identity api-key", word, strings.Join(known, ", "), command)
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// count is a number with its noun: "1 rule", "3 rules".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

type rulesShowOptions struct {
	scan   scanFlags
	format string
}

func newRulesShowCommand(env *environment) *cobra.Command {
	var o rulesShowOptions
	cmd := &cobra.Command{
		Use:   "show ID...",
		Short: "Show everything about a rule",
		Long: `Show what a rule looks for, how it is tried and proved, what it lets pass, and its samples.
Samples are shown as templates, as the rule file has them.

Exit codes:
  0  shown
  3  no such rule, wrong usage, or a rule file that cannot be used`,
		Example: `  straykey rules show github-pat-classic
  straykey rules show aws-access-key-id --format json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError("rules show takes the id of a rule, for example: straykey rules show github-pat-classic")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return runRulesShow(env, &o, args) },
	}
	addRuleFlags(cmd, &o.scan)
	formatFlag(cmd, &o.format)
	return cmd
}

func runRulesShow(env *environment, o *rulesShowOptions, ids []string) error {
	src, err := loadRuleSource(env, &o.scan)
	if err != nil {
		return err
	}
	// Only resolves aliases and answers unknown ids; what it hides for being required is not shown.
	chosen, err := src.set.Only(ids)
	if err != nil {
		return usageError("%w", err)
	}
	engine, err := detect.New(src.set, detect.Options{})
	if err != nil {
		return usageError("%w", err)
	}
	var list []ruleDetails
	for _, r := range chosen.Rules {
		if original := src.set.Rule(r.ID); r.SkipReport == original.SkipReport {
			shape, _ := engine.Shape(r.ID)
			list = append(list, newRuleDetails(original, shape))
		}
	}
	if o.format == "json" {
		return writeJSON(env.stdout, list)
	}
	w := bufio.NewWriter(env.stdout)
	for i, d := range list {
		if i > 0 {
			fmt.Fprintln(w)
		}
		d.writeText(w)
	}
	return w.Flush()
}

type rulesLintOptions struct {
	scan   scanFlags
	format string
	cost   bool
}

func newRulesLintCommand(env *environment) *cobra.Command {
	var o rulesLintOptions
	cmd := &cobra.Command{
		Use:   "lint [ID]...",
		Short: "Look for what is wrong with rules that work",
		Long: `Look for what is wrong with rules: no documentation, too few samples, no anchor, keywords
that do nothing, an expression that matches nothing at all or takes too long, rules
whose finds another rule takes. Of a configuration or of --rules, only the file's own rules are looked at.
Notes are worth knowing; errors and warnings fail the run.

Exit codes:
  0  nothing wrong (there may be notes)
  1  errors or warnings
  3  wrong usage, or a rule file that cannot be used`,
		Example: `  straykey rules lint
  straykey rules lint --rules .straykey-rules.toml --cost`,
		Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, ids []string) error { return runRulesLint(env, &o, ids) },
	}
	addRuleFlags(cmd, &o.scan)
	formatFlag(cmd, &o.format)
	cmd.Flags().BoolVar(&o.cost, "cost", false, "also measure what each rule costs per megabyte of code")
	return cmd
}

func runRulesLint(env *environment, o *rulesLintOptions, ids []string) error {
	src, err := loadRuleSource(env, &o.scan)
	if err != nil {
		return err
	}
	chosen := src.choose(ids)
	remarks, err := ruletest.Lint(src.set, ruletest.LintOptions{IDs: chosen, Cost: o.cost})
	if err != nil {
		return usageError("%w", err)
	}
	bad := 0
	for _, m := range remarks {
		if m.Level != ruletest.LevelNote {
			bad++
		}
	}
	if err := writeRemarks(env.stdout, o.format, remarks, bad, src.count(chosen)); err != nil {
		return err
	}
	if bad > 0 {
		return &exitError{code: exitFindings}
	}
	return nil
}

func writeRemarks(stdout io.Writer, format string, remarks []ruletest.Remark, bad, looked int) error {
	if format == "json" {
		list := make([]jsonRemark, len(remarks))
		for i, m := range remarks {
			list[i] = jsonRemark{m.Pos.File, m.Pos.Line, m.Rule, string(m.Level), m.Check, m.Msg}
		}
		return writeJSON(stdout, list)
	}
	w := bufio.NewWriter(stdout)
	for _, m := range remarks {
		fmt.Fprintln(w, m)
	}
	fmt.Fprintf(w, "%s: %s, %s\n", count(looked, "rule"), count(bad, "problem"), count(len(remarks)-bad, "note"))
	return w.Flush()
}

type rulesTestOptions struct {
	scan     scanFlags
	format   string
	overlaps bool
}

func newRulesTestCommand(env *environment) *cobra.Command {
	var o rulesTestOptions
	cmd := &cobra.Command{
		Use:   "test [ID]...",
		Short: "Run the samples of rules",
		Long: `Run the samples of rules: each positive must be found by its rule, as it stands, at the
start and end of a file, between CRLF lines and in a minified line; each negative must
not. Of a configuration or of --rules, only the file's own rules are tested, but together with those they extend.

Exit codes:
  0  all samples do what they should
  1  some do not
  3  wrong usage, or a rule file that cannot be used`,
		Example: `  straykey rules test
  straykey rules test --rules .straykey-rules.toml acme-token
  straykey rules test --overlaps`,
		Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, ids []string) error { return runRulesTest(env, &o, ids) },
	}
	addRuleFlags(cmd, &o.scan)
	formatFlag(cmd, &o.format)
	cmd.Flags().BoolVar(&o.overlaps, "overlaps", false, "also list which rules find other rules' positives")
	return cmd
}

func runRulesTest(env *environment, o *rulesTestOptions, ids []string) error {
	src, err := loadRuleSource(env, &o.scan)
	if err != nil {
		return err
	}
	// The catalogue's own negatives must be left alone by all of it.
	report, err := ruletest.Run(src.set, ruletest.Options{IDs: src.choose(ids), Strict: len(src.own) == 0})
	if err != nil {
		return usageError("%w", err)
	}
	chosen := src.set
	if named := src.choose(ids); len(named) > 0 {
		if chosen, err = src.set.Only(named); err != nil {
			return usageError("%w", err)
		}
	}
	for _, r := range chosen.Rules {
		report.Failures = append(report.Failures, declared.Samples(r)...)
	}
	if o.format == "json" {
		err = writeJSON(env.stdout, newJSONTest(report))
	} else {
		err = writeTest(env.stdout, report, o.overlaps)
	}
	if err != nil {
		return err
	}
	if len(report.Failures) > 0 {
		return &exitError{code: exitFindings}
	}
	return nil
}

func writeTest(stdout io.Writer, report *ruletest.Report, overlaps bool) error {
	w := bufio.NewWriter(stdout)
	for _, f := range report.Failures {
		fmt.Fprintln(w, f)
	}
	if overlaps {
		for _, o := range report.Overlaps {
			fmt.Fprintf(w, "overlap: %s of %s also found by %s, %d reported as that\n", count(o.Samples, "positive"), o.Rule, o.Other, o.Lost)
		}
	}
	if n := len(report.Untested); n > 0 {
		fmt.Fprintf(w, "%s without positives: %s\n", count(n, "rule"), strings.Join(firstFew(report.Untested, 10), ", "))
	}
	fmt.Fprintf(w, "%s, %s, %s: %s\n", count(report.Rules, "rule"), count(report.Positives, "positive"),
		count(report.Negatives, "negative"), count(len(report.Failures), "failure"))
	return w.Flush()
}

// firstFew returns the first n of a list, and an ellipsis if there are more.
func firstFew(list []string, n int) []string {
	if len(list) <= n {
		return list
	}
	return append(slices.Clone(list[:n]), "…")
}
