"""Conditions on how a function is attached to a VPC, and on what it prints: read from the API, not by packets."""

from vpclab.statements.evidence import Evidence
from vpclab.statements.observation import Outcome, ProbeName
from vpclab.statements.opinion import Opinion, contradicted, met, not_asked, unknown
from vpclab.statements.reach import NOT_DESCRIBED

NOT_TRIED = "no second function could be made to see what it adds"


def has_no_interface(evidence: Evidence) -> Opinion:
    """Expect a function without VpcConfig, and no Lambda interface in the VPC beside it."""
    observation, facts = evidence.observations.get(ProbeName.INTERFACES), evidence.facts
    if facts is None or observation is None or observation.outcome is Outcome.ERROR:
        return unknown(NOT_DESCRIBED)
    if facts.attachment.subnet_ids:
        return contradicted(f"the function is attached to {', '.join(facts.attachment.subnet_ids)}")
    if facts.interfaces:
        return contradicted(f"the VPC has {', '.join(interface.id for interface in facts.interfaces)}")
    return met("no interface in the VPC")


def has_no_public_address(evidence: Evidence) -> Opinion:
    """Expect that the function has interfaces and that none of them has a public address."""
    facts = evidence.facts
    if facts is None:
        return unknown(NOT_DESCRIBED)
    if not facts.function_interfaces:
        return unknown("the function's interfaces were not found")
    public = [
        f"{interface.id} has {interface.public_ip}"
        for interface in facts.function_interfaces
        if interface.public_ip
    ]
    if public:
        return contradicted(", ".join(public))
    return met("no public address on its interfaces")


def has_no_nat_gateway(evidence: Evidence) -> Opinion:
    """Expect a VPC without NAT gateway."""
    if evidence.facts is None:
        return unknown(NOT_DESCRIBED)
    if evidence.facts.nat_gateway_ids:
        return contradicted(f"the VPC has {', '.join(evidence.facts.nat_gateway_ids)}")
    return met("no NAT gateway in the VPC")


def vpc_id_is_no_input(evidence: Evidence) -> Opinion:
    """Expect the API to know no such input: the SDK, made from the service's model, rejects it."""
    if evidence.vpc_id_rejection is None:
        return unknown("VpcId was not tried as an input")
    if not evidence.vpc_id_rejection:
        return contradicted("VpcId was accepted as an input")
    return met("VpcId is rejected as an input")


def vpc_id_is_filled_in(evidence: Evidence) -> Opinion:
    """Expect the service to have found the VPC from the subnets."""
    facts = evidence.facts
    if facts is None:
        return unknown(NOT_DESCRIBED)
    if not facts.attachment.subnet_ids or not facts.subnet_vpc_ids:
        return unknown("the function is attached to no subnet, so there is no VPC to find")
    if {facts.attachment.vpc_id} != facts.subnet_vpc_ids:
        found, wanted = facts.attachment.vpc_id or "nothing", ", ".join(sorted(facts.subnet_vpc_ids))
        return contradicted(f"the service filled in {found}, the subnets are in {wanted}")
    return met(f"the service filled in {facts.attachment.vpc_id} from the subnets")


def has_one_interface_per_subnet(evidence: Evidence) -> Opinion:
    """Expect one interface for each subnet with the function's group set."""
    observation = evidence.observations.get(ProbeName.INTERFACES)
    if observation is None or observation.outcome is Outcome.ERROR or evidence.facts is None:
        return unknown(NOT_DESCRIBED)
    found = len(evidence.facts.function_interfaces)
    subnets = len(evidence.facts.attachment.subnet_ids)
    if not subnets or not found:
        return unknown("the function has no interface in the VPC")
    if observation.outcome is not Outcome.ONE_PER_SUBNET:
        return contradicted(f"{found} interfaces in {subnets} subnets")
    return met(f"{found} interfaces for {subnets} subnets")


def shares_its_interfaces(evidence: Evidence) -> Opinion:
    """Expect a second function with the same subnets and groups to add none, with other groups one per subnet."""
    experiment = evidence.experiment
    if experiment is None:
        return unknown(NOT_TRIED)
    if experiment.interfaces_added:
        return contradicted(f"a second function added {experiment.interfaces_added} of its own")
    others = experiment.interfaces_added_by_other_groups
    if others is None:
        return met("a second function added none")
    if others != experiment.subnets:
        return contradicted(f"another group set added {others} for {experiment.subnets} subnets")
    return met(f"a second function added none, another group set added {others}")


def service_deletes_its_interfaces(evidence: Evidence) -> Opinion:
    """Expect the interfaces that a deleted function had alone to go without anybody's deleting them.

    An experiment that saw some stay ended with an error, so that there is none in the evidence.
    """
    experiment = evidence.experiment
    if experiment is None:
        return unknown(NOT_TRIED)
    if not experiment.interfaces_added_by_other_groups:
        return not_asked("nobody waited for the service to delete interfaces")
    return met("the service deletes them after the last function that used them")


def brings_no_security_group(evidence: Evidence) -> Opinion:
    """Expect that making an attached function leaves the VPC's security groups as they were."""
    if evidence.experiment is None:
        return unknown(NOT_TRIED)
    added = evidence.experiment.security_groups_added
    if added:
        return contradicted(f"{', '.join(added)} appeared in the VPC")
    return met("no group appeared")


def carries_the_chosen_security_groups(evidence: Evidence) -> Opinion:
    """Expect every interface of the function to carry exactly the groups that were configured."""
    facts, chosen = evidence.facts, set(evidence.configured_security_group_ids)
    if facts is None:
        return unknown(NOT_DESCRIBED)
    if not chosen:
        return unknown("the function's configured groups are not known")
    if set(facts.attachment.security_group_ids) != chosen:
        carried = ", ".join(facts.attachment.security_group_ids) or "nothing"
        return contradicted(f"the function carries {carried}, not {', '.join(sorted(chosen))}")
    if {interface.subnet_id for interface in facts.function_interfaces} != set(facts.attachment.subnet_ids):
        return unknown("not every subnet has an interface with the function's groups")
    return met(f"its interfaces carry {', '.join(sorted(chosen))} and nothing else")


def printed_line_arrives(evidence: Evidence) -> Opinion:
    """Expect the printed nonce in CloudWatch Logs.

    That it is missing counts only when the function is known to have printed it, when the log group can be
    searched, and, where the target names components, when the execution role is known to lack the permission.
    """
    observation = evidence.observations.get(ProbeName.LOGS_PRINTED)
    if observation is None:
        return unknown("no line was printed")
    if observation.outcome is Outcome.CONNECTED:
        return met("the printed line arrived")
    if observation.outcome is not Outcome.TIMED_OUT:
        return unknown(f"the printed line: {observation.error or observation.outcome}")
    if not observation.evidence.get("seen_in_log_tail"):
        return unknown("the printed line did not arrive; nor is it known that it was printed")
    if evidence.names_components and not observation.refused_by:
        return unknown("the printed line did not arrive, and nothing is known that held it back")
    return contradicted("the printed line did not arrive", observation.refused_by)
