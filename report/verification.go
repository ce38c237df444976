package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/verify/verdict"
)

// jsonVerification is what is known of a credential's life. It is absent where nobody was to be asked.
type jsonVerification struct {
	Verdict verdict.Verdict `json:"verdict"`
	Reason  string          `json:"reason,omitempty"`
	Host    string          `json:"host,omitempty"`
	Checked string          `json:"checked,omitempty"`
	Cached  bool            `json:"cached,omitempty"`

	Owner     string   `json:"owner,omitempty"`
	Account   string   `json:"account,omitempty"`
	Principal string   `json:"principal,omitempty"`
	Scopes    []string `json:"scopes,omitempty"`
	Privilege string   `json:"privilege,omitempty"`
	Created   string   `json:"created,omitempty"`
	LastUsed  string   `json:"last_used,omitempty"`
	Expires   string   `json:"expires,omitempty"`
}

// verification returns what the report knows of a finding's life; nil if nobody was to be asked. What issuers
// tell is text from outside, and may repeat the secret.
func (v *jsonView) verification(f *correlate.Finding) *jsonVerification {
	r, ok := v.verdicts[f.Fingerprint]
	if !ok {
		return nil
	}
	date := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return isoDate(t)
	}
	return &jsonVerification{
		r.Verdict, v.text(r.Reason), v.text(r.Host), date(r.At), r.Cached,
		v.text(r.Owner), v.text(r.Account), v.text(r.Principal), v.texts(r.Scopes), r.Privilege,
		date(r.Created), date(r.LastUsed), date(r.Expires),
	}
}

// byVerdict counts findings by verdict; nil if nobody was to be asked.
func byVerdict(r *Report) map[string]int {
	if r.Verdicts == nil {
		return nil
	}
	out := map[string]int{}
	for _, v := range verdict.All() {
		out[string(v)] = 0
	}
	for i := range r.Findings {
		out[string(r.Verdict(&r.Findings[i]))]++
	}
	return out
}

// Verdict returns the verdict of a finding. Rules without a check have one too, so that no finding disappears
// where findings are chosen by it.
func (r *Report) Verdict(f *correlate.Finding) verdict.Verdict {
	if v, ok := r.Verdicts[f.Fingerprint]; ok {
		return v.Verdict
	}
	return verdict.NotCheckable
}

// verification writes the verdict, and whose the credential is.
func (t *textWriter) verification(f *correlate.Finding) {
	r, ok := t.verdicts[f.Fingerprint]
	if !ok {
		return
	}
	colour := t.palette.dim
	switch r.Verdict {
	case verdict.Active, verdict.Forbidden:
		colour = t.palette.high
	case verdict.Unknown:
		colour = t.palette.medium
	}
	rest := ""
	if r.Reason != "" {
		rest = ": " + t.text(r.Reason)
	}
	if r.Host != "" {
		rest += ", says " + t.text(r.Host)
	}
	if r.Cached {
		rest += " (asked " + r.At.Format(time.RFC3339) + ")"
	}
	word := string(r.Verdict)
	t.uncut("verdict", t.paint(colour, word)+cut(rest, t.width-labelWidth-len(word)))
	t.told("owner", r.Owner)
	t.told("account", r.Account)
	t.told("principal", r.Principal)
	may := strings.Join(r.Scopes, ", ")
	if r.Privilege != "" {
		may = strings.TrimSuffix(fmt.Sprintf("%s: %s", r.Privilege, may), ": ")
	}
	t.told("may", may)
	var dates []string
	for _, d := range []struct {
		word string
		at   time.Time
	}{{"created", r.Created}, {"last used", r.LastUsed}, {"expires", r.Expires}} {
		if !d.at.IsZero() {
			dates = append(dates, d.word+" "+day(d.at))
		}
	}
	t.told("dates", strings.Join(dates, ", "))
}

// told writes what an issuer told, if it did.
func (t *textWriter) told(label, value string) {
	if value != "" {
		t.field(label, "%s", t.text(value))
	}
}

// verdictCounts says how many findings have which verdict.
func verdictCounts(r *Report) string {
	n := byVerdict(r)
	var parts []string
	for _, v := range verdict.All() {
		if n[string(v)] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[string(v)], v))
		}
	}
	return strings.Join(parts, ", ")
}

// verifiedLevel is the SARIF level of a finding whose life is known: what opens something is an error, what
// opens nothing any more a note.
func verifiedLevel(level string, v verdict.Verdict) string {
	switch v {
	case verdict.Active, verdict.Forbidden:
		return "error"
	case verdict.Inactive:
		return "note"
	}
	return level
}

// verdict returns the verdict of a finding that was read back, as Report.Verdict does.
func (f *jsonFinding) verdict() verdict.Verdict {
	if f.Verified == nil {
		return verdict.NotCheckable
	}
	return f.Verified.Verdict
}
