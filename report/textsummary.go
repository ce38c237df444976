package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/source"
)

func (t *textWriter) suppressed(list []Suppressed) {
	for i := range list {
		s := &list[i]
		f := &s.Finding
		reason := ""
		if s.Reason != "" {
			reason = ": " + t.text(s.Reason)
		}
		t.line("suppressed (%s%s)  %s", s.By, reason, Escape(f.Rule.ID))
		if s.By != Inline && s.At.Line > 0 {
			entry := t.text(s.At.String())
			if s.Owner != "" {
				entry += ", owner " + t.text(s.Owner)
			}
			if until := lastDay(s.Until); until != "" {
				entry += ", until " + until
			}
			t.field("entry", "%s", entry)
		}
		for j := range f.Occurrences {
			t.field("", "%s", strings.Join(nonEmpty(t.red.place(&f.Occurrences[j]), t.origin(&f.Occurrences[j])), "  "))
		}
	}
	if len(list) > 0 {
		fmt.Fprintln(t.b)
	}
}

// additions lists what the change under test would suppress.
func (t *textWriter) additions(list []Addition) {
	for i := range list {
		if i == maxAdditions && !t.o.Verbose {
			t.line("and %d more suppressions added by the change", len(list)-i)
			break
		}
		a := &list[i]
		counts := "does not count"
		if a.Counted {
			counts = "accepted"
		}
		t.line("suppression added by the change (%s, %s)  %s", a.By, counts, t.text(a.At.String()))
		t.field("", "%s", t.text(a.What))
		if a.Reason != "" {
			t.field("reason", "%s", t.text(a.Reason))
		}
	}
	if len(list) > 0 {
		fmt.Fprintln(t.b)
	}
}

func (t *textWriter) summary(r *Report) {
	t.verdict(r)
	if r.Verdicts != nil && len(r.Findings) > 0 {
		t.field("verdicts", "%s", verdictCounts(r))
	}
	t.coverage(r.Coverage)
	if n := len(r.Suppressed); n > 0 {
		t.field("suppressed", "%s, not counted: %s", count(int64(n), "finding"), suppressions(r.Suppressed))
	}
	if p := r.Run.Policy; p != nil {
		t.field("policy", "as of %s (%s)", t.text(p.Ref), short(p.Commit))
		if n := len(p.Added); n > 0 {
			does := "do not count (see --accept-new-suppressions)"
			if !slices.ContainsFunc(p.Added, func(a Addition) bool { return !a.Counted }) {
				does = "accepted"
			}
			t.field("", "%s added by the change: %s", count(int64(n), "suppression"), does)
		}
	}
	if r.Unshown > 0 {
		t.field("not shown", "%s of less confidence, most of them made up: see --confidence low", count(int64(r.Unshown), "finding"))
	}
	t.run(&r.Run)
	if r.Run.Mode == Staged {
		t.waysOn(r, CommitGate)
	}
	if next := nextStep(r); next != "" {
		t.field("next", "%s", next)
	}
}

