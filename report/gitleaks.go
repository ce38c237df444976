package report

import (
	"bufio"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/straykey/straykey/correlate"
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
	Match       string
	Secret      string
	File        string
	SymlinkFile string
	Commit      string
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
// It differs where gitleaks is wrong or has what we have not. Columns count from 1
// on every line (gitleaks counts from 2 on all lines of a fragment but its first),
// Message is the subject alone, and secrets are redacted the way straykey does it.
// Suppressed findings are left out, as there.
func writeGitleaks(b *bufio.Writer, r *Report, o Options) error {
	red := newRedactor(r, o)
	j := &jsonStream{w: b, indent: " ", html: true}
	j.open("", "[")
	for i := range r.Findings {
		f := &r.Findings[i]
		for k := range f.Occurrences {
			j.value("", red.gitleaks(f, &f.Occurrences[k]))
		}
	}
	j.close("]")
	return j.err
}

func (r *redactor) gitleaks(f *correlate.Finding, o *correlate.Occurrence) gitleaksFinding {
	g := gitleaksFinding{
		RuleID:      f.Rule.ID,
		Description: f.Rule.Description,
		Match:       r.match(o.Frame.Match, f.Secret),
		Secret:      r.secret(f.Secret),
		File:        r.name(o.Path),
		Entropy:     entropy32(f.Entropy),
		Tags:        append([]string{}, f.Rule.Tags...),
	}
	m := matchRegion(o, f.Secret)
	g.StartLine, g.StartColumn, g.EndLine, g.EndColumn = m.line, m.column, m.endLine, m.endColumn-1
	if f.File != "" {
		g.StartLine, g.StartColumn, g.EndLine, g.EndColumn = 0, 0, 0, 0
		g.Match = "file detected: " + g.File
	}
	g.Fingerprint = fmt.Sprintf("%s:%s:%d", g.File, g.RuleID, g.StartLine)
	if c := o.First; c != nil {
		g.Commit = c.ID
		g.Author = r.text(c.Author)
		g.Email = r.text(c.Email)
		g.Date = c.Date.UTC().Format(time.RFC3339)
		g.Message = r.text(c.Subject)
		g.Fingerprint = c.ID + ":" + g.Fingerprint
	}
	return g
}

// A region is a part of a text: lines and columns from 1, the end column past the last.
type region struct {
	line, column, endLine, endColumn int
}

// matchRegion returns where the match around a secret stands; gitleaks locates the match.
func matchRegion(o *correlate.Occurrence, secret string) region {
	out := region{o.Line, o.Column, o.EndLine, o.EndColumn}
	i := strings.Index(o.Frame.Match, secret)
	if i < 0 || secret == "" {
		return out
	}
	before, after := o.Frame.Match[:i], o.Frame.Match[i+len(secret):]
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
