package migrate

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/straykey/straykey/policy"
	"github.com/straykey/straykey/rules"
)

// config is the configuration while it is put together.
type config struct {
	comments []string
	// onBuiltin says that the built-in rules stay in force: some tool whose policy is carried has rules of its own.
	onBuiltin bool
	disabled  []item
	blocks    []block
}

// empty reports whether it says nothing that is not so without it.
func (c *config) empty() bool {
	return c.onBuiltin && len(c.disabled) == 0 && len(c.blocks) == 0
}

// header is the first line of what is written.
const header = "# Made by straykey migrate from %s."

// write writes the configuration.
func (c *config) write(from []string) *writer {
	w := newWriter()
	w.put(rules.Position{}, fmt.Sprintf(header, printable(strings.Join(from, ", "))))
	w.comments(rules.Position{}, "", c.comments)
	if !c.onBuiltin || len(c.disabled) > 0 {
		x := block{header: "[extend]", keys: []key{{name: "useDefault", value: c.onBuiltin}}}
		if len(c.disabled) > 0 {
			x.keys = append(x.keys, key{name: "disabledRules", value: c.disabled, at: c.disabled[0].at})
		}
		w.block(&x)
	}
	for i := range c.blocks {
		w.now = i
		w.block(&c.blocks[i])
	}
	return w
}

// finish writes the configuration and tries it. What straykey's loader does not accept is left out, and reported.
func (m *Migration) finish(o rules.Options) error {
	c := &m.config
	if len(m.from) == 0 {
		return nil
	}
	for {
		if c.empty() {
			return nil
		}
		w := c.write(m.from)
		text := []byte(w.b.String())
		loaded, err := policy.Load([]policy.File{{Name: policy.ConfigFile, Layer: policy.LayerRepo, Data: text}}, o)
		if err == nil {
			m.Config, m.Loaded = text, loaded
			return nil
		}
		var errs rules.Errors
		if !errors.As(err, &errs) || !m.leaveOut(w, errs) {
			return fmt.Errorf("the configuration that was made cannot be loaded: %w", err)
		}
	}
}

// leaveOut takes out what errors are about, and reports whether there was anything.
func (m *Migration) leaveOut(w *writer, errs rules.Errors) bool {
	c := &m.config
	out := map[int]bool{}
	some := false
	for _, e := range errs {
		n, known := w.of[e.Pos.Line]
		at := w.at[e.Pos.Line]
		switch {
		case !known || n < 0 && len(c.disabled) == 0:
			if e.Pos.Line != 0 || c.onBuiltin {
				continue
			}
			// No rule is left in force: everything that was there has been left out.
			c.onBuiltin, some = true, true
		case n < 0:
			before := len(c.disabled)
			c.disabled = slices.DeleteFunc(c.disabled, func(it item) bool { return it.at == at })
			some = some || len(c.disabled) < before
		default:
			b := &c.blocks[n]
			if !out[n] {
				m.Report.Items = slices.DeleteFunc(m.Report.Items, func(it Item) bool {
					return it.What == b.what && it.At == b.at && (it.Outcome == Carried || it.Outcome == Changed)
				})
				m.drop(b.tool, at, b.what, e.Msg, "")
			}
			out[n], some = true, true
		}
	}
	kept := c.blocks[:0:0]
	for i, b := range c.blocks {
		if !out[i] {
			kept = append(kept, b)
		}
	}
	c.blocks = kept
	return some
}

// ruleFile is a configuration of gitleaks or betterleaks with what it extends.
type ruleFile struct {
	tool       Tool
	useDefault bool
	rules      []*table
	allowlists []*table
	disabled   []disabled
	comments   []string
	filters    []filter // expressions of betterleaks at the top of the file
}

type disabled struct {
	item
	inBase bool // it names a rule of a file that is extended
}

type filter struct {
	t   *table
	key string
}

// maxExtends is how deep files may extend one another; gitleaks stops at two.
const maxExtends = 8

// readRules reads a configuration and what it extends. ok is false if it is no TOML; that is reported.
func (m *Migration) readRules(tool Tool, name string, depth int) (f *ruleFile, ok bool) {
	data, err := m.files.ReadFile(name)
	if err != nil {
		m.drop(tool, rules.Position{File: name}, "the configuration", "it cannot be read: "+plainError(err), "")
		return nil, false
	}
	top, err := readTOML(name, data)
	if err != nil {
		m.dropErrors(tool, name, "the configuration", err)
		return nil, false
	}
	f = &ruleFile{tool: tool, rules: top.tables("rules"), comments: top.file.head()}
	f.allowlists = append(top.tables("allowlist"), top.tables("allowlists")...)
	for _, k := range []string{"prefilter", "filter"} {
		if top.text(k) != "" {
			f.filters = append(f.filters, filter{top, k})
		}
	}
	for _, k := range top.keys() {
		switch k {
		case "title", "description", "minversion", "betterleaksminversion", "extend", "rules", "allowlist", "allowlists", "prefilter", "filter":
		default:
			m.unneeded(tool, top.at(k, -1), "key "+shortName(k), notKnown)
		}
	}
	var base *ruleFile
	for _, x := range top.tables("extend") {
		base = m.readExtend(f, x, name, depth)
	}
	if base != nil {
		f.over(base)
	}
	return f, true
}

