// Package guard is the one way from straykey to the network. It sends a packet to an address only after it has looked
// at that address.
//
// A name is resolved once for each connection, the addresses are checked, and one that passed is dialled as it is, so
// that a name which resolves to something else a moment later changes nothing. Only addresses of the public internet
// pass (see [Options].Allow for the others). All connections go this way: those of HTTP and those that drivers of
// databases ask for, with and without a proxy.
package guard

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"
)

// Limits of a connection and of a response.
const (
	MaxBody   = 1 << 20 // bytes; reading on gives ErrTooLarge
	maxHeader = 64 << 10
	maxTried  = 4 // addresses of one name
	maxIdle   = 8 // connections to one host that wait for the next request

	defaultTimeout = 15 * time.Second
	dialTimeout    = 5 * time.Second
	idleTimeout    = 20 * time.Second
)

// Options say how a network behaves. The zero Options reach public addresses, directly.
type Options struct {
	// Allow lists what may be contacted though it is not public: networks ("10.0.0.0/8"), addresses ("10.1.2.3")
	// and names ("ghe.corp.example"). A name may have private addresses, the same ones for the whole run; those of
	// cloud metadata services, multicast and the like need a network.
	Allow []string
	// Proxy is an HTTP proxy, http:// or https://, through which all connections go with CONNECT; nil: none. The
	// proxies that the environment names do not count. Its own address may be private. What is behind it is
	// resolved and checked here all the same; only a name that cannot be resolved here is left to the proxy, and
	// none that looks like one of an inner network.
	Proxy *url.URL
	// RootCAs are the authorities that may have signed a server's certificate; nil: those of the system.
	RootCAs *x509.CertPool
	// Version stands in the User-Agent of requests.
	Version string
	// Timeout is for one request with its response; 0: 15 s.
	Timeout time.Duration

	// Resolve returns the addresses of a name; nil: as the system does.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	// Connect connects to an address that has been checked, or to the proxy; nil: by TCP. Every packet goes
	// through what it returns.
	Connect func(ctx context.Context, address netip.AddrPort) (net.Conn, error)
}

// Network makes connections and sends requests. It may be used concurrently.
type Network struct {
	*dialer
	tls    *tls.Config
	client *http.Client
}

// dialer makes the connections.
type dialer struct {
	policy
	proxy   *url.URL
	tls     *tls.Config // of the proxy
	agent   string
	timeout time.Duration
	resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	connect func(ctx context.Context, address netip.AddrPort) (net.Conn, error)

	mu     sync.Mutex
	pinned map[string][]netip.Addr // of allowed names
}

// New returns a network. The error says what is wrong with Allow or Proxy.
func New(o Options) (*Network, error) {
	p, err := newPolicy(o.Allow)
	if err != nil {
		return nil, err
	}
	if o.Proxy != nil && (o.Proxy.Scheme != "http" && o.Proxy.Scheme != "https" || o.Proxy.Hostname() == "") {
		return nil, errors.New(`proxy: expected an HTTP proxy, for example "http://proxy.corp.example:3128"`)
	}
	d := &dialer{
		policy: p, proxy: o.Proxy, resolve: o.Resolve, connect: o.Connect, timeout: cmp.Or(o.Timeout, defaultTimeout),
		tls:    &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs},
		agent:  "straykey/" + cmp.Or(o.Version, "dev"),
		pinned: map[string][]netip.Addr{},
	}
	if d.resolve == nil {
		d.resolve = lookup
	}
	if d.connect == nil {
		d.connect = connectTCP
	}
	return d.network(d.tls.Clone()), nil
}

func (d *dialer) network(config *tls.Config) *Network {
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true)
	return &Network{dialer: d, tls: config, client: &http.Client{
		Timeout:       d.timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            d.dial,
			TLSClientConfig:        config.Clone(),
			TLSHandshakeTimeout:    d.timeout,
			ResponseHeaderTimeout:  d.timeout,
			MaxResponseHeaderBytes: maxHeader,
			DisableCompression:     true,
			Protocols:              protocols,
			MaxIdleConnsPerHost:    maxIdle,
			MaxIdleConns:           32 * maxIdle,
			IdleConnTimeout:        idleTimeout,
		},
	}}
}

// WithTLS returns a network under the same rules with other authorities, or with certificates to show. The caller
// closes it.
func (n *Network) WithTLS(change func(*tls.Config)) *Network {
	c := n.tls.Clone()
	change(c)
	c.MinVersion = max(c.MinVersion, tls.VersionTLS12)
	return n.network(c)
}

// Close ends the connections that wait for another request.
func (n *Network) Close() { n.client.CloseIdleConnections() }

