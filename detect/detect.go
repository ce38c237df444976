package detect

import (
	"github.com/straykey/straykey/detect/proof"
	"github.com/straykey/straykey/rules"
)

// Match is one place in a text that a rule takes for a credential. Offsets
// are in bytes of the scanned text.
type Match struct {
	Rule        *rules.Rule
	Start, End  int // the whole match
	SecretStart int // the secret within the text
	SecretEnd   int
	Secret      string  // the secret; decoded if the text was UTF-16
	Entropy     float64 // Shannon entropy of Secret, bits a character
	Proof       proof.Result
	// Allowed is the reason given in an inline allow comment that covers the
	// match, or "inline" if none was given; empty if there is no such comment.
	Allowed string
}
