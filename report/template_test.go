package report

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// everything is a template that writes all that a template can see.
func everything(tb testing.TB) *Template {
	tb.Helper()
	return parse(tb, `{{.Run | json}}
{{.Summary | json}}
{{.Coverage | json}}
{{range .Findings}}{{template "finding" .}}{{end}}
{{- range .Suppressed}}suppressed by {{.By}}: {{.Reason}}
{{template "finding" .Finding}}{{end}}
{{- define "finding"}}{{.Rule.ID}} {{.Secret}} {{.Fingerprint}} {{.File}}
{{- with .Proof}} {{.Status}} {{.Detail}} {{range .Facts}}{{.Name}}={{.Value}} {{end}}{{end}}
{{- with .Verified}} {{.Verdict}} {{.Owner}} {{join "," .Scopes}}{{end}}
{{range .Occurrences}}  {{.Path}}:{{.Line}}:{{.Column}} {{.Match}}{{with .History}}{{with .First}} {{.Author}} {{.Email}} {{.Subject}}{{end}} {{join " " .Refs}}{{end}}
{{with .Frame}}{{range .Lines}}    {{.}}
{{end}}{{end}}{{end}}{{end}}`)
}

func parse(tb testing.TB, text string) *Template {
	tb.Helper()
	tpl, err := ReadTemplate("test.tmpl", strings.NewReader(text))
	if err != nil {
		tb.Fatal(err)
	}
	return tpl
}

