"""VPC Block Public Access: options and exclusions of one account in one Region, which moto does not have.

AWS: VPC guide, security-vpc-bpa-basics; EC2 API, ModifyVpcBlockPublicAccessOptions and its relatives. Changes are
complete at once, where AWS takes minutes; the answer to a change says, as AWS's, that it is in progress.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response
from moto.ec2.utils import random_resource_id

from vpclab.localcloud.control_plane.corrections import Corrections, Moto
from vpclab.network.block_public_access import BlockMode, BlockPublicAccess, Exclusion, ExclusionMode

MOST_EXCLUSIONS = 50
"""VPC guide, "VPC BPA limitations"."""

_STATE = "vpclab_block_public_access"


@dataclass(slots=True)
class _Made:
    """An exclusion, when it was made and last changed."""

    fact: Exclusion
    arn: str
    created: datetime
    updated: datetime
    tags: list[dict[str, str]]


@dataclass(slots=True)
class _State:
    """What one backend remembers."""

    mode: BlockMode = BlockMode.OFF
    updated: datetime | None = None
    exclusions: dict[str, _Made] = field(default_factory=dict)


def correct(corrections: Corrections) -> None:
    """Answer the operations."""
    for name, operation in (
        ("describe_vpc_block_public_access_options", _describe_options),
        ("modify_vpc_block_public_access_options", _modify_options),
        ("create_vpc_block_public_access_exclusion", _create_exclusion),
        ("modify_vpc_block_public_access_exclusion", _modify_exclusion),
        ("delete_vpc_block_public_access_exclusion", _delete_exclusion),
        ("describe_vpc_block_public_access_exclusions", _describe_exclusions),
    ):
        corrections.replace(EC2Response, name, operation)


def fact(backend: Moto) -> BlockPublicAccess | None:
    """Return what a backend's account has decided for its Region; None where nothing is blocked."""
    state: _State | None = getattr(backend, _STATE, None)
    if state is None or state.mode is BlockMode.OFF:
        return None
    exclusions = tuple(one.fact for one in _living(backend))
    return BlockPublicAccess(backend.account_id, backend.region_name, state.mode, exclusions)


def _state(backend: Moto) -> _State:
    if not hasattr(backend, _STATE):
        setattr(backend, _STATE, _State())
    found: _State = getattr(backend, _STATE)
    return found


def _living(backend: Moto) -> list[_Made]:
    """Exclusions of what exists: they go with their VPC or subnet."""
    subnets = {subnet_id for zone in backend.subnets.values() for subnet_id in zone}
    return [
        one
        for one in _state(backend).exclusions.values()
        if one.fact.resource_id in backend.vpcs or one.fact.resource_id in subnets
    ]


def _describe_options(self: Moto) -> ActionResult:
    return ActionResult({"VpcBlockPublicAccessOptions": _options(self.ec2_backend)})


def _modify_options(self: Moto) -> ActionResult:
    mode = _chosen(BlockMode, self._get_param("InternetGatewayBlockMode"), "InternetGatewayBlockMode")
    state = _state(self.ec2_backend)
    state.mode, state.updated = mode, utcnow()
    return ActionResult(
        {"VpcBlockPublicAccessOptions": {**_options(self.ec2_backend), "State": "update-in-progress"}}
    )


def _options(backend: Moto) -> dict[str, Any]:
    state = _state(backend)
    return {
        "AwsAccountId": backend.account_id,
        "AwsRegion": backend.region_name,
        "State": "default-state" if state.updated is None else "update-complete",
        "InternetGatewayBlockMode": state.mode.value,
        "ManagedBy": "account",
        "ExclusionsAllowed": "allowed",
        **({} if state.updated is None else {"LastUpdateTimestamp": state.updated}),
    }


