package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/rules/ruletest"
)

// ruleSummary is a rule in `rules list --format json`.
type ruleSummary struct {
	ID          string   `json:"id"`
	Family      string   `json:"family"`
	Provider    string   `json:"provider,omitempty"`
	Description string   `json:"description,omitempty"`
	Identity    string   `json:"identity"`
	Severity    string   `json:"severity"`
	Docs        string   `json:"docs,omitempty"`
	Rotate      string   `json:"rotate,omitempty"`
	Tags        []string `json:"tags,omitempty"`
	Aliases     []string `json:"aliases,omitempty"`
	Proof       string   `json:"proof,omitempty"`
	Check       string   `json:"check,omitempty"` // "live", or "login" or "write" where asking does that
	Revoke      bool     `json:"revoke,omitempty"`
	Weak        bool     `json:"weak,omitempty"`
	Confidence  string   `json:"confidence"`
	Class       string   `json:"class"`
}

func ruleSummaries(list []*rules.Rule) []ruleSummary {
	out := make([]ruleSummary, len(list))
	for i, r := range list {
		out[i] = newRuleSummary(r)
	}
	return out
}

func newRuleSummary(r *rules.Rule) ruleSummary {
	check := ""
	if r.Verify != nil {
		check = "live"
		if r.Verify.SideEffects != rules.NoEffects {
			check = string(r.Verify.SideEffects)
		}
	}
	return ruleSummary{
		Check: check, Revoke: r.Revoke != nil,
		ID: r.ID, Family: r.Family, Provider: r.Provider, Description: r.Description,
		Identity: string(r.Identity), Severity: string(r.Severity), Docs: r.Docs, Rotate: r.Rotate,
		Tags: r.Tags, Aliases: r.Aliases, Proof: r.Proof, Weak: r.Weak,
		Confidence: string(r.Confidence), Class: string(r.Class),
	}
}

// ruleDetails is a rule in `rules show`.
type ruleDetails struct {
	ruleSummary
	Regex       string          `json:"regex,omitempty"`
	Token       string          `json:"token,omitempty"`
	Assigned    string          `json:"assigned,omitempty"`
	Detector    string          `json:"detector,omitempty"`
	Path        string          `json:"path,omitempty"`
	Keywords    []string        `json:"keywords,omitempty"`
	Names       []string        `json:"names,omitempty"`
	Anchors     []string        `json:"anchors,omitempty"`
	Direct      bool            `json:"direct"`
	Reach       int             `json:"reach"`
	Wide        bool            `json:"wide,omitempty"`
	SecretGroup int             `json:"secret_group,omitempty"`
	Entropy     float64         `json:"entropy,omitempty"`
	Allowlists  []jsonAllowlist `json:"allowlists,omitempty"`
	Required    []jsonRequired  `json:"required,omitempty"`
	Pair        []string        `json:"pair,omitempty"`
	Verify      *jsonVerify     `json:"verify,omitempty"`
	Revoke      *jsonRevoke     `json:"revoke,omitempty"`
	SkipReport  bool            `json:"skip_report,omitempty"`
	Positives   []string        `json:"positives,omitempty"`
	Negatives   []string        `json:"negatives,omitempty"`
	File        string          `json:"file"`
	Line        int             `json:"line"`
}

type jsonAllowlist struct {
	Description string   `json:"description,omitempty"`
	Condition   string   `json:"condition"`
	Commits     []string `json:"commits,omitempty"`
	Paths       []string `json:"paths,omitempty"`
	RegexTarget string   `json:"regex_target,omitempty"`
	Regexes     []string `json:"regexes,omitempty"`
	StopWords   []string `json:"stopwords,omitempty"`
}

type jsonRequired struct {
	ID            string `json:"id"`
	WithinLines   *int   `json:"within_lines,omitempty"`
	WithinColumns *int   `json:"within_columns,omitempty"`
}

func newRuleDetails(r *rules.Rule, shape detect.Shape) ruleDetails {
	d := ruleDetails{
		ruleSummary: newRuleSummary(r),
		Regex:       r.Regex, Token: r.Token, Assigned: r.Assigned, Detector: r.Detector, Path: r.Path, Keywords: r.Keywords, Names: r.Names,
		Anchors: shape.Anchors, Direct: shape.Direct, Reach: shape.Reach, Wide: shape.Wide,
		SecretGroup: r.SecretGroup, Entropy: r.Entropy, SkipReport: r.SkipReport, Pair: r.Pair,
		Positives: r.Positives, Negatives: r.Negatives, File: r.Source.File, Line: r.Source.Line,
	}
	for _, a := range r.Allowlists {
		j := jsonAllowlist{
			Description: a.Description, Condition: "OR", Commits: a.Commits, Paths: a.Paths,
			Regexes: a.Regexes, StopWords: a.StopWords,
		}
		if a.And {
			j.Condition = "AND"
		}
		if len(a.Regexes) > 0 {
			j.RegexTarget = a.RegexTarget
		}
		d.Allowlists = append(d.Allowlists, j)
	}
	for _, q := range r.Required {
		d.Required = append(d.Required, jsonRequired(q))
	}
	d.Verify, d.Revoke = newJSONVerify(r.Verify), newJSONRevoke(r.Revoke)
	return d
}

