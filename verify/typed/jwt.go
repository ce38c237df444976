package typed

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha256" // the hashes that algorithms name
	_ "crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/verdict"
)

// jsonWebToken checks the signature of a token with the keys that its issuer publishes, if the user configured that issuer. The
// token itself is sent to nobody; that it has been revoked only those know who take it.
type jsonWebToken struct{ Config }

var (
	errNoJWT    = errors.New("it is not a signed JSON Web Token")
	errNoIssuer = errors.New("its issuer is not among those that are configured")
)

// token is a JSON Web Token in JWS form (RFC 7519, RFC 7515).
type token struct {
	alg, kid  string
	payload   []byte
	signed    string // what the signature is over
	signature []byte
}

// standardClaims are those that every token may have.
type standardClaims struct {
	Issuer   string          `json:"iss"`
	Subject  string          `json:"sub"`
	Audience json.RawMessage `json:"aud"`
	Scope    json.RawMessage `json:"scope"`
	Issued   json.Number     `json:"iat"`
	Expires  json.Number     `json:"exp"`
}

func parseJWT(s string) (*token, error) {
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return nil, errNoJWT
	}
	var decoded [3][]byte
	for i, p := range parts {
		b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(p, "="))
		if err != nil {
			return nil, errNoJWT
		}
		decoded[i] = b
	}
	var header struct{ Alg, Kid string }
	if json.Unmarshal(decoded[0], &header) != nil || !json.Valid(decoded[1]) {
		return nil, errNoJWT
	}
	return &token{header.Alg, header.Kid, decoded[1], parts[0] + "." + parts[1], decoded[2]}, nil
}

// claims reads the payload, and reports whether it fits v.
func (t *token) claims(v any) bool { return json.Unmarshal(t.payload, v) == nil }

func (c *standardClaims) expiry() time.Time { return claimTime(c.Expires) }

func claimTime(n json.Number) time.Time {
	f, err := n.Float64()
	if err != nil || f <= 0 || f > 1e11 {
		return time.Time{}
	}
	return time.Unix(int64(f), 0).UTC()
}

func (c *standardClaims) identity() verdict.Identity {
	id := verdict.Identity{Principal: c.Subject, Account: c.Issuer, Created: claimTime(c.Issued), Expires: c.expiry()}
	var scope string
	var scopes []string
	if json.Unmarshal(c.Scope, &scope) == nil {
		scopes = strings.Fields(scope)
	} else if json.Unmarshal(c.Scope, &scopes) != nil {
		scopes = nil
	}
	id.Scopes = capped(scopes)
	return id
}

// read returns the token, what it claims, and whether its time is over.
func (j jsonWebToken) read(c *verify.Credential) (*token, *standardClaims, bool, error) {
	t, err := parseJWT(c.Secret)
	if err != nil {
		return nil, nil, false, err
	}
	var claims standardClaims
	if !t.claims(&claims) {
		return nil, nil, false, errNoJWT
	}
	e := claims.expiry()
	return t, &claims, !e.IsZero() && j.Now().After(e), nil
}

// issuer returns the address that the user configured for the keys of the token's issuer, and whether these are the keys
// themselves, or a document that names them (OpenID Connect Discovery 1.0, section 4).
func (j jsonWebToken) issuer(claims *standardClaims) (address string, direct bool, err error) {
	for name, keys := range j.Issuers {
		if strings.TrimSuffix(name, "/") != strings.TrimSuffix(claims.Issuer, "/") {
			continue
		}
		if direct = keys != ""; !direct {
			keys = strings.TrimSuffix(name, "/") + "/.well-known/openid-configuration"
		}
		u, err := url.Parse(keys)
		if err != nil || u.Scheme != "https" || u.Host == "" {
			return "", false, errNoHost
		}
		return keys, direct, nil
	}
	return "", false, errNoIssuer
}

// hostOf returns host:port of an address over HTTPS.
func hostOf(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" {
		return "", errNoHost
	}
	return hostPort(u.Host, "443")
}

// Targets implements [verify.Check]. A token whose time is over needs nobody to be asked.
func (j jsonWebToken) Targets(c *verify.Credential) ([]verify.Target, error) {
	_, claims, over, err := j.read(c)
	if err != nil || over {
		return nil, err
	}
	address, _, err := j.issuer(claims)
	if err != nil {
		return nil, err
	}
	host, err := hostOf(address)
	if err != nil {
		return nil, err
	}
	return []verify.Target{{Host: host, Named: true}}, nil
}

// Ask implements [verify.Check].
func (j jsonWebToken) Ask(ctx context.Context, n *guard.Network, c *verify.Credential) verify.Answer {
	t, claims, over, err := j.read(c)
	switch {
	case err != nil:
		return notCheckable(err)
	case over:
		out := answer(verdict.Inactive, "it has expired")
		out.Identity = claims.identity()
		return out
	}
	address, direct, err := j.issuer(claims)
	if err != nil {
		return notCheckable(err)
	}
	keys, out, ok := keySet(ctx, n, address, direct)
	if !ok {
		return out
	}
	out = t.verified(keys)
	if out.Verdict == verdict.Active {
		out.Identity = claims.identity()
	}
	return out
}

