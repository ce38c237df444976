package proof_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/detect/proof"
	"github.com/straykey/straykey/detect/proof/forge"
)

// now is the moment of all tests; past and future are a month away from it.
var (
	now    = time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)
	past   = now.AddDate(0, -1, 0)
	future = now.AddDate(0, 1, 0)
)

func prove(t *testing.T, name, secret string, context []byte) proof.Result {
	t.Helper()
	p := proof.Prover{Now: now}
	r, ok := p.Prove(name, secret, context)
	if !ok {
		t.Fatalf("no proof named %q", name)
	}
	return r
}

// turn changes the character at i into another of the same class, so
// that only a checksum can tell.
func turn(s string, i int) string {
	b := []byte(s)
	switch c := b[i]; {
	case '0' <= c && c <= '9':
		b[i] = '0' + (c-'0'+1)%10
	case 'a' <= c && c <= 'z':
		b[i] = 'a' + (c-'a'+1)%26
	case 'A' <= c && c <= 'Z':
		b[i] = 'A' + (c-'A'+1)%26
	}
	return string(b)
}

// swapCase changes the case of all letters behind the first n characters.
func swapCase(s string, n int) string {
	b := []byte(s)
	for i := n; i < len(b); i++ {
		if c := b[i] | 0x20; 'a' <= c && c <= 'z' {
			b[i] ^= 0x20
		}
	}
	return string(b)
}

// checksummed lists every family whose tokens carry a checksum.
func checksummed() []struct {
	name, token string
	change      int // index of a covered character
	rejects     bool
} {
	r := forge.New("checksummed")
	type row = struct {
		name, token string
		change      int
		rejects     bool
	}
	rows := []row{
		{"github", forge.GitHub(r, "ghp"+"_"), 10, true},
		{"github", forge.GitHub(r, "gho"+"_"), 10, true},
		{"github", forge.GitHub(r, "ghu"+"_"), 10, true},
		{"github", forge.GitHub(r, "ghs"+"_"), 10, true},
		{"github", forge.GitHub(r, "ghr"+"_"), 50, true},
		{"npm", forge.NPM(r), 10, false},
		{"gitlab-routable", forge.GitLabRoutable(r, "glpat"+"-"), 10, true},
		{"gitlab-routable", forge.GitLabRoutableFor(r, "glpat"+"-", "o:1", false), 10, true},
		{"gitlab-routable", forge.GitLabRoutable(r, "gldt"+"-"), 10, false},
		{"grafana", forge.Grafana(r), 10, true},
		{"vercel", forge.Vercel(r, "vcp"+"_"), 10, true},
		{"vercel", forge.Vercel(r, "vck"+"_"), 10, true},
		{"atlassian", forge.Atlassian(r, "ATATT"+"3xFfGF0"), 40, false},
		{"atlassian", forge.Atlassian(r, "ATCTT"+"3xFfGN0"), 40, false},
		{"cloudflare", forge.Cloudflare(r, "cfut"+"_"), 10, false},
		{"cloudflare", forge.Cloudflare(r, "cfk"+"_"), 10, false},
		{"apify", forge.Apify(r), 20, false},
		{"deno", forge.Deno(r, "ddp"+"_"), 10, false},
		{"canva", forge.Canva(r), 20, false},
		{"saladcloud", forge.SaladCloud(r, "acme1"), 30, false},
		{"zuplo", forge.Zuplo(r), 10, true},
		{"confluent", forge.Confluent(r), 10, true},
		{"openai", forge.OpenAI(r, "sk-proj"+"-"), -1, true},
		{"azure-cask", forge.AzureCASK(r, "AZDO"), 10, true},
		{"azure-cask", forge.AzureCASKLong(r, "ACOG"), 10, true},
		{"azure-entra", forge.AzureEntra(r), 10, true},
		{"azure-devops-legacy", forge.AzureDevOpsLegacy(r), 20, true},
		{"azure-redis", forge.AzureRedisElided(r), 5, true},
	}
	for _, kind := range forge.AzureKinds() {
		rows = append(rows, row{kind, forge.Azure(r, kind), 10, true})
	}
	return rows
}

