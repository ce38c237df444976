package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/source"
)

// What several formats say of a finding in the same words.

// describe tells a finding in a sentence or two: what it is, what is shown of it, where from, and how often. The
// secret and the description may be of several lines: formats that are lines escape it.
func (v *jsonView) describe(f *correlate.Finding) string {
	where := ""
	if o := mainPlace(f); o != nil {
		where = v.within(o) + v.since(o)
	}
	text := fmt.Sprintf("%s: %s%s", cmp.Or(strings.TrimSuffix(f.Rule.Description, "."), f.Rule.ID), cmp.Or(v.secret(f.Secret), "the file itself"), where)
	if n := len(f.Occurrences) - 1; n > 0 {
		text += fmt.Sprintf(" It stands in %s.", count(int64(n), "more place"))
	}
	return text
}

// mainOccurrence returns the index of the occurrence a viewer should open: one that is in the
// checkout, if there is any, since a service shows no other.
func mainOccurrence(f *correlate.Finding) int {
	for i := range f.Occurrences {
		if o := &f.Occurrences[i]; o.InHead && !isMessage(o) {
			return i
		}
	}
	return 0
}

// mainPlace returns the occurrence that mainOccurrence means; nil if a finding has none.
func mainPlace(f *correlate.Finding) *correlate.Occurrence {
	if len(f.Occurrences) == 0 {
		return nil
	}
	return &f.Occurrences[mainOccurrence(f)]
}

// within says where in an archive a secret stands, which a location cannot.
func (v *jsonView) within(o *correlate.Occurrence) string {
	within := ""
	if o.Member != "" {
		within = fmt.Sprintf(" in %s:%d:%d of this archive", Escape(v.name(o.Member)), o.Line, o.Column)
	}
	if len(o.Via) > 0 {
		within += ", read through " + Escape(strings.Join(o.Via, ", "))
	}
	return within
}

// since ends the sentence that tells a secret.
func (v *jsonView) since(o *correlate.Occurrence) string {
	switch {
	case !isHistory(o):
		return "."
	case o.First == nil:
		return ", in an object that no commit leads to."
	}
	text := fmt.Sprintf(", introduced by commit %s of %s (%s)", short(o.First.ID), Escape(v.text(o.First.Author)), day(o.First.Date))
	if !o.InHead && !isMessage(o) {
		text += ", no longer in HEAD"
	}
	return text + "."
}

// place says where an occurrence stands, in the path:line:column form that editors
// and terminals make a link of. It is one visible line and not cut.
func (r *redactor) place(o *correlate.Occurrence) string {
	place := r.container(o)
	if o.Line > 0 {
		place = fmt.Sprintf("%s:%d:%d", place, o.Line, o.Column)
	}
	if o.Kind == "staged" {
		place += " (staged)"
	}
	return place
}

// container names the text that an occurrence stands in.
func (r *redactor) container(o *correlate.Occurrence) string {
	switch {
	case isMessage(o):
		return fmt.Sprintf("message of %s %s", o.Kind, short(o.Object))
	case o.Kind == "stdin":
		return "standard input" + Escape(r.name(o.Path))
	case o.Path == "":
		return fmt.Sprintf("%s %s", Escape(o.Kind), short(o.Object))
	}
	return Escape(r.name(o.Path))
}

// filePath returns the path of the file or archive in the checkout that an occurrence stands in, redacted; empty for
// texts that are no file.
func (r *redactor) filePath(o *correlate.Occurrence) string {
	if isMessage(o) || o.Kind == "stdin" || o.Path == "" {
		return ""
	}
	return Escape(r.name(strings.TrimSuffix(o.Path, "!"+o.Member)))
}

// incompleteSentence says that not everything was read, and why.
func incompleteSentence(r *Report) string {
	return "Incomplete: not everything could be scanned (" + reasonList(r.Coverage) + ")."
}

// advice is what to do about any credential that was found.
const advice = "Revoke the credential where it was issued, then remove it from the code. " +
	"Removing it alone does not help: history keeps it, and so does every clone."

// unrotated is said of a link that stands in for the one on rotation.
const unrotated = "no page on rotating it is known"

// furtherReading is the page a finding leads to. The label is what it is about, "rotate" or "docs"; the note, if there is one, is
// for after the address. All are empty if a rule names no page that a browser opens.
func furtherReading(r *rules.Rule) (label, url, note string) {
	switch url, rotation := r.Link(); {
	case !webURL(url):
		return "", "", ""
	case rotation:
		return "rotate", url, ""
	default:
		return "docs", url, unrotated
	}
}

// noted is a text with a note after it, if there is one.
func noted(text, note string) string {
	if note == "" {
		return text
	}
	return text + " (" + note + ")"
}

// furtherReadingSentence is furtherReading for a running text.
func furtherReadingSentence(r *rules.Rule) string {
	switch label, url, _ := furtherReading(r); label {
	case "rotate":
		return "How to rotate it: " + url
	case "docs":
		return "About it (" + unrotated + "): " + url
	}
	return ""
}

// problem tells in a line what could not be read, and why.
func (r *redactor) problem(p source.Problem) string {
	text := fmt.Sprintf("%s: %s", p.Reason, r.name(p.What))
	if p.Where != "" {
		text += " in " + r.name(p.Where)
	}
	if p.Detail != "" {
		text += ": " + r.text(p.Detail)
	}
	return Escape(text)
}
