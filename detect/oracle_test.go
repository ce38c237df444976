package detect_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/straykey/straykey/delta"
	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/detect/generic"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/rules/sample"
)

// TestRegexEnginesAgree scans the samples of all built-in rules with RE2 and with the standard
// library: which of them serves depends on the machine, and must not be seen.
func TestRegexEnginesAgree(t *testing.T) {
	if testing.Short() {
		t.Skip("tries every sample of every rule")
	}
	set, err := rules.Catalog(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	for _, r := range set.Rules {
		for _, list := range []func(*rules.Rule) ([]sample.Sample, error){sample.Positives, sample.Negatives} {
			samples, err := list(r)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range samples {
				fmt.Fprintf(&text, "%s\n\xe4\xff bytes that are no UTF-8 \xc3\x28\n", s.Text)
			}
		}
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var got [2][]string
	for i, stdlib := range []bool{true, false} {
		e, err := detect.New(set, detect.Options{Now: now, Stdlib: stdlib})
		if err != nil {
			t.Fatal(err)
		}
		s := e.NewScanner()
		for _, m := range e.Keep(s.Scan(text.Bytes()).Matches(), "samples", "") {
			got[i] = append(got[i], fmt.Sprintf("%s %d-%d %s", m.Rule.ID, m.SecretStart, m.SecretEnd, m.Secret))
		}
		if err := s.Err(); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(got[0], got[1]); diff != "" {
		t.Errorf("-standard library +RE2:\n%s", diff)
	}
	if len(got[0]) < len(set.Rules)/2 {
		t.Errorf("%d matches for %d rules: the samples test little", len(got[0]), len(set.Rules))
	}
}

// TestWindowsOfSamples reads the samples of all built-in rules, many to a text and with text around them, whole and at their
// windows only.
func TestWindowsOfSamples(t *testing.T) {
	if testing.Short() {
		t.Skip("tries every sample of every rule")
	}
	set, err := rules.Catalog(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e, err := detect.New(set, detect.Options{Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Reported: true})
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, r := range set.Rules {
		for _, list := range []func(*rules.Rule) ([]sample.Sample, error){sample.Positives, sample.Negatives} {
			samples, err := list(r)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range samples {
				texts = append(texts, s.Text)
			}
		}
	}
	random := rand.New(rand.NewPCG(1, 1))
	random.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
	scanner, found := e.NewScanner(), 0
	for len(texts) > 0 {
		n := min(len(texts), 1+random.IntN(4))
		var text bytes.Buffer
		for _, sample := range texts[:n] {
			around := []string{"", "\n", "\r\n", strings.Repeat("some text\n", random.IntN(300)), strings.Repeat("long ", random.IntN(900))}
			text.WriteString(around[random.IntN(len(around))] + sample + around[random.IntN(len(around))])
		}
		texts = texts[n:]
		facts := scanner.ScanToLocate(text.Bytes())
		want := facts.Matches()
		found += len(want)
		windows, ok := facts.Windows()
		if !ok {
			continue
		}
		got := scanner.ScanWindows(text.Bytes(), windows).Matches()
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(detect.Match{}, detect.Credential{}, rules.Rule{}), cmp.AllowUnexported(generic.Verdict{})); diff != "" {
			t.Errorf("%q: -whole +windows:\n%s", text.Bytes(), diff)
		}
	}
	if found < len(set.Rules) {
		t.Errorf("%d matches for %d rules: the samples test little", found, len(set.Rules))
	}
}

// Example finds a credential and says what is known of it without asking anybody.
func Example() {
	set, err := rules.Builtin()
	if err != nil {
		panic(err)
	}
	engine, err := detect.New(set, detect.Options{})
	if err != nil {
		panic(err)
	}
	// A made-up key id, in two parts so that no scanner takes this file for a leak.
	text := []byte("aws_access_key_id = " + "AKIA" + "YLPMN5HFIQR7XYZW\n")
	scanner := engine.NewScanner()
	for _, m := range engine.Keep(scanner.Scan(text).Matches(), "config", "") {
		fmt.Printf("%s at %d: %s\n", m.Rule.ID, m.SecretStart, m.Proof.Facts[0].Value)
	}
	// Output: aws-access-key-id at 20: 574410844618
}

// ExampleScanner_Update reads only what is new in a text.
func ExampleScanner_Update() {
	set := &rules.Set{Rules: []*rules.Rule{{ID: "ticket", Token: `TICKET-[0-9]{6}`}}}
	engine, err := detect.New(set, detect.Options{})
	if err != nil {
		panic(err)
	}
	scanner := engine.NewScanner()
	before := []byte("first line\nTICKET-123456\nlast line\n")
	facts := scanner.Scan(before)
	after := append([]byte("a new line\n"), before...)
	facts = scanner.Update(after, facts, []delta.Run{{Base: 0, Target: 11, Len: len(before)}})
	for _, m := range facts.Matches() {
		fmt.Println(m.Secret, m.SecretStart)
	}
	// Output: TICKET-123456 22
}
