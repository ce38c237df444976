package generic

import (
	"strings"
	"testing"
)

func TestBelow(t *testing.T) {
	d := ByName("below")
	for _, test := range []placeTest{
		{"const apiToken =\n  '{{pw}}';\n", "{{pw}}"},
		{"SECRET = env('API_TOKEN',\n    b\"{{pw}}\")\n", "{{pw}}"},
		{"API_TOKEN = (\n    \"{{pw}}\"\n)\n", "{{pw}}"},
		{"x = {'token':\n\t'{{pw}}',\n", "{{pw}}"},
		{"token =\n  '{{pw}}'", "{{pw}}"},
		{"fields = ['token',\n  '{{pw}}']\n", ""},
		{"fields = ('token',\n  '{{pw}}')\n", ""},
		{"const apiToken =\n  other;\n", ""},
		{"const apiToken =\n\n  '{{pw}}';\n", ""},
		{"const apiToken =\n  '{{pw}}' +\n  '{{pw}}';\n", ""},
		{"const apiToken =\n  '${X}{{pw}}';\n", ""},
		{"const primary_token_id =\n  '{{pw}}", ""},
	} {
		text := made(test.line)
		var got []string
		for _, word := range []string{"token =\n", "token',\n", "token = (\n", "token':\n"} {
			if i := strings.Index(strings.ToLower(text), word); i >= 0 {
				for _, c := range d.Find(nil, &Text{B: []byte(text), Hi: len(text), LineStart: true}, i, i+len(word)) {
					got = append(got, string(c.Value.of([]byte(text))))
				}
			}
		}
		if s := strings.Join(got, " & "); s != made(test.want) {
			t.Errorf("%q: %q, want %q", text, s, made(test.want))
		}
	}
}
