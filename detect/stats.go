package detect

import (
	"cmp"
	"slices"
	"time"
)

// RuleStats is what one rule cost.
type RuleStats struct {
	ID    string
	Tried int64 // at an anchor; a rule without one, or a detector that reads texts itself, once for each part of a text
	Time  time.Duration
}

// Measure makes the scanner take note of what each rule costs from now on. It makes scanning slower.
func (s *Scanner) Measure() { s.stats = map[*compiledRule]*RuleStats{} }

// Stats returns what rules cost since Measure, those that were tried, by id.
func (s *Scanner) Stats() []RuleStats {
	out := make([]RuleStats, 0, len(s.stats))
	for _, st := range s.stats {
		out = append(out, *st)
	}
	slices.SortFunc(out, func(a, b RuleStats) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// clock returns the time if the scanner measures.
func (s *Scanner) clock() time.Time {
	if s.stats == nil {
		return time.Time{}
	}
	return time.Now()
}

// charge notes that a rule was tried since some time, if the scanner measures.
func (s *Scanner) charge(c *compiledRule, since time.Time) {
	if s.stats != nil {
		s.note(c, time.Since(since))
	}
}

func (s *Scanner) note(c *compiledRule, d time.Duration) {
	st := s.stats[c]
	if st == nil {
		st = &RuleStats{ID: c.ID}
		s.stats[c] = st
	}
	st.Tried++
	st.Time += d
}
