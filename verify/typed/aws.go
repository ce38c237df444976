package typed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/verdict"
)

// aws asks the Security Token Service whose a key is. The call needs no permission, and none can be taken away
// (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html).
type aws struct{ now func() time.Time }

// awsKeys is a key id with its secret and, if it is temporary, its session token. Each may be the credential, and the
// others parts of it.
type awsKeys struct{ id, secret, session, region, host string }

var (
	errNoKeyID = errors.New("no key id was found near it")
	awsKeyID   = lazy(`^(?:AKIA|ASIA)[A-Z2-7]{16}$`)
	awsSecret  = lazy(`^[A-Za-z0-9/+]{40}$`)
	// awsRegion is a region of a partition of its own (https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html).
	awsRegion = lazy(`\b(cn-north-1|cn-northwest-1|us-gov-west-1|us-gov-east-1)\b`)
)

func awsKeysOf(c *verify.Credential) (awsKeys, error) {
	k := awsKeys{id: c.Parts["id"], secret: c.Parts["secret"], session: c.Parts["session"], region: "us-east-1", host: "sts.amazonaws.com"}
	switch {
	case awsKeyID().MatchString(c.Secret):
		k.id = c.Secret
	case awsSecret().MatchString(c.Secret):
		k.secret = c.Secret
	default:
		k.session = c.Secret
	}
	switch {
	case !awsKeyID().MatchString(k.id):
		return k, errNoKeyID
	case !awsSecret().MatchString(k.secret):
		return k, errors.New("no secret key was found near it")
	case strings.HasPrefix(k.id, "ASIA") && k.session == "":
		return k, errors.New("no session token was found near it")
	}
	if strings.HasPrefix(k.id, "AKIA") {
		k.session = ""
	}
	region := c.Parts["region"]
	if m := around(c, awsRegion()); region == "" && m != nil {
		region = m[0]
	}
	if region != "" && region != k.region {
		k.region, k.host = region, "sts."+region+".amazonaws.com"
		if strings.HasPrefix(k.region, "cn-") {
			k.host += ".cn"
		}
	}
	return k, nil
}

// Targets implements [verify.Check].
func (aws) Targets(c *verify.Credential) ([]verify.Target, error) {
	k, err := awsKeysOf(c)
	if err != nil {
		return nil, err
	}
	return named(k.host), nil
}

// Ask implements [verify.Check].
func (a aws) Ask(ctx context.Context, n *guard.Network, c *verify.Credential) verify.Answer {
	k, err := awsKeysOf(c)
	if err != nil {
		return notCheckable(err)
	}
	const body = "Action=GetCallerIdentity&Version=2011-06-15"
	r, err := post(ctx, "https://"+k.host+"/", "application/x-www-form-urlencoded", body)
	if err != nil {
		return notCheckable(err)
	}
	sum := sha256.Sum256([]byte(body))
	keys := sdk.Credentials{AccessKeyID: k.id, SecretAccessKey: k.secret, SessionToken: k.session}
	if err := v4.NewSigner().SignHTTP(ctx, keys, r, hex.EncodeToString(sum[:]), "sts", k.region, a.now()); err != nil {
		return verify.Undecided("the request could not be signed")
	}
	resp, out, ok := send(n, r)
	if !ok {
		return out
	}
	if resp.status == 200 {
		return awsIdentity(resp)
	}
	return awsRefused(resp, k)
}

func awsIdentity(r *reply) verify.Answer {
	var who struct {
		Result struct{ Arn, Account string } `xml:"GetCallerIdentityResult"`
	}
	if xml.Unmarshal(r.body, &who) != nil || !strings.HasPrefix(who.Result.Arn, "arn:") {
		return r.unexpected()
	}
	out := answer(verdict.Active, "")
	out.Principal, out.Account = who.Result.Arn, who.Result.Account
	if strings.HasSuffix(who.Result.Arn, ":root") {
		out.Privilege = "admin"
	}
	return out
}

// awsRefused tells what a refusal means (https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html).
func awsRefused(r *reply, k awsKeys) verify.Answer {
	var refusal struct {
		Error struct{ Code, Message string }
	}
	if xml.Unmarshal(r.body, &refusal) != nil {
		return r.unexpected()
	}
	switch refusal.Error.Code {
	case "InvalidClientTokenId", "UnrecognizedClientException":
		return answer(verdict.Inactive, "")
	case "ExpiredToken", "ExpiredTokenException":
		return answer(verdict.Inactive, "the session has expired")
	case "SignatureDoesNotMatch":
		// The key id lives, but this is not its secret: the two may not belong together. A clock that is wrong
		// gets the same code.
		return verify.Undecided("the key id is known, but this is not its secret")
	case "AccessDenied", "AccessDeniedException", "OptInRequired":
		return answer(verdict.Forbidden, "the account may not ask")
	case "RequestExpired", "IncompleteSignature":
		return verify.Undecided("the clock of this machine is wrong")
	case "Throttling", "ThrottlingException", "ServiceUnavailable":
		return temporary("the issuer is busy")
	}
	return r.unexpected()
}
