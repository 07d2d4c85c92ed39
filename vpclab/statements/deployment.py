"""One deployed variant, by the outputs of its stack."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vpclab.statements.error import VerificationError
from vpclab.statements.variant import VARIANTS


@dataclass(frozen=True, slots=True)
class Deployment:
    """The stack outputs that verification needs; names and shapes are those of the Pulumi program."""

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

    @classmethod
    def from_outputs(cls, variant: str, outputs: Mapping[str, Any]) -> "Deployment":
        """Read a stack's outputs.

        Raises:
            VerificationError: the variant is unknown, or an output is missing.
        """
        if variant not in VARIANTS:
            raise VerificationError(f"there is no variant {variant!r}; there are {', '.join(VARIANTS)}")
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
            )
        except KeyError as missing:
            raise VerificationError(
                f"the stack {variant} has no output {missing}; it is not up, or was made by another program: "
                f"`vpclab up {variant}` first"
            ) from None
