package generic

import "bytes"

// belowReach is how far from its name a value on the next line is read.
const belowReach = 640

// below finds a value in quotes on the line below its name, where those who write code, or what formats it, break a long one:
//
//	const apiToken =              secret = env('API_SECRET',          PASSWORD = (
//	  'v';                                     'v')                       "v"
//
// The anchor is the end of the name and all that stands behind it, the end of the line included.
func below(out []Candidate, t *Text, lo, hi int) []Candidate {
	b := t.B[:t.Hi]
	end := nameEnd(b, lo)
	name := Span{nameStart(b, t.Lo, lo), end}
	g := groupOf(name.of(b))
	if g == ID || g == Salt || name.Len() > maxName || end > hi {
		return out
	}
	if between := b[end:hi]; bytes.IndexByte(between, ',') >= 0 && !firstArgument(b, t.Lo, name.Lo) {
		return out
	}
	a := assignment{b: b[:min(len(b), hi+belowReach/2)], lo: hi}
	i := a.blanks(hi)
	if quoteOf(a.byteAt(i)) == Bare && isStringPrefix(a.byteAt(i)) {
		i++
	}
	q := a.byteAt(i)
	line := bytes.IndexByte(a.b[min(i, len(a.b)):], '\n')
	if quoteOf(q) == Bare || line < 0 && len(a.b) < len(b) {
		return out
	}
	if line >= 0 {
		a.b = a.b[:i+line]
	}
	if !a.quotedValue(i) || a.value.Len() < minValue || a.quote == Bare {
		return out
	}
	a.name, a.quoted = name, true
	switch a.byteAt(a.value.Hi + 1) {
	case '\n', '\r', ',', ';', ')', '}':
	default: // a part of something longer
		return out
	}
	v := a.value.of(b)
	if plainly(v) || stock(v, nil) || control(v) || none(v) || isPublicName(name.of(b), v) {
		return out
	}
	return append(out, Candidate{
		Group: g, Op: OpAssign, Quote: a.quote, Name: name, Value: a.value, Start: name.Lo, End: a.value.Hi + 1, Apart: true,
	})
}

// firstArgument reports whether the name in quotes that begins at b[i] is the first argument of a call: env('NAME'. In lists of names the next
// line has another name.
func firstArgument(b []byte, lo, i int) bool {
	if i-1 <= lo || quoteOf(b[i-1]) == Bare {
		return false
	}
	for i--; i > lo && isBlank(b[i-1]); i-- {
	}
	return i-1 > lo && b[i-1] == '(' && isNameByte(b[i-2])
}
