package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/straykey/straykey/rules"
)

// jsonVerify is how a rule's credentials are checked, in `rules show`. A request or the name of a check in Go.
type jsonVerify struct {
	Check       string       `json:"check,omitempty"`
	Method      string       `json:"method,omitempty"`
	URL         string       `json:"url,omitempty"`
	Hosts       []string     `json:"hosts,omitempty"`
	Endpoint    string       `json:"endpoint,omitempty"`
	Parts       []string     `json:"parts,omitempty"`
	SideEffects string       `json:"side_effects"`
	Rate        float64      `json:"rate,omitempty"`
	Answers     []jsonAnswer `json:"answers,omitempty"`
	Tells       []string     `json:"tells,omitempty"`
	Source      string       `json:"source,omitempty"`
}

type jsonAnswer struct {
	If      string `json:"if"`
	Outcome string `json:"outcome"`
	Reason  string `json:"reason,omitempty"`
}

// jsonRevoke is how a rule's credentials are revoked, in `rules show`.
type jsonRevoke struct {
	Method   string   `json:"method,omitempty"`
	URL      string   `json:"url,omitempty"`
	Hosts    []string `json:"hosts,omitempty"`
	Endpoint string   `json:"endpoint,omitempty"`
	Parts    []string `json:"parts,omitempty"`
	Lookup   string   `json:"lookup,omitempty"` // method and URL of the list in which the id is looked up
	Effect   string   `json:"effect"`
}

func newJSONVerify(v *rules.Verify) *jsonVerify {
	if v == nil {
		return nil
	}
	j := &jsonVerify{
		Check: v.Check, Method: method(&v.Request), URL: v.URL, Hosts: v.Hosts, Endpoint: v.Endpoint, Parts: partNames(v.Parts),
		SideEffects: string(v.SideEffects), Rate: v.Rate, Source: v.Source,
	}
	for i := range v.Answers {
		a := &v.Answers[i]
		if v.Check == "" {
			j.Answers = append(j.Answers, jsonAnswer{conditions(a), string(a.Outcome), a.Reason})
		}
	}
	for _, t := range v.Tells {
		j.Tells = append(j.Tells, t.Field)
	}
	return j
}

func newJSONRevoke(r *rules.Revoke) *jsonRevoke {
	if r == nil {
		return nil
	}
	j := &jsonRevoke{
		Method: method(&r.Request), URL: r.URL, Hosts: r.Hosts, Endpoint: r.Endpoint, Parts: partNames(r.Parts), Effect: r.Effect,
	}
	if l := r.Lookup; l != nil {
		j.Lookup = method(&l.Request) + " " + l.URL
	}
	return j
}

func method(r *rules.Request) string {
	if r.Method == "" && r.URL != "" {
		return "GET"
	}
	return r.Method
}

func partNames(parts []rules.Part) []string {
	var out []string
	for _, p := range parts {
		if p.Optional {
			out = append(out, p.Name+" (if there is one)")
		} else {
			out = append(out, p.Name)
		}
	}
	return out
}

// conditions says when an answer fits.
func conditions(a *rules.Answer) string {
	var parts []string
	if len(a.Status) > 0 {
		list := make([]string, len(a.Status))
		for i, s := range a.Status {
			list[i] = strconv.Itoa(s)
		}
		parts = append(parts, strings.Join(list, " or "))
	}
	for _, c := range a.Headers {
		parts = append(parts, "header "+c.String())
	}
	for _, c := range a.JSON {
		parts = append(parts, c.String())
	}
	if len(a.Body) > 0 {
		quoted := make([]string, len(a.Body))
		for i, s := range a.Body {
			quoted[i] = strconv.Quote(s)
		}
		parts = append(parts, "the body has "+strings.Join(quoted, " or "))
	}
	if len(parts) == 0 {
		return "anything else"
	}
	return strings.Join(parts, ", ")
}

// writeText writes the check for people; line writes a fact.
func (j *jsonVerify) writeText(w io.Writer, line func(name, value string)) {
	fmt.Fprintln(w)
	if j.Check != "" {
		line("checked", "in Go: "+j.Check)
	}
	line("checked", strings.TrimSpace(j.Method+" "+j.URL))
	line("sent to", sentTo(j.Hosts, j.Endpoint))
	line("needs", strings.Join(j.Parts, ", "))
	line("side effects", j.SideEffects)
	for _, a := range j.Answers {
		text := a.Outcome + ": " + a.If
		if a.Reason != "" {
			text += " (" + a.Reason + ")"
		}
		line("answer", text)
	}
	line("tells", strings.Join(j.Tells, ", "))
	line("source", j.Source)
}

// writeText writes the revocation for people; line writes a fact.
func (j *jsonRevoke) writeText(w io.Writer, line func(name, value string)) {
	fmt.Fprintln(w)
	line("revoked", j.Method+" "+j.URL)
	line("id found by", j.Lookup)
	line("sent to", sentTo(j.Hosts, j.Endpoint))
	line("needs", strings.Join(j.Parts, ", "))
	line("effect", j.Effect)
}

func sentTo(hosts []string, endpoint string) string {
	s := strings.Join(hosts, ", ")
	if endpoint != "" && s == "" {
		return "the endpoint that is configured for " + endpoint + ", and nowhere else"
	}
	if endpoint != "" {
		s += fmt.Sprintf(" (or to the endpoint that is configured for %s)", endpoint)
	}
	return s
}
