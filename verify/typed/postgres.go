package typed

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/verdict"
)

var postgresFinder = finder{
	schemes: map[string]string{
		"postgres": "5432", "postgresql": "5432", "postgis": "5432", "pgsql": "5432", "pgx": "5432", "cockroachdb": "26257",
	},
	user:   "postgres",
	others: []func(*verify.Credential) (*account, error){jdbc("postgresql", "5432"), pgpass},
}

// pgpass reads a line of a password file, host:port:database:user:password.
func pgpass(c *verify.Credential) (*account, error) {
	f := strings.Split(strings.TrimRight(c.Match, "\r\n"), ":")
	if len(f) != 5 || f[4] != c.Secret {
		return nil, errNoAddress
	}
	a := &account{scheme: "postgres", user: f[3], password: f[4], database: f[2]}
	if a.database == "*" {
		a.database = ""
	}
	if a.user == "*" {
		a.user = ""
	}
	return a, a.addHosts(f[0], f[1])
}

// postgres signs in to PostgreSQL and what speaks its protocol.
type postgres struct{}

// postgresWho asks for the role: its attributes, the roles it is a member of, and whether it may write to a table of its
// own or another's. It changes nothing and holds no lock.
const postgresWho = `BEGIN READ ONLY; SET LOCAL statement_timeout = 5000;
SELECT current_user, current_database(), r.rolsuper::text, r.rolcreaterole::text, r.rolcreatedb::text, r.rolreplication::text,
  r.rolbypassrls::text, coalesce(extract(epoch FROM nullif(r.rolvaliduntil, 'infinity'))::bigint::text, ''),
  (SELECT coalesce(string_agg(g.rolname, ',' ORDER BY g.rolname), '') FROM pg_catalog.pg_roles g
    WHERE g.rolname <> current_user AND pg_has_role(current_user, g.oid, 'MEMBER') AND NOT r.rolsuper),
  (EXISTS (SELECT FROM pg_catalog.pg_class t WHERE t.relkind IN ('r', 'p')
    AND t.relnamespace NOT IN (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname IN ('pg_catalog', 'information_schema'))
    AND has_table_privilege(t.oid, 'INSERT,UPDATE,DELETE,TRUNCATE')))::text
FROM pg_catalog.pg_roles r WHERE r.rolname = current_user; ROLLBACK`

func (postgres) ask(ctx context.Context, n *guard.Network, host string, a *account) verify.Answer {
	c, err := dial(ctx, n, host)
	if err != nil {
		return trouble(err)
	}
	defer c.Close()
	if err := c.postgresTLS(ctx); err != nil {
		return trouble(err)
	}
	// SCRAM proves that the password is known and does not send it.
	methods := "scram-sha-256,md5,password"
	if out, ok := c.may(); !ok {
		if !c.encrypted {
			return out
		}
		methods = "scram-sha-256"
	}
	pg, err := pgConnect(ctx, c, a, methods)
	if err != nil {
		return c.note(postgresRefused(err, methods))
	}
	out := answer(verdict.Active, "")
	out.Principal, out.Account = a.user, a.database
	if results, err := pg.Exec(ctx, postgresWho).ReadAll(); err == nil {
		postgresRole(&out.Identity, results)
	}
	closing, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_ = pg.Close(closing) // says goodbye; whether it arrives changes nothing
	return c.note(out)
}

// postgresTLS asks for TLS (PostgreSQL's SSLRequest) and starts it where the server offers it.
func (c *conn) postgresTLS(ctx context.Context) error {
	request := binary.BigEndian.AppendUint32(nil, 8)
	request = binary.BigEndian.AppendUint32(request, 80877103)
	if _, err := c.Write(request); err != nil {
		return err
	}
	var reply [1]byte
	if _, err := io.ReadFull(c, reply[:]); err != nil {
		return err
	}
	if reply[0] != 'S' {
		return nil
	}
	return c.startTLS(ctx)
}

