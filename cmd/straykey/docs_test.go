package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/straykey/straykey/detect/proof/forge"
	"github.com/straykey/straykey/internal/built"
)

// TestDocs runs the command lines in the documents: every block of shell is a script that has to go through, in a
// directory where the names that the documents use exist. Exit codes 1 and 2 of straykey are outcomes, not mistakes. A
// block that cannot be run here has a comment before it that says why: <!-- not run: REASON -->.
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
					runDocBlock(t, bash, fixture, tools, b.commands())
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

var docLink = regexp.MustCompile(`\]\(([^)#:\s]+)(?:#[^)]*)?\)`)

// TestDocLinks follows the links from documents to other files of the repository.
func TestDocLinks(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range docFiles(t, root) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range docLink.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(name), filepath.FromSlash(m[1]))); err != nil {
				t.Errorf("%s: link to %s: %v", filepath.Base(name), m[1], err)
			}
		}
	}
}

// docBlock is a fenced block of a document.
type docBlock struct {
	line     int // of its fence, from 1
	language string
	notRun   string // why it is not run
	lines    []string
}

var notRunMark = regexp.MustCompile(`^\s*<!-- not run: (.+) -->$`)

// docBlocks returns the fenced blocks of a Markdown document.
func docBlocks(text string) []docBlock {
	var out []docBlock
	var open *docBlock
	fence, notRun := "", ""
	for n, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimSpace(line)
		switch {
		case open != nil && trimmed == fence:
			out = append(out, *open)
			open, notRun = nil, ""
		case open != nil:
			open.lines = append(open.lines, line)
		case strings.HasPrefix(trimmed, "```"):
			language := strings.TrimLeft(trimmed, "`")
			fence = trimmed[:len(trimmed)-len(language)]
			open = &docBlock{line: n + 1, language: language, notRun: notRun}
		case trimmed == "":
		default:
			notRun = ""
			if m := notRunMark.FindStringSubmatch(line); m != nil {
				notRun = m[1]
			}
		}
	}
	return out
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
case $1 in hook) outcomes=0 ;; esac
test $code -le $outcomes && exit 0
echo "exit code $code: straykey $*" >&2
exit $code
`, built.Straykey(t))
	if err := os.WriteFile(filepath.Join(dir, "straykey"), []byte(wrapper), 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

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
