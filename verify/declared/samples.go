package declared

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/verdict"
)

// Samples compares the samples of answers that a rule gives with what its check makes of them, and returns what is not
// as the rule says. A rule that is checked as another, or in Go, has none to compare.
func Samples(r *rules.Rule) []*rules.Error {
	v := r.Verify
	_, own := r.Lines["verify"]
	if _, as := r.Lines["verify.as"]; v == nil || !own || as || v.Check != "" {
		return nil
	}
	var out []*rules.Error
	wrong := func(key, format string, args ...any) {
		line := cmp.Or(r.Lines[key], r.Lines["verify"], r.Source.Line)
		out = append(out, &rules.Error{
			Pos: rules.Position{File: r.Source.File, Line: line}, Rule: r.ID, Key: key, Msg: fmt.Sprintf(format, args...),
		})
	}
	dead := verdict.Unknown
	for _, a := range v.Answers {
		if a.Outcome == rules.Inactive {
			dead = verdict.Inactive
		}
	}
	for _, s := range []struct {
		key    string
		sample *rules.Response
		want   verdict.Verdict
	}{{"verify.live", v.Live, verdict.Active}, {"verify.dead", v.Dead, dead}, {"verify.forbidden", v.Forbidden, verdict.Forbidden}} {
		if s.sample == nil {
			continue
		}
		response := sampled(s.sample)
		a := judge(v, response)
		if a.Verdict != s.want {
			wrong(s.key, "this answer makes a credential %s, expected %s; compare answers", reasoned(a), s.want)
			continue
		}
		if s.want != verdict.Active {
			continue
		}
		for _, t := range v.Tells {
			if id := tell([]rules.Tell{t}, response, &verify.Credential{}); t.From != "part" && id.IsZero() {
				wrong("verify.tells", "%s is not told by the answer in live: nothing that can be read stands at %s:%s", t.Field, t.From, t.What)
			}
		}
	}
	return out
}

func reasoned(a verify.Answer) string {
	if a.Reason == "" {
		return string(a.Verdict)
	}
	return fmt.Sprintf("%s (%s)", a.Verdict, a.Reason)
}

// sampled is a sample as it would come back. Its type is that of its body unless it names another.
func sampled(s *rules.Response) *response {
	r := &response{status: s.Status, header: http.Header{}, body: []byte(s.Body), at: time.Now()}
	if b := strings.TrimSpace(s.Body); strings.HasPrefix(b, "{") || strings.HasPrefix(b, "[") {
		r.header.Set("Content-Type", "application/json")
	}
	for _, h := range s.Headers {
		r.header.Set(h.Name, h.Value)
	}
	return r
}
