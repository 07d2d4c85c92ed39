"""A default VPC comes with a way out: an internet gateway, and a default route in its main table.

moto makes its subnets alone. AWS (VPC guide, default-vpc-components): the gateway is attached, the main route
table sends 0.0.0.0/0 to it, so that default subnets are public ones.
"""

from moto.ec2.models import vpcs

from vpclab.localcloud.control_plane.corrections import Corrections, Moto


def correct(corrections: Corrections) -> None:
    """Complete each default VPC when it is made."""
    corrections.wrap(vpcs.VPCBackend, "create_default_vpc", _create)


def _create(plain: Moto, self: Moto) -> Moto:
    vpc = plain(self)
    gateway = self.create_internet_gateway()
    self.attach_internet_gateway(gateway.id, vpc.id)
    main = next(
        table
        for table in self.route_tables.values()
        if table.vpc_id == vpc.id and table.main_association_id is not None
    )
    self.create_route(main.id, "0.0.0.0/0", gateway_id=gateway.id)
    return vpc
