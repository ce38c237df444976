package detect

import (
	"bytes"
	"math"
	"math/bits"
	"regexp/syntax"
	"slices"
)

// A shape is a regular expression without choices to take back: a sequence of
// byte classes, each repeated greedily, where what may follow a repeat of
// variable length is never in its class. Matching it is one loop over the bytes.
// Most credentials look like this: a prefix and so many characters of a class.
//
// An alternation becomes several shapes, in order of preference.
type shape struct {
	elems []elem
	// groups[2k], groups[2k+1] are the elements before which group k opens and
	// closes; -1 if the group is not in this alternative.
	groups []int
	last   *class // class of the last element that consumes, for token boundaries
	// newline says that some element may consume a line end.
	newline bool
}

// elem is one class, repeated from min to max times, or an assertion.
type elem struct {
	set      class
	min, max int
	assert   assertion // if not 0: no class, consumes nothing
	// until, if not nil, is the literal that ends the shape: the repeat takes as
	// little as it can, which is up to the first place where the literal stands.
	until []byte
	lazy  bool
	// armor, if not nil, is what the bytes that are skipped must hold.
	armor *armor
}

// armor is what stands between the first and the last line of a PEM block, written as (?:[^-]|-[^-])*?[A-Za-z0-9+/]{40}(?:[^-]|-[^-])*?
// before a literal that begins with two dashes: no two dashes in a row, and a run of one class. It has only one way to match, for
// it ends at the first two dashes.
type armor struct {
	dash byte
	run  class
	n    int // how long the run is at least
}

// assertion is a condition on a place between bytes. Rules see lines: the start and end of a
// text are those of a line.
type assertion uint8

const (
	wordBoundary assertion = iota + 1 // \b
	lineStart                         // ^
	lineEnd                           // $
)

func (a assertion) holds(text []byte, i int) bool {
	switch a {
	case wordBoundary:
		return (i > 0 && isWord(text[i-1])) != (i < len(text) && isWord(text[i]))
	case lineStart:
		return i == 0 || text[i-1] == '\n' || i == len(mark) && markLen(text) == i
	default:
		return i == len(text) || text[i] == '\n'
	}
}

// class is a set of bytes.
type class [4]uint64

func (c *class) has(b byte) bool { return c[b>>6]>>(b&63)&1 != 0 }
func (c *class) add(b byte)      { c[b>>6] |= 1 << (b & 63) }

func (c *class) meets(d *class) bool {
	return c[0]&d[0]|c[1]&d[1]|c[2]&d[2]|c[3]&d[3] != 0
}

func (c *class) within(d *class) bool {
	return c[0]&^d[0]|c[1]&^d[1]|c[2]&^d[2]|c[3]&^d[3] == 0
}

// size is the number of members.
func (c *class) size() int {
	return bits.OnesCount64(c[0]) + bits.OnesCount64(c[1]) + bits.OnesCount64(c[2]) + bits.OnesCount64(c[3])
}

// appendBytes appends the members in order.
func (c *class) appendBytes(out []byte) []byte {
	for i, word := range c {
		for ; word != 0; word &= word - 1 {
			out = append(out, byte(i<<6|bits.TrailingZeros64(word)))
		}
	}
	return out
}

// folded is the class with capital letters replaced by small ones.
func (c *class) folded() class {
	const capitals = 0x07FFFFFE // in c[1]: bytes 'A' to 'Z' less 64
	f := *c
	f[1] = f[1]&^capitals | f[1]&capitals<<32
	return f
}

// byteSet turns the ranges of a character class into bytes: a text is a sequence of bytes
// to all rules, and what counts in a repeat is bytes. A class that holds
// all of Unicode beyond ASCII holds all bytes from 0x80 up; one that holds only
// the two letters that fold to k and s loses them; any other is no set of bytes.
func byteSet(ranges []rune) (set class, ok bool) {
	beyond := false
	for i := 0; i < len(ranges); i += 2 {
		lo, hi := ranges[i], ranges[i+1]
		for r := lo; r <= hi && r < 0x80; r++ {
			set.add(byte(r))
		}
		switch {
		case hi < 0x80:
		case lo <= 0x80 && hi == 0x10FFFF:
			beyond = true
		case lo == hi && (lo == 0x17F || lo == 0x212A):
		default:
			return set, false
		}
	}
	if beyond {
		set[2], set[3] = math.MaxUint64, math.MaxUint64
	}
	return set, true
}

const (
	maxShapes = 64   // alternatives of one expression
	maxElems  = 256  // elements of one alternative
	unbounded = -1   // elem.max without limit
	maxUnroll = 1000 // repeats, as in package regexp
)

// wordClass is [0-9A-Za-z_], on which \b depends.
func wordClass() (c class) {
	for b := 0; b < 0x80; b++ {
		if isWord(byte(b)) {
			c.add(byte(b))
		}
	}
	return c
}

