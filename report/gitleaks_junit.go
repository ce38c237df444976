package report

import (
	"bufio"
	"encoding/json"
	"encoding/xml"
	"fmt"
)

// The suites of "gitleaks --report-format junit".
type (
	gitleaksSuites struct {
		XMLName xml.Name      `xml:"testsuites"`
		Suite   gitleaksSuite `xml:"testsuite"`
	}
	gitleaksSuite struct {
		Failures int            `xml:"failures,attr"`
		Name     string         `xml:"name,attr"`
		Tests    int            `xml:"tests,attr"`
		Time     string         `xml:"time,attr"`
		Cases    []gitleaksCase `xml:"testcase"`
	}
	gitleaksCase struct {
		ClassName string          `xml:"classname,attr"`
		File      string          `xml:"file,attr"`
		Name      string          `xml:"name,attr"`
		Time      string          `xml:"time,attr"`
		Failure   gitleaksFailure `xml:"failure"`
	}
	gitleaksFailure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// writeGitleaksJUnit writes one failed test case a finding, whose text is the finding as in JSON. As there, nothing
// found is a suite without cases.
func writeGitleaksJUnit(b *bufio.Writer, r *Report, o Options) error {
	suite := gitleaksSuite{Name: "gitleaks"}
	for g := range gitleaksFindings(r, o) {
		g = g.visible()
		text, err := json.MarshalIndent(g, "", "\t")
		if err != nil {
			return err
		}
		what := fmt.Sprintf("%s in %s, line %d", g.RuleID, g.File, g.StartLine)
		if g.Commit != "" {
			what += ", commit " + g.Commit
		}
		suite.Cases = append(suite.Cases, gitleaksCase{
			ClassName: g.Description, File: g.File, Name: what,
			Failure: gitleaksFailure{Message: what, Type: g.Description, Text: string(text)},
		})
	}
	suite.Failures, suite.Tests = len(suite.Cases), len(suite.Cases)
	b.WriteString(xml.Header)
	e := xml.NewEncoder(b)
	e.Indent("", "\t")
	if err := e.Encode(gitleaksSuites{Suite: suite}); err != nil {
		return err
	}
	return b.WriteByte('\n')
}
