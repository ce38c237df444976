package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/source/files/gitignore"
)

// Entry is a line of an ignore file or a baseline: what it suppresses, and why.
type Entry struct {
	Glob        string // a pattern as in .gitignore; empty: any path, and what has none
	Rule        string // id or alias of a rule; empty: any
	Fingerprint string // empty: any
	Repo        string // the repository it is for; empty: any

	Reason string
	Owner  string
	Until  time.Time // the last day on which it counts, at midnight UTC; zero: for ever

	// Hints for people, which decide nothing.
	Path  string
	Since string // the day on which it was added

	At rules.Position // where it stands

	globs gitignore.List
	above []string // comment lines before it
	after string   // comment behind it, with its number sign
}

// Expired reports whether the last day of the entry is over.
func (e *Entry) Expired(now time.Time) bool {
	return !e.Until.IsZero() && !now.Before(e.Until.AddDate(0, 0, 1))
}

// coversPath reports whether the entry's pattern fits a path from the root of the repository, or a directory above it. A
// member of an archive is covered where its archive is.
func (e *Entry) coversPath(path string) bool {
	if e.Glob == "" {
		return true
	}
	if path == "" {
		return false
	}
	for i := range len(path) {
		switch path[i] {
		case '/':
			if e.globs.Match(path[:i], true) == gitignore.Ignored {
				return true
			}
		case '!':
			if e.globs.Match(path[:i], false) == gitignore.Ignored {
				return true
			}
		}
	}
	return e.globs.Match(path, false) == gitignore.Ignored
}

// keys are the keys of an entry, in the order in which they are written.
func keys() []string {
	return []string{"fingerprint", "repo", "rule", "path", "since", "owner", "until", "reason"}
}

// text returns where the entry keeps the text of a key; nil: until, which is no text, and what is no key.
func (e *Entry) text(key string) *string {
	switch key {
	case "fingerprint":
		return &e.Fingerprint
	case "repo":
		return &e.Repo
	case "rule":
		return &e.Rule
	case "path":
		return &e.Path
	case "since":
		return &e.Since
	case "owner":
		return &e.Owner
	case "reason":
		return &e.Reason
	}
	return nil
}

