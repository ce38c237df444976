package ruletest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/rules/sample"
)

// Options say how a rule set is tested.
type Options struct {
	// IDs are the rules to test; all if it is empty. They are always tried
	// together with all other rules of the set.
	IDs []string
	// Strict asks what the built-in catalogue must do: no other rule may find a negative
	// either, unless it is one of identifiers, which name what is public; the value of a positive is found in all kinds
	// of files; and what differs from it by a character, where that matters, is not.
	Strict bool
}

// now is the moment against which expiry is judged, fixed so that samples that
// carry a date mean the same every day.
var now = time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)

// Report is the outcome of a test.
type Report struct {
	Rules     int // rules tested
	Positives int // samples tried
	Negatives int
	Untested  []string       // ids of tested rules that have no positives
	Failures  []*rules.Error // by place
	Overlaps  []Overlap      // by rule, then other
}

// Overlap says that a rule also finds another rule's positives. That is harmless
// where the better rule wins, and worth a look where it does not.
type Overlap struct {
	Rule    string `json:"rule"`    // whose positives they are
	Other   string `json:"other"`   // what else finds them
	Samples int    `json:"samples"` // how many
	Lost    int    `json:"lost"`    // of these, how many would be reported as Other alone
}

// Run tests the samples of a set. The error is one of the set or of the options, not of a
// sample: an unknown id, an expression that cannot be compiled.
func Run(set *rules.Set, o Options) (*Report, error) {
	chosen, err := choose(set, o.IDs)
	if err != nil {
		return nil, err
	}
	engine, err := detect.New(set, detect.Options{Now: now})
	if err != nil {
		return nil, err
	}
	t := &tester{engine: engine, scanner: engine.NewScanner(), strict: o.Strict, overlaps: map[[2]string]*Overlap{}}
	for _, r := range chosen {
		t.test(r)
	}
	if err := t.scanner.Err(); err != nil {
		return nil, err
	}
	return t.finish(), nil
}

// choose returns the rules of the given ids, all if there are none.
func choose(set *rules.Set, ids []string) ([]*rules.Rule, error) {
	if len(ids) == 0 {
		return set.Rules, nil
	}
	only, err := set.Only(ids)
	if err != nil {
		return nil, err
	}
	// Only also keeps what the chosen rules require, and hides it; that is not meant here.
	var out []*rules.Rule
	for _, r := range only.Rules {
		if original := set.Rule(r.ID); original.SkipReport == r.SkipReport {
			out = append(out, original)
		}
	}
	return out, nil
}

// tester holds the state of one run.
type tester struct {
	engine   *detect.Engine
	scanner  *detect.Scanner
	strict   bool
	report   Report
	overlaps map[[2]string]*Overlap
}

func (t *tester) finish() *Report {
	for _, o := range t.overlaps {
		t.report.Overlaps = append(t.report.Overlaps, *o)
	}
	sort.Slice(t.report.Overlaps, func(i, j int) bool {
		a, b := t.report.Overlaps[i], t.report.Overlaps[j]
		if a.Rule != b.Rule {
			return a.Rule < b.Rule
		}
		return a.Other < b.Other
	})
	sort.SliceStable(t.report.Failures, func(i, j int) bool {
		a, b := t.report.Failures[i].Pos, t.report.Failures[j].Pos
		if a.File != b.File {
			return a.File < b.File
		}
		return a.Line < b.Line
	})
	return &t.report
}

func (t *tester) test(r *rules.Rule) {
	t.report.Rules++
	positives, err := sample.Positives(r)
	t.badSamples(err)
	negatives, err := sample.Negatives(r)
	t.badSamples(err)
	t.report.Positives += len(positives)
	t.report.Negatives += len(negatives)
	if len(positives) == 0 {
		t.report.Untested = append(t.report.Untested, r.ID)
	}
	for _, s := range positives {
		if onPathAlone(r) {
			t.pathPositive(r, s)
		} else {
			t.positive(r, s)
		}
	}
	for _, s := range negatives {
		if onPathAlone(r) {
			t.pathNegative(r, s)
		} else {
			t.negative(r, s)
		}
	}
}

func (t *tester) badSamples(err error) {
	var errs rules.Errors
	if errors.As(err, &errs) {
		t.report.Failures = append(t.report.Failures, errs...)
	}
}

func (t *tester) fail(r *rules.Rule, s sample.Sample, format string, args ...any) {
	t.report.Failures = append(t.report.Failures, &rules.Error{Pos: s.Pos, Rule: r.ID, Key: s.Key, Msg: fmt.Sprintf(format, args...)})
}

// onPathAlone reports whether the rule's samples are paths.
func onPathAlone(r *rules.Rule) bool {
	return r.Regex == "" && r.Token == "" && r.Assigned == "" && r.Detector == ""
}

