package typed

import (
	"context"
	"errors"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/verdict"
)

var ldapFinder = finder{schemes: map[string]string{"ldap": "389", "ldaps": "636"}}

// directory binds to an LDAP server.
type directory struct{}

func (directory) ask(ctx context.Context, n *guard.Network, host string, a *account) verify.Answer {
	if a.user == "" || a.password == "" {
		return notCheckable(errNoUser) // an empty one is let in as nobody
	}
	l, c, err := ldapConnect(ctx, n, host, a.scheme == "ldaps", true)
	if ldapCode(err) != 0 && ldapCode(err) != goldap.ErrorNetwork {
		// It does not know StartTLS. A connection on which that was asked is of no more use.
		l, c, err = ldapConnect(ctx, n, host, false, false)
	}
	if err != nil {
		return trouble(err)
	}
	defer c.Close()
	defer l.Close()
	if out, ok := c.may(); !ok {
		return out
	}
	request := goldap.NewSimpleBindRequest(a.user, a.password, []goldap.Control{goldap.NewControlBeheraPasswordPolicy()})
	result, err := l.SimpleBind(request)
	if err != nil {
		return c.note(ldapRefused(err, result))
	}
	out := answer(verdict.Active, "")
	out.Principal = a.user
	if who, err := l.WhoAmI(nil); err == nil && who.AuthzID != "" {
		out.Principal = strings.TrimPrefix(strings.TrimPrefix(who.AuthzID, "dn:"), "u:")
	}
	_ = l.Unbind() // whether the goodbye arrives changes nothing
	return c.note(out)
}

// ldapConnect connects, with TLS from the start, or with TLS that is asked for.
func ldapConnect(ctx context.Context, n *guard.Network, host string, secure, upgrade bool) (*goldap.Conn, *conn, error) {
	c, err := dial(ctx, n, host)
	if err != nil {
		return nil, nil, err
	}
	if secure {
		if err := c.startTLS(ctx); err != nil {
			return nil, nil, errors.Join(err, c.Close())
		}
	}
	l := goldap.NewConn(c, secure)
	l.Start()
	if deadline, ok := ctx.Deadline(); ok {
		l.SetTimeout(time.Until(deadline))
	}
	if secure || !upgrade {
		return l, c, nil
	}
	if err := l.StartTLS(c.tlsConfig()); err != nil {
		_ = c.Close()
		return nil, nil, err
	}
	c.encrypted = true
	return l, c, nil
}

func ldapCode(err error) uint16 {
	var le *goldap.Error
	if errors.As(err, &le) {
		return le.ResultCode
	}
	return 0
}

// ldapData is the code that Active Directory gives beside invalidCredentials.
var ldapData = lazy(`\bdata ([0-9a-fA-F]{3,4})\b`)

// ldapRefused tells what a refusal means (RFC 4511, section 4.2.2; for the codes of Active Directory
// https://learn.microsoft.com/en-us/windows/win32/debug/system-error-codes; for the control of password policies
// draft-behera-ldap-password-policy).
func ldapRefused(err error, result *goldap.SimpleBindResult) verify.Answer {
	if result != nil {
		if p, ok := goldap.FindControl(result.Controls, goldap.ControlTypeBeheraPasswordPolicy).(*goldap.ControlBeheraPasswordPolicy); ok && p != nil {
			switch p.Error {
			case 0: // passwordExpired
				return answer(verdict.Forbidden, "the password has expired")
			case 1: // accountLocked
				return verify.Undecided("the account is locked")
			case 2: // changeAfterReset
				return answer(verdict.Forbidden, "the password has to be changed")
			}
		}
	}
	var le *goldap.Error
	if !errors.As(err, &le) {
		return trouble(err)
	}
	switch le.ResultCode {
	case goldap.LDAPResultInvalidCredentials:
		if m := ldapData().FindStringSubmatch(le.Err.Error()); m != nil {
			return activeDirectory(strings.ToLower(m[1]))
		}
		return answer(verdict.Inactive, "")
	case goldap.LDAPResultConfidentialityRequired, goldap.LDAPResultStrongAuthRequired:
		return verify.Undecided("the server demands TLS or a stronger way to sign in")
	case goldap.LDAPResultInvalidDNSyntax, goldap.LDAPResultNoSuchObject, goldap.LDAPResultNamingViolation:
		return verify.Undecided("the user is not written as the server wants it, as a distinguished name")
	case goldap.LDAPResultBusy, goldap.LDAPResultUnavailable, goldap.LDAPResultTimeLimitExceeded:
		return temporary("the server is busy")
	case goldap.LDAPResultInsufficientAccessRights:
		return answer(verdict.Forbidden, "the user may not sign in")
	case goldap.ErrorNetwork:
		return trouble(le.Err)
	}
	return verify.Undecided("the server refused for another reason than the password")
}

// activeDirectory tells what the code beside invalidCredentials means. Of all but the first two the server has seen
// that the password is right; of a locked account it has not looked.
func activeDirectory(code string) verify.Answer {
	switch code {
	case "52e", "525":
		return answer(verdict.Inactive, "")
	case "530", "531":
		return answer(verdict.Forbidden, "the user may not sign in at this time or from here")
	case "532", "773":
		return answer(verdict.Forbidden, "the password has to be changed")
	case "533":
		return answer(verdict.Forbidden, "the account is disabled")
	case "701":
		return answer(verdict.Forbidden, "the account has expired")
	case "775":
		return verify.Undecided("the account is locked")
	}
	return verify.Undecided("the server refused for another reason than the password")
}
