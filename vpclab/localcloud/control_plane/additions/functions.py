"""Functions: checked before they exist, Pending before they are Active, with the VPC's id that Lambda looked up.

moto accepts subnets, groups and roles that do not exist, leaves half a function behind when it fails, and answers
``vpc-123abc``. AWS: Lambda guide, configuration-vpc, functions-states; API reference, CreateFunction and
VpcConfig (16 subnets, 5 groups, both lists or none).
"""

# ruff: noqa: SLF001 - moto keeps its state in private attributes

import copy
import re
from collections.abc import Callable, Mapping
from typing import Any

from moto.awslambda import models
from moto.awslambda.exceptions import InvalidParameterValueException, InvalidRoleFormat
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends

from vpclab.localcloud.control_plane.additions.execution_roles import ExecutionRoles, NotModelledError
from vpclab.localcloud.control_plane.additions.function_code import check_code
from vpclab.localcloud.control_plane.additions.function_interfaces import FunctionInterfaces, pairs_of
from vpclab.localcloud.control_plane.additions.function_limits import check_limits
from vpclab.localcloud.control_plane.corrections import Corrections, Moto

MOST_SUBNETS, MOST_GROUPS = 16, 5
_PYTHON = re.compile(r"python3\.\d+")
_CREATING = {"StateReason": "The function is being created.", "StateReasonCode": "Creating"}
_OUT_OF_ADDRESSES = "InsufficientFreeAddressesInSubnet"


