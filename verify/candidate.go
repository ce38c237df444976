package verify

import (
	"cmp"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/detect/proof"
	"github.com/straykey/straykey/rules"
)

// Limits on what is tried for one finding.
const (
	maxGuesses     = 8  // combinations of what was found near it
	maxAttempts    = 32 // the same with each of the values that a rule lists
	maxOccurrences = 8  // places at which parts are looked for
	nearLines      = 10 // between a secret and a part that belongs to it if anything does
	maxElsewhere   = 64 // findings of a rule among which the nearest are looked for
	maxCombined    = 4096
)

// Candidate is a finding with the attempts to make.
type Candidate struct {
	Rule        *rules.Rule
	Fingerprint string
	Secret      string // raw
	Proof       proof.Result
	InHead      bool // it stands where people work now

	// Nearby are the texts around the places it stands at, and whatever else tells of which instance of its issuer it is.
	Nearby []string

	Attempts []Attempt // the most likely first
	// More says that there were more combinations than are in Attempts.
	More bool
	// Missing says what a check needs and was not found; then there are no attempts.
	Missing string
}

// Attempt is one way to ask about a candidate.
type Attempt struct {
	Credential
	// Near says that all parts stand on the line, in the block or in the file of the secret, or are of a list that the
	// rule gives, so that they belong to it if anything does.
	Near bool
	// With are the fingerprints of the findings that parts were taken from.
	With []string
}

// Candidates returns a candidate for each finding, in order.
func Candidates(findings []correlate.Finding) []Candidate {
	b := builder{byRule: map[string][]*correlate.Finding{}, compiled: map[string]*regexp.Regexp{}}
	for i := range findings {
		id := findings[i].Rule.ID
		b.byRule[id] = append(b.byRule[id], &findings[i])
	}
	out := make([]Candidate, len(findings))
	for i := range findings {
		out[i] = b.candidate(&findings[i])
	}
	return out
}

// builder makes the candidates of one report.
type builder struct {
	byRule   map[string][]*correlate.Finding
	compiled map[string]*regexp.Regexp // nil: not understood
}

func (b *builder) candidate(f *correlate.Finding) Candidate {
	c := Candidate{Rule: f.Rule, Fingerprint: f.Fingerprint, Secret: f.Secret, Proof: f.Proof}
	c.InHead = slices.ContainsFunc(f.Occurrences, func(o correlate.Occurrence) bool { return o.InHead })
	switch v := f.Rule.Verify; {
	case f.Secret == "":
	case v == nil:
		if len(f.Rule.Pair) > 0 && len(f.Partners) == 0 {
			c.Missing = missing(f.Rule.Pair)
		}
	default:
		b.attempts(&c, f, v)
	}
	return c
}

// missing says which other half there is not.
func missing(ids []string) string { return "no " + strings.Join(ids, " or ") + " near it" }

// option is a value that a part may have.
type option struct {
	value  string
	near   bool
	listed bool   // the rule gives it
	with   string // fingerprint of the finding it is the secret of
}

// attempts puts the options of all parts together, for each place at which the secret stands.
func (b *builder) attempts(c *Candidate, f *correlate.Finding, v *rules.Verify) {
	var all []combination
	places := b.places(f)
	for i := range places {
		place := &places[i]
		text, _ := surroundings(place)
		c.Nearby = append(c.Nearby, place.Frame.Match, text)
		options := make([][]option, len(v.Parts))
		lacking := ""
		for i := range v.Parts {
			p := &v.Parts[i]
			options[i] = b.options(f, place, p)
			switch {
			case len(options[i]) > 0:
			case p.Optional:
				options[i] = []option{{near: true}}
			case len(p.Rules) > 0:
				lacking = missing(p.Rules)
			default:
				lacking = "no " + p.Name + " found near it"
			}
		}
		if lacking != "" {
			c.Missing = cmp.Or(c.Missing, lacking)
			continue
		}
		all = append(all, combine(options, place, &c.More)...)
	}
	for _, combined := range likely(all, v.Check != "", &c.More) {
		a := Attempt{Near: combined.unsure == 0, Credential: Credential{
			Rule: f.Rule, Fingerprint: f.Fingerprint, Secret: f.Secret, Parts: map[string]string{},
			Match: combined.place.Frame.Match, Around: strings.Join(combined.place.Frame.Lines, "\n"),
		}}
		for i, o := range combined.chosen {
			if o.value != "" {
				a.Parts[v.Parts[i].Name] = o.value
			}
			if o.with != "" {
				a.With = append(a.With, o.with)
			}
		}
		c.Attempts = append(c.Attempts, a)
	}
	if len(c.Attempts) > 0 {
		c.Missing = ""
	}
}

