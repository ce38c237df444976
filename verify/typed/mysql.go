package typed

import (
	"context"
	"crypto/tls"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	sqldriver "github.com/go-sql-driver/mysql"

	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/verdict"
)

var mysqlFinder = finder{
	schemes: map[string]string{"mysql": "3306", "mysql2": "3306", "mysqlx": "3306", "mariadb": "3306"},
	user:    "root",
	others:  []func(*verify.Credential) (*account, error){jdbc("mysql", "3306"), jdbc("mariadb", "3306"), goDSN},
}

var goDSNHost = lazy(`^@tcp\(([^()\s]{1,300})\)(?:/([A-Za-z0-9_$-]{0,64}))?`)

// goDSN reads the data source name of Go's driver, user:password@tcp(host:port)/database.
func goDSN(c *verify.Credential) (*account, error) {
	for _, text := range []string{c.Match, c.Around} {
		i := strings.Index(text, ":"+c.Secret+"@tcp(")
		if i < 0 {
			continue
		}
		m := goDSNHost().FindStringSubmatch(text[i+1+len(c.Secret):])
		if m == nil {
			continue
		}
		user := text[:i]
		if j := strings.LastIndexAny(user, " \t\r\n\"'`=,;(<>"); j >= 0 {
			user = user[j+1:]
		}
		a := &account{scheme: "mysql", user: user, password: c.Secret, database: m[2]}
		return a, a.addHosts(m[1], "3306")
	}
	return nil, errNoAddress
}

// mysql signs in to MySQL and MariaDB.
type mysql struct{}

func (mysql) ask(ctx context.Context, n *guard.Network, host string, a *account) verify.Answer {
	c, err := dial(ctx, n, host)
	if err != nil {
		return trouble(err)
	}
	db, err := mysqlConnect(ctx, c, a, true)
	if errors.Is(err, sqldriver.ErrNoTLS) {
		// Nothing was sent yet. Without TLS the server has to be asked to begin anew.
		_ = c.Close()
		if c, err = dial(ctx, n, host); err != nil {
			return trouble(err)
		}
		if out, ok := c.may(); !ok {
			_ = c.Close()
			return out
		}
		db, err = mysqlConnect(ctx, c, a, false)
	}
	defer c.Close()
	if err != nil {
		return c.note(mysqlRefused(err, c.encrypted))
	}
	defer db.Close()
	out := answer(verdict.Active, "")
	out.Principal, out.Account = a.user, a.database
	if who, err := mysqlRows(ctx, db, "SELECT CURRENT_USER()"); err == nil && len(who) == 1 {
		if strings.HasPrefix(who[0], "skip-grants ") || who[0] == "@" { // MySQL, MariaDB, without their tables of rights
			return verify.Undecided("the server lets everybody in, whatever the password")
		}
		out.Principal = who[0]
	}
	if grants, err := mysqlRows(ctx, db, "SHOW GRANTS"); err == nil {
		mysqlGrants(&out.Identity, grants)
	}
	return c.note(out)
}

// mysqlConnect signs in over c, with TLS or without.
func mysqlConnect(ctx context.Context, c *conn, a *account, secure bool) (driver.Conn, error) {
	cfg := sqldriver.NewConfig()
	cfg.User, cfg.Passwd = a.user, a.password
	cfg.Net, cfg.Addr = "tcp", net.JoinHostPort(c.host, "0") // for the driver's records; c leads to the server
	cfg.Logger = &sqldriver.NopLogger{}
	cfg.MaxAllowedPacket = 1 << 20
	cfg.CheckConnLiveness = false
	cfg.DialFunc = func(context.Context, string, string) (net.Conn, error) { return c, nil }
	if secure {
		cfg.TLS = c.tlsConfig()
		note := cfg.TLS.VerifyConnection
		cfg.TLS.VerifyConnection = func(s tls.ConnectionState) error {
			c.encrypted = true
			if err := note(s); err != nil {
				return err
			}
			if _, ok := c.may(); !ok {
				return errUntrusted
			}
			return nil
		}
	}
	connector, err := sqldriver.NewConnector(cfg)
	if err != nil {
		return nil, errNoHost
	}
	return connector.Connect(ctx)
}

