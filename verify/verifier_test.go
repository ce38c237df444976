package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/straykey/straykey/detect/proof"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/verify/cache"
	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/verdict"
)

// simulator is a check whose issuer is a function.
type simulator struct {
	answer func(c *Credential) Answer
	// latency of an answer; the issuer answers in time unless the context ends.
	latency time.Duration
	target  func(c *Credential) ([]Target, error) // nil: api.example.com:443

	mu    sync.Mutex
	asked []string // secret and parts, in order
	when  []time.Time
	now   int
	most  int // at one time
}

func (s *simulator) Targets(c *Credential) ([]Target, error) {
	if s.target != nil {
		return s.target(c)
	}
	return []Target{{Host: "api.example.com:443", Named: true}}, nil
}

func (s *simulator) Ask(ctx context.Context, _ *guard.Network, c *Credential) Answer {
	s.mu.Lock()
	key := c.Secret
	for _, name := range []string{"id", "region"} {
		if c.Parts[name] != "" {
			key += " " + c.Parts[name]
		}
	}
	s.asked, s.when = append(s.asked, key), append(s.when, time.Now())
	s.now++
	s.most = max(s.most, s.now)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.now--
		s.mu.Unlock()
	}()
	if !sleep(ctx, s.latency) {
		return Answer{Result: unknown("timed out"), Temporary: true}
	}
	return s.answer(c)
}

func says(v verdict.Verdict) Answer { return Answer{Result: verdict.Result{Verdict: v}} }

func constant(v verdict.Verdict) *simulator {
	return &simulator{answer: func(*Credential) Answer { return says(v) }}
}

