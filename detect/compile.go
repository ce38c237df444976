package detect

import (
	"cmp"
	"fmt"
	"math"
	"regexp/syntax"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/straykey/straykey/detect/archive"
	"github.com/straykey/straykey/detect/decode"
	"github.com/straykey/straykey/detect/generic"
	"github.com/straykey/straykey/detect/proof"
	"github.com/straykey/straykey/rules"
)

// Options tune an engine.
type Options struct {
	// Now is the time against which expiry dates are held; zero: the time of New.
	Now time.Time
	// Reported leaves out the rules whose matches are not reported (skipReport), unless
	// another rule requires them. [Engine.Keep] drops their matches in any case.
	Reported bool
	// Confidence is the least confidence of what [Engine.Keep] keeps; empty: low.
	Confidence rules.Confidence
	// Unshown makes Keep return what has less confidence as well, for a caller that counts what it does not show.
	Unshown bool
	// Overlapping makes Keep return what all rules of the user's files make of the same bytes, and not the most specific alone:
	// as gitleaks does, where a rule generic-api-key yields to others. What JSON web tokens hold is looked at, too.
	Overlapping bool
	// Classes are the classes of rules in force; nil: all.
	Classes []rules.Class
	// Candidates keeps all that detectors find, whatever its score. It is for training them.
	Candidates bool
	// ArchiveDepth is how many archives within archives are opened: 1 opens those that are no members
	// themselves, -1 none; 0 stands for the default.
	ArchiveDepth int
	// DecodeDepth is how many encodings within encodings are decoded: 1 decodes what is no part of another, -1 nothing; 0, and
	// what is more than it, stand for the default.
	DecodeDepth int
	// Stdlib makes the engine use the standard library's regular expressions
	// even where RE2 can be had.
	Stdlib bool
}

// Engine is a compiled rule set. It is immutable and safe for concurrent use;
// each goroutine scans with a Scanner of its own.
type Engine struct {
	rules    []*compiledRule
	slow     []*compiledRule // rules without an anchor: tried on whole texts
	scanning []*compiledRule // rules whose detectors find their places themselves
	pathy    []*compiledRule // rules on file names alone
	finder   *anchorFinder
	trials   [][]trial     // by literal: what to try where it stands
	wide     []bool        // by literal: some trial is wide
	marks    []decode.Kind // by literal: which encoding it is a mark of
	crossing bool          // some anchor crosses lines
	regexps  regexEngine
	prover   proof.Prover
	limits   archive.Limits
	// least is the rank of the lowest confidence that is reported, leastKept of what Keep returns, and leastScore the score that
	// any confidence takes.
	least, leastKept int
	leastScore       float32
	overlapping      bool // Options.Overlapping
	decodeDepth      int  // Options.DecodeDepth; 0: nothing is decoded
}

// trial is one way to try a rule where an anchor stands.
type trial struct {
	rule   *compiledRule
	shape  int // of a direct rule: which of its shapes
	offset int // of the anchor from the start of the shape
}

// style says how a rule is matched.
type style uint8

const (
	styleRegex    style = iota // a regular expression around the anchor
	styleToken                 // a shape or expression between token boundaries
	styleAssigned              // a value after a name that holds the anchor
	styleDetector              // code
)

// compiledRule is a rule ready to be tried. Its expressions are compiled at the first
// use: most rules never meet their anchor, and a hook must start at once.
type compiledRule struct {
	*rules.Rule
	*rules.Derived
	number int // of the rule in its engine
	style  style
	expr   string
	// detector finds what the rule is for; nil: an expression does.
	detector *generic.Detector
	reach    int  // bytes after the anchor
	wide     bool // reach crosses lines

	nearby bool // requires another rule near its match
	placed bool // or is so required: where its matches stand counts
	pairs  bool // with another rule of the set
	hidden bool // not reported itself

	filterOnce sync.Once
	filter     prefilter
	looseExpr  string // see relaxed
	shapeOnce  sync.Once
	shapes     []*shape // nil: needs a regular expression
	once       sync.Once
	re         matcher
	reErr      error
	looseOnce  sync.Once
	loose      matcher // matches wherever re does; nil: re is asked at once
	allowOnce  sync.Once
	allowlists []*allowlist
	global     []rules.Allowlist
	pathOnce   sync.Once
	path       matcher
	endOnce    sync.Once
	end        *pathEnd
}

