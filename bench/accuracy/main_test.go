package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRowOf(t *testing.T) {
	got, err := rowOf("straykey, all", "identifiers", []byte(`{"total": {"precision": 0.91396, "recall": 0.5, "f1": 0.6464, "strict_f1": 0.64, "macro_recall": 1}}`))
	if want := "straykey, all\tidentifiers\t0.9140\t0.5000\t0.6464\t0.6400\t1.0000\n"; err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	if _, err := rowOf("x", "nothing", []byte("{")); err == nil {
		t.Error("half a score is taken")
	}
}

func TestReport(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	rows := "straykey, all\tnothing\t0.9\t0.8\t0.85\t0.84\t0.7\n" +
		"straykey, all\tidentifiers\t0.1\t0.2\t0.3\t0.4\t0.5\n" +
		"other <1>\tnothing\t0.5\t0.4\t0.25\t0.2\t0.1\n"
	if err := os.WriteFile(path("a.tsv"), []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{"report", path("a.tsv"), path("a.md"), path("a.svg")}); err != nil {
		t.Fatal(err)
	}
	markdown, _ := os.ReadFile(path("a.md"))
	all, without, _ := strings.Cut(string(markdown), "Without identifiers")
	if !strings.Contains(all, "| other <1> | 0.5 | 0.4 | 0.25 | 0.2 | 0.1 |") || strings.Contains(all, "0.3") {
		t.Errorf("the first table is\n%s", all)
	}
	if !strings.Contains(without, "| straykey, all | 0.1 | 0.2 | 0.3 | 0.4 | 0.5 |") || strings.Contains(without, "other") {
		t.Errorf("the second table is\n%s", without)
	}
	svg, _ := os.ReadFile(path("a.svg"))
	for _, want := range []string{`class="own" x="320" y="32" width="306"`, `class="other" x="320" y="56" width="90"`, "other &lt;1&gt;", ">0.85<"} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("the chart lacks %s:\n%s", want, svg)
		}
	}
	if err := os.WriteFile(path("a.tsv"), []byte("too\tfew\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{"report", path("a.tsv"), path("a.md"), path("a.svg")}); err == nil {
		t.Error("a row with two fields is taken")
	}
}
