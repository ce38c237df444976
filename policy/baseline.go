package policy

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/straykey/straykey/correlate"
)

// BaselineFile is the usual name of the baseline, at the root of the repository.
const BaselineFile = ".straykey-baseline"

// baselineHeader is the first line of a baseline.
const baselineHeader = "# straykey baseline: what was known, by fingerprint; see straykey baseline --help"

// Baseline is a list of findings that were known when it was made. They are told by their fingerprints alone: where they
// stand does not matter.
type Baseline struct {
	Name    string
	Entries []Entry

	comments comments
}

// ParseBaseline reads a baseline; the name stands for it in errors and positions. The entries need not be sorted, and one
// may stand there twice, as after a merge that kept the lines of both sides. What is wrong in it is returned as
// [rules.Errors].
func ParseBaseline(name string, data []byte) (*Baseline, error) {
	entries, kept, err := parseEntries(name, data, func(e *Entry) *problem {
		switch {
		case e.Glob != "":
			return wrong("", "a baseline knows fingerprints only; patterns belong into %s", IgnoreFile)
		case e.Fingerprint == "":
			return wrong("", "the fingerprint is missing; expected it first, e.g. sk1:… rule=github-pat")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &Baseline{Name: name, Entries: entries, comments: kept}, nil
}

// Bytes returns the text of the baseline: sorted, an entry a line, and of entries for one credential of one repository only
// the first. Comments stay with the entry below them, at the beginning up to an empty line, or at the end. Equal baselines give equal bytes.
func (b *Baseline) Bytes() []byte {
	list := slices.Clone(b.Entries)
	sortEntries(list)
	list = slices.CompactFunc(list, func(x, y Entry) bool { return x.Repo == y.Repo && x.Fingerprint == y.Fingerprint })
	var out bytes.Buffer
	write := func(lines ...string) {
		for _, line := range lines {
			out.WriteString(line + "\n")
		}
	}
	write(baselineHeader)
	if len(b.comments.head) > 0 {
		write(append(slices.Clone(b.comments.head), "")...)
	}
	for i := range list {
		e := &list[i]
		write(e.above...)
		write(strings.TrimSpace(e.String() + " " + e.after))
	}
	write(b.comments.tail...)
	return out.Bytes()
}

// Known is a finding as a baseline remembers it.
type Known struct {
	Fingerprint string
	Rule        string
	Path        string // of one place, as a hint; may be empty
}

// KnownOf returns what a baseline remembers of findings.
func KnownOf(findings []correlate.Finding) []Known {
	out := make([]Known, 0, len(findings))
	for i := range findings {
		f := &findings[i]
		k := Known{Fingerprint: f.Fingerprint, Rule: f.Rule.ID}
		if len(f.Occurrences) > 0 {
			k.Path = f.Occurrences[0].Path
		}
		out = append(out, k)
	}
	return out
}

// Stamp is what the entries say that [Baseline.Add] makes.
type Stamp struct {
	Repo   string // empty: for whatever repository the baseline is used with
	Reason string
	Owner  string
	Until  time.Time
	Since  time.Time
}

// Add adds entries for findings that have none for this repository, and returns how many.
func (b *Baseline) Add(known []Known, s Stamp) int {
	have := map[string]bool{}
	for i := range b.Entries {
		if e := &b.Entries[i]; e.Repo == "" || e.Repo == s.Repo {
			have[e.Fingerprint] = true
		}
	}
	added := 0
	for _, k := range known {
		if have[k.Fingerprint] {
			continue
		}
		have[k.Fingerprint] = true
		added++
		b.Entries = append(b.Entries, Entry{
			Fingerprint: k.Fingerprint, Rule: oneLine(k.Rule), Path: oneLine(k.Path), Repo: oneLine(s.Repo),
			Reason: oneLine(s.Reason), Owner: oneLine(s.Owner), Until: s.Until, Since: s.Since.UTC().Format(time.DateOnly),
		})
	}
	return added
}

// Remove takes out the entries for which drop holds, and returns how many.
func (b *Baseline) Remove(drop func(*Entry) bool) int {
	before := len(b.Entries)
	b.Entries = slices.DeleteFunc(b.Entries, func(e Entry) bool { return drop(&e) })
	return before - len(b.Entries)
}
