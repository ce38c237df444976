package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/spf13/pflag"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/report"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/repo"
	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/cache"
	"github.com/straykey/straykey/verify/declared"
	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/typed"
	"github.com/straykey/straykey/verify/verdict"
)

// askFlags say how issuers are asked, in all commands that do.
type askFlags struct {
	plan      bool
	logins    bool
	hosts     []string
	skip      []string
	endpoints []string
	timeout   time.Duration
	deadline  time.Duration
	cache     string
	audit     string
	canaries  string
	proxy     string
	caFile    string
}

// askHelp is what the help of these commands says about it.
const askHelp = `A credential goes to the host that its rule names and to no other, over TLS, and along
no redirect; never to a private address, nor to a host taken from the scanned text, unless
--verify-hosts allows it. Nothing is changed at the issuer, and nobody is signed in without
--verify-logins. Variables that name a proxy do not count; --proxy does.`

func (f *askFlags) add(fl *pflag.FlagSet) {
	fl.BoolVar(&f.plan, "egress-plan", false, "print which hosts would be asked about what, and ask nobody")
	fl.BoolVar(&f.logins, "verify-logins", false, "also sign in, once as each user: databases, mail, LDAP, SSH")
	fl.StringArrayVar(&f.hosts, "verify-hosts", nil, "also ask `HOST`: a name or an address, private or not; a network such as 10.0.0.0/8; or *.acme.com, what is below a name, at public addresses (repeatable)")
	fl.StringSliceVar(&f.skip, "verify-skip", nil, "do not ask about credentials of this `RULE` or provider (repeatable)")
	fl.StringArrayVar(&f.endpoints, "verify-endpoint", nil, "ask a self-hosted instance, as `NAME=URL`: github=https://ghe.acme.com/api/v3; also ssh=USER@HOST, tls=HOST:PORT, jwt=ISSUER[,KEYS], kubernetes=URL (repeatable)")
	fl.DurationVar(&f.timeout, "verify-timeout", 15*time.Second, "the longest that one request may take")
	fl.DurationVar(&f.deadline, "verify-deadline", 10*time.Minute, "the longest that asking may take in all")
	fl.StringVar(&f.cache, "verify-cache", "", "keep verdicts in `FILE` for the next run; it holds no secret")
	fl.StringVar(&f.audit, "audit-log", "", "append a line for each request to `FILE`, without secrets")
	fl.StringVar(&f.canaries, "canaries", "", "ask nobody about what `FILE` lists, one a line: fingerprints, account numbers, hosts, or how secrets begin")
	fl.StringVar(&f.proxy, "proxy", "", "go through the HTTP proxy at `URL`")
	fl.StringVar(&f.caFile, "ca-file", "", "trust the certificates in `FILE` (PEM) too")
}

// checkAsking refuses what says how to ask where nobody is asked.
func (f *scanFlags) checkAsking(fl *pflag.FlagSet) error {
	if f.ask.plan {
		f.verify = true
	}
	if err := checkFailOn(f.failOn); err != nil || f.verify {
		return err
	}
	only := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(askFlags).add(only)
	addFailOn(only, new(string), "")
	var given string
	only.VisitAll(func(flag *pflag.Flag) {
		if fl.Changed(flag.Name) {
			given = flag.Name
		}
	})
	if given != "" {
		return usageError("--%s says how to ask issuers, and they are asked with --verify only, for example: straykey scan --verify --fail-on active", given)
	}
	return nil
}

// checkPlan refuses what an egress plan is not: a report, in a file.
func (f *askFlags) checkPlan(format, files string) error {
	switch {
	case !f.plan:
	case format != "text" && format != "json":
		return usageError("--egress-plan is text or json, for example: straykey scan --egress-plan --format json")
	case files != "":
		return usageError("--egress-plan writes to standard output and no report, for example: straykey scan --egress-plan > plan.txt")
	}
	return nil
}

// addFailOn adds --fail-on.
func addFailOn(fl *pflag.FlagSet, word *string, value string) {
	fl.StringVar(word, "fail-on", value, "which verdicts count as findings: active (and forbidden-but-valid), unknown (all but inactive) or any")
}

