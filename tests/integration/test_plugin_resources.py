"""Single resources, driven by the real engine with the stand-in plugin."""

import json
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.deadline import eventually
from tests.integration.plugin_world import Stack, api, new_stack

HEAD = "import json\nimport pulumi\nimport pulumi_aws as aws\n"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with api() as endpoint:
        yield endpoint


@pytest.fixture
def stack(endpoint: str, tmp_path: Path) -> Iterator[Stack]:
    stack = new_stack(endpoint, tmp_path, "trial", "")
    yield stack
    if [one for one in stack.state() if one["type"].startswith("aws:")]:
        stack.must("destroy", "--yes", "--skip-preview")


def deploy(stack: Stack, program: str) -> None:
    stack.write(HEAD + program)
    stack.must("up", "--yes", "--skip-preview")


def refused(stack: Stack, program: str) -> str:
    stack.write(HEAD + program)
    done = stack.up()
    assert done.code != 0, done.text
    return done.text


def test_unknown_type_or_input_cannot_be_deployed(stack: Stack) -> None:
    """What is not modelled is refused by name, without a traceback, and the remedy is told."""
    told = refused(stack, 'aws.sns.Topic("topic")')
    assert "the stand-in does not model the resource type aws:sns/topic:Topic" in told
    assert "deploy with the official plugin" in told
    assert "Traceback" not in told
    told = refused(stack, 'aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", ipv6_ipam_pool_id="p")')
    assert "the stand-in does not model the input ipv6IpamPoolId of aws:ec2/vpc:Vpc" in told
    told = refused(stack, 'aws.ec2.get_vpc(id="vpc-1")')
    assert "the stand-in does not model the function aws:ec2/getVpc:getVpc" in told


def test_endpoint_outside_loopback_cannot_be_used(stack: Stack) -> None:
    """Whether the environment or the program names it, nothing is sent there."""
    stack.write(HEAD + 'aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16")')
    done = stack.up(AWS_ENDPOINT_URL="http://192.0.2.1:4566")
    assert done.code != 0
    assert "the endpoint http://192.0.2.1:4566 is not on loopback" in done.text
    told = refused(
        stack,
        'aws.Provider("p", region="us-east-1", endpoints=[aws.ProviderEndpointArgs(ec2="https://example.com")])',
    )
    assert "the endpoint https://example.com is not on loopback" in told


def test_refusal_by_aws_can_be_read(stack: Stack) -> None:
    """The error says what was done, and has AWS's code and words."""
    told = refused(stack, 'aws.ec2.Subnet("s", vpc_id="vpc-00000000", cidr_block="10.0.0.0/24")')
    assert "creating EC2 Subnet: CreateSubnet answered InvalidVpcID.NotFound" in told
    assert "Traceback" not in told


def test_failed_nat_gateway_can_be_told_and_is_not_left(stack: Stack) -> None:
    """A public NAT gateway in a VPC without internet gateway fails; AWS's message is shown, and nothing stays."""
    told = refused(
        stack,
        'vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16")\n'
        'subnet = aws.ec2.Subnet("s", vpc_id=vpc.id, cidr_block="10.0.0.0/24")\n'
        'address = aws.ec2.Eip("a", domain="vpc")\n'
        'aws.ec2.NatGateway("nat", subnet_id=subnet.id, allocation_id=address.id)\n',
    )
    assert "has no internet gateway attached" in told
    assert not [one for one in stack.state() if one["type"].endswith("NatGateway")]
    gateways = stack.aws("ec2").describe_nat_gateways()["NatGateways"]
    assert {one["State"] for one in gateways} <= {"failed", "deleting", "deleted"}


VPC_AND_GROUP = """
vpc = aws.ec2.Vpc("vpc", cidr_block="10.9.0.0/16", enable_dns_hostnames=True, tags={"Name": "nine"})
group = aws.ec2.SecurityGroup("group", vpc_id=vpc.id, description="first")
pulumi.export("vpc", vpc.id)
pulumi.export("group", group.id)
"""


