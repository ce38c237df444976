package detect

import (
	"testing"

	"github.com/straykey/straykey/rules"
)

// A rule whose match may cross lines and that has no anchor is tried on whole texts, like any other without an anchor.
func TestWideWithoutAnchor(t *testing.T) {
	e, err := New(&rules.Set{Rules: []*rules.Rule{{ID: "slow", Regex: `([0-9a-f]{8})\s+x`, Multiline: true, Reach: 2048}}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	text := []byte("one\n0123abcd\n x\ntwo\n")
	ms := e.NewScanner().Scan(text).Matches()
	if len(ms) != 1 || ms[0].Secret != "0123abcd" {
		t.Fatalf("%d matches, want the one over two lines", len(ms))
	}
}
