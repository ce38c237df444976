package hook

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/straykey/straykey/source/repo"
)

// Who can call straykey.
const (
	ByGit       = "git"
	ByPreCommit = "pre-commit"
	ByHusky     = "husky"
	ByLefthook  = "lefthook"
)

// Managers returns all that can call straykey.
func Managers() []string { return []string{ByGit, ByPreCommit, ByHusky, ByLefthook} }

// ErrByHand says that a configuration is in a form that is not edited, so that somebody has to.
var ErrByHand = errors.New("this file has to be edited by hand")

// Source says where the pre-commit framework gets straykey from.
type Source struct {
	Repo string // URL, or path
	Rev  string // tag or commit
}

// Manager is a tool of others that runs hooks, as far as a work tree is set up for it.
type Manager struct {
	Name   string
	File   string // its configuration or, of husky, its directory; absolute
	Format string // how the configuration is written: yaml, toml, json; husky: empty
}

// FindManagers returns the tools that a work tree is set up for.
func FindManagers(top string) []Manager {
	var list []Manager
	if top == "" {
		return nil
	}
	if info, err := os.Stat(filepath.Join(top, ".husky")); err == nil && info.IsDir() {
		list = append(list, Manager{Name: ByHusky, File: filepath.Join(top, ".husky")})
	}
	for _, name := range []string{".pre-commit-config.yaml", ".pre-commit-config.yml"} {
		if file := filepath.Join(top, name); isFile(file) {
			list = append(list, Manager{ByPreCommit, file, "yaml"})
			break
		}
	}
	for _, name := range []string{"lefthook", ".lefthook", ".config/lefthook"} {
		for _, ext := range []string{"yml", "yaml", "toml", "json"} {
			if file := filepath.Join(top, filepath.FromSlash(name)+"."+ext); isFile(file) {
				return append(list, Manager{ByLefthook, file, strings.Replace(ext, "yml", "yaml", 1)})
			}
		}
	}
	return list
}

// file is what is edited for a hook.
func (m Manager) file(hook string) string {
	if m.Name == ByHusky {
		return filepath.Join(m.File, hook)
	}
	return m.File
}

// Calls reports whether the manager's configuration calls straykey in a hook. In a configuration that is not ours to parse, its
// name counts.
func (m Manager) Calls(hook string) bool {
	text, err := repo.ReadFile(m.file(hook), maxHook)
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		code, _, _ := strings.Cut(line, "#")
		if !strings.Contains(code, "straykey") {
			continue
		}
		switch {
		case m.Name == ByHusky:
			return true
		case m.Name == ByPreCommit && strings.Contains(code, "repo:"):
			continue // where it comes from, not what it does
		case m.Name == ByPreCommit && strings.Contains(code, PrePush) != (hook == PrePush):
			continue
		case m.Name == ByLefthook && !strings.Contains(code, "hook run "+hook) && (hook != PreCommit || !strings.Contains(code, "straykey scan")):
			continue
		}
		return true
	}
	return false
}

// Add makes the manager call straykey in a hook. It returns the file that it changed. If the file is in a form that is not
// edited, the error is ErrByHand; Stanza is what belongs into it.
func (m Manager) Add(hook string, from Source) (string, error) {
	return m.edit(hook, func(text string) (string, bool) {
		switch {
		case m.Name == ByHusky:
			return addHusky(text, hook), true
		case m.Format != "yaml":
			return "", false
		case m.Name == ByLefthook:
			return addLefthook(text, hook)
		}
		return addPreCommit(text, from, hook)
	})
}

// Remove takes away what Add has added. It returns the file that it changed; empty: none.
func (m Manager) Remove(hook string) (string, error) {
	if !m.Calls(hook) {
		return "", nil
	}
	return m.edit(hook, func(text string) (string, bool) {
		switch {
		case m.Name == ByHusky:
			return removeHusky(text, hook)
		case m.Format != "yaml":
			return "", false
		case m.Name == ByLefthook:
			return removeLefthook(text, hook)
		}
		return removePreCommit(text, hook)
	})
}

// Stanza is what belongs into the configuration.
func (m Manager) Stanza(hook string, from Source) string {
	switch m.Name {
	case ByHusky:
		return huskyLine(hook)
	case ByLefthook:
		return hook + ":\n  commands:\n" + lefthookCommand(hook, "    ", "  ")
	}
	return "repos:\n" + preCommitItem(from, hook, "  ")
}

