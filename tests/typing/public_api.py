"""What users write, under strict types. Checked by pyright, never run."""

from __future__ import annotations

from typing import Annotated, assert_type

from pydantic import BaseModel

from folkmoot import (
    AssistantAgent,
    Chat,
    ChatStatus,
    FolderStore,
    Folkmoot,
    FolkmootPlugin,
    LabelledSnapshot,
    MaxMessageTermination,
    ModelSpec,
    OpenAIChatModel,
    RoundRobinGroupChat,
    TaskResult,
    TextMentionTermination,
    TextMessage,
    ToolContext,
    ToolOptions,
    local,
    tool,
)


class Verdict(BaseModel):
    """An answer's type."""

    good: bool


@tool(options=ToolOptions(timeout=5, retryable=False))
async def order(item: Annotated[str, "what to order"], context: ToolContext) -> str:
    """Order something."""
    return f"{item}: {context.idempotency_key}"


team = RoundRobinGroupChat(
    [
        AssistantAgent("writer", model_client="gpt-4o-mini", tools=[order], max_tool_iterations=3),
        AssistantAgent("critic", ModelSpec("gpt-4o", options={"temperature": 0}), output_content_type=Verdict),
    ],
    termination_condition=TextMentionTermination("APPROVE", sources=["critic"]) | MaxMessageTermination(12),
)


async def use() -> None:
    """A chat from its opening to its end."""
    async with local(models={"house": lambda: OpenAIChatModel("gpt-4o")}) as moot:
        assert_type(moot, Folkmoot)
        chat = await moot.open(team, id="release-42")
        assert_type(chat, Chat)
        result = await chat.run(task=[TextMessage(content="Write", source="user")])
        assert_type(result, TaskResult)
        async for item in chat.run_stream(task="Shorter, please"):
            print(item)
        assert_type(await chat.status(), ChatStatus)
        assert_type(await chat.snapshots(), list[LabelledSnapshot])
        await chat.pause(now=True)
        await chat.reset(force=True)
        async for event in chat.events(after=3, follow=False):
            print(event.offset, event.message)
    plugin = FolkmootPlugin(tools=[order], functions={"enough": bool}, store=FolderStore("/var/lib/chats"))
    remote = await Folkmoot.connect("localhost:7233", namespace="agents", plugin=plugin)
    async for info in remote.list(status="waiting", limit=10):
        print(info.id, info.waiting_for)
