// Package proof examines a credential offline: checksums, embedded dates,
// account numbers, key types. It says what can be known without a packet.
//
// A rule names the proof of its kind of credential (see Names); the detection
// engine asks a Prover for it. A proof is a pure function of the secret, the
// text around it and the Prover's clock. It reads hostile input: it neither
// panics nor allocates more than a small multiple of its input.
//
// # Status
//
// Valid says that a checksum holds or that the secret has a structure which chance
// does not produce. It does not say that the issuer still honours it.
// Invalid is only given where the issuer's check is known well enough to
// reject on, or where the structure cannot be right; a rule's match with an
// Invalid proof is no credential. All else is Unknown.
//
// # Facts
//
// The facts have these names. Times are RFC 3339 in UTC, numbers decimal. A
// value is printable text of at most 200 characters; longer text is cut and ends in "…".
// No value holds the secret itself.
//
//	account      cloud account, storage account or tenant-like number of the provider
//	tenant       directory (Entra) the credential belongs to
//	cell org group project user app
//	             ids or names of the issuer's objects the credential belongs to
//	email        mail address of the principal
//	name         name given to the credential by its owner; names inside a certificate
//	subject      whom a token or certificate speaks for
//	issuer       who made it
//	audience     for whom it is meant
//	role         role claim, e.g. service_role
//	scopes       granted scopes, separated by spaces
//	permissions  what it may do, spelled out, separated by commas
//	resource     what it opens: resource kinds or an address
//	services     services it covers, separated by commas
//	protocol     transport it is restricted to
//	network      addresses it is restricted to
//	host         host of the issuer or of the service
//	region       region of the service
//	version      version of the format
//	policy       stored policy that limits it on the server
//	issued       when it was made; a month is "2025-03"
//	not-before   from when on it is valid
//	expires      until when it is valid, or "never"
//	algorithm    signature algorithm of a token
//	type         type of a token if it is not plainly "JWT", e.g. "at+jwt"
//	key-id       public identifier of the key or token
//	key          type and size of a key, e.g. "RSA 2048", "ECDSA P-256"
//	encrypted    "yes", "no", "partly", or "empty password"
//	cipher       how it is encrypted
//	spki         SHA-256 of the public key's SubjectPublicKeyInfo, hex
//	fingerprint  OpenSSH ("SHA256:…") or OpenPGP (hex) fingerprint of the public key
//	comment      comment in a key file
//	serial       serial number of a certificate, hex
//	self-signed  "yes" or "no"
//	certificate  certificate in the surrounding text or container that fits the private key
//	private-key  private key in the surrounding text that fits the certificate
//	contents     what a container holds
//	alias        name of an entry in a key store
package proof

