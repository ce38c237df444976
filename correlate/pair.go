package correlate

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/rules"
)

// Scope says how near the halves of a pair stand.
type Scope string

// The scopes, nearest first.
const (
	SameLine   Scope = "line"   // on one line, and not in different brackets of it
	SameBlock  Scope = "block"  // without an empty line between them, and not in different brackets
	SameFile   Scope = "file"   // in one text
	SameCommit Scope = "commit" // in files that one commit brings
)

func (s Scope) rank() int { return slices.Index([]Scope{SameLine, SameBlock, SameFile, SameCommit}, s) }

// Partner is the other half of a finding: the secret of a key id, the id of a secret.
type Partner struct {
	Rule        *rules.Rule
	Secret      string // raw, as that of a finding
	Fingerprint string
	Scope       Scope
	Lines       int // between the two; 0 in SameCommit

	// Where it stands, in the text in which the two are nearest.
	Object       string
	Path         string
	Line, Column int
}

// MaxPartners bounds the partners listed for a finding.
const MaxPartners = 5

// Limits of pairing. What is beyond them is a dump of credentials, of which nobody can tell which belong together.
const (
	maxHalves   = 2000      // in a text
	maxTried    = 8         // other halves that are tried on either side of a half
	maxInCommit = 8         // halves of a kind that have no partner in their own files
	lineReach   = 2 << 10   // bytes; beyond them a line is no neighbourhood
	blockReach  = 64 << 10  // bytes
	maxBrackets = 64        // that are open at a place
	maxScanned  = 128 << 20 // bytes of text
)

// Pair is two matches of one text that belong together: the rule of the first names that of the second
// ([rules.Rule.Pair]).
type Pair struct {
	of     [2]*detect.Credential
	at     [2]spot
	member string // in which both stand; empty: the text itself
	scope  Scope
	bytes  int
}

// spot is where a half stands.
type spot struct {
	line, column int
	pos          int
	block        int     // number of empty lines before
	open         []int32 // places of the brackets that are open there
}

// Pairs tells which halves in a text belong together, given the matches of rules that pair in order of place
// ([detect.Engine.Halves]). Each half has at most one partner of a kind, and nearer ones go first.
func Pairs(text []byte, halves []detect.Match) []Pair {
	halves = halves[:min(len(halves), maxHalves)]
	relations := relationsOf(halves)
	if len(relations) == 0 {
		return nil
	}
	spots := spotsOf(text[:min(len(text), maxScanned)], halves)
	var all []Pair
	for _, r := range relations {
		all = append(all, match(r, halves, spots)...)
	}
	return all
}

// relation is the halves of two kinds, by index.
type relation struct{ first, second []int }

// relationsOf finds the kinds of halves that may pair, in order of the rules' ids.
func relationsOf(halves []detect.Match) []relation {
	byRule := map[string][]int{}
	for i, m := range halves {
		byRule[m.Rule.ID] = append(byRule[m.Rule.ID], i)
	}
	var ids []string
	for id := range byRule {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var out []relation
	for _, id := range ids {
		for _, other := range halves[byRule[id][0]].Rule.Pair {
			if len(byRule[other]) > 0 {
				out = append(out, relation{byRule[id], byRule[other]})
			}
		}
	}
	return out
}

// spotsOf tells where halves stand.
func spotsOf(text []byte, halves []detect.Match) []spot {
	out := make([]spot, len(halves))
	at := spot{line: 1}
	lineStart := 0
	var open []int32
	tooDeep := 0
	pos := 0
	for i, h := range halves {
		for ; pos < min(h.SecretStart, len(text)); pos++ {
			switch text[pos] {
			case '\n':
				if l := bytes.TrimSpace(text[lineStart:pos]); len(l) == 0 || string(l) == "---" {
					at.block++
				}
				at.line++
				lineStart = pos + 1
			case '{', '[':
				if len(open) < maxBrackets {
					open = append(open, int32(pos))
				} else {
					tooDeep++
				}
			case '}', ']':
				if tooDeep > 0 {
					tooDeep--
				} else if len(open) > 0 {
					open = open[:len(open)-1]
				}
			}
		}
		at.pos, at.column, at.open = h.SecretStart, h.SecretStart-lineStart+1, slices.Clone(open)
		out[i] = at
	}
	return out
}

// scopeOf tells how near two places are.
func scopeOf(a, b spot) Scope {
	distance := max(a.pos-b.pos, b.pos-a.pos)
	n := min(len(a.open), len(b.open))
	if a.block != b.block || distance > blockReach || !slices.Equal(a.open[:n], b.open[:n]) {
		return SameFile
	}
	if a.line == b.line && distance <= lineReach {
		return SameLine
	}
	return SameBlock
}

// match picks partners: of all that are near one another the nearest first.
func match(r relation, halves []detect.Match, spots []spot) []Pair {
	type candidate struct {
		Pair
		i, j int
	}
	var all []candidate
	for _, i := range r.first {
		at := sort.Search(len(r.second), func(k int) bool { return spots[r.second[k]].pos >= spots[i].pos })
		for _, j := range r.second[max(0, at-maxTried):min(len(r.second), at+maxTried)] {
			if i == j || overlap(halves[i], halves[j]) {
				continue
			}
			a, b := spots[i], spots[j]
			all = append(all, candidate{Pair{
				of: [2]*detect.Credential{halves[i].Credential, halves[j].Credential}, at: [2]spot{a, b}, member: halves[i].Member,
				scope: scopeOf(a, b), bytes: max(a.pos-b.pos, b.pos-a.pos),
			}, i, j})
		}
	}
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(a.compare(&b.Pair), cmp.Compare(a.i, b.i), cmp.Compare(a.j, b.j))
	})
	taken := map[int]bool{}
	var out []Pair
	for _, c := range all {
		if taken[c.i] || taken[c.j] {
			continue
		}
		taken[c.i], taken[c.j] = true, true
		out = append(out, c.Pair)
	}
	return out
}

