package typed

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/verdict"
)

// gcpServiceAccount asks for a token with an assertion that the key signs
// (https://developers.google.com/identity/protocols/oauth2/service-account#httprest). The key itself is not sent, and the
// token_uri of the file is not asked: it may lead anywhere.
type gcpServiceAccount struct{ now func() time.Time }

const gcpHost = "oauth2.googleapis.com"

// gcpKey is a key file, as far as it is needed.
type gcpKey struct {
	Email   string `json:"client_email"`
	KeyID   string `json:"private_key_id"`
	Project string `json:"project_id"`
	Private string `json:"private_key"`
	key     *rsa.PrivateKey
}

var (
	gcpEmail   = lazy(`^[A-Za-z0-9._-]{1,100}@[a-z0-9.-]{1,100}\.gserviceaccount\.com$`)
	errGCPFile = errors.New("the key file cannot be read")
)

// parseGCPKey reads a key file, which may stand in a string of another file.
func parseGCPKey(text string) (*gcpKey, error) {
	for range 3 { // a string in a string in a string is the most that is met
		var k gcpKey
		if json.Unmarshal([]byte(text), &k) == nil && k.Private != "" {
			return k.parsed()
		}
		var inner string
		if json.Unmarshal([]byte(`"`+text+`"`), &inner) != nil {
			break
		}
		text = inner
	}
	return nil, errGCPFile
}

func (k gcpKey) parsed() (*gcpKey, error) {
	block, _ := pem.Decode([]byte(k.Private))
	if block == nil || !gcpEmail().MatchString(k.Email) {
		return nil, errGCPFile
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok {
		return nil, errGCPFile
	}
	k.key = key
	return &k, nil
}

// Targets implements [verify.Check].
func (gcpServiceAccount) Targets(c *verify.Credential) ([]verify.Target, error) {
	if _, err := parseGCPKey(c.Secret); err != nil {
		return nil, err
	}
	return named(gcpHost), nil
}

// Ask implements [verify.Check].
func (g gcpServiceAccount) Ask(ctx context.Context, n *guard.Network, c *verify.Credential) verify.Answer {
	k, err := parseGCPKey(c.Secret)
	if err != nil {
		return notCheckable(err)
	}
	assertion, err := k.assertion(g.now())
	if err != nil {
		return notCheckable(errGCPFile)
	}
	r, err := postForm(ctx, "https://"+gcpHost+"/token", url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion},
	})
	if err != nil {
		return notCheckable(err)
	}
	resp, out, ok := send(n, r)
	if !ok {
		return out
	}
	var body struct {
		Token       string `json:"access_token"`
		ID          string `json:"id_token"`
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if !resp.json(&body) {
		return resp.unexpected()
	}
	if resp.status == 200 && (body.Token != "" || body.ID != "") {
		out = answer(verdict.Active, "")
		out.Principal, out.Account = k.Email, k.Project
		return out
	}
	return gcpRefused(resp, body.Error, body.Description)
}

// gcpRefused tells what a refusal means (https://developers.google.com/identity/protocols/oauth2/service-account#error-codes).
func gcpRefused(r *reply, code, description string) verify.Answer {
	d := strings.ToLower(description)
	switch {
	case code == "invalid_grant" && strings.Contains(d, "reasonable timeframe"), code == "invalid_grant" && strings.Contains(d, "iat and exp"):
		return verify.Undecided("the clock of this machine is wrong")
	case code == "invalid_grant" && strings.Contains(d, "disabled"):
		return answer(verdict.Forbidden, "the service account is disabled")
	case code == "invalid_grant" && (strings.Contains(d, "signature") || strings.Contains(d, "not found") || strings.Contains(d, "no valid verifier")):
		return answer(verdict.Inactive, "")
	case code == "unauthorized_client", code == "access_denied", code == "admin_policy_enforced":
		return answer(verdict.Forbidden, "the service account may not ask for a token")
	}
	return r.unexpected()
}

// assertion is a JSON Web Token that asks for the right to see the account's own e-mail address, and no more.
func (k *gcpKey) assertion(now time.Time) (string, error) {
	header, err := json.Marshal(map[string]string{"alg": "RS256", "typ": "JWT", "kid": k.KeyID})
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{
		"iss": k.Email, "scope": "https://www.googleapis.com/auth/userinfo.email", "aud": "https://" + gcpHost + "/token",
		"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
	})
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, k.key, crypto.SHA256, sum[:])
	if err != nil {
		return "", err
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}
