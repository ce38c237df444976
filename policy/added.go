package policy

import (
	"strings"
	"time"

	"github.com/straykey/straykey/rules"
)

// Addition is a suppression that the change under test brings along.
type Addition struct {
	By      By
	What    string // what it suppresses: the line of an entry, the rule and fingerprint of a comment, the key of a setting
	Reason  string
	Owner   string
	Until   time.Time
	At      rules.Position
	Counted bool // it counts, because it was accepted
}

// NewEntries returns the entries of a list that another has not, whatever their order and place.
func NewEntries(list, base []Entry) []Entry {
	have := make(map[string]bool, len(base))
	for i := range base {
		have[base[i].meaning()] = true
	}
	var out []Entry
	for i := range list {
		if !have[list[i].meaning()] {
			out = append(out, list[i])
		}
	}
	return out
}

// meaning is the entry without what decides nothing.
func (e *Entry) meaning() string {
	bare := *e
	bare.Path, bare.Since, bare.Reason, bare.Owner = "", "", "", ""
	return bare.String()
}

// AdditionsOf tells of entries that a change brings along.
func AdditionsOf(entries []Entry, by By, accept bool) []Addition {
	out := make([]Addition, 0, len(entries))
	for i := range entries {
		e := &entries[i]
		bare := *e
		bare.Reason, bare.Owner, bare.Until = "", "", time.Time{}
		out = append(out, Addition{By: by, What: bare.String(), Reason: e.Reason, Owner: e.Owner, Until: e.Until, At: e.At, Counted: accept})
	}
	return out
}

// ConfigAdditions tells what a change alters in a configuration or a rule file: each key whose lines differ, once, where it
// stands now. No value is repeated; an expression of an allowlist may be a secret.
func ConfigAdditions(name string, now, before []byte) []Addition {
	was := map[configLine]int{}
	for _, l := range configLines(before) {
		was[configLine{l.table, l.key, l.text, 0}]++
	}
	var out []Addition
	told := map[string]bool{}
	tell := func(l configLine, at int, what string) {
		key := strings.TrimSpace(l.table + " " + l.key)
		if !told[key] {
			told[key] = true
			out = append(out, Addition{By: ByConfig, What: key + what, At: rules.Position{File: name, Line: at}})
		}
	}
	for _, l := range configLines(now) {
		same := configLine{l.table, l.key, l.text, 0}
		if was[same] > 0 {
			was[same]--
			continue
		}
		tell(l, l.line, "")
	}
	for _, l := range configLines(before) {
		same := configLine{l.table, l.key, l.text, 0}
		if was[same] > 0 {
			was[same]--
			tell(l, 0, " (removed)")
		}
	}
	return out
}

// configLine is a line of TOML with the table and the key that it belongs to, as far as a look at lines can tell.
type configLine struct {
	table, key, text string
	line             int
}

func configLines(data []byte) []configLine {
	var out []configLine
	table, key, n := "", "", 0
	for line := range strings.Lines(string(data)) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		before, _, assigns := strings.Cut(line, "=")
		before = strings.TrimSpace(before)
		switch {
		case line[0] == '[' && strings.HasSuffix(strings.TrimRight(line, " \t"), "]") && len(line) <= 80 && !strings.ContainsAny(line, `"'`):
			table, key = line, ""
		case assigns && len(before) <= 40 && isKey(strings.ReplaceAll(before, ".", "")):
			key = before
		}
		out = append(out, configLine{table, key, line, n})
	}
	return out
}
