package review

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// hub plays the part of GitHub's API that comments need.
type hub struct {
	mu       sync.Mutex
	login    string            // of the token; empty: it may not ask, as that of a workflow
	forbid   bool              // no comment may be written
	inChange map[string]bool   // "path:line" of the change
	comments map[string][]note // by kind: "pulls", "issues"
	next     int64
	writes   []string
	tokens   map[string]bool
}

type note struct {
	ID   int64             `json:"id"`
	Body string            `json:"body"`
	Path string            `json:"path,omitempty"`
	User map[string]string `json:"user"`
}

func newHub(t *testing.T, lines ...string) (*hub, *Pull) {
	t.Helper()
	h := &hub{inChange: map[string]bool{}, comments: map[string][]note{}, tokens: map[string]bool{}}
	for _, l := range lines {
		h.inChange[l] = true
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return h, &Pull{Network: server.Client(), API: server.URL, Token: "t0k", Slug: "acme/shop", Number: 7, Head: strings.Repeat("a", 40)}
}

func (h *hub) own() string {
	if h.login != "" {
		return h.login
	}
	return bot
}

func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tokens[r.Header.Get("Authorization")] = true
	if r.URL.Path == "/user" {
		if h.login == "" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"login": h.login})
		return
	}
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/repos/acme/shop/"), "/")
	kind := parts[0]
	switch {
	case r.Method == http.MethodGet:
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		size, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
		all := h.comments[kind]
		from := min((page-1)*size, len(all))
		_ = json.NewEncoder(w).Encode(all[from:min(from+size, len(all))])
		return
	case h.forbid:
		w.WriteHeader(http.StatusForbidden)
		return
	}
	var in struct {
		Body, Path, Side string
		CommitID         string `json:"commit_id"`
		Line             int
	}
	text, _ := io.ReadAll(r.Body)
	if err := json.Unmarshal(text, &in); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	switch {
	case r.Method == http.MethodPost && kind == "pulls" && (!h.inChange[fmt.Sprintf("%s:%d", in.Path, in.Line)] || in.Side != "RIGHT" || len(in.CommitID) != 40):
		w.WriteHeader(http.StatusUnprocessableEntity)
	case r.Method == http.MethodPost:
		h.next++
		h.comments[kind] = append(h.comments[kind], note{h.next, in.Body, in.Path, map[string]string{"login": h.own()}})
		h.writes = append(h.writes, "post "+kind)
		w.WriteHeader(http.StatusCreated)
	case r.Method == http.MethodPatch:
		id, _ := strconv.ParseInt(parts[len(parts)-1], 10, 64)
		for i := range h.comments[kind] {
			if n := &h.comments[kind][i]; n.ID == id && n.User["login"] == h.own() {
				n.Body = in.Body
				h.writes = append(h.writes, "change "+kind)
				return
			}
		}
		w.WriteHeader(http.StatusForbidden)
	}
}

// written returns what was written since the last call.
func (h *hub) written() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := h.writes
	h.writes = nil
	return w
}

func finding(path string, line int, fingerprint string) Finding {
	return Finding{Path: path, Line: line, Fingerprint: "sk1:" + fingerprint, Rule: "github-pat", Description: "A token acts as its user.", Commit: strings.Repeat("c", 40), Docs: "https://docs.example.com/tokens", Rotate: "https://docs.example.com/rotate"}
}

func TestSync(t *testing.T) {
	for _, login := range []string{"", "ann"} {
		h, pull := newHub(t, "a.env:1", "a.env:2", "b.env:9")
		h.login = login
		sync := func(want []string, findings ...Finding) {
			t.Helper()
			if _, err := pull.Sync(context.Background(), findings); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, h.written()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		}
		one, two, gone := finding("a.env", 1, "one"), finding("b.env", 9, "two"), finding("old.env", 3, "gone")
		message := Finding{Fingerprint: "sk1:message", Rule: "r"}

		sync(nil)
		sync([]string{"post pulls", "post issues"}, one, gone)
		sync(nil, one, gone)
		// A secret that moves to another line keeps its comment; another one gets its own.
		one.Line = 2
		sync([]string{"post pulls"}, one, two, gone)
		sync([]string{"change issues"}, one, two, gone, message)
		// What is gone is said to be, once; and if it comes back, that too.
		sync([]string{"change pulls", "change issues"}, two)
		sync(nil, two)
		sync([]string{"change pulls"}, one, two)
		if got := len(h.comments["pulls"]); got != 2 {
			t.Errorf("%d comments on lines, want 2", got)
		}
		if got := len(h.comments["issues"]); got != 1 {
			t.Errorf("%d other comments, want 1", got)
		}
		if diff := cmp.Diff(map[string]bool{"Bearer t0k": true}, h.tokens); diff != "" {
			t.Error(diff)
		}
	}
}

