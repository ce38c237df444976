package rules

import "strings"

// Identity is the kind of non-human identity that a credential of a rule
// belongs to. The words are those of the inventory (docs/architecture.md, "Words").
type Identity string

// The identity types a rule may name.
const (
	APIKey              Identity = "api-key"
	PersonalAccessToken Identity = "personal-access-token"
	Token               Identity = "token"
	ServiceAccount      Identity = "service-account"
	ServicePrincipal    Identity = "service-principal"
	SystemAccount       Identity = "system-account"
	MachineIdentity     Identity = "machine-identity"
	PrivateKey          Identity = "private-key"
	Certificate         Identity = "certificate"
	SigningSecret       Identity = "signing-secret"
	DatabaseUser        Identity = "database-user"
	Webhook             Identity = "webhook"
	StorageKey          Identity = "storage-key"
	SASToken            Identity = "sas-token"
	RoleSession         Identity = "role-session"
	Generic             Identity = "generic"
)

// Severity says how bad it is when a credential of the rule is live.
type Severity string

// The severities, worst first.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
	Info     Severity = "info"
)

// Confidence says how sure it is that a match is a credential.
type Confidence string

// The confidences, lowest first. A match of a rule with a detector has one of its own, from its score.
const (
	LowConfidence    Confidence = "low"
	MediumConfidence Confidence = "medium"
	HighConfidence   Confidence = "high"
)

// Class tells credentials from what merely identifies something.
type Class string

// The classes. Identifiers are UUIDs, nonces, salts, names of buckets and domains: nobody can sign in with
// one, and they are looked for only when asked to.
const (
	Credentials Class = "credentials"
	Identifiers Class = "identifiers"
)

// Rule is one kind of credential: how it looks, how it is proved offline, and
// what a reader of a finding needs to know. Rules are data; package detect
// compiles them.
type Rule struct {
	ID          string
	Family      string // kinds that are one credential for fingerprints, e.g. "github-token"; ID if empty
	Provider    string // e.g. "GitHub"
	Description string // one sentence: what leaked
	Identity    Identity
	Severity    Severity
	Docs        string // where the issuer says what the credential is
	Rotate      string // where the issuer says how to make a new one and revoke the old; empty: no such page is known
	Tags        []string
	// Aliases are ids by which other tools know the kind: a configuration written
	// for them may name it so in disabledRules, targetRules, required and overrides.
	Aliases []string

	Confidence Confidence
	Class      Class

	// Exactly one of Regex, Token, Assigned and Detector says how the text looks; Path
	// alone makes a rule on file names.
	//
	// Regex is RE2 syntax, in the gitleaks meaning. Token is a regex of a
	// self-evident credential: it is matched between token boundaries (no
	// letter, digit or underscore on either side). Assigned is a regex of
	// a value that is only a credential because of the name it is assigned
	// to: Keywords are the words one of which the name must contain, Names narrow that.
	Regex    string
	Token    string
	Assigned string
	// Detector names code that finds and scores candidates near the Keywords (package
	// detect/generic), for what no expression tells from its look-alikes.
	Detector string

	Path     string   // regex on the path, slash separated, relative to the repository root
	Keywords []string // anchors, compared without case; derived from the regex if empty
	// Names, of an Assigned rule, are words one of which the name must contain beside the keyword,
	// compared without case and without the _ - . in between: keyword "acme", names "api_key" and "token".
	Names       []string
	SecretGroup int     // capture group that is the secret; 0: first non-empty group, else the match
	Entropy     float64 // least Shannon entropy of the secret in bits a character; 0: no test
	Reach       int     // bytes before and after the anchor the rule may look at; 0: its line
	Multiline   bool    // the match may span lines inside Reach

	Proof string // name of the offline proof in package detect/proof, or empty
	// Weak lowers the rule below all rules that are not weak when both claim
	// the same text: keyword rules, generic rules.
	Weak bool

	Allowlists []Allowlist
	Required   []Required
	// Pair are the ids of rules whose credentials make this one whole: the secret of a key id. The rule itself
	// is the same with or without them.
	Pair       []string
	SkipReport bool

	Verify *Verify // how to ask the issuer whether it lives; nil: there is no check
	Revoke *Revoke // how to have the issuer revoke it; nil: there is no way by the credential alone

	// Positives and Negatives are texts the rule must and must not match.
	// They are templates (see package rules, "Samples"), so that no file of
	// a rule's samples looks like a leak itself.
	Positives []string
	Negatives []string

	Source Position // where the rule was defined

	// Derived, if not nil, saves package detect work. It is no part of what the rule says.
	Derived *Derived
	// Lines are the lines of the rule's keys in that file ("regex", "positives.1", in
	// lower case), for messages; nil in the set that Builtin returns.
	Lines map[string]int
}

// Line returns where a key of the rule stands, or the rule if that is not known.
func (r *Rule) Line(key string) Position {
	if n, ok := r.Lines[strings.ToLower(key)]; ok {
		return Position{File: r.Source.File, Line: n}
	}
	return r.Source
}

// Link returns the page that a finding of the rule leads to: the one on rotation, else that on the credential, which need not
// say how to rotate it. It is empty if the rule names neither.
func (r *Rule) Link() (url string, rotation bool) {
	if r.Rotate != "" {
		return r.Rotate, true
	}
	return r.Docs, false
}

// Derived is what package detect works out of a rule's expression: where to try it. The built-in
// catalogue carries it, because a commit hook would otherwise spend most of its time on it.
type Derived struct {
	Of      uint64   // of which expression: detect derives anew if the rule was changed since
	Anchors []Anchor // none: the rule is tried on whole texts
	Direct  bool     // the expression is a list of shapes
	Back    int      // bytes before an anchor that the rule may look at
	Span    int      // longest match, which holds the anchor; 0: not known
}

// Anchor is a literal that a match holds.
type Anchor struct {
	Literal string // lower case
	Shape   int    // of a direct rule: which of its shapes
	Offset  int    // and where the literal stands in it
	Next    string // of a literal of three bytes: those that can follow it, letters in lower case; empty: not known
}

// Position is a place in a rule file.
type Position struct {
	File string
	Line int
}

// Allowlist says which matches of a rule, or of all rules, are no findings. The fields
// and their meaning are those of the gitleaks configuration.
type Allowlist struct {
	Description string
	And         bool     // condition = "AND": all given criteria must hold; default: any
	Commits     []string // full or abbreviated commit ids
	Paths       []string // regexes
	RegexTarget string   // "secret" (default), "match" or "line"
	Regexes     []string
	StopWords   []string // case-insensitive substrings of the secret
	TargetRules []string // only in a global allowlist
}

// Required names another rule that must match nearby for this rule's match
// to count ([[rules.required]] of gitleaks).
type Required struct {
	ID            string
	WithinLines   *int
	WithinColumns *int
}

// Set is a loaded rule set: effective rules in a stable order (by id), and the
// allowlists that apply to all of them.
type Set struct {
	Rules      []*Rule
	Allowlists []Allowlist
	// Hash identifies the rule set: equal sets have equal hashes, and sets with
	// equal hashes find the same in any text. Samples, documentation and the
	// place of a rule do not count.
	Hash string
	// Warnings are remarks of the loader that do not stop a run, one line each.
	Warnings []string
}