def _create_exclusion(self: Moto) -> ActionResult:
    backend = self.ec2_backend
    mode = _chosen(ExclusionMode, self._get_param("InternetGatewayExclusionMode"), "InternetGatewayExclusionMode")
    vpc_id, subnet_id = self._get_param("VpcId"), self._get_param("SubnetId")
    if bool(vpc_id) == bool(subnet_id):
        raise EC2ClientError("InvalidParameterCombination", "An exclusion needs either a VpcId or a SubnetId.")
    resource = backend.get_vpc(vpc_id) if vpc_id else backend.get_subnet(subnet_id)
    if resource is None:
        raise EC2ClientError("InvalidVpcID.NotFound", f"The vpc ID '{vpc_id}' does not exist")
    living = _living(backend)
    if any(one.fact.resource_id == resource.id for one in living):
        raise EC2ClientError("InvalidParameterValue", f"{resource.id} has an exclusion already: modify that one.")
    if len(living) >= MOST_EXCLUSIONS:
        raise EC2ClientError(
            "VpcBlockPublicAccessExclusionLimitExceeded",
            f"The maximum number of {MOST_EXCLUSIONS} VPC Block Public Access exclusions has been reached.",
        )
    now = utcnow()
    kind = "vpc" if vpc_id else "subnet"
    made = _Made(
        Exclusion(f"vpcbpa-exclude-{random_resource_id(17)}", resource.id, mode),
        f"arn:aws:ec2:{backend.region_name}:{backend.account_id}:{kind}/{resource.id}",
        now,
        now,
        [
            tag
            for one in self._get_param("TagSpecifications", [])
            for tag in one.get("Tags") or one.get("Tag") or []
        ],
    )
    _state(backend).exclusions[made.fact.id] = made
    return _exclusion(made, "create-in-progress")


def _modify_exclusion(self: Moto) -> ActionResult:
    made = _find(self.ec2_backend, self._get_param("ExclusionId"))
    mode = _chosen(ExclusionMode, self._get_param("InternetGatewayExclusionMode"), "InternetGatewayExclusionMode")
    made.fact, made.updated = replace(made.fact, mode=mode), utcnow()
    return _exclusion(made, "update-in-progress")


def _delete_exclusion(self: Moto) -> ActionResult:
    made = _find(self.ec2_backend, self._get_param("ExclusionId"))
    del _state(self.ec2_backend).exclusions[made.fact.id]
    return _exclusion(made, "delete-in-progress")


def _describe_exclusions(self: Moto) -> ActionResult:
    wanted = self._get_param("ExclusionIds", [])
    found = [_find(self.ec2_backend, one) for one in wanted] if wanted else _living(self.ec2_backend)
    described = [_described(one) for one in found]
    for name, values in self._filters_from_querystring().items():
        member = {
            "internet-gateway-exclusion-mode": "InternetGatewayExclusionMode",
            "resource-arn": "ResourceArn",
            "state": "State",
        }.get(name)
        if member is None:
            raise EC2ClientError("InvalidParameterValue", f"The filter '{name}' is invalid")
        described = [one for one in described if one[member] in values]
    return ActionResult({"VpcBlockPublicAccessExclusions": described})


def _find(backend: Moto, exclusion_id: str) -> _Made:
    for made in _living(backend):
        if made.fact.id == exclusion_id:
            return made
    raise EC2ClientError(
        "InvalidVpcBlockPublicAccessExclusionId.NotFound",
        f"The VPC Block Public Access exclusion ID '{exclusion_id}' does not exist",
    )


def _exclusion(made: _Made, state: str) -> ActionResult:
    return ActionResult({"VpcBlockPublicAccessExclusion": {**_described(made), "State": state}})


def _described(made: _Made) -> dict[str, Any]:
    return {
        "ExclusionId": made.fact.id,
        "InternetGatewayExclusionMode": made.fact.mode.value,
        "ResourceArn": made.arn,
        "State": "create-complete" if made.updated == made.created else "update-complete",
        "CreationTimestamp": made.created,
        "LastUpdateTimestamp": made.updated,
        "Tags": made.tags,
    }


def _chosen(kind: Any, value: str | None, parameter: str) -> Any:  # noqa: ANN401 - one of two enumerations
    try:
        return kind(value)
    except ValueError:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Value ({value}) for parameter {parameter} is invalid. Valid values: {', '.join(kind)}.",
        ) from None
