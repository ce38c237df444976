package gitleaks

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/report"
)

// Entry is a line of a .gitleaksignore: the fingerprint of a finding.
type Entry struct {
	Commit string // hex id; empty: whatever the commit, or none
	File   string // slash separated
	Rule   string
	Line   int // of the match's first byte, from 1; 0 for a file that is a finding whatever it holds
	At     int // the line of the ignore file, from 1
}

// Ignore is a .gitleaksignore file.
type Ignore struct {
	Name     string
	Warnings []string // lines that name nothing, one sentence each

	entries map[place][]Entry
	names   *Names
}

type place struct {
	file string
	line int
}

// maxIgnore bounds the ignore files and baselines that are read, in bytes.
const maxIgnore = 64 << 20

// ParseIgnore reads a .gitleaksignore. Its lines are fingerprints, commit:file:rule:line or file:rule:line, blank, or
// comments after #. A line that is none of these suppresses nothing, and is a warning: gitleaks passes over it as well.
// A file may have colons in its name. The name stands for the ignore file in messages.
func ParseIgnore(name string, data []byte, names *Names) (*Ignore, error) {
	if len(data) > maxIgnore {
		return nil, fmt.Errorf("%s: larger than %d MiB", name, maxIgnore>>20)
	}
	ig := &Ignore{Name: name, entries: map[place][]Entry{}, names: names}
	at := 0
	for line := range bytes.Lines(data) {
		at++
		text := strings.TrimSpace(string(line))
		if text == "" || text[0] == '#' {
			continue
		}
		e, ok := parseFingerprint(text)
		if !ok {
			ig.Warnings = append(ig.Warnings, fmt.Sprintf("%s:%d: no fingerprint such as path/to/file:rule-id:12; the line suppresses nothing", name, at))
			continue
		}
		e.At = at
		p := place{e.File, e.Line}
		ig.entries[p] = append(ig.entries[p], e)
	}
	return ig, nil
}

// parseFingerprint takes a fingerprint apart, from its end: only the file may have colons in it.
func parseFingerprint(s string) (Entry, bool) {
	var e Entry
	rest, number, ok := cutLast(s)
	if !ok {
		return e, false
	}
	line, err := strconv.Atoi(number)
	if err != nil || line < 0 {
		return e, false
	}
	file, rule, ok := cutLast(rest)
	if !ok || rule == "" {
		return e, false
	}
	if commit, after, ok := strings.Cut(file, ":"); ok && isCommit(commit) {
		e.Commit, file = commit, after
	}
	e.File, e.Rule, e.Line = strings.ReplaceAll(file, `\`, "/"), rule, line
	return e, true
}

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// isCommit reports whether s is a whole commit id, of either hash.
func isCommit(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// Match returns the entry that names an occurrence of a finding, or nil.
func (ig *Ignore) Match(f *correlate.Finding, o *correlate.Occurrence) *Entry {
	starts := []int{report.GitleaksPlaceOf(f, o).StartLine}
	if o.Line != starts[0] {
		starts = append(starts, o.Line)
	}
	for _, line := range starts {
		for i, e := range ig.entries[place{o.Path, line}] {
			if (e.Commit == "" || o.First != nil && o.First.ID == e.Commit) && ig.names.Cover(e.Rule, f.Rule) {
				return &ig.entries[place{o.Path, line}][i]
			}
		}
	}
	return nil
}
