"""The judge of the API's door: gathers what a request needs and every policy that applies, and has them judged."""

import threading
from collections.abc import Mapping
from dataclasses import replace

from vpclab.authorization import (
    MalformedPolicyError,
    NotModelledError,
    Policies,
    Principal,
    PrincipalKind,
    Request,
    Verdict,
)
from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.api_request import ApiRequest
from vpclab.localcloud.control_plane.authentication import Caller
from vpclab.localcloud.control_plane.authorization import denial
from vpclab.localcloud.control_plane.authorization.access import Access
from vpclab.localcloud.control_plane.authorization.asked import account_of
from vpclab.localcloud.control_plane.authorization.bucket_access import bucket_owner
from vpclab.localcloud.control_plane.authorization.context_keys import principal_context, request_context
from vpclab.localcloud.control_plane.authorization.judgement import judge
from vpclab.localcloud.control_plane.authorization.needs import needs
from vpclab.localcloud.control_plane.authorization.principal_policies import principal_policies
from vpclab.localcloud.control_plane.authorization.resource_policies import (
    endpoint_policy,
    resource_policy,
    services_with_policies,
)
from vpclab.localcloud.control_plane.settings import Settings
from vpclab.localcloud.request_source import ENVIRON_KEY, RequestSource

_SHARED_BY_ARN = frozenset({"dynamodb", "kinesis", "kms", "lambda", "secretsmanager", "sns", "sqs"})
"""Services whose resources in another account are reached by their ARN or URL, from whatever account."""

_ONE_BY_ONE = frozenset({"DeleteObjects"})
"""Operations that do what they may and say of the rest that they may not (S3 API, DeleteObjects)."""

_DENIED = "AccessDenied"
REFUSED_KEY = "vpclab.refused"
"""In a request's environ: the ARNs of what such an operation may not touch."""

_ARN_SEGMENTS = 6


