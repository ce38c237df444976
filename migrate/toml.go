package migrate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/straykey/straykey/rules"
)

// table is a table of a TOML file, its keys in lower case, for these tools take them in any.
type table struct {
	file   *tomlFile
	path   string // as in the lines of the file
	values map[string]any
}

// tomlFile is a TOML file with what its comments say.
type tomlFile struct {
	name  string
	lines map[string]int
	// own are the comments that have a line to themselves, and beside those behind something, by line, without the sign.
	own, beside map[int]string
	source      []string // its lines
}

// opens returns 1 if a text that begins on a line has its first character on the next.
func (f *tomlFile) opens(line int) int {
	if line < 1 || line > len(f.source) {
		return 0
	}
	text := strings.TrimRight(f.source[line-1], " \t\r")
	for _, quotes := range []string{"'''", `"""`} {
		if strings.HasSuffix(text, quotes) && strings.Count(text, quotes) == 1 {
			return 1
		}
	}
	return 0
}

// readTOML decodes a file.
func readTOML(name string, data []byte) (*table, error) {
	values, lines, err := rules.ReadTOML(name, data)
	if err != nil {
		return nil, err
	}
	f := &tomlFile{name: name, lines: lines, source: strings.Split(string(data), "\n")}
	f.own, f.beside = tomlComments(string(data))
	return f.table("", values), nil
}

func (f *tomlFile) table(path string, values map[string]any) *table {
	t := &table{file: f, path: path, values: map[string]any{}}
	for k, v := range values {
		t.values[strings.ToLower(k)] = v
	}
	return t
}

// at returns where a key, or an element of its list (i >= 0), stands; the empty key is the table itself.
func (t *table) at(key string, i int) rules.Position {
	path := t.path
	for _, part := range []string{key, element(i)} {
		if part != "" {
			path = strings.TrimPrefix(path+"."+part, ".")
		}
	}
	for path != "" {
		if n, ok := t.file.lines[path]; ok {
			return rules.Position{File: t.file.name, Line: n}
		}
		path = path[:max(strings.LastIndexByte(path, '.'), 0)]
	}
	return rules.Position{File: t.file.name, Line: 1}
}

func element(i int) string {
	if i < 0 {
		return ""
	}
	return strconv.Itoa(i)
}

// text returns the value of a key as text; empty if there is none or it is of another type.
func (t *table) text(key string) string {
	s, _ := t.values[key].(string)
	return s
}

