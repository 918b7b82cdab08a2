"""The workflow `GroupChat`: handlers and loop, no policy. One chat is one workflow; its history is its log's source.

Handlers only append to the inbox. The loop takes the inbox, then results, then timers, lets the engine write what
follows, and brings the calls in flight in line with what the engine wants; so the order of jobs inside one
activation never matters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from folkmoot._chat.calls import Call, Failure
from folkmoot._chat.commands import ALREADY_RUNNING, handle, prepares, refusal
from folkmoot._chat.log import Entry
from folkmoot._chat.requests import ask_outcome
from folkmoot._chat.specs import Team, team_of
from folkmoot._chat.state import ENGINE
from folkmoot._chat.votes import tick
from folkmoot._temporal.externs import extern

from . import names
from .calls import CANCELLED, Calls, Finished, TimedOut
from .carry import Carrier, restore
from .chat_metrics import ChatMetrics
from .commands_in import Incoming, argument, parse_command
from .deadlines import Deadlines
from .memos import memo_of
from .notices import Notices
from .outbox import Outbox
from .payloads import ChatInput
from .preparing import prepare
from .queries import answer
from .retries import Retries
from .seen import Seen
from .visibility import Visibility

__all__ = ["GroupChat"]


ABSENT = cast(RawValue, None)
"""No argument was given. The hint must be `RawValue` alone, or the SDK decodes the payload."""


class _TooNewError(RuntimeError):
    """The chat's behaviour is that of a later release than this worker's."""

    def __init__(self, engine: int) -> None:
        super().__init__(f"The chat has engine {engine}; this worker knows up to {ENGINE}. Deploy the newer release.")


@workflow.defn(name=names.WORKFLOW, sandboxed=False)
class GroupChat:
    """A chat. Started by `Folkmoot.open`, or by any client with a `ChatInput` that has a `spec`."""

    @workflow.init
    def __init__(self, input: RawValue = ABSENT) -> None:
        self._problem: str | None = None
        self._inbox: list[Incoming] = []
        self._published = 0
        self._asking = ""
        """The command for which something is found out."""
        try:
            data = argument([] if input is ABSENT else [input])
            self._input = ChatInput.model_validate(data)
            self._chat = restore(self._input)
        except Exception as error:  # noqa: BLE001 - whatever it is
            # A start that cannot work must fail at once; raised from here it would retry the task for ever.
            self._problem = f"Bad input for {names.WORKFLOW}: {error}"[:2000]
            return
        self._inbox += [Incoming(*item) for item in self._input.inbox]
        self._seen = Seen(self._input.seen)
        self._anonymous = self._input.anonymous
        self._calls = Calls(self._chat)
        self._retries = Retries(self._chat)
        self._deadlines = Deadlines(self._chat)
        self._carrier = Carrier(self._chat, self._input)
        self._visibility = Visibility(self._chat, self._input)
        self._outbox = Outbox(self._chat)
        self._notices = Notices(self._chat, self._input)
        self._metrics = ChatMetrics(self._chat, self._input)
        if not self._chat.state.opened:
            # Whoever asks before the first task is done finds a chat that has begun.
            self._chat.begin(self._chat.team.name, self._carrier.spec_digest, self._now())

    @workflow.run
    async def run(self, input: RawValue = ABSENT) -> dict[str, Any]:  # noqa: ARG002 - taken in by __init__
        """Live until closed or continued as new."""
        if self._problem is not None:
            raise ApplicationError(self._problem, type="BadCommandError", non_retryable=True)
        if self._input.engine > ENGINE:
            # No failure of the chat: the task is given to a worker that knows it, sooner or later.
            raise _TooNewError(self._input.engine)
        while True:
            await self._take_in()
            if self._at_rest():
                if self._chat.state.closed and workflow.all_handlers_finished():
                    if await self._notices.hand_over():
                        continue
                    return self._carrier.last_word()
                if self._carrier.due():
                    await self._carrier.continue_as_new(self._rest, cleared=self._visibility.cleared)
                    self._put_off()
                    continue
            # A history near its end starts nothing more until what is in flight has come back.
            wanted = [] if self._carrier.forced() else self._chat.wanted()
            self._calls.reconcile(wanted, self._retries.postponed)
            await workflow.wait_condition(self._has_work)

    def _put_off(self) -> None:
        """The chat could not continue as new. Before the server would end it, its run ends with a clear status."""
        full = self._carrier.full()
        if full is not None and self._chat.state.running:
            self._chat.fail("", Failure("StoreMissingError", full), self._now())

    def _at_rest(self) -> bool:
        """Nothing is under way: a safe point to end or to continue as new."""
        return not self._calls and not self._inbox and not self._outbox.busy

    def _has_work(self) -> bool:
        timed = self._retries.any_due or self._deadlines.any_due
        done = self._calls.any_done or self._outbox.just_done or self._notices.any_done
        return timed or bool(self._inbox) or done

    async def _take_in(self) -> None:
        """Inbox, results, timers, then what follows from them."""
        while self._inbox:
            incoming = await self._prepared(self._inbox[0])
            del self._inbox[0]
            self._guarded(self._command, incoming, self._now())
            # Between two commands the engine writes what the first one leads to: each finds the chat settled.
            self._guarded(self._advance, self._now())
        time = self._now()
        for finished in self._calls.take():
            self._guarded(self._finish, finished, time)
        self._retries.take()
        self._guarded(tick, self._chat, time)
        self._guarded(self._advance, time)
        self._guarded(self._notices.move, time, self._carrier.forced())
        self._deadlines.set()
        self._show()

    def _advance(self, time: str) -> None:
        self._chat.advance(time, self._calls.keys)

    def _guarded(self, step: Any, *args: Any) -> None:
        """A step that fails for a reason of its own ends the run with a clear error, never the workflow task."""
        try:
            step(*args)
        except Exception as error:  # noqa: BLE001 - whatever it is
            workflow.logger.exception("a step of the chat failed")
            text = str(error)[:2000]
            if self._chat.state.running:
                self._chat.fail("", Failure(type(error).__name__, text), self._now())
            else:
                self._chat.append(self._now(), "noted", command="", verb="", note=f"{type(error).__name__}: {text}")

    async def _prepared(self, incoming: Incoming) -> Incoming:
        """A command with what a worker has to find out first; the commands behind it wait."""
        chat, fields = self._chat, incoming.fields
        if (
            incoming.error is not None
            or incoming.command in self._seen
            or refusal(chat, incoming.verb, fields) is not None
        ):
            return incoming
        self._asking = incoming.command
        try:
            if incoming.verb == "close":
                await self._carrier.archive()
            if not prepares(chat, incoming.verb, fields):
                return incoming
            if not self._published:
                self._show()
            return await prepare(chat, incoming)
        finally:
            self._asking = ""

    def _command(self, incoming: Incoming, time: str) -> None:
        if incoming.command in self._seen:
            if incoming.fields.get("reply"):
                self._outbox.again(incoming.command, incoming.fields["reply"])
            return
        self._seen.add(incoming.command)
        why = incoming.error or self._refusal(incoming)
        if why is None:
            handle(self._chat, incoming.verb, incoming.command, incoming.fields, time)
        else:
            verb = incoming.fields.get("verb", incoming.verb)
            self._chat.refuse(verb, incoming.command, why, incoming.fields, time)

    def _refusal(self, incoming: Incoming) -> tuple[str, str] | None:
        """What stands against a command outside the log."""
        meant = incoming.fields.get("spec") if incoming.verb == "run" else None
        if meant is not None and meant != self._carrier.spec_digest:
            return "ChatExistsError", "The chat lives with another team."
        if incoming.fields.get("opened") and not self._is_opened_by(incoming.fields.get("reply") or {}):
            return "ChatExistsError", "The chat was not opened by the workflow that asks."
        full = self._carrier.full() if incoming.verb == "run" else None
        if full is not None:
            self._carrier.ask_again()
        return None if full is None else ("StoreMissingError", full)

    def _is_opened_by(self, caller: Mapping[str, Any]) -> bool:
        """Whether who asks for a run as the one that opened the chat did so: anybody may open one under any free id."""
        parent = workflow.info().parent
        return parent is not None and parent.workflow_id == caller.get("workflow_id")

    def _finish(self, finished: Finished, time: str) -> None:
        call, result, chat = finished.call, finished.result, self._chat
        if self._retries.postpone(finished, time):
            return
        if isinstance(result, str) or (isinstance(result, Failure) and (call.kind == "tool" or call.once)):
            self._lost(call, result, time)
        else:
            chat.outcome(call, result, time)

    def _lost(self, call: Call, result: Failure | str, time: str) -> None:
        """A cancelled call is made again if still needed; of a tool that failed for good the model is told."""
        if not self._chat.needs(call):
            return
        lost = result == CANCELLED or isinstance(result, TimedOut)
        if call.once and lost and call.kind != "undo":
            why = "it was cancelled." if isinstance(result, str) else result.message
            if (call.policy or {}).get("unknown_outcome") != "fail":
                ask_outcome(self._chat, self._chat.plan.seats[call.path], call, why, time)
                return
            what = f"{call.name!r}" if call.kind == "tool" else f"the {call.kind} call of {call.path!r}"
            text = f"The outcome of {what} is unknown: {why} It must not be run again by itself."
            self._chat.fail(call.path, Failure("UnknownOutcomeError", text), time)
        elif isinstance(result, Failure) and call.kind == "tool":
            self._chat.outcome(call, {"content": result.message, "is_error": True}, time)
        elif isinstance(result, Failure):
            self._chat.outcome(call, result, time)

    def _show(self) -> None:
        """Let others see what is new: activities of this process, callers in workflows, visibility."""
        fresh = self._chat.log.after(self._published)
        self._published = self._chat.log.head
        self._show_activities(fresh)
        if any("spec" in entry.data and entry.kind != "opened" for entry in fresh):
            workflow.upsert_memo({names.MEMO_CHAT: memo_of(self._chat.team)})
        self._visibility.write(workflow.now(), run_ended=any(entry.kind == "run_ended" for entry in fresh))
        self._outbox.send(fresh)
        self._metrics.write()

    def _show_activities(self, fresh: Sequence[Entry]) -> None:
        show = extern(names.CACHE_EXTERN)
        if show is None:
            return
        try:
            show(workflow.info(), self._chat, self._input.segments, fresh)
        except Exception:  # noqa: BLE001 - the cache is a convenience, the chat must not stop over it
            workflow.logger.exception("the log could not be shown to this process")

    def _rest(self) -> dict[str, Any]:
        """What lives outside the log and is carried over continue-as-new."""
        return {
            "inbox": [list(item) for item in self._inbox],
            "seen": self._seen.dump(),
            "anonymous": self._anonymous,
            "shown": self._visibility.shown,
            "notices": self._notices.rest(),
        }

    @property
    def where(self) -> dict[str, Any]:
        """Where the chat stands, for logs and traces: its run, its turn, and the command that something is done for."""
        if self._problem is not None:
            return {}
        state = self._chat.state
        command = self._asking or state.command
        return {"run": state.run, "turn": state.turn, "command": command, "of_run": command == state.command}

    @property
    def latest(self) -> str:
        """The id of the command that came last and was not taken in yet; empty if there is none."""
        return self._inbox[-1].command if self._inbox else ""

    def _now(self) -> str:
        return workflow.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _parse(self, name: str, args: Sequence[RawValue]) -> Incoming:
        self._anonymous += 1
        return parse_command(name, args, f"{workflow.info().run_id}-{self._anonymous}", self._chat.team)

    @workflow.signal(dynamic=True)
    def on_signal(self, name: str, args: Sequence[RawValue]) -> None:
        """Any signal: into the inbox, good or bad."""
        if self._problem is None:
            self._carrier.signals += 1
            self._inbox.append(self._parse(name, args))

    @workflow.update(dynamic=True)
    def on_update(self, name: str, args: Sequence[RawValue]) -> dict[str, Any]:
        """Any update the validator let through: into the inbox. The outcome is in the log, from `after` on."""
        incoming = self._parse(name, args)
        self._inbox.append(incoming)
        info = workflow.info()
        return {
            "command": incoming.command,
            "after": self._chat.log.head,
            "run_id": info.run_id,
            "events": info.get_current_history_length(),
        }

    @on_update.validator
    def check_update(self, name: str, args: Sequence[RawValue]) -> None:
        """Refuse at once, without a trace in history, what would be refused anyway."""
        if self._problem is not None:
            raise ApplicationError(self._problem, type="BadCommandError", non_retryable=True)
        incoming = parse_command(name, args, "", self._chat.team)
        if incoming.command in self._seen and incoming.command:
            return
        why = incoming.error or refusal(self._chat, incoming.verb, incoming.fields)
        if why is None and incoming.verb == "run" and any(item.verb == "run" for item in self._inbox):
            why = ("ChatBusyError", ALREADY_RUNNING)
        if why is not None:
            raise ApplicationError(why[1], type=why[0], non_retryable=True)
        # What a worker has registered may differ from worker to worker. Validators leave no trace and are not
        # replayed, so they may ask.
        unknown = self._unknown_names(team_of(incoming.fields["spec"]) if incoming.verb == "change" else None)
        if unknown is not None:
            text, kind, details = unknown["message"], unknown["type"], unknown["details"]
            raise ApplicationError(text, details, type=kind, non_retryable=True)

    def _unknown_names(self, team: Team | None = None) -> dict[str, Any] | None:
        """What of a spec's names, or the chat's own, the worker that answers does not know."""
        check = extern(names.CHECK_EXTERN)
        return None if check is None else check(self._chat.team if team is None else team)

    @workflow.query(dynamic=True)
    def on_query(self, name: str, args: Sequence[RawValue]) -> Any:
        """Any query (see `queries`)."""
        if self._problem is not None:
            raise ApplicationError(self._problem, type="BadCommandError", non_retryable=True)
        try:
            data = argument(args)
            if name == "check":
                return self._unknown_names()
            given: dict[str, Any] = {} if data is None else data
            if name == "command":
                # What is sealed was carried out all the same.
                return {**answer(self._chat, self._input, name, given), "seen": given["command"] in self._seen}
            return answer(self._chat, self._input, name, given)
        except (ValueError, KeyError, TypeError) as error:
            raise ApplicationError(str(error), type="BadCommandError", non_retryable=True) from error
