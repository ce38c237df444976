package rules

import (
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// Limits that no real rule file comes near (600 rules with samples take half a
// megabyte), and that keep a hostile one from costing more than a second.
const (
	maxFileSize = 1 << 20
	maxElements = 5000 // of a list: rules, keywords, allowlists
	maxErrors   = 200  // after which no more are looked for
)

// file is one rule file while it is read: where errors go, and where keys stand.
type file struct {
	name  string
	index lineIndex
	errs  *Errors
	// passOver, if not nil, is told of keys that nobody knows: a file that was written for gitleaks may have some.
	passOver func(warning string)
}

// decode parses TOML into the table at the root of the file. It returns nil, with
// the reason among the errors, if the text is no TOML.
func (f *file) decode(data []byte) *table {
	if len(data) > maxFileSize {
		f.errorAt(0, "", "", "larger than %d MiB; split it and join the parts with [extend] path", maxFileSize>>20)
		return nil
	}
	if !utf8.Valid(data) {
		f.errorAt(0, "", "", "not UTF-8; save the file as UTF-8")
		return nil
	}
	index, scanned, bad := indexLines(string(data))
	if bad != nil {
		bad.Pos.File = f.name
		*f.errs = append(*f.errs, bad)
		return nil
	}
	f.index = index
	values, err := decodeTOML(string(data[:scanned]))
	if err == nil && scanned < len(data) {
		err = &toml.ParseError{Message: "not TOML", Position: toml.Position{Line: 1 + strings.Count(string(data[:scanned]), "\n")}}
	}
	if err != nil {
		f.syntaxError(err)
		return nil
	}
	return newTable(f, "", "", values)
}

// decodeTOML decodes a text. The decoder panics where it finds itself in a state
// it holds impossible; a rule file must not bring down the program that reads it.
func decodeTOML(text string) (values map[string]any, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the TOML decoder cannot read this file")
		}
	}()
	_, err = toml.Decode(text, &values)
	return values, err
}

// syntaxError reports what the decoder says. The decoder can also show the line
// (ErrorWithPosition); that is not used, because the line may hold a secret.
func (f *file) syntaxError(err error) {
	var pe toml.ParseError
	var pp *toml.ParseError
	switch {
	case errors.As(err, &pe):
	case errors.As(err, &pp):
		pe = *pp
	default:
		f.errorAt(0, "", "", "%s", withoutLongQuotes(err.Error()))
		return
	}
	msg, line := withoutLongQuotes(pe.Message), pe.Position.Line
	if strings.Contains(pe.Message, `but got '\n' instead`) && line > 1 {
		line-- // the decoder has read the line end already, and what lacks stands before it
	}
	if pe.Position.Col > 0 {
		msg = fmt.Sprintf("column %d: %s", pe.Position.Col, msg)
	}
	f.errorAt(line, "", shortKey(pe.LastKey), "%s; expected TOML such as [[rules]] and id = \"acme-token\"", msg)
}

// withoutLongQuotes replaces what a message quotes at length.
func withoutLongQuotes(msg string) string {
	for _, q := range []string{`"`, `'`} {
		parts := strings.Split(msg, q)
		for i := 1; i < len(parts); i += 2 {
			if len(parts[i]) > maxQuoted {
				parts[i] = "…"
			}
		}
		msg = strings.Join(parts, q)
	}
	return strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, msg), "?")
}

// tooMany reports whether there are so many errors that looking for more is of no use.
func (f *file) tooMany() bool { return len(*f.errs) >= maxErrors }

func (f *file) errorAt(line int, rule, key, format string, args ...any) {
	*f.errs = append(*f.errs, &Error{
		Pos:  Position{File: f.name, Line: line},
		Rule: rule,
		Key:  key,
		Msg:  fmt.Sprintf(format, args...),
	})
}

// table reads the keys of a TOML table one by one, converts their values, and
// knows in the end which keys nobody asked for. Keys are compared without case
// and scalars are converted between types as the gitleaks loader does it.
type table struct {
	file   *file
	path   string // in the index, e.g. "rules.2.allowlists.0"
	show   string // as shown in errors; within the rule if its id is known, e.g. "allowlists[0]"
	rule   string // id of the rule the table belongs to, once it is known
	values map[string]any
	asked  map[string]string // keys asked for, as documented, by their lower case
}

