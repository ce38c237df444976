package typed

import (
	"context"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/verdict"
)

// registry signs in to a registry of images as docker login does
// (https://distribution.github.io/distribution/spec/auth/token/): the registry says where it takes user and password.
type registry struct{}

// registryLogin is user and password with the registry they are for.
type registryLogin struct{ host, user, password string }

var (
	// registryName is the key of an entry in a Docker configuration, up to its "auth".
	registryName  = lazy(`\\*"(?:https?://)?([A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?)(?:/[^"\\\s]{0,100})?\\*"\s*:\s*\{[^{}]*$`)
	azureRegistry = lazy(`(?i)\b([a-z0-9]{5,50})(?:-[a-z0-9]+)?\.azurecr\.(?:io|cn|us)\b`)
	errNoRegistry = errors.New("no registry was found near it")
	challengePart = lazy(`([a-z]+)="([^"]*)"`)
)

func registryOf(c *verify.Credential) (*registryLogin, error) {
	if m := azureRegistry().FindStringSubmatch(c.Match + "\n" + c.Around); m != nil && !strings.Contains(c.Match, "auth") {
		return &registryLogin{strings.ToLower(m[0]) + ":443", strings.ToLower(m[1]), c.Secret}, nil
	}
	decoded, err := base64.StdEncoding.DecodeString(c.Secret)
	user, password, ok := strings.Cut(string(decoded), ":")
	if err != nil || !ok || user == "" || password == "" {
		return nil, errNoRegistry // a password by itself
	}
	for _, text := range []string{c.Around, c.Match} {
		i := strings.Index(text, c.Secret)
		if i < 0 {
			continue
		}
		m := registryName().FindStringSubmatch(text[:i])
		if m == nil {
			continue
		}
		host := strings.ToLower(m[1])
		switch host {
		case "index.docker.io", "docker.io", "registry.hub.docker.com":
			host = "registry-1.docker.io"
		}
		host, err = hostPort(host, "443")
		return &registryLogin{host, user, password}, err
	}
	return nil, errNoRegistry
}

// Targets implements [verify.Check].
func (registry) Targets(c *verify.Credential) ([]verify.Target, error) {
	l, err := registryOf(c)
	if err != nil {
		return nil, err
	}
	out := []verify.Target{{Host: l.host, Named: l.public()}}
	if tokens := l.tokenHost(); tokens != l.host {
		out = append(out, verify.Target{Host: tokens, Named: true})
	}
	return out, nil
}

// tokenHost returns the host that takes user and password for the registry: itself, but for two that everybody knows.
func (l *registryLogin) tokenHost() string {
	switch l.host {
	case "registry-1.docker.io:443":
		return "auth.docker.io:443"
	case "registry.gitlab.com:443":
		return "gitlab.com:443"
	}
	return l.host
}

// Principal implements [verify.Principaler].
func (registry) Principal(c *verify.Credential) string {
	l, err := registryOf(c)
	if err != nil {
		return ""
	}
	return l.user
}

// public reports whether the registry is one that everybody knows by its name.
func (l *registryLogin) public() bool {
	host, port, _ := net.SplitHostPort(l.host)
	for _, known := range []string{"registry-1.docker.io", "ghcr.io", "quay.io", "registry.gitlab.com", "public.ecr.aws", "gcr.io"} {
		if host == known {
			return port == "443"
		}
	}
	return port == "443" && azureRegistry().FindString(host) == host
}

// Ask implements [verify.Check].
func (registry) Ask(ctx context.Context, n *guard.Network, c *verify.Credential) verify.Answer {
	l, err := registryOf(c)
	if err != nil {
		return notCheckable(err)
	}
	out := l.ask(ctx, n)
	out.Host = l.host
	return out
}

func (l *registryLogin) ask(ctx context.Context, d doer) verify.Answer {
	address := httpsURL(l.host) + "/v2/"
	r, err := get(ctx, address)
	if err != nil {
		return notCheckable(err)
	}
	resp, out, ok := send(d, r)
	if !ok {
		return out
	}
	if resp.status != http.StatusUnauthorized {
		return verify.Undecided("the registry does not ask for a password")
	}
	scheme, rest, _ := strings.Cut(resp.header.Get("WWW-Authenticate"), " ")
	switch strings.ToLower(scheme) {
	case "bearer":
		if address, err = l.realm(rest); err != nil {
			return verify.Undecided(err.Error())
		}
	case "basic":
	default:
		return resp.unexpected()
	}
	if r, err = get(ctx, address); err != nil {
		return notCheckable(err)
	}
	r.SetBasicAuth(l.user, l.password)
	if resp, out, ok = send(d, r); !ok {
		return out
	}
	return l.signedIn(resp, strings.EqualFold(scheme, "bearer"))
}

func (l *registryLogin) signedIn(resp *reply, token bool) verify.Answer {
	var body struct {
		Token  string `json:"token"`
		Access string `json:"access_token"`
	}
	switch {
	case resp.status == 200 && (!token || resp.json(&body) && body.Token+body.Access != ""):
		out := answer(verdict.Active, "")
		out.Principal = l.user
		return out
	case resp.status == http.StatusUnauthorized && (token && resp.json(&body) || !token && resp.header.Get("WWW-Authenticate") != ""):
		return answer(verdict.Inactive, "")
	case resp.status == http.StatusForbidden:
		return verify.Undecided("the registry refused, and does not say whether for the password")
	}
	return resp.unexpected()
}

var errForeignRealm = errors.New("the registry takes passwords at another host, so it was not sent")

// realm returns where the registry takes user and password, if that is where it is known to.
func (l *registryLogin) realm(challenge string) (string, error) {
	fields := map[string]string{}
	for _, m := range challengePart().FindAllStringSubmatch(challenge, 16) {
		fields[m[1]] = m[2]
	}
	u, err := url.Parse(fields["realm"])
	if err != nil || u.Scheme != "https" || u.User != nil {
		return "", errForeignRealm
	}
	if host, err := hostPort(u.Host, "443"); err != nil || host != l.tokenHost() {
		return "", errForeignRealm
	}
	q := u.Query()
	q.Set("account", l.user)
	if s := fields["service"]; s != "" {
		q.Set("service", s)
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}
