package proof_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"hash"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/straykey/straykey/detect/proof"
	"github.com/straykey/straykey/detect/proof/forge"
)

func TestPrivateKeys(t *testing.T) {
	r := forge.New("keys")
	tests := []struct {
		what, text string
		status     proof.Status
		want       map[string]string
	}{
		{"RSA, PKCS#1", forge.PEM(r, "RSA PRIVATE KEY"), proof.Valid, map[string]string{"key": "RSA 2048", "encrypted": "no"}},
		{"RSA, PKCS#8", forge.PKCS8(forge.RSAKey(r, 1024)), proof.Valid, map[string]string{"key": "RSA 1024", "encrypted": "no"}},
		{"P-256, SEC 1", forge.PEM(r, "EC PRIVATE KEY"), proof.Valid, map[string]string{"key": "ECDSA P-256"}},
		{"P-256, PKCS#8", forge.PKCS8(forge.ECKey(r)), proof.Valid, map[string]string{"key": "ECDSA P-256"}},
		{"P-521, PKCS#8", forge.PKCS8(p521(t, r)), proof.Valid, map[string]string{"key": "ECDSA P-521"}},
		{"Ed25519, PKCS#8", forge.PEM(r, "PRIVATE KEY"), proof.Valid, map[string]string{"key": "Ed25519"}},
		{"DSA", forge.PEM(r, "DSA PRIVATE KEY"), proof.Valid, map[string]string{"key": "DSA 1024", "encrypted": "no"}},
		{"PKCS#8, encrypted", forge.PEM(r, "ENCRYPTED PRIVATE KEY"), proof.Valid, map[string]string{"encrypted": "yes", "cipher": "AES-256-CBC, PBKDF2"}},
		{"PKCS#1, encrypted", forge.LegacyEncrypted(r, "pw"), proof.Valid, map[string]string{"key": "RSA", "encrypted": "yes", "cipher": "AES-128-CBC"}},
		{"OpenSSH", forge.OpenSSH(r, "robot@build"), proof.Valid, map[string]string{"key": "Ed25519", "encrypted": "no", "comment": "robot@build"}},
		{"OpenSSH, encrypted", forge.OpenSSHEncrypted(r), proof.Valid, map[string]string{"key": "Ed25519", "encrypted": "yes", "cipher": "aes256-ctr, bcrypt"}},
		{"PKCS#8 under the wrong label", strings.ReplaceAll(forge.PEM(r, "PRIVATE KEY"), "PRIVATE", "RSA PRIVATE"), proof.Valid, map[string]string{"key": "Ed25519"}},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			got := prove(t, "private-key", test.text, nil)
			if got.Status != test.status {
				t.Errorf("status %q (%s), want %q", got.Status, got.Detail, test.status)
			}
			for name, want := range test.want {
				if v := got.Fact(name); v != want {
					t.Errorf("%s = %q, want %q", name, v, want)
				}
			}
			for what, text := range spellings(test.text) {
				if diff := cmp.Diff(got, prove(t, "private-key", text, nil)); diff != "" {
					t.Errorf("%s (-as PEM +so):\n%s", what, diff)
				}
			}
		})
	}
}

