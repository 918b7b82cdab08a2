"""The verb that tells what a chat came to: summarize."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from .chats import a_chat
from .reading import ChatId
from .screen import clean
from .verbs import Invocation, verb

__all__ = ["VERBS"]


async def summarize(
    invocation: Invocation,
    chat_id: ChatId,
    method: Annotated[
        str,
        typer.Option(
            envvar="FOLKMOOT_METHOD",
            help="last_msg, reflection_with_llm, or the name of a function the workers have registered.",
        ),
    ] = "last_msg",
    prompt: Annotated[str | None, typer.Option(envvar="FOLKMOOT_PROMPT", help="What the model is asked for.")] = None,
    model: Annotated[
        str | None, typer.Option(envvar="FOLKMOOT_MODEL", help="The model that is asked; none: the team's.")
    ] = None,
) -> None:
    """Tell what an idle chat came to: its last message, a model's words, or a function's."""
    async with a_chat(invocation, chat_id) as chat:
        text = await chat.summarize(method, prompt=prompt, model_client=model)
    invocation.screen.emit({"chat": chat_id, "method": method, "summary": text}, Text(clean(text)))


VERBS = [verb(summarize.__name__, summarize)]
