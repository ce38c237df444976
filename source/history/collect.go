package history

import (
	"bytes"
	"encoding/hex"
	"strconv"

	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/pack"
)

// Collector gathers what a [Graph] needs from commits and tags as a walk visits them. Each worker
// has its own; its methods must not be called concurrently.
type Collector struct {
	store    *pack.Store
	commits  []commit
	parents  []pack.Num
	tags     []link
	absent   []absence
	problems []trouble
}

// commit is a commit as collected. Its parents are parents[from:to] of the collector.
type commit struct {
	num, tree pack.Num // tree is NoCommit if it is absent
	from, to  uint32
	time      int64
}

// link says that a tag object names another object; to is NoCommit if that one is absent.
type link struct{ from, to pack.Num }

// absence says that a commit or tag names an object that is not in the store.
type absence struct {
	by     pack.Num
	id     pack.ID
	parent bool // a parent: no trouble in a shallow clone
}

// trouble is a problem that counts only if an object can be reached.
type trouble struct {
	at pack.Num
	source.Problem
}

// NewCollector returns a collector for objects of a store.
func NewCollector(store *pack.Store) *Collector { return &Collector{store: store} }

// Commit takes note of a commit. The data is not kept.
func (c *Collector) Commit(n pack.Num, data []byte) {
	rec := commit{num: n, tree: NoCommit, from: uint32(len(c.parents)), to: uint32(len(c.parents))}
	head, rest, ok := cutID(data, "tree ")
	if !ok {
		c.malformed(n)
		c.commits = append(c.commits, rec)
		return
	}
	tree := c.find(n, head, false)
	for bytes.HasPrefix(rest, []byte("parent ")) {
		if head, rest, ok = cutID(rest, "parent "); !ok {
			c.malformed(n)
			c.commits = append(c.commits, rec)
			return
		}
		if p := c.find(n, head, true); p != NoCommit {
			c.parents = append(c.parents, p)
		}
	}
	rec.tree, rec.to, rec.time = tree, uint32(len(c.parents)), committerTime(rest)
	c.commits = append(c.commits, rec)
}

// Tag takes note of a tag object. The data is not kept.
func (c *Collector) Tag(n pack.Num, data []byte) {
	id, _, ok := cutID(data, "object ")
	if !ok {
		c.malformed(n)
		return
	}
	c.tags = append(c.tags, link{n, c.find(n, id, false)})
}

func (c *Collector) malformed(n pack.Num) {
	c.problems = append(c.problems, trouble{n, source.Problem{
		Reason: source.Corrupt, What: c.store.ID(n).String(), Detail: "malformed header",
	}})
}

// find looks an object up, in hexadecimal, and takes note if it is absent.
func (c *Collector) find(by pack.Num, hexID []byte, parent bool) pack.Num {
	var buf [32]byte
	id := buf[:len(hexID)/2]
	_, _ = hex.Decode(id, hexID) // cutID has checked
	if n, ok := c.store.Find(pack.ID(id)); ok {
		return n
	}
	c.absent = append(c.absent, absence{by, pack.ID(id), parent})
	return NoCommit
}

// cutID splits a first line "key<hex>" off a header. The id is of either hash.
func cutID(data []byte, key string) (id, rest []byte, ok bool) {
	line, rest, _ := bytes.Cut(data, []byte("\n"))
	id, ok = bytes.CutPrefix(line, []byte(key))
	if !ok || len(id) != 40 && len(id) != 64 {
		return nil, nil, false
	}
	for _, c := range id {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return nil, nil, false
		}
	}
	return id, rest, true
}

// committerTime reads the seconds out of "committer name <mail> 1700000000 +0100" in the remaining
// lines of a commit's header. A date that makes no sense counts as 1970, as for git.
func committerTime(header []byte) int64 {
	for len(header) > 0 && header[0] != '\n' {
		var line []byte
		line, header, _ = bytes.Cut(header, []byte("\n"))
		if !bytes.HasPrefix(line, []byte("committer ")) {
			continue
		}
		// A name or address may hold anything, even '>'.
		i := bytes.LastIndexByte(line, '>')
		if i < 0 {
			return 0
		}
		line = bytes.TrimLeft(line[i+1:], " \t")
		if end := bytes.IndexAny(line, " \t"); end >= 0 {
			line = line[:end]
		}
		t, err := strconv.ParseInt(string(line), 10, 64)
		if err != nil || t < 0 {
			return 0
		}
		return t
	}
	return 0
}
