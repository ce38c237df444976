// Package forge makes well-formed credentials for tests: tokens whose checksum
// holds but that no issuer ever gave out. Rules use it for their samples and
// tests for their fixtures, so that no file of the repository holds a literal
// token.
//
// Every function takes its randomness from r and is deterministic in it. The
// checksum schemes are those that package proof checks.
package forge

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/straykey/straykey/detect/proof/internal/bip39"
	"github.com/straykey/straykey/detect/proof/internal/checksum"
)

// The alphabets from which bodies are drawn.
const (
	Alnum      = checksum.Base62
	LowerAlnum = checksum.Base36
	Hex        = "0123456789abcdef"
	Base64URL  = Alnum + "-_"
	Base32     = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
)

// New returns a source of randomness for this package: equal seeds make equal
// tokens, in every process.
func New(seed string) *rand.Rand {
	return rand.New(rand.NewChaCha8(sha256.Sum256([]byte(seed))))
}

// Chars returns n characters drawn from alphabet.
func Chars(r *rand.Rand, alphabet string, n int) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(out)
}

// Bytes returns n random bytes.
func Bytes(r *rand.Rand, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(r.Uint32())
	}
	return out
}

// GitHub returns a token with one of the prefixes ghp_ gho_ ghu_ ghs_ (40
// characters) and ghr_ (80).
func GitHub(r *rand.Rand, prefix string) string {
	n := 30
	if prefix == "ghr_" {
		n = 70
	}
	body := Chars(r, Alnum, n)
	return prefix + body + checksum.Digits(checksum.CRC32(body), checksum.Base62, 6)
}

// GitHubFineGrained returns a token of the github_pat_ shape. Its checksum is
// not public, so it has none.
func GitHubFineGrained(r *rand.Rand) string {
	return "github_" + "pat_" + Chars(r, Alnum, 22) + "_" + Chars(r, Alnum, 59)
}

// GitHubApp returns an installation token of the newer ghs_{app id}_{JWT} form.
func GitHubApp(r *rand.Rand, app int, expires time.Time) string {
	claims := fmt.Sprintf(`{"iss":"%d","iat":%d,"exp":%d}`, app, expires.Add(-time.Hour).Unix(), expires.Unix())
	return "ghs" + "_" + strconv.Itoa(app) + "_" + JWT(r, claims)
}

// NPM returns a token of the npm_ shape with the checksum npm is said to use.
func NPM(r *rand.Rand) string { return GitHub(r, "npm"+"_") }

// GitLabRoutable returns a routable token for user 42 of organization 1.
func GitLabRoutable(r *rand.Rand, prefix string) string {
	return GitLabRoutableFor(r, prefix, "c:1\no:1\nu:16", true)
}

// GitLabRoutableFor returns a routable token that carries the lines of
// routing, "key:value" with numbers in base 36. The versioned form is the newer.
func GitLabRoutableFor(r *rand.Rand, prefix, routing string, versioned bool) string {
	payload := base64.RawURLEncoding.EncodeToString(append(append([]byte(routing), Bytes(r, 16)...), 16))
	token := prefix + payload + "."
	if versioned {
		token += "01."
	}
	token += checksum.Digits(uint32(len(payload)), checksum.Base36, 2)
	return token + checksum.Digits(checksum.CRC32(token), checksum.Base36, 7)
}

// Grafana returns a service account token.
func Grafana(r *rand.Rand) string {
	token := "glsa" + "_" + Chars(r, Alnum, 32)
	return token + "_" + checksum.LittleEndianHex(checksum.CRC32(token))
}

// GrafanaCloud returns a cloud access policy token.
func GrafanaCloud(r *rand.Rand, org, name, region string) string {
	return "glc" + "_" + base64.StdEncoding.EncodeToString(object(
		"o", org, "n", name, "k", Chars(r, Alnum, 24), "m", map[string]string{"r": region}))
}

