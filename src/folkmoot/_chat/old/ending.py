"""What becomes of a last message that would end the chat (AutoGen 0.2: remove_termination_string)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, cast

from folkmoot._chat import termination
from folkmoot._chat.plan import Node, Plan
from folkmoot._spec import parts
from folkmoot.conditions import TextMentionTermination

from .cast import Part

__all__ = ["Ending", "last_message_done"]

Ending = Literal["keep", "remove"] | Mapping[str, str] | Callable[[str], str] | None
"""What is done to the last message: nothing (None: with a warning where it would end the chat), the texts that the
team's conditions look for are taken out, texts are replaced, or a function makes another text of it."""


def last_message_done(plan: Plan, part: Part, ending: object, time: str, warnings: list[str]) -> Part:
    """The last message as the caller wants it.

    Args:
        plan: The chat's spec, laid out.
        part: The last message.
        ending: An `Ending`.
        time: ISO 8601, UTC.
        warnings: A text is added here if it still would end the chat, and nobody said that it is to be kept.

    Raises:
        ValueError: `ending` is none, or its function gave no text.
    """
    nodes = plan.chain(plan.root if part.seat is None else part.seat.node)
    change = _change(ending, nodes, part)
    if change is not None and part.old.kind == "message":
        part = Part(part.old.with_text(change), part.seat, part.node)
    if ending != "keep" and (reason := _reason(nodes, part, time)) is not None:
        warnings.append(
            f"Last message meets termination criteria and this may terminate the chat. ({reason}) It counts for no "
            "condition of the resumed chat, but its participants read it; `termination` says what becomes of it."
        )
    return part


def _change(ending: object, nodes: Iterable[Node], part: Part) -> Callable[[str], str] | None:
    if ending is None or ending == "keep":
        return None
    if ending == "remove":
        return _replacing(dict.fromkeys(_looked_for(nodes, part), ""))
    if isinstance(ending, Mapping):
        texts = cast(Mapping[Any, Any], ending)
        if all(isinstance(key, str) and key and isinstance(value, str) for key, value in texts.items()):
            return _replacing(texts)
    elif callable(ending):
        return _checked(cast(Callable[[str], Any], ending))
    raise ValueError(
        "termination is None, 'keep', 'remove', a mapping of texts to what replaces them, or a function of the text; "
        f"got {ending!r}."
    )


def _looked_for(nodes: Iterable[Node], part: Part) -> list[str]:
    """The texts that conditions of these teams look for in what this participant says."""
    said_by = part.old.message.get("source", part.old.name)
    return [
        condition.text
        for node in nodes
        for condition in parts(node.condition)
        if isinstance(condition, TextMentionTermination)
        and (condition.sources is None or said_by in condition.sources)
        and condition.text
    ]


def _replacing(texts: Mapping[str, str]) -> Callable[[str], str]:
    def change(text: str) -> str:
        changed = text
        for old, new in texts.items():
            changed = changed.replace(old, new)
        # What stood apart from it would be left as blanks at the ends.
        return text if changed == text else changed.strip()

    return change


def _checked(function: Callable[[str], Any]) -> Callable[[str], str]:
    def change(text: str) -> str:
        changed = function(text)
        if not isinstance(changed, str):
            raise ValueError(f"The function given as termination must return a text, got {changed!r}.")
        return changed

    return change


def _reason(nodes: Iterable[Node], part: Part, time: str) -> str | None:
    """Why the message alone would end a run of one of these teams."""
    for node in nodes:
        progress = termination.fresh(node.condition, time)
        termination.absorb(node.condition, progress, part.old.message)
        if (reason := termination.check(node.condition, progress, termination.Check(time))) is not None:
            return reason
    return None