// noNetwork fails the test if anything is sent.
func noNetwork(t *testing.T) *guard.Network {
	t.Helper()
	n, err := guard.New(guard.Options{
		Resolve: func(context.Context, string) ([]netip.Addr, error) {
			t.Error("a name was resolved")
			return nil, errors.New("no network")
		},
		Connect: func(context.Context, netip.AddrPort) (net.Conn, error) {
			t.Error("something was dialled")
			return nil, errors.New("no network")
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func verifier(t *testing.T, s Check, o Options) *Verifier {
	t.Helper()
	o.Network = noNetwork(t)
	o.Checks = func(*rules.Rule) Check { return s }
	v, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func verified(t *testing.T, v *Verifier, candidates ...Candidate) map[string]verdict.Result {
	t.Helper()
	results, err := v.Verify(t.Context(), candidates)
	if err != nil {
		t.Error(err)
	}
	return results
}

// candidate is one of a rule, with an attempt for each id.
func candidate(r *rules.Rule, secret string, ids ...string) Candidate {
	c := Candidate{Rule: r, Fingerprint: "sk1:" + secret, Secret: secret}
	for i := range max(1, len(ids)) {
		a := Attempt{Near: true, Credential: Credential{Rule: r, Fingerprint: c.Fingerprint, Secret: secret, Parts: map[string]string{}}}
		if len(ids) > 0 {
			id, far := strings.CutSuffix(ids[i], "?")
			a.Parts["id"], a.Near, a.With = id, !far, []string{"sk1:" + id}
		}
		c.Attempts = append(c.Attempts, a)
	}
	return c
}

var acme = &rules.Rule{ID: "acme-token", Provider: "Acme", Verify: &rules.Verify{Rate: 1000}}

func summary(r verdict.Result) string {
	return strings.TrimSuffix(string(r.Verdict)+": "+r.Reason, ": ")
}

func TestPolicy(t *testing.T) {
	login := &rules.Rule{ID: "db", Verify: &rules.Verify{SideEffects: rules.Login, Check: "db"}}
	write := &rules.Rule{ID: "hook", Verify: &rules.Verify{SideEffects: rules.Write}}
	unchecked := &rules.Rule{ID: "plain"}
	key := &rules.Rule{ID: "pgp", Identity: rules.PrivateKey} // it decrypts on, and its holder can give it another date
	foreign := &rules.Rule{ID: "theirs", Verify: &rules.Verify{}, Source: rules.Position{File: ".straykey.toml"}}
	proved := func(r *rules.Rule, status proof.Status, facts ...proof.Fact) Candidate {
		c := candidate(r, "s")
		c.Proof = proof.Result{Status: status, Facts: facts}
		return c
	}
	// A key id of the account of canarytokens.org, made up at run time: its digits carry the account alone.
	bait := baitKey(t, "534261010715")
	tests := []struct {
		name string
		c    Candidate
		o    Options
		want string
		asks int
	}{
		{"asked", candidate(acme, "s"), Options{}, "active", 1},
		{"no check", candidate(unchecked, "s"), Options{}, "not-checkable: no check", 0},
		{"file", Candidate{Rule: acme}, Options{}, "not-checkable: the finding is a file", 0},
		{"proved", proved(unchecked, proof.Valid), Options{}, "proved-offline: no check", 0},
		{"proved and asked", proved(acme, proof.Valid), Options{}, "active", 1},
		{"expired", proved(acme, proof.Expired, proof.Fact{Name: "expires", Value: "2020-02-03T04:05:06Z"}), Options{}, "inactive: expired on 2020-02-03", 0},
		{"expired since", proved(acme, proof.Unknown, proof.Fact{Name: "expires", Value: "2020-02-03T04:05:06Z"}), Options{}, "inactive: expired on 2020-02-03", 0},
		{"key past its date", proved(key, proof.Expired, proof.Fact{Name: "expires", Value: "2020-02-03T04:05:06Z"}), Options{}, "proved-offline: no check", 0},
		{"expires never", proved(acme, proof.Valid, proof.Fact{Name: "expires", Value: "never"}), Options{}, "active", 1},
		{"expires later", proved(acme, proof.Valid, proof.Fact{Name: "expires", Value: "2999-02-03T04:05:06Z"}), Options{}, "active", 1},
		{"missing", Candidate{Rule: acme, Secret: "s", Missing: "no id near it"}, Options{}, "not-checkable: no id near it", 0},
		{"distrusted", candidate(foreign, "s"), Options{Distrusts: func(r *rules.Rule) bool { return r.Source.File == ".straykey.toml" }}, "skipped: rules of the scanned repository do not decide whom to ask", 0},
		{"skipped rule", candidate(acme, "s"), Options{Skip: []string{"ACME-token"}}, "skipped: on your list to skip", 0},
		{"skipped provider", candidate(acme, "s"), Options{Skip: []string{"acme"}}, "skipped: on your list to skip", 0},
		{"login", candidate(login, "s"), Options{}, "skipped: to ask is to sign in, which is not allowed", 0},
		{"login allowed", candidate(login, "s"), Options{AllowLogins: true}, "active", 1},
		{"write", candidate(write, "s"), Options{AllowLogins: true}, "skipped: to ask would change something at the issuer", 0},
		{"canary account", proved(acme, proof.Unknown, proof.Fact{Name: "account", Value: "534261010715"}), Options{}, "skipped: canary: keys of the AWS account 534261010715 are bait", 0},
		{"canary account in a part", candidate(acme, "s", "near", bait), Options{}, "skipped: canary: keys of the AWS account 534261010715 are bait", 0},
		{"own canary account", proved(acme, proof.Unknown, proof.Fact{Name: "account", Value: "111122223333"}), Options{Canaries: []string{"111122223333"}}, "skipped: canary: its account is on your list", 0},
		{"canary fingerprint", candidate(acme, "secret"), Options{Canaries: []string{"sk1:secret"}}, "skipped: canary: it is on your list", 0},
		{"canary prefix", candidate(acme, "bait_1234567"), Options{Canaries: []string{"bait_1"}}, "skipped: canary: it is on your list", 0},
		{"canary prefix of an id", candidate(acme, "s", "bait_id_7"), Options{Canaries: []string{"bait_id"}}, "skipped: canary: it is on your list", 0},
		{"canary host", candidate(acme, "host=x.canarytokens.com:443"), Options{}, "skipped: canary: the host is one of bait", 0},
		{"own canary host", candidate(acme, "host=hook.corp.example:443"), Options{Canaries: []string{"hook.corp.example"}}, "skipped: canary: the host is one of bait", 0},
		{"host of the text", candidate(acme, "?host=db.corp.example:5432"), Options{}, "skipped: neither the rule nor you name the host", 0},
		{"allowed host", candidate(acme, "?host=db.corp.example:5432"), Options{AllowHosts: []string{"DB.corp.example"}}, "active", 1},
		{"allowed port", candidate(acme, "?host=db.corp.example:5432"), Options{AllowHosts: []string{"db.corp.example:5432"}}, "active", 1},
		{"another port", candidate(acme, "?host=db.corp.example:5432"), Options{AllowHosts: []string{"db.corp.example:5433"}}, "skipped: neither the rule nor you name the host", 0},
		{"allowed domain", candidate(acme, "?host=db.corp.example:5432"), Options{AllowHosts: []string{"*.corp.example"}}, "active", 1},
		{"not the domain", candidate(acme, "?host=dbcorp.example:5432"), Options{AllowHosts: []string{"*.corp.example"}}, "skipped: neither the rule nor you name the host", 0},
		{"bad part", candidate(acme, "error"), Options{}, "not-checkable: the id is malformed", 0},
		{"answers by itself", candidate(acme, "offline"), Options{}, "inactive: its time is over", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			asked := 0
			s := &simulator{answer: func(c *Credential) Answer {
				if c.Secret == "offline" {
					return Answer{Result: verdict.Result{Verdict: verdict.Inactive, Reason: "its time is over"}}
				}
				asked++
				return says(verdict.Active)
			}}
			s.target = func(c *Credential) ([]Target, error) {
				unnamed := strings.TrimPrefix(c.Secret, "?")
				host, ok := strings.CutPrefix(unnamed, "host=")
				switch {
				case c.Secret == "error":
					return nil, errors.New("the id is malformed")
				case c.Secret == "offline":
					return nil, nil
				case ok:
					return []Target{{Host: host, Named: unnamed == c.Secret}}, nil
				}
				return []Target{{Host: "api.example.com:443", Named: true}}, nil
			}
			v := verifier(t, s, tt.o)
			planned := v.Plan([]Candidate{tt.c})
			if asked > 0 {
				t.Error("planning asked")
			}
			got := verified(t, v, tt.c)[tt.c.Fingerprint]
			if summary(got) != tt.want || asked != tt.asks {
				t.Errorf("%s after %d asks, want %s after %d", summary(got), asked, tt.want, tt.asks)
			}
			if len(planned.Hosts) != tt.asks || tt.asks == 0 && (len(planned.Rest) != 1 || planned.Rest[0].Reason != got.Reason) {
				t.Errorf("the plan is %+v", planned)
			}
			if (got.Host != "") != (tt.asks > 0) || got.At.IsZero() != (tt.asks == 0) {
				t.Errorf("asked %q at %v", got.Host, got.At)
			}
		})
	}
}

// baitKey makes an AWS key id that carries an account number.
func baitKey(t *testing.T, account string) string {
	t.Helper()
	var n uint64
	if _, err := fmt.Sscan(account, &n); err != nil {
		t.Fatal(err)
	}
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	n = n<<7 | 1<<47
	out := "AK" + "IA"
	for i := range 10 { // 48 bits and two more
		out += string(digits[n<<2>>(45-5*i)&31])
	}
	return out + "AAAAAA"
}

func TestNew(t *testing.T) {
	ok := Options{Network: noNetwork(t), Checks: func(*rules.Rule) Check { return nil }}
	for name, change := range map[string]func(*Options){
		"no network":     func(o *Options) { o.Network = nil },
		"no checks":      func(o *Options) { o.Checks = nil },
		"short canary":   func(o *Options) { o.Canaries = []string{"AKIA"} },
		"padded canary":  func(o *Options) { o.Canaries = []string{" 111122223333"} },
		"any host":       func(o *Options) { o.AllowHosts = []string{"*"} },
		"a URL":          func(o *Options) { o.AllowHosts = []string{"https://db.corp.example"} },
		"star in a name": func(o *Options) { o.AllowHosts = []string{"db.*.example"} },
	} {
		o := ok
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	v, err := New(ok)
	if err != nil {
		t.Fatal(err)
	}
	if got := verified(t, v, candidate(acme, "s"))["sk1:s"]; got.Verdict != verdict.NotCheckable {
		t.Errorf("without a check: %s", summary(got))
	}
}

func TestAttempts(t *testing.T) {
	// The answer of an id is its first word.
	answers := map[string]Answer{
		"live": says(verdict.Active), "forbidden": says(verdict.Forbidden), "dead": says(verdict.Inactive), "odd": Undecided("odd"),
		"unsure": says(verdict.NotCheckable),
	}
	tests := []struct {
		name string
		ids  []string
		more bool
		want string
		asks int
	}{
		{"the first lives", []string{"live", "dead2"}, false, "active", 1},
		{"the second lives", []string{"dead", "live"}, false, "active", 2},
		{"a far one lives", []string{"dead1?", "dead2?", "live?"}, false, "active", 3},
		{"forbidden ends it", []string{"dead", "forbidden", "live"}, false, "forbidden-but-valid", 2},
		{"all dead, near", []string{"dead1", "dead2"}, false, "inactive", 2},
		{"all dead, the nearest near", []string{"dead1", "dead2?"}, false, "inactive", 2},
		{"all dead, one guessed", []string{"dead?"}, false, "unknown: what was found elsewhere for it does not fit", 1},
		{"all dead, all guessed", []string{"dead1?", "dead2?"}, false, "unknown: none of the 2 combinations found near it fits", 2},
		{"all dead, more were near", []string{"dead1", "dead2"}, true, "unknown: none of the 2 combinations found near it fits", 2},
		{"all dead, more were far", []string{"dead1", "dead2?"}, true, "inactive", 2},
		{"one says nothing", []string{"dead", "odd", "dead2"}, false, "unknown: odd", 3},
		{"one says nothing, another lives", []string{"odd", "live"}, false, "active", 2},
		{"not checkable", []string{"unsure"}, false, "not-checkable", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &simulator{answer: func(c *Credential) Answer { return answers[strings.Trim(c.Parts["id"], "0123456789")] }}
			c := candidate(acme, "s", tt.ids...)
			c.More = tt.more
			got := verified(t, verifier(t, s, Options{}), c)["sk1:s"]
			if summary(got) != tt.want || len(s.asked) != tt.asks {
				t.Errorf("%s after %d asks, want %s after %d", summary(got), len(s.asked), tt.want, tt.asks)
			}
		})
	}
}

// What was a part of a living pair, and has no check of its own, lives.
func TestHalvesShareAVerdict(t *testing.T) {
	half := &rules.Rule{ID: "acme-id"}
	s := &simulator{answer: func(c *Credential) Answer {
		if c.Parts["id"] == "good" {
			return Answer{Result: verdict.Result{Verdict: verdict.Active, Identity: verdict.Identity{Owner: "octo"}}}
		}
		return says(verdict.Inactive)
	}}
	results := verified(t, verifier(t, s, Options{}), candidate(half, "bad"), candidate(half, "good"), candidate(acme, "s", "bad", "good"))
	if got := results["sk1:good"]; got.Verdict != verdict.Active || got.Owner != "octo" {
		t.Errorf("the half that fits: %+v", got)
	}
	if got := results["sk1:bad"]; got.Verdict != verdict.NotCheckable {
		t.Errorf("the other half: %+v", got)
	}
}

func many(n int, r *rules.Rule) []Candidate {
	var out []Candidate
	for i := range n {
		out = append(out, candidate(r, fmt.Sprintf("secret%05d", i)))
	}
	return out
}

// limitTo makes a simulator answer 429 beyond so many requests in any second.
func (s *simulator) limitTo(perSecond int, retryAfter time.Duration) (refused *int) {
	refused = new(int)
	s.answer = func(c *Credential) Answer {
		s.mu.Lock()
		defer s.mu.Unlock()
		recent := 0
		for _, t := range s.when {
			if time.Since(t)-s.latency < time.Second {
				recent++
			}
		}
		if recent > perSecond {
			*refused++
			return Answer{Result: unknown(RateLimited), Temporary: true, RetryAfter: retryAfter}
		}
		if strings.HasSuffix(c.Secret, "7") {
			return says(verdict.Active)
		}
		return says(verdict.Inactive)
	}
	return refused
}

// long skips a test of much simulated time where the race detector runs: with it, synctest ends the program at times
// (golang/go #78156). TestConcurrency is for the race detector.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("in short: the race detector and much simulated time do not go together")
	}
}

// Everything at once, in real time: hosts that answer, fail and refuse, several calls, one of which gives up.
func TestConcurrency(t *testing.T) {
	s := &simulator{latency: time.Millisecond}
	s.answer = func(c *Credential) Answer {
		switch c.Secret[len(c.Secret)-1] {
		case '1':
			return Answer{Result: unknown("HTTP 503"), Temporary: true}
		case '2':
			return Answer{Result: unknown(RateLimited), Temporary: true, RetryAfter: time.Millisecond}
		case '3':
			panic("a driver")
		}
		return says(verdict.Active)
	}
	candidates := spread(s, 1e4)[:1000]
	v := verifier(t, s, Options{Deadline: 3 * time.Second, Audit: io.Discard, Concurrency: 32})
	var wait sync.WaitGroup
	for i := range 4 {
		ctx, cancel := context.WithCancel(t.Context())
		wait.Go(func() {
			defer cancel()
			results, err := v.Verify(ctx, candidates)
			if err != nil || len(results) != len(candidates) {
				t.Errorf("%d results, %v", len(results), err)
			}
			for _, c := range candidates {
				r := results[c.Fingerprint]
				answers := strings.ContainsRune("04567890", rune(c.Secret[len(c.Secret)-1]))
				if r.Verdict != verdict.Unknown && !(answers && r.Verdict == verdict.Active) {
					t.Errorf("%s: %s", c.Secret, summary(r))
				}
			}
		})
		if i == 3 {
			time.Sleep(5 * time.Millisecond)
			cancel()
		}
	}
	wait.Wait()
}

// 1,000 credentials of one provider that takes 10 requests a second.
func TestRateLimit(t *testing.T) {
	long(t)
	for _, tt := range []struct {
		name        string
		rate        float64 // that the rule knows
		defaultRate float64
		retryAfter  time.Duration
		maxRefused  int
		within      time.Duration
	}{
		{"known", 10, 0, time.Second, 0, 115 * time.Second},
		{"unknown", 0, 10, time.Second, 12, 250 * time.Second},
		{"unknown and much lower", 0, 100, time.Second, 40, 250 * time.Second},
		{"unknown, and nothing said", 0, 50, 0, 40, 250 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &simulator{latency: 30 * time.Millisecond}
				refused := s.limitTo(10, tt.retryAfter)
				v := verifier(t, s, Options{Rate: tt.defaultRate})
				candidates := many(1000, &rules.Rule{ID: "acme-token", Verify: &rules.Verify{Rate: tt.rate}})
				start := time.Now()
				results := verified(t, v, append(candidates, candidates...)...)
				took := time.Since(start)
				for _, c := range candidates {
					want := verdict.Inactive
					if strings.HasSuffix(c.Secret, "7") {
						want = verdict.Active
					}
					if got := results[c.Fingerprint]; got.Verdict != want {
						t.Fatalf("%s: %s", c.Fingerprint, summary(got))
					}
				}
				if *refused > tt.maxRefused || len(s.asked) != 1000+*refused || took > tt.within {
					t.Errorf("%d requests in %s, %d refused", len(s.asked), took, *refused)
				}
				t.Logf("%d requests in %s, %d refused", len(s.asked), took, *refused)
				// A second occurrence, or a second scan in one run, costs nothing.
				again := verified(t, v, candidates...)
				if diff := cmp.Diff(results, again); diff != "" || len(s.asked) != 1000+*refused {
					t.Errorf("%d requests after the second time\n%s", len(s.asked), diff)
				}
			})
		})
	}
}

