package proof

import (
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/straykey/straykey/detect/proof/internal/checksum"
)

// azureKeyProofs has one proof for each family of keys that ends in a Marvin32 hash.
func azureKeyProofs() []entry {
	var out []entry
	for _, k := range checksum.AzureKeys() {
		out = append(out, entry{k.Name, func(in input) Result { return proveAzureKey(&k, in.secret) }})
	}
	return out
}

func proveAzureKey(k *checksum.AzureKey, text string) Result {
	if len(text) != k.EncodedLen() || text[k.Offset:k.Offset+len(k.Marker)] != k.Marker {
		return unknown("not of the known shape")
	}
	key, err := k.Encoding().DecodeString(text)
	if err != nil || len(key) != k.Bytes {
		return unknown("not of the known shape")
	}
	stands := string(key)
	for _, s := range k.Seeds {
		k.Seal(key, s.Seed)
		if string(key) == stands || k.Elided && checksum.Elide(k.Encoding().EncodeToString(key)) == text {
			var f facts
			f.add("permissions", s.Permission)
			return valid("checksum holds", f...)
		}
	}
	return invalid("checksum does not hold")
}

// proveCASK proves common annotated security keys, the scheme of Azure DevOps,
// Azure AI and other services since 2024.
func proveCASK(in input) Result {
	key := in.secret
	if len(key) != 84 && !(len(key) == 88 && strings.HasSuffix(key, "==")) {
		return unknown("not of the known shape")
	}
	body, sum := key[:checksum.CASKBody], strings.TrimSuffix(key[checksum.CASKBody:], "==")
	raw, err := base64.StdEncoding.DecodeString(body)
	if err != nil || !strings.HasPrefix(body[checksum.CASKOffset:], checksum.CASKMarker) {
		return unknown("not of the known shape")
	}
	if checksum.CASK(raw)[:len(sum)] != sum && checksum.CASKEarly(raw) != sum {
		return invalid("checksum does not hold")
	}
	return valid("checksum holds", caskFacts(body)...)
}

// caskFacts reads the annotations behind the marker: kind of key, year and month.
func caskFacts(body string) []Fact {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	at := checksum.CASKOffset + len(checksum.CASKMarker)
	year := strings.IndexByte(alphabet, body[at+1])
	month := strings.IndexByte(alphabet, body[at+2])
	var f facts
	f.add("services", caskService(body[76:80]))
	f.add("name", body[76:80])
	if month < 12 {
		f.add("issued", fmt.Sprintf("%d-%02d", 2024+year, month+1))
	}
	return f
}

// caskService names the providers whose signature is known; keys that
// Microsoft manages itself have it in lower case.
func caskService(signature string) string {
	switch strings.ToUpper(signature) {
	case "AZDO":
		return "Azure DevOps"
	case "ACOG":
		return "Azure AI services"
	case "AZEG":
		return "Azure Event Grid"
	}
	return ""
}

// proveEntra proves client secrets of Entra applications. The eighth
// generation (8Q~) ends in a checksum, the seventh has none.
func proveEntra(in input) Result {
	s := in.secret
	if len(s) == 37 && s[3:6] == "7Q~" {
		return unknown("shape is right; this generation has no checksum")
	}
	if len(s) != 40 || s[3:6] != "8Q~" {
		return unknown("not of the known shape")
	}
	if checksum.Entra(s[:checksum.EntraBody]) != s[checksum.EntraBody:] {
		return invalid("checksum does not hold")
	}
	return valid("checksum holds")
}

// proveDevOpsLegacy proves the 52-character personal access tokens, which
// have no marker: the checksum alone tells them from other words of base 32.
func proveDevOpsLegacy(in input) Result {
	if len(in.secret) != 52 || in.secret != strings.ToLower(in.secret) {
		return unknown("not of the known shape")
	}
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(in.secret))
	if err != nil || len(raw) != 32 {
		return unknown("not of the known shape")
	}
	stored, crc := checksum.DevOpsLegacy((*[32]byte)(raw))
	switch stored ^ crc {
	case checksum.DevOpsUser:
		return valid("checksum holds", Fact{"role", "user token"})
	case checksum.DevOpsApplication:
		return valid("checksum holds", Fact{"role", "application token"})
	}
	return invalid("checksum does not hold")
}

// proveAPIMRepository reads the expiry of a Git password of API Management:
// git&yyyyMMddHHmm&signature.
func proveAPIMRepository(in input) Result {
	parts := strings.Split(strings.NewReplacer("%26", "&", "&amp;", "&").Replace(in.secret), "&")
	if len(parts) != 3 || parts[0] != "git" {
		return unknown("not of the known shape")
	}
	expires, err := time.Parse("200601021504", parts[1])
	if err != nil {
		return invalid("its expiry is no date")
	}
	var f facts
	f.time("expires", expires)
	return in.until(expires, valid("well formed", f...))
}
