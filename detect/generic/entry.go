package generic

import "bytes"

// The members of an entry that say what its value is, and those that hold the value, in lower case. In XML they are the
// names of elements.
var (
	entryNames  = [...]string{"name", "key", "parameterkey", "parametername", "optionname", "setting", "entry", "property", "param-name", "env-entry-name"}
	entryValues = [...]string{"value", "string", "parametervalue", "stringvalue", "data", "property-value", "param-value", "env-entry-value"}
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
	if end := bytes.TrimRight(b[lo:hi], " \t\r"); len(end) > 0 {
		switch end[len(end)-1] {
		case '>':
			return nameElement(b, lo, lo+len(end))
		case '{':
			return nameOfBlock(b, lo, lo+len(end)-1)
		}
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

// nameOfBlock reads the key of the block that opens behind b[lo:hi]: "db_password": {, in the outputs of Terraform's state.
func nameOfBlock(b []byte, lo, hi int) Span {
	line := trimSpan(b, Span{lo, hi})
	for line.Len() > 0 && (b[line.Hi-1] == ':' || b[line.Hi-1] == '=' || isBlank(b[line.Hi-1])) {
		line.Hi--
	}
	if line.Len() > 2 && quoteOf(b[line.Lo]) != Bare && b[line.Hi-1] == b[line.Lo] {
		line = Span{line.Lo + 1, line.Hi - 1}
	}
	if nameEnd(b, line.Lo) != line.Hi {
		return Span{}
	}
	return line
}

// variableReach is how far from its head the default of a variable of Terraform is looked for.
const variableReach = 1 << 10

// variables finds the default of a variable whose name says that it is a secret, on the lines below its head:
//
//	variable "db_password" {
//	  type    = string
//	  default = "v"
//	}
func variables(out []Candidate, t *Text, lo, hi int) []Candidate {
	b := t.B[:t.Hi]
	line := assignment{b: b, lo: t.Lo}
	if b[hi-1] != '"' || line.byteBefore(lo) != '\n' || !line.quotedValue(hi-1) {
		return out
	}
	name := line.value
	head := bytes.IndexByte(b[name.Hi:], '\n')
	g := groupOf(name.of(b))
	if head < 0 || g == ID || g == Salt || name.Len() > maxName || !bytes.HasSuffix(bytes.TrimRight(b[name.Hi:name.Hi+head], " \t\r"), []byte("{")) {
		return out
	}
	for i := name.Hi + head + 1; i < len(b) && b[i] != '}'; {
		end := i + max(0, bytes.IndexByte(b[i:], '\n'))
		if end == i && b[i] != '\n' { // the last line, or not all of it
			break
		}
		a := assignment{b: b[:end], lo: i}
		a.name.Lo = blanksIn(b, i)
		a.name.Hi = nameEnd(a.b, a.name.Lo)
		if string(a.name.of(b)) == "variable" { // the next one: what is below it is its own
			break
		}
		if string(a.name.of(b)) == "default" && a.operator(a.name.Hi) && a.op == OpAssign && a.quotedValue(a.at) && a.value.Len() >= minValue {
			if v := a.value.of(b); !plainly(v) && !stock(v, nil) && !control(v) {
				out = append(out, Candidate{
					Group: g, Op: OpAssign, Quote: a.quote, Name: name, Value: a.value, Start: a.name.Lo, End: a.value.Hi + 1, Apart: true,
				})
			}
		}
		i = end + 1
	}
	return out
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
