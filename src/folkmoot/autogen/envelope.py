"""AutoGen's component JSON from outside: what all components have in common, and how their insides are reached.

A component is `{"provider", "component_type", "version", "component_version", "label", "config"}`. What its config
means is told by a `Kind`; the tables of kinds are in the modules next to this one.

What cannot cross is never dropped in silence. Reading: a warning where the chat means the same without it or the worker
is to supply it (a key, a tool's function), a `ValueError` where it would mean something else. Writing: a `ValueError`
that names the field, or a warning each if the caller asks for a lossy dump.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from folkmoot._spec import Frozen

__all__ = ["ComponentTypeError", "ComponentVersionError", "Config", "Kind", "Kinds", "Reader", "Writer"]

PartT = TypeVar("PartT")

_ALIASES = {
    "OpenAIChatCompletionClient": "autogen_ext.models.openai.OpenAIChatCompletionClient",
    "openai_chat_completion_client": "autogen_ext.models.openai.OpenAIChatCompletionClient",
    "AzureOpenAIChatCompletionClient": "autogen_ext.models.openai.AzureOpenAIChatCompletionClient",
    "azure_openai_chat_completion_client": "autogen_ext.models.openai.AzureOpenAIChatCompletionClient",
    "OllamaChatCompletionClient": "autogen_ext.models.ollama.OllamaChatCompletionClient",
}
"""Short names that AutoGen itself knows (autogen_core: WELL_KNOWN_PROVIDERS)."""


class ComponentTypeError(TypeError, ValueError):
    """A component of one type stands where another is expected (AutoGen: a TypeError)."""


class ComponentVersionError(NotImplementedError, ValueError):
    """A component was written by a version of AutoGen whose form is not known here (AutoGen: a NotImplementedError)."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One class of AutoGen's components.

    Attributes:
        provider: Where AutoGen has the class.
        component_type: What it is, as AutoGen calls it.
        version: Of its config.
        spec: Our class; None: it is read only, or written by another kind.
        read: Makes our value of a config.
        write: Makes the config of our value.
        nulls: Fields that are None are written; else they are left out.
    """

    provider: str
    component_type: str
    version: int = 1
    spec: type[Frozen] | None = None
    read: Callable[[Config], Any]
    write: Callable[[Any, Writer], Mapping[str, Any]] | None = None
    nulls: bool = False

    @property
    def label(self) -> str:
        """The class's name."""
        return self.provider.rpartition(".")[2]


