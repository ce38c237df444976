package typed

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/verdict"
)

// kubernetes asks an API server who a token or a client certificate is, and whether it may do everything
// (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#self-subject-review). Both are reviews: they are
// created and not stored.
type kubernetes struct{ Config }

// cluster is what a kubeconfig says of one: where it is, whom it trusts, and what signs in.
type cluster struct {
	servers []string // host:port
	named   bool
	roots   *x509.CertPool // nil: those of the system
	token   string
	cert    *tls.Certificate
}

var (
	kubeServer  = lazy(`(?i)\bserver\\*["']?\s*[:=]\s*\\*["']?(https://[A-Za-z0-9.:\[\]_-]{1,260})`)
	kubeCA      = lazy(`\b(?:certificate-authority-data|ca\.crt)\\*["']?\s*:\s*\\*["']?([A-Za-z0-9+/=]{40,})`)
	kubeCert    = lazy(`\b(?:client-certificate-data|tls\.crt)\\*["']?\s*:\s*\\*["']?([A-Za-z0-9+/=]{40,})`)
	errNoServer = errors.New("no API server was found near it, and none is configured")
	errNoCert   = errors.New("no client certificate was found beside the key")
	errPair     = errors.New("the client certificate and the key do not belong together")
)

func (k kubernetes) cluster(c *verify.Credential) (*cluster, error) {
	out := &cluster{token: c.Secret}
	if strings.HasPrefix(c.Secret, "LS0tLS1CRUdJTi") { // a PEM block in base64
		cert, err := clientCertificate(c)
		if err != nil {
			return nil, err
		}
		out.token, out.cert = "", cert
	}
	addresses := k.Kubernetes
	if server := c.Parts["server"]; server != "" {
		addresses = []string{server}
	} else if m := around(c, kubeServer()); m != nil {
		addresses = []string{m[0]}
	} else {
		out.named = true
	}
	for _, address := range addresses {
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "https" {
			return nil, errNoHost
		}
		host, err := hostPort(u.Host, "443")
		if err != nil {
			return nil, err
		}
		out.servers = append(out.servers, host)
	}
	if len(out.servers) == 0 {
		return nil, errNoServer
	}
	if m := around(c, kubeCA()); m != nil && !out.named {
		if pem, err := base64.StdEncoding.DecodeString(m[0]); err == nil {
			out.roots = x509.NewCertPool()
			out.roots.AppendCertsFromPEM(pem)
		}
	}
	return out, nil
}

// clientCertificate reads client-key-data and the client-certificate-data beside it.
func clientCertificate(c *verify.Credential) (*tls.Certificate, error) {
	m := around(c, kubeCert())
	if m == nil {
		return nil, errNoCert
	}
	cert, certErr := base64.StdEncoding.DecodeString(m[0])
	key, keyErr := base64.StdEncoding.DecodeString(c.Secret)
	if certErr != nil || keyErr != nil {
		return nil, errPair
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, errPair
	}
	return &pair, nil
}

// Targets implements [verify.Check].
func (k kubernetes) Targets(c *verify.Credential) ([]verify.Target, error) {
	cl, err := k.cluster(c)
	if err != nil {
		return nil, err
	}
	var out []verify.Target
	for _, s := range cl.servers {
		out = append(out, verify.Target{Host: s, Named: cl.named})
	}
	return out, nil
}

// Ask implements [verify.Check]. Of several servers that are configured, the first that knows the credential decides.
func (k kubernetes) Ask(ctx context.Context, n *guard.Network, c *verify.Credential) verify.Answer {
	cl, err := k.cluster(c)
	if err != nil {
		return notCheckable(err)
	}
	if cl.cert != nil && k.Now().After(cl.cert.Leaf.NotAfter) {
		out := answer(verdict.Inactive, "its certificate has expired")
		out.Identity = certificateIdentity(cl.cert.Leaf)
		return out
	}
	d, end := cl.client(n)
	defer end()
	last := verify.Answer{}
	for _, s := range cl.servers {
		last = cl.ask(ctx, d, s)
		last.Host = s
		if last.Verdict != verdict.Inactive || ctx.Err() != nil {
			break
		}
		if cl.named {
			last = verify.Undecided("no configured API server knows it")
		}
	}
	return last
}

