package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/straykey/straykey/detect/proof/forge"
)

// TestNobodyIsAsked holds that nothing but --verify opens a connection or resolves a name, and that --verify does.
func TestNobodyIsAsked(t *testing.T) {
	dir := t.TempDir()
	token := forge.GitHub(forge.New(t.Name()), "ghp"+"_")
	if err := os.WriteFile(filepath.Join(dir, "app.env"), []byte("GITHUB_TOKEN="+token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		args  []string
		asked bool
	}{
		{"scan", []string{"scan", "--files", dir}, false},
		{"egress plan", []string{"scan", "--files", "--egress-plan", dir}, false},
		{"egress plan of verify", []string{"verify", "--env", "TOKEN", "--egress-plan"}, false},
		{"scan and verify", []string{"scan", "--files", "--verify", dir}, true},
		{"verify", []string{"verify", "--env", "TOKEN"}, true},
		{"skipped", []string{"scan", "--files", "--verify", "--verify-skip", "GitHub", dir}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked := false
			var out bytes.Buffer
			env := &environment{
				stdin: strings.NewReader(""), stdout: &out, stderr: &out,
				getenv: func(name string) string { return map[string]string{"TOKEN": token}[name] },
				resolve: func(context.Context, string) ([]netip.Addr, error) {
					asked = true
					return []netip.Addr{netip.AddrFrom4([4]byte{9, 9, 9, 9})}, nil
				},
				connect: func(context.Context, netip.AddrPort) (net.Conn, error) {
					asked = true
					return nil, errors.New("no network")
				},
			}
			run(tt.args, env)
			if asked != tt.asked {
				t.Errorf("asked: %v\n%s", asked, &out)
			}
			if strings.Contains(out.String(), token) {
				t.Error("the output holds the secret")
			}
		})
	}
}
