package scan

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/source/history"
	"github.com/straykey/straykey/source/pack"
)

// describer reads what reports say of commits and tags, each once.
type describer struct {
	store  *pack.Store
	reader *pack.Reader
	known  map[pack.Num]*correlate.Commit
}

func newDescriber(store *pack.Store) *describer {
	return &describer{store: store, reader: store.NewReader(), known: map[pack.Num]*correlate.Commit{}}
}

// readAhead reads what commit will be asked for, on as many goroutines as jobs: those that are stored near one another together.
func (d *describer) readAhead(commits []pack.Num, jobs int) {
	commits = slices.DeleteFunc(slices.Clone(commits), func(n pack.Num) bool { return n == history.NoCommit })
	slices.SortFunc(commits, d.store.ComparePlace)
	commits = slices.Compact(commits)
	parts := make([]*describer, max(1, jobs))
	var done sync.WaitGroup
	for w := range parts {
		part := newDescriber(d.store)
		parts[w] = part
		done.Go(func() {
			for _, n := range commits[len(commits)*w/len(parts) : len(commits)*(w+1)/len(parts)] {
				part.commit(n)
			}
		})
	}
	done.Wait()
	for _, part := range parts {
		maps.Copy(d.known, part.known)
	}
}

// commit describes a commit, or a tag by its tagger. It returns nil for no commit. One that
// cannot be read has nothing but its id.
func (d *describer) commit(n pack.Num) *correlate.Commit {
	if n == history.NoCommit {
		return nil
	}
	if c, ok := d.known[n]; ok {
		return c
	}
	c := &correlate.Commit{ID: d.store.ID(n).String()}
	if _, data, err := d.reader.Read(n); err == nil {
		describe(c, data)
	}
	d.known[n] = c
	return c
}

// describe reads author, date and subject out of a commit or tag object.
func describe(c *correlate.Commit, data []byte) {
	header := data
	if i := bytes.Index(data, []byte("\n\n")); i >= 0 {
		header = data[:i]
		c.Subject = subject(data[i+2:])
		text := bytes.TrimSpace(data[i+2:])
		c.Message = string(text[:min(len(text), correlate.MaxMessage)])
	}
	for line := range bytes.Lines(header) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		for _, key := range []string{"author ", "tagger "} {
			if rest, ok := bytes.CutPrefix(line, []byte(key)); ok {
				c.Author, c.Email, c.Date = person(rest)
				return
			}
		}
	}
}

// person reads "Name <mail> seconds zone".
func person(b []byte) (name, mail string, when time.Time) {
	lt, gt := bytes.IndexByte(b, '<'), bytes.LastIndexByte(b, '>')
	if lt < 0 || gt < lt {
		return string(bytes.TrimSpace(b)), "", time.Time{}
	}
	name, mail = string(bytes.TrimSpace(b[:lt])), string(b[lt+1:gt])
	fields := bytes.Fields(b[gt+1:])
	if len(fields) == 0 {
		return name, mail, time.Time{}
	}
	seconds, err := strconv.ParseInt(string(fields[0]), 10, 64)
	if err != nil || seconds < 0 || seconds > 1<<40 {
		return name, mail, time.Time{}
	}
	zone := time.UTC
	if len(fields) > 1 {
		if hhmm, err := strconv.Atoi(string(fields[1])); err == nil && hhmm > -2400 && hhmm < 2400 && hhmm != 0 {
			zone = time.FixedZone("", (hhmm/100*60+hhmm%100)*60)
		}
	}
	return name, mail, time.Unix(seconds, 0).In(zone)
}

// subject returns the first paragraph of a message on one line, as git does.
func subject(msg []byte) string {
	msg = bytes.TrimLeft(msg, "\n")
	if i := bytes.Index(msg, []byte("\n\n")); i >= 0 {
		msg = msg[:i]
	}
	return string(bytes.Join(bytes.Fields(msg), []byte(" ")))
}
