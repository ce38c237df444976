package rules

import (
	"slices"
	"strings"
)

// Settings is a table of a file that says nothing of rules. Its keys are read as strictly as those of rules: whoever reads
// it asks for each key that may stand there, and [ReadSettings] refuses the others by name.
type Settings struct{ t *table }

// ReadSettings reads the tables of the given names at the top of a file, each with read. It returns [Errors] of the syntax
// and of those tables, and nothing that [Parse] says of the same file.
func ReadSettings(name string, data []byte, tables []string, read func(table string, s *Settings)) error {
	var errs Errors
	f := &file{name: name, errs: &errs}
	if root := f.decode(data); root != nil {
		for _, key := range tables {
			if t := root.table(key, "["+key+"]"); t != nil {
				read(key, &Settings{t})
				t.refuseUnknown("in [" + key + "]")
			}
		}
	}
	if len(errs) > 0 {
		sortErrors(errs)
		return errs
	}
	return nil
}

// Has reports whether the table has a key, in any case.
func (s *Settings) Has(key string) bool { return s.t.has(key) }

// At returns where a key stands.
func (s *Settings) At(key string) Position {
	return Position{File: s.t.file.name, Line: s.t.line(key)}
}

// Text reads a text. As for Number, Flag and Texts, a value of another type is an error of the file, for which example
// says what was expected, and a key that is not there has the zero value.
func (s *Settings) Text(key, example string) string { return s.t.text(key, example) }

// Number reads a whole number from 0 to max.
func (s *Settings) Number(key, example string, max int) int { return s.t.count(key, example, max) }

// Flag reads true or false.
func (s *Settings) Flag(key string) bool { return s.t.flag(key) }

// Texts reads a list of texts.
func (s *Settings) Texts(key, example string) []string { return s.t.texts(key, example) }

// Word reads one of a few words.
func (s *Settings) Word(key string, words []string) string {
	w := s.t.text(key, `"`+words[0]+`"`)
	if w != "" && !slices.Contains(words, w) {
		s.t.errorf(key, "expected one of %s; got %s%s", strings.Join(words, ", "), quote(w), suggestion(w, words))
	}
	return w
}

// Errorf adds an error of a key.
func (s *Settings) Errorf(key, format string, args ...any) { s.t.errorf(key, format, args...) }
