package ruletest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/rules"
)

// Level says how bad a remark is.
type Level string

// The levels. Errors and warnings fail a lint run, notes do not.
const (
	LevelError   Level = "error"   // the rule does not do what it says
	LevelWarning Level = "warning" // the rule works, at a cost to somebody
	LevelNote    Level = "note"    // worth knowing
)

// Remark is one thing lint has to say about a rule.
type Remark struct {
	Pos   rules.Position
	Rule  string
	Level Level
	Check string // name of the check, e.g. "no-anchor"
	Msg   string
}

// String returns one line for people.
func (m Remark) String() string {
	return fmt.Sprintf("%s: %s: rule %q: %s [%s]", m.Pos, m.Level, m.Rule, m.Msg, m.Check)
}

// LintOptions say what is looked at.
type LintOptions struct {
	IDs []string // rules to look at; all if it is empty
	// Cost measures how long each rule takes for a megabyte of code. It takes some
	// milliseconds a rule.
	Cost bool
}

// What the skeleton of a rule says of the credential and where it is explained, until somebody fills it in.
const (
	Unfilled            = "https://example.com/"
	UnfilledDescription = "A credential of "
)

// Limits of lint.
const (
	minSamples      = 3
	minSurroundings = 3
	longAnchor      = 4    // a shorter anchor stands in much text that is no credential
	minAnchorLen    = 3    // of the engine: shorter keywords are not looked for
	defaultWindow   = 2048 // of the engine: bytes of its line a rule without reach may look at
)

// Lint returns what there is to say about a set's rules, by place. The error is
// one of the set or of the options.
func Lint(set *rules.Set, o LintOptions) ([]Remark, error) {
	chosen, err := choose(set, o.IDs)
	if err != nil {
		return nil, err
	}
	engine, err := detect.New(set, detect.Options{Now: now})
	if err != nil {
		return nil, err
	}
	l := &linter{engine: engine, slow: engine.Slow()}
	for _, r := range chosen {
		l.rule = r
		l.checkText()
		if err := l.checkSamples(); err != nil {
			return nil, err
		}
		l.checkExpression()
		l.checkAnchors()
		l.checkKeywords()
		l.checkVerify()
		l.checkRevoke()
	}
	if err := l.checkOverlaps(set, o.IDs); err != nil {
		return nil, err
	}
	if err := l.checkHashes(chosen); err != nil {
		return nil, err
	}
	if o.Cost {
		if err := l.checkCost(chosen, timeOf); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(l.remarks, func(a, b Remark) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line))
	})
	return l.remarks, nil
}

type linter struct {
	engine  *detect.Engine
	slow    []string
	rule    *rules.Rule
	remarks []Remark
}

// say adds a remark on a key of the rule at hand.
func (l *linter) say(level Level, check, key, format string, args ...any) {
	l.remarks = append(l.remarks, Remark{
		Pos: l.rule.Line(key), Rule: l.rule.ID, Level: level, Check: check, Msg: fmt.Sprintf(format, args...),
	})
}

// checkText looks at what a reader of a finding needs.
func (l *linter) checkText() {
	r := l.rule
	if r.Description == "" {
		l.say(LevelWarning, "no-description", "description", "no description; one sentence says what leaked and what it opens")
	}
	if r.Docs == "" {
		l.say(LevelWarning, "no-docs", "docs", "no docs; a finding should link to what the issuer says of the credential")
	}
	if r.Rotate == "" {
		l.say(LevelNote, "no-rotate", "rotate", "no rotate; a finding links to docs and says that no page on rotation is known")
	}
	if strings.HasPrefix(r.Description, UnfilledDescription) {
		l.say(LevelWarning, "unfilled", "description", "the description is still that of the skeleton; say in one sentence what leaked and what it opens")
	}
	for key, page := range map[string]string{"docs": r.Docs, "rotate": r.Rotate} {
		if page == Unfilled {
			l.say(LevelWarning, "unfilled", key, "%s is still that of the skeleton; give the address of the issuer's page, or leave the key out", key)
		}
	}
	if _, given := r.Lines["identity"]; !given && r.Identity == rules.Generic {
		l.say(LevelWarning, "no-identity", "identity", "no identity; without it the inventory calls it generic")
	}
}