// writeText writes the rule for people: a heading, then one fact a line.
func (d *ruleDetails) writeText(w io.Writer) {
	fmt.Fprintf(w, "%s\n", d.ID)
	if d.Description != "" {
		fmt.Fprintf(w, "  %s\n\n", d.Description)
	}
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "  %-13s%s\n", name, value)
		}
	}
	line("provider", d.Provider)
	line("identity", d.Identity)
	line("severity", d.Severity)
	line("confidence", d.Confidence)
	line("class", d.Class)
	line("docs", d.Docs)
	line("rotate", d.Rotate)
	line("family", other(d.Family, d.ID))
	line("aliases", strings.Join(d.Aliases, ", "))
	line("tags", strings.Join(d.Tags, ", "))
	line("defined in", rules.Position{File: d.File, Line: d.Line}.String())
	fmt.Fprintln(w)
	line("regex", d.Regex)
	line("token", d.Token)
	line("assigned", d.Assigned)
	line("detector", d.Detector)
	line("path", d.Path)
	line("keywords", strings.Join(d.Keywords, ", "))
	line("names", strings.Join(d.Names, ", "))
	line("tried", d.tried())
	if d.SecretGroup > 0 {
		line("secret", fmt.Sprintf("group %d of the match", d.SecretGroup))
	}
	if d.Entropy > 0 {
		line("entropy", fmt.Sprintf("more than %g bits a character", d.Entropy))
	}
	line("proof", d.Proof)
	if d.Weak {
		line("weak", "yields to every rule that is not")
	}
	if d.SkipReport {
		line("skipReport", "only counts for rules that require it")
	}
	for _, q := range d.Required {
		line("requires", q.text())
	}
	line("pairs with", strings.Join(d.Pair, ", "))
	for _, a := range d.Allowlists {
		line("lets pass", a.text())
	}
	if d.Verify != nil {
		d.Verify.writeText(w, line)
	}
	if d.Revoke != nil {
		d.Revoke.writeText(w, line)
	}
	writeSamples(w, "must find", d.Positives)
	writeSamples(w, "must leave alone", d.Negatives)
}

// tried says where and how the engine tries the rule.
func (d *ruleDetails) tried() string {
	if d.Regex == "" && d.Token == "" && d.Assigned == "" && d.Detector == "" {
		return "on every path"
	}
	if len(d.Anchors) == 0 {
		return "on the whole of every text (slow: no anchor)"
	}
	quoted := make([]string, len(d.Anchors))
	for i, a := range d.Anchors {
		quoted[i] = fmt.Sprintf("%q", a)
	}
	how, where := "by regular expression", "on its line"
	if d.Direct {
		how = "byte by byte"
	}
	if d.Wide {
		where = "across lines"
	}
	return fmt.Sprintf("at %s, %s, %s within %d bytes", strings.Join(firstFew(quoted, 8), " "), how, where, d.Reach)
}

func other(s, than string) string {
	if s == than {
		return ""
	}
	return s
}

func (q jsonRequired) text() string {
	s := q.ID
	if q.WithinLines != nil {
		s += fmt.Sprintf(" within %d lines", *q.WithinLines)
	}
	if q.WithinColumns != nil {
		s += fmt.Sprintf(" within %d columns", *q.WithinColumns)
	}
	return s
}

func (a jsonAllowlist) text() string {
	var parts []string
	add := func(what string, list []string) {
		if len(list) > 0 {
			parts = append(parts, what+" "+strings.Join(list, " "))
		}
	}
	add("commits", a.Commits)
	add("paths", a.Paths)
	add("a "+a.RegexTarget+" like", a.Regexes)
	add("a secret with", a.StopWords)
	s := strings.Join(parts, " "+strings.ToLower(a.Condition)+" ")
	if a.Description != "" {
		s += " (" + a.Description + ")"
	}
	return s
}

// writeSamples writes templates, each with its further lines indented.
func writeSamples(w io.Writer, heading string, list []string) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(w, "\n  %s\n", heading)
	for _, s := range list {
		fmt.Fprintf(w, "    %s\n", strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n    "))
	}
}

// jsonRemark is a remark in `rules lint --format json`.
type jsonRemark struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Rule    string `json:"rule"`
	Level   string `json:"level"`
	Check   string `json:"check"`
	Message string `json:"message"`
}

// jsonTest is the outcome of `rules test --format json`.
type jsonTest struct {
	Rules     int                `json:"rules"`
	Positives int                `json:"positives"`
	Negatives int                `json:"negatives"`
	Untested  []string           `json:"untested"`
	Failures  []jsonFailure      `json:"failures"`
	Overlaps  []ruletest.Overlap `json:"overlaps"`
}

type jsonFailure struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Rule    string `json:"rule"`
	Key     string `json:"key"`
	Message string `json:"message"`
}

func newJSONTest(r *ruletest.Report) jsonTest {
	out := jsonTest{
		Rules: r.Rules, Positives: r.Positives, Negatives: r.Negatives,
		Untested: append([]string{}, r.Untested...),
		Failures: make([]jsonFailure, len(r.Failures)),
		Overlaps: append([]ruletest.Overlap{}, r.Overlaps...),
	}
	for i, f := range r.Failures {
		out.Failures[i] = jsonFailure{f.Pos.File, f.Pos.Line, f.Rule, f.Key, f.Msg}
	}
	return out
}
