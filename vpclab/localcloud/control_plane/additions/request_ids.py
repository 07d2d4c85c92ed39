"""Every answer has a request id of its own.

moto gives all answers of EC2 the id ``request-id``. AWS: EC2 API, ``requestId``; support asks for it.
"""

from uuid import uuid4

from moto.core.serialize import SerializationContext

from vpclab.localcloud.control_plane.corrections import Corrections, Moto


def correct(corrections: Corrections) -> None:
    """Give each answer that is serialised an id."""

    def initialise(plain: Moto, self: Moto, request_id: str | None = None) -> None:
        plain(self, request_id or str(uuid4()))

    corrections.wrap(SerializationContext, "__init__", initialise)
