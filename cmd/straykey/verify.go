package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/report"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/scan"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/repo"
	"github.com/straykey/straykey/verify/verdict"
)

// verifyFlags is what the user typed for verify.
type verifyFlags struct {
	given  givenFlags
	ask    askFlags
	format string
	// template is the file of --format template.
	template string
	output   string
	show     bool
	update   bool
	color    string
	failOn   string
	allow    bool
}

// givenFlags say which credential is meant. It never stands on the command line, where other users of the machine
// and the shell's history would have it.
type givenFlags struct {
	env  []string
	rule string
	scan scanFlags // which rules there are, and what a configuration says of asking
}

const verifyCodesHelp = `Exit codes:
  0  nothing is known to open anything
  1  something does: active, or forbidden-but-valid (--fail-on changes that)
  2  incomplete: an issuer could not be asked, or its answer says nothing; or the run was
     interrupted, or a finding is no longer where the report says
  3  wrong usage or configuration`

func newVerifyCommand(env *environment) *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify [REPORT.json]",
		Short: "Ask issuers whether credentials still open anything",
		Long: `Ask the issuer of a credential whether it lives, whose it is and what it may do. The
credential comes by standard input or, with --env, from variables; what it is, straykey
finds out as in a scan, or --rule says. Ids that belong to it are given the same way:

  straykey verify --env AWS_ACCESS_KEY_ID --env AWS_SECRET_ACCESS_KEY

Given a report in the JSON format, its findings are looked up where they stand (a report
holds no secret) and asked about; --update writes what came of it into the report, which
stays readable for whom it was.

` + askHelp + `

` + verifyCodesHelp,
		Example: `  straykey verify --env GITHUB_TOKEN
  pass show acme/api | straykey verify --rule stripe-secret-key --format json
  straykey verify report.json --update
  straykey verify report.json --egress-plan`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError("verify takes one report, for example: straykey verify report.json")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runVerify(cmd.Context(), env, &f, args)
		},
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	f.given.add(fl)
	fl.BoolVar(&f.update, "update", false, "write the verdicts into the report that was given")
	f.ask.add(fl)
	addFailOn(fl, &f.failOn, "active")
	addFormat(fl, &f.format, &f.template)
	fl.StringVarP(&f.output, "output", "o", "", "write the report to `FILE` instead of standard output")
	fl.BoolVar(&f.show, "show-secrets", false, "write secrets as they are")
	fl.StringVar(&f.color, "color", "auto", "auto, always or never; auto obeys NO_COLOR and CLICOLOR_FORCE")
	fl.BoolVar(&f.allow, "allow-incomplete", false, "do not exit with 2 when a verdict is unknown or a finding is gone")
	return cmd
}

func runVerify(ctx context.Context, env *environment, f *verifyFlags, args []string) error {
	if err := checkFailOn(f.failOn); err != nil {
		return err
	}
	if err := report.Check(f.format); err != nil {
		return usageError("%w, for example: straykey verify --format json", err)
	}
	tmpl, err := readTemplate(f.template, f.format)
	if err != nil {
		return err
	}
	if f.update && len(args) == 0 {
		return usageError("--update needs the report to write to, for example: straykey verify report.json --update")
	}
	if err := f.ask.checkPlan(f.format, f.output); err != nil {
		return err
	}
	var (
		doc   *report.Document
		r     *report.Report
		given string
	)
	if len(args) == 1 {
		if len(f.given.env) > 0 || f.given.rule != "" {
			return usageError("a report and --env or --rule exclude one another, for example: straykey verify report.json")
		}
		doc, r, err = findAgain(ctx, env, &f.given, args[0])
	} else {
		r, given, err = f.given.find(ctx, env)
	}
	if err != nil {
		return err
	}
	targets := []string{r.Run.Target}
	if doc != nil {
		targets = doc.Targets()
	}
	asker, err := f.ask.asker(env, targets...)
	if err != nil {
		return err
	}
	defer asker.close()
	asker.given = given
	if f.ask.plan {
		return asker.writePlan(env.stdout, f.format, r.Findings)
	}
	started := time.Now()
	unkept := asker.ask(ctx, r) // a log or a cache; the report is written all the same
	r.Run.Started, r.Run.Duration = started.UTC().Truncate(time.Second), time.Since(started)
	if f.update && ctx.Err() == nil { // an interrupted run knows less than the report may
		doc.Verify(r, report.Options{ShowSecrets: f.show})
		if err := writeDocument(args[0], doc); err != nil {
			return errors.Join(err, unkept)
		}
	}
	if err := errors.Join(f.write(env, r, tmpl), unkept); err != nil {
		return err
	}
	if !r.Coverage.Complete() && !f.allow {
		return &exitError{code: exitIncomplete}
	}
	return verdictOutcome(r, f.failOn, f.allow, exitFindings)
}

