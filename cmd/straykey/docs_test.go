package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/detect/generic"
	"github.com/straykey/straykey/detect/proof/forge"
	"github.com/straykey/straykey/internal/built"
	"github.com/straykey/straykey/policy"
)

// TestDocs runs the command lines in the documents: every block of shell is a script that has to go through, in a
// directory where the names that the documents use exist. Exit codes 1 and 2 of straykey are outcomes, not mistakes. A
// block that cannot be run here has a comment before it that says why: <!-- not run: REASON -->. One for a service of
// continuous integration is run with the variables of that service: <!-- run as: SERVICE -->.
func TestDocs(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash to run them with")
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	documents := docFiles(t, root)
	tools := docTools(t)
	fixture := docFixture(t, bash, root, tools)
	for _, name := range documents {
		t.Run(filepath.Base(name), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range docBlocks(string(text)) {
				if b.notRun != "" {
					continue
				}
				t.Run(fmt.Sprintf("line %d", b.line), func(t *testing.T) {
					t.Parallel()
					script := b.commands()
					if b.runAs != "" {
						before, ok := docServices()[b.runAs]
						if !ok || strings.Count(script, "straykey ci") == 0 {
							t.Fatalf("run as %q: there is no such service, or no straykey ci in the block", b.runAs)
						}
						script = before + "\n" + script
					}
					runDocBlock(t, bash, fixture, tools, script)
				})
			}
		})
	}
}

// docFiles returns the documents of the repository.
func docFiles(t *testing.T, root string) []string {
	t.Helper()
	documents, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	return append(documents, filepath.Join(root, "README.md"), filepath.Join(root, "CONTRIBUTING.md"))
}

var docLink = regexp.MustCompile(`\]\(([^)#:\s]*)(?:#([^)]*))?\)`)

// TestDocLinks follows the links from documents to other files of the repository, and to headings in documents.
func TestDocLinks(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range docFiles(t, root) {
		for _, m := range docLink.FindAllStringSubmatch(readAll(t, name), -1) {
			to := name
			if m[1] != "" {
				to = filepath.Join(filepath.Dir(name), filepath.FromSlash(m[1]))
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s: link to %s: %v", filepath.Base(name), m[1], err)
			} else if m[2] != "" && !slices.Contains(docAnchors(readAll(t, to)), m[2]) {
				t.Errorf("%s: %s has no heading for #%s", filepath.Base(name), filepath.Base(to), m[2])
			}
		}
	}
}

var docMention = regexp.MustCompile("`straykey ([a-z][^`|…<>]*)`")

// TestDocMentions looks whether the commands that stand in sentences exist, with their flags.
func TestDocMentions(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, name := range append(docFiles(t, root), filepath.Join(root, "CHANGELOG.md")) {
		for _, m := range docMention.FindAllStringSubmatch(readAll(t, name), -1) {
			if seen[m[1]] {
				continue
			}
			seen[m[1]] = true
			command, rest, err := newRootCommand(&environment{getenv: os.Getenv}).Find(strings.Fields(m[1]))
			switch n := len(rest); {
			case err != nil || n == 0:
			case command.HasSubCommands() && !strings.HasPrefix(rest[0], "-"):
				err = errors.New("no such command")
			case strings.HasPrefix(rest[n-1], "-"):
				rest = append(rest, "x") // its value, if it takes one
				fallthrough
			default:
				err = command.ParseFlags(rest)
			}
			if err != nil {
				t.Errorf("%s: straykey %s: %v", filepath.Base(name), m[1], err)
			}
		}
	}
	if len(seen) < 15 {
		t.Errorf("only %d commands are mentioned", len(seen))
	}
}

