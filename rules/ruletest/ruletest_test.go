package ruletest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/detect/proof"
	"github.com/straykey/straykey/rules"
)

func parseSet(t *testing.T, text string) *rules.Set {
	t.Helper()
	set, err := rules.Parse("test.toml", []byte(text), rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestRun(t *testing.T) {
	const acme = "[[rules]]\nid = 'acme'\ntoken = 'acme_[0-9a-f]{32}'\n"
	const wide = "[[rules]]\nid = 'wide'\ntoken = '[a-z]{4}_[0-9a-f]{32}'\nkeywords = ['acme_']\n"
	tests := []struct {
		name, text string
		options    Options
		want       []string
	}{
		{"all is well", acme + "positives = ['k={{\"acme\"}}_{{hex 32}}']\nnegatives = ['k=acme_{{hex 31}}', 'k=acme_{{HEX 31}}G']", Options{}, nil},
		{"a positive is not found", acme + "positives = [\n'acme_{{hex 32}}',\n'acme_{{hex 31}}']", Options{}, []string{`test.toml:6: rule "acme": positives[1]: not found`}},
		{"a negative is found", acme + "negatives = ['acme_{{hex 32}}']", Options{}, []string{`test.toml:4: rule "acme": negatives[0]: found, although it is a negative`}},
		{"a bad template", acme + "positives = ['{{hexx 3}}']", Options{}, []string{`test.toml:4: rule "acme": positives[0]: no function "hexx"`}},
		{"found only where lines end in LF", "[[rules]]\nid = 'end'\nregex = '(?m)acme_[0-9a-f]{8}$'\npositives = ['acme_{{hex 8}}']", Options{}, []string{`test.toml:4: rule "end": positives[0]: found as it stands, but not between lines that end in CRLF`}},
		{"found only in short lines", "[[rules]]\nid = 'line'\nregex = '(?:begin.*)?acme_[0-9a-f]{8}[^}]*?end'\npositives = ['acme_{{hex 8}} the end']", Options{}, nil},
		{"another rule finds a negative", acme + "negatives = ['wide_{{hex 32}} acme_']\n" + wide, Options{Strict: true}, []string{`test.toml:4: rule "acme": negatives[0]: a negative, but rule wide finds it`}},
		{"a weak rule finds a negative", acme + "negatives = ['wide_{{hex 32}} acme_']\n" + wide + "weak = true", Options{Strict: true}, []string{`test.toml:4: rule "acme": negatives[0]: a negative, but rule wide finds it`}},
		{"a rule of identifiers may find a negative", acme + "negatives = ['wide_{{hex 32}} acme_']\n" + wide + "class = 'identifiers'", Options{Strict: true}, nil},
		{"who finds what should have been found", acme + "positives = ['bcme_{{hex 32}} acme_']\n" + wide, Options{}, []string{`test.toml:4: rule "acme": positives[0]: not found (found by wide)`}},
		{"a rule on paths", "[[rules]]\nid = 'p'\npath = '\\.pfx$'\npositives = ['a/b.pfx', 'b.pf']\nnegatives = ['pfx', 'c.pfx']", Options{}, []string{
			`test.toml:4: rule "p": positives[1]: not found: the path does not match`,
			`test.toml:5: rule "p": negatives[1]: found, although it is a negative`,
		}},
		{"only the chosen", acme + "positives = ['x']\n" + wide + "positives = ['y']", Options{IDs: []string{"wide"}}, []string{`test.toml:9: rule "wide": positives[0]: not found`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			report, err := Run(parseSet(t, tt.text), tt.options)
			if err != nil {
				t.Fatal(err)
			}
			if len(report.Failures) != len(tt.want) {
				t.Fatalf("got %v, want %d failures", report.Failures, len(tt.want))
			}
			for i, f := range report.Failures {
				if !strings.HasPrefix(f.Error(), tt.want[i]) {
					t.Errorf("got  %s\nwant %s", f, tt.want[i])
				}
			}
		})
	}
}

func TestRunCounts(t *testing.T) {
	set := parseSet(t, `
[[rules]]
id = "acme"
token = 'acme_[0-9a-f]{32}'
positives = ['acme_{{hex 32}}', 'k: acme_{{hex 32}}']
negatives = ['x']
[[rules]]
id = "acme-any"
token = 'acme_[0-9a-z]{20,40}'
weak = true
`)
	got, err := Run(set, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := &Report{
		Rules: 2, Positives: 2, Negatives: 1, Untested: []string{"acme-any"},
		Overlaps: []Overlap{{Rule: "acme", Other: "acme-any", Samples: 2}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if _, err := Run(set, Options{IDs: []string{"nobody"}}); err == nil {
		t.Error("an unknown id is no error")
	}
}

// complete is a rule lint has nothing to say about.
const complete = `
[[rules]]
id = "acme"
description = "An Acme token."
identity = "api-key"
docs = "https://docs.acme.example"
token = 'acme_[0-9a-f]{32}'
positives = ['{"k": "acme_{{hex 32}}"}', 'k: acme_{{hex 32}}', 'K=acme_{{hex 32}}']
negatives = ['acme_{{hex 31}}', 'acme_{{hex 33}}', 'acme_{{chars "x" 32}}']
rotate = "https://docs.acme.example/rotate"
`

func TestLint(t *testing.T) {
	change := func(edit ...string) string { return strings.NewReplacer(edit...).Replace(complete) }
	tests := []struct {
		name, text string
		want       []string // check and line
	}{
		{"nothing", complete, nil},
		{"no description", change(`description = "An Acme token."`, ""), []string{"no-description:2"}},
		{"no docs", change(`docs = "https://docs.acme.example"`, ""), []string{"no-docs:2"}},
		{"no rotation", change(`rotate = "https://docs.acme.example/rotate"`, ""), []string{"no-rotate:2"}},
		{"no identity", change(`identity = "api-key"`, ""), []string{"no-identity:2"}},
		{"few samples", change(", 'K=acme_{{hex 32}}'", "", ", 'acme_{{chars \"x\" 32}}'", ""), []string{"few-positives:8", "few-negatives:9"}},
		{"the same surroundings", change(`'{"k": "acme_{{hex 32}}"}'`, "'l: acme_{{hex 32}}'", "'K=acme_{{hex 32}}'", "'m: acme_{{hex 32}}'"), []string{"same-surroundings:8"}},
		{"the same misses", change(`'acme_{{chars "x" 32}}'`, "'acme_{{hex 34}}'"), []string{"same-misses:9"}},
		{"not filled in", change("An Acme token.", UnfilledDescription+"Acme.", "https://docs.acme.example/rotate", Unfilled, "https://docs.acme.example", Unfilled), []string{"unfilled:4", "unfilled:6", "unfilled:10"}},
		{"no anchor", change("token = 'acme_[0-9a-f]{32}'", "token = '[a-z]{4}_[0-9a-f]{32}'"), []string{"no-anchor:7"}},
		{"short anchor", strings.ReplaceAll(complete, "acme_", "am_"), []string{"short-anchor:7"}},
		{"empty match", complete + "[[rules]]\nid = 'e'\ndescription = 'd'\nidentity = 'token'\ndocs = 'https://a.example'\nrotate = 'https://a.example'\nregex = '(?:acme)?'\nkeywords = ['acmex']\npositives = ['acmex', 'K=acmex', 'k: acmex']\nnegatives = ['b', 'c', 'x']", []string{"empty-match:17", "keyword-outside:18", "same-misses:20"}},
		{"a sample fails", change("hex 31", "hex 32"), []string{"sample:9"}},
		{"not direct", change("token = 'acme_[0-9a-f]{32}'", "token = 'acme_[0-9a-f]{20,40}[0-9a-f]'"), []string{"not-direct:7", "sample:9", "sample:9"}},
		{"a hash", complete + "[[rules]]\nid = 'h'\ndescription = 'd'\nidentity = 'token'\ndocs = 'https://a.example'\nrotate = 'https://a.example'\nregex = '[0-9a-f]{64}'\npositives = ['{{hex 64}}', 'K={{hex 64}}', 'k: {{hex 64}}']\nnegatives = ['{{hex 6}}', 'c', 'd']", []string{"no-anchor:17", "hash:17", "same-misses:19"}},
		{"a prefixed hash", complete + "[[rules]]\nid = 'h'\ndescription = 'd'\nidentity = 'token'\ndocs = 'https://a.example'\nrotate = 'https://a.example'\nregex = 'acmesum:[0-9a-f]{64}'\npositives = ['acmesum:{{hex 64}}', 'K=acmesum:{{hex 64}}', 'k: acmesum:{{hex 64}}']\nnegatives = ['{{hex 64}}', 'c', 'acmesum:{{hex 63}}']", nil},
		{"a short keyword", change("token = 'acme_[0-9a-f]{32}'", "regex = '[a-z]{4}_[0-9a-f]{32}\\b'\nkeywords = [\n'k:', 'acme_']"), []string{"no-anchor:7", "short-keyword:9"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			remarks, err := Lint(parseSet(t, tt.text), LintOptions{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range remarks {
				got = append(got, m.Check+":"+m.Pos.String()[len("test.toml:"):])
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s\n%v", diff, remarks)
			}
		})
	}
}

// TestLintOfChangedRule: what a rule has from the built-in one that it changes is not missed.
func TestLintOfChangedRule(t *testing.T) {
	text := "[extend]\nuseDefault = true\n[[rules]]\nid = 'github-pat-classic'\nseverity = 'low'\n"
	o := rules.Options{Proofs: proof.Names()}
	o.Builtin = func() (*rules.Set, error) { return rules.Catalog(rules.Options{Proofs: proof.Names()}) }
	set, err := rules.Parse("test.toml", []byte(text), o)
	if err != nil {
		t.Fatal(err)
	}
	remarks, err := Lint(set, LintOptions{IDs: []string{"github-pat-classic"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range remarks {
		if m.Level != LevelNote {
			t.Error(m)
		}
	}
}

// checked is the same rule with a check and a revocation that lint has nothing to say about.
const checked = complete + `[rules.verify]
url = "https://api.acme.example/v1/me"
headers = { Authorization = "Bearer {secret}" }
answers = [
  { status = [200], json = ["login"], outcome = "active" },
  { status = [401], outcome = "inactive" },
]
tells = { owner = "json:login" }
live = { status = 200, body = '{"login": "octo"}' }
dead = { status = 401, body = '{}' }
[rules.revoke]
method = "DELETE"
url = "https://api.acme.example/v1/token"
headers = { Authorization = "Bearer {secret}" }
done = [204]
effect = "It stops working."
`

func TestLintVerify(t *testing.T) {
	const url, revokeURL = `url = "https://api.acme.example/v1/me"`, `url = "https://api.acme.example/v1/token"`
	const header = `headers = { Authorization = "Bearer {secret}" }` + "\nanswers"
	tests := []struct {
		name string
		edit []string // old, new
		want []string // check and line
	}{
		{"nothing", nil, nil},
		{"a host outside", []string{url, url + "\nhosts = ['*.acme.example.net']"}, []string{"host-outside:13"}},
		{"a host inside", []string{url, url + "\nhosts = ['*.acme.example']"}, nil},
		{"a host that is known later", []string{url, "url = 'https://{a}.acme.example'\nhosts = ['*.acme.example']\nparts = { a = { values = ['b'] } }"}, nil},
		{"a host of the revocation outside", []string{revokeURL, revokeURL + "\nhosts = ['acme.example']"}, []string{"host-outside:24"}},
		{"a write", []string{url, url + "\nmethod = 'POST'\nsideEffects = 'none'"}, []string{"unproved-query:13"}},
		{"a query", []string{url, url + "\nmethod = 'POST'\nsideEffects = 'none'\nsource = 'https://docs.acme.example'"}, nil},
		{"a login", []string{url, url + "\nmethod = 'POST'\nsideEffects = 'login'"}, nil},
		{"no negative control", []string{`dead = { status = 401, body = '{}' }`, ""}, []string{"no-control:11"}},
		{"no sample", []string{`live = { status = 200, body = '{"login": "octo"}' }`, ""}, []string{"no-live:11"}},
		{"never inactive", []string{`outcome = "inactive"`, `outcome = "unknown"`}, []string{"never-dead:14"}},
		{"a status where anything goes", []string{`json = ["login"], `, "", url, url + "\nanyContent = true"}, []string{"believes-portals:15"}},
		{"words where anything goes", []string{`json = ["login"]`, `body = ["login"]`, url, url + "\nanyContent = true"}, nil},
		{"no tells", []string{`tells = { owner = "json:login" }`, ""}, []string{"no-tells:11"}},
		{"the secret in the URL", []string{url, "url = 'https://api.acme.example/{secret}'\nsecretInURL = true", header, "answers"}, []string{"secret-in-url:13"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			remarks, err := Lint(parseSet(t, strings.NewReplacer(tt.edit...).Replace(checked)), LintOptions{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range remarks {
				got = append(got, m.Check+":"+m.Pos.String()[len("test.toml:"):])
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s\n%v", diff, remarks)
			}
		})
	}
}

// TestLintVerifyOfOthers says nothing twice: a rule that is checked as another is not looked at.
func TestLintVerifyOfOthers(t *testing.T) {
	other := strings.ReplaceAll(complete, "acme", "bcme") + "[rules.verify]\nas = 'acme'\n"
	remarks, err := Lint(parseSet(t, strings.Replace(checked, `tells = { owner = "json:login" }`, "", 1)+other), LintOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(remarks) != 1 || remarks[0].Rule != "acme" {
		t.Errorf("got %v, want one remark on acme", remarks)
	}
}

// TestLintCost judges made-up times: real ones depend on what else the machine does.
func TestLintCost(t *testing.T) {
	set := parseSet(t, complete+"[[rules]]\nid = 'slow'\nregex = 'slow'\n[[rules]]\nid = 'p'\npath = 'x'\n[[rules]]\nid = 'middling'\nregex = 'middling'")
	l := &linter{}
	err := l.checkCost(set.Rules, func(r *rules.Rule, text []byte) (time.Duration, error) {
		if _, err := timeOf(r, text[:64<<10]); err != nil {
			return 0, err
		}
		if r.ID == "slow" {
			return 20 * time.Millisecond, nil
		}
		if r.ID == "middling" {
			return 3 * time.Millisecond, nil
		}
		return time.Millisecond, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`test.toml:19: note: rule "middling": takes 4.0 ms for a megabyte of code [cost]`,
		`test.toml:13: warning: rule "slow": takes 38 ms for a megabyte of code; a longer or rarer anchor, or a tighter expression, makes it faster [slow]`,
	}
	var got []string
	for _, m := range l.remarks {
		got = append(got, m.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestCanContain(t *testing.T) {
	tests := []struct {
		expr, word string
		want       bool
	}{
		{`acme_[0-9a-f]{8}`, "acme_", true},
		{`acme_[0-9a-f]{8}`, "CME_0", true},
		{`acme_[0-9a-f]{8}`, "token", false},
		{`(?i)ACME`, "acme", true},
		{`acme|token`, "token", true},
		{`aab`, "aaab", false},
		{`a+b`, "aaab", true},
		{`a{2}b`, "aab", true},
		{`[^a]*`, "token", true},
		{`[^oO]*`, "token", false},
		{`(?:to|ke)+n`, "token", true},
		{`(?:to|ek)+n`, "token", false},
		{`(?:tok|en)+`, "token", true},
		{`.*`, "anything", true},
		{`x\by`, "xy", true}, // conditions of zero width count as met
	}
	for _, tt := range tests {
		if got := canContain(parse(tt.expr), tt.word); got != tt.want {
			t.Errorf("canContain(%s, %s) = %v", tt.expr, tt.word, got)
		}
	}
}

func TestShortest(t *testing.T) {
	for expr, want := range map[string]int{
		`abc`: 3, `a|bc`: 1, `a{3,5}`: 3, `(?:ab)*c`: 1, `(?:ab)+c?`: 2, `^$`: 0, `[a-z]{20}é`: 22, `(?s).`: 1,
	} {
		if got := shortest(parse(expr)); got != want {
			t.Errorf("shortest(%s) = %d, want %d", expr, got, want)
		}
	}
}