// Anybody can write a mark. It neither keeps a comment back nor gets changed.
func TestSyncForgedMark(t *testing.T) {
	h, pull := newHub(t, "a.env:1")
	f := finding("a.env", 1, "one")
	for i := range 120 { // more than two pages before our own
		h.comments["pulls"] = append(h.comments["pulls"], note{int64(1000 + i), body(f), "a.env", map[string]string{"login": "mallory"}})
	}
	for range 2 {
		if _, err := pull.Sync(context.Background(), []Finding{f}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"post pulls"}, h.written()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestSyncBounded(t *testing.T) {
	h, pull := newHub(t)
	var many []Finding
	for i := range 300 {
		h.inChange[fmt.Sprintf("a.env:%d", i+1)] = true
		many = append(many, finding("a.env", i+1, fmt.Sprint(i)))
	}
	result, err := pull.Sync(context.Background(), many)
	if err != nil || result.Posted != maxComments+1 || result.Unplaced != 300-maxComments {
		t.Errorf("%+v, %v", result, err)
	}
	if text := h.comments["issues"][0].Body; !strings.Contains(text, "and 170 more") || len(text) > 60_000 {
		t.Errorf("%d bytes: %s", len(text), text)
	}
}

// A token that may only read, as in runs for a fork, and a server in trouble are told apart, and neither shows what was sent.
func TestSyncFails(t *testing.T) {
	h, pull := newHub(t, "a.env:1")
	h.forbid = true
	if _, err := pull.Sync(context.Background(), []Finding{finding("a.env", 1, "one")}); !errors.Is(err, ErrForbidden) {
		t.Errorf("%v", err)
	}
	for _, status := range []int{500, 302, 429} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		pull.API, pull.Network = server.URL, server.Client()
		_, err := pull.Sync(context.Background(), nil)
		if err == nil || errors.Is(err, ErrForbidden) || strings.Contains(err.Error(), "t0k") {
			t.Errorf("%d: %v", status, err)
		}
		server.Close()
	}
}

// Paths are anybody's. In a comment they are text: no tag, no link, no name of a person, no end of the mark.
func TestTextsAreText(t *testing.T) {
	f := finding("x`\n<!-- y --> @ann [a](http://b) www.c.d | **e** \u202e", 1, "a-->b\nc")
	f.Rule, f.Commit = "r<b>", "@ann</code>"
	for _, text := range []string{body(f), restBody([]Finding{f})} {
		first, rest, _ := strings.Cut(text, "\n")
		if strings.Count(first, "-->") != 1 || !strings.HasPrefix(first, markPrefix) || strings.ContainsAny(first[len(markPrefix):len(first)-len(markSuffix)], "<>-") {
			t.Errorf("mark %q", first)
		}
		for _, bad := range []string{"<!--", "<b>", "@", "`", "http://", "www.", "](http:", "\u202e", "|", "</code></code>"} {
			if strings.Contains(rest, bad) {
				t.Errorf("%q stands in %q", bad, rest)
			}
		}
	}
	f.Docs, f.Rotate = "https://x) [y](javascript:z", "https://x) [y](javascript:z"
	if strings.Contains(body(f), "](") {
		t.Errorf("%q", body(f))
	}
}

// A comment links to how a credential is rotated, and where that is not known, to what there is and says so.
func TestLink(t *testing.T) {
	f := finding("a", 1, "a")
	if text := body(f); !strings.Contains(text, "Rotate it ([how](https://docs.example.com/rotate)).") {
		t.Errorf("%q", text)
	}
	f.Rotate = ""
	if text := body(f); !strings.Contains(text, "Rotate it ([about it](https://docs.example.com/tokens); no page on rotating it is known).") {
		t.Errorf("%q", text)
	}
}

func TestCheckAPI(t *testing.T) {
	for address, want := range map[string]bool{
		"https://api.github.com": true, "https://ghe.corp.example/api/v3": true, "http://127.0.0.1:8080": true,
		"http://ghe.corp.example/api/v3": false, "https://a@b": false, "https://b?x=y": false, "ftp://b": false, "": false, "x": false,
	} {
		if _, err := CheckAPI(address); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
}
