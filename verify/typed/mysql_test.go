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
	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/verdict"
)

func TestMySQL(t *testing.T) {
	password := newPassword()
	account := func(name, options string) string {
		return fmt.Sprintf("CREATE OR REPLACE USER %s IDENTIFIED BY '%s' %s", name, password, options)
	}
	db := servers.NewMariaDB(t,
		"CREATE DATABASE IF NOT EXISTS shop",
		account("owner", ""), "GRANT ALL ON *.* TO owner WITH GRANT OPTION",
		account("reader", ""), "GRANT SELECT ON shop.* TO reader",
		account("writer", ""), "GRANT SELECT, INSERT, UPDATE ON shop.* TO writer",
		account("locked", "ACCOUNT LOCK"), account("expired", "PASSWORD EXPIRE"), account("tlsonly", "REQUIRE SSL"),
		account("elsewhere@'192.0.2.1'", ""),
		"CREATE OR REPLACE USER socket IDENTIFIED VIA unix_socket",
		"SET GLOBAL disconnect_on_expired_password = 1",
	)
	authority := servers.NewAuthority(t)
	pair := authority.Issue("db", "Acme", time.Now().Add(time.Hour))
	secure := []string{"--ssl-cert=" + db.File("cert", pair.Cert), "--ssl-key=" + db.File("key", pair.Key)}
	mysql := check(t, "mysql", Config{})
	login := func(user, host, password string) *verify.Credential {
		p := url.QueryEscape(password)
		return credential("mysql+pymysql://"+user+":"+p+"@"+host+"/shop", p)
	}

	stop := db.StartMariaDB(secure...)
	for _, c := range []struct {
		user    string
		wrong   bool
		verdict verdict.Verdict
		reason  string
	}{
		{user: "owner", verdict: verdict.Active},
		{user: "reader", verdict: verdict.Active},
		{user: "tlsonly", verdict: verdict.Active},
		// One answer for all of them: of "elsewhere" the password is right.
		{user: "owner", wrong: true, verdict: verdict.Unknown, reason: "the password is wrong, or"},
		{user: "locked", wrong: true, verdict: verdict.Unknown, reason: "the password is wrong, or"},
		{user: "nobody_of_that_name", verdict: verdict.Unknown, reason: "the password is wrong, or"},
		{user: "elsewhere", verdict: verdict.Unknown, reason: "may not come from this address"},
		{user: "locked", verdict: verdict.Forbidden, reason: "locked"},
		{user: "expired", verdict: verdict.Forbidden, reason: "expired"},
		{user: "socket", verdict: verdict.Unknown, reason: "takes no password"},
	} {
		t.Run(fmt.Sprintf("%s wrong=%t", c.user, c.wrong), func(t *testing.T) {
			p := password
			if c.wrong {
				p = newPassword()
			}
			want(t, ask(t, mysql, here(t, authority.Pool()), login(c.user, db.Addr, p)), c.verdict, c.reason)
		})
	}
	t.Run("grants", func(t *testing.T) {
		get := func(user string) verdict.Identity {
			return ask(t, mysql, here(t, authority.Pool()), login(user, db.Addr, password)).Identity
		}
		owner, reader, writer := get("owner"), get("reader"), get("writer")
		if owner.Principal != "owner@%" || owner.Account != "shop" || owner.Privilege != "admin" {
			t.Errorf("owner: %+v", owner)
		}
		if reader.Privilege != "read" || !slices.Equal(reader.Scopes, []string{"SELECT ON shop.*"}) {
			t.Errorf("reader: %+v", reader)
		}
		if writer.Privilege != "write" {
			t.Errorf("writer: %+v", writer)
		}
		for _, id := range []verdict.Identity{owner, reader, writer} {
			if strings.Contains(strings.Join(id.Scopes, " "), "IDENTIFIED") {
				t.Errorf("the hash of a password is among the scopes of %s", id.Principal)
			}
		}
	})
	t.Run("data source name of Go", func(t *testing.T) {
		p := strings.ReplaceAll(password, "@", "_")
		c := &verify.Credential{Secret: p, Match: "reader:" + p + "@tcp(", Around: `dsn := "reader:` + p + "@tcp(" + db.Addr + `)/shop?parseTime=true"`}
		want(t, ask(t, mysql, here(t, authority.Pool()), c), verdict.Unknown, "the password is wrong, or")
	})
	t.Run("certificate not trusted", func(t *testing.T) {
		want(t, ask(t, mysql, here(t, nil), login("owner", db.Addr, password)), verdict.Active, "not trusted")
	})
	t.Run("public address", func(t *testing.T) {
		want(t, ask(t, mysql, publicly(t, db.Addr, authority.Pool()), login("owner", "db.acme.io", password)), verdict.Active, "")
	})
	t.Run("public address, not trusted", func(t *testing.T) {
		want(t, ask(t, mysql, publicly(t, db.Addr, nil), login("owner", "db.acme.io", password)), verdict.Unknown, "was not sent")
	})
	stop()

	stop = db.StartMariaDB("--skip-ssl")
	t.Run("without TLS", func(t *testing.T) {
		want(t, ask(t, mysql, here(t, nil), login("owner", db.Addr, password)), verdict.Active, "without TLS")
	})
	t.Run("TLS required", func(t *testing.T) {
		want(t, ask(t, mysql, here(t, nil), login("tlsonly", db.Addr, password)), verdict.Unknown, "demands TLS")
	})
	t.Run("public address without TLS", func(t *testing.T) {
		want(t, ask(t, mysql, publicly(t, db.Addr, nil), login("owner", "db.acme.io", password)), verdict.Unknown, "was not sent")
	})
	stop()
	t.Run("server down", func(t *testing.T) {
		a := ask(t, mysql, here(t, nil), login("owner", db.Addr, password))
		want(t, a, verdict.Unknown, "connection refused")
		if !a.Temporary {
			t.Error("want it to be temporary")
		}
	})

	stop = db.StartMariaDB("--skip-grant-tables", "--init-file=")
	t.Run("everybody let in", func(t *testing.T) {
		want(t, ask(t, mysql, here(t, nil), login("owner", db.Addr, newPassword())), verdict.Unknown, "lets everybody in")
	})
	stop()
}
