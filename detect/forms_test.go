package detect_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/rules/sample"
)

// form is one way in which credentials are written down.
type form struct {
	name, path string
	// found are texts with ⟦⟧ around each secret: these are found, and nothing else.
	// In missed nothing is: a reference, a placeholder, the public counterpart. Both are templates of package sample.
	found, missed []string
}

// Each text is made this often. A model judges what no format proves, and of random values some look like words or names
// to it; what a form promises is that most are found, and that never anything else is.
const (
	formRolls = 10
	formFound = 6
)

// TestForms runs all built-in rules, as a scan does without options, on every form in which credentials are to be found.
func TestForms(t *testing.T) {
	testForms(t, rules.MediumConfidence, slices.Concat(assignmentForms, connectionForms, headerForms, commandForms, fileForms, seedForms, keyForms))
}

func TestLowForms(t *testing.T) { testForms(t, rules.LowConfidence, lowForms) }

// Of some files the path alone says that they hold a key.
func TestFileForms(t *testing.T) {
	e := builtinEngine(t, rules.MediumConfidence)
	for path, want := range map[string]string{
		"config/master.key": "rails-key-file", "shop/config/credentials/production.key": "rails-key-file",
		"config/master.key.example": "", "config/credentials.yml.enc": "", "docs/master.key": "",
	} {
		got := ""
		for _, m := range e.Keep(nil, path, "") {
			got = m.Rule.ID
		}
		if got != want {
			t.Errorf("%s: found by %q, want %q", path, got, want)
		}
	}
}

func testForms(t *testing.T, confidence rules.Confidence, forms []form) {
	t.Helper()
	e := builtinEngine(t, confidence)
	for _, f := range forms {
		t.Run(f.name, func(t *testing.T) {
			if len(f.found) == 0 || len(f.missed) == 0 {
				t.Error("needs both texts in which something is found and texts in which nothing is")
			}
			for i, template := range f.found {
				testFound(t, e, f.path, template, fmt.Sprint(f.name, "/found/", i))
			}
			for i, template := range f.missed {
				testMissed(t, e, f.path, template, fmt.Sprint(f.name, "/missed/", i))
			}
		})
	}
}

func builtinEngine(t *testing.T, confidence rules.Confidence) *detect.Engine {
	t.Helper()
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	e, err := detect.New(set, detect.Options{Reported: true, Confidence: confidence, Classes: []rules.Class{rules.Credentials}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// testFound tests that what is marked in a text is found in most rolls, and nothing else in any.
func testFound(t *testing.T, e *detect.Engine, path, template, seed string) {
	t.Helper()
	found, last := 0, ""
	for roll := range formRolls {
		text, want, got := scanForm(t, e, path, template, fmt.Sprint(seed, roll))
		for _, secret := range got {
			if !slices.Contains(want, secret) {
				t.Errorf("finds %q in\n%s", secret, text)
				return
			}
		}
		if len(got) == len(want) {
			found++
		} else {
			last = text
		}
	}
	if found < formFound {
		t.Errorf("found in %d texts of %d, not in\n%s", found, formRolls, last)
	}
}

// testMissed tests that nothing is found in any roll.
func testMissed(t *testing.T, e *detect.Engine, path, template, seed string) {
	t.Helper()
	for roll := range formRolls {
		if text, _, got := scanForm(t, e, path, template, fmt.Sprint(seed, roll)); len(got) > 0 {
			t.Errorf("finds %q in\n%s", got, text)
			return
		}
	}
}

// scanForm makes the text of a template, and returns what is marked in it and what is found.
func scanForm(t *testing.T, e *detect.Engine, path, template, seed string) (text string, want, got []string) {
	t.Helper()
	marked, err := sample.Expand(template, seed)
	if err != nil {
		t.Fatalf("%q: %v", template, err)
	}
	for _, part := range strings.Split(marked, "⟦")[1:] {
		secret, _, _ := strings.Cut(part, "⟧")
		want = append(want, secret)
	}
	text = strings.NewReplacer("⟦", "", "⟧", "").Replace(marked)
	for _, m := range e.Keep(e.NewScanner().Scan([]byte(text)).Matches(), path, "") {
		got = append(got, text[m.SecretStart:m.SecretEnd])
	}
	return text, want, got
}
