package rules_test

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/rules"
)

// acme stands for the built-in catalogue in these tests.
const acme = `
[[rules]]
id = "acme-token"
description = "An Acme token."
severity = "high"
docs = "https://docs.acme.example/tokens"
token = '''acme_[0-9a-f]{32}'''
proof = "jwt"
aliases = ["acme-api-token"]
tags = ["cloud"]
positives = ["{{hex 32}}"]

[[rules]]
id = "acme-id"
regex = '''acme-id-([0-9]{4})-([0-9]{8})'''
secretGroup = 2
keywords = ["acme-id-"]
entropy = 1.5

[[rules]]
id = "acme-pair"
assigned = '''[0-9a-f]{40}'''
keywords = ["acme_secret"]
[[rules.required]]
id = "acme-id"
withinLines = 3

[[allowlists]]
paths = ['''^vendor/''']
`

// options are those of a program with two offline proofs and the catalogue above.
func options() rules.Options {
	proofs := []string{"jwt", "github"}
	return rules.Options{
		Proofs: proofs,
		Builtin: func() (*rules.Set, error) {
			return rules.Parse("acme.toml", []byte(acme), rules.Options{Proofs: proofs})
		},
	}
}

func parse(t *testing.T, text string) *rules.Set {
	t.Helper()
	set, err := rules.Parse("test.toml", []byte(text), options())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestParse(t *testing.T) {
	three, eighty := 3, 80
	got := parse(t, `
title = "ours"
description = "rules of this company"
minVersion = "v8.25.0"
provider = "Acme"
docs = "https://docs.acme.example"
rotate = "https://docs.acme.example/rotate"

[[rules]]
id = "full"
family = "acme"
description = "A full rule."
identity = "Personal-Access-Token"
severity = "CRITICAL"
confidence = "Low"
class = "identifiers"
docs = "https://docs.acme.example/full"
rotate = "https://docs.acme.example/full/rotate"
tags = ["a", "b"]
aliases = ["old-full"]
regex = '''acme-(\d+)-([a-z]{8})'''
path = '''\.env$'''
keywords = ["ACME-", "acme-", "Other"]
secretGroup = 2
entropy = 3
reach = 4096
multiline = true
proof = "jwt"
weak = true
skipReport = true
positives = ["one", """two
lines"""]
negatives = ["three"]

  [[rules.allowlists]]
  description = "samples"
  condition = "and"
  commits = [" ABCDEF1 "]
  paths = ['''^doc/''']
  regexTarget = "line"
  regexes = ['''example''']
  stopwords = ["EXAMPLE"]

  [[rules.required]]
  id = "short"
  withinLines = 3
  withinColumns = 80

[[rules]]
id = "short"
token = '''short_[a-z]{9}'''

[[allowlists]]
paths = ['''^vendor/''']

[[allowlists]]
targetRules = ["short"]
stopwords = ["nope"]
`)
	want := []*rules.Rule{
		{
			ID: "full", Family: "acme", Provider: "Acme", Description: "A full rule.",
			Identity: rules.PersonalAccessToken, Severity: rules.Critical, Confidence: rules.LowConfidence, Class: rules.Identifiers, Docs: "https://docs.acme.example/full", Rotate: "https://docs.acme.example/full/rotate",
			Tags: []string{"a", "b"}, Aliases: []string{"old-full"},
			Regex: `acme-(\d+)-([a-z]{8})`, Path: `\.env$`, Keywords: []string{"acme-", "other"},
			SecretGroup: 2, Entropy: 3, Reach: 4096, Multiline: true, Proof: "jwt", Weak: true, SkipReport: true,
			Allowlists: []rules.Allowlist{{
				Description: "samples", And: true, Commits: []string{"abcdef1"}, Paths: []string{"^doc/"},
				RegexTarget: "line", Regexes: []string{"example"}, StopWords: []string{"example"},
			}},
			Required:  []rules.Required{{ID: "short", WithinLines: &three, WithinColumns: &eighty}},
			Positives: []string{"one", "two\nlines"}, Negatives: []string{"three"},
			Source: rules.Position{File: "test.toml", Line: 9},
		},
		{
			ID: "short", Family: "short", Provider: "Acme", Identity: rules.Generic, Severity: rules.Medium,
			Confidence: rules.HighConfidence, Class: rules.Credentials, Docs: "https://docs.acme.example", Rotate: "https://docs.acme.example/rotate", Token: `short_[a-z]{9}`,
			Allowlists: []rules.Allowlist{{RegexTarget: "secret", StopWords: []string{"nope"}, TargetRules: []string{"short"}}},
			Source:     rules.Position{File: "test.toml", Line: 49},
		},
	}
	lines := got.Rules[0].Lines
	for _, r := range got.Rules {
		r.Lines = nil
	}
	if diff := cmp.Diff(want, got.Rules, emptyIsNil); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]rules.Allowlist{{Paths: []string{"^vendor/"}, RegexTarget: "secret"}}, got.Allowlists, emptyIsNil); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for key, line := range map[string]int{"id": 10, "regex": 21, "positives.1": 31, "negatives.0": 33, "allowlists.0.regexes.0": 41, "required.0.withinlines": 46} {
		if lines[key] != line {
			t.Errorf("line of %s is %d, want %d", key, lines[key], line)
		}
	}
}

