package declared

import (
	"strings"
	"testing"

	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/verify"
)

// TestElsewhere holds that a host counts as having been the right one to ask only if something says so.
func TestElsewhere(t *testing.T) {
	gitlab := &rules.Verify{Request: rules.Request{URL: "https://gitlab.com/api/v4/user"}, Hosts: []string{"gitlab.com"}, Endpoint: "gitlab"}
	github := &rules.Verify{Request: rules.Request{URL: "https://api.github.com/user"}, Hosts: []string{"api.github.com"}, Endpoint: "github"}
	sonar := &rules.Verify{Request: rules.Request{URL: "https://{host}/api"}, Hosts: []string{"sonarcloud.io", "sonarqube.us"}, Endpoint: "sonarqube"}
	stack := &rules.Verify{Request: rules.Request{URL: "https://{stack}.grafana.net/api"}, Hosts: []string{"*.grafana.net"}, Endpoint: "grafana"}
	hosted := &rules.Verify{Request: rules.Request{URL: "https://api.stripe.com/v1"}, Hosts: []string{"api.stripe.com"}}
	for _, tt := range []struct {
		name      string
		verify    *rules.Verify
		endpoint  string
		nearby    []string
		elsewhere bool
	}{
		{"nothing tells", gitlab, "", nil, true},
		{"the public host", gitlab, "", []string{"registry.GitLab.com/acme"}, false},
		{"a host that ends alike", gitlab, "", []string{"https://notgitlab.com/acme"}, true},
		{"another instance", gitlab, "", []string{"url = https://gitlab.acme.com/api/v4"}, true},
		{"both", gitlab, "", []string{"https://gitlab.com/x", "git@gitlab.acme.com:x/y.git"}, true},
		{"a host without the name", gitlab, "", []string{"https://git.acme.com/"}, true},
		{"a host without the name, and the public one", gitlab, "", []string{"gitlab.com", "git@git.acme.com:x/y.git"}, true},
		{"a host of code, and the public one", github, "", []string{"https://github.com/x", "https://code.eng.acme.com/x"}, true},
		{"repositories say nothing of other programs", sonar, "", []string{"sonarcloud.io", "https://git.acme.com/x.git"}, false},
		{"cloned from the public host", github, "", []string{"token = x", "https://github.com/acme/shop.git"}, false},
		{"fields of a workflow", github, "", []string{"${{ github.event.number }} of github.com"}, false},
		{"pages of others", github, "", []string{"https://acme.github.io https://raw.githubusercontent.com/x github.com"}, false},
		{"a port", github, "", []string{"https://github.acme.com:8443/api"}, true},
		{"configured", gitlab, "gitlab", nil, false},
		{"another one is configured", gitlab, "github", nil, true},
		{"one of several public hosts", sonar, "", []string{"SONAR_HOST_URL=https://sonarqube.us"}, false},
		{"the text names the host", stack, "", nil, false},
		{"nobody else runs it", hosted, "", nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := New(map[string]string{tt.endpoint: "https://git.acme.com"})
			if err != nil {
				t.Fatal(err)
			}
			why := c.Elsewhere(&verify.Credential{Rule: &rules.Rule{Verify: tt.verify}}, tt.nearby)
			if (why != "") != tt.elsewhere || why != "" && !strings.Contains(why, "--verify-endpoint "+tt.verify.Endpoint+"=") {
				t.Errorf("%q", why)
			}
		})
	}
}