// overlap reports whether two matches claim the same bytes. What was decoded out of one text has its place, and yet
// stands apart.
func overlap(a, b detect.Match) bool {
	if len(a.Via) > 0 && len(b.Via) > 0 {
		return false
	}
	return a.SecretStart < b.SecretEnd && b.SecretStart < a.SecretEnd
}

func (p *Pair) lines() int { return max(p.at[0].line-p.at[1].line, p.at[1].line-p.at[0].line) }

// compare puts nearer pairs first.
func (p *Pair) compare(q *Pair) int {
	return cmp.Or(cmp.Compare(p.scope.rank(), q.scope.rank()), cmp.Compare(p.lines(), q.lines()), cmp.Compare(p.bytes, q.bytes))
}

// placedPair is a pair and the text it stands in.
type placedPair struct {
	Pair
	object, path [2]string
}

func (p *placedPair) compare(q *placedPair) int {
	return cmp.Or(
		p.Pair.compare(&q.Pair),
		slices.Compare(p.path[:], q.path[:]),
		cmp.Compare(p.at[0].pos, q.at[0].pos),
		cmp.Compare(p.at[1].pos, q.at[1].pos),
		slices.Compare(p.object[:], q.object[:]),
	)
}

// AddPairs records what belongs together in a text, of which are said the object, if it is one, and the path. Of
// several texts the one in which two halves are nearest counts.
func (b *Builder) AddPairs(pairs []Pair, object, path string) {
	for _, p := range pairs {
		at := detect.MemberPath(path, p.member)
		b.addPair(placedPair{p, [2]string{object, object}, [2]string{at, at}})
	}
}

// MayPair reports whether Pairs would find something.
func MayPair(halves []detect.Match) bool { return len(relationsOf(halves)) > 0 }

// Lonely reports whether some of the halves in a text has no partner of a kind that is in the same text.
func (b *Builder) Lonely(halves []detect.Match) bool {
	for _, r := range relationsOf(halves) {
		for side, list := range [][]int{r.first, r.second} {
			kind := halves[[]int{r.second[0], r.first[0]}[side]].Rule.ID
			for _, i := range list {
				if !b.partnered[partnered{b.Credential(halves[i].Credential), side, kind}] {
					return true
				}
			}
		}
	}
	return false
}

// partnered says that a credential, the half on a side of its pairs, has a partner of a kind.
type partnered struct {
	cred uint32
	side int
	kind string // id of the partner's rule
}

func (b *Builder) addPair(p placedPair) {
	key := [2]uint32{b.Credential(p.of[0]), b.Credential(p.of[1])}
	if b.pairs == nil {
		b.pairs, b.partnered = map[[2]uint32]placedPair{}, map[partnered]bool{}
	}
	for side, cred := range key {
		b.partnered[partnered{cred, side, p.of[1-side].Rule.ID}] = true
	}
	if old, ok := b.pairs[key]; !ok || p.compare(&old) < 0 {
		b.pairs[key] = p
	}
}

