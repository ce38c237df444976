package detect

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/delta"
	"github.com/straykey/straykey/detect/proof/forge"
	"github.com/straykey/straykey/rules"
)

// placeRules are rules on the detectors that know places, whose candidates reach back to a command or a name.
func placeRules() *rules.Set {
	set := &rules.Set{}
	for detector, keywords := range map[string][]string{
		"url":    {"://", "postgres"},
		"go-dsn": {"@tcp("},
		"oracle": {"sqlplus "},
		"header": {"basic", "bearer", "authorization"},
		"cookie": {"sessid"},
		"sql":    {"identified", "create user", "set password"},
		"option": {"curl", "--user", "mysql", "sshpass", " -u ", "login -", "securestring", "net user", "htpasswd", "chpasswd", "-pass"},
		"call":   {"basicauth", "new pdo", "hmac.new"},
		"netrc":  {"machine "},

		"manifest": {"kind: secret", `kind":"secret`},
		"below":    {"password =\n", "secret',\n", "token = (\n"},

		"password": {"pass"}, "secret": {"secret"}, "token": {"token"}, "key": {"key"}, "uuid": nil,
	} {
		set.Rules = append(set.Rules, &rules.Rule{ID: detector, Detector: detector, Keywords: keywords})
	}
	return set
}

// placePiece returns a part of a text in which such places stand, whole or torn.
func placePiece(r *rand.Rand) string {
	const pw = "vq8" + "Kx2" // in parts: no file holds a secret, not even a false one
	parts := []string{
		"postgres://", "u:", pw, "@db", "@tcp(h)", "http://a:80/", "sqlplus -s ", "u/" + pw + "@h ", "Authorization: ", "Basic c3ZjOnZx" + "OEt4Mg== ", `"Bearer `,
		"9f8a7c6b" + "5d4e3f2a", "Cookie: ", "PHPSESSID=", "CREATE USER u ", "IDENTIFIED BY '", "SET PASSWORD FOR x = '" + pw + "'", "curl -s -u ", "--user \"a:" + pw + "\"",
		"mysql -uroot ", " -p" + pw + " ", " -p ", "docker login -u ci ", "sshpass", "ConvertTo-SecureString ", "'" + pw + "' ", "-AsPlainText -Force", " | ", "net user a ",
		"/add", "htpasswd -nb ", "echo u:" + pw, "chpasswd", "-passin pass:", "SetBasicAuth(", `"ci", `, "'" + pw + "')", "new PDO('a', 'b', ", "hmac.new(b", "machine h ",
		"db_password", "secretKey", "token", " = ", ": ", "=>", "(", "[]byte(", "0f8fad5b-d9cb-469f-a165-70867728950e", "${X}", "user", "# example", pw + "zz",
		"login ci ", "password ", `"`, "'", " ", "\n", "\n", "; ", "\\",
	}
	switch r.IntN(24) {
	case 0, 1:
		return piece(r)
	case 2:
		return strings.Repeat("--far off ", 10+r.IntN(500))
	case 3:
		return manifestPiece(r)
	case 4:
		return []string{"db_password =\n", "env('APP_SECRET',\n", "token = (\n", "  '" + pw + "';\n", "  \"" + pw + "\")\n"}[r.IntN(5)]
	}
	return parts[r.IntN(len(parts))]
}

// manifestPiece returns a part of a Secret of Kubernetes.
func manifestPiece(r *rand.Rand) string {
	const value = "dnE4" + "S3gyejk="
	parts := []string{
		"\nkind: Secret\n", "\ndata:\n", "  foo: " + value + "\n", "\n---\n", "\n- kind: Secret\n  data:\n    foo: " + value + "\n", `{"kind":"Secret",`, `"data":{`, `"foo":"` + value + `",`, "}}",
		"\ndata:\n  foo: " + value + "\n  bar: |\n    " + value + "\nkind: Secret\n", `{"data":{"foo":"` + value + `"},"kind":"Secret"}`,
	}
	return parts[r.IntN(len(parts))]
}

