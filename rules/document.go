package rules

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// document is what one rule file says, before it is laid over what it extends.
type document struct {
	extend     *extend // nil if there is no [extend]
	rules      []*draft
	allowlists []Allowlist
	targeted   []targetedAllowlist
	warnings   []string
}

// warn notes a remark on a key that does not stop a run.
func (doc *document) warn(t *table, key, format string, args ...any) {
	at := Position{File: t.file.name, Line: t.line(key)}
	doc.warnings = append(doc.warnings, at.String()+": "+fmt.Sprintf(format, args...))
}

// extend is the table [extend].
type extend struct {
	table      *table
	useDefault bool
	path       string
	disabled   []string
}

// targetedAllowlist is a global allowlist with targetRules.
type targetedAllowlist struct {
	Allowlist
	table   *table
	targets []string
}

// maxReach is the farthest a rule may look from its anchor, in bytes.
const maxReach = 64 << 10

// document reads the top level of a file.
func (l *loader) document(t *table) *document {
	t.text("title", `"our rules"`)
	t.text("description", `"what this file is for"`)
	defaults := Rule{
		Provider: t.text("provider", `"Acme"`),
		Docs:     t.link("docs"),
		Rotate:   t.link("rotate"),
	}
	doc := &document{extend: l.readExtend(t)}
	doc.minVersion(t)
	first, lines := map[string]int{}, t.file.index.ofRules()
	for _, rt := range t.tables("rules", "[[rules]]") {
		if t.file.tooMany() {
			break
		}
		d := l.rule(rt, defaults)
		d.Lines = lines[rt.path]
		if d.ID == "" {
			continue
		}
		if line, twice := first[d.ID]; twice {
			rt.errorf("id", "defined on line %d already; give one of the two another id, or join them", line)
			continue
		}
		first[d.ID] = rt.line("id")
		doc.rules = append(doc.rules, d)
	}
	doc.readAllowlists(t)
	for _, key := range l.Settings {
		t.get(key)
	}
	t.refuseUnknown("at the top of the file")
	return doc
}

func (l *loader) readExtend(t *table) *extend {
	xt := t.table("extend", "[extend] useDefault = true")
	if xt == nil {
		return nil
	}
	x := &extend{
		table:      xt,
		useDefault: xt.flag("useDefault"),
		path:       xt.text("path", `"../common.toml"`),
		disabled:   xt.texts("disabledRules", `"generic-password"`),
	}
	if l.OnBuiltin && x.path == "" && !xt.has("useDefault") {
		x.useDefault = true
	}
	if xt.text("url", `""`) != "" {
		xt.errorf("url", "rules are not fetched from the network (nor does gitleaks); download the file and write path = \"rules.toml\"")
	}
	switch {
	case x.useDefault && x.path != "":
		xt.errorf("path", "given together with useDefault; expected one of them (let the file at path say useDefault = true)")
	case !x.useDefault && x.path == "" && len(x.disabled) > 0:
		xt.errorf("disabledRules", "nothing is extended, so there is nothing to disable; add useDefault = true")
	}
	xt.refuseUnknown("in [extend]")
	return x
}

// gitleaksVersion is the newest release whose configuration format is read.
var gitleaksVersion = [3]int{8, 30, 1}

// parseVersion reads "v8.25.0", with or without the v and the last number.
func parseVersion(s string) (v [3]int, ok bool) {
	s, _, _ = strings.Cut(strings.TrimPrefix(s, "v"), "-") // v8.0.0-rc.1
	parts := strings.Split(s, ".")
	if len(parts) < 2 || len(parts) > 3 {
		return v, false
	}
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil {
			return v, false
		}
		v[i] = int(n)
	}
	return v, true
}

