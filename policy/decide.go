package policy

import (
	"path"
	"slices"
	"strings"
	"time"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/rules"
)

// By says what suppressed a finding. The words are those of reports.
type By string

// The ways to suppress a finding.
const (
	ByInline   By = "inline"
	ByIgnore   By = "ignore-file"
	ByBaseline By = "baseline"
	ByConfig   By = "config" // of additions only: what a configuration leaves out is not found at all
)

// Suppressed is a finding, or some of its places, that does not count, and why.
type Suppressed struct {
	Finding correlate.Finding
	By      By
	Reason  string
	Owner   string
	Until   time.Time      // zero: for ever
	At      rules.Position // where the entry or the comment stands
}

// Scope is what is in force in one target of a scan.
type Scope struct {
	Ignores   []*Ignore
	Baselines []*Baseline
	Repo      string // name of the repository, for entries that say one
	// The paths of findings begin with Strip, if it is not empty; without it, and with Below before them, they begin at the root of the
	// repository.
	Strip, Below string
}

// Judge decides what counts.
type Judge struct {
	Scopes []Scope // by the number of the target
	Now    time.Time
	// Covers reports whether an id of another tool means a rule; nil: only the aliases that rules have count.
	Covers func(id string, r *rules.Rule) bool
	// None says that nothing is suppressed.
	None bool
	// Trusted says whether the comment that covers a place counts, because the trusted revision has it; nil: all do.
	Trusted func(f *correlate.Finding, o *correlate.Occurrence) bool
	// Accept lets comments that are not trusted count.
	Accept bool
}

// Outcome is what a Judge decided.
type Outcome struct {
	Findings   []correlate.Finding
	Suppressed []Suppressed
	Additions  []Addition // comments that the base does not have
	Expired    []*Entry   // entries that would suppress something if they had not expired, by where they stand
}

// Decide divides findings, and those that allow comments cover, into what counts and what is suppressed. An entry covers
// places: a finding that has others as well counts with these.
func (j *Judge) Decide(findings, allowed []correlate.Finding) Outcome {
	var out Outcome
	var exposed []correlate.Finding
	for i := range allowed {
		f := &allowed[i]
		trusted := func(o *correlate.Occurrence) bool { return j.Trusted == nil || j.Trusted(f, o) }
		added, isNew := f.Part(func(o *correlate.Occurrence) bool { return !trusted(o) })
		if isNew && !j.None {
			out.Additions = append(out.Additions, Addition{
				By: ByInline, What: "rule=" + f.Rule.ID + " fingerprint=" + f.Fingerprint, Reason: f.Allowed, At: place(&added), Counted: j.Accept,
			})
		}
		counts := func(o *correlate.Occurrence) bool { return !j.None && (j.Accept || trusted(o)) }
		if part, ok := f.Part(counts); ok {
			out.Suppressed = append(out.Suppressed, Suppressed{Finding: part, By: ByInline, Reason: f.Allowed, At: place(&part)})
		}
		// The secret of a place that held it before is not news, with or without the comment.
		if part, ok := f.Part(func(o *correlate.Occurrence) bool { return !counts(o) && !o.Held }); ok {
			exposed = append(exposed, part)
		}
	}
	findings = correlate.Merge(findings, exposed)
	if j.None {
		out.Findings = findings
		return out
	}
	index := j.index()
	expired := map[*Entry]bool{}
	for i := range findings {
		j.split(&findings[i], index, expired, &out)
	}
	for e := range expired {
		out.Expired = append(out.Expired, e)
	}
	slices.SortFunc(out.Expired, func(a, b *Entry) int { return comparePositions(a.At, b.At) })
	return out
}

// place returns where a finding stands first.
func place(f *correlate.Finding) rules.Position {
	if len(f.Occurrences) == 0 {
		return rules.Position{}
	}
	o := &f.Occurrences[0]
	return rules.Position{File: o.Path, Line: o.Line}
}