// Vercel returns a token with one of the prefixes vcp_ vci_ vca_ vcr_ vck_.
func Vercel(r *rand.Rand, prefix string) string {
	body := Chars(r, Alnum, 50)
	return prefix + body + checksum.Digits(checksum.CRC32(body), checksum.Base62, 6)
}

// Atlassian returns a token of 192 characters; prefix is for example
// ATATT3xFfGF0 or ATCTT3xFfGN0.
func Atlassian(r *rand.Rand, prefix string) string {
	token := prefix + Chars(r, Base64URL, 192-len(prefix)-9) + "="
	return token + strings.ToUpper(checksum.BigEndianHex(checksum.CRC32(token)))
}

// Cloudflare returns a token with one of the prefixes cfut_ cfat_ cfk_.
func Cloudflare(r *rand.Rand, prefix string) string {
	body := Chars(r, Alnum, 40)
	return prefix + body + checksum.BigEndianHex(checksum.CRC32(body))
}

// Apify returns an API token.
func Apify(r *rand.Rand) string {
	token := "apify" + "_api_" + Chars(r, Alnum, 30)
	return token + checksum.Digits(checksum.CRC32(token), checksum.Base62Lower, 6)
}

// Deno returns a Deno Deploy token; prefix is ddp_ or ddw_.
func Deno(r *rand.Rand, prefix string) string {
	token := prefix + Chars(r, Alnum, 30)
	return token + checksum.Digits(checksum.CRC32(token), checksum.Base62, 6)
}

// Canva returns a Connect API client secret.
func Canva(r *rand.Rand) string {
	token := "cnv" + "ca" + Chars(r, Base64URL, 43)
	return token + checksum.BigEndianHex(checksum.CRC32(token))
}

// SaladCloud returns an API key of the given user or organization handle.
func SaladCloud(r *rand.Rand, handle string) string {
	body := Chars(r, Alnum, 43)
	return "salad" + "_cloud_" + handle + "_" + body + checksum.Digits(checksum.CRC32(body), checksum.Base62, 6)
}

// Zuplo returns an API key.
func Zuplo(r *rand.Rand) string {
	body := Chars(r, LowerAlnum, 32)
	return "zp" + "ka_" + body + "_" + checksum.BigEndianHex(checksum.CRC32(body))
}

// Confluent returns a secret of the cflt form.
func Confluent(r *rand.Rand) string {
	body := Chars(r, Alnum+"+/", 54)
	sum := binary.LittleEndian.AppendUint32(nil, checksum.CRC32(body))
	return "cf" + "lt" + body + base64.RawStdEncoding.EncodeToString(sum)
}

// OpenAI returns a key with one of the prefixes sk- (51 characters),
// sk-proj-, sk-svcacct- and sk-admin-.
func OpenAI(r *rand.Rand, prefix string) string {
	alphabet, flank := Base64URL, 58
	if prefix == "sk-" {
		alphabet, flank = Alnum, 20
	}
	return prefix + Chars(r, alphabet, flank) + "T3Blbk" + "FJ" + Chars(r, alphabet, flank)
}

// AWSKeyID returns an access key id of the 12-digit account; prefix is AKIA or ASIA.
func AWSKeyID(r *rand.Rand, prefix string, account uint64) string {
	raw := Bytes(r, 10)
	// Ids that carry an account have the first bit set.
	head := 1<<47 | account<<7&0x7fffffffff80 | uint64(raw[5]&0x7f)
	for i := range 6 {
		raw[i] = byte(head >> (40 - 8*i))
	}
	return prefix + base32.StdEncoding.EncodeToString(raw)
}

// AzureKinds returns the kinds that Azure knows, e.g. "azure-storage".
func AzureKinds() []string {
	var out []string
	for _, k := range checksum.AzureKeys() {
		out = append(out, k.Name)
	}
	return out
}

// Azure returns a key of the kind, with or without the prefix "azure-", for
// the first permission of its family. An unknown kind gives "".
func Azure(r *rand.Rand, kind string) string { return AzureFor(r, kind, "") }

