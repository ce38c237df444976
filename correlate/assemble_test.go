package correlate

import (
	"context"
	"testing"

	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/rules"
)

// Places of less than the least confidence make no finding, and are none of another's places; what has no others is counted.
func TestUnshown(t *testing.T) {
	rule := &rules.Rule{ID: "r"}
	b := Builder{Least: rules.MediumConfidence}
	add := func(secret, path string, c rules.Confidence) {
		b.Add(&detect.Credential{Rule: rule, Secret: secret}, Occurrence{Kind: "file", Path: path, Line: 1, Confidence: c})
	}
	add("both", "test/a", rules.LowConfidence)
	add("both", "src/a", rules.HighConfidence)
	add("made up", "test/b", rules.LowConfidence)
	add("made up", "test/c", rules.LowConfidence)
	add("used", "src/d", rules.MediumConfidence)
	findings, _, err := b.Findings(context.Background(), nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(findings) != 2 || b.Unshown != 1 {
		t.Fatalf("%d findings and %d that are not shown, want 2 and 1", len(findings), b.Unshown)
	}
	for _, f := range findings {
		if len(f.Occurrences) != 1 || f.Occurrences[0].Path[:4] != "src/" {
			t.Errorf("%s stands at %v", f.Secret, f.Occurrences)
		}
	}
}
