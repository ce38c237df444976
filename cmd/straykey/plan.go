package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/policy"
	"github.com/straykey/straykey/report"
	"github.com/straykey/straykey/report/progress"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/scan"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
)

// defaultMaxSize is the largest text that is scanned unless the user says otherwise.
const defaultMaxSize = pack.DefaultMaxObject

// maxJobs is the largest number of goroutines that may be asked for.
const maxJobs = 4096

// maxArchiveDepth is the deepest nesting of archives that can be asked for: each level may hold a member in memory.
const maxArchiveDepth = 16

// fingerprintKey is the variable that holds an organisation's own key for fingerprints.
const fingerprintKey = "STRAYKEY_FINGERPRINT_KEY"

// scanPlan is a checked command line: what to scan, with what, and where to write.
type scanPlan struct {
	flags    *scanFlags
	env      *environment
	targets  []string
	set      *rules.Set
	ownRules bool // set is not the built-in one
	engine   detect.Options
	options  scan.Options
	since    time.Time
	outputs  []output
	tmpl     *report.Template // of the outputs in that format
	color    bool
	maxSet   bool
	cache    cacheDir
	notes    []string

	catalog    func() (*rules.Set, error) // the built-in rules with their samples; nil: without, as a scan needs them
	namedRules *rules.Set                 // what --rules says in the trusted revision; nil: it is read from disk
	policies   []*targetPolicy            // by the number of the target
	config     *policy.Config             // nil: no file says anything
}

// output is one report to write; to no file: to standard output.
type output struct {
	format string
	file   *report.File
}

func newScanPlan(env *environment, f *scanFlags) (*scanPlan, error) {
	p := &scanPlan{flags: f, env: env, targets: f.paths}
	if len(p.targets) == 0 {
		p.targets = []string{"."}
	}
	checks := []func() error{p.checkAddressSpace, p.checkMode, p.checkTargets, p.loadPolicy, p.checkNumbers, p.loadRules, p.checkCache, p.checkDistinct, p.checkOutputs}
	for _, check := range checks {
		if err := check(); err != nil {
			p.close()
			return nil, err
		}
	}
	return p, nil
}

// checkMode refuses flags that exclude one another, and options that a mode cannot honour.
func (p *scanPlan) checkMode() error {
	f := p.flags
	modes := 0
	for _, on := range []bool{f.files, f.staged, len(f.ranges) > 0} {
		if on {
			modes++
		}
	}
	if modes > 1 {
		return usageError("--files, --staged and --range exclude one another; give one of them, for example: straykey scan --staged")
	}
	if modes > 0 && (f.since != "" || f.branch != "" || f.noUnreachable) {
		return usageError("--since, --branch and --no-unreachable belong to a scan of the whole history; leave out --files, --staged or --range, for example: straykey scan --branch main")
	}
	if modes > 0 && f.engine == "full" {
		return usageError("--engine full belongs to a scan of the whole history, for example: straykey scan --engine full")
	}
	if f.engine != "delta" && f.engine != "full" {
		return usageError("--engine is delta or full, not %q, for example: straykey scan --engine delta", f.engine)
	}
	if f.since != "" {
		since, err := parseSince(f.since, time.Now())
		if err != nil {
			return err
		}
		p.since = since
	}
	return nil
}

func (p *scanPlan) checkNumbers() error {
	f := p.flags
	if f.jobs < 1 || f.jobs > maxJobs {
		return usageError("--jobs is a number from 1 to %d, not %d, for example: straykey scan --jobs 4", maxJobs, f.jobs)
	}
	if f.exitCode < 0 || f.exitCode > 255 {
		return usageError("--exit-code is a number from 0 to 255, not %d, for example: straykey scan --exit-code 0", f.exitCode)
	}
	if f.timeout < 0 {
		return usageError("--timeout is a time such as 90s or 10m, not %s, for example: straykey scan --timeout 10m", f.timeout)
	}
	size := int64(defaultMaxSize)
	p.maxSet = f.maxBlobSize != ""
	if f.maxBlobSize != "" {
		var err error
		if size, err = parseSize(f.maxBlobSize); err != nil {
			return err
		}
	}
	p.options = scan.Options{
		Jobs: f.jobs, MaxSize: size, Full: f.engine == "full", Since: p.since,
		NoUnreachable: f.noUnreachable, NoMessages: f.noMessages, NoGitignore: f.noGitignore,
		Progress: &scan.Progress{}, Branch: f.branch, Rewritten: f.gitleaks != nil,
	}
	if f.verify {
		p.options.Around = aroundToAsk
	}
	return nil
}

