package detect

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"

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
	if i := lastNewline(s.text, lo, pos); i >= 0 {
		return i + 1, true
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
	return s.linesBefore(start) - 1, s.lineEnd(end) + 1
}

// wideNeed is need for all matches of a wide rule from one anchor: what the rule may look
// at, and the lines around it, for an allow comment.
func (s *Scanner) wideNeed(c *compiledRule, pos, literal int) (lo, hi int) {
	lo = s.linesBefore(max(0, pos-c.Back))
	hi = min(len(s.text), pos+len(s.e.finder.literals[literal])+c.reach)
	return lo - 1, s.lineEnd(hi) + 1
}

// linesBefore returns where the line before that of text[pos] begins, looking back at
// most lineReach bytes for each of the two.
func (s *Scanner) linesBefore(pos int) int {
	lo := max(0, pos-2*lineReach)
	i := lastNewline(s.text, lo, pos)
	if i < 0 {
		return lo
	}
	lo = max(0, i+1-lineReach)
	if i := lastNewline(s.text, lo, i); i >= 0 {
		lo = i + 1
	}
	return lo
}

// lineEnd returns where the line of text[pos] ends, looking at most 2*lineReach bytes ahead.
func (s *Scanner) lineEnd(pos int) int {
	hi := min(len(s.text), pos+2*lineReach)
	if i := bytes.IndexByte(s.text[pos:hi], '\n'); i >= 0 {
		return pos + i
	}
	return hi
}

// lastNewline returns the offset of the last line end in text[lo:hi], or -1. Unlike
// bytes.LastIndexByte, which reads byte by byte, it reads eight at a time: it is called
// for every seam of every delta.
func lastNewline(text []byte, lo, hi int) int {
	const (
		ones     = 0x0101010101010101
		highs    = 0x8080808080808080
		newlines = '\n' * ones
	)
	for ; hi-lo >= 8; hi -= 8 {
		x := binary.LittleEndian.Uint64(text[hi-8:hi]) ^ newlines
		// The highest byte that is zero in x is exact: borrows run upward from lower zero bytes only
		// into bytes that are 1, so the candidates are checked from the top.
		for found := (x - ones) &^ x & highs; found != 0; {
			k := 7 - bits.LeadingZeros64(found)>>3
			if text[hi-8+k] == '\n' {
				return hi - 8 + k
			}
			found &^= 0x80 << (8 * k)
		}
	}
	for hi--; hi >= lo; hi-- {
		if text[hi] == '\n' {
			return hi
		}
	}
	return -1
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
	i := lowerBound(len(runs), func(i int) bool { return runs[i].Target+runs[i].Len >= hi })
	return i < len(runs) && covers(delta.Run{Base: runs[i].Target, Target: runs[i].Base, Len: runs[i].Len}, lo, hi)
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
		h.line, h.column = 0, 0
		s.hits = append(s.hits, h)
	}
	first = lowerBound(len(base.places), func(i int) bool { return int(base.places[i].lo) >= run.Base-1 })
	for _, p := range base.places[first:] {
		if int(p.lo) >= run.Base+run.Len {
			break
		}
		if covers(run, int(p.lo), int(p.hi)) {
			s.decoder.places = append(s.decoder.places, place{lo: p.lo + shift, hi: p.hi + shift, cost: p.cost, cut: p.cut})
		}
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
// hold every anchor whose verdict a seam between runs can change. They are valid until the next call.
func (s *Scanner) seams(target []byte, runs []delta.Run) []span {
	b := seamBuilder{text: target, spans: s.seamSpans[:0]}
	at := 0
	for i, r := range runs {
		if i > 0 || r.Target > 0 || r.Base > 0 {
			b.add(at, r.Target)
		}
		at = r.Target + r.Len
	}
	b.add(at, len(target))
	s.seamSpans = b.spans
	return b.spans
}

// joined returns the parts of the text in a or b, in order and apart from one another.
func joined(a, b []span) []span {
	if len(b) == 0 {
		return a
	}
	all := append(a, b...)
	slices.SortFunc(all, func(a, b span) int { return cmp.Compare(a.lo, b.lo) })
	out := all[:1]
	for _, p := range all[1:] {
		if last := &out[len(out)-1]; p.lo <= last.hi {
			last.hi = max(last.hi, p.hi)
			continue
		}
		out = append(out, p)
	}
	return out
}

// seamBuilder widens gaps to what they touch: the lines of their ends, and the line
// after, which an allow comment in the gap may cover. In long lines 4*lineReach
// bytes are enough: a match needs at most 2*lineReach around it, and its anchors stand at
// most lineReach away.
//
// Most deltas of source text have several gaps on a line or on neighbouring ones, so it looks for line ends only
// where the last gap does not tell them.
type seamBuilder struct {
	text  []byte
	spans []span
	line  int // where the line that ends the last gap ends, after its line end; 0 if that is too far away
}

const seamReach = 4 * lineReach

// add widens a gap that is not before the one that was added last.
func (b *seamBuilder) add(lo, hi int) {
	if n := len(b.spans); n > 0 {
		last := &b.spans[n-1]
		if lo > last.hi {
			lo = b.lineStart(lo)
		}
		if lo <= last.hi {
			if hi >= b.line {
				last.hi = max(last.hi, b.lineAfter(hi))
			}
			return
		}
	} else {
		lo = b.lineStart(lo)
	}
	b.spans = append(b.spans, span{lo, b.lineAfter(hi)})
}

// lineStart returns where the line begins that a gap at lo touches: not the one before if its line end stands
// before the gap, for then all that its matches need does.
func (b *seamBuilder) lineStart(lo int) int {
	from := max(0, lo-seamReach)
	if i := lastNewline(b.text, from, lo); i >= 0 {
		return i + 1
	}
	return from
}

// lineAfter returns where the line after that of text[hi] ends, and remembers where that of text[hi] does.
func (b *seamBuilder) lineAfter(hi int) int {
	b.line = 0
	end := min(len(b.text), hi+seamReach)
	i := bytes.IndexByte(b.text[hi:end], '\n')
	if i < 0 {
		return end
	}
	hi += i + 1
	b.line = hi
	end = min(len(b.text), hi+seamReach)
	if i = bytes.IndexByte(b.text[hi:end], '\n'); i < 0 {
		return end
	}
	return hi + i + 1
}
