"""Replacing what moto does, so that it can be undone.

moto's classes are shared by the whole process; while a control plane is open they behave as corrected, and after
it is closed as shipped. That is how the contract tests can ask plain moto whether a correction is still needed.
"""

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

Moto: TypeAlias = Any
"""Something of moto's, which has no type information: a model, a backend, a method's arguments."""

T = TypeVar("T")

_ABSENT = object()


class Corrections:
    """A list of replaced attributes of classes and modules, undone in reverse."""

    def __init__(self) -> None:
        self._replaced: list[tuple[Any, str, Any]] = []

    def replace(self, owner: Moto, name: str, value: object) -> Moto:
        """Set ``owner.name`` and return what was reached by that name before, for the new one to build on."""
        own = vars(owner).get(name, _ABSENT)
        before = getattr(owner, name, None)
        self._replaced.append((owner, name, own))
        setattr(owner, name, value)
        return before

    def wrap(self, owner: Moto, name: str, around: Callable[..., object]) -> None:
        """Have a method's calls go to ``around(plain, self, …)``, where ``plain`` is what moto does."""
        plain = getattr(owner, name)

        def method(self: Moto, *args: Moto, **kwargs: Moto) -> object:
            return around(plain, self, *args, **kwargs)

        self.replace(owner, name, method)

    def replace_item(self, owner: dict[str, T], name: str, value: T) -> None:
        """Set ``owner[name]``."""
        self._replaced.append((owner, name, owner.get(name, _ABSENT)))
        owner[name] = value

    def undo(self) -> None:
        """Put everything back, last replacement first."""
        while self._replaced:
            owner, name, value = self._replaced.pop()
            if isinstance(owner, dict):
                if value is _ABSENT:
                    del owner[name]
                else:
                    owner[name] = value
            elif value is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, value)
