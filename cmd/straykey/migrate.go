package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/migrate"
	"github.com/straykey/straykey/policy"
	"github.com/straykey/straykey/report"
	"github.com/straykey/straykey/source/repo"
)

// migrateFlags is what the user typed for straykey migrate.
type migrateFlags struct {
	path     string
	from     string
	config   string
	ignore   string
	baseline string
	format   string
	dryRun   bool
	force    bool
	jobs     int
}

func newMigrateCommand(env *environment) *cobra.Command {
	f := &migrateFlags{}
	cmd := &cobra.Command{
		Use:   "migrate [PATH]",
		Short: "Take over the policy of gitleaks, betterleaks, trufflehog or detect-secrets",
		Long: `Read what the repository at PATH (the working directory) has for gitleaks, betterleaks, trufflehog and detect-secrets, and write
` + policy.ConfigFile + `, ` + policy.IgnoreFile + ` and ` + policy.BaselineFile + ` that mean the same, as far as they can.

Those tools name places where straykey names secrets, so the history and the files are scanned with the new configuration, and
each entry becomes the fingerprint of what stands at its place. Nothing of theirs is changed or deleted. The report says of each part whether
it is carried over, carried over with a difference, or not, why, and where it stands, and which hooks and jobs run the other tool.
It holds no secret.

Exit codes:
  0  everything is carried over, perhaps with differences
  1  something is not; the report says what to do about it
  2  incomplete: something could not be scanned, so entries may be missing or be called stale that are not
  3  wrong usage, or a file is there already`,
		Example: "  straykey migrate --dry-run\n  straykey migrate --from detect-secrets --format json",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError("one repository at a time, for example: straykey migrate .")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			f.path = "."
			if len(args) > 0 {
				f.path = args[0]
			}
			return runMigrate(cmd.Context(), env, f)
		},
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.from, "from", "", "migrate from this `TOOL` only: gitleaks, betterleaks, trufflehog or detect-secrets")
	fl.StringVar(&f.config, "config", "", "its configuration is `FILE`, not what is usual")
	fl.StringVar(&f.ignore, "ignore", "", "its ignore file, or trufflehog's paths to exclude, is `FILE`")
	fl.StringVar(&f.baseline, "baseline", "", "its baseline is `FILE`")
	fl.StringVarP(&f.format, "format", "f", "text", "of the report: text or json")
	fl.BoolVar(&f.dryRun, "dry-run", false, "write the report and no files")
	fl.BoolVar(&f.force, "force", false, "replace policy files of straykey that are there")
	fl.IntVar(&f.jobs, "jobs", runtime.GOMAXPROCS(0), "goroutines that scan")
	return cmd
}

// check checks the values of flags.
func (f *migrateFlags) check() error {
	if f.from != "" && !slices.Contains(migrate.Tools(), migrate.Tool(f.from)) {
		return usageError("--from is gitleaks, betterleaks, trufflehog or detect-secrets, not %q, for example: straykey migrate --from gitleaks", f.from)
	}
	if f.format != "text" && f.format != "json" {
		return usageError("--format is text or json, not %q, for example: straykey migrate --format json", f.format)
	}
	return nil
}

func runMigrate(ctx context.Context, env *environment, f *migrateFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	place, err := policy.Find(f.path)
	if err != nil {
		return usageError("%w", err)
	}
	if place.Bare {
		return usageError("%s has no work tree to write policy files to; clone it and migrate there", f.path)
	}
	o := migrate.Options{From: migrate.Tool(f.from), Rules: ruleOptions()}
	for _, named := range []struct {
		flag, name string
		to         *string
	}{{"--config", f.config, &o.Config}, {"--ignore", f.ignore, &o.Ignore}, {"--baseline", f.baseline, &o.Baseline}} {
		if named.name == "" {
			continue
		}
		rel, ok := insideOf(place.Root, named.name)
		if !ok {
			return usageError("%s: %s lies outside of %s; copy it there, because the report names files of the repository", named.flag, named.name, place.Root)
		}
		*named.to = rel
	}
	m, err := migrate.Read(migrate.Dir(place.Root), o)
	if err != nil {
		return usageError("%w", err)
	}
	findings, complete, err := f.scan(ctx, env, place.Root, m.Loaded)
	if err != nil {
		return err
	}
	m.Report.Complete = complete
	texts := &migrateTexts{root: place.Root, trees: map[string]*repo.Tree{}}
	defer texts.close()
	ignore, baseline := m.Resolve(findings, texts, time.Now())
	files := []migratedFile{
		{policy.ConfigFile, m.Config},
		{policy.IgnoreFile, ignore},
		{policy.BaselineFile, baseline},
	}
	if err := f.writeFiles(place.Root, files, &m.Report); err != nil {
		return err
	}
	if f.format == "json" {
		err = m.Report.WriteJSON(env.stdout)
	} else {
		err = m.Report.WriteText(env.stdout)
	}
	switch {
	case err != nil:
		return err
	case !complete:
		return &exitError{code: exitIncomplete}
	case m.Report.Count(migrate.Dropped) > 0:
		return &exitError{code: exitFindings}
	}
	return nil
}

