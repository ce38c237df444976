package sample

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"text/template"

	"github.com/straykey/straykey/detect/proof/forge"
)

// keys adds functions for private keys and certificates. The keys are real, of
// the smallest size in use, and made from the sample's own randomness, so that
// whoever reads this file can make them too: they open nothing.
func keys(f template.FuncMap, r *rand.Rand) {
	f["pem"] = func(label string) (string, error) { return pemKey(r, label) }
	f["der"] = func(label string) (string, error) { return bareKey(r, label) }
	f["openssh"] = func() string { return block("OPENSSH PRIVATE KEY", opensshKey(r)) }
	f["pkcs8enc"] = func() (string, error) {
		der, err := encryptedKey(r)
		return block("ENCRYPTED PRIVATE KEY", der), err
	}
	f["cert"] = func() (string, error) {
		der, err := certificate(r)
		return block("CERTIFICATE", der), err
	}
}

// block is a PEM block without the last line end, so that it can stand in a line.
func block(label string, der []byte) string {
	return strings.TrimSuffix(string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})), "\n")
}

// pemKey makes a private key of the type the label of its PEM block names.
func pemKey(r *rand.Rand, label string) (string, error) {
	var der []byte
	var err error
	switch label {
	case "RSA PRIVATE KEY":
		der = x509.MarshalPKCS1PrivateKey(rsaKey(r))
	case "EC PRIVATE KEY":
		var key *ecdsa.PrivateKey
		if key, err = ecKey(r); err == nil {
			der, err = x509.MarshalECPrivateKey(key)
		}
	case "PRIVATE KEY":
		der, err = x509.MarshalPKCS8PrivateKey(edKey(r))
	case "OPENSSH PRIVATE KEY":
		der = opensshKey(r)
	case "DSA PRIVATE KEY":
		der, err = dsaKey(r)
	case "ENCRYPTED PRIVATE KEY":
		der, err = encryptedKey(r)
	default:
		return "", fmt.Errorf("no key of type %q; expected RSA PRIVATE KEY, EC PRIVATE KEY, DSA PRIVATE KEY, PRIVATE KEY, ENCRYPTED PRIVATE KEY or OPENSSH PRIVATE KEY", label)
	}
	return block(label, der), err
}

// bareKey makes a private key like pemKey, in base64 on one line and without armor. PKCS8 RSA is the form in
// which Java and others want it.
func bareKey(r *rand.Rand, label string) (string, error) {
	if label == "PKCS8 RSA" {
		der, err := x509.MarshalPKCS8PrivateKey(rsaKey(r))
		return base64.StdEncoding.EncodeToString(der), err
	}
	text, err := pemKey(r, label)
	if err != nil {
		return "", err
	}
	b, _ := pem.Decode([]byte(text))
	return base64.StdEncoding.EncodeToString(b.Bytes), nil
}

func edKey(r *rand.Rand) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(forge.Bytes(r, ed25519.SeedSize))
}

func ecKey(r *rand.Rand) (*ecdsa.PrivateKey, error) {
	scalar := forge.Bytes(r, 32)
	scalar[0] &= 0x7f // below the order of the group
	return ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar)
}

// rsaBits is the least that crypto/rsa works with.
const rsaBits = 1024

// rsaKey makes an RSA key. crypto/rsa takes its randomness from the system
// whatever it is given, so the primes are searched here.
func rsaKey(r *rand.Rand) *rsa.PrivateKey {
	e := big.NewInt(65537)
	one := big.NewInt(1)
	for {
		p, q := prime(r, rsaBits/2), prime(r, rsaBits/2)
		n := new(big.Int).Mul(p, q)
		phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		d := new(big.Int).ModInverse(e, phi)
		if d == nil || p.Cmp(q) == 0 {
			continue
		}
		key := &rsa.PrivateKey{
			PublicKey: rsa.PublicKey{N: n, E: int(e.Int64())},
			D:         d,
			Primes:    []*big.Int{p, q},
		}
		key.Precompute()
		return key
	}
}

