package typed

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/straykey/straykey/verify"
)

// FuzzAccount: an address that was found has a host that can be dialled, its own secret as the password, and its error does
// not quote it.
func FuzzAccount(f *testing.F) {
	for _, s := range []string{
		"postgres://shop:secret12@db.acme.io:5433/shop?sslmode=require", "mongodb://svc:secret12@a:27018,b/app?authSource=admin",
		"redis://:secret12@[::1]:6380/0", `dsn := "svc:secret12@tcp(db.acme.io)/shop"`, "jdbc:mysql://db/x?user=u&password=secret12",
		"db.acme.io:5432:shop:svc:secret12", "x.redis.cache.windows.net,password=secret12",
	} {
		f.Add(s, "secret12", s)
	}
	f.Fuzz(func(t *testing.T, match, secret, around string) {
		c := &verify.Credential{Secret: secret, Match: match, Around: around}
		for _, find := range []finder{postgresFinder, mysqlFinder, mongoFinder, redisFinder, amqpFinder, smtpFinder, ldapFinder} {
			a, err := find.account(c)
			if err != nil {
				if err.Error() != errNoAddress.Error() && err.Error() != errNoHost.Error() {
					t.Fatalf("another error: %v", err)
				}
				continue
			}
			if a.password != secret && a.password != unescape(secret) {
				t.Errorf("the password is %q, want %q", a.password, secret)
			}
			for _, h := range a.hosts {
				host, port, err := net.SplitHostPort(h)
				if err != nil || host == "" || !isPort(port) || host != strings.ToLower(host) {
					t.Errorf("host %q: %v", h, err)
				}
			}
		}
	})
}

// FuzzKubeconfig: what was found in a kubeconfig is a host that can be dialled.
func FuzzKubeconfig(f *testing.F) {
	f.Add("token", "server: https://k8s.acme.io:6443\ncertificate-authority-data: "+strings.Repeat("QUJD", 20))
	f.Add("LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0t", "server: https://[::1]\nclient-certificate-data: "+strings.Repeat("QUJD", 20))
	f.Fuzz(func(t *testing.T, secret, around string) {
		targets, err := kubernetes{}.Targets(&verify.Credential{Secret: secret, Around: around})
		if err == nil && len(targets) == 0 {
			t.Error("neither a target nor an error")
		}
		for _, target := range targets {
			if _, _, err := net.SplitHostPort(target.Host); err != nil || target.Named {
				t.Errorf("%+v: %v", target, err)
			}
		}
	})
}

// FuzzSAS: only a host of Azure's is ever asked, by a method that changes nothing.
func FuzzSAS(f *testing.F) {
	f.Add("sv=2022-11-02&sr=c&sp=rl&sig=abc", "https://shop.blob.core.windows.net/c?sv=2022-11-02&sr=c&sp=rl&sig=abc")
	f.Add("sv=2022-11-02&ss=b&srt=sco&sp=rwl&se=2030-01-01&sig=abc", "AccountName=shop")
	f.Fuzz(func(t *testing.T, secret, around string) {
		s, err := sasOf(&verify.Credential{Secret: secret, Around: around})
		if err != nil {
			return
		}
		s.expires()
		s.identity()
		method, address, ok := s.request()
		if !ok {
			return
		}
		r, err := get(t.Context(), address)
		if err != nil {
			return
		}
		if host := r.URL.Hostname(); host != s.host || !strings.Contains(host, ".core.") || method != "GET" && method != "HEAD" {
			t.Errorf("%s %q", method, host)
		}
	})
}

// FuzzJWT: what is parsed is what stands there, and no key signs it but one that did.
func FuzzJWT(f *testing.F) {
	enc := base64.RawURLEncoding.EncodeToString
	f.Add(enc([]byte(`{"alg":"RS256","kid":"1"}`))+"."+enc([]byte(`{"iss":"https://id.acme.io","exp":1}`))+"."+enc([]byte("x")),
		`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"},{"kty":"EC","crv":"P-256","x":"AA","y":"AA"},{"kty":"OKP","crv":"Ed25519","x":"AA"}]}`)
	f.Fuzz(func(t *testing.T, text, keys string) {
		var set struct{ Keys []jwk }
		if json.Unmarshal([]byte(keys), &set) != nil {
			set.Keys = nil
		}
		for i := range set.Keys {
			if k, err := set.Keys[i].public(); (k == nil) == (err == nil) {
				t.Errorf("key %v, error %v", k, err)
			}
		}
		tok, err := parseJWT(text)
		if err != nil {
			return
		}
		if !strings.HasPrefix(text, tok.signed+".") {
			t.Errorf("the signature is over %q", tok.signed)
		}
		var claims standardClaims
		if tok.claims(&claims) {
			claims.identity()
		}
		if a := tok.verified(set.Keys); a.Verdict == "active" && tok.alg != "EdDSA" && len(tok.signature) < 64 {
			t.Errorf("%s is signed by %d bytes", tok.alg, len(tok.signature))
		}
	})
}

// FuzzKeys: a block of PEM and a key file are read or refused, wherever they stand.
func FuzzKeys(f *testing.F) {
	f.Add("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI\n-----END PRIVATE KEY-----\n")
	f.Add(`{"type":"service_account","client_email":"a@b.iam.gserviceaccount.com","private_key":"-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\n"}`)
	f.Fuzz(func(t *testing.T, text string) {
		if b := pemBlock(text, "PRIVATE KEY"); b != nil && !strings.HasSuffix(b.Type, "PRIVATE KEY") {
			t.Errorf("a block of type %q", b.Type)
		}
		if k, err := parseGCPKey(text); err == nil && (k.key == nil || !gcpEmail().MatchString(k.Email)) {
			t.Errorf("a key file without a key or an account: %q", k.Email)
		}
		c := &verify.Credential{Secret: text, Around: text}
		if _, err := registryOf(c); err != nil && len(text) > 80 && strings.Contains(err.Error(), text) {
			t.Error("the error holds the secret")
		}
	})
}

// FuzzAnswers: what servers answer is read to an end, whatever it is.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte("*2\r\n$3\r\nabc\r\n:1\r\n"), "r=abc,s=AAAA,i=4096")
	f.Add([]byte("\x01\x00\x00\x00\x00\x00\x08\x00\x0a\x00\x0a\x00\x09\x00\x00\xce"), "v=AAAA")
	f.Add(mongoMessage([]byte("\x0d\x00\x00\x00\x10ok\x00\x01\x00\x00\x00\x00")), "")
	f.Fuzz(func(t *testing.T, answer []byte, scramText string) {
		c := &resp{io.Discard, bufio.NewReader(bytes.NewReader(answer))}
		if _, err := c.read(0); err != nil && len(answer) > 40 && strings.Contains(err.Error(), string(answer)) {
			t.Error("the error holds the answer")
		}
		if arguments, err := readAMQP(bytes.NewReader(answer), amqpStart); err == nil {
			amqpMechanisms(arguments)
		}
		if doc, err := readMongo(bytes.NewReader(answer)); err == nil {
			mongoMechanism(doc)
		}
		s := &scram{nonce: "abc", hash: sha256.New}
		if len(scramText) < 200 && !strings.Contains(scramText, "i=") { // many iterations take long, and tell nothing
			if _, err := s.final(scramText); err == nil {
				t.Errorf("%q is answered", scramText)
			}
		}
		s.signature = []byte("sixteen bytes and so on")
		if s.proves(scramText) && !strings.HasPrefix(scramText, "v=") {
			t.Errorf("%q is taken for a proof", scramText)
		}
	})
}
