//go:build unix

package typed

import (
	"crypto/md5" //nolint:gosec // the digest of the protocol
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/verdict"
)

const atlasChallenge = `WWW-Authenticate: Digest realm="MMS Public API", domain="", nonce="n0nce", algorithm=MD5, qop="auth", stale=false`

// atlas answers a request without a signature with the challenge, and others with the answer.
func atlas(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			says(401, `{"error": 401, "reason": "Unauthorized"}`, "Content-Type: application/json", atlasChallenge)(w, r)
			return
		}
		answer(w, r)
	}
}

func TestAtlasKey(t *testing.T) {
	secret := uuid()
	c := &verify.Credential{Secret: secret, Parts: map[string]string{"public_key": "abcdefgh"}}
	organizations := `{"results": [{"id": "1", "name": "Acme"}], "totalCount": 1}`
	refused := func(status int, code string) http.HandlerFunc {
		return atlas(says(status, fmt.Sprintf(`{"detail": "no", "error": %d, "errorCode": %q}`, status, code), "Content-Type: application/json"))
	}
	hash := func(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) } //nolint:gosec // see above
	signed := atlas(func(w http.ResponseWriter, r *http.Request) {
		auth := r.Header.Get("Authorization")
		cnonce := regexp.MustCompile(`cnonce="([^"]{16,})"`).FindStringSubmatch(auth)
		if cnonce == nil || strings.Contains(auth, secret) || r.URL.Path != "/api/atlas/v2/orgs" || !strings.HasPrefix(r.Header.Get("Accept"), "application/vnd.atlas.") {
			t.Errorf("the request is not as it should be: %s %q", r.URL, auth)
			return
		}
		response := hash(hash("abcdefgh:MMS Public API:"+secret) + ":n0nce:00000001:" + cnonce[1] + ":auth:" + hash("GET:/api/atlas/v2/orgs"))
		if !strings.Contains(auth, `response="`+response+`"`) {
			t.Errorf("signed %q", auth)
		}
		says(200, organizations)(w, r)
	})
	samples(t, check(t, "mongodb-atlas", Config{}), atlasHost, c, []sample{
		{"live", signed, verdict.Active, ""},
		{"no organizations", atlas(says(200, `{"results": []}`)), verdict.Active, ""},
		{"dead", refused(401, ""), verdict.Inactive, ""},
		{"dead, and the challenge has run out", atlas(says(401, `{"error": 401}`, strings.Replace(atlasChallenge, "stale=false", "stale=true", 1))), verdict.Unknown, "ran out"},
		{"refused for something else", refused(401, "OTHER"), verdict.Unknown, "status 401"},
		{"not from here", refused(403, "IP_ADDRESS_NOT_ON_ACCESS_LIST"), verdict.Forbidden, "not from this address"},
		{"an organization with a list", refused(403, "ORG_REQUIRES_ACCESS_LIST"), verdict.Forbidden, "not from this address"},
		{"a portal that knows the challenge", atlas(says(200, "<html>")), verdict.Unknown, "status 200"},
		{"another challenge", says(401, `{}`, `WWW-Authenticate: Basic realm="proxy"`), verdict.Unknown, "status 401"},
		{"rate limited after the challenge", atlas(says(429, "")), verdict.Unknown, verify.RateLimited},
	})
	a := ask(t, check(t, "mongodb-atlas", Config{}), issuer(t, atlasHost, signed), c)
	if a.Account != "Acme" || a.Principal != "abcdefgh" {
		t.Errorf("%+v", a.Identity)
	}
	want(t, ask(t, check(t, "mongodb-atlas", Config{}), network(t, guard.Options{}), &verify.Credential{Secret: secret}), verdict.NotCheckable, "no public key")
}

// TestDigest signs the two examples of RFC 7616, section 3.9.1.
func TestDigest(t *testing.T) {
	const opaque = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
	const nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
	const cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
	for algorithm, response := range map[string]string{
		"MD5":     "8ca523f5e9506fed4657c9700eebdbec",
		"SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
	} {
		d, ok := parseDigest([]string{"Basic realm=x", fmt.Sprintf(`Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=%s, nonce="%s", opaque="%s"`, algorithm, nonce, opaque)})
		if !ok {
			t.Fatal("no challenge")
		}
		got := d.authorization("Mufasa", "Circle of Life", "GET", "/dir/index.html", cnonce)
		if !strings.Contains(got, `response="`+response+`"`) || !strings.HasSuffix(got, "algorithm="+algorithm+`, opaque="`+opaque+`"`) {
			t.Errorf("%s: %s", algorithm, got)
		}
	}
}

func TestParseDigest(t *testing.T) {
	for header, want := range map[string]*digest{
		`Digest realm="a \"b\"", nonce=x`:            {realm: `a "b"`, nonce: "x"},
		`digest nonce="x",stale=TRUE , qop=auth`:     {nonce: "x", stale: true, auth: true},
		`Digest nonce="x", qop="auth-int"`:           nil,
		`Digest nonce="x", algorithm=SHA-512-256`:    nil,
		`Digest realm="x"`:                           nil,
		`Digest nonce="x`:                            {nonce: "x"},
		`Digest =,==,"`:                              nil,
		`Negotiate`:                                  nil,
		`Digest nonce=` + strings.Repeat("x", 1<<13): nil,
	} {
		got, ok := parseDigest([]string{header})
		if ok != (want != nil) {
			t.Errorf("%.60s: %v", header, ok)
		} else if ok && cmp.Diff(*want, got, cmp.AllowUnexported(digest{})) != "" {
			t.Errorf("%s: %+v", header, got)
		}
	}
}

func FuzzParseDigest(f *testing.F) {
	f.Add(strings.TrimPrefix(atlasChallenge, "WWW-Authenticate: "))
	f.Add(`Digest nonce="\`)
	f.Fuzz(func(t *testing.T, header string) {
		d, ok := parseDigest([]string{header})
		if !ok {
			return
		}
		again, ok := parseDigest([]string{fmt.Sprintf("Digest realm=%s, nonce=%s, opaque=%s", quoted(d.realm), quoted(d.nonce), quoted(d.opaque))})
		if !ok || again.realm != d.realm || again.nonce != d.nonce || again.opaque != d.opaque {
			t.Errorf("%+v became %+v", d, again)
		}
	})
}
