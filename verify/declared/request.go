package declared

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/verify"
)

// filler puts the secret and the parts into templates.
type filler struct {
	cred  *verify.Credential
	parts []rules.Part
	err   error // the first
}

// fill expands a template, each value encoded by encode.
func (f *filler) fill(template string, encode func(string) (string, error)) string {
	return rules.Expand(template, func(name string) string {
		value, err := f.value(name)
		if err == nil {
			value, err = encode(value)
			if err != nil {
				err = fmt.Errorf("%s %w", f.called(name), err)
			}
		}
		if err != nil && f.err == nil {
			f.err = err
		}
		return value
	})
}

func (f *filler) value(name string) (string, error) {
	if name == "secret" {
		return f.cred.Secret, nil
	}
	value := f.cred.Parts[name]
	if value == "" && !slices.ContainsFunc(f.parts, func(p rules.Part) bool { return p.Name == name && p.Optional }) {
		return "", fmt.Errorf("no %s was found near it", name)
	}
	return value, nil
}

// called names a value in an error, without telling it.
func (f *filler) called(name string) string {
	if name == "secret" {
		return "the secret"
	}
	return "its " + name
}

// expand makes the request of a template. Errors say what is missing or malformed, without its value.
func (c *Check) expand(ctx context.Context, cred *verify.Credential, r *rules.Request, hosts []string, endpoint string, parts []rules.Part) (*http.Request, error) {
	f := &filler{cred: cred, parts: parts}
	self := c.endpoints[endpoint]
	if self == nil && r.OnlyEndpoint() {
		return nil, fmt.Errorf("no instance is known; name it with --verify-endpoint %s=URL", endpoint)
	}
	u, err := f.address(r.URL, self)
	if err != nil {
		return nil, err
	}
	if self == nil && !rules.HostFits(u.Hostname(), hosts) {
		return nil, errors.New("its host is none that the rule names")
	}
	header := f.headers(r)
	contentType := header.Get("Content-Type")
	body := f.body(r.Body, contentType)
	if f.err != nil {
		return nil, f.err
	}
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, method, "https://"+u.Host+"/", strings.NewReader(body))
	if err != nil {
		return nil, errors.New("the request cannot be made") // the error quotes the URL
	}
	if body == "" {
		req.Body, req.GetBody, req.ContentLength = nil, nil, 0
	}
	req.URL = u
	req.Header = header
	if body != "" && contentType == "" {
		header.Set("Content-Type", contentTypeOf(r.Body))
	}
	return req, nil
}

// address expands the template of a URL. Where there is a self-hosted instance, its address is the beginning.
func (f *filler) address(template string, self *url.URL) (*url.URL, error) {
	if template == "{secret}" {
		return f.secretAddress(self)
	}
	authority, rest := strings.TrimPrefix(template, "https://"), ""
	if i := strings.IndexAny(authority, "/?"); i >= 0 {
		authority, rest = authority[:i], authority[i:]
	}
	path, query, hasQuery := strings.Cut(rest, "?")
	path = f.fill(path, pathSegment)
	query = f.fill(query, func(s string) (string, error) { return url.QueryEscape(s), nil })
	prefix := ""
	if self != nil {
		authority, prefix = strings.ToLower(self.Host), strings.TrimRight(self.EscapedPath(), "/")
	} else {
		authority = strings.ToLower(f.fill(authority, hostname))
	}
	if f.err != nil {
		return nil, f.err
	}
	address := "https://" + authority + prefix + path
	if hasQuery {
		address += "?" + query
	}
	return parseAddress(address)
}

// secretAddress is the URL that the secret is. Rules may match it without its scheme.
func (f *filler) secretAddress(self *url.URL) (*url.URL, error) {
	s := f.cred.Secret
	for _, scheme := range []string{"https://", "http://"} {
		s = strings.TrimPrefix(s, scheme)
	}
	u, err := parseAddress("https://" + s)
	if err != nil {
		return nil, err
	}
	if self != nil && hostPort(u) != hostPort(self) {
		return nil, errors.New("its host is not that of the configured endpoint")
	}
	return u, nil
}

func parseAddress(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, errors.New("no URL comes of it") // the error quotes the URL
	case !isHost(u.Hostname()):
		return nil, errors.New("no name of a host comes of it")
	case u.User != nil, u.Fragment != "":
		return nil, errors.New("a URL with a user or a fragment comes of it")
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return nil, errors.New("a path that leads upwards comes of it")
		}
	}
	return u, nil
}

func (f *filler) headers(r *rules.Request) http.Header {
	h := http.Header{}
	h.Set("Accept", "application/json")
	for _, one := range r.Headers {
		// A header that an absent optional part leaves empty is not sent.
		if value := f.fill(one.Value, oneLine); value != "" {
			h.Set(one.Name, value)
		}
	}
	if r.Basic != "" {
		h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(f.fill(r.Basic, oneLine))))
	}
	return h
}

func (f *filler) body(template, contentType string) string {
	if contentType == "" {
		contentType = contentTypeOf(template)
	}
	if strings.Contains(contentType, "json") {
		return f.fill(template, jsonText)
	}
	return f.fill(template, func(s string) (string, error) { return url.QueryEscape(s), nil })
}

// contentTypeOf is the type of a body that no header declares.
func contentTypeOf(template string) string {
	if t := strings.TrimSpace(template); strings.HasPrefix(t, `{"`) || strings.HasPrefix(t, "[") || t == "{}" {
		return "application/json"
	}
	return "application/x-www-form-urlencoded"
}

func pathSegment(s string) (string, error) { return url.PathEscape(s), nil }

// hostname lets through what may stand in a name of a host.
func hostname(s string) (string, error) {
	if s == "" {
		return "", errors.New("was not found near it, and no endpoint is configured")
	}
	if strings.ContainsFunc(s, func(r rune) bool { return !isHostRune(r) }) {
		return "", errors.New("may not stand in the name of a host")
	}
	return s, nil
}

func oneLine(s string) (string, error) {
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return "", errors.New("has more than one line, or control characters, and may not stand in a header")
	}
	return s, nil
}

// jsonText is the inside of a JSON string.
func jsonText(s string) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return "", err
	}
	quoted := strings.TrimSuffix(b.String(), "\n")
	return quoted[1 : len(quoted)-1], nil
}

func isHostRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '.'
}

// isHost reports whether s is a name of a host or an IPv4 address.
func isHost(s string) bool {
	if s == "" || len(s) > 253 || strings.ContainsFunc(s, func(r rune) bool { return !isHostRune(r) }) {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return true
}
