package report

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/straykey/straykey/correlate"
)

// maxAnnotations is how many annotations of one level GitHub shows of a step. The runner takes more, and drops them.
const maxAnnotations = 10

// annotationLevels are GitHub's levels, each with the SARIF level that it stands for.
func annotationLevels() [][2]string {
	return [][2]string{{"error", "error"}, {"warning", "warning"}, {"notice", "note"}}
}

// writeGitHub writes workflow commands, which GitHub's runner takes from the log of a step and shows as annotations
// beside the code, at most maxAnnotations of a level. Where there are more the last one says how many, and that an
// incomplete run is one comes first. The last line is for people who read the log.
func writeGitHub(b *bufio.Writer, r *Report, o Options) error {
	g := &githubWriter{newJSONView(r, o), b}
	for _, level := range annotationLevels() {
		var list []*correlate.Finding
		for i := range r.Findings {
			if sarifLevelOf(r, &r.Findings[i]) == level[1] {
				list = append(list, &r.Findings[i])
			}
		}
		room := maxAnnotations
		if level[0] == "error" && !r.Coverage.Complete() {
			g.command(level[0], nil, "straykey", incompleteSentence(r))
			room--
		}
		shown := len(list)
		if shown > room {
			shown = room - 1
		}
		for _, f := range list[:shown] {
			g.command(level[0], mainPlace(f), "straykey: "+f.Rule.ID, Escape(g.describe(f)))
		}
		if rest := len(list) - shown; rest > 0 {
			o.note("GitHub shows %d annotations of a level: %s of level %s have none", maxAnnotations, count(int64(rest), "credential"), level[0])
			g.command(level[0], nil, "straykey", fmt.Sprintf(
				"%s of this level, which GitHub would not show here. The report in another format has them all.", count(int64(rest), "more credential"),
			))
		}
	}
	fmt.Fprintf(b, "straykey: %s\n", headline(r))
	return nil
}

// headline sums a report up in a line.
func headline(r *Report) string {
	line := "no credentials found"
	if n := len(r.Findings); n > 0 {
		places := 0
		for i := range r.Findings {
			places += len(r.Findings[i].Occurrences)
		}
		line = fmt.Sprintf("%s in %s", count(int64(n), "credential"), count(int64(places), "place"))
	}
	if n := len(r.Suppressed); n > 0 {
		line += fmt.Sprintf("; %s suppressed", thousands(int64(n)))
	}
	if !r.Coverage.Complete() {
		line += "; INCOMPLETE"
	}
	return line
}

// sarifLevelOf is the level of a finding in SARIF: error, warning or note.
func sarifLevelOf(r *Report, f *correlate.Finding) string {
	level, _ := sarifLevel(severity(f.Rule))
	if v, ok := r.Verdicts[f.Fingerprint]; ok {
		level = verifiedLevel(level, v.Verdict)
	}
	return level
}

// A githubWriter writes workflow commands, redacted.
type githubWriter struct {
	*jsonView
	w *bufio.Writer
}

// command writes an annotation. Where no file of the checkout is meant the occurrence may be nil.
func (g *githubWriter) command(level string, o *correlate.Occurrence, title, message string) {
	var properties []string
	add := func(name, value string) { properties = append(properties, name+"="+escapeProperty(value)) }
	if o != nil {
		if file := g.filePath(o); file != "" {
			add("file", file)
			if o.Line > 0 && o.Member == "" {
				add("line", fmt.Sprint(o.Line))
				add("endLine", fmt.Sprint(max(o.EndLine, o.Line)))
				if o.EndLine == o.Line { // GitHub refuses columns of a range of lines
					add("col", fmt.Sprint(o.Column))
					add("endColumn", fmt.Sprint(o.EndColumn))
				}
			}
		}
	}
	add("title", Escape(title))
	fmt.Fprintf(g.w, "::%s %s::%s\n", level, strings.Join(properties, ","), escapeData(message))
}

// escapeData and escapeProperty are what the runner undoes for the text and the properties of a command. Texts are
// visible lines already (Escape), so that line ends are escaped only for whoever calls with others.
func escapeData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func escapeProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