class Kinds:
    """Every kind there is, to be found by provider and by our class."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._kinds = list(kinds)
        self._by_class = {_key(kind.provider): kind for kind in self._kinds}

    def of_provider(self, provider: str, where: str) -> Kind:
        """The kind of a provider.

        A class is found wherever in its library it is said to be, as AutoGen finds it there too.

        Raises:
            ValueError: There is none.
        """
        full = _ALIASES.get(provider, provider)
        kind = self._by_class.get(_key(full))
        if kind is None:
            known = ", ".join(sorted(kind.provider for kind in self._kinds))
            raise ValueError(f"{where} has the unknown provider {provider!r}; expected one of: {known}.")
        return kind

    def of_spec(self, spec: object) -> Kind | None:
        """The kind that writes a value of ours."""
        return next((kind for kind in self._kinds if kind.spec is type(spec)), None)


@dataclass
class Reader:
    """Reads components, and collects what is to be said of it.

    Attributes:
        kinds: What is known.
        notes: Texts for warnings, each once, in order.
    """

    kinds: Kinds
    notes: dict[str, None] = field(default_factory=dict[str, None])

    def read(self, data: object, where: str, expected: Sequence[str] = ()) -> Any:
        """Our value of a component.

        Args:
            data: The JSON object.
            where: Its place, for errors; empty at the top.
            expected: The component types that fit the place; empty: any.

        Raises:
            ComponentTypeError: It is of another type.
            ComponentVersionError: Its version is not known.
            ValueError: Something else is wrong with it.
        """
        shown = where or "The component"
        if not isinstance(data, Mapping):
            raise ValueError(f"{shown} must be a component's JSON object, got {reprlib.repr(data)}.")
        fields = cast(Mapping[str, Any], data)
        provider, config = fields.get("provider"), fields.get("config")
        if not isinstance(provider, str):
            raise ValueError(f"{shown} has no 'provider', the name of AutoGen's class; got {reprlib.repr(fields)}.")
        if not isinstance(config, Mapping):
            raise ValueError(f"{shown} ({provider}) has no 'config' object, got {reprlib.repr(cast(object, config))}.")
        kind = self.kinds.of_provider(provider, shown)
        self._check(kind, fields, shown, expected)
        inside = Config(self, kind, where, cast(Mapping[str, Any], config))
        made = kind.read(inside)
        inside.note_unread()
        return made

    def _check(self, kind: Kind, fields: Mapping[str, Any], shown: str, expected: Sequence[str]) -> None:
        said = fields.get("component_type") or kind.component_type
        if said != kind.component_type or (expected and said not in expected):
            fits = " or ".join(expected or [kind.component_type])
            raise ComponentTypeError(
                f"Expected type does not match: {shown} must be of component_type {fits}, "
                f"got {said} with provider {kind.provider}."
            )
        version = fields.get("component_version") or kind.version
        if version != kind.version:
            raise ComponentVersionError(
                f"{shown} ({kind.provider}) is on version {version!r}; only version {kind.version} can be read. "
                "Load it with the AutoGen that wrote it, and dump it with autogen-agentchat 0.7.5."
            )


class Config:
    """The config of one component, while it is read.

    Args:
        reader: Who reads.
        kind: Of the component.
        where: The component's place.
        fields: The config.
    """

    def __init__(self, reader: Reader, kind: Kind, where: str, fields: Mapping[str, Any]) -> None:
        self._reader = reader
        self._kind = kind
        self._where = where
        # None is as good as absent (AutoGen).
        self._fields = {name: value for name, value in fields.items() if value is not None}
        self._unread = dict(self._fields)

    @property
    def label(self) -> str:
        """The name of AutoGen's class."""
        return self._kind.label

    def need(self, name: str) -> Any:
        """A field that must be there.

        Raises:
            ValueError: It is missing.
        """
        if name not in self._fields:
            raise ValueError(f"The config of {self.shown} lacks the field {name!r}.")
        return self.get(name)

    def get(self, name: str, default: object = None) -> Any:
        """A field that may be missing."""
        self._unread.pop(name, None)
        return self._fields.get(name, default)

    def given(self, *names: str) -> dict[str, Any]:
        """Those of the fields that are there."""
        return {name: self.get(name) for name in names if name in self._fields}

    def part(self, name: str, *types: str) -> Any:
        """A component that must be there, of one of these types."""
        return self._reader.read(self.need(name), self.place(name), types)

    def part_or_none(self, name: str, *types: str) -> Any:
        """A component that may be missing."""
        return self.part(name, *types) if name in self._fields else None

    def parts(self, name: str, *types: str) -> list[Any]:
        """A list of components, empty where it is missing."""
        items = enumerate(self._listed(name))
        return [self._reader.read(item, f"{self.place(name)}[{number}]", types) for number, item in items]

    def items(self, name: str) -> list[Any]:
        """A list of anything, empty where it is missing.

        Raises:
            ValueError: It is no list.
        """
        return [without_none(item) for item in self._listed(name)]

    def _listed(self, name: str) -> list[object]:
        items: object = self.get(name, [])
        if not isinstance(items, list):
            raise ValueError(f"{self.place(name)} must be a list, got {reprlib.repr(items)}.")
        return cast(list[object], items)

    def mapping(self, name: str) -> dict[str, Any]:
        """An object, empty where it is missing.

        Raises:
            ValueError: It is none.
        """
        given: object = self.get(name, {})
        if not isinstance(given, Mapping):
            raise ValueError(f"{self.place(name)} must be an object, got {reprlib.repr(given)}.")
        return cast(dict[str, Any], without_none(cast(object, given)))

    def place(self, name: str) -> str:
        """Where a field is, for people."""
        return f"{self._where}.{name}" if self._where else name

    @property
    def shown(self) -> str:
        """The component, for people."""
        return f"{self._kind.label} at {self._where}" if self._where else self._kind.label

    def note(self, text: str) -> None:
        """Warn of something; the text begins in the middle of a sentence about the component."""
        self._reader.notes[f"{self.shown}: {text}"] = None

    def refuse(self, text: str) -> ValueError:
        """The error for something that would not mean the same here."""
        return ValueError(f"{self.shown}: {text}")

    def note_unread(self) -> None:
        """Warn of fields that mean nothing."""
        for name in self._unread:
            self.note(f"the field {name!r} means nothing to AutoGen 0.7.5 and is left out.")


