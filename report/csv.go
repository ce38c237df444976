package report

import (
	"bufio"
	"strconv"
	"strings"

	"github.com/straykey/straykey/correlate"
)

// csvColumns are the columns of the CSV format. A column may be added at the end; none changes its place.
func csvColumns() []string {
	return []string{
		"fingerprint", "rule", "description", "provider", "identity", "severity", "confidence", "verdict", "secret",
		"kind", "path", "member", "line", "column", "end_line", "end_column", "object",
		"commit", "author", "email", "date", "subject", "removed", "in_head", "reachable", "refs",
	}
}

// writeCSV writes a table as RFC 4180 has it, one row an occurrence, with a header and CRLF at the end of rows. All
// texts are quoted and of one line. Suppressed findings are left out, and a table cannot say whether the run was
// complete: the exit code does.
func writeCSV(b *bufio.Writer, r *Report, o Options) error {
	c := &csvWriter{jsonView: newJSONView(r, o), w: b}
	for _, name := range csvColumns() {
		c.text(name)
	}
	c.end()
	for i := range r.Findings {
		f := &r.Findings[i]
		verdict := ""
		if r.Verdicts != nil {
			verdict = string(r.Verdict(f))
		}
		if len(f.Occurrences) == 0 {
			c.row(f, &correlate.Occurrence{}, verdict)
		}
		for k := range f.Occurrences {
			c.row(f, &f.Occurrences[k], verdict)
		}
	}
	return nil
}

// A csvWriter writes the cells of a table. The errors of w surface when that is flushed.
type csvWriter struct {
	*jsonView
	w      *bufio.Writer
	filled bool // the row has a cell
}

func (c *csvWriter) row(f *correlate.Finding, o *correlate.Occurrence, verdict string) {
	red := c.redactor
	c.text(f.Fingerprint)
	c.text(f.Rule.ID)
	c.text(f.Rule.Description)
	c.text(f.Rule.Provider)
	c.text(string(f.Rule.Identity))
	c.text(string(severity(f.Rule)))
	c.text(string(f.Confidence))
	c.text(verdict)
	c.text(red.secret(f.Secret))
	c.text(o.Kind)
	c.text(red.name(o.Path))
	c.text(red.name(o.Member))
	for _, n := range []int{o.Line, o.Column, o.EndLine, o.EndColumn} {
		c.cell(strconv.Itoa(n))
	}
	c.text(o.Object)
	c.history(o)
	c.end()
}

// history writes the columns of a history; they are empty where there is none.
func (c *csvWriter) history(o *correlate.Occurrence) {
	red := c.redactor
	if first := o.First; first != nil {
		c.text(first.ID)
		c.text(red.text(first.Author))
		c.text(red.text(first.Email))
		c.text(isoDate(first.Date))
		c.text(red.text(first.Subject))
	} else {
		for range 5 {
			c.cell("")
		}
	}
	if o.Removed != nil {
		c.text(o.Removed.ID)
	} else {
		c.cell("")
	}
	if isHistory(o) {
		c.cell(strconv.FormatBool(o.InHead))
		c.cell(strconv.FormatBool(o.Reachable))
		c.cell(strconv.Itoa(o.RefCount))
	} else {
		for range 3 {
			c.cell("")
		}
	}
}

// text writes a quoted cell that no spreadsheet takes for a formula.
func (c *csvWriter) text(s string) {
	c.cell(`"` + strings.ReplaceAll(noFormula(Escape(s)), `"`, `""`) + `"`)
}

func (c *csvWriter) cell(s string) {
	if c.filled {
		c.w.WriteByte(',')
	}
	c.w.WriteString(s)
	c.filled = true
}

func (c *csvWriter) end() {
	c.w.WriteString("\r\n")
	c.filled = false
}

// noFormula puts an apostrophe before what a spreadsheet would evaluate: text that begins with =, +, - or @ or with
// their full-width forms. It may also begin after a semicolon, since spreadsheets in many languages cut cells there.
func noFormula(s string) string {
	if !strings.ContainsAny(s, formulaStarts) {
		return s
	}
	var b strings.Builder
	start := true
	for _, r := range s {
		if start && strings.ContainsRune(formulaStarts, r) {
			b.WriteByte('\'')
		}
		start = r == ';' || start && (r == ' ' || r == '"')
		b.WriteRune(r)
	}
	return b.String()
}

const formulaStarts = "=+-@＝＋－＠"