// pairCommits pairs, of findings that have no partner of a kind in their own files, those that one commit brings.
func (b *Builder) pairCommits() {
	paired := maps.Clone(b.partnered)         // by what stands in one text
	groups := map[string]map[string][]place{} // by commit and rule
	for n, c := range b.creds {
		for _, p := range c.places {
			commit := commitKey(p.at)
			if commit == "" {
				continue
			}
			if groups[commit] == nil {
				groups[commit] = map[string][]place{}
			}
			p.cred = uint32(n)
			groups[commit][p.seen.Rule.ID] = append(groups[commit][p.seen.Rule.ID], p)
		}
	}
	for _, byRule := range groups {
		for id, first := range byRule {
			for _, other := range first[0].seen.Rule.Pair {
				b.pairCommit(lonely(first, paired, 0, other), lonely(byRule[other], paired, 1, id))
			}
		}
	}
}

// commitKey names the commit that brings an occurrence; staged changes are one.
func commitKey(o Occurrence) string {
	switch {
	case o.Kind == "staged":
		return o.Kind
	case o.First != nil:
		return o.First.ID
	}
	return ""
}

// lonely returns the first place of each credential without a partner of a kind.
func lonely(places []place, paired map[partnered]bool, side int, kind string) []place {
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.cred, b.cred), compareOccurrences(a.at, b.at))
	})
	var out []place
	for i, p := range places {
		if !paired[partnered{p.cred, side, kind}] && (i == 0 || places[i-1].cred != p.cred) {
			out = append(out, p)
		}
	}
	return out
}

// pairCommit pairs what few halves a commit brings, those in neighbouring directories first.
func (b *Builder) pairCommit(first, second []place) {
	if len(first) == 0 || len(second) == 0 || len(first) > maxInCommit || len(second) > maxInCommit {
		return
	}
	type candidate struct {
		a, c place
	}
	var all []candidate
	for _, a := range first {
		for _, c := range second {
			if a.cred != c.cred {
				all = append(all, candidate{a, c})
			}
		}
	}
	slices.SortFunc(all, func(x, y candidate) int {
		return cmp.Or(
			cmp.Compare(pathDistance(x.a.at.Path, x.c.at.Path), pathDistance(y.a.at.Path, y.c.at.Path)),
			compareOccurrences(x.a.at, y.a.at), compareOccurrences(x.c.at, y.c.at),
		)
	})
	taken := map[uint32]bool{}
	for _, x := range all {
		if taken[x.a.cred] || taken[x.c.cred] {
			continue
		}
		taken[x.a.cred], taken[x.c.cred] = true, true
		b.addPair(placedPair{
			Pair{of: [2]*detect.Credential{x.a.seen, x.c.seen}, at: [2]spot{spotAt(x.a.at), spotAt(x.c.at)}, scope: SameCommit},
			[2]string{x.a.at.Object, x.c.at.Object},
			[2]string{x.a.at.Path, x.c.at.Path},
		})
	}
}

func spotAt(o Occurrence) spot { return spot{line: o.Line, column: o.Column} }

// pathDistance is how many directories and names two paths do not share.
func pathDistance(a, b string) int {
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	n := 0
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	return len(x) + len(y) - 2*n
}

// partners returns the partners of each credential, nearest first, and without fingerprints, with the number of each.
func (b *Builder) partners() map[uint32][]numbered {
	out := map[uint32][]numbered{}
	add := func(of, other uint32, p *placedPair, side int) {
		out[of] = append(out[of], numbered{other, p.of[side], *p, Partner{
			Rule: p.of[side].Rule, Secret: p.of[side].Secret, Scope: p.scope, Object: p.object[side], Path: p.path[side],
			Line: p.at[side].line, Column: p.at[side].column,
		}})
	}
	for key, p := range b.pairs {
		add(key[0], key[1], &p, 1)
		add(key[1], key[0], &p, 0)
	}
	for _, list := range out {
		slices.SortFunc(list, func(x, y numbered) int {
			return cmp.Or(x.pair.compare(&y.pair), strings.Compare(x.Rule.ID, y.Rule.ID), strings.Compare(x.seen.Secret, y.seen.Secret))
		})
		for i := range list {
			if list[i].Scope != SameCommit {
				list[i].Lines = list[i].pair.lines()
			}
		}
	}
	for n, list := range out {
		out[n] = list[:min(len(list), MaxPartners)]
	}
	return out
}

// numbered is a partner and the number of its credential.
type numbered struct {
	cred uint32
	seen *detect.Credential
	pair placedPair
	Partner
}

// addPartners lists the partners of a finding. One that has the other half next to it is as sure as can be.
func (f *Finding) addPartners(list []numbered, prints []string) {
	for _, p := range list {
		p.Fingerprint = prints[p.cred]
		f.Partners = append(f.Partners, p.Partner)
		if p.Scope == SameLine || p.Scope == SameBlock {
			f.Confidence = rules.HighConfidence
		}
	}
}
