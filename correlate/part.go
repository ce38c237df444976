package correlate

import (
	"cmp"
	"slices"
)

// Part returns the finding with those of its occurrences for which keep holds; ok is false if there are none. The
// finding is not changed.
func (f *Finding) Part(keep func(*Occurrence) bool) (part Finding, ok bool) {
	part = *f
	part.Occurrences, part.Confidence = nil, ""
	for i := range f.Occurrences {
		if o := &f.Occurrences[i]; keep(o) {
			part.Occurrences = append(part.Occurrences, *o)
			part.Confidence = higher(part.Confidence, o.Confidence)
		}
	}
	part.Confidence = cmp.Or(part.Confidence, f.Confidence)
	return part, len(part.Occurrences) > 0
}

// Merge returns a list of findings with more of them: what has the fingerprint of one in the list adds its occurrences to
// that, and the others come behind. No allow comment counts in what it returns. The lists are not changed.
func Merge(findings, more []Finding) []Finding {
	out := slices.Clone(findings)
	at := make(map[string]int, len(out))
	for i := range out {
		at[out[i].Fingerprint] = i
	}
	for _, f := range more {
		f.Allowed = ""
		i, ok := at[f.Fingerprint]
		if !ok {
			at[f.Fingerprint] = len(out)
			out = append(out, f)
			continue
		}
		into := &out[i]
		into.Occurrences = append(slices.Clone(into.Occurrences), f.Occurrences...)
		slices.SortStableFunc(into.Occurrences, compareOccurrences)
		into.Confidence = higher(into.Confidence, f.Confidence)
		into.Partners = mergePartners(into.Partners, f.Partners)
	}
	return out
}

// mergePartners joins two lists of partners, of which the first says the nearer ones.
func mergePartners(a, b []Partner) []Partner {
	out := slices.Clone(a)
	for _, p := range b {
		if len(out) < MaxPartners && !slices.ContainsFunc(out, func(q Partner) bool { return q.Fingerprint == p.Fingerprint }) {
			out = append(out, p)
		}
	}
	return out
}
