"""Whatever happens to a chat in whatever order: its log tells one truth, to whoever reads it from wherever."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from hypothesis import given, settings

from folkmoot._chat.condensing import Item
from folkmoot._chat.context import AgentContext
from folkmoot._chat.entries import CHAT_KINDS, message_id
from folkmoot._chat.fold import Fold
from folkmoot._chat.log import EMPTY_DIGEST, Entry, Log
from folkmoot._chat.snapshots import snapshots, state_at
from folkmoot._chat.specs import team_at
from folkmoot._chat.state import LASTING, ChatState
from folkmoot._chat.thread import ThreadView
from tests._support.examples import examples
from tests.unit.chat.driver import UUID, dangling
from tests.unit.chat.time.copies import fork, saved
from tests.unit.chat.time.questions import bare
from tests.unit.chat.time.stories import Step, Story, booking, casts, condensed, long_stories, stories, undoings


def lines(log: Log) -> Iterator[tuple[Entry, list[Entry]]]:
    """Each entry with those of the branch that it ends, told by the jumps alone."""
    after: dict[int, list[Entry]] = {-1: []}
    for entry in log:
        match entry.kind:
            case "rolled_back":
                line = after[entry.data["to"]]
            case "loaded" if "spec" not in entry.data:
                line = []
            case _:
                line = after[entry.offset - 1]
        after[entry.offset] = [*line, entry]
        yield entry, after[entry.offset]


def straightforward(story: Story, line: list[Entry]) -> ChatState:
    """The state after a branch's entries, the others left out; a jump is taken for what it says."""
    team = team_at(story.whole, line[0].offset, story.chat.team)
    log, fold, state = Log(), Fold(team, UUID), ChatState()
    places = {entry.offset: entry for entry in line}
    for place in range(line[-1].offset + 1):
        entry = places.get(place)
        copied = story.whole.at(place).kind == "copied"
        data: Any = story.whole.at(place).data if entry is not None or copied else {"kind": "elsewhere", "time": ""}
        fold.apply(state, log, log.append(data))
    return state


def lasting(state: ChatState, yes: bool) -> dict[str, Any]:
    return {name: value for name, value in state.dump().items() if (name in LASTING) == yes}


@settings(max_examples=examples(80), deadline=None)
@given(name=casts, steps=stories)
def test_the_log_alone_gives_the_state_at_every_offset(name: str, steps: list[Step]) -> None:
    story = Story(name, steps)
    again = story.again()
    assert again.state == story.chat.state
    assert again.wanted() == story.chat.wanted()
    assert again.log.digest == story.chat.log.digest
    assert ChatState.load(story.chat.state.dump()) == story.chat.state
    for offset, state in story.lived.items():
        assert state_at(again, offset) == state


@settings(max_examples=examples(80), deadline=None)
@given(name=casts, steps=stories)
def test_the_state_is_that_of_its_branch(name: str, steps: list[Step]) -> None:
    story = Story(name, steps)
    for entry, line in lines(story.whole):
        if entry.kind == "rolled_back":
            before = straightforward(story, line[:-1])
            assert lasting(before, yes=False) == entry.data["state"]
    *_, (_, line) = lines(story.whole)
    assert lasting(straightforward(story, line), yes=False) == lasting(story.chat.state, yes=False)


@settings(max_examples=examples(80), deadline=None)
@given(name=casts, steps=stories)
def test_nothing_is_delivered_twice_and_no_call_is_left_open(name: str, steps: list[Step]) -> None:
    story = Story(name, steps)
    story.rest()
    for seat in story.chat.plan.seats.values():
        if seat.agent is None:
            continue
        view = AgentContext(story.chat.plan, UUID, seat)
        view.read(story.whole, story.whole.head, {})
        items = [item.message for item in view.items]
        assert dangling(items) == []
        words = Counter(item["content"] for item in items if isinstance(item["content"], str))
        assert [word for word, times in words.items() if times > 1 and word.startswith("#")] == []
    ids = [message_id(UUID, entry) for entry in story.whole if entry.kind in CHAT_KINDS]
    assert len(ids) == len(set(ids))