func isWord(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == '_'
}

// compileShapes returns the shapes of an expression, or nil if it is not a sequence in
// the sense above and needs a regular expression engine.
func compileShapes(re *syntax.Regexp) []*shape {
	alts, ok := alternatives(re, []*shape{{groups: noGroups(2 * (re.MaxCap() + 1))}})
	if !ok {
		return nil
	}
	for _, s := range alts {
		if !s.deterministic() {
			return nil
		}
		s.summarize()
	}
	return alts
}

func noGroups(n int) []int {
	g := make([]int, n)
	for i := range g {
		g[i] = -1
	}
	return g
}

// alternatives appends re to each of the shapes in alts, forking them at
// alternations.
func alternatives(re *syntax.Regexp, alts []*shape) ([]*shape, bool) {
	switch re.Op {
	case syntax.OpEmptyMatch:
		return alts, true
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if r >= 0x80 {
				return nil, false
			}
			var set class
			set.add(byte(r))
			if re.Flags&syntax.FoldCase != 0 && 'a' <= r|0x20 && r|0x20 <= 'z' {
				set.add(byte(r ^ 0x20))
			}
			alts = appendElem(alts, elem{set: set, min: 1, max: 1})
		}
		return alts, true
	case syntax.OpCharClass:
		set, ok := byteSet(re.Rune)
		if !ok {
			return nil, false
		}
		return appendElem(alts, elem{set: set, min: 1, max: 1}), true
	case syntax.OpWordBoundary:
		return appendElem(alts, elem{assert: wordBoundary}), true
	case syntax.OpBeginLine, syntax.OpBeginText:
		return appendElem(alts, elem{assert: lineStart}), true
	case syntax.OpEndLine, syntax.OpEndText:
		return appendElem(alts, elem{assert: lineEnd}), true
	case syntax.OpCapture:
		for _, s := range alts {
			s.groups[2*re.Cap] = len(s.elems)
		}
		alts, ok := alternatives(re.Sub[0], alts)
		for _, s := range alts {
			s.groups[2*re.Cap+1] = len(s.elems)
		}
		return alts, ok
	case syntax.OpConcat:
		var ok bool
		for i := 0; i < len(re.Sub); i++ {
			sub := re.Sub[i]
			if a := armorOf(re.Sub[i:]); a != nil {
				alts = appendElem(alts, elem{set: class{math.MaxUint64, math.MaxUint64, math.MaxUint64, math.MaxUint64}, max: unbounded, lazy: true, armor: a})
				i += 2
				continue
			}
			if alts, ok = alternatives(sub, alts); !ok {
				return nil, false
			}
		}
		return alts, true
	case syntax.OpAlternate:
		return fork(re.Sub, alts)
	case syntax.OpRepeat, syntax.OpStar, syntax.OpPlus, syntax.OpQuest:
		return repeated(re, alts)
	}
	return nil, false
}

// armorOf returns the armor that the first three parts of an expression are, or nil.
func armorOf(parts []*syntax.Regexp) *armor {
	if len(parts) < 3 || parts[1].Op != syntax.OpRepeat || parts[1].Min != parts[1].Max || parts[1].Min == 0 {
		return nil
	}
	before, ok := lonely(parts[0])
	after, ok2 := lonely(parts[2])
	run, ok3 := singleClass(parts[1].Sub[0])
	if !ok || !ok2 || !ok3 || before != after || run.has(before) {
		return nil
	}
	return &armor{before, run, parts[1].Min}
}

func (s *shape) hasArmor() bool {
	return slices.ContainsFunc(s.elems, func(e elem) bool { return e.armor != nil })
}

// lonely returns the byte x of (?:[^x]|x[^x])*?.
func lonely(re *syntax.Regexp) (x byte, ok bool) {
	if re.Op != syntax.OpStar || re.Flags&syntax.NonGreedy == 0 || re.Sub[0].Op != syntax.OpAlternate || len(re.Sub[0].Sub) != 2 {
		return 0, false
	}
	single, pair := re.Sub[0].Sub[0], re.Sub[0].Sub[1]
	if pair.Op != syntax.OpConcat || len(pair.Sub) != 2 {
		return 0, false
	}
	first, ok := singleClass(pair.Sub[0])
	second, ok2 := singleClass(pair.Sub[1])
	other, ok3 := singleClass(single)
	if !ok || !ok2 || !ok3 || first.size() != 1 || second != other || other.size() != 255 || other.meets(&first) {
		return 0, false
	}
	return first.appendBytes(nil)[0], true
}

