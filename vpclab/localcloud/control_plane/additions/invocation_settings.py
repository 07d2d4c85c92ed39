"""What a function's configuration says of asynchronous invocations: retries, age, destinations, dead-letter queue.

moto keeps the first PutFunctionEventInvokeConfig for ever, replaces nothing by a second, and knows no
DeadLetterConfig. AWS: API reference, PutFunctionEventInvokeConfig and UpdateFunctionEventInvokeConfig.
"""

import time
from collections.abc import Mapping
from typing import Any

from moto.awslambda.models import EventInvokeConfig, LambdaBackend

from vpclab.localcloud.control_plane.additions.function_concurrency import reserved_concurrency
from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.corrections import Corrections, Moto
from vpclab.localcloud.control_plane.event_sources.asynchronous_invocations import EventSettings
from vpclab.localcloud.control_plane.event_sources.destinations import Destinations

_RETRIES, _AGE = 2, 6 * 3600.0
_BOUNDS = {"MaximumRetryAttempts": (0, 2), "MaximumEventAgeInSeconds": (60, 21600)}


class InvocationSettings:
    """Corrects moto, and reads what it keeps."""

    def __init__(self, destinations: Destinations) -> None:
        self._destinations = destinations

    def correct(self, corrections: Corrections) -> None:
        """Have a second configuration replace the first, and each be checked."""
        corrections.wrap(LambdaBackend, "put_function_event_invoke_config", self._put)
        corrections.wrap(LambdaBackend, "update_function_event_invoke_config", self._update)

    def check_dead_letter(self, role_arn: str, given: Mapping[str, Any] | None) -> str | None:
        """Return the target of a DeadLetterConfig. ApiError: the role may not send there."""
        target = str((given or {}).get("TargetArn") or "")
        if not target:
            return None
        self._destinations.check_dead_letter(role_arn, target)
        return target

    @staticmethod
    def of(function: Moto) -> EventSettings:
        """Return what holds for the function's events."""
        config = _config(function)
        retries = config.get("MaximumRetryAttempts")
        return EventSettings(
            maximum_retry_attempts=_RETRIES if retries is None else int(retries),
            maximum_event_age=float(config.get("MaximumEventAgeInSeconds") or _AGE),
            runs_nothing=reserved_concurrency(function) == 0,
        )

    @staticmethod
    def destination(function: Moto, *, is_success: bool) -> str | None:
        """Return where records of such events go."""
        destinations = _config(function).get("DestinationConfig") or {}
        return (destinations.get("OnSuccess" if is_success else "OnFailure") or {}).get("Destination") or None

    def _put(self, plain: Moto, backend: Moto, function_name: str, config: dict[str, Any]) -> Moto:
        del plain
        function = backend.get_function(function_name)
        return self._set(function, config)

    def _update(self, plain: Moto, backend: Moto, function_name: str, config: dict[str, Any]) -> Moto:
        del plain
        function = backend.get_function(function_name)
        before = backend.get_function_event_invoke_config(function_name)
        kept = {name: before[name] for name in (*_BOUNDS, "DestinationConfig") if name in before}
        return self._set(function, kept | config)

    def _set(self, function: Moto, config: dict[str, Any]) -> Moto:
        for name, (least, most) in _BOUNDS.items():
            value = config.get(name)
            if value is not None and not least <= int(value) <= most:
                raise ApiError(
                    "ValidationException",
                    f"1 validation error detected: Value '{value}' at '{name[0].lower()}{name[1:]}' failed to "
                    f"satisfy constraint: Member must have value between {least} and {most}",
                )
        for side in ("OnSuccess", "OnFailure"):
            target = ((config.get("DestinationConfig") or {}).get(side) or {}).get("Destination")
            if target:
                self._destinations.check(function.role, target)
        if not any(config.get(name) not in (None, {}) for name in (*_BOUNDS, "DestinationConfig")):
            raise ApiError(
                "InvalidParameterValueException",
                "You must specify at least one of error handling or destination setting.",
            )
        made = EventInvokeConfig(f"{function.function_arn}:$LATEST", time.time(), config)
        function.event_invoke_config = [made]
        return made.response()


def _config(function: Moto) -> Mapping[str, Any]:
    return function.event_invoke_config[0].config if function.event_invoke_config else {}
