package migrate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/straykey/straykey/report"
	"github.com/straykey/straykey/rules"
)

// Tool is a tool that is migrated from.
type Tool string

// The tools.
const (
	Gitleaks      Tool = "gitleaks"
	Betterleaks   Tool = "betterleaks"
	Trufflehog    Tool = "trufflehog"
	DetectSecrets Tool = "detect-secrets"
)

// Tools returns all of them.
func Tools() []Tool { return []Tool{Gitleaks, Betterleaks, Trufflehog, DetectSecrets} }

// Outcome says what became of a part of a policy.
type Outcome string

// The outcomes, in the order of reports.
const (
	Dropped  Outcome = "not-carried" // and something is to be done about it
	Changed  Outcome = "changed"     // carried over with a difference
	Carried  Outcome = "carried"     // means the same
	Unneeded Outcome = "unneeded"    // has no effect here, or had none there
	Stale    Outcome = "stale"       // names a place that no longer shows a secret
	Replace  Outcome = "replace"     // a hook or a job that runs the other tool
)

// section is what a report calls an outcome.
type section struct {
	outcome Outcome
	title   string
}

// outcomes returns all of them.
func outcomes() []section {
	return []section{
		{Dropped, "Not carried over"},
		{Changed, "Carried over with a difference"},
		{Carried, "Carried over"},
		{Unneeded, "Not needed here"},
		{Stale, "Stale"},
		{Replace, "To be replaced where the other tool runs"},
	}
}

// Item is a part of another tool's policy.
type Item struct {
	Outcome Outcome
	Tool    Tool
	At      rules.Position // where it stands; the file from the root, with slashes
	What    string         // "rule acme-token", "entry for github-pat"
	Why     string         // what is different, or why it is not carried; may be empty
	Do      string         // what to do about it; may be empty
}

// Written is a policy file that was made.
type Written struct {
	Path    string // from the root
	Entries int    // of an ignore file or a baseline
	Written bool   // false: of a dry run
}

// Report is what became of everything.
type Report struct {
	Files    []Written
	Items    []Item
	Complete bool // the scan read everything; else entries may be missing or called stale that are not
}

// Count returns how many items have an outcome.
func (r *Report) Count(o Outcome) int {
	n := 0
	for i := range r.Items {
		if r.Items[i].Outcome == o {
			n++
		}
	}
	return n
}

// sorted returns the items by outcome and place, each once.
func (r *Report) sorted() []Item {
	order := map[Outcome]int{}
	for i, o := range outcomes() {
		order[o.outcome] = i
	}
	items := slices.Clone(r.Items)
	slices.SortStableFunc(items, func(a, b Item) int {
		if a.Outcome != b.Outcome {
			return order[a.Outcome] - order[b.Outcome]
		}
		return cmp.Or(strings.Compare(a.At.File, b.At.File), a.At.Line-b.At.Line, strings.Compare(a.What, b.What))
	})
	return slices.Compact(items)
}

// WriteText writes the report for people.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, f := range r.Files {
		verb := "wrote"
		if !f.Written {
			verb = "would write"
		}
		fmt.Fprintf(&b, "%s %s", verb, report.Escape(f.Path))
		if f.Entries > 0 {
			noun := "entries"
			if f.Entries == 1 {
				noun = "entry"
			}
			fmt.Fprintf(&b, ", %d %s", f.Entries, noun)
		}
		b.WriteByte('\n')
	}
	if len(r.Files) == 0 {
		b.WriteString("there is nothing to write\n")
	}
	items := r.sorted()
	for _, o := range outcomes() {
		first := true
		for i := range items {
			it := &items[i]
			if it.Outcome != o.outcome {
				continue
			}
			if first {
				fmt.Fprintf(&b, "\n%s (%d)\n", o.title, r.Count(o.outcome))
				first = false
			}
			fmt.Fprintf(&b, "  %s: %s\n", report.Escape(it.At.String()), report.Escape(it.What))
			for _, s := range []string{it.Why, it.Do} {
				if s != "" {
					fmt.Fprintf(&b, "      %s\n", report.Escape(s))
				}
			}
		}
	}
	if !r.Complete {
		b.WriteString("\nThe scan could not read everything: entries may be missing, and what is called stale may not be.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// jsonReport is the form of WriteJSON.
type jsonReport struct {
	Schema   int             `json:"schema"`
	Complete bool            `json:"complete"`
	Files    []jsonFile      `json:"files"`
	Counts   map[Outcome]int `json:"counts"`
	Items    []jsonItem      `json:"items"`
}

type jsonFile struct {
	Path    string `json:"path"`
	Entries int    `json:"entries,omitempty"`
	Written bool   `json:"written"`
}

type jsonItem struct {
	Outcome Outcome `json:"outcome"`
	Tool    Tool    `json:"tool"`
	File    string  `json:"file"`
	Line    int     `json:"line,omitempty"`
	What    string  `json:"what"`
	Why     string  `json:"why,omitempty"`
	Do      string  `json:"do,omitempty"`
}

// WriteJSON writes the report for programs.
func (r *Report) WriteJSON(w io.Writer) error {
	out := jsonReport{Schema: 1, Complete: r.Complete, Files: []jsonFile{}, Counts: map[Outcome]int{}, Items: []jsonItem{}}
	for _, f := range r.Files {
		out.Files = append(out.Files, jsonFile(f))
	}
	for _, o := range outcomes() {
		out.Counts[o.outcome] = r.Count(o.outcome)
	}
	for _, it := range r.sorted() {
		out.Items = append(out.Items, jsonItem{it.Outcome, it.Tool, it.At.File, it.At.Line, it.What, it.Why, it.Do})
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(out)
}
