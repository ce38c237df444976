package policy

import (
	"slices"
	"time"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/rules"
)

// Fault says what is wrong with an entry that can be read.
type Fault string

// The faults of entries.
const (
	Stale    Fault = "stale"     // the fingerprint it names is not found any more
	Unused   Fault = "unused"    // nothing that is found is at its path and of its rule
	Expired  Fault = "expired"   // its last day is over
	NoReason Fault = "no-reason" // an entry of an ignore file says not why
)

// Remark is a fault of an entry.
type Remark struct {
	Fault Fault
	By    By // the file that the entry is of
	Entry *Entry
}

// Audit compares the entries that are in force in a scope with all that was found there, suppressed or not, and returns what is
// wrong with them, by where they stand. Entries for other repositories are left out, and of a baseline that serves several
// (shared) those that name none, because what they are for may be found elsewhere.
func (s *Scope) Audit(found []correlate.Finding, now time.Time, shared bool, covers func(id string, r *rules.Rule) bool) []Remark {
	used := map[*Entry]bool{}
	index := newEntryIndex(s, covers)
	for i := range found {
		f := &found[i]
		for k := range f.Occurrences {
			for c := range index.all(f, &f.Occurrences[k]) {
				used[c.entry] = true
			}
		}
	}
	var out []Remark
	look := func(by By, list []Entry) {
		for i := range list {
			e := &list[i]
			if e.Repo != "" && e.Repo != s.Repo || e.Repo == "" && by == ByBaseline && shared {
				continue
			}
			if by == ByIgnore && e.Reason == "" {
				out = append(out, Remark{NoReason, by, e})
			}
			switch {
			case e.Expired(now):
				out = append(out, Remark{Expired, by, e})
			case !used[e] && e.Fingerprint != "":
				out = append(out, Remark{Stale, by, e})
			case !used[e]:
				out = append(out, Remark{Unused, by, e})
			}
		}
	}
	for _, f := range s.Ignores {
		look(ByIgnore, f.Entries)
	}
	for _, f := range s.Baselines {
		look(ByBaseline, f.Entries)
	}
	slices.SortStableFunc(out, func(a, b Remark) int { return comparePositions(a.Entry.At, b.Entry.At) })
	return out
}
