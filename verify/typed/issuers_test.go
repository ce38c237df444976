//go:build unix

package typed

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/straykey/straykey/internal/servers"
	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/verdict"
)

// issuer is a network in which one host is played by a handler, with a certificate of its name.
func issuer(t *testing.T, host string, h http.HandlerFunc) *guard.Network {
	t.Helper()
	authority := servers.NewAuthority(t)
	pair := authority.Issue(host, "Issuer", time.Now().Add(time.Hour))
	cert, err := tls.X509KeyPair([]byte(pair.Cert), []byte(pair.Key))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != host {
			t.Errorf("asked %q, want %q", r.Host, host)
		}
		h(w, r)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	server.StartTLS()
	t.Cleanup(server.Close)
	return network(t, guard.Options{
		RootCAs: authority.Pool(),
		Resolve: func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("8.8.8.8")}, nil
		},
		Connect: func(ctx context.Context, _ netip.AddrPort) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", server.Listener.Addr().String())
		},
	})
}

// says answers every request with a status and a body.
func says(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// contract asks an issuer that answers with what says nothing of any credential.
func contract(t *testing.T, check verify.Check, host string, c *verify.Credential) {
	t.Helper()
	for name, k := range map[string]struct {
		handler   http.HandlerFunc
		temporary bool
	}{
		"rate limited":     {says(429, "", "Retry-After: 7"), true},
		"unavailable":      {says(503, "{}"), true},
		"redirect":         {says(302, "", "Location: https://evil.example/"), false},
		"firewall":         {says(403, "<html>blocked</html>"), false},
		"firewall, 200":    {says(200, "<html>sign in to the proxy</html>"), false},
		"firewall, 401":    {says(401, "<html>who are you</html>"), false},
		"nothing":          {says(200, ""), false},
		"empty JSON":       {says(200, "{}"), false},
		"empty JSON, 403":  {says(403, "{}"), false},
		"JSON cut short":   {says(200, `{"access_token": "x`), false},
		"too long":         {says(200, strings.Repeat(" ", 2<<20)), false},
		"connection ended": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, true},
	} {
		t.Run("contract "+name, func(t *testing.T) {
			a := ask(t, check, issuer(t, host, k.handler), c)
			if a.Verdict != verdict.Unknown || a.Temporary != k.temporary || a.Reason == "" {
				t.Errorf("got %s, %q, temporary %t; want unknown, temporary %t", a.Verdict, a.Reason, a.Temporary, k.temporary)
			}
			if name == "rate limited" && a.RetryAfter != 7*time.Second {
				t.Errorf("retry after %s, want 7s", a.RetryAfter)
			}
		})
	}
}

// samples asks an issuer that answers as it documents.
type sample struct {
	name    string
	handler http.HandlerFunc
	verdict verdict.Verdict
	reason  string
}

func samples(t *testing.T, check verify.Check, host string, c *verify.Credential, list []sample) {
	t.Helper()
	for _, s := range list {
		t.Run(s.name, func(t *testing.T) {
			want(t, ask(t, check, issuer(t, host, s.handler), c), s.verdict, s.reason)
		})
	}
	contract(t, check, host, c)
}

func random(n int, alphabet string) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	for i := range b {
		b[i] = alphabet[int(b[i])%len(alphabet)]
	}
	return string(b)
}

const (
	base32Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	alnum          = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
)

