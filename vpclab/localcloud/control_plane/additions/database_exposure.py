"""Whether an RDS instance is publicly accessible: an address of the internet on its interface.

moto keeps a flag. AWS (RDS API, CreateDBInstance, PubliclyAccessible; RDS guide, "Hiding a DB instance in a VPC
from the internet"): its name answers the public address outside its VPC and the private one inside; it needs an
internet gateway and both DNS attributes; who says nothing gets what the VPC allows.
"""

from moto.rds.exceptions import RDSClientError

from vpclab.localcloud.control_plane.additions import public_addresses
from vpclab.localcloud.control_plane.additions.flags import is_on
from vpclab.localcloud.control_plane.corrections import Moto


def wanted(network: Moto, vpc_id: str, asked: object) -> bool:
    """Whether an instance of that VPC will be publicly accessible; RDS's error where it cannot be."""
    vpc = network.get_vpc(vpc_id)
    attached = any(gateway.vpc and gateway.vpc.id == vpc_id for gateway in network.internet_gateways.values())
    named = is_on(vpc.enable_dns_support) and is_on(vpc.enable_dns_hostnames)
    if asked is None:
        return attached and named
    if not is_on(asked):
        return False
    problem = None
    if not attached:
        problem = "The specified VPC has no internet gateway attached."
    elif not named:
        problem = "The specified VPC does not support DNS resolution, DNS hostnames, or both."
    if problem:
        raise RDSClientError(
            "InvalidVPCNetworkStateFault",
            f"Cannot create a publicly accessible DBInstance. {problem} Update the VPC and then try again",
        )
    return True


def expose(network: Moto, instance: Moto, *, public: bool) -> None:
    """Give the instance's interface a public address, or take it away."""
    interface = network.enis[instance.vpclab_interface_id]
    instance.publicly_accessible = public
    if public and not interface.public_ip:
        interface.public_ip = public_addresses.next_address()
    elif not public:
        interface.public_ip = None
