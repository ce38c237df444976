package ci

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Plan is what an event means in a checkout.
type Plan struct {
	// Why is one sentence for people.
	Why string
	// Nothing says that there is nothing to scan.
	Nothing bool
	// Ranges are what to scan, as scan.Range takes them, with full ids. Without any it is the whole history: of the
	// commit Branch, or if that is empty of all that is in the repository.
	Ranges []string
	Branch string
	// Tag is the id of the annotated tag that was pushed, whose message is to be scanned too; empty: it was none.
	Tag string
	// Policy is the id of the commit whose configuration, ignore files, baseline and allow comments count; empty: none is
	// known that the event cannot have changed, and nothing counts but what the command line says.
	Policy string
	// Head is the id of the commit that is judged; empty if it is not here.
	Head string

	Notes   []string // for people: what is not as it usually is
	Missing []Need   // what is not in the checkout; nothing can be scanned without
	Shallow bool     // the checkout ends before what is to be scanned does

	wants []Point // what to fetch when the checkout is to be deepened
}

// Need is a commit that a plan needs.
type Need struct {
	What  string // "the head of the change"
	Point Point
}

// IsComplete reports whether all that is to be scanned is here.
func (p *Plan) IsComplete() bool { return len(p.Missing) == 0 && !p.Shallow }

// NewPlan says what an event means in a checkout. An error means that the event cannot be planned for at all.
func NewPlan(ctx context.Context, e Event, c *Checkout) (*Plan, error) {
	p := &planner{Plan: &Plan{}, c: c, e: &e}
	switch e.Kind {
	case Nothing:
		p.Nothing, p.Why = true, "a ref was deleted: there is nothing to scan"
		return p.Plan, nil
	case Change:
		p.change()
	case Push, Everything:
		p.knowDefault()
		if e.Kind == Everything {
			p.everything()
		} else {
			p.push()
		}
	default:
		return nil, errors.New("the event is of no known kind")
	}
	if len(p.Missing) > 0 {
		return p.Plan, nil
	}
	return p.Plan, p.depth(ctx)
}

type planner struct {
	*Plan
	c *Checkout
	e *Event
}

// need returns the commit of a point, or notes that it is missing.
func (p *planner) need(what string, point Point) string {
	p.wants = append(p.wants, point)
	id, ok := p.c.find(point)
	if !ok {
		p.Missing = append(p.Missing, Need{what, point})
		return ""
	}
	return id
}

// change plans for a pull request or a merge group: what it adds to its base, judged by the base's policy.
func (p *planner) change() {
	p.Why = "what the change adds to its base"
	head, base := p.e.Head, p.e.Base
	if theirs, ours, ok := p.merged(); ok {
		// The service's own merge tells what the base is now, which may be newer than what the event says.
		head, base = Point{ID: theirs}, Point{ID: ours}
	}
	p.Head = p.need("the head of the change", head)
	from := p.need("the base of the change", base)
	if len(p.Missing) > 0 {
		return
	}
	p.Ranges, p.Policy = []string{from + ".." + p.Head}, from
	if p.e.BaseOnly {
		p.Notes = append(p.Notes, "this event checks out a branch of the repository, not the change: what the change adds is read from git's objects, and its files are not in the work tree")
	}
}

// merged returns the head and the base of a change from the commit that the service has made of them, if it is here with both.
func (p *planner) merged() (theirs, ours string, ok bool) {
	if p.e.Merge == "" {
		return "", "", false
	}
	parents := p.c.parents(p.e.Merge)
	if len(parents) != 2 || p.e.Head.ID != "" && parents[1] != p.e.Head.ID {
		return "", "", false
	}
	for _, id := range parents {
		if _, here := p.c.commit(id); !here {
			return "", "", false
		}
	}
	return parents[1], parents[0], true
}

// knowDefault finds the default branch where the service does not name it.
func (p *planner) knowDefault() {
	if p.e.OnDefault || !p.e.Default.isZero() {
		return
	}
	if ref, ok := p.c.defaultRef(); ok {
		p.e.Default, p.e.OnDefault = at("", ref), p.e.Ref == ref
	}
}

