package declared

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/verdict"
)

// Limits of what an issuer's answer adds to a report.
const (
	maxText   = 256 // bytes of one text
	maxScopes = 200
)

// tell reads whose the credential is out of the answer of its issuer. Nothing of it repeats the secret.
func tell(tells []rules.Tell, r *response, cred *verify.Credential) verdict.Identity {
	var id verdict.Identity
	doc, _ := parseJSON(r.body)
	for _, t := range tells {
		var values []any
		switch t.From {
		case "json":
			values = at(doc, t.What)
		case "header":
			for _, v := range r.header.Values(t.What) {
				values = append(values, v)
			}
		case "part":
			values = []any{cred.Parts[t.What]}
		case "text":
			values = []any{t.What}
		}
		put(&id, t.Field, values, cred.Secret)
	}
	return id
}

// put writes values into the field of that name (rules.TellFields).
func put(id *verdict.Identity, field string, values []any, secret string) {
	switch field {
	case "owner":
		id.Owner = first(values, secret)
	case "account":
		id.Account = first(values, secret)
	case "principal":
		id.Principal = first(values, secret)
	case "privilege":
		if p := strings.ToLower(first(values, secret)); slices.Contains([]string{"read", "write", "admin"}, p) {
			id.Privilege = p
		}
	case "scopes":
		id.Scopes = scopes(values, secret)
	case "created":
		id.Created = moment(values)
	case "last_used":
		id.LastUsed = moment(values)
	case "expires":
		id.Expires = moment(values)
	}
}

// first is the first text or number of values.
func first(values []any, secret string) string {
	for _, v := range values {
		if s := clean(scalar(v), secret); s != "" {
			return s
		}
	}
	return ""
}

func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// clean makes a text of an issuer fit for a report: of one line, not long, without the secret.
func clean(s, secret string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.TrimSpace(s)
	if secret != "" && strings.Contains(s, secret) {
		return ""
	}
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return s
}

// scopes are the elements of lists, and of texts with commas or spaces between them. A flag that is an object's, as in
// {"read": true}, is not one.
func scopes(values []any, secret string) []string {
	var out []string
	add := func(s string) {
		if s = clean(s, secret); s != "" && len(out) < maxScopes && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	for _, v := range values {
		if list, ok := v.([]any); ok {
			for _, e := range list {
				add(scalar(e))
			}
			continue
		}
		for _, s := range strings.FieldsFunc(scalar(v), func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
			add(s)
		}
	}
	slices.Sort(out)
	return out
}

// Numbers between these are moments: in seconds since 1970 of the years 1990 to 2300. What is a thousand times as much is in
// milliseconds.
const (
	firstMoment = 631_152_000
	lastMoment  = 10_413_792_000
)

// moment reads the first time of values, in UTC; zero if there is none.
func moment(values []any) time.Time {
	for _, v := range values {
		s := strings.TrimSpace(scalar(v))
		if n, err := strconv.ParseFloat(s, 64); err == nil {
			if n >= 1000*firstMoment {
				n /= 1000
			}
			if n >= firstMoment && n <= lastMoment {
				return time.Unix(int64(n), 0).UTC()
			}
			continue
		}
		for _, layout := range []string{
			time.RFC3339, "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05 -0700", "2006-01-02T15:04:05", "2006-01-02T15:04:05-0700",
			"2006-01-02 15:04:05", time.DateOnly, time.RFC1123, time.RFC1123Z,
		} {
			if t, err := time.Parse(layout, s); err == nil {
				return t.UTC()
			}
		}
	}
	return time.Time{}
}
