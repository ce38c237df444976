package scan

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/detect/proof/forge"
	"github.com/straykey/straykey/report"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/scan/cache"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/repo"
	"github.com/straykey/straykey/source/repo/gittest"
)

// TestScansWithAndWithoutMemoryAgree lets repositories change in random ways, from one scan to the next, and compares
// the report of a scan that remembers the earlier ones with that of a scan that remembers nothing.
// STRAYKEY_TEST_REPOSITORIES says how many (6).
func TestScansWithAndWithoutMemoryAgree(t *testing.T) {
	repositories := 6
	if testing.Short() {
		repositories = 2
	}
	if n, err := strconv.Atoi(os.Getenv("STRAYKEY_TEST_REPOSITORIES")); err == nil {
		repositories = n
	}
	engines := [2]*detect.Engine{newEngine(t), otherEngine(t)}
	var all, some, found atomic.Int64
	t.Cleanup(func() {
		n := int64(repositories)
		if all.Load() < 20*n || some.Load() < 5*n || found.Load() < 20*n {
			t.Errorf("%d repositories: %d scans had everything from memory, %d a part, %d found something: that tests little",
				n, all.Load(), some.Load(), found.Load())
		}
	})
	for seed := range repositories {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			l := newLife(t, uint64(seed), engines)
			for step := range 40 {
				did := l.change()
				// The first scan may know a part, the second everything, the third is one of another time.
				for _, again := range []string{"", ", again"} {
					want, _ := l.scan(false)
					got, reused := l.scan(true)
					if diff := cmp.Diff(want, got); diff != "" {
						t.Fatalf("step %d, after %s%s (reused %+v): -without memory +with:\n%s", step, did, again, *reused, diff)
					}
					switch {
					case reused.Places:
						all.Add(1)
					case reused.Texts > 0:
						some.Add(1)
					}
					if strings.Contains(got, `"fingerprint"`) {
						found.Add(1)
					}
				}
			}
		})
	}
}

