package verify

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/rules"
)

func ruleWith(id string, parts ...rules.Part) *rules.Rule {
	return &rules.Rule{ID: id, Verify: &rules.Verify{Parts: parts}}
}

// at is an occurrence in a file, its secret on line 5 of lines 3 to 7.
func at(path, match string, lines ...string) correlate.Occurrence {
	return correlate.Occurrence{Path: path, Line: 5, Frame: correlate.Frame{FirstLine: 3, Lines: lines, Match: match}}
}

// attempts renders the attempts of a candidate: its parts, with a ? after those that are guessed.
func attempts(c Candidate) []string {
	var out []string
	for _, a := range c.Attempts {
		var parts []string
		for name, value := range a.Parts {
			parts = append(parts, name+"="+value)
		}
		slices.Sort(parts)
		s := strings.Join(parts, " ")
		if !a.Near {
			s += "?"
		}
		out = append(out, s)
	}
	if c.More {
		out = append(out, "more")
	}
	if c.Missing != "" {
		out = append(out, "missing: "+c.Missing)
	}
	return out
}

func TestCandidates(t *testing.T) {
	id := &rules.Rule{ID: "acme-id"}
	partner := func(secret string, scope correlate.Scope) correlate.Partner {
		return correlate.Partner{Rule: id, Secret: secret, Fingerprint: "fp-" + secret, Scope: scope}
	}
	idPart := rules.Part{Name: "id", Rules: []string{"acme-id"}}
	regions := rules.Part{Name: "region", Values: []string{"us", "eu"}}
	host := rules.Part{Name: "host", Regex: `https://([a-z0-9.]+)`}
	elsewhere := func(path, secret string) correlate.Finding {
		return correlate.Finding{Rule: id, Secret: secret, Fingerprint: "fp-" + secret, Occurrences: []correlate.Occurrence{at(path, secret)}}
	}
	tests := []struct {
		name   string
		f      correlate.Finding
		others []correlate.Finding
		want   []string
	}{
		{"no parts", correlate.Finding{Rule: ruleWith("r")}, nil, []string{""}},
		{"no check", correlate.Finding{Rule: &rules.Rule{ID: "r"}}, nil, nil},
		{"half without a check", correlate.Finding{Rule: &rules.Rule{ID: "r", Pair: []string{"acme-id"}}}, nil, []string{"missing: no acme-id near it"}},
		{"other half is missing", correlate.Finding{Rule: ruleWith("r", idPart)}, nil, []string{"missing: no acme-id near it"}},
		{"values in turn", correlate.Finding{Rule: ruleWith("r", regions)}, nil, []string{"region=us", "region=eu"}},
		{
			"partners, nearest first, then anywhere",
			correlate.Finding{
				Rule: ruleWith("r", idPart), Occurrences: []correlate.Occurrence{at("a/b/c", "")},
				Partners: []correlate.Partner{partner("A", correlate.SameLine), partner("B", correlate.SameFile), partner("C", correlate.SameCommit)},
			},
			[]correlate.Finding{elsewhere("x/y", "E"), elsewhere("a/b/d", "D"), elsewhere("a/b/e", "A")},
			[]string{"id=A", "id=B", "id=C?", "id=D?", "id=E?"},
		},
		{
			"each region for each id",
			correlate.Finding{Rule: ruleWith("r", idPart, regions), Partners: []correlate.Partner{partner("A", correlate.SameBlock), partner("B", correlate.SameCommit)}},
			nil,
			[]string{"id=A region=us", "id=A region=eu", "id=B region=us?", "id=B region=eu?"},
		},
		{
			"in the secret before the match",
			correlate.Finding{Rule: ruleWith("r", host), Secret: "https://in.secret/x", Occurrences: []correlate.Occurrence{at("", "https://in.match", "https://in.line")}},
			nil,
			[]string{"host=in.secret"},
		},
		{
			"in the match before the lines",
			correlate.Finding{Rule: ruleWith("r", host), Occurrences: []correlate.Occurrence{at("", "https://in.match", "https://in.line")}},
			nil,
			[]string{"host=in.match"},
		},
		{
			"in the lines, nearest first",
			correlate.Finding{Rule: ruleWith("r", host), Occurrences: []correlate.Occurrence{at("", "", "https://two.up", "https://one.up", "", "", "https://two.down")}},
			nil,
			[]string{"host=one.up", "host=two.up", "host=two.down"},
		},
		{
			"whichever form it has",
			correlate.Finding{Rule: ruleWith("r", rules.Part{Name: "account", Regex: `account=(\w+)|(\w+)\.blob\.`}), Occurrences: []correlate.Occurrence{
				at("", "", "", "account=one", "", "two.blob.x"),
			}},
			nil,
			[]string{"account=one", "account=two"},
		},
		{"not found", correlate.Finding{Rule: ruleWith("r", host), Occurrences: []correlate.Occurrence{at("", "x", "y")}}, nil, []string{"missing: no host found near it"}},
		{
			"optional",
			correlate.Finding{Rule: ruleWith("r", rules.Part{Name: "host", Regex: "https://.*", Optional: true}, regions)},
			nil,
			[]string{"region=us", "region=eu"},
		},
		{
			"parts of one place stay together",
			correlate.Finding{Rule: ruleWith("r", host, rules.Part{Name: "user", Regex: `user=(\w+)`}), Occurrences: []correlate.Occurrence{
				at("a", "", "https://one user=ann"), at("b", "", "https://two user=bob"), at("c", "", "https://one user=ann"), at("d", "", "https://none"),
			}},
			nil,
			[]string{"host=one user=ann", "host=two user=bob"},
		},
		{
			"what is alive first",
			correlate.Finding{Rule: ruleWith("r", host), Occurrences: []correlate.Occurrence{
				at("old", "https://old"), {InHead: true, Frame: correlate.Frame{Match: "https://new"}},
			}},
			nil,
			[]string{"host=new", "host=old"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.f.Secret == "" {
				tt.f.Secret = "s"
			}
			got := attempts(Candidates(append([]correlate.Finding{tt.f}, tt.others...))[0])
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// However many halves lie around, few combinations are tried, and the candidate says that there were more.
// TestNearby holds that what stands around each place of a credential is known, for where it may be from.
func TestNearby(t *testing.T) {
	first, second := at("a", "token=x", "token=x"), at("b", "y", "y")
	second.Frame.Around = "url: https://git.acme.com\ny"
	c := Candidates([]correlate.Finding{{Rule: ruleWith("acme"), Secret: "x", Occurrences: []correlate.Occurrence{first, second}}})[0]
	if all := strings.Join(c.Nearby, "|"); !strings.Contains(all, "token=x") || !strings.Contains(all, "git.acme.com") {
		t.Errorf("%q", c.Nearby)
	}
}

func TestFewAttempts(t *testing.T) {
	a, b := &rules.Rule{ID: "a"}, &rules.Rule{ID: "b"}
	findings := []correlate.Finding{{
		Rule:   ruleWith("r", rules.Part{Name: "a", Rules: []string{"a"}}, rules.Part{Name: "b", Rules: []string{"b"}}, rules.Part{Name: "c", Values: []string{"1", "2", "3"}}),
		Secret: "s",
	}}
	for i := range 1000 {
		findings = append(findings, correlate.Finding{Rule: a, Secret: fmt.Sprint("a", i)}, correlate.Finding{Rule: b, Secret: fmt.Sprint("b", i)})
	}
	c := Candidates(findings)[0]
	if len(c.Attempts) != 3*maxGuesses || !c.More {
		t.Errorf("%d attempts, more: %v", len(c.Attempts), c.More)
	}
}

// A check in Go reads the match itself: the same password in two connection strings is two attempts.
func TestAttemptsOfTypedChecks(t *testing.T) {
	f := correlate.Finding{
		Rule: &rules.Rule{ID: "r", Verify: &rules.Verify{Check: "postgres"}}, Secret: "s",
		Occurrences: []correlate.Occurrence{at("a", "one"), at("b", "two"), at("c", "one")},
	}
	var got []string
	for _, a := range Candidates([]correlate.Finding{f})[0].Attempts {
		got = append(got, a.Match)
	}
	if diff := cmp.Diff([]string{"one", "two"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	f.Rule = ruleWith("r")
	if got := Candidates([]correlate.Finding{f})[0].Attempts; len(got) != 1 {
		t.Errorf("%d attempts of a request that only has the secret", len(got))
	}
}

// What belongs to a secret is looked for farther away than a report shows. What stands far from it may belong to
// another, and then its no does not count.
func TestPartsFartherAway(t *testing.T) {
	rule := &rules.Rule{ID: "acme", Verify: &rules.Verify{
		Request: rules.Request{URL: "https://{host}/"}, Hosts: []string{"*.acme.com"},
		Parts: []rules.Part{{Name: "host", Regex: `[a-z]+\.acme\.com`}},
	}}
	place := func(lines int) correlate.Occurrence {
		return correlate.Occurrence{Line: 3 + lines, Frame: correlate.Frame{
			FirstLine: 3 + lines, Lines: []string{"token = s3cr3t"}, Match: "s3cr3t",
			Around: "host: eu.acme.com\n" + strings.Repeat("\n", lines) + "token = s3cr3t\n", AroundLine: 2,
		}}
	}
	for lines, near := range map[int]bool{3: true, 40: false} {
		got := Candidates([]correlate.Finding{{Rule: rule, Secret: "s3cr3t", Occurrences: []correlate.Occurrence{place(lines)}}})
		if len(got) != 1 || len(got[0].Attempts) != 1 || got[0].Attempts[0].Parts["host"] != "eu.acme.com" || got[0].Attempts[0].Near != near {
			t.Errorf("%d lines away: %+v", lines, got)
		}
	}
}
