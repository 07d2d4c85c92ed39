"""How something that was tried may end."""

from enum import StrEnum


class Ending(StrEnum):
    """A closed vocabulary.

    ``done``: the service did it, or what was waited for came. ``denied``: the service refused for want of a
    permission. ``rejected``: it refused for another reason, which its code names. ``absent``: what was waited for
    did not come before the deadline. ``error``: it could not be tried; that is never evidence of anything.
    """

    DONE = "done"
    DENIED = "denied"
    REJECTED = "rejected"
    ABSENT = "absent"
    ERROR = "error"