// otherEngine finds hardly anything.
func otherEngine(t *testing.T) *detect.Engine {
	t.Helper()
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	if set, err = set.Only([]string{"aws-access-key-id"}); err != nil {
		t.Fatal(err)
	}
	e, err := detect.New(set, detect.Options{Reported: true})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// life is a repository that changes, and how it is scanned.
type life struct {
	t       *testing.T
	r       *rand.Rand
	keys    *tokens
	d       gittest.Dir
	origin  gittest.Dir // which d fetches from
	cache   string
	engines [2]*detect.Engine

	engine  int
	options Options
	undo    func() // repairs what was damaged
	commits int
}

func newLife(t *testing.T, seed uint64, engines [2]*detect.Engine) *life {
	r := rand.New(rand.NewPCG(seed, 21))
	format := "--object-format=" + []string{"sha1", "sha256"}[seed%2]
	l := &life{
		t: t, r: r, keys: &tokens{r}, engines: engines, cache: filepath.Join(t.TempDir(), "cache"),
		d: gittest.Init(t, format), origin: gittest.Init(t, format),
		options: Options{Jobs: 2, MaxSize: 64 << 20},
	}
	l.commit(l.d)
	l.commit(l.origin)
	return l
}

// scan scans and returns the whole report.
func (l *life) scan(remember bool) (string, *Reuse) {
	l.t.Helper()
	o := l.options
	o.Engine, o.Coverage = l.engines[l.engine], &source.Coverage{}
	if remember {
		o.Memory = &Memory{Dir: l.cache, Verdict: fmt.Sprint("engine ", l.engine)}
	}
	r, err := repo.Open(l.d.Path)
	if err != nil {
		l.t.Fatal(err)
	}
	var b correlate.Builder
	result, err := History(context.Background(), r, &b, o)
	if errors.Is(err, ErrRevision) { // Options.Branch is gone, or its commit
		return err.Error(), &Reuse{}
	}
	if err != nil {
		l.t.Fatal(err)
	}
	findings, allowed, err := b.Findings(context.Background(), nil, 2)
	if err != nil {
		l.t.Fatal(err)
	}
	if result.Reused != nil && result.Reused.Note != "" {
		l.t.Fatalf("nothing was kept: %s", result.Reused.Note)
	}
	all := &report.Report{Coverage: o.Coverage, Findings: findings}
	for _, f := range allowed {
		all.Suppressed = append(all.Suppressed, report.Suppressed{Finding: f, By: report.Inline})
	}
	all.Run = report.Run{Head: result.Head, Refs: result.Refs, Notes: result.Notes, Rules: result.Commits}
	var out bytes.Buffer
	if err := report.Write(&out, "json", all, report.Options{ShowSecrets: true}); err != nil {
		l.t.Fatal(err)
	}
	return out.String(), result.Reused
}

// change does something to the repository, to the way it is scanned, or to what is kept.
func (l *life) change() string {
	if l.undo != nil {
		l.undo()
		l.undo = nil
		return "repair"
	}
	changes := []struct {
		name   string
		weight int
		do     func()
	}{
		{"nothing", 2, func() {}},
		{"commit", 10, func() { l.commit(l.d) }},
		{"amend", 2, func() { l.edit(l.d); l.d.Git("commit", "-q", "-a", "--amend", "-m", "amended") }},
		{"message", 2, func() { l.d.Git("commit", "-q", "--allow-empty", "-m", "subject\n\nuse "+l.keys.next()) }},
		{"branch", 2, func() { l.d.Git("checkout", "-q", "-b", fmt.Sprint("b", l.r.Uint32())) }},
		{"tag", 2, func() { l.d.Git("tag", "-a", fmt.Sprint("t", l.r.Uint32()), "-m", "tag "+l.keys.next()) }},
		{"loose blob", 2, func() { l.d.In("x = '"+l.keys.next()+"'\n", "hash-object", "-w", "--stdin") }},
		{"deleted ref", 2, l.deleteRef},
		{"moved ref", 3, l.moveRef},
		{"merge", 2, l.merge},
		{"gc", 3, func() { l.d.Git("gc", "-q", "--prune=now") }},
		{"repack of all", 2, func() { l.d.Git("repack", "-q", "-Adf", "--depth=50") }},
		{"repack of what is loose", 3, func() { l.d.Git("repack", "-q", "-d") }},
		{"unpack", 1, l.unpack},
		{"multi-pack-index", 1, l.onlyMultiPackIndex},
		{"fetch", 4, func() {
			l.commit(l.origin)
			l.d.Git("-c", fmt.Sprint("fetch.unpackLimit=", 1+l.r.IntN(2)*1000), "fetch", "-q", l.origin.Path, "+refs/heads/*:refs/remotes/origin/*")
		}},
		{"shallow", 2, l.shallow},
		{"other rules", 4, func() { l.engine = 1; l.undo = func() { l.engine = 0 } }},
		{"other options", 4, l.otherOptions},
		{"damaged cache", 4, l.damageCache},
		{"lost cache", 1, func() { l.check(os.RemoveAll(l.cache)) }},
		{"damaged object", 4, l.damageObject},
		{"missing object", 2, l.loseObject},
	}
	total := 0
	for _, c := range changes {
		total += c.weight
	}
	at := l.r.IntN(total)
	for _, c := range changes {
		if at -= c.weight; at < 0 {
			c.do()
			return c.name
		}
	}
	panic("weights")
}

func (l *life) check(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// edit changes a file, which may hold keys.
func (l *life) edit(d gittest.Dir) {
	name := []string{"a.txt", "b/c d.env", "ignored/d", "long.js"}[l.r.IntN(4)]
	text, err := os.ReadFile(filepath.Join(d.Path, name))
	if err != nil || len(text) == 0 {
		text = []byte(strings.Repeat("some text\n", 30+l.r.IntN(200)))
	}
	if l.r.IntN(8) == 0 { // may be a pair, see newEngine
		text = append(text, "\nline of text "+l.keys.next()+"\n"...)
	}
	if l.r.IntN(6) == 0 { // what does not stand on one line, or not as it is
		far := []string{
			forge.Armor("EC PRIVATE KEY", forge.Bytes(l.r, 121)),
			"- name: DB_PASSWORD\n  value: " + forge.Chars(l.r, "abcdefghkmnpqrstuvwxyz23456789", 20) + "\n",
			"password: " + base64.StdEncoding.EncodeToString([]byte(forge.Chars(l.r, "abcdefghkmnpqrstuvwxyz23456789", 14))) + "\n",
		}
		text = append(text, far[l.r.IntN(len(far))]...)
	}
	if l.r.IntN(3) == 0 {
		at := l.r.IntN(len(text))
		end := min(len(text), at+l.r.IntN(100))
		d.Write(name, string(text[:at])+"\n# "+strings.Repeat("z", l.r.IntN(9))+"\n"+string(text[end:]))
	} else {
		d.Write(name, edit(l.r, string(text), l.keys))
	}
	d.Git("add", "-A")
}

func (l *life) commit(d gittest.Dir) {
	for range 1 + l.r.IntN(3) {
		l.edit(d)
		l.commits++
		d.Git("commit", "-q", "--allow-empty", "-m", fmt.Sprint("commit ", l.commits))
	}
}

func (l *life) deleteRef() {
	current := l.d.Git("rev-parse", "--abbrev-ref", "HEAD")
	refs := strings.Fields(l.d.Git("for-each-ref", "--format=%(refname)"))
	ref := refs[l.r.IntN(len(refs))]
	if ref != "refs/heads/"+current {
		l.d.Git("update-ref", "-d", ref)
	}
}

// moveRef has a branch begin at another commit.
func (l *life) moveRef() {
	commits := strings.Fields(l.d.Git("rev-list", "--all"))
	l.d.Git("reset", "-q", "--hard", commits[l.r.IntN(len(commits))])
}

func (l *life) merge() {
	refs := strings.Fields(l.d.Git("for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes"))
	_, _ = l.d.Try("", "merge", "-q", "-X", "ours", "--allow-unrelated-histories", "-m", "merge", refs[l.r.IntN(len(refs))])
	_, _ = l.d.Try("", "reset", "-q", "--hard")
}

// unpack makes loose objects of a pack.
func (l *life) unpack() {
	packs := l.glob("pack/*.pack")
	if len(packs) == 0 {
		return
	}
	data, err := os.ReadFile(packs[0])
	l.check(err)
	for _, f := range l.glob("pack/*") {
		if strings.HasPrefix(f, strings.TrimSuffix(packs[0], ".pack")) {
			l.check(os.Remove(f))
		}
	}
	l.d.In(string(data), "unpack-objects", "-q")
}

// onlyMultiPackIndex leaves packs without indexes of their own, and so without checksums of their entries.
func (l *life) onlyMultiPackIndex() {
	if len(l.glob("pack/*.pack")) == 0 {
		return
	}
	l.d.Git("multi-pack-index", "write")
	moved := l.glob("pack/*.idx")
	for _, f := range moved {
		l.check(os.Rename(f, f+".away"))
	}
	l.undo = func() {
		for _, f := range moved {
			l.check(os.Rename(f+".away", f))
		}
		l.check(os.Remove(filepath.Join(l.d.Path, ".git/objects/pack/multi-pack-index")))
	}
}

func (l *life) shallow() {
	commits := strings.Fields(l.d.Git("rev-list", "--all"))
	l.d.Write(".git/shallow", commits[l.r.IntN(len(commits))]+"\n")
	l.undo = func() { l.check(os.Remove(filepath.Join(l.d.Path, ".git/shallow"))) }
}

func (l *life) otherOptions() {
	o := &l.options
	switch l.r.IntN(6) {
	case 0:
		o.MaxSize = []int64{700, 64 << 20}[l.r.IntN(2)]
	case 1:
		o.NoMessages = !o.NoMessages
	case 2:
		o.NoUnreachable = !o.NoUnreachable
	case 3:
		o.Branch = []string{"", "HEAD", "main"}[l.r.IntN(3)]
	case 4:
		o.Since = []time.Time{{}, time.Unix(1_700_000_000+int64(l.r.IntN(6000)), 0)}[l.r.IntN(2)]
	case 5:
		o.Prefix = []string{"", "some/where"}[l.r.IntN(2)]
	}
}

func (l *life) glob(pattern string) []string {
	files, err := filepath.Glob(filepath.Join(l.d.Path, ".git/objects", pattern))
	l.check(err)
	slices.Sort(files)
	return files
}

// damageCache cuts a file of the cache, changes a byte, puts another in its place, or an older version of it.
func (l *life) damageCache() {
	files, err := filepath.Glob(filepath.Join(l.cache, "*"))
	l.check(err)
	if len(files) == 0 {
		return
	}
	file := files[l.r.IntN(len(files))]
	data, err := os.ReadFile(file)
	l.check(err)
	switch l.r.IntN(3) {
	case 0:
		data = data[:l.r.IntN(len(data))]
	case 1:
		data[l.r.IntN(len(data))] ^= 1 << l.r.IntN(8)
	default:
		data, err = os.ReadFile(files[l.r.IntN(len(files))])
		l.check(err)
	}
	l.check(os.WriteFile(file, data, 0o600))
}

// damageObject changes a byte of a pack or loose object, or cuts it, and sees to it that the time of the change is another.
func (l *life) damageObject() {
	files := append(l.glob("pack/*.pack"), l.glob("??/*")...)
	if len(files) == 0 {
		return
	}
	file := files[l.r.IntN(len(files))]
	data, err := os.ReadFile(file)
	l.check(err)
	bad := slices.Clone(data)
	if l.r.IntN(3) == 0 {
		bad = bad[:len(bad)*3/4]
	} else {
		bad[l.r.IntN(len(bad))] ^= 0x10
	}
	l.replace(file, bad, 1)
	l.undo = func() { l.replace(file, data, 1+l.r.IntN(2)) }
}

func (l *life) replace(file string, data []byte, hours int) {
	l.check(os.Chmod(file, 0o600))
	l.check(os.WriteFile(file, data, 0o600))
	when := time.Unix(1_800_000_000+int64(hours)*3600, 0)
	l.check(os.Chtimes(file, when, when))
}

func (l *life) loseObject() {
	files := l.glob("??/*")
	if len(files) == 0 {
		return
	}
	file := files[l.r.IntN(len(files))]
	l.check(os.Rename(file, file+".away"))
	l.undo = func() { l.check(os.Rename(file+".away", file)) }
}

// TestMemoryKnowsAllOptions fails when Options get a field of which it has not been decided whether what is kept depends
// on it: see historyScan.remember.
func TestMemoryKnowsAllOptions(t *testing.T) {
	decided := map[string]string{
		"Engine": "by Memory.Verdict", "MaxSize": "in the keys", "Branch": "in the key and the state", "Since": "in the state",
		"NoUnreachable": "in the key", "NoMessages": "in the key", "Full": "remembers nothing", "noTags": "remembers nothing", "Memory": "",
		"Coverage": "no", "Jobs": "no", "Prefix": "no: put before when the report is made", "Progress": "no", "NoGitignore": "files only",
		"Around":    "no: texts with matches are read again",
		"Watch":     "ranges and what is staged only",
		"Tags":      "ranges only",
		"Head":      "ranges only",
		"Rewritten": "no: places are not recalled with it, and are kept without what it adds",
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Options]()) {
		if _, ok := decided[f.Name]; !ok {
			t.Errorf("does what a scan finds in a history depend on Options.%s? Then it belongs into the keys of what is kept.", f.Name)
		}
	}
	// The command puts all options of the engine into the verdict as text, which says nothing of what pointers lead to.
	for _, f := range reflect.VisibleFields(reflect.TypeFor[detect.Options]()) {
		if k := f.Type.Kind(); k == reflect.Pointer || k == reflect.Func || k == reflect.Map || k == reflect.Chan || k == reflect.Interface {
			t.Errorf("detect.Options.%s is a %s: say in the verdict of cmd/straykey what it leads to", f.Name, k)
		}
	}
}

// remembered returns where l.scan keeps what it remembers.
func (l *life) remembered() *memory {
	l.t.Helper()
	r, err := repo.Open(l.d.Path)
	l.check(err)
	store, err := r.OpenStore(l.options.MaxSize)
	l.check(err)
	l.t.Cleanup(func() { l.check(store.Close()) })
	refs, _ := r.Refs()
	h := &historyScan{Options: l.options, repo: r, store: store, refs: refs, result: &Result{}}
	h.Memory = &Memory{Dir: l.cache, Verdict: "engine 0"}
	h.remember()
	return h.memory
}

// twoKeys is a life with a text that has two windows and more.
func twoKeys(t *testing.T) *life {
	t.Helper()
	l := newLife(t, 1, [2]*detect.Engine{newEngine(t), newEngine(t)})
	l.d.Write("keys.txt", strings.Repeat("line\n", 50)+"x = '"+l.keys.next()+"'\n"+strings.Repeat("line\n", 50)+"y = '"+l.keys.next()+"'\n"+strings.Repeat("line\n", 50))
	l.d.Git("add", "-A")
	l.d.Git("commit", "-q", "-m", "keys")
	return l
}

// Windows that are not those of their texts cost a second reading, and change nothing.
func TestWrongWindows(t *testing.T) {
	l := twoKeys(t)
	want, _ := l.scan(true)
	m := l.remembered()
	places, ok := m.dir.Places(m.places, m.state)
	if !ok || len(places.Windows) == 0 {
		t.Fatal("no windows were kept")
	}
	right := places.Windows
	for name, wrong := range map[string]func([]cache.Window) []cache.Window{
		"none":      func([]cache.Window) []cache.Window { return nil },
		"the first": func(w []cache.Window) []cache.Window { return w[:min(1, len(w)-1)] },
		"elsewhere": func([]cache.Window) []cache.Window { return []cache.Window{{Lo: 0, Hi: 3}} },
		"beyond the text": func(w []cache.Window) []cache.Window {
			return append(slices.Clone(w), cache.Window{Lo: 1 << 30, Hi: 1 << 31})
		},
		"more": func(w []cache.Window) []cache.Window {
			return append([]cache.Window{{Lo: 0, Hi: 0}, {Lo: 0, Hi: 2}}, w...)
		},
	} {
		places.Windows = slices.Clone(right)
		for i := range places.Windows {
			places.Windows[i].List = wrong(right[i].List)
		}
		l.check(m.dir.StorePlaces(m.places, m.state, places))
		got, reused := l.scan(true)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (reused %+v): -right +wrong:\n%s", name, *reused, diff)
		}
		if name != "beyond the text" && name != "more" && reused.Places {
			t.Errorf("%s: places were believed", name)
		}
	}
}