// isFingerprint reports whether a text looks like the fingerprint of a finding: a version and base32.
func isFingerprint(s string) bool {
	version, rest, ok := strings.Cut(s, ":")
	return ok && strings.HasPrefix(version, "sk") && len(version) <= 4 && len(rest) == 26 &&
		strings.Trim(rest, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

// maxEntries bounds what a file of entries may hold; a line has as much room as a reason needs.
const (
	maxEntries = 500_000
	maxLine    = 4 << 10
	maxErrors  = 100
)

// comments are the comment lines of a file of entries that belong to no entry: those at its beginning, up to an empty line, and
// those at its end.
type comments struct{ head, tail []string }

// parseEntries reads the lines of a file of entries. Comments decide nothing; they are kept for who writes the file again.
func parseEntries(name string, data []byte, check func(*Entry) *problem) ([]Entry, comments, error) {
	var errs rules.Errors
	var entries []Entry
	var kept comments
	n := 0
	for line := range strings.Lines(strings.TrimPrefix(string(data), "\ufeff")) {
		n++
		line = strings.TrimSpace(line)
		switch {
		case line == "" && len(entries) == 0:
			kept.head, kept.tail = append(kept.head, kept.tail...), nil
			continue
		case line == "" || line == baselineHeader:
			continue
		case line[0] == '#':
			kept.tail = append(kept.tail, line)
			continue
		}
		e, bad := parseEntry(line)
		if bad == nil {
			bad = check(&e)
		}
		e.At = rules.Position{File: name, Line: n}
		switch {
		case bad != nil:
			errs = append(errs, &rules.Error{Pos: e.At, Key: bad.key, Msg: bad.msg})
		case len(entries) == maxEntries:
			return nil, comments{}, rules.Errors{{Pos: e.At, Msg: fmt.Sprintf("more than %d entries; remove some", maxEntries)}}
		default:
			e.above, kept.tail = kept.tail, nil
			entries = append(entries, e)
		}
		if len(errs) == maxErrors {
			break
		}
	}
	if len(errs) > 0 {
		return nil, comments{}, errs
	}
	return entries, kept, nil
}

// problem is what is wrong in a line.
type problem struct{ key, msg string }

func wrong(key, format string, args ...any) *problem {
	return &problem{key, fmt.Sprintf(format, args...)}
}

// parseEntry reads one line.
func parseEntry(line string) (Entry, *problem) {
	var e Entry
	switch {
	case len(line) > maxLine:
		return e, wrong("", "longer than %d bytes; one entry is one line", maxLine)
	case !utf8.ValidString(line):
		return e, wrong("", "not UTF-8; save the file as UTF-8")
	case strings.HasPrefix(line, "<<<<<<<"), strings.HasPrefix(line, "======="), strings.HasPrefix(line, ">>>>>>>"), strings.HasPrefix(line, "|||||||"):
		return e, wrong("", "the mark of a merge that was not finished; keep the entries of both sides and delete the marks")
	}
	seen := map[string]bool{}
	for first := true; ; first = false {
		word, rest, bad := nextWord(line)
		if bad != nil {
			return e, bad
		}
		if word.key == "" && !word.quoted && (word.text == "" || word.text[0] == '#') {
			e.after = strings.TrimSpace(line)
			return e, e.complete()
		}
		line = rest
		if word.key == "" && first {
			if bad := e.setFirst(word.text); bad != nil {
				return e, bad
			}
			continue
		}
		if word.key == "" {
			return e, wrong("", "%s is no KEY=VALUE; expected one pattern, then any of %s, e.g. docs/*.md rule=generic-password reason=\"an example\"", shown(word.text), strings.Join(keys(), ", "))
		}
		if seen[word.key] {
			return e, wrong(word.key, "given twice; keep one")
		}
		seen[word.key] = true
		if bad := e.set(word.key, word.text); bad != nil {
			return e, bad
		}
	}
}

// complete checks an entry whose line is read.
func (e *Entry) complete() *problem {
	if e.Glob == "" && e.Rule == "" && e.Fingerprint == "" {
		return wrong("", "says not what to ignore; expected a pattern, rule=ID or fingerprint=sk1:…")
	}
	return nil
}

// setFirst sets what stands before the keys: a fingerprint or a pattern.
func (e *Entry) setFirst(text string) *problem {
	switch {
	case isFingerprint(text):
		e.Fingerprint = text
		return nil
	case strings.HasPrefix(text, "!"):
		return wrong("", "a pattern that takes something in again (!) is not supported, because an entry must mean the same wherever it stands; write patterns of what to ignore")
	case strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") && !strings.Contains(text, "/"):
		return wrong("", "sections are not supported; write repo=NAME in each line")
	}
	e.Glob = text
	// A leading number sign or exclamation mark is part of the pattern here, which gitignore says with a backslash.
	if e.globs = gitignore.Parse([]byte(text)); e.globs.Empty() {
		return wrong("", "%s is no pattern as in .gitignore; expected e.g. docs/*.md or vendor/", shown(text))
	}
	return nil
}

// set sets the value of a key.
func (e *Entry) set(key, value string) *problem {
	to := e.text(key)
	switch {
	case key == "until":
		day, err := time.Parse(time.DateOnly, value)
		if err != nil {
			return wrong(key, "expected a day, e.g. until=2027-01-31; got %s", shown(value))
		}
		e.Until = day
		return nil
	case to == nil:
		near := rules.Nearest(key, keys())
		if near != "" {
			near = fmt.Sprintf(" (did you mean %q?)", near)
		}
		return wrong(shown(key), "unknown key%s; expected one of: %s; a pattern with = in it stands in double quotes", near, strings.Join(keys(), ", "))
	case value == "":
		return wrong(key, "has no value; expected e.g. %s=… or no %s at all", key, key)
	case key == "fingerprint" && !isFingerprint(value):
		return wrong(key, "expected what a report calls the fingerprint, sk1: and 26 letters and digits")
	case key == "fingerprint" && e.Fingerprint != "":
		return wrong(key, "given twice; keep one")
	}
	*to = value
	return nil
}

// word is a part of a line: text, or the value of a key.
type word struct {
	key, text string
	quoted    bool
}

// nextWord cuts the first word off a line. What a blank or a quote means to a pattern of gitignore (a backslash before it)
// stays as it is.
func nextWord(line string) (word, string, *problem) {
	line = strings.TrimLeft(line, " \t")
	var w word
	if i := strings.IndexAny(line, "= \t\"\\"); i > 0 && line[i] == '=' && isKey(line[:i]) {
		w.key, line = line[:i], line[i+1:]
	}
	if !strings.HasPrefix(line, `"`) {
		end := 0
		for end < len(line) && line[end] != ' ' && line[end] != '\t' {
			if line[end] == '\\' && w.key == "" {
				end++
			}
			end++
		}
		end = min(end, len(line))
		w.text = line[:end]
		return w, line[end:], nil
	}
	var b strings.Builder
	w.quoted = true
	for i := 1; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\' && i+1 < len(line) && (line[i+1] == '"' || line[i+1] == '\\'):
			i++
			b.WriteByte(line[i])
		case c == '"':
			rest := line[i+1:]
			if rest != "" && rest[0] != ' ' && rest[0] != '\t' {
				return w, "", wrong(w.key, "goes on behind its closing quote; expected a blank there, or \\\" for a quote in the value")
			}
			w.text = b.String()
			return w, rest, nil
		default:
			b.WriteByte(c)
		}
	}
	return w, "", wrong(w.key, "the closing quote is missing")
}