// Activate is what makes git call the manager.
func (m Manager) Activate(hook string) string {
	switch m.Name {
	case ByPreCommit:
		return "pre-commit install --hook-type " + hook
	case ByHusky:
		return "npx husky"
	}
	return "lefthook install"
}

func (m Manager) edit(hook string, change func(string) (string, bool)) (string, error) {
	file := m.file(hook)
	text, err := repo.ReadFile(file, maxHook)
	mode := os.FileMode(0o666)
	switch {
	case errors.Is(err, os.ErrNotExist) && m.Name == ByHusky:
		mode = 0o777 // husky 8 runs it itself
	case err != nil:
		return "", fmt.Errorf("read %s: %w", file, err)
	}
	changed, ok := change(string(text))
	if !ok {
		return "", fmt.Errorf("%s: %w", file, ErrByHand)
	}
	if changed == string(text) {
		return file, nil
	}
	if m.Name == ByHusky && strings.TrimSpace(changed) == "" {
		return file, os.Remove(file)
	}
	// In place: the mode, and a link to a file that is shared, stay.
	if err := os.WriteFile(file, []byte(changed), mode); err != nil {
		return "", fmt.Errorf("write the configuration: %w", err)
	}
	return file, nil
}

// Husky runs a file as a script of the shell.

func huskyLine(hook string) string {
	return `straykey hook run ` + hook + ` "$@"` + "\n"
}

func addHusky(text, hook string) string {
	if strings.Contains("\n"+text, "\n"+huskyLine(hook)) {
		return text
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text + huskyLine(hook)
}

func removeHusky(text, hook string) (string, bool) {
	before, after, ok := strings.Cut("\n"+text, "\n"+huskyLine(hook))
	return strings.TrimPrefix(before+"\n"+after, "\n"), ok
}

// The configurations in YAML are edited as lines, which keeps comments and everything else as it is. Only block style
// in the forms that the tools' own documentation has is understood; anything else is left to people.

func lefthookCommand(hook, indent, step string) string {
	text := indent + "straykey:\n" + indent + step + "run: straykey hook run " + hook + lefthookArguments(hook) + "\n"
	if hook != PreCommit {
		text += indent + step + "use_stdin: true\n"
	}
	return text
}

// lefthookArguments passes on what git gave to the hook.
func lefthookArguments(hook string) string {
	if hook == PrePush {
		return " {0}"
	}
	return ""
}

func addLefthook(text, hook string) (string, bool) {
	lines := splitLines(text)
	at, to, ok := block(lines, hook, "")
	if !ok {
		if strings.HasPrefix(text, "{") || slices.ContainsFunc(lines, func(l string) bool {
			return strings.HasPrefix(l, "'"+hook) || strings.HasPrefix(l, `"`+hook) || strings.HasPrefix(l, hook+":")
		}) {
			return "", false
		}
		return withNewline(text) + hook + ":\n  commands:\n" + lefthookCommand(hook, "    ", "  "), true
	}
	indent := childIndent(lines[at+1 : to])
	if indent == "" {
		return "", false
	}
	commands, end, ok := block(lines[:to], "commands", indent, at+1)
	if !ok {
		return "", false // jobs, or nothing yet
	}
	inner := childIndent(lines[commands+1 : end])
	if inner == "" {
		return "", false
	}
	if _, _, ok := block(lines[:end], "straykey", inner, commands+1); ok {
		return text, true
	}
	return strings.Join(slices.Insert(lines, commands+1, lefthookCommand(hook, inner, inner[len(indent):])), ""), true
}

func removeLefthook(text, hook string) (string, bool) {
	whole := hook + ":\n  commands:\n" + lefthookCommand(hook, "    ", "  ")
	if before, after, ok := strings.Cut("\n"+text, "\n"+whole); ok && !strings.HasPrefix(after, " ") {
		return strings.TrimPrefix(before+"\n"+after, "\n"), true
	}
	lines := splitLines(text)
	at, to, ok := block(lines, hook, "")
	if !ok {
		return "", false
	}
	indent := childIndent(lines[at+1 : to])
	commands, end, ok := block(lines[:to], "commands", indent, at+1)
	if !ok || indent == "" {
		return "", false
	}
	inner := childIndent(lines[commands+1 : end])
	own, last, ok := block(lines[:end], "straykey", inner, commands+1)
	if !ok || own == commands+1 && last == end { // the only one: what stays would be a key without a value
		return "", false
	}
	return strings.Join(slices.Delete(lines, own, last), ""), true
}

func preCommitItem(from Source, hook, indent string) string {
	id := "straykey"
	if hook != PreCommit {
		id += "-" + hook
	}
	return indent + "- repo: " + from.Repo + "\n" + indent + "  rev: " + from.Rev + "\n" + indent + "  hooks:\n" + indent + "    - id: " + id + "\n"
}

func addPreCommit(text string, from Source, hook string) (string, bool) {
	lines := splitLines(text)
	at, to, ok := block(lines, "repos", "")
	if !ok {
		return "", false
	}
	indent, ok := itemIndent(lines[at+1 : to])
	if !ok {
		return "", false
	}
	// At the end: what hooks before it change, it sees.
	lines[to-1] = withNewline(lines[to-1])
	return strings.Join(slices.Insert(lines, to, preCommitItem(from, hook, indent)), ""), true
}

func removePreCommit(text, hook string) (string, bool) {
	lines := splitLines(text)
	for i := range lines {
		dash := strings.Index(lines[i], "- repo: ")
		if dash < 0 || strings.TrimSpace(lines[i][:dash]) != "" || i+4 > len(lines) {
			continue
		}
		indent := lines[i][:dash]
		from := Source{
			Repo: strings.TrimSpace(lines[i][dash+len("- repo: "):]),
			Rev:  strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(lines[i+1]), "rev:")),
		}
		if withNewline(strings.Join(lines[i:i+4], "")) != preCommitItem(from, hook, indent) {
			continue
		}
		if i+4 < len(lines) && strings.HasPrefix(lines[i+4], indent+"    ") {
			continue // more hooks, or options
		}
		return strings.Join(slices.Delete(lines, i, i+4), ""), true
	}
	return "", false
}

