// Command chart turns the runs that history.sh has recorded into tables and a bar chart:
//
//	chart history.tsv history.md history.svg
package main

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "chart:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return errors.New("give three files: chart history.tsv history.md history.svg")
	}
	data, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	h, err := parse(data)
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	if err := os.WriteFile(args[1], markdown(h), 0o644); err != nil {
		return err
	}
	return os.WriteFile(args[2], svg(h), 0o644)
}

// The tools, by the names history.sh gives them.
const (
	own     = "straykey"
	again   = "straykey-again"
	inflate = "inflate"
	zlib    = "inflate-zlib"
)

// kind says in which of the chart's colours a tool is drawn.
type kind string

const (
	kindOwn     kind = "own"
	kindScanner kind = "scanner"
	kindGit     kind = "git" // reads everything and looks for nothing
)

// toolInfo returns what a tool is called in tables and charts.
func toolInfo(tool string) (label string, k kind) {
	switch tool {
	case own:
		return "straykey", kindOwn
	case again:
		return "straykey, second sweep", kindOwn
	case "betterleaks-workers":
		return "betterleaks, git workers", kindScanner
	case "trufflehog":
		return "trufflehog, unverified", kindScanner
	case "git-log":
		return "git log -p", kindGit
	case "git-cat-file":
		return "git cat-file", kindGit
	case inflate:
		return "inflate only", kindGit
	case zlib:
		return "inflate only, Go's zlib", kindGit
	}
	return tool, kindScanner
}

// history is a whole measurement.
type history struct {
	date, machine, load string
	rounds              int
	versions            []string // "tool version", in the order of the tools
	repos               []*repository
}

// repository is what was measured on one repository.
type repository struct {
	name                                 string
	commits, blobs, blobBytes, packBytes float64
	tools                                []*result // in the order in which history.sh lists them
}

// result is the medians of the runs of one tool.
type result struct {
	tool                      string
	wall, cpu, rss, anon      float64 // seconds, and KiB; 0 where not measured
	exit, findings, places    string  // of the last run, or the first that failed; "-" where there is none
	walls, cpus, rsses, anons []float64
}

// failed tells whether a run ended early: the times say nothing then. Scanners end with 1 when they have found
// something, and straykey with 2 when an object is missing, which does not stop it.
func (t *result) failed() bool {
	_, k := toolInfo(t.tool)
	return t.exit != "0" && (k == kindGit || t.exit != "1") && (k != kindOwn || t.exit != "2")
}

func (r *repository) result(tool string) *result {
	for _, t := range r.tools {
		if t.tool == tool {
			return t
		}
	}
	return nil
}

