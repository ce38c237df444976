package rules

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"strings"
)

// parseRegex parses an expression the way every engine of the detector will, and
// says what is wrong in words if it cannot be parsed. The problem repeats no more
// of the expression than the offending operator, because expressions of
// allowlists hold secrets.
func parseRegex(expr string) (re *syntax.Regexp, problem string) {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err == nil {
		return re, ""
	}
	var se *syntax.Error
	if !errors.As(err, &se) {
		return nil, "not a regular expression in RE2 syntax"
	}
	return nil, explainRegex(se)
}

// lookaround are the operators RE2 leaves out because they cannot be matched in linear time.
var lookaround = []string{"(?=", "(?!", "(?<=", "(?<!"}

func explainRegex(e *syntax.Error) string {
	fragment := ""
	if len(e.Expr) <= 12 {
		fragment = fmt.Sprintf(" %q", e.Expr)
	}
	for _, op := range lookaround {
		if strings.HasPrefix(e.Expr, op) {
			return fmt.Sprintf("RE2 has no look-around (%q); match the context and put the secret in a group, e.g. '''key=([0-9a-f]{32})''' with secretGroup = 1", op)
		}
	}
	switch e.Code {
	case syntax.ErrInvalidEscape:
		if len(e.Expr) == 2 && '1' <= e.Expr[1] && e.Expr[1] <= '9' {
			return fmt.Sprintf("RE2 has no back-references (%q); write the alternatives out, e.g. '''(?:\"[^\"]+\"|`[^`]+`)'''", e.Expr)
		}
		return "escape" + fragment + " does not exist in RE2; escape punctuation only, e.g. '''\\.'''"
	case syntax.ErrInvalidRepeatOp, syntax.ErrMissingRepeatArgument:
		return "repetition" + fragment + " has nothing to repeat, or repeats a repetition; possessive operators such as *+ do not exist in RE2, write '''a*'''"
	case syntax.ErrInvalidRepeatSize:
		return "repeat count" + fragment + " is too large: RE2 allows 1000 at most, and of a repetition in a repetition the product, e.g. '''[a-z]{16,1000}'''"
	case syntax.ErrMissingParen, syntax.ErrUnexpectedParen:
		return "parentheses do not pair up; escape a literal one, e.g. '''\\('''"
	case syntax.ErrMissingBracket:
		return "a character class is not closed; write e.g. '''[0-9a-f]''', and escape a literal bracket: '''\\['''"
	case syntax.ErrInvalidCharRange, syntax.ErrInvalidCharClass:
		return "character class" + fragment + " is not valid; a literal - goes last, e.g. '''[0-9A-Za-z_-]'''"
	case syntax.ErrInvalidPerlOp:
		return "group" + fragment + " does not exist in RE2; write (?:…), (?P<name>…) or flags such as (?i)"
	case syntax.ErrInvalidNamedCapture:
		return "named group" + fragment + " is not valid; write e.g. '''(?P<secret>[a-z]+)'''"
	case syntax.ErrTrailingBackslash:
		return "ends in a backslash; write '''\\\\''' for a literal one"
	case syntax.ErrInvalidUTF8:
		return "not UTF-8"
	case syntax.ErrLarge, syntax.ErrNestingDepth:
		return "too large; shorten the repeat counts or split the rule in two"
	}
	return "not a regular expression in RE2 syntax" + fragment
}
