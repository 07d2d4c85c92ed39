"""Functions: checked before they exist, Pending before they are Active, with the VPC's id that Lambda looked up.

moto accepts subnets, groups and roles that do not exist, leaves half a function behind when it fails, and answers
``vpc-123abc``. AWS: Lambda guide, configuration-vpc, functions-states; API reference, CreateFunction and
VpcConfig (16 subnets, 5 groups, both lists or none).
"""

# ruff: noqa: SLF001 - moto keeps its state in private attributes

import base64
import copy
import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from moto.awslambda import models
from moto.awslambda.exceptions import InvalidParameterValueException, InvalidRoleFormat, ValidationException
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends

from vpclab.localcloud.control_plane.additions import (
    function_concurrency,
    function_layers,
    function_listings,
    function_names,
    function_statuses,
    function_versions,
)
from vpclab.localcloud.control_plane.additions.execution_roles import ExecutionRoles, NotModelledError
from vpclab.localcloud.control_plane.additions.function_code import as_zip_file, check_code
from vpclab.localcloud.control_plane.additions.function_interfaces import FunctionInterfaces, pairs_of
from vpclab.localcloud.control_plane.additions.function_limits import check_limits, check_mandatory, check_name
from vpclab.localcloud.control_plane.additions.function_logging import check_logging, logging_of, set_logging
from vpclab.localcloud.control_plane.additions.function_names import name_of_new
from vpclab.localcloud.control_plane.api_error import ApiError
from vpclab.localcloud.control_plane.corrections import Corrections, Moto
from vpclab.localcloud.lambda_runtime.report import runtime_version

