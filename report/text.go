package report

import (
	"bufio"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rivo/uniseg"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/detect/proof"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/verify/verdict"
)

// What the text report shows before it says "and N more"; Options.Verbose lifts the limits.
const (
	maxPlaces     = 3  // occurrences of a finding
	maxProblems   = 10 // things that could not be scanned
	maxFrameLines = 9  // of a private key, say
	maxFacts      = 12
	maxAdditions  = 50 // suppressions that a change adds; also in SARIF
)

// labelWidth is the column where the values of "label  value" lines start.
const labelWidth = 14

func writeText(b *bufio.Writer, r *Report, o Options) error {
	t := &textWriter{b: b, o: o, red: newRedactor(r, o), verdicts: r.Verdicts, width: max(cmp.Or(o.Width, 100), 40)}
	if o.Color {
		t.palette = ansi()
	}
	if o.Gate != "" {
		t.gate(r)
		return nil
	}
	if !r.Coverage.Complete() {
		t.incomplete(r.Coverage)
	}
	ids := shortIDs(r.Findings)
	for i := range r.Findings {
		t.finding(&r.Findings[i], ids[i])
	}
	if o.Verbose {
		t.suppressed(r.Suppressed)
	}
	if r.Run.Policy != nil {
		t.additions(r.Run.Policy.Added)
	}
	t.summary(r)
	return nil
}

// A textWriter writes the report for people. Its methods take raw text of the
// repository and pass it through the redactor and Escape, in this order: an escaped
// secret would not be recognised.
type textWriter struct {
	b       *bufio.Writer
	o       Options
	red     *redactor
	width   int
	palette palette

	verdicts map[string]verdict.Result
}

// A palette holds the ANSI sequences in use; all empty where there is no colour.
type palette struct {
	critical, high, medium, low, info, bold, dim, mark, good, reset string
}

func ansi() palette {
	return palette{
		critical: "\x1b[1;97;41m", high: "\x1b[1;31m", medium: "\x1b[33m", low: "\x1b[36m", info: "\x1b[2m",
		bold: "\x1b[1m", dim: "\x1b[2m", mark: "\x1b[31m", good: "\x1b[32m", reset: "\x1b[0m",
	}
}

func (p palette) severity(s rules.Severity) string {
	switch s {
	case rules.Critical:
		return p.critical
	case rules.High:
		return p.high
	case rules.Medium:
		return p.medium
	case rules.Low:
		return p.low
	}
	return p.info
}

func (t *textWriter) paint(colour, s string) string {
	if s == "" {
		return ""
	}
	return colour + s + t.palette.reset
}

func (t *textWriter) text(s string) string { return Escape(t.red.text(s)) }
func (t *textWriter) name(s string) string { return Escape(t.red.name(s)) }

// line writes a line, cut to the width of the report.
func (t *textWriter) line(format string, args ...any) {
	fmt.Fprintln(t.b, cut(fmt.Sprintf(format, args...), t.width))
}

// field writes "label  value". A continuation has no label.
func (t *textWriter) field(label, format string, args ...any) {
	t.uncut(label, cut(fmt.Sprintf(format, args...), t.width-labelWidth))
}

// uncut is field for what is to be copied.
func (t *textWriter) uncut(label, value string) {
	gap := strings.Repeat(" ", labelWidth-2-len(label))
	fmt.Fprintf(t.b, "  %s%s%s\n", t.paint(t.palette.dim, label), gap, value)
}

func (t *textWriter) incomplete(c *source.Coverage) {
	why := "not everything could be scanned"
	if c.Reasons()[source.Cancelled] > 0 {
		why = "the run was interrupted"
	}
	t.heading(t.palette.high, "INCOMPLETE", "  "+why+": "+reasonList(c)+".")
	t.line("There may be more credentials than are reported here.")
	fmt.Fprintln(t.b)
}

// heading writes a line that starts with something that stands out.
func (t *textWriter) heading(colour, word, rest string) {
	fmt.Fprintf(t.b, "%s%s\n", t.paint(colour, word), cut(rest, t.width-len(word)))
}

