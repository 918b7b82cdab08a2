"""What can be done with a chat, what happens then to work in flight, and how it is done on the command line."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import cast

__all__ = ["DEEDS", "Deed", "command_line"]


@dataclass(frozen=True, slots=True)
class Deed:
    """Something to do with a chat.

    Attributes:
        verb: The chat's verb, and that of the command line.
        button: What the button says.
        title: What is asked before.
        lines: What happens, to work in flight first.
        option: An option that can be ticked: its name, what it is called.
        danger: It takes something away.
        statuses: In which it makes sense.
    """

    verb: str
    button: str
    title: str
    lines: tuple[str, ...]
    option: tuple[str, str] | None = None
    danger: bool = False
    statuses: frozenset[str] = frozenset()


_LIVING = frozenset({"idle", "running", "pausing", "paused", "waiting"})
_BUSY = frozenset({"running", "waiting", "pausing", "paused"})
DEEDS = (
    Deed(
        "run",
        "Go on",
        "Go on where the last run ended?",
        (
            "A run begins without a new task: who is next speaks. Nothing is in flight now.",
            "A turn that failed, or was broken off, is taken again with the calls it had already made.",
        ),
        statuses=frozenset({"idle"}),
    ),
    Deed(
        "pause",
        "Pause",
        "Pause this chat?",
        (
            "Calls of models and tools in flight finish, and what they bring is kept.",
            "No new step starts until the chat is resumed; a run that is asked for meanwhile starts paused.",
            "Deadlines of approvals keep running.",
        ),
        (
            "now",
            (
                "Now: cancel calls in flight, and make them again on resume. People are asked about what became of "
                "tools that must not be called twice."
            ),
        ),
        statuses=frozenset({"idle", "running", "waiting"}),
    ),
    Deed(
        "resume",
        "Resume",
        "Resume this chat?",
        ("The next step starts at once. Calls that were cancelled by a pause are made again.",),
        statuses=frozenset({"pausing", "paused"}),
    ),
    Deed(
        "stop",
        "Stop",
        "Stop the run after this turn?",
        (
            "The turn under way finishes, with its calls, and the run ends with “External termination requested”.",
            "While the chat waits for people it ends at once, and what they are asked is withdrawn.",
            "While it is idle, the next run ends after its task.",
        ),
        statuses=_LIVING,
    ),
    Deed(
        "cancel",
        "Cancel run",
        "Cancel the run now?",
        (
            "Calls in flight are cancelled. A tool may have done its work all the same; its result is not used.",
            "What people are asked is withdrawn.",
            "Cancelled tool calls get an error as their result, so that no call is left without one.",
            "The chat can run again; what was said stays.",
        ),
        danger=True,
        statuses=_BUSY,
    ),
    Deed(
        "reset",
        "Reset",
        "Reset this chat?",
        (
            "Agents forget the conversation, and conditions start afresh. The log stays readable.",
            "While a run is under way this is refused, unless it is forced.",
        ),
        (
            "force",
            (
                "Force: end a run that is under way first. Its calls are cancelled; results that come later count "
                "for nothing."
            ),
        ),
        danger=True,
        statuses=_LIVING,
    ),
)


def command_line(verb: str, *arguments: object, **options: object) -> str:
    """The command that does it, quoted for a shell.

    Args:
        verb: The command.
        arguments: In order; the chat's id first.
        options: By name; True: a flag, False, None and empty: left out; of several values each has the name.
    """
    words = ["folkmoot", verb, *(shlex.quote(str(argument)) for argument in arguments)]
    for name, value in options.items():
        if value is True:
            words.append(f"--{name}")
        elif value not in (False, None, "", ()):
            several = cast(tuple[object, ...], value) if isinstance(value, tuple) else (value,)
            words += [word for one in several for word in (f"--{name}", shlex.quote(str(one)))]
    return " ".join(words)
