"""What the statements about permissions speak of: consumers, a bucket, a traced and an invoked function."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pulumi

from infra.consumers import Consumers, ConsumersArgs
from infra.function import Function, FunctionArgs
from infra.invoked_function import InvokedFunction, InvokedFunctionArgs
from infra.region import Region
from infra.uploads import Uploads, UploadsArgs

OUTPUTS = ("consumers", "bucket", "tracer", "invoked")


def declare(region: Region, probe: FunctionArgs, after: pulumi.ResourceOptions) -> Mapping[str, Mapping[str, Any]]:
    """Declare them, placed as the probe is, and return their outputs by the names under which they are exported.

    ``after``: as the probe's options, with what has to exist before a function is used.
    """
    plain = replace(probe, inline_policy=None)
    traced = replace(
        plain, description="Sends traces to X-Ray", policies=(*plain.policies, "tracing"), traced=True
    )
    return {
        "consumers": Consumers("consumers", ConsumersArgs(function=plain), after).outputs,
        "bucket": Uploads("uploads", UploadsArgs(account=region.account, function=plain), after).outputs,
        "tracer": Function("tracer", traced, after).outputs,
        "invoked": InvokedFunction(
            "invoked", InvokedFunctionArgs(account=region.account, function=plain), after
        ).outputs,
    }
