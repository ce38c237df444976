package main

import (
	"crypto/sha256"
	"encoding/binary"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// replacer puts other words of the same shape in the place of the labelled secrets: what the scorer
// learns must not depend on the words they happen to be made of. It is deterministic.
type replacer struct {
	seed string
}

// change returns a text with other secrets, and the labels for it.
func (r *replacer) change(path string, text []byte, units []*unit) ([]byte, []*unit) {
	lines := lineStarts(text)
	type edit struct{ lo, hi int }
	var edits []edit
	for _, u := range units {
		for i := range u.rows {
			if u.rows[i].truth != 'T' || !u.rows[i].free() {
				continue
			}
			if lo, hi := u.rows[i].span(text, lines); lo >= 0 && !slices.Contains(edits, edit{lo, hi}) {
				edits = append(edits, edit{lo, hi})
			}
		}
	}
	if len(edits) == 0 {
		return text, units
	}
	out := slices.Clone(text)
	for _, e := range edits {
		// The same length in bytes: labels and line numbers hold.
		copy(out[e.lo:e.hi], r.replace(string(text[e.lo:e.hi])))
	}
	return out, units
}

// free reports whether the value of a row has no format of its own: other words would do as well.
func (r *row) free() bool {
	for _, c := range r.categories {
		switch c {
		case "Password", "Secret", "Token", "Key", "Auth", "API", "Credential", "URL Credentials", "SQL Password", "Salt", "Nonce",
			"CMD Password", "CMD Token", "CMD Secret", "CMD ConvertTo-SecureString", "CURL User Password", "UUID", "Bearer Authorization":
		default:
			return false
		}
	}
	return true
}

// replace returns a value of the same shape: words for words, digits for digits, and what looks random
// stays so.
func (r *replacer) replace(v string) string {
	random := newSource(r.seed + v)
	if looksRandom(v) {
		return random.same(v)
	}
	var out strings.Builder
	for i := 0; i < len(v); {
		c, size := utf8.DecodeRuneInString(v[i:])
		if !letter(c) {
			if '0' <= c && c <= '9' {
				out.WriteByte(byte('0' + random.next(10)))
			} else {
				out.WriteString(v[i : i+size])
			}
			i += size
			continue
		}
		j := i
		for j < len(v) && letter(rune(v[j])) {
			j++
		}
		out.WriteString(likeCase(random.word(j-i), v[i:j]))
		i = j
	}
	return out.String()
}

func letter(c rune) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' && c < 0x80 }

// looksRandom reports whether a machine made a value: long, with digits among its letters.
func looksRandom(v string) bool {
	digits, changes, last := 0, 0, 0
	for _, c := range v {
		kind := 0
		switch {
		case '0' <= c && c <= '9':
			digits++
			kind = 1
		case letter(c):
			kind = 2
		}
		if last != 0 && kind != 0 && kind != last {
			changes++
		}
		last = kind
	}
	return len(v) >= 14 && (changes > 3 || digits*4 > len(v)) || strings.HasPrefix(v, "eyJ") || longRun(v) >= 20
}

// longRun returns the length of the longest run of letters and digits.
func longRun(v string) int {
	best, n := 0, 0
	for _, c := range v {
		if letter(c) || '0' <= c && c <= '9' {
			n++
			best = max(best, n)
		} else {
			n = 0
		}
	}
	return best
}

func likeCase(word, like string) string {
	b := []byte(word)
	for i := range b {
		if 'A' <= like[i] && like[i] <= 'Z' {
			b[i] -= 'a' - 'A'
		}
	}
	return string(b)
}

// source makes random numbers of a text.
type source struct{ state uint64 }

func newSource(text string) *source {
	sum := sha256.Sum256([]byte(text))
	return &source{binary.LittleEndian.Uint64(sum[:])}
}

func (s *source) next(n int) int {
	s.state = s.state*6364136223846793005 + 1442695040888963407
	return int(s.state >> 33 % uint64(n))
}

// same replaces letters by letters of the same case, hexadecimal ones by such, and digits by digits.
func (s *source) same(v string) string {
	hex := strings.Trim(strings.ToLower(v), "0123456789abcdef-{}") == ""
	b := []byte(v)
	keep := 0
	if strings.HasPrefix(v, "eyJ") {
		keep = 3
	}
	for i := keep; i < len(b); i++ {
		letters := 26
		if hex {
			letters = 6
		}
		switch c := b[i]; {
		case '0' <= c && c <= '9':
			b[i] = byte('0' + s.next(10))
		case 'a' <= c && c <= 'z':
			b[i] = byte('a' + s.next(letters))
		case 'A' <= c && c <= 'Z':
			b[i] = byte('A' + s.next(letters))
		}
	}
	return string(b)
}

// word returns a word of n letters: one of the list, or several and the beginning of one.
func (s *source) word(n int) string {
	var b strings.Builder
	for b.Len() < n {
		left := n - b.Len()
		fit := wordsOf(left)
		if len(fit) > 0 && (left <= 5 || s.next(3) > 0) {
			b.WriteString(fit[s.next(len(fit))])
			continue
		}
		w := ordinary[s.next(len(ordinary))]
		b.WriteString(w[:min(len(w), left)])
	}
	return b.String()
}

func wordsOf(n int) (out []string) {
	for _, w := range ordinary {
		if len(w) == n {
			out = append(out, w)
		}
	}
	return out
}

// ordinary are words that people make passwords of, of all lengths.
var ordinary = strings.Fields(`
a i at be do go he if in is it me my no of on or so to up us we
ant ape ash bat bay bee bow box boy bud bug bus cab can cap cat cow cub cup cut dam den dew dog dot ear eel egg elk elm
bear bird blue boat bone cafe cake calf camp cave clay club coal coat cold corn crab crow dawn deer desk dove drum duck dusk
east fawn fern fire fish flag frog gate gold gulf hail hawk herb hill iris jade july june kiwi lake lamb leaf lime lion lily
apple beach berry bison bloom brook cabin camel candy cedar chess cloud coral crane daisy delta eagle ember ferry flame flute
frost giant grape grass heron honey horse igloo ivory jelly jewel koala lemon lilac lotus maple melon misty moose ocean olive
badger banana barrel bishop breeze bridge butter candle canyon carrot castle cherry cobalt copper cotton dragon falcon feather
garden ginger harbor hazel island jaguar jungle kettle kitten lantern lizard marble meadow monkey mustard orange orchid otter
panda parrot pepper pigeon planet pocket pumpkin puppy rabbit raven river rocket saddle salmon shadow silver sparrow spring
summer sunset thunder tiger timber turtle valley velvet violet walnut willow window winter wizard yellow zebra
anchovy avocado balloon bicycle blanket blossom buffalo cabbage captain caravan chicken cinema coconut cottage cricket crystal
curtain dolphin emerald evening giraffe gondola gorilla hamster harvest holiday horizon icicle journey juniper kangaroo ladybug
leopard lobster mammoth morning mustang nightingale octopus ostrich oxygen paradise peacock penguin picture pilgrim popcorn
rainbow raccoon reindeer rooster sailor satellite seahorse snowman squirrel starlight strawberry sunflower tangerine thunderstorm
tornado treasure tulip umbrella unicorn vanilla vineyard volcano waterfall whisper wildflower woodpecker
alexander benjamin caroline dorothy elizabeth francisco gabriella hamilton isabella jonathan katharine lawrence margaret nicholas
olivia patricia raymond samantha theodore valentina william xavier yolanda zachary blackberry butterfly caterpillar dragonfly
grasshopper hummingbird marshmallow watermelon cheesecake chocolate peppermint snowflake mountain lighthouse elephant`)

// write copies the labelled files with other secrets in them.
func (r *replacer) write(tree, dir string, units map[string][]*unit) error {
	return filepath.WalkDir(tree, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(tree, p)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		to := filepath.Join(dir, rel)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		text, _ = r.change(rel, text, units[rel])
		return os.WriteFile(to, text, 0o600)
	})
}
