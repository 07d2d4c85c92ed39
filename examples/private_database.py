"""A VPC of your own, a PostgreSQL database in it, and two functions: one attached to the VPC, one not.

Speaks plain boto3 to a local cloud (`vpclab cloud start`), and knows nothing of this project:

    AWS_ENDPOINT_URL=http://127.0.0.1:4566 python examples/private_database.py

Documented outcome: the attached function connects to port 5432; the other resolves the name to a private
address and times out (Lambda developer guide, "Giving Lambda functions access to resources in an Amazon VPC").
"""

from workbench import Workbench

CODE = """
import socket

def handler(event, context):
    address = socket.getaddrinfo(event["host"], event["port"], proto=socket.IPPROTO_TCP)[0][4][0]
    try:
        socket.create_connection((address, event["port"]), timeout=2).close()
    except OSError as error:
        return {"address": address, "outcome": type(error).__name__}
    return {"address": address, "outcome": "connected"}
"""


def main() -> dict[str, str]:
    """Build, ask both functions, say what they answered, and take everything away again."""
    with Workbench() as bench:
        vpc = bench.vpc("10.20.0.0/16")
        subnets = [
            bench.subnet(vpc, f"10.20.{i}.0/24", zone) for i, zone in enumerate(("us-east-1a", "us-east-1b"))
        ]
        application = bench.security_group(vpc, "application")
        database_group = bench.security_group(vpc, "database")
        bench.admit(database_group, application, 5432)
        host, port = bench.database("example-private-database", subnets, database_group)
        attached = bench.function("example-attached", CODE, subnets, [application])
        outside = bench.function("example-outside", CODE)
        event = {"host": host, "port": port}
        answers = {name: bench.invoke(name, event) for name in (attached, outside)}
        for name, answer in answers.items():
            print(f"{name}: {host} is {answer['address']}: {answer['outcome']}")
        return {name: answer["outcome"] for name, answer in answers.items()}


if __name__ == "__main__":
    outcomes = main()
    if outcomes != {"example-attached": "connected", "example-outside": "TimeoutError"}:
        raise SystemExit(2)