// push plans for a ref that points to something new. The default branch is compared with what it was. Any other ref is
// compared with the default branch as well: what that has was judged when it came there. And the default branch decides
// about the policy; a branch could otherwise first be given an exception and then, by the next push, the secret.
func (p *planner) push() {
	p.Head = p.need("what was pushed", p.e.Head)
	p.tag()
	before, known := p.before()
	main := ""
	if !p.e.OnDefault && !p.e.Default.isZero() {
		main = p.need("the default branch", p.e.Default)
	}
	if len(p.Missing) > 0 {
		return
	}
	switch {
	case known && main != "":
		p.Why = "what the push adds to the branch and to the default branch"
		p.Ranges, p.Policy = []string{before + ".." + p.Head, "^" + main}, main
	case main != "":
		p.Why = "what the branch or tag adds to the default branch"
		p.Ranges, p.Policy = []string{main + ".." + p.Head}, main
	case known:
		p.Why = "what the push adds"
		p.Ranges, p.Policy = []string{before + ".." + p.Head}, before
	default:
		p.Why, p.Branch = "the whole history of what was pushed, as nothing tells what was there before", p.Head
	}
	if main == "" && !p.e.OnDefault {
		// The branch may be anybody's, and so may what stood there before.
		p.Policy = ""
		p.Notes = append(p.Notes, "which branch is the default one is not known (--default-branch NAME says so): no policy of the repository counts")
	}
}

// before returns what the ref pointed to before the push. It is not known if the ref is new, or if the commit is gone after
// the branch was rewritten.
func (p *planner) before() (id string, known bool) {
	base := p.e.Base
	if base.isZero() {
		return "", false
	}
	if id, here := p.c.find(base); here {
		p.wants = append(p.wants, base)
		return id, true
	}
	if base.Gone || !p.c.isShallow() {
		p.Notes = append(p.Notes, fmt.Sprintf("what the branch pointed to before (%v) is gone: it was rewritten", base))
		return "", false
	}
	p.need("what the branch pointed to before", base)
	return "", false
}

// tag finds the annotated tag that was pushed. Some services name it as what was pushed, others the commit behind it; of them
// the ref tells.
func (p *planner) tag() {
	if !strings.HasPrefix(p.e.Ref, tags) {
		return
	}
	point := p.e.Head
	if id, ok := p.c.tag(point); ok {
		p.Tag = id
		return
	}
	point = at("", p.e.Ref)
	if p.need("the tag", point) != "" {
		p.Tag, _ = p.c.tag(point)
	}
}

// everything plans for a schedule or a button. What is on the default branch has been accepted, so its own policy counts.
func (p *planner) everything() {
	p.Why = "the whole history"
	p.Head = p.need("what is built", p.e.Head)
	switch {
	case p.e.OnDefault:
		p.Policy = p.Head
	case !p.e.Default.isZero():
		p.Policy = p.need("the default branch", p.e.Default)
	default:
		p.Notes = append(p.Notes, "which branch is the default one is not known (--default-branch NAME says so): no policy of the repository counts")
	}
}

// depth finds out whether a shallow checkout has all that is to be scanned.
func (p *planner) depth(ctx context.Context) error {
	if len(p.Ranges) == 0 {
		p.Shallow = p.c.isShallow()
		return nil
	}
	deep, err := p.c.isDeep(ctx, p.Ranges)
	p.Shallow = !deep
	return err
}

// Advice says what to change in the configuration of the service, so that the next run has all that it needs.
func (p *Plan) Advice(e Event) string {
	var what []string
	for _, need := range p.Missing {
		what = append(what, fmt.Sprintf("%s (%v) is not in the checkout", need.What, need.Point))
	}
	if p.Shallow {
		what = append(what, "the checkout ends before what is to be scanned does")
	}
	return strings.Join(what, "; ") + ": " + advice(e) + ", or let straykey fetch it: straykey ci --fetch"
}

func advice(e Event) string {
	switch e.System {
	case GitHub:
		if e.BaseOnly {
			return "fetch it after actions/checkout with fetch-depth: 0, and do not check it out"
		}
		return "set fetch-depth: 0 for actions/checkout"
	case GitLab:
		return `set the variable GIT_DEPTH to "0"` + fetchBranch(e)
	case Azure:
		return "set fetchDepth: 0 for checkout" + fetchBranch(e)
	case Bitbucket:
		return "set clone: depth: full" + fetchBranch(e)
	case Jenkins:
		return "switch off shallow clones, and add the target branch to the refspec"
	case Buildkite:
		return "leave out --depth in BUILDKITE_GIT_CLONE_FLAGS and BUILDKITE_GIT_FETCH_FLAGS" + fetchBranch(e)
	case CircleCI:
		return "set method: full for checkout" + fetchBranch(e)
	}
	return "fetch it: git fetch --unshallow origin"
}

// fetchBranch is for services that fetch the branch they build and no other.
func fetchBranch(e Event) string {
	if e.Kind == Change {
		return " and fetch the target branch"
	}
	return ""
}