func p521(t *testing.T, r *rand.Rand) *ecdsa.PrivateKey {
	t.Helper()
	raw := forge.Bytes(r, 66)
	raw[0], raw[1] = 0, raw[1]>>1
	k, err := ecdsa.ParseRawPrivateKey(elliptic.P521(), raw)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// spellings are the ways in which a PEM block stands in source code and configuration.
func spellings(text string) map[string]string {
	text = strings.TrimSpace(text)
	join := func(sep string) string { return strings.ReplaceAll(text, "\n", sep) }
	return map[string]string{
		"CRLF":                       join("\r\n"),
		"JSON string":                join(`\n`),
		"JSON in a JSON string":      join(`\\n`),
		"JSON of PHP":                strings.ReplaceAll(join(`\n`), "/", `\/`),
		"JSON of Gson":               strings.ReplaceAll(join(`\n`), "=", `\u003d`),
		"YAML block":                 "key: |\n    " + join("\n    ") + "\nnext: 1",
		"one line with spaces":       join(" "),
		"string concatenation, Java": `"` + join(`\n" +`+"\n    \"") + `";`,
		"string concatenation, PHP":  `'` + join(`' .`+"\n  '") + `';`,
		"continued lines":            join("\\\n"),
		"raw string in quotes":       `KEY="` + text + `"`,
		"comment, hash":              "# " + join("\n# "),
		"comment, slashes":           "// " + join("\n// "),
		"added lines of a patch":     "+" + join("\n+"),
		"lines of a web page":        join("<br/>"),
		"base64 of it":               base64Of(text),
	}
}

func TestNoPrivateKey(t *testing.T) {
	r := forge.New("no keys")
	rsaPEM := forge.PEM(r, "RSA PRIVATE KEY")
	head, _, _ := strings.Cut(rsaPEM, "\n")
	foot := strings.Replace(head, "BEGIN", "END", 1)
	lines := strings.Split(rsaPEM, "\n")
	tests := []struct {
		what, text string
		want       proof.Status
	}{
		{"header alone", head, proof.Invalid},
		{"header and footer", head + "\n" + foot, proof.Invalid},
		{"dots", head + "\n...\n" + foot, proof.Invalid},
		{"words", head + "\n<your key here>\n" + foot, proof.Invalid},
		{"one repeated character", head + "\n" + strings.Repeat("x", 64) + "\n" + foot, proof.Invalid},
		{"MIIE...", head + "\nMIIEpAIBAAKCAQEA...\n" + foot, proof.Invalid},
		{"random text", head + "\n" + forge.Chars(r, forge.Alnum, 256) + "\n" + foot, proof.Invalid},
		{"a line or two of a key", strings.Join(lines[:4], "\n") + "\n" + foot, proof.Invalid},
		{"a key with dots in its middle", strings.Join(lines[:16], "\n") + "\n...\n" + foot, proof.Invalid},
		{"a key without its last line", strings.Join(lines[:len(lines)-3], "\n") + "\n" + foot, proof.Unknown},
		{"a key cut short by the reader", rsaPEM[:800], proof.Unknown},
		{"no key at all", "hello", proof.Unknown},
		{"a public key", strings.ReplaceAll(rsaPEM, "RSA PRIVATE", "PUBLIC"), proof.Unknown},
		{"an OpenSSH header over something else", strings.ReplaceAll(rsaPEM, "RSA", "OPENSSH"), proof.Invalid},
		{"a PuTTY header", "PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\n", proof.Invalid},
	}
	for _, test := range tests {
		if got := prove(t, "private-key", test.text, nil); got.Status != test.want {
			t.Errorf("%s: status %q (%s), want %q", test.what, got.Status, got.Detail, test.want)
		}
	}
}

// A rule may hand over the header alone: the body then comes from the context.
func TestKeyContinuesInContext(t *testing.T) {
	text := forge.PEM(forge.New("context"), "EC PRIVATE KEY")
	got := prove(t, "private-key", text[:60], []byte("x = '''"+text+"'''"))
	if got.Status != proof.Valid {
		t.Errorf("status %q (%s), want valid", got.Status, got.Detail)
	}
}

// The fingerprints are those that OpenSSH prints.
func TestFingerprintsAgreeWithSSH(t *testing.T) {
	r := forge.New("fingerprints")
	for _, key := range []any{forge.RSAKey(r, 1024), forge.ECKey(r), forge.Ed25519Key(r)} {
		signer, err := ssh.NewSignerFromKey(key)
		if err != nil {
			t.Fatal(err)
		}
		got := prove(t, "private-key", forge.PKCS8(key), nil)
		if want := ssh.FingerprintSHA256(signer.PublicKey()); got.Fact("fingerprint") != want {
			t.Errorf("%T: fingerprint = %q, want %q", key, got.Fact("fingerprint"), want)
		}
		der, err := x509.MarshalPKIXPublicKey(key.(crypto.Signer).Public())
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("%x", sha256.Sum256(der)); got.Fact("spki") != want {
			t.Errorf("%T: spki = %q, want %q", key, got.Fact("spki"), want)
		}
	}
}

// Keys that the Go SSH library writes, with and without a passphrase.
func TestOpenSSHFromAnotherWriter(t *testing.T) {
	r := forge.New("x/crypto/ssh")
	for _, test := range []struct {
		key  any
		want string
	}{
		{forge.RSAKey(r, 1024), "RSA 1024"},
		{forge.ECKey(r), "ECDSA P-256"},
		{forge.Ed25519Key(r), "Ed25519"},
	} {
		plain, err := ssh.MarshalPrivateKey(test.key.(crypto.PrivateKey), "c o m")
		if err != nil {
			t.Fatal(err)
		}
		got := prove(t, "private-key", string(pem.EncodeToMemory(plain)), nil)
		if got.Status != proof.Valid || got.Fact("key") != test.want || got.Fact("comment") != "c o m" || got.Fact("encrypted") != "no" {
			t.Errorf("%s: %+v", test.want, got)
		}
		sealed, err := ssh.MarshalPrivateKeyWithPassphrase(test.key.(crypto.PrivateKey), "c o m", []byte("pw"))
		if err != nil {
			t.Fatal(err)
		}
		got = prove(t, "private-key", string(pem.EncodeToMemory(sealed)), nil)
		if got.Status != proof.Valid || got.Fact("key") != test.want || got.Fact("encrypted") != "yes" {
			t.Errorf("%s, encrypted: %+v", test.want, got)
		}
	}
}

func TestPuTTY(t *testing.T) {
	r := forge.New("putty")
	for _, version := range []string{"2", "3"} {
		text := ppk(r, version, "none")
		got := prove(t, "private-key", text, nil)
		want := map[string]string{"key": "Ed25519", "encrypted": "no", "comment": "robot key"}
		for name, v := range want {
			if got.Fact(name) != v {
				t.Errorf("version %s: %s = %q, want %q", version, name, got.Fact(name), v)
			}
		}
		if got.Status != proof.Valid {
			t.Errorf("version %s: status %q (%s)", version, got.Status, got.Detail)
		}
		if got := prove(t, "private-key", strings.Replace(text, "robot", "robut", 1), nil); got.Status != proof.Unknown {
			t.Errorf("version %s with a changed comment: status %q", version, got.Status)
		}
		if got := prove(t, "private-key", strings.ReplaceAll(text, "\n", `\n`), nil); got.Status != proof.Valid {
			t.Errorf("version %s in a JSON string: status %q (%s)", version, got.Status, got.Detail)
		}
		if got := prove(t, "private-key", ppk(r, version, "aes256-cbc"), nil); got.Status != proof.Valid || got.Fact("encrypted") != "yes" {
			t.Errorf("version %s, encrypted: %+v", version, got)
		}
	}
}

// ppk writes a PuTTY key file as appendix C of the PuTTY manual describes.
func ppk(r *rand.Rand, version, encryption string) string {
	str := func(parts ...[]byte) []byte {
		var out []byte
		for _, p := range parts {
			out = append(binary.BigEndian.AppendUint32(out, uint32(len(p))), p...)
		}
		return out
	}
	key := forge.Ed25519Key(r)
	public := str([]byte("ssh-ed25519"), key[32:])
	private := str(key[:32])
	var mac hash.Hash
	if version == "2" {
		k := sha1.Sum([]byte("putty-private-key-file-mac-key"))
		mac = hmac.New(sha1.New, k[:])
	} else {
		mac = hmac.New(sha256.New, nil)
	}
	mac.Write(str([]byte("ssh-ed25519"), []byte(encryption), []byte("robot key"), public, private))
	enc := base64.StdEncoding.EncodeToString
	return strings.Join([]string{
		"PuTTY-User-Key-File-" + version + ": ssh-ed25519",
		"Encryption: " + encryption,
		"Comment: robot key",
		"Public-Lines: 2", enc(public)[:64], enc(public)[64:],
		"Private-Lines: 1", enc(private),
		"Private-MAC: " + hex.EncodeToString(mac.Sum(nil)), "",
	}, "\n")
}

func TestCertificates(t *testing.T) {
	r := forge.New("certificates")
	key, other := forge.Ed25519Key(r), forge.Ed25519Key(r)
	alive, dead := forge.Certificate(r, key, "robot.example", future), forge.Certificate(r, key, "old.example", past)
	context := []byte(alive + forge.PKCS8(other) + forge.PKCS8(key))

	got := prove(t, "certificate", alive, context)
	want := map[string]string{
		"subject": "CN=robot.example,O=Example", "issuer": "CN=robot.example,O=Example", "name": "robot.example",
		"expires": "2026-07-15T12:00:00Z", "not-before": "2025-07-15T12:00:00Z", "key": "Ed25519", "self-signed": "yes", "private-key": "Ed25519",
	}
	for name, v := range want {
		if got.Fact(name) != v {
			t.Errorf("%s = %q, want %q", name, got.Fact(name), v)
		}
	}
	if got.Status != proof.Valid || got.Fact("serial") == "" {
		t.Errorf("status %q (%s), serial %q", got.Status, got.Detail, got.Fact("serial"))
	}
	for what, text := range spellings(alive) {
		if diff := cmp.Diff(got, prove(t, "certificate", text, context)); diff != "" {
			t.Errorf("%s (-as PEM +so):\n%s", what, diff)
		}
	}
	if got := prove(t, "certificate", dead, nil); got.Status != proof.Expired {
		t.Errorf("past its end: status %q (%s)", got.Status, got.Detail)
	}
	if got := prove(t, "certificate", alive, []byte(forge.PKCS8(other))).Fact("private-key"); got != "" {
		t.Errorf("another key fits: %q", got)
	}
	if got := prove(t, "private-key", forge.PKCS8(key), context).Fact("certificate"); !strings.HasPrefix(got, "CN=robot.example,O=Example, serial ") {
		t.Errorf("certificate of the key = %q", got)
	}
	if got := prove(t, "private-key", forge.PKCS8(other), context).Fact("certificate"); got != "" {
		t.Errorf("certificate of another key = %q", got)
	}
}

func TestPKCS12(t *testing.T) {
	r := forge.New("pkcs12")
	key := forge.RSAKey(r, 1024)
	edKey := forge.Ed25519Key(r)
	block, _ := pem.Decode([]byte(forge.Certificate(r, edKey, "robot.example", past)))
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		what     string
		encoder  *pkcs12.Encoder
		password string
		status   proof.Status
		want     map[string]string
	}{
		{"modern", pkcs12.Modern2023, "secret", proof.Valid, map[string]string{"encrypted": "yes", "cipher": "AES-256-CBC, PBKDF2", "contents": "1 encrypted keys, 1 sealed parts"}},
		{"modern, empty password", pkcs12.Modern2023, "", proof.Expired, map[string]string{"encrypted": "empty password", "contents": "1 encrypted keys, 1 certificates", "key": "RSA 1024", "expires": "2026-05-15T12:00:00Z"}},
		{"triple DES, empty password", pkcs12.LegacyDES, "", proof.Expired, map[string]string{"encrypted": "empty password", "cipher": "3DES-CBC, PKCS12", "key": "RSA 1024"}},
		{"RC2, empty password", pkcs12.LegacyRC2, "", proof.Valid, map[string]string{"encrypted": "empty password", "key": "RSA 1024"}},
		{"no password", pkcs12.Passwordless, "", proof.Expired, map[string]string{"encrypted": "no", "contents": "1 plain keys, 1 certificates", "key": "RSA 1024"}},
	} {
		t.Run(test.what, func(t *testing.T) {
			data, err := test.encoder.Encode(key, cert, nil, test.password)
			if err != nil {
				t.Fatal(err)
			}
			got := prove(t, "pkcs12", string(data), nil)
			if got.Status != test.status {
				t.Errorf("status %q (%s), want %q", got.Status, got.Detail, test.status)
			}
			for name, v := range test.want {
				if got.Fact(name) != v {
					t.Errorf("%s = %q, want %q", name, got.Fact(name), v)
				}
			}
			if diff := cmp.Diff(got, prove(t, "pkcs12", base64Of(string(data)), nil)); diff != "" {
				t.Errorf("base64 (-bytes +base64):\n%s", diff)
			}
			if got := prove(t, "pkcs12", string(data[:len(data)/2]), nil); got.Status != proof.Unknown {
				t.Errorf("cut short: status %q", got.Status)
			}
		})
	}
}

