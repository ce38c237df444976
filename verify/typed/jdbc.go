package typed

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/guard"
)

var jdbcURL = lazy("jdbc:([a-z]{2,20}):(?:[a-z]{2,20}:)?//([^\\s\"'`<>?;/]+)(?:/([^\\s\"'`<>?;]*))?([?;][^\\s\"'`<>]*)?")

// jdbc returns a function that reads the address of Java's drivers, jdbc:name://host:port/database?user=…&password=….
func jdbc(name, port string) func(*verify.Credential) (*account, error) {
	return func(c *verify.Credential) (*account, error) {
		for _, text := range []string{c.Match, c.Around} {
			for _, m := range jdbcURL().FindAllStringSubmatch(text, -1) {
				if m[1] != name {
					continue
				}
				options, _ := url.ParseQuery(strings.NewReplacer("&amp;", "&", ";", "&").Replace(strings.TrimLeft(m[4], "?;"))) // what cannot be read is left out
				a := &account{scheme: name, password: unescape(c.Secret), database: unescape(m[3]), options: options}
				for k, v := range options {
					if strings.EqualFold(k, "user") {
						a.user = v[0]
					}
				}
				if !holdsPassword(options, c.Secret) {
					continue
				}
				return a, a.addHosts(m[2], port)
			}
		}
		return nil, errNoAddress
	}
}

// holdsPassword reports whether options give secret as the password, encoded or not.
func holdsPassword(options url.Values, secret string) bool {
	for k, v := range options {
		if strings.EqualFold(k, "password") && (v[0] == secret || v[0] == unescape(secret) || strings.HasPrefix(secret, v[0])) {
			return true
		}
	}
	return false
}

// firstOf is a check of credentials that may be of several kinds: the first that finds its address asks.
type firstOf []login

// Targets implements [verify.Check].
func (f firstOf) Targets(c *verify.Credential) ([]verify.Target, error) {
	l, err := f.pick(c)
	if err != nil {
		return nil, err
	}
	return l.Targets(c)
}

// Principal implements [verify.Principaler].
func (f firstOf) Principal(c *verify.Credential) string {
	l, err := f.pick(c)
	if err != nil {
		return ""
	}
	return l.Principal(c)
}

// Ask implements [verify.Check].
func (f firstOf) Ask(ctx context.Context, n *guard.Network, c *verify.Credential) verify.Answer {
	l, err := f.pick(c)
	if err != nil {
		return notCheckable(err)
	}
	return l.Ask(ctx, n, c)
}

func (f firstOf) pick(c *verify.Credential) (login, error) {
	for _, l := range f {
		if _, err := l.find.account(c); !errors.Is(err, errNoAddress) {
			return l, err
		}
	}
	return login{}, errNoAddress
}