func (g *givenFlags) add(fl *pflag.FlagSet) {
	fl.StringArrayVar(&g.env, "env", nil, "take the credential, or an id that belongs to it, from the variable `NAME` (repeatable)")
	fl.StringVar(&g.rule, "rule", "", "take the whole of standard input, or of the first variable, for a credential of this `RULE`")
	addScanFlags(fl, &g.scan, func(flag string) bool { return slices.Contains(ruleFlags, flag) })
	g.scan.given = fl // a configuration also says how to ask
}

// asker asks issuers as the flags say.
type asker struct {
	verifier *verify.Verifier
	network  *guard.Network
	declared *declared.Check
	audit    *os.File // nil: nothing is logged
	notes    []string
	given    string          // all that was given to ask about; empty: findings stand in files
	origins  func() []string // URLs that the scanned repositories were cloned from
	// certificates are those of private keys that stand elsewhere, by the hash of the public key.
	certificates map[string]string
}

// aroundToAsk is how many bytes on either side of a secret are looked through for what its issuer wants to know beside
// it: the hosts of a configuration, the certificate of a key.
const aroundToAsk = 4 << 10

// maxGiven bounds what is looked through as a whole, in bytes.
const maxGiven = 64 << 10

// candidates returns what is asked about findings. All that was given on purpose belongs together, however many lines lie
// between. Where a repository was cloned from says of which instance the tokens in it are. A private key may have its
// certificate in another file.
func (a *asker) candidates(findings []correlate.Finding) []verify.Candidate {
	out := a.placed(findings)
	for i := range out {
		out[i].Nearby = append(out[i].Nearby, a.origins()...)
		if pem := a.certificates[keyOf(out[i].Rule, out[i].Proof.Fact)]; pem != "" {
			for k := range out[i].Attempts {
				out[i].Attempts[k].Parts[certificatePart] = pem
			}
		}
	}
	return out
}

func (a *asker) placed(findings []correlate.Finding) []verify.Candidate {
	if a.given == "" || len(a.given) > maxGiven {
		return verify.Candidates(findings)
	}
	lines := strings.Split(a.given, "\n")
	whole := slices.Clone(findings)
	for i := range whole {
		places := slices.Clone(whole[i].Occurrences)
		for k := range places {
			places[k].Frame.FirstLine, places[k].Frame.Lines = 1, lines
		}
		whole[i].Occurrences = places
	}
	return verify.Candidates(whole)
}

// asker makes ready for asking. Rule files that lie within what is scanned do not decide whom to ask.
func (f *askFlags) asker(env *environment, targets ...string) (*asker, error) {
	roots, err := f.roots()
	if err != nil {
		return nil, err
	}
	endpoints, err := f.endpointsByName()
	if err != nil {
		return nil, err
	}
	allow, names := f.allowed(endpoints)
	network := guard.Options{Allow: allow, RootCAs: roots, Version: version(), Timeout: f.timeout, Resolve: env.resolve, Connect: env.connect}
	if f.proxy != "" {
		if network.Proxy, err = url.Parse(f.proxy); err != nil {
			return nil, usageError("--proxy is a URL such as http://proxy.acme.com:3128")
		}
	}
	repos := sync.OnceValue(func() []*repo.Repo { return scannedRepos(targets) })
	a := &asker{origins: func() []string { return originsOf(repos()) }}
	if a.network, err = guard.New(network); err != nil {
		return nil, usageError("%w", err)
	}
	public := maps.Clone(endpoints)
	for _, own := range typedEndpoints {
		delete(public, own)
	}
	if a.declared, err = declared.New(first(public)); err != nil {
		return nil, usageError("--verify-endpoint: %w", err)
	}
	checks := typed.Checks(typed.Config{
		SSHHosts: endpoints["ssh"], TLSHosts: endpoints["tls"], Issuers: keySets(endpoints["jwt"]), Kubernetes: endpoints["kubernetes"],
		LookupSRV: lookupSRV,
	})
	o := verify.Options{
		Network: a.network, Checks: verify.Named(a.declared, checks),
		AllowLogins: f.logins, Skip: f.skip, AllowHosts: names, Distrusts: distrusts(targets, repos),
		Timeout: f.timeout, Deadline: f.deadline,
	}
	if o.Canaries, err = readLines(f.canaries); err != nil {
		return nil, usageError("--canaries: %w", err)
	}
	if f.cache != "" {
		var note string
		key := []byte(env.getenv(fingerprintKey))
		if len(key) == 0 {
			key = nil
		}
		if o.Cache, note, err = cache.Open(f.cache, cache.Options{Key: key, Version: f.asked()}); err != nil {
			return nil, usageError("--verify-cache: %w", err)
		}
		if note != "" {
			a.notes = append(a.notes, note)
		}
	}
	if f.audit != "" {
		if a.audit, err = report.Append(f.audit); err != nil {
			return nil, usageError("--audit-log: cannot write %s: %w", f.audit, cause(err))
		}
		o.Audit = a.audit
	}
	if a.verifier, err = verify.New(o); err != nil {
		a.close()
		return nil, usageError("%w", err)
	}
	return a, nil
}

