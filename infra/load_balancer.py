"""An internal load balancer in private subnets, beside the database."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.security_groups import TARGETS

ANSWER = "answered by the load balancer"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancerArgs:
    """``subnet_ids``: private subnets in two zones or more, of ``vpc``, which a load balancer cannot leave."""

    prefix: str
    vpc: pulumi.Resource
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]


class LoadBalancer(pulumi.ComponentResource):
    """An internal application load balancer that answers HTTP by itself.

    The name of an internal load balancer is public, and resolves to private addresses of its nodes, one per zone
    (Elastic Load Balancing user guide, "Load balancer scheme"). A fixed response needs no targets: what is tried
    is the way to the load balancer.
    """

    host: pulumi.Output[str]
    port: pulumi.Output[int]
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("vpclab:loadbalancer:LoadBalancer", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self, replace_with=[args.vpc])
        tags = {"Name": f"{args.prefix}-{name}"}
        balancer = aws.lb.LoadBalancer(
            name,
            internal=True,
            load_balancer_type="application",
            subnets=list(args.subnet_ids),
            security_groups=[args.security_group_id],
            tags=tags,
            opts=child,
        )
        listener = aws.lb.Listener(
            name,
            load_balancer_arn=balancer.arn,
            port=TARGETS[name].port,
            protocol="HTTP",
            default_actions=[
                aws.lb.ListenerDefaultActionArgs(
                    type="fixed-response",
                    fixed_response=aws.lb.ListenerDefaultActionFixedResponseArgs(
                        content_type="text/plain", message_body=ANSWER, status_code="200"
                    ),
                )
            ],
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.host, self.arn = balancer.dns_name, balancer.arn
        # The listener's: whoever has the port knows that something listens there.
        self.port = listener.port.apply(lambda port: port or TARGETS[name].port)
        self.register_outputs({"host": self.host, "port": self.port, "arn": self.arn})
