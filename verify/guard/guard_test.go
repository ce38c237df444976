package guard

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// noDial is a network in which a connection fails the test.
func noDial(t *testing.T, o Options) *Network {
	t.Helper()
	o.Connect = func(_ context.Context, a netip.AddrPort) (net.Conn, error) {
		t.Errorf("connected to %s", a)
		return nil, errors.New("no network here")
	}
	return network(t, o)
}

func network(t *testing.T, o Options) *Network {
	t.Helper()
	n, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

// to resolves every name to the given addresses.
func to(addresses ...string) func(context.Context, string) ([]netip.Addr, error) {
	return func(context.Context, string) ([]netip.Addr, error) {
		var out []netip.Addr
		for _, a := range addresses {
			out = append(out, netip.MustParseAddr(a))
		}
		return out, nil
	}
}

// via connects to a test server, whatever the address, and writes down which it was.
func via(server string, seen *[]string) func(context.Context, netip.AddrPort) (net.Conn, error) {
	return func(ctx context.Context, a netip.AddrPort) (net.Conn, error) {
		if seen != nil {
			*seen = append(*seen, a.String())
		}
		var d net.Dialer
		return d.DialContext(ctx, "tcp", server)
	}
}

// ask sends a GET by HTTP, and dials the same host and port for a driver. Both must agree.
func ask(t *testing.T, n *Network, host string) error {
	t.Helper()
	u := url.URL{Scheme: "https", Host: net.JoinHostPort(host, "443"), Path: "/"}
	_, errHTTP := get(t, n, u.String())
	conn, errDial := n.Dial(t.Context(), net.JoinHostPort(host, "443"))
	if errDial == nil {
		conn.Close()
	}
	if isRefused(errHTTP) != isRefused(errDial) {
		t.Errorf("%s: HTTP %v, driver %v", host, errHTTP, errDial)
	}
	return errHTTP
}

func get(t *testing.T, n *Network, u string) (string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u, nil)
	if err != nil {
		return "", &RefusedError{u, "no URL"}
	}
	response, err := n.Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return fmt.Sprintf("%d %s", response.StatusCode, body), err
}

func isRefused(err error) bool {
	_, ok := errors.AsType[*RefusedError](err)
	return ok
}

// forbidden is one address at least of every range that is not the public internet.
var forbidden = []string{
	"0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "100.100.100.200", "127.0.0.1", "127.255.255.254",
	"169.254.0.1", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1",
	"192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250",
	"240.0.0.1", "255.255.255.255", "168.63.129.16",
	"::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1",
	"64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::a00:1", "100::1", "2001::1", "2001:0:7f00:1::", "2001:2::1", "2001:10::1",
	"2001:20::1", "2001:db8::1", "2002:7f00:1::1", "2002:a00:1::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fd20:ce::254",
	"fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "2a00:1450::5efe:10.0.0.1", "2a00:1450::200:5efe:192.168.0.1",
}

func TestForbiddenAddresses(t *testing.T) {
	for _, a := range forbidden {
		if err := ask(t, noDial(t, Options{}), a); !isRefused(err) {
			t.Errorf("%s as a host: %v", a, err)
		}
		if err := ask(t, noDial(t, Options{Resolve: to(a)}), "api.example.com"); !isRefused(err) {
			t.Errorf("%s as what a name resolves to: %v", a, err)
		}
		proxy := &url.URL{Scheme: "http", Host: "10.9.9.9:3128"}
		if err := ask(t, noDial(t, Options{Resolve: to(a), Proxy: proxy}), "api.example.com"); !isRefused(err) {
			t.Errorf("%s behind a proxy: %v", a, err)
		}
	}
}

func TestPublicAddresses(t *testing.T) {
	for _, a := range []string{"8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.1", "100.128.0.1", "::ffff:8.8.8.8", "2a00:1450:4001::1", "2606:4700::1111"} {
		var seen []string
		n := network(t, Options{Resolve: to(a), Connect: func(_ context.Context, a netip.AddrPort) (net.Conn, error) {
			seen = append(seen, a.String())
			return nil, errors.New("unplugged")
		}})
		if err := ask(t, n, "api.example.com"); isRefused(err) || len(seen) != 2 {
			t.Errorf("%s: %v, dialled %v", a, err, seen)
		}
	}
}

