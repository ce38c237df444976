package proof

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" //nolint:gosec // read here, not chosen: files out there use it
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // as above
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"hash"
	"math/big"
)

// pbe is a password-based encryption as named by an AlgorithmIdentifier:
// PBES2 (RFC 8018) or the older schemes of RFC 8018 and RFC 7292 appendix C.
type pbe struct {
	name       string // "AES-256-CBC"
	kdf        string // "PBKDF2", "scrypt", "PKCS12"; empty if not known
	keyLen     int
	salt, iv   []byte
	iterations int
	newHash    func() hash.Hash
}

// String names the scheme for people, e.g. "AES-256-CBC, PBKDF2".
func (p pbe) String() string {
	if p.kdf == "" {
		return p.name
	}
	return p.name + ", " + p.kdf
}

// maxIterations bounds the work that a file may ask of a key derivation. Files of the usual
// makers ask for 2048 to 100,000.
const maxIterations = 100_000

func parsePBE(id pkix.AlgorithmIdentifier) pbe {
	oid := id.Algorithm.String()
	if oid == "1.2.840.113549.1.5.13" {
		return parsePBES2(id)
	}
	p := pbe{}
	switch oid {
	case "1.2.840.113549.1.12.1.3":
		p = pbe{name: "3DES-CBC", kdf: "PKCS12", keyLen: 24, newHash: sha1.New}
	case "1.2.840.113549.1.12.1.6":
		return pbe{name: "RC2-40-CBC", kdf: "PKCS12"}
	case "1.2.840.113549.1.12.1.5":
		return pbe{name: "RC2-128-CBC", kdf: "PKCS12"}
	case "1.2.840.113549.1.12.1.1":
		return pbe{name: "RC4-128", kdf: "PKCS12"}
	case "1.2.840.113549.1.5.3":
		return pbe{name: "DES-CBC", kdf: "MD5"}
	case "1.2.840.113549.1.5.10":
		return pbe{name: "DES-CBC", kdf: "SHA-1"}
	default:
		return pbe{name: "algorithm " + oid}
	}
	var params struct {
		Salt       []byte
		Iterations int
	}
	if _, err := asn1.Unmarshal(id.Parameters.FullBytes, &params); err == nil {
		p.salt, p.iterations = params.Salt, params.Iterations
	}
	return p
}

func parsePBES2(id pkix.AlgorithmIdentifier) pbe {
	var params struct{ KDF, Scheme pkix.AlgorithmIdentifier }
	if _, err := asn1.Unmarshal(id.Parameters.FullBytes, &params); err != nil {
		return pbe{name: "PBES2"}
	}
	p := pbe{name: "algorithm " + params.Scheme.Algorithm.String()}
	switch params.Scheme.Algorithm.String() {
	case "2.16.840.1.101.3.4.1.2":
		p.name, p.keyLen = "AES-128-CBC", 16
	case "2.16.840.1.101.3.4.1.22":
		p.name, p.keyLen = "AES-192-CBC", 24
	case "2.16.840.1.101.3.4.1.42":
		p.name, p.keyLen = "AES-256-CBC", 32
	case "2.16.840.1.101.3.4.1.46":
		p.name = "AES-256-GCM"
	case "1.2.840.113549.3.7":
		p.name, p.keyLen = "3DES-CBC", 24
	}
	if _, err := asn1.Unmarshal(params.Scheme.Parameters.FullBytes, &p.iv); err != nil {
		p.iv = nil
	}
	switch params.KDF.Algorithm.String() {
	case "1.2.840.113549.1.5.12":
		p.kdf = "PBKDF2"
		p.readPBKDF2(params.KDF.Parameters.FullBytes)
	case "1.3.6.1.4.1.11591.4.11":
		p.kdf = "scrypt"
	}
	return p
}

func (p *pbe) readPBKDF2(der []byte) {
	var params struct {
		Salt       []byte
		Iterations int
		KeyLength  int                      `asn1:"optional"`
		PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
	}
	if _, err := asn1.Unmarshal(der, &params); err != nil {
		return
	}
	p.salt, p.iterations = params.Salt, params.Iterations
	switch params.PRF.Algorithm.String() {
	case "", "1.2.840.113549.2.7":
		p.newHash = sha1.New
	case "1.2.840.113549.2.9":
		p.newHash = sha256.New
	case "1.2.840.113549.2.11":
		p.newHash = sha512.New
	}
}

