package report

import (
	"bufio"
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/rules"
)

// The types below are the part of GitLab's report of secret detection, schema version 15, that we have something to
// say to; the names are those of the schema. GitLab refuses a whole report that does not fit the schema of its
// version, and reads one whose patch version it does not know by the latest of the same minor version that it has.
const (
	gitlabVersion = "15.0.7"
	// noCommit stands for the commit, which the schema requires, where there is none.
	noCommit = "0000000"
	// The lengths, in characters, that the schema allows.
	maxGitLabName     = 255
	maxGitLabSolution = 7000
	// maxGitLabPlaces bounds the places that a description lists.
	maxGitLabPlaces = 100
)

type gitlabScan struct {
	Analyzer  gitlabTool      `json:"analyzer"`
	Scanner   gitlabTool      `json:"scanner"`
	Type      string          `json:"type"`
	StartTime string          `json:"start_time"`
	EndTime   string          `json:"end_time"`
	Status    string          `json:"status"`
	Messages  []gitlabMessage `json:"messages,omitempty"`
}

type gitlabTool struct {
	ID      string       `json:"id"`
	Name    string       `json:"name"`
	URL     string       `json:"url"`
	Vendor  gitlabVendor `json:"vendor"`
	Version string       `json:"version"`
}

type gitlabVendor struct {
	Name string `json:"name"`
}

type gitlabMessage struct {
	Level string `json:"level"`
	Value string `json:"value"`
}

type gitlabVulnerability struct {
	ID          string             `json:"id"`
	Category    string             `json:"category"`
	Name        string             `json:"name"`
	Description string             `json:"description"`
	Severity    string             `json:"severity"`
	Solution    string             `json:"solution"`
	Scanner     gitlabScanner      `json:"scanner"`
	Identifiers []gitlabIdentifier `json:"identifiers"`
	Links       []gitlabLink       `json:"links,omitempty"`
	Location    gitlabLocation     `json:"location"`
	// Extract is the secret, redacted unless Options.ShowSecrets.
	Extract string `json:"raw_source_code_extract,omitempty"`
}

type gitlabScanner struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type gitlabIdentifier struct {
	Type  string `json:"type"`
	Name  string `json:"name"`
	URL   string `json:"url,omitempty"`
	Value string `json:"value"`
}

type gitlabLink struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

type gitlabLocation struct {
	File      string       `json:"file"`
	StartLine int          `json:"start_line,omitempty"`
	EndLine   int          `json:"end_line,omitempty"`
	Commit    gitlabCommit `json:"commit"`
}

type gitlabCommit struct {
	Author  string `json:"author,omitempty"`
	Date    string `json:"date,omitempty"`
	Message string `json:"message,omitempty"`
	SHA     string `json:"sha"`
}

// writeGitLab writes a report that GitLab takes as the artifact reports:secret_detection of a job. Each finding is a
// vulnerability at the place that a viewer should open; its description lists the others. Suppressed findings are left
// out, since GitLab would open them.
func writeGitLab(b *bufio.Writer, r *Report, o Options) error {
	g := &gitlabView{newJSONView(r, o)}
	j := &jsonStream{w: b, indent: "  "}
	j.open("", "{")
	j.value("version", gitlabVersion)
	j.value("scan", g.scan(r))
	j.open("vulnerabilities", "[")
	for i := range r.Findings {
		j.value("", g.vulnerability(r, &r.Findings[i]))
	}
	j.close("]")
	j.value("remediations", []string{})
	j.close("}")
	return j.err
}

// A gitlabView turns the parts of a report into GitLab's objects, redacted.
type gitlabView struct {
	*jsonView
}

