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
		{"- name: DB_PASSWORD\n  value: vq8Kx2", "DB_PASSWORD", "vq8Kx2"},
		{"  - name: \"DB_PASSWORD\"\r\n    value: \"vq8 Kx2\"", "DB_PASSWORD", "vq8 Kx2"},
		{"{ \"name\": \"API_TOKEN\",\n  \"value\": \"vq8Kx2\" }", "API_TOKEN", "vq8Kx2"},
		{"\"ParameterKey\": \"DBPassword\",\n\"ParameterValue\": \"vq8Kx2\"", "DBPassword", "vq8Kx2"},
		{"  name  = \"db_password\"\n  value = \"vq8Kx2\"", "db_password", "vq8Kx2"},
		{"<key>password</key>\n<string>vq8Kx2</string>", "password", "vq8Kx2"},
		{"\t<key>password</key> <string>vq8Kx2</string>", "password", "vq8Kx2"},
		{"<property><name>fs.s3a.secret.key</name><value>vq8Kx2</value></property>", "fs.s3a.secret.key", "vq8Kx2"},
		{"<name>javax.jdo.option.ConnectionPassword</name>\n    <value>vq8Kx2</value>", "javax.jdo.option.ConnectionPassword", "vq8Kx2"},
		{"<setting name=\"Password\" serializeAs=\"String\">\n  <value>vq8Kx2</value>", "Password", "vq8Kx2"},
		{"- name: DB_USER\n  value: vq8Kx2", "", ""},
		{"- name: DB_PASSWORD\n  valueFrom: vq8Kx2", "", ""},
		{"- name: DB_PASSWORD\n\n  value: vq8Kx2", "", ""},
		{"- image: DB_PASSWORD\n  value: vq8Kx2", "", ""},
		{"password()\n  value: vq8Kx2", "", ""},
		{"- name: DB_PASSWORD\n  x.value: vq8Kx2", "", ""},
		{"<key>password</key>\n<integer>123456</integer>", "", ""},
		{"<title>password</title>\n<string>vq8Kx2</string>", "", ""},
		{"value: vq8Kx2", "", ""},
	} {
		text := &Text{B: []byte(test.text), Lo: strings.LastIndexByte(test.text, '\n') + 1, Hi: len(test.text), LineStart: true}
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
		if name != test.name || got != test.want {
			t.Errorf("%q: %q, %q; want %q, %q", test.text, name, got, test.name, test.want)
		}
	}
}
