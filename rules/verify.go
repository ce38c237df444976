package rules

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Verify says how the issuer of a credential is asked whether it lives: with a request ([Request]), with a check
// in Go (Check), or as another rule says (As). Package verify/declared sends requests, verify/typed has the checks in
// Go. A check sends a credential to Hosts only, over TLS, and follows no redirect.
type Verify struct {
	// As is the id of the rule whose check serves for this one too. The loader puts that check here, so that
	// As is empty in a loaded set.
	As string
	// Check names a check in Go in place of a request, e.g. "postgres".
	Check string
	Request
	// Hosts are the names that the credential may go to, without a port: "api.acme.com", or "*.acme.com" for all
	// below it. Empty in a rule file: the host of the URL.
	Hosts []string
	// Endpoint is the name under which a self-hosted instance is configured ("github"). Then its address takes the
	// place of the scheme, the host and the port of the URL, and Hosts are not contacted.
	Endpoint string
	// Parts are what the request needs beside the secret, in order of name.
	Parts []Part
	// SideEffects is what asking does at the issuer. Only what has none is asked by default.
	SideEffects SideEffects
	// Rate is how many requests a second the provider allows; 0: not known.
	Rate float64
	// AnyContent: an answer need not be JSON to count. Else one that is not JSON says nothing about the
	// credential, as the page of a firewall or a proxy is none.
	AnyContent bool
	// Answers map what comes back to an outcome; the first that fits counts, and what none fits is unknown.
	// Empty in a rule file: 200 is active and 401 inactive. Redirects, 429 and 5xx never reach them.
	Answers []Answer
	// Tells says where the answer of a living credential tells whose it is, in order of field.
	Tells []Tell
	// Live, Dead and Forbidden are samples of what the provider answers, for tests; nil in the set that Builtin
	// returns. Source names the documentation they and the answers were taken from.
	Live, Dead, Forbidden *Response
	Source                string
}

// Request is a template of an HTTP request. {secret} and {name} of a part are replaced, encoded as the place demands:
// percent-encoded in a URL, as a JSON string in a body that is JSON, form-encoded in any other body, as they are in
// headers. In place of a whole URL, and there only, {secret} is the URL itself.
type Request struct {
	Method  string // GET if empty
	URL     string // https://…
	Headers []Header
	Basic   string // user:password of HTTP basic authentication (RFC 7617)
	Body    string
	// SecretInURL says that the provider takes the secret in the URL only.
	SecretInURL bool
}

// Header is one header of a request or response.
type Header struct{ Name, Value string }

// Part is something that a check needs beside the secret: the id that belongs to it, a host, a region. It is, in this
// order, what Regex finds, what a rule of Rules found nearby, each of Values in turn.
type Part struct {
	Name string
	// Regex is looked for in the secret, then in the whole match, then in the lines around it; its first
	// group that is not empty, or the match if there is none, is the part.
	Regex string
	// Rules are the ids of rules whose credentials are such parts. The rule's Pair brings them together.
	Rules []string
	// Values are tried in turn until the issuer knows the credential: the regions of a provider.
	Values   []string
	Optional bool // empty if it is not found
	// Sample is a template (package rules/sample) of such a part, for tests, where none of the above gives one;
	// empty in the set that Builtin returns.
	Sample string
}

// SideEffects is what a check does at the issuer beside answering.
type SideEffects string

// The side effects, least first.
const (
	NoEffects SideEffects = "none"  // reads; at most a log line and a rate limit
	Login     SideEffects = "login" // signs in: may count as a failed attempt, or end a session
	Write     SideEffects = "write" // changes something
)

// AllSideEffects returns the words a rule may give as sideEffects, least first.
func AllSideEffects() []SideEffects { return []SideEffects{NoEffects, Login, Write} }

// Outcome is what an answer of the issuer says about a credential.
type Outcome string

// The outcomes.
const (
	Active    Outcome = "active"
	Inactive  Outcome = "inactive"  // revoked, expired, never issued
	Forbidden Outcome = "forbidden" // known to the issuer, and not let in here: forbidden-but-valid
	Unknown   Outcome = "unknown"   // says nothing
)

// Outcomes returns the words an answer may give as outcome.
func Outcomes() []Outcome { return []Outcome{Active, Inactive, Forbidden, Unknown} }

