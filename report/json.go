package report

import (
	"bufio"
	"encoding/base64"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/verify/verdict"
)

// schemaName is the version of the JSON objects below. A field may be added within a
// version; anything else needs the next one. The schema is docs/schema/report-1.schema.json.
const schemaName = "straykey.report/1"

type jsonRun struct {
	Tool     string   `json:"tool"`
	Version  string   `json:"version,omitempty"`
	Mode     Mode     `json:"mode,omitempty"`
	Target   string   `json:"target,omitempty"`
	Targets  []string `json:"targets,omitempty"`
	Engine   string   `json:"engine,omitempty"`
	Head     string   `json:"head,omitempty"`
	Branch   string   `json:"branch,omitempty"`
	Remote   string   `json:"remote,omitempty"`
	Refs     int      `json:"refs,omitempty"`
	Rules    int      `json:"rules,omitempty"`
	RuleSet  string   `json:"rule_set,omitempty"`
	Redacted bool     `json:"redacted"`
	Started  string   `json:"started,omitempty"`
	Seconds  float64  `json:"seconds,omitempty"`
	Notes    []string `json:"notes,omitempty"`

	Cache  *jsonCache  `json:"cache,omitempty"`
	Policy *jsonPolicy `json:"policy,omitempty"`
}

type jsonPolicy struct {
	Ref    string         `json:"ref"`
	Commit string         `json:"commit"`
	Added  []jsonAddition `json:"added"`
}

type jsonAddition struct {
	By      Suppression `json:"by"`
	What    string      `json:"what"`
	Reason  string      `json:"reason,omitempty"`
	Owner   string      `json:"owner,omitempty"`
	Until   string      `json:"until,omitempty"`
	File    string      `json:"file,omitempty"`
	Line    int         `json:"line,omitempty"`
	Counted bool        `json:"counted"`
}

type jsonCache struct {
	Texts  int64  `json:"texts"`
	Places bool   `json:"places"`
	Note   string `json:"note,omitempty"`
}

type jsonSummary struct {
	Complete    bool           `json:"complete"`
	Findings    int            `json:"findings"`
	Occurrences int            `json:"occurrences"`
	Suppressed  int            `json:"suppressed"`
	Unshown     int            `json:"unshown"`
	BySeverity  map[string]int `json:"by_severity"`
	ByVerdict   map[string]int `json:"by_verdict,omitempty"`
}

type jsonFinding struct {
	Fingerprint string            `json:"fingerprint"`
	Rule        jsonRule          `json:"rule"`
	Confidence  string            `json:"confidence,omitempty"`
	Secret      string            `json:"secret"`
	Length      int               `json:"secret_length"`
	File        string            `json:"file,omitempty"`
	Entropy     float64           `json:"entropy"`
	Proof       *jsonProof        `json:"proof,omitempty"`
	Verified    *jsonVerification `json:"verification,omitempty"`
	Partners    []jsonPartner     `json:"partners,omitempty"`
	Occurrences []jsonOccurrence  `json:"occurrences"`
}

type jsonPartner struct {
	Fingerprint string `json:"fingerprint"`
	Rule        string `json:"rule"`
	Scope       string `json:"scope"`
	Lines       int    `json:"lines"`
	Object      string `json:"object,omitempty"`
	Path        string `json:"path,omitempty"`
	Line        int    `json:"line"`
	Column      int    `json:"column"`
}

type jsonRule struct {
	ID          string   `json:"id"`
	Family      string   `json:"family"`
	Provider    string   `json:"provider,omitempty"`
	Description string   `json:"description"`
	Identity    string   `json:"identity,omitempty"`
	Severity    string   `json:"severity"`
	Class       string   `json:"class,omitempty"`
	Docs        string   `json:"docs,omitempty"`
	Rotate      string   `json:"rotate,omitempty"`
	Tags        []string `json:"tags,omitempty"`
}

type jsonProof struct {
	Status string     `json:"status"`
	Detail string     `json:"detail,omitempty"`
	Facts  []jsonFact `json:"facts,omitempty"`
}

