package main

import (
	"fmt"
	"slices"

	"github.com/straykey/straykey/detect/generic"
)

// doubt is what the second step learns: what to add to the score of a candidate, by feature, before it is compared with the
// thresholds of medium and high confidence. Each feature counts at any place, and once more where most
// secrets are made up.
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
	if generic.MadeUp(s.path) {
		for _, f := range s.features {
			out.features = append(out.features, d.features+f)
		}
	}
	return out
}

// thresholdNear is the score from which a candidate teaches the second step: what is plainly none is no question to it.
const thresholdNear = -1

// fitDoubt learns from candidates with scores: labelled ones, and those of clean code (without units), of which each
// value of a package counts once.
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
		}
		samples = append(samples, x)
	}
	d.model = fit(samples, 2*d.features, 1, options{l2Shared: t.doubtL2, l2Group: 1e9, sweeps: t.sweeps})
	return d
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