// pgConnect signs in over c. Nothing of the environment or of files in the home directory takes part.
func pgConnect(ctx context.Context, c *conn, a *account, methods string) (*pgconn.PgConn, error) {
	cfg, err := pgconn.ParseConfig("host=127.0.0.1 user=x password=x sslmode=disable target_session_attrs=any passfile=/dev/null")
	if err != nil {
		return nil, errors.New("the variables PG… of the environment cannot be read")
	}
	cfg.Host, cfg.User, cfg.Password, cfg.Database = c.host, a.user, a.password, a.database
	cfg.Fallbacks, cfg.TLSConfig, cfg.ValidateConnect, cfg.AfterConnect = nil, nil, nil, nil
	cfg.RuntimeParams = map[string]string{"application_name": "straykey"}
	cfg.RequireAuth, cfg.SSLNegotiation, cfg.ChannelBinding, cfg.SSLCertMode = methods, "", "disable", ""
	cfg.MaxProtocolMessageBodyLen = 1 << 20
	cfg.LookupFunc = func(context.Context, string) ([]string, error) { return []string{"0.0.0.0"}, nil } // c leads there
	cfg.DialFunc = func(context.Context, string, string) (net.Conn, error) { return c, nil }
	return pgconn.ConnectConfig(ctx, cfg)
}

// postgresRefused tells what a refusal means (https://www.postgresql.org/docs/current/errcodes-appendix.html). The
// server looks at the password before it looks at the database.
func postgresRefused(err error, methods string) verify.Answer {
	var pe *pgconn.PgError
	if !errors.As(err, &pe) {
		if strings.Contains(err.Error(), "require_auth") {
			if methods == "scram-sha-256" {
				return verify.Undecided("the server wants the password itself, and so it was not sent")
			}
			return verify.Undecided("the server does not ask for a password here")
		}
		return trouble(err)
	}
	switch {
	case pe.Code == "28P01":
		return answer(verdict.Inactive, "")
	case pe.Code == "28000" && pe.Routine == "InitializeSessionUserId" && strings.Contains(pe.Message, "not permitted"):
		return answer(verdict.Forbidden, "the role may not sign in")
	case pe.Code == "28000":
		return verify.Undecided("the server lets this role not in from this address, or not this way")
	case pe.Code == "3D000":
		return answer(verdict.Forbidden, "the database does not exist")
	case pe.Code == "42501":
		return answer(verdict.Forbidden, "the role may not use the database")
	case strings.HasPrefix(pe.Code, "53"), strings.HasPrefix(pe.Code, "57"):
		return temporary("the server takes no more connections now")
	}
	return verify.Undecided("the server refused for another reason than the password, code " + sqlState(pe.Code))
}

// sqlState returns a code as far as it is one.
func sqlState(s string) string {
	if len(s) != 5 || strings.ContainsFunc(s, func(r rune) bool { return (r < '0' || r > '9') && (r < 'A' || r > 'Z') }) {
		return "unknown"
	}
	return s
}

// postgresRole reads the answer to postgresWho.
func postgresRole(id *verdict.Identity, results []*pgconn.Result) {
	for _, r := range results {
		if len(r.Rows) != 1 || len(r.Rows[0]) != 10 {
			continue
		}
		row := r.Rows[0]
		is := func(i int) bool { return string(row[i]) == "true" }
		id.Principal, id.Account = string(row[0]), string(row[1])
		for i, name := range []string{"SUPERUSER", "CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS"} {
			if is(2 + i) {
				id.Scopes = append(id.Scopes, name)
			}
		}
		id.Expires = unixTime(string(row[7]))
		if groups := string(row[8]); groups != "" {
			id.Scopes = append(id.Scopes, capped(strings.Split(groups, ","))...)
		}
		switch {
		case is(2) || is(3):
			id.Privilege = "admin"
		case is(9) || is(4):
			id.Privilege = "write"
		default:
			id.Privilege = "read"
		}
	}
}
