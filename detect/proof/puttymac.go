package proof

import (
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // version 2 of the format uses it
	"crypto/sha256"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
)

// macHolds checks the MAC of a file that is not encrypted: over type, encryption,
// comment and both keys, with a key that anyone can compute.
func (p *puttyFile) macHolds(public, private []byte) bool {
	want, err := hex.DecodeString(p.mac)
	if err != nil {
		return false
	}
	var data []byte
	for _, s := range [][]byte{[]byte(p.kind), []byte(p.encryption), []byte(p.comment), public, private} {
		data = sshString(data, s)
	}
	switch p.version {
	case "2":
		key := sha1.Sum([]byte("putty-private-key-file-mac-key"))
		return hmac.Equal(want, hmacSum(sha1.New, key[:], data))
	case "3":
		return hmac.Equal(want, hmacSum(sha256.New, nil, data))
	}
	return false
}

var one = big.NewInt(1)

func bigInt(b []byte) *big.Int { return new(big.Int).SetBytes(b) }

// ecPublicInfo names an ECDSA public key whose SSH type is kind.
func ecPublicInfo(kind string, point []byte) keyInfo {
	var k keyInfo
	for _, c := range [...]struct {
		ssh, name string
		oid       asn1.ObjectIdentifier
		std       ecdh.Curve
	}{
		{"nistp256", "P-256", asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}, ecdh.P256()},
		{"nistp384", "P-384", asn1.ObjectIdentifier{1, 3, 132, 0, 34}, ecdh.P384()},
		{"nistp521", "P-521", asn1.ObjectIdentifier{1, 3, 132, 0, 35}, ecdh.P521()},
	} {
		if kind != "ecdsa-sha2-"+c.ssh {
			continue
		}
		k.kind = "ECDSA " + c.name
		if _, err := c.std.NewPublicKey(point); err != nil {
			return k
		}
		if params, err := asn1.Marshal(c.oid); err == nil {
			k.spki = marshalSPKI(oidEC, asn1.RawValue{FullBytes: params}, point)
		}
	}
	return k
}
