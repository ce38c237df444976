package generic

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// members returns the members that the Secrets in a text have, as name=value.
func members(text string) (out []string) {
	for i := 0; ; {
		n := strings.Index(text[i:], "Secret")
		if n < 0 {
			return out
		}
		i += n + len("Secret")
		lo := strings.LastIndex(text[:i], "kind")
		if lo < 0 || !manifestQuick([]byte(text), lo, i) {
			continue
		}
		t := &Text{B: []byte(text), Hi: len(text), LineStart: true}
		for _, c := range manifests(nil, t, lo, i) {
			plain := c.Value.of(t.B)
			if c.Plain != nil {
				plain = c.Plain
			}
			out = append(out, fmt.Sprintf("%s=%s", c.Name.of(t.B), plain))
		}
	}
}

func TestManifests(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"base64", "kind: Secret\ndata:\n  a: {{b64}}\n", "a={{pw}}"},
		{"with the line end of echo", "kind: Secret\ndata:\n  a: {{b64n}}\n", "a={{pw}}"},
		{"no base64", "kind: Secret\ndata:\n  a: {{pw}}\n", ""},
		{"plain", "kind: Secret\nstringData:\n  a: {{pw}}\n", "a={{pw}}"},
		{"a # in quotes", "kind: Secret\nstringData:\n  a: '{{pw}} #x' # y\n", "a={{pw}} #x"},
		{"quoted keys", "'kind': 'Secret'\n\"data\":\n  'a.b': {{b64}}\n", "a.b={{pw}}"},
		{"data first", "# x\n---\ndata:\n\n  # y\n  a: {{b64}}\nmetadata:\n  finalizers:\n  - data\nkind: Secret\n", "a={{pw}}"},
		{"behind the end", "kind: Secret\n...\ndata:\n  a: {{b64}}\n", ""},
		{"in another mapping", "kind: Secret\nspec:\n  data:\n    a: {{b64}}\n", ""},
		{"in another list", "- kind: Secret\n- data:\n    a: {{b64}}\n", ""},
		{"directives", "kind: Secret\n{{ if .x }}\ndata:\n{{ end }}\n  a: {{b64}}\n", "a={{pw}}"},
		{"wrapped", "kind: Secret\ndata:\n  a: {{half}}\n    {{rest}}\n  b: |-\n    {{half}}\n    {{rest}}\n", "a={{pw}} b={{pw}}"},
		{"two lines of text", "kind: Secret\nstringData:\n  a: |\n    {{pw}}\n    {{pw}}\n  b: |\n    {{pw}}\n", "b={{pw}}"},
		{"a name that tells", "kind: Secret\ndata:\n  a-user: {{b64}}\n  HOST: {{b64}}\n  tls.crt: {{b64}}\n  user-password: {{b64}}\n", "user-password={{pw}}"},
		{"a value that tells", "kind: Secret\nstringData:\n  a: /etc/x9x\n  b: https://x9x\n  c: x9@acme.io\n  d: eu-west-1\n  e: vault:v1:{{hex}}\n  f: <{{pw}}>\n", ""},
		{"JSON", `{"a": {"data": {"x": "{{b64}}"}}, "data": {"b": "{{b64}}", "c": 1, "d": ["{{b64}}"]}, "kind":"Secret"}`, "b={{pw}}"},
		{"strings with brackets", `{"x": "}{\"", "data": {"b": "{{b64}}"}, "y": "{\\", "kind":"Secret"}`, "b={{pw}}"},
		// Each part is read for the kinds before and behind it, however many there are: reading all for each would take minutes.
		{"many kinds", "kind: Secret\ndata:\n  a: {{b64}}\nkind: Secret\ndata:\n  b: {{b64}}\nkind: \"Secret\"\ndata:\n  c: {{b64}}\n", "a={{pw}} a={{pw}} b={{pw}} b={{pw}} c={{pw}}"},
		{"many kinds in JSON", `{"kind":"Secret","data":{"a":"{{b64}}"},"kind": "Secret","data":{"b":"{{b64}}"},"kind":"Secret"}`, "a={{pw}}"},
		{"kinds of others", `{"kind":"Pod","x":{"kind":"Pod"},"data":{"a":"{{b64}}"},"kind":"Secret","y":{"kind":"Pod"},"stringData":{"b":"{{pw}}"}}`, "a={{pw}} b={{pw}}"},
		{"its last version beside it", "kind: Secret\nmetadata:\n  annotations:\n    last: |\n      {\"kind\":\"Secret\"}\ndata:\n  a: {{b64}}\n", "a={{pw}}"},
		{"too far in", strings.Repeat(" ", maxColumn+1) + "kind: Secret\n" + strings.Repeat(" ", maxColumn+1) + "stringData:\n" + strings.Repeat(" ", maxColumn+2) + "a: {{pw}}\n", ""},
		{"not first in its line", "x kind: Secret\nstringData:\n  a: {{pw}}\n", ""},
		{"another kind", "kind: Secrets\ndata:\n  a: {{b64}}\n", ""},
		{"another key", "subkind: Secret\ndata:\n  a: {{b64}}\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fill := strings.NewReplacer("{{b64}}", "dnE4"+"S3gy", "{{b64n}}", "dnE4"+"S3gyCg==", "{{half}}", "dnE4", "{{rest}}", "S3gy")
			if diff := cmp.Diff(made(tt.want), strings.Join(members(made(fill.Replace(tt.text))), " ")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// A variable has the default below its head, and not that of the next one, however near the heads stand.
func TestVariables(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"one", "variable \"db_password\" {\n  default = \"{{pw}}\"\n}\n", "{{pw}}"},
		{"the next one's", "variable \"db_password\" {\nvariable \"x\" {\n  default = \"{{pw}}\"\n}\n", ""},
		{"within a line", "a variable \"db_password\" {\n  default = \"{{pw}}\"\n}\n", ""},
	} {
		text := []byte(made(tt.text))
		lo := bytes.Index(text, []byte("variable"))
		got := ""
		for _, c := range variables(nil, &Text{B: text, Hi: len(text), LineStart: true}, lo, lo+len("variable \"")) {
			got += string(c.Value.of(text))
		}
		if got != made(tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, made(tt.want))
		}
	}
}