// TestAsViperReadsIt loads what gitleaks accepts because of the library it reads
// its configuration with: any case, and scalars of another type.
func TestAsViperReadsIt(t *testing.T) {
	set := parse(t, `
Title = "x"
[[Rules]]
ID = 12
Regex = "a{3}(b)"
SecretGroup = "1"
ENTROPY = "2.5"
KeyWords = "AAA"
skipreport = "false"
[Rules.AllowList]
StopWords = ["x"]
[Allowlists]
Paths = "^a/"
`)
	r := set.Rules[0]
	if r.ID != "12" || r.SecretGroup != 1 || r.Entropy != 2.5 || len(r.Keywords) != 1 || r.SkipReport || len(r.Allowlists) != 1 || len(set.Allowlists) != 1 {
		t.Errorf("got %+v", r)
	}
}

func TestExtend(t *testing.T) {
	tests := []struct {
		name, text string
		check      func(*rules.Set) bool
	}{
		{
			"a rule is added",
			"[extend]\nuseDefault = true\n[[rules]]\nid = \"new\"\ntoken = 'new_[a-z]{9}'",
			func(s *rules.Set) bool { return len(s.Rules) == 4 && s.Rule("new") != nil && len(s.Allowlists) == 1 },
		},
		{
			"a rule is disabled",
			"[extend]\nuseDefault = true\ndisabledRules = [\"acme-token\"]",
			func(s *rules.Set) bool { return len(s.Rules) == 2 },
		},
		{
			"a rule is disabled by its alias",
			"[extend]\nuseDefault = true\ndisabledRules = [\"acme-api-token\"]",
			func(s *rules.Set) bool { return s.Rule("acme-token") == nil },
		},
		{
			"a disabled rule that another requires stays, unreported",
			"[extend]\nuseDefault = true\ndisabledRules = [\"acme-id\"]",
			func(s *rules.Set) bool { return len(s.Rules) == 3 && s.Rule("acme-id").SkipReport },
		},
		{
			"one field is replaced, the others stay",
			"[extend]\nuseDefault = true\n[[rules]]\nid = \"acme-id\"\nentropy = 0\ndescription = \"new\"",
			func(s *rules.Set) bool {
				r := s.Rule("acme-id")
				return r.Entropy == 0 && r.Description == "new" && r.SecretGroup == 2 && r.Regex != "" && r.Severity == rules.Medium
			},
		},
		{
			"the page on rotation is a field of its own",
			"[extend]\nuseDefault = true\n[[rules]]\nid = \"acme-token\"\nrotate = \"https://wiki.example/rotate\"",
			func(s *rules.Set) bool {
				r := s.Rule("acme-token")
				return r.Docs == "https://docs.acme.example/tokens" && r.Rotate == "https://wiki.example/rotate"
			},
		},
		{
			"lists are added to",
			"[extend]\nuseDefault = true\n[[rules]]\nid = \"acme-id\"\nkeywords = [\"more\"]\ntags = [\"t\"]\n[[rules.allowlists]]\nstopwords = [\"w\"]",
			func(s *rules.Set) bool {
				r := s.Rule("acme-id")
				return len(r.Keywords) == 2 && len(r.Tags) == 1 && len(r.Allowlists) == 1
			},
		},
		{
			"keywords do not narrow a rule whose anchors come from its shape",
			"[extend]\nuseDefault = true\n[[rules]]\nid = \"acme-token\"\nkeywords = [\"more\"]",
			func(s *rules.Set) bool { return len(s.Rule("acme-token").Keywords) == 0 },
		},
		{
			"a new shape drops what belonged to the old one",
			"[extend]\nuseDefault = true\n[[rules]]\nid = \"acme-token\"\nregex = 'our-[a-z]{9}'",
			func(s *rules.Set) bool {
				r := s.Rule("acme-token")
				return r.Token == "" && r.Regex != "" && r.Proof == "" && len(r.Positives) == 0 && r.Severity == rules.High
			},
		},
		{
			"an allowlist by alias goes to the rule that has it",
			"[extend]\nuseDefault = true\n[[rules]]\nid = \"acme-api-token\"\n[[rules.allowlists]]\nstopwords = [\"w\"]",
			func(s *rules.Set) bool { return len(s.Rules) == 3 && len(s.Rule("acme-token").Allowlists) == 1 },
		},
		{
			"targetRules reach extended rules",
			"[extend]\nuseDefault = true\n[[allowlists]]\ntargetRules = [\"acme-token\", \"acme-pair\"]\npaths = ['^x/']",
			func(s *rules.Set) bool {
				return len(s.Allowlists) == 1 && len(s.Rule("acme-token").Allowlists) == 1 && len(s.Rule("acme-pair").Allowlists) == 1
			},
		},
		{
			"requiring by alias",
			"[extend]\nuseDefault = true\n[[rules]]\nid = \"new\"\ntoken = 'new_[a-z]{9}'\n[[rules.required]]\nid = \"acme-api-token\"",
			func(s *rules.Set) bool { return s.Rule("new").Required[0].ID == "acme-token" },
		},
		{
			"pairing by alias",
			"[extend]\nuseDefault = true\n[[rules]]\nid = \"new\"\ntoken = 'new_[a-z]{9}'\npair = [\"acme-api-token\"]",
			func(s *rules.Set) bool { return slices.Equal(s.Rule("new").Pair, []string{"acme-token"}) },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if set := parse(t, tt.text); !tt.check(set) {
				t.Errorf("got %d rules, %d allowlists", len(set.Rules), len(set.Allowlists))
			}
		})
	}
}

