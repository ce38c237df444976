package declared

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
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
	network := func(change func(*guard.Options)) *guard.Network {
		o := p.Options()
		change(&o)
		n, err := guard.New(o)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	failing := func(err error) *guard.Network {
		return network(func(o *guard.Options) {
			o.Connect = func(context.Context, netip.AddrPort) (net.Conn, error) { return nil, err }
		})
	}
	good := network(func(*guard.Options) {})
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
		{"no such name", failing(&net.DNSError{Err: "no such host", Name: "api.acme.com", IsNotFound: true}), nil, nil, "the name of the host was not resolved", true},
		{"no connection", failing(&net.OpError{Op: "dial", Err: errors.New("connection refused")}), nil, nil, "no connection to the host", true},
		{"any other trouble", failing(errors.New("trouble at s3cr3t")), nil, nil, "no answer", true},
		{"a certificate nobody vouches for", network(func(o *guard.Options) { o.RootCAs = nil }), nil, nil, "the certificate of the host is not trusted", false},
		{"interrupted", good, cancelled, nil, "interrupted", false},
		{"no headers", good, nil, func(http.ResponseWriter, *http.Request) { <-release }, "timed out", true},
		{"no body", good, nil, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(401)
			_ = http.NewResponseController(w).Flush()
			<-release
		}, "timed out", true},
		{"closed", good, nil, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "the connection was closed without an answer", true},
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
			p.Expect("GET https://api.acme.com/<secret>\nAccept: application/json\nUser-Agent: straykey\n", verifytest.Account{Secret: "s3cr3t", Answer: tt.answer})
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

// TestNotCheckable asks with a part missing: nothing is sent.
func TestNotCheckable(t *testing.T) {
	rule := &rules.Rule{
		Verify: &rules.Verify{
			Request: rules.Request{URL: "https://{tenant}.acme.com/", Basic: "x:{secret}"}, Hosts: []string{"*.acme.com"}, Parts: []rules.Part{{Name: "tenant"}},
		},
		Revoke: &rules.Revoke{Request: rules.Request{URL: "https://{tenant}.acme.com/"}, Parts: []rules.Part{{Name: "tenant"}}},
	}
	n, err := guard.New(guard.Options{Connect: func(context.Context, netip.AddrPort) (net.Conn, error) {
		t.Error("dialled")
		return nil, errors.New("no network")
	}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	cred := &verify.Credential{Rule: rule, Secret: "s3cr3t"}
	const want = "no tenant was found near it"
	if a := c.Ask(t.Context(), n, cred); a.Verdict != verdict.NotCheckable || a.Reason != want {
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
