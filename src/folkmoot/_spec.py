"""The base of everything a user writes: frozen pydantic models that *are* their JSON.

- `Frozen`: checked at construction, compared by JSON; fields at their default are left out of it, so a digest
  stays the same when a later release adds a field.
- `Spec`: a `Frozen` with a `type`. A field typed with a family (`Participant`, `AgentSpec`, the base of
  teams, conditions or contexts) reads any member of it: a JSON object is dispatched on its `type` through a
  registry that subclassing fills, so a new kind of agent or team needs no change here.

What cannot be JSON (functions, models with their keys) is held privately and handed out by `carried`.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import reprlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Self, cast

from pydantic import BaseModel, ModelWrapValidatorHandler, ValidationError, model_serializer, model_validator

if TYPE_CHECKING:
    from .tools import FunctionTool

__all__ = [
    "AgentSpec",
    "Carried",
    "Frozen",
    "Participant",
    "Spec",
    "carried",
    "function_name",
    "load_spec",
    "parts",
    "spec_digest",
    "spec_json",
    "to_json",
    "walk",
]


_BY_TYPE: dict[str, type[Spec]] = {}
"""Every concrete spec class by its `type`."""


class _Fields(dict[str, object]):
    """Constructor arguments on their way to pydantic, as against JSON that has to be dispatched first."""


class Frozen(BaseModel, frozen=True, extra="forbid", hide_input_in_errors=False):
    """An immutable value with a JSON form.

    Raises:
        ValueError: At construction, when a value is refused; `pydantic.ValidationError` is one too.
    """

    def __init__(self, /, **fields: object) -> None:
        self._fill(**fields)

    def _fill(self, /, **fields: object) -> None:
        """Validate and set the fields: what a constructor ends in."""
        try:
            type(self).__pydantic_validator__.validate_python(_Fields(fields), self_instance=self)
        except ValidationError as error:
            cause = _raised_by_validator(error)
            if cause is None:
                raise
            raise cause from None
        self.check()

    def _hold(self, **live: object) -> None:
        """Set private attributes, which are outside the JSON; type checkers take them for frozen too."""
        for name, value in live.items():
            setattr(self, name, value)

    def check(self) -> None:
        """Refuse values that do not fit together; subclasses add theirs and call `super().check()`."""

    @model_validator(mode="wrap")
    @classmethod
    def _read(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if isinstance(value, _Fields):
            return handler(value)
        return value if isinstance(value, cls) else cls.from_json(value)

    @classmethod
    def from_json(cls, data: object) -> Self:
        """The value whose JSON form is `data`.

        Raises:
            ValueError: `data` is not the JSON of one.
        """
        return cls._build(_object(cls, data))

    @classmethod
    def _build(cls, fields: Mapping[str, object]) -> Self:
        # Not through `__init__`: the arguments users write (functions, classes) and the JSON fields differ.
        self = cls.__new__(cls)
        self._fill(**fields)
        return self

    def to_json(self) -> object:
        """The JSON form, without the fields that are at their default."""
        form: dict[str, object] = {}
        for name, info in type(self).model_fields.items():
            value: object = getattr(self, name)
            if name == "type" or info.is_required() or value != info.get_default(call_default_factory=True):
                form[name] = to_json(value)
        return form

    @model_serializer(mode="plain")
    def _dump(self) -> Any:
        return self.to_json()

    def carry(self, into: Carried) -> None:
        """Add the live objects that this very value holds (not its parts)."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.to_json() == cast(Frozen, other).to_json()

    def __hash__(self) -> int:
        return hash(_canonical(self))


