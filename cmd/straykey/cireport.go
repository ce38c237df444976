package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/straykey/straykey/ci"
	"github.com/straykey/straykey/ci/review"
	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/report"
	"github.com/straykey/straykey/verify/guard"
)

// write writes all reports: text into the log, files, and what GitHub shows of a run.
func (c *ciRun) write(ctx context.Context, p *scanPlan, r *report.Report) error {
	if c.event.System != ci.GitHub {
		return p.write(c.env, r)
	}
	w := c.env.stdout
	if err := ci.Quote(w, func() error { return p.write(c.env, r) }); err != nil {
		return err
	}
	if !c.flags.noAnnotations {
		if err := report.Write(w, "github", r, report.Options{}); err != nil {
			return err
		}
	}
	err := c.appendTo("GITHUB_STEP_SUMMARY", c.flags.noSummary, func(w io.Writer) error {
		return report.Write(w, "markdown", r, report.Options{})
	})
	if err != nil {
		return fmt.Errorf("summary of the job: %w", err)
	}
	if c.flags.comments {
		c.comment(ctx, r)
	}
	return nil
}

// comment tells the pull request. The verdict stands without it, so what goes wrong is said and changes nothing.
func (c *ciRun) comment(ctx context.Context, r *report.Report) {
	say := func(format string, args ...any) {
		fmt.Fprint(c.env.stdout, ci.Command("notice", report.Escape("review comments: "+fmt.Sprintf(format, args...))))
	}
	token := c.env.getenv("GITHUB_TOKEN")
	switch {
	case c.event.Pull == 0 || c.event.Slug == "":
		say("left out: this event is of no pull request")
		return
	case token == "":
		say("left out: there is no GITHUB_TOKEN")
		return
	}
	network, api, err := c.api()
	if err != nil {
		say("left out: %v", err)
		return
	}
	defer network.Close()
	pull := review.Pull{Network: network, API: api, Token: token, Slug: c.event.Slug, Number: c.event.Pull, Head: c.plan.Head}
	done, err := pull.Sync(ctx, reviewed(r))
	switch {
	case errors.Is(err, review.ErrForbidden):
		say("left out: %v", review.ErrForbidden)
	case err != nil:
		say("not all could be written: %v", err)
	default:
		fmt.Fprintf(c.env.stdout, "straykey: comments: %d written, %d changed; %d findings on no line of the change\n", done.Posted, done.Changed, done.Unplaced)
	}
}

// api returns the way to GitHub's API, whose address the runner says. It may be in a private network; nothing else may.
func (c *ciRun) api() (*guard.Network, string, error) {
	const public = "https://api.github.com"
	api := c.env.getenv("GITHUB_API_URL")
	if api == "" {
		api = public
	}
	host, err := review.CheckAPI(api)
	if err != nil {
		return nil, "", err
	}
	o := guard.Options{Version: version(), Resolve: c.env.resolve, Connect: c.env.connect}
	if api != public {
		o.Allow = []string{host}
	}
	network, err := guard.New(o)
	return network, api, err
}

// reviewed returns what comments tell of a report: of each finding the place that the change leaves behind, or else its first.
func reviewed(r *report.Report) []review.Finding {
	var out []review.Finding
	for i := range r.Findings {
		f := &r.Findings[i]
		if len(f.Occurrences) == 0 {
			continue
		}
		at := &f.Occurrences[0]
		for k := range f.Occurrences {
			if f.Occurrences[k].InHead {
				at = &f.Occurrences[k]
				break
			}
		}
		out = append(out, review.Finding{
			Path: at.Path, Line: lineInFile(at), Fingerprint: f.Fingerprint,
			Rule: f.Rule.ID, Description: f.Rule.Description, Commit: commitID(at), Docs: f.Rule.Docs, Rotate: f.Rule.Rotate,
		})
	}
	return out
}

// lineInFile is 0 within an archive, of which a change has no lines.
func lineInFile(o *correlate.Occurrence) int {
	if o.Member != "" {
		return 0
	}
	return o.Line
}

func commitID(o *correlate.Occurrence) string {
	if o.First == nil {
		return ""
	}
	return o.First.ID
}