func (g *gitlabView) scan(r *Report) gitlabScan {
	tool := gitlabTool{"straykey", "straykey", projectURL, gitlabVendor{"straykey"}, cmp.Or(r.Run.Version, "devel")}
	out := gitlabScan{
		Analyzer: tool, Scanner: tool, Type: "secret_detection", Status: "success",
		StartTime: gitlabTime(r.Run.Started), EndTime: gitlabTime(r.Run.Started.Add(r.Run.Duration)),
	}
	if !r.Coverage.Complete() {
		out.Status = "failure"
		out.Messages = append(out.Messages, gitlabMessage{"fatal", incompleteSentence(r)})
	}
	for _, p := range r.Coverage.Problems() {
		level := "warn"
		if p.Reason.Complete() {
			level = "info"
		}
		out.Messages = append(out.Messages, gitlabMessage{level, g.problem(p)})
	}
	for _, note := range r.Run.Notes {
		out.Messages = append(out.Messages, gitlabMessage{"info", cmp.Or(Escape(g.text(note)), "-")})
	}
	return out
}

// gitlabTime is a time in the one form that the schema takes: of UTC, to the second, without a zone. A zero time
// becomes the start of 1970, because the schema requires one.
func gitlabTime(t time.Time) string {
	if t.Year() < 1970 || t.Year() > 9999 {
		t = time.Unix(0, 0)
	}
	return t.UTC().Format("2006-01-02T15:04:05")
}

func (g *gitlabView) vulnerability(r *Report, f *correlate.Finding) gitlabVulnerability {
	rule := f.Rule
	out := gitlabVulnerability{
		ID: cmp.Or(f.Fingerprint, rule.ID), Category: "secret_detection",
		Name:        firstRunes(Escape(cmp.Or(rule.Description, rule.ID)), maxGitLabName),
		Description: g.description(r, f),
		Severity:    gitlabSeverity(severity(rule)),
		Solution:    firstRunes(solution(rule), maxGitLabSolution),
		Scanner:     gitlabScanner{"straykey", "straykey"},
		Identifiers: []gitlabIdentifier{
			{Type: "straykey_rule_id", Name: "straykey rule ID " + rule.ID, Value: rule.ID},
			{Type: "cwe", Name: "CWE-798", Value: "798", URL: "https://cwe.mitre.org/data/definitions/798.html"},
		},
		Extract: g.secret(f.Secret),
	}
	if webURL(rule.Rotate) {
		out.Links = append(out.Links, gitlabLink{"How to rotate it", rule.Rotate})
	}
	if webURL(rule.Docs) {
		out.Links = append(out.Links, gitlabLink{"About it", rule.Docs})
	}
	out.Location = g.location(r, mainPlace(f))
	return out
}

// description says what describe says, with the verdict and the other places. GitLab reads it as Markdown.
func (g *gitlabView) description(r *Report, f *correlate.Finding) string {
	lines := []string{escapeMarkdown(g.describe(f))}
	if r.Verdicts != nil {
		lines = append(lines, "Verdict: "+string(r.Verdict(f))+".")
	}
	if len(f.Occurrences) > 1 {
		list := make([]string, 0, len(f.Occurrences))
		for i := range f.Occurrences {
			if i == maxGitLabPlaces {
				list = append(list, fmt.Sprintf("- and %s", count(int64(len(f.Occurrences)-i), "more place")))
				break
			}
			list = append(list, "- "+markdownCode(g.place(&f.Occurrences[i])))
		}
		lines = append(lines, strings.Join(list, "\n"))
	}
	return strings.Join(lines, "\n\n")
}

func (g *gitlabView) location(r *Report, o *correlate.Occurrence) gitlabLocation {
	out := gitlabLocation{Commit: gitlabCommit{SHA: cmp.Or(r.Run.Head, noCommit)}}
	if o == nil {
		return out
	}
	out.File = cmp.Or(g.filePath(o), g.container(o))
	if o.Member == "" {
		out.StartLine, out.EndLine = o.Line, max(o.EndLine, o.Line)
	}
	if c := g.commit(o.First); c != nil {
		out.Commit = gitlabCommit{Author: c.Author, Date: c.Date, Message: c.Subject, SHA: c.ID}
	}
	return out
}

func gitlabSeverity(s rules.Severity) string {
	word := string(s)
	return strings.ToUpper(word[:1]) + word[1:]
}

// solution says how to be rid of a credential.
func solution(r *rules.Rule) string {
	return strings.Join(nonEmpty(advice, furtherReadingSentence(r)), " ")
}

// firstRunes returns the first n characters of s.
func firstRunes(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
