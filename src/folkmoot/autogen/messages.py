"""Messages of `autogen_agentchat` and ours, each made of the other's JSON."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, create_model

from folkmoot.messages import BaseAgentEvent, BaseChatMessage, StructuredMessage, from_log
from folkmoot.messages.base import REGISTERED

__all__ = ["from_autogen", "our_class", "to_autogen"]

_STRUCTURED = "StructuredMessage["
_MADE_BY_LOG = ("id", "created_at")
"""Fields that are None in our messages until the log assigns them; AutoGen's draw their own."""


def to_autogen(message: BaseChatMessage | BaseAgentEvent, produced: Iterable[type] = ()) -> Any:
    """The object of AutoGen's with the same JSON.

    A class of the application's own is found by its name, among `produced` and then among all that are imported. So
    is that of a structured message's content; without it a stand-in holds the fields, and reads the same.

    Args:
        message: Ours.
        produced: Classes of AutoGen's that go first, such as what an agent produces.

    Raises:
        ValueError: AutoGen's side has no message class of that name.
    """
    data = {key: value for key, value in message.dump().items() if not (value is None and key in _MADE_BY_LOG)}
    kind = cast(str, data["type"])
    theirs = import_module("autogen_agentchat.messages")
    factory = theirs.MessageFactory()
    found = next((cls for cls in produced if cls.__name__ == kind), None) or _imported(kind)
    if found is None and kind.startswith(_STRUCTURED):
        found = _stand_in(kind)
    if found is not None and not factory.is_registered(found):
        factory.register(found)
    try:
        return factory.create(data)
    except ValueError as error:
        if found is not None or str(error) != f"Unknown message type: {kind}":
            raise
        raise ValueError(
            f"No class of autogen_agentchat messages named {kind!r} is imported; an AutoGen agent that hears "
            f"{kind} messages needs one, with the same fields."
        ) from None


def from_autogen(message: Any) -> BaseChatMessage | BaseAgentEvent:
    """Our object with the same JSON as one of AutoGen's.

    Raises:
        ValueError: There is no message class of that name here.
    """
    data = cast(Mapping[str, Any], message.dump())
    kind = data.get("type")
    # Not every class of a user's own has a field `type`; AutoGen goes by the class, and so do we.
    name = kind if isinstance(kind, str) and kind else type(message).__name__
    if our_class(name) is None:
        raise ValueError(
            f"No message class named {name!r} is known; derive one of folkmoot.messages.BaseChatMessage or "
            "BaseAgentEvent with that name and the same fields, so that the log can be read."
        )
    return from_log({**data, "type": name})


def our_class(name: str) -> type[BaseChatMessage | BaseAgentEvent] | None:
    """Our message class for one of AutoGen's, by its name."""
    # Every registered class is one or the other; a structured message can be read without a class of its own.
    other = StructuredMessage if name.startswith(_STRUCTURED) else None
    return cast(type[BaseChatMessage | BaseAgentEvent] | None, REGISTERED.get(name, other))


def _imported(kind: str) -> type | None:
    """The class of that name which was defined last, as far as its module is imported."""
    theirs = import_module("autogen_agentchat.messages")
    found = None
    for base in (theirs.BaseChatMessage, theirs.BaseAgentEvent):
        for cls in _below(base):
            found = cls if cls.__name__ == kind else found
    return found


def _below(cls: type) -> Iterator[type]:
    for child in cls.__subclasses__():
        yield child
        yield from _below(child)


@functools.cache
def _stand_in(kind: str) -> type:
    """A structured message whose content takes any fields."""
    name = kind.removeprefix(_STRUCTURED).removesuffix("]")
    content: type[BaseModel] = create_model(name, __config__=ConfigDict(extra="allow"))
    return import_module("autogen_agentchat.messages").StructuredMessage[content]
