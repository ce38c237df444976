package report

import (
	"bufio"
	"cmp"
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

// gitleaksTemplateFuncs are those of the library sprig that are about the list of findings. The others that templates for
// gitleaks commonly use are among templateFuncs.
func gitleaksTemplateFuncs() template.FuncMap {
	return template.FuncMap{
		"first": func(list []gitleaksFinding) *gitleaksFinding {
			if len(list) == 0 {
				return nil
			}
			return &list[0]
		},
	}
}
