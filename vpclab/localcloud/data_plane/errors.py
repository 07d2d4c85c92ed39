"""What the data plane raises."""


class DataPlaneError(Exception):
    """The network cannot be built as described. The text says what stands in the way."""
