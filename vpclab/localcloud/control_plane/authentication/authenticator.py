"""From a request to its caller."""

from vpclab.localcloud.control_plane.api_request import ApiRequest
from vpclab.localcloud.control_plane.authentication.caller import Caller
from vpclab.localcloud.control_plane.settings import Settings


class Authenticator:
    """Knows every key and session of the cloud; asked once per request."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def caller(self, request: ApiRequest) -> Caller:
        """Return who sent ``request``, and remember it in the request's environ (``caller_of``).

        Raises:
            ApiError: its key, signature, token or date is refused, with the code that its service uses.
        """
        raise NotImplementedError
