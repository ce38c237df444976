package typed

import (
	"strconv"
	"strings"
	"time"
)

// maxScopes bounds what is kept of what an identity may do.
const maxScopes = 50

func capped(list []string) []string { return list[:min(len(list), maxScopes)] }

// unixTime reads seconds since 1970; zero if s is none.
func unixTime(s string) time.Time {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

// highest returns the highest privilege that any of the words grants, by the words that grant each.
func highest(words, admin, write []string) string {
	level := "read"
	for _, w := range words {
		w = strings.ToUpper(w)
		switch {
		case containsAny(w, admin):
			return "admin"
		case containsAny(w, write):
			level = "write"
		}
	}
	return level
}

func containsAny(s string, words []string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}