// migratedFile is a policy file that was made; without data there is nothing to write.
type migratedFile struct {
	name string
	data []byte
}

// writeFiles writes the files: all of them, or, if one that is there stands in the way, none.
func (f *migrateFlags) writeFiles(root string, files []migratedFile, r *migrate.Report) error {
	files = slices.DeleteFunc(files, func(x migratedFile) bool { return x.data == nil })
	var begun []*report.File
	defer func() {
		for _, file := range begun {
			file.Abort()
		}
	}()
	for _, x := range files {
		full := filepath.Join(root, x.name)
		have, err := os.ReadFile(full)
		switch {
		case err == nil && bytes.Equal(have, x.data):
		case !errors.Is(err, fs.ErrNotExist) && !f.force && !f.dryRun:
			return usageError("%s is there already; --force replaces it, and --dry-run shows what would be written", x.name)
		}
		r.Files = append(r.Files, migrate.Written{Path: x.name, Entries: entriesOf(x), Written: !f.dryRun})
		if f.dryRun {
			continue
		}
		file, err := report.Create(full)
		if err != nil {
			return usageError("%w", err)
		}
		begun = append(begun, file)
		if _, err := file.Write(x.data); err != nil {
			return fmt.Errorf("write %s: %w", x.name, err)
		}
	}
	for i, file := range begun {
		if err := file.Commit(); err != nil {
			return err
		}
		if err := os.Chmod(filepath.Join(root, files[i].name), 0o644); err != nil { // it is for all who may read the repository
			return err
		}
	}
	return nil
}

// entriesOf counts the entries of an ignore file or a baseline.
func entriesOf(x migratedFile) int {
	n := 0
	for line := range bytes.Lines(x.data) {
		if x.name != policy.ConfigFile && line[0] != '#' {
			n++
		}
	}
	return n
}

// scan scans the history, if there is one, and the files, with the configuration that was made, and returns all that is found,
// suppressed or not, whatever its confidence.
func (f *migrateFlags) scan(ctx context.Context, env *environment, root string, made *policy.Config) (found []correlate.Finding, complete bool, err error) {
	complete = true
	modes := []bool{true}
	if r, err := repo.Open(root); err == nil {
		if _, born := r.Head(); born {
			modes = []bool{false, true}
		}
	}
	for _, files := range modes {
		var s scanFlags
		s.add(pflag.NewFlagSet("", pflag.ContinueOnError))
		s.paths, s.files, s.jobs = []string{root}, files, f.jobs
		s.format, s.color, s.confidence, s.class = "text", "never", "low", "all"
		s.policy = policyFlags{noConfig: made == nil, made: made, noSuppress: true}
		p, err := newScanPlan(env, &s)
		if err != nil {
			return nil, false, err
		}
		stop := p.showProgress(env)
		r, err := p.scan(ctx)
		stop()
		p.close()
		if err != nil {
			return nil, false, err
		}
		if !r.Coverage.Complete() {
			complete = false
			fmt.Fprintln(env.stderr, "straykey: incomplete: "+report.Escape(firstProblem(r.Coverage)))
		}
		found = correlate.Merge(found, r.Findings)
	}
	return found, complete, nil
}

// migrateTexts reads files of the work tree and of commits.
type migrateTexts struct {
	root  string
	repo  *repo.Repo
	trees map[string]*repo.Tree // by commit; nil: it cannot be read
}

// maxTrees bounds the commits that are kept open.
const maxTrees = 64

// ReadAt implements migrate.Texts.
func (t *migrateTexts) ReadAt(commit, name string) ([]byte, error) {
	if commit == "" {
		return policy.Dir(t.root).ReadFile(name)
	}
	tree, known := t.trees[commit]
	if !known {
		var err error
		if t.repo == nil {
			if t.repo, err = repo.Open(t.root); err != nil {
				return nil, err
			}
		}
		if len(t.trees) >= maxTrees {
			t.close()
		}
		if tree, err = t.repo.OpenTree(commit, policy.MaxFile); err != nil {
			tree = nil
		}
		t.trees[commit] = tree
	}
	if tree == nil {
		return nil, fs.ErrNotExist
	}
	return tree.ReadFile(name)
}

// close closes the commits that are open.
func (t *migrateTexts) close() {
	for _, tree := range t.trees {
		if tree != nil {
			_ = tree.Close() // it was only read
		}
	}
	t.trees = map[string]*repo.Tree{}
}
