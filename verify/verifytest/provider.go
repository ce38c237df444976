// Package verifytest plays the issuers of credentials, so that the checks of rules can be tried without a packet that
// leaves the machine.
//
// A [Provider] is a TLS server that stands for all hosts there are. It knows the exact request that a check must make,
// written as text with <secret> and <name of a part> for what differs from credential to credential, and answers it as
// the real issuer would. Any other request is a mistake of the check, which [Provider.Mistakes] tells.
package verifytest

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/verify/guard"
)

// Account is a credential that a provider knows, and what it answers.
type Account struct {
	Secret string
	Parts  map[string]string
	Answer http.HandlerFunc
}

// Provider plays issuers. Its methods may be used concurrently.
type Provider struct {
	server *httptest.Server
	roots  *x509.CertPool
	issuer *tls.Certificate

	mu       sync.Mutex
	request  string // what is expected
	accounts []Account
	hosts    []string // asked, in order
	mistakes []string
	certs    map[string]*tls.Certificate
}

// NewProvider starts a provider. The caller closes it.
func NewProvider() (*Provider, error) {
	p := &Provider{certs: map[string]*tls.Certificate{}, roots: x509.NewCertPool()}
	ca, err := certificate("straykey tests", nil)
	if err != nil {
		return nil, err
	}
	p.issuer = ca
	p.roots.AddCert(ca.Leaf)
	p.server = httptest.NewUnstartedServer(http.HandlerFunc(p.serve))
	p.server.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that give up are part of the tests
	p.server.TLS = &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		return p.certificateFor(hello.ServerName)
	}}
	p.server.StartTLS()
	return p, nil
}

// Close stops the provider.
func (p *Provider) Close() { p.server.Close() }

// Options are of a guarded network in which every name has a public address, and every address is the provider.
func (p *Provider) Options() guard.Options {
	return guard.Options{
		RootCAs: p.roots,
		Resolve: func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.AddrFrom4([4]byte{9, 9, 9, 9})}, nil // never reached
		},
		Connect: func(ctx context.Context, _ netip.AddrPort) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", p.server.Listener.Addr().String())
		},
	}
}

// Expect sets the request that must come, as [Describe] writes it, and who is known. What came before is forgotten.
func (p *Provider) Expect(request string, accounts ...Account) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.request, p.accounts, p.hosts, p.mistakes = request, accounts, nil, nil
}

// Hosts are the hosts that were asked since Expect, in order.
func (p *Provider) Hosts() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.hosts)
}

// Mistakes are the requests since Expect that were not the expected one of a known credential.
func (p *Provider) Mistakes() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.mistakes)
}

// serve answers the account whose request it is.
func (p *Provider) serve(w http.ResponseWriter, r *http.Request) {
	text, err := Describe(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	p.hosts = append(p.hosts, r.Host)
	var known *Account
	for i := range p.accounts {
		if text == p.accounts[i].fill(p.request) {
			known = &p.accounts[i]
			break
		}
	}
	if known == nil {
		p.mistakes = append(p.mistakes, text)
	}
	p.mu.Unlock()
	if known == nil {
		http.Error(w, "no such request", http.StatusTeapot)
		return
	}
	known.Answer(w, r)
}

// fill puts what belongs to the account into a request.
func (a *Account) fill(request string) string {
	pairs := []string{WholeURL, "https://" + strings.TrimPrefix(a.Secret, "https://"), "<secret>", a.Secret}
	for name, value := range a.Parts {
		pairs = append(pairs, "<"+name+">", value)
	}
	return strings.NewReplacer(pairs...).Replace(request)
}

// Answer answers with a sample.
func Answer(s *rules.Response) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		kind := "text/plain; charset=utf-8"
		if b := strings.TrimSpace(s.Body); strings.HasPrefix(b, "{") || strings.HasPrefix(b, "[") {
			kind = "application/json"
		}
		w.Header().Set("Content-Type", kind)
		for _, h := range s.Headers {
			w.Header().Set(h.Name, h.Value)
		}
		w.WriteHeader(s.Status)
		_, _ = io.WriteString(w, s.Body)
	}
}

func (p *Provider) certificateFor(host string) (*tls.Certificate, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.certs[host]; c != nil {
		return c, nil
	}
	c, err := certificate(host, p.issuer)
	if err != nil {
		return nil, err
	}
	p.certs[host] = c
	return c, nil
}

// certificate makes a certificate of a host, or without an issuer one that may issue others.
func certificate(name string, issuer *tls.Certificate) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name[:min(len(name), 64)]},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		BasicConstraintsValid: true, IsCA: issuer == nil, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	parent, signer := template, any(key)
	if issuer != nil {
		template.DNSNames = []string{name}
		parent, signer = issuer.Leaf, issuer.PrivateKey
	} else {
		template.KeyUsage = x509.KeyUsageCertSign
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, fmt.Errorf("certificate of %s: %w", cmp.Or(name, "no host"), err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}