// Answer is an outcome and all that must hold for it.
type Answer struct {
	Status  []int       // one of these; any if empty
	Headers []Condition // on headers of the response
	JSON    []Condition // on the body as JSON
	Body    []string    // the body holds one of these
	Outcome Outcome
	Reason  string // for people, when the outcome is unknown or forbidden
}

// Condition is a test of a value: of a header, or of a place in a JSON document ("error.code", "data.0.id", "data.*.id").
// A place that is null is absent. Where several values stand, one of them must be the value of =, and none that of !=.
type Condition struct {
	Path  string
	Op    string // "exists", "absent", "=" or "!="
	Value string // of = and !=: as text; true, false and numbers as JSON writes them
}

// Tell says where an answer names something about the identity.
type Tell struct {
	Field string // see TellFields
	From  string // "json" (a path; * stands for all elements), "header" (a name), "part" (a name), "text"
	What  string
}

// TellFields returns what an answer may tell, with the meaning of each: account is the organisation, project or tenant;
// principal what the issuer calls the identity (ARN, login, client id); privilege one of read, write, admin.
func TellFields() []string {
	return []string{"account", "created", "expires", "last_used", "owner", "principal", "privilege", "scopes"}
}

// Response is an answer of a provider, as a sample.
type Response struct {
	Status  int
	Headers []Header
	Body    string
}

// WithoutSamples returns a copy of the check without what only tests and documentation need.
func (v *Verify) WithoutSamples() *Verify {
	c := *v
	c.Live, c.Dead, c.Forbidden, c.Source = nil, nil, nil, ""
	c.Parts = withoutSamples(v.Parts)
	return &c
}

// Revoke says how the issuer is told to revoke a credential, given the credential alone.
type Revoke struct {
	Request
	Hosts    []string    // as in Verify
	Endpoint string      // as in Verify
	Parts    []Part      // as in Verify
	Lookup   *Lookup     // how to find {id} of the request, where neither the secret nor what stands around it tells; else nil
	Done     []int       // statuses that say it is revoked
	JSON     []Condition // what must hold of the body too, where the status does not tell
	Effect   string      // for people: what will happen, one sentence
}

// Lookup finds the id under which the issuer keeps a credential, in a list of those that its holder has. It goes to the
// hosts of the revocation.
type Lookup struct {
	Request
	Items  string      // path of the entries in the answer; empty: the answer is the only one
	ID     string      // path of the id in an entry
	Begins string      // path of how the secret begins, in an entry; "" if the list does not tell
	JSON   []Condition // what holds of an entry that may be the credential
	Tells  []string    // paths in an entry of what tells a person which one it is
	Live   *Response   // a sample of a list with one entry, for tests ({begins}: 16 characters of the secret); nil in the set that Builtin returns
}

// IDPart is the name of what a lookup finds, in the templates of the revocation.
const IDPart = "id"

// WithoutSamples returns a copy of the revocation without what only tests need.
func (r *Revoke) WithoutSamples() *Revoke {
	c := *r
	c.Parts = withoutSamples(r.Parts)
	if r.Lookup != nil {
		l := *r.Lookup
		l.Live = nil
		c.Lookup = &l
	}
	return &c
}

func withoutSamples(parts []Part) []Part {
	out := slices.Clone(parts)
	for i := range out {
		out[i].Sample = ""
	}
	return out
}

// maxSample bounds the samples and templates of a check, in bytes.
const maxSample = 16 << 10

var (
	placeholder = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\{([a-z_]+)\}`) })
	hostPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*$`) })
)

// Placeholders returns the names between braces in a template, as they come.
func Placeholders(template string) []string {
	var out []string
	for _, m := range placeholder().FindAllStringSubmatch(template, -1) {
		out = append(out, m[1])
	}
	return out
}

// Expand replaces the placeholders of a template by what value returns for their names.
func Expand(template string, value func(name string) string) string {
	return placeholder().ReplaceAllStringFunc(template, func(p string) string { return value(p[1 : len(p)-1]) })
}

// Templates returns all templates of the request.
func (r *Request) Templates() []string {
	out := []string{r.URL, r.Basic, r.Body}
	for _, h := range r.Headers {
		out = append(out, h.Value)
	}
	return out
}

