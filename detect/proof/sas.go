package proof

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// proveSAS reads an Azure shared access signature: a URL or its query with
// se, sp, sr or ss and srt, st, spr, sip, sig and sv (Azure Storage REST
// reference, "Create an account SAS", "Create a service SAS"). The
// Service Bus form ("SharedAccessSignature sr=…&sig=…&se=…&skn=…", se in
// Unix seconds) is read as well.
func proveSAS(in input) Result {
	where, query := splitURL(in.secret)
	if where == "" {
		where = in.address()
	}
	values, err := url.ParseQuery(query)
	if err != nil || values.Get("sig") == "" {
		return unknown("no signature in it")
	}
	if !isSASSignature(values.Get("sig")) {
		return invalid("the signature is none")
	}
	s := sas{values}
	expires := s.expires()
	var f facts
	account, resource := storageAddress(where)
	f.add("account", account)
	f.add("tenant", values.Get("sktid"))
	f.add("user", values.Get("skoid"))
	f.add("name", values.Get("skn"))
	f.add("permissions", spell(values.Get("sp"), sasPermission))
	f.add("resource", s.resource(resource))
	f.add("services", spell(values.Get("ss"), sasService))
	f.add("protocol", strings.ToLower(values.Get("spr")))
	f.add("network", values.Get("sip"))
	f.add("version", values.Get("sv"))
	f.add("policy", values.Get("si"))
	f.time("not-before", sasTime(values.Get("st")))
	f.time("expires", expires)
	if expires.IsZero() && values.Get("si") == "" {
		return unknown("no expiry in it", f...)
	}
	return in.until(expires, valid("well formed; the signature was not checked", f...))
}

// splitURL cuts a query from what stands before it.
func splitURL(s string) (where, query string) {
	s = strings.NewReplacer("&amp;", "&", `\u0026`, "&").Replace(s)
	s = strings.TrimPrefix(s, "SharedAccessSignature ")
	if where, query, ok := strings.Cut(s, "?"); ok {
		return where, query
	}
	return "", s
}

// maxAddress bounds how far before a query its URL may begin.
const maxAddress = 512

// address returns the URL whose query is the secret, from the context, or "".
func (in input) address() string {
	at := bytes.Index(in.context, []byte(in.secret))
	if at < 1 || in.context[at-1] != '?' {
		return ""
	}
	before := string(in.context[max(0, at-1-maxAddress) : at-1])
	if start := strings.LastIndexAny(before, " \t\r\n\"'`<>()=,;"); start >= 0 {
		before = before[start+1:]
	}
	return before
}

// isSASSignature reports whether s can be base64 of an HMAC-SHA-256. What
// follows the 43 characters that hold it may be padding or a rule's overreach.
func isSASSignature(s string) bool {
	if strings.Contains(s, "%") { // encoded twice
		if plain, err := url.QueryUnescape(s); err == nil {
			s = plain
		}
	}
	s = strings.ReplaceAll(s, " ", "+") // a plus sign that was not escaped
	if len(s) < 43 {
		return false
	}
	_, err := decode64(s[:43])
	return err == nil
}

type sas struct{ url.Values }

// expires is the earlier of the token's expiry and that of the user delegation
// key which signed it.
func (s sas) expires() time.Time {
	token, key := sasTime(s.Get("se")), sasTime(s.Get("ske"))
	if token.IsZero() || !key.IsZero() && key.Before(token) {
		return key
	}
	return token
}

func (s sas) resource(address string) string {
	if types := spell(s.Get("srt"), sasResourceType); types != "" {
		return strings.TrimSpace(types + " " + address)
	}
	kind := sasResource(s.Get("sr"))
	if kind == "" { // Service Bus: the address itself
		return s.Get("sr")
	}
	return strings.TrimSpace(kind + " " + address)
}

// sasTime reads the forms that Azure accepts, all UTC, and Unix seconds.
func sasTime(s string) time.Time {
	for _, layout := range [...]string{"2006-01-02T15:04:05Z", "2006-01-02T15:04Z", "2006-01-02", "2006-01-02T15:04:05.9999999Z"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	if n, err := strconv.ParseUint(s, 10, 40); err == nil {
		return unixTime(float64(n))
	}
	return time.Time{}
}

// storageAddress cuts {account}.blob.core.windows.net/path into the account
// and the rest.
func storageAddress(where string) (account, path string) {
	u, err := url.Parse(where)
	if err != nil || u.Host == "" {
		return "", ""
	}
	if account, _, ok := strings.Cut(u.Host, "."); ok && strings.Contains(u.Host, ".core.") {
		return account, strings.TrimSuffix(u.Path, "/")
	}
	return "", strings.TrimSuffix(u.Path, "/")
}

// spell writes what the letters of s stand for, separated by commas. Letters that
// are not known stay as they are; words are left alone.
func spell(s string, word func(byte) string) string {
	if len(s) > 32 {
		return s
	}
	var words []string
	for i := range len(s) {
		w := word(s[i])
		if w == "" {
			w = s[i : i+1]
		}
		words = append(words, w)
	}
	return strings.Join(words, ",")
}

func sasPermission(c byte) string {
	switch c {
	case 'r':
		return "read"
	case 'a':
		return "add"
	case 'c':
		return "create"
	case 'w':
		return "write"
	case 'd':
		return "delete"
	case 'x':
		return "delete-version"
	case 'y':
		return "permanent-delete"
	case 'l':
		return "list"
	case 't':
		return "tags"
	case 'f':
		return "filter"
	case 'm':
		return "move"
	case 'e':
		return "execute"
	case 'o':
		return "ownership"
	case 'p':
		return "permissions"
	case 'u':
		return "update"
	case 'i':
		return "immutability-policy"
	}
	return ""
}

func sasService(c byte) string {
	switch c {
	case 'b':
		return "blob"
	case 'q':
		return "queue"
	case 't':
		return "table"
	case 'f':
		return "file"
	}
	return ""
}

func sasResourceType(c byte) string {
	switch c {
	case 's':
		return "service"
	case 'c':
		return "container"
	case 'o':
		return "object"
	}
	return ""
}

func sasResource(s string) string {
	switch s {
	case "b":
		return "blob"
	case "bv":
		return "blob version"
	case "bs":
		return "blob snapshot"
	case "c":
		return "container"
	case "d":
		return "directory"
	case "f":
		return "file"
	case "s":
		return "share"
	}
	return ""
}