// spread makes 10,000 credentials of 50 hosts.
func spread(s *simulator, rate float64) []Candidate {
	s.target = func(c *Credential) ([]Target, error) {
		return []Target{{Host: "api" + c.Secret[len(c.Secret)-2:] + ".example.com:443", Named: true}}, nil
	}
	var out []Candidate
	for i := range 10000 {
		r := &rules.Rule{ID: "r", Verify: &rules.Verify{Rate: rate}}
		out = append(out, candidate(r, fmt.Sprintf("secret%05d-%02d", i, i%50)))
	}
	return out
}

// 10,000 credentials over 50 hosts with 50 ms latency take hardly longer than the limits of the hosts demand.
func TestThroughput(t *testing.T) {
	long(t)
	for _, rate := range []float64{10, 50, 1e4} {
		synctest.Test(t, func(t *testing.T) {
			s := constant(verdict.Inactive)
			s.latency = 50 * time.Millisecond
			candidates := spread(s, rate)
			v := verifier(t, s, Options{})
			start := time.Now()
			results := verified(t, v, candidates...)
			took := time.Since(start)
			// A host has 200: by its limit, by its 4 requests at a time.
			perHost := 200.0
			bound := time.Duration(max(perHost/rate, perHost/float64(v.o.PerHost)*0.05) * float64(time.Second))
			ratio := took.Seconds() / bound.Seconds()
			t.Logf("rate %v: %s, bound %s, %.2f times", rate, took, bound, ratio)
			if len(results) != 10000 || len(s.asked) != 10000 || ratio > 1.3 {
				t.Errorf("%d results, %d asked, %.2f times the bound", len(results), len(s.asked), ratio)
			}
			if s.most > 256 {
				t.Errorf("%d requests at a time", s.most)
			}
		})
	}
}

