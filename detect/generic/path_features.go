package generic

import (
	"path"
	"strings"
	"sync"
)

// What holds of a path.
const (
	pathCode feature = iota
	pathScript
	pathConfig
	pathData // JSON and other formats that programs write
	pathDocs
	pathMarkup
	pathTemplate
	pathShell
	pathSQL
	pathKeys
	pathEnv
	pathNone // no extension
	pathOther
	pathTest
	pathExample
	pathLocale
	pathVendor
	pathDeploy
	pathMinified
	pathLock
	nPaths
)

var pathNames = [nPaths]string{
	"code", "script", "config", "data", "docs", "markup", "template", "shell", "sql", "keys", "env", "none", "other", "test",
	"example", "locale", "vendor", "deploy", "minified", "lock",
}

// extensions are the kinds of files by extension.
var extensions = map[string]feature{
	".go": pathCode, ".java": pathCode, ".c": pathCode, ".h": pathCode, ".cc": pathCode, ".cpp": pathCode, ".cs": pathCode,
	".rs": pathCode, ".swift": pathCode, ".m": pathCode, ".scala": pathCode, ".kt": pathCode, ".hs": pathCode, ".dart": pathCode,
	".pyx": pathCode, ".vb": pathCode, ".ex": pathCode, ".exs": pathCode, ".erl": pathCode,
	".py": pathScript, ".rb": pathScript, ".js": pathScript, ".ts": pathScript, ".mjs": pathScript, ".tsx": pathScript, ".jsx": pathScript,
	".php": pathScript, ".pl": pathScript, ".lua": pathScript, ".groovy": pathScript, ".r": pathScript, ".vue": pathScript,
	".yml": pathConfig, ".yaml": pathConfig, ".toml": pathConfig, ".ini": pathConfig, ".conf": pathConfig, ".cfg": pathConfig,
	".properties": pathConfig, ".tf": pathConfig, ".tfvars": pathConfig, ".config": pathConfig, ".cnf": pathConfig, ".plist": pathConfig,
	".json": pathData, ".tfstate": pathData, ".csv": pathData, ".cast": pathData, ".log": pathData, ".ipynb": pathData, ".snap": pathData,
	".md": pathDocs, ".rst": pathDocs, ".txt": pathDocs, ".adoc": pathDocs, ".markdown": pathDocs, ".mdx": pathDocs,
	".html": pathMarkup, ".xml": pathMarkup, ".htm": pathMarkup, ".axaml": pathMarkup, ".xaml": pathMarkup, ".svg": pathMarkup,
	".haml": pathTemplate, ".erb": pathTemplate, ".eex": pathTemplate, ".pug": pathTemplate, ".ejs": pathTemplate, ".j2": pathTemplate,
	".tt": pathTemplate, ".tmpl": pathTemplate, ".tpl": pathTemplate, ".stub": pathTemplate, ".hbs": pathTemplate, ".mustache": pathTemplate, ".jsp": pathTemplate,
	".sh": pathShell, ".bash": pathShell, ".ps1": pathShell, ".bat": pathShell, ".bats": pathShell, ".zsh": pathShell, ".cmd": pathShell,
	".sql": pathSQL, ".pem": pathKeys, ".key": pathKeys, ".crt": pathKeys, ".env": pathEnv, ".lock": pathLock, "": pathNone,
}

// pathFeatures describes a path, for a value in quotes or without. Of a text without a path it says nothing.
func pathFeatures(name string, quote Quote) (at features) {
	if name == "" {
		return at
	}
	first := fPath
	if quote == Bare {
		first = fPathBare
	}
	low := strings.ToLower(name)
	base := path.Base(low)
	kind, known := extensions[path.Ext(base)]
	switch {
	case strings.HasPrefix(base, ".env") || strings.HasSuffix(base, ".env"):
		kind = pathEnv
	case !known:
		kind = pathOther
	}
	at.add(first + kind)
	at.addIf(strings.Contains(base, ".min."), first+pathMinified)
	for dir := range strings.SplitSeq(low, "/") {
		if f, ok := placeOf(dir); ok {
			at.add(first + f)
		}
	}
	return at
}

// placeOf tells what a directory, or the name of a file, in lower case says of what stands there.
func placeOf(dir string) (f feature, ok bool) {
	stem, _, _ := strings.Cut(dir, ".")
	switch {
	case strings.HasPrefix(dir, "test") || strings.HasPrefix(dir, "spec") || strings.HasSuffix(stem, "test") || strings.HasSuffix(stem, "tests") ||
		strings.HasSuffix(stem, "testcase") || strings.HasPrefix(dir, "__test") || strings.Contains(dir, "_test.") || strings.Contains(dir, ".test.") ||
		strings.Contains(dir, ".spec.") || strings.Contains(dir, "_spec.") || strings.HasPrefix(dir, "fixture") || strings.HasPrefix(dir, "mock") ||
		strings.HasPrefix(dir, "__mock") || strings.HasPrefix(dir, "fake") || strings.HasPrefix(dir, "dummy") || strings.HasPrefix(dir, "stub"):
		return pathTest, true
	case strings.Contains(dir, "example") || strings.Contains(dir, "sample") || strings.HasPrefix(dir, "demo") || strings.HasPrefix(dir, "tutorial"):
		return pathExample, true
	case strings.HasPrefix(dir, "locale") || strings.HasPrefix(dir, "translation") || strings.HasPrefix(dir, "values-") ||
		strings.HasSuffix(dir, ".lproj") || strings.HasSuffix(dir, ".po") || strings.HasSuffix(dir, ".arb") || strings.HasSuffix(dir, ".xliff"):
		return pathLocale, true
	case strings.HasPrefix(dir, "deploy") || strings.HasPrefix(dir, "conf"):
		return pathDeploy, true
	}
	switch dir {
	case "e2e", "t", "xt", "cassettes", "__snapshots__", "golden":
		return pathTest, true
	case "docs", "doc", "documentation", "guide", "guides", "manual", "website", "man", "man1", "man3", "man5", "man7", "man8":
		return pathExample, true
	case "i18n", "lang", "langs", "languages", "l10n", "strings.xml":
		return pathLocale, true
	case "vendor", "third_party", "node_modules", "external":
		return pathVendor, true
	case "ansible", "k8s", "terraform", "docker":
		return pathDeploy, true
	}
	return 0, false
}

// MadeUp reports whether a path is one of the places where most secrets are made up: tests and their data, examples, guides.
// They are shown all the same, with low confidence, unless there is more to them.
func MadeUp(name string) bool {
	at := pathFeatures(name, Double)
	return at.has(fPath+pathTest) || at.has(fPath+pathExample) || at.has(fPath+pathDocs)
}

// lifts are the most that a path can add to the logits of the groups.
var lifts = sync.OnceValue(func() (out [nGroups]float32) {
	for g := range nGroups {
		out[g] = liftOf(g)
	}
	return out
})

func liftOf(g Group) float32 {
	var most [2]float32
	for i, first := range [...]feature{fPath, fPathBare} {
		var kind float32
		for f := range nPaths {
			w := weightOf(first+f, g)
			if f < pathTest {
				kind = max(kind, w)
			} else {
				most[i] += max(0, w)
			}
		}
		most[i] += kind
	}
	return max(most[0], most[1])
}
