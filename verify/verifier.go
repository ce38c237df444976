package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/straykey/straykey/detect/proof"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/verify/cache"
	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/verdict"
)

// Options say whom a [Verifier] asks, and how much.
type Options struct {
	Network *guard.Network // the only way out
	// Checks returns the check of a rule that has Verify; nil: this program has none. See [Named].
	Checks func(*rules.Rule) Check

	// AllowLogins permits checks that sign in. Each principal is tried once.
	AllowLogins bool
	// Skip names rules and providers that are not asked, in any case.
	Skip []string
	// AllowHosts are hosts that are asked though only the scanned text names them: "db.corp.example",
	// "db.corp.example:5432", "*.corp.example", and networks for those that are addresses: "10.0.0.0/8".
	AllowHosts []string
	// Canaries are what must not be used, beside the known ones: fingerprints, account numbers, hosts, or the
	// beginnings of secrets and ids, of 6 characters at least.
	Canaries []string
	// Distrusts tells which rules do not decide whom to ask: those of the scanned repository; nil: none.
	Distrusts func(*rules.Rule) bool

	Rate        float64       // requests a second to a host whose rules give no limit; 0: 10
	PerHost     int           // requests to a host at a time; 0: 4
	Concurrency int           // requests at a time; 0: 256
	Timeout     time.Duration // for one request; 0: 15 s
	Deadline    time.Duration // for one Verify; 0: 10 min

	Cache *cache.Cache // of earlier runs; nil: none
	// Audit gets a line of JSON for each time that an issuer was asked (see [AuditLine]); nil: none. A verifier that
	// cannot write it asks no more.
	Audit io.Writer
	Now   func() time.Time // nil: time.Now
}

// Verifier asks issuers. It may be used concurrently, and asks about one credential once.
type Verifier struct {
	o        Options
	canaries canaries
	skip     map[string]bool // in lower case
	slots    chan struct{}   // one for each request under way
	audit    auditLog

	mu      sync.Mutex
	lanes   map[string]*lane
	flights map[question]*flight
	signed  map[string]question // by principal: the only login
}

// New returns a verifier.
func New(o Options) (*Verifier, error) {
	if o.Network == nil || o.Checks == nil {
		return nil, errors.New("a verifier needs a network and checks")
	}
	known, err := newCanaries(o.Canaries)
	if err != nil {
		return nil, err
	}
	for _, pattern := range o.AllowHosts {
		if _, err := netip.ParsePrefix(pattern); err == nil {
			continue
		}
		if rest := strings.TrimPrefix(pattern, "*."); rest == "" || strings.ContainsAny(rest, "*/@ ") {
			return nil, fmt.Errorf("%q cannot be allowed: expected a host, for example \"db.corp.example\" or \"*.corp.example\"", pattern)
		}
	}
	o.Rate = cmp.Or(o.Rate, 10)
	o.PerHost = cmp.Or(o.PerHost, 4)
	o.Concurrency = cmp.Or(o.Concurrency, 256)
	o.Timeout = cmp.Or(o.Timeout, 15*time.Second)
	o.Deadline = cmp.Or(o.Deadline, 10*time.Minute)
	if o.Now == nil {
		o.Now = time.Now
	}
	v := &Verifier{
		o: o, canaries: known, skip: map[string]bool{}, slots: make(chan struct{}, o.Concurrency),
		audit: auditLog{w: o.Audit}, lanes: map[string]*lane{}, flights: map[question]*flight{}, signed: map[string]question{},
	}
	for _, name := range o.Skip {
		v.skip[strings.ToLower(name)] = true
	}
	return v, nil
}

// Named returns Options.Checks out of the check that sends requests, and the checks in Go by name.
func Named(declared Check, typed map[string]Check) func(*rules.Rule) Check {
	return func(r *rules.Rule) Check {
		if r.Verify.Check == "" {
			return declared
		}
		return typed[r.Verify.Check]
	}
}

