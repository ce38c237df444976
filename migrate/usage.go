package migrate

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/straykey/straykey/rules"
)

// usageFiles lists the files in which hooks and jobs say what they run.
func (m *Migration) usageFiles(root []string) []string {
	var out []string
	for _, name := range root {
		switch strings.ToLower(name) {
		case ".pre-commit-config.yaml", ".pre-commit-config.yml", ".gitlab-ci.yml", "azure-pipelines.yml", "azure-pipelines.yaml", "bitbucket-pipelines.yml",
			".travis.yml", ".drone.yml", "jenkinsfile", "makefile", "justfile", "taskfile.yml", "package.json", "lefthook.yml", ".lefthook.yml",
			"lefthook.yaml", ".lintstagedrc", ".lintstagedrc.json", "tox.ini", "noxfile.py", "earthfile", "dockerfile":
			out = append(out, name)
		}
	}
	for _, dir := range []string{".github/workflows", ".github/actions", ".gitlab", ".gitlab/ci", ".circleci", ".buildkite", ".husky", ".azure-pipelines", ".woodpecker", "scripts"} {
		for _, name := range m.files.ReadDir(dir) {
			if !strings.HasSuffix(name, "/") {
				out = append(out, dir+"/"+name)
			} else if dir == ".github/actions" {
				out = append(out, dir+"/"+name+"action.yml")
			}
		}
	}
	return out
}

// toolWords finds the names of the tools where they are words of their own.
var toolWords = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)(?:^|[^a-z0-9_-])(gitleaks|betterleaks|trufflehog|detect-secrets)(?:[^a-z0-9_-]|-action|-hook|-docker|-system|$)`)
})

// toolIn returns the tool that a line of a hook's or job's file names.
func toolIn(line string) Tool {
	trimmed := strings.TrimSpace(line)
	if strings.HasPrefix(trimmed, "#") || strings.HasPrefix(trimmed, "//") {
		return ""
	}
	if found := toolWords().FindStringSubmatch(line); found != nil {
		return Tool(strings.ToLower(found[1]))
	}
	return ""
}

// flags that name files of the tools.
func (t Tool) flags() map[string]kind {
	switch t {
	case Gitleaks, Betterleaks:
		return map[string]kind{
			"--config": configFile, "-c": configFile, "--baseline-path": baselineFile, "-b": baselineFile,
			"--gitleaks-ignore-path": ignoreFile, "-i": ignoreFile, "GITLEAKS_CONFIG": configFile, "config-path": configFile,
		}
	case Trufflehog:
		return map[string]kind{"--config": configFile, "--exclude-paths": ignoreFile, "-x": ignoreFile}
	case DetectSecrets:
		return map[string]kind{"--baseline": baselineFile}
	}
	return nil
}

// notInWord separates words in commands, in lists of YAML and JSON, and in settings.
var notInWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[\s"',\[\]=:]+`) })

// maxArguments is how many lines behind the name of a tool its arguments are looked for.
const maxArguments = 15

// namedIn returns the files that a hook or job gives to a tool, as far as its lines tell.
func (m *Migration) namedIn(usage string) []source {
	data, err := m.files.ReadFile(usage)
	if err != nil {
		return nil
	}
	var out []source
	tool, left, n := Tool(""), 0, 0
	var pending kind
	waits := false
	for line := range strings.Lines(string(data)) {
		n++
		if t := toolIn(line); t != "" {
			tool, left, waits = t, maxArguments, false
		}
		if left--; left < 0 || tool == "" || strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		flags := tool.flags()
		for _, word := range notInWord().Split(line, -1) {
			if k, ok := flags[word]; ok {
				pending, waits = k, true
				continue
			}
			if waits && word != "" && word != "-" {
				waits = false
				name := path.Clean(strings.TrimPrefix(strings.TrimPrefix(word, "/repo/"), "./"))
				out = append(out, source{tool: tool, kind: pending, name: name, at: rules.Position{File: usage, Line: n}})
			}
		}
	}
	return slices.DeleteFunc(out, func(f source) bool {
		return strings.HasPrefix(f.name, "/") || strings.HasPrefix(f.name, "..") || strings.HasPrefix(f.name, "-")
	})
}

// readUsage reports where a hook or job runs one of the tools.
func (m *Migration) readUsage(f source) {
	data, err := m.files.ReadFile(f.name)
	if err != nil {
		return
	}
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		tool := toolIn(line)
		if tool == "" || !m.wants(tool) {
			continue
		}
		what, do := advice(tool, f.name, line)
		if what == "" {
			continue
		}
		m.add(Replace, tool, rules.Position{File: f.name, Line: n}, what, "", do)
	}
}

// commandIn finds a line that runs a tool: its name behind the beginning of a command, of a list's element or of a key's value, and
// something for it to do.
var commandIn = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)(?:^|[\s"'&|;(/=-])(?:gitleaks|betterleaks|trufflehog)["']?\s+(?:[a-z]+\b|--?[a-z])|detect-secrets(?:-hook)?["']?\s+(?:[a-z]+\b|--?[a-z])|detect-secrets-hook|docker run|image:`)
})

// advice says what a line that names a tool is, and what to write in its place; empty: nothing that runs it.
func advice(tool Tool, file, line string) (what, do string) {
	text := strings.TrimSpace(line)
	preCommit := strings.HasPrefix(path.Base(file), ".pre-commit-config")
	switch {
	case strings.Contains(text, "uses:"):
		return "action of " + string(tool), "use the action of straykey instead: docs/ci.md has the lines"
	case preCommit && strings.Contains(text, "repo:"):
		return "pre-commit hook of " + string(tool), "repo: https://github.com/straykey/straykey with the hook id straykey; see docs/hooks.md"
	case strings.HasPrefix(strings.TrimLeft(text, "- "), "name:"), !commandIn().MatchString(text):
		return "", "" // a name, an id, a condition, an outcome
	case strings.Contains(text, "image:"), strings.Contains(text, "docker run"):
		return "container image of " + string(tool), "the image of straykey is ghcr.io/straykey/straykey; the command is straykey scan, or straykey ci in a job"
	}
	what = "command " + string(tool)
	switch tool {
	case Gitleaks:
		return what, "write straykey for gitleaks: git, dir, stdin, detect and protect take its flags; or straykey scan, which reads the files made here"
	case Betterleaks:
		return what, "straykey scan; of the whole history, --staged before a commit, --files DIR for files"
	case Trufflehog:
		return what, "straykey scan, with --verify --fail-on active for --only-verified, --range BASE..HEAD for --since-commit, --files DIR for filesystem"
	}
	return what, "straykey hook run pre-commit for detect-secrets-hook, straykey baseline update for scan --baseline, straykey baseline audit for audit"
}
