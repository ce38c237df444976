package forge

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/md5" //nolint:gosec // OpenSSL's own key derivation for encrypted PEM
	"crypto/pbkdf2"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// RSAKey returns a key of the given size that is the same for equal r. It is built
// from primes here because crypto/rsa takes its randomness from the system. It is not
// made with the care that a key in use needs.
func RSAKey(r *rand.Rand, bits int) *rsa.PrivateKey {
	e := big.NewInt(65537)
	one := big.NewInt(1)
	for {
		p, q := prime(r, bits-bits/2), prime(r, bits/2)
		phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		d := new(big.Int).ModInverse(e, phi)
		n := new(big.Int).Mul(p, q)
		if d == nil || p.Cmp(q) == 0 || n.BitLen() != bits {
			continue
		}
		k := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: n, E: 65537}, D: d, Primes: []*big.Int{p, q}}
		k.Precompute()
		return k
	}
}

// prime returns a prime of exactly that many bits. Candidates with a small factor are
// sieved out first: tests make many keys, and the primality test is what takes the time.
func prime(r *rand.Rand, bits int) *big.Int {
	raw := Bytes(r, (bits+7)/8)
	start := new(big.Int).SetBytes(raw)
	start.Rsh(start, uint(len(raw)*8-bits))
	start.SetBit(start, bits-1, 1).SetBit(start, bits-2, 1).SetBit(start, 0, 1)
	const span, limit = 1 << 14, 1 << 13
	composite := make([]bool, span) // of start + 2i
	for f := int64(3); f < limit; f += 2 {
		rest := new(big.Int).Mod(start, big.NewInt(f)).Int64()
		// start + 2i is a multiple of f when 2i = -start, modulo f.
		first := (f - rest) % f
		if first%2 == 1 {
			first += f
		}
		for i := first / 2; i < span; i += f {
			composite[i] = true
		}
	}
	for i, out := range composite {
		if p := new(big.Int).Add(start, big.NewInt(int64(2*i))); !out && p.ProbablyPrime(0) {
			return p
		}
	}
	return prime(r, bits)
}

// ECKey returns a P-256 key.
func ECKey(r *rand.Rand) *ecdsa.PrivateKey {
	for {
		if k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), Bytes(r, 32)); err == nil {
			return k
		}
	}
}

// Ed25519Key returns an Ed25519 key.
func Ed25519Key(r *rand.Rand) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(Bytes(r, ed25519.SeedSize))
}

// PEM returns a private key block with the label: RSA PRIVATE KEY (2048 bits), EC
// PRIVATE KEY (P-256), DSA PRIVATE KEY, PRIVATE KEY (PKCS#8, Ed25519),
// ENCRYPTED PRIVATE KEY, OPENSSH PRIVATE KEY. Another label gives "".
func PEM(r *rand.Rand, label string) string {
	switch label {
	case "RSA PRIVATE KEY":
		return Armor(label, x509.MarshalPKCS1PrivateKey(RSAKey(r, 2048)))
	case "EC PRIVATE KEY":
		der, err := x509.MarshalECPrivateKey(ECKey(r))
		if err != nil {
			return ""
		}
		return Armor(label, der)
	case "DSA PRIVATE KEY":
		return dsaPEM(r)
	case "PRIVATE KEY":
		return PKCS8(Ed25519Key(r))
	case "ENCRYPTED PRIVATE KEY":
		return EncryptedPKCS8(r, Ed25519Key(r), Chars(r, Alnum, 12))
	case "OPENSSH PRIVATE KEY":
		return OpenSSH(r, "deploy@example.com")
	}
	return ""
}

// PKCS8 returns any key that crypto/x509 can write, as a PRIVATE KEY block.
func PKCS8(key any) string {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return ""
	}
	return Armor("PRIVATE KEY", der)
}

// Armor wraps der in a PEM block.
func Armor(label string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
}

// dsaPEM makes a small DSA key in OpenSSL's form.
func dsaPEM(r *rand.Rand) string {
	q := prime(r, 160)
	p, one := new(big.Int), big.NewInt(1)
	for m := new(big.Int).SetBit(new(big.Int).SetBytes(Bytes(r, 108)), 863, 1); ; m.Add(m, one) {
		p.Mul(q, m).Add(p, one)
		if p.ProbablyPrime(5) {
			break
		}
	}
	g := new(big.Int).Exp(big.NewInt(2), new(big.Int).Div(new(big.Int).Sub(p, one), q), p)
	x := new(big.Int).SetBytes(Bytes(r, 19))
	der, err := asn1.Marshal(struct {
		Version       int
		P, Q, G, Y, X *big.Int
	}{0, p, q, g, new(big.Int).Exp(g, x, p), x})
	if err != nil {
		return ""
	}
	return Armor("DSA PRIVATE KEY", der)
}