// onlyEndpoint begins the URLs of issuers that have no public host: who uses them configures where theirs is.
const onlyEndpoint = "https://{endpoint}"

// OnlyEndpoint reports whether the request goes to a configured instance or nowhere.
func (r *Request) OnlyEndpoint() bool {
	rest, ok := strings.CutPrefix(r.URL, onlyEndpoint)
	return ok && (rest == "" || rest[0] == '/' || rest[0] == '?')
}

// HostFits reports whether a host is one of the names that a credential may go to (Verify.Hosts), whatever its case.
func HostFits(host string, hosts []string) bool {
	host = strings.ToLower(host)
	return slices.ContainsFunc(hosts, func(h string) bool {
		if below, ok := strings.CutPrefix(h, "*"); ok {
			return strings.HasSuffix(host, below)
		}
		return host == h
	})
}

// readVerify reads [rules.verify].
func readVerify(t *table) *Verify {
	vt := t.table("verify", `[rules.verify] url = "https://api.acme.com/v1/me"`)
	if vt == nil {
		return nil
	}
	v := &Verify{As: vt.text("as", `"acme-token"`)}
	if v.As != "" {
		vt.refuseUnknown("beside as in [rules.verify]")
		return v
	}
	v.Check = vt.text("check", `"postgres"`)
	v.Request = vt.request()
	v.Parts = vt.parts()
	v.Hosts = vt.hosts(&v.Request)
	v.Endpoint = vt.text("endpoint", `"github"`)
	v.SideEffects = word(vt, "sideEffects", AllSideEffects(), NoEffects)
	v.Rate = vt.number("rate", "10")
	if !(v.Rate >= 0 && v.Rate <= 1e4) {
		vt.errorf("rate", "expected requests a second, e.g. rate = 10; got %v", v.Rate)
	}
	v.AnyContent = vt.flag("anyContent")
	v.Answers = vt.answers()
	v.Tells = vt.tells(v.Parts)
	v.Live, v.Dead, v.Forbidden = vt.response("live"), vt.response("dead"), vt.response("forbidden")
	v.Source = vt.text("source", `"https://docs.acme.com/api/me"`)
	vt.refuseUnknown("in [rules.verify]")
	vt.checkRequest(&v.Request, v.Parts, v.Check)
	if reads := v.Method == "" || v.Method == "GET" || v.Method == "HEAD"; v.Check == "" && !reads && !vt.has("sideEffects") {
		vt.errorf("method", "%s may change something at the issuer; expected sideEffects beside it, e.g. sideEffects = \"none\" for a query", v.Method)
	}
	return v
}

// readRevoke reads [rules.revoke].
func readRevoke(t *table) *Revoke {
	rt := t.table("revoke", `[rules.revoke] method = "DELETE"`)
	if rt == nil {
		return nil
	}
	r := &Revoke{Request: rt.request(), Parts: rt.parts()}
	r.Hosts = rt.hosts(&r.Request)
	r.Endpoint = rt.text("endpoint", `"github"`)
	r.Lookup = rt.lookup(r.Parts)
	r.Done, r.JSON = rt.statuses("done"), rt.conditions("json")
	r.Effect = rt.text("effect", `"The token stops working at once."`)
	rt.refuseUnknown("in [rules.revoke]")
	names := partNames(r.Parts)
	if r.Lookup != nil {
		names = append(names, IDPart)
	}
	rt.checkURL(&r.Request, names, "")
	if len(r.Done) == 0 {
		rt.errorf("done", "missing; expected the statuses that say it is revoked, e.g. done = [204]")
	}
	if r.Effect == "" {
		rt.errorf("effect", "missing; expected a sentence for the person who is asked, e.g. effect = \"The token stops working at once.\"")
	}
	return r
}

