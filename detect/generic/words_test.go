package generic

import (
	"bytes"
	"testing"
)

// TestSegmentsKnowsAllWords looks for each word that segments may take, behind letters that begin none.
func TestSegmentsKnowsAllWords(t *testing.T) {
	known := knownWords()
	tried := 0
	for w, is := range known.words {
		letters := bytes.IndexFunc([]byte(w), func(r rune) bool { return r < 'a' || r > 'z' }) < 0
		if !letters || len(w) < 4 || len(w) > 12 || !is.stock && !is.code && is.kind != wordKey {
			continue
		}
		tried++
		if n := segments([]byte("zq"+w), known); n < len(w) {
			t.Errorf("%d letters of zq%s are covered", n, w)
		}
	}
	if tried < 2000 {
		t.Errorf("only %d words", tried)
	}
}