MOST_SUBNETS, MOST_GROUPS = 16, 5
_PYTHON = re.compile(r"python3\.(\d+)")
_OLDEST_PYTHON = 9
_CREATING = {"StateReason": "The function is being created.", "StateReasonCode": "Creating"}
_NO_VPC = {"SubnetIds": [], "SecurityGroupIds": [], "VpcId": "", "Ipv6AllowedForDualStack": False}
"""What is told of a function that has left its VPC (from memory); one that was never in any has no VpcConfig."""
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
        function_versions.correct(corrections)
        function_names.correct(corrections)
        function_statuses.correct(corrections)
        function_layers.correct(corrections)
        function_concurrency.correct(corrections)
        function_listings.correct(corrections)

    def begin_settling(self) -> tuple[list[Any], list[str]]:
        """Take what API calls have begun: functions, and ARNs of those whose warm environments must end."""
        begun = self._unsettled, self._changed_arns
        self._unsettled, self._changed_arns = [], []
        return begun

    def settle(self, functions: list[Any]) -> None:
        """Make functions active, now that the network has followed what was begun."""
        for function in functions:
            if function.state == "Pending":
                function.state = "Active"
            function.vpclab_update_status = "Successful"
            function.vpclab_before = None
        if functions:
            self._interfaces.age()

    def _create(self, plain: Moto, backend: Moto, spec: dict[str, Any]) -> Moto:
        if spec.get("PackageType", "Zip") == "Zip":
            check_mandatory(spec)
        _check_runtime(spec.get("PackageType", "Zip"), spec.get("Runtime"), spec.get("Architectures"))
        name = spec["FunctionName"] = name_of_new(backend, spec["FunctionName"])
        check_name(name)
        check_limits(spec)
        self._check_role(backend, spec["Role"], name)
        spec["VpcConfig"] = self._checked_vpc_config(backend, spec.get("VpcConfig"), spec["Role"])
        self._check_tracing(spec.get("TracingConfig"), spec["Role"])
        check_logging(spec.get("LoggingConfig"))
        dead_letters = self.check_dead_letters(spec["Role"], spec.get("DeadLetterConfig"))
        publish, spec["Publish"] = spec.get("Publish"), False
        package = check_code(backend, spec["Code"])
        spec["Code"] = as_zip_file(package)
        function_layers.check_size(package, function_layers.found(backend, spec.get("Layers") or []))
        function = plain(backend, spec)
        function.state = "Pending"
        function.vpclab_dead_letters = dead_letters
        set_logging(function, spec.get("LoggingConfig"))
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
        self._check_update(function, body)
        _check_runtime("Zip", body.get("Runtime", function.run_time), None)
        check_limits(body)
        role = body.get("Role", function.role)
        if "Role" in body:
            self._check_role(backend, role, function.function_name)
        if "VpcConfig" in body:
            body["VpcConfig"] = self._checked_vpc_config(backend, body["VpcConfig"], role)
            if function._vpc_config is not None:
                function.vpclab_was_in_vpc = True
        self._check_tracing(body.get("TracingConfig", function.tracing_config), role)
        check_logging(body.get("LoggingConfig"))
        function_layers.found(backend, body.get("Layers") or [])
        dead_letters = getattr(function, "vpclab_dead_letters", None)
        if "DeadLetterConfig" in body:
            dead_letters = self.check_dead_letters(role, body["DeadLetterConfig"])
        if "Environment" in body:
            body["Environment"] = {"Variables": (body["Environment"] or {}).get("Variables", {})}
        before = copy.copy(function)
        plain(backend, function_name, qualifier, body)
        function.vpclab_dead_letters = dead_letters
        function.tracing_config = body.get("TracingConfig", function.tracing_config)
        set_logging(function, body.get("LoggingConfig"))
        if "EphemeralStorage" in body:
            function.ephemeral_storage = body["EphemeralStorage"]["Size"]
        return self._updated(function, before)

    def _update_code(
        self, plain: Moto, backend: Moto, function_name: str, qualifier: str | None, body: dict[str, Any]
    ) -> Moto:
        if "ImageUri" in body:
            raise InvalidParameterValueException(_IMAGES)
        function = backend.get_function(function_name, qualifier)
        self._check_update(function, body)
        package = check_code(backend, body)
        function_layers.check_size(package, function_layers.layers_of(function))
        publish = body.pop("Publish", False)
        if "Architectures" in body:
            _check_runtime("Zip", function.run_time, body["Architectures"])
        if body.get("DryRun"):
            return _of_package(function.get_configuration(), package)
        before = copy.copy(function)
        body = {name: value for name, value in body.items() if not name.startswith("S3")} | as_zip_file(package)
        plain(backend, function_name, qualifier, body)
        configuration = self._updated(function, before)
        if publish:
            return backend.publish_version(function_name).get_configuration()
        return configuration

    @staticmethod
    def _check_update(function: Moto, body: Mapping[str, Any]) -> None:
        function_versions.check_is_latest(function)
        function_versions.check_is_settled(function)
        function_versions.check_revision(body.get("RevisionId"), function_versions.revision(function))

    def _delete(self, plain: Moto, backend: Moto, function_name: str, qualifier: str | None = None) -> None:
        qualifier = function_versions.qualifier_of(function_name, qualifier)
        function = backend.get_function(function_name, qualifier)
        function_versions.check_deletion(backend, function, qualifier)
        arn = models.make_function_arn(function.region, function.account_id, function.function_name)
        plain(backend, function_name, qualifier)
        self._interfaces.age()
        self._changed_arns.append(arn)

    def _updated(self, function: Moto, before: Moto) -> Moto:
        """Begin to settle an update; until then, or where it fails, the function runs as ``before``."""
        function.last_modified = models.iso_8601_datetime_with_nanoseconds()
        function_versions.changed(function)
        if function._vpc_config != before._vpc_config and not self._connect(function, before):
            return function.get_configuration()
        function.vpclab_update_status = "InProgress"
        function.vpclab_before = before
        self._unsettled.append(function)
        self._changed_arns.append(function.function_arn)
        return function.get_configuration()

    def _connect(self, function: Moto, before: Moto | None = None) -> bool:
        """Make the function's interfaces and say whether that worked.

        A full subnet fails a new function, as on AWS afterwards, and an update, which is undone then.
        """
        role_id = self._roles.role_id(function.role)
        try:
            self._interfaces.ensure(pairs_of(function), function.function_name, role_id)
        except EC2ClientError as error:
            if error.code != _OUT_OF_ADDRESSES:
                raise
            if before is not None:
                state = dict(before.__dict__)
                function.__dict__.clear()
                function.__dict__.update(state)
            reason = {"StateReason": error.message, "StateReasonCode": "SubnetOutOfIPAddresses"}
            function.vpclab_reason = reason
            if before is None or function.state == "Failed":
                function.state = "Failed"
            else:
                function.vpclab_update_status = "Failed"
            return False
        function.vpclab_reason = None
        if function.state == "Failed":
            function.state = "Pending"
        return True

    def _check_role(self, backend: Moto, role_arn: str, name: str) -> None:
        match = re.match(InvalidRoleFormat.pattern, role_arn)
        if match is None:
            raise InvalidRoleFormat(role_arn)
        if match.group(2) != backend.account_id:
            raise ApiError("AccessDeniedException", "Cross-account pass role is not allowed.", 403)
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
            raise ValidationException(
                str(mode), "tracingConfig.mode", "Member must satisfy enum value set: [Active, PassThrough]"
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
                raise ValidationException(
                    f"[{', '.join(ids)}]",
                    f"vpcConfig.{name}",
                    f"Member must have length less than or equal to {most}",
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
    if runtime is not None and (found := _PYTHON.fullmatch(runtime)) and int(found[1]) < _OLDEST_PYTHON:
        raise InvalidParameterValueException(
            f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda "
            "functions. We recommend you use a supported runtime while creating or updating functions."
        )
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
    reason = getattr(self, "vpclab_reason", None) or {}
    if self.state == "Pending":
        found |= _CREATING
    elif self.state == "Failed":
        found |= reason
    if not on_create:
        status = found["LastUpdateStatus"] = getattr(self, "vpclab_update_status", "Successful")
        if status == "InProgress":
            found |= {name.replace("State", "LastUpdateStatus"): text for name, text in _CREATING.items()}
        elif status == "Failed":
            found |= {name.replace("State", "LastUpdateStatus"): text for name, text in reason.items()}
    if dead_letters := getattr(self, "vpclab_dead_letters", None):
        found["DeadLetterConfig"] = {"TargetArn": dead_letters}
    found["LoggingConfig"] = logging_of(self)
    found["LastModified"] = f"{self.last_modified[:23]}+0000"  # moto: with nanoseconds
    found["RevisionId"] = function_versions.revision(self)
    found["RuntimeVersionConfig"] = {"RuntimeVersionArn": runtime_version(self.run_time, self.region)[1]}
    if self._vpc_config is None and getattr(self, "vpclab_was_in_vpc", False):
        found["VpcConfig"] = _NO_VPC
    if not found.get("Layers"):
        found.pop("Layers", None)
    return found


def _of_package(configuration: dict[str, Any], package: bytes) -> dict[str, Any]:
    """Return the configuration as it would be with this package: what a dry run of an update tells."""
    digest = base64.b64encode(hashlib.sha256(package).digest()).decode()
    return {**configuration, "CodeSha256": digest, "CodeSize": len(package)}


def _deep_copy(self: Moto, _memo: dict[int, Any]) -> Moto:
    """Listing all versions copies functions; their code and their account's logs need not be copied with them."""
    return copy.copy(self)