// Spellings of addresses that some resolvers understand, and what is no name at all.
func TestOddHosts(t *testing.T) {
	for _, host := range []string{
		"2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "127.1", "127.0.1", "127.0.0.1.", "1.2.3.4.5", "127.0.0.01",
		"１２７.0.0.1", "127。0。0。1", "ⓛocalhost", "a..b", "", "a b", "a/b", "a\x00b", "a%2e.b", "user@host", "*.example.com",
	} {
		n := noDial(t, Options{Resolve: to("8.8.8.8")})
		if _, err := n.Dial(t.Context(), net.JoinHostPort(host, "443")); !isRefused(err) {
			t.Errorf("%q: %v", host, err)
		}
		u := &url.URL{Scheme: "https", Host: net.JoinHostPort(host, "443"), Path: "/"}
		response, err := n.Do(&http.Request{Method: "GET", URL: u})
		if err == nil {
			response.Body.Close()
			t.Errorf("%q: answered", host)
		}
	}
	for _, address := range []string{"host", "host:", "host:0", "host:65536", "host:https", ":443", "a:b:c"} {
		if _, err := noDial(t, Options{Resolve: to("8.8.8.8")}).Dial(t.Context(), address); err == nil {
			t.Errorf("%q was dialled", address)
		}
	}
}

func TestAllow(t *testing.T) {
	tests := []struct {
		allow    []string
		host     string
		resolves string
		want     bool
	}{
		{[]string{"10.0.0.0/8"}, "10.1.2.3", "", true},
		{[]string{"10.0.0.0/8"}, "11.1.2.3", "", true},
		{[]string{"10.0.0.0/8"}, "ghe.corp.example", "10.1.2.3", true},
		{[]string{"10.0.0.0/8"}, "ghe.corp.example", "192.168.0.1", false},
		{[]string{"10.1.2.3"}, "10.1.2.3", "", true},
		{[]string{"10.1.2.3"}, "10.1.2.4", "", false},
		{[]string{"10.1.2.3"}, "::ffff:10.1.2.3", "", true},
		{[]string{"127.0.0.1"}, "::1", "", false},
		{[]string{"::1"}, "::1", "", true},
		{[]string{"fd00::/8"}, "vault.example", "fd12::1", true},
		{[]string{"ghe.corp.example"}, "ghe.corp.example", "10.1.2.3", true},
		{[]string{"GHE.corp.example."}, "ghe.CORP.example", "10.1.2.3", true},
		{[]string{"ghe.corp.example"}, "ghe.corp.example", "8.8.8.8", true},
		{[]string{"ghe.corp.example"}, "evil.corp.example", "10.1.2.3", false},
		{[]string{"ghe.corp.example"}, "a.ghe.corp.example", "10.1.2.3", false},
		{[]string{"localhost"}, "localhost", "127.0.0.1", true},
		{[]string{"localhost"}, "127.0.0.1", "", false},
		{[]string{"ghe.corp.example"}, "ghe.corp.example", "169.254.169.254", false},
		{[]string{"ghe.corp.example"}, "ghe.corp.example", "fd00:ec2::254", false},
		{[]string{"ghe.corp.example"}, "ghe.corp.example", "100.100.100.200", false},
		{[]string{"ghe.corp.example"}, "ghe.corp.example", "168.63.129.16", false},
		{[]string{"ghe.corp.example"}, "ghe.corp.example", "224.0.0.1", false},
		{[]string{"169.254.169.254/32"}, "ghe.corp.example", "169.254.169.254", true},
	}
	for _, tt := range tests {
		dialled := 0
		n := network(t, Options{Allow: tt.allow, Connect: func(context.Context, netip.AddrPort) (net.Conn, error) {
			dialled++
			return nil, errors.New("unplugged")
		}})
		n.resolve = func(context.Context, string) ([]netip.Addr, error) { return to(tt.resolves)(t.Context(), "") }
		err := ask(t, n, tt.host)
		if isRefused(err) == tt.want || (dialled == 2) != tt.want {
			t.Errorf("%v allows %s (%s): %v after %d dials, want %v", tt.allow, tt.host, tt.resolves, err, dialled, tt.want)
		}
	}
	for _, bad := range []string{"", "10.0.0.0/33", "a b", "http://ghe.corp.example", "*.corp.example", "10.0.0.1:80", "2130706433"} {
		if _, err := New(Options{Allow: []string{bad}}); err == nil {
			t.Errorf("%q may be allowed", bad)
		}
	}
}