// keySet fetches the keys of an issuer (RFC 7517).
func keySet(ctx context.Context, d doer, address string, direct bool) ([]jwk, verify.Answer, bool) {
	if !direct {
		var discovery struct {
			JWKS string `json:"jwks_uri"`
		}
		if out, ok := fetchJSON(ctx, d, address, &discovery); !ok {
			return nil, out, false
		}
		asked, _ := hostOf(address)
		if host, err := hostOf(discovery.JWKS); err != nil || host != asked {
			return nil, verify.Undecided("the issuer has its keys at another host; configure their address"), false
		}
		address = discovery.JWKS
	}
	var set struct{ Keys []jwk }
	out, ok := fetchJSON(ctx, d, address, &set)
	return set.Keys, out, ok
}

func fetchJSON(ctx context.Context, d doer, address string, v any) (verify.Answer, bool) {
	r, err := get(ctx, address)
	if err != nil {
		return notCheckable(err), false
	}
	resp, out, ok := send(d, r)
	if !ok {
		return out, false
	}
	if resp.status != 200 || !resp.json(v) {
		return resp.unexpected(), false
	}
	return verify.Answer{}, true
}

// verified tells what the keys say about the signature.
func (t *token) verified(keys []jwk) verify.Answer {
	known := false
	for _, k := range keys {
		if t.kid != "" && k.Kid != "" && k.Kid != t.kid {
			continue
		}
		public, err := k.public()
		if err != nil {
			continue
		}
		known = true
		if t.signedBy(public) {
			return answer(verdict.Active, "it is signed with a key that its issuer uses")
		}
	}
	switch {
	case strings.HasPrefix(t.alg, "HS"):
		return verify.Undecided("it is signed with a secret that only its issuer knows")
	case len(keys) == 0:
		return verify.Undecided("the issuer publishes no keys")
	case !known:
		return answer(verdict.Inactive, "its issuer no longer uses the key it is signed with")
	}
	return answer(verdict.Inactive, "its signature is not its issuer's")
}

// signedBy reports whether the signature is by the key (RFC 7518, section 3; RFC 8037).
func (t *token) signedBy(key crypto.PublicKey) bool {
	if t.alg == "EdDSA" {
		k, ok := key.(ed25519.PublicKey)
		return ok && ed25519.Verify(k, []byte(t.signed), t.signature)
	}
	hash, ok := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[t.alg[min(2, len(t.alg)):]]
	if !ok {
		return false
	}
	h := hash.New()
	h.Write([]byte(t.signed))
	sum := h.Sum(nil)
	switch k := key.(type) {
	case *rsa.PublicKey:
		switch t.alg[:2] {
		case "RS":
			return rsa.VerifyPKCS1v15(k, hash, sum, t.signature) == nil
		case "PS":
			return rsa.VerifyPSS(k, hash, sum, t.signature, nil) == nil
		}
	case *ecdsa.PublicKey:
		size := (k.Curve.Params().BitSize + 7) / 8
		if t.alg[:2] == "ES" && len(t.signature) == 2*size {
			r, s := new(big.Int).SetBytes(t.signature[:size]), new(big.Int).SetBytes(t.signature[size:])
			return ecdsa.Verify(k, sum, r, s)
		}
	}
	return false
}

// jwk is a public JSON Web Key (RFC 7517).
type jwk struct{ Kty, Kid, Crv, N, E, X, Y string }

var errNoJWK = errors.New("a key of the issuer cannot be read")

func (k *jwk) public() (crypto.PublicKey, error) {
	switch k.Kty {
	case "RSA":
		n, e := b64(k.N), b64(k.E)
		if len(n) < 128 || len(n) > 2048 || len(e) == 0 || len(e) > 4 {
			return nil, errNoJWK
		}
		key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
		if key.E < 3 || key.E&1 == 0 || key.N.Bit(0) == 0 {
			return nil, errNoJWK
		}
		return key, nil
	case "EC":
		return k.curve()
	case "OKP":
		if x := b64(k.X); k.Crv == "Ed25519" && len(x) == ed25519.PublicKeySize {
			return ed25519.PublicKey(x), nil
		}
	}
	return nil, errNoJWK
}

func (k *jwk) curve() (crypto.PublicKey, error) {
	curves := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}
	c, ok := curves[k.Crv]
	x, y := b64(k.X), b64(k.Y)
	if !ok {
		return nil, errNoJWK
	}
	size := (c.Params().BitSize + 7) / 8
	if len(x) > size || len(y) > size {
		return nil, errNoJWK
	}
	point := slices.Concat([]byte{4}, bytes.Repeat([]byte{0}, size-len(x)), x, bytes.Repeat([]byte{0}, size-len(y)), y)
	key, err := ecdsa.ParseUncompressedPublicKey(c, point) // checks that it lies on the curve
	if err != nil {
		return nil, errNoJWK
	}
	return key, nil
}

func b64(s string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(s, "="))
	if err != nil {
		return nil
	}
	return b
}
