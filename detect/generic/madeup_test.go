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
		{"dbPa$$w" + "0rm", true},
		{"03#pa33w" + "0rd", true},
		{"spare" + "wheel9x", true},
		{"terces", true},
		{"teRnes", false},
		{"q1w2" + "e3", true},
		{"!QAZ" + "xsw2", true},
		{"qpwo" + "ei", false},
		{"qqqqqq", false},
		{"asdfkjfhk" + "lajsdhfklasdf", true},
		{"vbxzqpmw" + "ytnrkcgoaeiuhl", false},
		{"537215397" + "431083592451959", false}, // as near as that are a third of all
		{"two" + "pw", true},
		{"prox" + "pass1", true},
		{"pwvq8x", false},
		{"aditya", true},
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

func TestIsCrypt(t *testing.T) {
	for _, test := range []struct {
		value string
		want  bool
	}{
		{"$6$ab$" + "c0ffeec0ffeec0ffee", true},
		{"{bcrypt}$2a$10$" + "c0ffeec0ffeec0ffee", true},
		{"ENC(" + "c0ffeec0ffeec0ffee)", true},
		{"ENC[PKCS7," + "c0ffeec0ffeec0ffee]", true},
		{"{cipher}" + "c0ffeec0ffeec0ffee", true},
		{"{3iQaIgHw8z" + "Tvr52pZAjLOx==}", true},
		{"vault:v1:" + "c0ffeec0ffee", true},
		{"{words-in-braces}", false},
		{"{0123456789abcdef}", false},
		{"ENC(short)", false},
		{"x$y", false},
	} {
		if got := isCrypt([]byte(test.value)); got != test.want {
			t.Errorf("%s: %v", test.value, got)
		}
	}
}

func TestReservedHost(t *testing.T) {
	for rest, want := range map[string]bool{
		"@example.com/x": true, "@db.example.org:5432": true, "@host.test": true, "@a.INVALID": true,
		"@notexample.com": false, "@example.com.acme.io": false, "@test": false, "@localhost": false, "/example.com": false, "@": false, "": false,
	} {
		if got := reservedHost([]byte(rest)); got != want {
			t.Errorf("%q: %v", rest, got)
		}
	}
}

// TestPublished: the example of a standard is doubted wherever it stands, and its neighbour is not.
func TestPublished(t *testing.T) {
	example := "mF_9.B5f-4.1" + "JqM"
	if !isPublished([]byte(example)) || isPublished([]byte(example[1:])) {
		t.Error("the token of RFC 6750 is not known, or too much is")
	}
	score := func(value string) float32 {
		line := `token = "` + value + `"`
		text := &Text{B: []byte(line), Hi: len(line), LineStart: true}
		v := Score(text, &ByName("token").Find(nil, text, 0, len("token"))[0])
		return v.Doubt("src/main.conf")
	}
	if a, b := score(example), score("mF_9.B5f-4.1"+"JqN"); a > b-3 {
		t.Errorf("the doubt is %.2f with the example and %.2f without", a, b)
	}
}

// TestMadeUpInComments: what a comment of a program says is made up, what one of a configuration says need not be.
func TestMadeUpInComments(t *testing.T) {
	line := made(`# password = "{{pw}}mTz"`)
	text := &Text{B: []byte(line), Hi: len(line), LineStart: true}
	v := Score(text, &ByName("password").Find(nil, text, 2, 2+len("password"))[0])
	for path, want := range map[string]bool{"lib/a.rb": true, "db.yml.tt": true, "conf/db.yml": false, "test/db.yml": true, "": false} {
		if got := v.MadeUp(path); got != want {
			t.Errorf("%q: %v", path, got)
		}
	}
	text = &Text{B: text.B[2:], Hi: text.Hi - 2, LineStart: true}
	if v = Score(text, &ByName("password").Find(nil, text, 0, len("password"))[0]); v.MadeUp("lib/a.rb") {
		t.Error("code is taken for a comment")
	}
}

func TestShapesOfExamples(t *testing.T) {
	for _, test := range []struct {
		value, shape string
		want         bool
	}{
		{"00010203" + "04050607", "shape.counting", true},
		{"a1b2c3d4", "shape.counting", true},
		{"9f8a3c6b" + "5d4e3f2a", "shape.counting", false},
		{"E1DF1F24", "shape.key-id", true},
		{"e1df1f24", "shape.key-id", false},
		{"E1DF1F", "shape.key-id", false},
		{"0x53c237_53c237", "shape.hex-number", true},
		{"^7.0.4", "shape.version", true},
		{"npm:^7.0.4", "shape.version", true},
		{"pw^7x.4", "shape.version", false},
	} {
		line := `key = "` + test.value + `"`
		text := &Text{B: []byte(line), Hi: len(line), LineStart: true}
		v := Score(text, &ByName("key").Find(nil, text, 0, len("key"))[0])
		got := false
		for _, term := range v.Terms("") {
			got = got || term.Name == test.shape
		}
		if got != test.want {
			t.Errorf("%s has %s: %v", test.value, test.shape, got)
		}
	}
}
