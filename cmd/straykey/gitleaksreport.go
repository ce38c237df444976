package main

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/straykey/straykey/report"
)

// gitleaksVerbose is what --verbose prints, as a template of a report.
const gitleaksVerbose = `{{range .}}Finding:     {{.Match}}
Secret:      {{.Secret}}
RuleID:      {{.RuleID}}
Entropy:     {{printf "%f" .Entropy}}
{{with .Tags}}Tags:        {{.}}
{{end}}File:        {{.File}}
Line:        {{.StartLine}}
{{if .Commit}}Commit:      {{.Commit}}
Author:      {{.Author}}
Email:       {{.Email}}
Date:        {{.Date}}
{{end}}Fingerprint: {{.Fingerprint}}
{{with .Link}}Link:        {{.}}
{{end}}
{{end}}`

// reports says where findings are written, and how.
func (f *gitleaksFlags) reports(s *scanFlags) error {
	format := strings.TrimSpace(strings.ToLower(f.format))
	switch {
	case f.template != "" && format == "":
		format = "template"
	case f.template != "" && format != "template" && f.reportPath != "":
		return fmt.Errorf("--report-template belongs to -f template, not to -f %s; leave out one of the two", format)
	}
	if f.reportPath != "" {
		if format == "" {
			known := map[string]string{".json": "json", ".csv": "csv", ".xml": "junit", ".sarif": "sarif"}
			if format = known[strings.ToLower(filepath.Ext(f.reportPath))]; format == "" {
				return fmt.Errorf("--report-path: %q does not tell the format; give one, for example: -f json", f.reportPath)
			}
		}
		if !slices.Contains([]string{"json", "csv", "junit", "sarif", "template"}, format) {
			return fmt.Errorf("--report-format is json, csv, junit, sarif or template, not %q", format)
		}
		if format == "template" {
			if err := f.readTemplate(); err != nil {
				return err
			}
		}
		s.format, s.output = strings.TrimSuffix("gitleaks-"+format, "-json"), f.reportPath
	}
	if !f.verbose {
		return nil
	}
	if format == "template" && f.reportPath != "" {
		// One template a run: what is printed is put before what the template makes.
		if f.reportPath != "-" {
			return errors.New("--verbose and --report-template write with a template each; leave out --verbose")
		}
		f.reportTemplate = gitleaksVerbose + f.reportTemplate
		return nil
	}
	f.reportTemplate = gitleaksVerbose
	if s.format == "" {
		s.format = "gitleaks-template"
	} else {
		s.reports = append(s.reports, "gitleaks-template=-")
	}
	return nil
}

func (f *gitleaksFlags) readTemplate() error {
	if f.template == "" {
		return errors.New("-f template needs a template; name its file, for example: --report-template report.tmpl")
	}
	text, err := readBounded(f.template)
	if err == nil {
		err = report.CheckTemplate(string(text))
	}
	if err != nil {
		return fmt.Errorf("--report-template %s: %w", f.template, cause(err))
	}
	f.reportTemplate = string(text)
	return nil
}

// shape sets what reports in the shape of gitleaks are written with.
func (f *gitleaksFlags) shape(o *report.Options) {
	o.GitleaksTemplate, o.Link, o.Symlinks = f.reportTemplate, f.links, f.symlinks
	if f.redactGiven {
		o.Mask = func(secret string) string { return gitleaksMask(secret, f.redact) }
	}
}

// gitleaksMask leaves out as many percent of a secret, from its end.
func gitleaksMask(secret string, percent uint) string {
	if percent >= 100 {
		return "REDACTED"
	}
	return secret[:int(math.RoundToEven(float64(len(secret))*float64(100-percent)/100))] + "..."
}
