package detect

import (
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/straykey/straykey/detect/archive"
	"github.com/straykey/straykey/rules"
)

// A rule on paths alone makes a finding of a file, whatever the file holds: a key store, a dump of passwords.
// Its Credential has a File and no Secret, and its Match no place in the text. Members of archives are files, too: of
// these a scan notes which may be named, and Keep knows where the archive stands.

// PathRules returns the rules on paths alone that name this path.
func (e *Engine) PathRules(path string) []*rules.Rule {
	var out []*rules.Rule
	for _, r := range e.pathy {
		if e.pathMatches(r, path) {
			out = append(out, r.Rule)
		}
	}
	return out
}

// pathFindings returns what rules on paths alone make of a file.
func (e *Engine) pathFindings(path string) []Match {
	if path == "" {
		return nil
	}
	var out []Match
	for _, r := range e.pathy {
		if !e.pathMatches(r, path) {
			continue
		}
		out = append(out, Match{Credential: e.fileCredential(r, path), Group: -1})
	}
	return out
}

// NamesFiles returns what tells whether some rule on paths alone may name a path that ends in this name; nil
// if there are no such rules. It errs on the side of true.
func (e *Engine) NamesFiles() func(name string) bool {
	if len(e.pathy) == 0 {
		return nil
	}
	return func(name string) bool {
		return slices.ContainsFunc(e.pathy, func(r *compiledRule) bool { return !r.SkipReport && r.pathEnd().may(name) })
	}
}

// mayName returns a credential for each rule on paths alone that may name a member of this name, wherever its archive stands.
func (e *Engine) mayName(member string) []*Credential {
	if len(e.pathy) == 0 || member == archive.Unnamed || strings.HasSuffix(member, archive.Separator+archive.Unnamed) {
		return nil
	}
	base := member[strings.LastIndexAny(member, "/"+archive.Separator)+1:]
	var out []*Credential
	for _, r := range e.pathy {
		if r.pathEnd().may(base) {
			out = append(out, e.fileCredential(r, member))
		}
	}
	return out
}

// fileCredential is what a rule on paths alone makes of a file. The index of an allowlist with criteria on the text
// is not among those that wait for the place: there is no text to hold it against.
func (e *Engine) fileCredential(r *compiledRule, path string) *Credential {
	c := &Credential{Rule: r.Rule, rule: r, File: path}
	for i, a := range e.lists(r) {
		if a.hasPlace() && !(a.and && a.hasContent()) {
			c.pending = append(c.pending, i)
		}
	}
	return c
}

// filesAt tells of the matches that are files where these stand.
func filesAt(ms []Match, path string) {
	for i, m := range ms {
		if m.File != "" {
			c := *m.Credential
			c.File = path
			ms[i].Credential = &c
		}
	}
}

// pathEnd tells whether an expression can match a path that ends in a given name, by running it as an automaton from
// all states in which the directory before the name may leave it.
type pathEnd struct {
	prog *syntax.Prog // nil: it may match any
	from []uint32     // the states behind a slash
}

// pathEnd returns what tells names that the rule cannot mean.
func (c *compiledRule) pathEnd() *pathEnd {
	c.endOnce.Do(func() { c.end = newPathEnd(c.Path) })
	return c.end
}

func newPathEnd(expr string) *pathEnd {
	parsed, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return &pathEnd{}
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return &pathEnd{}
	}
	p := &pathEnd{prog: prog}
	// An expression that need not reach the end of the path may match in the directory.
	if p.closure([]uint32{uint32(prog.Start)}, anywhere).matched {
		return &pathEnd{}
	}
	for i := range prog.Inst {
		if in := &prog.Inst[i]; consumes(in) {
			if in.MatchRune('/') {
				p.from = append(p.from, in.Out)
			}
			if p.closure([]uint32{in.Out}, anywhere).matched {
				return &pathEnd{}
			}
		}
	}
	return p
}

func consumes(in *syntax.Inst) bool {
	switch in.Op {
	case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		return true
	}
	return false
}

// may reports whether the expression can match some path whose last part is name. Names that are not plain
// ASCII may always: to expressions bytes are characters, or not.
func (p *pathEnd) may(name string) bool {
	if p.prog == nil || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r >= 0x7f }) {
		return true
	}
	states := append([]uint32{uint32(p.prog.Start)}, p.from...)
	where := anywhere
	for i := range len(name) {
		c := p.closure(states, where)
		where = within
		states = append(states[:0], uint32(p.prog.Start)) // a match may start here
		for _, pc := range c.runes {
			if in := &p.prog.Inst[pc]; in.MatchRune(rune(name[i])) {
				states = append(states, in.Out)
			}
		}
	}
	return p.closure(states, atEnd).matched
}

// Which assertions on the ends of a path cannot hold; all others are taken to hold.
const (
	anywhere = syntax.EmptyEndText // may be the start, is not the end
	within   = syntax.EmptyBeginText | syntax.EmptyEndText
	atEnd    = syntax.EmptyBeginText
)

type reached struct {
	runes   []uint32 // states that wait for a character
	matched bool
}

// closure follows what consumes nothing.
func (p *pathEnd) closure(from []uint32, unmet syntax.EmptyOp) reached {
	var out reached
	seen := make([]bool, len(p.prog.Inst))
	todo := slices.Clone(from)
	for len(todo) > 0 {
		pc := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[pc] {
			continue
		}
		seen[pc] = true
		switch in := &p.prog.Inst[pc]; in.Op {
		case syntax.InstMatch:
			out.matched = true
		case syntax.InstAlt, syntax.InstAltMatch:
			todo = append(todo, in.Out, in.Arg)
		case syntax.InstCapture, syntax.InstNop:
			todo = append(todo, in.Out)
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(in.Arg)&unmet == 0 {
				todo = append(todo, in.Out)
			}
		case syntax.InstFail:
		default:
			out.runes = append(out.runes, pc)
		}
	}
	return out
}
