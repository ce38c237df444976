package report

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/rules"
)

// The schema in testdata says of the fields that we write what GitLab's schemas 15.0.2 and 15.0.7 say, and allows no others. GitLab's
// own is not in this repository: STRAYKEY_GITLAB_SCHEMA names a copy of secret-detection-report-format.json, version 15, if
// it is to be tried too.
func TestGitLabSchema(t *testing.T) {
	files := []string{"testdata/gitlab-15.schema.json"}
	if own := os.Getenv("STRAYKEY_GITLAB_SCHEMA"); own != "" {
		files = append(files, own)
	}
	reports := testReports()
	long := fixture()
	long.Findings[0].Rule = &rules.Rule{ID: "x", Description: strings.Repeat("é", 5000), Rotate: "https://example.org/" + strings.Repeat("x", 8000)}
	for range 3000 {
		long.Findings[0].Occurrences = append(long.Findings[0].Occurrences, long.Findings[0].Occurrences[0])
	}
	long.Run.Started, long.Run.Duration = time.Date(2026, 11, 28, 1, 2, 3, 4, time.FixedZone("", 3600)), time.Minute
	reports["long"] = long
	for _, file := range files {
		s := compileSchema(t, file)
		for name, r := range reports {
			for _, show := range []bool{false, true} {
				t.Run(name, func(t *testing.T) { validate(t, s, write(t, "gitlab", r, Options{ShowSecrets: show})) })
			}
		}
	}
}

func readGitLab(t *testing.T, r *Report) (scan gitlabScan, list []gitlabVulnerability) {
	t.Helper()
	var doc struct {
		Scan            gitlabScan
		Vulnerabilities []gitlabVulnerability
	}
	if err := json.Unmarshal([]byte(write(t, "gitlab", r, Options{})), &doc); err != nil {
		t.Fatal(err)
	}
	return doc.Scan, doc.Vulnerabilities
}

func TestGitLab(t *testing.T) {
	r := fixture()
	r.Run.Started, r.Run.Duration = time.Date(2026, 11, 28, 1, 2, 3, 4, time.FixedZone("", 3600)), 90*time.Second
	scan, list := readGitLab(t, r)
	if scan.StartTime != "2026-11-28T00:02:03" || scan.EndTime != "2026-11-28T00:03:33" || scan.Status != "success" {
		t.Errorf("scan %+v", scan)
	}
	if len(list) != len(r.Findings) {
		t.Fatalf("%d vulnerabilities, want one a finding and none of what is suppressed", len(list))
	}
	token := list[0]
	want := gitlabLocation{
		File: "deploy/prod-3.yml", StartLine: 12, EndLine: 12,
		Commit: gitlabCommit{
			Author: "Ada Lovelace", Date: "2026-03-04T04:05:06+05:30", Message: "add deploy job, password [redacted 8]",
			SHA: "4444444444444444444444444444444444444404",
		},
	}
	if diff := cmp.Diff(want, token.Location); diff != "" {
		t.Errorf("location (-want +got):\n%s", diff)
	}
	if token.Severity != "Critical" || token.Identifiers[0].Value != "github-pat" || token.ID != r.Findings[3].Fingerprint {
		t.Errorf("vulnerability %+v", token)
	}
	if strings.Count(token.Description, "<code>") != 6 {
		t.Errorf("the description does not list the places: %s", token.Description)
	}
}

func TestGitLabIncomplete(t *testing.T) {
	r := fixture()
	r.Coverage = broken()
	scan, _ := readGitLab(t, r)
	if scan.Status != "failure" || len(scan.Messages) == 0 || scan.Messages[0].Level != "fatal" {
		t.Errorf("an incomplete run is not told: %+v", scan)
	}
}

// Where nothing was committed the schema wants a commit all the same.
func TestGitLabCommit(t *testing.T) {
	f := correlate.Finding{Rule: tokenRule(), Secret: fakeToken, Occurrences: []correlate.Occurrence{{Kind: "file", Path: "a", Line: 1, Column: 1, EndLine: 1, EndColumn: 41}}}
	for _, tt := range []struct{ head, want string }{{"", "0000000"}, {object(3), object(3)}} {
		r := &Report{Findings: []correlate.Finding{f}, Coverage: coverage(), Run: Run{Head: tt.head}}
		if _, list := readGitLab(t, r); list[0].Location.Commit.SHA != tt.want {
			t.Errorf("commit %q, want %q", list[0].Location.Commit.SHA, tt.want)
		}
	}
}
