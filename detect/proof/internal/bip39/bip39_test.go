package bip39

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"
)

func TestWordList(t *testing.T) {
	if len(words()) != 2048 || !slices.IsSorted(words()) {
		t.Fatalf("%d words, want 2048 in order", len(words()))
	}
	for _, w := range words() {
		if len(w) < MinWord || len(w) > MaxWord {
			t.Errorf("%q has %d letters", w, len(w))
		}
	}
}

// Vectors of BIP-0039.
func TestPublishedVectors(t *testing.T) {
	for entropy, want := range map[string]string{
		strings.Repeat("00", 16): strings.Repeat("abandon ", 11) + "about",
		strings.Repeat("80", 24): "letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic avoid letter always",
		strings.Repeat("ff", 32): strings.Repeat("zoo ", 23) + "vote",
	} {
		raw, err := hex.DecodeString(entropy)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(Phrase(raw), " "); got != want {
			t.Errorf("%s: got %q, want %q", entropy, got, want)
		}
		if !Check(strings.Fields(want)) {
			t.Errorf("checksum of %q does not hold", want)
		}
		wrong := strings.Fields(want)
		wrong[0] = "zebra"
		if Check(wrong) {
			t.Errorf("checksum of %q holds", wrong)
		}
	}
	if Phrase(make([]byte, 17)) != nil || Check(nil) || Check(strings.Fields("abandon about")) {
		t.Error("a phrase of a wrong length")
	}
}

func FuzzPhrase(f *testing.F) {
	f.Add([]byte("0123456789abcdef"))
	f.Fuzz(func(t *testing.T, entropy []byte) {
		if phrase := Phrase(entropy); phrase != nil && !Check(phrase) {
			t.Errorf("checksum of the phrase of %x does not hold", entropy)
		}
	})
}
