package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/straykey/straykey/compat/gitleaks"
	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/report"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/source/repo"
)

// gitleaksSuppressions are the ignore files and the baseline of gitleaks.
type gitleaksSuppressions struct {
	ignores  []*gitleaks.Ignore
	baseline *gitleaks.Baseline
	name     string // of the baseline
	notes    []string
}

// suppressions reads what does not count: the ignore file that the flag names, that of each target, and the baseline.
func (f *gitleaksFlags) suppressions(targets []string) (*gitleaksSuppressions, error) {
	s := &gitleaksSuppressions{name: f.baseline}
	names := gitleaks.NewNames()
	places := []string{f.ignorePath}
	for _, t := range targets {
		if info, err := os.Stat(t); err == nil && info.IsDir() {
			places = append(places, t)
		}
	}
	var seen []string
	for i, place := range places {
		name, data, err := readIgnoreFile(place)
		switch {
		case errors.Is(err, fs.ErrNotExist) && i == 0 && f.ignorePathGiven:
			s.notes = append(s.notes, fmt.Sprintf("--gitleaks-ignore-path: no ignore file at %s", place))
			continue
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, fmt.Errorf("ignore file %s: %w", name, cause(err))
		}
		if real := realPath(name); !slices.Contains(seen, real) {
			seen = append(seen, real)
			ignore, err := gitleaks.ParseIgnore(name, data, names)
			if err != nil {
				return nil, err
			}
			s.ignores = append(s.ignores, ignore)
			s.notes = append(s.notes, ignore.Warnings...)
		}
	}
	if f.baseline == "" {
		return s, nil
	}
	file, err := os.Open(f.baseline)
	if err != nil {
		return nil, fmt.Errorf("--baseline-path %s: %w", f.baseline, cause(err))
	}
	defer file.Close()
	if s.baseline, err = gitleaks.ReadBaseline(file, names); err != nil {
		return nil, fmt.Errorf("--baseline-path %s: %w", f.baseline, err)
	}
	return s, nil
}

// readIgnoreFile reads a file, or the .gitleaksignore of a directory.
func readIgnoreFile(place string) (name string, data []byte, err error) {
	name = place
	if info, err := os.Stat(place); err == nil && info.IsDir() {
		name = filepath.Join(place, ".gitleaksignore")
	}
	data, err = readBounded(name)
	return name, data, err
}

// readBounded reads a file of the user's that is not too large to be one.
func readBounded(name string) ([]byte, error) {
	const most = 64 << 20
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && len(data) > most {
		return nil, fmt.Errorf("larger than %d MiB", most>>20)
	}
	return data, err
}

// apply takes the occurrences that do not count out of the findings of a report.
func (s *gitleaksSuppressions) apply(r *report.Report) {
	r.Run.Notes = append(r.Run.Notes, s.notes...)
	split(r, func(f *correlate.Finding, o *correlate.Occurrence) *report.Suppressed {
		for _, ignore := range s.ignores {
			if e := ignore.Match(f, o); e != nil {
				return &report.Suppressed{By: report.IgnoreFile, At: rules.Position{File: ignore.Name, Line: e.At}}
			}
		}
		if s.baseline != nil && s.baseline.Match(f, o) {
			return &report.Suppressed{By: report.Baseline, At: rules.Position{File: s.name}}
		}
		return nil
	})
}

// moved returns what suppresses an occurrence because the file was renamed: it suppresses one of the same credential in the
// same text, which was removed in the very commit that brought this one. gitleaks, which reads diffs, sees nothing new there.
// reasons has what suppresses the occurrences of f, by their number.
func moved(f *correlate.Finding, reasons []*report.Suppressed, i int) *report.Suppressed {
	now := &f.Occurrences[i]
	if now.First == nil {
		return nil
	}
	for k, why := range reasons {
		old := &f.Occurrences[k]
		if why != nil && old.Object == now.Object && old.Removed != nil && old.Removed.ID == now.First.ID {
			return why
		}
	}
	return nil
}

