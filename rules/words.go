package rules

import (
	"slices"
	"strings"
)

// Identities returns the words a rule may give as identity, in the order of the documentation.
func Identities() []Identity {
	return []Identity{
		APIKey, PersonalAccessToken, Token, ServiceAccount, ServicePrincipal, SystemAccount,
		MachineIdentity, PrivateKey, Certificate, SigningSecret, DatabaseUser, Webhook,
		StorageKey, SASToken, RoleSession, Generic,
	}
}

// Severities returns the words a rule may give as severity, worst first.
func Severities() []Severity {
	return []Severity{Critical, High, Medium, Low, Info}
}

// Confidences returns the words a rule may give as confidence, lowest first.
func Confidences() []Confidence {
	return []Confidence{LowConfidence, MediumConfidence, HighConfidence}
}

// Classes returns the words a rule may give as class.
func Classes() []Class { return []Class{Credentials, Identifiers} }

// words makes texts of typed words.
func words[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = string(w)
	}
	return out
}

// suggestion returns " (did you mean "x"?)" for the candidate nearest to a word, or
// nothing if none is near.
func suggestion(word string, candidates []string) string {
	if near := Nearest(word, candidates); near != "" {
		return " (did you mean " + quote(near) + "?)"
	}
	return ""
}

// Nearest returns the candidate that a mistyped word most likely means: the one at
// the least edit distance, if that is at most a third of its length, else the
// first that contains the word. It returns "" if there is none.
func Nearest(word string, candidates []string) string {
	low := strings.ToLower(word)
	if word == "" || len(word) > 4*maxQuoted {
		return ""
	}
	type distance struct{ folded, exact int } // the second decides between equals
	best, least := "", distance{len(word), 0}
	for _, c := range candidates {
		d := distance{editDistance(low, strings.ToLower(c)), editDistance(word, c)}
		if d.folded > max(1, len(c)/3) {
			continue
		}
		if d.folded < least.folded || d.folded == least.folded && d.exact < least.exact {
			best, least = c, d
		}
	}
	if best != "" {
		return best
	}
	if i := slices.IndexFunc(candidates, func(c string) bool { return strings.Contains(strings.ToLower(c), low) }); i >= 0 {
		return candidates[i]
	}
	return ""
}

// editDistance counts insertions, deletions and substitutions between two texts.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
