package rules

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
)

// Options say what a rule file may refer to. The zero value is ready to use.
type Options struct {
	// Proofs are the names a rule may give as proof. If it is nil, any name will do.
	Proofs []string
	// Detectors are the names a rule may give as detector. If it is nil, any name will do.
	Detectors []string
	// Builtin returns the set that [extend] useDefault stands for. If it is nil, that is [Builtin].
	Builtin func() (*Set, error)
	// Gitleaks says that the file was written for gitleaks: a name that both have means what it means there, a rule that is
	// defined anew takes the place of all that gitleaks' rule of that id is here, matches cross lines where an expression
	// can, and what gitleaks passes over without a word, unknown keys and ids to disable, is a warning.
	Gitleaks bool
	// ReadFile reads a rule file and those it extends. If it is nil, they are read from disk.
	// Paths in [extend] are tried relative to the file that names them, then as they are.
	ReadFile func(name string) ([]byte, error)
	// OnBuiltin puts files that do not say what they extend on top of the built-in rules: useDefault is true unless they say
	// false.
	OnBuiltin bool
	// Settings are the keys at the top of a file that say nothing of rules, and that [ReadSettings] reads.
	Settings []string
}

// Load reads a rule file and all it extends. What is wrong in the files is
// returned as [Errors]; a file that cannot be read, as the error of reading it.
func Load(path string, o Options) (*Set, error) {
	o = o.withDefaults()
	data, err := o.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("rule file %s: %w", path, cause(err))
	}
	return Parse(path, data, o)
}

// Parse is Load for a file that has been read already. The name stands for the
// file in errors and positions, and paths in [extend] are relative to its directory.
func Parse(name string, data []byte, o Options) (*Set, error) {
	var errs Errors
	l := &loader{Options: o.withDefaults(), errs: &errs}
	base := l.load(name, data)
	if len(errs) == 0 {
		base.validate()
	}
	if len(errs) == 0 && len(base.rules) == 0 {
		f := &file{name: name, errs: &errs}
		f.errorAt(0, "", "", "no rule is left in force; add [[rules]], or begin with [extend] useDefault = true")
	}
	if len(errs) > 0 {
		sortErrors(errs)
		return nil, errs
	}
	set := base.set()
	set.Warnings = l.warnings
	return set, nil
}

func (o Options) withDefaults() Options {
	if o.Builtin == nil {
		o.Builtin = Builtin
	}
	if o.ReadFile == nil {
		o.ReadFile = readFile
	}
	return o
}

// readFile reads a file of up to one byte more than the largest that is accepted.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFileSize+1))
}

// cause strips the path that the caller names already.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// sortErrors orders errors by place and drops repetitions, which a value used twice brings about.
func sortErrors(errs Errors) {
	files := map[string]int{}
	for _, e := range errs {
		if _, ok := files[e.Pos.File]; !ok {
			files[e.Pos.File] = len(files)
		}
	}
	sort.SliceStable(errs, func(i, j int) bool {
		a, b := errs[i].Pos, errs[j].Pos
		if a.File != b.File {
			return files[a.File] < files[b.File]
		}
		return a.Line < b.Line
	})
}

// maxExtends is how many files may extend one another. gitleaks stops at two,
// without a word; a longer chain is more likely an accident.
const maxExtends = 8

// loader holds what the files of one chain of [extend] share.
type loader struct {
	Options
	errs     *Errors
	warnings []string
	chain    []string // files being loaded, the outermost first
}

// load reads one file with all it extends. The result is usable as far as there are no errors.
func (l *loader) load(name string, data []byte) *layer {
	f := &file{name: name, errs: l.errs}
	empty := &layer{}
	root := f.decode(data)
	if root == nil {
		return empty
	}
	if l.Gitleaks {
		f.passOver = func(warning string) { l.warnings = append(l.warnings, warning) }
	}
	l.chain = append(l.chain, name)
	defer func() { l.chain = l.chain[:len(l.chain)-1] }()

	doc := l.document(root)
	if l.Gitleaks {
		for _, d := range doc.rules {
			d.spanLines()
		}
	}
	base := empty
	if l.OnBuiltin && doc.extend == nil {
		doc.extend = &extend{table: root, useDefault: true}
	}
	if doc.extend != nil {
		base = l.base(doc.extend)
		doc.disable(base)
	}
	doc.apply(base)
	l.warnings = append(l.warnings, doc.warnings...)
	return base
}

