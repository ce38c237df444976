package migrate

import (
	"path"
	"regexp"
	"strings"
)

// commentIn returns the tool whose comment lets a secret in a line pass, and the comment without what follows.
func commentIn(name, line, before string) (Tool, string) {
	for tool, mark := range map[Tool]string{Trufflehog: "trufflehog:ignore", Betterleaks: "betterleaks:allow"} {
		if strings.Contains(line, mark) {
			return tool, mark
		}
	}
	if strings.Contains(line, "pragma:") {
		for _, re := range pragmas(name, false) {
			if re.MatchString(line) {
				return DetectSecrets, "pragma: allowlist secret"
			}
		}
	}
	if strings.Contains(before, "nextline") {
		for _, re := range pragmas(name, true) {
			if re.MatchString(before) {
				return DetectSecrets, "pragma: allowlist nextline secret"
			}
		}
	}
	return "", ""
}

// pragmas returns what comments of detect-secrets look like in a file: at the end of a line in one of a few kinds of comments; and
// for the next line, alone in theirs. In YAML only a number sign begins a comment.
func pragmas(name string, next bool) []*regexp.Regexp {
	begins := []string{`#`, `//`, `/\*`, `'`, `--`, `<!--[# \t]*?`}
	if strings.EqualFold(path.Ext(name), ".yaml") {
		begins = begins[:1]
	}
	var out []*regexp.Regexp
	for _, begin := range begins {
		if next {
			out = append(out, regexp.MustCompile(`^[ \t]*`+begin+` *pragma: ?allowlist[ -]nextline[ -]secret`))
		} else {
			out = append(out, regexp.MustCompile(`[ \t]*`+begin+` *pragma: ?(?:allow|white)list[ -]secret`))
		}
	}
	return out
}
