package main

import (
	"context"
	"slices"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/report"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/scan"
	"github.com/straykey/straykey/source"
)

// certificatePart is the part of a check that is the certificate of a private key.
const certificatePart = "certificate"

// keyOf returns the hash of the public key of a private key whose check takes a certificate; "" for all else.
func keyOf(r *rules.Rule, fact func(string) string) string {
	if r.Verify == nil || !slices.ContainsFunc(r.Verify.Parts, func(p rules.Part) bool { return p.Name == certificatePart }) {
		return ""
	}
	return fact("spki")
}

// certificates returns the certificates of private keys that stand in other files than these, by the hash of the public key
// that is in both. For them everything is read once more, so nothing is where each key has its certificate beside it. What
// cannot be read then was told by the scan already.
func (p *scanPlan) certificates(ctx context.Context, r *report.Report) map[string]string {
	wanted := map[string]bool{}
	for i := range r.Findings {
		f := &r.Findings[i]
		if key := keyOf(f.Rule, f.Proof.Fact); key != "" && f.Proof.Fact("certificate") == "" {
			wanted[key] = true
		}
	}
	engine := p.certificateEngine()
	if len(wanted) == 0 || engine == nil {
		return nil
	}
	again := *p
	again.cache.path = "" // it remembers what other rules made of a text
	again.policies = make([]*targetPolicy, len(p.targets))
	o := p.options
	o.Engine, o.Coverage, o.Progress, o.Around = engine, &source.Coverage{}, &scan.Progress{}, 0
	b := correlate.Builder{Least: rules.LowConfidence}
	for i, target := range p.targets {
		if target == "-" { // it is read
			continue
		}
		b.Target, again.policies[i] = i, &targetPolicy{}
		_, _, _ = again.scanOne(ctx, i, &b, o)
	}
	found, _, err := b.Findings(ctx, nil, o.Jobs)
	if err != nil {
		return nil
	}
	out := map[string]string{}
	for i := range found {
		if key := found[i].Proof.Fact("spki"); wanted[key] {
			out[key] = found[i].Secret
		}
	}
	return out
}

// certificateEngine finds certificates, which the rules of a scan do not report; nil if they have none.
func (p *scanPlan) certificateEngine() *detect.Engine {
	set := &rules.Set{}
	for _, r := range p.set.Rules {
		if r.Identity == rules.Certificate {
			one := *r
			one.SkipReport = false
			set.Rules = append(set.Rules, &one)
		}
	}
	if len(set.Rules) == 0 {
		return nil
	}
	engine, err := detect.New(set, detect.Options{Confidence: rules.LowConfidence, ArchiveDepth: p.engine.ArchiveDepth})
	if err != nil { // the rules compiled before
		return nil
	}
	return engine
}
