package ci

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/straykey/straykey/source/repo"
)

const (
	// firstDepth is how many commits are fetched behind what is missing in a shallow checkout, if the event does not say how many
	// it has; most changes are shorter. Each further round asks for four times as many.
	firstDepth = 64
	maxDepth   = 4096 // beyond, all is fetched
	maxRounds  = 8    // a remote may be shallow itself, or not give what it was asked for
)

// Complete returns a plan for an event after fetching from the remote what the checkout in dir lacks, as much as is needed
// and not more. It writes into the repository (objects, remote-tracking branches, where a shallow clone ends), and never
// into the work tree. What cannot be had is left missing in the plan; its Notes say why.
func Complete(ctx context.Context, e Event, dir string) (*Plan, error) {
	plan, r, err := look(ctx, e, dir)
	if err != nil {
		return nil, err
	}
	depth := firstDepth
	if e.Commits > 0 {
		depth = min(e.Commits+2, maxDepth)
	}
	var failed error
	for round := 0; round < maxRounds && !plan.IsComplete() && failed == nil; round++ {
		switch {
		case len(plan.Missing) > 0:
			failed = fetchMissing(ctx, &e, r, plan, depth)
		case e.Kind == Everything:
			failed = r.Fetch(ctx, repo.Fetch{Unshallow: true, Wants: []string{"+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"}})
		case depth > maxDepth:
			failed = r.Fetch(ctx, repo.Fetch{Unshallow: true, Wants: wants(plan.wants)})
		default:
			failed = r.Fetch(ctx, repo.Fetch{Deepen: depth, Wants: wants(plan.wants)})
			depth *= 4
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if plan, r, err = look(ctx, e, dir); err != nil {
			return nil, err
		}
	}
	if failed != nil {
		plan.Notes = append(plan.Notes, failed.Error())
	}
	return plan, nil
}

// look opens the repository as it is now, and plans.
func look(ctx context.Context, e Event, dir string) (*Plan, *repo.Repo, error) {
	c, err := Open(dir)
	if err != nil {
		return nil, nil, err
	}
	plan, err := NewPlan(ctx, e, c)
	return plan, c.Repo, errors.Join(err, c.Close())
}

// fetchMissing fetches the commits that a plan misses. What stood at a ref before a push may be gone for good; anything
// else that cannot be had is an error.
func fetchMissing(ctx context.Context, e *Event, r *repo.Repo, plan *Plan, depth int) error {
	for _, need := range plan.Missing {
		f := repo.Fetch{}
		if len(r.Shallow) > 0 {
			f.Depth = depth
		}
		err := errors.New("it is a name that only this checkout can know")
		if need.Point.ID != "" {
			f.Wants = []string{need.Point.ID}
			err = r.Fetch(ctx, f)
		}
		for _, ref := range need.Point.Refs {
			if err == nil || ctx.Err() != nil {
				break
			}
			f.Wants = []string{refspec(ref)}
			err = r.Fetch(ctx, f)
		}
		switch {
		case err == nil:
		case e.Kind == Push && need.Point.ID != "" && need.Point.ID == e.Base.ID:
			e.Base.Gone = true
		default:
			return fmt.Errorf("%s (%v) could not be fetched: %w", need.What, need.Point, err)
		}
	}
	return nil
}

// wants turns the points of a plan into what git can be asked for.
func wants(points []Point) []string {
	var out []string
	for _, p := range points {
		switch {
		case p.ID != "":
			out = append(out, p.ID)
		case len(p.Refs) > 0:
			out = append(out, refspec(p.Refs[0]))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// refspec fetches a ref to where a clone keeps it.
func refspec(ref string) string {
	if branch, ok := strings.CutPrefix(ref, heads); ok {
		return "+" + ref + ":" + remoteHeads + branch
	}
	if strings.HasPrefix(ref, tags) {
		return "+" + ref + ":" + ref
	}
	return ref
}
