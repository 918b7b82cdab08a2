"""Whatever comes in whatever order, in every kind of team: the log alone gives the state, and nothing hangs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkmoot._chat.context import AgentContext
from folkmoot._chat.engine import Chat
from folkmoot._chat.entries import all_references
from folkmoot._chat.log import EMPTY_DIGEST, Log
from folkmoot._chat.needed import needed_offsets
from folkmoot._chat.plan import Plan
from folkmoot._chat.snapshots import state_at
from folkmoot._chat.state import ChatState
from folkmoot._chat.thread import ThreadView
from tests._support.examples import examples
from tests.unit.chat.driver import UUID, dangling
from tests.unit.chat.team_stories import KINDS, TASKS, Step, Story, stories


def every_kind(count: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Runs a property for each kind of team; all get random stories."""

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        @pytest.mark.parametrize("kind", KINDS)
        @settings(max_examples=examples(count), deadline=None)
        @given(data=st.data(), steps=stories)
        def wrapped(kind: str, data: st.DataObject, steps: list[Step]) -> None:
            team = data.draw(KINDS[kind])
            test(Story(team, steps), data)

        return wrapped

    return decorate


def folded(chat: Chat, base: int, state: ChatState, pinned: dict[int, bytes]) -> Chat:
    """The chat restored from its base state, its entries from there on and the pinned ones."""
    digest = chat.log.digest_at(base)
    assert digest is not None
    rest = [entry.encoded for entry in chat.log.after(base)]
    return Chat(chat.team, UUID, Log.restore(base, digest, rest, pinned), ChatState.load(state.dump()))


def pins(chat: Chat, base: int, states: Sequence[ChatState], until: int) -> dict[int, bytes]:
    """The entries before `base` that are carried when the log up to `until` is held."""
    offsets = {offset for state in states for offset in needed_offsets(chat.plan, state)}
    needed = {offset: chat.log.at(offset) for offset in offsets}
    held = chat.log.after(base, until)
    found = {**needed, **all_references([*needed.values(), *held], chat.log.at)}
    return {offset: entry.encoded for offset, entry in found.items() if offset < base}


@every_kind(80)
def test_state_is_a_fold_of_the_log(story: Story, data: st.DataObject) -> None:
    chat = story.chat
    again = Chat(chat.team, UUID, Log.restore(0, EMPTY_DIGEST, [entry.encoded for entry in chat.log]))
    assert again.state == chat.state
    assert again.wanted() == chat.wanted()
    assert ChatState.load(chat.state.dump()) == chat.state


@every_kind(80)
def test_chat_carried_from_any_point_is_the_same_chat(story: Story, data: st.DataObject) -> None:
    chat = story.chat
    base = data.draw(st.sampled_from(story.heads))
    state = state_at(chat, base - 1)
    again = folded(chat, base, state, pins(chat, base, [state], base))
    assert again.state == chat.state
    assert again.log.digest == chat.log.digest
    assert again.wanted() == chat.wanted()


@every_kind(60)
def test_chat_carried_on_without_sealing_is_the_same_chat(story: Story, data: st.DataObject) -> None:
    """It keeps its base: what that state holds on to is carried as long, even if today's does not any more."""
    chat = story.chat
    base = data.draw(st.sampled_from(story.heads))
    state = state_at(chat, base - 1)
    first = folded(chat, base, state, pins(chat, base, [state], base))
    again = folded(first, base, state, pins(first, base, [state, first.state], first.log.head))
    assert again.state == chat.state
    assert again.wanted() == chat.wanted()


@every_kind(60)
def test_views_read_in_steps_are_those_read_at_once(story: Story, data: st.DataObject) -> None:
    log, plan = story.chat.log, Plan(story.chat.team)
    stops = sorted(data.draw(st.lists(st.integers(0, log.head), max_size=5)))
    restored = Log.restore(0, EMPTY_DIGEST, [entry.encoded for entry in log])
    for seat in plan.seats.values():
        read = [AgentContext(plan, UUID, seat) for _ in range(3)]
        for stop in stops:
            read[0].read(log, stop, {})
        for context, source in zip(read, (log, log, restored), strict=True):
            context.read(source, log.head, {})
        first, *others = [[item.message for item in context.items] for context in read]
        assert all(first == other for other in others)
    for node in plan.nodes.values():
        views = [ThreadView(plan, UUID, node) for _ in range(2)]
        for stop in (*stops, log.head):
            views[0].read(log, stop, {})
        views[1].read(restored, log.head, {})
        first, second = [(view.thread, list(view.steps), view.current_tasks) for view in views]
        assert first == second


@every_kind(60)
def test_nothing_dangles_and_nothing_is_heard_twice(story: Story, data: st.DataObject) -> None:
    driver = story.driver
    if driver.chat.state.pause:
        driver.tell("resume")
    if driver.chat.state.running:
        driver.tell("cancel")
    assert (driver.status, driver.calls) == ("idle", [])
    for path in driver.chat.plan.seats:
        if driver.chat.plan.seats[path].agent is None:
            continue
        context = driver.view(path)
        assert dangling(context) == []
        heard = [str(item["content"]) for item in context if item["type"] == "UserMessage"]
        unique = [text for text in heard if text.startswith("<")]
        assert len(set(unique)) == len(unique)


@every_kind(60)
def test_a_chat_at_rest_runs_again_to_an_end(story: Story, data: st.DataObject) -> None:
    driver = story.driver
    if driver.chat.state.pause:
        driver.tell("resume")
    if driver.chat.state.running:
        driver.tell("cancel")
    before = len(driver.entries("run_ended"))
    given_task = data.draw(st.sampled_from(TASKS))
    if driver.tell("run", task=given_task).kind == "refused":
        return
    assert driver.chat.state.running or len(driver.entries("run_ended")) == before + 1
    story.look()
    # Told to stop, it comes to its end by itself as soon as its calls are answered.
    driver.tell("stop")
    for number in range(200):
        if not driver.chat.state.running:
            break
        story.tell("result", 0, 1 + 6 * number)
        story.look()
    assert not driver.chat.state.running
