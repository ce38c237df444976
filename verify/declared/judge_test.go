package declared

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/verdict"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func reply(status int, contentType, body string, headers ...string) *response {
	h := http.Header{"Content-Type": {contentType}}
	for i := 0; i < len(headers); i += 2 {
		h.Add(headers[i], headers[i+1])
	}
	return &response{status: status, header: h, body: []byte(body), at: noon}
}

func TestJudge(t *testing.T) {
	v := &rules.Verify{Answers: []rules.Answer{
		{Status: []int{200}, JSON: []rules.Condition{{Path: "user.id", Op: "exists"}}, Outcome: rules.Active},
		{Status: []int{200}, JSON: []rules.Condition{{Path: "ok", Op: "=", Value: "false"}, {Path: "errors.*.code", Op: "=", Value: "7"}}, Outcome: rules.Inactive, Reason: "revoked"},
		{Status: []int{400, 401}, Headers: []rules.Condition{{Path: "X-Reason", Op: "=", Value: "expired"}}, Outcome: rules.Inactive},
		{Status: []int{401}, JSON: []rules.Condition{{Path: "error", Op: "absent"}}, Outcome: rules.Inactive},
		{Status: []int{403}, JSON: []rules.Condition{{Path: "error", Op: "!=", Value: "blocked"}}, Outcome: rules.Forbidden},
		{Status: []int{404}, Body: []string{"no such key", "gone"}, Outcome: rules.Inactive},
		{Status: []int{402}, Outcome: rules.Unknown},
	}}
	lax := *v
	lax.AnyContent = true
	const js = "application/json; charset=utf-8"
	active := verify.Answer{Result: verdict.Result{Verdict: verdict.Active}}
	inactive := verify.Answer{Result: verdict.Result{Verdict: verdict.Inactive}}
	unknown := verify.Undecided
	temporary := func(reason string, after time.Duration) verify.Answer {
		a := unknown(reason)
		a.Temporary, a.RetryAfter = true, after
		return a
	}
	page := unknown("a page, not an answer")
	page.NotIssuer = true
	noJSON := unknown("not the issuer's answer: no JSON")
	tests := []struct {
		name string
		v    *rules.Verify
		r    *response
		want verify.Answer
	}{
		{"active", v, reply(200, js, `{"user": {"id": 1}}`), active},
		{"a type that ends in +json", v, reply(200, "application/vnd.acme+json", `{"user": {"id": 1}}`), active},
		{"null is not there", v, reply(200, js, `{"user": {"id": null}}`), unknown("unexpected answer 200")},
		{"one of several", v, reply(200, js, `{"ok": false, "errors": [{"code": 6}, {"code": 7}]}`), verify.Answer{Result: verdict.Result{Verdict: verdict.Inactive, Reason: "revoked"}}},
		{"not all that must hold", v, reply(200, js, `{"ok": false, "errors": [{"code": 6}]}`), unknown("unexpected answer 200")},
		{"a header", v, reply(400, js, `{}`, "X-Reason", "expired"), inactive},
		{"absent", v, reply(401, js, `{}`), inactive},
		{"not absent", v, reply(401, js, `{"error": "x"}`), unknown("unexpected answer 401")},
		{"another value", v, reply(403, js, `{"error": "scope"}`), verify.Answer{Result: verdict.Result{Verdict: verdict.Forbidden, Reason: "answer 403"}}},
		{"that value", v, reply(403, js, `{"error": "blocked"}`), unknown("unexpected answer 403")},
		{"no value at all", v, reply(403, js, `{}`), unknown("unexpected answer 403")},
		{"words of the body", v, reply(404, js, `{"message": "it is gone"}`), inactive},
		{"unknown by the rule", v, reply(402, js, `{}`), unknown("answer 402 says nothing about it")},
		{"none of the answers", v, reply(418, js, `{}`), unknown("unexpected answer 418")},

		{"redirected", v, reply(302, js, `{"user": {"id": 1}}`), unknown("redirected")},
		{"rate limited", v, reply(429, js, `{}`), temporary("rate limited", 0)},
		{"rate limited for a while", v, reply(429, js, `{}`, "Retry-After", "30"), temporary("rate limited", 30*time.Second)},
		{"rate limited until", v, reply(429, js, `{}`, "Retry-After", "Sun, 01 Mar 2026 12:01:00 GMT"), temporary("rate limited", time.Minute)},
		{"rate limited until long ago", v, reply(429, js, `{}`, "Retry-After", "Sun, 01 Mar 2020 12:01:00 GMT"), temporary("rate limited", 0)},
		{"rate limited for ever", v, reply(429, js, `{}`, "Retry-After", "99999999999999"), temporary("rate limited", 24*time.Hour)},
		{"trouble", v, reply(503, js, `{"user": {"id": 1}}`, "Retry-After", "5"), temporary("the issuer has trouble: answer 503", 5*time.Second)},

		{"a page", v, reply(401, "text/html", "<p>hello"), page},
		{"a page without a type", v, reply(401, "", " \n<!DOCTYPE html><html>"), page},
		{"a page as JSON", v, reply(200, js, "\xef\xbb\xbf<HTML>"), page},
		{"an empty page", &lax, reply(402, "text/html", ""), page},
		{"a page where anything goes", &lax, reply(404, "text/html", "<html>no such key"), page},
		{"words that say they are HTML", &lax, reply(404, "text/html", "no such key"), inactive},
		{"words that say they are HTML, without a condition on them", &lax, reply(402, "text/html", "no such key"), unknown("unexpected answer 402")},

		{"another type", v, reply(200, "text/plain", `{"user": {"id": 1}}`), noJSON},
		{"another type where anything goes", &lax, reply(200, "text/plain", `{"user": {"id": 1}}`), active},
		{"no JSON", v, reply(401, js, `{`), noJSON},
		{"nothing", v, reply(401, js, ``), noJSON},
		{"nothing where anything goes", &lax, reply(402, "", ``), unknown("answer 402 says nothing about it")},
		{"no JSON where a condition asks for it", &lax, reply(401, js, `Unauthorized`), unknown("unexpected answer 401")},
		{"more than one document", v, reply(200, js, `{"user": {"id": 1}} {}`), noJSON},
		{"a name twice", v, reply(200, js, `{"user": {"id": 1}, "user": {}}`), noJSON},
		{"a name twice, inside", v, reply(200, js, `{"user": {"id": 1, "id": 1}}`), noJSON},
		{"too deep", v, reply(200, js, `{"user": {"id": `+strings.Repeat("[", 70)+strings.Repeat("]", 70)+`}}`), noJSON},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, judge(tt.v, tt.r)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestJudgeCut(t *testing.T) {
	v := &rules.Verify{AnyContent: true, Answers: []rules.Answer{{Status: []int{200}, Outcome: rules.Active}, {Status: []int{401}, Outcome: rules.Inactive}}}
	for status := range map[int]bool{200: true, 401: true} {
		r := reply(status, "application/json", `{}`)
		r.broken = true
		if a := judge(v, r); a.Verdict != verdict.Unknown || !a.Temporary {
			t.Errorf("cut off: %+v", a)
		}
		r = reply(status, "application/json", `{}`)
		r.over = true
		if a := judge(v, r); a.Verdict != verdict.Unknown || a.Temporary {
			t.Errorf("too long: %+v", a)
		}
	}
}

func TestTell(t *testing.T) {
	const body = `{
		"user": {"login": "octo\u001b[2J\u202e", "names": ["", "Mona", "Lisa"], "secret": "is s3cr3t"},
		"role": "ADMIN", "kind": "owner", "id": 42, "none": null,
		"scopes": ["repo", "read user", 7, "repo"], "text": "b, a  c", "nested": [{"s": "y"}, {"s": "x"}],
		"created": 1700000000, "used": 1700000000123, "expires": "2026-08-01T10:00:00+02:00", "day": "2026-12-31", "soon": 3600, "never": 0,
		"long": "` + "\xe2\x82\xac" + `LONG"
	}`
	r := reply(200, "application/json", strings.ReplaceAll(body, "LONG", strings.Repeat("\u20ac", 200)),
		"X-Scopes", "repo, read:org", "Expires-At", "2026-08-01 10:00:00 UTC", "Other-At", "2026-08-01 10:00:00 +0200")
	cred := &verify.Credential{Secret: "s3cr3t", Parts: map[string]string{"id": "client-1"}}
	at := func(s string) time.Time {
		t.Helper()
		x, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return x.UTC()
	}
	tests := []struct {
		tell string
		want verdict.Identity
	}{
		{"owner = json:user.login", verdict.Identity{Owner: "octo[2J"}},
		{"owner = json:user.names.*", verdict.Identity{Owner: "Mona"}},
		{"owner = json:user.secret", verdict.Identity{}},
		{"owner = json:none", verdict.Identity{}},
		{"owner = json:long", verdict.Identity{Owner: strings.Repeat("\u20ac", 85)}},
		{"account = json:id", verdict.Identity{Account: "42"}},
		{"principal = part:id", verdict.Identity{Principal: "client-1"}},
		{"principal = text:app installation", verdict.Identity{Principal: "app installation"}},
		{"privilege = json:role", verdict.Identity{Privilege: "admin"}},
		{"privilege = json:kind", verdict.Identity{}},
		{"scopes = json:scopes", verdict.Identity{Scopes: []string{"7", "read user", "repo"}}},
		{"scopes = json:text", verdict.Identity{Scopes: []string{"a", "b", "c"}}},
		{"scopes = json:nested.*.s", verdict.Identity{Scopes: []string{"x", "y"}}},
		{"scopes = header:X-Scopes", verdict.Identity{Scopes: []string{"read:org", "repo"}}},
		{"created = json:created", verdict.Identity{Created: at("2023-11-14T22:13:20Z")}},
		{"last_used = json:used", verdict.Identity{LastUsed: at("2023-11-14T22:13:20Z")}},
		{"expires = json:expires", verdict.Identity{Expires: at("2026-08-01T08:00:00Z")}},
		{"expires = json:day", verdict.Identity{Expires: at("2026-12-31T00:00:00Z")}},
		{"expires = json:soon", verdict.Identity{}},
		{"expires = json:never", verdict.Identity{}},
		{"expires = header:Expires-At", verdict.Identity{Expires: at("2026-08-01T10:00:00Z")}},
		{"expires = header:Other-At", verdict.Identity{Expires: at("2026-08-01T08:00:00Z")}},
		{"expires = json:role", verdict.Identity{}},
	}
	for _, tt := range tests {
		t.Run(tt.tell, func(t *testing.T) {
			field, source, _ := strings.Cut(tt.tell, " = ")
			from, what, _ := strings.Cut(source, ":")
			got := tell([]rules.Tell{{Field: field, From: from, What: what}}, r, cred)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// FuzzAnswer judges any answer: nothing that is no document of JSON is believed, and what is told is fit for a report.
func FuzzAnswer(f *testing.F) {
	f.Add(200, "application/json", `{"user": {"id": "octo"}, "scopes": ["a"]}`, "user.id")
	f.Add(401, "text/html", "<html>", "*")
	f.Add(429, "", `[{"a": {"b": [1, 2, null]}}]`, "0.a.b.*")
	f.Add(200, "application/json", `{"a": 1, "a": 2}`, "a")
	f.Add(200, "application/json", `{"a": 1e400}`, "a")
	f.Fuzz(func(t *testing.T, status int, contentType, body, path string) {
		v := &rules.Verify{Answers: []rules.Answer{
			{Status: []int{200}, JSON: []rules.Condition{{Path: path, Op: "exists"}}, Outcome: rules.Active},
			{Status: []int{401}, Outcome: rules.Inactive},
		}}
		r := reply(status, contentType, body)
		a := judge(v, r)
		if _, isJSON := parseJSON([]byte(body)); !isJSON && a.Verdict != verdict.Unknown {
			t.Errorf("%d is %s", status, a.Verdict)
		}
		var tells []rules.Tell
		for _, field := range rules.TellFields() {
			tells = append(tells, rules.Tell{Field: field, From: "json", What: path})
		}
		id := tell(tells, r, &verify.Credential{Secret: "s3cr3t"})
		for _, s := range append(id.Scopes, id.Owner, id.Account, id.Principal) {
			if len(s) > maxText || strings.ContainsAny(s, "\x00\x1b\n\r\u202e") || strings.Contains(s, "s3cr3t") {
				t.Errorf("told %q", s)
			}
		}
	})
}
