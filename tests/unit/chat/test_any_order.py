"""Whatever commands and results come in whatever order: the log alone gives the state, every view and every id."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from folkmoot._chat.calls import Failure
from folkmoot._chat.context import AgentContext
from folkmoot._chat.engine import Chat
from folkmoot._chat.entries import CHAT_KINDS, message_id
from folkmoot._chat.log import EMPTY_DIGEST, Log
from folkmoot._chat.plan import Plan
from folkmoot._chat.snapshots import snapshots, state_at
from folkmoot._chat.state import ChatState
from folkmoot.conditions import FunctionalTermination, MaxMessageTermination, TextMentionTermination
from folkmoot.teams import RoundRobinGroupChat, TeamSpec
from folkmoot.tools import Tool
from tests._support.examples import examples
from tests.unit.chat.driver import UUID, Driver, agent, asks, dangling, said, task

NAMES = ("a", "b", "c")
PLAIN = TextMentionTermination("DONE") | MaxMessageTermination(9, include_agent_event=True)


def spec(condition: Any, limit: int | None) -> TeamSpec:
    members = [
        agent("a", tools=[Tool("look"), Tool("count")], handoffs=["b"], max_tool_iterations=2),
        agent("b", tools=[Tool("look")], reflect_on_tool_use=True),
        agent("c"),
    ]
    return RoundRobinGroupChat(members, termination_condition=condition, max_turns=limit, emit_team_events=True)


replies = st.one_of(
    st.sampled_from(["hello", "DONE", ""]).map(said),
    st.builds(said, st.just("well"), thought=st.just("hm")),
    st.sampled_from([("look",), ("look", "look"), ("look", "transfer_to_b"), ("transfer_to_b",), ()]).map(
        lambda names: asks(*names)
    ),
)
tasks = st.sampled_from([[], [task("go")], [task("one"), task("DONE", source="a")]])
commands = st.one_of(
    st.tuples(st.just("run"), st.fixed_dictionaries({"task": tasks})),
    st.tuples(st.sampled_from(["resume", "stop", "cancel", "decide"]), st.just({})),
    st.tuples(st.just("pause"), st.fixed_dictionaries({"now": st.booleans()})),
    st.tuples(st.just("reset"), st.fixed_dictionaries({"force": st.booleans()})),
)
# Results are drawn for every kind of call; which one is used depends on the call that comes back.
results = st.tuples(
    st.just("result"),
    st.fixed_dictionaries(
        {
            "which": st.integers(0, 3),
            "model": replies,
            "tool": st.sampled_from([{"content": "seen"}, {"content": "DONE", "is_error": True}]),
            "functions": st.booleans(),
            "fate": st.sampled_from(["fine"] * 8 + ["fails", "waits", "late"]),
        }
    ),
)
# Mostly results: chats that get somewhere, and are disturbed now and then.
steps = st.integers(0, 9).flatmap(lambda number: commands if number > 7 else results)
stories = st.lists(steps, max_size=40)
teams = st.builds(
    spec, st.sampled_from([None, PLAIN, PLAIN & FunctionalTermination("enough")]), st.sampled_from([None, 2, 5])
)


class Watched:
    """A driver that keeps the state after every entry as it was then."""

    def __init__(self, team: TeamSpec) -> None:
        self.driver = Driver(team)
        self.driver.tell("run", task=[task("start")])
        self.lived: dict[int, ChatState] = {}
        self.old = list(self.driver.flying.values())

    def tell(self, step: tuple[str, dict[str, Any]]) -> None:
        driver, (verb, fields) = self.driver, step
        driver.seconds += 1
        if verb == "result":
            self._result(fields)
        else:
            driver.tell(verb, **fields)
        self.old += driver.calls
        self.lived[driver.chat.log.head - 1] = driver.chat.state.model_copy(deep=True)

    def _result(self, fields: dict[str, Any]) -> None:
        driver, fate = self.driver, fields["fate"]
        calls = self.old if fate == "late" else driver.calls
        if not calls:
            # Nothing is under way: the chat is idle or paused. Somebody moves it on.
            driver.tell("resume" if driver.chat.state.pause else "run", task=[task("on")])
            return
        call = calls[fields["which"] % len(calls)]
        if fate == "waits":
            driver.chat.wait(call, "worker:tool:x", driver.now, "unknown", driver.now)
            driver.settle()
        elif fate == "fails":
            driver.finish(call, Failure("ModelCallError", "no"))
        else:
            answer = {"answers": [fields["functions"]]} if call.kind == "functions" else fields[call.kind]
            # Each result is its own object, as it is when it comes over the wire.
            driver.finish(call, dict(answer))


def lived(team: TeamSpec, story: list[Any]) -> Watched:
    watched = Watched(team)
    for step in story:
        watched.tell(step)
    return watched


def context(team: TeamSpec, log: Log, name: str, *stops: int) -> list[Any]:
    """An agent's context, read in steps."""
    plan = Plan(team)
    view = AgentContext(plan, UUID, plan.seats[name])
    for stop in (*stops, log.head):
        view.read(log, stop, {})
    return [item.message for item in view.items]


