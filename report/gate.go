package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/rules"
)

// Gate says what a hook refuses, if there is a finding.
type Gate string

// What hooks refuse.
const (
	CommitGate  Gate = "commit"
	PushGate    Gate = "push"
	ReceiveGate Gate = "receive" // a push, on the server
)

// What a refusal shows before it says "and N more".
const (
	maxRefused       = 8
	maxRefusedPlaces = 2
)

// gate writes the text of a hook: nothing if nothing stands in the way, else what, where, why, and the ways on. What
// the text report has besides that (coverage, rule set, time) helps nobody who is about to commit.
func (t *textWriter) gate(r *Report) {
	complete := r.Coverage.Complete()
	if complete && len(r.Findings) == 0 {
		return
	}
	what := "push"
	if t.o.Gate == CommitGate {
		what = "commit"
	}
	places := 0
	for i := range r.Findings {
		places += len(r.Findings[i].Occurrences)
	}
	why := "not everything could be read"
	if len(r.Findings) > 0 {
		why = count(int64(len(r.Findings)), "credential") + " in " + count(int64(places), "place")
		if !complete {
			why += ", and not everything could be read"
		}
	}
	t.heading(t.palette.high, "straykey refuses this "+what, ": "+why)
	fmt.Fprintln(t.b)
	if !complete {
		t.unread(r)
	}
	for i := range r.Findings {
		if i == maxRefused && !t.o.Verbose {
			t.line("  and %s", count(int64(len(r.Findings)-i), "more credential"))
			fmt.Fprintln(t.b)
			break
		}
		t.refused(&r.Findings[i])
	}
	t.waysOn(r, t.o.Gate)
	t.bypass()
}

// unread names what could not be read.
func (t *textWriter) unread(r *Report) {
	shown := 0
	for _, p := range r.Coverage.Problems() {
		if p.Reason.Complete() {
			continue
		}
		if shown == maxRefusedPlaces {
			t.line("  and more: %s", reasonList(r.Coverage))
			break
		}
		shown++
		t.line("  %s", strings.Join(nonEmpty(string(p.Reason), t.name(shortHex(p.What)), t.name(p.Where), t.text(p.Detail)), "  "))
	}
	fmt.Fprintln(t.b)
}

// refused says of a finding what it is, where it stands and why it is taken for a credential.
func (t *textWriter) refused(f *correlate.Finding) {
	for i := range f.Occurrences {
		if i == maxRefusedPlaces && !t.o.Verbose {
			t.line("  and %s", count(int64(len(f.Occurrences)-i), "more place"))
			break
		}
		o := &f.Occurrences[i]
		commit := ""
		if o.First != nil && !isMessage(o) {
			commit = " in " + short(o.First.ID)
		}
		fmt.Fprintf(t.b, "  %s%s  %s\n", strings.TrimSuffix(t.red.place(o), " (staged)"), commit, t.paint(t.palette.bold, Escape(f.Rule.ID)))
	}
	if len(f.Occurrences) > 0 {
		o := &f.Occurrences[0]
		for _, l := range t.red.frame(o, f.Secret) {
			if l.number == o.Line {
				before, marked, after := t.fit(l, t.width-4)
				fmt.Fprintf(t.b, "    %s\n", strings.TrimSpace(before+t.paint(t.palette.mark, marked)+after))
			}
		}
	}
	why := Escape(f.Rule.Description)
	if f.Proof.Detail != "" {
		why = t.text(f.Proof.Detail) + ". " + why
	}
	if f.Confidence != "" && f.Confidence != rules.HighConfidence {
		why = string(f.Confidence) + " confidence. " + why
	}
	if why != "" {
		t.line("    %s", why)
	}
	fmt.Fprintln(t.b)
}

// waysOn says what can be done about findings in what is not out yet: remove, allow, rotate.
func (t *textWriter) waysOn(r *Report, gate Gate) {
	if len(r.Findings) == 0 {
		return
	}
	var ids, docs []string
	path := ""
	for i := range r.Findings {
		f := &r.Findings[i]
		if !slices.Contains(ids, f.Rule.ID) {
			ids = append(ids, f.Rule.ID)
		}
		if f.Rule.Docs != "" && !slices.Contains(docs, f.Rule.Docs) {
			docs = append(docs, f.Rule.Docs)
		}
		if path == "" && len(f.Occurrences) > 0 {
			path = t.name(f.Occurrences[0].Path)
		}
	}
	rule := ""
	if len(ids) == 1 {
		rule = "=" + Escape(ids[0])
	}
	remove := "have the program read it from the environment or a secret store, and stage again"
	if gate != CommitGate {
		remove = "out of the commit that brings it (git commit --amend, git rebase -i): a later commit does not take it back"
	} else if path != "" {
		remove += ": git add " + path
	}
	rotate := "if it was ever pushed or shared"
	if len(docs) > 0 {
		rotate += ": " + Escape(docs[0])
	}
	// What is to be copied is not cut.
	t.uncut("remove it", remove)
	t.uncut("allow it", "if it is made up or harmless, by a comment on its line: straykey:allow"+rule+" REASON")
	t.uncut("rotate it", rotate)
}

// bypass says how to do without the hook once. A server has no such way.
func (t *textWriter) bypass() {
	switch t.o.Gate {
	case CommitGate:
		t.uncut("in full", "straykey scan --staged")
		t.uncut("skip once", "git commit --no-verify")
	case PushGate:
		t.uncut("skip once", "git push --no-verify")
	}
}
