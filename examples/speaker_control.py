"""AutoGen 0.2's group chat: who may follow whom, a function that decides some cases, introductions, transforms.

    OPENAI_API_KEY=... python examples/speaker_control.py
    folkmoot run examples/speaker_control.json --app examples.speaker_control:app --task "..."

Without `send_back` the model selects among those the table allows. `speaker_selection_method` may also be "random" (the
`seed` makes it the same on every replay), "round_robin", or "manual": then a person is asked who speaks.
"""

import asyncio
from collections.abc import Sequence

from folkmoot import (
    AssistantAgent,
    BaseAgentEvent,
    BaseChatMessage,
    Console,
    MaxMessageTermination,
    MessageHistoryLimiter,
    SelectorGroupChat,
    TextMentionTermination,
    local,
)


def send_back(messages: Sequence[BaseAgentEvent | BaseChatMessage]) -> str | None:
    """Who speaks next; None leaves it to the model. It runs on a worker."""
    return "coder" if "FAILED" in messages[-1].to_text() else None


planner = AssistantAgent(
    "planner", "gpt-4o-mini", description="Plans.", system_message="You are planner. Plan in one sentence."
)
coder = AssistantAgent(
    "coder", "gpt-4o-mini", description="Writes code.", system_message="You are coder. Write one Python function."
)
tester = AssistantAgent(
    "tester",
    "gpt-4o-mini",
    description="Finds faults in code.",
    system_message="You are tester. Think of a case. Say FAILED and why, or PASSED.",
    # Only what is new matters to this one.
    transforms=[MessageHistoryLimiter(max_messages=4)],
)

team = SelectorGroupChat(
    [planner, coder, tester],
    "gpt-4o-mini",
    selector_func=send_back,
    allowed_or_disallowed_speaker_transitions={planner: [coder], coder: [tester], tester: [coder, planner]},
    speaker_transitions_type="allowed",
    send_introductions=True,
    select_speaker_transforms=[MessageHistoryLimiter(max_messages=6)],
    termination_condition=TextMentionTermination("PASSED", sources=["tester"]) | MaxMessageTermination(12),
)

app = {"functions": {"send_back": send_back}}


async def main() -> None:
    async with local() as moot:
        chat = await moot.open(team, id="example-speaker-control")
        await Console(chat.run_stream(task="A function that tells whether a year is a leap year."))


if __name__ == "__main__":
    asyncio.run(main())