func TestJKS(t *testing.T) {
	r := forge.New("jks")
	block, _ := pem.Decode([]byte(forge.Certificate(r, forge.Ed25519Key(r), "robot.example", past)))
	store := jks(block.Bytes, forge.Bytes(r, 80), "")
	got := prove(t, "jks", string(store), nil)
	if got.Status != proof.Expired {
		t.Errorf("status %q (%s), want expired", got.Status, got.Detail)
	}
	for name, want := range map[string]string{"alias": "deploy", "contents": "1 encrypted keys, 1 certificates", "encrypted": "empty password"} {
		if got.Fact(name) != want {
			t.Errorf("%s = %q, want %q", name, got.Fact(name), want)
		}
	}
	if got := prove(t, "jks", base64Of(string(jks(block.Bytes, forge.Bytes(r, 80), "changeit"))), nil).Fact("encrypted"); got != "yes" {
		t.Errorf("with a password: encrypted = %q", got)
	}
	if got := prove(t, "jks", string(store[:60]), nil); got.Status != proof.Unknown {
		t.Errorf("cut short: status %q", got.Status)
	}
}

// jks writes a key store with one key as OpenJDK's JavaKeyStore does.
func jks(cert, key []byte, password string) []byte {
	var out bytes.Buffer
	put := func(values ...any) {
		for _, v := range values {
			if err := binary.Write(&out, binary.BigEndian, v); err != nil {
				panic(err)
			}
		}
	}
	utf := func(s string) { put(uint16(len(s)), []byte(s)) }
	put(uint32(0xfeedfeed), uint32(2), uint32(1), uint32(1))
	utf("deploy")
	put(uint64(now.UnixMilli()), uint32(len(key)), key, uint32(1))
	utf("X.509")
	put(uint32(len(cert)), cert)
	digest := sha1.New()
	for _, c := range password {
		digest.Write([]byte{byte(c >> 8), byte(c)})
	}
	digest.Write([]byte("Mighty Aphrodite"))
	digest.Write(out.Bytes())
	return digest.Sum(out.Bytes())
}

