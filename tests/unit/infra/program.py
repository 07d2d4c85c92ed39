"""Running the program without an engine: its resources are recorded, and nothing is made."""

import asyncio
import json
import runpy
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pulumi.runtime
import yaml  # type: ignore[import-untyped]  # no stubs
from pulumi.runtime.stack import run_pulumi_func

ROOT = Path(__file__).parents[3]
ZONES = ["us-east-1a", "us-east-1b", "us-east-1c"]
ACCOUNT = "123456789012"
IMAGE = "ami-0123456789"

ANSWERS: Mapping[str, dict[str, Any]] = {
    "aws:index/getAvailabilityZones:getAvailabilityZones": {
        "id": "us-east-1",
        "names": ZONES,
        "zoneIds": [],
        "groupNames": [],
    },
    "aws:index/getCallerIdentity:getCallerIdentity": {
        "id": ACCOUNT,
        "accountId": ACCOUNT,
        "arn": f"arn:aws:iam::{ACCOUNT}:root",
        "userId": ACCOUNT,
    },
    "aws:ec2/getAmi:getAmi": {"id": IMAGE, "imageId": IMAGE},
}
"""What the program asks of AWS before it declares anything."""


def defaults() -> dict[str, Any]:
    """Return the settings' defaults, as Pulumi.yaml declares them."""
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    return {name: one["default"] for name, one in declared.items()}


@dataclass(frozen=True, slots=True)
class Declared:
    """A resource that the program declared."""

    type: str
    name: str
    inputs: dict[str, Any]


class Recorder(pulumi.runtime.Mocks):
    """Answers as AWS would where the program asks, and remembers every resource."""

    def __init__(self) -> None:
        self.resources: list[Declared] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.resources.append(Declared(args.typ, args.name, args.inputs))
        more: dict[str, Any] = {"arn": f"arn:{args.name}", "name": args.name}
        if args.typ == "aws:rds/instance:Instance":
            more |= {"address": "db.example", "port": 5432, "masterUserSecrets": [{"secretArn": "arn:secret"}]}
        if args.typ == "aws:ec2/vpc:Vpc":
            more["defaultSecurityGroupId"] = "sg-default"
        if args.typ == "aws:ec2/instance:Instance":
            more |= {"primaryNetworkInterfaceId": f"eni-{args.name}", "publicIp": "203.0.113.9"}
        if args.typ == "aws:elasticache/replicationGroup:ReplicationGroup":
            more["primaryEndpointAddress"] = f"{args.name}.example"
        if args.typ == "aws:lb/loadBalancer:LoadBalancer":
            more["dnsName"] = f"{args.name}.example"
        return f"{args.typ.rpartition(':')[2]}/{args.name}", {**more, **args.inputs}

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:  # type: ignore[override]  # as the SDK's own documentation has it
        return ANSWERS[args.token]


@dataclass(frozen=True, slots=True)
class Deployment:
    """Everything that a run of the program declared."""

    resources: list[Declared]
    outputs: dict[str, Any]

    def of(self, kind: str) -> list[Declared]:
        """Return the resources of a type, by the last part of its token, such as ``Subnet``."""
        found = [one for one in self.resources if not one.type.startswith("vpclab:")]  # components
        return sorted((one for one in found if one.type.rpartition(":")[2] == kind), key=lambda one: one.name)

    def one(self, kind: str, name: str) -> Declared:
        """Return the only resource of a type and name."""
        (found,) = [one for one in self.of(kind) if one.name == name]
        return found


def committed(stack: str) -> dict[str, Any]:
    """Return what the committed file of a stack sets."""
    chosen = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {name.partition(":")[2]: one for name, one in chosen.items()}


@cache
def deployed(stack: str, **changed: str) -> Deployment:
    """Run the whole program for ``stack``, with settings changed."""
    done = subprocess.run(
        [sys.executable, "-m", __name__, stack, json.dumps(changed)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    return Deployment([Declared(**one) for one in said["resources"]], said["outputs"])


def main(stack: str, changed: dict[str, str]) -> None:
    """Run the program in this process, whose SDK can run no second one; print what it declared."""
    recorder = Recorder()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    pulumi.runtime.set_mocks(recorder, project="vpclab", stack=stack, preview=False)
    settings = defaults() | committed(stack) | changed
    pulumi.runtime.set_all_config(
        {f"vpclab:{name}": one if isinstance(one, str) else json.dumps(one) for name, one in settings.items()}
        | {"aws:region": "us-east-1"}
    )
    outputs: dict[str, Any] = {}
    loop.run_until_complete(run_pulumi_func(lambda: _run(outputs)))
    resources = [asdict(one) for one in recorder.resources]
    sys.stdout.write(json.dumps({"resources": resources, "outputs": outputs}, default=str))


def _run(outputs: dict[str, Any]) -> None:
    """Run the program, and put the values of its outputs into ``outputs``."""
    exported: dict[str, Any] = {}
    pulumi.export = exported.__setitem__  # type: ignore[assignment]  # no stack is there to export from
    runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")
    pulumi.Output.all(**exported).apply(outputs.update)


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
