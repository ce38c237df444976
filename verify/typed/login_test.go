package typed

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/verify"
)

func TestAccount(t *testing.T) {
	const p = "Nq8LmR2vYp4c"
	type found struct{ Scheme, Host, User, Password, Database string }
	for _, c := range []struct {
		name, text, secret string
		match              string // the whole text if empty
		find               finder
		want               found
		err                error
	}{
		{name: "plain", text: "postgres://shop:" + p + "@db.acme.io:5433/shop?sslmode=require", find: postgresFinder, want: found{"postgres", "db.acme.io:5433", "shop", p, "shop"}},
		{name: "driver in the scheme", text: `"postgresql+asyncpg://svc:` + p + `@10.1.2.3/app"`, find: postgresFinder, want: found{"postgresql", "10.1.2.3:5432", "svc", p, "app"}},
		{name: "escaped", text: "mysql://a%40b:" + "x%2F" + "y%20z1@db/app", secret: "x%2F" + "y%20z1", find: mysqlFinder, want: found{"mysql", "db:3306", "a@b", "x/y z1", "app"}},
		{name: "not escaped", text: "redis://:x@y/z@cache.acme.io:6380/0", secret: "x@y/z", find: redisFinder, want: found{"redis", "cache.acme.io:6380", "", "x@y/z", "0"}},
		{name: "password in the place of the user", text: "redis://" + p + "@cache.acme.io", find: redisFinder, want: found{"redis", "cache.acme.io:6379", "", p, ""}},
		{name: "host in capitals, IPv6", text: "rediss://u:" + p + "@[2001:DB8::1]:7000", find: redisFinder, want: found{"rediss", "[2001:db8::1]:7000", "u", p, ""}},
		{name: "several hosts", text: "mongodb://svc:" + p + "@a.acme.io:27018,b.acme.io/app?authSource=admin", find: mongoFinder, want: found{"mongodb", "a.acme.io:27018", "svc", p, "app"}},
		{name: "found by DNS", text: "mongodb+srv://svc:" + p + "@c.acme.io/app", find: mongoFinder, want: found{"mongodb+srv", "c.acme.io:27017", "svc", p, "app"}},
		{name: "end of a sentence", text: "see amqp://ci:" + p + "@mq.acme.io.", find: amqpFinder, want: found{"amqp", "mq.acme.io:5672", "ci", p, ""}},
		{name: "virtual host of a slash", text: "amqp://ci:" + p + "@mq.acme.io/%2f", find: amqpFinder, want: found{"amqp", "mq.acme.io:5672", "ci", p, "/"}},
		{name: "the one that matched", text: "postgres://a:" + p + "@one/x\npostgres://b:" + p + "@two/y", match: "postgres://b:" + p + "@two", find: postgresFinder, want: found{"postgres", "two:5432", "b", p, "y"}},
		{name: "only around", text: "postgres://neon:" + p + "@ep.neon.tech/db", match: p, find: postgresFinder, want: found{"postgres", "ep.neon.tech:5432", "neon", p, "db"}},
		{name: "no user", text: "postgres://:" + p + "@db/x", find: postgresFinder, want: found{"postgres", "db:5432", "postgres", p, "x"}},
		{name: "file of passwords", text: "db.acme.io:5432:shop:svc:" + p, find: postgresFinder, want: found{"postgres", "db.acme.io:5432", "svc", p, "shop"}},
		{name: "file of passwords, any host", text: "*:5432:*:svc:" + p, find: postgresFinder, err: errNoHost},
		{name: "JDBC", text: "jdbc:postgresql://db.acme.io:5433/shop?user=svc&password=" + p, find: postgresFinder, want: found{"postgresql", "db.acme.io:5433", "svc", p, "shop"}},
		{name: "JDBC of another", text: "jdbc:sqlserver://db.acme.io:1433;user=sa;password=" + p, find: postgresFinder, err: errNoAddress},
		{name: "Go", text: `dsn := "svc:` + p + `@tcp(db.acme.io)/shop"`, match: "svc:" + p + "@tcp(", find: mysqlFinder, want: found{"mysql", "db.acme.io:3306", "svc", p, "shop"}},
		{name: "Azure", text: "shop.redis.cache.windows.net:6380,password=" + p + ",ssl=True", match: p, find: redisFinder, want: found{"rediss", "shop.redis.cache.windows.net:6380", "", p, ""}},
		{name: "other password", text: "postgres://a:other@one/x", find: postgresFinder, err: errNoAddress},
		{name: "other scheme", text: "mysql://a:" + p + "@one/x", find: postgresFinder, err: errNoAddress},
		{name: "host to be filled in", text: "postgres://a:" + p + "@${HOST}/x", find: postgresFinder, err: errNoHost},
		{name: "host with a format", text: "postgres://a:" + p + "@%s:%d/x", find: postgresFinder, err: errNoHost},
		{name: "port too high", text: "postgres://a:" + p + "@db:70000/x", find: postgresFinder, err: errNoHost},
		{name: "no host", text: "postgres://a:" + p + "@/x", find: postgresFinder, err: errNoHost},
	} {
		t.Run(c.name, func(t *testing.T) {
			secret, match := c.secret, c.match
			if secret == "" {
				secret = p
			}
			if match == "" {
				match = strings.Trim(c.text, `"`)
			}
			a, err := c.find.account(&verify.Credential{Secret: secret, Match: match, Around: c.text})
			if !errors.Is(err, c.err) {
				t.Fatalf("got error %v, want %v", err, c.err)
			}
			if err != nil {
				return
			}
			if diff := cmp.Diff(c.want, found{a.scheme, a.hosts[0], a.user, a.password, a.database}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestIsLocal(t *testing.T) {
	for _, c := range []struct {
		host, remote string
		proxied      bool
		want         bool
	}{
		{"db.acme.io", "10.1.2.3:5432", false, true},
		{"db.acme.io", "8.8.8.8:5432", false, false},
		{"db.acme.io", "[::ffff:192.168.1.2]:5432", false, true},
		{"db.acme.io", "[fd00::1]:5432", false, true},
		{"db.acme.io", "100.64.0.1:5432", false, true},
		{"db.acme.io", "10.0.0.1:3128", true, false}, // the proxy's
		{"10.1.2.3", "10.0.0.1:3128", true, true},
		{"8.8.8.8", "10.0.0.1:3128", true, false},
		{"8.8.8.8", "127.0.0.1:5432", false, false},
	} {
		remote, err := net.ResolveTCPAddr("tcp", c.remote)
		if err != nil {
			t.Fatal(err)
		}
		if got := isLocal(c.host, remote, c.proxied); got != c.want {
			t.Errorf("%s at %s, proxied %t: got %t", c.host, c.remote, c.proxied, got)
		}
	}
}

// TestChecks looks at all checks alike: they say what is missing and never what the secret is, and sign in as somebody.
func TestChecks(t *testing.T) {
	for name, check := range Checks(Config{}) {
		for _, secret := range []string{"", "Nq8LmR2vYp4c7Zk2Qv9sTtXw", "a.b.c", "://", "postgres://x:y@z"} {
			c := &verify.Credential{Secret: secret, Match: secret, Around: secret}
			targets, err := check.Targets(c)
			if err == nil {
				t.Errorf("%s: %q has targets %v", name, secret, targets)
				continue
			}
			if len(secret) > 5 && strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error holds the secret", name)
			}
			if p, ok := check.(verify.Principaler); ok && p.Principal(c) != "" {
				t.Errorf("%s: %q signs in as %q", name, secret, p.Principal(c))
			}
		}
	}
}
