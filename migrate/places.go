package migrate

import (
	"bytes"
	"cmp"
	"crypto/sha1" //nolint:gosec // detect-secrets names secrets by it
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/straykey/straykey/compat/gitleaks"
	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/policy"
	"github.com/straykey/straykey/report"
	"github.com/straykey/straykey/rules"
)

// place is what an entry of another tool's ignore file or baseline says.
type place struct {
	tool   Tool
	known  bool   // it goes into the baseline, else into the ignore file
	commit string // full id; empty: whatever the commit
	file   string
	rule   string // of that tool; empty: any
	line   int    // 0: the file
	secret string // if it is written there
	sha1   string // of the secret, in hex, if that is written there
	title  string // what the tool calls such a secret, for people
	reason string
	at     rules.Position

	part *part // where the secret of that hash stands in the line; nil: not looked for yet
}

// part is a part of a line.
type part struct {
	from, to int
	ok       bool
}

// Texts is where places are looked up.
type Texts interface {
	// ReadAt returns a file as it is in a commit, or in the work tree if that is empty. The error is fs.ErrNotExist if there is none.
	ReadAt(commit, name string) ([]byte, error)
}

// cover is what covers a finding.
type cover struct {
	finding *correlate.Finding
	known   bool
	reason  string
	paths   map[string]bool
	items   []coverItem
}

type coverItem struct {
	tool Tool
	at   rules.Position
	what string
	why  string // of a difference
	do   string
}

// resolver turns places into what covers findings.
type resolver struct {
	m     *Migration
	names *gitleaks.Names
	texts Texts
	// byPath are the findings that stand in a file, at some time.
	byPath map[string][]*correlate.Finding
	cache  map[[2]string][]byte
	covers map[*correlate.Finding]*cover
	order  []*cover
}

// Resolve makes the ignore file and the baseline of what was found, suppressed or not, with the configuration of the migration.
// It adds what became of each place to the report. A file without an entry is nil.
func (m *Migration) Resolve(findings []correlate.Finding, texts Texts, now time.Time) (ignore, baseline []byte) {
	r := &resolver{
		m: m, names: gitleaks.NewNames(), texts: texts, byPath: map[string][]*correlate.Finding{},
		cache: map[[2]string][]byte{}, covers: map[*correlate.Finding]*cover{},
	}
	for i := range findings {
		f := &findings[i]
		seen := map[string]bool{}
		for k := range f.Occurrences {
			if p := f.Occurrences[k].Path; p != "" && !seen[p] {
				seen[p] = true
				r.byPath[p] = append(r.byPath[p], f)
			}
		}
	}
	for i := range m.places {
		r.place(&m.places[i])
	}
	for i := range findings {
		r.comments(&findings[i])
	}
	ignore, baseline = r.write(now)
	m.Report.Items = m.Report.sorted()
	return ignore, baseline
}

// place finds out what a place names.
func (r *resolver) place(p *place) {
	what := "entry"
	if title := cmp.Or(p.title, p.rule); title != "" {
		what += " for " + shortName(title)
	}
	var here []*correlate.Finding // whatever its rule
	for _, f := range r.byPath[p.file] {
		if r.stands(p, f) {
			here = append(here, f)
		}
	}
	named := slices.DeleteFunc(slices.Clone(here), func(f *correlate.Finding) bool { return !r.isAbout(p, f.Rule, len(here)) })
	for _, f := range named {
		item := coverItem{tool: p.tool, at: p.at, what: what}
		if p.rule != "" && f.Rule.ID != p.rule {
			item.what += ", here " + f.Rule.ID
		}
		r.cover(f, p.known, p.file, cmp.Or(p.reason, "from "+path.Base(p.at.File)), item)
	}
	if len(named) > 0 {
		return
	}
	if len(here) > 0 {
		r.m.drop(p.tool, p.at, what, fmt.Sprintf("what straykey finds at %s is %s, which the entry is not about", shownPlace(p), here[0].Rule.ID),
			"look at it; straykey baseline update makes it known")
		return
	}
	if why := r.gone(p); why != "" {
		r.m.add(Stale, p.tool, p.at, what, why, "")
		return
	}
	r.m.unneeded(p.tool, p.at, what, "straykey finds no credential at "+shownPlace(p))
}

func shownPlace(p *place) string {
	out := printable(p.file)
	if p.line > 0 {
		out += fmt.Sprintf(":%d", p.line)
	}
	if len(p.commit) > 12 {
		out += " in " + p.commit[:12]
	}
	return out
}

// isAbout reports whether the entry for a place is about a rule. An id of gitleaks that straykey has no rule of its own for means
// what the generic rules find there, if it is one; one that is neither gitleaks' nor straykey's is of a rule that betterleaks has built
// in, and means the one credential that stands there.
func (r *resolver) isAbout(p *place, rule *rules.Rule, here int) bool {
	switch {
	case p.rule == "" || r.names.Cover(p.rule, r.asBuiltin(rule)):
		return true
	case here != 1 || r.asBuiltin(rule).Source.Line > 0:
		return false
	}
	ours, known := r.m.ours(p.rule)
	switch {
	case len(ours) > 0:
		return false
	case known: // a kind that only a name tells, for which straykey has its generic rules
		return r.names.Cover("generic-api-key", r.asBuiltin(rule))
	}
	return p.tool == Betterleaks
}