// isKey reports whether a text before an equals sign is meant as a key: letters.
func isKey(s string) bool {
	return strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz-_") == ""
}

// shown is what an error repeats of a file: short texts only, for a line may hold a secret in the wrong place.
func shown(s string) string {
	if len(s) > 40 {
		return fmt.Sprintf("(a text of %d bytes)", len(s))
	}
	return fmt.Sprintf("%q", s)
}

// String returns the line of the entry, without line end and comments, in one form whatever it was read from.
func (e *Entry) String() string {
	var parts []string
	if e.Glob != "" {
		parts = append(parts, quoteGlob(e.Glob))
	}
	if e.Fingerprint != "" && e.Glob == "" {
		parts = append(parts, e.Fingerprint)
	}
	for _, key := range keys() {
		value := ""
		switch text := e.text(key); {
		case text == nil && !e.Until.IsZero():
			value = e.Until.Format(time.DateOnly)
		case text == nil, key == "fingerprint" && e.Glob == "": // written first
		default:
			value = *text
		}
		if value != "" {
			parts = append(parts, key+"="+quoteValue(value))
		}
	}
	return strings.Join(parts, " ")
}

// quoteGlob writes a pattern in quotes if it could be read as something else.
func quoteGlob(s string) string {
	w, rest, bad := nextWord(s)
	if bad == nil && rest == "" && w.key == "" && !w.quoted && !strings.HasPrefix(s, "#") && w.text == s {
		return s
	}
	return quoted(s)
}

func quoteValue(s string) string {
	if strings.ContainsAny(s, " \t\"#") {
		return quoted(s)
	}
	return s
}

func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// oneLine makes a text from elsewhere, such as a path, fit for the value of a key: control characters become question marks.
func oneLine(s string) string {
	s = strings.TrimSpace(strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u0085' || r == '\u2028' || r == '\u2029' {
			return '?'
		}
		return r
	}, s), "?"))
	const most = 1 << 10
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}

// compareEntries orders entries by repository and fingerprint, then by what else they say.
func compareEntries(a, b *Entry) int {
	return cmp.Or(
		strings.Compare(a.Repo, b.Repo),
		strings.Compare(a.Fingerprint, b.Fingerprint),
		strings.Compare(a.String(), b.String()),
	)
}

// sortEntries sorts entries as a baseline has them.
func sortEntries(list []Entry) {
	slices.SortFunc(list, func(a, b Entry) int { return compareEntries(&a, &b) })
}
