package typed

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/guard"
)

// conn is a connection to a server, with what is known of the way there.
type conn struct {
	net.Conn
	host string      // without the port
	tls  *tls.Config // with the authorities that may have signed its certificate
	// local: the server is in a private network, so what is sent there does not cross others.
	local bool
	// encrypted: by TLS; trusted: and its certificate is vouched for.
	encrypted, trusted bool
	stop               func() bool
}

// dial connects to host:port. The connection ends with ctx.
func dial(ctx context.Context, n *guard.Network, address string) (*conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, errNoHost
	}
	nc, err := n.Dial(ctx, address)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: nc, host: host, tls: n.TLS(host), local: isLocal(host, nc.RemoteAddr(), n.ViaProxy())}
	if deadline, ok := ctx.Deadline(); ok {
		_ = nc.SetDeadline(deadline) // the context ends it just as well
	}
	// What waits in a read or a write ends when its time is over.
	c.stop = context.AfterFunc(ctx, func() { _ = nc.SetDeadline(time.Unix(1, 0)) })
	return c, nil
}

// Close ends the connection.
func (c *conn) Close() error {
	c.stop()
	return c.Conn.Close()
}

// isLocal reports whether the server is in a private network. Behind a proxy only an address tells: the connection leads
// to the proxy.
func isLocal(host string, remote net.Addr, proxied bool) bool {
	addr, err := netip.ParseAddr(host)
	if err != nil {
		if proxied {
			return false
		}
		ap, err := netip.ParseAddrPort(remote.String())
		if err != nil {
			return false
		}
		addr = ap.Addr()
	}
	addr = addr.Unmap().WithZone("")
	return addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast() || sharedSpace.Contains(addr)
}

// sharedSpace is the address space of carriers (RFC 6598).
var sharedSpace = netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10)

// errUntrusted is of a certificate that nobody vouches for, at an address where that matters.
var errUntrusted = errors.New("the certificate of the server is not trusted")

// startTLS encrypts the connection. It tells whether the certificate is vouched for, and goes on if it is not.
func (c *conn) startTLS(ctx context.Context) error {
	t := tls.Client(c.Conn, c.tlsConfig())
	if err := t.HandshakeContext(ctx); err != nil {
		return err
	}
	c.Conn, c.encrypted = t, true
	return nil
}

// tlsConfig is a configuration that checks the server's certificate and notes the outcome in c.trusted.
func (c *conn) tlsConfig() *tls.Config {
	config := c.tls.Clone()
	config.InsecureSkipVerify = true // VerifyConnection looks, and lets the check decide what may be sent then
	config.VerifyConnection = func(s tls.ConnectionState) error {
		c.trusted = verifyChain(s.PeerCertificates, c.host, c.tls.RootCAs) == nil
		return nil
	}
	return config
}

func verifyChain(chain []*x509.Certificate, host string, roots *x509.CertPool) error {
	if len(chain) == 0 {
		return errUntrusted
	}
	between := x509.NewCertPool()
	for _, cert := range chain[1:] {
		between.AddCert(cert)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{DNSName: host, Roots: roots, Intermediates: between})
	return err
}

// may reports whether a password may be sent here, and what to answer if not.
func (c *conn) may() (verify.Answer, bool) {
	switch {
	case c.trusted || c.local:
		return verify.Answer{}, true
	case c.encrypted:
		return verify.Undecided(errUntrusted.Error() + ", so the password was not sent"), false
	}
	return verify.Undecided("there is no TLS to the server, and its address is public, so the password was not sent"), false
}

// note adds to the reason of an answer how the password was sent, where that was not safe.
func (c *conn) note(a verify.Answer) verify.Answer {
	how := ""
	switch {
	case !c.encrypted:
		how = "asked without TLS"
	case !c.trusted:
		how = errUntrusted.Error()
	}
	a.Reason = joinNonEmpty(a.Reason, how)
	return a
}

func joinNonEmpty(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, "; ")
}

// trouble is the answer when the network, and not the server, decided.
func trouble(err error) verify.Answer {
	reason, again := guard.Reason(err)
	out := verify.Undecided(reason)
	out.Temporary = again
	return out
}
