package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// acmeRules is a rule file without faults.
const acmeRules = `
[[rules]]
id = "acme-token"
description = "An Acme token."
provider = "Acme"
identity = "api-key"
severity = "high"
docs = "https://docs.acme.example"
rotate = "https://docs.acme.example/rotate"
token = 'acme_[0-9a-f]{32}'
positives = ['k: {{"acme"}}_{{hex 32}}', '{"k": "{{"acme"}}_{{hex 32}}"}', 'K={{"acme"}}_{{hex 32}}']
negatives = ['acme_{{hex 31}}', 'acme_{{hex 33}}', 'acme_{{chars "x" 32}}']

[[rules]]
id = "acme-id"
description = "An Acme account id."
provider = "Acme"
identity = "generic"
severity = "info"
docs = "https://docs.acme.example"
rotate = "https://docs.acme.example/rotate"
token = 'acme-id-[0-9]{8}'
positives = ['ID=acme-id-{{digits 8}}', 'id: acme-id-{{digits 8}}', '{"id": "acme-id-{{digits 8}}"}']
negatives = ['acme-id-{{digits 7}}', 'acme-id-{{digits 9}}', 'acme-id-{{chars "x" 8}}']
`

// runRules runs a rules sub-command on a rule file and returns its exit code and output.
func runRules(t *testing.T, rules string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "acme.toml")
	if err := os.WriteFile(file, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errOut bytes.Buffer
	cmd := newRulesCommand(&environment{stdin: strings.NewReader(""), stdout: &out, stderr: &errOut, getenv: func(string) string { return "" }})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(append(args, "--rules", file))
	cmd.SetOut(&out)
	code = exitCode(cmd.Execute(), &errOut)
	clean := func(b *bytes.Buffer) string {
		return strings.ReplaceAll(b.String(), filepath.Dir(file)+string(filepath.Separator), "")
	}
	return code, clean(&out), clean(&errOut)
}

