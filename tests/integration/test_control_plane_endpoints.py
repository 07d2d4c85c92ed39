"""EC2's VPC endpoints: their interfaces, names, routes and policies."""

# ruff: noqa: ANN401 - boto3 has no type information

import json
from typing import Any

from tests.integration.control_plane_world import REGION, World, policy, refused


def interface_endpoint(here: World, vpc: str, subnets: list[str], **more: Any) -> Any:
    return here.ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{REGION}.{more.pop('service', 'sts')}",
        VpcEndpointType="Interface",
        SubnetIds=subnets,
        **more,
    )["VpcEndpoint"]


def endpoint_with_policy(here: World, vpc: str, service: str, statement: dict[str, Any]) -> Any:
    return here.ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{REGION}.{service}",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )["VpcEndpoint"]


def test_interface_endpoint_can_follow_its_changes(here: World) -> None:
    """One interface per subnet with the endpoint's groups (the VPC's default one when none is named)."""
    vpc = here.vpc()
    here.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    one, two = here.subnet(vpc), here.subnet(vpc, "10.0.1.0/24", "b")
    made = interface_endpoint(here, vpc, [one])
    identifier = made["VpcEndpointId"]
    names = [entry["DnsName"] for entry in made["DnsEntries"]]
    stem = names[0].split(".")[0]
    assert stem.startswith(f"{identifier}-")
    assert len(stem) == len(identifier) + 9
    assert names == [
        f"{stem}.sts.{REGION}.vpce.amazonaws.com",
        f"{stem}-{REGION}a.sts.{REGION}.vpce.amazonaws.com",
        f"sts.{REGION}.amazonaws.com",
    ]
    [interface] = here.interfaces(interface_type="vpc_endpoint")
    assert [group["GroupName"] for group in interface["Groups"]] == ["default"]
    group = here.group(vpc)
    here.ec2.modify_vpc_endpoint(
        VpcEndpointId=identifier,
        AddSubnetIds=[two],
        AddSecurityGroupIds=[group],
        RemoveSecurityGroupIds=[interface["Groups"][0]["GroupId"]],
        PrivateDnsEnabled=False,
    )
    found = here.interfaces(interface_type="vpc_endpoint")
    assert {one_["SubnetId"] for one_ in found} == {one, two}
    assert {tuple(group_["GroupId"] for group_ in one_["Groups"]) for one_ in found} == {(group,)}
    here.ec2.modify_vpc_endpoint(VpcEndpointId=identifier, RemoveSubnetIds=[one])
    assert {one_["SubnetId"] for one_ in here.interfaces(interface_type="vpc_endpoint")} == {two}
    [described] = here.ec2.describe_vpc_endpoints(VpcEndpointIds=[identifier])["VpcEndpoints"]
    assert described["SubnetIds"] == [two]
    assert described["PrivateDnsEnabled"] is False
    assert f"sts.{REGION}.amazonaws.com" not in [entry["DnsName"] for entry in described["DnsEntries"]]
    here.ec2.delete_vpc_endpoints(VpcEndpointIds=[identifier])
    assert here.interfaces(interface_type="vpc_endpoint") == []
    with refused("InvalidVpcEndpointId.NotFound"):
        here.ec2.describe_vpc_endpoints(VpcEndpointIds=[identifier])


def test_private_dns_cannot_be_enabled_where_dns_is_off(here: World) -> None:
    """A new VPC has no DNS host names (R24)."""
    vpc = here.vpc()
    subnet = here.subnet(vpc)
    text = (
        "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true "
        f"for {vpc}"
    )
    with refused("InvalidParameter", text):
        interface_endpoint(here, vpc, [subnet], PrivateDnsEnabled=True)
    made = interface_endpoint(here, vpc, [subnet], PrivateDnsEnabled=False)
    with refused("InvalidParameter", text):
        here.ec2.modify_vpc_endpoint(VpcEndpointId=made["VpcEndpointId"], PrivateDnsEnabled=True)
    assert len(here.interfaces(interface_type="vpc_endpoint")) == 1


