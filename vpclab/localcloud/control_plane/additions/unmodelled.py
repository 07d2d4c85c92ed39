"""What the local cloud does not model is refused, not recorded and ignored.

moto records far more than any network here enforces: a peering connection or an IPv6 range would be accepted, and
nothing would happen. Reading is free; every change must be on the list below.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from vpclab.localcloud.control_plane.additions import modelled_targets
from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.api_request import ApiRequest, is_reading
from vpclab.localcloud.control_plane.moto_process import SERVICES

_EC2_ACTIONS = frozenset(
    [
        "CreateVpc",
        "DeleteVpc",
        "ModifyVpcAttribute",
        "AssociateVpcCidrBlock",
        "DisassociateVpcCidrBlock",
        "CreateDefaultVpc",
        "CreateDefaultSubnet",
        "CreateSubnet",
        "DeleteSubnet",
        "ModifySubnetAttribute",
        "CreateRouteTable",
        "DeleteRouteTable",
        "AssociateRouteTable",
        "DisassociateRouteTable",
        "ReplaceRouteTableAssociation",
        "CreateRoute",
        "ReplaceRoute",
        "DeleteRoute",
        "CreateInternetGateway",
        "DeleteInternetGateway",
        "AttachInternetGateway",
        "DetachInternetGateway",
        "CreateNatGateway",
        "DeleteNatGateway",
        "AllocateAddress",
        "ReleaseAddress",
        "AssociateAddress",
        "DisassociateAddress",
        "CreateSecurityGroup",
        "DeleteSecurityGroup",
        "AuthorizeSecurityGroupIngress",
        "AuthorizeSecurityGroupEgress",
        "RevokeSecurityGroupIngress",
        "RevokeSecurityGroupEgress",
        "ModifySecurityGroupRules",
        "UpdateSecurityGroupRuleDescriptionsIngress",
        "UpdateSecurityGroupRuleDescriptionsEgress",
        "CreateNetworkAcl",
        "DeleteNetworkAcl",
        "CreateNetworkAclEntry",
        "DeleteNetworkAclEntry",
        "ReplaceNetworkAclEntry",
        "ReplaceNetworkAclAssociation",
        "CreateNetworkInterface",
        "DeleteNetworkInterface",
        "ModifyNetworkInterfaceAttribute",
        "DetachNetworkInterface",
        "CreateVpcEndpoint",
        "ModifyVpcEndpoint",
        "DeleteVpcEndpoints",
        "CreateManagedPrefixList",
        "ModifyManagedPrefixList",
        "RestoreManagedPrefixListVersion",
        "DeleteManagedPrefixList",
        "CreateDhcpOptions",
        "DeleteDhcpOptions",
        "AssociateDhcpOptions",
        "ModifyVpcBlockPublicAccessOptions",
        "CreateVpcBlockPublicAccessExclusion",
        "ModifyVpcBlockPublicAccessExclusion",
        "DeleteVpcBlockPublicAccessExclusion",
        "CreateTags",
        "DeleteTags",
        *modelled_targets.EC2_ACTIONS,
    ]
)
_RDS_ACTIONS = frozenset(
    [
        "CreateDBInstance",
        "ModifyDBInstance",
        "DeleteDBInstance",
        "RebootDBInstance",
        "StopDBInstance",
        "StartDBInstance",
        "CreateDBParameterGroup",
        "ModifyDBParameterGroup",
        "ResetDBParameterGroup",
        "DeleteDBParameterGroup",
        "CreateDBSubnetGroup",
        "ModifyDBSubnetGroup",
        "DeleteDBSubnetGroup",
        "AddTagsToResource",
        "RemoveTagsFromResource",
    ]
)
_LAMBDA_ACTIONS = frozenset(
    [
        "Invoke",
        "CreateFunction",
        "DeleteFunction",
        "UpdateFunctionCode",
        "UpdateFunctionConfiguration",
        "PublishVersion",
        "CreateAlias",
        "UpdateAlias",
        "DeleteAlias",
        "PublishLayerVersion",
        "DeleteLayerVersion",
        "AddLayerVersionPermission",
        "RemoveLayerVersionPermission",
        "AddPermission",
        "RemovePermission",
        "PutResourcePolicy",
        "DeleteResourcePolicy",
        "TagResource",
        "UntagResource",
        "PutFunctionConcurrency",
        "DeleteFunctionConcurrency",
        "PutFunctionRecursionConfig",
        "CreateEventSourceMapping",
        "UpdateEventSourceMapping",
        "DeleteEventSourceMapping",
        "PutFunctionEventInvokeConfig",
        "UpdateFunctionEventInvokeConfig",
        "DeleteFunctionEventInvokeConfig",
    ]
)
_LAMBDA_REFUSED = (
    ("FileSystemConfigs", "file systems"),
    ("CapacityProviderConfig", "Lambda Managed Instances"),
    ("PublishTo", "Lambda Managed Instances"),
    ("DurableConfig", "durable functions"),
    ("TenancyConfig", "tenant isolation"),
    ("RuntimeConfig", "settings of runtimes"),
    ("AcceleratorConfig", "accelerators"),
    ("ImageConfig", "container images"),
    ("KMSKeyArn", "encryption with a key of one's own"),
    ("SourceKMSKeyArn", "encryption with a key of one's own"),
    ("CodeSigningConfigArn", "code signing"),
)
_NOTHING: frozenset[str] = frozenset()
_ALLOWED: Mapping[str, frozenset[str]] = {
    "ec2": _EC2_ACTIONS,
    "rds": _RDS_ACTIONS,
    "elasticache": modelled_targets.ELASTICACHE_ACTIONS,
    "elasticloadbalancing": modelled_targets.LOAD_BALANCING_ACTIONS,
    "lambda": _LAMBDA_ACTIONS,
    "athena": _NOTHING,
    "glue": _NOTHING,
}

_REFUSED: Mapping[tuple[str, str], str] = {
    ("dynamodb", "CreateGlobalTable"): "tables in several Regions",
    ("dynamodb", "EnableKinesisStreamingDestination"): "delivery to Kinesis",
    ("kinesis", "RegisterStreamConsumer"): "enhanced fan-out",
    ("logs", "CreateExportTask"): "exports to S3",
    ("logs", "PutDestination"): "delivery by subscription filters",
    ("logs", "PutMetricFilter"): "metrics of what logs say",
    ("logs", "PutSubscriptionFilter"): "delivery by subscription filters",
    ("monitoring", "PutCompositeAlarm"): "alarms",
    ("monitoring", "PutMetricAlarm"): "alarms",
    ("secretsmanager", "ReplicateSecretToRegions"): "secrets in several Regions",
    ("secretsmanager", "RotateSecret"): "rotation of secrets",
    ("sns", "CreatePlatformApplication"): "delivery to applications",
    ("sns", "CreatePlatformEndpoint"): "delivery to applications",
    ("sns", "CreateSMSSandboxPhoneNumber"): "delivery to telephones",
    ("sns", "OptInPhoneNumber"): "delivery to telephones",
    ("sns", "PutDataProtectionPolicy"): "protection of data in messages",
    ("sns", "SetSMSAttributes"): "delivery to telephones",
}

_KINDS = (
    ("DBInstance", "restoring and promoting database instances"),
    ("Instance", "EC2 instances"),
    ("Peering", "VPC peering"),
    ("TransitGateway", "transit gateways"),
    ("EgressOnly", "egress-only internet gateways and IPv6"),
    ("Ipv6", "IPv6"),
    ("Vpn", "VPN"),
    ("CustomerGateway", "VPN"),
    ("CarrierGateway", "carrier gateways"),
    ("LocalGateway", "Outposts"),
    ("Firewall", "AWS Network Firewall"),
    ("FlowLog", "flow logs (GET /_vpclab/drops lists what was refused)"),
    ("PrivateIpAddresses", "secondary private addresses"),
    ("DBCluster", "Aurora and Multi-AZ clusters"),
    ("DBProxy", "RDS Proxy"),
    ("DBParameterGroup", "copies of parameter groups"),
    ("Rule", "rules of listeners other than the default one"),
    ("ServerlessCache", "serverless caches"),
    ("CacheCluster", "caches outside a replication group"),
    ("Snapshot", "snapshots"),
    ("ReadReplica", "read replicas"),
    ("FunctionUrl", "function URLs"),
    ("ProvisionedConcurrency", "provisioned concurrency"),
    ("CodeSigning", "code signing"),
    ("RuntimeManagement", "the choice of a runtime's version"),
    ("ResponseStream", "response streaming"),
    ("InvokeAsync", "the deprecated InvokeAsync: use Invoke with InvocationType Event"),
    ("NetworkInsights", "Reachability Analyzer (GET /_vpclab/drops lists what was refused, in its words)"),
)
_OFF = frozenset({"", "0", "false", "disabled"})
_RULE_PROTOCOL = re.compile(
    r"(?:IpPermissions\.\d+|SecurityGroupRule\.\d+\.SecurityGroupRule)\.IpProtocol|IpProtocol"
)
_PROTOCOLS = frozenset({"-1", "tcp", "udp", "icmp", "6", "17", "1", "all"})
_TARGET_FIELDS = (
    "EgressOnlyInternetGatewayId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "LocalGatewayId",
    "CarrierGatewayId",
    "CoreNetworkArn",
    "VpcEndpointId",
    "OdbNetworkArn",
)
_ROUTING = frozenset({"CreateRoute", "ReplaceRoute"})
_CHANGING_ENDPOINTS = frozenset({"CreateVpcEndpoint", "ModifyVpcEndpoint"})
_EC2_SPECIALITIES: tuple[tuple[frozenset[str], Callable[[Mapping[str, str]], bool], str], ...] = (
    (_ROUTING, lambda given: given.get("GatewayId", "").startswith("vgw-"), "VPN"),
    (
        frozenset({"CreateNatGateway"}),
        lambda given: given.get("AvailabilityMode", "zonal") != "zonal" or not given.get("SubnetId"),
        "regional NAT gateways",
    ),
    (
        frozenset({"CreateNatGateway"}),
        lambda given: any("Secondary" in name for name in given),
        "secondary addresses of NAT gateways",
    ),
    (
        frozenset({"CreateNatGateway"}),
        lambda given: bool(given.get("PrivateIpAddress")),
        "the choice of a NAT gateway's private address",
    ),
    (
        _CHANGING_ENDPOINTS,
        lambda given: any(name.startswith("SubnetConfiguration.") for name in given),
        "the choice of an endpoint's private addresses",
    ),
    (
        _CHANGING_ENDPOINTS,
        lambda given: (
            given.get("IpAddressType", "ipv4") != "ipv4"
            or given.get("DnsOptions.DnsRecordIpType", "ipv4") != "ipv4"
        ),
        "IPv6",
    ),
    (
        frozenset({"CreateVpc"}),
        lambda given: given.get("InstanceTenancy", "default") != "default",
        "dedicated tenancy",
    ),
    (
        frozenset({"CreateNetworkInterface"}),
        lambda given: (
            given.get("SecondaryPrivateIpAddressCount", "0") != "0"
            or any(name.startswith(("PrivateIpAddresses.2.", "Ipv4Prefix")) for name in given)
        ),
        "secondary private addresses",
    ),
)
_RDS_REFUSED = {
    "MultiAZ": ("a standby in another zone", _OFF),
    "DBSnapshotIdentifier": ("snapshots", frozenset({""})),
    "NewDBInstanceIdentifier": ("renaming", frozenset({""})),
    "DBClusterIdentifier": ("clusters", frozenset({""})),
    "EnableIAMDatabaseAuthentication": ("IAM database authentication", _OFF),
    "NetworkType": ("IPv6", frozenset({"ipv4"})),
    "Domain": ("directories", frozenset({""})),
    "DomainFqdn": ("directories", frozenset({""})),
    "OptionGroupName": ("options: PostgreSQL has none on RDS", frozenset({""})),
    "DedicatedLogVolume": ("dedicated log volumes", _OFF),
}
_MAPPING_REFUSED: Mapping[str, tuple[str, tuple[object, ...]]] = {
    "ParallelizationFactor": ("several batches of one shard at a time", (1,)),
    "TumblingWindowInSeconds": ("tumbling windows", (0,)),
    "KMSKeyArn": ("encrypted filters", ("",)),
    "ProvisionedPollerConfig": ("provisioned pollers", ({},)),
    "MetricsConfig": ("metrics of mappings", ({"Metrics": []}, {})),
    "LoggingConfig": ("logs of mappings", ({},)),
    "Topics": ("Kafka", ([],)),
    "SelfManagedEventSource": ("Kafka", ({},)),
    "SelfManagedKafkaEventSourceConfig": ("Kafka", ({},)),
    "AmazonManagedKafkaEventSourceConfig": ("Kafka", ({},)),
    "Queues": ("Amazon MQ", ([],)),
    "DocumentDBEventSourceConfig": ("DocumentDB", ({},)),
    "SourceAccessConfigurations": ("access to brokers", ([],)),
}


def refuse(request: ApiRequest, action: str) -> None:
    """Raise the refusal of a call that is not modelled; return for every other."""
    if request.service not in SERVICES:
        raise ApiError(
            "UnsupportedOperation",
            f"The service {request.service or 'of this request'} is not modelled by the local cloud; it has "
            f"{', '.join(SERVICES)}.",
            501,
        )
    if is_reading(action):
        return
    allowed = _ALLOWED.get(request.service)
    if allowed is not None and action and action not in allowed:
        raise _refusal(action, next((kind for mark, kind in _KINDS if mark in action), None))
    if reason := _REFUSED.get((request.service, action)):
        raise _refusal(action, reason)
    if refused := modelled_targets.refusal(action, request.parameters):
        raise _refusal(refused.asked, refused.what)
    if request.service == "ec2":
        _check_ec2(action, request.parameters)
    elif request.service == "rds":
        _check_rds(action, request.parameters)
    elif request.service == "lambda":
        _check_lambda(action, request.document, dict(parse_qsl(request.query)))
    elif request.service == "secretsmanager" and request.document.get("AddReplicaRegions"):
        raise _refusal(f"{action} with AddReplicaRegions", "secrets in several Regions")


def _check_ec2(action: str, parameters: Mapping[str, str]) -> None:
    for name, value in parameters.items():
        if "ipv6" in name.lower() and value.lower() not in _OFF:
            raise _refusal(f"{action} with {name}", "IPv6")
        if "Ipam" in name:
            raise _refusal(f"{action} with {name}", "IPAM pools")
        if _RULE_PROTOCOL.fullmatch(name) and value.lower() not in _PROTOCOLS:
            raise _refusal(f"{action} with {name} {value}", "IP protocols other than TCP, UDP and ICMP")
        if action in _ROUTING and name in _TARGET_FIELDS:
            raise _refusal(f"{action} with {name}", f"a route to what {name} names")
    for concerned, is_asked, what in _EC2_SPECIALITIES:
        if action in concerned and is_asked(parameters):
            raise _refusal(action, what)


def _check_rds(action: str, parameters: Mapping[str, str]) -> None:
    if action == "CreateDBInstance" and parameters.get("Engine") != "postgres":
        raise _refusal(f"{action} with Engine {parameters.get('Engine')}", "engines other than postgres")
    for name, (what, harmless) in _RDS_REFUSED.items():
        if parameters.get(name, "").lower() not in harmless | {""}:
            raise _refusal(f"{action} with {name}", what)


def _check_lambda(action: str, document: Mapping[str, Any], query: Mapping[str, str]) -> None:
    config = document.get("VpcConfig") or {}
    if config.get("Ipv6AllowedForDualStack"):
        raise _refusal(f"{action} with Ipv6AllowedForDualStack", "IPv6")
    for name, what in () if "EventSourceMapping" in action else _LAMBDA_REFUSED:
        value = document.get(name)
        if value if isinstance(value, str) else any(_filled(value)):
            raise _refusal(f"{action} with {name}", what)
    if "EventSourceMapping" in action:
        for name, (what, harmless) in _MAPPING_REFUSED.items():
            if document.get(name) not in (None, *harmless):
                raise _refusal(f"{action} with {name}", what)
    if "EventInvokeConfig" in action and query.get("Qualifier", "$LATEST") != "$LATEST":
        raise _refusal(f"{action} with a Qualifier", "settings of asynchronous invocation per version or alias")
    if (document.get("SnapStart") or {}).get("ApplyOn", "None") != "None":
        raise _refusal(f"{action} with SnapStart", "snapshots of functions")


def _filled(value: object) -> list[object]:
    """What an object or a list holds that is not empty."""
    values = list(value.values()) if isinstance(value, Mapping) else value
    return [one for one in values if one] if isinstance(values, list) else []


def _refusal(asked: str, kind: str | None) -> ApiError:
    reason = f": not modelled is {kind}" if kind else ""
    return ApiError(
        "UnsupportedOperation",
        f"{asked} is refused by the local cloud, because nothing would follow it{reason}. See the fidelity table "
        "in docs/local-cloud.md.",
    )
