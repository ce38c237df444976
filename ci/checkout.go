package ci

import (
	"context"
	"fmt"
	"strings"

	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
	"github.com/straykey/straykey/source/revs"
)

// Checkout answers what a plan asks of a repository. It sees what was there when it was opened.
type Checkout struct {
	Repo  *repo.Repo
	store *pack.Store
}

// Open opens the repository that a directory is in. The caller closes it.
func Open(dir string) (*Checkout, error) {
	r, err := repo.Open(dir)
	if err != nil {
		return nil, err
	}
	store, err := r.OpenStore(0)
	if err != nil {
		return nil, err
	}
	return &Checkout{r, store}, nil
}

// Close closes the objects of the repository.
func (c *Checkout) Close() error { return c.store.Close() }

// isShallow reports whether history was left out of the checkout.
func (c *Checkout) isShallow() bool { return len(c.Repo.Shallow) > 0 }

// commit returns the id of the commit that a revision leads to, if it is here.
func (c *Checkout) commit(rev string) (string, bool) {
	id, err := c.Repo.ResolveCommit(c.store, c.store.NewReader(), rev)
	return id.String(), err == nil
}

// find returns the commit of a point. An event's id is that and nothing else: a branch may have gone on.
func (c *Checkout) find(p Point) (string, bool) {
	switch {
	case p.Rev != "":
		return c.commit(p.Rev)
	case p.ID != "":
		return c.commit(p.ID)
	}
	for _, ref := range p.Refs {
		for _, local := range localRefs(ref) {
			if id, ok := c.commit(local); ok {
				return id, true
			}
		}
	}
	return "", false
}

// tag returns the id of the annotated tag that a point names, if it names one that is here.
func (c *Checkout) tag(p Point) (string, bool) {
	names := p.Refs
	if p.ID != "" {
		names = []string{p.ID}
	}
	reader := c.store.NewReader()
	for _, name := range names {
		id, err := c.Repo.Resolve(c.store, reader, name)
		if err != nil {
			continue
		}
		kind, _, err := repo.Objects{Repo: c.Repo, Store: c.store, Reader: reader}.Read(id)
		if err == nil && kind == pack.Tag {
			return id.String(), true
		}
	}
	return "", false
}

// localRefs returns where a clone keeps a ref of the remote. A branch of the checkout itself may be a step's own doing, or
// behind, so what was fetched comes first.
func localRefs(ref string) []string {
	if branch, ok := strings.CutPrefix(ref, heads); ok {
		return []string{remoteHeads + branch, ref}
	}
	return []string{ref}
}

// defaultRef returns which branch the clone takes for the remote's default one: its full name on the remote.
func (c *Checkout) defaultRef() (string, bool) {
	ref, err := c.Repo.Follow(originHead)
	branch, ok := strings.CutPrefix(ref.Name, remoteHeads)
	return heads + branch, err == nil && ok && branch != "HEAD"
}

// parents returns the parents of a commit that is here; none where a shallow checkout ends.
func (c *Checkout) parents(id string) []string {
	parsed, err := pack.ParseID(id)
	if err != nil || c.Repo.IsShallow(parsed) {
		return nil
	}
	h, err := repo.Objects{Repo: c.Repo, Store: c.store, Reader: c.store.NewReader()}.Commit(parsed)
	if err != nil {
		return nil
	}
	out := make([]string, 0, len(h.Parents))
	for _, p := range h.Parents {
		out = append(out, p.String())
	}
	return out
}

// isDeep reports whether the checkout has all commits of some ranges, and enough to tell where they begin.
//
// In a shallow checkout a commit of the ranges at which it ends may have more of them behind it. And if all that the ranges
// exclude ends before it meets them, they seem to go down to the very first commit. Where only some lines are cut, commits
// may be in a range that should not be; none is missed.
func (c *Checkout) isDeep(ctx context.Context, ranges []string) (bool, error) {
	if !c.isShallow() {
		return true, nil
	}
	w := revs.NewWalker(c.Repo, c.store)
	set, err := w.Parse(ranges...)
	if err != nil {
		return false, err
	}
	list, err := w.Commits(ctx, set)
	if err != nil {
		return false, fmt.Errorf("commits of %s: %w", strings.Join(ranges, " "), err)
	}
	in := map[pack.ID]bool{}
	for _, commit := range list.Commits {
		if commit.Shallow {
			return false, nil
		}
		in[commit.ID] = true
	}
	for _, commit := range list.Commits {
		for _, parent := range commit.Parents {
			if !in[parent] {
				return true, nil
			}
		}
	}
	return len(list.Commits) == 0, nil
}
