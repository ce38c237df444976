package ci

import (
	"fmt"
	"strings"
)

const (
	heads       = "refs/heads/"
	tags        = "refs/tags/"
	remoteHeads = "refs/remotes/origin/"
	// originHead is what a clone takes for the remote's default branch.
	originHead = remoteHeads + "HEAD"
)

// gitlab reads the predefined variables of GitLab CI/CD. CI_MERGE_REQUEST_DIFF_BASE_SHA is only the last resort for the base: it
// stays as it was when the target branch is changed, and the author of a merge request chooses by where the branch starts which
// commit of the target branch that is.
func (r *reader) gitlab() {
	source := r.getenv("CI_PIPELINE_SOURCE")
	r.event.Name = source
	head := r.variableID("CI_COMMIT_SHA")
	main := r.variableRef("CI_DEFAULT_BRANCH", heads)
	if iid := number(r.getenv("CI_MERGE_REQUEST_IID")); iid > 0 {
		// In a pipeline for merged results CI_COMMIT_SHA is a merge that GitLab made.
		if own := r.variableID("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"); own != "" {
			r.event.Merge, head = head, own
		}
		base := at(r.variableID("CI_MERGE_REQUEST_TARGET_BRANCH_SHA"), r.variableRef("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", heads))
		if base.isZero() || r.gitlabOfFork() {
			base = at(r.variableID("CI_MERGE_REQUEST_DIFF_BASE_SHA"))
		}
		r.change(at(head, fmt.Sprintf("refs/merge-requests/%d/head", iid)), base)
		r.event.Pull = iid
		return
	}
	ref := r.variableRef("CI_COMMIT_BRANCH", heads)
	if ref == "" {
		ref = r.variableRef("CI_COMMIT_TAG", tags)
	}
	switch source {
	case "schedule", "web", "api", "trigger", "pipeline", "chat", "webide", "ondemand_dast_scan":
		r.everything(ref, at(head), main)
	default:
		r.push(ref, at(head, ref), at(r.variableID("CI_COMMIT_BEFORE_SHA")), main)
	}
}

// gitlabOfFork reports whether the pipeline of a merge request runs in the fork that it comes from. There a branch that is called
// like the target is the fork's own.
func (r *reader) gitlabOfFork() bool {
	project, into := r.getenv("CI_PROJECT_ID"), r.getenv("CI_MERGE_REQUEST_PROJECT_ID")
	return project != "" && into != "" && project != into
}

// azure reads the predefined variables of Azure Pipelines. They do not say what a branch pointed to before, nor which branch is
// the default. Names of branches come with and without refs/heads/.
func (r *reader) azure() {
	reason := r.getenv("BUILD_REASON")
	r.event.Name = reason
	ref, version := r.variableRef("BUILD_SOURCEBRANCH", heads), r.variableID("BUILD_SOURCEVERSION")
	if target := r.variableRef("SYSTEM_PULLREQUEST_TARGETBRANCH", heads); target != "" {
		head := at(r.variableID("SYSTEM_PULLREQUEST_SOURCECOMMITID"))
		if pull, ok := strings.CutSuffix(ref, "/merge"); ok {
			r.event.Merge = version
			if head.isZero() { // only builds of a branch policy name it; the merge has it as its second parent
				head = at("", pull+"/head")
			}
		}
		r.change(head, at("", target))
		r.event.Pull = number(r.getenv("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER"))
		return
	}
	if reason == "Schedule" || reason == "Manual" {
		r.everything(ref, at(version), "")
		return
	}
	r.push(ref, at(version, ref), Point{}, "")
}

