"""The variables that Lambda defines in every execution environment ("Defined runtime environment variables")."""

from vpclab.localcloud.lambda_runtime.invocation import JSON, Invocation
from vpclab.localcloud.lambda_runtime.root_file_system import CERTIFICATES

RUNTIME_API = "169.254.100.1:9001"
PROGRAMS = "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin"
LIBRARIES = "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"
CREDENTIALS = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"})


def of_environment(invocation: Invocation, log_stream: str, metadata_token: str) -> dict[str, str]:
    """Return all variables of an environment: unreserved ones, the function's own, then the reserved ones.

    SSL_CERT_FILE, REQUESTS_CA_BUNDLE and AWS_CA_BUNDLE are the local cloud's: its certificate authority.
    """
    unreserved = {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": PROGRAMS,
        "LD_LIBRARY_PATH": LIBRARIES,
        "PYTHONPATH": "/var/runtime",
        "SHLVL": "0",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "169.254.100.1:2000",
        "SSL_CERT_FILE": CERTIFICATES,
        "REQUESTS_CA_BUNDLE": CERTIFICATES,
        "AWS_CA_BUNDLE": CERTIFICATES,
    }
    reserved = {
        "_HANDLER": invocation.handler,
        "AWS_REGION": invocation.region,
        "AWS_DEFAULT_REGION": invocation.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{invocation.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": invocation.function_name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(invocation.memory_mb),
        "AWS_LAMBDA_FUNCTION_VERSION": invocation.version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": invocation.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_METADATA_API": RUNTIME_API,
        "AWS_LAMBDA_METADATA_TOKEN": metadata_token,
        "AWS_LAMBDA_RUNTIME_API": RUNTIME_API,
        "LAMBDA_TASK_ROOT": "/var/task",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
    }
    if invocation.log_format == JSON:
        reserved["AWS_LAMBDA_LOG_FORMAT"] = JSON
        reserved["AWS_LAMBDA_LOG_LEVEL"] = invocation.application_log_level
    return {**unreserved, **invocation.environment, **reserved}
