package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/detect/proof/forge"
	"github.com/straykey/straykey/source/repo/gittest"
)

// secretLine is a line with a new token.
func secretLine(seed string) string {
	return "GITHUB_TOKEN=" + forge.GitHub(forge.New("ci"+seed), "ghp"+"_") + "\n"
}

// ciJob is what a service sets up for a run.
type ciJob struct {
	dir     string
	vars    map[string]string
	outputs string // GITHUB_OUTPUT
	summary string // GITHUB_STEP_SUMMARY
}

// github sets up a job for an event whose payload is written as fmt would.
func github(t *testing.T, dir gittest.Dir, event, payload string, args ...any) *ciJob {
	t.Helper()
	tmp := t.TempDir()
	j := &ciJob{dir: dir.Path, outputs: filepath.Join(tmp, "output"), summary: filepath.Join(tmp, "summary")}
	file := filepath.Join(tmp, "event.json")
	text := fmt.Sprintf(payload, args...)
	if !json.Valid([]byte(text)) {
		t.Fatalf("payload %s", text)
	}
	for name, content := range map[string]string{file: text, j.outputs: "", j.summary: "before\n"} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	j.vars = map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": event, "GITHUB_EVENT_PATH": file, "GITHUB_REPOSITORY": "acme/shop",
		"GITHUB_OUTPUT": j.outputs, "GITHUB_STEP_SUMMARY": j.summary,
	}
	return j
}

// The payloads of events, as far as they are read.
const (
	pullPayload = `{"number":7,"pull_request":{"number":7,"commits":%d,"head":{"sha":%q,"ref":"feature"},"base":{"sha":%q,"ref":"main"}},"repository":{"default_branch":"main"}}`
	pushPayload = `{"ref":%q,"before":%q,"after":%q,"repository":{"default_branch":"main"}}`
	noCommit    = "0000000000000000000000000000000000000000"
)

// run runs straykey in the job's directory and returns the exit code and what was printed.
func (j *ciJob) run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	t.Chdir(j.dir)
	var out, errs bytes.Buffer
	vars := maps.Clone(j.vars)
	env := &environment{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, getenv: func(name string) string { return vars[name] }}
	code = run(args, env)
	return code, out.String(), errs.String()
}

func (j *ciJob) output(t *testing.T, name string) string {
	t.Helper()
	for line := range strings.Lines(readAll(t, j.outputs)) {
		if value, ok := strings.CutPrefix(line, name+"="); ok {
			return strings.TrimSuffix(value, "\n")
		}
	}
	return ""
}