// One host that hangs keeps the others from nothing.
func TestSlowHost(t *testing.T) {
	long(t)
	synctest.Test(t, func(t *testing.T) {
		s := &simulator{}
		fast := constant(verdict.Active)
		s.answer = func(c *Credential) Answer {
			if strings.HasSuffix(c.Secret, "-00") {
				time.Sleep(14 * time.Second)
			}
			return fast.answer(c)
		}
		candidates := spread(s, 1000)
		var last time.Time
		slow := s.answer
		s.answer = func(c *Credential) Answer {
			a := slow(c)
			s.mu.Lock()
			defer s.mu.Unlock()
			if !strings.HasSuffix(c.Secret, "-00") {
				last = time.Now()
			}
			return a
		}
		start := time.Now()
		verified(t, verifier(t, s, Options{Deadline: time.Hour}), candidates...)
		if took := last.Sub(start); took > 5*time.Second {
			t.Errorf("the others took %s", took)
		}
	})
}

func TestRetries(t *testing.T) {
	trouble := func(reason string) Answer { return Answer{Result: unknown(reason), Temporary: true} }
	tests := []struct {
		name    string
		effects rules.SideEffects
		answers []Answer // the last one for ever
		want    string
		asks    int
	}{
		{"trouble, then live", rules.NoEffects, []Answer{trouble("HTTP 503"), trouble("timed out"), says(verdict.Active)}, "active", 3},
		{"trouble for ever", rules.NoEffects, []Answer{trouble("HTTP 503")}, "unknown: HTTP 503", 3},
		{"limited, then dead", rules.NoEffects, []Answer{trouble(RateLimited), says(verdict.Inactive)}, "inactive", 2},
		{"limited for ever", rules.NoEffects, []Answer{trouble(RateLimited)}, "unknown: rate limited", maxLimited},
		{"a block page", rules.NoEffects, []Answer{{Result: unknown("a page"), NotIssuer: true}, says(verdict.Active)}, "unknown: a page", 1},
		{"leave me alone for an hour", rules.NoEffects, []Answer{{Result: unknown(RateLimited), RetryAfter: time.Hour}, says(verdict.Active)}, "unknown: rate limited", 1},
		{"a login is tried once", rules.Login, []Answer{trouble("timed out"), says(verdict.Active)}, "unknown: timed out", 1},
		{"no verdict", rules.NoEffects, []Answer{{}}, "unknown: the check failed", 1},
		{"a word that is none", rules.NoEffects, []Answer{says("valid")}, "unknown: the check failed", 1},
		{"a panic", rules.NoEffects, nil, "unknown: the check failed", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &simulator{}
				s.answer = func(*Credential) Answer { return tt.answers[min(len(s.asked), len(tt.answers))-1] }
				r := &rules.Rule{ID: "r", Verify: &rules.Verify{SideEffects: tt.effects}}
				got := verified(t, verifier(t, s, Options{AllowLogins: true}), candidate(r, "s"))["sk1:s"]
				if summary(got) != tt.want || len(s.asked) != tt.asks {
					t.Errorf("%s after %d asks, want %s after %d", summary(got), len(s.asked), tt.want, tt.asks)
				}
			})
		})
	}
}

