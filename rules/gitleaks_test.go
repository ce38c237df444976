package rules_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/rules"
)

// gitleaksIDs are the ids of the rules that gitleaks 8.30.1 has built in.
const gitleaksIDs = `
1password-secret-key 1password-service-account-token adafruit-api-key adobe-client-id
adobe-client-secret age-secret-key airtable-api-key airtable-personnal-access-token algolia-api-key
alibaba-access-key-id alibaba-secret-key anthropic-admin-api-key anthropic-api-key
artifactory-api-key artifactory-reference-token asana-client-id asana-client-secret
atlassian-api-token authress-service-client-access-key aws-access-token
aws-amazon-bedrock-api-key-long-lived aws-amazon-bedrock-api-key-short-lived azure-ad-client-secret
beamer-api-token bitbucket-client-id bitbucket-client-secret bittrex-access-key bittrex-secret-key
cisco-meraki-api-key clickhouse-cloud-api-secret-key clojars-api-token cloudflare-api-key
cloudflare-global-api-key cloudflare-origin-ca-key codecov-access-token cohere-api-token
coinbase-access-token confluent-access-token confluent-secret-key contentful-delivery-api-token
curl-auth-header curl-auth-user databricks-api-token datadog-access-token
defined-networking-api-token digitalocean-access-token digitalocean-pat digitalocean-refresh-token
discord-api-token discord-client-id discord-client-secret doppler-api-token droneci-access-token
dropbox-api-token dropbox-long-lived-api-token dropbox-short-lived-api-token duffel-api-token
dynatrace-api-token easypost-api-token easypost-test-api-token etsy-access-token
facebook-access-token facebook-page-access-token facebook-secret fastly-api-token
finicity-api-token finicity-client-secret finnhub-access-token flickr-access-token
flutterwave-encryption-key flutterwave-public-key flutterwave-secret-key flyio-access-token
frameio-api-token freemius-secret-key freshbooks-access-token gcp-api-key generic-api-key
github-app-token github-fine-grained-pat github-oauth github-pat github-refresh-token
gitlab-cicd-job-token gitlab-deploy-token gitlab-feature-flag-client-token gitlab-feed-token
gitlab-incoming-mail-token gitlab-kubernetes-agent-token gitlab-oauth-app-secret gitlab-pat
gitlab-pat-routable gitlab-ptt gitlab-rrt gitlab-runner-authentication-token
gitlab-runner-authentication-token-routable gitlab-scim-token gitlab-session-cookie
gitter-access-token gocardless-api-token grafana-api-key grafana-cloud-api-token
grafana-service-account-token harness-api-key hashicorp-tf-api-token hashicorp-tf-password
heroku-api-key heroku-api-key-v2 hubspot-api-key huggingface-access-token
huggingface-organization-api-token infracost-api-token intercom-api-key intra42-client-secret
jfrog-api-key jfrog-identity-token jwt jwt-base64 kraken-access-token kubernetes-secret-yaml
kucoin-access-token kucoin-secret-key launchdarkly-access-token linear-api-key linear-client-secret
linkedin-client-id linkedin-client-secret lob-api-key lob-pub-api-key looker-client-id
looker-client-secret mailchimp-api-key mailgun-private-api-token mailgun-pub-key
mailgun-signing-key mapbox-api-token mattermost-access-token maxmind-license-key
messagebird-api-token messagebird-client-id microsoft-teams-webhook netlify-access-token
new-relic-browser-api-token new-relic-insert-key new-relic-user-api-id new-relic-user-api-key
notion-api-token npm-access-token nuget-config-password nytimes-access-token octopus-deploy-api-key
okta-access-token openai-api-key openshift-user-token perplexity-api-key pkcs12-file
plaid-api-token plaid-client-id plaid-secret-key planetscale-api-token planetscale-oauth-token
planetscale-password postman-api-token prefect-api-token private-key privateai-api-token
pulumi-api-token pypi-upload-token rapidapi-access-token readme-api-token rubygems-api-token
scalingo-api-token sendbird-access-id sendbird-access-token sendgrid-api-token sendinblue-api-token
sentry-access-token sentry-org-token sentry-user-token settlemint-application-access-token
settlemint-personal-access-token settlemint-service-access-token shippo-api-token
shopify-access-token shopify-custom-access-token shopify-private-app-access-token
shopify-shared-secret sidekiq-secret sidekiq-sensitive-url slack-app-token slack-bot-token
slack-config-access-token slack-config-refresh-token slack-legacy-bot-token slack-legacy-token
slack-legacy-workspace-token slack-user-token slack-webhook-url snyk-api-token sonar-api-token
sourcegraph-access-token square-access-token squarespace-access-token stripe-access-token
sumologic-access-id sumologic-access-token telegram-bot-api-token travisci-access-token
twilio-api-key twitch-api-token twitter-access-secret twitter-access-token twitter-api-key
twitter-api-secret twitter-bearer-token typeform-api-token vault-batch-token vault-service-token
yandex-access-token yandex-api-key yandex-aws-access-token zendesk-secret-key
`

