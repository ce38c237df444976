package typed

import (
	"context"
	"errors"
	"net"
	netsmtp "net/smtp"
	"net/textproto"
	"slices"
	"strings"

	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/verdict"
)

var smtpFinder = finder{
	schemes: map[string]string{"smtp": "587", "smtps": "465", "submission": "587", "submissions": "465"},
	others:  []func(*verify.Credential) (*account, error){amazonSES},
}

var sesHost = lazy(`\bemail-smtp\.[a-z0-9-]{4,30}\.amazonaws\.com\b`)

// amazonSES finds the server of a password for Amazon's Simple Email Service, whose user is a key id.
func amazonSES(c *verify.Credential) (*account, error) {
	user := c.Parts["user"]
	host := sesHost().FindString(c.Match + "\n" + c.Around)
	if user == "" || host == "" {
		return nil, errNoAddress
	}
	a := &account{scheme: "smtp", user: user, password: c.Secret}
	return a, a.addHosts(host, "587")
}

// smtp signs in to a mail server, and sends no mail.
type smtp struct{}

func (smtp) ask(ctx context.Context, n *guard.Network, host string, a *account) verify.Answer {
	if a.user == "" {
		return notCheckable(errNoUser)
	}
	c, err := dial(ctx, n, host)
	if err != nil {
		return trouble(err)
	}
	defer c.Close()
	if _, port, _ := net.SplitHostPort(host); strings.HasSuffix(a.scheme, "s") || port == "465" {
		if err := c.startTLS(ctx); err != nil {
			return trouble(err)
		}
	}
	client, err := netsmtp.NewClient(c, c.host)
	if err != nil {
		return smtpRefused(err)
	}
	defer client.Close()
	if err := client.Hello("localhost"); err != nil {
		return smtpRefused(err)
	}
	if ok, _ := client.Extension("STARTTLS"); ok && !c.encrypted {
		if err := client.StartTLS(c.tlsConfig()); err != nil {
			return trouble(err)
		}
		c.encrypted = true
	}
	if out, ok := c.may(); !ok {
		return out
	}
	_, offered := client.Extension("AUTH")
	mechanism := smtpMechanism(strings.Fields(strings.ToUpper(offered)), a)
	if mechanism == nil {
		return c.note(verify.Undecided("the server offers no way to sign in with a password here"))
	}
	if err := client.Auth(mechanism); err != nil {
		return c.note(smtpRefused(err))
	}
	_ = client.Quit() // whether the goodbye arrives changes nothing
	out := answer(verdict.Active, "")
	out.Principal = a.user
	return c.note(out)
}

func smtpMechanism(offered []string, a *account) netsmtp.Auth {
	switch {
	case slices.Contains(offered, "PLAIN"):
		return plainAuth{a}
	case slices.Contains(offered, "LOGIN"):
		return loginAuth{a}
	case slices.Contains(offered, "CRAM-MD5"):
		return netsmtp.CRAMMD5Auth(a.user, a.password)
	}
	return nil
}

// plainAuth is PLAIN (RFC 4616). The standard library's refuses to be used without TLS; here that is decided before.
type plainAuth struct{ *account }

func (p plainAuth) Start(*netsmtp.ServerInfo) (string, []byte, error) {
	return "PLAIN", []byte("\x00" + p.user + "\x00" + p.password), nil
}

func (p plainAuth) Next(_ []byte, more bool) ([]byte, error) {
	if more {
		return nil, errUnexpected
	}
	return nil, nil
}

// loginAuth is LOGIN, of which there is no standard: the server asks for the user, then for the password.
type loginAuth struct{ *account }

func (l loginAuth) Start(*netsmtp.ServerInfo) (string, []byte, error) { return "LOGIN", nil, nil }

func (l loginAuth) Next(prompt []byte, more bool) ([]byte, error) {
	switch p := strings.ToLower(string(prompt)); {
	case !more:
		return nil, nil
	case strings.HasPrefix(p, "user"):
		return []byte(l.user), nil
	case strings.HasPrefix(p, "pass"):
		return []byte(l.password), nil
	}
	return nil, errUnexpected
}

var errUnexpected = errors.New("the server asked for what was not expected")

// smtpRefused tells what a refusal means (RFC 4954, section 6; RFC 5248 for the enhanced codes).
func smtpRefused(err error) verify.Answer {
	var te *textproto.Error
	if !errors.As(err, &te) {
		if errors.Is(err, errUnexpected) {
			return verify.Undecided(err.Error())
		}
		return trouble(err)
	}
	enhanced, _, _ := strings.Cut(te.Msg, " ")
	switch {
	case enhanced == "5.7.139": // Exchange: signing in by SMTP is switched off, or barred by policy
		return verify.Undecided("the server lets nobody sign in this way")
	case te.Code == 535:
		return answer(verdict.Inactive, "")
	case te.Code == 525:
		return answer(verdict.Forbidden, "the account is disabled")
	case te.Code == 432:
		return answer(verdict.Forbidden, "the password has to be changed")
	case te.Code == 534:
		return verify.Undecided("the server wants another way to sign in")
	case te.Code == 530, te.Code == 538:
		return verify.Undecided("the server demands TLS")
	case te.Code == 454, te.Code == 421, te.Code == 450, te.Code == 451, te.Code == 435:
		return temporary("the server cannot check the password now")
	}
	return verify.Undecided("the server refused for another reason than the password")
}
