"""Table 2.6: what each cause looks like to socket, urllib and boto3. Nothing in an AWS network says no by ICMP."""

import pytest

from tests.integration.row_world import IMPATIENT, INTERNET_HOST, REFUSED, TIMED_OUT, RowWorld

STS_URL = "https://sts.us-east-1.amazonaws.com"
WHO = ("call", "sts", "get_caller_identity")


@pytest.mark.parametrize("cause", ["no route", "gateway without public address", "group", "acl", "blackhole"])
def test_dropped_packet_can_only_look_like_a_timeout(world: RowWorld, cause: str) -> None:
    """SYN or reply dropped: TimeoutError, URLError around it, ConnectTimeoutError; as long as the timeout."""
    if cause == "no route":
        place = world.isolated()
    elif cause == "gateway without public address":
        place, _ = world.public()
    else:
        place, nat = world.private()
        if cause == "group":
            everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
            world.ec2.revoke_security_group_egress(GroupId=place.group, IpPermissions=everything)
        elif cause == "acl":
            (acl,) = world.ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [place.vpc]}])[
                "NetworkAcls"
            ]
            world.ec2.create_network_acl_entry(
                NetworkAclId=acl["NetworkAclId"],
                RuleNumber=1,
                Egress=False,
                RuleAction="deny",
                Protocol="6",
                PortRange={"From": 1024, "To": 65535},
                CidrBlock="0.0.0.0/0",
            )
        else:
            world.delete_nat(nat.id)
    seen = world.ask(
        world.function(place),
        ("connect", INTERNET_HOST),
        ("urlopen", f"https://{INTERNET_HOST}/"),
        ("urlopen", "http://example.com/"),
        WHO,
    )
    assert seen == [
        TIMED_OUT,
        "URLError: <urlopen error timed out>",
        "URLError: <urlopen error timed out>",
        f'ConnectTimeoutError: Connect timeout on endpoint URL: "{STS_URL}/"',
    ]


def test_closed_port_can_only_look_refused(world: RowWorld) -> None:
    """RST, the host is up: ConnectionRefusedError, URLError around it, EndpointConnectionError; at once."""
    place, _ = world.private()
    group = world.group(place.vpc)
    world.admit(group, place.group, 81)
    endpoint = world.endpoint(place, "sts", group, private_dns=False)
    name = endpoint["DnsEntries"][0]["DnsName"]
    url = f"https://{name}:81"
    seen = world.ask(
        world.function(place),
        ("connect", name, 81),
        ("urlopen", url),
        (*WHO, None, "us-east-1", url),
        ("connect", INTERNET_HOST, 81),
    )
    assert seen == [
        REFUSED,
        "URLError: <urlopen error [Errno 111] Connection refused>",
        f'EndpointConnectionError: Could not connect to the endpoint URL: "{url}/"',
        REFUSED,
    ]


def test_unknown_name_can_only_look_unknown(world: RowWorld) -> None:
    """NXDOMAIN: gaierror -2, URLError around it, EndpointConnectionError."""
    url = "https://nobody.example.invalid"
    seen = world.ask(
        world.function(world.isolated()),
        ("connect", "nobody.example.invalid"),
        ("urlopen", url),
        (*WHO, None, "us-east-1", url),
    )
    assert seen == [
        "gaierror: [Errno -2] Name or service not known",
        "URLError: <urlopen error [Errno -2] Name or service not known>",
        f'EndpointConnectionError: Could not connect to the endpoint URL: "{url}/"',
    ]


def test_silent_resolver_can_only_look_like_a_temporary_failure(world: RowWorld) -> None:
    """Resolver silent: gaierror -3, URLError around it, EndpointConnectionError."""
    place = world.isolated()
    world.ec2.modify_vpc_attribute(VpcId=place.vpc, EnableDnsSupport={"Value": False})
    function = world.function(place, environment=IMPATIENT)
    seen = world.ask(function, ("connect", "example.com"), ("urlopen", "http://example.com/"), WHO)
    assert seen == [
        "gaierror: [Errno -3] Temporary failure in name resolution",
        "URLError: <urlopen error [Errno -3] Temporary failure in name resolution>",
        f'EndpointConnectionError: Could not connect to the endpoint URL: "{STS_URL}/"',
    ]


def test_function_can_have_nobody_at_the_metadata_addresses(world: RowWorld) -> None:
    """2.7: no IMDS: 169.254.169.254 and 169.254.170.2 give nothing, in no VPC and in a VPC."""
    asks = [("connect", address, 80) for address in ("169.254.169.254", "169.254.170.2")]
    for function in (world.function(), world.function(world.private()[0])):
        assert all("connected" not in one for one in world.ask(function, *asks))
