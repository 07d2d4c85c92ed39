"""The judge of the API's door: gathers what a request needs and every policy that applies, and asks the evaluator."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vpclab.authorization import Verdict
    from vpclab.localcloud.control_plane.api_request import ApiRequest
    from vpclab.localcloud.control_plane.authentication import Caller
    from vpclab.localcloud.control_plane.settings import Settings


class Authorizer:
    """Reads policies at every question, so that a change holds for the next call. Needs moto to be loaded.

    ``CorrectedMoto.authorizer`` is the control plane's.
    """

    def __init__(self, settings: "Settings") -> None:
        self._settings = settings

    def check(self, request: "ApiRequest", caller: "Caller", action: str) -> str:
        """Return the account whose resources the request is about, or raise the service's refusal.

        ``action`` is the operation's name (``ListObjectsV2``).

        Raises:
            ApiError: the request is denied, or what would decide it is not modelled.
        """
        raise NotImplementedError

    def role_allows(
        self, role_arn: str, action: str, resource: str = "*", context: Mapping[str, tuple[str, ...]] | None = None
    ) -> "Verdict":
        """Judge what a service does with a role: its identity policies, its boundary, the resource's own policy.

        ``action`` is IAM's (``sqs:ReceiveMessage``), ``resource`` an ARN or ``*``, ``context`` condition keys beside
        those that every call of the role has. A role that does not exist allows nothing.

        Raises:
            NotModelledError: the answer depends on something that is not modelled.
        """
        raise NotImplementedError

    def service_allows(
        self, service: str, source_arn: str, source_account: str, action: str, resource: str
    ) -> "Verdict":
        """Judge what a service does in its own name: only the resource's policy decides.

        ``service`` is its principal (``s3.amazonaws.com``), ``source_arn`` and ``source_account`` on whose behalf
        it acts (``aws:SourceArn``, ``aws:SourceAccount``), ``resource`` the ARN of what it calls, which may name a
        qualifier.

        Raises:
            NotModelledError: the answer depends on something that is not modelled.
        """
        raise NotImplementedError