// A name that resolves to a public address when it is looked up first, and to an inner one after that.
func TestRebinding(t *testing.T) {
	for _, driver := range []bool{false, true} {
		lookups := 0
		flip := func(context.Context, string) ([]netip.Addr, error) {
			lookups++
			if lookups == 1 {
				return to("8.8.8.8")(t.Context(), "")
			}
			return to("127.0.0.1")(t.Context(), "")
		}
		var seen []string
		n := network(t, Options{Resolve: flip, Connect: func(_ context.Context, a netip.AddrPort) (net.Conn, error) {
			seen = append(seen, a.String())
			return nil, errors.New("unplugged")
		}})
		for i, wantRefused := range []bool{false, true, true} {
			var err error
			if driver {
				_, err = n.Dial(t.Context(), "rebind.example.com:443")
			} else {
				_, err = get(t, n, "https://rebind.example.com/")
			}
			if isRefused(err) != wantRefused || lookups != i+1 {
				t.Errorf("driver %v, attempt %d: %v after %d lookups", driver, i, err, lookups)
			}
		}
		if got := strings.Join(seen, " "); got != "8.8.8.8:443" {
			t.Errorf("driver %v: dialled %s", driver, got)
		}
	}

	// Both at once: only the public one is dialled.
	var seen []string
	n := network(t, Options{Resolve: to("127.0.0.1", "::1", "8.8.8.8"), Connect: func(_ context.Context, a netip.AddrPort) (net.Conn, error) {
		seen = append(seen, a.String())
		return nil, errors.New("unplugged")
	}})
	if _, err := get(t, n, "https://both.example.com/"); isRefused(err) || len(seen) != 1 || seen[0] != "8.8.8.8:443" {
		t.Errorf("%v, dialled %v", err, seen)
	}
}

// An allowed name keeps the addresses that it had first.
func TestPinned(t *testing.T) {
	var seen []string
	n := network(t, Options{Allow: []string{"ghe.corp.example"}, Resolve: to("10.0.0.5"), Connect: func(_ context.Context, a netip.AddrPort) (net.Conn, error) {
		seen = append(seen, a.String())
		return nil, errors.New("unplugged")
	}})
	get(t, n, "https://ghe.corp.example/")
	n.resolve = to("10.0.0.1")
	get(t, n, "https://ghe.corp.example/")
	if want := "10.0.0.5:443 10.0.0.5:443"; strings.Join(seen, " ") != want {
		t.Errorf("dialled %v, want %s", seen, want)
	}
}

// secure starts a TLS server, and returns options for a network in which every public name leads to it.
func secure(t *testing.T, h http.HandlerFunc) (*httptest.Server, Options) {
	t.Helper()
	s := httptest.NewTLSServer(h)
	t.Cleanup(s.Close)
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return s, Options{RootCAs: pool, Resolve: to("8.8.8.8"), Connect: via(s.Listener.Addr().String(), nil), Version: "1.2.3"}
}

func TestRequest(t *testing.T) {
	requests := 0
	_, o := secure(t, func(w http.ResponseWriter, r *http.Request) {
		requests++
		if got := r.UserAgent(); got != "straykey/1.2.3" {
			t.Errorf("User-Agent %q", got)
		}
		if r.Proto != "HTTP/1.1" || len(r.Cookies()) > 0 || r.Header.Get("Accept-Encoding") != "" {
			t.Errorf("%s with %v", r.Proto, r.Header)
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
		fmt.Fprint(w, "hello")
	})
	n := network(t, o)
	for range 2 {
		if got, err := get(t, n, "https://example.com/"); err != nil || got != "200 hello" {
			t.Errorf("%q, %v", got, err)
		}
	}
	if requests != 2 {
		t.Errorf("%d requests", requests)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	var hits atomic.Int32
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer inner.Close()
	_, o := secure(t, func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		http.Redirect(w, r, inner.URL, http.StatusTemporaryRedirect)
	})
	got, err := get(t, network(t, o), "https://example.com/")
	if err != nil || !strings.HasPrefix(got, "307 ") || hits.Load() != 1 {
		t.Errorf("%q, %v, %d requests", got, err, hits.Load())
	}
}

func TestBodies(t *testing.T) {
	const slow = 300 * time.Millisecond // longer than the time limit below
	tests := []struct {
		name string
		h    http.HandlerFunc
		want string
	}{
		{"at the limit", func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, MaxBody)) }, ""},
		{"over the limit", func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, MaxBody+1)) }, "the response is too large"},
		{"endless", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		}, "the response is too large"},
		{"cut", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			fmt.Fprint(w, "12345")
		}, "the connection broke"},
		{"cut in chunks", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "12345")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, "the connection broke"},
		{"large headers", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("A", strings.Repeat("a", 2*maxHeader)) }, "network error"},
		{"slow", func(http.ResponseWriter, *http.Request) { time.Sleep(slow) }, "timed out"},
		{"slow body", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "1")
			w.(http.Flusher).Flush()
			time.Sleep(slow)
		}, "timed out"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, o := secure(t, tt.h)
			o.Timeout = 2 * time.Second
			if strings.HasPrefix(tt.name, "slow") {
				o.Timeout = 100 * time.Millisecond
			}
			_, err := get(t, network(t, o), "https://example.com/?token=s3cr3t")
			got := ""
			if err != nil {
				got, _ = Reason(err)
				if strings.Contains(err.Error(), "s3cr3t") {
					t.Errorf("the error tells the URL: %v", err)
				}
			}
			if got != tt.want {
				t.Errorf("%q (%v), want %q", got, err, tt.want)
			}
		})
	}
}

