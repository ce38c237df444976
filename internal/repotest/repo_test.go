package repotest

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	root   = "../.."
	module = "github.com/straykey/straykey"
)

// layers says what a package may import of this module: each key is a package and all below it, the
// longest key that fits a package counts. A package may always import what lies below its own key.
// A new arrow is a decision: it belongs into docs/architecture.md too.
func layers() map[string][]string {
	return map[string][]string{
		// Libraries for others. They know nothing of git, the network or a terminal.
		"delta":              {},
		"detect/proof":       {},
		"rules":              {},
		"detect":             {"delta", "rules"},
		"rules/ruletest":     {"detect", "rules"}, // tries rules on the engine
		"rules/internal":     {"detect", "rules"}, // makes the table that the engine starts from
		"rules/sample":       {"detect/proof/forge", "rules"},
		"detect/proof/forge": {"detect/proof/internal"},

		// Where texts come from.
		"source":         {},
		"source/pack":    {"delta", "source"},
		"source/repo":    {"source", "source/pack"},
		"source/history": {"source", "source/pack", "source/repo"},
		"source/index":   {"source", "source/pack", "source/repo"},
		"source/revs":    {"source", "source/pack", "source/repo"},
		"source/files":   {"source"},

		"correlate":  {"detect", "rules"},
		"scan/cache": {"source"},
		"scan":       {"correlate", "delta", "detect", "rules", "source"},

		// Asking issuers. What is known of a credential's life has a room of its own, for those who only write it down.
		"verify/verdict":    {},
		"verify/guard":      {},
		"verify":            {"correlate", "detect/proof", "rules"},
		"verify/verifytest": {"correlate", "detect", "rules", "verify"}, // plays the issuers

		// What a service for continuous integration says of a run, and what it is told.
		"ci":        {"source/pack", "source/repo", "source/revs"},
		"ci/review": {}, // connections come from cmd

		"report": {"correlate", "detect/proof", "rules", "source", "verify/verdict"},

		// What counts, and whose word is taken for it.
		"policy": {"correlate", "detect", "rules", "source/files/gitignore"},

		"hook": {"detect/proof/forge", "source"}, // between a developer and a commit; a canary is a forged token

		"compat":         {"correlate", "report", "rules"}, // what other tools' users have
		"migrate":        {"compat/gitleaks", "correlate", "policy", "report", "rules"},
		"cmd":            {"ci", "compat", "correlate", "detect", "hook", "migrate", "policy", "report", "rules", "scan", "source", "verify"},
		"internal/demo":  {"detect/proof/forge"},                    // makes the repository of "make run"
		"internal/train": {"detect", "rules"},                       // fits the weights of detect/generic
		"bench":          {"source", "source/files", "source/pack"}, // programs that measure
		"tools":          {},                                        // what makes and tries a release
		"internal":       {},
	}
}

func TestPackages(t *testing.T) {
	all := packages(t)
	for name, check := range map[string]func(*testing.T, []*pkg){
		"imports point one way":    importsPointOneWay,
		"libraries stay libraries": librariesStayLibraries,
		"flags stay in cmd":        flagsStayInCmd,
		"package comments":         packageComments,
		"no init":                  noInit,
		"one way to the network":   oneWayToTheNetwork,
	} {
		t.Run(name, func(t *testing.T) { check(t, all) })
	}
}

func importsPointOneWay(t *testing.T, all []*pkg) {
	for _, p := range all {
		layer := longest(layers(), p.dir)
		if layer == "" {
			t.Errorf("package %s has no layer: add it to the list in this test", p.dir)
			continue
		}
		for _, imported := range p.imports {
			own, ok := strings.CutPrefix(imported, module+"/")
			if !ok || within(own, layer) {
				continue
			}
			if !slices.ContainsFunc(layers()[layer], func(allowed string) bool { return within(own, allowed) }) {
				t.Errorf("%s imports %s: %s may import %v", p.dir, own, layer, layers()[layer])
			}
		}
	}
}

// librariesStayLibraries checks what detect and rules import from outside.
func librariesStayLibraries(t *testing.T, all []*pkg) {
	banned := []string{
		"net", "os/exec", "log", "golang.org/x/term", "github.com/go-git", "github.com/spf13",
		"github.com/schollz",
	}
	for _, p := range all {
		if p.name == "main" || !within(p.dir, "detect") && !within(p.dir, "rules") && !within(p.dir, "delta") {
			continue
		}
		for _, imported := range p.imports {
			for _, b := range banned {
				if within(imported, b) && imported != "net/url" && imported != "net/netip" {
					t.Errorf("%s imports %s", p.dir, imported)
				}
			}
		}
	}
}

// oneWayToTheNetwork checks that whoever connects asks package verify/guard to. What plays the servers of tests need
// not.
func oneWayToTheNetwork(t *testing.T, all []*pkg) {
	for _, p := range all {
		if within(p.dir, "verify/guard") || within(p.dir, "verify/verifytest") || within(p.dir, "internal/servers") {
			continue
		}
		for _, at := range p.dials {
			t.Errorf("%s: connections go through verify/guard", at)
		}
	}
}

// dials returns where a file makes connections of its own.
func dials(fset *token.FileSet, f *ast.File) []token.Position {
	own := map[string][]string{
		"net":  {"Dial", "DialTimeout", "DialTCP", "DialUDP", "DialIP", "DialUnix", "Dialer"},
		"http": {"Client", "DefaultClient", "DefaultTransport", "Transport", "Get", "Head", "Post", "PostForm"},
		"tls":  {"Dial", "DialWithDialer", "Dialer"},
	}
	var out []token.Position
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && slices.Contains(own[x.Name], s.Sel.Name) {
				out = append(out, fset.Position(s.Pos()))
			}
		}
		return true
	})
	return out
}