// Complete returns the parts of a credential together with those of a list that it has not, where the text of the credential
// itself tells them: what revoking it needs and asking about it does not.
func Complete(c *Credential, parts []rules.Part) map[string]string {
	out := map[string]string{}
	maps.Copy(out, c.Parts)
	for i := range parts {
		p := &parts[i]
		if out[p.Name] != "" || p.Regex == "" {
			continue
		}
		re, err := regexp.Compile(p.Regex)
		if err != nil { // the loader of rules has seen to it that there is none
			continue
		}
		for _, text := range []string{c.Secret, c.Match, c.Around} {
			if m := re.FindStringSubmatch(text); m != nil {
				out[p.Name] = group(m)
				break
			}
		}
	}
	return out
}

// places returns the occurrences to look at, those of the current state first. There is at least one.
func (b *builder) places(f *correlate.Finding) []correlate.Occurrence {
	all := slices.Clone(f.Occurrences)
	slices.SortStableFunc(all, func(x, y correlate.Occurrence) int { return boolean(y.InHead) - boolean(x.InHead) })
	if len(all) == 0 {
		return []correlate.Occurrence{{}}
	}
	return all[:min(len(all), maxOccurrences)]
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// options returns the values that a part may have at a place, the most likely first.
func (b *builder) options(f *correlate.Finding, place *correlate.Occurrence, p *rules.Part) []option {
	var out []option
	add := func(o option) {
		if o.value != "" && !slices.ContainsFunc(out, func(other option) bool { return other.value == o.value }) {
			out = append(out, o)
		}
	}
	if re := b.regexp(p.Regex); re != nil {
		for _, text := range []string{f.Secret, place.Frame.Match} {
			if m := re.FindStringSubmatch(text); m != nil {
				return []option{{value: group(m), near: true}}
			}
		}
		for _, h := range around(re, place) {
			add(option{value: h.value, near: h.lines <= nearLines})
		}
	}
	for _, partner := range f.Partners {
		if slices.Contains(p.Rules, partner.Rule.ID) {
			add(option{value: partner.Secret, near: partner.Scope != correlate.SameCommit, with: partner.Fingerprint})
		}
	}
	for _, other := range b.elsewhere(f, p.Rules) {
		add(option{value: other.Secret, with: other.Fingerprint})
	}
	out = out[:min(len(out), maxGuesses)]
	for _, value := range p.Values {
		add(option{value: value, near: true, listed: true})
	}
	return out
}

// hit is a part that stands around a secret, and how many lines away.
type hit struct {
	value string
	lines int
}

// around looks for a part in the text around a secret, nearest line first.
func around(re *regexp.Regexp, o *correlate.Occurrence) []hit {
	text, first := surroundings(o)
	var hits []hit
	for _, at := range re.FindAllStringSubmatchIndex(text, -1) {
		start, end := at[0], at[1]
		for g := 2; g < len(at); g += 2 {
			if at[g] < at[g+1] {
				start, end = at[g], at[g+1]
				break
			}
		}
		line := first + strings.Count(text[:start], "\n")
		hits = append(hits, hit{text[start:end], max(line-o.Line, o.Line-line)})
	}
	slices.SortStableFunc(hits, func(x, y hit) int { return cmp.Compare(x.lines, y.lines) })
	return hits
}

// surroundings returns the most that is known of the text around a place, and the number of its first line.
func surroundings(o *correlate.Occurrence) (text string, firstLine int) {
	text = strings.Join(o.Frame.Lines, "\n")
	if len(o.Frame.Around) > len(text) {
		return o.Frame.Around, o.Frame.AroundLine
	}
	return text, o.Frame.FirstLine
}

// group returns the first group of a match that is not empty, or all of it.
func group(m []string) string { return cmp.Or(append(m[1:len(m):len(m)], m[0])...) }

// regexp compiles an expression once. The loader of rules has seen to it that it compiles.
func (b *builder) regexp(expr string) *regexp.Regexp {
	if expr == "" {
		return nil
	}
	re, ok := b.compiled[expr]
	if !ok {
		re, _ = regexp.Compile(expr)
		b.compiled[expr] = re
	}
	return re
}

// elsewhere returns findings of rules anywhere in the report, those in near directories first.
func (b *builder) elsewhere(f *correlate.Finding, ids []string) []*correlate.Finding {
	var out []*correlate.Finding
	for _, id := range ids {
		list := b.byRule[id]
		out = append(out, list[:min(len(list), maxElsewhere)]...)
	}
	out = slices.DeleteFunc(out, func(other *correlate.Finding) bool { return other == f })
	slices.SortStableFunc(out, func(x, y *correlate.Finding) int { return cmp.Compare(apart(f, x), apart(f, y)) })
	return out[:min(len(out), maxGuesses)]
}

// apart is how many directories and names the first places of two findings do not share.
func apart(f, g *correlate.Finding) int {
	a, b := steps(f), steps(g)
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return len(a) + len(b) - 2*n
}

func steps(f *correlate.Finding) []string {
	if len(f.Occurrences) == 0 {
		return nil
	}
	return strings.Split(path.Clean("/"+f.Occurrences[0].Path), "/")
}

// combination is one option of each part, at a place.
type combination struct {
	place  *correlate.Occurrence
	chosen []option
	// How many are guessed from afar, and how far down the lists of what was found, and of what the rule lists.
	unsure, found, listed int
}

// combine returns all combinations of options. It says so if there are too many.
func combine(options [][]option, place *correlate.Occurrence, more *bool) []combination {
	all := []combination{{place: place}}
	for _, list := range options {
		var next []combination
		for _, c := range all {
			for i, o := range list {
				if len(next) == maxCombined {
					*more = true
					break
				}
				one := c
				one.chosen = append(slices.Clip(c.chosen), o)
				one.unsure += 1 - boolean(o.near)
				if o.listed {
					one.listed += i
				} else {
					one.found += i
				}
				next = append(next, one)
			}
		}
		all = next
	}
	return all
}

// likely returns the combinations that are tried, the most likely first: of what is near, then of what comes first in
// the lists. At most maxGuesses of them differ in what was found; those that differ in what the rule lists are all
// there. For a check in Go, the same parts in another match are another combination.
func likely(all []combination, byMatch bool, more *bool) []combination {
	slices.SortStableFunc(all, func(x, y combination) int {
		return cmp.Or(cmp.Compare(x.unsure, y.unsure), cmp.Compare(x.found, y.found), cmp.Compare(x.listed, y.listed))
	})
	guesses, seen := map[string]bool{}, map[string]bool{}
	var out []combination
	for _, c := range all {
		var guess, whole strings.Builder
		if byMatch {
			guess.WriteString(c.place.Frame.Match)
		}
		for _, o := range c.chosen {
			whole.WriteString("\x00" + o.value)
			if !o.listed {
				guess.WriteString("\x00" + o.value)
			}
		}
		whole.WriteString("\x00" + guess.String())
		switch {
		case seen[whole.String()]:
		case !guesses[guess.String()] && len(guesses) == maxGuesses, len(out) == maxAttempts:
			*more = true
		default:
			guesses[guess.String()], seen[whole.String()] = true, true
			out = append(out, c)
		}
	}
	return out
}