// fork continues each shape with each branch, keeping the order in which
// a backtracking matcher would try them.
func fork(branches []*syntax.Regexp, alts []*shape) ([]*shape, bool) {
	var out []*shape
	for _, s := range alts {
		for _, b := range branches {
			grown, ok := alternatives(b, []*shape{s.clone()})
			if !ok || len(out)+len(grown) > maxShapes {
				return nil, false
			}
			out = append(out, grown...)
		}
	}
	return out, true
}

func (s *shape) clone() *shape {
	return &shape{elems: append([]elem(nil), s.elems...), groups: append([]int(nil), s.groups...)}
}

// repeated appends a repeat: of one class as one element; of anything else by
// writing it out, if the count is fixed.
func repeated(re *syntax.Regexp, alts []*shape) ([]*shape, bool) {
	lo, hi := re.Min, re.Max
	switch re.Op {
	case syntax.OpStar:
		lo, hi = 0, unbounded
	case syntax.OpPlus:
		lo, hi = 1, unbounded
	case syntax.OpQuest:
		lo, hi = 0, 1
	}
	lazy := re.Flags&syntax.NonGreedy != 0 && lo != hi
	sub := re.Sub[0]
	if set, ok := singleClass(sub); ok {
		return appendElem(alts, elem{set: set, min: lo, max: hi, lazy: lazy}), true
	}
	if !lazy && lo == 0 && hi == 1 {
		return fork([]*syntax.Regexp{sub, {Op: syntax.OpEmptyMatch}}, alts)
	}
	if lazy || lo != hi || lo > maxUnroll {
		return nil, false
	}
	var ok bool
	for range lo {
		if alts, ok = alternatives(sub, alts); !ok {
			return nil, false
		}
	}
	return alts, true
}

// singleClass reports whether re is one byte of a class.
func singleClass(re *syntax.Regexp) (set class, ok bool) {
	switch re.Op {
	case syntax.OpCharClass:
		return byteSet(re.Rune)
	case syntax.OpLiteral:
		if len(re.Rune) == 1 && re.Rune[0] < 0x80 {
			alts, _ := alternatives(re, []*shape{{}})
			return alts[0].elems[0].set, true
		}
	case syntax.OpAnyCharNotNL:
		return byteSet([]rune{0, '\n' - 1, '\n' + 1, 0x10FFFF})
	case syntax.OpAnyChar:
		return byteSet([]rune{0, 0x10FFFF})
	}
	return set, false
}

func appendElem(alts []*shape, e elem) []*shape {
	for _, s := range alts {
		s.elems = append(s.elems, e)
	}
	return alts
}

// deterministic reports whether the greedy match is the only one a backtracking
// matcher could find.
func (s *shape) deterministic() bool {
	if len(s.elems) == 0 || len(s.elems) > maxElems {
		return false
	}
	word := wordClass()
	for i := range s.elems {
		e := &s.elems[i]
		if e.assert != 0 || e.min == e.max {
			continue
		}
		if e.lazy {
			if e.until = s.literalFrom(i + 1); e.until == nil {
				return false
			}
			if a := e.armor; a != nil && !bytes.HasPrefix(e.until, []byte{a.dash, a.dash}) {
				return false
			}
			continue
		}
		for j := i + 1; j < len(s.elems); j++ {
			next := &s.elems[j]
			switch next.assert {
			case wordBoundary:
				// Giving back a byte changes \b only if the class mixes.
				if !e.set.within(&word) && e.set.meets(&word) {
					return false
				}
				continue
			case lineStart, lineEnd:
				if e.set.has('\n') {
					return false
				}
				continue
			}
			if e.set.meets(&next.set) {
				return false
			}
			if next.min > 0 {
				break
			}
		}
	}
	return true
}

// fixed returns shapes in which the first repeat of variable length, if its bounds are close, is written
// out from the longest to the shortest: what stands behind it is then at a fixed offset,
// and can be an anchor. It returns nil if there is no such repeat.
func (s *shape) fixed() []*shape {
	const close = 4
	for i := range s.elems {
		e := s.elems[i]
		if e.assert != 0 || e.min == e.max {
			continue
		}
		if e.lazy || e.max < 0 || e.max-e.min > close {
			return nil
		}
		var out []*shape
		for n := e.max; n >= e.min; n-- {
			one := s.clone()
			one.elems[i].min, one.elems[i].max = n, n
			one.summarize()
			out = append(out, one)
		}
		return out
	}
	return nil
}

// literalFrom returns the literal that the elements from i on are, or nil if they are none.
func (s *shape) literalFrom(i int) []byte {
	var lit []byte
	for ; i < len(s.elems); i++ {
		e := &s.elems[i]
		if e.assert != 0 || e.min != 1 || e.max != 1 || e.set.size() != 1 {
			return nil
		}
		lit = e.set.appendBytes(lit)
	}
	return lit
}

// summarize notes what the engine asks of every shape.
func (s *shape) summarize() {
	for i := range s.elems {
		e := &s.elems[i]
		if e.assert != 0 || e.max == 0 {
			continue
		}
		s.last = &e.set
		s.newline = s.newline || e.set.has('\n')
	}
}