// asBuiltin returns a built-in rule that the configuration merely adjusts as the built-in one, which has the names that others know.
func (r *resolver) asBuiltin(rule *rules.Rule) *rules.Rule {
	b := r.m.builtin.Rule(rule.ID)
	if b != nil && b.Regex == rule.Regex && b.Token == rule.Token && b.Assigned == rule.Assigned && b.Detector == rule.Detector && b.Path == rule.Path {
		return b
	}
	return rule
}

// stands reports whether a finding of a file stands at a place.
func (r *resolver) stands(p *place, f *correlate.Finding) bool {
	switch {
	case p.secret != "" && p.secret == f.Secret, p.sha1 != "" && p.sha1 == hashOf(f.Secret):
		return true
	case f.File != "":
		return p.line <= 1
	}
	if text, ok := r.read(p.commit, p.file); ok && r.inText(p, f, text) {
		return true
	}
	for i := range f.Occurrences {
		o := &f.Occurrences[i]
		ofCommit := p.commit == "" || o.First != nil && o.First.ID == p.commit
		if o.Path == p.file && ofCommit && (o.Line == p.line || report.GitleaksPlaceOf(f, o).StartLine == p.line) {
			// A hash that is not that of the secret is of another one in the same line, unless it is a part of it.
			return p.sha1 == "" && p.secret == ""
		}
	}
	return false
}

// inText reports whether the secret of a finding stands in a text at the line of a place.
func (r *resolver) inText(p *place, f *correlate.Finding, text []byte) bool {
	start, end, ok := lineAt(text, p.line)
	if !ok || f.Secret == "" {
		return false
	}
	if p.secret != "" {
		// The tool reports the match of its own expression, which is more or less than the secret.
		return strings.Contains(p.secret, f.Secret) || strings.Contains(f.Secret, p.secret)
	}
	if p.sha1 != "" {
		h := p.hashed(text[start:end])
		if !h.ok {
			return false
		}
		start, end = start+h.from, start+h.to
	}
	for at := 0; ; {
		i := bytes.Index(text[at:], []byte(f.Secret))
		if i < 0 {
			return false
		}
		at += i
		if at < end && at+len(f.Secret) > start {
			return true
		}
		if at >= end {
			return false
		}
		at++
	}
}

// lineAt returns where a line, from 1, begins and ends.
func lineAt(text []byte, n int) (start, end int, ok bool) {
	if n < 1 {
		return 0, 0, false
	}
	for ; n > 1; n-- {
		i := bytes.IndexByte(text[start:], '\n')
		if i < 0 {
			return 0, 0, false
		}
		start += i + 1
	}
	if start == len(text) {
		return 0, 0, false
	}
	end = start + bytes.IndexByte(append(text[start:len(text):len(text)], '\n'), '\n')
	return start, end, true
}

// maxHashed is the longest line in which a hash is looked for: each of its parts is hashed.
const maxHashed = 400

// hashed returns where in its line the secret of a place stands. It takes some milliseconds and is done once.
func (p *place) hashed(line []byte) *part {
	if p.part == nil {
		p.part = &part{}
		p.part.from, p.part.to, p.part.ok = findHash(line, p.sha1)
	}
	return p.part
}

// findHash finds the part of a line whose SHA-1 is known.
func findHash(line []byte, want string) (from, to int, ok bool) {
	if len(line) > maxHashed {
		line = line[:maxHashed]
	}
	for from = range line {
		for to = len(line); to > from; to-- {
			if hashOf(string(line[from:to])) == want {
				return from, to, true
			}
		}
	}
	return 0, 0, false
}

func hashOf(s string) string {
	sum := sha1.Sum([]byte(s)) //nolint:gosec // see above
	return hex.EncodeToString(sum[:])
}

// read returns the text that a place is in.
func (r *resolver) read(commit, name string) ([]byte, bool) {
	id := [2]string{commit, name}
	text, ok := r.cache[id]
	if !ok {
		var err error
		if text, err = r.texts.ReadAt(commit, name); err != nil {
			text = nil
		} else if text == nil {
			text = []byte{}
		}
		r.cache[id] = text
	}
	return text, text != nil
}

// gone says why a place no longer shows a secret; empty: it may.
func (r *resolver) gone(p *place) string {
	text, ok := r.read(p.commit, p.file)
	switch {
	case !ok && p.commit != "":
		return "there is no such file or commit: " + shownPlace(p)
	case !ok:
		return "there is no such file: " + shownPlace(p)
	case p.line == 0:
		return ""
	}
	start, end, ok := lineAt(text, p.line)
	switch {
	case !ok:
		return "the file is shorter: " + shownPlace(p)
	case len(bytes.TrimSpace(text[start:end])) == 0:
		return "the line is empty: " + shownPlace(p)
	case p.secret != "" && !bytes.Contains(text, []byte(p.secret)):
		return "the secret is not in the file any more: " + shownPlace(p)
	case p.sha1 != "" && end-start <= maxHashed:
		if !p.hashed(text[start:end]).ok {
			return "the secret is not in the line any more: " + shownPlace(p)
		}
	}
	return ""
}

