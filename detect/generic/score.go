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
	has   features
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
		for f := fBefore; f < fPath; f++ {
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
	return logit
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
	return out
}

func weightOf(f feature, g Group) float32 {
	w := &weights[f]
	return w.all + w.by[g]
}

// weight is the weight of a feature: of all candidates, and what is added for a group.
type weight struct {
	all float32
	by  [nGroups]float32
}

// Threshold returns the logit from which the confidence is low (0), medium (1) or high (2).
func Threshold(level int) float32 { return thresholds[level] }

// Level returns the confidence of a logit: 0 low, 1 medium, 2 high; -1 if it is none.
func Level(logit float32) int {
	level := -1
	for level+1 < len(thresholds) && logit >= thresholds[level+1] {
		level++
	}
	return level
}

// Explain lists the terms of the logit at a path, the weightiest first.
func (v *Verdict) Explain(path string) string {
	terms := v.Terms(path)
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
	return binary.LittleEndian.AppendUint32(append(dst, byte(v.Group), byte(v.Quote)), math.Float32bits(v.Logit))
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
