package gitleakstest

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/detect/proof/forge"
	"github.com/straykey/straykey/internal/built"
	"github.com/straykey/straykey/source/repo/gittest"
)

const tools = "../../.cache/gitleaks/v8.30.1" // where install.sh puts them

// tool returns the absolute path of what install.sh has got.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(tools, name))
	if err == nil {
		_, err = os.Stat(path)
	}
	switch {
	case err == nil:
		return path
	case os.Getenv("STRAYKEY_REQUIRE_GITLEAKS") != "":
		t.Fatalf("%s is required: %v", name, err)
	}
	t.Skipf("needs %s: run internal/gitleakstest/install.sh", name)
	return ""
}

// A bench runs both programs in one directory.
type bench struct {
	t         *testing.T
	dir       gittest.Dir
	programs  [2]string // gitleaks, straykey
	variables []string
}

// newBench makes a repository with what the configuration in it is about, and more that it is not.
func newBench(t *testing.T) *bench {
	b := &bench{t: t, programs: [2]string{tool(t, "gitleaks"), built.Straykey(t)}, dir: gittest.Init(t)}
	d := b.dir
	r := forge.New("gitleaks")
	acme := func() string { return "ACME-" + strings.ToUpper(forge.Chars(r, "0123456789abcdef", 16)) }
	first := acme()
	d.Git("remote", "add", "origin", "git@github.com:acme/x.git")
	d.Write(".gitleaks.toml", config)
	d.Write("empty.toml", "[[rules]]\nid = \"none\"\nregex = '''none-such-[0-9]{9}'''\n")
	d.Write("report.tmpl", `{{range .}}{{.RuleID}}|{{.Secret}}|{{.Match}}|{{.File}}|{{.StartLine}}|{{.Commit}}|{{.Author}}|{{.Date}}|{{.Message | quote}}|{{.Fingerprint}}|{{join "," .Tags}}|{{printf "%.4f" .Entropy}}`+"\n{{end}}")
	d.Write("wrong.tmpl", "{{range}")
	d.Write("src/a.py", "import os\n\nacme_key = '"+first+"'\nother = 1\n")
	d.Write("src/b c.env", "# first\nPASS=hunter22-"+forge.Chars(r, "0123456789abcdef", 10)+"\nACME_TOKEN="+acme()+" # gitleaks:allow\n")
	d.Write("server.p12x", "not a key store\n")
	d.Write("node/skip.txt", "acme_key = "+acme()+"\n")
	d.Commit()
	// The line moves, which is nothing; then it changes, which is a finding more.
	d.Write("src/a.py", "import os\nimport sys\n\nacme_key = '"+first+"'\nother = 1\n")
	d.Commit()
	d.Write("src/a.py", "import os\nimport sys\n\nacme_key =  '"+first+"' # twice: '"+acme()+"'\nother = 1\n")
	d.Commit()
	// A block over several lines, one secret on two lines, and what is encoded.
	d.Write("src/block.txt", "begin acme block\n"+forge.Chars(r, "0123456789abcdef", 24)+"\n"+forge.Chars(r, "0123456789abcdef", 24)+"\nend acme block\n")
	d.Write("deep/er/two.txt", "x: "+first+"\ny: "+first+"\n")
	d.Commit()
	d.Git("checkout", "-q", "-b", "side", "HEAD~2")
	d.Write("side.txt", "at the end acme_key="+acme())
	d.Commit()
	d.Git("checkout", "-q", "main")
	d.Git("merge", "-q", "--no-edit", "side")
	// What is not committed: one staged, one not.
	d.Write("staged.txt", "acme_key="+acme()+"\n")
	d.Git("add", "staged.txt")
	d.Write("src/a.py", "import os\nimport sys\n\nacme_key = '"+acme()+"'\nother = 1\n")
	return b
}

const config = `title = "test"
[[rules]]
id = "acme-key"
description = "A key of \"Acme\", with <markup> & more"
regex = '''(?i)\b(ACME-[0-9A-F]{16})\b'''
tags = ["key", "acme"]
keywords = ["acme-"]
entropy = 2
[[rules]]
id = "password"
description = "A password"
regex = '''PASS=(hunter22-)([0-9a-f]+)'''
secretGroup = 2
[[rules]]
id = "key-store"
description = "A key store"
path = '''\.p12x$'''
[[rules]]
id = "acme-block"
description = "A block of Acme"
regex = '''begin acme block\n([0-9a-f\n]+)end acme block'''
keywords = ["begin acme block"]
[[rules.allowlists]]
paths = ['''^vendor/''']
[allowlist]
paths = ['''^node/''']
`

