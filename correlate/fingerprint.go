package correlate

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"
)

// Fingerprints of version 1 are "sk1:" and 26 characters of base32 in lower
// case: 128 bits. A change to anything in this file that changes the
// fingerprint of some secret needs a new version, because baselines, ignore
// files and inventories hold fingerprints for years.
const fingerprintVersion = "sk1:"

// guessableBits is the estimate below which a secret counts as guessable.
const guessableBits = 80

// Fingerprint names a secret without telling it. It depends on nothing but the
// key, the family of the rule (rules.Rule.Family, or the id of a rule that has
// none) and the secret itself, so it is the same for every commit, path and
// line, and for the same private key whether it stands in a .pem file or, with
// escaped line ends, in a JSON string.
//
// A secret that is too random to be guessed is hashed with HMAC-SHA256. One that
// a person may have chosen goes through argon2id first, which makes trying a
// list of passwords against a published fingerprint slow. It remains possible: who
// publishes reports gives a key of his own, without which a fingerprint
// confirms nothing. An empty key means the built-in one, which is no secret.
//
// Fingerprint is a pure function and may be called concurrently.
func Fingerprint(key []byte, family, secret string) string {
	return (&fingerprinter{key: key}).of(family, secret)
}

// fingerprinter makes fingerprints with one key. It keeps the memory for those that are slow to make, and is not safe for
// concurrent use.
type fingerprinter struct {
	key  []byte
	slow *argon2id // nil: not needed so far
}

func (f *fingerprinter) of(family, secret string) string {
	secret = normalise(secret)
	// The tag keeps apart the uses of one key, and the family's length keeps
	// ("ab", "c") apart from ("a", "bc").
	material := []byte(secret)
	tag := "random"
	if Bits(secret) < guessableBits {
		if f.slow == nil {
			f.slow = new(argon2id)
		}
		salt := keyed(f.key, "salt", family, nil)
		material = f.slow.key(material, salt[:16])
		tag = "guessable"
	}
	sum := keyed(f.key, tag, family, material)
	return fingerprintVersion + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:16]))
}

func keyed(key []byte, tag, family string, material []byte) []byte {
	if len(key) == 0 {
		key = []byte("straykey built-in fingerprint key")
	}
	h := hmac.New(sha256.New, key)
	var n [8]byte
	for _, s := range []string{tag, family} {
		binary.BigEndian.PutUint64(n[:], uint64(len(s)))
		h.Write(n[:])
		h.Write([]byte(s))
	}
	h.Write(material)
	return h.Sum(nil)
}

// normalise removes what differs between two copies of one secret: white space
// around it and, for PEM (RFC 7468), everything that an assignment, a here
// document, a comment or a JSON string does to the lines of the armour.
func normalise(secret string) string {
	secret = strings.TrimSpace(secret)
	if !strings.HasPrefix(secret, "-----BEGIN ") {
		return secret
	}
	secret = uncomment(secret)
	var b strings.Builder
	b.Grow(len(secret))
	for i := 0; i < len(secret); {
		switch c := secret[i]; c {
		case '"', '\'', '`':
			i += joint(secret[i:])
			continue
		case '\\':
			r, n := unescape(secret[i:])
			if r != 0 {
				b.WriteByte(r)
			}
			i += n
			continue
		case ' ', '\t', '\r', '\n':
		default:
			b.WriteByte(c)
		}
		i++
	}
	return b.String()
}

// uncomment removes what stands before the lines of an armour: the comment or quotation mark, or the plus of a
// patch, that stands before its last line. Base64 may begin a line with / or +, but nothing of its own stands before
// "-----END".
func uncomment(secret string) string {
	const marks = "#/*;>!%|+-"
	end := strings.LastIndex(secret, "-----END ")
	if end < 0 {
		return secret
	}
	mark := strings.Trim(secret[strings.LastIndexByte(secret[:end], '\n')+1:end], " \t\"'`")
	if mark == "" || len(mark) > 3 || strings.Trim(mark, marks) != "" {
		return secret
	}
	var b strings.Builder
	for line := range strings.Lines(secret) {
		b.WriteString(strings.TrimPrefix(strings.TrimLeft(line, " \t"), mark))
	}
	return b.String()
}