// FuzzManifests: wherever the view of a Secret is cut off, no member is found that is not there, and none reads beyond it.
func FuzzManifests(f *testing.F) {
	for _, text := range []string{
		"kind: Secret\ndata:\n  a: dnE4" + "S3gy\n  b: |\n    dnE4\n    S3gy\n- x: y\n", "- data:\n    'a': \"dnE4" + "S3gy\" # x\n  kind: 'Secret'\n---\n",
		`{"data":{"a":"dnE4` + `S3gy","b":{"c":["}"]}},"kind":"Secret","x":"\\"}`,
	} {
		f.Add(text, 0, len(text))
	}
	f.Fuzz(func(t *testing.T, text string, from, to int) {
		at := strings.Index(text, "kind")
		if at < 0 {
			return
		}
		n := strings.Index(text[at:], "Secret")
		if n < 0 {
			return
		}
		end := at + n + len("Secret")
		if from < 0 || from > at || to < end || to > len(text) || !manifestQuick([]byte(text), at, end) {
			return
		}
		cut := &Text{B: []byte(text), Lo: from, Hi: to, LineStart: from == 0}
		within := manifests(nil, cut, at, end)
		// What stands beyond the view changes nothing, but that something does.
		other := bytes.Repeat([]byte("x"), len(text))
		copy(other[from:to], text[from:to])
		same := manifests(nil, &Text{B: other, Lo: from, Hi: to, LineStart: from == 0}, at, end)
		if diff := cmp.Diff(within, same); diff != "" {
			t.Errorf("-within +other:\n%s", diff)
		}
		for _, c := range within {
			if c.Start < from || c.End > to || c.Name.Lo < from || c.Value.Hi > to || c.Value.Len() < minValue || c.Name.Len() == 0 {
				t.Errorf("%+v in %q[%d:%d]", c, text, from, to)
			}
		}
	})
}
