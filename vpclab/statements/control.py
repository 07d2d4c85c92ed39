"""The positive control: the same probes from a function outside any VPC."""

from collections.abc import Mapping

from vpclab.statements.deployment import Deployment
from vpclab.statements.invocation import invoke
from vpclab.statements.observation import Observation, ProbeName
from vpclab.statements.observer import OUTSIDE_PROBES
from vpclab.statements.target import Target
from vpclab.statements.temporary_function import temporary_function


def observe_control(target: Target, deployment: Deployment) -> Mapping[ProbeName, Observation]:
    """Run the probes in a function without VpcConfig, with the code and role of the deployment's function.

    boto3's errors and :class:`VerificationError` pass through: without a control no negative counts.
    """
    with temporary_function(target, deployment.function_name) as name:
        observations = invoke(target, name, {probe: {} for probe in OUTSIDE_PROBES}).observations
    return {probe: observations[probe] for probe in OUTSIDE_PROBES}
