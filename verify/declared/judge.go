package declared

import (
	"bytes"
	"cmp"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/verdict"
)

// maxRetryAfter bounds what an issuer may ask for.
const maxRetryAfter = 24 * time.Hour

// judge says what a response means for a credential.
func judge(v *rules.Verify, r *response) verify.Answer {
	if a, decided := common(r); decided {
		return a
	}
	doc := parsed(r)
	kind := mediaType(r.header)
	saysJSON := kind == "application/json" || strings.HasSuffix(kind, "+json")
	if !v.AnyContent && (doc == nil || !saysJSON) {
		return verify.Undecided("not the issuer's answer: no JSON")
	}
	for i := range v.Answers {
		a := &v.Answers[i]
		// Plain words that call themselves HTML count only by the words.
		if isHTML(kind) && len(a.Body) == 0 {
			continue
		}
		if fits(a, r, doc) {
			return answer(a, r.status)
		}
	}
	return verify.Undecided(fmt.Sprintf("unexpected answer %d", r.status))
}

func answer(a *rules.Answer, status int) verify.Answer {
	result := verdict.Result{Reason: a.Reason}
	switch a.Outcome {
	case rules.Active:
		result.Verdict = verdict.Active
	case rules.Inactive:
		result.Verdict = verdict.Inactive
	case rules.Forbidden:
		result.Verdict = verdict.Forbidden
		result.Reason = cmp.Or(a.Reason, fmt.Sprintf("answer %d", status))
	default:
		result.Verdict = verdict.Unknown
		result.Reason = cmp.Or(a.Reason, fmt.Sprintf("answer %d says nothing about it", status))
	}
	return verify.Answer{Result: result}
}

// common judges what means the same of every issuer; decided is false if it is for the rule to say.
func common(r *response) (a verify.Answer, decided bool) {
	switch {
	case r.status >= 300 && r.status < 400:
		return verify.Undecided("redirected"), true
	case r.status == http.StatusTooManyRequests:
		a = verify.Undecided(verify.RateLimited)
		a.Temporary, a.RetryAfter = true, retryAfter(r.header, r.at)
		return a, true
	case r.status >= 500:
		a = verify.Undecided(fmt.Sprintf("the issuer has trouble: answer %d", r.status))
		a.Temporary, a.RetryAfter = true, retryAfter(r.header, r.at)
		return a, true
	case r.over:
		return verify.Undecided("the answer is too long"), true
	case r.broken:
		a = verify.Undecided("the answer is cut off")
		a.Temporary = true
		return a, true
	case isPage(r):
		a = verify.Undecided("a page, not an answer")
		a.NotIssuer = true
		return a, true
	}
	return verify.Answer{}, false
}

// retryAfter reads the header Retry-After (RFC 9110, section 10.2.3).
func retryAfter(h http.Header, now time.Time) time.Duration {
	s := strings.TrimSpace(h.Get("Retry-After"))
	wait := time.Duration(0)
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		wait = time.Duration(min(max(n, 0), int64(maxRetryAfter/time.Second))) * time.Second
	} else if at, err := http.ParseTime(s); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), maxRetryAfter)
}

func mediaType(h http.Header) string {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		kind, _, _ = strings.Cut(h.Get("Content-Type"), ";")
	}
	return strings.ToLower(strings.TrimSpace(kind))
}

func isHTML(kind string) bool { return kind == "text/html" || kind == "application/xhtml+xml" }

// isPage reports whether a person is meant to read the answer: a firewall, a proxy, a portal. Some issuers send plain
// words as text/html.
func isPage(r *response) bool {
	body := bytes.TrimPrefix(r.body, []byte("\xef\xbb\xbf"))
	body = bytes.TrimLeft(body, " \t\r\n")
	if isHTML(mediaType(r.header)) && (len(body) == 0 || body[0] == '<') {
		return true
	}
	head := bytes.ToLower(body[:min(len(body), 16)])
	return slices.ContainsFunc([]string{"<!doctype html", "<html", "<head", "<body", "<!--"}, func(tag string) bool {
		return bytes.HasPrefix(head, []byte(tag))
	})
}

// document is the body of a response as JSON; nil if it is none.
type document struct{ value any }

func parsed(r *response) *document {
	v, ok := parseJSON(r.body)
	if !ok {
		return nil
	}
	return &document{v}
}

// fits reports whether all conditions of an answer hold.
func fits(a *rules.Answer, r *response, doc *document) bool {
	if len(a.Status) > 0 && !slices.Contains(a.Status, r.status) {
		return false
	}
	for _, c := range a.Headers {
		if !holds(c, r.header.Values(c.Path)) {
			return false
		}
	}
	for _, c := range a.JSON {
		if doc == nil || !holds(c, texts(at(doc.value, c.Path))) {
			return false
		}
	}
	return len(a.Body) == 0 || slices.ContainsFunc(a.Body, func(words string) bool { return bytes.Contains(r.body, []byte(words)) })
}

// holds reports whether a condition holds of the values that stand at its place; none if the place is not there.
func holds(c rules.Condition, values []string) bool {
	switch c.Op {
	case "exists":
		return len(values) > 0
	case "absent":
		return len(values) == 0
	case "=":
		return slices.Contains(values, c.Value)
	}
	return len(values) > 0 && !slices.Contains(values, c.Value)
}
