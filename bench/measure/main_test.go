//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	report := filepath.Join(t.TempDir(), "report")
	var out strings.Builder
	err := run([]string{"-runs", "3", "-warmup", "1", "-stdout", report, "-report", report, "sh", "-c", "echo '[1,2]'; exit 3"}, &out)
	if err != nil {
		t.Fatal(err)
	}
	f := strings.Split(strings.TrimSpace(out.String()), "\t")
	if len(f) != 10 {
		t.Fatalf("%d fields in %q", len(f), out.String())
	}
	for _, i := range []int{0, 1, 2, 5} {
		if v, err := strconv.ParseFloat(f[i], 64); err != nil || v <= 0 {
			t.Errorf("field %d is %q, not a positive number", i, f[i])
		}
	}
	if got := strings.Join(f[7:], " "); got != "3 2 -" {
		t.Errorf("exit code, findings and places are %s, want 3 2 -", got)
	}
	out.Reset()
	if err := run([]string{"-report", report + ".none", "true"}, &out); err != nil || !strings.HasSuffix(out.String(), "\t0\t-\t-\n") {
		t.Errorf("without a report: %q, %v", out.String(), err)
	}
	out.Reset()
	if err := run([]string{"sh", "-c", "kill -9 $$"}, &out); err != nil || !strings.Contains(out.String(), "\t137\t-\t-\n") {
		t.Errorf("killed: %q, %v", out.String(), err)
	}
	for _, args := range [][]string{{}, {"-runs", "0", "true"}, {"no-such-program"}} {
		if err := run(args, &out); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}

func TestCount(t *testing.T) {
	for _, tt := range []struct{ report, findings, places string }{
		{"", "0", "-"},
		{"[]\n", "0", "-"},
		{`[{"RuleID": "a"}, {"RuleID": "b"}]`, "2", "-"},
		{`{"findings": []}`, "0", "0"},
		{`{"run": {}, "findings": [{"occurrences": [{}, {}]}, {"occurrences": [{}]}]}`, "2", "3"},
		{"{\"DetectorName\": \"a\"}\n{\"DetectorName\": \"b\"}\n", "2", "-"},
		{"{\"DetectorName\": \"a\"}\n", "1", "-"},
	} {
		findings, places, err := count([]byte(tt.report))
		if err != nil || findings != tt.findings || places != tt.places {
			t.Errorf("count(%q) = %s, %s, %v", tt.report, findings, places, err)
		}
	}
	for _, report := range []string{"[", "{", "{}\nx"} {
		if _, _, err := count([]byte(report)); err == nil {
			t.Errorf("count(%q): no error", report)
		}
	}
}

func TestAnonymous(t *testing.T) {
	const status = "Name:\tx\nVmHWM:\t  900 kB\nRssAnon:\t     420 kB\nRssFile:\t 480 kB\n"
	if got := anonymous([]byte(status)); got != 420 {
		t.Errorf("anonymous = %d, want 420", got)
	}
	for _, s := range []string{"", "Name:\tx\n", "\nRssAnon:", "\nRssAnon:\n", "\nRssAnon:\tmuch kB\n"} {
		if got := anonymous([]byte(s)); got != 0 {
			t.Errorf("anonymous(%q) = %d", s, got)
		}
	}
	if own, err := os.ReadFile("/proc/self/status"); err == nil && anonymous(own) == 0 {
		t.Error("this process has no anonymous memory")
	}
}
