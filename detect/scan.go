package detect

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/straykey/straykey/delta"
	"github.com/straykey/straykey/detect/archive"
	"github.com/straykey/straykey/detect/decode"
	"github.com/straykey/straykey/detect/generic"
	"github.com/straykey/straykey/detect/proof"
)

// Facts are what a scan learnt about a text: its matches, and where the anchors
// of wide rules stand. A nil *Facts says that there is nothing, which is so for most
// texts. Facts are immutable.
type Facts struct {
	hits   []hit
	wide   []anchorAt
	places []place // where something encoded stands
	// whole says that the text has no local reach: nothing can be inherited.
	whole    bool
	overflow bool

	// Of an archive, and of what is packed within a text:
	format                archive.Format
	members               []member // those that have matches
	scanned, scannedBytes int64
	skips                 []Skip
}

// hit is a match with the bytes its verdict depends on.
type hit struct {
	cred        *Credential
	start, end  int32
	secretStart int32
	secretEnd   int32
	needLo      int32 // the verdict depends on text[needLo:needHi]; -1 and len+1
	needHi      int32 // stand for the start and the end of the text
	anchor      int32 // of a wide rule: where the anchor stands; else -1
	line        int32 // see Match; of this text, not inherited
	column      int32
	above       int32    // see Match
	member      int32    // of an archive, from 1; 0: the text itself
	read        *reading // nil: it stands in the text as it is
}

// anchorAt is an occurrence of an anchor of a wide rule.
type anchorAt struct {
	pos     int32
	literal int32
}

// Overflow reports whether matches were left out because there were too many.
func (f *Facts) Overflow() bool { return f != nil && f.overflow }

// Empty reports whether there is no match.
func (f *Facts) Empty() bool { return f == nil || len(f.hits) == 0 }

// Scanner scans texts with an engine. It holds scratch memory: it must not be used by
// two goroutines at once.
type Scanner struct {
	e      *Engine
	text   []byte
	hits   []hit
	wide   []anchorAt
	groups []int
	// seamSpans is scratch of seams.
	seamSpans []span
	// line and candidates are those of the last detector.
	line       generic.Text
	candidates []generic.Candidate
	memo       memo
	known      *lineMemo
	lines      []newLine // scratch of findUnknown
	marks      []int     // see mark
	// overflow says that hits were left out.
	overflow bool
	// last are the windows in which a rule's expression was last evaluated: several anchors
	// on a line share one.
	last   map[*compiledRule][2]int
	sights []sightings // of this text or an earlier one, by the number of the rule
	turn   int         // numbers the texts
	onHit  func(literal, pos int)
	// deferWide leaves wide rules to tryWide.
	deferWide bool
	// trace, if not nil, is told how each trial of a rule ended (see Explain).
	trace func(c *compiledRule, pos int, step string)
	// stats, if not nil, is what rules cost (see Measure).
	stats   map[*compiledRule]*RuleStats
	decoder decoder
	depth   int // of encodings around the text
	// only, if it is not empty, is what the text is scanned for, from an earlier place on: a value that was decoded in its line.
	only span
	from int

	archives  *archive.Reader
	opened    *Scanner // for members
	closed    bool     // archives are not opened
	keepTexts bool     // of members
	expanded  int64    // bytes that were unpacked within this text
	spent     bool     // more is packed in it than is unpacked
	// err is the first regular expression that could not be compiled; the rule finds nothing.
	err error
}

// NewScanner returns a scanner of the engine's rules.
func (e *Engine) NewScanner() *Scanner {
	s := &Scanner{e: e, last: map[*compiledRule][2]int{}, sights: make([]sightings, len(e.rules))}
	s.onHit = s.tryAnchor
	return s
}

// Err returns the first error of a rule that could not be tried: its matches are
// missing from all scans.
func (s *Scanner) Err() error { return s.err }

// Scan returns the facts of a text.
func (s *Scanner) Scan(text []byte) *Facts {
	s.expanded, s.spent = 0, false
	format := s.sniff(text)
	if format == archive.None {
		return s.scanText(text)
	}
	facts, ok := s.scanArchive(text, format)
	if ok {
		return facts
	}
	// It only begins like one.
	raw := s.scanText(text)
	if raw == nil {
		return facts
	}
	raw.whole, raw.skips = true, append(facts.skips, raw.skips...)
	return raw
}

func (s *Scanner) scanText(text []byte) *Facts {
	plain, decoded := Plain(text)
	s.begin(plain, false)
	if s.only != (span{}) {
		s.findAll(min(s.from, len(plain)), min(s.only.hi, len(plain)))
	} else {
		s.find(0, len(plain))
	}
	s.trySlow()
	return s.finish(decoded)
}

