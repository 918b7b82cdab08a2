"""An agent of your own: a class without any model that checks a draft's length.

    OPENAI_API_KEY=... python examples/custom_agent.py
    folkmoot run examples/custom_agent.json --app examples.custom_agent:app --task "Sum up the meeting."

Its whole turn is one activity. What it must remember is in `save_state`: the log keeps it, so that another worker can
go on with it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from folkmoot import (
    AssistantAgent,
    BaseChatAgent,
    BaseChatMessage,
    CancellationToken,
    Console,
    MaxMessageTermination,
    RoundRobinGroupChat,
    TextMentionTermination,
    TextMessage,
    local,
)
from folkmoot.agents import Response

WORDS = 12


class LengthCheck(BaseChatAgent):
    """Approves texts of at most `WORDS` words."""

    def __init__(self, name: str = "length_check", description: str = "Checks the length of drafts.") -> None:
        super().__init__(name, description)
        self.drafts = 0

    @property
    def produced_message_types(self) -> Sequence[type[BaseChatMessage]]:
        return (TextMessage,)

    async def on_messages(self, messages: Sequence[BaseChatMessage], cancellation_token: CancellationToken) -> Response:
        self.drafts += 1
        words = len(messages[-1].to_text().split())
        verdict = "APPROVE" if words <= WORDS else f"Too long: {words} words, at most {WORDS}."
        answer = TextMessage(source=self.name, content=f"Draft {self.drafts}: {verdict}")
        return Response(chat_message=answer)

    async def on_reset(self, cancellation_token: CancellationToken) -> None:
        self.drafts = 0

    async def save_state(self) -> Mapping[str, Any]:
        return {"drafts": self.drafts}

    async def load_state(self, state: Mapping[str, Any]) -> None:
        self.drafts = state["drafts"]


team = RoundRobinGroupChat(
    [
        AssistantAgent("writer", "gpt-4o-mini", system_message="You are writer. Sum up in one sentence."),
        LengthCheck(),
    ],
    termination_condition=TextMentionTermination("APPROVE", sources=["length_check"]) | MaxMessageTermination(10),
)

# The class, not an object: each chat gets one of its own.
app = {"agents": {"length_check": LengthCheck}}


async def main() -> None:
    async with local() as moot:
        chat = await moot.open(team, id="example-custom-agent")
        await Console(chat.run_stream(task="Sum up: the meeting moved the release to May and chose a new logo."))


if __name__ == "__main__":
    asyncio.run(main())
