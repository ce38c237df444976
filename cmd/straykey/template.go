package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/straykey/straykey/report"
)

// templateFormat is the format that a template of the user's writes.
const templateFormat = "template"

// addFormat adds --format and --template to a command that writes reports.
func addFormat(fl *pflag.FlagSet, format, template *string) {
	names := report.Formats()
	last := len(names) - 1
	fl.StringVarP(format, "format", "f", "text", strings.Join(names[:last], ", ")+" or "+names[last])
	fl.StringVar(template, "template", "", "the template of --format template, a `FILE` (docs/formats.md says what it can do)")
}

// readTemplate reads the template for reports of the given formats; nil if none of them takes one.
func readTemplate(file string, formats ...string) (*report.Template, error) {
	wanted := slices.Contains(formats, templateFormat)
	switch {
	case wanted && file == "":
		return nil, usageError("--format template needs --template, for example: straykey scan --format template --template report.tmpl")
	case !wanted && file != "":
		return nil, usageError("--template belongs to --format template, for example: straykey scan --format template --template report.tmpl")
	case !wanted:
		return nil, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, usageError("cannot read the template %q: %w; --template names a file, for example: straykey scan --format template --template report.tmpl", file, cause(err))
	}
	defer f.Close()
	t, err := report.ReadTemplate(filepath.Base(file), f)
	if err != nil {
		return nil, usageError("%w; docs/formats.md has examples", err)
	}
	return t, nil
}
