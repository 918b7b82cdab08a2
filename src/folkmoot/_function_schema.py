"""From a Python function to the JSON schema a model is shown, and from a model's arguments back to values."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, cast, get_args, get_origin

import docstring_parser
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.errors import PydanticUserError
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema

__all__ = ["Arguments", "Docs", "read_arguments", "read_docs", "strict_schema"]

Schema = dict[str, Any]


class _PlainSchema(GenerateJsonSchema):
    """JSON schema without made-up titles, which cost tokens with every request and say nothing."""

    def emit_warning(self, kind: object, detail: str) -> None:
        """Say nothing of a default that is no JSON: the function has it, a model need not know it."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False


class Docs(typing.NamedTuple):
    """What a docstring says: its first sentence, and a text for each argument."""

    summary: str
    arguments: Mapping[str, str]


class Arguments(typing.NamedTuple):
    """A function's arguments, as far as a model gives them.

    Attributes:
        model: Checks them.
        names: The function's parameter for each field of `model`.
        schema: The JSON schema, an object.
    """

    model: type[BaseModel]
    names: Mapping[str, str]
    schema: Schema

    def read(self, args: Mapping[str, Any]) -> dict[str, object]:
        """The keyword arguments for the function, converted; those left out are left to its defaults.

        Raises:
            ValueError: Something is missing, unknown or of the wrong type; says all of it in one line.
        """
        try:
            read = self.model.model_validate(dict(args))
        except ValidationError as error:
            raise ValueError("; ".join(_problem(detail) for detail in error.errors())) from None
        return {self.names[field]: getattr(read, field) for field in read.model_fields_set}


def _problem(detail: Any) -> str:
    place = ".".join(str(step) for step in detail["loc"])
    got = "" if detail["type"] == "missing" else f", got {_short(detail['input'])}"
    return f"{place}: {detail['msg']}{got}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}..."


def read_docs(func: Callable[..., object]) -> Docs:
    """The parts of a function's docstring, in any of the usual styles."""
    parsed = docstring_parser.parse(inspect.getdoc(func) or "")
    described = {param.arg_name: param.description for param in parsed.params if param.description}
    return Docs(parsed.short_description or "", described)


def read_arguments(
    name: str, func: Callable[..., object], docs: Mapping[str, str], injected: Callable[[str, object], bool]
) -> tuple[Arguments, list[str]]:
    """A function's arguments for a model, and the parameters that the caller fills instead.

    Args:
        name: The tool's name, for errors.
        func: The function.
        docs: Descriptions for parameters that have none in their annotation.
        injected: Whether a parameter (name, annotation) is the caller's business.

    Raises:
        ValueError: A parameter has no annotation, cannot be passed by name, or its type has no JSON schema.
    """
    hints = _hints(name, func)
    fields: dict[str, Any] = {}
    names: dict[str, str] = {}
    filled: list[str] = []
    for parameter in inspect.signature(func).parameters.values():
        hint = hints.get(parameter.name, parameter.annotation)
        if injected(parameter.name, hint):
            filled.append(parameter.name)
            continue
        _check_parameter(name, parameter)
        # Fields get names of our own: pydantic refuses or warns of some, such as `_x` or `schema`.
        field = f"arg_{len(fields)}"
        names[field] = parameter.name
        fields[field] = _field(parameter, hint, docs.get(parameter.name))
    try:
        model = create_model(f"{name}args", __config__=ConfigDict(extra="forbid"), **fields)
        schema = model.model_json_schema(schema_generator=_PlainSchema)
    except (PydanticUserError, TypeError, ValueError, NameError) as error:
        raise ValueError(f"Tool {name!r} has a parameter whose type a model cannot be told of: {error}") from None
    return Arguments(model, names, _parameters(schema)), filled


def _parameters(schema: Schema) -> Schema:
    parameters: Schema = {
        "type": "object",
        "properties": schema.get("properties", {}),
        "required": schema.get("required", []),
        "additionalProperties": False,
    }
    return {**parameters, "$defs": schema["$defs"]} if "$defs" in schema else parameters


def _hints(name: str, func: Callable[..., object]) -> dict[str, object]:
    target = func
    while isinstance(target, functools.partial):
        target = cast("functools.partial[object]", target).func
    if not inspect.isroutine(target):
        target = type(target).__call__
    try:
        return typing.get_type_hints(target, include_extras=True)
    except NameError as error:
        raise ValueError(f"An annotation of tool {name!r} cannot be resolved: {error}.") from None


def _check_parameter(name: str, parameter: inspect.Parameter) -> None:
    if parameter.kind not in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY):
        raise ValueError(f"Parameter {parameter.name!r} of tool {name!r} cannot be passed by name, as models do.")
    if parameter.annotation is inspect.Parameter.empty:
        raise ValueError(f"Parameter {parameter.name!r} of tool {name!r} has no type annotation; models need one.")


def _field(parameter: inspect.Parameter, hint: object, described: str | None) -> tuple[object, FieldInfo]:
    extras: list[object] = []
    if get_origin(hint) is Annotated:
        hint, *extras = get_args(hint)
    texts = [extra for extra in extras if isinstance(extra, str)]
    told = [extra.description for extra in extras if isinstance(extra, FieldInfo) and extra.description]
    description = next(iter([*texts, *told]), described)
    for extra in extras:
        if not isinstance(extra, str):
            hint = Annotated[hint, extra]
    default: Any = ... if parameter.default is inspect.Parameter.empty else parameter.default
    return hint, Field(default, alias=parameter.name, description=description)


def strict_schema(schema: Mapping[str, Any]) -> Schema:
    """The schema as OpenAI's strict mode wants it: objects closed, all properties required, no defaults."""
    return cast(Schema, _strict(schema))


def _strict(node: object) -> object:
    if isinstance(node, list):
        return [_strict(item) for item in cast(list[object], node)]
    if not isinstance(node, Mapping):
        return node
    strict: Schema = {}
    for key, value in cast(Mapping[str, Any], node).items():
        if key in ("properties", "$defs"):
            # Their keys are names of fields, which may be called `default` too.
            strict[key] = {name: _strict(item) for name, item in value.items()}
        elif key != "default":
            strict[key] = _strict(value)
    if "properties" in strict:
        strict.update(required=list(strict["properties"]), additionalProperties=False)
    return strict