// splitLines returns the lines with their ends; the last may have none.
func splitLines(text string) []string { return slices.Collect(strings.Lines(text)) }

func withNewline(text string) string {
	if text != "" && !strings.HasSuffix(text, "\n") {
		return text + "\n"
	}
	return text
}

// block finds "key:" alone on a line with an indent, from a line on, and where the lines below it end: before the next one that is not
// indented more, but for items of a list.
func block(lines []string, key, indent string, from ...int) (at, to int, ok bool) {
	start := 0
	if len(from) > 0 {
		start = from[0]
	}
	for i := start; i < len(lines); i++ {
		code, _, _ := strings.Cut(lines[i], " #")
		if strings.TrimRight(code, " \t\r\n") != indent+key+":" {
			continue
		}
		end := i + 1
		for end < len(lines) && (isBlank(lines[end]) || deeper(lines[end], indent)) {
			end++
		}
		for end > i+1 && isBlank(lines[end-1]) && !deeper(lines[end-1], indent) {
			end-- // comments and blank lines before the next key are that one's
		}
		return i, end, true
	}
	return 0, 0, false
}

// deeper reports whether a line belongs to a key of that indent.
func deeper(line, indent string) bool {
	rest, ok := strings.CutPrefix(line, indent)
	return ok && (strings.HasPrefix(rest, " ") || strings.HasPrefix(rest, "- "))
}

func isBlank(line string) bool {
	code := strings.TrimSpace(line)
	return code == "" || strings.HasPrefix(code, "#")
}

// childIndent is that of the first line of a block; empty: it has none, or tabs.
func childIndent(lines []string) string {
	for _, l := range lines {
		if !isBlank(l) {
			return l[:len(l)-len(strings.TrimLeft(l, " "))]
		}
	}
	return ""
}

// itemIndent is that of the first item of a list; false: it is none.
func itemIndent(lines []string) (string, bool) {
	for _, l := range lines {
		if !isBlank(l) {
			rest := strings.TrimLeft(l, " ")
			return l[:len(l)-len(rest)], strings.HasPrefix(rest, "- ")
		}
	}
	return "", false
}
