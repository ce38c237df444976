// Package proof examines a credential offline: checksums, embedded dates,
// account numbers, key types. It says what can be known without a packet.
package proof

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
// {"expires", "2026-01-02T03:04:05Z"}, {"key", "RSA 2048, not encrypted"}.
type Fact struct {
	Name, Value string
}