// TestDocSettings looks whether all keys of a configuration are documented, and whether those that are exist.
func TestDocSettings(t *testing.T) {
	documented := map[string]bool{}
	row := regexp.MustCompile("(?m)^\\| `\\[([a-z]+)\\]` \\| (.*) \\|$")
	key := regexp.MustCompile("`([a-z-]+)`")
	for _, m := range row.FindAllStringSubmatch(readAll(t, filepath.Join("..", "..", "docs", "policy.md")), -1) {
		for _, k := range key.FindAllStringSubmatch(m[2], -1) {
			documented[m[1]+"."+k[1]] = true
		}
	}
	exist := map[string]bool{}
	for _, name := range policy.Names() {
		exist[name] = true
	}
	if diff := cmp.Diff(exist, documented); diff != "" {
		t.Errorf("docs/policy.md (-there is +documented):\n%s", diff)
	}
}

// TestDocDetectors looks whether all detectors that a rule may name are documented.
func TestDocDetectors(t *testing.T) {
	row := regexp.MustCompile("(?m)^\\| `detector` \\| a value .*$").FindString(readAll(t, filepath.Join("..", "..", "docs", "rules.md")))
	for _, name := range generic.Names() {
		if !strings.Contains(row, "`"+name+"`") {
			t.Errorf("docs/rules.md does not have the detector %s", name)
		}
	}
}

var docHeading = regexp.MustCompile(`(?m)^#+ (.+)$`)

// docAnchors returns what headings are called in links.
func docAnchors(text string) []string {
	var out []string
	for _, m := range docHeading.FindAllStringSubmatch(text, -1) {
		out = append(out, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, m[1]))
	}
	return out
}

// TestDocRecordings compares what documents show of the demo repository with what straykey prints. A line that is left out
// stands as "…".
func TestDocRecordings(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	const demo = "/tmp/demo" // as it is called in documents
	dir := filepath.Join(t.TempDir(), "demo")
	run := func(command string) string {
		name, args, _ := strings.Cut(strings.TrimSpace(strings.ReplaceAll(command, demo, dir)), " ")
		cmd := exec.CommandContext(t.Context(), name, strings.Fields(args)...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), docVariables(filepath.Dir(built.Straykey(t)), t.TempDir())...)
		if name == "go" {
			cmd.Dir, cmd.Env = root, os.Environ()
		} else {
			cmd.Path = built.Straykey(t)
		}
		out, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code > exitFindings || code < 0 {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
		return strings.ReplaceAll(string(out), dir, demo)
	}
	run("go run ./internal/demo " + demo)
	recorded := 0
	for _, name := range docFiles(t, root) {
		for _, b := range docBlocks(readAll(t, name)) {
			if b.language != "" || len(b.lines) == 0 || !strings.HasPrefix(b.lines[0], "$ ") {
				continue
			}
			recorded++
			var got string
			for _, line := range b.lines {
				if command, ok := strings.CutPrefix(line, "$ "); ok {
					command, _, _ = strings.Cut(command, " #")
					if strings.HasPrefix(command, "go run") {
						if err := os.RemoveAll(dir); err != nil {
							t.Fatal(err)
						}
					}
					got = "\n" + run(command)
					continue
				}
				if line = strings.TrimRight(line, " "); line == "" || strings.TrimSpace(line) == "…" {
					continue
				}
				_, after, ok := strings.Cut(got, "\n"+line+"\n")
				if !ok {
					t.Errorf("%s, line %d: straykey does not print %q there", filepath.Base(name), b.line, line)
					break
				}
				got = "\n" + after
			}
		}
	}
	if recorded < 2 {
		t.Errorf("%d recordings in the documents, want two at least", recorded)
	}
}

// docBlock is a fenced block of a document.
type docBlock struct {
	line     int // of its fence, from 1
	language string
	notRun   string // why it is not run
	runAs    string // the service for continuous integration that it is run by
	lines    []string
}

var (
	notRunMark = regexp.MustCompile(`^\s*<!-- not run: (.+) -->$`)
	runAsMark  = regexp.MustCompile(`^\s*<!-- run as: (.+) -->$`)
)

