"""Names and descriptions of security groups and rules, as far as EC2 accepts them.

moto keeps any text. AWS: EC2 API, CreateSecurityGroup and IpRange (up to 255 characters of a set; names do not
begin with ``sg-``). The wording for characters outside ASCII and outside the set is from memory.
"""

import re

from moto.ec2.exceptions import EC2ClientError

_MOST = 255
_SET = r"a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*"
_ALLOWED = re.compile(f"[{_SET}]*")
_SPELLED = "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"


def check_group(name: str, description: str | None) -> None:
    """Raise EC2's error for what cannot be a group's name or description."""
    if name.lower().startswith("sg-"):
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Value ({name}) for parameter GroupName is invalid. Group names may not be in the format sg-*.",
        )
    _check_characters("GroupName", "security group name", name)
    _check_characters("GroupDescription", "security group description", description or "")


def check_description(description: str | None) -> None:
    """Raise EC2's error for what cannot be a rule's description."""
    _check_characters("Description", "rule description", description or "")


def _check_characters(parameter: str, what: str, text: str) -> None:
    if not text.isascii():
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Value ({text}) for parameter {parameter} is invalid. Character sets beyond ASCII are not supported.",
        )
    if len(text) > _MOST or _ALLOWED.fullmatch(text) is None:
        kind = what.rpartition(" ")[2]
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Invalid {what}. Valid {kind}s are strings less than 256 characters from the following set: "
            f"{_SPELLED}",
        )
