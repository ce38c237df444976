//go:build unix

package typed

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/straykey/straykey/internal/servers"
	"github.com/straykey/straykey/verify/verdict"
)

func TestPostgres(t *testing.T) {
	password := newPassword()
	role := func(name, options string) string {
		return fmt.Sprintf("CREATE ROLE %s PASSWORD '%s' %s;", name, password, options)
	}
	db := servers.NewPostgres(t, strings.Join([]string{
		"hostssl all tlsonly all scram-sha-256",
		"host all tlsonly all reject",
		"host all trusted all trust",
		"host all digest all md5",
		"host all plain all password",
		"host all nowhere all reject",
		"host all all all scram-sha-256",
	}, "\n")+"\n",
		role("owner", "LOGIN SUPERUSER"), role("reader", "LOGIN"), role("writer", "LOGIN VALID UNTIL '2099-01-02 03:04:05+00'"),
		role("nologin", "NOLOGIN"), role("expired", "LOGIN VALID UNTIL '2001-01-01'"), role("tlsonly", "LOGIN"), role("trusted", "LOGIN"),
		role("plain", "LOGIN"), role("nowhere", "LOGIN"), role("team", "NOLOGIN"),
		"SET password_encryption = 'md5'; "+role("digest", "LOGIN"),
		"CREATE TABLE facts (x int);", "GRANT SELECT ON facts TO reader;", "GRANT INSERT ON facts TO writer;", "GRANT team TO reader;",
		"CREATE DATABASE closed;", "REVOKE CONNECT ON DATABASE closed FROM PUBLIC;",
	)
	authority := servers.NewAuthority(t)
	pair := authority.Issue("db", "Acme", time.Now().Add(time.Hour))
	secure := []string{"ssl=on", "ssl_cert_file=" + db.File("cert", pair.Cert), "ssl_key_file=" + db.File("key", pair.Key)}
	postgres := check(t, "postgres", Config{})
	uri := func(user, password, database string) string {
		return "postgres://" + user + ":" + url.QueryEscape(password) + "@" + db.Addr + "/" + database
	}

	stop := db.StartPostgres(secure...)
	for _, c := range []struct {
		user, database string
		wrong          bool
		verdict        verdict.Verdict
		reason         string
	}{
		{user: "owner", database: "postgres", verdict: verdict.Active},
		{user: "reader", database: "postgres?sslmode=disable", verdict: verdict.Active},
		{user: "writer", database: "postgres", verdict: verdict.Active},
		{user: "tlsonly", database: "postgres", verdict: verdict.Active},
		{user: "digest", database: "postgres", verdict: verdict.Active},
		{user: "plain", database: "postgres", verdict: verdict.Active},
		{user: "owner", database: "postgres", wrong: true, verdict: verdict.Inactive},
		{user: "digest", database: "postgres", wrong: true, verdict: verdict.Inactive},
		{user: "plain", database: "postgres", wrong: true, verdict: verdict.Inactive},
		{user: "nobody_of_that_name", database: "postgres", verdict: verdict.Inactive},
		{user: "expired", database: "postgres", verdict: verdict.Inactive},
		{user: "nologin", database: "postgres", verdict: verdict.Forbidden, reason: "may not sign in"},
		{user: "nologin", database: "postgres", wrong: true, verdict: verdict.Inactive},
		{user: "reader", database: "gone", verdict: verdict.Forbidden, reason: "does not exist"},
		{user: "reader", database: "closed", verdict: verdict.Forbidden, reason: "may not use"},
		{user: "nowhere", database: "postgres", verdict: verdict.Unknown, reason: "not in from this address"},
		{user: "trusted", database: "postgres", wrong: true, verdict: verdict.Unknown, reason: "does not ask for a password"},
	} {
		t.Run(fmt.Sprintf("%s %s wrong=%t", c.user, c.database, c.wrong), func(t *testing.T) {
			p := password
			if c.wrong {
				p = newPassword()
			}
			a := ask(t, postgres, here(t, authority.Pool()), credential(uri(c.user, p, c.database), url.QueryEscape(p)))
			want(t, a, c.verdict, c.reason)
			if a.Host != db.Addr {
				t.Errorf("asked %q, want %q", a.Host, db.Addr)
			}
		})
	}

	t.Run("role", func(t *testing.T) {
		n := here(t, authority.Pool())
		get := func(user string) verdict.Identity {
			return ask(t, postgres, n, credential(uri(user, password, "postgres"), url.QueryEscape(password))).Identity
		}
		owner, reader, writer := get("owner"), get("reader"), get("writer")
		if owner.Principal != "owner" || owner.Account != "postgres" || owner.Privilege != "admin" || !slices.Contains(owner.Scopes, "SUPERUSER") {
			t.Errorf("superuser: %+v", owner)
		}
		if reader.Privilege != "read" || !slices.Equal(reader.Scopes, []string{"team"}) || !reader.Expires.IsZero() {
			t.Errorf("reader: %+v", reader)
		}
		if writer.Privilege != "write" || !writer.Expires.Equal(time.Date(2099, 1, 2, 3, 4, 5, 0, time.UTC)) {
			t.Errorf("writer: %+v", writer)
		}
	})
	t.Run("certificate not trusted", func(t *testing.T) {
		a := ask(t, postgres, here(t, nil), credential(uri("owner", password, "postgres"), url.QueryEscape(password)))
		want(t, a, verdict.Active, "not trusted")
	})
	public := func(user string) string {
		return "postgres://" + user + ":" + url.QueryEscape(password) + "@db.acme.io/postgres"
	}
	t.Run("public address", func(t *testing.T) {
		a := ask(t, postgres, publicly(t, db.Addr, authority.Pool()), credential(public("plain"), url.QueryEscape(password)))
		want(t, a, verdict.Active, "")
	})
	t.Run("public address, not trusted, SCRAM", func(t *testing.T) {
		a := ask(t, postgres, publicly(t, db.Addr, nil), credential(public("owner"), url.QueryEscape(password)))
		want(t, a, verdict.Active, "not trusted")
	})
	for _, user := range []string{"plain", "digest"} {
		t.Run("public address, not trusted, "+user, func(t *testing.T) {
			a := ask(t, postgres, publicly(t, db.Addr, nil), credential(public(user), url.QueryEscape(password)))
			want(t, a, verdict.Unknown, "was not sent")
		})
	}
	stop()

	stop = db.StartPostgres()
	t.Run("TLS required", func(t *testing.T) {
		a := ask(t, postgres, here(t, nil), credential(uri("tlsonly", password, "postgres"), url.QueryEscape(password)))
		want(t, a, verdict.Unknown, "not this way")
	})
	t.Run("without TLS", func(t *testing.T) {
		a := ask(t, postgres, here(t, nil), credential(uri("owner", password, "postgres"), url.QueryEscape(password)))
		want(t, a, verdict.Active, "without TLS")
	})
	t.Run("public address without TLS", func(t *testing.T) {
		a := ask(t, postgres, publicly(t, db.Addr, nil), credential(public("owner"), url.QueryEscape(password)))
		want(t, a, verdict.Unknown, "was not sent")
	})
	stop()
	t.Run("server down", func(t *testing.T) {
		a := ask(t, postgres, here(t, nil), credential(uri("owner", password, "postgres"), url.QueryEscape(password)))
		want(t, a, verdict.Unknown, "connection refused")
		if !a.Temporary {
			t.Error("want it to be temporary")
		}
	})
}
