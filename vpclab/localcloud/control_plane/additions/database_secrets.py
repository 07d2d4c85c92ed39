"""Secrets that RDS manages: it alone may change, rotate or delete them.

moto lets anybody delete them. AWS: Secrets Manager guide, "Secrets managed by other AWS services" (a service may
keep others from changing or deleting its secrets, and rotates them by itself: RDS every seven days); RDS guide,
"Password management with Amazon RDS and AWS Secrets Manager". The sentence is from memory.
"""

from functools import partial

from moto.rds import models
from moto.secretsmanager.exceptions import InvalidRequestException
from moto.secretsmanager.responses import SecretsManagerResponse

from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_OWNER = "rds"
_ROTATION_DAYS = 7
_KEPT = ("delete_secret", "put_secret_value", "update_secret", "update_secret_version_stage")


def correct(corrections: Corrections) -> None:
    """Keep managed secrets from callers, and describe their rotation."""
    for name in _KEPT:
        corrections.wrap(SecretsManagerResponse, name, _keep)
    corrections.wrap(models.MasterUserSecret, "_create_secret", _create)


def _keep(plain: Moto, self: Moto) -> Moto:
    identifier = self._get_param("SecretId")
    secret = self.backend.secrets.get(identifier) if identifier else None
    if secret is not None and secret.owning_service == _OWNER:
        raise InvalidRequestException(
            f"You can't perform this operation on the secret {secret.name}, because it is managed by {_OWNER}."
        )
    return plain(self)


def _create(plain: Moto, self: Moto, kms_key_id: str | None) -> Moto:
    secret = plain(self, kms_key_id)
    describe = partial(_describe, secret.to_dict)
    secret.to_dict = describe
    return secret


def _describe(plain: Moto) -> Moto:
    told = plain()
    return told | {"RotationEnabled": True, "RotationRules": {"AutomaticallyAfterDays": _ROTATION_DAYS}}
