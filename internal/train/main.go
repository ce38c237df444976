// Command train learns the weights of detect/generic from labelled files, and says how well they do on
// repositories they were not learnt from. It is no part of a release:
//
//	go run ./internal/train -tree DIR -meta DIR -clean DIR [-write] [-list fp|fn|unlabelled|clean]
//
// It learns in two steps. The first tells credentials from what is none: whether a candidate is reported at all. The second
// tells credentials in use from made-up ones, which tests, examples and guides are full of, and decides what is more than low
// confidence; its negatives are above all what stands in clean code (see doubt.go).
package main

import (
	"cmp"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/straykey/straykey/detect/generic"
	"github.com/straykey/straykey/rules"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("train: ")
	var t training
	flag.StringVar(&t.tree, "tree", "", "directory of the labelled files")
	flag.StringVar(&t.meta, "meta", "", "directory of their labels, one CSV a repository")
	flag.StringVar(&t.clean, "clean", "", "directory of packages without secrets in use, each a directory: see bench/clean.sh")
	flag.Float64Var(&t.cleanWeight, "clean-weight", 0.1, "weight of a candidate in it")
	flag.Float64Var(&t.doubtWeight, "doubt-weight", 1, "weight of a candidate in it when the second step learns")
	flag.Float64Var(&t.falseWeight, "false-weight", 1, "weight of what the labels say is none when the second step learns")
	flag.Float64Var(&t.missWeight, "miss-weight", 2, "weight of a secret that stands where few are made up when the second step learns")
	flag.Float64Var(&t.doubtL2, "doubt-l2", 30, "penalty on weights of the second step")
	flag.BoolVar(&t.write, "write", false, "write detect/generic/weights_table.go")
	flag.BoolVar(&t.dictionary, "dictionary", false, "write detect/generic/dictionary.txt, the words of the clean code, and do nothing else")
	flag.StringVar(&t.list, "list", "", "list what is wrong: fp, fn or unlabelled, or what is reported of clean code: clean; other-fn with other words in the place of secrets")
	flag.IntVar(&t.folds, "folds", 8, "parts of the repositories for cross-validation")
	flag.Float64Var(&t.l2Shared, "l2", 3, "penalty on weights")
	flag.Float64Var(&t.l2Group, "l2-group", 15, "penalty on what a group adds to them")
	flag.Float64Var(&t.again, "again", 0.8, "weight of copies with other words in the place of secrets")
	flag.StringVar(&t.findings, "findings", "", "write the findings of the cross-validation to files of this prefix, as gitleaks does; with -replace, also those with other words")
	flag.StringVar(&t.replace, "replace", "", "write the files with other words in the place of the secrets to this directory")
	flag.IntVar(&t.sweeps, "sweeps", 60, "passes over all weights")
	flag.Parse()
	if err := t.run(); err != nil {
		log.Fatal(err)
	}
}

// lowering are features of places where most secrets are made up, and of values that are none by their syntax, and the
// highest weight each may have, whatever the data says: what was labelled was looked for in tests more than elsewhere, and
// regular expressions and templates are rare in it.
var lowering = map[string]float64{
	"path.test": -0.7, "path.example": -0.7, "path.vendor": -0.3, "path.locale": -0.3,
	"shape.pattern": -8, "shape.slot": -6, "shape.codes": -6, "shape.hex-number": -3, "shape.digest": -3, "shape.ellipsis": -5,
	"shape.format":   -2.5,
	"bare-path.test": -0.7, "bare-path.example": -0.7, "bare-path.vendor": -0.3, "bare-path.locale": -0.3,
}

// training is a run.
type training struct {
	tree, meta, list, findings string
	clean                      string
	cleanWeight                float64
	doubtWeight, falseWeight   float64
	missWeight                 float64
	doubtL2                    float64
	write, dictionary          bool
	folds                      int
	again                      float64
	replace                    string
	options
}

