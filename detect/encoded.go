package detect

import (
	"bytes"
	"cmp"
	"math"
	"slices"

	"github.com/straykey/straykey/delta"
	"github.com/straykey/straykey/detect/archive"
	"github.com/straykey/straykey/detect/decode"
	"github.com/straykey/straykey/detect/generic"
)

// maxDecodeDepth bounds encodings within encodings, unless Options.DecodeDepth says less: what is read at this depth is not
// decoded further.
const maxDecodeDepth = 4

// reading tells how a match was read that does not stand in its text as it is.
type reading struct {
	via []string
	// inner are pairs of offsets, level by level: where the secret stands in what the span decodes to,
	// or the next span in that. What one run of base64 holds stands at one place of the text, and
	// yet apart.
	inner []int32
}

// innerSpans returns the inner spans of a match, none if it has none.
func (h *hit) innerSpans() []int32 {
	if h.read == nil {
		return nil
	}
	return h.read.inner
}

// place is a part of the text, by the bytes that decide on it, where something encoded stands.
type place struct {
	lo, hi int32
	// cost is how much it unpacks to beyond its own length. A text has a budget of it.
	cost int32
	cut  bool // not all of it was unpacked
	// reach is the largest hi of this place and those before it.
	reach int32
}

// decoder finds what is encoded in the texts of a scanner.
type decoder struct {
	runs   *decode.Runner
	units  decode.Units
	last   [decode.Kinds]span // by kind, the last unit
	places []place
	inner  *Scanner // for what is decoded
	text   []byte   // scratch: what is decoded
	onRun  func(decode.Span)
}

func (s *Scanner) beginDecoding() {
	d := &s.decoder
	d.last, d.places = [decode.Kinds]span{}, d.places[:0]
	if s.depth > s.e.decodeDepth || s.e.decodeDepth == 0 {
		return
	}
	if d.runs == nil {
		d.runs = decode.NewRunner()
		d.runs.JWT = s.e.overlapping
		d.onRun = s.tryRun
	}
	d.runs.Begin(s.text)
	d.units.Begin(s.text)
}

// decodeRuns reads the runs whose finding depends on some byte of text[lo:hi].
func (s *Scanner) decodeRuns(lo, hi int) {
	if s.depth < s.e.decodeDepth || s.atBottom() {
		s.decoder.runs.Find(lo, hi, s.decoder.onRun)
	}
}

// atBottom reports whether what is encoded here is encoded too often: it is told, and not decoded. Where the user wants less to be
// decoded, nothing is.
func (s *Scanner) atBottom() bool {
	return s.depth == maxDecodeDepth && s.e.decodeDepth == maxDecodeDepth
}

// tryMark reads the unit around a mark. Marks come in order of place, nearly, and mostly many to a unit.
func (s *Scanner) tryMark(kind decode.Kind, pos int) {
	if s.depth >= s.e.decodeDepth && !s.atBottom() {
		return
	}
	if kind.CrossesLines() {
		s.mark(pos)
	}
	last := &s.decoder.last[kind]
	if last.lo <= pos && pos < last.hi {
		return
	}
	unit, ok := s.decoder.units.At(kind, pos)
	*last = span{unit.Lo, unit.Hi}
	before, cut := s.expanded, false
	if ok {
		cut = s.tryUnit(unit)
	}
	cost := s.expanded - before
	if !kind.CrossesLines() && unit.Hi-unit.Lo <= maxSmallUnit && cost == 0 && !cut {
		return
	}
	s.mark(pos)
	if kind.CrossesLines() { // the mark stands far from what it holds, which takes the lines around into account
		unit.NeedLo, unit.NeedHi = min(unit.NeedLo, s.linesBefore(unit.Lo)-1), max(unit.NeedHi, s.lineEnd(unit.Hi)+1)
	}
	s.notePlace(unit, cost, cut)
}

// maxSmallUnit is the longest unit within a line of which no place is noted: what a seam touches is
// read again as a whole.
const maxSmallUnit = lineReach

func (s *Scanner) notePlace(span decode.Span, cost int64, cut bool) {
	lo, hi := s.clamp(span.NeedLo, span.NeedHi)
	s.decoder.places = append(s.decoder.places, place{lo: int32(lo), hi: int32(hi), cost: int32(min(cost, math.MaxInt32)), cut: cut})
}

// clamp makes of bounds that lie outside of the text those that stand for its start and end.
func (s *Scanner) clamp(lo, hi int) (int, int) { return max(lo, -1), min(hi, len(s.text)+1) }

