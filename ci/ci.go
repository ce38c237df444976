// Package ci finds out what a run of continuous integration is to scan. A service says by variables, and GitHub by a
// file too, for which event it runs ([Read]); what that means depends on what is in the checkout ([NewPlan]); and what
// is not there can be fetched, if that was asked for ([Fetch]).
//
// Everything that an event says is foreign: a pull request has its branch names from whoever opened it. An id must be
// hexadecimal, a ref a full name that git allows, with nothing in it that begins with a dash, or the event is refused.
// Nothing of it ever reaches a shell, and nothing but ids and refs reaches git.
//
// Two questions are answered for each event, and they are not the same:
//
//   - Which commits are new with it? Those that its head reaches and that the branch it is compared with does not. A
//     secret that one commit of a pull request adds and the next one removes is in the history all the same.
//   - Which revision decides about configuration, ignore files, baselines and allow comments? One that the event
//     cannot have changed: the branch that a change is to be merged into, or the default branch; never the branch that was
//     pushed, unless it is the default branch, and then as it was before.
package ci

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// System is a service for continuous integration.
type System string

// The systems.
const (
	GitHub    System = "github" // and what speaks like it: Forgejo, Gitea
	GitLab    System = "gitlab"
	Azure     System = "azure"
	Bitbucket System = "bitbucket"
	Jenkins   System = "jenkins"
	Buildkite System = "buildkite"
	CircleCI  System = "circleci"
	None      System = "none" // no known one: the revisions are given by hand
)

// Systems returns all systems.
func Systems() []System {
	return []System{GitHub, GitLab, Azure, Bitbucket, Jenkins, Buildkite, CircleCI, None}
}

// Kind says what an event asks for.
type Kind int

// The kinds of events.
const (
	Nothing    Kind = iota // there is nothing to scan: a branch was deleted
	Change                 // what is to be merged: a pull request, a merge group
	Push                   // what a branch or tag points to has changed
	Everything             // a schedule, or somebody pressed a button
)

// Event is what a service runs for. Its parts have been checked for their form, and for nothing else.
type Event struct {
	System System
	Name   string // what the service calls it, for people
	Kind   Kind
	Ref    string // full name of what was pushed or is built; may be empty
	Head   Point  // what is to be judged
	// Base is, of a change, the branch that it is to be merged into. Of a push it is what the ref pointed to before; the zero
	// Point if it is new, or if the service does not say.
	Base      Point
	Default   Point // the default branch; the zero Point if the service does not name it
	OnDefault bool  // the ref is the default branch
	// Merge is, of a change, the id of a commit that the service has made by merging Head into its base; may be empty.
	Merge string
	// Pull is the number of the pull request, or 0; Slug the repository on the service, as owner/name, or empty.
	Pull int
	Slug string
	// Commits is how many commits the service counts in a change, or 0. It saves fetching, and decides nothing.
	Commits int
	// BaseOnly says that the service checks out the base of a change and not its head.
	BaseOnly bool
}

// Point is a commit that an event names.
type Point struct {
	ID   string   // in hexadecimal; empty: only Refs are known
	Refs []string // full names of refs of the remote that lead, or led, to it
	Rev  string   // instead of ID and Refs: a revision that the user typed
	Gone bool     // the remote has been asked for it in vain
}

// isZero reports whether an event does not say.
func (p Point) isZero() bool { return p.ID == "" && len(p.Refs) == 0 && p.Rev == "" }

// String is for messages.
func (p Point) String() string {
	switch {
	case p.ID != "":
		return p.ID[:min(len(p.ID), 12)]
	case p.Rev != "":
		return p.Rev
	}
	return strings.Join(p.Refs, " or ")
}

// Detect tells from its variables which system runs this; None if it is none that is known.
func Detect(getenv func(string) string) System {
	for _, s := range []struct {
		System
		variable, value string // value "": any
	}{
		{GitHub, "GITHUB_ACTIONS", "true"},
		{GitLab, "GITLAB_CI", "true"},
		{Azure, "TF_BUILD", "true"},
		{Bitbucket, "BITBUCKET_BUILD_NUMBER", ""},
		{Buildkite, "BUILDKITE", "true"},
		{CircleCI, "CIRCLECI", "true"},
		{Jenkins, "JENKINS_URL", ""},
	} {
		if v := getenv(s.variable); v != "" && (s.value == "" || strings.EqualFold(v, s.value)) {
			return s.System
		}
	}
	return None
}