// run runs a program and returns what it writes to standard output, and its exit code.
func (b *bench) run(program, stdin string, args ...string) (out string, code int) {
	b.t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Stdin = b.dir.Path, strings.NewReader(stdin)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "GIT_") && !strings.HasPrefix(v, "GITLEAKS_") && !strings.HasPrefix(v, "STRAYKEY_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "STRAYKEY_CACHE="+b.t.TempDir())
	cmd.Env = append(cmd.Env, b.variables...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		b.t.Fatalf("%s: %v", program, err)
	}
	return stdout.String(), cmd.ProcessState.ExitCode()
}

// both runs both programs, straykey with secrets as they are, which is how gitleaks writes them.
func (b *bench) both(stdin string, args ...string) (out [2]string, code [2]int) {
	b.t.Helper()
	for i, program := range b.programs {
		all := args
		if i == 1 && !slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, "--redact") }) {
			all = slices.Concat(args, []string{"--redact=0"})
		}
		out[i], code[i] = b.run(program, stdin, all...)
	}
	return out, code
}

// modes are command lines that scan different things.
var modes = []struct {
	name  string
	args  []string
	stdin string
}{
	{"git", []string{"git"}, ""},
	{"last commit", []string{"git", "--log-opts=-1 side"}, ""},
	{"range", []string{"git", "--log-opts=main~1..main"}, ""},
	{"a file's commits", []string{"git", "--log-opts=--all -- src/a.py"}, ""},
	{"staged", []string{"git", "--staged"}, ""},
	{"pre-commit", []string{"git", "--pre-commit"}, ""},
	{"dir", []string{"dir", "src", "-c", ".gitleaks.toml"}, ""},
	{"dir here", []string{"dir"}, ""},
	{"file", []string{"file", "src/block.txt", "-c", ".gitleaks.toml"}, ""},
	{"stdin", []string{"stdin", "-c", ".gitleaks.toml"}, "a\nkey ACME-0123456789ABCDE4\n"},
	{"detect", []string{"detect", "-s", "."}, ""},
	{"detect without git", []string{"detect", "--no-git", "-s", "src", "-c", ".gitleaks.toml"}, ""},
	{"detect a pipe", []string{"detect", "--pipe"}, "ACME-0123456789ABCDE4"},
	{"protect", []string{"protect"}, ""},
	{"protect what is staged", []string{"protect", "--staged", "-v=false"}, ""},
	{"one rule", []string{"git", "--enable-rule", "password"}, ""},
	{"redacted", []string{"git", "--redact"}, ""},
	{"redacted in part", []string{"git", "--redact=35"}, ""},
	{"no allow comments", []string{"git", "--ignore-gitleaks-allow"}, ""},
	{"no links", []string{"git", "--platform", "none"}, ""},
	{"links to another platform", []string{"git", "--platform", "gitlab"}, ""},
	{"nothing decoded", []string{"git", "--max-decode-depth", "0"}, ""},
	{"gitleaks' own rules", []string{"git", "-c", "GITLEAKS.toml"}, ""},
	{"gitleaks' own rules on files", []string{"dir", "-c", "GITLEAKS.toml", "."}, ""},
	{"nothing found", []string{"git", "-c", "empty.toml"}, ""},
}

// TestReports compares the reports of both, in every format.
func TestReports(t *testing.T) {
	b := newBench(t)
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			b.t = t
			for i, arg := range m.args {
				if arg == "GITLEAKS.toml" {
					m.args = slices.Clone(m.args)
					m.args[i] = tool(t, "gitleaks.toml")
				}
			}
			for _, format := range []string{"json", "csv", "junit", "sarif", "template"} {
				args := slices.Concat(m.args, []string{"-f", format, "-r", "-", "-l", "fatal", "--no-banner"})
				if format == "template" {
					args = append(args, "--report-template", "report.tmpl")
				}
				out, code := b.both(m.stdin, args...)
				if code[0] != code[1] {
					t.Errorf("%s: exit codes %d and %d", format, code[0], code[1])
				}
				read := map[string]func(string) ([]string, error){"json": readJSON, "csv": readCSV, "junit": readJUnit, "sarif": readSARIF, "template": readLines}[format]
				theirs, err := read(out[0])
				if err != nil {
					t.Fatalf("gitleaks' %s: %v", format, err)
				}
				ours, err := read(out[1])
				if err != nil {
					t.Fatalf("straykey's %s: %v", format, err)
				}
				if m.name == "redacted" { // gitleaks writes REDACTED between all letters where there is no secret
					isFile := func(line string) bool { return strings.Contains(line, "key-store") }
					theirs, ours = slices.DeleteFunc(theirs, isFile), slices.DeleteFunc(ours, isFile)
				}
				if m.name != "nothing found" && len(theirs) == 0 {
					t.Errorf("%s: gitleaks finds nothing", format)
				}
				if diff := cmp.Diff(theirs, ours); diff != "" {
					t.Errorf("%s: -gitleaks +straykey:\n%s", format, diff)
				}
			}
		})
	}
}

