package proof_test

import (
	"testing"

	"github.com/straykey/straykey/detect/proof"
	"github.com/straykey/straykey/detect/proof/forge"
)

func BenchmarkProve(b *testing.B) {
	r := forge.New("bench")
	p := proof.Prover{Now: now}
	for _, bench := range []struct{ what, name, secret string }{
		{"github", "github", forge.GitHub(r, "ghp"+"_")},
		{"github-wrong", "github", turn(forge.GitHub(r, "ghp"+"_"), 10)},
		{"gitlab-routable", "gitlab-routable", forge.GitLabRoutable(r, "glpat"+"-")},
		{"grafana", "grafana", forge.Grafana(r)},
		{"openai", "openai", forge.OpenAI(r, "sk-proj"+"-")},
		{"aws-account", "aws-account", forge.AWSKeyID(r, "AKIA", 123456789012)},
		{"azure-storage", "azure-storage", forge.Azure(r, "storage")},
		{"azure-cask", "azure-cask", forge.AzureCASK(r, "AZDO")},
		{"azure-entra", "azure-entra", forge.AzureEntra(r)},
		{"azure-sas", "azure-sas", forge.AzureSAS(r, future)},
		{"jwt", "jwt", forge.JWT(r, `{"iss":"https://issuer.example","sub":"robot","exp":1800000000}`)},
		{"pypi", "pypi", forge.PyPI(r, `[1,["x"]]`)},
		{"rsa-2048", "private-key", forge.PEM(r, "RSA PRIVATE KEY")},
		{"p-256", "private-key", forge.PEM(r, "EC PRIVATE KEY")},
		{"openssh", "private-key", forge.OpenSSH(r, "c")},
		{"certificate", "certificate", forge.Certificate(r, forge.Ed25519Key(r), "x.example", future)},
	} {
		b.Run(bench.what, func(b *testing.B) {
			prove, ok := p.Lookup(bench.name)
			if !ok {
				b.Fatal("no such proof")
			}
			b.ReportAllocs()
			for b.Loop() {
				prove(bench.secret, nil)
			}
		})
	}
}
