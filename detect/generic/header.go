package generic

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// maxHeaderGap bounds what stands between Authorization and its value: quotes, operators, brackets.
const maxHeaderGap = 24

// authorizationSchemes are the words that may stand before the value of an Authorization header, in lower case.
var authorizationSchemes = [...]string{
	"basic", "bearer", "token", "jwt", "apikey", "api-key", "key", "oauth", "ssws", "genie" + "key", "sso-key", "bot", "pat", "private-token",
}

// keyHeaders are headers whose whole value is a key or a token, in lower case.
var keyHeaders = [...]string{"x-api-key", "x-auth-token", "x-access-token", "x-auth-key", "x-apikey", "private-token"}

// isKeyHeader reports whether an anchor is the name of a header whose value is a key, with nothing before or behind it.
func isKeyHeader(b []byte, lo, hi int) bool {
	return hi < len(b) && startsWord(b, 0, lo) && (lo == 0 || b[lo-1] != '-') && (b[hi] == ':' || quoteOf(b[hi]) != Bare) && isOneOf(b[lo:hi], keyHeaders[:]...)
}

// headerQuick reports whether a blank and a value may follow the word of an authentication scheme.
func headerQuick(b []byte, lo, hi int) bool {
	if b[lo]|0x20 == 'x' || b[lo]|0x20 == 'p' {
		return isKeyHeader(b, lo, hi)
	}
	return b[hi-1]|0x20 == 'n' /* authorization */ || hi+minValue < len(b) && b[hi] == ' ' && isHeaderByte(b[hi+1]) && isHeaderByte(b[hi+minValue]) && startsWord(b, 0, lo)
}

// headers finds the credentials of an Authorization header: a user and password in base64 after Basic, a token after Bearer
// and its kin. The anchor is the name of the header, or Basic or Bearer wherever they stand.
func headers(out []Candidate, t *Text, lo, hi int) []Candidate {
	b, cut := t.window(hi)
	if isKeyHeader(b, lo, hi) {
		return keyHeader(out, b, cut, lo, hi)
	}
	if hasFold(b, lo, "authorization") {
		if lo, hi = schemeAfter(b, hi); lo < 0 {
			return out
		}
	}
	i := blanksIn(b, hi)
	if i == hi {
		return out
	}
	v := Span{i, i}
	for v.Hi < len(b) && isHeaderByte(b[v.Hi]) {
		v.Hi++
	}
	if v.Hi == len(b) && cut {
		return out
	}
	scheme := Span{lo, hi}
	known := authorizes(b, t.Lo, lo)
	if hasWord(b, lo, "basic") {
		user, password, ok := basic(v.of(b))
		if !ok || stock(password, user) {
			return out
		}
	} else {
		next := v.Hi
		for v.Hi > v.Lo && b[v.Hi-1] == '.' {
			v.Hi--
		}
		n := charsOf(v.of(b))
		if v.Len() < 6 || stock(v.of(b), nil) || !known && (v.Len() < 16 || n.digit == 0) || next < len(b) && (b[next] == '(' || b[next] == '$' || b[next] == '{' || b[next] == '[' || b[next] == '\\') {
			return out
		}
	}
	return append(out, Candidate{Group: Header, Op: OpSpace, Name: scheme, Value: v, Start: lo, End: v.Hi})
}

// keyHeader finds the value of a header that is a key as a whole: X-Api-Key: v, "X-Api-Key": "v", set("X-Api-Key", "v").
func keyHeader(out []Candidate, b []byte, cut bool, lo, hi int) []Candidate {
	i := hi
	for end := hi + maxHeaderGap; i < min(end, len(b)) && (isBlank(b[i]) || quoteOf(b[i]) != Bare || strings.IndexByte(`\:,=>])[(`, b[i]) >= 0); i++ {
	}
	v := Span{i, i}
	for v.Hi < len(b) && isHeaderByte(b[v.Hi]) {
		v.Hi++
	}
	if v.Len() < 16 || v.Hi == len(b) && cut || v.Hi < len(b) && strings.IndexByte("($[{", b[v.Hi]) >= 0 || charsOf(v.of(b)).digit == 0 || stock(v.of(b), nil) {
		return out
	}
	return append(out, Candidate{Group: Header, Op: OpSpace, Name: Span{lo, hi}, Value: v, Start: lo, End: v.Hi})
}

