package repo

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/straykey/straykey/source/pack"
)

// Resolve returns the object that a revision names: a full or abbreviated object id, the output of
// git describe, a ref by git's lookup order, HEAD or @, a reflog entry by number (stash@{2}), each followed
// by any of ~N, ^N, ^{commit}, ^{tree}, ^{blob}, ^{tag}, ^{object}, ^{}. A tag is not peeled unless
// asked for. The syntax is that of gitrevisions(7); what is not listed here is refused.
func (r *Repo) Resolve(store *pack.Store, reader *pack.Reader, rev string) (pack.ID, error) {
	return resolver{Objects{r, store, reader}}.named(rev, "")
}

// ResolveCommit is Resolve for what names a commit, or a tag that leads to one.
func (r *Repo) ResolveCommit(store *pack.Store, reader *pack.Reader, rev string) (pack.ID, error) {
	return resolver{Objects{r, store, reader}}.named(rev, "^{commit}")
}

// named resolves what the user wrote, followed by steps of our own.
func (v resolver) named(rev, steps string) (pack.ID, error) {
	id, err := v.resolve(rev + steps)
	if err != nil {
		return "", fmt.Errorf("revision %q: %w", rev, err)
	}
	return id, nil
}

type resolver struct{ Objects }

func (v resolver) resolve(rev string) (pack.ID, error) {
	if strings.ContainsRune(rev, ':') {
		return "", errors.New("names a file or searches messages; want a commit")
	}
	name, steps := rev, ""
	if i := strings.IndexAny(rev, "^~"); i >= 0 {
		name, steps = rev[:i], rev[i:]
	}
	id, err := v.name(name, steps != "")
	for err == nil && steps != "" {
		id, steps, err = v.step(id, steps)
	}
	return id, err
}

// step applies the first of the steps ("^2~3^{tree}") to an object and returns the others.
func (v resolver) step(id pack.ID, steps string) (pack.ID, string, error) {
	if kind, ok := strings.CutPrefix(steps, "^{"); ok {
		kind, rest, ok := strings.Cut(kind, "}")
		if !ok {
			return "", "", errors.New("\"^{\" without \"}\"")
		}
		id, err := v.peelTo(id, kind)
		return id, rest, err
	}
	digits := 1
	for digits < len(steps) && steps[digits] >= '0' && steps[digits] <= '9' {
		digits++
	}
	n := 1
	if digits > 1 {
		var err error
		if n, err = strconv.Atoi(steps[1:digits]); err != nil {
			return "", "", fmt.Errorf("%q is not a number", steps[1:digits])
		}
	}
	rest := steps[digits:]
	if rest != "" && rest[0] != '^' && rest[0] != '~' {
		return "", "", fmt.Errorf("%q is not understood: want ~N, ^N or ^{TYPE}", rest)
	}
	id, err := v.peel(id, pack.Commit)
	if err != nil {
		return "", "", err
	}
	if steps[0] == '^' {
		if n > 0 {
			id, err = v.parent(id, n)
		}
		return id, rest, err
	}
	for ; n > 0 && err == nil; n-- {
		id, err = v.parent(id, 1)
	}
	return id, rest, err
}

// parent returns the n-th parent of a commit, from 1.
func (v resolver) parent(id pack.ID, n int) (pack.ID, error) {
	c, err := v.Commit(id)
	if err != nil {
		return "", err
	}
	if n > len(c.Parents) {
		return "", fmt.Errorf("commit %v has %d parents", id, len(c.Parents))
	}
	parent := c.Parents[n-1]
	if _, ok := v.Store.Find(parent); !ok && v.Repo.IsShallow(id) {
		return "", fmt.Errorf("the parents of %v are not in this shallow clone: git fetch --deepen=N gets more", id)
	}
	return parent, nil
}

func (v resolver) peelTo(id pack.ID, kind string) (pack.ID, error) {
	switch kind {
	case "":
		return v.peel(id, 0)
	case "object":
		return id, v.has(id)
	}
	for _, t := range []pack.Type{pack.Commit, pack.Tree, pack.Blob, pack.Tag} {
		if kind == t.String() {
			return v.peel(id, t)
		}
	}
	return "", fmt.Errorf("\"^{%s}\" is not understood: want commit, tree, blob, tag, object or nothing in the braces", kind)
}

// peel follows tags, and from a commit goes to its tree, until the object is of the wanted type; 0
// stands for anything but a tag.
func (v resolver) peel(id pack.ID, want pack.Type) (pack.ID, error) {
	for {
		t, data, err := v.Read(id)
		if err != nil {
			return "", err
		}
		switch {
		case t == want || want == 0 && t != pack.Tag:
			return id, nil
		case t == pack.Tag:
			if id, err = TagTarget(id, data, v.Repo.HashLen); err != nil {
				return "", err
			}
		case t == pack.Commit && want == pack.Tree:
			c, err := v.Commit(id)
			return c.Tree, err
		default:
			return "", fmt.Errorf("is a %v, not a %v", t, want)
		}
	}
}

