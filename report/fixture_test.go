package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/detect/proof"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/source"
)

// Secrets are put together here, so that no file of this repository holds a token.
const (
	fakeToken    = "ghp" + "_" + "q7ZfT2mXw9RkLbV4" + "cHs8JdYp3nGu6Ea5Wi0o"
	fakePassword = "hunter" + "2!"
	fakeAWSKey   = "AK" + "IA" + "Q3EGRIXY7ZKPMW4T"
)

func fakePEM() string {
	return strings.Join([]string{
		"-----BEGIN RSA " + "PRIVATE KEY-----",
		"MIIEow" + "IBAAKCAQEAq7ZfT2mXw9RkLbV4cHs8JdYp3nGu6Ea5Wi0oK1xY9vB2tN4sQ6zD",
		"8fH0jL3cG5wE7rU1iO" + "4pA6mS2yX9kV0bT3nC5qZ7gW1hJ4uR6eF8dP0lI2oM5aKsY",
		"Zm9v==",
		"-----END RSA " + "PRIVATE KEY-----",
	}, "\n")
}

func commit(n int, subject string) *correlate.Commit {
	zone := time.FixedZone("", 5*3600+1800)
	return &correlate.Commit{
		ID:      strings.Repeat(fmt.Sprintf("%x", n), 40)[:38] + fmt.Sprintf("%02x", n),
		Author:  "Ada Lovelace",
		Email:   "ada@example.org",
		Date:    time.Date(2026, 3, n, 4, 5, 6, 0, zone),
		Subject: subject,
	}
}

func object(n int) string { return strings.Repeat(fmt.Sprintf("%02x", n), 20) }

func tokenRule() *rules.Rule {
	return &rules.Rule{
		ID: "github-pat", Family: "github-token", Provider: "GitHub", Description: "GitHub personal access token",
		Identity: rules.PersonalAccessToken, Severity: rules.Critical, Tags: []string{"vcs"},
		Docs: "https://docs.github.com/en/authentication", Rotate: "https://docs.github.com/en/authentication/rotate",
	}
}

