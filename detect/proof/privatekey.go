package proof

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
)

// maxKeyBlocks is how many PEM blocks a private key may hold: itself, parameters, a chain of certificates.
const maxKeyBlocks = 8

// provePrivateKey reads the first private key of the secret in any armor:
// PKCS#1, PKCS#8, SEC 1, DSA, OpenSSH, OpenPGP and PuTTY files, plain or
// encrypted. A certificate in the context that has the same public key is named.
func provePrivateKey(in input) Result {
	// A text of nothing but first lines would otherwise be read anew from each of them.
	if strings.Count(in.secret, "-----BEGIN ") > maxKeyBlocks {
		return invalid("many blocks run into one another")
	}
	text := in.text()
	if strings.Contains(text, puttyMark) {
		return provePuTTY(in)
	}
	list := blocks(text)
	at := slices.IndexFunc(list, isPrivateKey)
	if at < 0 {
		if _, err := derLength([]byte(text)); err == nil { // DER or its base64
			return in.keyResult(parseDERKey([]byte(text)))
		}
		return unknown("no private key in it")
	}
	b := list[at]
	if b.label == pgpLabel {
		return provePGP(in)
	}
	if r, bad := b.placeholder(); bad {
		return r
	}
	data, err := b.data()
	if err != nil {
		return b.unreadable("body is no base64")
	}
	if b.procType != "" {
		return b.proveLegacy(data)
	}
	var k keyInfo
	if b.label == "OPENSSH PRIVATE KEY" {
		k, err = parseOpenSSH(data)
	} else {
		k, err = parseDERKey(data)
	}
	if err != nil {
		return b.misfit(data)
	}
	return in.keyResult(k, nil)
}

// proveBareKey reads a private key in base64 without armor, in one piece or in string literals joined over
// lines. What follows it may have been taken along. What is cut short is no key.
func proveBareKey(in input) Result {
	b := block{complete: true}
	b.read(in.secret)
	body, _, _ := strings.Cut(b.body, "=")
	if len(body)%4 == 1 {
		body = body[:len(body)-1]
	}
	der, err := base64.RawStdEncoding.DecodeString(body)
	if err != nil {
		return invalid("no base64")
	}
	want, err := derLength(der)
	if err != nil || len(der) < want {
		return invalid("a key file, cut short")
	}
	return in.keyResult(parseDERKey(der[:want]))
}

func isPrivateKey(b block) bool { return strings.Contains(b.label, "PRIVATE KEY") }

// keyResult reports a key that was read.
func (in input) keyResult(k keyInfo, err error) Result {
	if err != nil {
		return unknown("not a key of a known form")
	}
	f := k.facts()
	if k.spki != nil {
		f.add("certificate", in.fittingCertificate(k.spki))
	}
	switch {
	case k.encrypted:
		return valid("a private key, encrypted with a passphrase", f...)
	case k.consistent:
		return valid("a private key, not encrypted", f...)
	default:
		return unknown("a private key whose numbers could not be checked", f...)
	}
}

// minBody is less than the base64 characters that the smallest private key takes.
const minBody = 48

// placeholder reports bodies that cannot be a key: none, too short, or of hardly any
// different characters.
func (b *block) placeholder() (Result, bool) {
	switch {
	case b.body == "":
		return invalid("header without a body"), true
	case len(b.body) < minBody && (b.complete || b.marked):
		return invalid("body is too short for a key"), true
	case distinct(b.body) < 12 && len(b.body) >= minBody:
		return invalid("body is a placeholder"), true
	}
	return Result{}, false
}

func distinct(s string) int {
	var seen [256]bool
	n := 0
	for i := range len(s) {
		if !seen[s[i]] {
			seen[s[i]] = true
			n++
		}
	}
	return n
}

// unreadable is the result for a body that does not parse: invalid only if
// a person visibly abridged it.
func (b *block) unreadable(detail string) Result {
	if b.marked {
		return invalid("body is abridged or invented")
	}
	return unknown(detail)
}

// misfit judges a body that is base64 of no key. DER says how long it is,
// so that a text cut short can be told from one invented.
func (b *block) misfit(data []byte) Result {
	if b.label == "OPENSSH PRIVATE KEY" {
		if strings.HasPrefix(string(data), openSSHMagic) {
			return b.unreadable("a key file, cut short or damaged")
		}
		return invalid("body is no key file")
	}
	want, err := derLength(data)
	switch {
	case err != nil && knownDERLabel(b.label):
		return invalid("body is no key file")
	case err == nil && len(data) < want/2 && b.complete:
		return invalid("body is abridged")
	case err == nil && len(data) < want:
		return b.unreadable("a key file, cut short")
	}
	return b.unreadable("not a key of a known form")
}

func knownDERLabel(label string) bool {
	switch label {
	case "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY":
		return true
	}
	return false
}

// proveLegacy judges a key encrypted by the headers of RFC 1421 as OpenSSL
// writes them: the cipher's name, its initialization vector, and whole cipher blocks.
func (b *block) proveLegacy(data []byte) Result {
	name, ivText, _ := strings.Cut(b.dekInfo, ",")
	iv, err := hex.DecodeString(ivText)
	if !strings.HasPrefix(b.procType, "4,ENCRYPTED") || err != nil || len(iv) == 0 {
		return b.unreadable("encryption headers are damaged")
	}
	var f facts
	kind, _, _ := strings.Cut(b.label, " ")
	if kind != "PRIVATE" {
		f.add("key", kind)
	}
	f.add("encrypted", "yes")
	f.add("cipher", name)
	block := 16
	if strings.HasPrefix(name, "DES") {
		block = 8
	}
	if len(data)%block != 0 || len(iv) < 8 {
		return unknown("an encrypted private key, cut short or damaged", f...)
	}
	return valid("a private key, encrypted with a passphrase", f...)
}
