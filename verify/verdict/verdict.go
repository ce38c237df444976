// Package verdict has the words for what is known of a credential's life, and what its issuer tells of the identity
// behind it. Reports and inventories use them without knowing how anybody was asked.
package verdict

import (
	"slices"
	"time"
)

// Verdict says whether a credential still opens anything.
type Verdict string

// The verdicts, the most urgent first.
const (
	Active        Verdict = "active"              // the issuer let it in
	Forbidden     Verdict = "forbidden-but-valid" // the issuer knows it, and did not let it in here
	Unknown       Verdict = "unknown"             // the issuer was asked, and no answer says anything; Reason tells why
	Skipped       Verdict = "skipped"             // not asked, by policy; Reason tells which
	ProvedOffline Verdict = "proved-offline"      // not asked; it proves itself to be well formed
	NotCheckable  Verdict = "not-checkable"       // there is no check, or a part that it needs is missing; Reason tells which
	Inactive      Verdict = "inactive"            // the issuer said that it opens nothing: revoked, expired, never issued
)

// All returns the verdicts, the most urgent first.
func All() []Verdict {
	return []Verdict{Active, Forbidden, Unknown, Skipped, ProvedOffline, NotCheckable, Inactive}
}

// Rank orders verdicts: 0 is the most urgent. A word that is no verdict comes last.
func (v Verdict) Rank() int {
	if i := slices.Index(All(), v); i >= 0 {
		return i
	}
	return len(All())
}

// Result is what is known of one credential.
type Result struct {
	Verdict Verdict
	// Reason says in a few words why, where the verdict alone does not: "rate limited", "no tenant found near it".
	// It holds no secret and nothing that the issuer wrote.
	Reason string
	Host   string    // who was asked, host or host:port; empty if nobody was
	At     time.Time // when; zero if nobody was
	Cached bool      // it was known from an earlier run
	Identity
}

// Identity is what an issuer tells of whom a credential belongs to and what it may do. Zero fields were not told. The
// texts are the issuer's: whoever writes them escapes them.
type Identity struct {
	Owner     string   // a person or team: name, login or e-mail
	Account   string   // organisation, project, tenant, account number
	Principal string   // what the issuer calls the identity: ARN, login, client id
	Scopes    []string // what it may do, in the issuer's words
	Privilege string   // "read", "write" or "admin"; empty: not known
	Created   time.Time
	LastUsed  time.Time
	Expires   time.Time
}

// IsZero reports whether the issuer told nothing.
func (i *Identity) IsZero() bool {
	return i.Owner == "" && i.Account == "" && i.Principal == "" && len(i.Scopes) == 0 && i.Privilege == "" &&
		i.Created.IsZero() && i.LastUsed.IsZero() && i.Expires.IsZero()
}