// TestExtendLeavesTheBaseAlone guards the catalogue's Go data, which all sets share.
func TestExtendLeavesTheBaseAlone(t *testing.T) {
	base, err := options().Builtin()
	if err != nil {
		t.Fatal(err)
	}
	before := base.Hash
	o := options()
	o.Builtin = func() (*rules.Set, error) { return base, nil }
	_, err = rules.Parse("test.toml", []byte(`
[extend]
useDefault = true
disabledRules = ["acme-id"]
[[rules]]
id = "acme-pair"
[[rules.required]]
id = "acme-api-token"
[[rules]]
id = "acme-token"
tags = ["x"]
entropy = 2
`), o)
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := options().Builtin()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fresh, base); diff != "" || before != base.Hash {
		t.Errorf("the base has changed (-want +got):\n%s", diff)
	}
}

// files is a ReadFile over a map.
func files(m map[string]string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		text, ok := m[filepath.ToSlash(name)]
		if !ok {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		return []byte(text), nil
	}
}

func TestExtendPath(t *testing.T) {
	rule := func(id string) string { return "[[rules]]\nid = \"" + id + "\"\ntoken = '" + id + "_[a-z]{9}'\n" }
	extend := func(path string) string { return "[extend]\npath = \"" + path + "\"\n" }
	tests := []struct {
		name  string
		files map[string]string
		want  string // ids, or the error
	}{
		{"beside the file", map[string]string{"conf/a.toml": extend("b.toml") + rule("aaa"), "conf/b.toml": rule("bbb")}, "aaa bbb"},
		{"from the working directory, as gitleaks", map[string]string{"conf/a.toml": extend("b.toml") + rule("aaa"), "b.toml": rule("bbb")}, "aaa bbb"},
		{"a chain", map[string]string{"conf/a.toml": extend("b.toml") + rule("aaa"), "conf/b.toml": extend("../c.toml") + rule("bbb"), "c.toml": rule("ccc")}, "aaa bbb ccc"},
		{"itself", map[string]string{"conf/a.toml": extend("a.toml")}, `conf/a.toml:2: extend.path: "a.toml" extends itself by way of this file; remove one of the two [extend]`},
		{"a cycle", map[string]string{"conf/a.toml": extend("b.toml"), "conf/b.toml": extend("a.toml")}, `conf/b.toml:2: extend.path: "a.toml" extends itself by way of this file; remove one of the two [extend]`},
		{"not there", map[string]string{"conf/a.toml": extend("b.toml")}, `conf/a.toml:2: extend.path: "b.toml": file does not exist; expected the path of a rule file, relative to this file or to the working directory`},
		{"an error in the extended file", map[string]string{"conf/a.toml": extend("b.toml"), "conf/b.toml": "[[rules]]\nid = \"b\"\ntoken = '('"}, `conf/b.toml:3: rule "b": token: parentheses do not pair up; escape a literal one, e.g. '''\('''`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := options()
			o.ReadFile = files(tt.files)
			set, err := rules.Load("conf/a.toml", o)
			got := ""
			if err != nil {
				got = err.Error()
			} else {
				var ids []string
				for _, r := range set.Rules {
					ids = append(ids, r.ID)
				}
				got = strings.Join(ids, " ")
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestExtendDepth(t *testing.T) {
	m := map[string]string{}
	for i := 'a'; i < 'z'; i++ {
		m[string(i)+".toml"] = "[extend]\npath = \"" + string(i+1) + ".toml\"\n"
	}
	o := options()
	o.ReadFile = files(m)
	_, err := rules.Load("a.toml", o)
	want := "h.toml:2: extend.path: more than 8 files extend one another; join some of them"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestLoadFromDisk(t *testing.T) {
	name := filepath.Join(t.TempDir(), "rules.toml")
	if err := os.WriteFile(name, []byte(acme), 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := rules.Load(name, options())
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Rules) != 3 {
		t.Errorf("got %d rules", len(set.Rules))
	}
	_, err = rules.Load(name+".not", options())
	if !errors.Is(err, fs.ErrNotExist) || strings.Count(err.Error(), name) != 1 {
		t.Errorf("got %v, want an error that names the file once", err)
	}
}

// TestWarnings loads a gitleaks configuration that adjusts rules straykey does not have.
func TestWarnings(t *testing.T) {
	set := parse(t, `minVersion = "v9.1"
[extend]
useDefault = true
disabledRules = ["beamer-api-token"]
[[rules]]
id = "generic-api-key"
[[rules.allowlists]]
stopwords = ["x"]
[[allowlists]]
paths = ['x']
targetRules = ["acme-id", "sidekiq-secret"]
`)
	want := []string{
		"test.toml:1: minVersion: written for gitleaks v9.1; its format is understood up to 8.30.1",
		"test.toml:4: straykey has no rule for gitleaks' beamer-api-token; there is nothing to disable",
		"test.toml:6: straykey has no rule for gitleaks' generic-api-key; what this changes has no effect",
		"test.toml:11: straykey has no rule for gitleaks' sidekiq-secret; the allowlist does not apply to it",
	}
	if diff := cmp.Diff(want, set.Warnings); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestHash(t *testing.T) {
	base := parse(t, acme)
	if len(base.Hash) != 32 {
		t.Errorf("hash %q", base.Hash)
	}
	same := []string{
		strings.Replace(acme, "An Acme token.", "Something else.", 1),
		strings.Replace(acme, "{{hex 32}}", "{{hex 33}}", 1),
		"\n\n" + acme,
	}
	for i, text := range same {
		if parse(t, text).Hash != base.Hash {
			t.Errorf("%d: a change without effect changes the hash", i)
		}
	}
	different := []string{
		strings.Replace(acme, "{32}", "{33}", 1),
		strings.Replace(acme, "entropy = 1.5", "entropy = 1.6", 1),
		strings.Replace(acme, "withinLines = 3", "withinColumns = 3", 1),
		strings.Replace(acme, "^vendor/", "^vendors/", 1),
		strings.Replace(acme, `proof = "jwt"`, "", 1),
		acme + "\n[[allowlists]]\nstopwords = [\"x\"]",
	}
	seen := map[string]bool{base.Hash: true}
	for i, text := range different {
		h := parse(t, text).Hash
		if seen[h] {
			t.Errorf("%d: a change with effect does not change the hash", i)
		}
		seen[h] = true
	}
}

func TestOnlyAndSkip(t *testing.T) {
	base := parse(t, acme)
	ids := func(s *rules.Set) string {
		var out []string
		for _, r := range s.Rules {
			if r.SkipReport {
				out = append(out, "("+r.ID+")")
			} else {
				out = append(out, r.ID)
			}
		}
		return strings.Join(out, " ")
	}
	tests := []struct {
		name string
		do   func([]string) (*rules.Set, error)
		ids  []string
		want string
	}{
		{"only one", base.Only, []string{"acme-token"}, "acme-token"},
		{"only by alias", base.Only, []string{"acme-api-token"}, "acme-token"},
		{"only, with what it requires", base.Only, []string{"acme-pair"}, "(acme-id) acme-pair"},
		{"skip one", base.Skip, []string{"acme-token"}, "acme-id acme-pair"},
		{"skip a required one", base.Skip, []string{"acme-id"}, "(acme-id) acme-pair acme-token"},
		{"skip both", base.Skip, []string{"acme-id", "acme-pair"}, "acme-token"},
		{"unknown", base.Only, []string{"acme-tokne"}, `no rule "acme-tokne" (did you mean "acme-token"?); straykey rules list prints all ids`},
		{"nothing left", base.Skip, []string{"acme-id", "acme-pair", "acme-token"}, "no rule is left in force; name fewer rules to skip"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set, err := tt.do(tt.ids)
			got := ""
			if err != nil {
				got = err.Error()
			} else {
				got = ids(set)
				if set.Hash == base.Hash {
					t.Error("another set, the same hash")
				}
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	if ids(base) != "acme-id acme-pair acme-token" {
		t.Errorf("the set itself has changed: %s", ids(base))
	}
}

func TestNearest(t *testing.T) {
	ids := []string{"github-pat", "github-pat-classic", "gitlab-pat", "stripe-live-key"}
	for word, want := range map[string]string{
		"github-pta": "github-pat",
		"GITLAB-PAT": "gitlab-pat",
		"stripe":     "stripe-live-key",
		"zzz":        "",
		"":           "",
	} {
		if got := rules.Nearest(word, ids); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestNotANumber(t *testing.T) {
	for _, n := range []string{"nan", "inf", "-inf"} {
		set, err := rules.Parse("x.toml", []byte("[[rules]]\nid = \"a\"\ntoken = 'abc'\nentropy = "+n), options())
		if err == nil {
			t.Errorf("entropy = %s is accepted as %v (%v)", n, set.Rules[0].Entropy, math.NaN())
		}
	}
}

// A rule that is changed and whose partner is disabled stays; it only pairs with nothing.
func TestPartnerIsDisabled(t *testing.T) {
	set, err := rules.Parse("test.toml", []byte("[extend]\nuseDefault = true\ndisabledRules = [\"aws-secret-access-key\"]\n"+
		"[[rules]]\nid = \"aws-access-key-id\"\n[[rules.allowlists]]\npaths = ['x']"), rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if set.Rule("aws-access-key-id") == nil || set.Rule("aws-secret-access-key") != nil {
		t.Error("the wrong rules are left")
	}
}
