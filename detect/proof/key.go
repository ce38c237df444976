package proof

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strconv"
)

// keyInfo is what a private key file tells without a passphrase.
type keyInfo struct {
	kind      string // "RSA 2048"; empty if it cannot be read
	encrypted bool
	cipher    string
	comment   string
	spki      []byte // DER SubjectPublicKeyInfo; nil if not known
	ssh       []byte // public key in SSH wire format (RFC 4253 section 6.6); nil if not known
	// consistent: the private and public numbers belong together.
	consistent bool
}

func (k *keyInfo) facts() facts {
	var f facts
	f.add("key", k.kind)
	if k.encrypted {
		f.add("encrypted", "yes")
	} else {
		f.add("encrypted", "no")
	}
	f.add("cipher", k.cipher)
	if k.spki != nil {
		f.add("spki", spkiHash(k.spki))
	}
	if k.ssh != nil {
		sum := sha256.Sum256(k.ssh)
		f.add("fingerprint", "SHA256:"+base64.RawStdEncoding.EncodeToString(sum[:]))
	}
	f.add("comment", k.comment)
	return f
}

func spkiHash(spki []byte) string {
	sum := sha256.Sum256(spki)
	return hex.EncodeToString(sum[:])
}

// The largest numbers with which arithmetic is done; larger keys are read but not
// checked.
const (
	maxRSABits = 16384
	maxDSABits = 4096
)

var errNotKey = errors.New("no private key of a known form")

var (
	oidRSA     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidRSAPSS  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidDSA     = asn1.ObjectIdentifier{1, 2, 840, 10040, 4, 1}
	oidEC      = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	oidX25519  = asn1.ObjectIdentifier{1, 3, 101, 110}
	oidX448    = asn1.ObjectIdentifier{1, 3, 101, 111}
	oidEd25519 = asn1.ObjectIdentifier{1, 3, 101, 112}
	oidEd448   = asn1.ObjectIdentifier{1, 3, 101, 113}
	oidDH      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 3, 1}
)

// parseDERKey reads a private key in any of the DER forms, whatever the label says: files
// are often mislabelled.
func parseDERKey(der []byte) (keyInfo, error) {
	for _, parse := range [...]func([]byte) (keyInfo, error){parsePKCS8, parsePKCS1, parseSEC1, parseDSA, parseEncryptedPKCS8} {
		if k, err := parse(der); err == nil {
			return k, nil
		}
	}
	return keyInfo{}, errNotKey
}

// pkcs8 is PrivateKeyInfo (RFC 5208) and OneAsymmetricKey (RFC 5958).
type pkcs8 struct {
	Version    int
	Algorithm  pkix.AlgorithmIdentifier
	PrivateKey []byte
}

func parsePKCS8(der []byte) (keyInfo, error) {
	var p pkcs8
	if _, err := asn1.Unmarshal(der, &p); err != nil || p.Version < 0 || p.Version > 1 {
		return keyInfo{}, errNotKey
	}
	oid := p.Algorithm.Algorithm
	switch {
	case oid.Equal(oidRSA), oid.Equal(oidRSAPSS):
		return parsePKCS1(p.PrivateKey)
	case oid.Equal(oidEC):
		var curve asn1.ObjectIdentifier
		if _, err := asn1.Unmarshal(p.Algorithm.Parameters.FullBytes, &curve); err != nil {
			curve = nil
		}
		return parseSEC1On(p.PrivateKey, curve)
	case oid.Equal(oidEd25519):
		return parseEd25519(p.PrivateKey)
	case oid.Equal(oidDSA):
		return parsePKCS8DSA(p)
	}
	for _, named := range [...]struct {
		oid  asn1.ObjectIdentifier
		kind string
	}{{oidX25519, "X25519"}, {oidX448, "X448"}, {oidEd448, "Ed448"}, {oidDH, "DH"}} {
		if oid.Equal(named.oid) {
			return keyInfo{kind: named.kind, consistent: true}, nil
		}
	}
	return keyInfo{kind: "algorithm " + oid.String()}, nil
}

// pkcs1 is RSAPrivateKey (RFC 8017 appendix A.1.2). crypto/x509 is not
// used: it refuses small keys and spends milliseconds on large ones.
type pkcs1 struct {
	Version    int
	N, E, D    *big.Int
	P, Q       *big.Int
	DP, DQ, QI *big.Int
}