// match tries the shape at text[pos:] and returns where it ends, or -1. If
// groups is not nil it receives the offsets of the capture groups, as in
// regexp's index slices; it must have the length of s.groups.
func (s *shape) match(text []byte, pos int, groups []int) int {
	if groups != nil {
		copy(groups, s.groups)
	}
	i := pos
	for k := range s.elems {
		if groups != nil {
			s.mark(groups, k, i)
		}
		e := &s.elems[k]
		if e.assert != 0 {
			if !e.assert.holds(text, i) {
				return -1
			}
			continue
		}
		if e.lazy {
			if i = e.skipUntil(text, i); i < 0 {
				return -1
			}
			continue
		}
		limit := len(text)
		if e.max >= 0 && e.max < limit-i {
			limit = i + e.max
		}
		start := i
		for i < limit && e.set.has(text[i]) {
			i++
		}
		if i-start < e.min {
			return -1
		}
	}
	if groups != nil {
		s.mark(groups, len(s.elems), i)
	}
	return i
}

// skipUntil returns where the literal that ends a lazy repeat from i begins, or -1.
func (e *elem) skipUntil(text []byte, i int) int {
	if e.armor != nil {
		return e.armor.skip(text, i)
	}
	from := i + e.min
	if from > len(text) {
		return -1
	}
	n := bytes.Index(text[from:], e.until)
	if n < 0 || e.max >= 0 && e.min+n > e.max {
		return -1
	}
	for _, c := range text[i : from+n] {
		if !e.set.has(c) {
			return -1
		}
	}
	return from + n
}

// skip returns where the two dashes after the armor from i stand, or -1.
func (a *armor) skip(text []byte, i int) int {
	n := bytes.Index(text[i:], []byte{a.dash, a.dash})
	if n < 0 {
		return -1
	}
	end := i + n
	for run := 0; i < end; i++ {
		switch c := text[i]; {
		case a.run.has(c):
			if run++; run == a.n {
				return end
			}
		case c == a.dash:
			run = 0
			i++ // the byte after it goes with it, and begins no run
		default:
			run = 0
		}
	}
	return -1
}

// mark sets the groups that open or close before element k to offset i.
func (s *shape) mark(groups []int, k, i int) {
	for g, at := range s.groups {
		if at == k {
			groups[g] = i
		}
	}
}

// anchors returns lower-case literals, one of which stands in every match at the
// returned offset from its start. It picks the run of single bytes that
// selects best, writing small classes out, and with repeats also the first bytes of one: of SK[0-9a-f]{32} the literals
// then are sk0 to skf. No literals: none is long enough.
func (s *shape) anchors(repeats bool) (literals []string, offset int) {
	const (
		most    = 64 // literals of one shape
		longest = 24
	)
	var best []class
	bestScore, at := 0.0, 0
	for i := range s.elems {
		if s.elems[i].assert != 0 {
			continue
		}
		run, product, score := make([]class, 0, longest), 1, 0.0
		for j := i; j < len(s.elems) && len(run) < longest; j++ {
			e := &s.elems[j]
			if e.assert != 0 {
				continue
			}
			set, single := e.set.folded(), e.min == 1 && e.max == 1
			if !single && !(repeats && e.min > 0) {
				break
			}
			fits := true
			for k := 0; k < e.min && len(run) < longest && fits; k++ {
				if product *= set.size(); product > most {
					fits = false
					break
				}
				run = append(run, set)
				score += 5 - math.Log2(float64(set.size()))
				if len(run) >= minAnchor && score > bestScore {
					bestScore, best, offset = score, run, at
				}
			}
			if !fits || e.min != e.max {
				break
			}
		}
		if s.elems[i].min != s.elems[i].max {
			break // beyond it the offset is not fixed
		}
		at += s.elems[i].min
	}
	if best == nil {
		return nil, 0
	}
	return writeOut(best), offset
}

// classAt returns the class of the byte at an offset from the start of every match, if there is
// one at a fixed offset.
func (s *shape) classAt(offset int) (class, bool) {
	at := 0
	for i := range s.elems {
		e := &s.elems[i]
		if e.assert != 0 {
			continue
		}
		if e.min > 0 && offset < at+e.min {
			return e.set, true
		}
		if e.min != e.max {
			break
		}
		at += e.min
	}
	return class{}, false
}

// writeOut returns all words that take one byte from each class.
func writeOut(places []class) []string {
	words := []string{""}
	for _, set := range places {
		members := set.appendBytes(nil)
		longer := make([]string, 0, len(words)*len(members))
		for _, w := range words {
			for _, b := range members {
				longer = append(longer, w+string([]byte{b}))
			}
		}
		words = longer
	}
	return words
}
