package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rivo/uniseg"

	"github.com/straykey/straykey/correlate"
)

// What the reports for people say in the same words: short ids, numbers, sizes, times, and texts cut to a width.

// shortestID is how much of a fingerprint is shown at the least.
const shortestID = 8

// shortID returns the start of a fingerprint.
func shortID(fingerprint string) string {
	_, bare, ok := strings.Cut(fingerprint, ":")
	if !ok {
		bare = fingerprint
	}
	return bare[:min(shortestID, len(bare))]
}

// shortIDs returns, for each finding, the start of its fingerprint that no other finding of
// the report has.
func shortIDs(findings []correlate.Finding) []string {
	seen := map[string]int{}
	bare := make([]string, len(findings))
	for i := range findings {
		_, bare[i], _ = strings.Cut(findings[i].Fingerprint, ":")
		if bare[i] == "" {
			bare[i] = findings[i].Fingerprint
		}
	}
	n := shortestID
	for ; ; n++ {
		clear(seen)
		longest := 0
		clash := false
		for _, s := range bare {
			longest = max(longest, len(s))
			key := s[:min(n, len(s))]
			clash = clash || seen[key] > 0
			seen[key]++
		}
		if !clash || n >= longest {
			break
		}
	}
	for i, s := range bare {
		bare[i] = Escape(s[:min(n, len(s))])
	}
	return bare
}

// short abbreviates an object id the way git does by default in a large repository.
func short(id string) string {
	return Escape(id[:min(12, len(id))])
}

// shortHex is short for what may be an object id.
func shortHex(s string) string {
	if (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == "" {
		return short(s)
	}
	return s
}

func shortRef(ref string) string {
	for _, prefix := range []string{"refs/heads/", "refs/tags/", "refs/remotes/"} {
		if name, ok := strings.CutPrefix(ref, prefix); ok {
			return name
		}
	}
	return ref
}

func day(t time.Time) string { return t.Format(time.DateOnly) }

func kindName(kind string) string {
	if kind == "commit" || kind == "tag" {
		return kind + " message"
	}
	return kind
}

func count(n int64, noun string) string {
	if n == 1 || noun == "stdin" {
		return thousands(n) + " " + noun
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok { // directory, entry
		return thousands(n) + " " + stem + "ies"
	}
	return thousands(n) + " " + noun + "s"
}

func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func size(n int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB"}
	x := float64(n)
	for x >= 1000 && len(units) > 1 {
		x /= 1000
		units = units[1:]
	}
	if units[0] == "B" || x >= 100 {
		return fmt.Sprintf("%.0f %s", x, units[0])
	}
	return fmt.Sprintf("%.1f %s", x, units[0])
}

func duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

func nonEmpty(list ...string) []string {
	var out []string
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

const ellipsis = "..."

// cut shortens a text to width columns and marks the cut. Escape sequences of a
// palette would be counted: cut first, paint then.
func cut(s string, width int) string {
	if len(s) <= width || uniseg.StringWidth(s) <= width {
		return s
	}
	used, end := 0, 0
	state := -1
	for rest := s; rest != ""; {
		var cluster string
		var w int
		cluster, rest, w, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if used+w > width-len(ellipsis) {
			break
		}
		used += w
		end += len(cluster)
	}
	return s[:end] + ellipsis
}

// cutLeft is cut at the other end.
func cutLeft(s string, width int) string {
	total := uniseg.StringWidth(s)
	if total <= width {
		return s
	}
	state := -1
	rest := s
	for rest != "" && total > width-len(ellipsis) {
		var w int
		_, rest, w, state = uniseg.FirstGraphemeClusterInString(rest, state)
		total -= w
	}
	return ellipsis + rest
}