func readAll(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// isolated keeps the user's settings out of the git that --fetch runs.
func isolated(t *testing.T) {
	t.Helper()
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
}

// branches makes a repository whose main has one commit, and is on a new branch feature.
func branches(t *testing.T) (d gittest.Dir, base string) {
	t.Helper()
	d = gittest.Init(t)
	base = d.Commit("README", "hello\n")
	d.Git("checkout", "-q", "-b", "feature")
	return d, base
}

// TestCIChange is about what a pull request is red for. Each case has the same verdict as a scan of the range by hand.
func TestCIChange(t *testing.T) {
	head := func(d gittest.Dir) string { return d.Git("rev-parse", "feature") }
	for _, c := range []struct {
		name  string
		build func(*testing.T, gittest.Dir) // on the branch feature
		code  int
	}{
		{"nothing", func(_ *testing.T, d gittest.Dir) { d.Commit("a", "b\n") }, 0},
		{"a secret", func(_ *testing.T, d gittest.Dir) { d.Commit("a.env", secretLine("1")) }, 1},
		{"added and removed again", func(_ *testing.T, d gittest.Dir) {
			d.Commit("a.env", secretLine("1"))
			d.Commit("a.env", "GITHUB_TOKEN=\n")
		}, 1},
		{"in a message", func(_ *testing.T, d gittest.Dir) {
			d.Git("commit", "-q", "--allow-empty", "-m", "try "+secretLine("1"))
		}, 1},
		{"on the base", func(_ *testing.T, d gittest.Dir) {
			d.Git("checkout", "-q", "main")
			d.Commit("a.env", secretLine("1"))
			d.Git("checkout", "-q", "feature")
			d.Commit("a", "b\n")
		}, 0},
		{"on the base, which was merged into the change", func(_ *testing.T, d gittest.Dir) {
			d.Git("checkout", "-q", "main")
			d.Commit("a.env", secretLine("1"))
			d.Git("checkout", "-q", "feature")
			d.Commit("a", "b\n")
			d.Git("merge", "-q", "-m", "merge", "main")
		}, 0},
		{"only in a merge", func(_ *testing.T, d gittest.Dir) {
			d.Git("checkout", "-q", "main")
			d.Commit("b", "c\n")
			d.Git("checkout", "-q", "feature")
			d.Commit("a", "b\n")
			d.Git("merge", "-q", "--no-commit", "main")
			d.Commit("a.env", secretLine("1"))
		}, 1},
		{"an old secret in a file that is renamed", func(_ *testing.T, d gittest.Dir) {
			d.Git("checkout", "-q", "main")
			d.Commit("a.env", secretLine("1"))
			d.Git("checkout", "-q", "feature")
			d.Git("reset", "-q", "--hard", "main")
			d.Git("mv", "a.env", "b.env")
			d.Commit()
		}, 0},
		{"criss-cross merges, the base's secret", func(_ *testing.T, d gittest.Dir) { crissCross(d, "base.env") }, 0},
		{"criss-cross merges, a secret of the change", func(_ *testing.T, d gittest.Dir) {
			crissCross(d, "base.env")
			d.Commit("change.env", secretLine("2"))
		}, 1},
		{"three hundred commits, the secret in the midst of them", func(_ *testing.T, d gittest.Dir) {
			manyCommits(d, 300, 150)
		}, 1},
		{"an ignore file of its own", func(_ *testing.T, d gittest.Dir) {
			d.Commit("a.env", secretLine("1"), ".straykeyignore", "a.env reason=\"trust me\"\n")
		}, 1},
		{"a configuration of its own", func(_ *testing.T, d gittest.Dir) {
			d.Commit("a.env", secretLine("1"), ".straykey.toml", "disabledRules = [\"github-pat-classic\"]\n[scan]\nexit-code = 0\n")
		}, 1},
		{"an allow comment of its own", func(_ *testing.T, d gittest.Dir) {
			d.Commit("a.env", strings.TrimSpace(secretLine("1"))+" # straykey:allow made up\n")
		}, 1},
		{"a baseline of its own", func(t *testing.T, d gittest.Dir) {
			d.Commit("a.env", secretLine("1"))
			j := &ciJob{dir: d.Path}
			if code, _, stderr := j.run(t, "baseline", "create"); code != exitClean {
				t.Fatal(stderr)
			}
			d.Git("add", "-A")
			d.Git("commit", "-q", "--amend", "-m", "with a baseline")
		}, 1},
		{"an ignore file that the base has", func(_ *testing.T, d gittest.Dir) {
			d.Git("checkout", "-q", "main")
			d.Commit(".straykeyignore", "a.env reason=\"made up\"\n")
			d.Git("checkout", "-q", "feature")
			d.Commit("a.env", secretLine("1"))
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, _ := branches(t)
			c.build(t, d)
			base := d.Git("rev-parse", "main")
			j := github(t, d, "pull_request", pullPayload, 3, head(d), base)
			byEvent, byHand := filepath.Join(t.TempDir(), "ci.json"), filepath.Join(t.TempDir(), "scan.json")
			code, stdout, stderr := j.run(t, "ci", "--report", "json="+byEvent)
			if code != c.code {
				t.Errorf("exit code %d, want %d\n%s%s", code, c.code, stdout, stderr)
			}
			code, _, stderr = j.run(t, "scan", "--range", base+".."+head(d), "--policy-ref", base, "--format", "json", "-o", byHand)
			if code != c.code {
				t.Errorf("scan: exit code %d, want %d\n%s", code, c.code, stderr)
			}
			if diff := cmp.Diff(withoutRun(t, byHand), withoutRun(t, byEvent)); diff != "" {
				t.Errorf("ci is not scan by hand, -scan +ci:\n%s", diff)
			}
			if got, want := j.output(t, "exit-code"), fmt.Sprint(c.code); got != want || j.output(t, "complete") != "true" {
				t.Errorf("outputs %q", readAll(t, j.outputs))
			}
			if strings.HasSuffix(c.name, "of its own") && !strings.Contains(c.name, "configuration") {
				// It would be one if the change had a say in it.
				if code, _, _ := j.run(t, "ci", "--accept-new-suppressions"); code != exitClean {
					t.Errorf("accepted, exit code %d", code)
				}
			}
			if summary := readAll(t, j.summary); !strings.HasPrefix(summary, "before\n## straykey: ") {
				t.Errorf("summary %q", summary)
			}
		})
	}
}

// crissCross merges the branches main and feature into one another, so that they have two best common ancestors. main has a
// secret in the named file.
func crissCross(d gittest.Dir, name string) {
	d.Commit("f", "1\n")
	feature := d.Git("rev-parse", "HEAD")
	d.Git("checkout", "-q", "main")
	d.Commit(name, secretLine("base"))
	main := d.Git("rev-parse", "HEAD")
	d.Git("merge", "-q", "-m", "one way", feature)
	d.Commit("m", "2\n")
	d.Git("checkout", "-q", "feature")
	d.Git("merge", "-q", "-m", "the other", main)
	d.Commit("f", "3\n")
}

// manyCommits makes commits, of which one adds a secret that the next one removes.
func manyCommits(d gittest.Dir, n, secret int) {
	var b strings.Builder
	parent := d.Git("rev-parse", "HEAD")
	for i := range n {
		content := fmt.Sprintf("%d\n", i)
		if i == secret {
			content = secretLine("many")
		}
		fmt.Fprintf(&b, "commit refs/heads/feature\ncommitter C <c@example.com> %d +0000\ndata 1\nx\n", 1_710_000_000+i)
		if i == 0 {
			fmt.Fprintf(&b, "from %s\n", parent)
		}
		fmt.Fprintf(&b, "M 100644 inline a.env\ndata %d\n%s\n", len(content), content)
	}
	d.In(b.String(), "fast-import", "--quiet", "--force")
	d.Git("reset", "-q", "--hard")
}

// withoutRun returns a JSON report without what varies from run to run and what says how it was asked for.
func withoutRun(t *testing.T, name string) map[string]any {
	t.Helper()
	var r map[string]any
	if err := json.Unmarshal([]byte(readAll(t, name)), &r); err != nil {
		t.Fatal(err)
	}
	delete(r, "run")
	return r
}

// A branch could be given an exception by one push, and the secret by the next. The default branch's policy is what counts.
func TestCIPushBringsNoPolicy(t *testing.T) {
	d, base := branches(t)
	d.Git("update-ref", "refs/remotes/origin/main", base)
	before := d.Commit(".straykeyignore", "a.env reason=\"soon\"\n")
	after := d.Commit("a.env", secretLine("1"))
	j := github(t, d, "push", pushPayload, "refs/heads/feature", before, after)
	if code, stdout, stderr := j.run(t, "ci"); code != exitFindings {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
}

// The first push of a repository has nobody's policy.
func TestCIFirstPush(t *testing.T) {
	d := gittest.Init(t)
	after := d.Commit("a.env", secretLine("1"), ".straykeyignore", "a.env reason=\"mine\"\n", ".straykey.toml", "[scan]\nskip = [\"github-pat-classic\"]\n")
	j := github(t, d, "push", pushPayload, "refs/heads/main", noCommit, after)
	for _, args := range [][]string{{"ci"}, {"ci", "--config", ".straykey.toml"}, {"ci", "--ignore-file", ".straykeyignore"}} {
		if code, stdout, stderr := j.run(t, args...); code != exitFindings {
			t.Errorf("%v: exit code %d\n%s%s", args, code, stdout, stderr)
		}
	}
	if code, _, _ := j.run(t, "ci", "--policy-ref", "HEAD"); code != exitClean {
		t.Errorf("--policy-ref HEAD: exit code %d", code)
	}
}

// The message of a tag that is pushed is looked at, also when its commit is on the default branch already.
func TestCITag(t *testing.T) {
	d, base := branches(t)
	d.Git("update-ref", "refs/remotes/origin/main", base)
	d.In("Version 1\n\n"+secretLine("1"), "tag", "-a", "-F", "-", "leak", base)
	d.Git("tag", "-a", "-m", "Version 1", "fine", base)
	for _, tt := range []struct {
		tag  string
		code int
	}{{"leak", exitFindings}, {"fine", exitClean}} {
		object := d.Git("rev-parse", "refs/tags/"+tt.tag)
		for system, j := range map[string]*ciJob{
			"github": github(t, d, "push", pushPayload, "refs/tags/"+tt.tag, noCommit, object),
			"gitlab": {dir: d.Path, vars: map[string]string{
				"GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "push", "CI_COMMIT_SHA": base, "CI_COMMIT_BEFORE_SHA": noCommit, "CI_COMMIT_TAG": tt.tag, "CI_DEFAULT_BRANCH": "main",
			}},
		} {
			code, stdout, stderr := j.run(t, "ci", "--gitlab-report", filepath.Join(t.TempDir(), "report.json"))
			if code != tt.code || strings.Contains(stdout, "message of tag") != (tt.code == exitFindings) {
				t.Errorf("%s, tag %s: exit code %d, want %d\n%s%s", system, tt.tag, code, tt.code, stdout, stderr)
			}
		}
	}
}

// pull_request_target checks out the base. What the change leaves behind is in the change, not in HEAD.
func TestCIJudgesTheChange(t *testing.T) {
	d, base := branches(t)
	d.Commit("a.env", secretLine("1"))
	head := d.Commit("a.env", "# moved\n\n"+secretLine("1"))
	d.Git("checkout", "-q", "main")
	j := github(t, d, "pull_request_target", pullPayload, 2, head, base)
	file := filepath.Join(t.TempDir(), "report.json")
	if code, stdout, stderr := j.run(t, "ci", "--report", "json="+file); code != exitFindings || strings.Contains(stdout, "no longer in HEAD") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	var r struct {
		Run      struct{ Head, Branch string }
		Findings []struct {
			Occurrences []struct {
				History struct {
					InHead bool `json:"in_head"`
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(readAll(t, file)), &r); err != nil {
		t.Fatal(err)
	}
	if r.Run.Head != head || r.Run.Branch != "" || len(r.Findings) != 1 || !r.Findings[0].Occurrences[0].History.InHead {
		t.Errorf("%+v, want HEAD %s", r, head)
	}
}

// clone makes a checkout as actions/checkout does, of one commit and as deep as is said.
func clone(t *testing.T, origin gittest.Dir, depth int, commit string) gittest.Dir {
	t.Helper()
	origin.Git("config", "uploadpack.allowAnySHA1InWant", "true")
	d := gittest.Init(t)
	d.Git("remote", "add", "origin", "file://"+origin.Path)
	d.Git("fetch", "-q", "--no-tags", fmt.Sprintf("--depth=%d", depth), "origin", "+"+commit+":refs/remotes/pull/7/merge")
	d.Git("checkout", "-q", "--detach", commit)
	return d
}

// A checkout that is too shallow is never green: it says what to set, or fetches.
func TestCIShallow(t *testing.T) {
	isolated(t)
	origin, base := branches(t)
	manyCommits(origin, 300, 150)
	head := origin.Git("rev-parse", "feature")
	origin.Git("update-ref", "refs/pull/7/head", head)
	origin.Git("checkout", "-q", "main")
	for _, event := range []string{"pull_request", "pull_request_target"} {
		t.Run(event, func(t *testing.T) {
			at := head
			if event == "pull_request_target" {
				at = base
			}
			d := clone(t, origin, 1, at)
			j := github(t, d, event, pullPayload, 300, head, base)
			code, stdout, stderr := j.run(t, "ci", "--sarif", filepath.Join(d.Path, "x.sarif"))
			if code != exitIncomplete || !strings.Contains(stderr, "fetch-depth: 0") || !strings.Contains(stdout, "::error title=straykey::incomplete") {
				t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
			}
			if j.output(t, "exit-code") != "2" || j.output(t, "complete") != "false" || !strings.Contains(readAll(t, j.summary), "incomplete") {
				t.Errorf("outputs %q, summary %q", readAll(t, j.outputs), readAll(t, j.summary))
			}
			if _, err := os.Stat(filepath.Join(d.Path, "x.sarif")); err == nil {
				t.Error("there is a report that says that nothing was found")
			}
			if code, _, stderr := j.run(t, "ci", "--allow-incomplete"); code != exitIncomplete {
				t.Errorf("nothing was scanned, and that passes: exit code %d\n%s", code, stderr)
			}
			code, stdout, stderr = j.run(t, "ci", "--fetch")
			if code != exitFindings || !strings.Contains(stdout, "a.env:1:14") {
				t.Errorf("--fetch: exit code %d\n%s%s", code, stdout, stderr)
			}
			if got := d.Git("rev-parse", "HEAD"); got != at || d.Git("status", "--porcelain", "--untracked-files=no") != "" {
				t.Errorf("the work tree has changed")
			}
		})
	}
	t.Run("schedule", func(t *testing.T) {
		d := clone(t, origin, 2, base)
		d.Git("update-ref", "refs/remotes/origin/main", base)
		origin.Commit("a.env", secretLine("old"))
		origin.Commit("a.env", "gone\n")
		tip := origin.Commit("b", "c\n")
		d = clone(t, origin, 1, tip)
		j := github(t, d, "schedule", `{"schedule":"0 3 * * *","repository":{"default_branch":"main"}}`)
		j.vars["GITHUB_SHA"], j.vars["GITHUB_REF"] = tip, "refs/heads/main"
		code, stdout, stderr := j.run(t, "ci")
		if code != exitIncomplete || !strings.Contains(stderr, "fetch-depth: 0") || j.output(t, "complete") != "false" {
			t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
		}
		if code, stdout, stderr := j.run(t, "ci", "--fetch"); code != exitFindings {
			t.Errorf("--fetch: exit code %d\n%s%s", code, stdout, stderr)
		}
	})
}

func TestCISystems(t *testing.T) {
	d, base := branches(t)
	head := d.Commit("a.env", secretLine("1"))
	d.Git("update-ref", "refs/remotes/origin/main", base)
	for name, vars := range map[string]map[string]string{
		"gitlab":    {"GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "7", "CI_COMMIT_SHA": head, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", "CI_DEFAULT_BRANCH": "main"},
		"azure":     {"TF_BUILD": "True", "BUILD_REASON": "PullRequest", "BUILD_SOURCEBRANCH": "refs/pull/7/merge", "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main", "SYSTEM_PULLREQUEST_SOURCECOMMITID": head},
		"bitbucket": {"BITBUCKET_BUILD_NUMBER": "1", "BITBUCKET_PR_ID": "7", "BITBUCKET_COMMIT": head, "BITBUCKET_PR_DESTINATION_BRANCH": "main"},
		"jenkins":   {"JENKINS_URL": "https://ci", "CHANGE_ID": "7", "CHANGE_TARGET": "main", "GIT_COMMIT": head},
		"buildkite": {"BUILDKITE": "true", "BUILDKITE_COMMIT": head, "BUILDKITE_PULL_REQUEST": "7", "BUILDKITE_PULL_REQUEST_BASE_BRANCH": "main"},
		"circleci":  {"CIRCLECI": "true", "CIRCLE_SHA1": head, "CIRCLE_BRANCH": "feature"},
		"none":      {},
	} {
		t.Run(name, func(t *testing.T) {
			j := &ciJob{dir: d.Path, vars: vars}
			args := []string{"ci"}
			switch name {
			case "circleci":
				args = append(args, "--default-branch", "main")
			case "none":
				if code, _, stderr := j.run(t, "ci"); code != exitUsage || !strings.Contains(stderr, "straykey ci --base") {
					t.Errorf("exit code %d, %s", code, stderr)
				}
				args = append(args, "--base", "origin/main")
			}
			code, stdout, stderr := j.run(t, args...)
			if code != exitFindings || !strings.Contains(stdout, "a.env:1:14") || strings.Contains(stdout, "::") {
				t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
			}
			_, err := os.Stat(filepath.Join(d.Path, gitlabReport))
			if (err == nil) != (name == "gitlab") {
				t.Errorf("%s: %v", gitlabReport, err)
			}
			_ = os.Remove(filepath.Join(d.Path, gitlabReport))
		})
	}
}

func TestCINothing(t *testing.T) {
	d, base := branches(t)
	j := github(t, d, "push", pushPayload, "refs/heads/feature", base, noCommit)
	code, stdout, _ := j.run(t, "ci")
	if code != exitClean || !strings.Contains(stdout, "a ref was deleted") || j.output(t, "complete") != "true" || j.output(t, "findings") != "0" {
		t.Errorf("exit code %d, %s, outputs %q", code, stdout, readAll(t, j.outputs))
	}
}

func TestCIRefuses(t *testing.T) {
	d, base := branches(t)
	head := d.Commit("a", "b\n")
	for _, c := range []struct {
		name string
		job  *ciJob
		args []string
		want string
	}{
		{"an event of which nothing is known", github(t, d, "issue_comment", `{}`), nil, "--base origin/main"},
		{"a branch that is an option", github(t, d, "push", pushPayload, "--upload-pack=/x", base, head), nil, "ref is not the name of a ref"},
		{"a base that is an option", github(t, d, "push", pushPayload, "refs/heads/feature", base, head), []string{"--base=--help"}, "is not a revision"},
		{"a default branch that is an option", github(t, d, "push", pushPayload, "refs/heads/feature", base, head), []string{"--default-branch=-x"}, "is not the name of a branch"},
		{"a system that is none", github(t, d, "push", pushPayload, "refs/heads/feature", base, head), []string{"--system=travis"}, "want one of"},
		{"an output of two lines", github(t, d, "push", pushPayload, "refs/heads/feature", base, head), []string{"--sarif", "x\nfindings=0"}, "control characters"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, _, stderr := c.job.run(t, append([]string{"ci"}, c.args...)...)
			if code < exitIncomplete || !strings.Contains(stderr, c.want) {
				t.Errorf("exit code %d, %s, want %q", code, stderr, c.want)
			}
			exit := fmt.Sprint(code)
			if slices.Contains(c.args, "--system=travis") || slices.Contains(c.args, "x\nfindings=0") {
				exit = "" // there is no way to write outputs, or one of them cannot be
			}
			if c.job.output(t, "exit-code") != exit || c.job.output(t, "findings") != "" {
				t.Errorf("outputs %q", readAll(t, c.job.outputs))
			}
		})
	}
}

// Names in a repository are anybody's, and so are messages. None becomes a command of GitHub's runner.
func TestCIHostileNames(t *testing.T) {
	d, base := branches(t)
	name := "a\n::set-env name=PATH::x\n::error::%0A.env"
	d.Git("commit", "-q", "--allow-empty", "-m", "::add-mask::x\n::warning::"+secretLine("2"))
	head := d.Commit(name, secretLine("1"))
	j := github(t, d, "pull_request", pullPayload, 1, head, base)
	code, stdout, stderr := j.run(t, "ci", "-v")
	if code != exitFindings {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	allowed := regexp.MustCompile(`^::(error|warning|notice) [^:]*::.*$`)
	quoted, quotes := "", 0
	for line := range strings.Lines(stdout) {
		line = strings.TrimSuffix(line, "\n")
		word, begins := strings.CutPrefix(line, "::stop-commands::")
		switch {
		case begins && quoted == "":
			quoted, quotes = word, quotes+1
		case quoted != "" && line == "::"+quoted+"::":
			quoted = ""
		case quoted == "" && strings.HasPrefix(strings.TrimSpace(line), "::") && !allowed.MatchString(line):
			t.Errorf("a command: %q", line)
		}
	}
	if quotes != 1 || quoted != "" {
		t.Errorf("the text is not quoted:\n%s", stdout)
	}
	if strings.Contains(readAll(t, j.summary), "\n::") {
		t.Errorf("summary %q", readAll(t, j.summary))
	}
}

func TestCIPlan(t *testing.T) {
	d, base := branches(t)
	head := d.Commit("a.env", secretLine("1"))
	j := github(t, d, "pull_request", pullPayload, 1, head, base)
	code, stdout, _ := j.run(t, "ci", "--plan")
	want := "system   github\nevent    pull_request\nscan     what the change adds to its base\nrange    " + base + ".." + head + "\nhead     " + head + "\npolicy   " + base + "\n"
	if code != exitClean || stdout != want {
		t.Errorf("exit code %d, -want +got:\n%s", code, cmp.Diff(want, stdout))
	}
	if readAll(t, j.outputs) != "" {
		t.Error("a plan has outputs")
	}
}

// TestCIComments comments in a pull request at a server on this machine, which is all of GitHub that comments need.
func TestCIComments(t *testing.T) {
	d, base := branches(t)
	secret := secretLine("1")
	head := d.Commit("a.env", secret)
	var bodies []string
	status := http.StatusCreated
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodGet && r.URL.Path == "/user":
			w.WriteHeader(http.StatusForbidden)
		case r.Method == http.MethodGet:
			_, _ = w.Write([]byte("[]"))
		default:
			body, _ := io.ReadAll(r.Body)
			bodies = append(bodies, r.URL.Path+" "+string(body))
			w.WriteHeader(status)
		}
	}))
	defer server.Close()
	for _, c := range []struct {
		name  string
		token string
		api   string
		code  int // of the server
		posts int
		want  string
	}{
		{"a comment", "t0k", server.URL, http.StatusCreated, 1, "comments: 1 written"},
		{"no token", "", server.URL, http.StatusCreated, 0, "there is no GITHUB_TOKEN"},
		{"a token that may only read", "t0k", server.URL, http.StatusForbidden, 1, "the token may not comment"},
		{"an API without TLS", "t0k", "http://api.example.com", http.StatusCreated, 0, "is not https"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bodies, status = nil, c.code
			j := github(t, d, "pull_request", pullPayload, 1, head, base)
			j.vars["GITHUB_TOKEN"], j.vars["GITHUB_API_URL"] = c.token, c.api
			code, stdout, stderr := j.run(t, "ci", "--review-comments")
			if code != exitFindings || len(bodies) != c.posts || !strings.Contains(stdout, c.want) {
				t.Errorf("exit code %d, %d posts, want %q\n%s%s", code, len(bodies), c.want, stdout, stderr)
			}
			for _, body := range bodies {
				if !strings.HasPrefix(body, "/repos/acme/shop/pulls/7/comments ") || !strings.Contains(body, `"line":1`) {
					t.Errorf("%s", body)
				}
				if _, token, _ := strings.Cut(strings.TrimSpace(secret), "="); strings.Contains(body, token[:12]) {
					t.Error("a comment holds a secret")
				}
			}
			if strings.Contains(stdout+stderr, "t0k") {
				t.Error("the token stands in the log")
			}
		})
	}
}