// New compiles a rule set. It fails on the first rule that cannot be compiled;
// regular expressions that are not tried are checked for syntax only.
func New(set *rules.Set, o Options) (*Engine, error) {
	now := o.Now
	if now.IsZero() {
		now = time.Now()
	}
	limits := archive.DefaultLimits()
	limits.Depth = cmp.Or(o.ArchiveDepth, limits.Depth)
	e := &Engine{limits: limits, regexps: regexEngine{stdlib: o.Stdlib}, prover: proof.Prover{Now: now}}
	e.overlapping = o.Overlapping
	e.decodeDepth = max(0, o.DecodeDepth)
	if o.DecodeDepth == 0 || o.DecodeDepth > maxDecodeDepth {
		e.decodeDepth = maxDecodeDepth
	}
	e.least, e.leastScore = rank(o.Confidence), generic.Threshold()
	if e.leastKept = e.least; o.Unshown {
		e.leastKept = 0
	}
	if o.Candidates {
		e.least, e.leastKept, e.leastScore = -1, -1, float32(math.Inf(-1))
	}
	literals, err := e.compile(set, &o)
	if err != nil {
		return nil, err
	}
	e.markPlaced()
	e.markPairs()
	e.finder = newAnchorFinder(literals, func(literal int) (next class, known bool) {
		return follows(e.trials[literal], literals[literal])
	})
	return e, nil
}

// compile makes ready the rules that are wanted, and returns the literals at which they, and decoders, are tried.
func (e *Engine) compile(set *rules.Set, o *Options) ([]string, error) {
	// Rules and trials stand in a few large blocks each: a hook waits for all of this, and most of it is new memory.
	block := make([]compiledRule, 0, len(set.Rules))
	numbers := make(map[string]int32, 4*len(set.Rules)) // of literals, in the order of the rules
	var literals []string
	number := func(literal string) int32 {
		i, ok := numbers[literal]
		if !ok {
			i = int32(len(literals))
			numbers[literal] = i
			literals = append(literals, literal)
		}
		return i
	}
	type placed struct {
		trial
		literal int32
	}
	all := make([]placed, 0, 4*len(set.Rules))
	for _, r := range set.Rules {
		unwanted := o.Reported && r.SkipReport || !o.wants(r)
		if unwanted && !isNeeded(set, r) {
			continue
		}
		block = append(block, compiledRule{Rule: r})
		c := &block[len(block)-1]
		if err := c.prepare(set.Allowlists); err != nil {
			return nil, fmt.Errorf("rule %s: %w", r.ID, err)
		}
		c.hidden = unwanted || r.SkipReport
		c.number = len(e.rules)
		e.rules = append(e.rules, c)
		switch {
		case c.expr == "" && c.detector == nil:
			e.pathy = append(e.pathy, c)
			continue
		case c.detector != nil && c.detector.Scan != nil:
			e.scanning = append(e.scanning, c)
			continue
		case len(c.Anchors) == 0:
			e.slow = append(e.slow, c)
		}
		for _, a := range c.Anchors {
			all = append(all, placed{trial{rule: c, shape: a.Shape, offset: a.Offset}, number(a.Literal)})
		}
	}
	marks := decode.Marks()
	for _, m := range marks {
		number(m.Literal)
	}
	e.marks = make([]decode.Kind, len(literals))
	for _, m := range marks {
		e.marks[numbers[m.Literal]] = m.Kind
	}
	e.trials, e.wide = make([][]trial, len(literals)), make([]bool, len(literals))
	trials := make([]trial, 0, len(all))
	for _, i := range ordered(len(all), func(i int) int { return int(all[i].literal) }) {
		a := &all[i]
		e.wide[a.literal] = e.wide[a.literal] || a.rule.wide
		from := len(trials) - len(e.trials[a.literal])
		trials = append(trials, a.trial)
		e.trials[a.literal] = trials[from:len(trials):len(trials)]
	}
	for _, ts := range e.trials {
		slices.SortStableFunc(ts, func(a, b trial) int { return cmp.Compare(a.rule.ID, b.rule.ID) })
	}
	e.crossing = crossing(literals)
	return literals, nil
}

