package migrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/straykey/straykey/rules"
)

// secretsBaseline is a .secrets.baseline, of version 1 or older.
type secretsBaseline struct {
	Plugins []map[string]any `json:"plugins_used"`
	Filters []secretsFilter  `json:"filters_used"`
	Results map[string][]struct {
		Type     string `json:"type"`
		Hash     string `json:"hashed_secret"`
		Line     int    `json:"line_number"`
		IsSecret *bool  `json:"is_secret"`
	} `json:"results"`

	// Before version 1.
	Exclude struct {
		Files *string `json:"files"`
		Lines *string `json:"lines"`
	} `json:"exclude"`
	WordList struct {
		File *string `json:"file"`
	} `json:"word_list"`
}

type secretsFilter struct {
	Path     string     `json:"path"`
	Pattern  stringList `json:"pattern"`
	FileName string     `json:"file_name"`
}

// stringList is a list of texts, or one.
type stringList []string

// UnmarshalJSON implements json.Unmarshaler.
func (l *stringList) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*l = stringList{one}
		return nil
	}
	var list []string
	err := json.Unmarshal(data, &list)
	*l = list
	return err
}

// errSecretsBaseline stands for what the decoder says, which may quote the text.
var errSecretsBaseline = errors.New("it is no baseline of detect-secrets")

func parseSecretsBaseline(data []byte) (*secretsBaseline, error) {
	var b secretsBaseline
	if err := json.Unmarshal(data, &b); err != nil {
		return nil, errSecretsBaseline
	}
	return &b, nil
}

// readSecretsBaseline reads a baseline of detect-secrets, which also is its configuration.
func (m *Migration) readSecretsBaseline(f source) {
	data, ok := m.data(f, "the baseline")
	if !ok {
		return
	}
	b, err := parseSecretsBaseline(data)
	if err != nil {
		m.drop(f.tool, rules.Position{File: f.name}, "the baseline", err.Error(), "make it anew with detect-secrets scan, or leave it out")
		return
	}
	s := &secretsReader{m: m, f: f, lines: jsonLines(data)}
	s.results(b)
	for i, x := range b.Filters {
		s.filter(i, x)
	}
	if x := b.Exclude.Files; x != nil && *x != "" {
		s.exclude("paths", []string{*x}, "exclude files", "exclude", "files")
	}
	if x := b.Exclude.Lines; x != nil && *x != "" {
		s.exclude("line", []string{*x}, "exclude lines", "exclude", "lines")
	}
	if x := b.WordList.File; x != nil && *x != "" {
		s.words(*x, s.at("word_list", "file"))
	}
	for i, p := range b.Plugins {
		s.plugin(i, p)
	}
	if s.usual > 0 {
		m.unneeded(f.tool, s.at("plugins_used"), fmt.Sprintf("%d plugins and filters without settings of their own", s.usual), "straykey has rules for what they find, and weighs values by itself; --confidence says how sure it has to be")
	}
}

// secretsReader carries the parts of a baseline of detect-secrets over.
type secretsReader struct {
	m     *Migration
	f     source
	lines map[string]int
	usual int // plugins and filters that every baseline has
}

func (s *secretsReader) at(names ...string) rules.Position {
	for n := len(names); n > 0; n-- {
		if line, ok := s.lines[strings.Join(names[:n], "\x00")]; ok {
			return rules.Position{File: s.f.name, Line: line}
		}
	}
	return rules.Position{File: s.f.name}
}