// base loads what a file extends.
func (l *loader) base(x *extend) *layer {
	switch {
	case x.useDefault:
		set, err := l.Builtin()
		if err != nil {
			x.table.errorf("useDefault", "built-in rules: %v", err)
			return &layer{}
		}
		b := layerOf(set)
		b.builtin, b.gitleaksFirst = true, l.Gitleaks
		return b
	case x.path != "":
		name, data, err := l.readExtended(x.path)
		if err != nil {
			x.table.errorf("path", "%q: %v; expected the path of a rule file, relative to this file or to the working directory", x.path, cause(err))
			return &layer{}
		}
		if slices.ContainsFunc(l.chain, func(c string) bool { return samePath(c, name) }) {
			x.table.errorf("path", "%q extends itself by way of this file; remove one of the two [extend]", x.path)
			return &layer{}
		}
		if len(l.chain) >= maxExtends {
			x.table.errorf("path", "more than %d files extend one another; join some of them", maxExtends)
			return &layer{}
		}
		return l.load(name, data)
	}
	return &layer{}
}

// readExtended reads the file that [extend] path names: relative to the file that
// says so, else relative to the working directory, which is where gitleaks looks.
func (l *loader) readExtended(path string) (string, []byte, error) {
	path = filepath.FromSlash(path)
	if !filepath.IsAbs(path) {
		beside := filepath.Join(filepath.Dir(l.chain[len(l.chain)-1]), path)
		data, err := l.ReadFile(beside)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return beside, data, err
		}
	}
	data, err := l.ReadFile(path)
	return path, data, err
}

func samePath(a, b string) bool {
	if a, err := filepath.Abs(a); err == nil {
		if b, err := filepath.Abs(b); err == nil {
			return a == b
		}
	}
	return filepath.Clean(a) == filepath.Clean(b)
}

// layer is a rule set while files are laid over one another.
type layer struct {
	rules      []*draft
	allowlists []Allowlist
	byID       map[string]*draft
	byAlias    map[string][]*draft
	builtin    bool // the built-in rules are at the bottom
	// gitleaks knows what ids of gitleaks mean among the built-in rules; gitleaksFirst says that they go before ours.
	gitleaks      gitleaksRules
	gitleaksFirst bool
}

// draft is a rule with what is needed to report errors in it. Rules of the
// built-in catalogue have no table; they are checked by a test instead of at each start.
type draft struct {
	*Rule
	table *table
}

func layerOf(set *Set) *layer {
	b := &layer{allowlists: slices.Clone(set.Allowlists)}
	for _, r := range set.Rules {
		b.add(&draft{Rule: r})
	}
	return b
}

func (b *layer) add(d *draft) {
	if b.byID == nil {
		b.byID, b.byAlias = map[string]*draft{}, map[string][]*draft{}
	}
	b.rules = append(b.rules, d)
	b.byID[d.ID] = d
	for _, a := range d.Aliases {
		if !slices.Contains(b.byAlias[a], d) {
			b.byAlias[a] = append(b.byAlias[a], d)
		}
	}
}

// find returns the rules an id means: the rule of that id, else all that have it as alias, else those that gitleaks' rule of
// that id is among the built-in ones.
func (b *layer) find(id string) []*draft {
	if b.gitleaksFirst {
		if found := b.findGitleaks(id); len(found) > 0 {
			return found
		}
	}
	if d := b.byID[id]; d != nil {
		return []*draft{d}
	}
	if found := b.byAlias[id]; len(found) > 0 || b.gitleaksFirst {
		return found
	}
	return b.findGitleaks(id)
}

// findGitleaks returns the rules that gitleaks' rule of an id is. One that the file itself defines under that id is nearer.
func (b *layer) findGitleaks(id string) []*draft {
	if d := b.byID[id]; !b.builtin || d != nil && d.Source.Line > 0 {
		return nil
	}
	var found []*draft
	same, _ := b.gitleaks.same(id)
	for _, ours := range same {
		if d := b.byID[ours]; d != nil {
			found = append(found, d)
		}
	}
	return found
}

