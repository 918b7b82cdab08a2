"""Structured messages read as objects where their class is known and fits, and as mappings everywhere else."""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

import pytest
from pydantic import BaseModel, Field

from folkmoot import RoundRobinGroupChat
from folkmoot import messages as m
from folkmoot.messages.base import REGISTERED, is_builtin
from tests.unit.chat.driver import agent

T = TypeVar("T")


class Step(BaseModel):
    """Part of a plan."""

    text: str
    owner: str | None = None


class Roadmap(BaseModel):
    """A user's structure."""

    steps: list[Step]


NAMED_BY_A_MODULE = m.StructuredMessage[Step]

ROADMAP = Roadmap(steps=[Step(text="go")])


def as_logged(**content: Any) -> dict[str, Any]:
    return {"type": "StructuredMessage[Roadmap]", "source": "a", "content": content}


@pytest.fixture
def named() -> type[m.StructuredMessage[Roadmap]]:
    """The class is named here, as where a process starts."""
    return m.StructuredMessage[Roadmap]


@pytest.fixture
def unnamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has not named it."""
    monkeypatch.delitem(REGISTERED, "StructuredMessage[Roadmap]", raising=False)


def test_autogens_form_gives_the_object_back(named: type[m.StructuredMessage[Roadmap]]) -> None:
    message = named(content=ROADMAP, source="a", format_string="{steps}!")
    again = m.from_log(m.to_log(message))
    assert type(again) is named
    assert isinstance(again, m.StructuredMessage)
    assert again.content == ROADMAP
    assert again == message
    assert is_builtin(type(again)), "the team need not list it"


@pytest.mark.usefixtures("unnamed")
def test_who_has_not_named_the_class_reads_a_mapping() -> None:
    data = as_logged(steps=[{"text": "go", "owner": None}])
    message = m.from_log(data)
    assert isinstance(message, m.StructuredMessage)
    assert message.content == {"steps": [{"text": "go", "owner": None}]}
    assert message.parse(Roadmap) == ROADMAP
    assert m.to_log(message) == data, "nothing is lost on the way"


def test_who_makes_one_has_named_its_class() -> None:
    class Journey(BaseModel):
        miles: int

    message = m.StructuredMessage(content=Journey(miles=5), source="a")
    assert message.type == "StructuredMessage[Journey]"
    again = m.from_log(m.to_log(message))
    assert isinstance(again, m.StructuredMessage)
    assert again.content == Journey(miles=5)
    assert again.parse(Journey) == Journey(miles=5)


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize(
    "content", [{"stages": []}, {"steps": [], "budget": 5}, {"steps": 5}], ids=["other", "more", "wrong"]
)
def test_a_class_that_does_not_fit_loses_nothing(content: dict[str, Any]) -> None:
    message = m.from_log(as_logged(**content))
    assert isinstance(message, m.StructuredMessage)
    assert message.content == content


def test_the_last_class_of_a_name_counts() -> None:
    class Roadmap(BaseModel):
        stages: list[str]

    kept = REGISTERED.get("StructuredMessage[Roadmap]")
    try:
        newer = m.StructuredMessage[Roadmap]
        assert type(m.from_log(as_logged(stages=["a"]))) is newer
    finally:
        if kept is not None:
            REGISTERED["StructuredMessage[Roadmap]"] = kept


def test_forms_for_people_and_models(named: type[m.StructuredMessage[Roadmap]]) -> None:
    message = named(content=ROADMAP, source="a", format_string="first {steps[0][text]}")
    assert message.to_text() == message.to_model_text() == "first go"
    assert message.to_model_message().content == '{"steps":[{"text":"go","owner":null}]}'
    assert m.text_of(m.to_log(message)) == "first go"


def test_wrong_content_is_refused(named: type[m.StructuredMessage[Roadmap]]) -> None:
    with pytest.raises(ValueError, match=r"content\.steps"):
        named.model_validate({"content": {"q": 1}, "source": "a"})
    with pytest.raises(ValueError, match="pydantic object or a mapping, got 'go'"):
        m.StructuredMessage(content="go", source="a", type="StructuredMessage[Roadmap]")


def test_one_named_by_a_users_module_is_still_no_class_of_theirs() -> None:
    assert NAMED_BY_A_MODULE.__module__ == __name__, "pydantic says so"
    assert is_builtin(NAMED_BY_A_MODULE)


def test_a_team_may_list_one() -> None:
    team = RoundRobinGroupChat([agent("a")], custom_message_types=[m.StructuredMessage[Roadmap]])
    assert team.custom_message_types == ("StructuredMessage[Roadmap]",)


def test_a_class_of_its_own_that_holds_a_structure() -> None:
    class RoadmapMessage(m.StructuredMessage[Roadmap]):
        type: str = "RoadmapMessage"

    message = RoadmapMessage(content=ROADMAP, source="a")
    assert m.from_log(m.to_log(message)) == message
    assert m.is_own_kind(message.type)


def test_a_generic_class_of_a_users_own() -> None:
    class Crate(m.BaseTextChatMessage, Generic[T]):
        load_: T = Field()
        type: Literal["Crate"] = "Crate"

    message = Crate[int](content="heavy", load_=5, source="a")
    assert "Crate[int]" not in REGISTERED
    again = m.from_log(m.to_log(message))
    assert isinstance(again, Crate)
    assert again.load_ == 5


def test_a_none_that_means_something_is_kept() -> None:
    class Reading(m.BaseTextChatMessage):
        value: int | None
        type: Literal["Reading"] = "Reading"

    message = Reading(content="x", value=None, source="a")
    assert m.to_log(message) == {"type": "Reading", "content": "x", "value": None, "source": "a"}
    assert m.from_log(m.to_log(message)) == message