func TestTemplate(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"summary", `{{.Summary.Findings}} {{.Summary.Complete}}`, "4 true"},
		{"ranges", `{{range .Findings}}{{.Rule.ID}} {{end}}`, "github-pat aws-access-key private-key generic-password "},
		{"suppressed", `{{range .Suppressed}}{{.By}} {{.Reason}}{{end}}`, `inline a test key\u{202e}`},
		{"index", `{{range .Findings}}{{with index .Occurrences 0}}{{.Line}} {{end}}{{end}}`, "12 1 2 1 "},
		{"counts", `{{.Summary.BySeverity.high}} {{index .Summary.BySeverity "low"}}`, "2 0"},
		{"default", `{{"" | default "none"}}{{"x" | default "none"}}`, "nonex"},
		{"texts", `{{"A b" | lower | replace "b" "c" | upper}}{{trim " x "}}{{contains "b" "ab"}}{{"ab" | hasPrefix "a"}}{{hasSuffix "a" "ab"}}`, "A Cxtruetruefalse"},
		{"csv", `{{csv "=1\"x"}}`, `"'=1""x"`},
		{"json", `{{json "a\"<"}}`, `"a\"<"`},
		{"xml", `{{xml "<a&\""}}`, "&lt;a&amp;&#34;"},
		{"html", `{{html "<a&"}}`, "&lt;a&amp;"},
		{"markdown", `{{markdown "a|<b>"}}`, "a&#124;&#60;b&#62;"},
		{"printf", `{{printf "%05d" 42}}`, "00042"},
		{"not UTF-8", `{{range .Findings}}{{with index .Occurrences 0}}{{.PathBytes}}{{end}}{{end}}`, "ZGlzdC9hcHAbXTA7eAcu/2pz"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := write(t, "template", fixture(), Options{Template: parse(t, tt.text)}); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTemplateErrors(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"no such field", "{{.Run.Targett}}", "Targett"},
		{"no such key", "{{.Summary.BySeverity.severe}}", "severe"},
		{"no history", "{{range .Findings}}{{range .Occurrences}}{{.History.Removed.ID}}{{end}}{{end}}", "nil"},
		{"a function that is not there", `{{env "HOME"}}`, `"env" not defined`},
		{"a file", `{{readFile "/etc/passwd"}}`, `"readFile" not defined`},
		{"call", `{{call .Findings}}`, "call"},
		{"syntax", "{{", "test.tmpl:1"},
		{"width", `{{printf "%9000000d" 1}}{{range 40}}{{end}}{{$x := printf "%1000000d" 1}}{{print $x $x}}`, "longer than"},
		{"doubling", `{{$x := "ab"}}{{range 60}}{{$x = print $x $x}}{{end}}`, "longer than"},
		{"doubling by escapes", `{{$x := "\\"}}{{range 60}}{{$x = js $x}}{{end}}`, "longer than"},
		{"replacing", `{{$x := "aaaa"}}{{range 60}}{{$x = replace "a" "aa" $x}}{{end}}`, "longer than"},
		{"recursion", `{{define "a"}}{{template "a"}}{{end}}{{template "a"}}`, "depth"},
		{"endless output", `{{$x := printf "%1000000d" 1}}{{range 100000}}{{$x}}{{end}}`, "writes more than"},
		{"not UTF-8", "\xff", "not UTF-8"},
		{"too large", strings.Repeat("x", maxTemplate+1), "larger than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tpl, err := ReadTemplate("test.tmpl", strings.NewReader(tt.text))
			if err == nil {
				err = Write(new(counter), "template", fixture(), Options{Template: tpl})
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
	if err := Write(new(bytes.Buffer), "template", fixture(), Options{}); err == nil {
		t.Error("a report without its template was written")
	}
}

// The templates that docs/formats.md shows work.
func TestDocumentedTemplates(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "formats.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(text), "```gotemplate\n")[1:]
	if len(blocks) == 0 {
		t.Fatal("docs/formats.md shows no template")
	}
	for _, block := range blocks {
		example, _, _ := strings.Cut(block, "```")
		for name, r := range testReports() {
			if got := write(t, "template", r, Options{Template: parse(t, example)}); len(r.Findings) > 0 && got == "" {
				t.Errorf("%s: nothing was written by\n%s", name, example)
			}
		}
	}
}

// docs/formats.md has the names that a template can use, all of them.
func TestTemplateNamesAreDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "formats.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "under these names")
	table, _, _ = strings.Cut(table, "Functions, besides")
	documented := map[string]bool{}
	for _, m := range regexp.MustCompile("`([A-Z][A-Za-z]*)`").FindAllStringSubmatch(table, -1) {
		documented[m[1]] = true
	}
	seen := map[string]bool{"Findings": true, "Suppressed": true}
	fieldNames(reflect.TypeFor[templateData](), seen)
	fieldNames(reflect.TypeFor[jsonSuppressed](), seen)
	if diff := cmp.Diff(seen, documented); diff != "" {
		t.Errorf("docs/formats.md (-there is +documented):\n%s", diff)
	}
}

// fieldNames adds the names of the exported fields of a type and of what it holds.
func fieldNames(of reflect.Type, names map[string]bool) {
	switch of.Kind() {
	case reflect.Pointer, reflect.Slice:
		fieldNames(of.Elem(), names)
	case reflect.Struct:
		for i := range of.NumField() {
			if f := of.Field(i); f.IsExported() {
				names[f.Name] = true
				fieldNames(f.Type, names)
			}
		}
	}
}

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"{{.Run.Target}}", "{{range .Findings}}{{.Secret}}{{end}}", "{{print 1}}", "{{define \"a\"}}{{end}}", "{{range 3}}x{{end}}", "{{- 1 -}}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tpl, err := ReadTemplate("fuzz.tmpl", strings.NewReader(text))
		if err != nil || strings.Contains(text, "range") && strings.ContainsAny(text, "0123456789") {
			return // a loop over a large number takes its time
		}
		var b bytes.Buffer
		_ = Write(&b, "template", fixture(), Options{Template: tpl})
		for _, secret := range []string{fakeToken, fakePassword, fakeAWSKey} {
			if strings.Contains(b.String(), secret) && !strings.Contains(text, secret) {
				t.Fatalf("%q shows a secret", text)
			}
		}
	})
}
