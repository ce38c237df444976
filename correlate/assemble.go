package correlate

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/rules"
)

// Builder joins occurrences into findings. The zero Builder is ready; it is not safe for
// concurrent use.
type Builder struct {
	// Least is the least confidence of the places that findings are made of; empty: all count. Findings sets Unshown to how
	// many credentials have only places of less.
	Least   rules.Confidence
	Unshown int
	// Target is put into the occurrences that are added.
	Target int

	creds []*credential
	index map[string]uint32
	pairs map[[2]uint32]placedPair // by credentials, in the order in which a rule names the other

	partnered map[partnered]bool
}

type credential struct{ places []place }

type place struct {
	seen *detect.Credential // as the rule that matched there saw it
	at   Occurrence
	cred uint32 // set while pairing
}

// Credential returns the number of the credential a match belongs to. One secret seen by
// several rules of a family, or in several texts, has one number; one covered by an allow
// comment has another.
func (b *Builder) Credential(c *detect.Credential) uint32 {
	if b.index == nil {
		b.index = map[string]uint32{}
	}
	key := credentialKey(c)
	n, ok := b.index[key]
	if !ok {
		n = uint32(len(b.creds))
		b.index[key] = n
		b.creds = append(b.creds, &credential{})
	}
	return n
}

// Lookup is Credential for one that has a number. It may be called concurrently, while Credential
// and Add are not.
func (b *Builder) Lookup(c *detect.Credential) (cred uint32, ok bool) {
	cred, ok = b.index[credentialKey(c)]
	return cred, ok
}

func credentialKey(c *detect.Credential) string {
	key := family(c.Rule) + "\x00" + normalise(c.Secret)
	if c.File != "" {
		key += "\x00file\x00" + c.File
	}
	if c.Allowed != "" {
		key += "\x00allowed"
	}
	return key
}

func family(r *rules.Rule) string { return cmp.Or(r.Family, r.ID) }

// Bare returns the number of a credential that an allow comment covers where nothing covers it.
func (b *Builder) Bare(c *detect.Credential) uint32 {
	bare := *c
	bare.Allowed = ""
	return b.Credential(&bare)
}

// Add records where a credential was seen.
func (b *Builder) Add(seen *detect.Credential, o Occurrence) {
	o.Target = b.Target
	c := b.creds[b.Credential(seen)]
	c.places = append(c.places, place{seen: seen, at: o})
}

// Findings returns what was added: the findings, and those that allow comments cover. Both are in
// order of rule and first place. Fingerprints are made with key, on as many goroutines
// as jobs.
func (b *Builder) Findings(ctx context.Context, key []byte, jobs int) (findings, allowed []Finding, err error) {
	b.setAside()
	b.pairCommits()
	partners := b.partners()
	prints, err := b.fingerprints(ctx, key, jobs, partners)
	if err != nil {
		return nil, nil, err
	}
	var all []Finding
	for n, c := range b.creds {
		if len(c.places) == 0 {
			continue
		}
		f := c.finding()
		f.Fingerprint = prints[n]
		f.addPartners(partners[uint32(n)], prints)
		all = append(all, f)
	}
	slices.SortFunc(all, compareFindings)
	for _, f := range all {
		if f.Allowed != "" {
			allowed = append(allowed, f)
		} else {
			findings = append(findings, f)
		}
	}
	return findings, allowed, nil
}

// fingerprints returns the fingerprint of each credential that is a finding or the partner of one.
func (b *Builder) fingerprints(ctx context.Context, key []byte, jobs int, partners map[uint32][]numbered) ([]string, error) {
	seen := make([]*detect.Credential, len(b.creds))
	for key, p := range b.pairs { // the half of a finding may be none itself
		for side, n := range key {
			if len(partners[n]) > 0 {
				seen[n] = p.of[side]
			}
		}
	}
	for n, c := range b.creds {
		if s := c.seen(); s != nil {
			seen[n] = s
		}
	}
	prints := make([]string, len(b.creds))
	var next atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for range max(1, min(jobs, len(seen))) {
		g.Go(func() error {
			f := fingerprinter{key: key}
			for ctx.Err() == nil {
				n := int(next.Add(1)) - 1
				if n >= len(seen) {
					return nil
				}
				if s := seen[n]; s != nil {
					prints[n] = f.of(family(s.Rule), cmp.Or(s.File, s.Secret))
				}
			}
			return ctx.Err()
		})
	}
	return prints, g.Wait()
}

// setAside takes away the places of less than the least confidence, and counts the credentials that have no others.
func (b *Builder) setAside() {
	least := slices.Index(rules.Confidences(), b.Least)
	for _, c := range b.creds {
		all := len(c.places)
		c.places = slices.DeleteFunc(c.places, func(p place) bool {
			return p.at.Confidence != "" && slices.Index(rules.Confidences(), p.at.Confidence) < least && p.seen.Allowed == ""
		})
		if all > 0 && len(c.places) == 0 {
			b.Unshown++
		}
	}
}

// finding makes a finding of a credential's places. What it says of the secret is
// what the rule that matched at the first of them knows.
func (c *credential) finding() Finding {
	first := c.seen()
	f := Finding{Rule: first.Rule, Secret: first.Secret, File: first.File, Entropy: first.Entropy, Proof: first.Proof, Allowed: first.Allowed}
	for i, p := range c.places {
		if i == 0 || compareOccurrences(c.places[i-1].at, p.at) != 0 {
			f.Occurrences = append(f.Occurrences, p.at)
		}
		f.Confidence = higher(f.Confidence, p.at.Confidence)
	}
	return f
}

// seen returns the credential as the rule saw it that matched at the first place; nil if it has none.
func (c *credential) seen() *detect.Credential {
	if len(c.places) == 0 {
		return nil
	}
	c.sort()
	return c.places[0].seen
}

// sort puts the places in order; of one that was added several times the first stays the first.
func (c *credential) sort() {
	slices.SortStableFunc(c.places, func(a, b place) int {
		return cmp.Or(compareOccurrences(a.at, b.at), strings.Compare(a.seen.Rule.ID, b.seen.Rule.ID))
	})
}

// higher returns the higher of two confidences.
func higher(a, b rules.Confidence) rules.Confidence {
	if slices.Index(rules.Confidences(), b) > slices.Index(rules.Confidences(), a) {
		return b
	}
	return a
}

// compareOccurrences puts what a commit introduced before what is in none, older
// commits first, then orders by place.
func compareOccurrences(a, b Occurrence) int {
	return cmp.Or(
		compareCommits(a.First, b.First),
		strings.Compare(a.Kind, b.Kind),
		strings.Compare(a.Path, b.Path),
		cmp.Compare(a.Line, b.Line),
		cmp.Compare(a.Column, b.Column),
		strings.Compare(a.Object, b.Object),
	)
}

func compareCommits(a, b *Commit) int {
	switch {
	case a == nil && b == nil:
		return 0
	case b == nil:
		return -1
	case a == nil:
		return 1
	}
	return cmp.Or(a.Date.Compare(b.Date), strings.Compare(a.ID, b.ID))
}

// compareFindings gives findings an order that depends on nothing but them; reports have one of their own.
func compareFindings(a, b Finding) int {
	return cmp.Or(
		strings.Compare(a.Rule.ID, b.Rule.ID),
		compareOccurrences(a.Occurrences[0], b.Occurrences[0]),
		strings.Compare(a.Fingerprint, b.Fingerprint),
	)
}
