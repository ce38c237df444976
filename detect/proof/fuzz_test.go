package proof_test

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/straykey/straykey/detect/proof"
	"github.com/straykey/straykey/detect/proof/forge"
)

// FuzzProve gives one text to all proofs: none may panic, take long, say
// different things of the same input, or let through what a report must not hold.
func FuzzProve(f *testing.F) {
	r := forge.New("fuzz")
	for _, c := range checksummed() {
		f.Add(c.token, "")
	}
	key := forge.Ed25519Key(r)
	cert := forge.Certificate(r, key, "robot.example", future)
	for _, seed := range []string{
		"", forge.AWSKeyID(r, "AKIA", 1), forge.AzureSAS(r, future), forge.JWT(r, `{"exp":1,"aud":["a"]}`), "a.b.c.d.e",
		forge.JFrogReference(r, future), forge.SentryOrg(r, "o", past), forge.GrafanaCloud(r, "1", "n", "eu"), forge.OnePassword(r, "a", "b"),
		forge.PyPI(r, `[1,["x"]]`, `{"permissions":"user"}`), forge.PEM(r, "EC PRIVATE KEY"), forge.PEM(r, "DSA PRIVATE KEY"),
		forge.PEM(r, "ENCRYPTED PRIVATE KEY"), forge.OpenSSH(r, "c"), forge.OpenSSHEncrypted(r), forge.LegacyEncrypted(r, "x"),
		ppk(r, "2", "none"), ppk(r, "3", "none"), cert, "git&202605151200&x",
		forge.NKEY(r, "U"), forge.Mnemonic(r, 12), forge.ExtendedKey(r), forge.WIF(r), forge.KeyArray(r), forge.JWK(r, "EC"), forge.JWK(r, "oct"),
		forge.RSAKeyValue(r), `{"private_key": "-----BEGIN PRIVATE KEY-----\n`, `-----BEGIN X-----\u00-----END`, `PuTTY-User-Key-File-2: ssh-rsa\nPublic-Lines: 99999999\n`,
	} {
		f.Add(seed, cert+forge.PKCS8(key))
	}
	p := proof.Prover{Now: now}
	f.Fuzz(func(t *testing.T, secret, context string) {
		for _, name := range proof.Names() {
			begin := time.Now()
			got, ok := p.Prove(name, secret, []byte(context))
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("%s took %v", name, took)
			}
			if !ok || got.Status == proof.None {
				t.Errorf("%s: no result", name)
			}
			check(t, name, got)
			if again, _ := p.Prove(name, secret, []byte(context)); !cmp.Equal(got, again) {
				t.Errorf("%s: a second look differs: %s", name, cmp.Diff(got, again))
			}
		}
	})
}

// check holds of every result.
func check(t *testing.T, name string, r proof.Result) {
	t.Helper()
	if r.Detail == "" {
		t.Errorf("%s: no detail", name)
	}
	if r.Status == proof.Invalid && len(r.Facts) > 0 {
		t.Errorf("%s: facts about what is no credential", name)
	}
	for _, f := range r.Facts {
		if f.Value == "" || !utf8.ValidString(f.Value) || utf8.RuneCountInString(f.Value) > 201 || strings.ContainsAny(f.Value, "\x00\x1b\r\n\t") {
			t.Errorf("%s: fact %q has value %q", name, f.Name, f.Value)
		}
	}
}

// FuzzContainers feeds bytes to the parsers of binary formats, which a fuzzer that
// starts from text does not reach.
func FuzzContainers(f *testing.F) {
	r := forge.New("fuzz containers")
	edKey := forge.Ed25519Key(r)
	block, _ := pem.Decode([]byte(forge.Certificate(r, edKey, "robot.example", past)))
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		f.Fatal(err)
	}
	for _, encoder := range []*pkcs12.Encoder{pkcs12.Modern2023, pkcs12.LegacyRC2, pkcs12.LegacyDES, pkcs12.Passwordless} {
		data, err := encoder.Encode(edKey, cert, nil, "")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add(jks(block.Bytes, forge.Bytes(r, 40), ""))
	f.Add(block.Bytes)
	for _, text := range []string{forge.OpenSSH(r, "c"), forge.PKCS8(forge.RSAKey(r, 512)), forge.PEM(r, "DSA PRIVATE KEY"), forge.PEM(r, "EC PRIVATE KEY")} {
		b, _ := pem.Decode([]byte(text))
		f.Add(b.Bytes)
	}
	p := proof.Prover{Now: now}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, name := range []string{"pkcs12", "jks", "certificate"} {
			got, _ := p.Prove(name, string(data), nil)
			check(t, name, got)
		}
		for _, label := range []string{"OPENSSH PRIVATE KEY", "PRIVATE KEY", "PGP PRIVATE KEY BLOCK"} {
			got, _ := p.Prove("private-key", forge.Armor(label, data), nil)
			check(t, label, got)
		}
	})
}

// FuzzArmor: whatever way a block is spelled, it reads as the block itself.
func FuzzArmor(f *testing.F) {
	f.Add([]byte("0\x03\x02\x01\x01"), uint8(64))
	f.Add(bytes.Repeat([]byte{0xfb, 0xef}, 100), uint8(7))
	f.Fuzz(func(t *testing.T, der []byte, _ uint8) {
		text := forge.Armor("PRIVATE KEY", der)
		want := prove(t, "private-key", text, nil)
		for _, spelled := range []string{strings.ReplaceAll(text, "\n", `\n`), strings.ReplaceAll(text, "\n", "\r\n"), strings.ReplaceAll(text, "\n", "\n\t")} {
			if diff := cmp.Diff(want, prove(t, "private-key", spelled, nil)); diff != "" {
				t.Errorf("%q (-PEM +so):\n%s", spelled, diff)
			}
		}
	})
}

// Hostile sizes inside small files must not cost much.
func TestHostileSizes(t *testing.T) {
	huge := new(big.Int).Lsh(big.NewInt(1), 2_000_000)
	tests := map[string]string{
		"RSA modulus of two million bits": forge.Armor("RSA PRIVATE KEY", pkcs1Of(t, huge)),
		"many blocks":                     strings.Repeat("-----BEGIN "+"PRIVATE KEY-----\n", 20000),
		"deep JSON":                       forge.JWT(forge.New("deep"), `{"a":`+strings.Repeat("[", 20000)+strings.Repeat("]", 20000)+`}`),
		"many backslashes":                "-----BEGIN " + "PRIVATE KEY-----" + strings.Repeat(`\`, 500000),
		"many dots":                       strings.Repeat(".", 500000),
		"many parameters":                 "sig=x" + strings.Repeat("&a=b", 100000),
	}
	p := proof.Prover{Now: now}
	for what, text := range tests {
		begin := time.Now()
		for _, name := range proof.Names() {
			r, _ := p.Prove(name, text, []byte(text))
			check(t, name, r)
		}
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("%s took %v", what, took)
		}
	}
}

func pkcs1Of(t *testing.T, n *big.Int) []byte {
	t.Helper()
	one := big.NewInt(1)
	der, err := asn1.Marshal(struct {
		Version                   int
		N, E, D, P, Q, DP, DQ, QI *big.Int
	}{0, n, one, n, n, n, one, one, one})
	if err != nil {
		t.Fatal(err)
	}
	return der
}