// TestGitleaksRules checks that the table has every rule of gitleaks once, and names none of ours that is not there.
func TestGitleaksRules(t *testing.T) {
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, g := range rules.GitleaksRules() {
		ids = append(ids, g.ID)
		for _, ours := range slices.Concat(g.Same, g.Also) {
			if set.Rule(ours) == nil {
				t.Errorf("%s: no built-in rule %s", g.ID, ours)
			}
		}
	}
	if diff := cmp.Diff(strings.Fields(gitleaksIDs), ids); diff != "" {
		t.Errorf("-gitleaks +table:\n%s", diff)
	}
	if len(ids) != 222 {
		t.Errorf("%d rules, want 222", len(ids))
	}
}

// TestGitleaksFirst loads files that name rules of gitleaks, as gitleaks and as straykey read them.
func TestGitleaksFirst(t *testing.T) {
	tests := []struct {
		name     string
		file     string
		gitleaks bool
		gone     string // ids that must not be in force
		there    string
	}{
		{"disabled by another id", `disabledRules = ["github-pat"]`, false, "github-pat-classic", "github-oauth-token"},
		{"several for one", `disabledRules = ["aws-access-token"]`, false, "aws-access-key-id aws-temporary-key-id", "aws-secret-access-key"},
		{"an id of both is ours", `disabledRules = ["generic-api-key"]`, false, "generic-api-key", "generic-password generic-token"},
		{"an id of both is gitleaks'", `disabledRules = ["generic-api-key"]`, true, "generic-api-key generic-password generic-token", "bitly-token"},
		{"defined anew beside ours", "\n[[rules]]\nid = \"github-pat\"\nregex = '''ghx_[a-z]{8}'''", false, "", "github-pat github-pat-classic"},
		{"defined anew in its place", "\n[[rules]]\nid = \"github-pat\"\nregex = '''ghx_[a-z]{8}'''", true, "github-pat-classic", "github-pat"},
		{"several in the place of one", "\n[[rules]]\nid = \"generic-api-key\"\nregex = '''ghx_[a-z]{8}'''", true, "generic-password", "generic-api-key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set, err := rules.Parse("t.toml", []byte("[extend]\nuseDefault = true\n"+tt.file), rules.Options{Gitleaks: tt.gitleaks})
			if err != nil {
				t.Fatal(err)
			}
			for id := range strings.FieldsSeq(tt.gone) {
				if r := set.Rule(id); r != nil && !r.SkipReport {
					t.Errorf("%s is in force", id)
				}
			}
			for id := range strings.FieldsSeq(tt.there) {
				if r := set.Rule(id); r == nil || r.SkipReport {
					t.Errorf("%s is not in force", id)
				}
			}
		})
	}
}

func TestGitleaksID(t *testing.T) {
	file := "[extend]\nuseDefault = true\n[[rules]]\nid = \"github-pat\"\ntags = [\"x\"]\n[[rules]]\nid = \"npm-token\"\nregex = '''npx_[a-z]{8}'''\n"
	set, err := rules.Parse("t.toml", []byte(file), rules.Options{Gitleaks: true})
	if err != nil {
		t.Fatal(err)
	}
	all := rules.GitleaksRules()
	for ours, want := range map[string]string{
		"github-pat-classic":   "github-pat", // adjusted by its name there
		"npm-token":            "npm-token",  // the file's own
		"generic-password":     "generic-api-key",
		"aws-temporary-key-id": "aws-access-token",
		"bitly-token":          "bitly-token",
	} {
		if got := rules.GitleaksID(all, set.Rule(ours)); got != want {
			t.Errorf("%s: got %s, want %s", ours, got, want)
		}
	}
}

// TestGitleaksReads loads what gitleaks reads in another way than a file for straykey.
func TestGitleaksReads(t *testing.T) {
	file := `
[extend]
useDefault = true
disabledRules = ["no-such-rule"]
[[rules]]
id = "gap"
regex = '''pass\s*=\s*([a-z]{8})'''
colour = "red"
[[rules]]
id = "block"
regex = '''BEGIN[\s\S]{64,}END'''
[[rules]]
id = "line"
regex = '''pass = ([a-z]{8})'''
`
	if _, err := rules.Parse("t.toml", []byte(file), rules.Options{}); err == nil {
		t.Error("an unknown key is no error")
	}
	set, err := rules.Parse("t.toml", []byte(file), rules.Options{Gitleaks: true})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"t.toml:8: unknown key colour in [[rules]] is passed over, as in gitleaks",
		"t.toml:4: no rule \"no-such-rule\" in what this file extends; there is nothing to disable",
	}
	if diff := cmp.Diff(want, set.Warnings); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for id, reach := range map[string]int{"gap": 2048, "block": 16384, "line": 0} {
		if r := set.Rule(id); r.Reach != reach || r.Multiline != (reach > 0) {
			t.Errorf("%s: reach %d, multiline %v; want %d", id, r.Reach, r.Multiline, reach)
		}
	}
}

func TestGitleaksEntropyOfGenericRules(t *testing.T) {
	file := "[extend]\nuseDefault = true\n[[rules]]\nid = \"generic-api-key\"\nentropy = 4\n[[rules.allowlists]]\npaths = ['''^x/''']\n"
	set, err := rules.Parse("t.toml", []byte(file), rules.Options{Gitleaks: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Warnings) == 0 || !strings.Contains(set.Warnings[0], "t.toml:5: straykey's ") {
		t.Errorf("warnings: %q", set.Warnings)
	}
	if r := set.Rule("generic-password"); r.Entropy != 0 || len(r.Allowlists) == 0 {
		t.Errorf("entropy %v, %d allowlists", r.Entropy, len(r.Allowlists))
	}
}
