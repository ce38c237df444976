package report

import "testing"

func TestCount(t *testing.T) {
	for _, tt := range []struct {
		n    int64
		noun string
		want string
	}{
		{0, "file", "0 files"},
		{1, "directory", "1 directory"},
		{2, "directory", "2 directories"},
		{12345, "blob", "12,345 blobs"},
		{2, "stdin", "2 stdin"},
	} {
		if got := count(tt.n, tt.noun); got != tt.want {
			t.Errorf("%d %s: got %q, want %q", tt.n, tt.noun, got, tt.want)
		}
	}
}
