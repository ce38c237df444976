package main

import (
	"strings"
	"testing"
)

// TestChangeCannotSilenceGate: whatever a change writes beside its secret into files that say what counts, the secret counts, and what would
// have suppressed it is told.
func TestChangeCannotSilenceGate(t *testing.T) {
	const (
		config   = ".straykey.toml"
		path     = "app/app_test.go"
		start    = "q7Kdw8xk"
		probable = "api_key: " + start + "2mvp9s4jq1zt\n" // of medium confidence at this path
	)
	for _, c := range []struct {
		name   string
		files  map[string]string
		silent bool // by its own word the change would pass
		listed string
	}{
		{"confidence", map[string]string{config: "[scan]\nconfidence = \"high\"\n"}, true, "[scan] confidence"},
		{"class", map[string]string{config: "[scan]\nclass = \"identifiers\"\n"}, true, "[scan] class"},
		{"only", map[string]string{config: "[scan]\nonly = [\"npm-token\"]\n"}, true, "[scan] only"},
		{"skip", map[string]string{config: "[scan]\nskip = [\"generic-api-key\"]\n"}, true, "[scan] skip"},
		{"a limit, and incomplete is accepted", map[string]string{config: "[scan]\nmax-blob-size = \"1kB\"\nallow-incomplete = true\n"}, true, "[scan] max-blob-size"},
		{"an exit code", map[string]string{config: "[scan]\nexit-code = 0\n"}, true, "[scan] exit-code"},
		{"other rules", map[string]string{config: "[extend]\nuseDefault = false\n[[rules]]\nid = \"x\"\ndescription = \"x\"\nregex = '''xyz_[a-z]{20}'''\nkeywords = [\"xyz_\"]\n"}, true, "[extend] useDefault"},
		{"an allowlist of paths", map[string]string{config: "[[allowlists]]\npaths = ['''app''']\n"}, true, "[[allowlists]]"},
		{"an allowlist of stop words", map[string]string{config: "[[allowlists]]\nstopwords = [\"" + start + "\"]\n"}, true, "[[allowlists]] stopwords"},
		{"an ignore file elsewhere", map[string]string{config: "[scan]\nignore-file = \"mine\"\n", "mine": "app/ reason=x\n"}, true, "[scan] ignore-file"},
		{"a configuration nearer to the secret", map[string]string{"app/" + config: "[scan]\nconfidence = \"high\"\n"}, false, ""},
		{"gitleaks' ignore file", map[string]string{".gitleaksignore": "app/app_test.go:generic-api-key:41\n"}, false, ""},
		{"gitleaks' configuration", map[string]string{".gitleaks.toml": "[allowlist]\npaths = ['''app''']\n"}, false, ""},
		{"attributes", map[string]string{".gitattributes": "*.go binary -diff\n"}, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, _ := branches(t)
			base := d.Git("rev-parse", "main")
			files := []string{path, strings.Repeat("// A line of a test that goes on for a while.\n", 40) + probable}
			for name, text := range c.files {
				files = append(files, name, text)
			}
			d.Commit(files...)
			j := &ciJob{dir: d.Path}
			if code, stdout, stderr := j.run(t, "scan", "--range", base+"..HEAD"); (code == exitClean) != c.silent {
				t.Errorf("by its own word, exit code %d\n%s%s", code, stdout, stderr)
			}
			code, stdout, stderr := j.run(t, "scan", "--range", base+"..HEAD", "--policy-ref", base)
			if code != exitFindings || !strings.Contains(stdout, path) {
				t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
			}
			if c.listed != "" && !strings.Contains(stdout, "suppression added by the change (config, does not count)") || !strings.Contains(stdout, c.listed) {
				t.Errorf("%q is not told\n%s", c.listed, stdout)
			}
		})
	}
}
