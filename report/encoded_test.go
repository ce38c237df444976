package report

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/rules"
)

// An encoded secret is a secret: no report shows it, nor the frame of a neighbour.
func TestEncodedSecretsAreRedacted(t *testing.T) {
	secret := "hunter" + strings.Repeat("Xy7", 8)
	encoded := base64.StdEncoding.EncodeToString([]byte("password: " + secret))
	text := []byte("a: 1\n  data: " + encoded + "\nother: tok" + "en-0123456789\n")
	lo := bytes.Index(text, []byte(encoded))
	near := bytes.Index(text, []byte("tok"))
	rule := &rules.Rule{ID: "r"}
	find := func(secret string, m detect.Match) correlate.Finding {
		m.Credential = &detect.Credential{Rule: rule, Secret: secret}
		o := correlate.Occurrence{Kind: "file", Path: "f"}
		correlate.NewLocator(detect.Part{Text: text}).Locate(&o, m)
		return correlate.Finding{Rule: rule, Secret: secret, Fingerprint: "sk1:x", Occurrences: []correlate.Occurrence{o}}
	}
	r := &Report{Findings: []correlate.Finding{
		find(secret, detect.Match{Start: lo, End: lo + len(encoded), SecretStart: lo, SecretEnd: lo + len(encoded), Via: []string{"base64"}}),
		find("token-0123456789", detect.Match{Start: near, End: near + 16, SecretStart: near, SecretEnd: near + 16}),
	}}
	for _, format := range Formats() {
		var b bytes.Buffer
		if err := Write(&b, format, r, Options{Template: everything(t)}); err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{secret, encoded, encoded[5:30], encoded[len(encoded)-20:]} {
			if strings.Contains(b.String()+decoded(t, format, b.String()), s) {
				t.Errorf("%s shows %q:\n%s", format, s, b.String())
			}
		}
		if format == "text" && !strings.Contains(b.String(), "decoded     base64") {
			t.Errorf("text does not tell the encoding:\n%s", b.String())
		}
	}
}