func TestTLS(t *testing.T) {
	s, o := secure(t, func(http.ResponseWriter, *http.Request) {})
	for name, tt := range map[string]struct {
		change func(*Options)
		url    string
		want   string
	}{
		"not trusted":   {func(o *Options) { o.RootCAs = nil }, "https://example.com/", "the certificate of the host is not trusted"},
		"other name":    {func(*Options) {}, "https://other.example.org/", "the certificate of the host is not trusted"},
		"without TLS":   {func(*Options) {}, "http://example.com/", "the network guard refused the host"},
		"other schemes": {func(*Options) {}, "ftp://example.com/", "the network guard refused the host"},
	} {
		options := o
		tt.change(&options)
		_, err := get(t, network(t, options), tt.url)
		if err == nil {
			t.Errorf("%s: answered", name)
		} else if got, _ := Reason(err); got != tt.want {
			t.Errorf("%s: %q (%v), want %q", name, got, err, tt.want)
		}
	}
	s.TLS.MaxVersion = tls.VersionTLS11
	if _, err := get(t, network(t, o), "https://example.com/"); err == nil {
		t.Error("TLS 1.1 was accepted")
	}

	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer plain.Close()
	if got, err := get(t, network(t, Options{Allow: []string{"127.0.0.1"}}), plain.URL); err != nil || got != "200 " {
		t.Errorf("plain HTTP to an allowed host: %q, %v", got, err)
	}
	o.Connect = via(plain.Listener.Addr().String(), nil)
	if _, err := get(t, network(t, o), "https://example.com/"); err == nil {
		t.Error("a host without TLS answered")
	} else if got, _ := Reason(err); got != "the host does not speak TLS" {
		t.Errorf("%q (%v)", got, err)
	}
}

// Another TLS configuration changes nothing else.
func TestWithTLS(t *testing.T) {
	_, o := secure(t, func(http.ResponseWriter, *http.Request) {})
	roots := o.RootCAs
	o.RootCAs = nil
	n := network(t, o)
	if _, err := get(t, n, "https://example.com/"); err == nil {
		t.Error("the certificate is trusted")
	}
	trusting := n.WithTLS(func(c *tls.Config) { c.RootCAs, c.MinVersion = roots, tls.VersionTLS10 })
	defer trusting.Close()
	if _, err := get(t, trusting, "https://example.com/"); err != nil {
		t.Error(err)
	}
	if got := trusting.TLS("x").MinVersion; got != tls.VersionTLS12 {
		t.Errorf("TLS from version %x", got)
	}
	if _, err := get(t, trusting, "https://10.0.0.1/"); !isRefused(err) {
		t.Errorf("a private address: %v", err)
	}
}

// The environment's proxies would be asked before the guard is: net/http looks at them only if it is told to.
func TestEnvironmentProxyIsIgnored(t *testing.T) {
	transport, ok := network(t, Options{}).client.Transport.(*http.Transport)
	if !ok || transport.Proxy != nil || transport.DialContext == nil || transport.DialTLSContext != nil {
		t.Errorf("the transport is %+v", transport)
	}
}

// proxyServer is a proxy that passes every CONNECT on to one server, and writes down what it was asked.
func proxyServer(t *testing.T, server string, status string) (address string, asked *[]string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	asked = &[]string{}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			r, err := http.ReadRequest(bufio.NewReader(conn))
			if err != nil {
				conn.Close()
				continue
			}
			*asked = append(*asked, r.Method+" "+r.Host+" "+r.Header.Get("Proxy-Authorization"))
			fmt.Fprintf(conn, "HTTP/1.1 %s\r\n\r\n", status)
			if !strings.HasPrefix(status, "200") {
				conn.Close()
				continue
			}
			back, err := net.Dial("tcp", server)
			if err != nil {
				conn.Close()
				continue
			}
			go func() { io.Copy(back, conn); back.Close() }()
			go func() { io.Copy(conn, back); conn.Close() }()
		}
	}()
	return l.Addr().String(), asked
}