// Verify returns the results by fingerprint, one for each candidate. It asks until the deadline; what it could not ask
// until then is unknown. An error says that the audit log or the cache could not be written; the results count all the
// same.
func (v *Verifier) Verify(ctx context.Context, candidates []Candidate) (map[string]verdict.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, v.o.Deadline)
	defer cancel()
	r := run{verifier: v, queues: map[*lane]*queue{}, results: map[string]verdict.Result{}}
	order := slices.Clone(candidates) // what may still be in use first
	slices.SortStableFunc(order, func(x, y Candidate) int { return boolean(y.InHead) - boolean(x.InHead) })
	var jobs []*job
	for i := range order {
		c := &order[i]
		d := v.decide(c, v.claim)
		if len(d.asks) == 0 {
			r.results[c.Fingerprint] = d.settled
			continue
		}
		jobs = append(jobs, &job{candidate: c, asks: d.asks})
	}
	for _, j := range jobs {
		r.submit(ctx, j)
	}
	r.workers.Wait()
	adopt(r.results, jobs, order)
	err := v.audit.failed()
	if v.o.Cache != nil {
		err = errors.Join(err, v.o.Cache.Save())
	}
	return r.results, err
}

// adopt gives a finding that has no check of its own, and was a part of what lives, the verdict of that.
func adopt(results map[string]verdict.Result, jobs []*job, candidates []Candidate) {
	lives := map[string]verdict.Result{}
	for _, j := range jobs {
		result := results[j.candidate.Fingerprint]
		if result.Verdict != verdict.Active && result.Verdict != verdict.Forbidden {
			continue
		}
		for _, fingerprint := range j.asks[min(j.next, len(j.asks)-1)].With {
			if old, ok := lives[fingerprint]; !ok || result.Verdict.Rank() < old.Verdict.Rank() {
				lives[fingerprint] = result
			}
		}
	}
	for i := range candidates {
		c := &candidates[i]
		if result, ok := lives[c.Fingerprint]; ok && c.Rule.Verify == nil {
			results[c.Fingerprint] = result
		}
	}
}

// Living returns the attempt with which Verify found a candidate active; nil if it did not.
func (v *Verifier) Living(c *Candidate) *Attempt {
	if a := v.living(c); a != nil {
		return a.Attempt
	}
	return nil
}

func (v *Verifier) living(c *Candidate) *ask {
	for _, a := range v.decide(c, v.claim).asks {
		v.mu.Lock()
		f := v.flights[a.question]
		v.mu.Unlock()
		if f == nil {
			continue
		}
		select {
		case <-f.done:
			if f.final && f.result.Verdict == verdict.Active {
				return a
			}
		default:
		}
	}
	return nil
}

// Again asks about what Verify found active once more, whatever is known or kept, as after a revocation. Its error is that of
// Verify.
func (v *Verifier) Again(ctx context.Context, c *Candidate) (verdict.Result, error) {
	a := v.living(c)
	if a == nil {
		return unknown("it was not found alive before"), nil
	}
	ctx, cancel := context.WithTimeout(ctx, v.o.Deadline)
	defer cancel()
	result := v.tries(ctx, v.lane(a), a)
	err := v.audit.failed()
	if v.o.Cache != nil {
		v.o.Cache.Put(a.question[:], result)
		err = errors.Join(err, v.o.Cache.Save())
	}
	return result, err
}

// Plan says what Verify would do. It sends nothing and resolves no name.
type Plan struct {
	Hosts []PlannedHost // in order of host
	Rest  []Settled     // what is not asked about, the most urgent verdict first
}

// PlannedHost is a host that would be contacted.
type PlannedHost struct {
	Host  string // host:port
	Rules []PlannedRule
}

// PlannedRule is how many credentials of a rule may go to a host.
type PlannedRule struct {
	Rule        string
	Credentials int
}

// Settled is how many credentials of a rule get a verdict without a packet.
type Settled struct {
	Rule        string
	Verdict     verdict.Verdict
	Reason      string
	Credentials int
}

