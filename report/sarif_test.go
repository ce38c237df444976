package report

import (
	"compress/gzip"
	"encoding/json"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/source"
)

// The schema of the standard is not in this repository. "make test" finds it in the
// module of one of the linters.
func TestSARIFSchema(t *testing.T) {
	path := os.Getenv("STRAYKEY_SARIF_SCHEMA")
	if path == "" {
		t.Skip("STRAYKEY_SARIF_SCHEMA does not name sarif-schema-2.1.0.json; make test sets it")
	}
	s := compileSchema(t, path)
	for name, r := range testReports() {
		t.Run(name, func(t *testing.T) {
			validate(t, s, write(t, "sarif", r, Options{}))
		})
	}
}

// sarifLog is what the tests below read of a SARIF file.
type sarifLog struct {
	Schema  string `json:"$schema"`
	Version string
	Runs    []struct {
		Tool               sarifTool
		Invocations        []sarifInvocation
		Results            []sarifResult
		ColumnKind         string
		OriginalURIBaseIDs map[string]any `json:"originalUriBaseIds"`
	}
}

func readSARIF(t *testing.T, r *Report) *sarifLog {
	t.Helper()
	var log sarifLog
	if err := json.Unmarshal([]byte(write(t, "sarif", r, Options{})), &log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || len(log.Runs) != 1 {
		t.Fatalf("version %q with %d runs", log.Version, len(log.Runs))
	}
	return &log
}

// What a schema cannot say, and what GitHub wants on top.
func TestSARIFConsistency(t *testing.T) {
	for name, r := range testReports() {
		t.Run(name, func(t *testing.T) {
			run := readSARIF(t, r).Runs[0]
			if len(run.Results) != len(r.Findings)+len(r.Suppressed) {
				t.Errorf("%d results", len(run.Results))
			}
			hashes := map[string]bool{}
			for _, res := range run.Results {
				if run.Tool.Driver.Rules[res.RuleIndex].ID != res.RuleID {
					t.Errorf("ruleIndex %d is not %s", res.RuleIndex, res.RuleID)
				}
				if hash := res.PartialFingerprints["primaryLocationLineHash"]; hash != "" {
					if hashes[hash] {
						t.Errorf("two results have the line hash %s", hash)
					}
					hashes[hash] = true
				}
				if (res.Suppressions != nil) != (len(r.Suppressed) > 0) {
					t.Error("some results have suppressions and others have none")
				}
				for _, l := range append(res.Locations, res.RelatedLocations...) {
					p := l.PhysicalLocation
					uri := p.ArtifactLocation.URI
					if uri == "" || strings.ContainsAny(uri, " \\:") {
						t.Errorf("artifact URI %q", uri)
					}
					if _, ok := run.OriginalURIBaseIDs[p.ArtifactLocation.URIBaseID]; !ok && p.ArtifactLocation.URIBaseID != "" {
						t.Errorf("unknown base %q", p.ArtifactLocation.URIBaseID)
					}
					if p.Region.StartLine < 1 || p.Region.EndLine < p.Region.StartLine || p.Region.StartColumn < 1 {
						t.Errorf("region %+v", p.Region)
					}
				}
			}
			if got, want := run.Invocations[0].ExecutionSuccessful, inOrder(r).Coverage.Complete(); got != want {
				t.Errorf("executionSuccessful = %v, want %v", got, want)
			}
			if !run.Invocations[0].ExecutionSuccessful && len(run.Invocations[0].Notifications) == 0 {
				t.Error("an incomplete run does not say why")
			}
		})
	}
}

// The fingerprints of an alert do not move with the secret.
func TestSARIFStableFingerprints(t *testing.T) {
	before := readSARIF(t, fixture()).Runs[0].Results[0]
	moved := fixture()
	for i := range moved.Findings {
		for k := range moved.Findings[i].Occurrences {
			o := &moved.Findings[i].Occurrences[k]
			o.Path, o.First, o.Object = "elsewhere", commit(7, "x"), object(77)
			o.Line += 3
			o.EndLine += 3
			o.Frame.FirstLine += 3
		}
	}
	after := readSARIF(t, moved).Runs[0].Results[0]
	if diff := cmp.Diff(before.PartialFingerprints, after.PartialFingerprints); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(before.Fingerprints, after.Fingerprints); diff != "" {
		t.Error(diff)
	}
}

func TestSARIFLevels(t *testing.T) {
	tests := []struct {
		severity     rules.Severity
		level, score string
	}{
		{rules.Critical, "error", "9.5"},
		{rules.High, "error", "8.0"},
		{rules.Medium, "warning", "5.5"},
		{"", "warning", "5.5"},
		{rules.Low, "note", "2.0"},
		{rules.Info, "note", "0.1"},
	}
	for _, tt := range tests {
		rule := newSARIFRule(&rules.Rule{ID: "x", Severity: tt.severity, Docs: "javascript:alert(1)", Rotate: "javascript:alert(2)", Tags: strings.Split("a,a,b,c,d,e,f,g,h,i,j", ",")})
		if rule.DefaultConfiguration.Level != tt.level || rule.Properties.SecuritySeverity != tt.score {
			t.Errorf("%q: level %s, score %s; want %s, %s", tt.severity, rule.DefaultConfiguration.Level, rule.Properties.SecuritySeverity, tt.level, tt.score)
		}
		if rule.HelpURI != "" || strings.Contains(rule.Help.Markdown, "javascript") {
			t.Errorf("help links to something that is no web page: %+v", rule.Help)
		}
		if len(rule.Properties.Tags) != maxSARIFTags {
			t.Errorf("tags %v", rule.Properties.Tags)
		}
	}
}

func TestUTF16Region(t *testing.T) {
	occurrence := func(line, column, endLine, endColumn, cut int, lines ...string) *correlate.Occurrence {
		return &correlate.Occurrence{
			Line: line, Column: column, EndLine: endLine, EndColumn: endColumn,
			Frame: correlate.Frame{FirstLine: 1, Lines: lines, Cut: cut},
		}
	}
	tests := []struct {
		name string
		o    *correlate.Occurrence
		want region
	}{
		{"ASCII", occurrence(1, 5, 1, 9, 0, "k = abcd"), region{1, 5, 1, 9}},
		{"two bytes, one unit", occurrence(1, 6, 1, 10, 0, "ñ = abcd"), region{1, 5, 1, 9}},
		{"three bytes, one unit", occurrence(1, 7, 1, 11, 0, "漢 = abcd"), region{1, 5, 1, 9}},
		{"four bytes, two units", occurrence(1, 8, 1, 12, 0, "\U0001F511 = abcd"), region{1, 6, 1, 10}},
		{"in the secret", occurrence(1, 1, 1, 6, 0, "añcd"), region{1, 1, 1, 5}},
		{"latin-1", occurrence(1, 6, 1, 10, 0, "\xf1\xf1= abcd"), region{1, 6, 1, 10}},
		{"cut on the left", occurrence(1, 106, 1, 110, 100, "ñ = abcd"), region{1, 105, 1, 109}},
		{"last line", occurrence(1, 1, 2, 4, 0, "ab", "ñd"), region{1, 1, 2, 3}},
		{"last line not in the frame", occurrence(1, 1, 3, 4, 0, "ab", "ñd"), region{1, 1, 3, 4}},
		{"nonsense", occurrence(0, -4, -1, 0, 0, "ab"), region{1, 1, 1, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := utf16Region(tt.o); got != tt.want {
				t.Errorf("utf16Region = %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestSARIFArtifact(t *testing.T) {
	s := &sarifView{jsonView: *newJSONView(&Report{}, Options{})}
	tests := []struct {
		o         correlate.Occurrence
		uri, base string
	}{
		{correlate.Occurrence{Kind: "blob", Path: "a/b.txt"}, "a/b.txt", sarifRoot},
		{correlate.Occurrence{Kind: "blob", Path: "a b/%20#?.txt"}, "a%20b/%2520%23%3F.txt", sarifRoot},
		{correlate.Occurrence{Kind: "blob", Path: "c:d/\xff\n"}, "c%3Ad/%FF%0A", sarifRoot},
		{correlate.Occurrence{Kind: "file", Path: "/etc/x y"}, "file:///etc/x%20y", ""},
		{correlate.Occurrence{Kind: "file", Path: "C:/x y"}, "file:///C:/x%20y", ""},
		{correlate.Occurrence{Kind: "stdin"}, "stdin", ""},
		{correlate.Occurrence{Kind: "commit", Object: "abc"}, ".git/commit/abc/message", ""},
		{correlate.Occurrence{Kind: "blob", Object: "abc"}, ".git/blob/abc", ""},
	}
	for _, tt := range tests {
		if got := s.artifact(&tt.o); got.URI != tt.uri || got.URIBaseID != tt.base {
			t.Errorf("%s %q: URI %q in %q, want %q in %q", tt.o.Kind, tt.o.Path, got.URI, got.URIBaseID, tt.uri, tt.base)
		}
	}
}

// An ignored file is a note, not a failure.
func TestSARIFIgnored(t *testing.T) {
	c := coverage()
	c.Skipped("file", source.Problem{Reason: source.Ignored, What: "vendor/x"})
	inv := readSARIF(t, &Report{Coverage: c}).Runs[0].Invocations[0]
	if !inv.ExecutionSuccessful || len(inv.Notifications) != 1 || inv.Notifications[0].Level != "note" {
		t.Errorf("invocation %+v", inv)
	}
}

// GitHub refuses a file that is over one of its limits. What is left out is told in the file and to the caller.
func TestSARIFLimits(t *testing.T) {
	tokens := many(map[rules.Severity]int{rules.Critical: 24_000, rules.Low: 990})
	suppressed := many(map[rules.Severity]int{rules.High: 20})
	for _, f := range suppressed.Findings {
		tokens.Suppressed = append(tokens.Suppressed, Suppressed{Finding: f, By: Baseline})
	}
	places := fixture()
	for range 1100 {
		places.Findings[3].Occurrences = append(places.Findings[3].Occurrences, places.Findings[3].Occurrences[0])
	}
	places.Findings[3].Rule = &rules.Rule{ID: "x", Description: strings.Repeat("é", 3000), Tags: strings.Split(strings.Repeat("t,", 50)+"u", ",")}
	large := many(map[rules.Severity]int{rules.High: 6000})
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range large.Findings {
		o := &large.Findings[i].Occurrences[0]
		o.Frame = correlate.Frame{FirstLine: 1, Lines: []string{large.Findings[i].Secret + " " + letters(rng, alnum, 3000)}}
	}
	tests := []struct {
		name    string
		r       *Report
		results func(n int) bool
		says    []string
	}{
		{"few", fixture(), func(n int) bool { return n == 5 }, nil},
		{"results", tokens, func(n int) bool { return n == 25_000 }, []string{"25,000 results: 10 results are not in it, of which 0 count", "shows 5,000 results of a run, and this one has 25,000"}},
		{"places", places, func(n int) bool { return n == 5 }, []string{"shows 100 locations of a result: 1,006 places of 1 finding"}},
		{"size", large, func(n int) bool { return 500 < n && n < 6000 }, []string{"10 MB as gzip"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var notes []string
			text := write(t, "sarif", tt.r, Options{Note: func(s string) { notes = append(notes, s) }})
			var log sarifLog
			if err := json.Unmarshal([]byte(text), &log); err != nil {
				t.Fatal(err)
			}
			run := log.Runs[0]
			if !tt.results(len(run.Results)) || len(run.Tool.Driver.Rules) > 25_000 || len(log.Runs) > 20 {
				t.Errorf("%d results, %d rules, %d runs", len(run.Results), len(run.Tool.Driver.Rules), len(log.Runs))
			}
			for _, result := range run.Results {
				if len(result.Locations)+len(result.RelatedLocations) > 100 || len(result.Locations) == 0 {
					t.Fatalf("%d locations and %d related ones", len(result.Locations), len(result.RelatedLocations))
				}
			}
			for _, rule := range run.Tool.Driver.Rules {
				if utf8.RuneCountInString(rule.ShortDescription.Text) > 1024 || utf8.RuneCountInString(rule.FullDescription.Text) > 1024 || len(rule.Properties.Tags) > 10 {
					t.Errorf("rule %s is over the limits", rule.ID)
				}
			}
			var packed counter
			z := gzip.NewWriter(&packed)
			if _, err := z.Write([]byte(text)); err != nil || z.Close() != nil || packed > 10_000_000 {
				t.Errorf("%d bytes of gzip, %v", packed, err)
			}
			said := strings.Join(notes, "\n")
			for _, s := range tt.says {
				if !strings.Contains(said, s) {
					t.Errorf("notes %q do not say %q", notes, s)
				}
			}
			for i, s := range notes {
				if n := run.Invocations[0].Notifications[i]; n.Message.Text != s+"." || n.Level != "warning" {
					t.Errorf("notification %+v, want %q", n, s)
				}
			}
			if len(notes) < len(tt.says) || tt.says == nil && notes != nil {
				t.Errorf("notes %q", notes)
			}
		})
	}
}
