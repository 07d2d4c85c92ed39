"""How a function logs: its group, the format, and from which levels on.

moto knows none of it. AWS: Lambda guide, monitoring-cloudwatchlogs-advanced; API reference, LoggingConfig.
"""

from collections.abc import Mapping
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException, ValidationException

from vpclab.localcloud.control_plane.corrections import Moto
from vpclab.localcloud.lambda_runtime.invocation import JSON, TEXT
from vpclab.localcloud.lambda_runtime.log_shipping import LEVELS

_ENUMS = {
    "LogFormat": ("logFormat", (JSON, TEXT)),
    "ApplicationLogLevel": ("applicationLogLevel", LEVELS),
    "SystemLogLevel": ("systemLogLevel", ("DEBUG", "INFO", "WARN")),
}
_LEVELS = ("ApplicationLogLevel", "SystemLogLevel")


def check_logging(given: Mapping[str, Any] | None) -> None:
    """Raise Lambda's error for a LoggingConfig that cannot be."""
    config = given or {}
    for key, (name, known) in _ENUMS.items():
        value = config.get(key)
        if value is not None and value not in known:
            raise ValidationException(
                str(value), f"loggingConfig.{name}", f"Member must satisfy enum value set: [{', '.join(known)}]"
            )
    if config.get("LogFormat", TEXT) == TEXT and any(config.get(key) for key in _LEVELS):
        raise InvalidParameterValueException(
            "ApplicationLogLevel and SystemLogLevel can be set only where LogFormat is JSON."
        )


def set_logging(function: Moto, given: Mapping[str, Any] | None) -> None:
    """Keep a LoggingConfig that was checked; None leaves everything as it is."""
    if given is None:
        return
    if group := given.get("LogGroup"):
        function.logs_group_name = group
    if form := given.get("LogFormat"):
        defaults = dict.fromkeys(_LEVELS, "INFO") if form == JSON else {}
        levels = {key: given[key] for key in _LEVELS if given.get(key)}
        function.vpclab_logging = {"LogFormat": form, **defaults, **levels}


def logging_of(function: Moto) -> dict[str, Any]:
    """Return the LoggingConfig with its defaults."""
    return {**getattr(function, "vpclab_logging", {"LogFormat": TEXT}), "LogGroup": function.logs_group_name}