func (p *scanPlan) checkOutputs() error {
	f := p.flags
	if f.format != "" {
		if err := p.addOutput(f.format, f.output); err != nil {
			return err
		}
	}
	for _, r := range f.reports {
		format, file, ok := strings.Cut(r, "=")
		if !ok || file == "" {
			return usageError("--report is FORMAT=FILE, not %q, for example: straykey scan --report sarif=straykey.sarif", r)
		}
		if err := p.addOutput(format, file); err != nil {
			return err
		}
	}
	var err error
	if p.color, err = useColor(f.color, p.env); err != nil {
		return err
	}
	formats := make([]string, 0, len(p.outputs))
	for _, o := range p.outputs {
		formats = append(formats, o.format)
	}
	p.tmpl, err = readTemplate(f.template, formats...)
	return err
}

// useColor decides what --color leaves open.
func useColor(word string, env *environment) (bool, error) {
	switch word {
	case "always", "never":
		return word == "always", nil
	case "auto":
		return autoColor(env), nil
	}
	return false, usageError("--color is auto, always or never, not %q, for example: straykey scan --color never", word)
}

// addOutput begins a report now, so that a file that cannot be written fails before the scan.
func (p *scanPlan) addOutput(format, file string) error {
	if err := report.Check(format); err != nil {
		return usageError("%w, for example: straykey scan --format json", err)
	}
	o := output{format: format}
	if file != "" && file != "-" {
		var err error
		if o.file, err = report.Create(file); err != nil {
			return usageError("%w, for example: straykey scan -o report.txt", err)
		}
	}
	p.outputs = append(p.outputs, o)
	return nil
}

// close removes reports that were begun and not finished.
func (p *scanPlan) close() {
	for _, o := range p.outputs {
		if o.file != nil {
			o.file.Abort()
		}
	}
}