func uuid() string {
	s := random(32, "0123456789abcdef")
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

func TestAWS(t *testing.T) {
	id := "AKIA" + random(16, base32Alphabet)
	secret := random(40, alnum)
	aws := check(t, "aws", Config{})
	c := &verify.Credential{Secret: secret, Parts: map[string]string{"id": id}}
	fails := func(code string) http.HandlerFunc {
		return says(403, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>`+code+`</Code></Error></ErrorResponse>`)
	}
	identity := `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>` +
		`<Arn>arn:aws:iam::123456789012:user/ci</Arn><UserId>X</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`
	samples(t, aws, "sts.amazonaws.com", c, []sample{
		{"live", func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			auth := r.Header.Get("Authorization")
			if r.Method != "POST" || !strings.Contains(string(body), "Action=GetCallerIdentity") ||
				!strings.HasPrefix(auth, "AWS4-HMAC-SHA256 Credential="+id+"/") || !strings.Contains(auth, "/us-east-1/sts/aws4_request") ||
				strings.Contains(auth+string(body), secret) {
				t.Errorf("the request is not as it should be")
			}
			says(200, identity)(w, r)
		}, verdict.Active, ""},
		{"unknown id", fails("InvalidClientTokenId"), verdict.Inactive, ""},
		{"other secret", fails("SignatureDoesNotMatch"), verdict.Unknown, "is not its secret"},
		{"denied", fails("AccessDenied"), verdict.Forbidden, "may not ask"},
		{"throttled", fails("Throttling"), verdict.Unknown, "busy"},
		{"expired", fails("ExpiredToken"), verdict.Inactive, "expired"},
	})
	t.Run("identity", func(t *testing.T) {
		a := ask(t, aws, issuer(t, "sts.amazonaws.com", says(200, identity)), c)
		if a.Principal != "arn:aws:iam::123456789012:user/ci" || a.Account != "123456789012" || a.Privilege != "" {
			t.Errorf("%+v", a.Identity)
		}
		root := strings.Replace(identity, "user/ci", "root", 1)
		if a := ask(t, aws, issuer(t, "sts.amazonaws.com", says(200, root)), c); a.Privilege != "admin" {
			t.Errorf("root: %+v", a.Identity)
		}
	})
	t.Run("session", func(t *testing.T) {
		temporary := &verify.Credential{Secret: secret, Parts: map[string]string{"id": "ASIA" + random(16, base32Alphabet), "session": random(200, alnum)}}
		n := issuer(t, "sts.amazonaws.com", func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Amz-Security-Token") != temporary.Parts["session"] {
				t.Error("the session token was not sent")
			}
			says(200, identity)(w, r)
		})
		want(t, ask(t, aws, n, temporary), verdict.Active, "")
		delete(temporary.Parts, "session")
		want(t, ask(t, aws, n, temporary), verdict.NotCheckable, "no session token")
	})
	for region, host := range map[string]string{
		"cn-north-1": "sts.cn-north-1.amazonaws.com.cn:443", "us-gov-west-1": "sts.us-gov-west-1.amazonaws.com:443", "eu-west-1": "sts.amazonaws.com:443",
	} {
		targets, err := aws.Targets(&verify.Credential{Secret: secret, Parts: c.Parts, Around: "region = " + region})
		if err != nil || len(targets) != 1 || targets[0] != (verify.Target{Host: host, Named: true}) {
			t.Errorf("%s: %v, %v", region, targets, err)
		}
	}
	if _, err := aws.Targets(&verify.Credential{Secret: secret}); err == nil {
		t.Error("a secret without its id has a target")
	}
}

// TestAWSSignature compares a signature with one that is computed here, step by step as AWS documents it
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
func TestAWSSignature(t *testing.T) {
	id := "AKIA" + random(16, base32Alphabet)
	secret := random(40, alnum)
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	var header http.Header
	n := issuer(t, "sts.amazonaws.com", func(_ http.ResponseWriter, r *http.Request) { header = r.Header })
	ask(t, check(t, "aws", Config{Now: func() time.Time { return now }}), n, &verify.Credential{Secret: secret, Parts: map[string]string{"id": id}})
	mac := func(key []byte, text string) []byte {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(text))
		return m.Sum(nil)
	}
	body := "Action=GetCallerIdentity&Version=2011-06-15"
	canonical := fmt.Sprintf("POST\n/\n\ncontent-length:%d\ncontent-type:application/x-www-form-urlencoded\nhost:sts.amazonaws.com\nx-amz-date:20260304T050607Z\n\ncontent-length;content-type;host;x-amz-date\n%x",
		len(body), sha256.Sum256([]byte(body)))
	text := fmt.Sprintf("AWS4-HMAC-SHA256\n20260304T050607Z\n20260304/us-east-1/sts/aws4_request\n%x", sha256.Sum256([]byte(canonical)))
	key := mac(mac(mac(mac([]byte("AWS4"+secret), "20260304"), "us-east-1"), "sts"), "aws4_request")
	if want := fmt.Sprintf("Signature=%x", mac(key, text)); !strings.HasSuffix(header.Get("Authorization"), want) {
		t.Errorf("got %q, want it to end in %q", header.Get("Authorization"), want)
	}
}

func TestAzureStorageKey(t *testing.T) {
	raw := make([]byte, 64)
	_, _ = rand.Read(raw)
	key := base64.StdEncoding.EncodeToString(raw)
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	azure := check(t, "azure-storage-key", Config{Now: func() time.Time { return now }})
	c := &verify.Credential{Secret: key, Around: "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=" + key + ";EndpointSuffix=core.windows.net"}
	fails := func(status int, code string) http.HandlerFunc {
		return says(status, "<Error/>", "x-ms-error-code: "+code)
	}
	samples(t, azure, "shop.blob.core.windows.net", c, []sample{
		{"live", func(w http.ResponseWriter, r *http.Request) {
			text := "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Wed, 04 Mar 2026 05:06:07 GMT\nx-ms-version:" + azureVersion + "\n/shop/\ncomp:properties\nrestype:account"
			m := hmac.New(sha256.New, raw)
			m.Write([]byte(text))
			if want := "SharedKey shop:" + base64.StdEncoding.EncodeToString(m.Sum(nil)); r.Header.Get("Authorization") != want || r.URL.RawQuery != "restype=account&comp=properties" {
				t.Error("the request is not as it should be")
			}
			says(200, "", "x-ms-request-id: 1")(w, r)
		}, verdict.Active, ""},
		{"dead", fails(403, "AuthenticationFailed"), verdict.Inactive, ""},
		{"no keys", fails(403, "KeyBasedAuthenticationNotPermitted"), verdict.Unknown, "lets no keys in"},
		{"firewall of the account", fails(403, "AuthorizationFailure"), verdict.Unknown, "this address"},
		{"disabled", fails(403, "AccountIsDisabled"), verdict.Forbidden, "disabled"},
	})
	if _, err := azure.Targets(&verify.Credential{Secret: key, Around: "KEY=" + key}); err == nil {
		t.Error("a key without an account has a target")
	}
	targets, err := azure.Targets(&verify.Credential{Secret: key, Around: "AccountName=shop;AccountKey=" + key + ";EndpointSuffix=core.chinacloudapi.cn"})
	if err != nil || targets[0].Host != "shop.blob.core.chinacloudapi.cn:443" {
		t.Errorf("%v, %v", targets, err)
	}
}

func TestAzureSAS(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	azure := check(t, "azure-sas", Config{Now: func() time.Time { return now }})
	sig := "sig=" + random(43, alnum) + "%3D"
	sas := func(address, query string) *verify.Credential {
		return &verify.Credential{Secret: query + "&" + sig, Around: address + "?" + query + "&" + sig}
	}
	const host = "shop.blob.core.windows.net"
	asked := func(method, path, query string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Method != method || r.URL.Path != path || !strings.HasPrefix(r.URL.RawQuery, query) || !strings.HasSuffix(r.URL.RawQuery, sig) {
				t.Errorf("asked %s %s", r.Method, r.URL.Path)
			}
			says(200, "", "x-ms-request-id: 1")(w, r)
		}
	}
	account := sas("https://"+host+"/", "sv=2022-11-02&ss=b&srt=sco&sp=rwl&se=2030-01-01T00:00:00Z")
	fails := func(code string) http.HandlerFunc { return says(403, "<Error/>", "x-ms-error-code: "+code) }
	samples(t, azure, host, account, []sample{
		{"account", asked("GET", "/", "comp=list&maxresults=1&sv="), verdict.Active, ""},
		{"dead", fails("AuthenticationFailed"), verdict.Inactive, ""},
		{"other address", fails("AuthorizationSourceIPMismatch"), verdict.Forbidden, "not from here"},
		{"gone", says(404, "", "x-ms-error-code: ContainerNotFound"), verdict.Forbidden, "gone"},
	})
	for _, c := range []struct {
		name, address, query string
		handler              http.HandlerFunc
		verdict              verdict.Verdict
		reason               string
	}{
		{"container", "https://" + host + "/c/d/f", "sp=rl&sr=c&sv=2022-11-02&se=2030-01-01", asked("GET", "/c", "restype=container&comp=list&maxresults=1&sp="), verdict.Active, ""},
		{"blob", "https://" + host + "/c/f.zip", "sp=r&sr=b&sv=2022-11-02&se=2030-01-01", asked("HEAD", "/c/f.zip", "sp=r"), verdict.Active, ""},
		{"write only", "https://" + host + "/c/f.zip", "sp=w&sr=b&sv=2022-11-02&se=2030-01-01", nil, verdict.NotCheckable, "without changing"},
		{"expired", "https://" + host + "/c/f.zip", "sp=r&sr=b&sv=2022-11-02&se=2026-03-04T05:06Z", nil, verdict.Inactive, "expired"},
		{"no address", "x", "sp=r&sr=b&sv=2022-11-02&se=2030-01-01", nil, verdict.NotCheckable, "no address"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := c.handler
			if h == nil {
				h = func(http.ResponseWriter, *http.Request) { t.Error("something was sent") }
			}
			want(t, ask(t, azure, issuer(t, host, h), sas(c.address, c.query)), c.verdict, c.reason)
		})
	}
	id := ask(t, azure, issuer(t, host, asked("GET", "/", "")), account).Identity
	if id.Account != "shop" || id.Privilege != "write" || id.Scopes[0] != "rwl" || id.Expires.Year() != 2030 {
		t.Errorf("%+v", id)
	}
}

func TestEntraSecret(t *testing.T) {
	tenant, client, secret := uuid(), uuid(), random(40, alnum)
	c := &verify.Credential{Secret: secret, Around: "AZURE_TENANT_ID=" + tenant + "\nAZURE_CLIENT_ID=" + client + "\nAZURE_CLIENT_SECRET=" + secret}
	fails := func(code string) http.HandlerFunc {
		return says(401, `{"error":"invalid_client","error_description":"AADSTS`+code+`: words `+secret+`"}`)
	}
	claims := base64.RawURLEncoding.EncodeToString([]byte(`{"appid":"` + client + `","tid":"` + tenant + `","app_displayname":"ci","roles":["Directory.ReadWrite.All"]}`))
	token := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256"}`)) + "." + claims + ".AAAA"
	live := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/"+tenant+"/oauth2/v2.0/token" || r.PostFormValue("client_id") != client || r.PostFormValue("client_secret") != secret ||
			r.PostFormValue("grant_type") != "client_credentials" {
			t.Error("the request is not as it should be")
		}
		says(200, `{"access_token":"`+token+`"}`)(w, r)
	}
	entra := check(t, "entra-client-secret", Config{})
	samples(t, entra, entraHost, c, []sample{
		{"live", live, verdict.Active, ""},
		{"wrong", fails("7000215"), verdict.Inactive, ""},
		{"expired", fails("7000222"), verdict.Inactive, "expired"},
		{"other tenant", fails("700016"), verdict.Unknown, "does not know"},
		{"disabled", fails("7000112"), verdict.Forbidden, "disabled"},
		{"policy", fails("53003"), verdict.Forbidden, "policy"},
		{"other", fails("1234567"), verdict.Unknown, "AADSTS1234567"},
	})
	a := ask(t, entra, issuer(t, entraHost, live), c)
	if a.Principal != client || a.Account != tenant || a.Owner != "ci" || a.Privilege != "write" {
		t.Errorf("%+v", a.Identity)
	}
	if _, err := entra.Targets(&verify.Credential{Secret: secret}); !errors.Is(err, errNoTenant) {
		t.Errorf("without a tenant: %v", err)
	}
}

