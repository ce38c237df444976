package generic

import "testing"

func TestWordy(t *testing.T) {
	for _, test := range []struct {
		value string
		want  bool
	}{
		{"p4ssw0rd", true},
		{"s3cr3t", true},
		{"5up3r53cr37", true},
		{"Pa$$word1!", true},
		{"hunter2", true},
		{"gho_none", true},
		{"my-secret1", true},
		{"zqxv_kwvz", false},
		{"electric-hamster", true},
		{"correct horse battery", true},
		{"YWxpY2U6c2VjcmV0LXBhc3N3ZA==", true},
		{"Basic dXNlcjpwYXNzd29yZA==", true},
		{"vq8" + "Kx2", false},
		{"t7#Kx9" + "!vQz2m", false},
		{"suw" + "cwu", false},
		{"9f8a7c6b" + "5d4e3f2a", false},
		{"c3ZjOnZx" + "OEt4Mg==", false},
		{"", false},
		{"zqxv#river" + "82", false},
		{"falcon#river" + "82", true},
		{"Winter" + "2024!", true},
	} {
		if got := Wordy([]byte(test.value)); got != test.want {
			t.Errorf("%q: %v", test.value, got)
		}
	}
}

func TestIsPattern(t *testing.T) {
	for _, test := range []struct {
		value string
		want  bool
	}{
		{`[A-Za-z0-9]{32}`, true},
		{`sk_(?:live|test)_[0-9a-z]{24}`, true},
		{`\d{4}-\w+`, true},
		{`^abc.*$`, true},
		{`[^"]+`, true},
		{`A[A-Z0-9`, true},
		{`pass[word]`, false},
		{`a{2}b`, false},
		{`p.a*ss`, false},
		{`x$`, false},
		{`C:\dir\x`, false},
		{`a[1]-z`, false},
		{`[`, false},
		{`\`, false},
		{`(?`, false},
	} {
		if got := isPattern([]byte(test.value)); got != test.want {
			t.Errorf("%s: %v", test.value, got)
		}
	}
}

func TestIsSlot(t *testing.T) {
	for _, test := range []struct {
		value string
		want  bool
	}{
		{"ghp_{{alnum 36}}", true},
		{"${DB_PASSWORD}", true},
		{"{{ a }}-#{b}", true},
		{"sk-{{alnum", true},
		{"%(password)s", true},
		{"vq8" + "Kx2", false},
		{"${USER}-and-a-long-secret-of-its-own", false},
		{"a}b{c", false},
	} {
		if got := isSlot([]byte(test.value)); got != test.want {
			t.Errorf("%s: %v", test.value, got)
		}
	}
}
