//go:build unix

package typed

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/straykey/straykey/internal/servers"
	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/verdict"
)

func TestRedis(t *testing.T) {
	password := newPassword()
	redis := check(t, "redis", Config{})
	login := func(scheme, user, host, password string) *verify.Credential {
		p := url.QueryEscape(password)
		return credential(scheme+"://"+user+":"+p+"@"+host+"/0", p)
	}
	authority := servers.NewAuthority(t)
	pair := authority.Issue("cache", "Acme", time.Now().Add(time.Hour))

	h := servers.NewHome(t)
	h.File("acl", strings.Join([]string{
		"user default on >" + password + " ~* &* +@all",
		"user reader on >" + password + " ~app:* +@read +acl|whoami +acl|getuser",
		"user writer on >" + password + " ~* +@read +@write +acl|whoami +acl|getuser",
		"user quiet on >" + password + " ~* +get",
		"user open on nopass ~* +@all",
		"user locked off >" + password + " ~* +@all",
	}, "\n")+"\n")
	addr, stop := servers.Redis(t, h, "aclfile {home}/acl")
	n := here(t, nil)
	for _, c := range []struct {
		user, password string
		verdict        verdict.Verdict
		reason         string
		privilege      string
	}{
		{"", password, verdict.Active, "without TLS", "admin"},
		{"default", password, verdict.Active, "without TLS", "admin"},
		{"reader", password, verdict.Active, "without TLS", "read"},
		{"writer", password, verdict.Active, "without TLS", "write"},
		{"quiet", password, verdict.Active, "without TLS", ""},
		{"", newPassword(), verdict.Inactive, "without TLS", ""},
		{"reader", newPassword(), verdict.Inactive, "without TLS", ""},
		{"gone", password, verdict.Inactive, "without TLS", ""},
		{"locked", password, verdict.Inactive, "without TLS", ""}, // Redis does not tell it from a wrong password
		{"open", newPassword(), verdict.Unknown, "whatever the password", ""},
	} {
		t.Run("user "+c.user, func(t *testing.T) {
			a := ask(t, redis, n, login("redis", c.user, addr, c.password))
			want(t, a, c.verdict, c.reason)
			name := c.user
			if name == "" {
				name = "default"
			}
			if a.Privilege != c.privilege || a.Verdict == verdict.Active && a.Principal != name {
				t.Errorf("principal %q, privilege %q; want %q, %q", a.Principal, a.Privilege, name, c.privilege)
			}
		})
	}
	t.Run("public address", func(t *testing.T) {
		want(t, ask(t, redis, publicly(t, addr, nil), login("redis", "", "cache.acme.io", password)), verdict.Unknown, "was not sent")
	})
	stop()
	t.Run("server down", func(t *testing.T) {
		want(t, ask(t, redis, n, login("redis", "", addr, password)), verdict.Unknown, "connection refused")
	})

	addr, stop = servers.Redis(t, servers.NewHome(t))
	t.Run("no password set", func(t *testing.T) {
		want(t, ask(t, redis, n, login("redis", "default", addr, password)), verdict.Unknown, "does not ask for a password")
	})
	stop()

	h = servers.NewHome(t)
	h.File("cert", pair.Cert)
	h.File("key", pair.Key)
	addr, _ = servers.Redis(t, h, "tls-cert-file {home}/cert", "tls-key-file {home}/key", "tls-auth-clients no", "requirepass "+password)
	for _, c := range []struct {
		name, scheme, password string
		public, trusted        bool
		verdict                verdict.Verdict
		reason                 string
	}{
		{"trusted", "rediss", password, true, true, verdict.Active, ""},
		{"wrong", "rediss", newPassword(), true, true, verdict.Inactive, ""},
		{"not trusted here", "rediss", password, false, false, verdict.Active, "not trusted"},
		{"not trusted, public", "rediss", password, true, false, verdict.Unknown, "was not sent"},
		{"TLS required", "redis", password, false, true, verdict.Unknown, ""},
	} {
		t.Run("TLS "+c.name, func(t *testing.T) {
			pool := authority.Pool()
			if !c.trusted {
				pool = nil
			}
			host, n := addr, here(t, pool)
			if c.public {
				host, n = "db.acme.io", publicly(t, addr, pool)
			}
			a := ask(t, redis, n, login(c.scheme, "", host, c.password))
			if c.name == "TLS required" {
				if a.Verdict != verdict.Unknown || !a.Temporary {
					t.Errorf("got %s, %q", a.Verdict, a.Reason)
				}
				return
			}
			want(t, a, c.verdict, c.reason)
		})
	}
}

