package detect

import (
	"regexp/syntax"
	"strconv"
	"strings"
)

// RE2 writes counted repetitions out: x{1,400} becomes four hundred times x, and to compile an expression with several of them takes
// up to 40 ms, more than to scan ten megabytes. Most texts that such an expression is tried on have no match. So a looser one
// is asked first: the same without upper bounds, which compiles in microseconds.

const (
	// largeExpr is the size from which an expression is worth a looser one.
	largeExpr = 250
	// wideRepeat is the least distance between the bounds of a repetition of which the upper one is dropped.
	wideRepeat = 8
)

// relaxed returns an expression that matches wherever expr, which parsed was made of, does, and compiles much faster; "" if there
// is none.
func relaxed(expr string, parsed *syntax.Regexp) string {
	if strict := exprSize(parsed, false); strict < largeExpr || 2*exprSize(parsed, true) > strict {
		return ""
	}
	return relax(expr)
}

// exprSize returns about how many instructions re compiles to, as it is or without the upper bounds of its wide repetitions.
func exprSize(re *syntax.Regexp, relaxed bool) int {
	size := 1
	if re.Op == syntax.OpLiteral {
		size = len(re.Rune)
	}
	for _, sub := range re.Sub {
		size += exprSize(sub, relaxed)
	}
	switch {
	case re.Op != syntax.OpRepeat:
		return size
	case relaxed && re.Max-re.Min >= wideRepeat:
		return size * max(re.Min, 1)
	}
	return size * max(re.Max, re.Min, 1)
}

// relax drops the upper bounds of the wide repetitions in an expression. It works on the text of it: written anew, a class that
// excludes a few bytes would name all characters that are left, and be folded character by character.
func relax(expr string) string {
	var out strings.Builder
	for i := 0; i < len(expr); {
		n := 1
		switch expr[i] {
		case '\\':
			if strings.HasPrefix(expr[i:], `\Q`) {
				n = len(expr) - i // what follows is literal, to some end
			} else {
				n = min(2, len(expr)-i)
			}
		case '[':
			n = classLen(expr[i:])
		case '{':
			if least, length := wideBounds(expr[i:]); length > 0 {
				out.WriteString("{" + least + ",}")
				i += length
				continue
			}
		}
		out.WriteString(expr[i : i+n])
		i += n
	}
	return out.String()
}

// classLen returns the length of the class that s begins with.
func classLen(s string) int {
	i := len("[")
	if strings.HasPrefix(s[i:], "^") {
		i++
	}
	if strings.HasPrefix(s[i:], "]") {
		i++
	}
	for i < len(s) && s[i] != ']' {
		switch {
		case s[i] == '\\':
			i++
		case strings.HasPrefix(s[i:], "[:"):
			if end := strings.Index(s[i:], ":]"); end >= 0 {
				i += end + 1
			}
		}
		i++
	}
	return min(i+1, len(s))
}

// wideBounds returns the lower bound of the repetition that s begins with, and its length; 0 if it is none, or not a wide one.
func wideBounds(s string) (least string, length int) {
	bounds, _, closed := strings.Cut(s[1:], "}")
	least, most, two := strings.Cut(bounds, ",")
	lo, err := strconv.Atoi(least)
	if hi, err2 := strconv.Atoi(most); !closed || !two || err != nil || err2 != nil || hi-lo < wideRepeat {
		return "", 0
	}
	return least, len(bounds) + len("{}")
}