// lookup reads [rules.revoke.lookup].
func (t *table) lookup(parts []Part) *Lookup {
	lt := t.table("lookup", `[rules.revoke.lookup] url = "https://api.acme.com/v1/tokens"`)
	if lt == nil {
		return nil
	}
	l := &Lookup{
		Request: lt.request(), Items: lt.text("items", `"tokens.*"`), ID: lt.text("id", `"id"`), Begins: lt.text("begins", `"prefix"`),
		JSON: lt.conditions("json"), Tells: lt.texts("tells", `"name", "created_at"`), Live: lt.response("live"),
	}
	lt.refuseUnknown("in [rules.revoke.lookup]")
	lt.checkURL(&l.Request, partNames(parts), "")
	if l.ID == "" {
		lt.errorf("id", "missing; expected where the id stands in an entry, e.g. id = \"id\"")
	}
	if slices.Contains(partNames(parts), IDPart) {
		t.errorf("parts."+IDPart, "a lookup finds {%s}; give the part another name", IDPart)
	}
	return l
}

func partNames(parts []Part) []string {
	var out []string
	for _, p := range parts {
		out = append(out, p.Name)
	}
	return out
}

func (t *table) request() Request {
	r := Request{
		Method: strings.ToUpper(t.text("method", `"GET"`)), URL: t.text("url", `"https://api.acme.com/v1/me"`),
		Headers: t.headers("headers"), Basic: t.text("basic", `"{id}:{secret}"`), Body: t.text("body", `"grant_type=client_credentials"`),
		SecretInURL: t.flag("secretInURL"),
	}
	if r.Method != "" && !slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, r.Method) {
		t.errorf("method", "expected a method of HTTP, e.g. method = \"POST\"; got %s", quote(r.Method))
	}
	return r
}

// checkRequest checks what the keys of a check say together.
func (t *table) checkRequest(r *Request, parts []Part, check string) {
	if check == "" {
		t.checkURL(r, partNames(parts), `, or check = "postgres"`)
	} else if r.URL != "" {
		t.errorf("check", "given together with url; expected one of them")
	}
}

// checkURL checks what the keys of a request say together, in whose templates names may stand beside the secret. Or says
// what could be given in place of a URL.
func (t *table) checkURL(r *Request, names []string, or string) {
	if r.URL == "" {
		t.errorf("url", "missing; expected where to ask, e.g. url = \"https://api.acme.com/v1/me\"%s", or)
		return
	}
	if r.URL != "{secret}" && !strings.HasPrefix(r.URL, "https://") {
		t.errorf("url", "expected https://, as a secret is sent; e.g. url = \"https://api.acme.com/v1/me\"")
	}
	known := append([]string{"secret"}, names...)
	sent := false
	for _, template := range r.Templates() {
		if r.OnlyEndpoint() {
			template = strings.TrimPrefix(template, onlyEndpoint)
		}
		if len(template) > maxSample {
			t.errorf("", "a template of more than %d bytes", maxSample)
		}
		for _, name := range Placeholders(template) {
			sent = sent || name == "secret"
			if !slices.Contains(known, name) {
				t.errorf("url", "{%s} is no part of this check%s; expected one of: %s", name, suggestion(name, known), strings.Join(known, ", "))
			}
		}
	}
	inURL := slices.Contains(Placeholders(r.URL), "secret")
	switch {
	case !sent:
		t.errorf("url", "the request does not hold {secret}, so its answer says nothing; e.g. headers = { Authorization = \"Bearer {secret}\" }")
	case inURL && !r.SecretInURL:
		t.errorf("url", "a secret in a URL ends in logs; send it in a header, or say secretInURL = true if the provider takes it nowhere else")
	case !inURL && r.SecretInURL:
		t.errorf("secretInURL", "the URL does not hold {secret}; remove the key")
	}
}

func (t *table) headers(key string) []Header {
	ht := t.table(key, key+` = { Authorization = "Bearer {secret}" }`)
	if ht == nil {
		return nil
	}
	var out []Header
	for _, low := range slices.Sorted(maps.Keys(ht.values)) {
		name := canonicalHeader(low)
		value := ht.text(low, `"Bearer {secret}"`)
		if strings.ContainsAny(value, "\r\n\x00") || !isToken(low) {
			ht.errorf(low, "expected a header of one line, e.g. Authorization = \"Bearer {secret}\"")
			continue
		}
		out = append(out, Header{name, value})
	}
	return out
}

// canonicalHeader writes a name as net/textproto does: Content-Type.
func canonicalHeader(name string) string {
	b := []byte(strings.ToLower(name))
	for i := range b {
		if (i == 0 || b[i-1] == '-') && 'a' <= b[i] && b[i] <= 'z' {
			b[i] -= 'a' - 'A'
		}
	}
	return string(b)
}

