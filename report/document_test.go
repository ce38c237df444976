package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A document that is read back and written is the same, byte for byte.
func TestDocumentRoundTrip(t *testing.T) {
	for name, r := range testReports() {
		t.Run(name, func(t *testing.T) {
			text := write(t, "json", r, Options{})
			d, err := ReadJSON(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			var again bytes.Buffer
			if err := d.WriteJSON(&again); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(text, again.String()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// A report that learns of verdicts later is the report that had them from the start, but for the order.
func TestDocumentVerify(t *testing.T) {
	d, err := ReadJSON(strings.NewReader(write(t, "json", fixture(), Options{})))
	if err != nil {
		t.Fatal(err)
	}
	d.Verify(verified(), Options{})
	want, err := ReadJSON(strings.NewReader(write(t, "json", verified(), Options{})))
	if err != nil {
		t.Fatal(err)
	}
	byPrint := func(d *Document) map[string]*jsonVerification {
		out := map[string]*jsonVerification{}
		for _, f := range d.doc.Findings {
			out[f.Fingerprint] = f.Verified
		}
		return out
	}
	if diff := cmp.Diff(byPrint(want), byPrint(d)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want.doc.Summary, d.doc.Summary); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
}

// What is no report is refused, and not quoted.
func TestReadJSONRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":        fakeToken,
		"a list":         `["` + fakeToken + `"]`,
		"another schema": `{"schema": "straykey.report/9"}`,
		"another type":   `{"schema": "straykey.report/1", "findings": "` + fakeToken + `"}`,
		"unknown field":  `{"schema": "straykey.report/1", "more": 1}`,
	} {
		if _, err := ReadJSON(strings.NewReader(text)); err == nil || strings.Contains(err.Error(), fakeToken) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// FuzzReadJSON: whatever is read can be written, and reads the same again.
func FuzzReadJSON(f *testing.F) {
	for _, r := range testReports() {
		var b bytes.Buffer
		if err := Write(&b, "json", r, Options{}); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := ReadJSON(bytes.NewReader(text))
		if err != nil {
			return
		}
		d.Places()
		var once, twice bytes.Buffer
		if err := d.WriteJSON(&once); err != nil {
			t.Fatal(err)
		}
		again, err := ReadJSON(bytes.NewReader(once.Bytes()))
		if err != nil {
			t.Fatalf("what was written does not read: %v", err)
		}
		if err := again.WriteJSON(&twice); err != nil || once.String() != twice.String() {
			t.Errorf("written twice, %v, and not the same", err)
		}
	})
}
