package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/detect/generic"
	"github.com/straykey/straykey/rules"
)

// toy are samples of which feature 1 tells the label, nine times in ten, and feature 0 nothing; feature 2 tells it in group 1 only.
func toy() []*sample {
	var out []*sample
	for i := range 400 {
		s := &sample{features: []int{0}, weight: 1, group: i % 2, positive: i/2%2 == 0}
		if s.positive != (i%20 == 0) {
			s.features = append(s.features, 1)
		}
		if s.group == 1 == s.positive {
			s.features = append(s.features, 2)
		}
		out = append(out, s)
	}
	return out
}

func TestFitSeparates(t *testing.T) {
	m := fit(toy(), 3, 2, options{l2Shared: 1, l2Group: 1, sweeps: 60})
	if m.shared[1] < 1.5 {
		t.Errorf("the feature that tells the label has weight %.2f", m.shared[1])
	}
	if math.Abs(m.shared[0]) > 2 {
		t.Errorf("a feature that all samples have has weight %.2f", m.shared[0])
	}
	if m.by[1][2] <= m.by[0][2] {
		t.Errorf("feature 2 adds %.2f in group 1 and %.2f in group 0", m.by[1][2], m.by[0][2])
	}
	wrong := 0
	for _, s := range toy() {
		if (m.score(s) > 0) != s.positive {
			wrong++
		}
	}
	if wrong > 20 {
		t.Errorf("%d of 400 are on the wrong side", wrong)
	}
}

func TestFitKeepsToLimits(t *testing.T) {
	most := []float64{math.Inf(1), -0.5, math.Inf(1)}
	m := fit(toy(), 3, 2, options{l2Shared: 1, l2Group: 1, sweeps: 60, most: most})
	if m.shared[1] > -0.5 || m.by[0][1] != 0 || m.by[1][1] != 0 {
		t.Errorf("a weight that may be -0.5 at most is %.2f, and %.2f and %.2f in the groups", m.shared[1], m.by[0][1], m.by[1][1])
	}
}

// TestFitOffset: what the offset explains is not learnt again.
func TestFitOffset(t *testing.T) {
	samples := toy()
	o := options{l2Shared: 1, l2Group: 1e9, sweeps: 60}
	plain := fit(samples, 3, 2, o)
	for _, s := range samples {
		s.offset = plain.score(s)
	}
	if again := fit(samples, 3, 2, o); math.Abs(again.shared[1]) > 0.5*plain.shared[1] {
		t.Errorf("after %.2f the same feature learns another %.2f", plain.shared[1], again.shared[1])
	}
}

// TestDoubt: a feature that made-up values have lowers what is sure in tests, and not elsewhere, and a secret missed
// elsewhere counts more.
func TestDoubt(t *testing.T) {
	var list []*sample
	for i := range 200 {
		inTest := i%2 == 0
		path := fmt.Sprintf("repo%d/src/main.py", i%7)
		if inTest {
			path = fmt.Sprintf("repo%d/test/main.py", i%7)
		}
		s := &sample{path: path, candidate: true, weight: 1, secret: fmt.Sprint(i), features: []int{0}, positive: i%4 < 2, madeUp: inTest}
		if !s.positive {
			s.clean = true
		}
		if !s.positive {
			s.features = append(s.features, 1)
		}
		list = append(list, s)
	}
	tr := training{doubtWeight: 1, falseWeight: 1, missWeight: 3, doubtL2: 1, options: options{sweeps: 60}}
	d := tr.fitDoubt(list)
	here := &sample{path: "other/test/a.py", madeUp: true, features: []int{0, 1}}
	there := &sample{path: "other/src/a.py", features: []int{0, 1}}
	if d.sure(here) > -1 || d.sure(there) < 0.5 {
		t.Errorf("sure is %.2f in a test and %.2f elsewhere", d.sure(here), d.sure(there))
	}
	plain := *there
	plain.features = []int{0}
	if d.sure(there) != d.sure(&plain) {
		t.Errorf("a feature that is not evident counts outside of tests: sure is %.2f with it and %.2f without", d.sure(there), d.sure(&plain))
	}
}

func TestMeasure(t *testing.T) {
	labelled := func(path string, positive bool) *unit {
		truth := byte('F')
		if positive {
			truth = 'T'
		}
		return &unit{path: path, start: 1, end: 1, positive: positive, rows: []row{{truth: truth, categories: []string{"Password"}}}}
	}
	a, b, c, d := labelled("one/a", true), labelled("one/b", true), labelled("two/c", true), labelled("two/d", false)
	rule := &rules.Rule{ID: "r"}
	corpus := &corpus{
		units: map[string][]*unit{"one/a": {a}, "one/b": {b}, "two/c": {c}, "two/d": {d}},
		samples: []*sample{
			{path: "one/a", line: 1, rule: rule, candidate: true, score: 2, units: []*unit{a}},
			{path: "one/a", line: 1, rule: rule, candidate: true, score: 3, units: []*unit{a}}, // the same once more
			{path: "one/b", line: 1, rule: rule, candidate: true, score: -1, units: []*unit{b}},
			{path: "two/c", line: 1, rule: rule, static: rules.LowConfidence, units: []*unit{c}},
			{path: "two/d", line: 1, rule: rule, candidate: true, score: 5, units: []*unit{d}},
			{path: "two/e", line: 7, rule: rule, candidate: true, score: 5},
		},
	}
	got := measure(corpus, true, reports([3]float64{0}, 0))
	want := result{
		tp: 2, fp: 1, fn: 1, unlabelled: 1, precision: 2. / 3, recall: 2. / 3, f1: 2. / 3, strictPrec: 0.5, strict: 4. / 7, macro: 0.75,
	}
	round := func(r *result) {
		for _, x := range []*float64{&r.precision, &r.recall, &r.f1, &r.strict, &r.strictPrec, &r.macro} {
			*x = math.Round(*x*1e6) / 1e6
		}
	}
	round(&got)
	round(&want)
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	// What is sure decides from medium on; a rule's low confidence is not enough.
	if got := measure(corpus, true, reports([3]float64{0, 1, 2}, 1)); got.tp != 0 || got.fp != 0 {
		t.Errorf("nothing is sure, and %d and %d are reported", got.tp, got.fp)
	}
}