// Update returns the facts of target, which shares runs of bytes with a text whose
// facts are base. It returns what Scan(target) would, and reads only the lines
// that the seams between the runs touch.
func (s *Scanner) Update(target []byte, base *Facts, runs []delta.Run) *Facts {
	if len(runs) == 0 || base != nil && base.whole || !s.isPlain(target) {
		return s.Scan(target)
	}
	s.expanded, s.spent = 0, false
	s.begin(target, true)
	for _, r := range joined(s.seams(target, runs), s.cutPlaces(base, runs)) {
		s.find(r.lo, r.hi)
	}
	if base != nil {
		for _, run := range runs {
			s.inherit(base, run)
		}
	}
	s.trySlow()
	s.wide = sortedAnchors(s.wide)
	s.tryWide(runs)
	if f := s.finish(false); !f.Overflow() && !s.spent {
		return f
	}
	// Which matches are left out depends on the order they are found in.
	return s.Scan(target)
}

// find tries the rules whose anchors stand in text[lo:hi].
func (s *Scanner) find(lo, hi int) {
	if s.remembers() {
		s.findUnknown(lo, hi)
		return
	}
	s.findAll(lo, hi)
}

// findAll is find, whatever is remembered.
func (s *Scanner) findAll(lo, hi int) {
	s.e.finder.find(s.text, lo, hi, s.onHit)
	for _, c := range s.e.scanning {
		start := s.clock()
		c.detector.Scan(s.text, lo, hi, func(lo, hi int) { s.tryDetector(c, -1, lo, hi) })
		s.charge(c, start)
	}
	s.decodeRuns(lo, hi)
}

func (s *Scanner) begin(text []byte, deferWide bool) {
	s.text = text
	s.deferWide = deferWide
	s.hits = s.hits[:0]
	s.overflow = false
	s.wide = s.wide[:0]
	s.marks = s.marks[:0]
	clear(s.last)
	s.turn++
	s.beginDecoding()
}

// finish sorts what was found, drops repetitions and makes facts of it.
func (s *Scanner) finish(decoded bool) *Facts {
	defer func() { s.text, s.line.B = nil, nil }()
	places := sortedPlaces(s.decoder.places)
	if len(s.hits) == 0 && len(s.wide) == 0 && len(places) == 0 && !decoded {
		return nil
	}
	s.compactHits()
	s.placeHits()
	skips := s.packedSkips(places)
	return &Facts{
		hits: slices.Clone(s.hits), wide: slices.Clone(sortedAnchors(s.wide)), places: slices.Clone(places),
		whole: decoded || s.overflow || s.spent, overflow: s.overflow, skips: skips,
	}
}

// compareHits orders hits by place, then rule; hits of a wide rule also by anchor,
// for each anchor has a reach of its own.
func compareHits(a, b hit) int {
	return cmp.Or(
		cmp.Compare(a.member, b.member),
		cmp.Compare(a.start, b.start),
		cmp.Compare(a.end, b.end),
		cmp.Compare(a.secretStart, b.secretStart),
		cmp.Compare(a.secretEnd, b.secretEnd),
		cmp.Compare(a.cred.Rule.ID, b.cred.Rule.ID),
		cmp.Compare(a.anchor, b.anchor),
		compareReadings(a.read, b.read),
	)
}

func sortedAnchors(wide []anchorAt) []anchorAt {
	slices.SortFunc(wide, func(a, b anchorAt) int {
		return cmp.Or(cmp.Compare(a.pos, b.pos), cmp.Compare(a.literal, b.literal))
	})
	return slices.Compact(wide)
}

// Matches lists the matches of a text in order of place, without those that another
// anchor found as well. Overlapping ones share a Group.
func (f *Facts) Matches() []Match {
	if f.Empty() {
		return nil
	}
	bySecret := slices.Clone(f.hits)
	slices.SortStableFunc(bySecret, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.member, b.member), cmp.Compare(a.secretStart, b.secretStart), cmp.Compare(a.secretEnd, b.secretEnd),
			cmp.Compare(a.cred.Rule.ID, b.cred.Rule.ID), slices.Compare(a.innerSpans(), b.innerSpans()), compareReadings(a.read, b.read), compareHits(a, b))
	})
	out := make([]Match, 0, len(bySecret))
	group, end := -1, int32(-1)
	for i, h := range bySecret {
		if i > 0 {
			p := bySecret[i-1]
			if p.member == h.member && p.cred.Rule == h.cred.Rule && p.secretStart == h.secretStart && p.secretEnd == h.secretEnd && p.cred.Secret == h.cred.Secret && slices.Equal(p.innerSpans(), h.innerSpans()) {
				continue
			}
		}
		if h.secretStart >= end || i > 0 && bySecret[i-1].member != h.member {
			group++
			end = h.secretEnd
		}
		end = max(end, h.secretEnd)
		m := Match{
			Credential: h.cred, Start: int(h.start), End: int(h.end),
			SecretStart: int(h.secretStart), SecretEnd: int(h.secretEnd), Group: group,
			line: h.line, column: h.column, above: h.above, inner: h.innerSpans(), Member: f.memberName(&h), Part: int(h.member),
		}
		if h.read != nil {
			m.Via = h.read.via
		}
		out = append(out, m)
	}
	return out
}

