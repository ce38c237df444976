// Package scan puts the pipeline together: a source gives texts, the detector finds
// credentials in them, and correlate makes findings of these. There is one file a
// kind of source. What is scanned and how is said in Options; nothing here reads
// flags or the environment.
package scan

import (
	"context"
	"errors"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
)

// Options say how to scan, whatever the source.
type Options struct {
	Engine   *detect.Engine
	Coverage *source.Coverage
	Jobs     int    // goroutines; at least 1
	MaxSize  int64  // texts of more bytes are skipped and counted
	Around   int    // bytes on either side of a match that findings keep for asking issuers; 0: none
	Prefix   string // put before paths, to tell several targets apart; may be empty
	Progress *Progress

	// History only.
	Full          bool      // engine=full: every object whole, the slow twin
	Branch        string    // only what this revision reaches; empty: all
	Since         time.Time // only what was introduced since
	NoUnreachable bool
	Memory        *Memory // where to keep what the next scan need not find out again; nil: nowhere
	noTags        bool    // without messages of tags

	NoMessages bool // history and ranges
	// Rewritten adds an occurrence for each commit, or change of the index, that writes lines with a credential again, though
	// the file held it before: what a search of added lines finds.
	Rewritten bool
	// Head is the commit whose files count as those of HEAD in a range; empty: HEAD's. A service may have checked out another
	// one than it asks about.
	Head pack.ID
	// Tags are annotated tags whose messages are scanned beside a range, which names commits only. What one leads to and is no
	// commit, a tree or a blob, is scanned too.
	Tags []pack.ID
	// Watch lists files whose content a scan of changes tells, by their paths in the repository: policy files.
	Watch       []string
	NoGitignore bool // files
}

// Result is what reports say of a scan besides its findings and coverage.
type Result struct {
	Commits int      // commits looked at
	Refs    int      // refs they were reached from
	Head    string   // id of HEAD's commit
	Branch  string   // full name of the branch that HEAD is on; empty: none, or there is no commit
	Remote  string   // URL of the remote "origin", as it is configured
	Notes   []string // for the user: what was done in another way than usual
	// Watched is what the change leaves of the files of Options.Watch that it touches; nil stands for one that it removes.
	Watched map[string][]byte
	Reused  *Reuse // history: what was known from an earlier scan; nil: Options.Memory was not used
}

// newResult says which repository is scanned, as it is now.
func newResult(r *repo.Repo) *Result {
	result := &Result{Remote: r.Origin}
	if head, ok := r.Head(); ok {
		result.Head = head.ID.String()
		if strings.HasPrefix(head.Name, "refs/heads/") {
			result.Branch = head.Name
		}
	}
	return result
}

// ErrRevision is what errors about revisions that the user named wrap.
var ErrRevision = errors.New("bad revision")

// Progress is what a reporter may read while a scan runs.
type Progress struct {
	mu       sync.Mutex
	stage    string
	walk     *pack.Progress
	findings int64
}

// Snapshot is the state of a scan.
type Snapshot struct {
	Stage              string
	Done, Total, Bytes int64
	Findings           int64
}

// Snapshot may be called at any time.
func (p *Progress) Snapshot() Snapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Snapshot{Stage: p.stage, Findings: p.findings}
	if p.walk != nil {
		s.Done, s.Total, s.Bytes = p.walk.Objects.Load(), p.walk.Total.Load(), p.walk.Bytes.Load()
	}
	return s
}

// begin starts a stage and returns the counters to feed.
func (p *Progress) begin(stage string) *pack.Progress {
	walk := new(pack.Progress)
	if p != nil {
		p.mu.Lock()
		p.stage, p.walk = stage, walk
		p.mu.Unlock()
	}
	return walk
}

// found counts texts with matches.
func (p *Progress) found(n int) {
	if p != nil {
		p.mu.Lock()
		p.findings += int64(n)
		p.mu.Unlock()
	}
}

// overflow is the problem of a text with more matches than are kept.
func overflow(what string) source.Problem {
	return source.Problem{Reason: source.TooMany, What: what, Detail: "more matches than are kept; the first ones are reported"}
}

// ruleError turns a rule that could not be tried into a problem.
func ruleError(c *source.Coverage, s *detect.Scanner) {
	if err := s.Err(); err != nil {
		c.Problem(source.Problem{Reason: source.Failed, What: "rules", Detail: err.Error()})
	}
}

// at returns where a path stands in reports.
func (o *Options) at(p string) string {
	if o.Prefix == "" || p == "" {
		return p
	}
	return path.Join(filepath.ToSlash(o.Prefix), p)
}

func interrupted(err error) source.Problem {
	p := source.Problem{Reason: source.Cancelled, What: "scan", Detail: "interrupted"}
	if errors.Is(err, context.DeadlineExceeded) {
		p.Detail = "the time limit (--timeout) was reached"
	}
	return p
}
