"""What keeps a verification from being run at all."""


class VerificationError(Exception):
    """The text says what was asked, what stands in the way and what to change."""