// EncryptedPKCS8 returns an ENCRYPTED PRIVATE KEY block (PBES2, PBKDF2 with 2048
// rounds of HMAC-SHA-256, AES-256-CBC).
func EncryptedPKCS8(r *rand.Rand, key any, password string) string {
	plain, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return ""
	}
	algorithm, data := pbes2(r, plain, password)
	der, err := asn1.Marshal(struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}{algorithm, data})
	if err != nil {
		return ""
	}
	return Armor("ENCRYPTED PRIVATE KEY", der)
}

// pbes2 encrypts as RFC 8018 section 6.2 says.
func pbes2(r *rand.Rand, plain []byte, password string) (pkix.AlgorithmIdentifier, []byte) {
	salt, iv := Bytes(r, 16), Bytes(r, 16)
	const iterations = 2048
	key, err := pbkdf2.Key(sha256.New, password, salt, iterations, 32)
	if err != nil {
		return pkix.AlgorithmIdentifier{}, nil
	}
	prf := pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}, Parameters: asn1.NullRawValue}
	kdf := identifier(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}, struct {
		Salt       []byte
		Iterations int
		PRF        pkix.AlgorithmIdentifier
	}{salt, iterations, prf})
	scheme := identifier(asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}, iv)
	return identifier(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}, struct{ KDF, Scheme pkix.AlgorithmIdentifier }{kdf, scheme}),
		cbc(key, iv, plain)
}

func identifier(oid asn1.ObjectIdentifier, params any) pkix.AlgorithmIdentifier {
	der, _ := asn1.Marshal(params)
	return pkix.AlgorithmIdentifier{Algorithm: oid, Parameters: asn1.RawValue{FullBytes: der}}
}

func cbc(key, iv, plain []byte) []byte {
	c, err := aes.NewCipher(key)
	if err != nil {
		return nil
	}
	pad := 16 - len(plain)%16
	out := append(bytes.Clone(plain), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(c, iv).CryptBlocks(out, out)
	return out
}

// LegacyEncrypted returns an RSA PRIVATE KEY block (1024 bits) with the
// headers of RFC 1421, as old versions of OpenSSL and ssh-keygen wrote them.
func LegacyEncrypted(r *rand.Rand, password string) string {
	iv := Bytes(r, 16)
	key := md5.Sum(append([]byte(password), iv[:8]...)) //nolint:gosec // see import
	data := cbc(key[:], iv, x509.MarshalPKCS1PrivateKey(RSAKey(r, 1024)))
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: data, Headers: map[string]string{
		"Proc-Type": "4,ENCRYPTED",
		"DEK-Info":  "AES-128-CBC," + fmt.Sprintf("%X", iv),
	}}))
}

// OpenSSH returns an Ed25519 key in OpenSSH's format, without a passphrase.
func OpenSSH(r *rand.Rand, comment string) string {
	key := Ed25519Key(r)
	public := sshStrings("ssh-ed25519", string(key[32:]))
	check := r.Uint32()
	private := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, check), check)
	private = append(private, sshStrings("ssh-ed25519", string(key[32:]), string(key), comment)...)
	for i := byte(1); len(private)%8 != 0; i++ {
		private = append(private, i)
	}
	return openSSH("none", "none", "", public, private)
}

// OpenSSHEncrypted returns a key file in OpenSSH's format whose private part is
// noise, as an encrypted one looks to all who lack the passphrase.
func OpenSSHEncrypted(r *rand.Rand) string {
	key := Ed25519Key(r)
	options := sshStrings(string(Bytes(r, 16))) // salt
	options = binary.BigEndian.AppendUint32(options, 16)
	return openSSH("aes256-ctr", "bcrypt", string(options), sshStrings("ssh-ed25519", string(key[32:])), Bytes(r, 144))
}

func openSSH(cipherName, kdf, options string, public, private []byte) string {
	data := append([]byte("openssh-key-v1\x00"), sshStrings(cipherName, kdf, options)...)
	data = binary.BigEndian.AppendUint32(data, 1)
	data = append(data, sshStrings(string(public), string(private))...)
	return Armor("OPENSSH PRIVATE KEY", data)
}

// sshStrings writes strings in the format of RFC 4251 section 5.
func sshStrings(list ...string) []byte {
	var out []byte
	for _, s := range list {
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(s))), s...)
	}
	return out
}

