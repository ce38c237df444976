package detect

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"iter"
	"slices"
	"strings"

	"github.com/straykey/straykey/detect/archive"
	"github.com/straykey/straykey/detect/proof"
	"github.com/straykey/straykey/rules"
)

// allowlist is a compiled rules.Allowlist. Its criteria are of two kinds: those on
// the text (regexes, stop words), known where the match is made, and those on the
// place (paths, commits), known later.
type allowlist struct {
	and       bool
	target    string
	regexes   []matcher
	stopWords []string // lower case
	paths     []matcher
	commits   []string // lower case
}

// hasPlace reports whether a verdict needs the path or the commit.
func (a *allowlist) hasPlace() bool { return len(a.paths) > 0 || len(a.commits) > 0 }

func (a *allowlist) hasContent() bool { return len(a.regexes) > 0 || len(a.stopWords) > 0 }

func (e *Engine) compileAllowlist(src rules.Allowlist) (*allowlist, error) {
	a := &allowlist{and: src.And, target: src.RegexTarget}
	for _, expr := range src.Regexes {
		m, err := e.regexps.compile(expr)
		if err != nil {
			return nil, err
		}
		a.regexes = append(a.regexes, m)
	}
	for _, expr := range src.Paths {
		m, err := e.regexps.compile(expr)
		if err != nil {
			return nil, err
		}
		a.paths = append(a.paths, m)
	}
	for _, w := range src.StopWords {
		a.stopWords = append(a.stopWords, strings.ToLower(w))
	}
	for _, c := range src.Commits {
		a.commits = append(a.commits, strings.ToLower(c))
	}
	return a, nil
}

// lists returns the allowlists of a rule: its own, then the global ones.
func (e *Engine) lists(c *compiledRule) []*allowlist {
	c.allowOnce.Do(func() {
		for _, src := range append(append([]rules.Allowlist(nil), c.Allowlists...), c.global...) {
			// The loader has checked the syntax; an expression that cannot be
			// compiled allows nothing.
			if a, err := e.compileAllowlist(src); err == nil {
				c.allowlists = append(c.allowlists, a)
			}
		}
	})
	return c.allowlists
}

// content evaluates the criteria on the text: whether any holds, and whether all do.
func (a *allowlist) content(secret, match, line []byte) (some, all bool) {
	all = true
	if len(a.regexes) > 0 {
		target := secret
		switch a.target {
		case "match":
			target = match
		case "line":
			target = line
		}
		hit := false
		for _, re := range a.regexes {
			if re.Match(target) {
				hit = true
				break
			}
		}
		some, all = some || hit, all && hit
	}
	if len(a.stopWords) > 0 {
		lower := bytes.ToLower(secret)
		hit := false
		for _, w := range a.stopWords {
			if bytes.Contains(lower, []byte(w)) {
				hit = true
				break
			}
		}
		some, all = some || hit, all && hit
	}
	return some, all
}

// allowedByContent reports whether an allowlist drops the match whatever its place,
// and which lists wait for the place: those whose criteria on the text do not
// stand in the way.
func (e *Engine) allowedByContent(c *compiledRule, secret, match, line []byte) (allowed bool, pending []int) {
	for i, a := range e.lists(c) {
		some, all := a.content(secret, match, line)
		switch {
		case a.and && a.hasPlace():
			if all {
				pending = append(pending, i)
			}
		case a.and:
			if all && a.hasContent() {
				return true, nil
			}
		case some:
			return true, nil
		case a.hasPlace():
			pending = append(pending, i)
		}
	}
	return false, pending
}

// Keep returns the matches of one text that are findings if the text stands at path:
// it applies the rules' conditions on paths, and of several rules that claim the
// same bytes it keeps the most specific. Commit is the hex id of the commit
// that introduced the text there, or empty. The order is kept; what rules on paths alone
// make of a file, with or without matches, comes last. With [Options.Unshown] there are also matches of less confidence, where
// no others stand. A text without a path, such as a message, is no file.
func (e *Engine) Keep(ms []Match, path, commit string) []Match {
	files := e.pathFindings(path)
	if len(ms) == 0 || ms[0].Member == "" {
		return e.keepText(ms, path, commit, files)
	}
	var out []Match
	for of := range byMember(ms) {
		at := MemberPath(path, of[0].Member)
		of = slices.Clone(of)
		filesAt(of, at)
		out = append(out, e.keepText(of, at, commit, nil)...)
	}
	return append(out, e.keepText(nil, path, commit, files)...)
}

// byMember cuts the matches of a text into those of each member.
func byMember(ms []Match) iter.Seq[[]Match] {
	return func(yield func([]Match) bool) {
		for len(ms) > 0 {
			n := 1
			for n < len(ms) && ms[n].Member == ms[0].Member {
				n++
			}
			if !yield(ms[:n:n]) {
				return
			}
			ms = ms[n:]
		}
	}
}