// tryAnchor is called for each anchor that stands in the text.
func (s *Scanner) tryAnchor(literal, pos int) {
	if s.e.wide[literal] {
		s.wide = append(s.wide, anchorAt{int32(pos), int32(literal)})
		s.mark(pos)
	}
	if kind := s.e.marks[literal]; kind != decode.None {
		s.tryMark(kind, pos)
	}
	for i := range s.e.trials[literal] {
		if t := &s.e.trials[literal][i]; !t.rule.wide || !s.deferWide {
			s.try(t, literal, pos)
		}
	}
}

// tryWide evaluates the wide anchors whose reach is not within one run; what the
// others give was inherited.
func (s *Scanner) tryWide(runs []delta.Run) {
	for _, a := range s.wide {
		for i := range s.e.trials[a.literal] {
			t := &s.e.trials[a.literal][i]
			if !t.rule.wide {
				continue
			}
			lo, hi := s.wideNeed(t.rule, int(a.pos), int(a.literal))
			if !withinOne(runs, lo, hi) {
				s.try(t, int(a.literal), int(a.pos))
			}
		}
	}
}

// try tries a rule at an anchor.
func (s *Scanner) try(t *trial, literal, pos int) {
	start := s.clock()
	switch {
	case t.rule.style == styleDetector:
		s.tryDetector(t.rule, literal, pos, pos+len(s.e.finder.literals[literal]))
	case t.rule.style == styleAssigned:
		s.tryAssigned(t, literal, pos)
	case t.rule.Direct:
		s.tryShape(t, literal, pos)
	default:
		s.tryRegex(t, literal, pos)
	}
	s.charge(t.rule, start)
}

// view returns the part of the text a rule may look at from an anchor at pos, and
// whether its ends are those of the line or text (or else mere limits).
func (s *Scanner) view(c *compiledRule, pos, anchorLen int) (lo, hi int, loFree, hiFree bool) {
	lo, hi = max(0, pos-c.Back), min(len(s.text), pos+anchorLen+c.reach)
	loFree, hiFree = lo == 0, hi == len(s.text)
	if lo <= len(mark) {
		if n := markLen(s.text); n >= lo && n <= pos {
			lo, loFree = n, true // a file begins behind its byte order mark
		}
	}
	if c.wide {
		return lo, hi, loFree, hiFree
	}
	if i := lastNewline(s.text, lo, pos); i >= 0 {
		lo, loFree = i+1, true
	}
	if i := bytes.IndexByte(s.text[pos:hi], '\n'); i >= 0 {
		hi, hiFree = pos+i, true
	}
	return lo, hi, loFree, hiFree
}

// tryShape matches a shape whose anchor stands at pos.
func (s *Scanner) tryShape(t *trial, literal, pos int) {
	c := t.rule
	shape := c.direct()[t.shape]
	start := pos - t.offset
	if start < 0 {
		s.drop(c, pos, stepShape)
		return
	}
	if c.style == styleToken && s.trace == nil && !tokenStart(s.text, start) {
		return // within something longer, as nearly all of the AAAA in a picture; a trace shall tell of the shape first
	}
	limit := min(len(s.text), start+c.reach)
	cut := limit < len(s.text)
	if shape.newline && !c.wide {
		if bytes.IndexByte(s.text[start:pos], '\n') >= 0 {
			s.drop(c, pos, stepShape)
			return
		}
		if i := bytes.IndexByte(s.text[pos:limit], '\n'); i >= 0 {
			limit, cut = pos+i, false
		}
	}
	text := s.text[:limit]
	end := shape.match(text, start, nil)
	if end < 0 || end == limit && cut {
		s.drop(c, pos, stepShape)
		return
	}
	if c.style == styleToken && !tokenBounds(s.text, start, end, shape.last) {
		s.drop(c, pos, stepBounds)
		return
	}
	groups := s.groupBuffer(len(shape.groups))
	shape.match(text, start, groups)
	groups[0], groups[1] = start, end
	s.report(c, groups, literal, pos)
}