func TestGCPServiceAccount(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "shop-1", "private_key_id": random(40, "0123456789abcdef"),
		"private_key":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"client_email": "ci@shop-1.iam.gserviceaccount.com", "token_uri": "https://evil.example/token",
	})
	if err != nil {
		t.Fatal(err)
	}
	fails := func(description string) http.HandlerFunc {
		return says(400, `{"error":"invalid_grant","error_description":"`+description+`"}`)
	}
	live := func(w http.ResponseWriter, r *http.Request) {
		parts := strings.Split(r.PostFormValue("assertion"), ".")
		signature, _ := base64.RawURLEncoding.DecodeString(parts[len(parts)-1])
		sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
		if rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], signature) != nil || r.URL.Path != "/token" {
			t.Error("the assertion is not signed by the key")
		}
		says(200, `{"access_token":"ya29","expires_in":3599}`)(w, r)
	}
	gcp := check(t, "gcp-service-account", Config{})
	c := &verify.Credential{Secret: string(file)}
	samples(t, gcp, gcpHost, c, []sample{
		{"live", live, verdict.Active, ""},
		{"key deleted", fails("Invalid JWT Signature."), verdict.Inactive, ""},
		{"account deleted", fails("Invalid grant: account not found"), verdict.Inactive, ""},
		{"clock", fails("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."), verdict.Unknown, "clock"},
	})
	if a := ask(t, gcp, issuer(t, gcpHost, live), c); a.Principal != "ci@shop-1.iam.gserviceaccount.com" || a.Account != "shop-1" {
		t.Errorf("%+v", a.Identity)
	}
	quoted, err := json.Marshal(string(file))
	if err != nil {
		t.Fatal(err)
	}
	inString := &verify.Credential{Secret: string(quoted[1 : len(quoted)-1])}
	want(t, ask(t, gcp, issuer(t, gcpHost, live), inString), verdict.Active, "")
	if _, err := gcp.Targets(&verify.Credential{Secret: `{"type":"service_account"}`}); err == nil {
		t.Error("a file without a key has a target")
	}
}