// isToken reports whether a name may be one of a header (RFC 9110, section 5.6.2).
func isToken(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

// hosts reads the names that a credential may go to. By default that is the host of the URL.
func (t *table) hosts(r *Request) []string {
	list := t.texts("hosts", `"api.acme.com"`)
	for i, h := range list {
		if !hostPattern().MatchString(h) || h == "*" || strings.HasPrefix(h, "*.") && strings.Count(h, ".") < 2 {
			t.elementError("hosts", i, "expected a name such as \"api.acme.com\" or \"*.acme.com\", in lower case and without a port")
		}
	}
	if len(list) > 0 && r.OnlyEndpoint() {
		t.errorf("hosts", "given together with {endpoint}, which alone is asked; remove one of them")
	}
	if len(list) > 0 || r.URL == "" {
		return list
	}
	u, err := url.Parse(placeholder().ReplaceAllString(r.URL, "x"))
	authority, _, _ := strings.Cut(strings.TrimPrefix(r.URL, "https://"), "/")
	switch {
	case r.OnlyEndpoint():
		if !t.has("endpoint") {
			t.errorf("endpoint", "missing; expected the name that users give with the address of their instance, e.g. endpoint = \"jira\"")
		}
	case strings.Contains(authority, "{"):
		t.errorf("hosts", "missing; the host is not written out in url, so say where the secret may go, e.g. hosts = [\"*.acme.com\"]")
	case err != nil || u.Hostname() == "":
		t.errorf("url", "expected a URL, e.g. url = \"https://api.acme.com/v1/me\"")
	default:
		return []string{strings.ToLower(u.Hostname())}
	}
	return nil
}

func (t *table) parts() []Part {
	pt := t.table("parts", `[rules.verify.parts] id = { rules = ["acme-id"] }`)
	if pt == nil {
		return nil
	}
	var out []Part
	for _, name := range slices.Sorted(maps.Keys(pt.values)) {
		one := pt.table(name, name+` = { rules = ["acme-id"] }`)
		if one == nil {
			continue
		}
		p := Part{
			Name: name, Regex: one.regex("regex"), Rules: one.texts("rules", `"acme-id"`), Values: one.texts("values", `"us", "eu"`),
			Optional: one.flag("optional"), Sample: one.text("sample", `"{{lower 8}}"`),
		}
		one.refuseUnknown("in a part of a check")
		if name == "secret" || placeholder().FindString("{"+name+"}") == "" {
			pt.errorf(name, "expected a name of letters and _, other than secret")
		}
		if p.Regex == "" && len(p.Rules) == 0 && len(p.Values) == 0 {
			pt.errorf(name, "says not where the part comes from; expected regex, rules or values, e.g. %s = { rules = [\"acme-id\"] }", name)
		}
		out = append(out, p)
	}
	return out
}

func (t *table) statuses(key string) []int {
	v, ok := t.get(key)
	if !ok {
		return nil
	}
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	var out []int
	for i, v := range list {
		n, isInt := v.(int64)
		if !isInt || n < 100 || n > 599 {
			t.elementError(key, i, "expected a status of HTTP, e.g. %s = [401]", key)
			continue
		}
		out = append(out, int(n))
	}
	return out
}

func (t *table) answers() []Answer {
	var out []Answer
	for _, at := range t.tables("answers", `answers = [{ status = [200], outcome = "active" }]`) {
		a := Answer{
			Status: at.statuses("status"), Headers: at.conditions("headers"), JSON: at.conditions("json"), Body: at.texts("body", `"Unauthorized"`),
			Outcome: word(at, "outcome", Outcomes(), ""), Reason: at.text("reason", `"the key is not for this API"`),
		}
		at.refuseUnknown("in an answer of a check")
		if !at.has("outcome") {
			at.errorf("outcome", "missing; expected one of: %s", strings.Join(words(Outcomes()), ", "))
		}
		if len(a.Status)+len(a.Headers)+len(a.JSON)+len(a.Body) == 0 && a.Outcome != Unknown {
			at.errorf("status", "an answer without a condition fits a firewall's page as well; expected status, headers, json or body")
		}
		out = append(out, a)
	}
	if len(out) == 0 {
		out = []Answer{{Status: []int{200}, Outcome: Active}, {Status: []int{401}, Outcome: Inactive}}
	}
	return out
}

func (t *table) conditions(key string) []Condition {
	var out []Condition
	for i, s := range t.texts(key, `"error.code = invalid"`) {
		c := parseCondition(s)
		if c.Path == "" || strings.ContainsAny(c.Path, " \t") {
			t.elementError(key, i, "expected \"path\", \"!path\", \"path = value\" or \"path != value\"")
		}
		out = append(out, c)
	}
	return out
}

// parseCondition reads "path", "!path", "path = value" and "path != value".
func parseCondition(s string) Condition {
	path, value, ok := strings.Cut(s, "=")
	if !ok {
		if rest, absent := strings.CutPrefix(strings.TrimSpace(s), "!"); absent {
			return Condition{Path: rest, Op: "absent"}
		}
		return Condition{Path: strings.TrimSpace(s), Op: "exists"}
	}
	op := "="
	if p, not := strings.CutSuffix(path, "!"); not {
		path, op = p, "!="
	}
	return Condition{Path: strings.TrimSpace(path), Op: op, Value: strings.TrimSpace(value)}
}

func (t *table) tells(parts []Part) []Tell {
	tt := t.table("tells", `tells = { owner = "json:login" }`)
	if tt == nil {
		return nil
	}
	var out []Tell
	for _, field := range TellFields() {
		s := tt.text(field, `"json:login"`)
		if s == "" {
			continue
		}
		from, what, ok := strings.Cut(s, ":")
		known := slices.Contains([]string{"json", "header", "part", "text"}, from)
		if !ok || !known || what == "" {
			tt.errorf(field, "expected json:PATH, header:NAME, part:NAME or text:WORDS, e.g. %s = \"json:user.login\"", field)
			continue
		}
		if from == "part" && !slices.ContainsFunc(parts, func(p Part) bool { return p.Name == what }) {
			tt.errorf(field, "%s is no part of this check", quote(what))
		}
		out = append(out, Tell{field, from, what})
	}
	tt.refuseUnknown("in tells")
	return out
}

func (t *table) response(key string) *Response {
	rt := t.table(key, key+` = { status = 200, body = '{"login": "octo"}' }`)
	if rt == nil {
		return nil
	}
	r := &Response{Status: rt.count("status", "200", 599), Headers: rt.headers("headers"), Body: rt.text("body", `'{"login": "octo"}'`)}
	rt.refuseUnknown("in a sample of an answer")
	if r.Status < 100 {
		rt.errorf("status", "missing; expected a status of HTTP, e.g. status = 200")
	}
	if len(r.Body) > maxSample {
		rt.errorf("body", "more than %d bytes", maxSample)
	}
	return r
}

// resolveVerify puts the check of another rule in the place of its name, and checks the names of rules in parts.
func (b *layer) resolveVerify(d *draft) {
	v := d.Verify
	if v == nil || !d.table.has("verify") {
		return
	}
	if v.As != "" {
		id := v.As
		if problem := b.resolve(d, &id, "be checked as"); problem != "" {
			d.verifyError("as", "%s", problem)
			return
		}
		other := b.byID[id].Verify
		if other == nil || other.As != "" {
			d.verifyError("as", "%s has no check of its own; expected the id of a rule with url or check in its [rules.verify]", quote(id))
			return
		}
		d.Verify = other
		return
	}
	for _, p := range v.Parts {
		for i := range p.Rules {
			if problem := b.resolve(d, &p.Rules[i], "be a part of"); problem != "" {
				d.verifyError("parts."+p.Name+".rules."+strconv.Itoa(i), "%s", problem)
			}
		}
	}
}

func (d *draft) verifyError(key, format string, args ...any) {
	line := d.table.file.index.line(join(d.table.path, "verify."+key))
	d.table.file.errorAt(line, d.ID, "verify."+key, format, args...)
}

// String is the condition as a rule file has it.
func (c Condition) String() string {
	switch c.Op {
	case "exists":
		return c.Path
	case "absent":
		return "!" + c.Path
	}
	return fmt.Sprintf("%s %s %s", c.Path, c.Op, c.Value)
}
