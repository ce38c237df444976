package gitleaks

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// LogOptions are the options of git log that --log-opts gives.
type LogOptions struct {
	All   bool     // nothing but the whole history of all refs
	Args  []string // before the paths
	Paths []string // files and directories, from the top of the work tree; empty: all
}

// ParseLogOptions splits the value of --log-opts into words, as a shell does with quotes, and takes it apart. Options
// that make git write files or run programs are refused, and so are paths with wildcards.
func ParseLogOptions(value string) (LogOptions, error) {
	words, err := split(value)
	if err != nil {
		return LogOptions{}, err
	}
	var o LogOptions
	if i := slices.Index(words, "--"); i >= 0 {
		words, o.Paths = words[:i], words[i+1:]
	}
	o.Args = words
	for _, w := range words {
		name, _, _ := strings.Cut(w, "=")
		for _, refused := range []string{"--output", "--ext-diff", "--textconv", "--show-signature"} {
			if len(name) >= len("--ext") && strings.HasPrefix(refused, name) { // git takes options cut short
				return LogOptions{}, fmt.Errorf("%s: an option that makes git write files or run programs; leave it out", name)
			}
		}
	}
	for i, p := range o.Paths {
		if strings.ContainsAny(p, "*?[") || strings.HasPrefix(p, ":") {
			return LogOptions{}, fmt.Errorf("path %q: only files and directories are understood here, no patterns; put a pattern into an allowlist of the configuration", p)
		}
		o.Paths[i] = strings.Trim(strings.TrimPrefix(p, "./"), "/")
	}
	// What only says how the whole history is walked changes nothing for who reads all objects.
	whole := []string{"--all", "--full-history", "--date-order", "--topo-order", "--reverse", "--no-color", "-p"}
	o.All = slices.Contains(o.Args, "--all") && len(o.Paths) == 0 &&
		!slices.ContainsFunc(o.Args, func(w string) bool { return !slices.Contains(whole, w) })
	return o, nil
}

// Has reports whether a path is among Paths.
func (o *LogOptions) Has(path string) bool {
	return len(o.Paths) == 0 || slices.ContainsFunc(o.Paths, func(p string) bool {
		return p == "" || p == "." || path == p || strings.HasPrefix(path, p+"/")
	})
}

// split cuts a text at white space outside of quotes.
func split(s string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord, quote := false, rune(0)
	for _, c := range s {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, inWord = c, true
		case quote == 0 && (c == ' ' || c == '\t' || c == '\n'):
			if inWord {
				words = append(words, word.String())
				word.Reset()
			}
			inWord = false
		default:
			word.WriteRune(c)
			inWord = true
		}
	}
	if quote != 0 {
		return nil, errors.New("a quote is not closed")
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}