// asked names what decides beside the rules how issuers are asked, so that a kept verdict counts only where it would be asked
// for in the same way: the program, and the endpoints with their paths and users.
func (f *askFlags) asked() string {
	return strings.Join(append([]string{version()}, slices.Sorted(slices.Values(f.endpoints))...), "\n")
}

// close ends connections and the audit log.
func (a *asker) close() {
	a.network.Close()
	if a.audit != nil {
		a.audit.Close()
	}
}

// ask puts into a report what issuers say of its findings. If ctx ends meanwhile, the report says that it is incomplete. An
// error says that the audit log or the cache could not be written; the report counts all the same.
func (a *asker) ask(ctx context.Context, r *report.Report) error {
	var err error
	r.Run.Notes = append(r.Run.Notes, a.notes...)
	r.Verdicts, err = a.verifier.Verify(ctx, a.candidates(r.Findings))
	if ctx.Err() != nil {
		p := source.Problem{Reason: source.Cancelled, What: "verification", Detail: "interrupted"}
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			p.Detail = "the time limit (--timeout) was reached"
		}
		r.Coverage.Problem(p)
	}
	return err
}

// revocation is a credential that lives, with all that its issuer needs to revoke it.
type revocation struct {
	finding    *correlate.Finding
	candidate  *verify.Candidate
	credential verify.Credential
	entry      declared.Entry // what the issuer's list says of it, where there is one
}

// revocation makes ready to revoke a credential that was asked about, with the ids and at the host with which it was found
// alive, and the parts that were given. If the issuer keeps it under an id that several entries of its list may have, it
// returns these.
func (a *asker) revocation(ctx context.Context, findings []correlate.Finding, f *correlate.Finding, with map[string]string) (*revocation, []declared.Entry, error) {
	candidates := a.candidates(findings)
	i := slices.IndexFunc(candidates, func(c verify.Candidate) bool { return c.Fingerprint == f.Fingerprint })
	attempt := a.verifier.Living(&candidates[i])
	if attempt == nil {
		return nil, nil, errors.New("what the issuer needs beside it is not known")
	}
	r := &revocation{finding: f, candidate: &candidates[i], credential: attempt.Credential}
	r.credential.Parts = verify.Complete(&attempt.Credential, f.Rule.Revoke.Parts)
	maps.Copy(r.credential.Parts, with)
	if f.Rule.Revoke.Lookup == nil || r.credential.Parts[rules.IDPart] != "" {
		r.entry.ID = with[rules.IDPart]
		return r, nil, nil
	}
	targets, err := a.declared.LookupTargets(&r.credential)
	if err != nil {
		return nil, nil, err
	}
	entries, err := a.declared.Lookup(ctx, a.network, &r.credential)
	err = errors.Join(err, a.logAction("look up", f, targets[0].Host, err == nil))
	if err != nil || len(entries) > 1 {
		return nil, entries, err
	}
	r.entry = entries[0]
	r.credential.Parts[rules.IDPart] = r.entry.ID
	return r, nil, nil
}

// revoke has the issuer revoke a credential.
func (a *asker) revoke(ctx context.Context, r *revocation) error {
	targets, err := a.declared.RevokeTargets(&r.credential)
	if err != nil {
		return err
	}
	err = a.declared.Revoke(ctx, a.network, &r.credential)
	return errors.Join(err, a.logAction("revoke", r.finding, targets[0].Host, err == nil))
}