func parsePKCS1(der []byte) (keyInfo, error) {
	var p pkcs1
	if _, err := asn1.Unmarshal(der, &p); err != nil || p.Version < 0 || p.Version > 1 || p.N.Sign() <= 0 {
		return keyInfo{}, errNotKey
	}
	return rsaInfo(p.N, p.E, p.P, p.Q), nil
}

func rsaInfo(n, e, p, q *big.Int) keyInfo {
	k := keyInfo{kind: "RSA " + strconv.Itoa(n.BitLen())}
	if n.BitLen() <= maxRSABits && p.BitLen() <= maxRSABits && q.BitLen() <= maxRSABits && p.BitLen() > 1 && q.BitLen() > 1 {
		k.consistent = new(big.Int).Mul(p, q).Cmp(n) == 0
	}
	public, err := asn1.Marshal(struct{ N, E *big.Int }{n, e})
	if err == nil {
		k.spki = marshalSPKI(oidRSA, asn1.NullRawValue, public)
	}
	k.ssh = sshWire("ssh-rsa", mpint(e), mpint(n))
	return k
}

// sec1 is ECPrivateKey (RFC 5915).
type sec1 struct {
	Version    int
	PrivateKey []byte
	Curve      asn1.ObjectIdentifier `asn1:"optional,explicit,tag:0"`
	Public     asn1.BitString        `asn1:"optional,explicit,tag:1"`
}

func parseSEC1(der []byte) (keyInfo, error) { return parseSEC1On(der, nil) }

func parseSEC1On(der []byte, curve asn1.ObjectIdentifier) (keyInfo, error) {
	var s sec1
	if _, err := asn1.Unmarshal(der, &s); err != nil || s.Version != 1 || len(s.PrivateKey) == 0 {
		return keyInfo{}, errNotKey
	}
	if curve == nil {
		curve = s.Curve
	}
	c := curveOf(curve)
	k := keyInfo{kind: "ECDSA " + c.name}
	point := s.Public.Bytes
	if c.std != nil {
		computed, ok := ecPublic(c.std, c.bytes, s.PrivateKey)
		k.consistent = ok && (len(point) == 0 || bytes.Equal(point, computed))
		if ok {
			point = computed
		}
	} else {
		k.consistent = len(point) > 0 && len(point)%2 == 1 // curves that the standard library lacks
	}
	if len(point) > 0 && curve != nil {
		if params, err := asn1.Marshal(curve); err == nil {
			k.spki = marshalSPKI(oidEC, asn1.RawValue{FullBytes: params}, point)
		}
	}
	if c.ssh != "" && len(point) > 0 {
		k.ssh = sshWire("ecdsa-sha2-"+c.ssh, []byte(c.ssh), point)
	}
	return k, nil
}

type curve struct {
	name, ssh string
	std       ecdh.Curve
	bytes     int
}

func curveOf(oid asn1.ObjectIdentifier) curve {
	switch oid.String() {
	case "1.2.840.10045.3.1.7":
		return curve{"P-256", "nistp256", ecdh.P256(), 32}
	case "1.3.132.0.34":
		return curve{"P-384", "nistp384", ecdh.P384(), 48}
	case "1.3.132.0.35":
		return curve{"P-521", "nistp521", ecdh.P521(), 66}
	case "1.3.132.0.33":
		return curve{name: "P-224"}
	case "1.2.840.10045.3.1.1":
		return curve{name: "P-192"}
	case "1.3.132.0.10":
		return curve{name: "secp256k1"}
	case "1.3.36.3.3.2.8.1.1.7":
		return curve{name: "brainpoolP256r1"}
	case "1.3.36.3.3.2.8.1.1.11":
		return curve{name: "brainpoolP384r1"}
	case "1.3.36.3.3.2.8.1.1.13":
		return curve{name: "brainpoolP512r1"}
	case "":
		return curve{name: "with explicit parameters"}
	}
	return curve{name: "curve " + oid.String()}
}

// ecPublic computes the uncompressed public point of a private scalar.
func ecPublic(c ecdh.Curve, size int, scalar []byte) ([]byte, bool) {
	scalar = bytes.TrimLeft(scalar, "\x00")
	if len(scalar) > size {
		return nil, false
	}
	padded := make([]byte, size)
	copy(padded[size-len(scalar):], scalar)
	key, err := c.NewPrivateKey(padded)
	if err != nil {
		return nil, false
	}
	return key.PublicKey().Bytes(), true
}

