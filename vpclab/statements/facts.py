"""What the API says of one deployment while its function is probed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FunctionInterface:
    """A network interface of type ``lambda`` in the deployment's VPC."""

    id: str
    subnet_id: str
    private_ip: str
    security_group_ids: tuple[str, ...]
    public_ip: str | None = None


@dataclass(frozen=True, slots=True)
class FunctionAttachment:
    """``VpcConfig`` of GetFunctionConfiguration; all empty for a function outside any VPC."""

    vpc_id: str = ""
    subnet_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """Facts that the verdicts need beside what the function itself saw.

    ``interfaces`` are all of type ``lambda`` in the VPC. ``subnet_vpc_ids`` are the VPCs of the function's
    subnets. ``own_public_ips`` are all public addresses that belong to this account. ``nat_gateway_ids`` are
    those in the VPC that are not deleted, ``nat_private_ips`` the addresses they send from.
    ``endpoint_addresses`` maps an interface endpoint's private addresses to its id; ``gateway_endpoint_ids`` maps
    a service (``s3``) to its gateway endpoint.
    """

    attachment: FunctionAttachment
    interfaces: tuple[FunctionInterface, ...] = ()
    subnet_vpc_ids: frozenset[str] = frozenset()
    own_public_ips: frozenset[str] = frozenset()
    nat_gateway_ids: tuple[str, ...] = ()
    nat_private_ips: frozenset[str] = frozenset()
    endpoint_addresses: tuple[tuple[str, str], ...] = ()
    gateway_endpoint_ids: tuple[tuple[str, str], ...] = ()
    database_status: str = ""

    @property
    def function_interfaces(self) -> tuple[FunctionInterface, ...]:
        """Those that the function itself uses: of its subnets, with exactly its security groups."""
        return tuple(
            interface
            for interface in self.interfaces
            if interface.subnet_id in self.attachment.subnet_ids
            and set(interface.security_group_ids) == set(self.attachment.security_group_ids)
        )


@dataclass(frozen=True, slots=True)
class AttachmentExperiment:
    """What happened when a second function was made for a moment.

    ``interfaces_added`` counts new interfaces after a function with the same subnets and groups;
    ``interfaces_added_by_other_groups`` the same after one with the same subnets and another group set, None
    where that was not tried; nobody waited to see them go then, either. ``security_groups_added`` lists groups
    that appeared in the VPC meanwhile.
    """

    interfaces_added: int
    security_groups_added: tuple[str, ...]
    subnets: int
    interfaces_added_by_other_groups: int | None = None
