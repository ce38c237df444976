package report

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/source"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func write(t *testing.T, format string, r *Report, o Options) string {
	t.Helper()
	if format == "template" && o.Template == nil {
		o.Template = everything(t)
	}
	var b bytes.Buffer
	if err := Write(&b, format, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update rewrites it):\n%s", path, diff)
	}
}

func TestGolden(t *testing.T) {
	extension := map[string]string{
		"text": "txt", "json": "json", "jsonl": "jsonl", "sarif": "sarif", "gitleaks": "gitleaks.json", "csv": "csv", "junit": "junit.xml",
		"gitlab": "gitlab.json", "github": "github.txt", "markdown": "md", "template": "template.txt",
		"gitleaks-csv": "gitleaks.csv", "gitleaks-junit": "gitleaks.xml", "gitleaks-sarif": "gitleaks.sarif", "gitleaks-template": "gitleaks.ignore",
	}
	incomplete := fixture()
	incomplete.Coverage = broken()
	incomplete.Suppressed = nil
	timed := &Report{Coverage: coverage(), Run: Run{
		Mode: Staged, Target: ".", Started: time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC), Duration: 38 * time.Millisecond,
		Notes: []string{"the index is split: read through git"},
	}}
	reports := map[string]*Report{
		"verified": verified(), "findings": fixture(), "incomplete": incomplete, "clean": timed,
		"nothing": {Run: Run{Mode: History, Target: "/src/app"}},
	}
	for name, r := range reports {
		for _, format := range Formats() {
			t.Run(name+"/"+format, func(t *testing.T) {
				golden(t, name+"."+extension[format], write(t, format, r, Options{}))
			})
		}
	}
	t.Run("verbose colour", func(t *testing.T) {
		golden(t, "verbose.txt", write(t, "text", fixture(), Options{Color: true, Verbose: true, Width: 72}))
	})
}

// Neither the order in which findings come nor a second run changes a byte, and the
// report itself stays as it was.
func TestWriteIsDeterministic(t *testing.T) {
	for _, format := range Formats() {
		want := write(t, format, fixture(), Options{})
		r := fixture()
		for i, j := 0, len(r.Findings)-1; i < j; i, j = i+1, j-1 {
			r.Findings[i], r.Findings[j] = r.Findings[j], r.Findings[i]
		}
		first := r.Findings[0].Fingerprint
		for range 2 {
			if diff := cmp.Diff(want, write(t, format, r, Options{})); diff != "" {
				t.Errorf("%s (-want +got):\n%s", format, diff)
			}
		}
		if r.Findings[0].Fingerprint != first {
			t.Errorf("%s: the caller's findings were reordered", format)
		}
	}
}

