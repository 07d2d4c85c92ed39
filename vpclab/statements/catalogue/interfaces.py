"""How a function is attached to a VPC: C17, C18 and C20. The notes are wrong or dated in all three."""

from vpclab.statements.attachment import (
    brings_no_security_group,
    carries_the_chosen_security_groups,
    has_one_interface_per_subnet,
    shares_its_interfaces,
    vpc_id_is_filled_in,
    vpc_id_is_no_input,
)
from vpclab.statements.capability import Capability
from vpclab.statements.catalogue import sources
from vpclab.statements.statement import Case, Statement, Verdict
from vpclab.statements.variant import ATTACHED

STATEMENTS = (
    Statement(
        id="C17",
        sentence="You must define the VPC ID, the subnets and the security groups.",
        documented=(
            "Subnets and security groups are the inputs. The VPC ID is none: the service finds it from them "
            "and fills it into the function's configuration."
        ),
        source=sources.LAMBDA_VPC,
        expects=Verdict.REFUTED,
        needs=frozenset({Capability.ATTACHMENT}),
        cases=dict.fromkeys(
            ATTACHED,
            Case(
                observed="what the SDK says to VpcId as an input, and VpcConfig.VpcId of the function",
                expected="the input is rejected by name; the configuration has the VPC of the subnets",
                control="the same call without VpcId is accepted, and makes a function",
                flip="a service that takes VpcId as an input, or does not fill it in",
                conditions=(vpc_id_is_no_input, vpc_id_is_filled_in),
            ),
        ),
    ),
    Statement(
        id="C18",
        sentence="Lambda creates a network interface in each of your subnets for the function.",
        documented=(
            "There is one interface for each combination of subnet and security group set, shared by every "
            "function of the account that uses it: the number of functions does not matter."
        ),
        source=f"{sources.LAMBDA_VPC}; {sources.LAMBDA_TROUBLESHOOTING}",
        expects=Verdict.REFUTED,
        needs=frozenset({Capability.ATTACHMENT}),
        cases=dict.fromkeys(
            ATTACHED,
            Case(
                observed="the Lambda interfaces before and after a second function with the same VpcConfig",
                expected="one per subnet before, none added after; another group set adds one per subnet",
                control="another group set does add interfaces, so that added ones would be seen",
                flip="give the second function security groups of its own",
                conditions=(has_one_interface_per_subnet, shares_its_interfaces),
            ),
        ),
    ),
    Statement(
        id="C20",
        sentence="The network interface creates a security group for every Availability Zone of the subnets.",
        documented=(
            "Lambda creates no security group. You choose them; each belongs to the whole VPC, and every "
            "interface of the function carries exactly the chosen ones."
        ),
        source=f"{sources.LAMBDA_VPC}; {sources.VPC_SECURITY_GROUPS}",
        expects=Verdict.REFUTED,
        needs=frozenset({Capability.ATTACHMENT}),
        cases=dict.fromkeys(
            ATTACHED,
            Case(
                observed="the VPC's groups before and after attaching a function, and the interfaces' groups",
                expected="no group appears; each interface carries the configured groups and no other",
                control="the interfaces exist, one per subnet",
                flip="attach the function with other groups than the deployment chose",
                conditions=(brings_no_security_group, carries_the_chosen_security_groups),
            ),
        ),
    ),
)
