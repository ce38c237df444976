package report

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/rules"
)

// rawPartner is the raw secret of a partner that is no finding of the report.
const rawPartner = "client-4711-of-octo"

// pairReport has a finding with two partners.
func pairReport() *Report {
	r := fixture()
	r.Findings = r.Findings[3:]
	r.Findings[0].Partners = []correlate.Partner{
		{Rule: &rules.Rule{ID: "github-client"}, Secret: rawPartner, Fingerprint: "sk1:abcdefghijkl", Scope: correlate.SameBlock, Lines: 1, Object: object(1), Path: "deploy/" + fakeToken + ".yml", Line: 11, Column: 3},
		{Rule: &rules.Rule{ID: "github-user"}, Fingerprint: "sk1:mnopqrstuvwx", Scope: correlate.SameCommit, Path: "b\xff", Line: 1, Column: 1},
	}
	return r
}

func TestPartners(t *testing.T) {
	r := pairReport()
	text := write(t, "text", r, Options{Width: 160})
	for _, want := range []string{
		"paired with github-client [abcdefgh]  deploy/ghp_[redacted 40].yml:11:3, in the same block, 1 line away\n",
		"              github-user [mnopqrst]  b\\xff:1:1, in the same commit\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	for _, format := range []string{"text", "json", "jsonl", "sarif", "gitleaks"} {
		if out := write(t, format, r, Options{}); strings.Contains(out, rawPartner) {
			t.Errorf("%s tells the secret of a partner", format)
		}
	}
	want := []jsonPartner{
		{"sk1:abcdefghijkl", "github-client", "block", 1, object(1), "deploy/ghp_[redacted 40].yml", 11, 3},
		{"sk1:mnopqrstuvwx", "github-user", "commit", 0, "", "b\ufffd", 1, 1},
	}
	var doc struct{ Findings []jsonFinding }
	if err := json.Unmarshal([]byte(write(t, "json", r, Options{})), &doc); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, doc.Findings[0].Partners); diff != "" {
		t.Errorf("json: -want +got:\n%s", diff)
	}
	if diff := cmp.Diff(want, readSARIF(t, r).Runs[0].Results[0].Properties.Partners); diff != "" {
		t.Errorf("sarif: -want +got:\n%s", diff)
	}
}
