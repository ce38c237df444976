package ruletest

import (
	"regexp/syntax"
	"strings"
	"unicode"

	"github.com/straykey/straykey/rules"
)

// expression returns what the rule matches with, whichever key gives it.
func expression(r *rules.Rule) (key, expr string) {
	switch {
	case r.Regex != "":
		return "regex", r.Regex
	case r.Token != "":
		return "token", r.Token
	case r.Assigned != "":
		return "assigned", r.Assigned
	}
	return "", ""
}

// parse parses an expression that the loader has accepted; nil if it is none.
func parse(expr string) *syntax.Regexp {
	re, err := syntax.Parse(expr, syntax.Perl)
	if expr == "" || err != nil {
		return nil
	}
	return re
}

// anchoredToLine reports whether the rule asks for the start or the end of a line or text.
func anchoredToLine(r *rules.Rule) bool {
	_, expr := expression(r)
	re := parse(expr)
	return re != nil && contains(re, func(op syntax.Op) bool {
		switch op {
		case syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText:
			return true
		}
		return false
	})
}

func contains(re *syntax.Regexp, is func(syntax.Op) bool) bool {
	if is(re.Op) {
		return true
	}
	for _, sub := range re.Sub {
		if contains(sub, is) {
			return true
		}
	}
	return false
}

// longest returns the most bytes an expression matches, -1 if there is no bound.
func longest(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		return len(string(re.Rune))
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpStar, syntax.OpPlus:
		return -1
	case syntax.OpCapture, syntax.OpQuest:
		return longest(re.Sub[0])
	case syntax.OpRepeat:
		n := longest(re.Sub[0])
		if re.Max < 0 || n < 0 {
			return -1
		}
		return re.Max * n
	case syntax.OpConcat, syntax.OpAlternate:
		sum, most := 0, 0
		for _, sub := range re.Sub {
			n := longest(sub)
			if n < 0 {
				return -1
			}
			sum, most = sum+n, max(most, n)
		}
		if re.Op == syntax.OpAlternate {
			return most
		}
		return sum
	}
	return 0
}

// shortest returns the fewest bytes an expression matches.
func shortest(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		return len(string(re.Rune))
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpCapture, syntax.OpPlus:
		return shortest(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min * shortest(re.Sub[0])
	case syntax.OpConcat:
		n := 0
		for _, sub := range re.Sub {
			n += shortest(sub)
		}
		return n
	case syntax.OpAlternate:
		least := shortest(re.Sub[0])
		for _, sub := range re.Sub[1:] {
			least = min(least, shortest(sub))
		}
		return least
	}
	return 0
}

// canContain reports whether some match of the expression contains the word, in any
// case. It walks the product of the compiled expression and of the automaton that
// looks for the word; conditions of zero width count as met, so true may be
// wrong where they never are, false never is.
func canContain(re *syntax.Regexp, word string) bool {
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		return true
	}
	w := newWordFinder(word)
	type state struct {
		pc   uint32
		seen int // runes of the word; all of them once it was found
	}
	visited := map[state]bool{}
	stack := []state{{uint32(prog.Start), 0}}
	for len(stack) > 0 {
		s := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if visited[s] {
			continue
		}
		visited[s] = true
		in := &prog.Inst[s.pc]
		switch in.Op {
		case syntax.InstMatch:
			if s.seen == len(w.word) {
				return true
			}
		case syntax.InstAlt, syntax.InstAltMatch:
			stack = append(stack, state{in.Out, s.seen}, state{in.Arg, s.seen})
		case syntax.InstCapture, syntax.InstNop, syntax.InstEmptyWidth:
			stack = append(stack, state{in.Out, s.seen})
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			for _, c := range w.alphabet {
				if in.MatchRune(c) || in.MatchRune(unicode.ToUpper(c)) {
					stack = append(stack, state{in.Out, w.next(s.seen, c)})
				}
			}
			if w.matchesOther(in) {
				stack = append(stack, state{in.Out, w.next(s.seen, otherRune)})
			}
		}
	}
	return false
}

// otherRune stands for all runes that are not in the word.
const otherRune = -1

// wordFinder is the automaton of Knuth, Morris and Pratt for a lower-case word.
type wordFinder struct {
	word     []rune
	fail     []int
	alphabet []rune // the runes of the word, each once
}

func newWordFinder(word string) *wordFinder {
	w := &wordFinder{word: []rune(strings.ToLower(word))}
	w.fail = make([]int, len(w.word)+1)
	for i := 1; i < len(w.word); i++ {
		w.fail[i+1] = w.next(w.fail[i], w.word[i])
	}
	for _, c := range w.word {
		if !strings.ContainsRune(string(w.alphabet), c) {
			w.alphabet = append(w.alphabet, c)
		}
	}
	return w
}

// next returns how much of the word is seen after one more rune. Once all of it is, it stays so.
func (w *wordFinder) next(seen int, c rune) int {
	if seen == len(w.word) {
		return seen
	}
	for w.word[seen] != c {
		if seen == 0 {
			return 0
		}
		seen = w.fail[seen]
	}
	return seen + 1
}

// matchesOther reports whether the instruction matches a rune outside the word, tried on
// the printable ASCII characters and one beyond.
func (w *wordFinder) matchesOther(in *syntax.Inst) bool {
	for c := rune(' '); c <= 0x7f; c++ {
		if !strings.ContainsRune(string(w.alphabet), unicode.ToLower(c)) && in.MatchRune(c) {
			return true
		}
	}
	return in.MatchRune('\n') || in.MatchRune('\t') || in.MatchRune('ß')
}