func TestJWT(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	sign := func(kid string, claims map[string]any) string {
		header, _ := json.Marshal(map[string]string{"alg": "RS256", "kid": kid})
		body, _ := json.Marshal(claims)
		text := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(body)
		sum := sha256.Sum256([]byte(text))
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return text + "." + base64.RawURLEncoding.EncodeToString(signature)
	}
	const host = "id.acme.io"
	keys := fmt.Sprintf(`{"keys":[{"kty":"RSA","kid":"2026","n":%q,"e":%q}]}`,
		base64.RawURLEncoding.EncodeToString(key.N.Bytes()), base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()))
	published := func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/.well-known/openid-configuration":
			says(200, `{"jwks_uri":"https://`+host+`/keys"}`)(w, r)
		case "/keys":
			says(200, keys)(w, r)
		default:
			says(404, "")(w, r)
		}
	}
	claims := map[string]any{"iss": "https://" + host + "/", "sub": "ci", "exp": now.Add(time.Hour).Unix(), "scope": "read write"}
	expired := map[string]any{"iss": "https://" + host, "exp": now.Add(-time.Hour).Unix()}
	config := Config{Issuers: map[string]string{"https://" + host: ""}, Now: func() time.Time { return now }}
	jwt := check(t, "jwt", config)
	good := sign("2026", claims)
	forged := good[:len(good)-8] + "AAAAAAAA"
	samples(t, jwt, host, &verify.Credential{Secret: good}, []sample{
		{"signed", published, verdict.Active, "its issuer uses"},
		{"keys elsewhere", says(200, `{"jwks_uri":"https://evil.example/keys"}`), verdict.Unknown, "at another host"},
	})
	for _, c := range []struct {
		name, token string
		verdict     verdict.Verdict
		reason      string
	}{
		{"forged", forged, verdict.Inactive, "not its issuer's"},
		{"old key", sign("2020", claims), verdict.Inactive, "no longer uses"},
		{"expired", sign("2026", expired), verdict.Inactive, "expired"},
		{"other issuer", sign("2026", map[string]any{"iss": "https://other.example"}), verdict.NotCheckable, "not among"},
		{"no token", "a.b", verdict.NotCheckable, "not a signed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			want(t, ask(t, jwt, issuer(t, host, published), &verify.Credential{Secret: c.token}), c.verdict, c.reason)
		})
	}
	t.Run("address of the keys", func(t *testing.T) {
		config.Issuers["https://"+host] = "https://" + host + "/keys"
		a := ask(t, check(t, "jwt", config), issuer(t, host, published), &verify.Credential{Secret: good})
		want(t, a, verdict.Active, "its issuer uses")
		if a.Principal != "ci" || a.Account != "https://"+host+"/" || len(a.Scopes) != 2 || !a.Expires.Equal(now.Add(time.Hour)) {
			t.Errorf("%+v", a.Identity)
		}
	})
}