func TestWriteErrors(t *testing.T) {
	err := Write(new(bytes.Buffer), "xml", fixture(), Options{})
	if err == nil || !strings.Contains(err.Error(), "text, json, jsonl, sarif, gitleaks") {
		t.Errorf("unknown format: error %v does not name the formats", err)
	}
	if Check("xml") == nil || Check("json") != nil {
		t.Error("Check does not know the formats")
	}
	full := errors.New("no space left")
	for _, format := range Formats() {
		r := fixture()
		for range 7 {
			r.Findings = append(r.Findings, r.Findings...)
		}
		if err := Write(failing{full}, format, r, Options{Template: everything(t)}); !errors.Is(err, full) {
			t.Errorf("%s: error %v, want the writer's", format, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// What the user reads of a secret with --show-secrets is the secret.
func TestShowSecrets(t *testing.T) {
	for _, format := range Formats() {
		got := decoded(t, format, write(t, format, fixture(), Options{ShowSecrets: true, Width: 200, GitleaksTemplate: "{{range .}}{{.Secret}}{{end}}"}))
		for _, secret := range []string{fakeToken, fakePassword, fakeAWSKey, strings.Split(fakePEM(), "\n")[1]} {
			if !strings.Contains(got, secret) {
				t.Errorf("%s: a secret of %d bytes is missing", format, len(secret))
			}
		}
		if strings.Contains(got, "[redacted") {
			t.Errorf("%s: something is redacted", format)
		}
	}
}

// Nothing that the repository supplies reaches a terminal as a control sequence.
func TestNoControlCharacters(t *testing.T) {
	r := fixture()
	r.Coverage = broken()
	r.Run.Notes = []string{"note \x1b[31m\u202e"}
	r.Run.Target = "/tmp/\r\x1b[2K"
	for i := range r.Findings {
		f := &r.Findings[i]
		for k := range f.Occurrences {
			o := &f.Occurrences[k]
			o.Refs = append(o.Refs, "refs/heads/\x1b[1m\u200b")
			if o.First != nil {
				c := *o.First
				c.Author, c.Email, c.Subject = "A\x1b[1m\u202e", "a\r@b", "s\x9b\u0085\b##[error]"
				o.First = &c
			}
		}
	}
	for _, format := range Formats() {
		got := write(t, format, r, Options{Verbose: true, ShowSecrets: true})
		if format == "csv" {
			got = strings.ReplaceAll(got, "\r\n", "\n") // the ends of rows
		}
		for _, bad := range []string{"\x1b", "\r", "\b", "\u202e", "\u200b", "\u0085", "\x9b"} {
			if strings.Contains(got, bad) {
				t.Errorf("%s: contains %q", format, bad)
			}
		}
		toLog := format == "text" || format == "github" || format == "markdown" || format == "csv" || format == "template"
		if toLog && strings.Contains(got, "##[") {
			t.Errorf("%s: contains a runner command", format)
		}
	}
}

func TestTextWidth(t *testing.T) {
	for _, width := range []int{0, 40, 60, 100, 250} {
		limit := max(width, 40)
		if width == 0 {
			limit = 100
		}
		r := fixture()
		r.Coverage = broken()
		for line := range strings.Lines(write(t, "text", r, Options{Width: width})) {
			line = strings.TrimSuffix(line, "\n")
			// What is to be copied or clicked is never cut.
			if strings.HasPrefix(line, "  certs/") || strings.HasPrefix(line, "  message of ") ||
				strings.HasPrefix(line, "  rotate ") || strings.HasPrefix(line, "  docs ") || strings.HasPrefix(line, "  fingerprint ") {
				continue
			}
			if n := len([]rune(line)); n > limit {
				t.Errorf("width %d: %d columns: %s", width, n, line)
			}
			if strings.TrimRight(line, " ") != line {
				t.Errorf("width %d: trailing space: %q", width, line)
			}
		}
	}
}

// A run that read nothing is not a clean one.
func TestNoCoverageIsIncomplete(t *testing.T) {
	got := write(t, "text", &Report{}, Options{})
	if !strings.HasPrefix(got, "INCOMPLETE") || strings.Contains(got, "No credentials found") {
		t.Errorf("got:\n%s", got)
	}
	c := coverage()
	c.Skipped("file", source.Problem{Reason: source.Ignored, What: "vendor/x"})
	got = write(t, "text", &Report{Coverage: c}, Options{})
	if !strings.HasPrefix(got, "No credentials found.") {
		t.Errorf("an ignored file makes a run incomplete:\n%s", got)
	}
}

func TestWithoutPassword(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""},
		{"https://example.org/a.git", "https://example.org/a.git"},
		{"https://u:p" + "w@example.org/a.git?token=x#y", "https://example.org/a.git"},
		{"git@example.org:a.git", "git@example.org:a.git"},
		{"/srv/git/a.git", "/srv/git/a.git"},
		{"https://u:p w@%zz/", ""},
	}
	for _, tt := range tests {
		if got := withoutPassword(tt.in); got != tt.want {
			t.Errorf("withoutPassword(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestShortIDs(t *testing.T) {
	r := fixture()
	r.Findings[0].Fingerprint = "sk1:aaaaaaaaaaaabbbb"
	r.Findings[1].Fingerprint = "sk1:aaaaaaaaaaaabccc"
	r.Findings[2].Fingerprint = ""
	r.Findings[3].Fingerprint = "sk1:bbbbbbbbbbbbcccc"
	if diff := cmp.Diff([]string{"aaaaaaaaaaaabb", "aaaaaaaaaaaabc", "", "bbbbbbbbbbbbcc"}, shortIDs(r.Findings)); diff != "" {
		t.Error(diff)
	}
	same := shortIDs(append(r.Findings[:1:1], r.Findings[0]))
	if same[0] != same[1] {
		t.Errorf("equal fingerprints have ids %v", same)
	}
}