// TestUpdateEqualsScanOfPlaces is TestUpdateEqualsScan for detectors, whose scores must be equal, too.
func TestUpdateEqualsScanOfPlaces(t *testing.T) {
	e, err := New(placeRules(), Options{Candidates: true})
	if err != nil {
		t.Fatal(err)
	}
	verdicts := func(f *Facts) []string {
		out := describe(e, f)
		for _, m := range f.Matches() {
			out = append(out, fmt.Sprintf("score %x", m.Verdict.AppendKey(nil)))
		}
		return out
	}
	s, plain := e.NewScanner(), e.NewScanner()
	plain.Measure() // remembers no lines
	rounds := 1500
	if testing.Short() {
		rounds = 100
	}
	found := 0
	for seed := range rounds {
		r := rand.New(rand.NewPCG(uint64(seed), 11))
		var b bytes.Buffer
		for range 1 + r.IntN(60) {
			b.WriteString(placePiece(r))
		}
		text := b.Bytes()
		facts := s.Scan(text)
		for range 6 {
			target, runs := randomEdit(r, text)
			got := s.Update(target, facts, runs)
			want := plain.Scan(target)
			found += len(want.Matches())
			if diff := cmp.Diff(verdicts(want), verdicts(got)); diff != "" {
				t.Fatalf("seed %d: -scan +update:\n%s", seed, diff)
			}
			text, facts = target, got
		}
	}
	if found < rounds {
		t.Fatalf("only %d matches in %d rounds: the texts test nothing", found, rounds)
	}
}