func TestRegistry(t *testing.T) {
	password := random(20, alnum)
	auth := base64.StdEncoding.EncodeToString([]byte("ci:" + password))
	c := &verify.Credential{Secret: auth, Match: `"auth": "` + auth + `"`, Around: `{"auths": {"registry.acme.io": {"auth": "` + auth + `"}}}`}
	const host = "registry.acme.io"
	serve := func(challenge string, token http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if _, _, ok := r.BasicAuth(); !ok {
				says(401, "", "WWW-Authenticate: "+challenge)(w, r)
				return
			}
			if user, p, _ := r.BasicAuth(); user != "ci" || p != password {
				t.Error("another password was sent")
			}
			token(w, r)
		}
	}
	bearer := `Bearer realm="https://` + host + `/token",service="registry"`
	registry := check(t, "docker-registry", Config{})
	samples(t, registry, host, c, []sample{
		{"live", serve(bearer, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/token" || r.URL.Query().Get("service") != "registry" || r.URL.Query().Get("account") != "ci" {
				t.Errorf("asked %s", r.URL.Path)
			}
			says(200, `{"token":"x"}`)(w, r)
		}), verdict.Active, ""},
		{"dead", serve(bearer, says(401, `{}`)), verdict.Inactive, ""},
		{"firewall before the tokens", serve(bearer, says(401, "<html>")), verdict.Unknown, "none that the issuer documents"},
		{"basic", serve(`Basic realm="x"`, says(200, `{}`)), verdict.Active, ""},
		{"basic, dead", serve(`Basic realm="x"`, says(401, "", `WWW-Authenticate: Basic realm="x"`)), verdict.Inactive, ""},
		{"token elsewhere", serve(`Bearer realm="https://evil.example/token"`, says(200, `{"token":"x"}`)), verdict.Unknown, "another host"},
		{"token without TLS", serve(`Bearer realm="http://`+host+`/token"`, says(200, `{"token":"x"}`)), verdict.Unknown, "another host"},
		{"open to all", says(200, `{}`), verdict.Unknown, "does not ask"},
	})
	targets, err := registry.Targets(&verify.Credential{Secret: auth, Around: strings.Replace(c.Around, host, "https://index.docker.io/v1/", 1)})
	if err != nil || len(targets) != 2 || targets[0].Host != "registry-1.docker.io:443" || targets[1].Host != "auth.docker.io:443" || !targets[0].Named {
		t.Errorf("Docker Hub: %v, %v", targets, err)
	}
	acr := &verify.Credential{Secret: random(52, alnum), Around: "docker login acmeshop.azurecr.io -u acmeshop -p x"}
	if targets, err := registry.Targets(acr); err != nil || targets[0] != (verify.Target{Host: "acmeshop.azurecr.io:443", Named: true}) {
		t.Errorf("Azure: %v, %v", targets, err)
	}
	if targets, err := registry.Targets(c); err != nil || targets[0].Named {
		t.Errorf("a registry named by the text: %v, %v", targets, err)
	}
}