// wants reports whether the rule is of a class in force.
func (o *Options) wants(r *rules.Rule) bool {
	return o.Classes == nil || slices.Contains(o.Classes, cmp.Or(r.Class, rules.Credentials))
}

// isNeeded reports whether a rule of the set asks for the given one to match as well, or pairs with it.
func isNeeded(set *rules.Set, r *rules.Rule) bool {
	return slices.ContainsFunc(set.Rules, func(other *rules.Rule) bool {
		return slices.Contains(other.Pair, r.ID) || slices.Contains(r.Pair, other.ID) ||
			slices.ContainsFunc(other.Required, func(q rules.Required) bool { return q.ID == r.ID })
	})
}

// follows returns the bytes, letters in lower case, that can follow a literal in what its trials match; not known if one of
// them does not tell.
func follows(trials []trial, literal string) (next class, known bool) {
	for _, t := range trials {
		var set class
		if t.rule.style == styleDetector && t.rule.detector.Follows != nil {
			set = t.rule.detector.Follows()
		} else {
			i := slices.IndexFunc(t.rule.Anchors, func(a rules.Anchor) bool {
				return a.Literal == literal && a.Shape == t.shape && a.Offset == t.offset
			})
			for _, b := range []byte(t.rule.Anchors[i].Next) {
				set.add(b)
			}
		}
		if set == (class{}) {
			return next, false
		}
		for i := range next {
			next[i] |= set[i]
		}
	}
	return next, len(trials) > 0
}

// Slow returns the ids of rules that have no anchor of three bytes or more: they are tried
// on every text as a whole.
func (e *Engine) Slow() []string {
	var ids []string
	for _, c := range e.slow {
		ids = append(ids, c.ID)
	}
	return ids
}

// Shape describes how a rule is matched, for `rules lint` and `explain`.
type Shape struct {
	Direct  bool     // by a direct byte matcher, without a regular expression
	Anchors []string // lower case
	Reach   int      // bytes on either side of an anchor
	Wide    bool     // reach crosses lines
}

// Shape returns how the rule with this id is matched.
func (e *Engine) Shape(id string) (Shape, bool) {
	for _, c := range e.rules {
		if c.ID != id {
			continue
		}
		s := Shape{Direct: c.direct() != nil, Reach: c.reach, Wide: c.wide}
		for i, ts := range e.trials {
			for _, t := range ts {
				if t.rule == c {
					s.Anchors = append(s.Anchors, e.finder.literals[i])
					break
				}
			}
		}
		return s, true
	}
	return Shape{}, false
}

// prepare fills in what matching the rule takes.
func (c *compiledRule) prepare(global []rules.Allowlist) error {
	r := c.Rule
	c.reach, c.global = lineReach, applicable(global, r.ID)
	switch {
	case r.Detector != "":
		c.style, c.detector = styleDetector, generic.ByName(r.Detector)
		if c.detector == nil {
			return fmt.Errorf("no detector %q", r.Detector)
		}
		if n := c.detector.Reach; n > 0 {
			c.reach, c.wide = n, true
		}
		c.Derived = &rules.Derived{Back: c.reach, Anchors: c.keywordAnchors()}
		return nil
	case r.Token != "":
		c.style, c.expr = styleToken, r.Token
	case r.Assigned != "":
		c.style, c.expr = styleAssigned, r.Assigned
	default:
		c.style, c.expr = styleRegex, r.Regex
	}
	if c.expr == "" {
		if r.Path == "" {
			return fmt.Errorf("has neither regex nor path")
		}
		return nil
	}
	if r.Multiline || r.Reach > lineReach {
		c.wide = true
	}
	if r.Reach > 0 {
		c.reach = r.Reach
	}
	c.Derived = r.Derived
	if c.Derived == nil || c.Of != c.fingerprint() {
		derived, err := c.derive()
		if err != nil {
			return err
		}
		c.Derived = derived
	}
	c.wide = c.wide && len(c.Anchors) > 0 // without an anchor it is tried on whole texts, and reaches everywhere
	return nil
}

