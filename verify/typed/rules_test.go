package typed

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/verifytest"
)

// TestRules makes a credential of each rule whose check is in Go, as a scan finds it, and looks whether the check finds
// what it needs in it.
func TestRules(t *testing.T) {
	// What the samples of these rules do not hold, so that the check says that it is missing.
	missing := map[string]error{
		"aiven-token": errNoAddress, "aws-ses-smtp-password": errNoAddress, "azure-redis-key": errNoAddress,
		"neon-connection-uri": errNoAddress, "planetscale-db-password": errNoAddress,
		"azure-storage-account-key": errNoAccount, "azure-storage-connection-string": errNoAccount, "azure-acr-key": errNoRegistry,
		"azure-entra-client-secret": errNoTenant, "azure-entra-client-secret-legacy": errNoTenant, "azure-entra-client-secret-v7": errNoTenant,
		"gcp-service-account-key": errGCPFile, // its key is made up
		"jwt-generic":             errNoIssuer, "x509-client-certificate": errNoCert,
	}
	set, err := rules.Catalog(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	maker, err := verifytest.NewMaker(set)
	if err != nil {
		t.Fatal(err)
	}
	checks := Checks(Config{
		SSHHosts: []string{"git@git.acme.io"}, TLSHosts: []string{"acme.io"}, Kubernetes: []string{"https://k8s.acme.io"},
		LookupSRV: func(context.Context, string) ([]*net.SRV, error) { return nil, nil },
	})
	used := map[string]bool{}
	for _, r := range set.Rules {
		if r.Verify == nil || r.Verify.Check == "" {
			continue
		}
		used[r.Verify.Check] = true
		check := checks[r.Verify.Check]
		if check == nil {
			t.Errorf("%s: there is no check %q", r.ID, r.Verify.Check)
			continue
		}
		c, err := maker.Credential(r, r.Verify.Parts, "typed")
		if err != nil {
			t.Error(err)
			continue
		}
		targets, err := check.Targets(c)
		if !errors.Is(err, missing[r.ID]) {
			t.Errorf("%s: targets %v, error %v, want error %v", r.ID, targets, err, missing[r.ID])
		}
		if _, signsIn := check.(verify.Principaler); signsIn != (r.Verify.SideEffects == rules.Login) {
			t.Errorf("%s: side effects %q, but its check signs in: %t", r.ID, r.Verify.SideEffects, signsIn)
		}
	}
	for name := range checks {
		if !used[name] && name != "tls" { // half of private-key, for rules of users
			t.Errorf("no rule names the check %q", name)
		}
	}
}

// TestNamesAreDocumented compares the names of the checks with those that docs/rules.md has.
func TestNamesAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	_, row, _ := strings.Cut(string(doc), "| `check` | ")
	row, _, _ = strings.Cut(row, "\n")
	for name := range Checks(Config{}) {
		if !strings.Contains(row, "`"+name+"`") {
			t.Errorf("docs/rules.md does not name the check %s", name)
		}
	}
}