def test_interface_endpoint_cannot_be_made_of_what_does_not_fit(here: World) -> None:
    """Unknown services, foreign groups, two subnets of one zone, two private DNS names of one service."""
    vpc, other = here.vpc(), here.vpc("10.1.0.0/16")
    here.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    one, same_zone = here.subnet(vpc), here.subnet(vpc, "10.0.1.0/24")
    with refused("InvalidServiceName"):
        interface_endpoint(here, vpc, [one], service="nosuch")
    with refused("InvalidSecurityGroupId.NotFound"):
        interface_endpoint(here, vpc, [one], SecurityGroupIds=[here.group(other)])
    with refused("DuplicateSubnetsInSameZone"):
        interface_endpoint(here, vpc, [one, same_zone])
    interface_endpoint(here, vpc, [one])
    with refused("InvalidParameter", "conflicting DNS domain"):
        interface_endpoint(here, vpc, [one])
    assert len(here.plane.network().vpc_endpoints) == 1
    assert len(here.interfaces(interface_type="vpc_endpoint")) == 1


def test_gateway_endpoint_can_move_its_routes(here: World) -> None:
    """It puts a route for the prefix list into each of its tables, and takes it away again."""
    vpc = here.vpc()
    one, two = here.table(vpc), here.table(vpc)
    made = here.ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3", RouteTableIds=[one])[
        "VpcEndpoint"
    ]["VpcEndpointId"]

    def tables_with_route() -> list[str]:
        found = here.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
        return [
            table["RouteTableId"]
            for table in found
            if any("DestinationPrefixListId" in route and route["GatewayId"] == made for route in table["Routes"])
        ]

    assert tables_with_route() == [one]
    here.ec2.modify_vpc_endpoint(VpcEndpointId=made, AddRouteTableIds=[two], RemoveRouteTableIds=[one])
    assert tables_with_route() == [two]
    [listed] = {route.prefix_list_id for table in here.plane.network().route_tables for route in table.routes} - {
        None
    }
    with refused("InvalidParameterValue", "cannot remove VPC endpoint route"):
        here.ec2.delete_route(RouteTableId=two, DestinationPrefixListId=listed)
    with refused("InvalidParameter"):
        here.ec2.modify_vpc_endpoint(VpcEndpointId=made, AddSubnetIds=[here.subnet(vpc)])
    here.ec2.delete_vpc_endpoints(VpcEndpointIds=[made])
    assert tables_with_route() == []


def test_endpoint_policy_cannot_be_recorded_without_effect(here: World) -> None:
    """What would depend on what is not modelled is refused, at creation and later, and so is what is no policy."""
    vpc = here.vpc()
    some = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"}
    made = endpoint_with_policy(here, vpc, "s3", some)["VpcEndpointId"]
    refusals: dict[str, tuple[str, dict[str, Any]]] = {
        'only the Principal "\\*" is modelled': (
            "UnsupportedOperation",
            {**some, "Principal": {"AWS": "arn:aws:iam::123456789012:root"}},
        ),
        "": ("InvalidPolicyDocument", {key: value for key, value in some.items() if key != "Resource"}),
    }
    for text, (code, statement) in refusals.items():
        with refused(code, text):
            endpoint_with_policy(here, vpc, "s3", statement)
        with refused(code, text):
            here.ec2.modify_vpc_endpoint(VpcEndpointId=made, PolicyDocument=policy(statement))
    with refused("InvalidPolicyDocument"):
        here.ec2.modify_vpc_endpoint(VpcEndpointId=made, PolicyDocument="no policy")
    assert len(here.plane.network().vpc_endpoints) == 1


def test_endpoint_cannot_be_of_a_type_that_does_not_fit(here: World) -> None:
    """The type decides what goes with it, when it is made and later; unknown services do not exist."""
    vpc = here.vpc()
    subnet, group = here.subnet(vpc), here.group(vpc)
    create, types = here.ec2.create_vpc_endpoint, "does not match available service types"

    def named(service: str, kind: str = "Gateway") -> dict[str, str]:
        return {"VpcId": vpc, "ServiceName": f"com.amazonaws.{REGION}.{service}", "VpcEndpointType": kind}

    with refused("InvalidServiceName", "'com.amazonaws.us-east-1.nosuch' does not exist$"):
        create(**named("nosuch", "Interface"))
    for wanted in (named("ssm"), {**named("ssm"), "VpcEndpointType": "Gateway"}):
        with refused("InvalidParameter", r"Endpoint type \(Gateway\) " + types + r" \(\[Interface\]\)"):
            create(**wanted)
    for kind in ("GatewayLoadBalancer", "Resource", "ServiceNetwork"):
        with refused("UnsupportedOperation", kind):
            create(VpcId=vpc, VpcEndpointType=kind)
    with refused("MissingParameter", "ServiceName"):
        create(VpcId=vpc, VpcEndpointType="Interface")
    [table] = here.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    with refused("InvalidParameter", "Route table IDs are only supported for Gateway type VPC Endpoint"):
        create(**named("ssm", "Interface"), RouteTableIds=[table["RouteTableId"]])
    made = create(**named("s3"))["VpcEndpoint"]
    change = {"VpcEndpointId": made["VpcEndpointId"]}
    for of_interfaces, later in (
        ({"SubnetIds": [subnet]}, {"AddSubnetIds": [subnet]}),
        ({"SecurityGroupIds": [group]}, {"AddSecurityGroupIds": [group]}),
        ({"PrivateDnsEnabled": True}, {"PrivateDnsEnabled": True}),
    ):
        with refused("InvalidParameter", "only supported for Interface"):
            create(**named("dynamodb"), **of_interfaces)
        with refused("InvalidParameter", "only supported for Interface"):
            here.ec2.modify_vpc_endpoint(**change, **later)
    assert len(here.plane.network().vpc_endpoints) == 1


