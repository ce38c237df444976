package proof

import (
	"encoding/base32"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// proveAWSKeyID reads the account out of an access key id: the number stands in
// bits 1 to 40 of the id's base 32 digits. Ids whose fifth character is I
// or J are older than that. There is no checksum, so the status stays Unknown.
func proveAWSKeyID(in input) Result {
	id := in.secret
	if len(id) != 20 {
		return unknown("not of the known shape")
	}
	raw, err := base32.StdEncoding.DecodeString(id[4:])
	if err != nil {
		return unknown("not of the known shape")
	}
	if id[4] == 'I' || id[4] == 'J' {
		return unknown("made before ids carried the account")
	}
	var head uint64
	for _, b := range raw[:6] {
		head = head<<8 | uint64(b)
	}
	account := head & 0x7fffffffff80 >> 7
	if account >= 1e12 {
		return unknown("carries no account number")
	}
	return unknown("carries its account number", Fact{"account", fmt.Sprintf("%012d", account)})
}

// proveAWSPresigned reads the query of a pre-signed request (Signature Version 4):
// when it was signed, for how long, by which key.
func proveAWSPresigned(in input) Result {
	query := strings.ReplaceAll(in.secret, "&amp;", "&")
	host := ""
	if before, after, ok := strings.Cut(query, "?"); ok {
		host, query = before, after
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return unknown("not a query")
	}
	signed, err := time.Parse("20060102T150405Z", values.Get("X-Amz-Date"))
	if err != nil {
		return unknown("not of the known shape")
	}
	seconds, err := strconv.Atoi(values.Get("X-Amz-Expires"))
	if err != nil || seconds < 0 || seconds > 7*24*3600 {
		return invalid("lifetime is not one AWS accepts")
	}
	expires := signed.Add(time.Duration(seconds) * time.Second)
	scope := strings.Split(values.Get("X-Amz-Credential"), "/")
	var f facts
	if len(scope) == 5 {
		f = append(f, proveAWSKeyID(input{secret: scope[0]}).Facts...)
		f.add("key-id", scope[0])
		f.add("region", scope[2])
		f.add("services", scope[3])
	}
	if u, err := url.Parse(host); err == nil {
		f.add("host", u.Host)
	}
	f.time("issued", signed)
	f.time("expires", expires)
	return in.until(expires, valid("well formed; the signature was not checked", f...))
}
