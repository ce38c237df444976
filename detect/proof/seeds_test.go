package proof_test

import (
	"strings"
	"testing"

	"github.com/straykey/straykey/detect/proof"
	"github.com/straykey/straykey/detect/proof/forge"
)

func TestSeeds(t *testing.T) {
	r := forge.New("seeds")
	nkey := forge.NKEY(r, "U")
	phrase := forge.Mnemonic(r, 12)
	words := strings.Fields(phrase)
	words[3], words[7] = words[7], words[3]
	xprv, wif, array := forge.ExtendedKey(r), forge.WIF(r), forge.KeyArray(r)
	tests := []struct {
		what, name, secret string
		want               proof.Status
	}{
		{"seed of a user", "nkey", nkey, proof.Valid},
		{"seed of an operator", "nkey", forge.NKEY(r, "O"), proof.Valid},
		{"published seed", "nkey", "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIED" + "NPPQYYYCU3VY", proof.Valid},
		{"seed with a letter changed", "nkey", turn(nkey, 20), proof.Unknown},
		{"public key of a user", "nkey", "U" + nkey[1:], proof.Invalid},
		{"short seed", "nkey", nkey[:57], proof.Invalid},
		{"phrase of 12 words", "mnemonic", phrase, proof.Valid},
		{"phrase of 24 words in a list", "mnemonic", `["` + strings.ReplaceAll(forge.Mnemonic(r, 24), " ", "\",\n  \"") + `"]`, proof.Valid},
		{"phrase with two words exchanged", "mnemonic", strings.Join(words, " "), proof.Invalid},
		{"phrase of everybody's examples", "mnemonic", strings.Repeat("abandon ", 11) + "about", proof.Invalid},
		{"prose", "mnemonic", "the quick brown fox jumps over the lazy dog and runs away", proof.Invalid},
		{"extended key", "base58check", xprv, proof.Valid},
		// BIP-0032, test vector 1, chain m.
		{"published extended key", "base58check", "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3" + "TGtRBeJgk33yuGBxrMPHi", proof.Valid},
		{"extended key with a letter changed", "base58check", turn(xprv, 50), proof.Invalid},
		{"wallet import format", "base58check", wif, proof.Valid},
		{"cut key", "base58check", wif[:51], proof.Invalid},
		{"no base58", "base58check", "0OIl", proof.Invalid},
		{"key array", "key-array", array, proof.Valid},
		{"key array over lines", "key-array", strings.ReplaceAll(array, ",", ",\n  "), proof.Valid},
		{"array of other numbers", "key-array", "[" + strings.Repeat("7,", 63) + "7]", proof.Invalid},
		{"array of 65 numbers", "key-array", "[7," + array[1:], proof.Invalid},
		{"array of large numbers", "key-array", strings.Replace(array, "[", "[999999999999999999999999", 1), proof.Invalid},
	}
	for _, test := range tests {
		if got := prove(t, test.name, test.secret, nil); got.Status != test.want {
			t.Errorf("%s: status %q (%s), want %q", test.what, got.Status, got.Detail, test.want)
		}
	}
	if got := prove(t, "nkey", nkey, nil).Fact("role"); got != "user" {
		t.Errorf("role %q, want user", got)
	}
}