// Retry-After pauses the whole lane, not only the request that was refused.
func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &simulator{latency: 100 * time.Millisecond}
		start := time.Now()
		s.answer = func(*Credential) Answer {
			if time.Since(start) < 30*time.Second {
				return Answer{Result: unknown("HTTP 429"), Temporary: true, RetryAfter: 30 * time.Second}
			}
			return says(verdict.Active)
		}
		results := verified(t, verifier(t, s, Options{}), many(40, acme)...)
		early := 0
		for _, at := range s.when {
			if at.Sub(start) < 30*time.Second {
				early++
			}
		}
		if early > 4 {
			t.Errorf("%d requests before the time that the host set", early)
		}
		for fingerprint, r := range results {
			if r.Verdict != verdict.Active {
				t.Errorf("%s: %s", fingerprint, summary(r))
			}
		}
	})
}

// A host that wants to be left alone for minutes is not waited for, though there were time.
func TestLongRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &simulator{latency: 100 * time.Millisecond, answer: func(*Credential) Answer {
			return Answer{Result: unknown(RateLimited), Temporary: true, RetryAfter: longestPause + time.Second}
		}}
		start := time.Now()
		for fingerprint, r := range verified(t, verifier(t, s, Options{Deadline: time.Hour}), many(40, acme)...) {
			if r.Verdict != verdict.Unknown || r.Reason != RateLimited {
				t.Errorf("%s: %s", fingerprint, summary(r))
			}
		}
		if took := time.Since(start); took > 10*time.Second || len(s.when) > 8 {
			t.Errorf("took %v and %d requests", took, len(s.when))
		}
	})
}

// A host that fails is left alone, and the others are not.
func TestBreaker(t *testing.T) {
	for name, failure := range map[string]Answer{
		"network":    {Result: unknown("connection refused"), Temporary: true},
		"block page": {Result: unknown("not the issuer's page"), NotIssuer: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &simulator{}
				s.answer = func(c *Credential) Answer {
					if strings.HasSuffix(c.Secret, "-00") {
						return failure
					}
					return says(verdict.Active)
				}
				candidates := spread(s, 1000)[:1000]
				results := verified(t, verifier(t, s, Options{}), candidates...)
				asked, given := 0, 0
				for _, key := range s.asked {
					if strings.HasSuffix(key, "-00") {
						asked++
					}
				}
				for _, c := range candidates {
					r := results[c.Fingerprint]
					bad := strings.HasSuffix(c.Secret, "-00")
					if bad != (r.Verdict == verdict.Unknown) {
						t.Errorf("%s: %s", c.Secret, summary(r))
					}
					if r.Reason == "the host is failing" {
						given++
					}
				}
				if asked > failing+3 || given < 10 {
					t.Errorf("the failing host was asked %d times, %d were given up", asked, given)
				}
			})
		})
	}
	// Answers of the issuer that say nothing, and refusals for the rate, open no breaker.
	for name, answer := range map[string]Answer{
		"undecided": Undecided("the key is not for this API"),
		"limited":   {Result: unknown(RateLimited), Temporary: true, RetryAfter: time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &simulator{answer: func(*Credential) Answer { return answer }}
			for fingerprint, r := range verified(t, verifier(t, s, Options{}), many(30, acme)...) {
				if r.Reason != answer.Reason {
					t.Errorf("%s, %s: %s", name, fingerprint, summary(r))
				}
			}
			if name == "limited" && len(s.asked) > mostRefused+3 {
				t.Errorf("a host that refuses everything was asked %d times", len(s.asked))
			}
		})
	}
}

