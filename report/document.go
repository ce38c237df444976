package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/rules"
)

// A Document is a report in the JSON format that was read back.
type Document struct {
	doc struct {
		Schema     string           `json:"schema"`
		Run        jsonRun          `json:"run"`
		Summary    jsonSummary      `json:"summary"`
		Coverage   jsonCoverage     `json:"coverage"`
		Findings   []jsonFinding    `json:"findings"`
		Suppressed []jsonSuppressed `json:"suppressed"`
	}
}

// maxDocument bounds the reports that are read back, in bytes.
const maxDocument = 1 << 30

// ReadJSON reads a report that was written in the JSON format, of this version of it. What it
// does not know in it is an error: it could not be written back.
func ReadJSON(r io.Reader) (*Document, error) {
	d := new(Document)
	dec := json.NewDecoder(io.LimitReader(r, maxDocument))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d.doc); err != nil {
		return nil, fmt.Errorf("not a report in the JSON format of this version (%s): %w", schemaName, withoutValue(err))
	}
	if d.doc.Schema != schemaName {
		return nil, fmt.Errorf("not a report in the JSON format of this version: expected the schema %s", schemaName)
	}
	return d, nil
}

// withoutValue strips what an error of the decoder quotes of the text, which may be a secret.
func withoutValue(err error) error {
	switch e := err.(type) { //nolint:errorlint // the decoder returns these as they are
	case *json.UnmarshalTypeError:
		return fmt.Errorf("%s has another type than expected", e.Field)
	case *json.SyntaxError:
		return fmt.Errorf("no JSON at byte %d", e.Offset)
	}
	return err
}

// Mode and Target say what the report is of, as Run has it.
func (d *Document) Mode() Mode     { return d.doc.Run.Mode }
func (d *Document) Target() string { return d.doc.Run.Target }

// Targets are what was scanned, one at least.
func (d *Document) Targets() []string {
	if len(d.doc.Run.Targets) > 0 {
		return d.doc.Run.Targets
	}
	return []string{d.doc.Run.Target}
}

// RuleSet is the hash of the rules that the report was made with.
func (d *Document) RuleSet() string { return d.doc.Run.RuleSet }

// Complete says whether everything could be read when the report was made.
func (d *Document) Complete() bool { return d.doc.Summary.Complete }

// Findings returns the findings of the document, and Suppressed those that do not count, of which by says which; all with
// no more than a policy asks of them: fingerprint, the id of the rule, and the path and line of each place.
func (d *Document) Findings() []correlate.Finding {
	out := make([]correlate.Finding, len(d.doc.Findings))
	for i := range d.doc.Findings {
		out[i] = d.doc.Findings[i].bare()
	}
	return out
}

// Suppressed is described at Findings.
func (d *Document) Suppressed(by func(Suppression) bool) []correlate.Finding {
	var out []correlate.Finding
	for i := range d.doc.Suppressed {
		if by(d.doc.Suppressed[i].By) {
			out = append(out, d.doc.Suppressed[i].Finding.bare())
		}
	}
	return out
}

// bare returns a finding with what a policy asks of it.
func (f *jsonFinding) bare() correlate.Finding {
	out := correlate.Finding{Fingerprint: f.Fingerprint, Rule: &rules.Rule{ID: f.Rule.ID, Family: f.Rule.Family}}
	for i := range f.Occurrences {
		out.Occurrences = append(out.Occurrences, correlate.Occurrence{Path: f.Occurrences[i].Path, Line: f.Occurrences[i].Line})
	}
	return out
}

// Place is where a finding of a Document stands first.
type Place struct {
	Fingerprint string
	Rule        string
	Kind        string // as correlate.Occurrence has it
	Object      string
	Path        string // of the whole, without the member of an archive
	Line        int
}

// Places returns the first place of each finding, in the order of the document.
func (d *Document) Places() []Place {
	out := make([]Place, 0, len(d.doc.Findings))
	for _, f := range d.doc.Findings {
		p := Place{Fingerprint: f.Fingerprint, Rule: f.Rule.ID}
		if len(f.Occurrences) > 0 {
			o := f.Occurrences[0]
			p.Kind, p.Object, p.Path, p.Line = o.Kind, o.Object, o.whole(), o.Line
		}
		out = append(out, p)
	}
	return out
}

// whole returns the path of the file or archive that an occurrence stands in.
func (o *jsonOccurrence) whole() string {
	if o.Member == "" {
		return o.Path
	}
	return o.Path[:max(0, len(o.Path)-len(o.Member)-len("!"))]
}

// Verify puts into the document what r knows of the life of its findings, those of the same fingerprint.
func (d *Document) Verify(r *Report, o Options) {
	v := newJSONView(r, o)
	known := map[string]*correlate.Finding{}
	for i := range r.Findings {
		known[r.Findings[i].Fingerprint] = &r.Findings[i]
	}
	counts := byVerdict(&Report{Verdicts: r.Verdicts})
	for i := range d.doc.Findings {
		f := &d.doc.Findings[i]
		if finding := known[f.Fingerprint]; finding != nil {
			f.Verified = v.verification(finding)
		}
		if counts != nil {
			counts[string(f.verdict())]++
		}
	}
	d.doc.Summary.ByVerdict = counts
}

// WriteJSON writes the document as Write writes reports in the JSON format.
func (d *Document) WriteJSON(w io.Writer) error {
	b := bufio.NewWriter(w)
	j := &jsonStream{w: b, indent: "  "}
	j.open("", "{")
	j.value("schema", d.doc.Schema)
	j.value("run", d.doc.Run)
	j.value("summary", d.doc.Summary)
	j.value("coverage", d.doc.Coverage)
	j.open("findings", "[")
	for i := range d.doc.Findings {
		j.value("", d.doc.Findings[i])
	}
	j.close("]")
	j.open("suppressed", "[")
	for i := range d.doc.Suppressed {
		j.value("", d.doc.Suppressed[i])
	}
	j.close("]")
	j.close("}")
	if j.err != nil {
		return fmt.Errorf("write json report: %w", j.err)
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write json report: %w", err)
	}
	return nil
}