// Read reads the event that a system describes by its variables. payload is the file that GitHub describes it in; the
// others have none. An error says what is wrong with what the system says.
func Read(s System, getenv func(string) string, payload []byte) (Event, error) {
	r := &reader{getenv: getenv, event: Event{System: s}}
	switch s {
	case GitHub:
		r.github(payload)
	case GitLab:
		r.gitlab()
	case Azure:
		r.azure()
	case Bitbucket:
		r.bitbucket()
	case Jenkins:
		r.jenkins()
	case Buildkite:
		r.buildkite()
	case CircleCI:
		r.circleci()
	case None:
	default:
		return Event{}, fmt.Errorf("no system %q: want one of %v", s, Systems())
	}
	if r.err != nil {
		return Event{}, fmt.Errorf("event of %s: %w", s, r.err)
	}
	return r.event, nil
}

// reader collects an event. Its first error stays.
type reader struct {
	getenv func(string) string
	event  Event
	err    error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

// id checks an object id that stands in where; "" and all zeros, which stand for no object, give "".
func (r *reader) id(where, id string) string {
	if strings.Trim(id, "0") == "" && len(id) <= maxID {
		return ""
	}
	if !isID(id) {
		r.fail("%s is no object id", where)
		return ""
	}
	return strings.ToLower(id)
}

// ref checks a ref that stands in where. Without refs/ before it, it is the name of something in the folder ("refs/heads/").
func (r *reader) ref(where, folder, name string) string {
	if name == "" {
		return ""
	}
	if !strings.HasPrefix(name, "refs/") {
		name = folder + name
	}
	if !isRef(name) {
		r.fail("%s is not the name of a ref", where)
		return ""
	}
	return name
}

// variableID and variableRef are id and ref for a variable.
func (r *reader) variableID(name string) string { return r.id(name, r.getenv(name)) }

func (r *reader) variableRef(name, folder string) string { return r.ref(name, folder, r.getenv(name)) }

// number reads a positive number; what is none is 0.
func number(s string) int {
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' || n > 1<<31 {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// at makes a point of an id and refs, those that are empty left out.
func at(id string, refs ...string) Point {
	return Point{ID: id, Refs: slices.DeleteFunc(slices.Clone(refs), func(ref string) bool { return ref == "" })}
}

// push makes the event one for a ref that has come to point to head.
func (r *reader) push(ref string, head, before Point, defaultRef string) {
	e := &r.event
	e.Kind, e.Ref, e.Head, e.Base = Push, ref, head, before
	if defaultRef != "" {
		e.Default, e.OnDefault = at("", defaultRef), ref == defaultRef
	}
}

// change makes the event one for what is to be merged.
func (r *reader) change(head, base Point) {
	e := &r.event
	e.Kind, e.Head, e.Base = Change, head, base
	if head.isZero() || base.isZero() {
		r.fail("it does not say what is to be merged into what")
	}
}

const (
	maxID  = 64 // hexadecimal digits of a SHA-256
	maxRef = 1024
)

func isID(s string) bool {
	if len(s) != 40 && len(s) != maxID {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}

// isRef follows git check-ref-format for full names, and allows no part that begins with a dash.
func isRef(name string) bool {
	if len(name) > maxRef || !strings.HasPrefix(name, "refs/") || strings.HasSuffix(name, ".") ||
		strings.Contains(name, "..") || strings.Contains(name, "@{") {
		return false
	}
	for _, c := range []byte(name) {
		if c <= ' ' || c == 0x7f || strings.IndexByte(`~^:?*[\`, c) >= 0 {
			return false
		}
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part[0] == '.' || part[0] == '-' || strings.HasSuffix(part, ".lock") {
			return false
		}
	}
	return true
}

// isSlug reports whether s is owner/name as GitHub writes it.
func isSlug(s string) bool {
	owner, name, ok := strings.Cut(s, "/")
	if !ok || owner == "" || name == "" || name == "." || name == ".." || len(s) > 200 {
		return false
	}
	for _, c := range []byte(owner + name) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return owner != "." && owner != ".."
}

// SetDefault names the default branch, where the service does not or is not believed.
func (e *Event) SetDefault(branch string) error {
	ref := heads + strings.TrimPrefix(branch, heads)
	if !isRef(ref) {
		return fmt.Errorf("%q is not the name of a branch", branch)
	}
	e.Default, e.OnDefault = at("", ref), e.Ref == ref
	return nil
}

// Compare makes the event one for what head adds to base, both as a user typed them. An empty one stays what the event says;
// without an event, head is HEAD.
func (e *Event) Compare(base, head string) error {
	for _, rev := range []string{base, head} {
		if strings.HasPrefix(rev, "-") || strings.ContainsAny(rev, "\x00\n") || strings.Contains(rev, "..") {
			return fmt.Errorf("%q is not a revision", rev)
		}
	}
	if base != "" {
		e.Base = Point{Rev: base}
	}
	if head != "" || e.Head.isZero() {
		e.Head = Point{Rev: "HEAD"}
		if head != "" {
			e.Head.Rev = head
		}
	}
	if e.Base.isZero() {
		return errors.New("there is no base to compare with")
	}
	e.Kind, e.Merge, e.BaseOnly = Change, "", false
	return nil
}
