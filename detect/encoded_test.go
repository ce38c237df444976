package detect

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/delta"
	"github.com/straykey/straykey/detect/archive"
	"github.com/straykey/straykey/detect/decode"
	"github.com/straykey/straykey/detect/proof/forge"
	"github.com/straykey/straykey/rules"
)

// A secret in an encoded text stands where that stands, or where the encoded characters stand.
func TestEncoded(t *testing.T) {
	const token = "tok_0123456789ab"
	const line = "the token = " + token + ";  and so on"
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	powershell := func(s string) string {
		var b bytes.Buffer
		for _, c := range []byte(s) {
			b.Write([]byte{c, 0})
		}
		return b64(b.String())
	}
	each := func(format string) string {
		var b strings.Builder
		for _, c := range []byte(token) {
			fmt.Fprintf(&b, format, c)
		}
		return b.String()
	}
	tests := []struct {
		name, before, encoded, after string
		via                          string
	}{
		{"base64", "data: ", b64(line), "\n", "base64"},
		{"base64url", "?q=", base64.RawURLEncoding.EncodeToString([]byte(line + "??>>")), "&r=1", "base64"},
		{"base64 of base64", "data: ", b64(b64(line)), "\n", "base64 base64"},
		{"UTF-16 in base64", "powershell -enc ", powershell(line), "\n", "base64"},
		{"hex", "x'", hex.EncodeToString([]byte(line)), "'", "hex"},
		{"percent", "https://example.com/?u=https%3A%2F%2Fexample.com%2F%3Ft%3D", strings.Replace(token, "_", "%5F", 1), "%26x", "percent"},
		{"percent for an underscore alone", "https://example.com/?t=", strings.Replace(token, "_", "%5F", 1), "&x", "percent"},
		{"JSON", `{"a":"\u003d`, strings.Replace(token, "_", `\u005f`, 1), `"}`, "escapes"},
		{"percent for a colon", "https://example.com/bot%3A", strings.Replace(token, "_", "%5F", 1), "/x", "percent"},
		{"code points in braces", `s = "`, each(`\u{%02x}`), `"`, "escapes"},
		{"entity with a name", `<a b="`, strings.Replace(token, "_", "&lowbar;", 1), `"/>`, "html-entities"},
		{"hex escapes", `s = "`, each(`\x%02x`), `"`, "escapes"},
		{"octal escapes", `s = "`, each(`\%03o`), `"`, "escapes"},
		{"entities", `<a b="`, each("&#%d;"), `"/>`, "html-entities"},
		{"quoted-printable", "Content-Transfer-Encoding: quoted-printable\n\nx=3D ", token[:9] + "=\n" + token[9:], "\n--b", "quoted-printable"},
	}
	s := newTestEngine(t, testRules()).NewScanner()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := tt.before + tt.encoded + tt.after
			var got []string
			for _, m := range s.Scan([]byte(text)).Matches() {
				if m.Rule.ID == "token" {
					got = append(got, fmt.Sprintf("%s at %q via %s", m.Secret, text[m.SecretStart:m.SecretEnd], strings.Join(m.Via, " ")))
				}
			}
			if diff := cmp.Diff([]string{fmt.Sprintf("%s at %q via %s", token, tt.encoded, tt.via)}, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// All secrets in one encoded text are kept, although they stand at the same place; of what several
// rules see in the same bytes of it the most specific.
func TestEncodedSecretsStandApart(t *testing.T) {
	e := newTestEngine(t, testRules())
	text := "password = tok_0123456789ab\nleft-0123456789\ntok_abcdefghijkl\n"
	plain := e.Keep(e.NewScanner().Scan([]byte(text)).Matches(), "", "")
	encoded := e.Keep(e.NewScanner().Scan([]byte("x: "+base64.StdEncoding.EncodeToString([]byte(text)))).Matches(), "", "")
	secrets := func(ms []Match) (out []string) {
		for _, m := range ms {
			out = append(out, m.Rule.ID+" "+m.Secret)
		}
		slices.Sort(out)
		return out
	}
	if diff := cmp.Diff(secrets(plain), secrets(encoded)); diff != "" || len(plain) != 3 {
		t.Errorf("-plain +encoded:\n%s", diff)
	}
}

// What stands in a unit as it is, is found once, and not through the encoding of its neighbours.
func TestPlainBesideEncoded(t *testing.T) {
	ms := newTestEngine(t, testRules()).NewScanner().Scan([]byte(`u("\u003dtok_0123456789ab", "\u002f")`)).Matches()
	if len(ms) != 1 || ms[0].Via != nil {
		t.Errorf("%+v, want one plain match", ms)
	}
}

// Nesting ends, and repetition costs its length.
func TestDeepEncodings(t *testing.T) {
	if testing.Short() {
		t.Skip("encodes the same text many times over")
	}
	s := newTestEngine(t, testRules()).NewScanner()
	text := "the token = tok_0123456789ab; and so on"
	for depth := 1; depth <= maxDecodeDepth+1; depth++ {
		text = base64.StdEncoding.EncodeToString([]byte(text))
		facts := s.Scan([]byte(text))
		if got, want := len(facts.Matches()), depth <= maxDecodeDepth; got > 0 != want || len(facts.Skips()) > 0 == want {
			t.Errorf("depth %d: %d matches, %v", depth, got, facts.Skips())
		}
	}
	r := rand.New(rand.NewPCG(1, 1))
	bomb := []byte(strings.Repeat(`\u005c`, 100_000) + strings.Repeat("%2525", 100_000) + strings.Repeat("&#38;", 100_000))
	s.Scan(bomb)
	s.Scan([]byte(encodeAs(r, string(bomb[:20_000]), 12)))
}

// What is not decoded, for it is too long, is told; a picture is none of it.
func TestTooLongToDecode(t *testing.T) {
	if testing.Short() {
		t.Skip("reads tens of megabytes")
	}
	s := newTestEngine(t, testRules()).NewScanner()
	plain := bytes.Repeat([]byte("there is nothing to see\n"), decode.MaxRun/24)
	giant := []byte("x\ntok_0123456789ab\n" + base64.StdEncoding.EncodeToString(plain) + "\n")
	facts := s.Scan(giant)
	if skips := facts.Skips(); len(skips) != 1 || skips[0].Why != archive.Limit || len(facts.Matches()) != 1 {
		t.Errorf("%d matches, %v", len(facts.Matches()), skips)
	}
	target := slices.Concat(giant, []byte("more"))
	if skips := s.Update(target, facts, []delta.Run{{Len: len(giant)}}).Skips(); len(skips) != 1 {
		t.Errorf("after a change far from it: %v", skips)
	}
	short := giant[:len(giant)/2]
	if skips := s.Update(short, facts, []delta.Run{{Len: len(short)}}).Skips(); len(skips) != 0 {
		t.Errorf("made shorter: %v", skips)
	}
	picture := base64.StdEncoding.EncodeToString(append([]byte("\x89PNG"), plain...))
	if skips := s.Scan([]byte(picture)).Skips(); len(skips) != 0 {
		t.Errorf("a picture: %v", skips)
	}
}

// What is too short for a run is decoded where its name says that it is a secret, and nowhere else.
func TestShortEncoded(t *testing.T) {
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	e := newTestEngine(t, set)
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	secret := "hK7" + "#vq2Lx"
	quoted := func(v string) string { return `"` + v + `"` }
	for _, tt := range []struct {
		name, before, value string
		found               bool
	}{
		{"Kubernetes", "data:\n  db-password: ", b64(secret), true},
		{"with a line end", "data:\n  password: ", b64(secret + "\n"), true},
		{"a Secret, whatever the name", "kind: Secret\ndata:\n  foo: ", b64(secret), true},
		{"a Secret in JSON", `{"kind":"Secret","data":{"foo":`, quoted(b64(secret)) + "}}", true},
		{"JSON", `{"kind":"Secret","data":{"user":"YWRtaW4=","password":`, quoted(b64(secret)), true},
		{"env", "DB_PASSWORD_B64=", b64(secret), true},
		{"code", "encodedPassword := ", quoted(b64(secret)), true},
		{"hex", "password_hex = ", hex.EncodeToString([]byte(secret)), true},
		{"another name", "data:\n  title: ", b64(secret), false},
		{"not text", "password: ", b64(secret[:5] + "\x01\x02\x03\x04"), false},
		{"bits left over", "password: ", b64(secret + "x")[:13] + "B==", false},
		{"a placeholder", "password: ", b64("<password>"), false},
		{"a template", "password: ", b64("${DB_PASS}"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := tt.before + tt.value + "\n"
			found := false
			for _, m := range e.Keep(e.NewScanner().Scan([]byte(text)).Matches(), "deploy.yaml", "") {
				if len(m.Via) == 0 {
					continue
				}
				found = true
				if got := text[m.SecretStart:m.SecretEnd]; got != strings.Trim(tt.value, `"}`) || m.Secret != secret {
					t.Errorf("%q at %q", m.Secret, got)
				}
			}
			if found != tt.found {
				t.Errorf("found %v, want %v", found, tt.found)
			}
		})
	}
}

// A slash that JSON escapes is one, where its name says that it is a secret.
func TestEscapedSlash(t *testing.T) {
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	e := newTestEngine(t, set)
	secret := "kV3" + "q/x8Rw2Lm9TzB5" + "nYc7+HdG1sFj/4pQeUa6XoW"
	escaped := strings.ReplaceAll(secret, "/", `\/`)
	text := `{"aws_access_key_id":"","aws_secret_access_key":"` + escaped + `"}`
	kept := e.Keep(e.NewScanner().Scan([]byte(text)).Matches(), "a.json", "")
	if len(kept) != 1 || kept[0].Secret != secret || text[kept[0].SecretStart:kept[0].SecretEnd] != escaped || kept[0].Rule.ID != "aws-secret-access-key" {
		t.Errorf("%+v, want the secret without the backslashes", kept)
	}
}

// A private key in a file of DER is found where it stands, also through a delta: what changes beside it, and what changes in it.
func TestDER(t *testing.T) {
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	e := newTestEngine(t, set)
	r := forge.New("der")
	rsa, _ := pem.Decode([]byte(forge.PEM(r, "RSA PRIVATE KEY")))
	ed, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(forge.Bytes(r, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]string{"PKCS#1": string(rsa.Bytes), "PKCS#8": string(ed)} {
		before, after := "first\n"+strings.Repeat("line\n", 2000), " tail\nlast"+strings.Repeat("\nline", 2000)
		base := before + key + after
		for edit, with := range map[string]string{"first": "1st", "last": "end", key[:4]: "1234", key[len(key)-9:]: "", "tail": "end", "\nlast": "\nand\nlast"} {
			at := strings.Index(base, edit)
			target := base[:at] + with + base[at+len(edit):]
			runs := []delta.Run{{Base: 0, Target: 0, Len: at}, {Base: at + len(edit), Target: at + len(with), Len: len(base) - at - len(edit)}}
			s := e.NewScanner()
			got, want := s.Update([]byte(target), s.Scan([]byte(base)), runs), e.NewScanner().Scan([]byte(target))
			if diff := cmp.Diff(describe(e, want), describe(e, got)); diff != "" {
				t.Errorf("%s, %q for %q: -scan +update:\n%s", name, with, edit, diff)
			}
		}
		ms := e.Keep(e.NewScanner().Scan([]byte(base)).Matches(), "deploy/key.der", "")
		if len(ms) != 1 || ms[0].SecretStart != len(before) || ms[0].SecretEnd != len(before)+len(key) || ms[0].Secret != base64.StdEncoding.EncodeToString([]byte(key)) ||
			strings.Join(ms[0].Via, " ") != "der" || ms[0].Confidence == rules.LowConfidence {
			t.Errorf("%s: %d matches, want the key", name, len(ms))
		}
		if ms := e.NewScanner().Scan([]byte(base[:len(before)+len(key)-9])).Matches(); len(ms) > 0 {
			t.Errorf("%s: cut short it is found", name)
		}
	}
}

// DecodeDepth is how many encodings are taken off.
// The line of a value that is decoded alone is read again for that value, and not once more for each of the others in it.
func TestManyShortValuesInALine(t *testing.T) {
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(set, Options{})
	if err != nil {
		t.Fatal(err)
	}
	const values = 6
	var line strings.Builder
	for i := range values {
		fmt.Fprintf(&line, `"pass`+`word":"xq%d\/%dZk%s",`, i, i*7919, "vbT")
	}
	s := e.NewScanner()
	if got := len(s.Scan([]byte(line.String())).Matches()); got < values {
		t.Errorf("%d matches, want %d and more", got, values)
	}
	if inner := s.decoder.inner; inner == nil || inner.turn > 3*values || inner.decoder.inner != nil {
		t.Errorf("the line was read %d times for %d values, or within such a reading again", inner.turn, values)
	}
}

func TestDecodeDepth(t *testing.T) {
	text := "the token = tok_0123456789ab;  and so on"
	once := base64.StdEncoding.EncodeToString([]byte(text))
	twice := base64.StdEncoding.EncodeToString([]byte(once))
	for depth, want := range map[int]string{-1: "plain", 1: "plain once", 2: "plain once twice", 0: "plain once twice", 99: "plain once twice"} {
		e, err := New(testRules(), Options{DecodeDepth: depth})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, tt := range []struct{ name, text string }{{"plain", text}, {"once", once}, {"twice", twice}} {
			if len(e.NewScanner().Scan([]byte("data: "+tt.text+"\n")).Matches()) > 0 {
				got = append(got, tt.name)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("depth %d: %s, want %s", depth, strings.Join(got, " "), want)
		}
	}
}
