package gitleaks

import "slices"

// Entries returns the entries of the file, in their order.
func (ig *Ignore) Entries() []Entry {
	var out []Entry
	for _, list := range ig.entries {
		out = append(out, list...)
	}
	slices.SortFunc(out, func(a, b Entry) int { return a.At - b.At })
	return out
}

// Known is a finding of a baseline.
type Known struct {
	Entry
	Secret string // empty where the baseline has it redacted
}

// Known returns the findings of a baseline, in their order; At is their number, from 1.
func (b *Baseline) Known() []Known {
	var out []Known
	for _, list := range b.byFile {
		for _, k := range list {
			one := Known{Entry: Entry{Commit: k.Commit, File: k.File, Rule: k.RuleID, Line: k.StartLine, At: k.number}}
			if !isRedacted(k.Secret) {
				one.Secret = k.Secret
			}
			out = append(out, one)
		}
	}
	slices.SortFunc(out, func(a, b Known) int { return a.At - b.At })
	return out
}