func (s *Scanner) groupBuffer(n int) []int {
	if cap(s.groups) < n {
		s.groups = make([]int, n)
	}
	return s.groups[:n]
}

// tryRegex evaluates a rule's expression around an anchor. A match that ends at a mere
// limit may be cut, and does not count.
func (s *Scanner) tryRegex(t *trial, literal, pos int) {
	c := t.rule
	anchorLen := len(s.e.finder.literals[literal])
	lo, hi, loFree, hiFree := s.view(c, pos, anchorLen)
	if c.Span > 0 {
		if l := pos + anchorLen - c.Span - 1; l > lo {
			lo, loFree = l, false
		}
		if h := pos + c.Span + 1; h < hi {
			hi, hiFree = h, false
		}
	}
	if !c.wide {
		if s.last[c] == [2]int{lo, hi} {
			return
		}
		s.last[c] = [2]int{lo, hi}
	}
	all := s.matchesIn(c, lo, hi)
	if len(all) == 0 {
		s.drop(c, pos, stepShape)
	}
	for _, m := range all {
		if m[0] == 0 && !loFree || lo+m[1] == hi && !hiFree {
			s.drop(c, pos, stepCut)
			continue
		}
		for i := range m {
			if m[i] >= 0 {
				m[i] += lo
			}
		}
		if c.style == styleToken && !tokenBounds(s.text, m[0], m[1], nil) {
			s.drop(c, pos, stepBounds)
			continue
		}
		s.report(c, m, literal, pos)
	}
}

// matchesIn is matches for the part text[lo:hi] of the text, one of many that overlap.
func (s *Scanner) matchesIn(c *compiledRule, lo, hi int) [][]int {
	known := &s.sights[c.number]
	if known.turn != s.turn {
		*known = sightings{turn: s.turn}
	}
	if !c.needs().passesIn(s.text, lo, hi, known) {
		return nil
	}
	return s.evaluate(c, s.text[lo:hi])
}

// matches returns where a rule's expression matches in a text.
func (s *Scanner) matches(c *compiledRule, text []byte) [][]int {
	if !c.needs().passes(text) {
		return nil
	}
	return s.evaluate(c, text)
}

// evaluate is matches for a text that has what the rule needs. Texts in which the expression does not match are remembered: RE2
// reads them a hundred times slower than they are hashed, and deltas bring the same ones again and again.
func (s *Scanner) evaluate(c *compiledRule, text []byte) [][]int {
	key := s.memo.textKey(text, c.number)
	if known, _ := s.memo.has(key); known && s.stats == nil {
		return nil
	}
	var all [][]int
	if c.mayMatch(&s.e.regexps, text) {
		re, err := c.regex(&s.e.regexps)
		if err != nil {
			if s.err == nil {
				s.err = err
			}
			return nil
		}
		all = re.FindAllSubmatchIndex(text, maxMatches)
	}
	if len(all) == 0 {
		s.memo.add(key, false)
	}
	return all
}

// trySlow evaluates the rules without an anchor on the whole text.
func (s *Scanner) trySlow() {
	for _, c := range s.e.slow {
		start := s.clock()
		for _, m := range s.matches(c, s.text) {
			if c.style == styleToken && !tokenBounds(s.text, m[0], m[1], nil) {
				continue
			}
			s.report(c, m, -1, -1)
		}
		s.charge(c, start)
	}
}

// report turns a match of the expression into a hit, if the rule's tests agree.
func (s *Scanner) report(c *compiledRule, groups []int, literal, pos int) {
	start, end := groups[0], groups[1]
	if end <= start {
		return
	}
	secretStart, secretEnd := secretOf(c, groups)
	secret := s.text[secretStart:secretEnd]
	h := entropy(secret)
	if c.Entropy > 0 && h <= c.Entropy {
		if s.trace != nil {
			s.drop(c, pos, fmt.Sprintf(stepEntropy, h, c.Entropy))
		}
		return
	}
	if (c.style == styleAssigned || c.Weak) && placeholder(secret) || c.style != styleRegex && filled(secret) {
		s.drop(c, pos, stepPlaceholder)
		return
	}
	s.keep(c, found{start: start, end: end, secretStart: secretStart, secretEnd: secretEnd}, h, literal, pos, nil)
}

// found is where a match and its secret stand.
type found struct {
	start, end, secretStart, secretEnd int
	plain                              []byte // what the secret stands for, if it is in base64; nil: itself
}

