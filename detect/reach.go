package detect

import (
	"bytes"

	"github.com/straykey/straykey/delta"
)

// lineAround returns the line on which a match begins, to the end of the line on
// which it ends, and the line before, each cut to lineReach bytes beyond
// the match.
func (s *Scanner) lineAround(start, end int) (line, prev []byte) {
	lo, loFree := s.lineStart(start)
	hi := min(len(s.text), end+lineReach)
	if i := bytes.IndexByte(s.text[end:hi], '\n'); i >= 0 {
		hi = end + i
	}
	if loFree && lo > 0 {
		plo, _ := s.lineStart(lo - 1)
		prev = s.text[plo : lo-1]
	}
	return s.text[lo:hi], prev
}

// lineStart returns where the line of text[pos] begins; not free if that is further
// than lineReach away.
func (s *Scanner) lineStart(pos int) (lo int, free bool) {
	lo = max(0, pos-lineReach)
	if i := bytes.LastIndexByte(s.text[lo:pos], '\n'); i >= 0 {
		return lo + i + 1, true
	}
	return lo, lo == 0
}

// need returns the bytes on which the verdict on a match depends, one byte of
// context on either side included: -1 and len(text)+1 stand for the start and
// the end of the text.
//
// For a line rule they follow from the match alone, whatever anchor led to it: an anchor
// is at most lineReach away from what it finds and looks at most lineReach further.
func (s *Scanner) need(c *compiledRule, start, end, pos, literal int) (lo, hi int) {
	if c.wide {
		return s.wideNeed(c, pos, literal)
	}
	if pos < 0 { // a slow rule: the whole text
		return -1, len(s.text) + 1
	}
	lo = max(0, start-2*lineReach)
	if i := bytes.LastIndexByte(s.text[lo:start], '\n'); i >= 0 {
		// The line before, for an allow comment.
		lineStart := lo + i + 1
		lo = max(0, lineStart-lineReach)
		if i := bytes.LastIndexByte(s.text[lo:max(lo, lineStart-1)], '\n'); i >= 0 {
			lo += i + 1
		}
	}
	hi = min(len(s.text), end+2*lineReach)
	if i := bytes.IndexByte(s.text[end:hi], '\n'); i >= 0 {
		hi = end + i
	}
	return lo - 1, hi + 1
}

// wideNeed is need for all matches of a wide rule from one anchor.
func (s *Scanner) wideNeed(c *compiledRule, pos, literal int) (lo, hi int) {
	margin := c.reach + 2*lineReach
	lo = max(0, pos-margin)
	hi = min(len(s.text), pos+len(s.e.finder.literals[literal])+margin)
	return lo - 1, hi + 1
}

// covers reports whether base[lo:hi] lies in the run. A run from start to start
// also covers the start of the text; the end of a text is never covered.
func covers(run delta.Run, lo, hi int) bool {
	if lo == -1 && run.Base == 0 && run.Target == 0 {
		lo = 0
	}
	return lo >= run.Base && hi <= run.Base+run.Len
}

// withinOne reports whether target[lo:hi] lies in one of the runs.
func withinOne(runs []delta.Run, lo, hi int) bool {
	for _, r := range runs {
		if covers(delta.Run{Base: r.Target, Target: r.Base, Len: r.Len}, lo, hi) {
			return true
		}
	}
	return false
}

// inherit takes over the facts of base that a run carries into the target.
func (s *Scanner) inherit(base *Facts, run delta.Run) {
	shift := int32(run.Target - run.Base)
	first := lowerBound(len(base.hits), func(i int) bool { return int(base.hits[i].start) >= run.Base })
	for _, h := range base.hits[first:] {
		if int(h.start) >= run.Base+run.Len {
			break
		}
		if !covers(run, int(h.needLo), int(h.needHi)) {
			continue
		}
		h.start, h.end = h.start+shift, h.end+shift
		h.secretStart, h.secretEnd = h.secretStart+shift, h.secretEnd+shift
		h.needLo, h.needHi = h.needLo+shift, h.needHi+shift
		if h.anchor >= 0 {
			h.anchor += shift
		}
		s.hits = append(s.hits, h)
	}
	first = lowerBound(len(base.wide), func(i int) bool { return int(base.wide[i].pos) >= run.Base })
	for _, a := range base.wide[first:] {
		if int(a.pos)+len(s.e.finder.literals[a.literal]) > run.Base+run.Len {
			break
		}
		s.wide = append(s.wide, anchorAt{a.pos + shift, a.literal})
	}
}

// lowerBound returns the first index in [0,n) for which ok holds, or n.
func lowerBound(n int, ok func(int) bool) int {
	lo, hi := 0, n
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); ok(mid) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// span is text[lo:hi].
type span struct{ lo, hi int }

// seams returns the parts of target, in order and apart from one another, that
// hold every anchor whose verdict a seam between runs can change.
func seams(target []byte, runs []delta.Run) []span {
	var out []span
	add := func(gapLo, gapHi int) {
		p := seamSpan(target, gapLo, gapHi)
		if n := len(out); n > 0 && p.lo <= out[n-1].hi {
			out[n-1].hi = max(out[n-1].hi, p.hi)
			return
		}
		out = append(out, p)
	}
	at := 0
	for i, r := range runs {
		if i > 0 || r.Target > 0 || r.Base > 0 {
			add(at, r.Target)
		}
		at = r.Target + r.Len
	}
	add(at, len(target))
	return out
}

// seamSpan widens a gap to what it touches: the lines of its ends, and the line
// after, which an allow comment in the gap may cover. In long lines 4*lineReach
// bytes are enough: a match needs at most 2*lineReach around it, and its anchors stand at
// most lineReach away.
func seamSpan(text []byte, gapLo, gapHi int) span {
	const far = 4 * lineReach
	lo := max(0, gapLo-far)
	if i := bytes.LastIndexByte(text[lo:max(lo, gapLo-1)], '\n'); i >= 0 {
		lo += i + 1
	}
	hi := gapHi
	for range 2 {
		end := min(len(text), hi+far)
		i := bytes.IndexByte(text[hi:end], '\n')
		if i < 0 {
			return span{lo, end}
		}
		hi += i + 1
	}
	return span{lo, hi}
}
