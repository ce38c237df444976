package ci

// githubCases are the events of GitHub Actions.
func githubCases() []planCase {
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
			checkout: full("{f2}"), want: "m4..f2, tag t1, policy of m4",
		},
		{
			name: "tag, as actions/checkout fetches it: as its commit, depth 1", system: GitHub, vars: "GITHUB_EVENT_NAME=push", payload: push("refs/tags/t1", "{zeros}", "{t1}"),
			checkout: shallow("1", "{f2}", "+{f2}:refs/tags/t1"), want: "m4..f2, tag t1, policy of m4",
			lacking: "missing what was pushed, missing the default branch",
		},
		{
			name: "tag that is no object of its own", system: GitHub, vars: "GITHUB_EVENT_NAME=push", payload: push("refs/tags/light", "{zeros}", "{f2}"),
			checkout: full("{f2}"), want: "m4..f2, policy of m4",
		},
		{
			name: "tag that was moved", system: GitHub, vars: "GITHUB_EVENT_NAME=push", payload: push("refs/tags/t1", "{f1}", "{t1}", "forced", true),
			checkout: full("{f2}"), want: "f1..f2 ^m4, tag t1, policy of m4",
		},
		{
			name: "tag deleted", system: GitHub, vars: "GITHUB_EVENT_NAME=push", payload: push("refs/tags/t1", "{t1}", "{zeros}"),
			checkout: full("{m4}"), want: "nothing",
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
		{
			name: "pull request from a fork, all branches", system: GitHub, vars: "GITHUB_EVENT_NAME=pull_request", payload: fork,
			checkout: full("{q1}", "+refs/pull/8/head:refs/remotes/pull/8/head"), want: "m4..q1, policy of m4",
		},
		{
			name: "pull request whose head was force-pushed since: the event counts", system: GitHub, vars: "GITHUB_EVENT_NAME=pull_request GITHUB_SHA={merge}", payload: with(pull, "pull_request.head.sha", "{o1}"),
			checkout: shallow("1", "{merge}", "+{merge}:refs/remotes/pull/7/merge"), want: "m4..o1, policy of m4",
			lacking: "missing the head of the change, missing the base of the change",
		},
		{
			name: "merge group, all of the history", system: GitHub, vars: "GITHUB_EVENT_NAME=merge_group GITHUB_SHA={merge}", payload: map[string]any{"merge_group.head_sha": "{merge}", "merge_group.base_sha": "{m4}", "merge_group.base_ref": "refs/heads/main"},
			checkout: full("{merge}", "+{merge}:refs/remotes/origin/queue"), want: "m4..merge, policy of m4",
		},
		{
			name: "create, of a tag", system: GitHub, vars: "GITHUB_EVENT_NAME=create GITHUB_SHA={f2}", payload: map[string]any{"ref": "t1", "ref_type": "tag"},
			checkout: full("{f2}"), want: "m4..f2, tag t1, policy of m4",
		},
		{
			name: "workflow_dispatch on a branch, depth 1", system: GitHub, vars: "GITHUB_EVENT_NAME=workflow_dispatch GITHUB_SHA={f3} GITHUB_REF=refs/heads/feature", payload: map[string]any{"ref": "refs/heads/feature"},
			checkout: shallow("1", "{f3}", "+{f3}:refs/remotes/origin/feature"), want: "history, policy of m4",
			lacking: "missing the default branch",
		},
		{
			name: "repository_dispatch", system: GitHub, vars: "GITHUB_EVENT_NAME=repository_dispatch GITHUB_SHA={m4} GITHUB_REF=refs/heads/main", payload: map[string]any{"action": "sweep"},
			checkout: full("{m4}"), want: "history, policy of m4",
		},
		{
			name: "workflow_run after a pull request of the repository, depth 1", system: GitHub, vars: "GITHUB_EVENT_NAME=workflow_run GITHUB_SHA={m4} GITHUB_REF=refs/heads/main", payload: map[string]any{"workflow_run.event": "pull_request", "workflow_run.head_sha": "{f3}", "workflow_run.pull_requests": []any{map[string]any{"number": 7, "head": map[string]any{"sha": "{f3}"}, "base": map[string]any{"sha": "{m4}", "ref": "main"}}}},
			checkout: shallow("1", "{m4}", "+{m4}:refs/remotes/origin/main"), want: "m4..f3, policy of m4",
			lacking: "missing the head of the change",
		},
	}
}
