package proof

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// proveCertificate reads an X.509 certificate (RFC 5280): PEM, DER, or base64
// of either. A private key in the context that has the same public key is named.
func proveCertificate(in input) Result {
	text := in.text()
	der := []byte(text)
	list := blocks(text)
	if at := slices.IndexFunc(list, isCertificate); at >= 0 {
		b := list[at]
		if b.body == "" || len(b.body) < minBody && (b.complete || b.marked) {
			return invalid("header without a body")
		}
		raw, err := b.data()
		if err != nil {
			return b.unreadable("body is no base64")
		}
		der = raw
	}
	if want, err := derLength(der); err == nil && len(der) > want {
		der = der[:want]
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return unknown("not a certificate that can be read")
	}
	f := certificateFacts(cert)
	f.add("private-key", in.fittingKey(cert.RawSubjectPublicKeyInfo))
	return in.until(cert.NotAfter, valid("a certificate", f...))
}

func isCertificate(b block) bool {
	return b.label == "CERTIFICATE" || b.label == "X509 CERTIFICATE" || b.label == "TRUSTED CERTIFICATE"
}

func certificateFacts(cert *x509.Certificate) facts {
	var f facts
	f.add("email", strings.Join(capped(cert.EmailAddresses), " "))
	f.add("name", strings.Join(certificateNames(cert), " "))
	f.add("subject", cert.Subject.String())
	f.add("issuer", cert.Issuer.String())
	f.time("not-before", cert.NotBefore)
	f.time("expires", cert.NotAfter)
	f.add("algorithm", cert.SignatureAlgorithm.String())
	f.add("key", publicKind(cert))
	f.add("spki", spkiHash(cert.RawSubjectPublicKeyInfo))
	f.add("serial", fmt.Sprintf("%x", cert.SerialNumber))
	if bytes.Equal(cert.RawSubject, cert.RawIssuer) {
		f.add("self-signed", "yes")
	} else {
		f.add("self-signed", "no")
	}
	return f
}

// certificateNames are the subject alternative names for hosts and workloads.
func certificateNames(cert *x509.Certificate) []string {
	names := slices.Clone(capped(cert.DNSNames))
	for _, u := range capped(cert.URIs) {
		names = append(names, u.String())
	}
	return names
}

func capped[T any](list []T) []T { return list[:min(len(list), 20)] }

func publicKind(cert *x509.Certificate) string {
	switch k := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		return "RSA " + strconv.Itoa(k.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA " + k.Curve.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return cert.PublicKeyAlgorithm.String()
}

// fittingCertificate names the certificate in the secret or its context whose
// public key is spki.
func (in input) fittingCertificate(spki []byte) string {
	for _, text := range [...]string{in.secret, string(in.context)} {
		if !strings.Contains(text, "CERTIFICATE"+dashes) { // most keys stand alone
			continue
		}
		for _, b := range blocks(text) {
			if !isCertificate(b) {
				continue
			}
			der, err := b.data()
			if err != nil {
				continue
			}
			cert, err := x509.ParseCertificate(der)
			if err == nil && bytes.Equal(cert.RawSubjectPublicKeyInfo, spki) {
				return summary(cert)
			}
		}
	}
	return ""
}

// summary names a certificate in one line.
func summary(cert *x509.Certificate) string {
	subject := cert.Subject.String()
	if subject == "" {
		subject = strings.Join(certificateNames(cert), " ")
	}
	if runes := []rune(subject); len(runes) > 100 {
		subject = string(runes[:100]) + "…"
	}
	return fmt.Sprintf("%s, serial %x, expires %s", subject, cert.SerialNumber, cert.NotAfter.UTC().Format(time.RFC3339))
}

// fittingKey names the private key in the secret or its context whose public
// key is spki.
func (in input) fittingKey(spki []byte) string {
	for _, text := range [...]string{in.secret, string(in.context)} {
		// A bundle of certificates asks this for each of them, and holds no key.
		if !strings.Contains(text, "PRIVATE KEY") {
			continue
		}
		for _, b := range blocks(text) {
			if !isPrivateKey(b) || b.procType != "" {
				continue
			}
			data, err := b.data()
			if err != nil {
				continue
			}
			k, err := parseDERKey(data)
			if b.label == "OPENSSH PRIVATE KEY" {
				k, err = parseOpenSSH(data)
			}
			if err == nil && bytes.Equal(k.spki, spki) {
				return k.kind
			}
		}
	}
	return ""
}
