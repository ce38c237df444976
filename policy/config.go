package policy

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/straykey/straykey/rules"
)

// Layer is where a setting comes from; later ones win.
type Layer string

// The layers of the configuration.
const (
	LayerBuiltin Layer = "built-in"
	LayerUser    Layer = "user"       // $XDG_CONFIG_HOME/straykey/config.toml
	LayerRepo    Layer = "repository" // .straykey.toml, or another file of the repository that --config names
	LayerGiven   Layer = "given"      // a file outside of the repository that --config names
	LayerFlag    Layer = "flag"
)

// Setting is a key of a settings table with its value.
type Setting struct {
	Name   string   // "scan.confidence"
	Values []string // as the flag takes them; of a list each element
	Layer  Layer
	At     rules.Position
}

// Config is what one or more configuration files say, each laid over the one before.
type Config struct {
	Settings []Setting // by name
	// Rules is the rule set that the files make of the built-in one; nil: they leave it as it is.
	Rules *rules.Set
	Files []string // that were read, the lowest layer first; those that they extend are not among them
}

// Get returns a setting by name.
func (c *Config) Get(name string) (Setting, bool) {
	i := slices.IndexFunc(c.Settings, func(s Setting) bool { return s.Name == name })
	if i < 0 {
		return Setting{}, false
	}
	return c.Settings[i], true
}

// kind is the type of a setting.
type kind uint8

const (
	aText kind = iota
	aFlag
	aNumber
	aWord
	aList
	aTime
)

// setting describes a key.
type setting struct {
	table, key string
	kind       kind
	words      []string // of aWord
	max        int      // of aNumber
	example    string
	userOnly   bool // not in a file of the scanned repository: it decides where credentials go, or what is written where
}

// settings are the keys of the settings tables. What the values mean is checked where they are used, like those of flags.
func settings() []setting {
	return []setting{
		{table: "scan", key: "confidence", kind: aWord, words: []string{"low", "medium", "high"}},
		{table: "scan", key: "class", kind: aWord, words: []string{"credentials", "identifiers", "all"}},
		{table: "scan", key: "only", kind: aList, example: `"github-pat"`},
		{table: "scan", key: "skip", kind: aList, example: `"generic-password"`},
		{table: "scan", key: "max-blob-size", example: `"50MB"`},
		{table: "scan", key: "max-archive-depth", kind: aNumber, max: 16, example: "2"},
		{table: "scan", key: "no-gitignore", kind: aFlag},
		{table: "scan", key: "no-messages", kind: aFlag},
		{table: "scan", key: "timeout", kind: aTime, example: `"10m"`},
		{table: "scan", key: "exit-code", kind: aNumber, max: 255, example: "1"},
		{table: "scan", key: "fail-on", kind: aWord, words: []string{"any", "unknown", "active"}},
		{table: "scan", key: "allow-incomplete", kind: aFlag},
		{table: "scan", key: "ignore-file", example: `".straykeyignore"`},
		{table: "scan", key: "baseline", example: `".straykey-baseline"`},
		{table: "scan", key: "jobs", kind: aNumber, max: 4096, example: "4", userOnly: true},
		{table: "scan", key: "no-cache", kind: aFlag, userOnly: true},
		{table: "report", key: "format", example: `"text"`},
		{table: "report", key: "color", kind: aWord, words: []string{"auto", "always", "never"}},
		{table: "report", key: "verbose", kind: aFlag},
		{table: "report", key: "quiet", kind: aFlag},
		{table: "report", key: "no-progress", kind: aFlag},
		{table: "verify", key: "skip", kind: aList, example: `"generic-password"`},
		{table: "verify", key: "enabled", kind: aFlag, userOnly: true},
		{table: "verify", key: "logins", kind: aFlag, userOnly: true},
		{table: "verify", key: "hosts", kind: aList, example: `"vault.acme.com"`, userOnly: true},
		{table: "verify", key: "endpoints", kind: aList, example: `"github=https://ghe.acme.com/api/v3"`, userOnly: true},
		{table: "verify", key: "timeout", kind: aTime, example: `"15s"`, userOnly: true},
		{table: "verify", key: "deadline", kind: aTime, example: `"10m"`, userOnly: true},
		{table: "verify", key: "cache", example: `"/var/cache/straykey/verdicts"`, userOnly: true},
		{table: "verify", key: "audit-log", example: `"/var/log/straykey.jsonl"`, userOnly: true},
		{table: "verify", key: "canaries", example: `"/etc/straykey/canaries"`, userOnly: true},
		{table: "verify", key: "proxy", example: `"http://proxy.acme.com:3128"`, userOnly: true},
		{table: "verify", key: "ca-file", example: `"/etc/ssl/acme.pem"`, userOnly: true},
	}
}

