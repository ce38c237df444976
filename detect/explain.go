package detect

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/straykey/straykey/rules"
)

// The ways a trial of a rule can end.
const (
	stepShape       = "the text around the anchor does not have the rule's shape"
	stepBounds      = "a letter, digit or underscore stands next to it: it is part of something longer"
	stepCut         = "the match reaches the limit of what the rule may look at"
	stepUnassigned  = "nothing is assigned to the name"
	stepName        = "the name has none of the words the rule asks for"
	stepValue       = "the assigned value does not have the rule's shape"
	stepEntropy     = "entropy is %.2f bits a byte; the rule asks for more than %.2f"
	stepPlaceholder = "the value looks like a placeholder or reference"
	stepAllowlist   = "an allowlist of the rule covers it"
	stepScore       = "its score is %.2f, less than %.2f: %s"
	stepProof       = "the offline proof %s fails: %s"
	stepKept        = "kept"
)

// drop tells the trace that a rule let go.
func (s *Scanner) drop(c *compiledRule, pos int, step string) {
	if s.trace != nil {
		s.trace(c, pos, step)
	}
}

// Step is how one rule fared at one place.
type Step struct {
	Rule   string
	Line   int // of the anchor, from 1
	Column int // in bytes, from 1
	Kept   bool
	Reason string // why it was let go, or what became of it
}

// Explain tells of every rule whose anchor stands on a line of a text what became of
// it. The text is that of a file at path, which rules and allowlists may ask for.
func (e *Engine) Explain(text []byte, path string, line int) []Step {
	plain, _ := Plain(text)
	s := e.NewScanner()
	s.closed = true // the lines are those of the file
	var steps []Step
	s.trace = func(c *compiledRule, pos int, step string) {
		pos = max(pos, 0)
		at := bytes.Count(plain[:pos], []byte{'\n'}) + 1
		if at != line {
			return
		}
		start := bytes.LastIndexByte(plain[:pos], '\n') + 1
		steps = append(steps, Step{Rule: c.ID, Line: at, Column: pos - start + 1, Kept: strings.HasSuffix(step, stepKept), Reason: step})
	}
	matches := s.Scan(text).Matches()
	kept := e.Keep(slices.Clone(matches), path, "")
	for i := range steps {
		if steps[i].Kept {
			steps[i].settle(e, plain, path, line, matches, kept)
		}
	}
	for _, m := range kept {
		if m.File != "" {
			steps = append(steps, Step{Rule: m.Rule.ID, Line: line, Column: 1, Kept: true, Reason: "reported; its path makes the file a finding, whatever it holds"})
		}
	}
	return slices.Compact(steps)
}

// settle tells what became of a match that passed the rule's own tests.
func (st *Step) settle(e *Engine, text []byte, path string, line int, matches, kept []Match) {
	for _, m := range matches {
		if m.Rule.ID != st.Rule || bytes.Count(text[:m.Start], []byte{'\n'})+1 > line || bytes.Count(text[:m.End], []byte{'\n'})+1 < line {
			continue
		}
		switch {
		case e.allowedAt(m.Credential, path, ""):
			st.Kept, st.Reason = false, "the rule or an allowlist leaves out this path"
		case !(&requirements{e: e, path: path, all: matches, files: e.pathFindings(path)}).met(m):
			st.Kept, st.Reason = false, "a rule that it requires does not match, or not near enough"
		case m.Rule.SkipReport:
			st.Kept, st.Reason = false, "the rule is never reported (skipReport)"
		case m.Verdict != nil && rank(confidence(&m, path)) < e.least:
			st.Kept, st.Reason = false, fmt.Sprintf(stepScore, m.Verdict.At(path), e.leastScore, m.Verdict.Explain(path))
		case !slices.ContainsFunc(kept, func(k Match) bool { return k.Credential == m.Credential }):
			st.Kept, st.Reason = false, "a more specific rule claims the same text"
		case m.Allowed != "":
			st.Kept, st.Reason = false, "an allow comment covers it: "+m.Allowed
		default:
			st.Reason = "reported"
			level := confidence(&m, path)
			if level == rules.LowConfidence {
				st.Reason += " where low confidence is asked for (--confidence low)"
			}
			if m.Rule.Class == rules.Identifiers {
				st.Reason += " where identifiers are asked for (--class identifiers)"
			}
			if len(m.Via) > 0 {
				st.Reason += "; read through " + strings.Join(m.Via, ", ")
			}
			if m.Verdict != nil {
				st.Reason += fmt.Sprintf(", with %s confidence: %s", level, m.Verdict.Explain(path))
			}
			if m.Proof.Detail != "" {
				st.Reason += "; offline proof: " + m.Proof.Detail
			}
		}
		return
	}
}