func TestKubernetes(t *testing.T) {
	token := random(60, alnum)
	const host = "k8s.acme.io"
	status := func(code int) http.HandlerFunc { return says(code, fmt.Sprintf(`{"kind":"Status","code":%d}`, code)) }
	reviews := func(self, access http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer "+token || r.Method != "POST" {
				t.Error("the request is not as it should be")
			}
			if strings.HasSuffix(r.URL.Path, "/selfsubjectreviews") {
				self(w, r)
			} else {
				access(w, r)
			}
		}
	}
	me := says(201, `{"kind":"SelfSubjectReview","status":{"userInfo":{"username":"system:serviceaccount:default:ci","groups":["system:authenticated"]}}}`)
	allowed := func(yes bool) http.HandlerFunc {
		return says(201, fmt.Sprintf(`{"kind":"SelfSubjectAccessReview","status":{"allowed":%t}}`, yes))
	}
	kube := check(t, "kubernetes", Config{})
	c := &verify.Credential{Secret: token, Around: "clusters:\n- cluster:\n    server: https://" + host + "\nusers:\n- user:\n    token: " + token}
	samples(t, kube, host, c, []sample{
		{"live", reviews(me, allowed(false)), verdict.Active, ""},
		{"dead", reviews(status(401), status(401)), verdict.Inactive, ""},
		{"anonymous", reviews(says(201, `{"kind":"SelfSubjectReview","status":{"userInfo":{"username":"system:anonymous"}}}`), allowed(false)), verdict.Inactive, "does not know"},
		{"old server", reviews(status(404), allowed(false)), verdict.Active, ""},
		{"old server, nothing allowed", reviews(status(403), status(403)), verdict.Unknown, "ask nothing"},
	})
	a := ask(t, kube, issuer(t, host, reviews(me, allowed(true))), c)
	if a.Principal != "system:serviceaccount:default:ci" || a.Privilege != "admin" || a.Scopes[0] != "system:authenticated" {
		t.Errorf("%+v", a.Identity)
	}
	targets, err := kube.Targets(c)
	if err != nil || targets[0] != (verify.Target{Host: host + ":443"}) {
		t.Errorf("%v, %v", targets, err)
	}
	configured := check(t, "kubernetes", Config{Kubernetes: []string{"https://" + host}})
	want(t, ask(t, configured, issuer(t, host, reviews(status(401), nil)), &verify.Credential{Secret: token}), verdict.Unknown, "no configured API server")
	want(t, ask(t, kube, issuer(t, host, me), &verify.Credential{Secret: token}), verdict.NotCheckable, "no API server")
}

