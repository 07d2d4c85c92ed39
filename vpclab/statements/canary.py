"""Finds out what a target enforces, by trying what AWS would refuse.

Emulators of AWS accept much that AWS refuses: a function in a subnet without routes reaches everything, a role
without policies may do anything. A statement about a refusal is then neither true nor false there: it is not
enforced. The canary tries one such thing per capability, in a world of its own that is gone afterwards, and each
refusal counts only beside something that is allowed and works.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vpclab.statements import canary_permissions
from vpclab.statements.canary_world import FAILURES, CanaryWorld
from vpclab.statements.capability import Capability, Enforcement
from vpclab.statements.finding import Finding, enforced, not_enforced, unknown
from vpclab.statements.log_group import search
from vpclab.statements.target import Target

BASIC = "AWSLambdaBasicExecutionRole"
VPC_ACCESS = "AWSLambdaVPCAccessExecutionRole"
ODD_ANSWERS = (LookupError, ValueError, TypeError, AttributeError)
"""What reading an answer raises that is not shaped as AWS's is."""


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found of each capability, and what the canary could not clear away again."""

    findings: Mapping[Capability, Finding]
    left: tuple[str, ...] = ()

    @property
    def enforcement(self) -> Mapping[Capability, Enforcement]:
        """The findings without their reasons."""
        return {capability: finding.enforcement for capability, finding in self.findings.items()}


def capabilities(target: Target) -> Mapping[Capability, Enforcement]:
    """Return what the target enforces; see :func:`examine`."""
    return examine(target).enforcement


def examine(target: Target, *, trust_claims: bool = True) -> Examination:
    """Find out what the target enforces.

    AWS enforces everything: it is what statements are about. A local cloud that says of itself that it keeps
    packets apart and authorises requests is taken at its word unless ``trust_claims`` is false: every verdict
    there would show it otherwise. Anything else is tried.

    Raises:
        VerificationError: nothing answers at the target.
    """
    if target.endpoint is None:
        return _all(enforced("it is AWS"))
    claims = target.claims()
    if trust_claims and claims.get("isolates_network") is True and claims.get("authorizes") is True:
        return _all(enforced("the local cloud says so, and every verdict shows it"))
    with CanaryWorld(target) as world:
        findings = _Canary(world).findings()
    return Examination(findings, tuple(world.left))


def _all(finding: Finding) -> Examination:
    return Examination(dict.fromkeys(Capability, finding))


class _Canary:
    """One run: its functions are made once and used by several trials."""

    def __init__(self, world: CanaryWorld) -> None:
        self._world = world
        self._role = ""
        self._outside = ""

    def findings(self) -> dict[Capability, Finding]:
        """Try everything. What needs a running function is unknown where none runs."""
        found = {Capability.INVOCATION: self._try(self._invocation)}
        runs = found[Capability.INVOCATION].enforcement is Enforcement.ENFORCED
        found[Capability.ATTACHMENT] = self._try(lambda: self._attachment(found if runs else None))
        if not runs:
            nothing = unknown("functions do not run, so that it could not be tried")
            for capability in (Capability.ISOLATION, Capability.LOG_DELIVERY):
                found[capability] = nothing
        else:
            found.setdefault(Capability.ISOLATION, unknown("no function could be attached to a subnet"))
            found[Capability.LOG_DELIVERY] = self._try(self._log_delivery)
        logs = found[Capability.LOG_DELIVERY].enforcement is Enforcement.ENFORCED
        trials: dict[Capability, Callable[[], Finding]] = {
            Capability.AUTHORIZATION: lambda: canary_permissions.authorization(
                self._world, self._outside if logs else None
            ),
            Capability.POLICY_GRAMMAR: lambda: canary_permissions.policy_grammar(self._world),
            Capability.EVENT_SOURCES: lambda: canary_permissions.event_sources(self._world, runs=runs),
            Capability.NOTIFICATIONS: lambda: canary_permissions.notifications(
                self._world, self._outside, logs=logs
            ),
        }
        return found | {capability: self._try(trial) for capability, trial in trials.items()}

    @staticmethod
    def _try(trial: Callable[[], Finding]) -> Finding:
        try:
            return trial()
        except FAILURES as failure:
            return unknown(str(failure))
        except ODD_ANSWERS as failure:
            return unknown(f"an answer was not shaped as AWS's is: {type(failure).__name__}: {failure}")

    def _invocation(self) -> Finding:
        """Have a function without a VPC run its code."""
        self._role = self._world.role("allowed", BASIC, VPC_ACCESS)
        self._outside = self._world.function("outside", self._role)
        try:
            self._world.invoke(self._outside)
        except FAILURES as failure:
            return not_enforced(str(failure))
        return enforced("a function ran the code that it was given")

    def _attachment(self, found: dict[Capability, Finding] | None) -> Finding:
        """Attach a function to a subnet. While it is there, ``found`` (None: none runs) hears of the isolation."""
        vpc, subnet, group = self._world.isolated_subnet()
        inside = self._world.function("inside", self._role, subnet_ids=[subnet], group_ids=[group])
        if found is not None:
            found[Capability.ISOLATION] = self._try(lambda: self._isolation(inside))
        configuration = self._world.target.client("lambda").get_function_configuration(FunctionName=inside)
        told = (configuration.get("VpcConfig") or {}).get("VpcId")
        if told != vpc:
            return not_enforced(f"the function's VpcId is {told or 'not told'}, its subnet is in {vpc}")
        filters = [
            {"Name": "subnet-id", "Values": [subnet]},
            {"Name": "interface-type", "Values": ["lambda"]},
        ]
        ec2 = self._world.target.client("ec2")
        if not ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]:
            return not_enforced("the attached function has no network interface of type lambda in its subnet")
        return enforced("the attached function has an interface in its subnet")

    def _isolation(self, inside: str) -> Finding:
        """Call an AWS API from a subnet that no route leads out of, with a group that lets nothing out."""
        reached, control = (self._world.invoke(function)["api"] for function in (inside, self._outside))
        if reached == "answered":
            return not_enforced(
                "a function in a subnet without routes, whose security group lets nothing out, "
                "got an answer from an AWS API"
            )
        if reached == "timed out" and control == "answered":
            return enforced("an AWS API answered outside the VPC, and not in a subnet without routes")
        return unknown(f"an AWS API gave {control!r} outside the VPC and {reached!r} in a subnet without routes")

    def _log_delivery(self) -> Finding:
        began = time.time()
        nonce = self._world.invoke(self._outside)["nonce"]
        if search(self._world.target, f"/aws/lambda/{self._outside}", nonce, began):
            return enforced("a printed line arrived in CloudWatch Logs")
        return not_enforced("a printed line did not arrive in CloudWatch Logs")
