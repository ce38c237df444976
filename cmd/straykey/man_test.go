package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestManPages(t *testing.T) {
	env := &environment{stdout: new(strings.Builder), stderr: new(strings.Builder), getenv: func(name string) string {
		return map[string]string{"SOURCE_DATE_EPOCH": "1700000000"}[name]
	}}
	dir := t.TempDir()
	if code := run([]string{"man", dir}, env); code != exitClean {
		t.Fatalf("exit code %d: %s", code, env.stderr)
	}
	for _, cmd := range documented(newRootCommand(env)) {
		text, err := os.ReadFile(filepath.Join(dir, manName(cmd)+".1"))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`"2023-11-14"`, ".SH NAME\n", ".SH SYNOPSIS\n", ".SH DESCRIPTION\n", "Exit codes:"} {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s has no %q", manName(cmd), want)
			}
		}
		mandoc(t, filepath.Join(dir, manName(cmd)+".1"))
	}
	scan, err := os.ReadFile(filepath.Join(dir, "straykey-scan.1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`\fB\-o\fR, \fB\-\-output\fR \fIFILE\fR`, `(default delta)`, `\fBstraykey\fR(1)`} {
		if !strings.Contains(string(scan), want) {
			t.Errorf("straykey-scan has no %q", want)
		}
	}
}

// mandoc checks a page where mandoc is installed.
func mandoc(t *testing.T, page string) {
	t.Helper()
	tool, err := exec.LookPath("mandoc")
	if err != nil {
		return
	}
	if out, err := exec.Command(tool, "-T", "lint", "-W", "warning", page).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestRoff(t *testing.T) {
	tests := []struct{ in, want string }{
		{"plain", "plain"},
		{"--flag", `\-\-flag`},
		{".SH\n'x", "\\&.SH\n\\&'x"},
		{`C:\x`, `C:\ex`},
	}
	for _, tt := range tests {
		if got := roff(tt.in); got != tt.want {
			t.Errorf("roff(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}
