// Package review tells a pull request on GitHub what was found in it: a comment on each line where a credential stands,
// and one for all those that stand on no line of the change. It is for people; no verdict depends on it.
//
// Comments carry a mark that nobody sees, with the fingerprint of what they are about. So a second run finds those of the
// first: it adds what is new, changes what reads otherwise now, and says of what is gone that it is. A mark counts only in
// comments of the account that the token is for, as anybody can write one. No secret is ever part of a comment.
package review

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

const (
	// maxComments bounds the comments on lines; what is beyond stands in the one for all. More would be noise, and GitHub slows
	// down who writes many.
	maxComments = 30
	maxPages    = 40
	perPage     = 50
	bot         = "github-actions[bot]" // whose comments those of a workflow's own token are
)

// Doer sends requests, as guard.Network does.
type Doer interface {
	Do(r *http.Request) (*http.Response, error)
}

// Pull is a pull request.
type Pull struct {
	Network Doer
	API     string // address of the API: https://api.github.com
	Token   string // may write to pull requests
	Slug    string // owner/name of the repository
	Number  int
	Head    string // id of the commit that was scanned
}

// Finding is what a comment tells.
type Finding struct {
	Path        string // where it stands; empty: in no file, such as a message
	Line        int    // from 1; 0: not known
	Fingerprint string
	Rule        string
	Description string // one sentence of the rule
	Commit      string // id of the commit that brings it; may be empty
	Docs        string // where to read about it; may be empty
	Rotate      string // where to read how to rotate it; may be empty
}

// Result counts what was done.
type Result struct {
	Posted, Changed int // comments
	Unplaced        int // findings that stand on no line of the change
}

// ErrForbidden says that the token may not write comments, as in a workflow for a fork.
var ErrForbidden = errors.New("the token may not comment on pull requests (permissions: pull-requests: write; in runs for a fork it never may)")

// CheckAPI checks the address of an API, to which a token is sent: it needs TLS except on this machine. It returns the host.
func CheckAPI(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("the address of GitHub's API is not a plain URL")
	}
	ip, _ := netip.ParseAddr(u.Hostname())
	if u.Scheme != "https" && (u.Scheme != "http" || !ip.IsLoopback()) {
		return "", errors.New("the address of GitHub's API is not https")
	}
	return u.Hostname(), nil
}

// Sync makes the comments of a pull request say what was found, and nothing else.
func (p *Pull) Sync(ctx context.Context, findings []Finding) (Result, error) {
	s := &syncer{Pull: p, ctx: ctx}
	s.login()
	onLines := s.list(fmt.Sprintf("/pulls/%d/comments", p.Number))
	onAll := s.list(fmt.Sprintf("/issues/%d/comments", p.Number))
	unplaced := s.lines(onLines, findings)
	s.rest(onAll, unplaced)
	s.result.Unplaced = len(unplaced)
	return s.result, s.err
}

// syncer is one run. Its first error ends it: what follows does nothing.
type syncer struct {
	*Pull
	ctx    context.Context
	own    string // the login whose comments are ours
	result Result
	err    error
}

// comment is what the API says of one.
type comment struct {
	ID   int64  `json:"id"`
	Body string `json:"body"`
	Path string `json:"path"`
	User struct {
		Login string `json:"login"`
	} `json:"user"`
}

// login finds out whose token it is. That of a workflow may not ask.
func (s *syncer) login() {
	var user struct {
		Login string `json:"login"`
	}
	if s.ask(http.MethodGet, "/user", nil, &user) == http.StatusForbidden {
		s.err = nil
	}
	s.own = cmp.Or(user.Login, bot)
}

// list returns our own comments.
func (s *syncer) list(path string) []comment {
	var out []comment
	for page := 1; page <= maxPages && s.err == nil; page++ {
		var some []comment
		s.ask(http.MethodGet, fmt.Sprintf("%s?per_page=%d&page=%d", s.repository(path), perPage, page), nil, &some)
		for _, c := range some {
			if c.User.Login == s.own && strings.HasPrefix(c.Body, markPrefix) {
				out = append(out, c)
			}
		}
		if len(some) < perPage {
			break
		}
	}
	return out
}

