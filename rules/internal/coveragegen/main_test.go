package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/straykey/straykey/rules"
)

// TestCoverage holds docs/coverage.md equal to what the rules say.
func TestCoverage(t *testing.T) {
	set, err := rules.Catalog(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile("../../" + output)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, page(set)) {
		t.Error("docs/coverage.md is not what rules/catalog says; run go generate ./rules")
	}
}
