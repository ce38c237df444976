package generic

import "bytes"

// maxScheme and maxUserinfo bound the parts of a URL that are read.
const (
	maxScheme   = 24
	maxUserinfo = 256
)

// urlQuick reports whether an @ follows the anchor before what ends the authority of a URL.
func urlQuick(b []byte, _, hi int) bool {
	for end := min(len(b), hi+maxScheme+maxUserinfo); hi < end; hi++ {
		switch c := b[hi]; {
		case c == '@':
			return true
		case c <= ' ' || c == '"' || c == '\'' || c == '<' || c == '>' || c == '`':
			return false
		case c == '/' && b[hi-1] != ':' && b[hi-1] != '/':
			return false
		}
	}
	return false
}

// urls finds the password of scheme://user:password@host, and a token that stands in its place or instead of
// the user, as git takes it. The anchor is the :// or a scheme before it.
func urls(out []Candidate, t *Text, lo, hi int) []Candidate {
	b, cut := t.window(hi)
	at := hi
	if at < t.Lo+3 || string(b[at-3:at]) != "://" {
		for at < len(b) && at < hi+maxScheme && isSchemeByte(b[at]) {
			at++
		}
		if at+3 > len(b) || string(b[at:at+3]) != "://" {
			return out
		}
		at += 3
	}
	user, pass, end := userinfo(b, at)
	if end < 0 || end == len(b) && cut {
		return out
	}
	start := at - 3
	for start > t.Lo && start > at-3-maxScheme && isSchemeByte(b[start-1]) {
		start--
	}
	c := Candidate{Group: URL, Name: user, Value: pass, Start: start, End: end}
	if isOneOf(pass.of(b), "", "x-oauth-basic", "x-oauth-token") {
		c.Name, c.Value = Span{user.Lo, user.Lo}, user
		if !tokenLike(user.of(b)) {
			return out
		}
	}
	if unescapedLen(c.Value.of(b)) < minValue || c.Name.Len() > maxName || plainly(c.Value.of(b)) || stock(c.Value.of(b), c.Name.of(b)) {
		return out
	}
	return append(out, c)
}

// unescapedLen returns how many bytes a part of a URL stands for.
func unescapedLen(s []byte) int {
	n := len(s)
	for i := 0; i+2 < len(s); i++ {
		if s[i] == '%' && isHexByte(s[i+1]) && isHexByte(s[i+2]) {
			n -= 2
			i += 2
		}
	}
	return n
}

func isSchemeByte(c byte) bool {
	return isLetter(c) || isDigit(c) || c == '+' || c == '-' || c == '.'
}

// userinfo reads user and password of the authority that begins at b[at]. The password may hold an @ and
// other signs that should have been escaped. end is where the host ends, -1 if there is no user information.
func userinfo(b []byte, at int) (user, pass Span, end int) {
	colon, last := -1, -1
	i := at
scan:
	for limit := min(len(b), at+maxUserinfo); i < limit; i++ {
		switch c := b[i]; c {
		case ':':
			if colon < 0 && last < 0 {
				colon = i
			}
		case '@':
			last = i
		case ',':
			if last < 0 && colon < 0 && bytes.IndexByte(b[at:i], '=') > 0 { // ldap://cn=admin,dc=acme:v@host
				continue
			}
			if last >= 0 || colon < 0 {
				break scan
			}
		case '#', '?', ';', ')', '|':
			if last >= 0 || colon < 0 {
				break scan
			}
		case '/', ' ', '\t', '\r', '\n', '"', '\'', '`', '<', '>', '\\':
			break scan
		}
	}
	if last < 0 || last+1 < len(b) && isBlank(b[last+1]) {
		return user, pass, -1
	}
	user, pass = Span{at, last}, Span{last, last}
	if colon >= 0 && colon < last {
		user, pass = Span{at, colon}, Span{colon + 1, last}
	}
	return user, pass, i
}

// tokenLike reports whether a user is no name but a token.
func tokenLike(v []byte) bool {
	n := charsOf(v)
	return len(v) >= 20 && n.digit > 1 && n.lower+n.upper > 3 && n.lower+n.upper+n.digit+n.under+n.dash == len(v)
}

// goDSN finds the password of user:password@tcp(host), Go's way to name a MySQL database, from @tcp(.
func goDSN(out []Candidate, t *Text, lo, hi int) []Candidate {
	b := t.B[:t.Hi]
	i := lo
	for i > t.Lo && i > lo-maxUserinfo && !endsWord(b[i-1]) && b[i-1] != '(' && b[i-1] != '=' && b[i-1] != ',' {
		i--
	}
	if i > t.Lo && i == lo-maxUserinfo {
		return out
	}
	colon := i
	for colon < lo && b[colon] != ':' {
		colon++
	}
	user, pass := Span{i, colon}, Span{min(colon+1, lo), lo}
	if pass.Len() < minValue || user.Len() == 0 || user.Len() > maxName || plainly(pass.of(b)) || stock(pass.of(b), user.of(b)) {
		return out
	}
	return append(out, Candidate{Group: URL, Name: user, Value: pass, Start: i, End: hi})
}

// oracle finds the password of user/password@host, as Oracle's tools and JDBC's thin driver take it. The
// anchor is the command, or thin:.
func oracle(out []Candidate, t *Text, lo, hi int) []Candidate {
	b, cut := t.window(hi)
	i := hi
	for n := 0; n < 3; n++ {
		i = blanksIn(b, i)
		if i < len(b) && b[i] == '-' { // an option: sqlplus -s user/password
			for i < len(b) && !isBlank(b[i]) {
				i++
			}
		}
	}
	if i < len(b) && quoteOf(b[i]) != Bare {
		i++
	}
	user := i
	for i < len(b) && (isNameByte(b[i]) || b[i] == '$' || b[i] == '#' || b[i] == '.') {
		i++
	}
	if i == user || i == len(b) || b[i] != '/' || i-user > maxName {
		return out
	}
	pass := i + 1
	for i = pass; i < len(b) && !endsWord(b[i]) && b[i] != '@' && b[i] != '/'; i++ {
	}
	if i-pass < minValue || i == len(b) && cut || i < len(b) && b[i] == '/' || plainly(b[pass:i]) || stock(b[pass:i], b[user:pass-1]) {
		return out
	}
	return append(out, Candidate{Group: URL, Name: Span{user, pass - 1}, Value: Span{pass, i}, Start: user, End: i})
}
