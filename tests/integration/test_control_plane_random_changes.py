"""Changes at random of what the data plane listens to: each is answered, and no other VPC is held up by any."""

# ruff: noqa: ANN401, S311 - boto3 has no type information; a test's chance is meant to be repeatable

import os
import random
from typing import Any

import boto3
import botocore.config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import Shape

from tests.integration.control_plane_world import REGION, World, endpoint, refused
from tests.integration.random_request import RandomRequest

CHANGES = int(os.environ.get("VPCLAB_RANDOM_CHANGES", "400"))
SEED = int(os.environ.get("VPCLAB_RANDOM_SEED", "1"))
_NOUNS = (
    *("Route", "SecurityGroup", "NetworkAcl", "NetworkInterface", "PrefixList", "VpcEndpoint", "Subnet"),
    *("Address", "NatGateway", "VpcAttribute", "VpcCidr", "BlockPublicAccess", "Dhcp", "InternetGateway", "Tags"),
)
_NOT_MODELLED_NOUNS = (
    *(
        "Ipam",
        "TransitGateway",
        "LocalGateway",
        "ClientVpn",
        "Ipv6",
        "RouteServer",
        "Egress",
        "Carrier",
        "Peering",
    ),
    *("CoipPool", "Classic", "Host", "Insight", "ByoIp", "VpnConnection", "Encryption"),
)
_READING = ("Describe", "Get", "Search")
_NEVER = ("DryRun", "Ipv6", "Ipam", "TagSpec", "Outpost", "CustomerOwned")
_NUMBERS = (0, 1, 3, 8, 22, 80, 100, 255, 256, 443, 32766, 32767, 65535, 65536, -1)


class PlausibleRequest(RandomRequest):
    """Most of what is required, and mostly something that exists, if of the wrong kind now and then."""

    def _structure(self, shape: Shape, depth: int) -> dict[str, Any]:
        return {
            name: self._value(member, name, depth)
            for name, member in shape.members.items()
            if not any(part in name for part in _NEVER)
            and self._random.random() < (0.97 if name in shape.required_members else 0.4)
        }

    def _value(self, shape: Shape, name: str, depth: int) -> Any:
        if shape.type_name in ("integer", "long"):
            return self._random.choice(_NUMBERS)
        return super()._value(shape, name, depth)

    def _text(self, shape: Shape, name: str) -> str:
        if getattr(shape, "enum", None) is None and self._random.random() < 0.05:
            return self._random.choice(self._known["ResourceId"])
        return super()._text(shape, name)


def furnish(here: World, *networks: str) -> dict[str, list[str]]:
    """One or two of everything in each VPC, by the ends of the parameters that take them."""
    known: dict[str, list[str]] = {}
    ec2 = here.ec2
    for network in networks:
        vpc = here.vpc(f"{network}.0.0/16")
        subnets = [here.subnet(vpc, f"{network}.{number}.0/24", zone) for number, zone in ((0, "a"), (1, "b"))]
        table, group, (allocation, address) = here.table(vpc), here.group(vpc), here.address()
        nat = ec2.create_nat_gateway(SubnetId=subnets[0], AllocationId=here.address()[0])["NatGateway"]
        endpoints = [
            ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.{service}", **more)
            for service, more in (
                ("s3", {"RouteTableIds": [table]}),
                ("sts", {"VpcEndpointType": "Interface", "SubnetIds": subnets, "PrivateDnsEnabled": False}),
            )
        ]
        of_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
        acls = ec2.describe_network_acls(Filters=of_vpc)["NetworkAcls"]
        tables = ec2.describe_route_tables(Filters=of_vpc)["RouteTables"]
        rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
        listed = ec2.create_managed_prefix_list(
            PrefixListName="p", MaxEntries=9, AddressFamily="IPv4", Entries=[{"Cidr": "198.51.100.0/28"}]
        )["PrefixList"]
        gateway = here.gateway(vpc)
        interface = ec2.create_network_interface(SubnetId=subnets[0])["NetworkInterface"]["NetworkInterfaceId"]
        for name, values in {
            "VpcId": [vpc],
            "SubnetId": subnets,
            "RouteTableId": [table],
            "GroupId": [group],
            "Group": [group],
            "AllocationId": [allocation],
            "PublicIp": [address],
            "NatGatewayId": [nat["NatGatewayId"]],
            "VpcEndpointId": [one["VpcEndpoint"]["VpcEndpointId"] for one in endpoints],
            "InternetGatewayId": [gateway],
            "GatewayId": [gateway],
            "NetworkInterfaceId": [interface],
            "NetworkAclId": [
                acls[0]["NetworkAclId"],
                ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"],
            ],
            "AssociationId": [
                *(one["NetworkAclAssociationId"] for acl in acls for one in acl["Associations"]),
                *(one["RouteTableAssociationId"] for one in tables[0]["Associations"]),
            ],
            "SecurityGroupRuleId": [one["SecurityGroupRuleId"] for one in rules["SecurityGroupRules"]],
            "PrefixListId": [listed["PrefixListId"]],
        }.items():
            known.setdefault(name, []).extend(values)
    known["ResourceId"] = [value for values in known.values() for value in values]
    ranges = ["0.0.0.0/0", "10.20.5.0/24", "10.21.0.0/20", "10.0.0.0/8", "198.51.100.0/24", "10.0.0.7/32", "::/0"]
    ranges += [
        "10.0.0.1/8",
        "224.0.0.0/4",
        "169.254.169.254/32",
        "127.0.0.0/8",
        "0.0.0.0/32",
        "255.255.255.255/32",
    ]
    known |= {"CidrBlock": ranges, "CidrIp": ranges, "Cidr": ranges}
    known["Protocol"] = ["tcp", "udp", "icmp", "-1", "6", "17", "1", "58", "all", "50", "TCP"]
    known["ServiceName"] = [f"com.amazonaws.{REGION}.{service}" for service in ("dynamodb", "ssm", "s3")]
    return known