// parse reads what history.sh writes: a line of names, then one line a run.
func parse(data []byte) (*history, error) {
	c := csv.NewReader(bytes.NewReader(data))
	c.Comma, c.LazyQuotes = '\t', true
	lines, err := c.ReadAll()
	if err != nil {
		return nil, err
	}
	if len(lines) < 2 {
		return nil, errors.New("no runs")
	}
	column := map[string]int{}
	for i, name := range lines[0] {
		column[name] = i
	}
	var missing []string
	field := func(line []string, name string) string {
		i, ok := column[name]
		if !ok {
			missing = append(missing, name)
			return ""
		}
		return line[i]
	}
	number := func(line []string, name string) float64 {
		f, err := strconv.ParseFloat(field(line, name), 64)
		if err != nil {
			return 0
		}
		return f
	}
	h := &history{date: field(lines[1], "date"), machine: field(lines[1], "machine"), load: field(lines[1], "load")}
	for _, line := range lines[1:] {
		h.rounds = max(h.rounds, int(number(line, "round")))
		name, tool := field(line, "repository"), field(line, "tool")
		i := slices.IndexFunc(h.repos, func(r *repository) bool { return r.name == name })
		if i < 0 {
			i = len(h.repos)
			h.repos = append(h.repos, &repository{
				name: name, commits: number(line, "commits"), blobs: number(line, "blobs"),
				blobBytes: number(line, "blob_bytes"), packBytes: number(line, "pack_bytes"),
			})
		}
		t := h.repos[i].result(tool)
		if t == nil {
			t = &result{tool: tool, exit: "0"}
			h.repos[i].tools = append(h.repos[i].tools, t)
		}
		if v := tool + " " + field(line, "version"); !slices.Contains(h.versions, v) {
			h.versions = append(h.versions, v)
		}
		t.walls = append(t.walls, number(line, "wall_s"))
		t.cpus = append(t.cpus, number(line, "user_s")+number(line, "sys_s"))
		t.rsses = append(t.rsses, number(line, "rss_kib"))
		t.anons = append(t.anons, number(line, "anon_kib"))
		if !t.failed() {
			t.exit, t.findings, t.places = field(line, "exit"), field(line, "findings"), field(line, "places")
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("the first line names no column %q", missing[0])
	}
	for _, r := range h.repos {
		for _, t := range r.tools {
			t.wall, t.cpu, t.rss, t.anon = median(t.walls), median(t.cpus), median(t.rsses), median(t.anons)
		}
		if o := r.result(own); o == nil || o.wall <= 0 || o.failed() {
			return nil, fmt.Errorf("%s: no good run of %s to compare with", r.name, own)
		}
	}
	return h, nil
}

// median returns the middle value, or the mean of the two middle ones; 0 of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	v := slices.Sorted(slices.Values(values))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// measured says how many rounds there were, and which tools ran in fewer.
func (h *history) measured() string {
	rounds := map[string]int{}
	var tools []string
	for _, r := range h.repos {
		for _, t := range r.tools {
			if rounds[t.tool] == 0 {
				tools = append(tools, t.tool)
			}
			rounds[t.tool] = max(rounds[t.tool], len(t.walls))
		}
	}
	text := plural(h.rounds, "round")
	for _, tool := range tools {
		if n := rounds[tool]; n < h.rounds {
			label, _ := toolInfo(tool)
			text += fmt.Sprintf(", %d of %s", n, label)
		}
	}
	return text
}

// markdown writes the ratios of all repositories, then what was measured on each.
func markdown(h *history) []byte {
	var b bytes.Buffer
	b.WriteString("# Scanning whole histories\n\nWritten by `bench/history.sh`; `bench/README.md` says what is compared and what is unfair in it.\n\n")
	fmt.Fprintf(&b, "- %s, load %s before the start\n- %s, medians of %s\n", h.machine, h.load, h.date, h.measured())
	fmt.Fprintf(&b, "- %s\n\n", strings.Join(h.versions, ", "))
	b.WriteString("Time of each tool as a multiple of straykey's:\n\n")
	ratios(&b, h)
	for _, r := range h.repos {
		fmt.Fprintf(&b, "\n## %s\n\n%s commits, %s blobs of together %s, in a pack of %s\n\n",
			r.name, thousands(r.commits), thousands(r.blobs), size(r.blobBytes), size(r.packBytes))
		b.WriteString("| tool | time | × straykey | processor | peak memory | without files | findings | places | exit |\n")
		b.WriteString("|---|--:|--:|--:|--:|--:|--:|--:|--:|\n")
		for _, t := range byTime(r) {
			label, _ := toolInfo(t.tool)
			times := ratio(t.wall / r.result(own).wall)
			if t.failed() {
				times = "failed"
			}
			fmt.Fprintf(&b, "| %s | %.2f s | %s | %.2f s | %s | %s | %s | %s | %s |\n",
				label, t.wall, times, t.cpu, mebibytes(t.rss), mebibytes(t.anon), dash(t.findings), dash(t.places), t.exit)
		}
	}
	return b.Bytes()
}

// ratios writes a table with a line a tool, a column a repository, and the smallest and the median ratio.
func ratios(b *bytes.Buffer, h *history) {
	b.WriteString("| tool |")
	for _, r := range h.repos {
		fmt.Fprintf(b, " %s |", r.name)
	}
	b.WriteString(" least | median |\n|---|" + strings.Repeat("--:|", len(h.repos)+2) + "\n")
	for _, t := range h.repos[0].tools {
		if t.tool == own {
			continue
		}
		label, _ := toolInfo(t.tool)
		fmt.Fprintf(b, "| %s |", label)
		var all []float64
		for _, r := range h.repos {
			other := r.result(t.tool)
			if other == nil || other.failed() {
				b.WriteString(" – |")
				continue
			}
			all = append(all, other.wall/r.result(own).wall)
			fmt.Fprintf(b, " %s |", ratio(all[len(all)-1]))
		}
		if len(all) == 0 {
			b.WriteString(" – | – |\n")
			continue
		}
		fmt.Fprintf(b, " %s | %s |\n", ratio(slices.Min(all)), ratio(median(all)))
	}
	for _, limit := range []struct{ tool, what string }{{inflate, ""}, {zlib, " with compress/zlib"}} {
		var all []float64
		for _, r := range h.repos {
			if l := r.result(limit.tool); l != nil && l.wall > 0 && !l.failed() {
				all = append(all, r.result(own).wall/l.wall)
			}
		}
		if len(all) > 0 {
			fmt.Fprintf(b, "\nstraykey takes %s the time to inflate the pack's blob entries once%s (median; at most %s).\n",
				ratio(median(all)), limit.what, ratio(slices.Max(all)))
		}
	}
}

// byTime returns the tools, fastest first, those that failed last.
func byTime(r *repository) []*result {
	return slices.SortedStableFunc(slices.Values(r.tools), func(a, b *result) int {
		if a.failed() != b.failed() {
			if b.failed() {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.wall, b.wall)
	})
}

func ratio(f float64) string {
	if f < 10 {
		return fmt.Sprintf("%.2f×", f)
	}
	return fmt.Sprintf("%.1f×", f)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// size returns a number of bytes in the unit that suits it.
func size(bytes float64) string {
	if bytes >= 1e9 {
		return fmt.Sprintf("%.1f GB", bytes/1e9)
	}
	return fmt.Sprintf("%.1f MB", bytes/1e6)
}

func mebibytes(kib float64) string {
	if kib == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f MiB", kib/1024)
}

func dash(s string) string {
	if s == "-" {
		return "–"
	}
	return s
}

// thousands returns a whole number with commas: 12,345.
func thousands(f float64) string {
	s := strconv.FormatInt(int64(f), 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
