"""A NAT instance, by boto3 alone: in all three states (C23), and what the API says of it."""

# ruff: noqa: ANN401 - boto3 has no type information

from typing import Any

import pytest

from tests.deadline import eventually
from tests.integration.control_plane_world import World, refused
from tests.integration.row_world import CHECKIP, INTERNET_HOST, TIMED_OUT, Place, RowWorld

PUBLISHER = "568608671756"


def image(ec2: Any, architecture: str = "arm64") -> str:
    """The newest NAT image, found as ``aws.ec2.get_ami`` does."""
    filters = {
        "name": "fck-nat-al2023-hvm-*",
        "architecture": architecture,
        "virtualization-type": "hvm",
        "root-device-type": "ebs",
        "state": "available",
    }
    given = [{"Name": name, "Values": [value]} for name, value in filters.items()]
    found = ec2.describe_images(Owners=[PUBLISHER], Filters=given)["Images"]
    newest: str = max(found, key=lambda one: one["CreationDate"])["ImageId"]
    return newest


class NatInstance:
    """A private place whose default route leads to a NAT instance in a public subnet of its VPC."""

    def __init__(self, world: RowWorld, **launch: Any) -> None:
        self.world, self.ec2 = world, world.ec2
        self.place: Place = world.isolated()
        self.subnet = world.subnet(self.place.vpc, "10.0.100.0/24")
        table = world.table(self.place.vpc, self.subnet)
        world.route(table, GatewayId=world.gateway(self.place.vpc))
        self.group = world.group(self.place.vpc)
        usual: dict[str, Any] = {
            "ImageId": image(self.ec2),
            "InstanceType": "t4g.nano",
            "NetworkInterfaces": [
                {
                    "DeviceIndex": 0,
                    "SubnetId": self.subnet,
                    "Groups": [self.group],
                    "AssociatePublicIpAddress": True,
                }
            ],
        }
        made = self.ec2.run_instances(MinCount=1, MaxCount=1, **(usual | launch))["Instances"][0]
        self.id: str = made["InstanceId"]
        world.later(self.ec2.terminate_instances, InstanceIds=[self.id])
        self.ec2.get_waiter("instance_running").wait(
            InstanceIds=[self.id], WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
        world.route(self.place.table, InstanceId=self.id)

    def admit(self) -> None:
        """Let everything of the private subnet in."""
        permission = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.1.0/24"}]}]
        self.ec2.authorize_security_group_ingress(GroupId=self.group, IpPermissions=permission)

    def check(self, *, on: bool) -> None:
        self.ec2.modify_instance_attribute(InstanceId=self.id, SourceDestCheck={"Value": on})

    def described(self) -> dict[str, Any]:
        [reservation] = self.ec2.describe_instances(InstanceIds=[self.id])["Reservations"]
        found: dict[str, Any] = reservation["Instances"][0]
        return found


def test_nat_instance_can_lead_to_the_internet_in_one_state_of_three(world: RowWorld) -> None:
    """C23: check off and group open: the instance's public address is seen; otherwise a timeout (R48, R49)."""
    nat = NatInstance(world)
    function, asked = world.function(nat.place), ("get", f"http://{INTERNET_HOST}/")
    nat.admit()
    assert world.ask_one(function, *asked) == TIMED_OUT  # the check is on, as AWS starts every instance
    nat.check(on=False)
    public = nat.described()["PublicIpAddress"]
    assert world.ask(function, asked, ("get", CHECKIP)) == [public, public]
    nat.check(on=True)
    assert world.ask_one(function, *asked) == TIMED_OUT
    nat.check(on=False)
    everything = nat.ec2.describe_security_groups(GroupIds=[nat.group])["SecurityGroups"][0]["IpPermissions"]
    nat.ec2.revoke_security_group_ingress(GroupId=nat.group, IpPermissions=everything)
    assert world.ask_one(function, *asked) == TIMED_OUT
    nat.admit()
    assert world.ask_one(function, *asked) == public


def test_nat_instance_can_have_an_elastic_address(world: RowWorld) -> None:
    """AssociateAddress with the instance's id: the far host sees that address, also after a restart."""
    nat = NatInstance(world)
    nat.admit()
    interface = nat.described()["NetworkInterfaces"][0]["NetworkInterfaceId"]
    nat.ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, SourceDestCheck={"Value": False})
    allocation, elastic = world.address()
    associated = nat.ec2.associate_address(AllocationId=allocation, InstanceId=nat.id)
    world.later(nat.ec2.disassociate_address, AssociationId=associated["AssociationId"])
    function, asked = world.function(nat.place), ("get", f"http://{INTERNET_HOST}/")
    assert world.ask_one(function, *asked) == elastic
    [address] = nat.ec2.describe_addresses(AllocationIds=[allocation])["Addresses"]
    assert (address["InstanceId"], address["NetworkInterfaceId"]) == (nat.id, interface)
    nat.ec2.stop_instances(InstanceIds=[nat.id])
    assert world.ask_one(function, *asked) == TIMED_OUT
    nat.ec2.start_instances(InstanceIds=[nat.id])
    assert world.ask_one(function, *asked) == elastic