class Functions:
    """The corrections of functions' life. What an API call begins ends when the network has followed it."""

    def __init__(self, roles: ExecutionRoles, interfaces: FunctionInterfaces) -> None:
        self._roles = roles
        self._interfaces = interfaces
        self._unsettled: list[Any] = []
        self._changed_arns: list[str] = []
        self.check_dead_letters: Callable[[str, Mapping[str, Any] | None], str | None] = lambda *_: None

    def correct(self, corrections: Corrections) -> None:
        """Correct functions, and every call that makes, changes or deletes them."""
        function_class, backend_class = models.LambdaFunction, models.LambdaBackend
        corrections.replace(function_class, "vpc_config", property(_vpc_config))
        corrections.wrap(function_class, "get_configuration", _configuration)
        corrections.wrap(backend_class, "create_function", self._create)
        corrections.wrap(backend_class, "update_function_configuration", self._update_configuration)
        corrections.wrap(backend_class, "update_function_code", self._update_code)
        corrections.wrap(backend_class, "delete_function", self._delete)
        corrections.replace(function_class, "__deepcopy__", _deep_copy)

    def begin_settling(self) -> tuple[list[Any], list[str]]:
        """Take what API calls have begun: functions, and ARNs of those whose warm environments must end."""
        begun = self._unsettled, self._changed_arns
        self._unsettled, self._changed_arns = [], []
        return begun

    @staticmethod
    def settle(functions: list[Any]) -> None:
        """Make functions active, now that the network has followed what was begun."""
        for function in functions:
            if function.state == "Pending":
                function.state = "Active"
            function.vpclab_update_status = "Successful"

    def _create(self, plain: Moto, backend: Moto, spec: dict[str, Any]) -> Moto:
        _check_runtime(spec.get("PackageType", "Zip"), spec.get("Runtime"), spec.get("Architectures"))
        check_limits(spec)
        self._check_role(backend, spec["Role"], spec["FunctionName"].rsplit(":", 1)[-1])
        spec["VpcConfig"] = self._checked_vpc_config(backend, spec.get("VpcConfig"), spec["Role"])
        self._check_tracing(spec.get("TracingConfig"), spec["Role"])
        log_group = _check_logging(spec.get("LoggingConfig"))
        dead_letters = self.check_dead_letters(spec["Role"], spec.get("DeadLetterConfig"))
        name = spec["FunctionName"].rsplit(":", 1)[-1]
        spec["FunctionName"] = name
        publish, spec["Publish"] = spec.get("Publish"), False
        check_code(backend, spec["Code"])
        function = plain(backend, spec)
        function.state = "Pending"
        function.vpclab_dead_letters = dead_letters
        if log_group:
            function.logs_group_name = log_group
        self._connect(function)
        self._unsettled.append(function)
        if publish:
            version = backend.publish_version(name)
            version.state = "Pending"
            self._unsettled.append(version)
            return version
        return function

    def _update_configuration(
        self,
        plain: Moto,
        backend: Moto,
        function_name: str,
        qualifier: str | None,
        body: dict[str, Any],
    ) -> Moto:
        function = backend.get_function(function_name, qualifier)
        _check_runtime("Zip", body.get("Runtime", function.run_time), None)
        check_limits(body)
        role = body.get("Role", function.role)
        if "Role" in body:
            self._check_role(backend, role, function.function_name)
        if "VpcConfig" in body:
            body["VpcConfig"] = self._checked_vpc_config(backend, body["VpcConfig"], role)
        self._check_tracing(body.get("TracingConfig", function.tracing_config), role)
        before = (function._vpc_config, function.state)
        if "DeadLetterConfig" in body:
            function.vpclab_dead_letters = self.check_dead_letters(role, body["DeadLetterConfig"])
        if "Environment" in body:
            body["Environment"] = {"Variables": (body["Environment"] or {}).get("Variables", {})}
        if "TracingConfig" in body:
            function.tracing_config = body["TracingConfig"]
        if log_group := _check_logging(body.get("LoggingConfig")):
            function.logs_group_name = log_group
        if "EphemeralStorage" in body:
            function.ephemeral_storage = body["EphemeralStorage"]["Size"]
        plain(backend, function_name, qualifier, body)
        function.last_modified = models.iso_8601_datetime_with_nanoseconds()
        if function._vpc_config != before[0]:
            self._connect(function)
        return self._updated(function)

    def _update_code(
        self, plain: Moto, backend: Moto, function_name: str, qualifier: str | None, body: dict[str, Any]
    ) -> Moto:
        if "ImageUri" in body:
            raise InvalidParameterValueException(_IMAGES)
        function = backend.get_function(function_name, qualifier)
        check_code(backend, body)
        publish = body.pop("Publish", False)
        if "Architectures" in body:
            _check_runtime("Zip", function.run_time, body["Architectures"])
        configuration = plain(backend, function_name, qualifier, body)
        if body.get("DryRun"):
            return configuration
        function.last_modified = models.iso_8601_datetime_with_nanoseconds()
        if publish:
            version = backend.publish_version(function_name)
            return version.get_configuration()
        return self._updated(function)

    def _delete(self, plain: Moto, backend: Moto, function_name: str, qualifier: str | None = None) -> None:
        function = backend.get_function(function_name, qualifier)
        arn = models.make_function_arn(function.region, function.account_id, function.function_name)
        plain(backend, function_name, qualifier)
        self._interfaces.age()
        self._changed_arns.append(arn)

    def _updated(self, function: Moto) -> Moto:
        function.vpclab_update_status = "InProgress"
        self._unsettled.append(function)
        self._changed_arns.append(function.function_arn)
        return function.get_configuration()

    def _connect(self, function: Moto) -> None:
        """Make the function's interfaces; a full subnet makes it Failed, as on AWS afterwards."""
        try:
            self._interfaces.ensure(pairs_of(function), function.function_name, self._roles.role_id(function.role))
            function.vpclab_reason = None
            if function.state == "Failed":
                function.state = "Pending"
        except EC2ClientError as error:
            if error.code != _OUT_OF_ADDRESSES:
                raise
            function.state = "Failed"
            function.vpclab_reason = {"StateReason": error.message, "StateReasonCode": "SubnetOutOfIPAddresses"}
        self._interfaces.age()

    def _check_role(self, backend: Moto, role_arn: str, name: str) -> None:
        match = re.match(InvalidRoleFormat.pattern, role_arn)
        if match is None:
            raise InvalidRoleFormat(role_arn)
        if match.group(2) != backend.account_id:
            raise models.CrossAccountNotAllowed
        try:
            function_arn = models.make_function_arn(backend.region_name, backend.account_id, name)
            trusted = self._roles.can_be_assumed(role_arn, function_arn)
        except NotModelledError as error:
            raise InvalidParameterValueException(str(error)) from None
        if not trusted:
            raise InvalidParameterValueException("The role defined for the function cannot be assumed by Lambda.")

    def _check_tracing(self, given: Mapping[str, Any] | None, role_arn: str) -> None:
        """Refuse active tracing for a role that may not send segments (Lambda guide, services-xray)."""
        mode = (given or {}).get("Mode", "PassThrough")
        if mode not in ("Active", "PassThrough"):
            raise InvalidParameterValueException(
                f"1 validation error detected: Value '{mode}' at 'tracingConfig.mode' failed to satisfy "
                "constraint: Member must satisfy enum value set: [Active, PassThrough]"
            )
        try:
            allowed = mode != "Active" or self._roles.allows(role_arn, "xray:PutTraceSegments")
        except NotModelledError as error:
            raise InvalidParameterValueException(str(error)) from None
        if not allowed:
            raise InvalidParameterValueException(
                "The provided execution role does not have permissions to call PutTraceSegments on XRAY"
            )

    def _checked_vpc_config(
        self,
        backend: Moto,
        given: Mapping[str, Any] | None,
        role_arn: str,
    ) -> dict[str, Any] | None:
        subnet_ids = list(dict.fromkeys((given or {}).get("SubnetIds") or ()))
        group_ids = list(dict.fromkeys((given or {}).get("SecurityGroupIds") or ()))
        if not subnet_ids and not group_ids:
            return None
        if not subnet_ids or not group_ids:
            raise InvalidParameterValueException("SubnetIds and SecurityIds must coexist or be both empty list.")
        for name, ids, most in (
            ("subnetIds", subnet_ids, MOST_SUBNETS),
            ("securityGroupIds", group_ids, MOST_GROUPS),
        ):
            if len(ids) > most:
                raise InvalidParameterValueException(
                    f"1 validation error detected: Value '{ids}' at 'vpcConfig.{name}' failed to satisfy "
                    f"constraint: Member must have length less than or equal to {most}"
                )
        vpc_id = _check_network(ec2_backends[backend.account_id][backend.region_name], subnet_ids, group_ids)
        try:
            refused = self._roles.refused_interface_action(role_arn)
        except NotModelledError as error:
            raise InvalidParameterValueException(str(error)) from None
        if refused is not None:
            raise InvalidParameterValueException(
                f"The provided execution role does not have permissions to call {refused} on EC2"
            )
        return {
            "SubnetIds": subnet_ids,
            "SecurityGroupIds": group_ids,
            "VpcId": vpc_id,
            "Ipv6AllowedForDualStack": False,
        }


