package detect

import "bytes"

// The inline allow comments: ours, with an optional rule id and a reason, and the
// one that users of gitleaks have in their files.
var (
	ownMark      = []byte("straykey:allow")
	gitleaksMark = []byte("gitleaks:allow")
)

// MayAllow reports whether a text has the mark of an allow comment, whatever it covers.
func MayAllow(text []byte) bool {
	plain, _ := Plain(text)
	return bytes.Contains(plain, ownMark) || bytes.Contains(plain, gitleaksMark)
}

// inlineAllow returns the reason of the allow comment that covers a match of the
// rule on line, or "" if there is none. prev is the line before: a comment
// there counts if it stands alone.
func inlineAllow(line, prev []byte, ruleID string) string {
	if reason := allowIn(line, ruleID); reason != "" {
		return reason
	}
	if i := bytes.Index(prev, ownMark); i >= 0 && !hasAlnum(prev[:i]) {
		return allowIn(prev, ruleID)
	}
	if bytes.Contains(line, gitleaksMark) {
		return "gitleaks:allow"
	}
	return ""
}

// allowIn reads `straykey:allow[=RULE] reason` in a line.
func allowIn(line []byte, ruleID string) string {
	for {
		i := bytes.Index(line, ownMark)
		if i < 0 {
			return ""
		}
		rest := line[i+len(ownMark):]
		line = rest
		if len(rest) > 0 && rest[0] == '=' {
			end := 1
			for end < len(rest) && (isWord(rest[end]) || rest[end] == '-') {
				end++
			}
			if string(rest[1:end]) != ruleID {
				continue
			}
			rest = rest[end:]
		} else if len(rest) > 0 && (isWord(rest[0]) || rest[0] == '-') {
			continue // straykey:allowed, straykey:allow-list
		}
		if reason := trimComment(rest); reason != "" {
			return reason
		}
		return "inline"
	}
}

// trimComment cuts white space and the end of a block comment.
func trimComment(b []byte) string {
	b = bytes.TrimSpace(b)
	for _, end := range []string{"*/", "-->", "--%>", "#}", "*)"} {
		b = bytes.TrimSpace(bytes.TrimSuffix(b, []byte(end)))
	}
	return string(b)
}

func hasAlnum(b []byte) bool {
	for _, c := range b {
		if isWord(c) && c != '_' {
			return true
		}
	}
	return false
}