// minVersion warns of a file written for a later gitleaks than the one whose format is read.
func (doc *document) minVersion(t *table) {
	v := t.text("minVersion", `"v8.25.0"`)
	if v == "" {
		return
	}
	have, ok := parseVersion(v)
	if !ok {
		t.errorf("minVersion", "expected a version of gitleaks, e.g. minVersion = \"v8.25.0\"; got %s", quote(v))
		return
	}
	if slices.Compare(have[:], gitleaksVersion[:]) > 0 {
		doc.warn(t, "minVersion", "minVersion: written for gitleaks %s; its format is understood up to %d.%d.%d",
			v, gitleaksVersion[0], gitleaksVersion[1], gitleaksVersion[2])
	}
}

// rule reads one [[rules]].
func (l *loader) rule(t *table, defaults Rule) *draft {
	r := defaults
	r.ID = strings.TrimSpace(t.text("id", `"acme-token"`))
	if r.ID != "" {
		t.rule, t.show = r.ID, ""
	}
	switch {
	case r.ID == "":
		t.errorf("id", "missing; expected a name such as id = \"acme-token\"")
	case len(r.ID) > 2*maxQuoted || strings.ContainsFunc(r.ID, func(c rune) bool { return c < ' ' || c == 0x7f }):
		t.errorf("id", "expected up to %d printable characters, e.g. id = \"acme-token\"", 2*maxQuoted)
	}
	r.Family = t.textOr("family", `"acme-token"`, r.ID)
	r.Provider = t.textOr("provider", `"Acme"`, r.Provider)
	r.Description = t.text("description", `"An Acme API token."`)
	r.Identity = word(t, "identity", Identities(), Generic)
	r.Severity = word(t, "severity", Severities(), Medium)
	if t.has("docs") {
		r.Docs = t.link("docs")
	}
	if t.has("rotate") {
		r.Rotate = t.link("rotate")
	}
	r.Class = word(t, "class", Classes(), Credentials)
	r.Tags = t.texts("tags", `"cloud"`)
	r.Aliases = t.texts("aliases", `"acme-api-token"`)

	r.Regex = t.regex("regex")
	r.Token = t.regex("token")
	r.Assigned = t.regex("assigned")
	r.Detector = t.text("detector", `"password"`)
	if r.Detector != "" && l.Detectors != nil && !slices.Contains(l.Detectors, r.Detector) {
		t.errorf("detector", "no detector %s%s; expected one of: %s", quote(r.Detector), suggestion(r.Detector, l.Detectors), strings.Join(l.Detectors, ", "))
	}
	r.Path = t.regex("path")
	r.Keywords = t.keywords()
	r.Names = t.names()
	r.SecretGroup = t.count("secretGroup", "1", 1000)
	r.Entropy = t.number("entropy", "3.5")
	if !(r.Entropy >= 0 && r.Entropy <= 8) { // not so for NaN either
		t.errorf("entropy", "expected bits a character, from 0 to 8, e.g. entropy = 3.5; got %v", r.Entropy)
	}
	r.Reach = t.count("reach", "4096", maxReach)
	r.Multiline = t.flag("multiline")
	r.Proof = t.text("proof", `"jwt"`)
	if r.Proof != "" && l.Proofs != nil && !slices.Contains(l.Proofs, r.Proof) {
		t.errorf("proof", "no offline proof %s%s; expected one of: %s", quote(r.Proof), suggestion(r.Proof, l.Proofs), strings.Join(l.Proofs, ", "))
	}
	r.Weak = t.flag("weak")
	r.Confidence = word(t, "confidence", Confidences(), confidenceOf(r.Weak))
	r.SkipReport = t.flag("skipReport")
	r.Positives = t.texts("positives", `"key = {{hex 32}}"`)
	r.Negatives = t.texts("negatives", `"key = {{hex 31}}"`)
	r.Allowlists = readRuleAllowlists(t)
	r.Required = readRequired(t)
	r.Pair = t.texts("pair", `"acme-secret"`)
	r.Verify, r.Revoke = readVerify(t), readRevoke(t)
	t.refuseUnknown("in [[rules]]")

	r.Source = Position{File: t.file.name, Line: t.file.index.line(t.path)}
	return &draft{Rule: &r, table: t}
}