// mysqlRows returns the first column of what a query returns.
func mysqlRows(ctx context.Context, db driver.Conn, query string) ([]string, error) {
	q, ok := db.(driver.QueryerContext)
	if !ok {
		return nil, driver.ErrSkip
	}
	rows, err := q.QueryContext(ctx, query, nil)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	dest := make([]driver.Value, len(rows.Columns()))
	for len(out) < 500 && len(dest) > 0 {
		if err := rows.Next(dest); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		switch v := dest[0].(type) {
		case []byte:
			out = append(out, string(v))
		case string:
			out = append(out, v)
		}
	}
	return out, nil
}

// mysqlRefused tells what a refusal means (https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html,
// https://mariadb.com/kb/en/mariadb-error-code-reference/).
func mysqlRefused(err error, encrypted bool) verify.Answer {
	var me *sqldriver.MySQLError
	if !errors.As(err, &me) {
		switch {
		case errors.Is(err, errUntrusted):
			return verify.Undecided(errUntrusted.Error() + ", so the password was not sent")
		case errors.Is(err, sqldriver.ErrCleartextPassword), errors.Is(err, sqldriver.ErrOldPassword), errors.Is(err, sqldriver.ErrUnknownPlugin):
			return verify.Undecided("the account signs in in a way that is not supported")
		}
		return trouble(err)
	}
	switch me.Number {
	case 1045: // ER_ACCESS_DENIED_ERROR, which an account that demands TLS gets without it as well
		if !encrypted {
			return verify.Undecided("the password is wrong, or the account demands TLS")
		}
		// An account that is let in from other addresses only gets the same.
		return verify.Undecided("the password is wrong, or the account may not come from this address")
	case 1698: // ER_ACCESS_DENIED_NO_PASSWORD_ERROR
		return verify.Undecided("the account takes no password")
	case 1820, 1862: // ER_MUST_CHANGE_PASSWORD, ER_MUST_CHANGE_PASSWORD_LOGIN
		return answer(verdict.Forbidden, "the password has expired")
	case 1044, 1049, 1226: // ER_DBACCESS_DENIED_ERROR, ER_BAD_DB_ERROR, ER_USER_LIMIT_REACHED
		return answer(verdict.Forbidden, "the account may not do this now")
	case 4151: // ER_ACCOUNT_HAS_BEEN_LOCKED of MariaDB, which looks at the password first
		return answer(verdict.Forbidden, "the account is locked")
	case 3118: // the same of MySQL, which does not say in which order it looks
		return verify.Undecided("the account is locked")
	case 3955, 4074: // blocked after failed attempts, of MySQL and of MariaDB
		return verify.Undecided("the account is blocked after failed attempts")
	case 1130: // ER_HOST_NOT_PRIVILEGED
		return verify.Undecided("the server lets nobody in from this address")
	case 3159: // ER_SECURE_TRANSPORT_REQUIRED
		return verify.Undecided("the server demands TLS and offers none")
	case 1040, 1129, 1203, 1053: // too many connections, host blocked, shutting down
		return temporary("the server takes no more connections now")
	}
	return verify.Undecided("the server refused for another reason than the password")
}

var mysqlGrant = lazy(`^GRANT (.+?) ON (\S+) TO `)

// mysqlGrants reads SHOW GRANTS. Its lines may end in the hash of the password, which is left out.
func mysqlGrants(id *verdict.Identity, grants []string) {
	var words []string
	for _, g := range grants {
		m := mysqlGrant().FindStringSubmatch(g)
		if m == nil || m[1] == "USAGE" {
			continue
		}
		words = append(words, m[1])
		id.Scopes = append(id.Scopes, m[1]+" ON "+strings.ReplaceAll(m[2], "`", ""))
		if m[1] == "ALL PRIVILEGES" && m[2] == "*.*" {
			words = append(words, "SUPER")
		}
	}
	id.Scopes = capped(id.Scopes)
	id.Privilege = highest(words,
		[]string{"SUPER", "CREATE USER", "GRANT OPTION"},
		[]string{"ALL PRIVILEGES", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER"})
}
