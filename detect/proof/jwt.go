package proof

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// claims is a decoded JSON object whose values have whatever type the issuer chose.
type claims map[string]any

// parseClaims decodes one JSON object; nil if data is none.
func parseClaims(data []byte) claims {
	var c claims
	if json.Unmarshal(data, &c) != nil {
		return nil
	}
	return c
}

// text returns the first of the named claims that is a string, number or a list of strings.
func (c claims) text(names ...string) string {
	for _, name := range names {
		switch v := c[name].(type) {
		case string:
			if v != "" {
				return v
			}
		case float64:
			return strconv.FormatFloat(v, 'f', -1, 64)
		case []any:
			if s := joinStrings(v); s != "" {
				return s
			}
		}
	}
	return ""
}

// object returns a claim that is an object, or nil.
func (c claims) object(name string) claims {
	m, _ := c[name].(map[string]any)
	return m
}

// time returns a claim that is a NumericDate (RFC 7519 section 2) or a number in a string.
func (c claims) time(name string) time.Time {
	switch v := c[name].(type) {
	case float64:
		return unixTime(v)
	case string:
		if n, err := strconv.ParseFloat(v, 64); err == nil {
			return unixTime(n)
		}
	}
	return time.Time{}
}

func joinStrings(list []any) string {
	var words []string
	for _, v := range list {
		if s, ok := v.(string); ok && len(words) < 50 {
			words = append(words, s)
		}
	}
	return strings.Join(words, " ")
}

// decode64 decodes any of the four common forms of base64.
func decode64(s string) ([]byte, error) {
	s = strings.TrimRight(s, "=")
	if strings.ContainsAny(s, "-_") {
		return base64.RawURLEncoding.DecodeString(s)
	}
	return base64.RawStdEncoding.DecodeString(s)
}

// parseJWT splits a compact JWS (RFC 7515 section 7.1) into header and claims.
func parseJWT(token string) (header, body claims, signature string, ok bool) {
	first, rest, ok1 := strings.Cut(token, ".")
	second, signature, ok2 := strings.Cut(rest, ".")
	if !ok1 || !ok2 {
		return nil, nil, "", false
	}
	head, err1 := decode64(first)
	payload, err2 := decode64(second)
	if err1 != nil || err2 != nil {
		return nil, nil, "", false
	}
	header, body = parseClaims(head), parseClaims(payload)
	return header, body, signature, header != nil && body != nil
}

// proveJWT reads a JSON Web Token (RFC 7519). Signatures are not checked: that
// takes the issuer's key.
func proveJWT(in input) Result {
	if strings.Count(in.secret, ".") == 4 {
		return proveJWE(in)
	}
	header, body, signature, ok := parseJWT(in.secret)
	if !ok {
		return invalid("header or claims are no JSON")
	}
	if _, ok := header["alg"]; !ok {
		return invalid("header names no algorithm")
	}
	if _, err := decode64(signature); err != nil {
		return invalid("signature is no base64")
	}
	if body.text("iss") == "supabase" && body.text("role") == "anon" {
		return invalid("the anonymous key of a Supabase project, which its pages show to everybody")
	}
	return in.until(body.time("exp"), valid(jwtDetail(header, signature), jwtFacts(header, body)...))
}

func jwtDetail(header claims, signature string) string {
	switch {
	case strings.EqualFold(header.text("alg"), "none"):
		return "well formed; unsecured: anyone can make it"
	case signature == "":
		return "well formed; the signature was cut off"
	default:
		return "well formed; the signature was not checked"
	}
}

func jwtFacts(header, body claims) []Fact {
	var f facts
	f.add("tenant", body.text("tid"))
	f.add("project", body.text("ref"))
	f.add("app", body.text("azp", "client_id", "appid", "cid"))
	f.add("email", body.text("email", "upn", "preferred_username"))
	f.add("name", body.text("name"))
	f.add("subject", body.text("sub"))
	f.add("issuer", body.text("iss"))
	f.add("audience", body.text("aud"))
	f.add("role", body.text("role", "roles"))
	f.add("scopes", body.text("scope", "scp", "scopes"))
	f.time("issued", body.time("iat"))
	f.time("not-before", body.time("nbf"))
	f.time("expires", body.time("exp"))
	f.add("algorithm", header.text("alg"))
	if kind := header.text("typ"); !strings.EqualFold(kind, "JWT") {
		f.add("type", kind)
	}
	f.add("key-id", header.text("kid"))
	return f
}

// proveJWE reads the header of an encrypted token (RFC 7516): all there is to read.
func proveJWE(in input) Result {
	first, _, _ := strings.Cut(in.secret, ".")
	raw, err := decode64(first)
	header := parseClaims(raw)
	if err != nil || header.text("alg") == "" || header.text("enc") == "" {
		return invalid("header is not that of an encrypted token")
	}
	var f facts
	f.add("algorithm", header.text("alg"))
	f.add("key-id", header.text("kid"))
	f.add("cipher", header.text("enc"))
	return valid("well formed; its content is encrypted", f...)
}

// proveSupabase is proveJWT for the keys of a Supabase project. The role says
// what they are: anon keys are made to be public.
func proveSupabase(in input) Result {
	_, body, _, ok := parseJWT(in.secret)
	if ok && body.text("role") == "anon" {
		return invalid("an anon key, which is public by design")
	}
	return proveJWT(in)
}
