package detect

import (
	"github.com/straykey/straykey/detect/generic"
	"github.com/straykey/straykey/detect/proof"
	"github.com/straykey/straykey/rules"
)

// Credential is what a rule made of a secret. It is immutable and shared by all
// matches that were inherited from one another.
type Credential struct {
	Rule   *rules.Rule
	Secret string // UTF-8, also where the text was UTF-16
	// File is the path that a rule on paths alone names; then Secret is empty. [Engine.Keep] sets it, and until then
	// it is that within the archive.
	File    string
	Entropy float64 // Shannon entropy of Secret, bits a byte
	Proof   proof.Result
	// Verdict is what a detector made of the secret; nil if a rule without one found it.
	Verdict *generic.Verdict
	// Allowed is the reason of the inline allow comment that covers the match;
	// empty if there is none.
	Allowed string

	// pending are the rule's and the global allowlists (indices in the
	// compiled rule) whose content criteria hold, and which wait for a path.
	pending []int
	rule    *compiledRule
}

// Match is one place in a text that a rule takes for a credential. Offsets are
// in bytes of the text as [Plain] gives it.
type Match struct {
	*Credential
	Start, End             int // the whole match
	SecretStart, SecretEnd int // the secret in it
	// Member names the member of an archive that the match stands in, a/b.zip!c for one in another. The
	// offsets are those of the member.
	Member string
	// Part numbers the text that the offsets refer to, see [Facts.Part]: a member, or a part of a long one. 0 is the text that
	// was scanned.
	Part int
	// Via are the encodings through which the secret was read, the outermost first. The offsets then are
	// those of the encoded text.
	Via []string
	// Group numbers the matches of one text whose secrets overlap: they are
	// one credential seen by several rules. See [Engine.Keep].
	Group int
	// Confidence is set by [Engine.Keep]: of a rule, or of a detector for a path.
	Confidence rules.Confidence

	line, column int32   // of Start, from 1; 0 unless a requirement of nearness is about the match
	above        int32   // lines from Start to SecretStart; only with [Options.Overlapping]
	inner        []int32 // see reading
}

// lineReach is how many bytes of its own line a line rule may look at on either
// side of its anchor. Lines of source code are far shorter; in a minified file
// it bounds the work at each anchor.
const lineReach = 2048

// maxMatches bounds the matches in one text. A text beyond it is a dump of
// credentials or an attack on the scanner; [Facts.Overflow] tells.
const maxMatches = 20_000