// TLS returns a configuration for clients other than HTTP: TLS 1.2 and up, the authorities of the options.
func (n *Network) TLS(serverName string) *tls.Config {
	c := n.tls.Clone()
	c.ServerName = serverName
	return c
}

// ViaProxy reports whether connections go through a proxy, so that their remote address is the proxy's.
func (n *Network) ViaProxy() bool { return n.proxy != nil }

// Dial connects to host:port by TCP, for clients other than HTTP. The connection ends when the deadline of ctx is over.
func (n *Network) Dial(ctx context.Context, address string) (net.Conn, error) {
	conn, err := n.dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return conn, nil
}

// Do sends a request and returns the response, which the caller closes. Redirects are returned and not followed, the
// body is limited to MaxBody, and reading it ends with an error if the response was cut short of its length. Without TLS it goes to what
// Options.Allow names, and nowhere else. Errors do not hold the URL, which may hold a secret.
func (n *Network) Do(r *http.Request) (*http.Response, error) {
	host := r.URL.Hostname()
	address := net.JoinHostPort(host, cmp.Or(r.URL.Port(), map[string]string{"http": "80", "https": "443"}[r.URL.Scheme]))
	switch {
	case r.URL.Scheme == "http" && !n.allowsPlain(host):
		return nil, &RefusedError{host, "without TLS"}
	case r.URL.Scheme != "http" && r.URL.Scheme != "https":
		return nil, &RefusedError{host, "not by HTTP"}
	}
	if err := inScope(r.Context(), address); err != nil { // a connection that waits for requests is not dialled
		return nil, err
	}
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", n.agent)
	}
	response, err := n.client.Do(r)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err
		}
		return nil, fmt.Errorf("ask %s: %w", printableHost(host), err)
	}
	response.Body = &limitedBody{ReadCloser: response.Body, left: MaxBody}
	return response, nil
}

// dial checks and connects. It is also what the HTTP client dials with.
func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if network != "tcp" {
		return nil, fmt.Errorf("dial by %s: only tcp is supported", network)
	}
	host, port, err := splitAddress(address)
	if err != nil {
		return nil, err
	}
	if err := inScope(ctx, address); err != nil {
		return nil, err
	}
	addresses, err := d.addresses(ctx, host)
	if d.proxy != nil {
		if err != nil && !(isUnresolved(err) && mayBePublic(host)) {
			return nil, err
		}
		return d.dialProxy(ctx, net.JoinHostPort(host, fmt.Sprint(port)))
	}
	if err != nil {
		return nil, err
	}
	return d.connectAny(ctx, addresses, port)
}

// addresses returns those addresses of a host that may be dialled.
func (d *dialer) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		if !d.allows(host, a) {
			return nil, &RefusedError{host, "not a public address"}
		}
		return []netip.Addr{a.Unmap()}, nil
	}
	if d.names[host] {
		if pinned := d.pins(host); pinned != nil {
			return pinned, nil
		}
	}
	all, err := d.resolve(ctx, host)
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", host, err)
	}
	var good []netip.Addr
	for _, a := range all {
		if a = a.Unmap(); d.allows(host, a) && !slices.Contains(good, a) {
			good = append(good, a)
		}
	}
	if len(good) == 0 {
		return nil, &RefusedError{host, "it has no public address"}
	}
	if d.names[host] {
		return d.pin(host, good), nil
	}
	return good, nil
}

func (d *dialer) pins(host string) []netip.Addr {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.pinned[host]
}

// pin keeps the addresses of a host, unless another goroutine was first.
func (d *dialer) pin(host string, addresses []netip.Addr) []netip.Addr {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.pinned[host] == nil {
		d.pinned[host] = addresses
	}
	return d.pinned[host]
}

// connectAny connects to the first address that answers.
func (d *dialer) connectAny(ctx context.Context, addresses []netip.Addr, port uint16) (net.Conn, error) {
	var failed error
	for _, a := range addresses[:min(len(addresses), maxTried)] {
		one, cancel := context.WithTimeout(ctx, dialTimeout)
		conn, err := d.connect(one, netip.AddrPortFrom(a, port))
		cancel()
		if err == nil {
			return conn, nil
		}
		failed = err
		if ctx.Err() != nil {
			break
		}
	}
	return nil, failed
}

func connectTCP(ctx context.Context, address netip.AddrPort) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", address.String())
}

func lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

func isUnresolved(err error) bool {
	_, ok := errors.AsType[*net.DNSError](err)
	return ok
}

// printableHost is for messages: a host may have been taken from the scanned text.
func printableHost(host string) string {
	canonical, err := canonicalHost(host)
	if err != nil {
		return "a host"
	}
	return canonical
}