_IMAGES = (
    "The local cloud runs functions from .zip archives only: container images are not modelled. "
    "Use PackageType Zip with a python3 runtime."
)


def _check_runtime(package_type: str, runtime: str | None, architectures: list[str] | None) -> None:
    if package_type != "Zip":
        raise InvalidParameterValueException(_IMAGES)
    if runtime is None or not _PYTHON.fullmatch(runtime):
        raise InvalidParameterValueException(
            f"Value {runtime} at 'runtime' is not available: the local cloud runs Python only, so choose a "
            "python3.x runtime."
        )
    del architectures  # both run on this machine's processor: the code is Python


def _check_network(network: Moto, subnet_ids: list[str], group_ids: list[str]) -> str:
    """Return the one VPC of these subnets and groups, or raise what Lambda says of what EC2 said."""
    vpc_ids = set()
    known = {subnet.id: subnet for subnet in network.describe_subnets()}
    for subnet_id in subnet_ids:
        if subnet_id not in known:
            raise InvalidParameterValueException(
                "Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. EC2 Error "
                f"Message: The subnet ID '{subnet_id}' does not exist"
            )
        vpc_ids.add(known[subnet_id].vpc_id)
    for group_id in group_ids:
        group = network.get_security_group_from_id(group_id)
        if group is None:
            raise InvalidParameterValueException(
                "Error occurred while DescribeSecurityGroups. EC2 Error Code: InvalidGroup.NotFound. EC2 Error "
                f"Message: The security group '{group_id}' does not exist"
            )
        vpc_ids.add(group.vpc_id)
    if len(vpc_ids) > 1:
        raise InvalidParameterValueException(
            "Security Groups and subnets of a function must belong to one VPC: these belong to "
            f"{', '.join(sorted(vpc_ids))}."
        )
    return str(vpc_ids.pop())


def _vpc_config(function: Moto) -> dict[str, Any] | None:
    found: dict[str, Any] | None = copy.copy(function._vpc_config)
    return found


def _configuration(plain: Moto, self: Moto, *, on_create: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = plain(self, on_create=on_create)
    if self.state == "Pending":
        found |= _CREATING
    elif self.state == "Failed":
        found |= getattr(self, "vpclab_reason", None) or {}
    if not on_create:
        found["LastUpdateStatus"] = getattr(self, "vpclab_update_status", "Successful")
    if dead_letters := getattr(self, "vpclab_dead_letters", None):
        found["DeadLetterConfig"] = {"TargetArn": dead_letters}
    found["LoggingConfig"] = {"LogFormat": "Text", "LogGroup": self.logs_group_name}
    return found


def _check_logging(given: Mapping[str, Any] | None) -> str | None:
    """Return the log group that LoggingConfig names, if any."""
    config = given or {}
    if config.get("LogFormat", "Text") != "Text":
        raise InvalidParameterValueException("LogFormat JSON is not modelled by the local cloud: use Text.")
    return config.get("LogGroup")


def _deep_copy(self: Moto, _memo: dict[int, Any]) -> Moto:
    """Listing all versions copies functions; their code and their account's logs need not be copied with them."""
    return copy.copy(self)