// Plan returns the plan for candidates.
func (v *Verifier) Plan(candidates []Candidate) Plan {
	hosts := map[string]map[string]int{}
	rest := map[Settled]int{}
	logins := map[string]question{}
	for i := range candidates {
		c := &candidates[i]
		d := v.decide(c, func(principal string, q question) bool {
			if first, ok := logins[principal]; ok {
				return first == q
			}
			logins[principal] = q
			return true
		})
		if len(d.asks) == 0 {
			rest[Settled{Rule: c.Rule.ID, Verdict: d.settled.Verdict, Reason: d.settled.Reason}]++
			continue
		}
		seen := map[string]bool{}
		for _, a := range d.asks {
			for _, target := range a.targets {
				if seen[target.Host] {
					continue
				}
				seen[target.Host] = true
				if hosts[target.Host] == nil {
					hosts[target.Host] = map[string]int{}
				}
				hosts[target.Host][c.Rule.ID]++
			}
		}
	}
	var p Plan
	for _, host := range slices.Sorted(maps.Keys(hosts)) {
		planned := PlannedHost{Host: host}
		for _, id := range slices.Sorted(maps.Keys(hosts[host])) {
			planned.Rules = append(planned.Rules, PlannedRule{id, hosts[host][id]})
		}
		p.Hosts = append(p.Hosts, planned)
	}
	for s, n := range rest {
		s.Credentials = n
		p.Rest = append(p.Rest, s)
	}
	slices.SortFunc(p.Rest, func(x, y Settled) int {
		return cmp.Or(cmp.Compare(x.Verdict.Rank(), y.Verdict.Rank()), cmp.Compare(x.Rule, y.Rule), cmp.Compare(x.Reason, y.Reason))
	})
	return p
}

// decision is what becomes of a candidate: asks in order, or a verdict without any.
type decision struct {
	settled verdict.Result
	asks    []*ask
}

// ask is an attempt that may be made.
type ask struct {
	*Attempt
	check    Check
	targets  []Target // one at least
	question question
	signsIn  bool
	// elsewhere is why a no of the issuer is none, as another instance may know the credential; "" if it is one.
	elsewhere string
}

func settled(v verdict.Verdict, reason string) decision {
	return decision{settled: verdict.Result{Verdict: v, Reason: reason}}
}

// decide applies the policy. Claim is asked whether a principal may be signed in for a question.
func (v *Verifier) decide(c *Candidate, claim func(principal string, q question) bool) decision {
	check := c.Rule.Verify
	switch {
	case c.Secret == "":
		return settled(verdict.NotCheckable, "the finding is a file")
	case v.expired(c):
		d := settled(verdict.Inactive, "expired on "+v.expiry(c).Format(time.DateOnly))
		d.settled.Expires = v.expiry(c)
		return d
	case check != nil && v.o.Distrusts != nil && v.o.Distrusts(c.Rule):
		return settled(verdict.Skipped, "rules of the scanned repository do not decide whom to ask")
	case v.skip[strings.ToLower(c.Rule.ID)] || v.skip[strings.ToLower(c.Rule.Provider)]:
		return settled(verdict.Skipped, "on your list to skip")
	}
	if why := v.canaries.why(c); why != "" {
		return settled(verdict.Skipped, why)
	}
	switch {
	case check == nil && (c.Proof.Status == proof.Valid || c.Proof.Status == proof.Expired):
		d := settled(verdict.ProvedOffline, cmp.Or(c.Missing, "no check"))
		d.settled.Expires = v.expiry(c)
		return d
	case check == nil || c.Missing != "":
		return settled(verdict.NotCheckable, cmp.Or(c.Missing, "no check"))
	case check.SideEffects == rules.Write:
		return settled(verdict.Skipped, "to ask would change something at the issuer")
	}
	asker := v.o.Checks(c.Rule)
	switch {
	case asker == nil:
		return settled(verdict.NotCheckable, "this program has no check named "+check.Check)
	case check.SideEffects != rules.Login:
		return v.targets(c, asker, nil)
	case v.o.AllowLogins:
		return v.targets(c, asker, claim)
	}
	return v.withoutLogin(c, asker)
}

// withoutLogin decides about a candidate whose check signs in, where that is not allowed.
func (v *Verifier) withoutLogin(c *Candidate, check Check) decision {
	rest := settled(verdict.Skipped, "to ask is to sign in, which is not allowed")
	q, ok := check.(Quieter)
	if !ok {
		return rest
	}
	d := v.targets(c, q.WithoutLogin(), nil)
	needs := slices.ContainsFunc(c.Attempts, func(a Attempt) bool { // no more than a login
		_, err := check.Targets(&a.Credential)
		return err == nil
	})
	if len(d.asks) == 0 && d.settled.Verdict == verdict.NotCheckable && needs {
		return rest
	}
	return d
}

