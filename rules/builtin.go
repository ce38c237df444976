package rules

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sort"
)

//go:generate go run ./internal/tablegen
//go:generate go run ./internal/coveragegen

//go:embed catalog/*.toml
var catalog embed.FS

// Builtin returns the catalogue that is part of the program, without samples and
// lines. It costs microseconds, because every commit with a hook waits for it:
// the rules are Go data that go generate makes of catalog/*.toml and that a test
// holds equal to it.
//
// The caller may change the set and its rules, but not what their slices hold.
func Builtin() (*Set, error) {
	all := tableRules
	set := &Set{
		Rules:      make([]*Rule, len(all)),
		Allowlists: slices.Clone(tableAllowlists),
		Hash:       tableHash,
	}
	for i := range all {
		set.Rules[i] = &all[i]
	}
	return set, nil
}

// Catalog reads the built-in rules from their TOML files, with samples and lines.
// It is the slow and complete form of [Builtin], for tests, lint and documentation.
func Catalog(o Options) (*Set, error) {
	names, err := fs.Glob(catalog, "catalog/*.toml")
	if err != nil {
		return nil, err
	}
	sort.Strings(names)
	var errs Errors
	all, l := &layer{}, &loader{Options: o, errs: &errs}
	defined := map[string]Position{}
	for _, name := range names {
		data, err := catalog.ReadFile(name)
		if err != nil {
			return nil, err
		}
		one := l.load(path.Base(name), data)
		for _, d := range one.rules {
			if at, twice := defined[d.ID]; twice {
				d.table.errorf("id", "defined in %s already; give one of the two another id", at)
			}
			defined[d.ID] = d.Source
			all.add(d)
		}
		all.allowlists = append(all.allowlists, one.allowlists...)
	}
	if len(errs) == 0 {
		all.validate()
	}
	if len(errs) > 0 {
		sortErrors(errs)
		return nil, fmt.Errorf("built-in rules: %w", errs)
	}
	return all.set(), nil
}
