"""May this caller assume that role? The role's trust policy decides, and what the caller brings along.

In one account the trust policy is enough where it names the caller itself; where it names the account, and across
accounts, the caller's own policies have to allow it too (IAM guide, reference_policies_evaluation-logic and
id_roles_create_for-user). A role that does not exist is refused like one that does not trust the caller.
"""

from collections.abc import Iterator
from dataclasses import replace

from vpclab.authorization import (
    NamedPolicy,
    NotModelledError,
    Policies,
    PolicyKind,
    Principal,
    PrincipalKind,
    Request,
    Verdict,
    denial_reason,
)
from vpclab.authorization.policy import Policy
from vpclab.localcloud.control_plane.additions.role_session_request import AssumeRole
from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.api_request import ApiRequest
from vpclab.localcloud.control_plane.authentication import Caller
from vpclab.localcloud.control_plane.authorization.context_keys import request_context
from vpclab.localcloud.control_plane.authorization.denial import not_modelled
from vpclab.localcloud.control_plane.authorization.judgement import judge
from vpclab.localcloud.control_plane.authorization.principal_policies import parsed, principal_policies
from vpclab.localcloud.control_plane.corrections import Moto

ASSUME_ROLE = "sts:AssumeRole"

_OWN_KEYS = ("sts:", "aws:requesttag/", "aws:resourcetag/", "aws:tagkeys", "iam:resourcetag/")
"""Condition keys that a call of AssumeRole has itself."""

Context = dict[str, tuple[str, ...]]


def check_assumption(request: ApiRequest, caller: Caller, asked: AssumeRole, role: Moto) -> None:
    """Return where the caller may assume the role (None: there is none) as it asks to.

    Raises:
        ApiError: AccessDenied, or what decides is not modelled.
    """
    brought = principal_policies(
        caller.principal, session=caller.session_policies, is_administrator=caller.is_administrator
    )
    trust = NamedPolicy("trust policy", Policy(()) if role is None else parsed(role.assume_role_policy_document))
    policies = replace(brought, resource=trust)
    context = _absent(policies) | request_context(request, caller) | _asked_context(asked, role)
    for action in _actions(asked):
        question = Request(
            principal=caller.principal,
            action=action,
            resource=asked.role_arn,
            resource_account=asked.role_arn.split(":")[4],
            context=context,
        )
        try:
            verdict = judge(question, policies)
        except NotModelledError as error:
            raise not_modelled(request, action, error) from None
        if not verdict.allowed:
            raise ApiError("AccessDenied", _denial(question, verdict), 403)


def service_may_assume(role: Moto, service: str, source_account: str, source_arn: str | None) -> bool:
    """Whether a role trusts a service that acts for something of ``source_account`` (``aws:SourceArn``).

    NotModelledError: something that is not modelled decides.
    """
    context: Context = {"aws:sourceaccount": (source_account,), "aws:principalisawsservice": ("true",)}
    if source_arn is not None:
        context["aws:sourcearn"] = (source_arn,)
    question = Request(
        principal=Principal(kind=PrincipalKind.SERVICE, account=None, arn=service),
        action=ASSUME_ROLE,
        resource=str(role.arn),
        resource_account=str(role.account_id),
        context=context,
    )
    brought = principal_policies(question.principal, session=None, is_administrator=False)
    trust = NamedPolicy("trust policy", parsed(role.assume_role_policy_document))
    return judge(question, replace(brought, resource=trust)).allowed


def _actions(asked: AssumeRole) -> Iterator[str]:
    yield ASSUME_ROLE
    if asked.tags:
        yield "sts:TagSession"
    if asked.source_identity is not None:
        yield "sts:SetSourceIdentity"


def _absent(policies: Policies) -> Context:
    """Return what the policies ask of an AssumeRole, without values: where it says nothing, that is known."""
    named = (*policies.identity, *(policies.session or ()), policies.boundary, policies.resource)
    return {
        one.key: ()
        for policy in named
        if policy is not None
        for statement in policy.policy.statements
        for one in statement.conditions
        if one.key.startswith(_OWN_KEYS)
    }


def _asked_context(asked: AssumeRole, role: Moto) -> Context:
    """The keys of the request itself (Service Authorization Reference, "AWS Security Token Service")."""
    context: Context = {"sts:rolesessionname": (asked.session_name,)}
    if asked.external_id is not None:
        context["sts:externalid"] = (asked.external_id,)
    if asked.source_identity is not None:
        context["sts:sourceidentity"] = (asked.source_identity,)
    if asked.tags:
        context["aws:tagkeys"] = tuple(asked.tags)
        context |= {f"aws:requesttag/{key.lower()}": (value,) for key, value in asked.tags.items()}
    if asked.transitive:
        context["sts:transitivetagkeys"] = tuple(asked.transitive)
    for tag in role.tags or () if role is not None else ():
        for prefix in ("aws", "iam"):
            context[f"{prefix}:resourcetag/{tag['Key'].lower()}"] = (tag["Value"],)
    return context


def _denial(asked: Request, verdict: Verdict) -> str:
    text = (
        f"User: {asked.principal.arn} is not authorized to perform: {asked.action} on resource: {asked.resource}"
    )
    if verdict.refused_by is PolicyKind.RESOURCE:
        return text  # STS tells nobody what a trust policy says
    return f"{text} {denial_reason(verdict, asked)}"