// targets looks where the attempts of a candidate would go, and keeps those that may. Claim is nil if the check signs nobody
// in.
func (v *Verifier) targets(c *Candidate, check Check, claim func(string, question) bool) decision {
	rest := settled(verdict.NotCheckable, "no check")
	var asks []*ask
	for i := range c.Attempts {
		a := &ask{Attempt: &c.Attempts[i], check: check, signsIn: claim != nil}
		var err error
		a.targets, err = check.Targets(&a.Credential)
		if err != nil {
			rest = settled(verdict.NotCheckable, err.Error())
			continue
		}
		if len(a.targets) == 0 { // what answers by itself waits for nobody
			answer := check.Ask(guard.Scope(context.Background()), v.o.Network, &a.Credential)
			return decision{settled: answer.Result}
		}
		if reason := v.refusal(a.targets); reason != "" {
			rest = settled(verdict.Skipped, reason)
			continue
		}
		a.question = questionOf(a)
		if i, ok := check.(Instanced); ok {
			a.elsewhere = i.Elsewhere(&a.Credential, c.Nearby)
		}
		if claim != nil {
			if !claim(principal(a), a.question) {
				return settled(verdict.Skipped, "another password of the same login was tried")
			}
			return decision{asks: []*ask{a}}
		}
		asks = append(asks, a)
	}
	if len(asks) == 0 {
		return rest
	}
	return decision{asks: asks}
}

// refusal says why a host is not contacted; "" if all may be.
func (v *Verifier) refusal(targets []Target) string {
	for _, t := range targets {
		if v.canaries.host(t.Host) {
			return "canary: the host is one of bait"
		}
		if !t.Named && !slices.ContainsFunc(v.o.AllowHosts, func(pattern string) bool { return fits(pattern, t.Host) }) {
			return "neither the rule nor you name the host"
		}
	}
	return ""
}

// fits reports whether an address (host:port) is one that a pattern of Options.AllowHosts names.
func fits(pattern, address string) bool {
	pattern, address = strings.ToLower(pattern), strings.ToLower(address)
	host := hostOf(address)
	if network, err := netip.ParsePrefix(pattern); err == nil {
		a, err := netip.ParseAddr(host)
		return err == nil && network.Contains(a.Unmap())
	}
	if suffix, ok := strings.CutPrefix(pattern, "*"); ok {
		return strings.HasSuffix(host, suffix) || strings.HasSuffix(address, suffix) && strings.Contains(suffix, ":")
	}
	return pattern == host || pattern == address
}

func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}

// claim reports whether a principal may be signed in for a question: the first one only.
func (v *Verifier) claim(principal string, q question) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if first, ok := v.signed[principal]; ok {
		return first == q
	}
	v.signed[principal] = q
	return true
}

// principal names whom an attempt would sign in, and where.
func principal(a *ask) string {
	who := ""
	if p, ok := a.check.(Principaler); ok {
		who = p.Principal(&a.Credential)
	} else {
		for _, name := range slices.Sorted(maps.Keys(a.Parts)) {
			who += "\x00" + a.Parts[name]
		}
	}
	return a.targets[0].Host + "\x00" + who
}

// expiry returns when a credential ends by what it says itself; zero: it does not say.
func (v *Verifier) expiry(c *Candidate) time.Time {
	at, err := time.Parse(time.RFC3339, c.Proof.Fact("expires"))
	if err != nil {
		return time.Time{}
	}
	return at
}

// expired reports whether whoever takes a credential takes it no longer, by what it says itself. The date of a certificate or
// an OpenPGP key is another matter: the private key still decrypts and signs, and may have a new date.
func (v *Verifier) expired(c *Candidate) bool {
	if c.Rule.Identity == rules.PrivateKey || c.Rule.Identity == rules.Certificate {
		return false
	}
	at := v.expiry(c)
	return c.Proof.Status != proof.Invalid && !at.IsZero() && !v.o.Now().Before(at)
}
