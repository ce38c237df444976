package ci

import (
	"testing"

	"github.com/straykey/straykey/source/repo/gittest"
)

// gitlabCases are the pipelines of GitLab.
func gitlabCases() []planCase {
	gitlab := "GITLAB_CI=true CI_DEFAULT_BRANCH=main "
	mergeRequest := gitlab + "CI_PIPELINE_SOURCE=merge_request_event CI_MERGE_REQUEST_IID=7 CI_COMMIT_BEFORE_SHA={zeros} CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main CI_MERGE_REQUEST_DIFF_BASE_SHA={m2} "
	return []planCase{
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
			checkout: full("{f2}"), want: "m4..f2, tag t1, policy of m4",
		},
		{
			name: "tag, depth 1 and without tags", system: GitLab, vars: gitlab + "CI_PIPELINE_SOURCE=push CI_COMMIT_SHA={f2} CI_COMMIT_BEFORE_SHA={zeros} CI_COMMIT_TAG=t1",
			checkout: shallow("1", "{f2}", "+{f2}:refs/pipelines/1"), want: "m4..f2, tag t1, policy of m4",
			lacking: "missing the tag, missing the default branch",
		},
		{
			name: "schedule, depth 20 of more", system: GitLab, vars: gitlab + "CI_PIPELINE_SOURCE=schedule CI_COMMIT_SHA={m4} CI_COMMIT_BRANCH=main",
			checkout: shallow("2", "{m4}", "+refs/heads/main:refs/remotes/origin/main"), want: "history, policy of m4",
			lacking: "history, policy of m4, shallow",
		},
		{
			name: "merge request from a fork", system: GitLab, vars: gitlab + "CI_PIPELINE_SOURCE=merge_request_event CI_MERGE_REQUEST_IID=8 CI_COMMIT_BEFORE_SHA={zeros} CI_COMMIT_SHA={q1} CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main CI_MERGE_REQUEST_SOURCE_BRANCH_NAME=main CI_MERGE_REQUEST_DIFF_BASE_SHA={f2}",
			checkout: shallow("1", "{q1}", "+refs/merge-requests/8/head:refs/pipelines/1"), want: "m4..q1, policy of m4",
			lacking: "missing the base of the change",
		},
		{
			name: "merge request from a fork, run in the fork: main is the fork's own there", system: GitLab, vars: gitlab + "CI_PIPELINE_SOURCE=merge_request_event CI_PROJECT_ID=2 CI_MERGE_REQUEST_PROJECT_ID=1 CI_MERGE_REQUEST_IID=8 CI_COMMIT_SHA={q1} CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main CI_MERGE_REQUEST_DIFF_BASE_SHA={m2}",
			checkout: full("{q1}", "+refs/merge-requests/8/head:refs/pipelines/1"), want: "m2..q1, policy of m2",
		},
		{
			name: "push, depth 1", system: GitLab, vars: gitlab + "CI_PIPELINE_SOURCE=push CI_COMMIT_SHA={f3} CI_COMMIT_BEFORE_SHA={f2} CI_COMMIT_BRANCH=feature",
			checkout: shallow("1", "{f3}", "+{f3}:refs/pipelines/1"), want: "f2..f3 ^m4, policy of m4",
			lacking: "missing what the branch pointed to before, missing the default branch",
		},
		{
			name: "force push, what was there is gone for good", system: GitLab, vars: gitlab + "CI_PIPELINE_SOURCE=push CI_COMMIT_SHA={r2} CI_COMMIT_BEFORE_SHA={gone} CI_COMMIT_BRANCH=rewritten",
			checkout: shallow("1", "{r2}", "+{r2}:refs/pipelines/1"), want: "m4..r2, policy of m4",
			lacking: "missing what the branch pointed to before, missing the default branch",
		},
		{
			name: "first push of a repository", system: GitLab, vars: gitlab + "CI_PIPELINE_SOURCE=push CI_COMMIT_SHA={m4} CI_COMMIT_BEFORE_SHA={zeros} CI_COMMIT_BRANCH=main",
			checkout: full("{m4}"), want: "history of m4, policy of nobody",
		},
		{
			name: "started by hand", system: GitLab, vars: gitlab + "CI_PIPELINE_SOURCE=web CI_COMMIT_SHA={f3} CI_COMMIT_BRANCH=feature",
			checkout: full("{f3}"), want: "history, policy of m4",
		},
	}
}

