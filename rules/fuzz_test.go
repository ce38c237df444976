package rules

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

// seeds are rule files of every kind of syntax the loader knows.
var seeds = []string{
	"",
	"title = \"x\"\n[extend]\nuseDefault = true\ndisabledRules = ['base']\n[[rules]]\nid = 'a'\ntoken = 'abc_[0-9]{9}'\n",
	"[[rules]]\nid = \"a\"\nregex = '''a(b)'''\nsecretGroup = 1\nentropy = 3.5\nkeywords = [\"a\", 'b', # x\n]\n[rules.allowlist]\nstopwords = ['x']\n",
	"rules = [{id = 'a', regex = 'x', allowlists = [{paths = ['y']}]}, {id = \"b\", path = \"z\"}]",
	"[[rules]]\nid='a'\nassigned='[a-z]{9}'\nkeywords=['k_k']\n[[rules.required]]\nid='b'\nwithinLines=3\n[[rules]]\nid='b'\npath='x'\nskipReport=true",
	"[[rules]]\nid = 'a'\ntoken = \"\"\"\na\\\n  b\"\"\"\"\"\npositives = ['''\nx''', \"\\\"\"]\n[[allowlists]]\ntargetRules = ['a']\ncommits = ['abc']\n",
	"\ufeff[extend]\npath = 'other.toml'\n[[ rules ]]\n\"id\" = 'a'\n'token'='x' # c\r\nrules.x.y = 1979-05-27 07:32:00",
	"[[rules]]\nid = 'base'\nentropy = inf\ntags = 'one'\nweak = 'true'\n",
	"[[rules]]\nid = 'a'\ntoken = 'abc_[0-9]{9}'\n[rules.verify]\nurl = 'https://{h}.a.example/{secret}?x={i}'\nsecretInURL = true\nhosts = ['*.a.example']\nheaders = { X-A = '{i}' }\n" +
		"answers = [{ status = [200, 201], json = ['a.*.b = 1', '!e'], headers = ['X'], outcome = 'active' }, { body = 'x', outcome = 'unknown' }]\ntells = { owner = 'json:a.0', scopes = 'header:X' }\n" +
		"live = { status = 200, headers = { X = 'a' }, body = '{}' }\n[rules.verify.parts]\nh = { values = ['b'] }\ni = { regex = 'x(y)', rules = ['base'], optional = true, sample = 'xy' }\n" +
		"[[rules]]\nid = 'b'\ntoken = 'abd_[0-9]{9}'\n[rules.verify]\nas = 'a'\n[rules.revoke]\nmethod = 'DELETE'\nurl = 'https://a.example'\nbasic = 'x:{secret}'\ndone = 204\njson = ['ok = true']\neffect = 'It ends.'\n" +
		"[[rules]]\nid = 'base'\ntoken = 'base_[a-z]{9}'\n",
	"[[rules]]\nid = 'a'\ntoken = 'abc_[0-9]{9}'\nverify = { check = 'postgres', sideEffects = 'login', rate = 1e9 }\nrevoke = { url = 'https://a.io/{id}', headers = { A = '{secret}' }, done = [204], effect = 'y', lookup = { url = 'https://a.io/', headers = { A = '{secret}' }, items = '*', id = 'id' } }\n",
}

func fuzzOptions() Options {
	base := func() (*Set, error) {
		return Parse("base", []byte("[[rules]]\nid = 'base'\ntoken = 'base_[a-z]{9}'\naliases = ['b']\n"), Options{})
	}
	return Options{
		Builtin:  base,
		ReadFile: func(string) ([]byte, error) { return nil, fs.ErrNotExist },
	}
}

// FuzzParse checks that no text brings the loader down, that it either fails
// with positions or returns a set that holds what Set and Rule promise.
func FuzzParse(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		set, err := Parse("fuzz.toml", []byte(text), fuzzOptions())
		if err != nil {
			var errs Errors
			if !errors.As(err, &errs) || len(errs) == 0 {
				t.Fatalf("not Errors: %v", err)
			}
			for _, e := range errs {
				if e.Pos.File == "" || e.Msg == "" || strings.Contains(e.Error(), "\n") {
					t.Errorf("bad error %q", e)
				}
			}
			return
		}
		if len(set.Rules) == 0 || set.Hash == "" {
			t.Error("an empty set without an error")
		}
		if !slices.IsSortedFunc(set.Rules, func(a, b *Rule) int { return strings.Compare(a.ID, b.ID) }) {
			t.Error("rules out of order")
		}
		for i, r := range set.Rules {
			if i > 0 && set.Rules[i-1].ID == r.ID {
				t.Errorf("id %q twice", r.ID)
			}
			checkRule(t, set, r)
		}
		again, err := Parse("fuzz.toml", []byte(text), fuzzOptions())
		if err != nil || again.Hash != set.Hash {
			t.Errorf("the second time is different: %v", err)
		}
	})
}

