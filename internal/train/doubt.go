package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/straykey/straykey/detect/generic"
)

// doubt is what the second step learns: what to add to the score of a candidate, by feature, before it is compared with the
// thresholds of medium and high confidence. All features count where most secrets are made up; at any place only what is evident does, and
// a constant: how much surer than elsewhere one must be.
type doubt struct {
	model    *model
	features int
}

func (d *doubt) anywhere(f int) float64 { return d.model.shared[f] }
func (d *doubt) madeUp(f int) float64   { return d.model.shared[d.features+f] }

// sure returns the score of a candidate with the doubt added.
func (d *doubt) sure(s *sample) float64 { return d.model.score(d.sample(s)) }

// sample is a candidate as the second step sees it: its score is known before.
func (d *doubt) sample(s *sample) *sample {
	out := &sample{offset: s.score, positive: s.positive, weight: s.weight, features: slices.Clone(s.features)}
	if s.madeUp {
		for _, f := range s.features {
			out.features = append(out.features, d.features+f)
		}
	}
	return out
}

// thresholdNear is the score from which a candidate teaches the second step: what is plainly none is no question to it.
const thresholdNear = -1

// fitDoubt learns from candidates with scores: labelled ones, and those of clean code (without units), of which each
// value of a package counts once. A secret where few are made up counts more: to miss one of those is worse.
func (t *training) fitDoubt(list []*sample) *doubt {
	d := &doubt{features: len(generic.FeatureNames())}
	type value struct{ repo, secret string }
	seen := map[value]bool{}
	var samples []*sample
	for _, s := range list {
		if s.score < thresholdNear {
			continue
		}
		x := d.sample(s)
		switch {
		case s.clean:
			v := value{repoOf(s.path), s.secret}
			if seen[v] {
				continue
			}
			seen[v] = true
			x.weight = t.doubtWeight
		case !s.positive:
			x.weight *= t.falseWeight
		case !s.madeUp:
			x.weight *= t.missWeight
		}
		samples = append(samples, x)
	}
	d.model = fit(samples, 2*d.features, 1, options{l2Shared: t.doubtL2, l2Group: 1e9, sweeps: t.sweeps, most: d.limits()})
	return d
}

// evident are the features of values that somebody made up whatever the data says, and the highest weight each may have: the labelled
// secrets have letters at random in the place of the words they were, so they say nothing of words. The first is for any
// place, the second is added where most secrets are made up. Words are in use in many a configuration: it is only in
// tests and the like that they tell anything.
var evident = map[string][2]float64{
	"made-of.stock":         {-4, -2},
	"made-of.leet":          {-4, -2},
	"made-of.base64-words":  {-4, -2},
	"made-of.published":     {-8, -8},
	"made-of.reserved-host": {-4, -2},
	"made-of.words":         {leftOut, -4},
	"made-of.some-words":    {leftOut, -1},
	"shape.crypt":           {-4, -2}, // a hash: its own rule has low confidence
	"shape.keyboard":        {-2, -2},
	"shape.counting":        {-2, -2},
	"word.public":           {-2, -1},
	"shape.version":         {-4, -2},
	"shape.key-id":          {-2, -1},
	"shape.base64-text":     {leftOut, -1},
	"line.badge":            {-4, -2},
	"line.hex-before":       {leftOut, -3}, // vectors for tests of cryptography: one hexadecimal value a line
	"line.hex-beside":       {leftOut, -3},
}

// leftOut is the limit of a feature that counts for nothing.
var leftOut = math.Inf(-1)

// limits are the highest weights of the features, at any place and where most secrets are made up.
func (d *doubt) limits() []float64 {
	most := make([]float64, 2*d.features)
	for f, name := range generic.FeatureNames() {
		most[f], most[d.features+f] = leftOut, math.Inf(1)
		if name == "bias" {
			most[f] = math.Inf(1)
		}
		if limit, ok := evident[name]; ok {
			most[f], most[d.features+f] = limit[0], limit[1]
		}
	}
	return most
}

// quietness says how much of clean code is reported: credentials, each once a package, and their places.
func quietness(clean *corpus, reported func(*sample) bool) string {
	findings, places := found(clean, reported)
	mb := float64(clean.bytes) / 1e6
	return fmt.Sprintf("%d findings, %.2f a MB, at %d places, %.2f a MB", findings, float64(findings)/mb, places, float64(places)/mb)
}

// found counts what is reported of clean code: credentials, each once a package, and the files and values they stand at.
func found(clean *corpus, reported func(*sample) bool) (findings, places int) {
	type value struct{ repo, secret string }
	seen := map[value]bool{}
	for _, s := range clean.samples {
		if !reported(s) {
			continue
		}
		places++
		seen[value{repoOf(s.path), s.secret}] = true
	}
	return len(seen), places
}

// showClean lists what the default reports of clean code.
func showClean(clean *corpus, thresholds [3]float64) {
	reported := reports(thresholds, 1)
	for _, s := range clean.samples {
		if reported(s) {
			fmt.Printf("%s:%d\t%s\t%.2f\t%.2f\t%.80q\n", s.path, s.line, s.rule.ID, s.score, s.sure, s.secret)
		}
	}
}
