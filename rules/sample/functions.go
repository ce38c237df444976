package sample

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"text/template"
	"time"

	"github.com/straykey/straykey/detect/proof/forge"
)

// Placeholder is what {{nope}} stands for: a value nobody takes for a secret.
const Placeholder = "your-token-here"

// farFuture is when tokens that carry an expiry expire. It is fixed, so that
// samples are the same every day.
var farFuture = time.Date(2093, time.March, 1, 0, 0, 0, 0, time.UTC)

// issued is when tokens that carry their date were made.
var issued = time.Date(2026, time.February, 3, 4, 5, 6, 0, time.UTC)

// texts adds functions for texts that are no tokens, and for writing a text in another form.
func texts(f template.FuncMap, r *rand.Rand) {
	f["nope"] = func() string { return Placeholder }
	f["words"] = func() string {
		list := strings.Fields(vocabulary)
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		return strings.Join(list[:6], " ")
	}
	f["uuid"] = func() string {
		b := forge.Bytes(r, 16)
		b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // version 4, RFC 9562
		return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
	}
	f["b64enc"] = func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	f["b64urlenc"] = func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	f["hexenc"] = func(s string) string { return hex.EncodeToString([]byte(s)) }
	f["urlenc"] = url.QueryEscape
	f["oneline"] = func(s string) string { return strings.ReplaceAll(s, "\n", `\n`) }
	f["list"] = func(s string) string { return `"` + strings.Join(strings.Fields(s), `", "`) + `"` }
	f["indent"] = func(n int, s string) (string, error) {
		if n < 0 || n > 80 {
			return "", fmt.Errorf("indent of %d columns", n)
		}
		pad := strings.Repeat(" ", n)
		return pad + strings.ReplaceAll(s, "\n", "\n"+pad), nil
	}
	f["upcase"] = strings.ToUpper
}

// tokens adds functions for tokens whose checksum or structure holds.
func tokens(f template.FuncMap, r *rand.Rand) {
	for name, make := range map[string]func(*rand.Rand) string{
		"githubFineGrained": forge.GitHubFineGrained,
		"npm":               forge.NPM,
		"grafana":           forge.Grafana,
		"zuplo":             forge.Zuplo,
		"apify":             forge.Apify,
		"canva":             forge.Canva,
		"confluent":         forge.Confluent,
		"azureEntra":        forge.AzureEntra,
		"azureDevOpsLegacy": forge.AzureDevOpsLegacy,
		"azureRedisElided":  forge.AzureRedisElided,
		"azureSAS":          func(r *rand.Rand) string { return forge.AzureSAS(r, farFuture) },
		"githubApp":         func(r *rand.Rand) string { return forge.GitHubApp(r, 123456, farFuture) },
		"jfrogReference":    func(r *rand.Rand) string { return forge.JFrogReference(r, farFuture) },
		"grafanaCloud":      func(r *rand.Rand) string { return forge.GrafanaCloud(r, "acme", "deploy", "eu") },
		"sentryOrg":         func(r *rand.Rand) string { return forge.SentryOrg(r, "acme", issued) },
		"extendedKey":       forge.ExtendedKey,
		"wif":               forge.WIF,
		"rsaKeyValue":       forge.RSAKeyValue,
		"keyArray":          forge.KeyArray,
		"onePassword":       func(r *rand.Rand) string { return forge.OnePassword(r, "acme", "bot@acme.example") },
	} {
		f[name] = func() string { return make(r) }
	}
	for name, make := range map[string]func(*rand.Rand, string) string{
		"github":         forge.GitHub,
		"gitlabRoutable": forge.GitLabRoutable,
		"vercel":         forge.Vercel,
		"atlassian":      forge.Atlassian,
		"cloudflare":     forge.Cloudflare,
		"deno":           forge.Deno,
		"openai":         forge.OpenAI,
		"saladCloud":     forge.SaladCloud,
		"jwt":            forge.JWT,
		"jwk":            forge.JWK,
		"nkey":           forge.NKEY,
		"awsKey":         func(r *rand.Rand, prefix string) string { return forge.AWSKeyID(r, prefix, 123456789012) },
	} {
		f[name] = func(argument string) string { return make(r, argument) }
	}
	f["mnemonic"] = func(words int) string { return forge.Mnemonic(r, words) }
	f["jwtWith"] = func(header, payload string) string { return forge.JWTWith(r, header, payload) }
	f["azureKey"] = func(kind string) (string, error) {
		if key := forge.Azure(r, kind); key != "" {
			return key, nil
		}
		return "", fmt.Errorf("no kind %q of Azure keys; expected one of: %s", kind, strings.Join(forge.AzureKinds(), ", "))
	}
	f["azureCask"] = func(signature ...string) string { return forge.AzureCASK(r, signatureOr(signature)) }
	f["azureCaskLong"] = func(signature ...string) string { return forge.AzureCASKLong(r, signatureOr(signature)) }
}

// signatureOr returns the provider signature of an annotated key, Azure DevOps if none is given.
func signatureOr(signature []string) string {
	if len(signature) > 0 {
		return signature[0]
	}
	return "AZDO"
}
