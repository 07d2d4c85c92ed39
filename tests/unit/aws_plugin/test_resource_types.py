"""The table holds what the official SDK declares: what works with it works with the official plugin."""

import importlib
import inspect
import re
from functools import cache
from typing import Any, get_type_hints

import pytest

from vpclab.toolchain.aws_plugin.functions import FUNCTIONS
from vpclab.toolchain.aws_plugin.resource_types import RESOURCE_TYPES
from vpclab.toolchain.aws_plugin.schema import Input, Kind, ResourceType

pytestmark = pytest.mark.filterwarnings(
    "ignore:.* has been deprecated in favor of:DeprecationWarning"  # from importing the SDK
)

ROWS = list(RESOURCE_TYPES.values())
ONLY_OF_OTHER_TYPES = {("aws:ec2/vpcEndpoint:VpcEndpoint", "privateDnsEnabled")}
"""Forces a new endpoint where its type is not Interface; the row refuses it there."""
MODULES = {"lambda": "lambda_", "index": ""}


@cache
def sdk_class(token: str) -> Any:  # noqa: ANN401
    """Return the SDK's class for a type token such as ``aws:ec2/vpc:Vpc``."""
    _, module, name = token.split(":")
    package = MODULES.get(module.split("/")[0], module.split("/")[0])
    return getattr(importlib.import_module(f"pulumi_aws.{package}"), name)


def wire_names(class_: Any) -> dict[str, str]:  # noqa: ANN401
    """Return official names by the SDK's Python names: the getters of a class carry both."""
    return {
        name: getattr(member.fget, "_pulumi_name", name)
        for name, member in inspect.getmembers(class_, lambda member: isinstance(member, property))
        if name not in ("urn", "id", "pulumi_resource_name", "pulumi_resource_type")
    }


@cache
def declared(token: str) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return (inputs, required inputs, everything in the state), by their official names."""
    class_ = sdk_class(token)
    arguments = importlib.import_module(class_.__module__).__dict__[f"{class_.__name__}Args"]
    inputs = wire_names(arguments)
    signature = inspect.signature(arguments.__init__).parameters
    required = {inputs[name] for name in inputs if signature[name].default is inspect.Parameter.empty}
    return frozenset(inputs.values()), frozenset(required), frozenset(wire_names(class_).values())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.type_name)
def test_row_can_name_only_official_inputs(row: ResourceType) -> None:
    """Every input that the stand-in takes is one that the official plugin takes."""
    inputs, _, _ = declared(row.type_name)
    assert row.all_inputs.keys() <= inputs


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.type_name)
def test_row_can_require_what_the_sdk_requires(row: ResourceType) -> None:
    """What the SDK requires the row requires; it asks for more only where AWS has no use for less."""
    _, required, _ = declared(row.type_name)
    mine = {name for name, one in row.inputs.items() if one.required}
    assert required <= mine
    assert mine - required <= {"cidrBlock", "subnetId"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.type_name)
def test_row_can_give_every_official_output(row: ResourceType) -> None:
    """The state holds official names alone, and all of them but those of inputs that are not modelled."""
    inputs, _, outputs = declared(row.type_name)
    assert row.all_outputs <= outputs | inputs
    assert outputs - (inputs - row.all_inputs.keys()) <= row.all_outputs


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.type_name)
def test_row_can_replace_for_whatever_the_sdk_says_it_does(row: ResourceType) -> None:
    """An input of which the SDK's documentation says that another value means another resource."""
    class_ = sdk_class(row.type_name)
    arguments = importlib.import_module(class_.__module__).__dict__[f"{class_.__name__}Args"]
    names = wire_names(arguments)
    for name, official in names.items():
        text = (getattr(arguments, name).fget.__doc__ or "").lower()
        if re.search(r"forces? (a |the )?(new|creation|replacement)|cannot be (changed|modified) after", text):
            modelled = official in row.inputs and (row.type_name, official) not in ONLY_OF_OTHER_TYPES
            assert not modelled or row.inputs[official].replaces, f"{row.type_name} {official}"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.type_name)
def test_row_can_hold_the_kinds_of_values_that_the_sdk_declares(row: ResourceType) -> None:
    """A string is a string, a list a list, a nested object's fields are its official fields."""
    class_ = sdk_class(row.type_name)
    module = importlib.import_module(class_.__module__)
    arguments = module.__dict__[f"{class_.__name__}Args"]
    for name, official in wire_names(arguments).items():
        if official in row.all_inputs:
            check_kind(row.all_inputs[official], annotation(arguments, name), module)


def annotation(arguments: Any, name: str) -> str:  # noqa: ANN401
    return str(inspect.signature(arguments.__init__).parameters[name].annotation)


def check_kind(one: Input, text: str, module: Any) -> None:  # noqa: ANN401
    expected = {
        Kind.STRING: "str",
        Kind.POLICY: "str",
        Kind.VERSION: "str",
        Kind.BOOLEAN: "bool",
        Kind.NUMBER: "int",
        Kind.LIST: "Sequence",
        Kind.SET: "Sequence",
        Kind.OBJECTS: "Sequence",
        Kind.MAP: "Mapping",
        Kind.OBJECT: "Args",
        Kind.ARCHIVE: "Archive",
    }
    assert expected[one.kind] in text, text
    if one.kind in (Kind.STRING, Kind.POLICY, Kind.VERSION, Kind.BOOLEAN, Kind.NUMBER):
        assert "Sequence" not in text, text
        assert "Mapping" not in text, text
    nested = re.search(r"'?(\w+Args)'?", text)
    if one.kind in (Kind.OBJECT, Kind.OBJECTS):
        assert nested, text
        inner = getattr(importlib.import_module("._inputs", module.__package__), nested[1])
        names = set(wire_names(inner).values())
        # An id is no name of the SDK's that wire_names gives; the service fills vpcId in, as an output alone.
        assert one.fields.keys() <= names | {"id", "vpcId"}


def test_table_can_be_asked_by_token() -> None:
    """The engine asks by the token that the SDK's class sends."""
    for row in ROWS:
        source = inspect.getsource(sdk_class(row.type_name))
        assert f"'{row.type_name}'" in source


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda function: function.token)
def test_function_can_take_and_give_official_names(function: Any) -> None:  # noqa: ANN401
    """A function's arguments are the SDK's, and so are the names in its answer."""
    _, module, name = function.token.split(":")
    package = MODULES.get(module.split("/")[0], module.split("/")[0])
    home = importlib.import_module(f"pulumi_aws.{package}" if package else "pulumi_aws")
    python_name = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    call = getattr(home, python_name)
    text = inspect.getsource(call)
    assert function.token in text
    official = set(re.findall(r"__args__\['(\w+)'\]", text))
    assert function.arguments <= official


def test_type_hints_can_be_resolved() -> None:
    """The call that a row's functions get is the one that its declaration names."""
    from vpclab.toolchain.aws_plugin import call, schema  # noqa: PLC0415

    assert get_type_hints(schema.ResourceType, {"Call": call.Call})["read"]