func TestChecksums(t *testing.T) {
	for _, test := range checksummed() {
		t.Run(test.name+"/"+test.token[:5], func(t *testing.T) {
			want := func(what, token string, status proof.Status) {
				t.Helper()
				if r := prove(t, test.name, token, nil); r.Status != status {
					t.Errorf("%s: status %q (%s), want %q", what, r.Status, r.Detail, status)
				}
			}
			failed := proof.Unknown
			if test.rejects {
				failed = proof.Invalid
			}
			want("forged", test.token, proof.Valid)
			if test.change >= 0 {
				want("one character changed", turn(test.token, test.change), failed)
			}
			for what, token := range map[string]string{
				"truncated":  test.token[:len(test.token)-1],
				"lengthened": test.token + "a",
				"other case": swapCase(test.token, 0),
				"empty":      "",
			} {
				if r := prove(t, test.name, token, nil); r.Status == proof.Valid || r.Status == proof.Expired {
					t.Errorf("%s: status %q (%s)", what, r.Status, r.Detail)
				}
			}
		})
	}
}

// The example in the test code of microsoft/security-utilities, put together from its parts.
func TestEntraPublishedVector(t *testing.T) {
	secret := "zzz" + "8Q~" + strings.Repeat("z", 31) + "blP"
	if r := prove(t, "azure-entra", secret, nil); r.Status != proof.Valid {
		t.Errorf("status %q (%s), want valid", r.Status, r.Detail)
	}
}

func TestStructureOnly(t *testing.T) {
	r := forge.New("structure")
	tests := []struct {
		what, name, secret string
		want               proof.Status
	}{
		{"fine-grained token", "github", forge.GitHubFineGrained(r), proof.Unknown},
		{"token with no known prefix", "github", "gha" + "_" + forge.Chars(r, forge.Alnum, 36), proof.Unknown},
		{"GitLab token of the older form", "gitlab-routable", "glpat" + "-" + forge.Chars(r, forge.Alnum, 20), proof.Unknown},
		{"npm token without the checksum npm is said to use", "npm", "npm" + "_" + forge.Chars(r, forge.Alnum, 36), proof.Unknown},
		{"OpenAI key without marker", "openai", "sk-proj" + "-" + forge.Chars(r, forge.Alnum, 124), proof.Invalid},
		{"old OpenAI key", "openai", "sk" + "-" + forge.Chars(r, forge.Alnum, 48), proof.Unknown},
		{"OpenAI key with unequal flanks", "openai", forge.OpenAI(r, "sk-proj"+"-") + "A", proof.Unknown},
		{"Entra secret of the generation before", "azure-entra", "abc" + "7Q~" + forge.Chars(r, forge.Alnum, 31), proof.Unknown},
		{"JWT with a broken header", "jwt", "eyJhbGciOi." + "eyJ9." + "x", proof.Invalid},
		{"JWT of two parts", "jwt", "eyJhbGciOiJub25lIn0" + ".e30", proof.Invalid},
		{"JWT that is public", "jwt", forge.JWT(r, `{"iss":"supabase","role":"anon"}`), proof.Invalid},
		{"supabase key that is public", "supabase-jwt", forge.JWT(r, `{"iss":"supabase","role":"anon"}`), proof.Invalid},
		{"SAS without signature", "azure-sas", "sv=2024-11-04&se=2030-01-01&sp=r&sr=b", proof.Unknown},
		{"SAS with an invented signature", "azure-sas", "sv=2024-11-04&se=2030-01-01&sp=r&sr=b&sig=redacted", proof.Invalid},
		{"PyPI token that is no macaroon", "pypi", "pypi" + "-" + "AgEIcHlwaS5vcmcx", proof.Invalid},
	}
	for _, test := range tests {
		if r := prove(t, test.name, test.secret, nil); r.Status != test.want {
			t.Errorf("%s: status %q (%s), want %q", test.what, r.Status, r.Detail, test.want)
		}
	}
}

