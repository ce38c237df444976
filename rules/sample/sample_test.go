package sample_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/rules/sample"
)

func TestExpand(t *testing.T) {
	tests := []struct {
		template string
		length   int
		alphabet string
	}{
		{"{{alnum 40}}", 40, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"},
		{"{{alpha 30}}", 30, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"},
		{"{{lower 30}}", 30, "0123456789abcdefghijklmnopqrstuvwxyz"},
		{"{{upper 30}}", 30, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
		{"{{digits 30}}", 30, "0123456789"},
		{"{{hex 32}}", 32, "0123456789abcdef"},
		{"{{HEX 32}}", 32, "0123456789ABCDEF"},
		{"{{b64 44}}", 44, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/"},
		{"{{b64url 44}}", 44, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"},
		{"{{b32 32}}", 32, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"},
		{"{{uuid}}", 36, "0123456789abcdef-"},
		{`{{chars "xyz" 12}}`, 12, "xyz"},
		{`{{b64enc "a:b"}}`, 4, "YTpi"},
		{`{{github "ghp_"}}`, 40, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"},
		{`{{github "ghr_"}}`, 80, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"},
		{`{{awsKey "AKIA"}}`, 20, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"},
		{`{{azureKey "storage"}}`, 88, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/="},
		{"{{nope}}", len(sample.Placeholder), sample.Placeholder},
	}
	for _, tt := range tests {
		t.Run(tt.template, func(t *testing.T) {
			got, err := sample.Expand(tt.template, "seed")
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != tt.length || strings.Trim(got, tt.alphabet) != "" {
				t.Errorf("got %d bytes, want %d of %q", len(got), tt.length, tt.alphabet)
			}
			again, err := sample.Expand(tt.template, "seed")
			if err != nil || again != got {
				t.Errorf("the same seed made another text (%v)", err)
			}
		})
	}
}

// TestKeys checks that what looks like a key is one, for those who read keys.
func TestKeys(t *testing.T) {
	expand := func(t *testing.T, template string) []byte {
		t.Helper()
		text, err := sample.Expand(template, "keys")
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := sample.Expand(template, "keys"); again != text {
			t.Error("the same seed made another key")
		}
		return []byte(text)
	}
	der := func(t *testing.T, template string) []byte {
		t.Helper()
		b, rest := pem.Decode(append(expand(t, template), '\n'))
		if b == nil || len(rest) > 0 {
			t.Fatal("no PEM block")
		}
		return b.Bytes
	}
	t.Run("rsa", func(t *testing.T) {
		key, err := x509.ParsePKCS1PrivateKey(der(t, `{{pem "RSA PRIVATE KEY"}}`))
		if err != nil {
			t.Fatal(err)
		}
		if err := key.Validate(); err != nil {
			t.Error(err)
		}
	})
	t.Run("ec", func(t *testing.T) {
		if _, err := x509.ParseECPrivateKey(der(t, `{{pem "EC PRIVATE KEY"}}`)); err != nil {
			t.Error(err)
		}
	})
	t.Run("pkcs8", func(t *testing.T) {
		if _, err := x509.ParsePKCS8PrivateKey(der(t, `{{pem "PRIVATE KEY"}}`)); err != nil {
			t.Error(err)
		}
	})
	t.Run("openssh", func(t *testing.T) {
		if _, err := ssh.ParseRawPrivateKey(expand(t, `{{openssh}}`)); err != nil {
			t.Error(err)
		}
	})
	t.Run("certificate", func(t *testing.T) {
		if _, err := x509.ParseCertificate(der(t, `{{cert}}`)); err != nil {
			t.Error(err)
		}
	})
	t.Run("encrypted", func(t *testing.T) {
		if !bytes.Contains(expand(t, `{{pkcs8enc}}`), []byte("BEGIN ENCRYPTED PRIVATE "+"KEY")) {
			t.Error("wrong label")
		}
		der(t, `{{pem "ENCRYPTED PRIVATE KEY"}}`)
	})
}

func TestExpandErrors(t *testing.T) {
	tests := []struct{ name, template, want string }{
		{"unknown function", "{{hexx 3}}", `no function "hexx" (did you mean "hex"?); expected one of: HEX, `},
		{"syntax", "{{hex 3", "unclosed action; expected a template such as \"token = {{hex 32}}\""},
		{"missing argument", "{{hex}}", "wrong number of args for hex: want 1 got 0; expected a template"},
		{"wrong type", `{{hex "a"}}`, "expected integer; found \"a\"; expected a template"},
		{"bomb", "{{hex 100000000}}", "expands to more than 1048576 bytes; shorten it"},
		{"bomb of many", "{{hex 1000000}}{{hex 1000000}}", "expands to more than 1048576 bytes; shorten it"},
		{"negative", "{{hex -1}}", "expands to more than 1048576 bytes; shorten it"},
		{"loop", "{{range 1000000000}}{{end}}", "a sample may only call functions"},
		{"definition", `{{define "x"}}{{end}}a`, "a sample may only call functions"},
		{"empty", "", "empty; expected a text"},
		{"kind", `{{azureKey "fridge"}}`, `no kind "fridge" of Azure keys; expected one of: `},
		{"key type", `{{pem "GOLDEN KEY"}}`, `no key of type "GOLDEN KEY"; expected RSA PRIVATE KEY`},
		{"empty set", `{{chars "" 3}}`, "empty set of characters"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := sample.Expand(tt.template, "seed")
			if err == nil {
				t.Fatalf("got %q, want an error", got)
			}
			if !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("got  %s\nwant %s", err, tt.want)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Error("more than one line")
			}
		})
	}
}

func TestPositionOfErrors(t *testing.T) {
	set, err := rules.Parse("acme.toml", []byte(`
[[rules]]
id = "acme"
token = '''acme_[0-9a-f]{32}'''
positives = [
  "good {{hex 3}}",
  "bad {{hx 3}}",
]
`), rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	good, err := sample.Positives(set.Rules[0])
	var errs rules.Errors
	if !errors.As(err, &errs) || len(errs) != 1 {
		t.Fatalf("got %v, want one error", err)
	}
	if got, want := errs[0].Error(), `acme.toml:7: rule "acme": positives[1]: no function "hx"`; !strings.HasPrefix(got, want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if len(good) != 1 || good[0].Pos.Line != 6 {
		t.Errorf("got %+v, want the good sample of line 6", good)
	}
}
