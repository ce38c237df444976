package report

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"

	"github.com/straykey/straykey/correlate"
)

func readCSV(t *testing.T, text string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll() // refuses rows of other lengths than the first
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestCSV(t *testing.T) {
	for name, r := range testReports() {
		t.Run(name, func(t *testing.T) {
			text := write(t, "csv", r, Options{})
			rows := readCSV(t, text)
			want := 1
			for i := range r.Findings {
				want += max(1, len(r.Findings[i].Occurrences))
			}
			if len(rows) != want || strings.Count(text, "\r\n") != want || strings.Count(text, "\n") != want {
				t.Errorf("%d rows, want %d, each a line that ends in CRLF", len(rows), want)
			}
			if !slices.Equal(rows[0], csvColumns()) {
				t.Errorf("header %v", rows[0])
			}
		})
	}
}

// What a repository names its files runs in nobody's spreadsheet.
func TestCSVFormulas(t *testing.T) {
	tests := []struct{ in, want string }{
		{"plain", "plain"},
		{"a=b+c", "a=b+c"},
		{`=cmd|'/c calc'!A0`, `'=cmd|'/c calc'!A0`},
		{"+1", "'+1"},
		{"-1", "'-1"},
		{"@SUM(A1)", "'@SUM(A1)"},
		{"  =1", "  '=1"},
		{"\t=1", `\t=1`},
		{"\r=1", `\r=1`},
		{`"=1`, `"'=1`},
		{"a;=1;b; -2", "a;'=1;b; '-2"},
		{"＝1", "'＝1"},
		{"=", "'="},
	}
	for _, tt := range tests {
		r := &Report{Coverage: coverage(), Findings: []correlate.Finding{{
			Rule: tokenRule(), Occurrences: []correlate.Occurrence{{Kind: "file", Path: tt.in}},
		}}}
		rows := readCSV(t, write(t, "csv", r, Options{}))
		if got := rows[1][slices.Index(rows[0], "path")]; got != tt.want {
			t.Errorf("path %q is the cell %q, want %q", tt.in, got, tt.want)
		}
	}
}

func FuzzCSVCell(f *testing.F) {
	for _, s := range []string{"=1", "a,b", `"`, "a\r\nb", "\xff", ";@x", "'=", "＠"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := &Report{Coverage: coverage(), Findings: []correlate.Finding{{
			Rule: tokenRule(), Occurrences: []correlate.Occurrence{{Kind: "file", Path: s}},
		}}}
		cell := readCSV(t, write(t, "csv", r, Options{}))[1][10]
		if back := strings.ReplaceAll(cell, "'", ""); back != strings.ReplaceAll(Escape(s), "'", "") {
			t.Fatalf("%q became %q", s, cell)
		}
		for part := range strings.SplitSeq(cell, ";") {
			if part = strings.TrimLeft(part, ` "`); part != "" && strings.ContainsAny(string([]rune(part)[:1]), formulaStarts) {
				t.Fatalf("%q became %q, which holds a formula", s, cell)
			}
		}
	})
}