// inGitleaks reports whether id is one of gitleaks, to which a configuration may refer if the built-in rules are there.
// Where straykey has no rule of its own for it there is nothing to adjust, which is worth a warning and no error.
func (b *layer) inGitleaks(id string) bool {
	_, known := b.gitleaks.same(id)
	return b.builtin && known
}

func (b *layer) ids() []string { return idsOf(b.rules) }

func idsOf(list []*draft) []string {
	ids := make([]string, len(list))
	for i, d := range list {
		ids[i] = d.ID
	}
	return ids
}

// set finishes the rules and puts them in order.
func (b *layer) set() *Set {
	set := &Set{Allowlists: b.allowlists, Rules: make([]*Rule, len(b.rules))}
	for i, d := range b.rules {
		set.Rules[i] = d.Rule
	}
	sort.Slice(set.Rules, func(i, j int) bool { return set.Rules[i].ID < set.Rules[j].ID })
	set.Hash = hash(set)
	return set
}

// disable takes the rules named in disabledRules out of what a file extends.
func (doc *document) disable(base *layer) {
	x := doc.extend
	if !x.useDefault && x.path == "" {
		return // reported already
	}
	off := map[*draft]bool{}
	for i, id := range x.disabled {
		found := base.find(id)
		switch {
		case len(found) > 0 || x.table.file.tooMany():
		case x.table.file.passOver != nil && !base.inGitleaks(id):
			doc.warn(x.table, "disabledRules", "no rule %s in what this file extends%s; there is nothing to disable", quote(id), suggestion(id, base.ids()))
		case base.inGitleaks(id):
			doc.warn(x.table, "disabledRules", "straykey has no rule for gitleaks' %s; there is nothing to disable", id)
		default:
			x.table.elementError("disabledRules", i, "no rule %s in what this file extends%s; remove it", quote(id), suggestion(id, base.ids()))
		}
		for _, d := range found {
			off[d] = true
		}
	}
	base.remove(off)
}

// remove takes rules out of a layer. One that another rule still requires is kept
// and only no longer reported.
func (b *layer) remove(off map[*draft]bool) {
	if len(off) == 0 {
		return
	}
	needed := map[string]bool{}
	for grown := true; grown; {
		grown = false
		for _, d := range b.rules {
			if off[d] && !needed[d.ID] {
				continue
			}
			for _, r := range d.Required {
				grown = grown || !needed[r.ID]
				needed[r.ID] = true
			}
		}
	}
	kept := layer{allowlists: b.allowlists, builtin: b.builtin, gitleaks: b.gitleaks, gitleaksFirst: b.gitleaksFirst}
	for _, d := range b.rules {
		if !off[d] {
			kept.add(d)
		} else if needed[d.ID] {
			hidden := *d.Rule
			hidden.SkipReport = true
			kept.add(&draft{Rule: &hidden, table: d.table})
		}
	}
	*b = kept
}

// apply lays a file over what it extends.
func (doc *document) apply(base *layer) {
	base.allowlists = append(slices.Clone(doc.allowlists), base.allowlists...)
	for _, d := range doc.rules {
		under := base.find(d.ID)
		exact := len(under) == 1 && under[0].ID == d.ID
		switch {
		case exact, len(under) > 0 && !d.hasShape():
			for _, u := range under {
				r := overlay(u.Rule, d)
				if base.gitleaksFirst && u.Detector != "" {
					doc.keepJudgement(r, u.Rule, d)
				}
				if r.ID != d.ID { // it stays the rule it was, under its own name
					r.Source, r.Lines = u.Source, u.Lines
				}
				*u = draft{Rule: r, table: d.table}
			}
		case base.gitleaksFirst && len(under) > 0:
			base.replace(under, d)
		case !d.hasShape() && base.inGitleaks(d.ID):
			doc.warn(d.table, "id", "straykey has no rule for gitleaks' %s; what this changes has no effect", d.ID)
		default:
			base.add(d)
		}
	}
	for _, t := range doc.targeted {
		for i, id := range t.targets {
			found := base.find(id)
			switch {
			case len(found) > 0 || t.table.file.tooMany():
			case base.inGitleaks(id):
				doc.warn(t.table, "targetRules", "straykey has no rule for gitleaks' %s; the allowlist does not apply to it", id)
			default:
				t.table.elementError("targetRules", i, "no rule %s%s; expected the id of a rule of this file or of one it extends", quote(id), suggestion(id, base.ids()))
			}
			for _, d := range found {
				r := *d.Rule
				r.Allowlists = append(slices.Clone(r.Allowlists), t.Allowlist)
				d.Rule = &r
			}
		}
	}
}

