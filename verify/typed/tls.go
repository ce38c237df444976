package typed

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"

	"golang.org/x/crypto/ssh"

	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/verdict"
)

// servesTLS tells of a private key which certificate it belongs to, whether that one is in force, and whether a configured
// host serves it. The key itself is sent to nobody.
type servesTLS struct{ Config }

var errNoCertificate = errors.New("no certificate was found beside the key, and no host is configured that may serve one")

// Targets implements [verify.Check].
func (t servesTLS) Targets(c *verify.Credential) ([]verify.Target, error) {
	if _, err := publicKey(c); err != nil {
		return nil, err
	}
	if len(t.TLSHosts) == 0 && certificateOf(c) == nil {
		return nil, errNoCertificate
	}
	var out []verify.Target
	for _, h := range t.TLSHosts {
		host, err := hostPort(h, "443")
		if err != nil {
			return nil, err
		}
		out = append(out, verify.Target{Host: host, Named: true})
	}
	return out, nil
}

// Ask implements [verify.Check].
func (t servesTLS) Ask(ctx context.Context, n *guard.Network, c *verify.Credential) verify.Answer {
	public, err := publicKey(c)
	if err != nil {
		return notCheckable(err)
	}
	var failed verify.Answer
	for _, h := range t.TLSHosts {
		host, err := hostPort(h, "443")
		if err != nil {
			return notCheckable(err)
		}
		served, err := served(ctx, n, host)
		if err != nil {
			failed = trouble(err)
			continue
		}
		if same(served, public) {
			out := answer(verdict.Active, "the host serves its certificate")
			out.Identity, out.Host = certificateIdentity(served), host
			return out
		}
	}
	if cert := certificateOf(c); cert != nil && same(cert, public) {
		return t.offline(cert, n.TLS("").RootCAs)
	}
	if failed.Verdict != "" {
		return failed
	}
	if len(t.TLSHosts) == 0 {
		return notCheckable(errNoCertificate)
	}
	return verify.Undecided("no configured host serves a certificate of this key")
}

// offline says what a certificate says of itself. That it has expired says nothing of its key, which may have another: renewals
// keep keys.
func (t servesTLS) offline(cert *x509.Certificate, roots *x509.CertPool) verify.Answer {
	out := answer(verdict.ProvedOffline, "it is the key of a certificate that was found with it")
	switch now := t.Now(); {
	case now.After(cert.NotAfter):
		out.Reason = "the certificate that was found with it has expired; another may have the same key"
	case now.Before(cert.NotBefore):
		out.Reason += ", which is not in force yet"
	default:
		if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
			out.Reason += ", which no known authority vouches for"
		}
	}
	out.Identity = certificateIdentity(cert)
	return out
}

// served returns the certificate that a host serves, whoever vouches for it: it is only compared.
func served(ctx context.Context, n *guard.Network, host string) (*x509.Certificate, error) {
	c, err := dial(ctx, n, host)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	client := tls.Client(c, c.tlsConfig())
	if err := client.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return client.ConnectionState().PeerCertificates[0], nil // a handshake without one fails
}

func publicKey(c *verify.Credential) (crypto.PublicKey, error) {
	key, err := signer(c)
	if err != nil {
		return nil, err
	}
	public, ok := key.PublicKey().(ssh.CryptoPublicKey)
	if !ok {
		return nil, errNoKey
	}
	return public.CryptoPublicKey(), nil
}

func same(cert *x509.Certificate, key crypto.PublicKey) bool {
	k, ok := cert.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(key)
}

// certificateOf returns the certificate that stands beside the key.
func certificateOf(c *verify.Credential) *x509.Certificate {
	for _, text := range []string{c.Parts["certificate"], c.Around} {
		if b := pemBlock(text, "CERTIFICATE"); b != nil {
			if cert, err := x509.ParseCertificate(b.Bytes); err == nil {
				return cert
			}
		}
	}
	return nil
}

func certificateIdentity(cert *x509.Certificate) verdict.Identity {
	id := verdict.Identity{Principal: cert.Subject.CommonName, Created: cert.NotBefore, Expires: cert.NotAfter}
	if len(cert.Subject.Organization) > 0 {
		id.Account = cert.Subject.Organization[0]
	}
	if id.Principal == "" && len(cert.DNSNames) > 0 {
		id.Principal = cert.DNSNames[0]
	}
	id.Scopes = capped(cert.DNSNames)
	return id
}

// privateKey is the check of a private key that may be for TLS or for SSH.
type privateKey struct {
	tls servesTLS
	ssh openSSH
}

// Targets implements [verify.Check].
func (p privateKey) Targets(c *verify.Credential) ([]verify.Target, error) {
	a, tlsErr := p.tls.Targets(c)
	b, sshErr := p.ssh.Targets(c)
	if tlsErr != nil && sshErr != nil {
		return nil, tlsErr
	}
	return append(a, b...), nil
}

// WithoutLogin implements [verify.Quieter]: certificates need none.
func (p privateKey) WithoutLogin() verify.Check { return p.tls }

// Principal implements [verify.Principaler].
func (p privateKey) Principal(c *verify.Credential) string { return p.ssh.Principal(c) }

// Ask implements [verify.Check]. What a server lets in counts more than what a certificate says of itself.
func (p privateKey) Ask(ctx context.Context, n *guard.Network, c *verify.Credential) verify.Answer {
	byTLS := p.tls.Ask(ctx, n, c)
	if byTLS.Verdict == verdict.Active {
		return byTLS
	}
	bySSH := p.ssh.Ask(ctx, n, c)
	if bySSH.Verdict == verdict.Active || byTLS.Verdict == verdict.NotCheckable {
		return bySSH
	}
	return byTLS
}
