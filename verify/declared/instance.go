package declared

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/straykey/straykey/verify"
)

var _ verify.Instanced = (*Check)(nil)

// Elsewhere implements [verify.Instanced]. Where companies run instances of their own, a token does not tell whose it is. So
// the public host's no counts only if it is named near the token, and no other instance is; or if the user gave it as the
// endpoint.
func (c *Check) Elsewhere(cred *verify.Credential, nearby []string) string {
	v := cred.Rule.Verify
	fromText := slices.ContainsFunc(v.Hosts, func(h string) bool { return strings.HasPrefix(h, "*.") }) // then it is named, or not asked
	if v.Endpoint == "" || c.endpoints[v.Endpoint] != nil || fromText || v.URL == "{secret}" {
		return ""
	}
	var domains []string
	for _, h := range v.Hosts {
		labels := strings.Split(h, ".")
		domains = append(domains, strings.Join(labels[max(0, len(labels)-2):], "."))
	}
	public, other := false, false
	for _, text := range nearby {
		p, o := instances(strings.ToLower(text), v.Endpoint, domains)
		public, other = public || p, other || o
	}
	if public && !other {
		return ""
	}
	return fmt.Sprintf("%s does not know it, and it may be of another instance; name that with --verify-endpoint %s=URL", domains[0], v.Endpoint)
}

var hostNames = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[a-z0-9-]+(?:\.[a-z0-9-]+)+`) })

// instances reports whether a text, in lower case, names a host of the public domains, and whether it has the address of
// another that is called like the program: gitlab.acme.com, or git.acme.com for one that keeps repositories.
func instances(text, program string, domains []string) (public, other bool) {
	for _, at := range hostNames().FindAllStringIndex(text, -1) {
		host := text[at[0]:at[1]]
		switch {
		case slices.ContainsFunc(domains, func(d string) bool { return host == d || strings.HasSuffix(host, "."+d) }):
			public = true
		case strings.HasSuffix(text[:at[0]], "://") || strings.HasSuffix(text[:at[0]], "@"):
			labels := strings.Split(host, ".")
			other = other || slices.ContainsFunc(labels[:max(0, len(labels)-2)], func(l string) bool { return calledLike(l, program) })
		}
	}
	return public, other
}

// calledLike reports whether a label of a host is one that companies give to an instance of a program.
func calledLike(label, program string) bool {
	if slices.Contains([]string{"github", "gitlab", "gitea"}, program) &&
		slices.Contains([]string{"git", "code", "scm", "vcs", "source", "src"}, label) {
		return true
	}
	return strings.Contains(label, program)
}