// docBlocks returns the fenced blocks of a Markdown document.
func docBlocks(text string) []docBlock {
	var out []docBlock
	var open *docBlock
	fence, notRun, runAs := "", "", ""
	for n, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimSpace(line)
		switch {
		case open != nil && trimmed == fence:
			out = append(out, *open)
			open, notRun, runAs = nil, "", ""
		case open != nil:
			open.lines = append(open.lines, line)
		case strings.HasPrefix(trimmed, "```"):
			language := strings.TrimLeft(trimmed, "`")
			fence = trimmed[:len(trimmed)-len(language)]
			open = &docBlock{line: n + 1, language: language, notRun: notRun, runAs: runAs}
		case trimmed == "":
		default:
			notRun, runAs = "", ""
			if m := notRunMark.FindStringSubmatch(line); m != nil {
				notRun = m[1]
			}
			if m := runAsMark.FindStringSubmatch(line); m != nil {
				runAs = m[1]
			}
		}
	}
	return out
}

// docServices is what services say of the change in the fixture, as a script that comes before that of a block.
func docServices() map[string]string {
	return map[string]string{
		"GitHub": `export GITHUB_ACTIONS=true GITHUB_EVENT_NAME=pull_request GITHUB_EVENT_PATH=$PWD/../event.json GITHUB_OUTPUT=$PWD/../output
printf '{"number":7,"pull_request":{"head":{"sha":"%s"},"base":{"sha":"%s","ref":"main"}}}' "$(git rev-parse HEAD)" "$(git rev-parse main)" >../event.json`,
		"GitLab":          `export GITLAB_CI=true CI_PIPELINE_SOURCE=merge_request_event CI_MERGE_REQUEST_IID=7 CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main CI_COMMIT_SHA=$(git rev-parse HEAD)`,
		"Azure Pipelines": `export TF_BUILD=True BUILD_REASON=PullRequest SYSTEM_PULLREQUEST_TARGETBRANCH=main SYSTEM_PULLREQUEST_SOURCECOMMITID=$(git rev-parse HEAD)`,
		"Bitbucket":       `export BITBUCKET_BUILD_NUMBER=3 BITBUCKET_PR_ID=7 BITBUCKET_PR_DESTINATION_BRANCH=main BITBUCKET_COMMIT=$(git rev-parse HEAD)`,
		"Jenkins":         `export JENKINS_URL=https://ci CHANGE_ID=7 CHANGE_TARGET=main GIT_COMMIT=$(git rev-parse HEAD)`,
		"Buildkite":       `export BUILDKITE=true BUILDKITE_COMMIT=HEAD BUILDKITE_PULL_REQUEST=7 BUILDKITE_PULL_REQUEST_BASE_BRANCH=main`,
		"CircleCI":        `export CIRCLECI=true CIRCLE_BRANCH=change CIRCLE_SHA1=$(git rev-parse HEAD)`,
	}
}

// Commands of straykey in files of other languages, such as a step of a workflow. They stand alone on their line.
var commandInside = regexp.MustCompile(`^\s*(?:- )?(?:(?:run|script|sh|command|entry):? )?["']?(straykey [^#"']*)["']?$`)

// commands returns what is to be run of a block: all of a shell script, what a recording shows after "$ ", and the
// command lines of straykey in anything else.
func (b *docBlock) commands() string {
	var out []string
	for _, line := range b.lines {
		switch b.language {
		case "sh":
			out = append(out, line)
		case "console":
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				out = append(out, command)
			}
		default:
			if m := commandInside.FindStringSubmatch(line); m != nil {
				out = append(out, m[1])
			}
		}
	}
	return strings.Join(out, "\n")
}

