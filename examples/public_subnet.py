"""A function in a public subnet: no internet, until somebody puts an Elastic IP on its network interface.

Speaks plain boto3 to a local cloud (`vpclab cloud start`), and knows nothing of this project:

    AWS_ENDPOINT_URL=http://127.0.0.1:4566 python examples/public_subnet.py

Documented outcome: the route to the internet gateway and MapPublicIpOnLaunch do not help, since a function's
interface gets no public address (Lambda developer guide, "Enable internet access for VPC-connected functions").
Associating an Elastic IP with the interface by hand does help; AWS does not support it.
"""

from workbench import Workbench

CODE = """
import urllib.request

def handler(event, context):
    try:
        with urllib.request.urlopen("https://checkip.amazonaws.com", timeout=2) as answer:
            return {"outcome": answer.read().decode().strip()}
    except OSError as error:
        return {"outcome": str(error)}
"""


def main() -> list[str]:
    """Build, ask before and after the Elastic IP, say what was answered, and take everything away again."""
    with Workbench() as bench:
        vpc = bench.vpc("10.30.0.0/16")
        gateway = bench.internet_gateway(vpc)
        subnet = bench.subnet(vpc, "10.30.1.0/24", "us-east-1a", public=True)
        table = bench.route_table(vpc, [subnet])
        bench.route(table, GatewayId=gateway)
        group = bench.security_group(vpc, "application")
        name = bench.function("example-public-subnet", CODE, [subnet], [group])
        before = bench.invoke(name, {})["outcome"]
        elastic_ip = bench.elastic_ip_on(bench.interface_of(subnet, group))
        after = bench.invoke(name, {})["outcome"]
        print(f"in a public subnet: {before}")
        print(f"with the Elastic IP {elastic_ip} on its interface: {after}")
        return [before, after, elastic_ip]


if __name__ == "__main__":
    without, with_address, expected = main()
    if "timed out" not in without or with_address != expected:
        raise SystemExit(2)
