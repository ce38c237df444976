package report

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"reflect"
	"text/template"
	"unicode/utf8"
)

// The limits of templates, in bytes. A template is the user's, but a slip in it must not fill memory or disk.
const (
	maxTemplate       = 1 << 20   // of the template itself
	maxTemplateOutput = 256 << 20 // of what it writes
	maxTemplateText   = 1 << 20   // of what one function returns
)

// A Template is a checked template of the user's, for the format "template".
type Template struct {
	t *template.Template
}

// ReadTemplate reads a template in the syntax of text/template. The name is for errors, which say the line.
//
// A template sees the report as the JSON format has it, with the names of docs/formats.md, redacted and escaped, and the
// functions of templateFuncs. It reaches no file, no variable of the environment, no clock and no command. A field or key
// that does not exist is an error.
func ReadTemplate(name string, r io.Reader) (*Template, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxTemplate+1))
	if err != nil {
		return nil, fmt.Errorf("read template %s: %w", name, err)
	}
	if len(text) > maxTemplate {
		return nil, fmt.Errorf("read template %s: it is larger than %s", name, size(maxTemplate))
	}
	if !utf8.Valid(text) {
		return nil, fmt.Errorf("read template %s: it is not UTF-8", name)
	}
	t, err := template.New(name).Option("missingkey=error").Funcs(templateFuncs()).Parse(string(text))
	if err != nil {
		return nil, err // begins with "template: name:line:"
	}
	return &Template{t}, nil
}

// templateData is what a template gets. Findings come one by one, so that memory does not grow with their number.
type templateData struct {
	Run      jsonRun
	Summary  jsonSummary
	Coverage jsonCoverage

	view   *jsonView
	report *Report
}

// Findings are those that count, in the order of all formats.
func (d *templateData) Findings() iter.Seq[*jsonFinding] {
	return func(yield func(*jsonFinding) bool) {
		for i := range d.report.Findings {
			f := d.view.finding(&d.report.Findings[i])
			escapeStrings(reflect.ValueOf(&f))
			if !yield(&f) {
				return
			}
		}
	}
}

// Suppressed are the findings that do not count.
func (d *templateData) Suppressed() iter.Seq[*jsonSuppressed] {
	return func(yield func(*jsonSuppressed) bool) {
		for i := range d.report.Suppressed {
			s := d.view.suppressed(&d.report.Suppressed[i])
			escapeStrings(reflect.ValueOf(&s))
			if !yield(&s) {
				return
			}
		}
	}
}

// escapeStrings makes every string that v points to one visible line.
func escapeStrings(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			escapeStrings(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			escapeStrings(v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			escapeStrings(v.Index(i))
		}
	case reflect.String:
		v.SetString(Escape(v.String()))
	default: // numbers, and maps whose keys are ours
	}
}

func writeTemplate(b *bufio.Writer, r *Report, o Options) error {
	if o.Template == nil {
		return errors.New("the format template needs a template")
	}
	v := newJSONView(r, o)
	d := &templateData{Run: v.run(&r.Run), Summary: v.summary(r), Coverage: v.coverage(r.Coverage), view: v, report: r}
	escapeStrings(reflect.ValueOf(&d.Run))
	escapeStrings(reflect.ValueOf(&d.Coverage))
	return o.Template.t.Execute(&limitedWriter{b, maxTemplateOutput}, d)
}

// A limitedWriter passes on as many bytes as are left, and then fails.
type limitedWriter struct {
	w    io.Writer
	left int
}

func (l *limitedWriter) Write(p []byte) (int, error) {
	if len(p) > l.left {
		return 0, fmt.Errorf("the template writes more than %s", size(maxTemplateOutput))
	}
	l.left -= len(p)
	return l.w.Write(p)
}