// untilGone are the pauses before an issuer is asked whether what it revoked is gone. Some take a while.
var untilGone = []time.Duration{0, time.Second, 3 * time.Second}

// gone asks whether a credential still lives that was revoked.
func (a *asker) gone(ctx context.Context, r *revocation) (result verdict.Result, err error) {
	for _, pause := range untilGone {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return result, ctx.Err()
		}
		result, err = a.verifier.Again(ctx, r.candidate)
		if err != nil || result.Verdict != verdict.Active {
			break
		}
	}
	return result, err
}

// logAction appends a line to the audit log, for a request that is no check.
func (a *asker) logAction(action string, f *correlate.Finding, host string, done bool) error {
	if a.audit == nil {
		return nil
	}
	line, err := json.Marshal(struct {
		Time        time.Time `json:"time"`
		Fingerprint string    `json:"fingerprint"`
		Rule        string    `json:"rule"`
		Host        string    `json:"host"`
		Action      string    `json:"action"`
		Done        bool      `json:"done"`
	}{time.Now().UTC(), f.Fingerprint, f.Rule.ID, host, action, done})
	if err == nil {
		_, err = a.audit.Write(append(line, '\n'))
	}
	if err != nil {
		return fmt.Errorf("write the audit log: %w", err)
	}
	return nil
}