type jsonFact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type jsonOccurrence struct {
	Kind      string       `json:"kind"`
	Object    string       `json:"object,omitempty"`
	Path      string       `json:"path,omitempty"`
	PathBytes string       `json:"path_base64,omitempty"` // only if the path is not UTF-8
	Member    string       `json:"member,omitempty"`
	Via       []string     `json:"via,omitempty"`
	Line      int          `json:"line"`
	Column    int          `json:"column"`
	EndLine   int          `json:"end_line"`
	EndColumn int          `json:"end_column"`
	Match     string       `json:"match"`
	Frame     *jsonFrame   `json:"frame,omitempty"`
	History   *jsonHistory `json:"history,omitempty"`
}

type jsonFrame struct {
	FirstLine int      `json:"first_line"`
	Lines     []string `json:"lines"`
}

type jsonHistory struct {
	First     *jsonCommit `json:"first,omitempty"`
	Last      *jsonCommit `json:"last,omitempty"`
	Removed   *jsonCommit `json:"removed,omitempty"`
	InHead    bool        `json:"in_head"`
	Reachable bool        `json:"reachable"`
	RefCount  int         `json:"ref_count"`
	Refs      []string    `json:"refs,omitempty"`
}

type jsonCommit struct {
	ID      string `json:"id"`
	Author  string `json:"author"`
	Email   string `json:"email"`
	Date    string `json:"date"`
	Subject string `json:"subject"`
}

type jsonSuppressed struct {
	By      Suppression `json:"by"`
	Reason  string      `json:"reason,omitempty"`
	Owner   string      `json:"owner,omitempty"`
	Until   string      `json:"until,omitempty"`
	File    string      `json:"file,omitempty"`
	Line    int         `json:"line,omitempty"`
	Finding jsonFinding `json:"finding"`
}

type jsonCoverage struct {
	Complete bool          `json:"complete"`
	Kinds    []jsonKind    `json:"kinds"`
	Reasons  []jsonReason  `json:"reasons"`
	Problems []jsonProblem `json:"problems"`
}

type jsonKind struct {
	Kind    string `json:"kind"`
	Found   int64  `json:"found"`
	Scanned int64  `json:"scanned"`
	Skipped int64  `json:"skipped"`
	Bytes   int64  `json:"scanned_bytes"`
}

type jsonReason struct {
	Reason source.Reason `json:"reason"`
	Count  int64         `json:"count"`
}

type jsonProblem struct {
	Reason source.Reason `json:"reason"`
	What   string        `json:"what"`
	Where  string        `json:"where,omitempty"`
	Detail string        `json:"detail,omitempty"`
}

func writeJSON(b *bufio.Writer, r *Report, o Options) error {
	v := newJSONView(r, o)
	j := &jsonStream{w: b, indent: "  "}
	j.open("", "{")
	j.value("schema", schemaName)
	j.value("run", v.run(&r.Run))
	j.value("summary", v.summary(r))
	j.value("coverage", v.coverage(r.Coverage))
	j.open("findings", "[")
	j.values(len(r.Findings), func(i int) any { return v.finding(&r.Findings[i]) })
	j.close("]")
	j.open("suppressed", "[")
	j.values(len(r.Suppressed), func(i int) any { return v.suppressed(&r.Suppressed[i]) })
	j.close("]")
	j.close("}")
	return j.err
}

