package ci

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/source/repo/gittest"
)

// planCase is an event, a checkout, and what is to come of it. Commits are named as in world.
type planCase struct {
	name     string
	system   System
	vars     string         // NAME=value, separated by blanks
	payload  map[string]any // GitHub
	checkout func(*testing.T, *world) gittest.Dir
	want     string // what is scanned and whose policy counts; see describe
	lacking  string // without fetching: what want is then; empty: the same
}

func full(head string, more ...string) func(*testing.T, *world) gittest.Dir {
	return func(t *testing.T, w *world) gittest.Dir { return w.full(t, head, more...) }
}

func shallow(depth, head string, refspecs ...string) func(*testing.T, *world) gittest.Dir {
	return func(t *testing.T, w *world) gittest.Dir { return w.checkout(t, depth, head, refspecs...) }
}

// describe says a plan in a line.
func describe(w *world, p *Plan) string {
	var parts []string
	switch {
	case p.Nothing:
		return "nothing"
	case len(p.Ranges) > 0:
		parts = append(parts, strings.Join(p.Ranges, " "))
	case p.Branch != "":
		parts = append(parts, "history of "+p.Branch)
	case len(p.Missing) == 0:
		parts = append(parts, "history")
	}
	for _, need := range p.Missing {
		parts = append(parts, "missing "+need.What)
	}
	if len(p.Missing) == 0 {
		policy := p.Policy
		if policy == "" {
			policy = "nobody"
		}
		parts = append(parts, "policy of "+policy)
	}
	if p.Shallow {
		parts = append(parts, "shallow")
	}
	return w.names.Replace(strings.Join(parts, ", "))
}

