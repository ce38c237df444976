package detect

import (
	"regexp/syntax"
	"slices"
	"sort"
)

// What is known of all texts that an expression matches: literals that stand in them, and their length.

// required returns lower-case literals of which every match of re contains at
// least one, each at least minAnchor long.
func required(re *syntax.Regexp) ([]string, bool) {
	if set := exact(re); longEnough(set) {
		return set, true
	}
	switch re.Op {
	case syntax.OpCapture, syntax.OpPlus:
		return required(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min == 0 {
			return nil, false
		}
		return required(re.Sub[0])
	case syntax.OpConcat:
		best := requiredOf(re.Sub)
		return best, best != nil
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			set, ok := required(sub)
			if !ok {
				return nil, false
			}
			all = append(all, set...)
		}
		return unique(all), true
	}
	return nil, false
}

// requiredOf picks the best required literals of a sequence: those of one part, or what
// neighbours that are known exactly make together.
func requiredOf(parts []*syntax.Regexp) (best []string) {
	consider := func(set []string) {
		if longEnough(set) && (best == nil || better(set, best)) {
			best = set
		}
	}
	run := []string{""}
	for _, sub := range parts {
		if joined := cross(run, exact(sub)); joined != nil {
			run = joined
			continue
		}
		consider(run)
		if set, ok := required(sub); ok {
			consider(set)
		}
		run = []string{""}
		if set := exact(sub); set != nil {
			run = set
		}
	}
	consider(run)
	return best
}

// maxExact bounds the words that exact lists.
const maxExact = 32

// exact returns all words that re matches, in lower case, or nil if they are many.
func exact(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpEmptyMatch:
		return []string{""}
	case syntax.OpLiteral:
		word := make([]byte, 0, len(re.Rune))
		for _, r := range re.Rune {
			if r >= 0x80 {
				return nil
			}
			word = append(word, lowerByte(byte(r)))
		}
		return []string{string(word)}
	case syntax.OpCharClass:
		set, ok := byteSet(re.Rune)
		if folded := set.folded(); ok && folded.size() <= 4 {
			return writeOut([]class{folded})
		}
		return nil
	case syntax.OpCapture:
		return exact(re.Sub[0])
	case syntax.OpQuest:
		return union([]string{""}, exact(re.Sub[0]))
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			if all = union(all, exact(sub)); all == nil {
				return nil
			}
		}
		return unique(all)
	case syntax.OpConcat:
		all := []string{""}
		for _, sub := range re.Sub {
			if all = cross(all, exact(sub)); all == nil {
				return nil
			}
		}
		return all
	}
	return nil
}

func union(a, b []string) []string {
	if b == nil || len(a)+len(b) > maxExact {
		return nil
	}
	return append(slices.Clone(a), b...)
}

// cross returns every word of a followed by every word of b.
func cross(a, b []string) []string {
	if b == nil || len(a)*len(b) > maxExact {
		return nil
	}
	out := make([]string, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			out = append(out, x+y)
		}
	}
	return out
}

func longEnough(set []string) bool { return len(set) > 0 && shortestLen(set) >= minAnchor }

// better reports whether anchors a select more than b: longer shortest literal,
// then fewer of them.
func better(a, b []string) bool {
	la, lb := shortestLen(a), shortestLen(b)
	if la != lb {
		return la > lb
	}
	return len(a) < len(b)
}

func shortestLen(set []string) int {
	n := len(set[0])
	for _, s := range set {
		n = min(n, len(s))
	}
	return n
}

func unique(set []string) []string {
	sort.Strings(set)
	out := set[:0]
	for i, s := range set {
		if i == 0 || s != set[i-1] {
			out = append(out, s)
		}
	}
	return out
}

// longest returns the most bytes re can match, or -1 if there is no bound.
func longest(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		n := 0
		for _, r := range re.Rune {
			n += len(string(r))
			if re.Flags&syntax.FoldCase != 0 && r < 0x80 {
				n += 2 // ſ and K
			}
		}
		return n
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 4
	case syntax.OpCapture:
		return longest(re.Sub[0])
	case syntax.OpQuest:
		return longest(re.Sub[0])
	case syntax.OpStar, syntax.OpPlus:
		return -1
	case syntax.OpRepeat:
		n := longest(re.Sub[0])
		if re.Max < 0 || n < 0 {
			return -1
		}
		return n * re.Max
	case syntax.OpConcat:
		sum := 0
		for _, sub := range re.Sub {
			n := longest(sub)
			if n < 0 {
				return -1
			}
			sum += n
		}
		return sum
	case syntax.OpAlternate:
		most := 0
		for _, sub := range re.Sub {
			n := longest(sub)
			if n < 0 {
				return -1
			}
			most = max(most, n)
		}
		return most
	}
	return 0
}
