package declared

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/verdict"
	"github.com/straykey/straykey/verify/verifytest"
)

// TestUnreached asks where no answer comes: that is unknown, and what is said of it holds neither address nor secret.
func TestUnreached(t *testing.T) {
	p, err := verifytest.NewProvider()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	release := make(chan struct{})
	defer close(release)
	good, err := guard.New(p.Options())
	if err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		name      string
		network   *guard.Network
		ctx       context.Context
		answer    http.HandlerFunc
		reason    string
		temporary bool
	}{
		{"no such name", unplugged(t, &net.DNSError{Err: "no such host", Name: "api.acme.com", IsNotFound: true}, nil), nil, nil, "no such host", false},
		{"no connection", unplugged(t, nil, syscall.ECONNREFUSED), nil, nil, "connection refused", true},
		{"any other trouble", unplugged(t, nil, errors.New("trouble at s3cr3t")), nil, nil, "network error", true},
		{"interrupted", good, cancelled, nil, "interrupted", false},
		{"no headers", good, nil, func(http.ResponseWriter, *http.Request) { <-release }, "timed out", true},
		{"no body", good, nil, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(401)
			_ = http.NewResponseController(w).Flush()
			<-release
		}, "timed out", true},
		{"closed", good, nil, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "the connection broke", true},
	}
	rule := &rules.Rule{
		Verify: &rules.Verify{
			Request: rules.Request{URL: "https://api.acme.com/{secret}", SecretInURL: true}, Hosts: []string{"api.acme.com"},
			Answers: []rules.Answer{{Status: []int{200}, Outcome: rules.Active}, {Status: []int{401}, Outcome: rules.Inactive}},
		},
		Revoke: &rules.Revoke{
			Request: rules.Request{URL: "https://api.acme.com/{secret}", SecretInURL: true}, Hosts: []string{"api.acme.com"}, Done: []int{200},
		},
	}
	cred := &verify.Credential{Rule: rule, Secret: "s3cr3t"}
	c, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p.Expect("GET https://api.acme.com/<secret>\nAccept: application/json\n", verifytest.Account{Secret: "s3cr3t", Answer: tt.answer})
			ctx := tt.ctx
			if ctx == nil {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
				defer cancel()
			}
			a := c.Ask(ctx, tt.network, cred)
			if a.Verdict != verdict.Unknown || a.Reason != tt.reason || a.Temporary != tt.temporary || a.Host != "api.acme.com:443" || a.At.IsZero() {
				t.Errorf("%+v", a)
			}
			err := c.Revoke(ctx, tt.network, cred)
			if err == nil || strings.Contains(err.Error(), "s3cr3t") || !strings.Contains(err.Error(), "api.acme.com:443") {
				t.Errorf("revoke: %v", err)
			}
		})
	}
}

// unplugged is a network in which names are not resolved, or addresses not reached.
func unplugged(t *testing.T, resolve, connect error) *guard.Network {
	t.Helper()
	n, err := guard.New(guard.Options{
		Resolve: func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.AddrFrom4([4]byte{9, 9, 9, 9})}, resolve
		},
		Connect: func(context.Context, netip.AddrPort) (net.Conn, error) { return nil, connect },
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestNotCheckable asks with a part missing: nothing is sent.
func TestNotCheckable(t *testing.T) {
	rule := &rules.Rule{
		Verify: &rules.Verify{
			Request: rules.Request{URL: "https://{tenant}.acme.com/", Basic: "x:{secret}"}, Hosts: []string{"*.acme.com"}, Parts: []rules.Part{{Name: "tenant"}},
		},
		Revoke: &rules.Revoke{Request: rules.Request{URL: "https://{tenant}.acme.com/"}, Parts: []rules.Part{{Name: "tenant"}}},
	}
	n := unplugged(t, errors.New("asked for an address"), nil)
	c, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	cred := &verify.Credential{Rule: rule, Secret: "s3cr3t"}
	const want = "no tenant was found near it"
	if a := c.Ask(t.Context(), n, cred); a.Verdict != verdict.NotCheckable || a.Reason != want || !a.At.IsZero() {
		t.Errorf("%+v", a)
	}
	for name, f := range map[string]func() error{
		"Targets":       func() error { _, err := c.Targets(cred); return err },
		"RevokeTargets": func() error { _, err := c.RevokeTargets(cred); return err },
		"Revoke":        func() error { return c.Revoke(t.Context(), n, cred) },
	} {
		if err := f(); err == nil || err.Error() != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	cred.Parts = map[string]string{"tenant": "T1"}
	targets, err := c.Targets(cred)
	if err != nil || len(targets) != 1 || targets[0] != (verify.Target{Host: "t1.acme.com:443", Named: true}) {
		t.Errorf("%v, %v", targets, err)
	}
}