// fixture is a report with one finding of each kind that the formats treat apart.
func fixture() *Report {
	password := &rules.Rule{ID: "generic-password", Description: "Password in an assignment", Severity: rules.Medium, Weak: true}
	key := &rules.Rule{ID: "private-key", Description: "Private key", Identity: rules.PrivateKey, Severity: rules.High}
	aws := &rules.Rule{ID: "aws-access-key", Provider: "AWS", Description: "AWS access key id", Severity: rules.High, Identity: rules.APIKey, Docs: "https://docs.aws.amazon.com/IAM"}

	token := correlate.Finding{
		Rule: tokenRule(), Secret: fakeToken, Entropy: 4.83418374,
		Proof: proof.Result{Status: proof.Valid, Detail: "checksum holds", Facts: []proof.Fact{{Name: "owner", Value: "user"}}},
	}
	for i := range 6 {
		o := correlate.Occurrence{
			Kind: "blob", Object: object(i + 1), Path: fmt.Sprintf("deploy/prod-%d.yml", i),
			Line: 12, Column: 11, EndLine: 12, EndColumn: 11 + len(fakeToken),
			Frame: correlate.Frame{
				FirstLine: 9,
				Lines: []string{
					"", "env:", "\t# naïve \U0001F511 key, see " + fakePassword,
					`  TOKEN: "` + fakeToken + `" # ##[warning]` + "\x1b[31m",
					"  REGION: eu-west-1",
				},
				Match: fakeToken,
			},
			First: commit(i+1, "add deploy job, password "+fakePassword), Last: commit(9, "bump"),
			InHead: i == 3, Reachable: true, Refs: []string{"refs/heads/main", "refs/tags/v1.0"}, RefCount: 12,
		}
		token.Occurrences = append(token.Occurrences, o)
	}

	pem := fakePEM()
	pemLines := strings.Split(pem, "\n")
	private := correlate.Finding{
		Rule: key, Secret: pem, Entropy: 5.2,
		Proof: proof.Result{Status: proof.Unknown, Facts: []proof.Fact{{Name: "key", Value: "RSA 2048, not encrypted"}}},
		Occurrences: []correlate.Occurrence{{
			Kind: "blob", Object: object(20), Path: "certs/dir with space/ключ:1.pem",
			Line: 2, Column: 1, EndLine: 6, EndColumn: 1 + len(pemLines[4]),
			Frame: correlate.Frame{FirstLine: 1, Lines: append(append([]string{"# key"}, pemLines...), "# end"), Match: pem},
			First: commit(2, "key"), Removed: commit(5, "remove key"), Last: commit(4, "x"), Reachable: true,
			Refs: []string{"refs/stash"}, RefCount: 1,
		}},
	}

	message := correlate.Finding{
		Rule: password, Secret: fakePassword, Entropy: 3,
		Occurrences: []correlate.Occurrence{
			{
				Kind: "commit", Object: commit(1, "").ID, Line: 1, Column: 26, EndLine: 1, EndColumn: 34,
				Frame: correlate.Frame{FirstLine: 1, Lines: []string{"add deploy job, password " + fakePassword}, Match: "password " + fakePassword},
				First: commit(1, "add deploy job, password "+fakePassword), Reachable: true, Refs: []string{"refs/heads/main"}, RefCount: 1,
			},
			{
				Kind: "tag", Object: object(30), Line: 3, Column: 1, EndLine: 3, EndColumn: 9,
				Frame: correlate.Frame{FirstLine: 3, Lines: []string{fakePassword}, Match: fakePassword},
				First: commit(1, "add"), Reachable: true,
			},
		},
	}

	long := strings.Repeat("x=1;", 30)
	minified := correlate.Finding{
		Rule: aws, Secret: fakeAWSKey, Entropy: 3.9,
		Proof: proof.Result{Status: proof.Valid, Detail: "account number", Facts: []proof.Fact{{Name: "account", Value: "123456789012"}}},
		Occurrences: []correlate.Occurrence{{
			Kind: "blob", Object: object(40), Path: "dist/app\x1b]0;x\a.\xffjs",
			Line: 1, Column: 5121, EndLine: 1, EndColumn: 5121 + len(fakeAWSKey),
			// The cut on the right goes through another secret.
			Frame: correlate.Frame{FirstLine: 1, Lines: []string{long + fakeAWSKey + ";" + long + fakeToken[:20]}, Cut: 5000, Match: fakeAWSKey},
		}},
	}

	r := &Report{
		Findings: []correlate.Finding{message, minified, private, token},
		Coverage: coverage(),
		Run: Run{
			Version: "1.2.3", Mode: History, Target: "/src/app", Engine: "delta", Head: commit(9, "").ID, Branch: "refs/heads/main",
			Remote: "https://user:" + "token@example.org/app.git?x=1", Refs: 12, Rules: 215, RuleSet: strings.Repeat("c0ffee", 10),
		},
		Unshown: 3,
		Suppressed: []Suppressed{{
			By: Inline, Reason: "a test key\u202e", Finding: correlate.Finding{
				Rule: tokenRule(), Secret: strings.Replace(fakeToken, "q7", "Q8", 1),
				Occurrences: []correlate.Occurrence{{Kind: "blob", Object: object(50), Path: "a_test.go", Line: 1, Column: 1, EndLine: 1, EndColumn: 41}},
			},
		}},
	}
	for i := range r.Findings {
		r.Findings[i].Fingerprint = fingerprint(&r.Findings[i])
	}
	r.Suppressed[0].Finding.Fingerprint = fingerprint(&r.Suppressed[0].Finding)
	return r
}

func fingerprint(f *correlate.Finding) string {
	family := f.Rule.Family
	if family == "" {
		family = f.Rule.ID
	}
	return correlate.Fingerprint(nil, family, f.Secret)
}

func coverage() *source.Coverage {
	c := new(source.Coverage)
	c.Scanned("blob", 12345, 67_890_123)
	c.Scanned("commit", 300, 40_000)
	c.Scanned("tag", 1, 99)
	return c
}

// broken is a coverage with trouble.
func broken() *source.Coverage {
	c := coverage()
	c.Skipped("blob", source.Problem{Reason: source.Corrupt, What: object(60), Where: "pack-\x1b[1m.pack", Detail: "checksum mismatch"})
	c.Skipped("blob", source.Problem{Reason: source.TooLarge, What: object(61), Detail: "734003200 bytes"})
	c.Problem(source.Problem{Reason: source.Unreadable, What: "refs/heads/x", Detail: "permission denied"})
	for i := range 12 {
		c.Skipped("blob", source.Problem{Reason: source.Promised, What: object(70 + i)})
	}
	return c
}
