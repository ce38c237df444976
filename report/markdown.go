package report

import (
	"bufio"
	"cmp"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/straykey/straykey/correlate"
)

const (
	// maxMarkdown is the size at which GitHub refuses the summary of a step, in bytes.
	maxMarkdown = 1 << 20
	// markdownTail of it is left for what follows the table.
	markdownTail = 32 << 10
	// maxMarkdownProblems bounds the problems that are listed.
	maxMarkdownProblems = 10
	// maxMarkdownCell bounds a text of the scanned repository, in characters: one row is no place for a path of 4 KiB.
	maxMarkdownCell = 300
)

// writeMarkdown writes a table of the findings, the worst first, for the summary of a job or a comment. Foreign text
// stands in it as text: whatever Markdown or HTML would make of its punctuation is escaped.
func writeMarkdown(b *bufio.Writer, r *Report, o Options) error {
	m := &markdownView{newJSONView(r, o)}
	fmt.Fprintf(b, "## straykey: %s\n", headline(r))
	written := 0
	if len(r.Findings) > 0 {
		head := "\n| severity | credential | secret | place | since |\n|---|---|---|---|---|\n"
		b.WriteString(head)
		written = len(head)
	}
	for i := range r.Findings {
		row := m.row(r, &r.Findings[i])
		if written+len(row) > maxMarkdown-markdownTail {
			rest := count(int64(len(r.Findings)-i), "more credential")
			fmt.Fprintf(b, "\nand %s, for which there is no room here. The report in another format has them all.\n", rest)
			o.note("GitHub takes 1 MiB of a summary: there was no room for %s", rest)
			break
		}
		b.WriteString(row)
		written += len(row)
	}
	m.tail(b, r)
	return nil
}

// A markdownView turns the parts of a report into Markdown, redacted.
type markdownView struct {
	*jsonView
}

func (m *markdownView) row(r *Report, f *correlate.Finding) string {
	word := string(severity(f.Rule))
	if r.Verdicts != nil {
		word += ", " + string(r.Verdict(f))
	}
	what := escapeMarkdown(firstRunes(cmp.Or(f.Rule.Description, f.Rule.ID), maxMarkdownCell))
	if label, url, note := furtherReading(f.Rule); markdownURL(url) != "" {
		what += " (" + strings.Join(nonEmpty("["+label+"]("+markdownURL(url)+")", note), ": ") + ")"
	}
	place, since := "", ""
	if o := mainPlace(f); o != nil {
		place = markdownCode(firstRunes(m.place(o), maxMarkdownCell))
		if n := len(f.Occurrences) - 1; n > 0 {
			place += fmt.Sprintf(" and %s", count(int64(n), "more place"))
		}
		if c := o.First; c != nil {
			since = fmt.Sprintf("%s %s %s", markdownCode(short(c.ID)), day(c.Date), escapeMarkdown(firstRunes(m.text(c.Author), maxMarkdownCell)))
		}
	}
	secret := "the file itself"
	if f.Secret != "" {
		secret = markdownCode(firstRunes(Escape(m.secret(f.Secret)), maxMarkdownSecret(m.show)))
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", word, what, secret, place, since)
}

// maxMarkdownSecret bounds a secret in a cell. Who asks for secrets gets them whole.
func maxMarkdownSecret(show bool) int {
	if show {
		return 64 << 10
	}
	return maxMarkdownCell
}

// tail says what the table does not.
func (m *markdownView) tail(b *bufio.Writer, r *Report) {
	if !r.Coverage.Complete() {
		fmt.Fprintf(b, "\n**%s**\n\n", incompleteSentence(r))
		problems := r.Coverage.Problems()
		for i, p := range problems {
			if i == maxMarkdownProblems {
				fmt.Fprintf(b, "- and %s\n", count(int64(len(problems)-i), "more problem"))
				break
			}
			fmt.Fprintf(b, "- %s\n", markdownCode(firstRunes(m.problem(p), maxMarkdownCell/3)))
		}
	}
	if n := len(r.Suppressed); n > 0 {
		fmt.Fprintf(b, "\n%s suppressed, not counted: %s\n", count(int64(n), "finding"), suppressions(r.Suppressed))
	}
	if len(r.Findings) > 0 {
		fmt.Fprintf(b, "\n%s\n", advice)
	}
}

// markdownCode returns one visible line of text as code. It is HTML's element and not backticks, in which a pipe would
// still end the cell, and within which GitHub looks for no mentions or references.
func markdownCode(s string) string { return "<code>" + escapeMarkdown(s) + "</code>" }

// escapeMarkdown returns s as one visible line that Markdown and HTML show as it is: all ASCII punctuation that means
// something to either becomes a character reference. The dot is among it because of "www.", which becomes a link, and
// so is the at sign; a reference keeps it from being read as a mention only within code.
func escapeMarkdown(s string) string {
	s = Escape(s)
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '@':
			// Services look for mentions in what was rendered, where the reference is an @ again. An empty element
			// keeps the name off it.
			b.WriteString("&#64;<span></span>")
		case r > ' ' && r < utf8.RuneSelf && !isAlnum(byte(r)) && r != '/' && r != '-' && r != ',':
			fmt.Fprintf(&b, "&#%d;", r)
		default:
			b.WriteRune(r)
		}
		i += size
	}
	return b.String()
}

// markdownURL returns the address of a web page in the form that can stand between parentheses in a cell; "" if it is
// none.
func markdownURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || !webURL(s) || u.User != nil {
		return ""
	}
	return strings.NewReplacer("(", "%28", ")", "%29", "|", "%7C", "<", "%3C", ">", "%3E", "\\", "%5C", "`", "%60", "*", "%2A", "[", "%5B", "]", "%5D").Replace(u.String())
}
