package generic

import (
	"bytes"
	"strings"
	"testing"
)

// TestEntries: the value stands on the last line, its name before it.
func TestEntries(t *testing.T) {
	d := ByName("entry")
	for _, test := range []struct{ text, name, want string }{
		{"- name: DB_PASSWORD\n  value: {{pw}}", "DB_PASSWORD", "{{pw}}"},
		{"  - name: \"DB_PASSWORD\"\r\n    value: \"vq8 Kx2\"", "DB_PASSWORD", "vq8 Kx2"},
		{"{ \"name\": \"API_TOKEN\",\n  \"value\": \"{{pw}}\" }", "API_TOKEN", "{{pw}}"},
		{"\"ParameterKey\": \"DBPassword\",\n\"ParameterValue\": \"{{pw}}\"", "DBPassword", "{{pw}}"},
		{"  name  = \"db_password\"\n  value = \"{{pw}}\"", "db_password", "{{pw}}"},
		{"<key>password</key>\n<string>{{pw}}</string>", "password", "{{pw}}"},
		{"\t<key>password</key> <string>{{pw}}</string>", "password", "{{pw}}"},
		{"<property><name>fs.s3a.secret.key</name><value>{{pw}}</value></property>", "fs.s3a.secret.key", "{{pw}}"},
		{"<name>javax.jdo.option.ConnectionPassword</name>\n    <value>{{pw}}</value>", "javax.jdo.option.ConnectionPassword", "{{pw}}"},
		{"<setting name=\"Password\" serializeAs=\"String\">\n  <value>{{pw}}</value>", "Password", "{{pw}}"},
		{"<param-name>password</param-name>\n<param-value>{{pw}}</param-value>", "password", "{{pw}}"},
		{"- name: DB_USER\n  value: {{pw}}", "", ""},
		{"- name: DB_PASSWORD\n  valueFrom: {{pw}}", "", ""},
		{"- name: DB_PASSWORD\n\n  value: {{pw}}", "", ""},
		{"- image: DB_PASSWORD\n  value: {{pw}}", "", ""},
		{"password()\n  value: {{pw}}", "", ""},
		{"- name: DB_PASSWORD\n  x.value: {{pw}}", "", ""},
		{"<key>password</key>\n<integer>123456</integer>", "", ""},
		{"<title>password</title>\n<string>{{pw}}</string>", "", ""},
		{"value: {{pw}}", "", ""},
		{"Name: \".ASPXAUTH\",\nValue: \"{{pw}}\"", "", ""}, // too short for what that cookie holds
		{"Name: \".ASPXAUTH\",\nValue: \"{{hex}}\"", ".ASPXAUTH", "{{hex}}"},
	} {
		line := made(test.text)
		text := &Text{B: []byte(line), Lo: strings.LastIndexByte(line, '\n') + 1, Hi: len(line), LineStart: true}
		name, got := "", ""
		for _, word := range []string{"value", "string"} {
			for i := text.Lo; i < text.Hi; i++ {
				if !bytes.HasPrefix(bytes.ToLower(text.B[i:]), []byte(word)) || !d.Quick(text.B, i, i+len(word)) {
					continue
				}
				for _, c := range d.Find(nil, text, i, i+len(word)) {
					name, got = string(c.Name.of(text.B)), string(c.Value.of(text.B))
					Score(text, &c)
				}
			}
		}
		if name != test.name || got != made(test.want) {
			t.Errorf("%q: %q, %q; want %q, %q", test.text, name, got, test.name, test.want)
		}
	}
}
