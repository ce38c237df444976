package proof

import (
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/straykey/straykey/detect/proof/internal/checksum"
)

// crcToken describes tokens that end in a CRC-32 of what stands before it.
type crcToken struct {
	name     string
	prefixes []string
	length   int  // of the whole token; 0: it varies
	whole    bool // the prefix is covered too
	gap      int  // characters between the covered part and the checksum
	tail     int  // characters of the checksum
	encode   func(uint32) string
	// rejects: the scheme is known so well that a mismatch means no
	// credential. The others were measured on few tokens: a match says much, a mismatch nothing.
	rejects bool
}

func crcTokens() []crcToken {
	base62 := func(n uint32) string { return checksum.Digits(n, checksum.Base62, 6) }
	return []crcToken{
		{name: "apify", prefixes: []string{"apify_api_"}, whole: true, tail: 6, encode: func(n uint32) string {
			return checksum.Digits(n, checksum.Base62Lower, 6)
		}},
		{name: "atlassian", prefixes: []string{"ATATT3", "ATCTT3"}, whole: true, tail: 8, encode: func(n uint32) string {
			return strings.ToUpper(checksum.BigEndianHex(n))
		}},
		{name: "canva", prefixes: []string{"cnvca"}, length: 56, whole: true, tail: 8, encode: checksum.BigEndianHex},
		{name: "cloudflare", prefixes: []string{"cfut_", "cfat_", "cfk_"}, tail: 8, encode: checksum.BigEndianHex},
		{name: "confluent", prefixes: []string{"cflt"}, length: 64, tail: 6, rejects: true, encode: func(n uint32) string {
			return base64.RawStdEncoding.EncodeToString(binary.LittleEndian.AppendUint32(nil, n))
		}},
		{name: "deno", prefixes: []string{"ddp_", "ddw_"}, length: 40, whole: true, tail: 6, encode: base62},
		{name: "grafana", prefixes: []string{"glsa_"}, length: 46, whole: true, gap: 1, tail: 8, rejects: true, encode: checksum.LittleEndianHex},
		{name: "npm", prefixes: []string{"npm_"}, length: 40, tail: 6, encode: base62},
		{name: "vercel", prefixes: []string{"vcp_", "vci_", "vca_", "vcr_", "vck_"}, length: 60, tail: 6, rejects: true, encode: base62},
		{name: "zuplo", prefixes: []string{"zpka_"}, length: 46, gap: 1, tail: 8, rejects: true, encode: checksum.BigEndianHex},
	}
}

func crcProofs() []entry {
	var out []entry
	for _, t := range crcTokens() {
		out = append(out, entry{t.name, func(in input) Result { return t.prove(in.secret) }})
	}
	return out
}

func (t *crcToken) prove(token string) Result {
	prefix, ok := hasPrefix(token, t.prefixes...)
	covered := len(token) - t.tail - t.gap
	if !ok || covered <= len(prefix) {
		return unknown("not of the known shape")
	}
	body := token[:covered]
	if !t.whole {
		body = body[len(prefix):]
	}
	return judge(checksum.CRC32(body), t.encode, token[len(token)-t.tail:], t.rejects && len(token) == t.length)
}

// judge compares a computed checksum with the one in the token.
func judge(sum uint32, encode func(uint32) string, stands string, rejects bool) Result {
	switch {
	case encode(sum) == stands:
		return valid("checksum holds")
	case rejects:
		return invalid("checksum does not hold")
	default:
		return unknown("checksum not confirmed")
	}
}

func hasPrefix(s string, prefixes ...string) (string, bool) {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return p, true
		}
	}
	return "", false
}

func base62Six(n uint32) string { return checksum.Digits(n, checksum.Base62, 6) }

// proveGitHub proves all GitHub tokens. Those with a three-letter prefix end in the
// base 62 CRC-32 of their body; installation tokens made since 2026 are a
// JWT behind ghs_ and the number of the app.
func proveGitHub(in input) Result {
	token := in.secret
	if strings.HasPrefix(token, "github_pat_") {
		return proveGitHubFineGrained(in)
	}
	prefix, ok := hasPrefix(token, "ghp_", "gho_", "ghu_", "ghs_", "ghr_")
	if !ok {
		return unknown("not of the known shape")
	}
	body := token[len(prefix):]
	if prefix == "ghs_" && strings.IndexByte(body, '.') >= 0 {
		return proveGitHubApp(in, body)
	}
	if len(body) <= 6 {
		return unknown("not of the known shape")
	}
	known := len(token) == 40 && prefix != "ghr_" || len(token) == 80 && prefix == "ghr_"
	cut := len(body) - 6
	return judge(checksum.CRC32(body[:cut]), base62Six, body[cut:], known)
}

