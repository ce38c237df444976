package verifytest_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/detect/generic"
	"github.com/straykey/straykey/detect/proof"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/declared"
	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/verdict"
	"github.com/straykey/straykey/verify/verifytest"
)

var update = flag.Bool("update", false, "write the requests of the checks into "+golden)

// golden has the exact request of every check and revocation, to be reviewed like code.
const golden = "testdata/requests.golden"

// cannotDie are the rules whose issuers have no answer that says a credential is dead, and why.
var cannotDie = map[string]string{
	"atlassian-api-token":          "tokens with scopes and wrong e-mail addresses get the same 401",
	"atlassian-org-api-key":        "access tokens of Bitbucket repositories look alike and get the same 401",
	"azure-devops-pat":             "a revoked token gets a page, as does the token of another organization",
	"azure-devops-pat-legacy":      "a revoked token gets a page, as does the token of another organization",
	"azure-devops-pat-legacy-url":  "a revoked token gets a page, as does the token of another organization",
	"bitrise-token":                "whether tokens of workspaces get the same 401 is not documented",
	"circleci-token-legacy":        "tokens of projects get the same 401",
	"cloudflare-global-key-legacy": "the answer does not tell whether the key or the e-mail address is wrong",
	"cloudflare-global-key-new":    "the answer does not tell whether the key or the e-mail address is wrong",
	"confluent-api-key":            "keys of a cluster get the same 401",
	"confluent-api-key-legacy":     "keys of a cluster get the same 401",
	"datadog-app-key":              "the answer does not tell which of the two keys is wrong",
	"datadog-app-key-prefixed":     "the answer does not tell which of the two keys is wrong",
	"dockerhub-oat":                "a wrong user name gets the same 401",
	"dockerhub-pat":                "a wrong user name gets the same 401",
	"google-gemini-auth-key":       "a project that is not set up gets the same refusal",
	"jira-datacenter-pat":          "tokens of Confluence look alike and get the same 401",
	"mailgun-api-key":              "sending keys of a domain get the same 401",
	"mailgun-api-key-new":          "sending keys of a domain get the same 401",
	"nuget-api-key":                "keys that may not push get the same 403",
	"polar-personal-token":         "tokens of other kinds get the same 401",
	"postmark-token":               "tokens of accounts get the same 401",
	"snowflake-pat":                "a missing network policy gets the same 394400",
}

// bench is what the tests of a check need.
type bench struct {
	provider *verifytest.Provider
	network  *guard.Network
	maker    *verifytest.Maker
	check    *declared.Check
	set      *rules.Set
}

func newBench(t *testing.T) *bench {
	t.Helper()
	set, err := rules.Catalog(options())
	if err != nil {
		t.Fatal(err)
	}
	return benchOf(t, set)
}

func options() rules.Options {
	return rules.Options{Proofs: proof.Names(), Detectors: generic.Names()}
}

func benchOf(t *testing.T, set *rules.Set) *bench {
	t.Helper()
	maker, err := verifytest.NewMaker(set)
	if err != nil {
		t.Fatal(err)
	}
	provider, err := verifytest.NewProvider()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(provider.Close)
	check, err := declared.New(instances(set))
	if err != nil {
		t.Fatal(err)
	}
	network, err := guard.New(provider.Options())
	if err != nil {
		t.Fatal(err)
	}
	return &bench{provider, network, maker, check, set}
}

// instances are the addresses of issuers that have no public host.
func instances(set *rules.Set) map[string]string {
	out := map[string]string{}
	for _, r := range set.Rules {
		if r.Verify != nil && r.Verify.OnlyEndpoint() {
			out[r.Verify.Endpoint] = "https://" + r.Verify.Endpoint + ".acme.example"
		}
	}
	return out
}

// declaredChecks are the rules that are checked by a request.
func (b *bench) declaredChecks() []*rules.Rule {
	return slices.DeleteFunc(slices.Clone(b.set.Rules), func(r *rules.Rule) bool { return r.Verify == nil || r.Verify.Check != "" })
}

