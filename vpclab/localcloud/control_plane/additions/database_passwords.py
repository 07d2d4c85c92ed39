"""Master passwords of RDS instances: the caller's own, or one that RDS makes and keeps in a secret.

moto's managed password is the same constant for all, and its rotation changes nothing. AWS (RDS guide, "Password
management with Amazon RDS and AWS Secrets Manager"): a secret with the user's name and a random password; rotation
is a new version of it, ``AWSCURRENT``, which the server follows, while the one before stays as ``AWSPREVIOUS``.
"""

# ruff: noqa: SLF001 - moto keeps its state in private attributes

import json
import re
import secrets
import string
from collections.abc import Mapping
from uuid import uuid4

from moto.rds import models
from moto.rds.exceptions import RDSClientError

from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_LETTERS = string.ascii_letters + string.digits + "!#$%&()*+,-.:;<=>?[]^_{|}~"
_LENGTH = 28
_SHORTEST, _LONGEST = 8, 128
_POSSIBLE = re.compile(r"[!#-.0-?A-~]*")
_RESERVED = frozenset({"admin", "rdsadmin", "rdsrepladmin", "rds_superuser"})
_USER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")


def correct(corrections: Corrections) -> None:
    """Make real passwords, and rotate them."""
    secret_class = models.MasterUserSecret
    corrections.replace(secret_class, "_generate_secret_string", _secret_string)
    corrections.replace(secret_class, "rotate_secret", _rotate)


def current(instance: Moto) -> str:
    """Return the password that the server should have now."""
    if not instance.manage_master_user_password:
        own: str = instance._master_user_password
        return own
    secret = instance.master_user_secret.secret
    version = secret.versions[secret.default_version_id]
    password: str = json.loads(version["secret_string"])["password"]
    return password


def check_created(given: Mapping[str, Moto]) -> None:
    """Raise RDS's error for users and passwords that CreateDBInstance cannot take."""
    user = given.get("master_username") or ""
    if not _USER.fullmatch(user):
        raise RDSClientError(
            "InvalidParameterValue",
            "The parameter MasterUsername must be provided and must not be blank."
            if not user
            else f"The parameter MasterUsername is not a valid identifier: {user}",
        )
    if user.lower() in _RESERVED or user.lower().startswith("pg_"):
        raise RDSClientError(
            "InvalidParameterValue",
            f"MasterUsername {user} cannot be used as it is a reserved word used by the engine",
        )
    _check_one_of(given)
    if not given.get("manage_master_user_password"):
        _check_password(given.get("master_user_password"))


def check_changed(instance: Moto, given: Mapping[str, Moto]) -> None:
    """Raise RDS's error for what ModifyDBInstance cannot do with the password."""
    _check_one_of(given)
    password, managed = given.get("master_user_password"), given.get("manage_master_user_password")
    if managed is None and instance.manage_master_user_password and password:
        raise RDSClientError(
            "InvalidParameterCombination",
            "You can't specify MasterUserPassword for an instance with ManageMasterUserPassword.",
        )
    if managed is False and instance.manage_master_user_password and not password:
        raise RDSClientError(
            "InvalidParameterCombination",
            "You must specify MasterUserPassword when you turn ManageMasterUserPassword off.",
        )
    if password is not None:
        _check_password(password)
    if not given.get("rotate_master_user_password"):
        return
    if not instance.manage_master_user_password:
        raise RDSClientError(
            "InvalidParameterCombination",
            "You can't rotate the master user password of an instance that ManageMasterUserPassword is off for.",
        )


def _check_one_of(given: Mapping[str, Moto]) -> None:
    if given.get("manage_master_user_password") and given.get("master_user_password"):
        raise RDSClientError(
            "InvalidParameterCombination",
            "You can't specify MasterUserPassword together with ManageMasterUserPassword.",
        )


def _check_password(password: str | None) -> None:
    name = "The parameter MasterUserPassword"
    if not password:
        raise RDSClientError("InvalidParameterValue", f"{name} must be provided and must not be blank.")
    if len(password) < _SHORTEST:
        reason = f"it is shorter than {_SHORTEST} characters."
        raise RDSClientError("InvalidParameterValue", f"{name} is not a valid password because {reason}")
    if len(password) > _LONGEST:
        reason = f"it is longer than {_LONGEST} characters."
        raise RDSClientError("InvalidParameterValue", f"{name} is not a valid password because {reason}")
    if not _POSSIBLE.fullmatch(password):
        raise RDSClientError(
            "InvalidParameterValue",
            f"{name} is not a valid password. Only printable ASCII characters besides '/', '@', '\"', ' ' may be "
            "used.",
        )


def _secret_string(self: Moto) -> str:
    password = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    return json.dumps({"username": self.resource.master_username, "password": password})


def _rotate(self: Moto) -> None:
    self._status = "rotating"
    self.secretsmanager.put_secret_value(
        secret_id=self.secret.arn,
        secret_string=self._generate_secret_string(),
        secret_binary=None,
        client_request_token=str(uuid4()),
        version_stages=["AWSCURRENT"],
    )
    self.secret = self.secretsmanager.secrets[self.secret.arn]