func TestJWK(t *testing.T) {
	r := forge.New("jwk")
	ec := forge.JWK(r, "EC")
	other := forge.JWK(r, "EC")
	d := member(ec, "d")
	tests := []struct {
		what, name, secret, context string
		want                        proof.Status
		key                         string
	}{
		{"EC", "jwk", d, ec, proof.Valid, "ECDSA P-256"},
		{"RSA", "jwk", "", forge.JWK(r, "RSA"), proof.Valid, "RSA 1024"},
		{"Ed25519", "jwk", "", forge.JWK(r, "OKP"), proof.Valid, "Ed25519"},
		{"symmetric", "jwk", "", forge.JWK(r, "oct"), proof.Unknown, ""},
		{"in a set", "jwk", d, `{"keys":[` + other + `,` + ec + `,{"kty":"RSA"}]}`, proof.Valid, "ECDSA P-256"},
		{"escaped", "jwk", d, strings.ReplaceAll(ec, `"`, `\"`), proof.Valid, "ECDSA P-256"},
		{"object of JavaScript", "jwk", d, strings.NewReplacer(`":`, `: `, `{"`, "{\n  ", `,"`, ",\n  ", `"`, `'`).Replace(ec), proof.Valid, "ECDSA P-256"},
		{"array of PHP", "jwk", d, strings.NewReplacer(`":`, `" => `).Replace(ec), proof.Valid, "ECDSA P-256"},
		{"d of another key", "jwk", member(other, "d"), strings.Replace(ec, d, member(other, "d"), 1), proof.Unknown, "ECDSA P-256"},
		{"no key type", "jwk", d, strings.Replace(ec, "kty", "typ", 1), proof.Unknown, ""},
		{"no context", "jwk", d, "", proof.Unknown, ""},
	}
	for _, test := range tests {
		secret := test.secret
		if secret == "" {
			secret = member(test.context, "d") + member(test.context, "k")
		}
		got := prove(t, test.name, secret, []byte(test.context))
		if got.Status != test.want || got.Fact("key") != test.key {
			t.Errorf("%s: status %q (%s), key %q; want %q, %q", test.what, got.Status, got.Detail, got.Fact("key"), test.want, test.key)
		}
	}
}

// member returns the value of a member of a JSON object of texts.
func member(object, name string) string {
	_, after, _ := strings.Cut(object, `"`+name+`":"`)
	value, _, _ := strings.Cut(after, `"`)
	if after == "" {
		return ""
	}
	return value
}

func TestRSAKeyValue(t *testing.T) {
	r := forge.New("xml")
	key := forge.RSAKeyValue(r)
	for what, text := range map[string]string{
		"as it is":       key,
		"over lines":     strings.ReplaceAll(key, "><", ">\r\n  <"),
		"escaped":        strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(key),
		"string literal": strings.ReplaceAll(key, "<P>", "\" +\n \"<P>"),
	} {
		if got := prove(t, "rsa-key-value", text, nil); got.Status != proof.Valid || got.Fact("key") != "RSA 1024" {
			t.Errorf("%s: status %q (%s), key %q", what, got.Status, got.Detail, got.Fact("key"))
		}
	}
	if got := prove(t, "rsa-key-value", strings.Replace(key, "<P>", "<P>A", 1), nil); got.Status == proof.Valid {
		t.Errorf("another prime: status %q (%s)", got.Status, got.Detail)
	}
}

// A private key stands in source code as base64 without armor, often cut into literals.
func TestBareKeys(t *testing.T) {
	r := forge.New("bare")
	for _, label := range []string{"RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY"} {
		lines := strings.Split(strings.TrimSpace(forge.PEM(r, label)), "\n")
		body := lines[1 : len(lines)-1]
		for what, text := range map[string]string{
			"one line":        strings.Join(body, ""),
			"lines":           strings.Join(body, "\n  "),
			"escaped":         strings.Join(body, `\n`),
			"joined literals": strings.Join(body, "\" +\n    \""),
		} {
			for _, name := range []string{"private-key", "private-key-der"} {
				if got := prove(t, name, text, nil); got.Status != proof.Valid {
					t.Errorf("%s of %s, %s: status %q (%s)", name, label, what, got.Status, got.Detail)
				}
			}
		}
		whole := strings.Join(body, "")
		if got := prove(t, "private-key-der", whole+"\"\n + \"MIIB", nil); got.Status != proof.Valid {
			t.Errorf("%s with what follows: status %q (%s)", label, got.Status, got.Detail)
		}
		if got := prove(t, "private-key-der", whole[:len(whole)-8], nil); got.Status != proof.Invalid {
			t.Errorf("%s, cut short: status %q (%s)", label, got.Status, got.Detail)
		}
	}
}