// Names returns the names of all settings, in the order of the documentation.
func Names() []string {
	var out []string
	for _, s := range settings() {
		out = append(out, s.table+"."+s.key)
	}
	return out
}

// tables are the settings tables of a configuration.
func tables() []string { return []string{"scan", "report", "verify"} }

// File is a configuration file to load.
type File struct {
	Name  string // in errors and positions: its path on disk, even where another revision of it is read
	Layer Layer
	Data  []byte
	// ReadFile reads what the file extends, by paths as they stand in Name.
	ReadFile func(name string) ([]byte, error)
}

// Load lays configuration files over the built-in one, the lowest layer first. What is wrong in them is returned as
// [rules.Errors]. The options say what rules may name; their Builtin and ReadFile are set here.
func Load(files []File, o rules.Options) (*Config, error) {
	c := &Config{}
	for _, f := range files {
		if err := c.add(f, o); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *Config) add(f File, o rules.Options) error {
	var errs rules.Errors
	own, err := readSettings(f)
	errs = appendErrors(errs, err)
	for _, s := range own {
		c.set(s)
	}
	if below := c.Rules; below != nil {
		o.Builtin = func() (*rules.Set, error) { return below, nil }
	}
	o.OnBuiltin, o.Settings, o.ReadFile = true, tables(), f.ReadFile
	set, err := rules.Parse(f.Name, f.Data, o)
	errs = appendErrors(errs, err)
	if err != nil && len(errs) == 0 {
		return err
	}
	if len(errs) > 0 {
		slices.SortStableFunc(errs, func(a, b *rules.Error) int { return comparePositions(a.Pos, b.Pos) })
		return slices.CompactFunc(errs, func(a, b *rules.Error) bool { return *a == *b })
	}
	c.Files = append(c.Files, f.Name)
	return c.setRules(set, o.Builtin)
}

// setRules keeps a set if it is another one than that below: the built-in one starts faster.
func (c *Config) setRules(set *rules.Set, below func() (*rules.Set, error)) error {
	if below == nil {
		below = rules.Builtin
	}
	base, err := below()
	if err != nil {
		return err
	}
	if set.Hash != base.Hash || len(set.Warnings) > 0 || !slices.EqualFunc(set.Rules, base.Rules, sameRule) {
		c.Rules = set
	}
	return nil
}

// sameRule reports whether two rules are one: a layer that changes a rule makes another.
func sameRule(a, b *rules.Rule) bool { return a == b }

// appendErrors adds the errors of a file to others; an error of another kind stays out.
func appendErrors(errs rules.Errors, err error) rules.Errors {
	var more rules.Errors
	if errors.As(err, &more) {
		return append(errs, more...)
	}
	return errs
}

// set adds a setting, or replaces that of a lower layer.
func (c *Config) set(s Setting) {
	i, found := slices.BinarySearchFunc(c.Settings, s.Name, func(have Setting, name string) int { return strings.Compare(have.Name, name) })
	if found {
		c.Settings[i] = s
	} else {
		c.Settings = slices.Insert(c.Settings, i, s)
	}
}

// readSettings reads the settings tables of a file.
func readSettings(f File) ([]Setting, error) {
	var out []Setting
	err := rules.ReadSettings(f.Name, f.Data, tables(), func(table string, t *rules.Settings) {
		for _, s := range settings() {
			if s.table != table {
				continue
			}
			values := s.read(t)
			if !t.Has(s.key) {
				continue
			}
			if s.userOnly && f.Layer == LayerRepo {
				t.Errorf(s.key, "may not be set by the repository that is scanned, because it decides where credentials are sent or what is written where; write it into your own configuration, ~/.config/straykey/config.toml, or give the flag")
				continue
			}
			out = append(out, Setting{Name: table + "." + s.key, Values: values, Layer: f.Layer, At: t.At(s.key)})
		}
	})
	return out, err
}

// read reads the value of a setting as the flag takes it.
func (s *setting) read(t *rules.Settings) []string {
	switch s.kind {
	case aFlag:
		return []string{strconv.FormatBool(t.Flag(s.key))}
	case aNumber:
		return []string{strconv.Itoa(t.Number(s.key, s.example, s.max))}
	case aWord:
		return []string{t.Word(s.key, s.words)}
	case aList:
		return t.Texts(s.key, s.example)
	case aTime:
		v := t.Text(s.key, s.example)
		if d, err := time.ParseDuration(v); v != "" && (err != nil || d < 0) {
			t.Errorf(s.key, "expected a time, e.g. %s = %s", s.key, s.example)
		}
		return []string{v}
	}
	return []string{t.Text(s.key, s.example)}
}
