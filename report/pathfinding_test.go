package report

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/rules"
)

// fileReport has a file that is a finding whatever it holds.
func fileReport() *Report {
	f := correlate.Finding{
		Rule: &rules.Rule{ID: "key-store", Description: "Key store", Severity: rules.High}, File: "certs/a.p12", Fingerprint: "sk1:abcdefgh",
		Occurrences: []correlate.Occurrence{{
			Kind: "blob", Object: object(3), Path: "certs/a.p12", First: commit(1, "add"), InHead: true, Reachable: true,
		}},
	}
	return &Report{Findings: []correlate.Finding{f}, Coverage: coverage(), Run: Run{Mode: History}}
}

// A file as a finding has a path, and neither line nor secret.
func TestFileAsFinding(t *testing.T) {
	r := fileReport()
	if text := write(t, "text", r, Options{}); !strings.Contains(text, "\n  certs/a.p12\n") || strings.Contains(text, "redacted") {
		t.Errorf("text:\n%s", text)
	}
	var doc struct {
		Findings []struct {
			File, Secret string
			Occurrences  []jsonOccurrence
		}
	}
	if err := json.Unmarshal([]byte(write(t, "json", r, Options{})), &doc); err != nil {
		t.Fatal(err)
	}
	if f := doc.Findings[0]; f.File != "certs/a.p12" || f.Secret != "" || f.Occurrences[0].Line != 0 || f.Occurrences[0].Frame != nil {
		t.Errorf("json: %+v", f)
	}
	var leaks []gitleaksFinding
	if err := json.Unmarshal([]byte(write(t, "gitleaks", r, Options{})), &leaks); err != nil {
		t.Fatal(err)
	}
	if g := leaks[0]; g.Match != "file detected: certs/a.p12" || g.Secret != "" || g.StartLine != 0 || g.EndColumn != 0 {
		t.Errorf("gitleaks: %+v", g)
	}
	result := readSARIF(t, r).Runs[0].Results[0]
	if region := result.Locations[0].PhysicalLocation.Region; region.StartLine != 1 || region.EndColumn != 1 {
		t.Errorf("sarif region: %+v", region)
	}
	if !strings.Contains(result.Message.Text, "the file itself") {
		t.Errorf("sarif message: %s", result.Message.Text)
	}
}