// schemeAfter returns where the authentication scheme stands in the value of the header whose name ends at b[i]; -1 if
// there is none.
func schemeAfter(b []byte, i int) (lo, hi int) {
	for end := i + maxHeaderGap; i < end && i < len(b) && !isLetter(b[i]); i++ {
		if b[i] == '\n' {
			return -1, -1
		}
	}
	if i+1 < len(b) && isStringPrefix(b[i]) && quoteOf(b[i+1]) != Bare {
		i += 2
	}
	for _, s := range authorizationSchemes {
		if hasFold(b, i, s) && i+len(s) < len(b) && isBlank(b[i+len(s)]) {
			return i, i + len(s)
		}
	}
	return -1, -1
}

// authorizes reports whether the name of a header stands shortly before b[at].
func authorizes(b []byte, lo, at int) bool {
	const header = "authorization"
	return indexFold(b, max(lo, at-maxHeaderGap-len(header)), at, header) >= 0
}

// isHeaderByte holds for the bytes of token68 (RFC 9110).
func isHeaderByte(c byte) bool {
	return isLetter(c) || isDigit(c) || c == '+' || c == '/' || c == '=' || c == '-' || c == '_' || c == '.' || c == '~'
}

// basic decodes user:password.
func basic(v []byte) (user, password []byte, ok bool) {
	v = bytes.TrimRight(v, "=.")
	var buf [maxSpan]byte
	n, err := base64.RawStdEncoding.Decode(buf[:], v)
	if err != nil {
		if n, err = base64.RawURLEncoding.Decode(buf[:], v); err != nil {
			return nil, nil, false
		}
	}
	plain := buf[:n]
	user, password, ok = bytes.Cut(plain, []byte(":"))
	if !ok || len(user)+len(password) < minValue || len(password) < 2 || plainly(password) {
		return nil, nil, false
	}
	for _, r := range string(plain) {
		if r < ' ' || r == utf8.RuneError && !latin1(plain) {
			return nil, nil, false
		}
	}
	return user, password, true
}

// latin1 reports whether most of a text that is no UTF-8 is ASCII, so that it may be Latin-1.
func latin1(s []byte) bool {
	high := 0
	for _, c := range s {
		if c >= 0x80 {
			high++
			if c < 0xa0 {
				return false
			}
		}
	}
	return high*4 <= len(s)
}

// cookieQuick reports whether a value may follow the name of a cookie.
func cookieQuick(b []byte, _, hi int) bool {
	return hi < len(b) && (b[hi] == '=' || b[hi] == '%' || b[hi] == '"' || b[hi] == '\'' || b[hi] == '\t')
}

// minSession is the shortest session id that is long enough not to be guessed.
const minSession = 16

// cookies finds the session id in a cookie, from the end of its name: PHPSESSID=v; in a Cookie header, in a
// list of cookies, in curl's file of them.
func cookies(out []Candidate, t *Text, lo, hi int) []Candidate {
	b, cut := t.window(hi)
	i := hi
	if i < len(b) && quoteOf(b[i]) != Bare {
		i++
	}
	for i < len(b) && (isBlank(b[i]) || b[i] == '=' || b[i] == ':' || b[i] == ',') && i < hi+6 {
		i++
	}
	if i < len(b) && quoteOf(b[i]) != Bare {
		i++
	}
	v := Span{i, i}
	for v.Hi < len(b) && (isHeaderByte(b[v.Hi]) || b[v.Hi] == '%' || b[v.Hi] == '!' || b[v.Hi] == ':') {
		v.Hi++
	}
	if v.Len() < minSession || v.Hi == len(b) && cut || charsOf(v.of(b)).digit == 0 {
		return out
	}
	name := Span{nameStart(b, t.Lo, lo), hi}
	before := max(t.Lo, name.Lo-maxSpan)
	after := min(len(b), v.Hi+2)
	if indexFold(b, before, name.Lo, "cookie") < 0 && indexFold(b, v.Hi, after, ";") < 0 && (name.Lo < 2 || b[name.Lo-2] != ';') {
		return out
	}
	if v.Hi < len(b) && (b[v.Hi] == '(' || b[v.Hi] == '{') {
		return out
	}
	return append(out, Candidate{Group: Header, Op: OpAssign, Name: name, Value: v, Start: name.Lo, End: v.Hi})
}