@settings(max_examples=examples(250), deadline=None)
@given(team=teams, story=stories)
def test_state_is_a_fold_of_the_log(team: TeamSpec, story: list[Any]) -> None:
    watched = lived(team, story)
    chat = watched.driver.chat
    stored = [entry.encoded for entry in chat.log]
    again = Chat(team, UUID, Log.restore(0, EMPTY_DIGEST, stored))
    assert again.state == chat.state
    assert again.wanted() == chat.wanted()
    assert ChatState.load(chat.state.dump()) == chat.state
    for offset, state in watched.lived.items():
        assert state_at(chat, offset) == state


@settings(max_examples=examples(150), deadline=None)
@given(team=teams, story=stories, data=st.data())
def test_chat_carried_from_any_point_between_turns_is_the_same_chat(
    team: TeamSpec, story: list[Any], data: st.DataObject
) -> None:
    chat = lived(team, story).driver.chat
    # A turn in progress keeps its own entries, as the carrier does.
    bases = [0] + [entry.offset + 1 for entry in chat.log if not state_at(chat, entry.offset).speakers]
    base = data.draw(st.sampled_from(bases))
    carried = ChatState.load(state_at(chat, base - 1).dump()) if base else ChatState()
    rest = [entry.encoded for entry in chat.log.after(base)]
    digest = chat.log.digest_at(base)
    assert digest is not None
    again = Chat(team, UUID, Log.restore(base, digest, rest), carried)
    assert (again.state, again.log.digest) == (chat.state, chat.log.digest)
    assert again.wanted() == chat.wanted()
    assert snapshots(again) == [found for found in snapshots(chat) if found.offset >= base]


@settings(max_examples=examples(150), deadline=None)
@given(team=teams, story=stories, data=st.data())
def test_context_read_in_steps_is_the_one_read_at_once(team: TeamSpec, story: list[Any], data: st.DataObject) -> None:
    log = lived(team, story).driver.chat.log
    stops = sorted(data.draw(st.lists(st.integers(0, log.head), max_size=4)))
    restored = Log.restore(0, EMPTY_DIGEST, [entry.encoded for entry in log])
    for name in NAMES:
        assert context(team, log, name, *stops) == context(team, log, name) == context(team, restored, name)


@settings(max_examples=examples(150), deadline=None)
@given(team=teams, story=stories)
def test_ids_are_unique_and_follow_from_the_log(team: TeamSpec, story: list[Any]) -> None:
    log = lived(team, story).driver.chat.log
    ids = [message_id(UUID, entry) for entry in log if entry.kind in CHAT_KINDS]
    assert len(ids) == len(set(ids))
    restored = Log.restore(0, EMPTY_DIGEST, [entry.encoded for entry in log])
    assert [message_id(UUID, entry) for entry in restored if entry.kind in CHAT_KINDS] == ids


@settings(max_examples=examples(150), deadline=None)
@given(team=teams, story=stories)
def test_chat_at_rest_leaves_no_tool_call_open_and_can_run_again(team: TeamSpec, story: list[Any]) -> None:
    driver = lived(team, story).driver
    if driver.chat.state.pause:
        driver.tell("resume")
    if driver.chat.state.running:
        driver.tell("cancel")
    assert (driver.status, driver.calls) == ("idle", [])
    assert all(dangling(driver.view(name)) == [] for name in NAMES)
    assert driver.tell("run", task=[task("again")]).kind == "run_started"
    state = driver.chat.state
    assert driver.calls or state.status == "stopped"


@settings(max_examples=examples(150), deadline=None)
@given(team=teams, story=stories)
def test_every_message_of_others_is_in_a_context_once(team: TeamSpec, story: list[Any]) -> None:
    driver = lived(team, story).driver
    log, epoch = driver.chat.log, driver.chat.state.epoch
    for name in NAMES:
        turns = [entry.offset for entry in log.after(epoch) if entry.kind == "turn" and name in entry.data["speakers"]]
        heard = [
            entry
            for entry in log.after(epoch, turns[-1] if turns else epoch)
            if entry.kind == "message" and ("call" not in entry.data or entry.data["message"]["source"] != name)
        ]
        assert sum(item["type"] == "UserMessage" for item in driver.view(name)) == len(heard)


@settings(max_examples=examples(150), deadline=None)
@given(team=teams, story=stories)
def test_calls_in_flight_are_always_the_ones_wanted(team: TeamSpec, story: list[Any]) -> None:
    watched = Watched(team)
    for step in story:
        watched.tell(step)
        driver = watched.driver
        state, wanted = driver.chat.state, [call.key for call in driver.chat.wanted()]
        assert len(set(wanted)) == len(wanted)
        if not state.pause:
            assert sorted(driver.flying) == sorted(wanted)
            # Running means that something is under way: a chat never hangs.
            assert bool(wanted) == state.running
        elif driver.status == "paused":
            assert driver.calls == []
