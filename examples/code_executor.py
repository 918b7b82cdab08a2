"""One agent writes code, another runs it, once a function of yours has looked at it.

    OPENAI_API_KEY=... python examples/code_executor.py
    folkmoot run examples/code_executor.json --app examples.code_executor:app --code-folder /tmp/code --task "..."

Workers run code only if they were given a folder for it. It runs as the worker's user: a real worker that does this
has a container of its own.
"""

import asyncio
import tempfile

from folkmoot import (
    ApprovalRequest,
    ApprovalResponse,
    AssistantAgent,
    CodeExecutorAgent,
    Console,
    LocalCommandLineCodeExecutor,
    MaxMessageTermination,
    RoundRobinGroupChat,
    TextMentionTermination,
    local,
)


def no_network(request: ApprovalRequest) -> ApprovalResponse:
    """Refuse code that reaches out. It runs on a worker, before every run of code."""
    refused = [word for word in ("socket", "urllib", "requests", "curl") if word in request.code]
    return ApprovalResponse(approved=not refused, reason=f"It uses {', '.join(refused)}." if refused else "Harmless.")


team = RoundRobinGroupChat(
    [
        AssistantAgent(
            "coder",
            "gpt-4o-mini",
            system_message="You are coder. Solve the task with one ```python block that prints the answer. "
            "Once you have seen its output, say the answer and DONE.",
        ),
        CodeExecutorAgent(
            "runner", LocalCommandLineCodeExecutor(timeout=30), approval_func=no_network, sources=["coder"]
        ),
    ],
    termination_condition=TextMentionTermination("DONE", sources=["coder"]) | MaxMessageTermination(10),
)

app = {"functions": {"no_network": no_network}}


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="folkmoot-code-") as folder:
        async with local(code_folder=folder) as moot:
            chat = await moot.open(team, id="example-code-executor")
            await Console(chat.run_stream(task="What is the sum of the first hundred prime numbers?"))


if __name__ == "__main__":
    asyncio.run(main())
