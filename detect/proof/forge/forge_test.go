package forge_test

import (
	"testing"
	"time"

	"github.com/straykey/straykey/detect/proof/forge"
)

// all makes one of everything from one seed.
func all(seed string) map[string]string {
	r := forge.New(seed)
	at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	out := map[string]string{
		"GitHub":           forge.GitHub(r, "ghp"+"_"),
		"GitHub refresh":   forge.GitHub(r, "ghr"+"_"),
		"GitHub fine":      forge.GitHubFineGrained(r),
		"GitHub app":       forge.GitHubApp(r, 1, at),
		"npm":              forge.NPM(r),
		"GitLab":           forge.GitLabRoutable(r, "glpat"+"-"),
		"Grafana":          forge.Grafana(r),
		"Grafana Cloud":    forge.GrafanaCloud(r, "1", "n", "eu"),
		"Vercel":           forge.Vercel(r, "vcp"+"_"),
		"Atlassian":        forge.Atlassian(r, "ATATT"+"3xFfGF0"),
		"Cloudflare":       forge.Cloudflare(r, "cfut"+"_"),
		"Apify":            forge.Apify(r),
		"Deno":             forge.Deno(r, "ddp"+"_"),
		"Canva":            forge.Canva(r),
		"SaladCloud":       forge.SaladCloud(r, "acme1"),
		"Zuplo":            forge.Zuplo(r),
		"Confluent":        forge.Confluent(r),
		"OpenAI":           forge.OpenAI(r, "sk-proj"+"-"),
		"OpenAI legacy":    forge.OpenAI(r, "sk"+"-"),
		"AWS":              forge.AWSKeyID(r, "AKIA", 123456789012),
		"Entra":            forge.AzureEntra(r),
		"CASK":             forge.AzureCASK(r, "AZDO"),
		"CASK long":        forge.AzureCASKLong(r, "AZDO"),
		"DevOps legacy":    forge.AzureDevOpsLegacy(r),
		"Redis elided":     forge.AzureRedisElided(r),
		"SAS":              forge.AzureSAS(r, at),
		"JWT":              forge.JWT(r, `{"sub":"x"}`),
		"JFrog":            forge.JFrogReference(r, at),
		"Sentry":           forge.SentryOrg(r, "o", at),
		"1Password":        forge.OnePassword(r, "a", "b"),
		"PyPI":             forge.PyPI(r, `[1,["x"]]`),
		"certificate":      forge.Certificate(r, forge.Ed25519Key(r), "x.example", at),
		"legacy encrypted": forge.LegacyEncrypted(r, "pw"),
		"OpenSSH sealed":   forge.OpenSSHEncrypted(r),
		"GCP":              forge.GCPServiceAccount(r, "p", "a"),
		"NKEY":             forge.NKEY(r, "U"),
		"mnemonic":         forge.Mnemonic(r, 12),
		"extended key":     forge.ExtendedKey(r),
		"WIF":              forge.WIF(r),
		"RSAKeyValue":      forge.RSAKeyValue(r),
		"key array":        forge.KeyArray(r),
		"JWK RSA":          forge.JWK(r, "RSA"),
		"JWK EC":           forge.JWK(r, "EC"),
		"JWK OKP":          forge.JWK(r, "OKP"),
		"JWK oct":          forge.JWK(r, "oct"),
	}
	for _, kind := range forge.AzureKinds() {
		out[kind] = forge.Azure(r, kind)
	}
	for _, label := range []string{"RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY"} {
		out[label] = forge.PEM(r, label)
	}
	return out
}

func TestDeterministic(t *testing.T) {
	first, second, other := all("a"), all("a"), all("b")
	for what, token := range first {
		if token == "" {
			t.Errorf("%s: empty", what)
		}
		if token != second[what] {
			t.Errorf("%s: differs for equal seeds", what)
		}
		if token == other[what] {
			t.Errorf("%s: the same for another seed", what)
		}
	}
}

// The lengths are those in which the issuers' tokens are known.
func TestLengths(t *testing.T) {
	tokens := all("lengths")
	for what, want := range map[string]int{
		"GitHub": 40, "GitHub refresh": 80, "GitHub fine": 93, "npm": 40, "Grafana": 46, "Vercel": 60, "Atlassian": 192,
		"Cloudflare": 53, "Apify": 46, "Deno": 40, "Canva": 56, "Zuplo": 46, "Confluent": 64, "OpenAI legacy": 51,
		"AWS": 20, "Entra": 40, "CASK": 84, "CASK long": 88, "DevOps legacy": 52, "JFrog": 64, "Redis elided": 44,
		"azure-storage": 88, "azure-redis": 44, "azure-cosmosdb": 88, "azure-functions": 56, "azure-acr": 52, "azure-search": 52,
		"azure-batch": 88, "azure-servicebus": 44, "azure-eventhub": 44, "azure-relay": 44, "azure-iot": 44, "azure-apim": 88, "azure-ml": 88,
	} {
		if got := len(tokens[what]); got != want {
			t.Errorf("%s: %d characters, want %d", what, got, want)
		}
	}
}

func TestUnknownKinds(t *testing.T) {
	r := forge.New("x")
	if forge.Azure(r, "nope") != "" || forge.AzureFor(r, "storage", "nope") != "" || forge.PEM(r, "NOPE") != "" {
		t.Error("something made of nothing")
	}
}
