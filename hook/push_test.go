package hook

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/source/pack"
)

func TestReadUpdates(t *testing.T) {
	a, b, zero := strings.Repeat("a1", 20), strings.Repeat("b2", 20), strings.Repeat("0", 40)
	long, longZero := strings.Repeat("c3", 32), strings.Repeat("0", 64)
	id := func(s string) pack.ID {
		parsed, err := pack.ParseID(s)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	tests := []struct {
		name, input string
		read        func(string) ([]Update, error)
		want        []Update
		err         string
	}{
		{"push", "refs/heads/x " + a + " refs/heads/main " + b + "\n", prePush, []Update{{"refs/heads/main", id(b), id(a)}}, ""},
		{"new branch", "HEAD " + a + " refs/heads/n " + zero + "\n", prePush, []Update{{"refs/heads/n", "", id(a)}}, ""},
		{"deletion", "(delete) " + zero + " refs/heads/n " + a + "\n", prePush, []Update{{"refs/heads/n", id(a), ""}}, ""},
		{"a local ref with blanks", ":/fix the bug " + a + " refs/heads/n " + zero, prePush, []Update{{"refs/heads/n", "", id(a)}}, ""},
		{"sha256", "x " + long + " refs/heads/n " + longZero + "\r\n", prePush, []Update{{"refs/heads/n", "", id(long)}}, ""},
		{"nothing", "\n", prePush, nil, ""},
		{"three fields", a + " refs/heads/n " + b + "\n", prePush, nil, "want <local ref> <local id> <remote ref> <remote id>"},
		{"no id", "x yes refs/heads/n " + b + "\n", prePush, nil, `"yes" is no object id`},
		{"receive", a + " " + b + " refs/heads/main\n" + zero + " " + b + " refs/tags/v1\n" + a + " " + zero + " refs/heads/gone\n", preReceive, []Update{
			{"refs/heads/main", id(a), id(b)}, {"refs/tags/v1", "", id(b)}, {"refs/heads/gone", id(a), ""},
		}, ""},
		{"receive of two fields", a + " " + b + "\n", preReceive, nil, "want <old id> <new id> <ref>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.read(tt.input)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func prePush(s string) ([]Update, error)    { return ReadPrePush(strings.NewReader(s)) }
func preReceive(s string) ([]Update, error) { return ReadPreReceive(strings.NewReader(s)) }

// Whatever is read is an error or as many updates as lines, each with an id on one side at least unless both are zero.
func FuzzReadUpdates(f *testing.F) {
	f.Add("x " + strings.Repeat("a1", 20) + " refs/heads/main " + strings.Repeat("0", 40) + "\n")
	f.Add(strings.Repeat("a1", 32) + " " + strings.Repeat("b2", 32) + " refs/heads/main\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, read := range []func(string) ([]Update, error){prePush, preReceive} {
			got, err := read(text)
			if err != nil {
				continue
			}
			lines := 0
			for line := range strings.Lines(text) {
				if strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r") != "" {
					lines++
				}
			}
			if len(got) != lines {
				t.Fatalf("%d updates of %d lines in %q", len(got), lines, text)
			}
			for _, u := range got {
				for _, id := range []pack.ID{u.Old, u.New} {
					if n := len(id); n != 0 && n != 20 && n != 32 {
						t.Fatalf("an id of %d bytes", n)
					}
				}
			}
		}
	})
}

func TestFromPreCommit(t *testing.T) {
	vars := map[string]string{"PRE_COMMIT_REMOTE_NAME": "origin", "PRE_COMMIT_FROM_REF": "a", "PRE_COMMIT_TO_REF": "b", "PRE_COMMIT_LOCAL_BRANCH": "refs/heads/x"}
	getenv := func(name string) string { return vars[name] }
	if f, ok := FromPreCommit(getenv); !ok || f != (Forwarded{"origin", "a", "b"}) {
		t.Errorf("got %v, %v", f, ok)
	}
	delete(vars, "PRE_COMMIT_FROM_REF")
	delete(vars, "PRE_COMMIT_TO_REF")
	if f, ok := FromPreCommit(getenv); !ok || f != (Forwarded{"origin", "", "refs/heads/x"}) {
		t.Errorf("of a whole branch: %v, %v", f, ok)
	}
	clear(vars)
	if _, ok := FromPreCommit(getenv); ok {
		t.Error("there is nothing to read")
	}
}
