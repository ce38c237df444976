package main

import "math"

// model is a logistic regression with weights that all groups share and what each group adds to them.
type model struct {
	shared []float64
	by     [][]float64 // by group
}

// options tune the regression.
type options struct {
	l2Shared, l2Group float64
	sweeps            int
	most              []float64 // by feature: its highest weight, which then is the same for all groups; nil: no limits, -Inf: it is left out
}

// fit finds the weights that make the labels of the samples likeliest, less a penalty on the squares of the
// weights: coordinate descent with Newton steps. What a sample's offset says is known before. It has no randomness.
func fit(samples []*sample, nFeatures, nGroups int, o options) *model {
	m := &model{shared: make([]float64, nFeatures)}
	for range nGroups {
		m.by = append(m.by, make([]float64, nFeatures))
	}
	shared := make([][]int32, nFeatures)
	group := make([][][]int32, nGroups)
	for g := range group {
		group[g] = make([][]int32, nFeatures)
	}
	margin := make([]float64, len(samples))
	for i, s := range samples {
		margin[i] = s.offset
		for _, f := range s.features {
			shared[f] = append(shared[f], int32(i))
			group[s.group][f] = append(group[s.group][f], int32(i))
		}
	}
	step := func(w *float64, members []int32, l2, most float64) float64 {
		gradient, curve := l2**w, l2
		for _, i := range members {
			s := samples[i]
			p := 1 / (1 + math.Exp(-margin[i]))
			y := 0.0
			if s.positive {
				y = 1
			}
			gradient += s.weight * (p - y)
			curve += s.weight * p * (1 - p)
		}
		d := max(-1, min(1, -gradient/curve))
		d = min(d, most-*w)
		*w += d
		for _, i := range members {
			margin[i] += d
		}
		return math.Abs(d)
	}
	limit := func(f int) float64 {
		if o.most == nil {
			return math.Inf(1)
		}
		return o.most[f]
	}
	for range o.sweeps {
		moved := 0.0
		for f := range nFeatures {
			if math.IsInf(limit(f), -1) {
				continue
			}
			if len(shared[f]) > 0 {
				moved = max(moved, step(&m.shared[f], shared[f], o.l2Shared, limit(f)))
			}
			if !math.IsInf(limit(f), 1) {
				continue
			}
			for g := range group {
				if len(group[g][f]) > 0 {
					moved = max(moved, step(&m.by[g][f], group[g][f], o.l2Group, math.Inf(1)))
				}
			}
		}
		if moved < 1e-3 {
			break
		}
	}
	return m
}

// score returns the logit of a sample.
func (m *model) score(s *sample) float64 {
	sum := s.offset
	for _, f := range s.features {
		sum += m.shared[f] + m.by[s.group][f]
	}
	return sum
}
