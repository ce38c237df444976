package declared

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/verify"
)

// nasty is a secret with what is special somewhere.
const nasty = `a/b?c=d&e#f%g "h"\i+<é>`

func TestExpand(t *testing.T) {
	parts := []rules.Part{{Name: "id"}, {Name: "org", Optional: true}, {Name: "host"}}
	values := map[string]string{"id": "x/..&y", "host": "Acme-1"}
	tests := []struct {
		name      string
		request   rules.Request
		hosts     []string
		endpoints map[string]string
		want      string // method, URL, headers without those all requests have, body
	}{
		{
			"in a path and a query",
			rules.Request{URL: "https://api.acme.com/v1/{secret}/x?k={secret}&i={id}"},
			[]string{"api.acme.com"},
			nil,
			"GET https://api.acme.com/v1/a%2Fb%3Fc=d&e%23f%25g%20%22h%22%5Ci+%3C%C3%A9%3E/x?k=a%2Fb%3Fc%3Dd%26e%23f%25g+%22h%22%5Ci%2B%3C%C3%A9%3E&i=x%2F..%26y\n",
		},
		{
			"at an instance, and nowhere else",
			rules.Request{URL: "https://{endpoint}/me?i={id}"},
			nil,
			map[string]string{"acme": "https://acme.corp.example:8443/base/"},
			"GET https://acme.corp.example:8443/base/me?i=x%2F..%26y\n",
		},
		{
			"in headers as it is",
			rules.Request{URL: "https://api.acme.com/", Headers: []rules.Header{{Name: "X-Key", Value: "k {secret}"}}},
			[]string{"api.acme.com"},
			nil,
			"GET https://api.acme.com/\nX-Key: k " + nasty + "\n",
		},
		{
			"a header of an absent part is not sent",
			rules.Request{URL: "https://api.acme.com/", Headers: []rules.Header{{Name: "X-Org", Value: "{org}"}}},
			[]string{"api.acme.com"},
			nil, "GET https://api.acme.com/\n",
		},
		{
			"basic authentication",
			rules.Request{URL: "https://api.acme.com/", Basic: "{id}:{org}"},
			[]string{"api.acme.com"},
			nil, "GET https://api.acme.com/\nAuthorization: Basic eC8uLiZ5Og==\n",
		},
		{
			"in JSON",
			rules.Request{Method: "POST", URL: "https://api.acme.com/", Body: `{"key": "{secret}"}`},
			[]string{"api.acme.com"},
			nil,
			"POST https://api.acme.com/\nContent-Type: application/json\n" + `{"key": "a/b?c=d&e#f%g \"h\"\\i+<é>"}`,
		},
		{
			"in a form",
			rules.Request{Method: "POST", URL: "https://api.acme.com/", Body: `key={secret}`},
			[]string{"api.acme.com"},
			nil,
			"POST https://api.acme.com/\nContent-Type: application/x-www-form-urlencoded\nkey=" +
				"a%2Fb%3Fc%3Dd%26e%23f%25g+%22h%22%5Ci%2B%3C%C3%A9%3E",
		},
		{
			"a type that is declared",
			rules.Request{
				Method: "POST", URL: "https://api.acme.com/", Body: `["{id}"]`, Headers: []rules.Header{{Name: "Content-Type", Value: "application/vnd.acme+json"}},
			},
			[]string{"api.acme.com"},
			nil, "POST https://api.acme.com/\nContent-Type: application/vnd.acme+json\n[\"x/..&y\"]",
		},
		{
			"a part of the host",
			rules.Request{URL: "https://{host}.acme.com/{id}"},
			[]string{"*.acme.com"},
			nil, "GET https://acme-1.acme.com/x%2F..&y\n",
		},
		{
			"a port",
			rules.Request{URL: "https://{host}.acme.com:6333/"},
			[]string{"*.acme.com"},
			nil, "GET https://acme-1.acme.com:6333/\n",
		},
		{
			"a query without a path",
			rules.Request{URL: "https://api.acme.com?id={id}"},
			[]string{"api.acme.com"},
			nil, "GET https://api.acme.com?id=x%2F..%26y\n",
		},
		{
			"a self-hosted instance",
			rules.Request{URL: "https://api.acme.com/user"},
			[]string{"api.acme.com"},
			map[string]string{"acme": "https://ACME.corp.example:8443/api/v3/"},
			"GET https://acme.corp.example:8443/api/v3/user\n",
		},
		{
			"another self-hosted instance",
			rules.Request{URL: "https://api.acme.com/user"},
			[]string{"api.acme.com"},
			map[string]string{"other": "https://other.example"},
			"GET https://api.acme.com/user\n",
		},
		{
			"a self-hosted instance in place of a host in parts",
			rules.Request{URL: "https://{host}.acme.com/{id}?a={id}"},
			[]string{"*.acme.com"},
			map[string]string{"acme": "https://acme.corp.example"},
			"GET https://acme.corp.example/x%2F..&y?a=x%2F..%26y\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := New(tt.endpoints)
			if err != nil {
				t.Fatal(err)
			}
			cred := &verify.Credential{Secret: nasty, Parts: values}
			req, err := c.expand(t.Context(), cred, &tt.request, tt.hosts, "acme", parts)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, text(t, req)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func text(t *testing.T, r *http.Request) string {
	t.Helper()
	if r.Header.Get("Accept") == "" {
		t.Error("no Accept, which all requests have")
	}
	r.Header.Del("Accept")
	var b strings.Builder
	b.WriteString(r.Method + " " + r.URL.String() + "\n")
	for name, values := range r.Header {
		b.WriteString(name + ": " + strings.Join(values, ", ") + "\n")
	}
	if r.Body != nil {
		if _, err := io.Copy(&b, r.Body); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func TestExpandWholeURL(t *testing.T) {
	request := rules.Request{URL: "{secret}", SecretInURL: true}
	self := map[string]string{"acme": "https://hooks.corp.example"}
	tests := []struct {
		name, secret string
		endpoints    map[string]string
		want         string // the URL, or the error
	}{
		{"with scheme", "https://hooks.acme.com/T1/a%2Fb?x=1", nil, "https://hooks.acme.com/T1/a%2Fb?x=1"},
		{"without scheme", "hooks.acme.com/T1/B", nil, "https://hooks.acme.com/T1/B"},
		{"without encryption", "http://hooks.acme.com/T1/B", nil, "https://hooks.acme.com/T1/B"},
		{"another host", "https://hooks.acme.com.evil.example/T1", nil, "its host is none that the rule names"},
		{"another host behind a user", "https://hooks.acme.com@evil.example/T1", nil, "a URL with a user or a fragment comes of it"},
		{"a backslash", `https://evil.example\.hooks.acme.com/`, nil, "no URL comes of it"},
		{"a path that leads upwards", "https://hooks.acme.com/a/../b", nil, "a path that leads upwards comes of it"},
		{"a path that leads upwards, encoded", "https://hooks.acme.com/a/%2e%2e/b", nil, "a path that leads upwards comes of it"},
		{"an address of a network", "https://[::1]/", nil, "no name of a host comes of it"},
		{"a line end", "https://hooks.acme.com/a\r\nb", nil, "no URL comes of it"},
		{"self-hosted", "https://hooks.corp.example/x", self, "https://hooks.corp.example/x"},
		{"public, where one is self-hosted", "https://hooks.acme.com/x", self, "its host is not that of the configured endpoint"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := New(tt.endpoints)
			if err != nil {
				t.Fatal(err)
			}
			req, err := c.expand(t.Context(), &verify.Credential{Secret: tt.secret}, &request, []string{"hooks.acme.com"}, "acme", nil)
			got := ""
			if err != nil {
				got = err.Error()
			} else {
				got = req.URL.String()
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestExpandErrors(t *testing.T) {
	parts := []rules.Part{{Name: "id"}, {Name: "host"}, {Name: "region", Optional: true}}
	tests := []struct {
		name    string
		request rules.Request
		cred    verify.Credential
		want    string
	}{
		{"a part is missing", rules.Request{URL: "https://api.acme.com/{id}"}, verify.Credential{}, "no id was found near it"},
		{"an optional part of a host is missing", rules.Request{URL: "https://{region}.acme.com/"}, verify.Credential{}, "its region was not found near it, and no endpoint is configured"},
		{"a host with a slash", rules.Request{URL: "https://{host}.acme.com/"}, verify.Credential{Parts: map[string]string{"host": "evil.example/s3cr3t"}}, "its host may not stand in the name of a host"},
		{"a host with a port", rules.Request{URL: "https://{host}.acme.com/"}, verify.Credential{Parts: map[string]string{"host": "evil.example:443"}}, "its host may not stand in the name of a host"},
		{"a host of another", rules.Request{URL: "https://{host}/"}, verify.Credential{Parts: map[string]string{"host": "evil.example"}}, "its host is none that the rule names"},
		{"the bare domain", rules.Request{URL: "https://{host}/"}, verify.Credential{Parts: map[string]string{"host": "acme.com"}}, "its host is none that the rule names"},
		{"an empty label", rules.Request{URL: "https://{host}.acme.com/"}, verify.Credential{Parts: map[string]string{"host": "a..b"}}, "no name of a host comes of it"},
		{"a line end in a header", rules.Request{URL: "https://api.acme.com/", Headers: []rules.Header{{Name: "X", Value: "{secret}"}}}, verify.Credential{Secret: "s3cr3t\r\nHost: evil"}, "the secret has more than one line, or control characters, and may not stand in a header"},
		{"a line end in a password", rules.Request{URL: "https://api.acme.com/", Basic: "a:{secret}"}, verify.Credential{Secret: "s3cr3t\n"}, "the secret has more than one line, or control characters, and may not stand in a header"},
		{"an instance that nobody named", rules.Request{URL: "https://{endpoint}/a"}, verify.Credential{}, "no instance is known; name it with --verify-endpoint acme=URL"},
		{"a path that leads upwards", rules.Request{URL: "https://api.acme.com/a/{secret}/b"}, verify.Credential{Secret: ".."}, "a path that leads upwards comes of it"},
	}
	c, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := c.expand(t.Context(), &tt.cred, &tt.request, []string{"api.acme.com", "*.acme.com"}, "acme", parts)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestEndpointErrors(t *testing.T) {
	for _, address := range []string{
		"", "acme.example", "http://acme.example", "https://", "https://user:pass@acme.example", "https://acme.example/?a=b", "https://acme.example/#x", "https://[::1]/",
		"https://a cme.example",
	} {
		if _, err := New(map[string]string{"acme": address}); err == nil {
			t.Errorf("%s is accepted", address)
		}
	}
}