// TestKubernetesCertificate has nginx in the place of an API server: it asks for a certificate of an authority that only the
// kubeconfig knows, as API servers do.
func TestKubernetesCertificate(t *testing.T) {
	authority := servers.NewAuthority(t)
	hour := time.Now().Add(time.Hour)
	server, client, stranger := authority.Issue("api", "Acme", hour), authority.Issue("admin", "system:masters", hour), servers.NewAuthority(t).Issue("admin", "system:masters", hour)
	past := authority.Issue("admin", "system:masters", time.Now().Add(-time.Hour))
	ca := servers.NewHome(t).File("ca", authority.PEM())
	addr, _ := servers.Nginx(t, server, "ssl_client_certificate "+ca+";", "ssl_verify_client optional_no_ca;",
		`location /apis/authentication.k8s.io/ {`,
		`if ($ssl_client_verify != SUCCESS) { return 401 '{"kind":"Status","code":401}'; }`,
		`return 201 '{"kind":"SelfSubjectReview","status":{"userInfo":{"username":"admin","groups":["system:masters"]}}}'; }`,
		`location / { return 201 '{"kind":"SelfSubjectAccessReview","status":{"allowed":true}}'; }`)
	kube := check(t, "kubernetes", Config{})
	enc := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	credential := func(p servers.Pair) *verify.Credential {
		return &verify.Credential{Secret: enc(p.Key), Around: "certificate-authority-data: " + enc(authority.PEM()) + "\nserver: https://" + addr +
			"\nclient-certificate-data: " + enc(p.Cert) + "\nclient-key-data: " + enc(p.Key)}
	}
	n := here(t, nil)
	a := ask(t, kube, n, credential(client))
	want(t, a, verdict.Active, "")
	if a.Principal != "admin" || a.Privilege != "admin" {
		t.Errorf("%+v", a.Identity)
	}
	want(t, ask(t, kube, n, credential(stranger)), verdict.Inactive, "")
	want(t, ask(t, kube, n, credential(past)), verdict.Inactive, "expired")
	want(t, ask(t, kube, n, credential(servers.Pair{Cert: stranger.Cert, Key: client.Key})), verdict.NotCheckable, "do not belong together")
	untrusted := credential(client)
	untrusted.Around = strings.Replace(untrusted.Around, enc(authority.PEM()), enc(stranger.Cert), 1)
	want(t, ask(t, kube, n, untrusted), verdict.Unknown, "not trusted")
}