// keepText is Keep for the matches of one text, and of the file on top.
func (e *Engine) keepText(ms []Match, path, commit string, files []Match) []Match {
	required := requirements{e: e, path: path, commit: commit, all: ms, files: files}
	counts := func(m *Match) bool {
		m.Confidence = confidence(m, path)
		return rank(m.Confidence) >= e.leastKept && !m.rule.hidden && !e.allowedAt(m.Credential, path, commit) && required.met(*m)
	}
	var out []Match
	for _, m := range ms {
		if counts(&m) {
			out = append(out, m)
		}
	}
	if e.overlapping {
		out = everyRule(out, e.least)
	} else {
		out = mostSpecific(out, e.least)
	}
	for _, m := range files {
		if counts(&m) {
			out = append(out, m)
		}
	}
	return out
}

// Halves returns, of the matches of a text that stands at path, those of rules that pair ([rules.Rule.Pair]), also
// of such as are not reported themselves. Of several rules that claim the same bytes the most specific counts.
func (e *Engine) Halves(ms []Match, path, commit string) []Match {
	if !slices.ContainsFunc(ms, func(m Match) bool { return m.rule.pairs }) {
		return nil
	}
	var out []Match
	for of := range byMember(ms) {
		var files []Match
		if of[0].Member == "" {
			files = e.pathFindings(path)
		}
		out = append(out, e.halvesOf(of, MemberPath(path, of[0].Member), commit, files)...)
	}
	return out
}

// halvesOf is Halves for one text, in which the file counts for what rules require.
func (e *Engine) halvesOf(ms []Match, path, commit string, files []Match) []Match {
	required := requirements{e: e, path: path, commit: commit, all: ms, files: files}
	var out []Match
	for _, m := range ms {
		m.Confidence = confidence(&m, path)
		if (rank(m.Confidence) >= e.least || m.rule.pairs) && m.Confidence != noConfidence &&
			!e.allowedAt(m.Credential, path, commit) && required.met(m) {
			out = append(out, m)
		}
	}
	return slices.DeleteFunc(mostSpecific(out, e.least), func(m Match) bool { return !m.rule.pairs })
}

// AllowedCommit reports whether an allowlist drops a credential because of the
// commit that introduced it at path.
func (e *Engine) AllowedCommit(c *Credential, path, commit string) bool {
	return len(c.pending) > 0 && e.allowedAt(c, path, commit)
}

func (e *Engine) allowedAt(c *Credential, path, commit string) bool {
	r := c.rule
	if r.Path != "" && !e.pathMatches(r, path) {
		return true
	}
	for _, i := range c.pending {
		a := e.lists(r)[i]
		onPath := len(a.paths) > 0 && anyMatch(a.paths, path)
		onCommit := len(a.commits) > 0 && anyPrefix(a.commits, commit)
		if a.and && (onPath || len(a.paths) == 0) && (onCommit || len(a.commits) == 0) {
			return true
		}
		if !a.and && (onPath || onCommit) {
			return true
		}
	}
	return false
}

func (e *Engine) pathMatches(r *compiledRule, path string) bool {
	r.pathOnce.Do(func() { r.path, _ = e.regexps.compile(r.Path) })
	return r.path != nil && anyMatch([]matcher{r.path}, path)
}

// anyMatch reports whether an expression matches a path. To expressions an archive is a directory as well: to one for
// (^|/)id_rsa$ both a.zip!id_rsa and a.zip/id_rsa are put.
func anyMatch(ms []matcher, path string) bool {
	as := [][]byte{[]byte(path)}
	if strings.Contains(path, archive.Separator) {
		as = append(as, []byte(strings.ReplaceAll(path, archive.Separator, "/")))
	}
	for _, m := range ms {
		for _, p := range as {
			if m.Match(p) {
				return true
			}
		}
	}
	return false
}

// anyPrefix reports whether commit begins with one of the abbreviated ids.
func anyPrefix(ids []string, commit string) bool {
	for _, id := range ids {
		if id != "" && strings.HasPrefix(commit, id) {
			return true
		}
	}
	return false
}

// mostSpecific keeps of matches whose secrets overlap the most specific, of those first whose confidence has the rank
// least. Matches of a group are neighbours.
func mostSpecific(ms []Match, least int) []Match {
	out := ms[:0]
	for len(ms) > 0 {
		n := 1
		for n < len(ms) && ms[n].Group == ms[0].Group {
			n++
		}
		if n == 1 {
			out = append(out, ms[0])
		} else {
			out = append(out, apart(ms[:n], least)...)
		}
		ms = ms[n:]
	}
	return out
}

// isGeneric reports whether a rule is one that in gitleaks yields to every other whose match begins on the same line and whose
// secret has its own. It is told by its name.
func isGeneric(m *Match) bool { return strings.Contains(strings.ToLower(m.Rule.ID), "generic") }