// AzureFor returns a key of the kind with the permission, e.g. "cosmosdb"
// and "read-only". An unknown kind or permission gives "".
func AzureFor(r *rand.Rand, kind, permission string) string {
	for _, k := range checksum.AzureKeys() {
		if k.Name != kind && k.Name != "azure-"+kind {
			continue
		}
		for _, s := range k.Seeds {
			if permission == "" || s.Permission == permission {
				return azureKey(r, k, s.Seed)
			}
		}
	}
	return ""
}

func azureKey(r *rand.Rand, k checksum.AzureKey, seed string) string {
	text := []byte(k.Encoding().EncodeToString(Bytes(r, k.Bytes)))
	copy(text[k.Offset:], k.Marker)
	text[k.Offset+len(k.Marker)] = 'A' // real keys leave these bits zero where the hash does not fill them
	key := make([]byte, k.Encoding().DecodedLen(len(text)))
	n, err := k.Encoding().Decode(key, text)
	if err != nil {
		return ""
	}
	k.Seal(key[:n], seed)
	return k.Encoding().EncodeToString(key[:n])
}

// AzureRedisElided returns an Azure Cache for Redis key without + and /.
func AzureRedisElided(r *rand.Rand) string {
	for _, k := range checksum.AzureKeys() {
		if k.Elided {
			text := checksum.Elide(azureKey(r, k, k.Seeds[0].Seed))
			key, err := k.Encoding().DecodeString(text)
			if err != nil {
				return ""
			}
			k.Seal(key, k.Seeds[0].Seed)
			return checksum.Elide(k.Encoding().EncodeToString(key))
		}
	}
	return ""
}

// AzureEntra returns a client secret of the 8Q~ generation.
func AzureEntra(r *rand.Rand) string {
	body := Chars(r, Alnum, 3) + "8Q" + "~" + Chars(r, Alnum+"._-~", 31)
	return body + checksum.Entra(body)
}

// AzureCASK returns a common annotated security key of 84 characters made in
// March 2025. The signature names the provider in four
// characters, e.g. AZDO (Azure DevOps) or ACOG (AI services); the provider's
// own four may stand before them, e.g. AAABACOG (Azure OpenAI).
func AzureCASK(r *rand.Rand, signature string) string {
	return cask(r, signature, 4)
}

// AzureCASKLong returns the 88-character form of AzureCASK.
func AzureCASKLong(r *rand.Rand, signature string) string {
	return cask(r, signature, 6) + "=="
}

func cask(r *rand.Rand, signature string, digits int) string {
	body := Chars(r, Alnum, checksum.CASKOffset) + checksum.CASKMarker + "9" + "BC" + strings.Repeat("A", 20-len(signature)) + signature
	raw, err := base64.StdEncoding.DecodeString(body)
	if err != nil || len(body) != checksum.CASKBody {
		return ""
	}
	return body + checksum.CASK(raw)[:digits]
}

// AzureDevOpsLegacy returns a user's PAT of the 52-character form.
func AzureDevOpsLegacy(r *rand.Rand) string {
	var raw [32]byte
	copy(raw[:], Bytes(r, 32))
	checksum.SetDevOpsLegacy(&raw, checksum.DevOpsUser)
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw[:]))
}

// AzureSAS returns the query of an account SAS that may read and list blobs
// until expires.
func AzureSAS(r *rand.Rand, expires time.Time) string {
	return "sv=2024-11-04&ss=b&srt=co&sp=rl&se=" + expires.UTC().Format("2006-01-02T15:04:05Z") +
		"&spr=https&sig=" + sasSignature(r)
}

func sasSignature(r *rand.Rand) string {
	return strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace(base64.StdEncoding.EncodeToString(Bytes(r, 32)))
}

// JWT returns an HS256 token with the JSON payload and a signature nobody made.
func JWT(r *rand.Rand, payload string) string {
	return JWTWith(r, `{"alg":"HS256","typ":"JWT"}`, payload)
}