// tryRun scans what a run decodes to.
func (s *Scanner) tryRun(run decode.Span) {
	s.mark(run.Lo)
	if run.Hi-run.Lo > decode.MaxRun || s.atBottom() {
		s.notePlace(run, 0, true)
		return
	}
	d := &s.decoder
	d.text = d.runs.Decode(d.text[:0], s.text, run)
	if !s.expand(d.text) {
		return
	}
	before := s.expanded
	text, via0 := d.text, []string{run.Kind.String()}
	if decode.IsZlib(text) {
		var ok bool
		if text, ok = s.inflated(text); !ok {
			return
		}
		via0 = append(via0, "zlib")
	}
	facts := s.scanInner(text, run, func(int) int { return run.Lo })
	if cost, cut := s.expanded-before, cutOff(facts) || len(text) == innerBytes; cost > 0 || cut {
		s.notePlace(run, cost, cut)
		if s.expanded > textBytes {
			s.spent = true
		}
	}
	if facts.Empty() {
		return
	}
	for _, h := range facts.hits {
		inner := []int32{h.secretStart, h.secretEnd}
		via := slices.Clone(via0)
		if h.member > 0 {
			inner = append([]int32{h.member, h.member + 1}, inner...)
			via = append(via, viaMember(facts, &h))
			h.member = 0
		}
		if h.read != nil {
			inner, via = append(inner, h.read.inner...), append(via, h.read.via...)
		}
		h.start, h.end = int32(run.Lo), int32(run.Hi)
		h.secretStart, h.secretEnd = h.start, h.end
		h.read = &reading{via, inner}
		s.adopt(h, run)
	}
}

// tryUnit scans what a unit decodes to, and reports whether something in it was not unpacked to its end.
func (s *Scanner) tryUnit(unit decode.Span) (cut bool) {
	d := &s.decoder
	d.text = decode.DecodeUnit(d.text[:0], nil, s.text, unit)
	if string(d.text) == string(s.text[unit.Lo:unit.Hi]) {
		return false
	}
	if s.atBottom() {
		return true
	}
	var at []int32
	outer := func(pos int) int {
		if at == nil {
			decode.DecodeUnit(nil, &at, s.text, unit)
		}
		return int(at[pos])
	}
	facts := s.scanInner(d.text, unit, outer)
	if facts.Empty() {
		return cutOff(facts)
	}
	for _, h := range facts.hits {
		read := &reading{via: []string{unit.Kind.String()}}
		if h.read != nil {
			read.via, read.inner = append(read.via, h.read.via...), h.read.inner
		}
		h.start, h.end = int32(outer(int(h.start))), int32(outer(int(h.end)))
		h.secretStart, h.secretEnd = int32(outer(int(h.secretStart))), int32(outer(int(h.secretEnd)))
		if h.read = read; h.secretEnd > h.secretStart {
			s.adopt(h, unit)
		}
	}
	return cutOff(facts)
}

// escapedSlash is how JSON writes a slash that shall not end a script in HTML. It stands in half of all that PHP writes and is no mark
// of a unit, for it is too short.
var escapedSlash = []byte(`\/`)

// tryShort scans the line of a candidate with its value decoded, if that is encoded and too short for a run or has escapes that are
// no marks: there the name tells that it is worth it. It reports whether it kept something.
func (s *Scanner) tryShort(c *compiledRule, text *generic.Text, cand *generic.Candidate, literal, pos int) (kept bool) {
	if s.depth >= s.e.decodeDepth || cand.Apart || cand.Op == generic.OpNone || cand.Group > generic.Auth {
		return false
	}
	value := cand.Value
	plain, kind, ok := decode.Short(s.text[value.Lo:value.Hi])
	if bytes.Contains(s.text[value.Lo:value.Hi], escapedSlash) {
		plain, kind, ok = bytes.ReplaceAll(s.text[value.Lo:value.Hi], escapedSlash, escapedSlash[1:]), decode.Escapes, true
	}
	if !ok {
		return false
	}
	lo, hi := max(text.Lo, cand.Start-generic.Context), min(text.Hi, value.Hi+generic.Context)
	line := slices.Concat(s.text[lo:value.Lo], plain, s.text[value.Hi:hi])
	from, to := value.Lo-lo, value.Lo-lo+len(plain)
	needLo, needHi := s.need(c, cand.Start, cand.End, pos, literal)
	unit := decode.Span{Lo: value.Lo, Hi: value.Hi, Kind: kind, NeedLo: min(needLo, lo-1), NeedHi: max(needHi, hi+1)}
	outer := func(at int) int {
		switch {
		case at <= from:
			return lo + at
		case at < to:
			return value.Lo
		}
		return value.Hi + at - to
	}
	inner := s.inner()
	inner.only, inner.from = span{from, to}, max(0, cand.Start-lo-maxNameBefore)
	hits := s.scanInner(line, unit, outer).matches()
	inner.only = span{}
	for _, h := range hits {
		if int(h.secretStart) >= to || int(h.secretEnd) <= from {
			continue
		}
		read := &reading{via: []string{kind.String()}}
		if h.read != nil {
			read.via, read.inner = append(read.via, h.read.via...), h.read.inner
		}
		h.read = read
		h.start, h.secretStart = int32(min(outer(int(h.start)), value.Lo)), int32(value.Lo)
		h.end, h.secretEnd = int32(max(outer(int(h.end)), value.Hi)), int32(value.Hi)
		s.adopt(h, unit)
		kept = true
	}
	return kept
}