func TestProxy(t *testing.T) {
	s, o := secure(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })
	o.Connect = nil
	address, asked := proxyServer(t, s.Listener.Addr().String(), "200 OK")
	o.Proxy = &url.URL{Scheme: "http", Host: address, User: url.UserPassword("u", "p")}
	n := network(t, o)
	if got, err := get(t, n, "https://example.com/"); err != nil || got != "200 hello" {
		t.Errorf("%q, %v", got, err)
	}
	conn, err := n.Dial(t.Context(), "db.example.com:5432")
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if got, want := strings.Join(*asked, ", "), "CONNECT example.com:443 Basic dTpw, CONNECT db.example.com:5432 Basic dTpw"; got != want {
		t.Errorf("asked %s, want %s", got, want)
	}

	// What cannot be resolved here may still be public, and is left to the proxy. Inner names are not.
	n.resolve = func(_ context.Context, host string) ([]netip.Addr, error) {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if _, err := get(t, n, "https://example.com/fresh"); err != nil {
		t.Error(err)
	}
	*asked = nil
	for _, host := range []string{"vault", "vault.internal", "printer.local", "a.svc.cluster.local"} {
		if _, err := n.Dial(t.Context(), host+":443"); err == nil || len(*asked) > 0 {
			t.Errorf("%s: %v, the proxy was asked %v", host, err, *asked)
		}
	}

	for _, status := range []string{"407 Proxy Authentication Required", "403 Forbidden", "502 Bad Gateway", "\x00"} {
		address, _ := proxyServer(t, s.Listener.Addr().String(), status)
		o.Proxy = &url.URL{Scheme: "http", Host: address}
		if _, err := get(t, network(t, o), "https://example.com/"); err == nil {
			t.Errorf("the proxy answered %s, and there is a response", status)
		}
	}
	for _, bad := range []string{"socks5://10.0.0.1:1080", "10.0.0.1:3128", "http://"} {
		u, err := url.Parse(bad)
		if err != nil {
			u = &url.URL{Opaque: bad}
		}
		if _, err := New(Options{Proxy: u}); err == nil {
			t.Errorf("%s is accepted as a proxy", bad)
		}
	}
}

func TestScope(t *testing.T) {
	_, o := secure(t, func(http.ResponseWriter, *http.Request) {})
	n := network(t, o)
	ctx := Scope(t.Context(), "Example.com:443")
	for _, tt := range []struct {
		url  string
		want bool
	}{{"https://example.com/", true}, {"https://www.example.com/", false}, {"https://example.com:8443/", false}} {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, tt.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time over the connection of the first
			response, err := n.Do(r)
			if err == nil {
				response.Body.Close()
			}
			if isRefused(err) == tt.want {
				t.Errorf("%s: %v, want %v", tt.url, err, tt.want)
			}
		}
	}
	if _, err := n.Dial(ctx, "db.example.com:5432"); !isRefused(err) {
		t.Errorf("a driver left the scope: %v", err)
	}
	below := Scope(t.Context(), "*.example.com:443")
	for host, want := range map[string]bool{
		"a.example.com:443": true, "a.b.example.com:443": true, "example.com:443": false, "a.example.com:80": false,
		"aexample.com:443": false, "example.com.evil.org:443": false,
	} {
		c, err := n.Dial(below, host)
		if err == nil {
			c.Close()
		}
		if isRefused(err) == want {
			t.Errorf("%s: %v, want %t", host, err, want)
		}
	}
	// A connection that is open already is no way around it.
	if _, err := get(t, n, "https://www.example.com/"); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://www.example.com/", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := n.Do(r)
	if err == nil {
		response.Body.Close()
	}
	if !isRefused(err) {
		t.Errorf("a request left the scope: %v", err)
	}
}

func TestDialDeadline(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	conn, err := network(t, Options{Allow: []string{"127.0.0.0/8"}}).Dial(ctx, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Read(make([]byte, 1)); !isTimeout(err) {
		t.Errorf("read: %v", err)
	}
}

func FuzzHost(f *testing.F) {
	for _, host := range append(forbidden, "example.com", "0x7f.1", "ⓛocalhost") {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		name, err := canonicalHost(host)
		if err != nil {
			return
		}
		if again, err := canonicalHost(name); err != nil || again != name {
			t.Errorf("%q is %q, and that is %q (%v)", host, name, again, err)
		}
		if ip := net.ParseIP(host); ip != nil {
			if _, err := netip.ParseAddr(name); err != nil {
				t.Errorf("%q is the address %s, and taken for a name", host, ip)
			}
		}
	})
}
