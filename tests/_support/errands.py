"""A small business process for tests of what all of them have in common: it waits until it is told the result."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from pydantic import BaseModel, ConfigDict, Field

    from folkmoot.processes import Process

__all__ = ["ERRAND", "Errand"]


class Request(BaseModel):
    """What is to be done."""

    model_config = ConfigDict(extra="forbid")
    id: str = Field(pattern="^[A-Za-z0-9-]{1,64}$")
    what: str = Field(min_length=1)
    by: str


class Done(BaseModel):
    """The signal `done`."""

    model_config = ConfigDict(extra="forbid")
    result: str = Field(max_length=100)
    by: str


class State(BaseModel):
    """What has come of it so far."""

    what: str
    told: list[str]


class Outcome(BaseModel):
    """What came of it."""

    told: list[str]


@workflow.defn
class Errand:
    """Ends when it is told `home`."""

    @workflow.init
    def __init__(self, request: Request) -> None:
        self._state = State(what=request.what, told=[])

    @workflow.run
    async def run(self, _request: Request) -> Outcome:
        """Wait for the end."""
        await workflow.wait_condition(lambda: any(told.endswith(": home") for told in self._state.told))
        return Outcome(told=self._state.told)

    @workflow.signal
    def done(self, done: Done) -> None:
        """Something has been done."""
        self._state.told.append(f"{done.by}: {done.result}")

    @workflow.query
    def state(self) -> State:
        """Where it stands."""
        return self._state


ERRAND = Process(
    name="errand",
    workflow="Errand",
    request=Request,
    outcome=Outcome,
    state=State,
    signals={"done": Done},
    description="Something to be done.",
)