// TestReplace: other words of the same shape, the same each time.
func TestReplace(t *testing.T) {
	r := &replacer{seed: "x"}
	for _, v := range []string{"Sunny-day42", "horse battery", "a1b2c3d4e5f60718293a4b5c6d7e8f90", "pä$$wort"} {
		got := r.replace(v)
		if got == v || len(got) != len(v) || got != r.replace(v) {
			t.Errorf("%q becomes %q and %q", v, got, r.replace(v))
		}
		if diff := cmp.Diff(shapeOf(v), shapeOf(got)); diff != "" {
			t.Errorf("%q becomes %q, of another shape: -want +got\n%s", v, got, diff)
		}
	}
}

// shapeOf writes A for a capital, a for another letter and 0 for a digit.
func shapeOf(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case '0' <= c && c <= '9':
			return '0'
		case 'A' <= c && c <= 'Z':
			return 'A'
		case 'a' <= c && c <= 'z':
			return 'a'
		}
		return c
	}, s)
}

// TestLearnsFromFiles runs the trainer on a few made-up repositories: passwords of letters and digits are secrets,
// look-ups are none.
func TestLearnsFromFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(path, text string) {
		t.Helper()
		path = filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 8 {
		repo := fmt.Sprintf("repo%d", i)
		secret := "vq" + fmt.Sprint(i) + "kx" + fmt.Sprint(i*7) + "mt"
		write("tree/"+repo+"/a.py", "password = \""+secret+"\"\n\npassword = \"getPassword\"\n")
		write("meta/"+repo+".csv", "FilePath,LineStart,LineEnd,GroundTruth,Category,ValueStart,ValueEnd\n"+
			"data/"+repo+"/a.py,1,1,T,Password,12,"+fmt.Sprint(12+len(secret))+"\n"+
			"data/"+repo+"/a.py,3,3,F,Password,12,23\n")
		write(fmt.Sprintf("clean/pkg%d/b.py", i), "password = \"getPassword\"\n")
	}
	units, err := readLabels(filepath.Join(dir, "meta"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := collect(filepath.Join(dir, "tree"), units, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.files != 8 || len(c.samples) != 16 {
		t.Fatalf("%d files and %d samples, want 8 and 16", c.files, len(c.samples))
	}
	tr := training{
		clean: filepath.Join(dir, "clean"), cleanWeight: 0.1, doubtWeight: 1, falseWeight: 1, missWeight: 1, doubtL2: 6, folds: 4,
		options: options{l2Shared: 1, l2Group: 10, sweeps: 40},
	}
	clean, err := tr.cleanCode()
	if err != nil {
		t.Fatal(err)
	}
	thresholds := tr.crossValidate(c, &corpus{}, clean, candidates(clean.samples, nil))
	if r := measure(c, true, reports(thresholds, 0)); r.f1 != 1 {
		t.Errorf("cross-validated: %v", r)
	}
	m := tr.fit(candidates(c.samples, nil))
	d := tr.fitDoubt(candidates(c.samples, nil))
	file := filepath.Join(dir, "table.go")
	if err := writeTable(file, m, d, thresholds); err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(table), " {all: "); n != len(generic.FeatureNames()) {
		t.Errorf("the table has %d rows, want %d", n, len(generic.FeatureNames()))
	}
}

// TestDictionary: words of many packages, whatever their case, in rows.
func TestDictionary(t *testing.T) {
	dir := t.TempDir()
	for i := range 9 {
		text := "the QuickBrown fox; ordinary " + strings.Repeat("z", 20)
		if i > 2 {
			text += " Password_rare"
		} else {
			text += " seldom"
		}
		pkg := filepath.Join(dir, fmt.Sprint("pkg", i))
		if err := os.Mkdir(pkg, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(pkg, "a.go"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "words")
	if err := writeDictionary(file, dir); err != nil {
		t.Fatal(err)
	}
	got, _ := os.ReadFile(file)
	if want := "brown ordinary quick\n"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
	rows := map[string]int{}
	for i := range 100 {
		rows[fmt.Sprintf("word%06d", i)] = leastPackages
	}
	for line := range strings.Lines(string(dictionaryOf(rows))) {
		if len(line) > dictionaryRow+1 {
			t.Errorf("a row has %d bytes", len(line))
		}
	}
}