// JWTWith is JWT with a header of the caller's choice.
func JWTWith(r *rand.Rand, header, payload string) string {
	enc := base64.RawURLEncoding
	return enc.EncodeToString([]byte(header)) + "." + enc.EncodeToString([]byte(payload)) + "." + enc.EncodeToString(Bytes(r, 32))
}

// JFrogReference returns a reference token; the zero time never expires.
func JFrogReference(r *rand.Rand, expires time.Time) string {
	var unix int64
	if !expires.IsZero() {
		unix = expires.Unix()
	}
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "reftkn:01:%010d:%s", unix, Chars(r, Alnum, 27)))
}

// SentryOrg returns an organization auth token.
func SentryOrg(r *rand.Rand, org string, issued time.Time) string {
	claims := fmt.Sprintf(`{"iat":%d.5,"url":"https://sentry.io","region_url":"https://us.sentry.io","org":%q}`, issued.Unix(), org)
	return "sntrys" + "_" + base64.StdEncoding.EncodeToString([]byte(claims)) + "_" + Chars(r, Alnum, 43)
}

// OnePassword returns a service account token.
func OnePassword(r *rand.Rand, account, email string) string {
	return "ops" + "_" + base64.RawURLEncoding.EncodeToString(object(
		"signInAddress", account,
		"userAuth", map[string]any{"method": "SRPg-4096", "alg": "PBES2g-HS256", "iterations": 650000, "salt": Chars(r, Base64URL, 22)},
		"email", email,
		"srpX", Chars(r, Hex, 64),
		"muk", map[string]string{"alg": "A256GCM", "k": Chars(r, Base64URL, 43), "kid": "mp"},
		"secretKey", "A3-"+Chars(r, Alnum, 6),
		"throttleSecret", map[string]string{"seed": Chars(r, Hex, 64), "uuid": Chars(r, Alnum, 26)},
		"deviceUuid", Chars(r, LowerAlnum, 26)))
}

// NKEY returns the seed of a NATS key; kind is the second letter: U for a user, A account, O operator,
// N server, C cluster, X curve.
func NKEY(r *rand.Rand, kind string) string {
	public := byte(strings.Index(Base32, kind)) << 3
	raw := append([]byte{18<<3 | public>>5, public & 31 << 3}, Bytes(r, 32)...)
	raw = binary.LittleEndian.AppendUint16(raw, checksum.CRC16(raw))
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw)
}

// Mnemonic returns a mnemonic phrase of 12, 15, 18, 21 or 24 words; nothing for another number.
func Mnemonic(r *rand.Rand, words int) string {
	return strings.Join(bip39.Phrase(Bytes(r, words/3*4)), " ")
}

// ExtendedKey returns an extended private key of the main network (BIP-0032).
func ExtendedKey(r *rand.Rand) string {
	return base58Check(append([]byte{0x04, 0x88, 0xad, 0xe4}, Bytes(r, 74)...))
}

// WIF returns a private key in the wallet import format, for a compressed public key.
func WIF(r *rand.Rand) string {
	return base58Check(append(append([]byte{0x80}, Bytes(r, 32)...), 1))
}

// base58Check writes b, whose first byte is not zero, and its checksum.
func base58Check(b []byte) string {
	sum := sha256.Sum256(b)
	sum = sha256.Sum256(sum[:])
	n, radix, digit := new(big.Int).SetBytes(append(b, sum[:4]...)), big.NewInt(58), new(big.Int)
	var out []byte
	for n.Sign() > 0 {
		n.DivMod(n, radix, digit)
		out = append(out, "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"[digit.Int64()])
	}
	slices.Reverse(out)
	return string(out)
}

// object writes a JSON object whose keys keep their order.
func object(pairs ...any) []byte {
	out := []byte{'{'}
	for i := 0; i+1 < len(pairs); i += 2 {
		key, _ := json.Marshal(pairs[i])
		value, _ := json.Marshal(pairs[i+1])
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, key...), ':'), value...)
	}
	return append(out, '}')
}
