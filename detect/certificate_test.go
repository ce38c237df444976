package detect_test

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/detect/proof/forge"
	"github.com/straykey/straykey/rules"
)

// The certificate that goes with a private key is named, on whichever side of the key it stands.
func TestCertificateOfKey(t *testing.T) {
	key := forge.Ed25519Key(forge.New("certificate"))
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "www.acme.example"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	e, err := detect.New(set, detect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	certificate := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	secret := strings.Replace(forge.PKCS8(key), "\n-----END", strings.Repeat("\n", 40)+"-----END", 1)
	between := strings.Repeat("# a comment\n", 800)
	for name, text := range map[string]string{"before": certificate + between + secret, "after": secret + between + certificate} {
		var named []string
		for _, m := range e.NewScanner().Scan([]byte(text)).Matches() {
			if m.Rule.ID == "pem-pkcs8-private-key" {
				named = append(named, m.Proof.Fact("certificate"))
			}
		}
		if len(named) != 1 || !strings.Contains(named[0], "www.acme.example") {
			t.Errorf("%s: keys with the certificates %q", name, named)
		}
	}
}