func (l *linter) checkSamples() error {
	if n := len(l.rule.Positives); n < minSamples {
		l.say(LevelWarning, "few-positives", "positives", "%s; at least %d in different surroundings show what the rule finds", plural(n, "positive"), minSamples)
	} else if !onPathAlone(l.rule) {
		l.checkSurroundings()
	}
	n := len(l.rule.Negatives)
	if n < minSamples {
		l.say(LevelWarning, "few-negatives", "negatives", "%s; at least %d near misses show what it leaves alone", plural(n, "negative"), minSamples)
		return nil
	}
	kinds, err := kindsOfMisses(l.rule)
	var bad rules.Errors
	if errors.As(err, &bad) { // the samples are told of when they are run
		return nil
	}
	if len(kinds) == 1 {
		l.say(LevelNote, "same-misses", "negatives", "all negatives miss by the same, %s; there is %s, %s, %s, %s as well", kinds[0],
			"another length", "another alphabet", "a placeholder", "what looks alike and is public")
	}
	return err
}

// checkSurroundings remarks on positives that all stand in the same kinds of places.
func (l *linter) checkSurroundings() {
	names, err := surroundingsOfAll(l.rule)
	if err == nil && len(names) < minSurroundings {
		l.say(LevelNote, "same-surroundings", "positives", "the positives stand in %s alone; there is %s as well", strings.Join(names, " and "),
			strings.Join(otherSurroundings(names), ", "))
	}
}

// plural is a number with its noun: "1 positive", "2 positives".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// checkExpression looks at the expression on its own.
func (l *linter) checkExpression() {
	key, expr := expression(l.rule)
	re := parse(expr)
	if re == nil {
		return
	}
	least := shortest(re)
	if least == 0 {
		l.say(LevelError, "empty-match", key, "the expression matches the empty text; ask for at least one character")
	}
	window := cmp.Or(l.rule.Reach, defaultWindow)
	if least > window {
		l.say(LevelError, "short-reach", "reach", "the shortest match has %d bytes, but the rule may look at %d around its anchor; set reach to at least %d", least, window, 2*least)
	}
	if strings.Contains(expr, `\b`) && key != "regex" {
		l.say(LevelNote, "needless-boundary", key, `\b is not needed: the engine checks the boundaries of %s itself, and better`, key)
	}
}

// checkAnchors looks at what makes the engine try the rule.
func (l *linter) checkAnchors() {
	if onPathAlone(l.rule) {
		return
	}
	key, _ := expression(l.rule)
	if slices.Contains(l.slow, l.rule.ID) {
		l.say(LevelWarning, "no-anchor", key, "no literal of %d bytes or more stands in every match, so the rule is tried on all text; give keywords, or a longer prefix", minAnchorLen)
		return
	}
	shape, ok := l.engine.Shape(l.rule.ID)
	if !ok {
		return
	}
	for _, a := range shape.Anchors {
		if len(a) < longAnchor {
			l.say(LevelNote, "short-anchor", key, "%q is a short anchor; the rule is tried wherever it stands", a)
			break
		}
	}
	if key == "token" && !shape.Direct {
		l.say(LevelNote, "not-direct", key, "matched by a regular expression; a sequence of literals and classes, each disjoint from what follows, is matched byte by byte")
	}
}

// checkKeywords looks for keywords that do nothing.
func (l *linter) checkKeywords() {
	r := l.rule
	key, expr := expression(r)
	re := parse(expr)
	for i, k := range r.Keywords {
		at := fmt.Sprintf("keywords.%d", i)
		if len(k) < minAnchorLen {
			if slices.Contains(l.slow, r.ID) {
				l.say(LevelWarning, "short-keyword", at, "keyword %q is shorter than %d bytes, too short to look for; without it the others would serve as anchors", k, minAnchorLen)
			}
			continue
		}
		if key == "regex" && re != nil && !canContain(re, k) {
			l.say(LevelNote, "keyword-outside", at, "keyword %q cannot stand in a match; it only helps if it stands near one", k)
		}
	}
}

// checkOverlaps runs the samples and remarks on rules whose finds others take.
func (l *linter) checkOverlaps(set *rules.Set, ids []string) error {
	report, err := Run(set, Options{IDs: ids})
	if err != nil {
		return err
	}
	for _, f := range report.Failures {
		l.remarks = append(l.remarks, Remark{Pos: f.Pos, Rule: f.Rule, Level: LevelError, Check: "sample", Msg: f.Key + ": " + f.Msg})
	}
	for _, o := range report.Overlaps {
		l.rule = set.Rule(o.Rule)
		other := set.Rule(o.Other)
		switch {
		case o.Lost > 0 && l.rule.Family != other.Family:
			l.say(LevelWarning, "shadowed", "positives", "rule %s takes %d of its positives; make the better rule the longer match, or mark the other weak", o.Other, o.Lost)
		case !other.Weak && l.rule.Family != other.Family:
			l.say(LevelNote, "overlap", "positives", "rule %s finds %d of its positives too", o.Other, o.Samples)
		}
	}
	return nil
}