func TestPGP(t *testing.T) {
	config := &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, KeyLifetimeSecs: 3600}
	entity, err := openpgp.NewEntity("Robot", "ci", "robot@example.org", config)
	if err != nil {
		t.Fatal(err)
	}
	text := pgpArmor(t, entity)
	got := prove(t, "pgp", text, nil)
	want := map[string]string{
		"email": "robot@example.org", "name": "Robot (ci)", "encrypted": "no", "key": "Ed25519",
		"fingerprint": hex.EncodeToString(entity.PrimaryKey.Fingerprint),
		"key-id":      fmt.Sprintf("%016x", entity.PrimaryKey.KeyId),
	}
	for name, v := range want {
		if got.Fact(name) != v {
			t.Errorf("%s = %q, want %q", name, got.Fact(name), v)
		}
	}
	if got.Status != proof.Valid || got.Fact("expires") == "" {
		t.Errorf("status %q (%s), expires %q", got.Status, got.Detail, got.Fact("expires"))
	}
	for what, s := range spellings(text) {
		for _, name := range []string{"pgp", "private-key"} {
			if diff := cmp.Diff(got, prove(t, name, s, nil)); diff != "" {
				t.Errorf("%s, %s (-as armor +so):\n%s", name, what, diff)
			}
		}
	}
	late := proof.Prover{Now: now.AddDate(50, 0, 0)}
	if r, _ := late.Prove("pgp", text, nil); r.Status != proof.Expired {
		t.Errorf("in fifty years: status %q", r.Status)
	}
	if err := entity.EncryptPrivateKeys([]byte("pw"), nil); err != nil {
		t.Fatal(err)
	}
	if got := prove(t, "pgp", pgpArmor(t, entity), nil); got.Status != proof.Valid || got.Fact("encrypted") != "yes" {
		t.Errorf("encrypted: %+v", got)
	}
}