// client returns what sends requests: the guarded network, or one that trusts the cluster's own authority or shows a
// certificate.
func (cl *cluster) client(n *guard.Network) (doer, func()) {
	if cl.roots == nil && cl.cert == nil {
		return n, func() {}
	}
	own := n.WithTLS(func(c *tls.Config) {
		if cl.roots != nil {
			c.RootCAs = cl.roots
		}
		if cl.cert != nil {
			c.Certificates = []tls.Certificate{*cl.cert}
		}
	})
	return own, own.Close
}

func (cl *cluster) ask(ctx context.Context, d doer, server string) verify.Answer {
	var review struct {
		Kind   string `json:"kind"`
		Status struct {
			UserInfo struct {
				Username string   `json:"username"`
				Groups   []string `json:"groups"`
			} `json:"userInfo"`
		} `json:"status"`
	}
	resp, out, ok := cl.review(ctx, d, server, "authentication.k8s.io/v1/selfsubjectreviews",
		`{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}`)
	if !ok {
		return out
	}
	switch {
	case resp.status == http.StatusUnauthorized && kubeStatus(resp):
		return answer(verdict.Inactive, "")
	case resp.status == http.StatusCreated && resp.json(&review) && review.Kind == "SelfSubjectReview":
		if review.Status.UserInfo.Username == "system:anonymous" {
			return answer(verdict.Inactive, "the server does not know it")
		}
	case (resp.status == http.StatusNotFound || resp.status == http.StatusForbidden) && kubeStatus(resp):
		// Before Kubernetes 1.28 there is no such review; the next one tells as much.
	default:
		return resp.unexpected()
	}
	known := review.Status.UserInfo.Username != ""
	out = answer(verdict.Active, "")
	out.Principal, out.Scopes = review.Status.UserInfo.Username, capped(review.Status.UserInfo.Groups)
	out.Account = server
	all, undecided, asked := cl.mayAll(ctx, d, server)
	switch {
	case asked && all:
		out.Privilege = "admin"
	case slices.Contains(out.Scopes, "system:masters"):
		out.Privilege = "admin"
	case !asked && !known:
		return undecided
	}
	return out
}

// mayAll asks whether everything is allowed. A server that answers knows who asks.
func (cl *cluster) mayAll(ctx context.Context, d doer, server string) (all bool, undecided verify.Answer, asked bool) {
	resp, out, ok := cl.review(ctx, d, server, "authorization.k8s.io/v1/selfsubjectaccessreviews",
		`{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{"resourceAttributes":{"verb":"*","group":"*","resource":"*"}}}`)
	if !ok {
		return false, out, false
	}
	var review struct {
		Kind   string
		Status struct{ Allowed bool }
	}
	switch {
	case resp.status == http.StatusCreated && resp.json(&review) && review.Kind == "SelfSubjectAccessReview":
		return review.Status.Allowed, out, true
	case resp.status == http.StatusUnauthorized && kubeStatus(resp):
		return false, answer(verdict.Inactive, ""), false
	case resp.status == http.StatusForbidden && kubeStatus(resp):
		// Anonymous requests end here as well, so it says nothing of the credential.
		return false, verify.Undecided("the server lets it ask nothing"), false
	}
	return false, resp.unexpected(), false
}

func (cl *cluster) review(ctx context.Context, d doer, server, path, body string) (*reply, verify.Answer, bool) {
	r, err := post(ctx, httpsURL(server)+"/apis/"+path, "application/json", body)
	if err != nil {
		return nil, notCheckable(err), false
	}
	r.Header.Set("Accept", "application/json")
	if cl.token != "" {
		r.Header.Set("Authorization", "Bearer "+cl.token)
	}
	return send(d, r)
}

// kubeStatus reports whether a refusal is an API server's own.
func kubeStatus(r *reply) bool {
	var s struct {
		Kind string `json:"kind"`
	}
	return json.Unmarshal(r.body, &s) == nil && s.Kind == "Status"
}
