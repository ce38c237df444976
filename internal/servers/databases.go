//go:build unix

package servers

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Postgres is a PostgreSQL server, which may be started again with other settings.
type Postgres struct {
	*Home
	Addr     string
	port     string
	data     string
	postgres string
}

// NewPostgres initialises a server. The statements, one a line, are run as its superuser; hba is the file that says who
// may sign in from where, and how.
func NewPostgres(t testing.TB, hba string, statements ...string) *Postgres {
	t.Helper()
	p := &Postgres{postgres: Need(t, "postgres"), Home: NewHome(t)}
	p.signal = syscall.SIGINT // fast; SIGTERM waits for clients
	p.data = filepath.Join(p.Path, "data")
	p.Run("", Need(t, "initdb"), "-D", p.data, "-U", "postgres", "--no-sync", "--locale=C", "--encoding=UTF8", "-A", "reject")
	p.Run(strings.Join(statements, "\n")+"\n", p.postgres, "--single", "-F", "-D", p.data, "postgres")
	p.File("hba", hba)
	return p
}

// StartPostgres starts it, with settings as name=value.
func (p *Postgres) StartPostgres(settings ...string) (stop func()) {
	p.t.Helper()
	p.Addr, p.port = FreeAddress(p.t)
	args := []string{"-D", p.data, "-k", p.Path, "-h", "127.0.0.1", "-p", p.port, "-F", "-c", "hba_file=" + filepath.Join(p.Path, "hba")}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	stop = p.Start(p.Addr, p.postgres, args...)
	// It listens before it is ready.
	ready := Need(p.t, "pg_isready")
	for range 500 {
		if p.command(ready, "-h", "127.0.0.1", "-p", p.port).Run() == nil {
			return stop
		}
		time.Sleep(20 * time.Millisecond)
	}
	p.t.Fatal("PostgreSQL does not get ready")
	return stop
}

// MariaDB is a MariaDB server, which may be started again with other settings.
type MariaDB struct {
	*Home
	Addr   string
	server string
	setup  string
}

// NewMariaDB initialises a server. The statements are run as root whenever it starts.
func NewMariaDB(t testing.TB, statements ...string) *MariaDB {
	t.Helper()
	m := &MariaDB{server: Need(t, "mariadbd"), Home: NewHome(t)}
	m.Run("", Need(t, "mariadb-install-db"), "--no-defaults", "--datadir="+filepath.Join(m.Path, "data"),
		"--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve")
	m.setup = m.File("setup.sql", strings.Join(statements, ";\n")+";\n")
	return m
}

// StartMariaDB starts it, with further options.
func (m *MariaDB) StartMariaDB(options ...string) (stop func()) {
	m.t.Helper()
	addr, port := FreeAddress(m.t)
	m.Addr = addr
	args := []string{
		"--no-defaults", "--datadir=" + filepath.Join(m.Path, "data"), "--socket=" + filepath.Join(m.Path, "socket"),
		"--pid-file=" + filepath.Join(m.Path, "pid"), "--tmpdir=" + m.Path, "--bind-address=127.0.0.1", "--port=" + port,
		"--skip-name-resolve", "--innodb-buffer-pool-size=8M", "--skip-log-bin", "--init-file=" + m.setup,
	}
	return m.Start(addr, m.server, append(args, options...)...)
}

// Redis starts a server with lines of configuration, which hold {home}.
func Redis(t testing.TB, h *Home, config ...string) (address string, stop func()) {
	t.Helper()
	server := Need(t, "redis-server")
	address, port := FreeAddress(t)
	text := strings.Join(config, "\n") + "\nbind 127.0.0.1\nsave \"\"\ndir {home}\n{port} " + port + "\n"
	name := "port"
	if strings.Contains(text, "tls-cert-file") {
		name = "port 0\ntls-port"
	}
	text = strings.NewReplacer("{home}", h.Path, "{port}", name).Replace(text)
	return address, h.Start(address, server, h.File("redis.conf", text))
}