func (t *training) run() error {
	if t.dictionary {
		return writeDictionary("detect/generic/dictionary.txt", t.clean)
	}
	units, err := readLabels(t.meta)
	if err != nil {
		return err
	}
	c, err := collect(t.tree, units, nil)
	if err != nil {
		return err
	}
	var extra []*sample
	if t.again > 0 {
		r := &replacer{seed: "train"}
		copied, err := collect(t.tree, units, r.change)
		if err != nil {
			return err
		}
		for _, s := range copied.samples {
			if s.candidate && s.positive {
				s.weight *= t.again
				extra = append(extra, s)
			}
		}
	}
	clean := &corpus{}
	if t.clean != "" {
		if clean, err = t.cleanCode(); err != nil {
			return err
		}
		extra = append(extra, candidates(clean.samples, nil)...)
	}
	for _, s := range c.samples {
		if s.positive {
			s.weight *= 1 - t.again/2
		}
	}
	other, err := collect(t.tree, units, (&replacer{seed: "test"}).change)
	if err != nil {
		return err
	}
	t.describe(c)
	thresholds := t.crossValidate(c, other, clean, extra)
	doubt := t.fitDoubt(append(candidates(c.samples, nil), candidates(clean.samples, nil)...))
	if t.list == "clean" {
		showClean(clean, thresholds)
		return nil
	}
	if t.list != "" {
		if list, ok := strings.CutPrefix(t.list, "other-"); ok {
			t.list = list
			c = other
		}
		t.show(c, thresholds)
		return nil
	}
	if t.replace != "" {
		if err := (&replacer{seed: "test"}).write(t.tree, t.replace, units); err != nil {
			return err
		}
	}
	if t.findings != "" {
		if err := writeFindings(t.findings, t.tree, c, thresholds); err != nil {
			return err
		}
		if t.replace != "" {
			if err := writeFindings(t.findings+"-words", t.replace, other, thresholds); err != nil {
				return err
			}
		}
	}
	final := t.fit(append(candidates(c.samples, nil), extra...))
	for _, s := range c.samples {
		if s.candidate {
			s.score = final.score(s)
			s.sure = doubt.sure(s)
		}
	}
	fmt.Println("\ntrained on all, measured on all:")
	t.print(c, thresholds)
	if t.write {
		return writeTable("detect/generic/weights_table.go", final, doubt, thresholds)
	}
	return nil
}

// maxOfFile bounds what one file of clean code teaches: a dump of test vectors is no more than one file.
const maxOfFile = 20

// cleanCode returns what is found in packages without secrets in use, each value of a file once. UUIDs identify
// something there as anywhere.
func (t *training) cleanCode() (*corpus, error) {
	c, err := collect(t.clean, nil, nil)
	if err != nil {
		return nil, err
	}
	type value struct{ path, rule, secret string }
	seen := map[value]bool{}
	count := map[string]int{}
	out := &corpus{files: c.files, bytes: c.bytes}
	for _, s := range c.samples {
		v := value{s.path, s.rule.ID, s.secret}
		if seen[v] || s.rule.Class == rules.Identifiers || count[s.path] == maxOfFile {
			continue
		}
		seen[v] = true
		count[s.path]++
		s.weight, s.clean = t.cleanWeight, true
		out.samples = append(out.samples, s)
	}
	fmt.Printf("%d candidates in clean code, %.0f MB\n", len(candidates(out.samples, nil)), float64(out.bytes)/1e6)
	return out, nil
}

func (t *training) fit(samples []*sample) *model {
	names := generic.FeatureNames()
	t.most = make([]float64, len(names))
	for f, name := range names {
		t.most[f] = math.Inf(1)
		if most, ok := lowering[name]; ok {
			t.most[f] = most
		}
		if strings.HasPrefix(name, "made-of.") {
			t.most[f] = math.Inf(-1) // for the second step
		}
	}
	return fit(samples, len(names), len(generic.GroupNames()), t.options)
}

// candidates are the samples that teach, of the repositories that a filter takes.
func candidates(list []*sample, take func(repo string) bool) []*sample {
	var out []*sample
	for _, s := range list {
		if s.candidate && s.weight > 0 && (take == nil || take(repoOf(s.path))) {
			out = append(out, s)
		}
	}
	return out
}

func (t *training) describe(c *corpus) {
	n, positive := 0, 0
	for _, s := range c.samples {
		if s.candidate {
			n++
			if s.positive {
				positive++
			}
		}
	}
	fmt.Printf("%d files, %d candidates, %d of them secrets\n", c.files, n, positive)
	fmt.Println("the most that candidates can find:", measure(c, true, func(s *sample) bool { return !s.candidate || s.positive }))
}

// crossValidate scores each repository, and each package of clean code, by weights learnt from others, and chooses the
// thresholds.
func (t *training) crossValidate(c, other, clean *corpus, extra []*sample) [3]float64 {
	fold := t.foldsOf(c, clean)
	each := func(k int, do func(*sample)) {
		for _, list := range [...][]*sample{c.samples, other.samples, clean.samples} {
			for _, s := range list {
				if s.candidate && fold[repoOf(s.path)] == k {
					do(s)
				}
			}
		}
	}
	for k := range t.folds {
		others := func(repo string) bool { return fold[repo] != k }
		m := t.fit(append(candidates(c.samples, others), candidates(extra, others)...))
		each(k, func(s *sample) { s.score = m.score(s) })
	}
	// The second step learns from scores of the first for what that had not seen.
	for k := range t.folds {
		others := func(repo string) bool { return fold[repo] != k }
		d := t.fitDoubt(append(candidates(c.samples, others), candidates(clean.samples, others)...))
		each(k, func(s *sample) { s.sure = d.sure(s) })
	}
	thresholds := chooseThresholds(c)
	fmt.Printf("\ncross-validated over %d repositories and packages in %d parts; thresholds %.2f\n", len(fold), t.folds, thresholds)
	t.print(c, thresholds)
	for i, level := range rules.Confidences() {
		fmt.Printf("in clean code, %s confidence and more: %s\n", level, quietness(clean, reports(thresholds, i)))
	}
	fmt.Println("\nthe same with other words in the place of the secrets")
	t.print(other, thresholds)
	return thresholds
}

