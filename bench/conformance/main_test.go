package main

import (
	"testing"
)

func TestClass(t *testing.T) {
	ours := newIndex([]finding{{"jwt", "a", "s1", "c1", 3}, {"pat", "b", "s2", "c1", 4}})
	tests := []struct {
		f    finding
		want int
	}{
		{finding{"jwt", "a", "s1", "c1", 3}, exact},
		{finding{"jwt", "a", "s1", "c2", 3}, otherCommit},
		{finding{"jwt", "a", "s1", "c2", 7}, otherLine},
		{finding{"generic", "b", "x", "c1", 4}, otherRule},
		{finding{"pat", "c", "s2", "c9", 1}, otherFile},
		{finding{"pat", "c", "s3", "c9", 1}, missing},
	}
	for _, tt := range tests {
		if got := ours.class(&tt.f); got != tt.want {
			t.Errorf("%+v: class %s, want %s", tt.f, heads[got], heads[tt.want])
		}
	}
}

func TestMore(t *testing.T) {
	theirs := []finding{{"jwt", "a", "s1", "c1", 3}}
	ours := []finding{
		{"jwt", "a", "s1", "c9", 3},
		{"jwt", "", "s1", "c1", 1},
		{"jwt", "b", "s1", "c1", 3},
		{"jwt", "b", "s2", "c1", 3},
		{"pat", "b", "s3", "c1", 9},
	}
	messages, places, secrets := more(ours, theirs)
	if messages != 1 || places != 1 || secrets != 2 {
		t.Errorf("%d in messages, %d elsewhere, %d others; want 1, 1, 2", messages, places, secrets)
	}
}