func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// One request: the check ends with its context.
		s := constant(verdict.Active)
		s.latency = time.Hour
		start := time.Now()
		got := verified(t, verifier(t, s, Options{Timeout: time.Second}), candidate(acme, "s"))["sk1:s"]
		if took := time.Since(start); summary(got) != "unknown: timed out" || took > 10*time.Second {
			t.Errorf("%s after %s", summary(got), took)
		}

		// All of them: what there was time for has its verdict.
		s = constant(verdict.Active)
		start = time.Now()
		results := verified(t, verifier(t, s, Options{Rate: 10, Deadline: 10 * time.Second}), many(1000, &rules.Rule{ID: "r", Verify: &rules.Verify{}})...)
		count := map[string]int{}
		for _, r := range results {
			count[summary(r)]++
		}
		if took := time.Since(start); len(results) != 1000 || count["active"] < 95 || count["active"]+count["unknown: "+noTime] != 1000 || took > 10*time.Second {
			t.Errorf("%v after %s", count, took)
		}
	})
}

// Whoever gives up leaves no verdict behind that was none, and nothing running.
func TestInterrupt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := constant(verdict.Active)
		s.latency = 5 * time.Second
		v := verifier(t, s, Options{})
		ctx, cancel := context.WithCancel(t.Context())
		var first, second map[string]verdict.Result
		var both sync.WaitGroup
		both.Go(func() { first, _ = v.Verify(ctx, many(20, acme)) })
		both.Go(func() {
			time.Sleep(time.Second)
			second, _ = v.Verify(t.Context(), many(20, acme))
		})
		time.Sleep(3 * time.Second)
		cancel()
		both.Wait()
		if len(first) != 20 || len(second) != 20 {
			t.Errorf("%d and %d results", len(first), len(second))
		}
		for fingerprint, r := range first {
			if summary(r) != "unknown: interrupted" {
				t.Errorf("%s: %s", fingerprint, summary(r))
			}
		}
		for fingerprint, r := range second {
			if r.Verdict != verdict.Active {
				t.Errorf("%s, whose first asker gave up: %s", fingerprint, summary(r))
			}
		}
	})
}

// Two at once ask about the same: each credential is asked about once.
func TestInFlightSharing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := constant(verdict.Active)
		s.latency = time.Second
		v := verifier(t, s, Options{})
		var all [3]map[string]verdict.Result
		var wait sync.WaitGroup
		for i := range all {
			wait.Go(func() { all[i] = verified(t, v, many(100, acme)...) })
		}
		wait.Wait()
		if len(s.asked) != 100 {
			t.Errorf("%d asks", len(s.asked))
		}
		if diff := cmp.Diff(all[0], all[1]) + cmp.Diff(all[0], all[2]); diff != "" {
			t.Error(diff)
		}
	})
}

// What lives is revoked with the id that it lives with, and not with the first that stands near it.
func TestLiving(t *testing.T) {
	s := &simulator{answer: func(c *Credential) Answer {
		if c.Parts["id"] == "right" {
			return says(verdict.Active)
		}
		return says(verdict.Inactive)
	}}
	v := verifier(t, s, Options{})
	live, dead := candidate(acme, "live", "wrong", "right", "other"), candidate(acme, "dead", "wrong")
	if v.Living(&live) != nil {
		t.Error("it lives before anybody was asked")
	}
	verified(t, v, live, dead)
	if a := v.Living(&live); a == nil || a.Parts["id"] != "right" {
		t.Errorf("%+v", a)
	}
	if v.Living(&dead) != nil {
		t.Error("what is dead lives")
	}
}

// TestAgain asks about what lived once more, as after a revocation: the answer is new, and is the one that is kept.
func TestAgain(t *testing.T) {
	for _, tt := range []struct {
		name string
		then Answer
		kept bool // asked again later, the kept answer counts
	}{
		{"gone", says(verdict.Inactive), true},
		{"nobody knows", Undecided("no idea"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store, _, err := cache.Open(filepath.Join(t.TempDir(), "kept"), cache.Options{Key: []byte("k")})
			if err != nil {
				t.Fatal(err)
			}
			s := constant(verdict.Active)
			v := verifier(t, s, Options{Cache: store})
			c := candidate(acme, "secret")
			if r, err := v.Again(t.Context(), &c); err != nil || r.Verdict != verdict.Unknown || len(s.asked) > 0 {
				t.Errorf("before anybody was asked: %+v, %v", r, err)
			}
			verified(t, v, c)
			s.answer = func(*Credential) Answer { return tt.then }
			if r, err := v.Again(t.Context(), &c); err != nil || r.Verdict != tt.then.Verdict {
				t.Errorf("%+v, %v", r, err)
			}
			asked := len(s.asked)
			got := verified(t, verifier(t, s, Options{Cache: store}), c)
			if got[c.Fingerprint].Verdict != tt.then.Verdict || (len(s.asked) == asked) != tt.kept {
				t.Errorf("later: %+v, asked %d times more", got[c.Fingerprint], len(s.asked)-asked)
			}
		})
	}
}

// halfQuiet signs in, and can do without.
type halfQuiet struct{ loud, quiet *simulator }

