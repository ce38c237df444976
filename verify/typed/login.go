package typed

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/verdict"
)

// account is what a login needs: where, as whom, with what. Its texts are decoded.
type account struct {
	scheme         string   // of the address, without what follows a +: "postgres", "rediss"
	hosts          []string // host:port
	user, password string
	database       string // the path without its first slash
	options        url.Values
}

// asker signs in to the server at host (host:port) as the account says.
type asker interface {
	ask(ctx context.Context, n *guard.Network, host string, a *account) verify.Answer
}

// login is a check that signs in with user and password.
type login struct {
	find  finder
	asker asker
}

// Targets implements [verify.Check].
func (l login) Targets(c *verify.Credential) ([]verify.Target, error) {
	a, err := l.find.account(c)
	if err != nil {
		return nil, err
	}
	host, err := a.target()
	return []verify.Target{{Host: host}}, err
}

// target returns where the account is asked: its first host, or, where DNS tells which they are, the domain they are in.
func (a *account) target() (string, error) {
	if a.scheme != "mongodb+srv" {
		return a.hosts[0], nil
	}
	_, domain, _ := strings.Cut(a.hosts[0], ".")
	if !strings.Contains(domain, ".") {
		return "", errNoHost // and not all of a top-level domain
	}
	return "*." + domain, nil
}

// Principal implements [verify.Principaler].
func (l login) Principal(c *verify.Credential) string {
	a, err := l.find.account(c)
	if err != nil {
		return ""
	}
	return a.user
}

// Ask implements [verify.Check]. Of several hosts it asks the first: they are one service, and a second answer is a
// second attempt.
func (l login) Ask(ctx context.Context, n *guard.Network, c *verify.Credential) verify.Answer {
	a, err := l.find.account(c)
	if err != nil {
		return notCheckable(err)
	}
	out := l.asker.ask(ctx, n, a.hosts[0], a)
	if out.Host == "" {
		out.Host = a.hosts[0]
	}
	return out
}

// finder says how the address of a login is found around its password.
type finder struct {
	schemes map[string]string // with the port of each
	user    string            // if the address names none
	// others read what is no URI: a line of a file, a DSN.
	others []func(c *verify.Credential) (*account, error)
}

var (
	errNoAddress = errors.New("no address with a host was found beside the password")
	errNoUser    = errors.New("its address names no user")
	errNoHost    = errors.New("its address names no host, or one that is to be filled in")
	hostName     = lazy(`^(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?\.?|[0-9A-Fa-f:.]{2,45})$`)
)

// account finds the login that the credential belongs to: the address in its match, then one around it that holds
// the same password.
func (f finder) account(c *verify.Credential) (*account, error) {
	a, err := f.uri(c)
	for _, other := range f.others {
		if !errors.Is(err, errNoAddress) {
			break
		}
		a, err = other(c)
	}
	if err != nil {
		return nil, err
	}
	if a.user == "" {
		a.user = f.user
	}
	return a, nil
}

func (f finder) uri(c *verify.Credential) (*account, error) {
	found, err := (*account)(nil), errNoAddress
	for _, text := range []string{c.Around, c.Match, c.Secret} {
		for at := range addresses(text) {
			raw := text[at:]
			raw = raw[:addressEnd(raw)]
			a, aErr := f.parse(raw, c.Secret)
			if errors.Is(aErr, errNoAddress) {
				continue
			}
			if c.Match != "" && strings.HasPrefix(text[at:], c.Match) || text == c.Match {
				return a, aErr
			}
			if errors.Is(err, errNoAddress) {
				found, err = a, aErr
			}
		}
	}
	return found, err
}

// maxAddress bounds an address in bytes, as URLs are cut elsewhere.
const maxAddress = 4096

// addresses yields where addresses with a scheme begin.
func addresses(text string) func(func(int) bool) {
	return func(yield func(int) bool) {
		for from := 0; ; {
			i := strings.Index(text[from:], "://")
			if i < 0 {
				return
			}
			i += from
			start := i
			for start > from && isSchemeByte(text[start-1]) {
				start--
			}
			if start < i && !yield(start) {
				return
			}
			from = i + 3
		}
	}
}

func isSchemeByte(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'
}

// addressEnd returns where an address ends that text begins with.
func addressEnd(text string) int {
	text = text[:min(len(text), maxAddress)]
	if i := strings.IndexAny(text, " \t\r\n\"'`<>\\|^"); i >= 0 {
		return i
	}
	return len(text)
}

