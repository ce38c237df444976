package generic

import _ "embed"

// The letters model tells text from random letters: how surprising each letter is after the two before
// it, by the comments and identifiers of Go's standard library.

// trigrams holds -4·log2(P(c|ab)) as a byte from 'A' for each of the 27³ combinations of letters and word ends. TestTrigrams
// makes it.
//
//go:embed trigrams.tbl
var trigrams string

// letterSymbols are the letters and the end of a word.
const letterSymbols = 27

func letterSymbol(c byte) int {
	if c |= 0x20; isLower(c) {
		return int(c - 'a')
	}
	return letterSymbols - 1
}

// surprise returns how surprising the letters of s are, in bits a letter, and how many letters there are.
func surprise(s []byte) (bits float64, letters int) {
	if len(s) > 256 {
		s = s[:256]
	}
	const end = letterSymbols - 1
	a, b, sum, n := end, end, 0, 0
	for i, c := range s {
		x := letterSymbol(c)
		if x != end && i > 0 && isUpper(c) && isLower(s[i-1]) {
			a, b = end, end // camelCase: a word begins
		}
		if x == end {
			if b == end {
				continue
			}
		} else {
			n++
		}
		if x != end || b != end {
			sum += int(trigrams[(a*letterSymbols+b)*letterSymbols+x] - 'A')
		}
		a, b = b, x
		if x == end {
			a = end
		}
	}
	if n == 0 {
		return 0, 0
	}
	return float64(sum) / 4 / float64(n), n
}