func (h halfQuiet) Targets(c *Credential) ([]Target, error) { return h.loud.Targets(c) }
func (h halfQuiet) Ask(ctx context.Context, n *guard.Network, c *Credential) Answer {
	return h.loud.Ask(ctx, n, c)
}
func (h halfQuiet) WithoutLogin() Check { return h.quiet }

// TestWithoutLogin holds that what needs no login is done without one being allowed, and the rest is not.
func TestWithoutLogin(t *testing.T) {
	nothing := func(*Credential) ([]Target, error) { return nil, errors.New("no certificate") }
	nowhere := func(*Credential) ([]Target, error) { return nil, nil }
	for _, tt := range []struct {
		name        string
		allow       bool
		loud, quiet func(*Credential) ([]Target, error)
		want        string
		asked       int // in loud and in quiet
	}{
		{"allowed", true, nil, nil, "active", 10},
		{"without", false, nil, nil, "inactive", 1},
		{"by itself", false, nil, nowhere, "inactive", 1},
		{"a login would tell", false, nil, nothing, "skipped: to ask is to sign in, which is not allowed", 0},
		{"nor would that", false, nothing, nothing, "not-checkable: no certificate", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := halfQuiet{constant(verdict.Active), constant(verdict.Inactive)}
			h.loud.target, h.quiet.target = tt.loud, tt.quiet
			r := &rules.Rule{ID: "key", Verify: &rules.Verify{Rate: 1000, SideEffects: rules.Login}}
			got := verified(t, verifier(t, h, Options{AllowLogins: tt.allow}), candidate(r, "key"))
			if s := summary(got["sk1:key"]); s != tt.want || 10*len(h.loud.asked)+len(h.quiet.asked) != tt.asked {
				t.Errorf("%s, asked %q and %q", s, h.loud.asked, h.quiet.asked)
			}
		})
	}
}

// elsewhere is an issuer whose program others run too.
type elsewhere struct {
	*simulator
	public string // what near a credential says that it is of this one
}

func (e elsewhere) Elsewhere(_ *Credential, nearby []string) string {
	if slices.Contains(nearby, e.public) {
		return ""
	}
	return "it may be of another instance"
}

// TestInstances holds that the no of an instance counts for a credential that is known to be of it, and its yes always.
func TestInstances(t *testing.T) {
	for _, tt := range []struct {
		name   string
		nearby []string
		says   verdict.Verdict
		want   verdict.Verdict
	}{
		{"it knows it", nil, verdict.Active, verdict.Active},
		{"it does not", nil, verdict.Inactive, verdict.Unknown},
		{"it does not, and is the one", []string{"here"}, verdict.Inactive, verdict.Inactive},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, other := candidate(acme, "secret"), candidate(acme, "secret") // asked once, judged by the place of each
			c.Nearby, other.Nearby = tt.nearby, []string{"here"}
			c.Fingerprint, other.Fingerprint = "a", "b"
			s := constant(tt.says)
			v := verifier(t, elsewhere{s, "here"}, Options{})
			got := verified(t, v, c, other)
			if got["a"].Verdict != tt.want || got["b"].Verdict != tt.says || len(s.asked) != 1 {
				t.Errorf("%+v, %+v, asked %q", got["a"], got["b"], s.asked)
			}
		})
	}
}

// A check that asked and found no more than its credential itself says is believed.
func TestProvedAfterAsking(t *testing.T) {
	if got := verified(t, verifier(t, constant(verdict.ProvedOffline), Options{}), candidate(acme, "s"))["sk1:s"]; got.Verdict != verdict.ProvedOffline {
		t.Errorf("%+v", got)
	}
}

// signer is a check that signs in.
type signer struct{ *simulator }

func (signer) Principal(c *Credential) string { return c.Parts["id"] }

func TestOneLoginAPrincipal(t *testing.T) {
	s := constant(verdict.Inactive)
	r := &rules.Rule{ID: "db", Verify: &rules.Verify{SideEffects: rules.Login, Check: "db"}}
	old := candidate(r, "old", "ann")
	current := candidate(r, "current", "ann")
	current.InHead = true
	v := verifier(t, signer{s}, Options{AllowLogins: true})
	candidates := []Candidate{old, current, candidate(r, "other", "bob", "cid")}
	plan := v.Plan(candidates)
	results := verified(t, v, candidates...)
	want := map[string]string{
		"sk1:old":     "skipped: another password of the same login was tried",
		"sk1:current": "inactive",
		"sk1:other":   "inactive",
	}
	for fingerprint, w := range want {
		if got := summary(results[fingerprint]); got != w {
			t.Errorf("%s: %s, want %s", fingerprint, got, w)
		}
	}
	slices.Sort(s.asked)
	if diff := cmp.Diff([]string{"current ann", "other bob"}, s.asked); diff != "" {
		t.Errorf("asked: -want +got:\n%s", diff)
	}
	if len(plan.Hosts) != 1 || plan.Hosts[0].Rules[0].Credentials != 2 {
		t.Errorf("the plan is %+v", plan)
	}
}