import (
	"slices"
	"sort"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Status is what the structure of a secret proves.
type Status string

// The outcomes of an offline proof.
const (
	None    Status = ""        // nothing to prove
	Valid   Status = "valid"   // a checksum or structure that chance does not produce holds
	Invalid Status = "invalid" // the issuer documents the check and it fails: no credential
	Expired Status = "expired" // well formed and past its own expiry
	Unknown Status = "unknown" // the check did not decide
)

// Result is the outcome of an offline proof with the facts it brought to light.
type Result struct {
	Status Status
	Detail string // one short clause for people, e.g. "checksum holds"; never the secret
	Facts  []Fact // in a fixed order
}

// Fact is one thing the secret itself says, e.g. {"account", "123456789012"},
// {"expires", "2026-01-02T03:04:05Z"}, {"key", "RSA 2048"}. The names are
// listed in the package comment.
type Fact struct {
	Name, Value string
}

// Fact returns the value of the named fact, or "".
func (r Result) Fact(name string) string {
	for _, f := range r.Facts {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// Limits on what a proof reads. A secret above MaxSecret is Unknown; of a
// longer context only the first MaxContext bytes count.
const (
	MaxSecret  = 1 << 20
	MaxContext = 256 << 10
)

// Func proves one kind of credential. The context is the text around the
// secret, the secret included, and may be nil.
type Func func(secret string, context []byte) Result

// Prover proves credentials as of a moment.
type Prover struct {
	Now time.Time // expiry is judged against it; zero: nothing has expired
}

// Prove runs the named proof. It reports false if there is none of that name.
func (p *Prover) Prove(name, secret string, context []byte) (Result, bool) {
	e, ok := find(name)
	if !ok {
		return Result{}, false
	}
	return e.run(input{secret, context, p.Now}), true
}

// Lookup returns the named proof bound to the Prover's clock.
func (p *Prover) Lookup(name string) (Func, bool) {
	e, ok := find(name)
	if !ok {
		return nil, false
	}
	now := p.Now
	return func(secret string, context []byte) Result {
		return e.run(input{secret, context, now})
	}, true
}

// Names returns the names of all proofs, sorted.
func Names() []string {
	names := make([]string, len(proofs))
	for i, e := range proofs {
		names[i] = e.name
	}
	return names
}

// Known reports whether there is a proof of that name.
func Known(name string) bool {
	_, ok := find(name)
	return ok
}

// entry is one named proof.
type entry struct {
	name  string
	prove func(input) Result
}

// input is what a proof may look at.
type input struct {
	secret  string
	context []byte
	now     time.Time
}

func (e *entry) run(in input) Result {
	if len(in.secret) > MaxSecret {
		return Result{Status: Unknown, Detail: "too long to examine"}
	}
	if len(in.context) > MaxContext {
		in.context = in.context[:MaxContext]
	}
	return e.prove(in)
}

func find(name string) (*entry, bool) {
	i, ok := slices.BinarySearchFunc(proofs, name, func(e entry, name string) int {
		return strings.Compare(e.name, name)
	})
	if !ok {
		return nil, false
	}
	return &proofs[i], true
}

// proofs are all proofs by name. It is never changed after start.
var proofs = func() []entry {
	list := []entry{
		{"1password-service", proveOnePassword},
		{"aws-account", proveAWSKeyID},
		{"aws-presigned", proveAWSPresigned},
		{"azure-apim-repository", proveAPIMRepository},
		{"azure-cask", proveCASK},
		{"azure-devops-legacy", proveDevOpsLegacy},
		{"azure-entra", proveEntra},
		{"azure-sas", proveSAS},
		{"base58check", proveBase58Check},
		{"certificate", proveCertificate},
		{"gcp-service-account", proveGCPServiceAccount},
		{"github", proveGitHub},
		{"github-fine-grained", proveGitHubFineGrained},
		{"gitlab-routable", proveGitLab},
		{"grafana-cloud", proveGrafanaCloud},
		{"jfrog-reference", proveJFrogReference},
		{"jks", proveJKS},
		{"jwk", proveJWK},
		{"jwt", proveJWT},
		{"key-array", proveKeyArray},
		{"mnemonic", proveMnemonic},
		{"nkey", proveNKEY},
		{"openai", proveOpenAI},
		{"pgp", provePGP},
		{"pkcs12", provePKCS12},
		{"private-key", provePrivateKey},
		{"private-key-der", proveBareKey},
		{"pypi", provePyPI},
		{"rsa-key-value", proveRSAKeyValue},
		{"saladcloud", proveSaladCloud},
		{"sentry-org", proveSentryOrg},
		{"supabase-jwt", proveSupabase},
	}
	list = append(append(list, crcProofs()...), azureKeyProofs()...)
	sort.Slice(list, func(i, j int) bool { return list[i].name < list[j].name })
	return list
}()

func unknown(detail string, facts ...Fact) Result {
	return Result{Status: Unknown, Detail: detail, Facts: facts}
}

func invalid(detail string) Result { return Result{Status: Invalid, Detail: detail} }

func valid(detail string, facts ...Fact) Result {
	return Result{Status: Valid, Detail: detail, Facts: facts}
}

// until turns a result into Expired if expires is known and past.
func (in input) until(expires time.Time, r Result) Result {
	if r.Status == Invalid || expires.IsZero() || in.now.IsZero() || in.now.Before(expires) {
		return r
	}
	r.Status = Expired
	r.Detail += "; expired"
	return r
}

// facts collects facts in order and leaves empty ones out.
type facts []Fact

func (f *facts) add(name, value string) {
	if value = printable(value); value != "" {
		*f = append(*f, Fact{name, value})
	}
}

func (f *facts) time(name string, t time.Time) {
	if !t.IsZero() {
		f.add(name, t.UTC().Format(time.RFC3339))
	}
}

const maxFact = 200 // characters

// printable makes foreign text fit for a report: no control characters (a
// terminal would obey them), no invalid UTF-8, bounded.
func printable(s string) string {
	if plain(s) {
		return strings.TrimSpace(s)
	}
	var out strings.Builder
	n := 0
	for _, c := range s {
		if n == maxFact {
			out.WriteString("…")
			break
		}
		if c == utf8.RuneError || !unicode.IsPrint(c) {
			continue
		}
		out.WriteRune(c)
		n++
	}
	return strings.TrimSpace(out.String())
}

func plain(s string) bool {
	if len(s) > maxFact {
		return false
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// within reports whether all of s is made of characters that ok accepts.
func within(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// unixTime returns the moment, or the zero time outside the years 1970-9999.
func unixTime(seconds float64) time.Time {
	if !(seconds > 0 && seconds < 253402300800) {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}