// write writes the report of what was asked.
func (f *verifyFlags) write(env *environment, r *report.Report, tmpl *report.Template) error {
	color, err := useColor(f.color, env)
	if err != nil {
		return err
	}
	o := report.Options{ShowSecrets: f.show, Template: tmpl, Color: color && f.format == "text" && f.output == ""}
	if f.output == "" || f.output == "-" {
		return report.Write(env.stdout, f.format, r, o)
	}
	file, err := report.Create(f.output)
	if err != nil {
		return usageError("%w, for example: straykey verify -o report.txt", err)
	}
	defer file.Abort()
	if err := report.Write(file, f.format, r, o); err != nil {
		return err
	}
	return file.Commit()
}

// writeDocument replaces a report by the document that was read from it. Who may read the file stays as it was.
func writeDocument(name string, doc *report.Document) error {
	file, err := report.Replace(name)
	if err != nil {
		return usageError("%w", err)
	}
	defer file.Abort()
	if err := doc.WriteJSON(file); err != nil {
		return err
	}
	return file.Commit()
}

// verdictOutcome turns verdicts into an exit code. A gate that lets pass what is not known to be active must
// not do so because a network was down: what could not be asked is incomplete.
func verdictOutcome(r *report.Report, failOn string, allowIncomplete bool, code int) error {
	unknown := false
	for _, f := range r.Findings {
		v := r.Verdict(&f)
		if failsOn(failOn, v) {
			return &exitError{code: code}
		}
		unknown = unknown || v == verdict.Unknown
	}
	if unknown && !allowIncomplete {
		return &exitError{code: exitIncomplete}
	}
	return nil
}

// The values of --fail-on.
var failOnWords = []string{"active", "unknown", "any"}

func checkFailOn(word string) error {
	if !slices.Contains(failOnWords, word) {
		return usageError("--fail-on is active, unknown or any, not %q, for example: straykey scan --verify --fail-on active", word)
	}
	return nil
}

// failsOn reports whether a finding of a verdict counts.
func failsOn(word string, v verdict.Verdict) bool {
	switch word {
	case "active":
		return v == verdict.Active || v == verdict.Forbidden
	case "unknown":
		return v != verdict.Inactive
	}
	return true
}

// find finds the credential that was given, and returns all that was.
func (g *givenFlags) find(ctx context.Context, env *environment) (*report.Report, string, error) {
	text, err := g.text(ctx, env)
	if err != nil {
		return nil, "", err
	}
	r, err := g.findIn(ctx, env, text)
	return r, text, err
}

func (g *givenFlags) findIn(ctx context.Context, env *environment, text string) (*report.Report, error) {
	g.scan.policy.noRepo = true
	set, engine, err := g.engine(env, ".")
	if err != nil {
		return nil, err
	}
	key := []byte(env.getenv(fingerprintKey))
	r := &report.Report{Coverage: &source.Coverage{}, Run: report.Run{
		Version: version(), Mode: report.Stdin, Target: "-", Rules: len(set.Rules), RuleSet: set.Hash,
	}}
	var b correlate.Builder
	o := scan.Options{Engine: engine, Coverage: r.Coverage, Jobs: 1, MaxSize: defaultMaxSize}
	if _, err := scan.Stdin(ctx, strings.NewReader(text), &b, o); err != nil {
		return nil, err
	}
	if r.Findings, _, err = b.Findings(ctx, key, 1); err != nil {
		return nil, err
	}
	if g.rule != "" {
		named, err := g.named(env, set, text, key)
		if err != nil {
			return nil, err
		}
		r.Findings = append([]correlate.Finding{named}, slices.DeleteFunc(r.Findings, func(f correlate.Finding) bool {
			return f.Secret == named.Secret
		})...)
	}
	if len(r.Findings) == 0 {
		return nil, usageError("no rule knows what was given; say what it is with --rule, for example: straykey verify --rule github-pat-classic (straykey rules list has all ids)")
	}
	return r, nil
}

