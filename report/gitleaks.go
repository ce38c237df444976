package report

import (
	"bufio"
	"cmp"
	"fmt"
	"iter"
	"math"
	"strings"
	"time"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/rules"
)

// gitleaksFinding has the fields of a finding as gitleaks 8.30 writes them, in its order and
// with its types. What that version leaves out where it is empty (Link) is left out here.
type gitleaksFinding struct {
	RuleID      string
	Description string
	StartLine   int
	EndLine     int
	StartColumn int
	EndColumn   int
	Line        string `json:"-"` // for templates: the first line of the secret
	Match       string
	Secret      string
	File        string
	SymlinkFile string
	Commit      string
	Link        string `json:",omitempty"`
	Entropy     float32
	Author      string
	Email       string
	Date        string
	Message     string
	Tags        []string
	Fingerprint string
}

// writeGitleaks writes the array of "gitleaks --report-format json": one element an
// occurrence, one space of indentation, "[]" when there is none.
//
// It differs, as all formats of this shape, where gitleaks is wrong or has what we have not. Columns count from 1
// on every line (gitleaks counts from 2 on all lines of a fragment but its first), and secrets are redacted unless
// somebody asks otherwise. A built-in rule that gitleaks has too goes by its id there (rules.GitleaksID).
// Suppressed findings are left out, as there.
func writeGitleaks(b *bufio.Writer, r *Report, o Options) error {
	j := &jsonStream{w: b, indent: " ", html: true}
	j.open("", "[")
	for g := range gitleaksFindings(r, o) {
		j.value("", g)
	}
	j.close("]")
	return j.err
}

// gitleaksFindings yields what gitleaks would call the findings of a report.
func gitleaksFindings(r *Report, o Options) iter.Seq[gitleaksFinding] {
	return func(yield func(gitleaksFinding) bool) {
		red, all := newRedactor(r, o), rules.GitleaksRules()
		for i := range r.Findings {
			f := &r.Findings[i]
			id := rules.GitleaksID(all, f.Rule)
			for k := range f.Occurrences {
				g := red.gitleaks(f, &f.Occurrences[k], id)
				if o.Link != nil && g.Commit != "" {
					g.Link = o.Link(g.Commit, g.File, g.StartLine, g.EndLine)
				}
				if link := o.Symlinks[f.Occurrences[k].Path]; link != "" {
					g.SymlinkFile = red.name(link)
				}
				if !yield(g) {
					return
				}
			}
		}
	}
}

// visible returns g with what would move a cursor or hide in its texts written out (Escape), for formats that have no
// escapes of their own. Line ends and tabs stay.
func (g gitleaksFinding) visible() gitleaksFinding {
	for _, s := range []*string{&g.Line, &g.Match, &g.Secret, &g.File, &g.Link, &g.Author, &g.Email, &g.Message, &g.Fingerprint} {
		lines := strings.Split(*s, "\n")
		for i, line := range lines {
			cells := strings.Split(line, "\t")
			for k, cell := range cells {
				cells[k] = Escape(cell)
			}
			lines[i] = strings.Join(cells, "\t")
		}
		*s = strings.Join(lines, "\n")
	}
	return g
}

func (r *redactor) gitleaks(f *correlate.Finding, o *correlate.Occurrence, id string) gitleaksFinding {
	g := gitleaksFinding{
		RuleID:      id,
		Description: f.Rule.Description,
		Match:       r.match(strings.Trim(o.Frame.Match, "\n"), f.Secret),
		Secret:      r.secret(f.Secret),
		File:        r.name(o.Path),
		Entropy:     entropy32(f.Entropy),
		Tags:        append([]string{}, f.Rule.Tags...),
	}
	for _, line := range r.frame(o, f.Secret) {
		if line.number == o.Line {
			g.Line = line.text
		}
	}
	p := GitleaksPlaceOf(f, o)
	g.StartLine, g.StartColumn, g.EndLine, g.EndColumn = p.StartLine, p.StartColumn, p.EndLine, p.EndColumn
	if f.File != "" {
		g.Match = "file detected: " + g.File
	}
	g.Fingerprint = fmt.Sprintf("%s:%s:%d", g.File, g.RuleID, g.StartLine)
	if c := o.First; c != nil {
		g.Commit = c.ID
		g.Author = r.text(c.Author)
		g.Email = r.text(c.Email)
		g.Date = c.Date.UTC().Format(time.RFC3339)
		g.Message = r.text(cmp.Or(c.Message, c.Subject))
		g.Fingerprint = c.ID + ":" + g.Fingerprint
	}
	return g
}

// GitleaksPlace is where a finding stands, as gitleaks counts it: that of the whole match, the end column that of its
// last byte, and zeros for a file that is a finding whatever it holds.
type GitleaksPlace struct {
	StartLine, EndLine, StartColumn, EndColumn int
}

// GitleaksPlaceOf returns the place of an occurrence of a finding.
func GitleaksPlaceOf(f *correlate.Finding, o *correlate.Occurrence) GitleaksPlace {
	if f.File != "" {
		return GitleaksPlace{}
	}
	m := matchRegion(o, f.Secret)
	return GitleaksPlace{StartLine: m.line, StartColumn: m.column, EndLine: m.endLine, EndColumn: m.endColumn - 1}
}

// A region is a part of a text: lines and columns from 1, the end column past the last.
type region struct {
	line, column, endLine, endColumn int
}

// matchRegion returns where the match around a secret stands; gitleaks locates the match, without line feeds around it.
func matchRegion(o *correlate.Occurrence, secret string) region {
	out := region{o.Line, o.Column, o.EndLine, o.EndColumn}
	match := strings.Trim(o.Frame.Match, "\n")
	i := strings.Index(match, secret)
	if i < 0 || secret == "" {
		return out
	}
	before, after := match[:i], match[i+len(secret):]
	if n := strings.Count(before, "\n"); n == 0 {
		out.column -= len(before)
	} else {
		out.line -= n
		out.column = 1
		head := firstLine(before)
		if k := out.line - o.Frame.FirstLine; k >= 0 && k < len(o.Frame.Lines) && strings.HasSuffix(o.Frame.Lines[k], head) {
			out.column += len(o.Frame.Lines[k]) - len(head)
		}
	}
	if n := strings.Count(after, "\n"); n == 0 {
		out.endColumn += len(after)
	} else {
		out.endLine += n
		out.endColumn = len(after) - strings.LastIndex(after, "\n")
	}
	return out
}

// entropy32 is x in the precision of gitleaks, which JSON cannot hold if it is no number.
func entropy32(x float64) float32 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return float32(x)
}
