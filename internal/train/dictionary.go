package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// What makes a word one of the dictionary: letters in lower case, but for a capital at the start, in texts of many packages.
const (
	leastPackages = 7
	shortestWord  = 4
	longestWord   = 12
	longestText   = 400_000 // bytes: longer ones are tables and generated code
	dictionaryRow = 150     // columns
)

var (
	dictionaryWord = regexp.MustCompile(`[A-Z]?[a-z]{3,}`)
	dictionaryFile = regexp.MustCompile(`\.(go|py|js|ts|md|rst|txt|rb|java|c|h|mdx|METADATA)$`)
	foreignWords   = regexp.MustCompile(`locale|i18n|translations`)
)

// writeDictionary writes the words that stand in at least leastPackages of the packages of dir.
func writeDictionary(file, dir string) error {
	packages := map[string]int{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		words, err := packageWords(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		for w := range words {
			packages[w]++
		}
	}
	return os.WriteFile(file, dictionaryOf(packages), 0o666)
}

// packageWords returns the words in the texts below dir.
func packageWords(dir string) (map[string]bool, error) {
	words := map[string]bool{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !dictionaryFile.MatchString(p) || strings.Contains(p, ".min.") || foreignWords.MatchString(p) {
			return err
		}
		text, err := os.ReadFile(p)
		if err != nil || len(text) > longestText {
			return err
		}
		for _, w := range dictionaryWord.FindAll(text, -1) {
			if shortestWord <= len(w) && len(w) <= longestWord {
				words[string(bytes.ToLower(w))] = true
			}
		}
		return nil
	})
	return words, err
}

// dictionaryOf lists words in rows, given how many packages each stands in.
func dictionaryOf(packages map[string]int) []byte {
	var words []string
	for w, n := range packages {
		if n >= leastPackages {
			words = append(words, w)
		}
	}
	slices.Sort(words)
	var b bytes.Buffer
	column := 0
	for _, w := range words {
		switch {
		case column == 0:
		case column+1+len(w) > dictionaryRow:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(w)
		column += len(w)
	}
	b.WriteByte('\n')
	return b.Bytes()
}