func (t *textWriter) verdict(r *Report) {
	complete := r.Coverage.Complete()
	if len(r.Findings) == 0 {
		if complete {
			t.heading(t.palette.good, "No credentials found.", "")
		} else {
			t.heading(t.palette.high, "INCOMPLETE", "  no credentials found in what could be scanned")
		}
		return
	}
	var occurrences int
	bySeverity := map[rules.Severity]int{}
	for i := range r.Findings {
		occurrences += len(r.Findings[i].Occurrences)
		bySeverity[severity(r.Findings[i].Rule)]++
	}
	var parts []string
	for _, s := range severities() {
		if n := bySeverity[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	line := fmt.Sprintf(" in %s: %s", count(int64(occurrences), "place"), strings.Join(parts, ", "))
	if !complete {
		line += "; INCOMPLETE"
	}
	t.heading(t.palette.bold, count(int64(len(r.Findings)), "credential"), line)
}

// coverage shows an account that adds up: found = scanned + skipped, for each kind of text.
func (t *textWriter) coverage(c *source.Coverage) {
	label := "coverage"
	for _, k := range c.Kinds() {
		skipped := ""
		if k.Skipped > 0 {
			skipped = fmt.Sprintf(" + %s skipped", thousands(k.Skipped))
		}
		t.field(label, "%s found = %s scanned (%s)%s", count(k.Found, kindName(k.Kind)), thousands(k.Scanned), size(k.ScannedBytes), skipped)
		label = ""
	}
	if label != "" {
		t.field(label, "nothing was scanned")
	}
	problems := c.Problems()
	if len(problems) == 0 {
		return
	}
	t.field("not scanned", "%s", reasonList(c))
	for i, p := range problems {
		if i == maxProblems && !t.o.Verbose {
			t.field("", "and %d more; the json report has them", len(problems)-i)
			break
		}
		where := ""
		if p.Where != "" {
			where = " in " + t.name(p.Where)
		}
		detail := ""
		if p.Detail != "" {
			detail = ": " + t.text(p.Detail)
		}
		problem := fmt.Sprintf("%s  %s%s%s", p.Reason, t.name(shortHex(p.What)), where, detail)
		if t.o.Verbose {
			t.uncut("", problem)
			continue
		}
		t.field("", "%s", problem)
	}
}

func (t *textWriter) run(run *Run) {
	target := nonEmpty(t.name(run.Target), string(run.Mode))
	if run.Head != "" {
		target = append(target, "HEAD "+short(run.Head))
	}
	if run.Refs > 0 {
		target = append(target, count(int64(run.Refs), "ref"))
	}
	if len(target) > 0 {
		t.field("target", "%s", strings.Join(target, ", "))
	}
	var how []string
	if run.Rules > 0 {
		how = append(how, count(int64(run.Rules), "rule"))
	}
	if run.RuleSet != "" {
		how = append(how, "set "+short(run.RuleSet))
	}
	if run.Engine != "" {
		how = append(how, "engine "+Escape(run.Engine))
	}
	if run.Version != "" {
		how = append(how, "straykey "+Escape(run.Version))
	}
	if run.Duration > 0 {
		how = append(how, duration(run.Duration))
	}
	if len(how) > 0 {
		t.field("run", "%s", strings.Join(how, ", "))
	}
	if run.Cache != nil && run.Cache.Texts > 0 {
		t.field("cache", "%s known from an earlier scan", count(run.Cache.Texts, "text"))
	}
	for _, note := range run.Notes {
		t.field("note", "%s", t.text(note))
	}
	if t.o.Verbose && run.Cache != nil && run.Cache.Note != "" {
		t.field("note", "nothing is kept for the next scan: %s", t.text(run.Cache.Note))
	}
}

// nextStep says in one line what to do now.
func nextStep(r *Report) string {
	switch {
	case len(r.Findings) == 0 && !r.Coverage.Complete():
		return "make the above readable and scan again, or accept it with --allow-incomplete"
	case len(r.Findings) == 0, r.Run.Mode == Staged:
		return ""
	case r.Run.Mode == History || r.Run.Mode == Range:
		return "revoke each credential where it was issued, then remove it; history keeps it"
	}
	return "revoke each credential where it was issued, then remove it"
}

func reasonList(c *source.Coverage) string {
	var parts []string
	for _, r := range reasons(c) {
		parts = append(parts, fmt.Sprintf("%s %s", thousands(r.Count), r.Reason))
	}
	return strings.Join(parts, ", ")
}

func suppressions(list []Suppressed) string {
	n := map[Suppression]int{}
	var order []Suppression
	for i := range list {
		if n[list[i].By] == 0 {
			order = append(order, list[i].By)
		}
		n[list[i].By]++
	}
	var parts []string
	for _, by := range order {
		parts = append(parts, fmt.Sprintf("%d by %s", n[by], by))
	}
	return strings.Join(parts, ", ")
}
