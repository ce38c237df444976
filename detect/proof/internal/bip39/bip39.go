// Package bip39 knows mnemonic phrases: wallets write their seed as 12 to 24 words of a
// published list, whose last bits are a checksum (BIP-0039).
package bip39

import (
	"crypto/sha256"
	_ "embed"
	"slices"
	"strings"
	"sync"
)

//go:embed english.txt
var english string

// words are the 2048 words in order, which is the order of the alphabet.
var words = sync.OnceValue(func() []string { return strings.Fields(english) })

// The length of a word of the list.
const (
	MinWord = 3
	MaxWord = 8
)

// Index returns the number of a word, or -1 if the list has not got it.
func Index(word string) int {
	i, ok := slices.BinarySearch(words(), word)
	if !ok {
		return -1
	}
	return i
}

// Lengths are the numbers of words a phrase can have, longest first.
var Lengths = [...]int{24, 21, 18, 15, 12}

// bits are the bits of each word.
const bits = 11

// Check reports whether the phrase has a right number of words, all of the list, and its
// checksum holds. It does of one in 16 random phrases of 12 words, one in 256 of 24.
func Check(phrase []string) bool {
	if !slices.Contains(Lengths[:], len(phrase)) {
		return false
	}
	packed := make([]byte, (len(phrase)*bits+7)/8)
	for i, w := range phrase {
		n := Index(w)
		if n < 0 {
			return false
		}
		put(packed, i*bits, bits, n)
	}
	entropy := len(phrase) * bits / 33 * 4 // bytes
	sum := sha256.Sum256(packed[:entropy])
	check := len(phrase) / 3 // bits
	return packed[entropy]>>(8-check) == sum[0]>>(8-check)
}

// Phrase writes 16, 20, 24, 28 or 32 bytes of entropy as words; nil if it is another number.
func Phrase(entropy []byte) []string {
	n := len(entropy) * 8 * 33 / 32 / bits
	if len(entropy)%4 != 0 || !slices.Contains(Lengths[:], n) {
		return nil
	}
	sum := sha256.Sum256(entropy)
	packed := append(slices.Clone(entropy), sum[0])
	phrase := make([]string, n)
	for i := range phrase {
		phrase[i] = words()[get(packed, i*bits, bits)]
	}
	return phrase
}

// put writes the n lowest bits of value from bit at on, the highest first.
func put(packed []byte, at, n, value int) {
	for i := range n {
		if value>>(n-1-i)&1 != 0 {
			packed[(at+i)/8] |= 0x80 >> ((at + i) % 8)
		}
	}
}

func get(packed []byte, at, n int) (value int) {
	for i := range n {
		value = value<<1 | int(packed[(at+i)/8]>>(7-(at+i)%8)&1)
	}
	return value
}
