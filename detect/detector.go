package detect

import (
	"cmp"
	"fmt"

	"github.com/straykey/straykey/detect/generic"
	"github.com/straykey/straykey/rules"
)

// tryDetector lets the detector of a rule look at the line of an anchor, and keeps the candidates that some
// path could make reportable: the path is not known yet.
func (s *Scanner) tryDetector(c *compiledRule, literal, pos, end int) {
	if q := c.detector.Quick; q != nil && !q(s.text, pos, end) {
		s.drop(c, pos, stepUnassigned)
		return
	}
	lo, hi, loFree, hiFree := s.view(c, pos, end-pos)
	text := generic.Text{B: s.text, Lo: lo, Hi: hi, LineStart: loFree}
	key := s.memo.key(s.text, c.number, pos, end, &text)
	if key != 0 && s.trace == nil {
		if s.memo.has(key) {
			return
		}
	}
	s.candidates = c.detector.Find(s.candidates[:0], &text, pos, end)
	if len(s.candidates) == 0 {
		s.drop(c, pos, stepUnassigned)
	}
	kept := false
	for i := range s.candidates {
		found := &s.candidates[i]
		if found.Start <= lo && !loFree || found.End >= hi && !hiFree {
			s.drop(c, pos, stepCut)
			continue
		}
		kept = s.judge(c, &text, found, literal, pos) || kept
		kept = s.tryShort(c, &text, found, literal, pos) || kept
	}
	if key != 0 && !kept {
		s.memo.add(key)
	}
}

// judge scores a candidate, keeps it if it may be worth a report, and tells whether it did.
func (s *Scanner) judge(c *compiledRule, text *generic.Text, cand *generic.Candidate, literal, pos int) bool {
	verdict, ok := generic.ScoreAtLeast(text, cand, s.e.leastScore)
	if !ok || verdict.Highest() < s.e.leastScore {
		if s.trace != nil {
			verdict = generic.Score(text, cand)
			s.drop(c, pos, fmt.Sprintf(stepScore, verdict.Logit, s.e.leastScore, verdict.Explain("")))
		}
		return false
	}
	at := found{cand.Start, cand.End, cand.Value.Lo, cand.Value.Hi}
	s.keep(c, at, entropy(s.text[at.secretStart:at.secretEnd]), literal, pos, &verdict)
	return true
}

// confidences are the confidences by rank; below the first there is none.
var confidences = [...]rules.Confidence{rules.LowConfidence, rules.MediumConfidence, rules.HighConfidence}

// rank returns the place of a confidence in confidences. An empty one is the lowest, and what is none is -1.
func rank(c rules.Confidence) int {
	for i, x := range confidences {
		if c == x {
			return i
		}
	}
	if c == "" {
		return 0
	}
	return -1
}

// noConfidence is that of a candidate whose score is too low for a report.
const noConfidence rules.Confidence = "none"

// confidence returns how sure a match at a path is.
func confidence(m *Match, path string) rules.Confidence {
	if m.Verdict == nil && m.Proof.Fact("encrypted") == "yes" {
		return rules.LowConfidence // a private key that opens nothing without its passphrase
	}
	if m.Verdict == nil {
		return cmp.Or(m.Rule.Confidence, rules.HighConfidence)
	}
	if level := generic.Level(m.Verdict.At(path)); level >= 0 {
		return confidences[level]
	}
	return noConfidence
}

// compareScores puts a match without a score before one that has it, what a place tells before what a name
// does, and the higher of two scores first.
func compareScores(a, b *generic.Verdict) int {
	switch {
	case a == nil || b == nil:
		return compareBool(a != nil, b != nil)
	}
	return cmp.Or(compareBool(a.Group < generic.URL, b.Group < generic.URL), cmp.Compare(b.Logit, a.Logit))
}
