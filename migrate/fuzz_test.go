package migrate

import (
	"strings"
	"testing"

	"github.com/straykey/straykey/policy"
	"github.com/straykey/straykey/rules"
)

// FuzzRuleFile checks that whatever a configuration holds, what is made of it loads, and that each item has a place.
func FuzzRuleFile(f *testing.F) {
	f.Add("[[rules]]\nid = \"a\"\nregex = '''a_[a-z]{9}'''\n# c\n[allowlist]\npaths = [ '''x''', # y\n]\n")
	f.Add("prefilter = '''\nmatchesAny(get(attributes, \"path\", \"\"), [\"a\"])\n'''\n[extend]\nuseDefault = true\ndisabledRules = [\"jwt\"]\n")
	f.Add("[[rules]]\nid = \"generic-api-key\"\nentropy = 4\n[[allowlists]]\ntargetRules = [\"jwt\"]\nstopwords = [\"\"]\n[extend]\nuseDefault = true\n")
	f.Add("rules = [{id = 'x', regex = \"\"\"\na\\u0001b''''\"\"\", tags = 3}]\n[extend]\npath = \".betterleaks.toml\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := Read(tree{".betterleaks.toml": text}, Options{})
		if err != nil {
			t.Fatalf("%v", err)
		}
		if m.Config != nil {
			file := policy.File{Name: policy.ConfigFile, Layer: policy.LayerRepo, Data: m.Config}
			if _, err := policy.Load([]policy.File{file}, rules.Options{}); err != nil {
				t.Fatalf("%v\n%s", err, m.Config)
			}
		}
		for _, it := range m.Report.Items {
			if it.At.File == "" || it.What == "" || it.Outcome == "" {
				t.Fatalf("%+v", it)
			}
		}
	})
}

// FuzzFilter checks that what is understood of an expression can be said as an allowlist, or there is a reason why not.
func FuzzFilter(f *testing.F) {
	f.Add(`matchesAny(finding["secret"], ["a"]) && (get(attributes, "path", "") == "x" || entropy(finding["secret"]) <= 3.5)`)
	f.Add("!filter.containsAny(finding.line, [`a`, \"b\\n\"]) // c\n or x ? 1 : 2")
	f.Add(`attributes[?"git.sha"].orValue("") in [r"""a""", 'b']`)
	f.Fuzz(func(t *testing.T, src string) {
		list, err := parseFilter(src)
		if err != nil {
			return
		}
		if len(list) == 0 || len(list) > maxTerms*maxTerms {
			t.Fatalf("%d conditions", len(list))
		}
		for _, x := range list {
			c, bad := x.criteria()
			if x.bad != "" || bad != "" || c.entropy > 0 || len(c.rules) > 0 {
				continue
			}
			if b := c.block("[[allowlists]]", rules.Position{}); len(b.keys) == 0 {
				t.Fatalf("nothing of %+v", x)
			}
		}
	})
}

// FuzzDetectors checks that whatever a file of trufflehog holds, what is made of it loads.
func FuzzDetectors(f *testing.F) {
	f.Add("detectors:\n- name: A\n  keywords: [a]\n  regex:\n    x: 'a_([a-z]{9})'\n    y: 'b'\n  entropy: 3\n  exclude_words: [x]\n")
	f.Add("detectors:\n- &a {name: 'é', regex: {'': \"\\x00\"}}\n- *a\nsources: []\n")
	f.Add("a: [b\n---\n\t")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := Read(tree{"trufflehog.yml": text}, Options{}); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzSecretsBaseline checks that whatever a baseline of detect-secrets holds, it is read or reported, and that no entry is broken.
func FuzzSecretsBaseline(f *testing.F) {
	f.Add(`{"plugins_used": [{"name": "A", "limit": 3}], "filters_used": [{"path": "x.regex.should_exclude_file", "pattern": ["a"]}], "results": {"a b\n": [{"hashed_secret": "` + hashOf("x") + `", "line_number": 1, "is_secret": false}]}}`)
	f.Add(`{"exclude": {"files": "a", "lines": "(?=b)"}, "word_list": {"file": "w"}, "results": {}}`)
	f.Add(`[[[[`)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := Read(tree{".secrets.baseline": text}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(m.Report.Items) + len(m.places) + len(m.Config); n == 0 {
			t.Fatal("nothing is said of the file")
		}
		for line := range jsonLines([]byte(text)) {
			if n := jsonLines([]byte(text))[line]; n < 1 || n > 1+strings.Count(text, "\n") {
				t.Fatalf("line %d", n)
			}
			break
		}
	})
}

// FuzzUsage checks that what names a file names one of the repository, and that what is reported stands in the file.
func FuzzUsage(f *testing.F) {
	f.Add("- run: gitleaks git -b a.json --config=b.toml -i ../x\n")
	f.Add("args: ['--baseline', '.secrets.baseline'] # detect-secrets\n- uses: trufflesecurity/trufflehog@v3\n")
	f.Fuzz(func(t *testing.T, text string) {
		files := tree{".gitlab-ci.yml": text}
		m := &Migration{files: files}
		for _, s := range m.namedIn(".gitlab-ci.yml") {
			if s.name == "" || s.name[0] == '/' || strings.HasPrefix(s.name, "..") {
				t.Fatalf("%q", s.name)
			}
		}
		m.readUsage(source{kind: usageFile, name: ".gitlab-ci.yml"})
		for _, it := range m.Report.Items {
			if it.At.Line < 1 || it.At.Line > 1+strings.Count(text, "\n") {
				t.Fatalf("%+v", it)
			}
		}
	})
}