// readExtend reads [extend]; it returns the file that is extended, if there is one.
func (m *Migration) readExtend(f *ruleFile, x *table, name string, depth int) *ruleFile {
	f.useDefault, _ = x.values["usedefault"].(bool)
	if x.text("url") != "" {
		m.drop(f.tool, x.at("url", -1), "[extend] url", "rules are not fetched from the network", "download the file and give its path")
	}
	var base *ruleFile
	if p := x.text("path"); p != "" {
		at := x.at("path", -1)
		other, found := m.extended(name, p)
		switch {
		case !found:
			m.drop(f.tool, at, "[extend] path", "there is no such file in the repository", "put the file there and migrate again, or copy what it says")
		case depth >= maxExtends:
			m.drop(f.tool, at, "[extend] path", "too many files extend one another", "join some of them")
		default:
			if b, ok := m.readRules(f.tool, other, depth+1); ok {
				base = b
				m.carried(f.tool, at, "[extend] path", "what "+other+" says is written into the same file")
			}
		}
	}
	for _, it := range x.items("disabledrules", nil) {
		d := disabled{item: it}
		if base != nil {
			d.inBase = slices.ContainsFunc(base.rules, func(t *table) bool { return t.text("id") == it.text })
		}
		f.disabled = append(f.disabled, d)
	}
	return base
}

// extended finds the file that one extends: from the working directory of the tool, which is taken to be the root, or beside it.
func (m *Migration) extended(name, p string) (string, bool) {
	p = strings.ReplaceAll(p, `\`, "/")
	for _, try := range []string{path.Clean(p), path.Join(path.Dir(name), p)} {
		if _, err := m.files.ReadFile(try); err == nil {
			return try, true
		}
	}
	return "", false
}

// head returns the comments at the top of a file, unless they are of the rule or allowlist that follows.
func (f *tomlFile) head() []string {
	var out []string
	for n := 1; ; n++ {
		c, ok := f.own[n]
		if !ok {
			break
		}
		out = append(out, c)
	}
	for path, line := range f.lines {
		if line == len(out)+1 && (strings.HasPrefix(path, "rules") || strings.HasPrefix(path, "allowlist")) {
			return nil
		}
	}
	return out
}

// over lays the file over one that it extends, as gitleaks does: tags, keywords and allowlists are added, other keys replaced.
func (f *ruleFile) over(base *ruleFile) {
	f.useDefault = f.useDefault || base.useDefault
	off := map[string]bool{}
	for _, d := range f.disabled {
		if d.inBase {
			off[d.text] = true
		}
	}
	var merged []*table
	for _, b := range base.rules {
		id := b.text("id")
		if off[id] {
			continue
		}
		i := slices.IndexFunc(f.rules, func(t *table) bool { return t.text("id") == id })
		if i < 0 {
			merged = append(merged, b)
			continue
		}
		f.rules[i] = f.rules[i].over(b)
	}
	f.rules = append(merged, f.rules...)
	f.allowlists = append(f.allowlists, base.allowlists...)
	f.filters = append(f.filters, base.filters...)
	f.disabled = append(slices.DeleteFunc(f.disabled, func(d disabled) bool { return d.inBase }), base.disabled...)
}

// over returns a rule with the keys of one below it. Lists that are added lose their comments: they are of two files.
func (t *table) over(base *table) *table {
	out := &table{file: t.file, path: t.path, values: map[string]any{}}
	for k, v := range base.values {
		out.values[k] = v
	}
	for k, v := range t.values {
		have, both := out.values[k]
		if !both {
			out.values[k] = v
			continue
		}
		switch k {
		case "tags", "keywords":
			out.values[k] = append(slices.Clone(anyList(have)), anyList(v)...)
		case "allowlist", "allowlists":
			out.values[k] = append(slices.Clone(anyList(v)), anyList(have)...)
		default:
			out.values[k] = v
		}
	}
	return out
}

// anyList returns a value as a list.
func anyList(v any) []any {
	switch v := v.(type) {
	case []any:
		return v
	case []map[string]any:
		var out []any
		for _, m := range v {
			out = append(out, m)
		}
		return out
	case nil:
		return nil
	}
	return []any{v}
}

// shortName is a key or an id as messages show it.
func shortName(s string) string {
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:60], "") + "…"
	}
	return printable(s)
}
