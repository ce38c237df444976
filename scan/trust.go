package scan

import (
	"context"
	"fmt"
	"math"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
)

// Trusted is what a trusted revision says of allow comments.
type Trusted struct {
	Problems []string // what could not be read there, and therefore allows nothing

	fingerprints map[string]bool // of credentials that a comment covers in the revision's files
	commits      map[string]bool // that the revision reaches
}

// Has reports whether a comment that covers a place of a finding was in the revision: it covers the same credential
// somewhere in the revision's files, or it was there in a commit that the revision reaches.
func (t *Trusted) Has(f *correlate.Finding, o *correlate.Occurrence) bool {
	return t.fingerprints[f.Fingerprint] || o.First != nil && t.commits[o.First.ID]
}

// Trust asks a revision about the allow comments that a scan met: allowed are the findings they cover, b is the
// builder that the findings are from, and key that of its fingerprints. It costs one reading of the revision's files, and of
// its commits as far back as one of allowed was introduced.
func Trust(ctx context.Context, r *repo.Repo, rev string, b *correlate.Builder, allowed []correlate.Finding, key []byte, o Options) (*Trusted, error) {
	store, err := r.OpenStore(o.MaxSize)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	t := &trust{
		objects: repo.Objects{Repo: r, Store: store, Reader: store.NewReader()}, scanner: o.Engine.NewScanner(), known: b, seen: map[pack.ID]bool{},
		Trusted: &Trusted{fingerprints: map[string]bool{}, commits: map[string]bool{}},
	}
	id, err := r.ResolveCommit(store, t.objects.Reader, rev)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRevision, err)
	}
	commit, err := t.objects.Commit(id)
	if err != nil {
		return nil, err
	}
	if err := t.tree(ctx, commit.Tree, "", 0); err != nil {
		return nil, err
	}
	if err := t.history(ctx, id, allowed); err != nil {
		return nil, err
	}
	_, covered, err := t.found.Findings(ctx, key, o.Jobs)
	for _, f := range covered {
		t.fingerprints[f.Fingerprint] = true
	}
	return t.Trusted, err
}

// trust reads a revision.
type trust struct {
	*Trusted
	objects repo.Objects
	scanner *detect.Scanner
	known   *correlate.Builder // credentials that are asked about
	found   correlate.Builder  // those of them that a comment covers in the revision
	seen    map[pack.ID]bool   // trees and blobs
}

// maxTrustDepth is how deep trees are descended into; what stands deeper allows nothing.
const maxTrustDepth = 256

// tree looks through a tree that was not seen before.
func (t *trust) tree(ctx context.Context, id pack.ID, path string, depth int) error {
	if t.seen[id] || depth > maxTrustDepth {
		return ctx.Err()
	}
	t.seen[id] = true
	data, err := t.objects.Tree(id, nil)
	if err != nil {
		t.problem(path, err)
		return ctx.Err()
	}
	it := pack.NewTreeIter(data, t.objects.Repo.HashLen)
	for it.Next() {
		at := path + string(it.Name)
		switch {
		case it.IsDir():
			if err := t.tree(ctx, pack.ID(it.ID), at+"/", depth+1); err != nil {
				return err
			}
		case it.IsBlob():
			t.blob(pack.ID(it.ID), at)
		}
	}
	if it.Err() != nil {
		t.problem(path, it.Err())
	}
	return ctx.Err()
}

// blob looks for credentials that are asked about and that a comment covers.
func (t *trust) blob(id pack.ID, path string) {
	if t.seen[id] {
		return
	}
	t.seen[id] = true
	_, data, err := t.objects.Read(id)
	if err != nil {
		t.problem(path, err)
		return
	}
	if !detect.MayAllow(data) {
		return
	}
	for _, m := range t.scanner.Scan(data).Matches() {
		if m.Allowed == "" {
			continue
		}
		if _, asked := t.known.Lookup(m.Credential); asked {
			t.found.Add(m.Credential, correlate.Occurrence{Kind: "blob", Path: path})
		}
	}
}

// clockSkew is how much older than its descendants a commit may say that it is, in seconds, to be looked for behind them.
const clockSkew = 30 * 24 * 60 * 60

// history notes which of the commits that introduced allowed findings the revision reaches. It goes back no farther than
// these are old.
func (t *trust) history(ctx context.Context, from pack.ID, allowed []correlate.Finding) error {
	wanted := map[pack.ID]bool{}
	oldest := int64(math.MaxInt64)
	for i := range allowed {
		for _, o := range allowed[i].Occurrences {
			if o.First == nil {
				continue
			}
			id, err := pack.ParseID(o.First.ID)
			if err != nil || wanted[id] {
				continue
			}
			if commit, err := t.objects.Commit(id); err == nil {
				wanted[id] = true
				oldest = min(oldest, commit.Time)
			}
		}
	}
	queue, queued := []pack.ID{from}, map[pack.ID]bool{from: true}
	for len(queue) > 0 && len(wanted) > 0 {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		id := queue[0]
		queue = queue[1:]
		if wanted[id] {
			t.commits[id.String()] = true
			delete(wanted, id)
		}
		commit, err := t.objects.Commit(id)
		if err != nil { // beyond the boundary of a shallow clone nothing is known, and nothing trusted
			continue
		}
		if commit.Time < oldest-clockSkew {
			continue
		}
		for _, p := range commit.Parents {
			if !queued[p] {
				queued[p] = true
				queue = append(queue, p)
			}
		}
	}
	return nil
}

// problem notes what could not be read.
func (t *trust) problem(path string, err error) {
	const most = 20
	if len(t.Problems) < most {
		p := repo.Problem(err, path)
		t.Problems = append(t.Problems, fmt.Sprintf("%s: %s %s", p.Where, p.Reason, p.Detail))
	}
}