@settings(max_examples=examples(30), deadline=None)
@given(name=condensed, steps=long_stories)
def test_summaries_tell_what_was_said(name: str, steps: list[Step]) -> None:
    """With summaries replaced by the words they tell, a view is the one of a log that has none."""
    story = Story(name, steps)
    story.rest()
    plain = Log()
    for entry in story.whole:
        plain.append({"kind": "elsewhere", "time": ""} if entry.kind == "summary" else entry.data)
    for path, seat in story.chat.plan.seats.items():
        if seat.agent is not None:
            seen, all_of_it = AgentContext(story.chat.plan, UUID, seat), AgentContext(story.chat.plan, UUID, seat)
            seen.read(story.whole, story.whole.head, {})
            all_of_it.read(plain, plain.head, {})
            assert told_in(story, seen.items) == told_in(story, all_of_it.items), path
    for path, node in story.chat.plan.nodes.items():
        shown, whole = ThreadView(story.chat.plan, UUID, node), ThreadView(story.chat.plan, UUID, node)
        shown.read(story.whole, story.whole.head, {})
        whole.read(plain, plain.head, {})
        assert shown.thread == whole.thread
        if shown.condensed is not None and whole.condensed is not None:
            assert told_in(story, shown.condensed.items) == told_in(story, whole.condensed.items), path


def told_in(story: Story, items: Iterable[Item]) -> list[str]:
    """The words in a context."""
    return list(story.words(*(item.message["content"] for item in items)))


@settings(max_examples=examples(80), deadline=None)
@given(name=booking, steps=undoings)
def test_what_is_gone_back_behind_is_undone_once(name: str, steps: list[Step]) -> None:
    story = Story(name, steps)
    story.rest()
    branches = {entry.offset: line for entry, line in lines(story.whole)}
    undone = Counter[int]()
    for entry in story.whole:
        if entry.kind != "rolled_back":
            continue
        before, kept = branches[entry.offset - 1], {item.offset for item in branches[entry.data["to"]]}
        gone = [item for item in before if item.offset not in kept and with_effects(story.whole, item)]
        crossed = entry.data.get("crossed", [])
        assert [item["offset"] for item in crossed] == [item.offset for item in gone]
        asked = [item["offset"] for item in entry.data.get("undo", [])]
        done = [item for item in story.whole if item.kind == "compensated" and item.data["since"] == entry.offset]
        assert [item.data["offset"] for item in done] == asked, "in that order, each once"
        undone.update(item.data["offset"] for item in done if not item.data.get("is_error"))
    assert [offset for offset, times in undone.items() if times > 1] == []


def with_effects(log: Log, entry: Entry) -> bool:
    """Whether an entry is the outcome of a tool that had side effects."""
    if entry.kind != "tool":
        return False
    options = log.at(entry.data["call"]).data.get("policies", {})
    return bool(options.get(str(entry.data["index"]), {}).get("side_effects"))


@settings(max_examples=examples(80), deadline=None)
@given(name=casts, steps=stories)
def test_views_read_on_are_those_read_at_once(name: str, steps: list[Step]) -> None:
    """A worker's, which it read further with every call, and those of one that has only just begun."""
    story = Story(name, steps)
    plan, log = story.chat.plan, story.whole
    restored = Log.restore(0, EMPTY_DIGEST, [entry.encoded for entry in log])
    for path, seat in plan.seats.items():
        if seat.agent is not None:
            fresh = AgentContext(plan, UUID, seat)
            fresh.read(restored, log.head, {})
            kept = story.view(AgentContext, path, log.head)
            assert [item.message for item in kept.items] == [item.message for item in fresh.items]
            assert (kept.new, kept.unread, kept.begun) == (fresh.new, fresh.unread, fresh.begun)
    for path, node in plan.nodes.items():
        thread = ThreadView(plan, UUID, node)
        thread.read(restored, log.head, {})
        kept_thread = story.view(ThreadView, path, log.head)
        assert (kept_thread.thread, kept_thread.current_tasks) == (thread.thread, thread.current_tasks)
        assert shown_to_model(kept_thread) == shown_to_model(thread)


def shown_to_model(view: ThreadView) -> Any:
    """What a selection's model would see where that is condensed."""
    seen = view.condensed
    return None if seen is None else ([(item.message, item.stands) for item in seen.items], seen.begun)


@settings(max_examples=examples(80), deadline=None)
@given(name=casts, steps=stories)
def test_a_fork_is_what_a_rollback_is(name: str, steps: list[Step]) -> None:
    story = Story(name, steps)
    source = story.again()
    # A loaded state that asks a person goes on by itself, after its snapshot.
    found = [item for item in snapshots(source) if not source.log.at(item.offset).data.get("asks")]
    for snapshot in found[-3:]:
        back = story.again()
        story.driver.chat, story.driver.flying = back, {}
        entry = story.driver.tell("rollback", offset=snapshot.offset, force=True)
        assert entry.kind != "refused"
        one, other = saved(story.driver.chat), saved(fork(source, snapshot.offset).chat)
        for whole in (one, other):
            more = whole["folkmoot"]
            more["state"] = {path: scope.get("floor") for path, scope in more["state"]["scopes"].items()}
            more["entries"] = []
            del more["turn"]
        assert bare(one) == bare(other)