func checkRule(t *testing.T, set *Set, r *Rule) {
	t.Helper()
	shapes := 0
	for _, expr := range []string{r.Regex, r.Token, r.Assigned} {
		if expr == "" {
			continue
		}
		shapes++
		re, problem := parseRegex(expr)
		if problem != "" {
			t.Errorf("rule %q: %s", r.ID, problem)
		} else if r.SecretGroup > re.MaxCap() {
			t.Errorf("rule %q: no group %d", r.ID, r.SecretGroup)
		}
	}
	if shapes > 1 || shapes == 0 && r.Path == "" {
		t.Errorf("rule %q has %d shapes", r.ID, shapes)
	}
	if !(r.Entropy >= 0 && r.Entropy <= 8) || r.Reach < 0 || r.Reach > maxReach {
		t.Errorf("rule %q: entropy %v, reach %d", r.ID, r.Entropy, r.Reach)
	}
	if !slices.Contains(Identities(), r.Identity) || !slices.Contains(Severities(), r.Severity) || r.Family == "" {
		t.Errorf("rule %q: identity %q, severity %q, family %q", r.ID, r.Identity, r.Severity, r.Family)
	}
	for _, q := range r.Required {
		if set.Rule(q.ID) == nil {
			t.Errorf("rule %q requires %q, which is not there", r.ID, q.ID)
		}
	}
	if r.Source.Line == 0 {
		t.Errorf("rule %q has no line", r.ID)
	}
	if v := r.Verify; v != nil {
		checkRequest(t, &v.Request, v.Check, v.Hosts, v.Parts)
		if v.As != "" || !slices.Contains(AllSideEffects(), v.SideEffects) || len(v.Answers) == 0 {
			t.Errorf("rule %q: as %q, side effects %q, %d answers", r.ID, v.As, v.SideEffects, len(v.Answers))
		}
		for _, a := range v.Answers {
			if !slices.Contains(Outcomes(), a.Outcome) {
				t.Errorf("rule %q: outcome %q", r.ID, a.Outcome)
			}
		}
	}
	if v := r.Revoke; v != nil {
		parts := v.Parts
		if v.Lookup != nil {
			checkRequest(t, &v.Lookup.Request, "", v.Hosts, parts)
			parts = append(slices.Clip(parts), Part{Name: IDPart})
		}
		checkRequest(t, &v.Request, "", v.Hosts, parts)
		if v.Effect == "" || len(v.Done) == 0 {
			t.Errorf("rule %q: effect %q, done %v", r.ID, v.Effect, v.Done)
		}
	}
}

// checkRequest checks that a request sends the secret over TLS to hosts that are named, and nowhere else.
func checkRequest(t *testing.T, r *Request, check string, hosts []string, parts []Part) {
	t.Helper()
	if check != "" {
		return
	}
	if r.URL != "{secret}" && !strings.HasPrefix(r.URL, "https://") || len(hosts) == 0 {
		t.Errorf("%q is sent to %v", r.URL, hosts)
	}
	sent := false
	for _, template := range r.Templates() {
		for _, name := range Placeholders(template) {
			sent = sent || name == "secret"
			if name != "secret" && !slices.ContainsFunc(parts, func(p Part) bool { return p.Name == name }) {
				t.Errorf("{%s} is no part", name)
			}
		}
	}
	if !sent {
		t.Errorf("%q is sent without the secret", r.URL)
	}
}

// FuzzLines holds the line index against the TOML decoder: what the decoder
// accepts the index must have read to the end, with a line for every key.
func FuzzLines(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff") {
			t.Skip("the loader refuses UTF-16")
		}
		index, scanned, bad := indexLines(text)
		if bad != nil {
			return
		}
		var values map[string]any
		md, err := toml.Decode(text, &values)
		if err != nil {
			return
		}
		if scanned != len(text) {
			t.Fatalf("read %d of %d bytes", scanned, len(text))
		}
		lines := strings.Count(text, "\n") + 1
		for path, n := range index {
			if n < 1 || n > lines {
				t.Errorf("line %d of %q in a text of %d lines", n, path, lines)
			}
		}
		for _, key := range md.Keys() {
			if !slices.ContainsFunc(key, notPlain) && index.line(strings.ToLower(strings.Join(key, "."))) == 0 {
				t.Errorf("no line of %v", key)
			}
		}
	})
}

// notPlain reports whether a part of a key is written otherwise than it reads.
func notPlain(part string) bool {
	return part == "" || strings.ContainsFunc(part, func(r rune) bool { return r > '~' || r < '!' || strings.ContainsRune(`"\.`, r) })
}