// maxNameBefore is how far before a name the line of a value that is decoded alone is searched for anchors: what else is in it
// was, or will be, read with the line as it stands. A line of many such values would be read for each of them, and in each reading the
// others again.
const maxNameBefore = 80

// leftOut reports whether a candidate is of no interest, for the line is scanned for the sake of another one.
func (s *Scanner) leftOut(cand *generic.Candidate) bool {
	return s.only != span{} && (cand.Value.Lo >= s.only.hi || cand.Value.Hi <= s.only.lo)
}

// matches returns the hits of facts that may be nil.
func (f *Facts) matches() []hit {
	if f == nil {
		return nil
	}
	return f.hits
}

// adopt takes a match in what a span decodes to over into the text.
func (s *Scanner) adopt(h hit, span decode.Span) {
	start, end := int(h.start), int(h.end)
	if h.cred.Allowed == "" {
		line, prev := s.lineAround(start, end)
		h.cred.Allowed = inlineAllow(line, prev, h.cred.Rule.ID)
	}
	lo, hi := s.clamp(min(span.NeedLo, s.linesBefore(start)-1), max(span.NeedHi, s.lineEnd(end)+1))
	h.needLo, h.needHi, h.anchor = int32(lo), int32(hi), -1
	h.line, h.column, h.above = 0, 0, 0
	s.addHit(h)
}

// inner returns the scanner for what is decoded.
func (s *Scanner) inner() *Scanner {
	d := &s.decoder
	if d.inner == nil {
		d.inner = s.e.NewScanner()
		d.inner.depth = s.depth + 1
	}
	return d.inner
}

// scanInner scans what a span decodes to. outer maps an offset in it to one in the text.
func (s *Scanner) scanInner(text []byte, span decode.Span, outer func(pos int) int) *Facts {
	inner := s.inner()
	if s.trace != nil {
		inner.trace = func(c *compiledRule, pos int, step string) {
			s.trace(c, outer(max(pos, 0)), "in "+span.Kind.String()+": "+step)
		}
	}
	facts := inner.Scan(text)
	s.expanded += inner.expanded
	s.err = cmp.Or(s.err, inner.err)
	s.overflow = s.overflow || facts.Overflow()
	return facts
}

// cutPlaces returns what of the places of a base the runs carry into a target in part: what is left of
// them there may be a place again, and is searched for marks.
func (s *Scanner) cutPlaces(base *Facts, runs []delta.Run) []span {
	if base == nil || len(base.places) == 0 {
		return nil
	}
	var out []span
	for _, run := range runs {
		shift := run.Target - run.Base
		first := lowerBound(len(base.places), func(i int) bool { return int(base.places[i].reach) > run.Base })
		for _, p := range base.places[first:] {
			lo, hi := max(int(p.lo), run.Base), min(int(p.hi), run.Base+run.Len)
			if int(p.lo) >= run.Base+run.Len {
				break
			}
			if lo < hi && !covers(run, int(p.lo), int(p.hi)) {
				out = append(out, span{lo + shift, hi + shift})
			}
		}
	}
	return out
}

func compareReadings(a, b *reading) int {
	switch {
	case a == b:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return cmp.Or(slices.Compare(a.inner, b.inner), slices.Compare(a.via, b.via))
}

// cutOff reports whether a limit cut off something.
func cutOff(f *Facts) bool {
	return slices.ContainsFunc(f.Skips(), func(s Skip) bool { return s.Why == archive.Limit })
}

// packedSkips tells of what is packed within a text and was not unpacked to its end. Where that happens
// depends on nothing but the place; only a text of which there is no end is cut as a whole.
func (s *Scanner) packedSkips(places []place) []Skip {
	total := int64(0)
	cut := false
	for _, p := range places {
		total += int64(p.cost)
		cut = cut || p.cut
	}
	s.spent = s.spent || total > textBytes
	if !cut && !s.spent {
		return nil
	}
	return []Skip{{Why: archive.Limit, Detail: "what is encoded or packed within the text was not read to its end"}}
}

// sortedPlaces sorts places and drops repetitions.
func sortedPlaces(places []place) []place {
	slices.SortFunc(places, func(a, b place) int { return cmp.Or(cmp.Compare(a.lo, b.lo), cmp.Compare(a.hi, b.hi)) })
	places = slices.CompactFunc(places, func(a, b place) bool { return a.lo == b.lo && a.hi == b.hi })
	reach := int32(0)
	for i := range places {
		reach = max(reach, places[i].hi)
		places[i].reach = reach
	}
	return places
}