func planCases() []planCase {
	pull := map[string]any{
		"number": 7, "pull_request.number": 7, "pull_request.commits": 3,
		"pull_request.head.sha": "{f3}", "pull_request.head.ref": "feature",
		"pull_request.base.sha": "{m4}", "pull_request.base.ref": "main",
	}
	fork := map[string]any{
		"number": 8, "pull_request.number": 8, "pull_request.commits": 3,
		"pull_request.head.sha": "{q1}", "pull_request.head.ref": "main", "pull_request.head.repo.full_name": "mallory/shop", "pull_request.head.repo.fork": true,
		"pull_request.base.sha": "{m4}", "pull_request.base.ref": "main",
	}
	push := func(ref, before, after string, more ...any) map[string]any {
		p := map[string]any{"ref": ref, "before": before, "after": after, "created": before == "{zeros}", "deleted": after == "{zeros}"}
		for i := 0; i+1 < len(more); i += 2 {
			p[more[i].(string)] = more[i+1]
		}
		return p
	}
	gitlab := "GITLAB_CI=true CI_DEFAULT_BRANCH=main "
	mergeRequest := gitlab + "CI_PIPELINE_SOURCE=merge_request_event CI_MERGE_REQUEST_IID=7 CI_COMMIT_BEFORE_SHA={zeros} CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main CI_MERGE_REQUEST_DIFF_BASE_SHA={m2} "
	return []planCase{
		// GitHub: pull requests
		{
			name: "pull request, all of the history", system: GitHub, vars: "GITHUB_EVENT_NAME=pull_request GITHUB_SHA={merge}", payload: pull,
			checkout: full("{merge}", "+refs/pull/7/merge:refs/remotes/pull/7/merge"), want: "m4..f3, policy of m4",
		},
		{
			name: "pull request, depth 1", system: GitHub, vars: "GITHUB_EVENT_NAME=pull_request GITHUB_SHA={merge}", payload: pull,
			checkout: shallow("1", "{merge}", "+{merge}:refs/remotes/pull/7/merge"), want: "m4..f3, policy of m4",
			lacking: "missing the head of the change, missing the base of the change",
		},
		{
			name: "pull request, depth 2: the merge has both, and they end there", system: GitHub, vars: "GITHUB_EVENT_NAME=pull_request GITHUB_SHA={merge}", payload: pull,
			checkout: shallow("2", "{merge}", "+{merge}:refs/remotes/pull/7/merge"), want: "m4..f3, policy of m4",
			lacking: "m4..f3, policy of m4, shallow",
		},
		{
			name: "pull request, the base has gone on since the event", system: GitHub, vars: "GITHUB_EVENT_NAME=pull_request GITHUB_SHA={merge}",
			payload:  with(pull, "pull_request.base.sha", "{m2}"),
			checkout: full("{merge}", "+refs/pull/7/merge:refs/remotes/pull/7/merge"), want: "m4..f3, policy of m4",
		},
		{
			name: "pull request, a merge that is not of its head is not believed", system: GitHub, vars: "GITHUB_EVENT_NAME=pull_request GITHUB_SHA={merge}",
			payload:  with(pull, "pull_request.head.sha", "{f2}"),
			checkout: full("{merge}", "+refs/pull/7/merge:refs/remotes/pull/7/merge"), want: "m4..f2, policy of m4",
		},
		{
			name: "pull request from a fork, depth 1", system: GitHub, vars: "GITHUB_EVENT_NAME=pull_request", payload: fork,
			checkout: shallow("1", "{q1}", "+{q1}:refs/remotes/pull/8/head"), want: "m4..q1, policy of m4",
			lacking: "missing the base of the change",
		},
		{
			name: "pull_request_target: the checkout is of the base, the head is judged", system: GitHub, vars: "GITHUB_EVENT_NAME=pull_request_target GITHUB_SHA={m4}", payload: fork,
			checkout: shallow("1", "{m4}", "+{m4}:refs/remotes/origin/main"), want: "m4..q1, policy of m4",
			lacking: "missing the head of the change",
		},
		{
			name: "pull_request_target, all branches: what a fork has is still not there", system: GitHub, vars: "GITHUB_EVENT_NAME=pull_request_target GITHUB_SHA={m4}", payload: fork,
			checkout: full("{m4}"), want: "m4..q1, policy of m4",
			lacking: "missing the head of the change",
		},
		{
			name: "review of a pull request", system: GitHub, vars: "GITHUB_EVENT_NAME=pull_request_review", payload: pull,
			checkout: full("{merge}", "+refs/pull/7/merge:refs/remotes/pull/7/merge"), want: "m4..f3, policy of m4",
		},
		{
			name: "merge group", system: GitHub, vars: "GITHUB_EVENT_NAME=merge_group GITHUB_SHA={merge}",
			payload:  map[string]any{"merge_group.head_sha": "{merge}", "merge_group.base_sha": "{m4}", "merge_group.base_ref": "refs/heads/main", "merge_group.head_ref": "refs/heads/gh-readonly-queue/main/pr-7-x"},
			checkout: shallow("1", "{merge}", "+{merge}:refs/remotes/origin/queue"), want: "m4..merge, policy of m4",
			lacking: "missing the base of the change",
		},

		// GitHub: pushes
		{
			name: "push to the default branch", system: GitHub, vars: "GITHUB_EVENT_NAME=push", payload: push("refs/heads/main", "{m2}", "{m4}"),
			checkout: full("{m4}"), want: "m2..m4, policy of m2",
		},
		{
			name: "push to the default branch, depth 1", system: GitHub, vars: "GITHUB_EVENT_NAME=push", payload: push("refs/heads/main", "{m2}", "{m4}"),
			checkout: shallow("1", "{m4}", "+{m4}:refs/remotes/origin/main"), want: "m2..m4, policy of m2",
			lacking: "missing what the branch pointed to before",
		},
		{
			name: "push to a branch: the policy is that of the default branch", system: GitHub, vars: "GITHUB_EVENT_NAME=push", payload: push("refs/heads/feature", "{f1}", "{f3}"),
			checkout: full("{f3}"), want: "f1..f3 ^m4, policy of m4",
		},
		{
			name: "new branch", system: GitHub, vars: "GITHUB_EVENT_NAME=push", payload: push("refs/heads/feature", "{zeros}", "{f3}"),
			checkout: full("{f3}"), want: "m4..f3, policy of m4",
		},
		{
			name: "new branch, depth 1", system: GitHub, vars: "GITHUB_EVENT_NAME=push", payload: push("refs/heads/feature", "{zeros}", "{f3}"),
			checkout: shallow("1", "{f3}", "+{f3}:refs/remotes/origin/feature"), want: "m4..f3, policy of m4",
			lacking: "missing the default branch",
		},
		{
			name: "first push of a repository", system: GitHub, vars: "GITHUB_EVENT_NAME=push", payload: push("refs/heads/main", "{zeros}", "{m4}"),
			checkout: full("{m4}"), want: "history of m4, policy of nobody",
		},
		{
			name: "force push, what was there is not here", system: GitHub, vars: "GITHUB_EVENT_NAME=push", payload: push("refs/heads/rewritten", "{o1}", "{r2}", "forced", true),
			checkout: full("{r2}"), want: "m4..r2, policy of m4",
		},
		{
			name: "force push, shallow: what was there is fetched", system: GitHub, vars: "GITHUB_EVENT_NAME=push", payload: push("refs/heads/rewritten", "{o1}", "{r2}", "forced", true),
			checkout: shallow("1", "{r2}", "+{r2}:refs/remotes/origin/rewritten"), want: "o1..r2 ^m4, policy of m4",
			lacking: "missing what the branch pointed to before, missing the default branch",
		},
		{
			name: "force push, what was there is gone for good", system: GitHub, vars: "GITHUB_EVENT_NAME=push", payload: push("refs/heads/rewritten", "{gone}", "{r2}", "forced", true),
			checkout: shallow("1", "{r2}", "+{r2}:refs/remotes/origin/rewritten"), want: "m4..r2, policy of m4",
			lacking: "missing what the branch pointed to before, missing the default branch",
		},
		{
			name: "force push of the default branch", system: GitHub, vars: "GITHUB_EVENT_NAME=push", payload: push("refs/heads/main", "{gone}", "{m4}", "forced", true),
			checkout: full("{m4}"), want: "history of m4, policy of nobody",
		},
		{
			name: "tag", system: GitHub, vars: "GITHUB_EVENT_NAME=push", payload: push("refs/tags/t1", "{zeros}", "{t1}"),
			checkout: full("{f2}"), want: "m4..f2, policy of m4",
		},
		{
			name: "branch deleted", system: GitHub, vars: "GITHUB_EVENT_NAME=push", payload: push("refs/heads/feature", "{f3}", "{zeros}"),
			checkout: full("{m4}"), want: "nothing",
		},
		{
			name: "delete", system: GitHub, vars: "GITHUB_EVENT_NAME=delete", payload: map[string]any{"ref": "feature", "ref_type": "branch"},
			checkout: full("{m4}"), want: "nothing",
		},
		{
			name: "create", system: GitHub, vars: "GITHUB_EVENT_NAME=create GITHUB_SHA={f3}", payload: map[string]any{"ref": "feature", "ref_type": "branch"},
			checkout: full("{f3}"), want: "m4..f3, policy of m4",
		},

		// GitHub: the rest
		{
			name: "schedule", system: GitHub, vars: "GITHUB_EVENT_NAME=schedule GITHUB_SHA={m4} GITHUB_REF=refs/heads/main", payload: map[string]any{"schedule": "0 3 * * *"},
			checkout: full("{m4}"), want: "history, policy of m4",
		},
		{
			name: "schedule, depth 1", system: GitHub, vars: "GITHUB_EVENT_NAME=schedule GITHUB_SHA={m4} GITHUB_REF=refs/heads/main", payload: map[string]any{"schedule": "0 3 * * *"},
			checkout: shallow("1", "{m4}", "+{m4}:refs/remotes/origin/main"), want: "history, policy of m4",
			lacking: "history, policy of m4, shallow",
		},
		{
			name: "workflow_dispatch on a branch", system: GitHub, vars: "GITHUB_EVENT_NAME=workflow_dispatch GITHUB_SHA={f3} GITHUB_REF=refs/heads/feature", payload: map[string]any{"inputs": nil, "ref": "refs/heads/feature"},
			checkout: full("{f3}"), want: "history, policy of m4",
		},
		{
			name: "workflow_run after a pull request from a fork", system: GitHub, vars: "GITHUB_EVENT_NAME=workflow_run GITHUB_SHA={m4} GITHUB_REF=refs/heads/main",
			payload:  map[string]any{"workflow_run.event": "pull_request", "workflow_run.head_sha": "{q1}", "workflow_run.pull_requests": []any{}},
			checkout: full("{m4}"), want: "m4..q1, policy of m4",
			lacking: "missing the head of the change",
		},
		{
			name: "workflow_run after a push to the default branch", system: GitHub, vars: "GITHUB_EVENT_NAME=workflow_run GITHUB_SHA={m4} GITHUB_REF=refs/heads/main",
			payload:  map[string]any{"workflow_run.event": "push", "workflow_run.head_sha": "{m4}"},
			checkout: full("{m4}"), want: "history, policy of m4",
		},

		// GitLab
		{
			name: "merge request", system: GitLab, vars: mergeRequest + "CI_COMMIT_SHA={f3}",
			checkout: shallow("0", "{f3}", "+refs/heads/*:refs/remotes/origin/*"), want: "m4..f3, policy of m4",
		},
		{
			name: "merge request, as a runner fetches it", system: GitLab, vars: mergeRequest + "CI_COMMIT_SHA={f3}",
			checkout: shallow("2", "{f3}", "+refs/merge-requests/7/head:refs/pipelines/1"), want: "m4..f3, policy of m4",
			lacking: "missing the base of the change",
		},
		{
			name: "merged results", system: GitLab, vars: mergeRequest + "CI_COMMIT_SHA={merge} CI_MERGE_REQUEST_SOURCE_BRANCH_SHA={f3} CI_MERGE_REQUEST_TARGET_BRANCH_SHA={m3}",
			checkout: full("{merge}", "+{merge}:refs/pipelines/1"), want: "m4..f3, policy of m4",
		},
		{
			name: "push", system: GitLab, vars: gitlab + "CI_PIPELINE_SOURCE=push CI_COMMIT_SHA={f3} CI_COMMIT_BEFORE_SHA={f2} CI_COMMIT_BRANCH=feature",
			checkout: full("{f3}"), want: "f2..f3 ^m4, policy of m4",
		},
		{
			name: "first pipeline of a branch", system: GitLab, vars: gitlab + "CI_PIPELINE_SOURCE=push CI_COMMIT_SHA={f3} CI_COMMIT_BEFORE_SHA={zeros} CI_COMMIT_BRANCH=feature",
			checkout: full("{f3}"), want: "m4..f3, policy of m4",
		},
		{
			name: "tag", system: GitLab, vars: gitlab + "CI_PIPELINE_SOURCE=push CI_COMMIT_SHA={f2} CI_COMMIT_BEFORE_SHA={zeros} CI_COMMIT_TAG=t1",
			checkout: full("{f2}"), want: "m4..f2, policy of m4",
		},
		{
			name: "schedule, depth 20 of more", system: GitLab, vars: gitlab + "CI_PIPELINE_SOURCE=schedule CI_COMMIT_SHA={m4} CI_COMMIT_BRANCH=main",
			checkout: shallow("2", "{m4}", "+refs/heads/main:refs/remotes/origin/main"), want: "history, policy of m4",
			lacking: "history, policy of m4, shallow",
		},

		// the others
		{
			name: "pull request", system: Azure, vars: "TF_BUILD=True BUILD_REASON=PullRequest BUILD_SOURCEBRANCH=refs/pull/7/merge BUILD_SOURCEVERSION={merge} SYSTEM_PULLREQUEST_TARGETBRANCH=refs/heads/main SYSTEM_PULLREQUEST_SOURCECOMMITID={f3}",
			checkout: shallow("2", "{merge}", "+{merge}:refs/remotes/pull/7/merge"), want: "m4..f3, policy of m4",
			lacking: "m4..f3, policy of m4, shallow",
		},
		{
			name: "pull request of GitHub, short names", system: Azure, vars: "TF_BUILD=True BUILD_REASON=PullRequest BUILD_SOURCEBRANCH=refs/pull/7/merge BUILD_SOURCEVERSION={merge} SYSTEM_PULLREQUEST_TARGETBRANCH=main",
			checkout: full("{merge}", "+{merge}:refs/remotes/pull/7/merge"), want: "m4..f3, policy of m4",
		},
		{
			name: "push, nothing tells the default branch", system: Azure, vars: "TF_BUILD=True BUILD_REASON=IndividualCI BUILD_SOURCEBRANCH=refs/heads/feature BUILD_SOURCEVERSION={f3}",
			checkout: full("{f3}"), want: "history of f3, policy of nobody",
		},
		{
			name: "push, the clone knows the default branch", system: Azure, vars: "TF_BUILD=True BUILD_REASON=IndividualCI BUILD_SOURCEBRANCH=refs/heads/feature BUILD_SOURCEVERSION={f3}",
			checkout: func(t *testing.T, w *world) gittest.Dir {
				c := w.full(t, "{f3}")
				c.Git("remote", "set-head", "origin", "main")
				return c
			},
			want: "m4..f3, policy of m4",
		},
		{
			name: "pull request", system: Bitbucket, vars: "BITBUCKET_BUILD_NUMBER=3 BITBUCKET_COMMIT={f3} BITBUCKET_BRANCH=feature BITBUCKET_PR_ID=7 BITBUCKET_PR_DESTINATION_BRANCH=main BITBUCKET_PR_DESTINATION_COMMIT={m4}",
			checkout: shallow("50", "{f3}", "+refs/heads/feature:refs/remotes/origin/feature"), want: "m4..f3, policy of m4",
			lacking: "missing the base of the change",
		},
		{
			name: "pull request, the destination abbreviated", system: Bitbucket, vars: "BITBUCKET_BUILD_NUMBER=3 BITBUCKET_COMMIT={f3} BITBUCKET_BRANCH=feature BITBUCKET_PR_ID=7 BITBUCKET_PR_DESTINATION_BRANCH=main BITBUCKET_PR_DESTINATION_COMMIT=0123456789ab",
			checkout: full("{f3}"), want: "m4..f3, policy of m4",
		},
		{
			name: "change request", system: Jenkins, vars: "JENKINS_URL=https://ci/ CHANGE_ID=7 CHANGE_TARGET=main BRANCH_NAME=PR-7 GIT_COMMIT={f3}",
			checkout: full("{f3}"), want: "m4..f3, policy of m4",
		},
		{
			name: "branch since the last build that passed", system: Jenkins, vars: "JENKINS_URL=https://ci/ BRANCH_NAME=main BRANCH_IS_PRIMARY=true GIT_COMMIT={m4} GIT_PREVIOUS_COMMIT={m3} GIT_PREVIOUS_SUCCESSFUL_COMMIT={m2}",
			checkout: full("{m4}"), want: "m2..m4, policy of m2",
		},
		{
			name: "pull request", system: Buildkite, vars: "BUILDKITE=true BUILDKITE_COMMIT={q1} BUILDKITE_BRANCH=mallory:main BUILDKITE_PULL_REQUEST=8 BUILDKITE_PULL_REQUEST_BASE_BRANCH=main BUILDKITE_PIPELINE_DEFAULT_BRANCH=main BUILDKITE_SOURCE=webhook",
			checkout: full("{q1}", "+refs/pull/8/head:refs/remotes/pull/8"), want: "m4..q1, policy of m4",
		},
		{
			name: "merge queue", system: Buildkite, vars: "BUILDKITE=true BUILDKITE_COMMIT={merge} BUILDKITE_PULL_REQUEST=false BUILDKITE_MERGE_QUEUE_BASE_COMMIT={m4} BUILDKITE_PIPELINE_DEFAULT_BRANCH=main",
			checkout: full("{merge}", "+{merge}:refs/remotes/origin/queue"), want: "m4..merge, policy of m4",
		},
		{
			name: "started by hand: HEAD is built", system: Buildkite, vars: "BUILDKITE=true BUILDKITE_COMMIT=HEAD BUILDKITE_BRANCH=feature BUILDKITE_PULL_REQUEST=false BUILDKITE_PIPELINE_DEFAULT_BRANCH=main",
			checkout: full("{f3}"), want: "m4..f3, policy of m4",
		},
		{
			name: "branch", system: CircleCI, vars: "CIRCLECI=true CIRCLE_SHA1={f3} CIRCLE_BRANCH=feature",
			checkout: func(t *testing.T, w *world) gittest.Dir {
				c := gittest.New(t)
				c.Git("clone", "-q", "file://"+w.origin.Path, ".")
				return c
			},
			want: "m4..f3, policy of m4",
		},
	}
}

