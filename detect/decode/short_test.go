package decode

import "testing"

func TestShort(t *testing.T) {
	for value, want := range map[string]string{
		"aHVudGVyMiFR":     "base64 hunter2!Q",
		"aHVudGVyMiEK":     "base64 hunter2!", // and a line end
		"Z3LDvMOfZQ==":     "base64 gr\u00fc\u00dfe",
		"68756e74657232":   "hex hunter2",
		"aHVudGVyAQID":     "",               // control characters
		"aHVudGVy/////w==": "",               // no UTF-8
		"MTIzNDU2Nzg5":     "",               // no letter
		"aHVudGVyMg":       "base64 hunter2", // no padding
		"aHVudGVyMiE":      "base64 hunter2!",
		"aHVudGVyMh":       "", // bits left over
		"aHVudGVyMgA":      "", // a control character
		"aGVsbG9=":         "", // bits left over
		"YWRtaW4":          "", // too short
		"dGhpcyBpcyBhIGxvbmcgdGV4dCBvZiBhIHJ1bg==": "", // a run
	} {
		got := ""
		if text, kind, ok := Short([]byte(value)); ok {
			got = kind.String() + " " + string(text)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", value, got, want)
		}
	}
}
