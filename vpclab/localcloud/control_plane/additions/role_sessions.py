"""STS: sessions of roles and users, handed out to whom the role trusts.

moto lets everybody assume every role, one that does not exist included, and gives every user the same credentials.
AWS: STS API reference; IAM guide, id_roles_create_for-user and id_credentials_temp_control-access.
"""

import re
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from moto.iam.models import iam_backends
from moto.iam.utils import generate_access_key_id_from_account_id

from vpclab.authorization import Principal, PrincipalKind
from vpclab.localcloud.control_plane.additions.identities import MotoIdentities
from vpclab.localcloud.control_plane.additions.role_session_request import (
    AssumeRole,
    duration,
    read_assume_role,
)
from vpclab.localcloud.control_plane.additions.role_trust import check_assumption
from vpclab.localcloud.control_plane.api_error import ApiError, Response
from vpclab.localcloud.control_plane.api_request import ApiRequest
from vpclab.localcloud.control_plane.authentication import Caller, caller_of
from vpclab.localcloud.control_plane.authentication.session import Session, Sessions, new_secret, new_token
from vpclab.localcloud.control_plane.corrections import Moto

CHAINED_SECONDS = 3600
"""The longest session of a role that was assumed with another role's session."""

_PARTITION = "aws"
_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
_LONGEST_USER_SESSION, _LONGEST_ROOT_SESSION = 129600, 3600
_ROLE_ARN = re.compile(r"arn:aws:iam::(\d{12}):role/(?:[\w+=,.@-]+/)*([\w+=,.@-]{1,64})", re.ASCII)

Answer = Mapping[str, "str | Answer"]