func (b *bench) revocations() []*rules.Rule {
	return slices.DeleteFunc(slices.Clone(b.set.Rules), func(r *rules.Rule) bool { return r.Revoke == nil })
}

// TestSamples asks what the contract needs of every check in the catalogue.
func TestSamples(t *testing.T) {
	for _, r := range newBench(t).declaredChecks() {
		v := r.Verify
		if v.Live == nil || v.Dead == nil {
			t.Errorf("rule %s: no sample of the answer for a living and for a dead credential (live, dead)", r.ID)
		}
		if v.Source == "" {
			t.Errorf("rule %s: no source says where the answers are from", r.ID)
		}
		dies := slices.ContainsFunc(v.Answers, func(a rules.Answer) bool { return a.Outcome == rules.Inactive })
		if why := cannotDie[r.ID]; dies == (why != "") {
			t.Errorf("rule %s: inactive among its answers: %v; reason why there is none: %q", r.ID, dies, why)
		}
		forbids := slices.ContainsFunc(v.Answers, func(a rules.Answer) bool { return a.Outcome == rules.Forbidden })
		if forbids != (v.Forbidden != nil) {
			t.Errorf("rule %s: forbidden among its answers: %v; sample: %v", r.ID, forbids, v.Forbidden != nil)
		}
	}
}

// exchange is what is sent for a rule: its check or its revocation.
type exchange struct {
	name  string
	rule  *rules.Rule
	req   *rules.Request
	parts []rules.Part
	send  func(context.Context, *guard.Network, *verify.Credential) error
}

func (b *bench) exchanges() []exchange {
	var out []exchange
	for _, r := range b.declaredChecks() {
		out = append(out, exchange{r.ID, r, &r.Verify.Request, r.Verify.Parts, func(ctx context.Context, n *guard.Network, c *verify.Credential) error {
			if a := b.check.Ask(ctx, n, c); a.At.IsZero() {
				return fmt.Errorf("not asked: %s", a.Reason)
			}
			return nil
		}})
	}
	for _, r := range b.revocations() {
		out = append(out, exchange{"revoke " + r.ID, r, &r.Revoke.Request, revokeParts(r.Revoke), func(ctx context.Context, n *guard.Network, c *verify.Credential) error {
			_ = b.check.Revoke(ctx, n, c)
			return nil
		}})
		if r.Revoke.Lookup == nil {
			continue
		}
		out = append(out, exchange{"look up " + r.ID, r, &r.Revoke.Lookup.Request, r.Revoke.Parts, func(ctx context.Context, n *guard.Network, c *verify.Credential) error {
			_, _ = b.check.Lookup(ctx, n, c)
			return nil
		}})
	}
	return out
}

// revokeParts are the parts of a revocation, with the id that is looked up.
func revokeParts(r *rules.Revoke) []rules.Part {
	if r.Lookup == nil {
		return r.Parts
	}
	return append(slices.Clip(r.Parts), rules.Part{Name: rules.IDPart, Sample: "{{lower 8}}"})
}

