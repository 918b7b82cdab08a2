"""What tests of condensed contexts share: a model that talks and sums up, and what it was asked."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from folkmoot import Chat
from folkmoot.contexts import SummarizedChatCompletionContext
from tests.integration.conftest import MODEL, Site

RECORD = "You keep the record"
LONG = 400
"""Characters of a message: 100 tokens, and 4 for its frame."""
LIMIT = 1_000


def context(who: str = "all", **options: Any) -> SummarizedChatCompletionContext:
    return SummarizedChatCompletionContext(
        MODEL, **{"token_limit": LIMIT, "keep_last": 2, "prompt": f"{RECORD} for {who}.", **options}
    )


class Talk:
    """Answers everybody with the next numbered message, and is the model that writes summaries.

    Args:
        long: Characters of a message.
    """

    def __init__(self, long: int = LONG) -> None:
        self.long = long
        self.said = 0
        self.last = ""
        self.next: list[Any] = []
        """Answers that come first."""

    def __call__(self, body: dict[str, Any]) -> Any:
        if self.next:
            return self.next.pop(0)
        if is_summary(body):
            self.last = (marks(body) or [self.last])[-1]
            return {"text": f"[up to {self.last}]", "usage": [7, 3]}
        self.said += 1
        return {"text": message(self.said, self.long), "usage": [5, 1]}


def message(number: int, long: int = LONG) -> str:
    return f"<m{number}>".ljust(long, ".")


def is_summary(body: dict[str, Any], who: str = "") -> bool:
    return body["messages"][0]["content"].startswith(f"{RECORD} for {who}")


def marks(body: dict[str, Any]) -> list[str]:
    """The messages that a request shows as they were said."""
    return [mark for item in body["messages"] for mark in re.findall(r"<(m\d+)>", str(item["content"]))]


def shown(body: dict[str, Any]) -> list[str]:
    """The conversation of a request, its messages in short."""
    texts = (str(item["content"]) for item in body["messages"] if item["role"] != "system")
    return [re.sub(r"\.+$", "", text) for text in texts]


def asked(site: Site) -> list[dict[str, Any]]:
    """The requests that ask an agent."""
    return [body for body in site.model.requests if not is_summary(body)]


def summaries(site: Site, who: str = "") -> list[dict[str, Any]]:
    """The requests that ask for a summary."""
    return [body for body in site.model.requests if is_summary(body, who)]


def told(site: Site, who: str = "") -> Counter[str]:
    """How often each message was given to be summarised."""
    return Counter(mark for body in summaries(site, who) for mark in marks(body))


def tokens(body: dict[str, Any]) -> int:
    """Of what a request shows, its instructions aside."""
    return sum(len(str(item["content"])) // 4 + 4 for item in body["messages"] if item["role"] != "system")


async def entries(chat: Chat, kind: str = "summary") -> list[dict[str, Any]]:
    return [dict(entry.data) async for entry in chat.events(follow=False) if entry.kind == kind]
