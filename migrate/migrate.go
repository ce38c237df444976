package migrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/straykey/straykey/compat/gitleaks"
	"github.com/straykey/straykey/policy"
	"github.com/straykey/straykey/rules"
)

// Files is where the files of the other tools come from. Names have slashes and begin at the root.
type Files interface {
	policy.Source
	// ReadDir returns the names of the files in a directory, directories with a slash at the end; none if there is none.
	ReadDir(name string) []string
}

// Options say what is migrated. The zero value takes whatever is there.
type Options struct {
	From Tool // empty: all
	// Files of the tool From, or of the one that their content tells, instead of those with the usual names; from the root.
	Config, Ignore, Baseline string
	Rules                    rules.Options // what rule files may name
}

// Migration is what was read of other tools' policies.
type Migration struct {
	// Config is the text of the configuration; nil: there is nothing to say.
	Config []byte
	Loaded *policy.Config // what it says; nil without it
	Report Report

	files    Files
	options  Options
	builtin  *rules.Set
	gitleaks []rules.GitleaksRule
	config   config
	from     []string // the files that the configuration was made of
	places   []place
}

// Read reads what is there. What cannot be read or understood is an item of the report; an error is returned only if nothing of the
// kind that the options name is there, or if straykey's own rules cannot be loaded.
func Read(files Files, o Options) (*Migration, error) {
	builtin, err := rules.Builtin()
	if err != nil {
		return nil, fmt.Errorf("built-in rules: %w", err)
	}
	m := &Migration{
		files: files, options: o, builtin: builtin, gitleaks: rules.GitleaksRules(),
		Report: Report{Complete: true},
	}
	found, err := m.find()
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		// The other tools add to their users' rules, which only gitleaks' format can do without.
		if f.tool == Trufflehog || f.tool == DetectSecrets {
			m.config.onBuiltin = true
		}
	}
	if !slices.ContainsFunc(found, func(f source) bool { return f.kind == configFile }) {
		m.config.onBuiltin = true
	}
	for _, f := range found {
		m.read(f)
	}
	m.leaveOutOwn(found)
	if err := m.finish(o.Rules); err != nil {
		return nil, err
	}
	return m, nil
}

// leaveOutOwn adds an allowlist for the files of the other tools that hold secrets, hashes or expressions: these tools do not look at
// them, and they may stay. It also says that what one tool leaves out all leave out from now on.
func (m *Migration) leaveOutOwn(found []source) {
	var own []item
	tools := map[Tool]bool{}
	for _, f := range found {
		if f.kind != usageFile && slices.Contains(m.from, f.name) {
			tools[f.tool] = true
		}
		if f.kind == baselineFile || f.kind == configFile {
			own = append(own, item{text: "^" + regexp.QuoteMeta(f.name) + "$", at: rules.Position{File: f.name, Line: 1}})
			if !slices.Contains(m.from, f.name) {
				m.from = append(m.from, f.name)
			}
		}
	}
	if len(own) > 0 {
		m.config.blocks = append(m.config.blocks, block{
			header: "[[allowlists]]", at: own[0].at, what: "files of other tools",
			keys: []key{{"description", "files of the tools that straykey takes the place of", own[0].at}, {"paths", own, own[0].at}},
		})
	}
	if len(tools) > 1 {
		m.changed("", rules.Position{File: policy.ConfigFile}, "configurations of several tools", "what one of them leaves out is left out altogether now, whatever rule would find it", "migrate one of them only, with --from, if that is too much")
	}
}

// read reads a file that was found.
func (m *Migration) read(f source) {
	switch {
	case f.kind == usageFile:
		m.readUsage(f)
	case f.kind == ignoreFile && (f.tool == Gitleaks || f.tool == Betterleaks):
		m.readIgnore(f)
	case f.kind == baselineFile && f.tool == DetectSecrets:
		m.readSecretsBaseline(f)
	case f.kind == baselineFile:
		m.readBaseline(f)
	case f.kind == configFile && f.tool == Trufflehog:
		m.readDetectors(f)
	case f.kind == configFile:
		m.carryRules(f.tool, f.name)
	case f.kind == ignoreFile && f.tool == Trufflehog:
		m.readExcludes(f)
	}
}

// wants reports whether a tool is one of those that are migrated from.
func (m *Migration) wants(tool Tool) bool { return m.options.From == "" || m.options.From == tool }

// kind is what a file is.
type kind uint8

const (
	configFile kind = iota
	ignoreFile
	baselineFile
	usageFile
)

// source is a file of another tool.
type source struct {
	tool Tool // of a usage file: none
	kind kind
	name string
	at   rules.Position // what names it; zero: its name tells
}

