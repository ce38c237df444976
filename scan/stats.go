package scan

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/files"
	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
)

// Stats is what rules cost and matched in some texts.
type Stats struct {
	Rules []RuleStats // that were tried; the costliest first
	Texts int64
	Bytes int64         // of all texts, also those parts of a history that were not read
	Time  time.Duration // scanning, of all goroutines together
}

// RuleStats is the part of one rule.
type RuleStats struct {
	detect.RuleStats
	Secrets int // different ones that it matched, before more specific rules and conditions on paths
}

// FileStats measures the rules on the files below a directory, or on one file.
func FileStats(ctx context.Context, root string, o Options) (*Stats, error) {
	var workers []*statWorker
	for range max(1, o.Jobs) {
		workers = append(workers, newStatWorker(o))
	}
	err := files.Walk(ctx, root, files.Options{Jobs: o.Jobs, NoGitignore: o.NoGitignore, MaxSize: o.MaxSize}, o.Coverage,
		func(worker int, t files.Text) {
			w := workers[worker]
			w.scan(len(t.Data), func() *detect.Facts { return w.scanner.Scan(t.Data) })
		})
	if err != nil {
		return nil, fmt.Errorf("scan files of %s: %w", root, err)
	}
	return sum(o, workers), nil
}

// HistoryStats measures the rules on all blobs and messages of a repository, read along their deltas.
func HistoryStats(ctx context.Context, r *repo.Repo, o Options) (*Stats, error) {
	store, err := r.OpenStore(o.MaxSize)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	visitors, err := pack.Walk(ctx, store, pack.WalkOptions{
		Want: pack.Types(pack.Commit, pack.Tag, pack.Blob), Workers: o.Jobs, Progress: o.Progress.begin("objects"),
	}, func() pack.Visitor[*detect.Facts] { return newStatWorker(o) })
	if err != nil {
		return nil, err
	}
	for _, p := range store.Problems() {
		o.Coverage.Problem(p)
	}
	workers := make([]*statWorker, len(visitors))
	for i, v := range visitors {
		workers[i] = v.(*statWorker)
	}
	return sum(o, workers), nil
}

// statWorker measures for one goroutine.
type statWorker struct {
	scanner  *detect.Scanner
	coverage *source.Coverage
	secrets  map[string]map[string]bool // by id of the rule
	texts    int64
	bytes    int64
	time     time.Duration
}

func newStatWorker(o Options) *statWorker {
	w := &statWorker{scanner: o.Engine.NewScanner(), coverage: o.Coverage, secrets: map[string]map[string]bool{}}
	w.scanner.Measure()
	return w
}

func (w *statWorker) scan(size int, scan func() *detect.Facts) *detect.Facts {
	start := time.Now()
	facts := scan()
	w.time += time.Since(start)
	w.texts++
	w.bytes += int64(size)
	for _, m := range facts.Matches() {
		if w.secrets[m.Rule.ID] == nil {
			w.secrets[m.Rule.ID] = map[string]bool{}
		}
		w.secrets[m.Rule.ID][m.Secret] = true
	}
	return facts
}

// Visit is part of pack.Visitor.
func (w *statWorker) Visit(o pack.Object, base *detect.Facts) *detect.Facts {
	if o.Type != pack.Blob {
		text := message(o.Data)
		w.scan(len(text), func() *detect.Facts { return w.scanner.Scan(text) })
		return nil
	}
	return w.scan(len(o.Data), func() *detect.Facts {
		if o.Runs == nil {
			return w.scanner.Scan(o.Data)
		}
		return w.scanner.Update(o.Data, base, o.Runs)
	})
}

// Done is part of pack.Visitor.
func (w *statWorker) Done(*detect.Facts) {}

// Skip is part of pack.Visitor.
func (w *statWorker) Skip(_ pack.Num, t pack.Type, p source.Problem) {
	w.coverage.Skipped(t.String(), p)
}

// sum adds up what workers measured.
func sum(o Options, workers []*statWorker) *Stats {
	out := &Stats{}
	rules := map[string]*RuleStats{}
	secrets := map[string]map[string]bool{}
	for _, w := range workers {
		ruleError(o.Coverage, w.scanner)
		out.Texts, out.Bytes, out.Time = out.Texts+w.texts, out.Bytes+w.bytes, out.Time+w.time
		for _, st := range w.scanner.Stats() {
			r := rules[st.ID]
			if r == nil {
				r = &RuleStats{RuleStats: detect.RuleStats{ID: st.ID}}
				rules[st.ID], secrets[st.ID] = r, map[string]bool{}
			}
			r.Tried, r.Time = r.Tried+st.Tried, r.Time+st.Time
			for s := range w.secrets[st.ID] {
				secrets[st.ID][s] = true
			}
		}
	}
	for id, r := range rules {
		r.Secrets = len(secrets[id])
		out.Rules = append(out.Rules, *r)
	}
	slices.SortFunc(out.Rules, func(a, b RuleStats) int { return cmp.Or(cmp.Compare(b.Time, a.Time), cmp.Compare(a.ID, b.ID)) })
	return out
}