// foldsOf deals the repositories out so that each part has about as many secrets.
func (t *training) foldsOf(c, clean *corpus) map[string]int {
	count := map[string]int{}
	for _, s := range clean.samples {
		count[repoOf(s.path)] = 0
	}
	for path, list := range c.units {
		repo := repoOf(path)
		count[repo] += 0
		for _, u := range list {
			if u.positive {
				count[repo]++
			}
		}
	}
	repos := make([]string, 0, len(count))
	for r := range count {
		repos = append(repos, r)
	}
	slices.SortFunc(repos, func(a, b string) int { return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b)) })
	load := make([]int, t.folds)
	fold := map[string]int{}
	for _, r := range repos {
		least := 0
		for k := range load {
			if load[k] < load[least] {
				least = k
			}
		}
		fold[r] = least
		load[least] += count[r] + 1
	}
	return fold
}

// chooseThresholds: low is where F1 with everything on is best. Medium, which is the default, is as high as
// leaves a recall of leastRecall without identifiers; high is where what is left has a precision of 0.985.
func chooseThresholds(c *corpus) (t [3]float64) {
	best := -1.0
	t = [3]float64{-0.5, -3, 3}
	for x := -3.0; x <= 8; x += 0.05 {
		if r := measure(c, true, reports([3]float64{x}, 0)); (r.f1 + r.strict) > best {
			best, t[0] = r.f1+r.strict, x
		}
	}
	for x := -6.0; x <= 8; x += 0.05 {
		if r := measure(c, false, reports([3]float64{t[0], x}, 1)); r.recall < leastRecall {
			break
		}
		t[1] = x
	}
	for x := t[0]; x <= 8; x += 0.05 {
		if r := measure(c, false, reports([3]float64{t[0], t[1], x}, 2)); r.precision >= 0.985 {
			t[2] = x
			break
		}
	}
	return t
}

const leastRecall = 0.77

// reports tells what has a level of confidence at the least: 0 low, 1 medium, 2 high.
func reports(thresholds [3]float64, level int) func(*sample) bool {
	return func(s *sample) bool {
		if s.candidate {
			return s.score >= thresholds[0] && (level == 0 || s.sure >= thresholds[1]) && (level < 2 || s.score >= thresholds[2])
		}
		return slices.Index(rules.Confidences(), s.static) >= level
	}
}

func (t *training) print(c *corpus, thresholds [3]float64) {
	fmt.Println("everything      ", measure(c, true, reports(thresholds, 0)))
	fmt.Println("low credentials ", measure(c, false, reports(thresholds, 0)))
	fmt.Println("default         ", measure(c, false, reports(thresholds, 1)))
	fmt.Println("high            ", measure(c, false, reports(thresholds, 2)))
	fmt.Println("without generic ", measure(c, true, func(s *sample) bool { return !s.candidate }))
}

// show lists what is wrong at a threshold.
func (t *training) show(c *corpus, thresholds [3]float64) {
	lines := newLineReader(t.tree)
	found := map[*unit]bool{}
	reported := reports(thresholds, 0)
	for _, s := range c.samples {
		if !reported(s) {
			continue
		}
		if s.finds(found) {
			continue
		}
		what := "unlabelled"
		if len(s.units) > 0 {
			what = "fp"
		}
		if t.list == what {
			fmt.Printf("%s:%d\t%s\t%.2f\t%s\t%s\n", s.path, s.line, s.rule.ID, s.score, s.secret, lines.at(s.path, s.line))
		}
	}
	if t.list != "fn" {
		return
	}
	best := map[*unit]*sample{}
	for _, s := range c.samples {
		for _, u := range s.units {
			if s.candidate && (best[u] == nil || best[u].score < s.score) {
				best[u] = s
			}
		}
	}
	var paths []string
	for p := range c.units {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	for _, p := range paths {
		for _, u := range c.units[p] {
			if u.positive && !found[u] {
				var cats []string
				for _, r := range u.rows {
					if r.truth == 'T' {
						cats = append(cats, strings.Join(r.categories, ":"))
					}
				}
				score := "no candidate"
				if b := best[u]; b != nil {
					score = fmt.Sprintf("%.2f %s", b.score, b.secret)
				}
				fmt.Fprintf(os.Stdout, "%s:%d\t%s\t%s\t%s\n", p, u.start, strings.Join(cats, "+"), score, lines.at(p, u.start))
			}
		}
	}
}
