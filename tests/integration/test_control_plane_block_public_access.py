"""VPC Block Public Access as the API tells it (EC2 API, ModifyVpcBlockPublicAccessOptions and its relatives)."""

from tests.integration.control_plane_world import ACCOUNT, REGION, World, refused

FULL, EGRESS = "allow-bidirectional", "allow-egress"


def test_block_public_access_can_be_described_and_changed(here: World) -> None:
    """Off at first; in progress in the answer, complete when asked again; the other Region is not concerned."""
    ec2 = here.ec2
    assert ec2.describe_vpc_block_public_access_options()["VpcBlockPublicAccessOptions"] == {
        "AwsAccountId": ACCOUNT,
        "AwsRegion": REGION,
        "State": "default-state",
        "InternetGatewayBlockMode": "off",
        "ManagedBy": "account",
        "ExclusionsAllowed": "allowed",
    }
    changed = ec2.modify_vpc_block_public_access_options(InternetGatewayBlockMode="block-ingress")
    assert changed["VpcBlockPublicAccessOptions"]["State"] == "update-in-progress"
    after = ec2.describe_vpc_block_public_access_options()["VpcBlockPublicAccessOptions"]
    assert (after["State"], after["InternetGatewayBlockMode"]) == ("update-complete", "block-ingress")
    other = here.client("ec2", "eu-west-1").describe_vpc_block_public_access_options()
    assert other["VpcBlockPublicAccessOptions"]["InternetGatewayBlockMode"] == "off"
    assert [(one.owner_id, one.region) for one in here.plane.network().block_public_access] == [(ACCOUNT, REGION)]


def test_exclusion_can_be_made_changed_and_deleted(here: World) -> None:
    """One for a VPC or a subnet that exists, with its tags; it goes with its resource."""
    ec2, vpc = here.ec2, here.vpc()
    subnet = here.subnet(vpc)
    made = ec2.create_vpc_block_public_access_exclusion(
        SubnetId=subnet,
        InternetGatewayExclusionMode=EGRESS,
        TagSpecifications=[
            {"ResourceType": "vpc-block-public-access-exclusion", "Tags": [{"Key": "k", "Value": "v"}]}
        ],
    )["VpcBlockPublicAccessExclusion"]
    assert made["ExclusionId"].startswith("vpcbpa-exclude-")
    assert made["ResourceArn"] == f"arn:aws:ec2:{REGION}:{ACCOUNT}:subnet/{subnet}"
    assert (made["State"], made["Tags"]) == ("create-in-progress", [{"Key": "k", "Value": "v"}])
    ec2.create_vpc_block_public_access_exclusion(VpcId=vpc, InternetGatewayExclusionMode=FULL)
    identifier = made["ExclusionId"]
    ec2.modify_vpc_block_public_access_exclusion(ExclusionId=identifier, InternetGatewayExclusionMode=FULL)
    found = ec2.describe_vpc_block_public_access_exclusions(ExclusionIds=[identifier])
    [changed] = found["VpcBlockPublicAccessExclusions"]
    assert (changed["State"], changed["InternetGatewayExclusionMode"]) == ("update-complete", FULL)
    filters = [{"Name": "resource-arn", "Values": [made["ResourceArn"]]}]
    assert len(ec2.describe_vpc_block_public_access_exclusions(Filters=filters)["VpcBlockPublicAccessExclusions"])
    with refused("InvalidParameterValue", "has an exclusion already"):
        ec2.create_vpc_block_public_access_exclusion(SubnetId=subnet, InternetGatewayExclusionMode=FULL)
    with refused("InvalidParameterCombination"):
        ec2.create_vpc_block_public_access_exclusion(InternetGatewayExclusionMode=FULL)
    with refused("InvalidParameterValue", "allow-everything"):
        ec2.modify_vpc_block_public_access_exclusion(
            ExclusionId=identifier, InternetGatewayExclusionMode="allow-everything"
        )
    ec2.delete_subnet(SubnetId=subnet)
    with refused("InvalidVpcBlockPublicAccessExclusionId.NotFound", identifier):
        ec2.delete_vpc_block_public_access_exclusion(ExclusionId=identifier)
    [of_vpc] = ec2.describe_vpc_block_public_access_exclusions()["VpcBlockPublicAccessExclusions"]
    ec2.delete_vpc_block_public_access_exclusion(ExclusionId=of_vpc["ExclusionId"])
    assert ec2.describe_vpc_block_public_access_exclusions()["VpcBlockPublicAccessExclusions"] == []
