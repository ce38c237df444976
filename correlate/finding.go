// Package correlate joins occurrences of one secret into findings.
package correlate

import (
	"time"

	"github.com/straykey/straykey/detect/proof"
	"github.com/straykey/straykey/rules"
)

// Finding is one credential with all its occurrences: the unit of reports and
// of the exit code.
type Finding struct {
	Rule        *rules.Rule
	Secret      string // raw; reports redact it unless told otherwise
	File        string // path of a file that is a finding whatever it holds; then Secret is empty
	Fingerprint string // independent of commit, path and line
	Entropy     float64
	Proof       proof.Result
	Confidence  rules.Confidence // the highest of its occurrences
	// Allowed is the reason of the inline allow comments that cover every
	// occurrence listed; empty for what counts.
	Allowed string
	// Partners are the other halves, nearest first, at most MaxPartners.
	Partners    []Partner
	Occurrences []Occurrence // sorted: earliest commit first, then path, line, column
}

// Occurrence is one place where the secret of a finding stands.
type Occurrence struct {
	Kind   string // "blob", "commit" or "tag" message, "file", "staged", "stdin"
	Object string // object id in hex; empty for files and stdin
	Path   string // slash separated, relative to the repository or scanned directory; empty for messages
	// Member is the end of Path that names a member of an archive: conf/app.env of a.zip!conf/app.env.
	Member string
	// Via are the encodings through which the secret was read, the outermost first. It stands where
	// the encoded text stands.
	Via []string

	// Target is the number of the scanned target it was found in, from 0, in their order ([Builder.Target]).
	Target int
	// Held says, of an occurrence that an allow comment covers and that a change brought, that the secret stood there
	// before: only the comment is new.
	Held bool

	Line, Column       int // of the secret's first byte; from 1, columns in bytes; 0 if the finding is a file
	EndLine, EndColumn int // of the byte after the secret's last
	Frame              Frame
	Confidence         rules.Confidence

	// History; zero outside of it.
	First     *Commit  // the commit that introduced it
	Last      *Commit  // the last commit that still holds it
	Removed   *Commit  // the commit that removed it, if HEAD no longer holds it
	InHead    bool     // HEAD's tree holds it
	Reachable bool     // some ref still reaches a commit that holds it
	Refs      []string // refs that reach it, sorted, at most MaxRefs
	RefCount  int      // how many refs reach it
}

// MaxRefs bounds the refs listed in an occurrence.
const MaxRefs = 10

// Frame is the text around a secret, raw.
type Frame struct {
	FirstLine int      // number of Lines[0], from 1
	Lines     []string // without line ends; long lines are cut around the secret
	// Cut is how many bytes of the line Occurrence.Line are missing from the left.
	Cut   int
	Match string // the whole match of the rule
	// Around is more of the text around the match, and AroundLine the number of its first line: for what belongs to a
	// credential and stands farther away than Lines. It is kept where Locator.Around says so, and no report writes it.
	Around     string
	AroundLine int
	// Encoded is the text that the secret was decoded from, or its first part; empty if it was not.
	Encoded string
}

// Commit is what a report says of a commit.
type Commit struct {
	ID      string
	Author  string
	Email   string
	Date    time.Time // author date, in the author's zone
	Subject string
	Message string // the whole of it, without white space around it, at most MaxMessage bytes
}

// MaxMessage bounds what is kept of a commit's message, in bytes.
const MaxMessage = 16 << 10