def test_change_at_random_cannot_hold_up_another_vpc(here: World) -> None:
    """After each, an unrelated change of a VPC that nobody names succeeds, and all of it can be read."""
    here.effects.network_changed = lambda: _follow(here)  # type: ignore[method-assign]
    sentinel = here.group(here.vpc("10.77.0.0/16"), "sentinel")
    chance, ec2 = random.Random(SEED), here.ec2
    client = _unchecked()
    model = client.meta.service_model
    names = [
        name
        for name in sorted(model.operation_names)
        if any(noun in name for noun in _NOUNS)
        and not name.startswith(_READING)
        and not any(noun in name for noun in _NOT_MODELLED_NOUNS)
    ]
    known: dict[str, list[str]] = {}
    done = 0
    for number in range(CHANGES):
        if number % 400 == 0:
            known = furnish(here, "10.20", "10.21")
        name = chance.choice(names)
        parameters = PlausibleRequest(SEED * 1_000_003 + number, known).parameters(model.operation_model(name))
        done += _try(client, name, parameters)
        call = ec2.revoke_security_group_ingress if number % 2 else ec2.authorize_security_group_ingress
        call(GroupId=sentinel, IpProtocol="tcp", FromPort=80, ToPort=80, CidrIp="10.0.0.0/8")
    assert done > CHANGES // 20, "most of these changes are refused; then they try little"


def test_request_that_lacks_a_part_can_be_refused_by_name(here: World) -> None:
    """What the model leaves open, and the operation needs; an endpoint that is named twice is deleted once."""
    vpc = here.vpc()
    group = here.group(vpc)
    [rule] = here.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])[
        "SecurityGroupRules"
    ]
    half = [{"SecurityGroupRuleId": rule["SecurityGroupRuleId"]}]
    client = _unchecked()
    for name, parameters, code, text in (
        ("ModifySecurityGroupRules", {"GroupId": group, "SecurityGroupRules": half}, "MissingParameter", "Rule"),
        ("CreateTags", {"Resources": [group], "Tags": [{"Key": "a"}]}, "MissingParameter", "Tag.1.Value"),
        ("CreateTags", {"Resources": [group], "Tags": [{"Value": "a"}]}, "MissingParameter", "Tag.1.Key"),
        ("AssociateVpcCidrBlock", {"VpcId": vpc}, "MissingParameter", "CidrBlock"),
        ("AllocateAddress", {"Address": "garbage"}, "InvalidParameterValue", "garbage"),
    ):
        with refused(code, text):
            client._make_api_call(name, parameters)  # noqa: SLF001 - by its name in the model
    made = here.ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3")["VpcEndpoint"]
    assert here.ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]] * 2)["Unsuccessful"] == []


def _follow(here: World) -> None:
    _, refusal = here.plane.read_network()
    if refusal is not None:
        raise AssertionError(f"what could be recorded cannot be read: {refusal}")


def _unchecked() -> Any:
    return boto3.client(
        "ec2",
        region_name=REGION,
        endpoint_url=endpoint(),
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=botocore.config.Config(retries={"total_max_attempts": 1}, parameter_validation=False),
    )


def _try(client: Any, name: str, parameters: dict[str, Any]) -> bool:
    try:
        client._make_api_call(name, parameters)  # noqa: SLF001 - by its name in the model
    except ClientError as error:
        if _fails(error):
            raise AssertionError(f"{name} {parameters}") from error
        return False
    except (BotoCoreError, AttributeError, TypeError, ValueError):
        return False  # the client could not even say it
    return True


def _fails(error: ClientError) -> bool:
    """Whether an answer is a failure of the control plane, also of one that passes it off as not modelled."""
    status, text = error.response["ResponseMetadata"]["HTTPStatusCode"], str(error)
    return "Error: " in text or (status >= 500 and not (status == 501 and "not model" in text))