// reasonsOf returns what suppresses the occurrences of a finding, by their number.
func reasonsOf(f *correlate.Finding, why func(*correlate.Finding, *correlate.Occurrence) *report.Suppressed) []*report.Suppressed {
	reasons := make([]*report.Suppressed, len(f.Occurrences))
	for i := range f.Occurrences {
		reasons[i] = why(f, &f.Occurrences[i])
	}
	for again := true; again; {
		again = false
		for i := range reasons {
			if reasons[i] == nil {
				reasons[i] = moved(f, reasons, i)
				again = again || reasons[i] != nil
			}
		}
	}
	return reasons
}

// split moves the occurrences for which why returns something to the suppressed findings. Those of one finding that are
// suppressed by the same stay together.
func split(r *report.Report, why func(*correlate.Finding, *correlate.Occurrence) *report.Suppressed) {
	findings := r.Findings[:0:0]
	for _, f := range r.Findings {
		left := f
		left.Occurrences = nil
		var out []report.Suppressed
		for i, s := range reasonsOf(&f, why) {
			o := &f.Occurrences[i]
			if s == nil {
				left.Occurrences = append(left.Occurrences, *o)
				continue
			}
			k := slices.IndexFunc(out, func(x report.Suppressed) bool { return x.By == s.By && x.At == s.At })
			if k < 0 {
				one := *s
				one.Finding = f
				one.Finding.Occurrences = nil
				out = append(out, one)
				k = len(out) - 1
			}
			out[k].Finding.Occurrences = append(out[k].Finding.Occurrences, *o)
		}
		r.Suppressed = append(r.Suppressed, out...)
		if len(left.Occurrences) > 0 {
			findings = append(findings, left)
		}
	}
	r.Findings = findings
}

// selectPaths drops what stands outside of the paths of --log-opts, and what stands in the configuration and the baseline in
// force, which gitleaks does not scan: they say which secrets do not count.
func (f *gitleaksFlags) selectPaths(r *report.Report) {
	own := f.ownPaths()
	if len(f.log.Paths) == 0 && len(own) == 0 {
		return
	}
	for i := range r.Findings {
		found := &r.Findings[i]
		found.Occurrences = slices.DeleteFunc(found.Occurrences, func(o correlate.Occurrence) bool {
			return !f.log.Has(o.Path) || slices.Contains(own, o.Path)
		})
	}
	r.Findings = slices.DeleteFunc(r.Findings, func(f correlate.Finding) bool { return len(f.Occurrences) == 0 })
}

// countAllowed makes count again what nothing but a comment for gitleaks suppresses.
func countAllowed(r *report.Report) {
	r.Suppressed = slices.DeleteFunc(r.Suppressed, func(s report.Suppressed) bool {
		if s.By != report.Inline || s.Reason != "gitleaks:allow" {
			return false
		}
		i := slices.IndexFunc(r.Findings, func(f correlate.Finding) bool { return f.Fingerprint == s.Finding.Fingerprint })
		if i < 0 {
			r.Findings = append(r.Findings, s.Finding)
		} else {
			r.Findings[i].Occurrences = append(r.Findings[i].Occurrences, s.Finding.Occurrences...)
		}
		return true
	})
}

// ownPaths returns the paths that the configuration and the baseline in force have in the report.
func (f *gitleaksFlags) ownPaths() []string {
	var out []string
	for _, target := range f.targets {
		from, prefix := realPath(absolute(target)), target
		if !f.scansFiles() {
			r, err := repo.Open(target)
			if err != nil || r.WorkTree == "" {
				continue
			}
			from, prefix = realPath(absolute(r.WorkTree)), ""
		}
		for _, name := range []string{f.configFile, f.baseline} {
			if name == "" {
				continue
			}
			if rel, err := filepath.Rel(from, realPath(absolute(name))); err == nil && filepath.IsLocal(rel) {
				out = append(out, path.Join(filepath.ToSlash(prefix), filepath.ToSlash(rel)))
			}
		}
	}
	return out
}