// split divides the places of a finding by the entries that cover them.
func (j *Judge) split(f *correlate.Finding, index []entryIndex, expired map[*Entry]bool, out *Outcome) {
	by := make([]*cover, len(f.Occurrences))
	var order []*cover
	for i := range f.Occurrences {
		o := &f.Occurrences[i]
		if o.Target >= len(index) {
			continue
		}
		c := index[o.Target].covering(f, o, j.Now, expired)
		by[i] = c
		if c != nil && !slices.Contains(order, c) {
			order = append(order, c)
		}
	}
	if len(order) == 0 {
		out.Findings = append(out.Findings, *f)
		return
	}
	only := func(want *cover) (correlate.Finding, bool) {
		n := -1
		return f.Part(func(*correlate.Occurrence) bool { n++; return by[n] == want })
	}
	for _, c := range order {
		part, _ := only(c)
		e := c.entry
		out.Suppressed = append(out.Suppressed, Suppressed{part, c.by, e.Reason, e.Owner, e.Until, e.At})
	}
	if rest, ok := only(nil); ok {
		out.Findings = append(out.Findings, rest)
	}
}

// cover is an entry with the file it is from.
type cover struct {
	by    By
	entry *Entry
}

// entryIndex finds the entries that cover a place in one target.
type entryIndex struct {
	scope         *Scope
	byFingerprint map[string][]*cover
	general       []*cover // those that name no fingerprint
	covers        func(id string, r *rules.Rule) bool
}

func (j *Judge) index() []entryIndex {
	out := make([]entryIndex, len(j.Scopes))
	for i := range j.Scopes {
		out[i] = newEntryIndex(&j.Scopes[i], j.Covers)
	}
	return out
}

func newEntryIndex(s *Scope, covers func(id string, r *rules.Rule) bool) entryIndex {
	x := entryIndex{scope: s, byFingerprint: map[string][]*cover{}, covers: covers}
	add := func(by By, list []Entry) {
		for i := range list {
			e := &list[i]
			switch {
			case e.Repo != "" && e.Repo != s.Repo:
			case e.Fingerprint != "":
				x.byFingerprint[e.Fingerprint] = append(x.byFingerprint[e.Fingerprint], &cover{by, e})
			default:
				x.general = append(x.general, &cover{by, e})
			}
		}
	}
	for _, f := range s.Ignores {
		add(ByIgnore, f.Entries)
	}
	for _, f := range s.Baselines {
		add(ByBaseline, f.Entries)
	}
	return x
}

// covering returns the first entry that covers a place and has not expired; nil if there is none. Entries that have expired
// and would cover it are noted.
func (x *entryIndex) covering(f *correlate.Finding, o *correlate.Occurrence, now time.Time, expired map[*Entry]bool) *cover {
	var gone []*Entry
	for c := range x.all(f, o) {
		if !c.entry.Expired(now) {
			return c
		}
		gone = append(gone, c.entry)
	}
	for _, e := range gone {
		expired[e] = true
	}
	return nil
}

// all yields the entries that cover a place, also those that have expired.
func (x *entryIndex) all(f *correlate.Finding, o *correlate.Occurrence) func(yield func(*cover) bool) {
	at := x.scope.path(o.Path)
	return func(yield func(*cover) bool) {
		for _, list := range [][]*cover{x.byFingerprint[f.Fingerprint], x.general} {
			for _, c := range list {
				// The rule of a baseline's entry is a hint, and may have another name by now.
				if (c.by == ByBaseline || x.names(c.entry, f.Rule)) && c.entry.coversPath(at) && !yield(c) {
					return
				}
			}
		}
	}
}

// names reports whether an entry is for a rule, by its id or one that it is known by elsewhere.
func (x *entryIndex) names(e *Entry, r *rules.Rule) bool {
	if e.Rule == "" || e.Rule == r.ID || slices.Contains(r.Aliases, e.Rule) {
		return true
	}
	return x.covers != nil && x.covers(e.Rule, r)
}

// path returns where a path of a finding stands from the root of the repository; empty if it has none.
func (s *Scope) path(p string) string {
	if p == "" {
		return ""
	}
	if s.Strip != "" {
		p = strings.TrimPrefix(strings.TrimPrefix(p, s.Strip), "/")
	}
	return path.Join(s.Below, p)
}

func comparePositions(a, b rules.Position) int {
	if c := strings.Compare(a.File, b.File); c != 0 {
		return c
	}
	return a.Line - b.Line
}