// secret returns the secret of a match in a text.
func (f *found) secret(text []byte) []byte {
	if f.plain != nil {
		return f.plain
	}
	return text[f.secretStart:f.secretEnd]
}

// keep makes a hit of a match whose looks passed, if allowlists and the offline proof agree.
func (s *Scanner) keep(c *compiledRule, at found, h float64, literal, pos int, verdict *generic.Verdict) {
	start, end := at.start, at.end
	secret := at.secret(s.text)
	needLo, needHi := s.need(c, start, end, pos, literal)
	line, prev := s.lineAround(start, end)
	allowed, pending := s.e.allowedByContent(c, secret, s.text[start:end], line)
	if allowed {
		s.drop(c, pos, stepAllowlist)
		return
	}
	cred := &Credential{Rule: c.Rule, rule: c, Entropy: h, Secret: string(secret), Verdict: verdict, pending: pending}
	if c.Proof != "" {
		context := s.text[max(needLo, 0):min(needHi, len(s.text))]
		result, _ := s.e.prover.Prove(c.Proof, cred.Secret, context)
		if result.Status == proof.Invalid {
			s.mark(start)
			if s.trace != nil {
				s.drop(c, pos, fmt.Sprintf(stepProof, c.Proof, result.Detail))
			}
			return
		}
		cred.Proof = result
	}
	cred.Allowed = inlineAllow(line, prev, c.ID)
	hit := hit{
		cred: cred, start: int32(start), end: int32(end),
		secretStart: int32(at.secretStart), secretEnd: int32(at.secretEnd),
		needLo: int32(needLo), needHi: int32(needHi), anchor: -1,
	}
	if c.wide {
		hit.anchor = int32(pos)
	}
	if at.plain != nil {
		hit.read = &reading{via: []string{decode.Base64.String()}}
	}
	if s.trace != nil {
		s.trace(c, pos, stepKept)
	}
	s.addHit(hit)
}

func (s *Scanner) addHit(h hit) {
	s.mark(int(h.start))
	if s.hits = append(s.hits, h); len(s.hits) >= 4*maxMatches {
		s.compactHits()
	}
}

// compactHits sorts what was found and drops repetitions, which several anchors of one match
// give, and what is too much.
func (s *Scanner) compactHits() {
	slices.SortFunc(s.hits, compareHits)
	s.hits = slices.CompactFunc(s.hits, func(a, b hit) bool { return compareHits(a, b) == 0 })
	if len(s.hits) > maxMatches {
		s.hits, s.overflow = s.hits[:maxMatches], true
	}
}

// secretOf picks the group that is the secret.
func secretOf(c *compiledRule, groups []int) (lo, hi int) {
	if g := c.SecretGroup; g > 0 {
		if 2*g+1 < len(groups) && groups[2*g] >= 0 {
			return groups[2*g], groups[2*g+1]
		}
		return groups[0], groups[1]
	}
	for g := 2; g+1 < len(groups); g += 2 {
		if groups[g] >= 0 && groups[g+1] > groups[g] {
			return groups[g], groups[g+1]
		}
	}
	return groups[0], groups[1]
}

// tokenBounds reports whether text[start:end] stands alone: no letter, digit or
// underscore on either side. An escape before it (\n, %20) is no letter; a dash, + or / after it
// counts as one where the token itself may end in it.
func tokenBounds(text []byte, start, end int, last *class) bool {
	if !tokenStart(text, start) {
		return false
	}
	if end < len(text) {
		next := text[end]
		if isWord(next) || (next == '-' || next == '+' || next == '/') && last != nil && last.has(next) {
			return false
		}
	}
	return true
}

// tokenStart reports whether a token may start at text[start].
func tokenStart(text []byte, start int) bool {
	return start == 0 || !isWord(text[start-1]) || escapeBefore(text, start)
}

// longestEscape is the length of \uXXXX, the longest escape that escapeBefore knows.
const longestEscape = 6

// escapeBefore reports whether text[:i] ends in an escape sequence as strings in source
// code and URLs have them: \n, \t, \r, %3D, \u003d.
func escapeBefore(text []byte, i int) bool {
	switch {
	case i >= 2 && text[i-2] == '\\':
		c := text[i-1]
		return c == 'n' || c == 't' || c == 'r'
	case i >= 3 && text[i-3] == '%':
		return isHex(text[i-1]) && isHex(text[i-2])
	case i >= 6 && text[i-6] == '\\' && text[i-5] == 'u':
		return isHex(text[i-1]) && isHex(text[i-2]) && isHex(text[i-3]) && isHex(text[i-4])
	}
	return false
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
