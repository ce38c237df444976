package generic

import (
	"bytes"
	"strings"
)

// command is a program that takes a secret on its command line.
type command struct {
	word string // the anchor, in lower case
	// flags are the options whose value is the secret. One that ends in = or : has the value attached; one that
	// ends in * may have it attached or as the next word, and one of … may have other letters there: -sSfu.
	flags []string
	// pair says that the value is user:password, or user%password.
	pair byte
	find func(out []Candidate, t *Text, lo, hi int) []Candidate // instead of flags
}

// commands are the programs by their anchors.
var commands = []command{
	{word: "sshpass", flags: []string{"-p*"}},
	{word: "curl", flags: []string{"-u*", "-U*", "-…u"}, pair: ':'},
	{word: "--user", flags: []string{""}, pair: ':'},
	{word: "--proxy-user", flags: []string{""}, pair: ':'},
	{word: "mysql", flags: []string{"-p!"}},
	{word: "mariadb", flags: []string{"-p!"}},
	{word: "redis-cli", flags: []string{"-a"}},
	{word: "ldap", flags: []string{"-w*"}},
	{word: "sqlcmd", flags: []string{"-P*"}},
	{word: "mongo", flags: []string{"-p*"}},
	{word: "mosquitto_", flags: []string{"-P"}},
	{word: "ipmitool", flags: []string{"-P"}},
	{word: "plink", flags: []string{"-pw"}},
	{word: "pscp", flags: []string{"-pw"}},
	{word: "smbclient", flags: []string{"-U*"}, pair: '%'},
	{word: "rpcclient", flags: []string{"-U*"}, pair: '%'},
	{word: "xfreerdp", flags: []string{"/p:"}},
	{word: "psexec", flags: []string{"-p"}},
	{word: "unlock-keychain", flags: []string{"-p"}},
	{word: "login -", flags: []string{"-p*"}},
	{word: " -u ", flags: []string{"-p"}},
	{word: "-pass", flags: []string{"pass:"}},
	{word: "openssl enc", flags: []string{"-k"}},
	{word: "openssl aes", flags: []string{"-k"}},
	{word: "htpasswd", find: htpasswd},
	{word: "net user", find: netUser},
	{word: "net use", find: netUse},
	{word: "zip ", flags: []string{"-P*"}},
	{word: "7z ", flags: []string{"-p!"}},
	{word: "7za ", flags: []string{"-p!"}},
	{word: "securestring", find: secureString},
	{word: "chpasswd", find: piped},
	{word: "passwd --stdin", find: piped},
	{word: "sudo -s", find: piped},
}

// commandQuick reports whether an option may follow an anchor of commands.
func commandQuick(b []byte, lo, hi int) bool {
	if b[lo] == ' ' { // -u: only with -p after it, and of no client of MySQL, whose -p takes no word
		for i := lo; i >= max(0, lo-maxScheme) && b[i] != '\n'; i-- {
			if hasFold(b, i, "mysql") || hasFold(b, i, "mariadb") {
				return false
			}
		}
		end := min(len(b), hi+maxSpan/4)
		n := bytes.Index(b[hi:end], []byte(" -p "))
		return n >= 0 && bytes.IndexByte(b[hi:hi+n], '\n') < 0
	}
	for end := min(len(b), hi+maxScheme); hi < end; hi++ {
		switch c := b[hi]; {
		case isBlank(c), c == '=':
			return true
		case !isNameByte(c) && c != '-' && c != '.':
			return c == '\n' || c == '\r' || quoteOf(c) != Bare
		}
	}
	return hi == len(b)
}

// options finds the secret on a command line.
func options(out []Candidate, t *Text, lo, hi int) []Candidate {
	var c *command
	for i := range commands {
		if len(commands[i].word) == hi-lo && hasFold(t.B, lo, commands[i].word) {
			c = &commands[i]
		}
	}
	switch {
	case c == nil:
		return out
	case c.find != nil:
		return c.find(out, t, lo, hi)
	case c.flags[0] == "": // the anchor itself is the option
		b, _ := t.window(hi)
		if hi < len(b) && (b[hi] == '=' || isBlank(b[hi])) {
			return option(out, t, Span{lo, hi}, blanksIn(b, hi+1), c.pair)
		}
		return out
	}
	b, _ := t.window(hi)
	i := hi
	if b[i-1] == '-' { // the first option begins within the anchor
		i--
	}
	for i < len(b) {
		if end := b[i]; end == '|' || end == ';' || end == '\r' { // another command
			break
		}
		word := Span{i, i}
		for word.Hi < len(b) && !isBlank(b[word.Hi]) {
			if q := quoteOf(b[word.Hi]); q != Bare || b[word.Hi] == ';' || b[word.Hi] == '|' {
				break
			}
			word.Hi++
		}
		if word.Len() == 0 {
			i++
			continue
		}
		if value := c.value(b, word); value >= 0 {
			return option(out, t, word, value, c.pair)
		}
		i = word.Hi
		if i < len(b) && quoteOf(b[i]) != Bare {
			if _, _, end, ok := argument(b, i); ok && end > i {
				i = end
			} else {
				i++
			}
		}
	}
	return out
}

