package rules_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/straykey/straykey/rules"
)

// TestErrors pins what a user reads about each thing that can be wrong in a rule
// file: where it is, what it is, and what to write instead.
func TestErrors(t *testing.T) {
	const head = "[[rules]]\nid = \"r\"\n"                                                       // lines 1 and 2
	const rule = head + "token = 'abc'\n"                                                        // and 3
	const verify = "[rules.verify]\nurl = 'https://a.example'\nheaders = { A = \"{secret}\" }\n" // lines 4 to 6 below rule
	const extend = "[extend]\nuseDefault = true\n"
	tests := []struct{ name, text, want string }{
		// The file.
		{"a table that is not closed", "[[rules\nid = 'a'", `test.toml:1: column 8: `},
		{"no TOML", "id = ", `test.toml:1: id: column 5: unexpected EOF; expected value; expected TOML such as [[rules]] and id = "acme-token"`},
		{"no rules", "title = \"x\"", `test.toml: no rule is left in force; add [[rules]], or begin with [extend] useDefault = true`},
		{"empty file", "", `test.toml: no rule is left in force; add [[rules]]`},
		{"all disabled", extend + "disabledRules = [\"acme-token\", \"acme-id\", \"acme-pair\"]", `test.toml: no rule is left in force`},
		{"not UTF-8", "title = \"\xff\"", `test.toml: not UTF-8; save the file as UTF-8`},
		{"UTF-16", "\xff\xfea\x00", `test.toml: not UTF-8; save the file as UTF-8`},
		{"too large", strings.Repeat("#", 3<<20), `test.toml: larger than 1 MiB; split it and join the parts with [extend] path`},
		{"too many rules", strings.Repeat("[[rules]]\n", 6000), `test.toml:1: rules: more than 5000 tables; remove some`},
		{"too many texts", head + "keywords = [" + strings.Repeat("'abc',", 6000) + "]", `test.toml:3: rule "r": keywords: more than 5000 texts; remove some`},
		{"nested too deep", "\nx = " + strings.Repeat("[", 1000), `test.toml:2: brackets nested deeper than 16; the deepest value of a rule file is a list of texts, e.g. keywords = ["token"]`},
		{"key of many parts", strings.Repeat("a.", 1000) + "a = 1", `test.toml:1: a key of more than 8 parts; no key of a rule file has more than three, e.g. [rules.allowlists]`},
		{"unknown key at the top", "rule = 1\n" + rule, `test.toml:1: rule: unknown key at the top of the file (did you mean "rules"?); expected one of: allowlist, allowlists, description, docs, extend, minVersion, provider, rotate, rules, title`},
		{"minVersion", "minVersion = \"latest\"\n" + rule, `test.toml:1: minVersion: expected a version of gitleaks, e.g. minVersion = "v8.25.0"; got "latest"`},
		{"rules as text", "rules = \"x\"", `test.toml:1: rules: expected tables, e.g. [[rules]]; got a text`},
		{"rules as list of texts", "rules = [\n\"x\"]", `test.toml:2: rules[0]: expected a table, e.g. [[rules]]; got a text`},
		{"same key twice", head + "token = 'abc'\nToken = 'abc'", `test.toml:3: rules[0].token: given twice in different case; keep one`},

		// What is extended.
		{"extend url", "[extend]\nuseDefault = true\nurl = \"https://x.example\"", `test.toml:3: extend.url: rules are not fetched from the network (nor does gitleaks); download the file and write path = "rules.toml"`},
		{"extend both", extend + "path = \"x.toml\"", `test.toml:3: extend.path: given together with useDefault; expected one of them`},
		{"extend nothing", rule + "[extend]\ndisabledRules = [\"x\"]", `test.toml:5: extend.disabledRules: nothing is extended, so there is nothing to disable; add useDefault = true`},
		{"extend unknown key", extend + "usedefaults = true", `test.toml:3: extend.usedefaults: unknown key in [extend] (did you mean "useDefault"?); expected one of: disabledRules, path, url, useDefault`},
		{"extend no table", "extend = 1\n" + rule, `test.toml:1: extend: expected a table, e.g. [extend] useDefault = true; got a whole number`},
		{"disabled rule unknown", extend + "disabledRules = [\n  \"acme-id\",\n  \"acme-tokn\",\n]", `test.toml:5: extend.disabledRules[1]: no rule "acme-tokn" in what this file extends (did you mean "acme-token"?); remove it`},

		// A rule.
		{"no id", "[[rules]]\ntoken = 'abc'", `test.toml:1: rules[0].id: missing; expected a name such as id = "acme-token"`},
		{"blank id", "[[rules]]\nid = \"  \"\ntoken = 'abc'", `test.toml:2: rules[0].id: missing; expected a name such as id = "acme-token"`},
		{"id with control characters", "[[rules]]\nid = \"a\\u001b[2J\"\ntoken = 'abc'", `test.toml:2: rule "a\x1b[2J": id: expected up to 80 printable characters, e.g. id = "acme-token"`},
		{"id twice", rule + rule, `test.toml:5: rule "r": id: defined on line 2 already; give one of the two another id, or join them`},
		{"unknown key", rule + "entrpy = 3", `test.toml:4: rule "r": entrpy: unknown key in [[rules]] (did you mean "entropy"?); expected one of: aliases, `},
		{"no shape", head, `test.toml:1: rule "r": says not what to look for; expected regex, token, assigned, detector or path, e.g. token = '''acme_[0-9a-f]{32}'''`},
		{"two shapes", rule + "regex = 'abc'", `test.toml:3: rule "r": token: regex and token are given; expected one of them`},
		{"empty shape", head + "token = ''", `test.toml:3: rule "r": token: empty; expected an expression, e.g. token = '''acme_[0-9a-f]{32}'''`},
		{"assigned without keywords", head + "assigned = 'abc'", `test.toml:3: rule "r": assigned: a value is told by the name it is assigned to; expected keywords, e.g. keywords = ["acme_token"]`},
		{"names without assigned", rule + "names = ['key']", `test.toml:4: rule "r": names: only a value that is assigned has a name; expected assigned, or no names`},
		{"empty name", head + "assigned = 'abc'\nkeywords = ['acme']\nnames = ['_']", `test.toml:5: rule "r": names[0]: no letter or digit; expected a word of the name the credential is assigned to, e.g. "api_key"`},
		{"multiline without reach", rule + "multiline = true", `test.toml:4: rule "r": multiline: a match over several lines needs its greatest distance from the anchor, e.g. reach = 4096`},
		{"path with secretGroup", head + "path = 'x'\nsecretGroup = 1", `test.toml:3: rule "r": path: a rule on paths alone has no secret; remove secretGroup and entropy, or add regex`},
		{"secretGroup", head + "regex = '(a)(b)'\nsecretGroup = 3", `test.toml:4: rule "r": secretGroup: 3, but regex has 2 groups; expected a number from 0 to 2`},
		{"secretGroup of none", rule + "secretGroup = 1", `test.toml:4: rule "r": secretGroup: 1, but token has no groups; expected a number from 0 to 0`},
		{"secretGroup negative", rule + "secretGroup = -1", `test.toml:4: rule "r": secretGroup: expected a number from 0 to 1000, e.g. secretGroup = 1; got -1`},
		{"secretGroup text", rule + "secretGroup = \"one\"", `test.toml:4: rule "r": secretGroup: expected a whole number, e.g. secretGroup = 1; got a text`},
		{"entropy", rule + "entropy = 9", `test.toml:4: rule "r": entropy: expected bits a character, from 0 to 8, e.g. entropy = 3.5; got 9`},
		{"entropy text", rule + "entropy = \"high\"", `test.toml:4: rule "r": entropy: expected a number, e.g. entropy = 3.5; got a text`},
		{"reach", rule + "reach = 100000", `test.toml:4: rule "r": reach: expected a number from 0 to 65536, e.g. reach = 4096; got 100000`},
		{"identity", rule + "identity = \"apikey\"", `test.toml:4: rule "r": identity: unknown word "apikey" (did you mean "api-key"?); expected one of: api-key, personal-access-token, `},
		{"severity", rule + "severity = \"bad\"", `test.toml:4: rule "r": severity: unknown word "bad"; expected one of: critical, high, medium, low, info`},
		{"docs", rule + "docs = \"see wiki\"", `test.toml:4: rule "r": docs: expected the address of a page, e.g. docs = "https://docs.acme.example/tokens"`},
		{"rotate", rule + "rotate = \"see wiki\"", `test.toml:4: rule "r": rotate: expected the address of a page, e.g. rotate = "https://docs.acme.example/tokens"`},
		{"proof", rule + "proof = \"jvt\"", `test.toml:4: rule "r": proof: no offline proof "jvt" (did you mean "jwt"?); expected one of: jwt, github`},
		{"flag", rule + "weak = \"perhaps\"", `test.toml:4: rule "r": weak: expected true or false, e.g. weak = true; got a text`},
		{"text", head + "token = ['abc']", `test.toml:3: rule "r": token: expected a text, e.g. token = '''acme_[0-9a-f]{32}'''; got a list`},
		{"date", head + "token = 2026-01-02", `test.toml:3: rule "r": token: expected a text, e.g. token = '''acme_[0-9a-f]{32}'''; got a date or time`},
		{"list", rule + "keywords = 1", `test.toml:4: rule "r": keywords: expected a list of texts, e.g. keywords = ["acme_"]; got a whole number`},
		{"list in a text", rule + "keywords = \"a,b\"", `test.toml:4: rule "r": keywords: expected a list of texts, e.g. keywords = ["acme_"]; got a text`},
		{"element", rule + "tags = [\n\"a\",\ntrue]", `test.toml:6: rule "r": tags[1]: expected a text, e.g. "cloud"; got true or false`},
		{"empty keyword", rule + "keywords = [\"\"]", `test.toml:4: rule "r": keywords[0]: empty; expected a text that stands wherever the rule matches, e.g. "acme_"`},

		// Expressions.
		{"look-ahead", head + "regex = 'a(?=b)'", `test.toml:3: rule "r": regex: RE2 has no look-around ("(?="); match the context and put the secret in a group, e.g. '''key=([0-9a-f]{32})''' with secretGroup = 1`},
		{"look-behind", head + "regex = '(?<!a)b'", `test.toml:3: rule "r": regex: RE2 has no look-around ("(?<!"); match`},
		{"back-reference", head + `regex = '(["])a\1'`, `test.toml:3: rule "r": regex: RE2 has no back-references ("\\1"); write the alternatives out`},
		{"escape", head + `regex = 'a\Zb'`, `test.toml:3: rule "r": regex: escape "\\Z" does not exist in RE2; escape punctuation only`},
		{"possessive", head + `regex = 'a++'`, `test.toml:3: rule "r": regex: repetition "++" has nothing to repeat, or repeats a repetition`},
		{"repeat count", head + `regex = 'a{2000}'`, `test.toml:3: rule "r": regex: repeat count "{2000}" is too large: RE2 allows 1000 at most`},
		{"parenthesis", head + `regex = '(a'`, `test.toml:3: rule "r": regex: parentheses do not pair up`},
		{"bracket", head + `regex = '[a'`, `test.toml:3: rule "r": regex: a character class is not closed`},
		{"range", head + `regex = '[z-a]'`, `test.toml:3: rule "r": regex: character class "z-a" is not valid`},
		{"group", head + `regex = '(?>a)'`, `test.toml:3: rule "r": regex: group "(?>" does not exist in RE2`},
		{"group name", head + `regex = '(?P<a-b>a)'`, `test.toml:3: rule "r": regex: named group "(?P<a-b>" is not valid`},
		{"backslash", head + `regex = 'a\'`, `test.toml:3: rule "r": regex: ends in a backslash`},
		{"too large expression", head + `regex = '((((a{100}){100}){100}){100})'`, `test.toml:3: rule "r": regex: repeat count`},
		{"path", rule + "path = '['", `test.toml:4: rule "r": path: a character class is not closed`},

		// Required rules.
		{"required without id", rule + "[[rules.required]]\nwithinLines = 1", `test.toml:4: rule "r": required[0].id: missing; expected the id of another rule, e.g. id = "acme-id"`},
		{"required unknown", rule + "[[rules.required]]\nid = \"s\"", `test.toml:5: rule "r": required[0].id: no rule "s"; expected the id of a rule of this file or of one it extends`},
		{"required itself", rule + "[[rules.required]]\nid = \"r\"", `test.toml:5: rule "r": required[0].id: a rule cannot require itself; name the other one`},
		{"required key", rule + "[[rules.required]]\nid = \"r\"\nwithin = 3", `test.toml:6: rule "r": required[0].within: unknown key in [[rules.required]]`},
		{"pair unknown", rule + "pair = [\"s\"]", `test.toml:4: rule "r": pair[0]: no rule "s"; expected the id of a rule of this file or of one it extends`},
		{"pair itself", rule + "pair = [\"r\"]", `test.toml:4: rule "r": pair[0]: a rule cannot pair with itself; name the other one`},
		{"required distance", rule + "[[rules.required]]\nid = \"r\"\nwithinLines = -3", `test.toml:6: rule "r": required[0].withinLines: expected a number from 0 to`},

		// Allowlists.
		{"allowlist empty", rule + "[[rules.allowlists]]\ndescription = \"x\"", `test.toml:4: rule "r": allowlists[0]: an allowlist without criteria; expected commits, paths, regexes or stopwords, e.g. paths = ['''^testdata/''']`},
		{"allowlist old and new", rule + "[rules.allowlist]\npaths = ['a']\n[[rules.allowlists]]\npaths = ['b']", `test.toml:4: rule "r": allowlist: [rules.allowlist] is the old spelling and cannot stand beside [[rules.allowlists]]; write both as [[rules.allowlists]]`},
		{"allowlist condition", rule + "[[rules.allowlists]]\npaths = ['a']\ncondition = \"XOR\"", `test.toml:6: rule "r": allowlists[0].condition: expected "AND" or "OR"; got "XOR"`},
		{"allowlist target", rule + "[[rules.allowlists]]\nregexes = ['a']\nregexTarget = \"file\"", `test.toml:6: rule "r": allowlists[0].regexTarget: expected "secret", "match" or "line"; got "file"`},
		{"allowlist regex", rule + "[[rules.allowlists]]\nregexes = [\n'a',\n'(']", `test.toml:7: rule "r": allowlists[0].regexes[1]: parentheses do not pair up`},
		{"allowlist empty regex", rule + "[[allowlists]]\npaths = ['']", `test.toml:5: allowlists[0].paths[0]: empty, which matches everything; remove it`},
		{"allowlist empty word", rule + "[[allowlists]]\nstopwords = ['']", `test.toml:5: allowlists[0].stopwords[0]: empty, which stands in every secret; remove it`},
		{"allowlist empty commit", rule + "[[allowlists]]\ncommits = ['']", `test.toml:5: allowlists[0].commits[0]: empty; expected a commit id, e.g. "4a9d7f1"`},
		{"allowlist key", rule + "[[allowlists]]\npaths = ['a']\nfiles = ['b']", `test.toml:6: allowlists[0].files: unknown key in a global allowlist`},
		{"targetRules unknown", rule + "[[allowlists]]\npaths = ['a']\ntargetRules = ['r', 's']", `test.toml:6: allowlists[0].targetRules[1]: no rule "s"; expected the id of a rule of this file or of one it extends`},
		{"targetRules in a rule", rule + "[[rules.allowlists]]\npaths = ['a']\ntargetRules = ['r']", `test.toml:6: rule "r": allowlists[0].targetrules: unknown key in an allowlist of a rule`},

		// Live checks and revocations.
		{"verify key", rule + verify + "metod = 'GET'", `test.toml:7: rule "r": verify.metod: unknown key in [rules.verify] (did you mean "method"?); expected one of: `},
		{"verify without url", rule + "[rules.verify]\nrate = 1", `test.toml:4: rule "r": verify.url: missing; expected where to ask, e.g. url = "https://api.acme.com/v1/me", or check = "postgres"`},
		{"verify without encryption", rule + "[rules.verify]\nurl = 'http://a.example/{secret}'\nsecretInURL = true", `test.toml:5: rule "r": verify.url: expected https://, as a secret is sent`},
		{"verify method", rule + verify + "method = 'FETCH'", `test.toml:7: rule "r": verify.method: expected a method of HTTP, e.g. method = "POST"; got "FETCH"`},
		{"verify that may write", rule + verify + "method = 'POST'", `test.toml:7: rule "r": verify.method: POST may change something at the issuer; expected sideEffects beside it`},
		{"verify without secret", rule + "[rules.verify]\nurl = 'https://a.example'", `test.toml:5: rule "r": verify.url: the request does not hold {secret}, so its answer says nothing; e.g. headers = { Authorization = "Bearer {secret}" }`},
		{"verify with the secret in the URL", rule + "[rules.verify]\nurl = 'https://a.example/{secret}'", `test.toml:5: rule "r": verify.url: a secret in a URL ends in logs; send it in a header, or say secretInURL = true`},
		{"verify with the secret elsewhere", rule + verify + "secretInURL = true", `test.toml:7: rule "r": verify.secretInURL: the URL does not hold {secret}; remove the key`},
		{"verify part unknown", rule + verify + "basic = '{usr}:x'\nparts = { user = { values = ['a'] } }", `test.toml:5: rule "r": verify.url: {usr} is no part of this check (did you mean "user"?); expected one of: secret, user`},
		{"verify check and url", rule + verify + "check = 'postgres'", `test.toml:7: rule "r": verify.check: given together with url; expected one of them`},
		{"verify header", rule + "[rules.verify]\nurl = 'https://a.example'\nheaders = { A = \"{secret}\\r\\nB: c\" }", `test.toml:6: rule "r": verify.headers.a: expected a header of one line`},
		{"verify hosts", rule + verify + "hosts = ['*']", `test.toml:7: rule "r": verify.hosts[0]: expected a name such as "api.acme.com" or "*.acme.com", in lower case and without a port`},
		{"verify hosts of a whole country", rule + verify + "hosts = ['*.com']", `test.toml:7: rule "r": verify.hosts[0]: expected a name such as`},
		{"verify hosts with a port", rule + verify + "hosts = ['a.example:443']", `test.toml:7: rule "r": verify.hosts[0]: expected a name such as`},
		{"verify hosts missing", rule + "[rules.verify]\nurl = 'https://{h}.a.example'\nbasic = 'a:{secret}'\nparts = { h = { values = ['b'] } }", `test.toml:4: rule "r": verify.hosts: missing; the host is not written out in url, so say where the secret may go`},
		{"verify endpoint without a name", rule + "[rules.verify]\nurl = 'https://{endpoint}/me'\nbasic = 'a:{secret}'", `test.toml:4: rule "r": verify.endpoint: missing; expected the name that users give with the address of their instance`},
		{"verify endpoint and hosts", rule + "[rules.verify]\nurl = 'https://{endpoint}/me'\nbasic = 'a:{secret}'\nendpoint = 'acme'\nhosts = ['acme.com']", `test.toml:8: rule "r": verify.hosts: given together with {endpoint}, which alone is asked; remove one of them`},
		{"verify endpoint within a host", rule + "[rules.verify]\nurl = 'https://{endpoint}.acme.com/me'\nbasic = 'a:{secret}'\nendpoint = 'acme'\nhosts = ['*.acme.com']", `test.toml:5: rule "r": verify.url: {endpoint} is no part of this check; expected one of: secret`},
		{"verify endpoint elsewhere", rule + "[rules.verify]\nurl = 'https://{endpoint}/{endpoint}'\nbasic = 'a:{secret}'\nendpoint = 'acme'", `test.toml:5: rule "r": verify.url: {endpoint} is no part of this check; expected one of: secret`},
		{"verify side effects", rule + verify + "sideEffects = 'nothing'", `test.toml:7: rule "r": verify.sideEffects: unknown word "nothing"; expected one of: none, login, write`},
		{"verify rate", rule + verify + "rate = -1", `test.toml:7: rule "r": verify.rate: expected requests a second, e.g. rate = 10; got -1`},
		{"verify part from nowhere", rule + verify + "parts = { id = { optional = true } }", `test.toml:7: rule "r": verify.parts.id: says not where the part comes from; expected regex, rules or values`},
		{"verify part key", rule + verify + "parts = { id = { value = ['a'] } }", `test.toml:7: rule "r": verify.parts.id.value: unknown key in a part of a check (did you mean "values"?)`},
		{"verify part regex", rule + verify + "parts = { id = { regex = '(' } }", `test.toml:7: rule "r": verify.parts.id.regex: parentheses do not pair up`},
		{"verify part of an unknown rule", rule + verify + "parts = { id = { rules = ['s'] } }", `test.toml:7: rule "r": verify.parts.id.rules.0: no rule "s"; expected the id of a rule of this file or of one it extends`},
		{"verify part called secret", rule + verify + "parts = { secret = { values = ['a'] } }", `test.toml:7: rule "r": verify.parts.secret: expected a name of letters and _, other than secret`},
		{"verify status", rule + verify + "answers = [{ status = [2000], outcome = 'active' }]", `test.toml:7: rule "r": verify.answers[0].status[0]: expected a status of HTTP, e.g. status = [401]`},
		{"verify outcome", rule + verify + "answers = [{ status = [200], outcome = 'alive' }]", `test.toml:7: rule "r": verify.answers[0].outcome: unknown word "alive" (did you mean "active"?); expected one of: active, inactive, forbidden, unknown`},
		{"verify outcome missing", rule + verify + "answers = [{ status = [200] }]", `test.toml:7: rule "r": verify.answers[0].outcome: missing; expected one of: active, inactive, forbidden, unknown`},
		{"verify answer to everything", rule + verify + "answers = [{ outcome = 'inactive' }]", `test.toml:7: rule "r": verify.answers[0].status: an answer without a condition fits a firewall's page as well`},
		{"verify condition", rule + verify + "answers = [{ json = ['a b = c'], outcome = 'active' }]", `test.toml:7: rule "r": verify.answers[0].json[0]: expected "path", "!path", "path = value" or "path != value"`},
		{"verify tell", rule + verify + "tells = { owner = 'login' }", `test.toml:7: rule "r": verify.tells.owner: expected json:PATH, header:NAME, part:NAME or text:WORDS, e.g. owner = "json:user.login"`},
		{"verify tell of a part", rule + verify + "tells = { owner = 'part:user' }", `test.toml:7: rule "r": verify.tells.owner: "user" is no part of this check`},
		{"verify tell key", rule + verify + "tells = { user = 'json:login' }", `test.toml:7: rule "r": verify.tells.user: unknown key in tells`},
		{"verify sample", rule + verify + "live = { body = 'x' }", `test.toml:7: rule "r": verify.live.status: missing; expected a status of HTTP, e.g. status = 200`},
		{"verify as unknown", rule + "[rules.verify]\nas = 's'", `test.toml:5: rule "r": verify.as: no rule "s"; expected the id of a rule of this file or of one it extends`},
		{"verify as itself", rule + "[rules.verify]\nas = 'r'", `test.toml:5: rule "r": verify.as: a rule cannot be checked as itself; name the other one`},
		{"verify as and more", rule + "[rules.verify]\nas = 's'\nrate = 1", `test.toml:6: rule "r": verify.rate: unknown key beside as in [rules.verify]`},
		{"verify as one without", rule + "[rules.verify]\nas = 's'\n[[rules]]\nid = 's'\ntoken = 'abd'", `test.toml:5: rule "r": verify.as: "s" has no check of its own; expected the id of a rule with url or check in its [rules.verify]`},
		{"revoke without done", rule + "[rules.revoke]\nurl = 'https://a.example'\nbasic = 'a:{secret}'\neffect = 'It ends.'", `test.toml:4: rule "r": revoke.done: missing; expected the statuses that say it is revoked, e.g. done = [204]`},
		{"revoke without effect", rule + "[rules.revoke]\nurl = 'https://a.example'\nbasic = 'a:{secret}'\ndone = 204", `test.toml:4: rule "r": revoke.effect: missing; expected a sentence for the person who is asked`},
		{"revoke key", rule + "[rules.revoke]\nanswers = []", `test.toml:5: rule "r": revoke.answers: unknown key in [rules.revoke]`},

		// betterleaks.
		{"betterleaks prefilter", "prefilter = 'true'\n" + rule, `test.toml:1: prefilter: a betterleaks key that straykey does not evaluate; write the paths and commits to skip as [[allowlists]]`},
		{"betterleaks filter", rule + "filter = 'entropy(finding[\"secret\"]) < 3'", `test.toml:4: rule "r": filter: a betterleaks key that straykey does not evaluate; write it as entropy = 3.5, or as [[rules.allowlists]]`},
		{"betterleaks validate", rule + "validate = 'true'", `test.toml:4: rule "r": validate: a betterleaks key that straykey does not evaluate; remove it; straykey never runs expressions from a rule file`},
		{"betterleaks tokenEfficiency", rule + "tokenEfficiency = true", `test.toml:4: rule "r": tokenefficiency: a betterleaks key that straykey does not evaluate; remove it, or write entropy = 3.5`},
		{"betterleaks specificity", rule + "specificity = 10", `test.toml:4: rule "r": specificity: a betterleaks key that straykey does not evaluate; write weak = true in the rule that should yield`},
		{"betterleaks components", rule + "components = [{ id = \"x\" }]", `test.toml:4: rule "r": components: a betterleaks key that straykey does not evaluate; write [[rules.required]]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := rules.Parse("test.toml", []byte(tt.text), options())
			if err == nil {
				t.Fatal("no error")
			}
			var errs rules.Errors
			if !errors.As(err, &errs) {
				t.Fatalf("%T, want Errors", err)
			}
			for _, e := range errs {
				if strings.HasPrefix(e.Error(), tt.want) {
					return
				}
			}
			t.Errorf("got  %s\nwant %s", err, tt.want)
		})
	}
}

func TestAllErrorsAtOnce(t *testing.T) {
	var text strings.Builder
	for range 30 {
		text.WriteString("[[rules]]\nentropy = 9\n")
	}
	_, err := rules.Parse("test.toml", []byte(text.String()), options())
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 21 || lines[20] != "and 40 more" {
		t.Errorf("got %d lines, the last %q", len(lines), lines[len(lines)-1])
	}
	var one *rules.Error
	if !errors.As(err, &one) || one.Pos.Line != 1 {
		t.Errorf("the first error is not the first in the text: %v", one)
	}
}

// TestNoSecretInErrors puts a secret wherever a rule file has a place for one.
func TestNoSecretInErrors(t *testing.T) {
	secret := strings.Repeat("s3cr3t", 8)
	texts := []string{
		"[[rules]]\nid = " + secret,
		"[[rules]]\nid = \"" + secret + "\\q\"",
		"[[rules]]\nid = 1" + secret,
		"[[rules]]\nid = 'r'\ntoken = '(" + secret + "'",
		"[[rules]]\nid = 'r'\ntoken = 'a'\n[[rules.allowlists]]\nregexes = ['" + secret + "(']",
		"[[rules]]\nid = 'r'\ntoken = 'a'\n[[rules.allowlists]]\nregexes = ['[" + secret + "']",
		"[[rules]]\nid = 'r'\ntoken = 'a'\nseverity = '" + secret + "'",
		"[[rules]]\nid = 'r'\ntoken = 'a'\nproof = '" + secret + "'",
		"[[rules]]\nid = 'r'\ntoken = 'a'\n" + secret + " = 1",
		"[[rules]]\nid = 'r'\ntoken = 'a'\n[[allowlists]]\npaths = ['a']\ncondition = '" + secret + "'",
		"minVersion = '" + secret + "'",
		"[[rules]]\nid = 'r'\ntoken = 'a'\n[rules.verify]\nurl = 'https://" + secret + " /'",
		"[[rules]]\nid = 'r'\ntoken = 'a'\n[rules.verify]\nurl = 'https://a.example'\nheaders = { A = 'Bearer " + secret + "\x01' }",
		"[[rules]]\nid = 'r'\ntoken = 'a'\n[rules.verify]\nurl = 'https://a.example'\nmethod = '" + secret + "'",
		"[[rules]]\nid = 'r'\ntoken = 'a'\n[rules.verify]\nurl = 'https://a.example'\nbasic = 'a:" + secret + "'",
		"title = \"a\" " + secret,
		secret + " = ",
		"[" + secret + ".a]\nb = ",
	}
	for _, text := range texts {
		_, err := rules.Parse("test.toml", []byte(text), options())
		if err == nil {
			t.Errorf("no error: %s", text)
			continue
		}
		if strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("the error repeats the secret: %s", err)
		}
	}
}