var errCannotDecrypt = errors.New("cannot be decrypted with this password")

// decrypt tries the password, which is in the encoding the scheme wants
// (see passwords). It does nothing that would take long.
func (p pbe) decrypt(data []byte, password passwords) ([]byte, error) {
	if p.newHash == nil || p.keyLen == 0 || p.iterations < 1 || p.iterations > maxIterations || len(p.salt) > 1024 {
		return nil, errCannotDecrypt
	}
	key, iv := []byte(nil), p.iv
	switch p.kdf {
	case "PBKDF2":
		k, err := pbkdf2.Key(p.newHash, password.utf8, p.salt, p.iterations, p.keyLen)
		if err != nil {
			return nil, errCannotDecrypt
		}
		key = k
	case "PKCS12":
		key = pkcs12KDF(p.newHash, 1, password.bmp, p.salt, p.iterations, p.keyLen)
		iv = pkcs12KDF(p.newHash, 2, password.bmp, p.salt, p.iterations, 8)
	default:
		return nil, errCannotDecrypt
	}
	c, err := p.block(key)
	if err != nil || len(iv) != c.BlockSize() || len(data) == 0 || len(data)%c.BlockSize() != 0 {
		return nil, errCannotDecrypt
	}
	out := make([]byte, len(data))
	cipher.NewCBCDecrypter(c, iv).CryptBlocks(out, data)
	pad := int(out[len(out)-1])
	if pad == 0 || pad > c.BlockSize() {
		return nil, errCannotDecrypt
	}
	return out[:len(out)-pad], nil
}

func (p pbe) block(key []byte) (cipher.Block, error) {
	if p.name == "3DES-CBC" {
		return des.NewTripleDESCipher(key)
	}
	return aes.NewCipher(key)
}

// passwords is one password in the two encodings PKCS #12 uses.
type passwords struct {
	utf8 string
	bmp  []byte // UTF-16BE with a zero at the end; nil: no password at all
}

// emptyPasswords are the two ways in which makers write an empty password.
func emptyPasswords() []passwords {
	return []passwords{{"", []byte{0, 0}}, {"", nil}}
}

// pkcs12KDF derives n bytes for the purpose id (RFC 7292 appendix B.2).
func pkcs12KDF(newHash func() hash.Hash, id byte, password, salt []byte, iterations, n int) []byte {
	h := newHash()
	v := h.BlockSize()
	diversifier := make([]byte, v)
	for i := range diversifier {
		diversifier[i] = id
	}
	material := append(repeatTo(salt, v), repeatTo(password, v)...)
	one := big.NewInt(1)
	modulus := new(big.Int).Lsh(one, uint(8*v))
	var out []byte
	for len(out) < n {
		h.Reset()
		h.Write(diversifier)
		h.Write(material)
		sum := h.Sum(nil)
		for range iterations - 1 {
			h.Reset()
			h.Write(sum)
			sum = h.Sum(sum[:0])
		}
		out = append(out, sum...)
		b := new(big.Int).SetBytes(repeatTo(sum, v)[:v])
		b.Add(b, one)
		for j := 0; j < len(material); j += v {
			chunk := new(big.Int).SetBytes(material[j : j+v])
			chunk.Add(chunk, b).Mod(chunk, modulus).FillBytes(material[j : j+v])
		}
	}
	return out[:n]
}

// repeatTo repeats s to the next multiple of v bytes; nothing stays nothing.
func repeatTo(s []byte, v int) []byte {
	if len(s) == 0 {
		return nil
	}
	size := (len(s) + v - 1) / v * v
	out := make([]byte, 0, size+len(s))
	for len(out) < size {
		out = append(out, s...)
	}
	return out[:size]
}

func hmacSum(newHash func() hash.Hash, key, data []byte) []byte {
	m := hmac.New(newHash, key)
	m.Write(data)
	return m.Sum(nil)
}
