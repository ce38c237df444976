package declared

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/rules"
)

func TestSamples(t *testing.T) {
	const head = "[[rules]]\nid = \"acme\"\ntoken = 'acme_[0-9]{9}'\n[rules.verify]\nurl = \"https://api.acme.io/me\"\n" +
		"headers = { Authorization = \"Bearer {secret}\" }\n"
	answers := func(list ...string) string { return "answers = [" + strings.Join(list, ", ") + "]\n" }
	yes, no := `{ status = [200], json = ["id"], outcome = "active" }`, `{ status = [401], outcome = "inactive" }`
	for _, tt := range []struct {
		name, check string
		want        []string
	}{
		{"as they say", answers(yes, no) + "live = { status = 200, body = '{\"id\": 1}' }\ndead = { status = 401, body = '{}' }\ntells = { principal = \"json:id\" }", nil},
		{"no samples", answers(yes, no), nil},
		{
			"the wrong way round", answers(yes, no) + "live = { status = 401, body = '{}' }\ndead = { status = 200, body = '{\"id\": 1}' }",
			[]string{
				`test.toml:8: rule "acme": verify.live: this answer makes a credential inactive, expected active; compare answers`,
				`test.toml:9: rule "acme": verify.dead: this answer makes a credential active, expected inactive; compare answers`,
			},
		},
		{
			"not JSON", answers(yes, no) + "live = { status = 200, body = 'id' }",
			[]string{`test.toml:8: rule "acme": verify.live: this answer makes a credential unknown (not the issuer's answer: no JSON), expected active; compare answers`},
		},
		{"never dead", answers(yes) + "dead = { status = 401, body = '{}' }", nil},
		{
			"forbidden", answers(yes, no, `{ status = [403], outcome = "forbidden" }`) + "forbidden = { status = 404, body = '{}' }",
			[]string{`test.toml:8: rule "acme": verify.forbidden: this answer makes a credential unknown (unexpected answer 404), expected forbidden-but-valid; compare answers`},
		},
		{
			"tells", answers(yes, no) + "live = { status = 200, body = '{\"id\": 1}' }\ntells = { owner = \"json:user.name\", principal = \"json:id\" }",
			[]string{`test.toml:9: rule "acme": verify.tells: owner is not told by the answer in live: nothing that can be read stands at json:user.name`},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set, err := rules.Parse("test.toml", []byte(head+tt.check), rules.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range Samples(set.Rule("acme")) {
				got = append(got, e.Error())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