// Derive works out where each rule of a set is to be tried, and notes it in the rules.
func Derive(set *rules.Set) error {
	for _, r := range set.Rules {
		r.Derived = nil
		c := &compiledRule{Rule: r}
		if err := c.prepare(nil); err != nil {
			return fmt.Errorf("rule %s: %w", r.ID, err)
		}
		if c.detector == nil {
			r.Derived = c.Derived
		}
	}
	return nil
}

// fingerprint tells whether Derived belongs to the rule as it is: FNV-1a of all it depends on.
func (c *compiledRule) fingerprint() uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := uint64(offset)
	add := func(list ...string) {
		for _, s := range list {
			for i := range len(s) {
				h = (h ^ uint64(s[i])) * prime
			}
			h = (h ^ 0xFF) * prime
		}
	}
	add(c.Regex, c.Token, c.Assigned)
	add(c.Keywords...)
	return (h ^ uint64(c.Reach)) * prime
}

// derive works out where to try the rule.
func (c *compiledRule) derive() (*rules.Derived, error) {
	parsed, err := syntax.Parse(c.expr, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("regex: %w", err)
	}
	if c.SecretGroup > parsed.MaxCap() {
		return nil, fmt.Errorf("secretGroup is %d, but the regex has %d groups", c.SecretGroup, parsed.MaxCap())
	}
	d := &rules.Derived{Of: c.fingerprint(), Back: c.reach}
	if c.style == styleAssigned {
		d.Anchors = c.keywordAnchors() // they name what a value is assigned to
		return d, nil
	}
	if tryAt(d, anchoredShapes(parsed, false), false) {
		return d, nil
	}
	var within bool
	d.Anchors, within = c.literals(parsed)
	if len(d.Anchors) == 0 && tryAt(d, anchoredShapes(parsed, true), true) {
		return d, nil // rather than on every text as a whole
	}
	if n := longest(parsed); within && n >= 0 && n < c.reach {
		d.Span = n
	}
	return d, nil
}

// tryAt notes that shapes are tried at their anchors; false: there are no shapes.
func tryAt(d *rules.Derived, shapes []*shape, repeats bool) bool {
	if shapes == nil {
		return false
	}
	d.Direct = true
	if !slices.ContainsFunc(shapes, (*shape).hasArmor) { // before a key the certificate that goes with it is for the proof to see
		d.Back = longestEscape // before a shape, an escape may tell where a token begins
	}
	for i, s := range shapes {
		literals, offset := s.anchors(repeats)
		d.Back = max(d.Back, offset+longestEscape)
		for _, lit := range literals {
			a := rules.Anchor{Literal: lit, Shape: i, Offset: offset}
			if next, ok := s.classAt(offset + len(lit)); ok && len(lit) < gramLen {
				next = next.folded()
				a.Next = string(next.appendBytes(nil))
			}
			d.Anchors = append(d.Anchors, a)
		}
	}
	return true
}

// anchoredShapes returns the shapes of an expression if each of them has an anchor. Repeats is that of shape.anchors.
func anchoredShapes(parsed *syntax.Regexp, repeats bool) []*shape {
	shapes := compileShapes(parsed)
	for i := 0; i < len(shapes); i++ {
		if literals, _ := shapes[i].anchors(repeats); len(literals) > 0 {
			continue
		}
		fixed := shapes[i].fixed()
		if fixed == nil || len(shapes)+len(fixed) > maxShapes {
			return nil
		}
		shapes = slices.Replace(shapes, i, i+1, fixed...)
		i--
	}
	return shapes
}