func TestRulesCommands(t *testing.T) {
	broken := strings.Replace(acmeRules, "hex 31", "hex 32", 1)
	tests := []struct {
		name, rules string
		args        []string
		code        int
		stdout      string // whole, or its beginning before "…"
		stderr      string // beginning
	}{
		{"list", acmeRules, []string{"list"}, 0, `ID          PROVIDER  IDENTITY  SEVERITY  PROOF  CHECK  REVOKE
acme-id     Acme      generic   info      -      -      -
acme-token  Acme      api-key   high      -      -      -

2 rules
`, ""},
		{"list of a provider and type", acmeRules, []string{"list", "--provider", "ACM", "--identity", "api-key"}, 0, `ID          PROVIDER  IDENTITY  SEVERITY  PROOF  CHECK  REVOKE
acme-token  Acme      api-key   high      -      -      -

1 rule
`, ""},
		{"list with an unknown type", acmeRules, []string{"list", "--identity", "key"}, 3, "", `straykey: --identity: no type "key"; there is api-key, `},
		{"unknown format", acmeRules, []string{"list", "--format", "xml"}, 3, "", `straykey: --format: no format "xml"; there is text and json, for example: `},
		{"show", acmeRules, []string{"show", "acme-token"}, 0, `acme-token
  An Acme token.

  provider     Acme
  identity     api-key
  severity     high
  confidence   high
  class        credentials
  docs         https://docs.acme.example
  rotate       https://docs.acme.example/rotate
  defined in   acme.toml:2

  token        acme_[0-9a-f]{32}
  tried        at "acme_", byte by byte, on its line within 2048 bytes

  must find
    k: {{"acme"}}_{{hex 32}}
    {"k": "{{"acme"}}_{{hex 32}}"}
    K={{"acme"}}_{{hex 32}}

  must leave alone
    acme_{{hex 31}}
    acme_{{hex 33}}
    acme_{{chars "x" 32}}
`, ""},
		{"show of no such rule", acmeRules, []string{"show", "acme-tokn"}, 3, "", `straykey: no rule "acme-tokn" (did you mean "acme-token"?)`},
		{"show of nothing", acmeRules, []string{"show"}, 3, "", `straykey: rules show takes the id of a rule, for example: straykey rules show `},
		{"test", acmeRules, []string{"test"}, 0, "2 rules, 6 positives, 6 negatives: 0 failures\n", ""},
		{"test of one", acmeRules, []string{"test", "acme-id"}, 0, "1 rule, 3 positives, 3 negatives: 0 failures\n", ""},
		{"test that fails", broken, []string{"test"}, 1, `acme.toml:12: rule "acme-token": negatives[0]: found, although it is a negative
2 rules, 6 positives, 6 negatives: 1 failure
`, ""},
		{"test of no such rule", acmeRules, []string{"test", "x"}, 3, "", `straykey: no rule "x"`},
		{"lint", acmeRules, []string{"lint"}, 0, "2 rules: 0 problems, 0 notes\n", ""},
		{"lint that fails", strings.Replace(acmeRules, `docs = "https://docs.acme.example"`, "", 1), []string{"lint"}, 1, `acme.toml:2: warning: rule "acme-token": no docs; a finding should link to what the issuer says of the credential [no-docs]
2 rules: 1 problem, 0 notes
`, ""},
		{"a broken rule file", "[[rules]]\nid = \"a\"", []string{"lint"}, 3, "", `straykey: acme.toml:1: rule "a": says not what to look for; expected regex, `},
		{"a file for a later gitleaks", "minVersion = \"v99.0.0\"\n" + acmeRules, []string{"test"}, 0, "2 rules, …", `straykey: warning: acme.toml:1: minVersion: written for gitleaks v99.0.0; `},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := runRules(t, tt.rules, tt.args...)
			if code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if want, cut := strings.CutSuffix(tt.stdout, "…"); stdout != want && !(cut && strings.HasPrefix(stdout, want)) {
				t.Errorf("stdout:\n%s\nwant:\n%s", stdout, tt.stdout)
			}
			if !strings.HasPrefix(stderr, tt.stderr) || tt.stderr == "" && stderr != "" {
				t.Errorf("stderr:\n%s\nwant:\n%s", stderr, tt.stderr)
			}
		})
	}
}

func TestRulesJSON(t *testing.T) {
	for _, args := range [][]string{{"list"}, {"show", "acme-token"}, {"lint"}, {"test"}} {
		code, stdout, stderr := runRules(t, acmeRules, append(args, "--format", "json")...)
		if code != 0 || stderr != "" || !json.Valid([]byte(stdout)) {
			t.Errorf("%v: exit code %d, %s%s", args, code, stderr, stdout)
		}
	}
}

// TestRulesOfTheFileAlone keeps the catalogue out of what a user sees of his own file.
func TestRulesOfTheFileAlone(t *testing.T) {
	code, stdout, _ := runRules(t, "[extend]\nuseDefault = true\n"+acmeRules, "test")
	if want := "2 rules, 6 positives, 6 negatives: 0 failures\n"; code != 0 || stdout != want {
		t.Errorf("exit code %d, %s, want %s", code, stdout, want)
	}
}

// TestRulesHelp checks that every help text ends with exit codes and has an example.
func TestRulesHelp(t *testing.T) {
	cmd := newRulesCommand(&environment{})
	for _, c := range append(cmd.Commands(), cmd) {
		if !strings.Contains(c.Long, "Exit codes:\n") || !strings.Contains(c.Long, "\n  3  ") || c.Example == "" {
			t.Errorf("help of %s lacks exit codes or an example", c.Name())
		}
	}
}

func TestExitErrorOfRules(t *testing.T) {
	code, _, _ := runRules(t, acmeRules, "show", "no-such-rule")
	if code != exitUsage {
		t.Errorf("got %d", code)
	}
}