// docTools makes a directory of programs for the PATH: straykey, whose findings are no failures and which reaches no
// network when it would ask issuers. It is the real program, as a hook that it installs is called by others.
func docTools(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	wrapper := fmt.Sprintf(`#!/usr/bin/env bash
alone=
case " $* " in *verify*|*revoke*)
	if unshare -rn true 2>/dev/null; then alone='unshare -rn'
	else echo 'not run: the network cannot be taken away here' >&2; exit 0; fi ;;
esac
$alone %q "$@"
code=$?
outcomes=2
case $1 in hook) outcomes=0 ;; ci) outcomes=1 ;; esac
test $code -le $outcomes && exit 0
echo "exit code $code: straykey $*" >&2
exit $code
`, built.Straykey(t))
	jq := docJQ
	if program, err := exec.LookPath("jq"); err == nil {
		jq = fmt.Sprintf(docJQChecked, program)
	}
	for name, text := range map[string]string{"straykey": wrapper, "jq": jq} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// docJQ stands in for jq where there is none. docJQChecked does not take nothing, or a null, for an answer: that is what jq says of
// a field that does not exist. What is told to be empty in a document is.
const (
	docJQ = `#!/usr/bin/env bash
echo 'not run: jq is not installed' >&2
`
	docJQChecked = `#!/usr/bin/env bash
out=$(%q "$@") || { echo "jq: exit code $?: $*" >&2; exit 1; }
case "$*" in *problems*) ;; *)
	if test -z "$out" || grep -qw null <<<"$out"; then echo "jq: ${out:-nothing} of: $*" >&2; exit 4; fi ;;
esac
printf '%%s\n' "$out"
`
)

// docFixture makes what documents name, once for all blocks.
func docFixture(t *testing.T, bash, root, tools string) string {
	t.Helper()
	dir := t.TempDir()
	script, err := os.ReadFile(filepath.Join(root, "testdata", "docs", "fixture.sh"))
	if err != nil {
		t.Fatal(err)
	}
	if err := runDocScript(t, bash, tools, dir, dir, string(script)); err != nil {
		t.Fatal("fixture: ", err)
	}
	return dir
}

// runDocBlock runs a script in a copy of the fixture.
func runDocBlock(t *testing.T, bash, fixture, tools, script string) {
	t.Helper()
	if strings.TrimSpace(script) == "" {
		return
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(fixture)); err != nil {
		t.Fatal(err)
	}
	if err := runDocScript(t, bash, tools, dir, filepath.Join(dir, "project"), script); err != nil {
		t.Error(err)
	}
}

// runDocScript runs a script in a directory below home.
func runDocScript(t *testing.T, bash, tools, home, dir, script string) error {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), bash, "-euo", "pipefail")
	cmd.WaitDelay = time.Second
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(script)
	cmd.Env = append(os.Environ(), docVariables(tools, home)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s\n%s", err, numbered(script), out)
	}
	return nil
}

// docVariables is the environment of a block: nobody's settings, and the names that documents use.
func docVariables(tools, dir string) []string {
	return []string{
		"PATH=" + tools + string(os.PathListSeparator) + os.Getenv("PATH"),
		"HOME=" + filepath.Join(dir, "home"), "XDG_CONFIG_HOME=" + filepath.Join(dir, "home", ".config"), "XDG_CACHE_HOME=" + filepath.Join(dir, "home", ".cache"),
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_TERMINAL_PROMPT=0", "GIT_EDITOR=true",
		"GIT_AUTHOR_NAME=Ann Author", "GIT_AUTHOR_EMAIL=ann@example.com",
		"GIT_COMMITTER_NAME=Ann Author", "GIT_COMMITTER_EMAIL=ann@example.com",
		"NO_COLOR=1", "TMPDIR=" + dir, "GITHUB_STEP_SUMMARY=" + filepath.Join(dir, "summary.md"),
		"GITHUB_ACTIONS=", "GITLAB_CI=", "TF_BUILD=", "BITBUCKET_BUILD_NUMBER=", "BUILDKITE=", "CIRCLECI=", "JENKINS_URL=", // this test's own service
		"GITHUB_TOKEN=" + forge.GitHub(forge.New("docs"), "ghp"+"_"),
	}
}

func numbered(script string) string {
	var b bytes.Buffer
	n := 0
	for s := bufio.NewScanner(strings.NewReader(script)); s.Scan(); {
		n++
		fmt.Fprintf(&b, "%4d  %s\n", n, s.Text())
	}
	return b.String()
}
