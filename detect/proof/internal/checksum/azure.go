package checksum

import (
	"encoding/base64"
	"encoding/binary"
	"math/bits"
	"strings"
)

// AzureKey is a family of Azure keys: base64 of random bytes with a readable
// marker near the end, the last four of them the Marvin32 hash of the others
// (microsoft/security-utilities, "identifiable keys").
type AzureKey struct {
	Name   string // the name of the proof, e.g. "azure-storage"
	Marker string
	Offset int // of Marker in the encoded key
	Bytes  int // decoded length, hash included
	URL    bool
	// Elided: some keys had + and / replaced by P and F after encoding.
	Elided bool
	Seeds  []AzureSeed
}

// AzureSeed is one seed of a family and what the key may do if that is the
// one that fits; empty if the family has only one kind.
type AzureSeed struct {
	Seed, Permission string
}

// AzureKeys returns the known families.
func AzureKeys() []AzureKey {
	bus := func(more ...AzureSeed) []AzureSeed {
		return append([]AzureSeed{{"Send0000", "send"}, {"Listen00", "listen"}, {"Manage00", "manage"}}, more...)
	}
	return []AzureKey{
		{Name: "azure-storage", Marker: "+ASt", Offset: 76, Bytes: 64, Seeds: []AzureSeed{{"Default0", ""}}},
		{Name: "azure-redis", Marker: "AzCa", Offset: 33, Bytes: 32, Elided: true, Seeds: []AzureSeed{{"Access00", ""}}},
		{Name: "azure-cosmosdb", Marker: "ACDb", Offset: 76, Bytes: 64, Seeds: []AzureSeed{
			{"MastRW00", "read-write"},
			{"MastRO00", "read-only"},
			{"Resour00", "resource"},
			{"SysAll00", "system"},
			{"SystRW00", "system read-write"},
			{"SystRO00", "system read-only"},
			{"Encryp00", "encryption"},
		}},
		{Name: "azure-functions", Marker: "AzFu", Offset: 44, Bytes: 40, URL: true, Seeds: []AzureSeed{
			{"Functi00", "function"},
			{"System00", "system"},
			{"Master00", "master"},
		}},
		{Name: "azure-acr", Marker: "+ACR", Offset: 42, Bytes: 39, Seeds: []AzureSeed{{"ACRDflt0", ""}}},
		{Name: "azure-search", Marker: "AzSe", Offset: 42, Bytes: 39, Seeds: []AzureSeed{
			{"PAdmin00", "admin"},
			{"Query000", "query"},
		}},
		{Name: "azure-batch", Marker: "+ABa", Offset: 76, Bytes: 64, Seeds: []AzureSeed{{"AbAcct00", ""}}},
		{Name: "azure-servicebus", Marker: "+ASb", Offset: 33, Bytes: 32, Seeds: bus(
			AzureSeed{"System00", "system"}, AzureSeed{"Unknown0", "unknown"})},
		{Name: "azure-eventhub", Marker: "+AEh", Offset: 33, Bytes: 32, Seeds: bus()},
		{Name: "azure-relay", Marker: "+ARm", Offset: 33, Bytes: 32, Seeds: bus()},
		{Name: "azure-iot", Marker: "AIoT", Offset: 33, Bytes: 32, Seeds: []AzureSeed{
			{"IoTHub00", "hub"},
			{"DpsKey00", "provisioning"},
			{"Device00", "device"},
		}},
		{Name: "azure-apim", Marker: "APIM", Offset: 76, Bytes: 64, Seeds: []AzureSeed{
			{"Tenant00", "direct management"},
			{"IoTHub00", "subscription"},
			{"Gatewy00", "gateway"},
			{"GitKey00", "repository"},
		}},
		{Name: "azure-ml", Marker: "+AMC", Offset: 76, Bytes: 64, Seeds: []AzureSeed{{"Classic0", ""}}},
	}
}

// Encoding returns the base64 variant of the family.
func (k *AzureKey) Encoding() *base64.Encoding {
	if k.URL {
		return base64.URLEncoding
	}
	return base64.StdEncoding
}

// EncodedLen is the length of a key as text.
func (k *AzureKey) EncodedLen() int { return k.Encoding().EncodedLen(k.Bytes) }

// Seal writes the hash for seed over the last four bytes of key.
func (k *AzureKey) Seal(key []byte, seed string) {
	n := len(key) - 4
	binary.LittleEndian.PutUint32(key[n:], Marvin32(seed, key[:n]))
}

// Elide replaces the two base64 characters that are no letters or digits as
// Azure Cache for Redis does.
func Elide(key string) string { return strings.NewReplacer("+", "P", "/", "F").Replace(key) }

// CASK checksums: common annotated security keys, the newer Azure scheme.
const (
	CASKSeed   = "Default0"
	CASKMarker = "JQQJ9"
	CASKOffset = 52 // of CASKMarker
	CASKBody   = 80 // characters covered by the checksum, 60 bytes
)

// CASK returns the six checksum characters of the 60 decoded bytes of a key's
// body: the little-endian bytes of its hash taken as one big-endian
// number in base 62, in which each leading zero byte is a leading zero digit,
// padded with zeros on the right.
func CASK(body []byte) string {
	n := bits.ReverseBytes32(Marvin32(CASKSeed, body))
	zeros := strings.Repeat("0", min(bits.LeadingZeros32(n)/8, 3))
	digits := strings.TrimLeft(Digits(n, Base62, 6), "0")
	if n == 0 {
		digits = "0"
	}
	return (zeros + digits + "000000")[:6]
}

// CASKEarly returns the first checksum characters of keys made in the
// first months of the scheme: base64 of the hash bytes.
func CASKEarly(body []byte) string {
	var sum [4]byte
	binary.LittleEndian.PutUint32(sum[:], Marvin32(CASKSeed, body))
	return base64.StdEncoding.EncodeToString(sum[:3])
}

// Entra client secrets of the eighth generation.
const (
	EntraSeed     = "AadPwd00"
	EntraBody     = 37 // characters covered
	EntraAlphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890.-_~"
)

// Entra returns the three checksum characters behind body.
func Entra(body string) string {
	return Digits(Marvin32(EntraSeed, []byte(body)), EntraAlphabet, 6)[:3]
}