// keepJudgement leaves out what a file for gitleaks says of how a secret is judged where straykey's rule has a detector, which does
// that itself.
func (doc *document) keepJudgement(r, under *Rule, d *draft) {
	for _, key := range []string{"entropy", "secretGroup"} {
		if d.table.has(key) {
			doc.warn(d.table, key, "straykey's %s weighs more than the entropy of a value; %s has no effect on it", r.ID, key)
		}
	}
	r.Entropy, r.SecretGroup = under.Entropy, under.SecretGroup
}

// replace puts a rule in the place of others.
func (b *layer) replace(under []*draft, d *draft) {
	off := map[*draft]bool{}
	for _, u := range under {
		off[u] = true
	}
	b.remove(off)
	if kept := b.byID[d.ID]; kept != nil { // another rule requires it
		*kept = *d
	} else {
		b.add(d)
	}
}

// hasShape reports whether the rule says itself what it matches.
func (d *draft) hasShape() bool {
	return d.Regex != "" || d.Token != "" || d.Assigned != "" || d.Detector != "" || d.Path != ""
}

// overlay returns a copy of a rule with the keys that a rule of the same id in an
// extending file gives. As in gitleaks, tags, keywords and allowlists are added
// and everything else replaced.
func overlay(under *Rule, d *draft) *Rule {
	r, over, has := *under, d.Rule, d.table.has
	if has("regex") || has("token") || has("assigned") || has("detector") {
		// What belonged to the old shape says nothing of the new one.
		r.Regex, r.Token, r.Assigned, r.Detector = over.Regex, over.Token, over.Assigned, over.Detector
		r.SecretGroup, r.Reach, r.Multiline, r.Proof, r.Names = 0, over.Reach, over.Multiline, "", over.Names
		r.Positives, r.Negatives = nil, nil
		r.Verify, r.Revoke = nil, nil
		r.Keywords = append(slices.Clone(under.Keywords), over.Keywords...)
	} else if len(under.Keywords) > 0 {
		r.Keywords = append(slices.Clone(under.Keywords), over.Keywords...)
	} // else the anchors come from the shape, and more keywords could only lose matches
	r.Tags = append(slices.Clone(under.Tags), over.Tags...)
	r.Aliases = append(slices.Clone(under.Aliases), over.Aliases...)
	r.Allowlists = append(slices.Clone(under.Allowlists), over.Allowlists...)

	replace := func(key string, assign func()) {
		if has(key) {
			assign()
		}
	}
	replace("family", func() { r.Family = over.Family })
	replace("provider", func() { r.Provider = over.Provider })
	replace("description", func() { r.Description = over.Description })
	replace("identity", func() { r.Identity = over.Identity })
	replace("severity", func() { r.Severity = over.Severity })
	replace("docs", func() { r.Docs = over.Docs })
	replace("rotate", func() { r.Rotate = over.Rotate })
	replace("path", func() { r.Path = over.Path })
	replace("names", func() { r.Names = over.Names })
	replace("secretGroup", func() { r.SecretGroup = over.SecretGroup })
	replace("entropy", func() { r.Entropy = over.Entropy })
	replace("reach", func() { r.Reach = over.Reach })
	replace("multiline", func() { r.Multiline = over.Multiline })
	replace("proof", func() { r.Proof = over.Proof })
	replace("class", func() { r.Class = over.Class })
	replace("confidence", func() { r.Confidence = over.Confidence })
	replace("weak", func() { r.Weak = over.Weak })
	replace("required", func() { r.Required = over.Required })
	replace("pair", func() { r.Pair = over.Pair })
	replace("verify", func() { r.Verify = over.Verify })
	replace("revoke", func() { r.Revoke = over.Revoke })
	replace("skipReport", func() { r.SkipReport = over.SkipReport })
	replace("positives", func() { r.Positives = over.Positives })
	replace("negatives", func() { r.Negatives = over.Negatives })
	r.Source, r.Lines = over.Source, over.Lines
	return &r
}

