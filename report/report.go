// Package report writes down what a run found. One file a format:
//
//	text      for people, on a terminal or in a log
//	json      one document, schema in docs/schema/report-1.schema.json
//	jsonl     the same objects, one record a line
//	sarif     SARIF 2.1.0, for code scanning services and editors
//	gitleaks  the array that gitleaks 8.30 writes, for existing scripts;
//	          also gitleaks-csv, -junit, -sarif and -template
//	csv       a table, one row an occurrence
//	junit     a test suite in which each finding is a test that failed
//	gitlab    GitLab's report of secret detection, schema version 15
//	github    workflow commands, which GitHub shows beside the code
//	markdown  a table for the summary of a job or a comment
//	template  what a template of the user's makes of it
//
// Two things hold for all formats. No secret is written unless
// Options.ShowSecrets says so: every text that comes from the scanned
// repository passes the redactor, which knows all secrets of the report, not
// only the one at hand. And equal reports give equal bytes: findings are put in
// one order, and nothing is read from the clock or the environment.
package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/verify/verdict"
)

// Report is what one run has to say.
type Report struct {
	Run        Run
	Findings   []correlate.Finding
	Suppressed []Suppressed
	Unshown    int              // findings that have less confidence than was asked for
	Coverage   *source.Coverage // nil means that nothing was looked at
	// Verdicts say of findings, by fingerprint, whether they still open anything; nil: nobody was to be asked.
	Verdicts map[string]verdict.Result
}

// Suppressed is a finding that somebody or something said is none. It is
// reported apart and does not count.
type Suppressed struct {
	Finding correlate.Finding
	By      Suppression
	Reason  string         // as given by a person; may be empty
	Owner   string         // who answers for it; may be empty
	Until   time.Time      // the last day on which it holds; zero: for ever
	At      rules.Position // where the entry or the comment stands
}

// Suppression says what suppressed a finding.
type Suppression string

// The ways to suppress a finding.
const (
	Inline     Suppression = "inline"    // a comment beside the secret
	Allowlist  Suppression = "allowlist" // an allowlist of the rules
	IgnoreFile Suppression = "ignore-file"
	Baseline   Suppression = "baseline" // an earlier report
	Config     Suppression = "config"   // a configuration: of additions only
)

// sentence tells of an addition, unredacted.
func (a *Addition) sentence() string {
	text := fmt.Sprintf("The change adds a suppression (%s) at %s: %s", a.By, a.At, a.What)
	if a.Reason != "" {
		text += ", " + a.Reason
	}
	if a.Counted {
		return text + ". It was accepted and counts."
	}
	return text + ". It does not count."
}

// Mode says what was scanned.
type Mode string

// The modes of a scan.
const (
	History Mode = "history"
	Range   Mode = "range"
	Staged  Mode = "staged"
	Files   Mode = "files"
	Stdin   Mode = "stdin"
)

// Run says how the findings came about. Zero fields are left out of the report.
type Run struct {
	Version string // of straykey
	Mode    Mode
	Target  string   // what was scanned, as the user named it
	Targets []string // each of them, if there were several
	Engine  string   // "delta" or "full"
	Head    string   // commit id of HEAD, in hex
	Branch  string   // of a single target: branch HEAD is on, full name
	Remote  string   // of a single target: URL of the remote "origin"; credentials in it are not written
	Refs    int      // refs that were followed

	Rules   int    // how many rules were applied
	RuleSet string // rules.Set.Hash

	// Cache says what was known from an earlier scan; nil: nothing is kept from one scan to the next. What
	// was found does not depend on it.
	Cache *Cache

	// Started and Duration vary from run to run: leave them zero where reports are compared.
	Started  time.Time
	Duration time.Duration

	Notes []string // what the reader should know about this run, one sentence each

	// Policy says whose suppressions counted; nil: those that stand in what was scanned.
	Policy *Policy
}

// Policy is the trusted revision that configuration, ignore file, baseline and allow comments are from.
type Policy struct {
	Ref    string     // as the user named it
	Commit string     // its id, in hex
	Added  []Addition // what the change under test brings along
}

// Addition is a suppression that the change under test brings along.
type Addition struct {
	By      Suppression
	What    string // the entry, the rule and fingerprint that a comment covers, or the key of a setting
	Reason  string
	Owner   string
	Until   time.Time // zero: for ever
	At      rules.Position
	Counted bool // it was accepted, and suppresses what it says
}

// Cache is what a scan need not find out again.
type Cache struct {
	Texts  int64  // texts that were not read again
	Places bool   // nothing had changed: where credentials stand, and since and until when, was known too
	Note   string // why nothing could be kept for the next scan; else empty
}

// Options say how a report is written.
type Options struct {
	ShowSecrets bool // write secrets as they are
	// Mask returns what is written in the place of a secret; nil: Redact. It is called from several goroutines.
	Mask    func(secret string) string
	Color   bool // text: use ANSI colours
	Width   int  // text: columns, at least 40; 0 means 100
	Verbose bool // text: name every place, problem and suppressed finding
	Below   bool // text: who reads it is in a sub-directory of the work tree, and commands are typed there
	Gate    Gate // text: only what somebody needs whose commit or push is refused; empty: the whole report

	// Template is what the format template writes with, and no other uses.
	Template *Template
	// Note, if not nil, is told in a sentence each what the limits of a service kept out of the report.
	Note func(sentence string)

	// GitleaksTemplate is the text/template of gitleaks-template; empty: one that lists fingerprints, as for .gitleaksignore.
	GitleaksTemplate string
	// Link returns where the lines of a file in a commit can be looked at, in formats in the shape of gitleaks; nil: nowhere.
	Link func(commit, path string, line, endLine int) string
	// Symlinks are, in those formats, the links by which files were found, by the paths of these.
	Symlinks map[string]string
}

