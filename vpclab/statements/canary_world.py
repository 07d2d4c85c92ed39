"""What the canary makes at a target for a moment: roles, functions, a VPC, a queue, a bucket."""

import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from vpclab.statements.error import VerificationError
from vpclab.statements.target import Target
from vpclab.statements.temporary_function import wait_until_active

PREFIX = "vpclab-canary-"
CODE = Path(__file__).with_name("canary_handler.py")
RUNTIME = "python3.12"
FUNCTION_SECONDS = 20
CLEAR_SECONDS = 30.0
ACTIVE_SECONDS = 60.0
POLL_SECONDS = 0.1
VPC_RANGE = "10.99.0.0/24"
SUBNET_RANGE = "10.99.0.0/28"
MANAGED = "arn:aws:iam::aws:policy/service-role/"
SEEN_BY_ALL = 0o644 << 16

FAILURES = (ClientError, BotoCoreError, VerificationError)


def document(*statements: Mapping[str, object]) -> str:
    """Return a policy document with these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class CanaryWorld:
    """Makes things by name or id and remembers how to undo each, by the same name or id.

    Leaving undoes all of it, last made first. What cannot be undone is told in ``left``, never raised: the
    canary's finding stands, and whoever reports it has to say so.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.left: list[str] = []
        self.run = target.run
        self._undo = ExitStack()

    def __enter__(self) -> Self:
        """Begin with nothing."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Undo everything."""
        self._undo.close()

    def name(self, what: str) -> str:
        """Return a name that begins as all names of this world do, and nobody else's."""
        return f"{PREFIX}{self.run}-{what}"

    def undo(self, what: str, action: Callable[..., object], **arguments: object) -> None:
        """Do ``action`` when this world ends. Dependents that go in their own time are waited for."""

        def undone() -> None:
            deadline = time.monotonic() + CLEAR_SECONDS
            while True:
                try:
                    action(**arguments)
                except ClientError as failure:
                    code = failure.response["Error"]["Code"]
                    if code == "DependencyViolation" and time.monotonic() < deadline:
                        time.sleep(POLL_SECONDS)
                        continue
                    self.left.append(f"{what}: {failure}")
                except BotoCoreError as failure:
                    self.left.append(f"{what}: {failure}")
                return

        self._undo.callback(undone)

    def role(self, name: str, *managed: str) -> str:
        """Make a role for functions that the account may assume too; return its ARN."""
        iam, identity = self.target.client("iam"), {"RoleName": self.name(name)}
        account = self.target.client("sts").get_caller_identity()["Account"]
        principal = {"Service": "lambda.amazonaws.com", "AWS": f"arn:aws:iam::{account}:root"}
        trust = document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})
        arn: str = iam.create_role(**identity, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        self.undo(f"role {identity['RoleName']}", iam.delete_role, **identity)
        for policy in managed:
            self.attach(arn, policy)
        return arn

    def attach(self, role_arn: str, policy: str) -> None:
        """Attach an AWS managed policy of the path ``service-role/`` to a role."""
        iam = self.target.client("iam")
        identity = {"RoleName": role_arn.rpartition("/")[2], "PolicyArn": f"{MANAGED}{policy}"}
        iam.attach_role_policy(**identity)
        self.undo(f"{policy} on {identity['RoleName']}", iam.detach_role_policy, **identity)

    def function(
        self, name: str, role_arn: str, *, subnet_ids: Sequence[str] = (), group_ids: Sequence[str] = ()
    ) -> str:
        """Make a function with the canary's code; return its name when it can be invoked.

        Raises:
            VerificationError: it did not become active.
        """
        service, full = self.target.client("lambda"), self.name(name)
        network = {"SubnetIds": list(subnet_ids), "SecurityGroupIds": list(group_ids)}
        service.create_function(
            FunctionName=full,
            Runtime=RUNTIME,
            Role=role_arn,
            Handler=f"{CODE.stem}.handler",
            Code={"ZipFile": _archive()},
            Timeout=FUNCTION_SECONDS,
            **({"VpcConfig": network} if subnet_ids else {}),
        )
        self.undo(f"log group of {full}", self._delete_log_group, name=f"/aws/lambda/{full}")
        self.undo(f"function {full}", service.delete_function, FunctionName=full)
        wait_until_active(self.target, full, seconds=ACTIVE_SECONDS)
        return full

    def invoke(self, function: str, **event: object) -> dict[str, Any]:
        """Return what the function answers.

        Raises:
            VerificationError: it failed, or what came back is not what the canary's code answers.
        """
        nonce = uuid.uuid4().hex
        payload = json.dumps({"nonce": nonce, **event})
        found = self.target.client("lambda").invoke(FunctionName=function, Payload=payload)
        text = found["Payload"].read().decode("utf-8", "replace")
        try:
            answer = json.loads(text)
        except ValueError:
            answer = None
        if found.get("FunctionError") or not isinstance(answer, dict) or answer.get("nonce") != nonce:
            raise VerificationError(f"the function did not run: {text[:300]}")
        return answer

    def isolated_subnet(self) -> tuple[str, str, str]:
        """Make a VPC with one subnet that no route leads out of, and a group that lets nothing out.

        Returns their ids: VPC, subnet, group.
        """
        ec2 = self.target.client("ec2")
        tag = [{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": self.name("vpc")}]}]
        vpc = ec2.create_vpc(CidrBlock=VPC_RANGE, TagSpecifications=tag)["Vpc"]["VpcId"]
        self.undo(vpc, ec2.delete_vpc, VpcId=vpc)
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=SUBNET_RANGE)["Subnet"]["SubnetId"]
        self.undo(subnet, ec2.delete_subnet, SubnetId=subnet)
        named = {"GroupName": self.name("group"), "Description": "Lets nothing in or out"}
        group = ec2.create_security_group(VpcId=vpc, **named)["GroupId"]
        self.undo(group, ec2.delete_security_group, GroupId=group)
        (described,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
        if described.get("IpPermissionsEgress"):
            rules = [
                {key: value for key, value in rule.items() if value} for rule in described["IpPermissionsEgress"]
            ]
            ec2.revoke_security_group_egress(GroupId=group, IpPermissions=rules)
        return vpc, subnet, group

    def _delete_log_group(self, name: str) -> None:
        logs = self.target.client("logs")
        try:
            logs.delete_log_group(logGroupName=name)
        except logs.exceptions.ResourceNotFoundException:
            return


def _archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo(CODE.name)
        entry.external_attr = SEEN_BY_ALL
        archive.writestr(entry, CODE.read_bytes())
    return packed.getvalue()
