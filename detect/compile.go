package detect

import (
	"cmp"
	"fmt"
	"math"
	"slices"
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
