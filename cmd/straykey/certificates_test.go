package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/straykey/straykey/detect/proof/forge"
)

// selfSigned is the certificate of a key.
func selfSigned(t *testing.T, key *ecdsa.PrivateKey, name string) string {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name, Organization: []string{"Acme"}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return forge.Armor("CERTIFICATE", der)
}

// TestCertificatesInOtherFiles holds that the certificate of a private key is known by its public key, wherever it stands.
func TestCertificatesInOtherFiles(t *testing.T) {
	r := forge.New(t.Name())
	key, other := forge.ECKey(r), forge.ECKey(r)
	files := map[string]string{
		"keys/tls.key": forge.PKCS8(key), "certs/other.crt": selfSigned(t, other, "other.acme.io"), "certs/tls.crt": selfSigned(t, key, "www.acme.io"),
	}
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	scanned := func() string {
		var out bytes.Buffer
		run([]string{"scan", "--files", "--verify", "--format", "json", dir}, silence(&out, ""))
		return out.String()
	}
	if got := scanned(); !strings.Contains(got, `"verdict": "proved-offline"`) || !strings.Contains(got, `"principal": "www.acme.io"`) ||
		strings.Contains(got, "x509-certificate") || !strings.Contains(got, `"findings": 1,`) {
		t.Errorf("the certificate is not found: %s", got)
	}
	if err := os.Remove(filepath.Join(dir, "certs", "tls.crt")); err != nil {
		t.Fatal(err)
	}
	if got := scanned(); !strings.Contains(got, `"verdict": "not-checkable"`) || strings.Contains(got, "acme.io") {
		t.Errorf("without it: %s", got)
	}
}
