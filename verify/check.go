package verify

import (
	"context"
	"time"

	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/verdict"
)

// Credential is what a check asks about: a secret with the parts that belong to it. All its texts are raw.
type Credential struct {
	Rule        *rules.Rule
	Fingerprint string
	Secret      string
	// Match is the whole match of the rule at the place the secret was taken from, and Around the lines there. A
	// connection string holds host and user; a secret may be its password alone.
	Match, Around string
	Parts         map[string]string // by name (rules.Part)
}

// Check asks one kind of issuer. It may be used concurrently.
type Check interface {
	// Targets says where the credential would be sent, without sending anything; nowhere, if Ask knows the answer
	// by itself. The error says which part is missing or malformed, without its value; then the credential is not
	// checkable. Ask reaches these hosts and no others.
	Targets(c *Credential) ([]Target, error)
	// Ask asks, through n only and once: it does not retry. It returns when ctx ends.
	Ask(ctx context.Context, n *guard.Network, c *Credential) Answer
}

// Principaler is a [Check] that signs in. Nobody's login is tried twice in a run, so that no account is locked.
type Principaler interface {
	// Principal names whom the credential signs in as, at the host that Targets says: a user's name.
	Principal(c *Credential) string
}

// Quieter is a [Check] that signs in, and can do a part of its work without.
type Quieter interface {
	// WithoutLogin returns the check of that part.
	WithoutLogin() Check
}

// Instanced is a [Check] of issuers whose program others run too, so that a credential may be of an instance that nobody named.
type Instanced interface {
	// Elsewhere says why a credential that the asked host does not know may live elsewhere, by the texts that stand around it;
	// "" if it is that host's.
	Elsewhere(c *Credential, nearby []string) string
}

// Target is a host that a credential would be sent to.
type Target struct {
	Host string // host:port, the host in lower case
	// Named says that the rule or the user's configuration names the host. Others are taken from the scanned
	// text, and asked only if the user allows them.
	Named bool
}

// Answer is what came of asking once.
type Answer struct {
	verdict.Result
	// Temporary says that asking again may help: network trouble, 429, 5xx.
	Temporary bool
	// NotIssuer says that somebody else than the issuer's program answered: the page of a firewall, of a proxy or of a
	// login. Like what is temporary, it counts against the host.
	NotIssuer bool
	// RetryAfter is how long the issuer wants to be left alone; 0: it did not say.
	RetryAfter time.Duration
}

// RateLimited is the reason of a temporary answer that asks for fewer requests: 429, or what a provider has for it.
const RateLimited = "rate limited"

// limited reports whether the issuer asked for fewer requests. That is no failure.
func (a *Answer) limited() bool {
	return a.Verdict == verdict.Unknown && (a.RetryAfter > 0 || a.Temporary && a.Reason == RateLimited)
}

// silent reports whether the answer says that the host is in trouble.
func (a *Answer) silent() bool {
	return a.Verdict == verdict.Unknown && (a.Temporary || a.NotIssuer) && !a.limited()
}

// Undecided is the answer of an issuer that said nothing about the credential.
func Undecided(reason string) Answer {
	return Answer{Result: verdict.Result{Verdict: verdict.Unknown, Reason: reason}}
}