// prime returns a prime of that many bits, the two highest set, as RSA wants it.
func prime(r *rand.Rand, bits int) *big.Int {
	b := forge.Bytes(r, bits/8)
	b[0] |= 0xc0
	b[len(b)-1] |= 1
	p, two := new(big.Int).SetBytes(b), big.NewInt(2)
	for !p.ProbablyPrime(20) {
		p.Add(p, two)
	}
	return p
}

// dsaKey has the structure of a DSA key with random numbers: the format is what
// a sample needs, and DSA itself is no longer used.
func dsaKey(r *rand.Rand) ([]byte, error) {
	number := func(size int) *big.Int {
		b := forge.Bytes(r, size)
		b[0] |= 0x80
		return new(big.Int).SetBytes(b)
	}
	return asn1.Marshal(struct{ Version, P, Q, G, Y, X *big.Int }{
		new(big.Int), number(128), number(20), number(128), number(128), number(20),
	})
}

// opensshKey is an unencrypted Ed25519 key in the format of OpenSSH's PROTOCOL.key.
func opensshKey(r *rand.Rand) []byte {
	key := edKey(r)
	public := key.Public().(ed25519.PublicKey)
	text := func(b, s []byte) []byte {
		return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
	}
	kind := []byte("ssh-ed25519")
	publicBlob := text(text(nil, kind), public)

	check := forge.Bytes(r, 4)
	private := append(append([]byte{}, check...), check...)
	private = text(text(text(text(private, kind), public), key), []byte("deploy@acme.example"))
	for i := byte(1); len(private)%8 != 0; i++ {
		private = append(private, i)
	}

	out := []byte("openssh-key-v1\x00")
	out = text(text(text(out, []byte("none")), []byte("none")), nil)
	out = binary.BigEndian.AppendUint32(out, 1)
	return text(text(out, publicBlob), private)
}

// The identifiers of an encrypted PKCS #8 key, RFC 8018.
var (
	oidPBES2      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oidHMACSHA256 = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}
	oidAES256CBC  = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}
)

// encryptedKey is an EncryptedPrivateKeyInfo (RFC 5958) of PBKDF2 and AES-256-CBC
// around random bytes: without the password nobody can tell.
func encryptedKey(r *rand.Rand) ([]byte, error) {
	var info struct {
		Algorithm struct {
			OID     asn1.ObjectIdentifier
			Schemes struct {
				KDF struct {
					OID        asn1.ObjectIdentifier
					Parameters struct {
						Salt       []byte
						Iterations int
						PRF        pkix.AlgorithmIdentifier
					}
				}
				Cipher struct {
					OID asn1.ObjectIdentifier
					IV  []byte
				}
			}
		}
		Encrypted []byte
	}
	info.Algorithm.OID = oidPBES2
	kdf, cipher := &info.Algorithm.Schemes.KDF, &info.Algorithm.Schemes.Cipher
	kdf.OID, kdf.Parameters.Salt, kdf.Parameters.Iterations = oidPBKDF2, forge.Bytes(r, 8), 2048
	kdf.Parameters.PRF = pkix.AlgorithmIdentifier{Algorithm: oidHMACSHA256, Parameters: asn1.NullRawValue}
	cipher.OID, cipher.IV = oidAES256CBC, forge.Bytes(r, 16)
	info.Encrypted = forge.Bytes(r, 64)
	return asn1.Marshal(info)
}

// certificate is a self-signed certificate for acme.example, valid for a year.
func certificate(r *rand.Rand) ([]byte, error) {
	key := edKey(r)
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(forge.Bytes(r, 8)),
		Subject:      pkix.Name{CommonName: "acme.example", Organization: []string{"Acme"}},
		NotBefore:    issued,
		NotAfter:     issued.AddDate(1, 0, 0),
	}
	return x509.CreateCertificate(nil, template, template, key.Public(), key)
}
