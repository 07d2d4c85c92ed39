"""What the data plane raises when it cannot build the network."""


class DataPlaneError(Exception):
    """The network cannot be built as described. The text says what stands in the way."""