// confidenceOf is the confidence of a rule that states none.
func confidenceOf(weak bool) Confidence {
	if weak {
		return MediumConfidence
	}
	return HighConfidence
}

func readRequired(t *table) []Required {
	var out []Required
	for _, rt := range t.tables("required", "[[rules.required]] id = \"acme-id\"") {
		req := Required{ID: rt.text("id", `"acme-id"`)}
		if req.ID == "" {
			rt.errorf("id", "missing; expected the id of another rule, e.g. id = \"acme-id\"")
		}
		if rt.has("withinLines") {
			n := rt.count("withinLines", "5", 1<<20)
			req.WithinLines = &n
		}
		if rt.has("withinColumns") {
			n := rt.count("withinColumns", "80", 1<<20)
			req.WithinColumns = &n
		}
		rt.refuseUnknown("in [[rules.required]]")
		out = append(out, req)
	}
	return out
}

// readRuleAllowlists reads [[rules.allowlists]] or the deprecated [rules.allowlist].
func readRuleAllowlists(t *table) []Allowlist {
	var out []Allowlist
	for _, at := range t.oldAndNew("[rules.allowlist]", "[[rules.allowlists]]") {
		a := at.allowlist()
		at.refuseUnknown("in an allowlist of a rule")
		out = append(out, a)
	}
	return out
}

// readAllowlists reads [[allowlists]] or the deprecated [allowlist].
func (doc *document) readAllowlists(t *table) {
	for _, at := range t.oldAndNew("[allowlist]", "[[allowlists]]") {
		a := at.allowlist()
		targets := at.texts("targetRules", `"acme-token"`)
		at.refuseUnknown("in a global allowlist")
		if len(targets) == 0 {
			doc.allowlists = append(doc.allowlists, a)
			continue
		}
		a.TargetRules = targets
		doc.targeted = append(doc.targeted, targetedAllowlist{Allowlist: a, table: at, targets: targets})
	}
}

// oldAndNew returns the tables of allowlists in either spelling.
func (t *table) oldAndNew(old, current string) []*table {
	one := t.tables("allowlist", old)
	many := t.tables("allowlists", current)
	if len(one) > 0 && len(many) > 0 {
		t.errorf("allowlist", "%s is the old spelling and cannot stand beside %s; write both as %s", old, current, current)
	}
	return append(one, many...)
}

// allowlist reads the keys that all allowlists have.
func (t *table) allowlist() Allowlist {
	a := Allowlist{
		Description: t.text("description", `"test data"`),
		Paths:       t.regexes("paths"),
		Regexes:     t.regexes("regexes"),
		RegexTarget: t.text("regexTarget", `"match"`),
	}
	switch c := t.text("condition", `"AND"`); strings.ToUpper(c) {
	case "AND", "&&":
		a.And = true
	case "", "OR", "||":
	default:
		t.errorf("condition", "expected \"AND\" or \"OR\"; got %s", quote(c))
	}
	switch a.RegexTarget {
	case "":
		a.RegexTarget = "secret"
	case "secret", "match", "line":
	default:
		t.errorf("regexTarget", "expected \"secret\", \"match\" or \"line\"; got %s", quote(a.RegexTarget))
	}
	for i, c := range t.texts("commits", `"4a9d7f1"`) {
		c = strings.ToLower(strings.TrimSpace(c))
		if c == "" {
			t.elementError("commits", i, "empty; expected a commit id, e.g. \"4a9d7f1\"")
		}
		a.Commits = append(a.Commits, c)
	}
	for i, w := range t.texts("stopwords", `"example"`) {
		if w == "" {
			t.elementError("stopwords", i, "empty, which stands in every secret; remove it")
		}
		a.StopWords = append(a.StopWords, strings.ToLower(w))
	}
	if len(a.Commits)+len(a.Paths)+len(a.Regexes)+len(a.StopWords) == 0 {
		t.errorf("", "an allowlist without criteria; expected commits, paths, regexes or stopwords, e.g. paths = ['''^testdata/''']")
	}
	return a
}