func (t *textWriter) finding(f *correlate.Finding, id string) {
	sev := severity(f.Rule)
	word := strings.ToUpper(string(sev))
	tail := "[" + id + "]"
	title := cut(Escape(f.Rule.ID), t.width-len(word)-len(tail)-4)
	gap := t.width - len(word) - 2 - uniseg.StringWidth(title) - len(tail)
	fmt.Fprintf(t.b, "%s  %s%s%s\n", t.paint(t.palette.severity(sev), word),
		t.paint(t.palette.bold, title), strings.Repeat(" ", gap), t.paint(t.palette.dim, tail))
	t.line("  %s", Escape(f.Rule.Description))
	for i := range f.Occurrences {
		o := &f.Occurrences[i]
		if i == 0 {
			fmt.Fprintf(t.b, "  %s\n\n", t.red.place(o))
			t.frame(o, f.Secret)
			if len(o.Via) > 0 {
				t.field("decoded", "%s", Escape(strings.Join(o.Via, ", ")))
			}
			t.history(f, o)
			t.proof(f.Proof)
			continue
		}
		if i >= maxPlaces && !t.o.Verbose {
			t.field("", "and %s", count(int64(len(f.Occurrences)-i), "more place"))
			break
		}
		label := ""
		if i == 1 {
			label = "also at"
		}
		t.field(label, "%s", strings.Join(nonEmpty(t.red.place(o), t.origin(o)), "  "))
	}
	t.verification(f)
	t.partners(f.Partners)
	if f.Confidence != "" && f.Confidence != rules.HighConfidence {
		t.field("confidence", "%s", string(f.Confidence))
	}
	if label, url, note := furtherReading(f.Rule); url != "" {
		t.uncut(label, Escape(url))
		if note != "" {
			t.field("", "%s", note)
		}
	}
	t.uncut("fingerprint", Escape(f.Fingerprint))
	fmt.Fprintln(t.b)
}

// partners names the other halves of a credential.
func (t *textWriter) partners(list []correlate.Partner) {
	for i, p := range list {
		label := ""
		if i == 0 {
			label = "paired with"
		}
		where := "in the same " + string(p.Scope)
		switch p.Scope {
		case correlate.SameLine:
			where = "on the same line"
		case correlate.SameBlock, correlate.SameFile:
			where += ", " + count(int64(p.Lines), "line") + " away"
		}
		place := cmp.Or(t.name(p.Path), short(p.Object), "standard input")
		t.field(label, "%s [%s]  %s:%d:%d, %s", Escape(p.Rule.ID), Escape(shortID(p.Fingerprint)), place, p.Line, p.Column, where)
	}
}

// origin says in a few words where another occurrence came from.
func (t *textWriter) origin(o *correlate.Occurrence) string {
	switch {
	case !isHistory(o):
		return ""
	case o.First == nil:
		return "unreachable object"
	}
	return fmt.Sprintf("%s  %s  %s", short(o.First.ID), day(o.First.Date), t.text(o.First.Author))
}

func (t *textWriter) frame(o *correlate.Occurrence, secret string) {
	lines := t.red.frame(o, secret)
	if len(lines) == 0 {
		return
	}
	gutter := len(strconv.Itoa(lines[len(lines)-1].number))
	for i, l := range lines {
		if hidden := len(lines) - maxFrameLines; hidden > 0 && !t.o.Verbose && i >= maxFrameLines-3 && i < len(lines)-3 {
			if i == maxFrameLines-3 {
				fmt.Fprintf(t.b, "  %s\n", t.paint(t.palette.dim, fmt.Sprintf("%*s | ... %s", gutter, "", count(int64(hidden), "more line"))))
			}
			continue
		}
		before, marked, after := t.fit(l, t.width-gutter-5)
		text := before + t.paint(t.palette.mark, marked) + after
		fmt.Fprintln(t.b, strings.TrimRight(fmt.Sprintf("  %s %s", t.paint(t.palette.dim, fmt.Sprintf("%*d |", gutter, l.number)), text), " "))
		if marked != "" && o.EndLine <= o.Line {
			fmt.Fprintf(t.b, "  %s %s%s\n", t.paint(t.palette.dim, fmt.Sprintf("%*s |", gutter, "")),
				strings.Repeat(" ", uniseg.StringWidth(before)),
				t.paint(t.palette.mark, strings.Repeat("^", uniseg.StringWidth(marked))))
		}
	}
	fmt.Fprintln(t.b)
}

