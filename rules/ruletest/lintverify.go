package ruletest

import (
	"net/url"
	"slices"
	"strings"

	"github.com/straykey/straykey/rules"
)

// checkVerify looks at how credentials of the rule are checked. A rule that is checked as another has nothing to look at.
func (l *linter) checkVerify() {
	v := l.rule.Verify
	if _, own := l.rule.Lines["verify"]; v == nil || !own || l.has("verify.as") || v.Check != "" {
		return
	}
	l.checkHost("verify", &v.Request, v.Hosts)
	writes := !slices.Contains([]string{"", "GET", "HEAD", "OPTIONS"}, v.Method)
	if writes && v.SideEffects == rules.NoEffects && v.Source == "" {
		l.say(LevelWarning, "unproved-query", "verify.method", "%s changes nothing, it says, but not where that is documented; name the page in source, or give sideEffects", v.Method)
	}
	if v.Dead == nil {
		l.say(LevelWarning, "no-control", "verify", "no sample of the answer for a dead credential; give dead, so that tests see the check say no")
	}
	if v.Live == nil {
		l.say(LevelWarning, "no-live", "verify", "no sample of the answer for a living credential; give live, so that tests see what it tells")
	}
	if !slices.ContainsFunc(v.Answers, func(a rules.Answer) bool { return a.Outcome == rules.Inactive }) {
		l.say(LevelNote, "never-dead", "verify.answers", "no answer means inactive, so a dead credential stays unknown")
	}
	if v.AnyContent && slices.ContainsFunc(v.Answers, believesAnything) {
		l.say(LevelError, "believes-portals", "verify.answers", "with anyContent, a status alone makes a credential active, and the portal of a network answers that to everything; ask for words of the body, a header or JSON")
	}
	if len(v.Tells) == 0 {
		l.say(LevelNote, "no-tells", "verify", "tells not whose the credential is; if the answer names owner, account or scopes, say where in tells")
	}
	if v.SecretInURL {
		l.say(LevelNote, "secret-in-url", "verify.secretInURL", "sends the secret in a URL, which ends in logs of the provider; prefer a header if it takes one")
	}
}

// believesAnything reports whether the answer makes a credential active by its status alone. Portals show a page, so
// 204, which has none, is not their answer.
func believesAnything(a rules.Answer) bool {
	return !slices.Equal(a.Status, []int{204}) && a.Outcome == rules.Active && len(a.Headers) == 0 && len(a.JSON) == 0 && len(a.Body) == 0
}

func (l *linter) checkRevoke() {
	r := l.rule.Revoke
	if _, own := l.rule.Lines["revoke"]; r == nil || !own {
		return
	}
	l.checkHost("revoke", &r.Request, r.Hosts)
	if r.Lookup == nil {
		return
	}
	l.checkHost("revoke.lookup", &r.Lookup.Request, r.Hosts)
	if r.Lookup.Live == nil {
		l.say(LevelWarning, "no-live", "revoke.lookup", "no sample of the list; give live, so that tests see the id found in it")
	}
}

// checkHost compares the host that the URL writes out with those that the credential may go to.
func (l *linter) checkHost(table string, r *rules.Request, hosts []string) {
	authority, _, _ := strings.Cut(strings.TrimPrefix(r.URL, "https://"), "/")
	if strings.Contains(authority, "{") {
		return // the check itself compares
	}
	u, err := url.Parse("https://" + authority)
	if err != nil || !rules.HostFits(u.Hostname(), hosts) {
		l.say(LevelError, "host-outside", table+".hosts", "the host of url is none of hosts, so nothing is ever sent; add it, or leave hosts out")
	}
}

func (l *linter) has(key string) bool {
	_, ok := l.rule.Lines[key]
	return ok
}