// The readers return a line a finding, in order, with what both are to have in common. gitleaks counts columns from 2 on all
// lines but the first of what it reads, and writes the year 1 for what is not committed; texts of its own are left out.

type finding map[string]any

func readJSON(text string) ([]string, error) {
	var list []finding
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, err
	}
	return describe(list), nil
}

// noDate is how gitleaks writes that there is no date.
const noDate = "0001-01-01T00:00:00Z"

// describe writes findings out.
func describe(list []finding) []string {
	var out []string
	for _, f := range list {
		delete(f, "StartColumn")
		delete(f, "EndColumn")
		if f["Date"] == noDate {
			f["Date"] = ""
		}
		line, _ := json.Marshal(f)
		out = append(out, string(line))
	}
	slices.Sort(out)
	return out
}

func readCSV(text string) ([]string, error) {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	var list []finding
	for _, row := range rows[1:] {
		f := finding{}
		for i, cell := range row {
			f[rows[0][i]] = cell
		}
		list = append(list, f)
	}
	return append([]string{strings.Join(rows[0], ",")}, describe(list)...), nil
}

func readJUnit(text string) ([]string, error) {
	var suites struct {
		Suite struct {
			Failures string `xml:"failures,attr"`
			Name     string `xml:"name,attr"`
			Tests    string `xml:"tests,attr"`
			Cases    []struct {
				ClassName string `xml:"classname,attr"`
				File      string `xml:"file,attr"`
				Failure   struct {
					Type string `xml:"type,attr"`
					Text string `xml:",chardata"`
				} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(text), &suites); err != nil {
		return nil, err
	}
	s := suites.Suite
	var list []finding
	for _, c := range s.Cases {
		f := finding{}
		if err := json.Unmarshal([]byte(c.Failure.Text), &f); err != nil {
			return nil, err
		}
		f["class"], f["file"], f["type"] = c.ClassName, c.File, c.Failure.Type
		list = append(list, f)
	}
	out := describe(list)
	if len(out) > 0 {
		out = append(out, fmt.Sprint(s.Name, s.Failures, s.Tests))
	}
	return out, nil
}

func readSARIF(text string) ([]string, error) {
	var log struct {
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct{ Name, SemanticVersion string }
			}
			Results []struct {
				RuleID              string
				Locations           []struct{ PhysicalLocation map[string]any }
				PartialFingerprints map[string]string
				Properties          map[string]any
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &log); err != nil {
		return nil, err
	}
	var list []finding
	for _, r := range log.Runs[0].Results {
		region, _ := r.Locations[0].PhysicalLocation["region"].(map[string]any)
		delete(region, "startColumn")
		delete(region, "endColumn")
		for _, key := range []string{"startLine", "endLine"} { // SARIF has no line 0, which gitleaks writes for a file
			if region[key] == 0.0 {
				delete(region, key)
			}
		}
		uri, _ := r.Locations[0].PhysicalLocation["artifactLocation"].(map[string]any)
		if path, ok := uri["uri"].(string); ok { // gitleaks does not escape it
			uri["uri"], _ = url.PathUnescape(path)
		}
		if r.PartialFingerprints["date"] == noDate {
			r.PartialFingerprints["date"] = ""
		}
		list = append(list, finding{
			"rule": r.RuleID, "at": r.Locations[0].PhysicalLocation, "prints": r.PartialFingerprints, "properties": r.Properties,
		})
	}
	out := describe(list)
	if len(out) > 0 {
		out = append(out, log.Version+" "+log.Runs[0].Tool.Driver.Name)
	}
	return out, nil
}

func readLines(text string) ([]string, error) {
	lines := strings.Split(strings.TrimSuffix(strings.ReplaceAll(text, noDate, ""), "\n"), "\n")
	slices.Sort(lines)
	return slices.DeleteFunc(lines, func(s string) bool { return s == "" }), nil
}

// TestExitCodes runs both with the same flags and compares how they end. Where straykey is to differ the table says so.
func TestExitCodes(t *testing.T) {
	b := newBench(t)
	tests := []struct {
		args      string
		variables string
		ours      int // if it is to differ; else -1
	}{
		{"git", "", -1},
		{"git .", "", -1},
		{"git --exit-code 0", "", -1},
		{"git --exit-code 42", "", -1},
		{"git --exit-code=x", "", -1},
		{"git -c empty.toml", "", -1},
		{"-c empty.toml git", "", -1},
		{"-c empty.toml --exit-code 3 dir src", "", -1},
		{"-v --exit-code 3 dir src", "", -1},
		{"git -c nowhere.toml", "", -1},
		{"git", "GITLEAKS_CONFIG=empty.toml", -1},
		{"git -c .gitleaks.toml", "GITLEAKS_CONFIG=empty.toml", -1},
		{"git", "GITLEAKS_CONFIG_TOML=rules = [{id = 'x', regex = 'none-such-[0-9]+'}]", -1},
		{"git", "GITLEAKS_CONFIG_TOML=[[[", -1},
		{"git", "GITLEAKS_CONFIG=nowhere.toml", -1},
		{"git --bogus", "", -1},
		{"--bogus git", "", 3}, // no command of ours
		{"git -z", "", -1},
		{"git a b", "", -1},
		{"git --log-opts=side..side", "", -1},
		{"git --log-opts=no-such-branch", "", 1}, // gitleaks: no leaks
		{"git deep", "", -1},
		{"git nowhere", "", -1},
		{"git --platform nowhere", "", -1},
		{"git --platform GitHub", "", -1},
		{"git -l loud", "", -1},
		{"git --redact=200", "", -1},
		{"git --redact=x", "", -1},
		{"git -r report.unknown", "", -1},
		{"git -f bogus -r report.json", "", -1},
		{"git -f JSON -r report.json", "", -1},
		{"git -f template -r report.txt", "", -1},
		{"git -f template -r report.txt --report-template wrong.tmpl", "", -1},
		{"git -f json -r report.json --report-template report.tmpl", "", -1},
		{"git -f json -r no/such/directory.json", "", -1},
		{"git --enable-rule no-such-rule", "", -1},
		{"git --enable-rule password,acme-key", "", -1},
		{"git -i nowhere", "", -1},
		{"git -b nowhere.json", "", -1},
		{"git --max-target-megabytes 1", "", -1},
		{"git --max-archive-depth 99", "", -1},
		{"git --max-decode-depth 9", "", -1},
		{"git --timeout 300", "", -1},
		{"git --no-color --no-banner -v", "", -1},
		{"git --diagnostics cpu,mem --diagnostics-dir prof", "", -1},
		{"git --diagnostics bogus", "", -1},
		{"git --staged", "", -1},
		{"git --pre-commit --staged", "", -1},
		{"dir src", "", -1},
		{"directory src", "", -1},
		{"file src/a.py", "", -1},
		{"dir --follow-symlinks src", "", -1},
		{"dir nowhere", "", -1},
		{"dir --log-opts=x", "", -1},
		{"detect", "", -1},
		{"detect --no-git", "", -1},
		{"detect --pipe", "", -1},
		{"detect -s nowhere", "", -1},
		{"detect --staged", "", -1},
		{"protect", "", -1},
		{"protect --staged --log-opts=x", "", -1},
		{"protect --no-git", "", -1},
		{"stdin", "", -1},
	}
	b.dir.Git("config", "core.hooksPath", os.DevNull)
	for _, tt := range tests {
		t.Run(tt.variables+" "+tt.args, func(t *testing.T) {
			b.t, b.variables = t, nil
			if tt.variables != "" {
				b.variables = []string{tt.variables}
			}
			_, theirs := b.run(b.programs[0], "", strings.Fields(tt.args)...)
			_, ours := b.run(b.programs[1], "", strings.Fields(tt.args)...)
			want := theirs
			if tt.ours >= 0 {
				want = tt.ours
				if want == theirs {
					t.Errorf("both end with %d: the table says that they differ", theirs)
				}
			}
			if ours != want {
				t.Errorf("exit code %d, want %d (gitleaks: %d)", ours, want, theirs)
			}
		})
	}
}

// TestEveryFlag compares what the help of both lists.
func TestEveryFlag(t *testing.T) {
	b := newBench(t)
	for _, name := range []string{"git", "dir", "stdin", "detect", "protect"} {
		theirs, _ := b.run(b.programs[0], "", name, "--help")
		ours, _ := b.run(b.programs[1], "", name, "--help")
		if diff := cmp.Diff(flagsOf(theirs), flagsOf(ours)); diff != "" {
			t.Errorf("%s: -gitleaks +straykey:\n%s", name, diff)
		}
	}
}

// flagsOf returns the flags that a help lists, with their short forms.
func flagsOf(help string) []string {
	var out []string
	for line := range strings.Lines(help) {
		line = strings.TrimSpace(line)
		if short, long, ok := strings.Cut(line, ", --"); ok && len(short) == 2 && short[0] == '-' {
			long, _, _ = strings.Cut(long, " ")
			long, _, _ = strings.Cut(long, "[")
			out = append(out, short+" --"+long)
		} else if long, ok := strings.CutPrefix(line, "--"); ok {
			long, _, _ = strings.Cut(long, " ")
			long, _, _ = strings.Cut(long, "[")
			out = append(out, "--"+long)
		}
	}
	slices.Sort(out)
	return out
}
