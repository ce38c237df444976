package repo

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/pack"
)

// refsFromGit is Refs for storage formats that only git reads. Broken refs are not told one by one: git
// leaves them out.
func (r *Repo) refsFromGit() ([]Ref, []source.Problem) {
	ctx := context.Background()
	l := newRefList(r)
	out, err := r.Git(ctx, "", "for-each-ref", "--format=%(objectname) %(refname)")
	if err == nil {
		err = parsePackedRefs(out, r.HashLen, func(name string, id pack.ID) { l.ids[name] = id })
	}
	if err != nil {
		l.problem(source.Unreadable, "refs", err)
	}
	names := []string{"HEAD"}
	if r.GitDir != r.CommonDir {
		names = append(names, "main-worktree/HEAD")
	}
	for _, w := range r.otherWorktrees() {
		names = append(names, "worktrees/"+w+"/HEAD")
	}
	for _, name := range names {
		if id, err := r.refFromGit(name); err == nil {
			l.ids[name] = id
		}
	}
	if _, ok := l.ids["refs/stash"]; ok {
		out, err := r.Git(ctx, "", "rev-list", "-g", "refs/stash")
		if err != nil {
			l.problem(source.Unreadable, "logs/refs/stash", err)
		}
		for n, line := range bytes.Fields(out) {
			if id, ok := parseRefID(line, r.HashLen); ok && n > 0 {
				l.ids[stashName(n)] = id
			}
		}
	}
	return l.sorted()
}

// refFromGit returns the object that a ref leads to; git looks a short name up in its own order.
func (r *Repo) refFromGit(name string) (pack.ID, error) {
	if strings.HasPrefix(name, "-") { // git would take it for an option
		return "", ErrNoRef
	}
	out, err := r.Git(context.Background(), "", "rev-parse", "--quiet", "--verify", name)
	if err != nil {
		return "", ErrNoRef
	}
	id, ok := parseRefID(out, r.HashLen)
	if !ok {
		return "", fmt.Errorf("git rev-parse %s: %w", name, errBrokenRef)
	}
	return id, nil
}

func (r *Repo) headFromGit() (Ref, error) {
	id, err := r.refFromGit("HEAD")
	if err != nil {
		return Ref{}, err
	}
	name := "HEAD"
	if out, err := r.Git(context.Background(), "", "symbolic-ref", "--quiet", "HEAD"); err == nil {
		name = string(bytes.TrimSpace(out))
	}
	return Ref{Name: name, ID: id}, nil
}