// TagTarget returns the object of a tag, whose content starts with "object <hex>".
func TagTarget(id pack.ID, data []byte, hashLen int) (pack.ID, error) {
	if rest, ok := bytes.CutPrefix(data, []byte("object ")); ok {
		if target, ok := parseRefID(rest, hashLen); ok {
			return target, nil
		}
	}
	return "", corrupt(id, errors.New("malformed tag"))
}

// name resolves a revision without steps, in the order of git's get_oid_basic: full id, ref, output of
// git describe, abbreviated id. With steps only commits and tags are meant.
func (v resolver) name(name string, commitish bool) (pack.ID, error) {
	if name == "" || name == "@" {
		if name == "" && !commitish {
			return "", errors.New("is empty")
		}
		name = "HEAD"
	}
	if len(name) == 2*v.Repo.HashLen {
		if id, err := pack.ParseID(strings.ToLower(name)); err == nil {
			return id, v.explain(v.has(id))
		}
	}
	if i := strings.Index(name, "@{"); i >= 0 {
		return v.reflogEntry(name[:i], name[i:])
	}
	if ref, err := v.Repo.ref(name); !errors.Is(err, ErrNoRef) {
		return ref.ID, err
	}
	if i := strings.LastIndex(name, "-g"); i > 0 {
		if id, err := v.abbreviated(name[i+2:], true); err == nil {
			return id, nil
		}
	}
	return v.abbreviated(name, commitish)
}

// explain adds to the error of an object that is not here what can be done about it.
func (v resolver) explain(err error) error {
	if err != nil && len(v.Repo.Shallow) > 0 {
		return fmt.Errorf("%w (this is a shallow clone: git fetch --unshallow gets its whole history)", err)
	}
	return err
}

func (v resolver) abbreviated(prefix string, commitish bool) (pack.ID, error) {
	const minLength = 4 // git's
	var found []pack.ID
	if len(prefix) >= minLength {
		for _, n := range v.Store.FindPrefix(strings.ToLower(prefix)) {
			found = append(found, v.Store.ID(n))
		}
	}
	if len(found) > 1 && commitish {
		found = v.commits(found)
	}
	switch len(found) {
	case 0:
		return "", v.explain(errors.New("neither a ref nor an object id that is here"))
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("%d objects start with it: give more digits", len(found))
}

// commits returns those of the objects that are commits or lead to one.
func (v resolver) commits(ids []pack.ID) []pack.ID {
	var out []pack.ID
	for _, id := range ids {
		if _, err := v.peel(id, pack.Commit); err == nil {
			out = append(out, id)
		}
	}
	return out
}

// reflogEntry resolves NAME@{N}; without a name the current branch is meant.
func (v resolver) reflogEntry(name, entry string) (pack.ID, error) {
	n, err := strconv.ParseUint(strings.TrimSuffix(entry[2:], "}"), 10, 31)
	if err != nil || !strings.HasSuffix(entry, "}") {
		return "", fmt.Errorf("%s is not supported: only numbered reflog entries, as in stash@{1}, are", entry)
	}
	var ref Ref
	switch name {
	case "":
		ref, _ = v.Repo.Head()
	case "HEAD", "@": // its own reflog, not the branch's
		ref.Name = "HEAD"
	default:
		ref, err = v.Repo.ref(name)
	}
	if err != nil {
		return "", err
	}
	if v.Repo.Reftable {
		return v.Repo.refFromGit(fmt.Sprintf("%s@{%d}", ref.Name, n))
	}
	log, err := v.Repo.reflog(ref.Name)
	if n == 0 && ref.ID != "" {
		return ref.ID, nil
	}
	if uint64(len(log)) <= n {
		if err != nil {
			return "", fmt.Errorf("reflog of %s: %w", ref.Name, err)
		}
		return "", fmt.Errorf("the reflog of %q has %d entries", ref.Name, len(log))
	}
	return log[n], nil
}

// ref finds a ref by its short name, in git's order.
func (r *Repo) ref(name string) (Ref, error) {
	if !validRefName(name) {
		return Ref{}, ErrNoRef
	}
	if r.Reftable {
		id, err := r.refFromGit(name)
		return Ref{name, id}, err
	}
	for _, rule := range [...]string{"%s", "refs/%s", "refs/tags/%s", "refs/heads/%s", "refs/remotes/%s", "refs/remotes/%s/HEAD"} {
		full := fmt.Sprintf(rule, name)
		ref, err := r.lookup(full)
		// "config" and the like are files beside HEAD, but no refs.
		if errors.Is(err, ErrNoRef) || rule == "%s" && errors.Is(err, errBrokenRef) && !strings.HasPrefix(name, "refs/") {
			continue
		}
		if err != nil {
			return Ref{}, fmt.Errorf("ref %s: %w", full, err)
		}
		return ref, nil
	}
	return Ref{}, ErrNoRef
}

// IsShallow reports whether a commit's parents were left out of a shallow clone.
func (r *Repo) IsShallow(id pack.ID) bool {
	for _, s := range r.Shallow {
		if s == id {
			return true
		}
	}
	return false
}
