package typed

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/verdict"
)

// azureStorageKey signs a request for the properties of a storage account
// (https://learn.microsoft.com/en-us/rest/api/storageservices/get-account-information).
type azureStorageKey struct{ now func() time.Time }

const azureVersion = "2021-08-06"

var (
	errNoAccount     = errors.New("no account was found near it")
	azureAccountName = lazy(`^[a-z0-9]{3,24}$`)
	azureAccount     = lazy(`(?i)(?:\b|_)(?:AccountName|account[_-]?name|storage[_-]?account(?:[_-]?name)?)\\*["']?\s*[:=]\s*\\*["']?([a-z0-9]{3,24})\b|\b([a-z0-9]{3,24})\.(?:blob|queue|table|file|dfs)\.core\.`)
	azureSuffix      = lazy(`(?i)\bcore\.(?:windows\.net|chinacloudapi\.cn|usgovcloudapi\.net)`)
)

// azureStorageHost returns the account and the host of its blobs.
func azureStorageHost(c *verify.Credential) (account, host string, err error) {
	account = c.Parts["account"]
	if account == "" {
		account = strings.Join(around(c, azureAccount()), "")
	}
	account = strings.ToLower(account)
	if !azureAccountName().MatchString(account) {
		return "", "", errNoAccount
	}
	suffix := "core.windows.net"
	for _, text := range []string{c.Around, c.Match} {
		if s := azureSuffix().FindString(text); s != "" {
			suffix = strings.ToLower(s)
		}
	}
	return account, account + ".blob." + suffix, nil
}

// Targets implements [verify.Check].
func (azureStorageKey) Targets(c *verify.Credential) ([]verify.Target, error) {
	_, host, err := azureStorageHost(c)
	if err != nil {
		return nil, err
	}
	if key, err := base64.StdEncoding.DecodeString(c.Secret); err != nil || len(key) != 64 {
		return nil, errors.New("it is not the base64 of 64 bytes")
	}
	return named(host), nil
}

// Ask implements [verify.Check].
func (a azureStorageKey) Ask(ctx context.Context, n *guard.Network, c *verify.Credential) verify.Answer {
	if _, err := a.Targets(c); err != nil {
		return notCheckable(err)
	}
	account, host, _ := azureStorageHost(c)
	key, _ := base64.StdEncoding.DecodeString(c.Secret)
	r, err := get(ctx, "https://"+host+"/?restype=account&comp=properties")
	if err != nil {
		return notCheckable(err)
	}
	date := a.now().UTC().Format(http.TimeFormat)
	r.Header.Set("x-ms-date", date)
	r.Header.Set("x-ms-version", azureVersion)
	// https://learn.microsoft.com/en-us/rest/api/storageservices/authorize-with-shared-key: the method, eleven headers
	// that are empty here, the headers of the service, the resource.
	text := "GET" + strings.Repeat("\n", 12) + "x-ms-date:" + date + "\nx-ms-version:" + azureVersion + "\n" +
		"/" + account + "/\ncomp:properties\nrestype:account"
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	r.Header.Set("Authorization", "SharedKey "+account+":"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	resp, out, ok := send(n, r)
	if !ok {
		return out
	}
	if resp.status == http.StatusOK && resp.header.Get("x-ms-request-id") != "" {
		out = answer(verdict.Active, "")
		out.Account, out.Principal, out.Privilege = account, account, "admin"
		return out
	}
	return azureRefused(resp)
}

// azureRefused tells what a refusal means
// (https://learn.microsoft.com/en-us/rest/api/storageservices/common-rest-api-error-codes, …/sas-error-codes).
func azureRefused(r *reply) verify.Answer {
	switch r.header.Get("x-ms-error-code") {
	case "AuthenticationFailed", "InvalidAuthenticationInfo":
		return answer(verdict.Inactive, "")
	case "AuthorizationSourceIPMismatch", "AuthorizationProtocolMismatch", "AuthorizationPermissionMismatch",
		"AuthorizationServiceMismatch", "AuthorizationResourceTypeMismatch", "InsufficientAccountPermissions":
		return answer(verdict.Forbidden, "it does not allow what was asked, or not from here")
	case "ContainerNotFound", "BlobNotFound", "ResourceNotFound", "ShareNotFound", "QueueNotFound", "TableNotFound":
		return answer(verdict.Forbidden, "what it opened is gone")
	case "AccountIsDisabled":
		return answer(verdict.Forbidden, "the account is disabled")
	case "KeyBasedAuthenticationNotPermitted":
		return verify.Undecided("the account lets no keys in")
	case "AuthorizationFailure":
		return verify.Undecided("the account lets nobody in from this address")
	case "ServerBusy", "OperationTimedOut", "InternalError":
		return temporary("the issuer is busy")
	}
	return r.unexpected()
}

// azureSAS tells what a shared access signature says of itself, and asks for the least that it allows to read
// (https://learn.microsoft.com/en-us/rest/api/storageservices/create-service-sas).
type azureSAS struct{ now func() time.Time }

// sas is a shared access signature and the resource that it stands beside.
type sas struct {
	host, path string
	query      url.Values
	raw        string
}

var (
	azureHost   = lazy(`(?i)https?://([a-z0-9]{3,24}\.(?:blob|queue|table|file|dfs)\.core\.(?:windows\.net|chinacloudapi\.cn|usgovcloudapi\.net))(/[^\s"'<>?\\]*)?\?`)
	errNoBucket = errors.New("no address of a storage account was found near it")
)

func sasOf(c *verify.Credential) (sas, error) {
	raw := strings.NewReplacer("&amp;", "&", `\u0026`, "&").Replace(c.Secret)
	if _, after, ok := strings.Cut(raw, "?"); ok {
		raw = after
	}
	s := sas{raw: raw}
	var err error
	if s.query, err = url.ParseQuery(raw); err != nil || s.query.Get("sig") == "" {
		return s, errors.New("it is not written as a query")
	}
	for _, text := range []string{c.Secret, c.Match, c.Around} {
		if m := azureHost().FindStringSubmatch(text); m != nil {
			s.host, s.path = strings.ToLower(m[1]), m[2]
			return s, nil
		}
	}
	account := strings.ToLower(strings.Join(around(c, azureAccount()), ""))
	if !azureAccountName().MatchString(account) {
		return s, errNoBucket
	}
	s.host = account + ".blob.core.windows.net"
	return s, nil
}

// expires returns se, in the forms that Azure takes.
func (s *sas) expires() time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z", "2006-01-02"} {
		if t, err := time.Parse(layout, s.query.Get("se")); err == nil {
			return t
		}
	}
	return time.Time{}
}

