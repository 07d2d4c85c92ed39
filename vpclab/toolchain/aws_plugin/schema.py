"""What a row of the table says about a resource type."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vpclab.toolchain.aws_plugin.call import Call


class Kind(Enum):
    """What an input holds, and with that how two values of it are compared."""

    STRING = auto()
    BOOLEAN = auto()
    NUMBER = auto()
    LIST = auto()
    """Strings whose order matters."""
    SET = auto()
    """Strings whose order does not matter."""
    MAP = auto()
    """Strings by names of the user's choice."""
    OBJECT = auto()
    """Named fields, of which the row lists those that are modelled."""
    OBJECTS = auto()
    """Objects whose order does not matter."""
    POLICY = auto()
    """JSON text; two texts are equal when their documents are."""
    VERSION = auto()
    """A version of which the user may give the beginning."""
    ARCHIVE = auto()


@dataclass(frozen=True, slots=True)
class Input:
    """One input.

    ``replaces``: no API call changes it, so that another value means another resource.
    ``computed``: AWS fills it in when it is left out, and leaving it out later changes nothing.
    ``default``: what it is when left out.
    ``local``: it steers the plugin and is not read back from AWS.
    ``named``: when left out it becomes the resource's name and a random suffix, of at most so many characters.
    """

    kind: Kind = Kind.STRING
    required: bool = False
    replaces: bool = False
    computed: bool = False
    default: Any = None
    secret: bool = False
    local: bool = False
    named: int = 0
    fields: Mapping[str, "Input"] = field(default_factory=dict)


Inputs = Mapping[str, Input]

TEXT = Input()
SWITCH = Input(Kind.BOOLEAN, default=False)
NUMBER = Input(Kind.NUMBER)
SET = Input(Kind.SET)

TAGS = Input(Kind.MAP)
REGION = Input(replaces=True, computed=True)


def required(like: Input) -> Input:
    """Return ``like``, required."""
    return replace(like, required=True)


def fixed(like: Input) -> Input:
    """Return ``like``, of which another value means another resource."""
    return replace(like, replaces=True)


def computed(like: Input) -> Input:
    """Return ``like``, which AWS fills in when it is left out."""
    return replace(like, computed=True, default=None)


def local(like: Input) -> Input:
    """Return ``like``, which is not read back from AWS."""
    return replace(like, local=True)


def _no_problems(_: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    return iter(())


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A resource type: its properties, and the API calls behind its life.

    ``create`` makes the resource and returns its id. ``settle`` then says what the creating call does not take,
    and waits until the resource can be used; when it fails, what was made is deleted again. ``read`` returns the
    properties by their official names, tags under ``tagsAll``, or None when the resource is gone; an error whose
    code is in ``missing`` says the same. ``update`` gets the names of the inputs that changed, tags excepted:
    ``tag`` writes those (tags to set, names to remove).
    ``moving`` outputs are not known before an update is done.
    ``problems`` yields (input, what is wrong with it) where inputs contradict each other.
    """

    type_name: str
    noun: str
    service: str
    inputs: Inputs
    outputs: frozenset[str]
    create: Callable[["Call"], str]
    read: Callable[["Call"], dict[str, Any] | None]
    delete: Callable[["Call"], None]
    update: Callable[["Call", frozenset[str]], None] | None = None
    settle: Callable[["Call"], None] | None = None
    tag: Callable[["Call", dict[str, str], list[str]], None] | None = None
    missing: frozenset[str] = frozenset()
    moving: frozenset[str] = frozenset()
    regional: bool = True
    create_seconds: float = 600
    delete_seconds: float = 1200
    problems: Callable[[Mapping[str, Any]], Iterable[tuple[str, str]]] = _no_problems

    @property
    def all_inputs(self) -> dict[str, Input]:
        """The row's inputs, and those that every such type has."""
        common = ({"tags": TAGS} if self.tag else {}) | ({"region": REGION} if self.regional else {})
        return {**self.inputs, **common}

    @property
    def all_outputs(self) -> frozenset[str]:
        """Names of everything that is in the state: inputs and what AWS adds."""
        return self.outputs | self.all_inputs.keys() | ({"tagsAll"} if self.tag else set())