func TestLDAP(t *testing.T) {
	password := newPassword()
	ldif := "dn: dc=acme\nobjectClass: dcObject\nobjectClass: organization\no: Acme\ndc: acme\n\n" +
		"dn: cn=policy,dc=acme\nobjectClass: pwdPolicy\nobjectClass: organizationalRole\npwdAttribute: userPassword\npwdLockout: TRUE\npwdMaxAge: 86400\n\n"
	for _, name := range []string{"bind", "locked", "old"} {
		ldif += "dn: cn=" + name + ",dc=acme\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\nuserPassword: " + password + "\n"
		switch name {
		case "locked":
			ldif += "pwdAccountLockedTime: 000001010000Z\n"
		case "old":
			ldif += "pwdChangedTime: 20200101000000Z\n"
		}
		ldif += "\n"
	}
	policy := []string{"overlay ppolicy", "ppolicy_default cn=policy,dc=acme", "ppolicy_use_lockout"}
	authority := servers.NewAuthority(t)
	pair := authority.Issue("ldap", "Acme", time.Now().Add(time.Hour))
	ldap := check(t, "ldap", Config{})
	login := func(scheme, user, host, password string) *verify.Credential {
		p := url.QueryEscape(password)
		return credential(scheme+"://"+url.QueryEscape(user)+":"+p+"@"+host+"/dc=acme", p)
	}

	s, stop := servers.StartSlapd(t, pair, ldif, policy...)
	n := here(t, authority.Pool())
	for _, c := range []struct {
		user    string
		wrong   bool
		verdict verdict.Verdict
		reason  string
	}{
		{"cn=bind,dc=acme", false, verdict.Active, ""},
		{"cn=bind,dc=acme", true, verdict.Inactive, ""},
		{"cn=gone,dc=acme", false, verdict.Inactive, ""},
		{"cn=locked,dc=acme", false, verdict.Unknown, "locked"},
		{"cn=old,dc=acme", false, verdict.Forbidden, "expired"},
		{"cn=old,dc=acme", true, verdict.Inactive, ""},
		{"bind", false, verdict.Unknown, "distinguished name"},
	} {
		for scheme, host := range map[string]string{"ldap": s.Addr, "ldaps": s.TLSAddr} {
			t.Run(scheme+" "+c.user, func(t *testing.T) {
				p := password
				if c.wrong {
					p = newPassword()
				}
				a := ask(t, ldap, n, login(scheme, c.user, host, p))
				want(t, a, c.verdict, c.reason)
				if a.Verdict == verdict.Active && a.Principal != c.user {
					t.Errorf("principal %q, want %q", a.Principal, c.user)
				}
			})
		}
	}
	t.Run("certificate not trusted", func(t *testing.T) {
		want(t, ask(t, ldap, here(t, nil), login("ldaps", "cn=bind,dc=acme", s.TLSAddr, password)), verdict.Active, "not trusted")
	})
	t.Run("public address, not trusted", func(t *testing.T) {
		want(t, ask(t, ldap, publicly(t, s.Addr, nil), login("ldap", "cn=bind,dc=acme", "db.acme.io", password)), verdict.Unknown, "was not sent")
	})
	stop()
	t.Run("server down", func(t *testing.T) {
		want(t, ask(t, ldap, n, login("ldap", "cn=bind,dc=acme", s.Addr, password)), verdict.Unknown, "connection refused")
	})

	s, stop = servers.StartSlapd(t, servers.Pair{}, ldif, policy...)
	t.Run("without TLS", func(t *testing.T) {
		want(t, ask(t, ldap, n, login("ldap", "cn=bind,dc=acme", s.Addr, password)), verdict.Active, "without TLS")
	})
	t.Run("public address without TLS", func(t *testing.T) {
		want(t, ask(t, ldap, publicly(t, s.Addr, nil), login("ldap", "cn=bind,dc=acme", "db.acme.io", password)), verdict.Unknown, "was not sent")
	})
	stop()
	s, _ = servers.StartSlapd(t, servers.Pair{}, ldif, append(policy, "security simple_bind=128")...)
	t.Run("TLS required", func(t *testing.T) {
		want(t, ask(t, ldap, n, login("ldap", "cn=bind,dc=acme", s.Addr, password)), verdict.Unknown, "demands TLS")
	})
}