def test_resource_can_be_imported(endpoint: str, stack: Stack, tmp_path: Path) -> None:
    """What was made elsewhere becomes the program's by its id, if the inputs say the same."""
    ec2 = stack.aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    role = "imported-role"
    statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    stack.aws("iam").create_role(RoleName=role, AssumeRolePolicyDocument=trust)
    text = (
        f'aws.ec2.Vpc("vpc", cidr_block="CIDR", opts=pulumi.ResourceOptions(import_="{vpc}"))\n'
        f"aws.iam.Role('role', name='{role}', assume_role_policy='''{trust}''',\n"
        f"    opts=pulumi.ResourceOptions(import_='{role}'))\n"
    )
    assert "cidrBlock: {10.7.0.0/16} => {10.8.0.0/16}" in refused(stack, text.replace("CIDR", "10.8.0.0/16"))
    deploy(stack, text.replace("CIDR", "10.7.0.0/16"))
    assert stack.resource("aws:ec2/vpc:Vpc", "vpc")["id"] == vpc
    stack.write(HEAD + text.replace("CIDR", "10.7.0.0/16"))
    stack.must("preview", "--expect-no-changes")
    other = new_stack(endpoint, tmp_path / "other", "trial", "")
    other.write(
        HEAD
        + 'aws.ec2.Vpc("vpc", cidr_block="10.7.0.0/16", opts=pulumi.ResourceOptions(import_="vpc-0123456789"))'
    )
    assert "does not exist" in other.up().text


def test_resource_can_be_imported_by_the_command_line(stack: Stack) -> None:
    """`pulumi import` reads a resource into the state."""
    vpc = stack.aws("ec2").create_vpc(CidrBlock="10.6.0.0/16")["Vpc"]["VpcId"]
    stack.must("import", "aws:ec2/vpc:Vpc", "six", vpc, "--yes", "--generate-code=false", "--protect=false")
    found = stack.resource("aws:ec2/vpc:Vpc", "six")
    assert found["id"] == vpc
    assert found["inputs"]["cidrBlock"] == "10.6.0.0/16"


def test_description_can_be_changed_by_replacing_the_group(stack: Stack) -> None:
    """A group's description is fixed: the group is a new one, and its VPC is left alone."""
    deploy(stack, VPC_AND_GROUP)
    before = stack.outputs()
    deploy(stack, VPC_AND_GROUP.replace("first", "second"))
    after = stack.outputs()
    assert before["vpc"] == after["vpc"]
    assert before["group"] != after["group"]


def test_group_with_a_chosen_name_can_be_replaced(stack: Stack) -> None:
    """Two groups of one VPC cannot have one name, so the old one is deleted first."""
    named = VPC_AND_GROUP.replace('"group", vpc_id', '"group", name="chosen", vpc_id')
    deploy(stack, named)
    before = stack.outputs()["group"]
    deploy(stack, named.replace("first", "second"))
    assert stack.outputs()["group"] != before


def test_tags_can_change_in_place(stack: Stack) -> None:
    """Default tags are on every resource; the resource's own come before them; both change in place."""
    program = (
        'tags = aws.ProviderDefaultTagsArgs(tags={"a": "DEFAULT"})\n'
        'p = aws.Provider("p", region="us-east-1", default_tags=tags)\n'
        'vpc = aws.ec2.Vpc("vpc", cidr_block="10.9.0.0/16", tags={"b": "own"},\n'
        "    opts=pulumi.ResourceOptions(provider=p))\n"
        'pulumi.export("vpc", vpc.id)\n'
    )
    deploy(stack, program.replace("DEFAULT", "one"))
    state = stack.resource("aws:ec2/vpc:Vpc", "vpc")["outputs"]
    assert state["tags"] == {"b": "own"}
    assert state["tagsAll"] == {"a": "one", "b": "own"}
    vpc = stack.outputs()["vpc"]
    stack.write(HEAD + program.replace("DEFAULT", "two"))
    assert stack.changes().updated == {"Vpc vpc"}
    deploy(stack, program.replace("DEFAULT", "two").replace('tags={"b": "own"},', ""))
    assert stack.outputs()["vpc"] == vpc
    (described,) = stack.aws("ec2").describe_vpcs(VpcIds=[vpc])["Vpcs"]
    assert described["Tags"] == [{"Key": "a", "Value": "two"}]
    stack.must("refresh", "--yes", "--skip-preview", "--expect-no-changes")