class Authorizer:
    """Reads policies at every question, so that a change holds for the next call. Needs moto to be loaded.

    ``CorrectedMoto.authorizer`` is the control plane's.
    """

    def __init__(self, settings: Settings, lock: threading.RLock) -> None:
        self._settings = settings
        self._lock = lock

    def check(self, request: ApiRequest, caller: Caller, action: str) -> str:
        """Return the account whose resources the request is about, or raise the service's refusal.

        ``action`` is the operation's name (``ListObjectsV2``). Deploy credentials are an administrator's: allowed
        everything by identity, and refused what a resource's policy or an endpoint's explicitly denies, as AWS
        refuses it to an administrator.

        Raises:
            ApiError: the request is denied, or what would decide it is not modelled.
        """
        with self._lock:
            return self._checked(request, caller, action)

    def _checked(self, request: ApiRequest, caller: Caller, action: str) -> str:
        endpoint = _endpoint_of(request)
        concerned = request.service in services_with_policies()
        if caller.is_administrator and not concerned and endpoint is None:
            return caller.account
        needed = needs(
            request,
            action,
            account=caller.account,
            region=self._settings.region,
            caller_arn=caller.principal.arn,
        )
        if self._settings.authorization:
            self._check_all(request, caller, action, needed, endpoint)
        owner = needed[0].account
        return owner if owner is not None and request.service in _SHARED_BY_ARN else caller.account

    def role_allows(
        self, role_arn: str, action: str, resource: str = "*", context: Mapping[str, tuple[str, ...]] | None = None
    ) -> Verdict:
        """Judge what a service does with a role: its identity policies, its boundary, the resource's own policy.

        ``action`` is IAM's (``sqs:ReceiveMessage``), ``resource`` an ARN or ``*``, ``context`` condition keys
        beside those that every call of the role has. A role that does not exist allows nothing.

        Raises:
            NotModelledError: the answer depends on something that is not modelled.
        """
        account = account_of(role_arn)
        principal = Principal(
            kind=PrincipalKind.ROLE_SESSION,
            account=account,
            arn=f"arn:aws:sts::{account}:assumed-role/{role_arn.rpartition('/')[2]}/service",
            role_arn=role_arn,
        )
        asked = Request(
            principal=principal,
            action=action,
            resource=resource,
            resource_account=_owner(resource) or account,
            context={**principal_context(principal), **self._of_a_service(resource), **(context or {})},
        )
        with self._lock:
            policies = principal_policies(principal, session=None, is_administrator=False)
            policies = replace(policies, resource=resource_policy(resource))
        return judge(asked, policies)

    def _of_a_service(self, resource: str) -> dict[str, tuple[str, ...]]:
        """Return the keys of a call that a service makes with a role, as any holder of its credentials would."""
        segments = resource.split(":")
        region = segments[3] if len(segments) >= _ARN_SEGMENTS else ""
        return {
            "aws:principalisawsservice": ("false",),
            "aws:requestedregion": (region or self._settings.region,),
            "aws:securetransport": ("true",),
            "aws:viaawsservice": ("false",),
        }

    def service_allows(
        self, service: str, source_arn: str, source_account: str, action: str, resource: str
    ) -> Verdict:
        """Judge what a service does in its own name: only the resource's policy decides.

        ``service`` is its principal (``s3.amazonaws.com``), ``source_arn`` and ``source_account`` on whose behalf
        it acts (``aws:SourceArn``, ``aws:SourceAccount``), ``resource`` the ARN of what it calls, which may name a
        qualifier.

        Raises:
            NotModelledError: the answer depends on something that is not modelled.
        """
        principal = Principal(kind=PrincipalKind.SERVICE, account=None, arn=service)
        context = principal_context(principal) | {
            "aws:principalisawsservice": ("true",),
            "aws:principalservicename": (service,),
            "aws:principalservicenameslist": (service,),
            "aws:securetransport": ("true",),
            "aws:sourceaccount": (source_account,),
            "aws:sourcearn": (source_arn,),
        }
        asked = Request(
            principal=principal,
            action=action,
            resource=resource,
            resource_account=_owner(resource),
            context=context,
        )
        with self._lock:
            policy = resource_policy(resource)
        return judge(asked, Policies(resource=policy))

    def _check_all(
        self, request: ApiRequest, caller: Caller, action: str, needed: tuple[Access, ...], endpoint: str | None
    ) -> None:
        policies = principal_policies(
            caller.principal, session=caller.session_policies, is_administrator=caller.is_administrator
        )
        if endpoint is not None:
            policies = replace(policies, endpoint=endpoint_policy(endpoint))
        context = request_context(request, caller)
        refused = set()
        for access in needed:
            try:
                self._check(request, caller, access, policies, context)
            except ApiError as error:
                if action not in _ONE_BY_ONE or access.resource is None or error.code != _DENIED:
                    raise
                refused.add(access.resource)
        request.environ[REFUSED_KEY] = frozenset(refused)

    def _check(
        self,
        request: ApiRequest,
        caller: Caller,
        access: Access,
        policies: Policies,
        context: Mapping[str, tuple[str, ...]],
    ) -> None:
        if access.free and policies.endpoint is None:
            return
        if access.action is None:
            if caller.is_administrator and policies.endpoint is None:
                return
            raise denial.not_modelled(request, "do that", f"which action of IAM it is in {request.service}")
        owner = access.account or caller.account
        asked = Request(
            principal=caller.principal,
            action=access.action,
            resource=access.resource or "*",
            resource_account=owner,
            context=dict(context)
            | dict(access.context)
            | {"aws:resourceaccount": (owner,), "s3:resourceaccount": (owner,)},
        )
        told = access.resource is not None and _is_here(access.resource, request.region)
        try:
            resource = resource_policy(access.resource) if access.resource and not access.free else None
            if access.free:
                policies = Policies(endpoint=policies.endpoint)
                asked = replace(asked, principal=_root_of(caller), resource_account=None)
            verdict = judge(asked, replace(policies, resource=resource), resource_is_told=told)
        except NotModelledError as error:
            raise denial.not_modelled(request, access.action, error) from None
        except MalformedPolicyError as error:
            raise denial.not_modelled(
                request, access.action, f"a policy that applies cannot be read: {error}"
            ) from None
        if not verdict.allowed:
            raise denial.refusal(request, caller, asked, verdict)


def _endpoint_of(request: ApiRequest) -> str | None:
    source = request.environ.get(ENVIRON_KEY)
    return source.endpoint_id if isinstance(source, RequestSource) else None


def _is_here(resource: str, region: str | None) -> bool:
    """Whether a resource is in the Region that was called; what an API would do with another's is not told."""
    parts = resource.split(":")
    return len(parts) < _ARN_SEGMENTS or parts[3] in ("", "*", region) or region is None


def _owner(arn: str) -> str | None:
    """The account that a resource belongs to; a bucket's ARN does not say it."""
    if arn.startswith("arn:aws:s3:::"):
        return bucket_owner(arn.removeprefix("arn:aws:s3:::").partition("/")[0])
    return account_of(arn)


def _root_of(caller: Caller) -> Principal:
    """Whom nothing but an endpoint's policy can refuse."""
    return Principal(kind=PrincipalKind.ROOT, account=caller.account, arn=f"arn:aws:iam::{caller.account}:root")
