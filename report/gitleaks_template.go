package report

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"text/template"
)

// fingerprintTemplate writes what a .gitleaksignore of all findings would hold.
const fingerprintTemplate = "{{range .}}{{.Fingerprint}}\n{{end}}"

// CheckTemplate returns an error unless text is a template for the format gitleaks-template.
func CheckTemplate(text string) error {
	_, err := parseTemplate(text)
	return err
}

func parseTemplate(text string) (*template.Template, error) {
	return template.New("template").Funcs(templateFuncs()).Funcs(gitleaksTemplateFuncs()).Parse(text)
}

// writeGitleaksTemplate executes Options.GitleaksTemplate, a text/template, on the list of findings: each has the fields of the
// JSON report, and Line.
func writeGitleaksTemplate(b *bufio.Writer, r *Report, o Options) error {
	t, err := parseTemplate(cmp.Or(o.GitleaksTemplate, fingerprintTemplate))
	if err != nil {
		return err
	}
	findings := []gitleaksFinding{}
	for g := range gitleaksFindings(r, o) {
		g = g.visible()
		findings = append(findings, g)
	}
	return t.Execute(&limitedWriter{b, maxTemplateOutput}, findings)
}

// gitleaksTemplateFuncs are those of the library sprig that templates for gitleaks commonly use, by its names and with its
// order of arguments, where templateFuncs has not the same already. None reads a file, a variable, the clock or the network,
// or is random, and none makes texts of any size.
func gitleaksTemplateFuncs() template.FuncMap {
	return template.FuncMap{
		"trimAll":    func(cut, s string) string { return strings.Trim(s, cut) },
		"trimPrefix": func(p, s string) string { return strings.TrimPrefix(s, p) },
		"trimSuffix": func(p, s string) string { return strings.TrimSuffix(s, p) },
		"hasPrefix":  func(p, s string) bool { return strings.HasPrefix(s, p) },
		"hasSuffix":  func(p, s string) bool { return strings.HasSuffix(s, p) },
		"contains":   func(sub, s string) bool { return strings.Contains(s, sub) },
		"replace":    templateReplace,
		"repeat":     templateRepeat,
		"splitList":  func(sep, s string) []string { return strings.Split(s, sep) },
		"join":       func(sep string, list []string) string { return strings.Join(list, sep) },
		"trunc":      templateTrunc,
		"quote":      func(v any) string { return strconv.Quote(fmt.Sprint(v)) },
		"squote":     func(v any) string { return "'" + fmt.Sprint(v) + "'" },
		"indent":     templateIndent,
		"nindent":    func(n int, s string) (string, error) { out, err := templateIndent(n, s); return "\n" + out, err },
		"default":    templateDefault,
		"empty":      isEmptyValue,
		"ternary": func(yes, no any, which bool) any {
			if which {
				return yes
			}
			return no
		},
		"toString":     func(v any) string { return fmt.Sprint(v) },
		"toJson":       func(v any) (string, error) { b, err := json.Marshal(v); return string(b), err },
		"toPrettyJson": func(v any) (string, error) { b, err := json.MarshalIndent(v, "", "  "); return string(b), err },
		"add":          func(a, b int) int { return a + b },
		"add1":         func(a int) int { return a + 1 },
		"sub":          func(a, b int) int { return a - b },
		"list":         func(v ...any) []any { return v },
		"first": func(list []gitleaksFinding) *gitleaksFinding {
			if len(list) == 0 {
				return nil
			}
			return &list[0]
		},
	}
}

func templateReplace(old, by, s string) (string, error) {
	if len(s)+strings.Count(s, old)*len(by) > maxTemplateText {
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