class Spec(Frozen, frozen=True):
    """A value whose JSON says what it is: concrete specs declare `type: Literal["Name"] = "Name"`."""

    type: str
    """The class name. Filled by the class, never passed by users."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if "type" not in inspect.get_annotations(cls):
            return
        kind = cls.model_fields["type"].default
        if kind != cls.__name__:
            raise TypeError(f"The type of {cls.__name__} must be its class name, got {kind!r}.")
        other = _BY_TYPE.get(kind)
        if other is not None and (other.__module__, other.__qualname__) != (cls.__module__, cls.__qualname__):
            raise TypeError(f"A spec of type {kind!r} exists already: {other.__module__}.{other.__qualname__}.")
        _BY_TYPE[kind] = cls

    @classmethod
    def from_json(cls, data: object) -> Self:
        """The member of this family whose JSON form is `data`.

        Raises:
            ValueError: `data` is no JSON object, has no `type` or one that this family does not know.
        """
        fields = _object(cls, data)
        kind = fields.pop("type", None)
        if kind is None and not cls.model_fields["type"].is_required():
            return cls._build(fields)
        found = _BY_TYPE.get(kind) if isinstance(kind, str) else None
        if found is None or not issubclass(found, cls):
            names = ", ".join(sorted(name for name, member in _BY_TYPE.items() if issubclass(member, cls)))
            said = "has no 'type'" if kind is None else f"has the unknown type {kind!r}"
            raise ValueError(f"A {cls.__name__} {said}; expected one of: {names}.")
        return found._build(fields)


class Participant(Spec, frozen=True, hide_input_in_errors=True):
    """Who can take part in a chat, or be opened as one: an agent or a team.

    Validation errors do not show the input: somebody might have put a key into a model spec inside.
    """

    name: str
    """Unique within the team."""

    description: str
    """What it can do; teams that choose speakers by model show it to the model."""

    def check(self) -> None:
        """Refuse an empty name."""
        super().check()
        if not self.name:
            raise ValueError("The name of a participant must not be empty.")


class AgentSpec(Participant, frozen=True):
    """A participant that is one agent."""

    def check(self) -> None:
        """Refuse a name that is no identifier (AutoGen: BaseChatAgent)."""
        super().check()
        if not self.name.isidentifier():
            raise ValueError("The agent name must be a valid Python identifier.")

    @property
    def produced_message_types(self) -> tuple[str, ...]:
        """The names of the message types it may answer with (AutoGen's property, there the classes)."""
        return ("TextMessage",)


@dataclass
class Carried:
    """The live objects a spec holds, by the names its JSON gives them.

    Attributes:
        tools: Tools with their functions.
        models: Models, as passed for `model_client`.
        functions: Condition functions and the like.
        agents: Custom agents.
        memories: Memory stores.
        workbenches: Workbenches.
    """

    tools: dict[str, FunctionTool] = field(default_factory=dict[str, "FunctionTool"])
    models: dict[str, object] = field(default_factory=dict[str, object])
    functions: dict[str, Callable[..., object]] = field(default_factory=dict[str, Callable[..., object]])
    agents: dict[str, object] = field(default_factory=dict[str, object])
    memories: dict[str, object] = field(default_factory=dict[str, object])
    workbenches: dict[str, object] = field(default_factory=dict[str, object])

    def add_tool(self, tool: FunctionTool) -> None:
        """Take in a tool; the same function under the same schema may come any number of times."""
        other = self.tools.setdefault(tool.name, tool)
        if not other.same_as(tool):
            raise _clash("tools", tool.name)

    def add_model(self, name: str, model: object) -> None:
        """Take in a model."""
        _add("models", self.models, name, model)

    def add_function(self, name: str, function: Callable[..., object]) -> None:
        """Take in a function."""
        if not _same_function(self.functions.setdefault(name, function), function):
            raise _clash("functions", name)

    def add_agent(self, name: str, agent: object) -> None:
        """Take in a custom agent."""
        _add("agents", self.agents, name, agent)

    def add_memory(self, name: str, memory: object) -> None:
        """Take in a memory store."""
        _add("memory stores", self.memories, name, memory)

    def add_workbench(self, name: str, workbench: object) -> None:
        """Take in a workbench."""
        _add("workbenches", self.workbenches, name, workbench)


def _add(kind: str, known: dict[str, object], name: str, live: object) -> None:
    if known.setdefault(name, live) is not live:
        raise _clash(kind, name)


def _clash(kind: str, name: str) -> ValueError:
    return ValueError(
        f"Two different {kind} are named {name!r}; a spec's JSON holds only the name, so rename one of them."
    )


def function_name(func: str | Callable[..., object], role: str) -> str:
    """The name a spec's JSON holds for a function.

    A lambda is known by what it is compiled to: the same words have the same name in every process of one version of
    Python, and other words another. What is to outlive both is written with `def`, or registered by name.

    Args:
        func: The function, or its registered name.
        role: What it is for, as errors call it, such as `A condition function`.

    Raises:
        ValueError: The name is empty, or the function has none to be known by, such as a `functools.partial`.
    """
    if isinstance(func, str):
        if not func:
            raise ValueError(f"{role} is known by its registered name, which must not be empty.")
        return func
    name = getattr(func, "__name__", None)
    if name == "<lambda>" and isinstance(func, FunctionType):
        return f"lambda_{hashlib.blake2b(repr(_words(func.__code__)).encode(), digest_size=6).hexdigest()}"
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"{role} is known by its name and {func!r} has none; use one written with `def`.")
    return name


