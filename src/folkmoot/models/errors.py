"""Turns whatever goes wrong in a model call into a `ModelCallError` that says if and when to retry.

Retryable are 408, 409, 429 and 5xx, lost connections and timeouts; a provider's `x-should-retry` header
overrules the status, and `retry-after-ms` or `retry-after` gives the pause (the rules Temporal's own agent
plugins share). An exhausted quota arrives as a 429 that no retry heals, so it is final.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast

from folkmoot.errors import ModelCallError

__all__ = ["Failures", "scrub"]

_LIMIT = 400
"""Characters of a provider's own words kept in an error: errors are durable, and may quote a prompt."""

_SECRETS = re.compile(
    r"(?i)\b(?:sk|pk|sess)-[\w*.-]{4,}|\bauthorization\b[\"']?\s*[:=]\s*\S+(?:\s+\S+)?|\bbearer\s+\S+"
)
_FINAL_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached"})


def scrub(text: str, secrets: Sequence[str] = ()) -> str:
    """Remove the given secrets from `text`, and whatever looks like an API key or an Authorization header."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "[removed]")
    return _SECRETS.sub("[removed]", text)


@dataclass(frozen=True, slots=True)
class Failures:
    """Makes the errors of one model's calls: they name the model, and never show its secrets."""

    model: str
    """The model's name, as errors tell it."""
    secrets: Sequence[str] = field(default=(), repr=False)
    """Texts that must never show, such as the key."""

    def no_answer(self) -> ModelCallError:
        """The error for a call that took too long."""
        return ModelCallError(f"model {self.model!r} gave no answer in time", retryable=True, kind="timeout")

    def failed(self, what: str, cause: BaseException, *, retryable: bool) -> ModelCallError:
        """The error for an exception that stands between us and an answer.

        Args:
            what: What failed, such as `"connection"`.
            cause: The exception; its class and text are told.
            retryable: Whether the same call may succeed later.
        """
        detail = self._short(str(cause))
        text = f"the {what} to model {self.model!r} failed: {type(cause).__name__}"
        kind = "connection" if what == "connection" else ""
        return ModelCallError(f"{text}: {detail}" if detail else text, retryable=retryable, kind=kind)

    def from_status(self, status: int, headers: Mapping[str, str], body: object) -> ModelCallError:
        """The error for an HTTP answer that is no success.

        Args:
            status: The HTTP status.
            headers: The answer's headers, looked up in lower case.
            body: The decoded JSON body, or its text.
        """
        code, said = _provider_words(body)
        text = f"model {self.model!r} answered with status {status}"
        if code:
            text += f" ({self._short(code)})"
        if said:
            text += f": {self._short(said)}"
        return ModelCallError(
            text,
            status=status,
            retryable=_retryable(status, headers.get("x-should-retry"), code),
            retry_after=_retry_after(headers),
        )

    def bad_reply(self, expected: str, got: object) -> ModelCallError:
        """The error for an answer the protocol does not allow. Retryable: half-dead proxies send such.

        Args:
            expected: What should have come, such as `"a JSON object"`.
            got: What came.
        """
        if isinstance(got, bytes):
            got = got.decode(errors="replace")
        shown = repr(self._short(got)) if isinstance(got, str) else self._short(repr(got))
        text = f"model {self.model!r} sent no valid answer: expected {expected}, got {shown}"
        return ModelCallError(text, retryable=True, kind="reply")

    def _short(self, text: str) -> str:
        """`text` without secrets, on one line, cut to a length fit for durable state."""
        # Scrubbed before it is cut, or the first half of a key could stay.
        clean = " ".join(scrub(text, self.secrets).split())
        return clean if len(clean) <= _LIMIT else clean[: _LIMIT - 1] + "…"


def _provider_words(body: object) -> tuple[str, str]:
    """Code and message of an error body: `{"error": {"code", "type", "message"}}`, its inside, or text."""
    if isinstance(body, str):
        text = body
        try:
            body = json.loads(text)
        except ValueError:
            return "", text
    if not isinstance(body, dict):
        return "", "" if body is None else str(body)
    outer = cast(dict[str, Any], body)
    error = outer.get("error", outer)
    if not isinstance(error, dict):
        return "", str(error)
    inner = cast(dict[str, Any], error)
    kind, code = inner.get("type"), inner.get("code")
    # Some providers repeat the HTTP status as code; the type says more then.
    shown = code if isinstance(code, str) and code and kind not in _FINAL_CODES else kind
    return str(shown or ""), str(inner.get("message") or "")


def _retryable(status: int, should_retry: str | None, code: str) -> bool:
    if code in _FINAL_CODES:
        return False
    if should_retry in ("true", "false"):
        return should_retry == "true"
    return status in (408, 409, 429) or status >= 500


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from `retry-after-ms` or `retry-after` (a number of seconds, or an HTTP date)."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if value is None or seconds is not None:
        return seconds
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


def _number(value: str | None) -> float | None:
    try:
        number = math.nan if value is None else float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
