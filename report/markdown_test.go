package report

import (
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/rules"
)

// A summary fits into what GitHub takes, and says what did not.
func TestMarkdownLimit(t *testing.T) {
	r := many(map[rules.Severity]int{rules.High: 9000})
	r.Coverage = broken()
	for i := range r.Findings {
		r.Findings[i].Occurrences[0].Path = strings.Repeat("@", 200) + r.Findings[i].Occurrences[0].Path
	}
	var notes []string
	text := write(t, "markdown", r, Options{Note: func(s string) { notes = append(notes, s) }})
	if len(text) > maxMarkdown || len(text) < maxMarkdown*9/10 {
		t.Errorf("%d bytes", len(text))
	}
	rows := strings.Count(text, "\n| high |")
	rest := fmt.Sprintf("and %s more credentials", thousands(int64(9000-rows)))
	if !strings.Contains(text, rest) || len(notes) != 1 || !strings.Contains(text, "**Incomplete") {
		t.Errorf("%d rows, and no line %q; notes %q", rows, rest, notes)
	}
}

// Whatever a repository holds, a row has five cells, and the only HTML and Markdown in it is ours.
func TestMarkdownCells(t *testing.T) {
	hostile := "a|b\n<script>alert(1)</script>`c`**d** _e_ [f](http://x.org) ![g](h) @octocat #1 www.example.org \u202e~~i~~ \\| :rocket: &lt;"
	r := &Report{Coverage: coverage(), Findings: []correlate.Finding{{
		Rule: &rules.Rule{ID: "x", Description: hostile, Rotate: "https://example.org/a(b)|c<d>?e=*"}, Secret: fakePassword,
		Occurrences: []correlate.Occurrence{{Kind: "blob", Path: hostile, Line: 1, Column: 1, First: &correlate.Commit{ID: object(1), Author: hostile}}},
	}}}
	var row string
	for line := range strings.Lines(write(t, "markdown", r, Options{})) {
		if strings.HasPrefix(line, "| medium |") {
			row = strings.TrimSuffix(line, "\n")
		}
	}
	if strings.Count(row, "|") != 6 {
		t.Errorf("row %q has other than five cells", row)
	}
	link := "([rotate](https://example.org/a%28b%29%7Cc%3Cd%3E?e=%2A))"
	if !strings.Contains(row, link) {
		t.Errorf("row %q has no link %q", row, link)
	}
	ours := regexp.MustCompile(`</?code>|@?<span></span>|&#[0-9]+;|\| `)
	rest := ours.ReplaceAllString(strings.ReplaceAll(row, link, ""), "")
	if strings.ContainsAny(rest, "<>`*_[]()!@#~\\:.&") {
		t.Errorf("punctuation gets through: %q", rest)
	}
}

func FuzzMarkdown(f *testing.F) {
	for _, s := range []string{"a|b", "<b>", "@x", "`", "\x1b[1m", "www.x.org", "\xff", "&#64;", "a\nb"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := escapeMarkdown(s)
		for _, r := range got {
			if r < unicode.MaxASCII && !isAlnum(byte(r)) && !strings.ContainsRune(" /-,&#;<>", r) {
				t.Fatalf("%q became %q", s, got)
			}
		}
		if back := html.UnescapeString(strings.ReplaceAll(got, "<span></span>", "")); back != Escape(s) {
			t.Fatalf("%q is shown as %q", s, back)
		}
	})
}