// validate checks what can only be checked when all files are joined.
func (b *layer) validate() {
	for _, d := range b.rules {
		if d.table == nil {
			continue
		}
		if d.table.file.tooMany() {
			return
		}
		d.checkShape()
		d.Required = slices.Clone(d.Required) // may be the catalogue's
		for i := range d.Required {
			if problem := b.resolve(d, &d.Required[i].ID, "require"); problem != "" {
				d.requiredError(i, "%s", problem)
			}
		}
		b.resolveVerify(d)
		if !d.table.has("pair") {
			continue // the names are inherited, and one that was disabled since pairs with nothing
		}
		d.Pair = slices.Clone(d.Pair)
		for i := range d.Pair {
			if problem := b.resolve(d, &d.Pair[i], "pair with"); problem != "" {
				d.table.elementError("pair", i, "%s", problem)
			}
		}
	}
}

// resolve replaces an alias of another rule that d names by its id, or says what is wrong with the name.
func (b *layer) resolve(d *draft, id *string, verb string) (problem string) {
	found := b.find(*id)
	switch {
	case *id == d.ID:
		return "a rule cannot " + verb + " itself; name the other one"
	case len(found) == 0:
		return fmt.Sprintf("no rule %s%s; expected the id of a rule of this file or of one it extends", quote(*id), suggestion(*id, b.ids()))
	case len(found) > 1:
		return fmt.Sprintf("%s is an alias of several rules; expected one id: %s", quote(*id), strings.Join(idsOf(found), ", "))
	}
	*id = found[0].ID
	return ""
}

// requiredError reports an error in the id of a [[rules.required]].
func (d *draft) requiredError(i int, format string, args ...any) {
	line := d.table.file.index.line(join(d.table.path, fmt.Sprintf("required.%d.id", i)))
	d.table.file.errorAt(line, d.ID, fmt.Sprintf("required[%d].id", i), format, args...)
}

// checkShape checks the part of a rule that says how the text looks.
func (d *draft) checkShape() {
	var given []string
	expr := ""
	for _, s := range []struct{ key, expr string }{{"regex", d.Regex}, {"token", d.Token}, {"assigned", d.Assigned}, {"detector", d.Detector}} {
		if s.expr != "" {
			given = append(given, s.key)
			expr = s.expr
		}
	}
	t := d.table
	switch {
	case len(given) > 1:
		t.errorf(given[1], "%s are given; expected one of them", strings.Join(given, " and "))
		return
	case len(given) == 0 && d.Path == "":
		t.errorf("", "says not what to look for; expected regex, token, assigned, detector or path, e.g. token = '''acme_[0-9a-f]{32}'''")
		return
	case len(given) == 0:
		if d.SecretGroup != 0 || d.Entropy != 0 {
			t.errorf("path", "a rule on paths alone has no secret; remove secretGroup and entropy, or add regex")
		}
		return
	}
	if d.Detector != "" {
		if d.SecretGroup != 0 || d.Entropy != 0 || d.Multiline {
			t.errorf("detector", "a detector finds and judges the secret itself; remove secretGroup, entropy and multiline")
		}
		return
	}
	if d.Assigned != "" && len(d.Keywords) == 0 {
		t.errorf("assigned", "a value is told by the name it is assigned to; expected keywords, e.g. keywords = [\"acme_token\"]")
	}
	if d.Assigned == "" && len(d.Names) > 0 {
		t.errorf("names", "only a value that is assigned has a name; expected assigned, or no names")
	}
	if d.Multiline && d.Reach == 0 {
		t.errorf("multiline", "a match over several lines needs its greatest distance from the anchor, e.g. reach = 4096")
	}
	if re, problem := parseRegex(expr); problem == "" && d.SecretGroup > re.MaxCap() {
		t.errorf("secretGroup", "%d, but %s has %s; expected a number from 0 to %d", d.SecretGroup, given[0], groups(re.MaxCap()), re.MaxCap())
	}
}

func groups(n int) string {
	switch n {
	case 0:
		return "no groups"
	case 1:
		return "1 group"
	}
	return fmt.Sprintf("%d groups", n)
}
