"""An isolated function reaches exactly the AWS service that has an endpoint, and its printed lines still arrive.

Speaks plain boto3 to a local cloud (`vpclab cloud start`), and knows nothing of this project:

    AWS_ENDPOINT_URL=http://127.0.0.1:4566 python examples/isolated_endpoint.py

Documented outcome: STS answers once an interface endpoint with private DNS admits port 443 from the function's
group (AWS PrivateLink guide); Secrets Manager, without one, times out; what the function prints is in CloudWatch
Logs although no path leads there, because the service ships it.
"""

from workbench import Workbench

CODE = """
import boto3
from botocore.config import Config

BRIEF = Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 1})

def attempt(call):
    try:
        call()
    except Exception as error:
        return type(error).__name__
    return "connected"

def handler(event, context):
    print(event["nonce"])
    return {
        "sts": attempt(boto3.client("sts", config=BRIEF).get_caller_identity),
        "secretsmanager": attempt(boto3.client("secretsmanager", config=BRIEF).list_secrets),
    }
"""


def main() -> dict[str, str]:
    """Build, ask before and after the endpoint, look for the printed line, and take everything away again."""
    with Workbench() as bench:
        vpc = bench.vpc("10.40.0.0/16", dns_hostnames=True)
        subnet = bench.subnet(vpc, "10.40.1.0/24", "us-east-1a")
        group = bench.security_group(vpc, "application")
        endpoint_group = bench.security_group(vpc, "endpoint")
        bench.admit(endpoint_group, group, 443)
        name = bench.function("example-isolated", CODE, [subnet], [group], timeout=20)
        before = bench.invoke(name, {"nonce": "before the endpoint"})
        bench.interface_endpoint(vpc, "sts", [subnet], endpoint_group)
        after = bench.invoke(name, {"nonce": "a nonce that only this run prints"})
        outcomes = {
            "sts before": before["sts"],
            "sts after": after["sts"],
            "secretsmanager after": after["secretsmanager"],
            "printed line": "found" if bench.printed(name, "a nonce that only this run prints") else "missing",
        }
        for what, outcome in outcomes.items():
            print(f"{what}: {outcome}")
        return outcomes


if __name__ == "__main__":
    if main() != {
        "sts before": "ConnectTimeoutError",
        "sts after": "connected",
        "secretsmanager after": "ConnectTimeoutError",
        "printed line": "found",
    }:
        raise SystemExit(2)
