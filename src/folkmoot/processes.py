"""Business processes as an application offers them, once for everybody: the command line, HTTP and its own code.

A process is a workflow of the application's that is started with one pydantic model, tells where it stands by the query
`state`, and takes signals. `folkmoot serve --processes module:attribute` serves a list of them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError
from temporalio import workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from ._temporal.filters import checked_tenant
from .errors import FolkmootError

__all__ = ["AlreadyStartedError", "Process", "Started", "tenant_of_process"]

OutcomeT = TypeVar("OutcomeT", bound=BaseModel)
_TENANT = SearchAttributeKey.for_keyword("ChatTenant")
"""The search attribute of chats: who may see a process may see what it asks people."""
_REQUEST = "request"
"""Memo of a process: the digest of what it was started with."""
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_WORDY = re.compile(r"^(?:\w+ should (?:be |have )?|Value error, )|, unable to parse .*| or instance of \w+$")
"""What pydantic's words say beyond what is expected."""
_SHOWN = 80
"""Characters of a value that an error shows."""


class AlreadyStartedError(FolkmootError):
    """The number is that of another request."""


class Started(NamedTuple, Generic[OutcomeT]):
    """A process that was started, or found.

    Attributes:
        handle: Gives its outcome.
        created: It was not there before.
    """

    handle: WorkflowHandle[Any, OutcomeT]
    created: bool


@dataclass(frozen=True, kw_only=True)
class Process(Generic[OutcomeT]):
    """A kind of process.

    Attributes:
        name: What it is called, and what the ids of its workflows begin with.
        workflow: The workflow's name.
        request: What it is started with.
        outcome: What it comes to.
        state: What its query `state` answers.
        signals: What its signals take, by their names.
        number: The field of the request that tells it from others; there is one process for it.
        by: Fields of the request and of signals that say who asks. Over HTTP that is whoever asks.
        description: A sentence for whoever may start it.

    Raises:
        ValueError: The name could not stand in ids and paths, or the request has no such field.
    """

    name: str
    workflow: str
    request: type[BaseModel]
    outcome: type[OutcomeT]
    state: type[BaseModel]
    signals: Mapping[str, type[BaseModel]] = field(default_factory=dict[str, type[BaseModel]])
    number: str = "id"
    by: Sequence[str] = ("by",)
    description: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"A process is named by small letters, digits, - and _; got {self.name!r}.")
        if self.number not in self.request.model_fields:
            raise ValueError(f"{self.request.__name__} has no field {self.number!r} that tells one {self.name} apart.")

    def workflow_id(self, number: str) -> str:
        """The id of the workflow of that number."""
        return f"{self.name}-{number}"

    def read(self, data: object) -> BaseModel:
        """A request.

        Raises:
            ValueError: It is none; names each field, its value, and what was expected, in a line.
        """
        return _read(self.request, data)

    def read_signal(self, name: str, data: object) -> BaseModel:
        """What a signal takes.

        Raises:
            ValueError: It takes something else, or there is none of that name.
        """
        if name not in self.signals:
            raise ValueError(f"{self.name} has no signal {name!r}; it has: {', '.join(self.signals) or 'none'}.")
        return _read(self.signals[name], data)

    def handle(self, client: Client, number: str) -> WorkflowHandle[Any, OutcomeT]:
        """The process of that number, whether it is there or not."""
        return client.get_workflow_handle(self.workflow_id(number), result_type=self.outcome)

    async def start(
        self, client: Client, request: BaseModel, *, queue: str = "folkmoot", tenant: str = ""
    ) -> Started[OutcomeT]:
        """Start the process of a request, or find the one that was started with the very same request.

        Args:
            client: Connected with a `FolkmootPlugin`.
            request: What it is about.
            queue: Task queue of the application's workers.
            tenant: Whose it is (see `tenant_of_process`).

        Raises:
            ValueError: Lists could not find the tenant.
            AlreadyStartedError: The number is that of another request, or of another tenant's.
        """
        digest = hashlib.sha256(request.model_dump_json().encode()).hexdigest()
        number = str(getattr(request, self.number))
        whose = [SearchAttributePair(_TENANT, checked_tenant(tenant))] if tenant else []
        try:
            handle = await client.start_workflow(
                self.workflow,
                request,
                id=self.workflow_id(number),
                task_queue=queue,
                # A process fails if its request was refused; nothing was written, and it may be sent again.
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
                memo={_REQUEST: digest},
                search_attributes=TypedSearchAttributes(whose) if whose else None,
                result_type=self.outcome,
            )
        except WorkflowAlreadyStartedError:
            handle = self.handle(client, number)
            found = await handle.describe()
            same = (await found.memo()).get(_REQUEST) == digest
            if not same or (found.typed_search_attributes.get(_TENANT) or "") != tenant:
                raise AlreadyStartedError(f"{handle.id!r} is the process of another request.") from None
            return Started(handle, False)
        return Started(handle, True)


def tenant_of_process() -> str:
    """In whose name the process that calls was started, for the chats it opens; to be called in workflow code only."""
    return workflow.info().typed_search_attributes.get(_TENANT) or ""


def _read(model: type[BaseModel], data: object) -> BaseModel:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        raise ValueError(f"no {model.__name__}: {'; '.join(_told(item) for item in found)}") from None


def _told(item: Mapping[str, Any]) -> str:
    """A fault in a line: field, value, what was expected."""
    where = ".".join(map(str, item["loc"]))
    if item["type"] == "missing":
        return f"{where} is missing"
    if item["type"] == "extra_forbidden":
        return f"{where} is none of its fields"
    value = repr(item["input"])
    value = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
    what = _WORDY.sub("", str(item["msg"]))
    return f"{where or 'it'} is {value}, expected {what}"
