package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/straykey/straykey/correlate"
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

// silence is an environment whose hosts take connections and never answer.
func silence(out *bytes.Buffer, token string) *environment {
	return &environment{
		stdin: strings.NewReader(""), stdout: out, stderr: out,
		getenv: func(name string) string { return map[string]string{"TOKEN": token}[name] },
		resolve: func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.AddrFrom4([4]byte{9, 9, 9, 9})}, nil
		},
		connect: func(ctx context.Context, _ netip.AddrPort) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
	}
}

// TestInterruptedAskingIsIncomplete holds that a run that ends while issuers are asked does not pass for a whole one.
func TestInterruptedAskingIsIncomplete(t *testing.T) {
	dir := t.TempDir()
	token := forge.GitHub(forge.New(t.Name()), "ghp"+"_")
	if err := os.WriteFile(filepath.Join(dir, "app.env"), []byte("GITHUB_TOKEN="+token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		code int
		text string
	}{
		{[]string{"--timeout", "1s"}, exitIncomplete, "INCOMPLETE"},
		{[]string{"--timeout", "1s", "--fail-on", "active"}, exitIncomplete, "INCOMPLETE"},
		{[]string{"--timeout", "1s", "--allow-incomplete", "--exit-code", "7"}, 7, "INCOMPLETE"},
		{[]string{"--verify-deadline", "1s", "--fail-on", "active"}, exitIncomplete, "no time was left to ask"},
	} {
		var out bytes.Buffer
		code := run(append([]string{"scan", "--files", "--verify", dir}, tt.args...), silence(&out, token))
		if code != tt.code || !strings.Contains(out.String(), tt.text) {
			t.Errorf("%q: exit code %d, want %d and %q\n%s", tt.args, code, tt.code, tt.text, &out)
		}
	}
}

// TestWaitingForInputEnds holds that one interrupt is enough for what waits for a pipe or a person.
func TestWaitingForInputEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	waiting, w := io.Pipe()
	defer w.Close()
	var out bytes.Buffer
	env := silence(&out, "")
	env.stdin = waiting
	var coded *exitError
	if err := runVerify(ctx, env, &verifyFlags{format: "text", failOn: "active"}, nil); !errors.As(err, &coded) || coded.code != exitIncomplete {
		t.Errorf("verify: %v", err)
	}
	if err := new(revokeFlags).confirmed(ctx, env, &correlate.Finding{Fingerprint: "sk1:x"}); !errors.As(err, &coded) || coded.code != exitFindings {
		t.Errorf("revoke: %v", err)
	}
}

// TestAReportOutlivesItsAuditLog holds that what issuers said is not lost when the log of it cannot be written.
func TestAReportOutlivesItsAuditLog(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full here")
	}
	token := forge.GitHub(forge.New(t.Name()), "ghp"+"_")
	var out bytes.Buffer
	code := run([]string{"verify", "--env", "TOKEN", "--verify-timeout", "10ms", "--audit-log", "/dev/full"}, silence(&out, token))
	if code != exitIncomplete || !strings.Contains(out.String(), "audit log") || !strings.Contains(out.String(), "github-pat-classic") {
		t.Errorf("exit code %d\n%s", code, &out)
	}
}

// TestEachNeighbourOfAKeyIsTried holds that a key is not called dead for the first account that stands near it: others may
// be its own.
func TestEachNeighbourOfAKeyIsTried(t *testing.T) {
	r := forge.New(t.Name())
	key := func() string { return forge.Chars(r, forge.Alnum, 86) + "==" }
	for _, tt := range []struct {
		name, text string
		want       []string // host and rule with the number of credentials
	}{
		{
			"storage accounts", "AZURE_STORAGE_ACCOUNT=firstshop\nAZURE_STORAGE_KEY=" + key() + "\nAZURE_STORAGE_ACCOUNT=secondshop\nAZURE_STORAGE_KEY=" + key() + "\n",
			[]string{"firstshop.blob.core.windows.net:443 +azure-storage-[a-z-]+ +2", "secondshop.blob.core.windows.net:443 +azure-storage-[a-z-]+ +2"},
		},
		{
			"partitions of AWS", "AWS_ACCESS_KEY_ID=AKIA" + forge.Chars(r, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16) + "\nAWS_SECRET_ACCESS_KEY=" + forge.Chars(r, forge.Alnum, 40) + "\n",
			[]string{"sts.amazonaws.com:443 ", "sts.cn-north-1.amazonaws.com.cn:443 ", "sts.us-gov-west-1.amazonaws.com:443 "},
		},
		{
			"API servers", "server: https://one.k8s.acme.io\nserver: https://two.k8s.acme.io:6443\ntoken: sha256~" + forge.Chars(r, forge.Alnum, 43) + "\n",
			[]string{"one.k8s.acme.io:443 ", "two.k8s.acme.io:6443 "},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "app.env"), []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			run([]string{"scan", "--files", "--egress-plan", "--verify-hosts", "*.k8s.acme.io", dir}, silence(&out, ""))
			for _, want := range tt.want {
				if !regexp.MustCompile(want).MatchString(out.String()) {
					t.Errorf("%q is not asked:\n%s", want, &out)
				}
			}
		})
	}
}

// TestWhatIsGivenBelongsTogether holds that an id is found among the variables, wherever its place is.
func TestWhatIsGivenBelongsTogether(t *testing.T) {
	var out bytes.Buffer
	env := silence(&out, "00"+forge.Chars(forge.New(t.Name()), forge.Alnum, 40))
	token := env.getenv
	env.getenv = func(name string) string {
		switch name {
		case "TOKEN", "OKTA_TOKEN":
			return token("TOKEN")
		case "SITE":
			return "https://acmeshop.okta.com"
		case "NOTES":
			return strings.Repeat("a line\n", 40)
		}
		return ""
	}
	if run([]string{"verify", "--env", "OKTA_TOKEN", "--env", "NOTES", "--env", "SITE", "--egress-plan"}, env); !strings.Contains(out.String(), "acmeshop.okta.com:443") {
		t.Errorf("%s", &out)
	}
}