@dataclass
class Writer:
    """Writes components.

    Attributes:
        kinds: What is known.
        lossy: Whether what AutoGen has no place for may be left out.
        notes: Texts for warnings, each once, in order.
    """

    kinds: Kinds
    lossy: bool = False
    notes: dict[str, None] = field(default_factory=dict[str, None])

    def write(self, spec: object, owner: str = "") -> dict[str, Any]:
        """The component of a value of ours.

        Args:
            spec: The value.
            owner: What it is part of, for errors.

        Raises:
            ValueError: AutoGen has no such component, or no place for something in it.
        """
        kind = self.kinds.of_spec(spec)
        if kind is None or kind.write is None:
            within = f" in {owner}" if owner else ""
            raise ValueError(f"AutoGen has no component for {_named(spec)}{within}.")
        return self.envelope(kind, kind.write(spec, self))

    def envelope(self, kind: Kind, config: Mapping[str, Any]) -> dict[str, Any]:
        """A component with this config."""
        return {
            "provider": kind.provider,
            "component_type": kind.component_type,
            "version": kind.version,
            "component_version": kind.version,
            "label": kind.label,
            "config": {name: value for name, value in config.items() if kind.nulls or value is not None},
        }

    def part_or_none(self, spec: object | None, owner: object, what: str) -> dict[str, Any] | None:
        """The component of a value that AutoGen can do without.

        Args:
            spec: The value; None: there is none.
            owner: What it is part of.
            what: Its name there.

        Raises:
            ValueError: AutoGen has no such component, and the dump is not lossy.
        """
        if spec is None:
            return None
        kind = self.kinds.of_spec(spec)
        if kind is None or kind.write is None:
            self.lost(owner, f"{what} {_named(spec)}", "AutoGen has no component for it")
            return None
        return self.write(spec)

    def parts(self, specs: Iterable[object], owner: object, what: str) -> list[dict[str, Any]]:
        """The components of several such values."""
        made = [self.part_or_none(spec, owner, what) for spec in specs]
        return [part for part in made if part is not None]

    def lost(self, owner: object, what: str, why: str = "AutoGen's component has no place for it") -> None:
        """Say that something cannot cross.

        Raises:
            ValueError: The dump is not lossy.
        """
        text = f"{_named(owner)}: {what} cannot be dumped; {why}."
        if not self.lossy:
            raise ValueError(f"{text} Use lossy=True to leave it out.")
        self.notes[f"{text} It is left out."] = None

    def lost_fields(self, owner: Frozen, *names: str) -> None:
        """Say so of fields that are not at their default.

        Raises:
            ValueError: One is not, and the dump is not lossy.
        """
        for name in names:
            default = type(owner).model_fields[name].get_default(call_default_factory=True)
            if getattr(owner, name) != default:
                self.lost(owner, repr(name))


def without_none(value: object) -> object:
    """A JSON value without the fields of its objects that are None, which AutoGen does not tell from absent ones."""
    if isinstance(value, list):
        return [without_none(item) for item in cast(list[object], value)]
    if isinstance(value, Mapping):
        fields = cast(Mapping[str, object], value)
        return {name: without_none(item) for name, item in fields.items() if item is not None}
    return value


def _named(spec: object) -> str:
    """A value of ours, for people."""
    names: list[object] = [getattr(spec, field, None) for field in ("name", "func")]
    name = next((repr(name) for name in names if isinstance(name, str)), "")
    return f"{type(spec).__name__} {name}".rstrip()


def _key(provider: str) -> tuple[str, str]:
    return provider.partition(".")[0], provider.rpartition(".")[2]
