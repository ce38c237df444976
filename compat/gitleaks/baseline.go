package gitleaks

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/report"
)

// Baseline is an earlier report in the JSON format of gitleaks, or of straykey in its shape. What stands in it is known.
type Baseline struct {
	names  *Names
	byFile map[string][]known
}

// known is a finding of a baseline.
type known struct {
	RuleID, File, Commit, Secret               string
	StartLine, EndLine, StartColumn, EndColumn int

	number int // in the report, from 1
}

// ReadBaseline reads a report. A finding without a rule or file, as one of another format, is an error.
func ReadBaseline(r io.Reader, names *Names) (*Baseline, error) {
	var list []known
	d := json.NewDecoder(io.LimitReader(r, maxIgnore))
	if err := d.Decode(&list); err != nil {
		return nil, fmt.Errorf("not a JSON report of gitleaks: %w", withoutValue(err))
	}
	b := &Baseline{names: names, byFile: map[string][]known{}}
	for i, k := range list {
		if k.RuleID == "" {
			return nil, fmt.Errorf("not a JSON report of gitleaks: finding %d has no RuleID", i+1)
		}
		k.number = i + 1
		b.byFile[k.File] = append(b.byFile[k.File], k)
	}
	return b, nil
}

// withoutValue strips what an error of the decoder quotes of the text, which may be a secret.
func withoutValue(err error) error {
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &kind):
		return fmt.Errorf("%s has another type than expected", kind.Field)
	case errors.As(err, &syntax):
		return fmt.Errorf("no JSON at byte %d", syntax.Offset)
	}
	return err
}

// Match reports whether an occurrence of a finding is in the baseline: under the same rule or an id that covers it, in the
// same file, and with the same secret. If the secrets of the baseline are redacted it is the place that has to be the same:
// commit, lines and columns. Then columns may differ by one on lines that are not the first of what gitleaks read: it counts
// from 2 there.
func (b *Baseline) Match(f *correlate.Finding, o *correlate.Occurrence) bool {
	for _, k := range b.byFile[o.Path] {
		if !b.names.Cover(k.RuleID, f.Rule) {
			continue
		}
		if isRedacted(k.Secret) && k.at(f, o) || !isRedacted(k.Secret) && k.Secret == f.Secret {
			return true
		}
	}
	return false
}

// isRedacted reports whether a secret in a report is not the secret: the word that gitleaks writes, what is left by its
// --redact=N, or what straykey writes.
func isRedacted(s string) bool {
	return s == "" || strings.Contains(s, "REDACTED") || strings.HasSuffix(s, "...") || strings.Contains(s, "[redacted ")
}

func (k *known) at(f *correlate.Finding, o *correlate.Occurrence) bool {
	p := report.GitleaksPlaceOf(f, o)
	commit := ""
	if o.First != nil {
		commit = o.First.ID
	}
	return k.Commit == commit && k.StartLine == p.StartLine && k.EndLine == p.EndLine &&
		near(k.StartColumn, p.StartColumn) && near(k.EndColumn, p.EndColumn)
}

// near reports whether two columns are the same, or a is the one after.
func near(a, b int) bool { return a == b || a == b+1 }
