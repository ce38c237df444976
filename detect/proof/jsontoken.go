package proof

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// proveJFrogReference reads base64 of "reftkn:01:{Unix seconds}:{random}"; zero
// seconds: it never expires.
func proveJFrogReference(in input) Result {
	raw, err := decode64(in.secret)
	if err != nil {
		return unknown("not of the known shape")
	}
	fields := strings.SplitN(string(raw), ":", 4)
	if len(fields) != 4 || fields[0] != "reftkn" || fields[3] == "" {
		return unknown("not of the known shape")
	}
	seconds, err := strconv.ParseUint(fields[2], 10, 40)
	if err != nil {
		return invalid("its expiry is no number")
	}
	var f facts
	f.add("version", fields[1])
	if seconds == 0 {
		f.add("expires", "never")
		return valid("well formed", f...)
	}
	expires := unixTime(float64(seconds))
	f.time("expires", expires)
	return in.until(expires, valid("well formed", f...))
}

// jsonBehind decodes the base64 JSON object that follows prefix.
func jsonBehind(token, prefix string) claims {
	body, ok := strings.CutPrefix(token, prefix)
	if !ok {
		return nil
	}
	raw, err := decode64(body)
	if err != nil {
		return nil
	}
	return parseClaims(raw)
}

// proveSentryOrg reads sntrys_{base64 JSON}_{secret}.
func proveSentryOrg(in input) Result {
	cut := strings.LastIndexByte(in.secret, '_')
	if cut < 0 {
		return unknown("not of the known shape")
	}
	c := jsonBehind(in.secret[:cut], "sntrys_")
	if c == nil {
		return unknown("not of the known shape")
	}
	if c.text("org") == "" && c.text("url") == "" {
		return unknown("names neither organization nor host")
	}
	var f facts
	f.add("org", c.text("org"))
	f.add("host", c.text("region_url", "url"))
	f.time("issued", c.time("iat"))
	return valid("well formed", f...)
}

// proveGrafanaCloud reads glc_{base64 JSON}: o is the organization, n the
// token's name, m.r the region.
func proveGrafanaCloud(in input) Result {
	c := jsonBehind(in.secret, "glc_")
	if c == nil || c.text("k") == "" {
		return unknown("not of the known shape")
	}
	var f facts
	f.add("org", c.text("o"))
	f.add("name", c.text("n"))
	f.add("region", c.object("m").text("r"))
	return valid("well formed", f...)
}

// proveOnePassword reads ops_{base64 JSON}, the key set of a service account.
func proveOnePassword(in input) Result {
	c := jsonBehind(in.secret, "ops_")
	if c == nil || c.text("signInAddress") == "" || c.text("secretKey") == "" {
		return unknown("not of the known shape")
	}
	var f facts
	f.add("email", c.text("email"))
	f.add("host", c.text("signInAddress"))
	f.add("key-id", c.text("deviceUuid"))
	return valid("well formed", f...)
}

// provePyPI reads the macaroon of a PyPI token: location, identifier and the
// caveats that narrow it to projects, a user or a time.
func provePyPI(in input) Result {
	body, ok := strings.CutPrefix(in.secret, "pypi-")
	if !ok {
		return unknown("not of the known shape")
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(body, "="))
	if err != nil {
		return invalid("body is no base64url")
	}
	m, ok := parseMacaroon(raw)
	if !ok {
		return invalid("no complete macaroon")
	}
	var p pypiScope
	for _, c := range m.caveats {
		p.read(c)
	}
	var f facts
	f.add("project", strings.Join(p.projects, " "))
	f.add("user", p.user)
	f.add("scopes", p.scope())
	f.add("host", m.location)
	f.time("not-before", p.notBefore)
	f.time("expires", p.expires)
	f.add("key-id", m.identifier)
	return in.until(p.expires, valid("well formed", f...))
}

// pypiScope is what the caveats of a PyPI token add up to. Two generations are in use:
// an object ({"permissions": …} or {"nbf": …, "exp": …}) and an array whose
// first element tells the kind.
type pypiScope struct {
	projects           []string
	user               string
	wholeUser          bool
	notBefore, expires time.Time
}

func (p *pypiScope) scope() string {
	switch {
	case len(p.projects) > 0:
		return "project"
	case p.wholeUser || p.user != "":
		return "user"
	}
	return ""
}

func (p *pypiScope) read(caveat []byte) {
	if c := parseClaims(caveat); c != nil {
		p.readObject(c)
		return
	}
	list, _ := parseClaims(append(append([]byte(`{"c":`), caveat...), '}'))["c"].([]any)
	if len(list) < 2 {
		return
	}
	kind, ok := list[0].(float64)
	if !ok {
		return
	}
	c := claims{"1": list[1]}
	if len(list) > 2 {
		c["2"] = list[2]
	}
	switch kind {
	case 0: // expires at, not before
		p.limit(c.time("2"), c.time("1"))
	case 1, 2: // project names, project ids
		p.projects = append(p.projects, c.text("1"))
	case 3: // user id
		p.user = c.text("1")
	}
}

func (p *pypiScope) readObject(c claims) {
	p.limit(c.time("nbf"), c.time("exp"))
	if c.text("permissions") == "user" {
		p.wholeUser = true
	}
	if projects := c.object("permissions").text("projects"); projects != "" {
		p.projects = append(p.projects, projects)
	}
}

// limit narrows the lifetime: every caveat must hold.
func (p *pypiScope) limit(notBefore, expires time.Time) {
	if notBefore.After(p.notBefore) {
		p.notBefore = notBefore
	}
	if !expires.IsZero() && (p.expires.IsZero() || expires.Before(p.expires)) {
		p.expires = expires
	}
}
