// Package declared asks issuers with the requests that rules declare ([rules.Verify]), and revokes with those of
// [rules.Revoke].
//
// A template becomes one request. What is put into it is encoded for its place, may not change what the template says
// beside it, and never chooses a host that the rule does not name. An answer becomes a verdict only if it is the
// issuer's: redirects, pages of HTML, answers that are cut off or are not JSON where JSON is due say nothing about a
// credential, whatever their status.
package declared

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/verdict"
)

// Check asks as the rule of a credential declares.
type Check struct {
	endpoints map[string]*url.URL
}

var _ verify.Check = (*Check)(nil)

// New returns a check. The endpoints are the addresses of self-hosted instances, by the name that rules give as
// endpoint: "github": "https://ghe.acme.com/api/v3". Such an address takes the place of scheme, host and port of a
// rule's URL, its path goes before that of the URL, and the public host is not contacted.
func New(endpoints map[string]string) (*Check, error) {
	c := &Check{endpoints: map[string]*url.URL{}}
	for name, address := range endpoints {
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "https" || !isHost(u.Hostname()) || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return nil, fmt.Errorf("endpoint %s: expected an address such as https://%s.acme.com, without user and query", name, name)
		}
		c.endpoints[name] = u
	}
	return c, nil
}

// Targets says where the credential would be sent.
func (c *Check) Targets(cred *verify.Credential) ([]verify.Target, error) {
	v := cred.Rule.Verify
	return c.targets(cred, &v.Request, v.Hosts, v.Endpoint, v.Parts)
}

func (c *Check) targets(cred *verify.Credential, r *rules.Request, hosts []string, endpoint string, parts []rules.Part) ([]verify.Target, error) {
	req, err := c.expand(context.Background(), cred, r, hosts, endpoint, parts)
	if err != nil {
		return nil, err
	}
	return []verify.Target{{Host: hostPort(req.URL), Named: true}}, nil
}

// Ask asks the issuer once.
func (c *Check) Ask(ctx context.Context, n *guard.Network, cred *verify.Credential) verify.Answer {
	v := cred.Rule.Verify
	req, err := c.expand(ctx, cred, &v.Request, v.Hosts, v.Endpoint, v.Parts)
	if err != nil {
		return verify.Answer{Result: verdict.Result{Verdict: verdict.NotCheckable, Reason: err.Error()}}
	}
	r, err := send(n, req)
	if err != nil {
		a := unreached(err)
		a.Host, a.At = hostPort(req.URL), time.Now()
		return a
	}
	a := judge(v, r)
	if a.Verdict == verdict.Active || a.Verdict == verdict.Forbidden {
		a.Identity = tell(v.Tells, r, cred)
	}
	a.Host, a.At = hostPort(req.URL), r.at
	return a
}

// response is what came back, read.
type response struct {
	status int
	header http.Header
	body   []byte
	over   bool // the body is longer than guard.MaxBody
	broken bool // the connection ended before the body did
	at     time.Time
}

func send(n *guard.Network, req *http.Request) (*response, error) {
	resp, err := n.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body) // the network limits it
	if ctxErr := req.Context().Err(); err != nil && ctxErr != nil {
		return nil, ctxErr
	}
	return &response{
		status: resp.StatusCode, header: resp.Header, body: body,
		over: errors.Is(err, guard.ErrTooLarge), broken: err != nil, at: time.Now(),
	}, nil
}

// unreached is the answer when none came.
func unreached(err error) verify.Answer {
	reason, temporary := guard.Reason(err)
	a := verify.Undecided(reason)
	a.Temporary = temporary
	return a
}

// hostPort is the host a URL leads to, as host:port.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}