// direct returns the shapes of the rule, compiled at the first call; nil if it needs a
// regular expression.
func (c *compiledRule) direct() []*shape {
	c.shapeOnce.Do(func() {
		parsed, err := syntax.Parse(c.expr, syntax.Perl)
		switch {
		case err != nil:
		case c.style == styleAssigned:
			c.shapes = compileShapes(parsed)
		case c.Direct:
			if c.shapes = anchoredShapes(parsed, false); c.shapes == nil {
				c.shapes = anchoredShapes(parsed, true) // as derive did
			}
		}
	})
	return c.shapes
}

func applicable(global []rules.Allowlist, id string) []rules.Allowlist {
	var out []rules.Allowlist
	for _, a := range global {
		if len(a.TargetRules) == 0 {
			out = append(out, a)
			continue
		}
		for _, t := range a.TargetRules {
			if t == id {
				out = append(out, a)
				break
			}
		}
	}
	return out
}

// literals returns the anchors of a rule that needs a regular expression: those the
// expression itself requires, or else the keywords. within tells that each match
// contains one. A rule that states a reach has chosen its keywords as anchors: what it
// looks at is large, and where it looks matters.
func (c *compiledRule) literals(parsed *syntax.Regexp) (anchors []rules.Anchor, within bool) {
	keywords := c.keywordAnchors()
	if len(keywords) > 0 && c.Reach > 0 {
		return keywords, false
	}
	if set, ok := required(parsed); ok {
		return anchorsOf(set), true
	}
	return keywords, false
}

// keywordAnchors returns the keywords in lower case; none if one is too short to be an
// anchor, because what only it leads to would be missed.
func (c *compiledRule) keywordAnchors() []rules.Anchor {
	var out []string
	for _, k := range c.Keywords {
		if len(k) < minAnchor {
			return nil
		}
		out = append(out, strings.ToLower(k))
	}
	return anchorsOf(unique(out))
}

func anchorsOf(literals []string) []rules.Anchor {
	var out []rules.Anchor
	for _, lit := range literals {
		out = append(out, rules.Anchor{Literal: lit})
	}
	return out
}

// required returns lower-case literals of which every match of re contains at
// least one, each at least minAnchor long.
func required(re *syntax.Regexp) ([]string, bool) {
	if set := exact(re); longEnough(set) {
		return set, true
	}
	switch re.Op {
	case syntax.OpCapture, syntax.OpPlus:
		return required(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min == 0 {
			return nil, false
		}
		return required(re.Sub[0])
	case syntax.OpConcat:
		best := requiredOf(re.Sub)
		return best, best != nil
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			set, ok := required(sub)
			if !ok {
				return nil, false
			}
			all = append(all, set...)
		}
		return unique(all), true
	}
	return nil, false
}

// requiredOf picks the best required literals of a sequence: those of one part, or what
// neighbours that are known exactly make together.
func requiredOf(parts []*syntax.Regexp) (best []string) {
	consider := func(set []string) {
		if longEnough(set) && (best == nil || better(set, best)) {
			best = set
		}
	}
	run := []string{""}
	for _, sub := range parts {
		if joined := cross(run, exact(sub)); joined != nil {
			run = joined
			continue
		}
		consider(run)
		if set, ok := required(sub); ok {
			consider(set)
		}
		run = []string{""}
		if set := exact(sub); set != nil {
			run = set
		}
	}
	consider(run)
	return best
}

// maxExact bounds the words that exact lists.
const maxExact = 32

// exact returns all words that re matches, in lower case, or nil if they are many.
func exact(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpEmptyMatch:
		return []string{""}
	case syntax.OpLiteral:
		word := make([]byte, 0, len(re.Rune))
		for _, r := range re.Rune {
			if r >= 0x80 {
				return nil
			}
			word = append(word, lowerByte(byte(r)))
		}
		return []string{string(word)}
	case syntax.OpCharClass:
		set, ok := byteSet(re.Rune)
		if folded := set.folded(); ok && folded.size() <= 4 {
			return writeOut([]class{folded})
		}
		return nil
	case syntax.OpCapture:
		return exact(re.Sub[0])
	case syntax.OpQuest:
		return union([]string{""}, exact(re.Sub[0]))
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			if all = union(all, exact(sub)); all == nil {
				return nil
			}
		}
		return unique(all)
	case syntax.OpConcat:
		all := []string{""}
		for _, sub := range re.Sub {
			if all = cross(all, exact(sub)); all == nil {
				return nil
			}
		}
		return all
	}
	return nil
}

