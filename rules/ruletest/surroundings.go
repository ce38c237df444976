package ruletest

import (
	"maps"
	"regexp"
	"slices"
	"sync"

	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/rules/sample"
)

// surroundings is a kind of file, or of line, that credentials stand in.
type surroundings struct {
	name  string
	looks *regexp.Regexp
}

// allSurroundings are the kinds of surroundings by their looks. The first that fits a sample is its own.
var allSurroundings = sync.OnceValue(func() []surroundings {
	list := []struct{ name, looks string }{
		{"key file", `^\s*(?:-----BEGIN|---- BEGIN|PuTTY-User-Key)`},
		{"Dockerfile", `(?m)^(?:FROM|ENV|ARG|RUN|LABEL) `},
		{"CI configuration", `(?m)^\s*(?:- )?(?:run|script|before_script|steps|stages|uses|jobs|with):`},
		{"log line", `^\[?\d{4}[-/]\d\d[-/]\d\d[T ]|\b(?:INFO|WARN|ERROR|DEBUG|FATAL)\b|HTTP/1`},
		{"XML", `^\s*<`},
		{"JSON", `^\s*(?:\{|\[\s*[{"]|\\?")`},
		{"shell", `^\s*(?:\$ |sudo )?(?:export|set|curl|wget|git|docker|echo|cat|mysql\w*|psql|sqlplus|sqlldr|kubectl|openssl|aws|gh|npm|pip|ssh|sshpass|helm|az|gcloud|vault|setx|\./[\w/-]+|[a-z][\w-]+ (?:login|config|auth|-\w|--\w)[\w-]*)(?: |$)`},
		{"URL", `^["'<(]?[a-z][a-z0-9+.-]*://\S+$|^\S+(?:=|: ?)["']?[a-z][a-z0-9+.-]*://`},
		{"code", `^\s*(?://|/\*|--|#|;|\*) |^\s*\$?[\w.>-]+(?:\[[^\]]*\])?\s+:?=>?\s*["'` + "`" + `@]|\b(?:const|let|var|val|final|static|return|def|define|func|new|private|public)\b|:= |\w\(|;\s*$`},
		{"environment file", `(?m)^[A-Z][A-Z0-9_]*=`},
		{"YAML", `(?m)^\s*(?:- )?["']?[\w./-]+["']?:(?: |$)`},
		{"settings", `(?m)^\s*(?:\[[\w. "-]+\]|[\w./:@-]+ ?[=:] ?\S)`},
	}
	out := make([]surroundings, len(list))
	for i, s := range list {
		out[i] = surroundings{s.name, regexp.MustCompile(s.looks)}
	}
	return out
})

// surroundingsOf returns the name of the surroundings of a sample; "text" if it looks like none.
func surroundingsOf(text string) string {
	for _, s := range allSurroundings() {
		if s.looks.MatchString(text) {
			return s.name
		}
	}
	return "text"
}

// surroundingsOfAll returns the names of the surroundings of a rule's positives, sorted.
func surroundingsOfAll(r *rules.Rule) ([]string, error) {
	list, err := sample.Positives(r)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, s := range list {
		names[surroundingsOf(s.Text)] = true
	}
	return slices.Sorted(maps.Keys(names)), nil
}

// otherSurroundings returns the names of surroundings that are none of the given ones.
func otherSurroundings(names []string) []string {
	var out []string
	for _, s := range allSurroundings() {
		if !slices.Contains(names, s.name) {
			out = append(out, s.name)
		}
	}
	return out
}