func pgpArmor(t *testing.T, entity *openpgp.Entity) string {
	t.Helper()
	var out bytes.Buffer
	w, err := armor.Encode(&out, openpgp.PrivateKeyType, map[string]string{"Comment": "made by a test"})
	if err != nil {
		t.Fatal(err)
	}
	if err := entity.SerializePrivateWithoutSigning(w, nil); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestGCPServiceAccount(t *testing.T) {
	text := forge.GCPServiceAccount(forge.New("gcp"), "shop-1", "ci")
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ").Replace(text)
	for what, s := range map[string]string{"file": text, "in a string": `"` + quoted + `"`, "base64": base64Of(text)} {
		got := prove(t, "gcp-service-account", s, nil)
		if got.Status != proof.Valid {
			t.Errorf("%s: status %q (%s)", what, got.Status, got.Detail)
		}
		for name, want := range map[string]string{"project": "shop-1", "email": "ci@shop-1.iam.gserviceaccount.com", "key": "RSA 2048", "encrypted": "no"} {
			if got.Fact(name) != want {
				t.Errorf("%s: %s = %q, want %q", what, name, got.Fact(name), want)
			}
		}
		if len(got.Fact("key-id")) != 40 {
			t.Errorf("%s: key-id = %q", what, got.Fact("key-id"))
		}
	}
	fake := `{"type": "service_account", "private_key": "-----BEGIN ` + `PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\n", "client_email": "a@b.iam.gserviceaccount.com"}`
	if got := prove(t, "gcp-service-account", fake, nil); got.Status != proof.Invalid {
		t.Errorf("placeholder: status %q (%s)", got.Status, got.Detail)
	}
	// A rule that captures the key alone finds the rest in the context.
	_, key, _ := strings.Cut(text, `"private_key": "`)
	key, _, _ = strings.Cut(key, `"`)
	if got := prove(t, "gcp-service-account", key, []byte(text)); got.Status != proof.Valid || got.Fact("project") != "shop-1" {
		t.Errorf("key alone: %+v", got)
	}
}
