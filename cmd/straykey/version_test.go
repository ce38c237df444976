package main

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersionOf(t *testing.T) {
	module := func(v string) *debug.BuildInfo { return &debug.BuildInfo{Main: debug.Module{Version: v}} }
	tests := []struct {
		name    string
		stamped string
		info    *debug.BuildInfo
		want    string
	}{
		{"release", "v1.2.3", module("v0.0.0-20261122"), "1.2.3"},
		{"go install", "", module("v1.2.3"), "1.2.3"},
		{"work tree without git", "", module("(devel)"), "devel"},
		{"no build information", "", nil, "devel"},
		{"stamped, no build information", "1.2.3", nil, "1.2.3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := versionOf(tt.stamped, tt.info); got != tt.want {
				t.Errorf("versionOf = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPrintVersion(t *testing.T) {
	info := &debug.BuildInfo{Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.time", Value: "2026-11-22T00:00:00Z"}, {Key: "vcs.modified", Value: "true"},
	}}
	var b strings.Builder
	if err := printVersion(&b, "1.2.3", info); err != nil {
		t.Fatal(err)
	}
	if want := "straykey 1.2.3\ncommit abc (2026-11-22T00:00:00Z, changed)\n"; !strings.HasPrefix(b.String(), want) {
		t.Errorf("got %q, want it to start with %q", b.String(), want)
	}
}
