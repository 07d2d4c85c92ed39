"""The circumstances of a request as condition keys, and which keys an answer may rest on.

Source: IAM guide, reference_policies_condition-keys; Lambda guide, lambda-intro-execution-role, for
``lambda:SourceFunctionArn``.
"""

from datetime import UTC, datetime

from vpclab.authorization import Principal, PrincipalKind
from vpclab.localcloud.control_plane.api_request import ApiRequest
from vpclab.localcloud.control_plane.authentication import Caller
from vpclab.localcloud.control_plane.authorization.principal_policies import tags_of
from vpclab.localcloud.request_source import ENVIRON_KEY, RequestSource

Context = dict[str, tuple[str, ...]]

_TYPES = {
    PrincipalKind.ROOT: "Account",
    PrincipalKind.USER: "User",
    PrincipalKind.ROLE_SESSION: "AssumedRole",
    PrincipalKind.ANONYMOUS: "Anonymous",
}
_GLOBAL_REGION = "us-east-1"
_KNOWN = frozenset(
    [
        "aws:calledvia",
        "aws:calledviafirst",
        "aws:calledvialast",
        "aws:currenttime",
        "aws:epochtime",
        "aws:federatedprovider",
        "aws:multifactorauthage",
        "aws:multifactorauthpresent",
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalisawsservice",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:principalservicename",
        "aws:principalservicenameslist",
        "aws:principaltype",
        "aws:referer",
        "aws:requestedregion",
        "aws:resourceaccount",
        "aws:resourceorgid",
        "aws:resourceorgpaths",
        "aws:securetransport",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceidentity",
        "aws:sourceip",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:tokenissuetime",
        "aws:useragent",
        "aws:userid",
        "aws:username",
        "aws:viaawsservice",
        "aws:vpcsourceip",
        "ec2:sourceinstancearn",
        "iam:passedtoservice",
        "iam:permissionsboundary",
        "iam:policyarn",
        "lambda:functionarn",
        "lambda:functionurlauthtype",
        "lambda:layer",
        "lambda:principal",
        "lambda:securitygroupids",
        "lambda:sourcefunctionarn",
        "lambda:subnetids",
        "lambda:vpcids",
        "s3:authtype",
        "s3:delimiter",
        "s3:max-keys",
        "s3:prefix",
        "s3:resourceaccount",
        "s3:signatureversion",
        "s3:versionid",
        "s3:x-amz-acl",
        "s3:x-amz-copy-source",
        "s3:x-amz-metadata-directive",
        "s3:x-amz-server-side-encryption",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
        "s3:x-amz-storage-class",
        "s3:x-amz-website-redirect-location",
        "secretsmanager:name",
        "secretsmanager:secretid",
        "secretsmanager:versionid",
        "secretsmanager:versionstage",
        "sns:endpoint",
        "sns:protocol",
        "sts:externalid",
        "sts:rolesessionname",
        "sts:sourceidentity",
        "sts:transitivetagkeys",
    ]
)
_KNOWN_FAMILIES = ("aws:principaltag/",)


def is_known(key: str) -> bool:
    """Whether the value of a condition key (lower-cased) is told, its absence included."""
    return key in _KNOWN or key.startswith(_KNOWN_FAMILIES)


def principal_context(principal: Principal) -> Context:
    """Return the keys that every call of a principal has, whoever makes it in its name."""
    now = datetime.now(UTC)
    context: Context = {
        "aws:currenttime": (now.strftime("%Y-%m-%dT%H:%M:%SZ"),),
        "aws:epochtime": (str(int(now.timestamp())),),
    }
    if principal.account is not None:
        context["aws:principalaccount"] = (principal.account,)
        context["aws:principalarn"] = (principal.role_arn or principal.arn,)
        context |= {f"aws:principaltag/{key.lower()}": (value,) for key, value in tags_of(principal)}
    if principal.kind in _TYPES:
        context["aws:principaltype"] = (_TYPES[principal.kind],)
    if principal.kind is PrincipalKind.USER:
        context["aws:username"] = (principal.arn.rpartition("/")[2],)
    return context


def request_context(request: ApiRequest, caller: Caller) -> Context:
    """Return the keys of a request: its principal's, its session's, and how it came."""
    environ = request.environ
    context = principal_context(caller.principal)
    context |= {
        "aws:principalisawsservice": ("false",),
        "aws:requestedregion": (request.region or _GLOBAL_REGION,),
        "aws:securetransport": ("true" if environ.get("wsgi.url_scheme") == "https" else "false",),
        "aws:viaawsservice": ("false",),
    }
    if caller.user_id:
        context["aws:userid"] = (caller.user_id,)
    for key, header in (("aws:useragent", "HTTP_USER_AGENT"), ("aws:referer", "HTTP_REFERER")):
        if header in environ:
            context[key] = (environ[header],)
    if caller.issued_at is not None:
        issued = datetime.fromtimestamp(caller.issued_at, UTC)
        context["aws:tokenissuetime"] = (issued.strftime("%Y-%m-%dT%H:%M:%SZ"),)
    source = environ.get(ENVIRON_KEY)
    if isinstance(source, RequestSource) and source.endpoint_id is not None:
        context["aws:sourcevpce"] = (source.endpoint_id,)
        context["aws:vpcsourceip"] = (source.address,)
        if source.vpc_id is not None:
            context["aws:sourcevpc"] = (source.vpc_id,)
    else:
        address = source.address if isinstance(source, RequestSource) else environ.get("REMOTE_ADDR")
        if address:
            context["aws:sourceip"] = (str(address),)
    return context | {key.lower(): values for key, values in caller.session_context.items()}