func (t *tester) pathPositive(r *rules.Rule, s sample.Sample) {
	if !slices.Contains(t.engine.PathRules(s.Text), r) {
		t.fail(r, s, "not found: the path does not match")
	}
}

func (t *tester) pathNegative(r *rules.Rule, s sample.Sample) {
	if slices.Contains(t.engine.PathRules(s.Text), r) {
		t.fail(r, s, "found, although it is a negative")
	}
}

// positive checks that the rule finds the sample wherever it stands. After the
// first setting in which it does not, the others would only repeat the message.
func (t *tester) positive(r *rules.Rule, s sample.Sample) {
	matches := t.matches(s.Text)
	if !finds(matches, r) {
		t.fail(r, s, "not found%s", others(matches, r))
		return
	}
	t.noteOverlaps(r, matches)
	for _, v := range settings(r, s.Text) {
		if !finds(t.matches(v.text), r) {
			t.fail(r, s, "found as it stands, but not %s", v.name)
			return
		}
	}
	if t.strict {
		t.everyPlace(r, s)
		t.nearMisses(r, s)
	}
}

// negative checks that the rule leaves the sample alone, and in strict mode that all others of credentials do.
func (t *tester) negative(r *rules.Rule, s sample.Sample) {
	matches := t.matches(s.Text)
	if finds(matches, r) {
		t.fail(r, s, "found, although it is a negative")
		return
	}
	if !t.strict {
		return
	}
	for _, m := range matches {
		if !m.Rule.SkipReport && m.Rule.Class != rules.Identifiers {
			t.fail(r, s, "a negative, but rule %s finds it", m.Rule.ID)
			return
		}
	}
}

// matches are what all rules find in a text, before the best is chosen. Conditions on
// paths are left out: a sample has none.
func (t *tester) matches(text string) []detect.Match {
	var out []detect.Match
	for _, m := range t.scanner.Scan([]byte(text)).Matches() {
		if m.Allowed == "" {
			out = append(out, m)
		}
	}
	return out
}

func finds(matches []detect.Match, r *rules.Rule) bool {
	return slices.ContainsFunc(matches, func(m detect.Match) bool { return m.Rule == r })
}

// others says which rules found what this one should have.
func others(matches []detect.Match, r *rules.Rule) string {
	var ids []string
	for _, m := range matches {
		if !slices.Contains(ids, m.Rule.ID) {
			ids = append(ids, m.Rule.ID)
		}
	}
	if len(ids) == 0 {
		return ""
	}
	return " (found by " + strings.Join(ids, ", ") + ")"
}

// noteOverlaps counts the rules that find a positive beside its own, and those
// that would be reported in its stead.
func (t *tester) noteOverlaps(r *rules.Rule, matches []detect.Match) {
	if r.Path != "" {
		return // Keep asks for a path
	}
	kept := t.engine.Keep(slices.Clone(matches), "", "")
	lost := !finds(kept, r)
	seen := map[string]bool{r.ID: true}
	for _, m := range matches {
		other := m.Rule
		if seen[other.ID] || other.SkipReport {
			continue
		}
		seen[other.ID] = true
		key := [2]string{r.ID, other.ID}
		if t.overlaps[key] == nil {
			t.overlaps[key] = &Overlap{Rule: r.ID, Other: other.ID}
		}
		t.overlaps[key].Samples++
		if lost && finds(kept, other) {
			t.overlaps[key].Lost++
		}
	}
}

// setting is a sample in other surroundings.
type setting struct{ name, text string }

// minified is how much text stands on either side of a sample in a long line:
// more than any rule may look at.
const minified = 4 << 10

// settings are the surroundings in which a rule must find its positive as well.
func settings(r *rules.Rule, text string) []setting {
	bare := strings.Trim(text, "\r\n") // a sample of several lines begins and ends where its credential does
	crlf := strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")
	out := []setting{
		{"as all that a file holds", bare},
		{"at the end of a file", "first line\n\n" + bare},
		{"at the start of a file", bare + "\n\nlast line\n"},
		{"between lines", "first line\n" + text + "\nlast line\n"},
		{"between lines that end in CRLF", "first line\r\n" + crlf + "\r\nlast line\r\n"},
	}
	if !strings.Contains(text, "\n") && !anchoredToLine(r) {
		filler := longLine()
		out = append(out,
			setting{"in a minified line", filler + text + " " + filler},
			setting{"at the end of a minified line", filler + text},
		)
	}
	return out
}

// longLine is code without line ends that holds no credential. It ends in a blank.
func longLine() string {
	const code = `function a(b,c){return b.map(function(d){return d+c})};var e=[1,2,3],f={"g":true,"h":null}; `
	return string(bytes.Repeat([]byte(code), minified/len(code)))
}