// joint returns the length of a quotation mark at the start of s, with the operator or comma behind it if that
// joins it to another string.
func joint(s string) int {
	const space = " \t\r\n\\"
	rest := strings.TrimLeft(s[1:], space)
	if rest == "" || !strings.ContainsRune("+.,&", rune(rest[0])) {
		return 1
	}
	rest = strings.TrimLeft(rest[1:], space)
	if rest == "" || !strings.ContainsRune("\"'`", rune(rest[0])) {
		return 1
	}
	return len(s) - len(rest)
}

// unescape reads the escape sequence at the start of s, which starts with any
// number of backslashes (JSON in JSON doubles them). It returns the byte meant,
// or 0 if it is white space or nothing, and the length of the sequence.
func unescape(s string) (byte, int) {
	n := len(s) - len(strings.TrimLeft(s, `\`))
	rest := s[n:]
	switch {
	case rest == "":
		return 0, n
	case rest[0] == 'n' || rest[0] == 'r' || rest[0] == 't':
		return 0, n + 1
	}
	// JSON encoders for web pages write base64's three other characters so.
	switch strings.ToLower(rest[:min(5, len(rest))]) {
	case "u002b":
		return '+', n + 5
	case "u002f":
		return '/', n + 5
	case "u003d":
		return '=', n + 5
	}
	return 0, n
}

// Bits estimates how many bits of guessing stand between an attacker and a
// secret. It rather errs low: it is at most the Shannon entropy of the bytes
// times their number, and a letter that goes on a word or a digit that goes on a
// number counts for little, because people choose words and years. The
// arithmetic is integral, so that every machine draws the same line.
func Bits(secret string) int {
	return min(runBits(secret), shannonBits(secret))
}

func runBits(s string) int {
	const fresh, inWord, inNumber = 5, 2, 3
	bits := 0
	var last byte
	for i := range len(s) {
		class := classOf(s[i])
		switch {
		case class == 'd' && last == 'd':
			bits += inNumber
		// "Word" and "WORD" are words; a capital inside of a word begins another.
		case class == 'l' && (last == 'l' || last == 'u'), class == 'u' && last == 'u':
			bits += inWord
		default:
			bits += fresh
		}
		last = class
	}
	return bits
}

func classOf(c byte) byte {
	switch {
	case 'a' <= c && c <= 'z':
		return 'l'
	case 'A' <= c && c <= 'Z':
		return 'u'
	case '0' <= c && c <= '9':
		return 'd'
	}
	return c
}

// shannonBits is n·log2(n) − Σ c·log2(c) over the counts c of the n bytes of s.
func shannonBits(s string) int {
	var counts [256]int
	for i := range len(s) {
		counts[s[i]]++
	}
	total := len(s) * log2(len(s))
	for _, c := range counts {
		total -= c * log2(c)
	}
	return total >> logScale
}

// logScale is the number of fraction bits of log2.
const logScale = 12

// log2 returns the logarithm of n in fixed point; 0 for n < 1. Floating point
// would do, were it not for compilers that fuse its operations on some
// processors and so move a secret across the line between two versions of its
// fingerprint.
func log2(n int) int {
	if n < 1 {
		return 0
	}
	const one = 1 << 31
	whole := 0
	x := uint64(n)
	for x>>(whole+1) != 0 {
		whole++
	}
	// x in [1, 2) as 1.31 fixed point; each squaring yields one bit of the fraction.
	if whole <= 31 {
		x <<= 31 - whole
	} else {
		x >>= whole - 31
	}
	result := whole
	for range logScale {
		x = x * x >> 31
		result <<= 1
		if x >= 2*one {
			result |= 1
			x >>= 1
		}
	}
	return result
}
