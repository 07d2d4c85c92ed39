"""Reserved concurrency: of what the account has, less what must stay unreserved; 0 is a value.

moto has no quota and takes 0 for none. AWS: Lambda guide, configuration-concurrency; API reference,
PutFunctionConcurrency.
"""

import json
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaBackend, LambdaFunction, lambda_backends
from moto.awslambda.responses import LambdaResponse

from vpclab.localcloud.control_plane.additions.function_code import LARGEST_UNZIPPED, LARGEST_ZIPPED
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_ALL_CODE = 75 * 1024**3
ACCOUNT_CONCURRENCY, LEAST_UNRESERVED = 1000, 100


def correct(corrections: Corrections) -> None:
    """Correct what can be reserved, and what GetFunction tells of it."""
    corrections.wrap(LambdaBackend, "put_function_concurrency", _put)
    corrections.wrap(LambdaFunction, "get_code", _code)
    corrections.replace(LambdaResponse, "get_account_settings", _account_settings)


def reserved_concurrency(function: Moto) -> int | None:
    """Return the function's limit, which holds for each of its versions; None: it has none of its own."""
    limit = lambda_backends[function.account_id][function.region].get_function_concurrency(function.function_name)
    return None if limit is None else int(limit)


def _put(plain: Moto, backend: Moto, function_name: str, reserved_concurrency: int) -> Moto:
    name = backend.get_function(function_name).function_name
    others = sum(
        int(one.reserved_concurrency or 0) for one in backend.list_functions() if one.function_name != name
    )
    if ACCOUNT_CONCURRENCY - others - int(reserved_concurrency) < LEAST_UNRESERVED:
        raise InvalidParameterValueException(
            "Specified ReservedConcurrentExecutions for function decreases account's "
            f"UnreservedConcurrentExecution below its minimum value of [{LEAST_UNRESERVED}]."
        )
    return plain(backend, function_name, reserved_concurrency)


def _account_settings(response: Moto) -> str:
    """GetAccountSettings, which moto does not have."""
    functions = list(response.backend.list_functions("ALL"))
    reserved = sum(int(one.reserved_concurrency or 0) for one in response.backend.list_functions())
    limit = {
        "TotalCodeSize": _ALL_CODE,
        "CodeSizeUnzipped": LARGEST_UNZIPPED,
        "CodeSizeZipped": LARGEST_ZIPPED,
        "ConcurrentExecutions": ACCOUNT_CONCURRENCY,
        "UnreservedConcurrentExecutions": ACCOUNT_CONCURRENCY - reserved,
    }
    names = {one.function_name for one in functions}
    usage = {"TotalCodeSize": sum(one.code_size for one in functions), "FunctionCount": len(names)}
    return json.dumps({"AccountLimit": limit, "AccountUsage": usage})


def _code(plain: Moto, function: Moto) -> dict[str, Any]:
    found: dict[str, Any] = plain(function)
    if function.reserved_concurrency is not None:
        found["Concurrency"] = {"ReservedConcurrentExecutions": int(function.reserved_concurrency)}
    return found