func parseEd25519(inner []byte) (keyInfo, error) {
	var seed []byte
	if _, err := asn1.Unmarshal(inner, &seed); err != nil || len(seed) != ed25519.SeedSize {
		return keyInfo{}, errNotKey
	}
	public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	return ed25519Info(public), nil
}

func ed25519Info(public []byte) keyInfo {
	return keyInfo{
		kind:       "Ed25519",
		spki:       marshalSPKI(oidEd25519, asn1.RawValue{}, public),
		ssh:        sshWire("ssh-ed25519", public),
		consistent: true,
	}
}

// opensslDSA is the traditional form: OpenSSL's "DSA PRIVATE KEY".
type opensslDSA struct {
	Version       int
	P, Q, G, Y, X *big.Int
}

type dsaParameters struct{ P, Q, G *big.Int }

func parseDSA(der []byte) (keyInfo, error) {
	var d opensslDSA
	if rest, err := asn1.Unmarshal(der, &d); err != nil || len(rest) > 0 || d.Version != 0 {
		return keyInfo{}, errNotKey
	}
	return dsaInfo(d.P, d.Q, d.G, d.Y, d.X)
}

func parsePKCS8DSA(p pkcs8) (keyInfo, error) {
	var params dsaParameters
	var x *big.Int
	if _, err := asn1.Unmarshal(p.Algorithm.Parameters.FullBytes, &params); err != nil {
		return keyInfo{}, errNotKey
	}
	if _, err := asn1.Unmarshal(p.PrivateKey, &x); err != nil {
		return keyInfo{}, errNotKey
	}
	return dsaInfo(params.P, params.Q, params.G, nil, x)
}

// dsaInfo computes y = g^x mod p; y, if given, must be that.
func dsaInfo(p, q, g, y, x *big.Int) (keyInfo, error) {
	if p.Sign() <= 0 || q.Sign() <= 0 || g.Sign() <= 0 || x.Sign() <= 0 || q.BitLen() > 512 || x.Cmp(q) >= 0 {
		return keyInfo{}, errNotKey
	}
	k := keyInfo{kind: "DSA " + strconv.Itoa(p.BitLen())}
	if p.BitLen() > maxDSABits || g.BitLen() > maxDSABits {
		return k, nil
	}
	computed := new(big.Int).Exp(g, x, p)
	k.consistent = y == nil || computed.Cmp(y) == 0
	k.ssh = sshWire("ssh-dss", mpint(p), mpint(q), mpint(g), mpint(computed))
	params, err1 := asn1.Marshal(dsaParameters{p, q, g})
	public, err2 := asn1.Marshal(computed)
	if err1 == nil && err2 == nil {
		k.spki = marshalSPKI(oidDSA, asn1.RawValue{FullBytes: params}, public)
	}
	return k, nil
}

// encryptedPKCS8 is EncryptedPrivateKeyInfo (RFC 5958).
type encryptedPKCS8 struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

func parseEncryptedPKCS8(der []byte) (keyInfo, error) {
	var e encryptedPKCS8
	if rest, err := asn1.Unmarshal(der, &e); err != nil || len(rest) > 0 || len(e.Data) == 0 {
		return keyInfo{}, errNotKey
	}
	return keyInfo{encrypted: true, cipher: parsePBE(e.Algorithm).String(), consistent: true}, nil
}

func marshalSPKI(oid asn1.ObjectIdentifier, params asn1.RawValue, public []byte) []byte {
	der, err := asn1.Marshal(struct {
		Algorithm pkix.AlgorithmIdentifier
		Public    asn1.BitString
	}{
		pkix.AlgorithmIdentifier{Algorithm: oid, Parameters: params},
		asn1.BitString{Bytes: public, BitLength: 8 * len(public)},
	})
	if err != nil {
		return nil
	}
	return der
}

func bigInt(b []byte) *big.Int { return new(big.Int).SetBytes(b) }

// derLength returns how long the DER element at the start of b says it is.
func derLength(b []byte) (int, error) {
	if len(b) < 2 || b[0] != 0x30 {
		return 0, errors.New("no DER sequence")
	}
	if b[1] < 0x80 {
		return 2 + int(b[1]), nil
	}
	n := int(b[1] & 0x7f)
	if n == 0 || n > 4 || len(b) < 2+n {
		return 0, fmt.Errorf("DER length of %d bytes", n)
	}
	length := 0
	for _, c := range b[2 : 2+n] {
		length = length<<8 | int(c)
	}
	return 2 + n + length, nil
}