func (s *sas) identity() verdict.Identity {
	id := verdict.Identity{Expires: s.expires()}
	id.Account, _, _ = strings.Cut(s.host, ".")
	if p := s.query.Get("sp"); p != "" {
		id.Scopes = []string{p}
		id.Privilege = "read"
		if strings.ContainsAny(p, "wacduxmeopti") {
			id.Privilege = "write"
		}
	}
	if si := s.query.Get("si"); si != "" {
		id.Scopes = append(id.Scopes, "policy "+si)
	}
	id.Principal = strings.TrimPrefix(s.path, "/")
	return id
}

// request returns what to ask, if the signature allows anything to be read. Properties and lists are read, contents
// are not.
func (s *sas) request() (method, address string, ok bool) {
	allows := s.query.Get("sp")
	base := "https://" + s.host
	service := strings.Split(s.host, ".")[1]
	switch sr := s.query.Get("sr"); {
	case s.query.Get("srt") != "" && strings.Contains(s.query.Get("srt"), "s") && strings.Contains(allows, "l"):
		return http.MethodGet, base + "/?comp=list&maxresults=1&" + s.raw, service != "table"
	case s.query.Get("srt") != "" && strings.Contains(s.query.Get("srt"), "s") && strings.Contains(allows, "r"):
		return http.MethodGet, base + "/?restype=service&comp=properties&" + s.raw, service != "dfs"
	case sr == "c" && strings.ContainsAny(allows, "l") && s.path != "" && service == "blob":
		container, _, _ := strings.Cut(strings.TrimPrefix(s.path, "/"), "/")
		return http.MethodGet, base + "/" + container + "?restype=container&comp=list&maxresults=1&" + s.raw, container != ""
	case strings.Contains("b bs bv c f", sr) && sr != "" && strings.Contains(allows, "r") && strings.Count(s.path, "/") > 1:
		return http.MethodHead, base + s.path + "?" + s.raw, true
	}
	return "", "", false
}

// Targets implements [verify.Check].
func (a azureSAS) Targets(c *verify.Credential) ([]verify.Target, error) {
	s, err := sasOf(c)
	if err != nil && !errors.Is(err, errNoBucket) {
		return nil, err
	}
	if e := s.expires(); !e.IsZero() && a.now().After(e) {
		return nil, nil // known without asking
	}
	if err != nil {
		return nil, err
	}
	return named(s.host), nil
}

// Ask implements [verify.Check].
func (a azureSAS) Ask(ctx context.Context, n *guard.Network, c *verify.Credential) verify.Answer {
	s, err := sasOf(c)
	if err != nil && !errors.Is(err, errNoBucket) {
		return notCheckable(err)
	}
	if e := s.expires(); !e.IsZero() && a.now().After(e) {
		out := answer(verdict.Inactive, "it has expired")
		out.Identity = s.identity()
		return out
	}
	if err != nil {
		return notCheckable(err)
	}
	method, address, ok := s.request()
	if !ok {
		out := answer(verdict.NotCheckable, "it allows nothing that can be asked without changing something, or its resource was not found")
		out.Identity = s.identity()
		return out
	}
	r, err := get(ctx, address)
	if err != nil {
		return notCheckable(err)
	}
	r.Method = method
	r.Header.Set("x-ms-version", azureVersion)
	resp, out, ok := send(n, r)
	if !ok {
		return out
	}
	if resp.status == http.StatusOK && resp.header.Get("x-ms-request-id") != "" {
		out = answer(verdict.Active, "")
	} else {
		out = azureRefused(resp)
	}
	if out.Verdict == verdict.Active || out.Verdict == verdict.Forbidden {
		out.Identity = s.identity()
	}
	return out
}
