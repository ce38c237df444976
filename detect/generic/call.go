package generic

import "bytes"

// call is a function that takes a secret as one of its arguments.
type call struct {
	word  string // the anchor, in lower case: the end of the function's name
	arg   int    // which argument is the secret, from 0; -1: the last one
	group Group
}

// as returns a name that says what the argument is.
func (c *call) as() string {
	if c.group == Key {
		return "hmac_secret_key"
	}
	return c.group.String()
}

// calls are functions of libraries that many programs call, and which argument of theirs is the secret.
var calls = []call{
	{"basicauth", 1, Password},                           // Go, Python, Spring, Ruby
	{"basic_auth", 1, Password},                          // Rust, Ruby
	{"digestauth", 1, Password},                          // Python
	{"passwordauthentication", 1, Password},              // Java
	{"networkcredential", 1, Password},                   // .NET
	{"usernamepasswordcredentials", 1, Password},         // Apache HttpClient
	{"usernamepasswordauthenticationtoken", 1, Password}, // Spring
	{"drivermanager.getconnection", 2, Password},         // JDBC
	{"mysqli_connect", 2, Password},
	{"new mysqli", 2, Password},
	{"mysql_connect", 2, Password},
	{"mysql_pconnect", 2, Password},
	{"new pdo", 2, Password},
	{"mysqldb.connect", 2, Password},
	{"pymysql.connect", 2, Password},
	{"ftp_login", 2, Password},
	{"ftp.login", 1, Password},
	{"smtp.login", 1, Password},
	{"server.login", 1, Password},
	{"imap.login", 1, Password},
	{"ssh2_auth_password", 2, Password},
	{"ldap_bind", 2, Password},
	{"simple_bind_s", 1, Password},
	{"emailandpassword", -1, Password}, // Firebase
	{"plainauth", 2, Password},         // Go's net/smtp
	{"ssh.password", 0, Password},
	{"createhmac", 1, Key},
	{"hash_hmac", 2, Key},
	{"hmac.new", 0, Key},
	{"jwt.sign", 1, Secret},
	{"jwt.verify", 1, Secret},
	{"jwt.encode", 1, Secret},
	{"jwt.decode", 1, Secret},
	{"cookieparser", 0, Secret},
	{"create_user", 2, Password}, // Django
	{"create_superuser", 2, Password},
	{"new sequelize", 2, Password},
	{"encoder().encode", 0, Password}, // Spring
	{"bcrypt.hash", 0, Password},
	{"bcrypt.hashsync", 0, Password},
	{"bcrypt.hashpw", 0, Password},
	{"wifi.begin", 1, Password},           // Arduino
	{"clientsecretcredential", 2, Secret}, // Azure
	{"signwith", 1, Key},                  // jjwt
	{"setsigningkey", 0, Key},
	{"newcookiestore", 0, Secret},
}

// callQuick reports whether arguments follow the name of a function.
func callQuick(b []byte, _, hi int) bool {
	if hi < len(b) && (b[hi] == '!' || b[hi] == ' ') {
		hi++
	}
	return hi+minValue < len(b) && (b[hi] == '(' || quoteOf(b[hi]) != Bare)
}

// maxArgs bounds how many arguments are read.
const maxArgs = 6

// arguments finds the secret among the arguments of a function. All of them up to it must stand on the line.
func arguments(out []Candidate, t *Text, lo, hi int) []Candidate {
	var c *call
	for i := range calls {
		if len(calls[i].word) == hi-lo && hasFold(t.B, lo, calls[i].word) {
			c = &calls[i]
		}
	}
	b, _ := t.window(hi)
	i := blanksIn(b, hi)
	open := i < len(b) && b[i] == '('
	if open {
		i++
	}
	if c == nil || !open && i == hi {
		return out
	}
	list, closed := splitArgs(b, i)
	at := c.arg
	if at < 0 {
		if !closed || len(list) < 2 {
			return out
		}
		at = len(list) - 1
	}
	if at >= len(list) || at == len(list)-1 && open && !closed {
		return out
	}
	a := assignment{b: b, op: OpCall, at: list[at].Lo}
	if !a.readValue() || a.value.Hi > list[at].Hi || a.quote == Bare {
		return out
	}
	name := Span{nameStart(b, t.Lo, lo), hi}
	if plainly(a.value.of(b)) || stock(a.value.of(b), nil) || name.Len() > maxName || !literal(b, list[at], a.value) {
		return out
	}
	return append(out, Candidate{
		Group: c.group, As: c.as(), Op: OpCall, Quote: a.quote, Wrapped: a.wrapped, Name: name, Value: a.value, Start: name.Lo, End: a.value.Hi,
	})
}

// splitArgs splits the arguments that begin at b[i] at commas that stand in no brackets and no quotes. closed tells that the
// closing bracket was found.
func splitArgs(b []byte, i int) (list []Span, closed bool) {
	start, depth := i, 0
	for i < len(b) && len(list) < maxArgs {
		switch c := b[i]; {
		case quoteOf(c) != Bare:
			_, _, end, ok := argument(b, i)
			if !ok || end <= i {
				return list, false
			}
			i = end
			continue
		case c == '(' || c == '[' || c == '{':
			depth++
		case c == ')' || c == ']' || c == '}':
			if depth--; depth < 0 {
				return append(list, trimSpan(b, Span{start, i})), true
			}
		case c == ',' && depth == 0:
			list, start = append(list, trimSpan(b, Span{start, i})), i+1
		}
		i++
	}
	if start < i && len(list) < maxArgs {
		list = append(list, trimSpan(b, Span{start, i}))
	}
	return list, false
}

// literal reports whether an argument is a literal, perhaps converted, and no expression of which it is a part.
func literal(b []byte, arg, value Span) bool {
	rest := bytes.TrimLeft(b[min(value.Hi, arg.Hi):arg.Hi], "\\\"'`) ")
	for _, suffix := range [...]string{".encode(", ".tochararray(", ".getbytes(", ".into(", ".to_string(", ".to_owned(", ".as_bytes("} {
		if hasFold(rest, 0, suffix) {
			return true
		}
	}
	return len(rest) == 0 || rest[0] == '}' || rest[0] == ']'
}
