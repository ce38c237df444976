package review

import (
	"fmt"
	"strings"
	"unicode"
)

const (
	markPrefix = "<!-- straykey:"
	markSuffix = " -->"
	restMark   = "rest"
	maxListed  = 100 // findings in the comment for all
)

// mark is what tells a comment of ours; it is not shown.
func mark(what string) string {
	safe := func(r rune) rune {
		if isPlain(r) || r == ':' {
			return r
		}
		return '_'
	}
	return markPrefix + strings.Map(safe, what) + markSuffix
}

// markOf returns the mark that a comment begins with.
func markOf(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return strings.TrimSpace(line)
}

// body is the comment on a line.
func body(f Finding) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n**straykey: %s**", mark(f.Fingerprint), code(f.Rule))
	if f.Description != "" {
		fmt.Fprintf(&b, " — %s", plain(f.Description))
	}
	fmt.Fprintf(&b, "\n\nA credential stands here%s. It was pushed: who can read this repository knows it. Rotate it", since(f))
	switch {
	case linkable(f.Rotate):
		fmt.Fprintf(&b, " ([how](%s))", f.Rotate)
	case linkable(f.Docs):
		fmt.Fprintf(&b, " ([about it](%s); no page on rotating it is known)", f.Docs)
	}
	b.WriteString(". A commit that removes it does not take it out of the history.\n")
	return b.String()
}

// linkable reports whether an address can stand in a link as it is.
func linkable(address string) bool {
	return strings.HasPrefix(address, "https://") && !strings.ContainsAny(address, " ()<>\"\\\n\r\t")
}

// goneBody is what becomes of it when the finding is there no longer.
func goneBody(mark string) string {
	return mark + "\nstraykey finds no credential here any more. If it was rotated, this is settled.\n"
}

// restBody is the comment for what stands on no line of the change.
func restBody(findings []Finding) string {
	var b strings.Builder
	b.WriteString(mark(restMark) + "\n")
	if len(findings) == 0 {
		b.WriteString("straykey finds nothing else in this pull request any more.\n")
		return b.String()
	}
	b.WriteString("**straykey** found these in the commits of this pull request, where it could not comment on a line:\n\n")
	for i, f := range findings {
		if i == maxListed {
			fmt.Fprintf(&b, "- and %d more\n", len(findings)-i)
			break
		}
		where := "a message"
		if f.Path != "" {
			where = code(fmt.Sprintf("%s:%d", f.Path, f.Line))
		}
		fmt.Fprintf(&b, "- %s in %s%s\n", code(f.Rule), where, since(f))
	}
	b.WriteString("\nThey are in the history, also where a later commit removes them: rotate them.\n")
	return b.String()
}

func since(f Finding) string {
	if f.Commit == "" {
		return ""
	}
	return ", since " + plain(f.Commit[:min(len(f.Commit), 12)])
}

// code writes foreign text as code: as HTML, because within Markdown's own kind no character can be escaped.
func code(s string) string { return "<code>" + plain(s) + "</code>" }

// plain writes foreign text so that nothing in it is HTML, Markdown, a link or the name of a person.
func plain(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case !unicode.IsPrint(r):
			b.WriteByte('?')
		case r > unicode.MaxASCII, isPlain(r), strings.ContainsRune(" ,/-;", r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "&#%d;", r)
		}
	}
	return b.String()
}

// isPlain reports whether a character means nothing but itself, wherever it stands.
func isPlain(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}