// everyRule keeps of matches whose secrets overlap those of all rules that a file of the user's defines, as gitleaks does, and
// of the built-in ones the most specific. Matches of a group are neighbours.
func everyRule(ms []Match, least int) []Match {
	var out []Match
	for len(ms) > 0 {
		n := 1
		for n < len(ms) && ms[n].Group == ms[0].Group {
			n++
		}
		group := ms[:n]
		ms = ms[n:]
		var own, builtin []Match
		for i := range group {
			m := &group[i]
			yields := isGeneric(m) && slices.ContainsFunc(group, func(k Match) bool {
				return !isGeneric(&k) && overlap(m, &k) && strings.Contains(k.Secret, m.Secret) && m.above == k.above
			})
			switch {
			case m.Rule.Source.Line == 0:
				builtin = append(builtin, *m)
			case !yields:
				own = append(own, *m)
			}
		}
		if len(builtin) > 1 {
			builtin = apart(builtin, least)
		}
		own = append(own, builtin...)
		slices.SortStableFunc(own, func(a, b Match) int { return cmp.Compare(a.SecretStart, b.SecretStart) })
		out = append(out, own...)
	}
	return out
}

// apart picks matches whose secrets do not overlap, the most specific first, and
// returns them in their order.
func apart(group []Match, least int) []Match {
	ranked := slices.Clone(group)
	slices.SortStableFunc(ranked, func(a, b Match) int {
		return cmp.Or(compareBool(rank(a.Confidence) < least, rank(b.Confidence) < least), bySpecificity(a, b))
	})
	var kept []Match
	for _, m := range ranked {
		if !slices.ContainsFunc(kept, func(k Match) bool {
			return overlap(&m, &k)
		}) {
			kept = append(kept, m)
		}
	}
	slices.SortFunc(kept, func(a, b Match) int { return cmp.Compare(a.SecretStart, b.SecretStart) })
	return kept
}

// overlap reports whether the secrets of two matches share bytes. Two that one encoded span holds stand
// at the same place, but apart in what it decodes to.
func overlap(a, b *Match) bool {
	if a.SecretStart >= b.SecretEnd || b.SecretStart >= a.SecretEnd {
		return false
	}
	x, y := a.inner, b.inner
	if a.SecretStart != b.SecretStart || a.SecretEnd != b.SecretEnd {
		return true
	}
	for len(x) > 0 && len(y) > 0 {
		if x[0] >= y[1] || y[0] >= x[1] {
			return false
		}
		if x[0] != y[0] || x[1] != y[1] {
			return true
		}
		x, y = x[2:], y[2:]
	}
	return true
}

// bySpecificity orders matches of the same bytes: a rule of a known issuer before a
// weak one, a proof before none, what an encoded value says before the value itself, a self-evident secret before one
// that its name makes so, the longer secret, the smaller id.
func bySpecificity(a, b Match) int {
	return cmp.Or(
		compareBool(a.Rule.Weak, b.Rule.Weak),
		compareBool(a.Proof.Status == proof.None, b.Proof.Status == proof.None),
		compareBool(a.Verdict != nil, b.Verdict != nil),
		compareBool(len(a.Via) == 0, len(b.Via) == 0),
		compareScores(a.Verdict, b.Verdict),
		compareBool(a.rule.style == styleAssigned, b.rule.style == styleAssigned),
		cmp.Compare(len(b.Secret), len(a.Secret)),
		cmp.Compare(a.Rule.ID, b.Rule.ID),
	)
}

// compareBool puts false before true.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// AppendKey appends bytes to dst that are the same for two lists of matches if
// [Engine.Keep] cannot tell them apart: rules, secrets, what was allowed, how
// secrets overlap, and how matches that must be near one another stand, but not where in the text.
func AppendKey(dst []byte, ms []Match) []byte {
	groupStart, firstLine, member := 0, int32(0), ""
	for i, m := range ms {
		if i == 0 || m.Group != ms[i-1].Group {
			groupStart = m.SecretStart
		}
		if m.Member != member {
			member = m.Member
			dst = appendString(append(dst, 0), member)
		}
		dst = appendString(dst, m.Rule.ID)
		dst = appendString(dst, m.Secret)
		dst = appendString(dst, m.Allowed)
		dst = binary.AppendUvarint(dst, uint64(m.Group))
		dst = binary.AppendUvarint(dst, uint64(m.SecretStart-groupStart))
		dst = binary.AppendUvarint(dst, uint64(m.above))
		dst = appendPlace(dst, m, &firstLine)
		if m.Verdict != nil {
			dst = m.Verdict.AppendKey(dst)
		}
		if len(m.Via) > 0 {
			dst = binary.AppendUvarint(dst, uint64(m.SecretEnd-m.SecretStart))
		}
		dst = binary.AppendUvarint(dst, uint64(len(m.inner)))
		for _, p := range m.inner {
			dst = binary.AppendUvarint(dst, uint64(p))
		}
		dst = binary.AppendUvarint(dst, uint64(len(m.pending)))
		for _, p := range m.pending {
			dst = binary.AppendUvarint(dst, uint64(p))
		}
	}
	return dst
}

func appendString(dst []byte, s string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}
