"""One deployed variant, by the outputs of its stack."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vpclab.statements.error import VerificationError
from vpclab.statements.variant import ALL


@dataclass(frozen=True, slots=True)
class Subject:
    """A function that the program deploys for a statement about permissions, and what feeds it.

    ``kind`` is its key among the outputs (``sqs``, ``bucket``, …); ``source`` the queue's URL, or the name of the
    stream, table or bucket.
    """

    kind: str
    function_name: str
    role_name: str
    log_group_name: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Listener:
    """A host and port in the VPC that the function may try, and the security group in front of it."""

    host: str
    port: int
    security_group_id: str


@dataclass(frozen=True, slots=True)
class NatInstance:
    """An instance that the private subnets' default route leads to."""

    instance_id: str
    interface_id: str
    public_ip: str
    security_group_id: str


@dataclass(frozen=True, slots=True)
class Deployment:
    """The stack outputs that verification needs; names and shapes are those of the Pulumi program.

    What a stack's settings leave out is None or empty here. ``leaves_out_subjects``: the settings do so with the
    subjects; that none was read may have other reasons.
    """

    variant: str
    function_name: str
    role_name: str
    log_group_name: str
    vpc_id: str
    function_security_group_ids: tuple[str, ...]
    database_security_group_id: str
    database_endpoint: str
    database_port: int
    database_name: str
    database_secret_arn: str
    nat_public_ips: tuple[str, ...]
    subjects: tuple[Subject, ...] = ()
    leaves_out_subjects: bool = False
    cache: Listener | None = None
    load_balancer: Listener | None = None
    nat_instances: tuple[NatInstance, ...] = ()

    def subject(self, kind: str) -> Subject:
        """Return the subject of that kind.

        Raises:
            VerificationError: the stack has none, because its settings leave it out.
        """
        for subject in self.subjects:
            if subject.kind == kind:
                return subject
        raise VerificationError(
            f"the stack {self.variant} has no function for {kind}: set vpclab:permissionSubjects to true, and "
            f"`vpclab up {self.variant}`"
        )

    @property
    def function_names(self) -> tuple[str, ...]:
        """All functions of the deployment."""
        return (self.function_name, *(subject.function_name for subject in self.subjects))

    @classmethod
    def from_outputs(cls, variant: str, outputs: Mapping[str, Any]) -> "Deployment":
        """Read a stack's outputs.

        Raises:
            VerificationError: the variant is unknown, or an output is missing.
        """
        if variant not in ALL:
            raise VerificationError(f"there is no variant {variant!r}; there are {', '.join(ALL)}")
        try:
            return cls(
                variant=variant,
                function_name=str(outputs["function_name"]),
                role_name=str(outputs["role_name"]),
                log_group_name=str(outputs["log_group_name"]),
                vpc_id=str(outputs["vpc_id"]),
                function_security_group_ids=tuple(outputs["function_security_group_ids"] or ()),
                database_security_group_id=str(outputs["database_security_group_id"]),
                database_endpoint=str(outputs["database_endpoint"]).partition(":")[0],
                database_port=int(outputs["database_port"]),
                database_name=str(outputs["database_name"]),
                database_secret_arn=str(outputs["database_secret_arn"]),
                nat_public_ips=tuple(outputs["nat_public_ips"] or ()),
                subjects=tuple(_subjects(outputs)),
                leaves_out_subjects=all(outputs.get(kind) == {} for kind in SUBJECT_OUTPUTS),
                cache=_listener(outputs.get("cache")),
                load_balancer=_listener(outputs.get("load_balancer")),
                nat_instances=tuple(
                    NatInstance(**{field: str(found[field]) for field in NatInstance.__slots__})
                    for found in outputs.get("nat_instances") or ()
                ),
            )
        except KeyError as missing:
            raise VerificationError(
                f"the stack {variant} has no output {missing}; it is not up, or was made by another program: "
                f"`vpclab up {variant}` first"
            ) from None


def sources_of(deployments: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the tables and buckets of all deployments, given by their outputs, by the kind of subject."""
    found = [subject for outputs in deployments.values() for subject in _subjects(outputs)]
    return {kind: [subject.source for subject in found if subject.kind == kind] for kind in ("dynamodb", "bucket")}


SUBJECT_OUTPUTS = ("consumers", "bucket", "tracer", "invoked")
"""Each is exported empty where the settings leave it out, and is missing where it could not be made."""

_SOURCES = {"sqs": "queue_url", "kinesis": "stream_name", "dynamodb": "table_name", "bucket": "bucket_name"}


def _subjects(outputs: Mapping[str, Any]) -> Iterator[Subject]:
    found = dict(outputs.get("consumers") or {})
    found |= {kind: outputs[kind] for kind in SUBJECT_OUTPUTS[1:] if outputs.get(kind)}
    for kind, output in found.items():
        yield Subject(
            kind=kind,
            function_name=str(output["function_name"]),
            role_name=str(output["role_name"]),
            log_group_name=str(output["log_group_name"]),
            source=str(output[_SOURCES[kind]]) if kind in _SOURCES else "",
        )


def _listener(output: Mapping[str, Any] | None) -> Listener | None:
    if not output:
        return None
    return Listener(str(output["host"]), int(output["port"]), str(output["security_group_id"]))