func flagsStayInCmd(t *testing.T, all []*pkg) {
	for _, p := range all {
		if within(p.dir, "cmd") || within(p.dir, "bench") {
			continue
		}
		for _, imported := range p.imports {
			if imported == "flag" && p.name != "main" || within(imported, "github.com/spf13") {
				t.Errorf("%s imports %s", p.dir, imported)
			}
		}
	}
}

func packageComments(t *testing.T, all []*pkg) {
	for _, p := range all {
		want := "Package " + p.name + " "
		if p.name == "main" {
			want = "Command "
		}
		if !strings.HasPrefix(p.doc, want) {
			t.Errorf("%s: the package comment does not start with %q", p.dir, want)
		}
	}
}

func noInit(t *testing.T, all []*pkg) {
	for _, p := range all {
		for _, at := range p.inits {
			t.Errorf("%s: func init: set things up where they are used", at)
		}
	}
}

func TestFormatted(t *testing.T) {
	for _, file := range goFiles(t) {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want, err := format.Source(src)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(src, want) {
			t.Errorf("%s is not formatted: run gofumpt -w %[1]s", file)
		}
	}
}

// What people are told to rely on is there.
func TestProjectFiles(t *testing.T) {
	for _, file := range []string{
		"LICENSE", "Makefile", "CONTRIBUTING.md", "CHANGELOG.md", ".ci/run", ".pre-commit-hooks.yaml", ".golangci.yml",
		"tools/go.mod", "docs/schema/report-1.schema.json",
	} {
		info, err := os.Stat(filepath.Join(root, file))
		if err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", file, err)
		}
	}
	makefile := read(t, "Makefile")
	for _, target := range []string{"run", "test", "bench", "lint", "fuzz", "build", "release-check"} {
		if !strings.Contains(makefile, "\n"+target+":") {
			t.Errorf("Makefile: no target %s", target)
		}
	}
}

// A hook that is given file names would scan the work tree instead of the index, and one that does not always run is left out
// by an exclude.
func TestHooks(t *testing.T) {
	hooks := read(t, ".pre-commit-hooks.yaml")
	var got []string
	for line := range strings.Lines(hooks) {
		if key, value, ok := strings.Cut(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "- ")), ": "); ok {
			switch key {
			case "id", "entry", "language", "pass_filenames", "always_run", "stages":
				got = append(got, key+": "+value)
			}
		}
	}
	var want []string
	for _, hook := range []struct{ id, entry, language, stage string }{
		{"straykey", "straykey hook run pre-commit", "golang", "pre-commit"},
		{"straykey-system", "straykey hook run pre-commit", "system", "pre-commit"},
		{"straykey-docker", "ghcr.io/straykey/straykey hook run pre-commit", "docker_image", "pre-commit"},
		{"straykey-pre-push", "straykey hook run pre-push", "golang", "pre-push"},
		{"straykey-system-pre-push", "straykey hook run pre-push", "system", "pre-push"},
	} {
		want = append(want, "id: "+hook.id, "entry: "+hook.entry, "language: "+hook.language, "pass_filenames: false", "always_run: true", "stages: ["+hook.stage+"]")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A pkg is what the tests ask of a package, its test files left out.
type pkg struct {
	dir     string // from the root, slash separated
	name    string
	doc     string
	imports []string
	inits   []token.Position
	dials   []token.Position // connections of its own
}

func packages(t *testing.T) []*pkg {
	t.Helper()
	byDir := map[string]*pkg{}
	fset := token.NewFileSet()
	for _, file := range goFiles(t) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		rel, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.ToSlash(rel)
		p := byDir[dir]
		if p == nil {
			p = &pkg{dir: dir, name: f.Name.Name}
			byDir[dir] = p
		}
		if f.Doc != nil && !strings.HasPrefix(f.Doc.Text(), "Code generated") {
			p.doc = f.Doc.Text()
		}
		for _, spec := range f.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			p.imports = append(p.imports, imported)
		}
		p.dials = append(p.dials, dials(fset, f)...)
		for _, decl := range f.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				p.inits = append(p.inits, fset.Position(fn.Pos()))
			}
		}
	}
	if len(byDir) < 10 {
		t.Fatalf("only %d packages found: is %s the root of the repository?", len(byDir), root)
	}
	var out []*pkg
	for _, p := range byDir {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *pkg) int { return strings.Compare(a.dir, b.dir) })
	return out
}

func goFiles(t *testing.T) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && file != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "bin" || name == "dist") {
			return filepath.SkipDir
		}
		if !d.IsDir() && path.Ext(name) == ".go" {
			out = append(out, file)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// longest returns the longest key that dir lies within.
func longest(m map[string][]string, dir string) string {
	best := ""
	for key := range m {
		if within(dir, key) && len(key) > len(best) {
			best = key
		}
	}
	return best
}

func within(dir, parent string) bool {
	return dir == parent || strings.HasPrefix(dir, parent+"/")
}

// Nothing that a build leaves behind is tracked: whoever clones would have it for ever.
func TestNothingLargeIsTracked(t *testing.T) {
	const most = 2 << 20
	out, err := exec.Command("git", "-C", root, "ls-files", "-z").Output()
	if err != nil {
		t.Skip("no git repository here: ", err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if info, err := os.Lstat(filepath.Join(root, name)); err == nil && info.Size() > most {
			t.Errorf("%s has %d bytes, more than %d", name, info.Size(), most)
		}
	}
}