func TestSMTP(t *testing.T) {
	password := newPassword()
	smtp := check(t, "smtp", Config{})
	login := func(user, host, password string) *verify.Credential {
		p := url.QueryEscape(password)
		return credential("smtp://"+user+":"+p+"@"+host, p)
	}
	authority := servers.NewAuthority(t)
	pair := authority.Issue("mail", "Acme", time.Now().Add(time.Hour))
	addr, stop := servers.Exim(t, pair, "ci", password)
	n := here(t, authority.Pool())
	for _, c := range []struct {
		name    string
		a       verify.Answer
		verdict verdict.Verdict
		reason  string
	}{
		{"right", ask(t, smtp, n, login("ci", addr, password)), verdict.Active, ""},
		{"wrong", ask(t, smtp, n, login("ci", addr, newPassword())), verdict.Inactive, ""},
		{"busy", ask(t, smtp, n, login("busy", addr, password)), verdict.Unknown, "cannot check"},
		{"not trusted here", ask(t, smtp, here(t, nil), login("ci", addr, password)), verdict.Active, "not trusted"},
		{"public", ask(t, smtp, publicly(t, addr, authority.Pool()), login("ci", "db.acme.io", password)), verdict.Active, ""},
		{"public, not trusted", ask(t, smtp, publicly(t, addr, nil), login("ci", "db.acme.io", password)), verdict.Unknown, "was not sent"},
	} {
		t.Run(c.name, func(t *testing.T) { want(t, c.a, c.verdict, c.reason) })
	}
	stop()
	t.Run("server down", func(t *testing.T) {
		want(t, ask(t, smtp, n, login("ci", addr, password)), verdict.Unknown, "connection refused")
	})
	addr, _ = servers.Exim(t, servers.Pair{}, "ci", password)
	t.Run("without TLS", func(t *testing.T) {
		want(t, ask(t, smtp, n, login("ci", addr, password)), verdict.Active, "without TLS")
	})
	t.Run("public address without TLS", func(t *testing.T) {
		want(t, ask(t, smtp, publicly(t, addr, nil), login("ci", "db.acme.io", password)), verdict.Unknown, "was not sent")
	})
}

// sshKey makes a private key in OpenSSH's format, and the line of its public half.
func sshKey(t *testing.T) (private, public string, signer ssh.Signer) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	if signer, err = ssh.NewSignerFromKey(key); err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block)), string(ssh.MarshalAuthorizedKey(signer.PublicKey())), signer
}

