"""Permissions of event sources, as the control plane's authorisation sees them."""

import logging

from vpclab.authorization import MalformedPolicyError, NotModelledError
from vpclab.localcloud.control_plane.authorization import Authorizer

_LOG = logging.getLogger(__name__)


class EventPermissions:
    """Answers for pollers and deliveries, which have nobody to raise to: what cannot be told is not allowed."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    def role_allows(self, role_arn: str, action: str, resource: str) -> bool:
        """Whether the execution role may do that."""
        try:
            return self._authorizer.role_allows(role_arn, action, resource).allowed
        except (NotModelledError, MalformedPolicyError) as error:
            _LOG.error("%s may not call %s on %s: %s", role_arn, action, resource, error)
            return False

    def service_allows(
        self, service: str, source_arn: str, source_account: str, action: str, resource: str
    ) -> bool:
        """Whether the resource's own policy lets an AWS service do that for this source."""
        try:
            return self._authorizer.service_allows(service, source_arn, source_account, action, resource).allowed
        except (NotModelledError, MalformedPolicyError) as error:
            _LOG.error("%s may not call %s on %s: %s", service, action, resource, error)
            return False