// fit escapes a line of a frame in three parts, the secret in the middle, and cuts it to
// width columns so that the secret stays in sight.
func (t *textWriter) fit(l frameLine, width int) (before, marked, after string) {
	before = escapeCode(l.text[:l.start])
	marked = escapeCode(l.text[l.start:l.end])
	after = escapeCode(l.text[l.end:])
	marked = cut(marked, width-8)
	free := width - uniseg.StringWidth(marked)
	wb, wa := uniseg.StringWidth(before), uniseg.StringWidth(after)
	if wb+wa <= free {
		return before, marked, after
	}
	// What one side does not need, the other may have.
	left := max(free/2, free-wa)
	before = cutLeft(before, left)
	return before, marked, cut(after, free-uniseg.StringWidth(before))
}

func (t *textWriter) history(f *correlate.Finding, o *correlate.Occurrence) {
	if !isHistory(o) {
		return
	}
	if o.First == nil {
		t.field("state", "unreachable object: no commit leads to it, but whoever has the repository has it")
		return
	}
	t.commit("introduced", o.First)
	if o.Last != nil && o.Last.ID != o.First.ID {
		t.commit("last in", o.Last)
	}
	if o.Removed != nil {
		t.commit("removed", o.Removed)
	}
	t.field("state", "%s", t.state(f, o))
}

func (t *textWriter) commit(label string, c *correlate.Commit) {
	who := t.text(c.Author)
	if c.Email != "" {
		who += " <" + t.text(c.Email) + ">"
	}
	t.field(label, "%s  %s  %s", short(c.ID), day(c.Date), who)
	if c.Subject != "" {
		t.field("", "%s", t.text(c.Subject))
	}
}

// state says of the first place of a finding whether the secret is still there, or elsewhere.
func (t *textWriter) state(f *correlate.Finding, o *correlate.Occurrence) string {
	if !o.Reachable {
		return "only in commits that no ref reaches any more, but whoever has the repository has them"
	}
	state := "in history, no longer in HEAD"
	switch {
	case isMessage(o):
		state = "in history"
	case o.InHead:
		state = "in HEAD"
	case slices.ContainsFunc(f.Occurrences, func(other correlate.Occurrence) bool { return other.InHead }):
		state = "in HEAD, but at another place"
	}
	if o.RefCount == 0 {
		return state
	}
	names := make([]string, 0, len(o.Refs))
	for i, ref := range o.Refs {
		if i == maxPlaces && !t.o.Verbose {
			break
		}
		names = append(names, t.name(shortRef(ref)))
	}
	list := strings.Join(names, ", ")
	if n := o.RefCount - len(names); n > 0 && len(names) > 0 {
		list += fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("%s; reached by %s: %s", state, count(int64(o.RefCount), "ref"), list)
}

func (t *textWriter) proof(p proof.Result) {
	if p.Status == proof.None && len(p.Facts) == 0 {
		return
	}
	status := cmp.Or(string(p.Status), "no check")
	detail := ""
	if p.Detail != "" {
		detail = ": " + t.text(p.Detail)
	}
	t.field("proof", "%s%s", status, detail)
	for i, fact := range p.Facts {
		if i == maxFacts && !t.o.Verbose {
			t.field("", "and %s", count(int64(len(p.Facts)-i), "more fact"))
			break
		}
		t.field("", "%s: %s", Escape(fact.Name), t.text(fact.Value))
	}
}
