package gitleaks

import (
	"fmt"
	"net/url"
	"strings"
)

// Platforms are the names that --platform takes.
func Platforms() []string {
	return []string{"github", "gitlab", "azuredevops", "gitea", "bitbucket", "none"}
}

// Link returns what gives the address at which the lines of a file in a commit can be looked at, for a repository that was
// cloned from remote. The platform is one of Platforms; empty: told by the host. It returns nil if there is no such address.
func Link(remote, platform string) func(commit, path string, line, endLine int) string {
	base := webAddress(remote)
	if base == nil {
		return nil
	}
	if platform == "" {
		platform = platformOf(base.Hostname())
	}
	root := strings.TrimSuffix(base.String(), "/")
	lines := func(line, endLine int, one, more string) string {
		switch {
		case line <= 0:
			return ""
		case endLine <= line:
			return fmt.Sprintf(one, line)
		}
		return fmt.Sprintf(one+more, line, endLine)
	}
	at := func(middle, one, more string) func(commit, path string, line, endLine int) string {
		return func(commit, path string, line, endLine int) string {
			return root + middle + commit + "/" + escapedFile(path) + lines(line, endLine, one, more)
		}
	}
	switch platform {
	case "github":
		return at("/blob/", "#L%d", "-L%d")
	case "gitlab":
		return at("/blob/", "#L%d", "-%d")
	case "gitea":
		return at("/src/commit/", "#L%d", "-L%d")
	case "bitbucket":
		return at("/src/", "#lines-%d", ":%d")
	case "azuredevops":
		return func(commit, path string, line, endLine int) string {
			return root + "/commit/" + commit + "?path=/" + url.QueryEscape(path) + lines(line, endLine, "&line=%d", "&lineEnd=%d") +
				"&lineStartColumn=1&lineEndColumn=10000000&type=2&lineStyle=plain&_a=files"
		}
	}
	return nil
}

func platformOf(host string) string {
	switch strings.ToLower(host) {
	case "github.com":
		return "github"
	case "gitlab.com":
		return "gitlab"
	case "dev.azure.com":
		return "azuredevops"
	case "bitbucket.org":
		return "bitbucket"
	case "gitea.com", "codeberg.org":
		return "gitea"
	}
	return "none"
}

// webAddress returns the https address of what git clones from remote, without user and password; nil if it has none.
func webAddress(remote string) *url.URL {
	if !strings.Contains(remote, "://") {
		host, path, ok := strings.Cut(remote, ":")
		if !ok || path == "" || strings.ContainsAny(host, `/\`) {
			return nil // a path
		}
		host = host[strings.LastIndexByte(host, '@')+1:]
		remote = "https://" + host + "/" + strings.TrimPrefix(path, "/")
	}
	u, err := url.Parse(remote)
	if err != nil || u.Hostname() == "" {
		return nil
	}
	switch u.Scheme {
	case "http", "https":
	case "ssh", "git":
		u.Host = u.Hostname()
	default:
		return nil
	}
	if u.Scheme != "http" {
		u.Scheme = "https"
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), ".git")}
}

// escapedFile escapes a path for an address. A member of an archive is found by its archive.
func escapedFile(path string) string {
	path, _, _ = strings.Cut(path, "!")
	return (&url.URL{Path: path}).EscapedPath()
}
