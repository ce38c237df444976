package detect

import (
	"bytes"
	"encoding/binary"
	"slices"
	"sort"

	"github.com/straykey/straykey/rules"
)

// A rule may require that others match in the same text, and how near ([[rules.required]]): so many lines or
// columns between where the matches start, as gitleaks counts. Where a match stands is known when the
// text has been scanned, and whether the other one counts when the path is: so places are noted in finish,
// anew for each text, and compared in Keep.

// markPlaced notes which rules take part in a requirement of nearness.
func (e *Engine) markPlaced() {
	placed := map[string]bool{}
	for _, c := range e.rules {
		for _, q := range c.Required {
			if q.WithinLines != nil || q.WithinColumns != nil {
				c.nearby, c.placed = true, true
				placed[q.ID] = true
			}
		}
	}
	for _, c := range e.rules {
		c.placed = c.placed || placed[c.ID]
	}
}

// markPairs notes which rules have partners.
func (e *Engine) markPairs() {
	byID := map[string]*compiledRule{}
	for _, c := range e.rules {
		byID[c.ID] = c
	}
	for _, c := range e.rules {
		for _, id := range c.Pair {
			if other := byID[id]; other != nil {
				c.pairs, other.pairs = true, true
			}
		}
	}
}

// placeHits notes line and column of the hits that a requirement of nearness is about, and where several rules may report the
// same bytes, by how many lines a secret stands below the start of its match. The hits are in order.
func (s *Scanner) placeHits() {
	if s.e.overlapping {
		for i := range s.hits {
			if h := &s.hits[i]; h.member == 0 {
				h.above = int32(bytes.Count(s.text[h.start:h.secretStart], []byte{'\n'}))
			}
		}
	}
	if !slices.ContainsFunc(s.hits, func(h hit) bool { return h.cred.rule.nearby }) {
		return
	}
	line, lineStart, at := int32(1), 0, 0
	for i := range s.hits {
		h := &s.hits[i]
		if !h.cred.rule.placed {
			continue
		}
		passed := s.text[at:h.start]
		line += int32(bytes.Count(passed, []byte{'\n'}))
		if n := bytes.LastIndexByte(passed, '\n'); n >= 0 {
			lineStart = at + n + 1
		}
		at = int(h.start)
		h.line, h.column = line, h.start-int32(lineStart)+1
	}
}

// appendPlace appends how a match stands to the first one whose place counts, if its own does.
func appendPlace(dst []byte, m Match, firstLine *int32) []byte {
	if m.line == 0 {
		return dst
	}
	if *firstLine == 0 {
		*firstLine = m.line
	}
	dst = binary.AppendVarint(dst, int64(m.line-*firstLine))
	return binary.AppendVarint(dst, int64(m.column))
}

// requirements tells whether what rules require is there.
type requirements struct {
	e            *Engine
	path, commit string
	files        []Match
	all          []Match
	byRule       map[string][]Match // what counts, in order of lines; made when asked for
}

// met reports whether the rules that a match's rule requires match in the same text, and near enough.
func (q *requirements) met(m Match) bool {
	for _, r := range m.Rule.Required {
		if !q.has(m, r) {
			return false
		}
	}
	return true
}

func (q *requirements) has(m Match, r rules.Required) bool {
	if q.byRule == nil {
		q.collect()
	}
	others := q.byRule[r.ID]
	if r.WithinLines == nil && r.WithinColumns == nil {
		return len(others) > 0
	}
	if r.WithinLines != nil {
		n := *r.WithinLines
		others = others[sort.Search(len(others), func(i int) bool { return int(others[i].line) >= int(m.line)-n }):]
		others = others[:sort.Search(len(others), func(i int) bool { return int(others[i].line) > int(m.line)+n })]
	}
	if r.WithinColumns == nil {
		return len(others) > 0
	}
	return slices.ContainsFunc(others, func(o Match) bool { return max(o.column-m.column, m.column-o.column) <= int32(*r.WithinColumns) })
}

// collect sorts what counts by rule. A file has no line: what requires it near some text is not served.
func (q *requirements) collect() {
	q.byRule = map[string][]Match{}
	for _, m := range slices.Concat(q.all, q.files) {
		if !q.e.allowedAt(m.Credential, q.path, q.commit) {
			q.byRule[m.Rule.ID] = append(q.byRule[m.Rule.ID], m)
		}
	}
	for _, ms := range q.byRule {
		slices.SortFunc(ms, func(a, b Match) int { return int(a.line - b.line) })
	}
}
