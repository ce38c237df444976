package proof

import (
	"encoding/json"
	"strings"
)

// proveGCPServiceAccount reads a service account key file of Google Cloud: JSON
// with client_email, project_id, private_key_id and a private_key that must
// parse. The secret may be the whole file, a part of it, or base64 of it;
// fields that the secret lacks are looked for in the context.
func proveGCPServiceAccount(in input) Result {
	text := in.secret
	if raw, err := decode64(strings.TrimSpace(text)); err == nil && strings.Contains(string(raw), "private_key") {
		text = string(raw)
	}
	field := func(name string) string {
		if v := jsonField(text, name); v != "" {
			return v
		}
		return jsonField(string(in.context), name)
	}
	key := field("private_key")
	if strings.Contains(text, beginMark) && key == "" {
		key = text
	}
	var f facts
	f.add("project", field("project_id"))
	f.add("user", field("client_id"))
	f.add("email", field("client_email"))
	f.add("key-id", field("private_key_id"))
	if key == "" {
		return unknown("no private key in it", f...)
	}
	r := provePrivateKey(input{secret: key, now: in.now})
	if r.Status == Invalid {
		return r
	}
	r.Facts = append(f, r.Facts...)
	if r.Status == Valid {
		r.Detail = "a key file with " + r.Detail
	}
	return r
}

// jsonField returns the string value of the first field of that name in text, which may be
// a JSON document, part of one, or one inside a string literal.
func jsonField(text, name string) string {
	for _, quote := range [...]string{`"`, `\"`, `\\"`, `'`} {
		_, after, ok := strings.Cut(text, quote+name+quote)
		if !ok {
			continue
		}
		after = strings.TrimLeft(after, " \t\r\n")
		after, ok = strings.CutPrefix(after, ":")
		if !ok {
			continue
		}
		after, ok = strings.CutPrefix(strings.TrimLeft(after, " \t\r\n"), quote)
		if !ok {
			continue
		}
		if value := untilQuote(after, quote); value != "" {
			return value
		}
	}
	return ""
}

func untilQuote(s, quote string) string {
	if quote != `"` {
		value, _, _ := strings.Cut(s, quote)
		return value
	}
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			var value string
			if json.Unmarshal([]byte(`"`+s[:i]+`"`), &value) == nil {
				return value
			}
			return s[:i]
		}
	}
	return ""
}
