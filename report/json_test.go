package report

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/straykey/straykey/correlate"
)

const schemaFile = "../docs/schema/report-1.schema.json"

func compileSchema(t *testing.T, location string) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(location)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, text string) {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	if err := s.Validate(v); err != nil {
		t.Errorf("%v in:\n%s", err, text)
	}
}

// testReports are reports with what the formats may stumble over.
func testReports() map[string]*Report {
	incomplete := fixture()
	incomplete.Coverage = broken()
	odd := fixture()
	odd.Findings[0].Entropy = math.Inf(1)
	odd.Findings[1].Entropy = math.NaN()
	odd.Findings[1].Occurrences = nil
	odd.Findings[2].Fingerprint = ""
	odd.Findings[3].Occurrences[0].First.Date = odd.Findings[3].Occurrences[0].First.Date.AddDate(20000, 0, 0)
	odd.Findings[3].Secret = ""
	reports := map[string]*Report{
		"verified": verified(), "findings": fixture(), "incomplete": incomplete, "odd": odd, "file": fileReport(), "pair": pairReport(), "empty": {},
	}
	for seed := range uint64(20) {
		reports["random "+string(rune('a'+seed))] = randomReport(rand.New(rand.NewPCG(seed, 2)))
	}
	return reports
}

func TestJSONSchema(t *testing.T) {
	document, record := compileSchema(t, schemaFile), compileSchema(t, schemaFile+"#/$defs/record")
	for name, r := range testReports() {
		for _, show := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				validate(t, document, write(t, "json", r, Options{ShowSecrets: show}))
				lines := strings.Split(strings.TrimSuffix(write(t, "jsonl", r, Options{ShowSecrets: show}), "\n"), "\n")
				for _, line := range lines {
					validate(t, record, line)
				}
				if len(lines) != 2+len(r.Findings)+len(r.Suppressed) {
					t.Errorf("%d records for %d findings", len(lines), len(r.Findings))
				}
			})
		}
	}
}

// The schema describes what there is and nothing else: without additional properties a
// misspelt name in it would go unnoticed if the field were optional.
func TestJSONSchemaIsClosed(t *testing.T) {
	s := compileSchema(t, schemaFile)
	text := write(t, "json", fixture(), Options{})
	for _, bad := range []string{
		strings.Replace(text, `"tool"`, `"tools"`, 1),
		strings.Replace(text, `"fingerprint"`, `"finger"`, 1),
		strings.Replace(text, `"first_line"`, `"firstLine"`, 1),
		strings.Replace(text, "report/1", "report/2", 1),
	} {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(bad))
		if err != nil {
			t.Fatal(err)
		}
		if s.Validate(v) == nil {
			t.Errorf("a wrong report is valid:\n%s", bad[:200])
		}
	}
}

func TestJSONIsVisible(t *testing.T) {
	tests := []struct{ in, want string }{
		{"plain <&>", `"plain <&>"`},
		{"naïve 漢", `"naïve 漢"`},
		{"\x7f\u009b\u202e", `"\u007f\u009b\u202e"`},
		{"\U000e0041x", `"\udb40\udc41x"`},
		{"\x1b\r\n", `"\u001b\r\n"`},
	}
	for _, tt := range tests {
		got, err := marshal(tt.in, "", "", false)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != tt.want {
			t.Errorf("marshal(%q) = %s, want %s", tt.in, got, tt.want)
		}
		var back string
		if err := json.Unmarshal(got, &back); err != nil || back != tt.in {
			t.Errorf("marshal(%q) reads back as %q, %v", tt.in, back, err)
		}
	}
}

// A path is bytes; JSON holds them all.
func TestJSONPathBytes(t *testing.T) {
	v := newJSONView(&Report{}, Options{})
	got := v.occurrence(&correlate.Occurrence{Kind: "blob", Path: "a\xff/b"}, "")
	if got.Path != "a\ufffd/b" || got.PathBytes != "Yf8vYg==" {
		t.Errorf("path %q, bytes %q", got.Path, got.PathBytes)
	}
}