// writePlan prints whom the asker would ask about what.
func (a *asker) writePlan(w io.Writer, format string, findings []correlate.Finding) error {
	plan := a.verifier.Plan(a.candidates(findings))
	if format == "json" {
		return writeJSON(w, newJSONPlan(plan))
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	hosts, credentials := 0, 0
	for _, h := range plan.Hosts {
		hosts++
		for _, r := range h.Rules {
			credentials += r.Credentials
			fmt.Fprintf(t, "ask\t%s\t%s\t%d\n", report.Escape(h.Host), r.Rule, r.Credentials)
		}
	}
	for _, s := range plan.Rest {
		fmt.Fprintf(t, "%s\t-\t%s\t%d\t%s\n", s.Verdict, s.Rule, s.Credentials, report.Escape(s.Reason))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s would be asked about %s; nobody was.\n", count(hosts, "host"), count(credentials, "credential"))
	return err
}

// jsonPlan is an egress plan as JSON.
type jsonPlan struct {
	Hosts []jsonPlannedHost `json:"hosts"`
	Rest  []jsonSettled     `json:"rest"`
}

type jsonPlannedHost struct {
	Host        string         `json:"host"`
	Credentials map[string]int `json:"credentials"` // by rule
}

type jsonSettled struct {
	Rule        string          `json:"rule"`
	Verdict     verdict.Verdict `json:"verdict"`
	Reason      string          `json:"reason,omitempty"`
	Credentials int             `json:"credentials"`
}

func newJSONPlan(p verify.Plan) jsonPlan {
	out := jsonPlan{Hosts: []jsonPlannedHost{}, Rest: []jsonSettled{}}
	for _, h := range p.Hosts {
		one := jsonPlannedHost{Host: h.Host, Credentials: map[string]int{}}
		for _, r := range h.Rules {
			one.Credentials[r.Rule] = r.Credentials
		}
		out.Hosts = append(out.Hosts, one)
	}
	for _, s := range p.Rest {
		out.Rest = append(out.Rest, jsonSettled{s.Rule, s.Verdict, s.Reason, s.Credentials})
	}
	return out
}

// typedEndpoints are the names of endpoints for the checks in Go: accounts that private keys are tried at
// (user@host:port), servers that may serve a certificate, issuers of tokens, API servers of Kubernetes. Each may be
// given several times.
var typedEndpoints = []string{"ssh", "tls", "jwt", "kubernetes"}

// endpointsByName reads --verify-endpoint.
func (f *askFlags) endpointsByName() (map[string][]string, error) {
	out := map[string][]string{}
	for _, e := range f.endpoints {
		name, address, ok := strings.Cut(e, "=")
		if !ok || name == "" || address == "" {
			return nil, usageError("--verify-endpoint is NAME=URL, for example: straykey scan --verify --verify-endpoint github=https://ghe.acme.com/api/v3")
		}
		if len(out[name]) > 0 && !slices.Contains(typedEndpoints, name) {
			return nil, usageError("--verify-endpoint: %s is given twice; a provider has one address", name)
		}
		out[name] = append(out[name], address)
	}
	return out, nil
}

// allowed returns what the network may contact though it is not public, and the hosts that are asked though only the
// scanned text names them. Whoever gives an endpoint means it, wherever it is.
func (f *askFlags) allowed(endpoints map[string][]string) (network, hosts []string) {
	for _, h := range f.hosts {
		host := h
		if name, _, err := net.SplitHostPort(h); err == nil {
			host = name
		}
		hosts = append(hosts, h)
		if !strings.Contains(h, "*") {
			network = append(network, host)
		}
	}
	for _, addresses := range endpoints {
		for _, address := range addresses {
			if host := endpointHost(address); host != "" {
				network = append(network, host)
			}
		}
	}
	return network, hosts
}

// endpointHost returns the host of https://host/…, user@host:port, host:port and host.
func endpointHost(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Hostname()
	}
	if _, after, ok := strings.Cut(address, "@"); ok {
		address = after
	}
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}

// keySets reads the issuers of JSON Web Tokens: ISSUER, or ISSUER,ADDRESS of its key set.
func keySets(list []string) map[string]string {
	out := map[string]string{}
	for _, one := range list {
		issuer, address, _ := strings.Cut(one, ",")
		out[issuer] = address
	}
	return out
}

// first returns the first address of each name.
func first(endpoints map[string][]string) map[string]string {
	out := map[string]string{}
	for name, addresses := range endpoints {
		out[name] = addresses[0]
	}
	return out
}

// roots returns the authorities of the system with those of --ca-file; nil: those of the system alone.
func (f *askFlags) roots() (*x509.CertPool, error) {
	if f.caFile == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(f.caFile)
	if err != nil {
		return nil, usageError("--ca-file: cannot read %s: %w", f.caFile, cause(err))
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, usageError("--ca-file: no certificate in %s; expected PEM", f.caFile)
	}
	return pool, nil
}

// distrusts tells which rules do not decide whom to ask: those of files that lie within what is scanned, or in the
// repository that it is a part of. The catalogue's own have no lines.
func distrusts(targets []string, repos func() []*repo.Repo) func(*rules.Rule) bool {
	scanned := sync.OnceValue(func() []string { return scannedRoots(targets, repos()) })
	within := map[string]bool{}
	return func(r *rules.Rule) bool {
		if r.Source.Line == 0 {
			return false
		}
		known, ok := within[r.Source.File]
		if !ok {
			known = slices.ContainsFunc(scanned(), func(root string) bool { return isWithin(absolute(r.Source.File), root) })
			within[r.Source.File] = known
		}
		return known
	}
}

// scannedRepos returns the repositories that targets are, or are in.
func scannedRepos(targets []string) []*repo.Repo {
	var out []*repo.Repo
	for _, target := range targets {
		if target == "-" {
			continue
		}
		dir := target
		if info, err := os.Stat(target); err == nil && !info.IsDir() {
			dir = filepath.Dir(target)
		}
		if r, err := repo.Open(dir); err == nil { // else in none, or in one that nothing is read from
			out = append(out, r)
		}
	}
	return out
}

// scannedRoots returns the targets, and the directories of the repositories around them.
func scannedRoots(targets []string, repos []*repo.Repo) []string {
	var out []string
	for _, target := range targets {
		if target != "-" {
			out = append(out, absolute(target))
		}
	}
	for _, r := range repos {
		out = append(out, r.GitDir, r.CommonDir)
		if r.WorkTree != "" {
			out = append(out, r.WorkTree)
		}
	}
	return out
}

func originsOf(repos []*repo.Repo) []string {
	var out []string
	for _, r := range repos {
		if r.Origin != "" {
			out = append(out, r.Origin)
		}
	}
	return out
}

// absolute is filepath.Abs, and the path as it is where the current directory is not known.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// readLines reads a list, without comments (#) and empty lines.
func readLines(name string) ([]string, error) {
	if name == "" {
		return nil, nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", name, cause(err))
	}
	var out []string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			out = append(out, line)
		}
	}
	return out, nil
}

func lookupSRV(ctx context.Context, name string) ([]*net.SRV, error) {
	_, all, err := net.DefaultResolver.LookupSRV(ctx, "", "", name)
	return all, err
}
