"""Whatever several people do, in whatever order: the chat decides what a plain model of the rules decides."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from folkmoot.approvals import ApprovalPolicy, Escalation
from tests.unit.chat.driver import Json, task
from tests.unit.chat.people.office import Office, again, payer, pays

PEOPLE = ("ann", "ben", "cat", "dan", "eve")
ROLES = {"dan": ("finance",), "eve": ("finance", "board")}
DEADLINE = 100
STEP = 40
"""Seconds after which the chain's only step is taken."""


@dataclass
class Rules:
    """The rules, told plainly.

    Attributes:
        policy: What was said of the request.
        votes: Who wants what, of the present revision, in order.
        value: What is asked now: arguments, or a text in the tool's place.
        revision: How often it was changed.
        decided: The verdict, once there is one.
        by: Whose votes made it.
        now: Seconds since it was asked.
    """

    policy: ApprovalPolicy
    votes: dict[str, str] = field(default_factory=dict[str, str])
    value: int | str = 12
    revision: int = 0
    decided: str = ""
    by: list[str] = field(default_factory=list[str])
    now: int = 0

    @property
    def step(self) -> Escalation | None:
        """The chain's step, once it was taken."""
        return self.policy.escalation[0] if self.policy.escalation and self.now >= STEP else None

    def may(self, person: str) -> bool:
        """Whether somebody may vote at all."""
        if person in self.votes or (self.policy.exclude_requester and person == "ann"):
            return False
        asked = list(self.policy.approvers)
        if asked and self.step is not None:
            asked = [*([] if self.step.replace else asked), *self.step.approvers]
        elif self.step is not None and self.step.replace:
            asked = list(self.step.approvers)
        names = {person, *(f"role:{role}" for role in ROLES.get(person, ()))}
        return not asked or bool(names & set(asked))

    def vote(self, person: str, verdict: str, value: int | str, stale: bool) -> bool:
        """Somebody votes; whether it counts."""
        if self.decided or stale or not self.may(person):
            return False
        if verdict in ("edit", "answer"):
            self.votes, self.value, self.revision = {}, value, self.revision + 1
        self.votes[person] = verdict
        self._count()
        return True

    def wait(self, seconds: int) -> None:
        """Time passes."""
        before, self.now = self.now, self.now + seconds
        if self.decided:
            return
        if before < STEP <= self.now and self.policy.escalation:
            self._count()
        if self.now >= DEADLINE and not self.decided:
            self._decide(self.policy.on_timeout, [])

    def _count(self) -> None:
        needed = self.policy.quorum
        if self.step is not None and self.step.quorum is not None:
            needed = self.step.quorum
        against = [person for person, verdict in self.votes.items() if verdict == "reject"]
        rest = [person for person in self.votes if person not in against]
        if len(against) >= self.policy.reject_quorum:
            self._decide("reject", against)
        elif len(rest) >= needed:
            self._decide("approve", rest)

    def _decide(self, verdict: str, by: list[str]) -> None:
        self.decided, self.by = verdict, by
        if verdict == "approve" and isinstance(self.value, str):
            self.decided = "answer"


@st.composite
def policies(draw: st.DrawFn) -> ApprovalPolicy:
    names = st.sampled_from([*PEOPLE, "role:finance", "role:board"])
    steps = st.builds(
        Escalation,
        after=st.just(STEP),
        approvers=st.lists(names, min_size=1, max_size=3, unique=True).map(tuple),
        replace=st.booleans(),
        quorum=st.none() | st.integers(1, 3),
    )
    approvers = tuple(draw(st.lists(names, max_size=5, unique=True)))
    # With a role among them, any number may be needed.
    anybody = approvers and draw(st.booleans())
    return ApprovalPolicy(
        approvers=(*approvers, "role:anybody") if anybody or 0 < len(approvers) < 5 else approvers,
        quorum=draw(st.integers(1, 3)),
        reject_quorum=draw(st.integers(1, 2)),
        exclude_requester=draw(st.booleans()),
        deadline=DEADLINE,
        on_timeout=draw(st.sampled_from(["reject", "approve"])),
        escalation=tuple(draw(st.lists(steps, max_size=1))),
    )


votes = st.tuples(
    st.sampled_from(PEOPLE),
    st.sampled_from(["approve", "approve", "reject", "edit", "answer"]),
    st.integers(1, 3),
    st.sampled_from([False, False, False, True]),
)
steps = st.lists(votes | st.sampled_from([1, 39, 60]), min_size=1, max_size=14)


def asked(policy: ApprovalPolicy) -> Office:
    driver = Office(payer())
    driver.tell("run", task=[task()], by="ann")
    driver.answer(pays(12, policy=policy))
    return driver


@given(policies(), steps, st.booleans())
def test_votes_of_several_people(policy: ApprovalPolicy, given_steps: list[Any], moves: bool) -> None:
    """Also when the chat continues as new after every one of them."""
    driver, rules = asked(policy), Rules(policy)
    (name,) = driver.chat.state.requests
    hashes = [driver.request()[1].hash]
    for step in given_steps:
        if isinstance(step, int):
            driver.later(step)
            rules.wait(step)
        else:
            person, verdict, value, stale = step
            # What was asked before the last change, or never.
            about = (hashes[-2] if len(hashes) > 1 else "0" * 32) if stale else hashes[-1]
            meant: int | str = value if verdict == "edit" else str(value)
            entry = driver.tell("decide", request=name, hash=about, by=_person(person), **_fields(verdict, value))
            # Back to what was once asked: then the old hash is the present one.
            counts = rules.vote(person, verdict, meant, stale and about != hashes[-1])
            assert (entry.kind == "vote") == counts, entry.data
        if name in driver.chat.state.requests:
            assert not rules.decided
            request = driver.request()[1]
            assert [(vote.subject, vote.verdict) for vote in request.votes] == list(rules.votes.items())
            assert request.revision == rules.revision
            if request.hash != hashes[-1]:
                hashes.append(request.hash)
        elif driver.entries("decided"):
            _same_decision(driver, rules)
        if moves:
            driver = driver.move_house()
    assert bool(rules.decided) == (name not in driver.chat.state.requests)
    if not moves:
        assert len(driver.entries("decided")) == bool(rules.decided)
        assert again(driver).chat.state.dump() == driver.chat.state.dump()


def _person(name: str) -> Json:
    return {"subject": name, "roles": list(ROLES.get(name, ()))}


def _fields(verdict: str, value: int) -> Json:
    more: Json = {"edit": {"arguments": {"amount": value}}, "answer": {"content": str(value)}}.get(verdict, {})
    return {"verdict": verdict, **more}


def _same_decision(driver: Office, rules: Rules) -> None:
    data = driver.decision
    assert (data["verdict"], data["by"]) == (rules.decided, rules.by)
    if rules.decided == "approve":
        (call,) = driver.calls
        changed = driver.chat.log.at(call.let).data.get("arguments")
        assert changed == (f'{{"amount": {rules.value}}}' if rules.revision else None)
        assert driver.entries("tool") == []
    else:
        ((content, is_error),) = driver.outcomes()
        assert is_error == (rules.decided == "reject")
        assert rules.decided == "reject" or content == rules.value
        assert [call.kind for call in driver.calls] == ["model"]
