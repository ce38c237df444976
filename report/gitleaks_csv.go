package report

import (
	"bufio"
	"encoding/csv"
	"strconv"
	"strings"
)

// writeGitleaksCSV writes the table of "gitleaks --report-format csv": nothing at all when nothing is found, and the
// column Link only where there are links. A cell that a spreadsheet would take for a formula begins with an apostrophe.
func writeGitleaksCSV(b *bufio.Writer, r *Report, o Options) error {
	w := csv.NewWriter(b)
	header := []string{
		"RuleID", "Commit", "File", "SymlinkFile", "Secret", "Match", "StartLine", "EndLine", "StartColumn", "EndColumn",
		"Author", "Message", "Date", "Email", "Fingerprint", "Tags",
	}
	first, links := true, o.Link != nil
	for g := range gitleaksFindings(r, o) {
		g = g.visible()
		if links {
			links = g.Link != "" || !first
		}
		if first {
			if links {
				header = append(header, "Link")
			}
			if err := w.Write(header); err != nil {
				return err
			}
			first = false
		}
		row := []string{
			g.RuleID, g.Commit, g.File, g.SymlinkFile, g.Secret, g.Match,
			strconv.Itoa(g.StartLine), strconv.Itoa(g.EndLine), strconv.Itoa(g.StartColumn), strconv.Itoa(g.EndColumn),
			g.Author, g.Message, g.Date, g.Email, g.Fingerprint, strings.Join(g.Tags, " "),
		}
		if links {
			row = append(row, g.Link)
		}
		for i, cell := range row {
			row[i] = noFormula(cell)
		}
		if err := w.Write(row); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}
