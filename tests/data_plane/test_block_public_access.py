"""VPC Block Public Access at the internet gateway (VPC guide, security-vpc-bpa)."""

from tests.data_plane.networks import Draft, private_and_public
from tests.data_plane.world import TIMED_OUT, World, says
from vpclab.network.block_public_access import BlockMode, BlockPublicAccess, Exclusion, ExclusionMode

HOST = "198.51.100.7"
BLOCKED = ("block-public-access", "vpc-a", "VPC_BLOCK_PUBLIC_ACCESS_ENABLED")


def block(draft: Draft, mode: BlockMode, *exclusions: tuple[str, ExclusionMode]) -> None:
    made = tuple(Exclusion(f"exclusion-{resource}", resource, each) for resource, each in exclusions)
    draft.block = BlockPublicAccess("123456789012", "us-east-1", mode, made)


def ways(world: World) -> tuple[bool, bool, bool]:
    """Whether packets go out from a public host, in to it, and out by the NAT gateway."""
    attempts = ("eni-public", HOST), ("internet", "203.0.113.10"), ("eni-private", HOST)
    return tuple(world.connect(*attempt) != TIMED_OUT for attempt in attempts)  # type: ignore[return-value]


def test_block_public_access_can_shut_what_its_modes_and_exclusions_say() -> None:
    """Both directions, ingress alone (NAT gateways still lead out), exclusions of a VPC and of a subnet."""
    draft = private_and_public()
    full, egress = ExclusionMode.BIDIRECTIONAL, ExclusionMode.EGRESS
    with World(draft.network()) as world:
        world.listen("internet", HOST)
        world.listen("eni-public", "10.0.9.10")
        assert ways(world) == (True, True, True)
        for mode, exclusions, expected in (
            (BlockMode.BIDIRECTIONAL, (), (False, False, False)),
            (BlockMode.INGRESS, (), (False, False, True)),
            (BlockMode.BIDIRECTIONAL, (("vpc-a", full),), (True, True, True)),
            (BlockMode.BIDIRECTIONAL, (("subnet-public", egress),), (True, False, True)),
            (BlockMode.BIDIRECTIONAL, (("vpc-a", full), ("subnet-public", egress)), (True, False, True)),
            (BlockMode.BIDIRECTIONAL, (("subnet-private", full),), (False, False, False)),
            (BlockMode.INGRESS, (("subnet-public", egress),), (False, False, True)),
            (BlockMode.OFF, (), (True, True, True)),
        ):
            block(draft, mode, *exclusions)
            world.reconcile(draft.network())
            assert ways(world) == expected, (mode, exclusions)


def test_block_public_access_can_cut_an_open_connection_and_say_so() -> None:
    """It holds for the next packet, and the refusal names it; the VPC of another account is not concerned."""
    draft = private_and_public()
    with World(draft.network()) as world:
        world.listen("internet", HOST)
        connection = world.connection("eni-private", HOST)
        assert connection.recv(64) == b"203.0.113.9\n"
        block(draft, BlockMode.BIDIRECTIONAL)
        world.reconcile(draft.network())
        assert says(connection, "still there?") == TIMED_OUT
        assert world.refusal() == BLOCKED
        assert world.drop().interface_id == "eni-nat-a"
        draft.block = BlockPublicAccess("999999999999", "us-east-1", BlockMode.BIDIRECTIONAL)
        world.reconcile(draft.network())
        assert world.connect("eni-private", HOST) == "203.0.113.9"
