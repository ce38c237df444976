package guard

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"code.dny.dev/ssrf"
)

// RefusedError says that nothing was sent, because the host may not be contacted.
type RefusedError struct {
	Host string // as it was asked for, in lower case
	Why  string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("refused to contact %s: %s", printableHost(e.Host), e.Why)
}

// policy says which addresses may be dialled.
type policy struct {
	public   *ssrf.Guardian  // passes what is public, and the networks allowed
	networks []netip.Prefix  // allowed
	names    map[string]bool // allowed, in lower case
}

func newPolicy(allow []string) (policy, error) {
	p := policy{names: map[string]bool{}}
	var v4, v6 []netip.Prefix
	for _, entry := range allow {
		prefix, err := parsePrefix(entry)
		if err != nil {
			host, err := canonicalHost(entry)
			if err != nil {
				return policy{}, fmt.Errorf("%q cannot be allowed: expected a name, an address or a network, for example \"ghe.corp.example\" or \"10.0.0.0/8\"", entry)
			}
			p.names[host] = true
			continue
		}
		p.networks = append(p.networks, prefix)
		if prefix.Addr().Is4() {
			v4 = append(v4, prefix)
		} else {
			v6 = append(v6, prefix)
		}
	}
	p.public = ssrf.New(
		ssrf.WithAnyPort(), ssrf.WithAnyNetwork(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...),
		ssrf.WithDeniedV4Prefixes(platform...),
	)
	return p, nil
}

// parsePrefix reads a network, or an address as a network of one.
func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil || p.Addr().Is4In6() {
		return netip.Prefix{}, fmt.Errorf("%q is no network", s)
	}
	return p.Masked(), nil
}

var (
	// platform are public addresses at which a cloud serves its own machines: Azure's WireServer.
	platform = []netip.Prefix{netip.MustParsePrefix("168.63.129.16/32")}
	// inner are the networks in which the hosts of an organisation stand, those of its machine included.
	inner = []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
		netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("127.0.0.0/8"),
		netip.MustParsePrefix("fc00::/7"), netip.MustParsePrefix("::1/128"),
	}
	// metadata are addresses in inner at which a cloud tells a machine its own credentials: AWS and Google (IPv6),
	// Alibaba.
	metadata = []netip.Addr{
		netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("fd20:ce::254"), netip.MustParseAddr("100.100.100.200"),
	}
)

// allows reports whether an address may be dialled under the name of a host.
func (p *policy) allows(host string, a netip.Addr) bool {
	a = a.Unmap()
	if a.Zone() != "" {
		return false
	}
	if p.public.SafeAddr(a) == nil && !embeds(a) || containing(p.networks, a) {
		return true
	}
	return p.names[host] && containing(inner, a) && !slices.Contains(metadata, a)
}

// embeds reports whether an address is one of ISATAP (RFC 5214), which a router may turn into the IPv4 address that it
// holds. Those of 6to4, Teredo and NAT64 are in networks that ssrf denies.
func embeds(a netip.Addr) bool {
	b := a.As16()
	return a.Is6() && b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe
}

func containing(list []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a) })
}

// allowsPlain reports whether a host is allowed by name or network.
func (p *policy) allowsPlain(host string) bool {
	host, err := canonicalHost(host)
	if err != nil {
		return false
	}
	a, err := netip.ParseAddr(host)
	return p.names[host] || err == nil && containing(p.networks, a.Unmap())
}

// splitAddress reads host:port, the host as canonicalHost returns it.
func splitAddress(address string) (string, uint16, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, fmt.Errorf("an address is not host:port")
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", 0, fmt.Errorf("the port of an address is not a number from 1 to 65535")
	}
	canonical, err := canonicalHost(host)
	return canonical, uint16(n), err
}

// canonicalHost returns a name in lower case without a dot at its end, or an address. Numbers that only some resolvers
// take for an address (2130706433, 0x7f.1, 0177.0.0.1) are refused, and so is what is no name of DNS.
func canonicalHost(host string) (string, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		if a.Zone() != "" {
			return "", &RefusedError{host, "an address with a zone"}
		}
		return a.Unmap().String(), nil
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return "", &RefusedError{host, "not a name of DNS"}
		}
	}
	if last := labels[len(labels)-1]; strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x") || len(name) > 253 {
		return "", &RefusedError{host, "not a name of DNS"}
	}
	return name, nil
}

// mayBePublic reports whether a name that nobody resolved may be one of the public DNS.
func mayBePublic(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil || !strings.Contains(host, ".") {
		return false
	}
	for _, suffix := range []string{".local", ".localhost", ".internal", ".intranet", ".private", ".corp", ".home", ".lan", ".arpa"} {
		if strings.HasSuffix(host, suffix) {
			return false
		}
	}
	return true
}

// scopeKey is the key under which a context says what it may be used to contact.
type scopeKey struct{}

// Scope returns a context with which only the given addresses (host:port) are contacted; *.example.com:27017 stands for
// all hosts below a name.
func Scope(ctx context.Context, addresses ...string) context.Context {
	allowed := map[string]bool{}
	for _, a := range addresses {
		name, below := strings.CutPrefix(a, "*.")
		if host, port, err := splitAddress(name); err == nil {
			if below {
				host = "*." + host
			}
			allowed[net.JoinHostPort(host, fmt.Sprint(port))] = true
		}
	}
	return context.WithValue(ctx, scopeKey{}, allowed)
}

func inScope(ctx context.Context, address string) error {
	host, port, err := splitAddress(address)
	if err != nil {
		return err
	}
	allowed, limited := ctx.Value(scopeKey{}).(map[string]bool)
	within := func(host string) bool { return allowed[net.JoinHostPort(host, fmt.Sprint(port))] }
	ok := !limited || within(host)
	for rest, more := host, true; more && !ok; {
		_, rest, more = strings.Cut(rest, ".")
		ok = more && within("*."+rest)
	}
	if !ok {
		return &RefusedError{host, "the check did not say that it would ask there"}
	}
	return nil
}
