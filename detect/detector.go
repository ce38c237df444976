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
	text := &s.line
	*text = generic.Text{B: s.text, Lo: lo, Hi: hi, LineStart: loFree}
	key := uint64(0)
	if !c.wide && s.only == (span{}) {
		key = s.memo.key(s.text, c.number, pos, end, text)
	}
	if key != 0 && s.trace == nil {
		if known, near := s.memo.has(key); known {
			if near {
				s.mark(pos)
			}
			return
		}
	}
	s.candidates = c.detector.Find(s.candidates[:0], text, pos, end)
	if len(s.candidates) == 0 {
		s.drop(c, pos, stepUnassigned)
	}
	kept := false
	for i := range s.candidates {
		found := &s.candidates[i]
		if s.leftOut(found) {
			continue
		}
		if found.Start <= lo && !loFree || found.End >= hi && !hiFree {
			s.drop(c, pos, stepCut)
			continue
		}
		kept = s.judge(c, text, found, literal, pos) || kept
		kept = s.tryShort(c, text, found, literal, pos) || kept
	}
	if text.AskedBefore {
		s.mark(pos)
	}
	if key != 0 && !kept {
		s.memo.add(key, text.AskedBefore)
	}
}

// judge scores a candidate, keeps it if it may be worth a report, and tells whether it did.
func (s *Scanner) judge(c *compiledRule, text *generic.Text, cand *generic.Candidate, literal, pos int) bool {
	if cand.Plain != nil && s.depth >= s.e.decodeDepth {
		return false
	}
	verdict, ok := generic.ScoreAtLeast(text, cand, s.e.leastScore)
	if !ok || verdict.Highest() < s.e.leastScore {
		if s.trace != nil {
			verdict = generic.Score(text, cand)
			s.drop(c, pos, fmt.Sprintf(stepScore, verdict.Logit, s.e.leastScore, verdict.Explain("")))
		}
		return false
	}
	at := found{start: cand.Start, end: cand.End, secretStart: cand.Value.Lo, secretEnd: cand.Value.Hi, plain: cand.Plain}
	s.keep(c, at, entropy(at.secret(s.text)), literal, pos, &verdict)
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
	switch {
	case m.Verdict != nil:
	case m.Proof.Fact("encrypted") == "yes": // a private key that opens nothing without its passphrase
		return rules.LowConfidence
	case mayBeMadeUp(m) && generic.MadeUp(path):
		return rules.LowConfidence
	default:
		return cmp.Or(m.Rule.Confidence, rules.HighConfidence)
	}
	if level := m.Verdict.Level(path); level >= 0 {
		return confidences[level]
	}
	return noConfidence
}

// mayBeMadeUp reports whether a match of a rule without a detector is of a kind that people make up for tests and examples:
// private keys and hashes of passwords, which a command makes by the dozen, and words where a name or a loose format alone makes a credential.
// A token in the form of its issuer is none of them, nor is what carries an issuer's checksum.
func mayBeMadeUp(m *Match) bool {
	switch {
	case m.Rule.Identity == rules.PrivateKey:
		return m.Rule.Proof != "nkey" && m.Rule.Proof != "base58check" && m.Rule.Proof != "mnemonic"
	case generic.Hashed([]byte(m.Secret)):
		return true
	case m.rule.style == styleAssigned || m.Rule.Weak:
		return generic.Wordy([]byte(m.Secret))
	}
	return false
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
