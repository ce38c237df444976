package detect_test

import (
	"testing"

	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/rules"
)

// TestNames checks which names a rule with keywords and names takes.
func TestNames(t *testing.T) {
	set, err := rules.Parse("acme.toml", []byte(`[[rules]]
id = "acme"
assigned = '[0-9a-f]{32}'
keywords = ["acme"]
names = ["api_key", "Token"]
`), rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	engine, err := detect.New(set, detect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	value := "0b7d52" + "c1f09ae86433b9d27f51c08ea4"
	for text, want := range map[string]bool{
		"ACME_API_KEY=":            true,
		"acmeApiKey: ":             true,
		`"acme-api-key": "`:        true,
		"x.api.key.of.acme = ":     true,
		"TOKEN_ACME=":              true,
		"my_token_for_acme_prod: ": true,
		"acme=":                    false,
		"acme_commit = ":           false,
		"token acme = ":            false, // the name ends at the blank
		"acme: token ":             false,
	} {
		if got := len(engine.NewScanner().Scan([]byte(text+value)).Matches()) == 1; got != want {
			t.Errorf("%s…: found %v, want %v", text, got, want)
		}
	}
}

// TestLongerValue checks that a value of a fixed length is none if it goes on: a ciphertext begins like a key.
func TestLongerValue(t *testing.T) {
	set, err := rules.Parse("acme.toml", []byte(`[[rules]]
id = "acme"
assigned = '[A-Za-z0-9/+]{32}'
keywords = ["acme_secret"]
`), rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	engine, err := detect.New(set, detect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	value := "q7Rk+2Wd" + "9xLm/4Tz8vBnqKpY" + "57Rk6sFg"
	for after, want := range map[string]bool{"": true, "\n": true, `"`: true, ",": true, ":": true, "+w8": false, "/w8": false, "w8": false} {
		if got := len(engine.NewScanner().Scan([]byte("acme_secret="+value+after)).Matches()) == 1; got != want {
			t.Errorf("before %q: found %v, want %v", after, got, want)
		}
	}
}
