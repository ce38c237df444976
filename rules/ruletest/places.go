package ruletest

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/rules/sample"
)

// place is one way in which files hold a value under a name.
type place struct {
	name   string
	format string // the name, then the value
	upper  bool   // names are upper case there
	unfit  string // what a value cannot hold there without an escape
}

// places are where every token and assigned value must be found, whatever its own samples show.
var places = []place{
	{name: "code", format: "\tconst %s = \"%s\";\n"},
	{name: "YAML", format: "app:\n  %s: %s\n", unfit: "#{}[]&*!|>%@`"},
	{name: "JSON", format: "{\"env\": {\"%s\": \"%s\"}}"},
	{name: ".env", format: "A=1\n%s=%s\nB=2\n", upper: true},
	{name: "a shell script", format: "set -e\nexport %s='%s'\n", upper: true},
	{name: "a URL", format: "https://api.acme.example/v1/items?%s=%s&page=2", unfit: "&#%+/=:"},
	{name: "XML", format: "<conf><%[1]s>%[2]s</%[1]s></conf>", unfit: "<&"},
	{name: "a Dockerfile", format: "FROM scratch\nENV %s=%s\n", upper: true},
	{name: "a CI configuration", format: "    steps:\n      - run: ./deploy --%s=%s\n"},
	{name: "a log line", format: "2026-02-03T04:05:06Z WARN refused %s=%s status=401\n"},
}

// value returns what a rule found in a sample and the name to write it under elsewhere. It is not ok for
// rules that look at more than a value: a whole header, a block, a path, what is around it.
func (t *tester) value(r *rules.Rule, text string) (name, value string, ok bool) {
	if r.Regex != "" || r.Detector != "" || onPathAlone(r) {
		return "", "", false
	}
	for _, m := range t.matches(text) {
		if m.Rule != r {
			continue
		}
		value = m.Secret
		if value != text[m.Start:m.End] || strings.ContainsAny(value, " \t\r\n\"'\\$") {
			return "", "", false
		}
		name = nameFor(r)
		return name, value, name != ""
	}
	return "", "", false
}

// nameFor returns a name that a rule on assigned values takes; empty if its keywords are no names.
func nameFor(r *rules.Rule) string {
	if r.Assigned == "" {
		return "deployment"
	}
	name := r.Keywords[0]
	if !regexp.MustCompile(`^[a-z][a-z0-9_-]*$`).MatchString(name) {
		return ""
	}
	if len(r.Names) > 0 && !strings.Contains(name, r.Names[0]) {
		name = strings.TrimRight(name, "_-") + "_" + r.Names[0]
	}
	return name
}

// everyPlace checks that the value of a positive is found in all places, and where it needs no name also as all that
// a file holds.
func (t *tester) everyPlace(r *rules.Rule, s sample.Sample) {
	name, value, ok := t.value(r, s.Text)
	if !ok {
		return
	}
	if r.Token != "" {
		if m, found := t.find(r, value); !found || m.Secret != value {
			t.fail(r, s, "found as it stands, but not where its value is all that a file holds")
			return
		}
	}
	for _, p := range places {
		if strings.ContainsAny(value, p.unfit) {
			continue
		}
		n := name
		if p.upper {
			n = strings.ToUpper(strings.ReplaceAll(n, "-", "_"))
		}
		text := fmt.Sprintf(p.format, n, value)
		if m, found := t.find(r, text); !found {
			t.fail(r, s, "found as it stands, but not in %s%s", p.name, others(t.matches(text), r))
		} else if !strings.Contains(m.Secret, value) { // it may hold more where the alphabet has & or <
			t.fail(r, s, "in %s only a part is found", p.name)
		} else {
			continue
		}
		return
	}
}

// nearMisses checks that what differs from a positive by one character is not found, as far as the rule's
// expression fixes the length or the alphabet, and that no broken checksum counts as one that holds.
func (t *tester) nearMisses(r *rules.Rule, s sample.Sample) {
	name, value, ok := t.value(r, s.Text)
	if !ok {
		return
	}
	t.brokenChecksums(r, s, name, value)
	_, expr := expression(r)
	re := parse(expr)
	least, most := shortest(re), longest(re)
	whole := regexp.MustCompile(`^(?:` + expr + `)$`)
	type miss struct{ name, value string }
	misses := []miss{{"cut to less than the shortest", value[:least-1]}}
	for _, fill := range "x0a" {
		if v := fillUp(value, byte(fill), whole); strings.Contains(v, strings.Repeat(string(fill), fillRun)) {
			if _, found := t.find(r, name+` = "`+v+`"`); found {
				t.fail(r, s, "still found filled up with %c", fill)
				return
			}
		}
	}
	if most >= 0 && most < defaultWindow/2 {
		misses = append(misses, miss{"drawn out to more than the longest", value + strings.Repeat("a", most+1-len(value))})
	}
	if least == most {
		for _, c := range "*~^!" {
			mid := len(value) / 2
			misses = append(misses, miss{fmt.Sprintf("with %c in it", c), value[:mid] + string(c) + value[mid+1:]})
		}
	}
	for _, m := range misses {
		if whole.MatchString(m.value) {
			continue
		}
		if _, found := t.find(r, name+` = "`+m.value+`"`); found {
			t.fail(r, s, "still found %s", m.name)
			return
		}
	}
}

// fillRun is how many equal characters make a placeholder of a token.
const fillRun = 12

// fillUp puts one character in the place of all letters and digits that an expression allows it for.
func fillUp(value string, fill byte, whole *regexp.Regexp) string {
	b := []byte(value)
	for i, c := range b {
		if !isAlnum(c) {
			continue
		}
		if b[i] = fill; !whole.Match(b) {
			b[i] = c
		}
	}
	return string(b)
}

// measured are the proofs, and the rules, whose checksum was found out by measuring few tokens: a mismatch
// does not reject.
var measured = map[string]bool{
	"gitlab-routable-token": true, // personal access tokens alone are documented
	"apify":                 true, "atlassian": true, "canva": true, "cloudflare": true, "deno": true, "npm": true, "saladcloud": true,
}

// brokenChecksums changes each character of a value whose checksum holds.
func (t *tester) brokenChecksums(r *rules.Rule, s sample.Sample, name, value string) {
	holds := func(v string) (found, valid bool) {
		m, found := t.find(r, name+` = "`+v+`"`)
		return found, found && strings.HasPrefix(m.Proof.Detail, "checksum holds")
	}
	if _, valid := holds(value); !valid {
		return
	}
	for i := range len(value) {
		c := value[i] ^ 1                                                                                          // mostly another character of the same kind
		if !isAlnum(value[i]) || !isAlnum(c) || r.Proof == "saladcloud" && i < strings.LastIndexByte(value, '_') { // its account name is not covered
			continue
		}
		found, valid := holds(value[:i] + string(c) + value[i+1:])
		switch {
		case valid && i < len(value)-4: // the last characters of base64 may hold bits that mean nothing
			t.fail(r, s, "the checksum still holds with another character at %d", i)
			return
		case found && !valid && !measured[r.Proof] && !measured[r.ID]:
			t.fail(r, s, "still found although the checksum does not hold with another character at %d", i)
			return
		}
	}
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

// find returns the rule's first match in a text.
func (t *tester) find(r *rules.Rule, text string) (detect.Match, bool) {
	for _, m := range t.matches(text) {
		if m.Rule == r {
			return m, true
		}
	}
	return detect.Match{}, false
}
