package report

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/rules"
)

// testdata/gitleaks-8.30.1.json is what "gitleaks git --redact -f json" of that version wrote for
// a repository with one commit and three secrets, under a configuration with three rules made up
// for this test. The report of the same findings must be the same bytes, but for what
// writeGitleaks says differs: how secrets are redacted, and columns on lines that are not
// the first.
func TestGitleaksShape(t *testing.T) {
	recorded, err := os.ReadFile("testdata/gitleaks-8.30.1.json")
	if err != nil {
		t.Fatal(err)
	}
	c := &correlate.Commit{
		ID: "f0b8a5009159c10bd724dd8a2052b23d0529ef26", Author: "Ada L", Email: "ada@example.org",
		Date:    time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("", 5*3600+1800)),
		Subject: "add <things> & more",
	}
	found := func(rule *rules.Rule, secret, match, path string, entropy float64, r region) correlate.Finding {
		return correlate.Finding{Rule: rule, Secret: secret, Entropy: entropy, Occurrences: []correlate.Occurrence{{
			Kind: "blob", Path: path, First: c, Line: r.line, Column: r.column, EndLine: r.endLine, EndColumn: r.endColumn,
			Frame: correlate.Frame{Match: match},
		}}}
	}
	key := "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIE\nZm9v==\n-----END RSA " + "PRIVATE KEY-----"
	r := &Report{Findings: []correlate.Finding{
		found(&rules.Rule{ID: "github-pat", Description: "Token <of> GitHub & others", Severity: rules.Critical, Tags: []string{"vcs", "token"}},
			fakeToken, fakeToken, "a dir é.txt", 5.27192809, region{1, 6, 1, 46}),
		found(&rules.Rule{ID: "private-key", Description: "Key", Severity: rules.High},
			key, key, "k.pem", 3.86154573, region{1, 1, 4, 30}),
		found(&rules.Rule{ID: "password", Description: "Password", Severity: rules.Low},
			fakePassword, `password = "`+fakePassword+`"`, "b.txt", 3, region{1, 16, 1, 24}),
	}}
	got := write(t, "gitleaks", r, Options{})
	for _, f := range r.Findings {
		got = strings.ReplaceAll(got, Redact(f.Secret), "REDACTED")
	}
	want := strings.Replace(string(recorded), `"EndColumn": 30`, `"EndColumn": 29`, 1)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-gitleaks +straykey:\n%s", diff)
	}
}

func TestGitleaksEmpty(t *testing.T) {
	if got := write(t, "gitleaks", &Report{}, Options{}); got != "[]\n" {
		t.Errorf("got %q, want %q", got, "[]\n")
	}
}

func TestMatchRegion(t *testing.T) {
	tests := []struct {
		name   string
		frame  correlate.Frame
		secret string
		at     region
		want   region
	}{
		{"match is the secret", correlate.Frame{Match: "s3cret"}, "s3cret", region{2, 5, 2, 11}, region{2, 5, 2, 11}},
		{"assignment", correlate.Frame{Match: "k = 's3cret'"}, "s3cret", region{2, 15, 2, 21}, region{2, 10, 2, 22}},
		{
			"over lines",
			correlate.Frame{Match: "k:\n  s3cret\nend", FirstLine: 1, Lines: []string{"a", "  k:", "  s3cret", "end"}},
			"s3cret",
			region{3, 3, 3, 9},
			region{2, 3, 4, 4},
		},
		{"starts before the frame", correlate.Frame{Match: "k:\ns3cret"}, "s3cret", region{3, 1, 3, 7}, region{2, 1, 3, 7}},
		{"decoded", correlate.Frame{Match: "czNjcmV0"}, "s3cret", region{1, 2, 1, 10}, region{1, 2, 1, 10}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := &correlate.Occurrence{Line: tt.at.line, Column: tt.at.column, EndLine: tt.at.endLine, EndColumn: tt.at.endColumn, Frame: tt.frame}
			if got := matchRegion(o, tt.secret); got != tt.want {
				t.Errorf("matchRegion = %+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestGitleaksFormats reads back what the other formats in the shape of gitleaks hold.
func TestGitleaksFormats(t *testing.T) {
	r := fixture()
	for i := range r.Findings {
		r.Findings[i].Rule = &rules.Rule{ID: "github-pat-classic", Description: "Token", Tags: []string{"a", "b"}}
	}
	o := Options{
		Mask:             func(string) string { return "REDACTED" },
		Link:             func(commit, path string, line, _ int) string { return "https://x/" + commit[:4] + "/" + path },
		GitleaksTemplate: `{{range .}}{{.RuleID | upper | quote}} {{.Link}} {{.StartLine | add 1}} {{.Match | default "-" | trunc 8}}{{"\n"}}{{end}}`,
	}
	template := write(t, "gitleaks-template", r, o)
	if want := `"GITHUB-PAT" https://x/1111/`; !strings.Contains(template, want) {
		t.Errorf("no %q in\n%s", want, template)
	}
	table := write(t, "gitleaks-csv", r, o)
	rows, err := csv.NewReader(strings.NewReader(table)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(rows[0], ","), "RuleID,Commit,File,SymlinkFile,Secret,Match,StartLine,EndLine,StartColumn,EndColumn,Author,Message,Date,Email,Fingerprint,Tags,Link"; got != want {
		t.Errorf("header %s, want %s", got, want)
	}
	if got := rows[1]; got[0] != "github-pat" || got[4] != "REDACTED" || got[15] != "a b" {
		t.Errorf("first row %q", got)
	}
	var suites gitleaksSuites
	if err := xml.Unmarshal([]byte(write(t, "gitleaks-junit", r, o)), &suites); err != nil {
		t.Fatal(err)
	}
	if n := len(rows) - 1; suites.Suite.Failures != n || suites.Suite.Tests != n || len(suites.Suite.Cases) != n {
		t.Errorf("%d failures, %d tests, %d cases; want %d each", suites.Suite.Failures, suites.Suite.Tests, len(suites.Suite.Cases), n)
	}
	var finding gitleaksFinding
	if err := json.Unmarshal([]byte(suites.Suite.Cases[0].Failure.Text), &finding); err != nil || finding.RuleID != "github-pat" {
		t.Errorf("the first failure holds no finding: %v", err)
	}
	for _, format := range []string{"gitleaks-csv", "gitleaks-junit", "gitleaks-sarif", "gitleaks-template"} {
		if text := write(t, format, r, o); strings.Contains(text, fakeToken[4:]) || strings.Contains(text, fakePassword) {
			t.Errorf("%s holds a secret", format)
		}
	}
}

func TestTemplateFunctionsAreBounded(t *testing.T) {
	for _, text := range []string{`{{repeat 2000000000 "x"}}`, `{{repeat -1 "x"}}`, `{{indent 99999999 "a"}}`, `{{replace "a" (repeat 100000 "b") (repeat 100000 "a")}}`} {
		var out strings.Builder
		err := Write(&out, "gitleaks-template", &Report{}, Options{GitleaksTemplate: text})
		if err == nil {
			t.Errorf("%s: no error", text)
		}
	}
	if err := CheckTemplate(`{{env "HOME"}}`); err == nil {
		t.Error("a template may read variables")
	}
}
