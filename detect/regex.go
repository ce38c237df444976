package detect

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"sync"

	re2 "github.com/wasilibs/go-re2"
	"github.com/wasilibs/go-re2/experimental"
)

// matcher is what the engine needs of a regular expression.
type matcher interface {
	Match(b []byte) bool
	FindAllSubmatchIndex(b []byte, n int) [][]int
}

// regexEngine compiles regular expressions, with RE2 where it can be had and the
// standard library elsewhere. RE2 reserves 4 GiB of address space at first use
// and panics where it may not (ulimit -v, some sandboxes); it is therefore
// tried once, behind recover, and given up for good if it fails.
type regexEngine struct {
	probe    sync.Once
	haveRE2  bool
	stdlib   bool // never try RE2
	reported error
}

func (e *regexEngine) compile(expr string) (matcher, error) {
	parsed, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("regular expression: %w", err)
	}
	e.probe.Do(func() {
		if !e.stdlib {
			e.reported = tryRE2()
			e.haveRE2 = e.reported == nil
		}
	})
	if !e.haveRE2 {
		return regexp.Compile(expr)
	}
	// RE2's UTF-8 mode ends at the first invalid byte, and text need not be valid. In Latin-1
	// every byte is a character. An expression that names characters beyond ASCII would
	// change its meaning there and is left to the standard library.
	if bytewise(parsed) {
		m, err := experimental.CompileLatin1(expr)
		if err == nil {
			return m, nil
		}
	}
	return regexp.Compile(expr)
}

// tryRE2 uses RE2 once and returns what went wrong.
func tryRE2() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("re2 is not available: %v", r)
		}
	}()
	re, err := re2.Compile("a+")
	if err != nil {
		return err
	}
	if !re.MatchString("aa") {
		return fmt.Errorf("re2 is not available: wrong answer")
	}
	return nil
}

// bytewise reports whether an expression means the same if each byte is a character: it names
// no single character beyond ASCII. Case folding that reaches U+017F and U+212A (for s and k) is passed over:
// those stand in no credential.
func bytewise(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if r >= 0x80 {
				return false
			}
		}
	case syntax.OpCharClass:
		_, ok := byteSet(re.Rune)
		return ok
	}
	for _, sub := range re.Sub {
		if !bytewise(sub) {
			return false
		}
	}
	return true
}