// writeJSONL writes the objects of writeJSON as records: {"type": "finding", "finding": {…}}.
// The run comes first and the summary last, so that a cut file can be told from a whole one.
func writeJSONL(b *bufio.Writer, r *Report, o Options) error {
	v := newJSONView(r, o)
	type head struct {
		Type   string  `json:"type"`
		Schema string  `json:"schema"`
		Run    jsonRun `json:"run"`
	}
	type record struct {
		Type       string          `json:"type"`
		Finding    *jsonFinding    `json:"finding,omitempty"`
		Suppressed *jsonSuppressed `json:"suppressed,omitempty"`
		Coverage   *jsonCoverage   `json:"coverage,omitempty"`
		Summary    *jsonSummary    `json:"summary,omitempty"`
	}
	line := func(v any) error {
		text, err := marshal(v, "", "", false)
		if err != nil {
			return err
		}
		b.Write(text)
		return b.WriteByte('\n')
	}
	if err := line(head{"run", schemaName, v.run(&r.Run)}); err != nil {
		return err
	}
	for i := range r.Findings {
		f := v.finding(&r.Findings[i])
		if err := line(record{Type: "finding", Finding: &f}); err != nil {
			return err
		}
	}
	for i := range r.Suppressed {
		s := v.suppressed(&r.Suppressed[i])
		if err := line(record{Type: "suppressed", Suppressed: &s}); err != nil {
			return err
		}
	}
	coverage, summary := v.coverage(r.Coverage), v.summary(r)
	return line(record{Type: "coverage", Coverage: &coverage, Summary: &summary})
}

// A jsonView turns the parts of a report into their JSON objects, redacted.
type jsonView struct {
	*redactor
	verdicts map[string]verdict.Result
}

func newJSONView(r *Report, o Options) *jsonView { return &jsonView{newRedactor(r, o), r.Verdicts} }

func (v *jsonView) run(run *Run) jsonRun {
	var targets []string
	for _, t := range run.Targets {
		targets = append(targets, v.name(t))
	}
	out := jsonRun{
		Tool:     "straykey",
		Version:  run.Version,
		Mode:     run.Mode,
		Target:   v.name(run.Target),
		Targets:  targets,
		Engine:   run.Engine,
		Head:     run.Head,
		Branch:   v.name(run.Branch),
		Remote:   v.name(withoutPassword(run.Remote)),
		Refs:     run.Refs,
		Rules:    run.Rules,
		RuleSet:  run.RuleSet,
		Redacted: !v.show,
		Seconds:  run.Duration.Round(time.Millisecond).Seconds(),
		Notes:    v.texts(run.Notes),
	}
	if !run.Started.IsZero() {
		out.Started = isoDate(run.Started)
	}
	if c := run.Cache; c != nil {
		out.Cache = &jsonCache{c.Texts, c.Places, v.text(c.Note)}
	}
	if p := run.Policy; p != nil {
		out.Policy = &jsonPolicy{Ref: v.text(p.Ref), Commit: p.Commit, Added: make([]jsonAddition, len(p.Added))}
		for i := range p.Added {
			out.Policy.Added[i] = v.addition(&p.Added[i])
		}
	}
	return out
}

func (v *jsonView) addition(a *Addition) jsonAddition {
	return jsonAddition{
		By: a.By, What: v.text(a.What), Reason: v.text(a.Reason), Owner: v.text(a.Owner), Until: lastDay(a.Until),
		File: v.text(a.At.File), Line: a.At.Line, Counted: a.Counted,
	}
}

func (v *jsonView) texts(in []string) []string {
	var out []string
	for _, s := range in {
		out = append(out, v.text(s))
	}
	return out
}

func (v *jsonView) summary(r *Report) jsonSummary {
	out := jsonSummary{
		Complete:   r.Coverage.Complete(),
		Findings:   len(r.Findings),
		Suppressed: len(r.Suppressed),
		Unshown:    r.Unshown,
		BySeverity: map[string]int{},
		ByVerdict:  byVerdict(r),
	}
	for _, s := range severities() {
		out.BySeverity[string(s)] = 0
	}
	for i := range r.Findings {
		out.Occurrences += len(r.Findings[i].Occurrences)
		out.BySeverity[string(severity(r.Findings[i].Rule))]++
	}
	return out
}