func newTable(f *file, path, show string, values map[string]any) *table {
	t := &table{file: f, path: path, show: show, values: make(map[string]any, len(values)), asked: map[string]string{}}
	for k, v := range values {
		low := strings.ToLower(k)
		if _, twice := t.values[low]; twice {
			t.errorf(low, "given twice in different case; keep one")
		}
		t.values[low] = v
	}
	return t
}

// errorf reports an error of a key; the empty key stands for the table itself.
func (t *table) errorf(key, format string, args ...any) {
	path, show := t.path, t.show
	if key != "" {
		path = join(path, strings.ToLower(key))
		if show != "" {
			show += "."
		}
		show += key
	}
	t.file.errorAt(t.file.index.line(path), t.rule, show, format, args...)
}

// elementError reports an error of an element of a list.
func (t *table) elementError(key string, i int, format string, args ...any) {
	show := t.show
	if show != "" {
		show += "."
	}
	line := t.file.index.line(join(join(t.path, strings.ToLower(key)), strconv.Itoa(i)))
	t.file.errorAt(line, t.rule, fmt.Sprintf("%s%s[%d]", show, key, i), format, args...)
}

// line is the line of a key of the table.
func (t *table) line(key string) int {
	return t.file.index.line(join(t.path, strings.ToLower(key)))
}

func (t *table) has(key string) bool {
	_, ok := t.values[strings.ToLower(key)]
	return ok
}

func (t *table) get(key string) (any, bool) {
	low := strings.ToLower(key)
	t.asked[low] = key
	v, ok := t.values[low]
	return v, ok
}

// text reads a string.
func (t *table) text(key, example string) string {
	v, ok := t.get(key)
	if !ok {
		return ""
	}
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	}
	t.errorf(key, "expected a text, e.g. %s = %s; got %s", key, example, kindOf(v))
	return ""
}

// number reads an integer or a float.
func (t *table) number(key, example string) float64 {
	v, ok := t.get(key)
	if !ok {
		return 0
	}
	switch v := v.(type) {
	case float64:
		return v
	case int64:
		return float64(v)
	case string:
		if n, err := strconv.ParseFloat(v, 64); err == nil {
			return n
		}
	}
	t.errorf(key, "expected a number, e.g. %s = %s; got %s", key, example, kindOf(v))
	return 0
}

// count reads an integer from 0 to max.
func (t *table) count(key, example string, max int) int {
	v, ok := t.get(key)
	if !ok {
		return 0
	}
	n, isInt := v.(int64)
	if s, isText := v.(string); isText {
		var err error
		n, err = strconv.ParseInt(s, 10, 64)
		isInt = err == nil
	}
	if !isInt {
		t.errorf(key, "expected a whole number, e.g. %s = %s; got %s", key, example, kindOf(v))
		return 0
	}
	if n < 0 || n > int64(max) {
		t.errorf(key, "expected a number from 0 to %d, e.g. %s = %s; got %d", max, key, example, n)
		return 0
	}
	return int(n)
}

// flag reads a boolean.
func (t *table) flag(key string) bool {
	v, ok := t.get(key)
	if !ok {
		return false
	}
	switch v := v.(type) {
	case bool:
		return v
	case string:
		if b, err := strconv.ParseBool(v); err == nil {
			return b
		}
	}
	t.errorf(key, "expected true or false, e.g. %s = true; got %s", key, kindOf(v))
	return false
}

// texts reads a list of strings. A single string counts as a list of one, unless
// it has a comma: gitleaks would cut it there, which is hardly what its author wants.
func (t *table) texts(key, example string) []string {
	v, ok := t.get(key)
	if !ok {
		return nil
	}
	if s, isText := v.(string); isText && !strings.Contains(s, ",") {
		return []string{s}
	}
	list, isList := v.([]any)
	if !isList {
		t.errorf(key, "expected a list of texts, e.g. %s = [%s]; got %s", key, example, kindOf(v))
		return nil
	}
	if len(list) > maxElements {
		t.errorf(key, "more than %d texts; remove some", maxElements)
		return nil
	}
	out := make([]string, 0, len(list))
	for i, v := range list {
		s, isText := v.(string)
		if !isText {
			t.elementError(key, i, "expected a text, e.g. %s; got %s", example, kindOf(v))
			continue
		}
		out = append(out, s)
	}
	return out
}

