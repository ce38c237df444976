package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/report"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/scan"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/repo"
)

type rulesStatsOptions struct {
	scan      scanFlags
	format    string
	files     bool
	jobs, top int
}

// newRulesStatsCommand tells what rules cost on real texts.
func newRulesStatsCommand(env *environment) *cobra.Command {
	var o rulesStatsOptions
	cmd := &cobra.Command{
		Use:   "stats PATH",
		Short: "Measure what each rule costs and matches in a repository or in files",
		Long: `Scan a repository's whole history, or files, and tell of every rule that was tried how often
that was, how many different secrets it matched and how long it took. What is left of the time
went into looking for anchors. Matches are those of the rule itself: a more specific rule, an
allowlist on paths or a confidence may still drop them in a scan.

Exit codes:
  0  measured
  2  incomplete: something could not be read
  3  wrong usage, or a rule file that cannot be used`,
		Example: `  straykey rules stats .
  straykey rules stats --files --rules .straykey-rules.toml src/`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("rules stats takes one directory or file, for example: straykey rules stats .")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return runRulesStats(cmd.Context(), env, &o, args[0]) },
	}
	addRuleFlags(cmd, &o.scan)
	formatFlag(cmd, &o.format)
	cmd.Flags().BoolVar(&o.files, "files", false, "scan files, also where there is a repository")
	cmd.Flags().IntVar(&o.jobs, "jobs", runtime.GOMAXPROCS(0), "goroutines that scan")
	cmd.Flags().IntVar(&o.top, "top", 20, "list this many rules, the costliest; 0: all")
	return cmd
}

func runRulesStats(ctx context.Context, env *environment, o *rulesStatsOptions, path string) error {
	if o.jobs < 1 || o.jobs > maxJobs || o.top < 0 {
		return usageError("--jobs is a number from 1 to %d, and --top one from 0, for example: straykey rules stats --top 50 .", maxJobs)
	}
	info, err := os.Stat(path)
	if err != nil {
		return usageError("cannot scan %q: %w; give a directory or a file, for example: straykey rules stats .", path, cause(err))
	}
	o.scan.fileAlone()
	p, err := o.scan.rulesPlan(env, nil, path)
	if err != nil {
		return err
	}
	if err := p.chooseRules(); err != nil {
		return err
	}
	p.warn(nil)
	engine, err := detect.New(p.set, detect.Options{Reported: true, Confidence: rules.LowConfidence, Classes: []rules.Class{rules.Credentials}})
	if err != nil {
		return usageError("%w", err)
	}
	options := scan.Options{Engine: engine, Coverage: &source.Coverage{}, Jobs: o.jobs, MaxSize: defaultMaxSize}
	stats, err := measure(ctx, path, info.IsDir() && !o.files, options)
	if err != nil {
		return err
	}
	if err := writeStats(env.stdout, o, stats, len(p.set.Rules)); err != nil {
		return err
	}
	if !options.Coverage.Complete() {
		fmt.Fprintln(env.stderr, "straykey: incomplete: "+report.Escape(firstProblem(options.Coverage)))
		return &exitError{code: exitIncomplete}
	}
	return nil
}

// measure scans a history if there is one and it is wanted, and else files.
func measure(ctx context.Context, path string, history bool, o scan.Options) (*scan.Stats, error) {
	if history {
		r, err := repo.Open(path)
		if err == nil {
			return scan.HistoryStats(ctx, r, o)
		}
		if !errors.Is(err, repo.ErrNotRepository) {
			return nil, fmt.Errorf("open repository %s: %w", path, err)
		}
	}
	return scan.FileStats(ctx, path, o)
}

// jsonStats is the outcome of `rules stats --format json`.
type jsonStats struct {
	Texts   int64          `json:"texts"`
	Bytes   int64          `json:"bytes"`
	Seconds float64        `json:"seconds"`
	Rules   []jsonRuleStat `json:"rules"`
}

type jsonRuleStat struct {
	ID      string  `json:"id"`
	Tried   int64   `json:"tried"`
	Secrets int     `json:"secrets"`
	Seconds float64 `json:"seconds"`
}

func writeStats(stdout io.Writer, o *rulesStatsOptions, stats *scan.Stats, all int) error {
	listed := stats.Rules
	if o.top > 0 {
		listed = listed[:min(len(listed), o.top)]
	}
	if o.format == "json" {
		out := jsonStats{stats.Texts, stats.Bytes, stats.Time.Seconds(), []jsonRuleStat{}}
		for _, r := range listed {
			out.Rules = append(out.Rules, jsonRuleStat{r.ID, r.Tried, r.Secrets, r.Time.Seconds()})
		}
		return writeJSON(stdout, out)
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "TIME\tSHARE\tTRIED\tSECRETS\t  RULE")
	var inRules time.Duration
	for _, r := range stats.Rules {
		inRules += r.Time
	}
	for _, r := range listed {
		fmt.Fprintf(w, "%.1f ms\t%.1f %%\t%d\t%d\t  %s\n", milliseconds(r.Time), share(r.Time, stats.Time), r.Tried, r.Secrets, r.ID)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(stdout, "\n%s tried of %d: %.1f ms, %.1f %% of %.1f ms for %s, %.1f MB\n", count(len(stats.Rules), "rule"), all,
		milliseconds(inRules), share(inRules, stats.Time), milliseconds(stats.Time), count(int(stats.Texts), "text"), float64(stats.Bytes)/1e6)
	return err
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// share is a part of a whole in per cent.
func share(part, whole time.Duration) float64 {
	if whole <= 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
}