def test_route_to_an_instance_can_become_a_blackhole(world: RowWorld) -> None:
    """While it is stopped and after it was terminated; the route names instance and interface."""
    nat = NatInstance(world)

    def route() -> dict[str, Any]:
        [table] = nat.ec2.describe_route_tables(RouteTableIds=[nat.place.table])["RouteTables"]
        return next(one for one in table["Routes"] if one["DestinationCidrBlock"] == "0.0.0.0/0")

    interface = nat.described()["NetworkInterfaces"][0]["NetworkInterfaceId"]
    assert (route()["InstanceId"], route()["NetworkInterfaceId"]) == (nat.id, interface)
    assert route()["State"] == "active"
    nat.ec2.stop_instances(InstanceIds=[nat.id])
    assert route()["State"] == "blackhole"
    nat.ec2.start_instances(InstanceIds=[nat.id])
    assert route()["State"] == "active"
    nat.ec2.terminate_instances(InstanceIds=[nat.id])
    assert route()["State"] == "blackhole"


def launched(here: World, **more: Any) -> dict[str, Any]:
    usual = {"ImageId": image(here.ec2), "InstanceType": "t4g.nano", "MinCount": 1, "MaxCount": 1}
    [made] = here.ec2.run_instances(**(usual | more))["Instances"]
    found: dict[str, Any] = made
    return found


def test_image_can_be_found_by_filters(here: World) -> None:
    """One for each architecture, of its publisher's and of nobody else's."""
    assert image(here.ec2) != image(here.ec2, "x86_64")
    assert here.ec2.describe_images(Owners=["amazon"])["Images"] == []
    [found] = here.ec2.describe_images(ImageIds=[image(here.ec2)])["Images"]
    assert (found["OwnerId"], found["Architecture"], found["Public"]) == (PUBLISHER, "arm64", True)
    assert found["Name"].startswith("fck-nat-al2023-hvm-1.3.0-")


def test_instance_can_get_its_public_address_by_its_subnet(here: World) -> None:
    """MapPublicIpOnLaunch decides where the launch does not; the address goes and comes with stop and start."""
    vpc = here.vpc(internet=True)
    subnet = here.subnet(vpc)
    plain = launched(here, SubnetId=subnet)
    assert "PublicIpAddress" not in plain
    here.ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    public = launched(here, SubnetId=subnet)
    assert public["PublicIpAddress"].startswith("203.0.113.")
    here.ec2.stop_instances(InstanceIds=[public["InstanceId"]])
    attached = [{"Name": "attachment.instance-id", "Values": [public["InstanceId"]]}]
    [interface] = here.ec2.describe_network_interfaces(Filters=attached)["NetworkInterfaces"]
    assert "Association" not in interface
    here.ec2.start_instances(InstanceIds=[public["InstanceId"]])
    [interface] = here.ec2.describe_network_interfaces(Filters=attached)["NetworkInterfaces"]
    assert interface["Association"]["PublicIp"] not in {None, public["PublicIpAddress"]}