def _words(code: CodeType) -> tuple[object, ...]:
    """What a function's code says, without where it stands."""
    return (code.co_code, [_constant(item) for item in code.co_consts], code.co_names, code.co_freevars)


def _constant(value: object) -> object:
    if isinstance(value, CodeType):
        return _words(value)
    # A set's own order differs from process to process.
    return sorted(map(repr, cast(frozenset[object], value))) if isinstance(value, frozenset) else repr(value)


def _same_function(one: object, other: object) -> bool:
    """Whether two functions do the same: one function, or lambdas of the same words that see the same values."""
    # Equality, not identity: a bound method is a new object each time it is looked up.
    if one == other:
        return True
    if not isinstance(one, FunctionType) or not isinstance(other, FunctionType) or one.__name__ != "<lambda>":
        return False
    return (
        _words(one.__code__) == _words(other.__code__)
        and one.__globals__ is other.__globals__
        and (one.__defaults__, one.__kwdefaults__) == (other.__defaults__, other.__kwdefaults__)
        and [cell.cell_contents for cell in one.__closure__ or ()]
        == [cell.cell_contents for cell in other.__closure__ or ()]
    )


def _raised_by_validator(error: ValidationError) -> Exception | None:
    """The exception a validator raised, if that is why validation failed."""
    for detail in error.errors(include_url=False):
        cause = detail.get("ctx", {}).get("error")
        if isinstance(cause, Exception):
            return cause
    return None


def _object(cls: type[Frozen], data: object) -> dict[str, object]:
    if not isinstance(data, Mapping):
        raise ValueError(f"Expected a {cls.__name__} or its JSON object, got {reprlib.repr(data)}.")
    return {str(key): value for key, value in cast(Mapping[object, object], data).items()}


def to_json(value: object) -> object:
    """The JSON form of a field's value."""
    if isinstance(value, Frozen):
        return value.to_json()
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, tuple | list):
        return [to_json(item) for item in cast(tuple[object, ...], value)]
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in cast(Mapping[str, object], value).items()}
    return value


def _canonical(value: Frozen) -> str:
    return json.dumps(value.to_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def spec_json(spec: Spec) -> str:
    """The canonical JSON text of a spec: sorted keys, no spaces, no fields at their default."""
    return _canonical(spec)


def spec_digest(spec: Spec) -> str:
    """16 hex digits that name a spec: BLAKE2b of `spec_json`."""
    return hashlib.blake2b(spec_json(spec).encode(), digest_size=8).hexdigest()


def load_spec(data: Mapping[str, Any] | str) -> Participant:
    """An agent or a team from its JSON, as a mapping or as text.

    Raises:
        ValueError: `data` is not JSON, its `type` is unknown, or a check of the spec refuses it.
    """
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except json.JSONDecodeError as error:
            raise ValueError(f"Expected the JSON of an agent or a team, got {reprlib.repr(data)}: {error}.") from None
    return Participant.from_json(data)


def parts(value: object) -> Iterator[Frozen]:
    """A value and every `Frozen` inside it, depth first, in the order of fields."""
    if isinstance(value, Frozen):
        yield value
        for name in type(value).model_fields:
            yield from parts(getattr(value, name))
    elif isinstance(value, tuple):
        for item in cast(tuple[object, ...], value):
            yield from parts(item)
    elif isinstance(value, Mapping):
        for item in cast(Mapping[object, object], value).values():
            yield from parts(item)


def walk(spec: Spec) -> Iterator[Participant]:
    """A participant and all nested ones, outermost first."""
    return (part for part in parts(spec) if isinstance(part, Participant))


def carried(spec: Spec) -> Carried:
    """The live objects a spec carries, for a worker in this process to register.

    Raises:
        ValueError: Two different objects go by one name.
    """
    found = Carried()
    for part in parts(spec):
        part.carry(found)
    return found