// table reads a table; nil if there is none.
func (t *table) table(key, example string) *table {
	v, ok := t.get(key)
	if !ok {
		return nil
	}
	m, isTable := v.(map[string]any)
	if !isTable {
		t.errorf(key, "expected a table, e.g. %s; got %s", example, kindOf(v))
		return nil
	}
	return t.child(key, -1, m)
}

// tables reads an array of tables. A single table counts as an array of one.
func (t *table) tables(key, example string) []*table {
	v, ok := t.get(key)
	if !ok {
		return nil
	}
	switch v := v.(type) {
	case map[string]any:
		return []*table{t.child(key, -1, v)}
	case []map[string]any:
		if len(v) > maxElements {
			t.errorf(key, "more than %d tables; remove some", maxElements)
			return nil
		}
		out := make([]*table, len(v))
		for i, m := range v {
			out[i] = t.child(key, i, m)
		}
		return out
	case []any:
		if len(v) > maxElements {
			t.errorf(key, "more than %d tables; remove some", maxElements)
			return nil
		}
		var out []*table
		for i, e := range v {
			m, isTable := e.(map[string]any)
			if !isTable {
				t.elementError(key, i, "expected a table, e.g. %s; got %s", example, kindOf(e))
				continue
			}
			out = append(out, t.child(key, i, m))
		}
		return out
	}
	t.errorf(key, "expected tables, e.g. %s; got %s", example, kindOf(v))
	return nil
}

// child makes a table of a value of this one; i is -1 if it is not in an array.
func (t *table) child(key string, i int, values map[string]any) *table {
	path, show := join(t.path, strings.ToLower(key)), key
	if i >= 0 {
		path = join(path, strconv.Itoa(i))
		show = fmt.Sprintf("%s[%d]", key, i)
	}
	if t.show != "" {
		show = t.show + "." + show
	}
	c := newTable(t.file, path, show, values)
	c.rule = t.rule
	return c
}

// refuseUnknown reports the keys that nobody asked for. Keys of betterleaks are
// answered with what to write instead.
func (t *table) refuseUnknown(where string) {
	known := make([]string, 0, len(t.asked))
	for _, k := range t.asked {
		known = append(known, k)
	}
	sort.Strings(known)
	var unknown []string
	for k := range t.values {
		if t.asked[k] == "" {
			unknown = append(unknown, k)
		}
	}
	sort.Strings(unknown)
	for _, k := range unknown {
		if t.file.tooMany() {
			return
		}
		switch advice, foreign := betterleaksKeys[k]; {
		case foreign:
			t.errorf(k, "a betterleaks key that straykey does not evaluate; %s", advice)
		case t.file.passOver != nil:
			t.file.passOver(fmt.Sprintf("%s:%d: unknown key %s %s is passed over, as in gitleaks%s", t.file.name, t.line(k), shortKey(k), where, suggestion(k, known)))
		default:
			t.errorf(shortKey(k), "unknown key %s%s; expected one of: %s", where, suggestion(k, known), strings.Join(known, ", "))
		}
	}
}

// betterleaksKeys are the keys betterleaks 1 and 2 add to the gitleaks format, in
// lower case, and what a straykey rule says instead. Ignoring them would change what a file means.
var betterleaksKeys = map[string]string{
	"prefilter":             "write the paths and commits to skip as [[allowlists]] paths = ['''^vendor/'''] or commits = [\"…\"], or have straykey migrate do so",
	"filter":                "write it as entropy = 3.5, or as [[rules.allowlists]] with stopwords, regexes or paths, or have straykey migrate do so",
	"validate":              "remove it; straykey never runs expressions from a rule file",
	"analyze":               "remove it; straykey never runs expressions from a rule file",
	"tokenefficiency":       "remove it, or write entropy = 3.5",
	"specificity":           "write weak = true in the rule that should yield to others",
	"components":            "write [[rules.required]] with id = \"other-rule\" and withinLines = 5",
	"betterleaksminversion": "remove it; minVersion is the gitleaks version the file was written for",
	"resources":             "write paths = ['''^docs/''']",
}

// kindOf names the TOML type of a value for people.
func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "a text"
	case int64:
		return "a whole number"
	case float64:
		return "a number"
	case bool:
		return "true or false"
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	case []map[string]any:
		return "an array of tables"
	}
	return "a date or time"
}

// shortKey is a key as an error shows it.
func shortKey(k string) string {
	if len(k) > maxQuoted || strings.ContainsFunc(k, func(r rune) bool { return r < '!' || r == 0x7f }) {
		return quote(k)
	}
	return k
}
