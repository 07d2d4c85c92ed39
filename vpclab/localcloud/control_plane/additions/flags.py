"""Flags, which moto keeps as a boolean where it made them, and as the request's text where a caller set them."""


def is_on(flag: object) -> bool:
    """Whether a flag is set. None is off."""
    return flag is True or str(flag).lower() == "true"