// usual are the files that their names tell. The first of a tool's configurations counts.
func usual() []source {
	return []source{
		{tool: Betterleaks, kind: configFile, name: ".betterleaks.toml"},
		{tool: Betterleaks, kind: configFile, name: "betterleaks.toml"},
		{tool: Gitleaks, kind: configFile, name: ".gitleaks.toml"},
		{tool: Gitleaks, kind: configFile, name: "gitleaks.toml"},
		{tool: Betterleaks, kind: ignoreFile, name: ".betterleaksignore"},
		{tool: Gitleaks, kind: ignoreFile, name: ".gitleaksignore"},
		{tool: DetectSecrets, kind: baselineFile, name: ".secrets.baseline"},
	}
}

// find lists the files to read: those the options name, those with usual names, and those that hooks and jobs name.
func (m *Migration) find() ([]source, error) {
	var out []source
	add := func(f source) {
		if m.wants(f.tool) && !slices.ContainsFunc(out, func(have source) bool { return have.name == f.name && have.kind == f.kind }) {
			out = append(out, f)
		}
	}
	o := &m.options
	for _, named := range []source{
		{tool: o.From, kind: configFile, name: o.Config}, {tool: o.From, kind: ignoreFile, name: o.Ignore}, {tool: o.From, kind: baselineFile, name: o.Baseline},
	} {
		if named.name == "" {
			continue
		}
		data, err := m.files.ReadFile(named.name)
		if err != nil {
			return nil, fmt.Errorf("%s: %s", named.name, plainError(err))
		}
		if named.tool == "" {
			if named.tool = m.toolOf(named, data); named.tool == "" {
				return nil, fmt.Errorf("%s does not tell which tool it is of; say so, for example: --from gitleaks", named.name)
			}
		}
		add(named)
	}
	for _, f := range usual() {
		if m.exists(f.name) && !m.named(f.kind) {
			add(f)
		}
	}
	root := m.files.ReadDir("")
	for _, name := range root {
		if f, ok := m.guess(name); ok && !m.named(f.kind) {
			add(f)
		}
	}
	usages := m.usageFiles(root)
	for _, u := range usages {
		for _, f := range m.namedIn(u) {
			if m.exists(f.name) && !m.named(f.kind) {
				add(f)
			}
		}
	}
	out = m.one(out)
	for _, u := range usages {
		out = append(out, source{kind: usageFile, name: u})
	}
	return out, nil
}

// named reports whether the options name the file of a kind.
func (m *Migration) named(k kind) bool {
	o := &m.options
	return k == configFile && o.Config != "" || k == ignoreFile && o.Ignore != "" || k == baselineFile && o.Baseline != ""
}

// one keeps of the configurations in gitleaks' format the first, as these tools do; the others are reported.
func (m *Migration) one(list []source) []source {
	first := ""
	return slices.DeleteFunc(list, func(f source) bool {
		if f.kind != configFile || f.tool != Gitleaks && f.tool != Betterleaks {
			return false
		}
		if first == "" {
			first = f.name
			return false
		}
		m.drop(f.tool, rules.Position{File: f.name}, "the configuration", "only one is read, which is "+first, "to migrate this one, give: --config "+f.name)
		return true
	})
}

func (m *Migration) exists(name string) bool {
	_, err := m.files.ReadFile(name)
	return !errors.Is(err, fs.ErrNotExist)
}

// guess tells by its name, and for a report by its content, what a file at the root is.
func (m *Migration) guess(name string) (source, bool) {
	low := strings.ToLower(name)
	ext := path.Ext(low)
	isYAML := ext == ".yml" || ext == ".yaml"
	switch {
	case strings.Contains(low, "trufflehog") && isYAML:
		return source{tool: Trufflehog, kind: configFile, name: name}, true
	case strings.Contains(low, "trufflehog") && (strings.Contains(low, "exclude") || strings.Contains(low, "ignore")):
		return source{tool: Trufflehog, kind: ignoreFile, name: name}, true
	case strings.Contains(low, "baseline") && (strings.Contains(low, "leaks") || ext == ".json"):
		data, err := m.files.ReadFile(name)
		f := source{kind: baselineFile, name: name}
		if err == nil {
			f.tool = m.toolOf(f, data)
		}
		return f, f.tool != ""
	}
	return source{}, false
}

// toolOf tells by the content of a file which tool it is of; empty: it does not.
func (m *Migration) toolOf(f source, data []byte) Tool {
	switch f.kind {
	case configFile:
		switch {
		case strings.HasSuffix(f.name, ".yml") || strings.HasSuffix(f.name, ".yaml"):
			return Trufflehog
		case strings.Contains(string(data), "betterleaks"):
			return Betterleaks
		case strings.HasSuffix(f.name, ".toml"):
			return Gitleaks
		}
	case ignoreFile:
		for line := range strings.Lines(string(data)) {
			if strings.Count(line, ":") >= 2 {
				return Gitleaks
			}
		}
	case baselineFile:
		var secrets struct {
			Results json.RawMessage `json:"results"`
			Plugins json.RawMessage `json:"plugins_used"`
		}
		var list []struct {
			RuleID string
		}
		switch {
		case json.Unmarshal(data, &secrets) == nil && secrets.Results != nil && secrets.Plugins != nil:
			return DetectSecrets
		case json.Unmarshal(data, &list) == nil && len(list) > 0 && list[0].RuleID != "":
			return Gitleaks
		}
	}
	return ""
}