// autoColor follows https://no-color.org and CLICOLOR_FORCE.
func autoColor(env *environment) bool {
	if env.getenv("NO_COLOR") != "" {
		return false
	}
	if v := env.getenv("CLICOLOR_FORCE"); v != "" && v != "0" {
		return true
	}
	return env.getenv("TERM") != "dumb" && isTerminal(env.stdout)
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (p *scanPlan) loadRules() error {
	if err := p.chooseRules(); err != nil {
		return err
	}
	depth := p.flags.archiveDepth
	if depth < 0 || depth > maxArchiveDepth {
		return usageError("--max-archive-depth is a number from 0 to %d, not %d, for example: straykey scan --max-archive-depth 1", maxArchiveDepth, depth)
	}
	if depth == 0 {
		depth = -1
	}
	options := detect.Options{Reported: true, Overlapping: p.flags.gitleaks != nil, ArchiveDepth: depth, DecodeDepth: p.flags.decodeDepth, Confidence: rules.Confidence(p.flags.confidence), Unshown: true}
	if !slices.Contains(rules.Confidences(), options.Confidence) {
		return usageError("--confidence is low, medium or high, not %q, for example: straykey scan --confidence high", p.flags.confidence)
	}
	switch class := rules.Class(p.flags.class); {
	case slices.Contains(rules.Classes(), class):
		options.Classes = []rules.Class{class}
	case class != "all":
		return usageError("--class is credentials, identifiers or all, not %q, for example: straykey scan --class all", p.flags.class)
	}
	engine, err := detect.New(p.set, options)
	if err != nil {
		return usageError("%w", err)
	}
	p.engine, p.options.Engine = options, engine
	return nil
}

// chooseRules finds out which rules there are, without those that flags and settings leave out.
func (p *scanPlan) chooseRules() error {
	set, err := p.ruleSet()
	if err != nil {
		return err
	}
	p.notes = append(p.notes, set.Warnings...)
	if len(p.flags.only) > 0 {
		if set, err = set.Only(p.flags.only); err != nil {
			return usageError("%s: %w", p.nameOf("only"), err)
		}
	}
	if len(p.flags.skip) > 0 {
		if set, err = set.Skip(p.flags.skip); err != nil {
			return usageError("%s: %w", p.nameOf("skip"), err)
		}
	}
	p.set = set
	return nil
}

// nameOf returns what to call a flag in a message: where it stands in the configuration, if it was not given.
func (p *scanPlan) nameOf(flag string) string {
	if p.config != nil && !p.flags.given.Changed(flag) {
		if s, ok := p.config.Get("scan." + flag); ok {
			return s.At.String() + ": " + s.Name
		}
	}
	return "--" + flag
}

// ruleSet returns the rules of --rules, else those that the configuration makes of the built-in ones.
func (p *scanPlan) ruleSet() (*rules.Set, error) {
	if p.flags.gitleaks != nil {
		p.ownRules = true
		return p.flags.gitleaks.rules(p.env)
	}
	if p.flags.rules == "" && p.config != nil && p.config.Rules != nil {
		p.ownRules = true
		return p.config.Rules, nil
	}
	p.ownRules = p.flags.rules != ""
	if p.namedRules != nil {
		return p.namedRules, nil
	}
	return loadRuleSet(p.flags.rules, p.ruleOptions())
}

// loadRuleSet returns the rules of a file, or the built-in ones.
func loadRuleSet(file string, o rules.Options) (*rules.Set, error) {
	switch {
	case file == "" && o.Builtin != nil:
		return o.Builtin()
	case file == "":
		return rules.Builtin()
	}
	set, err := rules.Load(file, o)
	var wrong rules.Errors
	if errors.As(err, &wrong) && slices.ContainsFunc(wrong, isOfConfig) {
		return nil, usageError("%w", errors.Join(err, fmt.Errorf("%s is a configuration, as it has settings; give it with --config %s, or leave --rules out where it is found by itself", file, file)))
	}
	if err != nil {
		return nil, usageError("%w", err)
	}
	return set, nil
}

// isOfConfig reports whether what is wrong in a rule file is a table of settings.
func isOfConfig(e *rules.Error) bool {
	return e.Rule == "" && slices.ContainsFunc(policy.Names(), func(name string) bool { return strings.HasPrefix(name, e.Key+".") })
}

// showProgress shows a bar on a terminal until the returned function is called.
func (p *scanPlan) showProgress(env *environment) (stop func()) {
	f, ok := env.stderr.(*os.File)
	if !ok || p.flags.noProgress || p.flags.quiet || !isTerminal(f) {
		return func() {}
	}
	return progress.Start(f, func() progress.Status {
		s := p.options.Progress.Snapshot()
		return progress.Status{Phase: s.Stage, Done: s.Done, Total: s.Total, Bytes: s.Bytes, Findings: s.Findings}
	})
}

// scan scans all targets and puts the results into one report.
func (p *scanPlan) scan(ctx context.Context) (*report.Report, error) {
	r := &report.Report{Coverage: &source.Coverage{}}
	r.Run = report.Run{
		Version: version(), Target: strings.Join(p.targets, " "), Engine: p.flags.engine,
		Rules: len(p.set.Rules), RuleSet: p.set.Hash, Notes: p.notes,
	}
	if len(p.targets) > 1 {
		r.Run.Targets = p.targets
	}
	if p.maxSet {
		r.Coverage.Accept(source.TooLarge)
	}
	if p.flags.archiveDepthSet {
		r.Coverage.Accept(source.OverLimit)
	}
	p.options.Coverage = r.Coverage
	builder := correlate.Builder{Least: p.engine.Confidence}
	var failed []error
	for i, target := range p.targets {
		builder.Target = i
		mode, result, err := p.scanOne(ctx, i, &builder, p.options)
		var coded *exitError
		if err != nil && (len(p.targets) == 1 || errors.As(err, &coded)) {
			return nil, err
		}
		if err != nil { // the other targets count all the same
			failed = append(failed, err)
			r.Coverage.Problem(source.Problem{Reason: source.Unreadable, What: target, Detail: err.Error()})
			continue
		}
		r.Run.Mode = mode
		r.Run.Head, r.Run.Refs = result.Head, r.Run.Refs+result.Refs
		if len(p.targets) == 1 {
			r.Run.Branch, r.Run.Remote = result.Branch, result.Remote
		}
		r.Run.Notes = append(r.Run.Notes, result.Notes...)
		r.Run.Cache = addReuse(r.Run.Cache, result.Reused)
	}
	if len(failed) == len(p.targets) {
		return nil, failed[0]
	}
	if r.Run.Mode != report.History {
		r.Run.Engine = ""
	}
	findings, allowed, err := builder.Findings(context.WithoutCancel(ctx), []byte(p.env.getenv(fingerprintKey)), p.options.Jobs)
	if err != nil {
		return nil, err
	}
	r.Unshown = builder.Unshown
	if err := p.decide(ctx, r, &builder, findings, allowed); err != nil {
		return nil, err
	}
	return r, nil
}

// scanOne scans one target as what it is.
func (p *scanPlan) scanOne(ctx context.Context, n int, b *correlate.Builder, o scan.Options) (report.Mode, *scan.Result, error) {
	f, target := p.flags, p.targets[n]
	needsRepo := f.staged || f.unstaged || f.hook != nil || len(f.ranges) > 0 || f.branch != "" || f.since != "" || f.noUnreachable
	if target == "-" {
		if needsRepo {
			return "", nil, usageError("standard input is no repository: --staged, --range, --branch, --since and --no-unreachable need one, for example: straykey scan --staged .")
		}
		result, err := scan.Stdin(ctx, p.env.stdin, b, o)
		return report.Stdin, result, err
	}
	info, err := os.Stat(target)
	if err != nil {
		return "", nil, usageError("cannot scan %q: %w; give a directory, a file or -, for example: straykey scan .", target, cause(err))
	}
	if !f.files && info.IsDir() {
		r, err := p.openRepo(target)
		switch {
		case err == nil:
			o.Prefix, o.Watch = p.repoPrefix(target, r), p.policies[n].watch()
			mode, result, err := p.scanRepo(ctx, target, r, b, o)
			p.policies[n].setPaths(o.Prefix, mode)
			if result != nil {
				p.policies[n].watched = result.Watched
			}
			return mode, result, err
		case !errors.Is(err, repo.ErrNotRepository):
			return "", nil, fmt.Errorf("open repository %s: %w", target, err)
		}
	}
	if needsRepo {
		return "", nil, usageError("%s is in no git repository: --staged, --range, --branch, --since and --no-unreachable need one; without them its files are scanned, for example: straykey scan %s", target, target)
	}
	o.Prefix = p.dirPrefix(target)
	if !info.IsDir() {
		o.Prefix = p.dirPrefix(filepath.Dir(target))
	} else if problem, broken := brokenRepo(target); broken && !f.files {
		o.Coverage.Problem(problem)
	}
	p.policies[n].setPaths(o.Prefix, report.Files)
	result, err := scan.Files(ctx, target, b, o)
	return report.Files, result, err
}

// openRepo finds the repository of a directory. In a hook, git tells by variables which
// one it works on, with which index, and where it keeps objects that are not accepted yet.
func (p *scanPlan) openRepo(target string) (*repo.Repo, error) {
	o := repo.Options{Path: target}
	if (p.flags.staged || p.flags.unstaged || p.flags.hook != nil) && len(p.flags.paths) == 0 {
		o = p.hookRepo(target)
	}
	r, err := repo.OpenWith(o)
	if err != nil || !p.hookObjects(&o) || !p.isHooked(r) {
		return r, err
	}
	return repo.OpenWith(o)
}

func (p *scanPlan) scanRepo(ctx context.Context, target string, r *repo.Repo, b *correlate.Builder, o scan.Options) (report.Mode, *scan.Result, error) {
	f := p.flags
	switch {
	case f.staged:
		result, err := scan.Staged(ctx, r, p.indexFile(r), b, o)
		if err == nil && f.hook != nil && f.hook.byHand && len(o.Coverage.Kinds()) == 0 && o.Coverage.Complete() {
			result, err = scan.Files(ctx, repoTop(target, r), b, o)
			return report.Files, result, err
		}
		return report.Staged, result, err
	case f.unstaged:
		result, err := scan.Unstaged(ctx, r, p.indexFile(r), b, o)
		return report.Files, result, err
	case f.hook != nil:
		result, err := f.hook.scan(ctx, r, b, o)
		return report.Range, result, err
	case len(f.ranges) > 0:
		if err := f.named(&o); err != nil {
			return "", nil, err
		}
		result, err := scan.Range(ctx, r, f.ranges, b, o)
		if errors.Is(err, scan.ErrRevision) {
			err = usageError("--range: %w", err)
		}
		return report.Range, result, err
	}
	if err := p.useCache(r, &o); err != nil {
		return "", nil, err
	}
	result, err := scan.History(ctx, r, b, o)
	if errors.Is(err, scan.ErrRevision) {
		err = usageError("--branch: %w", err)
	}
	return report.History, result, err
}

// named adds the objects to the options of a range that ci has found out.
func (f *scanFlags) named(o *scan.Options) error {
	for i, hex := range append([]string{f.head}, f.tags...) {
		if hex == "" {
			continue
		}
		id, err := pack.ParseID(hex)
		switch {
		case err != nil:
			return fmt.Errorf("object %s: %w", hex, err)
		case i == 0:
			o.Head = id
		default:
			o.Tags = append(o.Tags, id)
		}
	}
	return nil
}

// toFile reports whether the main report goes to a file, or to standard output in a format for
// programs: then people are told in a line on standard error.
func (p *scanPlan) toFile() bool {
	return p.outputs[0].file != nil || p.flags.format != "text"
}

// write writes all reports.
func (p *scanPlan) write(env *environment, r *report.Report) error {
	for _, o := range p.outputs {
		options := report.Options{
			ShowSecrets: p.flags.showSecrets, Verbose: p.flags.verbose, Template: p.tmpl,
			Note: func(sentence string) { fmt.Fprintf(env.stderr, "straykey: %s report: %s\n", o.format, sentence) },
		}
		if p.flags.hook != nil {
			options.Gate, options.Below = p.flags.hook.gate(), p.env.getenv("GIT_PREFIX") != ""
		}
		if f := p.flags.gitleaks; f != nil {
			f.shape(&options)
		}
		if o.file == nil {
			if p.flags.quiet && o.format == "text" && len(r.Findings) == 0 && r.Coverage.Complete() {
				continue
			}
			options.Color = p.color && o.format == "text"
			if err := report.Write(env.stdout, o.format, r, options); err != nil {
				return err
			}
			continue
		}
		if err := report.Write(o.file, o.format, r, options); err != nil {
			return err
		}
		if err := o.file.Commit(); err != nil {
			return err
		}
	}
	if !p.flags.quiet && p.toFile() {
		fmt.Fprintln(env.stderr, "straykey: "+oneLine(r))
	}
	return nil
}

// oneLine sums a report up.
func oneLine(r *report.Report) string {
	places := 0
	for _, f := range r.Findings {
		places += len(f.Occurrences)
	}
	var texts, size int64
	for _, k := range r.Coverage.Kinds() {
		texts += k.Scanned
		size += k.ScannedBytes
	}
	state := "complete"
	if !r.Coverage.Complete() {
		state = "INCOMPLETE"
	}
	return fmt.Sprintf("%s in %s; %s, %.1f MB scanned in %.2f s; %s",
		count(len(r.Findings), "credential"), count(places, "place"), count(int(texts), "text"),
		float64(size)/1e6, r.Run.Duration.Seconds(), state)
}

func firstProblem(c *source.Coverage) string {
	for _, p := range c.Problems() {
		if !p.Reason.Complete() {
			return strings.TrimSpace(fmt.Sprintf("%s %s %s %s", p.Reason, p.What, p.Where, p.Detail))
		}
	}
	return "see the report's coverage"
}

// cause returns the reason of an error about a file, without the name that the message has already.
func cause(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

var sizePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(\d+)\s*([KMGT]?)(I?)B?$`) })

// parseSize reads 1000, 50MB, 64MiB, 1G (powers of 1024 with an i, else of 1000).
func parseSize(s string) (int64, error) {
	m := sizePattern().FindStringSubmatch(strings.ToUpper(s))
	wrong := usageError("--max-blob-size is a size such as 50MB or 64MiB, not %q, for example: straykey scan --max-blob-size 50MB", s)
	if m == nil {
		return 0, wrong
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	base := int64(1000)
	if m[3] != "" {
		base = 1024
	}
	for range strings.Index(" KMGT", cmp.Or(m[2], " ")) {
		if n > 1<<50 {
			return 0, wrong
		}
		n *= base
	}
	if err != nil || n <= 0 {
		return 0, wrong
	}
	return n, nil
}

var agoPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(\d+)\s*(h|d|w|m|y|hours?|days?|weeks?|months?|years?)(?:\s+ago)?$`)
})

// parseSince reads a date, a time, or a span before now.
func parseSince(s string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339, time.DateTime, "2006-01-02 15:04:05 -0700"} {
		if t, err := time.ParseInLocation(layout, s, now.Location()); err == nil {
			return t, nil
		}
	}
	if m := agoPattern().FindStringSubmatch(strings.ToLower(strings.TrimSpace(s))); m != nil {
		n, err := strconv.Atoi(m[1])
		if err == nil && n < 100_000 {
			switch m[2][0] {
			case 'h':
				return now.Add(-time.Duration(n) * time.Hour), nil
			case 'd':
				return now.AddDate(0, 0, -n), nil
			case 'w':
				return now.AddDate(0, 0, -7*n), nil
			case 'm':
				return now.AddDate(0, -n, 0), nil
			case 'y':
				return now.AddDate(-n, 0, 0), nil
			}
		}
	}
	return time.Time{}, usageError("--since is a date (2026-01-31), a time (2026-01-31T12:00:00Z) or a span (30d, \"2 weeks ago\"), not %q, for example: straykey scan --since 2026-01-31", s)
}
