"""What moto cannot read of security groups: those that a VPC may use, and what would be left over from peering.

AWS: EC2 API, GetSecurityGroupsForVpc (filters and pages: ``listings``), DescribeStaleSecurityGroups and
DescribeSecurityGroupReferences, both of which tell of peering connections, of which there are none here.
"""

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response

from vpclab.localcloud.control_plane.corrections import Corrections, Moto


def correct(corrections: Corrections) -> None:
    """Answer the operations."""
    corrections.replace(EC2Response, "get_security_groups_for_vpc", _for_vpc)
    corrections.replace(EC2Response, "describe_stale_security_groups", _stale)
    corrections.replace(EC2Response, "describe_security_group_references", _references)


def _for_vpc(self: Moto) -> Moto:
    vpc = self.ec2_backend.get_vpc(self._get_param("VpcId"))
    found = [
        {
            "GroupId": group.id,
            "GroupName": group.name,
            "Description": group.description,
            "OwnerId": group.owner_id,
            "PrimaryVpcId": vpc.id,
            "Tags": group.get_tags(),
        }
        for group in self.ec2_backend.groups.get(vpc.id, {}).values()
    ]
    return ActionResult({"SecurityGroupForVpcs": found})


def _stale(self: Moto) -> Moto:
    self.ec2_backend.get_vpc(self._get_param("VpcId"))
    return ActionResult({"StaleSecurityGroupSet": []})


def _references(self: Moto) -> Moto:
    for identifier in self._get_param("GroupId", []):
        if self.ec2_backend.get_security_group_from_id(identifier) is None:
            raise EC2ClientError("InvalidGroup.NotFound", f"The security group '{identifier}' does not exist")
    return ActionResult({"SecurityGroupReferenceSet": []})
