// Package sample expands the samples of rules: the texts a rule must find and
// the near misses it must leave alone.
//
// A sample is a text/template without data. Its functions make random texts of
// a given alphabet and length, and well-formed tokens of the providers whose
// tokens carry a checksum; [Functions] lists them. A token's literal prefix is
// written as an expression, {{"ghp"}}_…, so that no rule file holds anything that
// looks like a leak.
//
// Expansion is deterministic: the same rule id, list and index give the same
// text in every process.
package sample

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"sort"
	"strings"
	"text/template"
	"text/template/parse"

	"github.com/straykey/straykey/detect/proof/forge"
	"github.com/straykey/straykey/rules"
)

// Sample is one expanded text and where its template stands.
type Sample struct {
	Pos  rules.Position
	Key  string // e.g. "positives[1]"
	Text string
}

// Positives expands the texts the rule must find. What is wrong in the templates is
// returned as [rules.Errors], together with the samples that could be expanded.
func Positives(r *rules.Rule) ([]Sample, error) {
	return expandAll(r, "positives", r.Positives)
}

// Negatives expands the texts the rule must leave alone, like Positives.
func Negatives(r *rules.Rule) ([]Sample, error) {
	return expandAll(r, "negatives", r.Negatives)
}

// Functions returns the names of all functions a sample may call, sorted.
func Functions() []string {
	var names []string
	for name := range functions(nil) {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func expandAll(r *rules.Rule, list string, templates []string) ([]Sample, error) {
	var out []Sample
	var errs rules.Errors
	for i, t := range templates {
		s := Sample{
			Pos: r.Line(fmt.Sprintf("%s.%d", list, i)),
			Key: fmt.Sprintf("%s[%d]", list, i),
		}
		text, err := Expand(t, fmt.Sprintf("%s/%s/%d", r.ID, list, i))
		if err != nil {
			errs = append(errs, &rules.Error{Pos: s.Pos, Rule: r.ID, Key: s.Key, Msg: err.Error()})
			continue
		}
		s.Text = text
		out = append(out, s)
	}
	if len(errs) > 0 {
		return out, errs
	}
	return out, nil
}

// maxSize bounds an expanded sample in bytes.
const maxSize = 1 << 20

var errNotPlain = errors.New("a sample may only call functions, e.g. {{hex 32}}; write the text out")

var errTooLong = fmt.Errorf("expands to more than %d bytes; shorten it", maxSize)

// Expand expands one template with randomness drawn from the seed. Its errors are
// one line, without the text of the template.
func Expand(text, seed string) (string, error) {
	if text == "" {
		return "", errors.New("empty; expected a text, e.g. \"token = {{hex 32}}\"")
	}
	tree, err := template.New("").Funcs(functions(forge.New(seed))).Parse(text)
	if err != nil {
		return "", explain(err)
	}
	// Loops, conditions and definitions would make a sample a program; a reader
	// shall see what the text is, and an expansion shall end.
	if len(tree.Templates()) != 1 {
		return "", errNotPlain
	}
	for _, node := range tree.Root.Nodes {
		switch node.Type() {
		case parse.NodeText, parse.NodeAction, parse.NodeComment:
		default:
			return "", errNotPlain
		}
	}
	var w limitedWriter
	if err := tree.Execute(&w, nil); err != nil {
		return "", explain(err)
	}
	return w.String(), nil
}

// limitedWriter keeps up to maxSize bytes and refuses more.
type limitedWriter struct{ strings.Builder }

func (w *limitedWriter) Write(p []byte) (int, error) {
	if w.Len()+len(p) > maxSize {
		return 0, errTooLong
	}
	return w.Builder.Write(p)
}

// explain says what is wrong in a template without the template library's idea of where.
func explain(err error) error {
	if errors.Is(err, errTooLong) {
		return errTooLong
	}
	undefined := regexp.MustCompile(`function "(\w+)" not defined`)
	position := regexp.MustCompile(`^template: :\d+(?::\d+)?: (?:executing "" at <.*?>: )?(?:error calling \w+: )?`)
	argument := regexp.MustCompile(`<.*?>`)
	msg := err.Error()
	if m := undefined.FindStringSubmatch(msg); m != nil {
		near := rules.Nearest(m[1], Functions())
		if near != "" {
			near = fmt.Sprintf(" (did you mean %q?)", near)
		}
		return fmt.Errorf("no function %q%s; expected one of: %s", m[1], near, strings.Join(Functions(), ", "))
	}
	msg = argument.ReplaceAllString(position.ReplaceAllString(msg, ""), "…")
	return fmt.Errorf("%s; expected a template such as \"token = {{hex 32}}\"", msg)
}

// functions returns what samples can call, drawing from r.
func functions(r *rand.Rand) template.FuncMap {
	f := template.FuncMap{}
	for _, add := range []func(template.FuncMap, *rand.Rand){characters, texts, tokens, keys} {
		add(f, r)
	}
	return f
}

// The alphabets that package forge has no name for.
const (
	digits     = "0123456789"
	lower      = "abcdefghijklmnopqrstuvwxyz"
	upper      = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	vocabulary = "anchor basket candle dinner engine forest garden harbor island jacket kettle ladder meadow needle orange pencil quarry ribbon saddle timber"
)

// characters adds the functions that draw n characters of an alphabet.
func characters(f template.FuncMap, r *rand.Rand) {
	for name, alphabet := range map[string]string{
		"alnum":  digits + upper + lower,
		"alpha":  upper + lower,
		"lower":  lower + digits,
		"upper":  upper + digits,
		"digits": digits,
		"hex":    digits + "abcdef",
		"HEX":    digits + "ABCDEF",
		"b64":    upper + lower + digits + "+/",
		"b64url": upper + lower + digits + "-_",
		"b32":    upper + "234567",
	} {
		f[name] = func(n int) (string, error) { return draw(r, alphabet, n) }
	}
	f["chars"] = func(alphabet string, n int) (string, error) { return draw(r, alphabet, n) }
}

func draw(r *rand.Rand, alphabet string, n int) (string, error) {
	if n < 0 || n > maxSize {
		return "", errTooLong
	}
	if alphabet == "" {
		return "", errors.New("empty set of characters")
	}
	return forge.Chars(r, alphabet, n), nil
}
