"""Security groups: one for each target in the VPC, and the one that a function in the VPC carries.

Rules are resources of their own, each with a description, as the EC2 API has them (VPC user guide, "Security
group rules"). EC2 gives every new group an egress rule for everything, which Pulumi takes away again.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.network import ANYWHERE

HTTPS = 443


@dataclass(frozen=True, slots=True)
class Target:
    """Something in the VPC that functions connect to: what it is, and the protocol and port that it speaks."""

    description: str
    protocol: str
    port: int


TARGETS: Mapping[str, Target] = {
    "database": Target("The PostgreSQL database", "PostgreSQL", 5432),
    "cache": Target("The Valkey cache", "Valkey", 6379),
    "load-balancer": Target("The internal load balancer", "HTTP", 80),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroupsArgs:
    """``targets``: names from :data:`TARGETS`.

    ``function_attached``: whether a function stands in the VPC, and so needs a group and may connect.
    """

    vpc_id: pulumi.Input[str]
    prefix: str
    targets: Collection[str]
    function_attached: bool


class SecurityGroups(pulumi.ComponentResource):
    """A group for each target, which admits the function's group on the target's port and nobody else.

    A rule that names a group means the private addresses of whatever carries it, so it stays right when subnets
    are added or interfaces change (VPC user guide, "Security group referencing"). Groups are stateful: neither
    side needs a rule for answers. The function's group has no inbound rule, for nothing can connect to a function.
    Its outbound rules are the same in every placement, so that what differs between the variants is the network.
    """

    target_ids: Mapping[str, pulumi.Output[str]]
    function_id: pulumi.Output[str] | None
    rules: list[pulumi.Resource]

    def __init__(self, name: str, args: SecurityGroupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("vpclab:network:SecurityGroups", name, {}, opts)
        self._args, self._child = args, pulumi.ResourceOptions(parent=self)
        self.target_ids = {one: self._group(one, TARGETS[one].description) for one in args.targets}
        self.function_id = None
        self.rules = []
        if args.function_attached:
            self.function_id = self._group("function", "The Lambda function")
            self.rules.append(
                aws.vpc.SecurityGroupEgressRule(
                    "function-https",
                    security_group_id=self.function_id,
                    description="HTTPS to AWS services and the internet, as far as the routes lead",
                    cidr_ipv4=ANYWHERE,
                    ip_protocol="tcp",
                    from_port=HTTPS,
                    to_port=HTTPS,
                    opts=self._child,
                )
            )
            for target, group_id in self.target_ids.items():
                self.rules += self._way(self.function_id, target, group_id)
        self.register_outputs({"target_ids": self.target_ids, "function_id": self.function_id})

    def _group(self, name: str, description: str) -> pulumi.Output[str]:
        group = aws.ec2.SecurityGroup(
            name,
            description=description,
            vpc_id=self._args.vpc_id,
            tags={"Name": f"{self._args.prefix}-{name}"},
            opts=self._child,
        )
        group_id: pulumi.Output[str] = group.id
        return group_id

    def _way(
        self, function_id: pulumi.Output[str], name: str, group_id: pulumi.Output[str]
    ) -> list[pulumi.Resource]:
        target = TARGETS[name]
        return [
            aws.vpc.SecurityGroupEgressRule(
                f"function-{target.protocol.lower()}",
                security_group_id=function_id,
                description=f"{target.protocol} to the {name.replace('-', ' ')}",
                referenced_security_group_id=group_id,
                ip_protocol="tcp",
                from_port=target.port,
                to_port=target.port,
                opts=self._child,
            ),
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-{target.protocol.lower()}",
                security_group_id=group_id,
                description=f"{target.protocol} from the function",
                referenced_security_group_id=function_id,
                ip_protocol="tcp",
                from_port=target.port,
                to_port=target.port,
                opts=self._child,
            ),
        ]