// What a Secret of Kubernetes holds depends on lines far from its kind, on both sides.
func TestUpdateOfManifests(t *testing.T) {
	e, err := New(placeRules(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	const value, other = "dnE4" + "S3gyejk=", "cTh2" + "Mkt4OXo="
	for _, tt := range []struct {
		base, edit, with string
		want             int
	}{
		{"data:\n  foo: " + value + "\nmetadata:\n  a: b\nkind: Secret\n", "data", "date", 0},
		{"date:\n  foo: " + value + "\nmetadata:\n  a: b\nkind: Secret\n", "date", "data", 1},
		{"kind: Secret\nmetadata:\n  a: b\ndata:\n  foo: " + value + "\n", "a: b\ndata", "a: b\n---\ndata", 0},
		{"kind: Secret\nmetadata:\n  a: b\ndata:\n  foo: " + value + "\n", value, other, 1},
	} {
		filler := strings.Repeat("nothing\n", 8000)
		base := filler + "---\n" + tt.base + "---\n" + filler
		at := strings.Index(base, tt.edit)
		target := base[:at] + tt.with + base[at+len(tt.edit):]
		runs := []delta.Run{{Base: 0, Target: 0, Len: at}, {Base: at + len(tt.edit), Target: at + len(tt.with), Len: len(base) - at - len(tt.edit)}}
		s := e.NewScanner()
		got, want := s.Update([]byte(target), s.Scan([]byte(base)), runs), e.NewScanner().Scan([]byte(target))
		if diff := cmp.Diff(describe(e, want), describe(e, got)); diff != "" || len(got.Matches()) != tt.want {
			t.Errorf("%s for %s: %d matches, want %d; -scan +update:\n%s", tt.with, tt.edit, len(got.Matches()), tt.want, diff)
		}
	}
}

// A private key under a passphrase opens nothing by itself.
func TestEncryptedKeysHaveLowConfidence(t *testing.T) {
	set := &rules.Set{Rules: []*rules.Rule{{
		ID: "key", Regex: `-----BEGIN [A-Z ]+-----(?s:.*?)-----END [A-Z ]+-----`, Keywords: []string{"-----BEGIN"}, Proof: "private-key", Multiline: true, Reach: 8192,
	}}}
	r := forge.New("confidence")
	for _, test := range []struct {
		text string
		want rules.Confidence
	}{
		{forge.PEM(r, "PRIVATE KEY"), rules.HighConfidence},
		{forge.PEM(r, "ENCRYPTED PRIVATE KEY"), rules.LowConfidence},
		{forge.LegacyEncrypted(r, "pw"), rules.LowConfidence},
		{forge.OpenSSHEncrypted(r), rules.LowConfidence},
	} {
		e := newTestEngine(t, set)
		kept := e.Keep(e.NewScanner().Scan([]byte(test.text)).Matches(), "id", "")
		if len(kept) != 1 || kept[0].Confidence != test.want {
			t.Errorf("%.40s: %d matches, want one of %s confidence", test.text, len(kept), test.want)
		}
	}
}

// Private keys and hashes of passwords that stand among tests and examples are made for them; tokens in the form of an issuer are not, and words are.
func TestConfidenceDependsOnThePath(t *testing.T) {
	r := forge.New("made up")
	set := &rules.Set{Rules: []*rules.Rule{
		{
			ID: "key", Regex: `-----BEGIN [A-Z ]+-----(?s:.*?)-----END [A-Z ]+-----`, Keywords: []string{"-----BEGIN"}, Multiline: true, Reach: 8192,
			Identity: rules.PrivateKey,
		},
		{ID: "token", Token: `tok_[0-9a-z]{12}`},
		{ID: "named", Assigned: `[0-9A-Za-z-]{12,30}`, Keywords: []string{"acme"}},
		{ID: "user", Regex: `(?m)^\w+:(\$apr1\$\S+)$`, Keywords: []string{"$apr1$"}},
	}}
	user := "ci:$apr1$" + forge.Chars(r, forge.Hex, 8) + "$" + forge.Chars(r, forge.Hex, 22)
	key, token, named, words := forge.PEM(r, "PRIVATE KEY"), "tok_"+forge.Chars(r, forge.Hex, 12), "acme = "+forge.Chars(r, forge.Hex, 20), "acme = horse-battery-staple"
	e, err := New(set, Options{Confidence: rules.MediumConfidence, Unshown: true})
	if err != nil {
		t.Fatal(err)
	}
	shown := newTestEngine(t, set)
	for _, test := range []struct {
		text, path string
		want       rules.Confidence
	}{
		{key, "deploy/id", rules.HighConfidence},
		{key, "pkg/tls/testdata/id.pem", rules.LowConfidence},
		{key, "docs/tls.md", rules.LowConfidence},
		{user, "deploy/passwd", rules.HighConfidence},
		{user, "test/passwd", rules.LowConfidence},
		{token, "test/client_test.go", rules.HighConfidence},
		{named, "test/client_test.go", rules.HighConfidence},
		{words, "test/client_test.go", rules.LowConfidence},
		{words, "deploy/client.go", rules.HighConfidence},
	} {
		matches := e.NewScanner().Scan([]byte(test.text)).Matches()
		kept := e.Keep(slices.Clone(matches), test.path, "")
		if len(kept) != 1 || kept[0].Confidence != test.want {
			t.Errorf("%.20s at %s: %d matches, want one of %s confidence", test.text, test.path, len(kept), test.want)
		}
		if got := len(shown.Keep(matches, test.path, "")); got != 1 {
			t.Errorf("%.20s at %s: %d matches of any confidence, want 1", test.text, test.path, got)
		}
	}
	e, err = New(set, Options{Confidence: rules.MediumConfidence})
	if err != nil {
		t.Fatal(err)
	}
	if kept := e.Keep(e.NewScanner().Scan([]byte(key)).Matches(), "testdata/id.pem", ""); len(kept) != 0 {
		t.Errorf("%d matches of low confidence are kept without being asked for", len(kept))
	}
}

// What is shown is the same whether what is not shown is kept or not: a match of low confidence takes no place from another.
func TestUnshownTakesNoPlace(t *testing.T) {
	set := &rules.Set{Rules: []*rules.Rule{
		{ID: "specific", Token: `tok_[0-9a-z]{12}`, Confidence: rules.LowConfidence},
		{ID: "weak", Regex: `tok_[0-9a-z]{4,20}`, Weak: true},
	}}
	e, err := New(set, Options{Confidence: rules.MediumConfidence, Unshown: true})
	if err != nil {
		t.Fatal(err)
	}
	kept := e.Keep(e.NewScanner().Scan([]byte("tok_"+forge.Chars(forge.New("x"), forge.Hex, 12))).Matches(), "a", "")
	if len(kept) != 1 || kept[0].Rule.ID != "weak" {
		t.Errorf("kept %v, want the one that is shown", kept)
	}
}