// readIgnore reads fingerprints of gitleaks or betterleaks.
func (m *Migration) readIgnore(f source) {
	data, ok := m.data(f, "the ignore file")
	if !ok {
		return
	}
	ig, err := gitleaks.ParseIgnore(f.name, data, gitleaks.NewNames())
	if err != nil {
		m.drop(f.tool, rules.Position{File: f.name}, "the ignore file", err.Error(), "")
		return
	}
	for _, w := range ig.Warnings {
		at, _ := warningAt(f.name, w)
		m.add(Unneeded, f.tool, at, "a line", "it is no fingerprint such as path/to/file:rule-id:12; "+string(f.tool)+" passes over it",
			"if it is meant as a pattern, write it into "+policy.IgnoreFile+", which has them")
	}
	lines := strings.Split(string(data), "\n")
	for _, e := range ig.Entries() {
		m.places = append(m.places, place{
			tool: f.tool, commit: e.Commit, file: e.File, rule: e.Rule, line: e.Line,
			reason: reasonAbove(lines, e.At), at: rules.Position{File: f.name, Line: e.At},
		})
	}
}

// warningAt finds the place that a warning begins with.
func warningAt(name, warning string) (rules.Position, bool) {
	at := rules.Position{File: name}
	rest, ok := strings.CutPrefix(warning, name+":")
	if ok {
		_, err := fmt.Sscanf(rest, "%d:", &at.Line)
		ok = err == nil
	}
	return at, ok
}

// reasonAbove returns the comment above a line of an ignore file, from 1. It is of all lines down to the next empty one.
func reasonAbove(lines []string, n int) string {
	for i := n - 2; i >= 0; i-- {
		line := strings.TrimSpace(lines[i])
		switch {
		case line == "":
			return ""
		case line[0] == '#':
			text := strings.TrimSpace(strings.TrimLeft(line, "#"))
			for i--; i >= 0 && strings.HasPrefix(strings.TrimSpace(lines[i]), "#"); i-- {
				text = strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(lines[i]), "#")) + " " + text
			}
			return text
		}
	}
	return ""
}

// readBaseline reads a report of gitleaks or betterleaks.
func (m *Migration) readBaseline(f source) {
	data, ok := m.data(f, "the baseline")
	if !ok {
		return
	}
	b, err := gitleaks.ReadBaseline(strings.NewReader(string(data)), gitleaks.NewNames())
	if err != nil {
		m.drop(f.tool, rules.Position{File: f.name}, "the baseline", err.Error(), "")
		return
	}
	lines := jsonLines(data)
	for _, k := range b.Known() {
		m.places = append(m.places, place{
			tool: f.tool, known: true, commit: k.Commit, file: k.File, rule: k.Rule, line: k.Line, secret: k.Secret,
			at: rules.Position{File: f.name, Line: lines[fmt.Sprint(k.At-1)]},
		})
	}
}

// data reads a file; what stands in the way is reported.
func (m *Migration) data(f source, what string) ([]byte, bool) {
	data, err := m.files.ReadFile(f.name)
	if err != nil {
		m.drop(f.tool, rules.Position{File: f.name}, what, "it cannot be read: "+plainError(err), "")
		return nil, false
	}
	return data, true
}

// plainError returns an error without the path that the message has already.
func plainError(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return err.Error()
}

func (m *Migration) add(o Outcome, tool Tool, at rules.Position, what, why, do string) {
	m.Report.Items = append(m.Report.Items, Item{Outcome: o, Tool: tool, At: at, What: what, Why: why, Do: do})
}

func (m *Migration) drop(tool Tool, at rules.Position, what, why, do string) {
	m.add(Dropped, tool, at, what, why, do)
}

func (m *Migration) changed(tool Tool, at rules.Position, what, why, do string) {
	m.add(Changed, tool, at, what, why, do)
}

func (m *Migration) carried(tool Tool, at rules.Position, what, why string) {
	m.add(Carried, tool, at, what, why, "")
}

func (m *Migration) unneeded(tool Tool, at rules.Position, what, why string) {
	m.add(Unneeded, tool, at, what, why, "")
}

// dropErrors reports errors of a file.
func (m *Migration) dropErrors(tool Tool, name, what string, err error) {
	var errs rules.Errors
	if !errors.As(err, &errs) {
		m.drop(tool, rules.Position{File: name}, what, err.Error(), "mend the file and migrate again")
		return
	}
	for _, e := range errs {
		m.drop(tool, e.Pos, what, e.Msg, "mend the file and migrate again")
	}
}
