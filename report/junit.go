package report

import (
	"bufio"
	"cmp"
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/straykey/straykey/correlate"
)

// The types below are the part of JUnit's XML that its readers (Jenkins, GitLab, Azure Pipelines, CircleCI) agree on.
type junitCase struct {
	XMLName   xml.Name      `xml:"testcase"`
	ClassName string        `xml:"classname,attr"`
	Name      string        `xml:"name,attr"`
	File      string        `xml:"file,attr,omitempty"`
	Line      int           `xml:"line,attr,omitempty"`
	Time      string        `xml:"time,attr"`
	Failure   *junitOutcome `xml:"failure"`
	Error     *junitOutcome `xml:"error"`
	Skipped   *junitOutcome `xml:"skipped"`
}

type junitOutcome struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// junitCoverage names the test case that says whether everything was read. It is there in every report, because
// readers take a report without test cases for a broken one.
const junitCoverage = "everything was read"

// maxJUnitPlaces bounds the places that a failure lists.
const maxJUnitPlaces = 100

// writeJUnit writes one test suite. Each finding is a test case that failed, each suppressed one a test case that was
// skipped. The names of test cases stay the same while a credential stays in its file: the class is the rule, the name
// is path, description and the start of the fingerprint. So a reader that keeps a history of tests sees one test, and
// not a new one whenever the line number changes.
func writeJUnit(b *bufio.Writer, r *Report, o Options) error {
	v := &junitView{newJSONView(r, o)}
	incomplete := !r.Coverage.Complete()
	errors := 0
	if incomplete {
		errors = 1
	}
	counts := []xml.Attr{
		attr("tests", fmt.Sprint(1+len(r.Findings)+len(r.Suppressed))),
		attr("failures", fmt.Sprint(len(r.Findings))),
		attr("errors", fmt.Sprint(errors)),
		attr("skipped", fmt.Sprint(len(r.Suppressed))),
		attr("time", fmt.Sprintf("%.3f", r.Run.Duration.Seconds())),
	}
	suites := xml.StartElement{Name: xml.Name{Local: "testsuites"}, Attr: append([]xml.Attr{attr("name", "straykey")}, counts...)}
	suite := xml.StartElement{Name: xml.Name{Local: "testsuite"}, Attr: append([]xml.Attr{attr("name", v.suite(&r.Run))}, counts...)}
	if !r.Run.Started.IsZero() {
		suite.Attr = append(suite.Attr, attr("timestamp", r.Run.Started.UTC().Format("2006-01-02T15:04:05")))
	}

	b.WriteString(xml.Header)
	e := xml.NewEncoder(b)
	e.Indent("", "  ")
	x := &junitStream{Encoder: e}
	x.token(suites)
	x.token(suite)
	x.testCase(v.coverage(r))
	ids := shortIDs(r.Findings)
	for i := range r.Findings {
		x.testCase(v.finding(r, &r.Findings[i], ids[i]))
	}
	for i := range r.Suppressed {
		x.testCase(v.suppressed(&r.Suppressed[i]))
	}
	x.token(suite.End())
	x.token(suites.End())
	if x.err == nil {
		x.err = e.Close()
	}
	b.WriteByte('\n')
	return x.err
}

func attr(name, value string) xml.Attr { return xml.Attr{Name: xml.Name{Local: name}, Value: value} }

// A junitStream writes elements one by one and keeps the first error.
type junitStream struct {
	*xml.Encoder
	err error
}

func (x *junitStream) token(t xml.Token) {
	if x.err == nil {
		x.err = x.EncodeToken(t)
	}
}

func (x *junitStream) testCase(c junitCase) {
	if x.err == nil {
		x.err = x.Encode(c)
	}
}

// A junitView turns the parts of a report into test cases, redacted. What it returns is visible text, which XML
// can hold: it has no place for control characters.
type junitView struct {
	*jsonView
}

func (v *junitView) suite(run *Run) string {
	return strings.Join(nonEmpty("straykey", string(run.Mode), Escape(v.name(run.Target))), " ")
}

func (v *junitView) coverage(r *Report) junitCase {
	c := junitCase{ClassName: "straykey", Name: junitCoverage, Time: "0"}
	if r.Coverage.Complete() {
		return c
	}
	var lines []string
	for _, p := range r.Coverage.Problems() {
		lines = append(lines, v.problem(p))
	}
	c.Error = &junitOutcome{incompleteSentence(r), "incomplete", strings.Join(lines, "\n")}
	return c
}

func (v *junitView) finding(r *Report, f *correlate.Finding, id string) junitCase {
	c := v.testCase(f, id)
	lines := []string{}
	for i := range f.Occurrences {
		if i == maxJUnitPlaces {
			lines = append(lines, fmt.Sprintf("and %s", count(int64(len(f.Occurrences)-i), "more place")))
			break
		}
		lines = append(lines, "at "+v.place(&f.Occurrences[i]))
	}
	if r.Verdicts != nil {
		lines = append(lines, "verdict: "+string(r.Verdict(f)))
	}
	lines = append(lines, advice)
	if label, url, note := furtherReading(f.Rule); url != "" {
		lines = append(lines, label+": "+noted(Escape(url), note))
	}
	lines = append(lines, "fingerprint: "+Escape(f.Fingerprint))
	c.Failure = &junitOutcome{Escape(v.describe(f)), string(severity(f.Rule)), strings.Join(lines, "\n")}
	return c
}

func (v *junitView) suppressed(s *Suppressed) junitCase {
	c := v.testCase(&s.Finding, shortID(s.Finding.Fingerprint))
	reason := string(s.By)
	if s.Reason != "" {
		reason += ": " + Escape(v.text(s.Reason))
	}
	c.Skipped = &junitOutcome{Message: reason}
	return c
}

func (v *junitView) testCase(f *correlate.Finding, id string) junitCase {
	c := junitCase{ClassName: Escape(f.Rule.ID), Time: "0"}
	where := ""
	if o := mainPlace(f); o != nil {
		where = v.container(o) + ": "
		c.File, c.Line = v.filePath(o), o.Line
		if o.Member != "" || c.File == "" {
			c.Line = 0
		}
	}
	c.Name = strings.TrimSpace(where + Escape(cmp.Or(f.Rule.Description, f.Rule.ID)) + " " + id)
	return c
}
