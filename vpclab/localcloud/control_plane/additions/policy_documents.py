"""IAM's documents are checked at the call that hands them in; nothing is made of a bad one.

moto accepts any trust policy of a new role, and lets pass what IAM refuses (spaces in actions and ARNs, principals
that do not exist, documents past their size). AWS: IAM API reference, MalformedPolicyDocument and LimitExceeded of
each operation; IAM guide, reference_iam-quotas and reference_policies_elements_principal.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from moto.iam import models
from moto.iam.exceptions import LimitExceededException, MalformedPolicyDocument, ValidationError

from vpclab.authorization import MalformedPolicyError, NotModelledError
from vpclab.authorization.grammar import check_identity_policy, check_trust_policy
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_MANAGED, _TRUST = 6144, 2048
_LONGEST = 131072
"""Characters of a document, white space and all, that IAM reads (IAM API reference, CreatePolicy)."""

_INLINE = {"role": 10240, "user": 2048, "group": 5120}
_PARTITION = "aws"
_IDENTITY = re.compile(r"arn:aws:iam::(\d{12}):(role|user)/(?:[^/]+/)*([^/]+)")
_SESSION = re.compile(r"arn:aws:sts::(\d{12}):assumed-role/([^/]+)/[^/]+")


def correct(corrections: Corrections) -> None:
    """Correct every call of IAM that takes a document."""
    backend = models.IAMBackend
    corrections.replace(models, "IAMPolicyDocumentValidator", _IdentityDocument)
    corrections.replace(models, "IAMTrustPolicyDocumentValidator", _TrustDocument)
    corrections.wrap(backend, "create_policy", _create_policy)
    corrections.wrap(backend, "create_policy_version", _create_policy_version)
    corrections.wrap(backend, "create_role", _create_role)
    corrections.wrap(backend, "put_role_policy", _put_role_policy)
    corrections.wrap(backend, "put_user_policy", _put_user_policy)
    corrections.wrap(backend, "put_group_policy", _put_group_policy)


class _IdentityDocument:
    """In place of moto's validator."""

    def __init__(self, document: str) -> None:
        self._document = document

    def validate(self) -> None:
        _check_length(self._document)
        _checked(lambda: check_identity_policy(self._document))


class _TrustDocument:
    """In place of moto's validator."""

    def __init__(self, document: str) -> None:
        self._document = document

    def validate(self) -> None:
        _check_length(self._document)
        _checked(lambda: check_trust_policy(self._document))
        if _size(self._document) > _TRUST:
            raise LimitExceededException(f"Cannot exceed quota for ACLSizePerRole: {_TRUST}")
        for name in principals_named(self._document):
            if not is_there(name):
                raise MalformedPolicyDocument(f'Invalid principal in policy: "AWS":"{name}"')


def _checked(check: Any) -> None:  # noqa: ANN401 - a check without arguments
    try:
        check()
    except (MalformedPolicyError, NotModelledError) as error:
        raise MalformedPolicyDocument(str(error)) from None


def _create_policy(plain: Moto, backend: Moto, description: str, path: str, document: str, *rest: Moto) -> Moto:
    _check_managed(document)
    return plain(backend, description, path, document, *rest)


def _create_policy_version(plain: Moto, backend: Moto, arn: str, document: str, as_default: Moto) -> Moto:
    _check_managed(document)
    return plain(backend, arn, document, as_default)


def _create_role(plain: Moto, backend: Moto, *given: Moto, **named: Moto) -> Moto:
    if named.get("linked_service") is None:  # moto writes those itself
        document = named["assume_role_policy_document"] if not given else given[1]
        _TrustDocument(document).validate()
    return plain(backend, *given, **named)


def _put_role_policy(plain: Moto, backend: Moto, role_name: str, name: str, document: str) -> None:
    _check_inline("role", backend.get_role(role_name), name, document)
    plain(backend, role_name, name, document)


def _put_user_policy(plain: Moto, backend: Moto, user_name: str, name: str, document: str) -> None:
    _check_inline("user", backend.get_user(user_name), name, document)
    plain(backend, user_name, name, document)


def _put_group_policy(plain: Moto, backend: Moto, group_name: str, name: str, document: str) -> None:
    _check_inline("group", backend.get_group(group_name), name, document)
    plain(backend, group_name, name, document)


def _check_length(document: str) -> None:
    if len(document) > _LONGEST:
        raise ValidationError(
            "1 validation error detected: Value at 'policyDocument' failed to satisfy constraint: Member must "
            f"have length less than or equal to {_LONGEST}"
        )


def _check_managed(document: str) -> None:
    _check_length(document)
    _checked(lambda: check_identity_policy(document, managed=True))
    if _size(document) > _MANAGED:
        raise LimitExceededException(f"Cannot exceed quota for PolicySize: {_MANAGED}")


def _check_inline(kind: str, holder: Moto, name: str, document: str) -> None:
    _IdentityDocument(document).validate()
    size = _size(document) + sum(_size(text) for other, text in holder.policies.items() if other != name)
    if size > _INLINE[kind]:
        raise LimitExceededException(
            f"Maximum policy size of {_INLINE[kind]} bytes exceeded for {kind} {holder.name}"
        )


def _size(document: str) -> int:
    """How IAM counts: without white space."""
    return len("".join(document.split()))


def principals_named(document: str) -> Iterator[str]:
    """Yield whom a policy of possible form names as AWS principals: ARNs, accounts, ``*``."""
    statements = json.loads(document)["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        for element in ("Principal", "NotPrincipal"):
            given = statement.get(element)
            names = given.get("AWS", ()) if isinstance(given, dict) else ()
            yield from [names] if isinstance(names, str) else names


def is_there(name: str) -> bool:
    """Whether a role or user that a policy names exists; every account does."""
    identity, session = _IDENTITY.fullmatch(name), _SESSION.fullmatch(name)
    if session is not None:
        roles = _backend(session[1]).roles.values() if session[1] in models.iam_backends else ()
        return any(role.name == session[2] for role in roles)
    if identity is None:
        return True
    account, kind, _ = identity.groups()
    if account not in models.iam_backends:
        return False
    backend = _backend(account)
    known = backend.roles if kind == "role" else backend.users
    return any(one.arn == name for one in known.values())


def _backend(account: str) -> Moto:
    return models.iam_backends[account][_PARTITION]
