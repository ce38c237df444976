package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/straykey/straykey/compat/gitleaks"
	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/policy"
	"github.com/straykey/straykey/report"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/scan"
)

// decide applies the policy to what was found, and puts the outcome into the report.
func (p *scanPlan) decide(ctx context.Context, r *report.Report, b *correlate.Builder, findings, allowed []correlate.Finding) error {
	judge := policy.Judge{Now: time.Now(), Covers: coversGitleaks(), None: p.flags.policy.noSuppress, Accept: p.flags.policy.accept}
	if p.flags.policy.ref != "" && !judge.None {
		var err error
		if judge.Trusted, err = p.trusted(ctx, r, b, allowed); err != nil {
			return err
		}
	}
	var added []policy.Addition
	for _, t := range p.policies {
		if t.base != nil && !judge.None {
			more, notes := t.additions(judge.Accept)
			added = append(added, more...)
			r.Run.Notes = append(r.Run.Notes, notes...)
		}
		judge.Scopes = append(judge.Scopes, t.scope)
	}
	out := judge.Decide(findings, allowed)
	r.Findings = out.Findings
	for i := range out.Suppressed {
		s := &out.Suppressed[i]
		r.Suppressed = append(r.Suppressed, report.Suppressed{
			Finding: s.Finding, By: report.Suppression(s.By), Reason: s.Reason, Owner: s.Owner, Until: s.Until, At: s.At,
		})
	}
	if first := p.policies[0]; first.base != nil {
		r.Run.Policy = &report.Policy{Ref: p.flags.policy.ref, Commit: first.commit}
		for _, a := range append(added, out.Additions...) {
			r.Run.Policy.Added = append(r.Run.Policy.Added, report.Addition{
				By: report.Suppression(a.By), What: a.What, Reason: a.Reason, Owner: a.Owner, Until: a.Until, At: a.At, Counted: a.Counted,
			})
		}
	}
	if n := len(out.Expired); n > 0 {
		first := out.Expired[0]
		note := fmt.Sprintf("%s has expired and suppresses nothing any more since %s", first.At, first.Until.Format(time.DateOnly))
		if n > 1 {
			note += fmt.Sprintf(", and so have %d more", n-1)
		}
		r.Run.Notes = append(r.Run.Notes, note)
	}
	return nil
}

// coversGitleaks knows the rules that ids of gitleaks mean, so that entries that were written for it keep their meaning. The
// table is made when the first entry names a rule that is none of ours.
func coversGitleaks() func(id string, r *rules.Rule) bool {
	names := sync.OnceValue(gitleaks.NewNames)
	return func(id string, r *rules.Rule) bool { return names().Cover(id, r) }
}

// trusted asks the trusted revision of each target about the allow comments that cover something there.
func (p *scanPlan) trusted(ctx context.Context, r *report.Report, b *correlate.Builder, allowed []correlate.Finding) (func(*correlate.Finding, *correlate.Occurrence) bool, error) {
	known := make([]*scan.Trusted, len(p.policies))
	for i, t := range p.policies {
		var here []correlate.Finding
		for k := range allowed {
			if part, ok := allowed[k].Part(func(o *correlate.Occurrence) bool { return o.Target == i }); ok {
				here = append(here, part)
			}
		}
		if len(here) == 0 {
			continue
		}
		var err error
		known[i], err = scan.Trust(context.WithoutCancel(ctx), t.repo, t.commit, b, here, []byte(p.env.getenv(fingerprintKey)), p.options)
		if err != nil {
			return nil, fmt.Errorf("allow comments in revision %s: %w", p.flags.policy.ref, err)
		}
		for _, problem := range known[i].Problems {
			r.Run.Notes = append(r.Run.Notes, "in revision "+p.flags.policy.ref+" not read, and so not trusted: "+problem)
		}
	}
	return func(f *correlate.Finding, o *correlate.Occurrence) bool {
		return o.Target < len(known) && known[o.Target] != nil && known[o.Target].Has(f, o)
	}, nil
}

// additions returns the suppressions that the scanned state of a target has and its trusted revision has not. If they are accepted,
// those of ignore file and baseline count from now on.
func (t *targetPolicy) additions(accept bool) (added []policy.Addition, notes []string) {
	for _, name := range t.watch() {
		before := t.base.files[name]
		now, err := t.now(name)
		if err != nil {
			notes = append(notes, fmt.Sprintf("the change leaves a policy file that cannot be read: %s: %v", t.shown(name), cause(err)))
			continue
		}
		if bytes.Equal(now, before) {
			continue
		}
		var entries []policy.Entry
		by := policy.ByIgnore
		switch name {
		case t.ignore:
			var file *policy.Ignore
			if file, err = policy.ParseIgnore(t.shown(name), now); err == nil {
				entries = newEntries(file.Entries, t.scope.Ignores, func(f *policy.Ignore) []policy.Entry { return f.Entries })
			}
			if accept && err == nil {
				t.scope.Ignores = append(t.scope.Ignores, &policy.Ignore{Name: file.Name, Entries: entries})
			}
		case t.baseline:
			by = policy.ByBaseline
			var file *policy.Baseline
			if file, err = policy.ParseBaseline(t.shown(name), now); err == nil {
				entries = newEntries(file.Entries, t.scope.Baselines, func(f *policy.Baseline) []policy.Entry { return f.Entries })
			}
			if accept && err == nil {
				t.scope.Baselines = append(t.scope.Baselines, &policy.Baseline{Name: file.Name, Entries: entries})
			}
		default:
			added = append(added, policy.ConfigAdditions(t.shown(name), now, before)...)
		}
		if err != nil {
			notes = append(notes, fmt.Sprintf("the change leaves a policy file that is wrong: %v", err))
		}
		added = append(added, policy.AdditionsOf(entries, by, accept)...)
	}
	return added, notes
}

// newEntries returns the entries that none of the files has.
func newEntries[F any](list []policy.Entry, files []F, entries func(F) []policy.Entry) []policy.Entry {
	var base []policy.Entry
	for _, f := range files {
		base = append(base, entries(f)...)
	}
	return policy.NewEntries(list, base)
}

// now returns a policy file as the scanned state has it: what a change leaves of it, else what is on disk, or in HEAD of a
// bare repository. It is nil if there is none.
func (t *targetPolicy) now(name string) ([]byte, error) {
	if t.mode == report.Staged || t.mode == report.Range {
		if data, changed := t.watched[name]; changed {
			return data, nil
		}
		return t.base.files[name], nil
	}
	var source policy.Source = policy.Dir(t.place.Root)
	if t.place.Bare {
		head, err := t.repo.OpenTree("HEAD", policy.MaxFile)
		if err != nil {
			return nil, err
		}
		defer func() { _ = head.Close() }() // it was only read
		source = head
	}
	data, err := source.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return nonNil(data), err
}
