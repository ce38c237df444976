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
	what := "this push"
	switch {
	case t.o.Gate == CommitGate && r.Run.Mode == Range:
		what = "these commits"
	case t.o.Gate == CommitGate && r.Run.Mode == Files:
		what = "these files"
	case t.o.Gate == CommitGate:
		what = "this commit"
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
	t.heading(t.palette.high, "straykey refuses "+what, ": "+why)
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
	t.bypass(r.Run.Mode)
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
	var ids, links, paths []string
	for i := range r.Findings {
		f := &r.Findings[i]
		ids = appendNew(ids, f.Rule.ID)
		if _, url, note := furtherReading(f.Rule); url != "" {
			links = appendNew(links, noted(Escape(url), note))
		}
		for k := range f.Occurrences {
			paths = appendNew(paths, t.name(f.Occurrences[k].Path))
		}
	}
	// What is to be copied is not cut.
	committed := gate == PushGate || gate == ReceiveGate || r.Run.Mode == Range
	if t.o.Below {
		for i := range paths {
			paths[i] = ":/" + paths[i] // from the root, wherever that is typed
		}
	}
	t.uncut("remove it", removal(committed, r.Run.Mode, paths))
	rule := ""
	if len(ids) == 1 {
		rule = "=" + Escape(ids[0])
	}
	ignored := "in .straykeyignore: fingerprint=" + Escape(r.Findings[0].Fingerprint) + ` reason="..."`
	switch {
	case gate == ReceiveGate:
		t.uncut("allow it", "if it is made up or harmless, by a line that is on the server's HEAD before, "+ignored)
	case committed:
		t.uncut("allow it", "if it is made up or harmless, by a line "+ignored)
	default:
		t.uncut("allow it", "if it is made up or harmless, by a comment on its line: straykey:allow"+rule+" REASON")
	}
	rotate := "if it was ever pushed or shared"
	switch len(links) {
	case 0:
	case 1:
		rotate += ": " + links[0]
	default:
		rotate += "; where, says straykey rules show " + Escape(ids[0])
	}
	t.uncut("rotate it", rotate)
}

// removal says how to take credentials out. Commits keep what a later one removes.
func removal(committed bool, mode Mode, paths []string) string {
	const elsewhere = "have the program read it from the environment or a secret store"
	switch {
	case committed:
		return "out of the commit that brings it (git commit --amend, git rebase -i): a later commit does not take it back"
	case mode == Files:
		return elsewhere
	case len(paths) > maxRefusedPlaces:
		return elsewhere + ", and stage again"
	}
	again := elsewhere + ", and stage again: git add"
	for _, p := range paths {
		again += " " + shellWord(p)
	}
	return again
}

func appendNew(list []string, s string) []string {
	if s == "" || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// shellWord quotes a path for a shell, if it has to be.
func shellWord(path string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r > 0x7f || strings.ContainsRune("_-./,:@%+=", r)
	}
	if path[0] != '-' && strings.IndexFunc(path, func(r rune) bool { return !plain(r) }) < 0 {
		return path
	}
	if path[0] == '-' {
		path = "./" + path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

// bypass says how to do without the hook once. A server has no such way.
func (t *textWriter) bypass(mode Mode) {
	switch {
	case t.o.Gate == CommitGate && mode == Staged:
		t.uncut("in full", "straykey scan --staged")
		t.uncut("skip once", "git commit --no-verify")
	case t.o.Gate == PushGate:
		t.uncut("skip once", "git push --no-verify")
	}
}
