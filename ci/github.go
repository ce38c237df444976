package ci

import (
	"encoding/json"
	"fmt"
	"strings"
)

// MaxPayload bounds the file in which GitHub describes an event, which is at most 25 MB there.
const MaxPayload = 32 << 20

// payload is what is read of that file.
type payload struct {
	Ref        string
	RefType    string `json:"ref_type"`
	Before     string
	After      string
	Deleted    bool
	Number     int
	Repository struct {
		DefaultBranch string `json:"default_branch"`
	}
	PullRequest *pullRequest `json:"pull_request"`
	MergeGroup  *struct {
		HeadSHA string `json:"head_sha"`
		HeadRef string `json:"head_ref"`
		BaseSHA string `json:"base_sha"`
		BaseRef string `json:"base_ref"`
	} `json:"merge_group"`
	WorkflowRun *struct {
		Event        string
		HeadSHA      string        `json:"head_sha"`
		PullRequests []pullRequest `json:"pull_requests"`
	} `json:"workflow_run"`
}

type pullRequest struct {
	Number  int
	Commits int
	Head    tip
	Base    tip
}

type tip struct {
	SHA string
	Ref string
}

// github reads an event of GitHub Actions: GITHUB_EVENT_NAME, the payload, and for events that have no commit of their own
// GITHUB_SHA and GITHUB_REF.
func (r *reader) github(text []byte) {
	name := r.getenv("GITHUB_EVENT_NAME")
	r.event.Name = name
	if len(text) > MaxPayload {
		r.fail("the payload is larger than %d bytes", MaxPayload)
		return
	}
	var p payload
	if err := json.Unmarshal(text, &p); err != nil {
		r.fail("the payload cannot be read: %w", err)
		return
	}
	if slug := r.getenv("GITHUB_REPOSITORY"); isSlug(slug) {
		r.event.Slug = slug
	}
	main := r.ref("repository.default_branch", "refs/heads/", p.Repository.DefaultBranch)
	switch {
	case p.PullRequest != nil && strings.HasPrefix(name, "pull_request"):
		r.githubPull(p.PullRequest, p.Number)
		// There the checkout is of a branch of the repository, and the change is not in it.
		r.event.BaseOnly = name == "pull_request_target"
		if name == "pull_request" {
			r.event.Merge = r.variableID("GITHUB_SHA")
		}
	case name == "merge_group" && p.MergeGroup != nil:
		g := p.MergeGroup
		r.change(
			at(r.id("merge_group.head_sha", g.HeadSHA), r.ref("merge_group.head_ref", "refs/heads/", g.HeadRef)),
			at(r.id("merge_group.base_sha", g.BaseSHA), r.ref("merge_group.base_ref", "refs/heads/", g.BaseRef)))
	case name == "workflow_run" && p.WorkflowRun != nil:
		r.githubRun(&p, main)
	case name == "push":
		r.githubPush(&p, main)
	case name == "delete":
		r.event.Kind = Nothing
	case name == "create":
		folder := map[string]string{"branch": "refs/heads/", "tag": "refs/tags/"}[p.RefType]
		r.push(r.ref("ref", folder, p.Ref), at(r.variableID("GITHUB_SHA")), Point{}, main)
	case name == "schedule", name == "workflow_dispatch", name == "repository_dispatch":
		r.everything(r.variableRef("GITHUB_REF", "refs/heads/"), at(r.variableID("GITHUB_SHA")), main)
	default:
		r.fail("nothing is known of %q, or its payload is not as expected; name what to scan with --base REV --head REV", name)
	}
}

func (r *reader) githubPull(pull *pullRequest, number int) {
	if number <= 0 {
		number = pull.Number
	}
	head := at(r.id("pull_request.head.sha", pull.Head.SHA))
	if number > 0 {
		head.Refs = []string{fmt.Sprintf("refs/pull/%d/head", number)}
	}
	r.change(head, at(r.id("pull_request.base.sha", pull.Base.SHA), r.ref("pull_request.base.ref", "refs/heads/", pull.Base.Ref)))
	r.event.Pull, r.event.Commits = max(number, 0), max(pull.Commits, 0)
}

func (r *reader) githubPush(p *payload, main string) {
	ref := r.ref("ref", "refs/heads/", p.Ref)
	after := r.id("after", p.After)
	if p.Deleted || after == "" {
		r.event.Kind = Nothing
		return
	}
	r.push(ref, at(after, ref), at(r.id("before", p.Before)), main)
}

// githubRun reads what another workflow ran for. Of pull requests from forks the payload says nothing but the head.
func (r *reader) githubRun(p *payload, main string) {
	head := r.id("workflow_run.head_sha", p.WorkflowRun.HeadSHA)
	if strings.HasPrefix(p.WorkflowRun.Event, "pull_request") {
		if pulls := p.WorkflowRun.PullRequests; len(pulls) == 1 && strings.EqualFold(pulls[0].Head.SHA, head) {
			r.githubPull(&pulls[0], 0)
		} else {
			r.change(at(head), at("", main))
		}
		r.event.BaseOnly = true
		return
	}
	if sha := r.variableID("GITHUB_SHA"); sha != head {
		r.change(at(head), at("", main))
		return
	}
	r.everything(main, at(head), main)
}

// everything makes the event one for the whole history.
func (r *reader) everything(ref string, head Point, main string) {
	r.push(ref, head, Point{}, main)
	r.event.Kind = Everything
}
