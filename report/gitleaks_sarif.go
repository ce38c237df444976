package report

import (
	"bufio"
	"fmt"
	"net/url"
)

// The parts of SARIF that gitleaks writes, in its order.
type (
	gitleaksSARIFRule struct {
		ID               string       `json:"id"`
		ShortDescription gitleaksText `json:"shortDescription"`
	}
	gitleaksText struct {
		Text string `json:"text"`
	}
	gitleaksDriver struct {
		Name            string              `json:"name"`
		FullName        string              `json:"fullName"`
		SemanticVersion string              `json:"semanticVersion"`
		InformationURI  string              `json:"informationUri"`
		Rules           []gitleaksSARIFRule `json:"rules"`
	}
)

// writeGitleaksSARIF writes the log of "gitleaks --report-format sarif". The driver's name stays gitleaks, because
// services tell by it whether an alert is one they know. It differs in that endColumn is the column after the last, as
// SARIF has it, and in that the rules are those of the findings.
func writeGitleaksSARIF(b *bufio.Writer, r *Report, o Options) error {
	rules := []gitleaksSARIFRule{}
	seen := map[string]bool{}
	for g := range gitleaksFindings(r, o) {
		if !seen[g.RuleID] {
			seen[g.RuleID] = true
			rules = append(rules, gitleaksSARIFRule{g.RuleID, gitleaksText{g.Description}})
		}
	}
	j := &jsonStream{w: b, indent: " ", html: true}
	j.open("", "{")
	j.value("$schema", "https://json.schemastore.org/sarif-2.1.0.json")
	j.value("version", "2.1.0")
	j.open("runs", "[")
	j.open("", "{")
	j.value("tool", map[string]gitleaksDriver{"driver": {
		Name: "gitleaks", FullName: "straykey in the place of gitleaks", SemanticVersion: "8.30.1",
		InformationURI: "https://github.com/straykey/straykey", Rules: rules,
	}})
	j.open("results", "[")
	for g := range gitleaksFindings(r, o) {
		j.value("", g.sarif())
	}
	j.close("]")
	j.close("}")
	j.close("]")
	j.close("}")
	return j.err
}

type gitleaksResult struct {
	Message             gitleaksText       `json:"message"`
	RuleID              string             `json:"ruleId"`
	Locations           []gitleaksLocation `json:"locations"`
	PartialFingerprints gitleaksPrints     `json:"partialFingerprints"`
	Properties          gitleaksProperties `json:"properties"`
}

type gitleaksLocation struct {
	PhysicalLocation struct {
		ArtifactLocation struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region gitleaksRegion `json:"region"`
	} `json:"physicalLocation"`
}

// gitleaksRegion has no fields for a file that is a finding whatever it holds: SARIF counts from 1.
type gitleaksRegion struct {
	StartLine   int          `json:"startLine,omitempty"`
	StartColumn int          `json:"startColumn,omitempty"`
	EndLine     int          `json:"endLine,omitempty"`
	EndColumn   int          `json:"endColumn,omitempty"`
	Snippet     gitleaksText `json:"snippet"`
}

type gitleaksPrints struct {
	CommitSHA     string `json:"commitSha"`
	Email         string `json:"email"`
	Author        string `json:"author"`
	Date          string `json:"date"`
	CommitMessage string `json:"commitMessage"`
}

type gitleaksProperties struct {
	Tags []string `json:"tags"`
}

func (g *gitleaksFinding) sarif() gitleaksResult {
	what := fmt.Sprintf("%s: secret in %s", g.RuleID, g.File)
	if g.Commit != "" {
		what += ", commit " + g.Commit
	}
	var at gitleaksLocation
	at.PhysicalLocation.ArtifactLocation.URI = (&url.URL{Path: g.File}).EscapedPath()
	at.PhysicalLocation.Region = gitleaksRegion{g.StartLine, g.StartColumn, g.EndLine, g.EndColumn, gitleaksText{g.Secret}}
	if g.StartLine > 0 {
		at.PhysicalLocation.Region.EndColumn++
	}
	return gitleaksResult{
		Message: gitleaksText{what}, RuleID: g.RuleID, Locations: []gitleaksLocation{at},
		PartialFingerprints: gitleaksPrints{g.Commit, g.Email, g.Author, g.Date, g.Message},
		Properties:          gitleaksProperties{g.Tags},
	}
}
