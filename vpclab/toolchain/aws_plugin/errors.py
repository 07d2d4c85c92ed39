"""What the plugin tells the user when it cannot do what was asked."""


class AwsPluginError(Exception):
    """The request cannot be done; the text says what was asked, what stands in the way, and what to change."""


class NotModelledError(AwsPluginError):
    """The official plugin knows this; the stand-in does not."""
