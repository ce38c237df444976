package rules

import "regexp/syntax"

// The reach of rules that were written for gitleaks, which looks at a whole file at once: of one whose match may go over the
// end of a line, such as name = \s* value, and of one that takes all it finds up to some end, such as a key block.
const (
	gapReach   = 2048
	blockReach = 16 << 10
)

// spanLines lets the expression of a rule that was written for gitleaks cross lines, if it can match the end of one.
func (d *draft) spanLines() {
	if d.Regex == "" || d.table.has("reach") || d.table.has("multiline") {
		return
	}
	if reach, ok := Spans(d.Regex); ok {
		d.Multiline, d.Reach = true, reach
	}
}

// crosses reports whether an expression can match the end of a line, and whether it does so within text of any length.
func crosses(re *syntax.Regexp) (block, line bool) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			line = line || r == '\n'
		}
		return false, line
	case syntax.OpAnyChar:
		return false, true
	case syntax.OpCharClass:
		return false, inClass(re.Rune, '\n')
	}
	for _, sub := range re.Sub {
		b, l := crosses(sub)
		block, line = block || b, line || l
	}
	if many := re.Op == syntax.OpStar || re.Op == syntax.OpPlus || re.Op == syntax.OpRepeat && (re.Max < 0 || re.Max > 100); many {
		one := re.Sub[0]
		block = block || one.Op == syntax.OpAnyChar || one.Op == syntax.OpCharClass && inClass(one.Rune, '\n') && inClass(one.Rune, 'A')
	}
	return block, line
}

func inClass(ranges []rune, r rune) bool {
	for i := 0; i+1 < len(ranges); i += 2 {
		if ranges[i] <= r && r <= ranges[i+1] {
			return true
		}
	}
	return false
}

// Spans reports whether an expression that was written for gitleaks, which matches whole files, can match the end of a line, and
// how far such a rule looks around its keyword when it is loaded as gitleaks' ([Options]).
func Spans(regex string) (reach int, ok bool) {
	re, problem := parseRegex(regex)
	if problem != "" {
		return 0, false
	}
	switch block, line := crosses(re); {
	case block:
		return blockReach, true
	case line:
		return gapReach, true
	}
	return 0, false
}