// parse reads scheme://user:password@host:port,host/database?options, in which password may hold what should have been
// escaped. It says errNoAddress of what is no address of this kind with the secret as its password.
func (f finder) parse(raw, secret string) (*account, error) {
	scheme, rest, ok := strings.Cut(raw, "://")
	full := strings.ToLower(scheme)
	base, _, _ := strings.Cut(full, "+")
	port, known := f.schemes[full]
	if !known {
		port, known = f.schemes[base]
	}
	if !ok || !known {
		return nil, errNoAddress
	}
	userinfo, hosts, ok := cutUserinfo(rest, secret)
	if !ok {
		return nil, errNoAddress
	}
	user, password, hasPassword := strings.Cut(userinfo, ":")
	if !hasPassword || password == "" {
		user, password = "", user
	}
	if password != secret {
		return nil, errNoAddress
	}
	a := &account{scheme: base, user: unescape(user), password: unescape(password)}
	if _, ok := f.schemes[full]; ok {
		a.scheme = full
	}
	authority := hosts
	if i := strings.IndexAny(hosts, "/?#"); i >= 0 {
		authority = hosts[:i]
		path, query, _ := strings.Cut(hosts[i:], "?")
		path, _, _ = strings.Cut(path, "#")
		query, _, _ = strings.Cut(query, "#")
		a.database = unescape(strings.TrimPrefix(path, "/"))
		a.options, _ = url.ParseQuery(query) // what cannot be read of it is left out
	}
	return a, a.addHosts(authority, port)
}

// cutUserinfo cuts before the @ of the host: the one that follows the secret, or the last of the authority.
func cutUserinfo(rest, secret string) (userinfo, hosts string, ok bool) {
	if i := strings.Index(rest, secret+"@"); secret != "" && i >= 0 && i <= 256 {
		return rest[:i+len(secret)], rest[i+len(secret)+1:], true
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	i := strings.LastIndexByte(rest[:end], '@')
	if i < 0 {
		return "", "", false
	}
	return rest[:i], rest[i+1:], true
}

// maxHosts bounds the hosts of one address.
const maxHosts = 16

// addHosts reads host:port,host:port.
func (a *account) addHosts(authority, port string) error {
	authority = strings.TrimRight(authority, ".,;)]}")
	if strings.Count(authority, "[") > strings.Count(authority, "]") {
		authority += "]"
	}
	for h := range strings.SplitSeq(authority, ",") {
		host, err := hostPort(h, port)
		if err != nil {
			return err
		}
		if a.hosts = append(a.hosts, host); len(a.hosts) > maxHosts {
			return errNoHost
		}
	}
	return nil
}

// hostPort returns host:port in lower case, with the port given where h has none.
func hostPort(h, port string) (string, error) {
	host := h
	if i := strings.LastIndexByte(h, ':'); i >= 0 && !strings.HasSuffix(h, "]") && (strings.Count(h, ":") == 1 || strings.Contains(h, "]:")) {
		host = h[:i]
		if h[i+1:] != "" {
			port = h[i+1:]
		}
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if !hostName().MatchString(host) || !isPort(port) {
		return "", errNoHost
	}
	return net.JoinHostPort(strings.TrimSuffix(strings.ToLower(host), "."), port), nil
}

func isPort(s string) bool {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' || n > 65535 {
			return false
		}
		n = 10*n + int(s[i]-'0')
	}
	return n > 0 && n <= 65535
}

// unescape undoes percent-encoding, where the text is rightly encoded.
func unescape(s string) string {
	if out, err := url.PathUnescape(s); err == nil {
		return out
	}
	return s
}

// option returns an option of the address by any of its names, in lower case.
func (a *account) option(names ...string) string {
	for k, v := range a.options {
		if slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, k) }) && len(v) > 0 {
			return strings.ToLower(v[0])
		}
	}
	return ""
}

// around looks for what re finds in the match, then in the lines around it, and returns its groups.
func around(c *verify.Credential, re *regexp.Regexp) []string {
	for _, text := range []string{c.Match, c.Around} {
		if m := re.FindStringSubmatch(text); m != nil {
			return m[1:]
		}
	}
	return nil
}

// lazy compiles an expression when it is first needed, as most runs of the program need none.
func lazy(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

func notCheckable(err error) verify.Answer {
	return verify.Answer{Result: verdict.Result{Verdict: verdict.NotCheckable, Reason: err.Error()}}
}

// answer returns a verdict with a reason.
func answer(v verdict.Verdict, format string, args ...any) verify.Answer {
	return verify.Answer{Result: verdict.Result{Verdict: v, Reason: fmt.Sprintf(format, args...)}}
}

func temporary(reason string) verify.Answer {
	return verify.Answer{Result: verdict.Result{Verdict: verdict.Unknown, Reason: reason}, Temporary: true}
}