// bitbucket reads the default variables of Bitbucket Pipelines. A pull request is checked out with its destination merged
// into it, but BITBUCKET_COMMIT is its own.
func (r *reader) bitbucket() {
	head := r.variableID("BITBUCKET_COMMIT")
	if id := number(r.getenv("BITBUCKET_PR_ID")); id > 0 {
		r.event.Name, r.event.Pull = "pull-request", id
		// The destination's commit may be abbreviated; then the branch tells.
		base := at("", r.variableRef("BITBUCKET_PR_DESTINATION_BRANCH", heads))
		if id := r.getenv("BITBUCKET_PR_DESTINATION_COMMIT"); isID(id) {
			base.ID = strings.ToLower(id)
		}
		r.change(at(head, r.variableRef("BITBUCKET_BRANCH", heads)), base)
		return
	}
	ref := r.variableRef("BITBUCKET_BRANCH", heads)
	if ref == "" {
		ref = r.variableRef("BITBUCKET_TAG", tags)
	}
	if ref == "" { // of custom pipelines that somebody starts for a commit
		r.event.Name = "custom"
		r.everything("", at(head), "")
		return
	}
	r.event.Name = "push"
	r.push(ref, at(head, ref), Point{}, "")
}

// jenkins reads what the Git and the Branch API plugins set. What was there before is the last build of the branch that
// passed: then what a failed build has found is not forgotten by the next one.
func (r *reader) jenkins() {
	head := r.variableID("GIT_COMMIT")
	if target := r.variableRef("CHANGE_TARGET", heads); target != "" {
		r.event.Name, r.event.Pull = "change", number(r.getenv("CHANGE_ID"))
		point := at(head)
		if point.isZero() {
			point = Point{Rev: "HEAD"}
		}
		r.change(point, at("", target))
		return
	}
	ref := r.variableRef("TAG_NAME", tags)
	if ref == "" {
		ref = r.variableRef("BRANCH_NAME", heads)
	}
	if ref == "" {
		ref = r.ref("GIT_BRANCH", heads, strings.TrimPrefix(r.getenv("GIT_BRANCH"), "origin/"))
	}
	r.event.Name = "build"
	point := at(head)
	if point.isZero() {
		point = Point{Rev: "HEAD"}
	}
	main := ""
	if r.getenv("BRANCH_IS_PRIMARY") == "true" {
		main = ref
	}
	r.push(ref, point, at(r.variableID("GIT_PREVIOUS_SUCCESSFUL_COMMIT")), main)
}

// buildkite reads the variables of the Buildkite agent. BUILDKITE_COMMIT is HEAD for builds that somebody starts by hand.
func (r *reader) buildkite() {
	source := r.getenv("BUILDKITE_SOURCE")
	r.event.Name = source
	head := Point{Rev: "HEAD"}
	if commit := r.getenv("BUILDKITE_COMMIT"); commit != "HEAD" {
		head = at(r.id("BUILDKITE_COMMIT", commit))
	}
	main := r.variableRef("BUILDKITE_PIPELINE_DEFAULT_BRANCH", heads)
	if base := r.variableID("BUILDKITE_MERGE_QUEUE_BASE_COMMIT"); base != "" {
		r.change(head, at(base))
		return
	}
	if pull := number(r.getenv("BUILDKITE_PULL_REQUEST")); pull > 0 {
		head.Refs = []string{fmt.Sprintf("refs/pull/%d/head", pull)}
		r.change(head, at("", r.variableRef("BUILDKITE_PULL_REQUEST_BASE_BRANCH", heads)))
		r.event.Pull = pull
		return
	}
	ref := r.variableRef("BUILDKITE_TAG", tags)
	if ref == "" {
		ref = r.variableRef("BUILDKITE_BRANCH", heads)
	}
	if source == "schedule" {
		r.everything(ref, head, main)
		return
	}
	r.push(ref, head, Point{}, main)
}

// circleci reads the variables of CircleCI. They name neither what a pull request is to be merged into nor what was there before:
// both are values of the pipeline, which a configuration can give as --base.
func (r *reader) circleci() {
	ref := r.variableRef("CIRCLE_BRANCH", heads)
	if ref == "" {
		ref = r.variableRef("CIRCLE_TAG", tags)
	}
	// Of a pull request from a fork the branch is called pull/7.
	if number := number(strings.TrimPrefix(ref, heads+"pull/")); number > 0 {
		r.event.Pull = number
	}
	r.event.Name = "build"
	r.push(ref, at(r.variableID("CIRCLE_SHA1")), Point{}, "")
}
