package typed

import (
	"context"
	"crypto/md5" //nolint:gosec // the digest that the server demands
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/verdict"
)

// atlasKey asks MongoDB Atlas with an API key which organizations it sees. Such keys sign in by HTTP Digest (RFC 7616), which
// does not send the private key (https://www.mongodb.com/docs/atlas/api/api-authentication/).
type atlasKey struct{}

const (
	atlasHost = "cloud.mongodb.com"
	atlasPath = "/api/atlas/v2/orgs"
)

var errNoPublicKey = errors.New("no public key was found near it")

// Targets implements [verify.Check].
func (atlasKey) Targets(c *verify.Credential) ([]verify.Target, error) {
	if c.Parts["public_key"] == "" {
		return nil, errNoPublicKey
	}
	return named(atlasHost), nil
}

// Ask implements [verify.Check]. The first request fetches what the second has to be signed with.
func (a atlasKey) Ask(ctx context.Context, n *guard.Network, c *verify.Credential) verify.Answer {
	if _, err := a.Targets(c); err != nil {
		return notCheckable(err)
	}
	greeting, out, ok := a.send(ctx, n, "")
	if !ok {
		return out
	}
	d, ok := parseDigest(greeting.header.Values("WWW-Authenticate"))
	if greeting.status != http.StatusUnauthorized || !ok {
		return greeting.unexpected()
	}
	resp, out, ok := a.send(ctx, n, d.authorization(c.Parts["public_key"], c.Secret, http.MethodGet, atlasPath, rand.Text()))
	if !ok {
		return out
	}
	return a.judge(resp, c)
}

func (atlasKey) send(ctx context.Context, n *guard.Network, authorization string) (*reply, verify.Answer, bool) {
	r, err := get(ctx, "https://"+atlasHost+atlasPath)
	if err != nil {
		return nil, notCheckable(err), false
	}
	r.Header.Set("Accept", "application/vnd.atlas.2023-01-01+json")
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	return send(n, r)
}

func (atlasKey) judge(resp *reply, c *verify.Credential) verify.Answer {
	var body struct {
		Results []struct {
			Name string `json:"name"`
			ID   string `json:"id"`
		} `json:"results"`
		Error int    `json:"error"`
		Code  string `json:"errorCode"`
	}
	if !resp.json(&body) {
		return resp.unexpected()
	}
	switch {
	case resp.status == http.StatusOK && body.Results != nil:
		out := answer(verdict.Active, "")
		out.Principal = c.Parts["public_key"]
		if len(body.Results) > 0 {
			out.Account = body.Results[0].Name
		}
		return out
	case resp.status == http.StatusUnauthorized && body.Error == http.StatusUnauthorized && body.Code == "":
		if d, ok := parseDigest(resp.header.Values("WWW-Authenticate")); ok && d.stale {
			return temporary("the server's challenge ran out")
		}
		return answer(verdict.Inactive, "")
	case resp.status == http.StatusForbidden && (body.Code == "IP_ADDRESS_NOT_ON_ACCESS_LIST" || body.Code == "ORG_REQUIRES_ACCESS_LIST"):
		return answer(verdict.Forbidden, "not from this address")
	}
	return resp.unexpected()
}

// digest is a challenge of HTTP Digest authentication.
type digest struct {
	realm, nonce, opaque string
	algorithm            string // as the server wrote it; empty: MD5
	auth                 bool   // it offers the quality of protection "auth"
	stale                bool
}

// maxChallenge bounds a challenge in bytes.
const maxChallenge = 4096

// parseDigest finds a challenge that can be answered among the headers of a response.
func parseDigest(headers []string) (digest, bool) {
	for _, h := range headers {
		scheme, rest, _ := strings.Cut(strings.TrimSpace(h), " ")
		if !strings.EqualFold(scheme, "Digest") || len(h) > maxChallenge {
			continue
		}
		d, offered := digest{}, false
		for rest != "" {
			var name, value string
			name, value, rest = challengeParameter(rest)
			switch name {
			case "realm":
				d.realm = value
			case "nonce":
				d.nonce = value
			case "opaque":
				d.opaque = value
			case "algorithm":
				d.algorithm = value
			case "stale":
				d.stale = strings.EqualFold(value, "true")
			case "qop":
				offered = true
				for one := range strings.SplitSeq(value, ",") {
					d.auth = d.auth || strings.TrimSpace(one) == "auth"
				}
			}
		}
		known := d.algorithm == "" || strings.EqualFold(d.algorithm, "MD5") || strings.EqualFold(d.algorithm, "SHA-256")
		if d.nonce != "" && known && d.auth == offered {
			return d, true
		}
	}
	return digest{}, false
}

// challengeParameter reads name=value or name="value" and the comma after it. Whatever it is given, rest gets shorter.
func challengeParameter(s string) (name, value, rest string) {
	name, rest, _ = strings.Cut(s, "=")
	name = strings.ToLower(strings.Trim(name, " \t,"))
	rest = strings.TrimLeft(rest, " \t")
	if !strings.HasPrefix(rest, `"`) {
		value, rest, _ = strings.Cut(rest, ",")
		return name, strings.TrimSpace(value), rest
	}
	var b strings.Builder
	i := 1
	for ; i < len(rest) && rest[i] != '"'; i++ {
		if rest[i] == '\\' && i+1 < len(rest) {
			i++
		}
		b.WriteByte(rest[i])
	}
	return name, b.String(), rest[min(i+1, len(rest)):]
}

// authorization answers the challenge. Only digests of the password are in it.
func (d digest) authorization(user, password, method, uri, cnonce string) string {
	sum := func(s string) string {
		if strings.EqualFold(d.algorithm, "SHA-256") {
			h := sha256.Sum256([]byte(s))
			return hex.EncodeToString(h[:])
		}
		h := md5.Sum([]byte(s)) //nolint:gosec // see above
		return hex.EncodeToString(h[:])
	}
	const count = "00000001"
	signed := d.nonce
	if d.auth {
		signed += ":" + count + ":" + cnonce + ":auth"
	}
	response := sum(sum(user+":"+d.realm+":"+password) + ":" + signed + ":" + sum(method+":"+uri))
	out := fmt.Sprintf(`Digest username=%s, realm=%s, nonce=%s, uri=%s, response="%s"`, quoted(user), quoted(d.realm), quoted(d.nonce), quoted(uri), response)
	if d.auth {
		out += fmt.Sprintf(`, qop=auth, nc=%s, cnonce=%s`, count, quoted(cnonce))
	}
	if d.algorithm != "" {
		out += ", algorithm=" + d.algorithm
	}
	if d.opaque != "" {
		out += ", opaque=" + quoted(d.opaque)
	}
	return out
}

// quoted is a quoted string of HTTP (RFC 9110, section 5.6.4).
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
