package generic

import "bytes"

// The members of an entry that say what its value is, and those that hold the value, in lower case. In XML they are the
// names of elements.
var (
	entryNames  = [...]string{"name", "key", "parameterkey", "parametername", "optionname", "setting", "entry", "property"}
	entryValues = [...]string{"value", "string", "parametervalue", "stringvalue", "data", "property-value"}
)

// entryQuick reports whether the anchor may begin the value of an entry: it stands first on its line, after blanks and what
// opens a member, or after an element that ended.
func entryQuick(b []byte, lo, _ int) bool {
	i := memberStart(b, 0, lo)
	if i == 0 { // as on any other line; that there is none before, the detector asks
		return true
	}
	switch b[i-1] {
	case '\n':
		return true
	case '>':
		return bytes.IndexByte(b[i:lo], '<') >= 0
	}
	return false
}

// memberStart goes back from b[i] over the letters of the member and what opens one: quotes, <, {, a dash and blanks.
func memberStart(b []byte, lo, i int) int {
	const most = 80
	for end := max(lo, i-most); i > end; i-- {
		if c := b[i-1]; !isLetter(c) && c != '-' && !opensMember(c) {
			break
		}
	}
	return i
}

func opensMember(c byte) bool {
	return isBlank(c) || c == '"' || c == '\'' || c == '<' || c == '{' || c == '-' || c == ','
}

// entries finds the value of an entry whose name stands in another member, on the line before or in the element before on the
// same line:
//
//   - name: DB_PASSWORD          "name": "DB_PASSWORD",      <key>db_password</key>
//     value: v                   "value": "v"                <string>v</string>
//
// as Kubernetes, task definitions, Terraform, property lists and many XML files write them. The anchor is the member
// that holds the value.
func entries(out []Candidate, t *Text, lo, hi int) []Candidate {
	b := t.B[:t.Hi]
	start := lo
	for start > t.Lo && (isLetter(b[start-1]) || b[start-1] == '-' && start-1 > t.Lo && isLetter(b[start-2])) {
		start--
	}
	a := assignment{b: b, lo: t.Lo}
	a.name = Span{start, nameEnd(b, lo)}
	if !isOneOf(a.name.of(b), entryValues[:]...) || !a.operator(a.name.Hi) || a.op == OpSpace || !a.place() || !a.readValue() {
		return out
	}
	name := entryName(t, start)
	if name.Len() == 0 || name.Len() > maxName || control(a.value.of(b)) || shortTicket(name.of(t.B), a.value.of(b)) {
		return out
	}
	g := groupOf(name.of(t.B))
	if g == ID {
		return out
	}
	return append(out, Candidate{
		Group: g, Op: a.op, Quote: a.quote, Wrapped: a.wrapped, Name: name, Value: a.value, Start: start, End: a.value.Hi,
	})
}

// entryName returns the name of the entry whose value's member begins at start; empty if there is none.
func entryName(t *Text, start int) Span {
	open := memberStart(t.B, t.Lo, start)
	if open > t.Lo {
		if t.B[open-1] != '>' {
			return Span{}
		}
		return entryNameIn(t.B[:open], max(t.Lo, open-Context), open)
	}
	prev := t.before()
	end := t.Lo - 1
	return entryNameIn(t.B[:max(end, 0)], end-len(prev), end)
}

// entryNameIn reads the member that says what an entry is called in b[lo:hi]: the first of the line, or the last element of it.
func entryNameIn(b []byte, lo, hi int) Span {
	if lo >= hi {
		return Span{}
	}
	i := lo
	if end := bytes.TrimRight(b[lo:hi], " \t\r"); len(end) > 0 && end[len(end)-1] == '>' {
		return nameElement(b, lo, lo+len(end))
	}
	for i < hi && opensMember(b[i]) {
		i++
	}
	a := assignment{b: b, lo: lo}
	a.name = Span{i, nameEnd(b, i)}
	if !isOneOf(a.name.of(b), entryNames[:]...) || !a.operator(a.name.Hi) || a.op != OpColon && a.op != OpAssign || !a.readValue() {
		return Span{}
	}
	return a.value
}

// nameElement reads the name in the element that ends b[lo:hi]: <key>v</key>, or <setting name="v">.
func nameElement(b []byte, lo, hi int) Span {
	open := lo + bytes.LastIndexByte(b[lo:hi], '<')
	if open < lo {
		return Span{}
	}
	if open+1 < hi && b[open+1] == '/' {
		v := Span{lo + bytes.LastIndexByte(b[lo:open], '>') + 1, open}
		tag := lo + bytes.LastIndexByte(b[lo:v.Lo], '<') + 1
		if tag <= lo || v.Lo <= tag || !isOneOf(b[tag:nameEnd(b[:hi], tag)], entryNames[:]...) {
			return Span{}
		}
		return trimSpan(b, v)
	}
	if !isOneOf(b[open+1:nameEnd(b[:hi], open+1)], entryNames[:]...) {
		return Span{}
	}
	for _, attribute := range [...]string{" name=", " key="} {
		i := indexFold(b, open, hi, attribute)
		if i < 0 {
			continue
		}
		a := assignment{b: b[:hi]}
		if a.quotedValue(i + len(attribute)) {
			return a.value
		}
	}
	return Span{}
}
