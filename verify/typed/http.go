package typed

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/guard"
)

// doer sends requests: the guarded network, or a client over it.
type doer interface {
	Do(r *http.Request) (*http.Response, error)
}

var _ doer = (*guard.Network)(nil)

// reply is an answer that came over HTTP.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// maxBody bounds the body of a reply in bytes.
const maxBody = 1 << 20

// send sends a request. An answer that says nothing about any credential (none at all, a redirect, 429, 5xx) is already
// the verdict; then ok is false.
func send(d doer, r *http.Request) (out *reply, undecided verify.Answer, ok bool) {
	resp, err := d.Do(r)
	if err != nil {
		return nil, trouble(withoutURL(err)), false
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, trouble(err), false
	case len(body) > maxBody:
		return nil, verify.Undecided("the answer is too long"), false
	case resp.StatusCode == http.StatusTooManyRequests:
		a := temporary(verify.RateLimited)
		a.RetryAfter = retryAfter(resp.Header)
		return nil, a, false
	case resp.StatusCode >= 500:
		a := temporary(fmt.Sprintf("the issuer answered with status %d", resp.StatusCode))
		a.RetryAfter = retryAfter(resp.Header)
		return nil, a, false
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		a := verify.Undecided("the issuer answered with a redirect")
		a.NotIssuer = true
		return nil, a, false
	}
	return &reply{resp.StatusCode, resp.Header, body}, verify.Answer{}, true
}

// withoutURL takes the URL out of an error of net/http.
func withoutURL(err error) error {
	if ue, ok := err.(*url.Error); ok { //nolint:errorlint // the outermost is meant
		return ue.Err
	}
	return err
}

// retryAfter reads Retry-After in seconds; a date is left to the breaker.
func retryAfter(h http.Header) time.Duration {
	n, err := strconv.Atoi(strings.TrimSpace(h.Get("Retry-After")))
	if err != nil || n < 0 || n > 86400 {
		return 0
	}
	return time.Duration(n) * time.Second
}

// json reads the body, and reports whether it is JSON that fits v.
func (r *reply) json(v any) bool { return json.Unmarshal(r.body, v) == nil }

// unexpected is the answer to a reply that fits nothing known: the page of a firewall or a proxy, as a rule.
func (r *reply) unexpected() verify.Answer {
	a := verify.Undecided(fmt.Sprintf("the answer, status %d, is none that the issuer documents", r.status))
	a.NotIssuer = true
	return a
}

// get builds a request without a body.
func get(ctx context.Context, address string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, errNoHost // and not the URL, which may hold a secret
	}
	return r, nil
}

// postForm builds a request with a form.
func postForm(ctx context.Context, address string, form url.Values) (*http.Request, error) {
	return post(ctx, address, "application/x-www-form-urlencoded", form.Encode())
}

func post(ctx context.Context, address, kind, body string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		return nil, errNoHost
	}
	r.Header.Set("Content-Type", kind)
	return r, nil
}

// httpsURL returns the beginning of a URL of a host that is written as host:port.
func httpsURL(host string) string { return "https://" + strings.TrimSuffix(host, ":443") }

// named is a host that the check itself names, over HTTPS.
func named(host string) []verify.Target { return []verify.Target{{Host: host + ":443", Named: true}} }
