"""Permissions boundaries of users, and boundaries that exist.

moto has none for users, and takes any ARN for a role's. AWS: IAM API reference, PutUserPermissionsBoundary,
CreateUser, PutRolePermissionsBoundary and DeletePolicy.
"""

from moto.core.responses import ActionResult, EmptyResult
from moto.iam import models, responses
from moto.iam.exceptions import DeleteConflictException, NoSuchEntity

from vpclab.localcloud.control_plane.corrections import Corrections, Moto

_BOUNDARY = 3
"""Where moto's ``create_role`` has the boundary among its arguments."""


def correct(corrections: Corrections) -> None:
    """Give users a boundary, and check every boundary that is set."""
    corrections.replace(models.User, "permissions_boundary_arn", None)
    corrections.replace(models.User, "permissions_boundary", property(_shown))
    corrections.replace(responses.IamResponse, "put_user_permissions_boundary", _put_for_user)
    corrections.replace(responses.IamResponse, "delete_user_permissions_boundary", _delete_for_user)
    corrections.wrap(responses.IamResponse, "create_user", _create_user)
    corrections.wrap(models.IAMBackend, "create_role", _create_role)
    corrections.wrap(models.IAMBackend, "put_role_permissions_boundary", _put_for_role)
    corrections.wrap(models.IAMBackend, "delete_policy", _delete_policy)


def _shown(user: Moto) -> dict[str, str] | None:
    arn = user.permissions_boundary_arn
    return {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn} if arn else None


def _put_for_user(self: Moto) -> Moto:
    arn = self._get_param("PermissionsBoundary")
    user = self.backend.get_user(self._get_param("UserName"))
    _check(self.backend, arn)
    user.permissions_boundary_arn = arn
    return EmptyResult()


def _delete_for_user(self: Moto) -> Moto:
    user = self.backend.get_user(self._get_param("UserName"))
    if user.permissions_boundary_arn is None:
        raise NoSuchEntity(f"The user with name {user.name} does not have a permissions boundary.")
    user.permissions_boundary_arn = None
    return EmptyResult()


def _create_user(plain: Moto, self: Moto) -> Moto:
    arn = self._get_param("PermissionsBoundary")
    if arn:
        _check(self.backend, arn)
    made = plain(self)
    if arn:
        self.backend.get_user(self._get_param("UserName")).permissions_boundary_arn = arn
        return ActionResult({"User": self.backend.get_user(self._get_param("UserName"))})
    return made


def _create_role(plain: Moto, backend: Moto, *given: Moto, **named: Moto) -> Moto:
    boundary = named["permissions_boundary"] if "permissions_boundary" in named else given[_BOUNDARY]
    if boundary:
        _check(backend, boundary)
    return plain(backend, *given, **named)


def _put_for_role(plain: Moto, backend: Moto, role_name: str, boundary: str) -> None:
    backend.get_role(role_name)
    _check(backend, boundary)
    plain(backend, role_name, boundary)


def _delete_policy(plain: Moto, backend: Moto, arn: str) -> None:
    for one in (*backend.users.values(), *backend.roles.values()):
        if one.permissions_boundary_arn == arn:
            raise DeleteConflictException(
                f"Cannot delete a policy attached to entities. It is a permissions boundary of {one.arn}."
            )
    plain(backend, arn)


def _check(backend: Moto, arn: str) -> None:
    if arn not in backend.managed_policies:
        raise NoSuchEntity(f"Scope ARN: {arn} does not exist or is not attachable.")