// Formats returns the names of all formats.
func Formats() []string {
	names := make([]string, 0, len(formats()))
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return names
}

// Check returns an error that names the formats there are unless format is one of them.
func Check(format string) error {
	_, err := lookup(format)
	return err
}

// Write writes a report in the named format. It does not change the report, and returns
// the first error of w.
func Write(w io.Writer, format string, r *Report, o Options) error {
	write, err := lookup(format)
	if err != nil {
		return err
	}
	b := bufio.NewWriterSize(w, 64<<10)
	if err := write(b, inOrder(r), o); err != nil {
		return fmt.Errorf("write %s report: %w", format, err)
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write %s report: %w", format, err)
	}
	return nil
}

// A writer may leave the errors of b to the Flush that follows it.
type writer func(b *bufio.Writer, r *Report, o Options) error

func (o *Options) note(format string, args ...any) {
	if o.Note != nil {
		o.Note(fmt.Sprintf(format, args...))
	}
}

type format struct {
	name  string
	write writer
}

func formats() []format {
	return []format{
		{"text", writeText},
		{"json", writeJSON},
		{"jsonl", writeJSONL},
		{"sarif", writeSARIF},
		{"gitleaks", writeGitleaks},
		{"csv", writeCSV},
		{"junit", writeJUnit},
		{"gitlab", writeGitLab},
		{"github", writeGitHub},
		{"markdown", writeMarkdown},
		{"template", writeTemplate},
		{"gitleaks-csv", writeGitleaksCSV},
		{"gitleaks-junit", writeGitleaksJUnit},
		{"gitleaks-sarif", writeGitleaksSARIF},
		{"gitleaks-template", writeGitleaksTemplate},
	}
}

func lookup(name string) (writer, error) {
	for _, f := range formats() {
		if f.name == name {
			return f.write, nil
		}
	}
	return nil, fmt.Errorf("unknown report format %q: want one of %s", name, strings.Join(Formats(), ", "))
}

// inOrder returns a report with the findings of r sorted, the worst first and before that, if it is known,
// what lives, and with a coverage.
func inOrder(r *Report) *Report {
	out := *r
	out.Findings = slices.Clone(r.Findings)
	slices.SortStableFunc(out.Findings, func(a, b correlate.Finding) int {
		if r.Verdicts == nil {
			return compare(&a, &b)
		}
		return cmp.Or(cmp.Compare(r.Verdict(&a).Rank(), r.Verdict(&b).Rank()), compare(&a, &b))
	})
	out.Suppressed = slices.Clone(r.Suppressed)
	slices.SortStableFunc(out.Suppressed, func(a, b Suppressed) int {
		return cmp.Or(compare(&a.Finding, &b.Finding), cmp.Compare(a.By, b.By), cmp.Compare(a.Reason, b.Reason))
	})
	if out.Coverage == nil {
		out.Coverage = new(source.Coverage)
		out.Coverage.Problem(source.Problem{Reason: source.Cancelled, What: r.Run.Target, Detail: "the run ended before anything was read"})
	}
	return &out
}

func compare(a, b *correlate.Finding) int {
	order := cmp.Or(
		cmp.Compare(rank(severity(a.Rule)), rank(severity(b.Rule))),
		cmp.Compare(a.Rule.ID, b.Rule.ID),
	)
	if order != 0 {
		return order
	}
	if len(a.Occurrences) > 0 && len(b.Occurrences) > 0 {
		x, y := &a.Occurrences[0], &b.Occurrences[0]
		order = cmp.Or(cmp.Compare(x.Path, y.Path), cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column))
	}
	return cmp.Or(order, cmp.Compare(a.Fingerprint, b.Fingerprint))
}

func severities() []rules.Severity {
	return []rules.Severity{rules.Critical, rules.High, rules.Medium, rules.Low, rules.Info}
}

// severity returns the severity of a rule. Rules in the format of gitleaks have none and
// count as medium.
func severity(r *rules.Rule) rules.Severity {
	if !slices.Contains(severities(), r.Severity) {
		return rules.Medium
	}
	return r.Severity
}

func rank(s rules.Severity) int { return slices.Index(severities(), s) }

// isHistory reports whether an occurrence stands in an object of the repository, so
// that its commits and refs mean something.
func isHistory(o *correlate.Occurrence) bool {
	return o.Kind == "blob" || o.Kind == "commit" || o.Kind == "tag"
}

// isMessage reports whether an occurrence stands in the message of a commit or tag.
func isMessage(o *correlate.Occurrence) bool { return o.Kind == "commit" || o.Kind == "tag" }

// isoDate is RFC 3339. It is not time.Time's own JSON encoding, because that fails on
// the years that a hostile commit can carry.
func isoDate(t time.Time) string { return t.Format(time.RFC3339) }

// lastDay returns a date, or nothing for the zero time.
func lastDay(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

// finite returns x rounded to four digits, or 0 if it is not a number that JSON can hold.
func finite(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return math.Round(x*1e4) / 1e4
}

// reasons returns how often each reason was given, sorted by reason.
func reasons(c *source.Coverage) []jsonReason {
	out := []jsonReason{}
	for reason, n := range c.Reasons() {
		out = append(out, jsonReason{reason, n})
	}
	slices.SortFunc(out, func(a, b jsonReason) int { return cmp.Compare(a.Reason, b.Reason) })
	return out
}

// withoutPassword returns the URL of a remote without what may be a credential in
// it: user, password and query; "" if it cannot be taken apart. Other forms (user@host:path, a
// path) have no place for a password.
func withoutPassword(remote string) string {
	if !strings.Contains(remote, "://") {
		return remote
	}
	u, err := url.Parse(remote)
	if err != nil {
		return ""
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}
