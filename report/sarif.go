package report

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/rules"
)

// The types below are the part of SARIF 2.1.0 (OASIS, errata 01) that a secret
// scanner has use for; the names are those of the standard.
//
// What GitHub code scanning makes of a file decides some of it. It refuses a file with more than 25,000 results, more
// than 1,000 locations of a result, more than 20 tags of a rule, or more than 10 MB as gzip, and one in which a result
// has no artifact location. It shows 5,000 results, 100 locations and 10 tags, and 1,024 characters of a rule's
// descriptions. It tells results apart by partialFingerprints.primaryLocationLineHash. What it would refuse or drop is
// left out here, the least severe first, and the run's notifications say so.
const (
	sarifSchema      = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	maxSARIFResults  = 25_000
	shownResults     = 5_000
	maxSARIFPlaces   = 100
	maxSARIFTags     = 10
	maxSARIFText     = 1_024     // characters
	maxSARIFGzip     = 9_000_000 // bytes of the results and rules; the rest is for notifications
	sarifRoot        = "%SRCROOT%"
	projectURL       = "https://github.com/straykey/straykey"
	credentialFPName = "straykey/credential/v1"
)

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version,omitempty"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifText struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown,omitempty"`
}

type sarifRule struct {
	ID                   string              `json:"id"`
	ShortDescription     sarifText           `json:"shortDescription"`
	FullDescription      sarifText           `json:"fullDescription"`
	Help                 sarifText           `json:"help"`
	HelpURI              string              `json:"helpUri,omitempty"`
	DefaultConfiguration sarifConfiguration  `json:"defaultConfiguration"`
	Properties           sarifRuleProperties `json:"properties"`
}

type sarifConfiguration struct {
	Level string `json:"level"`
}

type sarifRuleProperties struct {
	Precision        string   `json:"precision"`
	SecuritySeverity string   `json:"security-severity"`
	Tags             []string `json:"tags"`
}

type sarifInvocation struct {
	ExecutionSuccessful bool                `json:"executionSuccessful"`
	StartTimeUTC        string              `json:"startTimeUtc,omitempty"`
	EndTimeUTC          string              `json:"endTimeUtc,omitempty"`
	Notifications       []sarifNotification `json:"toolExecutionNotifications,omitempty"`
}

type sarifNotification struct {
	Descriptor *sarifReference `json:"descriptor,omitempty"`
	Level      string          `json:"level"`
	Message    sarifText       `json:"message"`
}

type sarifReference struct {
	ID string `json:"id"`
}

type sarifVersionControl struct {
	RepositoryURI string `json:"repositoryUri"`
	RevisionID    string `json:"revisionId,omitempty"`
	Branch        string `json:"branch,omitempty"`
}

type sarifResult struct {
	RuleID              string                `json:"ruleId"`
	RuleIndex           int                   `json:"ruleIndex"`
	Level               string                `json:"level"`
	Message             sarifText             `json:"message"`
	Locations           []sarifLocation       `json:"locations"`
	RelatedLocations    []sarifLocation       `json:"relatedLocations,omitempty"`
	OccurrenceCount     int                   `json:"occurrenceCount,omitempty"`
	PartialFingerprints map[string]string     `json:"partialFingerprints,omitempty"`
	Fingerprints        map[string]string     `json:"fingerprints,omitempty"`
	Suppressions        *[]sarifSuppression   `json:"suppressions,omitempty"`
	Properties          sarifResultProperties `json:"properties"`
}

type sarifResultProperties struct {
	Severity string `json:"severity"`
	// Confidence is how sure it is that this is a credential.
	Confidence string            `json:"confidence,omitempty"`
	Identity   string            `json:"identity,omitempty"`
	Provider   string            `json:"provider,omitempty"`
	Secret     string            `json:"secret"`
	Proof      *jsonProof        `json:"proof,omitempty"`
	Verified   *jsonVerification `json:"verification,omitempty"`
	// Partners are the other halves of the credential.
	Partners []jsonPartner `json:"partners,omitempty"`
	Object   string        `json:"object,omitempty"`
	History  *jsonHistory  `json:"history,omitempty"`
}

type sarifSuppression struct {
	Kind          string `json:"kind"`
	Status        string `json:"status"`
	Justification string `json:"justification,omitempty"`
}

type sarifLocation struct {
	ID               int           `json:"id,omitempty"`
	PhysicalLocation sarifPhysical `json:"physicalLocation"`
	Message          *sarifText    `json:"message,omitempty"`
}

type sarifPhysical struct {
	ArtifactLocation sarifArtifact `json:"artifactLocation"`
	Region           sarifRegion   `json:"region"`
	ContextRegion    *sarifRegion  `json:"contextRegion,omitempty"`
}

type sarifArtifact struct {
	URI         string     `json:"uri"`
	URIBaseID   string     `json:"uriBaseId,omitempty"`
	Description *sarifText `json:"description,omitempty"`
}

type sarifRegion struct {
	StartLine   int        `json:"startLine"`
	StartColumn int        `json:"startColumn,omitempty"`
	EndLine     int        `json:"endLine,omitempty"`
	EndColumn   int        `json:"endColumn,omitempty"`
	Snippet     *sarifText `json:"snippet,omitempty"`
}

func writeSARIF(b *bufio.Writer, r *Report, o Options) error {
	s := &sarifView{*newJSONView(r, o), map[string]int{}}
	j := &jsonStream{w: b, indent: "  "}
	j.open("", "{")
	j.value("$schema", sarifSchema)
	j.value("version", "2.1.0")
	j.open("runs", "[")
	j.open("", "{")
	tool := sarifTool{s.driver(r)}
	j.value("tool", tool)
	if vc := s.versionControl(&r.Run); vc != nil {
		j.value("versionControlProvenance", []sarifVersionControl{*vc})
	}
	j.value("originalUriBaseIds", map[string]any{
		sarifRoot: map[string]any{"description": sarifText{Text: "The root of the scanned repository or directory."}},
	})
	j.value("columnKind", "utf16CodeUnits")
	j.open("results", "[")
	written := s.results(j, r, tool)
	j.close("]")
	limits := sarifLimits(r, written)
	for _, sentence := range limits {
		o.note("%s", sentence)
	}
	j.value("invocations", []sarifInvocation{s.invocation(r, limits)})
	j.close("}")
	j.close("]")
	j.close("}")
	return j.err
}

// results writes as many results as GitHub takes in one file with tool, and returns how many.
func (s *sarifView) results(j *jsonStream, r *Report, tool sarifTool) int {
	packed := newGzipMeter()
	packed.add(j.encode(tool))
	for i := range sarifResults(r) {
		text := j.encode(s.resultAt(r, i))
		if packed.add(text); packed.size() > maxSARIFGzip {
			return i
		}
		j.raw(text)
	}
	return sarifResults(r)
}

// sarifResults is how many results a report has at most, findings first and then what is suppressed.
func sarifResults(r *Report) int {
	return min(len(r.Findings)+len(r.Suppressed), maxSARIFResults)
}

func (s *sarifView) resultAt(r *Report, i int) sarifResult {
	if i >= len(r.Findings) {
		return s.suppressedResult(&r.Suppressed[i-len(r.Findings)])
	}
	result := s.result(&r.Findings[i])
	if len(r.Suppressed) > 0 {
		// Where any result says whether it is suppressed, all must: §3.27.23.
		result.Suppressions = &[]sarifSuppression{}
	}
	return result
}

// sarifLimits says in a sentence each what is over GitHub's limits.
func sarifLimits(r *Report, written int) []string {
	var out []string
	if n := len(r.Findings) + len(r.Suppressed); n > written {
		limit := "10 MB as gzip"
		if written == maxSARIFResults {
			limit = thousands(maxSARIFResults) + " results"
		}
		out = append(out, fmt.Sprintf("GitHub takes a SARIF file of %s: %s are not in it, of which %s count as findings",
			limit, count(int64(n-written), "result"), thousands(int64(max(0, len(r.Findings)-written)))))
	}
	if written > shownResults {
		out = append(out, fmt.Sprintf("GitHub shows %s results of a run, and this one has %s", thousands(shownResults), thousands(int64(written))))
	}
	var findings, places int
	for i := range min(written, len(r.Findings)) {
		if over := len(r.Findings[i].Occurrences) - maxSARIFPlaces; over > 0 {
			findings++
			places += over
		}
	}
	if findings > 0 {
		out = append(out, fmt.Sprintf("GitHub shows %d locations of a result: %s of %s are not in the SARIF file",
			maxSARIFPlaces, count(int64(places), "place"), count(int64(findings), "finding")))
	}
	return out
}

// A gzipMeter measures how large texts are as gzip, about, and never much less than they are: it packs fast and not well.
type gzipMeter struct {
	packer *gzip.Writer
	packed int
}

func newGzipMeter() *gzipMeter {
	m := new(gzipMeter)
	m.packer, _ = gzip.NewWriterLevel(m, gzip.BestSpeed) // fails for other levels only
	return m
}

func (m *gzipMeter) Write(p []byte) (int, error) {
	m.packed += len(p)
	return len(p), nil
}

func (m *gzipMeter) add(text []byte) { _, _ = m.packer.Write(text) } // Write above does not fail
func (m *gzipMeter) size() int       { return m.packed }

// A sarifView turns the parts of a report into their SARIF objects, redacted.
type sarifView struct {
	jsonView
	index map[string]int // of a rule in the driver's list, by id
}

// driver describes the tool and the rules that the results refer to.
func (s *sarifView) driver(r *Report) sarifDriver {
	d := sarifDriver{Name: "straykey", Version: r.Run.Version, InformationURI: projectURL, Rules: []sarifRule{}}
	for i := range sarifResults(r) {
		var f *correlate.Finding
		if i < len(r.Findings) {
			f = &r.Findings[i]
		} else {
			f = &r.Suppressed[i-len(r.Findings)].Finding
		}
		if _, ok := s.index[f.Rule.ID]; !ok {
			s.index[f.Rule.ID] = len(d.Rules)
			d.Rules = append(d.Rules, newSARIFRule(f.Rule))
		}
	}
	return d
}

func newSARIFRule(r *rules.Rule) sarifRule {
	level, score := sarifLevel(severity(r))
	precision := "high"
	if r.Weak {
		precision = "medium"
	}
	description := firstRunes(cmp.Or(r.Description, r.ID), maxSARIFText)
	out := sarifRule{
		ID:                   r.ID,
		ShortDescription:     sarifText{Text: description},
		FullDescription:      sarifText{Text: description},
		Help:                 sarifHelp(r, description),
		DefaultConfiguration: sarifConfiguration{level},
		Properties:           sarifRuleProperties{precision, score, sarifTags(r)},
	}
	_, out.HelpURI, _ = furtherReading(r)
	return out
}

func sarifHelp(r *rules.Rule, description string) sarifText {
	var facts, list []string
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, name+": "+value+".")
			list = append(list, "- **"+name+"**: "+value)
		}
	}
	add("Issued by", r.Provider)
	add("Kind of identity", string(r.Identity))
	text := strings.Join(append([]string{description}, append(facts, advice)...), "\n")
	markdown := strings.Join(nonEmpty("## "+description, strings.Join(list, "\n"), advice), "\n\n")
	switch label, url, _ := furtherReading(r); label {
	case "rotate":
		markdown += "\n\n[How to rotate it](" + url + ")"
	case "docs":
		markdown += "\n\n[About it](" + url + ") (" + unrotated + ")"
	}
	if further := furtherReadingSentence(r); further != "" {
		text += "\n" + further
	}
	return sarifText{text, markdown}
}

func sarifTags(r *rules.Rule) []string {
	tags := []string{"security", "external/cwe/cwe-798"}
	seen := map[string]bool{}
	for _, tag := range append([]string{string(r.Identity), r.Provider}, r.Tags...) {
		if tag != "" && !seen[tag] && len(tags) < maxSARIFTags {
			seen[tag] = true
			tags = append(tags, tag)
		}
	}
	return tags
}

// sarifLevel returns the level of a severity and the score for which GitHub shows the word.
func sarifLevel(s rules.Severity) (level, score string) {
	switch s {
	case rules.Critical:
		return "error", "9.5"
	case rules.High:
		return "error", "8.0"
	case rules.Medium:
		return "warning", "5.5"
	case rules.Low:
		return "note", "2.0"
	}
	return "note", "0.1"
}

func (s *sarifView) invocation(r *Report, limits []string) sarifInvocation {
	out := sarifInvocation{ExecutionSuccessful: r.Coverage.Complete()}
	if !r.Run.Started.IsZero() {
		out.StartTimeUTC = r.Run.Started.UTC().Format(time.RFC3339)
		if r.Run.Duration > 0 {
			out.EndTimeUTC = r.Run.Started.Add(r.Run.Duration).UTC().Format(time.RFC3339)
		}
	}
	if !out.ExecutionSuccessful {
		out.Notifications = append(out.Notifications, sarifNotification{
			Level:   "error",
			Message: sarifText{Text: incompleteSentence(r)},
		})
	}
	for _, sentence := range limits {
		out.Notifications = append(out.Notifications, sarifNotification{Level: "warning", Message: sarifText{Text: sentence + "."}})
	}
	for _, p := range r.Coverage.Problems() {
		level := "error"
		if p.Reason.Complete() {
			level = "note"
		}
		text := fmt.Sprintf("%s: %s", p.Reason, s.name(p.What))
		if p.Where != "" {
			text += " in " + s.name(p.Where)
		}
		if p.Detail != "" {
			text += ": " + s.text(p.Detail)
		}
		out.Notifications = append(out.Notifications, sarifNotification{
			Descriptor: &sarifReference{string(p.Reason)}, Level: level, Message: sarifText{Text: text},
		})
	}
	if p := r.Run.Policy; p != nil {
		for i := range p.Added[:min(len(p.Added), maxAdditions)] {
			out.Notifications = append(out.Notifications, sarifNotification{Level: "warning", Message: sarifText{Text: s.text(p.Added[i].sentence())}})
		}
		if more := len(p.Added) - maxAdditions; more > 0 {
			out.Notifications = append(out.Notifications, sarifNotification{Level: "warning", Message: sarifText{Text: fmt.Sprintf("%d more suppressions are added by the change.", more)}})
		}
	}
	for _, note := range r.Run.Notes {
		out.Notifications = append(out.Notifications, sarifNotification{Level: "note", Message: sarifText{Text: s.text(note)}})
	}
	return out
}

// versionControl says which repository was scanned, if a URL is known.
func (s *sarifView) versionControl(run *Run) *sarifVersionControl {
	u, err := url.Parse(withoutPassword(run.Remote))
	if err != nil || u.Scheme == "" || u.Host == "" {
		return nil
	}
	return &sarifVersionControl{s.name(u.String()), run.Head, s.name(run.Branch)}
}

func (s *sarifView) suppressedResult(sup *Suppressed) sarifResult {
	result := s.result(&sup.Finding)
	kind := "external"
	if sup.By == Inline {
		kind = "inSource"
	}
	reason := string(sup.By)
	if sup.Reason != "" {
		reason += ": " + s.text(sup.Reason)
	}
	if sup.Owner != "" {
		reason += "; owner " + s.text(sup.Owner)
	}
	if until := lastDay(sup.Until); until != "" {
		reason += "; until " + until
	}
	if sup.By != Inline && sup.At.Line > 0 {
		reason += "; " + s.text(sup.At.String())
	}
	result.Suppressions = &[]sarifSuppression{{kind, "accepted", reason}}
	return result
}

func (s *sarifView) result(f *correlate.Finding) sarifResult {
	level, _ := sarifLevel(severity(f.Rule))
	j := s.finding(&correlate.Finding{Rule: f.Rule, Fingerprint: f.Fingerprint, Secret: f.Secret, Proof: f.Proof})
	if j.Verified != nil {
		level = verifiedLevel(level, j.Verified.Verdict)
	}
	out := sarifResult{
		RuleID:          f.Rule.ID,
		RuleIndex:       s.index[f.Rule.ID],
		Level:           level,
		Locations:       []sarifLocation{},
		OccurrenceCount: len(f.Occurrences),
		Properties: sarifResultProperties{
			Severity: j.Rule.Severity, Confidence: string(f.Confidence), Identity: j.Rule.Identity, Provider: j.Rule.Provider,
			Secret: j.Secret, Proof: j.Proof, Verified: j.Verified, Partners: s.partners(f.Partners),
		},
	}
	if f.Fingerprint != "" {
		out.Fingerprints = map[string]string{credentialFPName: f.Fingerprint}
		out.PartialFingerprints = map[string]string{
			credentialFPName: f.Fingerprint,
			// The suffix is the count of equal lines in GitHub's own scheme.
			"primaryLocationLineHash": strings.TrimPrefix(f.Fingerprint, "sk1:") + ":1",
		}
	}
	main := mainOccurrence(f)
	for i := range f.Occurrences {
		o := &f.Occurrences[i]
		switch {
		case i == main:
			out.Locations = append(out.Locations, s.location(o, f.Secret, 0))
			out.Properties.Object = o.Object
			out.Properties.History = s.occurrence(o, f.Secret).History
		case len(out.RelatedLocations) < maxSARIFPlaces-1:
			out.RelatedLocations = append(out.RelatedLocations, s.location(o, f.Secret, len(out.RelatedLocations)+1))
		}
	}
	out.Message.Text = s.describe(f)
	return out
}

// location describes an occurrence. A positive id makes it one of the related locations, which
// say their commit and go without text.
func (s *sarifView) location(o *correlate.Occurrence, secret string, id int) sarifLocation {
	out := sarifLocation{ID: id, PhysicalLocation: sarifPhysical{ArtifactLocation: s.artifact(o)}}
	region := utf16Region(o)
	out.PhysicalLocation.Region = sarifRegion{
		StartLine: region.line, StartColumn: region.column, EndLine: region.endLine, EndColumn: region.endColumn,
	}
	if o.Line == 0 || o.Member != "" { // the file itself, or something in it; services want a line
		out.PhysicalLocation.Region = sarifRegion{StartLine: 1, StartColumn: 1, EndLine: 1, EndColumn: 1}
	}
	if id > 0 {
		text := "The same credential."
		if o.First != nil {
			text = fmt.Sprintf("The same credential, introduced by commit %s.", short(o.First.ID))
		}
		out.Message = &sarifText{Text: text}
		return out
	}
	if lines := s.frame(o, secret); len(lines) > 0 && o.Member == "" {
		var all, own []string
		for _, l := range lines {
			all = append(all, escapeSnippet(l.text))
			if l.number >= o.Line && l.number <= o.EndLine {
				own = append(own, escapeSnippet(l.text[l.start:l.end]))
			}
		}
		out.PhysicalLocation.Region.Snippet = &sarifText{Text: strings.Join(own, "\n")}
		out.PhysicalLocation.ContextRegion = &sarifRegion{
			StartLine: o.Frame.FirstLine, EndLine: o.Frame.FirstLine + len(lines) - 1,
			Snippet: &sarifText{Text: strings.Join(all, "\n")},
		}
	}
	return out
}

// escapeSnippet keeps tabs, which viewers know how to show.
func escapeSnippet(s string) string {
	parts := strings.Split(s, "\t")
	for i := range parts {
		parts[i] = Escape(parts[i])
	}
	return strings.Join(parts, "\t")
}

// artifact names the text of an occurrence. One without a path gets a name that no path of the
// repository has, because readers refuse a location without any.
func (s *sarifView) artifact(o *correlate.Occurrence) sarifArtifact {
	switch {
	case isMessage(o):
		return sarifArtifact{
			URI:         fmt.Sprintf(".git/%s/%s/message", o.Kind, escapeURI(o.Object)),
			Description: &sarifText{Text: fmt.Sprintf("The message of %s %s.", o.Kind, short(o.Object))},
		}
	case o.Path == "" && o.Object != "":
		return sarifArtifact{
			URI:         fmt.Sprintf(".git/%s/%s", escapeURI(o.Kind), escapeURI(o.Object)),
			Description: &sarifText{Text: fmt.Sprintf("The %s %s.", Escape(o.Kind), short(o.Object))},
		}
	case o.Path == "":
		return sarifArtifact{URI: escapeURI(cmp.Or(o.Kind, "stdin"))}
	}
	path := s.name(strings.TrimSuffix(o.Path, "!"+o.Member))
	switch {
	case strings.HasPrefix(path, "/"):
		return sarifArtifact{URI: "file://" + escapeURI(path)}
	case len(path) > 2 && path[1] == ':' && path[2] == '/' && isAlnum(path[0]):
		return sarifArtifact{URI: "file:///" + path[:2] + escapeURI(path[2:])}
	}
	return sarifArtifact{URI: escapeURI(path), URIBaseID: sarifRoot}
}

// escapeURI percent-encodes all of a path but its slashes and the unreserved characters of RFC
// 3986. Bytes that are no UTF-8 survive as they are.
func escapeURI(path string) string {
	var b strings.Builder
	for i := range len(path) {
		switch c := path[i]; {
		case isAlnum(c), c == '-', c == '.', c == '_', c == '~', c == '/':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// utf16Region converts the columns of an occurrence from bytes to UTF-16 code units, as far
// as its frame shows the line. What a cut hides on the left counts as ASCII.
func utf16Region(o *correlate.Occurrence) region {
	out := region{max(o.Line, 1), max(o.Column, 1), max(o.EndLine, o.Line, 1), max(o.EndColumn, 1)}
	column := func(line, column, cut int) int {
		i := line - o.Frame.FirstLine
		if i < 0 || i >= len(o.Frame.Lines) || column-1 < cut {
			return column
		}
		text := o.Frame.Lines[i]
		n := min(column-1-cut, len(text))
		return column - n + utf16Len(text[:n])
	}
	out.column = column(out.line, out.column, o.Frame.Cut)
	cut := 0
	if out.endLine == out.line {
		cut = o.Frame.Cut
	}
	out.endColumn = column(out.endLine, out.endColumn, cut)
	return out
}

// utf16Len is the number of code units of s; a byte that is no UTF-8 becomes one.
func utf16Len(s string) int {
	n := 0
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		n += max(utf16.RuneLen(r), 1)
		s = s[size:]
	}
	return n
}

func webURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

func isAlnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
