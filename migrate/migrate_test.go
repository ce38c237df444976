package migrate

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/policy"
	"github.com/straykey/straykey/rules"
)

// tree is Files in memory.
type tree map[string]string

func (t tree) ReadFile(name string) ([]byte, error) {
	text, ok := t[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return []byte(text), nil
}

func (t tree) ReadDir(name string) []string {
	seen := map[string]bool{}
	for path := range t {
		rest := path
		if name != "" {
			var ok bool
			if rest, ok = strings.CutPrefix(path, name+"/"); !ok {
				continue
			}
		}
		if dir, _, ok := strings.Cut(rest, "/"); ok {
			rest = dir + "/"
		}
		seen[rest] = true
	}
	return sortedKeys(seen)
}

// ReadAt implements Texts: commits stand before an @.
func (t tree) ReadAt(commit, name string) ([]byte, error) {
	if commit != "" {
		name = commit + "@" + name
	}
	return t.ReadFile(name)
}

func read(t *testing.T, files tree, o Options) *Migration {
	t.Helper()
	m, err := Read(files, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// of returns "what: why" of the items of an outcome, with their places.
func (r *Report) of(o Outcome) []string {
	var out []string
	for _, it := range r.sorted() {
		if it.Outcome == o {
			out = append(out, it.At.String()+" "+it.What)
		}
	}
	return out
}

func TestRulesMeanTheSame(t *testing.T) {
	own := `[[rules]]
id = "acme-token"
description = "ACME"
regex = '''acme_([a-f0-9]{32})'''
keywords = ["ACME_"]
secretGroup = 1
entropy = 3.1
tags = ["x"]
`
	tests := []struct{ name, config string }{
		{"rule", own},
		{"old allowlists", own + "[rules.allowlist]\nstopwords = ['''it's''']\nregexes = ['''a\"b''', '''\\x27c''']\n[allowlist]\npaths = ['''(^|/)x\\.txt$''']\ncommits = ['abcdef1']\n"},
		{"condition", own + "[[rules.allowlists]]\ncondition = \"AND\"\nregexTarget = \"line\"\npaths = ['''^a''']\nregexes = ['''b''']\n"},
		{"lines", "[[rules]]\nid = \"block\"\nregex = '''(?s)BEGIN ACME.{10,200}?END'''\nkeywords = [\"begin acme\"]\n[[rules]]\nid = \"gap\"\nregex = '''acme\\s*=\\s*([a-z]{20})'''\nkeywords = [\"acme\"]\n"},
		{"required", own + "[[rules.required]]\nid = \"other\"\nwithinLines = 3\n[[rules]]\nid = \"other\"\nregex = '''acmeid-[0-9]{9}'''\nskipReport = true\n"},
		{"path rule", "[[rules]]\nid = \"keyfile\"\npath = '''(?i)\\.acmekey$'''\n"},
		{"case of keys", "[[RULES]]\nID = \"a\"\nRegex = '''acme_[a-z]{20}'''\nKeyWords = [\"acme_\"]\n"},
		{"control characters", "[[rules]]\nid = \"a\"\nregex = \"acme_[a-z]{20}\\u0000?\\t?'''\"\nkeywords = [\"acme_\"]\n"},
		{"default", "[extend]\nuseDefault = true\n"},
		{"default and own", "[extend]\nuseDefault = true\n" + own},
		{"disabled", "[extend]\nuseDefault = true\ndisabledRules = [\"github-pat\", \"generic-api-key\", \"etsy-access-token\", \"nothing-of-this-name\"]\n"},
		{"in the place of one", "[extend]\nuseDefault = true\n[[rules]]\nid = \"github-pat\"\nregex = '''ghp_[0-9a-zA-Z]{36}'''\nkeywords = [\"ghp_\"]\n"},
		{"adjusted", "[extend]\nuseDefault = true\n[[rules]]\nid = \"github-pat\"\nentropy = 3.9\n"},
		{"adjusted, several", "[extend]\nuseDefault = true\n[[rules]]\nid = \"generic-api-key\"\ntags = [\"x\"]\nentropy = 3.9\n[[rules.allowlists]]\npaths = ['''^x/''']\n"},
		{"targets", "[extend]\nuseDefault = true\n[[allowlists]]\ntargetRules = [\"github-pat\", \"acme-token\"]\nregexes = ['''0000''']\n" + own},
		{"targets of several", "[extend]\nuseDefault = true\n[[allowlists]]\ntargetRules = [\"generic-api-key\"]\nstopwords = [\"demo\"]\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want, err := rules.Parse(".gitleaks.toml", []byte(tt.config), rules.Options{Gitleaks: true})
			if err != nil {
				t.Fatal(err)
			}
			m := read(t, tree{".gitleaks.toml": tt.config}, Options{})
			if m.Loaded == nil {
				t.Fatal("no configuration was made")
			}
			got := m.Loaded.Rules
			if got == nil {
				got, _ = rules.Builtin()
			}
			// The files of gitleaks themselves are left out beside what the file says.
			if last := len(got.Allowlists) - 1; last < 0 {
				t.Fatal("no allowlist for the configuration itself")
			}
			if diff := cmp.Diff(meaning(want, ""), meaning(got, "^\\.gitleaks\\.toml$")); diff != "" {
				t.Errorf("-as gitleaks' +migrated:\n%s\n%s", diff, m.Config)
			}
		})
	}
}

// meaning returns what rules and allowlists say, without where they stand.
func meaning(set *rules.Set, without string) map[string]any {
	out := map[string]any{}
	for _, r := range set.Rules {
		c := *r
		c.Source, c.Lines, c.Derived, c.Verify, c.Revoke, c.Positives, c.Negatives = rules.Position{}, nil, nil, nil, nil, nil, nil
		c.Allowlists = plainAllowlists(r.Allowlists, without)
		out[c.ID] = c
	}
	out["allowlists"] = plainAllowlists(set.Allowlists, without)
	return out
}

// plainAllowlists returns allowlists in an order that does not matter, without descriptions and the rules that they were for.
func plainAllowlists(all []rules.Allowlist, without string) []rules.Allowlist {
	var list []rules.Allowlist
	for _, a := range all {
		if slices.Contains(a.Paths, without) {
			continue
		}
		a.Description, a.TargetRules = "", nil
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b rules.Allowlist) int {
		return strings.Compare(strings.Join(append(a.Paths, a.Regexes...), " "), strings.Join(append(b.Paths, b.Regexes...), " "))
	})
	return list
}

func TestRuleFileReport(t *testing.T) {
	files := tree{
		".gitleaks.toml": `# Our rules,
# made with care.
title = "x"
surprise = true
[extend]
path = "more/base.toml"
disabledRules = ["gone"]

# ours
[[rules]]
id = "acme"
regex = '''acme_[a-z]{20}'''
keywords = ["acme_"]
[[rules]]
id = "ahead"
regex = '''acme(?!x)'''
[[rules]]
id = "base"
tags = ["more"]
[[allowlists]]
paths = [
  # vendored
  '''^vendor/''', # not ours
  '''^third/''',
]
[[allowlists]]
targetRules = ["nobody"]
stopwords = ["x"]
[[allowlists]]
stopwords = []
`,
		"more/base.toml": `[[rules]]
id = "base"
regex = '''base_[a-z]{20}'''
keywords = ["base_"]
tags = ["one"]
[[rules]]
id = "gone"
regex = '''gone_[a-z]{20}'''
`,
	}
	m := read(t, files, Options{})
	for outcome, want := range map[Outcome][]string{
		Dropped:  {`.gitleaks.toml:16 rule ahead`},
		Unneeded: {".gitleaks.toml:4 key surprise", ".gitleaks.toml:27 targetRules: nobody", ".gitleaks.toml:29 allowlist"},
	} {
		if diff := cmp.Diff(want, m.Report.of(outcome)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", outcome, diff)
		}
	}
	text := string(m.Config)
	for _, want := range []string{"# made with care.\n", "useDefault = false\n", "# ours\n[[rules]]\nid = \"acme\"", "  # vendored\n  '''^vendor/''', # not ours\n", "tags = [\n  \"one\",\n  \"more\",\n]"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "gone") || strings.Contains(text, "ahead") {
		t.Errorf("what was left out is there:\n%s", text)
	}
}

func TestNoRuleIsLeft(t *testing.T) {
	m := read(t, tree{".gitleaks.toml": "[[rules]]\nid = \"a\"\nregex = '''a(?=b)'''\n"}, Options{})
	if m.Loaded == nil || m.Report.Count(Dropped) != 1 {
		t.Errorf("%+v", m.Report)
	}
	m = read(t, tree{".gitleaks.toml": "[allowlist]\npaths = ['''^a''']\n"}, Options{})
	if got := m.Report.of(Changed); len(got) != 1 || m.Loaded.Rules == nil {
		t.Errorf("%v", got)
	}
	m = read(t, tree{".gitleaks.toml": "[extend]\nuseDefault = true\n[[rules]]\nid = \"generic-api-key\"\nentropy = 4\n"}, Options{})
	if diff := cmp.Diff([]string{".gitleaks.toml:5 rule generic-api-key: entropy"}, m.Report.of(Dropped)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	m = read(t, tree{".gitleaks.toml": "[[rules]\n"}, Options{})
	if got := m.Report.of(Dropped); len(got) != 1 || !strings.HasPrefix(got[0], ".gitleaks.toml:") {
		t.Errorf("%v", got)
	}
}

func TestBetterleaks(t *testing.T) {
	config := `prefilter = '''
matchesAny(get(attributes, "path", ""), [` + "`^vendor/`, `\\.lock$`" + `])
|| get(attributes, "git.sha", "") in ["abcdef0123"]
|| attributes["fs.symlink"] == "x"
'''
filter = '''
filter.containsAny(finding["secret"], ["example", "dummy"]) ||
(filter.matchesAny(finding["line"], ["^#"]) && matchesAny(get(attributes, "path", ""), ["\\.md$"])) ||
finding["secret"] == "a.b" ||
(finding["rule_id"] == "acme" && filter.matchesAny(finding["match"], ["zzz"])) ||
filter.failsTokenEfficiency(finding["secret"]) ||
filter.entropy(finding["secret"]) <= 2.5
'''
[[rules]]
id = "acme"
regex = '''acme_[a-z]{20}'''
keywords = ["acme_"]
specificity = 5
tokenEfficiency = true
filter = '''entropy(finding["secret"]) <= 3.5 || containsAny(finding["secret"], ["test"])'''
validate = '''http.get("x")'''
[[rules]]
id = "other"
regex = '''other_[a-z]{20}'''
filter = '''let x = 1; x > 2'''
`
	m := read(t, tree{".betterleaks.toml": config}, Options{})
	want := []string{
		".betterleaks.toml:4 prefilter", ".betterleaks.toml:11 filter", ".betterleaks.toml:12 filter: entropy",
		".betterleaks.toml:18 rule acme: specificity", ".betterleaks.toml:19 rule acme: tokenEfficiency", ".betterleaks.toml:21 rule acme: validate",
		".betterleaks.toml:25 rule other: filter",
	}
	if diff := cmp.Diff(want, m.Report.of(Dropped)); diff != "" {
		t.Errorf("dropped: -want +got:\n%s", diff)
	}
	set := m.Loaded.Rules
	acme := set.Rule("acme")
	if acme.Entropy != 3.5 {
		t.Errorf("entropy %v", acme.Entropy)
	}
	wantRule := []rules.Allowlist{
		{RegexTarget: "secret", StopWords: []string{"test"}},
		{RegexTarget: "match", Regexes: []string{"zzz"}},
	}
	for i := range acme.Allowlists {
		acme.Allowlists[i].TargetRules = nil
	}
	slices.SortFunc(acme.Allowlists, func(a, b rules.Allowlist) int { return len(a.Regexes) - len(b.Regexes) })
	if diff := cmp.Diff(wantRule, acme.Allowlists); diff != "" {
		t.Errorf("rule: -want +got:\n%s", diff)
	}
	wantAll := []rules.Allowlist{
		{RegexTarget: "secret", Paths: []string{"^vendor/", `\.lock$`}},
		{RegexTarget: "secret", Commits: []string{"abcdef0123"}},
		{RegexTarget: "secret", StopWords: []string{"example", "dummy"}},
		{RegexTarget: "line", Regexes: []string{"^#"}, Paths: []string{`\.md$`}, And: true},
		{RegexTarget: "secret", Regexes: []string{`\Aa\.b\z`}},
	}
	got := slices.DeleteFunc(slices.Clone(set.Allowlists), func(a rules.Allowlist) bool { return a.Description != "" })
	if diff := cmp.Diff(wantAll, got); diff != "" {
		t.Errorf("all: -want +got:\n%s", diff)
	}
}

func TestParseFilterRefuses(t *testing.T) {
	for _, tt := range []struct {
		in  string
		bad int // conditions that are not understood; -1: an error
		all int
	}{
		{`matchesAny(finding["secret"], ["a"])`, 0, 1},
		{`matchesAny(finding.secret, ["a"]) and finding["line"] == 'x'`, 0, 1},
		{`(matchesAny(finding["secret"], ["a"]) || containsAny(finding["line"], ["b"])) && attributes["path"] == "c"`, 0, 2},
		{`attributes[?"path"].orValue("") == "c"`, 0, 1},
		{`matchesAny(attributes["path"] ?? "", [` + "`a`" + `])`, 0, 1},
		{`matchesAny(finding["secret"], [r"""a"""]) // why`, 0, 1},
		{`!matchesAny(finding["secret"], ["a"])`, 1, 1},
		{`!(finding["secret"] == "a" || finding["secret"] == "b") || finding["secret"] == "c"`, 1, 2},
		{`entropy(finding["line"]) <= 2`, 1, 1},
		{`entropy(finding["secret"]) > 2`, 1, 1},
		{`len(finding["secret"]) < 9`, 1, 1},
		{`matchesAny(finding["secret"] + "x", ["a"])`, 1, 1},
		{`finding["secret"] == "a" + "b"`, 1, 1},
		{`(1 + 2) * 3 == 9 || finding["secret"] == "a"`, 1, 2},
		{`true ? false : true`, -1, 0},
		{`let x = 1; x`, -1, 0},
		{`finding["secret"] == "a`, -1, 0},
		{`finding["secret"] == "a")`, -1, 0},
	} {
		list, err := parseFilter(tt.in)
		if (err != nil) != (tt.bad < 0) {
			t.Errorf("%s: %v", tt.in, err)
			continue
		}
		bad := 0
		for _, x := range list {
			if x.bad != "" {
				bad++
			}
		}
		if err == nil && (len(list) != tt.all || bad != tt.bad) {
			t.Errorf("%s: %d conditions, %d not understood; want %d, %d", tt.in, len(list), bad, tt.all, tt.bad)
		}
	}
}

func TestTrufflehog(t *testing.T) {
	files := tree{
		"trufflehog.yaml": `detectors:
  - name: HogToken
    keywords: [hog]
    regex:
      id: 'hogid-([0-9]{8})'
      token: 'hog_([a-z0-9]{20})'
    primary_regex_name: token
    entropy: 3.5
    exclude_words: [Example]
    exclude_regexes_match: ['^x']
    exclude_regexes_capture: ['y$']
    verify:
      - endpoint: https://hook.example
  - name: Broken
    regex:
      a: 'a(?=b)'
`,
		".trufflehog-exclude": "# third party\n^third/\n\n(\n",
	}
	m := read(t, files, Options{})
	if diff := cmp.Diff([]string{".trufflehog-exclude:4 a path to exclude", "trufflehog.yaml:12 detector HogToken: verify", "trufflehog.yaml:16 detector Broken"}, m.Report.of(Dropped)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	r := m.Loaded.Rules.Rule("hog-token")
	if r == nil || r.Entropy != 3.5 || r.SecretGroup != 1 || len(r.Allowlists) != 3 || len(r.Required) != 1 || r.Required[0].ID != "hog-token-id" {
		t.Errorf("%+v", r)
	}
	if id := m.Loaded.Rules.Rule("hog-token-id"); id == nil || !id.SkipReport {
		t.Errorf("%+v", id)
	}
	if m.Loaded.Rules.Rule("github-pat-classic") == nil {
		t.Error("the built-in rules are gone")
	}
}

// secretAt makes a finding of a secret at a line of a file.
func secretAt(rule, secret string, places ...correlate.Occurrence) correlate.Finding {
	return correlate.Finding{
		Rule: &rules.Rule{ID: rule, Source: rules.Position{File: "x"}}, Secret: secret, Occurrences: places,
		Fingerprint: "sk1:" + strings.Repeat("a", 26-len(secret)%8) + strings.Repeat("b", len(secret)%8),
	}
}

// generic makes a finding of a generic rule at line 2 of a.env.
func generic(secret string) correlate.Finding {
	set, _ := rules.Builtin()
	f := secretAt("", secret, at("a.env", 2))
	f.Rule = set.Rule("generic-secret")
	return f
}

func at(path string, line int, text ...string) correlate.Occurrence {
	return correlate.Occurrence{Kind: "blob", Path: path, Line: line, Frame: correlate.Frame{FirstLine: line, Lines: text}}
}

var now = time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)

func TestPlaces(t *testing.T) {
	const commit = "0123456789abcdef0123456789abcdef01234567"
	secret := "s3cr" + "et-one"
	files := tree{
		"a.env":             "\nKEY=" + secret + "\n",
		"b.env":             "KEY=other\n\n",
		commit + "@old.env": "x\ny\nKEY=" + secret + "\n",
	}
	tests := []struct {
		name    string
		place   place
		finding correlate.Finding
		outcome Outcome
		ignore  string // what the entry begins with; of a baseline likewise
	}{
		{"line", place{file: "a.env", rule: "r", line: 2}, secretAt("r", secret, at("a.env", 2)), Carried, "sk1:"},
		{"another line", place{file: "a.env", rule: "r", line: 1}, secretAt("r", secret, at("a.env", 2)), Stale, ""},
		{"another rule", place{file: "a.env", rule: "q", line: 2}, secretAt("r", secret, at("a.env", 2)), Dropped, ""},
		{"a name of gitleaks", place{file: "a.env", rule: "github-pat", line: 2}, secretAt("github-pat-classic", secret, at("a.env", 2)), Carried, "sk1:"},
		{"of betterleaks, unknown", place{tool: Betterleaks, file: "a.env", rule: "q", line: 2}, secretAt("r", secret, at("a.env", 2)), Carried, "sk1:"},
		{"only a name tells", place{file: "a.env", rule: "etsy-access-token", line: 2}, generic(secret), Carried, "sk1:"},
		{"not by a name alone", place{file: "a.env", rule: "etsy-access-token", line: 2}, secretAt("github-pat-classic", secret, at("a.env", 2)), Dropped, ""},
		{"moved since its commit", place{commit: commit, file: "old.env", rule: "r", line: 3}, secretAt("r", secret, at("old.env", 9)), Carried, "sk1:"},
		{"no such commit", place{commit: strings.Repeat("f", 40), file: "old.env", rule: "r", line: 3}, secretAt("r", secret, at("old.env", 9)), Stale, ""},
		{"no such file", place{file: "c.env", rule: "r", line: 3}, secretAt("r", secret, at("a.env", 2)), Stale, ""},
		{"file too short", place{file: "b.env", rule: "r", line: 30}, secretAt("r", secret, at("a.env", 2)), Stale, ""},
		{"nothing there", place{file: "b.env", rule: "r", line: 1}, secretAt("r", secret, at("a.env", 2)), Unneeded, ""},
		{"also elsewhere", place{file: "a.env", rule: "r", line: 2}, secretAt("r", secret, at("a.env", 2), at("z.env", 1)), Changed, "/a.env fingerprint=sk1:"},
		{"known", place{known: true, file: "a.env", rule: "r", line: 9, secret: secret}, secretAt("r", secret, at("a.env", 2)), Carried, "sk1:"},
		{"known, more of it", place{known: true, file: "a.env", rule: "r", line: 2, secret: "KEY=" + secret}, secretAt("r", secret, at("a.env", 2)), Carried, "sk1:"},
		{"known, gone", place{known: true, file: "a.env", rule: "r", line: 2, secret: "gone"}, secretAt("r", secret, at("a.env", 2)), Stale, ""},
		{"by hash", place{known: true, file: "a.env", line: 9, sha1: hashOf(secret)}, secretAt("r", secret, at("a.env", 2)), Carried, "sk1:"},
		{"by the hash of a part", place{known: true, file: "a.env", line: 2, sha1: hashOf(secret[2:6])}, secretAt("r", secret, at("a.env", 2)), Carried, "sk1:"},
		{"hash of another", place{known: true, file: "a.env", line: 2, sha1: hashOf("KEY")}, secretAt("r", secret, at("a.env", 2)), Unneeded, ""},
		{"hash, gone", place{known: true, file: "a.env", line: 2, sha1: hashOf("gone")}, secretAt("r", secret, at("a.env", 2)), Stale, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := read(t, tree{}, Options{})
			if tt.place.tool == "" {
				tt.place.tool = Gitleaks
			}
			tt.place.at = rules.Position{File: "ignored", Line: 7}
			m.places = []place{tt.place}
			ignore, baseline := m.Resolve([]correlate.Finding{tt.finding}, files, now)
			if len(m.Report.Items) != 1 || m.Report.Items[0].Outcome != tt.outcome {
				t.Errorf("got %+v, want %s", m.Report.Items, tt.outcome)
			}
			text, other := string(ignore), baseline
			if tt.place.known {
				text, other = string(baseline), ignore
			}
			_, line, _ := strings.Cut(text, "\n")
			if len(other) > 0 || !strings.HasPrefix(line, tt.ignore) || (tt.ignore == "") != (text == "") {
				t.Errorf("ignore file:\n%s\nbaseline:\n%s", ignore, baseline)
			}
			var reports strings.Builder
			if err := errors.Join(m.Report.WriteText(&reports), m.Report.WriteJSON(&reports)); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(text+reports.String(), secret) {
				t.Error("the secret is in it")
			}
			if _, err := policy.ParseIgnore("x", ignore); err != nil {
				t.Error(err)
			}
			if _, err := policy.ParseBaseline("x", baseline); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRenamedFileIsCovered(t *testing.T) {
	one, two := &correlate.Commit{ID: "c1"}, &correlate.Commit{ID: "c2"}
	old, moved := at("a.env", 1), at("b.env", 1)
	old.Object, old.First, old.Removed = "o", one, two
	moved.Object, moved.First = "o", two
	f := secretAt("r", "s3cr"+"et", old, moved)
	m := read(t, tree{}, Options{})
	m.places = []place{{tool: Gitleaks, file: "a.env", rule: "r", line: 1}}
	ignore, _ := m.Resolve([]correlate.Finding{f}, tree{"a.env": "s3cr" + "et\n"}, now)
	if !strings.Contains(string(ignore), "\nsk1:") {
		t.Errorf("%s", ignore)
	}
}

func TestComments(t *testing.T) {
	for _, tt := range []struct {
		name, line, before string
		want               Tool
	}{
		{"a.py", "x = 1 # pragma: allowlist secret", "", DetectSecrets},
		{"a.py", "x = 1 # pragma: whitelist-secret", "", DetectSecrets},
		{"a.go", "x := 1 // pragma: allowlist secret", "", DetectSecrets},
		{"a.yaml", "x: 1 // pragma: allowlist secret", "", ""},
		{"a.py", "x = 1", "# pragma: allowlist nextline secret", DetectSecrets},
		{"a.py", "x = 1", "y = 2 # pragma: allowlist nextline secret", ""},
		{"a.py", "x = 1 # pragma: no cover", "", ""},
		{"a.py", "x = 1 # trufflehog:ignore", "", Trufflehog},
		{"a.py", "x = 1 # betterleaks:allow", "", Betterleaks},
		{"a.py", "x = 1", "x = 1 # trufflehog:ignore", ""},
	} {
		if got, _ := commentIn(tt.name, tt.line, tt.before); got != tt.want {
			t.Errorf("%s %q after %q: %q, want %q", tt.name, tt.line, tt.before, got, tt.want)
		}
	}
	f := secretAt("r", "s3cr"+"et", at("a.py", 3, "x # trufflehog:ignore"))
	for from, want := range map[Tool]int{"": 1, Trufflehog: 1, Gitleaks: 0} {
		m := read(t, tree{}, Options{From: from})
		m.Resolve([]correlate.Finding{f}, tree{}, now)
		if got := m.Report.Count(Changed); got != want {
			t.Errorf("from %q: %d", from, got)
		}
	}
}

func TestSecretsBaseline(t *testing.T) {
	secret := "s3cr" + "et-one"
	baseline := `{
  "version": "1.5.0",
  "plugins_used": [
    {"name": "AWSKeyDetector"},
    {"name": "Own", "path": "file://own.py"},
    {"name": "KeywordDetector", "keyword_exclude": "x"}
  ],
  "filters_used": [
    {"path": "detect_secrets.filters.allowlist.is_line_allowlisted"},
    {"path": "detect_secrets.filters.heuristic.is_lock_file"},
    {"path": "detect_secrets.filters.regex.should_exclude_file", "pattern": ["^docs/", "^(?!src/)"]},
    {"path": "detect_secrets.filters.regex.should_exclude_line", "pattern": "EXAMPLE\\Z"},
    {"path": "detect_secrets.filters.regex.should_exclude_secret", "pattern": ["dummy"]},
    {"path": "detect_secrets.filters.wordlist.should_exclude_secret", "file_name": "words.txt"},
    {"path": "file://own.py::f"}
  ],
  "results": {
    "a.env": [
      {"type": "Secret Keyword", "filename": "a.env", "hashed_secret": "` + hashOf(secret) + `", "line_number": 1, "is_secret": false},
      {"type": "Secret Keyword", "filename": "a.env", "hashed_secret": "0", "line_number": 1}
    ]
  }
}
`
	files := tree{".secrets.baseline": baseline, "words.txt": "Alpha\nxy\nbeta\n", "a.env": "K=" + secret + "\n"}
	m := read(t, files, Options{})
	ignore, known := m.Resolve([]correlate.Finding{secretAt("r", secret, at("a.env", 1))}, files, now)
	want := []string{
		".secrets.baseline:5 plugin Own", ".secrets.baseline:6 plugin KeywordDetector: keyword_exclude",
		".secrets.baseline:11 filter should_exclude_file", ".secrets.baseline:15 filter of your own", ".secrets.baseline:20 entry for Secret Keyword",
	}
	if diff := cmp.Diff(want, m.Report.of(Dropped)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if known != nil || !strings.Contains(string(ignore), `reason="no secret, says the audit in .secrets.baseline"`) {
		t.Errorf("%s%s", ignore, known)
	}
	var got []rules.Allowlist
	for _, a := range m.Loaded.Rules.Allowlists {
		a.Description = ""
		got = append(got, a)
	}
	wantLists := []rules.Allowlist{
		{RegexTarget: "secret", Paths: []string{"^docs/"}},
		{RegexTarget: "line", Regexes: []string{`EXAMPLE\z`}},
		{RegexTarget: "secret", Regexes: []string{"dummy"}},
		{RegexTarget: "secret", StopWords: []string{"alpha", "beta"}},
		{RegexTarget: "secret", Paths: []string{`^\.secrets\.baseline$`}},
	}
	if diff := cmp.Diff(wantLists, got[:len(wantLists)]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}

	old := `{"version": "0.14.3", "exclude": {"files": "^old/", "lines": null}, "word_list": {"file": null}, "plugins_used": [], "results": {}}`
	m = read(t, tree{".secrets.baseline": old}, Options{})
	if !strings.Contains(string(m.Config), "'''^old/'''") {
		t.Errorf("%s", m.Config)
	}
}

func TestFind(t *testing.T) {
	files := tree{
		".betterleaks.toml":       "[extend]\nuseDefault = true\n",
		".gitleaks.toml":          "[extend]\nuseDefault = true\n",
		"leaks-baseline.json":     `[{"RuleID": "jwt", "File": "a", "StartLine": 1}]`,
		"tsconfig.baseline.json":  `{"a": 1}`,
		"conf/exclude.txt":        "^a/\n",
		"conf/base.json":          `[]`,
		".github/workflows/x.yml": "steps:\n- uses: trufflesecurity/trufflehog@main\n  with:\n    extra_args: --exclude-paths=conf/exclude.txt --results=verified\n# gitleaks in a comment\n- run: gitleaks git -b conf/base.json --config /etc/x.toml\n",
		".pre-commit-config.yaml": "repos:\n- repo: https://github.com/gitleaks/gitleaks\n  hooks:\n  - id: gitleaks\n- repo: local\n  hooks:\n  - id: mygitleaksish\n    entry: run\n",
	}
	m := read(t, files, Options{})
	if diff := cmp.Diff([]string{".gitleaks.toml the configuration"}, m.Report.of(Dropped)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	want := []string{
		".github/workflows/x.yml:2 action of trufflehog", ".github/workflows/x.yml:6 command gitleaks", ".pre-commit-config.yaml:2 pre-commit hook of gitleaks",
	}
	if diff := cmp.Diff(want, m.Report.of(Replace)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !strings.HasPrefix(string(m.Config), "# Made by straykey migrate from .betterleaks.toml, conf/exclude.txt, leaks-baseline.json, conf/base.json.\n") {
		t.Errorf("%s", m.Config)
	}
	if _, err := Read(files, Options{Config: "nothing.toml"}); err == nil {
		t.Error("a configuration that is not there was accepted")
	}
	m = read(t, files, Options{From: Gitleaks})
	if !strings.HasPrefix(string(m.Config), "# Made by straykey migrate from .gitleaks.toml,") {
		t.Errorf("%s", m.Config)
	}
}

func TestAdvice(t *testing.T) {
	for _, tt := range []struct{ file, line, want string }{
		{"a.yml", "  - uses: gitleaks/gitleaks-action@v2", "action of gitleaks"},
		{"a.yml", "    id: trufflehog", ""},
		{"a.yml", "    - TruffleHog", ""},
		{"a.yml", "  - name: gitleaks scan", ""},
		{"a.yml", "    if: steps.gitleaks.outcome == 'failure'", ""},
		{"a.yml", "    GITLEAKS_LICENSE: x", ""},
		{"a.yml", "    run: ./bin/gitleaks detect -v", "command gitleaks"},
		{"a.yml", "    image: trufflesecurity/trufflehog:latest", "container image of trufflehog"},
		{"Makefile", "\ttrufflehog git file://.", "command trufflehog"},
		{"package.json", `  "check": "betterleaks dir .",`, "command betterleaks"},
		{"lefthook.yml", "  run: detect-secrets-hook --baseline .secrets.baseline", "command detect-secrets"},
		{"a.yml", "  run: pip install detect-secrets==1.5.0", ""},
		{".pre-commit-config.yaml", "- repo: https://github.com/Yelp/detect-secrets", "pre-commit hook of detect-secrets"},
		{".pre-commit-config.yaml", "  - id: detect-secrets", ""},
		{"a.yml", "# run: gitleaks detect", ""},
	} {
		got := ""
		if tool := toolIn(tt.line); tool != "" {
			got, _ = advice(tool, tt.file, tt.line)
		}
		if got != tt.want {
			t.Errorf("%s %q: %q, want %q", tt.file, tt.line, got, tt.want)
		}
	}
}

func TestReport(t *testing.T) {
	r := Report{Complete: false, Files: []Written{{Path: "a", Entries: 2}}, Items: []Item{
		{Outcome: Carried, Tool: Gitleaks, At: rules.Position{File: "f", Line: 2}, What: "w"},
		{Outcome: Dropped, Tool: Gitleaks, At: rules.Position{File: "f\x1b[31m", Line: 1}, What: "v", Why: "y", Do: "d"},
	}}
	var text, js strings.Builder
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if got := text.String(); strings.Contains(got, "\x1b") || strings.Index(got, "Not carried") > strings.Index(got, "Carried over (1)") || !strings.Contains(got, "would write a, 2 entries\n") || !strings.Contains(got, "could not read everything") {
		t.Errorf("%s", got)
	}
	if err := r.WriteJSON(&js); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(js.String(), `"not-carried": 1`) {
		t.Errorf("%s", js.String())
	}
}

func TestTwoCredentialsInALine(t *testing.T) {
	one, two := "s3cr"+"et-one", "s3cr"+"et-other"
	files := tree{"a.env": one + " " + two + "\n"}
	for _, tool := range []Tool{Gitleaks, Betterleaks} {
		m := read(t, tree{}, Options{})
		m.places = []place{{tool: tool, file: "a.env", rule: "of-theirs", line: 1}}
		ignore, _ := m.Resolve([]correlate.Finding{secretAt("r", one, at("a.env", 1)), secretAt("q", two, at("a.env", 1))}, files, now)
		if ignore != nil || m.Report.Count(Dropped) != 1 {
			t.Errorf("%s: an entry for a rule that is not known here covers one of two: %s", tool, ignore)
		}
		m.places[0].rule, m.Report.Items = "q", nil
		ignore, _ = m.Resolve([]correlate.Finding{secretAt("r", one, at("a.env", 1)), secretAt("q", two, at("a.env", 1))}, files, now)
		if strings.Count(string(ignore), "\nsk1:") != 1 || !strings.Contains(string(ignore), "rule=q ") {
			t.Errorf("%s: %s", tool, ignore)
		}
	}
}
