package rules_test

import (
	"fmt"

	"github.com/straykey/straykey/rules"
)

// A rule file is parsed strictly: what is wrong in it is said with file, line and key.
func Example() {
	text := `
[[rules]]
id = "acme-token"
description = "An Acme API token."
token = 'acme_[0-9a-f]{32}'
entropy = 12
`
	_, err := rules.Parse("acme.toml", []byte(text), rules.Options{})
	fmt.Println(err)
	// Output:
	// acme.toml:6: rule "acme-token": entropy: expected bits a character, from 0 to 8, e.g. entropy = 3.5; got 12
}

// A file may extend the built-in rules, as a gitleaks configuration does.
func ExampleParse() {
	text := `
[extend]
useDefault = true

[[rules]]
id = "acme-token"
description = "An Acme API token."
identity = "api-key"
token = 'acme_[0-9a-f]{32}'
`
	set, err := rules.Parse("acme.toml", []byte(text), rules.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := set.Rule("acme-token")
	fmt.Println(r.ID, r.Identity, r.Source, len(set.Rules) > 100)
	// Output: acme-token api-key acme.toml:5 true
}

// A scan can be narrowed to some rules.
func ExampleSet_Only() {
	set, err := rules.Builtin()
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = set.Only([]string{"github-pat-clasic"})
	fmt.Println(err)
	// Output: no rule "github-pat-clasic" (did you mean "github-pat-classic"?); straykey rules list prints all ids
}
