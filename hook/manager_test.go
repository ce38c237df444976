package hook

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var from = Source{Repo: "https://github.com/straykey/straykey", Rev: "v1.2.3"}

func TestAddPreCommit(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{
			"at the end of the list, before the next key and its comment",
			"# all of us\nrepos:\n  - repo: https://example.com/a\n    rev: v1\n    hooks:\n      - id: a\n      # - id: b\n\n# for CI\nci:\n  skip: [a]\n",
			"# all of us\nrepos:\n  - repo: https://example.com/a\n    rev: v1\n    hooks:\n      - id: a\n      # - id: b\n" +
				"  - repo: https://github.com/straykey/straykey\n    rev: v1.2.3\n    hooks:\n      - id: straykey\n" +
				"\n# for CI\nci:\n  skip: [a]\n",
		},
		{
			"items that are not indented, and no newline at the end",
			"repos:\n- repo: local\n  hooks: []",
			"repos:\n- repo: local\n  hooks: []\n- repo: https://github.com/straykey/straykey\n  rev: v1.2.3\n  hooks:\n    - id: straykey\n",
		},
		{"an empty list", "repos: []\n", ""},
		{"a list in one line", "repos: [{repo: local, hooks: []}]\n", ""},
		{"no list", "minimum_pre_commit_version: 3.2.0\n", ""},
		{"empty", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { checkEdit(t, tt.text, tt.want, addPreCommitText, removePreCommitText) })
	}
}

func addPreCommitText(s string) (string, bool)    { return addPreCommit(s, from, PreCommit) }
func removePreCommitText(s string) (string, bool) { return removePreCommit(s, PreCommit) }

func TestAddLefthook(t *testing.T) {
	const own = "pre-commit:\n  commands:\n    straykey:\n      run: straykey hook run pre-commit\n"
	tests := []struct{ name, text, want string }{
		{"empty", "", own},
		{"other hooks", "# hooks\npre-push:\n  commands:\n    t:\n      run: make test\n", "# hooks\npre-push:\n  commands:\n    t:\n      run: make test\n" + own},
		{
			"beside other commands",
			"pre-commit:\n    parallel: true\n    commands: # all\n        lint:\n            run: make lint\n",
			"pre-commit:\n    parallel: true\n    commands: # all\n        straykey:\n            run: straykey hook run pre-commit\n        lint:\n            run: make lint\n",
		},
		{"jobs", "pre-commit:\n  jobs:\n    - run: make lint\n", ""},
		{"flow style", "pre-commit: {commands: {lint: {run: make lint}}}\n", ""},
		{"a quoted key", "\"pre-commit\":\n  commands:\n    lint:\n      run: x\n", ""},
		{"JSON", "{\"pre-commit\": {}}\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			checkEdit(t, tt.text, tt.want,
				func(s string) (string, bool) { return addLefthook(s, PreCommit) },
				func(s string) (string, bool) { return removeLefthook(s, PreCommit) })
		})
	}
	both, _ := addLefthook(own, PrePush)
	if got, ok := removeLefthook(both, PreCommit); !ok || strings.Contains(got, "pre-commit") || !strings.HasPrefix(got, "pre-push:\n") {
		t.Errorf("the first of both taken away: %q, %v", got, ok)
	}
	if got, _ := addLefthook("", PrePush); got != "pre-push:\n  commands:\n    straykey:\n      run: straykey hook run pre-push {0}\n      use_stdin: true\n" {
		t.Errorf("pre-push: %q", got)
	}
}

func TestAddHusky(t *testing.T) {
	const line = "straykey hook run pre-commit \"$@\"\n"
	for _, text := range []string{"", "npx lint-staged\n", "#!/usr/bin/env sh\n. \"$(dirname -- \"$0\")/_/husky.sh\"\n\nnpm test\n"} {
		checkEdit(t, text, text+line,
			func(s string) (string, bool) { return addHusky(s, PreCommit), true },
			func(s string) (string, bool) { return removeHusky(s, PreCommit) })
	}
	if again := addHusky("x\n"+line, PreCommit); again != "x\n"+line {
		t.Errorf("added twice: %q", again)
	}
}

// checkEdit checks what an edit makes of a text (empty: it refuses), that no line is lost, and that it can be taken back.
func checkEdit(t *testing.T, text, want string, add, remove func(string) (string, bool)) {
	t.Helper()
	got, ok := add(text)
	if ok != (want != "") || ok && got != want {
		t.Errorf("of %q, %v (-want +got):\n%s", text, ok, cmp.Diff(want, got))
	}
	if !ok {
		return
	}
	back, ok := remove(got)
	if !ok || back != withNewline(text) {
		t.Errorf("taken back: %v (-want +got):\n%s", ok, cmp.Diff(withNewline(text), back))
	}
}

// Whatever the configuration looks like, an edit adds lines and loses none.
func FuzzEdits(f *testing.F) {
	f.Add("repos:\n- repo: local\n  hooks: []")
	f.Add("pre-commit:\n  commands:\n    lint:\n      run: x\n# end\n")
	f.Add("pre-commit:\r\n  commands:\r\n    lint: {}\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		for name, add := range map[string]func(string) (string, bool){
			"pre-commit": addPreCommitText,
			"lefthook":   func(s string) (string, bool) { return addLefthook(s, PreCommit) },
			"husky":      func(s string) (string, bool) { return addHusky(s, PreCommit), true },
		} {
			got, ok := add(text)
			if !ok {
				continue
			}
			rest := splitLines(withNewline(got))
			for line := range strings.Lines(text) {
				line = withNewline(line) // the last one gets an end
				i := slices.Index(rest, line)
				if i < 0 {
					t.Fatalf("%s: line %q of %q is lost in %q", name, line, text, got)
				}
				rest = rest[i+1:]
			}
			if !strings.Contains(got, "straykey") {
				t.Fatalf("%s: nothing was added to %q", name, text)
			}
		}
	})
}
