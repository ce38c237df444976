package generic

import "bytes"

// queries finds the password of a statement that makes or changes a user of a database: IDENTIFIED BY 'v',
// CREATE ROLE x PASSWORD v, SET PASSWORD FOR x = 'v'. The anchor is IDENTIFIED or the head of the statement.
func queries(out []Candidate, t *Text, lo, hi int) []Candidate {
	b, cut := t.window(hi)
	var i int
	if hasFold(b, lo, "identified") {
		if !isUpper(b[lo]) && !states(b, t.Lo, lo) {
			return out // prose: identified by their names
		}
		i = identified(b, hi)
	} else {
		i = passwordOf(b, hi)
	}
	if i < 0 {
		return out
	}
	if i+1 < len(b) && b[i]|0x20 == 'n' && b[i+1] == '\'' { // N'v', as Transact-SQL writes texts of all letters
		i++
	}
	v, q, end, ok := argument(b, i)
	if !ok || end == len(b) && cut || q == Bare && (isOneOf(v.of(b), "null", "values", "required", "externally", "globally", "random", "expire", "default", "with", "by", "as", "is", "and", "for", "to") || i == hi) {
		return out
	}
	if q != Bare && bytes.IndexByte(v.of(b), ' ') >= 0 {
		return out
	}
	if q == Bare {
		for v.Hi > v.Lo && (b[v.Hi-1] == ',' || b[v.Hi-1] == '.') {
			v.Hi--
		}
		if n := charsOf(v.of(b)); n.lower+n.upper+n.digit+n.under+n.other != v.Len() {
			return out
		}
	}
	for v.Len() > 1 && b[v.Lo] == '\'' { // quotes doubled within a string
		v.Lo++
	}
	if v.Len() < minValue || b[v.Lo] == '`' || v.Len() > maxValue || plainly(v.of(b)) || stock(v.of(b), nil) {
		return out
	}
	return append(out, Candidate{Group: Password, As: "password", Op: OpSpace, Quote: q, Value: v, Name: Span{v.Lo, v.Lo}, Start: v.Lo, End: end})
}

// states reports whether a statement about a user begins on the line before b[at].
func states(b []byte, lo, at int) bool {
	lo = max(lo, at-maxSpan)
	for _, w := range [...]string{"create", "alter", "grant"} {
		if i := indexFold(b, lo, at, w); i >= 0 && startsWord(b, lo, i) && hasWord(b, i, w) {
			return true
		}
	}
	return false
}

// identified reads [WITH plugin] BY [PASSWORD] and returns where the password begins; -1 if it does not follow.
func identified(b []byte, i int) int {
	i = blanksIn(b, i)
	if hasWord(b, i, "with") {
		_, _, end, ok := argument(b, blanksIn(b, i+len("with")))
		if !ok {
			return -1
		}
		i = blanksIn(b, end)
	}
	if !hasWord(b, i, "by") && !hasWord(b, i, "as") {
		return -1
	}
	i = blanksIn(b, i+len("by"))
	for _, w := range [...]string{"password", "values"} {
		if hasWord(b, i, w) {
			i = blanksIn(b, i+len(w))
		}
	}
	return i
}

// passwordOf returns where the value of the PASSWORD that the rest of a statement sets begins; -1 if there is none.
func passwordOf(b []byte, i int) int {
	const word = "password"
	for j := i; ; j += len(word) {
		j = indexFold(b, j, len(b), word)
		if j < 0 {
			if hasWord(b, blanksIn(b, i), "for") { // SET PASSWORD FOR x = 'v'
				for k := i; k < len(b) && b[k] != ';'; k++ {
					if b[k] == '=' {
						return blanksIn(b, k+1)
					}
				}
			}
			return -1
		}
		if !startsWord(b, i, j) || !hasWord(b, j, word) {
			continue
		}
		k := blanksIn(b, j+len(word))
		if k < len(b) && (b[k] == '=' || b[k] == '(') {
			k = blanksIn(b, k+1)
		}
		return k
	}
}