// text is what was given: standard input or, as in a file of variables, one line a variable.
func (g *givenFlags) text(ctx context.Context, env *environment) (string, error) {
	if len(g.env) == 0 {
		if isTerminal(env.stdin) {
			return "", usageError("give the credential on standard input or name a variable that holds it, for example: straykey verify --env GITHUB_TOKEN")
		}
		data, err := scan.ReadAll(ctx, env.stdin, defaultMaxSize)
		switch {
		case ctx.Err() != nil:
			return "", &exitError{exitIncomplete, errors.New("interrupted before all of standard input was read")}
		case err != nil:
			return "", fmt.Errorf("read standard input: %w", err)
		}
		return string(data), nil
	}
	var b strings.Builder
	for _, name := range g.env {
		value := env.getenv(name)
		if value == "" {
			return "", usageError("the variable %s is empty or not set", name)
		}
		fmt.Fprintf(&b, "%s=%s\n", name, value)
	}
	return b.String(), nil
}

// engine finds what the rules find that count in the targets of a scan.
func (g *givenFlags) engine(env *environment, targets ...string) (*rules.Set, *detect.Engine, error) {
	p, err := g.scan.rulesPlan(env, nil, targets...)
	if err != nil {
		return nil, nil, err
	}
	if err := p.chooseRules(); err != nil {
		return nil, nil, err
	}
	engine, err := detect.New(p.set, detect.Options{Reported: true, Confidence: rules.LowConfidence, Classes: []rules.Class{rules.Credentials}})
	if err != nil {
		return nil, nil, usageError("%w", err)
	}
	return p.set, engine, nil
}

// named is the finding of the whole of what was given, or of the first variable, as the rule that was named.
func (g *givenFlags) named(env *environment, set *rules.Set, text string, key []byte) (correlate.Finding, error) {
	only, err := set.Only([]string{g.rule})
	if err != nil {
		return correlate.Finding{}, usageError("--rule: %w", err)
	}
	i := slices.IndexFunc(only.Rules, func(r *rules.Rule) bool {
		return r.ID == g.rule || slices.Contains(r.Aliases, g.rule)
	})
	rule := only.Rules[i]
	secret := text
	if len(g.env) > 0 {
		secret = env.getenv(g.env[0])
	}
	secret = strings.TrimSpace(secret)
	return correlate.Finding{
		Rule: rule, Secret: secret, Confidence: rules.HighConfidence,
		Fingerprint: correlate.Fingerprint(key, cmp.Or(rule.Family, rule.ID), secret),
		Occurrences: []correlate.Occurrence{{
			Kind: "stdin", Line: 1, Column: 1, EndLine: 1, EndColumn: 1 + len(secret),
			Frame: correlate.Frame{FirstLine: 1, Lines: strings.Split(strings.TrimSpace(text), "\n"), Match: text},
		}},
	}, nil
}

