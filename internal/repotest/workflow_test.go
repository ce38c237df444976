package repotest

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// workflowFindings says what a workflow does that this repository's must not: others' actions that may change under us,
// rights that nobody named, jobs without an end, and texts of others in scripts, where a variable would do.
func workflowFindings(text string) []string {
	var out []string
	if !regexp.MustCompile(`(?m)^permissions:`).MatchString(text) {
		out = append(out, "no permissions for all jobs")
	}
	pinned := regexp.MustCompile(`^(\./\S+|[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$`)
	jobs, ends := 0, 0
	script := -1 // the indentation of the script we are in
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		indent := len(line) - len(strings.TrimLeft(line, "- ")) // of a key, also the first of a list's element
		if trimmed != "" && indent <= script {
			script = -1
		}
		key, value, _ := strings.Cut(strings.TrimPrefix(trimmed, "- "), ": ")
		switch {
		case script >= 0:
			if strings.Contains(line, "${{") {
				out = append(out, "an expression in a script: "+trimmed)
			}
		case key == "uses":
			if !pinned.MatchString(value) {
				out = append(out, "not pinned by commit, with the version beside it: "+value)
			}
		case key == "run" && strings.Contains(value, "${{"):
			out = append(out, "an expression in a script: "+trimmed)
		case key == "run" && strings.HasPrefix(value, "|"):
			script = indent
		case key == "runs-on":
			jobs++
		case key == "timeout-minutes":
			ends++
		}
	}
	if jobs != ends {
		out = append(out, "a job without timeout-minutes")
	}
	return out
}

func TestWorkflows(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yml"))
	if err != nil || len(files) < 2 {
		t.Fatalf("workflows: %q, %v", files, err)
	}
	for _, file := range files {
		for _, f := range workflowFindings(read(t, strings.TrimPrefix(file, root+"/"))) {
			t.Errorf("%s: %s", file, f)
		}
	}
}

func TestWorkflowFindings(t *testing.T) {
	const good = `permissions: {}
jobs:
  a:
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    steps:
      - uses: ./.github/workflows/ci.yml
      - uses: actions/checkout@0123456789012345678901234567890123456789 # v1.2.3
      - run: |
          echo "$NAME"
        env:
          NAME: ${{ github.ref_name }}
`
	if got := workflowFindings(good); len(got) > 0 {
		t.Errorf("findings in a good one: %q", got)
	}
	for _, tt := range []struct{ from, to, want string }{
		{"permissions: {}\n", "", "no permissions for all jobs"},
		{"@0123456789012345678901234567890123456789 # v1.2.3", "@v1", "not pinned by commit, with the version beside it: actions/checkout@v1"},
		{" # v1.2.3", "", "not pinned by commit, with the version beside it: actions/checkout@0123456789012345678901234567890123456789"},
		{`"$NAME"`, `${{ github.head_ref }}`, "an expression in a script: echo ${{ github.head_ref }}"},
		{"run: |\n          echo", "run: echo ${{ inputs.x }}", "an expression in a script: - run: echo ${{ inputs.x }} \"$NAME\""},
		{"    timeout-minutes: 5\n", "", "a job without timeout-minutes"},
	} {
		bad := strings.Replace(good, tt.from, tt.to, 1)
		if got := workflowFindings(bad); len(got) != 1 || got[0] != tt.want {
			t.Errorf("%q for %q: %q, want %q", tt.to, tt.from, got, tt.want)
		}
	}
}

// The archives have the names by which the action downloads them; make release-check installs one.
func TestArchiveNames(t *testing.T) {
	for file, wants := range map[string][]string{
		".goreleaser.yaml": {
			`name_template: "{{ .ProjectName }}_{{ .Version }}_{{ .Os }}_{{ .Arch }}"`, "project_name: straykey\n", "name_template: checksums.txt\n",
			"goos: [linux, darwin, windows]\n", "goarch: [amd64, arm64]\n", "formats: [tar.gz]\n", "- goos: windows\n        formats: [zip]\n",
		},
		"action/install.sh": {`archive=straykey_${version#v}_${os}_$arch.$kind`, `$releases/$version/checksums.txt`},
	} {
		text := read(t, file)
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s has no %q", file, want)
			}
		}
	}
}

// One image: what is pushed is what the hook runs and what people are told to run.
func TestImageName(t *testing.T) {
	const image = "ghcr.io/straykey/straykey"
	for file, want := range map[string]string{
		".github/workflows/release.yml": "tools/release/image.sh " + image + " ",
		".pre-commit-hooks.yaml":        "entry: " + image + " ",
		"docs/install.md":               image + ":1.2.3 ",
	} {
		if !strings.Contains(read(t, file), want) {
			t.Errorf("%s has no %q", file, want)
		}
	}
}