def test_reset_policy_can_be_read(here: World) -> None:
    """An endpoint always has a policy: at first, and after a reset, the one that allows everything."""
    vpc = here.vpc()
    made = endpoint_with_policy(
        here, vpc, "s3", {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}
    )
    here.ec2.modify_vpc_endpoint(VpcEndpointId=made["VpcEndpointId"], ResetPolicy=True)
    [found] = here.ec2.describe_vpc_endpoints()["VpcEndpoints"]
    [statement] = json.loads(found["PolicyDocument"])["Statement"]
    assert (statement["Effect"], found["DnsOptions"]) == ("Allow", {"DnsRecordIpType": "ipv4"})
    assert here.ec2.describe_vpc_endpoint_connections()["VpcEndpointConnections"] == []
    assert here.ec2.describe_vpc_endpoint_associations()["VpcEndpointAssociations"] == []


def test_endpoint_cannot_be_made_in_some_of_its_subnets(here: World) -> None:
    """When one of them is full, none gets an interface: when the endpoint is made, and when it grows."""
    vpc = here.vpc()
    roomy, full = here.subnet(vpc), here.subnet(vpc, "10.0.1.0/28", "b")
    for _ in range(11):
        here.ec2.create_network_interface(SubnetId=full)
    made = interface_endpoint(here, vpc, [], PrivateDnsEnabled=False)
    with refused("InsufficientFreeAddressesInSubnet"):
        interface_endpoint(here, vpc, [roomy, full], PrivateDnsEnabled=False)
    with refused("InsufficientFreeAddressesInSubnet"):
        here.ec2.modify_vpc_endpoint(VpcEndpointId=made["VpcEndpointId"], AddSubnetIds=[roomy, full])
    assert here.interfaces(interface_type="vpc_endpoint") == []
    [left] = here.ec2.describe_vpc_endpoints()["VpcEndpoints"]
    assert (left["SubnetIds"], left["NetworkInterfaceIds"]) == ([], [])


def test_gateway_endpoint_can_forget_a_deleted_table(here: World) -> None:
    """A route table may go with the endpoint's route in it; the endpoint then has the others."""
    vpc = here.vpc()
    one, two = (here.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(2))
    here.ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3", RouteTableIds=[one, two])
    here.ec2.delete_route_table(RouteTableId=one)
    [left] = here.ec2.describe_vpc_endpoints()["VpcEndpoints"]
    assert left["RouteTableIds"] == [two]


def test_services_that_have_endpoints_can_be_filtered(here: World) -> None:
    """DescribeVpcEndpointServices: each documented filter, with wildcards; S3 has endpoints of both types."""

    def found(**filters: str) -> set[tuple[str, str]]:
        given = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
        details = here.ec2.describe_vpc_endpoint_services(Filters=given)["ServiceDetails"]
        return {(one["ServiceName"], kind["ServiceType"]) for one in details for kind in one["ServiceType"]}

    s3, dynamodb = f"com.amazonaws.{REGION}.s3", f"com.amazonaws.{REGION}.dynamodb"
    assert {name for name, _ in found(service_type="Gateway")} == {s3, dynamodb}
    assert {kind for _, kind in found(service_name=s3)} == {"Gateway", "Interface"}
    assert {(s3, "Gateway"), (dynamodb, "Gateway")} <= found(owner="ama*", service_region=REGION)
    assert found(supported_ip_address_types="ipv6") == found(owner="somebody") == found(tag_key="any") == set()
    with refused("InvalidParameterValue", "The filter 'colour' is invalid"):
        found(colour="red")