func TestSSH(t *testing.T) {
	known, line, _ := sshKey(t)
	stranger, _, _ := sshKey(t)
	hostKey, _, hostSigner := sshKey(t)
	h := servers.NewHome(t)
	addr, stop := servers.SSHD(t, h, hostKey, line)
	n := here(t, nil)
	account := h.User + "@" + addr
	pinned := Config{SSHHosts: []string{account}, SSHHostKey: ssh.FixedHostKey(hostSigner.PublicKey())}
	_, _, other := sshKey(t)
	for _, c := range []struct {
		name, key string
		config    Config
		verdict   verdict.Verdict
		reason    string
	}{
		{"known", known, pinned, verdict.Active, ""},
		{"in a string of code", strings.ReplaceAll(known, "\n", `\n`), pinned, verdict.Active, ""},
		{"indented in YAML", "key: |\n  " + strings.ReplaceAll(known, "\n", "\n  "), pinned, verdict.Active, ""},
		{"host key not known", known, Config{SSHHosts: []string{account}}, verdict.Active, "was not checked"},
		{"second host", known, Config{SSHHosts: []string{"nobody-of-that-name@" + addr, account}, SSHHostKey: pinned.SSHHostKey}, verdict.Active, ""},
		{"stranger", stranger, pinned, verdict.Unknown, "no configured host"},
		{"other user", known, Config{SSHHosts: []string{"nobody-of-that-name@" + addr}}, verdict.Unknown, "no configured host"},
		{"other host key", known, Config{SSHHosts: []string{account}, SSHHostKey: ssh.FixedHostKey(other.PublicKey())}, verdict.Unknown, "not the one that is known"},
		{"no host", known, Config{}, verdict.NotCheckable, "no host is configured"},
		{"no key", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", pinned, verdict.NotCheckable, "cannot be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := ask(t, check(t, "ssh", c.config), n, &verify.Credential{Secret: c.key})
			want(t, a, c.verdict, c.reason)
			if a.Verdict == verdict.Active && a.Principal != h.User {
				t.Errorf("principal %q, want %q", a.Principal, h.User)
			}
		})
	}
	targets, err := check(t, "ssh", pinned).Targets(&verify.Credential{Secret: known})
	if err != nil || !slices.Equal(targets, []verify.Target{{Host: addr, Named: true}}) {
		t.Errorf("targets %v, %v", targets, err)
	}
	stop()
	t.Run("server down", func(t *testing.T) {
		want(t, ask(t, check(t, "ssh", pinned), n, &verify.Credential{Secret: known}), verdict.Unknown, "connection refused")
	})
}

func TestTLS(t *testing.T) {
	authority := servers.NewAuthority(t)
	hour := time.Now().Add(time.Hour)
	served, other, expired := authority.Issue("www", "Acme", hour), authority.Issue("old", "Acme", hour), authority.Issue("past", "Acme", time.Now().Add(-time.Hour))
	addr, stop := servers.Nginx(t, served, "location / { return 204; }")
	config := Config{TLSHosts: []string{addr}}
	n := here(t, authority.Pool())
	for _, c := range []struct {
		name      string
		key, cert string
		config    Config
		verdict   verdict.Verdict
		reason    string
	}{
		{"served", served.Key, "", config, verdict.Active, "serves"},
		{"not served", other.Key, "", config, verdict.Unknown, "no configured host serves"},
		{"pair", other.Key, other.Cert, Config{}, verdict.ProvedOffline, "it is the key of a certificate that was found with it"},
		{"pair, not served", other.Key, other.Cert, config, verdict.ProvedOffline, "it is the key of a certificate that was found with it"},
		{"expired", expired.Key, expired.Cert, Config{}, verdict.ProvedOffline, "has expired"},
		{"no pair", other.Key, served.Cert, config, verdict.Unknown, "no configured host serves"},
		{"alone", other.Key, "", Config{}, verdict.NotCheckable, "no certificate was found"},
	} {
		for _, name := range []string{"tls", "private-key"} {
			t.Run(name+" "+c.name, func(t *testing.T) {
				a := ask(t, check(t, name, c.config), n, &verify.Credential{Secret: c.key, Around: c.key + c.cert})
				if name == "private-key" && a.Verdict == verdict.NotCheckable {
					c.reason = "no host is configured"
				}
				want(t, a, c.verdict, c.reason)
				if a.Verdict == verdict.Active && (a.Principal != "www" || a.Account != "Acme" || a.Expires.Unix() != hour.Unix() || a.Host != addr) {
					t.Errorf("identity: %+v at %s", a.Identity, a.Host)
				}
			})
		}
	}
	t.Run("authority not known", func(t *testing.T) {
		a := ask(t, check(t, "tls", Config{}), here(t, nil), &verify.Credential{Secret: other.Key, Around: other.Cert})
		want(t, a, verdict.ProvedOffline, "no known authority")
	})
	stop()
	t.Run("server down", func(t *testing.T) {
		want(t, ask(t, check(t, "tls", config), n, &verify.Credential{Secret: served.Key}), verdict.Unknown, "connection refused")
	})
}