def test_interface_of_an_instance_can_be_seen_as_aws_shows_it(here: World) -> None:
    """Attached by its account; groups and check are the instance's; not detachable; gone with it."""
    vpc = here.vpc()
    group = here.group(vpc)
    made = launched(here, SubnetId=here.subnet(vpc), SecurityGroupIds=[group])
    [interface] = here.interfaces(vpc_id=vpc)
    attachment = interface["Attachment"]
    assert (attachment["InstanceId"], attachment["DeviceIndex"]) == (made["InstanceId"], 0)
    assert (interface["RequesterManaged"], interface["InterfaceType"]) == (False, "interface")
    assert interface["SourceDestCheck"] is True
    with refused("OperationNotPermitted", "cannot be detached"):
        here.ec2.detach_network_interface(AttachmentId=attachment["AttachmentId"])
    with refused("InvalidParameterValue", "currently in use"):
        here.ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
    with refused("DependencyViolation"):
        here.ec2.delete_security_group(GroupId=group)
    other = here.group(vpc, "other")
    here.ec2.modify_instance_attribute(InstanceId=made["InstanceId"], Groups=[other])
    assert [one["GroupId"] for one in here.interfaces(vpc_id=vpc)[0]["Groups"]] == [other]
    here.ec2.terminate_instances(InstanceIds=[made["InstanceId"]])
    assert here.interfaces(vpc_id=vpc) == []
    [gone] = here.ec2.describe_instances(InstanceIds=[made["InstanceId"]])["Reservations"][0]["Instances"]
    assert gone["State"]["Name"] == "terminated"


def test_instance_can_use_an_interface_that_was_made_before(here: World) -> None:
    """With its address, its groups and its check, and it stays when the instance goes."""
    vpc = here.vpc()
    subnet = here.subnet(vpc)
    mine = here.ec2.create_network_interface(SubnetId=subnet, Groups=[here.group(vpc)])["NetworkInterface"]
    identifier = mine["NetworkInterfaceId"]
    here.ec2.modify_network_interface_attribute(NetworkInterfaceId=identifier, SourceDestCheck={"Value": False})
    made = launched(here, NetworkInterfaces=[{"DeviceIndex": 0, "NetworkInterfaceId": identifier}])
    assert (made["PrivateIpAddress"], made["SourceDestCheck"]) == (mine["PrivateIpAddress"], False)
    assert made["SubnetId"] == subnet
    with refused("InvalidNetworkInterface.InUse"):
        launched(here, NetworkInterfaces=[{"DeviceIndex": 0, "NetworkInterfaceId": identifier}])
    here.ec2.terminate_instances(InstanceIds=[made["InstanceId"]])
    [left] = here.interfaces(vpc_id=vpc)
    assert left["Status"] == "available"


@pytest.mark.parametrize(
    ("more", "code", "text"),
    [
        ({"ImageId": "ami-0abcdef1234567890"}, "UnsupportedOperation", "NAT instances"),
        ({"UserData": "#!/bin/sh"}, "UnsupportedOperation", "user data"),
        ({"KeyName": "mine"}, "UnsupportedOperation", "logging in"),
        ({"MaxCount": 2}, "UnsupportedOperation", "several instances"),
        ({"IamInstanceProfile": {"Name": "p"}}, "UnsupportedOperation", "roles of instances"),
        ({"InstanceMarketOptions": {"MarketType": "spot"}}, "UnsupportedOperation", "Spot"),
        ({"InstanceType": "t3.nano"}, "InvalidParameterValue", "architecture"),
        ({"SecurityGroupIds": ["sg-00000000"]}, "InvalidGroup.NotFound", "sg-00000000"),
        ({"SubnetId": "subnet-0"}, "InvalidSubnetID.NotFound", "subnet-0"),
    ],
)
def test_instance_cannot_be_anything_else(here: World, more: dict[str, Any], code: str, text: str) -> None:
    """What is not a NAT instance is refused, and nothing of it is left."""
    vpc = here.vpc()
    with refused(code, text):
        launched(here, **({"SubnetId": here.subnet(vpc)} | more))
    assert here.interfaces(vpc_id=vpc) == []
    assert here.ec2.describe_instances()["Reservations"] == []


def test_instance_can_be_launched_into_the_default_vpc(here: World) -> None:
    """Without a subnet it is in a default one, which gives public addresses."""
    made = launched(here)
    [subnet] = here.ec2.describe_subnets(SubnetIds=[made["SubnetId"]])["Subnets"]
    assert subnet["DefaultForAz"]
    assert eventually(lambda: made["PublicIpAddress"], 1, "a public address").startswith("203.0.113.")