// lines brings the comments on lines up to date, and returns the findings for which there is none.
func (s *syncer) lines(have []comment, findings []Finding) (unplaced []Finding) {
	byKey := map[string]comment{}
	for _, c := range have {
		byKey[markOf(c.Body)+" "+c.Path] = c
	}
	written := 0
	for _, f := range findings {
		key := mark(f.Fingerprint) + " " + f.Path
		old, ok := byKey[key]
		delete(byKey, key)
		switch {
		case s.err != nil:
			return unplaced
		case ok:
			s.change(fmt.Sprintf("/pulls/comments/%d", old.ID), old.Body, body(f))
			written++
		case f.Path == "" || f.Line < 1 || written >= maxComments || !s.post(f):
			unplaced = append(unplaced, f)
		default:
			written++
		}
	}
	for _, old := range byKey {
		s.change(fmt.Sprintf("/pulls/comments/%d", old.ID), old.Body, goneBody(markOf(old.Body)))
	}
	return unplaced
}

// post adds a comment to a line, and returns false if the line is not part of the change.
func (s *syncer) post(f Finding) bool {
	status := s.ask(http.MethodPost, s.repository(fmt.Sprintf("/pulls/%d/comments", s.Number)), map[string]any{
		"body": body(f), "commit_id": s.Head, "path": f.Path, "line": f.Line, "side": "RIGHT",
	}, nil)
	switch status {
	case http.StatusCreated:
		s.result.Posted++
		return true
	case http.StatusUnprocessableEntity:
		s.err = nil
	}
	return false
}

// change edits a comment of ours unless it says that already.
func (s *syncer) change(path, old, text string) {
	// GitHub gives back what it was given, but for white space at the ends and the ends of lines.
	if s.err != nil || strings.TrimSpace(strings.ReplaceAll(old, "\r\n", "\n")) == strings.TrimSpace(text) {
		return
	}
	if s.ask(http.MethodPatch, s.repository(path), map[string]any{"body": text}, nil); s.err == nil {
		s.result.Changed++
	}
}

// rest brings the comment for all findings without a line up to date. There is none until it is needed.
func (s *syncer) rest(have []comment, findings []Finding) {
	have = slices.DeleteFunc(have, func(c comment) bool { return markOf(c.Body) != mark(restMark) })
	text := restBody(findings)
	switch {
	case len(have) > 0:
		s.change(fmt.Sprintf("/issues/comments/%d", have[0].ID), have[0].Body, text)
	case len(findings) > 0:
		if s.ask(http.MethodPost, s.repository(fmt.Sprintf("/issues/%d/comments", s.Number)), map[string]any{"body": text}, nil); s.err == nil {
			s.result.Posted++
		}
	}
}

func (s *syncer) repository(path string) string { return "/repos/" + s.Slug + path }

// ask sends a request and reads the answer into out. It returns the status; one that is no success is an error of s.
func (s *syncer) ask(method, path string, in, out any) int {
	if s.err != nil {
		return 0
	}
	status, err := s.send(method, path, in, out)
	if err != nil {
		s.err = fmt.Errorf("comments of the pull request: %w", err)
	}
	return status
}

func (s *syncer) send(method, path string, in, out any) (int, error) {
	var text []byte
	if in != nil {
		var err error
		if text, err = json.Marshal(in); err != nil {
			return 0, err
		}
	}
	r, err := http.NewRequestWithContext(s.ctx, method, strings.TrimSuffix(s.API, "/")+path, bytes.NewReader(text))
	if err != nil {
		return 0, errors.New("the address of GitHub's API is not a URL")
	}
	r.Header.Set("Authorization", "Bearer "+s.Token)
	r.Header.Set("Accept", "application/vnd.github+json")
	r.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	response, err := s.Network.Do(r)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	switch status := response.StatusCode; {
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusNotFound:
		return status, ErrForbidden
	case status < 200 || status > 299:
		// The answer may repeat what was sent; its status is enough.
		return status, fmt.Errorf("GitHub answers %s with status %d", method, status)
	}
	if out == nil {
		_, err = io.Copy(io.Discard, response.Body)
		return response.StatusCode, err
	}
	if err := json.NewDecoder(response.Body).Decode(out); err != nil {
		return response.StatusCode, fmt.Errorf("GitHub's answer to %s cannot be read: %w", method, err)
	}
	return response.StatusCode, nil
}