// TestRequests holds the request of every check against the golden file.
func TestRequests(t *testing.T) {
	b := newBench(t)
	have := map[string]string{}
	for _, x := range b.exchanges() {
		have[x.name] = b.request(t, x)
		if inURL := secretInURL(have[x.name]); inURL != x.req.SecretInURL {
			t.Errorf("%s: the secret is in the URL: %v, secretInURL: %v", x.name, inURL, x.req.SecretInURL)
		}
	}
	if *update {
		if err := os.WriteFile(golden, []byte(join(have)), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := gocmp.Diff(readGolden(t), have); diff != "" {
		t.Errorf("-want +got; after a review, go test ./verify/verifytest -update\n%s", diff)
	}
}

// secretInURL reports whether the URL of a request holds the secret.
func secretInURL(request string) bool {
	for i, line := range strings.Split(request, "\n") {
		if (i == 0 || strings.HasPrefix(line, "query ")) && strings.Contains(line, "<secret") {
			return true
		}
	}
	return false
}

// request returns the text of what is sent, with <secret> and <part> for the values.
func (b *bench) request(t *testing.T, x exchange) string {
	t.Helper()
	c, err := b.maker.Credential(x.rule, x.parts, "live")
	if err != nil {
		t.Error(err)
		return ""
	}
	marked, names := mark(c, x.req)
	b.provider.Expect("")
	if err := x.send(t.Context(), b.network, marked); err != nil {
		t.Errorf("%s: %v", x.name, err)
		return ""
	}
	sent := b.provider.Mistakes()
	if len(sent) != 1 {
		t.Errorf("%s: %d requests, want 1", x.name, len(sent))
		return ""
	}
	return names.Replace(sent[0])
}

// mark returns a credential that holds the names of its values, and what turns the values that had to stay, as they
// are part of the name of a host, into names.
func mark(c *verify.Credential, r *rules.Request) (*verify.Credential, *strings.Replacer) {
	m := &verify.Credential{Rule: c.Rule, Secret: "<secret>", Parts: map[string]string{}}
	authority, _, _ := strings.Cut(strings.TrimPrefix(r.URL, "https://"), "/")
	inHost := rules.Placeholders(authority)
	if r.OnlyEndpoint() {
		inHost = nil
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(c.Parts)) {
		switch {
		case c.Parts[name] == "":
		case slices.Contains(inHost, name):
			m.Parts[name] = c.Parts[name]
			if len(c.Parts[name]) >= 8 {
				names = append(names, strings.ToLower(c.Parts[name]), "<"+name+">", c.Parts[name], "<"+name+">")
			}
		default:
			m.Parts[name] = "<" + name + ">"
		}
	}
	switch {
	case r.URL == "{secret}":
		m.Secret = c.Secret
		names = append(names, "https://"+strings.TrimPrefix(c.Secret, "https://"), verifytest.WholeURL)
	case slices.Contains(inHost, "secret"):
		m.Secret = c.Secret
		names = append(names, c.Secret, "<secret>")
	case len(inHost) > 0:
		real := rules.Expand(authority, func(name string) string { return c.Parts[name] })
		names = append(names, "https://"+strings.ToLower(real), "https://"+rules.Expand(authority, func(name string) string { return "<" + name + ">" }))
	}
	return m, strings.NewReplacer(names...)
}

// join writes the requests as one text. Checks that are the same stand once.
func join(requests map[string]string) string {
	names := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(requests)) {
		names[requests[name]] = append(names[requests[name]], name)
	}
	blocks := slices.SortedFunc(maps.Keys(names), func(a, b string) int { return cmp.Compare(names[a][0], names[b][0]) })
	var b strings.Builder
	for _, text := range blocks {
		fmt.Fprintf(&b, "== %s\n%s\n", strings.Join(names[text], ", "), text)
	}
	return b.String()
}

func readGolden(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for block := range strings.SplitSeq("\n"+string(data), "\n== ") {
		names, text, _ := strings.Cut(block, "\n")
		for name := range strings.SplitSeq(names, ", ") {
			if name != "" {
				out[name] = strings.TrimRight(text, "\n") + "\n"
			}
		}
	}
	return out
}

// TestContract runs all that a check must get right against every check of the catalogue.
func TestContract(t *testing.T) {
	b := newBench(t)
	requests := readGolden(t)
	seen := map[*rules.Verify]bool{}
	for _, r := range b.declaredChecks() {
		if r.Verify.Live == nil || r.Verify.Dead == nil {
			continue // TestSamples tells
		}
		t.Run(r.ID, func(t *testing.T) {
			k := &contract{bench: b, v: r.Verify, request: requests[r.ID]}
			k.run(t, r)
			if !seen[r.Verify] {
				seen[r.Verify] = true
				k.endures(t)
			}
		})
	}
}

// TestDocsExample runs the contract on the rule file in docs/rules.md.
func TestDocsExample(t *testing.T) {
	docs, err := os.ReadFile("../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(docs), "<!-- example: acme.toml -->\n```toml\n")
	example, _, closed := strings.Cut(after, "```\n")
	if !found || !closed {
		t.Fatal("no example in docs/rules.md")
	}
	set, err := rules.Parse("acme.toml", []byte(example), options())
	if err != nil {
		t.Fatal(err)
	}
	b := benchOf(t, set)
	r := set.Rule("acme-deploy-token")
	k := &contract{bench: b, v: r.Verify, request: "GET https://api.acme.example/v1/token\nAccept: application/json\nAuthorization: Bearer <secret>\n"}
	k.run(t, r)
	k.endures(t)
	revokes(t, b, r, "DELETE https://api.acme.example/v1/token\nAccept: application/json\nAuthorization: Bearer <secret>\n")
}

// contract is the contract with one check.
type contract struct {
	*bench
	v          *rules.Verify
	request    string
	live, dead *verify.Credential
	fakes      []*verify.Credential
}

func (k *contract) make(t *testing.T, r *rules.Rule, seed string) *verify.Credential {
	t.Helper()
	c, err := k.maker.Credential(r, r.Verify.Parts, seed)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func account(c *verify.Credential, answer http.HandlerFunc) verifytest.Account {
	return verifytest.Account{Secret: c.Secret, Parts: c.Parts, Answer: answer}
}

// ask asks about a credential that answers as given, and checks that the request was the right one.
func (k *contract) ask(t *testing.T, c *verify.Credential, answer http.HandlerFunc) verify.Answer {
	t.Helper()
	k.provider.Expect(k.request, account(c, answer))
	a := k.check.Ask(t.Context(), k.network, c)
	for _, text := range k.provider.Mistakes() {
		t.Fatalf("not the request it should be:\n%s\nwant\n%s", text, k.request)
	}
	targets, err := k.check.Targets(c)
	if err != nil || len(targets) != 1 || targets[0].Host != a.Host || !targets[0].Named {
		t.Errorf("Targets: %v, %v; asked %s", targets, err, a.Host)
	}
	return a
}

// run makes credentials of a rule and tries what the issuer's own answers to them mean.
func (k *contract) run(t *testing.T, r *rules.Rule) {
	k.live, k.dead = k.make(t, r, "live"), k.make(t, r, "dead")
	k.fakes = []*verify.Credential{k.make(t, r, "fake 1"), k.make(t, r, "fake 2")}
	k.decides(t)
}

// decides tries what the issuer's own answers mean.
func (k *contract) decides(t *testing.T) {
	a := k.ask(t, k.live, verifytest.Answer(k.v.Live))
	if a.Verdict != verdict.Active {
		t.Errorf("live: %s (%s)", a.Verdict, a.Reason)
	}
	for _, tell := range k.v.Tells {
		if !told(&a.Identity, tell.Field) {
			t.Errorf("live: %s is not told by the sample", tell.Field)
		}
	}
	want := verdict.Inactive
	if cannotDie[k.live.Rule.ID] != "" {
		want = verdict.Unknown
	}
	if a := k.ask(t, k.dead, verifytest.Answer(k.v.Dead)); a.Verdict != want || a.Temporary || !a.IsZero() {
		t.Errorf("dead: %s (%s), %+v", a.Verdict, a.Reason, a.Identity)
	}
	if k.v.Forbidden != nil {
		if a := k.ask(t, k.live, verifytest.Answer(k.v.Forbidden)); a.Verdict != verdict.Forbidden || a.Reason == "" {
			t.Errorf("forbidden: %s (%s)", a.Verdict, a.Reason)
		}
	}
	for i, c := range k.fakes {
		k.provider.Expect(k.request, account(k.live, verifytest.Answer(k.v.Live)))
		if c.Secret == k.live.Secret {
			t.Fatalf("fake %d is the live credential", i)
		}
		if a := k.check.Ask(t.Context(), k.network, c); a.Verdict == verdict.Active || a.Verdict == verdict.Forbidden {
			t.Errorf("a credential that nobody issued is %s", a.Verdict)
		}
		if a := k.ask(t, c, verifytest.Answer(k.v.Dead)); a.Verdict != want {
			t.Errorf("a credential that nobody issued is %s (%s)", a.Verdict, a.Reason)
		}
	}
}

func told(id *verdict.Identity, field string) bool {
	return map[string]bool{
		"owner": id.Owner != "", "account": id.Account != "", "principal": id.Principal != "", "privilege": id.Privilege != "",
		"scopes": len(id.Scopes) > 0, "created": !id.Created.IsZero(), "last_used": !id.LastUsed.IsZero(), "expires": !id.Expires.IsZero(),
	}[field]
}

const (
	blockPage = "<!DOCTYPE html><html><head><title>Blocked</title></head><body>Your request was blocked: active ok true</body></html>"
	elsewhere = "elsewhere.example"
)

// endures tries what is not the issuer's own answer: none of it says anything.
func (k *contract) endures(t *testing.T) {
	live, dead := verifytest.Answer(k.v.Live), verifytest.Answer(k.v.Dead)
	type trouble struct {
		name      string
		answer    http.HandlerFunc
		reason    string
		temporary bool
	}
	page := func(status int) trouble {
		return trouble{fmt.Sprintf("page with %d", status), plain(status, "text/html; charset=utf-8", blockPage), "a page, not an answer", false}
	}
	list := []trouble{
		{"rate limited", with("Retry-After", "7", plain(429, "application/json", k.v.Live.Body)), "rate limited", true},
		{"internal error", plain(500, "application/json", k.v.Live.Body), "the issuer has trouble: answer 500", true},
		{"bad gateway", plain(502, "text/html", blockPage), "the issuer has trouble: answer 502", true},
		{"unavailable", plain(503, "application/json", k.v.Dead.Body), "the issuer has trouble: answer 503", true},
		page(200), page(401), page(403), page(404),
		{"a page that says it is JSON", plain(k.v.Dead.Status, "application/json", blockPage), "a page, not an answer", false},
		{"redirect", with("Location", "https://"+elsewhere+"/", plain(302, "application/json", k.v.Live.Body)), "redirected", false},
		{"redirect that keeps the method", with("Location", "https://"+elsewhere+"/", plain(307, "application/json", "")), "redirected", false},
		{"truncated refusal", cut(k.v.Dead), "the answer is cut off", true},
		{"a teapot", plain(418, "application/json", "{}"), "unexpected answer 418", false},
	}
	if k.v.Live.Status != http.StatusNoContent { // which has no body to be cut or too long
		list = append(list,
			trouble{"truncated", cut(k.v.Live), "the answer is cut off", true},
			trouble{"oversized", oversized(k.v.Live.Status), "the answer is too long", false},
		)
	}
	if !k.v.AnyContent {
		noJSON := "not the issuer's answer: no JSON"
		list = append(list,
			trouble{"wrong content type", with("Content-Type", "text/plain", live), noJSON, false},
			trouble{"wrong content type of a refusal", with("Content-Type", "text/plain", dead), noJSON, false},
			trouble{"malformed JSON", plain(k.v.Live.Status, "application/json", half(k.v.Live.Body)), noJSON, false},
			trouble{"malformed JSON of a refusal", plain(k.v.Dead.Status, "application/json", half(k.v.Dead.Body)), noJSON, false},
			trouble{"nothing", plain(k.v.Live.Status, "application/json", ""), noJSON, false},
		)
	}
	for _, x := range list {
		a := k.ask(t, k.live, x.answer)
		if a.Verdict != verdict.Unknown || a.Reason != x.reason || a.Temporary != x.temporary || !a.IsZero() {
			t.Errorf("%s: %s (%s), temporary %v", x.name, a.Verdict, a.Reason, a.Temporary)
		}
		if x.name == "rate limited" && a.RetryAfter != 7*time.Second {
			t.Errorf("rate limited: to be asked again after %v, want 7s", a.RetryAfter)
		}
		if hosts := k.provider.Hosts(); len(hosts) != 1 || hosts[0] == elsewhere {
			t.Errorf("%s: asked %v, want one host once", x.name, hosts)
		}
	}
	if a := k.ask(t, k.live, live); a.Verdict != verdict.Active {
		t.Errorf("live after trouble: %s (%s)", a.Verdict, a.Reason)
	}
	// Even where an answer need not be JSON, a portal that says yes to everything is not believed.
	if a := k.ask(t, k.live, plain(200, "text/plain", "OK")); a.Verdict == verdict.Active || a.Verdict == verdict.Forbidden {
		t.Errorf("a portal's OK: %s", a.Verdict)
	}
	k.timesOut(t)
	k.closes(t)
}

func (k *contract) timesOut(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	release := make(chan struct{})
	defer close(release)
	k.provider.Expect(k.request, account(k.live, func(http.ResponseWriter, *http.Request) { <-release }))
	a := k.check.Ask(ctx, k.network, k.live)
	if a.Verdict != verdict.Unknown || a.Reason != "timed out" || !a.Temporary {
		t.Errorf("time-out: %s (%s), temporary %v", a.Verdict, a.Reason, a.Temporary)
	}
	// What is still on its way must not be taken for a request of the next check.
	for range 50 {
		if len(k.provider.Hosts()) > 0 {
			break
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func (k *contract) closes(t *testing.T) {
	a := k.ask(t, k.live, func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) })
	if a.Verdict != verdict.Unknown || !a.Temporary {
		t.Errorf("closed connection: %s (%s), temporary %v", a.Verdict, a.Reason, a.Temporary)
	}
}

// TestRevocations tries every revocation of the catalogue.
func TestRevocations(t *testing.T) {
	b := newBench(t)
	requests := readGolden(t)
	for _, r := range b.revocations() {
		t.Run(r.ID, func(t *testing.T) { revokes(t, b, r, requests["revoke "+r.ID]) })
	}
}

// revokes tries the revocation of a rule, whose request is given.
func revokes(t *testing.T, b *bench, r *rules.Rule, request string) {
	t.Helper()
	c, err := b.maker.Credential(r, revokeParts(r.Revoke), "live")
	if err != nil {
		t.Fatal(err)
	}
	// What was found alive with the parts of its check has to be enough.
	if r.Verify != nil {
		asked, err := b.maker.Credential(r, r.Verify.Parts, "live")
		if err != nil {
			t.Fatal(err)
		}
		known := verify.Complete(asked, r.Revoke.Parts)
		for _, p := range r.Revoke.Parts {
			if !p.Optional && known[p.Name] == "" {
				t.Errorf("part %s is known neither by the check nor by the credential", p.Name)
			}
		}
	}
	revoke := func(answer http.HandlerFunc) error {
		b.provider.Expect(request, account(c, answer))
		err := b.check.Revoke(t.Context(), b.network, c)
		for _, text := range b.provider.Mistakes() {
			t.Errorf("not the request it should be:\n%s\nwant\n%s", text, request)
		}
		return err
	}
	for _, status := range r.Revoke.Done {
		if err := revoke(plain(status, "application/json", meeting(r.Revoke.JSON))); err != nil {
			t.Errorf("done with %d: %v", status, err)
		}
	}
	if len(r.Revoke.JSON) > 0 && revoke(plain(r.Revoke.Done[0], "application/json", "{}")) == nil {
		t.Error("done, although the body does not say so")
	}
	for name, answer := range map[string]http.HandlerFunc{
		"refused":  plain(403, "application/json", "{}"),
		"trouble":  plain(500, "application/json", "{}"),
		"page":     plain(r.Revoke.Done[0], "text/html", blockPage),
		"redirect": with("Location", "https://"+elsewhere, plain(302, "text/plain", "")),
	} {
		err := revoke(answer)
		if err == nil || strings.Contains(err.Error(), c.Secret) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// TestLookups tries every look-up of an id in the catalogue: what the list has, and what is no list.
func TestLookups(t *testing.T) {
	b := newBench(t)
	requests := readGolden(t)
	for _, r := range b.revocations() {
		if r.Revoke.Lookup != nil {
			t.Run(r.ID, func(t *testing.T) { looksUp(t, b, r, requests["look up "+r.ID]) })
		}
	}
}

func looksUp(t *testing.T, b *bench, r *rules.Rule, request string) {
	t.Helper()
	l := r.Revoke.Lookup
	c, err := b.maker.Credential(r, r.Revoke.Parts, "live")
	if err != nil {
		t.Fatal(err)
	}
	lookup := func(answer http.HandlerFunc) ([]declared.Entry, error) {
		b.provider.Expect(request, account(c, answer))
		entries, err := b.check.Lookup(t.Context(), b.network, c)
		for _, text := range b.provider.Mistakes() {
			t.Errorf("not the request it should be:\n%s\nwant\n%s", text, request)
		}
		if err != nil && strings.Contains(err.Error(), c.Secret) {
			t.Errorf("the error holds the secret: %v", err)
		}
		return entries, err
	}
	listed := func(beginning string) http.HandlerFunc {
		return plain(200, "application/json", strings.ReplaceAll(l.Live.Body, "{begins}", beginning))
	}
	entries, err := lookup(listed(c.Secret[:16]))
	if err != nil || len(entries) != 1 || entries[0].ID == "" || len(entries[0].Tells) == 0 {
		t.Errorf("listed: %+v, %v", entries, err)
	}
	if entries, err := lookup(listed("anothersbeginnin")); (err == nil) != (l.Begins == "") {
		t.Errorf("another's: %+v, %v", entries, err)
	}
	for name, answer := range map[string]http.HandlerFunc{
		"refused":  plain(403, "application/json", "{}"),
		"trouble":  plain(500, "application/json", "{}"),
		"empty":    plain(200, "application/json", "{}"),
		"page":     plain(200, "text/html", blockPage),
		"no JSON":  plain(200, "application/json", "["),
		"redirect": with("Location", "https://"+elsewhere, plain(302, "text/plain", "")),
	} {
		if entries, err := lookup(answer); err == nil {
			t.Errorf("%s: %+v", name, entries)
		}
	}
}

// meeting is a document of which conditions of the form "name = value" hold.
func meeting(list []rules.Condition) string {
	var fields []string
	for _, c := range list {
		fields = append(fields, fmt.Sprintf("%q: %s", c.Path, c.Value))
	}
	return "{" + strings.Join(fields, ", ") + "}"
}

func plain(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// with sets a header whatever the answer sets.
func with(name, value string, answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer(overriding{w, name, value}, r)
	}
}

type overriding struct {
	http.ResponseWriter
	name, value string
}

func (o overriding) WriteHeader(status int) {
	o.Header().Set(o.name, o.value)
	o.ResponseWriter.WriteHeader(status)
}

// cut ends the connection before the body.
func cut(s *rules.Response) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(s.Body)+100))
		w.WriteHeader(max(s.Status, 200))
		_, _ = io.WriteString(w, s.Body)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

func oversized(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"a": "`)
		chunk := strings.Repeat("a", 64<<10)
		for range 20 {
			_, _ = io.WriteString(w, chunk)
		}
		_, _ = io.WriteString(w, `"}`)
	}
}

func half(body string) string { return body[:len(body)/2] }
