package ci

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/straykey/straykey/source/repo/gittest"
)

const zeros = "0000000000000000000000000000000000000000"

// world is a remote with the branches and refs that a service keeps of pull requests, and names for its commits:
//
//	m1 ─ m2 ─ m3 ─ m4                 main
//	      │     └─ r1 ─ r2            rewritten (pushed as o1 before)
//	      └─ f1 ─ f2 ─ f3             feature, refs/pull/7/head; t1 is the tag of f2, light one without a message
//	m4 + f3 = merge                   refs/pull/7/merge, refs/merge-requests/7/merge
//	f2 ─ q1                           the branch of a fork, refs/pull/8/head and refs/merge-requests/8/head only
type world struct {
	origin gittest.Dir
	ids    map[string]string // by name
	names  *strings.Replacer // ids to names
}

func newWorld(t *testing.T) *world {
	t.Helper()
	o := gittest.Init(t)
	o.Git("config", "uploadpack.allowAnySHA1InWant", "true")
	w := &world{origin: o, ids: map[string]string{}}
	commit := func(name string) { w.ids[name] = o.Commit(name, name) }
	commit("m1")
	commit("m2")
	o.Git("branch", "feature")
	commit("m3")
	o.Git("checkout", "-q", "-b", "rewritten")
	commit("o1")
	o.Git("reset", "-q", "--hard", w.ids["m3"])
	commit("r1")
	commit("r2")
	o.Git("checkout", "-q", "main")
	commit("m4")
	o.Git("checkout", "-q", "feature")
	commit("f1")
	commit("f2")
	o.Git("tag", "-a", "-m", "a tag", "t1")
	o.Git("tag", "light")
	commit("f3")
	o.Git("update-ref", "refs/pull/7/head", "HEAD")
	o.Git("update-ref", "refs/merge-requests/7/head", "HEAD")
	o.Git("checkout", "-q", "--detach", "main")
	o.Git("merge", "-q", "--no-ff", "-m", "merge", "feature")
	w.ids["merge"] = o.Git("rev-parse", "HEAD")
	o.Git("update-ref", "refs/pull/7/merge", "HEAD")
	o.Git("checkout", "-q", "--detach", w.ids["f2"])
	commit("q1")
	o.Git("update-ref", "refs/pull/8/head", "HEAD")
	o.Git("update-ref", "refs/merge-requests/8/head", "HEAD")
	o.Git("checkout", "-q", "main")
	w.ids["t1"] = o.Git("rev-parse", "t1")
	w.ids["zeros"], w.ids["gone"] = zeros, strings.Repeat("9", 40)
	var pairs []string
	for name, id := range w.ids {
		pairs = append(pairs, id, name)
	}
	w.names = strings.NewReplacer(pairs...)
	return w
}

// fill puts ids in the place of names such as {m3}.
func (w *world) fill(s string) string {
	for name, id := range w.ids {
		s = strings.ReplaceAll(s, "{"+name+"}", id)
	}
	return s
}

// checkout makes a checkout as services do: an empty repository, a fetch of refspecs, and a detached HEAD. depth 0 is all.
func (w *world) checkout(t *testing.T, depth string, head string, refspecs ...string) gittest.Dir {
	t.Helper()
	c := gittest.Init(t)
	c.Git("remote", "add", "origin", "file://"+w.origin.Path)
	args := []string{"fetch", "-q", "--no-tags"}
	if depth != "0" {
		args = append(args, "--depth="+depth)
	}
	args = append(args, "origin")
	for _, r := range refspecs {
		args = append(args, w.fill(r))
	}
	c.Git(args...)
	c.Git("checkout", "-q", "--detach", w.fill(head))
	return c
}

// full is a checkout of all branches and tags, as with fetch-depth: 0.
func (w *world) full(t *testing.T, head string, more ...string) gittest.Dir {
	t.Helper()
	return w.checkout(t, "0", head, append([]string{"+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"}, more...)...)
}

func lookup(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

// payloadOf returns a payload of the documented shape for an event, from a few values by their paths ("pull_request.head.sha").
func payloadOf(t *testing.T, values map[string]any) []byte {
	t.Helper()
	root := map[string]any{"repository": map[string]any{"default_branch": "main", "full_name": "acme/shop"}, "sender": map[string]any{"login": "ann"}}
	for path, v := range values {
		at := root
		parts := strings.Split(path, ".")
		for _, p := range parts[:len(parts)-1] {
			next, ok := at[p].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[p] = next
			}
			at = next
		}
		at[parts[len(parts)-1]] = v
	}
	text, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// isolateGit keeps the user's settings out of the git that Fetch runs.
func isolateGit(t *testing.T) {
	t.Helper()
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	t.Setenv("HOME", t.TempDir())
}