// value returns where the secret begins if a word of the command line is an option that has one; else -1.
func (c *command) value(b []byte, word Span) int {
	for _, f := range c.flags {
		flag, mode := f, byte(0)
		switch f[len(f)-1] {
		case '*', '!', ':', '=':
			mode = f[len(f)-1]
			if mode == '*' || mode == '!' {
				flag = f[:len(f)-1]
			}
		}
		w := word.of(b)
		if last, ok := strings.CutPrefix(f, "-…"); ok {
			if isCluster(w) && w[len(w)-1] == last[0] && (word.Hi == len(b) || isBlank(b[word.Hi])) {
				return blanksIn(b, word.Hi)
			}
			continue
		}
		if !bytes.HasPrefix(w, []byte(flag)) {
			continue
		}
		if mode == '!' && (bytes.HasPrefix(w, []byte("-password")) || bytes.HasPrefix(w, []byte("-port")) || bytes.HasPrefix(w, []byte("-protocol"))) {
			continue // an option of one dash of another program
		}
		attached := len(w) > len(flag) || word.Hi < len(b) && quoteOf(b[word.Hi]) != Bare
		switch {
		case attached && mode != 0:
			n := word.Lo + len(flag)
			if b[n] == '=' {
				n++
			}
			return n
		case !attached && (mode == 0 || mode == '*'):
			return blanksIn(b, word.Hi)
		}
	}
	return -1
}

// isCluster reports whether a word is several options of one letter each, as of curl none but the last takes a value.
func isCluster(w []byte) bool {
	if len(w) < 3 || len(w) > 10 || w[0] != '-' {
		return false
	}
	for _, c := range w[1 : len(w)-1] {
		if strings.IndexByte("sSfkLvgiIjlnNOqRJ#0123456", c) < 0 {
			return false
		}
	}
	return true
}

// option makes a candidate of the argument at b[i]; name is the option before it. Of a pair the part after the
// separator counts.
func option(out []Candidate, t *Text, name Span, i int, pair byte) []Candidate {
	b, cut := t.window(name.Lo)
	v, q, end, ok := argument(b, i)
	if !ok || end == len(b) && cut {
		return out
	}
	if q != Bare {
		v = trimSpan(b, v)
	}
	if q == Bare && v.Len() > 0 && (b[v.Lo] == '-' || b[v.Lo] == '/') {
		return out
	}
	if pair != 0 {
		n := bytes.IndexByte(v.of(b), pair)
		if n < 0 || n+1 < v.Len() && b[v.Lo+n+1] == '/' { // a URL
			return out
		}
		v.Lo += n + 1
	}
	name.Hi = min(name.Hi, v.Lo)
	if v.Len() < minValue || v.Len() > maxValue || plainly(v.of(b)) || stock(v.of(b), nil) {
		return out
	}
	return append(out, Candidate{Group: Password, As: "password", Op: OpSpace, Quote: q, Name: name, Value: v, Start: name.Lo, End: v.Hi})
}

// words reads up to n arguments from b[i] on, none of them empty.
func words(b []byte, i, n int) (list []Span, quotes []Quote) {
	for len(list) < n {
		i = blanksIn(b, i)
		v, q, end, ok := argument(b, i)
		if !ok || v.Len() == 0 {
			break
		}
		list, quotes, i = append(list, v), append(quotes, q), end
	}
	return list, quotes
}

// htpasswd reads htpasswd -b file user password, or without a file if -n prints the result.
func htpasswd(out []Candidate, t *Text, _, hi int) []Candidate {
	b, _ := t.window(hi)
	list, quotes := words(b, hi, 8)
	batch, show := false, false
	for i, w := range list {
		text := w.of(b)
		if text[0] == '-' {
			batch = batch || bytes.IndexByte(text, 'b') > 0
			show = show || bytes.IndexByte(text, 'n') > 0
			continue
		}
		at := i + 2
		if show {
			at = i + 1
		}
		if !batch || at >= len(list) {
			return out
		}
		return place(out, t, list[at], quotes[at], list[at-1])
	}
	return out
}

// netUser reads net user name password.
func netUser(out []Candidate, t *Text, _, hi int) []Candidate {
	b, _ := t.window(hi)
	list, quotes := words(b, hi, 3)
	if len(list) < 3 || b[list[1].Lo] == '/' || b[list[1].Lo] == '*' || b[list[2].Lo] != '/' {
		return out
	}
	return place(out, t, list[1], quotes[1], list[0])
}

