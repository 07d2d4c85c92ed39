"""EC2's DHCP option sets (VPC guide, "DHCP option sets")."""

from tests.integration.control_plane_world import World, refused


def test_dhcp_options_can_only_say_what_there_is(here: World) -> None:
    """Unknown options, too many servers and servers that are no IPv4 addresses are refused; nothing is kept."""
    for name, values, code in (
        ("nonsense", ["a"], "InvalidParameterValue"),
        ("domain-name-servers", ["nowhere"], "InvalidParameterValue"),
        ("domain-name-servers", [f"10.0.0.{number}" for number in range(5)], "InvalidParameterValue"),
        ("ntp-servers", ["AmazonProvidedDNS"], "InvalidParameterValue"),
        ("ipv6-address-preferred-lease-time", ["200"], "UnsupportedOperation"),
    ):
        with refused(code):
            here.ec2.create_dhcp_options(DhcpConfigurations=[{"Key": name, "Values": values}])
    assert len(here.ec2.describe_dhcp_options()["DhcpOptions"]) <= 1


def test_dhcp_options_cannot_go_while_any_vpc_uses_them(here: World) -> None:
    """One set may serve several VPCs, each of which follows it; it can go when the last one follows another."""
    servers = {"Key": "domain-name-servers", "Values": ["1.1.1.1", "AmazonProvidedDNS"]}
    made = here.ec2.create_dhcp_options(DhcpConfigurations=[servers])["DhcpOptions"]["DhcpOptionsId"]
    one, two = here.vpc(), here.vpc()
    for vpc in (one, two):
        here.ec2.associate_dhcp_options(DhcpOptionsId=made, VpcId=vpc)
    followed = {vpc.id: vpc.domain_name_servers for vpc in here.plane.network().vpcs}
    assert followed[one] == followed[two] == ("1.1.1.1", "AmazonProvidedDNS")
    for vpc in (two, one):
        with refused("DependencyViolation", made):
            here.ec2.delete_dhcp_options(DhcpOptionsId=made)
        here.ec2.associate_dhcp_options(DhcpOptionsId="default", VpcId=vpc)
    here.ec2.delete_dhcp_options(DhcpOptionsId=made)


def test_dhcp_options_can_be_made_with_tags(here: World) -> None:
    """TagSpecifications hold at once."""
    tags = [{"Key": "k", "Value": "v"}]
    made = here.ec2.create_dhcp_options(
        DhcpConfigurations=[{"Key": "domain-name", "Values": ["example.com"]}],
        TagSpecifications=[{"ResourceType": "dhcp-options", "Tags": tags}],
    )["DhcpOptions"]
    [found] = here.ec2.describe_dhcp_options(Filters=[{"Name": "tag:k", "Values": ["v"]}])["DhcpOptions"]
    assert (made["Tags"], found["Tags"], found["DhcpOptionsId"]) == (tags, tags, made["DhcpOptionsId"])
