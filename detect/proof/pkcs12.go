package proof

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // files out there use it
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"hash"
	"strings"
	"time"
)

// provePKCS12 reads a PKCS #12 container (RFC 7292), as bytes or base64: what it
// holds as far as that stands in it unencrypted or opens with the empty
// password. Containers in BER with indefinite lengths are recognized, not read.
func provePKCS12(in input) Result {
	der := []byte(unwrap(in.secret))
	p, err := parsePFX(der)
	if err != nil {
		return unknown("not a container that can be read")
	}
	return in.until(p.expires(), valid(p.detail(), p.facts()...))
}

var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidEncryptedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 6}
	oidX509Cert      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 22, 1}
)

type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"optional,explicit,tag:0"`
}

type pfx struct {
	Version  int
	AuthSafe contentInfo
	Mac      macData `asn1:"optional"`
}

type macData struct {
	Digest struct {
		Algorithm pkix.AlgorithmIdentifier
		Value     []byte
	}
	Salt       []byte
	Iterations int `asn1:"optional,default:1"`
}

type encryptedData struct {
	Version int
	Content struct {
		Type      asn1.ObjectIdentifier
		Algorithm pkix.AlgorithmIdentifier
		Data      asn1.RawValue `asn1:"tag:0,optional"`
	}
}

type safeBag struct {
	ID    asn1.ObjectIdentifier
	Value asn1.RawValue `asn1:"explicit,tag:0"`
}

type certBag struct {
	Type asn1.ObjectIdentifier
	Data []byte `asn1:"explicit,tag:0"`
}

// container is what a PKCS #12 file or a key store turned out to hold.
type container struct {
	plainKeys, encryptedKeys, otherBags int
	sealedSafes                         int // parts that stayed closed
	certs                               []*x509.Certificate
	spkis                               [][]byte // of the private keys that could be read
	keys                                []string // kinds of those keys
	ciphers, aliases                    []string
	emptyPassword                       bool
	budget                              int // decryptions that may still be tried
}

// maxBags bounds how much of one container is listed.
const maxBags = 64

func parsePFX(der []byte) (*container, error) {
	var p pfx
	if _, err := asn1.Unmarshal(der, &p); err != nil || p.Version != 3 || !p.AuthSafe.Type.Equal(oidData) {
		return nil, errNotKey
	}
	var safe []byte
	if _, err := asn1.Unmarshal(p.AuthSafe.Content.Bytes, &safe); err != nil {
		return nil, errNotKey
	}
	c := &container{budget: 4}
	passwords := emptyPasswords()
	if at := p.Mac.emptyPassword(safe); at >= 0 {
		c.emptyPassword, passwords = true, passwords[at:at+1]
	} else if len(p.Mac.Digest.Value) > 0 {
		passwords = nil // the MAC says that the password is another
	}
	var parts []contentInfo
	if _, err := asn1.Unmarshal(safe, &parts); err != nil {
		return nil, errNotKey
	}
	for _, part := range parts[:min(len(parts), maxBags)] {
		c.readPart(part, passwords)
	}
	return c, nil
}

// emptyPassword tries the ways to write an empty password against the MAC over
// safe; it returns the one that fits, or -1.
func (m *macData) emptyPassword(safe []byte) int {
	var newHash func() hash.Hash
	switch m.Digest.Algorithm.Algorithm.String() {
	case "1.3.14.3.2.26":
		newHash = sha1.New
	case "2.16.840.1.101.3.4.2.1":
		newHash = sha256.New
	case "2.16.840.1.101.3.4.2.3":
		newHash = sha512.New
	}
	if newHash == nil || m.Iterations < 1 || m.Iterations > maxIterations || len(m.Salt) > 1024 {
		return -1
	}
	for i, p := range emptyPasswords() {
		key := pkcs12KDF(newHash, 3, p.bmp, m.Salt, m.Iterations, newHash().Size())
		if hmac.Equal(hmacSum(newHash, key, safe), m.Digest.Value) {
			return i
		}
	}
	return -1
}

func (c *container) readPart(part contentInfo, passwords []passwords) {
	var bags []byte
	switch {
	case part.Type.Equal(oidData):
		if _, err := asn1.Unmarshal(part.Content.Bytes, &bags); err != nil {
			return
		}
	case part.Type.Equal(oidEncryptedData):
		var e encryptedData
		if _, err := asn1.Unmarshal(part.Content.Bytes, &e); err != nil {
			return
		}
		scheme := parsePBE(e.Content.Algorithm)
		c.cipher(scheme)
		if bags = c.decrypt(scheme, e.Content.Data.Bytes, passwords); bags == nil {
			c.sealedSafes++
			return
		}
	default:
		c.sealedSafes++ // encrypted for a public key
		return
	}
	c.readBags(bags, passwords)
}

func (c *container) readBags(der []byte, passwords []passwords) {
	var bags []safeBag
	if _, err := asn1.Unmarshal(der, &bags); err != nil {
		c.sealedSafes++
		return
	}
	for _, b := range bags[:min(len(bags), maxBags)] {
		switch b.ID.String() {
		case "1.2.840.113549.1.12.10.1.1":
			c.plainKeys++
			c.key(b.Value.Bytes)
		case "1.2.840.113549.1.12.10.1.2":
			c.encryptedKeys++
			var e encryptedPKCS8
			if _, err := asn1.Unmarshal(b.Value.Bytes, &e); err == nil {
				scheme := parsePBE(e.Algorithm)
				c.cipher(scheme)
				c.key(c.decrypt(scheme, e.Data, passwords))
			}
		case "1.2.840.113549.1.12.10.1.3":
			var bag certBag
			if _, err := asn1.Unmarshal(b.Value.Bytes, &bag); err == nil && bag.Type.Equal(oidX509Cert) {
				c.cert(bag.Data)
			}
		default:
			c.otherBags++
		}
	}
}

// decrypt tries the passwords within the container's budget of work.
func (c *container) decrypt(scheme pbe, data []byte, passwords []passwords) []byte {
	for _, p := range passwords {
		if c.budget == 0 {
			return nil
		}
		c.budget--
		if out, err := scheme.decrypt(data, p); err == nil {
			if _, err := derLength(out); err == nil {
				c.emptyPassword = true
				return out
			}
		}
	}
	return nil
}

func (c *container) key(der []byte) {
	if k, err := parsePKCS8(der); err == nil && k.kind != "" {
		c.keys, c.spkis = append(c.keys, k.kind), append(c.spkis, k.spki)
	}
}

func (c *container) cert(der []byte) {
	if cert, err := x509.ParseCertificate(der); err == nil && len(c.certs) < maxBags {
		c.certs = append(c.certs, cert)
	}
}

func (c *container) cipher(scheme pbe) {
	if name := scheme.String(); len(c.ciphers) < 4 && !strings.Contains(strings.Join(c.ciphers, "; "), name) {
		c.ciphers = append(c.ciphers, name)
	}
}

// leaf is the certificate of the container's key: the one that fits it, else the first
// that is no authority, else the first.
func (c *container) leaf() *x509.Certificate {
	for _, cert := range c.certs {
		for _, spki := range c.spkis {
			if string(cert.RawSubjectPublicKeyInfo) == string(spki) {
				return cert
			}
		}
	}
	for _, cert := range c.certs {
		if !cert.IsCA {
			return cert
		}
	}
	if len(c.certs) > 0 {
		return c.certs[0]
	}
	return nil
}

func (c *container) expires() time.Time {
	if leaf := c.leaf(); leaf != nil {
		return leaf.NotAfter
	}
	return time.Time{}
}

func (c *container) detail() string {
	switch c.protection() {
	case "yes":
		return "a key container, encrypted with a passphrase"
	case "empty password":
		return "a key container that opens with an empty password"
	case "partly":
		return "a key container, partly encrypted"
	default:
		return "a key container, not encrypted"
	}
}

func (c *container) protection() string {
	switch {
	case c.encryptedKeys+c.sealedSafes == 0:
		return "no"
	case c.emptyPassword:
		return "empty password"
	case c.plainKeys > 0:
		return "partly"
	}
	return "yes"
}

func (c *container) facts() facts {
	var f facts
	f.add("contents", c.contents())
	f.add("alias", strings.Join(c.aliases, " "))
	f.add("key", strings.Join(c.keys, ", "))
	f.add("encrypted", c.protection())
	f.add("cipher", strings.Join(c.ciphers, "; "))
	if leaf := c.leaf(); leaf != nil {
		f.add("certificate", summary(leaf))
		f.add("issuer", leaf.Issuer.String())
		f.time("expires", leaf.NotAfter)
	}
	return f
}

func (c *container) contents() string {
	var parts []string
	count := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	count(c.plainKeys, "plain keys")
	count(c.encryptedKeys, "encrypted keys")
	count(len(c.certs), "certificates")
	count(c.sealedSafes, "sealed parts")
	count(c.otherBags, "other entries")
	return strings.Join(parts, ", ")
}
