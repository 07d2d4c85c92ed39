"""Rows: roles, the policies attached to them, and their inline policies.

A name and a path are fixed; documents, descriptions and durations change in place (IAM API reference).
"""

import json
from typing import Any
from urllib.parse import unquote

from vpclab.toolchain.aws_plugin.call import Call, given
from vpclab.toolchain.aws_plugin.errors import AwsPluginError
from vpclab.toolchain.aws_plugin.schema import SWITCH, TEXT, Input, Kind, ResourceType, fixed, local, required

MISSING = frozenset({"NoSuchEntity", "NoSuchEntityException"})
LONGEST_ROLE_NAME = 64
LONGEST_POLICY_NAME = 128
HOUR_SECONDS = 3600


def document_text(document: Any) -> str:  # noqa: ANN401 - boto3 decodes it, or does not
    """Return a policy as JSON text, however the API gave it."""
    return unquote(document) if isinstance(document, str) else json.dumps(document)


def _tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": name, "Value": value} for name, value in tags.items()]


def _create_role(call: Call) -> str:
    parameters = given(
        call.inputs,
        RoleName="name",
        AssumeRolePolicyDocument="assumeRolePolicy",
        Description="description",
        Path="path",
        MaxSessionDuration="maxSessionDuration",
        PermissionsBoundary="permissionsBoundary",
    )
    return str(call.client.create_role(**parameters, Tags=_tags(dict(call.tags)))["Role"]["RoleName"])


def _read_role(call: Call) -> dict[str, Any] | None:
    role = call.client.get_role(RoleName=call.id)["Role"]
    return {
        "arn": role["Arn"],
        "name": role["RoleName"],
        "uniqueId": role["RoleId"],
        "path": role["Path"],
        "createDate": role["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "description": role.get("Description", ""),
        "assumeRolePolicy": document_text(role["AssumeRolePolicyDocument"]),
        "maxSessionDuration": role.get("MaxSessionDuration", HOUR_SECONDS),
        "permissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        "tagsAll": {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])},
    }


def _update_role(call: Call, changed: frozenset[str]) -> None:
    if "assumeRolePolicy" in changed:
        call.client.update_assume_role_policy(RoleName=call.id, PolicyDocument=call.inputs["assumeRolePolicy"])
    if changed & {"description", "maxSessionDuration"}:
        call.client.update_role(
            RoleName=call.id,
            Description=call.inputs.get("description", ""),
            MaxSessionDuration=call.inputs["maxSessionDuration"],
        )
    if "permissionsBoundary" in changed:
        boundary = call.inputs.get("permissionsBoundary")
        if boundary:
            call.client.put_role_permissions_boundary(RoleName=call.id, PermissionsBoundary=boundary)
        else:
            call.client.delete_role_permissions_boundary(RoleName=call.id)


def _delete_role(call: Call) -> None:
    if call.state.get("forceDetachPolicies"):
        for policy in call.client.list_attached_role_policies(RoleName=call.id)["AttachedPolicies"]:
            call.client.detach_role_policy(RoleName=call.id, PolicyArn=policy["PolicyArn"])
        for name in call.client.list_role_policies(RoleName=call.id)["PolicyNames"]:
            call.client.delete_role_policy(RoleName=call.id, PolicyName=name)
    call.client.delete_role(RoleName=call.id)


def _tag_role(call: Call, wanted: dict[str, str], unwanted: list[str]) -> None:
    if unwanted:
        call.client.untag_role(RoleName=call.id, TagKeys=unwanted)
    if wanted:
        call.client.tag_role(RoleName=call.id, Tags=_tags(wanted))


ROLE = ResourceType(
    type_name="aws:iam/role:Role",
    noun="IAM Role",
    service="iam",
    regional=False,
    inputs={
        "name": Input(replaces=True, named=LONGEST_ROLE_NAME),
        "assumeRolePolicy": Input(Kind.POLICY, required=True),
        "description": TEXT,
        "path": Input(default="/", replaces=True),
        "maxSessionDuration": Input(Kind.NUMBER, default=HOUR_SECONDS),
        "permissionsBoundary": TEXT,
        "forceDetachPolicies": local(SWITCH),
    },
    outputs=frozenset({"arn", "createDate", "uniqueId"}),
    create=_create_role,
    read=_read_role,
    update=_update_role,
    delete=_delete_role,
    tag=_tag_role,
    missing=MISSING,
)


def _attach(call: Call) -> str:
    role, policy = call.inputs["role"], call.inputs["policyArn"]
    call.client.attach_role_policy(RoleName=role, PolicyArn=policy)
    return f"{role}/{policy}"


def _read_attachment(call: Call) -> dict[str, Any] | None:
    role, _, policy = call.id.partition("/")
    pages = call.client.get_paginator("list_attached_role_policies").paginate(RoleName=role)
    attached = {one["PolicyArn"] for page in pages for one in page["AttachedPolicies"]}
    return {"role": role, "policyArn": policy} if policy in attached else None


def _detach(call: Call) -> None:
    role, _, policy = call.id.partition("/")
    call.client.detach_role_policy(RoleName=role, PolicyArn=policy)


ROLE_POLICY_ATTACHMENT = ResourceType(
    type_name="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    noun="IAM Role Policy Attachment",
    service="iam",
    regional=False,
    inputs={"role": fixed(required(TEXT)), "policyArn": fixed(required(TEXT))},
    outputs=frozenset(),
    create=_attach,
    read=_read_attachment,
    delete=_detach,
    missing=MISSING,
)


def _put_policy(call: Call) -> str:
    role, name = call.inputs["role"], call.inputs["name"]
    call.client.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=call.inputs["policy"])
    return f"{role}:{name}"


def _update_policy(call: Call, _: frozenset[str]) -> None:
    _put_policy(call)


def _names(call: Call) -> tuple[str, str]:
    role, separator, name = call.id.partition(":")
    if not separator:
        raise AwsPluginError(f"an inline policy is named <role>:<policy>, not {call.id}")
    return role, name


def _read_policy(call: Call) -> dict[str, Any] | None:
    role, name = _names(call)
    policy = call.client.get_role_policy(RoleName=role, PolicyName=name)
    return {"role": role, "name": name, "policy": document_text(policy["PolicyDocument"])}


def _delete_policy(call: Call) -> None:
    role, name = _names(call)
    call.client.delete_role_policy(RoleName=role, PolicyName=name)


ROLE_POLICY = ResourceType(
    type_name="aws:iam/rolePolicy:RolePolicy",
    noun="IAM Role Policy",
    service="iam",
    regional=False,
    inputs={
        "role": fixed(required(TEXT)),
        "name": Input(replaces=True, named=LONGEST_POLICY_NAME),
        "policy": Input(Kind.POLICY, required=True),
    },
    outputs=frozenset(),
    create=_put_policy,
    read=_read_policy,
    update=_update_policy,
    delete=_delete_policy,
    missing=MISSING,
)

ROWS = (ROLE, ROLE_POLICY_ATTACHMENT, ROLE_POLICY)
