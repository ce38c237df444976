package generic

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
)

// Verdict is what is known of a candidate from the text alone.
type Verdict struct {
	Group Group
	Quote Quote
	// Logit is the logarithm of the odds that the candidate is a secret, as far as the text tells.
	Logit float32
	// doubt is what the text adds to the logit before medium and high confidence are told: at any place, and on top of
	// that where most secrets are made up.
	doubt, madeUp float32
	has           features
}

// translated is what is added to the logit of a value without digits among the texts of a program and their translations, where
// the names are those of labels: 'password' => 'Adgangskode'.
const translated = -6

// translation reports whether a candidate is such a label, for the features of its path.
func (v *Verdict) translation(at *features) bool {
	return v.has.has(fDigits) && (at.has(fPath+pathLocale) || at.has(fPathBare+pathLocale))
}

// Score judges a candidate.
func Score(t *Text, c *Candidate) Verdict {
	v, _ := ScoreAtLeast(t, c, float32(math.Inf(-1)))
	return v
}

// ScoreAtLeast is Score, but gives up on a candidate whose logit no path would lift to least: most that look like an assignment are
// told by name and value, which are small, and the line need not be read. It gives up on
// fewer than those whose Highest is less.
func ScoreAtLeast(t *Text, c *Candidate, least float32) (v Verdict, ok bool) {
	if c.Apart {
		t, c = c.apart(t)
	}
	v = Verdict{Group: c.Group, Quote: c.Quote}
	near := *t
	near.Lo, near.Hi = max(t.Lo, c.Start-Context), min(t.Hi, c.End+Context)
	v.describe(&near, c)
	const rounding = 0.01
	if v.sum()+lineLifts()[c.Group]+lifts()[c.Group] < least-rounding {
		return v, false
	}
	v.describeLine(&near, c, t.before())
	v.Logit = v.sum()
	if v.Highest() < least {
		return v, false
	}
	v.describeMade(&near, c)
	for f := range v.has.all() {
		v.doubt += weights[f].doubt
		v.madeUp += weights[f].madeUp
	}
	return v, true
}

// sum returns the logit of the features so far.
func (v *Verdict) sum() (logit float32) {
	for f := range v.has.all() {
		logit += weightOf(f, v.Group)
	}
	return logit
}

// lineLifts are the most that describeLine can add to the logits of the groups.
var lineLifts = sync.OnceValue(func() (out [nGroups]float32) {
	for g := range nGroups {
		for f := fLine; f < fAfter; f++ {
			out[g] += max(0, weightOf(f, g))
		}
		var after, before float32
		for f := fAfter; f < fBefore; f++ {
			after = max(after, weightOf(f, g))
		}
		for f := fBefore; f < fMade; f++ {
			before = max(before, weightOf(f, g))
		}
		out[g] += after + before
	}
	return out
})

// At returns the logit for a path.
func (v *Verdict) At(path string) float32 {
	logit := v.Logit
	at := pathFeatures(path, v.Quote)
	for f := range at.all() {
		logit += weightOf(f, v.Group)
	}
	if v.translation(&at) {
		logit += translated
	}
	return logit
}

// Level returns the confidence at a path: 0 low, 1 medium, 2 high; -1 if the candidate is none. Its logit tells whether it is one,
// and with high confidence; for more than low confidence it must also outweigh the doubt whether it is in use.
func (v *Verdict) Level(path string) int {
	logit := v.At(path)
	switch {
	case logit < thresholds[0]:
		return -1
	case logit+v.Doubt(path) < thresholds[1]:
		return 0
	case logit < thresholds[2]:
		return 1
	}
	return 2
}

// Doubt returns what is added to the logit at a path before it is compared with the thresholds of medium and high confidence.
func (v *Verdict) Doubt(path string) float32 {
	at := pathFeatures(path, v.Quote)
	sum, made := v.doubt, v.MadeUp(path)
	if made {
		sum += v.madeUp
	}
	for f := range at.all() {
		sum += weights[f].doubt
		if made {
			sum += weights[f].madeUp
		}
	}
	return sum
}

// MadeUp reports whether the candidate stands where most secrets are made up: at such a path, or in a comment of a program, which
// explains how something is used.
func (v *Verdict) MadeUp(path string) bool {
	if MadeUp(path) {
		return true
	}
	at := pathFeatures(path, Double)
	return v.has.has(fLine+lineComment) && (at.has(fPath+pathCode) || at.has(fPath+pathScript) || at.has(fPath+pathTemplate))
}

// Highest returns a logit that no path lifts the verdict over.
func (v *Verdict) Highest() float32 { return v.Logit + lifts()[v.Group] }

// Term is what one feature adds to a logit.
type Term struct {
	Name   string
	Weight float32
}

// Terms lists what the logit at a path is the sum of.
func (v *Verdict) Terms(path string) []Term {
	var out []Term
	at := pathFeatures(path, v.Quote)
	for _, set := range []*features{&v.has, &at} {
		for f := range set.all() {
			out = append(out, Term{featureName(f), weightOf(f, v.Group)})
		}
	}
	if v.translation(&at) {
		out = append(out, Term{"translation", translated})
	}
	return out
}

func weightOf(f feature, g Group) float32 {
	w := &weights[f]
	return w.all + w.by[g]
}

// weight is the weight of a feature: of all candidates, and what is added for a group. The doubts count for more than low
// confidence only: at any place, and what is added where [MadeUp] holds.
type weight struct {
	all           float32
	by            [nGroups]float32
	doubt, madeUp float32
}

// Threshold is the logit from which a candidate is reported at all.
func Threshold() float32 { return thresholds[0] }

// Explain lists the terms of the logit at a path, the weightiest first, and what is doubtful about it.
func (v *Verdict) Explain(path string) string {
	terms := append(v.Terms(path), Term{"doubt", v.Doubt(path)})
	slices.SortStableFunc(terms, func(a, b Term) int { return cmp.Compare(abs(b.Weight), abs(a.Weight)) })
	var b strings.Builder
	for i, t := range terms {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s %+.2f", t.Name, t.Weight)
	}
	return b.String()
}

func abs(x float32) float32 { return max(x, -x) }

// AppendKey appends bytes to dst that are the same for two verdicts if no path tells them apart.
func (v *Verdict) AppendKey(dst []byte) []byte {
	var told byte
	for i, f := range [...]feature{fDigits, fLine + lineComment} {
		if v.has.has(f) {
			told |= 1 << i
		}
	}
	dst = append(dst, byte(v.Group), byte(v.Quote), told)
	for _, x := range [...]float32{v.Logit, v.doubt, v.madeUp} {
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(x))
	}
	return dst
}

// Features returns the numbers of all features of the verdict at a path; for training.
func (v *Verdict) Features(path string) []int {
	var out []int
	at := pathFeatures(path, v.Quote)
	for _, set := range []*features{&v.has, &at} {
		for f := range set.all() {
			out = append(out, int(f))
		}
	}
	return out
}

// FeatureNames returns the names of all features by number; for training.
func FeatureNames() []string {
	names := make([]string, nFeatures)
	for f := range names {
		names[f] = featureName(feature(f))
	}
	return names
}

// GroupNames returns the names of all groups by number; for training.
func GroupNames() []string { return groupNames[:] }
