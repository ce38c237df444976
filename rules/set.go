package rules

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Rule returns the rule of an id, or nil. Aliases are not looked at.
func (s *Set) Rule(id string) *Rule {
	i, ok := slices.BinarySearchFunc(s.Rules, id, func(r *Rule, id string) int { return strings.Compare(r.ID, id) })
	if !ok {
		return nil
	}
	return s.Rules[i]
}

// Only returns the set with no other rules than those named by id or alias. A rule
// that one of them requires stays too, but is not reported. An id that names no
// rule is an error.
func (s *Set) Only(ids []string) (*Set, error) {
	named, err := s.named(ids)
	if err != nil {
		return nil, err
	}
	off := map[string]bool{}
	for _, r := range s.Rules {
		off[r.ID] = !named[r.ID]
	}
	return s.without(off)
}

// Skip returns the set without the rules named by id or alias. A rule that one of
// the others requires stays, but is not reported. An id that names no rule is an
// error, and so is a set without rules.
func (s *Set) Skip(ids []string) (*Set, error) {
	named, err := s.named(ids)
	if err != nil {
		return nil, err
	}
	return s.without(named)
}

// named resolves ids and aliases to ids.
func (s *Set) named(ids []string) (map[string]bool, error) {
	out, all := map[string]bool{}, layerOf(s)
	all.builtin = true
	for _, id := range ids {
		found := all.find(id)
		if len(found) == 0 {
			return nil, fmt.Errorf("no rule %s%s; straykey rules list prints all ids", quote(id), suggestion(id, all.ids()))
		}
		for _, d := range found {
			out[d.ID] = true
		}
	}
	return out, nil
}

// without returns a set without the rules that are off.
func (s *Set) without(off map[string]bool) (*Set, error) {
	l := layerOf(s)
	drafts := map[*draft]bool{}
	for _, d := range l.rules {
		drafts[d] = off[d.ID]
	}
	l.remove(drafts)
	if !slices.ContainsFunc(l.rules, func(d *draft) bool { return !d.SkipReport }) {
		return nil, fmt.Errorf("no rule is left in force; name fewer rules to skip")
	}
	out := l.set()
	out.Warnings = s.Warnings
	return out, nil
}

// hash digests all that decides what a set finds, each part with its length
// before it, so that no two sets write the same bytes.
func hash(s *Set) string {
	d := digest{}
	d.number(hashVersion)
	d.number(len(s.Rules))
	for _, r := range s.Rules {
		d.rule(r)
	}
	d.allowlists(s.Allowlists)
	sum := sha256.Sum256(d.buf)
	return hex.EncodeToString(sum[:16])
}

// hashVersion changes when the meaning of a field changes.
const hashVersion = 2

type digest struct{ buf []byte }

func (d *digest) number(n int) { d.buf = binary.AppendVarint(d.buf, int64(n)) }

func (d *digest) flag(b bool) {
	if b {
		d.number(1)
	} else {
		d.number(0)
	}
}

func (d *digest) texts(list ...string) {
	d.number(len(list))
	for _, s := range list {
		d.number(len(s))
		d.buf = append(d.buf, s...)
	}
}

func (d *digest) optional(n *int) {
	d.flag(n != nil)
	if n != nil {
		d.number(*n)
	}
}

func (d *digest) rule(r *Rule) {
	d.texts(r.ID, r.Family, r.Regex, r.Token, r.Assigned, r.Detector, r.Path, r.Proof,
		string(r.Confidence), string(r.Class))
	d.texts(r.Keywords...)
	d.texts(r.Names...)
	d.number(r.SecretGroup)
	d.buf = binary.BigEndian.AppendUint64(d.buf, math.Float64bits(r.Entropy))
	d.number(r.Reach)
	d.flag(r.Multiline)
	d.flag(r.Weak)
	d.flag(r.SkipReport)
	d.allowlists(r.Allowlists)
	d.texts(r.Pair...)
	d.number(len(r.Required))
	for _, q := range r.Required {
		d.texts(q.ID)
		d.optional(q.WithinLines)
		d.optional(q.WithinColumns)
	}
}

func (d *digest) allowlists(list []Allowlist) {
	d.number(len(list))
	for _, a := range list {
		d.flag(a.And)
		d.texts(a.Commits...)
		d.texts(a.Paths...)
		d.texts(a.RegexTarget)
		d.texts(a.Regexes...)
		d.texts(a.StopWords...)
		d.texts(a.TargetRules...)
	}
}