SECRET = "correct-horse-battery"
SECRETS = f"""
trust = {{"Version": "2012-10-17", "Statement": [
    {{"Effect": "Allow", "Principal": {{"Service": "lambda.amazonaws.com"}}, "Action": "sts:AssumeRole"}}]}}
role = aws.iam.Role("role", assume_role_policy=json.dumps(trust))
function = aws.lambda_.Function(
    "function", role=role.arn, runtime="python3.13", handler="index.handler",
    code=pulumi.AssetArchive({{"index.py": pulumi.StringAsset("def handler(e, c): return TEXT")}}),
    environment=aws.lambda_.FunctionEnvironmentArgs(
        variables={{"TOKEN": pulumi.Output.secret("{SECRET}"), "PLAIN": "readable"}}))
database = aws.rds.Instance(
    "database", engine="postgres", instance_class="db.t4g.micro", allocated_storage=20, username="chief",
    password="{SECRET}", skip_final_snapshot=True)
pulumi.export("function", function.name)
"""


def test_secret_can_stay_secret_in_the_state(stack: Stack) -> None:
    """A password is encrypted in the state, and so is a value that the program marked, wherever it comes back."""
    deploy(stack, SECRETS.replace("TEXT", "1"))
    written = stack.written()
    assert SECRET not in written
    assert "readable" in written
    name = stack.outputs()["function"]
    variables = stack.aws("lambda").get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    assert variables == {"TOKEN": SECRET, "PLAIN": "readable"}
    stack.must("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    stack.must("preview", "--expect-no-changes")
    assert SECRET not in stack.written()
    # New code is an update in place, which brings the secrets along.
    hashes = {stack.resource("aws:lambda/function:Function", "function")["outputs"]["sourceCodeHash"]}
    deploy(stack, SECRETS.replace("TEXT", "2"))
    hashes.add(stack.resource("aws:lambda/function:Function", "function")["outputs"]["sourceCodeHash"])
    assert len(hashes) == 2
    assert stack.outputs()["function"] == name
    assert SECRET not in stack.written()


RULES = """
vpc = aws.ec2.Vpc("vpc", cidr_block="10.9.0.0/16")
group = aws.ec2.SecurityGroup("group", vpc_id=vpc.id, ingress=[
    aws.ec2.SecurityGroupIngressArgs(protocol="tcp", from_port=PORT, to_port=PORT, cidr_blocks=["10.0.0.0/8"],
                                     description="inside"),
    aws.ec2.SecurityGroupIngressArgs(protocol="tcp", from_port=22, to_port=22, self=True)])
table = aws.ec2.RouteTable("table", vpc_id=vpc.id)
other = aws.ec2.RouteTable("other", vpc_id=vpc.id)
subnet = aws.ec2.Subnet("subnet", vpc_id=vpc.id, cidr_block="10.9.0.0/24", map_public_ip_on_launch=PUBLIC)
association = aws.ec2.RouteTableAssociation("association", subnet_id=subnet.id, route_table_id=TABLE.id)
gateway = aws.ec2.InternetGateway("gateway", vpc_id=vpc.id)
route = aws.ec2.Route("route", route_table_id=table.id, destination_cidr_block="0.0.0.0/0", gateway_id=gateway.id)
for name in ("group", "subnet", "table", "other"):
    pulumi.export(name, globals()[name].id)
"""


def test_change_can_be_made_in_place(stack: Stack) -> None:
    """Inline rules, a subnet's attribute and the table of an association change without a new resource."""

    def program(**words: str) -> str:
        text = RULES
        for word, value in words.items():
            text = text.replace(word, value)
        return text

    deploy(stack, program(PORT="80", PUBLIC="False", TABLE="table"))
    stack.must("preview", "--expect-no-changes")
    stack.must("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    before = stack.outputs()
    stack.write(HEAD + program(PORT="8080", PUBLIC="True", TABLE="other"))
    changes = stack.changes()
    assert changes.updated == {"SecurityGroup group", "Subnet subnet", "RouteTableAssociation association"}
    assert not changes.replaced
    stack.must("up", "--yes", "--skip-preview")
    assert stack.outputs() == before
    ec2 = stack.aws("ec2")
    (group,) = ec2.describe_security_groups(GroupIds=[before["group"]])["SecurityGroups"]
    assert {one["FromPort"] for one in group["IpPermissions"]} == {8080, 22}
    assert group["IpPermissionsEgress"] == []
    (subnet,) = ec2.describe_subnets(SubnetIds=[before["subnet"]])["Subnets"]
    assert subnet["MapPublicIpOnLaunch"] is True
    (other,) = ec2.describe_route_tables(RouteTableIds=[before["other"]])["RouteTables"]
    assert [one["SubnetId"] for one in other["Associations"]] == [before["subnet"]]
    stack.must("preview", "--expect-no-changes")
    stack.must("refresh", "--yes", "--skip-preview", "--expect-no-changes")


def test_rule_that_was_made_again_by_hand_cannot_be_created(stack: Stack) -> None:
    """Revoked and authorised again it has another id: the refusal says what to do, and then it can be created."""
    deploy(
        stack,
        """
vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16")
group = aws.ec2.SecurityGroup("group", description="group", vpc_id=vpc.id)
aws.vpc.SecurityGroupIngressRule(
    "rule", security_group_id=group.id, cidr_ipv4="10.0.0.0/8", ip_protocol="tcp", from_port=80, to_port=80
)
pulumi.export("group", group.id)
""",
    )
    ec2, group = stack.aws("ec2"), stack.outputs()["group"]
    (described,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    by_hand = {"GroupId": group, "IpPermissions": described["IpPermissions"]}
    ec2.revoke_security_group_ingress(**by_hand)
    ec2.authorize_security_group_ingress(**by_hand)
    refused = stack.run("up", "--yes", "--skip-preview", "--refresh")
    assert refused.code != 0
    assert f"{group} has this rule from somebody else" in " ".join(refused.text.split())
    ec2.revoke_security_group_ingress(**by_hand)
    stack.must("up", "--yes", "--skip-preview", "--refresh")


def test_resource_in_use_can_be_deleted_when_it_is_free(stack: Stack) -> None:
    """Deleting a group waits for whatever carries it, as it would for the interfaces of a deleted function."""
    deploy(stack, VPC_AND_GROUP)
    outputs, ec2 = stack.outputs(), stack.aws("ec2")
    subnet = ec2.create_subnet(VpcId=outputs["vpc"], CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    interface = ec2.create_network_interface(SubnetId=subnet, Groups=[outputs["group"]])["NetworkInterface"]
    stack.write(HEAD + VPC_AND_GROUP.split("group =", maxsplit=1)[0])
    with stack.start("up", "--yes", "--skip-preview") as deploying:
        output = deploying.stdout
        assert output is not None
        eventually(lambda: b"deleting" in output.readline(), 60, "the group is being deleted")
        assert deploying.poll() is None
        ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
        deploying.communicate(timeout=60)
    assert deploying.returncode == 0
    ec2.delete_subnet(SubnetId=subnet)


def test_killed_engine_cannot_leave_the_plugin_behind(stack: Stack) -> None:
    """The plugin ends by itself, in the middle of whatever it waits for."""
    deploy(stack, VPC_AND_GROUP)
    outputs, ec2 = stack.outputs(), stack.aws("ec2")
    subnet = ec2.create_subnet(VpcId=outputs["vpc"], CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    stack.write(HEAD)
    deploying = stack.start("up", "--yes", "--skip-preview")
    output = deploying.stdout
    assert output is not None
    with deploying:
        eventually(lambda: b"deleting" in output.readline(), 60, "the VPC is being deleted")
        children = psutil.Process(deploying.pid).children(recursive=True)
        assert any("aws_plugin" in " ".join(child.cmdline()) for child in children)
        deploying.kill()
    eventually(lambda: not [child for child in children if child.is_running()], 30, "the plugin is gone")
    ec2.delete_subnet(SubnetId=subnet)
    stack.must("cancel", "--yes")


def test_function_of_the_provider_can_be_called(stack: Stack) -> None:
    """Zones, Region, account and prefix lists, by the official names."""
    deploy(
        stack,
        'pulumi.export("zones", aws.get_availability_zones(state="available").names)\n'
        'pulumi.export("region", aws.get_region().region)\n'
        'pulumi.export("account", aws.get_caller_identity().account_id)\n'
        'pulumi.export("list", aws.ec2.get_prefix_list(name="com.amazonaws.us-east-1.s3").id)\n',
    )
    outputs = stack.outputs()
    assert outputs["zones"][:2] == ["us-east-1a", "us-east-1b"]
    assert outputs["region"] == "us-east-1"
    assert outputs["account"] == "123456789012"
    assert outputs["list"].startswith("pl-")
