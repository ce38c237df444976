package report

import (
	"encoding/xml"
	"strings"
	"testing"
)

type junitSuites struct {
	XMLName  xml.Name `xml:"testsuites"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Skipped  int      `xml:"skipped,attr"`
	Suites   []struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Cases    []junitCase `xml:"testcase"`
	} `xml:"testsuite"`
}

func readJUnit(t *testing.T, r *Report) *junitSuites {
	t.Helper()
	var out junitSuites
	if err := xml.Unmarshal([]byte(write(t, "junit", r, Options{})), &out); err != nil {
		t.Fatal(err)
	}
	if len(out.Suites) != 1 {
		t.Fatalf("%d suites", len(out.Suites))
	}
	return &out
}

func TestJUnit(t *testing.T) {
	for name, r := range testReports() {
		t.Run(name, func(t *testing.T) {
			all := readJUnit(t, r)
			suite := all.Suites[0]
			var failures, skipped, errors int
			for _, c := range suite.Cases {
				if c.ClassName == "" || c.Name == "" {
					t.Errorf("a test case without a name: %+v", c)
				}
				if c.Failure != nil {
					failures++
				}
				if c.Skipped != nil {
					skipped++
				}
				if c.Error != nil {
					errors++
				}
			}
			if failures != len(r.Findings) || skipped != len(r.Suppressed) || len(suite.Cases) != 1+failures+skipped {
				t.Errorf("%d cases, %d failures, %d skipped", len(suite.Cases), failures, skipped)
			}
			if all.Tests != len(suite.Cases) || all.Failures != failures || all.Skipped != skipped || all.Errors != errors ||
				suite.Tests != all.Tests || suite.Failures != all.Failures {
				t.Errorf("the counts are not those of the cases: %+v", all)
			}
			if want := !inOrder(r).Coverage.Complete(); (errors == 1) != want || (suite.Cases[0].Error != nil) != want {
				t.Errorf("%d errors in a run that is incomplete: %v", errors, want)
			}
		})
	}
}

// A credential that moves within its file is the same test, and two credentials never are.
func TestJUnitNames(t *testing.T) {
	before := readJUnit(t, fixture()).Suites[0].Cases
	moved := fixture()
	for i := range moved.Findings {
		for k := range moved.Findings[i].Occurrences {
			moved.Findings[i].Occurrences[k].Line += 7
			moved.Findings[i].Occurrences[k].EndLine += 7
		}
	}
	after := readJUnit(t, moved).Suites[0].Cases
	seen := map[string]bool{}
	for i, c := range before {
		if c.Name != after[i].Name || c.ClassName != after[i].ClassName {
			t.Errorf("%q became %q", c.Name, after[i].Name)
		}
		if seen[c.ClassName+c.Name] {
			t.Errorf("two tests are %q", c.Name)
		}
		seen[c.ClassName+c.Name] = true
	}
}

func TestJUnitText(t *testing.T) {
	c := readJUnit(t, fixture()).Suites[0].Cases[1]
	if c.File != "deploy/prod-3.yml" || c.Line != 12 || c.Failure.Type != "critical" ||
		!strings.Contains(c.Failure.Text, "at deploy/prod-5.yml:12:11\n") || !strings.Contains(c.Failure.Text, "fingerprint: sk1:") {
		t.Errorf("test case %+v", c)
	}
}
