package report

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/rules"
)

// many returns a report with findings of one severity each as often as told.
func many(counts map[rules.Severity]int) *Report {
	r := &Report{Coverage: coverage()}
	for s, n := range counts {
		for i := range n {
			r.Findings = append(r.Findings, correlate.Finding{
				Rule: &rules.Rule{ID: "rule-" + string(s), Description: "A " + string(s) + " thing", Severity: s}, Secret: fmt.Sprintf("%s-%06d", s, i),
				Fingerprint: fmt.Sprintf("sk1:%s%06d", s, i),
				Occurrences: []correlate.Occurrence{{Kind: "file", Path: fmt.Sprintf("f%d.txt", i), Line: 1, Column: 1, EndLine: 1, EndColumn: 9}},
			})
		}
	}
	return r
}

func TestGitHubLimits(t *testing.T) {
	r := many(map[rules.Severity]int{rules.Critical: 8, rules.High: 4, rules.Medium: 10, rules.Low: 9, rules.Info: 30})
	for _, incomplete := range []bool{false, true} {
		if incomplete {
			r.Coverage = broken()
		}
		var notes []string
		text := write(t, "github", r, Options{Note: func(s string) { notes = append(notes, s) }})
		for level, want := range map[string][]string{
			"error": {"A critical thing", "3 more credentials"}, "warning": {"A medium thing"}, "notice": {"A low thing", "30 more credentials"},
		} {
			if incomplete && level == "error" {
				want = []string{"Incomplete", "A critical thing", "4 more credentials"}
			}
			lines := regexp.MustCompile(`(?m)^::`+level+` .*$`).FindAllString(text, -1)
			if len(lines) != maxAnnotations {
				t.Errorf("%d annotations of level %s, want %d", len(lines), level, maxAnnotations)
			}
			for _, s := range want {
				if !strings.Contains(strings.Join(lines, "\n"), s) {
					t.Errorf("level %s does not say %q:\n%s", level, s, strings.Join(lines, "\n"))
				}
			}
		}
		if len(notes) != 2 {
			t.Errorf("notes %q", notes)
		}
	}
}

func TestGitHubEscapes(t *testing.T) {
	r := &Report{Coverage: coverage(), Findings: []correlate.Finding{{
		Rule:   &rules.Rule{ID: "x,y", Description: "100% sure, see: this\n::error::no"},
		Secret: fakePassword,
		Occurrences: []correlate.Occurrence{
			{Kind: "file", Path: "a,line=1:b%0A::warning::x\r\n::stop", Line: 3, Column: 2, EndLine: 3, EndColumn: 10},
		},
	}}}
	want := `::warning file=a%2Cline=1%3Ab%250A%3A%3Awarning%3A%3Ax\r\n%3A%3Astop,line=3,endLine=3,col=2,endColumn=10,` +
		`title=straykey%3A x%2Cy::100%25 sure, see: this\n::error::no: [redacted 8].`
	got, _, _ := strings.Cut(write(t, "github", r, Options{}), "\n")
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Every line is a command or the summary, whatever the repository holds.
func TestGitHubLines(t *testing.T) {
	command := regexp.MustCompile(`^::(error|warning|notice) ([a-zA-Z]+=[^,:\r\n]*,)*[a-zA-Z]+=[^,:\r\n]*::[^\r\n]+$`)
	for name, r := range testReports() {
		lines := strings.Split(strings.TrimSuffix(write(t, "github", r, Options{}), "\n"), "\n")
		for i, line := range lines {
			if last := i == len(lines)-1; last != strings.HasPrefix(line, "straykey: ") || !last && !command.MatchString(line) {
				t.Errorf("%s: line %q", name, line)
			}
		}
	}
}