// textOr reads a string, or returns what stands for its absence.
func (t *table) textOr(key, example, absent string) string {
	if s := t.text(key, example); s != "" {
		return s
	}
	return absent
}

// word reads one of a list of words, in any case.
func word[T ~string](t *table, key string, list []T, absent T) T {
	s := t.text(key, fmt.Sprintf("%q", absent))
	if s == "" {
		return absent
	}
	for _, w := range list {
		if strings.EqualFold(s, string(w)) {
			return w
		}
	}
	t.errorf(key, "unknown word %s%s; expected one of: %s", quote(s), suggestion(s, words(list)), strings.Join(words(list), ", "))
	return absent
}

// link reads the address of a page.
func (t *table) link(key string) string {
	s := t.text(key, `"https://docs.acme.example/tokens"`)
	if s != "" && !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://") {
		t.errorf(key, "expected the address of a page, e.g. %s = \"https://docs.acme.example/tokens\"", key)
	}
	return s
}

// regex reads an expression.
func (t *table) regex(key string) string {
	s := t.text(key, "'''acme_[0-9a-f]{32}'''")
	if s == "" {
		if t.has(key) {
			t.errorf(key, "empty; expected an expression, e.g. %s = '''acme_[0-9a-f]{32}'''", key)
		}
		return ""
	}
	if _, problem := parseRegex(s); problem != "" {
		t.errorf(key, "%s", problem)
	}
	return s
}

// regexes reads a list of expressions.
func (t *table) regexes(key string) []string {
	list := t.texts(key, "'''^testdata/'''")
	for i, s := range list {
		if s == "" {
			t.elementError(key, i, "empty, which matches everything; remove it")
		} else if _, problem := parseRegex(s); problem != "" {
			t.elementError(key, i, "%s", problem)
		}
	}
	return list
}

// keywords reads the anchors of a rule, in lower case and without repetitions.
func (t *table) keywords() []string {
	var out []string
	for i, k := range t.texts("keywords", `"acme_"`) {
		k = strings.ToLower(k)
		if strings.TrimSpace(k) == "" {
			t.elementError("keywords", i, "empty; expected a text that stands wherever the rule matches, e.g. \"acme_\"")
			continue
		}
		if !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

// names reads the words of a name, in lower case and without what may stand between words.
func (t *table) names() []string {
	var out []string
	for i, n := range t.texts("names", `"api_key"`) {
		n = foldName(n)
		if n == "" {
			t.elementError("names", i, "no letter or digit; expected a word of the name the credential is assigned to, e.g. \"api_key\"")
			continue
		}
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// foldName returns a name in lower case without _ - . and blanks.
func foldName(s string) string {
	return strings.NewReplacer("_", "", "-", "", ".", "", " ", "").Replace(strings.ToLower(s))
}

// ofRules returns the lines of what stands in each [[rules]] by the path of the
// rule, and by the path within it.
func (x lineIndex) ofRules() map[string]map[string]int {
	out := map[string]map[string]int{}
	for p, n := range x {
		rule, rest, ok := cutRule(p)
		if !ok {
			continue
		}
		if out[rule] == nil {
			out[rule] = map[string]int{}
		}
		out[rule][rest] = n
	}
	return out
}

// cutRule splits "rules.2.keywords.0" into "rules.2" and "keywords.0".
func cutRule(path string) (rule, rest string, ok bool) {
	rest, ok = strings.CutPrefix(path, "rules.")
	if !ok {
		return "", "", false
	}
	n, after, _ := strings.Cut(rest, ".")
	if strings.Trim(n, "0123456789") != "" {
		return "rules", rest, true // [rules], a single table
	}
	return "rules." + n, after, after != ""
}
