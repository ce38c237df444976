package report

import (
	"strings"
	"testing"
	"time"

	"github.com/straykey/straykey/verify/verdict"
)

// verified is the fixture after its issuers were asked. One of them repeats the secret in what it tells.
func verified() *Report {
	r := fixture()
	at := time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)
	r.Verdicts = map[string]verdict.Result{}
	for i := range r.Findings {
		f := &r.Findings[i]
		switch f.Secret {
		case fakeToken:
			r.Verdicts[f.Fingerprint] = verdict.Result{
				Verdict: verdict.Active, Host: "api.github.com:443", At: at, Cached: true,
				Identity: verdict.Identity{
					Owner: "Ada\x1b[31m of " + fakePassword, Principal: "ada", Scopes: []string{"repo", "admin:org"}, Privilege: "admin",
					Created: at.AddDate(0, -3, 0), Expires: at.AddDate(0, 2, 0),
				},
			}
		case fakeAWSKey:
			r.Verdicts[f.Fingerprint] = verdict.Result{Verdict: verdict.NotCheckable, Reason: "no aws-secret-access-key near it"}
		case fakePassword:
			r.Verdicts[f.Fingerprint] = verdict.Result{Verdict: verdict.Inactive, Host: "db.example.org:5432", At: at}
		}
	}
	return r
}

// Findings that nobody knows anything of are counted all the same.
func TestVerdictsAddUp(t *testing.T) {
	r := verified()
	sum := 0
	for _, n := range byVerdict(r) {
		sum += n
	}
	if sum != len(r.Findings) || byVerdict(fixture()) != nil {
		t.Errorf("%d verdicts of %d findings", sum, len(r.Findings))
	}
}

func TestLivingFindingsComeFirst(t *testing.T) {
	sorted := inOrder(verified())
	for i := 1; i < len(sorted.Findings); i++ {
		if sorted.Verdict(&sorted.Findings[i-1]).Rank() > sorted.Verdict(&sorted.Findings[i]).Rank() {
			t.Errorf("finding %d is more urgent than the one before", i)
		}
	}
}

func TestVerdictsHoldNoSecret(t *testing.T) {
	for _, format := range Formats() {
		if got := write(t, format, verified(), Options{}); strings.Contains(got, fakePassword) || strings.Contains(got, "Ada\x1b") {
			t.Errorf("%s: what an issuer told is written as it came", format)
		}
	}
}
