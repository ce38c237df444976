package proof

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base32"
	"math/big"
	"strings"

	"github.com/straykey/straykey/detect/proof/internal/bip39"
	"github.com/straykey/straykey/detect/proof/internal/checksum"
)

// nkeyKinds are the second letters of NATS seeds and whose they are.
var nkeyKinds = map[byte]string{
	'A': "account", 'C': "cluster", 'N': "server", 'O': "operator", 'U': "user", 'X': "curve",
}

// proveNKEY proves the seed of a NATS nkey: base32 of two bytes that say what it is, the 32
// bytes of an Ed25519 seed, and their CRC-16. NATS refuses a seed whose checksum does not hold, but what stands
// in a repository may have been altered by hand on its way.
func proveNKEY(in input) Result {
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(in.secret)
	if err != nil || len(raw) != 36 || in.secret[0] != 'S' {
		return invalid("no base32 of 36 bytes")
	}
	kind, ok := nkeyKinds[in.secret[1]]
	if !ok {
		return invalid("no seed of a known kind")
	}
	sum := checksum.CRC16(raw[:34])
	if raw[1]&0x3f != 0 || raw[34] != byte(sum) || raw[35] != byte(sum>>8) {
		return unknown("checksum does not hold")
	}
	var f facts
	f.add("role", kind)
	f.add("key", "Ed25519")
	return valid("checksum holds", f...)
}

// proveMnemonic proves a mnemonic phrase, however its words are set apart.
func proveMnemonic(in input) Result {
	phrase := strings.FieldsFunc(strings.ToLower(in.secret), func(c rune) bool { return c < 'a' || c > 'z' })
	switch {
	case !bip39.Check(phrase):
		return invalid("checksum does not hold")
	case repetitive(phrase):
		return invalid("words repeat as in published examples")
	}
	return valid("checksum holds")
}

// repetitive reports whether so many words of a phrase are the same that nobody drew them: four of 24 are the same
// as another by chance once in a hundred thousand phrases.
func repetitive(phrase []string) bool {
	seen := map[string]bool{}
	for _, w := range phrase {
		seen[w] = true
	}
	return len(phrase)-len(seen) >= 3
}

// base58 is the alphabet of Bitcoin.
const base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

// maxBase58 bounds the arithmetic: an extended key has 111 characters.
const maxBase58 = 128

// decodeBase58 decodes at most size bytes; nil if they are more or the text is none.
func decodeBase58(s string, size int) []byte {
	if len(s) == 0 || len(s) > maxBase58 {
		return nil
	}
	n, radix := new(big.Int), big.NewInt(58)
	for i := range len(s) {
		digit := strings.IndexByte(base58, s[i])
		if digit < 0 {
			return nil
		}
		n.Add(n.Mul(n, radix), big.NewInt(int64(digit)))
	}
	if n.BitLen() > 8*size {
		return nil
	}
	return n.FillBytes(make([]byte, size))
}

// proveBase58Check proves keys that end in four bytes of the double SHA-256 of what stands before:
// extended private keys (BIP-0032) and the wallet import format.
func proveBase58Check(in input) Result {
	size := 82 // an extended key: version, depth, parent, number, chain code, key, checksum
	switch len(in.secret) {
	case 51:
		size = 37 // version, key, checksum
	case 52:
		size = 38 // and a byte that says that the public key is compressed
	}
	raw := decodeBase58(in.secret, size)
	if raw == nil {
		return invalid("no base58 of a key's length")
	}
	sum := sha256.Sum256(raw[:size-4])
	sum = sha256.Sum256(sum[:])
	if string(sum[:4]) != string(raw[size-4:]) {
		return invalid("checksum does not hold")
	}
	var f facts
	switch raw[0] {
	case 0x80:
		f.add("network", "Bitcoin")
	case 0xef:
		f.add("network", "Bitcoin test network")
	}
	return valid("checksum holds", f...)
}

// proveKeyArray proves the 64 bytes of a Solana key file: an Ed25519 seed and the public key that belongs to it.
func proveKeyArray(in input) Result {
	var raw []byte
	for number := range strings.FieldsFuncSeq(in.secret, func(c rune) bool { return c < '0' || c > '9' }) {
		n := 0
		for i := 0; i < len(number) && n < 256; i++ {
			n = 10*n + int(number[i]-'0')
		}
		if n > 255 || len(raw) == ed25519.PrivateKeySize {
			return invalid("no 64 bytes")
		}
		raw = append(raw, byte(n))
	}
	if len(raw) != ed25519.PrivateKeySize {
		return invalid("no 64 bytes")
	}
	if !ed25519.NewKeyFromSeed(raw[:ed25519.SeedSize]).Equal(ed25519.PrivateKey(raw)) {
		return invalid("public key does not belong to the private one")
	}
	k := ed25519Info(raw[ed25519.SeedSize:])
	return valid("a private key, not encrypted", k.facts()...)
}