func union(a, b []string) []string {
	if b == nil || len(a)+len(b) > maxExact {
		return nil
	}
	return append(slices.Clone(a), b...)
}

// cross returns every word of a followed by every word of b.
func cross(a, b []string) []string {
	if b == nil || len(a)*len(b) > maxExact {
		return nil
	}
	out := make([]string, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			out = append(out, x+y)
		}
	}
	return out
}

func longEnough(set []string) bool { return len(set) > 0 && shortestLen(set) >= minAnchor }

// better reports whether anchors a select more than b: longer shortest literal,
// then fewer of them.
func better(a, b []string) bool {
	la, lb := shortestLen(a), shortestLen(b)
	if la != lb {
		return la > lb
	}
	return len(a) < len(b)
}

func shortestLen(set []string) int {
	n := len(set[0])
	for _, s := range set {
		n = min(n, len(s))
	}
	return n
}

func unique(set []string) []string {
	sort.Strings(set)
	out := set[:0]
	for i, s := range set {
		if i == 0 || s != set[i-1] {
			out = append(out, s)
		}
	}
	return out
}

// longest returns the most bytes re can match, or -1 if there is no bound.
func longest(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		n := 0
		for _, r := range re.Rune {
			n += len(string(r))
			if re.Flags&syntax.FoldCase != 0 && r < 0x80 {
				n += 2 // ſ and K
			}
		}
		return n
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 4
	case syntax.OpCapture:
		return longest(re.Sub[0])
	case syntax.OpQuest:
		return longest(re.Sub[0])
	case syntax.OpStar, syntax.OpPlus:
		return -1
	case syntax.OpRepeat:
		n := longest(re.Sub[0])
		if re.Max < 0 || n < 0 {
			return -1
		}
		return n * re.Max
	case syntax.OpConcat:
		sum := 0
		for _, sub := range re.Sub {
			n := longest(sub)
			if n < 0 {
				return -1
			}
			sum += n
		}
		return sum
	case syntax.OpAlternate:
		most := 0
		for _, sub := range re.Sub {
			n := longest(sub)
			if n < 0 {
				return -1
			}
			most = max(most, n)
		}
		return most
	}
	return 0
}

// regex returns the rule's expression, compiled at the first call.
func (c *compiledRule) regex(e *regexEngine) (matcher, error) {
	c.once.Do(func() { c.re, c.reErr = e.compile(c.fromStart(c.expr)) })
	return c.re, c.reErr
}

// fromStart returns an expression as it is matched: a value from its start.
func (c *compiledRule) fromStart(expr string) string {
	if c.style == styleAssigned {
		return `\A(?:` + expr + `)`
	}
	return expr
}

// mayMatch reports whether the rule's expression may match in a text, as far as a looser one tells.
func (c *compiledRule) mayMatch(e *regexEngine, text []byte) bool {
	c.needs() // which makes the looser one
	c.looseOnce.Do(func() {
		if c.looseExpr != "" {
			c.loose, _ = e.compile(c.fromStart(c.looseExpr))
		}
	})
	return c.loose == nil || c.loose.Match(text)
}

// needs returns what a text has to hold for a match of the rule's expression.
func (c *compiledRule) needs() *prefilter {
	c.filterOnce.Do(func() {
		if parsed, err := syntax.Parse(c.expr, syntax.Perl); err == nil {
			c.filter, c.looseExpr = newPrefilter(parsed, c.anchorLiterals()), relaxed(c.expr, parsed)
		}
	})
	return &c.filter
}

func (c *compiledRule) anchorLiterals() []string {
	var out []string
	for _, a := range c.Anchors {
		out = append(out, a.Literal)
	}
	return out
}
