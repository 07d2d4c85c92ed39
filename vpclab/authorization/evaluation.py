"""The decision over all policies of a request."""

from vpclab.authorization.policies import Policies
from vpclab.authorization.request import Request
from vpclab.authorization.verdict import NotModelledError, Verdict


def authorize(request: Request, policies: Policies) -> Verdict:
    """Decide. NotModelledError: the answer depends on something that is not modelled."""
    raise NotModelledError(f"{request.action} with {policies} is not decided yet")
