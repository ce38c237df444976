package typed

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/verdict"
)

// newPassword makes a password with a sign that an address has to escape.
func newPassword() string { return rand.Text()[:10] + "@" + rand.Text()[:9] }

// here is a network that reaches this machine only.
func here(t *testing.T, roots *x509.CertPool) *guard.Network {
	t.Helper()
	return network(t, guard.Options{Allow: []string{"127.0.0.0/8"}, RootCAs: roots})
}

func network(t *testing.T, o guard.Options) *guard.Network {
	t.Helper()
	n, err := guard.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

// publicly is a network in which every name has a public address, and a server on this machine stands behind it.
func publicly(t *testing.T, server string, roots *x509.CertPool) *guard.Network {
	t.Helper()
	public := netip.MustParseAddr("8.8.8.8")
	return network(t, guard.Options{
		RootCAs: roots,
		Resolve: func(context.Context, string) ([]netip.Addr, error) { return []netip.Addr{public}, nil },
		Connect: func(ctx context.Context, a netip.AddrPort) (net.Conn, error) {
			var d net.Dialer
			c, err := d.DialContext(ctx, "tcp", server)
			if err != nil {
				return nil, err
			}
			return &publicConn{c, net.TCPAddrFromAddrPort(a)}, nil
		},
	})
}

type publicConn struct {
	net.Conn
	remote net.Addr
}

func (c *publicConn) RemoteAddr() net.Addr { return c.remote }

// credential is one as the rules of addresses make it: the secret is the password, the match ends with the host.
func credential(address, password string) *verify.Credential {
	c := &verify.Credential{Secret: password, Around: "url = \"" + address + "\"\n"}
	if i := strings.Index(address, "://"); i > 0 {
		rest := address[i+3:]
		at := strings.Index(rest, password+"@") + len(password)
		end := len(rest)
		if j := strings.IndexAny(rest[at:], "/?"); j >= 0 {
			end = at + j
		}
		c.Match = address[:i+3] + rest[:end]
	}
	return c
}

// ask asks, and fails the test if a text of the answer holds the secret.
func ask(t *testing.T, check verify.Check, n *guard.Network, c *verify.Credential) verify.Answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	a := check.Ask(ctx, n, c)
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Secret) > 5 && strings.Contains(string(text), c.Secret) {
		t.Errorf("the answer holds the secret: %s", text)
	}
	return a
}

// want compares the verdict and, where they are given, words of the reason.
func want(t *testing.T, a verify.Answer, v verdict.Verdict, reason string) {
	t.Helper()
	if a.Verdict != v || !strings.Contains(a.Reason, reason) || reason == "" && a.Reason != "" {
		t.Errorf("got %s, %q (temporary %t); want %s, %q", a.Verdict, a.Reason, a.Temporary, v, reason)
	}
}

func check(t *testing.T, name string, c Config) verify.Check {
	t.Helper()
	out := Checks(c)[name]
	if out == nil {
		t.Fatalf("there is no check %q", name)
	}
	return out
}