func (s *secretsReader) results(b *secretsBaseline) {
	for _, name := range sortedResults(b) {
		for i, r := range b.Results[name] {
			at := s.at("results", name, fmt.Sprint(i), "hashed_secret")
			hash := strings.ToLower(r.Hash)
			if len(hash) != 40 || strings.Trim(hash, "0123456789abcdef") != "" {
				s.m.drop(s.f.tool, at, "entry for "+shortName(r.Type), "its hash is none", "make the baseline anew, or leave the entry out")
				continue
			}
			p := place{
				tool: s.f.tool, known: true, file: path.Clean(strings.ReplaceAll(name, `\`, "/")), line: r.Line, sha1: hash, at: at,
				title: r.Type, reason: "from " + path.Base(s.f.name),
			}
			switch {
			case r.IsSecret != nil && !*r.IsSecret:
				p.known, p.reason = false, "no secret, says the audit in "+path.Base(s.f.name)
			case r.IsSecret != nil:
				p.reason = "a secret, says the audit in " + path.Base(s.f.name)
			}
			s.m.places = append(s.m.places, p)
		}
	}
}

func sortedResults(b *secretsBaseline) []string {
	var out []string
	for k := range b.Results {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// filter carries one of filters_used.
func (s *secretsReader) filter(i int, x secretsFilter) {
	at := s.at("filters_used", fmt.Sprint(i), "path")
	name := x.Path[strings.LastIndexByte(x.Path, '.')+1:]
	what := "filter " + shortName(name)
	switch {
	case strings.Contains(x.Path, "://"):
		s.m.drop(s.f.tool, at, "filter of your own", "it is a program in Python", "say it as [[allowlists]] with paths, regexes or stopwords")
	case strings.HasSuffix(x.Path, "regex.should_exclude_file"):
		s.exclude("paths", x.Pattern, what, "filters_used", fmt.Sprint(i), "pattern")
	case strings.HasSuffix(x.Path, "regex.should_exclude_line"):
		s.exclude("line", x.Pattern, what, "filters_used", fmt.Sprint(i), "pattern")
	case strings.HasSuffix(x.Path, "regex.should_exclude_secret"):
		s.exclude("secret", x.Pattern, what, "filters_used", fmt.Sprint(i), "pattern")
	case strings.HasSuffix(x.Path, "wordlist.should_exclude_secret"):
		s.words(x.FileName, at)
	case strings.Contains(x.Path, ".filters.heuristic."), strings.Contains(x.Path, ".filters.gibberish."):
		s.usual++
	case strings.Contains(x.Path, ".filters.common."):
		s.usual++
	case strings.HasSuffix(x.Path, "allowlist.is_line_allowlisted"):
		s.m.carried(s.f.tool, at, what, "comments are looked at where straykey finds something")
	default:
		s.m.drop(s.f.tool, at, what, "an unknown filter", "say it as [[allowlists]] with paths, regexes or stopwords")
	}
}

// exclude carries expressions of Python: paths, or what a line or a secret holds.
func (s *secretsReader) exclude(target string, patterns []string, what string, where ...string) {
	var kept []item
	for i, p := range patterns {
		at := s.at(append(slices.Clone(where), fmt.Sprint(i))...)
		re, ok := fromPython(p)
		if !ok {
			s.m.drop(s.f.tool, at, what, "an expression that only Python has (looking ahead or back, references, flags), or none", "write it anew as [[allowlists]], without those")
			continue
		}
		kept = append(kept, item{text: re, at: at})
		s.m.carried(s.f.tool, at, what, "as an allowlist")
	}
	if len(kept) == 0 {
		return
	}
	b := block{header: "[[allowlists]]", tool: s.f.tool, at: s.at(where...), what: what}
	b.keys = append(b.keys, key{"description", "from " + path.Base(s.f.name), b.at})
	if target == "line" {
		b.keys = append(b.keys, key{"regexTarget", target, b.at})
	}
	name := "regexes"
	if target == "paths" {
		name = target
	}
	b.keys = append(b.keys, key{name, kept, b.at})
	s.m.config.blocks = append(s.m.config.blocks, b)
}

// fromPython returns an expression of Python as RE2 has it; ok is false if it has none.
func fromPython(p string) (string, bool) {
	if p == "" {
		return "", false
	}
	p = strings.ReplaceAll(p, `\Z`, `\z`)
	_, err := regexp.Compile(p)
	return p, err == nil
}

// words carries a list of words: a secret with one of them is none.
func (s *secretsReader) words(name string, at rules.Position) {
	const what = "word list"
	data, err := s.m.files.ReadFile(path.Clean(strings.ReplaceAll(name, `\`, "/")))
	if err != nil {
		s.m.drop(s.f.tool, at, what, "its file cannot be read: "+plainError(err), "write the words as [[allowlists]] stopwords")
		return
	}
	var kept []item
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		if w := strings.ToLower(strings.TrimSpace(line)); len(w) >= 3 {
			kept = append(kept, item{text: w, at: rules.Position{File: name, Line: n}})
		}
	}
	if len(kept) == 0 {
		return
	}
	s.m.config.blocks = append(s.m.config.blocks, block{
		header: "[[allowlists]]", tool: s.f.tool, at: at, what: what,
		keys: []key{{"description", "words of " + printable(name), at}, {"stopwords", kept, at}},
	})
	s.m.carried(s.f.tool, at, what, "as stopwords")
}

// plugin reports on one of plugins_used.
func (s *secretsReader) plugin(i int, p map[string]any) {
	name, _ := p["name"].(string)
	what := "plugin " + shortName(name)
	if custom, _ := p["path"].(string); custom != "" {
		s.m.drop(s.f.tool, s.at("plugins_used", fmt.Sprint(i), "path"), what, "it is a program in Python", "write [[rules]] for what it finds: straykey rules new")
		return
	}
	if words, _ := p["keyword_exclude"].(string); words != "" {
		s.m.drop(s.f.tool, s.at("plugins_used", fmt.Sprint(i), "keyword_exclude"), what+": keyword_exclude", "straykey does not leave out names by an expression", `write [[allowlists]] regexTarget = "line" with an expression for those lines`)
		return
	}
	s.usual++
}