// otherCases are the builds of all other systems.
func otherCases() []planCase {
	return []planCase{
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
		{
			name: "pull request from a fork, depth 1", system: Azure, vars: "TF_BUILD=True BUILD_REASON=PullRequest BUILD_SOURCEBRANCH=refs/pull/8/merge BUILD_SOURCEVERSION={q1} SYSTEM_PULLREQUEST_ISFORK=True SYSTEM_PULLREQUEST_TARGETBRANCH=main SYSTEM_PULLREQUEST_SOURCECOMMITID={q1}",
			checkout: shallow("1", "{q1}", "+{q1}:refs/remotes/pull/8/merge"), want: "m4..q1, policy of m4",
			lacking: "missing the base of the change",
		},
		{
			name: "push to the default branch", system: Azure, vars: "TF_BUILD=True BUILD_REASON=IndividualCI BUILD_SOURCEBRANCH=refs/heads/main BUILD_SOURCEVERSION={m4}", main: "main",
			checkout: full("{m4}"), want: "history of m4, policy of nobody",
		},
		{
			name: "push, depth 1", system: Azure, vars: "TF_BUILD=True BUILD_REASON=BatchedCI BUILD_SOURCEBRANCH=refs/heads/feature BUILD_SOURCEVERSION={f3}", main: "main",
			checkout: shallow("1", "{f3}", "+{f3}:refs/remotes/origin/feature"), want: "m4..f3, policy of m4",
			lacking: "missing the default branch",
		},
		{
			name: "tag", system: Azure, vars: "TF_BUILD=True BUILD_REASON=IndividualCI BUILD_SOURCEBRANCH=refs/tags/t1 BUILD_SOURCEVERSION={f2}", main: "main",
			checkout: full("{f2}"), want: "m4..f2, tag t1, policy of m4",
		},
		{
			name: "schedule", system: Azure, vars: "TF_BUILD=True BUILD_REASON=Schedule BUILD_SOURCEBRANCH=refs/heads/main BUILD_SOURCEVERSION={m4}", main: "main",
			checkout: shallow("1", "{m4}", "+{m4}:refs/remotes/origin/main"), want: "history, policy of m4",
			lacking: "history, policy of m4, shallow",
		},
		{
			name: "branch", system: Bitbucket, vars: "BITBUCKET_BUILD_NUMBER=3 BITBUCKET_COMMIT={f3} BITBUCKET_BRANCH=feature", main: "main",
			checkout: shallow("50", "{f3}", "+refs/heads/feature:refs/remotes/origin/feature"), want: "m4..f3, policy of m4",
			lacking: "missing the default branch",
		},
		{
			name: "default branch", system: Bitbucket, vars: "BITBUCKET_BUILD_NUMBER=3 BITBUCKET_COMMIT={m4} BITBUCKET_BRANCH=main", main: "main",
			checkout: full("{m4}"), want: "history of m4, policy of nobody",
		},
		{
			name: "tag", system: Bitbucket, vars: "BITBUCKET_BUILD_NUMBER=3 BITBUCKET_COMMIT={f2} BITBUCKET_TAG=t1", main: "main",
			checkout: full("{f2}"), want: "m4..f2, tag t1, policy of m4",
		},
		{
			name: "custom pipeline of a commit: it has no branch", system: Bitbucket, vars: "BITBUCKET_BUILD_NUMBER=3 BITBUCKET_COMMIT={m4}", main: "main",
			checkout: full("{m4}"), want: "history, policy of m4",
		},
		{
			name: "change request, merged with its target", system: Jenkins, vars: "JENKINS_URL=https://ci/ CHANGE_ID=7 CHANGE_TARGET=main BRANCH_NAME=PR-7 GIT_COMMIT={merge}",
			checkout: full("{merge}", "+{merge}:refs/remotes/origin/PR-7"), want: "m4..merge, policy of m4",
		},
		{
			name: "change request from a fork, depth 1", system: Jenkins, vars: "JENKINS_URL=https://ci/ CHANGE_ID=8 CHANGE_FORK=mallory CHANGE_TARGET=main BRANCH_NAME=PR-8 GIT_COMMIT={q1}",
			checkout: shallow("1", "{q1}", "+{q1}:refs/remotes/origin/PR-8"), want: "m4..q1, policy of m4",
			lacking: "missing the base of the change",
		},
		{
			name: "branch that was rewritten since the last build that passed", system: Jenkins, vars: "JENKINS_URL=https://ci/ GIT_BRANCH=origin/rewritten GIT_COMMIT={r2} GIT_PREVIOUS_SUCCESSFUL_COMMIT={gone}", main: "main",
			checkout: full("{r2}"), want: "m4..r2, policy of m4",
		},
		{
			name: "tag", system: Jenkins, vars: "JENKINS_URL=https://ci/ BRANCH_NAME=t1 TAG_NAME=t1 GIT_COMMIT={f2}", main: "main",
			checkout: full("{f2}"), want: "m4..f2, tag t1, policy of m4",
		},
		{
			name: "pull request built as GitHub's merge", system: Buildkite, vars: "BUILDKITE=true BUILDKITE_PIPELINE_DEFAULT_BRANCH=main BUILDKITE_COMMIT=HEAD BUILDKITE_BRANCH=feature BUILDKITE_PULL_REQUEST=7 BUILDKITE_PULL_REQUEST_BASE_BRANCH=main BUILDKITE_PULL_REQUEST_USING_MERGE_REFSPEC=true",
			checkout: full("{merge}", "+refs/pull/7/merge:refs/remotes/pull/7"), want: "m4..merge, policy of m4",
		},
		{
			name: "merge queue, depth 1", system: Buildkite, vars: "BUILDKITE=true BUILDKITE_PIPELINE_DEFAULT_BRANCH=main BUILDKITE_COMMIT={merge} BUILDKITE_BRANCH=gh-readonly-queue/main/pr-7-x BUILDKITE_PULL_REQUEST=false BUILDKITE_MERGE_QUEUE_BASE_BRANCH=main BUILDKITE_MERGE_QUEUE_BASE_COMMIT={m4}",
			checkout: shallow("1", "{merge}", "+{merge}:refs/remotes/origin/queue"), want: "m4..merge, policy of m4",
			lacking: "missing the base of the change",
		},
		{
			name: "push to the default branch", system: Buildkite, vars: "BUILDKITE=true BUILDKITE_PIPELINE_DEFAULT_BRANCH=main BUILDKITE_COMMIT={m4} BUILDKITE_BRANCH=main BUILDKITE_PULL_REQUEST=false BUILDKITE_SOURCE=webhook",
			checkout: full("{m4}"), want: "history of m4, policy of nobody",
		},
		{
			name: "tag", system: Buildkite, vars: "BUILDKITE=true BUILDKITE_PIPELINE_DEFAULT_BRANCH=main BUILDKITE_COMMIT={f2} BUILDKITE_BRANCH=t1 BUILDKITE_TAG=t1 BUILDKITE_PULL_REQUEST=false BUILDKITE_SOURCE=webhook",
			checkout: full("{f2}"), want: "m4..f2, tag t1, policy of m4",
		},
		{
			name: "schedule, depth 1", system: Buildkite, vars: "BUILDKITE=true BUILDKITE_PIPELINE_DEFAULT_BRANCH=main BUILDKITE_COMMIT=HEAD BUILDKITE_BRANCH=main BUILDKITE_PULL_REQUEST=false BUILDKITE_SOURCE=schedule",
			checkout: shallow("1", "{m4}", "+{m4}:refs/remotes/origin/main"), want: "history, policy of m4",
			lacking: "history, policy of m4, shallow",
		},
		{
			name: "pull request from a fork", system: CircleCI, vars: "CIRCLECI=true CIRCLE_SHA1={q1} CIRCLE_BRANCH=pull/8", main: "main",
			checkout: full("{q1}", "+refs/pull/8/head:refs/remotes/origin/pull/8"), want: "m4..q1, policy of m4",
		},
		{
			name: "tag", system: CircleCI, vars: "CIRCLECI=true CIRCLE_SHA1={f2} CIRCLE_TAG=t1", main: "main",
			checkout: full("{f2}"), want: "m4..f2, tag t1, policy of m4",
		},
		{
			name: "default branch, depth 1", system: CircleCI, vars: "CIRCLECI=true CIRCLE_SHA1={m4} CIRCLE_BRANCH=main", main: "main",
			checkout: shallow("1", "{m4}", "+{m4}:refs/remotes/origin/main"), want: "history of m4, policy of nobody",
			lacking: "history of m4, policy of nobody, shallow",
		},
	}
}