func TestPlan(t *testing.T) {
	s := constant(verdict.Active)
	s.target = func(c *Credential) ([]Target, error) {
		return []Target{{Host: c.Parts["id"] + ".example.com:443", Named: true}}, nil
	}
	v := verifier(t, s, Options{Skip: []string{"other"}})
	other := &rules.Rule{ID: "other", Verify: &rules.Verify{}}
	plain := &rules.Rule{ID: "plain"}
	got := v.Plan([]Candidate{
		candidate(acme, "1", "us", "eu"), candidate(acme, "2", "us"), candidate(other, "3", "us"), candidate(plain, "4"), candidate(plain, "5"),
	})
	want := Plan{
		Hosts: []PlannedHost{
			{"eu.example.com:443", []PlannedRule{{"acme-token", 1}}},
			{"us.example.com:443", []PlannedRule{{"acme-token", 2}}},
		},
		Rest: []Settled{
			{"other", verdict.Skipped, "on your list to skip", 1},
			{"plain", verdict.NotCheckable, "no check", 2},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" || len(s.asked) > 0 {
		t.Errorf("%d asks, -want +got:\n%s", len(s.asked), diff)
	}
}

func TestCache(t *testing.T) {
	path := filepath.Join(t.TempDir(), "verdicts")
	answers := map[string]Answer{
		"live": {Result: verdict.Result{Verdict: verdict.Active, Identity: verdict.Identity{Owner: "octo", Scopes: []string{"repo"}}}},
		"dead": says(verdict.Inactive), "odd": Undecided("odd"),
	}
	var results [2]map[string]verdict.Result
	for i, wantAsks := range []int{3, 1} { // unknown is asked again
		kept, note, err := cache.Open(path, cache.Options{})
		if err != nil || note != "" {
			t.Fatal(note, err)
		}
		s := &simulator{answer: func(c *Credential) Answer { return answers[c.Secret] }}
		results[i] = verified(t, verifier(t, s, Options{Cache: kept}), candidate(acme, "live"), candidate(acme, "dead"), candidate(acme, "odd"))
		if len(s.asked) != wantAsks {
			t.Errorf("run %d asked %v", i, s.asked)
		}
		for fingerprint, r := range results[i] {
			if r.Cached != (i == 1 && fingerprint != "sk1:odd") {
				t.Errorf("run %d, %s: %+v", i, fingerprint, r)
			}
		}
	}
	if diff := cmp.Diff(results[0], results[1], cmpopts.IgnoreFields(verdict.Result{}, "Cached", "At")); diff != "" {
		t.Error(diff)
	}
}

func TestAudit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		s := &simulator{answer: func(c *Credential) Answer {
			if tries++; tries == 1 {
				return Answer{Result: unknown("HTTP 503"), Temporary: true}
			}
			return says(verdict.Active)
		}}
		var log strings.Builder
		v := verifier(t, s, Options{Audit: &log, Skip: []string{"skipped"}})
		c := candidate(acme, "hunter2")
		c.Fingerprint = "sk1:x"
		c.Attempts[0].Fingerprint = "sk1:x"
		verified(t, v, c, c, candidate(&rules.Rule{ID: "skipped", Verify: &rules.Verify{}}, "s"))
		var got []AuditLine
		d := json.NewDecoder(strings.NewReader(log.String()))
		for {
			var line AuditLine
			if err := d.Decode(&line); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			got = append(got, line)
		}
		want := []AuditLine{
			{Fingerprint: "sk1:x", Rule: "acme-token", Host: "api.example.com:443", Verdict: verdict.Unknown, Reason: "HTTP 503"},
			{Fingerprint: "sk1:x", Rule: "acme-token", Host: "api.example.com:443", Verdict: verdict.Active},
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(AuditLine{}, "Time")); diff != "" || strings.Contains(log.String(), "hunter2") {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// Without an audit log nobody is asked any more.
func TestAuditFails(t *testing.T) {
	s := constant(verdict.Active)
	v := verifier(t, s, Options{Audit: fullDisk{}, PerHost: 1})
	results, err := v.Verify(t.Context(), many(50, acme))
	if err == nil || len(results) != 50 || len(s.asked) != 1 {
		t.Errorf("%v, %d results, %d asks", err, len(results), len(s.asked))
	}
}

// A check that wants to ask somebody whom it did not announce is stopped.
type wanderer struct{ t *testing.T }

func (wanderer) Targets(*Credential) ([]Target, error) {
	return []Target{{Host: "api.example.com:443", Named: true}}, nil
}

func (w wanderer) Ask(ctx context.Context, n *guard.Network, _ *Credential) Answer {
	conn, err := n.Dial(ctx, "other.example.com:443")
	if err == nil {
		conn.Close()
		w.t.Error("it was let go")
	}
	reason, temporary := guard.Reason(err)
	return Answer{Result: unknown(reason), Temporary: temporary}
}

func TestChecksKeepToTheirTargets(t *testing.T) {
	got := verified(t, verifier(t, wanderer{t}, Options{}), candidate(acme, "s"))["sk1:s"]
	if summary(got) != "unknown: the network guard refused the host" {
		t.Error(summary(got))
	}
}

// In real time: what the engine itself needs for a credential, and how near it comes to what latency demands where 50
// hosts have 4 requests at a time.
func BenchmarkVerify(b *testing.B) {
	for _, latency := range []time.Duration{0, 50 * time.Millisecond} {
		b.Run(fmt.Sprint("latency ", latency), func(b *testing.B) {
			s := constant(verdict.Inactive)
			s.latency = latency
			candidates := spread(s, 1e4)
			n, err := guard.New(guard.Options{})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				v, err := New(Options{Network: n, Checks: func(*rules.Rule) Check { return s }})
				if err != nil {
					b.Fatal(err)
				}
				if results, err := v.Verify(b.Context(), candidates); err != nil || len(results) != len(candidates) {
					b.Fatal(len(results), err)
				}
			}
			took := b.Elapsed() / time.Duration(b.N)
			b.ReportMetric(float64(took.Nanoseconds())/float64(len(candidates)), "ns/credential")
			if bound := latency * time.Duration(len(candidates)/50/4); bound > 0 {
				b.ReportMetric(took.Seconds()/bound.Seconds(), "x-bound")
			}
		})
	}
}
