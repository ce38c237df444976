package proof

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"strings"
)

// proveJWK proves a private member (d of an asymmetric key, k of a symmetric one) of a JSON Web Key (RFC 7517)
// by the public members beside it. The key is read from the context, as JSON or as an
// object of a programming language.
func proveJWK(in input) Result {
	at := bytes.Index(in.context, []byte(in.secret))
	if at < 0 {
		return unknown("no key around it")
	}
	m := members(object(in.context, at))
	var f facts
	add := func(k keyInfo) { f = append(f, k.facts()...) }
	kind := "a private key whose numbers could not be checked"
	var k keyInfo
	switch m["kty"] {
	case "RSA":
		k = rsaInfo(m.number("n"), m.number("e"), m.number("p"), m.number("q"))
		if k.kind == "RSA 0" {
			return unknown("a private key without its public one")
		}
		add(k)
	case "EC":
		k = m.ec()
		add(k)
	case "OKP":
		k = m.okp()
		add(k)
	case "oct":
		kind = "a symmetric key"
	default:
		return unknown("a key of a type not known")
	}
	f.add("key-id", m["kid"])
	if k.consistent {
		return valid("a private key, not encrypted", f...)
	}
	return unknown(kind, f...)
}

// object returns the innermost braces of text around at, or text where one of them is missing.
func object(text []byte, at int) []byte {
	lo, hi, depth := 0, len(text), 0
	for i := at - 1; i >= 0; i-- {
		if text[i] == '}' {
			depth++
		}
		if text[i] == '{' {
			if depth--; depth < 0 {
				lo = i + 1
				break
			}
		}
	}
	depth = 0
	for i := at; i < len(text); i++ {
		if text[i] == '{' {
			depth++
		}
		if text[i] == '}' {
			if depth--; depth < 0 {
				hi = i
				break
			}
		}
	}
	return text[lo:hi]
}

// jwkMembers are the members of a JWK that are texts.
type jwkMembers map[string]string

// members reads name: "value" pairs, the names with or without quotes, the separator : = or =>. Of a
// name that stands twice the first counts.
func members(text []byte) jwkMembers {
	m := jwkMembers{}
	isName := func(c byte) bool { return isAlnum(c) || c == '_' }
	skip := func(i int, set string) int {
		for i < len(text) && strings.IndexByte(set, text[i]) >= 0 {
			i++
		}
		return i
	}
	for i := 0; i < len(text); i++ {
		if !isName(text[i]) {
			continue
		}
		start := i
		for i < len(text) && isName(text[i]) {
			i++
		}
		name := string(text[start:i])
		sep := skip(skip(i, `\"'`), " \t\r\n")
		value := skip(sep, ":=>")
		if value == sep {
			continue
		}
		quote := skip(value, " \t\r\n\\")
		if quote >= len(text) || text[quote] != '"' && text[quote] != '\'' {
			continue
		}
		end := quote + 1
		for end < len(text) && strings.IndexByte(`"'\`+"\n", text[end]) < 0 {
			end++
		}
		if _, twice := m[name]; !twice {
			m[name] = string(text[quote+1 : end])
		}
		i = end
	}
	return m
}

// bytes decodes a member; nil if it is not there or no base64url.
func (m jwkMembers) bytes(name string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(m[name], "="))
	if err != nil {
		return nil
	}
	return b
}

func (m jwkMembers) number(name string) *big.Int { return bigInt(m.bytes(name)) }

// ec reads an elliptic-curve key: its point must be that of d.
func (m jwkMembers) ec() keyInfo {
	c, oid := namedCurve(m["crv"])
	k := keyInfo{kind: "ECDSA " + m["crv"]}
	if c.std == nil {
		return k
	}
	point, ok := ecPublic(c.std, c.bytes, m.bytes("d"))
	x, y := m.bytes("x"), m.bytes("y")
	if !ok || len(x) > c.bytes || len(y) > c.bytes {
		return k
	}
	stands := make([]byte, 1+2*c.bytes)
	stands[0] = 4
	copy(stands[1+c.bytes-len(x):], x)
	copy(stands[1+2*c.bytes-len(y):], y)
	k.consistent = bytes.Equal(stands, point)
	if params, err := asn1.Marshal(oid); err == nil {
		k.spki = marshalSPKI(oidEC, asn1.RawValue{FullBytes: params}, point)
	}
	return k
}

// namedCurve returns a curve by its name in RFC 7518.
func namedCurve(name string) (curve, asn1.ObjectIdentifier) {
	for _, oid := range [...]asn1.ObjectIdentifier{{1, 2, 840, 10045, 3, 1, 7}, {1, 3, 132, 0, 34}, {1, 3, 132, 0, 35}} {
		if c := curveOf(oid); c.name == name {
			return c, oid
		}
	}
	return curve{}, nil
}

// okp reads an octet key pair (RFC 8037).
func (m jwkMembers) okp() keyInfo {
	d, x := m.bytes("d"), m.bytes("x")
	switch {
	case m["crv"] == "Ed25519" && len(d) == ed25519.SeedSize:
		public := ed25519.NewKeyFromSeed(d).Public().(ed25519.PublicKey)
		k := ed25519Info(public)
		k.consistent = bytes.Equal(public, x)
		return k
	case m["crv"] == "X25519" && len(d) == 32:
		k := keyInfo{kind: "X25519"}
		if key, err := ecdh.X25519().NewPrivateKey(d); err == nil {
			k.consistent = bytes.Equal(key.PublicKey().Bytes(), x)
		}
		return k
	}
	return keyInfo{kind: m["crv"]}
}

// proveRSAKeyValue proves an RSA key in the XML of .NET: Modulus, Exponent, P, Q, DP, DQ, InverseQ, D.
func proveRSAKeyValue(in input) Result {
	text := strings.NewReplacer("&lt;", "<", "&gt;", ">", `\n`, "", `\r`, "", `\/`, "/", `"`, "", "'", "", " + ", "").Replace(in.secret)
	number := func(name string) *big.Int {
		_, after, _ := strings.Cut(text, "<"+name+">")
		value, _, _ := strings.Cut(after, "<")
		b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(value), ""))
		if err != nil {
			return new(big.Int)
		}
		return bigInt(b)
	}
	n := number("Modulus")
	if n.Sign() == 0 {
		return unknown("no key of a known form")
	}
	return in.keyResult(rsaInfo(n, number("Exponent"), number("P"), number("Q")), nil)
}
