// Package source holds what all sources of text share: the account of what was
// read and what was not. The sources themselves are its sub-packages.
package source

import (
	"sort"
	"sync"
)

// Reason says why a text was not scanned.
type Reason string

// The reasons a text can be missing from a scan.
const (
	Corrupt     Reason = "corrupt"     // cannot be decoded, or a checksum fails
	Absent      Reason = "absent"      // referred to, but not in the store
	Promised    Reason = "promised"    // left out by a partial clone
	Unreadable  Reason = "unreadable"  // the operating system refused
	TooLarge    Reason = "too-large"   // over --max-blob-size
	TooMany     Reason = "too-many"    // more matches in one text than are kept
	Failed      Reason = "failed"      // a rule could not be tried
	Cancelled   Reason = "interrupted" // the run ended before its turn
	OverLimit   Reason = "over-limit"  // of an archive, or of what is packed in a text: a limit of unpacking
	Encrypted   Reason = "encrypted"   // needs a password
	Malformed   Reason = "malformed"   // begins as an archive and is none that can be read
	Unsupported Reason = "unsupported" // an archive of a kind, or compressed in a way, for which there is no reader
	Ignored     Reason = "ignored"     // excluded on request
)

// Complete reports whether a run is complete all the same. What is encrypted is closed to every reader of
// the repository; of a malformed archive what can be read was scanned, or else its bytes as they stand; that a
// format is not read is as true of the next run, and no reason to fail each.
func (r Reason) Complete() bool {
	return r == Ignored || r == Encrypted || r == Malformed || r == Unsupported
}

// Problem is one thing that could not be scanned.
type Problem struct {
	Reason Reason
	What   string // object id or path
	Where  string // pack file, tree path or similar; may be empty
	Detail string // what went wrong, without any content
}

// Coverage is the account of a run: Found = Scanned + Skipped for each kind of text. All
// methods may be called concurrently.
type Coverage struct {
	mu       sync.Mutex
	kinds    map[string]*KindCount
	reasons  map[Reason]int64
	problems []Problem
	accepted map[Reason]bool
}

// KindCount counts the texts of one kind: "blob", "commit", "tag", "file", "stdin".
type KindCount struct {
	Kind         string
	Found        int64
	Scanned      int64
	Skipped      int64
	ScannedBytes int64
}

// maxProblems bounds the problems kept by name; all are counted. Those kept are the first
// in order, whichever worker came upon them when.
const maxProblems = 1000

// NewCoverage returns an account with these counts of kinds, and these problems.
func NewCoverage(kinds []KindCount, problems []Problem) *Coverage {
	c := &Coverage{}
	for _, k := range kinds {
		*c.kind(k.Kind) = k
	}
	for _, p := range problems {
		c.note(p)
	}
	return c
}

// Scanned counts texts of a kind that were found and scanned.
func (c *Coverage) Scanned(kind string, texts, bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.kind(kind)
	k.Found += texts
	k.Scanned += texts
	k.ScannedBytes += bytes
}

// Skipped counts a text of a kind that was found and not scanned.
func (c *Coverage) Skipped(kind string, p Problem) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.kind(kind)
	k.Found++
	k.Skipped++
	c.note(p)
}

// Problem records trouble that concerns no text of its own: a truncated pack, an unreadable ref.
func (c *Coverage) Problem(p Problem) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.note(p)
}

func (c *Coverage) kind(name string) *KindCount {
	if c.kinds == nil {
		c.kinds = map[string]*KindCount{}
	}
	k := c.kinds[name]
	if k == nil {
		k = &KindCount{Kind: name}
		c.kinds[name] = k
	}
	return k
}

func (c *Coverage) note(p Problem) {
	if c.reasons == nil {
		c.reasons = map[Reason]int64{}
	}
	c.reasons[p.Reason]++
	c.keep(p)
}

func (c *Coverage) keep(p Problem) {
	if c.problems = append(c.problems, p); len(c.problems) == 2*maxProblems {
		c.trim()
	}
}

// Add adds the counts and problems of another account to this one.
func (c *Coverage) Add(other *Coverage) {
	kinds, reasons, problems := other.Kinds(), other.Reasons(), other.Problems()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range kinds {
		sum := c.kind(k.Kind)
		sum.Found += k.Found
		sum.Scanned += k.Scanned
		sum.Skipped += k.Skipped
		sum.ScannedBytes += k.ScannedBytes
	}
	for r, n := range reasons {
		if c.reasons == nil {
			c.reasons = map[Reason]int64{}
		}
		c.reasons[r] += n
	}
	for _, p := range problems {
		c.keep(p)
	}
}

// trim sorts the problems and drops those that are too many.
func (c *Coverage) trim() {
	sort.Slice(c.problems, func(i, j int) bool { return c.problems[i].before(c.problems[j]) })
	c.problems = c.problems[:min(len(c.problems), maxProblems)]
}

// before orders problems by reason, text and place. What was left out on request comes
// last, and so does not push out what was to be scanned and was not. Before it comes what is absent: it may be
// so because a file could not be read, and then that is what to know.
func (a Problem) before(b Problem) bool {
	if a.Reason.Complete() != b.Reason.Complete() {
		return b.Reason.Complete()
	}
	if absent := a.Reason == Absent; absent != (b.Reason == Absent) {
		return !absent
	}
	if a.Reason != b.Reason {
		return a.Reason < b.Reason
	}
	if a.What != b.What {
		return a.What < b.What
	}
	if a.Where != b.Where {
		return a.Where < b.Where
	}
	return a.Detail < b.Detail
}

// Kinds returns the counts of each kind, sorted by name.
func (c *Coverage) Kinds() []KindCount {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]KindCount, 0, len(c.kinds))
	for _, k := range c.kinds {
		out = append(out, *k)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Kind < out[j].Kind })
	return out
}

// Problems returns up to a thousand problems, sorted by reason, text and place; those
// absent and those ignored on request come last.
func (c *Coverage) Problems() []Problem {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trim()
	return append([]Problem(nil), c.problems...)
}

// Reasons returns how often each reason was given.
func (c *Coverage) Reasons() map[Reason]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make(map[Reason]int64, len(c.reasons))
	for r, n := range c.reasons {
		out[r] = n
	}
	return out
}

// Accept says that a reason is one the user asked for: it does not make the run incomplete.
func (c *Coverage) Accept(r Reason) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.accepted == nil {
		c.accepted = map[Reason]bool{}
	}
	c.accepted[r] = true
}

// Complete reports whether everything that was asked for was scanned.
func (c *Coverage) Complete() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for r := range c.reasons {
		if !r.Complete() && !c.accepted[r] {
			return false
		}
	}
	return true
}
