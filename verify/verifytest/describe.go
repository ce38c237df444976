package verifytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// WholeURL stands in the text of a request for a URL that is itself the secret.
const WholeURL = "<secret URL>"

// Describe writes a request as text, a thing a line and all of it decoded: method and URL, headers, then the body. Two
// requests that a server understands alike have the same text. It reads the body.
func Describe(r *http.Request) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s https://%s%s\n", r.Method, r.Host, r.URL.Path)
	values(&b, "query", r.URL.Query())
	headers(&b, r)
	if r.Body == nil {
		return b.String(), nil
	}
	data, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return "", fmt.Errorf("read the body: %w", err)
	}
	err = body(&b, r.Header.Get("Content-Type"), data)
	return b.String(), err
}

func headers(b *strings.Builder, r *http.Request) {
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		switch name {
		case "Accept-Encoding", "Content-Length", "Connection":
			continue // the client's own
		case "User-Agent":
			if strings.HasPrefix(r.UserAgent(), "straykey/") {
				continue // the network's own
			}
		}
		for _, value := range r.Header[name] {
			if user, password, ok := r.BasicAuth(); ok && name == "Authorization" {
				value = "Basic " + user + ":" + password + " in base64"
			}
			fmt.Fprintf(b, "%s: %s\n", name, value)
		}
	}
}

func values(b *strings.Builder, what string, v url.Values) {
	for _, name := range slices.Sorted(maps.Keys(v)) {
		for _, value := range v[name] {
			fmt.Fprintf(b, "%s %s = %s\n", what, name, value)
		}
	}
}

func body(b *strings.Builder, contentType string, data []byte) error {
	switch {
	case len(data) == 0:
	case strings.Contains(contentType, "json"):
		d := json.NewDecoder(bytes.NewReader(data))
		d.UseNumber()
		var doc any
		if err := d.Decode(&doc); err != nil {
			fmt.Fprintf(b, "body that is no JSON: %s\n", data)
			return nil
		}
		tree(b, "", doc)
	case strings.Contains(contentType, "form-urlencoded"):
		v, err := url.ParseQuery(string(data))
		if err != nil {
			return fmt.Errorf("read the form: %w", err)
		}
		values(b, "form", v)
	default:
		fmt.Fprintf(b, "body %s\n", data)
	}
	return nil
}

// tree writes a JSON document, a value a line.
func tree(b *strings.Builder, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			tree(b, strings.TrimPrefix(path+"."+name, "."), v[name])
		}
		if len(v) == 0 {
			fmt.Fprintf(b, "json %s is an empty object\n", path)
		}
	case []any:
		for i, e := range v {
			tree(b, strings.TrimPrefix(path+"."+strconv.Itoa(i), "."), e)
		}
		if len(v) == 0 {
			fmt.Fprintf(b, "json %s is an empty list\n", path)
		}
	case string:
		fmt.Fprintf(b, "json %s = %s\n", path, v)
	default:
		fmt.Fprintf(b, "json %s is %v\n", path, v)
	}
}
