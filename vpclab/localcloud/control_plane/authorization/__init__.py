"""May this caller do that? The local cloud's side of authorisation: what is asked, and which policies apply.

The decision itself is ``vpclab.authorization.authorize``.
"""

from vpclab.localcloud.control_plane.authorization.authorizer import Authorizer

__all__ = ["Authorizer"]