// Certificate returns a self-signed certificate (PEM) for key with the common name,
// valid for the year before expires.
func Certificate(r *rand.Rand, key ed25519.PrivateKey, name string, expires time.Time) string {
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(Bytes(r, 8)),
		Subject:      pkix.Name{CommonName: name, Organization: []string{"Example"}},
		DNSNames:     []string{name},
		NotBefore:    expires.AddDate(-1, 0, 0),
		NotAfter:     expires,
	}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		return ""
	}
	return Armor("CERTIFICATE", der)
}

// GCPServiceAccount returns a key file of Google Cloud.
func GCPServiceAccount(r *rand.Rand, project, account string) string {
	email := account + "@" + project + ".iam.gserviceaccount.com"
	body := object(
		"type", "service_account",
		"project_id", project,
		"private_key_id", hex.EncodeToString(Bytes(r, 20)),
		"private_key", PKCS8(RSAKey(r, 2048)),
		"client_email", email,
		"client_id", "1"+Chars(r, "0123456789", 20),
		"auth_uri", "https://accounts.google.com/o/oauth2/auth",
		"token_uri", "https://oauth2.googleapis.com/token",
		"client_x509_cert_url", "https://www.googleapis.com/robot/v1/metadata/x509/"+email)
	var out bytes.Buffer
	if err := json.Indent(&out, body, "", "  "); err != nil {
		return ""
	}
	return out.String()
}

// PyPI returns an upload token with the caveats, JSON each.
func PyPI(r *rand.Rand, caveats ...string) string {
	field := func(out []byte, kind byte, data string) []byte {
		out = append(out, kind)
		out = binary.AppendUvarint(out, uint64(len(data)))
		return append(out, data...)
	}
	id := hex.EncodeToString(Bytes(r, 16))
	out := field([]byte{2}, 1, "pypi.org")
	out = field(out, 2, id[:8]+"-"+id[8:12]+"-4"+id[13:16]+"-a"+id[17:20]+"-"+id[20:])
	out = append(out, 0)
	for _, c := range caveats {
		out = append(field(out, 2, c), 0)
	}
	out = field(append(out, 0), 6, string(Bytes(r, 32)))
	return "pypi" + "-" + base64.RawURLEncoding.EncodeToString(out)
}

// JWK returns a private JSON Web Key of the type RSA, EC, OKP or oct; "" for another.
func JWK(r *rand.Rand, kty string) string {
	enc := func(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
	switch kty {
	case "RSA":
		k := RSAKey(r, 1024)
		p := k.Precomputed
		return fmt.Sprintf(`{"kty":"RSA","n":%q,"e":"AQAB","d":%q,"p":%q,"q":%q,"dp":%q,"dq":%q,"qi":%q}`, enc(k.N.Bytes()), enc(k.D.Bytes()),
			enc(k.Primes[0].Bytes()), enc(k.Primes[1].Bytes()), enc(p.Dp.Bytes()), enc(p.Dq.Bytes()), enc(p.Qinv.Bytes()))
	case "EC":
		key, err := ECKey(r).ECDH()
		if err != nil {
			return ""
		}
		point := key.PublicKey().Bytes()
		return fmt.Sprintf(`{"kty":"EC","crv":"P-256","x":%q,"y":%q,"d":%q}`, enc(point[1:33]), enc(point[33:]), enc(key.Bytes()))
	case "OKP":
		key := Ed25519Key(r)
		return fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","x":%q,"d":%q}`, enc(key[32:]), enc(key.Seed()))
	case "oct":
		return fmt.Sprintf(`{"kty":"oct","k":%q,"alg":"HS256"}`, enc(Bytes(r, 32)))
	}
	return ""
}

// RSAKeyValue returns an RSA key as .NET writes it in XML.
func RSAKeyValue(r *rand.Rand) string {
	k := RSAKey(r, 1024)
	enc := func(n *big.Int) string { return base64.StdEncoding.EncodeToString(n.Bytes()) }
	return fmt.Sprintf("<RSAKeyValue><Modulus>%s</Modulus><Exponent>AQAB</Exponent><P>%s</P><Q>%s</Q><DP>%s</DP><DQ>%s</DQ><InverseQ>%s</InverseQ><D>%s</D></RSAKeyValue>",
		enc(k.N), enc(k.Primes[0]), enc(k.Primes[1]), enc(k.Precomputed.Dp), enc(k.Precomputed.Dq), enc(k.Precomputed.Qinv), enc(k.D))
}

// KeyArray returns the key file of a Solana wallet: a list of 64 numbers.
func KeyArray(r *rand.Rand) string {
	key := Ed25519Key(r)
	numbers := make([]string, len(key))
	for i, b := range key {
		numbers[i] = strconv.Itoa(int(b))
	}
	return "[" + strings.Join(numbers, ",") + "]"
}
