"""What may be chosen about a control plane."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """``region`` and ``account`` serve callers that name none.

    ``interface_linger_seconds``: how long a Lambda interface stays after its last user is gone. AWS takes up to 20
    minutes (Lambda guide, configuration-vpc); the default here shows the behaviour without the wait.

    ``asynchronous_retry_seconds``: the wait before each retry of an asynchronous invocation that ended
    in an error of the function ("Error handling for an asynchronous invocation").

    ``authorization``: whether requests are held against policies. Off, whoever is authenticated may do everything;
    what services do with a role, or in their own name, is judged either way.
    """

    region: str = "us-east-1"
    account: str = "123456789012"
    interface_linger_seconds: float = 2.0
    asynchronous_retry_seconds: tuple[float, ...] = (60.0, 120.0)
    authorization: bool = True