func with(m map[string]any, path string, v any) map[string]any {
	out := map[string]any{path: v}
	for k, old := range m {
		if k != path {
			out[k] = old
		}
	}
	return out
}

func (c planCase) event(t *testing.T, w *world) Event {
	t.Helper()
	vars := map[string]string{}
	for v := range strings.FieldsSeq(w.fill(c.vars)) {
		name, value, _ := strings.Cut(v, "=")
		vars[name] = value
	}
	if c.system == GitHub {
		vars["GITHUB_ACTIONS"] = "true"
		vars["GITHUB_REPOSITORY"] = "acme/shop"
	}
	getenv := lookup(vars)
	if got := Detect(getenv); got != c.system {
		t.Fatalf("detected %s, want %s", got, c.system)
	}
	var payload []byte
	if c.payload != nil {
		payload = []byte(w.fill(string(payloadOf(t, c.payload))))
	}
	e, err := Read(c.system, getenv, payload)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestPlan says of each kind of event and each kind of checkout what is scanned and by whose policy, first with what is
// there and then after fetching.
func TestPlan(t *testing.T) {
	isolateGit(t)
	w := newWorld(t)
	for _, c := range planCases() {
		t.Run(fmt.Sprintf("%s: %s", c.system, c.name), func(t *testing.T) {
			e := c.event(t, w)
			dir := c.checkout(t, w)
			plan, _, err := look(context.Background(), e, dir.Path)
			if err != nil {
				t.Fatal(err)
			}
			want := c.lacking
			if want == "" {
				want = c.want
			}
			if diff := cmp.Diff(want, describe(w, plan)); diff != "" {
				t.Errorf("without fetching, -want +got:\n%s", diff)
			}
			if plan.IsComplete() != (c.lacking == "") {
				t.Errorf("complete %v", plan.IsComplete())
			}
			if plan, err = Complete(context.Background(), e, dir.Path); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, describe(w, plan)); diff != "" {
				t.Errorf("after fetching, -want +got:\n%s\n%v", diff, plan.Notes)
			}
		})
	}
}