func (v *jsonView) finding(f *correlate.Finding) jsonFinding {
	rule := f.Rule
	family := rule.Family
	if family == "" {
		family = rule.ID
	}
	out := jsonFinding{
		Fingerprint: f.Fingerprint,
		Rule: jsonRule{
			rule.ID, family, rule.Provider, rule.Description,
			string(rule.Identity), string(severity(rule)), string(rule.Class), rule.Docs, rule.Rotate, rule.Tags,
		},
		Confidence:  string(f.Confidence),
		Secret:      v.secret(f.Secret),
		Length:      len(f.Secret),
		File:        v.name(f.File),
		Entropy:     finite(f.Entropy),
		Occurrences: make([]jsonOccurrence, 0, len(f.Occurrences)),
	}
	if f.Proof.Status != "" || f.Proof.Detail != "" || len(f.Proof.Facts) > 0 {
		out.Proof = &jsonProof{Status: string(f.Proof.Status), Detail: v.text(f.Proof.Detail)}
		for _, fact := range f.Proof.Facts {
			out.Proof.Facts = append(out.Proof.Facts, jsonFact{fact.Name, v.text(fact.Value)})
		}
	}
	out.Verified = v.verification(f)
	out.Partners = v.partners(f.Partners)
	for i := range f.Occurrences {
		out.Occurrences = append(out.Occurrences, v.occurrence(&f.Occurrences[i], f.Secret))
	}
	return out
}

func (v *jsonView) partners(list []correlate.Partner) []jsonPartner {
	var out []jsonPartner
	for _, p := range list {
		out = append(out, jsonPartner{
			p.Fingerprint, p.Rule.ID, string(p.Scope), p.Lines, p.Object, strings.ToValidUTF8(v.name(p.Path), "\ufffd"), p.Line, p.Column,
		})
	}
	return out
}

func (v *jsonView) occurrence(o *correlate.Occurrence, secret string) jsonOccurrence {
	out := jsonOccurrence{
		Kind:      o.Kind,
		Object:    o.Object,
		Path:      v.name(o.Path),
		Line:      o.Line,
		Column:    o.Column,
		EndLine:   o.EndLine,
		EndColumn: o.EndColumn,
		Member:    strings.ToValidUTF8(v.name(o.Member), "\ufffd"),
		Via:       v.texts(o.Via),
		Match:     v.match(o.Frame.Match, secret),
	}
	if !utf8.ValidString(out.Path) {
		out.PathBytes = base64.StdEncoding.EncodeToString([]byte(out.Path))
		out.Path = strings.ToValidUTF8(out.Path, "\ufffd")
	}
	if len(o.Frame.Lines) > 0 {
		out.Frame = &jsonFrame{FirstLine: o.Frame.FirstLine}
		for _, line := range v.frame(o, secret) {
			out.Frame.Lines = append(out.Frame.Lines, line.text)
		}
	}
	if isHistory(o) {
		out.History = &jsonHistory{
			First:     v.commit(o.First),
			Last:      v.commit(o.Last),
			Removed:   v.commit(o.Removed),
			InHead:    o.InHead,
			Reachable: o.Reachable,
			RefCount:  o.RefCount,
		}
		for _, ref := range o.Refs {
			out.History.Refs = append(out.History.Refs, v.name(ref))
		}
	}
	return out
}

func (v *jsonView) commit(c *correlate.Commit) *jsonCommit {
	if c == nil {
		return nil
	}
	return &jsonCommit{c.ID, v.text(c.Author), v.text(c.Email), isoDate(c.Date), v.text(c.Subject)}
}

func (v *jsonView) suppressed(s *Suppressed) jsonSuppressed {
	return jsonSuppressed{
		By: s.By, Reason: v.text(s.Reason), Owner: v.text(s.Owner), Until: lastDay(s.Until),
		File: v.text(s.At.File), Line: s.At.Line, Finding: v.finding(&s.Finding),
	}
}

func (v *jsonView) coverage(c *source.Coverage) jsonCoverage {
	out := jsonCoverage{
		Complete: c.Complete(),
		Kinds:    []jsonKind{},
		Reasons:  []jsonReason{},
		Problems: []jsonProblem{},
	}
	for _, k := range c.Kinds() {
		out.Kinds = append(out.Kinds, jsonKind{k.Kind, k.Found, k.Scanned, k.Skipped, k.ScannedBytes})
	}
	out.Reasons = reasons(c)
	for _, p := range c.Problems() {
		out.Problems = append(out.Problems, jsonProblem{p.Reason, v.name(p.What), v.name(p.Where), v.text(p.Detail)})
	}
	return out
}
