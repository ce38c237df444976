// Package verify asks issuers whether credentials still open anything, whose they are and what they may do.
//
// Findings become candidates, each with the attempts that its rule allows: the secret with the parts it needs (an id,
// a host, a region), nearest first. A [Check] knows how to ask one kind of issuer: package declared sends the requests
// that rules declare, package typed has the checks in Go. The [Verifier] decides whether, when and how often a check
// may ask:
//
//   - Nothing is asked of a credential on a canary list, by a rule of the scanned repository, or with side effects that
//     the user did not allow.
//   - Every packet passes one guarded network (package guard): no private address unless it is allowed by name or
//     network, no redirect, no host that neither the rule nor the user names.
//   - One credential is asked about once a run, however often it occurs. Each host has a lane of its own with a rate,
//     a number of requests at once, and a breaker; time limits hold for a request and for all of them.
//
// Verdicts are those of package verdict. Network trouble, 429, 5xx and whatever is not the issuer's own answer are
// unknown, never inactive.
package verify
