"""Limits of a function's configuration.

moto takes any number and any environment variable. AWS: Lambda API reference, CreateFunction (timeout 1 to 900 s,
memory 128 to 10240 MB, storage 512 to 10240 MB) and the guide's configuration-envvars (4 KB; reserved keys).
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException, ValidationException

_RANGES = {"Timeout": ("timeout", 1, 900), "MemorySize": ("memorySize", 128, 10240)}
_STORAGE = (512, 10240)
_NAME, _HANDLER, _LONGEST_DESCRIPTION = re.compile(r"[a-zA-Z0-9-_]{1,64}"), re.compile(r"\S{1,128}"), 256
_ENVIRONMENT_BYTES = 4096
_VARIABLE = re.compile(r"[a-zA-Z]([a-zA-Z0-9_])+|_HANDLER|_X_AMZN_TRACE_ID")
"""The API reference's pattern; the two names that it does not cover are refused as reserved."""
_UNABLE = (
    "Lambda was unable to configure your environment variables because the environment variables you have provided"
)
_RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)


def check_name(name: str) -> None:
    """Raise Lambda's error for a function's name."""
    if _NAME.fullmatch(name) is None:
        raise ValidationException(
            name,
            "functionName",
            "Member must satisfy regular expression pattern: [a-zA-Z0-9-_]+, and have length less than or equal "
            "to 64",
        )


def check_mandatory(given: Mapping[str, Any]) -> None:
    """Raise Lambda's error for want of a runtime or a handler, which code from a .zip file needs."""
    if not given.get("Handler") or not given.get("Runtime"):
        raise InvalidParameterValueException(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        )


def check_limits(given: Mapping[str, Any]) -> None:
    """Raise Lambda's error when a setting of CreateFunction or UpdateFunctionConfiguration is out of range."""
    for key, (name, least, most) in _RANGES.items():
        if key in given:
            _check_range(given[key], name, least, most)
    handler = given.get("Handler")
    if handler is not None and _HANDLER.fullmatch(handler) is None:
        raise ValidationException(
            handler,
            "handler",
            "Member must satisfy regular expression pattern: [^\\s]+, and have length less than or equal to 128",
        )
    if len(given.get("Description") or "") > _LONGEST_DESCRIPTION:
        raise ValidationException(
            str(given["Description"]),
            "description",
            f"Member must have length less than or equal to {_LONGEST_DESCRIPTION}",
        )
    if "EphemeralStorage" in given:
        _check_range(given["EphemeralStorage"]["Size"], "ephemeralStorage.size", *_STORAGE)
    _check_variables((given.get("Environment") or {}).get("Variables") or {})


def _check_variables(variables: Mapping[str, str]) -> None:
    for name in variables:
        if _VARIABLE.fullmatch(name) is None:
            raise ValidationException(
                f"[{', '.join(variables)}]",
                "environment.variables",
                "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: "
                "[a-zA-Z]([a-zA-Z0-9_])+]",
            )
    if any("\0" in value for value in variables.values()):
        raise InvalidParameterValueException(f"{_UNABLE} contains a NUL character, which no environment can hold.")
    reserved = sorted(_RESERVED & set(variables))
    if reserved:
        raise InvalidParameterValueException(
            f"{_UNABLE} contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    measured = json.dumps(variables, separators=(",", ":"), ensure_ascii=False)
    if len(measured.encode()) > _ENVIRONMENT_BYTES:
        raise InvalidParameterValueException(
            f"{_UNABLE} exceeded the {_ENVIRONMENT_BYTES // 1024}KB limit. String measured: {measured}"
        )


def _check_range(value: int, name: str, least: int, most: int) -> None:
    if value < least:
        raise ValidationException(str(value), name, f"Member must have value greater than or equal to {least}")
    if value > most:
        raise ValidationException(str(value), name, f"Member must have value less than or equal to {most}")
