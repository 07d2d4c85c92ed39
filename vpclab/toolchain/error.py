"""What a user of the tool chain can be told."""


class ToolchainError(Exception):
    """The tool chain could not do what was asked; the text says what, what stands in the way, and the remedy."""
