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
	".tmpl": pathTemplate, ".tpl": pathTemplate, ".stub": pathTemplate, ".hbs": pathTemplate, ".mustache": pathTemplate, ".jsp": pathTemplate,
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
		switch {
		case strings.HasPrefix(dir, "test") || strings.HasPrefix(dir, "spec") || strings.HasSuffix(dir, "test") || strings.HasSuffix(dir, "tests") ||
			strings.HasPrefix(dir, "__test") || strings.Contains(dir, "_test.") || strings.Contains(dir, ".test.") || strings.Contains(dir, ".spec.") ||
			strings.Contains(dir, "_spec.") || strings.HasPrefix(dir, "fixture") || strings.HasPrefix(dir, "mock") || dir == "e2e":
			at.add(first + pathTest)
		case strings.Contains(dir, "example") || strings.Contains(dir, "sample") || strings.HasPrefix(dir, "demo") || dir == "docs" || dir == "doc":
			at.add(first + pathExample)
		case strings.HasPrefix(dir, "locale") || dir == "i18n" || dir == "lang" || dir == "l10n" || strings.HasPrefix(dir, "translation"):
			at.add(first + pathLocale)
		case dir == "vendor" || dir == "third_party" || dir == "node_modules" || dir == "external":
			at.add(first + pathVendor)
		case strings.HasPrefix(dir, "deploy") || strings.HasPrefix(dir, "conf") || dir == "ansible" || dir == "k8s" || dir == "terraform" || dir == "docker":
			at.add(first + pathDeploy)
		}
	}
	return at
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
