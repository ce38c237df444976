package proof_test

import (
	"fmt"
	"time"

	"github.com/straykey/straykey/detect/proof"
)

func ExampleProver_Prove() {
	// The query of a shared access signature, in two parts so that this file holds none.
	secret := "sv=2024-11-04&ss=b&srt=co&sp=rl&se=2026-01-31T00:00:00Z&spr=https&sig=" +
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8%3D"
	p := proof.Prover{Now: time.Date(2026, 6, 15, 0, 0, 0, 0, time.UTC)}
	result, ok := p.Prove("azure-sas", secret, nil)
	fmt.Println(ok, result.Status)
	for _, f := range result.Facts {
		fmt.Printf("%s: %s\n", f.Name, f.Value)
	}
	// Output:
	// true expired
	// permissions: read,list
	// resource: container,object
	// services: blob
	// protocol: https
	// version: 2024-11-04
	// expires: 2026-01-31T00:00:00Z
}