// cover notes what covers a finding in a file.
func (r *resolver) cover(f *correlate.Finding, known bool, file, reason string, item coverItem) {
	c := r.covers[f]
	if c == nil {
		c = &cover{finding: f, known: known, reason: reason, paths: map[string]bool{}}
		r.covers[f] = c
		r.order = append(r.order, c)
	}
	c.known = c.known || known
	c.paths[file] = true
	c.items = append(c.items, item)
}

// comments finds the places of a finding that comments of other tools cover.
func (r *resolver) comments(f *correlate.Finding) {
	for i := range f.Occurrences {
		o := &f.Occurrences[i]
		n := o.Line - o.Frame.FirstLine
		if o.Path == "" || n < 0 || n >= len(o.Frame.Lines) {
			continue
		}
		before := ""
		if n > 0 {
			before = o.Frame.Lines[n-1]
		}
		tool, mark := commentIn(o.Path, o.Frame.Lines[n], before)
		if mark == "" || !r.m.wants(tool) {
			continue
		}
		item := coverItem{tool: tool, at: rules.Position{File: o.Path, Line: o.Line}, what: "comment " + mark}
		item.why = "straykey does not read this comment; it is an entry of the ignore file, for this secret and no other in the line"
		item.do = "to keep a comment instead, write straykey:allow and a reason in its place"
		if o.Removed != nil {
			item.do = ""
		}
		r.cover(f, false, o.Path, mark, item)
	}
}

// covered reports whether all places of a finding are covered, and which is not. One that came when a covered one of the same
// text went is a file that was renamed.
func (c *cover) covered() (bool, *correlate.Occurrence) {
	all := c.finding.Occurrences
	done := make([]bool, len(all))
	for i := range all {
		done[i] = c.paths[all[i].Path] && all[i].Path != ""
	}
	for again := true; again; {
		again = false
		for i := range all {
			if done[i] || all[i].First == nil {
				continue
			}
			for k := range all {
				if done[k] && all[k].Object == all[i].Object && all[k].Removed != nil && all[k].Removed.ID == all[i].First.ID {
					done[i], again = true, true
				}
			}
		}
	}
	if i := slices.Index(done, false); i >= 0 {
		return false, &all[i]
	}
	return true, nil
}

// write writes the files, and what became of the places.
func (r *resolver) write(now time.Time) (ignore, baseline []byte) {
	var out bytes.Buffer
	known := &policy.Baseline{}
	written := map[string]bool{} // lines
	put := func(e policy.Entry) {
		if line := e.String(); !written[line] {
			written[line] = true
			out.WriteString(line + "\n")
		}
	}
	for _, c := range r.order {
		f := c.finding
		all, other := c.covered()
		difference := ""
		switch {
		case c.known:
			known.Add(policy.KnownOf([]correlate.Finding{*f}), policy.Stamp{Reason: c.reason, Since: now})
			if !all {
				difference = "a baseline knows secrets wherever they stand: it covers this one also at " + occurrenceAt(other)
			}
		case all:
			put(policy.Entry{Fingerprint: f.Fingerprint, Rule: f.Rule.ID, Path: oneLine(f.Occurrences[0].Path), Reason: oneLine(c.reason)})
		default:
			for _, p := range sortedKeys(c.paths) {
				put(policy.Entry{Glob: globOf(p), Fingerprint: f.Fingerprint, Rule: f.Rule.ID, Reason: oneLine(c.reason)})
			}
			difference = "it covers this secret in the whole file; it also stands, and counts, at " + occurrenceAt(other)
		}
		for _, it := range c.items {
			switch {
			case it.why != "" || difference != "":
				r.m.changed(it.tool, it.at, it.what, strings.Trim(it.why+"; "+difference, "; "), it.do)
			default:
				r.m.carried(it.tool, it.at, it.what, "")
			}
		}
	}
	if len(known.Entries) > 0 {
		baseline = known.Bytes()
	}
	if out.Len() > 0 {
		ignore = append([]byte("# Made by straykey migrate, an entry a line; docs/migrating.md says what became of what.\n"), out.Bytes()...)
	}
	return ignore, baseline
}

func occurrenceAt(o *correlate.Occurrence) string {
	if o.Path == "" {
		return "the message of a commit or tag"
	}
	return fmt.Sprintf("%s:%d", printable(o.Path), o.Line)
}

func sortedKeys(set map[string]bool) []string {
	var out []string
	for k := range set {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// globOf returns the pattern that fits one path, and no other unless there are control characters in it.
func globOf(p string) string {
	return "/" + printable(strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, " ", `\ `, "\t", "?").Replace(p))
}

// oneLine makes a text fit for the value of an entry.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(printable(strings.ReplaceAll(s, "\t", " "))), " ")
	const most = 500
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}
