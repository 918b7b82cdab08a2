"""Options: which model, and how a tool is run. Small frozen values, checked when written, without keys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, cast
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field

from ._spec import Frozen
from .approvals import ApprovalPolicy

__all__ = ["ModelInfo", "ModelSpec", "ToolOptions"]

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]

# Names of options, headers and query parameters that hold credentials; `max_tokens` and its kin are none.
_CREDENTIAL_NAME = re.compile(
    r"(api|access|private)_?key|secret|passw(or)?d|authorization|credential|bearer|cookie|(^|_)(token|auth)$"
)
_CREDENTIAL_VALUE = re.compile(r"\s*(sk-|bearer\s)", re.IGNORECASE)


class ModelInfo(Frozen, frozen=True):
    """What a model can do (AutoGen: the keys of `model_info`); by default what a current OpenAI model can."""

    vision: bool = True
    """Images may be sent; without it they are left out."""
    function_calling: bool = True
    """Tools and handoffs may be offered."""
    json_output: bool = True
    """The endpoint knows JSON mode."""
    structured_output: bool = True
    """The endpoint holds replies to a JSON schema."""
    family: str = "unknown"
    """The model's family, such as `gpt-4o` or `r1`."""
    multiple_system_messages: bool = True
    """More than one system message may be sent, at any place."""
    context_window: int | None = None
    """Tokens the model takes; a token-limited context without a limit of its own keeps to it."""


class ModelSpec(Frozen, frozen=True, hide_input_in_errors=True):
    """A model by name, with endpoint and request options. The key stays on the worker, in its environment.

    Args:
        name: The model's name, as its endpoint knows it.
        base_url: The OpenAI-compatible endpoint; None: the worker's default.
        options: Sent with every request, such as `{"temperature": 0.2}`.
        info: What the model can do; None: resolved on the worker.
        timeout: Seconds one attempt may take; None: the worker's default.
        max_attempts: Attempts of a retryable failure; None: no limit but the chat's.

    Raises:
        ValueError: An option or the address looks like a credential, or a value is out of range.
    """

    name: str
    base_url: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    info: ModelInfo | None = None
    timeout: Seconds | None = None
    max_attempts: Annotated[int, Field(ge=1)] | None = None

    def __init__(
        self,
        name: str,
        *,
        base_url: str | None = None,
        options: Mapping[str, Any] | None = None,
        info: ModelInfo | None = None,
        timeout: float | None = None,
        max_attempts: int | None = None,
    ) -> None:
        self._fill(
            name=name,
            base_url=base_url,
            options=dict(options or {}),
            info=info,
            timeout=timeout,
            max_attempts=max_attempts,
        )

    def check(self) -> None:
        """Refuse credentials, and options that are not JSON."""
        super().check()
        if not self.name:
            raise ValueError("The name of a model must not be empty.")
        for name, value in _leaves(self.options):
            if _is_credential(name) or (isinstance(value, str) and _CREDENTIAL_VALUE.match(value)):
                raise ValueError(_refusal(f"Option {name!r}"))
        try:
            json.dumps(self.options, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(f"The options of model {self.name!r} must be JSON: {error}.") from None
        if self.base_url is not None:
            _check_address(self.base_url)


class ToolOptions(Frozen, frozen=True):
    """How a tool's calls are run: every call is an activity with these limits and this retry policy."""

    timeout: Seconds = 300.0
    """Seconds one attempt may take."""
    heartbeat_timeout: Seconds = 10.0
    """Seconds after which a silent worker counts as lost."""
    max_attempts: Annotated[int, Field(ge=1)] = 5
    """Attempts in all, for what is retried."""
    retryable: bool = True
    """False: a call whose worker was lost is never run again; its outcome is unknown."""
    retry_errors: bool = False
    """True: an exception of the tool is retried, up to `max_attempts`; False: the model gets it (AutoGen)."""
    initial_interval: Seconds = 1.0
    """Seconds before the second attempt."""
    backoff: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 2.0
    """Each further wait is this many times the one before."""
    side_effects: bool = False
    """The tool changes the world: a rollback that crosses a call of it says so."""
    compensate: str | None = None
    """The name of a tool that undoes a call of this one: it is given the same arguments, as far as it takes them, and
    the call's result as `outcome`, if it takes that. A rollback has it run if its caller asks for it."""
    approval: ApprovalPolicy | None = None
    """People have to approve of a call before it is made; None: nobody is asked."""
    secrets: tuple[str, ...] = ()
    """Names of arguments, at any depth, that readers of the chat, inboxes and webhooks do not see."""
    unknown_outcome: Literal["ask", "fail"] = "ask"
    """What follows where a call that must not be repeated was lost: people are asked what became of it (the approvers
    of `approval`, else anybody), or the run ends with an error."""

    def check(self) -> None:
        """Refuse options that contradict each other."""
        super().check()
        if self.compensate is not None and (not self.compensate or not self.side_effects):
            raise ValueError(
                f"compensate={self.compensate!r} names the tool that undoes side effects: it needs side_effects=True "
                "and must not be empty."
            )
        if self.retry_errors and not self.retryable:
            raise ValueError(
                "retry_errors=True needs retryable=True: a call that must not be repeated cannot be retried."
            )


def _leaves(value: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Every name in a nested mapping, with its value."""
    for name, item in value.items():
        yield name, item
        for inner in cast(list[object], item) if isinstance(item, list) else [item]:
            if isinstance(inner, Mapping):
                yield from _leaves(cast(Mapping[str, Any], inner))
            elif inner is not item:
                yield name, inner


def _is_credential(name: str) -> bool:
    return _CREDENTIAL_NAME.search(name.lower().replace("-", "_")) is not None


def _refusal(what: str) -> str:
    # The value is not shown: it may be the very key.
    return (
        f"{what} looks like a credential; specs are stored with the chat and never hold one. "
        "Set it in the worker's environment, or register the model with its key on the worker."
    )


def _check_address(base_url: str) -> None:
    address = urlsplit(base_url)
    if address.username or address.password or any(_is_credential(name) for name, _ in parse_qsl(address.query)):
        raise ValueError(_refusal("A part of base_url"))
    if address.scheme not in ("http", "https") or not address.hostname:
        raise ValueError(f"base_url must be an http or https address, got {base_url!r}.")
