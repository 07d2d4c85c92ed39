"""What operations of Lambda need. Source: Service Authorization Reference, "AWS Lambda"."""

import re

from moto.awslambda.models import lambda_backends
from moto.ec2.models import ec2_backends

from vpclab.localcloud.control_plane.authorization.access import Access
from vpclab.localcloud.control_plane.authorization.asked import Asked, account_of

NAME = re.compile(
    r"(?:arn:aws:lambda:)?(?:([a-z]{2}(?:-[a-z]+)+-\d):)?(?:(\d{12}):)?(?:function:)?([A-Za-z0-9_-]+)(?::([$\w-]+))?"
)
"""A function's name or (partial) ARN: Region, account, name, qualifier."""

_ACTIONS = {
    "Invoke": "InvokeFunction",
    "InvokeWithResponseStream": "InvokeFunction",
    "InvokeAsync": "InvokeFunction",
    "GetLayerVersionByArn": "GetLayerVersion",
}
_WITHOUT_RESOURCE = frozenset(
    [
        "CreateCodeSigningConfig",
        "GetAccountSettings",
        "ListCodeSigningConfigs",
        "ListFunctions",
        "ListLayers",
        "ListLayerVersions",
    ]
)
_PASSING_A_ROLE = frozenset({"CreateFunction", "UpdateFunctionConfiguration"})
_LAMBDA = "lambda.amazonaws.com"


def function_arn(asked: Asked, name: str, qualifier: str | None = None) -> str | None:
    """Return the ARN that a function's name or partial ARN stands for; None: it is neither."""
    found = NAME.fullmatch(name)
    if found is None:
        return None
    region, account, plain, own_qualifier = found.groups()
    arn = f"arn:aws:lambda:{region or asked.region}:{account or asked.account}:function:{plain}"
    qualifier = own_qualifier or qualifier
    return f"{arn}:{qualifier}" if qualifier else arn


def accesses(asked: Asked) -> tuple[Access, ...]:
    """Return what one operation of Lambda needs."""
    given, operation = asked.given, asked.operation
    action = f"lambda:{_ACTIONS.get(operation, operation)}"
    if operation in _WITHOUT_RESOURCE:
        return (Access(action),)
    if "EventSourceMapping" in operation:
        return (_mapping_access(asked, action),)
    arns: list[str | None] = list(given.all("ResourceArn", "Resource", "ARN"))
    arns += [_layer_arn(asked, layer) for layer in given.all("LayerName", "Arn")]
    arns += [function_arn(asked, name, given.text("Qualifier")) for name in given.texts("FunctionName")]
    context = _function_context(asked)
    needed = [Access(action, arn, account_of(arn), context) for arn in arns or [None]]
    role = given.text("Role")
    if operation in _PASSING_A_ROLE and role:
        needed.append(Access("iam:PassRole", role, None, {"iam:passedtoservice": (_LAMBDA,)}))
    return tuple(needed)


def _mapping_access(asked: Asked, action: str) -> Access:
    """Operations of event source mappings are bound to a function by ``lambda:FunctionArn`` alone."""
    name, identifier = asked.given.text("FunctionName"), asked.given.text("UUID")
    arn = function_arn(asked, name) if name else None
    if identifier and not arn:
        mapping = lambda_backends[asked.account][asked.region].get_event_source_mapping(identifier)
        arn = None if mapping is None else str(mapping.function_arn)
    context = {"lambda:functionarn": (arn,)} if arn else {}
    resource = asked.arn("lambda", f"event-source-mapping:{identifier}") if identifier else "*"
    return Access(action, resource, None, context)


def _layer_arn(asked: Asked, layer: str) -> str:
    arn = layer if layer.startswith("arn:") else asked.arn("lambda", f"layer:{layer}")
    version = asked.given.text("VersionNumber")
    return f"{arn}:{version}" if version else arn


def _function_context(asked: Asked) -> dict[str, tuple[str, ...]]:
    """The keys of Lambda itself: the network a function is put into, its layers, whom a permission is for."""
    given = asked.given
    context: dict[str, tuple[str, ...]] = {}
    if asked.operation in _PASSING_A_ROLE:
        config = given.nested("VpcConfig") or {}
        subnets = tuple(config.get("SubnetIds") or ())
        groups = tuple(config.get("SecurityGroupIds") or ())
        if subnets:
            known = {one.id: one.vpc_id for one in ec2_backends[asked.account][asked.region].describe_subnets()}
            context["lambda:subnetids"] = subnets
            context["lambda:vpcids"] = tuple({known[one] for one in subnets if one in known})
        if groups:
            context["lambda:securitygroupids"] = groups
        if layers := given.texts("Layers"):
            context["lambda:layer"] = layers
    elif asked.operation in ("AddPermission", "RemovePermission"):
        if principal := given.text("Principal"):
            context["lambda:principal"] = (principal,)
        if kind := given.text("FunctionUrlAuthType"):
            context["lambda:functionurlauthtype"] = (kind,)
    return context
