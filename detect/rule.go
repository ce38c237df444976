package detect

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"

	"github.com/straykey/straykey/detect/generic"
	"github.com/straykey/straykey/rules"
)

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
