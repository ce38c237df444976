package typed

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/verdict"
)

// entraSecret asks for a token of an application with its secret
// (https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow).
type entraSecret struct{}

const entraHost = "login.microsoftonline.com"

var (
	uuidText     = lazy(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
	entraDomain  = lazy(`^[a-z0-9-]{1,63}\.onmicrosoft\.com$`)
	entraTenant  = lazy(`(?i)tenant(?:[_-]?id)?\\*["']?\]?\s*(?:=>|[:=])\s*\\*["']?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[a-z0-9-]{1,63}\.onmicrosoft\.com)\b|login\.microsoftonline\.com/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[a-z0-9-]{1,63}\.onmicrosoft\.com)\b`)
	entraClient  = lazy(`(?i)(?:client|app(?:lication)?)(?:[_-]?id)?\\*["']?\]?\s*(?:=>|[:=])\s*\\*["']?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b`)
	errNoTenant  = errors.New("no tenant was found near it")
	errNoClient  = errors.New("no client id was found near it")
	entraRefused = lazy(`^AADSTS([0-9]{4,9})\b`)
)

func entraParts(c *verify.Credential) (tenant, client string, err error) {
	tenant, client = c.Parts["tenant"], c.Parts["client"]
	if tenant == "" {
		tenant = strings.Join(around(c, entraTenant()), "")
	}
	if client == "" {
		client = strings.Join(around(c, entraClient()), "")
	}
	tenant = strings.ToLower(tenant)
	switch {
	case !uuidText().MatchString(tenant) && !entraDomain().MatchString(tenant):
		return "", "", errNoTenant
	case !uuidText().MatchString(client):
		return "", "", errNoClient
	}
	return tenant, client, nil
}

// Targets implements [verify.Check].
func (entraSecret) Targets(c *verify.Credential) ([]verify.Target, error) {
	if _, _, err := entraParts(c); err != nil {
		return nil, err
	}
	return named(entraHost), nil
}

// Ask implements [verify.Check].
func (entraSecret) Ask(ctx context.Context, n *guard.Network, c *verify.Credential) verify.Answer {
	tenant, client, err := entraParts(c)
	if err != nil {
		return notCheckable(err)
	}
	r, err := postForm(ctx, "https://"+entraHost+"/"+tenant+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {client}, "client_secret": {c.Secret},
		"scope": {"https://graph.microsoft.com/.default"},
	})
	if err != nil {
		return notCheckable(err)
	}
	resp, out, ok := send(n, r)
	if !ok {
		return out
	}
	var body struct {
		Token       string `json:"access_token"`
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	switch {
	case !resp.json(&body):
		return resp.unexpected()
	case resp.status == 200 && body.Token != "":
		out = answer(verdict.Active, "")
		out.Principal, out.Account = client, tenant
		entraClaims(&out.Identity, body.Token)
		return out
	case resp.status == 400 || resp.status == 401:
		return entraError(body.Description)
	}
	return resp.unexpected()
}

// entraError tells what an error code means (https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes).
func entraError(description string) verify.Answer {
	m := entraRefused().FindStringSubmatch(description)
	if m == nil {
		return verify.Undecided("the issuer refused without a code")
	}
	switch m[1] {
	case "7000215":
		return answer(verdict.Inactive, "")
	case "7000222":
		return answer(verdict.Inactive, "the secret has expired")
	case "700016":
		return verify.Undecided("the tenant does not know the application")
	case "90002", "900023":
		return verify.Undecided("there is no such tenant")
	case "7000112":
		return answer(verdict.Forbidden, "the application is disabled")
	case "53003", "530003", "530034":
		return answer(verdict.Forbidden, "a policy of the tenant bars it")
	case "500011", "65001", "650052", "650057":
		return answer(verdict.Forbidden, "the application may not use Microsoft Graph")
	case "90033", "50196":
		return temporary("the issuer is busy")
	}
	return verify.Undecided(fmt.Sprintf("the issuer refused with code AADSTS%s", m[1]))
}

// entraClaims reads who the token speaks for. Its signature is not checked: it came from the issuer.
func entraClaims(id *verdict.Identity, token string) {
	var claims struct {
		Name  string   `json:"app_displayname"`
		App   string   `json:"appid"`
		Tid   string   `json:"tid"`
		Roles []string `json:"roles"`
	}
	t, err := parseJWT(token)
	if err != nil || !t.claims(&claims) {
		return
	}
	if claims.App != "" {
		id.Principal = claims.App
	}
	if claims.Tid != "" {
		id.Account = claims.Tid
	}
	id.Owner, id.Scopes = claims.Name, capped(claims.Roles)
	if len(claims.Roles) > 0 {
		id.Privilege = highest(claims.Roles, []string{"ROLEMANAGEMENT", "FULLCONTROL", "APPROLEASSIGNMENT"}, []string{"WRITE", "SEND", "MANAGE"})
	}
}