func proveGitHubApp(in input, body string) Result {
	app, token, ok := strings.Cut(body, "_")
	if !ok || app == "" || !within(app, isDigit) {
		return unknown("not of the known shape")
	}
	in.secret = token
	r := proveJWT(in)
	if r.Status != Invalid {
		r.Facts = append([]Fact{{"app", printable(app)}}, r.Facts...)
	}
	return r
}

// proveGitHubFineGrained looks at the shape only: these tokens have a checksum,
// but GitHub has not said how it is made.
func proveGitHubFineGrained(in input) Result {
	id, rest, ok := strings.Cut(strings.TrimPrefix(in.secret, "github_pat_"), "_")
	if ok && len(in.secret) == 93 && len(id) == 22 && within(id+rest, isAlnum) {
		return unknown("shape is right; the checksum is not public")
	}
	return unknown("not of the known shape")
}

// gitLabKeys are the routing keys of a GitLab token and the facts they are.
var gitLabKeys = [...]struct{ key, fact string }{
	{"c", "cell"}, {"o", "org"}, {"g", "group"}, {"p", "project"}, {"u", "user"},
}

// proveGitLab proves routable tokens, which GitLab's design notes describe: prefix, base64url
// payload, ".", a version and "." in newer ones, length of the payload in two base 36
// digits, CRC-32 of all that in seven. The payload begins with lines
// "key:value" and ends with random bytes and their count.
func proveGitLab(in input) Result {
	token := in.secret
	dot := strings.LastIndexByte(token, '.')
	if dot < 0 || len(token)-dot != 10 {
		return unknown("not a routable token")
	}
	cut := len(token) - 7
	encode := func(n uint32) string { return checksum.Digits(n, checksum.Base36, 7) }
	r := judge(checksum.CRC32(token[:cut]), encode, token[cut:], strings.HasPrefix(token, "glpat-"))
	if r.Status == Valid {
		head := token[:dot]
		if dot >= 3 && head[dot-3] == '.' {
			head = head[:dot-3]
		}
		r.Facts = gitLabFacts(head, token[dot+1:cut])
	}
	return r
}

func gitLabFacts(head, length string) []Fact {
	n, err := strconv.ParseUint(length, 36, 16)
	if err != nil || n > uint64(len(head)) {
		return nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(head[uint64(len(head))-n:])
	if err != nil || len(raw) == 0 {
		return nil
	}
	random := int(raw[len(raw)-1])
	if random+1 > len(raw) {
		return nil
	}
	values := map[string]string{}
	for line := range strings.Lines(string(raw[:len(raw)-1-random])) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			values[key] = value
		}
	}
	var f facts
	for _, k := range gitLabKeys {
		if id, err := strconv.ParseUint(values[k.key], 36, 64); err == nil {
			f.add(k.fact, strconv.FormatUint(id, 10))
		}
	}
	return f
}

// proveSaladCloud proves salad_cloud_{handle}_{body}: the checksum covers the
// body alone.
func proveSaladCloud(in input) Result {
	handle, body, ok := strings.Cut(strings.TrimPrefix(in.secret, "salad_cloud_"), "_")
	if !ok || len(body) <= 6 || !strings.HasPrefix(in.secret, "salad_cloud_") {
		return unknown("not of the known shape")
	}
	cut := len(body) - 6
	r := judge(checksum.CRC32(body[:cut]), base62Six, body[cut:], false)
	if r.Status == Valid {
		r.Facts = []Fact{{"account", printable(handle)}}
	}
	return r
}

// openAIMarker is base64 of "OpenAI", which stands in the middle of every key
// since 2023, written in two parts so that no scanner stops here.
const openAIMarker = "T3Blbk" + "FJ"

// proveOpenAI looks for the marker between two flanks of equal length. Keys with
// the bare prefix sk- once had none.
func proveOpenAI(in input) Result {
	prefix, ok := hasPrefix(in.secret, "sk-proj-", "sk-svcacct-", "sk-admin-", "sk-")
	if !ok {
		return unknown("not of the known shape")
	}
	left, right, ok := strings.Cut(in.secret[len(prefix):], openAIMarker)
	switch {
	case ok && len(left) == len(right) && len(left) >= 20:
		return valid("issuer's marker stands in the middle")
	case !ok && prefix != "sk-":
		return invalid("issuer's marker is missing")
	default:
		return unknown("issuer's marker not where it is known to stand")
	}
}
