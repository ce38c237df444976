package scan

import (
	"context"
	"fmt"
	"slices"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
	"github.com/straykey/straykey/source/revs"
)

// Push scans what a push brings, and adds it to b: what the commits change that the new values of its refs reach and
// the known objects do not, their messages, and annotated tags. Known objects that are not here are passed over: the
// other side may have what was never fetched. Where nothing is known all history behind the new values is read.
func Push(ctx context.Context, r *repo.Repo, updated, known []pack.ID, b *correlate.Builder, o Options) (*Result, error) {
	c, err := newChangeScan(r, b, o)
	if err != nil {
		return nil, err
	}
	defer c.store.Close()
	p := pushed{changeScan: c, walker: revs.NewWalker(r, c.store), seen: map[pack.ID]bool{}}
	boundary := p.here(known)
	for _, id := range known {
		p.seen[id] = true
	}
	for _, id := range updated {
		if err := p.add(ctx, id); err != nil {
			return nil, err
		}
	}
	tips := p.commits
	if len(boundary) == 0 && len(tips) > 0 {
		// All of a history, and the engine for that. Tags that are not pushed may lead there too.
		o.Branch, o.noTags = tips[0].String(), true
		first, err := History(ctx, r, b, o)
		if err != nil {
			return nil, err
		}
		c.result.Commits += first.Commits
		c.result.Notes = append(c.result.Notes, first.Notes...)
		boundary, tips = tips[:1], tips[1:]
	}
	if len(tips) > 0 {
		if err := c.commits(ctx, p.walker, revs.Between(boundary, tips)); err != nil {
			return nil, err
		}
	}
	result := c.finish(ctx)
	result.Notes = unique(result.Notes)
	return result, nil
}

// pushed takes apart what refs point to.
type pushed struct {
	*changeScan
	walker  *revs.Walker
	seen    map[pack.ID]bool // need not be looked at, again
	commits []pack.ID
}

// here returns the commits among ids, and behind tags, that the repository has.
func (p *pushed) here(ids []pack.ID) []pack.ID {
	var out []pack.ID
	for _, id := range ids {
		if _, ok := p.store.Find(id); !ok {
			continue
		}
		commit, err := p.repo.ResolveCommit(p.store, p.first().Reader, id.String())
		if err == nil && !slices.Contains(out, commit) {
			out = append(out, commit)
		}
	}
	return out
}

// add scans the object that a ref points to, but for commits, which it collects.
func (p *pushed) add(ctx context.Context, id pack.ID) error {
	if p.seen[id] {
		return nil
	}
	p.seen[id] = true
	n, ok := p.store.Find(id)
	if !ok {
		p.coverage.Problem(source.Problem{Reason: p.absent(), What: id.String(), Detail: "what is pushed is not in the repository"})
		return nil
	}
	kind, data, err := p.first().Read(n)
	if err != nil {
		p.coverage.Problem(repo.Problem(err, id.String()))
		return nil
	}
	at := correlate.Occurrence{Kind: "blob", Reachable: true}
	switch kind {
	case pack.Commit:
		p.commits = append(p.commits, id)
	case pack.Tag:
		target, err := repo.TagTarget(id, data, p.repo.HashLen)
		at.First = newDescriber(p.store).commit(n)
		p.message(n, "tag", at)
		if err != nil {
			p.coverage.Problem(repo.Problem(err, id.String()))
			return nil
		}
		return p.add(ctx, target)
	case pack.Tree:
		diff, err := p.walker.Changes(ctx, revs.Commit{ID: id, Tree: id})
		if err != nil {
			return fmt.Errorf("read tree %s: %w", id, err)
		}
		p.judge(ctx, diff, at, false)
	case pack.Blob:
		p.judge(ctx, repo.Diff{Changes: []repo.Change{{Path: id.String(), Mode: pack.ModeFile, New: id}}}, at, false)
	}
	return nil
}

// unique returns a list without what stood in it before.
func unique(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
