package report

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"text/template"
)

// templateFuncs are the functions of all templates besides those of text/template that compare, count and index (and, or,
// not, eq, ne, lt, le, gt, ge, len, index, slice). They are functions of their arguments alone: none reads a file, a variable,
// the clock or the network, or is random. Those of text/template that make text are replaced, because in a loop they could
// make texts of any size. Where the library sprig has a function, which templates for gitleaks are made with, it has its name
// here and its order of arguments, in which a pipe fits.
func templateFuncs() template.FuncMap {
	return template.FuncMap{
		"print":    func(a ...any) (string, error) { return bounded(fmt.Sprint(a...)) },
		"println":  func(a ...any) (string, error) { return bounded(fmt.Sprintln(a...)) },
		"printf":   func(format string, a ...any) (string, error) { return bounded(fmt.Sprintf(format, a...)) },
		"html":     func(s string) (string, error) { return bounded(template.HTMLEscapeString(s)) },
		"js":       func(s string) (string, error) { return bounded(template.JSEscapeString(s)) },
		"urlquery": func(s string) (string, error) { return bounded(template.URLQueryEscaper(s)) },
		"call":     func() (string, error) { return "", errors.New("call is not available") },

		"csv":          func(s string) string { return `"` + strings.ReplaceAll(noFormula(s), `"`, `""`) + `"` },
		"json":         templateJSON,
		"markdown":     func(s string) (string, error) { return bounded(escapeMarkdown(s)) },
		"xml":          templateXML,
		"toJson":       func(v any) (string, error) { return boundedBytes(json.Marshal(v)) },
		"toPrettyJson": func(v any) (string, error) { return boundedBytes(json.MarshalIndent(v, "", "  ")) },
		"quote":        func(v any) (string, error) { return bounded(strconv.Quote(fmt.Sprint(v))) },
		"squote":       func(v any) (string, error) { return bounded("'" + fmt.Sprint(v) + "'") },
		"toString":     func(v any) (string, error) { return bounded(fmt.Sprint(v)) },

		"contains":   func(sub, s string) bool { return strings.Contains(s, sub) },
		"hasPrefix":  func(prefix, s string) bool { return strings.HasPrefix(s, prefix) },
		"hasSuffix":  func(suffix, s string) bool { return strings.HasSuffix(s, suffix) },
		"indent":     templateIndent,
		"join":       func(separator string, list []string) (string, error) { return bounded(strings.Join(list, separator)) },
		"lower":      strings.ToLower,
		"nindent":    func(n int, s string) (string, error) { out, err := templateIndent(n, s); return "\n" + out, err },
		"repeat":     templateRepeat,
		"replace":    templateReplace,
		"splitList":  func(separator, s string) []string { return strings.Split(s, separator) },
		"trim":       strings.TrimSpace,
		"trimAll":    func(cut, s string) string { return strings.Trim(s, cut) },
		"trimPrefix": func(prefix, s string) string { return strings.TrimPrefix(s, prefix) },
		"trimSuffix": func(suffix, s string) string { return strings.TrimSuffix(s, suffix) },
		"trunc":      templateTrunc,
		"upper":      strings.ToUpper,

		"add":     func(a, b int) int { return a + b },
		"add1":    func(a int) int { return a + 1 },
		"sub":     func(a, b int) int { return a - b },
		"default": templateDefault,
		"empty":   isEmptyValue,
		"list":    func(v ...any) []any { return v },
		"ternary": func(yes, no any, which bool) any {
			if which {
				return yes
			}
			return no
		},
	}
}

func errTooLong() error {
	return fmt.Errorf("a text would be longer than %s", size(maxTemplateText))
}

func bounded(s string) (string, error) {
	if len(s) > maxTemplateText {
		return "", errTooLong()
	}
	return s, nil
}

// boundedBytes is bounded for what may have failed.
func boundedBytes(b []byte, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return bounded(string(b))
}

func templateJSON(v any) (string, error) { return boundedBytes(marshal(v, "", "", false)) }

func templateXML(s string) (string, error) {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		return "", err
	}
	return bounded(b.String())
}

func templateReplace(old, by, s string) (string, error) {
	if len(s)+strings.Count(s, old)*(len(by)-len(old)) > maxTemplateText {
		return "", errTooLong()
	}
	return strings.ReplaceAll(s, old, by), nil
}

func templateRepeat(n int, s string) (string, error) {
	if n < 0 || len(s) > 0 && n > maxTemplateText/len(s) {
		return "", errTooLong()
	}
	return strings.Repeat(s, n), nil
}

// templateTrunc returns the first n bytes, or the last -n.
func templateTrunc(n int, s string) string {
	switch {
	case n >= 0 && n < len(s):
		return s[:n]
	case n < 0 && -n < len(s):
		return s[len(s)+n:]
	}
	return s
}

func templateIndent(n int, s string) (string, error) {
	pad, err := templateRepeat(n, " ")
	if err != nil {
		return "", err
	}
	out, err := templateReplace("\n", "\n"+pad, s)
	return pad + out, err
}

func templateDefault(other, v any) any {
	if isEmptyValue(v) {
		return other
	}
	return v
}

func isEmptyValue(v any) bool {
	r := reflect.ValueOf(v)
	if !r.IsValid() {
		return true
	}
	switch r.Kind() {
	case reflect.Slice, reflect.Map, reflect.String, reflect.Array:
		return r.Len() == 0
	}
	return r.IsZero()
}