// netUse reads net use [drive:] \\host\share password /user:name, the two also the other way round.
func netUse(out []Candidate, t *Text, lo, hi int) []Candidate {
	b, _ := t.window(hi)
	if hi < len(b) && !isBlank(b[hi]) { // net user
		return out
	}
	var password Span
	var quote Quote
	user := false
	for i := blanksIn(b, hi); i < len(b) && b[i] != '|' && b[i] != '&' && b[i] != '\r'; {
		word, q := Span{i, i}, Bare
		for word.Hi < len(b) && !isBlank(b[word.Hi]) && b[word.Hi] != '\r' { // to a backslash no shell of Windows gives a meaning
			word.Hi++
		}
		end := word.Hi
		if quoteOf(b[i]) != Bare {
			var ok bool
			if word, q, end, ok = argument(b, i); !ok || word.Len() == 0 {
				return out
			}
		}
		switch w := word.of(b); {
		case hasFold(w, 0, "/user:") || hasFold(w, 0, "/u:"):
			user = true
		case w[0] == '/' || w[0] == '\\' || w[0] == '*' || w[len(w)-1] == ':':
		case password.Len() == 0:
			password, quote = word, q
		}
		i = blanksIn(b, end)
	}
	if !user || password.Len() == 0 {
		return out
	}
	return place(out, t, password, quote, Span{lo, hi})
}

// secureString reads ConvertTo-SecureString [-String] 'v' … and 'v' | ConvertTo-SecureString.
func secureString(out []Candidate, t *Text, lo, hi int) []Candidate {
	b, _ := t.window(hi)
	if indexFold(b, hi, len(b), "plaintext") < 0 && indexFold(b, hi, len(b), "force") < 0 {
		return out
	}
	i := blanksIn(b, hi)
	for i < len(b) && b[i] == '-' {
		if hasWord(b, i, "-asplaintext") || hasWord(b, i, "-force") || hasWord(b, i, "-string") {
			for i < len(b) && !isBlank(b[i]) {
				i++
			}
			i = blanksIn(b, i)
			continue
		}
		break
	}
	name := Span{lo, hi}
	if v, q, _, ok := argument(b, i); ok && b[i] != '-' {
		if q == Bare && b[v.Lo] == '(' {
			return out
		}
		return place(out, t, v, q, name)
	}
	// 'v' | ConvertTo-SecureString
	i = nameStart(b, t.Lo, lo)
	for i > t.Lo && isBlank(b[i-1]) {
		i--
	}
	if i == t.Lo || b[i-1] != '|' {
		return out
	}
	for i--; i > t.Lo && isBlank(b[i-1]); i-- {
	}
	if i == t.Lo || quoteOf(b[i-1]) == Bare {
		return out
	}
	q := b[i-1]
	j := i - 1
	for j > t.Lo && j > i-maxName && b[j-1] != q {
		j--
	}
	if j == t.Lo || b[j-1] != q {
		return out
	}
	return place(out, t, Span{j, i - 1}, quoteOf(q), name)
}

// piped reads echo user:password | chpasswd and echo password | passwd --stdin user.
func piped(out []Candidate, t *Text, lo, _ int) []Candidate {
	from := max(t.Lo, lo-maxSpan)
	b := t.B[:t.Hi]
	bar := bytes.LastIndexByte(b[from:lo], '|')
	if bar < 0 {
		return out
	}
	bar += from
	at := -1
	for i := from; i < bar; i++ {
		if hasWord(b, i, "echo") && startsWord(b, from, i) {
			at = i
		}
	}
	if at < 0 {
		return out
	}
	i := blanksIn(b, at+len("echo"))
	for i < bar && b[i] == '-' {
		for i < bar && !isBlank(b[i]) {
			i++
		}
		i = blanksIn(b, i)
	}
	v, q, _, ok := argument(b[:bar], i)
	if !ok {
		return out
	}
	name := Span{at, at + len("echo")}
	if n := bytes.IndexByte(v.of(b), ':'); n >= 0 {
		name = Span{v.Lo, v.Lo + n}
		v.Lo += n + 1
	}
	return place(out, t, v, q, name)
}

// place makes a candidate of a value whose place is certain.
func place(out []Candidate, t *Text, v Span, q Quote, name Span) []Candidate {
	if v.Len() < minValue || v.Len() > maxValue || plainly(v.of(t.B)) || stock(v.of(t.B), nil) || name.Len() > maxName {
		return out
	}
	return append(out, Candidate{
		Group: Password, As: "password", Op: OpSpace, Quote: q, Name: name, Value: v,
		Start: min(name.Lo, v.Lo), End: max(name.Hi, v.Hi),
	})
}

// netrc reads machine host login user password v, the parts after the host in any order.
func netrc(out []Candidate, t *Text, _, hi int) []Candidate {
	b, cut := t.window(hi)
	list, quotes := words(b, hi, 7)
	login, at := false, -1
pairs:
	for i := 1; i+1 < len(list); i += 2 {
		switch w := list[i].of(b); {
		case isOneOf(w, "login"):
			login = true
		case isOneOf(w, "password"):
			at = i + 1
		case !isOneOf(w, "account", "port"):
			break pairs
		}
	}
	if !login || at < 0 || list[at].Hi == len(b) && cut {
		return out
	}
	return place(out, t, list[at], quotes[at], list[at-1])
}
