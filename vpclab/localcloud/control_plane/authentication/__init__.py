"""Who is calling? From a request's signature and token to a ``Caller``, or AWS's refusal."""

from vpclab.localcloud.control_plane.authentication.authenticator import Authenticator
from vpclab.localcloud.control_plane.authentication.caller import CALLER_KEY, Caller, caller_of

__all__ = ["CALLER_KEY", "Authenticator", "Caller", "caller_of"]