// findAgain looks up the findings of a report where they stand.
func findAgain(ctx context.Context, env *environment, g *givenFlags, name string) (*report.Document, *report.Report, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		// The name is not repeated: somebody may have given a credential in its place.
		return nil, nil, usageError("cannot read the report: %w; a credential is given with --env or on standard input, for example: straykey verify --env GITHUB_TOKEN", cause(err))
	}
	doc, err := report.ReadJSON(bytes.NewReader(data))
	if err != nil {
		return nil, nil, usageError("%s: %w", name, err)
	}
	targets, err := scannedTargets(doc)
	if err != nil {
		return nil, nil, err
	}
	set, engine, err := g.engine(env, doc.Targets()...)
	if err != nil {
		return nil, nil, err
	}
	r := &report.Report{Coverage: &source.Coverage{}, Run: report.Run{
		Version: version(), Mode: doc.Mode(), Target: doc.Target(), Rules: len(set.Rules), RuleSet: set.Hash,
	}}
	if doc.RuleSet() != set.Hash {
		r.Run.Notes = append(r.Run.Notes, "the report was made with other rules: a finding that these do not have is not asked about")
	}
	var b correlate.Builder
	o := scan.Options{Engine: engine, Coverage: r.Coverage, Jobs: runtime.GOMAXPROCS(0), MaxSize: defaultMaxSize, Around: aroundToAsk}
	if err := rescan(ctx, doc, targets, &b, o); err != nil {
		return nil, nil, err
	}
	all, _, err := b.Findings(ctx, []byte(env.getenv(fingerprintKey)), o.Jobs)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range doc.Places() {
		i := slices.IndexFunc(all, func(f correlate.Finding) bool { return f.Fingerprint == p.Fingerprint })
		if i < 0 {
			r.Coverage.Problem(source.Problem{
				Reason: source.Absent, What: p.Rule, Where: cmp.Or(p.Path, p.Object),
				Detail: "the finding is not where the report says; scan again",
			})
			continue
		}
		r.Findings = append(r.Findings, all[i])
	}
	if len(r.Findings) == 0 && len(doc.Places()) > 0 {
		return nil, nil, usageError("none of the findings of %s is found again in %s; run this where the scan ran, with the same --rules and %s", name, doc.Target(), fingerprintKey)
	}
	return doc, r, nil
}

// scanned is a target of the scan that a report is of.
type scanned struct {
	dir  string     // where paths begin
	repo *repo.Repo // nil if the target is in none
}

// scannedTargets looks up the targets of a report.
func scannedTargets(doc *report.Document) ([]scanned, error) {
	var out []scanned
	for _, target := range doc.Targets() {
		if target == "-" {
			continue
		}
		info, err := os.Stat(target)
		if err != nil {
			return nil, usageError("the report is of %q: %w; run this where the scan ran", target, cause(err))
		}
		one := scanned{dir: target}
		if !info.IsDir() {
			one.dir = filepath.Dir(target)
		} else if r, err := repo.Open(target); err == nil {
			one.repo = r
		} else if !errors.Is(err, repo.ErrNotRepository) {
			return nil, usageError("open repository %s: %w", target, err)
		}
		out = append(out, one)
	}
	return out, nil
}

// rescan scans the first place of each finding of a report.
func rescan(ctx context.Context, doc *report.Document, targets []scanned, b *correlate.Builder, o scan.Options) error {
	several := len(doc.Targets()) > 1
	var objects []scan.Object
	paths := map[string][]string{} // by directory
	for _, p := range doc.Places() {
		switch {
		case p.Kind == "stdin":
			return usageError("the report is of standard input, which is gone; give the credential to straykey verify the same way")
		case p.Object == "":
			dir, path := targets[0].dir, p.Path
			if several {
				dir, path = below(targets, p.Path, func(t scanned) string { return t.dir })
			}
			if !slices.Contains(paths[dir], path) {
				paths[dir] = append(paths[dir], path)
			}
		default:
			one := scan.Object{ID: p.Object, Path: p.Path}
			if several {
				_, one.Path = below(targets, p.Path, scanned.top)
			}
			if !slices.Contains(objects, one) {
				objects = append(objects, one)
			}
		}
	}
	var repos []*repo.Repo
	for _, t := range targets {
		if t.repo != nil {
			repos = append(repos, t.repo)
		}
	}
	if err := scan.Objects(ctx, repos, objects, b, o); err != nil {
		return err
	}
	for _, dir := range slices.Sorted(maps.Keys(paths)) {
		if err := scan.Paths(ctx, dir, paths[dir], b, o); err != nil {
			return err
		}
	}
	return nil
}

// top is where the paths of a target's objects begin.
func (s scanned) top() string {
	if s.repo == nil {
		return s.dir
	}
	return repoTop(s.dir, s.repo)
}

// below cuts off a path the beginning by which a scan of several targets tells them apart, and returns the directory that the
// rest is below: of those that it may be, the deepest.
func below(targets []scanned, name string, beginning func(scanned) string) (dir, rest string) {
	dir, rest = ".", name
	for _, t := range targets {
		prefix := path.Clean(filepath.ToSlash(beginning(t)))
		if after, ok := strings.CutPrefix(name, strings.TrimSuffix(prefix, "/")+"/"); ok && len(after) < len(rest) {
			dir, rest = prefix, after
		}
	}
	return dir, rest
}
