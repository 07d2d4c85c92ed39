"""Application load balancers: HTTP in their subnets, answered or forwarded through their interfaces."""

from vpclab.localcloud.load_balancers.load_balancers import LoadBalancers

__all__ = ["LoadBalancers"]