class RoleSessions:
    """Answers STS, and opens sessions for services that run with a role.

    ``authorization``: whether trust and the caller's policies are looked at; a role has to exist anyway.
    """

    def __init__(self, sessions: Sessions, identities: MotoIdentities, *, authorization: bool) -> None:
        self._authorization = authorization
        self._sessions = sessions
        self._identities = identities
        self._operations: Mapping[str, Callable[[ApiRequest, Caller], Answer]] = {
            "AssumeRole": self._assume_role,
            "GetAccessKeyInfo": self._access_key_info,
            "GetCallerIdentity": _caller_identity,
            "GetSessionToken": self._session_token,
        }

    def answer(self, request: ApiRequest) -> Response:
        """Answer one call of STS.

        Raises:
            ApiError: it is refused, or not modelled.
        """
        operation = self._operations.get(request.action)
        if operation is None:
            raise ApiError(
                "UnsupportedOperation",
                f"The local cloud does not model {request.action or 'this operation'} of STS: it has "
                f"{', '.join(self._operations)}.",
                501,
            )
        result = operation(request, caller_of(request))
        request_id = str(uuid.uuid4())
        body = (
            f'<{request.action}Response xmlns="{_NAMESPACE}"><{request.action}Result>{_xml(result)}'
            f"</{request.action}Result><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
            f"</{request.action}Response>"
        )
        return 200, {"Content-Type": "text/xml", "x-amzn-RequestId": request_id}, body.encode()

    def open(  # noqa: PLR0913 - what a session carries
        self,
        role: Moto,
        name: str,
        seconds: float,
        *,
        policies: tuple[str, ...] | None = None,
        tags: Mapping[str, str] | None = None,
        transitive: frozenset[str] = frozenset(),
        source_identity: str | None = None,
        function_arn: str | None = None,
    ) -> Session:
        """Open a session of one of moto's roles, whoever wanted it."""
        account, now = str(role.account_id), time.time()
        arn = f"arn:aws:sts::{account}:assumed-role/{role.name}/{name}"
        return self._sessions.keep(
            Session(
                access_key_id=generate_access_key_id_from_account_id(account, "ASIA"),
                secret_access_key=new_secret(),
                token=new_token(),
                principal=Principal(
                    kind=PrincipalKind.ROLE_SESSION, account=account, arn=arn, role_arn=str(role.arn)
                ),
                account=account,
                issued_at=now,
                expires_at=now + seconds,
                identity_id=str(role.id),
                name=name,
                policies=policies,
                tags=tags or {},
                transitive=transitive,
                source_identity=source_identity,
                function_arn=function_arn,
            )
        )

    def _assume_role(self, request: ApiRequest, caller: Caller) -> Answer:
        asked = read_assume_role(request.parameters)
        role = _role(asked.role_arn)
        parent = self._sessions.find(caller.access_key_id)
        inherited = _inherited(parent)
        asked = asked.with_inherited(inherited, parent.source_identity if parent else None)
        if self._authorization or role is None:
            check_assumption(request, caller, asked, role)
        _check_duration(asked, role, chained=caller.principal.kind is PrincipalKind.ROLE_SESSION)
        session = self.open(
            role,
            asked.session_name,
            asked.seconds,
            policies=asked.policies,
            tags=asked.tags,
            transitive=asked.transitive | frozenset(inherited),
            source_identity=asked.source_identity,
        )
        answer: dict[str, str | Answer] = {
            "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.principal.arn},
            "Credentials": _credentials(session),
        }
        if asked.source_identity is not None:
            answer["SourceIdentity"] = asked.source_identity
        if asked.policies is not None or asked.tags:
            answer["PackedPolicySize"] = str(asked.packed_percent)
        return answer

    def _session_token(self, request: ApiRequest, caller: Caller) -> Answer:
        if self._sessions.find(caller.access_key_id) is not None:
            raise ApiError("AccessDenied", "Cannot call GetSessionToken with session credentials", 403)
        if "SerialNumber" in request.parameters or "TokenCode" in request.parameters:
            raise ApiError("UnsupportedOperation", "The local cloud does not model MFA devices in STS.", 501)
        longest = _LONGEST_ROOT_SESSION if caller.is_administrator else _LONGEST_USER_SESSION
        seconds = min(duration(request.parameters, 43200, _LONGEST_USER_SESSION), longest)
        now = time.time()
        session = Session(
            access_key_id=generate_access_key_id_from_account_id(caller.account, "ASIA"),
            secret_access_key=new_secret(),
            token=new_token(),
            principal=caller.principal,
            account=caller.account,
            issued_at=now,
            expires_at=now + seconds,
            identity_id="" if caller.is_administrator else caller.user_id,
            user_name=caller.user_name,
            is_administrator=caller.is_administrator,
        )
        return {"Credentials": _credentials(self._sessions.keep(session))}

    def _access_key_info(self, request: ApiRequest, caller: Caller) -> Answer:
        del caller
        key = request.parameters.get("AccessKeyId", "")
        session, user = self._sessions.find(key), self._identities.account_of_key(key)
        account = session.account if session is not None else user
        if account is None:
            raise ApiError("ValidationError", f"The local cloud has given nobody the access key {key!r}.")
        return {"Account": account}


def _caller_identity(request: ApiRequest, caller: Caller) -> Answer:
    del request
    return {"Arn": caller.principal.arn, "UserId": caller.user_id, "Account": caller.account}


def _role(arn: str) -> Moto:
    """Return moto's role by its ARN, None when there is none."""
    match = _ROLE_ARN.fullmatch(arn)
    if match is None:
        raise ApiError("ValidationError", f"{arn} is invalid")
    if match[1] not in iam_backends:  # asking moto would make the account
        return None
    roles = iam_backends[match[1]][_PARTITION].roles.values()
    return next((role for role in roles if role.arn == arn), None)


def _inherited(parent: Session | None) -> dict[str, str]:
    if parent is None:
        return {}
    return {key: value for key, value in parent.tags.items() if key in parent.transitive}


def _check_duration(asked: AssumeRole, role: Moto, *, chained: bool) -> None:
    if chained and asked.seconds > CHAINED_SECONDS:
        raise ApiError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        )
    if asked.seconds > int(role.max_session_duration or CHAINED_SECONDS):
        raise ApiError(
            "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )


def _credentials(session: Session) -> Answer:
    expiration = datetime.fromtimestamp(session.expires_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "SessionToken": session.token,
        "Expiration": expiration,
    }


def _xml(answer: Answer) -> str:
    return "".join(
        f"<{name}>{escape(value) if isinstance(value, str) else _xml(value)}</{name}>"
        for name, value in answer.items()
    )