func TestFacts(t *testing.T) {
	r := forge.New("facts")
	stamp := func(at time.Time) string { return at.Format(time.RFC3339) }
	tests := []struct {
		what, name, secret string
		status             proof.Status
		facts              []proof.Fact
	}{
		{"AWS key id", "aws-account", forge.AWSKeyID(r, "AKIA", 581039954779), proof.Unknown, []proof.Fact{{"account", "581039954779"}}},
		{"AWS key id with leading zeros", "aws-account", forge.AWSKeyID(r, "ASIA", 42), proof.Unknown, []proof.Fact{{"account", "000000000042"}}},
		{"AWS key id made before 2019", "aws-account", "AKIA" + "I" + "OSFODNN7EXAMPLE"[:15], proof.Unknown, nil},
		{
			"GitLab routing", "gitlab-routable", forge.GitLabRoutableFor(r, "glpat"+"-", "c:1\ng:a\no:2\np:zz\nu:z", true), proof.Valid,
			[]proof.Fact{{"cell", "1"}, {"org", "2"}, {"group", "10"}, {"project", "1295"}, {"user", "35"}},
		},
		{"Cosmos DB key that may only read", "azure-cosmosdb", forge.AzureFor(r, "cosmosdb", "read-only"), proof.Valid, []proof.Fact{{"permissions", "read-only"}}},
		{"Service Bus key that may listen", "azure-servicebus", forge.AzureFor(r, "servicebus", "listen"), proof.Valid, []proof.Fact{{"permissions", "listen"}}},
		{"Search query key", "azure-search", forge.AzureFor(r, "search", "query"), proof.Valid, []proof.Fact{{"permissions", "query"}}},
		{
			"CASK", "azure-cask", forge.AzureCASK(r, "AZDO"), proof.Valid,
			[]proof.Fact{{"services", "Azure DevOps"}, {"name", "AZDO"}, {"issued", "2025-03"}},
		},
		{
			"account SAS", "azure-sas", "https://shop.blob.core.windows.net/?" + forge.AzureSAS(r, future), proof.Valid,
			[]proof.Fact{
				{"account", "shop"},
				{"permissions", "read,list"},
				{"resource", "container,object"},
				{"services", "blob"},
				{"protocol", "https"},
				{"version", "2024-11-04"},
				{"expires", stamp(future)},
			},
		},
		{"expired SAS", "azure-sas", strings.ReplaceAll(forge.AzureSAS(r, past), "&", "&amp;"), proof.Expired, []proof.Fact{
			{"permissions", "read,list"},
			{"resource", "container,object"},
			{"services", "blob"},
			{"protocol", "https"},
			{"version", "2024-11-04"},
			{"expires", stamp(past)},
		}},
		{
			"user delegation SAS whose key expires first", "azure-sas",
			"sp=rwdx&sr=d&sip=10.0.0.1-10.0.0.9&skoid=11111111-2222-3333-4444-555555555555&sktid=aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee&ske=2026-05-15T12:00:00Z&se=2026-07-15&sig=" + forge.Chars(r, forge.Alnum, 43) + "%3D",
			proof.Expired,
			[]proof.Fact{
				{"tenant", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"},
				{"user", "11111111-2222-3333-4444-555555555555"},
				{"permissions", "read,write,delete,delete-version"},
				{"resource", "directory"},
				{"network", "10.0.0.1-10.0.0.9"},
				{"expires", stamp(past)},
			},
		},
		{
			"SAS under a stored policy", "azure-sas", "sr=c&si=backup&sv=2021-06-08&sig=" + forge.Chars(r, forge.Alnum, 43) + "=", proof.Valid,
			[]proof.Fact{{"resource", "container"}, {"version", "2021-06-08"}, {"policy", "backup"}},
		},
		{
			"Service Bus SAS", "azure-sas", fmt.Sprintf("SharedAccessSignature sr=https%%3a%%2f%%2fns.servicebus.windows.net%%2fq&sig=%s%%3d&se=%d&skn=sender", forge.Chars(r, forge.Alnum, 43), future.Unix()), proof.Valid,
			[]proof.Fact{{"name", "sender"}, {"resource", "https://ns.servicebus.windows.net/q"}, {"expires", stamp(future)}},
		},
		{
			"JWT", "jwt", forge.JWTWith(r, `{"alg":"RS256","typ":"JWT","kid":"k1"}`, fmt.Sprintf(
				`{"iss":"https://issuer.example","sub":"system:serviceaccount:ns:robot","aud":["a","b"],"scope":"read write","iat":%d,"exp":%d.25}`, past.Unix(), future.Unix())),
			proof.Valid,
			[]proof.Fact{
				{"subject", "system:serviceaccount:ns:robot"},
				{"issuer", "https://issuer.example"},
				{"audience", "a b"},
				{"scopes", "read write"},
				{"issued", stamp(past)},
				{"expires", stamp(future)},
				{"algorithm", "RS256"},
				{"key-id", "k1"},
			},
		},
		{"expired JWT", "jwt", forge.JWT(r, fmt.Sprintf(`{"exp":%d}`, past.Unix())), proof.Expired, []proof.Fact{{"expires", stamp(past)}, {"algorithm", "HS256"}}},
		{"unsecured JWT", "jwt", "eyJhbGciOiJub25lIn0" + ".eyJzdWIiOiJ4In0" + ".", proof.Valid, []proof.Fact{{"subject", "x"}, {"algorithm", "none"}}},
		{
			"GitHub installation token of the newer form", "github", forge.GitHubApp(r, 12345, past), proof.Expired,
			[]proof.Fact{{"app", "12345"}, {"issuer", "12345"}, {"issued", stamp(past.Add(-time.Hour))}, {"expires", stamp(past)}, {"algorithm", "HS256"}},
		},
		{"Supabase service role", "supabase-jwt", forge.JWT(r, `{"iss":"supabase","ref":"abcdefghijklmnopqrst","role":"service_role"}`), proof.Valid, []proof.Fact{
			{"project", "abcdefghijklmnopqrst"}, {"issuer", "supabase"}, {"role", "service_role"}, {"algorithm", "HS256"},
		}},
		{"JFrog reference token", "jfrog-reference", forge.JFrogReference(r, past), proof.Expired, []proof.Fact{{"version", "01"}, {"expires", stamp(past)}}},
		{"JFrog reference token for ever", "jfrog-reference", forge.JFrogReference(r, time.Time{}), proof.Valid, []proof.Fact{{"version", "01"}, {"expires", "never"}}},
		{"Sentry organization token", "sentry-org", forge.SentryOrg(r, "acme", past), proof.Valid, []proof.Fact{{"org", "acme"}, {"host", "https://us.sentry.io"}, {"issued", stamp(past)}}},
		{"Grafana Cloud token", "grafana-cloud", forge.GrafanaCloud(r, "1234", "ci", "prod-eu-west-0"), proof.Valid, []proof.Fact{{"org", "1234"}, {"name", "ci"}, {"region", "prod-eu-west-0"}}},
		{"1Password service account", "1password-service", forge.OnePassword(r, "acme.1password.com", "x@1password"+"serviceaccounts.com"), proof.Valid, nil},
		{
			"PyPI token for one project", "pypi", forge.PyPI(r, `{"version": 1, "permissions": {"projects": ["a", "b"]}}`, fmt.Sprintf(`{"nbf": %d, "exp": %d}`, past.Unix(), future.Unix())), proof.Valid,
			nil,
		},
		{
			"APIM repository password", "azure-apim-repository", "git&202605151200&" + forge.Chars(r, forge.Alnum, 86) + "==", proof.Expired,
			[]proof.Fact{{"expires", stamp(past)}},
		},
		{
			"pre-signed request", "aws-presigned",
			"https://bucket.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + "AKIA" + "IAAAAAAAAAAAAAAA%2F20260515%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Date=20260515T110000Z&X-Amz-Expires=3600&X-Amz-Signature=" + forge.Chars(r, forge.Hex, 64),
			proof.Expired,
			[]proof.Fact{
				{"key-id", "AKIA" + "IAAAAAAAAAAAAAAA"},
				{"region", "eu-west-1"},
				{"services", "s3"},
				{"host", "bucket.s3.amazonaws.com"},
				{"issued", "2026-05-15T11:00:00Z"},
				{"expires", stamp(past)},
			},
		},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			got := prove(t, test.name, test.secret, nil)
			if got.Status != test.status {
				t.Errorf("status %q (%s), want %q", got.Status, got.Detail, test.status)
			}
			if test.facts == nil {
				return
			}
			if diff := cmp.Diff(test.facts, got.Facts); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPyPICaveats(t *testing.T) {
	r := forge.New("pypi")
	exp := func(at time.Time) string { return fmt.Sprintf(`[0, %d, 0]`, at.Unix()) }
	tests := []struct {
		what    string
		caveats []string
		status  proof.Status
		want    map[string]string
	}{
		{"no caveats", nil, proof.Valid, map[string]string{"host": "pypi.org", "scopes": ""}},
		{"whole user, first generation", []string{`{"version": 1, "permissions": "user"}`}, proof.Valid, map[string]string{"scopes": "user"}},
		{"projects, first generation", []string{`{"version": 1, "permissions": {"projects": ["a", "b"]}}`}, proof.Valid, map[string]string{"scopes": "project", "project": "a b"}},
		{"project names", []string{`[1, ["spam"]]`}, proof.Valid, map[string]string{"scopes": "project", "project": "spam"}},
		{"user id", []string{`[3, "u-1"]`}, proof.Valid, map[string]string{"scopes": "user", "user": "u-1"}},
		{"the earliest expiry counts", []string{exp(future), exp(past)}, proof.Expired, map[string]string{"expires": past.Format(time.RFC3339)}},
		{"unknown caveats", []string{`[99, 1]`, `"x"`, `no json`, `[]`}, proof.Valid, map[string]string{"host": "pypi.org"}},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			got := prove(t, "pypi", forge.PyPI(r, test.caveats...), nil)
			if got.Status != test.status {
				t.Errorf("status %q (%s), want %q", got.Status, got.Detail, test.status)
			}
			for name, want := range test.want {
				if v := got.Fact(name); v != want {
					t.Errorf("%s = %q, want %q", name, v, want)
				}
			}
		})
	}
}

// A rule may hand over the query alone: the address then comes from the context.
func TestSASAddressFromContext(t *testing.T) {
	query := forge.AzureSAS(forge.New("sas"), future)
	context := []byte(`url = "https://shop.blob.core.windows.net/backup/db.bak?` + query + `" # weekly`)
	r := prove(t, "azure-sas", query, context)
	if got, want := r.Fact("account"), "shop"; got != want {
		t.Errorf("account = %q, want %q", got, want)
	}
	if got, want := r.Fact("resource"), "container,object /backup/db.bak"; got != want {
		t.Errorf("resource = %q, want %q", got, want)
	}
}

func TestZeroClockExpiresNothing(t *testing.T) {
	var p proof.Prover
	r, _ := p.Prove("jwt", forge.JWT(forge.New("clock"), `{"exp":1}`), nil)
	if r.Status != proof.Valid {
		t.Errorf("status %q, want valid", r.Status)
	}
}

func TestNames(t *testing.T) {
	names := proof.Names()
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("names are not sorted and unique: %q", names)
	}
	var p proof.Prover
	for _, name := range names {
		if _, ok := p.Lookup(name); !ok || !proof.Known(name) {
			t.Errorf("%q cannot be looked up", name)
		}
	}
	if _, ok := p.Prove("nope", "x", nil); ok || proof.Known("nope") {
		t.Error("a proof named nope")
	}
}

// What a token says goes to terminals and reports: no control characters, no end.
func TestFactsArePrintable(t *testing.T) {
	hostile := "\x1b]0;x\x07 " + strings.Repeat("ä", 500) + "\u202e"
	claims := fmt.Sprintf(`{"sub":%s}`, quoteJSON(hostile))
	r := prove(t, "jwt", forge.JWT(forge.New("print"), claims), nil)
	got := r.Fact("subject")
	if strings.ContainsAny(got, "\x1b\x07\u202e") || len([]rune(got)) > 201 || !strings.HasSuffix(got, "…") {
		t.Errorf("subject = %q", got)
	}
}

func quoteJSON(s string) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, c := range s {
		fmt.Fprintf(&out, `\u%04x`, c)
	}
	return out.String() + `"`
}

func TestTooLong(t *testing.T) {
	long := strings.Repeat("A", proof.MaxSecret+1)
	for _, name := range proof.Names() {
		if r := prove(t, name, long, nil); r.Status != proof.Unknown {
			t.Errorf("%s: status %q", name, r.Status)
		}
	}
}

func base64Of(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