// A cache that somebody forged, checksum and all, may say what is not so of places and commits, but ends no scan, and what a
// report says of secrets is read from the texts.
func TestForgedCache(t *testing.T) {
	const header = len("straycac") + 2 + 2*sha256.Size // see package cache
	l := twoKeys(t)
	want, _ := l.scan(true)
	secrets := func(report string) []string { return regexp.MustCompile(`"secret": .*`).FindAllString(report, -1) }
	right := map[string][]byte{}
	files, err := filepath.Glob(filepath.Join(l.cache, "*"))
	l.check(err)
	for _, file := range files {
		right[file], err = os.ReadFile(file)
		l.check(err)
	}
	scan := func(file string, payload []byte) {
		t.Helper()
		for f, data := range right {
			l.check(os.WriteFile(f, data, 0o600))
		}
		forged := append(slices.Clone(right[file][:header]), payload...)
		sum := sha256.Sum256(forged)
		l.check(os.WriteFile(file, append(forged, sum[:]...), 0o600))
		got, _ := l.scan(true)
		for _, s := range secrets(got) {
			if !slices.Contains(secrets(want), s) {
				t.Errorf("%s, %x: the report has %s", file, payload, s)
			}
		}
	}
	changes := []byte{0x7F, 1, 0x80}
	if testing.Short() {
		changes = changes[:1]
	}
	for file, data := range right {
		payload := data[header : len(data)-sha256.Size]
		for i := range payload {
			for _, change := range changes {
				forged := slices.Clone(payload)
				forged[i] ^= change
				scan(file, forged)
			}
			scan(file, payload[:i])
		}
	}
	if len(secrets(want)) < 2 || len(files) != 2 {
		t.Errorf("%d secrets and %d files of the cache: that tests little", len(secrets(want)), len(files))
	}
}