// texts returns a list of texts. A single one is a list of one.
func (t *table) texts(key string) []string {
	switch v := t.values[key].(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, e := range v {
			if s, ok := e.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// tables returns the tables of a key, one or an array of them.
func (t *table) tables(key string) []*table {
	path := strings.TrimPrefix(t.path+"."+key, ".")
	switch v := t.values[key].(type) {
	case map[string]any:
		return []*table{t.file.table(path, v)}
	case []map[string]any:
		var out []*table
		for i, m := range v {
			out = append(out, t.file.table(path+"."+strconv.Itoa(i), m))
		}
		return out
	case []any:
		var out []*table
		for i, e := range v {
			if m, ok := e.(map[string]any); ok {
				out = append(out, t.file.table(path+"."+strconv.Itoa(i), m))
			}
		}
		return out
	}
	return nil
}

// keys returns the keys, sorted.
func (t *table) keys() []string {
	var out []string
	for k := range t.values {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// above returns the comments directly above a line.
func (f *tomlFile) above(line int) []string {
	var out []string
	for n := line - 1; n > 0; n-- {
		c, ok := f.own[n]
		if !ok {
			break
		}
		out = append(out, c)
	}
	slices.Reverse(out)
	return out
}

// tomlComments finds the comments of a text that was decoded without an error.
func tomlComments(src string) (own, beside map[int]string) {
	own, beside = map[int]string{}, map[int]string{}
	line, alone := 1, true
	for i := 0; i < len(src); {
		switch c := src[i]; c {
		case '\n':
			line, alone = line+1, true
			i++
		case '#':
			text, _, _ := strings.Cut(src[i+1:], "\n")
			i += 1 + len(text)
			text = strings.TrimRight(text, "\r \t")
			if alone {
				own[line] = text
			} else {
				beside[line] = text
			}
		case '"', '\'':
			n := quotedLen(src[i:])
			line += strings.Count(src[i:i+n], "\n")
			alone = false
			i += n
		default:
			if c != ' ' && c != '\t' && c != '\r' {
				alone = false
			}
			i++
		}
	}
	return own, beside
}

// quotedLen returns how long the string is that a text begins with, quotes included.
func quotedLen(s string) int {
	q := s[:1]
	end := q
	if long := strings.Repeat(q, 3); strings.HasPrefix(s, long) {
		end = long
	}
	for i := len(end); i < len(s); i++ {
		switch {
		case s[i] == '\\' && q == `"`:
			i++
		case strings.HasPrefix(s[i:], end):
			i += len(end)
			for n := 0; len(end) == 3 && n < 2 && strings.HasPrefix(s[i:], q); n++ { // up to two more belong to the text
				i++
			}
			return i
		}
	}
	return len(s)
}

// block is a table of the configuration that is written.
type block struct {
	header   string // "[[rules]]"
	comments []string
	keys     []key
	inner    []block

	what string // in the report
	tool Tool
	at   rules.Position // what it was made of
}

// key is a key with its value.
type key struct {
	name  string
	value any // string, []item, bool, int, float64
	at    rules.Position
}

// item is an element of a list.
type item struct {
	text    string
	above   []string
	comment string
	at      rules.Position
}

// items returns the elements of a list with their comments.
func (t *table) items(key string, drop func(i int, text string) bool) []item {
	var out []item
	one := t.at(key, -1).Line
	for i, s := range t.texts(key) {
		if drop != nil && drop(i, s) {
			continue
		}
		at := t.at(key, i)
		it := item{text: s, at: at}
		if at.Line != one { // else comments are of the key
			it.above, it.comment = t.file.above(at.Line), t.file.beside[at.Line+strings.Count(s, "\n")]
		}
		out = append(out, it)
	}
	return out
}

// writer writes blocks and remembers what stands on which line.
type writer struct {
	b    strings.Builder
	line int
	// at says what stands on a line was made of.
	at map[int]rules.Position
	// of says which block a line is of, by the number that the caller gave.
	of  map[int]int
	now int
}

func newWriter() *writer {
	return &writer{line: 1, at: map[int]rules.Position{}, of: map[int]int{}, now: -1}
}

// put writes a line, or several.
func (w *writer) put(at rules.Position, text string) {
	for range 1 + strings.Count(text, "\n") {
		w.at[w.line], w.of[w.line] = at, w.now
		w.line++
	}
	w.b.WriteString(text + "\n")
}

func (w *writer) comments(at rules.Position, indent string, list []string) {
	for _, c := range list {
		w.put(at, indent+"#"+printable(c))
	}
}

func (w *writer) block(b *block) {
	w.put(b.at, "")
	w.comments(b.at, "", b.comments)
	w.put(b.at, b.header)
	for _, k := range b.keys {
		w.key(k)
	}
	for i := range b.inner {
		w.block(&b.inner[i])
	}
}

func (w *writer) key(k key) {
	switch v := k.value.(type) {
	case string:
		w.put(k.at, k.name+" = "+tomlText(v))
	case []item:
		if len(v) == 1 && len(v[0].above) == 0 && v[0].comment == "" {
			w.put(v[0].at, k.name+" = ["+tomlText(v[0].text)+"]")
			return
		}
		w.put(k.at, k.name+" = [")
		for _, it := range v {
			w.comments(it.at, "  ", it.above)
			text := "  " + tomlText(it.text) + ","
			if it.comment != "" {
				text += " #" + printable(it.comment)
			}
			w.put(it.at, text)
		}
		w.put(k.at, "]")
	default:
		w.put(k.at, fmt.Sprintf("%s = %v", k.name, v))
	}
}

// printable makes a text from elsewhere fit for a comment.
func printable(s string) string {
	return strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f {
			return '?'
		}
		return r
	}, s), "?")
}

// tomlText writes a text: as it is, between three apostrophes, where that is possible, for it usually is an expression.
func tomlText(s string) string {
	plain := strings.IndexFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) < 0
	switch {
	case isWord(s):
		return `"` + s + `"`
	case plain && !strings.Contains(s, "'''") && !strings.HasSuffix(s, "'"):
		return "'''" + s + "'''"
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}

// isWord reports whether a text needs no escapes.
func isWord(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(" ._-/:@", r))
	}) < 0
}
